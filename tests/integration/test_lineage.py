"""weft lineage: columns and products up and down, pictures, the past, files behind a snapshot."""
import pathlib
import shutil

import pytest

from mesh_support import Mesh

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "covid"


def mesh_make(folder):
    mesh = Mesh(folder / "m")
    mesh.write("in/cases.csv", "day,county,n\n2020-01-01,a,1\n2020-01-02,b,2\n")
    mesh.product("""inputs:
  daily:
    files: ../../../in/*.csv
    schema:
      - {name: day, type: date}
      - {name: county, type: string}
      - {name: cases, type: int, from: n}
sql: select day, county, cases from daily
schema:
  - {name: day, type: date}
  - {name: county, type: string}
  - {name: cases, type: int}
""", name="raw")
    mesh.product("sql: select county, sum(cases) as total from d.raw where day > '2000-01-01' "
                 "group by county\nschema:\n  - {name: county, type: string}\n"
                 "  - {name: total, type: long}\n",
                 name="sums", domain="e")
    mesh.product("sql: select total * 2 as twice from e.sums\n"
                 "schema:\n  - {name: twice, type: long}\n",
                 name="top", domain="f")
    return mesh


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    mesh = mesh_make(tmp_path_factory.mktemp("lineage"))
    mesh.apply()
    return mesh


def edges(answer):
    nodes = answer["nodes"]

    def name(i):
        node = nodes[i]
        port = f":{node['port']}" if node["port"] else ""
        return f"{node['product']}{port}.{node['column'] or '*'}"
    return {(name(link["from"]), name(link["to"])): link["kinds"] for link in answer["links"]}


def test_up(mesh):
    assert edges(mesh.json("lineage", "f.top.twice")) == {
        ("e.sums.total", "f.top.twice"): ["transformation"],
        ("d.raw.cases", "e.sums.total"): ["aggregation"],
        ("d.raw.day", "e.sums.total"): ["filter"],
        ("d.raw.county", "e.sums.total"): ["group_by"],
        ("d.raw:daily.n", "d.raw.cases"): ["identity"],
        ("d.raw:daily.day", "d.raw.day"): ["identity"],
        ("d.raw:daily.county", "d.raw.county"): ["identity"]}
    text = mesh("lineage", "f.top.TWICE", "--direct").stdout
    assert [line.strip() for line in text.splitlines()] == [
        "f.top.twice   owner team@example.org",
        "<- e.sums.total   transformation   owner team@example.org",
        "<- d.raw.cases   aggregation   owner team@example.org",
        '<- "n" of the files of d.raw (input daily)   identity']


def test_down(mesh):
    answer = mesh.json("lineage", "d.raw.day", "--down")
    assert edges(answer) == {("d.raw.day", "e.sums.*"): ["filter"],
                             ("e.sums.*", "f.top.twice"): ["transformation"]}
    assert {node["owner"] for node in answer["nodes"]} == {"team@example.org"}
    assert edges(mesh.json("lineage", "d.raw.day", "--down", "--direct")) == {}
    assert edges(mesh.json("lineage", "d.raw.cases", "--down", "--depth", 1)) == {
        ("d.raw.cases", "e.sums.total"): ["aggregation"]}


def test_products(mesh):
    assert list(edges(mesh.json("lineage", "f.top"))) == [
        ("e.sums.*", "f.top.*"), ("d.raw.*", "e.sums.*"), ("d.raw:daily.*", "d.raw.*")]
    assert "nothing comes from it" in mesh("lineage", "f.top", "--down").stdout


def test_pictures(mesh):
    dot = mesh("lineage", "e.sums.total", "--dot").stdout
    assert dot.startswith("digraph lineage {") and 'label="aggregation"' in dot
    assert "style=dashed" in dot
    mermaid = mesh("lineage", "e.sums.total", "--mermaid").stdout
    assert mermaid.startswith("flowchart LR\n") and "-->|aggregation|" in mermaid


def test_table(mesh):
    assert mesh.sql("select \"column\", upstream, upstream_column, direct, kinds from mesh.lineage "
                    "where product = 'e.sums' order by all") == [
        ("county", "d.raw", "county", True, "identity"),
        ("total", "d.raw", "cases", True, "aggregation"),
        (None, "d.raw", "county", False, "group_by"), (None, "d.raw", "day", False, "filter")]


def test_refused(mesh):
    assert "did you mean twice?" in mesh("lineage", "f.top.twicw", status=None).stderr
    assert "no product" in mesh("lineage", "f.nothing.x", status=None).stderr
    assert "exclude" in mesh("lineage", "f.top", "--up", "--down", status=2).stderr
    assert "number" in mesh("lineage", "f.top", "--depth", "x", status=2).stderr
    assert "not registered then" in mesh("lineage", "f.top", "--as-of", "2000-01-01",
                                         status=None).stderr


def test_snapshot(mesh):
    [(snapshot, source)] = mesh.sql(
        "select s.snapshot_id::varchar, i.upstream_snapshot_id::varchar from mesh.snapshots s "
        "join mesh.run_inputs i on i.snapshot_id = s.snapshot_id where s.product = 'f.top'")
    rows = mesh.json("lineage", "f.top", "--snapshot", snapshot)
    assert [(row["kind"], row["product"]) for row in rows] == [
        ("snapshot", "f.top"), ("snapshot", "e.sums"), ("snapshot", "d.raw"), ("file", "d.raw")]
    assert rows[1]["snapshot_id"] == source
    import hashlib
    content = (mesh.folder / "in/cases.csv").read_bytes()
    assert rows[3]["hash"] == hashlib.sha256(content).hexdigest()
    text = mesh("lineage", "f.top", "--snapshot", snapshot).stdout
    assert "cases.csv" in text and "2 records" in text
    assert "no snapshot" in mesh("lineage", "f.top", "--snapshot", "5", status=None).stderr


def test_changes_and_renames(tmp_path):
    mesh = mesh_make(tmp_path)
    mesh.apply("--no-run")
    before = mesh.sql("select now()")[0][0]
    mesh.product("sql: select county, max(cases) as total from d.raw group by county\n"
                 "schema:\n  - {name: county, type: string}\n"
                 "  - {name: total, type: int}\n", name="sums", domain="e")
    mesh.apply("--no-run")
    now = edges(mesh.json("lineage", "e.sums.total"))
    assert ("d.raw.day", "e.sums.total") not in now
    then = edges(mesh.json("lineage", "e.sums.total", "--as-of", before.replace(" ", "T")))
    assert then[("d.raw.day", "e.sums.total")] == ["filter"]
    shutil.move(mesh.folder / "domains/d/raw", mesh.folder / "domains/d/base")
    file = mesh.folder / "domains/d/base/data_product.yaml"
    file.write_text("was: d.raw\n" + file.read_text())
    for path in mesh.folder.glob("domains/*/*/data_product.yaml"):
        path.write_text(path.read_text().replace("from d.raw", "from d.base"))
    mesh.apply("--no-run")
    assert ("d.base.cases", "e.sums.total") in edges(mesh.json("lineage", "f.top.twice"))
    assert mesh("ledger", "verify", status=None).returncode == 0


def test_covid(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "c", ignore=shutil.ignore_patterns(".weft"))
    mesh = Mesh(tmp_path / "c", (EXAMPLE / "weft.yaml").read_text())
    mesh.apply("--no-run")
    direct = edges(mesh.json("lineage", "johns_hopkins.surge_distance.distance", "--direct"))
    assert direct == {
        ("county_health.daily_reports.date", "johns_hopkins.surge_distance.distance"):
            ["aggregation"],
        ("county_health.daily_reports.cases", "johns_hopkins.surge_distance.distance"):
            ["aggregation"],
        ("reference.counties.population", "johns_hopkins.surge_distance.distance"):
            ["aggregation"],
        ("county_health.daily_reports:input.date", "county_health.daily_reports.date"):
            ["identity"],
        ("county_health.daily_reports:input.cases", "county_health.daily_reports.cases"):
            ["identity"],
        ("reference.counties:input.population", "reference.counties.population"): ["identity"]}
    down = mesh.json("lineage", "county_health.daily_reports.cases", "--down")
    assert {node["product"].split(".")[0] for node in down["nodes"]} == {
        "county_health", "california", "cdc", "johns_hopkins"}


# ---- what cannot be known is said to be so ----

def unknown(mesh, column):
    """(columns it may or does come from, is the start said to be unknown)."""
    answer = mesh.json("lineage", column, "--depth", 1)
    return ({one for one, _ in edges(answer)}, answer["nodes"][0]["unknown"],
            {kind for kinds in edges(answer).values() for kind in kinds})


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    mesh = Mesh(tmp_path_factory.mktemp("unknown"))
    schema = "schema:\n  - {name: k, type: long}\n  - {name: w, type: string}\n" \
             "  - {name: v, type: long}\n  - {name: l, type: 'list<long>'}\n" \
             "  - {name: st, type: 'struct<a: long, b: string>'}\n"
    mesh.write("in/base.ndjson", '{"k":1,"w":"a","v":2,"l":[1,2],"st":{"a":1,"b":"x"}}\n')
    mesh.product("input: ../../../in/base.ndjson\n" + schema, name="base")

    def made(name, sql, *fields):
        mesh.product(f"sql: |\n  {sql}\nschema:\n" + "".join(
            f"  - {{name: {field}, type: {kind}}}\n" for field, kind in fields), name=name)
    made("picked", "select columns('k|v') from d.base", ("k", "long"), ("v", "long"))
    made("pivoted", "select * from (select k, w, v from d.base) pivot (sum(v)::bigint for w in "
         "('a', 'b'))", ("k", "long"), ("a", "long"), ("b", "long"))
    made("unpivoted", "select n from (select k, v from d.base) unpivot (n for c in (k, v))",
         ("n", "long"))
    made("summarized", "select \"count\"::bigint as n from (summarize select k, w from d.base)",
         ("n", "long"))
    made("unnested", "select k, unnest(l) as e from d.base", ("k", "long"), ("e", "long"))
    made("part", "select st.a as a from d.base", ("a", "long"))
    mesh.product("inputs: {links: {product: d.base}}\ngraph: {algorithm: pagerank, edges: "
                 "'select k, v from links where w is not null'}\n", name="ranked")
    mesh.write("in/loose.csv", "x,y\n1,2\n")
    mesh.product("inputs:\n  loose: {files: ../../../in/loose.csv}\n"
                 "sql: select x + 1 as z from loose\n", name="loose")
    mesh.product("schema:\n  - {name: id, type: long}\n", name="loaded")
    mesh.apply("--no-run")
    return mesh


@pytest.mark.parametrize("column, of, kinds", [
    # COLUMNS picks by what only DuckDB evaluates: each by its name, if it has one
    ("picked.k", {"k"}, {"identity"}),
    ("pivoted.a", {"v", "w", "k"}, {"aggregation", "conditional", "group_by"}),
    ("unpivoted.n", {"k", "v"}, {"transformation", "filter"}),
    ("summarized.n", {"k", "w"}, {"aggregation"}),
    ("unnested.k", {"k", "l"}, {"identity", "filter"}),
    ("unnested.e", {"l"}, {"transformation", "filter"}),
    # a part of a struct is told by its column
    ("part.a", {"st"}, {"identity"}),
])
def test_odd_forms(odd, column, of, kinds):
    found, lost, said = unknown(odd, f"d.{column}")
    assert found == {f"d.base.{one}" for one in of} and not lost and said >= kinds


def test_graphs(odd):
    """A node is an end of an edge; what is worked out depends on all edges."""
    answer = odd.json("lineage", "d.ranked")
    assert ("d.base.*", "d.ranked.*") in edges(answer)
    columns = [row[0] for row in odd.sql("select distinct \"column\" from mesh.lineage where "
                                         "product = 'd.ranked' and \"column\" is not null")]
    assert "node" in columns and len(columns) == 2
    [worked_out] = [one for one in columns if one != "node"]
    found, lost, kinds = unknown(odd, f"d.ranked.{worked_out}")
    assert {"d.base.k", "d.base.v", "d.base.w"} == found and not lost
    assert "aggregation" in kinds
    found, _, _ = unknown(odd, "d.ranked.node")
    assert {"d.base.k", "d.base.v"} <= found


def test_columns_that_are_not_known_yet(odd):
    """Before the first run the columns of a file without a schema are not known: not recorded."""
    told = odd("lineage", "d.loose", status=None)
    assert "files of d.loose" in told.stdout
    rows = odd.sql("select \"column\", upstream, kinds from mesh.lineage where product = 'd.loose'")
    assert rows == [] or {row[2] for row in rows} <= {"unknown", ""}
    done = odd("lineage", "d.loose.z", status=None)
    assert "not recorded" in done.stdout or "no column" in done.stderr or \
        "may come from more" in done.stdout, (done.stdout, done.stderr)


def test_loaded_by_hand(odd):
    found, lost, _ = unknown(odd, "d.loaded.id")
    assert found == set() and not lost


def test_imported(tmp_path):
    """An imported model's lineage is that of its SQL, also while it is 0.1.0; a source whose
    columns nobody wrote down is unknown until it was read."""
    import sys
    sys.path.insert(0, str(pathlib.Path(__file__).parent / "imports"))
    import make
    make.main(tmp_path)
    mesh = Mesh(tmp_path, "mesh: shop\n")
    mesh("import", "--from", "dbt", "manifest.json", "--into", "jaffle")
    mesh.apply("--no-run", status=None)
    found, lost, _ = unknown(mesh, "jaffle.orders_per_customer.orders")
    assert any(one.startswith("jaffle.stg_orders.") for one in found), found
    assert "not recorded" in mesh("lineage", "jaffle.stg_orders.order_id").stdout
