"""What show, export, lineage, completion and hints tell somebody (--as, a key): as in a world in
which what he may not know of is not there. Two worlds: in one of them hr.secret reads what he knows
of, and open.summary reads hr.secret and hr.raw; in the other there are no such products, and
open.summary is loaded from a file."""
import json
import re

import pytest

from mesh_support import Mesh
from twin_support import PERSONAS, Twins, alike

PATIENTS = "id,name,email,ssn,state,age\n1,Ann Lee,a@x.org,111,QC,31\n2,Bo Roy,b@y.org,222,ON,45\n"
PATIENTS_FILE = """description: Who is here.
terms_of_use: For studies only.
tags: [clinical]
input: ../../../in/patients.csv
schema:
  - {name: id, type: long, required: true, min: 1}
  - {name: name, pattern: "[A-Z].*", classification: pii.name}
  - {name: email, classification: pii.email}
  - {name: ssn, classification: pii.ssn}
  - {name: state, enum: [QC, ON]}
  - {name: age, type: int, max: 130}
key: id
quality:
  rows: {min: 1}
  checks:
    - {name: ages, condition: age >= 0}
    - {name: numbers, condition: ssn is not null}
    - {name: twice, sql: "select ssn from this group by ssn having count(*) > 9"}
access: {purposes: [care], grant: [group:nurses]}
tests:
  - {name: one, given: {input: [{id: 7, age: 7}]}, expect: [{id: 7}]}
"""
COPY = """sql: |
  select id, state, upper(email) as mail, age from hospital.patients where ssn is not null
schema: [{name: id, type: long}, {name: state}, {name: mail}, {name: age, type: int}]
"""
SECRET = """discoverable: private
sql: select id, state from hospital.patients
schema: [{name: id, type: long}, {name: state}]
"""
RAW = """discoverable: private
input: ../../../in/summary.csv
"""
SUMMARY = """{source}
schema:
  - {{name: id, type: long}}
  - {{name: state}}
"""
LAST = """sql: select s.id, p.state from open.summary s join hospital.patients p using (id)
schema: [{name: id, type: long}, {name: state}]
"""
POLICIES = """kind: grant
name: researchers
to: [group:researchers]
read: [hospital.*, open.*, lab.*]
---
kind: grant
name: readers
to: [group:readers]
read: [open.*, lab.*]
---
kind: restrict
name: hidden
on: [hospital.patients.ssn]
treat: hide
except: [group:nurses, "domain:lab", "domain:hr", "domain:open"]
---
kind: restrict
name: masked
on: ["classification:pii.*"]
treat: mask
except: [group:nurses, "domain:lab", "domain:hr", "domain:open"]
---
kind: restrict
name: years
on: [hospital.patients.age]
treat: {round: 10}
except: [group:nurses, "domain:lab", "domain:hr", "domain:open"]
---
kind: restrict
name: near
on: [hospital.*]
rows: state = 'QC'
except: [group:nurses, "domain:lab", "domain:hr", "domain:open"]
"""
PEOPLE = {"rita": "researchers", "rob": "readers", "nina": "nurses", "eve": None}
EVERYBODY = [f"user:{name}" for name in PEOPLE]


def world(folder, secret, run=True):
    mesh = Mesh(folder / "m", "mesh: twin\n")
    mesh.write("in/patients.csv", PATIENTS)
    mesh.write("in/summary.csv", "id,state\n1,QC\n2,ON\n")
    mesh.product(PATIENTS_FILE, name="patients", domain="hospital")
    mesh.write("domains/hospital/domain.yaml", "members: [group:nurses]\n")
    mesh.product(COPY, name="copy", domain="lab")
    if secret:
        mesh.product(SECRET, name="secret", domain="hr")
        mesh.product(RAW, name="raw", domain="hr")  # of columns that apply cannot know
    mesh.product(SUMMARY.format(source="sql: select s.id, r.state from hr.secret s join hr.raw r "
                                "using (id)" if secret else "input: ../../../in/summary.csv"),
                 name="summary", domain="open")
    mesh.product(LAST, name="last", domain="open")
    mesh.write("policies/all.yaml", POLICIES)
    mesh.apply("--no-run")
    for group in ("researchers", "readers", "nurses"):
        mesh("group", "add", group)
    for name, group in PEOPLE.items():
        mesh("user", "add", name, *(["--group", group] if group else []))
    if run:
        mesh("run")
    return mesh


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins")
    return world(folder / "without", False), world(folder / "with", True)


def told(mesh, *words, **more):
    done = mesh(*words, status=None, **more)
    return (alike(done.stdout, mesh.folder), done.stderr, done.returncode)


def same(twins, *words, **more):
    without, present = (told(mesh, *words, **more) for mesh in twins)
    assert without == present, words
    assert "secret" not in without[0] or any("secret" in str(word) for word in words), words
    return present


def json_as(mesh, who, *words):
    return json.loads(mesh(*words, "--as", who, "--json").stdout)


KNOWN = ("hospital.patients", "lab.copy", "open.summary", "open.last")
GONE = ("hr.secret", "hr.secret@1", "hr.secrets", "hr.nobody", "hospital.secret", "x.y", "secret",
        "hospital.patients@9", "hospital.patient")


# ---- two worlds ----

@pytest.mark.parametrize("who", EVERYBODY)
def test_doors_are_the_same_in_both_worlds(twins, who):
    for product in KNOWN:
        for words in (["show", product], ["lineage", product], ["lineage", product, "--down"],
                      ["lineage", product, "--depth", 1, "--down", "--dot"],
                      ["lineage", product, "--depth", 1],
                      ["export", product, "--to", "odcs"], ["export", product, "--to", "markdown"],
                      ["can", who, "read", product]):
            same(twins, *words, "--as", who)
            if words[0] in ("show", "lineage") and "--dot" not in words:
                same(twins, *words, "--as", who, "--json")


def test_names_are_the_same_in_both_worlds(twins):
    who = "user:rita"
    for product in GONE:
        for words in (["show", product], ["show", product, "--json"], ["lineage", product],
                      ["lineage", product, "--as-of", "2020-01-01"],
                      ["lineage", product, "--snapshot", 17], ["export", product, "--to", "sql"],
                      ["can", who, "read", product],
                      ["request", product, "--because", "x"]):
            same(twins, *words, "--as", who)


@pytest.mark.parametrize("who", ["user:rita", "user:eve"])
def test_columns_are_the_same_in_both_worlds(twins, who):
    for column in ("hospital.patients.state", "hospital.patients.ssn", "hospital.patients.sn",
                   "hr.secret.id", "open.summary.id", "open.last.state", "lab.copy.mail"):
        for way in ("--up", "--down"):
            for form in (["--json"], ["--direct"], ["--mermaid", "--depth", 1]):
                same(twins, "lineage", column, way, *form, "--as", who)


def test_what_is_not_known_is_not_there(twins):
    """One text for what never was and what may not be known, but for the name."""
    mesh = twins[1]
    for words in (["show", "{}"], ["lineage", "{}"], ["lineage", "{}.id"], ["show", "{}", "--json"],
                  ["lineage", "{}", "--as-of", "2036-01-01"], ["export", "{}", "--to", "odcs"],
                  ["lineage", "{}", "--snapshot", "5"], ["show", "{}@1"]):
        answers = [told(mesh, *[word.format(name) for word in words], "--as", "user:rita")
                   for name in ("hr.secret", "hr.absent")]
        assert answers[0][2] == 1
        assert answers[0][1].replace("secret", "absent") == answers[1][1], words
        assert answers[0][0] == answers[1][0]


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Hidden columns, rows, majors, names, policies and people as well; a service with a key."""
    return Twins(tmp_path_factory.mktemp("others"))


@pytest.mark.parametrize("who", PERSONAS)
def test_other_worlds(others, who):
    for product in ("shop.orders", "shop.people", "shop.report", "shop.closed", "lab.assays"):
        for words in (["show", product], ["show", product, "--json"], ["lineage", product],
                      ["lineage", product, "--down", "--json"],
                      ["lineage", f"{product}.id", "--down"], ["lineage", f"{product}.ssn"],
                      ["lineage", f"{product}.grade", "--json"],
                      ["export", product, "--to", "odcs"]):
            others.same(*words, who=who)
        himself = f"service:{who}" if who == "dash" else f"user:{who}"
        for words in ([product], [f"{product}.ssn"], [f"{product}.id", "--json"],
                      [product, "--json"]):
            others.same("can", himself, "read", *words, who=who)
    for name in ("hr.secret", "hr.secret@2", "hr.wages", "hr.payroll", "hr.gone", "hr.nothing"):
        for words in (["show", name], ["lineage", name, "--down"], ["lineage", f"{name}.grade"],
                      ["lineage", name, "--as-of", "2036-01-01"], ["export", name, "--to", "sql"]):
            others.same(*words, who=who)
    option = " ".join(PERSONAS[who])
    for line in (f"weft show {option} ", f"weft lineage {option} hr.", f"weft runs {option} ",
                 f"weft logs {option} ", f"weft ls {option} tag:"):
        others.same("complete", "--", line, line.split(" ")[-1], who="dash" if who == "dash"
                    else None)


# ---- show ----

def test_show_for_who_reads_some(twins):
    mesh = twins[1]
    shown = json_as(mesh, "user:rita", "show", "hospital.patients")
    columns = {one["column"]: (one["type"], one["treatment"]) for one in shown["columns"]}
    assert columns == {"id": ("long", "none"), "name": ("string", "mask"),
                       "email": ("string", "mask"), "state": ("string", "none"),
                       "age": ("int", "round")}
    assert shown["access"]["read"] is True and shown["access"]["rows_kept_back"] is True
    assert shown["snapshot_id"] is None and "home" not in shown and "metadata" not in shown
    text = json.dumps(shown)
    for kept in ("ssn", "patients.csv", "nurses", "QC'", "[A-Z]", "rows\": {", "tests", "130"):
        assert kept not in text, kept
    assert [check["name"] for check in shown["contract"]["quality"]["checks"]] == ["ages"]
    assert shown["contract"]["access"] == {"purposes": ["care"]}
    assert [one["product"] for one in shown["read_by"]] == ["lab.copy", "open.last"]
    people = mesh("show", "hospital.patients", "--as", "user:rita").stdout
    assert "you may read it; rows may be kept back" in people and "(mask)" in people
    assert "For studies only." in people and "ssn" not in people and "10" not in people


def test_show_for_who_may_only_find_it(twins):
    mesh = twins[1]
    shown = json_as(mesh, "user:rob", "show", "hospital.patients")
    assert shown["access"]["read"] is False
    assert shown["access"]["to_ask"].startswith("weft request hospital.patients@1 ")
    assert "ssn" not in json.dumps(shown)
    # As a grant of all of it would leave them.
    assert {one["column"]: one["treatment"] for one in shown["columns"]}["email"] == "mask"
    people = mesh("show", "hospital.patients", "--as", "user:rob").stdout
    assert "access      none: nothing grants it to user:rob" in people
    assert "weft request hospital.patients" in people


def test_show_for_the_team_and_for_who_reads_all(twins):
    mesh = twins[1]
    shown = json_as(mesh, "user:nina", "show", "hospital.patients")
    assert shown["contract"] == json.loads(mesh("show", "hospital.patients",
                                                "--json").stdout)["contract"]
    assert shown["snapshot_id"] is not None
    assert "patients.csv" in mesh("show", "hospital.patients", "--as", "user:nina").stdout
    # All rows, but of another domain: promises, not how it is made.
    shown = json_as(mesh, "user:rob", "show", "open.last")
    assert shown["snapshot_id"] is not None and "sql" not in shown["contract"]
    assert {one["product"] for one in shown["reads"]} == {"hospital.patients", "open.summary"}
    assert json_as(mesh, "user:rob", "show", "open.summary")["reads"] == []


def test_can_tells_nothing_of_hidden_columns(twins):
    mesh = twins[1]
    words = ["can", "user:rita", "read", "hospital.patients"]
    said = mesh(*words, "--as", "user:rita").stdout
    assert "restrict masked: columns: mask" in said and "hidden" not in said
    assert "ssn" not in mesh(*words, "--json", "--as", "user:rita").stdout
    told = mesh(*words[:-1], "hospital.patients.ssn", "--as", "user:rita", status=1).stderr
    assert "has no column `ssn`" in told
    # Who looks after access is told all of it.
    said = mesh(*words).stdout
    assert "restrict hidden: 1 column: hide" in said and "3 columns: mask" in said


def test_a_team_is_not_told_what_it_may_not_know(tmp_path):
    """Its contract names a product of which the member may not know: then it is cut."""
    mesh = Mesh(tmp_path / "m", "mesh: m\n")
    mesh.write("in/patients.csv", PATIENTS)
    mesh.product("input: ../../../in/patients.csv\ndiscoverable: private\n"
                 "schema: [{name: id, type: long}]\n", name="secret", domain="hr")
    mesh.product("sql: select id from hr.secret\nschema: [{name: id, type: long, "
                 "references: hr.secret.id}]\n"
                 "quality: {checks: [{name: few, condition: id > 0}]}\n",
                 name="own", domain="lab")
    mesh.write("domains/lab/domain.yaml", "members: [user:lena]\n")
    mesh.write("policies/a.yaml", "kind: grant\nname: g\nto: [domain:lab]\nread: [hr.*]\n")
    mesh.apply()
    mesh("user", "add", "lena")
    mesh("run")
    shown = mesh("show", "lab.own", "--json", "--as", "user:lena").stdout
    assert "secret" not in shown and '"few"' in shown
    assert "secret" not in mesh("show", "lab.own", "--as", "user:lena").stdout
    assert "secret" not in mesh("export", "lab.own", "--to", "odcs", "--as", "user:lena").stdout
    assert "it comes from nothing that you may know of" in mesh(
        "lineage", "lab.own", "--as", "user:lena").stdout


def test_versions(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: m\n")
    mesh.write("in/patients.csv", PATIENTS)
    text = "input: ../../../in/patients.csv\nschema: [{name: id, type: long}]\n"
    mesh.product(text, name="old", domain="lab")
    mesh.apply()
    mesh("run")
    mesh("user", "add", "eve")
    mesh.write("domains/lab/old/data_product.yaml",
               "name: new\nwas: lab.old\nowner: t@x.org\nversion: 1.0.0\n" + text)
    mesh.apply()
    assert "lab.new 1.0.0" in mesh("show", "lab.new", "--as", "user:eve").stdout
    assert "lab.new 1.0.0" in mesh("show", "lab.new@1", "--as", "user:eve").stdout
    for name in ("lab.old", "lab.new@2"):
        assert "there is no product" in mesh("show", name, "--as", "user:eve", status=1).stderr


# ---- export ----

def test_export_is_cut(twins):
    mesh = twins[1]
    for form in ("odcs", "json-schema", "sql", "markdown"):
        text = mesh("export", "hospital.patients", "--to", form, "--as", "user:rita").stdout
        assert "state" in text, form
        for kept in ("ssn", "patients.csv", "nurses", "[A-Z]"):
            assert kept not in text, (form, kept)
    assert "ssn" in mesh("export", "hospital.patients", "--to", "sql", "--as", "user:nina").stdout


# ---- lineage ----

def test_lineage_ends_at_what_is_not_known(twins):
    mesh = twins[1]
    whole = mesh.json("lineage", "open.last")
    assert "hr.secret" in {node["product"] for node in whole["nodes"]}
    nodes = json_as(mesh, "user:rita", "lineage", "open.last")["nodes"]
    assert {(one["product"], one["depth"]) for one in nodes} == {
        ("open.last", 0), ("open.summary", 1), ("hospital.patients", 1)}
    assert not any(one["more"] or one["unknown"] for one in nodes)
    down = json_as(mesh, "user:rita", "lineage", "hospital.patients", "--down")["nodes"]
    assert {one["product"] for one in down} == {"hospital.patients", "lab.copy", "open.last"}
    assert "nothing that you may know of" in mesh("lineage", "open.summary", "--as",
                                                  "user:rita").stdout


def test_lineage_that_is_not_known_yet(tmp_path):
    """Nor does it tell that a column may come from more."""
    twins = [world(tmp_path / "without", False, run=False),
             world(tmp_path / "with", True, run=False)]
    nodes = twins[1].json("lineage", "open.summary.state")["nodes"]
    assert any(node["unknown"] or not node["recorded"] for node in nodes)
    for product in ("open.summary", "open.summary.state", "open.last.id"):
        for form in ([], ["--json"], ["--depth", 1, "--json"]):
            same(twins, "lineage", product, *form, "--as", "user:rita")


def test_lineage_has_no_hidden_columns_and_no_files(twins):
    mesh = twins[1]
    assert "ssn" in mesh("lineage", "lab.copy.id", "--json").stdout
    text = mesh("lineage", "lab.copy.id", "--json", "--as", "user:rita").stdout
    assert "ssn" not in text and '"hospital.patients"' in text
    told = mesh("lineage", "hospital.patients.ssn", "--as", "user:rita", status=1).stderr
    assert "has no column `ssn`" in told
    assert "files" not in mesh("lineage", "hospital.patients.id", "--as", "user:rita").stdout
    assert "files of hospital.patients" in mesh("lineage", "hospital.patients.id", "--as",
                                                "user:nina").stdout.replace('"id" of the ', "")


def test_lineage_of_a_snapshot(twins):
    mesh = twins[1]
    def newest(product):
        return mesh.json("show", product)["snapshot_id"]
    denied = mesh("lineage", "hospital.patients", "--snapshot", newest("hospital.patients"),
                  "--as", "user:rita", status=3).stderr
    assert "it is for who may read all of `hospital.patients`" in denied
    done = mesh("lineage", "open.last", "--snapshot", newest("open.last"), "--as", "user:rob")
    assert "open.summary snapshot" in done.stdout
    for kept in ("secret", "patients", ".csv"):
        assert kept not in done.stdout
    assert ".csv" in mesh("lineage", "hospital.patients", "--snapshot",
                          newest("hospital.patients"), "--as", "user:nina").stdout


# ---- completion, hints, the shell ----

def completed(mesh, line, **more):
    word = re.split(r"[ =]", line)[-1]
    return mesh("complete", "--", line, word, **more).stdout.splitlines()[1:]


def test_completion_offers_what_may_be_known(twins):
    for who in EVERYBODY:
        for line in ("weft show --as {} ", "weft --as {} lineage h", "weft show --as={} hr",
                     "weft request --as {} ", "weft export --as {} o"):
            same(twins, "complete", "--", line.format(who), "")
    mesh = twins[1]
    assert "hr.secret" in completed(mesh, "weft show ")
    assert completed(mesh, "weft show --as user:rita ") == sorted(KNOWN)
    assert completed(mesh, "weft show --as user:nobody ") == []
    # Commands that he may not do complete nothing of the home.
    assert completed(mesh, "weft drop --as user:rita ") == []
    assert completed(mesh, "WEFT_KEY=weft_1 weft show ") == []


def test_completion_by_a_key(twins):
    mesh = twins[1]
    mesh("service", "add", "robot", status=None)
    made = mesh.json("key", "add", "service:robot", "--product", "lab.*", "--days", 3)
    key = {"WEFT_KEY": made["secret"] if "secret" in made else made["key"]}
    assert completed(mesh, "weft show ", env=key) == ["lab.copy"]
    assert mesh("show", "lab.copy", env=key).stdout.startswith("lab.copy 1.0.0")
    assert "there is no product `open.last`" in mesh("show", "open.last", env=key,
                                                     status=1).stderr
    assert completed(mesh, "weft show ", env={"WEFT_KEY": "weft_nothing"}) == []


def test_the_shell(twins):
    for who in EVERYBODY:
        for text in ("\\d\n", "\\dt\n", "\\d hr.secret\n", "\\d open.summary\n", "\\dt secret\n",
                     "\\d hospital.patients\n", "select * from hr.secrets;\n",
                     "select * from hr.secret;\n", "select * from secret;\n",
                     "describe hospital.patients;\n", "\\d mesh.products\n"):
            same(twins, "query", "--as", who, input=text)
    listed = twins[1]("query", "--as", "user:rita", input="\\dt hospital\n").stdout
    assert re.search(r"hospital\.patients +5\b", listed)  # of six columns
    assert "ssn" not in twins[1]("query", "--as", "user:rita", input="\\d hospital.patients\n"
                                 ).stdout


# ---- commands that touch no home ----

def test_validate_stands_alone(twins):
    mesh = twins[1]
    mesh.write("domains/lab/more/data_product.yaml",
               "owner: t@x.org\nversion: 1.0.0\nsql: select id from hr.other\n")
    done = mesh("validate", "--as", "user:rita", status=None)
    assert "the home was not looked at" in done.stderr
    (mesh.folder / "domains/lab/more/data_product.yaml").unlink()
    mesh("validate", "--as", "user:rita")
    mesh("schema", "--as", "user:nobody")
    mesh("version", env={"WEFT_KEY": "weft_nothing"})
    done = mesh("drop", "hr.secret", "--as", "user:rita", status=3)
    assert "for the local operator alone" in done.stderr


def test_denials_stand_in_the_audit(twins):
    mesh = twins[1]
    mesh("show", "hr.secret", "--as", "user:eve", status=1)
    lines = mesh.json("audit", "--limit", "50")
    assert any("hr.secret" in json.dumps(line) and "user:eve" in json.dumps(line)
               for line in lines)
