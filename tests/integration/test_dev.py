"""weft dev: what a change of a file makes it say. How soon it says so is a figure of bench/."""
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time

import pytest
from mesh_support import BIN, CLEAN, OWNER, Mesh
from patience import PATIENCE, alive, children, resident, wait_for

ORDERS = """input: {files: ../../../in/orders*.csv, format: csv}
schema:
  - {name: id, type: long, required: true}
  - {name: amount, type: long, min: 0}
key: id
tests:
  - {name: negative, given: {input: [{id: 1, amount: 1}, {id: 2, amount: -1}]},
     expect: [{id: 1, amount: 1}]}
"""
DOUBLE = """sql: select id, amount * 2 as amount from shop.orders
schema:
  - {name: id, type: long}
  - {name: amount, type: long}
tests:
  - {name: twice, given: {shop.orders: [{id: 1, amount: 4}]}, expect: [{id: 1, amount: 8}]}
"""


class Dev:
    """The program, and its answers as they come: each ends with the line of a look."""

    def __init__(self, mesh, *words, program=BIN, **more):
        self.process = subprocess.Popen([program, "dev", *words], cwd=mesh.folder,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env=CLEAN, **more)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def look(self, wanted=""):
        """All lines up to the end of the next look, or of the next that says so."""
        ends = time.monotonic() + PATIENCE
        while True:
            said = self.one_look(ends)
            if wanted in said:
                return said

    def one_look(self, ends):
        said = []
        while True:
            line = self.lines.get(timeout=max(0.01, ends - time.monotonic()))
            assert line is not None, ("it ended", said)
            said.append(line)
            if line.startswith(("good:", "not good:")) or "to repair (" in line:
                return "".join(said)

    def silent(self, seconds=1.0):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return True
        if line.startswith("note: waiting"):
            return self.silent(seconds)
        print("said:", line)
        return False

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        return self.process.returncode


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("in/orders1.csv", "id,amount\n1,5\n2,7\n")
    made.product(ORDERS, "orders", "shop")
    made.product(DOUBLE, "double", "shop")
    return made


@pytest.fixture
def dev(mesh):
    started = []

    def start(*words, **more):
        started.append(Dev(mesh, *words, **more))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def put(mesh, path, text):
    """At once, as editors do: no look finds half of it."""
    file = mesh.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{threading.get_ident()}.part")  # each writer its own
    part.write_text(text)
    part.rename(file)


def change(mesh, text, name="orders", domain="shop"):
    put(mesh, f"domains/{domain}/{name}/data_product.yaml", OWNER + text)


# ---- once ----

def test_once(mesh):
    done = mesh("dev", "--once", "shop.orders")
    assert "ok      negative" in done.stdout and "2 would be published" in done.stdout
    assert "ok      twice" in done.stdout  # it reads shop.orders
    change(mesh, ORDERS.replace("[{id: 1, amount: 1}]}", "[]}"))
    done = mesh("dev", "--once", status=3)
    assert "failed  negative" in done.stdout and "not good" in done.stderr
    change(mesh, ORDERS.replace("type: long, min", "type: lang, min"))
    done = mesh("dev", "--once", status=1)
    assert "data_product.yaml:6:26" in done.stderr and "1 mistake to repair" in done.stderr
    change(mesh, ORDERS)
    assert "no product `shop.oders`" in mesh("dev", "--once", "shop.oders", status=1).stderr


def test_once_for_programs(mesh):
    done = mesh("dev", "--once", "--json", "shop.orders")
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["kind"] for item in items] == ["example", "example", "preview", "look"]
    assert items[-1]["good"] is True and items[-1]["tests"] == 2
    assert items[2]["published"] == 2


# ---- watching ----

def test_a_change_is_told(mesh, dev):
    one = dev()
    first = one.look()
    assert "ok      negative" in first and "ok      twice" in first and "would be" not in first
    change(mesh, ORDERS.replace("min: 0", "min: 6"))
    said = one.look()
    assert "shop.orders" in said and "failed  negative" in said and "ok      twice" in said
    assert "1 would be published, 1 quarantined" in said
    change(mesh, ORDERS)
    said = one.look()
    assert "ok      negative" in said and "2 would be published" in said
    assert "id" in said and "5" in said  # the first rows
    assert one.end() == 0


def test_inputs_and_files_of_tests_are_watched(mesh, dev):
    mesh.write("domains/shop/orders/rows/expect.csv", "id,amount\n1,1\n")
    change(mesh, ORDERS.replace("[{id: 1, amount: 1}]}", "{file: rows/expect.csv}}"))
    one = dev("shop.orders")
    assert "ok      negative" in one.look()
    put(mesh, "in/orders2.csv", "id,amount\n3,9\n")
    assert "3 would be published" in one.look()
    put(mesh, "domains/shop/orders/rows/expect.csv", "id,amount\n1,2\n")
    assert "failed  negative" in one.look()
    (mesh.folder / "in/orders2.csv").unlink()
    assert "2 would be published" in one.look()
    assert one.end() == 0


def test_a_broken_file_stops_nothing(mesh, dev):
    one = dev()
    one.look()
    change(mesh, ORDERS + "\t- tabs\n")
    assert "to repair" in one.look()
    change(mesh, ORDERS.replace("name: amount", "name: amounts"))
    said = one.look()
    assert "double/data_product.yaml" in said and "amount" in said  # its reader breaks
    put(mesh, "weft.yaml", "mesh: [")
    assert "weft.yaml" in one.look()
    put(mesh, "weft.yaml", "mesh: small\n")
    one.look()
    change(mesh, ORDERS)
    said = one.look()
    assert "ok      negative" in said and "ok      twice" in said
    assert one.end() == 0


def test_products_come_and_go(mesh, dev):
    one = dev()
    one.look()
    change(mesh, "sql: select 1 as a\ntests: [{name: one, expect: [{a: 1}]}]\n", "new", "other")
    one.look("ok      one")
    (mesh.folder / "domains/other/new/data_product.yaml").rename(mesh.folder / "away.yaml")
    (mesh.folder / "domains/other/new").rmdir()
    change(mesh, "sql: select 2 as a\ntests: [{name: two, expect: [{a: 2}]}]\n", "newer", "other")
    one.look("ok      two")
    assert one.end() == 0


def test_how_editors_write(mesh, dev):
    file = mesh.folder / "domains/shop/orders/data_product.yaml"
    other = ORDERS.replace("min: 0", "min: 1")
    one = dev("shop.orders")
    one.look()
    part = file.with_name("data_product.yaml~")  # a new file in the old one's place
    part.write_text(file.read_text().replace("min: 0", "min: 1"))
    part.rename(file)
    assert "good: " in one.look()
    with open(file, "r+") as opened:  # cut to nothing, and written a little later
        text = opened.read()
        opened.seek(0)
        opened.truncate()
        opened.flush()
        time.sleep(0.2)
        opened.write(text.replace("min: 1", "min: 0"))
    said = one.look()
    assert "good: " in said and "repair" not in said
    for swap in (".data_product.yaml.swp", "4913", "#data_product.yaml#"):  # files beside it
        (file.parent / swap).write_text("x")
        (file.parent / swap).unlink()
    put(mesh, file.relative_to(mesh.folder), file.read_text())  # the same again
    assert one.silent()
    assert other != ORDERS
    assert one.end() == 0


def test_many_files_at_once_are_one_look(mesh, dev):
    one = dev()
    one.look()
    for i in range(30):
        change(mesh, f"sql: select {i} as a\ntests: [{{name: t{i}, expect: [{{a: {i}}}]}}]\n",
               f"p{i}", "many")
    said, tests = "", 0
    while "t29" not in said:
        said = one.look()
        tests += said.count("ok      t")
    assert tests >= 30
    assert one.silent()
    assert one.end() == 0


# ---- attacks ----

def test_what_reads_a_removed_product_is_told(mesh, dev):
    one = dev()
    one.look()
    place = mesh.folder / "domains/shop/orders"
    place.rename(mesh.folder / "away")
    assert "shop.orders" in one.look("to repair")
    (mesh.folder / "away").rename(place)
    assert "ok      twice" in one.look("good")
    shutil.rmtree(mesh.folder / "domains")
    one.look()
    mesh.product(ORDERS, "orders", "shop")
    mesh.product(DOUBLE, "double", "shop")
    assert "ok      negative" in one.look("good: 2 tests")
    change(mesh, ORDERS + "description: again\n")
    one.look("ok      negative")
    assert one.end() == 0


def test_what_editors_leave_is_told_to_nobody(mesh, dev):
    one = dev()
    one.look()
    beside = mesh.folder / "domains/shop/orders"
    for name in (".data_product.yaml.swp", "data_product.yaml~", "#data_product.yaml#", "4913",
                 "data_product.yaml.bak"):
        (beside / name).write_text("garbage: [")
    (beside / ".#data_product.yaml").symlink_to("somebody@there.4711")
    assert one.silent()
    assert one.end() == 0


def test_pipes_keep_nobody_waiting(mesh, dev):
    """Without somebody who writes into it, reading one would never end."""
    one = dev()
    one.look()
    os.mkfifo(mesh.folder / "in/orders2.csv")
    mesh.product("", "piped", "shop").unlink()
    os.mkfifo(mesh.folder / "domains/shop/piped/data_product.yaml")
    change(mesh, ORDERS + "description: a\n")
    assert "domains/shop/piped/data_product.yaml: it is no regular file" in one.look("to repair")
    assert "no regular file" in mesh("validate", status=1).stderr
    assert "no regular file" in mesh(
        "fmt", "domains/shop/piped/data_product.yaml", status=1).stderr
    (mesh.folder / "domains/shop/piped/data_product.yaml").unlink()
    change(mesh, DOUBLE.replace("sql: select id, amount * 2 as amount from shop.orders",
                                "sql_file: x.sql"), "double")
    os.mkfifo(mesh.folder / "domains/shop/double/x.sql")
    assert "x.sql is no regular file" in mesh("validate", status=1).stderr
    assert one.end() == 0


def test_a_storm_of_changes(mesh, dev):
    """Files come and go without a pause; a change among them is seen, and none is lost."""
    one = dev()
    one.look()
    stop = threading.Event()

    def storm():
        for i in itertools.count():
            put(mesh, f"domains/shop/orders/x{i % 50}.txt", "x")
            shutil.rmtree(mesh.folder / f"domains/shop/n{(i + 7) % 20}", ignore_errors=True)
            (mesh.folder / f"domains/shop/n{i % 20}/deep").mkdir(parents=True, exist_ok=True)
            if stop.is_set():
                return

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        change(mesh, ORDERS + "description: within\n")
        one.look("ok      negative")
    finally:
        stop.set()
        thread.join()
    change(mesh, ORDERS + "description: after\n")
    one.look("ok      negative")
    assert one.end() == 0


def test_looks_keep_no_memory(mesh, dev):
    one = dev()
    one.look()
    sizes = []
    for i in range(60):
        bad = "lang" if i % 2 else "long"
        change(mesh, ORDERS.replace("amount, type: long", f"amount, type: {bad}") +
               f"description: look {i}\n")
        one.look()
        sizes.append(sum(resident(pid) for pid in
                         [one.process.pid, *children(one.process.pid)]))
    assert max(sizes[40:]) < max(sizes[10:25]) * 1.15, sizes
    assert one.end() == 0


@pytest.mark.parametrize("limit,told", [("watches", "fs.inotify.max_user_watches is reached"),
                                        ("instances", "fs.inotify.max_user_instances is reached")])
def test_where_the_kernel_tells_no_more(mesh, dev, tmp_path, limit, told):
    """The limits of a user namespace of its own."""
    program = tmp_path / "few"
    program.write_text("#!/bin/sh\nexec unshare -Ur sh -c 'echo " +
                       ("1" if limit == "watches" else "0") +
                       f" > /proc/sys/user/max_inotify_{limit} && exec {BIN} \"$@\"' sh \"$@\"\n")
    program.chmod(0o755)
    if subprocess.run([program, "version"], cwd=mesh.folder, env=CLEAN).returncode != 0:
        pytest.skip("no user namespaces here")
    one = dev(program=program)
    one.look()
    change(mesh, ORDERS + "description: seen all the same\n")
    assert told in one.look("ok      negative")
    one.process.kill()


# ---- the end ----

@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_nothing_behind(mesh, dev, tmp_path, how):
    temp = tmp_path / "temp"
    temp.mkdir()
    one = Dev(mesh, program=BIN)
    one.look()
    change(mesh, ORDERS.replace("min: 0", "min: 1"))
    one.look()
    workers = children(one.process.pid)
    assert one.end(how) == 0
    wait_for(lambda: not any(alive(pid) for pid in workers))
    home = mesh.folder / ".weft" / "dev"
    assert not home.exists() or list((home / "tmp").iterdir()) == []


def test_nothing_is_published(mesh, dev):
    one = dev()
    one.look()
    change(mesh, ORDERS.replace("min: 0", "min: 1"))
    one.look()
    assert one.end() == 0
    assert mesh.json("ls") == []
