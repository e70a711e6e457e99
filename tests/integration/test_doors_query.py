"""Queries of somebody who is not the operator, attacked at their edges: the past by a key, files,
parameters, an emergency about an older major, another environment; and what was set aside of a
product whose contract was another one once."""
import os
import re
import stat
import time

import pytest

from access_support import clinic
from mesh_support import CLEAN, Mesh

ALL = "select * from hospital.patients order by id"


def policies(mesh, text):
    mesh.write("policies/all.yaml", text)
    mesh.apply()


GRANT = "kind: grant\nname: g\nto: [user:alice]\nread: [hospital.patients]\n"
MASK = "---\nkind: restrict\nname: r\non: [hospital.patients.name]\ntreat: hide\n"


def key_of(mesh, owner="user:alice"):
    out = mesh("key", "add", owner, "--no-end").stdout
    return re.search(r"\bweft_[A-Za-z0-9_]+", out).group(0)


@pytest.fixture
def mesh(tmp_path):
    made = clinic(tmp_path)
    made("run", "hospital.patients")
    return made


def now(mesh):
    time.sleep(1.1)
    told = mesh("query", "select strftime(now(), '%Y-%m-%dT%H:%M:%SZ') as t", "--format", "csv")
    time.sleep(1.1)
    return told.stdout.splitlines()[1]


# ---- the past ----

def test_a_key_reads_the_past_under_the_rules_of_now(mesh):
    policies(mesh, GRANT)
    key = {"WEFT_KEY": key_of(mesh)}
    then = now(mesh)
    assert "Ann Lee" in mesh("query", ALL, "--as-of", then, env=key).stdout
    policies(mesh, GRANT + MASK)
    told = mesh("query", ALL, "--as-of", then, env=key).stdout
    assert "California" in told and "Ann Lee" not in told
    # --as asks what she would have got then
    assert "Ann Lee" in mesh("query", ALL, "--as-of", then, "--as", "user:alice").stdout
    mesh.write("policies/all.yaml", "kind: purposes\npurposes: {research: Studies.}\n")
    mesh.apply()
    told = mesh("query", ALL, "--as-of", then, env=key, status=3).stderr
    assert "no access to `hospital.patients` for user:alice" in told
    at = f"select * from hospital.patients at (timestamp => timestamp '{then[:-1]}')"
    mesh("query", at, env=key, status=3)
    mesh("diff", "hospital.patients", then, env=key, status=3)


# ---- files, parameters, statements ----

def test_a_file_of_the_reader_holds_what_he_sees(mesh):
    policies(mesh, GRANT + MASK)
    for name in ("a.csv", "a.json", "a.ndjson", "a.parquet"):
        mesh("query", ALL, "-o", name, "--as", "user:alice")
        data = (mesh.folder / name).read_bytes()
        assert data and b"Ann Lee" not in data and b"name" not in data
        mode = stat.S_IMODE(os.stat(mesh.folder / name).st_mode)
        mask = os.umask(0)
        os.umask(mask)
        assert mode == 0o666 & ~mask
    # what fails half way leaves no file
    mesh("query", "select error(email) from hospital.patients", "-o", "b.csv", "--as",
         "user:alice", status=None)
    assert not (mesh.folder / "b.csv").exists()
    assert not list(mesh.folder.glob("b.csv*"))


@pytest.mark.parametrize("sql", [
    "copy hospital.patients to 'x.csv'", "copy (select 1) to 'x.csv'", "export database 'x'",
    "attach 'x.db'", "install json", "load json", "pragma database_list", "call pragma_version()",
    "set threads = 1", "create table t as select 1", "insert into hospital.patients select 1",
    "explain select * from hospital.patients", "explain analyze select 1", "select 1; select 2;",
    "select * from 'load.csv'", "select * from read_csv('weft.yaml')", "select getenv('HOME')",
    "select * from duckdb_settings()", "select current_setting('temp_directory')",
    "select * from \".weft/weft.db\".x", "select * from sqlite_scan('a', 'b')",
    "describe mesh.audit", "from glob('*')", "select * from query('select 1')"])
def test_statements_that_are_none_of_a_reader(mesh, sql):
    policies(mesh, GRANT + MASK)
    done = mesh("query", sql, "--as", "user:alice", status=None)
    if "select 1; select 2" not in sql:
        assert done.returncode in (1, 2, 3), done.stdout
        assert done.stdout == ""
    assert "Ann" not in done.stdout + done.stderr and str(mesh.folder) not in done.stderr
    assert not (mesh.folder / "x.csv").exists()


def test_parameters_are_values(mesh):
    policies(mesh, GRANT + MASK)

    def ask(sql, *params, status=0):
        words = [word for param in params for word in ("-p", param)]
        return mesh("query", sql, "--format", "csv", *words, "--as", "user:alice", status=status)

    text = "x' or true) --"
    assert ask("select count(*) c from hospital.patients where email = $e",
               f"e={text}").stdout == "c\n0\n"
    assert ask("select $e as e from hospital.patients limit 1", "e=name").stdout == "e\nname\n"
    ask("select name from hospital.patients where name = $e", "e=Ann Lee", status=1)
    ask("select * from $e", "e=hospital.patients", status=1)
    ask("select columns($e) from hospital.patients", "e=name", status=None)
    told = ask("select columns($e) from hospital.patients", "e=name", status=None)
    assert "Ann Lee" not in told.stdout + told.stderr


# ---- an emergency ----

def test_an_emergency_opens_the_major_that_was_asked_for(mesh):
    two = open(mesh.folder / "domains/hospital/patients/data_product.yaml").read()
    mesh.write("domains/hospital/patients/data_product.yaml", two.replace(
        "version: 1.0.0", "version: 2.0.0").replace("{name: age, type: int}",
                                                    "{name: years, type: int}"))
    mesh.apply()
    old = "select count(*) c from hospital.patients__v1"
    mesh("query", old, "--as", "user:nina", status=3)
    done = mesh("query", old, "--format", "csv", "--break-glass", "--because", "flood", "--as",
                "user:nina")
    assert done.stdout == "c\n3\n" and "emergency access to hospital.patients@1" in done.stderr
    # of this major alone
    mesh("query", "select 1 from hospital.patients", "--as", "user:nina", status=3)


def test_an_emergency_does_not_open_what_was_set_aside(mesh):
    done = mesh("query", "select * from hospital__quarantine.patients", "--break-glass",
                "--because", "flood", "--as", "user:nina", status=3)
    assert "only the domain hospital reads what was set aside" in done.stderr
    assert "emergency access" not in done.stderr
    assert mesh.json("requests", "--all", status=None) in ([], {"requests": []}) or \
        "flood" not in mesh("requests", status=None).stdout


def test_an_emergency_holds_at_other_doors(mesh):
    mesh("diff", "hospital.patients", "current", "current", "--as", "user:nina", status=3)
    mesh("query", ALL, "--break-glass", "--because", "flood", "--as", "user:nina")
    out = mesh("diff", "hospital.patients", "current", "current", "--as", "user:nina").stdout
    assert "3 the same" in out
    lines = [line for line in mesh.json("audit") if line["command"] == "diff"]
    assert any(line["agreement"] for line in lines)


def test_purposes_hold_for_diff(mesh):
    policies(mesh, GRANT + "purposes: [care]\n---\nkind: purposes\n"
             "purposes: {care: C., study: S.}\n")
    words = ("diff", "hospital.patients", "current", "current", "--as", "user:alice")
    mesh(*words, status=3)
    mesh(*words, "--purpose", "study", status=3)
    assert "3 the same" in mesh(*words, "--purpose", "care").stdout
    line = [line for line in mesh.json("audit") if line["command"] == "diff"][-1]
    assert line["purpose"] == "care" or any(
        one["purpose"] == "care" for one in mesh.json("audit"))


# ---- what was set aside under other contracts ----

def aside_make(folder, first, then, restrict, name="p"):
    mesh = Mesh(folder, "mesh: clinic\n")
    mesh.write("in/a.csv", "id,ssn,age\n1,123-45,4\n2,999-99,-5\n")
    mesh.write("in/b.csv", "id,age\n3,4\n")
    mesh.write("domains/hospital/domain.yaml", "owner: t@x.org\nmembers: [user:dora]\n")
    mesh.product(first, name="p", domain="hospital", head="owner: t@x.org\nversion: 0.1.0\n")
    mesh.apply()
    mesh("user", "add", "dora")
    mesh("load", "hospital.p", "in/a.csv")
    if name != "p":
        (mesh.folder / "domains/hospital/p/data_product.yaml").unlink()
    mesh.product(then, name=name, domain="hospital", head="owner: t@x.org\nversion: 0.2.0\n")
    mesh.apply()
    mesh("load", f"hospital.{name}", "in/b.csv")
    assert "999-99" in mesh("quarantine", f"hospital.{name}", "--as", "user:dora").stdout
    mesh.write("policies/p.yaml", f"kind: restrict\nname: r\non: [{restrict}]\ntreat: mask\n")
    mesh.apply()
    return mesh


FIRST = """schema: [{name: id, type: long}, {name: ssn, classification: pii.ssn},
         {name: age, type: int, min: 0}]
write: append
"""
THEN = "schema: [{name: id, type: long}, {name: age, type: int, min: 0}]\nwrite: append\n"


@pytest.mark.parametrize("restrict", ["'classification:pii.*'", "'*.*.ssn'"])
def test_columns_that_were_once_count(tmp_path, restrict):
    mesh = aside_make(tmp_path / "m", FIRST, THEN, restrict)
    told = mesh("quarantine", "hospital.p", "--as", "user:dora", status=3).stderr
    assert "999-99" not in told and "holds values as they came" in told


def test_columns_of_another_name_count(tmp_path):
    """The product had another name when the row was set aside."""
    mesh = aside_make(tmp_path / "m", FIRST, THEN + "was: hospital.p\n", "'classification:pii.*'",
                      name="q")
    told = mesh("quarantine", "hospital.q", "--as", "user:dora", status=3).stderr
    assert "999-99" not in told


def test_examples_of_a_blocked_run(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: clinic\n")
    mesh.write("in/a.csv", "id,ssn,age\n1,123-45,4\n2,999-99,-5\n")
    mesh.write("domains/hospital/domain.yaml", "owner: t@x.org\nmembers: [user:dora]\n")
    for name in ("p", "q"):
        mesh.product("input: ../../../in/a.csv\nschema: [{name: id, type: long}, {name: ssn},\n"
                     "  {name: age, type: int, min: 0, on_fail: {min: block}}]\n", name=name,
                     domain="hospital")
    mesh("apply", "--yes", status=3)
    mesh("user", "add", "dora")
    mesh("user", "add", "eve")
    run = mesh.json("runs", "hospital.p")[0]["run_id"]
    assert "999-99" in mesh("quarantine", "hospital.p", "--run", run).stdout
    assert "999-99" in mesh("quarantine", "hospital.p", "--run", run[:8], "--as",
                            "user:dora").stdout
    told = mesh("quarantine", "hospital.p", "--run", run, "--as", "user:eve", status=3).stderr
    assert "999-99" not in told
    # a run of another product is none of this one
    assert "has no run" in mesh("quarantine", "hospital.q", "--run", run, status=1).stderr
    one = mesh("quarantine", "hospital.q", "--run", run, "--as", "user:dora", status=1).stderr
    assert one.replace(run, "") == mesh("quarantine", "hospital.q", "--run", "0" * 8, "--as",
                                        "user:dora", status=1).stderr.replace("0" * 8, "")
    lines = [line for line in mesh.json("audit") if line["principal"] == "user:dora"]
    assert lines[-1]["rows"] == 1 or any(line["rows"] == 1 for line in lines)
    mesh.write("policies/p.yaml", "kind: restrict\nname: r\non: [hospital.p.ssn]\ntreat: mask\n")
    mesh("apply", "--yes", status=3)
    mesh("quarantine", "hospital.p", "--run", run, "--as", "user:dora", status=3)


# ---- another environment ----

def test_what_is_deferred_to_is_not_read_by_others(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: m\nenvironments:\n  prod: {home: homes/prod}\n"
                "  work: {home: homes/work, defer: prod}\n")
    mesh.product("schema: [{name: id, type: long}]\n", name="p", domain="d")
    mesh.write("a.csv", "id\n1\n")
    mesh("apply", "--yes", "--env", "prod", status=None)
    mesh("load", "d.p", "a.csv", "--env", "prod", status=None)
    mesh("apply", "--yes", "--env", "work", status=None)
    assert mesh("query", "select * from d.p", "--env", "work", "--format", "csv",
                status=None).stdout == "id\n1\n"
    mesh("user", "add", "eve", "--env", "work")
    mesh.write("policies/g.yaml", "kind: grant\nname: g\nto: [everyone]\nread: ['*']\n")
    mesh("apply", "--yes", "--env", "work")
    for sql in ("select * from d.p", "select * from d.p where id = 1"):
        done = mesh("query", sql, "--env", "work", "--as", "user:eve", "--format", "csv",
                    status=None)
        assert done.stdout in ("id\n", "")
    mesh("diff", "d.p", "--env", "work", "--as", "user:eve", status=1)


# ---- what a policy looks rows up in ----

LAB = """kind: grant
name: g
to: [user:ravi]
read: [lab.look]
---
kind: restrict
name: r
on: [lab.look]
rows: not id in (lab.consent.id where ok = false)
---
kind: restrict
name: coarse
on: [lab.look.weight]
treat: {round: 100}
---
kind: restrict
name: hides
on: [lab.look.ssn]
treat: hide
min_group: {size: 2, by: ssn}
"""


@pytest.fixture
def lab(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: lab\n")
    mesh.write("in/look.csv", "id,weight,ssn\n1,170,a\n2,260,b\n3,9,c\n")
    mesh.write("in/consent.csv", "id,ok\n1,true\n2,false\n")
    mesh.product("input: ../../../in/look.csv\nschema: [{name: id, type: long}, {name: weight, "
                 "type: long}, {name: ssn, type: string}]\n", name="look", domain="lab")
    mesh.product("input: ../../../in/consent.csv\ndiscoverable: private\n"
                 "deprecated: {since: 2026-01-01}\n"
                 "schema: [{name: id, type: long}, {name: ok, type: boolean}]\n",
                 name="consent", domain="lab")
    mesh.write("policies/all.yaml", LAB)
    mesh("apply", "--yes", "--no-run")
    mesh("user", "add", "ravi")
    mesh("run", "lab.look")
    return mesh


COUNT = "select count(*) as c from lab.look"


def test_a_lookup_is_not_named(lab):
    def ask(*words, status=0):
        done = lab("query", COUNT, "--format", "csv", *words, "--as", "user:ravi", status=status)
        assert "consent" not in done.stdout + done.stderr
        return done

    before = now(lab)
    empty = ask()
    assert empty.stdout == "c\n3\n" and "snapshot" not in empty.stderr
    assert "deprecated" not in empty.stderr
    lab("run", "lab.consent")
    full = ask()
    assert full.stdout == "c\n2\n" and full.stderr == empty.stderr
    told = ask("--as-of", before, status=None)
    assert told.returncode != 0 and "looks rows up" in told.stderr
    assert "lab.consent has no snapshot" not in told.stderr
    for path in (lab.folder / ".weft").rglob("*.metadata.json"):
        if "/lake/lab/consent" in str(path):
            path.write_text("{")
    damaged = ask(status=None)
    assert damaged.stderr == told.stderr and damaged.returncode == told.returncode


def test_can_tells_him_kinds(lab):
    words = ["can", "user:ravi", "read", "lab.look"]
    lines = lab(*words, "--as", "user:ravi").stdout.splitlines()
    assert sorted(lines[1:]) == ["  + grant g: granted to user:ravi",
                                 "  - restrict coarse: columns: round",
                                 "  - restrict hides: only groups of enough subjects come out",
                                 "  - restrict r: rows are kept back"], lines
    text = lab(*words, "--as", "user:ravi", "--json").stdout
    for secret in ("consent", "false", "100", "ssn", "hide:"):
        assert secret not in text.replace('"emergency": false', "")
    made = lab.json(*words, "--as", "user:ravi")
    assert made["rows"] == "some are kept back"
    assert made["columns"] == {"id": "none", "weight": "round"} and made["sql"] is None
    one = lab(*words[:-1], "lab.look.weight", "--as", "user:ravi").stdout
    assert one.splitlines()[0].endswith(", as round") and "100" not in one
    # Who looks after access sees all of it.
    all_of_it = lab(*words).stdout
    assert "lab.consent.id WHERE ok = false" in all_of_it and "{round: 100}" in all_of_it
    assert "1 column: hide" in all_of_it


def test_a_denial_names_no_column_of_a_policy(lab):
    lab.write("policies/all.yaml", LAB.replace("not id in", "not zork in"))
    lab("apply", "--yes", "--no-run")
    for words in (["query", COUNT], ["can", "user:ravi", "read", "lab.look"],
                  ["show", "lab.look"], ["show", "lab.look", "--json"]):
        done = lab(*words, "--as", "user:ravi", status=None)
        assert "zork" not in done.stdout + done.stderr, words
        assert "a column that the product does not have" in done.stdout + done.stderr, words
    assert "zork" in lab("can", "user:ravi", "read", "lab.look", status=3).stdout


def test_the_memory_of_a_run_is_for_its_team(lab):
    lab.write("policies/all.yaml", LAB.split("---")[0])
    lab("apply", "--yes", "--no-run")
    sql = "select seconds, memory_bytes from mesh.runs where product = 'lab.look'"

    def ask(*words):
        return lab("query", sql, "--format", "csv", *words).stdout.splitlines()[1].split(",")

    assert all(ask())
    seconds, memory = ask("--as", "user:ravi")
    assert seconds and not memory


def test_the_terms_of_an_agreement_are_told_as_kinds(lab):
    lab("user", "add", "ann")
    made = lab.json("request", "lab.look", "--because", "a study", "--as", "user:ann")["request"]
    lab("approve", made, "--treat", "weight=round:100", "--treat", "ssn=hide", "--rows",
        "id in (lab.consent.id where ok = true)", "--min-group", "2:id")
    own = lab("requests", made, "--as", "user:ann")
    own = own.stdout + lab("requests", made, "--json", "--as", "user:ann").stdout
    assert "columns: round" in own and "some are kept back" in own
    for secret in ("consent", "100", "ssn", "2:id"):
        assert secret not in own
    sql = "select treat, rows, min_group from mesh.grants"
    told = lab("query", sql, "--format", "csv", "--as", "user:ann").stdout.splitlines()
    assert told[1:] == [",,"]
    assert "lab.consent" in lab("requests", made).stdout
    assert "lab.consent" in lab("query", sql, "--format", "csv").stdout
