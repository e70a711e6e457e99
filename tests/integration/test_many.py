"""Many products: a long chain, a large mesh of which little changes, two people at one home."""
import json

from mesh import Failed, Mesh
from patience import PATIENCE

ROOT = """\
version: 1.0.0
input: {files: ../../../in/*.csv, read: new}
schema:
  - {name: id, type: long, required: true}
key: [id]
"""


def product(version, sql):
    return f"version: 1.0.{version}\nsql: {sql}\nschema:\n  - {{name: n, type: long}}\n"


def ended(done):
    """product -> state, of the JSON of run or apply."""
    return {run["product"]: run["state"] for run in json.loads(done.stdout)}


def test_200_that_read_one_another(tmp_path):
    made = {"p000": ROOT, "p001": product(0, "select id + 1 as n from shop.p000")}
    made |= {f"p{i:03d}": product(0, f"select n + 1 as n from shop.p{i - 1:03d}")
             for i in range(2, 200)}
    mesh = Mesh(tmp_path / "m", made)
    mesh.write("in/1.csv", "id\n0\n")
    states = ended(mesh.weft("apply", "--yes", "--json"))
    assert len(states) == 200 and set(states.values()) == {"published"}
    assert mesh.query("select n from shop.p199") == [{"n": 199}]
    assert set(ended(mesh.weft("run", "--json")).values()) == {"nothing_new"}
    mesh.write("in/2.csv", "id\n1000\n")
    assert set(ended(mesh.weft("run", "shop.p000+", "--json")).values()) == {"published"}
    assert mesh.query("select n from shop.p199 order by n") == [{"n": 199}, {"n": 1199}]
    mesh.verify()


def test_1000_of_which_20_are_changed(tmp_path):
    made = {f"p{i:03d}": product(0, f"select id * {i} as n from shop.root") for i in range(999)}
    mesh = Mesh(tmp_path / "m", made | {"root": ROOT})
    mesh.write("in/1.csv", "id\n1\n2\n")
    states = ended(mesh.weft("apply", "--yes", "--json", timeout=500))
    assert len(states) == 1000 and set(states.values()) == {"published"}
    changed = {f"p{i:03d}" for i in range(0, 999, 50)}
    for name in changed:
        mesh.product(name, product(1, f"select id + {int(name[1:])} as n from shop.root"))
    plan = json.loads(mesh.weft("plan", "--json").stdout)
    assert {item["product"] for item in plan} == {f"shop.{name}" for name in changed}
    states = ended(mesh.weft("apply", "--yes", "--json"))
    assert states == {f"shop.{name}": "published" for name in changed}
    assert mesh.query("select n from shop.p950 order by n") == [{"n": 951}, {"n": 952}]
    assert mesh.query("select n from shop.p951 order by n") == [{"n": 951}, {"n": 1902}]
    assert set(ended(mesh.weft("run", "--json")).values()) == {"nothing_new"}


def test_two_people_at_one_home(tmp_path):
    """One applies new contracts, one runs; their selections overlap. Each ends well or says that
    the contract was changed meanwhile; afterwards one run brings all to the state of the files."""
    made = {f"p{i}": product(0, f"select id + {i} as n from shop.root") for i in range(8)}
    made |= {"sum": product(0, "select sum(n) as n from shop.p0")}
    mesh = Mesh(tmp_path / "m", made | {"root": ROOT})
    mesh.write("in/0.csv", "id\n0\n")
    mesh.weft("apply", "--yes")
    for turn in range(1, 9):
        mesh.write(f"in/{turn}.csv", f"id\n{turn}\n")
        for i in range(0, 8, 2):
            mesh.product(f"p{i}", product(turn, f"select id + {i} + {turn} as n from shop.root"))
        pair = [mesh.start("apply", "--yes"), mesh.start("run", "shop.root+", "--exclude",
                                                         "shop.p7")]
        for process in pair:
            out, err = process.communicate(timeout=PATIENCE)
            if process.returncode != 0 and "meanwhile" not in err:
                raise Failed(f"status {process.returncode}\n{out}\n{err}")
    mesh.weft("run")
    ids = range(9)
    for i in range(8):
        more = i + (8 if i % 2 == 0 else 0)
        rows = mesh.query(f"select n from shop.p{i} order by n")
        assert rows == [{"n": id + more} for id in ids], f"p{i}"
    assert mesh.query("select n from shop.sum") == [{"n": sum(ids) + 9 * 8}]
    assert mesh.query("select count(*) as n from mesh.runs where state = 'published' and "
                      "made <> published + quarantined + superseded") == [{"n": 0}]
    mesh.verify()
    mesh.doctor()
