"""Products made of products: what plan, apply, validate and the selections say about them."""
import json

import pytest
from mesh_support import Mesh, places

COUNTIES = """input: {files: ../../../counties.csv, format: csv}
schema:
  - {name: fips, type: string, required: true}
  - {name: county, type: string}
key: [fips]
tags: [base]
"""
REPORTS = """input: {files: ../../../reports*.csv, format: csv, read: new}
schema:
  - {name: date, type: date}
  - {name: fips, type: string}
  - {name: cases, type: long, min: 0}
tags: [covid]
"""
DAILY = """sql: |
  select r.date, c.county, r.cases
  from health.reports r
  join reference.counties c using (fips)
schema:
  - {name: date, type: date}
  - {name: county, type: string}
  - {name: cases, type: long}
tags: [covid]
"""
TOTAL = "sql: select county, max(cases) as cases from california.daily group by county\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m", open="access")
    made.write("counties.csv", "fips,county\n06037,Los Angeles\n06073,San Diego\n")
    made.write("reports1.csv", "date,fips,cases\n2020-03-01,06037,1\n2020-03-02,06037,5\n"
                               "2020-03-02,06073,2\n2020-03-02,99999,7\n")
    made.product(COUNTIES, "counties", "reference")
    made.product(REPORTS, "reports", "health")
    made.product(DAILY, "daily", "california")
    made.product(TOTAL, "total", "california")
    return made


def reads(mesh, *words):
    return {item["product"]: [(r["name"], r["product"], r["major"]) for r in item["reads"]]
            for item in mesh.json("plan", *words)}


def published(done):
    return [run["product"] for run in json.loads(done.stdout) if run["state"] == "published"]


# ---- what a second run would refuse ----

def test_what_is_new_of_a_product_that_is_replaced(mesh):
    only_new = "inputs: {r: {product: health.reports, read: new}}\nsql: select * from r\n"
    mesh.product(only_new, "copy", "california")
    assert mesh.json("plan", "+california.copy")[-1]["refused"] is None  # reports are appended
    mesh.product(REPORTS.replace(", read: new", ""), "reports", "health")
    told = mesh("apply", "--yes", status=1).stderr
    assert places(told) == [(
        "domains/california/copy/data_product.yaml:3:10", "`california.copy` is refused, so "
        "nothing was applied: input `r` reads what is new of `health.reports`, which each run "
        "replaces: which of its rows are new cannot be told")], told
    assert "`read: all` reads all of it each time; or give health.reports `write: append`" in told
    mesh.product(only_new.replace(", read: new", ""), "copy", "california")
    mesh.apply()
    # The other way round: the reader stays, what it reads changes.
    mesh.product(REPORTS, "reports", "health")
    mesh.product(only_new, "copy", "california")
    mesh.apply()
    mesh.product(REPORTS.replace(", read: new", ""), "reports", "health")
    item = mesh.json("plan")[0]
    assert item["product"] == "health.reports"
    assert "california.copy reads what is new of it: its next run is refused" in item["warning"]


def test_a_plan_refuses_what_a_run_would(mesh):
    for keys, text in (("files: a.csv, options: {escape: x}", "escape"),
                       ("files: a.csv, schema: [{name: a, type: list<int>}]", "nested"),
                       ("connection: erp", "connection")):
        mesh.product(f"input: {{{keys}}}\n", "x", "health")
        done = mesh("plan", "health.x", status=None)
        assert text in done.stdout + done.stderr, done
        assert text in mesh("apply", "--yes", "health.x", status=1).stderr


def test_a_product_taken_as_it_is_must_fit(mesh):
    mesh.product("input: {product: reference.counties}\nschema:\n  - {name: fips, type: date}\n",
                 "x", "health")
    told = mesh("apply", "--yes", "+health.x", status=1).stderr
    assert "fips" in told and places(told)[0][0].startswith("domains/health/x/data_product.yaml:")


# ---- the way through ----

def test_sql_over_products_of_other_domains(mesh):
    assert reads(mesh)["california.daily"] == [("health.reports", "health.reports", 1),
                                               ("reference.counties", "reference.counties", 1)]
    done = mesh.apply("--json")
    order = published(done)
    assert sorted(order) == ["california.daily", "california.total", "health.reports",
                             "reference.counties"]
    assert order.index("california.daily") > order.index("health.reports")
    assert order.index("california.daily") > order.index("reference.counties")
    assert order.index("california.total") > order.index("california.daily")
    assert mesh.sql("select * from california.total order by county") == [
        ("Los Angeles", 5), ("San Diego", 2)]
    assert mesh.json("plan") == []


def test_nothing_new_is_exact(mesh):
    mesh.apply()
    before = mesh.sql("select count(*) from mesh.snapshots")
    again = mesh.json("run")
    assert {run["state"] for run in again} == {"nothing_new"}
    assert mesh.sql("select count(*) from mesh.snapshots") == before


# ---- names ----

def test_an_unknown_product_is_told_at_its_place(mesh):
    mesh.product(DAILY.replace("reference.counties", "reference.countys"), "daily", "california")
    told = mesh("plan", status=1).stderr
    assert ("domains/california/daily/data_product.yaml:6:8",
            "there is no product `reference.countys`, neither in this checkout nor in the home"
            ) in places(told)
    assert "did you mean `reference.counties`?" in told
    assert "there is no product `reference.countys`" in mesh("validate", status=1).stderr


def test_an_unknown_table_of_one_part(mesh):
    mesh.product("sql: select * from counties\n", "daily", "california")
    told = mesh("plan", status=1).stderr
    assert "`counties` is neither an input port of `california.daily` nor a product" in told
    assert "did you mean `reference.counties`?" in told


def test_a_misspelt_column_is_told_at_its_place(mesh):
    mesh.product(DAILY.replace("r.cases", "r.casess"), "daily", "california")
    told = mesh("plan", status=1).stderr
    assert [place for place, _ in places(told)] == [
        "domains/california/daily/data_product.yaml:4:28"], told


def test_errors_in_an_sql_file_name_that_file(mesh):
    mesh.product("sql_file: daily.sql\n", "daily", "california")
    mesh.write("domains/california/daily/daily.sql", "select *\nfrom health.report\n")
    told = mesh("plan", status=1).stderr
    assert places(told)[0][0] == "domains/california/daily/daily.sql:2:6", told


def test_mesh_tables_and_quarantine_are_no_inputs(mesh):
    mesh.product("sql: select run_id from mesh.runs\n", "daily", "california")
    assert "cannot read the mesh's own tables" in mesh("plan", status=1).stderr
    mesh.product("sql: select run_id from health__quarantine.reports\n", "daily", "california")
    assert "cannot read quarantined rows" in mesh("plan", status=1).stderr


def test_all_mistakes_at_once(mesh):
    mesh.product(DAILY.replace("r.cases", "r.casess"), "daily", "california")
    mesh.product("sql: select * from a.b join c.d using (x)\n", "total", "california")
    told = mesh("plan", status=1).stderr
    assert len(places(told)) == 3, told
    assert "3 mistakes to repair" in told


# ---- rings ----

def test_a_ring_is_shown_whole(mesh):
    mesh.product("sql: select * from california.total\nschema: [{name: county, type: string}, "
                 "{name: cases, type: long}]\n", "daily", "california")
    for command in ("plan", "validate"):
        told = mesh(command, status=1).stderr
        assert ("products read one another in a ring: california.daily -> california.total -> "
                "california.daily") in told
        assert "california.daily reads california.total (domains/california/daily/" in told
        assert "california.total reads california.daily (domains/california/total/" in told


def test_a_product_that_reads_itself(mesh):
    mesh.product("sql: select * from california.daily\n", "daily", "california")
    assert "`california.daily` reads itself" in mesh("plan", status=1).stderr


# ---- pins ----

def test_a_name_keeps_its_major_and_the_newer_one_is_offered(mesh):
    mesh.apply()
    mesh.write("domains/reference/counties/data_product.v1.yaml",
               "owner: t@example.org\nversion: 1.0.0\n" + COUNTIES)
    mesh.product(COUNTIES.replace("county,", "title,"), "counties", "reference",
                 head="owner: t@example.org\nversion: 2.0.0\n")
    mesh.write("counties.csv", "fips,county,title\n06037,Los Angeles,LA\n")
    plan = mesh("plan").stdout
    assert ("california.daily reads reference.counties@1; @2 is there: write "
            "reference.counties__v2 to move") in plan
    mesh.apply()
    assert mesh("plan").stdout.startswith("  california.daily reads reference.counties@1;")
    # The same name in a changed file stays where it was; the new major is written out.
    mesh.product(DAILY.replace("tags: [covid]", "tags: [covid, x]"), "daily", "california")
    assert reads(mesh)["california.daily"][1] == ("reference.counties", "reference.counties", 1)
    mesh.product(DAILY.replace("reference.counties", "reference.counties__v2")
                 .replace("c.county", "c.title as county"), "daily", "california")
    assert reads(mesh)["california.daily"][1] == ("reference.counties__v2", "reference.counties", 2)
    # A new product's bare name means the newest.
    mesh.product("sql: select title from reference.counties\n", "other", "california")
    assert reads(mesh)["california.other"] == [("reference.counties", "reference.counties", 2)]


def test_a_major_that_is_not_there(mesh):
    mesh.product(DAILY.replace("reference.counties", "reference.counties__v3"), "daily",
                 "california")
    told = mesh("plan", status=1).stderr
    assert "`reference.counties` has no major 3" in told
    assert "there is reference.counties__v1" in told


# ---- a change upstream ----

def test_a_change_that_breaks_a_reader_is_a_mistake_of_the_plan(mesh):
    mesh.apply()
    mesh.product(COUNTIES.replace("county,", "title,"), "counties", "reference")
    told = mesh("plan", status=1).stderr
    assert places(told)[0][0].startswith("domains/california/daily/data_product.yaml:4:"), told


def test_a_reader_of_another_checkout_is_warned_of(mesh, tmp_path):
    mesh.write("weft.yaml", "mesh: m\nowns: [reference, health, california]\n")
    mesh.apply()
    home = {"WEFT_HOME": str(mesh.folder / ".weft/dev")}
    other = Mesh(tmp_path / "other", "mesh: m\nowns: [cdc]\n", open="access")
    other.product("sql: select county from reference.counties\n", "names", "cdc")
    other.apply(env=home)
    mesh.product(COUNTIES.replace("county,", "title,"), "counties", "reference")
    mesh.product(DAILY.replace("c.county", "c.title as county"), "daily", "california")
    done = mesh("plan", env=home)
    assert "`cdc.names`, which is not of this checkout, would break" in done.stderr, done.stderr


def test_columns_that_are_not_known_yet_are_no_mistake(mesh):
    mesh.product("input: {files: ../../../counties.csv, format: csv}\n", "counties", "reference")
    done = mesh("plan")
    assert "not checked before it runs: the columns of `reference.counties` are not known" in \
        done.stderr
    mesh.apply()
    mesh.product(DAILY.replace("c.county", "c.countyy"), "daily", "california")
    assert len(places(mesh("plan", status=1).stderr)) == 1


# ---- validate without a home ----

def test_validate_knows_what_it_cannot_know(mesh):
    mesh.write("weft.yaml", "mesh: m\nowns: [california]\n")
    for path in ("reference/counties", "health/reports"):
        (mesh.folder / "domains" / path / "data_product.yaml").unlink()
    told = mesh("validate").stderr
    assert "`reference.counties` is not of this checkout, and there is no home yet" in told
    assert "there is no product `reference.counties`" in mesh("plan", status=1).stderr


# ---- fields that refer to fields of other products ----

def test_references_are_pinned_ordered_and_checked(mesh):
    """What is looked up runs first, whatever the names; rows with unknown values are set aside."""
    looked_up = REPORTS.replace("{name: fips, type: string}",
                                "{name: fips, type: string, references: reference.counties.fips}")
    mesh.product(looked_up, "reports", "health")
    assert reads(mesh)["health.reports"] == [("references:fips", "reference.counties", 1)]
    mesh("apply", "--yes")
    rows = mesh.sql("select q.raw as raw from health__quarantine.reports q")
    assert rows == [("2020-03-02,99999,7",)]
    assert mesh.sql("select count(*) as n from health.reports") == [(3,)]
    done = mesh("drop", "reference.counties", "--yes", "--because", "gone", status=1)
    assert "health.reports" in done.stderr
    run = mesh.sql("select read, accepted, quarantined from mesh.runs "
                   "where product = 'health.reports'")
    assert run == [(4, 3, 1)]


@pytest.mark.parametrize("target, said", [
    ("reference.countys.fips", "there is no product `reference.countys.fips`"),
    ("reference.counties.fibs", "has no field `fibs`"),
    ("health.reports.fips", "reads itself"),
])
def test_references_to_nothing(mesh, target, said):
    mesh.product(REPORTS.replace("{name: fips, type: string}",
                                 f"{{name: fips, type: string, references: {target}}}"),
                 "reports", "health")
    done = mesh("plan", status=1)
    assert said in done.stderr and "domains/health/reports/data_product.yaml:" in done.stderr
