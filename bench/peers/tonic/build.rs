use std::{env, fs, path::Path};

fn main() {
    tonic_prost_build::compile_protos("../echo.proto").unwrap();
    // Once more, with counted references for `bytes`: what is held is then not copied to become a message.
    let held = Path::new(&env::var("OUT_DIR").unwrap()).join("held");
    fs::create_dir_all(&held).unwrap();
    tonic_prost_build::configure().bytes(".").out_dir(held).compile_protos(&["../echo.proto"], &[".."]).unwrap();
}
