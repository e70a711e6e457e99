"""Runs read products of other domains as their domain: what is granted, and what of it."""
import pathlib
import re
import tarfile

import pytest
from mesh_support import Mesh

BEFORE = pathlib.Path(__file__).parent / "homes/before_grants.tar.xz"

PEOPLE = """input: {files: ../../../in/people.csv, format: csv}
tags: [people]
schema:
  - {name: id, type: long, required: true}
  - {name: name, type: string, classification: pii.name}
  - {name: state, type: string}
key: id
"""
NAMES = """sql: select id, name, state from hr.people
schema: [{name: id, type: long}, {name: name, type: string}, {name: state, type: string}]
key: id
"""
GRANT = "kind: grant\nname: stats_reads_people\nto: [domain:stats]\nread: [hr.people]\n"
CONSENTED = """---
kind: restrict
name: consented
on: [hr.people]
rows: id in (hr.consent.id where yes = true)
"""
OTHER = "kind: grant\nname: other\nto: [user:ada]\nread: [nowhere.*]\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m", open=None)
    made.write("in/people.csv", "id,name,state\n1,Ada Lovelace,ON\n2,Bo Diddley,QC\n3,Cy,ON\n")
    made.product(PEOPLE, "people", "hr")
    return made


def rows(mesh, product="stats.names"):
    return mesh.sql(f"select * from {product} order by id")


def test_from_the_first_day_a_grant_is_needed(mesh):
    mesh.product(NAMES, "names", "stats")
    done = mesh("plan", status=3)
    assert "no grant lets the domain stats read hr.people" in done.stdout
    assert "domains/stats/names/data_product.yaml:3:34" in done.stderr
    refused = mesh("apply", "--yes", status=3)
    assert "domains/stats/names/data_product.yaml:3:34" in refused.stderr
    # The text that it proposes is the policy that is lacking.
    begin = refused.stderr.index("{kind: grant")
    end = refused.stderr.index("}", begin) + 1
    mesh.write("policies/lacking.yaml", refused.stderr[begin:end] + "\n")
    mesh.apply()
    assert len(rows(mesh)) == 3


def test_one_paste_grants_all_that_is_lacking(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.product(NAMES, "again", "stats")
    mesh.product("sql: select n.id from hr.people n join stats.names using (id)\n"
                 "schema: [{name: id, type: long}]\n", "both", "sales")
    plan = mesh("plan", status=3).stdout
    pasted = plan[plan.index("kind: grant"):plan.index("Refused, ")]
    assert f"```yaml\n{pasted}```\n" in mesh("plan", "--markdown", status=3).stdout
    assert pasted.count("kind: grant") == 2
    assert "to: [domain:sales]\nread: [hr.people, stats.names]\n" in pasted
    mesh.write("policies/grants.yaml", pasted)
    mesh.apply()
    assert mesh.sql("select count(*) from sales.both") == [(3,)]


def test_the_owner_grants_it_in_the_file_of_the_product(mesh):
    mesh.product(PEOPLE + "access: {grant: [user:ada], break_glass: [user:eve]}\n", "people", "hr")
    mesh.product(NAMES, "names", "stats")
    plan = mesh("plan", status=3).stdout
    told = re.search(r"(\S+) can write into (\S+): (access: .*)", plan)
    assert told.groups() == (
        "team@example.org", "domains/hr/people/data_product.yaml",
        "access: {grant: [user:ada, domain:stats], break_glass: [user:eve]}")
    item = next(row for row in mesh.json("plan", status=3) if row["product"] == "stats.names")
    assert item["lacks"] == [{"product": "hr.people", "owner": told[1], "file": told[2],
                              "access": told[3]}]
    mesh.product(PEOPLE + told[3] + "\n", "people", "hr")
    mesh.apply()
    assert len(rows(mesh)) == 3
    mesh.product(PEOPLE, "people", "hr")  # and takes it back
    assert "no grant lets the domain stats: its runs are refused" in mesh("plan").stderr


def test_policies_come_with_an_apply_of_everything(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", GRANT)
    refused = mesh("apply", "--yes", "+stats.names", status=3).stderr
    assert "policies/ has changes, which are left out" in refused
    assert "hint: choose no products: then policies/ is applied, too" in refused
    mesh.apply()
    mesh.apply("+stats.names")
    assert len(rows(mesh)) == 3


def test_a_domain_asks_and_is_granted(mesh):
    mesh.apply()
    mesh.product(NAMES, "names", "stats")
    plan = mesh("plan", status=3).stdout
    told = re.search(r"weft (request hr.people --for domain:stats --because) ", plan)
    mesh(*told[1].split(), "the monthly figures")
    mesh("user", "add", "olga", "--role", "governance_officer")
    mesh("approve", "1", "--as", "user:olga")
    mesh.apply()
    assert len(rows(mesh)) == 3


def test_a_reference_is_a_read(mesh):
    mesh.write("in/visits.csv", "person\n1\n3\n")
    mesh.product("input: {files: ../../../in/visits.csv, format: csv}\n"
                 "schema: [{name: person, type: long, references: hr.people.id}]\n",
                 "visits", "stats")
    assert "no grant lets the domain stats read hr.people" in mesh("plan", status=3).stdout
    mesh.write("policies/p.yaml", GRANT)
    mesh.apply()
    assert mesh.sql("select count(*) from stats.visits") == [(2,)]


def test_access_of_the_product_is_a_grant(mesh):
    mesh.product(PEOPLE + "access: {grant: [domain:stats]}\n", "people", "hr")
    mesh.product(NAMES, "names", "stats")
    mesh.apply()
    assert len(rows(mesh)) == 3
    mesh.product(NAMES, "names", "sales")
    assert "no grant lets the domain sales" in mesh("apply", "--yes", status=3).stderr


@pytest.fixture
def before(tmp_path):
    """The home of a weft that asked for no grants."""
    with tarfile.open(BEFORE) as archive:
        archive.extractall(tmp_path / "b")
    (tmp_path / "b/.weft/dev").chmod(0o700)
    made = Mesh(tmp_path / "b", (tmp_path / "b/weft.yaml").read_text(), open=None)
    made("ledger", "verify")
    return made


def test_dependencies_from_before_are_confirmed_once(before):
    before("run", "--rebuild", "stats.names")  # until then it goes on
    assert "domain:stats reads hr.people" in before("plan").stdout
    assert before.json("plan") == [
        {"action": "confirm", "domain": "stats", "product": "hr.people"}]
    before.apply()
    assert "Nothing to change" in before("plan").stdout
    before("run", "--rebuild", "stats.names")
    assert len(rows(before)) == 3
    can = before("can", "domain:stats", "read", "hr.people", "--purpose", "run")
    assert "confirmed" in can.stdout
    before.product(NAMES, "names", "sales")  # a new one is not confirmed by that
    assert "no grant lets the domain sales" in before("apply", "--yes", status=3).stderr
    before.write("policies/p.yaml", GRANT.replace("stats", "sales"))
    before.apply()
    assert len(rows(before, "sales.names")) == 3
    before("ledger", "rebuild", "--check")
    before("ledger", "verify")


def test_what_comes_with_the_first_apply_is_not_from_before(before):
    before.product(NAMES, "names", "sales")
    plan = before("plan", status=3)
    assert "domain:stats reads hr.people" in plan.stdout
    assert "no grant lets the domain sales" in plan.stderr
    before.write("policies/p.yaml", GRANT.replace("stats", "sales"))
    before.apply()
    assert len(rows(before, "sales.names")) == 3


def test_a_plan_against_the_state_of_a_home_from_before(before):
    before("state", "export", "--out", "state.json")
    assert "domain:stats reads hr.people" in before("plan", "--against", "state.json").stdout


def test_what_is_kept_from_the_domain(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", GRANT)
    mesh.apply()
    assert rows(mesh)[0] == (1, "Ada Lovelace", "ON")
    mesh.write("policies/mask.yaml", """kind: restrict
name: names
on: ["classification:pii.*"]
treat: mask
---
kind: restrict
name: ontario
on: ["tag:people"]
rows: state = 'ON'
""")
    told = "runs again: stats.names, which will be given something else of what it reads"
    assert told in mesh("plan").stdout
    applied = mesh.apply().stdout  # nothing came, but what it may read of it is another
    assert "  stats.names: " in applied and "  hr.people: " not in applied
    assert rows(mesh) == [(1, "A*** L***", "ON"), (3, "C***", "ON")]
    assert mesh.last_run()["read"] == 2  # rows that are kept back are not counted either
    assert "nothing new" in mesh("run", "stats.names").stdout
    assert mesh.sql("select name from hr.people where id = 1") == [("Ada Lovelace",)]


def test_what_a_policy_does_not_touch_is_not_run_again(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.product("sql: select count(*) as n from stats.names\n"
                 "schema: [{name: n, type: long}]\n", "n", "stats")
    mesh.write("policies/p.yaml", GRANT)
    mesh.apply()
    mesh.write("policies/other.yaml", "kind: restrict\nname: o\non: [hr.people]\nrows: state = 'ON'"
               "\nexcept: [{domain: stats, purpose: run}]\n---\n" + OTHER)
    assert "runs again" not in mesh("plan").stdout
    assert "stats." not in mesh.apply().stdout


def test_rows_are_looked_up_in_another_product(mesh):
    mesh.write("in/consent.csv", "id,yes\n1,true\n2,false\n3,true\n")
    mesh.product("input: {files: ../../../in/consent.csv, format: csv}\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "consent", "hr")
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", GRANT + CONSENTED)
    mesh.apply()
    assert [row[0] for row in rows(mesh)] == [1, 3]


def test_runs_wait_for_what_policies_look_up(mesh):
    # In the order of names what is looked up would come last, and it takes two steps.
    mesh.product("sql: select id from hr.people\nschema: [{name: id, type: long}]\n", "a", "stats")
    mesh.write("in/consent.csv", "id,yes\n1,true\n")
    mesh.product("input: {files: ../../../in/consent.csv, format: csv}\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "raw", "zz")
    mesh.product("sql: select * from zz.raw\naccess: {grant: [domain:stats]}\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "yes", "zz")
    mesh.write("policies/p.yaml",
               GRANT + CONSENTED.replace("hr.consent", "zz.yes"))
    mesh.apply()
    assert mesh.sql("select id from stats.a") == [(1,)]


def test_a_consent_that_is_withdrawn(mesh):
    consent = "id,yes\n1,true\n2,false\n3,%s\n"
    mesh.write("in/consent.csv", consent % "true")
    mesh.product("input: {files: ../../../in/consent.csv, format: csv}\nwrite: replace\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "consent", "hr")
    mesh.product("sql: select state, count(*) as n from hr.people group by state\n"
                 "schema: [{name: state, type: string}, {name: n, type: long}]\n", "n", "stats")
    mesh.product("sql: select sum(n) as n from stats.n\n"
                 "schema: [{name: n, type: decimal(38)}]\n", "all", "stats")
    mesh.write("policies/p.yaml", GRANT + CONSENTED)
    mesh.apply()
    assert mesh.sql("select * from stats.n") == [("ON", 2)]
    assert "nothing new" in mesh("run", "stats.n").stdout
    mesh.write("in/consent.csv", consent % "false")
    mesh("run")
    assert mesh.sql("select * from stats.n") == [("ON", 1)]
    assert mesh.sql("select n from stats.all") == [(1,)]
    assert "nothing new" in mesh("run", "stats.n").stdout


RING = GRANT + """---
kind: grant
name: back
to: [domain:hr]
read: [stats.names]
"""


def test_what_is_looked_up_is_made_of_who_waits(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.product("sql: select id from stats.names where id < 3\n"
                 "schema: [{name: id, type: long}]\n", "ok", "hr")
    mesh.write("policies/p.yaml", RING)
    mesh.apply()
    mesh.write("policies/p.yaml", RING + CONSENTED.replace("consent.id where yes = true", "ok.id"))
    mesh.apply()
    mesh("run")  # rows are looked up in what was there before
    assert [row[0] for row in rows(mesh)] == [1, 2]


@pytest.mark.parametrize("threads", ["1", "4"])
def test_such_a_ring_does_not_hang(mesh, threads):
    mesh.product(NAMES, "names", "stats")
    mesh.product("sql: select id from stats.names\nschema: [{name: id, type: long}]\n", "ok", "hr")
    mesh.write("policies/p.yaml", RING + CONSENTED.replace("consent.id where yes = true", "ok.id"))
    refused = mesh("apply", "--yes", status=3, env={"WEFT_THREADS": threads})
    assert "a policy looks rows up in hr.ok, which has no snapshot" in refused.stderr
    assert "no run can be the first one" in refused.stderr
    assert len(mesh.sql("select * from hr.people")) == 3


def test_a_hidden_column_is_not_there(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml",
               GRANT + "---\nkind: restrict\nname: h\non: [hr.people.name]\ntreat: hide\n")
    for words in ("plan",), ("apply", "--yes"):
        refused = mesh(*words, status=1).stderr
        assert "domains/stats/names/data_product.yaml:3:17: " in refused, refused
        assert "`name` of hr.people is hidden from the domain stats: " in refused
        assert "restrict h" in refused


def test_a_treated_column_has_the_type_of_its_treatment(mesh):
    mesh.product("sql: select id + 1 as id from hr.people\nschema: [{name: id, type: long}]\n",
                 "next", "stats")
    mesh.write("policies/p.yaml",
               GRANT + "---\nkind: restrict\nname: h\non: [hr.people.id]\ntreat: hash\n")
    refused = mesh("plan", status=1).stderr
    assert "domains/stats/next/data_product.yaml:3:" in refused


def test_a_plan_says_what_of_it_is_kept_back(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("in/consent.csv", "id,yes\n1,true\n2,false\n3,true\n")
    mesh.product("input: {files: ../../../in/consent.csv, format: csv}\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "consent", "hr")
    mesh.write("policies/p.yaml", GRANT + """---
kind: restrict
name: masked
on: [hr.people.name]
treat: mask
---
kind: restrict
name: consented
on: [hr.people]
rows: id in (hr.consent.id where yes = true)
""")
    done = mesh("plan").stdout
    assert "reads hr.people@1\n        of it: name: mask; rows where id IN (hr.consent" in done
    read = next(row for row in mesh.json("plan") if row.get("product") == "stats.names")["reads"][0]
    assert read["kept"].startswith("name: mask; rows where ")


def test_groups_of_enough_people(mesh):
    mesh.write("policies/p.yaml", GRANT + """---
kind: restrict
name: small
on: [hr.people]
min_group: {size: 2, by: id}
""")
    mesh.product("sql: select state, count(*) as n from hr.people group by state\n"
                 "schema: [{name: state, type: string}, {name: n, type: long}]\n", "n", "stats")
    mesh.apply()
    assert mesh.sql("select * from stats.n") == [("ON", 2)]
    mesh.product(NAMES, "names", "stats")
    assert "groups of at least 2" in mesh("apply", "--yes", status=None).stderr


def test_a_lookup_of_what_is_kept_is_refused(mesh):
    mesh.write("in/visits.csv", "person\n1\n9\n")
    mesh.product("input: {files: ../../../in/visits.csv, format: csv}\n"
                 "schema: [{name: person, type: long, references: hr.people.id}]\n",
                 "visits", "stats")
    kept = GRANT + "---\nkind: restrict\nname: h\non: [hr.people.id]\ntreat: hash\n"
    mesh.write("policies/p.yaml", kept)
    for words in ("plan",), ("apply", "--yes"):
        refused = mesh(*words, status=3).stderr
        assert "domains/stats/visits/data_product.yaml:4:" in refused, refused
        assert "policies keep `id` of hr.people" in refused and "restrict h" in refused
    # A restriction that comes later meets the next run.
    mesh.write("policies/p.yaml", GRANT)
    mesh.apply()
    mesh.write("policies/p.yaml", kept)
    mesh.apply()
    again = mesh("run", "--rebuild", "stats.visits", status=None).stderr
    assert "policies keep `id` of hr.people" in again


def test_a_grant_that_is_taken_away(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", GRANT)
    mesh.apply()
    mesh.write("policies/p.yaml", OTHER)
    assert "no grant lets the domain stats" in mesh("plan").stderr
    mesh.apply()
    done = mesh("run", "--rebuild", "stats.names", status=3)
    assert "domain:stats may not read hr.people" in done.stderr
    assert len(rows(mesh)) == 3  # what was published stays
