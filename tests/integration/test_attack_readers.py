"""Hostile and damaged input files of every format: each ends as a run whose counts hold, or is
refused with its place; never a crash, a hang, or a row lost in silence. Many files are read at
once: a product for each."""
import collections
import gzip
import io
import json
import os
import re
import struct
import threading
import time
import zlib

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh import Mesh

SCHEMA = """schema:
  - {name: id, type: long, required: true}
  - {name: s, type: string}
"""


def product(form, schema=SCHEMA, name="f*", read="all"):
    return f"version: 1.0.0\ninput: {{files: ../../../inbox/{name}, format: {form}, " \
           f"read: {read}}}\n{schema}"


class Many(Mesh):
    """One product for each content; `runs` tells what became of them."""

    def __init__(self, root, form, contents, schema=SCHEMA):
        names = range(len(contents))
        super().__init__(root, {f"c{i}": product(form, schema, f"f{i}x") for i in names})
        for i, content in enumerate(contents):
            self.write(f"inbox/f{i}x", content)
        self.weft("apply", "--yes", "--no-run")
        done = self.weft("run", status=(0, 1, 3), env={"WEFT_MEMORY": "1GB"}, timeout=500)
        self.said = done.stdout + done.stderr
        assert not re.search("internal|killed|signal|Binder|balance", self.said), self.said
        self.runs = {}
        for row in self.query("select product, state, read, accepted, quarantined, published "
                              "from mesh.runs"):
            assert row["read"] == row["accepted"] + row["quarantined"] or row["state"] == "failed"
            assert row["published"] in (row["accepted"], 0)
            at = int(row["product"].split(".c")[1])
            self.runs[at] = (row["state"], row["read"], row["accepted"], row["quarantined"])
        assert sorted(self.runs) == list(range(len(contents)))

    def published(self):
        return {i: run[1:] for i, run in self.runs.items() if run[0] == "published"}

    def error(self, at):
        return "\n".join(line for line in self.said.splitlines()
                         if re.match(rf"(error|\S*/f{at}x\S*): shop\.c{at}: ", line))


def rows(count):
    return [{"id": i, "s": f"s{i}"} for i in range(1, count + 1)]


def csv_of(records):
    return ("id,s\n" + "".join(f"{r['id']},{r['s']}\n" for r in records)).encode()


def parquet_of(table, **options):
    out = io.BytesIO()
    pq.write_table(pa.table(table) if isinstance(table, dict) else table, out, **options)
    return out.getvalue()


def avro_of(fields, records, **options):
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": fields}, records, **options)
    return out.getvalue()


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


FIELDS = [{"name": "id", "type": "long"}, {"name": "s", "type": ["null", "string"]}]
THREE = csv_of(rows(3))
LINES = \
    b'{"id": 1, "s": "a\\u00e9\\ud83d\\ude00"}\n' \
    b'{"id": 22, "s": null}\r\n{"id": 3, "s": "x\xc3\xa9"}\n'
GZIP_ONE, GZIP_TWO = gzip.compress(THREE[:12]), gzip.compress(THREE[12:])
AVRO = avro_of(FIELDS, rows(3))
AVRO_HEAD = len(avro_of(FIELDS, []))
# name: format, content, lengths that are whole files or None = any (then each row is told of)
CUT = {
    "gzip": ("csv", gzip.compress(THREE), ()),
    "zstd": ("csv", zstd(THREE), ()),
    "two_members": ("csv", GZIP_ONE + GZIP_TWO, (len(GZIP_ONE),)),
    "json": ("json", json.dumps(rows(3)).encode(), ()),
    "ndjson": ("ndjson", LINES, None),
    "avro": ("avro", AVRO, (AVRO_HEAD,)),
    "parquet": ("parquet", parquet_of({"id": [1, 2, 3], "s": ["a", "b", "c"]}), ()),
}


@pytest.mark.parametrize("name", CUT)
def test_cut_at_each_byte(tmp_path, name):
    form, data, whole = CUT[name]
    step = 1 if len(data) < 100 else 3 if len(data) < 400 else 11
    cuts = sorted({*range(0, len(data), step), *(whole or ())}) + [len(data)]
    many = Many(tmp_path, form, [data[:cut] for cut in cuts])
    good = {cuts[i] for i in many.published()}
    assert len(data) in good
    if whole is not None:
        assert good == {len(data), *whole}
        assert many.runs[len(cuts) - 1][1:] == (3, 3, 0) or name == "parquet"
        return
    for i, (read, _, aside) in many.published().items():
        text = data[:cuts[i]]
        assert read == sum(1 for line in text.splitlines() if line.strip())
        assert aside == (0 if text.rstrip().endswith(b"}") or not text.strip() else 1)


@pytest.mark.parametrize("name", ["parquet", "avro"])
def test_one_byte_changed(tmp_path, name):
    form, data, _ = CUT[name]
    step = 4 if name == "avro" else 9
    many = Many(tmp_path, form, [data[:i] + bytes([data[i] ^ 0xff]) + data[i + 1:]
                                 for i in range(0, len(data), step)])
    for run in many.published().values():
        assert run[0] in (0, 3)


def test_behind_packed_text(tmp_path):
    ends = [b"\0", b"\0" * 100, b"x", b"\x1f", b"\x1f\x8b\x08", b"\n", b"PK"]
    packed = (gzip.compress(THREE), zstd(THREE))
    many = Many(tmp_path, "csv", [data + end for data in packed for end in ends] +
                [packed[0] + packed[1], packed[1] + packed[0], gzip.compress(packed[0]),
                 packed[0] + gzip.compress(b""), gzip.compress(b"") + packed[0], packed[0] * 2])
    assert set(many.published()) == {17, 18, 19}
    assert many.runs[19][1:] == (7, 6, 1)  # the second header is a row that does not read
    assert "something else stands behind the compressed text" in many.error(2)


def test_a_path_stands_once_in_a_message(tmp_path):
    many = Many(tmp_path, "csv", [gzip.compress(THREE)[:-3], b"x,y\n1,2\n", b"<html>", b""])
    for at in range(4):
        assert many.error(at).count(f"f{at}x") == 1, many.said
    assert "4 of 4 products were not published" in many.said


# ---- paths

def test_odd_paths(tmp_path):
    mesh = Mesh(tmp_path, {"p": product("csv", read="new")})
    mesh.write("inbox/f0", THREE)
    mesh.weft("apply", "--yes", "--no-run")
    os.mkfifo(tmp_path / "inbox/f1")
    (tmp_path / "inbox/f2").mkdir()
    (tmp_path / "inbox/f4").symlink_to("/dev/zero")
    mesh.weft("run", "shop.p", timeout=60)
    assert mesh.count("shop.p") == 3
    (tmp_path / "inbox/f3").symlink_to("f3")
    (tmp_path / "inbox/f5").symlink_to("nowhere")
    for name, said in (("f1", "no regular file"), ("f2", "that is a folder"),
                       ("f3", "symbolic links"), ("f4", "no regular file"),
                       ("f5", "leads nowhere")):
        mesh.product("p", product("csv", name=name))
        mesh.weft("apply", "--yes", "--no-run")
        assert said in mesh.weft("run", "shop.p", status=1, timeout=60).stderr
    assert mesh.count("shop.p") == 3


@pytest.mark.parametrize("how", ["grows", "shrinks", "is replaced"])
@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "parquet", "avro"])
def test_changed_while_it_is_read(tmp_path, form, how):
    count = 100_000
    make = {"csv": csv_of, "json": lambda r: json.dumps(r).encode(),
            "ndjson": lambda r: "".join(json.dumps(x) + "\n" for x in r).encode(),
            "parquet": lambda r: parquet_of({"id": [x["id"] for x in r], "s": [x["s"] for x in r]},
                                            row_group_size=1000, compression="none"),
            "avro": lambda r: avro_of(FIELDS, r)}[form]
    mesh = Mesh(tmp_path, {"p": product(form)})
    path = mesh.write("inbox/f1", make(rows(3)))
    mesh.weft("apply", "--yes")
    data = make(rows(count))
    mesh.write("inbox/f1", data)
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            if how == "is replaced":
                mesh.write("inbox/f1", data)
            else:
                with open(path, "r+b") as file:
                    if how == "grows":
                        file.seek(0, 2)
                        file.write(data[-20:])
                    else:
                        file.truncate(max(100, os.path.getsize(path) - 999))
            time.sleep(0.002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        done = mesh.weft("run", "shop.p", status=(0, 1), timeout=120)
    finally:
        stop.set()
        thread.join()
    assert "internal" not in done.stderr
    if how != "is replaced":
        assert done.returncode == 1, done.stdout
    if done.returncode == 1:
        assert "f1" in done.stderr and mesh.count("shop.p") == 3
    else:
        assert mesh.count("shop.p") == count
    mesh.verify()


# ---- bombs

def bomb(head, unit, times):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(times):
            file.write(unit)
    return out.getvalue()


def test_bombs(tmp_path):
    """A few KB that unpack to 256 MB and more: refused within bounds, or nothing is in them."""
    block = 1 << 22
    for form, data, said in (
            ("json", bomb(b"[", b" " * block, 64), "ends before the array does"),
            ("json", bomb(b"[", b"[" * block, 64), "nested more than"),
            ("ndjson", bomb(b'{"id":1,"s":"', b"x" * block, 64), "record_size_max"),
            ("ndjson", bomb(b"", b" " * block, 64), "record_size_max"),
            ("csv", bomb(b"id,s\n1,", b"x" * block, 64), "record_size_max"),
            ("avro", avro_bomb(), "256|grew over|damaged")):
        mesh = Mesh(tmp_path / form / str(len(data)), {"p": product(form)})
        mesh.write("inbox/f1", data)
        done = mesh.weft("apply", "--yes", status=1, timeout=60, env={"WEFT_MEMORY": "300MB"})
        assert re.search(said, done.stderr), done.stderr


def varint(number):
    number = ((number << 1) ^ (number >> 63)) & ((1 << 64) - 1)
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def avro_bomb():
    head = avro_of([{"name": "s", "type": "string"}], [], codec="deflate")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(varint(300 << 20))
    for _ in range(75):
        body += packer.compress(b"x" * (4 << 20))
    body += packer.flush()
    return head + varint(1) + varint(len(body)) + body + head[-16:]


def test_avro_counts_that_lie(tmp_path):
    head = avro_of([{"name": "a", "type": "null"}], [])
    lists = avro_of([{"name": "a", "type": {"type": "array", "items": "null"}}], [])
    items = varint(10**12) + varint(0)
    mark, two = head[-16:], avro_of(FIELDS, rows(3))
    many = Many(tmp_path, "avro", [
        head + varint(10**12) + varint(0) + mark, head + varint(-5) + varint(0) + mark,
        head + varint(1) + varint(2**62) + mark, two + two, two[:-16] + b"x" * 16,
        lists + varint(1) + varint(len(items)) + items + lists[-16:],
        head + varint(0) + varint(0) + mark], schema="")
    assert set(many.published()) <= {6}


# ---- records

FULL = SCHEMA + """\
  - {name: d, type: double}
  - {name: m, type: 'decimal(10,2)'}
  - {name: j, type: json}
  - {name: l, type: 'list<long>'}
  - {name: o, type: 'struct<a: long, b: string>'}
"""
RECORDS = [  # (record, the id it is published with; None = set aside)
    (b'{"id":1,"s":"a"}', 1), (b'{"id":1,"id":2}', None), (b'{"id":1,"id":1}', None),
    (b'{"id":1,"\\u0069d":2}', None), (b'{"id":1,"o":{"a":1,"a":2}}', None),
    (b'{"id":1,"zz":1,"zz":2}', None), (b'{"id":1,"s":"\\ud800"}', None),
    (b'{"id":1,"s":"\\udc00\\ud800"}', None), (b'{"id":1,"\\ud800":1}', None),
    (b'{"id":1,"s":"a\\u0000b"}', None), (b'{"id\\u0000":5,"id":1}', None),
    (b'{"id":1,"s":"a\tb"}', None), (b'{"id":9223372036854775808}', None),
    (b'{"id":-9223372036854775808}', -2**63), (b'{"id":1e2}', 100), (b'{"id":1.0}', 1),
    (b'{"id":1.5}', None), (b'{"id":' + b"9" * 5000 + b"}", None), (b'{"id":1,"d":1e999999}', None),
    (b'{"id":1,"m":1.005}', None), (b'{"id":1,"m":1.00500e2}', 1), (b'{"id":-0}', 0),
    (b'{"id":01}', None), (b'{"id":+1}', None), (b'{"id":0x10}', None), (b'{"id":1,"d":NaN}', None),
    (b"5", None), (b'"x"', None), (b"null", None), (b"[1,2]", None), (b'[{"id":1}]', None),
    (b'{"id":1}{"id":2}', None), (b'{"id":1},', None), (b'{"id":1,}', None), (b"{'id':1}", None),
    (b'{"id":1/*x*/}', None), (b"{}", None), (b"{id:1}", None),
    (b'{"id":1,"j":' + b"[" * 5000 + b"]" * 5000 + b"}", None),
    (b'{"id":1,"zz":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, None),
    (b'{"id":1,"l":[1,"2",3.5]}', None), (b'{"id":1,"l":[1,null]}', 1),
    (b'{"id":1,"o":"{\\"a\\":1}"}', None), (b'{"id":true}', None), (b'{"id":1,"s":{"x":1}}', None),
    (b'{"id":1,"j":1.000000000000000000000001}', 1), (b'{"id":1,"s":"\\x41"}', None),
    (b"\xc2\xa0{\"id\":1}", None), (b'{"id":1,"s":"\xe2\x80\xa8"}', 1), (b'{"ID":1}', None)]


def test_records_of_every_kind(tmp_path):
    last = b'\n{"id":777,"s":"last"}\n'
    many = Many(tmp_path, "ndjson", [record + last for record, _ in RECORDS], FULL)
    got = {}
    for i in range(len(RECORDS)):
        assert many.runs[i][:2] == ("published", 2), (RECORDS[i], many.runs[i])
        rest = many.query(f"select id from shop.c{i} where id <> 777")
        got[i] = rest[0]["id"] if rest else None
    assert got == {i: wanted for i, (_, wanted) in enumerate(RECORDS)}


ARRAYS = {  # content: rows read and set aside; None = refused whole
    b"5": None, b'"x"': None, b"null": None, b"{}": None, b'{"id":1}': (1, 0), b"[]": (0, 0),
    b"[1]": None, b"[[]]": None, b'[{"id":1},5]': (2, 1), b'[{"id":1},[{"id":2}]]': (2, 1),
    b'[{"id":1}][{"id":2}]': None, b'[{"id":1}] x': None, b'[{"id":1},]': None,
    b'[,{"id":1}]': None,
    b'[{"id":1} {"id":2}]': None, b'{"rows":[{"id":1}]}': None, b'[{"id":1}]\n\n': (1, 0),
    b'[{"id":1}]\0': None, b'\0[{"id":1}]': None, b'[{"id":1}': None, b" \n": None,
    b'[{"id":1},{"id":"x"},{"s":"y"},{"id":2,"s":[1]},{"id":3,"zz":{"a":[{}]}}]': (5, 3),
    b'[{"id":1},{"id":1,"s":"\\ud800"},{"id":2}]': (3, 1), b'[{"id":1},{"id":01},{"id":2}]': (3, 1),
    b'[{"id":1},{"id":2,"s":"a\nb"},{"id":3}]': None, b'[{"id":1},{id:2},{"id":3}]': (3, 1),
    b'[{"id":1},{"id":2}},{"id":3}]': None, b'[{"id":1},{"id":[2}],{"id":3}]': None,
    b'[{"id":1},"a,b{",{"id":3}]': (3, 1)}


def test_arrays_of_every_kind(tmp_path):
    many = Many(tmp_path, "json", list(ARRAYS))
    got = {content: (many.runs[i][1], many.runs[i][3]) if many.runs[i][0] == "published" else None
           for i, content in enumerate(ARRAYS)}
    assert got == ARRAYS
    assert "a JSON object with members" in many.error(3)


# ---- Parquet

def test_footers_that_lie_about_values(tmp_path):
    """Smallest, largest and number of nulls are no reason to leave a rule out."""
    whole = parquet_of({"id": [1, 2, 3], "s": ["a", "b", "c"]}, compression="none",
                       use_dictionary=False)
    at = whole.index(struct.pack("<qqq", 1, 2, 3))
    below = whole[:at] + struct.pack("<qqq", 1, -7, 3) + whole[at + 24:]
    nulls = parquet_of({"id": [1, None, 3], "s": ["a", "b", "c"]}, compression="none",
                       use_dictionary=False)
    lies = [nulls[:m.start()] + b"\x16\x00" + nulls[m.end():]
            for m in re.finditer(b"\x16\x02", nulls)]

    def count(data):
        try:
            return pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0) \
                .statistics.null_count
        except Exception:  # noqa: BLE001 - another number than that of the nulls was changed
            return None

    lies = [data for data in lies if count(data) == 0]
    assert lies
    many = Many(tmp_path, "parquet", [below, *lies],
                SCHEMA.replace("required: true", "required: true, min: 0, max: 2"))
    assert many.runs[0] == ("published", 3, 1, 2)
    for i in range(1, 1 + len(lies)):
        assert many.runs[i] == ("published", 3, 1, 2)
        assert many.query(f"select id from shop.c{i}") == [{"id": 1}]
    assert many.query("select list_sort(list(rules)) as r from shop__quarantine.c0") == [
        {"r": [["id.max"], ["id.min"]]}]


def two(first, other):
    return pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=[first, other])


def inner(first, other):
    return pa.table({"s": pa.StructArray.from_arrays([pa.array([1]), pa.array([2])],
                                                     names=[first, other])})


COLUMNS = {
    "twice": (two("a", "a"), 'two columns "a"'),
    "by_case": (two("a", "A"), "not only by case"),
    "no_name": (two("", "C0"), "column 1 of the file has no name"),
    "zero_byte": (two("a\0b", "c"), "zero byte"),
    "number_of_row": (two("file_row_number", "c"), "cannot be read yet"),
    "ours": (two("WEFT$id", "weft$bits0"), "weft's own"),
    "inner_twice": (inner("x", "x"), "two fields of one name"),
    "inner_by_case": (inner("x", "X"), "two fields of one name"),
    "wide": (pa.table({"d": pa.array([1], pa.decimal256(60, 0))}), "more than 38 digits"),
    "none": (pa.table({}), "has no columns"),
    "no_text": (pa.table({"a": pa.array([b"\xff"], pa.binary()).view(pa.string())}), "not UTF-8"),
}


def test_columns_that_cannot_be_read(tmp_path):
    many = Many(tmp_path, "parquet", [parquet_of(table) for table, _ in COLUMNS.values()], "")
    assert many.published() == {}
    for i, (_, said) in enumerate(COLUMNS.values()):
        assert said in many.error(i), many.said


def test_names_of_ours_in_text_files(tmp_path):
    for form, data in (("csv", b"weft$id,a\n1,2\n"), ("ndjson", b'{"weft$bits0": 1, "a": 2}\n')):
        assert "weft's own" in Many(tmp_path / form, form, [data], "").error(0)


def test_types_of_every_kind(tmp_path):
    """Nothing is another value afterwards; what has no equal is set aside."""
    cases = [(pa.array([1.5], pa.float16()), 1.5), (pa.array([b"abcd"], pa.binary(4)), "abcd"),
             (pa.array([2**62], pa.timestamp("us")), "148108-07-06 14:00:27.387904"),
             (pa.array([[(1, "a"), (2, None)]], pa.map_(pa.int32(), pa.string())),
              {"1": "a", "2": None}),
             (pa.array([1], pa.timestamp("ns")), None), (pa.array([1], pa.time64("ns")), None)]
    many = Many(tmp_path, "parquet", [parquet_of({"v": array}) for array, _ in cases], "")
    for i, (_, wanted) in enumerate(cases):
        assert many.runs[i][1:] == (1, 0, 1) if wanted is None else \
            many.query(f"select v from shop.c{i}") == [{"v": wanted}]


def test_two_shapes_of_two_formats(tmp_path):
    """A glob of files of two shapes: columns by name, or none at all of the run."""
    for form, make in (("parquet", lambda t: parquet_of({k: [v] for k, v in t.items()})),
                       ("avro", lambda t: avro_of([{"name": k, "type": "long"} for k in t], [t]))):
        mesh = Mesh(tmp_path / form, {"p": product(form)})
        mesh.write("inbox/f1", make({"id": 1, "n": 5}))
        mesh.write("inbox/f2", make({"n": 6, "id": 2, "other": 7}))
        mesh.weft("apply", "--yes")
        assert mesh.query("select id, s from shop.p order by id") == [
            {"id": 1, "s": None}, {"id": 2, "s": None}]
        mesh.write("inbox/f3", b"Obj\x01" if form == "parquet" else b"PAR1")
        mesh.weft("run", "shop.p", status=1)
        assert mesh.count("shop.p") == 2


# ---- _file and _line

NAMES = ["f a.csv", "f'q\".csv", "f\nnew.csv", "fé😀.csv", "f;--.csv", "f[1]*.csv", "f%20.csv"]


def test_names_of_files_in_sql(tmp_path):
    mesh = Mesh(tmp_path, {"p": """version: 1.0.0
inputs:
  a: {files: ../../../inbox/f*.csv, schema: [{name: id, type: long}, {name: s, type: string}]}
  b: {files: ../../../inbox/f*.csv, schema: [{name: id, type: long}]}
sql: |
  select a._file as file, min(a._line) as first, count(*) as n, sum(b._line) as lines
  from a join b on a._file = b._file and a._line = b._line and a.id = b.id
  where a._line > 2 and a._file not like '%nothing%' group by a._file
schema:
  - {name: file, type: string, required: true}
  - {name: first, type: long}
  - {name: n, type: long}
  - {name: lines, type: long}
key: [file]
"""})
    for name in NAMES:
        mesh.write("inbox/" + name, THREE)
    mesh.weft("apply", "--yes")
    got = mesh.query("select * from shop.p")
    assert {os.path.basename(row["file"]) for row in got} == set(NAMES)
    assert {(row["first"], row["n"], row["lines"]) for row in got} == {(3, 2, 7)}
    with open(os.fsencode(tmp_path) + b"/inbox/f\xe9.csv", "wb") as file:
        file.write(THREE)
    assert "is not UTF-8" in mesh.weft("run", "shop.p", status=1).stderr
    assert collections.Counter(len(got) for _ in got) == {len(NAMES): len(NAMES)}
