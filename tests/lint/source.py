"""What every lint stands on: the files of the checkout, C++ without its comments and strings, findings.

A lint is a program with a function check(tree) that yields findings, and with CASES: trees of a file or two and
the rules that must be found in them (an empty set: nothing may be found). It ends with `source.main(check, CASES)`.
Exceptions to a rule stand on the line itself: `// lint: allow RULE: why`.
"""

import argparse
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = (".h", ".cc")
ALLOW = re.compile(r"lint: allow ([a-z-]+): *\S")


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    text: str


class Tree:
    """Files by their path from the root: those of the checkout (ignored ones left out), or made up by a case."""

    def __init__(self, texts):
        self._texts = texts

    @classmethod
    def of_checkout(cls, root=ROOT):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                                capture_output=True, text=True)
        if listed.returncode == 0:
            names = listed.stdout.splitlines()
        else:  # an unpacked archive
            names = [str(p.relative_to(root)) for p in root.rglob("*") if "build" not in p.relative_to(root).parts]
        texts = {}
        for name in sorted(set(names)):
            path = root / name
            if path.is_file() and not path.is_symlink():
                try:
                    texts[name] = path.read_text()
                except UnicodeDecodeError:
                    continue
        return cls(texts)

    def files(self, *folders, suffixes=CXX):
        """Yields (path, text) below any of the folders (all of them when none is given)."""
        for path, text in self._texts.items():
            if path.endswith(suffixes) and (not folders or path.startswith(tuple(f + "/" for f in folders))):
                yield path, text

    def get(self, path):
        return self._texts.get(path)


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def code(text):
    """The text with comments blanked and strings emptied; every line keeps its number."""

    def blank(match):
        token = match.group()
        filler = " " if token.startswith("/") else '""' if token[0] in 'R"' else "' '"
        return filler + "\n" * token.count("\n")

    return TOKENS.sub(blank, text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def allowed(finding, lines):
    if finding.line > len(lines):
        return False
    return any(m.group(1) == finding.rule for m in ALLOW.finditer(lines[finding.line - 1]))


def findings(check, tree):
    for finding in check(tree):
        if not allowed(finding, (tree.get(finding.path) or "").splitlines()):
            yield finding


def self_test(check, cases):
    wrong = 0
    for files, expected in cases:
        found = {f.rule for f in findings(check, Tree(files))}
        if found != expected:
            wrong += 1
            print(f"expected {sorted(expected)}, found {sorted(found)} in:")
            for path, text in files.items():
                print(f"--- {path}\n{text}")
    print(f"{len(cases) - wrong} passed, {wrong} failed, 0 skipped")
    return 1 if wrong else 0


def main(check, cases):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--self-test", action="store_true", help="run the lint's own cases")
    if parser.parse_args().self_test:
        sys.exit(self_test(check, cases))
    found = sorted(findings(check, Tree.of_checkout()))
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.text} [{finding.rule}]")
    sys.exit(1 if found else 0)
