"""Files of edited rows that were forged, mangled by a spreadsheet, or come at the wrong time:
refused with their line, told of, or replayed to the last digit; what is not replayed stays open."""
import csv
import io
import json
import subprocess

import pytest
from mesh_support import BIN, CLEAN, Mesh

ROWS = """input: {files: ../../../in/*.csv, read: new%s}
schema:
  - {name: id, type: long, required: true}
  - {name: who, type: string, pattern: "[a-z, ]+"}
  - {name: n, type: long, max: 10}
  - {name: d, type: date}
  - {name: z, type: string}
  - {name: m, type: "decimal(38,10)"}
key: [id]
"""
DATA = """id,who,n,d,z,m
1,ann,5,2020-01-02,007,1
2,"Bob, B",50,2020-03-04,001,2
3,cy,x,2020-05-06,"a;b",3
4,dee,11,,NA,4
1,eve,1,2020-01-01,"NA",5
"""


def made(folder, options="", data=DATA):
    mesh = Mesh(folder)
    mesh.write("in/1.csv", data)
    mesh.product(ROWS % options)
    mesh.apply()
    mesh("quarantine", "d.p", "--export", "bad.csv")
    return mesh


@pytest.fixture
def mesh(tmp_path):
    return made(tmp_path / "m")


def read(mesh, name="bad.csv"):
    return list(csv.DictReader(io.StringIO((mesh.folder / name).read_text())))


def write(mesh, rows, name="bad.csv", mark="", **more):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), **{"lineterminator": "\n", **more})
    writer.writeheader()
    writer.writerows(rows)
    mesh.write(name, mark + text.getvalue())


def replay(mesh, status=0, name="bad.csv", product="d.p"):
    done = mesh("quarantine", product, "--replay", "--from", name, "--because", "x", status=status)
    return done.stdout + done.stderr


def states(mesh, product="d.p"):
    return [row["state"] for row in mesh.json("quarantine", product, "--all")]


def good(rows):
    for i, row in enumerate(rows):
        row.update(id=str(20 + i), who="x", n="1")
    return rows


def test_forged_ids(mesh):
    rows = read(mesh)
    one = rows[0]["_row"]
    run = one.split(":")[0]
    for forged in (run, run + ":", run + ":0", run + ":-1", run + ":99", run + ":1e0", run + ": 1",
                   run + ":01", " " + one, one + " ", one.upper(), one + ":1", "x", "%", "*",
                   "'; drop table entries; --", "../../x", run + ":9223372036854775808",
                   "0" * 8 + "-0000-0000-0000-" + "0" * 12 + ":1", "a" * 5000):
        write(mesh, [dict(rows[1], n="1"), dict(rows[0], _row=forged, who="x", n="1")])
        assert "bad.csv:3: no row of d.p that was set aside has the id" in replay(mesh, 1)
    assert set(states(mesh)) == {"open"} and mesh.sql("select count(*) from d.p") == [(1,)]


def test_rows_of_other_products_and_majors(mesh):
    mesh.product(ROWS % "", "q")
    mesh.apply()
    mesh("quarantine", "d.q", "--export", "q.csv")
    assert "no row of d.p that was set aside" in replay(mesh, 1, "q.csv")
    folder = mesh.folder / "domains/d/p"
    (folder / "data_product.yaml").rename(folder / "data_product.v1.yaml")
    mesh.product((ROWS % "").replace("max: 10", "max: 20"),
                 head="owner: team@example.org\nversion: 2.0.0\n")
    mesh.apply()
    said = mesh("quarantine", "d.p@1", "--export", "one.csv").stdout
    assert "of d.p@1 written" in said and "weft quarantine d.p@1 --replay" in said
    assert "no row of d.p that was set aside" in replay(mesh, 1, "one.csv")
    write(mesh, good(read(mesh, "one.csv")[:1]), "one.csv")
    replay(mesh, 0, "one.csv", "d.p@1")
    assert "is not open: it is replayed" in replay(mesh, 1, "one.csv", "d.p@1")
    assert mesh.sql("select count(*) from d.p__v1") == [(2,)]
    assert set(states(mesh)) == {"open"}
    mesh("doctor")


def test_rows_that_are_done_with(mesh):
    mesh("quarantine", "d.p", "--dismiss", "--rule", "key", "--because", "x")
    assert "bad.csv:5: the row" in replay(mesh, 1)
    assert sorted(states(mesh)) == ["dismissed", "open", "open", "open"]


def test_keys_that_were_changed(mesh):
    rows = good(read(mesh))
    for row, key in zip(rows, ("1", "5", "5", "6")):
        row["id"] = key
    write(mesh, rows)
    said = replay(mesh)
    assert "bad.csv:2 stays: key" in said and "bad.csv:4 stays: key" in said
    assert mesh.sql("select id from d.p order by id") == [(1,), (5,), (6,)]


def test_what_spreadsheets_make_of_it(mesh):
    rows = good(read(mesh))
    for row, day in zip(rows, ("3/4/2020", "06.05.2020", "43922", "2020-01-01 00:00:00")):
        row["d"] = day
    write(mesh, rows, mark="\ufeff", delimiter=";", lineterminator="\r\n")
    said = replay(mesh)
    assert said.count("is no date") == 4 and "none of 4 rows passes now" in said
    rows[0].update(d="2020-03-04", z="1")
    rows[1].update(d="2020-05-06", n="1,0")
    rows[2].update(d="", n="1.0")
    write(mesh, rows[:3], delimiter="\t", lineterminator="\r\n")
    with open(mesh.folder / "bad.csv", "ab") as file:
        file.write(b"\t" * 12 + b"\r\n\r\n")
    said = replay(mesh)
    assert 'bad.csv:2: "z" lost its leading zeros' in said
    assert "`1,0` is no long" in said and "`1.0` is no long" in said
    assert mesh.sql("select id, z from d.p order by id") == [(1, "007"), (20, "1")]


@pytest.mark.parametrize("content, said", [
    (b"", "the file is empty"), (b"<html>", "no column is called _row"),
    (b"PK\3\4xx", "no column is called _row"), (b"_row,n\n\0,1\n", "NUL byte"),
    (b"_row,n\n\xe9,1\n", "not UTF-8"), (b'_row,n\n"x,1\n', "a quote is not closed"),
    (b"_row,n\nx,1,2\n", "cell 3 stands below no name"), (b"_row,n,n\nx,1,2\n", "two columns"),
    (b"\x1f\x8b\x08\0", "not UTF-8")])
def test_files_that_are_none(mesh, content, said):
    mesh.write("bad.csv", content)
    text = replay(mesh, 1)
    assert said in text and "bad.csv" in text
    assert set(states(mesh)) == {"open"}


def test_words_for_null_and_the_last_digit(tmp_path):
    """A quoted word for null is text, an unquoted one is null; numbers stay as they are written."""
    mesh = made(tmp_path / "m", ", options: {null: [NA]}", DATA.replace(",,NA,4", ",NA,NA,4"))
    rows = read(mesh)
    assert [(row["d"], row["z"]) for row in rows[2:]] == [("", ""), ("2020-01-01", "NA")]
    write(mesh, good(rows))
    replay(mesh)
    assert mesh.sql("select id, d, z from d.p where id > 21 order by id") == [
        (22, None, None), (23, "2020-01-01", "NA")]
    number = "1234567890123456789012345678.0123456789"
    mesh = made(tmp_path / "other")
    one = read(mesh)[0]["_row"]
    mesh.write("bad.ndjson",
               '{"row_id": "%s", "values": {"who": "x", "n": 1, "m": %s}}' % (one, number))
    replay(mesh, name="bad.ndjson")
    assert mesh.sql("select cast(m as varchar) from d.p where id = 2") == [(number,)]


def test_all_at_once(tmp_path):
    """Two replays of a file, one of all, a run and a dismissal: each row has one end."""
    mesh = made(tmp_path / "m", data="id,who,n,d,z,m\n" + "".join(
        f"{i},x,{99 if i % 2 else 1},,,\n" for i in range(1, 2001)))
    rows = read(mesh)
    for row in rows:
        row["n"] = "5"
    write(mesh, rows)
    mesh.write("in/2.csv", "id,who,n,d,z,m\n" + "".join(
        f"{i},x,{99 if i % 2 else 1},,,\n" for i in range(1999, 3001)))
    words = ["--replay --from bad.csv --because a", "--replay --from bad.csv --because b",
             "--replay", "--dismiss --rule n.max --because c"]
    started = [subprocess.Popen([BIN, "quarantine", "d.p", *one.split()], cwd=mesh.folder,
                                env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
               for one in words]
    started.append(subprocess.Popen([BIN, "run", "d.p"], cwd=mesh.folder, env=CLEAN,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for one in started:
        said = one.communicate(timeout=120)[0]
        assert one.returncode == 0 or "open" in said, said
    mesh("run", "d.p")
    total, ids = mesh.sql("select count(*), count(distinct id) from d.p")[0]
    ends = dict(mesh.sql("select state, count(*) from d__quarantine.p group by all"))
    assert total == ids == 1500 + ends.get("replayed", 0)
    assert 1500 <= sum(ends.values()) <= 1502
    mesh("ledger", "verify")
    mesh("doctor")


def test_json_with_a_member_twice(mesh):
    one = read(mesh)[0]["_row"]
    for text in ('{"row_id": "%s", "values": {"n": 1, "n": 2}}' % one,
                 '{"row_id": "%s", "values": [1]}' % one, '{"row_id": 5, "values": {}}', "[]x",
                 '{"row_id": "%s"}' % one, json.dumps({"row_id": one, "values": {"zz": 1}})):
        mesh.write("bad.ndjson", text)
        assert "bad.ndjson" in replay(mesh, 1, "bad.ndjson"), text
    assert set(states(mesh)) == {"open"}
