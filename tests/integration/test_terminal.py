"""Long commands at a real pseudo-terminal: the line of progress, Ctrl-C, and what it leaves in the
home; tables of all sorts of text."""
import json
import re
import subprocess
import unicodedata

import pytest

from terminal import BIN, CLEAN, Terminal

PRODUCT = """\
version: 1.0.0
input: {files: ../../../inbox/lines*.csv, format: csv, read: new}
schema:
  - {name: id, type: long, required: true}
  - {name: word, type: string}
key: [id]
"""
ROWS = 5_000_000
PROGRESS = re.compile(r"shop\.lines  .* s")


def weft(*arguments, cwd, status=0):
    done = subprocess.run([BIN, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, env=CLEAN, timeout=300)
    assert status is None or done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


@pytest.fixture
def large(tmp_path):
    folder = tmp_path / "mesh"
    product = folder / "domains" / "shop" / "lines"
    product.mkdir(parents=True)
    (folder / "inbox").mkdir()
    (folder / "weft.yaml").write_text("mesh: test\n")
    (folder / "domains" / "shop" / "domain.yaml").write_text("owner: shop@example.org\n")
    (product / "data_product.yaml").write_text(PRODUCT)
    (folder / "inbox" / "lines_0.csv").write_text("id,word\n1,one\n2,two\n")
    weft("apply", "--yes", cwd=folder)
    with open(folder / "inbox" / "lines_1.csv", "w") as file:
        file.write("id,word\n")
        file.writelines(f"{i},word number {i}\n" for i in range(10, ROWS))
    return folder


def count(folder):
    return json.loads(weft("query", "--json", "select count(*) as n from shop.lines",
                           cwd=folder).stdout)[0]["n"]


def test_progress_stays_in_its_line_and_goes(large):
    one = Terminal("run", "shop.lines", cwd=large, columns=50)
    text = one.end()
    raw = one.raw.decode()
    shown = re.findall(r"\r\x1b\[K([^\r\n]*)", raw)
    lines = [line for line in shown if PROGRESS.match(line + " s")]
    assert len(lines) >= 3, raw
    assert all(len(line) < 50 for line in lines), lines
    assert any("rows" in line for line in lines), lines
    # the last thing that was done to the line is that it was taken off
    assert raw.rindex("\r\x1b[K") > raw.rindex(lines[-1])
    assert re.search(r"shop\.lines .*published", text), text
    assert count(large) == 2 + ROWS - 10


def test_ctrl_c_in_a_run_changes_nothing(large):
    one = Terminal("run", "shop.lines", cwd=large)
    one.wait(PROGRESS)
    one.type("\x03")
    text = one.end(status=130)
    assert "stopped on request" in text
    assert one.raw.decode().count("\n") < 12  # no line of progress stayed
    assert count(large) == 2
    run = json.loads(weft("runs", "--json", cwd=large).stdout)[0]
    assert run["state"] != "published" and run["finished_at"] is not None, run
    assert run["product"] == "shop.lines"
    weft("ledger", "verify", cwd=large)
    home = large / ".weft" / "dev"
    left = [path for path in (home / "tmp").rglob("*") if path.is_file()]
    assert not left, left
    done = weft("run", "shop.lines", cwd=large)
    assert "published" in done.stdout
    assert count(large) == 2 + ROWS - 10
    again = Terminal("run", "shop.lines", cwd=large)
    assert "nothing new" in again.end().lower()


def test_ctrl_c_twice_and_the_next_run(large):
    one = Terminal("run", "shop.lines", cwd=large)
    one.wait(PROGRESS)
    one.type("\x03\x03")
    one.end(status=130)
    assert count(large) == 2
    weft("run", "shop.lines", cwd=large)
    assert count(large) == 2 + ROWS - 10
    weft("ledger", "verify", cwd=large)


def test_ctrl_c_at_a_question(large):
    (large / "domains/shop/lines/data_product.yaml").write_text(
        PRODUCT.replace("1.0.0", "1.1.0").replace("word, type", "word, description: a word, type"))
    one = Terminal("apply", cwd=large)
    one.wait("[y/N] ")
    one.type("\x03")
    one.end(status=130)
    one = Terminal("apply", cwd=large)
    one.wait("[y/N] ")
    one.type("\x04")  # the end of input is a no
    one.end(status=1 if one.process.poll() is None else one.process.returncode)


def test_a_window_that_becomes_narrow_in_a_run(large):
    one = Terminal("run", "shop.lines", cwd=large, columns=100)
    one.wait(PROGRESS)
    one.resize(30, 40)
    one.end()
    assert count(large) == 2 + ROWS - 10


# ---- tables


def width(text):
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


TEXTS = {
    "wide": "漢字かな交じり文", "emoji": "🙂👍🏽", "combining": "e\u0301a\u0308o", "latin": "Ärger",
    "hebrew": "שלום עולם", "arabic": "مرحبا", "tab": "a\tb", "line": "a\nb",
    "escape": "\x1b[31mred", "bell": "\x07", "turned": "\u202egnirts",
    "joined": "👩\u200d👩", "empty": "", "zero": "a\u200bb",
}


def test_columns_stand_below_each_other(large):
    values = ", ".join(f"('{name}', '{text}', {len(name)})" for name, text in TEXTS.items())
    sql = f"select * from (values {values}, (null, null, null)) v(name, text, n)"
    one = Terminal("query", "--no-pager", sql, cwd=large, columns=70, env={"NO_COLOR": "1"})
    lines = one.end().split("\n")
    raw = one.raw.decode()
    assert "\x1b[31m" not in raw and "\x07" not in raw and "\u202e" not in raw
    assert raw.count("NULL") == 3
    start = lines[1].rindex(" ") + 1  # of the last column, which is right-aligned
    end = width(lines[1])
    for line in lines[2:2 + len(TEXTS)]:
        name = line.split()[0]
        if name in ("emoji", "joined", "zero"):  # terminals do not agree on these
            continue
        assert width(line) == end, (line, width(line), end)
    assert start > 0


def test_long_values_are_cut_with_a_mark(large):
    sql = "select 'x' || repeat('y', 500) as long, 42 as n, '漢' || repeat('字', 300) as wide"
    one = Terminal("query", "--no-pager", sql, cwd=large, columns=60, env={"NO_COLOR": "1"})
    lines = one.end().split("\n")
    assert all(width(line) <= 60 for line in lines), lines
    assert lines[2].count("…") == 2 and " 42 " in lines[2]


def test_no_rows_and_many_columns(large):
    one = Terminal("query", "select 1 as a, 'b' as b where false", cwd=large)
    assert re.search(r"a +b\n-+ +-+\n\(0 rows\)", one.end())
    columns = ", ".join(f"{i} as column_{i}" for i in range(200))
    one = Terminal("query", f"select {columns}", cwd=large, columns=80)
    text = one.end()
    assert re.search(r"\(1 row, 19\d columns more: --json\)", text), text
    assert all(width(line) <= 80 for line in text.split("\n"))
