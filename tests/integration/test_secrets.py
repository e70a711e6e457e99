"""Connections and their secrets: tried by doctor, used by inputs, and shown nowhere."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import socket
import threading
import time

import pytest

import postgres
from mesh import Mesh, environment
from patience import PATIENCE, wait_for

ENV = "S3cr3t-of-env-91a7"
FILE = "S3cr3t-of-file-52c0"
COMMAND = "S3cr3t-of-command-0e44"
PG = "S3cr3t-of-postgres-7b18"
ACCESS = "AKIAS3CRETACCESS0001"
SIGN = "S3cr3t-of-signing-3d6f"
IN_URL = "S3cr3t-in-a-url-66fa"
ALL = [ENV, FILE, COMMAND, PG, SIGN, IN_URL]
PRODUCT = """\
version: 1.0.0
inputs:
  p: {{connection: {0}, files: {1}}}
schema:
  - {{name: id, type: long}}
"""


class Site(http.server.ThreadingHTTPServer):
    """Rows for who has a secret; answers that hold all they were sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)
        self.asked = []
        self.hold = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def signed(self):
        """As object storage checks it: the signature is made again."""
        date = self.headers["x-amz-date"]
        names = "host;x-amz-content-sha256;x-amz-date"
        lines = "".join(f"{n}:{self.headers[n]}\n" for n in names.split(";"))
        empty = hashlib.sha256(b"").hexdigest()
        whole = f"{self.command}\n{self.path}\n\n{lines}\n{names}\n{empty}"
        scope = f"{date[:8]}/eu-west-3/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(whole.encode()).hexdigest()}"
        key = ("AWS4" + SIGN).encode()
        for part in (date[:8], "eu-west-3", "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        given = self.headers["Authorization"]
        return f"Credential={ACCESS}/{scope}," in given and given.endswith("Signature=" + right)

    def do_GET(self):
        site, who = self.server, self.headers.get("Authorization", "")
        site.asked.append((self.path, who, self.headers.get("X-Api-Key", "")))
        if who.startswith("AWS4"):
            known = self.path in ("/", "/data-products")
            return self.answer(404 if not known else 200 if self.signed() else 403)
        echo = f"you are {who} {self.headers.get('X-Api-Key')}".encode()
        if self.path.startswith("/boom"):
            return self.answer(500, echo, Server=who, ETag=f'"{who}"')
        if self.path.startswith("/away"):
            return self.answer(302, echo, Location=f"https://elsewhere.example/{who[7:]}")
        good = who in (f"Bearer {ENV}", f"Bearer {COMMAND}",
                       "Basic " + base64.b64encode(f"joe:{FILE}".encode()).decode())
        if not good and self.headers.get("X-Api-Key") != FILE:
            return self.answer(401, echo, **{"WWW-Authenticate": f'Basic realm="{who}"'})
        if site.hold is not None:
            site.hold.wait(20)
        if self.path.startswith("/bad"):
            return self.answer(200, b"id\n1\nnot-a-number\n")
        self.answer(200, b"id\n1\n2\n", ETag=f'"{who}"', Server=who)

    do_HEAD = do_GET


@pytest.fixture
def site():
    site = Site()
    yield site
    if site.hold is not None:
        site.hold.set()
    site.shutdown()
    site.server_close()


@pytest.fixture
def mesh(tmp_path, site):
    mesh = Mesh(tmp_path)
    mesh.write("secret.txt", FILE + "\n")
    (mesh.root / "secret.txt").chmod(0o600)
    mesh.write("weft.yaml", f"""\
mesh: test
settings: {{http_private: true, http_connect_timeout: 2s, http_timeout: 20s}}
connections:
  web: {{http: "{site.url('/base/')}", token: {{env: WEB_TOKEN}}}}
  key: {{http: "{site.url()}", header: X-Api-Key, token: {{file: secret.txt}}}}
  joe: {{http: "{site.url()}", user: joe, password: {{file: secret.txt}}}}
  cmd: {{http: "{site.url()}", token: {{command: "echo {COMMAND}; echo {COMMAND} >&2"}}}}
""")
    return mesh


def secrets(**more):
    return {"WEB_TOKEN": ENV, "PG_PASSWORD": PG, "S3_ACCESS": ACCESS, "S3_SECRET": SIGN, **more}


def findings(mesh, status=0, **more):
    out = mesh.weft("doctor", "--json", status=status, env=secrets(**more)).stdout
    return {f["check"]: f for f in json.loads(out)}


# ---- inputs behind a secret ----

@pytest.mark.parametrize("connection", ["web", "key", "joe", "cmd"])
def test_files_behind_a_secret_are_read(mesh, site, connection):
    mesh.product("people", PRODUCT.format(connection, "people.csv"))
    assert f"reads people.csv over {connection}" in mesh.weft("plan").stdout
    mesh.weft("apply", "--yes", env=secrets())
    assert mesh.count("shop.people") == 2
    path = "/base/people.csv" if connection == "web" else "/people.csv"
    assert {a[0] for a in site.asked} == {path}
    assert f"over {connection}" in mesh.weft("show", "shop.people").stdout
    source = mesh.query("select source from mesh.inputs")[0]["source"]
    assert source == f"{connection}: people.csv"
    assert "nothing new" in mesh.weft("run", env=secrets()).stdout


def test_a_new_secret_needs_no_new_contract(mesh, site):
    mesh.product("people", PRODUCT.format("web", "people.csv"))
    mesh.weft("apply", "--yes", status=1)
    mesh.weft("apply", "--yes", status=1, env=secrets(WEB_TOKEN="old-one-of-before"))
    mesh.weft("run", env=secrets())
    assert mesh.count("shop.people") == 2
    assert "Nothing to change" in mesh.weft("plan").stdout


def test_what_is_wrong_is_said(mesh, site):
    mesh.product("people", PRODUCT.format("web", "people.csv"))
    error = mesh.weft("apply", "--yes", status=1).stderr
    assert "the token of `web`: the environment variable WEB_TOKEN is not set" in error
    error = mesh.weft("run", status=1, env=secrets(WEB_TOKEN="wrong-one-here")).stderr
    assert "HTTP 401" in error and "weft doctor" in error
    (mesh.root / "secret.txt").unlink()
    mesh.product("people", PRODUCT.format("key", "people.csv"))
    error = mesh.weft("apply", "--yes", status=1).stderr
    assert "the token of `key`: there is no file" in error
    mesh.write("weft.yaml", (mesh.root / "weft.yaml").read_text().replace(
        "http_private: true", "http_private: false"))
    error = mesh.weft("run", status=1, env=secrets()).stderr
    assert "over http://, where everybody" in error and site.asked[-1][0] == "/base/people.csv"


@pytest.mark.parametrize("input,says", [
    ("{connection: web}", "does not say which files of `web`"),
    ("{connection: wbe, files: a.csv}", "which weft.yaml does not have"),
    ("{connection: db, files: a.csv}", "a database: not yet"),
    ("{connection: db}", "not yet"),
    ("{connection: web, files: 'https://x/a.csv'}", "relative to the URL"),
    ("{connection: web, files: '../a.csv'}", "leaves the URL"),
    ("{connection: web, files: '*.csv'}", "nothing tells which files"),
    ("{connection: web, files: 'a b.csv'}", "a character that a URL"),
    ("{connection: web, files: a.csv, read: new, done: d}", "a URL does not allow"),
    ("{connection: web, product: shop.x}", "reads a product, and something else"),
])
def test_inputs_that_cannot_be(mesh, input, says):
    mesh.write("weft.yaml", (mesh.root / "weft.yaml").read_text()
               + "  db: {postgres: 'host=db dbname=x'}\n")
    mesh.product("people", f"version: 1.0.0\ninputs: {{p: {input}}}\n"
                           "schema: [{name: id, type: long}]\n")
    out = mesh.weft("apply", "--yes", "--no-run", status=1)
    assert says in out.stderr + out.stdout
    assert "data_product.yaml:2:" in out.stderr + out.stdout


# ---- doctor ----

def test_doctor_tries_each(mesh, site):
    mesh.weft("apply", "--yes")
    found = findings(mesh)
    for name in ("web", "key", "joe", "cmd"):
        assert found[f"http {name}"]["ok"] and "HTTP 200" in found[f"http {name}"]["finding"]
        assert " ms" in found[f"http {name}"]["finding"]
    (mesh.root / "secret.txt").chmod(0o644)
    found = findings(mesh, status=1, WEB_TOKEN="wrong-one-here")
    assert not found["http web"]["ok"] and "HTTP 401" in found["http web"]["finding"]
    assert found["http key"]["ok"] and "chmod 600" in found["http key"]["finding"]
    people = mesh.weft("doctor", env=secrets()).stdout
    assert "http web" in people and ENV not in people


def test_doctor_tries_object_storage(mesh, site):
    mesh.write("weft.yaml", f"""\
mesh: test
environments:
  dev: {{buckets: {{data-products: {{endpoint: "{site.url()}", connection: lake}},
                  nowhere: {{endpoint: "{site.url()}", connection: lake}}}}}}
  prod: {{home: x, buckets: {{b: {{endpoint: "{site.url()}", connection: other}}}}}}
connections:
  lake: {{s3: "{site.url()}", region: eu-west-3, access_key: {{env: S3_ACCESS}},
         secret_key: {{env: S3_SECRET}}}}
  list: {{s3: "{site.url()}", region: eu-west-3, access_key: {{env: S3_ACCESS}},
         secret_key: {{env: S3_SECRET}}}}
  other: {{s3: "{site.url()}", access_key: {{env: NONE}}, secret_key: {{env: NONE}}}}
""")
    mesh.weft("apply", "--yes")
    found = findings(mesh, status=1)
    assert found["s3 lake, bucket data-products"]["ok"]
    assert "no bucket `nowhere`" in found["s3 lake, bucket nowhere"]["finding"]
    assert found["s3 list"]["ok"]
    assert not any("other" in check for check in found)  # only prod's bucket names it
    found = findings(mesh, status=1, S3_SECRET="wrong-one-here")
    assert "HTTP 403" in found["s3 list"]["finding"]
    assert not any(SIGN in str(a) for a in site.asked)


@pytest.mark.skipif(not postgres.is_there(), reason="no PostgreSQL on this machine")
def test_doctor_tries_postgres(mesh, tmp_path):
    server = postgres.Postgres(tmp_path / "pg", PG)
    try:
        place = f"host=127.0.0.1 port={server.port} user=weft"
        mesh.write("weft.yaml", f"""\
mesh: test
connections:
  erp: {{postgres: "{place} dbname=postgres", password: {{env: PG_PASSWORD}}}}
  url: {{postgres: "postgresql://weft@127.0.0.1:{server.port}/postgres",
        password: {{command: "printf %s {PG}"}}}}
  no_base: {{postgres: "{place} dbname=nowhere", password: {{env: PG_PASSWORD}}}}
  no_word: {{postgres: "{place} dbname=postgres"}}
""")
        mesh.weft("apply", "--yes")
        found = findings(mesh, status=1)
        assert found["postgres erp"]["ok"], found
        assert "PostgreSQL 1" in found["postgres erp"]["finding"]
        assert "without TLS" in found["postgres erp"]["finding"]
        assert found["postgres url"]["ok"]
        assert 'database "nowhere" does not exist' in found["postgres no_base"]["finding"]
        assert "password: {env: NAME}" in found["postgres no_word"]["finding"]
        found = findings(mesh, status=1, PG_PASSWORD="wrong-one-here")
        assert "password authentication failed" in found["postgres erp"]["finding"]
        assert "the right one for this user" in found["postgres erp"]["finding"]
        assert "statement: select 1" in server.log() and PG not in server.log()
    finally:
        server.stop()
    assert not findings(mesh, status=1)["postgres erp"]["ok"]


def test_doctor_on_commands_and_files_that_are_odd(mesh):
    """Each is told for what it is, in a finding of its own; none shows what it said."""
    mesh.write("said", COMMAND + "\n")
    os.mkfifo(mesh.root / "pipe")
    (mesh.root / "loop").symlink_to("loop")
    much = r'head -c 3000000 /dev/zero | tr "\0" x'
    cases = {
        "much": ("command", much, "printed more than"),
        "noise": ("command", f"cat said; {much} >&2", "cannot connect"),
        "zero": ("command", r'printf "a\0b"', "holds a zero byte"),
        "line": ("command", r'printf "\n"', "is empty"),
        "none": ("command", "true", "is empty"),
        "input": ("command", "cat", "is empty"),
        "two": ("command", "cat said; echo second", "cannot stand in a header"),
        "inject": ("command", r'printf "a\r\nX-Evil: 1"', "cannot stand in a header"),
        "bytes": ("command", r'printf "\377\376"', "cannot stand in a header"),
        "status": ("command", "cat said; exit 3", "ended with status 3"),
        "killed": ("command", "cat said; kill -9 $$", "ended by signal 9"),
        "nowhere": ("command", "/no/such/program", "ended with status 127"),
        "folder": ("file", ".", "is no regular file"),
        "pipe": ("file", "pipe", "is no regular file"),
        "device": ("file", "/dev/zero", "is no regular file"),
        "circle": ("file", "loop", "there is no file"),
    }
    mesh.write("weft.yaml", "mesh: test\nsettings: {http_private: true}\nconnections:\n" + "".join(
        f"  {name}: {{http: 'http://127.0.0.1:1/', token: {{{kind}: {json.dumps(text)}}}}}\n"
        for name, (kind, text, _) in cases.items()))
    mesh.weft("apply", "--yes")
    out = mesh.weft("doctor", "--json", status=1).stdout
    found = {f["check"]: f for f in json.loads(out)}
    for name, (_, _, says) in cases.items():
        assert says in found[f"http {name}"]["finding"] and not found[f"http {name}"]["ok"]
    assert COMMAND not in out


def test_doctor_waits_for_nobody(mesh, tmp_path):
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mesh.write("weft.yaml", f"""\
mesh: test
settings: {{http_connect_timeout: 1s, http_private: true}}
connections:
  erp: {{postgres: "host=127.0.0.1 port={mute.getsockname()[1]} dbname=x"}}
  web: {{http: "http://127.0.0.1:{mute.getsockname()[1]}"}}
  slow: {{http: "http://127.0.0.1:1", token: {{command: "exit 7"}}}}
  bad: {{postgres: "host=no-such-host.invalid dbname=x"}}
""")
        mesh.weft("apply", "--yes")
        found = findings(mesh, status=1)
    assert "in time" in found["postgres erp"]["finding"]
    assert not found["http web"]["ok"]
    assert "ended with status 7" in found["http slow"]["finding"]
    assert "host's name" in found["postgres bad"]["finding"]


# ---- what may not stand in files ----

@pytest.mark.parametrize("connection,says", [
    ("{postgres: 'host=db password=%s'}", "a password does not stand in weft.yaml"),
    ("{postgres: 'postgresql://u:%s@db/x'}", "a password does not stand in weft.yaml"),
    ("{http: 'https://u:%s@example.org'}", "holds no user and no password"),
    ("{http: 'https://example.org', token: %s}", "`token` cannot be a value"),
    ("{http: 'https://example.org', token: {env: '%s x'}}", "not its value"),
    ("{http: 'https://example.org', token: {value: %s}}", "`value` is not a key"),
    ("{http: 'https://example.org/?key=%s'}", "ends before `?`"),
    ("{s3: 'https://u:%s@example.org', access_key: {env: A}, secret_key: {env: B}}",
     "holds no user and no password"),
    ("{http: 'https://example.org', token: {env: A}, password: {env: B}}", "both a token and"),
    ("{http: 'https://example.org', password: {env: B}}", "a password and no user"),
    ("{http: 'https://example.org', token: {env: A, file: B}}", "one of env, file, command"),
    ("{http: 'https://example.org', token: {env: A}, header: 'X: y'}", "not the name of a header"),
    ("{s3: 'https://example.org'}", "needs an access_key and a secret_key"),
    ("{http: 'ftp://example.org'}", "is no URL that can be fetched"),
    ("{postgres: 'x=y', s3: 'https://x'}", "more than one thing"),
    ("{user: x}", "does not say what it is"),
    ("{postgres: 'host=db', token: {env: A}}", "not for a connection of the kind postgres"),
])
def test_mistakes_do_not_show_what_is_written(mesh, connection, says):
    text = connection.replace("%s", IN_URL)
    mesh.write("weft.yaml", f"mesh: test\nconnections:\n  c: {text}\n")
    for command in (["validate"], ["plan"], ["apply", "--yes"]):
        done = mesh.weft(*command, status=1)
        assert says in done.stderr and "weft.yaml:3:" in done.stderr
        assert IN_URL not in done.stderr + done.stdout


@pytest.mark.parametrize("files", ["https://u:%s@example.org/a.csv", "ftp://u:%s@example.org/a.csv",
                                   "s3://u:%s@bucket/a.csv"])
def test_a_login_in_a_product_file(mesh, files):
    mesh.product("people", f"version: 1.0.0\ninput: {{files: '{files.replace('%s', IN_URL)}'}}\n")
    done = mesh.weft("apply", "--yes", status=1)
    assert IN_URL not in done.stderr + done.stdout
    if files.startswith("https"):
        assert "connection: api" in done.stderr


# ---- nowhere ----

def processes(stop, seen):
    """Arguments of all processes, and environments of those that weft started."""
    while not stop.is_set():
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                seen["cmdline"].add((folder / "cmdline").read_bytes())
                if b"weft" in (folder / "comm").read_bytes():
                    seen["environ"].add((folder / "environ").read_bytes())
            except OSError:
                pass
        time.sleep(0.005)


def everything(root):
    return [(path, path.read_bytes()) for path in pathlib.Path(root).rglob("*") if path.is_file()]


def test_nowhere_to_be_found(mesh, site, tmp_path):
    """Every command, with failures provoked; then all that was said and written is searched."""
    config = (mesh.root / "weft.yaml").read_text()
    (mesh.root / "secret.txt").rename(tmp_path.parent / f"{tmp_path.name}-secret")
    outside = str(tmp_path.parent / f"{tmp_path.name}-secret")
    command = str(tmp_path.parent / f"{tmp_path.name}-command")
    pathlib.Path(command).write_text(f"echo {COMMAND}\necho {COMMAND} >&2\n")
    config = config.replace("secret.txt", outside)
    config = config.replace(f"echo {COMMAND}; echo {COMMAND} >&2", f". {command}")
    config += f"""\
  boom: {{http: "{site.url('/boom')}", token: {{env: WEB_TOKEN}}}}
  away: {{http: "{site.url('/away')}", token: {{env: WEB_TOKEN}}}}
  gone: {{http: "http://127.0.0.1:1", token: {{command: ". {command}"}}}}
  fail: {{http: "{site.url()}", token: {{command: ". {command}; exit 3"}}}}
  erp: {{postgres: "host=127.0.0.1 port=1 dbname=x", password: {{env: PG_PASSWORD}}}}
  s3: {{s3: "{site.url()}", access_key: {{env: S3_ACCESS}}, secret_key: {{env: S3_SECRET}}}}
"""
    mesh.write("weft.yaml", config)
    for name in ("web", "key", "joe", "cmd", "boom", "away", "gone", "fail"):
        mesh.product(f"of_{name}", PRODUCT.format(name, "bad.csv" if name == "joe" else "a.csv"))
    stop, seen = threading.Event(), {"cmdline": set(), "environ": set()}
    watcher = threading.Thread(target=processes, args=(stop, seen))
    watcher.start()
    said = ""
    commands = [["validate"], ["plan"], ["plan", "--json"], ["apply", "--yes"], ["doctor"],
                ["doctor", "--json"], ["run"], ["run", "--json"], ["run", "shop.of_boom"],
                ["preview", "shop.of_web"], ["preview", "shop.of_away"], ["ls"], ["status"],
                ["show", "shop.of_web"], ["show", "--json", "shop.of_joe"], ["runs", "--json"],
                ["logs"], ["logs", "--json"], ["settings"], ["env", "--json"], ["schema", "mesh"],
                ["quarantine", "shop.of_joe"], ["query", "select * from mesh.runs"],
                ["query", "select * from mesh.inputs"], ["query", "select * from mesh.checks"],
                ["ledger", "--json", "--limit", "1000"], ["ledger", "verify"], ["test"],
                ["snapshots", "shop.of_web"], ["drop", "shop.of_fail", "--because", "x", "--yes"]]
    try:
        for words in commands:
            done = mesh.weft(*words, status=None, env=secrets())
            said += done.stdout + done.stderr
        mesh.write("weft.yaml", config.replace("WEB_TOKEN", "PG_PASSWORD"))
        for words in (["run"], ["doctor"]):  # a secret that the server does not know
            done = mesh.weft(*words, status=None, env=secrets())
            said += done.stdout + done.stderr
    finally:
        stop.set()
        watcher.join()
    assert "1 published" in said and "HTTP 500" in said and "HTTP 401" in said
    assert "another place" in said
    encoded = [base64.b64encode(f"joe:{FILE}".encode()).decode()[:-2]]
    for secret in [*ALL, ACCESS, *encoded]:
        assert secret not in said, secret
        for path, data in everything(mesh.root):
            assert secret.encode() not in data, (secret, path)
        for line in seen["cmdline"]:
            assert secret.encode() not in line, (secret, line)
    for secret in (FILE, COMMAND, SIGN[:0] or FILE):
        for block in seen["environ"]:
            assert secret.encode() not in block
    assert any(b"worker" in line for line in seen["cmdline"])
    assert not list(mesh.root.rglob("core*"))
    sent = " ".join(str(a) for a in site.asked)
    assert ENV in sent and FILE in sent and COMMAND in sent  # they were used


def test_no_core_while_one_is_held(mesh, site):
    """The worker that holds a token can be looked into by nobody else, and leaves no core."""
    mesh.product("people", PRODUCT.format("web", "people.csv"))
    site.hold = threading.Event()
    process = mesh.start("apply", "--yes", env=secrets())
    try:
        wait_for(lambda: site.asked, process)
        workers = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
                if b"worker" in line and str(process.pid).encode() in line:
                    workers.append(folder)
            except OSError:
                pass
        assert len(workers) == 1
        limits = (workers[0] / "limits").read_text()
        core = [line for line in limits.splitlines() if line.startswith("Max core file size")][0]
        assert core.split()[4:6] == ["0", "0"]
        if os.getuid() != 0:
            with pytest.raises(OSError):
                (workers[0] / "mem").open("rb")
    finally:
        site.hold.set()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
