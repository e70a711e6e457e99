"""Runs read products of other domains as their domain: what is granted, and what of it."""
import pytest
from mesh_support import Mesh

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
OTHER = "kind: grant\nname: other\nto: [user:ada]\nread: [nowhere.*]\n"


@pytest.fixture
def mesh(tmp_path):
    made = Mesh(tmp_path / "m")
    made.write("in/people.csv", "id,name,state\n1,Ada Lovelace,ON\n2,Bo Diddley,QC\n3,Cy,ON\n")
    made.product(PEOPLE, "people", "hr")
    return made


def rows(mesh, product="stats.names"):
    return mesh.sql(f"select * from {product} order by id")


def test_without_a_policy_domains_read_one_another(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.apply()
    assert len(rows(mesh)) == 3


def test_with_a_policy_a_grant_is_needed(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", OTHER)
    done = mesh("plan")
    assert "no grant lets the domain stats read hr.people" in done.stdout
    refused = mesh("apply", "--yes", status=3)
    assert "domains/stats/names/data_product.yaml" in refused.stderr
    # The text that it proposes is the policy that is lacking.
    begin = refused.stderr.index("{kind: grant")
    end = refused.stderr.index("}", begin) + 1
    mesh.write("policies/lacking.yaml", refused.stderr[begin:end] + "\n")
    mesh.apply()
    assert len(rows(mesh)) == 3


def test_access_of_the_product_is_a_grant(mesh):
    mesh.product(PEOPLE + "access: {grant: [domain:stats]}\n", "people", "hr")
    mesh.product(NAMES, "names", "stats")
    mesh.apply()
    assert len(rows(mesh)) == 3
    mesh.product(NAMES, "names", "sales")
    assert "no grant lets the domain sales" in mesh("apply", "--yes", status=3).stderr


def test_dependencies_from_before_are_confirmed_once(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.apply()
    mesh.write("policies/p.yaml", OTHER)
    assert "domain:stats reads hr.people" in mesh("plan").stdout
    assert {"action": "confirm", "domain": "stats", "product": "hr.people"} in mesh.json("plan")
    mesh.apply()
    assert "domain:stats" not in mesh("plan").stdout
    mesh("run", "--rebuild", "stats.names")
    assert len(rows(mesh)) == 3
    mesh.product(NAMES, "names", "sales")  # a new one is not confirmed by that
    assert "no grant lets the domain sales" in mesh("apply", "--yes", status=3).stderr
    can = mesh("can", "domain:stats", "read", "hr.people", "--purpose", "run")
    assert "confirmed" in can.stdout
    mesh("ledger", "rebuild", "--check")


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
    mesh.apply()
    mesh("run")  # nothing came, but what it may read of it is another
    assert rows(mesh) == [(1, "A*** L***", "ON"), (3, "C***", "ON")]
    assert mesh.last_run()["read"] == 2  # rows that are kept back are not counted either
    assert "nothing new" in mesh("run", "stats.names").stdout
    assert mesh.sql("select name from hr.people where id = 1") == [("Ada Lovelace",)]


def test_rows_are_looked_up_in_another_product(mesh):
    mesh.write("in/consent.csv", "id,yes\n1,true\n2,false\n3,true\n")
    mesh.product("input: {files: ../../../in/consent.csv, format: csv}\n"
                 "schema: [{name: id, type: long}, {name: yes, type: boolean}]\n", "consent", "hr")
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml", GRANT + """---
kind: restrict
name: consented
on: [hr.people]
rows: id in (hr.consent.id where yes = true)
""")
    mesh.apply()
    assert [row[0] for row in rows(mesh)] == [1, 3]


def test_a_hidden_column_is_not_there(mesh):
    mesh.product(NAMES, "names", "stats")
    mesh.write("policies/p.yaml",
               GRANT + "---\nkind: restrict\nname: h\non: [hr.people.name]\ntreat: hide\n")
    refused = mesh("apply", "--yes", status=None)
    assert refused.returncode in (1, 3) and "name" in refused.stderr
    assert "Lovelace" not in refused.stderr


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
    mesh.write("policies/p.yaml",
               GRANT + "---\nkind: restrict\nname: h\non: [hr.people.id]\ntreat: hash\n")
    assert "policies keep `id` of hr.people" in mesh("apply", "--yes", status=None).stderr


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
