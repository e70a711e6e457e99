"""Contracts as people write them: validated, planned, applied, evolved; every rule counted."""
import json
import os
import re
import sqlite3
import stat

import pytest
from mesh_support import Mesh, places

SMALLEST = """name: customer_profile
domain: customer
owner: customer-team@company.com
version: 1.0.0
format: parquet
location: s3://data-products/customer/profile/
schema:
  - name: customer_id
    type: string
  - name: email
    type: string
quality:
  completeness: 0.95
  freshness: 24h
"""

WHOLE = r"""name: daily_reports
domain: county_health
owner: county-health@example.org
version: 1.2.0
description: Cumulative COVID-19 cases and deaths, one row per county and day.
type: source-aligned
tags: [health, covid]
status: active
discoverable: mesh
regulations: [PHIPA]

inputs:
  reports:
    files: ${inbox}/daily*.csv
    format: csv
    options: {delimiter: ",", header: true, quote: '"', null: ["", "NA"],
              date_format: "%Y-%m-%d", encoding: utf-8, skip: 0}
    schema:
      - {name: fips, type: string, from: "FIPS code", pattern: "[0-9]{5}"}
    extra_columns: warn
    read: new
    done: inbox/done
  counties: {product: reference.counties}

write: append

sql: |
  select r.date, r.fips, c.county, c.state, r.cases, r.deaths
  from reports r join counties c using (fips)

format: parquet
location: s3://data-products/county_health/daily_reports/
partition: [year(date), state]
sort: [fips, date]

schema:
  - name: date
    type: date
    required: true
  - name: fips
    type: string
    required: true
    pattern: "[0-9]{5}"
    references: reference.counties.fips
    description: Five-digit county code (FIPS 6-4).
    classification: public
    means: county
  - name: state
    type: string
    enum: [California, Oregon]
  - name: cases
    type: long
    min: 0
    on_fail: {min: block}
key: [date, fips]

quality:
  completeness: 0.95
  freshness: 24h
  rows: {min: 1000, change: 50%}
  quarantine_max: 1%
  checks:
    - name: deaths_within_cases
      condition: deaths <= cases
      on_fail: quarantine
    - name: never_falls
      sql: select fips from this group by fips having max(cases) > last(cases order by date)
      on_fail: warn

tests:
  - name: unknown_county_is_left_out
    now: 2020-03-02T00:00:00Z
    given: {reports: [{date: 2020-03-01, fips: "00000", cases: 1, deaths: 0}],
            counties: {file: tests/counties.csv}}
    expect: []

run: {schedule: "0 6 * * *", timezone: UTC, on_change: true, timeout: 10m, retries: 3}
retention: {snapshots: 100, age: 90d, rows: {field: date, keep: 7y}, quarantine: 1y}
access: {purposes: [surveillance]}
protect: {}
outputs: {}
terms_of_use: Public domain.
"""

WHOLE_MESH = """mesh: health
owns: [county_health, california]
environments:
  dev:  {home: .weft/dev, vars: {inbox: sample}}
  prod: {node: "https://mesh.example.org", vars: {inbox: /srv/inbox}, s3_fallback: refuse,
         buckets: {data-products: {endpoint: "https://s3.example.org", connection: lake}}}
  try:  {home: .weft/try, defer: dev}
settings: {memory: 4GB, threads: 2}
connections:
  erp: {postgres: "host=db dbname=erp", password: {env: ERP_PASSWORD}}
"""


@pytest.fixture
def mesh(tmp_path):
    return Mesh(tmp_path / "m")


# ---- the files as the design shows them


def test_the_smallest_file(mesh):
    mesh.write("domains/customer/profile/data_product.yaml", SMALLEST)
    (mesh.folder / "weft.yaml").unlink()
    mesh("validate")
    assert "local lake" in mesh("plan").stdout
    mesh.apply()
    mesh.write("p.csv", "customer_id,email\n1,a@x.org\n2,b@x.org\n")
    mesh("load", "customer.customer_profile", "p.csv")
    assert mesh.sql("select * from customer.customer_profile order by 1") == [
        ("1", "a@x.org"), ("2", "b@x.org")]
    # Completeness 0.95 of every field: an empty address is too much.
    done = mesh.load("customer_id,email\n3,\n", "customer.customer_profile", status=3)
    assert "completeness.email" in done.stdout + done.stderr
    assert mesh.sql("select count(*) from customer.customer_profile") == [(2,)]
    assert mesh.json("status")[0]["fresh"] is True


def test_the_whole_example(mesh):
    mesh.write("weft.yaml", WHOLE_MESH)
    mesh.write("domains/county_health/daily_reports/data_product.yaml", WHOLE)
    # `deaths` stands in a check, but not in the schema of the example: that is told.
    done = mesh("validate", status=None)
    mistakes = places(done.stderr)
    assert all("deaths" in text or text.startswith(("warning", "note")) for _, text in mistakes), \
        done.stderr
    mesh.write("domains/county_health/daily_reports/data_product.yaml",
               WHOLE.replace("key: [date", "  - {name: deaths, type: long}\nkey: [date"))
    mesh("validate")
    assert "there is no product `reference.counties`" in mesh("plan", status=1).stderr
    mesh.write("weft.yaml", WHOLE_MESH.replace("california]", "reference]"))
    mesh.product("schema: [{name: fips, type: string}, {name: county, type: string}, "
                 "{name: state, type: string}]\n", "counties", "reference")
    told = mesh("plan", status=1).stderr  # the port is read with detected types, and lacks columns
    assert "date" in told, told
    mesh.write("domains/county_health/daily_reports/data_product.yaml",
               WHOLE.replace("key: [date", "  - {name: deaths, type: long}\nkey: [date")
               .replace('pattern: "[0-9]{5}"}',
                        'pattern: "[0-9]{5}"}\n      - {name: date, type: date}\n      - '
                        '{name: cases, type: long}\n      - {name: deaths, type: long}')
               .replace("r.date, r.fips, c.county, c.state", "r.date, r.fips, c.state"))
    plan = mesh("plan", status=1).stdout
    assert "partition" in plan.split("refused:")[1]
    assert "`run`, `retention`" in plan
    done = mesh.apply(status=1)
    assert "refused" in done.stderr and "not yet" in done.stderr
    assert not (mesh.folder / ".weft/dev/weft.db").exists()
    assert "not yet" in mesh("--env", "prod", "plan", status=1).stderr


@pytest.mark.parametrize("key", [
    "protect: {a: {method: hash}}", "partition: [a]"])
def test_what_does_not_act_is_refused_by_apply(mesh, key):
    text = "schema:\n  - {name: a, type: long}\nkey: [a]\n" + key + "\n"
    mesh.product(text)
    mesh.product("schema:\n  - {name: a, type: long}\n", name="q")
    done = mesh("validate", status=None)
    if done.returncode == 0:
        done = mesh.apply(status=1)
        assert "yet" in done.stderr, done.stderr
        assert not (mesh.folder / ".weft/dev/weft.db").exists()  # all or nothing
    else:
        assert "protect" in key, done.stderr


@pytest.mark.parametrize("key", ["retention: {snapshots: 3}", 'run: {schedule: "0 6 * * *"}'])
def test_what_does_not_act_is_warned_of(mesh, key):
    mesh.product("schema:\n  - {name: a, type: long}\n" + key + "\n")
    assert "does not act yet" in mesh("plan").stdout
    mesh.apply()


# ---- mistakes


def test_all_mistakes_at_once(mesh):
    mesh.write("weft.yaml", "mesh: small\nsetings: {}\nsettings: {memroy: 1GB, threads: lots}\n")
    mesh.write("domains/d/a/data_product.yaml", """naem: a
owner: x@example.org
version: one
type: source-alligned
schema:
  - name: Id
    type: integr
  - name: x
    type: long
    min: 5
    max: 1
    patern: "a["
  - name: x
    type: string
    pattern: "a["
key: [idd]
quality:
  completeness: 1.5
  freshness: 24q
  checks:
    - name: c
      condition: x <= 1
      on_fail: quarantin
""")
    mesh.product("""input: {files: "*.csv", read: newer, format: cvs, options: {delimeter: ","}}
write: upsrt
schema:
  - {name: a, type: long, on_fail: {mni: block}}
""", name="b")
    mesh.product("schema:\n - {name: a\n", name="broken")
    done = mesh("validate", status=1)
    told = places(done.stderr)
    a, b = "domains/d/a/data_product.yaml:", "domains/d/b/data_product.yaml:"
    for place in (a + "1:1", a + "3:10", a + "4:7", a + "6:11", a + "7:11", a + "10:5", a + "12:5",
                  a + "13:5", a + "15:14", a + "16:7", a + "18:17", a + "19:14", a + "23:16",
                  b + "3:31", b + "3:46", b + "3:61", b + "4:8", b + "6:37", "weft.yaml:2:1",
                  "weft.yaml:3:20", "weft.yaml:3:34"):
        file, line, column = place.rsplit(":", 2)
        assert any(where.startswith(f"{file}:{line}:") for where, _ in told), (place, done.stderr)
    assert any("broken" in where and "not YAML" in text for where, text in told)
    for right in ("name", "source-aligned", "integer", "pattern", "quarantine", "new", "csv",
                  "delimiter", "upsert", "min", "settings", "memory"):
        assert re.search(rf"hint: .*\b{right}\b", done.stderr), right
    assert [row["severity"] for row in mesh.json("validate", status=1)].count("error") == len(
        [text for _, text in told if not text.startswith("warning")])
    assert f"{len(told)} mistakes" in done.stderr


def test_sql_of_checks_is_checked_before_anything_runs(mesh):
    mesh.product("""schema:
  - {name: x, type: long}
quality:
  checks:
    - {name: c, condition: x <=}
    - {name: d, condition: y < 3}
    - name: e
      sql: select nope from this
    - name: f
      sql: select 1 from read_csv('/etc/passwd')
    - {name: good, sql: select t.x from this t join new n using (x) where n.x > 1}
    - {name: rand, condition: random() > 0.5}
""")
    for command in (("validate",), ("plan",), ("apply", "--yes")):
        done = mesh(*command, status=1)
        lines = [int(where.split(":")[1]) for where, _ in places(done.stderr)]
        assert lines == [7, 8, 10, 12, 14], done.stderr
    assert not (mesh.folder / ".weft").exists()


# ---- weft schema


def test_json_schema(mesh):
    jsonschema = pytest.importorskip("jsonschema")
    import yaml
    for which in ("product", "mesh", "domain"):
        schema = json.loads(mesh("schema", which).stdout)
        assert schema["$schema"].endswith("draft/2020-12/schema")
        jsonschema.Draft202012Validator.check_schema(schema)
    product = jsonschema.Draft202012Validator(json.loads(mesh("schema").stdout))
    whole = jsonschema.Draft202012Validator(json.loads(mesh("schema", "mesh").stdout))

    class Loader(yaml.SafeLoader):
        """Dates stay texts, as in JSON."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}

    def texts(value):
        """The key `null` is a text too."""
        if isinstance(value, dict):
            return {"null" if key is None else key: texts(item) for key, item in value.items()}
        return [texts(item) for item in value] if isinstance(value, list) else value

    def load(text):
        return texts(yaml.load(text, Loader))

    product.validate(load(SMALLEST))
    product.validate(load(WHOLE))
    whole.validate(load(WHOLE_MESH))
    accepted = ["schema: [{name: a, type: integer}]", "input: {files: a.csv}", "write: append",
                "input: {files: [a.csv, b.csv]}", "quality: {completeness: {a: 0.5}}",
                "schema: [{name: a, type: 'decimal(9,2)', on_fail: warn}]", "key: [a]",
                "description: {en: a, fr: b}", "quality: {rows: {min: 1}, batch: {change: 50%}}",
                "quality: {freshness: {field: a, within: 3d}}", "sort: [a]"]
    refused = ["naem: x", "schema: [{nam: a}]", "write: upsrt", "type: source",
               "input: {files: a.csv, read: newer}", "status: old", "quality: {completness: 0.5}",
               "input: {files: a.csv, options: {delimeter: ','}}", "quality: {checks: [{nme: a}]}",
               "schema: [{name: a, type: long, on_fail: maybe}]", "schema: 5"]
    base = {"name": "p", "domain": "d", "owner": "x@example.org", "version": "1.0.0"}
    for text, good in [(t, True) for t in accepted] + [(t, False) for t in refused]:
        document = {**base, **load(text)}
        assert product.is_valid(document) is good, text
        lines = "" if "schema:" in text else "schema: [{name: a, type: date}]\n"
        mesh.product(text + "\n" + lines)
        mesh("validate", status=0 if good else 1)


# ---- settings


def test_settings_in_rising_order(mesh):
    def state(*words, **more):
        return {row["name"]: (row["value"], row["origin"])
                for row in mesh.json("settings", *words, **more)}

    assert state()["memory"][1].startswith("default")
    assert state()["lock_wait"] == ("1h", "default")
    mesh.write("weft.yaml", "mesh: small\nsettings: {memory: 2GB, threads: 1, lock_wait: 5m}\n")
    env = {"WEFT_THREADS": "2", "WEFT_LOCK_WAIT": "6m"}
    found = state("--set", "lock_wait=7m", env=env)
    assert found["memory"][0] == "2GB" and found["memory"][1].endswith("weft.yaml:2:20")
    assert found["threads"] == ("2", "WEFT_THREADS")
    assert found["lock_wait"] == ("7m", "--set")
    mesh("settings", status=None, env={"WEFT_THREADS": "many"})
    assert "many" in mesh("validate", status=1, env={"WEFT_THREADS": "many"}).stderr


# ---- rules

RULES = """schema:
  - {name: id, type: long, required: true, unique: true}
  - {name: day, type: date}
  - {name: code, type: string, pattern: "[0-9]{3}", min_length: 3, max_length: 3}
  - {name: kind, type: string, enum: [red, blue]}
  - {name: n, type: int, min: 0, max: 10}
  - {name: m, type: int, max: 5, on_fail: {max: warn}}
key: [id, day]
quality:
  completeness: {kind: {min: 0.5, on_fail: warn}, n: 0.1}
  rows: {min: 1}
  batch: {min: 1}
  checks:
    - {name: nm, condition: n <= m}
    - {name: w, condition: n < 9, on_fail: warn}
    - name: t
      sql: select id from this where n = 7
      on_fail: warn
    - name: u
      sql: select id from new where n = 88
"""
ROWS = """id,day,code,kind,n,m
1,2020-01-01,123,red,1,2
2,2020-01-01,12,red,1,2
3,2020-01-01,abc,red,1,2
4,2020-01-01,123,green,1,2
5,2020-01-01,123,red,-1,2
6,2020-01-01,123,red,11,12
7,2020-01-01,123,red,1,6
7,2020-01-02,123,red,1,2
8,2020-01-01,123,red,3,2
,2020-01-01,123,red,1,2
9,bad,123,red,1,2
10,,123,red,1,2
11,2020-01-01,123,red,,2
12,2020-01-01,123,,7,
13,2020-01-01,123,,9,
14,2020-01-01,x,pink,99,98
1,2020-01-01,1234,red,1,2
1,2020-01-01,123,blue,1,2
"""
COUNTS = {"id.required": 1, "day.type": 1, "day.required": 1, "code.pattern": 4,
          "code.min_length": 2, "code.max_length": 1, "kind.enum": 2, "n.min": 1, "n.max": 2,
          "m.max": 3, "check.nm": 2, "check.w": 3, "key": 3, "id.unique": 2}


def test_every_rule_counts_its_rows(mesh):
    mesh.product(RULES)
    mesh.apply()
    mesh.write("x.csv", ROWS)
    mesh("load", "d.p", "x.csv")
    checks = mesh.checks()
    assert {rule: row[1] for rule, row in checks.items() if rule in COUNTS} == COUNTS
    assert all(checks[rule][2] == 18 for rule in COUNTS)
    assert checks["completeness.kind"] == (True, 2, 5)
    assert checks["completeness.n"] == (True, 1, 5)
    assert checks["check.t"] == (False, 1, 5) and checks["check.u"] == (True, 0, 5)
    run = mesh.last_run()
    assert (run["read"], run["accepted"], run["made"], run["published"], run["quarantined"],
            run["superseded"]) == (18, 5, 5, 5, 13, 0)
    assert mesh.sql("select id from d.p order by 1") == [(1,), (7,), (11,), (12,), (13,)]
    # A row has all the rules that it broke, and where it came from.
    rows = {row["line"]: row for row in mesh.json("quarantine", "d.p")}
    assert sorted(rows) == [3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 17, 18, 19]
    assert rows[17]["raw"] == "14,2020-01-01,x,pink,99,98"
    assert set(rows[17]["rules"]) == {"code.pattern", "code.min_length", "kind.enum", "n.max",
                                      "m.max", "check.nm", "check.w"}
    assert all(ROWS.encode()[row["byte"]:].startswith(row["raw"].encode())
               for row in rows.values())
    assert json.loads(rows[3]["values"])["code"] == "12"
    listing = mesh("quarantine", "d.p").stdout
    assert re.search(r"code\.pattern: 4 rows\n +x\.csv:3 +2,2020-01-01,12,red", listing)
    # What is published stays: of the next rows with its keys none comes in.
    mesh.write("y.csv", "id,day,code,kind,n,m\n1,2020-01-01,123,red,1,2\n"
               "20,2020-01-01,123,red,8,9\n")
    mesh("load", "d.p", "y.csv")
    assert mesh.checks()["key"][1] == 1
    assert mesh.sql("select count(*) from d.p") == [(6,)]


def test_the_gate_of_a_blocking_rule(mesh):
    mesh.product("""schema:
  - {name: a, type: long, min: 0, on_fail: {min: block}}
  - {name: b, type: long, required: true}
quality:
  checks:
    - {name: c, condition: b < 9, on_fail: block}
""")
    mesh.apply()
    mesh.load("a,b\n1,1\n")
    done = mesh.load("a,b\n-1,1\n2,2\n3,\n", status=3)
    assert "a.min" in done.stderr
    run = mesh.last_run()
    assert run["state"] == "blocked" and run["published"] == 0
    assert mesh("load", "d.p", "-", input="a,b\n1,9\n", status=3).stderr.count("check.c") == 1
    assert mesh.sql("select a, b from d.p") == [(1, 1)]
    assert mesh.json("quarantine", "d.p") == []
    examples = mesh.json("quarantine", "d.p", "--run", run["run_id"])
    assert [(row["rules"], row["line"], row["raw"]) for row in examples] == [
        ("a.min", 2, "-1,1"), ("b.required", 4, "3,")]


def test_a_condition_that_is_null_passes(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n  - {name: b, type: long}\n"
                 "quality: {checks: [{name: c, condition: a <= b}]}\n")
    mesh.apply()
    mesh.load("a,b\n1,\n,1\n,\n2,1\n")
    assert mesh.checks()["check.c"] == (False, 1, 4)
    assert mesh.sql("select count(*) from d.p") == [(3,)]


@pytest.mark.parametrize("rules, first, second, rule", [
    ("rows: {min: 2}", None, "a\n1\n", "rows.min"),
    ("rows: {max: 2}", "a\n1\n", "a\n2\n3\n", "rows.max"),
    ("rows: {change: 50%}", "a\n1\n2\n", "a\n3\n4\n", "rows.change"),
    ("batch: {min: 2}", None, "a\n1\n", "batch.min"),
    ("batch: {change: 50%}", "a\n1\n", "a\n2\n3\n", "batch.change"),
    ("completeness: 0.9", None, "a,b\n1,1\n,1\n", "completeness.a"),
    ("completeness: {a: 0.9}", "a\n1\n", "a,b\n,1\n", "completeness.a"),
    ("quarantine_max: 10%", None, "a\nx\n2\n3\n", "quarantine_max"),
    ("checks: [{name: s, sql: select * from new where a = 3}]", None, "a\n3\n",
     "check.s"),
    ("checks: [{name: s, sql: select count(*) from this having count(*) > 1}]", "a\n1\n", "a\n2\n",
     "check.s"),
])
@pytest.mark.parametrize("gate", ["block", "warn"])
def test_table_rules(mesh, rules, first, second, rule, gate):
    if gate == "warn":
        changed = re.sub(r"^(rows|batch): \{", r"\1: {on_fail: warn, ", rules)
        changed = re.sub(r"(\{name: s)", r"\1, on_fail: warn", changed)
        changed = re.sub(r"\{a: 0.9\}", "{a: {min: 0.9, on_fail: warn}}", changed)
        if changed == rules:
            pytest.skip("has no on_fail of its own")
        rules = changed
    mesh.product("schema:\n  - {name: a, type: long}\n  - {name: b, type: long}\nquality:\n  "
                 + rules + "\n")
    mesh.apply()
    with_b = lambda text: text if ",b" in text else re.sub(r"$", ",", text, flags=re.M).replace(
        "a,\n", "a,b\n", 1).rstrip(",")
    if first:
        mesh.load(with_b(first))
    before = mesh.sql("select count(*) from d.p")[0][0] if first else 0
    mesh.load(with_b(second), status=3 if gate == "block" else 0)
    passed, *_ = mesh.checks()[rule]
    assert passed is False
    if gate == "block":
        now = mesh.json("ls")[0]["rows"] or 0
        assert now == before
        assert mesh.last_run()["state"] == "blocked"


def test_the_run_stops_when_too_much_is_certain(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\nquality: {quarantine_max: 1%}\n"
                 "input: {files: ../../../in.csv, read: new}\n")
    mesh.write("in.csv", "a\n" + "x\n" * 400_000)
    done = mesh.apply(status=3)
    assert "quarantine_max" in done.stdout + done.stderr
    assert mesh.last_run()["state"] == "blocked"
    assert len(mesh.json("quarantine", "d.p", "--run", mesh.last_run()["run_id"])) <= 100


def test_replay_after_a_fix_exactly_once(mesh):
    contract = ("input: {files: ../../../in/*.csv, read: new}\nschema:\n"
                "  - {name: a, type: long, max: 5}\n  - {name: b, type: string}\nkey: [a]\n")
    mesh.product(contract)
    mesh.write("in/x.csv", 'b,a\nx,1\n"y\nz",7\nw,8\nv,20\n')
    mesh.apply()
    assert mesh.sql("select count(*) from d__quarantine.p") == [(3,)]
    mesh("quarantine", "d.p", "--replay")  # nothing passes yet
    assert mesh.sql("select count(*) from d.p") == [(1,)]
    mesh.product(contract.replace("max: 5", "max: 9"))
    mesh.apply("--no-run")
    mesh("quarantine", "d.p", "--replay")
    mesh("quarantine", "d.p", "--replay")
    assert mesh.sql("select a, b from d.p order by a") == [(1, "x"), (7, "y\nz"), (8, "w")]
    rows = mesh.json("quarantine", "d.p", "--all")
    assert [(row["line"], row["state"]) for row in rows] == [
        (3, "replayed"), (5, "replayed"), (6, "open")]
    mesh("quarantine", "d.p", "--dismiss", status=2)
    mesh("quarantine", "d.p", "--dismiss", "--because", "typing errors")
    assert mesh.json("quarantine", "d.p") == []
    assert mesh.sql("select state, count(*) from d__quarantine.p group by 1 order by 1") == [
        ("dismissed", 1), ("replayed", 2)]
    mesh("ledger", "verify")


def test_replay_of_rows_loaded_by_hand(mesh):
    contract = "schema:\n  - {name: a, type: long, max: 5}\n  - {name: b, type: string}\n"
    mesh.product(contract)
    mesh.apply()
    mesh.write("x.tsv", "a\tb\n1\tx\n7\ty,z\n")
    mesh("load", "d.p", "x.tsv")
    mesh.product(contract.replace("max: 5", "max: 9"))
    mesh.apply()
    mesh("quarantine", "d.p", "--replay")
    assert mesh.sql("select a, b from d.p order by 1") == [(1, "x"), (7, "y,z")]


# ---- plan, apply


def test_plan_is_readable(mesh):
    mesh.product("schema:\n  - {name: a, type: int}\n  - {name: b, type: string}\nquality:\n"
                 "  checks:\n    - {name: one, condition: a > 0}\n"
                 "    - {name: two, condition: a < 9}\n")
    mesh.product("schema:\n  - {name: a, type: int}\n", name="q")
    assert "+ d.p 1.0.0" in mesh("plan").stdout
    mesh.apply()
    mesh.load("a,b\n1,x\n")
    assert mesh("plan", "--exit-code").stdout.startswith("Nothing to change")
    mesh.product("schema:\n  - {name: a, type: long}\n  - {name: c, type: string}\nquality:\n"
                 "  checks:\n    - {name: one, condition: a > 0}\n"
                 "    - {name: two, condition: a < 8}\n",
                 head="owner: team@example.org\nversion: 1.1.0\n")
    (mesh.folder / "domains/d/q/data_product.yaml").unlink()
    plan = mesh("plan", "--exit-code", status=4).stdout
    for line in (r"~ d\.p 1\.1\.0", r"~ version: 1\.0\.0 -> 1\.1\.0",
                 r"~ schema\.a\.type: int -> long +\(compatible\)", r"\+ schema\.c: string",
                 r"- schema\.b: string +\(breaking\)",
                 r"- d\.q 1\.0\.0 .*retired, the data is kept",
                 r"two.*a < 9.*-> .*a < 8"):
        assert re.search(line, plan), (line, plan)
    assert "a > 0" not in plan  # what stays is not shown
    assert max(map(len, plan.splitlines())) < 160
    rows = mesh.json("plan")
    assert isinstance(rows, (list, dict))


def test_breaking_changes_need_a_major_outside_dev(mesh):
    mesh.write("weft.yaml", "mesh: small\nenvironments:\n  prod: {home: .weft/prod}\n")
    mesh.product("schema:\n  - {name: a, type: long}\n  - {name: b, type: long}\n")
    mesh("--env", "prod", "apply", "--yes")
    mesh.product("schema:\n  - {name: a, type: long}\n",
                 head="owner: team@example.org\nversion: 1.1.0\n")
    done = mesh("--env", "prod", "apply", "--yes", status=3)
    assert "2.0.0" in done.stdout + done.stderr


def test_registration_is_all_or_nothing(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n")
    mesh.product("schema:\n  - {name: a, type: long}\npartition: [a]\n", name="q")
    mesh.apply(status=1)
    assert "no home" in mesh("ls", status=1).stderr
    (mesh.folder / "domains/d/q/data_product.yaml").unlink()
    assert "--yes" in mesh("apply", status=2).stderr  # nobody to ask
    mesh("apply", "--yes", "--no-run")
    assert mesh.json("ls")[0]["rows"] is None


# ---- contracts over time


def test_fields_evolve(mesh):
    mesh.product("schema:\n  - {name: id, type: int}\n  - {name: a, type: string}\n"
                 "  - {name: b, type: float}\n  - {name: s, type: 'decimal(6,2)'}\nkey: [id]\n")
    mesh.apply()
    mesh.load("id,a,b,s\n9,x9,9.5,1.25\n3,x3,3.5,2.25\n")
    first = mesh.json("snapshots", "d.p")[0]["snapshot_id"]
    when = mesh.sql("select current_timestamp::varchar")[0][0]
    mesh.product("schema:\n  - {name: id, type: long}\n  - {name: alpha, type: string, was: a}\n"
                 "  - {name: b, type: double}\n  - {name: c, type: int}\nkey: [id]\n",
                 head="owner: team@example.org\nversion: 1.1.0\n")
    mesh.apply()
    # Pending until data comes: readers go by the contract in force.
    assert mesh.sql("select pending_version from mesh.products") == [("1.1.0",)]
    assert [row[0] for row in mesh.sql('select "column" from mesh.columns order by ordinal')] == [
        "id", "a", "b", "s"]
    mesh.load("id,alpha,b,c\n99999999999,y,1e300,5\n")
    assert mesh.sql("select * from d.p order by id") == [
        (3, "x3", 3.5, None), (9, "x9", 9.5, None), (99999999999, "y", 1e300, 5)]
    old = [(3, "x3", 3.5, 2.25), (9, "x9", 9.5, 1.25)]
    got = mesh.json("query", "select * from d.p order by id", "--as-of", first)
    assert list(got[0]) == ["id", "a", "b", "s"]
    assert [(r["id"], r["a"], r["b"], float(r["s"])) for r in got] == old
    assert mesh.sql("select a from d.p order by id", "--as-of", when) == [("x3",), ("x9",)]
    assert mesh.sql(f"select a from d.p at (version => {first}) order by 1") == [("x3",), ("x9",)]
    columns = [row[0] for row in mesh.sql("select \"column\" from mesh.columns order by ordinal")]
    assert columns == ["id", "alpha", "b", "c"]
    mesh("rollback", "d.p", first, "--because", "a mistake")
    assert mesh.sql("select id, alpha, b, c from d.p order by id") == [
        (3, "x3", 3.5, None), (9, "x9", 9.5, None)]
    mesh("rollback", "d.p", first, status=2)


def test_nested_renames_are_refused(mesh):
    mesh.product("schema:\n  - {name: s, type: 'struct<a: int, b: int>'}\n"
                 "  - {name: id, type: long}\n")
    mesh.apply()
    mesh.product("schema:\n  - {name: s, type: 'struct<a: int, c: int>'}\n"
                 "  - {name: id, type: long}\n")
    done = mesh.apply(status=None)
    assert done.returncode in (1, 3), done
    assert "nested" in done.stderr or "struct" in done.stderr, done.stderr


# ---- ledger, home


def tamper(mesh, statement):
    with sqlite3.connect(mesh.folder / ".weft/dev/weft.db") as base:
        triggers = base.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for name, in triggers:
            base.execute(f'drop trigger "{name}"')
        base.execute(statement)
    base.close()


@pytest.mark.parametrize("statement, place", [
    ("update ledger_entries set body = replace(body, '1.0.0', '1.0.1') where sequence = 3", "3"),
    ("delete from ledger_entries where sequence = 4", "4"),
    ("delete from ledger_entries where sequence >= 5", "missing|tail|ends"),
])
def test_the_ledger_names_what_was_tampered_with(mesh, statement, place):
    mesh.product("schema:\n  - {name: a, type: long}\n")
    mesh.apply()
    mesh.load("a\n1\n")
    mesh("ledger", "verify")
    base = sqlite3.connect(mesh.folder / ".weft/dev/weft.db")
    tables = [row[0] for row in base.execute("select name from sqlite_master where type='table'")]
    base.close()
    entries = next(name for name in tables if "entr" in name)
    tamper(mesh, statement.replace("ledger_entries", entries))
    done = mesh("ledger", "verify", status=1)
    assert re.search(place, done.stderr), done.stderr


def test_ledger_rebuild(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n")
    mesh.apply()
    mesh.load("a\n1\n")
    assert "equal" in mesh("ledger", "rebuild", "--check").stdout
    tamper(mesh, "update flow_runs set published = 5")
    mesh("ledger", "rebuild", "--check", status=1)
    mesh("ledger", "rebuild")
    mesh("ledger", "rebuild", "--check")
    assert mesh.last_run()["published"] == 1


def test_a_home_of_another_version_or_open_to_others(mesh):
    mesh.product("schema:\n  - {name: a, type: long}\n")
    mesh.apply()
    mesh.load("a\n1\n")
    home = mesh.folder / ".weft/dev"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    home.chmod(0o755)
    done = mesh("ls", status=1)
    assert "other users can read the home" in done.stderr and "chmod 700" in done.stderr
    home.chmod(0o700)
    format_file = home / "format"
    text = format_file.read_text()
    format_file.write_text(re.sub(r"\d+", lambda m: str(int(m[0]) + 1), text, count=1))
    for command in ("ls", "status", "doctor"):
        done = mesh(command, status=None)
        assert done.returncode == 1, command
    assert "newer" in mesh("ls", status=1).stderr
    format_file.write_text(text)
    mesh("ls")
