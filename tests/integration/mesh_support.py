"""A small mesh made in a test's own folder, and short ways to ask it."""
import json
import os
import re
import subprocess

BIN = os.environ["WEFT_BIN"]
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith("WEFT_") and name not in ("NO_COLOR", "COLUMNS")}
OWNER = "owner: team@example.org\nversion: 1.0.0\n"


OPEN = "policies/between_domains.yaml"
EVERYONE = "access: {grant: [everyone]}\n"


def between_domains(folder):
    """A grant to all domains of a checkout where one of them reads another: for tests that are
    about something else."""
    texts = {}
    for path in sorted(folder.glob("domains/*/**/*")):
        if path.suffix in (".yaml", ".sql") and path.is_file():
            domain = path.relative_to(folder).parts[1]
            texts[domain] = texts.get(domain, "") + path.read_bytes().decode(errors="replace")
    names = re.compile(r"\b([a-z][a-z0-9_]*)\.[a-z]")
    if any(set(names.findall(text)) & set(texts) - {domain} for domain, text in texts.items()):
        file = folder / OPEN
        file.parent.mkdir(exist_ok=True)
        domains = ", ".join(f"domain:{domain}" for domain in texts)
        file.write_text(f"kind: grant\nname: between_domains\nto: [{domains}]\nread: ['*']\n")


class Mesh:
    def __init__(self, folder, text="mesh: small\n", open="policy"):
        """open: what lets its domains read one another. "policy": a file in policies/; "access": a
        last line in each product's own file, for tests that choose products or have no say in
        policies; None: nothing."""
        self.folder = folder
        self.open = open
        folder.mkdir(parents=True, exist_ok=True)
        self.write("weft.yaml", text)

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.open == "access" and file.name.startswith("data_product"):
            text += EVERYONE
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if self.open == "policy" and str(path).startswith("domains/"):
            between_domains(self.folder)
        return file

    def product(self, text, name="p", domain="d", head=OWNER):
        return self.write(f"domains/{domain}/{name}/data_product.yaml", head + text)

    def __call__(self, *words, status=0, env=None, **more):
        if "input" not in more:
            more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([BIN, *map(str, words)], cwd=self.folder, capture_output=True,
                              text=True, env={**CLEAN, **(env or {})}, **more)
        if status is not None:
            assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, **more):
        return json.loads(self(*words, "--json", **more).stdout)

    def sql(self, text, *words, **more):
        """Rows as tuples, by way of JSON."""
        return [tuple(row.values()) for row in self.json("query", text, *words, **more)]

    def apply(self, *words, **more):
        return self("apply", "--yes", *words, **more)

    def load(self, text, product="d.p", **more):
        return self("load", product, "-", input=text, **more)

    def checks(self):
        """{rule: (passed, failing, total)} of the newest run."""
        return {row[0]: row[1:] for row in self.sql(
            "select rule, passed, failing, total from mesh.checks where run_id = "
            "(select run_id from mesh.runs order by started_at desc limit 1)")}

    def last_run(self):
        return self.json("query", "select * from mesh.runs order by started_at desc limit 1")[0]


def places(text):
    """file:line:column of every mistake told."""
    return re.findall(r"^([\w./]+:\d+:\d+): (.*)$", text, re.M)
