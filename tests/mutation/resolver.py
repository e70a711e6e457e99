"""Deliberate faults in the resolver, in treatments, conditions and the decision who may see what,
each of which a test must catch.

    resolver.py SOURCE_FOLDER BUILD_FOLDER [--all | --only FIRST LAST] [-v]

A fault (resolver.txt) is a place of a file and what stands there instead. The file is compiled
with it, linked into the tests of its file (TARGETS, else that of cases) before the library, so that
the faulty code is taken, and they are run one after the other: one must fail. Files are of
src/resolver, those with a floor of src. A text that no longer stands in the file exactly once fails
too, so the list is kept. Without --all (or WEFT_LONG=1) every twelfth fault is tried, others each
day of the year."""

import functools
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

TARGET = "tests/test_resolver_resolver_cases"
SECURE = "tests/test_resolver_secure_cases"
PLAIN = "tests/test_resolver_secure_plain"
TREAT = "tests/test_resolver_treat"
DECIDE = ("tests/test_trust_decide", "tests/test_trust_decide_branches")
TARGETS = {"secure.c": ("tests/test_resolver_secure", PLAIN, SECURE),
           "resolve_plain.c": (PLAIN, SECURE), "resolve_group.c": (PLAIN, SECURE),
           "resolve_hoist.c": (PLAIN, SECURE), "resolve_policy.c": (PLAIN, SECURE),
           "resolve_from.c": (TARGET, PLAIN, SECURE),
           "treat.c": (TREAT,), "engine/treat_functions.c": (TREAT,),
           "condition.c": ("tests/test_resolver_resolver",), "trust/decide.c": DECIDE,
           "trust/decide_grant.c": DECIDE, "trust/decide_restrict.c": DECIDE,
           "job/guard.c": ("tests/test_job_guard",)}
# The attacks that are likeliest to show it are tried before all of them.
CLASSES = {"resolve_plain.c": "errors", "resolve_policy.c": "errors", "resolve_group.c": "groups",
           "resolve_hoist.c": "hoist"}
SECONDS = 1800


def read_faults():
    """(file, text, text instead) of resolver.txt."""
    text = (pathlib.Path(__file__).parent / "resolver.txt").read_text()
    faults = []
    for block in ("\n" + text).split("\n=== ")[1:]:
        file, _, rest = block.partition("\n")
        old, arrow, new = rest.partition("\n--->")
        if not arrow:
            sys.exit(f"resolver.txt: no ---> behind {file}")
        faults.append((file, old, new.removeprefix("\n").removesuffix("\n")))
    return faults


FAULTS = read_faults()


def path_of(source, file):
    return source / "src" / (file if "/" in file else f"resolver/{file}")


def patched(source, fault):
    file, old, new = fault
    text = path_of(source, file).read_text()
    if text.count(old) != 1:
        sys.exit(f"{file}: this text stands {text.count(old)} times in it, not once; "
                 f"mend tests/mutation/resolver.py:\n{old}")
    return text.replace(old, new)


def compile_command(source, build, file):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"] == str(path_of(source, file)):
            return shlex.split(entry["command"])
    sys.exit(f"compile_commands.json does not hold {file}")


@functools.cache
def link_command(build, target):
    """How ninja links the test: its last command."""
    lines = subprocess.run(["ninja", "-C", str(build), "-t", "commands", target], check=True,
                           capture_output=True, text=True).stdout.strip().splitlines()
    command = shlex.split(lines[-1].removeprefix(": && ").removesuffix(" && :"))
    if "-o" not in command:
        sys.exit(f"no link command: {lines[-1]}")
    return command


def compiled(source, build, folder, fault):
    file = fault[0]
    code = folder / pathlib.Path(file).name
    code.write_text(patched(source, fault))
    command = compile_command(source, build, file)
    command[command.index("-o") + 1] = str(folder / "fault.o")
    command[command.index("-c") + 1] = str(code)
    for flag in ("-MF", "-MT"):
        if flag in command:
            command[command.index(flag) + 1] = str(folder / "fault.d")
    command += ["-w", "-O0", f"-I{source / 'src'}"]
    return subprocess.run(command, cwd=build, capture_output=True, text=True)


def caught(source, build, folder, fault):
    """None, or why the fault is not caught."""
    made = compiled(source, build, folder, fault)
    if made.returncode != 0:
        return "it does not compile:\n" + made.stderr[-2000:]
    why = None
    for target in TARGETS.get(fault[0], (TARGET,)):
        classes = (CLASSES[fault[0]], None) if fault[0] in CLASSES else (None,)
        for words in classes if target == SECURE else (None,):
            why = survives(source, build, folder, fault, target, words)
            if why is None:
                return None
    return why


def survives(source, build, folder, fault, target, words):
    """None: the test fails."""
    command = list(link_command(build, target))
    command[command.index("-o") + 1] = str(folder / "test")
    first = next(i for i, word in enumerate(command) if word.endswith(".a"))
    command.insert(first, str(folder / "fault.o"))
    subprocess.run(command, cwd=build, check=True)
    environment = dict(os.environ, WEFT_CASES_FIRST="1", WEFT_LIBDUCKDB_DIR=str(build), TZ="UTC",
                       LC_ALL="C.UTF-8")
    if words is not None:
        environment["WEFT_CASES_CLASS"] = words
    try:
        run = subprocess.run([str(folder / "test")], cwd=source / "src" / target.split("_")[1],
                             env=environment, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"the test does not end in {SECONDS} s"
    return "the test passes" if run.returncode == 0 else None


def chosen(arguments):
    if "--only" in arguments:
        first = arguments.index("--only") + 1
        return range(int(arguments[first]), int(arguments[first + 1]) + 1)
    if "--all" in arguments or os.environ.get("WEFT_LONG"):
        return range(len(FAULTS))
    return range(time.gmtime().tm_yday % 12, len(FAULTS), 12)


def main(arguments):
    source, build = pathlib.Path(arguments[0]).resolve(), pathlib.Path(arguments[1]).resolve()
    numbers = chosen(arguments)
    for number in numbers if "--only" in arguments else range(len(FAULTS)):
        patched(source, FAULTS[number])
    survived = 0
    with tempfile.TemporaryDirectory(prefix="weft-mutation-") as folder:
        for number in numbers:
            start = time.monotonic()
            why = caught(source, build, pathlib.Path(folder), FAULTS[number])
            if why is not None or "-v" in arguments:
                print(f"{number}: {FAULTS[number][0]}: {why or 'caught'} "
                      f"({time.monotonic() - start:.1f} s)", flush=True)
            if why is not None:
                print("    " + FAULTS[number][1].replace("\n", "\n    "), flush=True)
            survived += why is not None
    print(f"{len(numbers) - survived} of {len(numbers)} faults caught, of {len(FAULTS)} in all")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
