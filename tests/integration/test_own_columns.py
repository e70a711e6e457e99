"""Rows know where they come from: `_file` and `_line` in a product's SQL and in a port's schema, in
every format; no star gives them, and a column of that name in a file comes first."""
import gzip

import pyarrow as pa
import pyarrow.parquet as pq

from mesh import Mesh

FILES = {
    "a.csv": 'id,s\n1,"x\ny""\n"\n2,b\n3,c\n',
    "b.csv": "id,s\r\n4,d\r\n",
}


class Own(Mesh):
    def __init__(self, root, sql, schema="[{name: id, type: long}, {name: s, type: string}]",
                 pattern="*.csv", more="", products=None):
        text = f"version: 1.0.0\ninputs:\n  f: {{files: '../../../inbox/{pattern}', " \
               f"schema: {schema}{more}}}\n"
        if sql:
            text += "sql: |\n" + "".join(f"  {line}\n" for line in sql.splitlines())
        super().__init__(root, {"p": text, **(products or {})})

    def go(self, status=0):
        done = self.weft("apply", "--yes")
        done.stdout += self.weft("run", "shop.p", status=status).stdout
        return done


def test_in_sql(tmp_path):
    mesh = Own(tmp_path, "select *, regexp_extract(_file, '[^/]+$') as name, "
                         "f._LINE as line from f")
    for name, text in FILES.items():
        mesh.write("inbox/" + name, text)
    mesh.go()
    rows = mesh.query("select id, name, line from shop.p order by id")
    assert [(r["id"], r["name"], r["line"]) for r in rows] == [
        (1, "a.csv", 2), (2, "a.csv", 5), (3, "a.csv", 6), (4, "b.csv", 2)]
    assert [c["column"] for c in mesh.query("select \"column\" from mesh.columns where product = "
                                            "'shop.p' order by ordinal")] == [
        "id", "s", "name", "line"]


def test_stars_do_not_give_them(tmp_path):
    mesh = Own(tmp_path, """\
with one as (select f.* from f where _line > 2),
two as (select * from (select id, _file as _file, _line as l2 from f) x join f g using (id))
select one.*, t.l2, columns(t.* exclude (_file, id, s, l2)), count(*) over () as n
from one join two t using (id) where t._file is not null""".replace(
        ", columns(t.* exclude (_file, id, s, l2))", ""))
    mesh.write("inbox/a.csv", "id,s\n1,a\n2,b\n3,c\n")
    mesh.go()
    assert mesh.query("select * from shop.p order by id") == [
        {"id": 2, "s": "b", "l2": 3, "n": 2}, {"id": 3, "s": "c", "l2": 4, "n": 2}]


def test_refused_where_they_would_show(tmp_path):
    for i, (sql, words) in enumerate([
            ("select id from f natural join f g where f._line > 0", "NATURAL JOIN"),
            ("from (pivot f on s using max(_line))", "PIVOT"),
            ("select _file from f", "_file")]):
        mesh = Own(tmp_path / str(i), sql)
        said = mesh.weft("apply", "--yes", status=1).stderr
        assert words in said, said


def test_names_that_are_only_meant_otherwise(tmp_path):
    mesh = Own(tmp_path, "select *, '_file' as word, 1 as my_line from f")
    mesh.write("inbox/a.csv", FILES["a.csv"])
    mesh.go()
    assert mesh.query("select * from shop.p where id = 2") == [
        {"id": 2, "s": "b", "word": "_file", "my_line": 1}]


def test_only_ports_have_them(tmp_path):
    mesh = Own(tmp_path, "select id, s from f")
    mesh.product("q", "version: 1.0.0\nsql: select id, _line as l from shop.p\n")
    mesh.write("inbox/a.csv", FILES["a.csv"])
    mesh.weft("apply", "shop.p", "--yes")
    said = mesh.weft("apply", "--yes", status=1).stderr
    assert "_line" in said, said
    mesh.weft("run", "shop.p", status=None)
    assert "_line" in mesh.weft("query", "select _line from shop.p", status=1).stderr


def test_a_file_with_such_a_column(tmp_path):
    mesh = Own(tmp_path, "select id, _file as f1, _line as l1 from f",
               more=", extra_columns: ignore")
    mesh.write("inbox/a.csv", "id,_file,s\n1,mine,x\n")
    mesh.write("inbox/b.csv", "id,s\n2,x\n")
    done = mesh.go()
    assert 'has a column "_file"' in done.stdout + done.stderr
    rows = mesh.query("select * from shop.p order by id")
    assert rows[0]["f1"] == "mine" and rows[0]["l1"] == 2
    assert rows[1]["f1"].endswith("b.csv")


def test_from_in_a_schema(tmp_path):
    schema = "[{name: id, type: long}, {name: source, type: string, from: _file}, " \
             "{name: at, type: long, from: _line, max: 5}]"
    mesh = Own(tmp_path, "", schema, pattern="*.csv*", more=", read: new")
    mesh.product("p", (mesh.root / "domains/shop/p/data_product.yaml").read_text() +
                 "key: [source, at]\n")
    mesh.write("inbox/a.csv", "id\n" + "".join(f"{i}\n" for i in range(2, 8)))
    mesh.write("inbox/b.csv.gz", gzip.compress(b"id\n2\n2\n"))
    done = mesh.go()
    assert "missing" not in done.stdout + done.stderr
    rows = mesh.query("select id, source, \"at\" from shop.p order by source, \"at\"")
    assert [(r["id"], r["source"].split("/")[-1], r["at"]) for r in rows] == [
        (2, "a.csv", 2), (3, "a.csv", 3), (4, "a.csv", 4), (5, "a.csv", 5), (2, "b.csv.gz", 2),
        (2, "b.csv.gz", 3)]
    assert [r["line"] for r in mesh.query(
        "select line from shop__quarantine.p order by line")] == [6, 7]
    path = mesh.root / "domains/shop/p/data_product.yaml"
    mesh.product("p", path.read_text().replace("max: 5", "max: 6").replace("1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes")
    mesh.weft("quarantine", "shop.p", "--replay")
    assert mesh.query("select \"at\", source from shop.p where id = 6")[0]["at"] == 6


def test_replay_of_binary_rows_at_a_port(tmp_path):
    sql = "select id, regexp_extract(_file, '[^/]+$') as name, _line as line from f"
    schema = "[{name: id, type: long, max: 5}]"
    mesh = Own(tmp_path, sql, schema, pattern="*.parquet", more=", read: new")
    for name, ids in (("a", [1, 6, 7]), ("b", [8, 2, 9])):
        pq.write_table(pa.table({"id": ids}), mesh.root / "inbox" / f"{name}.parquet")
    mesh.go()
    assert mesh.count("shop.p") == 2
    path = mesh.root / "domains/shop/p/data_product.yaml"
    mesh.product("p", path.read_text().replace("max: 5", "max: 8").replace("1.0.0", "1.1.0"))
    mesh.weft("apply", "--yes")
    mesh.weft("quarantine", "shop.p", "--replay")
    assert mesh.query("select * from shop.p order by id") == [
        {"id": 1, "name": "a.parquet", "line": 1}, {"id": 2, "name": "b.parquet", "line": 2},
        {"id": 6, "name": "a.parquet", "line": 2}, {"id": 7, "name": "a.parquet", "line": 3},
        {"id": 8, "name": "b.parquet", "line": 1}]


def test_a_type_that_does_not_fit(tmp_path):
    mesh = Own(tmp_path, "", "[{name: id, type: long}, {name: l, type: string, from: _line}]")
    said = mesh.weft("apply", "--yes", status=1).stderr
    assert "from: _line" in said, said


def test_in_every_format(tmp_path):
    sql = "select id, regexp_extract(_file, '[^/]+$') as name, _line as line from f"
    table = pa.table({"id": [7, 8]})
    import fastavro
    import io
    avro = io.BytesIO()
    fastavro.writer(avro, {"type": "record", "name": "r",
                           "fields": [{"name": "id", "type": "long"}]}, [{"id": 7}, {"id": 8}])
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    for i, (name, data, lines) in enumerate([
            ("x.ndjson", b'{"id": 7}\n\n{"id": 8}\n', [1, 3]),
            ("x.json", b'[\n {"id":\n 7},\n\n {"id": 8}]', [2, 5]),
            ("x.tsv", b"id\n7\n8\n", [2, 3]),
            ("x.parquet", parquet.getvalue(), [1, 2]), ("x.avro", avro.getvalue(), [1, 2])]):
        mesh = Own(tmp_path / str(i), sql, "[{name: id, type: long}]", pattern=name)
        mesh.write("inbox/" + name, data)
        mesh.go()
        rows = mesh.query("select * from shop.p order by id")
        assert [(r["id"], r["name"], r["line"]) for r in rows] == [
            (7, name, lines[0]), (8, name, lines[1])], (name, rows)


def test_many_blocks(tmp_path):
    mesh = Own(tmp_path, "select id, _line as line from f")
    lines = ["id,s"] + [f'{i},"{"x" * (i % 50)}{chr(10) if i % 7 == 0 else ""}"'
                        for i in range(100000)]
    mesh.write("inbox/a.csv", "\n".join(lines) + "\n")
    mesh.go()
    where, at = {}, 1
    for text in lines:
        where[text.split(",")[0]] = at
        at += 1 + text.count("\n")
    rows = mesh.query("select * from shop.p order by id")
    assert len(rows) == 100000 and all(where[str(r["id"])] == r["line"] for r in rows)


def test_preview(tmp_path):
    mesh = Own(tmp_path, "select id, _line as line from f")
    mesh.write("inbox/a.csv", FILES["a.csv"])
    assert "line" in mesh.weft("preview", "shop.p").stdout
