"""weft test against tests that somebody hostile proposes: what they may read, how long they may
take, what they may take along."""
import os

import pytest
from mesh_support import Mesh

SCHEMA = "schema:\n  - {name: id, type: long}\n  - {name: v, type: string}\n"
OUTSIDE = "id,v\n1,OUTSIDE\n"


@pytest.fixture
def mesh(tmp_path):
    (tmp_path / "outside.csv").write_text(OUTSIDE)
    return Mesh(tmp_path / "m")


def product(mesh, tests, sql=None):
    head = f'sql: "{sql}"\n' if sql else "input: {files: ../../../in/x*.csv, format: csv}\n"
    return mesh.product(head + SCHEMA + "tests:\n" + tests, "p", "d")


def said(mesh, status=3, **more):
    done = mesh("test", status=status, **more)
    assert not (mesh.folder / ".weft").exists()
    return done.stdout + done.stderr


GIVEN = '  - {name: a, given: {input: {file: "%s"}}, expect: []}\n'
EXPECT = '  - {name: a, given: {input: [{id: 1, v: x}]}, expect: {file: "%s"}}\n'


@pytest.mark.parametrize("test", [GIVEN, EXPECT], ids=["given", "expect"])
@pytest.mark.parametrize("path", ["{0}/outside.csv", "../../../../outside.csv", "link.csv",
                                  "folder/outside.csv", "/etc/passwd", "/dev/zero",
                                  "/proc/self/environ"])
def test_files_outside_the_checkout(mesh, tmp_path, test, path):
    product(mesh, test % path.format(tmp_path))
    beside = mesh.folder / "domains/d/p"
    (beside / "link.csv").symlink_to(tmp_path / "outside.csv")
    (beside / "folder").symlink_to(tmp_path)
    text = said(mesh)
    assert "the file lies outside the checkout" in text and "OUTSIDE" not in text
    assert "data_product.yaml:8:" in text and "root:" not in text


@pytest.mark.parametrize("test", [GIVEN, EXPECT], ids=["given", "expect"])
def test_a_link_inside_the_checkout_is_a_file(mesh, test):
    product(mesh, test % "link.csv")
    (mesh.folder / "rows.csv").write_text("id,v\n1,x\n")
    (mesh.folder / "domains/d/p/link.csv").symlink_to("../../../rows.csv")
    assert "outside" not in said(mesh, status=0 if test == EXPECT else 3)


@pytest.mark.parametrize("test", [GIVEN, EXPECT], ids=["given", "expect"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file(mesh, test, make):
    """A pipe without a writer would wait for ever."""
    product(mesh, test % "rows.csv")
    make(mesh.folder / "domains/d/p/rows.csv")
    text = said(mesh)
    assert "is no regular file" in text or "is not there" in text


@pytest.mark.parametrize("path", ["*.csv", "http://127.0.0.1:1/x.csv", "s3://b/x.csv"])
def test_a_pattern_or_a_url_is_no_file_of_a_test(mesh, path):
    product(mesh, GIVEN % path)
    assert "the file that is given is not there" in said(mesh)


@pytest.mark.parametrize("sql", [
    "select 1 as id, content as v from read_text('/etc/passwd')",
    "select 1 as id, v from read_csv('{0}/outside.csv')",
    "select 1 as id, v from '{0}/outside.csv'",
    "select 1 as id, v from read_parquet('**/*.parquet')",
    "select 1 as id, file as v from glob('/*')",
    "copy (select 1) to '{0}/made.csv'", "attach '{0}/made.csv'", "install httpfs", "load httpfs",
    "select 1 as id, getenv('HOME') as v", "select 1 as id, current_setting('temp_directory') as v",
    "select 1 as id, name as v from duckdb_secrets()", "set memory_limit = '1TB'",
    "select 1 as id, v from d__quarantine.p", "select product as v, 1 as id from mesh.products",
])
def test_sql_that_reaches_out(mesh, tmp_path, sql):
    product(mesh, "  - {name: a, expect: []}\n", sql=sql.format(tmp_path))
    before = sorted(tmp_path.iterdir())
    done = mesh("test", status=None)
    assert done.returncode in (1, 3), done.stdout
    assert "OUTSIDE" not in done.stdout + done.stderr and "root:x" not in done.stdout
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("sql", [
    "select i as id, 'x' as v from range(10000000000) t(i)",
    "with recursive r(id, v) as (select 1, 'x' union all select id + 1, v from r) select * from r",
])
def test_rows_without_end(mesh, sql):
    product(mesh, "  - {name: a, expect: []}\n", sql=sql)
    assert "a test compares at most 100000 rows" in said(mesh)


def test_a_file_of_more_rows_than_are_compared(mesh):
    product(mesh, EXPECT % "big.csv")
    mesh.write("domains/d/p/big.csv", "id,v\n" + "".join(f"{i},x\n" for i in range(110_000)))
    assert "0 passed, 1 failed" in said(mesh)
    mesh.write("domains/d/p/big.csv", b"id,v\n1," + b"x" * (17 << 20) + b"\n")
    assert "is larger than" in said(mesh)


LONG = "select count(*) as id, 'x' as v from range(1000000000) a(i), range(1000) b(j) where i*j%7=3"


def test_one_that_takes_too_long_is_stopped_and_the_next_one_runs(mesh):
    product(mesh, "  - {name: a, expect: []}\n", sql=LONG)
    mesh.product("sql: \"select 1 as id, 'x' as v\"\n" + SCHEMA +
                 "tests: [{name: b, expect: [{id: 1, v: x}]}]\n", "q", "d")
    text = said(mesh, env={"WEFT_TEST_TIMEOUT": "3s"})
    assert "it took longer than it may" in text and "`test_timeout` is 3 s" in text
    assert "ok      b" in text and "1 passed, 1 failed" in text


def test_one_that_kills_its_worker_and_the_next_one_runs(mesh):
    """The second pass of the point is the second test's: it dies, the third has a new worker."""
    product(mesh, "".join(f"  - {{name: t{i}, given: {{input: [{{id: {i}, v: x}}]}}, "
                          f"expect: [{{id: {i}, v: x}}]}}\n" for i in range(3)))
    text = said(mesh, env={"WEFT_FAULT": "kill:run.read:2", "WEFT_FAULT_IN": "worker"})
    assert "ok      t0" in text and "ok      t2" in text
    assert "failed  t1" in text and "the worker of d.p was killed" in text


def test_memory_is_bounded(mesh):
    product(mesh, "  - {name: a, expect: []}\n",
            sql="select 1 as id, string_agg(repeat('x', 1000), '') as v from range(10000000)")
    text = said(mesh, env={"WEFT_MEMORY": "200MB", "WEFT_TEST_TIMEOUT": "60s"})
    assert "0 passed, 1 failed" in text


@pytest.mark.parametrize("now,told", [
    ("0001-01-01", "0001-01-01 00:00:00+00"),
    ("1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999+00"),
    ("1970-01-01", "1970-01-01 00:00:00+00"),
    ("9999-12-31T23:59:59Z", "9999-12-31 23:59:59+00"),
])
def test_a_fixed_time_is_the_time(mesh, now, told):
    product(mesh, f'  - {{name: a, now: "{now}", expect: [{{id: 1, v: "{told}"}}]}}\n',
            sql="select 1 as id, cast(now() as varchar) as v")
    assert "1 passed" in said(mesh, status=0)


@pytest.mark.parametrize("now", ["99999-01-01", "-9999-01-01", "2020-13-45", "infinity", "now", "0",
                                 "1e400", "2020-01-01T00:00:00+99:99", "today"])
def test_what_is_no_time(mesh, now):
    product(mesh, f'  - {{name: a, now: "{now}", expect: []}}\n', sql="select 1 as id, 'x' as v")
    assert "is not a moment" in said(mesh, status=1)


def test_what_a_key_makes_few_are_many_rows_all_the_same(mesh):
    """Nothing is cut off without a word."""
    product(mesh, "  - {name: a, expect: [{id: 0, v: x}]}\nkey: [id]\n",
            sql="select i % 1 as id, 'x' as v from range(200000) t(i)")
    assert "a test compares at most 100000 rows" in said(mesh)
