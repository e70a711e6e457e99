"""A table over time, as PyIceberg sees it: snapshots, time travel, evolution, overwrite, rollback,
merged manifests, the catalogue."""
import json
import os
import shutil
import subprocess
import time

import pytest
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import EqualTo
from pyiceberg.manifest import ManifestEntryStatus

T = "county_health.daily_reports"
FIELDS = ["a long required", "b string"]


def rows(table, **scan):
    return sorted(table.scan(**scan).to_arrow().to_pylist(), key=lambda r: r["a"])


def numbers(table, **scan):
    return [r["a"] for r in rows(table, **scan)]


def select(*values):
    listed = ", ".join(f"({v}::bigint, 'r{v}')" for v in values)
    return f"SELECT * FROM (VALUES {listed}) t(a, b)"


def step(operation, *values, **more):
    return {"table": T, "operation": operation, "fields": FIELDS,
            "select": [select(*values)] if values else [], **more}


def entries(table):
    return [e for m in table.current_snapshot().manifests(table.io)
            for e in m.fetch_manifest_entry(table.io, discard_deleted=False)]


def test_append_and_time_travel(lake):
    one, two, three = lake.run(step("append", 1, 2), step("append", 3), step("append"))
    table = lake.open(three)
    assert numbers(table) == [1, 2, 3]
    assert numbers(table, snapshot_id=int(one["snapshot_id"])) == [1, 2]
    assert [int(a["snapshot_id"]) for a in (one, two, three)] == \
        [s.snapshot_id for s in table.snapshots()]
    assert [s.sequence_number for s in table.snapshots()] == [1, 2, 3]
    assert [e.snapshot_id for e in table.history()] == [s.snapshot_id for s in table.snapshots()]
    assert table.snapshots()[0].parent_snapshot_id is None
    assert table.snapshots()[2].parent_snapshot_id == int(two["snapshot_id"])
    assert three["records"] == 3 and three["files"] == 2
    at = table.snapshots()[1].timestamp_ms
    assert table.snapshot_as_of_timestamp(at).snapshot_id == int(two["snapshot_id"])
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 2


def test_an_empty_table(lake):
    (made,) = lake.run(step("schema"))
    table = lake.open(made)
    assert table.current_snapshot() is None
    assert numbers(table) == []
    (made,) = lake.run(step("overwrite"))
    assert numbers(lake.open(made)) == []
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 0


def test_what_the_metadata_must_hold(lake):
    one, two = lake.run(step("append", 1, sort=["a", "-b"]), step("append", 2))
    first = lake.metadata(one)
    metadata = lake.metadata(two)
    assert metadata["format-version"] == 2
    assert metadata["last-partition-id"] == 999
    assert metadata["partition-specs"] == [{"spec-id": 0, "fields": []}]
    assert metadata["sort-orders"][0] == {"order-id": 0, "fields": []}
    assert first["default-sort-order-id"] == 1 and metadata["default-sort-order-id"] == 0
    assert [f["direction"] for f in metadata["sort-orders"][1]["fields"]] == ["asc", "desc"]
    assert "parent-snapshot-id" not in metadata["snapshots"][0]
    assert metadata["refs"]["main"]["snapshot-id"] == metadata["current-snapshot-id"]
    assert metadata["location"] == f"file://{lake.home}/lake/county_health/daily_reports"
    for snapshot in metadata["snapshots"]:
        assert snapshot["schema-id"] == 0
        assert all(isinstance(v, str) for v in snapshot["summary"].values())
        for key in ("total-records", "total-files-size", "total-data-files", "total-delete-files",
                    "total-position-deletes", "total-equality-deletes"):
            int(snapshot["summary"][key])
    assert int(metadata["snapshots"][1]["summary"]["total-files-size"]) == two["bytes"] == \
        sum(p.stat().st_size for p in lake.home.glob("lake/*/*/data/*"))
    assert metadata["last-updated-ms"] >= metadata["snapshots"][-1]["timestamp-ms"]
    assert not list(lake.home.glob("lake/*/*/metadata/v*.metadata.json"))
    table = lake.open(two)
    assert [e.data_file.sort_order_id for e in entries(table)] == [1, 0]
    for manifest in table.current_snapshot().manifests(table.io):
        assert manifest.manifest_length == \
            os.path.getsize(manifest.manifest_path.removeprefix("file://"))
        assert manifest.partitions == []
    for entry in entries(table):
        assert entry.data_file.file_size_in_bytes == \
            os.path.getsize(entry.data_file.file_path.removeprefix("file://"))


def avro_head(path):
    """The metadata of an Avro file, and the keys that stand in it."""
    import io
    import struct  # noqa: F401
    data = io.BytesIO(path.read_bytes())
    assert data.read(4) == b"Obj\x01"

    def number():
        shift = value = 0
        while True:
            byte = data.read(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return (value >> 1) ^ -(value & 1)

    found = {}
    while (count := number()) != 0:
        if count < 0:
            number()
        for _ in range(abs(count)):
            key = data.read(number()).decode()
            found[key] = data.read(number())
    return found


def walk(schema):
    if isinstance(schema, list):
        for part in schema:
            yield from walk(part)
    elif isinstance(schema, dict):
        yield schema
        for part in (schema.get("fields", []), schema.get("items", []), schema.get("type", [])):
            if not isinstance(part, str):
                yield from walk(part)


def test_what_the_avro_must_hold(lake):
    lake.run(step("append", 1), step("overwrite", 2))
    files = list(lake.home.glob("lake/*/*/metadata/*.avro"))
    assert len(files) == 5
    for path in files:
        head = avro_head(path)
        assert head["avro.codec"] == b"null"
        schema = json.loads(head["avro.schema"])
        parts = list(walk(schema))
        names = [p["name"] for p in parts if p.get("type") == "record"]
        assert len(names) == len(set(names))
        for part in parts:
            for field in part.get("fields", []):
                assert isinstance(field["field-id"], int)
                if isinstance(field["type"], list):
                    assert field["type"][0] == "null" and field["default"] is None
            if part.get("type") == "array":
                assert "element-id" in part or part["logicalType"] == "map"
        if path.name.startswith("snap-"):
            assert {"snapshot-id", "parent-snapshot-id", "sequence-number"} <= set(head)
        else:
            assert {"schema", "partition-spec", "partition-spec-id", "content"} <= set(head)
            assert any(p.get("name") == "r102" and p["fields"] == [] for p in parts)


def test_overwrite(lake):
    one, two = lake.run(step("append", 1, 2), step("append", 3))
    (three,) = lake.run(step("overwrite", 7, 8))
    table = lake.open(three)
    assert numbers(table) == [7, 8]
    assert numbers(table, snapshot_id=int(two["snapshot_id"])) == [1, 2, 3]
    snapshot = table.current_snapshot()
    assert snapshot.summary["deleted-records"] == "3"
    assert snapshot.summary["deleted-data-files"] == "2"
    assert snapshot.summary.operation.value == "overwrite"
    deleted = [e for e in entries(table) if e.status == ManifestEntryStatus.DELETED]
    assert sorted(e.sequence_number for e in deleted) == [1, 2]
    assert sorted(e.file_sequence_number for e in deleted) == [1, 2]
    assert {e.snapshot_id for e in deleted} == {snapshot.snapshot_id}
    (four,) = lake.run(step("overwrite", 9))
    table = lake.open(four)
    assert numbers(table) == [9]
    assert {e.sequence_number for e in entries(table)
            if e.status == ManifestEntryStatus.DELETED} == {3}
    (five,) = lake.run(step("overwrite"))
    assert lake.open(five).current_snapshot().summary.operation.value == "delete"
    assert numbers(lake.open(five)) == []


def test_rollback(lake):
    one, two, three = lake.run(step("append", 1), step("append", 2), step("overwrite", 3))
    (back,) = lake.run({"table": T, "operation": "rollback", "snapshot_id": two["snapshot_id"]})
    table = lake.open(back)
    assert numbers(table) == [1, 2]
    assert back["records"] == 2 and back["files"] == 2 and back["bytes"] == two["bytes"]
    assert table.current_snapshot().parent_snapshot_id == int(three["snapshot_id"])
    assert len(table.snapshots()) == 4
    assert table.current_snapshot().summary["deleted-records"] == "1"
    (after,) = lake.run(step("append", 4))
    assert numbers(lake.open(after)) == [1, 2, 4]
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 3
    (again,) = lake.run({"table": T, "operation": "rollback", "snapshot_id": three["snapshot_id"]})
    assert numbers(lake.open(again)) == [3]
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 1


def test_evolution(lake):
    lake.run({"table": T, "operation": "append",
              "fields": ["a int required", "b string", "gone double", "d decimal(5,2)",
                         "s struct<x: int>"],
              "select": ["SELECT 1::int a, 'x' b, 1.5::double gone, 1.25::decimal(5,2) d, "
                         "{'x': 1} s"]})
    (made,) = lake.run({
        "table": T, "operation": "append",
        "fields": ["fresh date required", "a long required", "name string was b",
                   "d decimal(10,2)", "s struct<x: long, y: string>", "b int"],
        "select": ["SELECT date '2020-01-01' fresh, 5000000000::bigint a, 'y' AS name, "
                   "12345678.25::decimal(10,2) d, "
                   "{'x': 5000000000::bigint, 'y': 'z'} s, 4::int b"]})
    table = lake.open(made)
    old, new = rows(table)
    assert old == {"fresh": None, "a": 1, "name": "x", "d": old["d"], "s": {"x": 1, "y": None},
                   "b": None}
    assert str(old["d"]) == "1.25" and str(new["d"]) == "12345678.25"
    assert new["name"] == "y" and new["b"] == 4 and new["s"] == {"x": 5000000000, "y": "z"}
    assert not table.schema().find_field("fresh").required
    assert [r["a"] for r in rows(table, row_filter=EqualTo("a", 1))] == [1]
    assert [r["a"] for r in rows(table, row_filter=EqualTo("name", "x"))] == [1]
    assert [r["a"] for r in rows(table, row_filter="d > 2")] == [5000000000]
    first = table.snapshots()[0]
    before = table.scan(snapshot_id=first.snapshot_id).to_arrow().to_pylist()
    assert before[0]["gone"] == 1.5 and before[0]["b"] == "x"
    metadata = lake.metadata(made)
    assert [s["schema-id"] for s in metadata["schemas"]] == [0, 1]
    assert [s["schema-id"] for s in metadata["snapshots"]] == [0, 1]
    # A dropped column that comes back is another column.
    (third,) = lake.run({"table": T, "operation": "append",
                         "fields": ["a long", "gone double"],
                         "select": ["SELECT 3::bigint a, 9.5::double gone"]})
    table = lake.open(third)
    assert [r["gone"] for r in rows(table)] == [None, 9.5, None]
    assert table.schema().find_field("gone").field_id > 9
    # A schema of before keeps its number.
    (fourth,) = lake.run({"table": T, "operation": "schema", "fields": ["a long"]},)
    assert lake.metadata(fourth)["current-schema-id"] == 3
    assert len(lake.open(fourth).snapshots()) == 3


def test_merged_manifests(lake):
    made = lake.run(*[step("append", n) for n in range(105)])
    table = lake.open(made[-1])
    manifests = table.current_snapshot().manifests(table.io)
    assert len(manifests) < 10
    assert numbers(table) == list(range(105))
    existing = [e for e in entries(table) if e.status == ManifestEntryStatus.EXISTING]
    assert sorted(e.sequence_number for e in existing) == list(range(1, len(existing) + 1))
    assert manifests[0].min_sequence_number == 1
    assert numbers(table, snapshot_id=int(made[50]["snapshot_id"])) == list(range(51))
    assert numbers(table, row_filter=EqualTo("a", 3)) == [3]
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 105


def test_old_metadata_files(lake):
    made = lake.run(*[step("append", n, kept=3) for n in range(6)])
    assert [len(m["old"]) for m in made] == [0, 0, 0, 0, 1, 1]
    assert made[5]["old"] == [made[1]["metadata"]]
    log = lake.metadata(made[5])["metadata-log"]
    assert [e["metadata-file"].rsplit("/", 1)[1] for e in log] == \
        [m["metadata"].rsplit("/", 1)[1] for m in made[2:5]]


def test_catalogue(lake):
    lake.run(step("append", 1), {**step("append", 5), "space": "quarantine"},
             {**step("append", 2), "table": "reference.counties"},
             {**step("append", 3), "table": "reference.counties__v1"})
    catalog = lake.catalog()
    assert sorted(catalog.list_namespaces()) == [("county_health",), ("reference",)]
    assert catalog.list_tables("county_health") == [("county_health", "daily_reports")]
    assert sorted(t[1] for t in catalog.list_tables("reference")) == ["counties", "counties__v1"]
    assert numbers(catalog.load_table(T)) == [1]
    lake.run(step("append", 9))
    assert numbers(catalog.load_table(T)) == [1, 9]
    lake.run({"table": "reference.counties", "operation": "drop"})
    with pytest.raises(NoSuchTableError):
        catalog.load_table("reference.counties")
    with pytest.raises(Exception):
        catalog.drop_table(T)
    assert numbers(catalog.load_table(T)) == [1, 9]


def test_an_uncommitted_state_is_not_seen(lake):
    lake.run(step("append", 1))
    lake.run(step("append", 2, pointer=False))
    assert numbers(lake.catalog().load_table(T)) == [1]
    lake.run(step("append", 3))
    assert numbers(lake.catalog().load_table(T)) == [1, 3]


@pytest.mark.parametrize("point", ["lake.manifest", "lake.manifest_list", "lake.metadata"])
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_run_that_ends_at_a_point(lake, point, how):
    lake.run(step("append", 1))
    lake.run(step("overwrite", 2), status=None, env={"WEFT_FAULT": f"{how}:{point}"})
    assert numbers(lake.catalog().load_table(T)) == [1]
    lake.run(step("overwrite", 3))
    assert numbers(lake.catalog().load_table(T)) == [3]


@pytest.mark.parametrize("nth", range(1, 30))
def test_a_sync_or_rename_that_fails(lake, nth):
    lake.run(step("append", 1))
    for operation in ("sync", "rename", "write"):
        lake.run(step("append", 2, pointer=True), status=None,
                 env={"WEFT_FAULT": f"{operation}:{nth}:ENOSPC"})
        seen = numbers(lake.catalog().load_table(T))
        assert seen == sorted(seen) and seen[0] == 1
    lake.run(step("append", 3))
    assert numbers(lake.catalog().load_table(T)) == [*seen, 3]


def test_moved_home(lake, tmp_path):
    (made,) = lake.run(step("append", 1), step("append", 2), step("overwrite", 3))[-1:]
    old = lake.home
    lake.home = tmp_path / "moved"
    shutil.move(old, lake.home)
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 1
    with pytest.raises(Exception):
        numbers(lake.open(made))
    (after,) = lake.run({"table": T, "operation": "rebase", "old_home": str(old)})
    table = lake.open(after)
    assert numbers(table) == [3]
    assert [numbers(table, snapshot_id=s.snapshot_id) for s in table.snapshots()] == \
        [[1], [1, 2], [3]]
    for path in lake.home.glob(f"lake/*/*/metadata/{after['metadata'].split('-', 1)[1]}"):
        assert str(old) not in path.read_text()
    (more,) = lake.run(step("append", 4))
    assert numbers(lake.open(more)) == [3, 4]
    assert numbers(lake.catalog().load_table(T)) == [3, 4]


def test_a_damaged_table_is_named(lake):
    (made,) = lake.run(step("append", 1, 2))
    (data,) = lake.home.glob("lake/*/*/data/*.parquet")
    whole = data.read_bytes()
    data.write_bytes(whole + b"x")
    lake.run({"table": T, "operation": "load"}, status=-6)
    assert "corrupt" in lake.stderr and "bytes" in lake.stderr
    data.write_bytes(whole)
    (snapshot,) = lake.home.glob("lake/*/*/metadata/snap-*.avro")
    text = snapshot.read_bytes()
    head = text.index(text[-16:]) + 16
    snapshot.write_bytes(text[:head])
    lake.run({"table": T, "operation": "load"}, status=-6)
    assert "corrupt" in lake.stderr and "total-data-files" in lake.stderr
    snapshot.write_bytes(text)
    assert lake.run({"table": T, "operation": "load"})[0]["files"] == 1


def test_tables_of_another_writer(lake):
    """weft reads manifests that PyIceberg wrote (another codec, other extra fields)."""
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    (made,) = lake.run(step("append", 1))
    other = SqlCatalog("other", uri="sqlite:///:memory:", warehouse=f"file://{lake.home}/lake")
    other.create_namespace("county_health")
    table = other.register_table(T, f"file://{lake.home}/{made['metadata']}")
    table.append(pa.table({"a": pa.array([5], pa.int64()), "b": ["x"]},
                          schema=table.schema().as_arrow()))
    table.overwrite(pa.table({"a": pa.array([6, 7], pa.int64()), "b": ["x", "y"]},
                             schema=table.schema().as_arrow()))
    location = table.metadata_location.removeprefix(f"file://{lake.home}/")
    done = lake.run({"table": T, "operation": "load", "metadata": location})[0]
    assert done["files"] == 1
    done = lake.run({"table": T, "operation": "append", "select": [select(8)], "pointer": False,
                     "metadata": location})[0]
    assert numbers(lake.open(done)) == [6, 7, 8]
