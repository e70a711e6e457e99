"""A suite of Great Expectations over rows made by chance, and what the tool itself says of them:
`python gx_suite.py OUT [SEED]`, with the Python of an environment that has great_expectations. OUT
gets suite.json, goods.csv and results.json: {expectation: rows (from 0) that fail, or whether it
holds}, and the version."""
import json
import pathlib
import random
import sys

COLOURS = ["red", "blue"]
NAMES = ["apple", "pear", "plum", "kiwi", "fig"]


def rows(seed):
    """Each row has at most one thing wrong."""
    chance = random.Random(seed)
    made = []
    for i in range(1, 101):
        row = {"id": str(i), "name": chance.choice(NAMES), "note": chance.choice(["x", ""]),
               "colour": chance.choice([*COLOURS, ""]), "price": str(chance.randint(0, 100)),
               "zip": f"z{chance.randint(0, 9999):04}"}
        wrong = chance.randrange(14)
        change = [{"name": ""}, {"colour": chance.choice(["green", "Red", "red "])},
                  {"price": chance.choice(["101", "-1"])}, {"zip": chance.choice(["1234", "z12"])},
                  {"name": chance.choice(["f", "strawberries"])}]
        row.update(change[wrong] if wrong < len(change) else {})
        made.append(row)
    return made


def main(out, seed=6):
    import great_expectations as gx
    import great_expectations.expectations as e
    import pandas
    out = pathlib.Path(out)
    lines = rows(seed)
    text = "\n".join(",".join(line) for line in
                     [list(lines[0]), *(list(row.values()) for row in lines)]) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    (out / "goods.csv").write_text(text)
    frame = pandas.read_csv(out / "goods.csv", dtype={"zip": "object", "name": "object",
                                                      "colour": "object", "note": "object"})
    context = gx.get_context(mode="ephemeral")
    suite = context.suites.add(gx.ExpectationSuite(name="goods", expectations=[
        e.ExpectColumnToExist(column="id"),
        e.ExpectColumnValuesToNotBeNull(column="name"),
        e.ExpectColumnValuesToNotBeNull(column="note", mostly=0.2),
        e.ExpectColumnValuesToBeUnique(column="id"),
        e.ExpectCompoundColumnsToBeUnique(column_list=["id", "name"]),
        e.ExpectColumnValuesToBeInSet(column="colour", value_set=COLOURS),
        e.ExpectColumnValuesToBeBetween(column="price", min_value=0, max_value=100),
        e.ExpectColumnValuesToMatchRegex(column="zip", regex="^z[0-9]{4}$"),
        e.ExpectColumnValueLengthsToBeBetween(column="name", min_value=2, max_value=8),
        e.ExpectTableRowCountToBeBetween(min_value=1, max_value=1000)]))
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a") \
        .add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
    result = batch.validate(suite, result_format="COMPLETE")
    told = {}
    for one in result.results:
        what = one.expectation_config
        name = f"{what.type} {what.kwargs.get('column', what.kwargs.get('column_list', ''))}"
        found = one.result.get("unexpected_index_list")
        partial = "mostly" in what.kwargs or found is None
        told[name] = one.success if partial else sorted(found)
    document = suite.to_json_dict()
    (out / "suite.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / "results.json").write_text(json.dumps(
        {"versions": {"great_expectations": gx.__version__}, "expectations": told}, indent=1)
        + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
