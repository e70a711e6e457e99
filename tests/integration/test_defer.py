"""Environments that defer: what was not run here is read from another home, and only read."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from mesh import WEFT, Mesh, environment
from patience import PATIENCE, freeze, frozen_worker

FILE = """\
mesh: test
environments:
  dev: {home: .weft/dev}
  try: {home: .weft/try, defer: dev}
"""
ORDERS = """\
version: 1.0.0
input: {files: ../../../inbox/*.csv}
schema:
  - {name: id, type: long}
  - {name: n, type: long}
"""
TOTALS = "version: 1.0.0\nsql: select sum(n) as total from shop.orders\n"
PORT = """\
version: 1.0.0
inputs: {o: {product: shop.orders, read: new}}
write: append
sql: select id, n from o
"""


def state_of(home):
    """All that counts in a home: SQLite's marks of readers (-shm, an empty log) do not."""
    found = {}
    for path in sorted(pathlib.Path(home).rglob("*")):
        if path.name in ("weft.db-shm", "weft.db-wal"):
            assert path.name != "weft.db-wal" or path.stat().st_size == 0
            continue
        info = path.stat()
        found[str(path)] = (info.st_mode, info.st_mtime_ns,
                            hashlib.sha256(path.read_bytes()).hexdigest()
                            if path.is_file() else None)
    return found


@pytest.fixture
def mesh(tmp_path):
    mesh = Mesh(tmp_path, {"orders": ORDERS, "totals": TOTALS})
    mesh.write("weft.yaml", FILE)
    mesh.write("inbox/a.csv", "id,n\n1,2\n3,4\n")
    mesh.weft("apply", "--yes")
    return mesh


def there(mesh, *arguments, **more):
    return mesh.weft(*arguments, "--env", "try", **more)


def rows(mesh, sql):
    return json.loads(there(mesh, "query", "--json", sql).stdout)


def test_a_product_alone_reads_what_the_other_has(mesh):
    before = state_of(mesh.home)
    plan = there(mesh, "plan", "shop.totals").stdout
    assert "reads shop.orders@1, deferred to dev" in plan
    as_json = json.loads(there(mesh, "plan", "--json", "shop.totals").stdout)
    assert as_json[0]["reads"][0]["deferred_to"] == "dev"
    assert "6" in there(mesh, "preview", "shop.totals").stdout
    done = there(mesh, "apply", "--yes", "shop.totals")
    assert "shop.totals: 2 read, 1 made, 1 published" in done.stdout
    assert "shop.orders@1 is deferred to dev" in done.stdout + done.stderr
    assert rows(mesh, "select total from shop.totals") == [{"total": 6}]
    assert "nothing new" in there(mesh, "run", "shop.totals").stdout
    assert state_of(mesh.home) == before
    there(mesh, "ledger", "verify")
    there(mesh, "ledger", "rebuild", "--check")
    there(mesh, "doctor")


def test_where_it_comes_from_is_told_and_kept(mesh):
    there(mesh, "apply", "--yes", "shop.totals")
    dev = json.loads(mesh.weft("ledger", "--json", "--limit", "1").stdout)[0]["origin"]
    entry = json.loads(there(mesh, "ledger", "--json", "--limit", "1").stdout)[0]
    source = entry["body"]["sources"][0]
    snapshot = json.loads(mesh.weft("show", "--json", "shop.orders").stdout)["snapshot_id"]
    assert source == {"name": "shop.orders", "table": "shop.orders", "environment": "dev",
                      "origin": dev, "records": 2, "since": "0", "snapshot_id": str(snapshot)}
    assert rows(mesh, "select upstream, position from mesh.inputs") == [
        {"upstream": "dev:shop.orders", "position": str(snapshot)}]
    assert "deferred to dev: shop.orders@1" in there(mesh, "ls").stderr
    assert "deferred to dev: shop.orders@1" in there(mesh, "status").stderr
    shown = there(mesh, "show", "shop.totals").stdout
    assert "reads       shop.orders@1 (deferred to dev)" in shown
    shown = json.loads(there(mesh, "show", "--json", "shop.totals").stdout)
    assert shown["reads"][0]["deferred_to"] == "dev" and shown["deferred_to"] is None
    asked = there(mesh, "query", "--json", "select id from shop.orders order by id")
    assert json.loads(asked.stdout) == [{"id": 1}, {"id": 3}]
    assert "deferred to dev" in asked.stderr
    audit = "".join(p.read_text() for p in (mesh.root / ".weft/try/audit").iterdir())
    assert "dev:shop.orders" in audit
    # dev itself knows nothing of it
    assert "deferred" not in mesh.weft("ls").stderr + mesh.weft("show", "shop.totals").stdout


def test_own_rows_come_first(mesh):
    there(mesh, "apply", "--yes", "--no-run")
    assert "rows        deferred to dev" in there(mesh, "show", "shop.orders").stdout
    there(mesh, "run", "shop.totals")
    mesh.write("inbox/b.csv", "id,n\n5,100\n")
    there(mesh, "run", "shop.orders")
    assert rows(mesh, "select sum(n) as s from shop.orders") == [{"s": 106}]
    assert mesh.one("select sum(n) as s from shop.orders") == 6
    assert "1 published" in there(mesh, "run", "shop.totals").stdout
    assert rows(mesh, "select total from shop.totals") == [{"total": 106}]
    assert "deferred" not in there(mesh, "ls").stderr


def test_new_rows_of_the_other(mesh):
    there(mesh, "apply", "--yes", "shop.totals")
    mesh.write("inbox/b.csv", "id,n\n5,100\n")
    mesh.weft("run")
    assert "1 published" in there(mesh, "run", "shop.totals").stdout
    assert rows(mesh, "select total from shop.totals") == [{"total": 106}]


def behind(mesh):
    return {row["product"]: row["behind"]
            for row in json.loads(there(mesh, "status", "--json").stdout)}


def test_status_says_what_the_other_has_newer(mesh):
    there(mesh, "apply", "--yes", "shop.totals")
    assert behind(mesh)["shop.totals"] is None
    mesh.write("inbox/b.csv", "id,n\n5,100\n")
    mesh.weft("run", "shop.orders")
    assert behind(mesh)["shop.totals"] == "dev:shop.orders"
    there(mesh, "run", "shop.totals")
    assert behind(mesh)["shop.totals"] is None
    there(mesh, "apply", "--yes", "shop.orders")  # its own snapshot comes first now
    assert behind(mesh)["shop.totals"] == "shop.orders"
    there(mesh, "run", "shop.totals")
    assert behind(mesh)["shop.totals"] is None
    (mesh.root / ".weft/dev").rename(mesh.root / ".weft/gone")
    assert behind(mesh)["shop.totals"] is None


VISITS = """\
version: 1.0.0
input: {files: ../../../visits/*.csv}
schema:
  - {name: who, type: long, references: shop.orders.id}
  - {name: place, type: string}
"""


def test_references_are_looked_up_where_the_rows_are(mesh):
    """Of the other home while there are none here; of the major that the contract is pinned to."""
    mesh.product("visits", VISITS)
    mesh.write("visits/v.csv", "who,place\n1,a\n2,b\n3,c\n9,d\n")
    done = there(mesh, "apply", "--yes", "shop.visits")
    assert "4 read, 2 published, 2 quarantined" in done.stdout
    assert "shop.orders@1 is deferred to dev" in done.stdout + done.stderr
    assert rows(mesh, "select who from shop.visits order by who") == [{"who": 1}, {"who": 3}]
    tested = there(mesh, "test", "shop.visits")
    assert "shop.orders" not in tested.stderr
    # A snapshot of its own comes first.
    mesh.write("inbox/a.csv", "id,n\n2,2\n")
    there(mesh, "apply", "--yes", "shop.orders")
    there(mesh, "run", "shop.visits", "--rebuild")
    assert rows(mesh, "select who from shop.visits") == [{"who": 2}]


def test_references_go_by_the_pinned_major(mesh):
    mesh.product("visits", VISITS)
    mesh.write("visits/v.csv", "who,place\n1,a\n77,b\n")
    mesh.weft("apply", "--yes")
    assert mesh.one("select count(*) from shop.visits") == 1
    first = mesh.root / "domains/shop/orders/data_product.yaml"
    first.rename(first.with_name("data_product.v1.yaml"))
    mesh.product("orders", ORDERS.replace("1.0.0", "2.0.0").replace("inbox", "second"))
    mesh.write("second/a.csv", "id,n\n77,2\n")
    mesh.weft("apply", "--yes", "shop.orders")
    mesh.weft("run", "shop.visits", "--rebuild")
    assert mesh.one("select min(who) from shop.visits") == 1


def test_positions_of_read_new_name_the_home(mesh):
    mesh.product("orders", ORDERS.replace("inbox/*.csv}", "inbox/*.csv, read: new}"))
    mesh.product("copy", PORT)
    mesh.weft("apply", "--yes")
    there(mesh, "apply", "--yes", "shop.copy")
    mesh.write("inbox/b.csv", "id,n\n5,100\n")
    mesh.weft("run", "shop.orders")
    assert "1 read, 1 published" in there(mesh, "run", "shop.copy").stdout
    assert rows(mesh, "select count(*) as n from shop.copy") == [{"n": 3}]
    # Its own snapshot is another table: which rows are new cannot be told.
    there(mesh, "apply", "--yes", "shop.orders")
    error = there(mesh, "run", "shop.copy", status=1).stderr
    assert "which of its rows are new cannot be told" in error and "--rebuild" in error
    there(mesh, "run", "shop.copy", "--rebuild")
    assert rows(mesh, "select count(*) as n from shop.copy") == [{"n": 3}]


def test_another_checkout_reads_by_name(mesh, tmp_path):
    other = Mesh(tmp_path / "other" if (tmp_path / "other").mkdir() is None else None,
                 {"wide": "version: 1.0.0\nsql: select id, total from shop.orders, shop.totals\n"})
    other.write("weft.yaml", f"mesh: o\nenvironments:\n  dev: {{home: '{mesh.home}'}}\n"
                             "  try: {home: .weft/try, defer: dev}\n")
    (other.root / "domains/shop").rename(other.root / "domains/own")
    # What is read there is granted there.
    assert "no grant lets the domain own" in there(other, "plan", status=3).stdout
    mesh.product("orders", ORDERS + "access: {grant: [domain:own]}\n")
    mesh.product("totals", TOTALS + "access: {grant: [domain:own]}\n")
    mesh.weft("apply", "--yes")
    assert "2 fields: id, total" in there(other, "plan").stdout
    there(other, "apply", "--yes")
    assert rows(other, "select count(*) as n from own.wide") == [{"n": 2}]
    assert "own.wide" in there(other, "ls").stdout
    assert "--env dev" in there(other, "show", "shop.orders", status=1).stderr
    # Nothing of it is this checkout's to run, retire or drop.
    assert "retire" not in there(other, "plan").stdout.replace("0 to retire", "")
    there(other, "run", "shop.orders", status=1)
    there(other, "drop", "shop.orders", "--because", "x", "--yes", status=1)


def test_where_neither_has_it(mesh):
    mesh.product("late", ORDERS)
    mesh.product("uses", "version: 1.0.0\nsql: select id from shop.late\n")
    there(mesh, "apply", "--yes", "--no-run")
    error = there(mesh, "run", "shop.uses", status=1).stderr
    assert "which has no snapshot yet" in error
    assert "the environment `dev`, which is deferred to, has none either" in error


def test_without_the_other_home(mesh):
    (mesh.root / ".weft/dev").rename(mesh.root / ".weft/gone")
    there(mesh, "apply", "--yes", "--no-run")
    assert "has no snapshot yet" in there(mesh, "run", "shop.totals", status=1).stderr
    there(mesh, "ls")
    assert not (mesh.root / ".weft/dev").exists()


def test_as_of_reads_the_past_of_the_other(mesh):
    there(mesh, "apply", "--yes", "--no-run")
    first = json.loads(mesh.weft("show", "--json", "shop.orders").stdout)["snapshot_id"]
    mesh.write("inbox/b.csv", "id,n\n5,100\n")
    mesh.weft("run")
    assert rows(mesh, f"select sum(n) as s from shop.orders at (version => {first})") == [{"s": 6}]
    assert rows(mesh, "select sum(n) as s from shop.orders") == [{"s": 106}]


def as_nobody(mesh, *arguments):
    """Root may write everywhere; others may not."""
    command = [WEFT, *arguments]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *command]
    return subprocess.run(command, cwd=mesh.root, text=True, capture_output=True,
                          env=environment(HOME=str(mesh.root)))


def test_a_home_that_cannot_be_written(mesh):
    """Folder and files are closed for writing, and belong to somebody else when this is root."""
    for name in ("weft.db-shm", "weft.db-wal"):
        (mesh.home / name).unlink(missing_ok=True)
    place = mesh.root
    for above in [place, *place.parents]:
        if above == pathlib.Path("/"):
            break
        os.chmod(above, os.stat(above).st_mode | 0o055 if os.stat(above).st_uid == os.getuid()
                 else os.stat(above).st_mode)
    for path in [mesh.root / "domains", *(mesh.root / "domains").rglob("*")]:
        os.chmod(path, 0o755 if path.is_dir() else 0o644)
    os.chmod(mesh.root / "weft.yaml", 0o644)
    os.chmod(mesh.root / ".weft", 0o777)
    for path in [mesh.home, *mesh.home.rglob("*")]:
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    before = state_of(mesh.home)
    try:
        done = as_nobody(mesh, "apply", "--yes", "shop.totals", "--env", "try")
        assert done.returncode == 0, done.stderr
        assert "1 published" in done.stdout
        asked = as_nobody(mesh, "query", "--env", "try", "--json", "select n from shop.orders")
        assert [r["n"] for r in json.loads(asked.stdout)] == [2, 4], asked.stderr
        assert as_nobody(mesh, "status", "--env", "try").returncode == 0
        assert state_of(mesh.home) == before
        assert not (mesh.home / "weft.db-shm").exists()
    finally:
        for path in [mesh.home, *mesh.home.rglob("*")]:
            os.chmod(path, 0o755 if path.is_dir() else 0o644)
        os.chmod(mesh.home, 0o700)
    if os.getuid() != 0:
        mesh.weft("ls")


# ---- attacks: the other home is not as it was ----

def test_the_other_home_runs_meanwhile(mesh):
    """Each run reads one whole state of it, whichever; none fails."""
    there(mesh, "apply", "--yes", "--no-run")
    ended = threading.Event()

    def others():
        for i in range(10):
            mesh.write(f"inbox/c{i}.csv", f"id,n\n{100 + i},1\n")
            mesh.weft("run", "shop.orders")
        ended.set()

    thread = threading.Thread(target=others)
    thread.start()
    totals = []
    try:
        while not ended.is_set() and thread.is_alive():
            there(mesh, "run", "shop.totals")
            totals += [row["total"] for row in rows(mesh, "select total from shop.totals")]
    finally:
        thread.join()
    there(mesh, "run", "shop.totals")
    totals += [row["total"] for row in rows(mesh, "select total from shop.totals")]
    assert totals == sorted(totals) and totals[-1] == 16 and set(totals) <= set(range(6, 17))


def test_the_other_home_goes_while_it_is_read(mesh):
    there(mesh, "apply", "--yes", "--no-run")
    process = mesh.start("run", "shop.totals", "--env", "try", env=freeze("run.read"))
    try:
        worker = frozen_worker(process)
        mesh.home.rename(mesh.root / ".weft/moved")
        os.kill(worker, signal.SIGCONT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    if process.returncode != 0:  # else it had opened all it needs
        assert "nothing published" in out and "error: shop.totals" in err
    assert not mesh.home.exists()  # it is not made anew
    (mesh.root / ".weft/moved").rename(mesh.home)
    there(mesh, "run", "shop.totals")
    assert rows(mesh, "select total from shop.totals") == [{"total": 6}]


def test_the_other_home_drops_what_is_read(mesh):
    there(mesh, "apply", "--yes", "--no-run")
    mesh.weft("drop", "shop.totals", "--because", "x", "--yes")
    mesh.weft("drop", "shop.orders", "--because", "x", "--yes")
    before = state_of(mesh.home)
    error = there(mesh, "run", "shop.totals", status=1).stderr
    assert "the environment `dev`, which is deferred to, has none either" in error
    assert state_of(mesh.home) == before


def newer(home):
    (home / "format").write_text("99\n")


def damaged(home):
    (home / "weft.db").write_bytes(b"garbage " * 1000)


def elsewhere(home):
    (home / "weft.db").unlink()
    (home / "weft.db").symlink_to("/etc/passwd")


@pytest.mark.parametrize("change,says", [(newer, "has format 99; this weft knows up to"),
                                         (damaged, "is damaged"), (elsewhere, "is damaged")])
def test_the_other_home_cannot_be_read(mesh, change, says):
    there(mesh, "apply", "--yes", "--no-run")
    change(mesh.home)
    before = state_of(mesh.home)
    for words in (["run", "shop.totals"], ["status"], ["query", "select n from shop.orders"]):
        error = there(mesh, *words, status=1).stderr
        assert "the environment `dev`, which is deferred to" in error and says in error
    assert state_of(mesh.home) == before
