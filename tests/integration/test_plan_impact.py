"""Who is reached by a change: what a plan says of the readers of a column, through domains."""
import json
import random

import pytest
from mesh_support import Mesh

SOURCE = """input: {files: ../../../people.csv, format: csv}
schema:
  - {name: id, type: long}
  - {name: county, type: string}
  - {name: cases, type: long}
  - {name: spare, type: string}
"""
BASE = "owner: base@example.org\nversion: 1.0.0\n"


def owned(by):
    return f"owner: {by}@example.org\nversion: 1.0.0\n"


@pytest.fixture
def mesh(tmp_path):
    """base.people is read by three domains; far.total reads one of those."""
    made = Mesh(tmp_path / "m")
    made.write("people.csv", "id,county,cases,spare\n1,A,5,x\n2,B,7,y\n")
    made.product(SOURCE, "people", "base", head=BASE)
    made.product("sql: select county as place, cases from base.people\n"
                 "quality: {checks: [{name: named, condition: place <> ''}, "
                 "{name: counted, condition: cases >= 0}]}\n", "one", "cdc", head=owned("cdc"))
    made.product("sql: select id, upper(county) as c from base.people\n", "two", "california",
                 head=owned("ca"))
    made.product("sql: select id, county, id + 1 as next from base.people\n", "three", "hopkins",
                 head=owned("jhu"))
    made.product("sql: select id, cases from base.people\n", "other", "cdc", head=owned("cdc"))
    made.product("sql: select count(*) as n, place from cdc.one group by place\n", "total", "far",
                 head=owned("far"))
    made.apply()
    return made


def plan(mesh, *words):
    return json.loads(mesh("plan", *words, "--json", status=None).stdout)


def reached(mesh, path=None):
    """{product: [owner, set of (column, check)]} of all items, or of one change."""
    found = {}
    for item in plan(mesh):
        for hit in item["reached"]:
            if path is None or hit["change"] == path:
                found.setdefault(hit["product"], [hit["owner"], set()])[1].add(
                    (hit["column"], hit["check"]))
    return found


def without(column):
    return "".join(line + "\n" for line in SOURCE.splitlines() if f"name: {column}," not in line)


def test_a_dropped_column_names_those_who_read_it(mesh):
    mesh.product(without("county"), "people", "base", head=BASE)
    found = reached(mesh, "schema.county")
    assert set(found) == {"cdc.one", "california.two", "hopkins.three", "far.total"}
    assert {name: owner for name, (owner, _) in found.items()} == {
        "cdc.one": "cdc@example.org", "california.two": "ca@example.org",
        "hopkins.three": "jhu@example.org", "far.total": "far@example.org"}
    direct = {hit["product"] for item in plan(mesh) for hit in item["reached"]
              if len(hit["path"]) == 2}
    assert direct == {"cdc.one", "california.two", "hopkins.three"}
    done = mesh("plan", status=1)
    assert "reaches california.two, ca@example.org" in done.stdout
    assert "cdc.other" not in done.stdout


def test_a_column_that_nobody_reads_is_dropped_without_an_alarm(mesh):
    mesh.product(without("spare"), "people", "base", head=BASE)
    done = mesh("plan")
    assert "no product reads it" in done.stdout and "reaches" not in done.stdout
    assert reached(mesh) == {}


def test_a_reader_that_changes_along_is_not_reached(mesh):
    mesh.product(without("county"), "people", "base", head=BASE)
    mesh.product("sql: select id, cases from base.people\n", "two", "california",
                 head=owned("ca"))
    assert "california.two" not in reached(mesh, "schema.county")


def test_a_rename_and_a_type_reach_the_same(mesh):
    mesh.product(SOURCE.replace("name: county,", "name: place, was: county,"), "people", "base",
                 head=BASE)
    assert set(reached(mesh, "schema.place")) == {
        "cdc.one", "california.two", "hopkins.three", "far.total"}
    mesh.product(SOURCE.replace("county, type: string", "county, type: json"), "people", "base",
                 head=BASE)
    assert set(reached(mesh, "schema.county.type")) == {
        "cdc.one", "california.two", "hopkins.three", "far.total"}


def test_what_is_about_the_whole_table_reaches_every_reader(mesh):
    (mesh.folder / "domains/cdc/one/data_product.yaml").unlink()
    assert set(reached(mesh)) == {"far.total"}
    mesh.product("sql: select county as place, cases + 1 as cases from base.people\n", "one",
                 "cdc", head=owned("cdc"))
    assert set(reached(mesh, "sql")) == {"far.total"}


def test_an_added_field_and_words_reach_nobody(mesh):
    mesh.product(SOURCE.replace("type: long}", "type: long, description: d}", 1)
                 + "  - {name: more, type: string}\n", "people", "base", head=BASE)
    mesh.write("people.csv", "id,county,cases,spare,more\n1,A,5,x,\n")
    assert len(plan(mesh)[0]["changes"]) == 2 and reached(mesh) == {}


def test_references_are_reached(mesh):
    mesh.product("input: {files: ../../../refs.csv, format: csv}\nschema:\n"
                 "  - {name: place, type: string, references: base.people.county}\n", "looking",
                 "far", head=owned("far"))
    mesh.write("refs.csv", "place\nA\n")
    mesh.apply()
    mesh.product(SOURCE.replace("county, type: string", "county, type: json"), "people", "base",
                 head=BASE)
    found = reached(mesh, "schema.county.type")
    assert found["far.looking"] == ["far@example.org", {(None, "place.references")}]


def test_a_plan_of_an_applied_mesh_is_empty(mesh):
    assert plan(mesh) == []
    dice = random.Random(6)
    for _ in range(6):
        kept = [c for c in ("county", "cases", "spare") if dice.random() < .6]
        text = SOURCE
        for column in {"county", "cases", "spare"} - set(kept):
            text = "".join(line + "\n" for line in text.splitlines()
                           if f"name: {column}," not in line)
        mesh.product(text, "people", "base", head=BASE)
        for name, domain in (("one", "cdc"), ("two", "california"), ("three", "hopkins"),
                             ("other", "cdc")):
            columns = ", ".join(["id", *kept])
            mesh.product(f"sql: select {columns} from base.people\n", name, domain)
        mesh.product("sql: select id from cdc.one\n", "total", "far")
        shown = {(i["product"], i["version"]) for i in plan(mesh)}
        mesh.apply(status=None)
        assert plan(mesh) == [], shown
