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
