"""The command line as people and programs meet it: terminals, pipes, questions, exit statuses."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

from patience import PATIENCE, freeze, frozen_worker, wait_for

BIN = os.environ["WEFT_BIN"]
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
CLEAN = {name: value for name, value in os.environ.items()
         if name not in ("NO_COLOR", "WEFT_HOME", "WEFT_ENV", "COLUMNS")}


def weft(*arguments, cwd, status=0, env=None, **more):
    done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          stdin=more.pop("stdin", subprocess.DEVNULL),
                          env={**CLEAN, **(env or {})}, **more)
    if status is not None:
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


class Terminal:
    """A command under a pseudo-terminal of its own; `text` is all that it wrote there."""

    def __init__(self, *arguments, cwd, columns=80, env=None, stdout=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

        def control():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [BIN, *map(str, arguments)], cwd=cwd, stdin=slave, stdout=stdout or slave,
            stderr=slave, preexec_fn=control, env={**CLEAN, "TERM": "xterm", **(env or {})})
        os.close(slave)
        self.text = ""

    def read_until(self, wanted, seconds=PATIENCE):
        """Until the text appears; None = until the end."""
        end = time.monotonic() + seconds
        data = b""
        while time.monotonic() < end:
            if wanted is not None and wanted in self.text + data.decode(errors="replace"):
                break
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                block = os.read(self.master, 65536)
            except OSError:  # EIO: everyone has closed the other side
                break
            if not block:
                break
            data += block
        self.text += data.decode(errors="replace")
        assert wanted is None or wanted in self.text, self.text
        return self

    def type(self, text):
        os.write(self.master, text.encode())
        return self

    def end(self, status=0):
        self.read_until(None)
        self.process.wait(30)
        os.close(self.master)
        assert self.process.returncode == status, self.text
        return self.text.replace("\r\n", "\n")


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in ESCAPE.sub("", line))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A mesh with published products; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("cli") / "shop"
    weft("init", folder, cwd=folder.parent)
    weft("apply", "--yes", cwd=folder)
    weft("load", "shop.customers", "customers.csv", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "shop"
    weft("init", folder, cwd=folder.parent)
    with open(folder / "inbox/orders.csv", "a") as file:
        file.writelines(f"{i},2026-01-05,customer {i},1.50\n" for i in range(10, 300_000))
    weft("apply", "--yes", cwd=folder)
    return folder


# ---- words


def test_nothing_asked_shows_short_help(tmp_path):
    done = weft(cwd=tmp_path, status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: weft") and len(done.stderr.splitlines()) < 15


def test_help_needs_no_home(tmp_path):
    whole = weft("help", cwd=tmp_path).stdout
    assert whole == weft("--help", cwd=tmp_path).stdout
    for command in ("init", "apply", "query", "quarantine", "doctor", "help"):
        assert re.search(rf"^  {command} +\S", whole, re.M)
    assert "reference" not in whole and "worker" not in whole
    assert max(map(width, whole.splitlines())) <= 100
    one = weft("help", "apply", cwd=tmp_path).stdout
    assert one == weft("apply", "--help", cwd=tmp_path).stdout
    assert "Usage: weft apply" in one and "-y, --yes" in one
    assert weft("--version", cwd=tmp_path).stdout == weft("version", cwd=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments, message, hint", [
    (["stauts"], "no command `stauts`", "weft status"),
    (["apply", "--yse"], "no option --yse", "--yes"),
    (["ls", "--rebuild"], "no option --rebuild", "weft run"),
    (["doctor", "x"], "takes no words", "weft help doctor"),
    (["show"], "needs PRODUCT", "weft help show"),
    (["show", "a.b", "c"], "too many", "weft help show"),
    (["query", "-f"], "needs a value", "weft help query"),
    (["ls", "--set", "memori=1GB"], "memori", "memory"),
    (["ls", "--memory", "much"], "much", ""),
    (["-C", "/no/such", "ls"], "/no/such", ""),
    (["show", "not_a_product"], "not_a_product", "domain.product"),
])
def test_wrong_words(tmp_path, arguments, message, hint):
    done = weft(*arguments, cwd=tmp_path, status=2)
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("error: ") and message in first
    assert hint in "\n".join(rest)


def test_options_stand_before_or_behind_the_command(made, tmp_path):
    expected = weft("ls", "--json", cwd=made).stdout
    home = made / ".weft/dev"
    assert weft("--json", "-C", made, "ls", cwd=tmp_path).stdout == expected
    assert weft("ls", f"--directory={made}", "--json", cwd=tmp_path).stdout == expected
    assert weft("--home", home, "ls", "--json", cwd=tmp_path).stdout == expected
    assert weft("ls", "--json", cwd=tmp_path, env={"WEFT_HOME": home}).stdout == expected


def test_settings_from_flags(made):
    def state(*arguments, **more):
        rows = json.loads(weft("settings", "--json", *arguments, cwd=made, **more).stdout)
        return {row["name"]: (row["value"], row["origin"]) for row in rows}

    assert state("--memory", "1GB")["memory"] == ("1GB", "--memory")
    assert state("--set", "threads=1")["threads"] == ("1", "--set")
    assert state(env={"WEFT_THREADS": "2"})["threads"] == ("2", "WEFT_THREADS")


# ---- results


@pytest.mark.parametrize("arguments", [
    ["ls"], ["status"], ["status", "shop.orders"], ["show", "shop.orders"], ["runs"],
    ["snapshots", "shop.orders"], ["quarantine", "shop.orders"], ["quarantine", "shop.customers"],
    ["ledger"], ["ledger", "verify"], ["ledger", "rebuild", "--check"], ["settings"], ["schema"],
    ["schema", "mesh"], ["version"], ["doctor"], ["validate"], ["plan"],
    ["query", "select * from shop.orders order by 1"], ["query", "select 1 as a where false"],
    ["query", "select table_schema from information_schema.tables", "--format", "json"],
])
def test_json_is_one_value(made, arguments):
    done = weft(*arguments, "--json", cwd=made, status=None)
    if "information_schema" in " ".join(arguments):  # refused: nothing on standard output
        assert (done.returncode, done.stdout) == (1, "")
        return
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert "\x1b" not in done.stdout


def test_tables_for_programs_are_typed(made):
    row, = [row for row in json.loads(weft("ls", "--json", cwd=made).stdout)
            if row["product"] == "shop.orders"]
    assert row["rows"] == 3 and row["tags"] == [] or row["tags"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", row["published_at"])


def test_tables_for_people(made):
    lines = weft("ls", cwd=made).stdout.splitlines()
    assert lines[0].split() == ["product", "version", "status", "rows", "published", "owner",
                                "pending"]
    assert set(lines[1]) == {"-", " "}
    assert lines[2].startswith("shop.customers") and lines[3].startswith("shop.orders")
    assert re.search(r" 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d ", lines[3])
    assert all(line == line.rstrip() for line in lines)


def test_no_colour_and_no_cutting_in_a_pipe(made):
    sql = f"select '{'x' * 300}' as a, null as b, 'naïve 東京' as c"
    text = weft("query", sql, cwd=made).stdout
    assert "\x1b" not in text and "x" * 300 in text and "rows" not in text and "NULL" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_tables_fit_the_terminal(made, columns):
    for arguments in (["ls"], ["runs"], ["settings"],
                      ["query", f"select '{'é東' * 100}' as a, 12345 as b, null as c"]):
        text = Terminal(*arguments, cwd=made, columns=columns).end()
        assert max(map(width, text.splitlines())) <= columns, text
    assert "(1 row)" in text and "12345" in text and "…" in text


def test_colour_only_where_it_is_wanted(made):
    assert "\x1b[1m" in Terminal("ls", cwd=made).end()
    assert "\x1b" not in Terminal("ls", cwd=made, env={"NO_COLOR": "1"}).end()
    assert "\x1b" not in Terminal("ls", cwd=made, env={"TERM": "dumb"}).end()
    assert "\x1b" not in Terminal("ls", "--no-color", cwd=made).end()
    assert "\x1b[31m" in Terminal("stauts", cwd=made).end(status=2)


@pytest.mark.parametrize("more", [[], ["--format", "csv"], ["--format", "ndjson"], ["--json"]])
def test_data_cannot_drive_the_terminal(made, more):
    sql = "select '\x1b]0;title\x07 \x1b[2J \x9b2J \u202e' as a"
    text = Terminal("query", "--no-color", sql, *more, cwd=made).end()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), ascii(text)
    assert "\\u001b" in text and "\\u009b" in text
    if more == ["--format", "csv"]:  # elsewhere bytes are as they are
        assert "\x1b[2J" in weft("query", sql, *more, cwd=made).stdout


def test_errors_name_the_place(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    file = copy / "domains/shop/orders/data_product.yaml"
    file.write_text(file.read_text().replace("key:", "kye:"))
    done = weft("validate", cwd=copy, status=1)
    line = file.read_text().splitlines().index("kye: [order_id]") + 1
    assert re.search(rf"orders/data_product.yaml:{line}:1: .*kye", done.stderr)
    assert re.search(r"  hint: .*key", done.stderr)
    assert done.stdout == ""
    assert json.loads(weft("validate", "--json", cwd=copy, status=1).stdout)


# ---- exit statuses, questions


def test_plan_tells_of_changes(tmp_path):
    weft("init", "m", cwd=tmp_path)
    weft("plan", cwd=tmp_path / "m")
    weft("plan", "--exit-code", cwd=tmp_path / "m", status=4)
    weft("apply", "--yes", cwd=tmp_path / "m")
    weft("plan", "--exit-code", cwd=tmp_path / "m", status=0)


def test_a_question_without_a_terminal(tmp_path):
    weft("init", "m", cwd=tmp_path)
    done = weft("apply", cwd=tmp_path / "m", status=2)
    assert "--yes" in done.stderr
    weft("apply", cwd=tmp_path / "m", status=2, stdin=None, input="y\n")
    assert not (tmp_path / "m/.weft/dev").exists() or json.loads(
        weft("ls", "--json", cwd=tmp_path / "m").stdout) == []


def test_questions_at_a_terminal(tmp_path):
    weft("init", "m", cwd=tmp_path)
    mesh = tmp_path / "m"
    for answer in ("n\n", "\n", "\x04"):
        asked = Terminal("apply", cwd=mesh).read_until("Apply this plan? [y/N] ")
        assert "shop.orders" in asked.text  # the plan stands before the question
        assert "not applied" in asked.type(answer).end(status=1)
    asked = Terminal("apply", cwd=mesh).read_until("[y/N] ")
    asked.type("what\n").read_until("[y/N] what\r\nApply this plan? [y/N] ")
    assert "3 published" in asked.type("Yes\n").end()
    assert len(json.loads(weft("ls", "--json", cwd=mesh).stdout)) == 3


def test_progress_leaves_no_trace(tmp_path):
    weft("init", "m", cwd=tmp_path)
    with open(tmp_path / "m/inbox/orders.csv", "a") as file:
        file.writelines(f"{i},2026-01-05,customer {i},1.50\n" for i in range(10, 400_000))
    text = Terminal("apply", "--yes", cwd=tmp_path / "m").end()
    assert "\r\x1b[K" in text, ascii(text)
    shown = [line.split("\r\x1b[K")[-1] for line in text.split("\n")]
    assert any("399,993 published" in line for line in shown)
    assert not any(re.search(r"\breading\b.* s$", line) for line in shown), shown


def test_progress_is_silent_in_a_pipe(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    assert weft("--home", tmp_path / "h", "apply", "--yes", cwd=copy).stderr.count("reading") == 0


# ---- what can happen to standard output


def test_a_reader_that_goes_away(large):
    for arguments in (["query", "select * from shop.orders", "--format", "csv"],
                      ["query", "select * from shop.orders"],
                      ["query", "select * from shop.orders", "--json"]):
        process = subprocess.Popen([BIN, *arguments], cwd=large, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=CLEAN)
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_a_full_disk(made, large):
    for folder, arguments in ((made, ["ls"]), (made, ["help"]), (made, ["ls", "--json"]),
                              (large, ["query", "select * from shop.orders"])):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BIN, *arguments], cwd=folder, stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=CLEAN)
        assert done.returncode == 1
        assert "cannot write to standard output" in done.stderr


def test_closed_descriptors(made):
    done = subprocess.run(["sh", "-c", f"exec {BIN} ls >&-"], cwd=made, capture_output=True,
                          text=True, env=CLEAN)
    assert done.returncode == 1 and "standard output" in done.stderr
    done = subprocess.run(["sh", "-c", f"exec {BIN} ls <&- 2>&-"], cwd=made, capture_output=True,
                          text=True, env=CLEAN)
    assert done.returncode == 0 and "shop.orders" in done.stdout


# ---- stopping


def test_control_c_while_input_is_awaited(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    loading = Terminal("load", "shop.customers", "-", cwd=copy).type("customer,email\n")
    wait_for(lambda: list((copy / ".weft/dev/tmp").glob("stdin-*")), loading.process)
    assert "stopped on request" in loading.type("\x03").end(status=130)
    assert list((copy / ".weft/dev/tmp").glob("stdin-*")) == []


def test_control_c_at_a_question(tmp_path):
    weft("init", "m", cwd=tmp_path)
    asked = Terminal("apply", cwd=tmp_path / "m").read_until("[y/N] ")
    asked.type("\x03").end(status=130)


def test_sigterm_stops_a_run(tmp_path):
    weft("init", "m", cwd=tmp_path)
    with open(tmp_path / "m/inbox/orders.csv", "a") as file:
        file.writelines(f"{i},2026-01-05,customer {i},1.50\n" for i in range(10, 1000))
    process = subprocess.Popen([BIN, "apply", "--yes"], cwd=tmp_path / "m",
                               env={**CLEAN, **freeze("run.read")},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    frozen_worker(process)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, (out, err)
    assert "stopped" in err
    weft("ledger", "verify", cwd=tmp_path / "m")


# ---- lightness


@pytest.mark.parametrize("arguments", [["help"], ["ls"], ["version"], ["show", "shop.orders"]])
def test_duckdb_is_not_loaded_for_nothing(made, arguments):
    done = weft(*arguments, cwd=made, env={"LD_DEBUG": "files"})
    assert "libsqlite3" in done.stderr and "libduckdb" not in done.stderr


def test_reference_pages(tmp_path):
    for page in ("commands", "keys", "settings", "errors"):
        text = weft("reference", page, cwd=tmp_path).stdout
        assert text.startswith("# ") and len(text) > 1000
    weft("reference", "poems", cwd=tmp_path, status=2)
