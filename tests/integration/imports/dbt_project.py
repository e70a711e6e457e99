"""A dbt project made by chance, and what dbt itself says of it:
`python dbt_project.py BIN OUT [SEED]`, with the bin folder of an environment that has dbt. OUT gets
manifest.json, catalog.json (without macros and paths), seeds/*.csv and results.json: {test:
failures}, and the versions."""
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

MODELS = {
    "stg_orders": "select id as order_id, customer_id, status, amount from {{ ref('raw_orders') }}",
    "big_orders": "select id as order_id, customer_id, amount, status from {{ ref('raw_orders') }} "
                  "where amount > 10",
    "per_customer": "select customer_id, count(*) as orders, max(amount) as most "
                    "from {{ ref('stg_orders') }} where customer_id is not null "
                    "group by customer_id",
}
COLUMNS = {
    "stg_orders": {"order_id": ("integer", ["not_null", "unique"]),
                   "customer_id": ("integer", ["not_null", {"relationships": {
                       "to": "ref('customers')", "field": "id"}}]),
                   "status": ("varchar", [{"accepted_values": {
                       "values": ["placed", "shipped", "on hold"]}}]),
                   "amount": ("integer", ["not_null"])},
    "big_orders": {"order_id": ("integer", ["not_null"]),
                   "customer_id": ("integer", [{"relationships": {
                       "to": "ref('customers')", "field": "id",
                       "config": {"severity": "warn"}}}]),
                   "amount": ("integer", []),
                   "status": ("varchar", [{"accepted_values": {"values": ["placed", "shipped"]}}])},
    "per_customer": {"customer_id": ("integer", ["unique", "not_null"]),
                     "orders": ("bigint", ["not_null"]), "most": ("integer", [])},
}
SEEDS = {"customers": "id,email", "raw_orders": "id,customer_id,status,amount"}


def rows(seed):
    """Each order has at most one thing wrong."""
    chance = random.Random(seed)
    customers = [[i, f"c{i}@example.org"] for i in range(1, 9)]
    orders = []
    for i in range(1, 121):
        row = [i, chance.randint(1, 8), chance.choice(["placed", "shipped", "on hold", ""]),
               chance.randint(0, 40)]
        wrong = chance.randrange(12)
        if wrong < 5 and i > 5:  # the first ones are there for others to repeat
            row = [[*row[:0], "", *row[1:]], [row[0], "", *row[2:]], [row[0], 99, *row[2:]],
                   [*row[:2], chance.choice(["lost", "Placed", "lost "]), row[3]],
                   [*row[:3], ""]][wrong]
        elif wrong == 5 and i > 5:
            row[0] = chance.randint(1, 3)
        orders.append(row)
    return {"customers": customers, "raw_orders": orders}


def project_write(folder, seed):
    def write(path, text):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    write("dbt_project.yml", json.dumps({
        "name": "jaffle_shop", "version": "1.0.0", "profile": "p", "model-paths": ["models"],
        "seed-paths": ["seeds"], "models": {"jaffle_shop": {"+materialized": "table"}},
        "flags": {"send_anonymous_usage_stats": False}}))
    write("profiles.yml", json.dumps({"p": {"target": "t", "outputs": {"t": {
        "type": "duckdb", "path": "shop.duckdb", "threads": 1}}}}))
    models = []
    for name, sql in MODELS.items():
        write(f"models/{name}.sql", sql)
        models.append({"name": name, "description": f"What {name} holds.", "columns": [
            {"name": column, "data_type": kind, "data_tests": tests}
            for column, (kind, tests) in COLUMNS[name].items()]})
    write("models/schema.yml", json.dumps({"version": 2, "models": models}))
    for name, lines in rows(seed).items():
        write(f"seeds/{name}.csv", "")
        with (folder / f"seeds/{name}.csv").open("w", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([SEEDS[name].split(","), *lines])


def slim(document):
    """Without what the import does not read and what names this machine."""
    for key in ("macros", "parent_map", "child_map", "disabled", "selectors", "docs"):
        if key in document:
            document[key] = {}
    for node in document.get("nodes", {}).values():
        for key in ("root_path", "compiled_path", "build_path", "created_at"):
            node.pop(key, None)
        node["depends_on"] = {**node.get("depends_on", {}), "macros": []} \
            if "depends_on" in node else {}
    for key in ("generated_at", "invocation_id", "user_id", "invocation_started_at"):
        document.get("metadata", {}).pop(key, None)
    return document


def run(bin_folder, out, seed=6):
    out = pathlib.Path(out)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        project_write(folder, seed)
        target = folder / "target"
        home = {"PATH": os.environ["PATH"], "HOME": str(folder), "DO_NOT_TRACK": "1",
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        dbt = [str(pathlib.Path(bin_folder) / "dbt"), "--no-use-colors"]
        for words in (["seed"], ["run"], ["docs", "generate"], ["test"]):
            done = subprocess.run([*dbt, *words, "--profiles-dir", "."], cwd=folder, text=True,
                                  capture_output=True, env=home)
            if done.returncode != (1 if words == ["test"] else 0):
                sys.exit(f"dbt {words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
            if words != ["test"]:  # which writes a manifest without the SQL of models
                compiled = (target / "manifest.json").read_text()
        results = json.loads((target / "run_results.json").read_text())
        told = {"versions": {"dbt": results["metadata"]["dbt_version"]},
                "tests": {one["unique_id"]: one["failures"] for one in results["results"]}}
        (out / "seeds").mkdir(parents=True, exist_ok=True)
        for name in ("manifest", "catalog"):
            document = slim(json.loads(compiled if name == "manifest" else
                                       (target / f"{name}.json").read_text()))
            (out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
        (out / "results.json").write_text(json.dumps(told, indent=1) + "\n")
        for name in SEEDS:
            (out / "seeds" / f"{name}.csv").write_bytes(
                (folder / "seeds" / f"{name}.csv").read_bytes())


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
