"""infer and new: what a file is and holds, as all of its values say; and the promise that the file
made reads every record, but for those that it names."""
import gzip
import json
import random
import re
import shutil
from datetime import date
from decimal import Decimal

import pytest


def infer(weft, folder, name, data, **more):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return weft("infer", name, cwd=folder, **more).stdout


def field(text, name):
    """The line of a field, and the comment above it."""
    lines = text.splitlines()
    at = max(i for i, line in enumerate(lines) if re.search(r'- \{name: "?%s"?[,}]' % name, line))
    return lines[at].strip(), lines[at - 1].strip()


def from_file_to_table(weft, folder, name, product="shop.things"):
    """new, apply: (published, quarantined), and the product file."""
    made = weft("new", product, "--from", name, cwd=folder)
    domain, short = product.split(".")
    text = (folder / "domains" / domain / short / "data_product.yaml").read_text()
    done = weft("apply", "--yes", cwd=folder, status=None)
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    runs = json.loads(weft("--json", "runs", product, cwd=folder).stdout)
    return runs[0]["published"], runs[0]["quarantined"], text, made


def test_three_commands(weft, tmp_path):
    (tmp_path / "customers.csv").write_text("id,name,joined\n1,Ada,2026-01-05\n"
                                            "2,Grace,2026-02-07\n")
    weft("new", "shop.customers", "--from", "customers.csv")
    weft("apply", "--yes")
    out = weft("query", "--format", "csv", "from shop.customers").stdout
    assert out == "id,name,joined\n1,Ada,2026-01-05\n2,Grace,2026-02-07\n"
    assert (tmp_path / "weft.yaml").exists()
    assert ".weft/" in (tmp_path / ".gitignore").read_text()
    file = tmp_path / "domains/shop/customers/data_product.yaml"
    first = file.read_text().splitlines()[0]
    schema = file.parent / re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first).group(1)
    assert "properties" in json.loads(schema.read_text())
    assert "already" in weft("new", "shop.customers", status=1).stderr
    assert weft("fmt", "--check").stdout.endswith("nothing to change\n")


def test_types_and_comments(weft, tmp_path):
    rows = "".join(f"{i};{i:05d};{i % 28 + 1:02d}.{i % 12 + 1:02d}.2020;{i},50;"
                   f"{'NA' if i % 10 == 0 else i};{'red' if i % 2 else 'blue'};"
                   f"{'true' if i % 3 else 'false'};2020-01-01T00:00:{i % 60:02d}Z\n"
                   for i in range(1, 101))
    text = infer(weft, tmp_path, "t.csv", "Nr;zip;Day;price;visits;colour;on;at\n" + rows)
    assert text.splitlines()[0].startswith("# yaml-language-server: $schema=")
    assert 'delimiter: ";"' in text and 'decimal_separator: ","' in text
    assert 'date_format: "%d.%m.%Y"' in text and 'null: ["", NA]' in text
    assert "from: Nr" in text
    assert field(text, "nr")[0] == "- {name: nr, type: long, required: true}"
    line, comment = field(text, "zip")
    assert 'type: string' in line and 'pattern: "[0-9]{5}"' in line and "5 digits" in comment
    assert "type: date" in field(text, "day")[0] and "%d.%m.%Y" in field(text, "day")[1]
    assert 'type: "decimal(18, 2)"' in field(text, "price")[0]
    line, comment = field(text, "visits")
    assert "type: long" in line and "min: 0" in line and "required" not in line
    assert "10 of 100 without a value" in comment
    assert "enum: [blue, red]" in field(text, "colour")[0] or "enum: [red, blue]" in text
    assert "type: boolean" in field(text, "on")[0]
    assert "type: timestamptz" in field(text, "at")[0]
    assert "key: [nr]" in text and "visits: {min: 0.90, on_fail: warn}" in text


def test_day_and_month(weft, tmp_path):
    sure = infer(weft, tmp_path, "a.csv", "d\n01/02/2020\n25/02/2020\n")
    assert 'date_format: "%d/%m/%Y"' in sure and "no value reads the other way round" in sure
    american = infer(weft, tmp_path, "b.csv", "d\n01/02/2020\n02/25/2020\n")
    assert 'date_format: "%m/%d/%Y"' in american
    unsure = infer(weft, tmp_path, "c.csv", "d,n\n01/02/2020,1\n03/04/2020,2\n")
    line, comment = field(unsure, "d")
    assert "type: string" in line and "no value tells day from month" in comment
    other = infer(weft, tmp_path, "e.csv", "d,e\n01/02/2020,25/02/2020\n03/04/2020,26/02/2020\n")
    assert other.count("type: date") == 2, other


def test_namibia(weft, tmp_path):
    rows = "".join(f"{c},{n}\n" for c, n in
                   [("NA", 1), ("DE", 2), ("FR", "NA"), ("IT", 4), ("ES", 5)])
    text = infer(weft, tmp_path, "n.csv", "country,n\n" + rows)
    assert "null:" not in text.split("schema:")[0] and "`NA`" in text


def test_key(weft, tmp_path):
    rows = "".join(f"2020-01-{d:02d},{k:03d},{d * k}\n" for d in range(1, 29) for k in range(30))
    text = infer(weft, tmp_path, "k.csv", "date,code,cases\n" + rows)
    assert "key: [code, date]" in text or "key: [date, code]" in text
    rows = "".join(f"{a},{b},{c}\n" for a in "xyz" for b in "pqr" for c in "uvw")
    text = infer(weft, tmp_path, "t.csv", "a,b,c\n" + rows)
    assert "key: [a, b, c]" in text
    assert "No set of up to three columns" in infer(weft, tmp_path, "d.csv", "a\n1\n1\n")


def test_no_table(weft, tmp_path):
    for name, data, words in [
            ("p.csv", b"<!DOCTYPE html><html><body>login</body></html>", "a page"),
            ("e.csv", b"", "empty"), ("x.csv", b"PK\x03\x04rest", "spreadsheet"),
            ("f.csv", b"%PDF-1.4", "PDF"), ("z.csv", b"a,b\n1,\x00\n", "zero byte")]:
        (tmp_path / name).write_bytes(data)
        assert words in weft("infer", name, status=1).stderr, name
    assert "no file" in weft("infer", "nothing.csv", status=1).stderr
    assert "folder" in weft("infer", ".", status=2).stderr
    weft("infer", status=2)


MESSY = {
    "comma": "a,b\n1,x\n2,y\n",
    "semicolon": "a;b;c\n1;2,5;x\n2;3,25;y\n",
    "tab": "a\tb\n1\tx\n2\ty\n",
    "pipe": "a|b|c\n1|x|z\n2|y|z\n",
    "one_column": "word\nred\nblue\n",
    "no_header": "1,2020-01-01,x\n2,2020-01-02,y\n3,2020-01-03,z\n",
    "title_lines": "Report of May\n\na,b,c\n1,2,3\n4,5,6\n7,8,9\n",
    "twice_named": "a,a,\n1,2,3\n4,5,6\n",
    "odd_names": "\"FIPS code\",Größe (m),ID,id2\n00001,1.5,1,2\n00002,2.5,2,3\n",
    "quotes": 'a,b\n1,"x, ""y"""\n2,"line\nbreak"\n',
    "open_quote": 'a,b\n1,"x\n2,y\n3,z\n',
    "short_rows": "a,b\n1,x\n2\n3,z,4\n4,w\n",
    "text_behind_quote": 'a,b\n1,x\n2,"y"z\n3,w\n',
    "crlf": "a,b\r\n1,x\r\n2,\r\n",
    "bom": "\ufeffa,b\n1,x\n",
    "latin": "a,b\n1,caf\xe9\n2,x\n".encode("latin-1"),
    "windows": "a,b\n1,\u201ecaf\xe9\u201c\n2,x\n".encode("cp1252"),
    "utf16": "a,b\n1,caf\xe9\n2,x\n".encode("utf-16"),
    "late_latin": ("a,b\n" + "1,x\n" * 400000).encode() + b"1,caf\xe9\n",
    "leading_zeros": "id,zip\n1,01234\n2,99999\n3,00000\n",
    "plus": "a,phone\n1,+49123\n2,+49124\n",
    "nulls": "a,b,c\n1,NA,x\n2,3,NA\nNA,4,-\n",
    "dash": "a,b\n1,-\n2,5\n3,6\n",
    "empty_quoted": 'a,b\n1,""\n2,x\n3,\n',
    "blanks": "a,b\n 1, x\n2 ,y\n",
    "big": "a\n9223372036854775808\n1\n",
    "real": "a,b\n1e5,1.5\n-2.5E-3,.5\n0,5.\n",
    "infinity": "a\nInfinity\n1\n",
    "money": "id,price\n1,10\n2,12.345\n3,-7.1\n",
    "dates": "d,e,t\n01.02.2020,2020-01-01,2020-01-01 10:00\n"
             "25.12.2019,2020-01-02,2020-01-02 11:30\n",
    "us_dates": "d,t\n1/2/2020,1/31/2020 10:00\n12/25/2019,2/1/2020 23:59\n",
    "months": "d\n1 Jan 2020\n15 Feb 2021\n",
    "short_years": "d\n01/25/20\n02/26/69\n",
    "mixed_dates": "d\n2020-01-01\n01.02.2020\n",
    "impossible_date": "d\n2020-02-30\n2020-01-01\n",
    "year_columns": "country,2019,2020\nDE,1,2\nFR,3,4\n",
    "times": "t\n10:00\n23:59:59.5\n",
    "uuids": "u,v\n00112233-4455-6677-8899-aabbccddeeff,1\n"
             "10112233-4455-6677-8899-AABBCCDDEEFF,2\n",
    "booleans": "b,c\nTrue,yes\nfalse,no\n",
    "json_text": 'a,b\n1,"{""x"": 1}"\n2,[]\n',
    "only_header": "a,b\n",
    "no_last_line_end": "a,b\n1,x\n2,y",
    "empty_lines": "a,b\n\n1,x\n\n\n2,y\n\n",
    "mixed_points": "a;b\n1,5;1.5\n2,5;2.5\n3,5;3.5\n",
    "thousands": 'a,b\n1,"1,234.5"\n2,"2,000.0"\n',
    "keywords": "null,true,no,select\n1,a,b,c\n2,d,e,f\n",
    "same_but_case": "id,ID,Id\n1,2,3\n4,5,6\n",
    "reserved": "this,new,order,group\n1,2,3,4\n5,6,7,8\n",
    "zero_and_minus": "k\n0\n-0\n5\n",
    "long_name": "a" * 80 + ",b\n1,2\n",
    "emoji": "\U0001f600,b\n1,2\n",
}


@pytest.mark.parametrize("name", MESSY)
def test_every_record_is_published(weft, tmp_path, name):
    """The file as it was made sets nothing aside but what it said."""
    data = MESSY[name]
    ending = "tsv" if name == "tab" else "csv"
    (tmp_path / f"{name}.{ending}").write_bytes(data if isinstance(data, bytes) else data.encode())
    published, quarantined, text, _ = from_file_to_table(weft, tmp_path, f"{name}.{ending}")
    said = re.search(r"^# ([0-9,]+) records? more", text, re.M)
    assert quarantined == (int(said.group(1).replace(",", "")) if said else 0), text
    head = re.search(r"^# Inferred from .*: ([0-9,]+) record", text, re.M)
    assert published == int(head.group(1).replace(",", "")), text
    assert weft("fmt", "--check", cwd=tmp_path).returncode == 0


CELLS = ["", "0", "1", "-7", "3.25", "1,5", "NA", "n/a", "-", "x", "Ab 12", "01", "2020-01-31",
         "31.01.2020", "01/02/2020", "2020-01-31T10:00:00Z", "2020-01-31 10:00", "true", "12:30",
         '"a ""b"""', '""', '"x,y"', "é", " lead", "1e9", "+5", "NULL", "null", ".5", "5.", "1_000",
         "9999999999999999999", "%", "#", "'", "\\", "\\N", "[1]", "{}", "yes", ": ", "- a", "0x1F"]


@pytest.mark.parametrize("seed", range(12))
def test_random_files(weft, tmp_path, seed):
    """Columns of a few kinds of cells, thrown together."""
    rng = random.Random(seed)
    columns = [rng.sample(CELLS, rng.choice([1, 1, 2, 3])) for _ in range(8)]
    rows = rng.choice([1, 3, 60])
    lines = [",".join(f"c{i}" for i in range(8))]
    lines += [",".join(rng.choice(c).replace("1,5", '"1,5"') for c in columns) for _ in range(rows)]
    (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
    published, quarantined, text, _ = from_file_to_table(weft, tmp_path, "r.csv")
    said = re.search(r"^# ([0-9,]+) records? more", text, re.M)
    assert (published, quarantined) == (rows - (int(said.group(1)) if said else 0),
                                        int(said.group(1)) if said else 0), text


def test_packed_and_several(weft, tmp_path):
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("id,x\n1,a\n2,b\n")
    (tmp_path / "b.csv").write_text("x,id,more\nc,3,1\n")
    text = weft("infer", "a.csv.gz", "b.csv").stdout
    assert "files: [a.csv.gz, b.csv]" in text and "3 records" in text
    assert "2 of 3 without a value" in field(text, "more")[1]


def test_output_and_odd_paths(weft, tmp_path):
    (tmp_path / "in box").mkdir()
    (tmp_path / "in box" / "odd [1]*.csv").write_text("id\n1\n2\n")
    weft("infer", "in box/odd [1]*.csv", "-o", "made/p.yaml", status=1)
    (tmp_path / "made").mkdir()
    weft("infer", "in box/odd [1]*.csv", "-o", "made/p.yaml")
    assert "../in box/odd" in (tmp_path / "made/p.yaml").read_text()
    assert "already" in weft("infer", "in box/odd [1]*.csv", "-o", "made/p.yaml", status=1).stderr
    published, quarantined, _, _ = from_file_to_table(weft, tmp_path, "in box/odd [1]*.csv")
    assert (published, quarantined) == (2, 0)


def test_new_skeleton_and_sql(weft, tmp_path):
    weft("new", "shop.things")
    weft("validate")
    (tmp_path / "orders.csv").write_text("Order No,amount\n1,2.50\n2,3.50\n")
    weft("new", "shop.big", "--from", "orders.csv", "--sql",
         "select order_no, amount\nfrom orders\nwhere amount > 3")
    weft("new", "shop.total", "--sql", "select sum(amount) as total from shop.big")
    weft("fmt", "--check")
    weft("apply", "--yes")
    assert weft("query", "--format", "csv", "from shop.total").stdout == "total\n3.50\n"
    assert "cannot be the name" in weft("new", "Shop.Things", status=2).stderr
    assert "shop.things" in weft("new", "Shop.Things", status=2).stderr
    assert "mesh" in weft("new", "mesh.things", status=2).stderr
    assert "not the name" in weft("new", "things", status=2).stderr


def test_new_in_a_checkout(weft, tmp_path):
    weft("init", "m")
    folder = tmp_path / "m" / "inbox"
    (folder / "more.csv").write_text("id\n1\n")
    weft("new", "shop.more", "--from", "more.csv", cwd=folder)
    text = (tmp_path / "m/domains/shop/more/data_product.yaml").read_text()
    assert '"../../../inbox/more.csv"' in text
    assert not (folder / "weft.yaml").exists()
    shutil.rmtree(tmp_path / "m" / "domains" / "shop" / "more")


def test_json_and_parquet(weft, tmp_path):
    lines = [json.dumps({"id": i, "day": f"2020-01-{i % 28 + 1:02d}", "tags": ["a"] * (i % 3),
                         "at": {"city": "x", "zip": f"{i:05d}"}, "n": i / 2,
                         "mixed": i if i % 2 else "x"}) for i in range(40)]
    (tmp_path / "a.ndjson").write_text("\n".join(lines[:20]) + '\n[1]\n{"id":1,"id":2}\n'
                                       + "\n".join(lines[20:]) + "\n")
    published, quarantined, text, _ = from_file_to_table(weft, tmp_path, "a.ndjson", "shop.a")
    assert (published, quarantined) == (40, 2) and "# 2 records more" in text
    assert 'type: "list<string>"' in text and 'type: "struct<city: string, zip: string>"' in text
    assert "type: json" in field(text, "mixed")[0] and "key: [id]" in text
    (tmp_path / "b.json").write_text("[" + ",\n".join(lines) + "]")
    assert from_file_to_table(weft, tmp_path, "b.json", "shop.b")[:2] == (40, 0)
    weft("query", "-o", "c.parquet", "select id, day, tags, n, id::smallint as s from shop.a")
    published, quarantined, text, _ = from_file_to_table(weft, tmp_path, "c.parquet", "shop.c")
    assert (published, quarantined) == (40, 0)
    assert "type: date" in field(text, "day")[0] and "type: int" in field(text, "s")[0]


def test_what_a_column_of_texts_nearly_is(weft, tmp_path):
    days = "".join(f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2025,{i}\n" for i in range(100))
    text = infer(weft, tmp_path, "a.csv", "day,n\n31.02.2025,x\n" + days)
    line, comment = field(text, "day")
    assert "type: string" in line
    assert "dates written as %d.%m.%Y but for 1, the first `31.02.2025`" in comment
    assert "whole numbers but for 1, the first `x`" in field(text, "n")[1]
    text = infer(weft, tmp_path, "b.csv", "a;b;c;d;e\n1.234,50;12%;2025-01-02;ab;1,234\n"
                                          "12,00;-5,5 %;03/04/2025;1.5;12 000\n"
                                          "-1.000.000,99;3%;5.6.2025;c;7\n")
    assert "separators of thousands" in field(text, "a")[1]
    assert "sign of money or percent" in field(text, "b")[1]
    assert "dates written in several ways" in field(text, "c")[1]
    assert field(text, "d")[1] == "# never empty"
    text = infer(weft, tmp_path, "c.csv", "a,b\n" + "".join(f"w{i},{i}{i % 3 * 'x'}\n"
                                                            for i in range(99)))
    assert "but for" not in text


def test_lines_of_a_title(weft, tmp_path):
    table = "region;sales\nNorth;100\nSouth;250\n"
    for title in ("Sales 2026\nmade by hand\n\n", "Sales 2026\n\n", "a\nb\n"):
        text = infer(weft, tmp_path, "t.csv", title + table)
        assert f"skip: {title.count(chr(10))}" in text and "name: region" in text, title
    (tmp_path / "t.csv").write_text("Sales 2026\n\n" + table)
    assert from_file_to_table(weft, tmp_path, "t.csv")[:2] == (2, 0)


def test_columns_called_as_weft_calls_the_place_of_a_row(weft, tmp_path):
    (tmp_path / "t.csv").write_text("_file,_line,Größe\n1,2,3\n4,5,6\n")
    published, aside, text, _ = from_file_to_table(weft, tmp_path, "t.csv")
    assert (published, aside) == (2, 0) and "name: grosse" in text


def test_json_as_answer_and_a_file_for_a_name(weft, tmp_path):
    (tmp_path / "people.csv").write_text("id,name\n1,Ada\n")
    assert "name: name" in weft("infer", "people.csv", "--json").stdout
    done = weft("new", "people.csv", status=2)
    assert "weft new shop.people --from people.csv" in done.stderr
    assert json.loads(weft("new", "shop.people", "--from", "people.csv", "--json").stdout)[
        "product"] == "shop.people"


def test_one_record(weft, tmp_path):
    (tmp_path / "api.json").write_text(json.dumps({"data": [{"id": 1}, {"id": 2}], "next": None}))
    done = weft("new", "shop.api", "--from", "api.json").stdout
    assert "1 record, 2 columns" in done
    text = (tmp_path / "domains/shop/api/data_product.yaml").read_text()
    assert "key:" not in text and "no value in 1 record:" in text
    line, comment = field(text, "data")
    sql = re.search(r'--sql "(.*?) \.\.\."', comment).group(1)
    weft("new", "shop.items", "--from", "api.json", "--sql", sql + " api")
    weft("apply", "shop.items", "--yes")
    assert weft("query", "--format", "csv", "from shop.items").stdout == "id\n1\n2\n"


def test_avro(weft, tmp_path):
    import fastavro
    schema = {"type": "record", "name": "row", "fields": [
        {"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"]},
        {"name": "Day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9,
                                   "scale": 2}},
        {"name": "tags", "type": {"type": "array", "items": "string"}}]}
    rows = [{"id": i, "name": None if i % 4 == 0 else f"n{i}", "Day": date(2020, 1, i % 28 + 1),
             "price": Decimal(i).scaleb(-2), "tags": ["a"] * (i % 3)} for i in range(40)]
    for name, some in ("a.avro", rows[:25]), ("b.avro", rows[25:]):
        with open(tmp_path / name, "wb") as file:
            fastavro.writer(file, schema, some, codec="deflate")
    text = weft("infer", "a.avro", "b.avro").stdout
    assert "40 records, all looked at" in text and "files: [a.avro, b.avro]" in text
    assert field(text, "id")[0] == "- {name: id, type: long, required: true}"
    assert "10 of 40 without a value" in field(text, "name")[1]
    assert 'type: "decimal(9, 2)"' in field(text, "price")[0] and "key: [id]" in text
    assert "type: date" in field(text, "day")[0] and 'type: "list<string>"' in text
    assert from_file_to_table(weft, tmp_path, "a.avro", "shop.a")[:2] == (25, 0)
    (tmp_path / "a.avro").rename(tmp_path / "c.csv")  # the bytes tell what it is
    assert "format: avro" in weft("infer", "c.csv").stdout


KINDS = {
    "a.csv": b"id,name\n1,x\n2,y\n",
    "a.json": b'[{"id": 1},\n{"id": 2}]',
    "one.json": b'{\n"id": 3\n}\n',
    "a.ndjson": b'{"id": 1}\n{"id": 2}\n',
    "broken.ndjson": b'{"id": 1\n{"id": 2}\n',
    "semicolon.csv": b"id;name\n3;z\n4;w\n",
    "tabs.tsv": b"id\tname\n3\tz\n4\tw\n",
    "utf16.csv": "id,name\n3,\u00e9\n".encode("utf-16"),
    "utf8.csv": "id,name\n3,\u00e9\n".encode(),
    "latin.csv": "id,name\n4,\u00e9\n".encode("latin-1"),
    "late.csv": b"id,name\n" + b"5,x\n" * 300000 + b"6,\xe9\n",
    "page.csv": b"<!doctype html>",
    "empty.csv": b"",
}


@pytest.mark.parametrize("files, words", [
    ("a.csv a.json", "a.csv is csv, and a.json is json"),
    ("a.json a.csv", "a.json is json, and a.csv is csv"),
    ("a.ndjson a.json", "a.ndjson is ndjson, and a.json is json"),
    ("a.ndjson one.json", "one.json is json"),
    ("a.json a.ndjson", None),
    ("a.csv semicolon.csv", "a.csv is parted by `,`, and semicolon.csv is parted by `;`"),
    ("tabs.tsv a.csv", "tabs.tsv is parted by tabs, and a.csv is parted by `,`"),
    ("a.csv utf16.csv", "a.csv is utf-8, and utf16.csv is utf-16"),
    ("utf16.csv a.csv", "utf16.csv is utf-16, and a.csv is utf-8"),
    ("utf8.csv latin.csv", "utf8.csv is, and one input reads files of one encoding"),
    ("latin.csv utf8.csv", "latin.csv is latin-1, and utf8.csv is utf-8"),
    ("utf8.csv late.csv", "utf8.csv is, and one input reads files of one encoding"),
    ("late.csv utf8.csv", "late.csv is latin-1, and utf8.csv is utf-8"),
    ("a.csv page.csv", "page.csv is a page"),
    ("a.csv empty.csv", "empty.csv is empty"),
    ("a.csv latin.csv", None), ("latin.csv a.csv", None), ("a.ndjson broken.ndjson", None),
    ("a.csv utf8.csv", None), ("a.csv late.csv", None)])
def test_files_of_several_kinds(weft, tmp_path, files, words):
    for name in files.split():
        (tmp_path / name).write_bytes(KINDS[name])
    done = weft("infer", *files.split(), status=1 if words else 0)
    assert words is None or words in done.stderr.replace("\n", " "), done.stderr
    assert words is None or done.stdout == ""


def test_a_file_called_like_a_variable(weft, tmp_path):
    (tmp_path / "${v}.csv").write_text("id\n1\n2\n")
    assert '"$\\\\{v}.csv"' in weft("infer", "${v}.csv").stdout
    assert from_file_to_table(weft, tmp_path, "${v}.csv")[:2] == (2, 0)
