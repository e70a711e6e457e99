"""Users, services, groups and keys by the real program: who may change whom, keys that open what
they name, passwords that are told to nobody."""
import json
import os
import pty
import sqlite3
import subprocess
import time

import pytest

from access_support import ALL, ask, clinic
from mesh_support import BIN, CLEAN, Mesh


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return clinic(tmp_path_factory.mktemp("people"))


def test_a_life(tmp_path):
    mesh = Mesh(tmp_path / "m")
    mesh("user", "add", "zoe", "--role", "consumer", "--set", "state=California",
         "--set", "state=Nevada", "--set", "team=a", "--display", "Zoe Q.")
    mesh("group", "add", "staff")
    mesh("group", "add", "nurses", "--member", "zoe")
    mesh("group", "set", "staff", "--member", "group:nurses")
    zoe = mesh.json("user", "show", "zoe")
    assert zoe["groups"] == ["group:nurses", "group:staff"]
    assert zoe["attributes"] == {"state": ["California", "Nevada"], "team": ["a"]}
    assert zoe["roles"] == ["consumer"] and zoe["password"] is False
    mesh("user", "set", "zoe", "--set", "state=Oregon", "--unset", "team", "--role", "auditor",
         "--drop-role", "consumer", "--drop-group", "nurses")
    zoe = mesh.json("user", "show", "zoe")
    assert zoe["attributes"] == {"state": ["Oregon"]} and zoe["groups"] == []
    assert zoe["roles"] == ["auditor"] and zoe["display"] == "Zoe Q."
    assert "nothing to change" in mesh("user", "set", "zoe", "--role", "auditor").stdout
    assert [row["name"] for row in mesh.json("user")] == ["zoe"]
    assert [row["name"] for row in mesh.json("group", "list")] == ["nurses", "staff"]
    mesh("user", "disable", "zoe", status=2)  # says why
    mesh("user", "disable", "zoe", "--because", "left")
    assert mesh.json("user", "show", "zoe")["state"] == "disabled"
    assert "zoe is disabled" in mesh("requests", "--as", "user:zoe", status=3).stderr
    mesh("user", "enable", "zoe")
    mesh("requests", "--as", "user:zoe")
    mesh("ledger", "verify")
    mesh("ledger", "rebuild", "--check")


@pytest.mark.parametrize("words, status, text", [
    (["user", "add", "Alice"], 2, "not how a principal is written"),
    (["user", "add", "a b"], 2, "not how a principal is written"),
    (["user", "add", "alice"], 1, "there already"),
    (["user", "add", "x", "--role", "admin"], 2, "no role"),
    (["user", "add", "x", "--role", "domain_owner"], 2, "say which"),
    (["user", "add", "x", "--set", "state"], 2, "NAME=VALUE"),
    (["user", "add", "x", "--set", "id=1"], 2, "name of an attribute"),
    (["user", "add", "x", "--group", "nobody"], 1, "no group:nobody"),
    (["user", "add"], 2, "needs a NAME"),
    (["user", "ad", "x"], 2, "weft user add"),
    (["user", "show", "group:nurses"], 2, "is no user"),
    (["group", "set", "nurses", "--member", "group:nurses"], 1, "cannot be a member"),
    (["service", "password", "x"], 2, "does not know"),
    (["key", "add", "group:nurses"], 2, "cannot have a key"),
    (["key", "add", "user:alice", "--product", "patients"], 2, "names no products"),
    (["key", "rotate", "ffffffff"], 1, "no key"),
    (["query", "select 1", "--as", "user:nobody"], 1, "no user:nobody"),
    (["query", "select 1", "--as", "group:nurses"], 2, "is a group"),
    (["query", "select 1", "--as", "alice"], 2, "not how a principal is written"),
    (["apply", "--yes", "--as", "user:alice"], 3, "local operator alone"),
])
def test_refused(mesh, words, status, text):
    before = mesh.json("ledger")[-1]
    assert text in mesh(*words, status=status).stderr
    assert mesh.json("ledger")[-1] == before


@pytest.mark.parametrize("who, words, status", [
    ("alice", ["user", "add", "x"], 3),
    ("alice", ["user"], 3),
    ("alice", ["user", "show", "alice"], 0),
    ("alice", ["user", "show", "bob"], 3),
    ("aud", ["user"], 0),
    ("aud", ["user", "add", "x"], 3),
    ("gov", ["user", "add", "x"], 3),
    ("dana", ["user", "set", "bob", "--role", "domain_engineer@hospital"], 0),
    ("dana", ["user", "set", "bob", "--role", "domain_engineer@lab"], 3),
    ("dana", ["user", "set", "bob", "--set", "state=x"], 3),
    ("dana", ["user", "set", "dana", "--role", "domain_engineer@hospital"], 3),
    ("ada", ["user", "add", "newcomer", "--role", "consumer"], 0),
    ("ada", ["user", "set", "ada", "--role", "governance_officer"], 3),
    ("ada", ["user", "set", "bob", "--role", "domain_owner@hospital"], 3),
    ("ada", ["group", "set", "nurses", "--member", "ada"], 3),
    ("ada", ["user", "disable", "ada", "--because", "x"], 3),
    ("ada", ["key", "add", "user:alice"], 3),
    ("ada", ["query", ALL], 3),
    ("gov", ["query", ALL], 3),
    ("aud", ["query", ALL], 3),
    ("dana", ["query", ALL], 0),
])
def test_who_may(mesh, who, words, status):
    mesh(*words, "--as", f"user:{who}", status=status)


def test_keys(mesh, tmp_path):
    mesh("service", "add", "dash", "--role", "domain_engineer@hospital")
    made = mesh.json("key", "add", "service:dash", "--product", "hospital.*", "--days", "2",
                     "--label", "the dashboard")
    key, id = made["key"], made["key"].split("_")[1]
    row = mesh.json("key", "show", id)[0]
    assert row["state"] == "active" and row["products"] == "hospital.*" and "hash" not in row
    def by(*words, key=key, **more):
        return mesh(*words, env={"WEFT_KEY": key}, **more)
    assert by("query", "select count(*) as n from hospital.patients", "--json").stdout
    file = tmp_path / "key"
    file.write_text(key + "\n")
    mesh("query", ALL, "--key-file", str(file))
    audit = mesh.json("audit", "--limit", "1")[0]
    assert (audit["principal"], audit["key"], audit["actor"]) == ("service:dash", id, None)
    # What a key does not do.
    by("apply", "--yes", status=3)
    by("key", "add", "service:dash", status=3)
    by("query", ALL, "--as", "user:alice", status=2)
    wrong = by("query", ALL, key=key[:-1] + ("0" if key[-1] != "0" else "1"), status=3).stderr
    assert "opens nothing" in wrong and key[:-1] not in wrong
    assert by("query", ALL, key="weft_", status=3).stderr == wrong
    # Outside of its scope a product is not there, for its owner it is.
    narrow = mesh.json("key", "add", "service:dash", "--product", "lab.*")["key"]
    assert "no access" in by("query", ALL, key=narrow, status=None).stderr
    purpose = mesh.json("key", "add", "service:dash", "--purpose", "care")["key"]
    assert by("query", ALL, key=purpose, status=None).returncode != 0
    by("query", ALL, "--purpose", "care", key=purpose)
    # Rotated, disabled, its owner disabled: each at once.
    new = mesh.json("key", "rotate", id)["key"]
    assert by("query", ALL, status=3).stderr == wrong
    by("query", ALL, key=new)
    mesh("key", "disable", new.split("_")[1], "--because", "lost")
    assert by("query", ALL, key=new, status=3).stderr == wrong
    mesh("key", "enable", new.split("_")[1], "--because", "found")
    by("query", ALL, key=new)
    mesh("service", "disable", "dash", "--because", "off")
    assert by("query", ALL, key=new, status=3).stderr == wrong
    stored = b"".join(path.read_bytes() for path in (mesh.folder / ".weft").rglob("*")
                      if path.is_file() and path.suffix in (".db", ".log", "-wal", ".db-wal"))
    for secret in (key, new, narrow, purpose):
        assert secret.split("_")[2].encode() not in stored


def test_own_keys(mesh):
    own = mesh.json("key", "add", "user:bob", "--as", "user:bob")["key"].split("_")[1]
    assert [row["key"] for row in mesh.json("key", "--as", "user:bob")] == [own]
    assert mesh.json("key", "--as", "user:alice") == []
    mesh("key", "disable", own, "--because", "x", "--as", "user:alice", status=1)
    mesh("key", "disable", own, "--because", "x", "--as", "user:bob")


def test_password(mesh, tmp_path):
    mesh("user", "password", "alice", "--password-file", "-", input="correct horse\n")
    assert mesh.json("user", "show", "alice")["password"] is True
    db = sqlite3.connect(next((mesh.folder / ".weft").rglob("weft.db")))
    kept = db.execute("select hash from trust_passwords where principal = 'user:alice'").fetchone()
    assert kept[0].startswith("$argon2id$") and "correct" not in kept[0]
    bodies = " ".join(row[0] for row in db.execute("select body from ledger_entries")) \
        if db.execute("select 1 from sqlite_master where name = 'ledger_entries'").fetchone() \
        else "".join(str(row) for row in db.iterdump())
    assert "correct horse" not in bodies
    mesh("user", "password", "alice", "--password-file", "-", input="short\n", status=2)
    mesh("user", "password", "bob", "--as", "user:alice", "--password-file", "-",
         input="correct horse\n", status=3)
    assert "terminal" in mesh("user", "password", "alice", status=2).stderr
    mesh("user", "password", "alice", "--no-password")
    assert mesh.json("user", "show", "alice")["password"] is False


def test_password_at_a_terminal(mesh):
    """It is asked for twice and not shown."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(mesh.folder)
        os.execve(BIN, [BIN, "user", "password", "bob"], {**CLEAN, "TERM": "xterm"})
    shown = b""
    for _ in range(2):
        while not shown.endswith(b"password: ") and not shown.endswith(b"Again: "):
            shown += os.read(fd, 1)
        time.sleep(0.2)
        os.write(fd, b"battery staple\n")
        shown += b"|"
    try:
        while part := os.read(fd, 4096):
            shown += part
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert b"battery" not in shown and b"new password" in shown


def test_tables(mesh):
    rows = {row["principal"]: row for row in mesh.json("query", "select * from mesh.principals")}
    assert rows["user:dana"]["roles"] == ["domain_owner@hospital"]
    assert rows["user:nina"]["groups"] == ["group:nurses"]
    assert mesh.json("query", "select * from mesh.principals", "--as", "user:aud")
    own = mesh.json("query", "select * from mesh.principals", "--as", "user:alice")
    assert [row["principal"] for row in own] == ["user:alice"]


def test_many_at_once(tmp_path):
    """Every one of them is there, or was refused for being there."""
    mesh = Mesh(tmp_path / "m")
    mesh("group", "add", "g")
    jobs = [subprocess.Popen([BIN, "user", "add", f"u{i % 6}", "--group", "g"], cwd=mesh.folder,
                             env=CLEAN, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for i in range(12)]
    results = [job.wait() for job in jobs]
    for job in jobs:
        job.stderr.close()
    assert sorted(results) == [0] * 6 + [1] * 6
    assert len(mesh.json("user")) == 6 and len(mesh.json("group", "show", "g")["members"]) == 6
    mesh("ledger", "verify")


def test_role_gives_no_data(mesh):
    """Asking is what everybody may; deciding is the owner's."""
    id = ask(mesh, "user:ada")
    mesh("approve", id, "--as", "user:ada", status=3)
    mesh("approve", id, "--as", "user:aud", status=3)
    mesh("reject", id, "--because", "no", "--as", "user:dana")
    assert json.loads(mesh("requests", id, "--json").stdout)["state"] == "rejected"
