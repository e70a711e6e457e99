"""Contracts of the Open Data Contract Standard: products of a checkout, their mistakes at the right
place, given back unchanged; a product in the forms of other tools."""
import json
import os
import pathlib
import re

import jsonschema
import pytest
import yaml
from mesh_support import Mesh

HERE = pathlib.Path(__file__).parent
OWN = HERE / "odcs"
EXAMPLES = os.environ.get("WEFT_ODCS_EXAMPLES")
REPOSITORY = HERE.parent.parent

HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: one
name: things
version: 1.0.0
status: active
"""
ROWS = "customer_id,name,born,tier,spent\n"


def tree(text):
    """Without types for dates and the like; custom properties are a map in the form of a list."""
    def plain(node):
        if isinstance(node, list):
            return [plain(item) for item in node]
        if isinstance(node, dict):
            node = {key: plain(value) for key, value in node.items()}
            if isinstance(node.get("customProperties"), list):
                node["customProperties"].sort(key=lambda one: one["property"])
            return node
        return float(node) if re.fullmatch(r"-?\d+(\.\d+)?", str(node)) else node
    return plain(yaml.load(text, yaml.BaseLoader))


def contract(mesh, text, product="things"):
    return mesh.write(f"domains/shop/{product}/{product}.odcs.yaml", text)


def test_contract_is_a_product(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, (OWN / "customers.odcs.yaml").read_text(), "customers")
    mesh.write("domains/shop/customers/customers.csv", ROWS + "C1,Ann,1980-01-01,gold,5.25\n"
               "C2,Bea,1970-01-01,silver,7.5\nx3,Cyd,1999-01-01,gold,1\nC4,,1890-01-01,gold,1\n"
               "C5,Dee,1999-01-01,tin,1\nC6,Eve,1999-01-01,gold,-1\nC2,Fay,1999-01-01,gold,1\n")
    done = mesh("validate")
    assert "text for people" in done.stdout + done.stderr
    assert "availability" in done.stdout + done.stderr
    done = mesh("apply", "--yes")
    assert "2 published, 5 quarantined" in done.stdout
    for rule in ("customer_id.pattern", "born.min", "tier.enum", "check.spent_above", "key"):
        assert f"quarantined {rule}" in done.stdout, rule
    shown = mesh("show", "shop.customers").stdout
    assert "ada@example.org" in shown and "few_minors" in shown
    # too few rows: the library's metric blocks
    mesh.write("domains/shop/customers/customers.csv", ROWS + "C1,Ann,1980-01-01,gold,5.25\n")
    done = mesh("run", status=3)
    assert "blocked     rows" in done.stdout


def test_sql_with_names_of_the_contract(tmp_path):
    mesh = Mesh(tmp_path)
    text = HEAD + """\
schema:
  - name: Air_Quality
    properties:
      - name: DataValue
        logicalType: number
        customProperties: [{property: weft.name, value: data_value}]
        quality:
          - type: sql
            name: in_range
            query: select count(*) from Air_Quality where DataValue <= 0 or DataValue >= 500
            mustBe: 0
customProperties: [{property: weft.input, value: air.csv}]
"""
    contract(mesh, text)
    mesh.write("domains/shop/things/air.csv", "data_value\n1\n499\n")
    assert "2 published" in mesh("apply", "--yes").stdout
    mesh.write("domains/shop/things/air.csv", "data_value\n1\n500\n")
    assert "check.in_range" in mesh("run", status=3).stdout
    assert tree(mesh("export", "shop.things", "--to", "odcs").stdout) == tree(text)


@pytest.mark.parametrize("name", ["customers", "orders"])
def test_given_back(tmp_path, name):
    mesh = Mesh(tmp_path)
    text = (OWN / f"{name}.odcs.yaml").read_text()
    contract(mesh, text, name)
    mesh("validate")
    assert tree(mesh("export", f"shop.{name}", "--to", "odcs").stdout) == tree(text)
    # the registered one too, where there is no checkout (there are no files to run on)
    mesh("apply", "--yes", status=1)
    home = tmp_path / ".weft/dev"
    alone = Mesh(tmp_path / "alone")
    product = f"shop.{name}@{tree(text)['version'][0]}"
    given = alone("--home", home, "export", product, "--to", "odcs")
    assert tree(given.stdout) == tree(text)
    # and it is an editorial change to say more of what weft has no use for
    contract(mesh, text + "slaDefaultElement: a.b\n", name)
    assert "editorial" in mesh("plan").stdout


def test_beside_a_product_file(tmp_path):
    mesh = Mesh(tmp_path)
    text = HEAD.replace("things", "The Things!") + """\
schema: [{name: t, properties: [{name: id, logicalType: integer, primaryKey: true}]}]
price: {priceAmount: 1}
"""
    mesh.write("domains/shop/things/c.odcs.yaml", text)
    mesh.write("domains/shop/things/things.csv", "id\n1\n2\n2\n")
    file = mesh.write("domains/shop/things/data_product.yaml",
                      "name: things\ncontract: c.odcs.yaml\ninput: things.csv\n")
    assert "1 product" in mesh("validate").stdout
    assert "2 published, 1 quarantined" in mesh("apply", "--yes").stdout
    given = tree(mesh("export", "shop.things", "--to", "odcs").stdout)
    inputs = [one for one in given["customProperties"] if one["property"] == "weft.inputs"]
    assert inputs and given["price"] == {"priceAmount": 1.0} and given["name"] == "The Things!"
    file.write_text("name: things\ncontract: c.odcs.yaml\nkey: [id]\n")
    assert "data_product.yaml:3:1" in mesh("validate", status=1).stderr
    for name, wrong in (("none.odcs.yaml", "no file"), ("../x.odcs.yaml", "not the name"),
                        ("c.yaml", "not the name")):
        file.write_text(f"contract: {name}\n")
        done = mesh("validate", status=1)
        assert "data_product.yaml:1:11" in done.stderr and wrong in done.stderr
    mesh.write("domains/shop/things/c.odcs.yaml", text.replace("integer", "integr"))
    file.write_text("name: things\ncontract: c.odcs.yaml\n")
    assert "things/c.odcs.yaml:7:57" in mesh("validate", status=1).stderr


# Each mistake: what stands in place of the mark, with ^ where it is told; and words of the message.
BASE = HEAD + """\
description: {purpose: p}
tags: [a]
servers:
  - {server: s, type: postgres, host: h, port: 1, database: d, schema: s}
schema:
  - name: t
    quality:
      - {metric: rowCount, mustBe: 1}
    properties:
      - name: a
        logicalType: string
        logicalTypeOptions: {pattern: x}
        quality:
          - {type: sql, query: select 1, mustBe: 1}
      - {name: b, logicalType: integer, logicalTypeOptions: {minimum: 1}}
      - {name: c, logicalType: object, properties: [{name: d}]}
      - {name: e, logicalType: array, items: {logicalType: string}}
      - {name: f, logicalType: date}
support: [{channel: c}]
price: {priceAmount: 1}
team: {members: [{username: u}]}
roles: [{role: r}]
slaProperties: [{property: latency, value: 1, unit: d}]
customProperties: [{property: p, value: 1}]
"""
MISTAKES = [
    ("kind: DataContract", "kind: ^DataProduct", "not a value of `kind`"),
    ("kind: DataContract\n", "", "needs `kind`"),
    ("apiVersion: v3.1.0\n", "", "needs `apiVersion`"),
    ("id: one\n", "", "needs `id`"),
    ("version: 1.0.0\n", "", "needs `version`"),
    ("status: active\n", "", "needs `status`"),
    ("v3.1.0", "^3.1.0", "not a version of the standard"),
    ("v3.1.0", "^v2.2.2", "not a version of the standard"),
    ("v3.1.0", "^v4.0.0", "not a version of the standard"),
    ("id: one", "id: ^7", "`id` must be a text"),
    ("version: 1.0.0", "version: ^1.0", "`version` must be a text"),
    ("version: 1.0.0", "version: ^first", "not a version"),
    ("version: 1.0.0", "version: ^v1.0.0", "not a version"),
    ("status: active", "status: ^[active]", "`status` must be a text"),
    ("status: active", "^status:", "`status` must be a text"),
    ("name: things", "name: ^My Things", "is not a name"),
    ("name: things", "name: things\ndomain: ^other", "folder of `shop`"),
    ("name: things", "name: things\ndomain: ^The Shop", "is not a name"),
    ("name: things", "name: things\n^owner: me", "`owner` is not a key of a contract"),
    ("name: things", "name: things\n^name: two", "twice"),
    ("description: {purpose: p}", "description: ^p", "`description` must be a map"),
    ("{purpose: p}", "{^purpos: p}", "`purpos` is not a key of a description"),
    ("tags: [a]", "tags: ^a", "`tags` must be a list"),
    ("tags: [a]", "tags: [a, ^1]", "`tags` must be a list of texts"),
    ("{server: s, ", "^{", "a server needs `server`"),
    ("type: postgres", "type: ^postgre", "not a value of `type`"),
    ("{server: s, type: postgres", "^{server: s, type: oracle", "oracle needs `serviceName`"),
    ("port: 1", "port: ^high", "`port` must be a whole number"),
    ("port: 1", "port: ^1.5", "`port` must be a whole number"),
    ("port: 1", "port: 1, ^prot: 2", "`prot` is not a key of a server"),
    ("  - name: t\n    quality", "  - ^quality", "an object of the schema needs `name`"),
    ("  - name: t", "  - name: t\n    logicalType: ^table", "not a value of `logicalType`"),
    ("metric: rowCount", "metric: ^rowcount", "not a value of `metric`"),
    ("{metric: rowCount, mustBe: 1}", "^{metric: rowCount}", "does not say what its result"),
    ("mustBe: 1}\n    prop", "mustBe: 1, ^mustBeLessThan: 2}\n    prop", "more than one"),
    ("rowCount, mustBe: 1", "rowCount, mustBeLessThan: ^many", "must be a number"),
    ("rowCount, mustBe: 1", "rowCount, mustBeBetween: ^[1]", "must be a list of two numbers"),
    ("rowCount, mustBe: 1", "rowCount, mustBeBetween: ^[2, 1]", "smaller one first"),
    ("rowCount, mustBe: 1", "rowCount, mustBe: 1, dimension: ^good", "not a value of `dimension`"),
    ("rowCount, mustBe: 1", "rowCount, mustBe: 1, id: ^a b", "letters, digits"),
    ("rowCount, mustBe: 1", "rowCount, mustBe: 1, ^must: 1", "`must` is not a key of a quality"),
    ("{metric: rowCount, mustBe: 1}", "^{type: library, mustBe: 1}", "needs `metric`"),
    ("{metric: rowCount, mustBe: 1}", "^{type: custom, engine: x}", "needs `implementation`"),
    ("{metric: rowCount, mustBe: 1}", "^{type: custom, implementation: x}", "needs `engine`"),
    ("{metric: rowCount, mustBe: 1}", "^rowCount", "`quality` must be a map"),
    ("{type: sql, query: select 1, mustBe: 1}", "^{type: sql, mustBe: 1}", "needs `query`"),
    ("type: sql, query: select 1", "type: ^dql, query: select 1", "not a value of `type`"),
    ("query: select 1", "query: ^1", "`query` must be a text"),
    ("      - name: a\n        logicalType", "      - ^logicalType", "a property needs `name`"),
    ("name: b, ", "name: ^a, ", "`a` stands twice"),
    ("name: b, ", "name: ^Data Value, ", "is not a name"),
    ("name: b, logicalType: integer", "name: b, logicalType: ^int", "not a value of `logicalType`"),
    ("{pattern: x}", "{pattern: ^'(x'}", "pattern"),
    ("{pattern: x}", "{^minimum: 1}", "not a key of the options of a string"),
    ("{pattern: x}", "{minLength: ^-1}", "must be a whole number from 0"),
    ("{pattern: x}", "{maxLength: ^'5'}", "must be a whole number from 0"),
    ("{minimum: 1}", "{minimum: ^'1'}", "`minimum` must be a number"),
    ("{minimum: 1}", "{format: ^i65}", "not a value of `format`"),
    ("{minimum: 1}", "{multipleOf: ^0}", "a number above 0"),
    ("{minimum: 1}", "{^minLength: 1}", "not a key of the options of an integer"),
    ("{minimum: 1}", "{exclusiveMinimum: ^true}", "must be a number"),
    ("{name: b,", "{name: b, required: ^'yes',", "`required` must be true or false"),
    ("{name: b,", "{name: b, required: ^yes,", "`required` must be true or false"),
    ("{name: b,", "{name: b, unique: ^1,", "`unique` must be true or false"),
    ("{name: b,", "{name: b, primaryKey: true, primaryKeyPosition: ^first,", "whole number"),
    ("{name: b,", "{name: b, ^primarykey: true,", "`primarykey` is not a key of a property"),
    ("{name: b,", "{name: b, examples: ^1,", "`examples` must be a list"),
    ("{name: b,", "{name: b, relationships: [{to: ^nowhere}],", "is no reference"),
    ("{name: b,", "{name: b, relationships: [^{type: foreignKey}],", "needs `to`"),
    ("{name: b,", "{name: b, relationships: [{^from: a.b, to: a.b}],", "not a key of a relation"),
    ("[{name: d}]", "[^{}]", "a property needs `name`"),
    ("[{name: d}]", "[{name: d, required: ^1}]", "`required` must be true or false"),
    ("items: {logicalType: string}", "items: ^string", "`items` must be a map"),
    ("items: {logicalType: string}", "items: {logicalType: ^text}", "not a value of `logicalType`"),
    ("logicalType: date}", "logicalType: date, logicalTypeOptions: {minimum: ^5}}", "a text"),
    ("logicalType: date}", "logicalType: date, logicalTypeOptions: {minimum: ^soon}}", "date"),
    ("[{channel: c}]", "[^{url: c}]", "a support channel needs `channel`"),
    ("priceAmount: 1", "priceAmount: ^a lot", "`priceAmount` must be a number"),
    ("priceAmount: 1", "^amount: 1", "`amount` is not a key of a price"),
    ("{username: u}", "^{name: u}", "a member of the team needs `username`"),
    ("{username: u}", "{username: u, dateIn: ^yesterday}", "is not a date"),
    ("{role: r}", "^{access: r}", "a role needs `role`"),
    ("value: 1, unit: d", "value: ^[1], unit: d", "`value` must be a single value"),
    ("{property: latency, value: 1, unit: d}", "^{property: latency}", "needs `value`"),
    ("unit: d", "unit: d, ^elements: a", "`elements` is not a key of a service level"),
    ("{property: p, value: 1}", "^{property: p}", "a custom property needs `value`"),
    ("{property: p, value: 1}", "{property: ^weft.colour, value: 1}", "is not a key of a product"),
    ("{property: p, value: 1}", "{property: weft.type, value: ^red}", "not a value of `type`"),
    ("  - name: t\n", "  - name: u\n  - ^name: t\n", "has 2 tables"),
]


def test_base_of_mistakes(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, BASE)
    mesh("validate")
    assert len(MISTAKES) >= 60


@pytest.mark.parametrize("old, new, message", MISTAKES, ids=lambda value: None)
def test_mistake(tmp_path, old, new, message):
    mesh = Mesh(tmp_path)
    assert BASE.count(old) >= 1, old
    text = BASE.replace(old, new.replace("^", "\0", 1), 1)
    at = text.find("\0")
    line, column = 1, 1
    if at >= 0:
        line, column = text[:at].count("\n") + 1, at - text.rfind("\n", 0, at)
    contract(mesh, text.replace("\0", ""))
    done = mesh("validate", status=1)
    told = [one for one in done.stderr.splitlines() if f"things.odcs.yaml:{line}:{column}: " in one]
    assert any(message in one for one in told), done.stderr


@pytest.mark.parametrize("old, new, mistake", [
    ("id: one", "id: one\n^surplus: 1", True),
    ("  - name: t\n", "  - name: t\n    ^surplus: 1\n", True),
    ("{name: b, ", "{name: b, ^surplus: 1, ", True),
    ("items: {", "items: {^surplus: 1, ", True),
    ("{minimum: 1}", "{minimum: 1, ^surplus: 1}", True),
    ("{priceAmount: 1}", "{priceAmount: 1, ^surplus: 1}", False),
    ("{role: r}", "{role: r, ^surplus: 1}", False),
])
def test_where_v30_is_closed(tmp_path, old, new, mistake):
    """By the schemas that the standard published with it."""
    mesh = Mesh(tmp_path)
    text = BASE.replace("v3.1.0", "v3.0.2").replace(old, new, 1)
    at = text.index("^")
    line, column = text[:at].count("\n") + 1, at - text.rfind("\n", 0, at)
    contract(mesh, text.replace("^", ""))
    told = mesh("validate", status=1 if mistake else 0).stderr
    words = "`surplus` is not a key of"
    [one] = [one for one in told.splitlines() if words in one]
    assert f"things.odcs.yaml:{line}:{column}: " in one and ("it is kept" in one) != mistake


def test_all_mistakes_at_once(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, BASE.replace("port: 1", "port: x").replace("role: r", "rule: r")
             .replace("logicalType: date", "logicalType: day"))
    done = mesh("validate", status=1)
    assert len(re.findall(r"things.odcs.yaml:\d+:\d+: error|things.odcs.yaml:\d+:\d+:",
                          done.stderr)) >= 4


def test_what_is_not_checked_is_told(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, BASE.replace("{metric: rowCount, mustBe: 1}",
                                "{type: custom, engine: soda, implementation: x, name: sodas}")
             .replace("{name: d}", "{name: d, required: true}"))
    told = mesh("validate").stderr
    assert "warning: the quality rule `sodas` is kept, and not run" in told
    assert "warning: `required` inside of a nested value" in told


def test_what_is_kept_is_told(tmp_path):
    """What somebody could rely on has a note at its place, the rest is one list; what acts is in
    none; all of it comes back."""
    mesh = Mesh(tmp_path)
    text = BASE.replace("{name: b, ", "{name: b, partitioned: true, partitionKeyPosition: 1, "
                        "encryptedName: b_enc, transformLogic: a + 1, examples: [1], ") \
        .replace("logicalType: date}", "logicalType: date, logicalTypeOptions: {format: yyyy}}") \
        .replace("{pattern: x}", "{pattern: x, format: email}")
    contract(mesh, text)
    told = mesh("validate").stderr
    line = text[:text.index("partitioned")].count("\n") + 1
    for column, words in (("partitioned", "weft partitions by its own key"),
                          ("partitionKeyPosition", "has no effect"),
                          ("encryptedName", "nothing is encrypted"),
                          ("transformLogic", "it is not run")):
        at = text.splitlines()[line - 1].index(column) + 1
        assert re.search(rf"things.odcs.yaml:{line}:{at}: note: `{column}` of `b` .*{words}", told)
    assert "the format `email` of `a` is kept, and not checked" in told
    assert "the format `yyyy` of `f` is kept, and not checked" in told
    assert "note: `roles` is kept" in told
    [listed] = [one for one in told.splitlines() if "without effect: " in one]
    names = set(re.findall(r"`([^`]+)`", listed))
    assert {"servers", "support", "price", "examples", "p"} == names
    # an integer's format is its type, and nothing is told of what acts
    contract(mesh, HEAD + "schema: [{name: t, properties: [{name: b, logicalType: integer, "
             "logicalTypeOptions: {format: i32, minimum: 1}, required: true, primaryKey: true, "
             "classification: public, description: d, physicalType: int}]}]\n")
    assert "kept" not in mesh("validate").stderr
    contract(mesh, text)
    assert tree(mesh("export", "shop.things", "--to", "odcs").stdout) == tree(text)


@pytest.mark.skipif(EXAMPLES is None, reason="WEFT_ODCS_EXAMPLES is not set")
def test_published_examples(tmp_path):
    mesh = Mesh(tmp_path)
    files = sorted(pathlib.Path(EXAMPLES).rglob("*.odcs.yaml"))
    assert files
    for i, file in enumerate(files):
        into = f"d{i}" if "schema" in tree(file.read_text()) else f"d{i}.p"
        mesh("import", "--from", "odcs", file, "--into", into)
    mesh("validate")
    names = [p.parent.name for p in (tmp_path / "domains").rglob("*.odcs.yaml")]
    assert len(names) >= len(files)
    for file in (tmp_path / "domains").rglob("*.odcs.yaml"):
        product = f"{file.parent.parent.name}.{file.parent.name}"
        given = mesh("export", product, "--to", "odcs").stdout
        assert tree(given) == tree(file.read_text()), file


def test_import(tmp_path):
    mesh = Mesh(tmp_path)
    source = mesh.write("air.odcs.yaml", HEAD.replace("things", "Air Quality") + """\
schema:
  - name: Air_Quality
    properties:
      - {name: DataValue, logicalType: number}
      - {name: data_value, logicalType: number}
      - {name: Place, logicalType: object, properties: [{name: Geo Point, logicalType: string}]}
""")
    before = source.read_text()
    done = mesh("import", "--from", "odcs", "air.odcs.yaml", "--into", "air")
    for name in ("data_value_2", "place", "geo_point", "air_quality"):
        assert f"is `{name}` here" in done.stdout, done.stdout
    mesh("validate")
    assert source.read_text() == before
    shown = tree(mesh("export", "air.air_quality", "--to", "odcs").stdout)
    assert [p["name"] for p in shown["schema"][0]["properties"]] == ["DataValue", "data_value",
                                                                    "Place"]
    mesh("import", "--from", "odcs", "air.odcs.yaml", "--into", "air", status=None)
    assert mesh("import", "--from", "odcs", "air.odcs.yaml", "--into", "air",
                status=None).returncode != 0  # never over what is there
    source.write_text(before.replace("kind: DataContract", "kind: X"))
    done = mesh("import", "--from", "odcs", "air.odcs.yaml", "--into", "b", status=None)
    assert done.returncode != 0 and "air.odcs.yaml:2:7" in done.stderr


# ---- the forms of other tools ----

def products(example):
    mesh = Mesh.__new__(Mesh)
    mesh.folder = REPOSITORY / "examples" / example
    names = []
    for file in (mesh.folder / "domains").rglob("data_product*.yaml"):
        product = yaml.load(file.read_text(), yaml.BaseLoader)
        domain = file.relative_to(mesh.folder / "domains").parts[0]
        names.append(f"{domain}.{product.get('name', file.parent.name)}")
    return mesh, names


@pytest.mark.parametrize("example", ["shop", "covid"])
def test_examples_go_through(tmp_path, example):
    """import(export(x)) = x for every product of the examples: the plan finds no difference."""
    source, names = products(example)
    assert len(names) > 1
    for name in names:
        domain, product = name.split(".")
        text = source("export", name, "--to", "odcs", "--home", tmp_path / "none").stdout
        other = Mesh(tmp_path / name)
        other.write(f"domains/{domain}/{product}/{product}.odcs.yaml", text)
        again = other("export", name, "--to", "odcs").stdout
        assert again == text, name


def test_json_schema(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, (OWN / "customers.odcs.yaml").read_text(), "customers")
    schema = json.loads(mesh("export", "shop.customers", "--to", "json-schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"customer_id": "C1", "name": None, "born": "1980-01-01", "tier": "gold", "spent": 1}
    jsonschema.validate(good, schema)
    for wrong in ({"customer_id": "x"}, {"tier": "tin"}, {"spent": 100001}, {"customer_id": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **wrong}, schema)


def test_sql_and_page(tmp_path):
    mesh = Mesh(tmp_path)
    contract(mesh, (OWN / "customers.odcs.yaml").read_text(), "customers")
    sql = mesh("export", "shop.customers", "--to", "sql").stdout
    for part in ('create table "shop"."customers"', '"customer_id" text not null',
                 '"spent" numeric(9, 2)', 'primary key ("customer_id")',
                 "check (\"tier\" in ('gold', 'silver'))",
                 "comment on table \"shop\".\"customers\" is 'One row for each customer.'"):
        assert part in sql, sql
    page = mesh("export", "shop.customers", "--to", "markdown").stdout
    assert page.startswith("# shop.customers\n") and "| `spent` | decimal(9, 2) |" in page
    mesh("export", "shop.customers", "--to", "odcs", "-o", "out.yaml")
    assert "is there already" in mesh("export", "shop.customers", "--to", "odcs", "-o", "out.yaml",
                                      status=None).stderr
    assert "known: odcs" in mesh("export", "shop.customers", "--to", "xml", status=None).stderr
