"""Two versions of a contract, made by chance, differ in the same way whichever of weft's file and
the Open Data Contract Standard says the old one and the new one: the same paths, rules, classes and
reasons. The contracts of the standard are written here, not by weft. And weft's file goes out as a
contract and comes back as the same product."""
import copy
import json
import random

import pytest
import yaml
from mesh_support import Mesh

PAIRS = 60
TYPES = {"string": "string", "int": "integer", "long": "integer", "double": "number",
         "decimal(9, 2)": "number", "date": "date", "timestamp": "timestamp", "boolean": "boolean",
         "uuid": "string", "list<string>": "array", "struct<a: long, b: string>": "object"}
NESTED = {"list<string>": {"items": {"logicalType": "string"}},
          "struct<a: long, b: string>": {"properties": [
              {"name": "a", "logicalType": "integer", "physicalType": "long"},
              {"name": "b", "logicalType": "string"}]}}


def field(chance, name):
    made = {"name": name, "type": chance.choice(list(TYPES))}
    kind = TYPES[made["type"]]
    if chance.random() < 0.4:
        made["required"] = True
    if made["type"] == "string":
        for key, values in (("min_length", [1, 2]), ("max_length", [20, 40]),
                            ("pattern", ["[a-z]+", "[a-z]*|[0-9]*"]),
                            ("enum", [["a"], ["a", "b"], ["a", "b", "c d"]])):
            if chance.random() < 0.35:
                made[key] = chance.choice(values)
    bounds = {"integer": [0, 5, 90], "number": [0, 1.5, 99], "date": ["2000-01-01", "2020-02-29"],
              "timestamp": ["2000-01-01T00:00:00"]}.get(kind, [])
    if bounds and chance.random() < 0.5:
        made["min"] = chance.choice(bounds)
    if kind not in ("array", "object", "boolean") and chance.random() < 0.2:
        made["unique"] = True
    if chance.random() < 0.3:
        made["description"] = chance.choice(["What it is.", 'It\'s "so": #1'])
    if chance.random() < 0.2:
        made["classification"] = chance.choice(["public", "pii.email"])
    if chance.random() < 0.2:
        rules = [key for key in ("required", "min", "pattern", "enum") if key in made]
        if rules:
            made["on_fail"] = {chance.choice(rules): "warn"}
    return made


def first(chance):
    fields = [field(chance, f"f{i}") for i in range(chance.randint(2, 5))]
    made = {"version": "1.0.0", "owner": "a@example.org", "schema": fields, "quality": {}}
    fields[0].update(type="long")
    for key in set(fields[0]) - {"name", "type"}:
        del fields[0][key]
    if chance.random() < 0.6:
        made["key"] = ["f0"]
    change_quality(chance, made)
    return made


def change_quality(chance, made):
    quality = made["quality"]
    for key, values in (("rows", [{"min": 1}, {"min": 5}, {"min": 1, "max": 100}]),
                        ("completeness", [{"f1": 0.5}, {"f1": 0.9}]),
                        ("freshness", ["1d", "2h", "30m"]),
                        ("checks", [[{"name": "c1", "condition": "f0 > 1"}],
                                    [{"name": "c1", "condition": "f0 > 2"},
                                     {"name": "c2", "sql": "select f0 from this where f0 < 0"}]])):
        if chance.random() < 0.4:
            quality.pop(key, None)
            if chance.random() < 0.8:
                quality[key] = copy.deepcopy(chance.choice(values))


def second(chance, made):
    made = copy.deepcopy(made)
    fields = made["schema"]
    for _ in range(chance.randint(1, 3)):
        what = chance.randrange(9)
        at = chance.randrange(1, len(fields))
        if what == 0:
            fields.append(field(chance, f"g{len(fields)}{chance.randrange(100)}"))
        elif what == 1 and len(fields) > 2 and fields[at]["name"] != "f1":
            del fields[at]
        elif what == 2:
            fields[at] = field(chance, fields[at]["name"])
        elif what == 3 and "was" not in fields[at] and fields[at]["name"] != "f1":
            fields[at]["was"] = fields[at]["name"]
            fields[at]["name"] = "n" + fields[at]["name"]
        elif what == 4:
            fields[at]["required"] = not fields[at].get("required", False)
            fields[at].pop("on_fail", None)
        elif what == 5:
            made["key"] = chance.choice([["f0"], ["f0", "f1"]])
        elif what == 6:
            made["description"] = chance.choice(["A thing.", "Another."])
        elif what == 7:
            fields[at]["type"] = {"int": "long", "string": "string"}.get(fields[at]["type"],
                                                                         fields[at]["type"])
        else:
            change_quality(chance, made)
    flat = {one["name"] for one in fields if TYPES[one["type"]] not in ("array", "object")}
    if "key" in made and not set(made["key"]) <= flat:
        made["key"] = ["f0"]
    if chance.random() < 0.5:
        made["version"] = chance.choice(["1.0.1", "1.1.0", "2.0.0"])
    return made


def custom(made):
    return [{"property": f"weft.{key}", "value": value} for key, value in made.items()]


def odcs_field(one, product):
    options = {ours: one[key] for key, ours in (
        ("min", "minimum"), ("max", "maximum"), ("min_length", "minLength"),
        ("max_length", "maxLength")) if key in one}
    if "pattern" in one:
        options["pattern"] = f"^(?:{one['pattern']})$"
    quality = []
    if "enum" in one:
        quality.append({"type": "library", "metric": "invalidValues", "mustBe": 0,
                        "arguments": {"validValues": one["enum"]}})
    share = product["quality"].get("completeness", {}).get(one["name"])
    if share is not None:
        quality.append({"metric": "nullValues", "mustBeLessOrEqualTo": round(100 - share * 100),
                        "unit": "percent"})
    made = {"name": one["name"], "logicalType": TYPES[one["type"]], **NESTED.get(one["type"], {})}
    if one["type"] not in NESTED:
        made["physicalType"] = one["type"]
    for key in ("required", "unique", "description", "classification"):
        if key in one:
            made[key] = one[key]
    if one["name"] in product.get("key", []):
        made.update(primaryKey=True, primaryKeyPosition=product["key"].index(one["name"]) + 1)
    for key, value in (("logicalTypeOptions", options), ("quality", quality),
                       ("customProperties", custom({key: one[key] for key in ("was", "on_fail")
                                                    if key in one}))):
        if value:
            made[key] = value
    return made


def odcs(made, name):
    quality = []
    rows = made["quality"].get("rows", {})
    for key, operator in (("min", "mustBeGreaterOrEqualTo"), ("max", "mustBeLessOrEqualTo")):
        if key in rows:
            quality.append({"metric": "rowCount", operator: rows[key]})
    for check in made["quality"].get("checks", []):
        if "sql" in check:
            text = check["sql"].replace("this", "{object}")
            quality.append({"type": "sql", "name": check["name"], "mustBe": 0,
                            "query": f"select count(*) from (\n{text}\n) as failures"})
        else:
            quality.append({"type": "custom", "engine": "weft", "name": check["name"],
                            "implementation": check["condition"]})
    table = {"name": name, "properties": [odcs_field(one, made) for one in made["schema"]]}
    if quality:
        table["quality"] = quality
    contract = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": f"d.{name}", "name": name,
                "domain": "d", "version": made["version"], "status": "active", "schema": [table],
                "team": {"members": [{"username": made["owner"], "role": "owner"}]},
                "customProperties": custom({"input": f"{name}.ndjson"})}
    if "description" in made:
        contract["description"] = {"purpose": made["description"]}
    if "freshness" in made["quality"]:
        within = made["quality"]["freshness"]
        contract["slaProperties"] = [{"property": "latency", "value": int(within[:-1]),
                                      "unit": within[-1]}]
    return contract


def dump(tree):
    return yaml.safe_dump(json.loads(json.dumps(tree)), sort_keys=False)  # without aliases


def write(mesh, form, products):
    for i, made in enumerate(products):
        folder = f"domains/d/p{i}"
        for file in (mesh.folder / folder).glob("*.yaml"):
            file.unlink()
        if form == "yaml":
            product = {"input": f"p{i}.ndjson", **made}
            if not made["quality"]:
                del product["quality"]
            mesh.write(f"{folder}/data_product.yaml", dump(product))
        else:
            mesh.write(f"{folder}/p{i}.odcs.yaml",
                       dump(odcs(made, f"p{i}")))
        mesh.write(f"{folder}/p{i}.ndjson", "")


# What only says in which form it is written.
KEPT = {"odcs"}


def differences(folder, before, after, olds, news):
    mesh = Mesh(folder)
    write(mesh, before, olds)
    mesh("apply", "--yes", "--no-run")
    write(mesh, after, news)
    told = {}
    for item in mesh.json("plan"):
        told[item["product"]] = sorted(
            (change["path"], change["rule"], change["class"], change["reason"], change["readers"],
             change["writers"], str(change["before"]), str(change["after"]))
            for change in item["changes"] if change["path"].split(".")[0] not in KEPT)
    return told


def pairs():
    chance = random.Random(20261121)
    olds = [first(chance) for _ in range(PAIRS)]
    return olds, [second(chance, old) for old in olds]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    olds, news = pairs()
    return differences(tmp_path_factory.mktemp("yaml"), "yaml", "yaml", olds, news)


def test_the_pairs_differ(expected):
    classes = [change[2] for changes in expected.values() for change in changes]
    rules = {change[1] for changes in expected.values() for change in changes}
    assert {"breaking", "compatible", "editorial"} == set(classes)
    assert len(rules) >= 18, rules
    assert sum(1 for changes in expected.values() if changes) >= PAIRS * 0.7


@pytest.mark.parametrize("before, after", [("odcs", "odcs"), ("yaml", "odcs"), ("odcs", "yaml")])
def test_same_whoever_says_it(tmp_path, expected, before, after):
    olds, news = pairs()
    told = differences(tmp_path, before, after, olds, news)
    for i in range(PAIRS):
        name = f"d.p{i}"
        assert told.get(name, []) == expected.get(name, []), (name, olds[i], news[i])


@pytest.mark.parametrize("side", [0, 1])
def test_nothing_differs_between_the_two(tmp_path, side):
    """The same contract in the other form: a plan of nothing."""
    made = pairs()[side]
    assert {name: changes for name, changes in
            differences(tmp_path / "a", "yaml", "odcs", made, made).items() if changes} == {}


def test_out_and_back(tmp_path):
    """export --to odcs of weft's file, put in its place: the digest is that of the registered one,
    and so the plan has nothing."""
    made = pairs()[1]
    mesh = Mesh(tmp_path)
    write(mesh, "yaml", made)
    mesh("apply", "--yes", "--no-run")
    texts = [mesh("export", f"d.p{i}", "--to", "odcs").stdout for i in range(len(made))]
    for i, text in enumerate(texts):
        (mesh.folder / f"domains/d/p{i}/data_product.yaml").unlink()
        mesh.write(f"domains/d/p{i}/p{i}.odcs.yaml", text)
    assert [item for item in mesh.json("plan") if item["action"] != "unchanged"] == []
