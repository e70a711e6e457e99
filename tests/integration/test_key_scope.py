"""What a key's scope binds beside reading: the rights of its owner's roles, requests and agreements
of other products, access in an emergency, and what is said of what it does not open."""
import pytest

from access_support import ALL, ask, clinic, reads

BOUND = "has a scope, and by such a key no role of its owner counts"


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    mesh = clinic(tmp_path_factory.mktemp("key_scope"))
    mesh.product("""input: ../../../in/patients.csv
discoverable: private
access: {break_glass: [user:bob]}
schema: [{name: id, type: long, required: true}, {name: name}, {name: email}, {name: state},
         {name: age, type: int}]
""", name="plain", domain="lab")
    mesh.apply()
    mesh("group", "add", "researchers")
    mesh("user", "add", "nobo")
    return mesh


def key_of(mesh, who, *scope):
    return {"WEFT_KEY": mesh.json("key", "add", f"user:{who}", *scope)["key"]}


def entries(mesh):
    return max(row["sequence"] for row in mesh.json("ledger", "--limit", "1"))


def test_no_role_counts(mesh):
    """mesh_admin, governance_officer, auditor, domain_owner: by a key with a scope none of them."""
    id = ask(mesh, "user:alice", purpose=None)
    scope = ["--product", "hospital.patients"]
    tried = (("ada", ["user", "set", "nobo", "--group", "researchers"]),
             ("ada", ["user", "add", "eve", "--role", "auditor"]),
             ("ada", ["user", "list"]), ("ada", ["user", "show", "alice"]),
             ("ada", ["user", "disable", "bob", "--because", "x"]),
             ("gov", ["user", "set", "nobo", "--role", "domain_engineer@lab"]),
             ("aud", ["access", "review"]), ("dana", ["access", "review"]),
             ("aud", ["audit", "verify"]), ("aud", ["audit", "anchor"]),
             ("dana", ["can", "user:alice", "read", "hospital.patients"]),
             ("ada", ["request", "hospital.patients", "--because", "x", "--for", "user:bob"]))
    keys = {who: key_of(mesh, who, *scope) for who in ("ada", "gov", "aud", "dana")}
    before = entries(mesh)
    for who, words in tried:
        assert BOUND in mesh(*words, env=keys[who], status=3).stderr, words
    for verb in ("approve", "reject"):  # of others': as not there
        for who in ("gov", "dana"):
            told = mesh(verb, id, "--because", "x", env=keys[who], status=1).stderr
            assert f"there is no request {id}" in told
    assert entries(mesh) == before
    assert mesh.json("requests", "--all", env=keys["gov"]) == []
    told = mesh("requests", id, env=keys["gov"], status=1).stderr
    assert told == mesh("requests", 999, env=keys["gov"], status=1).stderr.replace("999", str(id))
    sql = "select count(*) as n from mesh.requests"
    assert mesh.json("query", sql, env=keys["gov"]) == [{"n": 0}]
    assert "Ann" in mesh("query", ALL, env=keys["dana"]).stdout  # she reads as she did
    # A key of purposes is one with a scope; one with neither does what its owner may.
    purposes = key_of(mesh, "aud", "--purpose", "research")
    assert BOUND in mesh("access", "review", env=purposes, status=3).stderr
    assert mesh("access", "review", env=key_of(mesh, "aud")).stdout
    open_key = key_of(mesh, "gov")
    assert id in [row["id"] for row in mesh.json("requests", "--all", env=open_key)]
    assert mesh.json("query", sql, env=open_key)[0]["n"] > 0
    mesh("approve", id, env=open_key)
    mesh("revoke", id, "--because", "done")


def test_requests_within_the_scope(mesh):
    mine = ask(mesh, "user:alice", purpose="research")
    other = ask(mesh, "user:alice", purpose="care")
    lab = key_of(mesh, "alice", "--product", "lab.*")
    hospital = key_of(mesh, "alice", "--product", "hospital.*")
    research = key_of(mesh, "alice", "--purpose", "research")
    sql = "select request as id from mesh.requests order by 1"

    def seen(key):
        listed = [row["id"] for row in mesh.json("requests", env=key)]
        told = [row["id"] for row in mesh.json("query", sql, env=key)]
        assert set(listed) <= set(told)
        return set(listed) & {mine, other}
    assert seen(lab) == set()
    assert seen(hospital) == {mine, other}
    assert seen(research) == {mine}
    assert seen(key_of(mesh, "alice")) == {mine, other}
    for key, id in ((lab, mine), (research, other)):
        for words in (["requests"], ["revoke", "--because", "x"], ["renew", "--because", "x"]):
            told = mesh(words[0], id, *words[1:], env=key, status=1).stderr
            assert f"there is no request {id}" in told
    ask_for = ["--because", "x", "--purpose", "study"]
    names = ("hospital.patients", "hospital.patientz")
    told = {mesh("request", name, *ask_for, env=lab, status=1).stderr.replace(name, "X")
            for name in names}
    assert len(told) == 1
    told = mesh("request", names[0], *ask_for, env=research, status=3).stderr
    assert "asks only for what its scope names" in told and "--purpose research" in told
    mesh("request", names[0], *ask_for, env=hospital)
    mesh("revoke", mine, "--because", "given back", env=research)
    mesh("revoke", other, "--because", "given back", env=hospital)


def test_emergency_within_the_scope(mesh):
    glass = ["--break-glass", "--because", "a flood"]
    lab = key_of(mesh, "nina", "--product", "lab.plain")
    before = entries(mesh)
    told = {mesh("query", f"select * from {name}", *glass, env=lab, status=1).stderr
            .replace(name, "X") for name in ("hospital.patients", "hospital.patientz")}
    assert len(told) == 1 and "emergency" not in told.pop()
    assert entries(mesh) == before
    assert any(row["decision"] == "no" for row in mesh.json("audit", "--principal", "user:nina"))
    reads(mesh, "user:nina", purpose=None, status=3)
    # Within its products, for another purpose than its own.
    care = key_of(mesh, "nina", "--purpose", "care")
    told = mesh("query", ALL, *glass, env=care, status=3).stderr
    assert "is for care" in told and "emergency" not in told and "names nobody" not in told
    assert entries(mesh) >= before and not mesh.json("requests", "--state", "to review")
    hospital = key_of(mesh, "nina", "--product", "hospital.*")
    assert "Ann Lee" in mesh("query", ALL, *glass, env=hospital).stdout


def test_who_may_break_the_glass_may_find_it(mesh):
    """A private product: whom its break_glass names knows of it, but for a key that does not."""
    def known(**who):
        return "lab.plain" in mesh("ls", **who).stdout
    assert "lab.plain" in mesh("ls", "--as", "user:bob").stdout
    assert "lab.plain" not in mesh("ls", "--as", "user:alice").stdout
    mesh("query", "select * from lab.plain", "--as", "user:bob", status=3)
    assert known(env=key_of(mesh, "bob", "--product", "lab.*"))
    assert not known(env=key_of(mesh, "bob", "--product", "hospital.*"))


def test_what_was_refused_is_not_proposed(mesh):
    key = key_of(mesh, "aud", "--product", "lab.plain")
    told = mesh("query", "select * from mesh.audit", env=key, status=1).stderr
    assert "mesh.audit" in told and "did you mean" not in told
    assert mesh("audit", env=key, status=None).returncode != 0
    # Reading the audit is reading: a scope may name it.
    key = key_of(mesh, "aud", "--product", "mesh.audit")
    assert mesh.json("audit", env=key) and mesh.json("query", "select * from mesh.audit", env=key)
