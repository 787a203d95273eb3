#!/usr/bin/env python3
"""What docs/ names exists.

`path`: a path in `code`, in a link or in a drawing is a file or folder: from the root, from runtime/, or, in a link, from
the document. `name`: of `Class::Member` in `code` both words stand in one file of runtime/ or codegen/.
"""

import os.path
import re

import source
from source import Finding

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"(?:\w[\w.-]*/)+(?:\w[\w.-]*)?")
FILE_OR_FOLDER = re.compile(r".*(?:/|\.\w+)")
DRAWN = re.compile(r"(?:\w[\w.-]*/)+\w[\w.-]*\.(?:cc|h)\b")
NAME = re.compile(r"(?:\w+::)*([A-Z]\w*)::(\w+)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def exists(tree, path):
    return path in tree.paths or path.rstrip("/") in tree.folders


class Index:
    """The paths of a tree, and the text of its C++."""

    def __init__(self, tree):
        self.paths = {path for path, _ in tree.files(suffixes=("",))}
        self.folders = {folder for path in self.paths for folder in parents(path)}
        self.sources = [text for _, text in tree.files("runtime", "codegen")]


def parents(path):
    while path := os.path.dirname(path):
        yield path


def check_document(index, path, text):
    text = FENCE.sub(lambda m: "\n" * m.group().count("\n"), text)
    for match in LINK.finditer(text):
        if "://" not in match.group(1):
            target = os.path.normpath(os.path.join(os.path.dirname(path), match.group(1)))
            if not exists(index, target):
                yield Finding(path, source.line_at(text, match.start()), "path", f"there is no {target}")
    for match in CODE.finditer(text):
        line = source.line_at(text, match.start())
        token = match.group(1)
        is_path = PATH.fullmatch(token) and (FILE_OR_FOLDER.fullmatch(token) or token.split("/")[0] in index.folders)
        if is_path and not any(exists(index, root + token) for root in ("", "runtime/")):
            yield Finding(path, line, "path", f"there is no {token}, neither from the root nor in runtime/")
        name = NAME.fullmatch(token)
        if name and not any(re.search(rf"\b{name[1]}\b", cc) and re.search(rf"\b{name[2]}\b", cc) for cc in index.sources):
            yield Finding(path, line, "name", f"no source knows {token}")


def check(tree):
    index = Index(tree)
    for path, text in tree.files("docs", suffixes=(".md",)):
        yield from check_document(index, path, text)
    for path, text in tree.files("docs", suffixes=(".svg",)):
        for match in DRAWN.finditer(text):
            if not any(exists(index, root + match.group()) for root in ("", "runtime/")):
                yield Finding(path, source.line_at(text, match.start()), "path", f"there is no {match.group()}")


def case(document, *rules, name="docs/a.md"):
    files = {name: document, "runtime/rpc/a.cc": "void Call::Reset() {}\n", "codegen/main.cc": "int main() {}\n"}
    return files, set(rules)


CASES = [
    case("`rpc/a.cc`, `runtime/rpc/a.cc`, `codegen/`, `rpc/`, [b](../runtime/rpc/a.cc), [c](https://a.b/c), `a.cc`\n"),
    case("`rpc/b.cc`\n", "path"),
    case("[b](../rpc/a.cc)\n", "path"),
    case("`tests/`\n", "path"),
    case("`codegen/run`\n", "path"),
    case("`Call::Reset`, `internal::Call::Reset`, `weft::weft`, `a/b`, `co_await stream.Read`\n"),
    case("`Call::Gone`\n", "name"),
    case("```\n`rpc/b.cc`\n```\n"),
    case("<svg><text>rpc/a.cc codegen/main.cc</text></svg>\n", name="docs/a.svg"),
    case("<svg><text>rpc/b.cc</text></svg>\n", "path", name="docs/a.svg"),
]

if __name__ == "__main__":
    source.main(check, CASES)
