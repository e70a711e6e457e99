"""A query that one scalar call makes deaf: it ends all the same, within its memory and its time."""
import time

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
    start = time.monotonic()
    done = weft("query", sql, cwd=tmp_path / "shop", status=1, env=env)
    assert word in done.stderr, done.stderr
    assert time.monotonic() - start < 20
    # Nothing of it is left, and the home answers.
    one = weft("query", "--json", "select 1 as one", cwd=tmp_path / "shop").stdout
    assert one == '[{"one":1}]\n'
