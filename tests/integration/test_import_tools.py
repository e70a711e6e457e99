"""Imports held against the tools themselves: what imports/dbt_project.py and imports/gx_suite.py
had dbt and Great Expectations write, and say of the rows, is what weft's rules say of the same
rows. imports/dbt_made and imports/gx_made were made so, by the versions in their results.json. With
WEFT_LONG=1 environments of tests/dbt.lock and tests/great-expectations.lock are made (in build/, or
WEFT_TOOLS), the tools run, and other rows are judged too. SQL that does not fit what it reads is
told by the import."""
import csv
import json
import os
import pathlib
import subprocess
import sys

import pytest
from mesh_support import CLEAN, Mesh

HERE = pathlib.Path(__file__).resolve().parent / "imports"
ROOT = HERE.parents[2]
LONG = os.environ.get("WEFT_LONG", "") not in ("", "0")
TOOLS = pathlib.Path(os.environ.get("WEFT_TOOLS", ROOT / "build"))
sys.path.insert(0, str(HERE))
import make  # noqa: E402

SEEDS = [6, *([7, 8] if LONG else [])]


def environment(name, lock):
    """The bin folder of a pinned environment, made where it is not there yet."""
    folder = TOOLS / f"venv-{name}"
    text = (ROOT / "tests" / lock).read_text()
    done = folder / "made-from"
    if not done.exists() or done.read_text() != text:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        # The lock is whole; with extras among dependencies pip would not believe it.
        subprocess.run([folder / "bin/pip", "install", "--quiet", "--no-deps", "--require-hashes",
                        "-r", ROOT / "tests" / lock], check=True)
        done.write_text(text)
    return folder / "bin"


def made(tmp_path_factory, kind, lock, seed, versions):
    """The folder with what the tool wrote: of the repository, and in the long form a new one."""
    kept = HERE / f"{kind}_made"
    if not LONG:
        return kept
    bin_folder = environment(kind if kind == "dbt" else "great-expectations", lock)
    out = tmp_path_factory.mktemp(f"{kind}{seed}")
    script, interpreter = (("dbt_project.py", sys.executable) if kind == "dbt" else
                           ("gx_suite.py", bin_folder / "python"))
    words = [bin_folder, out] if kind == "dbt" else [out]
    subprocess.run([interpreter, "-B", HERE / script, *words, str(seed)], check=True,
                   capture_output=True, env={**CLEAN, "DO_NOT_TRACK": "1"})
    told = json.loads((out / "results.json").read_text())
    assert told["versions"] == versions
    if seed == 6:  # what is kept in the repository is what the tool says today
        assert told == json.loads((kept / "results.json").read_text())
    return out


def quarantined(mesh, product):
    """{rule: [values of the row]}"""
    found = {}
    for row in mesh.json("quarantine", product):
        values = row["values"]
        values = json.loads(values) if isinstance(values, str) else values
        if values is None and isinstance(row["raw"], str):
            values = row["raw"]
        rules = json.loads(row["rules"]) if isinstance(row["rules"], str) else row["rules"]
        for rule in rules:
            found.setdefault(rule if isinstance(rule, str) else rule["rule"], []).append(
                (int(row["line"]) if row["line"] else None, values))
    return found


# ---- dbt ----

@pytest.mark.parametrize("seed", SEEDS)
def test_dbt_says_the_same(tmp_path, tmp_path_factory, seed):
    folder = made(tmp_path_factory, "dbt", "dbt.lock", seed, {"dbt": "1.9.11"})
    told = json.loads((folder / "results.json").read_text())
    assert told["versions"] == {"dbt": "1.9.11"}
    dbt = {name.split(".")[2]: count for name, count in told["tests"].items()}
    mesh = Mesh(tmp_path)
    done = mesh.json("import", "--from", "dbt", folder / "manifest.json")
    assert [note for note in done["notes"] if note["fate"] in ("left", "refused")] == []
    mesh("apply", "--yes", status=None)
    for seed_name in ("customers", "raw_orders"):
        mesh("load", f"jaffle_shop.{seed_name}", folder / f"seeds/{seed_name}.csv")
    mesh("run", status=None)
    rules = quarantined(mesh, "jaffle_shop.stg_orders")
    assert len(rules.get("order_id.required", [])) == \
        dbt["not_null_stg_orders_order_id"] > 0
    assert len(rules.get("customer_id.required", [])) == \
        dbt["not_null_stg_orders_customer_id"] > 0
    assert len(rules.get("amount.required", [])) == dbt["not_null_stg_orders_amount"] > 0
    assert len(rules.get("customer_id.references", [])) == \
        dbt["relationships_stg_orders_customer_id__id__ref_customers_"] > 0
    # dbt counts values: those of which there are several, and those that are not accepted
    assert len({values["order_id"] for _, values in rules["order_id.unique"]}) == \
        dbt["unique_stg_orders_order_id"] > 0
    assert len({values["status"] for _, values in rules["status.enum"]}) == \
        dbt["accepted_values_stg_orders_status__placed__shipped__on_hold"] > 0
    assert set(rules) == {"order_id.required", "customer_id.required", "amount.required",
                          "customer_id.references", "order_id.unique", "status.enum"}
    rules = quarantined(mesh, "jaffle_shop.big_orders")
    assert len(rules["order_id.required"]) == dbt["not_null_big_orders_order_id"] > 0
    assert len({values["status"] for _, values in rules["status.enum"]}) == \
        dbt["accepted_values_big_orders_status__placed__shipped"] > 0
    # severity warn: published, and told; a row that is set aside for another rule is not asked
    [(warned,)] = mesh.sql("select failing from mesh.checks where product = "
                           "'jaffle_shop.big_orders' and rule = 'customer_id.references'")
    aside = [values for found in rules.values() for _, values in found
             if str(values["customer_id"]) == "99"]
    assert warned + len(aside) == \
        dbt["relationships_big_orders_customer_id__id__ref_customers_"] > len(aside)
    # nothing of dbt's that fails nowhere fails here
    assert quarantined(mesh, "jaffle_shop.per_customer") == {}
    assert dbt["unique_per_customer_customer_id"] == dbt["not_null_per_customer_orders"] == 0


# ---- Great Expectations ----

@pytest.mark.parametrize("seed", SEEDS)
def test_expectations_say_the_same(tmp_path, tmp_path_factory, seed):
    folder = made(tmp_path_factory, "gx", "great-expectations.lock", seed,
                  {"great_expectations": "1.24.1"})
    told = json.loads((folder / "results.json").read_text())
    assert told["versions"] == {"great_expectations": "1.24.1"}
    said = told["expectations"]
    mesh = Mesh(tmp_path)
    done = mesh.json("import", "--from", "great-expectations", folder / "suite.json", "--into",
                     "shop.goods")
    assert [note for note in done["notes"] if note["fate"] in ("left", "refused")] == []
    mesh("apply", "--yes", status=None)
    mesh("load", "shop.goods", folder / "goods.csv")
    rows = mesh.json("quarantine", "shop.goods")
    failing = {at for at in said.values() if isinstance(at, list) for at in at}
    assert {int(row["line"]) - 2 for row in rows} == failing and len(failing) > 20
    assert all(value is True for value in said.values() if not isinstance(value, list))
    count = sum(1 for _ in csv.DictReader((folder / "goods.csv").open()))
    assert mesh.sql("select count(*)::int from shop.goods") == [(count - len(failing),)]


# ---- SQL that does not fit ----

def test_import_tells_what_plan_refuses(tmp_path):
    mesh = Mesh(tmp_path)
    document = make.manifest()
    for name, sql in (("lost", f"select nothing_like_it from {make.relation('stg_orders')}"),
                      ("foreign", f"select to_varchar(order_id) as x from "
                                  f"{make.relation('stg_orders')}"),
                      ("good", f"select order_id from {make.relation('stg_orders')}"),
                      ("reads_lost", f"select nothing_like_it from {make.relation('lost')}")):
        document["nodes"][f"model.jaffle_shop.{name}"] = make.model(
            name, sql, [make.column("x" if name == "foreign" else "order_id" if name == "good"
                                    else "nothing_like_it", "bigint")])
    mesh.write("manifest.json", json.dumps(document))
    done = mesh("import", "--from", "dbt", "manifest.json", "--into", "jaffle")
    told = done.stdout[done.stdout.index("To be repaired"):]
    assert "domains/jaffle/lost/lost.sql:1:8: " in told and "nothing_like_it" in told
    assert "domains/jaffle/foreign/foreign.sql:1:8: " in told and "to_varchar" in told
    assert "good.sql" not in told and "2 to be repaired" in told
    # what it told is what stands in the way, and all of it
    wrong = mesh("validate", status=1).stderr
    assert "lost.sql:1:8" in wrong and "foreign.sql:1:8" in wrong and "2 mistakes" in wrong
    for name in ("lost", "foreign"):
        mesh.write(f"domains/jaffle/{name}/{name}.sql", "select order_id as " +
                   ("x" if name == "foreign" else "nothing_like_it") + " from jaffle.stg_orders")
    mesh("validate")


def test_import_beside_wrong_files(tmp_path):
    """Another file of the checkout has a mistake: the import is made, and speaks of its own."""
    mesh = Mesh(tmp_path)
    mesh.write("domains/d/p/data_product.yaml", "owner: me\nversin: 1\n")
    mesh.write("t.sql", "create table t (a int, check (a > 0));")
    done = mesh("import", "--from", "sql", "t.sql", "--into", "shop")
    assert "0 to be repaired" in done.stdout and "versin" not in done.stdout
