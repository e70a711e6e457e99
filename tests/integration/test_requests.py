"""Asking for access: from the request to the revocation, with what is treated in between, who may
decide, what nobody is told, and emergencies."""
import os
import pty
import subprocess
import time

import pytest

from access_support import ALL, ask, clinic, reads
from mesh_support import BIN, CLEAN


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return clinic(tmp_path_factory.mktemp("requests"))


def test_a_life(mesh):
    assert "nothing grants it" in reads(mesh, "user:alice", status=3).stderr
    id = ask(mesh)
    assert mesh.json("requests", id, "--as", "user:alice")["state"] == "open"
    reads(mesh, "user:alice", status=3)
    waiting = mesh.json("requests", "--to-decide", "--as", "user:dana")
    assert [row["id"] for row in waiting] == [id]
    mesh("approve", id, "--as", "user:dana", "--days", "5", "--treat", "email=mask",
         "--treat", "age=round:10", "--rows", "state = 'California'")
    one = mesh.json("requests", id)
    assert one["state"] == "approved" and one["decided_by"] == "user:dana"
    assert one["version"] == "1.0.0" and len(one["terms"]) == 64 and one["until"]
    assert reads(mesh, "user:alice").stdout.splitlines() == [
        "id,name,email,state,age", "1,Ann Lee,a***@x***.org,California,30",
        "3,Cy Oz,c***@z***.org,California,80"]
    line = mesh.json("audit", "--agreement", id)[-1]
    assert (line["principal"], line["rows"], line["purpose"]) == ("user:alice", 2, "research")
    assert f"request {id}" in line["reason"] and line["result"] == "done"
    # For this purpose, and for nobody else.
    assert "no purpose" in reads(mesh, "user:alice", purpose=None, status=3).stderr
    reads(mesh, "user:alice", purpose="marketing", status=3)
    reads(mesh, "user:bob", status=3)
    assert mesh.sql("select request, principal, approved_by from mesh.grants") == [
        (id, "user:alice", "user:dana")]
    renewed = mesh.json("requests", id)["until"]
    mesh("renew", id, "--because", "still at it", "--as", "user:gov", "--days", "50")
    assert mesh.json("requests", id)["until"] > renewed
    mesh("revoke", id, "--because", "over", "--as", "user:dana")
    reads(mesh, "user:alice", status=3)
    mesh("renew", id, "--because", "x", status=1)
    mesh("ledger", "verify")
    mesh("ledger", "rebuild", "--check")


def test_who_decides(mesh):
    id = ask(mesh, purpose="care")
    assert "own request" in mesh("approve", id, "--as", "user:alice", status=3).stderr
    # Who may not know of it hears what he hears of none.
    unknown = mesh("approve", 999, "--as", "user:otto", status=1).stderr
    told = mesh("approve", id, "--as", "user:otto", status=1).stderr
    assert told.replace(str(id), "999") == unknown
    assert mesh.json("requests", "--all", "--as", "user:otto") == []
    mesh("requests", id, "--as", "user:bob", status=1)
    mesh("approve", id, "--as", "user:ada", status=3)
    mesh("revoke", id, "--because", "not needed", "--as", "user:alice")  # taken back
    assert mesh.json("requests", id)["state"] == "revoked"
    # An owner's own request is somebody else's to decide.
    own = ask(mesh, "user:dana", purpose="care")
    assert "own request" in mesh("approve", own, "--as", "user:dana", status=3).stderr
    mesh("reject", own, "--because", "she reads it anyway", "--as", "user:gov")


@pytest.mark.parametrize("words, status, text", [
    (["request", "hospital.patients"], 2, "because"),
    (["request", "hospital.patients", "--because", "x"], 2, "local operator"),
    (["request", "hospital.nothing", "--because", "x", "--as", "user:bob"], 1, "no product"),
    (["request", "hospital.patients", "--because", "x", "--days", "0", "--as", "user:bob"], 2,
     "--days"),
    (["request", "hospital.patients", "--because", "x", "--for", "user:alice", "--as", "user:bob"],
     3, "may not"),
    (["request", "hospital.patients", "--because", "x", "--for", "domain:lab", "--as", "user:bob"],
     3, "may not"),
    (["approve", "x"], 2, "number"),
    (["reject", "1"], 2, "because"),
])
def test_refused(mesh, words, status, text):
    assert text in mesh(*words, status=status).stderr


@pytest.mark.parametrize("words, text", [
    (["--treat", "emial=mask"], "no column `emial`"),
    (["--treat", "email=blur"], "no treatment"),
    (["--rows", "province = 'QC'"], "no column `province`"),
    (["--rows", "state = upper('x')"], ""),
    (["--min-group", "10"], "SIZE:COLUMN"),
    (["--min-group", "10:patient"], "no column `patient`"),
    (["--days", "100000"], "--days"),
])
def test_less_that_cannot_be_held(mesh, words, text):
    """A slip of the pen in what is to be taken away gives nothing at all."""
    id = ask(mesh, "user:bob", purpose="care")
    done = mesh("approve", id, *words, status=None)
    assert done.returncode in (1, 2) and text in done.stderr
    assert mesh.json("requests", id)["state"] == "open"
    mesh("revoke", id, "--because", "x", "--as", "user:bob")


def test_same_twice(mesh):
    id = ask(mesh, "user:bob", purpose="twice")
    assert f"request {id}" in mesh("request", "hospital.patients", "--because", "again",
                                   "--purpose", "twice", "--as", "user:bob", status=1).stderr
    mesh("reject", id, "--because", "no")
    ask(mesh, "user:bob", purpose="twice")


def test_hidden_is_as_not_there(mesh):
    """A product that one may not discover: every command says what it says of none."""
    for words in (["request", "hospital.{}", "--because", "x"],
                  ["query", "select * from hospital.{}"],
                  ["query", "select * from hospital.{}", "--break-glass", "--because", "x"]):
        texts = {mesh(*[word.format(name) for word in words], "--as", "user:alice",
                      status=1).stderr.replace(name, "X") for name in ("secret", "secrep")}
        assert len(texts) == 1, texts
    assert mesh("query", "select * from hospital.secret", "--as", "user:dana").stdout


def test_for_others(mesh):
    mesh("service", "add", "dash")
    id = mesh.json("request", "hospital.patients", "--because", "x", "--for", "service:dash",
                   "--as", "user:ada")["request"]
    mesh("approve", id, "--as", "user:dana", "--treat", "email=hide")
    assert "email" not in mesh("query", ALL, "--as", "service:dash").stdout
    id = mesh.json("request", "hospital.patients", "--because", "x", "--for",
                   "domain:lab", "--as", "user:otto")["request"]
    mesh("approve", id, "--as", "user:gov")
    id = mesh.json("request", "hospital.patients", "--because", "x", "--for",
                   "group:nurses", "--as", "user:nina")["request"]
    assert "own request" in mesh("approve", id, "--as", "user:nina", status=3).stderr
    mesh("approve", id, "--min-group", "2:id")
    done = mesh("query", "select state, count(*) as n from hospital.patients group by 1",
                "--format", "csv", "--as", "user:nina")
    assert done.stdout.splitlines()[1:] == ["California,2"]
    assert mesh("query", ALL, "--as", "user:nina", status=None).returncode != 0
    mesh("revoke", id, "--because", "x")


def test_it_ends_by_itself(mesh):
    id = ask(mesh, "user:bob", purpose="soon")
    mesh("approve", id, "--days", "1", "--as", "user:dana")
    reads(mesh, "user:bob", purpose="soon")
    later = {"WEFT_FAULT": "clock:90000"}
    done = reads(mesh, "user:bob", purpose="soon", status=None, env=later)
    assert done.returncode == 3 and "Ann" not in done.stdout
    assert mesh.json("requests", id, env=later)["state"] == "expired"


def test_revoked_in_a_running_session(mesh):
    """The next statement of an open shell is decided anew."""
    id = ask(mesh, "user:bob", purpose="shell")
    mesh("approve", id, "--as", "user:dana")
    shell = subprocess.Popen([BIN, "query", "--continue", "--format", "csv", "--as", "user:bob",
                              "--purpose", "shell", "-f", "-"], cwd=mesh.folder, env=CLEAN,
                             text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(mesh.folder)
        os.execve(BIN, [BIN, "query", "--as", "user:bob", "--purpose", "shell"],
                  {**CLEAN, "TERM": "dumb", "WEFT_PAGER": "cat"})
    def say(text, until, seconds=30):
        os.write(fd, text)
        shown, end = b"", time.monotonic() + seconds
        while until not in shown and time.monotonic() < end:
            shown += os.read(fd, 4096)
        assert until in shown, shown
        return shown
    say(b"select 'f' || 'irst', name from hospital.patients;\n", b"Cy Oz")
    mesh("revoke", id, "--because", "at once", "--as", "user:dana")
    shown = say(b"select 'se' || 'cond', name from hospital.patients;\n", b"no access")
    assert b"Cy Oz" not in shown
    os.write(fd, b"\\q\n")
    os.close(fd)
    os.waitpid(pid, 0)
    out, errors = shell.communicate(ALL + ";\n")
    assert "Ann" not in out and "no access" in errors


def test_emergency(mesh):
    query = ["query", ALL, "--format", "csv"]
    glass = ["--break-glass", "--because", "a flood"]
    assert mesh(*query, "--as", "user:nina", "--break-glass", status=2)
    assert "break_glass" in mesh(*query, *glass, "--as", "user:alice", status=3).stderr
    mesh(*query, *glass, status=2)  # the operator reads without
    mesh(*query, "--as", "user:nina", status=3)
    done = mesh(*query, *glass, "--as", "user:nina")
    assert "Ann Lee" in done.stdout and "emergency access" in done.stderr
    mesh(*query, "--as", "user:nina")  # it holds for hours
    one = mesh.json("requests", "--state", "to review")[-1]
    assert one["principal"] == "user:nina" and one["emergency"] is True
    assert "1 emergency access to review" in mesh("status").stderr
    id = one["id"]
    mesh("review", id, "--because", "mine", "--as", "user:nina", status=3)
    mesh("renew", id, "--because", "x", status=1)
    mesh("review", id, "--because", "it was one", "--as", "user:gov")
    assert "to review" not in mesh("status").stderr
    done = mesh(*query, "--as", "user:nina", env={"WEFT_FAULT": "clock:18000"}, status=None)
    assert done.returncode == 3
    mesh("revoke", id, "--because", "over", "--as", "user:dana")
    mesh(*query, "--as", "user:nina", status=3)


def test_the_past(mesh):
    id = ask(mesh, "user:bob", purpose="past")
    before = mesh.json("requests", id)["asked_at"]
    mesh("approve", id, "--as", "user:dana")
    time.sleep(0.05)
    moment = mesh.json("query", "select now() as t")[0]["t"]
    reads(mesh, "user:bob", purpose="past")
    mesh("revoke", id, "--because", "over")
    reads(mesh, "user:bob", purpose="past", status=3)
    moment = str(moment).replace(" ", "T").replace("+00", "Z")
    then = mesh("query", ALL, "--as", "user:bob", "--purpose", "past", "--as-of", moment)
    assert "Ann Lee" in then.stdout
    mesh("query", ALL, "--as", "user:bob", "--purpose", "past", "--as-of", before, status=None)


def test_declared_purposes(tmp_path):
    mesh = clinic(tmp_path)
    mesh.write("policies/p.yaml", "kind: purposes\npurposes: {research: Studies.}\n")
    mesh.apply()
    ask(mesh)
    assert "declared" in mesh("request", "hospital.patients", "--because", "x", "--purpose",
                              "reserch", "--as", "user:bob", status=2).stderr


def test_a_renamed_product_keeps_its_agreements(tmp_path):
    mesh = clinic(tmp_path)
    id = ask(mesh)
    mesh("approve", id, "--as", "user:dana")
    old = mesh.folder / "domains/hospital/patients"
    text = (old / "data_product.yaml").read_text()
    old.rename(old.with_name("people"))
    (old.with_name("people") / "data_product.yaml").write_text(
        text.replace("version: 1.0.0", "version: 1.0.1\nwas: hospital.patients"))
    mesh.apply()
    assert mesh.json("requests", id)["product"] == "hospital.people"
    assert "Ann Lee" in reads(mesh, "user:alice", sql="select * from hospital.people").stdout
    mesh("ledger", "rebuild", "--check")
