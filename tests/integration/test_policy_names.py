"""What a plan says of policies: who gains by a change of a contract, what names nobody or nothing,
tests about nobody, the team with its owner, the sum, and the places of mistakes."""
import pytest

from mesh_support import Mesh
from test_policies import GRANT, MASK, PRODUCT, PURPOSES, ROWS, mesh_make, policies


def access(mesh):
    return {(one["principal"], one["access"], one["purpose"]): one["what"]
            for one in mesh.json("plan") if "access" in one}


@pytest.fixture
def mesh(tmp_path):
    return mesh_make(tmp_path)


def test_a_classification_that_goes_is_a_gain(mesh):
    mesh.product("sql: select id, lower(email) as contact from hospital.patients\n"
                 "schema: [{name: id, type: long}, {name: contact}]\n",
                 name="contacts", domain="hospital")
    policies(mesh, GRANT.replace('"tag:clinical"', "hospital.*"), MASK, PURPOSES)
    mesh.apply()
    for text in (PRODUCT.replace(", classification: pii.email", ""),
                 PRODUCT.replace("pii.email", "pi.email")):
        mesh.product(text, name="patients", domain="hospital")
        said = mesh("plan").stdout
        assert "Who gains or loses what:" in said
        gained = access(mesh)
        key = ("user:alice", "hospital.patients", "research")
        assert gained[key] == "email: none, was mask"
        # What is made of it, too, though its own file does not change.
        assert gained["user:alice", "hospital.contacts", "research"] == "contact: none, was mask"
        assert not any(who == "user:eve" for who, _, _ in gained)
    mesh.apply()
    can = mesh.json("can", "user:alice", "read", "hospital.patients", "--purpose", "research")
    assert can["columns"]["email"] == "none" and can["columns"]["name"] == "mask"
    can = mesh.json("can", "user:alice", "read", "hospital.contacts", "--purpose", "research")
    assert can["columns"]["contact"] == "none"
    # And back: a loss.
    mesh.product(PRODUCT, name="patients", domain="hospital")
    assert access(mesh)[key] == "email: mask, was none"


def test_members_are_told_with_their_group(mesh):
    policies(mesh, GRANT, MASK.replace("mask", "hide"), PURPOSES)
    mesh("group", "change", "researchers", "--add", "user:eve", status=None)
    said = mesh("plan").stdout
    # alice and bob see other rows than the group: they have lines of their own.
    assert "group:researchers" in said
    mesh.apply()
    policies(mesh, GRANT, MASK, PURPOSES)
    said = mesh("plan").stdout
    lines = [line for line in said.splitlines() if "hospital.patients for research" in line]
    assert any("group:researchers and its 2 members" in line or
               "group:researchers and its 3 members" in line for line in lines)
    assert not any("user:alice" in line for line in lines)
    assert ("user:alice", "hospital.patients", "research") in access(mesh)
    assert "`user:alice`" not in mesh("plan", "--markdown").stdout


def test_names_that_fit_nothing(mesh):
    policies(mesh, GRANT.replace('"tag:clinical"', '"hospitl.*"'),
             MASK.replace('"classification:pii.*"',
                          '"classification:pi.*", hospital.patients.emial'),
             ROWS.replace("hospital.*", "tag:clincal"), PURPOSES)
    for told in (mesh("validate").stderr, mesh("plan").stderr):
        assert "policies/all.yaml:4:8: warning: `hospitl.*` of the policy `researchers_read`" \
            in told and "did you mean `hospital.*`?" in told and "grants nothing" in told
        assert "`classification:pi.*` of the policy `identifiers` fits no column" in told
        assert "did you mean `classification:pii.*`?" in told
        assert "`hospital.patients.emial` of the policy `identifiers` names no column" in told
        assert "did you mean `hospital.patients.email`?" in told
        assert "`tag:clincal` of the policy `own_state` fits no product" in told
        assert "did you mean `tag:clinical`?" in told and "protects nothing" in told
    policies(mesh, GRANT, MASK, ROWS, PURPOSES)
    assert "warning" not in mesh("validate").stderr + mesh("plan").stderr


def test_nobody(mesh):
    policies(mesh, GRANT.replace("group:researchers", "group:reserchers, user:anna, domain:hospitl")
             .replace("because:", "until: 2020-01-31\nbecause:"), MASK, ROWS, PURPOSES)
    mesh.write("domains/hospital/domain.yaml",
               "owner: t@x.org\nmembers: [group:records, bob, user:ev]\n")
    for told in (mesh("validate").stderr, mesh("plan").stderr):
        assert "policies/all.yaml:3:6: warning: there is no group:reserchers, whom the policy " \
            "`researchers_read` names" in told
        assert "did you mean `group:researchers`?" in told
        assert "there is no user:anna" in told and "`weft user list`" in told
        assert "did you mean `domain:hospital`?" in told
        assert "granted until 2020-01-31: it grants nothing any more" in told
        assert "domains/hospital/domain.yaml:2:26: warning: `bob` is no principal" in told
        assert "there is no user:ev, whom domain.yaml names" in told


def test_tests_about_nobody_fail(mesh):
    policies(mesh, """kind: test
cases:
  - {as: user:alic, read: hospital.patients, expect: {allowed: false}}
  - {as: group:nogroup, read: hospital.patients, expect: {allowed: false}}
  - {as: domain:hospitl, read: hospital.patients, expect: {allowed: false}}
  - {as: user:eve, read: hospital.patients, expect: {allowed: false}}
""", file="policies/tests.yaml")
    said = mesh("test", "--only", "policies", status=3).stdout
    assert "there is no user:alic; did you mean user:alice?" in said
    assert "there is no group:nogroup" in said
    assert "there is no domain:hospitl; did you mean domain:hospital?" in said
    assert "1 passed, 3 failed" in said


def test_can_of_nobody(mesh):
    mesh.product(PRODUCT + "access: {grant: [everyone]}\n", name="patients", domain="hospital")
    mesh.apply()
    assert mesh("can", "user:eve", "read", "hospital.patients")
    for who in ("user:ghost", "group:ghosts", "service:ghost"):
        told = mesh("can", who, "read", "hospital.patients", status=1).stderr
        assert f"there is no {who}" in told


def test_the_owner_is_of_the_team(mesh):
    mesh.write("domains/hospital/domain.yaml", "owner: user:eve\nmembers: []\n")
    said = mesh("plan").stdout
    assert "~ team of hospital   - group:records, + owner user:eve" in said
    gained = {key[0]: what for key, what in access(mesh).items()}
    assert "user:eve" in gained
    assert "; teams: 1 to change." in said
    lost = [one["principal"] for one in mesh.json("plan")
            if "access" in one and one["before"] and not one["after"]]
    assert "user:dora" in lost and "user:eve" not in lost
    mesh.apply()
    assert mesh("can", "user:eve", "read", "hospital.patients")
    assert mesh("can", "user:dora", "read", "hospital.patients", status=3)
    # Only the owner changes.
    mesh.write("domains/hospital/domain.yaml", "owner: user:dora\nmembers: []\n")
    assert "~ team of hospital   + owner user:dora, - owner user:eve" in mesh("plan").stdout
    mesh.apply()
    assert mesh("can", "user:dora", "read", "hospital.patients")
    assert mesh("can", "user:eve", "read", "hospital.patients", status=3)
    assert "Nothing to change" in mesh("plan").stdout


def test_the_sum_counts_policies(mesh, tmp_path):
    policies(mesh, GRANT, MASK.replace("mask", "hide"), PURPOSES,
             ROWS.replace("own_state", "other_state"))
    said = mesh("plan").stdout
    assert "Plan: 0 to add, 0 to change, 0 to retire, 1 unchanged; " \
        "policies: 1 to add, 1 to change, 1 to drop.\n" in said
    assert "policies: 1 to add, 1 to change, 1 to drop" in mesh("plan", "--markdown").stdout
    policies(mesh, "kind: rule\nname: owner\nsql: select product from mesh.products\n",
             file="policies/rules.yaml")
    done = mesh("plan", status=1)
    assert "Plan:" not in done.stdout and "does this" not in done.stdout
    assert "Refused, nothing of it is done: 0 to add" in done.stdout


def test_places_of_purposes_and_expectations(tmp_path):
    mesh = mesh_make(tmp_path, people=False)
    policies(mesh, GRANT.replace("[research]", "[research, reserch]"), PURPOSES, MASK.replace(
        "[group:nurses]", "\n  - {group: nurses, purpose: caer}"), """kind: test
cases:
  - as: user:alice
    read: hospital.patients
    purpose: resarch
    expect: {alowed: true}
  - {as: user:alice, read: hospital.patients, expect: {email: maskd, name: non, id: raw}}
""")
    mesh.product(PRODUCT + "access:\n  grant: [everyone]\n  purposes: [care, stdies]\n",
                 name="patients", domain="hospital")
    told = mesh("validate", status=1).stderr
    assert "policies/all.yaml:5:22: `reserch` is not a declared purpose" in told
    assert "did you mean `allowed`?" in told
    assert "did you mean `mask`?" in told and "did you mean `none`?" in told
    assert "write none, hide, null" in told
    policies(mesh, GRANT, PURPOSES, MASK.replace(
        "[group:nurses]", "\n  - {group: nurses, purpose: caer}"), """kind: test
cases:
  - as: user:alice
    read: hospital.patients
    purpose: resarch
    expect: {allowed: true}
""")
    told = mesh("validate", status=1).stderr
    assert "policies/all.yaml:16:30: `caer` is not a declared purpose" in told
    assert "policies/all.yaml:22:14: `resarch` is not a declared purpose" in told
    assert "patients/data_product.yaml:14:20: `stdies` is not a declared purpose" in told


def test_a_run_that_a_restriction_stops(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: clinic\n", open=None)
    mesh.write("in/a.csv", "id,state\n1,x\n")
    mesh.product("input: ../../../in/a.csv\nschema: [{name: id, type: long}, {name: state}]\n",
                 name="people", domain="hospital")
    grant = "kind: grant\nname: lab_reads\nto: [domain:lab]\nread: [hospital.*]\n"
    slip = "kind: restrict\nname: slip\non: [hospital.people]\nrows: province = 'x'\n"
    policies(mesh, grant)
    mesh.product("sql: select id from hospital.people\n", name="ids", domain="lab")
    mesh.apply()
    policies(mesh, grant, slip)
    told = mesh("plan").stderr
    assert "lab.ids reads hospital.people; restrict slip: it names the column `province`" in told
    assert "no grant lets" not in told
    mesh.apply(status=None)
    told = mesh("run", "lab.ids", "--rebuild", status=None)
    told = told.stderr + told.stdout
    assert "domain:lab may not read hospital.people: restrict slip: it names the column " \
        "`province`" in told and "no grant" not in told
    assert "the `on` of that policy" in told
    mesh.product("sql: select id, 1 as n from hospital.people\n", name="more", domain="lab")
    done = mesh("plan", status=3)
    assert "restrict slip: it names the column `province`" in done.stdout
    assert "no grant lets" not in done.stdout
