#!/usr/bin/env python3
"""The house rules for coroutines (CONTRIBUTING.md): g++ 12 miscompiles what breaks them, without a word.

`await-condition`: no await in a condition, but for `while (co_await s.Read(local))`. `await-form`: an await is
`Type x = co_await expr;`, `x = co_await expr;`, `co_await expr;` or `co_return co_await expr;`, one a statement, no
structured binding. `await-expression`: expr has no brace, no bracket and no ?:. `lambda-coroutine`: in runtime/ no
coroutine is a lambda with captures, which die with the lambda.
"""

import re

import source
from source import Finding

AWAIT = re.compile(r"(?<!operator )\bco_await\b")
READ_LOOP = re.compile(r"co_await\s+[\w.>\-]+Read\(\s*\w+\s*\)\s*$")
CONDITION = re.compile(r"\b(if|while|switch|for)\s*(constexpr)?\s*$")
DECLARES = re.compile(r"^(?:(?:const|constexpr|auto|[\w:]+(?:<.*>)?)[\s&*]+)*[\w.\[\]>\-]+\s*=\s*$", re.DOTALL)
LAMBDA = re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?=[({])")
COROUTINE = re.compile(r"\bco_(await|return|yield)\b")
OPEN, CLOSE = "([{", ")]}"
CLOSING = dict(zip(OPEN, CLOSE))


def matching(text, start):
    """The offset of the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] in OPEN:
            depth += 1
        elif text[i] in CLOSE:
            depth -= 1
            if depth == 0:
                return i
    return len(text)


def statement_start(text, at):
    """Where the statement around `at` begins, and the parenthesis that holds `at` open, if any."""
    depth = 0
    enclosing = None
    for i in range(at - 1, -1, -1):
        c = text[i]
        if c in ")]":
            depth += 1
        elif c in "([":
            if depth:
                depth -= 1
            else:
                enclosing = enclosing if enclosing is not None else i
        elif c in "{};" and depth == 0:
            if c == ";" and enclosing is None and in_for_head(text, i):
                continue
            return i + 1, enclosing
    return 0, enclosing


def in_for_head(text, semicolon):
    """Whether the semicolon is one of `for (a; b; c)` and not the end of a statement."""
    depth = 0
    for i in range(semicolon - 1, -1, -1):
        if text[i] in ")]":
            depth += 1
        elif text[i] in "([":
            if depth == 0:
                return bool(re.search(r"\bfor\s*$", text[:i]))
            depth -= 1
        elif text[i] in "{}" and depth == 0:
            return False
    return False


def expression_end(text, at):
    """Where the expression that begins at `at` ends: at its semicolon or at the parenthesis that holds it."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in OPEN:
            depth += 1
        elif text[i] in CLOSE:
            if depth == 0:
                return i
            depth -= 1
        elif text[i] == ";" and depth == 0:
            return i
    return len(text)


def strip_prefix(head):
    """Drops what may stand before a statement: labels, and the heads of if, else, for and while without braces."""
    while True:
        head = head.lstrip()
        label = re.match(r"(case [^:?]+|default|[a-z_]+)\s*:(?!:)", head)
        keyword = re.match(r"(?:else|do)\b", head)
        control = re.match(r"(?:if|while|for|switch)\s*(?:constexpr\s*)?\(", head)
        if control:
            end = matching(head, control.end() - 1)
            if end == len(head):
                return head
            head = head[end + 1:]
            head = re.sub(r"^\s*\[\[\w+\]\]", "", head)
        elif keyword:
            head = head[keyword.end():]
        elif label:
            head = head[label.end():]
        else:
            return head


def check_await(path, text, at):
    line = source.line_at(text, at)
    start, enclosing = statement_start(text, at)
    if enclosing is not None and CONDITION.search(text[:enclosing]):
        loop = text[:enclosing].rstrip().endswith("while")
        whole = text[enclosing + 1:matching(text, enclosing)].strip()
        if not (loop and READ_LOOP.fullmatch(whole)):
            yield Finding(path, line, "await-condition", "await into a named local, then test it")
        return
    end = expression_end(text, at + len("co_await"))
    expression = text[at + len("co_await"):end]
    if re.search(r"[{\[?]", expression):
        yield Finding(path, line, "await-expression", "a brace, a bracket or ?: in an awaited expression: hoist it first")
    head = strip_prefix(text[start:at])
    if AWAIT.search(head) or AWAIT.search(expression):
        yield Finding(path, line, "await-form", "one await a statement")
    elif enclosing is not None or text[end:end + 1] != ";":
        yield Finding(path, line, "await-form", "an await inside a larger expression: give it a name first")
    elif re.search(r"\bauto\s*&{0,2}\s*\[", head):
        yield Finding(path, line, "await-form", "no structured binding from an await")
    elif head.strip() not in ("", "co_return", "(void)") and not DECLARES.match(head.strip()):
        yield Finding(path, line, "await-form", "an await is a whole statement or initialises a variable")


def check_lambdas(path, text):
    for match in LAMBDA.finditer(text):
        if not match.group(1).strip():
            continue
        at = match.end()
        if text[at] == "(":
            at = matching(text, at) + 1
        body = text.find("{", at)
        if body < 0 or ";" in text[at:body]:
            continue
        if COROUTINE.search(text, body, matching(text, body)):
            yield Finding(path, source.line_at(text, match.start()), "lambda-coroutine",
                          "a capturing lambda is no coroutine: its captures die with it")


def check(tree):
    for path, raw in tree.files("runtime", "codegen", "examples", "tests", "bench"):
        if path.startswith("tests/compile/"):
            continue  # the reproducers of the traps
        text = source.code(raw)
        for match in AWAIT.finditer(text):
            yield from check_await(path, text, match.start())
        if path.startswith("runtime/"):
            yield from check_lambdas(path, text)


def body(statement, *rules, path="runtime/rpc/a.cc"):
    return {path: f"Task<int> F() {{\n  int local = 0;\n  {statement}\n}}\n"}, set(rules)


CASES = [
    body("co_await Sleep(1);"),
    body("(void)co_await Sleep(1);"),
    body("co_return co_await F();"),
    body("absl::StatusOr<Reply> reply = co_await stub.Say(request);"),
    body("const std::vector<std::pair<int, int>> v = co_await F(a, b);"),
    body("auto* p = co_await F(a, b);"),
    body("local = co_await F(a);"),
    body("this->member_.field = co_await F(a);"),
    body("while (co_await stream.Read(note)) {\n    Use(note);\n  }"),
    body("while (co_await in->Read(note)) co_await F(note);"),
    body("if (x) co_await F();\n  else co_await G();"),
    body("if (x) [[unlikely]] co_return co_await F();"),
    body("for (int i = 0; i < 3; ++i) co_await F(i);"),
    body("for (int i = 0; i < 3; ++i) {\n    co_await F(i);\n  }"),
    body("switch (x) {\n    case 1: co_await F(); break;\n    default: co_await G();\n  }"),
    body('Log("if (co_await x)");  // if (co_await y)'),
    body("if (co_await F()) co_return 1;", "await-condition"),
    body("if (int x = co_await F(); x) co_return 1;", "await-condition"),
    body("if (!co_await F()) co_return 1;", "await-condition"),
    body("while (co_await F()) {\n  }", "await-condition"),
    body("while (co_await s.Read(a[0])) {\n  }", "await-condition"),
    body("while (!done && co_await s.Read(a)) {\n  }", "await-condition"),
    body("switch (co_await F()) {\n  }", "await-condition"),
    body("for (; co_await F();) {\n  }", "await-condition"),
    body("if (co_await s.Read(a)) co_return 1;", "await-condition"),
    body("co_await F({1, 2});", "await-expression"),
    body("co_await F(Agg{1});", "await-expression"),
    body("co_await Run([p] { Use(p); });", "await-expression"),
    body("co_await F(a[0]);", "await-expression"),
    body("co_await (b ? f() : g());", "await-expression"),
    body("co_await F(b ? 1 : 2);  // lint: allow await-expression: ints"),
    body("b ? co_await f() : co_await g();", "await-form"),
    body("int x = co_await F() + co_await G();", "await-form"),
    body("int x = 1 + co_await F();", "await-form"),
    body("G(co_await F());", "await-form"),
    body("co_return G(co_await F());", "await-form"),
    body("co_return !co_await F();", "await-form"),
    body("auto [a, b] = co_await F();", "await-form"),
    body("int x = (co_await F()).value();", "await-form"),
    body("auto t = [p]() -> Task<int> { co_return p; };", "lambda-coroutine"),
    body("auto t = [&] { return 1; };"),
    body("auto t = []() -> Task<int> { co_return 1; };"),
    body("auto t = [p]() -> Task<int> { co_return p; };", path="tests/unit/a_test.cc"),
    body("if (co_await F()) co_return 1;", path="tests/compile/trap.cc"),
    body("auto get = [](auto a) { return a.operator co_await(); };"),
]

if __name__ == "__main__":
    source.main(check, CASES)
