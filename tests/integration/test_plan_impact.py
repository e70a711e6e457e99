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
    made = Mesh(tmp_path / "m", open="access")
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


def test_mistakes_do_not_hide_whom_they_are_about(mesh):
    mesh.product(without("county"), "people", "base", head=BASE)
    done = mesh("plan", status=1)
    assert "reaches cdc.one, cdc@example.org" in done.stdout
    assert "base.people.county -> cdc.one.place -> far.total.place (identity)" in done.stdout
    assert "check check.named" in done.stdout and "check.counted" not in done.stdout
    assert "3 mistakes to repair" in done.stderr


def test_a_filter_reaches_the_rows(mesh):
    mesh.product("sql: select id from base.people where spare <> ''\n", "two", "california",
                 head=owned("ca"))
    mesh.product("sql: select id from california.two\n", "after", "far", head=owned("far"))
    mesh.apply()
    mesh.product(without("spare"), "people", "base", head=BASE)
    hits = [hit for item in plan(mesh) for hit in item["reached"]]
    assert [(h["product"], h["column"], h["how"]) for h in hits] == [
        ("california.two", None, "filter"), ("far.after", None, "table")]


# ---- a plan in a file ----

def test_a_plan_is_applied_as_it_was_shown(mesh):
    mesh.product(without("spare"), "people", "base", head=BASE)
    shown = plan(mesh, "--out", "p.json")
    kept = json.loads((mesh.folder / "p.json").read_text())
    assert kept["items"] == shown and kept["environment"] == "dev"
    assert len(kept["head"]["hash"]) == 64
    done = mesh("apply", "--plan", "p.json")  # asks nothing
    assert "Plan: 0 to add, 1 to change" in done.stdout
    assert plan(mesh) == []
    columns = {c for c, in mesh.sql("select \"column\" from mesh.columns "
                                    "where product = 'base.people'")}
    assert columns == {"id", "county", "cases"}


def test_a_plan_of_a_new_mesh(tmp_path):
    made = Mesh(tmp_path / "m", open="access")
    made.write("people.csv", "id,county,cases,spare\n1,A,5,x\n")
    made.product(SOURCE, "people", "base", head=BASE)
    made("plan", "--out", "p.json")
    assert json.loads((made.folder / "p.json").read_text())["head"] is None
    made("apply", "--plan", "p.json")
    assert made.json("plan") == []
    assert "the home changed since the plan was made" in made(
        "apply", "--plan", "p.json", status=1).stderr


def test_a_plan_is_refused_when_the_world_changed(mesh):
    mesh.product(without("spare"), "people", "base", head=BASE)
    mesh("plan", "--out", "p.json")
    mesh.product(without("cases"), "people", "base", head=BASE)
    told = mesh("apply", "--plan", "p.json", status=1).stderr
    assert "domains/base/people/data_product.yaml was changed since the plan was made" in told
    mesh.product(without("spare"), "people", "base", head=BASE)
    mesh.product("sql: select id from base.people\n", "new", "far")
    assert "there are other product files" in mesh("apply", "--plan", "p.json", status=1).stderr
    (mesh.folder / "domains/far/new/data_product.yaml").unlink()
    before = mesh.sql("select count(*) from mesh.runs")
    mesh.write("people.csv", "id,county,cases,spare\n1,A,5,x\n2,B,7,y\n3,C,1,z\n")
    mesh("run", "base.people")
    assert mesh.sql("select count(*) from mesh.runs") != before
    told = mesh("apply", "--plan", "p.json", status=1).stderr
    assert "the home changed since the plan was made" in told and "make the plan again" in told
    assert {c for c, in mesh.sql("select \"column\" from mesh.columns where product = "
                                 "'base.people'")} == {"id", "county", "cases", "spare"}


def test_what_is_no_plan(mesh):
    mesh.write("x.json", "{}")
    assert "x.json is no plan" in mesh("apply", "--plan", "x.json", status=1).stderr
    mesh.write("x.json", "{\"format\": 1, \"mesh\": 3}")
    assert "x.json is no plan" in mesh("apply", "--plan", "x.json", status=1).stderr
    assert "there is no file y.json" in mesh("apply", "--plan", "y.json", status=1).stderr
    assert "name none beside it" in mesh("apply", "base.*", "--plan", "x.json", status=2).stderr
    mesh.product("partition: [id]\nsql: select id from base.people\n", "shut", "far")
    assert "refused" in mesh("plan", "--out", "z.json", status=1).stderr
    assert not (mesh.folder / "z.json").exists()


def test_a_plan_of_a_selection(mesh):
    mesh.product(without("spare"), "people", "base", head=BASE)
    mesh.product("sql: select id from base.people\n", "other", "cdc", head=owned("cdc"))
    mesh("plan", "cdc.other", "--out", "p.json")
    mesh("apply", "--plan", "p.json")
    assert [item["product"] for item in plan(mesh)] == ["base.people"]


def test_exit_code_and_markdown(mesh):
    assert mesh("plan", "--exit-code").stdout.startswith("Nothing to change")
    mesh.product(without("spare").replace("id, type: long",
                                          "id, type: long, description: \"a|b `c`\""),
                 "people", "base", head=BASE)
    done = mesh("plan", "--exit-code", "--markdown", status=4)
    lines = done.stdout.splitlines()
    assert lines[0] == "## Plan of `small`, environment `dev`"
    assert "### change `base.people` 1.0.0" in lines
    assert "| `schema.id.description` |  | `a\\|b 'c'` | editorial | words for people; " \
        "the data stays the same |" in lines
    assert any(line.startswith("| `schema.spare` | `string` |  | **breaking** |") for line in lines)
    mesh.product(without("county"), "people", "base", head=BASE)
    text = mesh("plan", "--markdown", status=1).stdout
    assert "| `far.total` | `far@example.org` | `schema.county` |" in text
    assert "exclude one another" in mesh("plan", "--markdown", "--json", status=2).stderr


# ---- deprecated ----

END = "deprecated: {since: 2020-01-01, sunset: %s, replaced_by: cdc.other}\n"


def test_readers_of_a_deprecated_product_are_told(mesh):
    mesh.product(SOURCE + END % "2999-01-01", "people", "base", head=BASE)
    assert set(reached(mesh, "deprecated")) == {
        "cdc.one", "california.two", "hopkins.three", "cdc.other", "far.total"}
    mesh.apply()
    said = "base.people@1, which is deprecated, since 2020-01-01, until 2999-01-01: " \
           "read cdc.other instead"
    assert f"california.two reads {said}" in mesh("plan").stdout
    mesh.write("people.csv", "id,county,cases,spare\n1,A,5,x\n")
    assert f"california.two reads {said}" in mesh("run").stderr
    note = mesh("query", "select a.id from base.people a join base.people b using (id)").stderr
    assert note.count("base.people@1 is deprecated, since 2020-01-01") == 1
    shown = mesh("show", "base.people").stdout
    assert "deprecated  since 2020-01-01, until 2999-01-01" in shown
    assert "california.two" in shown


def test_not_retired_before_its_sunset(mesh):
    mesh.product(SOURCE + END % "2999-01-01", "people", "base", head=BASE)
    mesh.apply()
    file = mesh.folder / "domains/base/people/data_product.yaml"
    text = file.read_bytes()
    file.unlink()
    for name in ("cdc/one", "california/two", "hopkins/three", "cdc/other", "far/total"):
        (mesh.folder / f"domains/{name}/data_product.yaml").unlink()
    mesh.write("weft.yaml", "mesh: small\nowns: [base]\n")
    done = mesh("apply", "--yes", status=1)
    assert "its readers were told that it is there until 2999-01-01" in done.stderr
    assert plan(mesh)[0]["refused"].startswith("its readers were told")
    assert "a reason" in mesh("apply", "--yes", "--because", " ", status=2).stderr
    mesh("plan", "--because", "leaked", "--out", "p.json")
    mesh("apply", "--plan", "p.json")
    assert "leaked" in mesh("ledger", "--json").stdout
    assert mesh.sql("select status from mesh.products where product = 'base.people'") == [
        ("retired",)]
    file.write_bytes(text.replace(b"2999-01-01", b"2020-02-01"))
    mesh.apply()
    file.unlink()
    mesh.apply()
    assert mesh.sql("select status from mesh.products where product = 'base.people'") == [
        ("retired",)]
