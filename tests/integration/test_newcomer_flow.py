"""What people who are new to weft ran into when they moved data: wrong headers, loads, replays."""
import json
import os
import subprocess

import pytest

BIN = os.environ["WEFT_BIN"]
CLEAN = {name: value for name, value in os.environ.items()
         if name not in ("WEFT_HOME", "WEFT_ENV", "COLUMNS")}
SCHEMA = ("name: p\ndomain: d\nversion: 1.0.0\nschema:\n"
          "  - {name: id, type: int, min: 0}\n  - {name: v, type: string}\n")


def weft(*arguments, cwd, status=0, stdin=None):
    done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          input=stdin if stdin is not None else "", env=CLEAN)
    if status is not None:
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


@pytest.fixture
def mesh(tmp_path):
    (tmp_path / "weft.yaml").write_text("mesh: m\n")

    def apply(text):
        path = tmp_path / "domains" / "d" / "p" / "data_product.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        weft("apply", "--yes", cwd=tmp_path)
        return tmp_path

    return apply


def load(folder, text, *more, name="a.csv", status=0):
    (folder / name).write_text(text)
    return weft("load", "d.p", name, *more, cwd=folder, status=status)


def rows(folder, sql="select * from d.p order by all"):
    return weft("query", "--format", "csv", sql, cwd=folder).stdout.splitlines()[1:]


@pytest.mark.parametrize("text, hint", [
    ("id;v\n1;a\n", 'separated by ";"'), ("id\tv\n1\ta\n", "call it .tsv"),
    ("ID,V\n1,a\n", 'did you mean "ID"'), (" id, v\n1,a\n", 'did you mean " id"'),
    ("1,a\n2,b\n", "a header must come first"), ("x,y\n1,a\n", ""),
    ("<html>\n", "no csv: it begins with <html>"), ("", "is empty")])
def test_a_wrong_header_publishes_nothing(mesh, text, hint):
    folder = mesh(SCHEMA)
    done = load(folder, text, status=1)
    assert hint in done.stderr
    assert load(folder, "id\n7\n", name="b.csv").stderr.count('null there: "v"') == 1
    assert rows(folder) == ["7,"]


def test_detected_columns_stay(mesh):
    folder = mesh("name: p\ndomain: d\nversion: 1.0.0\n")
    load(folder, "id,v\n1,a\n")
    assert "none of the columns of the table" in load(folder, "x,y\n1,a\n", name="b.csv",
                                                      status=1).stderr
    assert 'added to it: "y"' in load(folder, "id,y\n2,3\n", name="c.csv").stderr
    assert rows(folder, "select id, v, y from d.p order by id") == ["1,a,", "2,,3"]


def test_loads_that_are_refused_say_what_can_be_typed(mesh):
    folder = mesh(SCHEMA)
    text = "id,v\n1,a\n"
    (folder / "e1.csv").write_text(text)
    (folder / "e2.csv").write_text(text)
    for again in ([], ["--again"]):
        done = weft("load", "d.p", "e1.csv", "e1.csv", *again, cwd=folder, status=1)
        assert "e1.csv is named twice" in done.stderr
    done = weft("load", "d.p", "e1.csv", "e2.csv", cwd=folder, status=1)
    assert "e1.csv and e2.csv have the same content" in done.stderr
    load(folder, "id,v\n2,b\n", name="a b.csv")
    done = load(folder, "id,v\n2,b\n3,c\n", name="a b.csv", status=1)
    assert "weft load d.p 'a b.csv' --again" in done.stderr
    weft("load", "d.p", "-", cwd=folder, stdin=text)
    done = weft("load", "d.p", "-", cwd=folder, stdin=text, status=1)
    assert "weft load d.p - --again" in done.stderr
    assert "loaded before as standard input" in done.stderr
    assert "stdin-" not in done.stderr


def test_rows_of_a_loaded_product_are_replayed(mesh):
    folder = mesh(SCHEMA)
    load(folder, "id,v\n1,a\n-2,b\n")
    weft("quarantine", "d.p", "--replay", cwd=folder)
    assert rows(folder) == ["1,a"]
    mesh(SCHEMA.replace("min: 0", "min: -5").replace("1.0.0", "1.1.0"))
    weft("quarantine", "d.p", "--replay", "--rule", "id.min", cwd=folder)
    assert rows(folder) == ["-2,b", "1,a"]


def test_a_rule_that_set_nothing_aside(mesh):
    folder = mesh(SCHEMA)
    load(folder, "id,v\n1,a\n-2,b\n")
    done = weft("quarantine", "d.p", "--replay", "--rule", "nope", cwd=folder, status=None)
    assert done.returncode != 0 and "nope" in done.stderr
    weft("quarantine", "d.p", "--dismiss", "--because", "known", "--rule", "id.min", cwd=folder)
    weft("quarantine", "d.p", "--replay", "--rule", "id.min", cwd=folder)
    assert rows(folder) == ["1,a"]


def test_no_examples_no_hint_to_them(mesh):
    folder = mesh(SCHEMA + "quality: {rows: {min: 5}}\n")
    done = load(folder, "id,v\n1,a\n", status=None)
    assert done.returncode != 0
    assert "shows examples" not in done.stderr


def test_rollback_looks_first(mesh):
    folder = mesh(SCHEMA)
    load(folder, "id,v\n1,a\n")
    old = next((folder / ".weft").rglob("*.parquet"))
    snapshot = rows(folder, "select snapshot_id from mesh.snapshots")[0]
    load(folder, "id,v\n2,b\n", name="b.csv")
    old.rename(old.with_suffix(".away"))
    done = weft("rollback", "d.p", snapshot, "--because", "x", cwd=folder, status=None)
    assert done.returncode != 0 and "is gone" in done.stderr, (done.stdout, done.stderr)
    old.with_suffix(".away").rename(old)
    assert rows(folder) == ["1,a", "2,b"]


def test_what_is_kept_of_a_failed_run_names_the_file(mesh, tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.csv").write_text("id\n1\n")
    folder = mesh('version: 1.0.0\ninput: {files: "../../../inbox/*.csv", read: new}\n'
                  "schema:\n  - {name: id, type: long}\n")
    (folder / "inbox" / "b.csv").write_text("")
    told = weft("run", cwd=folder, status=1).stderr
    assert "inbox/b.csv:1: " in told and "byte 0" not in told
    assert "inbox/b.csv:1: the file is empty" in weft("status", cwd=folder).stdout
    kept = rows(folder, "select message from mesh.runs where state = 'failed'")
    assert kept[0].endswith("inbox/b.csv:1: the file is empty: not even a header")
    done = weft("run", "--json", cwd=folder, status=1)
    assert "inbox/b.csv:1: " in json.loads(done.stdout)[0]["error"]
