"""Plans in files and states in files: `apply` of a plan makes what the plan showed, over generated
changes; it is refused when the world is another one; what is forged, cut or of another version is
refused and breaks nothing."""
import json
import os
import random

import pytest
from markdown_it import MarkdownIt
from mesh_support import Mesh

COLUMNS = ("id", "county", "cases", "spare", "more")
SEED = int(os.environ.get("WEFT_SEED", "20260301"))
CHANGES = 60 if os.environ.get("WEFT_LONG", "") in ("", "0") else 600


def source(rng):
    """A product of a file, with some of its columns."""
    kept = ["id"] + [name for name in COLUMNS[1:] if rng.random() < 0.8]
    fields = []
    for name in kept:
        kind = "long" if name in ("id", "cases") else "string"
        more = ", required: true" if name != "id" and rng.random() < 0.2 else ""
        more += f", description: d{rng.randint(1, 3)}" if rng.random() < 0.3 else ""
        fields.append(f"  - {{name: {name}, type: {kind}{more}}}\n")
    return kept, "input: {files: ../../../people.csv, format: csv}\nschema:\n" + "".join(fields)


def reader(rng, full_name, columns):
    """A product that reads some columns of another one."""
    kept = [name for name in columns if rng.random() < 0.7] or [columns[0]]
    text = "sql: select " + ", ".join(kept) + f" from {full_name}"
    text += f" where {columns[-1]} is not null" if rng.random() < 0.4 else ""
    return kept, text + "\n"


def head(rng, major=1):
    return (f"owner: o{rng.randint(1, 2)}@example.org\n"
            f"version: {major}.{rng.randint(0, 2)}.{rng.randint(0, 3)}\n")


def change(mesh, rng):
    """The checkout becomes another one: products come, go and change; SQL fits what it reads."""
    files = {}
    columns, text = source(rng)
    files["base", "people"] = head(rng) + text
    known = {"base.people": columns}
    for domain, name in (("a", "one"), ("a", "two"), ("b", "three"), ("b", "four"), ("c", "five")):
        if rng.random() < 0.25:
            continue
        over = rng.choice(sorted(known))
        kept, text = reader(rng, over, known[over])
        files[domain, name] = head(rng) + text
        known[f"{domain}.{name}"] = kept
    for path in (mesh.folder / "domains").glob("*/*/data_product.yaml"):
        if rng.random() < 0.7:
            path.unlink()
            path.parent.rmdir()
    for (domain, name), text in files.items():
        if rng.random() < 0.8 or name == "people":
            mesh.product(text, name, domain, head="")


def registered(mesh):
    """What the home says of its products: the newest contract of each."""
    rows = mesh.json("query", "select product, major, version, pending_version, status "
                              "from mesh.products")
    return {(row["product"].split("__v")[0], row["major"]):
            ("retired" if row["status"] == "retired" else row["pending_version"] or row["version"])
            for row in rows}


def test_apply_makes_what_the_plan_showed(tmp_path):
    rng = random.Random(SEED)
    mesh = Mesh(tmp_path / "m", open="access")
    mesh.write("people.csv", "id,county,cases,spare,more\n1,A,5,x,y\n")
    mesh.product(source(rng)[1], "people", "base", head="owner: o@example.org\nversion: 1.0.0\n")
    mesh.apply("--no-run")
    applied = refused = 0
    for number in range(CHANGES):
        change(mesh, rng)
        how = mesh("plan", "--out", "p.json", "--json", status=None)
        if how.returncode != 0:  # SQL of a file that stayed does not fit, a version goes back ...
            refused += 1
            assert not (mesh.folder / "p.json").exists()
            continue
        shown = json.loads(how.stdout)
        before, kept = registered(mesh), json.loads((mesh.folder / "p.json").read_text())
        assert kept["items"] == shown, number
        mesh("apply", "--plan", "p.json", "--no-run")
        after = registered(mesh)
        wanted = dict(before)
        for item in shown:
            wanted[item["product"], item["major"]] = (
                "retired" if item["action"] == "retire" else item["version"])
        assert after == wanted, (number, shown)
        assert mesh.json("plan") == [], number
        if shown:
            assert "the home changed since" in mesh("apply", "--plan", "p.json", status=1).stderr
        (mesh.folder / "p.json").unlink()
        applied += bool(shown)
    print(f"{applied} applied, {refused} refused")
    assert applied >= CHANGES // 4


# ---- the world changed ----

@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m", "mesh: small\nenvironments:\n  dev: {home: ../home}\n"
                                "  prod: {home: ../home}\n", open="access")
    made.write("people.csv", "id,county\n1,A\n")
    made.product("input: {files: ../../../people.csv, format: csv}\nschema:\n"
                 "  - {name: id, type: long}\n  - {name: county, type: string}\n", "people", "base")
    made.product("sql: select id from base.people\n", "one", "cdc")
    made.apply()
    made.product("description: new\nsql: select id from base.people\n", "one", "cdc")
    made("plan", "--out", "p.json")
    return made


def other_apply(mesh):
    other = Mesh(mesh.folder.parent / "other", "mesh: small\nowns: [far]\n"
                 "environments: {dev: {home: ../home}}\n", open="access")
    other.product("sql: select id from base.people\n", "away", "far")
    other.apply()


CHANGED = {
    "another apply": (other_apply, "the home changed since"),
    "a run": (lambda mesh: (mesh.write("people.csv", "id,county\n2,B\n"),
                            mesh("run", "base.people")), "the home changed since"),
    "a drop": (lambda mesh: mesh("drop", "cdc.one", "--yes", "--because", "x"),
               "the home changed since"),
    "a rollback": (lambda mesh: (
        mesh.write("people.csv", "id,county\n2,B\n"), mesh("run", "base.people"),
        mesh("rollback", "base.people", mesh.sql(
            "select snapshot_id from mesh.snapshots where product = 'base.people' "
            "order by committed_at")[0][0], "--because", "x")), "the home changed since"),
    "a file": (lambda mesh: mesh.product("sql: select id + 1 as id from base.people\n", "one",
                                         "cdc"), "was changed since"),
    "a new file": (lambda mesh: mesh.product("sql: select id from base.people\n", "two", "cdc"),
                   "other product files"),
    "a file that went": (lambda mesh: (mesh.folder / "domains/cdc/one/data_product.yaml").unlink(),
                         "is gone"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_the_world_changed(mesh, what):
    act, told = CHANGED[what]
    act(mesh)
    before = registered(mesh)
    assert told in mesh("apply", "--plan", "p.json", status=1).stderr
    assert registered(mesh) == before


def test_another_environment_or_mesh(mesh):
    assert "environment `dev`, and this is" in mesh("apply", "--plan", "p.json", "--env", "prod",
                                                    status=1).stderr
    text = (mesh.folder / "weft.yaml").read_text()
    mesh.write("weft.yaml", text.replace("mesh: small", "mesh: large"))
    assert "a plan of the mesh `small`" in mesh("apply", "--plan", "p.json", status=1).stderr


def test_the_same_files_in_another_checkout(mesh):
    """The plan is of the files, wherever they lie."""
    other = mesh.folder.parent / "clone"
    mesh.folder.rename(other)
    mesh.folder = other
    mesh("apply", "--plan", "p.json")
    assert mesh.json("plan") == []


def test_a_plan_against_a_state_is_applied_at_the_home(mesh):
    mesh("state", "export", "--out", "s.json")
    home = mesh.folder.parent / "home"
    home.rename(home.with_name("away"))
    mesh("plan", "--against", "s.json", "--out", "q.json")
    assert not home.exists()
    home.with_name("away").rename(home)
    assert (mesh.folder / "p.json").read_bytes() == (mesh.folder / "q.json").read_bytes()
    mesh("apply", "--plan", "q.json")
    mesh.product("description: newer\nsql: select id from base.people\n", "one", "cdc")
    mesh("plan", "--against", "s.json", "--out", "q.json")
    assert "the home changed since" in mesh("apply", "--plan", "q.json", status=1).stderr


# ---- files that are forged, cut, of another version ----

def broken(text, rng):
    """Texts that are not what was written."""
    value = json.loads(text)
    yield "cut", text[:rng.randint(0, len(text) - 3)]
    yield "empty", ""
    yield "no JSON", "\x00\x01" + text
    yield "a list", "[]"
    yield "newer", json.dumps({**value, "format": value["format"] + 1})
    yield "older", json.dumps({**value, "format": 0})
    for key in value:
        yield f"without {key}", json.dumps({k: v for k, v in value.items() if k != key})
        for other in (None, 3, "x", [], {}, -1, True, 1e300):
            yield f"{key} is {other}", json.dumps({**value, key: other})


def leaves(value, path=()):
    """The path of everything in it."""
    inner = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, item in inner:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def forged(text, rng, count):
    for _ in range(count):
        value = json.loads(text)
        path = rng.choice(list(leaves(value)))
        at = value
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = rng.choice([None, 0, -1, 10 ** 18, "", "x", "a.b", "a.b.c", "\u0000", "[]",
                                   "{}", [], {}, True, "9" * 300])
        yield str(path), json.dumps(value)


def survives(done, what):
    assert done.returncode in (0, 1, 3), (what, done)
    assert done.returncode == 0 or done.stderr.strip(), (what, done)


def test_no_plan_breaks_apply(mesh):
    rng = random.Random(SEED)
    text = (mesh.folder / "p.json").read_text()
    before = registered(mesh)
    for what, other in [*broken(text, rng), *forged(text, rng, 60)]:
        mesh.write("q.json", other)
        done = mesh("apply", "--plan", "q.json", "--no-run", status=None)
        survives(done, what)
        if done.returncode == 0:  # words for people: what was done is what the files say
            mesh.product(f"description: {what!r}\nsql: select id from base.people\n".replace(
                "'", ""), "one", "cdc")
            mesh("plan", "--out", "p.json")
            text, before = (mesh.folder / "p.json").read_text(), registered(mesh)
        else:
            assert registered(mesh) == before, what


def test_no_state_breaks_plan(mesh):
    rng = random.Random(SEED)
    text = mesh("state", "export").stdout
    assert text == mesh("state", "export").stdout  # the same home, the same bytes
    for what, other in [*broken(text, rng), *forged(text, rng, 150)]:
        mesh.write("q.json", other)
        done = mesh("plan", "--against", "q.json", "--json", status=None)
        survives(done, what)
    mesh.write("q.json", json.dumps({**json.loads(text), "format": 2}))
    told = mesh("plan", "--against", "q.json", status=1).stderr
    assert "it has the format 2, and this weft knows up to 1" in told
    assert "there is no file none.json" in mesh("plan", "--against", "none.json", status=1).stderr
    mesh.write("q.json", text)
    told = mesh("plan", "--against", "q.json", "--env", "prod", status=1).stderr
    assert "is the state of the environment `dev`" in told and "add --env dev" in told


def test_a_state_holds_no_data_and_no_secret(mesh):
    mesh.write("people.csv", "id,county\n424242,Hideaway\n")
    mesh("run", "base.people")
    text = mesh("state", "export").stdout
    home = mesh.folder.parent / "home"
    keys = [part for path in (home / "keys").glob("*") for part in path.read_text().split("\n")
            if len(part) > 20]
    assert keys
    for word in ["424242", "Hideaway", str(mesh.folder.parent), *keys]:
        assert word not in text, word


# ---- where it cannot be written ----

@pytest.mark.parametrize("words", [("plan",), ("state", "export")])
def test_places_that_cannot_be_written(mesh, words):
    (mesh.folder / "folder").mkdir()
    assert "is a folder" in mesh(*words, "--out", "folder", status=2).stderr
    assert "cannot write" in mesh(*words, "--out", "none/there/x.json", status=1).stderr
    assert "cannot write" in mesh(*words, "--out", "people.csv/x.json", status=1).stderr
    inside = mesh(*words, "--out", "../home/weft.db", status=1).stderr
    assert "lies in the home" in inside
    assert mesh(*words, "--out", "/dev/null").returncode == 0
    if os.path.exists("/dev/full"):
        assert mesh(*words, "--out", "/dev/full", status=1).stderr
    mesh.write("x.json", "old")
    (mesh.folder / "link.json").symlink_to("x.json")
    mesh(*words, "--out", "link.json")
    assert (mesh.folder / "link.json").is_symlink()
    assert json.loads((mesh.folder / "x.json").read_text())["format"] == 1
    assert not list(mesh.folder.glob(".*.weft"))


# ---- a comment holds nothing but what it shows ----

EVIL = ["<script>alert(1)</script>", "a | b", "a \\| b", "`code`", "``", "x\\", "**bold**",
        "[a](http://example.org)", "![i](http://example.org/i.png)", "@everyone", "#1",
        "<!-- -->", "a\nb\n\n# head\n- x", "| x |\n|---|", "</td>", "http://example.org", "\\`x"]


def test_markdown_of_names_and_words(mesh):
    for number, evil in enumerate(EVIL):
        quoted = json.dumps(evil)
        mesh.product(f"description: {quoted}\nterms_of_use: {quoted}\n"
                     "input: {files: ../../../people.csv, format: csv}\nschema:\n"
                     f"  - {{name: id, type: long, description: {quoted}}}\n", "people", "base",
                     head=f"owner: {quoted}\nversion: 1.0.{number}\n")
        mesh.product("description: new\nsql: select id from base.people\n", "one", "cdc",
                     head=f"owner: {quoted}\nversion: 1.0.0\n")
        done = mesh("plan", "--markdown", status=None)
        if done.returncode != 0:
            assert "error: " in done.stderr
            continue
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(done.stdout)
        flat = [inner for token in tokens for inner in [token, *(token.children or [])]]
        kinds = {token.type for token in flat}
        assert not kinds & {"html_inline", "html_block", "link_open", "image"}, (evil, kinds)
        heads = [token for token in tokens if token.type == "heading_open"]
        assert all(token.markup in ("##", "###") for token in heads), evil
        widths, row = [], 0  # a table keeps its columns
        for token in tokens:
            row = 0 if token.type == "tr_open" else row + (token.type in ("td_open", "th_open"))
            if token.type == "tr_close":
                widths.append(row)
        assert widths and set(widths) == {5}, (evil, widths)
        for token in flat:  # names that hosts would link stand in code only
            assert token.type != "text" or "@everyone" not in token.content, evil
