"""The path: files through their contract into an open table, and what other readers see of it."""
import gzip
import pathlib
import re
import shutil
import subprocess
import time

import pyarrow.parquet
import pytest
from mesh_support import Mesh

FIELDS = "schema:\n  - {name: a, type: long, required: true}\n  - {name: b, type: string}\n"


@pytest.fixture
def mesh(tmp_path):
    return Mesh(tmp_path / "m")


def rows(mesh):
    return mesh.sql("select a, b from d.p order by a, b")


# ---- reading


@pytest.mark.parametrize("name, content", [
    ("x.csv", b"a,b\n1,x\n2,\n"),
    ("x.csv", b"\xef\xbb\xbfa,b\r\n1,x\r\n2,\r\n"),
    ("x.csv", b"a,b\n1,x\n2,"),
    ("x.csv", b"b,a\nx,1\n,2\n"),
    ("x.tsv", b"a\tb\n1\tx\n2\t\n"),
    ("x.csv.gz", gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,\n")),
    ("x.csv.zst", None),
])
def test_forms_of_files(mesh, name, content):
    mesh.product(FIELDS + f"input: {{files: ../../../in/{name}*, read: new}}\n")
    if content is None:
        zstd = shutil.which("zstd")
        if zstd is None:
            import pyarrow
            content = pyarrow.compress(b"a,b\n1,x\n2,\n", codec="zstd", asbytes=True)
        else:
            content = subprocess.run([zstd, "-q"], input=b"a,b\n1,x\n2,\n", check=True,
                                     capture_output=True).stdout
    mesh.write("in/" + name, content)
    mesh.apply()
    assert rows(mesh) == [(1, "x"), (2, None)]


def test_null_and_empty_and_line_breaks(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n  - {name: b, type: string}\n"
                 "  - {name: c, type: string}\n")
    mesh.apply()
    mesh.load('a,b,c\n1,,""\n2,"x\ny","say ""hi"""\n')
    assert mesh.sql("select b, c from d.p order by a") == [(None, ""), ("x\ny", 'say "hi"')]


def test_options_names_and_types(mesh):
    mesh.product("""input:
  files: ../../../in/*.txt
  format: csv
  options: {delimiter: ";", null: [NA], date_format: "%d/%m/%Y", skip: 1}
schema:
  - {name: day, type: date}
  - {name: amount, type: "decimal(8,2)"}
  - {name: word, type: string}
  - {name: moment, type: timestamp}
  - {name: ok, type: boolean}
  - {name: id, type: uuid}
""")
    mesh.write("in/x.txt", "a title\nday;amount;word;moment;ok;id\n"
               "31/01/2026;-12.50;NA;2026-01-31 10:00:00;true;"
               "12345678-1234-1234-1234-123456789012\n")
    mesh.apply()
    assert mesh.sql("select day::varchar, amount::varchar, word, moment::varchar, ok, id::varchar "
                    "from d.p") == [("2026-01-31", "-12.50", None, "2026-01-31 10:00:00", True,
                                     "12345678-1234-1234-1234-123456789012")]


def test_from_and_schema_of_the_input(mesh):
    mesh.product("""input:
  files: ../../../x.csv
  schema:
    - {name: code, type: string, from: "Area Code", pattern: "[0-9]{3}"}
    - {name: n, type: long}
schema:
  - {name: code, type: string}
  - {name: n, type: long}
""")
    mesh.write("x.csv", "n,Area Code\n1,007\n2,7\n")
    mesh.apply()
    assert mesh.sql("select code, n from d.p") == [("007", 1)]


@pytest.mark.parametrize("extra, status", [("ignore", 0), ("warn", 0), ("refuse", 1)])
def test_extra_columns(mesh, extra, status):
    mesh.product(FIELDS + f"input: {{files: ../../../x.csv, extra_columns: {extra}}}\n")
    mesh.write("x.csv", "a,more,b\n1,2,x\n")
    done = mesh.apply(status=status)
    assert ("more" in done.stdout + done.stderr) == (extra != "ignore")
    if status == 0:
        assert rows(mesh) == [(1, "x")]


def test_columns_and_types_are_detected(mesh):
    mesh.product("input: {files: ../../../x.csv}\n")
    mesh.write("x.csv", "Id,day,amount,ok,word\n1,2026-01-01,1.5,true,x\n2,2026-01-02,2,false,y\n")
    mesh.apply()
    assert mesh.sql('select "column", type from mesh.columns order by ordinal') == [
        ("Id", "long"), ("day", "date"), ("amount", "double"), ("ok", "boolean"),
        ("word", "string")]


@pytest.mark.parametrize("name, content, place", [
    ("x.csv", b'a,b\n1,x\n2,"y\n3,z\n', ":3:"),
    ("x.csv", b"a,b\n1,x\n2,\xff\n", ":3:"),
    ("x.csv.gz", gzip.compress(b"a,b\n1,x\n" * 1000)[:-20], "x.csv.gz"),
])
def test_files_bad_as_a_whole_are_refused(mesh, name, content, place):
    mesh.product(FIELDS + "input: {files: ../../../in/x.csv*, read: new}\n")
    mesh.write("in/" + name, content)
    done = mesh.apply(status=1)
    assert place in done.stderr, done.stderr
    assert "byte" in done.stderr or "gz" in name
    assert mesh.last_run()["state"] == "failed"
    assert mesh.sql("select count(*) from mesh.inputs where records > 0") == [(0,)]


# ---- positions


def test_new_files_only(mesh):
    mesh.product(FIELDS + "input: {files: ../../../in/*.csv, read: new}\n")
    mesh.apply()  # a glob that matches nothing is nothing to do
    one = mesh.write("in/1.csv", "a,b\n1,x\n")
    mesh("run")
    again = mesh("run").stdout
    assert "nothing new" in again
    mesh.write("in/2.csv", "a,b\n1,x\n")  # known content
    assert re.search(r"2\.csv.*same content.*1\.csv", mesh("run").stdout)
    mesh.write("in/3.csv", "a,b\n2,y\n")
    mesh("run", "d.p")
    assert rows(mesh) == [(1, "x"), (2, "y")]
    one.write_text("a,b\n3,z\n")
    done = mesh("run", status=3)
    assert "--reread" in done.stderr and "1.csv" in done.stderr
    mesh("run", "d.p", "--reread", one)
    assert rows(mesh) == [(1, "x"), (2, "y"), (3, "z")]
    # What 1.csv held before is still known: its copy does not count twice.
    assert "nothing new" in mesh("run").stdout
    assert rows(mesh) == [(1, "x"), (2, "y"), (3, "z")]
    assert len(mesh.json("snapshots", "d.p")) == 3


def test_done_error_and_rebuild(mesh):
    mesh.product(FIELDS + "input: {files: ../../../in/*.csv, read: new, done: ../../../done, "
                 "error: ../../../bad}\n")
    for name, text in (("1", "1,x\n2,y\n"), ("2", "3,z\n"), ("3", "no,z\n")):
        mesh.write(f"in/{name}.csv", "a,b\n" + text)
    mesh.apply()
    names = lambda folder: sorted(path.name for path in (mesh.folder / folder).iterdir())
    assert (names("in"), names("done"), names("bad")) == ([], ["1.csv", "2.csv"], ["3.csv"])
    mesh.write("in/1.csv", "a,b\n4,w\n")
    mesh("run", "d.p", "--reread", "in/1.csv")
    assert len(names("done")) == 3
    expected = [(1, "x"), (2, "y"), (3, "z"), (4, "w")]
    assert rows(mesh) == expected
    for _ in range(2):  # files that lie in `done` are found there, and stay
        mesh("run", "d.p", "--rebuild")
        assert rows(mesh) == expected
        assert len(names("done")) == 3 and names("bad") == ["3.csv"]
    mesh.write("in/copy.csv", "a,b\n3,z\n")
    mesh("run", "d.p", "--rebuild")  # each content once
    assert rows(mesh) == expected
    mesh("ledger", "rebuild", "--check")
    for name in ("2.csv", "copy.csv"):
        (mesh.folder / "done" / name).unlink()
    for path in (mesh.folder / "in").iterdir():
        path.unlink()
    done = mesh("run", "d.p", "--rebuild")
    assert "copy.csv is no longer to be had" in done.stdout + done.stderr
    assert rows(mesh) == [(1, "x"), (2, "y"), (4, "w")]


def test_a_file_waits_for_every_product_that_reads_it(mesh):
    text = FIELDS + "input: {files: ../../../in/*.csv, read: new, done: ../../../done}\n"
    mesh.product(text)
    mesh.product(text, name="q")
    mesh.write("in/1.csv", "a,b\n1,x\n")
    mesh.apply("--no-run")
    mesh("run", "d.p")
    assert (mesh.folder / "in/1.csv").exists()
    mesh("run", "d.q")
    assert (mesh.folder / "done/1.csv").exists() and not (mesh.folder / "in/1.csv").exists()


def test_read_all_replaces(mesh):
    mesh.product(FIELDS + "input: {files: ../../../x*.csv}\nsort: [b, a]\n")
    mesh.apply(status=1)  # a typo must not empty a table
    mesh.write("x1.csv", "a,b\n2,y\n1,z\n3,x\nbad,x\n")
    mesh("run")
    assert rows(mesh) == [(1, "z"), (2, "y"), (3, "x")]
    file, = (mesh.folder / ".weft/dev/lake/d/p__v1/data").glob("*.parquet")
    table = pyarrow.parquet.read_table(file)
    assert table.column("b").to_pylist() == ["x", "y", "z"]  # the order of the contract
    assert "nothing new" in mesh("run").stdout
    mesh.write("x2.csv", "a,b\n4,v\n")
    mesh("run")
    assert len(rows(mesh)) == 4
    # Rows set aside by the run before are closed by this one.
    states = mesh.sql("select state, count(*) from d__quarantine.p group by 1 order by 1")
    assert states == [("closed_by_run", 1), ("open", 1)]
    (mesh.folder / "x1.csv").unlink()
    mesh("run")
    assert rows(mesh) == [(4, "v")]


def test_load(mesh):
    mesh.product(FIELDS)
    mesh.apply()
    file = mesh.write("x.csv", "a,b\n1,x\n")
    mesh("load", "d.p", "x.csv")
    assert "--again" in mesh("load", "d.p", "x.csv", status=1).stderr
    mesh("load", "d.p", "x.csv", "--again")
    file.write_text("a,b\n2,y\n")
    done = mesh("load", "d.p", "x.csv", status=None)  # same name, other content
    assert done.returncode in (1, 3) and "weft load d.p x.csv --again" in done.stderr
    mesh("load", "d.p", "x.csv", "--again")
    mesh.load("a,b\n3,z\n")
    assert "before" in mesh.load("a,b\n3,z\n", status=1).stderr
    assert rows(mesh) == [(1, "x"), (1, "x"), (2, "y"), (3, "z")]
    mesh.write("y1.csv", "a,b\n4,v\n")
    mesh.write("y2.csv.gz", gzip.compress(b"a,b\n5,u\n"))
    mesh("load", "d.p", "y1.csv", "y2.csv.gz")
    assert len(rows(mesh)) == 6
    mesh.product(FIELDS + "input: {files: x.csv}\n", name="q")
    mesh("apply", "--yes", "--no-run")
    mesh("load", "d.q", "x.csv", status=1)


def test_load_with_replace(mesh):
    mesh.product(FIELDS + "write: replace\n")
    mesh.apply()
    mesh.load("a,b\n1,x\n")
    mesh.load("a,b\n2,y\n")
    assert rows(mesh) == [(2, "y")]


# ---- freshness


def test_freshness_never_blocks(mesh):
    mesh.product(FIELDS + "quality: {freshness: 1s}\n"
                 "input: {files: ../../../in/*.csv, read: new}\n")
    mesh.write("in/1.csv", "a,b\n1,x\n")
    mesh.apply()
    time.sleep(1.2)
    assert mesh.json("status")[0]["fresh"] is False
    mesh("run")  # it looked, and nothing was new
    assert mesh.json("status")[0]["fresh"] is True
    assert len(mesh.json("snapshots", "d.p")) == 1


# ---- the table as others read it


TYPES = """schema:
  - {name: id, type: long, required: true}
  - {name: i, type: int}
  - {name: f, type: float}
  - {name: d, type: double}
  - {name: dec, type: "decimal(9,2)"}
  - {name: big, type: "decimal(30,4)"}
  - {name: s, type: string}
  - {name: day, type: date}
  - {name: at, type: timestamp}
  - {name: atz, type: timestamptz}
  - {name: ok, type: boolean}
  - {name: u, type: uuid}
  - {name: j, type: json}
key: [id]
"""
HEADER = "id,i,f,d,dec,big,s,day,at,atz,ok,u,j\n"


def type_row(n):
    sign = "-" if n % 2 else ""
    return (f"{n},{sign}{n},{sign}{n}.5,{sign}{n}e10,{sign}{n}.25,{sign}{n}00000000000000000.0625,"
            f"{'é' * 30}{n:05d}{'x' * 40},{1970 + n:04d}-01-01,2026-01-01 00:00:{n:02d}.000001,"
            f"2026-01-01T00:00:{n:02d}Z,{str(n % 2 == 0).lower()},"
            f"00000000-0000-4000-8000-0000000000{n:02d},\"{{\"\"n\"\":{n}}}\"\n")


def catalog(mesh):
    from pyiceberg.catalog.sql import SqlCatalog
    home = mesh.folder / ".weft/dev"
    return SqlCatalog("small", uri=f"sqlite:///{home}/weft.db", warehouse=f"file://{home}/lake",
                      init_catalog_tables="false")


def test_pyiceberg_reads_it(mesh):
    from pyiceberg import types
    from pyiceberg.table import StaticTable

    mesh.product(TYPES)
    mesh.apply()
    for start in (1, 11, 21):
        mesh.load(HEADER + "".join(type_row(n) for n in range(start, start + 10)))
    table = catalog(mesh).load_table("d.p")
    path = re.search(r"table +(\S+)", mesh("show", "d.p").stdout)[1]
    for one in (table, StaticTable.from_metadata(path)):
        assert one.scan().to_arrow().num_rows == 30
        assert [type(field.field_type) for field in one.schema().fields] == [
            types.LongType, types.IntegerType, types.FloatType, types.DoubleType,
            types.DecimalType, types.DecimalType, types.StringType, types.DateType,
            types.TimestampType, types.TimestamptzType, types.BooleanType, types.UUIDType,
            types.StringType]
        assert one.schema().fields[0].required and not one.schema().fields[1].required
    # Filtered reads that must find the extremes: wrong bounds would lose them without an error.
    columns = mesh.json("query", "select * from d.p order by id")
    for name, low, high in (
            ("id", 1, 30), ("i", -29, 30), ("f", -29.5, 30.5), ("d", -29e10, 30e10),
            ("s", columns[0]["s"], columns[-1]["s"]), ("day", "1971-01-01", "2000-01-01"),
            ("at", "2026-01-01T00:00:01.000001", "2026-01-01T00:00:30.000001"),
            ("atz", "2026-01-01T00:00:01+00:00", "2026-01-01T00:00:30+00:00")):
        literal = (lambda v: f"'{v}'") if isinstance(low, str) else str
        for text in (f"{name} <= {literal(low)}", f"{name} >= {literal(high)}",
                     f"{name} == {literal(low)}", f"{name} == {literal(high)}"):
            assert table.scan(row_filter=text).to_arrow().num_rows == 1, text
    from decimal import Decimal

    from pyiceberg.expressions import GreaterThanOrEqual, LessThanOrEqual
    for name, low, high in (("dec", "-29.25", "30.25"),
                            ("big", "-2900000000000000000.0625", "3000000000000000000.0625")):
        for bound in (LessThanOrEqual(name, Decimal(low)), GreaterThanOrEqual(name, Decimal(high))):
            assert table.scan(row_filter=bound).to_arrow().num_rows == 1, bound
    assert table.scan(row_filter="ok == true").to_arrow().num_rows == 15
    # History.
    snapshots = mesh.json("snapshots", "d.p")
    assert [s.snapshot_id for s in table.snapshots()] == [
        s["snapshot_id"] for s in reversed(snapshots)]
    for count, snapshot in zip((10, 20, 30), table.snapshots()):
        assert table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().num_rows == count
        assert snapshot.summary["total-records"] == str(count)
        assert snapshot.summary.additional_properties["weft.run-id"]
    files = [task.file for task in table.scan().plan_files()]
    assert sorted(file.record_count for file in files) == [10, 10, 10]
    assert table.inspect.history().num_rows == 3 and table.inspect.manifests().num_rows == 3
    # Each file of data holds the table's columns and no others.
    for file in files:
        path = pathlib.Path(file.file_path.removeprefix("file://"))
        assert path.stat().st_size == file.file_size_in_bytes
        assert len(pyarrow.parquet.read_schema(path).names) == 13


def test_pyiceberg_reads_what_evolved(mesh):
    mesh.product("schema:\n  - {name: id, type: int}\n  - {name: a, type: string}\n"
                 "  - {name: b, type: float}\n")
    mesh.apply()
    mesh.load("id,a,b\n1,x,1.5\n")
    mesh.product("schema:\n  - {name: id, type: long}\n  - {name: alpha, type: string, was: a}\n"
                 "  - {name: c, type: date}\n", head="owner: t@example.org\nversion: 1.1.0\n")
    mesh.apply()
    mesh.load("id,alpha,c\n9999999999,y,2026-01-01\n")
    table = catalog(mesh).load_table("d.p")
    assert table.scan().to_arrow().select(["id", "alpha"]).sort_by("id").to_pylist() == [
        {"id": 1, "alpha": "x"}, {"id": 9999999999, "alpha": "y"}]
    assert [field.field_id for field in table.schema().fields] == [1, 2, 4]
    first = table.snapshots()[0].snapshot_id
    assert table.scan(snapshot_id=first).to_arrow().to_pylist() == [{"id": 1, "a": "x", "b": 1.5}]
    assert table.scan(row_filter="alpha == 'x'").to_arrow().num_rows == 1


def test_majors_side_by_side(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n")
    mesh.apply()
    mesh.load("a\n1\n")
    shutil.copy(mesh.folder / "domains/d/p/data_product.yaml",
                mesh.folder / "domains/d/p/data_product.v1.yaml")
    mesh.product("schema:\n  - {name: z, type: string}\n",
                 head="owner: t@example.org\nversion: 2.0.0\n")
    mesh.apply()
    mesh("load", "d.p@2", "-", input="z\nq\n")
    assert mesh.sql("select * from d.p") == [("q",)]
    assert mesh.sql("select * from d.p__v1") == [(1,)]
    assert mesh.sql("select * from d.p__v2") == [("q",)]
    lake = catalog(mesh)
    assert sorted(lake.list_tables("d")) == [("d", "p"), ("d", "p__v1")]
    assert lake.load_table("d.p__v1").scan().to_arrow().num_rows == 1
    assert mesh("drop", "d.p@1", "--because", "old", "--yes").returncode == 0
    assert lake.list_tables("d") == [("d", "p")]
    assert not list((mesh.folder / ".weft/dev/lake/d").glob("p__v1/data/*"))
