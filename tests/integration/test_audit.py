"""The audit: every read before its first row and behind its last, denials too; nobody whom it
speaks of reads it; cut, changed or removed lines are seen; a read that it does not take gives
nothing; kills and many at once leave it whole."""
import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from access_support import ALL, ask, clinic, reads
from mesh_support import BIN, CLEAN


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return clinic(tmp_path_factory.mktemp("audit"))


def folder(mesh):
    return mesh.folder / ".weft/dev/audit"


def test_what_stands_in_it(mesh):
    reads(mesh, "user:dana", purpose="care", sql="select name, age from hospital.patients where "
          "name = 'Ann Lee' and email = 'ann@x.org'")
    line = mesh.json("audit", "--principal", "user:dana")[-1]
    assert line["actor"].startswith("local:") and line["purpose"] == "care"
    assert line["products"] == "hospital.patients" and line["command"] == "query"
    assert "hospital.patients.name" in line["columns"]
    assert "hospital.patients.state" not in line["columns"]
    assert (line["rows"], line["decision"], line["reason"], line["door"], line["result"]) == (
        1, "yes", "owner", "cli", "done")
    assert line["duration_us"] > 0 and len(line["sql_hash"]) == 64 and line["sequence"] > 0
    reads(mesh, "user:bob", status=3)
    line = mesh.json("audit", "--decision", "no")[-1]
    assert (line["principal"], line["products"], line["rows"], line["result"]) == (
        "user:bob", "hospital.patients", 0, "denied")
    # A product that he may not know of is denied in the audit and not there for him.
    reads(mesh, "user:bob", sql="select * from hospital.secret", status=1)
    assert mesh.json("audit", "--decision", "no")[-1]["products"] == "hospital.secret"
    text = "".join(file.read_text() for file in folder(mesh).glob("*.log"))
    for value in ("Ann", "ann@x.org", "select", "Lee"):
        assert value not in text


def test_filters(mesh):
    mesh("query", "select count(*) from hospital.patients")
    everything = mesh.json("audit", "--limit", "1000")
    assert len(mesh.json("audit", "--limit", "2")) == 2
    for flag, column, value in (("--principal", "principal", "user:dana"),
                                ("--purpose", "purpose", "care"), ("--decision", "decision", "no"),
                                ("--product", "products", "hospital.secret")):
        wanted = [row["hash"] for row in everything if row[column] == value]
        got = [row["hash"] for row in mesh.json("audit", flag, value, "--limit", "1000")]
        assert got == wanted and wanted
    assert mesh.json("audit", "--product", "hospital.*", "--limit", "1000")
    assert mesh.json("audit", "--since", "2100-01-01") == []
    assert mesh.json("audit", "--until", "2000-01-01") == []
    mesh("audit", "--since", "yesterday", status=2)
    mesh("audit", "--decision", "perhaps", status=2)
    mesh("audit", "look", status=2)


def test_who_reads_it(mesh):
    for who in ("alice", "dana", "ada", "gov"):
        mesh("audit", "--as", f"user:{who}", status=3)
        mesh("query", "select * from mesh.audit", "--as", f"user:{who}", status=3)
    assert mesh.json("audit", "--as", "user:aud")
    assert mesh.json("query", "select principal, products from mesh.audit", "--as", "user:aud")
    last = mesh.json("audit", "--limit", "1")[0]  # looking at it stands there too
    assert (last["principal"], last["products"]) == ("user:aud", "mesh.audit")
    mesh("audit", "verify", "--as", "user:aud")
    mesh("audit", "verify", "--as", "user:alice", status=3)
    mesh("audit", "expire", "--as", "user:aud", status=3)
    mesh.write("policies/audit.yaml", "kind: grant\nname: watchers\nto: [user:bob]\n"
               "read: [mesh.audit]\nbecause: he watches.\n")
    mesh.apply()
    assert mesh.json("query", "select * from mesh.audit limit 1", "--as", "user:bob")
    assert mesh.json("audit", "--as", "user:bob")


def test_as_a_table(mesh):
    rows = mesh.sql("select count(*), count(distinct hash) from mesh.audit")[0]
    assert rows[0] == rows[1] > 5
    same = mesh.sql("select count(*) from mesh.audit a join mesh.audit b on a.hash = b.hash")[0][0]
    assert same >= rows[0]


def test_anchored_by_apply_and_cut(tmp_path):
    mesh = clinic(tmp_path)
    for _ in range(3):
        mesh("query", ALL)
    mesh("user", "set", "bob", "--role", "consumer")  # writes an anchor as well
    mesh("audit", "verify")
    mesh("ledger", "verify")
    log = next(folder(mesh).glob("*.log"))
    whole, head = log.read_bytes(), (folder(mesh) / "head").read_bytes()
    lines = whole.splitlines(True)
    log.write_bytes(b"".join(lines[:-2]))
    assert "cut off" in mesh("audit", "verify", status=1).stderr
    assert "cut off" in mesh("ledger", "verify", status=1).stderr
    mesh("query", ALL)  # going on does not hide it
    assert "does not follow" in mesh("audit", "verify", status=1).stderr
    log.unlink()
    assert "cut off" in mesh("audit", "verify", status=1).stderr
    log.write_bytes(whole)
    for wrong in (whole.replace(b'"decision":"yes"', b'"decision":"no"', 1),
                  b"".join(lines[1:]), b"".join(lines[:1] + lines[2:]),
                  b"".join(lines[:1] + lines[:1] + lines[1:]),
                  b"".join([lines[1], lines[0]] + lines[2:])):
        log.write_bytes(wrong)
        assert mesh("audit", "verify", status=1).stderr
    log.write_bytes(whole)
    (folder(mesh) / "head").write_bytes(head)
    mesh("audit", "verify")


def test_retention(tmp_path):
    mesh = clinic(tmp_path)
    mesh("query", ALL)
    log = next(folder(mesh).glob("*.log"))
    log.rename(log.with_name("2020-03.log"))
    mesh("query", ALL)
    mesh("audit", "anchor")
    assert "2 lines" in mesh("audit", "verify").stdout or mesh("audit", "verify")
    assert mesh.json("audit", "expire", "--set", "audit_retention=20y")["count"] == 0
    assert mesh.json("audit", "expire", "--set", "audit_retention=5y")["count"] == 1
    assert not log.with_name("2020-03.log").exists()
    mesh("audit", "verify")
    mesh("query", ALL)
    mesh("audit", "verify")
    mesh("ledger", "rebuild", "--check")


def test_no_line_no_data(tmp_path):
    mesh = clinic(tmp_path)
    mesh("query", ALL)
    before = mesh("audit", "verify").stdout
    for fault in ("write:1:ENOSPC", "open:1:EROFS", "open:2:EIO"):
        seen = False
        for nth in range(1, 30):
            op = fault.split(":")
            order = f"{op[0]}:{nth}:{op[2]}"
            done = mesh("query", ALL, "--format", "csv", env={"WEFT_FAULT": order}, status=None)
            if done.returncode != 0:
                assert "Ann" not in done.stdout or "audit" in done.stderr, (order, done)
                seen = seen or "audit" in done.stderr
        assert seen or fault.startswith("open")
    mesh("query", ALL)
    mesh("audit", "verify")
    assert before


def test_full_disk(tmp_path):
    """The file of the audit cannot grow: no row comes out."""
    mesh = clinic(tmp_path)
    mesh("query", ALL)
    log = next(folder(mesh).glob("*.log"))
    full = log.with_name("full")
    shutil.copy(log, full)
    log.unlink()
    log.symlink_to("/dev/full")
    done = mesh("query", ALL, "--format", "csv", status=None)
    assert done.returncode != 0 and "Ann" not in done.stdout
    log.unlink()
    full.rename(log)
    mesh("audit", "verify")


def test_killed_in_loops(tmp_path):
    mesh = clinic(tmp_path)
    rng = random.Random(7)
    for _ in range(12):
        jobs = [subprocess.Popen([BIN, "query", ALL, "--as", "user:dana"], cwd=mesh.folder,
                                 env=CLEAN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for _ in range(3)]
        time.sleep(rng.uniform(0.01, 0.12))
        for job in jobs:
            job.send_signal(signal.SIGKILL)
            job.wait()
        mesh("query", "select count(*) from hospital.patients")
        mesh("audit", "verify")
    rows = mesh.json("audit", "--limit", "1000")
    assert {row["result"] for row in rows} <= {"done", "unfinished"}


def test_many_at_once(tmp_path):
    mesh = clinic(tmp_path)
    before = len(mesh.json("audit", "--limit", "1000"))
    jobs = [subprocess.Popen([BIN, "query", ALL, "--as", "user:dana"], cwd=mesh.folder, env=CLEAN,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(8)]
    assert [job.wait() for job in jobs] == [0] * 8
    rows = mesh.json("audit", "--limit", "1000")
    assert len(rows) == before + 8 + 1  # and the look at it before
    assert sum(row["rows"] == 3 for row in rows) >= 8
    mesh("audit", "verify")


def test_access_review(mesh):
    id = ask(mesh, "user:alice", purpose="study")
    mesh("approve", id, "--as", "user:dana")
    reads(mesh, "user:alice", purpose="study")
    other = ask(mesh, "user:bob", purpose="study")
    mesh("approve", other, "--as", "user:dana")
    text = mesh("access", "review", "--csv").stdout
    rows = {(row["rule"], row["principal"]): row for row in csv.DictReader(io.StringIO(text))}
    assert rows[(f"request {id}", "user:alice")]["reads"] == "1"
    assert rows[(f"request {id}", "user:alice")]["last_used"]
    assert rows[(f"request {other}", "user:bob")]["last_used"] == ""
    assert ("owner", "user:dana") in rows and ("emergency", "group:nurses") in rows
    unused = mesh.json("access", "review", "--unused")
    assert f"request {other}" in {row["rule"] for row in unused}
    assert f"request {id}" not in {row["rule"] for row in unused}
    mesh("access", "review", "--as", "user:aud")
    mesh("access", "review", "--as", "user:alice", status=3)
    json.dumps(unused)
    os.stat(mesh.folder)
