"""`state export` and `plan --against`."""
import json
import os
import pathlib
import subprocess
import sys

import pytest
from mesh_support import Mesh

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.parametrize("file, least", [("test_plan_impact.py", 40), ("test_mesh_plan.py", 40),
                                         ("test_mesh_life.py", 20), ("test_defer.py", 10),
                                         ("test_policies.py", 10)])
def test_all_plans_of(file, least, tmp_path):
    """The tests of a file once more: at the home and against its state, plans are the same."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p",
         "against", f"--basetemp={tmp_path}/t", HERE / file],
        capture_output=True, text=True, cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE), "AGAINST_COUNT": str(tmp_path / "count")})
    assert done.returncode == 0, done.stdout[-6000:]
    assert len((tmp_path / "count").read_text().splitlines()) >= least


FILE = "input: {files: ../../../p.csv, format: csv}\nschema: [{name: id, type: long}]\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("p.csv", "id\n1\n")
    made.product(FILE, "people", "base")
    made.product("sql: select id from base.people\n", "one", "cdc")
    made.product("sql: select id from cdc.one\n", "two", "cdc")
    made.product(FILE, "aside", "far")
    made.apply()
    made("state", "export", "--out", "state.json")
    (made.folder / ".weft").rename(made.folder / "away")
    return made


def planned(mesh, *words):
    return [item["product"] for item in json.loads(
        mesh("plan", "--against", "state.json", *words, "--json").stdout)]


def test_selections(mesh):
    assert planned(mesh) == []
    mesh.product("description: x\n" + FILE, "people", "base")
    mesh.product("description: x\n" + FILE, "aside", "far")
    assert planned(mesh) == ["base.people", "far.aside"]
    assert planned(mesh, "base.*") == ["base.people"]
    assert planned(mesh, "state:modified+", "--exclude", "far.*") == ["base.people"]
    mesh.product("sql: select id + 1 as id from base.people\n", "one", "cdc")
    assert planned(mesh, "cdc.one+") == ["cdc.one"]
    assert planned(mesh, "state:new") == []
    mesh.product(FILE, "fresh", "far")
    assert planned(mesh, "state:new") == ["far.fresh"]
    assert not (mesh.folder / ".weft/dev").exists()


def test_a_checkout_elsewhere_says_the_same(mesh):
    """A clone in another place, whose home this machine has not."""
    mesh.product("description: x\nsql: select id from base.people\n", "one", "cdc")
    (mesh.folder / "away").rename(mesh.folder / ".weft")
    at_home = mesh("plan").stdout
    mesh.folder = mesh.folder.rename(mesh.folder.with_name("clone"))
    mesh.write("weft.yaml", "mesh: small\nenvironments:\n  dev: {home: /none/there}\n")
    assert mesh("plan", "--against", "state.json").stdout == at_home


def test_before_there_is_a_home(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("p.csv", "id\n1\n")
    made.product(FILE, "people", "base")
    made("state", "export", "-o", "state.json")
    state = json.loads((made.folder / "state.json").read_text())
    assert state["home"] is None and not (made.folder / ".weft/dev").exists()
    assert planned(made) == ["base.people"]


def test_what_state_knows(mesh):
    assert "knows export, not `import`" in mesh("state", "import", status=2).stderr
    assert "PRODUCT" not in mesh("state", "--help").stdout
