"""`weft init --ci`: the pipelines that it writes, their steps run for real by sh, each job in a
fresh clone. Of the hosts there are only gh, which is played by a script, and GitLab's API, by a
server."""
import http.server
import os
import pathlib
import re
import subprocess
import threading
import urllib.parse

import pytest
import yaml
from mesh_support import BIN, CLEAN

GH = """#!/bin/sh
printf '%s\\n' "$GH_TOKEN $*" >>"$GH_LOG"
while [ "$1" != --body-file ]; do shift; done
cat "$2" >>"$GH_LOG"
"""
GIT = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@localhost", "GIT_COMMITTER_NAME": "a",
       "GIT_COMMITTER_EMAIL": "a@localhost", "GIT_CONFIG_GLOBAL": "/dev/null"}


def sh(text, folder, env, status=0):
    done = subprocess.run(["sh", "-ec", text], cwd=folder, env=env, capture_output=True, text=True)
    assert status is None or done.returncode == status, (text, done.stdout, done.stderr)
    return done


class Repository:
    """A repository at a host, with a mesh in its folder `data`, and somebody's clone of it."""

    def __init__(self, folder, host):
        self.folder, self.clones = folder, 0
        (folder / "bin").mkdir()
        (folder / "bin/weft").symlink_to(BIN)
        (folder / "bin/gh").write_text(GH)
        (folder / "bin/gh").chmod(0o755)
        self.log = folder / "gh.log"
        self.env = {**CLEAN, **GIT, "PATH": f"{folder}/bin:{os.environ['PATH']}",
                    "GH_LOG": str(self.log)}
        sh("git init -q --bare -b main origin.git; git clone -q origin.git work 2>/dev/null; "
           f"cd work; weft init --ci {host} data", folder, self.env)
        self.work = folder / "work"
        self.push("first")

    def write(self, path, old, new):
        path = self.work / path
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def push(self, what):
        sh(f"git add -A; git commit -qm '{what}'; git push -q origin HEAD:main", self.work,
           self.env)

    def clone(self):
        self.clones += 1
        sh(f"git clone -q origin.git clone{self.clones}", self.folder, self.env)
        return self.folder / f"clone{self.clones}"


# ---- GitHub ----

class GitHub(Repository):
    def __init__(self, folder):
        super().__init__(folder, "github")
        self.file = yaml.safe_load((self.work / ".github/workflows/weft.yml").read_text())

    def values(self, env, home):
        known = {"github.token": "t0ken", "github.event.pull_request.number": "7",
                 "vars.WEFT_HOME": home}
        return {name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], value)
                for name, value in env.items()}

    def job(self, name, home=""):
        """Runs it as the host would: a step after a failed one only where it says so."""
        clone, failed = self.clone(), None
        job = self.file["jobs"][name]
        base = {**self.env, **self.values({**self.file["env"], **job.get("env", {})}, home)}
        for step in job["steps"]:
            if "run" not in step:
                assert step == {"uses": "actions/checkout@v4"}
                continue
            if failed is not None and "if" not in step:
                continue
            done = sh(step["run"], clone / self.file["defaults"]["run"]["working-directory"],
                      {**base, **self.values(step.get("env", {}), home)}, None)
            if done.returncode != 0 and failed is None:
                failed = (step["name"], done.stderr)
        said = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return failed, said


def test_github(tmp_path):
    host, home = GitHub(tmp_path), str(tmp_path / "home")
    failed, said = host.job("plan")
    assert failed is None and "3 to add, 0 to change" in said  # there is no state yet
    assert said.startswith("t0ken pr comment 7 --edit-last --create-if-none --body-file")
    failed, _ = host.job("apply")
    assert failed[0] == "apply" and "is to name the folder of the home" in failed[1]
    assert host.job("apply", home) == (None, "")
    failed, said = host.job("plan")
    assert failed is None and "0 to add, 0 to change, 0 to retire, 3 unchanged" in said
    assert not (tmp_path / f"clone{host.clones}/data/.weft/prod").exists()  # it saw no home

    host.write("data/domains/shop/orders/data_product.yaml", "name: customer,", "name: buyer,")
    host.write("data/domains/shop/revenue/data_product.yaml", "select customer,",
               "select buyer as customer,")
    host.write("data/domains/shop/revenue/data_product.yaml", "group by customer",
               "group by buyer")
    host.write("data/inbox/orders.csv", "customer", "buyer")
    host.push("a rename")
    failed, said = host.job("plan")
    assert failed[0] == "plan" and "**it cannot be applied**" in said
    assert "a breaking change needs a new major version" in said

    sh("git revert --no-edit HEAD", host.work, host.env)
    host.write("data/domains/shop/orders/data_product.yaml", "description: Orders",
               "description: All")
    host.push("words")
    failed, said = host.job("plan")
    assert failed is None and "1 to change" in said and "editorial" in said
    assert host.job("apply", home) == (None, "")
    assert "3 unchanged" in host.job("plan")[1]


# ---- GitLab ----

class Api(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, code, body=b""):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # noqa: N802 - the library's name
        host = self.server.host
        assert self.headers["JOB-TOKEN"] == "job" and host.kind == "state"
        if self.path != "/projects/5/jobs/artifacts/main/raw/data/weft-state.json?job=weft_apply":
            return self.answer(400)
        return self.answer(200, host.artifact) if host.artifact else self.answer(host.none)

    def do_POST(self):  # noqa: N802
        assert self.path == "/projects/5/merge_requests/7/notes"
        assert self.headers["PRIVATE-TOKEN"] == "comment"
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.host.notes.append(urllib.parse.parse_qs(body)["body"][0])
        self.answer(201)


class GitLab(Repository):
    kind = "state"

    def __init__(self, folder):
        super().__init__(folder, "gitlab")
        self.file = yaml.safe_load((self.work / ".gitlab-ci.yml").read_text())
        self.artifact, self.notes, self.none = None, [], 404
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.host = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def job(self, name, **more):
        """All lines of a job are one script; artifacts are kept as the job says."""
        clone, job = self.clone(), self.file[name]
        url = f"http://127.0.0.1:{self.server.server_port}"
        env = {**self.env, **self.file["variables"], "CI_API_V4_URL": url, "CI_PROJECT_ID": "5",
               "CI_DEFAULT_BRANCH": "main", "CI_MERGE_REQUEST_IID": "7", "CI_JOB_TOKEN": "job",
               "WEFT_COMMENT_TOKEN": "comment", "NO_PROXY": "*", **more}
        done = sh("\n".join(job["script"]), clone, env, None)
        for path in job.get("artifacts", {}).get("paths", []):
            if (clone / path).exists():
                self.artifact = (clone / path).read_bytes()
        return done


def test_gitlab(tmp_path):
    host, home = GitLab(tmp_path), {"WEFT_HOME": str(tmp_path / "home")}
    done = host.job("weft_plan")
    assert done.returncode == 0, done
    assert "3 to add" in host.notes.pop()
    host.none = 500
    done = host.job("weft_plan")
    assert done.returncode == 1 and "HTTP 500" in done.stderr and host.notes == []
    assert "is to name the folder of the home" in host.job("weft_apply").stderr
    done = host.job("weft_apply", **home)
    assert done.returncode == 0 and host.artifact is not None, done
    assert host.job("weft_plan").returncode == 0 and "3 unchanged" in host.notes.pop()
    host.write("data/domains/shop/orders/data_product.yaml", "name: customer,", "name: buyer,")
    host.push("a rename that nobody follows")
    done = host.job("weft_plan")
    assert done.returncode != 0 and host.notes == []  # what is not valid is not planned
    assert "revenue/data_product.yaml" in done.stderr
    host.server.shutdown()


# ---- what it writes, and where ----

def weft(folder, *words, status=0, env=None):
    done = subprocess.run([BIN, *words], cwd=folder, capture_output=True, text=True,
                          env={**CLEAN, **(env or {})}, stdin=subprocess.DEVNULL)
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done


def test_into_a_mesh_that_is_there(tmp_path):
    weft(tmp_path, "init", "m")
    before = {path: path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file()}
    weft(tmp_path / "m", "init", "--ci", "github")
    weft(tmp_path, "init", "--ci", "gitlab", "m")
    new = {str(path.relative_to(tmp_path / "m")) for path in (tmp_path / "m").rglob("*")
           if path.is_file() and before.get(path) != path.read_bytes()}
    assert new == {".github/workflows/weft.yml", ".gitlab-ci.yml"}
    text = (tmp_path / "m/.github/workflows/weft.yml").read_text()
    assert "working-directory: ." in text and "@" not in text.replace("weft@localhost", "") \
        .replace("checkout@v4", "").replace("body@", "")
    assert "is there already" in weft(tmp_path / "m", "init", "--ci", "github", status=1).stderr


def test_which_environment(tmp_path):
    weft(tmp_path, "init", "m")
    mesh = tmp_path / "m"
    told = weft(mesh, "init", "--ci", "github", "--env", "none", status=1).stderr
    assert "no environment `none`" in told
    weft(mesh, "init", "--ci", "github", "--env", "dev")
    assert "WEFT_ENV: dev" in (mesh / ".github/workflows/weft.yml").read_text()
    (mesh / "weft.yaml").write_text("mesh: m\n")
    assert "no environment `prod`" in weft(mesh, "init", "--ci", "gitlab", status=1).stderr


@pytest.mark.parametrize("folder", ["a b", "x;rm", "q'", 'y"', "$z"])
def test_a_folder_that_would_be_markup(tmp_path, folder):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    weft(tmp_path, "init", folder)
    told = weft(tmp_path, "init", "--ci", "github", folder, status=1).stderr
    assert "cannot be named in a pipeline" in told
    assert not (tmp_path / ".github").exists()


def test_an_unknown_host(tmp_path):
    told = weft(tmp_path, "init", "--ci", "cvs", "m", status=2).stderr
    assert "known: github, gitlab" in told and not pathlib.Path(tmp_path / "m").exists()
