"""The example: five domains, from files to the answer of the case. On simulated data always, on the
real data where WEFT_COVID_DATA names it; the public files come from a web server in the test."""
import collections
import csv
import datetime
import functools
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get("WEFT_RELEASE_BIN") or ""
if not pathlib.Path(BIN).is_file():
    BIN = os.environ["WEFT_BIN"]
REAL = os.environ.get("WEFT_COVID_DATA", "")
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")} | {"WEFT": BIN}
FILES = ("counties", "airports", "routes", "dailyc19")

ROWS = {
    "real": {
        "reference.counties": 3_142, "reference.airports": 1_251, "reference.routes": 2_787,
        "county_health.daily_reports": 720_995, "california.daily": 14_298,
        "cdc.state_daily": 13_312, "cdc.national_daily": 303, "johns_hopkins.air_links": 2_164,
        "johns_hopkins.county_pairs": 84_233, "johns_hopkins.surge_distance": 83_507,
        "johns_hopkins.communities": 730,
    },
    "simulated": {
        "reference.counties": 3_142, "reference.airports": 1_251, "reference.routes": 2_787,
        "county_health.daily_reports": 720_995, "california.daily": 13_309,
        "cdc.state_daily": 13_083, "cdc.national_daily": 263, "johns_hopkins.air_links": 2_849,
        "johns_hopkins.county_pairs": 112_680, "johns_hopkins.surge_distance": 112_680,
        "johns_hopkins.communities": 1_854,
    },
}
# Of California's largest county, which in the real data is Los Angeles.
NEAREST = {
    "real": [
        ("06037", 0), ("37119", 0.075), ("22103", 0.129), ("13121", 0.155), ("37063", 0.156),
        ("24510", 0.173), ("13089", 0.176), ("37105", 0.185), ("13135", 0.194), ("13067", 0.208),
        ("12081", 0.209),
    ],
    "simulated": [
        ("06001", 0), ("06003", 0.07), ("15005", 0.084), ("15001", 0.086), ("27001", 0.105),
        ("27155", 0.113), ("28021", 0.128), ("28163", 0.177), ("28019", 0.184), ("22055", 0.197),
        ("12001", 0.207),
    ],
}
# Sizes, largest first, and SHA-256 of "node community" lines: of igraph 0.10.2.
GROUPS = {
    "real": ([110, 94, 84, 67, 64, 59, 53, 43, 42, 23, 19, 18, 12, 8, 7, 4, 3] + [2] * 10,
             "2a987a12ef4596465c4d8fb641390c1366884a052cbf981cad918e41941b2c19"),
    "simulated": ([440, 412, 394, 392, 168, 48],
                  "165ebde923dd395275fb503926684c17ecaf8ac939842238cf2f57ee19a84edc"),
}
MODULARITY = {"real": 0.7491, "simulated": 0.7089}


class Case:
    """The example copied to a folder of its own, with data in its inbox."""

    def __init__(self, folder, data):
        self.folder = folder
        shutil.copytree(ROOT / "examples/covid", folder, ignore=shutil.ignore_patterns(".weft"))
        env = CLEAN | ({"WEFT_COVID_DATA": REAL} if data == "given" else {})
        done = subprocess.run([folder / "data", data], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done
        self.origin = done.stdout

    def weft(self, *words, status=0, cwd=None):
        done = subprocess.run([BIN, *words], cwd=cwd or self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=CLEAN)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def query(self, *words):
        return json.loads(self.weft("query", "--json", *words))


@functools.cache
def made(kind, root):
    case = Case(root / kind, "given" if kind == "real" else "simulated")
    case.weft("apply", "--yes")
    return case


@pytest.fixture(params=["simulated", "real"])
def kind(request):
    if request.param == "real" and not REAL:
        pytest.skip("WEFT_COVID_DATA is not set")
    return request.param


@pytest.fixture
def case(kind, tmp_path_factory):
    """One for all tests that only look."""
    return made(kind, tmp_path_factory.getbasetemp())


def test_every_product_is_published_whole(case, kind):
    runs = {run["product"].split("@")[0]: run for run in case.query("select * from mesh.runs")}
    assert {name: run["published"] for name, run in runs.items()} == ROWS[kind]
    assert {name for name, run in runs.items() if run["quarantined"]} == {
        "county_health.daily_reports"}
    for name, run in runs.items():
        files = name == "county_health.daily_reports" or name.startswith("reference.")
        assert run["read" if files else "made"] == run["published"] + run["quarantined"], run
        assert run["superseded"] == 0
    reports = runs["county_health.daily_reports"]
    assert (reports["read"], reports["quarantined"]) == (720_998, 3)
    assert runs["cdc.national_daily"]["read"] == ROWS[kind]["cdc.state_daily"]
    assert runs["california.daily"]["read"] == 720_995
    case.weft("ledger", "verify")
    case.weft("doctor")


def test_checks_find_what_is_in_the_data(case):
    failing = {(row["product"].split("@")[0], row["rule"]): row["failing"] for row in case.query(
        "select product, rule, failing from mesh.checks where not passed")}
    assert failing == {("county_health.daily_reports", "check.deaths_within_cases"): 3,
                       ("county_health.daily_reports", "check.never_falls"): 41}
    aside = json.loads(case.weft("quarantine", "county_health.daily_reports", "--json"))
    assert [row["rules"] for row in aside] == [["check.deaths_within_cases"]] * 3


def test_the_nearest_counties(case, kind):
    rows = case.query("-f", "questions/nearest.sql")
    assert [(row["fips"], row["distance"]) for row in rows] == NEAREST[kind]
    assert all(re.fullmatch("[▁▂▃▄▅▆▇█]{19,22}", row["new_cases"]) for row in rows)
    if kind == "real":
        assert rows[0]["county"] == "Los Angeles"


def test_figures_agree_with_sums_over_the_reports(case):
    assert case.query("""
        select count(*) as n from cdc.state_daily s full join (
            select date, state, sum(cases) as cases, sum(deaths) as deaths
            from county_health.daily_reports group by all) r using (date, state)
        where s.cases is distinct from r.cases or s.deaths is distinct from r.deaths
        """) == [{"n": 0}]
    assert case.query("""
        select count(*) as n from cdc.national_daily d, (
            select date, avg(new_cases) over (order by date rows 6 preceding) as mean
            from cdc.national_daily) m
        where d.date = m.date and abs(mean - new_cases_7_days) > 1e-6""") == [{"n": 0}]


def test_distances_are_what_the_join_of_reports_gives(case):
    """The list form of surge_distance against the plain one, for some pairs."""
    assert case.query("""
        with rates as (
            select fips, date, 100.0 * cases / population as rate
            from county_health.daily_reports join reference.counties using (fips)),
        few as (select * from johns_hopkins.surge_distance where hash(fips_a, fips_b) % 500 = 0),
        plain as (
            select fips_a, fips_b, count(*) as days, sqrt(avg((a.rate - b.rate) ** 2)) as distance
            from few join rates a on a.fips = fips_a
            join rates b on (b.fips, b.date) = (fips_b, a.date) group by all)
        select count(*) > 100 as many,
            count(*) filter (s.days <> p.days or abs(s.distance - p.distance) > 1e-9) as wrong
        from few s left join plain p using (fips_a, fips_b)""") == [{"many": True, "wrong": 0}]


def igraph_version():
    """What weft-graph says of itself, asked with an empty graph."""
    program = pathlib.Path(BIN).parent / "weft-graph"
    request = struct.pack("<8sIIQddqQII", b"WEFTgrq1", 1, 1, 1, 1.0, 0.85, 0, 0, 0, 0)
    done = subprocess.run([program, str(os.getpid())], input=request, capture_output=True)
    assert done.returncode == 0 and len(done.stdout) == 88
    return done.stdout[24:].rstrip(b"\0").decode()


def modularity(edges, group):
    total = sum(weight for _, _, weight in edges)
    inside, ends = collections.Counter(), collections.Counter()
    for a, b, weight in edges:
        ends[group[a]] += weight
        ends[group[b]] += weight
        if group[a] == group[b]:
            inside[group[a]] += weight
    return sum(inside[g] / total - (ends[g] / (2 * total)) ** 2 for g in ends)


def test_communities(case, kind):
    group = {row["node"]: row["community"] for row in case.query(
        "select node, community from johns_hopkins.communities order by node")}
    edges = [(row["fips_a"], row["fips_b"], row["weight"]) for row in case.query(
        "select fips_a, fips_b, 1 - distance / 0.2 as weight from johns_hopkins.surge_distance"
        " where distance <= 0.2")]
    assert group.keys() == {end for a, b, _ in edges for end in (a, b)}
    assert modularity(edges, group) == pytest.approx(MODULARITY[kind], rel=0.01)
    sizes = [size for _, size in sorted(collections.Counter(group.values()).items())]
    assert sizes == sorted(sizes, reverse=True)
    if igraph_version() != "igraph 0.10.2":
        pytest.skip("the exact groups are those of igraph 0.10.2")
    text = "".join(f"{node} {community}\n" for node, community in group.items())
    assert (sizes, hashlib.sha256(text.encode()).hexdigest()) == GROUPS[kind]
    shown = case.query("-f", "questions/communities.sql")
    assert [int(row["surges_that_travel_together"].split()[0]) for row in shown] == sizes[:2]


def test_new_reports_travel_through_the_mesh(tmp_path):
    case = Case(tmp_path / "covid", "simulated")
    case.weft("apply", "--yes")
    before = case.query("select max(date) as d from mesh.snapshots, cdc.national_daily")
    assert "nothing new" in case.weft("run")
    (case.folder / ".weft/inbox/dailyc19-next.csv").write_text(
        "date,county,state,fips,cases,deaths\n"
        "2020-11-20,Pinebridge,California,06001,9999999,1\n"
        "2020-11-20,Briardale,Alabama,01001,9999999,1\n"
        "2020-11-20,Briardale,Alabama,01001,9999999,1\n")
    case.weft("run")
    assert before == [{"d": "2020-11-19"}]
    last = case.query("select product, read, published, quarantined from mesh.runs"
                      " where product = 'california.daily' order by started_at desc limit 1")
    assert (last[0]["read"], last[0]["published"]) == (2, 1)  # read: new
    assert case.query("select states, cases from cdc.national_daily order by date desc limit 1"
                      ) == [{"states": 2, "cases": 19_999_998}]
    snapshots = dict(collections.Counter(
        row["product"] for row in case.query("select product from mesh.snapshots")))
    assert snapshots["reference.counties"] == 1 and snapshots["johns_hopkins.county_pairs"] == 1
    assert snapshots["johns_hopkins.surge_distance"] == 2
    case.weft("ledger", "verify")


def test_simulated_data_is_the_same_everywhere(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        subprocess.run([ROOT / "examples/covid/simulate", tmp_path / name], check=True)
    for name, lines in zip(FILES, (3_143, 1_252, 2_788, 720_999)):
        first = (tmp_path / "1" / f"{name}.csv").read_bytes()
        assert first == (tmp_path / "2" / f"{name}.csv").read_bytes()
        assert first.count(b"\n") == lines
    routes = list(csv.DictReader((tmp_path / "1/routes.csv").open()))
    airports = {row["iata"] for row in csv.DictReader((tmp_path / "1/airports.csv").open())}
    assert all(row["origin"] < row["dest"] for row in routes)
    assert {row[end] for row in routes for end in row} <= airports


# ---- the public files


def wide(reports, counties, column, population):
    """As Johns Hopkins publishes them, with what has to be left out, and days after the cut."""
    first = datetime.date(2020, 1, 22)
    days = [str(first + datetime.timedelta(days=i)) for i in range(303)]
    names = [f"{int(day[5:7])}/{int(day[8:])}/{day[2:4]}" for day in days]
    after = ["11/20/20", "11/21/20"]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    head = "UID,iso2,iso3,code3,FIPS,Admin2,Province_State,Country_Region,Lat,Long_,Combined_Key"
    write(head.split(",") + ["Population"] * population + names + after)

    def line(uid, fips, admin2, state, lat, lng, people, figures):
        key = ", ".join(filter(None, (admin2, state, "US")))
        write([uid, "US", "USA", 840, fips, admin2, state, "US", lat, lng, key]
              + [people] * population + figures + [7_000_000] * len(after))

    line(84000060, "60.0", "", "American Samoa", -14.271, -170.132, 55641, [9] * len(days))
    figures = collections.defaultdict(dict)
    for row in reports:
        figures[row["fips"]][row["date"]] = row[column]
    for row in counties:
        fips = row["fips"]
        line(f"840{fips}", f"{int(fips)}.0", row["county"], row["state"], row["lat"], row["lng"],
             row["population"], [figures[fips].get(day, 0) for day in days])
    line(84070002, "", "Dukes and Nantucket", "Massachusetts", 41.4, -70.6, 0, [5] * len(days))
    line(84080001, "80001.0", "Out of AL", "Alabama", 0.0, 0.0, 0, [4] * len(days))
    line(84090001, "90001.0", "Unassigned", "Alabama", 0.0, 0.0, 0, [3] * len(days))
    line(84056999, "56999.0", "Nobody", "Wyoming", 43.0, -107.5, 0, [2] * len(days))
    return out.getvalue()


def openflights(airports, routes):
    """Without names, with null as a backslash and N, flights both ways and by several airlines."""
    quoted = [f'{i},"{a["name"]}","{a["city"]}","United States","{a["iata"]}","K{a["iata"]}",'
              f'{a["lat"]},{a["lng"]},10,-5,"A","America/New_York","airport","OurAirports"'
              for i, a in enumerate(airports, 1)]
    quoted += [r'9001,"Helipad ""One""","Nowhere","United States",\N,"K0X0",40.0,-80.0,1,\N,\N,\N,'
               '"airport","OurAirports"',
               '9002,"Xi\'an","Xi\\\'AN","China","ZZZ","ZLSN",34.3,109.1,0,8,"U","Asia/Shanghai",'
               '"airport","OurAirports"']
    flights = []
    for i, r in enumerate(routes):
        there = f"AA,24,{r['origin']},{i},{r['dest']},{i + 1},,0,738"
        back = f"DL,2009,{r['dest']},{i + 1},{r['origin']},{i},Y,0,CR2 CRJ"
        flights += [[there, back], [there], [back], [back, back]][i % 4]
    flights += [rf"AF,\N,{routes[0]['origin']},1,ZZZ,2,,0,777", "XX,1,QQQ,1,ZZZ,2,,0,777"]
    return "\n".join(quoted) + "\n", "\n".join(flights) + "\n"


@pytest.fixture
def public(tmp_path):
    """The example, its public files on a web server here, made from simulated data."""
    case = Case(tmp_path / "covid", "simulated")
    data = {name: list(csv.DictReader((case.folder / f".weft/inbox/{name}.csv").open()))
            for name in FILES}
    site = tmp_path / "site"
    site.mkdir()
    # A county without a line in the file of deaths has no population and is left out there; one
    # without cases stays a county.
    (site / "time_series_covid19_confirmed_US.csv").write_text(
        wide(data["dailyc19"], data["counties"], "cases", False))
    (site / "time_series_covid19_deaths_US.csv").write_text(
        wide(data["dailyc19"], data["counties"], "deaths", True))
    for name, text in zip(("airports", "routes"), openflights(data["airports"], data["routes"])):
        (site / f"{name}.dat").write_text(text)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                             functools.partial(Quiet, directory=site))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    mesh = case.folder / "public/weft.yaml"
    text = re.sub(r"(jhu|openflights): https://\S+", rf"\1: {here}", mesh.read_text())
    mesh.write_text(text.replace("settings: {", "settings: {http_private: true, "))
    for name in ("airports", "routes"):  # the digest is that of the real file
        path = case.folder / f"public/domains/openflights/{name}/data_product.yaml"
        path.write_text(path.read_text().split("  checks:")[0])
    yield case, site, data
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(case):
    return subprocess.run([case.folder / "data", "public"], env=CLEAN, capture_output=True,
                          text=True)


def same(text):
    """Numbers as numbers: 33.50 is 33.5."""
    try:
        return float(text)
    except ValueError:
        return text


def test_public_files_are_shaped_into_the_four(public):
    case, site, data = public
    done = fetch(case)
    log = (case.folder / ".weft/public.log").read_text()
    assert done.returncode == 0, (done.stderr, log)
    assert "CC BY 4.0" in done.stdout and "SIMULATED" not in done.stdout
    for name in FILES:
        got = list(csv.DictReader((case.folder / f".weft/inbox/{name}.csv").open()))
        assert got[0].keys() == data[name][0].keys()
        rows = lambda table: sorted(tuple(map(same, row.values())) for row in table)
        assert rows(got) == rows(data[name]), name
    assert "nothing new" in case.weft("run", cwd=case.folder / "public")
    for path in site.iterdir():  # as without a network: what was fetched is there
        path.unlink()
    assert fetch(case).returncode == 0


def test_public_files_that_changed_their_layout_are_refused(public):
    case, site, _data = public
    path = site / "time_series_covid19_confirmed_US.csv"
    path.write_text(path.read_text().replace("FIPS", "GEOID", 1))
    before = sorted((case.folder / ".weft/inbox").iterdir())
    done = fetch(case)
    assert done.returncode == 1 and "could not be had" in done.stderr
    assert "FIPS" in (case.folder / ".weft/public.log").read_text()
    assert sorted((case.folder / ".weft/inbox").iterdir()) == before


def test_pinned_files_are_what_their_digest_says():
    """The measured airports and routes are those of the pinned commit."""
    if not REAL:
        pytest.skip("WEFT_COVID_DATA is not set")
    for name, columns in (("airports", ["iata"]), ("routes", ["origin", "dest"])):
        with gzip.open(pathlib.Path(REAL) / f"{name}.csv.gz", "rt") as f:
            words = sorted("".join(row[c] for c in columns) for row in csv.DictReader(f))
        digest = hashlib.md5(" ".join(words).encode()).hexdigest()
        path = ROOT / f"examples/covid/public/domains/openflights/{name}/data_product.yaml"
        assert digest in path.read_text()


def test_the_demonstration_fits_a_screen(case, tmp_path):
    """script/demo itself, beside a set-up that has nothing to do."""
    (tmp_path / "script").mkdir()
    shutil.copy(ROOT / "script/demo", tmp_path / "script")
    (tmp_path / "script/setup").write_text("#!/bin/sh\n")
    (tmp_path / "script/setup").chmod(0o755)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/release").symlink_to(pathlib.Path(BIN).parent)
    for example, folder in (("covid", case.folder), ("hospital", ROOT / "examples/hospital")):
        shutil.copytree(folder, tmp_path / "examples" / example,
                        ignore=shutil.ignore_patterns(".weft"))
    given = tmp_path / "given"
    given.mkdir()
    for name in FILES:
        for path in (case.folder / ".weft/inbox").glob(f"{name}.csv*"):
            data = path.read_bytes()
            with (given / f"{name}.csv.gz").open("wb") as f:
                f.write(data if path.suffix == ".gz" else gzip.compress(data, 1))
    done = subprocess.run([tmp_path / "script/demo"], env=CLEAN | {"WEFT_COVID_DATA": str(given)},
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done
    lines = done.stdout.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100 + len(str(tmp_path)) * 2
    for word in (str(given), "johns_hopkins.surge_distance", "720995", "▁", "build/demo/lake"):
        assert word in done.stdout


def test_simulated_data_says_so_and_nobody_takes_part():
    assert "SIMULATED" in (ROOT / "examples/covid/data").read_text()
    assert "no part in this project" in (ROOT / "examples/covid/README.md").read_text()
