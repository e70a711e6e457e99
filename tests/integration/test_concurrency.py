"""Any number of commands at once: readers never wait, runs of one product go one after the other,
Ctrl-C leaves nothing behind, a dead worker fails one run and no more."""
import json
import os
import re
import signal
import threading
import time

import pytest

from mesh import ORDERS, Mesh, strays
from patience import PATIENCE, alive, catches, freeze, frozen_worker, wait_for

ROWS = 400_000
PEOPLE = "version: 1.0.0\nschema: [{name: tag, type: long, required: true}]\n"


def orders(first, count):
    return "tag,id,amount\n" + "".join(f"{i},o{i},{i % 97}\n" for i in range(first, first + count))


@pytest.fixture(scope="module")
def large():
    return orders(1_000_000, ROWS)


@pytest.fixture
def shop(tmp_path):
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS, "people": PEOPLE})
    mesh.write("inbox/orders0.csv", orders(1, 100))
    mesh.weft("apply", "--yes")
    return mesh


def frozen(mesh, **more):
    """A run whose worker stands still where it begins to read, and the worker's process id."""
    process = mesh.start("run", "shop.orders", env=freeze("run.read"), **more)
    return process, frozen_worker(process)


def test_readers_never_wait(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    counts = set()
    try:
        for _ in range(3):
            for words in (["query", "--json", "select count(*) as n from shop.orders"],
                          ["ls"], ["runs"], ["status"], ["ledger", "verify"],
                          ["query", "--json", "select count(*) as n from mesh.runs"]):
                done = shop.weft(*words)
                if "shop.orders" in words[-1]:
                    counts.add(json.loads(done.stdout)[0]["n"])
    finally:
        os.kill(worker, signal.SIGCONT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, (out, err)
    assert counts == {100}
    assert shop.count("shop.orders") == 100 + ROWS


def test_readers_see_whole_states(shop):
    """Queries in a loop while 12 runs publish 500 rows each."""
    stop, seen, problems = threading.Event(), [], []

    def read():
        while not stop.is_set():
            done = shop.weft("query", "--json", "select count(*) as n, count(distinct o.tag) as d, "
                             "(select sum(r.published) from mesh.runs r "
                             "where r.state = 'published') as p from shop.orders o", status=None)
            if done.returncode != 0:
                problems.append(done.stderr)
                return
            row = json.loads(done.stdout)[0]
            seen.append((row["n"], row["d"], int(row["p"])))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(12):
        shop.write(f"inbox/orders{i + 1}.csv", orders(1000 * (i + 1), 500))
        shop.weft("run", "shop.orders")
    wait_for(lambda: len(seen) > 5 or problems)
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems, problems
    for count, distinct, published in seen:  # one state for the table and the runs
        assert count == distinct == published and (count - 100) % 500 == 0, (count, published)
    assert shop.count("shop.orders") == 6100


def test_the_second_waits_and_says_for_whom(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    told = shop.root / "told"
    with told.open("w") as err:
        second = shop.start("run", "shop.orders", stderr=err)
    refused = shop.weft("run", "shop.orders", "--no-wait", status=1)
    assert re.search(rf"being run by .*\(pid {process.pid}, since ", refused.stderr), refused.stderr
    waits = rf"being run by .*\(pid {process.pid}, since .*waiting"
    wait_for(lambda: re.search(waits, told.read_text()), second)
    # Another product is not held up.
    shop.weft("load", "shop.people", "-", input="tag\n1\n")
    os.kill(worker, signal.SIGCONT)
    assert process.wait(timeout=PATIENCE) == 0
    out, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0 and "nothing new" in out, (out, told.read_text())
    assert shop.count("shop.orders") == 100 + ROWS
    process.communicate()


def test_many_runs_at_once(shop):
    """Eight commands, one file: read once."""
    shop.write("inbox/orders1.csv", orders(1000, 20_000))
    processes = [shop.start("run", "shop.orders") for _ in range(8)]
    ends = [(p.communicate(timeout=PATIENCE), p.returncode) for p in processes]
    assert all(code == 0 for _, code in ends), ends
    assert sum("20,000 read" in out for (out, _), _ in ends) == 1
    assert shop.count("shop.orders") == 20_100
    shop.doctor()


def test_many_loads_at_once(shop):
    paths = [shop.write(f"p{i}.csv", "tag\n" + "".join(f"{1000 * i + j}\n" for j in range(10)))
             for i in range(8)]
    processes = [shop.start("load", "shop.people", path) for path in paths]
    ends = [(p.communicate(timeout=PATIENCE), p.returncode) for p in processes]
    assert all(code == 0 for _, code in ends), ends
    assert shop.one("select count(distinct tag) from shop.people") == 80
    shop.doctor()


def test_two_applies_at_once(tmp_path):
    for i in range(5):
        mesh = Mesh(tmp_path / f"m{i}", {"orders": ORDERS, "people": PEOPLE})
        mesh.write("inbox/orders0.csv", orders(1, 100))
        processes = [mesh.start("apply", "--yes") for _ in range(3)]
        ends = [(p.communicate(timeout=PATIENCE), p.returncode) for p in processes]
        for (out, err), code in ends:
            assert code == 0 or "the home changed while you read the plan" in err, (out, err)
        assert any(code == 0 for _, code in ends)
        assert mesh.count("shop.orders") == 100
        assert mesh.query("select product as p, version as v from mesh.products order by 1") == [
            {"p": "shop.orders", "v": "1.0.0"}, {"p": "shop.people", "v": "1.0.0"}]
        mesh.doctor()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("group", [False, True], ids=["parent", "group"])
def test_ctrl_c_stops_a_run(shop, large, number, group):
    """At a terminal the worker gets the signal too; from `kill` only the parent does."""
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop, start_new_session=True)
    os.killpg(process.pid, number) if group else process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, (process.returncode, out, err)
    assert "stopped" in err
    wait_for(lambda: not alive(worker))
    after_a_stop(shop)


def after_a_stop(shop):
    assert shop.count("shop.orders") == 100
    assert (shop.root / "inbox/orders1.csv").exists()
    # One run to sweep what a hard stop leaves, then nothing of it is there.
    shop.weft("run", "shop.orders")
    assert shop.count("shop.orders") == 100 + ROWS
    assert strays(shop, "shop.orders") == []
    assert list((shop.home / "tmp").iterdir()) == []
    states = [row["s"] for row in shop.query(
        "select state as s from mesh.runs where product = 'shop.orders' order by started_at")]
    assert states == ["published", "failed", "published"], states
    shop.verify()


def test_ctrl_c_twice_ends_at_once(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)  # the second comes while it ends, or when it has
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    wait_for(lambda: not alive(worker))  # it goes with its parent, even when it stands still
    after_a_stop(shop)


def test_a_killed_worker_fails_one_run(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    os.kill(worker, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "worker of shop.orders was killed" in err, (out, err)
    run = shop.query("select state as s, message as m from mesh.runs "
                     "where product = 'shop.orders' order by started_at desc limit 1")[0]
    assert run["s"] == "failed" and "killed" in run["m"], run
    after_a_stop(shop)


def test_a_run_whose_parent_died_is_taken_over(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait_for(lambda: not alive(worker))
    after_a_stop(shop)


@pytest.mark.parametrize("what", ["rollback", "drop", "run"])
def test_a_query_keeps_its_files(shop, large, what):
    """A query reads slowly into a pipe; meanwhile its table goes back, goes on, or goes away."""
    shop.write("inbox/orders1.csv", large)
    shop.weft("run", "shop.orders")
    snapshots = shop.query("select snapshot_id as id from mesh.snapshots order by committed_at")
    process = shop.start("query", "--format", "csv", "select tag, id, amount from shop.orders",
                         text=False, bufsize=0)
    head = process.stdout.read(1000)  # it has begun, and then the pipe is full
    if what == "rollback":
        shop.weft("rollback", "shop.orders", snapshots[0]["id"], "--because", "test")
        assert shop.count("shop.orders") == 100
    elif what == "drop":
        shop.weft("drop", "shop.orders", "--yes", "--because", "test")
        assert "no data product" in shop.weft("query", "select 1 from shop.orders", status=1).stderr
    else:
        shop.write("inbox/orders2.csv", orders(10, 20) + "3000000,x,1\n")
        shop.weft("run", "shop.orders")
    rest, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    lines = (head + rest).decode().splitlines()
    assert len(lines) == 100 + ROWS + 1
    assert len({line.split(",")[0] for line in lines}) == len(lines)
    shop.weft("doctor")  # and what the query held back may go now
    if what == "drop":
        assert not list((shop.home / "lake/shop").glob("orders*/**/*.parquet"))
    shop.verify()


def test_a_product_that_is_being_run_is_not_dropped(shop, large):
    shop.write("inbox/orders1.csv", large)
    process, worker = frozen(shop)
    for words in (["drop", "shop.orders", "--yes", "--because", "x"],
                  ["rollback", "shop.orders", "1", "--because", "x"]):
        assert "being run by" in shop.weft(*words, status=1).stderr
    os.kill(worker, signal.SIGCONT)
    assert process.wait(timeout=PATIENCE) == 0
    process.communicate()
    assert shop.count("shop.orders") == 100 + ROWS


def test_a_query_that_is_killed_leaves_no_slot(shop, large):
    shop.write("inbox/orders1.csv", large)
    shop.weft("run", "shop.orders")
    process = shop.start("query", "--format", "csv", "select * from shop.orders")
    process.stdout.read(100)
    assert len(list((shop.home / "slots").iterdir())) == 1
    process.kill()
    process.communicate()
    shop.weft("drop", "shop.orders", "--yes", "--because", "test")
    assert not list((shop.home / "lake/shop").glob("orders*/**/*.parquet"))
    assert list((shop.home / "slots").iterdir()) == []


def test_ctrl_c_stops_a_query(shop):
    process = shop.start("query", "select count(*) from range(100000000) a, range(100000) b")
    wait_for(lambda: catches(process.pid, signal.SIGINT), process)
    time.sleep(0.5)  # most likely the statement runs by now; if not, it must not begin
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
