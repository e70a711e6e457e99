"""kill -9 at any moment: the next command works, nothing is lost, nothing doubled, nothing that was
not published is seen, balances hold, the ledger verifies.

One loop: the world changes, a command starts and is killed at a named fault point or at a random
moment, parents and workers apart, the same command runs again, and a model of the world says what
there must be. WEFT_KILL_POINTS=N or WEFT_LONG=1 (3,000) make it longer, WEFT_SEED=N another one.
A home that failed stays where pytest put it.
"""
import collections
import csv
import dataclasses
import hashlib
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from mesh import LONG, ORDERS, Failed, Mesh, fault_points, strays
from patience import PATIENCE

POINTS = int(os.environ.get("WEFT_KILL_POINTS", "3000" if LONG else "300"))
SEED = int(os.environ.get("WEFT_SEED", "20260301"))
PROCESSES = 2
STEPS_PER_WORLD = 200  # then a new home, so that long loops stay fast

PRICES = """\
version: 1.0.0
input: {files: ../../../inbox/prices.csv}
schema:
  - {name: tag, type: long, required: true}
  - {name: price, type: "decimal(9,2)", min: 0}
key: [tag]
"""
PEOPLE = """\
version: 1.0.0
schema:
  - {name: tag, type: long, required: true}
  - {name: name, type: string, required: true}
"""
SPARE = """\
version: 1.0.0
input: {files: ../../../spare.csv}
schema:
  - {name: tag, type: long, required: true}
"""
# Products made of orders and prices: all of it with a rule, what is new, the last of each slot.
FIRM = """\
version: 1.0.0
sql: select tag, amount from shop.orders
schema:
  - {name: tag, type: long, required: true}
  - {name: amount, type: long, max: 900}
key: [tag]
"""
SEEN = """\
version: 1.0.0
inputs:
  o: {product: shop.orders, read: new}
sql: select tag, amount from o
schema:
  - {name: tag, type: long, required: true}
  - {name: amount, type: long}
key: [tag]
"""
LATEST = """\
version: 1.0.0
inputs:
  o: {product: shop.orders, read: new}
write: upsert
order_by: tag
sql: select tag, tag % 7 as slot from o
schema:
  - {name: slot, type: long, required: true}
  - {name: tag, type: long}
key: [slot]
"""
CHEAP = """\
version: 1.0.0
sql: select tag from shop.prices where price < 3
schema:
  - {name: tag, type: long, required: true}
"""
# Files that go through SQL: rows are set aside before it and behind it.
PARTS = """\
version: 1.0.0
inputs:
  p:
    files: ../../../parts/*.csv
    read: new
    schema:
      - {name: tag, type: long, required: true}
      - {name: size, type: long, min: 0}
sql: select tag, size from p
schema:
  - {name: tag, type: long, required: true}
  - {name: size, type: long, max: 900}
key: [tag]
"""
MADE = {"firm": FIRM, "seen": SEEN, "latest": LATEST, "cheap": CHEAP}
PRODUCTS = ("orders", "prices", "people", "firm", "seen", "latest", "cheap", "parts", "spare")


@dataclasses.dataclass
class Step:
    """One command: what it is given and what it makes of the products."""
    words: list
    after: dict  # product -> its state afterwards
    swept: tuple = ()  # products whose folders hold nothing stray afterwards
    already: str = None  # what it may say when it was done before it was killed
    moved: tuple = ()  # files that lie in done/ afterwards
    check: object = None  # more to check at the end
    status: int = 0  # how the command ends
    again: list = None  # what is done after the kill; None = the same
    whole: object = None  # called after the kill and at the end: nothing is there in part


class State:
    """What a product holds: tags published, and tags in quarantine by state, counted."""

    def __init__(self, published=(), aside=()):
        self.published = frozenset(published)
        self.aside = frozenset(collections.Counter(dict(aside)).items())

    def __eq__(self, other):
        return isinstance(other, State) and (self.published, self.aside) == (
            other.published, other.aside)

    def __repr__(self):
        return f"published {sorted(self.published)[-12:]} aside {sorted(self.aside)[-12:]}"

    def opened(self):
        return [tag for (tag, state), _ in self.aside if state == "open"]

    def plus(self, published, aside):
        """Rows published, and rows set aside by this run."""
        counter = collections.Counter(dict(self.aside))
        counter.update((tag, "open") for tag in aside)
        return State(self.published | set(published), counter)

    def turned(self, tags, state):
        """Open rows that took another state."""
        tags = set(tags)
        counter = collections.Counter()
        for (tag, was), count in self.aside:
            counter[(tag, state if was == "open" and tag in tags else was)] += count
        return State(self.published, counter)


class World:
    """A home, and a model of all that it must hold."""

    def __init__(self, root, rng):
        self.rng = rng
        self.mesh = Mesh(root, {"orders": ORDERS, "prices": PRICES, "people": PEOPLE,
                                "spare": SPARE, "parts": PARTS} | MADE)
        self.mesh.write("spare.csv", "tag\n1\n2\n3\n")
        self.state = {p: State() for p in PRODUCTS}
        self.state["spare"] = State({1, 2, 3})
        self.rows = {}  # tag -> (id, amount as text)
        self.next_tag = 1000
        self.files = 0
        self.version = 0
        self.least = 0  # orders.amount.min, as in the newest contract
        self.leasts = set()  # those of older ones
        self.read = collections.Counter()  # product -> rows of files that were consumed
        self.sums = {}  # file -> hash, as written
        self.snapshots = {}  # of orders: id -> published then
        self.durations = {}
        self.prices_now = None
        self.slots = {}  # of latest: slot -> tag
        self.slotted = frozenset()  # tags that latest has read
        self.rolled = []  # products that must start over, because orders went back
        self.prices_write()
        parts = self.parts_write()
        after, _ = self.orders_after(State(), [self.orders_write()])
        self.mesh.weft("apply", "--yes")
        self.state["prices"] = self.prices_now
        self.state["parts"] = parts
        self.state["cheap"] = State(self.prices_now.published)
        self.state["orders"] = after
        self.state |= self.made_after(after)
        self.snapshots_see()

    # ---- the world changes ----

    def tag(self):
        self.next_tag += 1
        return self.next_tag

    def orders_write(self):
        """A new file of orders; some are negative, some no number, some double within the file."""
        self.files += 1
        tags, ids, lines = [], [], ["tag,id,amount"]
        for i in range(self.rng.randint(1, 12)):
            tag = self.tag()
            kind = self.rng.random() if i > 0 else 1  # all bad would block the run
            amount, name = str(self.rng.randint(0, 999)), f"o{tag}"
            if kind < 0.15:
                amount = str(-self.rng.randint(1, 200))
            elif kind < 0.25:
                amount = "much"
            elif kind < 0.35 and ids:
                name = self.rng.choice(ids)
            if amount != "much" and int(amount) >= 0 and name == f"o{tag}":
                ids.append(name)
            self.rows[tag] = (name, amount)
            tags.append(tag)
            lines.append(f"{tag},{name},{amount}")
        name = f"orders{self.files:05d}.csv"
        data = ("\n".join(lines) + "\n").encode()
        self.sums[name] = hashlib.sha256(data).hexdigest()
        self.mesh.write(f"inbox/{name}", data)
        return name, tags

    def judge(self, state, tags):
        """What passes the rules of orders as they are now, in the order of the source."""
        ids = {self.rows[tag][0] for tag in state.published}
        good, bad = [], []
        for tag in tags:
            name, amount = self.rows[tag]
            if amount == "much" or int(amount) < self.least or name in ids:
                bad.append(tag)
            else:
                ids.add(name)
                good.append(tag)
        return good, bad

    def orders_after(self, state, files):
        moved = []
        for name, tags in files:
            good, bad = self.judge(state, tags)
            state = state.plus(good, bad)
            self.read["orders"] += len(tags)
            moved.append(name)
        return state, tuple(moved)

    def made_after(self, orders):
        """What is made of orders, when all that reads them ran."""
        firm = self.state["firm"]
        firm = firm.turned(firm.opened(), "closed_by_run")
        high = {tag for tag in orders.published if int(self.rows[tag][1]) > 900}
        fresh = orders.published - self.state["seen"].published
        for tag in orders.published - self.slotted:
            self.slots[tag % 7] = max(tag, self.slots.get(tag % 7, tag))
        self.slotted = orders.published
        return {"firm": State(orders.published - high, dict(firm.aside)).plus((), high),
                "seen": State(self.state["seen"].published | fresh),
                "latest": State(self.slots.values())}

    def orders_contract(self):
        self.version += 1
        # A contract that changes no row would be in force at once, and asks for no run; after a
        # rollback an older one is in force: so no value comes twice.
        self.leasts.add(self.least)
        self.least = self.rng.choice([n for n in range(-300, 1) if n not in self.leasts])
        text = ORDERS.replace("1.0.0", f"1.0.{self.version}")
        text = text.replace("min: 0", f"min: {self.least}")
        self.mesh.product("orders", text)

    def prices_write(self):
        tags = [self.tag() for _ in range(self.rng.randint(2, 9))]
        bad = [tag for tag in tags[1:] if self.rng.random() < 0.3]
        lines = ["tag,price"] + [f"{tag},{'-1' if tag in bad else '2.50'}" for tag in tags]
        self.mesh.write("inbox/prices.csv", "\n".join(lines) + "\n")
        before = self.state["prices"]
        closed = before.turned(before.opened(), "closed_by_run")
        self.prices_now = State(set(tags) - set(bad), dict(closed.aside)).plus((), bad)
        return self.prices_now

    def parts_write(self):
        """A new file of parts: some break a rule of the file, some one of what SQL makes of it."""
        good, bad, lines = [], [], ["tag,size"]
        for i in range(self.rng.randint(2, 9)):
            tag, kind = self.tag(), self.rng.random() if i > 0 else 1
            size = "-1" if kind < 0.2 else "much" if kind < 0.3 else 950 if kind < 0.5 else 5
            (good if size == 5 else bad).append(tag)
            lines.append(f"{tag},{size}")
        self.mesh.write(f"parts/{good[0]}.csv", "\n".join(lines) + "\n")
        self.read["parts"] += len(good) + len(bad)
        return self.state["parts"].plus(good, bad)

    # ---- the commands ----

    def step_run(self):
        files = [self.orders_write() for _ in range(self.rng.choice([1, 1, 2]))]
        after, moved = self.orders_after(self.state["orders"], files)
        return Step(["run", "shop.orders"], {"orders": after}, ("shop.orders",), moved=moved)

    def step_mesh(self):
        """A file of orders, and all that is made of them, in one command."""
        if self.rolled:
            return self.step_rebuilt()
        after, moved = self.orders_after(self.state["orders"], [self.orders_write()])
        return Step(["run", "shop.orders+"], {"orders": after} | self.made_after(after),
                    tuple(f"shop.{p}" for p in ("orders", "firm", "seen", "latest")), moved=moved)

    def step_rebuilt(self):
        """Orders went back: what reads only new rows of them starts over."""
        orders = self.state["orders"].published
        if not self.rolled or not orders:
            return self.step_run()
        product = self.rolled.pop()
        if product == "seen":
            return Step(["run", "shop.seen", "--rebuild"], {"seen": State(orders)}, ("shop.seen",))
        self.slots = {tag % 7: tag for tag in sorted(orders)}
        self.slotted = orders
        return Step(["run", "shop.latest", "--rebuild"], {"latest": State(self.slots.values())},
                    ("shop.latest",))

    def step_blocked(self):
        """No row of prices passes, so what is made of them is skipped."""
        self.mesh.write("inbox/prices.csv", f"tag,price\n{self.tag()},-1\n")
        return Step(["run", "shop.prices+"], {}, ("shop.prices", "shop.cheap"), status=3)

    def step_replace(self):
        return Step(["run", "shop.prices"], {"prices": self.prices_write()}, ("shop.prices",))

    def step_apply(self):
        """A new contract, and a file that it reads at once."""
        self.orders_contract()
        after, moved = self.orders_after(self.state["orders"], [self.orders_write()])
        return Step(["apply", "--yes"], {"orders": after}, ("shop.orders",), moved=moved)

    def step_plan_file(self):
        """A plan that somebody looked at. Killed, it may have registered and not run yet: then the
        plan is refused, and the way on is a new one."""
        self.orders_contract()
        after, moved = self.orders_after(self.state["orders"], [self.orders_write()])
        self.mesh.weft("plan", "--out", "plan.json")
        return Step(["apply", "--plan", "plan.json"], {"orders": after}, ("shop.orders",),
                    moved=moved, again=["apply", "--yes"])

    def step_import(self):
        """Three products at once, into a domain of their own."""
        tag = self.tag()
        path = self.mesh.write(f"ddl{tag}.sql", "".join(
            f"CREATE TABLE t{tag}{name} (a BIGINT NOT NULL, b VARCHAR(9));\n" for name in "xyz"))

        def made():
            return sorted(self.mesh.root.glob(f"domains/*/t{tag}*"))

        def whole():
            for folder in made():
                text = (folder / "data_product.yaml").read_text()
                if "name: b" not in text or len(list(folder.iterdir())) != 1:
                    raise Failed(f"{folder} is there in part: {text}")
            self.mesh.weft("validate")

        def check():
            if len(made()) != 3 or list(self.mesh.root.glob(".weft/import-*")):
                raise Failed(f"made are {made()}, {list(self.mesh.root.glob('.weft/*'))}")
            for folder in made():  # not for the applies that follow
                shutil.rmtree(folder)
            (self.mesh.root / f"domains/got{tag}").rmdir()
        return Step(["import", path.name, "--from", "sql", "--into", f"got{tag}"], {},
                    already="is there already", whole=whole, check=check)

    def step_export(self):
        """Into a new file."""
        path = self.mesh.root / f"orders{self.tag()}.odcs.json"
        words = ["export", "shop.orders", "--to", self.rng.choice(["odcs", "json-schema", "sql",
                                                                   "markdown"])]
        text = self.mesh.weft(*words).stdout

        def whole():
            if path.exists() and path.read_text() != text:
                raise Failed(f"{path} holds a part: {path.read_text()}")
        return Step([*words, "-o", path.name], {}, already="is there already", whole=whole,
                    check=lambda: path.read_text() == text or whole())

    def step_state(self):
        """Over the state of before, which stays until the new one is whole."""
        path = self.mesh.root / "state.json"
        before = path.read_text() if path.exists() else None
        text = self.mesh.weft("state", "export").stdout

        def whole():
            if (path.read_text() if path.exists() else None) not in (before, text):
                raise Failed(f"{path} is neither the old state nor the new one")
            if path.exists():
                self.mesh.weft("plan", "--against", path.name)

        def check():
            if path.read_text() != text:
                raise Failed(f"{path} is not the state of the home")
        return Step(["state", "export", "--out", path.name], {}, whole=whole, check=check)

    def step_load(self):
        tags = [self.tag() for _ in range(self.rng.randint(1, 9))]
        bad = [tag for tag in tags[1:] if self.rng.random() < 0.2]
        lines = ["tag,name"] + [f"{tag},{'' if tag in bad else 'n'}" for tag in tags]
        path = self.mesh.write(f"people{tags[0]}.csv", "\n".join(lines) + "\n")
        self.read["people"] += len(tags)
        after = self.state["people"].plus(set(tags) - set(bad), bad)
        return Step(["load", "shop.people", path], {"people": after}, ("shop.people",),
                    already="--again")

    def step_replay(self):
        """The rule is loosened first, so that something passes."""
        self.version += 1
        self.leasts.add(self.least)
        self.least -= self.rng.choice([0, 20, 60])
        text = ORDERS.replace("1.0.0", f"1.0.{self.version}")
        text = text.replace("min: 0", f"min: {self.least}")
        self.mesh.product("orders", text)
        self.mesh.weft("apply", "--yes", "--no-run")
        before = self.state["orders"]
        good, _ = self.judge(before, sorted(before.opened()))
        after = before.turned(good, "replayed").plus(good, ())
        return Step(["quarantine", "shop.orders", "--replay"], {"orders": after},
                    ("shop.orders",))

    def repair(self, product, mend):
        """Some of the rows that were set aside are exported, mended and given back."""
        before = self.state[product]
        opened = sorted(before.opened())
        sheet = self.mesh.root / f"bad{self.tag()}.csv"
        self.mesh.weft("quarantine", f"shop.{product}", "--export", sheet)
        with open(sheet, newline="") as file:
            rows = list(csv.DictReader(file))
        if sorted(int(row["tag"]) for row in rows) != opened:
            raise Failed(f"exported {sorted(row['tag'] for row in rows)}, open are {opened}")
        chosen = self.rng.sample(rows, self.rng.randint(1, len(rows)))
        for row in chosen:
            mend(row)
        with open(sheet, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(chosen)
        good = {int(row["tag"]) for row in chosen}
        after = before.turned(good, "replayed").plus(good, ())
        return Step(["quarantine", f"shop.{product}", "--replay", "--from", sheet, "--because",
                     "fixed"], {product: after}, (f"shop.{product}",), already="not open")

    def order_mend(self, row):
        row["id"], row["amount"] = f"r{row['tag']}", str(self.rng.randint(0, 999))
        self.rows[int(row["tag"])] = (row["id"], row["amount"])

    def step_repair(self):
        if not self.state["orders"].opened():
            return self.step_run()
        return self.repair("orders", self.order_mend)

    def step_parts(self):
        return Step(["run", "shop.parts"], {"parts": self.parts_write()}, ("shop.parts",))

    def step_parts_repair(self):
        """Through the rules of the file and the SQL, or those of what it made."""
        if not self.state["parts"].opened():
            return self.step_parts()
        return self.repair("parts", lambda row: row.update(size=str(self.rng.randint(0, 900))))

    def step_dismiss(self):
        before = self.state["orders"]
        after = before.turned(before.opened(), "dismissed")
        return Step(["quarantine", "shop.orders", "--dismiss", "--because", "old"],
                    {"orders": after})

    def step_rollback(self):
        before = self.state["orders"]
        snapshots = list(self.snapshots)
        if len(snapshots) < 2:
            return self.step_run()
        self.rolled = ["seen", "latest"]
        target = self.rng.choice(snapshots[-6:-1])
        after = State(self.snapshots[target], dict(before.aside))
        return Step(["rollback", "shop.orders", target, "--because", "wrong"], {"orders": after},
                    ("shop.orders",))

    def step_drop(self):
        def gone():
            left = [p for s in ("lake", "quarantine")
                    for p in (self.mesh.home / s).glob("shop/spare__v1/**/*") if p.is_file()]
            if left and self.state["spare"] is None:
                raise Failed(f"of a dropped product there is still {left}")
        if self.state["spare"] is None:
            self.mesh.product("spare", SPARE)
            return Step(["apply", "--yes"], {"spare": State({1, 2, 3})}, ("shop.spare",))
        # Without its file, or the next apply would register it again.
        (self.mesh.root / "domains/shop/spare/data_product.yaml").unlink()
        return Step(["drop", "shop.spare", "--yes", "--because", "unused"], {"spare": None},
                    already="there is no product", check=gone)

    def step_query(self):
        return Step(["query", "select o.tag, count(*) over () as n from shop.orders o "
                     "join mesh.runs r on true order by 1", "--json"], {})

    def step_rebuild(self):
        return Step(["ledger", "rebuild"], {})

    def step_doctor(self):
        return Step(["doctor"], {})

    # ---- what there is ----

    def look(self):
        """One query over all products: each as one snapshot shows it, all of one moment."""
        parts = []
        for product in PRODUCTS:
            parts.append(f"select '{product}' as p, cast(tag as varchar) as t, 'published' as s, "
                         f"count(*) as n from shop.{product} group by all")
            parts.append(f"select '{product}', coalesce(q.raw, q.\"values\" ->> "
                         "'tag'), q.state, count(*) "
                         f"from shop__quarantine.{product} q group by all")
        done = self.mesh.weft("query", "--json", " union all ".join(parts), status=(0, 1))
        if done.returncode == 1:  # without the product that was dropped
            if "shop.spare" not in done.stderr:
                raise Failed(done.stderr)
            rows, spare = self.mesh.query(" union all ".join(parts[:-2])), None
        else:
            rows, spare = json.loads(done.stdout), State()
        seen = {p: (set(), collections.Counter()) for p in PRODUCTS}
        for row in rows:
            tag = int(row["t"].split(",")[0])
            if row["s"] != "published":
                seen[row["p"]][1][(tag, row["s"])] += row["n"]
            elif row["n"] != 1 or tag in seen[row["p"]][0]:
                raise Failed(f"row {tag} of {row['p']} stands {row['n']} times")
            else:
                seen[row["p"]][0].add(tag)
        states = {p: State(*parts) for p, parts in seen.items()}
        if spare is None:
            states["spare"] = None
        return states

    def snapshots_see(self):
        rows = self.mesh.query("select snapshot_id as id, rows as n from mesh.snapshots "
                               "where product = 'shop.orders' order by committed_at")
        for row in rows:
            if row["id"] not in self.snapshots:
                self.snapshots[row["id"]] = self.state["orders"].published
                if row["n"] != len(self.state["orders"].published):
                    raise Failed(f"snapshot {row['id']} has {row['n']} rows")

    def balances(self):
        files = "product in ('shop.orders', 'shop.prices', 'shop.people', 'shop.spare')"
        bad = self.mesh.query(
            "select run_id, product, cause, read, accepted, made, published, quarantined, "
            "superseded from mesh.runs where state = 'published' and "
            "case when product = 'shop.parts' then read < accepted or "
            "read <> published + quarantined + superseded or made < published "
            f"when {files} then read <> accepted + quarantined or made <> accepted or "
            "made <> published + superseded else read <> accepted or "
            "made <> published + quarantined + superseded end and "
            "cause not in ('rollback', 'replay')")
        if bad:
            raise Failed(f"balances do not hold: {bad}")
        rows = self.mesh.query(
            "select product as p, sum(read) as n from mesh.runs where state = 'published' and "
            "cause in ('run', 'load', 'apply') and "
            "product in ('shop.orders', 'shop.people', 'shop.parts') "
            "group by product")
        read = {row["p"].split(".")[1]: int(row["n"]) for row in rows}
        for product, count in self.read.items():
            if read.get(product, 0) != count:
                raise Failed(f"{product}: runs read {read.get(product)} rows, files hold {count}")

    def done_folder(self, step):
        for name in step.moved:
            if (self.mesh.root / "inbox" / name).exists():
                raise Failed(f"{name} was read and is still in the inbox")
            path = self.mesh.root / "done" / name
            if hashlib.sha256(path.read_bytes()).hexdigest() != self.sums[name]:
                raise Failed(f"done/{name} is not as it was")
        names = {p.name for p in (self.mesh.root / "done").glob("*")}
        if not names <= set(self.sums):
            raise Failed(f"strange files in done/: {names - set(self.sums)}")


STEPS = {"run": 5, "replace": 2, "apply": 4, "plan_file": 3, "import": 2, "export": 1, "state": 2,
         "load": 3, "replay": 3, "repair": 3, "parts": 2, "parts_repair": 3, "dismiss": 1,
         "mesh": 4, "rollback": 2, "rebuilt": 2, "blocked": 1, "drop": 3, "query": 1, "rebuild": 1,
         "doctor": 1, "init": 1, "home": 3, "migrate": 1}


@dataclasses.dataclass
class Kill:
    step: str
    role: str  # cli, worker
    point: str = None  # None = a random moment
    nth: int = 1


def worker_of(process):
    """The process id of the worker, None when there is none now."""
    for task in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children"):
        try:
            return int(task.read_text().split()[0])
        except (OSError, IndexError):
            pass
    return None


def kill_later(process, role, seconds):
    """Kills the process or its worker after so many seconds. True = something was killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        time.sleep(min(0.001, max(0.0, end - time.monotonic())))
    while process.poll() is None:
        pid = process.pid if role == "cli" else worker_of(process)
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return False
            return True
        time.sleep(0.0005)
    return False


class Killer:
    """Does kills one after the other in worlds of its own."""

    def __init__(self, root, seed):
        self.root = pathlib.Path(root)
        self.seed = seed
        self.rng = random.Random(seed)
        self.world = None
        self.steps = 0
        self.landed = []  # (step, role, point) of processes that really died
        self.seconds = {}  # step -> how long it takes
        self.passed = {}  # step -> [(role, point)] as passed without a fault
        self.log = self.root / "points.log"

    def world_now(self):
        if self.world is None or self.steps % STEPS_PER_WORLD == 0:
            if self.world is not None:
                shutil.rmtree(self.world.mesh.root)
            root = self.root / f"world{self.steps}"
            root.mkdir(parents=True)
            self.world = World(root, self.rng)
        self.steps += 1
        return self.world

    def log_read(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [tuple(line.split()) for line in lines]

    # ---- starting with a kill ----

    def start_and_kill(self, mesh, words, kill):
        env = {"WEFT_FAULT_LOG": str(self.log)}
        if kill.point is not None:
            env |= {"WEFT_FAULT": f"kill:{kill.point}:{kill.nth}", "WEFT_FAULT_IN": kill.role}
        process = mesh.start(*words, env=env)
        killed = False
        if kill.point is None:
            longest = self.seconds.get(kill.step, 0.1)
            killed = kill_later(process, kill.role, self.rng.uniform(0, longest))
        out, err = process.communicate(timeout=PATIENCE)
        passed = self.log_read()
        if kill.point is not None:
            killed = passed.count((kill.role, kill.point)) >= kill.nth
        if kill.role == "cli" and killed and kill.point and process.returncode != -signal.SIGKILL:
            raise Failed(f"{kill} left status {process.returncode}\n{out}\n{err}")
        if kill.role == "worker" and process.returncode < 0:
            raise Failed(f"{kill}: the parent died with its worker\n{out}\n{err}")
        if process.returncode not in (0, 1, 3, -signal.SIGKILL):
            raise Failed(f"{kill}: status {process.returncode}\n{out}\n{err}")
        if killed:
            self.landed.append((kill.step, kill.role, kill.point))
        return process.returncode

    def again(self, mesh, step):
        started = time.monotonic()
        words = step.again or step.words
        done = mesh.weft(*words, status=(step.status, 1), timeout=PATIENCE)
        if done.returncode == 1 and not (step.already and step.already in
                                         done.stderr + done.stdout):
            raise Failed(f"the same command again: {done.stdout}\n{done.stderr}")
        return done.returncode, time.monotonic() - started

    # ---- commands in a world that lives on ----

    def between(self, world, step):
        """Old state or new state, whole, never a part or a mixture."""
        seen = world.look()
        for product, state in seen.items():
            allowed = [world.state[product], step.after.get(product, world.state[product])]
            if None in allowed:  # registered, and not yet published
                allowed.append(State())
            if state not in allowed:
                raise Failed(f"after the kill {product} holds\n{state}\nallowed:\n" +
                             "\n".join(map(repr, allowed)))
        return all(seen[p] == s for p, s in step.after.items())

    def afterwards(self, world, step):
        seen = world.look()
        world.state |= step.after
        for product, state in world.state.items():
            if seen[product] != state:
                raise Failed(f"{product} holds\n{seen[product]}\nbut must hold\n{state}")
        for product in step.swept:
            left = strays(world.mesh, product)
            if left:
                raise Failed(f"stray files: {left}")
        if step.whole is not None:
            step.whole()
        if step.check is not None:
            step.check()
        world.done_folder(step)
        world.snapshots_see()
        world.balances()
        world.mesh.verify()
        if self.steps % 10 == 0:
            world.mesh.doctor()

    def in_world(self, kill):
        world = self.world_now()
        step = getattr(world, f"step_{kill.step}")()
        if kill.role is None:  # to learn how long it takes and what it passes
            self.log.unlink(missing_ok=True)
            started = time.monotonic()
            world.mesh.weft(*step.words, env={"WEFT_FAULT_LOG": str(self.log)},
                            status=(step.status,))
            self.seconds[kill.step] = time.monotonic() - started
            self.passed[kill.step] = self.log_read()
        else:
            status = self.start_and_kill(world.mesh, step.words, kill)
            took_effect = self.between(world, step)
            if step.whole is not None:
                step.whole()
            if status == 0 and not took_effect:
                raise Failed(f"{step.words} ended well and did nothing")
            status, _ = self.again(world.mesh, step)
            if status == 1 and not took_effect:
                raise Failed(f"{step.words} says it was done before, but it was not")
        self.afterwards(world, step)

    # ---- commands that begin a world ----

    def in_new_world(self, kill):
        self.steps += 1
        folder = self.root / f"new{self.steps}"
        folder.mkdir(parents=True)
        where = folder / "demo"

        class Here(Mesh):
            def __init__(self, root):
                self.root = root
                self.home = root / ".weft" / "dev"

        outside, mesh = Here(folder), Here(where)
        words = {"init": ["init", "demo"], "home": ["apply", "--yes"],
                 "migrate": ["apply", "--yes"]}[kill.step]
        if kill.step != "init":
            outside.weft("init", "demo")
        if kill.step == "migrate":
            mesh.weft("apply", "--yes")
            with sqlite3.connect(mesh.home / "weft.db") as db:
                db.execute("DROP TABLE weft_schema")
                db.execute("DELETE FROM weft_meta WHERE name = 'format'")
            db.close()
            (mesh.home / "format").write_text("0\n")
        place = outside if kill.step == "init" else mesh
        if kill.role is None:
            self.log.unlink(missing_ok=True)
            started = time.monotonic()
            place.weft(*words, env={"WEFT_FAULT_LOG": str(self.log)})
            self.seconds[kill.step] = time.monotonic() - started
            self.passed[kill.step] = self.log_read()
        else:
            self.start_and_kill(place, words, kill)
        if kill.role is not None:
            self.again(place, Step(words, {}, already="is there already"))
        mesh.weft("apply", "--yes")
        rows = mesh.query("select order_id as id from shop.orders order by 1")
        if [row["id"] for row in rows] != [1, 2, 4]:
            raise Failed(f"a new mesh holds {rows}")
        if mesh.count("shop__quarantine.orders") != 1 or strays(mesh, "shop.orders"):
            raise Failed("quarantine or folders of a new mesh are not as they must be")
        mesh.verify()
        mesh.doctor()
        shutil.rmtree(folder)

    def do(self, kill):
        try:
            if kill.step in ("init", "home", "migrate"):
                self.in_new_world(kill)
            else:
                self.in_world(kill)
        except (Failed, subprocess.TimeoutExpired, AssertionError, OSError) as problem:
            raise Failed(f"WEFT_SEED={self.seed} step {self.steps}: {kill} in {self.root}\n"
                         f"{problem}") from problem


def plan(killer, points):
    """Every point that a command passes, at several of its passes, then random moments."""
    rng = random.Random(SEED)
    kills = []
    for step, passed in killer.passed.items():
        for (role, point), count in sorted(collections.Counter(passed).items()):
            if point != "home.network":
                kills += [Kill(step, role, point, n) for n in sorted({1, count})]
    names = [name for name, weight in STEPS.items() for _ in range(weight)]
    works = {
        step for step, passed in killer.passed.items() if any(r == "worker" for r, _ in passed)
    }
    wanted = max(points, len(kills) + points // 6)
    while len(kills) < wanted:
        step = rng.choice(names)
        kills.append(Kill(step, rng.choice(["cli", "worker"]) if step in works else "cli"))
    rng.shuffle(kills)
    return kills


def work(root, seed, seconds, kills, results):
    killer = Killer(root, seed)
    killer.seconds = seconds
    try:
        for kill in kills:
            killer.do(kill)
        # Moments that came too late are drawn again.
        late = [kill for kill in kills if kill.point is None] * 2
        while late and len(killer.landed) < len(kills):
            killer.do(late.pop())
        results.put((killer.landed, None))
    except Failed as problem:
        results.put((killer.landed, str(problem)))
    except BaseException as problem:  # noqa: BLE001 - the other side waits for a word
        results.put((killer.landed, f"WEFT_SEED={seed}: {problem!r}"))
        raise


def test_kill(tmp_path):
    started = time.monotonic()
    scout = Killer(tmp_path / "scout", SEED)
    for name in STEPS:  # "apply" after "run", so that there is something to roll back to
        scout.do(Kill(name, None))
    kills = plan(scout, POINTS)
    results = multiprocessing.Queue()
    processes = []
    for i in range(PROCESSES):
        process = multiprocessing.Process(
            target=work, args=(tmp_path / f"home{i}", SEED + i + 1, dict(scout.seconds),
                               kills[i::PROCESSES], results))
        process.start()
        processes.append(process)
    landed, problems = [], []
    for _ in processes:
        part, problem = results.get()
        landed += part
        problems += [problem] if problem else []
    for process in processes:
        process.join()
    assert not problems, "\n\n".join(problems)
    hit = {point for _, _, point in landed if point is not None}
    roles = collections.Counter((role, point is None) for _, role, point in landed)
    print(f"{len(landed)} kills landed in {time.monotonic() - started:.0f} s: "
          f"{dict(roles)}, {dict(collections.Counter(step for step, _, _ in landed))}")
    assert fault_points() - hit == set(), "named points that no kill hit"
    assert all(roles[role, moment] > 0 for role in ("cli", "worker") for moment in (True, False))
    assert len(landed) >= POINTS


def test_points_are_found():
    """The list of points is read from the sources: it must not become empty in silence."""
    points = fault_points()
    assert {"run.copy", "lake.manifest", "commit.appended", "outbox.moved", "home.before_key",
            "ledger.before_commit"} <= points
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", point) for point in points)
