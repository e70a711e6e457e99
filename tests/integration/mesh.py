"""A checkout with its home, and weft run in it as a person would: what the tests of endurance
(test_kill, test_faults, test_bad_files, test_concurrency) share."""
import json
import os
import pathlib
import re
import subprocess

from patience import PATIENCE

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEFT = os.environ.get("WEFT_BIN", "")
LONG = os.environ.get("WEFT_LONG", "") not in ("", "0")

ORDERS = """\
version: 1.0.0
input:
  files: ../../../inbox/orders*
  format: csv
  read: new
  done: ../../../done
schema:
  - {name: tag, type: long, required: true}
  - {name: id, type: string, required: true}
  - {name: amount, type: long, required: true, min: 0}
key: [id]
"""


def environment(**more):
    """The caller's, without what would steer weft by accident."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith("WEFT_") or k in ("WEFT_COVID_DATA",)}
    return {**kept, **{k: v for k, v in more.items() if v is not None}}


class Failed(AssertionError):
    """A command ended otherwise than it had to."""


class Mesh:
    def __init__(self, root, products=None, settings=""):
        self.root = pathlib.Path(root)
        self.home = self.root / ".weft" / "dev"
        self.write("weft.yaml", "mesh: test\n" + settings)
        self.write("domains/shop/domain.yaml", "owner: shop@example.org\n")
        (self.root / "inbox").mkdir(exist_ok=True)
        for name, text in (products or {}).items():
            self.product(name, text)

    def write(self, path, data):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name("." + path.name + ".part")
        part.write_bytes(data if isinstance(data, bytes) else data.encode())
        part.rename(path)  # a new file at once: nobody reads a half of it
        return path

    def product(self, name, text):
        return self.write(f"domains/shop/{name}/data_product.yaml", text)

    def start(self, *arguments, env=None, **more):
        options = dict(cwd=self.root, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=environment(**(env or {})))
        options.update(more)
        return subprocess.Popen([WEFT, *map(str, arguments)], **options)

    def weft(self, *arguments, status=0, env=None, timeout=PATIENCE, **more):
        """Runs to the end; status None = any, else one number or several."""
        if "input" in more:
            more["stdin"] = subprocess.PIPE
        data = more.pop("input", None)
        process = self.start(*arguments, env=env, **more)
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failed(f"weft {arguments} took more than {timeout} s\n{out}\n{err}") from None
        done = subprocess.CompletedProcess(arguments, process.returncode, out, err)
        wanted = (status,) if isinstance(status, int) else status
        if wanted is not None and done.returncode not in wanted:
            raise Failed(f"weft {' '.join(map(str, arguments))}: status {done.returncode}, not "
                         f"{wanted}\n--- out\n{out[-3000:]}\n--- err\n{err[-3000:]}")
        return done

    def query(self, sql, **more):
        return json.loads(self.weft("query", "--json", sql, **more).stdout)

    def one(self, sql, **more):
        rows = self.query(sql, **more)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return next(iter(rows[0].values()))

    def count(self, table):
        return self.one(f"select count(*) as n from {table}")

    def verify(self):
        self.weft("ledger", "verify")

    def doctor(self):
        self.weft("ledger", "rebuild", "--check")
        self.weft("doctor")

    def files(self, space, product=""):
        """Data files of the lake or the quarantine: paths relative to the home."""
        return sorted(str(p.relative_to(self.home))
                      for p in (self.home / space).glob(f"**/{product}*/data/*"))


RUN_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def strays(mesh, product):
    """Files of a product's folders that no published run wrote."""
    rows = mesh.query("select distinct run_id as r, state as s from mesh.runs "
                      f"where product = '{product}'")
    known = {row["r"] for row in rows if row["s"] == "published"}
    domain, name = product.split(".")
    found = []
    for space in ("lake", "quarantine"):
        for path in (mesh.home / space / domain).glob(f"{name}__v*/*/*"):
            ids = RUN_ID.findall(path.name)
            if not ids or ids[0] not in known:
                found.append(str(path))
    return found


def fault_points():
    """All named points of the sources, but the one that only makes a home look remote."""
    call = re.compile(r'\b(?:\w*point|write_file)\((?:[^()";]*,\s*)?"([a-z_]+\.[a-z_]+)"', re.S)
    points = set()
    for path in (ROOT / "src").glob("*/*.c"):
        if not path.stem.endswith(("_test", "_fuzz", "_test_support")):
            points |= set(call.findall(path.read_text()))
    return points - {"home.network"}
