"""export --to json-schema, held against weft by a real validator: a row that passes the schema is
one that weft publishes; one that weft publishes passes, unless it is one of the few forms that weft
takes on top; and what weft gives back passes."""
import json
import random

import jsonschema
import pytest
import yaml
from mesh_support import Mesh

VALUES = {
    "boolean": [True, False, "true", 0, 1],
    "int": [0, 2147483647, 2147483648, -2147483648, -2147483649, "5", 5.5, "x", True],
    "long": [9223372036854775807, 9223372036854775808, -9223372036854775808, "7", [1]],
    "double": [1, 1.5, "1.5", 1e308, "x", {}],
    "float": [1, 1.5, "y"],
    "decimal(5, 2)": [1, 1.25, 999.99, 1000, -999.99, -1000, "1.25", "x", 0.29],
    "decimal(38, 0)": [1, 10 ** 20, "x"],
    "string": ["a", "", 1, True, {"a": 1}, ["x"]],
    "date": ["2020-01-01", "2020-02-30", "2020-02-29", "2021-02-29", "1900-02-29", "2000-02-29",
             "2020-1-1", "20200101", "2020-01-01T00:00:00", "x", 5, "0001-01-01", "2020-04-31"],
    "time": ["12:00:00", "12:00", "25:00:00", "12:00:00.123456", "12:00:00.1234567", "12:00:60",
             "x"],
    "timestamp": ["2020-01-01T00:00:00", "2020-01-01 00:00:00", "2020-01-01T00:00", "2020-01-01",
                  "2020-01-01T00:00:00.123456", "2020-01-01T00:00:00.1234567", "x",
                  "2020-01-01T24:00:00", "2021-02-29T00:00:00", "2020-01-01T00:00:61"],
    "timestamptz": ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00",
                    "2020-01-01 00:00:00+00", "2020-01-01 00:00:00.5-0330", "2020-01-01", "x"],
    "uuid": ["00000000-0000-4000-8000-00000000000f", "x", "00000000-0000-4000-8000-00000000000"],
    "binary": ["YWJj", ""],
    "json": [1, "a", {"a": 1}, [1]],
    "list<int>": [[1, 2], [], [None], ["x"], 1, [1.5], [2147483648]],
    "struct<a: long, b: struct<c: date>>": [
        {"a": 1, "b": {"c": "2020-01-01"}}, {"a": 1}, {}, {"a": "x"}, {"b": {"c": "x"}}, 1,
        {"a": None}, {"b": None}, {"b": {"c": "2020-02-30"}}, {"a": 9223372036854775808}],
    "map<string, long>": [{"k": 1}, {}, {"k": "x"}, {"k": None}, 1],
}
RULES = [
    ("int", {"min": 3, "max": 7}, [2, 3, 7, 8]),
    ("decimal(5, 2)", {"min": 0, "max": 10.5}, [-1, 0, 10.5, 10.51, 10.49]),
    ("string", {"min_length": 2, "max_length": 3}, ["a", "ab", "äöü", "äöüß", "abcd"]),
    ("string", {"pattern": "[a-c]+|x"}, ["abc", "abcd", "x", "xx", ""]),
    ("string", {"enum": ["a", "null", "1"]}, ["a", "null", "1", "b"]),
    ("int", {"enum": [1, 2]}, [1, 2, 3]),
    ("double", {"min": -0.5}, [-0.5, -0.51, 0]),
    ("date", {"min": "1999-12-31", "max": "2020-02-29"},
     ["1999-12-30", "1999-12-31", "2000-01-01", "2020-02-28", "2020-02-29", "2020-03-01",
      "0999-12-31", "2019-12-31", "9999-01-01"]),
    ("time", {"min": "09:30", "max": "17:00:00"},
     ["09:29:59", "09:30:00", "09:30", "17:00:00", "17:00", "17:00:00.1", "16:59", "23:00:00"]),
    ("timestamp", {"min": "2000-01-01 10:00:00", "max": "2020-06-15 12:30:15.5"},
     ["2000-01-01 09:59:59", "2000-01-01T10:00", "2000-01-01 10:00:00.1", "2020-06-15T12:30",
      "2020-06-15 12:30:15", "2020-06-15 12:30:15.5", "2020-06-15 12:30:15.500",
      "2020-06-15 12:30:15.500001", "2020-06-15 12:31:00", "2020-06-14 23:00:00"]),
]
# What weft reads besides: numbers and truth as texts, a single value as a text, the date of a
# timestamp, a timestamp's date alone, a moment without its zone (UTC).
LENIENT = {"boolean", "int", "long", "double", "decimal(5, 2)", "decimal(38, 0)", "string",
           "timestamp", "timestamptz", "float", "date"}


def is_lenient(kind, value):
    if kind not in LENIENT:
        return False
    if kind == "string":
        return not isinstance(value, (str, list, dict))
    return isinstance(value, str)


def verdicts(folder, products):
    """Of each {kind, rules, values}: which weft publishes, which pass the schema; and that what
    weft gives back passes."""
    mesh = Mesh(folder)
    for i, (kind, rules, values) in enumerate(products):
        field = {"name": "v", "type": kind, **rules}
        mesh.product(yaml.safe_dump({"input": f"p{i}.ndjson", "schema": [
            {"name": "i", "type": "long", "required": True}, field]}), name=f"p{i}")
        mesh.write(f"domains/d/p{i}/p{i}.ndjson", "".join(
            json.dumps({"i": at, "v": value}) + "\n" for at, value in enumerate([*values, None])))
    mesh("apply", "--yes")
    for i, (kind, rules, values) in enumerate(products):
        schema = json.loads(mesh("export", f"d.p{i}", "--to", "json-schema").stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        for checker in (None, jsonschema.FormatChecker()):
            validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
            given = mesh.json("query", f"select * from d.p{i}")
            for row in given:
                assert validator.is_valid(row), (kind, rules, row)
            published = {row["i"] for row in given}
            for at, value in enumerate([*values, None]):
                yield (kind, rules, value, at in published,
                       validator.is_valid({"i": at, "v": value}))


def judge(seen):
    wrong, agree, lenient = [], 0, 0
    for kind, rules, value, published, valid in seen:
        if published == valid:
            agree += 1
        elif published and not rules and is_lenient(kind, value):
            lenient += 1
        else:
            wrong.append((kind, rules, value, "published" if published else "refused"))
    assert wrong == []
    return agree, lenient


def test_types(tmp_path):
    agree, lenient = judge(verdicts(tmp_path, [(k, {}, v) for k, v in VALUES.items()]))
    assert agree > 200 and 10 < lenient < 40


def test_rules(tmp_path):
    agree, lenient = judge(verdicts(tmp_path, RULES))
    assert agree > 100 and lenient == 0


def test_bounds_by_chance(tmp_path):
    chance = random.Random(6)

    def moment(kind):
        day = f"{chance.choice([1, 1999, 2000, 2019, 2020, 9999]):04}-" \
              f"{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        time = f"{chance.randint(0, 23):02}:{chance.choice([0, 9, 30, 59]):02}"
        if chance.random() < 0.7:
            time += f":{chance.choice([0, 1, 59]):02}"
            if chance.random() < 0.3:
                time += chance.choice([".5", ".000001", ".999999", ".100"])
        return {"date": day, "time": time}.get(kind, f"{day}{chance.choice('T ')}{time}")

    products = []
    for kind in ("date", "time", "timestamp"):
        for _ in range(8):
            bounds = sorted(moment(kind).replace("T", " ") for _ in range(2))
            rules = dict(zip(("min", "max"), bounds))
            if chance.random() < 0.3:
                del rules[chance.choice(["min", "max"])]
            products.append((kind, rules, [*bounds, *(moment(kind) for _ in range(25))]))
    agree, lenient = judge(verdicts(tmp_path, products))
    assert agree > 1000 and lenient == 0


def test_what_is_not_in_it(tmp_path):
    """docs/guide/contracts.md: digits behind the point, bounds of moments with a zone."""
    seen = list(verdicts(tmp_path, [
        ("decimal(5, 2)", {}, [1.255]),
        ("timestamptz", {"min": "2020-01-01 00:00:00+00"}, ["2019-12-31T23:00:00Z"])]))
    assert [(published, valid) for *_, published, valid in seen if _[2] is not None] == \
        [(False, True)] * 4


@pytest.mark.parametrize("row, right", [
    ({"id": 1}, True), ({"id": 1, "more": 2}, False), ({}, False), ({"id": None}, False)])
def test_rows(tmp_path, row, right):
    mesh = Mesh(tmp_path)
    mesh.product("input: p.ndjson\nschema:\n  - {name: id, type: long}\n  - {name: w, type: json}\n"
                 "key: [id]\n")
    schema = json.loads(mesh("export", "d.p", "--to", "json-schema").stdout)
    assert jsonschema.Draft202012Validator(schema).is_valid(row) == right
