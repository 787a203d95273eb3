"""The servers of bench/write_strategy: how output is written, and thresholds of buffer/limits.h with other values."""

import os
import re

from .peers import OUT, ROOT, Absent, run
from .server import Server

TARGET = "weft_write_strategy_server"
BASE = "gathered"
# The base twice: what one differs from the other is noise.
STRATEGIES = {
    BASE: "gathered",
    "gathered again": "gathered",
    "flat per pass": "flat-pass",
    "flat per reply": "flat-reply",
    "gathered per reply": "gathered-reply",
    "gathered within 1 ms": "gathered-1ms",
}
LIMITS = os.path.join(ROOT, "runtime", "buffer", "limits.h")


def build_server():
    folder = os.path.join(ROOT, "build", "release")
    run(["cmake", "--preset", "release"], ROOT)
    run(["cmake", "--build", folder, "--target", TARGET])
    return os.path.join(folder, "bin", TARGET)


def strategy_commands(server):
    return {name: [server, "--port", "{port}", "--write", write] for name, write in STRATEGIES.items()}


def with_limit(text, constant, value):
    """limits.h with another value of one constant; and the value that it had."""
    pattern = re.compile(rf"(inline constexpr std::size_t {re.escape(constant)} = )([^;]+);")
    found = pattern.findall(text)
    if len(found) != 1:
        raise Absent(f"{LIMITS} has no std::size_t {constant}")
    return pattern.sub(rf"\g<1>{value};", text), found[0][1]


def build_with_limit(constant, value):
    """A build tree of its own, in which an edited copy of limits.h goes before the real one."""
    tree = os.path.join(OUT, "sweep", re.sub(r"\W+", "-", f"{constant}-{value}"))  # no spaces: it goes into compiler flags
    edited = os.path.join(tree, "edited", "buffer", "limits.h")
    with open(LIMITS) as file:
        text, _ = with_limit(file.read(), constant, value)
    os.makedirs(os.path.dirname(edited), exist_ok=True)
    if not os.path.exists(edited) or open(edited).read() != text:
        with open(edited, "w") as file:
            file.write(text)
    run(["cmake", "-S", ROOT, "-B", tree, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DWEFT_BUILD_BENCH=ON",
         "-DWEFT_BUILD_TESTS=OFF", "-DWEFT_BUILD_EXAMPLES=OFF", "-DWEFT_CCACHE=" + os.environ.get("WEFT_CCACHE", "OFF"),
         f"-DCMAKE_CXX_FLAGS=-iquote {os.path.dirname(os.path.dirname(edited))}"])
    run(["cmake", "--build", tree, "--target", TARGET])
    server = os.path.join(tree, "bin", TARGET)
    said = run([server, "--limits"])
    wanted = eval(value, {"__builtins__": {}}, {"kKiB": 1024, "kMiB": 1 << 20})
    if f"{constant}={wanted}\n" not in said:
        raise Absent(f"{server} was not built with {constant} = {value}; it says {said!r}")
    return server


def sweep_commands(sweep, say):
    """`sweep` is "kConstant=64,128": the default value is the base, and is measured twice."""
    constant, _, values = sweep.partition("=")
    with open(LIMITS) as file:
        _, default = with_limit(file.read(), constant, "0")
    commands = {}
    base = f"{constant}={default}"
    for value in [default] + [value for value in values.split(",") if value and value != default]:
        say(f"building with {constant} = {value}")
        commands[f"{constant}={value}"] = [build_with_limit(constant, value), "--port", "{port}"]
    commands[base + " again"] = commands[base]
    return base, commands


def output_counts(command, load, calls, generator):
    """Writes, bytes written, bytes that the strategy copied and that Weft put into chunks, per call; counted by the server itself."""
    with Server(command + ["--count"]) as server:
        generator.run(load, server.port, calls)
    found = re.search(r"WRITES (\d+) BYTES (\d+) COPIED (\d+) IN CHUNKS (\d+)", server.said())
    if not found:
        raise RuntimeError(f"the server did not say what it wrote: {server.said()[-300:]}")
    names = ("writes", "bytes", "copied", "into_chunks")
    return {name: int(value) / calls for name, value in zip(names, found.groups())}
