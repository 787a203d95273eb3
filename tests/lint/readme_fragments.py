#!/usr/bin/env python3
"""The code that the documents show is code that the tests run.

A fenced block under `<!-- from examples/hello/server.cc#server -->` is the region of that file between the lines
`// [server]` and `// [/server]` (`# [server]` in scripts and CMake files), its common indentation taken off; under
`<!-- from examples/hello/greeter.proto -->` it is the whole file. tests/lint/readme_fragments.py --update writes them.
"""

import re
import sys
import textwrap

import source
from source import Finding

FRAGMENT = re.compile(r"^<!-- from (?P<path>[^\s#]+)(?:#(?P<region>[\w-]+))? -->\n+```[^\n]*\n(?P<code>.*?)^```$",
                      re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- from .*-->", re.MULTILINE)
ANY_REGION = re.compile(r"^[ \t]*(?://|#) \[/?[\w-]+\][ \t]*\n", re.MULTILINE)


def region_of(text, region):
    """The lines of a region, or None."""
    if region is None:
        cut = text
    else:
        name = re.escape(region)
        found = re.search(rf"^[ \t]*(?://|#) \[{name}\][ \t]*\n(.*?)^[ \t]*(?://|#) \[/{name}\][ \t]*$", text,
                          re.MULTILINE | re.DOTALL)
        if found is None:
            return None
        cut = found.group(1)
    return textwrap.dedent(ANY_REGION.sub("", cut)).strip("\n") + "\n"


def check(tree):
    for path, text in tree.files(suffixes=(".md",)):
        fragments = list(FRAGMENT.finditer(text))
        for mark in MARK.finditer(text):
            if not any(f.start() == mark.start() for f in fragments):
                yield Finding(path, source.line_at(text, mark.start()), "fragment", "no fenced block follows")
        for fragment in fragments:
            line = source.line_at(text, fragment.start())
            origin = tree.get(fragment["path"])
            wanted = None if origin is None else region_of(origin, fragment["region"])
            if origin is None:
                yield Finding(path, line, "fragment", f"there is no {fragment['path']}")
            elif wanted is None:
                yield Finding(path, line, "fragment", f"{fragment['path']} has no region [{fragment['region']}]")
            elif wanted != fragment["code"]:
                yield Finding(path, line, "fragment", f"differs from {fragment['path']}: run {__file__} --update")


def update(tree):
    for path, text in tree.files(suffixes=(".md",)):

        def fresh(fragment):
            origin = tree.get(fragment["path"])
            wanted = None if origin is None else region_of(origin, fragment["region"])
            if wanted is None:
                return fragment.group()
            at = fragment.start("code") - fragment.start()
            return fragment.group()[:at] + wanted + "```"

        written = FRAGMENT.sub(fresh, text)
        if written != text:
            (source.ROOT / path).write_text(written)


CC = "int a;\n  // [one]\n  int b;\n    int c;\n  // [/one]\nint d;\n"
MD = "Text.\n\n<!-- from examples/a.cc#one -->\n```cpp\n%s```\n"
CASES = [
    ({"README.md": MD % "int b;\n  int c;\n", "examples/a.cc": CC}, set()),
    ({"README.md": MD % "int b;\nint c;\n", "examples/a.cc": CC}, {"fragment"}),
    ({"README.md": MD % "int b;\n  int c;\n"}, {"fragment"}),
    ({"README.md": (MD % "x\n").replace("#one", "#two"), "examples/a.cc": CC}, {"fragment"}),
    ({"README.md": (MD % CC.replace("  // [one]\n", "").replace("  // [/one]\n", "")).replace("#one", ""),
      "examples/a.cc": CC}, set()),
    ({"docs/a.md": "<!-- from examples/a.cc#one -->\nText\n", "examples/a.cc": CC}, {"fragment"}),
    ({"docs/a.md": "```cpp\nint x;\n```\n"}, set()),
]

if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update(source.Tree.of_checkout())
    else:
        source.main(check, CASES)
