"""Questions in SQL: the past, every form of answer, the mesh as tables, and what is refused."""
import csv
import io
import json
import os
import re
import resource
import subprocess
import threading

import pyarrow.parquet
import pytest
from mesh_support import BIN, CLEAN, Mesh

# As product-file.md has them; more may follow.
TABLES = {
    "mesh.products": "product, domain, name, major, version, owner, type, status, description, "
                     "tags, rows, snapshot_id, published_at, checked_at, fresh, pending_version",
    "mesh.columns": "product, column, ordinal, type, required, description, classification, means",
    "mesh.inputs": "product, port, kind, source, upstream, read, position, read_at",
    "mesh.runs": "run_id, product, started_at, finished_at, state, cause, read, accepted, made, "
                 "published, quarantined, superseded, snapshot_id, seconds, memory_bytes",
    "mesh.checks": "run_id, product, rule, kind, on_fail, passed, failing, total, value, message",
    "mesh.snapshots": "product, snapshot_id, parent_id, committed_at, operation, rows, added, "
                      "removed, files, bytes, run_id, contract_version, pinned",
    "d__quarantine.p": "row_id, run_id, contract_version, port, file, line, byte, raw, values, "
                       "rules, state, state_by",
}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    """d.p with three snapshots of 2, 4 and 6 rows and one row set aside; d.q with one."""
    made = Mesh(tmp_path_factory.mktemp("query") / "m")
    made.product("description: Numbers.\ntype: aggregate\ntags: [a, b]\nschema:\n"
                 "  - {name: id, type: long, required: true, description: The number.}\n"
                 "  - {name: word, type: string, classification: public}\n"
                 "  - {name: day, type: date}\n  - {name: amount, type: 'decimal(9,2)'}\n"
                 "key: [id]\nquality: {freshness: 1d}\n")
    made.product("schema:\n  - {name: id, type: long}\n", name="q")
    made.product("input: {files: ../../../in/*.csv, read: new}\nschema:\n"
                 "  - {name: id, type: long}\n", name="r")
    made.write("in/x.csv", "id\n1\n")
    made.apply()
    made.times = []
    for start in (1, 3, 5):
        made.load("id,word,day,amount\n" + "".join(
            f"{n},w{n},2026-01-{n:02d},{n}.50\n" for n in (start, start + 1))
            + (",none,,\n" if start == 5 else ""))
        made.times.append(made.sql("select cast(now() as varchar)")[0][0])
        made.load(f"id\n{start}\n", "d.q")
    made.snapshots = [row["snapshot_id"] for row in reversed(made.json("snapshots", "d.p"))]
    return made


# ---- the past


def test_as_of(mesh):
    for count, snapshot, when in zip((2, 4, 6), mesh.snapshots, mesh.times):
        assert mesh.sql("select count(*) from d.p", "--as-of", snapshot) == [(count,)]
        assert mesh.sql("select count(*) from d.p", "--as-of", when) == [(count,)]
        assert mesh.sql(f"select count(*) from d.p at (version => {snapshot})") == [(count,)]
        assert mesh.sql(f"select count(*) from d.p at (timestamp => timestamptz '{when}')") == [
            (count,)]
    iso = mesh.times[0].replace(" ", "T").replace("+00", "Z")
    assert mesh.sql("select count(*) from d.p", "--as-of", iso) == [(2,)]
    # A snapshot as of which: the whole mesh at its moment.
    assert mesh.sql("select (select count(*) from d.p), (select count(*) from d.q)", "--as-of",
                    mesh.snapshots[2]) == [(6, 2)]
    # Two moments in one question.
    assert mesh.sql(f"select count(*) from d.p anti join (select id from d.p at (version => "
                    f"{mesh.snapshots[0]})) as old using (id)") == [(4,)]
    assert mesh.sql("select rows from mesh.products where product = 'd.p'", "--as-of",
                    mesh.times[0]) == [(2,)]
    assert mesh.sql("select count(*) from mesh.snapshots where product = 'd.p'", "--as-of",
                    mesh.times[1]) == [(2,)]
    assert mesh.sql("select rows from mesh.products where product = 'd.p'", "--as-of",
                    mesh.snapshots[1]) == [(4,)]
    assert mesh.sql("select count(*) from mesh.products", "--as-of", "2001-01-01") == [(0,)]


@pytest.mark.parametrize("when", ["2001-01-01", "yesterday", "1", "2026-13-01", ""])
def test_a_past_that_is_not_there(mesh, when):
    done = mesh("query", "select count(*) from d.p", "--as-of", when, status=None)
    assert done.returncode in (1, 2) and done.stdout == "", done
    assert done.stderr.startswith("error: ")


def test_one_question_sees_one_state(tmp_path):
    """While another process publishes, two readings of a table in one query never differ."""
    mesh = Mesh(tmp_path / "m")
    mesh.product("schema:\n  - {name: id, type: long}\n")
    mesh.apply()
    mesh.load("id\n0\n")

    def write():
        for n in range(1, 12):
            mesh.load(f"id\n{n}\n")

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        (a, b, c), = mesh.sql("select (select count(*) from d.p), (select max(id) + 1 from d.p), "
                              "(select rows from mesh.products)")
        assert a == b == c
        seen.add(a)
    writer.join()
    assert len(seen) > 1


# ---- forms


def test_formats(mesh, tmp_path):
    sql = "select id, word, day, amount, [id] as l, {'a': id} as s, null as n from d.p order by id"
    table = mesh("query", sql).stdout.splitlines()
    assert table[0].split() == ["id", "word", "day", "amount", "l", "s", "n"] and len(table) == 8
    rows = list(csv.DictReader(io.StringIO(mesh("query", sql, "--format", "csv").stdout)))
    assert rows[0]["word"] == "w1" and rows[5]["amount"] == "6.50" and rows[0]["n"] == ""
    expected = {"id": 1, "word": "w1", "day": "2026-01-01", "l": [1], "s": {"a": 1}, "n": None}
    for words in (["--format", "json"], ["--json"]):
        first = json.loads(mesh("query", sql, *words).stdout)[0]
        assert float(first.pop("amount")) == 1.5 and first == expected
    lines = mesh("query", sql, "--format", "ndjson").stdout.splitlines()
    assert len(lines) == 6 and json.loads(lines[5])["id"] == 6
    mesh("query", sql.replace(", null as n", ""), "--format", "parquet", "-o",
         tmp_path / "x.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").column("id").to_pylist() == [
        1, 2, 3, 4, 5, 6]
    piped = subprocess.run([BIN, "query", "select id from d.p", "--format", "parquet"],
                           cwd=mesh.folder, capture_output=True, env=CLEAN, check=True).stdout
    assert pyarrow.parquet.read_table(io.BytesIO(piped)).num_rows == 6
    for form in ("csv", "json", "ndjson"):
        mesh("query", sql, "--format", form, "-o", tmp_path / form)
        assert (tmp_path / form).read_text() == mesh("query", sql, "--format", form).stdout
    mesh("query", sql, "--format", "table", "-o", tmp_path / "table", status=2)
    assert not (tmp_path / "table").exists()
    assert mesh("query", "select 1 where false", "--json").stdout.strip() == "[]"
    mesh("query", sql, "--format", "xml", status=2)


def test_parquet_is_not_for_a_terminal(mesh):
    import pty
    master, slave = pty.openpty()
    done = subprocess.run([BIN, "query", "select 1", "--format", "parquet"], cwd=mesh.folder,
                          stdout=slave, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          env=CLEAN)
    os.close(slave)
    os.close(master)
    assert done.returncode == 2 and "-o" in done.stderr, done


def test_sql_from_a_file_and_parameters(mesh, tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("-- a question\nselect word from d.p\nwhere id = $id and day = $day;\n")
    answer = mesh("query", "-f", file, "-p", "id=3", "--param", "day=2026-01-03", "--format", "csv")
    assert answer.stdout == "word\nw3\n"
    text = "select count(*) as n from d.p where word = $w"
    assert mesh.json("query", "-f", "-", "-p", "w=x' or 1=1 --", input=text) == [{"n": 0}]
    for words in (["-f", file], ["-f", file, "-p", "id=1", "-p", "day=2026-01-01", "-p", "no=1"],
                  ["-f", "/no/such.sql"], ["-f", file, "select 1"], []):
        done = mesh("query", *words, status=None)
        assert done.returncode in (1, 2) and done.stdout == "", words
    file.write_text("select word\nfrom d.p\nwhere idd = 1\n")
    done = mesh("query", "-f", file, status=1)
    assert re.search(r"q\.sql:3:7: .*idd", done.stderr), done.stderr


def test_streaming_in_little_memory(mesh):
    """5 M rows, about 200 MB of text, pass through; what is allowed to grow is far less."""
    sql = "select i, i * 7 as j, 'some text ' || i as t from range(5000000) r(i)"
    script = ("import resource, subprocess, sys\n"
              "done = subprocess.run(sys.argv[1:], stdout=open('/dev/null', 'w'))\n"
              "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")
    peaks = {}
    for rows in ("5000000", "50000"):
        out = subprocess.run(["python3", "-c", script, BIN, "query", "--format", "csv",
                              sql.replace("5000000", rows)], cwd=mesh.folder, text=True,
                             capture_output=True, env=CLEAN, check=True).stdout
        status, peaks[rows] = map(int, out.split())
        assert status == 0
    assert peaks["5000000"] - peaks["50000"] < 60_000, peaks  # kilobytes


# ---- the mesh as tables


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_the_mesh_tables(mesh, table):
    expected = TABLES[table].split(", ")
    row = mesh.json("query", f"select * from {table} limit 1")
    assert row and list(row[0])[:len(expected)] == expected
    for column in expected:
        mesh("query", f'select "{column}" from {table}')


def test_what_the_mesh_tables_say(mesh):
    row, = mesh.json("query", "select * from mesh.products where product = 'd.p'")
    assert (row["domain"], row["name"], row["major"], row["version"], row["rows"], row["type"],
            row["status"], row["tags"], row["description"], row["fresh"]) == (
        "d", "p", 1, "1.0.0", 6, "aggregate", "active", ["a", "b"], "Numbers.", True)
    assert row["snapshot_id"] == mesh.snapshots[2] and row["pending_version"] is None
    columns = mesh.json("query", "select * from mesh.columns where product = 'd.p' "
                        "order by ordinal")
    assert [(c["column"], c["type"], c["required"], c["classification"]) for c in columns] == [
        ("id", "long", True, None), ("word", "string", False, "public"),
        ("day", "date", False, None), ("amount", "decimal(9, 2)", False, None)]
    snapshots = mesh.json("query", "select * from mesh.snapshots where product = 'd.p' "
                          "order by committed_at")
    assert [(s["rows"], s["added"], s["removed"], s["operation"]) for s in snapshots] == [
        (2, 2, 0, "append"), (4, 2, 0, "append"), (6, 2, 0, "append")]
    assert [s["parent_id"] for s in snapshots] == [None, *mesh.snapshots[:2]]
    # Both balances of every run.
    assert mesh.sql("select count(*) from mesh.runs where state = 'published' and not "
                    "(made = published + quarantined + superseded or read = accepted + quarantined)"
                    ) == [(0,)]
    assert mesh.sql("select count(*) from mesh.runs r join mesh.snapshots s using (run_id) "
                    "where r.published <> s.added") == [(0,)]
    aside, = mesh.json("query", "select * from d__quarantine.p")
    assert aside["rules"] == ["id.required", "key"] and aside["raw"] == ",none,,"
    inputs = {row["product"]: row for row in mesh.json("query", "select * from mesh.inputs")}
    assert inputs["d.r"]["kind"] == "files" and inputs["d.r"]["read"] == "new"


# ---- refusals


@pytest.mark.parametrize("sql, hint", [
    ("insert into d.p values (1)", ""), ("delete from d.p", ""), ("drop table d.p", ""),
    ("create table t (a int)", ""), ("copy d.p to '/tmp/x'", ""), ("attach 'x.db'", ""),
    ("pragma version", ""), ("set threads = 1", ""), ("install httpfs", ""), ("load httpfs", ""),
    ("call pragma_version()", ""), ("select 1; select 2", ""), ("begin", ""), ("", ""),
    ("select * from read_csv('/etc/passwd')", ""), ("select * from '/etc/passwd'", ""),
    ("select * from read_parquet('x')", ""), ("select * from glob('*')", ""),
    ("select getenv('HOME')", ""), ("select * from duckdb_settings()", ""),
    ("select * from information_schema.tables", ""), ("select * from sqlite_master", ""),
    ("select * from d.pp", "d.p"), ("select * from mesh.product", "mesh.products"),
    ("select wrd from d.p", "word"), ("select nosuch(id) from d.p", ""), ("selec 1", ""),
    ("select * from d.p where", ""), ("with x as (delete from d.p returning *) from x", ""),
    ("select current_setting('memory_limit')", ""), ("export database 'x'", ""),
])
def test_refused(mesh, sql, hint):
    done = mesh("query", sql, status=None)
    assert done.returncode in (1, 2), done
    assert done.stdout == "" and re.search(r"^error: |^\S*:\d+:\d+: ", done.stderr), done
    assert hint in done.stderr
    assert str(mesh.folder) not in done.stderr and ".parquet" not in done.stderr


def test_errors_of_values_while_it_runs(mesh):
    done = mesh("query", "select cast(word as int) from d.p", status=1)
    assert "error: " in done.stderr and "read_parquet" not in done.stderr
    for form in ("json", "csv", "ndjson"):
        mesh("query", "select cast(word as int) from d.p", "--format", form, status=1)


# ---- every command for programs


def test_json_of_every_command(mesh, tmp_path):
    run = mesh.json("query", "select run_id from mesh.runs where product = 'd.p' "
                    "order by started_at")[0]["run_id"]
    for words in (["validate"], ["plan"], ["apply", "--yes"], ["run"], ["ls"], ["show", "d.p"],
                  ["runs"], ["runs", "d.p"], ["snapshots", "d.p"], ["quarantine", "d.p"],
                  ["quarantine", "d.p", "--all"], ["quarantine", "d.p", "--replay"],
                  ["status"], ["status", "d.p"], ["ledger"], ["ledger", "verify"],
                  ["ledger", "rebuild", "--check"], ["schema"], ["schema", "mesh"], ["settings"],
                  ["doctor"], ["version"], ["query", "select 1"]):
        text = mesh(*words, "--json").stdout
        json.loads(text)
    for line in mesh("logs", run, "--json").stdout.splitlines():
        assert isinstance(json.loads(line), dict)
    copy = tmp_path / "copy"
    json.loads(mesh("init", copy, "--json").stdout or "null")
    other = Mesh(tmp_path / "o")
    other.product("schema:\n  - {name: id, type: long}\n")
    json.loads(other("apply", "--yes", "--json").stdout)
    json.loads(other("load", "d.p", "-", "--json", input="id\n1\n").stdout)
    json.loads(other("load", "d.p", "-", "--json", input="id\nx\n", status=3).stdout)
    other.load("id\n2\nx\n")
    first = other.json("snapshots", "d.p")[-1]["snapshot_id"]
    for words in (["rollback", "d.p", str(first), "--because", "x"],
                  ["quarantine", "d.p", "--dismiss", "--because", "x"],
                  ["drop", "d.p", "--because", "x", "--yes"], ["plan"]):
        json.loads(other(*words, "--json").stdout)
