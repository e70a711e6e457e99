"""A write, sync, rename, open, unlink, mkdir or truncate that fails, at every place: an error that
says what and where, or no harm; the old state intact; the next command works.

The world and its model are those of test_kill. WEFT_LONG=1 lets every single call fail, else a
spread of them; WEFT_SEED=N makes another world.
"""
import collections
import os
import random
import re
import shutil
import subprocess

import pytest

from mesh import LONG, ORDERS, Failed, Mesh
from patience import PATIENCE
from test_kill import SEED, Killer

STEPS = ["run", "apply", "load", "replace", "replay", "rollback", "drop", "dismiss",
         "repair", "parts_repair"]
OPS = ["write", "sync", "rename", "open", "unlink", "mkdir", "truncate"]
SPREAD = 10**6 if LONG else 4  # of each kind of call in each command and role


class Breaker(Killer):
    """Lets calls fail instead of killing."""

    def __init__(self, root, seed):
        super().__init__(root, seed)
        self.seen = collections.Counter()  # how a fault ended

    def count_ops(self, name):
        world = self.world_now()
        step = getattr(world, f"step_{name}")()
        self.log.unlink(missing_ok=True)
        world.mesh.weft(*step.words, env={"WEFT_FAULT": "log:ops",
                                          "WEFT_FAULT_LOG": str(self.log)})
        counts = collections.Counter(self.log_read())
        self.afterwards(world, step)
        return counts

    def fail_once(self, name, role, spec):
        world = self.world_now()
        step = getattr(world, f"step_{name}")()
        self.log.unlink(missing_ok=True)
        try:
            done = world.mesh.weft(*step.words, status=(0, 1), timeout=PATIENCE, env={
                "WEFT_FAULT": spec, "WEFT_FAULT_IN": role, "WEFT_FAULT_LOG": str(self.log)})
            passed = self.log_read()
            kind, what, *_ = spec.split(":")
            hit = (role, what) in passed if kind == "stop" else (role, f"failed.{kind}") in passed
            took_effect = self.between(world, step)
            if done.returncode == 1:
                self.check_message(done.stderr, hit)
            elif not took_effect:
                raise Failed(f"status 0, and nothing was done\n{done.stdout}\n{done.stderr}")
            status, _ = self.again(world.mesh, step)
            if status == 1 and not took_effect:
                raise Failed("says it was done before, but it was not")
            self.afterwards(world, step)
        except Failed as problem:
            raise Failed(f"WEFT_SEED={self.seed} step {self.steps}: {name} {spec} in {role}, "
                         f"{world.mesh.root}\n{problem}") from problem
        self.seen[role, "missed" if not hit else "refused" if done.returncode else "harmless"] += 1

    def check_message(self, text, hit):
        lines = [line for line in text.splitlines() if line.startswith("error:")]
        if not hit or len(lines) != 1:
            raise Failed(f"an error without a fault, or not one error:\n{text}")
        # The last writes of a worker are its answer, into a pipe that has no name.
        if not re.search(r"/|stopped at [a-z]+\.|ended without an outcome", lines[0]):
            raise Failed(f"the message names no path: {lines[0]}")
        if re.search(r"internal|corrupt|damaged|malformed", lines[0]):
            raise Failed(f"the message tells of something else: {lines[0]}")


def spread(count, wanted):
    if count <= wanted:
        return range(1, count + 1)
    return sorted({1 + round(i * (count - 1) / (wanted - 1)) for i in range(wanted)})


@pytest.mark.parametrize("name", STEPS)
def test_calls_that_fail(tmp_path, name):
    breaker = Breaker(tmp_path / "world", SEED)
    rng = random.Random(SEED)
    for before in ("run", "apply"):  # snapshots, and rows set aside
        breaker.count_ops(before)
    counts = breaker.count_ops(name)
    specs = []
    for (role, line), count in counts.items():
        kind, _, what = line.partition(".")
        if kind == "op":
            specs += [(role, f"{what}:{n}:{rng.choice(['EIO', 'ENOSPC'])}")
                      for n in spread(count, SPREAD)]
        elif line != "home.network":
            specs.append((role, f"stop:{line}"))
    for role, spec in specs:
        if name == "drop" and breaker.world.state["spare"] is None:
            breaker.count_ops("drop")  # registers it again
        while name == "parts_repair" and not breaker.world.state["parts"].opened():
            breaker.count_ops("parts")
        wants = name in ("dismiss", "replay", "repair")
        while wants and not breaker.world.state["orders"].opened():
            breaker.count_ops("run")
        breaker.fail_once(name, role, spec)
    print(f"{name}: {len(specs)} faults, {dict(breaker.seen)}")
    assert breaker.seen["cli", "refused"] > 0
    breaker.world.mesh.doctor()


def test_every_call_of_making_a_home(tmp_path):
    """`weft apply` where there is no home yet: the next one finishes what this one began."""
    template = Mesh(tmp_path / "m", {"orders": ORDERS})
    template.write("inbox/orders1.csv", "tag,id,amount\n1,a,1\n2,b,-1\n")
    log = tmp_path / "log"
    template.weft("apply", "--yes", env={"WEFT_FAULT": "log:ops", "WEFT_FAULT_IN": "cli",
                                         "WEFT_FAULT_LOG": str(log)})
    counts = collections.Counter(line.split()[1] for line in log.read_text().splitlines()
                                 if line.startswith("cli op."))
    for line, count in counts.items():
        for n in spread(count, 10**6 if LONG else 5):
            root = tmp_path / "again"
            mesh = Mesh(root, {"orders": ORDERS})
            mesh.write("inbox/orders1.csv", "tag,id,amount\n1,a,1\n2,b,-1\n")
            spec = f"{line[3:]}:{n}:ENOSPC"
            done = mesh.weft("apply", "--yes", status=(0, 1),
                             env={"WEFT_FAULT": spec, "WEFT_FAULT_IN": "cli"})
            assert done.returncode == 0 or "/" in done.stderr, (spec, done.stderr)
            mesh.weft("apply", "--yes")
            assert mesh.count("shop.orders") == 1, spec
            assert mesh.count("shop__quarantine.orders") == 1, spec
            mesh.verify()
            shutil.rmtree(root)


def orders(first, count):
    rows = (f"{i},o{i},{i * 7919}\n" for i in range(first, first + count))
    return "tag,id,amount\n" + "".join(rows)


def fill(path, size=1 << 30):
    """A file of this size, or as large as there is room."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while size > 0:
            size -= os.write(fd, b"x" * min(size, 4096))
    except OSError:
        pass
    os.close(fd)


@pytest.fixture
def full(tmp_path):
    """A folder of 24 MB in memory; where root may not mount, no test."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", folder],
                          capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk(full, tmp_path):
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS})
    mesh.home = full / "home"
    env = {"WEFT_HOME": str(mesh.home)}
    mesh.write("inbox/orders1.csv", orders(1, 1000))
    mesh.weft("apply", "--yes", env=env)
    filler = full / "filler"
    free = shutil.disk_usage(full).free
    # From a little room to none at all.
    for left in (1 << 20, 300 << 10, 100 << 10, 40 << 10, 8 << 10, 0):
        fill(filler, free - left)
        mesh.write("inbox/orders2.csv", orders(10_000, 300_000))
        done = mesh.weft("run", "shop.orders", status=1, env=env)
        assert re.search("No space|space left|full", done.stderr), (left, done.stderr)
        filler.unlink()
        assert mesh.one("select count(*) from shop.orders", env=env) == 1000
        mesh.weft("ledger", "verify", env=env)
        assert (mesh.root / "inbox" / "orders2.csv").exists()
    mesh.weft("run", "shop.orders", env=env)
    assert mesh.one("select count(*) from shop.orders", env=env) == 301_000
    mesh.weft("doctor", env=env)


def test_a_query_on_a_full_disk(full, tmp_path):
    """Reading needs no room: the audit is what must be written, and it says so if it cannot."""
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS})
    env = {"WEFT_HOME": str(full / "home")}
    mesh.write("inbox/orders1.csv", orders(1, 1000))
    mesh.weft("apply", "--yes", env=env)
    fill(full / "filler")
    done = mesh.weft("query", "select count(*) from shop.orders", env=env, status=(0, 1))
    assert done.returncode == 0 or re.search("No space|space left|full", done.stderr), done.stderr
    (full / "filler").unlink()
    assert mesh.one("select count(*) from shop.orders", env=env) == 1000
    mesh.weft("ledger", "verify", env=env)


def test_a_home_that_is_read_only(tmp_path):
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS})
    mesh.write("inbox/orders1.csv", orders(1, 100))
    mesh.weft("apply", "--yes")
    place = tmp_path / "fixed"
    place.mkdir()
    mount = ["mount", "--bind", mesh.home, place]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
        env = {"WEFT_HOME": str(place)}
        mesh.write("inbox/orders2.csv", orders(1000, 10))
        for words in (["run", "shop.orders"], ["load", "shop.orders", "weft.yaml"],
                      ["drop", "shop.orders", "--yes", "--because", "x"],
                      ["quarantine", "shop.orders", "--dismiss", "--because", "x"]):
            done = mesh.weft(*words, status=1, env=env)
            assert re.search("[Rr]ead-only|has an input", done.stderr), (words, done.stderr)
        done = mesh.weft("query", "select count(*) from shop.orders", status=(0, 1), env=env)
        assert "100" in done.stdout or "ead-only" in done.stderr, done.stderr
    finally:
        subprocess.run(["umount", "-l", place], check=True)
    mesh.weft("run", "shop.orders")
    assert mesh.count("shop.orders") == 110
    mesh.verify()


def test_a_clock_that_goes_back(tmp_path):
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS})
    for i, offset in enumerate([0, -86400, -86400 * 400, 3600, -60]):
        mesh.write(f"inbox/orders{i}.csv", orders(1 + 100 * i, 100))
        if i == 0:
            mesh.weft("apply", "--yes")
        else:
            mesh.weft("run", "shop.orders", env={"WEFT_FAULT": f"clock:{offset}"})
        assert mesh.count("shop.orders") == 100 * (i + 1)
        mesh.verify()
    times = [row["t"] for row in mesh.query(
        "select cast(committed_at as varchar) as t from mesh.snapshots "
        "where product = 'shop.orders' order by rows")]
    assert times == sorted(times), times
    assert len(set(times)) == 5
    mesh.doctor()


def test_a_network_file_system_is_refused(tmp_path):
    mesh = Mesh(tmp_path / "m", {"orders": ORDERS})
    env = {"WEFT_FAULT": "stop:home.network"}
    done = mesh.weft("apply", "--yes", status=1, env=env)
    assert "network file system" in done.stderr
    assert not (mesh.home / "weft.db").exists()
    mesh.weft("apply", "--yes")
    for words in (["run"], ["query", "select 1"], ["ls"], ["ledger", "verify"]):
        assert "network file system" in mesh.weft(*words, status=1, env=env).stderr
