"""script/demo: the answer of the example, and a rename that is refused, on one screen."""
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get("WEFT_RELEASE_BIN") or ""
if not pathlib.Path(BIN).is_file():
    BIN = os.environ["WEFT_BIN"]
REAL = os.environ.get("WEFT_COVID_DATA", "")
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}


def files(folder):
    """What belongs to the tree; data and logs lie in .weft."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file() and ".weft" not in path.parts}


def given_data(tmp_path):
    """The real data, else the simulated data as files that are given."""
    if REAL:
        return REAL
    folder = tmp_path / "made"
    shutil.copytree(ROOT / "examples/covid", folder, ignore=shutil.ignore_patterns(".weft"))
    subprocess.run(["./data", "simulated"], cwd=folder, env=CLEAN, check=True, capture_output=True)
    given = tmp_path / "given"
    given.mkdir()
    for path in (folder / ".weft/inbox").iterdir():
        name = path.name.removesuffix(".gz")
        data = path.read_bytes()
        (given / f"{name}.gz").write_bytes(data if path.suffix == ".gz" else gzip.compress(data, 1))
    return str(given)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Its output and its folder, in a copy of the repository whose set-up has nothing to do."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "script").mkdir()
    shutil.copy(ROOT / "script/demo", folder / "script")
    (folder / "script/setup").write_text("#!/bin/sh\n")
    (folder / "script/setup").chmod(0o755)
    (folder / "build").mkdir()
    (folder / "build/release").symlink_to(pathlib.Path(BIN).parent)
    for example in ("covid", "hospital"):
        shutil.copytree(ROOT / "examples" / example, folder / "examples" / example,
                        ignore=shutil.ignore_patterns(".weft"))
    before = files(folder / "examples")
    env = CLEAN | {"WEFT_COVID_DATA": given_data(tmp_path_factory.mktemp("data"))}
    for _ in range(2):  # again on what the first one left
        done = subprocess.run([folder / "script/demo"], env=env, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done
    assert files(folder / "examples") == before
    return done.stdout, folder


def test_it_fits_a_screen(demo):
    lines = demo[0].splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100 + 2 * len(str(demo[1]))


def test_the_rename_is_refused(demo):
    lines = demo[0].splitlines()
    assert any(line.startswith("$ weft plan") and "refused" in line for line in lines)
    came = "county_health.daily_reports.cases -> "
    for owner, way in (("california", "california.daily.cases"),
                       ("cdc", "cdc.state_daily.cases"),
                       ("johns-hopkins", "johns_hopkins.surge_distance.days")):
        assert f"{owner}@example.org {came}{way}" in lines, demo[0]
    told = (demo[1] / "build/demo-change/refused.log").read_text()  # the plan itself, whole
    assert "  ~ schema.reported: cases -> reported   (breaking)" in told.replace("      ~", "  ~")
    assert "error: 3 mistakes to repair; nothing was changed" in told
    for further in ("-> cdc.national_daily.cases", "-> johns_hopkins.communities.community"):
        assert further in told


def test_the_new_major_stands_beside_the_old(demo):
    text, folder = demo
    assert ("  + county_health.daily_reports 2.0.0; cdc.state_daily reads "
            "county_health.daily_reports@1\n") in text
    copy = folder / "build/demo-change/domains/county_health/daily_reports"
    tree = folder / "examples/covid/domains/county_health/daily_reports/data_product.yaml"
    assert (copy / "data_product.v1.yaml").read_bytes() == tree.read_bytes()
    new = (copy / "data_product.yaml").read_text()
    assert new.startswith("version: 2.0.0\n") and "name: reported\n    was: cases\n" in new
    # Nothing of it is in the home: the tree's own mesh has nothing to change.
    env = CLEAN | {"WEFT_HOME": str(folder / "build/demo")}
    done = subprocess.run([BIN, "plan", "--exit-code"], cwd=folder / "examples/covid", env=env,
                          capture_output=True, text=True)
    assert done.returncode == 0, done


def test_one_question_has_two_answers(demo):
    lines = demo[0].splitlines()
    asked = [i for i, line in enumerate(lines) if line.startswith("$ weft query --json --as ")]
    nurse, researcher = ([*json.loads(lines[i + 1])[0].items()] for i in asked)
    assert [name for name, _ in nurse] == ["name", "health_card", "birth_date"]
    assert [name for name, _ in researcher] == ["name", "birth_date"]
    assert nurse[0] != researcher[0] and nurse[2] != researcher[1]
    assert lines[-4:] == [
        "yes: user:ravi may read ontario.patients.name for research, as mask",
        "  + grant researchers_study: granted to group:researchers",
        "  - restrict consented: rows where patient_id IN "
        "(consent.register.patient_id WHERE research = true)",
        "  - restrict direct_identifiers: 3 columns: mask"]


def test_what_it_says_to_try_next(demo):
    text, folder = demo
    line, = (line for line in text.splitlines() if line.startswith("next: "))
    done = subprocess.run(["sh", "-ec", line.removeprefix("next: ")], cwd=folder, env=CLEAN,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "nothing new" in done.stdout, done
    assert "deaths_within_cases" in done.stdout and "johns_hopkins.communities" in done.stdout
