"""A hostile checkout, inbox and database: nothing hangs, nothing leaks, nothing is signed away."""
import json
import os
import sqlite3

import pytest

from patience import PATIENCE

PRODUCT = """version: 1.0.0
input:
  files: ../../../in/*.csv
  format: csv
  read: new
schema:
  - {name: id, type: long, required: true}
  - {name: s, type: string}
"""


@pytest.fixture
def shop(weft, tmp_path):
    """shop(product) -> run(*words): a mesh of one product, with a folder `in`."""

    def make(product=PRODUCT):
        folder = tmp_path / "domains" / "a" / "b"
        folder.mkdir(parents=True)
        (tmp_path / "in").mkdir()
        (tmp_path / "weft.yaml").write_text("mesh: m\n")
        (folder.parent / "domain.yaml").write_text("owner: x@example.org\n")
        (folder / "data_product.yaml").write_text(product)
        return weft

    return make


def home_of(tmp_path):
    return next(tmp_path.glob(".weft/*/weft.db")).parent


def test_a_pipe_in_the_inbox_is_passed_over(shop, tmp_path):
    run = shop()
    os.mkfifo(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "b.csv").write_text("id,s\n1,x\n")
    assert "1 read, 1 published" in run("apply", "--yes", timeout=PATIENCE).stdout


def test_a_device_is_no_input(shop):
    run = shop(PRODUCT.replace("../../../in/*.csv", "/dev/zero").replace("read: new", "read: all"))
    assert "no file matches" in run("apply", "--yes", status=1, timeout=PATIENCE).stderr


def test_a_name_that_is_no_text(shop, tmp_path):
    run = shop()
    with open(os.fsencode(tmp_path) + b"/in/a\xff.csv", "w", encoding="ascii") as file:
        file.write("id,s\nx,y\n1,b\n")
    assert "is not UTF-8" in run("apply", "--yes", status=1).stderr


@pytest.mark.parametrize("condition", ["now() > date '2020-01-01'", "current_date > '2020-01-01'"])
def test_now_in_a_condition_is_the_time_of_the_run(shop, tmp_path, condition):
    run = shop(PRODUCT + f"quality: {{checks: [{{name: c, condition: \"{condition}\"}}]}}\n")
    (tmp_path / "in" / "a.csv").write_text("id,s\n1,x\n")
    assert "1 published, 0 quarantined" in run("apply", "--yes").stdout


def test_a_failing_condition_tells_no_value(shop, tmp_path):
    run = shop(PRODUCT + "quality: {checks: [{name: c, condition: \"s::int > 0\"}]}\n")
    (tmp_path / "in" / "a.csv").write_text("id,s\n1,secret\n")
    told = run("apply", "--yes", status=1).stderr
    assert "fails on a value" in told
    for where in (told, run("runs", "--json").stdout, run("logs").stdout):
        assert "secret" not in where and "LINE" not in where and "weft$" not in where


def test_a_cut_end_of_the_ledger_is_not_written_on(shop, tmp_path):
    run = shop()
    (tmp_path / "in" / "a.csv").write_text("id,s\n1,x\n")
    run("apply", "--yes")
    with sqlite3.connect(home_of(tmp_path) / "weft.db") as db:
        db.execute("delete from entries where sequence > (select max(sequence) - 2 from entries)")
    (tmp_path / "in" / "b.csv").write_text("id,s\n2,y\n")
    assert "end of the ledger is missing" in run("run", "a.b", status=1).stderr
    assert "end of the ledger is missing" in run("ledger", "verify", status=1).stderr


def test_a_product_without_a_contract_is_refused(shop, tmp_path):
    run = shop()
    (tmp_path / "in" / "a.csv").write_text("id,s\n1,x\n")
    run("apply", "--yes")
    with sqlite3.connect(home_of(tmp_path) / "weft.db") as db:
        db.execute("delete from catalog_products")
    assert "no contract" in run("run", "a.b", status=1).stderr


@pytest.mark.parametrize("last", ['x,"A"', 'x,"A\n"', '"x"', 'x,A'])
def test_the_last_record_needs_no_line_end_to_be_kept(shop, tmp_path, last):
    run = shop()
    (tmp_path / "in" / "a.csv").write_text("id,s\n1,a\n" + last)
    run("apply", "--yes")
    rows = json.loads(run("query", "--json", "select raw from a__quarantine.b").stdout)
    assert rows == [{"raw": last}]


@pytest.mark.parametrize("link", [False, True])
def test_the_home_is_no_input(shop, tmp_path, link):
    key = "../../../.weft/*/keys/*.pem"
    run = shop("version: 1.0.0\ninput:\n  files: %s\n  format: csv\n"
               % ("../../../in/*.pem" if link else key))
    run("apply", "--yes", "--no-run")
    if link:
        (tmp_path / "in" / "k.pem").symlink_to(next(tmp_path.glob(".weft/*/keys/*.pem")))
    told = run("run", "a.b", status=1)
    assert "lies in the home" in told.stderr and "PRIVATE" not in told.stdout + told.stderr
