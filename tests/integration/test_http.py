"""Inputs over HTTP: a web server on the loopback address, files that stay, change, go away."""
import gzip
import hashlib
import http.server
import json
import os
import signal
import threading

import pytest

from mesh import Mesh
from patience import PATIENCE

PRODUCT = """version: 1.0.0
input: {{files: {files}, read: {read}}}
schema:
  - {{name: id, type: long, required: true}}
  - {{name: name, type: string}}
"""
SQL = """version: 1.0.0
inputs:
  people:
    files: {files}
    read: {read}
    schema: [{{name: id, type: long, required: true}}, {{name: name, type: string}}]
sql: select name, count(*) as n from people group by name
"""


PART = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nid,name\n1,Ada\n"


class Site(http.server.ThreadingHTTPServer):
    """Files by path, with ETag, Last-Modified or neither; what was asked is kept."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)
        self.files, self.asked, self.headers, self.status = {}, [], [], {}
        self.tags = "etag"
        self.hold, self.held = None, threading.Event()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def answered(self):
        """[(path, status)] since the last time."""
        asked, self.asked = self.asked, []
        return asked


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.server.asked.append((self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        site = self.server
        site.headers.append(dict(self.headers))
        if site.hold is not None:  # a part of the file, and then nothing for long
            self.wfile.write(site.hold)
            site.held.set()
            self.close_connection = True
            self.connection.settimeout(PATIENCE)
            return self.rfile.read(1)
        path = self.path.split("?")[0]
        if path in site.status:
            return self.answer(site.status[path], b"no")
        if path not in site.files:
            return self.answer(404, b"not here")
        body = site.files[path]
        tag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        day = "Sat, 21 Nov 2026 07:%02d:00 GMT" % (int(tag[1:5], 16) % 60)
        headers = {"etag": {"ETag": tag}, "day": {"Last_Modified": day}, None: {}}[site.tags]
        if (site.tags == "etag" and self.headers["If-None-Match"] == tag or
                site.tags == "day" and self.headers["If-Modified-Since"] == day):
            return self.answer(304, **headers)
        self.answer(200, body, **headers)


@pytest.fixture
def site():
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def mesh_of(tmp_path, site, text=PRODUCT, read="new", files=None, settings="http_private: true"):
    mesh = Mesh(tmp_path, settings=f"settings: {{{settings}}}\n")
    mesh.product("p", text.format(files=files or site.url("/people.csv"), read=read))
    return mesh


def state(mesh):
    return mesh.one("select state from mesh.runs order by started_at desc limit 1")


@pytest.mark.parametrize("tags", ["etag", "day", None])
@pytest.mark.parametrize("read", ["new", "all"])
def test_read_once_while_it_stays(tmp_path, site, read, tags):
    site.tags = tags
    site.files["/people.csv"] = b"id,name\n1,Ada\n2,Grace\n"
    mesh = mesh_of(tmp_path, site, read=read)
    mesh.weft("apply", "--yes")
    assert mesh.count("shop.p") == 2
    assert site.answered() == [("/people.csv", 200)]
    assert "nothing new" in mesh.weft("run").stdout
    assert site.answered() == [("/people.csv", 200 if tags is None else 304)]
    rows = mesh.query("select * from mesh.inputs where product = 'shop.p'")
    assert rows[0]["port"] == "input", rows
    assert not list((mesh.home / "tmp").glob("*")), "a fetched copy stays behind"
    mesh.doctor()


def test_what_is_known_outlives_a_rebuild_of_the_ledger(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes")
    mesh.weft("ledger", "rebuild")
    site.answered()
    mesh.weft("run")
    assert site.answered() == [("/people.csv", 304)]


def test_changed_content_replaces_where_all_is_read(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n2,Grace\n"
    mesh = mesh_of(tmp_path, site, read="all")
    mesh.weft("apply", "--yes")
    site.files["/people.csv"] = b"id,name\n3,Joan\n"
    mesh.weft("run")
    assert mesh.query("select id, name from shop.p") == [{"id": 3, "name": "Joan"}]
    mesh.doctor()


def test_changed_content_blocks_where_only_new_is_read(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes")
    site.files["/people.csv"] = b"id,name\n2,Eve\n"  # as many bytes as before
    done = mesh.weft("run", status=3)
    assert "is another one now" in done.stderr, done.stderr
    assert f"--reread {site.url('/people.csv')}" in done.stderr, done.stderr
    assert mesh.count("shop.p") == 1
    mesh.weft("run", "shop.p", "--reread", site.url("/people.csv"))
    assert mesh.count("shop.p") == 2
    assert "nothing new" in mesh.weft("run").stdout
    mesh.doctor()


def test_several_urls_and_packed_files(tmp_path, site):
    site.files["/a.csv"] = b"id,name\n1,Ada\n"
    site.files["/b.csv.gz"] = gzip.compress(b"id,name\n2,Grace\n")
    urls = f"[{site.url('/a.csv')}, '{site.url('/b.csv.gz?v=1')}']"
    mesh = mesh_of(tmp_path, site, files=urls)
    mesh.weft("apply", "--yes")
    assert mesh.count("shop.p") == 2
    assert sorted(site.answered()) == [("/a.csv", 200), ("/b.csv.gz?v=1", 200)]
    mesh.weft("run")
    assert sorted(site.answered()) == [("/a.csv", 304), ("/b.csv.gz?v=1", 304)]


def test_one_of_two_changed_where_all_is_read(tmp_path, site):
    site.files["/a.csv"] = b"id,name\n1,Ada\n"
    site.files["/b.csv"] = b"id,name\n2,Grace\n"
    urls = f"[{site.url('/a.csv')}, {site.url('/b.csv')}]"
    mesh = mesh_of(tmp_path, site, read="all", files=urls)
    mesh.weft("apply", "--yes")
    site.files["/b.csv"] = b"id,name\n3,Joan\n"
    site.answered()
    mesh.weft("run")
    assert mesh.query("select id from shop.p order by id") == [{"id": 1}, {"id": 3}]
    # The one that did not change is fetched once it is known that it is needed.
    assert site.answered() == [("/a.csv", 304), ("/b.csv", 200), ("/a.csv", 200)]


@pytest.mark.parametrize("read", ["new", "all"])
def test_a_port_of_sql(tmp_path, site, read):
    site.files["/people.csv"] = b"id,name\n1,Ada\n2,Ada\n"
    mesh = mesh_of(tmp_path, site, text=SQL, read=read)
    mesh.weft("apply", "--yes")
    assert mesh.query("select name, n from shop.p") == [{"name": "Ada", "n": 2}]
    site.answered()
    assert "nothing new" in mesh.weft("run").stdout
    assert site.answered() == [("/people.csv", 304)]
    if read == "all":
        site.files["/people.csv"] = b"id,name\n1,Joan\n"
        mesh.weft("run")
        assert mesh.query("select name, n from shop.p") == [{"name": "Joan", "n": 1}]
    mesh.doctor()


def test_bad_rows_name_the_url(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\nx,Grace\n"
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes")
    shown = mesh.weft("quarantine", "shop.p").stdout
    assert "people.csv" in shown and "x,Grace" in shown, shown


@pytest.mark.parametrize("read", ["new", "all"])
def test_private_addresses_are_refused(tmp_path, site, read):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site, read=read, settings="threads: 1")
    done = mesh.weft("apply", "--yes", status=None)
    assert done.returncode != 0 and "127.0.0.1 is private" in done.stderr, done.stderr
    assert "http_private" in done.stderr
    assert not site.answered()
    mesh.weft("run", env={"WEFT_HTTP_PRIVATE": "true"})
    assert mesh.count("shop.p") == 1


def test_failures_publish_nothing(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site, read="all", settings="http_private: true, file_size_max: 100")
    mesh.weft("apply", "--yes")
    del site.files["/people.csv"]
    done = mesh.weft("run", status=1)
    assert "HTTP 404" in done.stderr and "people.csv" in done.stderr, done.stderr
    site.status["/people.csv"] = 500
    assert "HTTP 500" in mesh.weft("run", status=1).stderr
    site.status.clear()
    site.files["/people.csv"] = b"id,name\n" + b"1,Ada\n" * 50
    assert "larger than 100 bytes" in mesh.weft("run", status=1).stderr
    assert mesh.count("shop.p") == 1
    assert not list((mesh.home / "tmp").glob("*"))
    mesh.doctor()


def test_a_server_that_does_not_answer(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site)
    for part in (b"", PART):
        site.hold = part
        done = mesh.weft("apply", "--yes", status=1, env={"WEFT_HTTP_TIMEOUT": "1s"})
    assert "in time" in done.stderr and "http_timeout" in done.stderr, done.stderr


def held(mesh, site):
    """weft, while it waits for the rest of a file; a group of processes of its own."""
    site.hold = PART
    site.held.clear()
    process = mesh.start("run", start_new_session=True)
    assert site.held.wait(PATIENCE)
    return process


def test_stopped_while_fetching(tmp_path, site):
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes", "--no-run")
    process = held(mesh, site)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, (out, err)
    assert not list((mesh.home / "tmp").glob("*"))


def test_killed_while_fetching(tmp_path, site):
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes", "--no-run")
    process = held(mesh, site)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    site.hold = None
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh.weft("run")
    assert mesh.count("shop.p") == 1
    assert not list((mesh.home / "tmp").glob("*"))
    mesh.doctor()


def test_preview_and_rebuild(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes", "--no-run")
    assert "Ada" in mesh.weft("preview", "shop.p").stdout
    mesh.weft("run")
    site.files["/people.csv"] = b"id,name\n2,Grace\n3,Joan\n"
    mesh.weft("run", "shop.p", "--reread", site.url("/people.csv"))
    assert mesh.count("shop.p") == 3
    done = mesh.weft("run", "shop.p", "--rebuild")
    assert "no longer to be had" in done.stdout + done.stderr, done
    assert mesh.query("select id from shop.p order by id") == [{"id": 2}, {"id": 3}]
    assert "nothing new" in mesh.weft("run").stdout
    mesh.doctor()


def test_mistakes_are_found_before_a_run(tmp_path, site):
    for files in (site.url("/*.csv"), "http://me:word@example.org/a.csv", "ftp://example.org/a.csv",
                  f"[{site.url('/a.csv')}, b.csv]"):
        mesh = mesh_of(tmp_path, site, files=files)
        done = mesh.weft("validate", status=1)
        assert "data_product.yaml:2" in done.stdout + done.stderr, (files, done.stdout, done.stderr)
    assert not site.answered()


def test_no_proxy_of_the_environment(tmp_path, site):
    site.files["/people.csv"] = b"id,name\n1,Ada\n"
    mesh = mesh_of(tmp_path, site)
    mesh.weft("apply", "--yes", env={"http_proxy": "http://127.0.0.1:1"})
    assert mesh.count("shop.p") == 1
    assert "Accept-Encoding" in site.headers[0] and json.dumps(site.headers[0]).count("weft/") == 1
