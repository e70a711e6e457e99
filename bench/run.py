"""The benchmarks: each figure beside its limit, ratios against raw DuckDB in the same run.

Medians of five fresh processes; memory is the sum over all processes. Exit status 0 in every case:
a figure is a figure, not a test. `--long` adds what takes minutes (7.2 M rows, 100 M rows, 10,000
snapshots).
"""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import covid
import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEFT = ROOT / "build/release/weft"
LIBRARY = ROOT / "build/release/libduckdb.so"
GRAPH = ROOT / "build/release/weft-graph"
RAW = ROOT / "build/release/bench_raw"
BENCH_LINEAGE = ROOT / "build/release/bench_lineage"
RUNS = 5
MEMORY, THREADS = "2GB", "2"

STATES = None
rows_out = []


def show(name, figure, limit, ok, note=""):
    rows_out.append((name, figure, limit, ok, note))
    print(
        f"{'ok  ' if ok else 'OVER'} {name:<46} {figure:>22}   limit {limit:<18} {note}", flush=True
    )


def environment(home):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
    env.update(WEFT_HOME=str(home), WEFT_MEMORY=MEMORY, WEFT_THREADS=THREADS)
    return env


PRODUCT = """version: 1.0.0
input: {{files: "{files}", read: new}}
schema:
  - {{name: date, type: date, required: true}}
  - {{name: county, type: string}}
  - {{name: state, type: string, enum: [{states}]}}
  - {{name: fips, type: string, pattern: "[0-9]{{5}}"}}
  - {{name: cases, type: long, min: 0}}
  - {{name: deaths, type: long, min: 0}}
key: [date, fips]
{more}
"""


def mesh(folder, files, more=""):
    """A checkout with one product, bench.reports."""
    product = folder / "domains/bench/reports"
    product.mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: bench\n")
    states = ", ".join(f'"{s}"' for s in STATES)
    (product / "data_product.yaml").write_text(
        PRODUCT.format(files=files, states=states, more=more)
    )
    return folder


def weft(folder, home, *args, expect=(0,)):
    return measure.once([str(WEFT), "-C", str(folder), *args], env=environment(home), expect=expect)


def raw(*sql, sync=()):
    argv = [str(RAW), str(LIBRARY), MEMORY, THREADS, *sql]
    return argv + (["--sync", *map(str, sync)] if sync else [])


COLUMNS = (
    "{'date':'DATE','county':'VARCHAR','state':'VARCHAR','fips':'VARCHAR',"
    "'cases':'BIGINT','deaths':'BIGINT'}"
)


def raw_ingest(file, out):
    """Raw DuckDB with the same rules, of csv, of ndjson or of parquet."""
    lines = file.suffix == ".ndjson"
    read = (
        f"read_json('{file}', columns={COLUMNS}, format='newline_delimited')"
        if lines
        else f"read_parquet('{file}')"
        if file.suffix == ".parquet"
        else f"read_csv('{file}', columns={COLUMNS}, header=true)"
    )
    members = ",".join("'" + s.replace("'", "''") + "'" for s in STATES)
    mask = (
        "(case when date is null then 1 else 0 end)"
        " | (case when regexp_full_match(fips,'[0-9]{5}') then 0 else 2 end)"
        " | (case when cases >= 0 then 0 else 4 end) | (case when deaths >= 0 then 0 else 8 end)"
        " | (case when fips is null then 16 else 0 end) | (case when state in ("
        + members
        + ") then 0 else 32 end)"
    )
    copy = (
        f"copy (select date,county,state,fips,cases,deaths from (select *, {mask} as m from "
        f"{read}) where m = 0) to '{out}'"
        " (format parquet, compression zstd)"
    )
    key = f"select date, fips from '{out}' group by 1, 2 having count(*) > 1 limit 1"
    return raw(copy, key, sync=[out])


def ingest(work, file, name, limit, against=None):
    """against: the file that raw DuckDB reads, when it is another."""
    label = name.replace(" ", "-")
    folder = mesh(work / f"mesh-{label}", file)
    home, fresh = work / f"home-{label}", work / f"fresh-{label}"
    weft(folder, fresh, "apply", "--yes", "--no-run")

    def again():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(fresh, home)

    out = work / "raw.parquet"
    mine, mine_peak, theirs, their_peak = measure.pair(
        RUNS,
        again,
        [str(WEFT), "run", "bench.reports"],
        lambda: out.unlink(missing_ok=True),
        raw_ingest(against or file, out),
        env_a=environment(home),
    )
    ratio = mine / theirs
    show(
        f"ingest {name}: six rules, key, published",
        f"{ratio:.2f}x ({mine*1000:.0f} ms)",
        f"{limit}x",
        ratio <= limit,
        f"raw {theirs*1000:.0f} ms; memory {mine_peak/1e6:.0f} MB, raw {their_peak/1e6:.0f} MB",
    )
    return folder, home, mine


def as_json(csv, lines, array):
    """The reports as ndjson and as one array: numbers as numbers, all else as texts."""
    with open(csv) as f, open(lines, "w") as g, open(array, "w") as h:
        names = f.readline().rstrip().split(",")
        h.write("[")
        for i, line in enumerate(f):
            cells = dict(zip(names, line.rstrip().split(",")))
            row = {k: int(v) if k in ("cases", "deaths") else v for k, v in cells.items() if v}
            text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            g.write(text + "\n")
            h.write((",\n" if i else "") + text)
        h.write("]\n")


def as_parquet(csv, out):
    read = f"read_csv('{csv}', columns={COLUMNS}, header=true)"
    subprocess.run(raw(f"copy (from {read}) to '{out}' (format parquet)"), check=True,
                   stdout=subprocess.DEVNULL)


def one_row(work):
    csv = work / "one.csv"
    csv.write_text("date,county,state,fips,cases,deaths\n2020-01-01,A,Iowa,19001,1,0\n")
    folder = mesh(work / "mesh-one", csv)
    home, fresh = work / "home-one", work / "fresh-one"
    weft(folder, fresh, "apply", "--yes", "--no-run")

    def again():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(fresh, home)

    seconds, _ = measure.median(
        RUNS, again, [str(WEFT), "run", "bench.reports"], env=environment(home)
    )
    show("a run that reads one row", f"{seconds*1000:.0f} ms", "80 ms", seconds <= 0.08)


def all_bad(work, csv, good_seconds):
    bad = work / "bad.csv"
    with open(csv) as f, open(bad, "w") as g:
        g.write(f.readline())
        for line in f:
            parts = line.split(",")
            parts[4] = "many"
            g.write(",".join(parts))
    folder = mesh(work / "mesh-bad", bad)
    home = work / "home-bad"
    weft(folder, home, "apply", "--yes", "--no-run")
    seconds, peak = measure.median(
        RUNS, None, [str(WEFT), "run", "bench.reports"], env=environment(home), expect=(3,)
    )
    show(
        "an all-bad file is blocked",
        f"{seconds/good_seconds:.2f}x of the good one",
        "1x, 400 MB",
        seconds <= good_seconds and peak <= 400e6,
        f"{seconds*1000:.0f} ms, {peak/1e6:.0f} MB",
    )


def commands(work, folder, home):
    env = environment(home)
    for name, args, limit in (
        (
            "query of one number",
            ["query", "--json", "select count(*) as n from bench.reports"],
            0.060,
        ),
        ("help", ["help"], 0.010),
        ("ls", ["ls"], 0.010),
    ):
        seconds, _ = measure.median(15, None, [str(WEFT), *args], env=env)
        show(name, f"{seconds*1000:.1f} ms", f"{limit*1000:.0f} ms", seconds <= limit)


def plan_thousand(work):
    folder = work / "mesh-thousand"
    for i in range(1000):
        product = folder / f"domains/d{i % 20}/p{i}"
        product.mkdir(parents=True)
        (product / "data_product.yaml").write_text(
            "version: 1.0.0\nowner: a@example.org\nschema:\n"
            + "".join(f"  - {{name: c{n}, type: long, min: 0}}\n" for n in range(12))
            + "key: [c0]\n"
        )
    (folder / "weft.yaml").write_text("mesh: thousand\n")
    home = work / "home-thousand"
    weft(folder, home, "apply", "--yes", "--no-run")
    seconds, _ = measure.median(
        RUNS, None, [str(WEFT), "-C", str(folder), "plan"], env=environment(home)
    )
    show("plan of 1,000 products, nothing to do", f"{seconds*1000:.0f} ms", "1000 ms", seconds <= 1)


def lineage_of_a_column(work):
    """In a home of 10,000 products with 100 columns each (lineage.c)."""
    home = work / "home-lineage"
    subprocess.run([BENCH_LINEAGE, home, "10000", "100"], check=True)
    ask = [str(WEFT), "lineage", "d49.p9999.c5"]
    once = subprocess.run(ask, env=environment(home), check=True, capture_output=True)  # folds anew
    seconds, _ = measure.median(RUNS, None, ask, env=environment(home))
    lines = len(once.stdout.splitlines())
    show("lineage of a column, 10,000 products", f"{seconds*1000:.0f} ms", "200 ms",
         seconds <= 0.2, f"{lines} lines")


def query_rows(work):
    """A query over 5 M rows against raw DuckDB over the same Parquet file."""
    csv = work / "five.csv"
    with open(csv, "w") as f:
        f.write("id,grp,amount\n")
        for i in range(5_000_000):
            f.write(f"{i},{i % 997},{(i * 7919) % 100000}\n")
    folder = work / "mesh-five"
    product = folder / "domains/bench/five"
    product.mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: five\n")
    (product / "data_product.yaml").write_text(
        f'version: 1.0.0\ninput: {{files: "{csv}"}}\nschema:\n'
        "  - {name: id, type: long}\n  - {name: grp, type: int}\n  - {name: amount, type: long}\n"
    )
    home = work / "home-five"
    weft(folder, home, "apply", "--yes")
    files = sorted((home / "lake").rglob("*.parquet"))
    listing = ",".join(f"'{f}'" for f in files)
    sql = (
        "select grp, sum(amount) as s, count(distinct id) as n from {}"
        " group by grp order by s desc limit 3"
    )
    mine, _, theirs, _ = measure.pair(
        RUNS,
        None,
        [str(WEFT), "query", "--json", sql.format("bench.five")],
        None,
        raw(sql.format(f"read_parquet([{listing}])")),
        env_a=environment(home),
    )
    limit = theirs * 1.05 + 0.005
    show(
        "query over 5 M rows",
        f"{mine*1000:.0f} ms",
        f"{limit*1000:.0f} ms",
        mine <= limit,
        f"raw {theirs*1000:.0f} ms, {mine/theirs:.2f}x",
    )


def hundred_million(work):
    csv = work / "hundred.csv"
    with open(csv, "w") as f:
        f.write("id,value\n")
        for start in range(0, 100_000_000, 1_000_000):
            f.write(
                "".join(
                    f"{(i * 7919) % 100_000_007},{i % 1000}\n"
                    for i in range(start, start + 1_000_000)
                )
            )
    folder = work / "mesh-hundred"
    product = folder / "domains/bench/hundred"
    product.mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: hundred\n")
    (product / "data_product.yaml").write_text(
        f'version: 1.0.0\ninput: {{files: "{csv}"}}\nschema:\n'
        "  - {name: id, type: long, required: true}\n  - {name: value, type: int}\nkey: [id]\n"
    )
    home = work / "home-hundred"
    weft(folder, home, "apply", "--yes", "--no-run")
    env = environment(home)
    env["WEFT_MEMORY"] = "800MB"
    seconds, peak, _ = measure.once([str(WEFT), "run", "bench.hundred"], env=env)
    show("100 M rows with a key", f"{peak/1e6:.0f} MB", "1000 MB", peak <= 1e9, f"{seconds:.0f} s")
    csv.unlink()


def snapshots(work):
    """The same one-row load on a new table and on one with 10,000 snapshots."""
    folder = work / "mesh-many"
    product = folder / "domains/bench/many"
    product.mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: many\n")
    (product / "data_product.yaml").write_text(
        "version: 1.0.0\nschema:\n  - {name: id, type: long}\n"
    )
    home = work / "home-many"
    weft(folder, home, "apply", "--yes", "--no-run")
    row = work / "row.csv"
    number = 0

    def next_row():
        nonlocal number
        number += 1
        row.write_text(f"id\n{number}\n")

    argv = [str(WEFT), "load", "bench.many", str(row), "--again"]
    next_row()
    measure.once(argv, env=environment(home))
    empty, _ = measure.median(RUNS, next_row, argv, env=environment(home))
    while number < 10_000:
        next_row()
        subprocess.run(argv, env=environment(home), check=True, stdout=subprocess.DEVNULL)
    full, _ = measure.median(RUNS, next_row, argv, env=environment(home))
    show(
        "commit on 10,000 snapshots",
        f"{full/empty:.2f}x of empty",
        "2x",
        full <= 2 * empty,
        f"{full*1000:.0f} ms, {empty*1000:.0f} ms",
    )


def covid_case(work, inbox):
    """The example whole: five domains, eleven products, from files to communities."""
    folder = work / "mesh-covid"
    shutil.copytree(
        ROOT / "examples/covid", folder, ignore=shutil.ignore_patterns(".weft", "public")
    )
    (folder / ".weft").mkdir()
    shutil.copytree(inbox, folder / ".weft/inbox")
    home, fresh, out = work / "home-covid", work / "fresh-covid", work / "raw-covid"
    weft(folder, fresh, "apply", "--yes", "--no-run")

    def again():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(fresh, home)

    def empty():
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    mine, mine_peak, theirs, their_peak = measure.pair(
        RUNS,
        again,
        [str(WEFT), "-C", str(folder), "run"],
        empty,
        raw(*covid.arguments(folder / ".weft/inbox", out, GRAPH)),
        env_a=environment(home),
    )
    ratio = mine / theirs
    show(
        "the covid case, 11 products",
        f"{ratio:.2f}x ({mine*1000:.0f} ms)",
        "1.5x, 400 MB",
        ratio <= 1.5 and mine_peak <= 400e6,
        f"raw {theirs*1000:.0f} ms; memory {mine_peak/1e6:.0f} MB, raw {their_peak/1e6:.0f} MB",
    )


def small_mesh(folder, count):
    """One file of ten rows, and `count` products that each read it."""
    (folder / "domains/d/source").mkdir(parents=True)
    (folder / "weft.yaml").write_text("mesh: small\n")
    (folder / "domains/d/domain.yaml").write_text("owner: a@example.org\n")
    (folder / "ten.csv").write_text("n\n" + "".join(f"{i}\n" for i in range(10)))
    schema = "schema:\n  - {name: n, type: long, required: true}\nkey: n\n"
    (folder / "domains/d/source/data_product.yaml").write_text(
        f"version: 1.0.0\ninput: ../../../ten.csv\n{schema}"
    )
    for i in range(count):
        product = folder / f"domains/d/p{i}"
        product.mkdir()
        (product / "data_product.yaml").write_text(
            f"version: 1.0.0\nsql: select n + {i} as n from d.source\n{schema}"
        )
    return folder


def thousand_runs(work):
    folder = small_mesh(work / "mesh-runs", 999)
    home = work / "home-runs"
    weft(folder, home, "apply", "--yes", "--no-run")
    seconds, peak, _ = weft(folder, home, "run")
    show(
        "1,000 tiny products run",
        f"{seconds:.1f} s",
        "30 s",
        seconds <= 30,
        f"{seconds:.1f} ms each; memory {peak/1e6:.0f} MB",
    )


def one_transform(work):
    """What a run adds to the query and the file that raw DuckDB makes."""
    folder = small_mesh(work / "mesh-transform", 1)
    home, fresh = work / "home-transform", work / "fresh-transform"
    weft(folder, fresh, "apply", "--yes", "--no-run")
    weft(folder, fresh, "run", "d.source")
    (source,) = (fresh / "lake").rglob("*.parquet")
    out = work / "transform.parquet"

    def again():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(fresh, home)

    mine, _, theirs, _ = measure.pair(
        15,
        again,
        [str(WEFT), "-C", str(folder), "run", "d.p0"],
        lambda: out.unlink(missing_ok=True),
        raw(
            f"copy (select n + 0 as n from '{source}') to '{out}'"
            " (format parquet, compression zstd)",
            sync=[out],
        ),
        env_a=environment(home),
    )
    over = mine - theirs
    show(
        "overhead of one transform run",
        f"{over*1000:.0f} ms",
        "40 ms",
        over <= 0.04,
        f"whole {mine*1000:.0f} ms, raw {theirs*1000:.0f} ms",
    )


def size():
    bytes_ = WEFT.stat().st_size
    show("the program, stripped, without libduckdb", f"{bytes_/1e6:.2f} MB", "5 MB", bytes_ <= 5e6)


def policies(work):
    """Statements under a policy on 10 M rows, against the same written by hand."""
    limits = {"masks": (1.05, 1.0), "plain": (1.05, 1.0),
              "barrier": (1.25, 0), "look-up": (1.1, 1.0)}
    program = ROOT / "build/release/bench_policies"
    subprocess.run(["ninja", "-C", str(program.parent), "bench_policies"], check=True,
                   stdout=subprocess.DEVNULL)
    lines = subprocess.run([str(program), str(work / "people.parquet")], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        kind, ours, theirs, ratio, spent, _, sql = line.split("\t")
        factor, more = limits[kind]
        ok = float(ours) <= float(theirs) * factor + more
        show(f"policy: {kind}", f"{float(ratio):.2f} x", f"{factor:.2f} x + {more:.0f} ms", ok,
             f"{ours} ms, by hand {theirs} ms, processor {spent} x: {sql}")


def main():
    global STATES
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", choices=["mesh", "policies"], help="mesh: only products made "
                        "of products; policies: only what policies cost")
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="weft-bench-", dir=ROOT / "build"))
    try:
        if options.only == "policies":
            policies(work)
            return
        csv, inbox = work / "reports.csv", work / "inbox"
        data = os.environ.get("WEFT_COVID_DATA", "")
        real = pathlib.Path(data) / "dailyc19.csv.gz" if data else None
        inbox.mkdir()
        if real and real.exists():
            for name in ("counties", "airports", "routes", "dailyc19"):
                shutil.copyfile(pathlib.Path(data) / f"{name}.csv.gz", inbox / f"{name}.csv.gz")
            with gzip.open(real) as f, open(csv, "wb") as g:
                shutil.copyfileobj(f, g)
        else:
            print("SIMULATED data")
            subprocess.run([ROOT / "examples/covid/simulate", inbox], check=True)
            shutil.copyfile(inbox / "dailyc19.csv", csv)
        with open(csv) as f:
            next(f)
            STATES = sorted({line.split(",")[2] for line in f})
        if options.only is None:
            folder, home, good = ingest(work, csv, "721k", 1.25)
            lines, array = work / "reports.ndjson", work / "reports.json"
            as_json(csv, lines, array)
            ingest(work, lines, "721k ndjson", 1.25)
            ingest(work, array, "721k json", 1.5, against=lines)
            parquet = work / "reports.parquet"
            as_parquet(csv, parquet)
            ingest(work, parquet, "721k parquet", 1.35)
            all_bad(work, csv, good)
            one_row(work)
            commands(work, folder, home)
            plan_thousand(work)
            lineage_of_a_column(work)
            query_rows(work)
            size()
        covid_case(work, inbox)
        one_transform(work)
        thousand_runs(work)
        if options.long:
            ten = work / "ten.csv"
            with open(csv) as f, open(ten, "w") as g:
                g.write(f.readline())
                body = f.read()
                for year in range(2020, 2060, 4):  # leap years: every date exists
                    g.write(body.replace("2020-", f"{year}-"))
            ingest(work, ten, "7.2M", 1.15)
            ten.unlink()
            hundred_million(work)
            snapshots(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    over = [row for row in rows_out if not row[3]]
    print(json.dumps({"figures": len(rows_out), "over_limit": [row[0] for row in over]}))


if __name__ == "__main__":
    sys.exit(main())
