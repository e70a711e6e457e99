"""Every mistake of mistakes.py gets the answer of mistakes.txt, whole."""
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile

import pytest
from mesh_support import BIN, CLEAN
from mistakes import MISTAKES, good, unprivileged
from patience import PATIENCE

ANSWERS = pathlib.Path(__file__).with_name("mistakes.txt")


def write(folder, files):
    for path, text in files.items():
        file = folder / path
        if text is None:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def settled(text, folder):
    """Without what differs from run to run."""
    text = text.replace(str(folder), "/mesh").replace(str(folder.parent), "/above")
    text = re.sub(r"\b[0-9a-f]{8}-?[0-9a-f-]{4,28}\b", "<id>", text)
    text = re.sub(r"\b\d{15,}\b", "<snapshot>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<time>", text)
    return re.sub(r"\bin [\d.]+ m?s\b|\b[\d.]+ m?s\b", "<seconds>", text)


def run(words, folder, mistake=None):
    mistake = mistake or {}

    def prepare():
        if "limit" in mistake:
            resource.setrlimit(mistake["limit"][0], (mistake["limit"][1], mistake["limit"][1]))
        if mistake.get("user"):
            unprivileged()

    return subprocess.run([BIN, *shlex.split(words)], cwd=folder / mistake.get("cwd", "."),
                          capture_output=True, text=True, env={**CLEAN, "HOME": str(folder)},
                          stdin=subprocess.DEVNULL, preexec_fn=prepare, timeout=PATIENCE)


def answer(mistake, folder):
    """The folder is the mesh; what stands beside it is nobody's."""
    folder.mkdir()
    write(folder, {**good(), **mistake.get("base", {})})
    if not mistake.get("then"):
        write(folder, mistake["files"])
    for words in mistake["before"]:
        done = run(words, folder)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    if mistake.get("then"):
        write(folder, mistake["files"])
    if mistake.get("user") and os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534:65534", folder], check=True)
        for parent in (folder.parent, folder.parent.parent, folder.parent.parent.parent):
            parent.chmod(0o755)
    if "do" in mistake:
        mistake["do"](folder)
    done = run(mistake["command"], folder, mistake)
    return (f"## {mistake['name']}\n$ weft {mistake['command']}\n"
            f"{settled(done.stderr, folder)}exit {done.returncode}\n")


def answers():
    texts = re.split(r"(?m)^(?=## )", ANSWERS.read_text()) if ANSWERS.exists() else [""]
    return {text.split("\n", 1)[0][3:]: text.rstrip("\n") + "\n" for text in texts[1:]}


def test_the_table_is_whole():
    names = [mistake["name"] for mistake in MISTAKES]
    assert len(names) == len(set(names)) and len(names) >= 100
    assert list(answers()) == names


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m["name"].replace(" ", "-") for m in MISTAKES])
def test_mistake(mistake, tmp_path):
    got = answer(mistake, tmp_path / "m")
    assert got == answers()[mistake["name"]]
    status = int(got.rsplit("exit ", 1)[1])
    assert status == mistake["status"] if "status" in mistake else status != 0 or "note:" in got


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    made = []
    for one in MISTAKES:
        place = pathlib.Path(tempfile.mkdtemp(prefix="mistake"))
        try:
            made.append(answer(one, place / "m"))
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", place], check=False)
            shutil.rmtree(place)
    ANSWERS.write_text("\n".join(made))
