"""Parquet and Avro inputs, written by others: the same accounts as for csv, no value changed or
lost in silence, and files that are damaged, cut off or hostile refused with a clear text."""
import datetime as dt
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh import Mesh

SHOP = """\
version: 1.0.0
input: {{files: ../../../inbox/*.parquet, read: new{more}}}
schema:
{schema}
"""


def product(schema, key="", more="", **top):
    lines = "\n".join(f"  - {{{one}}}" for one in schema)
    text = SHOP.format(schema=lines, more=more) if schema else \
        SHOP.format(schema="", more=more).replace("schema:\n", "")
    return text + (f"key: {key}\n" if key else "") + "".join(
        f"{k}: {v}\n" for k, v in top.items())


class Binary(Mesh):
    def table(self, name, columns, **options):
        path = self.root / "inbox" / name
        pq.write_table(pa.table(columns), path, **options)
        return path

    def rows(self, sql):
        done = self.weft("query", "--format", "json", sql)
        return json.loads(done.stdout)

    def aside(self):
        return self.rows("select file, line, byte, raw, \"values\", rules from "
                         "shop__quarantine.p order by run_id, "
                         "cast(split_part(row_id, ':', 2) as bigint)")

    def runs(self):
        return self.rows("select state, read, accepted, quarantined, published from mesh.runs "
                         "where product = 'shop.p' order by started_at")


def mesh_of(tmp_path, text):
    mesh = Binary(tmp_path, {"p": text})
    mesh.weft("apply", "--yes")
    return mesh


def test_types_are_taken_from_the_file(tmp_path):
    mesh = mesh_of(tmp_path, product([]))
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, 678901)
    mesh.table("a.parquet", {
        "b": pa.array([True, None]), "i8": pa.array([-128, 127], pa.int8()),
        "u32": pa.array([2**32 - 1, 0], pa.uint32()), "u64": pa.array([2**64 - 1, 0], pa.uint64()),
        "i64": pa.array([-2**63, 2**63 - 1]), "f": pa.array([1.5, None], pa.float32()),
        "d": pa.array([0.1, -1e300]), "dec": pa.array([decimal.Decimal("-1.25")] * 2,
                                                     pa.decimal128(20, 2)),
        "s": ["ä\n\"", ""], "bin": pa.array([b"\x00\xff", b""], pa.binary()),
        "day": pa.array([dt.date(1969, 12, 31)] * 2),
        "t": pa.array([dt.time(23, 59, 59, 999999)] * 2),
        "ts": pa.array([moment] * 2, pa.timestamp("us")),
        "ns": pa.array([moment] * 2, pa.timestamp("ns")),
        "ms": pa.array([moment.replace(microsecond=678000)] * 2, pa.timestamp("ms")),
        "tz": pa.array([moment] * 2, pa.timestamp("us", "America/Chicago")),
        "l": pa.array([[1, None], None], pa.list_(pa.int32())),
        "st": pa.array([{"a": 1, "b": [{"c": "x"}]}] * 2),
        "m": pa.array([[("k", 1.5)], []], pa.map_(pa.string(), pa.float64())),
        "dict": pa.array(["x", "y"]).dictionary_encode()})
    told = mesh.weft("run", "shop.p").stdout
    assert "detected u64: decimal(20, 0)" in told and "detected ns: timestamp" in told, told
    row, other = mesh.rows("select * exclude (bin, d), octet_length(bin) n, cast(d as varchar) d "
                           "from shop.p order by i8")
    assert row["i64"] == -2**63 and other["i64"] == 2**63 - 1
    assert str(row["u64"]) == str(2**64 - 1) and row["u32"] == 2**32 - 1
    assert row["d"] == "0.1" and other["d"] == "-1e+300" and row["f"] == 1.5
    assert str(row["dec"]) == "-1.25" and row["s"] == "ä\n\"" and other["s"] == ""
    assert row["n"] == 2 and row["day"] == "1969-12-31" and row["t"] == "23:59:59.999999"
    assert row["ts"] == row["ns"] == "2020-01-02 03:04:05.678901"
    assert row["ms"].startswith("2020-01-02 03:04:05.678")
    assert row["tz"].startswith("2020-01-02 03:04:05.678901+00")
    assert row["l"] == [1, None] and other["l"] is None
    assert row["st"] == {"a": 1, "b": [{"c": "x"}]} and row["m"] == {"k": 1.5}
    assert row["dict"] == "x"
    assert mesh.runs() == [{"state": "published", "read": 2, "accepted": 2, "quarantined": 0,
                            "published": 2}]


def test_what_does_not_fit_is_set_aside(tmp_path):
    mesh = mesh_of(tmp_path, product([
        "name: id, type: long, required: true", "name: n, type: int", "name: x, type: float",
        "name: c, type: 'decimal(6,2)'", "name: at, type: timestamp", "name: l, type: list<int>",
        "name: s, type: long", "name: min, type: long, min: 0"], key="[id]"))
    good = dict(n=1.0, x=0.5, c=1.25, at=10**9, l=[1.0], s="12", min=0)
    bad = [("n", 2.5), ("n", 1e10), ("n", float("nan")), ("x", 0.1), ("c", 0.125), ("c", 12345.0),
           ("at", 1), ("l", [1.5]), ("s", "1.5"), ("s", " 1"), ("min", -1)]
    rows = [dict(good, id=i) for i in range(3)] + [dict(good, id=10 + i, **{k: v})
                                                   for i, (k, v) in enumerate(bad)]
    rows.append(dict(good, id=1))
    mesh.table("a.parquet", {
        "id": pa.array([r["id"] for r in rows]), "n": pa.array([r["n"] for r in rows]),
        "x": pa.array([r["x"] for r in rows]), "c": pa.array([r["c"] for r in rows]),
        "at": pa.array([r["at"] for r in rows], pa.timestamp("ns")),
        "l": pa.array([r["l"] for r in rows]), "s": pa.array([r["s"] for r in rows]),
        "min": pa.array([r["min"] for r in rows])}, row_group_size=4)
    mesh.weft("run", "shop.p")
    assert mesh.runs()[0] == {"state": "published", "read": 15, "accepted": 3, "quarantined": 12,
                              "published": 3}
    aside = mesh.aside()
    assert [a["line"] for a in aside] == list(range(4, 16))
    assert {a["file"].split("/")[-1] for a in aside} == {"a.parquet"}
    assert all(a["raw"] is None and a["byte"] is None for a in aside)
    names = [name for name, _ in bad]
    for a, name in zip(aside, names):
        wanted = "min.min" if name == "min" else f"{name}.type"
        assert a["rules"] == [wanted], (a, wanted)
    assert aside[-1]["rules"] == ["key"]
    values = [json.loads(a["values"]) for a in aside]
    assert values[0]["n"] == 2.5 and values[2]["n"] == "nan" and values[7]["l"] == [1.5]
    assert values[0]["at"] == "1970-01-01 00:00:01" and values[10]["min"] == -1
    assert mesh.rows("select n, x, l, s from shop.p limit 1") == [
        {"n": 1, "x": 0.5, "l": [1], "s": 12}]


def test_replay_from_values(tmp_path):
    schema = ["name: id, type: long, required: true", "name: n, type: long, max: 10",
              "name: d, type: double", "name: u, type: 'decimal(20,0)'", "name: bin, type: binary",
              "name: l, type: list<long>", "name: at, type: timestamp"]
    mesh = mesh_of(tmp_path, product(schema, key="[id]"))
    mesh.table("a.parquet", {
        "id": [1, 2, 3, 4], "n": [1, 11, 12, 99], "d": [0.1, 1 / 3, float("inf"), 1.0],
        "u": pa.array([1, 2**64 - 1, 5, 6], pa.uint64()), "bin": [b"a", b"\x00\xffz", b"\\", b""],
        "l": [[1], [2, None], [], None],
        "at": pa.array([1, 2, 3, 4], pa.timestamp("us"))})
    mesh.weft("run", "shop.p")
    assert len(mesh.aside()) == 3
    mesh.product("p", product([s.replace("max: 10", "max: 20") for s in schema], key="[id]")
                 .replace("1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes")
    mesh.weft("quarantine", "shop.p", "--replay")
    rows = mesh.rows("select id, n, cast(d as varchar) d, cast(u as varchar) u, hex(bin) bin, l, "
                     "cast(\"at\" as varchar) \"at\" from shop.p order by id")
    assert [r["id"] for r in rows] == [1, 2, 3]
    assert rows[1] == {"id": 2, "n": 11, "d": "0.3333333333333333", "u": str(2**64 - 1),
                       "bin": "00FF7A", "l": [2, None], "at": "1970-01-01 00:00:00.000002"}
    assert rows[2]["d"] == "inf" and rows[2]["bin"] == "5C" and rows[2]["l"] == []
    states = mesh.rows("select state, count(*) n from shop__quarantine.p group by all order by 1")
    assert states == [{"state": "open", "n": 1}, {"state": "replayed", "n": 2}], states


def test_columns_by_name(tmp_path):
    mesh = mesh_of(tmp_path, """\
version: 1.0.0
input:
  files: ../../../inbox/*.parquet
  read: new
  schema:
    - {name: id, type: long, required: true}
    - {name: name, type: string, from: "Full name"}
    - {name: n, type: long}
""")
    mesh.table("a.parquet", {"Full name": ["x"], "n": [1], "id": [1]})
    mesh.table("b.parquet", {"more": [1], "id": [2], "Full name": ["y"]})
    told = mesh.weft("run", "shop.p")
    said = told.stdout + told.stderr
    assert "left out" in said and "more" in said and "missing" in said, said
    assert mesh.rows("select * from shop.p order by id") == [
        {"id": 1, "name": "x", "n": 1}, {"id": 2, "name": "y", "n": None}]
    mesh.table("c.parquet", {"Id": [2], "Full name": ["y"]})
    said = mesh.weft("run", "shop.p", status=1).stderr
    assert 'no column "id", which is required' in said and 'did you mean "Id"' in said, said


def test_two_files_of_other_types(tmp_path):
    mesh = mesh_of(tmp_path, product(["name: id, type: long", "name: v, type: long"]))
    mesh.table("a.parquet", {"id": [1], "v": pa.array([2**53 + 1])})
    mesh.table("b.parquet", {"id": [2], "v": pa.array([1.5])})
    mesh.table("c.parquet", {"id": [3], "v": ["7"]})
    mesh.weft("run", "shop.p")
    assert mesh.rows("select * from shop.p order by id") == [{"id": 1, "v": 2**53 + 1},
                                                            {"id": 3, "v": 7}]
    aside = mesh.aside()
    assert [(a["file"].split("/")[-1], a["line"], a["rules"]) for a in aside] == [
        ("b.parquet", 1, ["v.type"])]
    mesh.table("d.parquet", {"id": [4], "v": [True]})
    said = mesh.weft("run", "shop.p", status=1).stderr
    assert "boolean, which cannot become long" in said, said


def test_files_are_known_and_moved(tmp_path):
    mesh = mesh_of(tmp_path, product(["name: id, type: long"],
                                     more=", done: ../../../done, error: ../../../bad"))
    path = mesh.table("a.parquet", {"id": [1, 2]})
    data = path.read_bytes()
    mesh.weft("run", "shop.p")
    assert not path.exists() and (tmp_path / "done" / "a.parquet").read_bytes() == data
    assert "nothing new" in mesh.weft("run", "shop.p").stdout
    (tmp_path / "inbox" / "copy.parquet").write_bytes(data)
    mesh.weft("run", "shop.p")
    assert mesh.rows("select count(*) n from shop.p") == [{"n": 2}]


def test_with_sql_and_glob_characters(tmp_path):
    mesh = Binary(tmp_path, {"p": """\
version: 1.0.0
inputs:
  f: {files: '../../../inbox/f*.parquet',
      schema: [{name: id, type: long, min: 0}, {name: v, type: long}]}
  g: {files: ../../../inbox/g.csv, schema: [{name: id, type: long}]}
sql: select f.id, v from f join g using (id)
schema: [{name: id, type: long}, {name: v, type: long, max: 5}]
"""})
    mesh.table("f[1]*.parquet", {"id": [1, 2, -3], "v": [5, 6, 7]})
    mesh.table("f2.parquet", {"id": [4], "v": [1]})
    mesh.write("inbox/g.csv", "id\n1\n2\n4\n")
    mesh.weft("apply", "--yes")
    mesh.weft("run", "shop.p")
    assert mesh.rows("select * from shop.p order by id") == [{"id": 1, "v": 5}, {"id": 4, "v": 1}]
    aside = mesh.aside()
    assert [(a["line"], a["rules"]) for a in aside] == [(3, ["f.id.min"]), (None, ["v.max"])]
    assert json.loads(aside[0]["values"]) == {"id": -3, "v": 7}


HOSTILE = {
    "empty": (lambda data: b"", "is empty"),
    "csv": (lambda data: b"id,v\n1,2\n" * 9, "no Parquet file"),
    "gzip": (lambda data: b"\x1f\x8b\x08" + data, "packed with gzip"),
    "cut": (lambda data: data[:-100], "cut off"),
    "no_head": (lambda data: b"XXXX" + data[4:], "no Parquet file"),
    "encrypted": (lambda data: data[:-4] + b"PARE", "encrypted"),
    "long_footer": (lambda data: data[:-8] + b"\xff\xff\xff\x7f" + data[-4:], "footer"),
    "zero_footer": (lambda data: data[:-8] + b"\0\0\0\0" + data[-4:], "is damaged"),
    "pages": (lambda data: data[:4] + b"\xa5" * 2000 + data[2004:], "cannot be read as Parquet"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_files_are_refused(tmp_path, name):
    mesh = mesh_of(tmp_path, product(["name: id, type: long", "name: v, type: string"]))
    path = mesh.table("a.parquet", {"id": list(range(2000)), "v": [f"v{i}" for i in range(2000)]},
                      use_dictionary=False, compression="none")
    make, words = HOSTILE[name]
    mesh.write("inbox/a.parquet", make(path.read_bytes()))
    said = mesh.weft("run", "shop.p", status=1).stderr
    assert words in said and "a.parquet" in said, said
    for word in ("Invalid Input", "Error:", "duckdb", "thrift", "TProtocol", "/proc/"):
        assert word not in said, said
    assert mesh.rows("select count(*) n from mesh.snapshots where product = 'shop.p'") == [{"n": 0}]
    assert not list((tmp_path / ".weft" / "dev").rglob("*.ndjson"))


def test_load_by_hand(tmp_path):
    mesh = Binary(tmp_path, {"p": "version: 1.0.0\nschema: [{name: id, type: long}]\n"})
    mesh.weft("apply", "--yes")
    path = mesh.table("x.parquet", {"id": [1, 2]})
    mesh.weft("load", "shop.p", path)
    assert mesh.rows("select count(*) n from shop.p") == [{"n": 2}]


def test_many_files_of_two_kinds(tmp_path):
    mesh = mesh_of(tmp_path, product(["name: id, type: long"], key="[id]"))
    for i in range(60):
        kind = pa.int32() if i % 20 < 10 else pa.float64()
        ids = pa.array([i * 10 + k for k in range(10)] + [0], kind)
        mesh.table(f"f{i:03}.parquet", {"id": ids})
    mesh.weft("run", "shop.p")
    counted = mesh.rows("select count(*) n, count(distinct id) d from shop.p")
    assert counted == [{"n": 600, "d": 600}]
    aside = mesh.aside()
    assert len(aside) == 60 and all(a["rules"] == ["key"] and a["line"] == 11 for a in aside)
    assert len({a["file"] for a in aside}) == 60


# ---- avro ----

AVRO = {"type": "record", "name": "row", "fields": [
    {"name": "id", "type": "long"},
    {"name": "i", "type": ["null", "int"]},
    {"name": "f", "type": "float"}, {"name": "d", "type": "double"},
    {"name": "b", "type": "boolean"},
    {"name": "s", "type": ["string", "null"]},
    {"name": "bin", "type": "bytes"},
    {"name": "fx", "type": {"type": "fixed", "name": "four", "size": 4}},
    {"name": "e", "type": {"type": "enum", "name": "color", "symbols": ["RED", "GREEN"]}},
    {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20,
                             "scale": 2}},
    {"name": "fdec", "type": {"type": "fixed", "name": "wide", "size": 16,
                              "logicalType": "decimal", "precision": 38, "scale": 0}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "tm", "type": {"type": "int", "logicalType": "time-millis"}},
    {"name": "tu", "type": {"type": "long", "logicalType": "time-micros"}},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "tus", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "lts", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "l", "type": {"type": "array", "items": ["null", "long"]}},
    {"name": "m", "type": {"type": "map", "values": "double"}},
    {"name": "st", "type": {"type": "record", "name": "inner", "fields": [
        {"name": "x", "type": "int"}, {"name": "again", "type": ["null", "color"]}]}},
    {"name": "any", "type": ["null", "long", "string"]}]}
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)


def avro_row(i, **more):
    return {"id": i, "i": -i, "f": 0.5, "d": 0.1, "b": i % 2 == 0, "s": f"ä{i}\n\"\\",
            "bin": b"\x00\xff", "fx": b"abcd", "e": "GREEN", "dec": decimal.Decimal("-1234.50"),
            "fdec": decimal.Decimal(-10**37), "day": dt.date(1969, 12, 31),
            "tm": dt.time(1, 2, 3, 4000), "tu": dt.time(23, 59, 59, 999999),
            "ts": MOMENT.replace(microsecond=678000), "tus": MOMENT,
            "lts": dt.datetime(1960, 1, 2, 3, 4, 5, 1),
            "u": "12345678-1234-5678-1234-567812345678", "l": [1, None, 2**62], "m": {"k": 1.5},
            "st": {"x": 7, "again": "RED"}, "any": i, **more}


def avro(path, rows, codec="null", schema=None, **options):
    import fastavro
    with open(path, "wb") as out:
        fastavro.writer(out, schema or AVRO, rows, codec=codec, **options)


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_avro_types_and_codecs(tmp_path, codec):
    mesh = mesh_of(tmp_path, product([]).replace("*.parquet", "*.avro"))
    path = tmp_path / "inbox" / "a.avro"
    try:
        avro(path, [avro_row(i) for i in range(3000)], codec, sync_interval=20000)
    except ValueError as error:  # no library for this codec
        pytest.skip(str(error))
    told = mesh.weft("run", "shop.p").stdout
    for words in ("id: long", "i: int", "dec: decimal(20, 2)", "fdec: decimal(38, 0)", "day: date",
                  "tus: timestamptz", "lts: timestamp", "u: uuid", "l: list<long>", "any: json",
                  "st: struct<x: int, again: string>", "bin: binary", "m: map<string, double>"):
        assert "detected " + words in told, (words, told)
    assert mesh.rows("select count(*) n, sum(id) s, count(distinct s) d from shop.p") == [
        {"n": 3000, "s": 2999 * 1500, "d": 3000}]
    row = mesh.rows('select i, f, d, b, s, hex(bin) bin, hex(fx) fx, e, '
                    'cast("dec" as varchar) "dec", cast(fdec as varchar) fdec, '
                    'cast("day" as varchar) "day", tm, tu, ts, tus, lts, u, l, m, st, "any" '
                    'from shop.p where id = 4')[0]
    assert row == {
        "i": -4, "f": 0.5, "d": 0.1, "b": True, "s": "ä4\n\"\\", "bin": "00FF", "fx": "61626364",
        "e": "GREEN", "dec": "-1234.50", "fdec": str(-10**37), "day": "1969-12-31",
        "tm": "01:02:03.004", "tu": "23:59:59.999999", "ts": "2020-01-02 03:04:05.678+00",
        "tus": "2020-01-02 03:04:05.678901+00", "lts": "1960-01-02 03:04:05.000001",
        "u": "12345678-1234-5678-1234-567812345678", "l": [1, None, 2**62], "m": {"k": 1.5},
        "st": {"x": 7, "again": "RED"}, "any": "4"}


def test_avro_rows_set_aside_and_replayed(tmp_path):
    fields = [{"name": "id", "type": "long"}, {"name": "d", "type": "double"},
              {"name": "n", "type": ["null", "long"]}, {"name": "bin", "type": "bytes"}]
    text = product(["name: id, type: long, required: true", "name: d, type: double",
                    "name: n, type: long, max: 5", "name: bin, type: binary"],
                   key="[id]").replace("*.parquet", "*.avro")
    mesh = mesh_of(tmp_path, text)
    avro(tmp_path / "inbox" / "a.avro",
         [{"id": 1, "d": 1.0, "n": 1, "bin": b""}, {"id": 2, "d": float("nan"), "n": 1, "bin": b""},
          {"id": 3, "d": 0.1, "n": 2**63 - 1, "bin": b"\x00\x01"},
          {"id": 4, "d": 0.1, "n": 7, "bin": b"\x00\x01"},
          {"id": 1, "d": 0.0, "n": None, "bin": b""}],
         schema={"type": "record", "name": "r", "fields": fields})
    mesh.weft("run", "shop.p")
    aside = mesh.aside()
    assert [(a["line"], a["rules"]) for a in aside] == [
        (2, ["d.type"]), (3, ["n.max"]), (4, ["n.max"]), (5, ["key"])]
    assert json.loads(aside[1]["raw"]) == {"id": 3, "d": 0.1, "n": 2**63 - 1, "bin": "\\x0001"}
    assert json.loads(aside[0]["raw"])["d"] == "NaN"
    mesh.product("p", text.replace("max: 5", "max: 10").replace("1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes")
    mesh.weft("quarantine", "shop.p", "--replay")
    assert mesh.rows("select id, n, hex(bin) bin from shop.p order by id") == [
        {"id": 1, "n": 1, "bin": ""}, {"id": 4, "n": 7, "bin": "0001"}]


def test_avro_by_hand_and_packed(tmp_path):
    import gzip
    mesh = Binary(tmp_path, {"p": "version: 1.0.0\nschema: [{name: id, type: long}]\n"})
    mesh.weft("apply", "--yes")
    path = tmp_path / "x.avro"
    avro(path, [avro_row(i) for i in range(10)])
    mesh.weft("load", "shop.p", path)
    packed = tmp_path / "y.avro.gz"
    avro(path, [avro_row(i) for i in range(11)])
    packed.write_bytes(gzip.compress(path.read_bytes()))
    mesh.weft("load", "shop.p", packed)
    assert mesh.rows("select count(*) n from shop.p") == [{"n": 21}]


def change(at, by):
    def make(data):
        at_ = at if at >= 0 else len(data) + at
        return data[:at_] + by + data[at_ + len(by):]
    return make


BAD_AVRO = {
    "empty": (lambda data: b"", "empty"),
    "csv": (lambda data: b"id,v\n1,2\n" * 9, "no Avro file"),
    "parquet": (lambda data: b"PAR1" + data, "it is Parquet"),
    "cut": (lambda data: data[:-30], "damaged"),
    "cut_head": (lambda data: data[:60], "cut off within its head"),
    "marker": (change(-16, b"0123456789abcdef"), "marker"),
    "schema": (lambda data: data.replace(b'"long"', b'"lang"', 1), "schema"),
    "codec": (lambda data: data.replace(b"deflate", b"deflaxe", 1), "deflaxe"),
    "packed": (change(-100, b"\xff" * 40), "damaged"),
}


@pytest.mark.parametrize("name", BAD_AVRO)
def test_bad_avro_files_are_refused(tmp_path, name):
    mesh = mesh_of(tmp_path, product(["name: id, type: long"]).replace("*.parquet", "*.avro"))
    path = tmp_path / "inbox" / "a.avro"
    avro(path, [avro_row(i) for i in range(1000)], "deflate")
    make, words = BAD_AVRO[name]
    mesh.write("inbox/a.avro", make(path.read_bytes()))
    said = mesh.weft("run", "shop.p", status=1).stderr
    assert words in said and "a.avro" in said, said
    assert mesh.rows("select count(*) n from mesh.snapshots where product = 'shop.p'") == [{"n": 0}]


@pytest.mark.parametrize("type", [pa.float32(), pa.float64()])
def test_reals_as_decimals(tmp_path, type):
    """A real as a decimal keeps its value: no digits that its binary form does not say."""
    mesh = mesh_of(tmp_path, product(["name: id, type: long", 'name: n, type: "decimal(38,5)"'],
                                     quality="{quarantine_max: 0.99}"))
    values = [0.1, -1.5, 1e10, 123456.78, 9007199254740994.0, 16777216.0, 2.0**70, 1e22,
              0.1234567, 1e300 if type == pa.float64() else 3e38, float("nan"), float("inf"), -0.0]
    column = pa.array(values, type)
    mesh.table("a.parquet", {"id": list(range(len(values))), "n": column})
    mesh.weft("run", "shop.p")
    kept = {r["id"]: decimal.Decimal(r["n"])
            for r in mesh.rows("select id, n::varchar as n from shop.p")}
    for i, value in enumerate(column.to_pylist()):
        if i not in kept:
            assert i in (8, 9, 10, 11), value
        elif value == int(value):
            assert kept[i] == int(value)
        else:
            assert pa.scalar(float(kept[i]), type).as_py() == value
    assert len(kept) == len(values) - 4
    assert len(mesh.aside()) == 4


def test_reals_as_decimals_within_lists_are_refused(tmp_path):
    mesh = mesh_of(tmp_path, product(['name: n, type: "list<decimal(38,5)>"']))
    mesh.table("a.parquet", {"n": [[1e22]]})
    done = mesh.weft("run", "shop.p", status=1)
    assert "cannot become" in done.stdout + done.stderr


def test_int96_is_read_to_the_microsecond_and_told(tmp_path):
    mesh = mesh_of(tmp_path, product(["name: t, type: timestamp"]))
    moment = pa.array([1577934245678901000], pa.timestamp("ns"))
    mesh.table("a.parquet", {"t": moment}, use_deprecated_int96_timestamps=True)
    done = mesh.weft("run", "shop.p")
    assert '"t" is written as INT96' in done.stdout + done.stderr
    assert mesh.rows("select t::varchar as t from shop.p") == [{"t": "2020-01-02 03:04:05.678901"}]
    mesh.table("b.parquet", {"t": pa.array([dt.datetime(2020, 1, 2)], pa.timestamp("us"))})
    done = mesh.weft("run", "shop.p")
    assert "INT96" not in done.stdout + done.stderr


def test_avro_field_with_a_zero_byte_in_its_name(tmp_path):
    import io
    import fastavro
    mesh = Binary(tmp_path, {"p": "version: 1.0.0\ninput: {files: ../../../inbox/*.avro}\n"})
    schema = {"type": "record", "name": "r", "fields": [{"name": "aXXXXXXb", "type": "long"}]}
    file = io.BytesIO()
    fastavro.writer(file, schema, [{"aXXXXXXb": 1}])
    mesh.write("inbox/a.avro", file.getvalue().replace(b"aXXXXXXb", b"a\\u0000b"))
    done = mesh.weft("apply", "--yes", status=1)
    assert "zero byte" in done.stdout + done.stderr
