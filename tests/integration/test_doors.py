"""What a principal is told of the mesh: by ls, status, runs, snapshots, logs, the `mesh.` tables.
All of it in twin worlds (twin_support.py): what he may not know of changes no byte of an answer."""
import json

import pytest
from twin_support import PERSONAS, TABLES, Twins

COMMANDS = [
    ["ls"], ["ls", "--json"], ["status"], ["status", "--json"], ["runs"], ["runs", "--json"],
    ["runs", "--limit", "2"], ["runs", "shop.orders"], ["snapshots", "shop.orders"],
    ["snapshots", "shop.people", "--json"], ["snapshots", "shop.closed"],
    ["ls", "shop.*"], ["ls", "+shop.report"], ["ls", "shop.orders+"], ["ls", "+lab.assays+"],
    ["status", "tag:sales"], ["ls", "--exclude", "shop.closed"], ["ls", "state:new"],
    ["logs"], ["logs", "--json"],
]
# There in the one world and not in the other; and never there in both.
NAMES = ["hr.secret", "hr.wages", "hr.payroll", "hr.gone", "hr.blocked", "hr.nothing",
         "hr.secret@1", "hr.secret@2", "shop.nothing", "shop.order", "shop.people@7", "no name"]
UNTIMED = {"seconds", "memory_bytes", "bytes", "sequence", "duration_us", "size", "until",
           "request", "hash", "sql_hash"}


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    return Twins(tmp_path_factory.mktemp("twins"))


def untimed(rows):
    return [{name: (value if value is None or name not in UNTIMED else "<some>")
             for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("who", PERSONAS)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands(twins, words, who):
    if "--json" in words and words[0] != "logs":
        twins.same(*words, who=who, keep=untimed)
    elif words[0] == "runs":  # a column of seconds
        twins.same(*words, who=who, env={"COLUMNS": "200"}, cut=r"\s[0-9.]+$")
    else:
        twins.same(*words, who=who)


@pytest.mark.parametrize("who", ("eve", "dash"))
@pytest.mark.parametrize("command", (["ls"], ["status", "--exclude"], ["runs"], ["snapshots"],
                                     ["logs"]), ids=" ".join)
def test_names_that_are_not_there(twins, command, who):
    """One answer to all names that are not there for him, in each world and in both."""
    told = {}
    for name in NAMES:
        code, out, error = twins.same(*command, name, who=who)
        if name.startswith("hr.") and "@" not in name:
            told[code, out.replace(name, "x"), error.replace(name, "x")] = name
    assert len(told) == 1, told


@pytest.mark.parametrize("who", PERSONAS)
@pytest.mark.parametrize("table", TABLES)
def test_tables(twins, table, who):
    twins.same("query", f"select * from mesh.{table}", "--json", who=who, keep=untimed)
    twins.same("query", f"select count(*), count(distinct columns(*)) from mesh.{table}", "--json",
               who=who)
    twins.same("query", f"describe mesh.{table}", "--json", who=who)
    twins.same("query", f"summarize select * from mesh.{table}", "--json", who=who, keep=shape)


def shape(rows):
    return [{name: row[name] for name in ("column_name", "column_type", "count",
                                          "null_percentage") if name in row} for row in rows]


QUERIES = [
    "select product, upstream from mesh.inputs order by all",
    "select * from mesh.product", "select * from mesh.lineages", "select * from mesh.nothing",
    "select * from hr.secret", "select * from hr.nothing", "select * from hr__quarantine.secret",
    "select * from hr.secret__v1", "select * from secret", "select * from shop.reports",
    "select * from orders", "explain select * from mesh.products",
    "select nothing from mesh.products", "show tables", "select * from information_schema.tables",
    "select p.product, count(*) from mesh.products p join mesh.columns c using (product) "
    "group by all order by all",
    "select min(product), max(product), min(rows), sum(rows) from mesh.products",
    "select cast(product as int) from mesh.products",
    "select error(product) from mesh.products where product like 'hr%'",
    "select 1 / (rows - 2) from mesh.products where product like 'hr%'",
    "select product from mesh.products where name in ('secret', 'gone')",
]


@pytest.mark.parametrize("who", PERSONAS)
@pytest.mark.parametrize("sql", QUERIES)
def test_queries(twins, sql, who):
    twins.same("query", sql, "--format", "csv", who=who)


def test_runs_of_others_have_no_log(twins):
    runs = twins.a.sql("select run_id, product from mesh.runs")
    hidden = [run for run, product in runs if product.startswith("hr.")]
    assert len(hidden) >= 4
    unknown = twins.ask(twins.a, "logs", "0000ffff", who="ann")
    for run in hidden:
        said = twins.ask(twins.a, "logs", run, who="ann")
        assert said[0] == 1 and said[1] == ""
        assert said[2].replace(run, "0000ffff") == unknown[2]
    of = {product: run for run, product in reversed(runs)}
    told = twins.ask(twins.a, "logs", of["shop.orders"], who="ann")
    assert told[0] == 3 and "is not for user:ann" in told[2]
    assert twins.ask(twins.a, "logs", of["lab.assays"], who="tom")[0] == 0


# ---- what each of them is told ----

def table(twins, name, who, columns="*"):
    code, out, told = twins.ask(twins.a, "query", f"select {columns} from mesh.{name}", "--json",
                                who=who)
    assert code == 0, told
    return json.loads(out)


def test_figures_are_for_who_may_read_all(twins):
    for who, counted in (("eve", set()), ("ann", {"shop.orders", "shop.report"}), ("rob", set()),
                         ("tom", {"lab.assays"}), ("dash", {"shop.orders"})):
        rows = table(twins, "products", who)
        assert {row["product"] for row in rows if row["rows"] is not None} == counted
        assert {row["product"] for row in rows if row["fresh"] is not None} <= counted
        for command in ("ls", "status"):
            told = json.loads(twins.ask(twins.a, command, "--json", who=who)[1])
            assert {row["product"] for row in told if row["rows"] is not None} == counted
        for name, columns in (("snapshots", ("rows", "added", "removed", "files", "bytes")),
                              ("runs", ("made", "published", "superseded", "seconds", "error"))):
            for row in table(twins, name, who):
                assert row["product"] in counted or not any(row[c] is not None for c in columns)
        assert {row["product"] for row in table(twins, "checks", who)} <= counted


def test_how_it_is_made_is_for_the_team(twins):
    for who in ("eve", "ann", "rob", "dash"):
        assert not [row for row in table(twins, "run_inputs", who) if row["path"] is not None]
        assert not [row for row in table(twins, "inputs", who) if row["source"] is not None]
        assert not [row for row in table(twins, "runs", who)
                    if row["actor"] is not None or row["message"] is not None
                    or row["read"] is not None or row["quarantined"] is not None]
        assert {row["port"] for row in table(twins, "inputs", who)} <= {"shop.orders"}
    mine = [row for row in table(twins, "run_inputs", "tom") if row["path"] is not None]
    assert {row["product"] for row in mine} == {"lab.assays"} and mine[0]["hash"]
    runs = [row for row in table(twins, "runs", "tom") if row["product"] == "lab.assays"]
    assert runs[0]["quarantined"] == 1 and runs[0]["actor"].startswith("local:")
    # Its own checks are for who reads it, those of its ports for its team.
    rules = {row["rule"] for row in table(twins, "checks", "tom")}
    assert any(rule.startswith("own.") for rule in rules)


def test_hidden_columns_are_not_there(twins):
    for who in ("eve", "ann", "rob", "tom"):
        columns = table(twins, "columns", who)
        assert not [row for row in columns if row["column"] == "ssn"]
        assert [row["column"] for row in columns if row["product"] == "shop.people"] == \
            ["id", "name", "state"]
    assert len(twins.a.sql("select * from mesh.columns where \"column\" = 'ssn'")) == 2


def test_lineage_between_what_is_known(twins):
    edges = {(row["product"], row["upstream"]) for row in table(twins, "lineage", "eve")}
    assert edges == {("shop.report", "shop.orders"), ("lab.assays", "shop.orders")}
    assert ("shop.report", "hr.secret__v1") in twins.a.sql(
        "select distinct product, upstream from mesh.lineage")
    assert table(twins, "lineage", "dash") == []  # the key opens one product


def test_people(twins):
    def who_is(who, name="principals", columns="principal"):
        return {next(iter(row.values())) for row in table(twins, name, who, columns)}
    assert who_is("eve") == {"user:eve"}
    assert who_is("tom") == {"user:tom", "user:tim"}
    assert who_is("dash") == {"service:dash"}
    tim = [row for row in table(twins, "principals", "tom") if row["principal"] == "user:tim"][0]
    assert tim["attributes"] is None and tim["groups"] is None and tim["changed_by_entry"] is None
    assert who_is("eve", "requests", "product") == {"shop.closed"}
    assert who_is("ann", "requests", "product") == {"shop.people"}
    assert who_is("tom", "requests", "product") == set()
    twins.a("user", "add", "gov", "--role", "governance_officer")
    twins.a("user", "add", "aud", "--role", "auditor")
    twins.a("user", "add", "own", "--role", "domain_owner@hr")
    def seen(who, name, column):
        return {row[0] for row in twins.a.sql(f"select {column} from mesh.{name}", "--as",
                                              f"user:{who}")}
    assert {"user:zoe", "user:eve", "group:records"} <= seen("gov", "principals", "principal")
    assert {"hr.secret", "shop.closed"} <= seen("gov", "requests", "product")
    assert not [name for name in seen("gov", "products", "product") if name.startswith("hr.")]
    assert seen("own", "requests", "product") == {"hr.secret"}
    assert seen("own", "principals", "principal") == {"user:own", "user:zoe"}
    assert "hr.secret" in seen("own", "products", "product")
    assert seen("aud", "audit", "count(*)") != {0}
    told = twins.a("query", "select * from mesh.audit", "--as", "user:gov", status=3).stderr
    assert "no access to `mesh.audit` for user:gov" in told


def test_the_past_is_what_was_known_then(twins):
    """A product that is private from now on was known before; and a name that it had."""
    mesh = twins.a
    before = mesh.sql("select now()::varchar")[0][0]
    file = mesh.folder / "domains/shop/closed/data_product.yaml"
    file.write_text(file.read_text() + "discoverable: private\n")
    try:
        mesh("apply", "--yes", "--no-run")
        now = mesh.sql("select product from mesh.products", "--as", "user:eve")
        then = mesh.sql("select product from mesh.products", "--as", "user:eve", "--as-of", before)
        assert ("shop.closed",) not in now and ("shop.closed",) in then
        assert "there is no product `shop.closed`" in mesh("snapshots", "shop.closed", "--as",
                                                          "user:eve", status=1).stderr
    finally:
        file.write_text(file.read_text().replace("discoverable: private\n", ""))
        mesh("apply", "--yes", "--no-run")


def test_a_snapshot_of_what_is_hidden_is_no_moment(twins):
    for product in ("shop.orders", "hr.payroll"):  # after the people were added
        twins.a("run", product, "--rebuild")
    snapshots = dict(twins.a.sql("select product, arg_max(snapshot_id, committed_at) "
                                 "from mesh.snapshots group by product"))

    def ask(snapshot):
        said = twins.ask(twins.a, "query", "select count(*) from mesh.products", "--as-of",
                         str(snapshot), "--format", "csv", who="eve")
        return said[0], said[1], said[2].replace(str(snapshot), "N")
    assert ask(snapshots["hr.secret__v1"]) == ask(4611686018427387905)
    assert ask(snapshots["hr.payroll"])[0] == 1
    assert ask(snapshots["shop.orders"])[0] == 0


def test_the_operator_sees_all(twins):
    names = {row[0] for row in twins.a.sql("select product from mesh.products")}
    assert {"hr.secret", "hr.payroll", "shop.orders"} <= names
    assert twins.a.sql("select count(*) from mesh.runs where message is not null")[0][0] >= 1
