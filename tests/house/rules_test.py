#!/usr/bin/env python3
"""Each house rule finds what it forbids and leaves alone what it permits: small trees made here."""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rules  # noqa: E402


def function(name, length):
    body = "    x++;\n" * (length - 3)
    return f"static int {name}(int x)\n{{\n{body}}}\n"


def tree(root, content):
    base = {"cmake/floors.txt": "# order\nbase\nmodel\n", "tests/house/generated.txt": "",
            "src/base/README.md": "base\n"}
    for name, text in {**base, **content}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(rule, content):
    with tempfile.TemporaryDirectory(prefix="weft-house-") as folder:
        root = pathlib.Path(folder)
        tree(root, content)
        return [(str(path.relative_to(root)), number)
                for path, number, _ in rules.RULES[rule](root)]


def check(rule, content, expected):
    seen = found(rule, content)
    if seen != expected:
        sys.exit(f"rule {rule} found {seen}, not {expected}, in {content!r:.300}")


def main():
    check("floors", {"src/base/a.c": '#include "base/a.h"\n#include <stdio.h>\n'}, [])
    check("floors", {"src/model/a.c": '#include "base/a.h"\n'}, [])
    check("floors", {"src/base/a.c": '\n#include "model/a.h"\n'}, [("src/base/a.c", 2)])
    check("floors", {"src/base/a.h": ' # include "model/a.h"\n'}, [("src/base/a.h", 1)])
    check("floors", {"src/base/a.c": '#include "a.h"\n'}, [("src/base/a.c", 1)])
    check("floors", {"src/base/a.c": '#include "../base/a.h"\n'}, [("src/base/a.c", 1)])
    check("floors", {"src/model/a.c": '#include "base/a_internal.h"\n'}, [("src/model/a.c", 1)])
    check("floors", {"src/odd/a.c": "\n"}, [("src/odd", 0)])

    check("sizes", {"src/base/a.c": function("f", 70) + "\n" + function("g", 70)}, [])
    check("sizes", {"src/base/a.c": "int y;\n\n" + function("f", 71)}, [("src/base/a.c", 3)])
    check("sizes", {"src/base/a.c": "/* size: a table */\n" + function("f", 71)}, [])
    check("sizes", {"src/base/a.c": "/* What.\n * Why. */\n" + function("f", 71)},
          [("src/base/a.c", 3)])
    check("sizes", {"src/base/a.c": "int y;\n" * 801}, [("src/base/a.c", 1)])
    check("sizes", {"src/base/a.c": "/* size: a table */\n" + "int y;\n" * 801}, [])
    check("sizes", {"src/base/a.c": "/* " + "é" * 94 + " */\n"}, [])
    check("sizes", {"src/base/a.c": "/* " + "é" * 95 + " */\n"}, [("src/base/a.c", 1)])

    check("readmes", {"src/base/README.md": "line\n" * 60}, [])
    check("readmes", {"src/base/README.md": "line\n" * 61}, [("src/base/README.md", 0)])
    check("readmes", {"src/model/a.c": ""}, [("src/model/README.md", 0)])

    held = "int f(void)\n{\n    WEFT_CLEANUP(b_release) struct b b;\n"
    check("cleanups", {"src/base/a.c": held + "    b_init(&b);\n    WEFT_TRY(g());\n}\n"}, [])
    check("cleanups", {"src/base/a.c": held + "    struct c c = {.b = &b};\n    WEFT_TRY(g());\n"
                       "    b_init(&b);\n}\n"}, [("src/base/a.c", 3)])
    late = held + "    if (g())\n        return -1;\n    b_init(&b);\n"
    check("cleanups", {"src/base/a.c": late},
          [("src/base/a.c", 3)])

    check("words", {"src/base/a.c": "/* done */\nint mktempXXXXXX;\n"}, [])
    check("words", {"src/base/a.c": "\n/* " + "TO" + "DO later */\n"}, [("src/base/a.c", 2)])

    table = {"tests/house/generated.txt": "# page\tcommand\ndocs/a.md\techo a\n"}
    check("generated", {**table, "docs/a.md": "a\n"}, [])
    check("generated", {**table, "docs/a.md": "b\n"}, [("docs/a.md", 0)])
    check("generated", table, [("docs/a.md", 0)])
    check("generated", {"tests/house/generated.txt": "docs/a.md\tfalse\n", "docs/a.md": ""},
          [("docs/a.md", 0)])


main()
