"""Every type, and its bounds: a filter on an extreme value must find its row, because a wrong bound
only shows as rows that are missing."""
import datetime as dt
import decimal
import uuid

import pytest
from pyiceberg.expressions import (And, EqualTo, GreaterThanOrEqual, IsNull, LessThan,
                                   LessThanOrEqual, NotNull, StartsWith)
from pyiceberg.manifest import ManifestEntryStatus

UTC = dt.timezone.utc
# name, type, three values as SQL, lowest first, and what PyIceberg gives for the first and the last
COLUMNS = [
    ("b", "boolean", ["false", "true", "true"], False, True),
    ("i", "int", ["'-2147483648'", "0", "'2147483647'"], -2147483648, 2147483647),
    ("l", "long", ["'-9223372036854775808'", "5", "'9223372036854775807'"],
     -9223372036854775808, 9223372036854775807),
    ("f", "float", ["'-1.1'", "'0.1'", "'16777217'"], None, None),
    ("d", "double", ["'-1e300'", "'-0.0'", "'0.1'"], -1e300, 0.1),
    ("d9", "decimal(9,2)", ["'-9999999.99'", "0.01", "1.28"],
     decimal.Decimal("-9999999.99"), decimal.Decimal("1.28")),
    ("d38", "decimal(38,6)",
     ["'-99999999999999999999999999999999.000001'::decimal(38,6)", "0", "128"],
     decimal.Decimal("-99999999999999999999999999999999.000001"), decimal.Decimal("128.000000")),
    ("s", "string", ["'a'", "'b' || repeat('\u00e9', 40)", "'b' || repeat('\u00e9', 16) || 'zz'"],
     "a", "b" + "\u00e9" * 40),
    ("top", "string", ["''", "'x'", "repeat(chr(1114111), 20)"], "", "\U0010ffff" * 20),
    ("dt", "date", ["date '0001-01-01'", "date '1970-01-01'", "date '9999-12-31'"],
     dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    ("tm", "time", ["time '00:00:00'", "time '12:00:00'", "time '23:59:59.999999'"],
     dt.time(0, 0), dt.time(23, 59, 59, 999999)),
    ("ts", "timestamp", ["timestamp '1969-12-31 23:59:59.999999'", "timestamp '1970-01-01'",
                         "timestamp '2262-01-01 00:00:00.000001'"],
     dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2262, 1, 1, 0, 0, 0, 1)),
    ("tz", "timestamptz", ["timestamptz '1969-12-31 23:59:59.5+00'",
                           "timestamptz '2020-01-01 00:00:00+00'",
                           "timestamptz '2030-06-01 00:00:00.25+00'"],
     dt.datetime(1969, 12, 31, 23, 59, 59, 500000, UTC),
     dt.datetime(2030, 6, 1, 0, 0, 0, 250000, UTC)),
    ("u", "uuid", ["'00000000-0000-4000-8000-000000000000'::uuid",
                   "'7f000000-0000-4000-8000-000000000000'::uuid",
                   "'ffffffff-0000-4000-8000-000000000000'::uuid"],
     uuid.UUID("00000000-0000-4000-8000-000000000000"),
     uuid.UUID("ffffffff-0000-4000-8000-000000000000")),
    ("bin", "binary", ["'\\x00'::blob", "'abc'::blob", "'\\xFF\\xFF'::blob"], b"\0", b"\xff\xff"),
    ("j", "json", ["'{\"a\": 1}'::json", "'{\"b\": 1}'::json", "'{\"c\": 1}'::json"],
     '{"a": 1}', '{"c": 1}'),
]
NESTED = [
    ("li", "list<int>", "[1, 2]"),
    ("st", "struct<a: int, b: struct<c: string>>", "{'a': 7, 'b': {'c': 'x'}}"),
    ("mp", "map<string, double>", "map {'k': 1.5::double}"),
    ("deep", "list<struct<p: map<string, list<int>>, q: json>>",
     "[{'p': map {'k': [1]}, 'q': '{}'::json}]"),
]


def row(nth):
    duckdb = {"long": "bigint", "binary": "blob"}
    values = [f"({sql[nth]})::{duckdb.get(kind, kind)} AS {name}"
              for name, kind, sql, _, _ in COLUMNS]
    values += [f"{sql} AS {name}" for name, _, sql in NESTED]
    return f"SELECT {nth} AS id, " + ", ".join(values)


@pytest.fixture(scope="module")
def made(shared):
    """One file for each row, so that a filter that prunes wrongly loses it."""
    fields = ["id int required"] + [f"{c[0]} {c[1]}" for c in COLUMNS + NESTED]
    selects = [row(nth).replace(f"{nth} AS id", f"{nth}::int AS id") for nth in range(3)]
    columns = ", ".join(f"CASE WHEN false THEN {c[0]} END AS {c[0]}" for c in COLUMNS + NESTED)
    selects.append(f"SELECT 3::int AS id, {columns} FROM ({selects[0]})")
    return shared.one(table="kinds.every", operation="append", fields=fields, select=selects)


@pytest.fixture(scope="module")
def table(shared, made):
    return shared.open(made)


def test_types(table):
    types = {f.name: str(f.field_type) for f in table.schema().fields}
    for name, kind, *_ in COLUMNS:
        expected = {"json": "string"}.get(kind, kind).replace("decimal(9,2)", "decimal(9, 2)")
        assert types[name] == expected.replace("decimal(38,6)", "decimal(38, 6)")
    assert table.properties["weft.json.fields"].split(",")[0] == \
        str(table.schema().find_field("j").field_id)


def test_all_rows(table):
    rows = table.scan().to_arrow().to_pylist()
    assert sorted(r["id"] for r in rows) == [0, 1, 2, 3]
    first = next(r for r in rows if r["id"] == 0)
    assert first["st"] == {"a": 7, "b": {"c": "x"}}
    assert first["li"] == [1, 2]
    assert first["mp"] == [("k", 1.5)]
    assert first["deep"] == [{"p": [("k", [1])], "q": "{}"}]
    for name, _, _, lowest, _ in COLUMNS:
        if lowest is not None and name != "u":
            assert first[name] == lowest, name


def found(table, condition):
    return {r["id"] for r in table.scan(row_filter=condition).to_arrow().to_pylist()}


def literal(value):
    if isinstance(value, (dt.date, dt.datetime, dt.time)):
        return value.isoformat()
    return value


@pytest.mark.parametrize("column", COLUMNS, ids=[c[0] for c in COLUMNS])
def test_extreme_rows_are_found(table, column):
    name, kind, _, lowest, highest = column
    if lowest is None:
        assert 0 in found(table, LessThan(name, 0.0))
        assert 2 in found(table, GreaterThanOrEqual(name, 16777216.0))
        assert 1 in found(table, And(GreaterThanOrEqual(name, 0.0999), LessThan(name, 0.1001)))
        return
    assert 0 in found(table, EqualTo(name, literal(lowest)))
    assert (1 if name == "s" else 2) in found(table, EqualTo(name, literal(highest)))
    if kind != "boolean":
        assert 0 in found(table, LessThanOrEqual(name, literal(lowest)))
        assert 2 in found(table, GreaterThanOrEqual(
            name, literal(highest) if name != "s" else "b" + "\u00e9" * 16))


def test_zero_and_prefixes(table):
    assert 1 in found(table, EqualTo("d", 0.0))
    assert {1, 2} <= found(table, StartsWith("s", "b" + "\u00e9" * 16))
    assert 2 in found(table, StartsWith("top", "\U0010ffff" * 18))


def test_nulls(table):
    for name, *_ in COLUMNS:
        assert found(table, IsNull(name)) == {3}, name
        assert found(table, NotNull(name)) == {0, 1, 2}, name


def test_struct_fields_prune(table):
    assert found(table, EqualTo("st.a", 7)) == {0, 1, 2}
    assert found(table, EqualTo("st.a", 8)) == set()


def files_of(table):
    io = table.io
    return [entry for manifest in table.current_snapshot().manifests(io)
            for entry in manifest.fetch_manifest_entry(io, discard_deleted=False)]


def test_filters_really_prune(table):
    """Else the tests above would pass with no bounds at all."""
    assert len(list(table.scan(row_filter=EqualTo("l", 5)).plan_files())) == 1
    assert len(list(table.scan(row_filter=StartsWith("s", "b")).plan_files())) == 2
    assert len(list(table.scan(row_filter=LessThan("dt", "1000-01-01")).plan_files())) == 1
    assert len(list(table.scan(row_filter=IsNull("j")).plan_files())) == 1
    equal = EqualTo("d38", decimal.Decimal("128.000000"))
    assert len(list(table.scan(row_filter=equal).plan_files())) == 1


def test_statistics(table):
    schema = table.schema()
    inside = {schema.find_field(n).field_id for n in
              ("li.element", "mp.key", "mp.value", "deep.element")}
    for entry in files_of(table):
        file = entry.data_file
        assert entry.status == ManifestEntryStatus.ADDED
        assert file.record_count == 1
        assert file.nan_value_counts is None, "not known: left out, not guessed"
        assert not inside & set(file.lower_bounds or {})
        for field in schema.fields:
            if not field.field_type.is_primitive:
                continue
            assert file.value_counts[field.field_id] == 1
            assert file.null_value_counts[field.field_id] in (0, 1)
    last = [e.data_file for e in files_of(table)][3]
    assert set(last.lower_bounds) == {schema.find_field("id").field_id}
