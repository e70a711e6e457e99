"""The mesh of the tests about people, requests and the audit: a clinic with one product that says
who may break the glass, one that only its team may know of, and somebody in each role."""
from mesh_support import Mesh

PATIENTS = """id,name,email,state,age
1,Ann Lee,ann@x.org,California,31
2,Bo Roy,bo@y.org,Quebec,45
3,Cy Oz,cy@z.org,California,78
"""
PRODUCT = """input: ../../../in/patients.csv
terms_of_use: For studies only.
access: {break_glass: [group:nurses]}
schema:
  - {name: id, type: long, required: true}
  - {name: name}
  - {name: email}
  - {name: state}
  - {name: age, type: int}
key: id
"""
HIDDEN = """input: ../../../in/patients.csv
discoverable: private
schema: [{name: id, type: long, required: true}, {name: name}, {name: email}, {name: state},
         {name: age, type: int}]
"""
ALL = "select * from hospital.patients order by id"
PEOPLE = {"alice": (), "bob": (), "nina": ("--group", "nurses"), "ada": ("--role", "mesh_admin"),
          "dana": ("--role", "domain_owner@hospital"), "otto": ("--role", "domain_owner@lab"),
          "gov": ("--role", "governance_officer"), "aud": ("--role", "auditor")}


def clinic(folder):
    mesh = Mesh(folder / "m", "mesh: clinic\n")
    mesh.write("in/patients.csv", PATIENTS)
    mesh.product(PRODUCT, name="patients", domain="hospital")
    mesh.product(HIDDEN, name="secret", domain="hospital")
    mesh.apply()
    mesh("group", "add", "nurses")
    for name, words in PEOPLE.items():
        mesh("user", "add", name, *words)
    return mesh


def ask(mesh, who="user:alice", product="hospital.patients", purpose="research", **more):
    words = ["--purpose", purpose] if purpose else []
    return mesh.json("request", product, "--because", "a study", *words, "--as", who,
                     **more)["request"]


def reads(mesh, who, purpose="research", sql=ALL, **more):
    words = ["--purpose", purpose] if purpose else []
    return mesh("query", sql, "--format", "csv", "--as", who, *words, **more)
