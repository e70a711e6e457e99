"""What a newcomer ran into between keys, requests and refusals: each refusal says what to do, and
what is accepted is what was meant."""
import pytest

from access_support import ALL, ask, clinic, reads

POLICIES = """kind: purposes
purposes: {research: Studies., care: Treatment.}
---
kind: grant
name: studies
to: [user:alice, service:dash]
read: [hospital.patients]
purposes: [research]
because: Agreement 14.
---
kind: restrict
name: contact
on: [hospital.patients.email]
treat: mask
---
kind: grant
name: other
to: [user:bob]
read: [lab.*, hospital.none]
because: x
"""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    mesh = clinic(tmp_path_factory.mktemp("access"))
    mesh("service", "add", "dash")
    mesh.write("policies/p.yaml", POLICIES)
    mesh.apply()
    return mesh


def test_what_is_missing_is_a_purpose(mesh):
    told = reads(mesh, "user:alice", purpose=None, status=3).stderr
    assert "no purpose was stated" in told and "--purpose research" in told
    assert "weft request" not in told
    told = reads(mesh, "user:alice", purpose="care", status=3).stderr
    assert "--purpose research is what it may be read for" in told
    assert "weft request hospital.patients --purpose care" in told
    told = reads(mesh, "user:alice", purpose="reserch", status=3).stderr
    assert "did you mean --purpose research? declared are: care, research" in told
    # Nothing is granted at all: what was stated goes on into what is advised.
    told = reads(mesh, "user:nina", purpose="care", status=3).stderr
    assert "weft request hospital.patients --purpose care" in told
    assert "`weft can user:nina read hospital.patients --purpose care`" in told


def test_a_key_for_a_purpose(mesh):
    key = mesh.json("key", "add", "service:dash", "--product", "hospital.*", "--purpose",
                    "research")["key"]
    def by(*words, key=key, **more):
        return mesh("query", ALL, *words, env={"WEFT_KEY": key}, **more).stderr
    by("--purpose", "research")
    told = by(status=3)
    assert "is for research; no purpose was stated" in told and "--purpose research" in told
    told = by("--purpose", "care", status=3)
    assert "stated was `care`" in told and "a key made with --purpose care" in told
    # What its owner may not find stays unfound, and so does what lies outside of its products.
    secret = mesh("query", "select * from hospital.secret", env={"WEFT_KEY": key}, status=1).stderr
    assert "no data product hospital.secret, or no access" in secret
    lab = mesh.json("key", "add", "service:dash", "--product", "lab.*", "--purpose", "research")
    assert "or no access to it" in by(key=lab["key"], status=1)
    open_key = mesh.json("key", "add", "service:dash", "--product", "hospital.*")["key"]
    assert "--purpose research" in by(key=open_key, status=3)


def test_rotation_keeps_the_end(mesh):
    def end(id):
        return mesh.json("key", "show", id)[0]["expires_at"]
    id = mesh.json("key", "add", "user:bob", "--days", "30", "--as",
                   "user:bob")["key"].split("_")[1]
    new = mesh.json("key", "rotate", id, "--as", "user:bob")["key"].split("_")[1]
    assert end(new) == end(id)
    told = mesh("key", "rotate", id, "--as", "user:bob", status=1).stderr
    assert "is disabled: there is nothing to rotate" in told
    told = mesh("key", "rotate", new, "--days", "60", "--as", "user:bob", status=3).stderr
    assert "does not make the key" in told and "mesh_admin" in told
    mesh("key", "rotate", new, "--no-end", "--as", "user:bob", status=3)
    sooner = mesh.json("key", "rotate", new, "--days", "5", "--as", "user:bob")["key"].split("_")[1]
    assert end(sooner) < end(id)
    later = mesh.json("key", "rotate", sooner, "--days", "60")["key"].split("_")[1]
    assert end(later) > end(id)
    assert "because" in mesh("key", "enable", id, status=2).stderr
    mesh("key", "enable", id, "--because", "the new one was lost")


def test_what_was_meant(mesh):
    told = mesh("key", "add", "service:dash", "--purpose", "reserch", status=2).stderr
    assert "did you mean --purpose research" in told
    assert "no product that you know of" in mesh("key", "add", "service:dash", "--product",
                                                 "hospitl.*").stderr
    assert "note" not in mesh("key", "add", "service:dash", "--product", "hospital.*").stderr
    # A hidden one is told of to nobody who may not know of it.
    assert "no product that you know of" in mesh("key", "add", "user:bob", "--product",
                                                 "hospital.secret", "--as", "user:bob").stderr
    told = mesh("user", "set", "bob", "--role", "domain_engineer@hospitl").stderr
    assert "did you mean `hospital`" in told
    mesh("user", "set", "bob", "--drop-role", "domain_engineer@hospitl")
    assert "did you mean `open`" in mesh("requests", "--state", "opne", status=2).stderr
    assert "`user:alice`" in mesh("audit", "--principal", "alice").stderr
    assert "there is nobody called `rex`" in mesh("audit", "--principal", "rex").stderr
    assert mesh("audit", "--principal", "user:aud").stderr == ""
    assert "--as user:alice" in mesh("ls", "--as", "alice", status=2).stderr
    assert "PRINCIPAL read PRODUCT" in mesh("can", status=2).stderr
    assert "the ID of a key" in mesh("key", "show", status=2).stderr


def test_a_request_says_what_for(mesh):
    told = mesh("request", "hospital.patients", "--because", "x", "--as", "user:nina",
                status=2).stderr
    assert "--purpose" in told and "care, research" in told
    mesh("request", "hospital.patients", "--because", "runs", "--for", "domain:lab")


def test_the_life_of_a_request_is_shown(mesh):
    id = mesh.json("request", "hospital.patients", "--because", "x", "--purpose", "care", "--days",
                   "30", "--as", "user:nina")["request"]
    assert "days        30" in mesh("requests", id, "--as", "user:nina").stdout
    mesh("approve", id, "--because", "for the ward", "--as", "user:dana")
    again = mesh("request", "hospital.patients", "--because", "x", "--purpose", "care", "--as",
                 "user:nina", status=1).stderr
    assert f"request {id} is approved until" in again
    mesh("renew", id, "--because", "goes on", "--as", "user:gov")
    mesh("revoke", id, "--because", "over", "--as", "user:dana")
    one = mesh.json("requests", id)
    assert [(step["decision"], step["by"], step["because"]) for step in one["decisions"]] == [
        ("approved", "user:dana", "for the ward"), ("renewed", "user:gov", "goes on"),
        ("revoked", "user:dana", "over")]
    text = mesh("requests", id).stdout
    assert "approved    by user:dana" in text and "revoked     by user:dana" in text
    assert [row["days"] for row in mesh.json("requests", "--all") if row["id"] == id] == [30]


def test_what_an_approval_comes_to(mesh):
    id = ask(mesh, "user:nina", purpose="research")
    for words, text in ((["--treat", "emial=hash"], "did you mean `email`?"),
                        (["--rows", "stat = 'x'"], "has no column `stat`"),
                        (["--rows", "stat = 'x'"], "did you mean `state`?")):
        assert text in mesh("approve", id, *words, status=2).stderr
    told = mesh("approve", id, "--treat", "email=hash", "--treat", "age=round:10", "--rows",
                "state = 'California'", "--as", "user:dana").stdout
    assert "since a policy treats it otherwise than `hash`" in told
    assert "age: {round: 10}" in told and "rows where" in told
    shown = reads(mesh, "user:nina").stdout.splitlines()[1]
    assert shown == "1,Ann Lee,***,California,30"
    # It takes something away: more may be asked for.
    ask(mesh, "user:nina", purpose="research")


def test_who_may_is_said_in_full(mesh):
    told = mesh("access", "review", "--as", "user:bob", status=3).stderr
    assert "mesh_admin, governance_officer, domain_owner@DOMAIN or auditor" in told
    told = mesh("can", "user:alice", "read", "hospital.patients", "--as", "user:bob",
                status=3).stderr
    assert "mesh_admin, governance_officer, domain_owner@hospital or auditor" in told


def test_an_owner_reviews_his_domain(mesh):
    rows = mesh.json("access", "review", "--as", "user:dana")
    assert {"grant studies", "grant other", "owner"} <= {row["rule"] for row in rows}
    assert "lab." not in str(rows)
    other = mesh.json("access", "review", "--as", "user:otto")
    assert "hospital" not in str([row["products"] for row in other])
    assert "grant studies" not in {row["rule"] for row in other}


def test_nobody_else_decides(tmp_path):
    mesh = clinic(tmp_path)
    id = mesh.json("request", "hospital.patients", "--because", "x", "--for",
                   "domain:lab")["request"]
    assert "an owner of hospital" in mesh("approve", id, status=3).stderr
    mesh("user", "disable", "dana", "--because", "left")
    mesh("user", "disable", "gov", "--because", "left")
    told = mesh("approve", id, status=3).stderr
    assert "nobody else decides for hospital yet" in told
    assert "--role domain_owner@hospital" in told and "grant" in told


def test_a_disabled_owner_decides_nothing(tmp_path):
    mesh = clinic(tmp_path)
    mesh.product("input: ../../../in/patients.csv\n", name="own", domain="lab",
                 head="owner: user:otto\nversion: 1.0.0\n")
    mesh.apply()
    told = mesh("request", "lab.own", "--because", "x", "--as", "user:bob").stdout
    assert "user:otto decides on it" in told
    mesh("user", "disable", "otto", "--because", "left")
    told = mesh("request", "lab.own", "--because", "x", "--as", "user:alice").stdout
    assert "otto" not in told and "governance officer decides" in told
