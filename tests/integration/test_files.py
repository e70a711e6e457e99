"""Files of an input over time: names that come again, freshness of a field."""
import json

MESH = "mesh: files\n"
PRODUCT = """version: 1.0.0
input: {files: ../../../inbox/day*.csv, read: new, done: ../../../inbox/done}
schema:
  - {name: id, type: long, required: true}
  - {name: day, type: date}
key: [id]
quality: {freshness: {field: day, within: 3d}}
"""


def make(folder):
    product = folder / "domains/d/p"
    product.mkdir(parents=True)
    (folder / "weft.yaml").write_text(MESH)
    (product / "data_product.yaml").write_text(PRODUCT)
    (folder / "inbox").mkdir()


def test_a_name_comes_again_after_done(weft, tmp_path):
    make(tmp_path)
    day = tmp_path / "inbox/day.csv"
    day.write_text("id,day\n1,2020-01-01\n")
    weft("apply", "--yes")
    assert not day.exists() and (tmp_path / "inbox/done/day.csv").exists()
    day.write_text("id,day\n2,2020-01-02\n")
    weft("run")
    assert not day.exists() and len(list((tmp_path / "inbox/done").iterdir())) == 2
    # The first content once more under the same name: known, passed over.
    day.write_text("id,day\n1,2020-01-01\n")
    done = weft("run")
    assert "nothing new" in done.stdout, done.stdout
    rows = json.loads(weft("query", "--json", "select id from d.p order by id").stdout)
    assert rows == [{"id": 1}, {"id": 2}]


def test_a_file_that_stays_may_not_change(weft, tmp_path):
    make(tmp_path)
    product = tmp_path / "domains/d/p/data_product.yaml"
    product.write_text(PRODUCT.replace(", done: ../../../inbox/done", ""))
    day = tmp_path / "inbox/day.csv"
    day.write_text("id,day\n1,2020-01-01\n")
    weft("apply", "--yes")
    day.write_text("id,day\n2,2020-01-02\n")
    done = weft("run", status=3)
    assert "--reread" in done.stderr, done.stderr
    weft("run", "d.p", "--reread", day)
    rows = json.loads(weft("query", "--json", "select id from d.p order by id").stdout)
    assert rows == [{"id": 1}, {"id": 2}]


def test_freshness_of_a_field(weft, tmp_path):
    make(tmp_path)
    (tmp_path / "inbox/day1.csv").write_text("id,day\n1,2020-01-01\n")
    weft("apply", "--yes")
    fresh = lambda: json.loads(weft("status", "--json").stdout)[0]["fresh"]
    assert fresh() is False
    (tmp_path / "inbox/day2.csv").write_text("id,day\n2,2999-01-01\n")
    weft("run")
    assert fresh() is True


def test_each_content_once_among_many_files(weft, tmp_path):
    folder = tmp_path / "m"
    (folder / "in").mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: m\n")
    product = folder / "domains/d/p/data_product.yaml"
    product.parent.mkdir(parents=True)
    product.write_text("version: 1.0.0\ninput: {files: [../../../in/*.csv, ../../../in/a*.csv], "
                       "read: new}\nschema: [{name: id, type: long}]\n")
    for i in range(300):  # all of one size; every third content stands twice
        (folder / f"in/a{i:03d}.csv").write_text(f"id\n{1000 + i}\n")
        if i % 3 == 0:
            (folder / f"in/b{i:03d}.csv").write_text(f"id\n{1000 + i}\n")

    def rows():
        done = weft("query", "--format", "csv", "select count(*), count(distinct id) from d.p",
                    cwd=folder)
        return done.stdout.splitlines()[1]

    weft("apply", "--yes", cwd=folder)
    assert rows() == "300,300"
    assert "nothing new" in weft("run", cwd=folder).stdout
    (folder / "in/c.csv").write_text("id\n1007\n")  # known by its content
    (folder / "in/d.csv").write_text("id\n2000\n")
    (folder / "in/e.csv").write_text("id\n2000\n")
    weft("run", cwd=folder)
    assert rows() == "301,301"
    weft("run", "d.p", "--rebuild", cwd=folder)
    assert rows() == "301,301"
    (folder / "in/a001.csv").write_text("id\n3001\n")
    done = weft("run", cwd=folder, status=3)
    assert "a001.csv" in done.stderr and "another one now" in done.stderr
    weft("run", "d.p", "--reread", "in/a001.csv", cwd=folder)
    assert rows() == "302,302"
