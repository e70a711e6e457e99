"""The shell of `weft query`, statements of files and pipes, and completion in bash."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from patience import PATIENCE
from terminal import BIN, CLEAN, Terminal

PROMPT = re.compile(r"weft> $")
LONG = "select count(*) from range(1000000) a(i), range(1000000) b(j) where a.i * b.j % 7 = 3;"


def weft(*arguments, cwd, status=0, env=None, **more):
    more.setdefault("stdin", None if "input" in more else subprocess.DEVNULL)
    if "input" in more:
        more.pop("stdin")
    done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          env={**CLEAN, **(env or {})}, timeout=PATIENCE, **more)
    assert status is None or done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shell") / "shop"
    weft("init", folder, cwd=folder.parent)
    weft("apply", "--yes", cwd=folder)
    weft("load", "shop.customers", "customers.csv", cwd=folder)
    return folder


@pytest.fixture
def shell(made, tmp_path):
    """shell(...) opens one; all of a test share a folder of history."""
    opened = []

    def start(*arguments, env=None, cwd=made, **more):
        one = Terminal("query", *arguments, cwd=cwd,
                       env={"XDG_STATE_HOME": str(tmp_path / "state"), **(env or {})}, **more)
        opened.append(one)
        one.wait("weft> ")
        return one

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def ask(shell, text):
    """Types a line and gives what stands before the next prompt."""
    shell.type(text + "\r")
    return shell.wait(re.compile(r"\nweft[^\n]*> $"))


# ---- statements


def test_a_statement_over_lines(shell):
    one = shell()
    one.type("select 1 as one,\r").wait("   -> ")
    one.type("'a;\r").wait("  '-> ")
    one.type("b' as two, (3\r").wait("  (-> ")
    one.type("+ 4) as /* ;\r").wait("  *-> ")
    one.type("*/ three\r").wait("   -> ")
    assert re.search(r"1  a;\\nb +7", ask(one, ";")), one.all
    assert re.search(r"\n1\n.*\n2\n", ask(one, "select 1; select 2;"), re.S)
    assert ask(one, "-- only a comment") == "-- only a comment"
    assert ask(one, ";") == ";"
    one.type("\x04")
    assert "traceback" not in one.end().lower()


def test_an_error_shows_its_place_and_the_shell_goes_on(shell):
    one = shell()
    one.type("select order_id,\r").wait("-> ")
    text = ask(one, "  nam from shop.orders;")
    assert re.search(r'error: there is no column "nam" here\n    nam from shop.orders\n    \^\n',
                     text), text
    text = ask(one, "select * from shop.ordersz;")
    assert "did you mean" in text and "^" in text
    assert "\n1\n" in ask(one, "select 1 as x;")
    text = ask(one, "select 'ä', nam from shop.orders;")
    line, below = re.search(r"\n(.*nam from.*)\n( *\^)\n", text).groups()
    assert line[below.index("^"):].startswith("nam"), text
    text = ask(one, "select " + "1, " * 100 + "nam from shop.orders;")
    line, below = re.search(r"\n(  \.\.\..*)\n( *\^)\n", text).groups()
    assert line[below.index("^"):].startswith("nam") and len(line) <= 100, text
    one.type("\x04").end()


def test_control_c_stops_the_query_not_the_shell(shell):
    one = shell()
    one.type(LONG + "\r")
    time.sleep(1.0)
    one.type("\x03")
    text = one.wait(re.compile(r"\nweft> $"))
    assert "stopped on request" in text
    assert "\n7\n" in ask(one, "select 7 as x;")
    one.type(LONG + "\r")
    time.sleep(0.5)
    one.type("\x03\x03\x03")  # a nervous finger
    assert "stopped on request" in one.wait(re.compile(r"\nweft> $"))
    assert "\n8\n" in ask(one, "select 8 as x;")
    one.type("\x04").end()


def test_limits_hold_and_the_shell_goes_on(shell):
    one = shell("--set", "query_timeout=3s", "--memory", "200MB")
    assert "longer than allowed" in ask(one, LONG)
    assert "\n7\n" in ask(one, "select 7 as x;")
    text = ask(one, "select count(*) from (select i, row_number() over (order by hash(i)) "
               "from range(80000000) r(i));")
    assert "error: " in text, text
    assert "\n8\n" in ask(one, "select 8 as x;")
    one.type("\x04").end()


def test_control_c_clears_the_line_and_the_statement(shell):
    one = shell()
    one.type("select 'open\r").wait("'-> ")
    one.type("more\x03")
    one.wait("weft> ")
    one.type("select gone\x03")
    one.wait("weft> ")
    assert "\n5\n" in ask(one, "select 5 as x;")
    one.type("\x04").end()


def test_ways_out(shell):
    for words in ("\x04", "\\q\r", "exit\r", "quit;\r"):
        shell().type(words).end()
    one = shell()
    one.type("select 1\r").wait("-> ")
    one.type("\\q\r").end()
    one = shell()
    one.process.send_signal(signal.SIGTERM)
    one.end()


def test_the_terminal_goes_away(shell):
    one = shell()
    one.process.send_signal(signal.SIGHUP)
    one.process.wait(PATIENCE)


# ---- history


def history(tmp_path):
    return (tmp_path / "state" / "weft" / "history").read_text()


def test_history_comes_back(shell, tmp_path):
    one = shell()
    ask(one, "select 11 as first;")
    one.type("select 22\r").wait("-> ")
    ask(one, "as second;")
    ask(one, " select 33 as hidden;")
    ask(one, "\\timing on")
    one.type("\x04").end()
    file = tmp_path / "state" / "weft" / "history"
    assert file.stat().st_mode & 0o777 == 0o600
    assert history(tmp_path) == "select 11 as first;\nselect 22\\nas second;\n\\\\timing on\n"
    one = shell()
    one.type("\x1b[A\x1b[A").shows("as second;")
    assert "second" in ask(one, "")  # both lines at once
    one.type("\x1b[A" * 4).shows("select 11 as first;")
    assert "first" in ask(one, "")
    one.type("\x12seco").displays("> select 22\nas second;\nbck:seco")  # search backwards
    one.type("\r")
    assert re.search(r"\n +22\n", one.wait(re.compile(r"\nweft> $")))
    one.type("\x04").end()


def test_shells_at_once_lose_nothing(shell, tmp_path):
    shells = [shell() for _ in range(3)]
    for n in range(4):
        for i, one in enumerate(shells):
            ask(one, f"select {i * 10 + n};")
    for one in shells:
        one.type("\x04").end()
    lines = history(tmp_path).splitlines()
    assert sorted(lines) == sorted(f"select {i * 10 + n};" for i in range(3) for n in range(4))


def test_history_is_bounded_and_survives_damage(shell, tmp_path):
    folder = tmp_path / "state" / "weft"
    folder.mkdir(parents=True)
    (folder / "history").write_bytes(
        b"".join(b"select %d;\n" % i for i in range(5000)) + b"\xff\xfe bad\n" + b"broken off")
    one = shell()
    ask(one, "select 'new';")
    one.type("\x1b[A\x1b[A").shows("select 4999;")
    assert "4999" in ask(one, "")
    one.type("\x04").end()
    lines = (folder / "history").read_bytes().split(b"\n")
    assert len(lines) < 2500 and b"select 'new';" in lines and b"select 4999;" in lines


def test_without_a_place_for_history(shell, tmp_path):
    (tmp_path / "file").write_text("")
    one = shell(env={"XDG_STATE_HOME": str(tmp_path / "file")})
    assert "\n1\n" in ask(one, "select 1 as x;")
    one.type("\x04").end()
    one = shell(env={"WEFT_HISTORY": ""})
    assert "\n1\n" in ask(one, "select 1 as x;")
    one.type("\x04").end()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("kind", ["binary", "huge", "long", "link", "folder", "pipe", "device",
                                  "lock is a folder", "lock is a pipe"])
def test_a_hostile_history(shell, tmp_path, kind):
    """The shell works as ever, shows no codes of it, and writes nowhere else."""
    file = tmp_path / "state/weft/history"
    file.parent.mkdir(parents=True)
    target = tmp_path / "target"
    target.write_text("keep\n")
    escape = b"\x1b]0;evil\x07\x1b[2J"
    make = {"binary": lambda: file.write_bytes(os.urandom(300_000) + b"\n" + escape + b";\n"),
            "huge": lambda: file.write_bytes(b"select 1;\n" * 3_000_000),
            "long": lambda: file.write_bytes(b"x" * 5_000_000 + b"\n"),
            "link": lambda: file.symlink_to(target),
            "folder": file.mkdir,
            "pipe": lambda: os.mkfifo(file),
            "device": lambda: file.symlink_to("/dev/zero"),
            "lock is a folder": lambda: Path(f"{file}.lock").mkdir(),
            "lock is a pipe": lambda: os.mkfifo(f"{file}.lock")}
    make[kind]()
    one = shell()
    assert "\n7177\n" in re.sub(" +", "", ask(one, "select 7177 as x;"))
    one.type("\x1b[A").shows("select 7177 as x;")
    one.type("\x1b[A\x1b[A").quiet()
    one.type("\x03").wait("weft> ")
    one.type("\x04").end()
    assert b"\x1b]0;evil" not in one.raw and b"\x1b[2J" not in one.raw[200:]
    assert target.read_text() == "keep\n"


# ---- completion


def test_completion_of_products_columns_and_commands(shell):
    one = shell()
    one.type("sel\tcount(*) from shop.or\t").shows("select count(*) from shop.orders ")
    assert "\n3\n" in re.sub(" +", "", ask(one, ";"))
    one.type("select o.cu\tfrom shop.orders o limit 0").shows("limit 0")
    # in the middle, with the table behind it
    one.type("\x01" + "\x1b[C" * 11 + "\t").shows("select o.customer")
    one.type("\x03").wait("weft> ")
    one.type("select * from shop.\t\t").holds(r"shop\.customers +shop\.orders")
    one.type("\x03").wait("weft> ")
    one.type("select * from shop.orders where amo\t> 1 and shop.orders.ord\t\t")
    one.holds("amount > 1").holds(r"order_id +ordered_on")
    one.type("\x03").wait("weft> ")
    one.type("select product\r").wait("-> ")
    one.type("from mesh.pro\t").shows("mesh.products ")
    one.type("\x03").wait("weft> ")
    one.type("\\tim\t").shows("\\timing ")
    one.type("of\t").shows("\\timing off ")
    one.type("\x03").wait("weft> ")
    one.type("select 'sel\tX").shows("select 'selX")  # nothing inside of a text
    one.type("\x03").wait("weft> ")
    one.type("\tselect 4 as x;\r")  # indentation, as in what is pasted
    assert "\n4\n" in one.wait(re.compile(r"\nweft> $"))
    one.type("\x04").end()


# ---- commands


def test_commands_that_look(shell):
    one = shell()
    text = ask(one, "\\d")
    assert "shop.customers" in text and "shop.orders" in text
    text = ask(one, "\\d shop.orders")
    for wanted in ("order_id", "decimal(9, 2)", "key", "owner", "min 0", "required"):
        assert wanted in text
    assert re.search(r"run_id +string", ask(one, "\\d mesh.runs"))
    assert re.search(r"mesh\.runs.*shop\.orders +4", ask(one, "\\dt"), re.S)
    assert "mesh.runs" not in ask(one, "\\dt shop")
    assert "there is no product" in ask(one, "\\d shop.nothing")
    for word in ("\\?", "\\h", "help"):
        assert "\\as-of" in ask(one, word)
    assert "did you mean \\timing?" in ask(one, "\\tming")
    assert "\\? lists" in ask(one, "\\zzz")
    assert "takes no argument" in ask(one, "\\q now")
    one.type("\x04").end()


def test_commands_that_set(shell):
    one = shell()
    ask(one, "\\timing on")
    assert "Time: " in ask(one, "select 1;")
    assert "Time: " not in ask(one, "\\timing off").split("weft>")[-1]
    ask(one, "\\x")
    assert re.search(r"-- row 1\na    1\nbee  NULL\n\(1 row\)", ask(one, "select 1 a, null bee;"))
    ask(one, "\\x off")
    ask(one, "\\json")
    assert '[{"a":1}]' in ask(one, "select 1 a;")
    ask(one, "\\format csv")
    assert re.search(r"\na,b\n1,2\n", ask(one, "select 1 a, 2 b;") + "\n")
    assert "is no format" in ask(one, "\\format xml")
    assert "parquet" in ask(one, "\\format parquet")
    ask(one, "\\table")
    assert "neither on nor off" in ask(one, "\\x maybe")
    one.type("\x04").end()


def test_as_of(shell, tmp_path):
    folder = tmp_path / "own"
    weft("init", folder, cwd=tmp_path)
    weft("apply", "--yes", cwd=folder)
    one = shell(cwd=folder)
    assert "\n3\n" in re.sub(" +", "", ask(one, "select count(*) c from shop.orders;"))
    text = ask(one, "\\as-of 2001-01-01")
    assert one.all.endswith("weft as of 2001-01-01> ")
    assert "no snapshot at that time" in ask(one, "select count(*) from shop.orders;"), text
    ask(one, "\\as-of off")
    assert "neither a time nor" in ask(one, "\\as-of yesterday-ish")
    # what others publish is there at the next statement
    snapshot = weft("query", "select snapshot_id from mesh.products where product = 'shop.orders'",
                    "--format", "csv", cwd=folder).stdout.split()[1]
    (folder / "inbox" / "orders_2.csv").write_text(
        "order_id,ordered_on,customer,amount\n77,2026-01-05,Eve,3.00\n")
    weft("run", "shop.orders", cwd=folder)
    assert "\n4\n" in re.sub(" +", "", ask(one, "select count(*) c from shop.orders;"))
    ask(one, f"\\as-of {snapshot}")
    assert "\n3\n" in re.sub(" +", "", ask(one, "select count(*) c from shop.orders;"))
    one.type("\x04").end()


def test_output_to_a_file(shell, tmp_path, made):
    one = shell()
    ask(one, f"\\o {tmp_path}/out.csv")
    assert "1,2" not in ask(one, "select 1 as a, 2 as b;")
    ask(one, "select 3 as c;")
    assert (tmp_path / "out.csv").read_text() == "a,b\n1,2\nc\n3\n"
    ask(one, "\\o")
    assert "\n9\n" in ask(one, "select 9 as x;")
    ask(one, f"\\o {tmp_path}/out.txt")
    ask(one, "select 'wide " + "x" * 200 + "' as a;")
    ask(one, "\\o")
    assert "x" * 200 in (tmp_path / "out.txt").read_text()  # nothing is cut in a file
    assert "lies in the home" in ask(one, f"\\o {made}/.weft/dev/x.csv")
    assert "cannot write to a command yet" in ask(one, "\\o | sort")
    assert "error: " in ask(one, "\\o /no/such/folder/x.csv")
    assert "\n8\n" in ask(one, "select 8 as x;")  # still the screen
    one.type("\x04").end()


def test_output_to_odd_places(shell, tmp_path, made):
    """A link into the home is the home; what cannot be written is named."""
    (tmp_path / "link").symlink_to(made / ".weft/dev/made.csv")
    (tmp_path / "chain").symlink_to("link")
    (tmp_path / "folder").symlink_to(made / ".weft/dev")
    (tmp_path / "good").symlink_to("good.csv")
    os.mkfifo(tmp_path / "pipe")
    one = shell()
    for name in ("link", "chain", "folder/made.csv"):
        assert "lies in the home" in ask(one, f"\\o {tmp_path}/{name}")
    assert "Is a directory" in ask(one, f"\\o {tmp_path}")
    ask(one, "\\o /dev/full")
    assert "cannot write to /dev/full: No space left" in ask(one, "select 1 as a;")
    ask(one, "\\o")
    ask(one, f"\\o {tmp_path}/good")
    ask(one, "select 5 as a;")
    ask(one, "\\o")
    assert "5" in (tmp_path / "good.csv").read_text()
    one.type(f"\\o {tmp_path}/pipe\r").holds("pipe").quiet()  # nobody reads: Ctrl-C ends it
    one.type("\x03").wait("weft> ")
    one.type(f"\\i {tmp_path}/pipe\r").holds("pipe").quiet()
    one.type("\x03").wait("weft> ")
    assert "is larger than" in ask(one, "\\i /dev/zero")
    assert "\n9\n" in re.sub(" +", "", ask(one, "select 9 as x;"))
    one.type("\x04").end()
    assert not list(made.rglob("made.csv"))


def test_files_and_the_editor(shell, tmp_path):
    (tmp_path / "a.sql").write_text(f"select 41 as x;\n\\i {tmp_path}/b.sql\nselect 43 as x\n")
    (tmp_path / "b.sql").write_text("select 42 as x;\nselect nothing from\n  shop.orders;\n")
    (tmp_path / "loop.sql").write_text(f"\\i {tmp_path}/loop.sql\n")
    edit = tmp_path / "edit.sh"
    edit.write_text("#!/bin/sh\nsed -i 's/51/52/' \"$1\"\n")
    edit.chmod(0o755)
    one = shell(env={"EDITOR": str(edit)})
    text = ask(one, f"\\i {tmp_path}/a.sql")
    assert re.search(r"\n41\n.*\n42\n.*b\.sql:2:8: .*nothing.*\n43\n", text, re.S), text
    assert "there is no file" in ask(one, "\\i /no/such.sql")
    assert "more than 16 deep" in ask(one, f"\\i {tmp_path}/loop.sql")
    ask(one, "select 51 as x;")
    assert "\n52\n" in ask(one, "\\e")
    one.type("\x1b[A").shows("select 52 as x;")  # what was edited is in the history
    one.type("\x03").wait("weft> ")
    one.type("\x04").end()
    one = shell(env={"EDITOR": "false"})
    assert "did not end well" in ask(one, "\\e")
    one.type("\x04").end()
    assert not list(tmp_path.glob("weft-*.sql"))


# ---- screen


def test_a_wide_table_and_a_resized_window(shell):
    one = shell(columns=60)
    columns = ", ".join(f"{i} as column_number_{i}" for i in range(10))
    assert re.search(r"\(1 row, \d columns more: \\x\)", ask(one, f"select {columns};"))
    ask(one, "\\x")
    assert "column_number_9  9" in ask(one, f"select {columns};")
    ask(one, "\\x")
    one.resize(300, 40)
    time.sleep(0.5)
    assert "columns more" not in ask(one, f"select {columns};")
    one.resize(40, 40)
    time.sleep(0.5)
    one.type("select '" + "long " * 15 + "' as x;\r")  # over the edge of the window
    one.wait(re.compile(r"\nweft> $"))
    one.type("\x04").end()


def test_the_pager(shell, tmp_path):
    pager = tmp_path / "pager.sh"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path}/paged\necho THE-END\n")
    pager.chmod(0o755)
    one = shell(env={"PAGER": str(pager)}, lines=20)
    assert "THE-END" not in ask(one, "select * from range(5);")
    text = ask(one, "select i as n, '\x1b' as esc from range(50) r(i);".replace("\x1b", "x"))
    assert "THE-END" in text and "49" not in text
    assert len((tmp_path / "paged").read_text().splitlines()) == 53
    ask(one, "\\pager off")
    assert "THE-END" not in ask(one, "select * from range(50);")
    ask(one, "\\pager on")
    ask(one, "\\json")
    assert "THE-END" in ask(one, "select * from range(50);")
    one.type("\x04").end()
    one = shell(env={"PAGER": str(pager), "WEFT_PAGER": ""}, lines=20)
    assert "\n49\n" in re.sub(" +", "", ask(one, "select * from range(50);"))
    one.type("\x04").end()
    one = shell("--no-pager", env={"PAGER": str(pager)}, lines=20)
    assert "\n49\n" in re.sub(" +", "", ask(one, "select * from range(50);"))
    one.type("\x04").end()


def test_leaving_the_pager_early(shell):
    one = shell(env={"PAGER": "head -n 3 >/dev/null; echo LEFT"}, lines=20)
    text = ask(one, "select i, repeat('x', 100) as t from range(2000000) r(i);")
    assert "LEFT" in text and "error" not in text
    assert "\n6\n" in ask(one, "select 6 as x;")
    one.type("\x04").end()
    one = shell(env={"PAGER": "/no/such/pager"}, lines=20)
    ask(one, "select * from range(50);")
    assert "\n6\n" in ask(one, "select 6 as x;")
    one.type("\x04").end()


@pytest.mark.parametrize("pager", ["kill -9 $$", "exit 3", "exec 0<&-", "sleep 300",
                                   "head -c 10; kill -SEGV $$"])
def test_a_pager_that_dies_or_hangs(shell, pager):
    one = shell(env={"PAGER": pager}, lines=20)
    one.type("select * from range(200000);\r").quiet()
    if pager == "sleep 300":
        one.type("\x03")
    one.wait("weft> ")
    assert "\n6\n" in re.sub(" +", "", ask(one, "select 6 as x;"))
    one.type("\x04").end()


def test_codes_in_data_and_names_of_files(shell, tmp_path, made):
    """None reaches the terminal: of values, of headings, of what was read from files."""
    evil = "\x1b]0;evil\x07"
    (tmp_path / "e.sql").write_text(f"select {evil} from;\nselect * from \"\x1b[2Jx\".y;\n")
    (tmp_path / f"n{evil}.sql").write_text("select nope;\n")
    one = shell()
    for command in ("\\table", "\\x", "\\csv", "\\json"):
        ask(one, command)
        assert "evil" in ask(one, "select chr(27) || ']0;evil' || chr(7) as a, "
                                  "chr(155) || '31m' as b, chr(8238) || 'right' as c, "
                                  "chr(13) || 'over' as d;")
    ask(one, f"\\i {tmp_path}/e.sql")
    one.type("\x04").end()
    shown = one.raw.decode(errors="replace")
    assert evil not in shown and "\x1b[2Jx" not in shown and "\x9b31m" not in shown
    assert "\u202e" not in shown and "\rover" not in shown
    file = Terminal("query", "-f", tmp_path / f"n{evil}.sql", cwd=made)
    file.end(status=1)
    assert evil.encode() not in file.raw


@pytest.mark.skipif(shutil.which("less") is None, reason="no less")
def test_less(shell):
    one = shell(lines=20)
    one.type("select * from range(500);\r")
    one.wait(re.compile(r":$"))
    one.type("\x03").quiet()  # less does with it what it wants; the shell waits
    for _ in range(200):  # it throws away what comes while it is interrupted
        one.type("q").quiet()
        if one.all.endswith("weft> ") or one.all.endswith("weft> q"):
            break
    one.type("\x15").quiet()
    assert "\n6\n" in ask(one, "select 6 as x;")
    one.type("\x04").end()


def test_the_pager_of_one_query(made):
    env = {"PAGER": "sed s/^/P:/"}
    sql = "select * from range(100)"
    one = Terminal("query", sql, cwd=made, env=env, lines=20)
    assert "P: 99" in one.end().replace("P:   ", "P: ").replace("P:  ", "P: ")
    for words in (["--no-pager"], ["--json"]):
        one = Terminal("query", sql, *words, cwd=made, env=env, lines=20)
        assert "P:" not in one.end()
    one = Terminal("query", "select * from range(3)", cwd=made, env=env, lines=20)
    assert "P:" not in one.end()
    one = Terminal("query", sql, cwd=made, env={"PAGER": "head -n 1"}, lines=20)
    one.end()
    one = Terminal("query", "select nam from shop.orders", cwd=made, env=env, lines=20)
    text = one.end(status=1)
    assert "P:" not in text
    assert re.search(r'error: there is no column "nam" here\n  select nam .*\n         \^\n', text)


def test_a_shell_whose_output_goes_to_a_file(made, tmp_path):
    with open(tmp_path / "out", "w") as file:
        one = Terminal("query", cwd=made, stdout=file,
                       env={"XDG_STATE_HOME": str(tmp_path / "state")})
        one.wait("weft> ")
        one.type("select 12 as x;\r").wait("weft> ")
        one.type("\x04").end()
    assert (tmp_path / "out").read_text() == " x\n--\n12\n"


# ---- files and pipes


def test_statements_of_standard_input(made):
    done = weft("query", "--format", "csv", cwd=made,
                input="-- one\nselect 1 as a;\nselect\n  2 as b; select 3 as c")
    assert done.stdout == "a\n1\nb\n2\nc\n3\n"
    done = weft("query", cwd=made, input="select 1 as a;\nselect\n  nam from shop.orders;\n"
                "select 3 as c;\n", status=1)
    assert "standard input:3:3: there is no column" in done.stderr and "c\n" not in done.stdout
    done = weft("query", "--continue", cwd=made, status=1,
                input="select 1 as a; selec 2; select nam from shop.orders; select 3 as c;")
    assert done.stderr.count("standard input:1:") == 2 and "c\n" in done.stdout
    assert weft("query", cwd=made, input="", status=2).stdout == ""
    assert weft("query", cwd=made, input="-- nothing\n").stdout == ""
    done = weft("query", "--json", cwd=made, input="select 1 as a;\nselect 2 as a;\n")
    assert done.stdout == '[{"a":1}]\n[{"a":2}]\n'
    done = weft("query", cwd=made, input="\\d\n\\csv\nselect 5 as x;\n\\q\nselect 6 as x;\n")
    assert "shop.orders" in done.stdout and done.stdout.endswith("x\n5\n")
    done = weft("query", cwd=made, input="select 'never ended", status=1)
    assert "standard input:1:8" in done.stderr


def test_each_answer_when_its_end_is_there(made):
    process = subprocess.Popen([BIN, "query", "--format", "csv"], cwd=made, env=CLEAN, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write("select 1 as a;\n")
    process.stdin.flush()
    assert process.stdout.readline() == "a\n" and process.stdout.readline() == "1\n"
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


def test_statements_of_a_file(made, tmp_path):
    file = tmp_path / "many.sql"
    file.write_text("select $x as a;\r\n\r\nselect ';' as b; -- c;\nselect $y as c\n")
    done = weft("query", "-f", file, "-p", "x=1", "-p", "y=2", "--format", "csv", cwd=made)
    assert done.stdout == "a\n1\nb\n;\nc\n2\n"
    assert "no value is given" in weft("query", "-f", file, "-p", "x=1", cwd=made, status=2).stderr
    done = weft("query", "-f", file, "-p", "x=1", "-p", "y=2", "-o", tmp_path / "o.csv", cwd=made,
                status=2)
    assert "several statements" in done.stderr and not (tmp_path / "o.csv").exists()
    file.write_text("select 1 as a;\n")
    weft("query", "-f", file, "-o", tmp_path / "o.csv", cwd=made)
    assert (tmp_path / "o.csv").read_text() == "a\n1\n"
    file.write_text("select 1 as a; select\n\n 2, nam from shop.orders;\n")
    done = weft("query", "-f", file, cwd=made, status=1)
    assert "many.sql:3:5: " in done.stderr


# ---- completion in bash

BASH = r"""
eval "$("$WEFT" completion bash)"
weft() { command "$WEFT" "$@"; }
COMP_LINE=$1 COMP_POINT=${#1}
_weft "$WEFT" "$2" ""
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(cwd, line, word=None, env=None):
    """What bash would offer; word is what it takes for the word at the cursor."""
    if word is None:
        word = re.split(r"[\s=:@]", line)[-1]
    done = subprocess.run(["bash", "-c", BASH, "bash", line, word], cwd=cwd, text=True,
                          capture_output=True, env={**CLEAN, "WEFT": BIN, **(env or {})},
                          timeout=PATIENCE)
    assert done.returncode == 0, done
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def test_bash_completes(made, tmp_path):
    assert complete(made, "weft qu") == ["quarantine", "query"]
    assert {"plan", "apply", "help", "completion"} <= set(complete(made, "weft "))
    assert complete(made, "weft query --no-p") == ["--no-pager"]
    assert complete(made, "weft query --format ") == ["csv", "json", "ndjson", "parquet", "table"]
    assert complete(made, "weft query --format=nd") == ["ndjson"]
    assert complete(made, "weft run shop.o") == ["shop.orders"]
    both = complete(made, "weft run shop.orders shop.")
    assert {"shop.customers", "shop.orders"} <= set(both) and both == sorted(both)
    assert complete(made, "weft run +shop.o", "+shop.o") == ["+shop.orders"]
    assert complete(made, "weft plan state:") == ["modified", "new"]
    assert complete(made, "weft plan st") == ["state:modified", "state:new"]
    assert complete(made, "weft show shop.c") == ["shop.customers"]
    assert complete(made, "weft show st") == []  # one product, no selection
    assert "dev" in complete(made, "weft --env ")
    assert complete(made, "weft run --set mem") == ["memory="]
    assert complete(made, "weft run --set=mem") == ["memory="]
    assert complete(made, "weft ledger ") == ["rebuild", "verify"]
    assert complete(made, "weft help comp") == ["completion"]
    assert complete(made, "weft completion ") == ["bash"]
    assert complete(made, "WEFT_ENV=dev weft run shop.o") == ["shop.orders"]
    assert complete(tmp_path, f"weft -C {made} run shop.o") == ["shop.orders"]
    assert complete(tmp_path, f"weft --home={made}/.weft/dev run shop.o") == ["shop.orders"]
    assert complete(tmp_path, "weft run shop.o") == []
    assert complete(tmp_path, "weft run --home /no/such shop.o") == []
    assert complete(made, "weft nonsense ") == []
    assert complete(made, "weft query -f ") == []  # files are bash's
    runs = complete(made, "weft logs ")
    assert runs and all(re.fullmatch(r"[0-9a-f-]{36}", run) for run in runs)
    assert complete(made, "weft rollback shop.orders ")[0].isdigit()
    listed = weft("ls", "--json", cwd=made).stdout
    assert "shop.orders" in listed and not list(tmp_path.iterdir())  # nothing was made


def test_bash_completes_what_is_not_registered(made, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    (folder / "domains/shop/fresh").mkdir()
    (folder / "domains/shop/fresh/data_product.yaml").write_text("version: [broken\n")
    assert complete(folder, "weft apply shop.f") == ["shop.fresh"]
    (folder / "weft.yaml").write_text("mesh: [broken\n")
    assert complete(folder, "weft apply shop.o") == ["shop.orders"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_at_a_terminal(made, tmp_path):
    rc = tmp_path / "rc"
    rc.write_text(f"PATH={os.path.dirname(BIN)}:$PATH\nPS1='ready> '\n"
                  "bind 'set bell-style none'\neval \"$(weft completion bash)\"\n")
    one = Terminal("--noprofile", "--rcfile", rc, "-i", program=shutil.which("bash"), cwd=made)
    one.wait("ready> ")
    one.type("weft show shop.ord\t").shows("weft show shop.orders ")
    one.type("\x15weft run --set=mem\t").shows("--set=memory=")
    one.type("\x15weft plan state:mod\t").shows("plan state:modified ")
    one.type("\x15weft load shop.customers cust\t").shows("customers.csv ")
    one.type("\x15exit\r")
    one.end()


def test_other_shells(made):
    done = weft("completion", "zsh", cwd=made, status=1)
    assert "bash only" in done.stderr and "bashcompinit" in done.stderr
