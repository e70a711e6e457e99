#!/usr/bin/env python3
"""The house rules about the text of the sources. `rules.py RULE [ROOT]` prints every violation as
file:line: reason and fails when there is one. Rules: floors, sizes, readmes, words, generated.

tests/house/rules_test.py holds these rules to account: each must find what it forbids."""
import pathlib
import re
import subprocess
import sys

FUNCTION_MAX = 70
FILE_MAX = 800
COLUMNS_MAX = 100
README_MAX = 60
CODE = {".c", ".h", ".py", ".sh", ".cmake"}
# Assembled, so that this file does not contain what it forbids.
WORDS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
PERMIT = re.compile(r"/\* size: \S")


def files(root, folder):
    return sorted(p for p in (root / folder).rglob("*") if p.is_file())


def c_files(root):
    return [p for folder in ("src", "graph", "tests") for p in files(root, folder)
            if p.suffix in (".c", ".h")]


def versioned(root):
    """What is or will be under version control; all files where there is none (a tarball)."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if listed.returncode == 0:
        paths = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [p for folder in ("src", "graph", "tests", "docs", "script", "cmake", "examples")
                 for p in files(root, folder)]
    return [p for p in paths if p.is_file() and "corpus" not in p.parts]


def floors(root):
    """A folder of src/ includes only itself and floors above it in cmake/floors.txt."""
    order = [line for line in (root / "cmake/floors.txt").read_text().split("\n")
             if line and not line.startswith("#")]
    for folder in sorted(p.name for p in (root / "src").iterdir() if p.is_dir()):
        if folder not in order:
            yield root / "src" / folder, 0, "this folder is not in cmake/floors.txt"
            continue
        for path in files(root, "src/" + folder):
            if path.suffix not in (".c", ".h"):
                continue
            for number, line in enumerate(path.read_text().split("\n"), 1):
                match = re.match(r'\s*#\s*include\s+"(?:([^"/]*)/)?([^"]+)"', line)
                if match:
                    yield from include(root, order, folder, path, number, *match.groups())


def include(root, order, folder, path, number, target, rest):
    if target is None:
        yield path, number, f'"{rest}": includes name the floor: "{folder}/{rest}"'
    elif target not in order:
        yield path, number, f'"{target}/{rest}" is no floor of src/'
    elif order.index(target) > order.index(folder):
        yield path, number, f"{folder} may not use {target}, which stands below it in floors.txt"
    elif target != folder and rest.endswith("_internal.h"):
        yield path, number, f"{target}/{rest} is for {target} alone"


def permitted(lines, start):
    """Does the comment right above line `start` (from 0) say why it is long?"""
    at = start - 1
    while at >= 0 and lines[at].startswith((" *", "/*")):
        if PERMIT.search(lines[at]):
            return True
        at -= 1
    return False


def functions(lines):
    """(first, last line) of each function, from 0; the formatter puts its braces in column 1."""
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number
            while begin > 0 and lines[begin - 1].strip() and \
                    not lines[begin - 1].rstrip().endswith((";", "}", "*/")) and \
                    not lines[begin - 1].startswith("#"):
                begin -= 1
        elif line == "}" and begin is not None:
            yield begin, number
            begin = None


def sizes(root):
    """Functions, files and lines are short enough to read; `/* size: reason */` permits more."""
    for path in c_files(root):
        lines = path.read_text().rstrip("\n").split("\n")
        if len(lines) > FILE_MAX and not any(PERMIT.search(line) for line in lines[:30]):
            yield path, 1, f"{len(lines)} lines in one file; at most {FILE_MAX}"
        for begin, end in functions(lines):
            length = end - begin + 1
            if length > FUNCTION_MAX and not permitted(lines, begin):
                yield path, begin + 1, f"a function of {length} lines; at most {FUNCTION_MAX}"
    for path in versioned(root):
        if path.suffix not in CODE and path.name != "CMakeLists.txt" \
                and path.parent != root / "script":
            continue
        if path.suffix in (".lock", ".in"):
            continue
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                yield path, number, f"{len(line)} columns; at most {COLUMNS_MAX}"


def readmes(root):
    """Every floor says on one page what it is for."""
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        page = folder / "README.md"
        if not page.exists():
            yield page, 0, "this folder has no README.md"
        elif len(page.read_text().rstrip("\n").split("\n")) > README_MAX:
            yield page, 0, f"more than {README_MAX} lines"


DECLARED = re.compile(r"WEFT_CLEANUP\(\w+\)\s+[^=;()]*?(\w+)(\[.*\])?;$")


def cleanups(root):
    """What WEFT_CLEANUP releases has a value before anything can return."""
    for path in c_files(root):
        lines = path.read_text().split("\n")
        for at, line in enumerate(lines):
            match = DECLARED.search(line.strip())
            if not match:
                continue
            name = re.compile(r"\b%s\b" % match.group(1))
            alias = re.compile(r"\.\w+ = &%s\b" % match.group(1))
            for later in lines[at + 1:]:
                if later == "}" or (name.search(later) and not alias.search(later)):
                    break
                if re.search(r"\b(WEFT_TRY\(|return\b)", later):
                    yield path, at + 1, f"`{match.group(1)}` is released before it has a value"
                    break


def words(root):
    """What is left open is refused with an error or stands in an issue, not in the text."""
    for path in versioned(root):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            match = WORDS.search(line)
            if match:
                yield path, number, f"the word {match.group(1)}"


def generated(root):
    """Pages made by the program are what the program makes now (tests/house/generated.txt)."""
    for line in (root / "tests/house/generated.txt").read_text().split("\n"):
        if not line or line.startswith("#"):
            continue
        name, command = line.split("\t", 1)
        made = subprocess.run(command, shell=True, cwd=root, stdout=subprocess.PIPE)
        page = root / name
        if made.returncode != 0:
            yield page, 0, f"`{command}` failed with {made.returncode}"
        elif not page.exists() or page.read_bytes() != made.stdout:
            yield page, 0, f"stale: `{command} > {name}` makes it anew"


RULES = {rule.__name__: rule for rule in (floors, sizes, readmes, cleanups, words,
                                           generated)}


def main():
    rule = RULES[sys.argv[1]]
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else
                        pathlib.Path(__file__).parent.parent.parent).resolve()
    violations = list(rule(root))
    for path, number, reason in violations:
        print(f"{path.relative_to(root)}:{number}: {reason}")
    if violations:
        print(f"{len(violations)} against the rule: {rule.__doc__}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
