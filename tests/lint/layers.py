#!/usr/bin/env python3
"""A folder of runtime/ includes only folders below it, and only the files that may know a foreign library do.

`layer`: base < buffer, coro < io, http < http1, http2 < transport, rpc < protocol < server, client < services, observe;
folders of one rank do not know each other. `sans-io`: the codecs and rpc/ do not include io/. `public-header`: a
header of include/weft says `// Layer: FOLDER.` in its first line, stands on no higher rank, and includes only its
like. `foreign`: nghttp2, libevent and OpenSSL stay behind their one folder or file.
"""

import re

import source
from source import Finding

RANKS = [("base",), ("buffer", "coro"), ("io", "http"), ("http1", "http2"), ("transport", "rpc"), ("protocol",),
         ("server", "client"), ("services", "observe")]
RANK = {folder: rank for rank, folders in enumerate(RANKS) for folder in folders}
SANS_IO = ("http", "http1", "http2", "rpc")
PUBLIC = "runtime/include/weft/"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
LAYER_LINE = re.compile(r"^// Layer: ([a-z0-9]+)\.$")
FOREIGN = {
    "nghttp2": (re.compile(r"^nghttp2/"), re.compile(r"^runtime/http2/")),
    "libevent": (re.compile(r"^(event2/|event\.h$|evutil\.h$)"), re.compile(r"^runtime/io/(event_loop|loop_core|fd_watch|timer)")),
    "OpenSSL": (re.compile(r"^openssl/"), re.compile(r"^runtime/io/tls")),
}


def public_layer(tree, name):
    """The folder that the public header weft/NAME belongs to, or None."""
    first = (tree.get(PUBLIC + name) or "").split("\n", 1)[0]
    match = LAYER_LINE.match(first)
    return match.group(1) if match and match.group(1) in RANK else None


def check_foreign(path, line, target):
    for library, (headers, allowed_in) in FOREIGN.items():
        if headers.match(target) and not allowed_in.match(path):
            yield Finding(path, line, "foreign", f"{library} is included outside of {allowed_in.pattern}")


def check_include(tree, path, folder, line, target):
    first = target.split("/")[0]
    if first == "weft" and tree.get("runtime/include/" + target) is not None:
        layer = public_layer(tree, target[len("weft/"):])
    elif first in RANK and "/" in target:
        layer = first
    else:
        return
    if layer is None:
        return  # reported where the header's first line is looked at
    if layer == "io" and folder in SANS_IO:
        yield Finding(path, line, "sans-io", f"{folder}/ does no I/O: it may not include {target}")
    elif layer != folder and RANK[layer] >= RANK[folder]:
        yield Finding(path, line, "layer", f"{folder}/ may not include {target}, of {layer}/")
    if path.startswith(PUBLIC) and first != "weft":
        yield Finding(path, line, "public-header", f"a public header may not include the internal {target}")


def check(tree):
    for path, text in tree.files("runtime", "codegen", "examples", "tests", "bench"):
        parts = path.split("/")
        folder = None
        if path.startswith(PUBLIC):
            folder = public_layer(tree, path[len(PUBLIC):])
            if folder is None:
                yield Finding(path, 1, "public-header", "the first line is not `// Layer: FOLDER.` with a known folder")
        elif parts[0] == "runtime":
            folder = parts[1]
            if folder not in RANK:
                yield Finding(path, 1, "layer", f"runtime/{folder}/ has no rank in tests/lint/layers.py")
                folder = None
        for match in INCLUDE.finditer(text):
            line = source.line_at(text, match.start(1))
            if parts[0] in ("runtime", "codegen", "examples"):
                yield from check_foreign(path, line, match.group(1))
            if folder is not None:
                yield from check_include(tree, path, folder, line, match.group(1))
            if parts[0] == "examples" and match.group(1).split("/")[0] in RANK and "/" in match.group(1):
                yield Finding(path, line, "public-header", f"an example includes the internal {match.group(1)}")


def one(path, text, *rules):
    return {path: text}, set(rules)


CLOCK = {"runtime/include/weft/clock.h": "// Layer: base.\n"}
SERVER = {"runtime/include/weft/server.h": "// Layer: server.\n"}
CASES = [
    one("runtime/io/a.cc", '#include "buffer/chunk.h"\n#include "coro/executor.h"\n#include "io/b.h"\n'),
    one("runtime/buffer/a.cc", '#include "io/b.h"\n', "layer"),
    one("runtime/buffer/a.cc", '#include "coro/b.h"\n', "layer"),
    one("runtime/buffer/a.cc", '#include "coro/b.h"  // lint: allow layer: an example\n'),
    one("runtime/buffer/a.cc", '#include "coro/b.h"  // lint: allow layer:\n', "layer"),
    one("runtime/rpc/a.cc", '#include "io/transport.h"\n', "sans-io"),
    one("runtime/transport/a.cc", '#include "io/transport.h"\n'),
    one("runtime/extra/a.cc", "", "layer"),
    one("runtime/http2/a.h", "#include <nghttp2/nghttp2.h>\n"),
    one("runtime/transport/a.h", "#include <nghttp2/nghttp2.h>\n", "foreign"),
    one("runtime/io/event_loop.cc", "#include <event2/event.h>\n"),
    one("runtime/io/listener.cc", "#include <event2/event.h>\n", "foreign"),
    one("runtime/io/tls_transport.cc", "#include <openssl/ssl.h>\n"),
    one("examples/hello/server.cc", "#include <openssl/ssl.h>\n", "foreign"),
    one("examples/hello/server.cc", '#include "rpc/call.h"\n', "public-header"),
    one("runtime/include/weft/a.h", "#pragma once\n", "public-header"),
    one("runtime/include/weft/a.h", "// Layer: nowhere.\n", "public-header"),
    one("runtime/include/weft/a.h", '// Layer: io.\n#include "buffer/chunk.h"\n', "public-header"),
    (CLOCK | {"runtime/include/weft/task.h": '// Layer: coro.\n#include "weft/clock.h"\n'}, set()),
    (SERVER | {"runtime/include/weft/task.h": '// Layer: coro.\n#include "weft/server.h"\n'}, {"layer"}),
    (SERVER | {"runtime/rpc/a.cc": '#include "weft/server.h"\n'}, {"layer"}),
    (SERVER | {"runtime/services/a.cc": '#include "weft/server.h"\n'}, set()),
]

if __name__ == "__main__":
    source.main(check, CASES)
