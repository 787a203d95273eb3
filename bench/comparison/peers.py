"""The servers that are compared: how each is built and started."""

import os
import shutil
import subprocess

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
SOURCES = os.path.join(BENCH, "peers")
OUT = os.path.join(ROOT, "build", "bench")
BIN = os.path.join(OUT, "bin")

PING_PONG = os.path.join(SOURCES, "ping_pong.h")

FLOOR = "nghttp2-floor"
GRPC_CPP = ("grpc-cpp-cb", "grpc-cpp-async")


class Absent(Exception):
    """A peer cannot be built here; the text says why."""


def run(command, folder=None, environment=None):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Absent(f"`{' '.join(command)}` failed: " + " / ".join(said[-3:]))
    return done.stdout


def need(program, package):
    if not shutil.which(program):
        raise Absent(f"{program} is absent (apt-get install {package})")


def newer_than(target, sources):
    return os.path.exists(target) and all(os.path.getmtime(target) > os.path.getmtime(source) for source in sources)


def packages(*names):
    """The compiler flags of these pkg-config packages."""
    need("pkg-config", "pkg-config")
    done = subprocess.run(["pkg-config", "--cflags", "--libs", *names], capture_output=True, text=True)
    if done.returncode != 0:
        raise Absent("not all installed: " + ", ".join(names))
    return done.stdout.split()


def compile_c(source, target, *flags, compiler="gcc", headers=()):
    need(compiler, compiler)
    os.makedirs(BIN, exist_ok=True)
    if not newer_than(target, [source, *headers]):
        run([compiler, "-O2", source, "-o", target, *flags])
    return target


def count_allocations():
    """The library that counts the allocations of a program into which it is preloaded."""
    return compile_c(os.path.join(SOURCES, "count_allocations.c"), os.path.join(BIN, "count_allocations.so"), "-shared", "-fPIC")


class Peer:
    """`build` makes the server and returns its command, in which {port} is to be replaced; or it raises Absent."""

    def __init__(self, name, build, own_allocation_count=False):
        self.name = name
        self.build = build
        self.own_allocation_count = own_allocation_count  # it answers SIGUSR2 without count_allocations.so


def of_release(target, given):
    """A program of the release preset, or the one that was given in its place."""
    if given:
        program = os.path.abspath(given)
    else:
        folder = os.path.join(ROOT, "build", "release")
        run(["cmake", "--preset", "release"], ROOT)
        run(["cmake", "--build", folder, "--target", target])
        program = os.path.join(folder, "bin", target)
    if not os.access(program, os.X_OK):
        raise Absent(f"{program} is no program")
    return program


def build_weft(given, loops=1):
    return [of_release("weft_bench_server", given), "--port", "{port}", "--loops", str(loops)]


def build_floor():
    flags = packages("libnghttp2", "libevent_core")
    source = os.path.join(SOURCES, "nghttp2_floor", "floor.c")
    return [compile_c(source, os.path.join(BIN, "nghttp2_floor"), *flags), "{port}"]


def build_raw():
    """The program of the floor of bench/ping_pong."""
    source = os.path.join(SOURCES, "raw_ping_pong.cc")
    return compile_c(source, os.path.join(BIN, "raw_ping_pong"), "-std=c++17", "-pthread", compiler="g++", headers=[PING_PONG])


def build_grpc_cpp(form):
    need("g++", "g++")
    need("protoc", "protobuf-compiler")
    need("grpc_cpp_plugin", "protobuf-compiler-grpc")
    flags = packages("grpc++", "protobuf")
    proto = os.path.join(SOURCES, "echo.proto")
    source = os.path.join(SOURCES, "grpc_cpp", form + ".cc")
    target = os.path.join(BIN, "grpc_cpp_" + form)
    held = os.path.join(SOURCES, "grpc_cpp", "held_replies.h")
    if not newer_than(target, [proto, source, PING_PONG, held]):
        generated = os.path.join(OUT, "grpc_cpp")
        os.makedirs(generated, exist_ok=True)
        os.makedirs(BIN, exist_ok=True)
        run(["protoc", f"-I{SOURCES}", f"--cpp_out={generated}", f"--grpc_out={generated}",
             f"--plugin=protoc-gen-grpc={shutil.which('grpc_cpp_plugin')}", proto])
        run(["g++", "-O2", "-DNDEBUG", "-std=c++17", f"-I{generated}", f"-I{SOURCES}", source, os.path.join(generated, "echo.pb.cc"),
             os.path.join(generated, "echo.grpc.pb.cc"), "-o", target, *flags])
    return [target, "{port}"]


def build_grpc_go(package=".", name="grpc_go"):
    need("protoc", "protobuf-compiler")
    if not shutil.which("go"):
        raise Absent("go is absent (peers/grpc_go/go.mod names the version that it needs; Debian 12's is too old)")
    source = os.path.join(SOURCES, "grpc_go")
    target = os.path.join(BIN, name)
    files = ("main.go", "contention/main.go", "go.mod", "go.sum")
    if not newer_than(target, [os.path.join(source, file) for file in files] + [os.path.join(SOURCES, "echo.proto")]):
        folder = os.path.join(OUT, "grpc_go")
        os.makedirs(os.path.join(folder, "contention"), exist_ok=True)
        for file in files:
            shutil.copy(os.path.join(source, file), os.path.join(folder, file))
        offline_versions = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}
        run(["go", "build", "-o", folder, "google.golang.org/protobuf/cmd/protoc-gen-go",
             "google.golang.org/grpc/cmd/protoc-gen-go-grpc"], folder, offline_versions)
        run(["protoc", f"-I{SOURCES}", f"--go_out={folder}", "--go_opt=module=weft/bench/grpc_go",
             f"--go-grpc_out={folder}", "--go-grpc_opt=module=weft/bench/grpc_go",
             f"--plugin=protoc-gen-go={folder}/protoc-gen-go", f"--plugin=protoc-gen-go-grpc={folder}/protoc-gen-go-grpc",
             os.path.join(SOURCES, "echo.proto")])
        run(["go", "build", "-ldflags=-s -w", "-o", target, package], folder, offline_versions)
    return [target, "{port}"]


def build_tonic():
    need("protoc", "protobuf-compiler")
    if not shutil.which("cargo"):
        raise Absent("cargo is absent (rustup; Debian 12's is too old for tonic)")
    folder = os.path.join(OUT, "tonic")
    run(["cargo", "build", "--release", "--locked"], os.path.join(SOURCES, "tonic"), {"CARGO_TARGET_DIR": folder})
    return [os.path.join(folder, "release", "tonic-echo"), "{port}"]


def all_peers(weft_server):
    return [
        Peer("weft", lambda: build_weft(weft_server)),
        Peer(FLOOR, build_floor),
        Peer("grpc-cpp-cb", lambda: build_grpc_cpp("callback")),
        Peer("grpc-cpp-async", lambda: build_grpc_cpp("async")),
        Peer("tonic", build_tonic),
        Peer("grpc-go", build_grpc_go, own_allocation_count=True),
    ]


def weft_again(weft_server):
    """The same program as a peer of its own: how far the two differ is what the machine adds."""
    return Peer("weft-again", lambda: build_weft(weft_server))
