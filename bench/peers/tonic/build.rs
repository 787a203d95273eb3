fn main() {
    tonic_prost_build::compile_protos("../echo.proto").unwrap();
}
