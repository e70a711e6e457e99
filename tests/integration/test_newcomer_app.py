"""What people who are new to weft ran into: results in files, plans, words of errors."""
import json
import os
import pathlib
import stat
import subprocess
import threading

import pytest

BIN = os.environ["WEFT_BIN"]
CLEAN = {name: value for name, value in os.environ.items()
         if name not in ("WEFT_HOME", "WEFT_ENV", "COLUMNS")}


def weft(*arguments, cwd, status=0, env=None, **more):
    done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, env={**CLEAN, **(env or {})}, **more)
    if status is not None:
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


def product(folder, name, text, file="data_product.yaml"):
    path = folder / "domains" / "d" / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def mesh(tmp_path):
    (tmp_path / "weft.yaml").write_text("mesh: m\n")
    return tmp_path


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """d.p(id, v) with two rows; nobody changes it."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "weft.yaml").write_text("mesh: m\n")
    product(folder, "p", "version: 1.0.0\nschema:\n  - {name: id, type: int}\n"
                         "  - {name: v, type: string}\n")
    (folder / "p.csv").write_text("id,v\n1,a\n2,b\n")
    weft("apply", "--yes", cwd=folder)
    weft("load", "d.p", "p.csv", cwd=folder)
    return folder


# ---- query -o


def test_output_replaces_a_file_when_it_is_whole(loaded, tmp_path):
    target = tmp_path / "r.csv"
    target.write_text("old")
    target.chmod(0o640)
    weft("query", "select id, error('no') from d.p", "-o", target, cwd=loaded, status=None)
    assert target.read_text() == "old"
    weft("query", "select id, cast(v as int) from d.p", "-o", target, cwd=loaded, status=1)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["r.csv"]
    weft("query", "select id from d.p order by id", "-o", target, cwd=loaded)
    assert target.read_text() == "id\n1\n2\n" and os.listdir(tmp_path) == ["r.csv"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600)])
def test_output_has_the_usual_mode(loaded, tmp_path, mask, mode):
    weft("query", "select 1", "-o", tmp_path / "r.csv", cwd=loaded, umask=mask)
    assert stat.S_IMODE((tmp_path / "r.csv").stat().st_mode) == mode


def test_output_follows_links(loaded, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/r.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real/r.csv")
    (tmp_path / "new.csv").symlink_to("real/new.csv")
    for name in ("link.csv", "new.csv"):
        weft("query", "select 1 as a", "-o", name, "-C", tmp_path, "--home", loaded / ".weft/dev",
             cwd=tmp_path)
        assert (tmp_path / name).is_symlink() and (tmp_path / name).read_text() == "a\n1\n"
    assert sorted(os.listdir(tmp_path / "real")) == ["new.csv", "r.csv"]
    (tmp_path / "round.csv").symlink_to("round.csv")
    weft("query", "select 1", "-o", tmp_path / "round.csv", cwd=loaded, status=1)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_output_goes_through_what_is_no_file(loaded, tmp_path, ending):
    pipe = tmp_path / f"pipe.{ending}"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    weft("query", "select 1 as a", "-o", pipe, cwd=loaded)
    reader.join()
    assert got[0] == b"a\n1\n" if ending == "csv" else got[0][:4] == b"PAR1"
    assert stat.S_ISFIFO(pipe.stat().st_mode) and len(os.listdir(tmp_path)) == 1
    weft("query", "select 1", "-o", "/dev/null", cwd=loaded)
    done = weft("query", "select 1", "-o", "/dev/full", cwd=loaded, status=None)
    assert done.returncode != 0 and "/dev/full" in done.stderr
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert weft("query", "select 1 as a", "--format", "csv", "-o", "-", cwd=loaded).stdout == \
        "a\n1\n"


def test_output_refuses_a_folder(loaded, tmp_path):
    done = weft("query", "select 1", "-o", tmp_path, cwd=loaded, status=2)
    assert "is a folder" in done.stderr and os.listdir(tmp_path) == []
    done = weft("query", "select 1", "-o", tmp_path / "no/r.csv", cwd=loaded, status=1)
    assert "no/r.csv" in done.stderr and ".weft" not in done.stderr.replace(str(loaded), "")


@pytest.mark.parametrize("name, check", [
    ("r.csv", lambda b: b == b"id\n1\n2\n"),
    ("r.CSV", lambda b: b == b"id\n1\n2\n"),
    ("r.txt", lambda b: b == b"id\n1\n2\n"),
    ("r.json", lambda b: json.loads(b) == [{"id": 1}, {"id": 2}]),
    ("r.ndjson", lambda b: [json.loads(x) for x in b.splitlines()] == [{"id": 1}, {"id": 2}]),
    ("r.jsonl", lambda b: len(b.splitlines()) == 2),
    ("r.parquet", lambda b: b[:4] == b"PAR1" and b[-4:] == b"PAR1"),
])
def test_format_by_ending(loaded, tmp_path, name, check):
    weft("query", "select id from d.p order by id", "-o", tmp_path / name, cwd=loaded)
    assert check((tmp_path / name).read_bytes())


def test_format_that_cannot_be(loaded, tmp_path):
    done = weft("query", "select 1", "-o", tmp_path / "r.csv.gz", cwd=loaded, status=None)
    assert done.returncode != 0 and ".gz" in done.stderr and os.listdir(tmp_path) == []
    weft("query", "select 1 as a", "--format", "csv", "-o", tmp_path / "r.json", cwd=loaded)
    assert (tmp_path / "r.json").read_text() == "a\n1\n"


# ---- results


def test_names_that_come_twice(loaded, tmp_path):
    done = weft("query", "--json", 'select 1 a, 2 a, 3 "a_1", 4 a', cwd=loaded)
    assert json.loads(done.stdout) == [{"a": 1, "a_2": 2, "a_1": 3, "a_3": 4}]
    weft("query", "select 1 a, 2 a", "-o", tmp_path / "r.parquet", cwd=loaded)


def test_the_past(loaded):
    for sql, more in (("select * from d.p", ["--as-of", "2020-01-01"]),
                      ("select * from d.p at (timestamp => timestamp '2020-01-01')", [])):
        done = weft("query", sql, *more, cwd=loaded, status=None)
        assert done.returncode != 0 and "no snapshot at that time" in done.stderr, done.stderr
        assert "weft snapshots d.p" in done.stderr
    made = json.loads(weft("snapshots", "d.p", "--json", cwd=loaded).stdout)[0]["committed_at"]
    today = weft("query", "--json", "select count(*) as n from d.p", "--as-of", made[:10],
                 cwd=loaded)
    assert json.loads(today.stdout) == [{"n": 2}]
    rows = weft("query", "--json", "select * from d__quarantine.p", "--as-of", made[:10],
                cwd=loaded)
    assert json.loads(rows.stdout) == []
    for words in (["query", "select 1"], ["lineage", "d.p"]):
        for back in ("-1", "0"):
            done = weft(*words, "--as-of", back, cwd=loaded, status=2)
            assert f"`{back}`" in done.stderr and "weft snapshots" in done.stderr, done.stderr


# ---- plans


def schema(kind, version="1.0.0"):
    return f"version: {version}\nschema:\n  - {{name: id, type: int}}\n" \
           f"  - {{name: ok,\n     type: {kind}}}\n"


def test_a_change_that_the_table_cannot_follow_is_refused_at_plan(mesh):
    product(mesh, "p", schema("boolean"))
    (mesh / "p.csv").write_text("id,ok\n1,true\n")
    weft("apply", "--yes", cwd=mesh)
    product(mesh, "p", schema("string"))
    weft("apply", "--yes", cwd=mesh)  # there is no table yet
    product(mesh, "p", schema("boolean"))
    weft("apply", "--yes", cwd=mesh)
    weft("load", "d.p", "p.csv", cwd=mesh)
    product(mesh, "p", schema("string"))
    plan = weft("plan", cwd=mesh, status=1).stdout
    assert "refused: domains/d/p/data_product.yaml:4:5: " in plan, plan
    assert "the table has boolean" in plan and "version: 2.0.0" in plan
    done = weft("apply", "--yes", cwd=mesh, status=None)
    assert done.returncode != 0 and "data_product.yaml:4:5" in done.stderr
    item = json.loads(weft("plan", "--json", cwd=mesh, status=1).stdout)[0]
    assert (item["refused_line"], item["refused_column"]) == (4, 5)
    product(mesh, "p", schema("string", "2.0.0"))
    weft("apply", "--yes", cwd=mesh)


def test_what_does_not_act_yet_is_told_with_its_place(mesh):
    product(mesh, "p", "version: 1.0.0\ninput: a.parquet\nprotect: {id: hash}\n"
                       "schema:\n  - {name: id, type: int, min: 0}\n")
    plan = weft("plan", cwd=mesh, status=1).stdout
    assert "data_product.yaml:3:1: `protect`" in plan
    product(mesh, "p", "version: 1.0.0\nschema:\n  - {name: id, type: int}\n"
                       "protect: {id: hash}\n")
    assert "data_product.yaml:4:1: `protect`" in weft("plan", cwd=mesh, status=1).stdout


def test_majors_in_plan_and_drop(mesh):
    (mesh / "weft.yaml").write_text("mesh: m\nenvironments: {dev: {}, prod: {}}\n")
    (mesh / "p.csv").write_text("id,ok\n1,true\n")
    for env in ("dev", "prod"):
        (mesh / "domains").mkdir(exist_ok=True)
        product(mesh, "p", schema("boolean"))
        weft("apply", "--yes", "--env", env, cwd=mesh)
        weft("load", "d.p", "p.csv", "--env", env, cwd=mesh)
        product(mesh, "p", schema("boolean", "2.0.0"))
        plan = weft("plan", "--env", env, cwd=mesh).stdout
        assert "no file describes major 1 any more (domains/d/p/data_product.yaml does 2.0.0)" \
            in plan
        weft("apply", "--yes", "--env", env, cwd=mesh)
    product(mesh, "p", schema("boolean", "1.5.0"))
    plan = weft("plan", "--env", "prod", cwd=mesh, status=1).stdout
    assert "the version goes back from 2.0.0 to 1.5.0" in plan and "data_product.v1.yaml" in plan
    weft("apply", "--yes", "--env", "prod", cwd=mesh, status=1)
    product(mesh, "p", schema("boolean", "2.0.0"))
    product(mesh, "p", schema("boolean"), "data_product.v1.yaml")
    assert "refused" not in weft("plan", "--env", "prod", cwd=mesh).stdout
    done = weft("drop", "d.p", "--because", "x", "--yes", cwd=mesh, status=2)
    assert "2 majors" in done.stderr and "d.p@1 or d.p@2" in done.stderr
    done = weft("drop", "d.p@2", "--because", "x", "--yes", cwd=mesh)
    assert "d.p@2 (version 2.0.0) is dropped" in done.stdout
    done = weft("drop", "d.p", "--because", "x", "--yes", cwd=mesh)
    assert "d.p@1 (version 1.0.0) is dropped" in done.stdout


def test_a_version_does_not_go_back(mesh):
    (mesh / "weft.yaml").write_text("mesh: m\nenvironments: {prod: {}}\n")
    product(mesh, "p", schema("boolean", "1.2.0"))
    weft("apply", "--yes", "--env", "prod", cwd=mesh)
    product(mesh, "p", schema("boolean", "1.1.0"))
    plan = weft("plan", "--env", "prod", cwd=mesh, status=1).stdout
    assert "goes back from 1.2.0 to 1.1.0" in plan


# ---- homes


def test_no_home_yet(mesh):
    done = weft("ls", cwd=mesh, status=None)
    assert done.returncode != 0 and "there is no home" in done.stderr
    assert "weft apply" in done.stderr


def test_a_folder_that_is_no_home(mesh):
    (mesh / "weft.yaml").write_text("mesh: m\nenvironments: {dev: {home: /}}\n")
    done = weft("validate", cwd=mesh, status=1)
    assert "weft.yaml:2:" in done.stderr and "a folder of its own" in done.stderr
    for home in ("/", mesh):
        done = weft("ls", "--home", home, cwd=mesh, status=None)
        assert done.returncode != 0 and "chmod" not in done.stderr


# ---- errors of SQL


@pytest.mark.parametrize("sql, words", [
    ("select *\nfrom d.p where idd = 1", ["error: line 2, column 16: ", "idd"]),
    ("select id from d.p where", ["error: line 1", "syntax"]),
    ('select * from "d.p"', ["d.p without quotes"]),
    ("select * from mesh.nope", ["mesh.products", "mesh.runs"]),
    ("select $a, $b, $c", ["no value is given for $a, $b, $c", "-p a=VALUE"]),
])
def test_words_of_sql_errors(loaded, sql, words):
    done = weft("query", sql, cwd=loaded, status=None)
    assert done.returncode != 0
    for word in words:
        assert word in done.stderr, done.stderr


def test_parameters(loaded):
    def ask(*arguments, status=0):
        return weft("query", "--json", *arguments, cwd=loaded, status=status)
    sql = "select id from d.p where id >= $n and v <> $v order by id"
    assert json.loads(ask(sql, "-p", "n=2", "-p", "v=x").stdout) == [{"id": 2}]
    assert "no value is given for $v" in ask(sql, "-p", "n=2", status=2).stderr
    done = ask(sql, "-p", "n=2", "-p", "v=x", "-p", "w=1", status=2)
    assert "no parameter $w" in done.stderr and "$n, $v" in done.stderr
    assert "it has none" in ask("select 1", "-p", "a=1", status=2).stderr
    assert "$n::int" in ask("select $n + 1 as a", "-p", "n=1", status=None).stderr
    assert json.loads(ask("select $n::int + 1 as a", "-p", "n=1").stdout) == [{"a": 2}]
    assert json.loads(ask("select ? || 'x' as a", "-p", "1=1").stdout) == [{"a": "1x"}]


# ---- looking


def test_quarantine_tells_how_many_and_of_which_state(mesh):
    product(mesh, "p", "version: 1.0.0\nschema:\n  - {name: id, type: int, min: 100}\n"
                       "quality: {completeness: 0.5, freshness: 24h, rows: {min: 1}}\n")
    (mesh / "p.csv").write_text("id\n200\n" + "".join(f"{i}\n" for i in range(11)))
    weft("apply", "--yes", cwd=mesh)
    weft("load", "d.p", "p.csv", cwd=mesh, status=None)
    seen = weft("quarantine", "d.p", cwd=mesh).stdout
    assert "id.min: 11 rows" in seen and "... 8 more" in seen and "--replay" in seen
    for more in ([], ["--dismiss", "--because", "x"]):
        done = weft("quarantine", "d.p", "--rule", "nope", *more, cwd=mesh, status=None)
        assert done.returncode != 0 and "id.min" in done.stderr
    weft("quarantine", "d.p", "--rule", "id.min", "--dismiss", "--because", "x", cwd=mesh)
    assert "no rows set aside" in weft("quarantine", "d.p", cwd=mesh).stdout
    seen = weft("quarantine", "d.p", "--all", cwd=mesh).stdout
    assert "(dismissed)" in seen and "--replay" not in seen
    shown = weft("show", "d.p", cwd=mesh).stdout
    for words in ("every field: 50%", "looked at within 24 hours", "at least 1"):
        assert words in shown, shown


def test_doctor_sees_that_the_home_was_moved(mesh, tmp_path_factory):
    product(mesh, "p", "version: 1.0.0\nschema:\n  - {name: id, type: int}\n")
    (mesh / "p.csv").write_text("id\n1\n")
    weft("apply", "--yes", cwd=mesh)
    weft("load", "d.p", "p.csv", cwd=mesh)
    assert "1 table, 1 data file" in weft("doctor", cwd=mesh).stdout
    moved = tmp_path_factory.mktemp("moved") / "home"
    (mesh / ".weft/dev").rename(moved)
    done = weft("doctor", "--home", moved, cwd=mesh, status=None)
    assert done.returncode != 0 and "doctor --rebase" in done.stdout
    assert "1 table now names its files" in weft("doctor", "--rebase", "--home", moved,
                                                 cwd=mesh).stdout
    weft("doctor", "--home", moved, cwd=mesh)


# ---- mistakes that are easily made


def test_words_of_mistakes(mesh):
    (mesh / "file").write_text("")
    done = weft("init", "file", cwd=mesh, status=None)
    assert done.returncode != 0 and "is a file" in done.stderr and "tmp" not in \
        done.stderr.replace(str(mesh), "")
    assert "at least 16MB" in weft("ls", "--memory", "1", cwd=mesh, status=2).stderr
    product(mesh, "p", "version: 1.0.0\nschema: [{name: id, type: decimal(9,2)}]\n")
    assert '"decimal(9,2)"' in weft("validate", cwd=mesh, status=1).stderr


def test_words_that_choose_nothing(loaded):
    for command in ("ls", "status"):
        told = weft(command, "state:modified", cwd=loaded)
        assert "no product of the home is chosen by these words" in told.stdout + told.stderr


@pytest.mark.parametrize("statements, status", [("select nope;\n\\nope\nselect 1;\n", 1),
                                                ("\\nope\nselect nope;\nselect 1;\n", 2)])
def test_the_first_failure_gives_the_status(loaded, tmp_path, statements, status):
    (tmp_path / "q.sql").write_text(statements)
    done = weft("query", "--continue", "-f", tmp_path / "q.sql", cwd=loaded, status=status)
    assert done.stdout.rstrip().endswith("1")
