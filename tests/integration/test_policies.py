"""Policies: who may read what of a product, decided the same for every query; what a plan changes
for whom; tests of policies; the past."""
import json
import time

import pytest

from mesh_support import Mesh

PATIENTS = """id,name,email,state,age
1,Ann Lee,ann@x.org,California,31
2,Bo Roy,bo@y.org,Quebec,45
3,Cy Oz,cy@z.org,California,78
"""
PRODUCT = """tags: [clinical]
input: ../../../in/patients.csv
schema:
  - {name: id, type: long, required: true}
  - {name: name, classification: pii.name}
  - {name: email, classification: pii.email}
  - {name: state}
  - {name: age, type: int}
key: id
"""
GRANT = """kind: grant
name: researchers_read
to: [group:researchers]
read: ["tag:clinical"]
purposes: [research]
because: Agreement 14.
"""
MASK = """kind: restrict
name: identifiers
on: ["classification:pii.*"]
treat: mask
except: [group:nurses]
"""
ROWS = """kind: restrict
name: own_state
on: [hospital.*]
rows: state = principal.state
except: [group:records]
"""
PURPOSES = "kind: purposes\npurposes: {research: Studies., care: Treatment.}\n"
ALL = "select * from hospital.patients order by id"


def policies(mesh, *documents, file="policies/all.yaml"):
    mesh.write(file, "---\n".join(documents))


def mesh_make(folder, text="mesh: clinic\n", people=True):
    mesh = Mesh(folder / "m", text)
    mesh.write("in/patients.csv", PATIENTS)
    mesh.product(PRODUCT, name="patients", domain="hospital")
    mesh.write("domains/hospital/domain.yaml", "owner: t@x.org\nmembers: [group:records]\n")
    policies(mesh, GRANT, MASK, ROWS, PURPOSES)
    if people:
        mesh.apply()
        for group in ("researchers", "nurses", "records"):
            mesh("group", "add", group)
        mesh("user", "add", "alice", "--group", "researchers", "--set", "state=California")
        mesh("user", "add", "bob", "--group", "researchers")
        mesh("user", "add", "dora", "--group", "records")
        mesh("user", "add", "eve")
    return mesh


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return mesh_make(tmp_path_factory.mktemp("policies"))


def rows(mesh, who, purpose=None, sql=ALL, **more):
    words = ["--as", who] + (["--purpose", purpose] if purpose else [])
    return mesh.sql(sql, *words, **more)


def denied(mesh, who, *words, sql=ALL):
    return mesh("query", sql, "--as", who, *words, status=3).stderr


def test_the_operator_sees_all(mesh):
    assert mesh.sql(ALL)[0] == (1, "Ann Lee", "ann@x.org", "California", 31)
    assert len(mesh.sql(ALL)) == 3


def test_default_is_no(mesh):
    told = denied(mesh, "user:eve")
    assert "no access to `hospital.patients` for user:eve" in told
    assert "weft request hospital.patients" in told
    # What is not there is told in other words than what may be asked for.
    gone = mesh("query", "select * from hospital.nothing", "--as", "user:eve", status=1).stderr
    assert "there is no data product hospital.nothing, or no access to it" in gone


def test_purpose(mesh):
    assert "it holds for research; no purpose was stated" in denied(mesh, "user:alice")
    assert "stated was `care`" in denied(mesh, "user:alice", "--purpose", "care")
    assert "`reserch` is not a declared purpose" in denied(mesh, "user:alice", "--purpose",
                                                           "reserch")
    mesh("query", ALL, "--as", "user:alice", "--purpose", "My Use", status=2)


def test_masked_and_filtered(mesh):
    assert rows(mesh, "user:alice", "research") == [
        (1, "A*** L***", "a***@x***.org", "California", 31),
        (3, "C*** O***", "c***@z***.org", "California", 78)]


def test_a_missing_attribute_is_no_row(mesh):
    assert rows(mesh, "user:bob", "research") == []


def test_a_treated_value_is_the_value(mesh):
    def count(where):
        return rows(mesh, "user:alice", "research",
                    f"select count(*) from hospital.patients where {where}")[0][0]
    assert count("email = 'ann@x.org'") == 0
    assert count("email = 'a***@x***.org'") == 1
    assert count("email like 'ann%'") == 0
    assert count("name in (select 'Ann Lee')") == 0
    assert count("state = 'Quebec'") == 0
    assert rows(mesh, "user:alice", "research", "select max(age) from hospital.patients") == [(78,)]


def test_the_team_reads_under_restrictions(mesh):
    read = rows(mesh, "user:dora")
    assert len(read) == 3 and read[0][1] == "A*** L***"


def test_mesh_of_others_is_not_open(mesh):
    told = mesh("query", "select * from hospital__quarantine.patients", "--as", "user:alice",
                "--purpose", "research", status=3).stderr
    assert "only the domain hospital reads what was set aside" in told


def test_can(mesh):
    yes = mesh.json("can", "user:alice", "read", "hospital.patients", "--purpose", "research")
    assert yes["allowed"] and yes["columns"]["email"] == "mask" and yes["columns"]["id"] == "none"
    assert yes["rows"] == "state = 'California'"
    assert [reason["rule"] for reason in yes["reasons"]] == [
        "grant researchers_read", "restrict identifiers", "restrict own_state"]
    assert 'mask("email") AS "email"' in yes["sql"]
    no = mesh("can", "user:eve", "read", "hospital.patients", status=3)
    assert no.stdout.startswith("no: user:eve may not read hospital.patients")
    column = mesh("can", "user:alice", "read", "hospital.patients.email", "--purpose", "research")
    assert "may read hospital.patients.email for research, as mask" in column.stdout
    mesh("can", "user:alice", "read", "hospital.patients.nothing", status=1)
    mesh("can", "user:alice", "write", "hospital.patients", status=2)
    # Others are asked about by those who look after access alone.
    assert "may not" in mesh("can", "user:alice", "read", "hospital.patients", "--as", "user:eve",
                             status=3).stderr
    own = mesh.json("can", "user:alice", "read", "hospital.patients", "--purpose", "research",
                    "--as", "user:alice")
    assert own["allowed"] and own["sql"] is None


def test_change_is_planned_and_acts_at_once(tmp_path):
    mesh = mesh_make(tmp_path)
    then = mesh.sql("select now()")[0][0]
    time.sleep(0.01)
    policies(mesh, GRANT, MASK.replace("mask", "hide"), PURPOSES)
    plan = mesh.json("plan")
    assert [(one["policy"], one["action"]) for one in plan if "policy" in one] == [
        ("identifiers", "change"), ("own_state", "drop")]
    gained = {(one["principal"], one["purpose"]): one["what"] for one in plan if "access" in one}
    assert gained[("user:alice", "research")] == \
        "name: hide, was mask; email: hide, was mask; all rows, was rows where state = 'California'"
    assert gained[("user:bob", "research")].endswith("all rows, was no row")
    assert ("user:eve", "") not in gained
    people = mesh("plan").stdout
    assert "~ restrict identifiers   policies/all.yaml:8" in people
    assert "- restrict own_state   its document is gone" in people
    assert "| `user:alice` | `hospital.patients` | research |" in mesh("plan", "--markdown").stdout
    assert mesh("plan", "--exit-code", status=4)
    mesh.apply()
    assert mesh("plan", "--exit-code")
    assert rows(mesh, "user:alice", "research") == [
        (1, "California", 31), (2, "Quebec", 45), (3, "California", 78)]
    told = mesh("query", "select email from hospital.patients", "--as", "user:alice", "--purpose",
                "research", status=1).stderr
    assert "email" in told and "ann@x.org" not in told
    # What she would have got then.
    assert rows(mesh, "user:alice", "research", sql=ALL)[0] == (1, "California", 31)
    past = mesh.json("query", ALL, "--as", "user:alice", "--purpose", "research", "--as-of", then)
    assert [tuple(row.values()) for row in past] == [
        (1, "A*** L***", "a***@x***.org", "California", 31),
        (3, "C*** O***", "c***@z***.org", "California", 78)]
    assert mesh("ledger", "verify")


def test_a_grant_ends(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT + "until: 2020-01-01\n", PURPOSES)
    mesh.apply()
    assert "it ended on 2020-01-01" in denied(mesh, "user:alice", "--purpose", "research")


def test_min_group(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT, PURPOSES,
             "kind: restrict\nname: small\non: [hospital.*]\nmin_group: {size: 2, by: id}\n")
    mesh.apply()
    told = mesh("query", ALL, "--as", "user:alice", "--purpose", "research", status=None)
    assert told.returncode != 0 and "Ann" not in told.stdout + told.stderr
    assert rows(mesh, "user:alice", "research",
                "select state, count(*) from hospital.patients group by state") == [
                    ("California", 2)]


def test_consent_by_another_product(tmp_path):
    mesh = mesh_make(tmp_path)
    mesh.write("in/given.csv", "patient,scope\n2,study\n3,other\n")
    mesh.product("""input: ../../../in/given.csv
discoverable: private
schema:
  - {name: patient, type: long, required: true}
  - {name: scope}
""", name="given", domain="consent")
    policies(mesh, GRANT, PURPOSES, "kind: restrict\nname: consent\non: [hospital.*]\n"
             "rows: id in (consent.given.patient where scope = principal.scope)\n")
    mesh.apply()
    mesh("user", "set", "alice", "--set", "scope=study")
    assert [row[0] for row in rows(mesh, "user:alice", "research")] == [2]
    assert rows(mesh, "user:bob", "research") == []
    # The lookup itself is not known to her.
    gone = mesh("query", "select * from consent.given", "--as", "user:alice", status=1).stderr
    assert "there is no data product consent.given, or no access to it" in gone


def test_access_of_a_product_file(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, PURPOSES)
    mesh.product(PRODUCT + "access: {grant: [user:eve], purposes: [care]}\n",
                 name="patients", domain="hospital")
    mesh.apply()
    assert len(rows(mesh, "user:eve", "care")) == 3
    assert "it holds for care" in denied(mesh, "user:eve")
    mesh.product(PRODUCT + "access: {grant: [user:eve], purposes: [fun]}\n", name="patients",
                 domain="hospital")
    assert "`fun` is not a declared purpose" in mesh("validate", status=1).stderr


def test_a_restriction_that_cannot_be_held(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT, PURPOSES, ROWS.replace("state =", "province ="),
             GRANT.replace("researchers_read", "slip")
             .replace('"tag:clinical"', "hospital.patient"))
    warned = mesh("plan").stderr
    assert "names the column `province`, which hospital.patients does not have" in warned
    assert "`hospital.patient` of the policy `slip` names no product" in warned
    mesh.apply()
    told = denied(mesh, "user:alice", "--purpose", "research")
    assert "names a column that the product does not have" in told and "province" not in told


def test_values_of_another_type(tmp_path):
    """A read is refused: so `can` says no, to whom the value does not fit, and plan warns."""
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT, PURPOSES, ROWS.replace("state = principal.state", "id = 'sesame'"))
    warned = mesh("plan").stderr
    assert ("the policy `own_state` compares the column `id` of hospital.patients with a value of "
            "another type") in warned
    mesh.apply()
    for rows in ("id = 'sesame'", "id = principal.state"):
        policies(mesh, GRANT, PURPOSES, ROWS.replace("state = principal.state", rows))
        mesh.apply()
        why = "its row condition compares a column with a value of another type"
        assert why in denied(mesh, "user:alice", "--purpose", "research")
        no = mesh("can", "user:alice", "read", "hospital.patients", "--purpose", "research",
                  status=3)
        assert no.stdout.startswith("no:") and why in no.stdout
        assert f"rows where {rows}" in no.stdout


def test_an_attribute_that_is_missing(tmp_path):
    """No row is no answer: who looks after access is told why, not the one whom it is about."""
    mesh = mesh_make(tmp_path)
    mesh("user", "add", "nemo", "--group", "researchers")
    words = ["can", "user:nemo", "read", "hospital.patients", "--purpose", "research"]
    told = "user:nemo has no attribute `state`: no row"
    assert told in mesh(*words).stdout
    assert {"effect": "lacks", "rule": "restrict own_state", "text": told} in \
        mesh.json(*words)["reasons"]
    assert "no attribute" not in mesh(*words, "--as", "user:nemo").stdout
    assert "no attribute" not in mesh("can", "user:alice", *words[2:]).stdout


def test_groups_are_left_out_is_always_told(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT, PURPOSES,
             "kind: restrict\nname: small\non: [hospital.*]\nmin_group: {size: 2, by: id}\n")
    mesh.apply()
    note = "groups of fewer than 2 different subjects are left out"
    asked = ["--as", "user:alice", "--purpose", "research"]
    for sql in ("select state, count(*) as n from hospital.patients group by 1",
                "select count(*) as n from hospital.patients",
                "select name, count(*) as n from hospital.patients group by 1"):
        done = mesh("query", sql, *asked)
        assert done.stderr.count(note) == 1
        assert note not in (made := mesh("query", sql, *asked, "--json")).stderr + made.stdout
        assert note not in mesh("query", sql).stderr


def test_classifications_are_inherited(tmp_path):
    mesh = mesh_make(tmp_path)
    mesh.product("""sql: |
  select id, lower(email) as contact, state, 'x' as constant, name as shown,
         count(*) filter (where email is not null) over () as known
  from hospital.patients
schema:
  - {name: id, type: long}
  - {name: contact}
  - {name: state}
  - {name: constant}
  - {name: shown, classification: public}
  - {name: known, type: long}
""", name="contacts", domain="hospital")
    mesh.product("sql: select contact || '!' as loud, state from hospital.contacts\n"
                 "schema: [{name: loud}, {name: state}]\n", name="loud", domain="hospital")
    policies(mesh, GRANT.replace('"tag:clinical"', "hospital.*"), MASK, PURPOSES)
    mesh.apply()
    read = mesh.json("can", "user:alice", "read", "hospital.contacts", "--purpose", "research")
    assert read["columns"]["contact"] == "mask" and read["columns"]["state"] == "none"
    assert read["columns"]["constant"] == "none"
    mesh.product("""inputs:
  people:
    files: ../../../in/patients.csv
    schema: [{name: id, type: long}, {name: who, from: name, classification: pii.name}, {name: age}]
sql: select id, upper(who) as loud, age from people
schema: [{name: id, type: long}, {name: loud}, {name: age}]
""", name="files", domain="hospital")
    mesh.apply()
    files = mesh.json("can", "user:alice", "read", "hospital.files", "--purpose", "research")
    assert files["columns"] == {"id": "none", "loud": "mask", "age": "none"}
    # Its file says that it may be seen.
    assert read["columns"]["shown"] == "none"
    read = mesh.json("can", "user:alice", "read", "hospital.loud", "--purpose", "research")
    assert read["columns"] == {"loud": "mask", "state": "none"}
    assert rows(mesh, "user:alice", "research", "select loud from hospital.loud order by 1")[0] == (
        "a***@x***.o***!",)


def test_tests_of_policies(tmp_path):
    mesh = mesh_make(tmp_path, people=False)
    policies(mesh, """kind: test
cases:
  - {as: group:researchers, purpose: research, read: hospital.patients,
     expect: {allowed: true, email: mask, id: none}}
  - {as: group:researchers, read: hospital.patients, expect: {allowed: false}}
  - {as: group:records, read: hospital.patients, expect: {allowed: true, name: mask}}
  - {as: domain:hospital, read: hospital.patients, expect: {allowed: true, name: none}}
""", file="policies/tests.yaml")
    assert "4 passed, 0 failed" in mesh("test", "--only", "policies").stdout
    policies(mesh, """kind: test
cases:
  - {as: group:researchers, purpose: research, read: hospital.patients, expect: {email: hash}}
  - {as: user:eve, read: hospital.patients, expect: {allowed: true}}
  - {as: user:eve, read: hospital.nothing, expect: {allowed: false}}
""", file="policies/tests.yaml")
    told = mesh("test", "--only", "policies", status=3)
    assert "policies/tests.yaml:3" in told.stdout
    assert "expected email: hash, and it is mask" in told.stdout
    assert "restrict identifiers: 2 columns: mask" in told.stdout
    assert "expected that user:eve may read it, and it may not" in told.stdout
    assert "there is no product hospital.nothing" in told.stdout
    assert "3 of 3 tests failed" in told.stderr


def test_who_speaks_for_policies(tmp_path):
    mesh = mesh_make(tmp_path, people=False)
    mesh.apply()
    other = Mesh(tmp_path / "other", "mesh: clinic\nowns: [lab]\n"
                                     "environments: {dev: {home: ../m/.weft/dev}}\n")
    other.product("schema: [{name: x}]\n", name="results", domain="lab")
    other.write("policies/mine.yaml", GRANT.replace("researchers_read", "mine"))
    told = other.apply()
    assert "`owns` in weft.yaml does not name `policies`" in told.stderr + told.stdout
    names = [one["policy"] for one in other.json("plan") if "policy" in one]
    assert names == []
    # A checkout without policies/ drops none.
    assert mesh("plan", "--exit-code")
    other.write("weft.yaml", "mesh: clinic\nowns: [lab, policies]\n"
                             "environments: {dev: {home: ../m/.weft/dev}}\n")
    changes = {one["policy"]: one["action"] for one in other.json("plan") if "policy" in one}
    assert changes == {"mine": "add", "identifiers": "drop", "own_state": "drop",
                       "purposes": "drop", "researchers_read": "drop"}


def test_rules_are_not_yet(tmp_path):
    mesh = mesh_make(tmp_path, people=False)
    policies(mesh, "kind: rule\nname: owner\nsql: select product from mesh.products\n",
             file="policies/rules.yaml")
    assert "Valid" in mesh("validate").stdout
    told = mesh.apply(status=1).stderr
    assert "policies/rules.yaml:1:1" in told and "cannot hold it yet" in told
    assert mesh("ls", status=None).returncode != 0 or "patients" not in mesh("ls").stdout


def test_mistakes_have_places(tmp_path):
    mesh = mesh_make(tmp_path, people=False)
    policies(mesh, GRANT.replace("group:researchers", "researchers"),
             ROWS.replace("state = principal.state", "\"lower(state) = 'x'\""), GRANT)
    told = mesh("validate", status=1).stderr
    assert "policies/all.yaml:3:6: `researchers` is no principal" in told
    assert "policies/all.yaml:11:13: `rows`: behind the column `lower`" in told
    policies(mesh, GRANT, GRANT)
    assert "there are two policies `researchers_read`" in mesh("validate", status=1).stderr


def test_older_snapshots_hide_what_columns_were(tmp_path):
    mesh = mesh_make(tmp_path)
    old, = mesh.sql("select snapshot_id from mesh.snapshots "
                    "where product = 'hospital.patients'")[0]
    past = f"select * from hospital.patients at (version => {old})"
    mesh.write("in/patients.csv", PATIENTS.replace("email", "mail"))
    mesh.product(PRODUCT.replace("{name: email,", "{name: mail, was: email,")
                 .replace("  - {name: age, type: int}\n", ""), name="patients", domain="hospital",
                 head="owner: team@example.org\nversion: 1.1.0\n")
    mesh.apply()
    for on in ("classification:pii.*", "hospital.patients.mail", "hospital.patients.email"):
        policies(mesh, GRANT, PURPOSES, MASK.replace("classification:pii.*", on))
        mesh.apply()
        read = rows(mesh, "user:alice", "research", past)
        assert "ann@x.org" not in str(read) and "a***@x***.org" in str(read), on


def test_killed_apply(tmp_path):
    mesh = mesh_make(tmp_path)
    policies(mesh, GRANT, PURPOSES)
    before = rows(mesh, "user:alice", "research")
    killed = mesh.apply(status=None, env={"WEFT_FAULT": "kill:ledger.before_commit:1"})
    assert killed.returncode != 0
    assert rows(mesh, "user:alice", "research") == before
    killed = mesh.apply(status=None, env={"WEFT_FAULT": "kill:ledger.after_commit:1"})
    assert killed.returncode != 0
    assert len(rows(mesh, "user:alice", "research")) == 3
    mesh.apply()
    mesh("ledger", "verify")


def test_schema_for_editors(mesh):
    schema = json.loads(mesh("schema", "policy").stdout)
    assert len(schema["anyOf"]) == 5
