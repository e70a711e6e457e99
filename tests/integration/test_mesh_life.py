"""Domains, versions and selections: two checkouts on one home, majors side by side, products that
come, change their name and go; what a word of a selection means to each command."""
import json

import pytest
from mesh_support import EVERYONE, Mesh, places

HEAD = "owner: t@example.org\nversion: {}\n"
BASE = """input: {files: ../../../base.csv, format: csv}
schema:
  - {name: id, type: long}
  - {name: word, type: string}
tags: [raw]
"""
COPY = "sql: select id, word from a.base\ntags: [made]\n"
LAST = "sql: select count(*) as n from b.copy\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m", open="access")
    made.write("base.csv", "id,word\n1,one\n2,two\n")
    made.product(BASE, "base", "a")
    made.product(COPY, "copy", "b")
    made.product(LAST, "last", "c")
    made.product(BASE, "aside", "c")
    return made


def versioned(mesh, version, text, name, domain, file="data_product.yaml"):
    return mesh.write(f"domains/{domain}/{name}/{file}", HEAD.format(version) + text)


def names(mesh, *words, **more):
    return [row["product"] for row in mesh.json(*words, **more)]


def remove(mesh, path):
    (mesh.folder / path).unlink()


# ---- selections ----

def test_words_of_a_selection(mesh):
    for command in ("plan", "apply"):
        words = [command] if command == "plan" else [command, "--yes", "--no-run"]
        assert names(mesh, *words, "a.base") == ["a.base"]
        if command == "apply":
            break
        assert names(mesh, *words, "+c.last") == ["a.base", "b.copy", "c.last"]
        assert names(mesh, *words, "a.base+", "--exclude", "c.*") == ["a.base", "b.copy"]
        assert names(mesh, *words, "tag:raw") == ["a.base", "c.aside"]
        assert names(mesh, *words, "c.*", status=1) == ["c.aside", "c.last"]
        assert names(mesh, *words, "*", "--exclude", "tag:raw", status=1) == ["b.copy", "c.last"]
        assert "no product" in mesh(*words, "a.nothing", status=1).stderr
    mesh.apply()
    for command in ("ls", "status"):
        assert names(mesh, command, "+b.copy") == ["a.base", "b.copy"]
        assert names(mesh, command, "tag:made") == ["b.copy"]
        assert len(names(mesh, command, "--exclude", "a.base")) == 3
    assert names(mesh, "run", "+c.last") == ["a.base", "b.copy", "c.last"]
    assert sorted(names(mesh, "run", "--exclude", "c.*")) == ["a.base", "b.copy"]
    assert names(mesh, "preview", "b.copy+") == ["b.copy", "c.last"]


def test_a_selected_product_wants_what_it_reads(mesh):
    told = mesh("apply", "--yes", "c.last", status=1).stderr
    assert "it reads `b.copy`, which is not registered and not selected" in told
    assert "select what it reads too: +c.last" in told
    assert places(told)[0][0] == "domains/c/last/data_product.yaml:3:32"
    assert sorted(names(mesh, "apply", "--yes", "+c.last")) == ["a.base", "b.copy", "c.last"]
    assert names(mesh, "plan") == ["c.aside"]


def test_apply_leaves_what_is_not_selected(mesh):
    mesh.apply()
    mesh.product(BASE + "description: x\n", "base", "a")
    mesh.product(COPY + "description: x\n", "copy", "b")
    remove(mesh, "domains/c/aside/data_product.yaml")
    mesh.apply("b.copy")
    assert names(mesh, "plan") == ["a.base", "c.aside"]


# ---- preview ----

def test_preview_keeps_nothing(mesh):
    mesh.apply("+b.copy")
    before = mesh.sql("select count(*) from mesh.runs")
    shown = mesh.json("preview", "c.last")[0]
    assert shown["rows"] == [{"n": 2}]
    assert (shown["read"], shown["made"], shown["published"]) == (2, 1, 1)
    mesh.product("sql: select id from b.copy order by id desc\n", "last", "c")
    assert mesh("preview", "c.last", "--limit", "1", "--format", "csv").stdout == "id\n2\n"
    mesh.product("sql: select id from b.copy\nschema: [{name: id, type: long, max: 1}]\n", "last",
                 "c")
    people = mesh("preview", "c.last").stdout
    assert "2 read, 2 made, 1 would be published, 1 quarantined" in people
    assert "id.max: 1 of 2" in people
    assert mesh.sql("select count(*) from mesh.runs") == before
    assert not list((mesh.folder / ".weft/dev/tmp").glob("preview*"))
    assert names(mesh, "ls") == ["a.base", "b.copy"]


def test_preview_of_what_stands_on_nothing(mesh):
    told = mesh("preview", "b.copy", status=1).stderr
    assert "b.copy reads a.base, which was never applied" in told and "`weft apply a.base`" in told
    assert mesh.json("preview", "a.base")[0]["rows"] == [{"id": 1, "word": "one"},
                                                         {"id": 2, "word": "two"}]
    assert "wants a product" in mesh("preview", status=2).stderr
    assert "of one product" in mesh("preview", "tag:raw", "--format", "csv", status=2).stderr


def test_preview_of_a_run_that_would_be_blocked(mesh):
    mesh.product(BASE + "quality: {rows: {min: 5}}\n", "base", "a")
    done = mesh("preview", "a.base", status=3)
    assert "rows" in done.stderr


# ---- two checkouts ----

@pytest.fixture
def two(tmp_path):
    home = {"WEFT_HOME": str(tmp_path / "home")}
    first = Mesh(tmp_path / "first", "mesh: m\nowns: [a]\n", open="access")
    second = Mesh(tmp_path / "second", open="access")  # speaks for what it holds
    for made in (first, second):
        made.write("base.csv", "id,word\n1,one\n")
    first.product(BASE, "base", "a")
    second.product(COPY, "copy", "b")
    first.apply(env=home)
    second.apply(env=home)
    return first, second, home


def test_two_checkouts_leave_each_other_alone(two):
    first, second, home = two
    for made in (first, second):
        assert names(made, "plan", env=home) == []
        assert names(made, "ls", env=home) == ["a.base", "b.copy"]
    assert names(first, "run", env=home) == ["a.base"]
    assert names(second, "run", env=home) == ["b.copy"]
    assert sorted(names(second, "run", "+b.copy", env=home)) == ["a.base", "b.copy"]
    told = second("plan", "a.base", status=1, env=home).stderr
    assert "names nothing that this checkout owns" in told
    # A file of a domain that another checkout speaks for is not this one's to apply.
    first.product(BASE, "stray", "b")
    assert names(first, "plan", env=home) == []
    # Retiring here retires nothing there; who still reads it is told.
    remove(first, "domains/a/base/data_product.yaml")
    plan = first("plan", env=home).stdout
    assert "- a.base" in plan and "still read by b.copy" in plan and "b.copy 1.0.0" not in plan
    first.apply(env=home)
    assert names(second, "plan", env=home) == []
    assert "b.copy reads a.base@1, which is retired" in second("plan", env=home).stdout
    second.write("base.csv", "id,word\n1,one\n2,two\n")
    assert second.json("run", env=home)[0]["state"] == "nothing_new"


def test_domain_yaml_gives_owner_and_defaults(tmp_path):
    mesh = Mesh(tmp_path / "m")
    mesh.write("domains/a/domain.yaml", "owner: a-team@example.org\ndescription: All of a.\n")
    mesh.write("base.csv", "id,word\n1,one\n")
    mesh.product(BASE, "base", "a", head="version: 1.0.0\n")
    mesh.apply()
    assert mesh.json("ls")[0]["owner"] == "a-team@example.org"


# ---- going ----

def test_a_file_that_is_gone_retires_and_drop_deletes(mesh):
    mesh.apply()
    remove(mesh, "domains/c/last/data_product.yaml")
    plan = mesh("plan").stdout
    assert "- c.last 1.0.0   its file is gone: retired, the data is kept" in plan
    assert "1 to retire" in plan
    mesh.apply()
    assert mesh.json("ls", "c.last")[0]["status"] == "retired"
    assert mesh.sql("select n from c.last") == [(2,)]
    # `run` without words does not come back to it.
    assert "c.last" not in names(mesh, "run")
    mesh.product(LAST, "last", "c")
    assert "+ c.last" in mesh("plan").stdout
    mesh.apply()
    assert mesh.json("ls", "c.last")[0]["status"] == "active"
    assert "because" in mesh("drop", "c.last", "--yes", status=2).stderr
    mesh("drop", "c.last", "--because", "no use", "--yes")
    assert "there is no product" in mesh("show", "c.last", status=1).stderr


def test_what_is_read_is_not_dropped(mesh):
    mesh.apply()
    told = mesh("drop", "a.base", "--because", "x", "--yes", status=1).stderr
    assert "a.base@1 is read by b.copy" in told
    remove(mesh, "domains/c/last/data_product.yaml")
    remove(mesh, "domains/b/copy/data_product.yaml")
    mesh.write("weft.yaml", "mesh: small\nowns: [a, b, c]\n")
    mesh.apply()
    mesh("drop", "a.base", "--because", "x", "--yes")  # its readers are retired


def test_show_tells_what_is_read_and_who_reads(mesh):
    mesh.apply()
    shown = mesh.json("show", "b.copy")
    assert shown["reads"] == [{"name": "a.base", "port": False, "product": "a.base", "major": 1}]
    assert shown["read_by"] == [{"product": "c.last", "major": 1}]
    people = mesh("show", "b.copy").stdout
    assert "reads       a.base@1" in people and "read by     c.last" in people


# ---- another name ----

def test_was_renames(mesh):
    mesh.apply()
    before = mesh.sql("select snapshot_id from mesh.snapshots where product = 'a.base'")
    remove(mesh, "domains/a/base/data_product.yaml")
    mesh.product("was: a.base\n" + BASE, "ground", "a")
    plan = mesh("plan").stdout
    assert "~ a.ground 1.0.0" in plan and "was a.base" in plan and "0 to retire" in plan
    assert "b.copy names a.base, which is called a.ground now" in plan
    mesh.apply()
    assert mesh.sql("select snapshot_id from mesh.snapshots where product = 'a.ground' "
                    "order by committed_at limit 1") == before
    assert "a.base" not in names(mesh, "ls")
    # Who reads it goes on: it is the product that is pinned, not the word.
    mesh.write("base.csv", "id,word\n1,one\n2,two\n3,three\n")
    assert {run["state"] for run in mesh.json("run", "+c.last")} == {"published"}
    assert mesh.sql("select n from c.last") == [(3,)]
    mesh.product(COPY + "description: x\n", "copy", "b")
    assert "`a.base` is called `a.ground` now: write that" in mesh("plan").stderr
    mesh.apply()
    mesh.product(COPY.replace("a.base", "a.ground"), "copy", "b")
    mesh.apply()
    assert mesh("plan").stdout.startswith("Nothing to change")


def test_was_that_cannot_be(mesh):
    mesh.apply()
    mesh.product("was: a.base\n" + BASE, "ground", "a")  # a.base has its file still
    told = mesh("plan", status=1).stderr
    assert places(told)[0][0].startswith("domains/a/ground/data_product.yaml:3:"), told


# ---- versions ----

def test_bump_writes_the_version_that_a_change_asks_for(mesh):
    mesh.apply()
    path = "domains/a/base/data_product.yaml"
    file = mesh.write(path, "# kept\n" + HEAD.format('1.0.0   # too') + BASE + "description: x\n")
    file.chmod(0o640)
    assert mesh.json("bump", "a.base") == {
        "product": "a.base", "file": path, "version_before": "1.0.0", "version": "1.0.1"}
    assert file.read_text() == \
        "# kept\n" + HEAD.format('1.0.1   # too') + BASE + "description: x\n" + EVERYONE
    assert file.stat().st_mode & 0o777 == 0o640
    assert "already" in mesh("bump", "a.base", status=1).stderr
    file.write_text(file.read_text().replace("word, type: string}",
                                             "word, type: string}\n  - {name: more, type: long}"))
    mesh("bump", "a.base")
    assert "version: 1.1.0" in file.read_text()
    file.write_text(file.read_text().replace("id, type: long", "id, type: boolean"))
    assert "-> 2.0.0" in mesh("bump", "a.base").stdout
    mesh("bump", "a.base", "--minor")
    assert "version: 2.1.0" in file.read_text()
    assert "exclude" in mesh("bump", "a.base", "--minor", "--major", status=2).stderr
    assert "did you mean `a.base`" in mesh("bump", "a.bse", "--patch", status=1).stderr


def test_a_breaking_change_wants_a_new_major_where_it_counts(tmp_path):
    mesh = Mesh(tmp_path / "m", "mesh: m\nenvironments: {prod: {home: .weft/prod}, dev: {}}\n")
    mesh.write("base.csv", "id,word\n1,one\n")
    mesh.product(BASE, "base", "a")
    prod = ("--env", "prod")
    mesh(*prod, "apply", "--yes")
    broken = BASE.replace("  - {name: word, type: string}\n", "")
    mesh.product(broken, "base", "a")
    told = mesh(*prod, "apply", "--yes", status=3)
    assert "a breaking change needs a new major version" in told.stderr
    assert "`weft bump a.base --major` writes version 2.0.0" in told.stderr
    mesh.product(broken + "status: draft\n", "base", "a")
    mesh(*prod, "plan")  # a draft promises nothing
    mesh.product(broken, "base", "a")
    mesh(*prod, "bump", "a.base")
    versioned(mesh, "1.0.0", BASE, "base", "a", "data_product.v1.yaml")
    mesh(*prod, "apply", "--yes")
    assert [(row["product"], row["version"]) for row in mesh.json(*prod, "ls")] == [
        ("a.base__v1", "1.0.0"), ("a.base", "2.0.0")]
    # Words only, and the same version: allowed, but said.
    versioned(mesh, "2.0.0", broken + "description: x\n", "base", "a")
    plan = mesh(*prod, "plan").stdout
    assert "still version 2.0.0: `weft bump a.base@2` makes it 2.0.1" in plan


def test_majors_side_by_side_are_read_as_pinned(mesh):
    mesh.apply()
    versioned(mesh, "1.0.0", BASE, "base", "a", "data_product.v1.yaml")
    versioned(mesh, "2.0.0", BASE.replace("base.csv", "base2.csv"), "base", "a")
    mesh.write("base2.csv", "id,word\n7,seven\n")
    mesh.apply()
    assert mesh.sql("select id from a.base") == [(7,)]
    assert mesh.sql("select id from a.base__v1 order by id") == [(1,), (2,)]
    assert mesh.sql("select id from b.copy order by id") == [(1,), (2,)]
    mesh.product("sql: select id, word from a.base__v2\n", "copy", "b")
    assert "a.base@2" in mesh("plan").stdout
    mesh.apply()
    assert mesh.sql("select id from b.copy") == [(7,)]
    assert names(mesh, "ls", "a.base@1") == ["a.base__v1"]
    assert names(mesh, "run", "a.base") == ["a.base"]
    # A port says a major with @.
    mesh.product("inputs: {x: {product: a.base@1}}\nsql: select word from x\n", "copy", "b")
    assert mesh.json("plan")[0]["reads"] == [
        {"name": "x", "port": True, "product": "a.base", "major": 1}]
    mesh.apply()
    assert mesh.sql("select word from b.copy order by 1") == [("one",), ("two",)]


def test_pending_and_in_force(mesh):
    mesh.apply()
    mesh.product(BASE + "quality: {rows: {min: 1}}\n", "base", "a", head=HEAD.format("1.1.0"))
    mesh.apply("--no-run")
    row = mesh.json("status", "a.base")[0]
    assert (row["version"], row["pending_version"]) == ("1.0.0", "1.1.0")
    row = mesh.json("ls", "a.base")[0]
    assert (row["version"], row["pending_version"]) == ("1.0.0", "1.1.0")
    remove(mesh, "domains/a/base/data_product.yaml")
    mesh.write("weft.yaml", "mesh: small\nowns: [a, b, c]\n")
    mesh.apply("--no-run")
    assert mesh.json("ls", "a.base")[0]["pending_version"] is None  # nothing will come of it


def test_words_need_no_snapshot(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n", "hand", "a")
    mesh.apply()
    mesh("load", "a.hand", "-", input="a\n1\n")
    before = mesh.sql("select product, snapshot_id from mesh.products order by 1")
    words = "description: what it is\ntags: [new]\n"
    for text, name, domain in [(BASE, "base", "a"), (COPY, "copy", "b"), (LAST, "last", "c"),
                               ("schema:\n  - {name: a, type: long}\n", "hand", "a")]:
        text = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("tags"))
        mesh.product(text + words, name, domain, head=HEAD.format("1.0.1"))
    plan = mesh.json("plan")
    assert len(plan) == 4 and all(item["at_once"] for item in plan), plan
    assert mesh("plan").stdout.count("in force as soon as it is registered") == 4
    mesh.apply("--no-run")
    for command in ("ls", "status"):
        rows = {row["product"]: row for row in mesh.json(command)}
        assert all(row["pending_version"] is None for row in rows.values()), rows
        assert rows["b.copy"]["version"] == "1.0.1"
    assert mesh.json("plan") == []
    # Nothing is published again: neither by apply, nor by a run.
    mesh.product(BASE + "description: better\n", "base", "a", head=HEAD.format("1.0.2"))
    states = {run["product"]: run["state"] for run in mesh.json("apply", "--yes")}
    assert states == {"a.base": "nothing_new"}
    assert {run["state"] for run in mesh.json("run")} == {"nothing_new"}
    assert mesh.sql("select product, snapshot_id from mesh.products order by 1") == before
    assert mesh.sql("select \"column\" from mesh.columns where product = 'c.last'") == [("n",)]
    # What makes other rows waits for them.
    mesh.product(COPY.replace("select id", "select id + 1 as id"), "copy", "b",
                 head=HEAD.format("1.1.0"))
    assert not mesh.json("plan")[0]["at_once"]
    mesh.apply("--no-run")
    row = {row["product"]: row for row in mesh.json("status")}["b.copy"]
    assert (row["version"], row["pending_version"]) == ("1.0.1", "1.1.0")
    mesh("doctor")
    mesh("ledger", "rebuild", "--check")


def test_quarantine_of_an_older_major(mesh):
    bad = BASE.replace("type: long}", "type: long, max: 1}")
    versioned(mesh, "1.0.0", bad, "base", "a", "data_product.v1.yaml")
    versioned(mesh, "2.0.0", BASE, "base", "a")
    mesh.apply("a.*")
    assert mesh.json("quarantine", "a.base") == []
    row = mesh.json("quarantine", "a.base@1")[0]
    assert (row["rules"], row["why"]) == (["id.max"], ["`2` is above 1"])
    people = mesh("quarantine", "a.base@1").stdout
    assert [run["product"] for run in mesh.json("runs", "a.base@1")] == ["a.base__v1"]
    assert "base.csv:3" in people and "weft quarantine a.base@1 --replay" in people


# ---- words to those who start ----

def test_what_is_loaded_by_hand_is_not_to_be_run_first(mesh):
    mesh.product("schema: [{name: id, type: long}]\n", "hand", "a")
    mesh.product("sql: select id from a.hand\n", "of_hand", "b")
    done = mesh.apply(status=1)
    assert "`weft load a.hand@1 FILE`" in done.stderr
    assert "b.of_hand: b.of_hand" not in done.stderr  # its name once
    mesh("load", "a.hand@1", str(mesh.write("ids.csv", "id\n7\n")))
    mesh("run", "b.of_hand")
    assert mesh.sql("select id from b.of_hand") == [(7,)]


def test_a_broken_file_is_not_also_missing(mesh):
    mesh.product("sql: select 1 as id\nshcema: []\n", "broken", "a")
    mesh.product("sql: select id from a.broken\n", "of_broken", "b")
    done = mesh("validate", status=1)
    assert "did you mean `schema`?" in done.stderr and "1 mistake" in done.stderr
    assert "a.broken" not in done.stderr


def test_what_is_not_registered_yet_is_told(mesh):
    mesh.apply()
    mesh.product("sql: select 1 as id\n", "unknown", "c")
    done = mesh("run", status=1)
    assert "there is no product `c.unknown` in this home" in done.stderr
    assert "`weft apply` registers" in done.stderr


def test_a_change_of_long_sql_is_one_line(mesh):
    long = "sql: |\n  select id,\n    word\n  from a.base\n  where {}\n  limit 3\n"
    mesh.product(long.format("id > 1"), "copy", "b")
    mesh.apply()
    mesh.product(long.format("id > 2"), "copy", "b")
    assert "~ sql, line 4: where id > 1 -> where id > 2   (compatible)" in mesh("plan").stdout
    mesh.product(long.format("id > 1") + "  offset 1\n", "copy", "b")
    assert "~ sql, line 6:  -> offset 1   (compatible)" in mesh("plan").stdout
