"""Environments: which one is used, its variables and home, where tables in buckets lie."""
import json

import pytest

from mesh import Mesh

FILE = """\
mesh: test
environments:
  dev: {home: .weft/dev, vars: {inbox: inbox}}
  live: {home: .weft/live, vars: {inbox: inbox}, s3_fallback: refuse}
  bare: {home: .weft/bare}
  far: {node: "https://mesh.example.org"}
"""
PRODUCT = """\
version: 1.0.0
input: {files: "../../../${inbox}/*.csv"}
schema:
  - {name: id, type: long}
"""


@pytest.fixture
def mesh(tmp_path):
    mesh = Mesh(tmp_path, {"orders": PRODUCT})
    mesh.write("weft.yaml", FILE)
    mesh.write("inbox/a.csv", "id\n1\n2\n")
    return mesh


def test_each_has_its_home(mesh):
    mesh.weft("apply", "--yes")
    mesh.weft("apply", "--yes", "--env", "live")
    assert (mesh.root / ".weft/live/format").exists()
    mesh.write("inbox/b.csv", "id\n3\n")
    mesh.weft("run", env={"WEFT_ENV": "live"})
    assert mesh.count("shop.orders") == 2
    assert json.loads(mesh.weft("query", "--json", "--env", "live",
                                "select count(*) as n from shop.orders").stdout) == [{"n": 3}]
    # The flag is nearer than the variable.
    assert json.loads(mesh.weft("query", "--json", "--env", "dev", "select 1 as n",
                                env={"WEFT_ENV": "far"}).stdout) == [{"n": 1}]


def test_settings_and_show_tell_which(mesh):
    mesh.weft("apply", "--yes")
    rows = {r["name"]: r for r in json.loads(mesh.weft("settings", "--json").stdout)}
    assert rows["environment"]["value"] == "dev"
    assert rows["environment"]["origin"] == "default"
    assert rows["home"]["value"] == str(mesh.home)
    rows = {r["name"]: r for r in json.loads(
        mesh.weft("settings", "--json", env={"WEFT_ENV": "live"}).stdout)}
    assert (rows["environment"]["value"], rows["environment"]["origin"]) == ("live", "WEFT_ENV")
    rows = {r["name"]: r for r in json.loads(mesh.weft("settings", "--json", "--env", "live",
                                                       "--home", mesh.home).stdout)}
    assert rows["environment"]["origin"] == "--env" and rows["home"]["origin"] == "--home"
    assert "environment dev" in mesh.weft("show", "shop.orders").stdout
    assert json.loads(mesh.weft("show", "--json", "shop.orders").stdout)["environment"] == "dev"


def test_env_lists_them(mesh):
    rows = json.loads(mesh.weft("env", "--json", "--env", "live").stdout)
    assert [r["environment"] for r in rows] == ["dev", "live", "bare", "far"]
    assert [r["used"] for r in rows] == [False, True, False, False]
    assert rows[0]["home"] == str(mesh.home) and rows[0]["variables"] == {"inbox": "inbox"}
    assert rows[0]["s3_fallback"] == "local" and rows[1]["s3_fallback"] == "refuse"
    assert rows[3]["home"] is None and rows[3]["node"] == "https://mesh.example.org"
    text = mesh.weft("env").stdout
    assert "inbox=inbox" in text and "in use: dev (default)" in text
    mesh.write("weft.yaml", "mesh: test\n")
    assert [r["environment"] for r in json.loads(mesh.weft("env", "--json").stdout)] == ["dev"]
    (mesh.root / "weft.yaml").unlink()
    (mesh.root / "domains").rename(mesh.root / "gone")
    assert "no checkout here" in mesh.weft("env", status=1).stderr


@pytest.mark.parametrize("command", [
    ["plan"], ["apply", "--yes"], ["run"], ["ls"], ["status"], ["settings"], ["env"], ["validate"],
    ["query", "select 1"], ["doctor"], ["show", "shop.orders"], ["preview", "shop.orders"]])
def test_an_unknown_one_lists_those_there_are(mesh, command):
    error = mesh.weft(*command, "--env", "lve", status=1).stderr
    assert "there is no environment `lve`" in error
    assert "dev, live, bare, far" in error
    assert "inbox" not in error  # what its variables would be is not known: no noise
    assert not (mesh.root / ".weft/lve").exists()


@pytest.mark.parametrize("command", [["plan"], ["run"], ["ls"], ["query", "select 1"]])
def test_one_with_only_a_node_is_not_yet(mesh, command):
    error = mesh.weft(*command, "--env", "far", status=1).stderr
    assert "`far`" in error and "not yet" in error.replace("cannot use nodes yet", "not yet")
    assert "home:" in error


def test_a_missing_variable_is_named_with_its_place(mesh):
    error = mesh.weft("plan", "--env", "bare", status=1).stderr
    assert ("domains/shop/orders/data_product.yaml:2:16: `${inbox}` is not a variable of the "
            "environment `bare`") in error
    assert "dev, live have it" in error and "environments: {bare: {vars: {inbox: ...}}}" in error
    mesh.product("orders", PRODUCT.replace("${inbox}", "${inbx}"))
    assert "did you mean `inbox`?" in mesh.weft("plan", status=1).stderr
    mesh.product("orders", PRODUCT.replace("${inbox}", "${nowhere}"))
    assert "no environment has it" in mesh.weft("plan", status=1).stderr


def test_variables_stand_in_places_and_nowhere_else(mesh):
    mesh.write("weft.yaml", """\
mesh: test
environments:
  dev: {vars: {inbox: inbox, bucket: data, hour: "6", api: web}}
connections: {web: {http: "https://example.org"}}
""")
    mesh.product("orders", """\
version: 1.0.0
inputs:
  o: {files: "../../../${inbox}/*.csv", read: new, done: "../../../${inbox}/done"}
  w: {connection: "${api}", files: x.csv}
description: costs ${price}
sql: select id, '${inbox}' as literal from o, w
location: s3://${bucket}/orders/
run: {schedule: "0 ${hour} * * *"}
write: replace
""".replace("read: new, done: \"../../../${inbox}/done\"", "read: all").replace(
        "write: replace\n", ""))
    contract = json.loads(mesh.weft("plan", "--json").stdout)
    assert contract[0]["note"].startswith("s3://data/orders/ has no endpoint")
    mesh.weft("apply", "--yes", "--no-run")
    shown = json.loads(mesh.weft("show", "--json", "shop.orders").stdout)["contract"]
    assert shown["inputs"]["o"]["files"] == "../../../inbox/*.csv"
    assert shown["inputs"]["w"]["connection"] == "web"
    assert shown["run"]["schedule"] == "0 6 * * *"
    assert "${inbox}" in shown["sql"] and shown["description"] == "costs ${price}"


def test_a_bucket_without_an_endpoint(mesh):
    mesh.product("orders", PRODUCT + "location: s3://data/orders/\n")
    out = mesh.weft("plan").stdout
    assert "has no endpoint in the environment `dev`" in out and "local lake" in out
    mesh.weft("apply", "--yes")
    assert list((mesh.home / "lake").glob("**/*.parquet"))
    plan = mesh.weft("plan", "--env", "live", status=1).stdout
    assert "refused" in plan and "s3_fallback is `refuse`" in plan
    error = mesh.weft("apply", "--yes", "--env", "live", status=1).stderr
    assert "data_product.yaml:5:1" in error and "s3_fallback: local" in error
    mesh.write("weft.yaml", FILE.replace("s3_fallback: refuse", "s3_fallback: local"))
    mesh.weft("apply", "--yes", "--env", "live")
    mesh.write("weft.yaml", FILE.replace(
        "s3_fallback: refuse", "buckets: {data: {endpoint: 'https://s3.example.org'}}"))
    mesh.product("other", PRODUCT + "location: s3://data/other/\n")
    plan = mesh.weft("plan", "--env", "live", status=1).stdout
    assert "cannot keep a table" in plan


@pytest.mark.parametrize("text,says", [
    ("{dev: {defer: dev}}", "defers to itself"),
    ("{dev: {defer: b}, b: {defer: dev}}", "one step only"),
    ("{dev: {defer: b}, b: {defer: c}, c: {}}", "`dev` defers to `b`, which defers to `c`"),
    ("{dev: {defer: nix}}", "`nix` is not an environment"),
    ("{dev: {defer: n}, n: {node: 'https://x'}}", "not yet"),
    ("{dev: {home: h, defer: b}, b: {home: h}}", "the same home"),
    ("{dev: {home: /}}", "a folder of its own"),
    ("{Dev Two: {}}", "is not a name for an environment"),
    ("{dev: {s3_fallback: maybe}}", "not a value of `s3_fallback`"),
    ("{dev: {var: {a: b}}}", "did you mean `vars`"),
    ("{dev: {buckets: {b: {endpoint: 'https://x', connection: c}}}}", "`c` is not a connection"),
])
def test_mistakes(mesh, text, says):
    mesh.product("orders", "version: 1.0.0\nschema: [{name: id, type: long}]\n")
    mesh.write("weft.yaml", f"mesh: test\nenvironments: {text}\n")
    error = mesh.weft("validate", status=1).stderr
    assert says in error and "weft.yaml:2:" in error
