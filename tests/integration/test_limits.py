"""A query that one scalar call makes deaf: it ends all the same, within its memory and its time."""

import pytest

CASES = [
    ("select length(repeat(repeat('x', 100000), 40000))", {"WEFT_MEMORY": "400MB"}, "memory"),
    ("select length(printf('%2000000000d', 1))", {"WEFT_MEMORY": "400MB"}, "memory"),
    (
        "select list_reduce(list_transform(range(100000000), x -> x + 1), (a, b) -> a + b)",
        {"WEFT_QUERY_TIMEOUT": "1s", "WEFT_MEMORY": "8GB"},
        "longer",
    ),
    (
        "select count(*) from range(100000000) a, range(100000) b",
        {"WEFT_QUERY_TIMEOUT": "1s"},
        "longer",
    ),
]


@pytest.mark.parametrize("sql,env,word", CASES)
def test_it_ends(weft, tmp_path, sql, env, word):
    weft("init", "shop")
    weft("apply", "--yes", "--no-run", cwd=tmp_path / "shop")
    done = weft("query", sql, cwd=tmp_path / "shop", status=1, env=env)
    assert word in done.stderr, done.stderr
    # Nothing of it is left, and the home answers.
    one = weft("query", "--json", "select 1 as one", cwd=tmp_path / "shop").stdout
    assert one == '[{"one":1}]\n'


def test_a_run_ends_too(weft, tmp_path):
    product = tmp_path / "domains/d/p"
    product.mkdir(parents=True)
    (tmp_path / "weft.yaml").write_text("mesh: m\n")
    (product / "data_product.yaml").write_text(
        "version: 1.0.0\n"
        "schema: [{name: s, type: string}]\n"
        "quality: {checks: [{name: long, condition: \"length(repeat(s, 2000000000)) > 0\"}]}\n"
    )
    (tmp_path / "a.csv").write_text("s\nx\n")
    weft("apply", "--yes")
    done = weft("load", "d.p", "a.csv", status=1, env={"WEFT_MEMORY": "300MB"})
    assert "memory" in done.stderr, done.stderr
    assert weft("query", "--json", "select count(*) as n from d.p").stdout == '[{"n":0}]\n'
    weft("ledger", "verify")


def test_the_home_is_no_place_for_results_or_files(weft, tmp_path):
    weft("init", "shop")
    shop = tmp_path / "shop"
    weft("apply", "--yes", cwd=shop)
    before = (shop / ".weft/dev/weft.db").read_bytes()
    done = weft("query", "select 1", "-o", ".weft/dev/weft.db", cwd=shop, status=1)
    assert "lies in the home" in done.stderr
    assert (shop / ".weft/dev/weft.db").read_bytes() == before
    orders = shop / "domains/shop/orders/data_product.yaml"
    text = orders.read_text()
    orders.write_text(text.replace("read: new ", "done: ../../../.weft/dev/keys\n  read: new "))
    head = "order_id,ordered_on,customer,amount\n"
    (shop / "inbox/orders2.csv").write_text(head + "9,2026-01-09,a,1\n")
    done = weft("apply", "--yes", cwd=shop, status=1)
    assert "leads into the home" in done.stderr
    assert (shop / "inbox/orders2.csv").exists()
