"""Several products in the order of what they read: side by side, skipped, stopped, killed."""
import os
import random
import signal
import subprocess
import time

import pytest
from mesh_support import BIN, CLEAN, Mesh
from patience import PATIENCE, catches, wait_for

ROWS = "schema:\n  - {name: id, type: long, required: true}\n  - {name: n, type: long}\n"
FILES = "input: {files: ../../../in/*.csv, format: csv, read: new}\n" + ROWS
LOGS = ".weft/dev/logs"


def reads(*sources):
    """A product that gives the rows of all these."""
    return "sql: " + " union all ".join(f"select id, n from {s}" for s in sources) + "\n" + ROWS


@pytest.fixture
def mesh(tmp_path):
    """raw.a <- x.b, x.c <- y.d (of b and c) <- z.e; raw.f beside them."""
    made = Mesh(tmp_path / "m")
    made.write("in/1.csv", "id,n\n1,10\n2,20\n")
    made.write("other/1.csv", "id,n\n9,90\n")
    made.product(FILES, "a", "raw")
    made.product(FILES.replace("in/", "other/"), "f", "raw")
    made.product(reads("raw.a"), "b", "x")
    made.product(reads("raw.a"), "c", "x")
    made.product(reads("x.b", "x.c"), "d", "y")
    made.product(reads("y.d"), "e", "z")
    return made


ALL = ["raw.a", "raw.f", "x.b", "x.c", "y.d", "z.e"]


def states(runs):
    return {run["product"]: run["state"] for run in runs}


def holds(mesh):
    """What must be so after anything."""
    mesh("ledger", "verify")
    mesh("ledger", "rebuild", "--check")
    assert mesh.sql("select count(*) from mesh.runs where read <> accepted + quarantined and "
                    "made = accepted") == [(0,)]
    assert os.listdir(mesh.folder / ".weft/dev/tmp") == []
    assert os.listdir(mesh.folder / ".weft/dev/slots") == []


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_all_run_in_order_of_what_they_read(mesh, threads):
    mesh.apply("--no-run")
    runs = mesh.json("run", env={"WEFT_THREADS": threads})
    assert states(runs) == dict.fromkeys(ALL, "published")
    order = [run["product"] for run in runs]
    for before, after in [("raw.a", "x.b"), ("raw.a", "x.c"), ("x.b", "y.d"), ("x.c", "y.d"),
                          ("y.d", "z.e")]:
        assert order.index(before) < order.index(after)
    assert mesh.sql("select count(*), sum(n) from z.e") == [(4, 60)]
    assert states(mesh.json("run", env={"WEFT_THREADS": threads})) == \
        dict.fromkeys(ALL, "nothing_new")
    holds(mesh)


def test_what_reads_a_blocked_product_is_skipped_with_the_cause(mesh):
    mesh.product(reads("raw.a") + "quality: {rows: {min: 5}}\n", "b", "x")
    mesh.apply("--no-run")
    runs = mesh.json("run", status=3)
    assert states(runs) == {"raw.a": "published", "raw.f": "published", "x.c": "published",
                            "x.b": "blocked", "y.d": "skipped", "z.e": "skipped"}
    cause = {run["product"]: run["cause"] for run in runs if run["state"] == "skipped"}
    assert "reads x.b@1, whose run was blocked: " in cause["y.d"]
    assert "reads y.d@1, skipped because the run of x.b@1 was blocked: " in cause["z.e"]
    told = mesh("run", status=3)
    assert "3 of 6 products were not published" in told.stderr
    rows = mesh.sql("select product, state, error, message from mesh.runs where state = 'skipped' "
                    "order by started_at limit 2")
    assert [row[:3] for row in rows] == [("y.d", "skipped", "blocked"),
                                         ("z.e", "skipped", "blocked")]
    assert rows[0][3] == cause["y.d"]
    assert "skipped" in mesh("runs").stdout
    # With more rows it all goes through.
    mesh.write("in/2.csv", "id,n\n3,1\n4,1\n5,1\n")
    assert states(mesh.json("run")) == {
        **dict.fromkeys(["raw.a", "x.b", "x.c", "y.d", "z.e"], "published"), "raw.f": "nothing_new"}
    holds(mesh)


def test_without_what_it_reads_a_product_is_refused(mesh):
    mesh.apply("--no-run")
    done = mesh("run", "x.b", status=1)
    assert "x.b reads raw.a@1, which has no snapshot yet" in done.stderr
    assert "weft run raw.a@1" in done.stderr
    assert mesh.sql("select count(*) from mesh.runs") == [(0,)]
    done = mesh("run", "x.b", "y.d", status=1)
    assert "skipped: reads x.b@1, whose run failed: " in done.stderr


def test_a_misspelt_rule_is_no_run(mesh):
    mesh.write("in/2.csv", "id,n\n,3\n")
    mesh.apply()
    before = mesh.sql("select count(*) from mesh.runs"), os.listdir(mesh.folder / LOGS)
    done = mesh("quarantine", "raw.a", "--replay", "--rule", "nope", status=1)
    assert "nope" in done.stderr
    assert (mesh.sql("select count(*) from mesh.runs"), os.listdir(mesh.folder / LOGS)) == before


def test_doctor_tells_of_a_file_that_cannot_be_moved(mesh):
    text = FILES.replace("read: new", "read: new, done: ../../../done")
    mesh.product(text, "a", "raw")
    mesh.write("done", "a file where the folder should be\n")
    mesh.apply("raw.a")
    done = mesh("doctor", status=None)
    assert done.returncode != 0 and "in/1.csv" in done.stdout and "raw.a" in done.stdout
    (mesh.folder / "done").unlink()
    mesh("doctor")
    assert (mesh.folder / "done/1.csv").exists()


def start(mesh, *words, **env):
    return subprocess.Popen([BIN, *words], cwd=mesh.folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={**CLEAN, **env})


def test_stopped_by_ctrl_c_and_gone_on(mesh):
    mesh.write("in/2.csv", "id,n\n" + "".join(f"{i},1\n" for i in range(10, 200000)))
    mesh.apply("--no-run")
    run = start(mesh, "run", WEFT_THREADS="2")
    wait_for(lambda: catches(run.pid, signal.SIGINT), run)
    time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE) in (130, 0)
    runs = mesh.json("run")
    assert set(states(runs).values()) <= {"published", "nothing_new"}
    assert mesh.sql("select count(*) from z.e") == [(2 * (2 + 199990),)]
    holds(mesh)


@pytest.mark.parametrize("seed", range(12 if os.environ.get("WEFT_LONG") else 4))
def test_killed_at_any_moment_and_gone_on(mesh, seed):
    """The whole command, at a moment drawn from its time."""
    chance = random.Random(seed)
    mesh.apply("--no-run")
    for i in range(3):
        mesh.write(f"in/k{i}.csv", f"id,n\n{100 + i},1\n")
        run = start(mesh, "run", WEFT_THREADS="2")
        time.sleep(chance.uniform(0.02, 1.2))
        run.send_signal(signal.SIGKILL)
        run.wait()
    runs = mesh.json("run")
    assert set(states(runs).values()) <= {"published", "nothing_new"}
    assert mesh.sql("select count(*), sum(n) from raw.a") == [(5, 33)]
    assert mesh.sql("select count(*), sum(n) from z.e") == [(10, 66)]
    assert states(mesh.json("run")) == dict.fromkeys(ALL, "nothing_new")
    holds(mesh)


@pytest.mark.parametrize("point", ["schedule.lane", "schedule.skipped", "run.worker_started"])
def test_death_and_failure_at_the_steps_of_a_schedule(mesh, point):
    mesh.product(reads("raw.a") + "quality: {rows: {min: 5}}\n", "b", "x")
    mesh.apply("--no-run")
    for kind in "kill", "stop":
        mesh("run", status=None, env={"WEFT_FAULT": f"{kind}:{point}:1", "WEFT_FAULT_IN": "cli",
                                      "WEFT_THREADS": "2"})
    mesh.write("in/2.csv", "id,n\n3,1\n4,1\n5,1\n")
    runs = mesh.json("run", env={"WEFT_THREADS": "2"})
    assert set(states(runs).values()) <= {"published", "nothing_new"}
    assert mesh.sql("select count(*) from z.e") == [(10,)]
    holds(mesh)
