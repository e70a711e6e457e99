"""The doors that show rows beside queries: diff and quarantine by principals, and that all others
are the local operator's. What is hidden makes no difference: two homes that differ in nothing but
what a reader may not see answer him with the same bytes."""
import json
import re

import pytest

from mesh_support import Mesh
from twin_support import Twins

PRODUCT = """tags: [clinical]
schema:
  - {name: id, type: long, required: true}
  - {name: name, classification: pii.name}
  - {name: ssn, classification: pii.ssn}
  - {name: state}
  - {name: age, type: int, min: 0}
key: id
write: replace
"""
POLICIES = """kind: grant
name: readers
to: [group:readers]
read: [hospital.*]
---
kind: grant
name: finders
to: [user:keyless, user:fold, user:raw]
read: [hospital.patients]
---
kind: restrict
name: names
on: ["classification:pii.name"]
treat: mask
except: [user:raw, group:team]
---
kind: restrict
name: numbers
on: ["classification:pii.ssn"]
treat: hide
except: [user:raw, group:team]
---
kind: restrict
name: own_state
on: [hospital.patients]
rows: state = principal.state
except: [user:keyless, user:fold, user:raw, group:team]
---
kind: restrict
name: no_key
on: [hospital.patients.id]
treat: hide
except: [group:readers, user:fold, user:raw, group:team]
---
kind: restrict
name: folded_key
on: [hospital.patients.id]
treat: {round: 10}
except: [group:readers, user:keyless, user:raw, group:team]
---
kind: restrict
name: groups
on: [hospital.small]
min_group: {size: 2, by: id}
except: [group:team]
---
kind: restrict
name: member_sees_less
on: [hospital.*]
treat: hide
except: [group:readers, user:keyless, user:fold, user:raw, group:seeing]
"""
HEAD = "id,name,ssn,state,age\n"
# What everybody of California sees: 1 stays, 2 changes its age, 3 goes, 4 comes.
BEFORE = ["1,Ann Lee,{s}1,California,31", "2,Bo Roy,{s}2,California,45",
          "3,Cy Oz,{s}3,California,8"]
AFTER = ["1,Ann Lee,{s}1,California,31", "2,Bo Roy,{s}2,California,46",
         "4,Di Fox,{s}4,California,9"]
WORLDS = {"a": (["90,Quincy,9,Quebec,70", "91,Rita,8,Quebec,71"], ["90,Quincy,9,Quebec,70"],
                "1", "1"),
          "b": ([], ["95,Zoe,7,Quebec,10", "96,Max,7,Quebec,11", "97,Xu,5,Quebec,12"], "1", "2")}
PEOPLE = {"ann": ("--group", "readers", "--set", "state=California"),
          "nobody": (), "keyless": (), "fold": (), "raw": (),
          "dora": ("--group", "team", "--group", "seeing"), "dim": ("--group", "team")}
ELSE = "id,name,ssn,state,age\n1,A,1,Ohio,5\n"


def make(folder, hidden_before=(), hidden_after=(), before_ssn="1", after_ssn="1"):
    mesh = Mesh(folder, "mesh: clinic\n")
    mesh.product(PRODUCT, name="patients", domain="hospital")
    mesh.product(PRODUCT, name="small", domain="hospital")
    mesh.product(PRODUCT + "discoverable: private\n", name="secret", domain="hospital")
    mesh.write("domains/hospital/domain.yaml", "owner: t@x.org\nmembers: [group:team]\n")
    mesh.write("policies/all.yaml", POLICIES)
    mesh.apply()
    for group in ("readers", "team", "seeing"):
        mesh("group", "add", group)
    for name, words in PEOPLE.items():
        mesh("user", "add", name, *words)
    states = ((BEFORE, hidden_before, before_ssn), (AFTER, hidden_after, after_ssn))
    for number, (lines, hidden, ssn) in enumerate(states):
        rows = [line.format(s=ssn) for line in lines] + list(hidden)
        mesh.write(f"{number}.csv", HEAD + "\n".join(rows) + "\n")
        mesh("load", "hospital.patients", f"{number}.csv")
        mesh("load", "hospital.small", f"{number}.csv")
    return mesh


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    return {name: make(tmp_path_factory.mktemp(name), *world) for name, world in WORLDS.items()}


@pytest.fixture(scope="module")
def mesh(worlds):
    return worlds["a"]


def plain(text):
    """Without what differs between any two homes: ids, times."""
    text = re.sub(r"\b\d{15,19}\b", "ID", text)
    return re.sub(r"\d{4}-\d\d-\d\d[ T][\d:.]+Z?", "TIME", text)


def same(worlds, *words, status=0):
    """The answer of both worlds, which must be one."""
    all = [mesh(*words, status=status) for mesh in worlds.values()]
    texts = [plain(done.stdout + "\n----\n" + done.stderr) for done in all]
    assert texts[0] == texts[1], words
    return all[0]


def diff(mesh, who, *words, **more):
    lines = mesh("--json", "diff", "hospital.patients", *words, "--as", who, **more).stdout
    head, *rows = [json.loads(line) for line in lines.splitlines()]
    return head, rows


# ---- diff ----

def test_worlds_differ(worlds):
    texts = [plain(mesh("diff", "hospital.patients").stdout) for mesh in worlds.values()]
    assert texts[0] != texts[1]


def test_diff_shows_what_he_sees(mesh):
    head, rows = diff(mesh, "user:ann")
    assert (head["added"], head["removed"], head["changed"], head["same"]) == (1, 1, 1, 1)
    assert (head["before"]["rows"], head["after"]["rows"]) == (3, 3)
    assert [column["after"] for column in head["columns"]] == ["id", "name", "state", "age"]
    assert rows[0]["key"] == {"id": 2} and rows[0]["after"]["name"] == "B*** R***"
    assert "ssn" not in json.dumps(rows) and "Bo Roy" not in json.dumps(rows)
    raw, rows = diff(mesh, "user:raw")
    assert raw["before"]["rows"] == 5 and rows[0]["after"]["ssn"] == "12"


@pytest.mark.parametrize("words", [(), ("--summary",), ("--exit-code", "--summary"),
                                   ("current", "current"), ("--limit", "1"),
                                   ("-1", "current"), ("current", "-1")])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_diff_is_the_same_whatever_is_hidden(worlds, words, form):
    status = 4 if "--exit-code" in words else 0
    same(worlds, *form, "diff", "hospital.patients", *words, "--as", "user:ann", status=status)


@pytest.mark.parametrize("who, why", [("user:keyless", "not all of the key is seen as it is"),
                                      ("user:fold", "not all of the key is seen as it is")])
def test_diff_without_the_key_compares_whole_rows(mesh, who, why):
    text = mesh("diff", "hospital.patients", "--as", who).stdout
    assert why in text
    if who == "user:keyless":
        assert "id:" not in text and "column id" not in text
        assert "name: B*** R***, state: California, age: 46" in text
    else:
        assert "+ id: 0, name: B*** R***, state: California, age: 46" in text


def test_a_change_in_what_is_hidden_is_none(worlds):
    """In world b each row has another ssn afterwards: nobody but who sees it is told."""
    head, _ = diff(worlds["b"], "user:raw")
    assert head["changed"] == 2
    head, rows = diff(worlds["b"], "user:ann", "--exit-code", status=4)
    assert head["changed"] == 1 and len(rows) == 3


def test_hidden_rows_in_the_files_of_seen_ones(tmp_path):
    """An upsert writes whole files anew: that one lies in the same file as a hidden row which
    changed is not told, and a masked key that is not unique there is none either."""
    answers = []
    for name, line in (("x", "50,Zed,1,Quebec,5"), ("y", "60,New,1,Ohio,5")):
        mesh = make(tmp_path / name, ["50,Zed,1,Quebec,4"], ["50,Zed,1,Quebec,4"])
        mesh.product(PRODUCT.replace("write: replace", "write: upsert").replace(
            "key: id", "key: id\norder_by: age"), name="ups", domain="hospital")
        mesh.apply()
        mesh.write("one.csv", HEAD + "1,A B,1,California,1\n50,Zed,1,Quebec,4\n")
        mesh("load", "hospital.ups", "one.csv")
        mesh.write("two.csv", HEAD + line + "\n")
        mesh("load", "hospital.ups", "two.csv")
        mesh.write("policies/ups.yaml", "kind: restrict\nname: ups\non: [hospital.ups]\n"
                   "rows: state = principal.state\n")
        mesh.apply()
        done = mesh("--json", "diff", "hospital.ups", "--as", "user:ann")
        answers.append(plain(done.stdout + done.stderr))
    assert answers[0] == answers[1]
    assert json.loads(answers[0].splitlines()[0].replace("ID", "1"))["same"] == 1


def test_diff_of_groups_is_refused(mesh):
    told = mesh("diff", "hospital.small", "--as", "user:ann", status=3).stderr
    assert "only groups of hospital.small come out" in told and "at (timestamp" in told


def test_diff_denied(mesh):
    told = mesh("diff", "hospital.patients", "--as", "user:nobody", status=3).stderr
    assert "no access to `hospital.patients` for user:nobody" in told and "weft request" in told
    # a snapshot that is none is not told apart from one that is
    for word in ("-99", "17", "2020-01-01", "-1"):
        assert mesh("diff", "hospital.patients", word, "--as", "user:nobody",
                    status=3).stderr == told


def test_diff_of_what_he_may_not_know_of(mesh):
    one = mesh("diff", "hospital.secret", "--as", "user:nobody", status=1).stderr
    two = mesh("diff", "hospital.secrot", "--as", "user:nobody", status=1).stderr
    assert one.replace("secret", "X") == two.replace("secrot", "X")


def test_diff_is_audited(mesh):
    diff(mesh, "user:ann")
    mesh("diff", "hospital.patients", "--as", "user:nobody", status=3)
    lines = mesh.json("audit", "--product", "hospital.patients")
    mine = [line for line in lines if line["command"] == "diff"]
    assert {line["principal"] for line in mine} >= {"user:ann", "user:nobody"}
    assert all("restrict own_state" in line["reason"] for line in mine
               if line["principal"] == "user:ann")
    assert any(line["decision"] == "no" for line in mine if line["principal"] == "user:nobody")


def test_member_conditions_are_asked_of_the_whole_product(tmp_path):
    """Files that both states have are left out of what is compared, not of where it is looked up:
    a NOT IN would show what it hides."""
    mesh = make(tmp_path / "m")
    mesh.product("schema: [{name: id, type: long}, {name: no, type: long}]\nwrite: append\n",
                 name="consent", domain="hospital")
    mesh.write("policies/consent.yaml",
               "kind: grant\nname: c_read\nto: [user:raw]\nread: [hospital.consent]\n---\n"
               "kind: restrict\nname: c\non: [hospital.consent]\n"
               "rows: not id in (hospital.consent.no)\n")
    mesh.apply()
    mesh.write("1.csv", "id,no\n1,2\n")
    mesh("load", "hospital.consent", "1.csv")
    mesh.write("2.csv", "id,no\n2,9\n3,9\n")
    mesh("load", "hospital.consent", "2.csv")
    head = json.loads(mesh("--json", "diff", "hospital.consent", "--as",
                           "user:raw").stdout.splitlines()[0])
    assert (head["before"]["rows"], head["after"]["rows"], head["added"]) == (1, 2, 1)


# ---- quarantine ----

BAD = "id,name,ssn,state,age\n7,Ed Poe,77,California,-3\n8,Flo Ray,88,California,40\n"


@pytest.fixture(scope="module")
def aside(tmp_path_factory):
    mesh = make(tmp_path_factory.mktemp("aside"))
    mesh.write("bad.csv", BAD)
    mesh("load", "hospital.patients", "bad.csv")
    return mesh


def test_quarantine_for_the_team(aside):
    text = aside("quarantine", "hospital.patients", "--as", "user:dora").stdout
    assert "age.min: 1 row" in text and "7,Ed Poe,77" in text and "--replay" not in text
    rows = aside.json("quarantine", "hospital.patients", "--as", "user:dora")
    assert len(rows) == 1 and rows[0]["why"] == ["`-3` is below 0"]
    out = aside("quarantine", "hospital.patients", "--export", "-", "--as", "user:dora").stdout
    assert "Ed Poe" in out
    aside("quarantine", "hospital.patients", "--export", "x.csv", "--as", "user:dora")
    assert "Ed Poe" in (aside.folder / "x.csv").read_text()


FORMS = [(), ("--all",), ("--rule", "age.min"), ("--rule", "no.rule"), ("--since", "2020-01-01"),
         ("--export", "-"), ("--export", "out.csv"), ("--run", "0123"), ("--json",)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("who", ["user:ann", "user:raw", "user:nobody", "user:dim"])
def test_quarantine_for_nobody_else(aside, who, form):
    done = aside("quarantine", "hospital.patients", *form, "--as", who, status=3)
    assert "no access to `hospital__quarantine.patients`" in done.stderr
    assert "the local operator reads it" in done.stderr
    for word in ("Ed Poe", "77", "age.min", "1 row"):
        assert word not in done.stdout + done.stderr
    assert not (aside.folder / "out.csv").exists()


def test_quarantine_of_what_he_may_not_know_of(aside):
    one = aside("quarantine", "hospital.secret", "--as", "user:nobody", status=1).stderr
    two = aside("quarantine", "hospital.secrot", "--as", "user:nobody", status=1).stderr
    assert one.replace("secret", "X") == two.replace("secrot", "X")


@pytest.mark.parametrize("words", [("--replay",), ("--dismiss", "--because", "x"),
                                   ("--replay", "--from", "x.csv", "--because", "x")])
@pytest.mark.parametrize("product", ["hospital.patients", "hospital.nothing"])
def test_quarantine_is_changed_by_the_operator(aside, words, product):
    told = aside("quarantine", product, *words, "--as", "user:dora", status=3).stderr
    assert "is for the local operator alone" in told and "--export" in told


def test_quarantine_is_audited(aside):
    aside("quarantine", "hospital.patients", "--as", "user:dora")
    aside("quarantine", "hospital.patients", "--as", "user:dim", status=3)
    lines = [line for line in aside.json("audit") if line["command"] == "quarantine"]
    lines = [line for line in lines if line["principal"] in ("user:dora", "user:dim")]
    assert all("hospital__quarantine.patients" in line["products"] for line in lines)
    assert {"user:dora", "user:dim"} <= {line["principal"] for line in lines}
    assert any(line["decision"] == "no" for line in lines if line["principal"] == "user:dim")


def restricted(folder, product, later, policy):
    """A member of the team, and a restriction that means a column which only once was there."""
    mesh = Mesh(folder, "mesh: clinic\n")
    mesh.write("in/a.csv", "id,name,ssn,age\n1,Ann,123-45,4\n2,Bo,999-99,-5\n")
    mesh.write("domains/hospital/domain.yaml", "owner: t@x.org\nmembers: [user:dora]\n")
    mesh.product(product, name="p", domain="hospital")
    mesh.apply()
    mesh("user", "add", "dora")
    mesh("run", "hospital.p")
    if later is not None:
        mesh.product(later, name="p", domain="hospital", head="owner: t@x.org\nversion: 1.1.0\n")
        mesh.apply("--allow-breaking") if "breaking" in later else mesh.apply()
    assert "999-99" in mesh("quarantine", "hospital.p", "--as", "user:dora").stdout
    mesh.write("policies/p.yaml", policy)
    mesh.apply()
    return mesh


PORT = """input:
  files: ../../../in/a.csv
  schema:
    - {name: id, type: long}
    - {name: name}
    - {name: ssn, classification: pii.ssn}
    - {name: age, type: int, min: 0}
sql: select id, age from input
"""
RESTRICT = "kind: restrict\nname: r\non: [%s]\ntreat: mask\n"


@pytest.mark.parametrize("on", ["'classification:pii.*'", "hospital.p.ssn", "'*.*.ssn'",
                                "hospital.p.card", "hospital.p"])
def test_columns_of_inputs_count(tmp_path, on):
    """Raw lines hold what never became a column of the product."""
    mesh = restricted(tmp_path / "m", PORT, None, RESTRICT % on)
    told = mesh("quarantine", "hospital.p", "--as", "user:dora", status=3).stderr
    assert "holds values as they came" in told
    mesh("query", "select * from hospital__quarantine.p", "--as", "user:dora", status=3)
    mesh("query", "select count(*) from hospital__quarantine.p", "--as", "user:dora", status=3)


def test_columns_that_are_not_of_it_do_not_count(tmp_path):
    mesh = restricted(tmp_path / "m", PORT, None, RESTRICT % "'*.*.card', 'classification:phi.*'")
    assert "999-99" in mesh("quarantine", "hospital.p", "--as", "user:dora").stdout


# ---- the others are the operator's ----

OPERATORS = [("apply",), ("plan",), ("run", "hospital.patients"), ("load", "hospital.patients",
             "load.csv"), ("preview", "hospital.patients"), ("test",), ("dev",),
             ("rollback", "hospital.patients", "1", "--because", "x"),
             ("drop", "hospital.patients", "--because", "x"), ("doctor",)]


@pytest.mark.parametrize("words", OPERATORS, ids=lambda words: words[0])
def test_what_is_the_operators_is_refused(mesh, words):
    head = mesh("query", "select max(sequence) from mesh.ledger", "--format", "csv", status=None)
    for how, env in ((("--as", "user:ann"), {}), ((), {"WEFT_KEY": "weft_nothing"})):
        done = mesh(*words, *how, status=3, env=env)
        assert f"`weft {words[0]}` is for the local operator alone" in done.stderr
        assert "hint" in done.stderr or "\n" in done.stderr.strip()
        assert done.stdout == ""
    after = mesh("query", "select max(sequence) from mesh.ledger", "--format", "csv", status=None)
    assert after.stdout == head.stdout


def test_preview_says_what_to_do(mesh):
    told = mesh("preview", "hospital.patients", "--as", "user:ann", status=3).stderr
    assert "as the product's domain" in told and "weft query -f FILE.sql" in told


# ---- in the twin worlds ----

@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """And people of them once more: in the one world what is hidden is another one now, too."""
    made = Twins(tmp_path_factory.mktemp("twins"))
    for mesh, more in ((made.a, ", 4, Quebec"), (made.b, "")):
        text = (mesh.folder / "in/people.csv").read_text()
        text = text.replace("Cy Oz", "Cy Ox") + ("6,9,Fy Fo,Quebec\n" if more else "")
        mesh.write("in/people.csv", text.replace("1-2-3", "3-2-1"))
        mesh("run", "shop.people", "--rebuild")
        mesh("run", "shop.orders", "--rebuild", status=None)
    return made


PRODUCTS = ("shop.orders", "shop.people", "shop.report", "shop.closed", "lab.assays", "hr.secret",
            "hr.payroll", "hr.nothing", "shop.people@2")


@pytest.mark.parametrize("who", ["eve", "ann", "rob", "tom", "dash"])
@pytest.mark.parametrize("product", PRODUCTS)
def test_twins_cannot_be_told_apart(twins, who, product):
    for words in (("diff", product), ("--json", "diff", product),
                  ("diff", product, "current", "current", "--exit-code"),
                  ("quarantine", product), ("--json", "quarantine", product, "--all"),
                  ("quarantine", product, "--export", "-"), ("quarantine", product, "--replay")):
        twins.same(*words, who=who)


def test_twins_show_something(twins):
    code, out, _ = twins.same("diff", "shop.people", who="rob")
    assert code == 0 and "2 rows" in out and "Cy Oz > Cy Ox" in out
    code, out, _ = twins.same("quarantine", "lab.assays", who="tom")
    assert code == 0 and "1 row" in out
