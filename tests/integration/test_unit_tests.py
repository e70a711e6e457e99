"""weft test: the examples of product files, the rules on what is published, JUnit."""
import fcntl
import json
import os
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest
from mesh_support import BIN, CLEAN, Mesh
from patience import PATIENCE

ORDERS = """input:
  files: ../../../in/orders*.csv
  format: csv
  schema:
    - {name: id, type: long, required: true, from: "Order No"}
    - {name: day, type: date}
    - {name: amount, type: "decimal(9,2)"}
    - {name: note, type: string}
schema:
  - {name: id, type: long, required: true}
  - {name: day, type: date}
  - {name: amount, type: "decimal(9,2)", min: 0}
  - {name: note, type: string}
key: id
quality:
  rows: {min: 1000}
  completeness: {day: 0.99}
  quarantine_max: 1%
"""
PEOPLE = """schema:
  - {name: id, type: long, required: true}
  - {name: name, type: string, required: true}
  - {name: tags, type: "list<string>"}
  - {name: home, type: "struct<city: string, zip: int>"}
"""
DAILY = """inputs:
  people: {product: shop.people}
sql: |
  select day, sum(amount) as amount, max(now()) as at, any_value(p.tags) as tags
  from shop.orders o left join people p on p.id = o.id group by day
schema:
  - {name: day, type: date, required: true}
  - {name: amount, type: "decimal(38,2)"}
  - {name: at, type: timestamptz}
  - {name: tags, type: "list<string>"}
key: day
"""


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("in/orders1.csv", "Order No,day,amount,note\n1,2026-01-01,5,a\n2,2026-01-02,7,\n")
    return made


def orders(mesh, tests, text=ORDERS):
    return mesh.product(text + "tests:\n" + tests, "orders", "shop")


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def states(mesh, *words, status=None):
    done = mesh("test", "--json", *words, status=status)
    return {item["name"]: item["state"] for item in lines(done)}


def nothing_left(mesh):
    assert not (mesh.folder / ".weft").exists()


# ---- what a test means ----

def test_rows_go_through_the_port_and_its_rules(mesh):
    orders(mesh, """
  - name: good_rows_stay
    given:
      input:
        - {id: 1, day: 2026-01-01, amount: 1.5, note: "x, \\"y\\"\\n<z>"}
        - {id: 2, amount: -1}
        - {id: 3, amount: x}
        - {id: 1, amount: 9}
        - {amount: 9}
    expect: [{id: 1, day: 2026-01-01, amount: 1.50, note: "x, \\"y\\"\\n<z>"}]
  - name: nothing_given
    expect: []
  - {name: all_set_aside, given: {input: [{id: 1, amount: -1}]}, expect: []}
  - {name: null_is_no_empty_text,
     given: {input: [{id: 1, note: ""}, {id: 2, note: null}, {id: 3, note: "NULL"}]},
     expect: [{id: 1, note: ""}, {id: 2, note: null}, {id: 3, note: "NULL"}]}
""")
    done = mesh("test")
    assert "4 passed, 0 failed" in done.stdout
    nothing_left(mesh)


def test_sql_over_given_products_at_a_fixed_time(mesh):
    orders(mesh, "  - {name: none, expect: []}\n")
    mesh.product(PEOPLE, "people", "shop")
    mesh.product(DAILY + """
tests:
  - name: sums
    now: 2026-03-02T00:00:00Z
    given:
      shop.orders:
        - {id: 1, day: 2026-01-01, amount: 1.5}
        - {id: 2, day: 2026-01-01, amount: 2}
        - {id: 3, amount: 2}
      people: [{id: 1, name: Ann, tags: [a, "b,c"], home: {city: Rome, zip: 12}}]
    expect: [{day: 2026-01-01, amount: 3.5, at: "2026-03-02T00:00:00Z", tags: [a, "b,c"]}]
  - name: no_rows_at_all
    expect: []
  - name: columns_left_out_are_not_compared
    given: {shop.orders: [{id: 1, day: 2026-01-01, amount: 1.5}]}
    expect: [{day: 2026-01-01, tags: null}]
""", "daily", "shop")
    assert "4 passed, 0 failed" in mesh("test").stdout
    assert states(mesh, "shop.daily") == {"sums": "passed", "no_rows_at_all": "passed",
                                          "columns_left_out_are_not_compared": "passed"}
    nothing_left(mesh)


def test_files_of_rows(mesh):
    mesh.write("domains/shop/orders/given.csv",
               'Order No,day,amount,note\n1,2026-01-01,5,"a\nb"\n2,bad,7,\n')
    mesh.write("domains/shop/orders/expect.csv", 'id,day,amount,note\n1,2026-01-01,5.00,"a\nb"\n')
    mesh.write("domains/shop/orders/expect.ndjson",
               '{"id": 1, "day": "2026-01-01", "amount": 5, "note": "a\\nb"}\n\n')
    mesh.write("domains/shop/orders/expect.json", '[{"id": "1", "amount": 5.0}]')
    orders(mesh, """
  - {name: as_csv, given: {input: {file: given.csv}}, expect: {file: expect.csv}}
  - {name: as_lines, given: {input: {file: given.csv}}, expect: {file: expect.ndjson}}
  - {name: as_json, given: {input: {file: given.csv}}, expect: {file: expect.json}}
""")
    assert "3 passed, 0 failed" in mesh("test").stdout


def test_order(mesh):
    orders(mesh, """
  - {name: any_order, given: {input: [{id: 1}, {id: 2}]}, expect: [{id: 2}, {id: 1}]}
  - {name: this_order, ordered: true,
     given: {input: [{id: 1}, {id: 2}]}, expect: [{id: 1}, {id: 2}]}
  - {name: another, ordered: true, given: {input: [{id: 1}, {id: 2}]}, expect: [{id: 2}, {id: 1}]}
""")
    done = mesh("test", status=3)
    assert "2 passed, 1 failed" in done.stdout
    assert "the rows are the expected ones, in another order" in done.stdout


def test_upsert_and_last_row(mesh):
    mesh.product("""input: {files: x*.csv, format: csv}
write: upsert
schema:
  - {name: id, type: long, required: true}
  - {name: v, type: string}
key: id
tests:
  - {name: last_wins, given: {input: [{id: 1, v: a}, {id: 2, v: b}, {id: 1, v: c}]},
     expect: [{id: 1, v: c}, {id: 2, v: b}]}
""", "p", "d")
    assert "1 passed" in mesh("test").stdout


def test_product_loaded_by_hand(mesh):
    mesh.product(PEOPLE.split("  - {name: tags")[0] + """key: id
tests:
  - {name: twins, given: {load: [{id: 1, name: a}, {id: 1, name: b}, {id: 2}]},
     expect: [{id: 1, name: a}]}
""", "people", "shop")
    assert "1 passed" in mesh("test").stdout


def test_checks_and_blocks(mesh):
    mesh.product("""input: {files: x*.csv, format: csv}
schema:
  - {name: id, type: long, required: true}
  - {name: v, type: long, max: 9, on_fail: {max: block}}
quality:
  checks:
    - {name: not_even, condition: "v % 2 = 1"}
    - {name: few, sql: "select 1 from this having count(*) > 2"}
tests:
  - {name: even_goes, given: {input: [{id: 1, v: 2}, {id: 2, v: 3}]}, expect: [{id: 2, v: 3}]}
  - {name: too_many, given: {input: [{id: 1, v: 1}, {id: 2, v: 3}, {id: 3, v: 3}]}, expect: []}
  - {name: too_big, given: {input: [{id: 1, v: 11}]}, expect: []}
""", "p", "d")
    done = mesh("test", status=3)
    assert "1 passed, 2 failed" in done.stdout
    assert "nothing would be published: check.few" in done.stdout
    assert "nothing would be published: v.max" in done.stdout


def test_references_count_where_rows_are_given(mesh):
    mesh.product("""schema: [{name: code, type: string}]
""", "countries", "reference")
    mesh.product("""input: {files: x*.csv, format: csv}
schema:
  - {name: id, type: long}
  - {name: country, type: string, references: reference.countries.code}
tests:
  - {name: looked_up,
     given: {input: [{id: 1, country: IT}, {id: 2, country: XX}],
             reference.countries: [{code: IT}]},
     expect: [{id: 1, country: IT}]}
  - {name: not_looked_up, given: {input: [{id: 2, country: XX}]}, expect: [{id: 2, country: XX}]}
""", "p", "d")
    assert "2 passed" in mesh("test").stdout


def test_now_in_conditions_and_long_decimals(mesh):
    mesh.product("""input: {files: x*.csv, format: csv}
schema:
  - {name: d, type: "decimal(38,2)"}
  - {name: t, type: timestamp}
quality: {checks: [{name: past, condition: "t < now()"}]}
tests:
  - name: digits_are_kept
    now: 2020-01-01
    given:
      input:
        - {d: 12345678901234567890.12, t: 2019-12-31T23:59:59}
        - {d: 1, t: 2020-01-02T00:00:00}
    expect: [{d: 12345678901234567890.13, t: 2019-12-31T23:59:59}]
""", "p", "d")
    done = mesh("test", status=3)
    assert "12345678901234567890.12" in done.stdout and "12345678901234567890.13" in done.stdout


def test_lines_of_json_and_where_rows_stood(mesh):
    mesh.product("""inputs:
  r:
    files: x*.ndjson
    format: ndjson
    schema:
      - {name: id, type: long}
      - {name: city, type: string, from: place.city}
      - {name: tags, type: "list<string>"}
      - {name: parts, type: "struct<a: int, b: date>"}
      - {name: line, type: long, from: _line}
sql: select id, city, tags, parts.b as b, line from r
tests:
  - name: nested
    given: {r: [{id: 1, city: Rome, tags: [a, null], parts: {a: 1, b: 2020-01-01}, line: 7},
                {id: 2, tags: []}, {id: 3, parts: {a: x}}]}
    expect: [{id: 1, city: Rome, tags: [a, null], b: 2020-01-01, line: 7}, {id: 2, tags: []}]
""", "p", "d")
    assert "1 passed" in mesh("test").stdout


# ---- differences ----

def test_differences_are_readable(mesh):
    orders(mesh, """
  - name: differs
    given: {input: [{id: 1, day: 2026-01-01, amount: 1.5}, {id: 4, amount: 2}]}
    expect: [{id: 1, day: 2026-01-02, amount: 1.50}, {id: 5, amount: 0}]
""")
    done = mesh("test", status=3)
    assert done.stdout.splitlines()[1:-1] == [
        done.stdout.splitlines()[1],
        "      2 rows expected, 2 would be published; - expected, + got",
        "        id  day         amount",
        "      - 1   2026-01-02  1.50",
        "      + 1   2026-01-01  1.50",
        "            ~~~~~~~~~~",
        "      - 5   null        0.00",
        "      + 4   null        2.00",
    ]
    item = lines(mesh("test", "--json", status=3))[0]
    assert item["changed"] == [{"expected": {"id": 1, "day": "2026-01-02", "amount": 1.5},
                                "got": {"id": 1, "day": "2026-01-01", "amount": 1.5}}]
    assert [row["id"] for row in item["missing"]] == [5]
    assert [row["id"] for row in item["unexpected"]] == [4]
    assert item["file"] == "domains/shop/orders/data_product.yaml" and item["line"] > 1


# ---- mistakes ----

def mistake(mesh, tests, text=ORDERS):
    orders(mesh, tests, text)
    done = mesh("test", status=None)
    text = done.stdout + done.stderr
    validated = mesh("validate", status=1).stderr
    told = {line.strip() for line in text.splitlines()}
    assert set(re.findall(r"^\S+:\d+.*", validated, re.M)) <= told, (validated, text)
    assert re.search(r"^\S+:\d+.*", validated), validated
    return text


def stands_at(mesh, text, message):
    """What stands in the product file where the message points."""
    found = re.search(r"(\S+data_product\.yaml):(\d+):(\d+): " + re.escape(message), text)
    assert found, text
    line = (mesh.folder / found[1]).read_text().splitlines()[int(found[2]) - 1]
    return line[int(found[3]) - 1:]


def test_mistakes_have_places(mesh):
    orders(mesh, "  - {name: a, given: {input: [{idd: 1}]}, expect: []}\n")
    text = mesh("test", status=3).stdout
    # A file with such a column would be read, so the product is good, and the test is not.
    assert "warning: test `a`: given input has no column `idd`" in mesh("validate").stderr
    place = stands_at(mesh, text, "test `a`: given input has no column `idd`")
    assert place == "idd: 1}]}, expect: []}" and "did you mean `id`?" in text
    text = mistake(mesh, "  - {name: a, expect: [{id: x}]}\n")
    assert stands_at(mesh, text, "test `a`: expect: `id` is long, and `x` is none") == "x}]}"
    text = mistake(mesh, "  - {name: a, given: {inputt: []}, expect: []}\n")
    assert "`given` names `inputt`, which is not an input" in text
    text = mistake(mesh, "  - {name: a, given: {shop.people: []}, expect: []}\n")
    assert "`given` names `shop.people`, which the product does not read" in text
    text = mistake(mesh, "  - {name: a, expect: {file: gone.csv}}\n")
    assert "there is no file gone.csv" in text
    text = mistake(mesh, "  - {name: a, given: {input: {file: gone.csv}}, expect: []}\n")
    assert "the file that is given is not there" in text
    mesh.write("domains/shop/orders/bad.csv", "id,amount\n1\n")
    text = mistake(mesh, "  - {name: a, expect: {file: bad.csv}}\n")
    assert "bad.csv:2" in text and "another number of cells" in text
    mesh.write("domains/shop/orders/bad.csv", "id,amount\n1,x\n")
    text = mistake(mesh, "  - {name: a, expect: {file: bad.csv}}\n")
    assert "bad.csv:2:1: test `a`: expect: `amount` is decimal(9, 2), and `x` is none" in text


def test_validate_looks_at_the_columns_of_tests(mesh):
    orders(mesh, "  - {name: none, expect: []}\n")
    mesh.product(PEOPLE, "people", "shop")
    mesh.product(DAILY + """
tests:
  - name: sums
    given:
      shop.orders: [{id: 1, dai: 2026-01-01}]
      people: [{id: 1, name: Ann, tag: [a]}]
    expect: [{day: 2026-01-01, total: 3.5}]
""", "daily", "shop")
    text = mesh("validate", status=1).stderr
    assert stands_at(mesh, text, "test `sums`: given shop.orders has no column `dai`").startswith(
        "dai: 2026")
    assert stands_at(mesh, text, "test `sums`: given people has no column `tag`") == "tag: [a]}]"
    assert stands_at(mesh, text, "test `sums`: expect has no column `total`") == "total: 3.5}]"
    assert "did you mean `day`?" in text and "3 mistakes" in text
    # Of SQL without a schema, by its own columns; and what reads columns that nobody knows yet.
    mesh.product("sql: select sum(amount) as total from shop.orders\n"
                 "tests: [{name: a, expect: [{totel: 1}]}]\n", "daily", "shop")
    text = mesh("validate", status=1).stderr
    assert stands_at(mesh, text, "test `a`: expect has no column `totel`") == "totel: 1}]}]"
    mesh.product("input: {files: ../../../in/x.csv}\ntests: [{name: a, expect: [{any: 1}]}]\n",
                 "unknown", "shop")
    mesh.product("sql: select * from shop.unknown\ntests:\n"
                 "  - {name: a, given: {shop.unknown: [{any: 1}]}, expect: [{any: 1}]}\n",
                 "daily", "shop")
    mesh("validate")


def test_a_broken_sql_is_a_mistake_and_not_a_failed_test(mesh):
    orders(mesh, "  - {name: none, expect: []}\n")
    mesh.product("sql: select idd from shop.orders\n"
                 "tests: [{name: a, given: {shop.orders: [{id: 1}]}, expect: []}]\n", "bad", "shop")
    done = mesh("test", "shop.bad", status=1)
    assert 'there is no column "idd"' in done.stderr and "nothing was tested" in done.stderr


# ---- the rules on what is published ----

def test_rules_on_the_current_snapshot(mesh):
    text = ORDERS.split("quality:")[0]
    mesh.product(text, "orders", "shop")
    mesh.apply()
    mesh("run")
    assert set(states(mesh, status=0).values()) == {"passed"}
    stricter = text.replace("min: 0", "min: 6") + "quality: {rows: {min: 3, on_fail: warn}}\n"
    mesh.product(stricter, "orders", "shop")
    done = mesh("test", "--only", "rules", status=3)
    assert "1 of 2 rows of the current snapshot break it" in done.stdout
    assert "2 rows; at least 3 are wanted" in done.stdout
    assert "1 failed, 1 warned" in done.stdout
    assert states(mesh, "--only", "examples", status=0) == {}
    mesh.product(stricter.replace("min: 6", "min: 5"), "orders", "shop")
    assert states(mesh, status=0)["rows.min"] == "warned"
    # Nothing was published, set aside or recorded by it.
    assert mesh.sql("select count(*) from mesh.runs") == [(1,)]


# ---- selections ----

def test_selections_by_state(mesh):
    orders(mesh, "  - {name: none, expect: []}\n")
    mesh.product(PEOPLE, "people", "shop")
    mesh.product(DAILY + "tests: [{name: empty, expect: []}]\n", "daily", "shop")
    assert set(states(mesh, "state:new", status=0)) == {"none", "empty"}
    mesh.apply(status=None)  # the rows of orders are too few: it is registered all the same
    assert states(mesh, "state:modified+", status=0) == {}
    orders(mesh, "  - {name: other, expect: []}\n")
    assert set(states(mesh, "state:modified", status=0)) == {"other"}
    assert set(states(mesh, "state:modified+", status=0)) == {"other", "empty"}
    assert "shop.orders" in mesh("plan", "state:modified").stdout
    assert "Nothing to change" in mesh("plan", "state:new").stdout
    # Of the home: what is registered and was not run with it yet.
    assert "shop.people" in mesh("ls", "state:new").stdout
    mesh.apply("state:modified", status=None)
    assert "selects no products" in mesh("test", "state:changed", status=2).stderr


# ---- JUnit ----

def test_junit_with_hostile_texts(mesh):
    orders(mesh, """
  - {name: good, given: {input: [{id: 1}]}, expect: [{id: 1}]}
  - name: hostile
    given: {input: [{id: 1, note: "</failure>]]>&<\\"'\\x01\\x1b[31m\\uFFFE"}]}
    expect: [{id: 1, note: b}]
""")
    file = mesh.folder / "out.xml"
    mesh("test", "--junit", file, status=3)
    root = xml.parse(file).getroot()
    assert root.tag == "testsuites" and root.attrib["tests"] == "2"
    assert root.attrib["failures"] == "1"
    (suite,) = root
    assert suite.attrib["name"] == "shop.orders"
    good, bad = suite
    assert good.attrib["classname"] == "shop.orders" and good.attrib["name"] == "good"
    assert len(good) == 0 and float(good.attrib["time"]) >= 0
    (failure,) = bad
    assert failure.tag == "failure" and "</failure>" in failure.text
    assert "\x1b" not in file.read_text()
    mesh("test", "--junit", mesh.folder / "no" / "folder.xml", status=1)


# ---- the process ----

def many(count):
    return "".join(f"  - {{name: t{i}, given: {{input: [{{id: {i}}}]}}, "
                   f"expect: [{{id: {i}}}]}}\n" for i in range(count))


def test_many_tests_are_quick_and_leave_nothing(mesh, tmp_path):
    orders(mesh, many(40))
    temp = tmp_path / "temp"
    temp.mkdir()
    done = mesh("test", env={"TMPDIR": str(temp)})
    assert "40 passed" in done.stdout
    assert list(temp.iterdir()) == []
    nothing_left(mesh)


def test_stopped_in_the_middle(mesh, tmp_path):
    orders(mesh, many(400))
    temp = tmp_path / "temp"
    temp.mkdir()
    process = subprocess.Popen([BIN, "test", "--json"], cwd=mesh.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**CLEAN, "TMPDIR": str(temp)})
    for _ in range(600):
        if list(temp.iterdir()):
            break
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            pass
    process.send_signal(2)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert list(temp.iterdir()) == []


def test_a_worker_that_dies_is_told(mesh):
    if "WEFT_FAULTS" in os.environ:
        pytest.skip("faults are set already")
    orders(mesh, "  - {name: a, given: {input: [{id: 1}]}, expect: [{id: 1}]}\n")
    done = mesh("test", env={"WEFT_WORKER": "/bin/false"}, status=3)
    assert "the worker of shop.orders ended without an outcome" in done.stdout
    nothing_left(mesh)


def test_what_a_killed_test_left_is_swept(mesh, tmp_path):
    """The folder of a process that is gone and holds no lock; nothing else of that name."""
    orders(mesh, "  - {name: good, given: {input: [{id: 1}]}, expect: [{id: 1}]}\n")
    temp = tmp_path / "temp"
    dead, live = temp / "weft-trial-999999999-1-x", temp / f"weft-trial-{os.getpid()}"
    mine = temp / "weft-trial-notes"
    for folder in (dead, live, mine):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    locked = temp / "weft-trial-999999998-1-x"
    locked.mkdir()
    (temp / "weft-trial-999999997-1-x").symlink_to(mine)
    with open(temp / "held", "w"):
        held = os.open(locked, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        mesh("test", env={"TMPDIR": str(temp)})
        left = {path.name for path in temp.iterdir()}
        os.close(held)
    assert left == {live.name, mine.name, locked.name, "held", "weft-trial-999999997-1-x"}
    assert (mine / "file").exists()
    # A real one: killed in the middle of its work.
    slow = "  - {name: slow, given: {input: [{id: 1}]}, expect: [{id: 1}]}\n"
    orders(mesh, slow)
    process = subprocess.Popen([BIN, "test"], cwd=mesh.folder, env={
        **CLEAN, "TMPDIR": str(temp), "WEFT_FAULT": "kill:run.worker_started:1",
        "WEFT_FAULT_IN": "cli"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.wait()
    if process.returncode == -9:
        assert any(path.name.startswith(f"weft-trial-{process.pid}-") for path in temp.iterdir())
    mesh("test", env={"TMPDIR": str(temp)})
    assert not any(path.name.startswith(f"weft-trial-{process.pid}-") for path in temp.iterdir())
