"""Runs of products made of products: order, what is skipped, what is new, what starts over."""
import json

import pytest
from mesh_support import Mesh, places

EVENTS = """input: {files: ../../../in/*.csv, format: csv, read: new}
schema:
  - {name: id, type: long, required: true}
  - {name: who, type: string}
  - {name: day, type: date}
"""
# What is new of the events, one row for each.
STEPS = """inputs:
  events: {product: raw.events, read: new}
sql: select id, who, day from events where who is not null
schema:
  - {name: id, type: long}
  - {name: who, type: string}
  - {name: day, type: date}
"""
# The last of each person, kept by key.
LATEST = """inputs:
  events: {product: raw.events, read: new}
sql: select who, id, day from events where who is not null
schema:
  - {name: who, type: string, required: true}
  - {name: id, type: long}
  - {name: day, type: date}
key: [who]
write: upsert
order_by: day
"""
COUNT = "sql: select count(*) as n from mine.steps\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("in/1.csv", "id,who,day\n1,ann,2020-01-01\n2,bob,2020-01-02\n3,,2020-01-03\n")
    made.product(EVENTS, "events", "raw")
    made.product(STEPS, "steps", "mine")
    made.product(LATEST, "latest", "mine")
    made.product(COUNT, "count", "mine")
    made.apply()
    return made


def states(mesh, *words, **more):
    return {run["product"]: run["state"] for run in mesh.json("run", *words, **more)}


def run_of(mesh, product):
    return mesh.json("query", f"select * from mesh.runs where product = '{product}' "
                              "order by started_at desc limit 1")[0]


# ---- what is new ----

def test_only_what_was_added_is_read(mesh):
    assert mesh.sql("select id from mine.steps order by id") == [(1,), (2,)]
    mesh.write("in/2.csv", "id,who,day\n4,cid,2020-01-04\n")
    runs = {run["product"]: run for run in mesh.json("run")}
    assert runs["mine.steps"]["read"] == 1 and runs["mine.steps"]["published"] == 1
    assert runs["mine.count"]["state"] == "published"
    assert mesh.sql("select n from mine.count") == [(3,)]
    assert states(mesh) == dict.fromkeys(
        ["raw.events", "mine.steps", "mine.latest", "mine.count"], "nothing_new")
    position = mesh.sql("select position from mesh.inputs where product = 'mine.steps'")
    assert position == mesh.sql("select cast(snapshot_id as varchar) from mesh.products "
                                "where product = 'raw.events'")


def test_the_balance_counts_rows_handed_to_the_sql(mesh):
    run = run_of(mesh, "mine.steps")
    assert (run["read"], run["accepted"], run["made"], run["published"]) == (3, 3, 2, 2)


def test_upsert_keeps_the_last_of_each_key(mesh):
    assert mesh.sql("select who, id from mine.latest order by who") == [("ann", 1), ("bob", 2)]
    mesh.write("in/2.csv", "id,who,day\n4,ann,2020-01-04\n5,ann,2020-01-05\n6,cid,2020-01-01\n")
    runs = {run["product"]: run for run in mesh.json("run")}
    assert mesh.sql("select who, id from mine.latest order by who") == [
        ("ann", 5), ("bob", 2), ("cid", 6)]
    assert runs["mine.latest"]["superseded"] == 1
    assert runs["mine.latest"]["made"] == 3
    mesh.write("in/3.csv", "id,who,day\n6,ann,2020-01-06\n7,ann,2020-01-07\n")
    mesh("run", "raw.events")
    figures = "2 read, 2 made, 1 would be published, 0 quarantined, 1 superseded"
    assert figures in mesh("preview", "mine.latest").stdout
    people = mesh("run", "mine.latest").stdout  # figures that a person can add up
    assert "2 read, 1 published, 0 quarantined, 1 superseded" in people


def test_a_key_without_a_value_is_called_that(mesh):
    mesh.product("sql: select nullif(id, 2) as id, who from raw.events\n"
                 "schema: [{name: id, type: long}, {name: who, type: string}]\nkey: id\n",
                 "keyed", "mine")
    mesh.apply()
    people = mesh("quarantine", "mine.keyed").stdout
    assert "id is empty, and a key has a value in each of its fields" in people
    assert "another row has" not in people


def test_found_fields_are_shown(mesh):
    mesh.product("sql: select id, who as name from raw.events\n", "found", "mine")
    mesh("apply", "--yes", "--no-run")
    assert "detected by the first run" in mesh("show", "mine.found").stdout
    mesh("run", "mine.found")
    shown = mesh("show", "mine.found").stdout.split("  fields ", 1)[1].split()
    assert shown == ["detected", "id", "long", "name", "string"]


def test_a_major_is_written_otherwise_in_sql(mesh):
    done = mesh("query", "select * from raw.events@1", status=1)
    assert "domain.product__v1 in SQL" in done.stderr


def test_nothing_left_to_run_is_said(mesh):
    done = mesh("run", "mine.*", "--exclude", "mine.*")
    assert "none of these products is left to run" in done.stdout + done.stderr


def test_an_upstream_that_started_over_wants_a_rebuild(mesh):
    mesh.write("in/2.csv", "id,who,day\n4,cid,2020-01-04\n")
    mesh("run", "raw.events", "--rebuild")
    done = mesh("run", "mine.steps", status=None)
    assert done.returncode != 0
    assert "--rebuild" in done.stderr, done.stderr
    assert mesh.sql("select count(*) from mine.steps") == [(2,)]
    mesh("run", "mine.steps", "--rebuild")
    assert mesh.sql("select count(*) from mine.steps") == [(3,)]
    mesh.write("in/3.csv", "id,who,day\n5,dan,2020-01-04\n")
    assert states(mesh, "+mine.steps") == {"raw.events": "published", "mine.steps": "published"}
    assert mesh.sql("select count(*) from mine.steps") == [(4,)]


def test_a_changed_contract_runs_again_though_nothing_is_new(mesh):
    mesh.product(COUNT.replace("count(*)", "2 * count(*)"), "count", "mine")
    done = json.loads(mesh.apply("--json").stdout)
    assert [(run["product"], run["state"]) for run in done] == [("mine.count", "published")]
    assert mesh.sql("select n from mine.count") == [(4,)]


def test_a_plan_counts_what_the_old_sql_made(mesh):
    """Rows of an append product stay as the SQL made them then; the plan says how often it ran."""
    mesh.product(STEPS.replace("select ", "select distinct "), "steps", "mine")
    plan = mesh("plan").stdout
    assert "1 snapshot was made by the old sql: `weft run mine.steps --rebuild`" in plan, plan
    mesh.product(COUNT.replace("count(*)", "2 * count(*)"), "count", "mine")
    assert "weft run mine.count --rebuild" not in mesh("plan").stdout


# ---- what goes wrong ----

def test_what_depends_on_a_blocked_run_is_skipped(mesh):
    mesh.product(STEPS.replace("type: long}", "type: long, max: 3, on_fail: block}"), "steps",
                 "mine")
    mesh.write("in/2.csv", "id,who,day\n4,cid,2020-01-04\n")
    done = mesh("apply", "--yes", "mine.steps", status=None)
    mesh.write("in/3.csv", "id,who,day\n5,dan,2020-01-05\n")
    done = mesh("run", status=3)
    assert "mine.steps: blocked" in done.stdout
    assert "mine.count: skipped: reads mine.steps@1, whose run was blocked" in done.stderr
    assert mesh.sql("select n from mine.count") == [(2,)]  # the old state stays
    rows = {row["product"]: row for row in mesh.json("status")}
    assert rows["mine.steps"]["state"] == "blocked"
    assert rows["mine.count"]["state"] == "skipped"
    assert "mine.steps@1" in rows["mine.count"]["message"]
    assert rows["mine.latest"]["state"] == "published"  # no part of it
    people = mesh("status").stdout
    assert "mine.count skipped" in people
    mesh.product(STEPS, "steps", "mine")
    mesh.apply()
    assert set(states(mesh).values()) <= {"published", "nothing_new"}
    assert {row["state"] for row in mesh.json("status")} <= {"published", "nothing new"}
    assert mesh.sql("select n from mine.count") == [(4,)]


def test_bad_rows_of_the_sql_are_set_aside_with_their_values(mesh):
    mesh.product(STEPS.replace("type: long}", "type: long, max: 1}"), "steps", "mine")
    mesh.apply()
    mesh("run", "mine.steps", "--rebuild")
    assert mesh.sql("select id from mine.steps") == [(1,)]
    assert mesh.sql('select port, "values", rules from mine__quarantine.steps '
                    "where state = 'open'") == [
        (None, '{"id":2,"who":"bob","day":"2020-01-02"}', ["id.max"])]
    people = mesh("quarantine", "mine.steps").stdout
    assert "made by its SQL" in people and "`2` is above 1" in people


def test_an_error_of_the_sql_in_a_run_has_its_place(mesh):
    mesh.product("sql: |\n  select\n    cast(who as int) as n\n  from raw.events\n", "other",
                 "mine")
    wanted = ("domains/mine/other/data_product.yaml:5:5",
              "mine.other: could not convert string 'ann' to INT32 when casting from source column "
              "who")
    assert wanted in places(mesh("preview", "mine.other", status=1).stderr)
    kept = (wanted[0], "mine.other: a value cannot be converted to the type that is asked for")
    assert kept in places(mesh.apply(status=1).stderr)
    # From elsewhere there is no file to speak of: the line is that of the SQL.
    home = {"WEFT_HOME": str(mesh.folder / ".weft/dev")}
    done = mesh("-C", "/", "run", "mine.other", status=1, env=home)
    assert "line 2, column 3: mine.other: a value cannot be converted" in done.stderr, done.stderr


def test_a_stale_product_is_behind(mesh):
    assert [row["behind"] for row in mesh.json("status")] == [None] * 4
    mesh.write("in/2.csv", "id,who,day\n4,cid,2020-01-04\n")
    mesh("run", "raw.events")
    rows = {row["product"]: row["behind"] for row in mesh.json("status")}
    assert rows == {"raw.events": None, "mine.steps": "raw.events", "mine.latest": "raw.events",
                    "mine.count": "raw.events"}
    mesh("run", "raw.events+")
    assert [row["behind"] for row in mesh.json("status")] == [None] * 4


def test_a_run_without_what_it_reads_says_what_to_run(mesh):
    mesh.product("input: {files: ../../../none/*.csv, format: csv, read: new}\n"
                 "schema: [{name: id, type: long}]\n", "later", "raw")
    mesh.product("sql: select id from raw.later\n", "of_later", "mine")
    done = mesh.apply(status=1)
    assert "mine.of_later reads raw.later@1, which has no snapshot yet" in done.stderr
    assert places(mesh("validate").stderr) == []


def test_reread_is_of_one_product(mesh):
    assert "exactly one product" in mesh("run", "raw.events+", "--reread",
                                         str(mesh.folder / "in/1.csv"), status=2).stderr
    assert "wants the products named" in mesh("run", "--rebuild", status=2).stderr


# ---- what is kept of a failure; how far behind ----

def test_no_value_is_kept_with_a_failed_run(tmp_path):
    mesh = Mesh(tmp_path / "m")
    mesh.write("a.csv", "id,word\n1,SECRETVALUE\n")
    base = ("input: {files: ../../../a.csv}\nschema:\n  - {name: id, type: long}\n"
            "  - {name: word, type: string}\n")
    mesh.product(base, "base", "a")
    mesh.product("sql: select id, cast(word as integer) as n from a.base\n", "cast", "a")
    mesh.product("sql: select id, word from a.base\nquality:\n  checks:\n    - name: c\n"
                 "      sql: select id from this where cast(word as integer) > 1\n", "check", "a")
    mesh.apply(status=1)
    told = {row[0]: row[1:] for row in mesh.sql("select product, state, message from mesh.runs")}
    for product in ("a.cast", "a.check"):
        assert told[product][0] == "failed" and "cannot be converted" in told[product][1], told
    for command in (["runs"], ["status"], ["runs", "--json"], ["run", "a.cast"],
                    ["run", "a.check"]):
        done = mesh(*command, status=None)
        assert "SECRETVALUE" not in done.stdout + done.stderr, done
    home = mesh.folder / ".weft/dev"
    kept = [file for file in home.rglob("*") if file.is_file() and "/lake/" not in str(file)
            and b"SECRETVALUE" in file.read_bytes()]
    assert kept == []
    assert "SECRETVALUE" in mesh("preview", "a.cast", status=1).stderr


def test_behind_looks_through_all_steps(tmp_path):
    mesh = Mesh(tmp_path / "m")
    mesh.write("a.csv", "id\n1\n")
    mesh.product("input: {files: ../../../a.csv}\n", "base", "a")
    for name, above in (("one", "base"), ("two", "one"), ("three", "two")):
        mesh.product(f"sql: select id from a.{above}\n", name, "a")
    mesh.product("sql: select id from a.three union all select id from a.base\n", "both", "a")
    mesh.apply()
    assert {row["behind"] for row in mesh.json("status")} == {None}
    mesh.write("a.csv", "id\n1\n2\n")
    mesh("run", "a.base")
    behind = {row["product"]: row["behind"] for row in mesh.json("status")}
    assert behind == {"a.base": None, "a.one": "a.base", "a.two": "a.base", "a.three": "a.base",
                      "a.both": "a.base"}
    mesh("run", "a.one")
    behind = {row["product"]: row["behind"] for row in mesh.json("status", "a.three", "a.both")}
    assert behind == {"a.three": "a.one", "a.both": "a.one, a.base"} or behind == {
        "a.three": "a.one", "a.both": "a.base, a.one"}
    mesh("run")
    assert {row["behind"] for row in mesh.json("status")} == {None}


def test_errors_of_checks_and_of_the_sql_have_their_places(tmp_path):
    """In a run, where the contract is the registered one and its SQL counts its own lines."""
    mesh = Mesh(tmp_path / "m")
    mesh.write("a.csv", "id,word\n1,x\n")
    mesh.product("input: {files: ../../../a.csv}\nschema:\n  - {name: id, type: long}\n"
                 "  - {name: word, type: string}\n", "base", "a")
    file = "domains/a/p/data_product.yaml"
    checks = ("quality:\n  checks:\n    - name: first\n"
              "      sql: select id from this where id < 0\n"
              "    - name: second\n      sql: |\n        select id\n        from this\n"
              "        where cast(word as integer) > 1\n")
    mesh.product("sql: select id, word from a.base\n" + checks, "p", "a")
    told = places(mesh.apply(status=1).stderr)
    assert told == [(f"{file}:12:15", "a.p: a value cannot be converted to the type that is asked "
                                      "for")], told
    mesh.product("sql: |\n  select id, word,\n    cast(word as integer) as n\n  from a.base\n"
                 + checks, "p", "a")
    told = places(mesh.apply(status=1).stderr)
    assert told[0][0] == f"{file}:5:5", told
