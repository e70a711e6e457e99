"""Pages whose commands are run, line by line, and whose answers are compared.

A block marked ```console holds lines `$ command`, each followed by what it prints, standard output
and error as they come. All blocks of a page run in one shell. What differs from run to run (times,
ids, durations, widths of columns, the order of what runs side by side) is compared by its form; a
line of `...` stands for any lines. `python tutorial.py PAGE --write` runs a page and puts the real
answers into it: read what it wrote.
"""
import os
import pathlib
import re
import subprocess
import sys

from patience import PATIENCE

MARK = "=== end of answer "
FORMS = [
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\blocal:\w+", "local:SOMEBODY"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "RUN"),
    (r"\b01[0-9a-f]{6}\b", "RUN"),
    (r"\b\d{10,20}\b", "SNAPSHOT"),
    (r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME"),
    (r"\b\d+(\.\d+)? ?(ms|s|min)\b( ago)?", "DURATION"),
    (r"\b\d+(\.\d+)? ?(bytes|KB|MB|KiB|MiB)\b", "SIZE"),
    (r"[-─]{3,}", "---"),
    (r"[ \t]+", " "),
]


class Step:
    def __init__(self, line, command):
        self.line, self.command, self.expected = line, command, []


def steps_of(text):
    """The commands of a page in order, each with the lines that it should print."""
    steps, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
            open_heredoc = None
        elif inside and open_heredoc is not None:
            steps[-1].command += "\n" + line
            open_heredoc = None if line == open_heredoc else open_heredoc
        elif inside and line.startswith("$ "):
            steps.append(Step(number, line[2:]))
            found = re.search(r"<<-?'?(\w+)'?", line)
            open_heredoc = found.group(1) if found else None
        elif inside:
            assert steps, f"line {number}: an answer before the first command"
            steps[-1].expected.append(line)
    return steps


def form(line):
    for pattern, word in FORMS:
        line = re.sub(pattern, word, line)
    return line.strip()


def ordered(lines):
    """Products that run side by side end in any order: such lines are sorted, with what is told
    below each."""
    out, group = [], []
    for line in [*lines, None]:
        if line is not None and re.match(r"  [a-z_]+\.[a-z_]+(@\d+)?: ", line):
            group.append([line])
        elif line is not None and group and line.startswith("    "):
            group[-1].append(line)
        else:
            out += [told for told in sorted(group)]
            group = []
            out += [] if line is None else [[line]]
    return [form(line) for told in out for line in told]


def agree(expected, got):
    """Do the lines agree? `...` takes any number of them."""
    def fits(left, right):
        if not left:
            return not right
        if left[0] == "...":
            return any(fits(left[1:], right[i:]) for i in range(len(right) + 1))
        return bool(right) and left[0] == right[0] and fits(left[1:], right[1:])

    return fits(ordered(expected), ordered(got))


class Shell:
    """A bash that answers one command after the other."""

    def __init__(self, folder, weft, scratch, shown):
        self.folder = str(folder)
        self.shown = f"/tmp/{shown}"  # where the page says that its reader is
        tools = pathlib.Path(scratch) / "bin"
        tools.mkdir(parents=True)
        (tools / "weft").symlink_to(weft)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
        self.process = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**kept, "PATH": f"{tools}:{os.environ['PATH']}", "TZ": "UTC",
                 "LC_ALL": "C.UTF-8", "COLUMNS": "100"})

    def run(self, command):
        """(lines, exit status)"""
        self.process.stdin.write(f"{command}\nprintf '\\n{MARK}%d\\n' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                while lines and lines[-1].strip() == "":
                    lines.pop()
                return lines, int(line[len(MARK):])
            lines.append(line.rstrip().replace(self.folder, self.shown))
        raise AssertionError(f"the shell ended at: {command}")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=PATIENCE)


def write(page, weft, folder, scratch):
    """Puts what each command prints into the page."""
    shell = Shell(folder, weft, scratch, page.parent.name)
    out, answered = [], {step.line: step for step in steps_of(page.read_text())}
    skip, pending = False, None
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if number in answered:
            pending = answered[number].command.count("\n")
            command = answered[number].command
            skip = False
        elif line.startswith("```"):
            skip = False
        if not skip:
            out.append(line)
        if pending is not None:
            if pending == 0:
                out += shell.run(command)[0]
                pending, skip = None, True
            else:
                pending -= 1
    shell.close()
    page.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    import shutil
    import tempfile
    with tempfile.TemporaryDirectory() as where:
        target = pathlib.Path(sys.argv[1]).resolve()
        assert sys.argv[2:] == ["--write"], __doc__
        copy = pathlib.Path(where) / "copy"
        shutil.copytree(target.parent, copy, ignore=shutil.ignore_patterns(".weft"))
        write(target, os.environ["WEFT_BIN"], copy, pathlib.Path(where) / "scratch")
