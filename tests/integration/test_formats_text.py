"""Inputs that are text but not UTF-8 csv: ndjson, json, latin-1, windows-1252, utf-16, dates and
numbers written in other ways. Every record is published, or in quarantine with its reason, or the
file is refused with its place."""
import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mesh import Mesh

ROWS = """\
version: 1.0.0
input:
  files: ../../../inbox/rows*
  format: {format}
  read: new
{options}  schema:
{fields}key: [id]
quality: {{quarantine_max: 0.99}}
"""
FIELDS = [("id", "long", "required: true"), ("name", "string", ""), ("amount", "decimal(9,2)", "")]


def product(format, fields=FIELDS, options=""):
    lines = "".join(f"    - {{name: {n}, type: \"{t}\"{', ' + more if more else ''}}}\n"
                    for n, t, more in fields)
    return ROWS.format(format=format, fields=lines, options=options and f"  {options}\n")


class Rows(Mesh):
    def __init__(self, root, text):
        super().__init__(root, {"rows": text})
        self.weft("apply", "--yes", "--no-run")

    def load(self, content, name="rows.x", status=0):
        self.write(f"inbox/{name}", content)
        done = self.weft("run", "shop.rows", status=status)
        return done.stdout + done.stderr

    def refused(self, content, *words, name="rows.x"):
        text = self.load(content, name, status=1)
        for word in words:
            assert re.search(word, text), (word, text)
        assert "internal" not in text
        assert self.query("select state as s from mesh.runs order by started_at desc limit 1") == [
            {"s": "failed"}]
        assert not self.files("lake") and not self.files("quarantine")
        return text

    def all(self, columns="*", order="id"):
        return self.query(f"select {columns} from shop.rows order by {order}")

    def aside(self):
        return self.query('select line, byte, raw, "values", rules from shop__quarantine.rows '
                          "order by file, byte")

    def counts(self):
        run = self.query("select read, accepted, quarantined, published from mesh.runs "
                         "order by started_at desc limit 1")[0]
        assert run["read"] == run["accepted"] + run["quarantined"]
        assert run["published"] == run["accepted"]
        return run["published"], run["quarantined"]


@pytest.fixture
def rows(tmp_path):
    return lambda *args, **more: Rows(tmp_path / "m", product(*args, **more))


@pytest.fixture(params=["ndjson", "json", "objects"])
def both(request, tmp_path):
    """records(list of texts) -> the file's content, in each form json has."""
    mesh = Rows(tmp_path / "m", product("ndjson" if request.param == "ndjson" else "json"))

    def content(records):
        if request.param == "json":
            return "[" + ",\n ".join(records) + "]\n"
        return "\n".join(records) + "\n"

    mesh.content = content
    mesh.form = request.param
    return mesh


# ---- values

def test_values(both):
    both.load(both.content([
        '{"id": 1, "name": "\\u00e4\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00", "amount": 12.5}',
        '{"amount": "3.20", "name": 12, "id": 2.0}',
        '{"id": "3", "name": "", "amount": 1.5e1}',
        '{"id":4,"name":null}',
        ' { "id" : 9007199254740993 , "name" : true , "amount" : -0.00 } ',
        '{"id": 1e3, "name": 1.50, "amount": 12.000}',
        '{"id": -9223372036854775808, "\\u006eame": "key with an escape"}',
    ]))
    assert both.all() == [
        {"id": -9223372036854775808, "name": "key with an escape", "amount": None},
        {"id": 1, "name": 'ä"\\/\b\f\n\r\t😀', "amount": 12.5},
        {"id": 2, "name": "12", "amount": 3.2},
        {"id": 3, "name": "", "amount": 15},
        {"id": 4, "name": None, "amount": None},
        {"id": 1000, "name": "1.50", "amount": 12},
        {"id": 9007199254740993, "name": "true", "amount": 0},
    ]
    assert both.counts() == (7, 0)


def test_values_of_wrong_types(both):
    bad = ['{"id": 12.5}', '{"id": true}', '{"id": "x"}', '{"id": [1]}', '{"id": {}}',
           '{"id": 9223372036854775808}', '{"id": 1e19}', '{"id": 1e-1}', '{"id": ""}',
           '{"id": " 1"}', '{"id": 1e99999999999}']
    both.load(both.content(['{"id": 1}'] + bad))
    assert both.counts() == (1, len(bad))
    aside = both.aside()
    assert [r["rules"] for r in aside] == [["id.type"]] * len(bad)
    assert [r["raw"] for r in aside] == bad
    assert [json.loads(r["values"]) for r in aside] == [json.loads(b) for b in bad]


def test_other_columns_of_wrong_types(both):
    both.load(both.content([
        '{"id": 1, "name": {"a": 1}}', '{"id": 2, "name": ["x"]}', '{"id": 3, "amount": 1.234}',
        '{"id": 4, "amount": 123456789}', '{"id": 5, "amount": "1,5"}', '{"id": 6}']))
    assert [r["rules"] for r in both.aside()] == [
        ["name.type"], ["name.type"], ["amount.type"], ["amount.type"], ["amount.type"]]
    assert both.counts() == (1, 5)


def test_broken_records(both):
    bad = ['{"id": 1, "id": 2}', '{"id": nul}', '{"id": 01}', '{"id": 1,}', '{"id": .5}',
           '{"id": 1 "name": "x"}', '{id: 1}', "{'id': 1}".replace("'", ""),
           '{"id": 1, "name": "\\ud800"}', '{"id": 1, "name": "\\u0000"}',
           '{"id": 1, "name": "\\x"}',
           '{"id": NaN}', '{"id": 1} '.replace("}", ', "name": "\\udc00\\ud800"}').strip(),
           '{"id": 1, "x": {"a": tru}}', '{"id": 1, "x": [1,]}',
           '{"id": 1, "name": "a", "n\\u0061me": "b"}']
    if both.form != "objects":
        bad += ["[1]", "12", '"id"', "null", "true"]
    both.load(both.content(['{"id": 7}'] + bad + ['{"id": 8}']))
    assert both.counts() == (2, len(bad))
    aside = both.aside()
    assert [(r["raw"], r["rules"]) for r in aside] == [(b, ["record"]) for b in bad]
    for row in aside:
        json.loads(row["values"])
    assert both.all("id") == [{"id": 7}, {"id": 8}]


def test_places(both):
    text = both.content(['{"id": 1}', '{"id": "ä"}', '{"id": 2}', '{"id": "b"}'])
    both.load(text)
    raw = text.encode()
    for row in both.aside():
        at = row["byte"]
        assert raw[at:].startswith(row["raw"].encode())
        assert row["line"] == raw[:at].count(b"\n") + 1


def test_deep(both):
    deep = "[" * 200 + "]" * 200
    both.load(both.content(['{"id": 1}', f'{{"id": 2, "name": {deep}}}',
                            '{"id": 3, "x": ' + "[" * 62 + "]" * 62 + "}"]))
    assert both.counts() == (2, 1)
    assert both.aside()[0]["rules"] == ["record"]


def test_keys_without_columns(both):
    text = both.load(both.content(['{"id": 1, "b": 1}'] * 1 + [
        f'{{"id": {i}, "a": 1}}' for i in range(2, 5)]))
    assert re.search('does not name are left out: "a", "b"', text), text
    assert re.search('no record has.*"name", "amount"', text), text


def test_many_extra_keys(both):
    text = both.load(both.content([f'{{"id": {i}, "k{i}": {{"x": 1}}}}' for i in range(3000)]))
    assert both.counts() == (3000, 0)
    assert re.search('"k0", "k1".* and [0-9]+ or more', text), text


def test_extra_refused(tmp_path):
    for form, content in (("ndjson", '{"id": 1}\n{"id": 2, "b": 1}\n'),
                          ("json", '[{"id": 1},\n {"id": 2, "b": 1}]')):
        mesh = Rows(tmp_path / form, product(form, options="extra_columns: refuse"))
        mesh.refused(content, '"b", which the schema does not name', "rows.x:2", "extra_columns")


def test_required_key_missing(rows):
    mesh = rows("ndjson", fields=[("id", "long", ""), ("name", "string", "required: true")])
    text = mesh.load('{"id": 1}\n{"id": 2, "other": 1}\n', status=3)
    assert "name.required" in text


# ---- nested

NESTED = [("id", "long", "required: true"), ("tags", "list<string>", ""),
          ("address", "struct<city: string, zip: int>", ""), ("extra", "json", ""),
          ("counts", "map<string, long>", ""),
          ("items", "list<struct<sku: string, n: long, parts: list<double>>>", ""),
          ("street", "string", 'from: "place.street.name"')]


def test_nested(rows):
    mesh = rows("json", fields=NESTED)
    mesh.load(json.dumps([
        {"id": 1, "tags": ["a", None, "ü"], "address": {"zip": 3000, "city": "Bern"},
         "extra": {"k": [1, {"x": None}]}, "counts": {"a": 1, "b": None},
         "items": [{"sku": "x", "n": 1, "parts": [1.5, 2]}, {"sku": "y"}, None],
         "place": {"street": {"name": "Gasse"}}},
        {"id": 2, "tags": [], "address": {}, "extra": None, "counts": {}, "items": [{}]},
        {"id": 3, "tags": None, "address": None, "extra": "text", "place": None},
        {"id": 4, "extra": [1.50], "place": {"street": None}},
    ], indent=2))
    assert mesh.counts() == (4, 0)
    got = mesh.all('id, tags, address.city as city, address.zip as zip, extra, '
                   "counts['a'] as a, cardinality(counts) as n, items, street")
    assert got[0] == {"id": 1, "tags": ["a", None, "ü"], "city": "Bern", "zip": 3000, "a": 1,
                      "extra": got[0]["extra"], "n": 2, "street": "Gasse",
                      "items": [{"sku": "x", "n": 1, "parts": [1.5, 2.0]},
                                {"sku": "y", "n": None, "parts": None}, None]}
    assert json.loads(got[0]["extra"]) == {"k": [1, {"x": None}]}
    assert got[1]["tags"] == [] and got[1]["n"] == 0 and got[1]["items"] == [
        {"sku": None, "n": None, "parts": None}]
    assert got[2]["extra"] == '"text"' and got[2]["tags"] is None and got[2]["city"] is None
    assert got[3]["extra"] == "[\n      1.5\n    ]" and got[3]["street"] is None
    mesh.doctor()


def test_nested_wrong(rows):
    mesh = rows("ndjson", fields=NESTED)
    bad = [('{"id": 2, "tags": [1, [2]]}', "tags"), ('{"id": 2, "tags": "a"}', "tags"),
           ('{"id": 2, "address": {"zip": "x"}}', "address"),
           ('{"id": 2, "address": {"zip": 1, "zip": 2}}', "address"),
           ('{"id": 2, "address": [1]}', "address"),
           ('{"id": 2, "counts": {"a": 1.5}}', "counts"),
           ('{"id": 2, "counts": {"a": 1, "\\u0061": 2}}', "counts"),
           ('{"id": 2, "items": [{"n": 1}, {"n": 2, "parts": [1, "x"]}]}', "items"),
           ('{"id": 2, "place": 3}', "street"), ('{"id": 2, "place": {"street": []}}', "street")]
    good = '{"id": 3, "tags": ["x"], "items": [{"n": 4, "parts": [0.5]}], "counts": {"z": 26}}'
    text = mesh.load("\n".join(['{"id": 1}'] + [b for b, _ in bad] + [good]))
    assert mesh.counts() == (2, len(bad))
    assert [(r["raw"], r["rules"]) for r in mesh.aside()] == [
        (b, [f"{field}.type"]) for b, field in bad]
    got = mesh.all("tags, items, counts['z'] as z")[1]
    assert got == {"tags": ["x"], "items": [{"sku": None, "n": 4, "parts": [0.5]}], "z": 26}


def test_nested_extra_keys(rows):
    mesh = rows("ndjson", fields=NESTED)
    text = mesh.load('{"id": 1, "address": {"city": "x", "foo": 1}, "items": [{"q": 1}],'
                     ' "place": {"no": 2}}\n')
    assert '"address.foo", "items.q", "place.no"' in text


def test_many_nested(rows):
    """More than one vector, more than one block, both threads."""
    mesh = rows("ndjson", fields=NESTED)
    lines = [json.dumps({"id": i, "tags": ["t"] * (i % 4),
                         "counts": {str(k): i for k in range(i % 3)},
                         "items": [{"n": i, "parts": [i / 2] * (i % 5)}] * (i % 3)})
             for i in range(30000)]
    mesh.load("\n".join(lines))
    assert mesh.counts() == (30000, 0)
    assert mesh.query("select sum(len(tags)) as t, sum(cardinality(counts)) as c, "
                      "sum(list_sum(list_transform(items, x -> x.n))) as n, "
                      "count(*) filter (where items[1].parts[1] = id / 2) as p "
                      "from shop.rows") == [{
        "t": sum(i % 4 for i in range(30000)), "c": sum(i % 3 for i in range(30000)),
        "n": sum(i * (i % 3) for i in range(30000)),
        "p": sum(1 for i in range(30000) if i % 3 and i % 5)}]


# ---- the file

GOOD = '{"id": 1, "name": "x"}'


def test_line_ends_and_blanks(rows):
    mesh = rows("ndjson")
    mesh.load(b'\xef\xbb\xbf\r\n{"id": 1}\r\n\r\n  \t\r\n {"id": 2}\n\n{"id": 3}')
    assert mesh.all("id") == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_array_forms(tmp_path):
    for i, text in enumerate(['[' + GOOD + ']', GOOD, GOOD + "\n\n" + '{"id": 2}',
                              '\ufeff [\r\n' + GOOD + '\r\n]\r\n', GOOD + '{"id": 2}',
                              '{\n"id"\n:\n1\n}']):
        mesh = Rows(tmp_path / str(i), product("json"))
        mesh.load(text)
        assert mesh.all("id")[0] == {"id": 1}
        assert mesh.counts() == (text.count('"id"'), 0)


def test_empty(tmp_path):
    for form, content in (("ndjson", ""), ("ndjson", "\n\n"), ("json", "[]"), ("json", " [ ] \n")):
        mesh = Rows(tmp_path / f"{form}{len(content)}", product(form))
        mesh.load(content)
        assert mesh.query("select count(*) as n from mesh.runs") == [{"n": 1}]
    mesh = Rows(tmp_path / "e", product("json"))
    mesh.refused("", "empty")


@pytest.mark.parametrize("content, word, line", [
    ('[{"id": 1},]', "comma stands before", 1),
    ('[{"id": 1}\n{"id": 2}]', "neither `,` nor `]`", 2),
    ('[{"id": 1}', "ends before the array", 1),
    ('[{"id": 1}, ', "ends before the array", 1),
    ('[{"id": 1', "ends in the middle", 1),
    ('[{"id": 1}]\n[{"id": 2}]', "behind the end", 2),
    ('[{"id": 1}]]', "behind the end", 1),
    ('{"id": 1},{"id": 2}', "no object begins", 1),
    ('[,{"id": 1}]', "missing before the comma", 1),
    ('[{"id": 1},,{"id": 1}]', "missing before the comma", 1),
    ('[{"id": 1]}', "stands where", 1),
    ('[{"id": "a\n"}]', "not closed", 1),
    ('[{"id": "a}, {"id": 2}]', "ends in the middle|not closed|neither", 1),
    ('"text"', "neither `\\[` nor `{`", 1),
    ('[' * 3000 + ']' * 3000, "nested", 1),
], ids=range(15))
def test_lost_structure(rows, content, word, line):
    text = rows("json").refused(content, word, "not valid JSON")
    assert f"rows.x:{line}" in text


def test_cut_between_blocks(rows):
    """The end is missed too where it lies just between two blocks."""
    size = 1 << 20
    record = '{"id": %d, "name": "' + "x" * 1000 + '"},'
    content, i = "[", 0
    while len(content) + 1100 < size:
        content += record % i
        i += 1
    last = '{"id": 99999, "name": "%s"}'
    content += last % ("y" * (size - len(content) - len(last) + 2))
    assert len(content) == size
    rows("json").refused(content, "ends before the array")


def test_blocks(both):
    """Records over many blocks, some longer than one."""
    records = [json.dumps({"id": i, "name": "x" * (1500000 if i % 1000 == 7 else i % 90)})
               for i in range(20000)]
    both.load(both.content(records))
    assert both.counts() == (20000, 0)
    assert both.query("select count(distinct id) as n, sum(length(name)) as s from shop.rows") == [
        {"n": 20000, "s": sum(len(json.loads(r)["name"]) for r in records)}]


@pytest.mark.parametrize("form", ["ndjson", "json"])
@pytest.mark.parametrize("content, word", [
    ("<!DOCTYPE html><html><body>503</body></html>", "HTML"),
    ("<?xml version='1.0'?><rows/>", "XML"),
    ("id,name,amount\n1,x,2\n", "looks like csv"),
], ids=["html", "xml", "csv"])
def test_not_json(rows, form, content, word):
    rows(form).refused(content, word)


def test_other_form(rows):
    rows("ndjson").refused('[\n{"id": 1},\n{"id": 2}\n]', "format: json")


def test_pretty_as_lines(rows):
    rows("ndjson").refused('{\n "id": 1,\n "name": "x"\n}', "format: json")


def test_other_keys(rows):
    rows("ndjson").refused('{"ID": 1, "nam": "x"}\n{"Id": 2}', "none of the columns",
                           "did you mean")


def test_wrapped(rows):
    rows("json").refused('{"data": [{"id": 1}]}', "none of the columns", '"data"')


def test_bytes_that_are_no_text(both):
    both.refused(both.content([GOOD]).encode() + b'\xff\n', "UTF-8|behind|begins")


def test_zero_byte(both):
    both.refused(both.content([GOOD, '{"id": 2, "name": "a\0b"}']), "zero byte|not closed")


def test_invalid_utf8(both):
    both.refused(both.content([GOOD, '{"id": 2, "name": "aXb"}']).encode().replace(b"X", b"\xc3("),
                 "UTF-8")


def test_packed(both):
    import pyarrow
    data = both.content([GOOD, '{"id": 2}']).encode()
    both.load(gzip.compress(data), "rows.a.gz")
    both.load(pyarrow.compress(data.replace(b"1", b"3").replace(b"2", b"4"), codec="zstd",
                               asbytes=True), "rows.b.zst")
    assert both.all("id") == [{"id": i} for i in (1, 2, 3, 4)]


def test_packed_and_cut(both):
    data = gzip.compress(both.content([f'{{"id": {i}}}' for i in range(5000)]).encode())
    both.refused(data[:len(data) // 2], "ends early")


@pytest.mark.parametrize("form, head", [("ndjson", b'{"id": 1, "name": "'),
                                        ("json", b'[{"id": 1, "name": "')])
def test_one_line_of_a_gigabyte(rows, form, head):
    mesh = rows(form)
    path = mesh.root / "inbox/rows.x"
    with open(path, "wb") as f:
        f.write(head)
        for _ in range(1 << 10):
            f.write(b"x" * (1 << 20))
    text = mesh.weft("run", "shop.rows", status=1, env={"WEFT_MEMORY": "300MB"}).stderr
    assert "record_size_max" in text
    path.unlink()


def test_record_size_max(tmp_path):
    mesh = Mesh(tmp_path / "m", {"rows": product("json")}, "settings: {record_size_max: 2MB}\n")
    mesh.weft("apply", "--yes", "--no-run")
    mesh.write("inbox/rows.x", json.dumps([{"id": 1, "name": "x" * (6 << 20)}]))
    assert "record_size_max" in mesh.weft("run", "shop.rows", status=1).stderr


def test_over_http(tmp_path):
    body = b'[{"id": 1, "name": "x"}, {"id": 2}]'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    text = product("json").replace("../../../inbox/rows*",
                                   f"http://127.0.0.1:{server.server_port}/rows.json")
    mesh = Mesh(tmp_path / "m", {"rows": text}, "settings: {http_private: true}\n")
    mesh.weft("apply", "--yes", "--no-run")
    mesh.weft("run", "shop.rows")
    server.shutdown()
    assert mesh.all("id") == [{"id": 1}, {"id": 2}] if hasattr(mesh, "all") else True
    assert mesh.count("shop.rows") == 2


# ---- what nobody declared

def test_detected(tmp_path):
    for form in ("ndjson", "json"):
        text = f"version: 1.0.0\ninput: {{files: ../../../inbox/rows*, format: {form}}}\n"
        mesh = Rows(tmp_path / form, text)
        records = [
            {"i": 1, "d": 1.5, "b": True, "s": "12", "day": "2020-01-02",
             "at": "2020-01-02T03:04:05",
             "l": [1, 2], "o": {"x": 1, "y": "a"}, "m": 1, "big": 12345678901234567890, "e": [],
             "dict": {str(i): 1 for i in range(100)}, "n": None},
            {"i": 2, "d": 1, "b": False, "s": "x", "day": "2020-01-03", "at": "2020-01-02T03:04:06",
             "l": [], "o": {"x": 2, "y": None}, "m": "a", "big": 1, "e": [], "dict": {}, "n": None,
             "late": {"deep": [{"q": 1}]}}]
        lines = [json.dumps(r) for r in records]
        mesh.load("\n".join(lines) if form == "ndjson" else "[" + ",".join(lines) + "]")
        types = {r["name"]: r["type"] for r in mesh.query(
            'select "column" as name, type from mesh.columns '
            "where product = 'shop.rows'")}
        assert types == {
            "i": "long", "d": "double", "b": "boolean", "s": "string", "day": "date",
            "at": "timestamp", "l": "list<long>", "o": "struct<x: long, y: string>", "m": "json",
            "big": "decimal(38, 0)", "e": "json", "dict": "json", "n": "string",
            "late": "struct<deep: list<struct<q: long>>>"}
        assert mesh.all("i, big, m, late.deep[1].q as q", "i") == [
            {"i": 1, "big": 12345678901234567890, "m": "1", "q": None},
            {"i": 2, "big": 1, "m": '"a"', "q": 1}]


def test_loaded_by_hand(tmp_path):
    mesh = Mesh(tmp_path / "m", {"people": "version: 1.0.0\n"})
    mesh.weft("apply", "--yes")
    for name, content in (("a.ndjson", '{"n": 1}\n'), ("b.json", '[{"n": 2}]'),
                          ("c.csv", "n\n3\n"), ("d.jsonl.gz", gzip.compress(b'{"n": 4}\n'))):
        mesh.write(name, content)
        mesh.weft("load", "shop.people", name)
    assert mesh.query("select n from shop.people order by n") == [{"n": i} for i in (1, 2, 3, 4)]
    text = mesh.weft("load", "shop.people", "a.ndjson", "b.json", "--again", status=None)
    assert "one after the other" in text.stderr and text.returncode != 0


# ---- quarantine

def limited(form, most, **more):
    fields = FIELDS[:2] + [("amount", "decimal(9,2)", f"max: {most}")]
    return product(form, fields=fields, **more)


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_replay(tmp_path, form):
    bad = ['{"id": 2, "amount": 11.5}', '{"id": 3, "amount": 12,\n"name": "ä"}',
           '{"id": "x"}', "[1]"]
    if form == "ndjson":
        bad[1] = bad[1].replace("\n", " ")
    mesh = Rows(tmp_path / "m", limited(form, 10))
    lines = ['{"id": 1}'] + bad
    mesh.load("\n".join(lines) if form == "ndjson" else "[" + ",".join(lines) + "]")
    assert mesh.counts() == (1, 4)
    mesh.product("rows", limited(form, 100).replace("1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes", "--no-run")
    text = mesh.weft("quarantine", "shop.rows", "--replay", "--because", "more is sold now").stdout
    assert mesh.all() == [{"id": 1, "name": None, "amount": None},
                          {"id": 2, "name": None, "amount": 11.5},
                          {"id": 3, "name": "ä", "amount": 12}], text
    mesh.verify()


# ---- encodings

TEXT = "id;name;amount\n1;Zürich;1,5\n2;Đorđe €;2\n3;😀;3\n"
CSV = 'options: {{encoding: {}, delimiter: ";", decimal_separator: ","}}'


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "be-bom"])
def test_utf_16(rows, codec):
    mesh = rows("csv", options=CSV.format("utf-16"))
    data = b"\xfe\xff" + TEXT.encode("utf-16-be") if codec == "be-bom" else TEXT.encode(codec)
    mesh.load(data)
    assert mesh.all() == [{"id": 1, "name": "Zürich", "amount": 1.5},
                          {"id": 2, "name": "Đorđe €", "amount": 2},
                          {"id": 3, "name": "😀", "amount": 3}]


def test_utf_16_large(rows):
    mesh = rows("csv", options=CSV.format("utf-16"))
    text = "id;name;amount\r\n" + "".join(
        f"{i};ü😀{'x' * (i % 50)};{i % 7},5\r\n" for i in range(90000))
    mesh.load(gzip.compress(text.encode("utf-16")))
    assert mesh.query("select count(*) as n, sum(length(name)) as s from shop.rows") == [
        {"n": 90000, "s": sum(2 + i % 50 for i in range(90000))}]


@pytest.mark.parametrize("data, word", [
    (TEXT.encode("utf-16")[:-1], "middle of a character"),
    ("id;name;amount\n1;".encode("utf-16-le") + b"\x00\xdc" + "x;1\n".encode("utf-16-le"),
     "surrogate"),
    ("id;name;amount\n1;".encode("utf-16-le") + b"\x00\xd8" + "x;1\n".encode("utf-16-le"),
     "surrogate"),
    ("id;name;amount\n1;x;1".encode("utf-16-le") + b"\x00\xd8", "surrogate"),
    ("id;name;amount\n1;x\0;1\n".encode("utf-16"), "zero byte"),
    (TEXT.encode(), "byte order mark"),
    (b"\xff\xfe", "not even a header"),
    (b"", "not even a header"),
    (b"x", "middle of a character"),
], ids=range(9))
def test_utf_16_damaged(rows, data, word):
    rows("csv", options=CSV.format("utf-16")).refused(data, word)


def test_place_of_a_bad_character(rows):
    data = "id;name;amount\n1;".encode("utf-16-le") + b"\x00\xdc" + "x;1\n".encode("utf-16-le")
    text = rows("csv", options=CSV.format("utf-16")).refused(data, "surrogate")
    assert "byte 34" in text, text


def test_latin_1(rows):
    mesh = rows("csv", options=CSV.format("latin-1"))
    mesh.load("id;name;amount\n1;Zürich ÿ;1,5\n2;x;abc ü\n".encode("latin-1"))
    assert mesh.all() == [{"id": 1, "name": "Zürich ÿ", "amount": 1.5}]
    assert mesh.aside()[0]["raw"] == "2;x;abc ü"


def test_windows_1252(rows):
    data = "id;name;amount\n1;5 €;1\n".encode("windows-1252")
    mesh = rows("csv", options=CSV.format("windows-1252"))
    mesh.load(data)
    assert mesh.all("name") == [{"name": "5 €"}]


def test_windows_1252_as_latin_1(rows):
    data = "id;name;amount\n1;5 €;1\n".encode("windows-1252")
    rows("csv", options=CSV.format("latin-1")).refused(data, "0x80", "windows-1252")


def test_hole_of_windows_1252(rows):
    rows("csv", options=CSV.format("windows-1252")).refused(b"id;name;amount\n1;\x81;1\n", "0x81")


def test_mark_of_another_encoding(rows):
    rows("csv", options=CSV.format("latin-1")).refused("\ufeff" + TEXT, "mark of utf-8")


def test_hint_of_the_encoding(tmp_path):
    for i, (data, word) in enumerate([
            (TEXT.encode("utf-16"), "encoding: utf-16"),
            ("id;name;amount\n1;Zürich;1,5\n".encode("latin-1"), "encoding: latin-1")]):
        mesh = Rows(tmp_path / str(i), product("csv", options='options: {delimiter: ";"}'))
        mesh.refused(data, word)


def test_json_in_utf_16(rows):
    mesh = rows("json", options="options: {encoding: utf-16}")
    mesh.load(json.dumps([{"id": 1, "name": "ü😀"}], ensure_ascii=False).encode("utf-16"))
    assert mesh.all("name") == [{"name": "ü😀"}]


def test_encoded_rows_are_replayed(tmp_path):
    mesh = Rows(tmp_path / "m", limited("csv", 10, options=CSV.format("utf-16")))
    mesh.load("id;name;amount\n1;Zürich;15,5\n2;x;1\n".encode("utf-16"))
    mesh.product("rows", limited("csv", 100, options=CSV.format("utf-16")).replace(
        "1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes", "--no-run")
    mesh.weft("quarantine", "shop.rows", "--replay", "--because", "more is sold now")
    assert mesh.all()[0] == {"id": 1, "name": "Zürich", "amount": 15.5}


# ---- dates and numbers

DATES = [("id", "long", "required: true"), ("day", "date", ""), ("seen", "timestamp", "")]


def test_date_formats(rows):
    mesh = rows("csv", fields=DATES, options='options: {delimiter: ";", date_format: "%d.%m.%y", '
                                             'timestamp_format: "%d/%m/%Y %H:%M"}')
    good = [("31.12.99", "1999-12-31"), ("01.01.68", "2068-01-01"), ("01.01.69", "1969-01-01"),
            ("29.02.20", "2020-02-29"), ("1.2.03", "2003-02-01")]
    bad = ["29.02.21", "31.04.20", "32.01.20", "01.13.20", "2020-01-01", "01.01.2020", " 01.01.20",
           "01.01.20 ", "01-01-20", "00.01.20"]
    lines = [f"{i};{d};31/12/1999 23:59" for i, (d, _) in enumerate(good)]
    lines += [f"{100 + i};{d};" for i, d in enumerate(bad)]
    lines += ["200;;1/1/2020 24:00", "201;;2020-01-01T00:00:00", "202;;"]
    mesh.load("id;day;seen\n" + "\n".join(lines) + "\n")
    got = mesh.all("id, day, seen")
    assert [r["day"] for r in got] == [d for _, d in good] + [None]
    assert got[0]["seen"].replace("T", " ").startswith("1999-12-31 23:59:00")
    assert [r["rules"] for r in mesh.aside()] == [["day.type"]] * len(bad) + [["seen.type"]] * 2


def test_date_formats_detected(tmp_path):
    """A column without a declared type is a date where it is written as the options say."""
    for form, content in (("csv", "id,a,b\n1,31.12.99,1999-12-31\n2,01.02.03,2003-02-01\n"),
                          ("ndjson", '{"id": 1, "a": "31.12.99", "b": "1999-12-31"}\n')):
        mesh = Rows(tmp_path / form, "version: 1.0.0\ninput:\n  files: ../../../inbox/rows*\n"
                    f"  format: {form}\n  options: {{date_format: \"%d.%m.%y\"}}\n")
        mesh.load(content)
        assert mesh.query("select typeof(a) as a, typeof(b) as b, a::varchar as x from shop.rows "
                          "order by id limit 1") == [{"a": "DATE", "b": "VARCHAR",
                                                      "x": "1999-12-31"}]


def test_date_formats_in_json(rows):
    mesh = rows("ndjson", fields=DATES, options='options: {date_format: "%d.%m.%Y", null: ["-"]}')
    mesh.load('{"id": 1, "day": "31.12.1999", "seen": "2020-01-02 03:04:05"}\n'
              '{"id": 2, "day": "-", "seen": "-"}\n{"id": 3, "day": "1999-12-31"}\n'
              '{"id": 4, "day": 31.12}\n{"id": 5, "day": ["31.12.1999"]}\n')
    assert [r["day"] for r in mesh.all("id, day")] == ["1999-12-31", None]
    assert [r["rules"] for r in mesh.aside()] == [["day.type"]] * 3


def test_decimal_commas(rows):
    mesh = rows("csv", options='options: {delimiter: ";", decimal_separator: ","}',
                fields=[("id", "long", "required: true"), ("a", "decimal(12,2)", ""),
                        ("b", "double", "")])
    good = [("1,5", 1.5), ("-0,25", -0.25), ("1234567", 1234567), (",5", 0.5)]
    bad = ["1.5", "1.234,56", "1 234,56", "1'234,56", "1,234,567", "1,5 ", "1,555", "abc", "-"]
    lines = [f"{i};{t};{t}" for i, (t, _) in enumerate(good)]
    lines += [f"{100 + i};{t};" for i, t in enumerate(bad)]
    lines += [f"{200 + i};;{t}" for i, t in enumerate(["1.5", "1.234,56", "1,234,567", "0x10"])]
    lines += ["1.000;;"]
    mesh.load("id;a;b\n" + "\n".join(lines) + "\n")
    got = mesh.all()
    assert [r["a"] for r in got] == [v for _, v in good]
    assert [r["b"] for r in got] == [v for _, v in good]
    assert [r["rules"] for r in mesh.aside()] == (
        [["a.type"]] * len(bad) + [["b.type"]] * 4 + [["id.type"]])


def test_thousands_separators_are_no_numbers(rows):
    mesh = rows("csv", fields=[("id", "long", "required: true"), ("a", "decimal(12,2)", "")])
    mesh.load('id,a\n1,"1,234.50"\n"2,000",1\n3,1234.50\n')
    assert mesh.all() == [{"id": 3, "a": 1234.5}]
    assert [r["rules"] for r in mesh.aside()] == [["a.type"], ["id.type"]]


def test_options_that_say_nothing(rows):
    mesh = rows("json", options="options: {delimiter: ';', skip: 1}")
    text = mesh.weft("plan").stderr
    assert "`delimiter` is for csv and tsv" in text and "`skip` is for csv and tsv" in text


def test_a_part_of_what_is_read_whole_is_a_mistake_of_the_file(tmp_path):
    """validate says so, with the place; files of other formats may have such names."""
    fields = [("id", "long", "required: true"), ("a", "json", ""), ("b", "string", "from: a.b")]
    text = product("ndjson", fields)
    mesh = Mesh(tmp_path, {"rows": text})
    error = mesh.weft("validate", status=1).stderr
    line = 1 + next(i for i, row in enumerate(text.splitlines()) if "a.b" in row)
    assert f"data_product.yaml:{line}:" in error
    assert "field `b` reads a part of `a`, and field `a` the whole of it" in error
    mesh.product("rows", text.replace("ndjson", "csv"))
    mesh.weft("validate")
    mesh.product("rows", text.replace("name: a,", "name: ab,"))
    mesh.weft("validate")


def test_header_with_quotes_beside_letters(tmp_path):
    """Quotes of a header are undone in place: what is left behind them is no text any more."""
    mesh = Rows(tmp_path / "m",
                "version: 1.0.0\ninput: {files: ../../../inbox/rows*, format: csv}\n")
    for mark in ("", "\ufeff"):
        mesh.load(f'{mark}a,"b\n€""öä"\n1,ü\n'.encode(), name="rows.csv")
        assert mesh.query("from shop.rows") == [{"a": 1, 'b\n€"öä': "ü"}]
    mesh.load(b'a,"b""\xe4"\n1,2\n', name="rows.csv", status=1)
