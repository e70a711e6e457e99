"""diff: two snapshots of a product, by key and as whole rows."""
import json
import random

import pytest

PRODUCT = """\
version: 0.1.0
schema:
  - {name: id, type: long, required: true}
  - {name: name, type: string}
  - {name: amount, type: "decimal(9,2)"}
key: [id]
write: replace
"""


@pytest.fixture
def shop(weft, tmp_path):
    (tmp_path / "weft.yaml").write_text("mesh: t\n")
    folder = tmp_path / "domains/shop/things"
    folder.mkdir(parents=True)
    (folder / "data_product.yaml").write_text(PRODUCT)
    weft("apply", "--yes")

    def load(text, name=[0]):
        name[0] += 1
        (tmp_path / f"{name[0]}.csv").write_text(text)
        weft("load", "shop.things", f"{name[0]}.csv")

    return load


def rows_of(weft, *words):
    lines = weft("--json", "diff", *words).stdout.splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def test_by_key(weft, shop, tmp_path):
    shop("id,name,amount\n1,a,1.00\n2,b,2.00\n3,c,\n")
    assert "nothing to compare" in weft("diff", "shop.things", status=1).stderr
    shop("id,name,amount\n1,a,1.00\n3,c,3.50\n4,d,4.00\n")
    out = weft("diff", "shop.things").stdout
    assert "1 added, 1 removed, 1 changed, 1 the same" in out
    assert "changed in: amount 1" in out
    assert out.splitlines()[-3:] == ["- id: 2, name: b, amount: 2.00",
                                     "~ id: 3  amount: NULL -> 3.50",
                                     "+ id: 4, name: d, amount: 4.00"]
    head, rows = rows_of(weft, "shop.things")
    assert (head["added"], head["removed"], head["changed"], head["same"]) == (1, 1, 1, 1)
    assert [row["change"] for row in rows] == ["removed", "changed", "added"]
    assert rows[1]["key"] == {"id": 3} and rows[1]["before"]["amount"] is None
    assert rows[1]["after"]["amount"] == 3.5
    assert weft("diff", "shop.things", "--summary", "--exit-code", status=4).stdout.count("\n") == 5
    weft("diff", "shop.things", "current", "current", "--exit-code")
    assert weft("diff", "shop.things", "--limit", "1").stdout.count("\n- ") == 1


def test_snapshots_by_word(weft, shop):
    for text in ["1,a,1", "1,b,1", "1,c,1"]:
        shop("id,name,amount\n" + text + "\n")
    ids = [row["snapshot_id"] for row in
           json.loads(weft("--json", "snapshots", "shop.things").stdout)]
    newest, middle, oldest = ids
    for words in [["-2", "-1"], [str(oldest), str(middle)], ["--", "-2", "-1"]]:
        head, rows = rows_of(weft, "shop.things", *words)
        assert (rows[0]["before"]["name"], rows[0]["after"]["name"]) == ("a", "b"), words
    head, rows = rows_of(weft, "shop.things", str(newest), str(oldest))
    assert (rows[0]["before"]["name"], rows[0]["after"]["name"]) == ("c", "a")
    assert "no snapshot -3" in weft("diff", "shop.things", "-3", status=1).stderr
    assert "no snapshot 7" in weft("diff", "shop.things", "7", status=1).stderr
    assert "no snapshot 2020-01-01" in weft("diff", "shop.things", "2020-01-01", status=1).stderr
    assert "is no snapshot" in weft("diff", "shop.things", "yesterday", status=2).stderr
    head, rows = rows_of(weft, "shop.things", "-2", "2100-01-01")
    assert rows[0]["after"]["name"] == "c"
    assert weft("diff", "shop.nothing", status=1).stderr.startswith("error: ")


def test_columns_that_came_and_went(weft, shop, tmp_path):
    shop("id,name,amount\n1,a,1.00\n2,b,2.00\n")
    file = tmp_path / "domains/shop/things/data_product.yaml"
    file.write_text(PRODUCT.replace("name: name, type", "name: title, was: name, type"))
    file.write_text(file.read_text().replace("key:", "  - {name: colour, type: string}\nkey:"))
    weft("apply", "--yes")
    shop("id,title,amount,colour\n1,a,1.00,red\n2,x,2.00,\n")
    out = weft("diff", "shop.things").stdout
    assert "+ column colour string" in out and "~ column name string -> title string" in out
    assert "0 added, 0 removed, 1 changed, 1 the same" in out and "~ id: 2  title: b -> x" in out
    assert weft("diff", "shop.things", "--exit-code", status=4)


def test_whole_rows(weft, tmp_path):
    (tmp_path / "n.csv").write_text("a,b\nx,1\nx,1\ny,\n")
    weft("new", "shop.bag", "--from", "n.csv")
    weft("apply", "--yes")
    (tmp_path / "n.csv").write_text("a,b\nx,1\ny,\nz,2\nz,2\n")
    weft("run", "shop.bag", status=None)
    out = weft("diff", "shop.bag").stdout
    assert "whole rows are compared, as the product has no key" in out
    assert out.splitlines()[-2:] == ["- a: x, b: 1", "+ 2 times a: z, b: 2"]
    head, rows = rows_of(weft, "shop.bag")
    assert (head["added"], head["removed"], head["same"], head["by_key"]) == (2, 1, 2, False)


def test_against_a_model(weft, shop):
    rng = random.Random(7)
    states = []
    for _ in range(3):
        ids = rng.sample(range(5000), 3000)
        states.append({i: (rng.choice("abc"), rng.randrange(5)) for i in ids})
        shop("id,name,amount\n" + "".join(f"{i},{n},{a}\n" for i, (n, a) in states[-1].items()))
    old, new = states[0], states[2]
    both = old.keys() & new.keys()
    head, rows = rows_of(weft, "shop.things", "-2", "current", "--limit", "10000")
    assert head["added"] == len(new.keys() - old.keys())
    assert head["removed"] == len(old.keys() - new.keys())
    changed = {i for i in both if old[i] != new[i]}
    assert head["changed"] == len(changed) and head["same"] == len(both) - len(changed)
    assert {row["key"]["id"] for row in rows if row["change"] == "changed"} == changed
    figures = {c["after"]: c["changed"] for c in head["columns"]}
    assert figures["name"] == sum(old[i][0] != new[i][0] for i in both)
    assert figures["amount"] == sum(old[i][1] != new[i][1] for i in both)
    assert len(rows) == head["added"] + head["removed"] + head["changed"]


def test_audited(weft, shop, tmp_path):
    shop("id,name,amount\n1,a,1\n")
    shop("id,name,amount\n1,b,1\n")
    before = sum(1 for p in (tmp_path / ".weft").glob("**/audit/*.log") for _ in p.open())
    weft("diff", "shop.things")
    after = sum(1 for p in (tmp_path / ".weft").glob("**/audit/*.log") for _ in p.open())
    assert after == before + 6  # three reads, two lines each


def test_files_that_both_have_are_not_read(weft, shop, tmp_path):
    """After an append only its rows are compared: the data of the state before may even be gone."""
    path = tmp_path / "domains/shop/things/data_product.yaml"
    path.write_text(PRODUCT.replace("write: replace", "write: append"))
    weft("apply", "--yes")
    shop("id,name,amount\n1,a,1.00\n2,b,2.00\n")
    old = list((tmp_path / ".weft").glob("*/lake/**/data/*.parquet"))
    shop("id,name,amount\n3,c,\n")
    assert len(old) == 1
    whole = old[0].read_bytes()
    old[0].write_bytes(b"x" * len(whole))
    head, rows = rows_of(weft, "shop.things")
    assert (head["added"], head["removed"], head["changed"], head["same"]) == (1, 0, 0, 2)
    assert [row["after"]["id"] for row in rows] == [3]
    head, rows = rows_of(weft, "shop.things", "current", "-1")
    assert (head["added"], head["removed"], head["changed"], head["same"]) == (0, 1, 0, 2)
    old[0].write_bytes(whole)
    # Without a key, and after a rollback, which shares files with what it went back to.
    path.write_text(PRODUCT.replace("write: replace", "write: append").replace("key: [id]\n", ""))
    weft("apply", "--yes")
    shop("id,name,amount\n4,d,\n")
    head, rows = rows_of(weft, "shop.things")
    assert (head["added"], head["removed"], head["same"]) == (1, 0, 3)
    first = json.loads(weft("--json", "snapshots", "shop.things").stdout)[-1]["snapshot_id"]
    weft("rollback", "shop.things", str(first), "--because", "x")
    head, rows = rows_of(weft, "shop.things")
    assert (head["added"], head["removed"], head["same"]) == (0, 2, 2)
    head, rows = rows_of(weft, "shop.things", str(first), "current")
    assert (head["added"], head["removed"], head["same"], rows) == (0, 0, 2, [])
