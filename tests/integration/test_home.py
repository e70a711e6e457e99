"""The files of a home: taken away, damaged, put back from a copy, replaced by what is no file, left
behind by a killed process; a limit on the size of files."""
import json
import os
import resource
import shutil
import signal
import subprocess

import pytest

from patience import PATIENCE

FILE = "version: 1.0.0\nschema:\n  - {name: id, type: long}\nwrite: append\n"


@pytest.fixture
def mesh(weft, tmp_path):
    product = tmp_path / "domains/d/p"
    product.mkdir(parents=True)
    (tmp_path / "weft.yaml").write_text("mesh: m\n")
    (product / "data_product.yaml").write_text(FILE)
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    weft("apply", "--yes")
    weft("load", "d.p", "a.csv")
    return tmp_path


@pytest.fixture
def home(mesh):
    return mesh / ".weft/dev"


def load(weft, mesh, value, **more):
    (mesh / f"{value}.csv").write_text(f"id\n{value}\n")
    return weft("load", "d.p", f"{value}.csv", **more)


def rows(weft):
    return json.loads(weft("query", "--json", "select id from d.p order by id").stdout)


@pytest.mark.parametrize("how", ["missing", "garbled", "empty", "cut"])
def test_a_home_without_its_head(weft, mesh, home, how):
    head = home / "ledger.head"
    text = head.read_text()
    if how == "missing":
        head.unlink()
    else:
        head.write_text({"garbled": text.replace("a", "b"), "empty": "", "cut": text[:90]}[how])
    done = load(weft, mesh, 3, status=1)
    assert "ledger.head" in done.stderr and "verify --accept" in done.stderr, done.stderr
    # Reading goes on; whoever looks after the home is told.
    assert len(rows(weft)) == 2
    assert "ledger.head" in weft("ledger", "verify", status=1).stderr
    assert "ledger.head" in weft("doctor", status=None).stdout
    assert weft("ledger", "verify", "--accept", status=2).stderr.count("--because")
    weft("ledger", "verify", "--accept", "--because", "the disk was bad")
    weft("ledger", "verify")
    load(weft, mesh, 3)
    assert [r["id"] for r in rows(weft)] == [1, 2, 3]
    entries = json.loads(weft("ledger", "--json").stdout)
    (accepted,) = [e for e in entries if e["kind"] == "head.accepted"]
    assert "the disk was bad" in json.dumps(accepted)


def test_a_database_put_back_from_a_copy(weft, mesh, home):
    copy = mesh / "copy.db"
    shutil.copy(home / "weft.db", copy)
    load(weft, mesh, 3)
    for name in ("weft.db", "weft.db-wal", "weft.db-shm"):
        (home / name).unlink(missing_ok=True)
    shutil.copy(copy, home / "weft.db")
    done = load(weft, mesh, 4, status=1)
    assert "the end of the ledger is missing" in done.stderr
    assert len(rows(weft)) == 2
    weft("ledger", "verify", "--accept", "--because", "put back from last night's copy")
    load(weft, mesh, 4)
    assert [r["id"] for r in rows(weft)] == [1, 2, 4]
    weft("ledger", "verify")
    weft("ledger", "rebuild", "--check")


def test_a_kill_before_the_head_is_no_reason(weft, mesh, weft_bin):
    (mesh / "b.csv").write_text("id\n7\n")
    done = subprocess.run([weft_bin, "load", "d.p", "b.csv"], cwd=mesh, capture_output=True,
                          env={**os.environ, "WEFT_FAULT": "kill:ledger.after_commit:2",
                               "WEFT_FAULT_IN": "cli"})
    assert done.returncode == -signal.SIGKILL
    weft("ledger", "verify")
    load(weft, mesh, 8)
    weft("ledger", "verify")


@pytest.mark.parametrize("name", ["format", "ledger.head", "weft.db", "key", "metadata", "list"])
def test_what_is_no_file(weft, mesh, home, name):
    paths = {"key": "keys/*.pem", "metadata": "lake/d/*/metadata/*.json",
             "list": "lake/d/*/metadata/snap-*"}
    found = sorted(home.glob(paths.get(name, name)))
    assert found
    for path in found:
        path.unlink()
        os.mkfifo(path, 0o600)
    done = load(weft, mesh, 3, status=1, timeout=PATIENCE)
    assert "is no regular file" in done.stderr, done.stderr
    weft("doctor", status=None, timeout=PATIENCE)
    weft("query", "select * from d.p", status=None, timeout=PATIENCE)


def test_leftovers(weft, mesh, home):
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = [home / f"tmp/rebuild-{dead.pid}-1-x.db",
            home / f"tmp/rebuild-{dead.pid}-1-x.db-journal",
            home / "lists" / ("0" * 64), home / "lists" / ("0" * 64 + ".x.tmp")]
    for path in left:
        path.write_text("x")
    load(weft, mesh, 3)
    assert not any(path.exists() for path in left)
    assert list((home / "tmp").iterdir()) == []
    weft("ledger", "verify")


def test_a_limit_on_files(weft, mesh):
    """The shell's `ulimit -f`: an error that names the file, not a death; then all is as before."""
    with open(mesh / "big.csv", "w") as file:
        file.write("id\n")
        file.writelines(f"{n * 7919 % 1000003 * 104729}\n" for n in range(300_000))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    done = weft("load", "d.p", "big.csv", status=1, preexec_fn=limit)
    assert "too large" in done.stderr.lower() or "no space" in done.stderr.lower(), done.stderr
    assert len(rows(weft)) == 2
    weft("ledger", "verify")
    weft("load", "d.p", "big.csv")
    assert len(rows(weft)) == 300_002
