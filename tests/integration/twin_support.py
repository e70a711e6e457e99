"""Twin worlds: two meshes with the same visible part. In the one there is more, which the personas
may not know of: products (private, renamed, dropped, failing), columns, rows, people, policies,
requests. Whatever a persona asks, both must answer alike, byte for byte: output, errors, exit
status. Ids, times and the folder's name are put as the n-th of their kind first.

    twins = Twins(tmp_path)
    twins.same("ls", "--json", who="ann")      # asserts; gives the answer of both, made alike
"""
import json
import os
import re
import subprocess

from mesh_support import BIN, CLEAN, Mesh

ORDERS = """input: {files: ../../../in/orders.csv, format: csv}
tags: [sales]
schema:
  - {name: id, type: long, required: true}
  - {name: amount, type: int}
key: id
"""
PEOPLE = """description: Who buys.
input: {files: ../../../in/people.csv, format: csv}
schema:
  - {name: id, type: long, required: true}
%s  - {name: name, type: string, classification: pii.name}
  - {name: state, type: string}
key: id
"""
REPORT = """sql: select o.id, o.amount, %s as grade from shop.orders o
schema: [{name: id, type: long}, {name: amount, type: int}, {name: grade, type: string}]
key: id
"""
CLOSED = """description: Everybody may find it.
input: {files: ../../../in/orders.csv, format: csv}
schema: [{name: id, type: long}, {name: amount, type: int}%s]
"""
ASSAYS = """inputs:
  own:
    files: ../../../in/assays.csv
    format: csv
    schema: [{name: id, type: long}, {name: value, type: int}]
sql: select a.id, a.value, o.amount from own a left join shop.orders o on o.id = a.id
schema: [{name: id, type: long}, {name: value, type: int}, {name: amount, type: int}]
key: id
"""
SECRET = """discoverable: private
input: {files: ../../../in/secret.csv, format: csv}
schema: [{name: id, type: long, required: true}, {name: grade, type: string}]
key: id
"""
DERIVED = """discoverable: private
sql: select id, grade from hr.secret
schema: [{name: id, type: long}, {name: grade, type: string}]
"""
BLOCKED = """discoverable: private
input: {files: ../../../in/secret.csv, format: csv}
schema: [{name: id, type: long}, {name: grade, type: string}]
quality: {checks: [{name: none_at_all, condition: id > 5, on_fail: block}]}
"""
GRANTS = """kind: grant
name: ann_reads_shop
to: [user:ann, service:dash]
read: [shop.orders, shop.report]
---
kind: grant
name: rob_reads_people
to: [user:rob]
read: [shop.people]
---
kind: restrict
name: own_state
on: [shop.people]
rows: state = principal.state
except: [group:records]
---
kind: grant
name: lab_reads_orders
to: [domain:lab]
read: [shop.orders]
"""
MORE_GRANTS = """---
kind: restrict
name: numbers
on: ["classification:pii.number"]
treat: hide
except: [group:records]
---
kind: grant
name: shop_reads_secret
to: [domain:shop, group:records]
read: [hr.secret]
because: Grades are shown in hr.secret alone.
---
kind: restrict
name: secret_rows
on: [hr.*]
rows: grade = 'a'
except: [domain:shop]
"""
# How each of them asks. The team of the domain lab reads nothing that may not be known to it.
PERSONAS = {"eve": ("--as", "user:eve"), "ann": ("--as", "user:ann"), "rob": ("--as", "user:rob"),
            "tom": ("--as", "user:tom"), "dash": ()}
TABLES = ("products", "columns", "snapshots", "runs", "checks", "inputs", "run_inputs", "lineage",
          "principals", "requests", "grants", "audit")
# What nobody of them may ever be told.
SECRETS = ("hr.", "secret", "payroll", "wages", "gone", "blocked", "none_at_all", "ssn", "Quebec",
           "zoe", "numbers")

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
SNAPSHOT = re.compile(r"\b\d{15,19}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00(:00)?)?")
HASH = re.compile(r"\b[0-9a-f]{64}\b")


class Twins:
    """`a` has what is hidden, `b` does not."""

    def __init__(self, folder):
        self.keys = {}
        self.a = self._mesh(folder / "world1", True)
        self.b = self._mesh(folder / "world2", False)

    def _mesh(self, folder, more):
        mesh = Mesh(folder, "mesh: twin\n")
        mesh.write("in/orders.csv", "id,amount\n1,10\n2,20\n3,x\n4,40\n")
        rows = [(1, "Ann Lee", "California"), (2, "Bo Roy", "Oregon"), (3, "Cy Oz", "California")]
        if more:
            rows += [(4, "Di Poe", "Quebec"), (5, "Ed Roe", "Quebec")]
        head, cells = ("id,ssn,name,state\n", "%d,1-2-3,%s,%s\n") if more else \
                      ("id,name,state\n", "%d,%s,%s\n")
        mesh.write("in/people.csv", head + "".join(cells % row for row in rows))
        mesh.write("in/assays.csv", "id,value\n1,5\n2,y\n3,7\n")
        mesh.product(ORDERS, "orders", "shop")
        mesh.product(PEOPLE % ("  - {name: ssn, type: string, classification: pii.number}\n"
                               if more else ""), "people", "shop")
        mesh.product(REPORT % ("(select max(grade) from hr.secret)" if more else "'a'"), "report",
                     "shop")
        mesh.product(CLOSED % (", {name: ssn, type: string, classification: pii.number}"
                               if more else ""), "closed", "shop")
        if more:
            mesh.write("domains/shop/closed/data_product.yaml",
                       (mesh.folder / "domains/shop/closed/data_product.yaml").read_text()
                       .replace("orders.csv", "closed.csv"))
            mesh.write("in/closed.csv", "id,amount,ssn\n1,10,1-2\n")
        mesh.product(ASSAYS, "assays", "lab")
        mesh.write("domains/shop/domain.yaml", "owner: s@x.org\nmembers: [group:records]\n")
        mesh.write("domains/lab/domain.yaml", "owner: l@x.org\nmembers: [user:tom, user:tim]\n")
        mesh.write("policies/all.yaml", GRANTS + (MORE_GRANTS if more else ""))
        if more:
            self._hidden_files(mesh)
        mesh("apply", "--yes", "--no-run")
        for product in ("shop.orders", "shop.people", "shop.closed"):
            mesh("run", product, status=None)
        if more:
            self._hidden_life(mesh)
        mesh("run", "shop.report")
        mesh("run", "lab.assays")
        self._people(mesh, more)
        return mesh

    @staticmethod
    def _hidden_files(mesh):
        mesh.write("in/secret.csv", "id,grade\n1,a\n2,b\nx,c\n")
        mesh.product(SECRET, "secret", "hr")
        mesh.product(DERIVED, "wages", "hr")
        mesh.product(SECRET, "gone", "hr")
        mesh.product(BLOCKED, "blocked", "hr")
        mesh.write("domains/hr/domain.yaml", "owner: h@x.org\nmembers: [user:zoe]\n")

    @staticmethod
    def _hidden_life(mesh):
        """Runs that end in every way; another major, another name; one that is dropped."""
        for product in ("hr.secret", "hr.gone", "hr.wages"):
            mesh("run", product)
        mesh("run", "hr.blocked", status=None)
        (mesh.folder / "domains/hr/wages").rename(mesh.folder / "domains/hr/payroll")
        file = mesh.folder / "domains/hr/payroll/data_product.yaml"
        file.write_text("was: hr.wages\n" + file.read_text())
        (mesh.folder / "domains/hr/gone/data_product.yaml").unlink()
        mesh("apply", "--yes", "--no-run")
        mesh("drop", "hr.gone", "--because", "not needed", "--yes", status=None)
        mesh.product(SECRET, "secret", "hr", head="owner: h@x.org\nversion: 2.0.0\n")
        mesh("apply", "--yes", "--no-run", status=None)
        mesh("run", "hr.payroll")

    def _people(self, mesh, more):
        mesh("group", "add", "records")
        for name in ("eve", "ann", "tom", "tim"):
            mesh("user", "add", name)
        mesh("user", "add", "rob", "--set", "state=California")
        mesh("service", "add", "dash")
        mesh("request", "shop.closed", "--because", "a study", "--as", "user:eve")
        mesh("request", "shop.people", "--because", "a list", "--as", "user:ann")
        self.keys[mesh] = mesh.json("key", "add", "service:dash", "--product", "shop.orders")["key"]
        if more:
            mesh("user", "add", "zoe", "--group", "records")
            mesh("request", "hr.secret", "--because", "of hr", "--as", "user:zoe", status=None)
            mesh("request", "shop.closed", "--because", "of zoe", "--as", "user:zoe")

    def ask(self, mesh, *words, who=None, env=None):
        """(exit status, output, errors) as they are."""
        env = dict(env or {})
        if who == "dash":
            env["WEFT_KEY"] = self.keys[mesh]
        done = subprocess.run([BIN, *words, *(PERSONAS[who] if who else ())], cwd=mesh.folder,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**CLEAN, **env})
        return done.returncode, done.stdout, done.stderr

    def same(self, *words, who, env=None, keep=None, cut=None, status=None):
        """What both said, made alike. keep(rows): of JSON, what is to be compared; cut: what is not
        of each line, as a pattern."""
        said = []
        for mesh in (self.a, self.b):
            code, out, told = self.ask(mesh, *words, who=who, env=env)
            if keep is not None and code == 0:
                out = json.dumps(keep(json.loads(out)), indent=1)
            if cut is not None:
                out = re.sub(cut, "", out, flags=re.M)
            said.append((code, alike(out, mesh.folder), alike(told, mesh.folder)))
        assert said[0] == said[1], (who, words)
        assert status is None or said[0][0] == status, (who, words, said[0])
        for text in said[0][1:]:
            for secret in SECRETS:
                assert secret not in text or any(secret in word for word in words), (secret, text)
        return said[0]


def alike(text, folder):
    """Without what is another one each time."""
    text = text.replace(str(folder), "<folder>").replace(os.path.realpath(folder), "<folder>")
    for name, pattern in (("run", UUID), ("hash", HASH), ("snapshot", SNAPSHOT)):
        seen = {}
        text = pattern.sub(lambda m, s=seen, n=name: s.setdefault(m[0], f"<{n} {len(s) + 1}>"),
                           text)
    text = TIME.sub("<time>", text)
    return re.sub(r"[ ─-]{2,}", " ", text)
