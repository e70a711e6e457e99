"""The covid case by raw DuckDB, in one fresh process that writes each of the same products as zstd
Parquet. Its SQL is the example's own; what it does not do: rules, keys, quarantine, history, a
ledger."""

import pathlib

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples/covid"

REPORTS = (
    "{'date':'DATE','county':'VARCHAR','state':'VARCHAR','fips':'VARCHAR',"
    "'cases':'BIGINT','deaths':'BIGINT'}"
)
COUNTIES = (
    "{'fips':'VARCHAR','county':'VARCHAR','state':'VARCHAR','lat':'DOUBLE','lng':'DOUBLE',"
    "'population':'BIGINT'}"
)
AIRPORTS = "{'iata':'VARCHAR','name':'VARCHAR','city':'VARCHAR','lat':'DOUBLE','lng':'DOUBLE'}"
ROUTES = "{'origin':'VARCHAR','dest':'VARCHAR'}"

EDGES = (
    "select fips_a, fips_b, 1 - distance / 0.2 as weight from johns_hopkins.surge_distance"
    " where distance <= 0.2"
)


def transform(product):
    return (EXAMPLE / "domains" / product.replace(".", "/") / "transform.sql").read_text()


def read(inbox, name, columns):
    file = next(iter(sorted(inbox.glob(name + ".csv*"))))
    return f"select * from read_csv('{file}', columns={columns}, header=true)"


def products(inbox):
    """(name, SELECT) in the order in which they can be made; communities come after them."""
    yield "reference.counties", read(inbox, "counties", COUNTIES)
    yield "reference.airports", read(inbox, "airports", AIRPORTS)
    yield "reference.routes", read(inbox, "routes", ROUTES)
    yield (
        "county_health.daily_reports",
        read(inbox, "dailyc19", REPORTS) + " where deaths <= cases",
    )
    yield (
        "california.daily",
        "select date, county, fips, cases, deaths from county_health.daily_reports"
        " where state = 'California'",
    )
    for name in (
        "cdc.state_daily",
        "cdc.national_daily",
        "johns_hopkins.air_links",
        "johns_hopkins.county_pairs",
        "johns_hopkins.surge_distance",
    ):
        yield name, transform(name)


def arguments(inbox, out, graph):
    """Words for bench_raw: statements, the graph, the files to sync."""
    words, files, domains = [], [], set()

    def write(name, select):
        file = out / f"{name}.parquet"
        words.append(f"copy ({select}\n) to '{file}' (format parquet, compression zstd)")
        files.append(file)
        domain = name.split(".")[0]
        if domain not in domains:
            words.append(f"create schema {domain}")
            domains.add(domain)
        words.append(f"create view {name} as from '{file}'")

    for name, select in products(inbox):
        write(name, select)
    words += [
        f"create temp table edges as {EDGES}",
        "create temp table nodes as select node, cast(row_number() over (order by node) - 1 as int)"
        " as id from (select fips_a as node from edges union select fips_b from edges)",
        "create table groups (id int, community int)",
        "--graph",
        str(graph),
        "select a.id, b.id, weight from edges join nodes a on a.node = fips_a"
        " join nodes b on b.node = fips_b order by 1, 2",
        "groups",
    ]
    write(
        "johns_hopkins.communities",
        "select node, community from nodes join groups using (id)",
    )
    return words + ["--sync", *map(str, files)]
