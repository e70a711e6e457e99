"""0.x is a major like any other: once 1.0.0 is in force the plain name is that one everywhere, and
only what says so reads 0.x."""
import pytest
from access_support import ALL, HIDDEN, PATIENTS, PEOPLE, PRODUCT
from mesh_support import Mesh

HEAD = "owner: t@example.org\nversion: {}\n"
BASE = """input: {files: ../../../base.csv, format: csv}
schema:
  - {name: id, type: long, required: true}
  - {name: word, type: string, classification: pii.name}
"""
COPY = "sql: select id, word from a.base\n"
OWNER_0 = HEAD.format("0.1.0")


def base(mesh, version, file="data_product.yaml", text=BASE):
    return mesh.write(f"domains/a/base/{file}", HEAD.format(version) + text)


def ids(mesh, table, *words, **more):
    return [row[0] for row in mesh.sql(f"select id from {table} order by 1", *words, **more)]


def made(folder):
    """a.base 0.1.0 with the rows 1 and 2, b.copy that reads it."""
    mesh = Mesh(folder / "m")
    mesh.write("base.csv", "id,word\n1,one\n2,two\n")
    base(mesh, "0.1.0")
    mesh.product(COPY, "copy", "b", OWNER_0)
    mesh.apply()
    return mesh


def moved(mesh, keep):
    """To 1.0.0 with the rows 1, 2, 3; x is no number: set aside. keep: 0.x has a file of its own
    and goes on."""
    if keep:
        mesh.write("old.csv", "id,word\n1,one\n2,two\n")
        base(mesh, "0.1.0", "data_product.v0.yaml", BASE.replace("base.csv", "old.csv"))
        base(mesh, "1.0.0")
    else:
        mesh("bump", "a.base", "--major")
    mesh.write("base.csv", "id,word\n1,one\n2,two\n3,three\nx,four\n")
    mesh.apply("--no-run")
    assert "4 read, 3 published" in mesh("run", "a.base@1").stdout
    return mesh


@pytest.fixture(scope="module", params=[False, True], ids=["retired", "side_by_side"])
def mesh(request, tmp_path_factory):
    return moved(made(tmp_path_factory.mktemp("zero")), request.param)


def test_query(mesh):
    assert ids(mesh, "a.base") == ids(mesh, "a.base__v1") == [1, 2, 3]
    assert ids(mesh, "a.base__v0") == [1, 2]
    assert mesh.sql("select count(*) from a__quarantine.base") == [(1,)]
    assert mesh.sql("select count(*) from a__quarantine.base__v0") == [(0,)]


def test_commands(mesh):
    for word, major, version, rows in (("a.base", 1, "1.0.0", 3), ("a.base@1", 1, "1.0.0", 3),
                                       ("a.base@0", 0, "0.1.0", 2)):
        name = "a.base" if major else "a.base__v0"
        shown = mesh.json("show", word)
        assert (shown["major"], shown["version"]) == (major, version)
        for row in mesh.json("snapshots", word):
            assert (row["product"], row["contract_version"], row["rows"]) == (name, version, rows)
        assert {row["product"] for row in mesh.json("runs", word)} == {name}
        assert mesh.json("lineage", word)["nodes"][0]["major"] == major
        assert mesh.json("lineage", word + ".id")["nodes"][0]["major"] == major
        assert len(mesh.json("quarantine", word)) == major
        assert mesh.json("can", "domain:b", "read", word)["major"] == major
        assert [row["product"] for row in mesh.json("ls", word)] == [name]
    assert 'version: "1.0.0"' in mesh("export", "a.base", "--to", "odcs").stdout


def test_who_reads_is_pinned(mesh):
    """b.copy was registered when there was 0.x alone; a new one is pinned to the newest."""
    assert mesh.json("show", "b.copy")["reads"][0]["major"] == 0
    mesh("run", "b.copy")
    assert ids(mesh, "b.copy") == [1, 2]
    down = {node["product"] for node in mesh.json("lineage", "a.base@0", "--down")["nodes"]}
    assert "b.copy" in down
    assert "b.copy" not in mesh("lineage", "a.base", "--down").stdout
    mesh.product(COPY, "new", "b")
    mesh.product(COPY.replace("a.base", "a.base__v0"), "old", "b")
    mesh.product("inputs: {x: {product: a.base@0}}\nsql: select id from x\n", "port", "b")
    mesh.apply("--no-run")
    for name, major, rows in (("new", 1, 3), ("old", 0, 2), ("port", 0, 2)):
        read = mesh.json("show", f"b.{name}")["reads"][0]
        assert (read["product"], read["major"]) == ("a.base", major)
        assert f"{rows} read, {rows} published" in mesh("run", f"b.{name}").stdout
        assert len(ids(mesh, f"b.{name}")) == rows


@pytest.fixture
def fresh(tmp_path):
    return moved(made(tmp_path), False)


def test_diff(fresh):
    fresh.write("base.csv", "id,word\n1,one\n2,two\n3,three\n4,four\n")
    fresh("run", "a.base")
    assert "1 added" in fresh("diff", "a.base", "--summary").stdout
    assert "one snapshot" in fresh("diff", "a.base@0", status=1).stderr


def test_first_of_majors_is_not_in_force_yet(tmp_path):
    """Until 1.0.0 has a snapshot the plain name is what it was."""
    mesh = made(tmp_path)
    base(mesh, "0.1.0", "data_product.v0.yaml")
    base(mesh, "1.0.0")
    mesh.apply("--no-run")
    assert ids(mesh, "a.base") == [1, 2] and mesh.json("show", "a.base")["major"] == 0
    assert mesh.json("show", "a.base@1")["in_force"] is False


def test_rename(fresh):
    (fresh.folder / "domains/a/base/data_product.yaml").unlink()
    fresh.write("domains/a/ground/data_product.yaml",
                HEAD.format("1.0.0") + "was: a.base\n" + BASE)
    fresh.apply("--no-run")
    assert ids(fresh, "a.ground") == [1, 2, 3] and ids(fresh, "a.ground__v0") == [1, 2]
    assert fresh.json("show", "a.ground")["major"] == 1
    read = fresh.json("show", "b.copy")["reads"][0]
    assert (read["product"], read["major"]) == ("a.ground", 0)


def test_drop(fresh):
    assert "2 majors" in fresh("drop", "a.base", "--because", "x", "--yes", status=2).stderr
    assert "a.base@0 is read by b.copy" in fresh("drop", "a.base@0", "--because", "x", "--yes",
                                                 status=1).stderr
    fresh.product(COPY.replace("a.base", "a.base__v1"), "copy", "b", HEAD.format("0.2.0"))
    fresh.apply()
    fresh("drop", "a.base@0", "--because", "x", "--yes")
    assert ids(fresh, "a.base") == [1, 2, 3] == ids(fresh, "b.copy")
    assert "no product" in fresh("show", "a.base@0", status=1).stderr


def test_name_of_a_file_says_the_major(tmp_path):
    mesh = made(tmp_path)
    base(mesh, "1.0.0", "data_product.v0.yaml")
    assert "the file's name says major 0" in mesh("plan", status=1).stderr


# ---- access ----

def test_classifications_are_inherited(tmp_path):
    """From a product at 0.x, too."""
    mesh = made(tmp_path)
    mesh("user", "add", "eve")
    mesh.write("policies/all.yaml", "kind: grant\nname: all\nto: [everyone]\nread: ['*']\n---\n"
               "kind: restrict\nname: names\non: [\"classification:pii.*\"]\ntreat: hide\n"
               "except: [\"domain:b\"]\n")
    mesh.apply()
    for name in ("a.base", "b.copy"):
        assert mesh.json("can", "user:eve", "read", name)["columns"] == {
            "id": "none", "word": "hide"}, name
        assert "one" not in mesh("query", f"select * from {name}", "--as", "user:eve").stdout


def test_policy_of_a_major(fresh):
    fresh("user", "add", "eve")
    fresh.write("policies/all.yaml",
                "kind: grant\nname: old\nto: [\"user:eve\"]\nread: [a.base@0]\n")
    fresh.apply()
    assert ids(fresh, "a.base__v0", "--as", "user:eve") == [1, 2]
    assert "no access" in fresh("query", "select * from a.base", "--as", "user:eve",
                                status=3).stderr
    fresh("can", "user:eve", "read", "a.base", status=3)
    assert fresh.json("can", "user:eve", "read", "a.base@0")["major"] == 0


def test_request_of_a_major(fresh):
    fresh("user", "add", "eve")
    fresh.write("policies/all.yaml",
                "kind: purposes\npurposes: {research: Studies.}\n")
    fresh.apply()
    for word, major, rows, other in (("a.base@0", 0, 2, "a.base"), ("a.base", 1, 3, None)):
        id = fresh.json("request", word, "--because", "x", "--as", "user:eve", "--purpose",
                        "research")["request"]
        assert fresh.json("requests", id)["major"] == major
        fresh("approve", id)
        table = "a.base" if major else "a.base__v0"
        query = ["--as", "user:eve", "--purpose", "research"]
        assert len(ids(fresh, table, *query)) == rows
        if other:
            fresh("query", f"select * from {other}", *query, status=3)


def test_emergency(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: clinic\n")
    mesh.write("in/patients.csv", PATIENTS)
    mesh.product(PRODUCT, "patients", "hospital", OWNER_0)
    mesh.product(HIDDEN, "secret", "hospital", OWNER_0)
    mesh.apply()
    mesh("group", "add", "nurses")
    for name in ("nina", "alice"):
        mesh("user", "add", name, *PEOPLE[name])
    glass = ["query", ALL, "--break-glass", "--because", "a flood", "--as"]
    assert "names nobody" in mesh(*glass, "user:alice", status=3).stderr
    done = mesh(*glass, "user:nina")
    assert "Ann Lee" in done.stdout and "emergency access to hospital.patients@0" in done.stderr
    assert mesh.json("requests", "--state", "to review")[0]["major"] == 0
