"""What lies beside the rows: files for their owner alone that go with their process, no cores, and
texts (errors, plans, statistics) in which nothing of what is hidden stands. The classes and their
tests are listed in docs/guide/what-cannot-leak.md; those of SQL: src/resolver/secure_*_test.c."""
import os
import pathlib
import resource
import signal
import stat
import subprocess
import time

import pytest

from mesh_support import BIN, CLEAN, Mesh
from patience import PATIENCE

HEAD = "id,name,email,state,age\n"
SEEN = "1,Ann Lee,ann@x.org,California,31\n3,Cy Oz,cy@z.org,California,78\n"
HIDDEN = "2,Bo Roy,bo@y.org,Zqaland,194750283\n4,Dee Poe,dee@y.org,Zqaland,194750286\n"
# Of the hidden rows, behind masks, of the policy and of where files lie.
SECRETS = ("Bo Roy", "bo@y.org", "Dee Poe", "194750283", "194750286", "Zqaland", "Ann Lee",
           "ann@x.org", ".parquet", "/lake/", "read_parquet", "weft_mask", "__r_")
PRODUCT = """input: ../../../in/patients.csv
schema:
  - {name: id, type: long, required: true}
  - {name: name, classification: pii.name}
  - {name: email, classification: pii.email}
  - {name: state}
  - {name: age, type: int}
key: id
"""
POLICIES = """kind: grant
name: researchers_read
to: [user:alice]
read: [hospital.patients]
---
kind: restrict
name: identifiers
on: ["classification:pii.*"]
treat: mask
---
kind: restrict
name: no_zqaland
on: [hospital.patients]
rows: state <> 'Zqaland'
"""
# It needs far more than the memory it gets.
LARGE = "select i, hash(i) as h, repeat('x', 200) || i as t from range(6000000) r(i) order by h, t"


def mesh_make(folder, hidden):
    mesh = Mesh(folder / "m")
    mesh.write("in/patients.csv", HEAD + SEEN + (HIDDEN if hidden else ""))
    mesh.product(PRODUCT, name="patients", domain="hospital")
    mesh.write("policies/all.yaml", POLICIES)
    mesh.apply()
    mesh("user", "add", "alice")
    return mesh


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    return [mesh_make(tmp_path_factory.mktemp(f"w{hidden}"), hidden) for hidden in (1, 0)]


@pytest.fixture(scope="module")
def mesh(worlds):
    return worlds[0]


def answer(mesh, *words):
    done = mesh(*words, "--as", "user:alice", status=None)
    return done.returncode, done.stdout, done.stderr


# ---- texts

STATEMENTS = (
    "select * from hospital.patients order by id",
    "summarize hospital.patients",
    "describe hospital.patients",
    "select min(age), max(age), min(state), max(state), count(*) from hospital.patients",
    "explain select * from hospital.patients",
    "explain analyze select * from hospital.patients",
    "select stats(age) from hospital.patients",
    "select (case when age > 900 then name else '1' end)::int from hospital.patients",
    "select count(*) from hospital.patients where (case when state like 'Zq%' then 'x' else '1' "
    "end)::int = 1",
    "select 1 / 0 from hospital.patients where age > 900",
    "select name::int from hospital.patients",
    "select error(state) from hospital.patients",
    "select nme from hospital.patients",
    "select filename from hospital.patients",
    "select file_row_number, rowid from hospital.patients",
    "select * from hospital.patient",
    "select * from 'x.parquet'",
    "select * from hospital__quarantine.patients",
    "select * from read_text('/etc/passwd')",
    "select * from duckdb_settings()",
    "select current_setting('temp_directory')",
    "select current_query()",
    "pragma database_list",
    "select * from hospital.patients using sample 1 rows",
    "select $1 from hospital.patients",
    "select * from hospital.patients where id = 2",
    "copy hospital.patients to '/tmp/x.csv'",
    "attach 'x.db'",
    "select * from pragma_storage_info('patients')",
)


@pytest.mark.parametrize("sql", STATEMENTS)
@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_query_tells_nothing_of_what_is_hidden(worlds, sql, form):
    answers = [answer(world, "query", sql, "--format", form) for world in worlds]
    assert answers[0] == answers[1]
    text = answers[0][1] + answers[0][2].replace(sql, "")
    assert not [one for one in SECRETS if one in text and one not in sql]


@pytest.mark.parametrize("words", [
    ("can", "user:alice", "read", "hospital.patients"),
    ("query", "select table_name, sql from mesh.products"),
    ("ls",), ("show", "hospital.patients"), ("lineage", "hospital.patients"), ("status",),
    ("query", "select * from mesh.columns"), ("query", "select * from mesh.checks"),
    ("query", "select * from mesh.policies"), ("query", "select * from mesh.files"),
    ("query", "select * from mesh.snapshots"), ("query", "select * from mesh.runs"),
])
def test_what_is_told_of_a_product_holds_no_value(mesh, words):
    _, out, err = answer(mesh, *words)
    assert not [one for one in SECRETS if one in out + err and one != "Zqaland"], out + err


def test_a_file_that_is_gone_or_damaged_is_not_named(tmp_path):
    mesh = mesh_make(tmp_path, True)
    files = [path for path in (mesh.folder / ".weft").rglob("*.parquet")
             if "quarantine" not in path.parts]
    assert files
    keep = {path: path.read_bytes() for path in files}
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(b"x"),
                   lambda path: path.write_bytes(keep[path][:len(keep[path]) // 2]),
                   lambda path: path.write_bytes(keep[path][:40] + b"\xff" * 60
                                                 + keep[path][100:])):
        for path in files:
            damage(path)
        status, out, err = answer(mesh, "query", "select * from hospital.patients order by id")
        told = out + err
        assert status != 0
        assert not [one for one in SECRETS if one in told], told
        assert str(mesh.folder) not in told and files[0].stem not in told
        for path in files:
            path.write_bytes(keep[path])


# ---- groups by several columns

CELLS = """patient,doctor,ward
1,10,a
2,11,a
3,12,a
4,13,b
5,13,b
6,13,b
7,14,c
7,15,c
"""


def test_each_min_group_holds(tmp_path):
    """Ward b has patients enough, of one doctor; ward c doctors enough, of one patient."""
    mesh = Mesh(tmp_path / "m")
    mesh.write("in/cells.csv", CELLS)
    mesh.product("input: ../../../in/cells.csv\nschema: [{name: patient, type: long}, "
                 "{name: doctor, type: long}, {name: ward}]\n", name="cells", domain="hospital")
    count = "select ward, count(*) as n from hospital.cells group by ward"
    mesh.product(f"sql: {count}\nschema: [{{name: ward}}, {{name: n, type: long}}]\n",
                 name="wards", domain="lab")
    mesh.write("policies/all.yaml", """kind: grant
name: read
to: [user:alice, domain:lab]
read: [hospital.cells]
---
{kind: restrict, name: by_patient, on: [hospital.cells], min_group: {size: 2, by: patient}}
---
{kind: restrict, name: by_doctor, on: [hospital.cells], min_group: {size: 2, by: doctor}}
""")
    mesh.apply()
    mesh("user", "add", "alice")
    alice = ("--as", "user:alice")
    assert mesh.sql(count, *alice) == [("a", 3)]
    assert mesh.sql("select * from lab.wards") == [("a", 3)]
    assert "single rows" in mesh("query", "select ward from hospital.cells", *alice,
                                 status=None).stderr
    told = mesh("can", "user:alice", "read", "hospital.cells").stdout
    assert "by_patient" in told and "by_doctor" in told


# ---- files

def test_files_are_their_owners(tmp_path):
    """Whatever the umask: nothing in the home, and nothing below it, is anybody else's."""
    before = os.umask(0)
    try:
        mesh = mesh_make(tmp_path, True)
        answer(mesh, "query", "select * from hospital.patients")
        answer(mesh, "query", "select * from hospital.nothing")
        mesh("request", "hospital.patients", "--because", "a study", "--purpose", "p", "--as",
             "user:alice", status=None)
        mesh("ledger", "verify")
    finally:
        os.umask(before)
    home = mesh.folder / ".weft"
    loose = [(oct(path.lstat().st_mode), path) for path in home.rglob("*")
             if not path.is_symlink() and path.name not in (".gitignore",)
             and stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert not loose
    subprocess.run([BIN, "init", "fresh"], cwd=tmp_path, env=CLEAN, check=True,
                   capture_output=True)
    assert ".weft/" in (tmp_path / "fresh" / ".gitignore").read_text()


def start(mesh, *words, env=None, **more):
    return subprocess.Popen([BIN, *words], cwd=mesh.folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**CLEAN, **(env or {})}, **more)


def wait_for(condition, process, said=None):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, said
        time.sleep(0.01)


def spilled(base):
    return [path for path in pathlib.Path(base).glob("weft-query-*/*") if path.stat().st_size > 0]


@pytest.mark.parametrize("place", ["home", "setting"])
def test_what_a_query_spills(mesh, tmp_path, place):
    """In a folder for the owner alone, of this process; gone at its end, however that comes."""
    base = next((mesh.folder / ".weft").rglob("tmp"))
    env = {"WEFT_MEMORY": "200MB", "WEFT_THREADS": "1"}
    if place == "setting":
        base = tmp_path / "spill"
        base.mkdir(mode=0o755)
        env["WEFT_TEMP_DIR"] = str(base)
    words = ("query", LARGE, "--format", "csv", "-o", str(tmp_path / "out.csv"))
    process = start(mesh, *words, env=env)
    try:
        wait_for(lambda: spilled(base), process, "nothing was spilled")
        folder = spilled(base)[0].parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.getuid()
        process.kill()
        process.communicate()
        assert spilled(base)  # nobody was left to remove it
        other = start(mesh, *words, env=env)
        wait_for(lambda: [path for path in spilled(base) if path.parent != folder], other)
        assert not folder.exists()  # the next one did
        mine = [path for path in spilled(base)][0].parent
        mesh("query", "select 1", env=env)
        assert mine.exists()  # not that of one who lives
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=PATIENCE)
        assert not list(pathlib.Path(base).glob("weft-query-*"))
    finally:
        for one in (process, *([other] if "other" in locals() else [])):
            one.kill()
            one.communicate()
    mesh("query", "select 1", env=env)
    mesh("query", "select 1 / 'x'", env=env, status=1)
    mesh("query", "select * from hospital.patients", "-o", str(tmp_path / "all.parquet"), env=env)
    assert not list(pathlib.Path(base).glob("*query*"))


def test_folders_of_others_are_left_alone(mesh, tmp_path):
    """What only looks like a folder of a dead query is not touched: a link, and what is behind."""
    base, kept = tmp_path / "spill", tmp_path / "kept"
    base.mkdir()
    kept.mkdir()
    (kept / "file").write_text("x")
    (base / "weft-query-999999-1-a").symlink_to(kept)
    (base / "weft-query-notes").mkdir()
    mesh("query", "select 1", env={"WEFT_TEMP_DIR": str(base)})
    assert (kept / "file").exists() and (base / "weft-query-notes").exists()


# ---- processes

def core_limit(pid):
    line = [line for line in (pathlib.Path("/proc") / str(pid) / "limits").read_text().splitlines()
            if line.startswith("Max core file size")][0]
    return line.split()[4:6]


def cores_on():
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def test_no_core_of_a_query(mesh, tmp_path):
    process = start(mesh, "query", LARGE, "--format", "csv", "-o", str(tmp_path / "out.csv"),
                    preexec_fn=cores_on)
    try:
        wait_for(lambda: core_limit(process.pid) == ["0", "0"], process)
        process.send_signal(signal.SIGSEGV)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert not list(mesh.folder.glob("core*"))


def test_no_core_of_a_worker(tmp_path):
    """It holds rows as they came, also where no secret was needed to get them."""
    mesh = Mesh(tmp_path / "m")
    mesh.product("sql: select count(*) as n from range(40000000000) r(i) where hash(i) = 1\n"
                 "schema: [{name: n, type: long}]\n", name="slow")
    process = start(mesh, "apply", "--yes", preexec_fn=cores_on)
    try:
        def workers():
            found = []
            for folder in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"worker" in words and str(process.pid).encode() in words:
                    found.append(int(folder.name))
            return found
        wait_for(workers, process)
        worker = workers()[0]
        wait_for(lambda: core_limit(worker) == ["0", "0"], process)
        os.kill(worker, signal.SIGSEGV)
        end = time.monotonic() + PATIENCE
        while worker in workers():
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()
    assert not [path for path in mesh.folder.rglob("core*") if path.is_file()]
