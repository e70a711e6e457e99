"""The mistakes that people make in their first weeks: each is a folder, what was done before, and a
command; what it answers stands, whole, in mistakes.txt. `python test_mistakes.py --write` writes
that file anew: read what changed as the one who made the mistake. Does it say what, where, why, and
what to do?"""
import os
import resource
import stat

OWNER = "owner: team@example.org\nversion: 1.0.0\n"
DAYS = """input: {files: ../../../in/*.csv}
schema:
  - {name: day, type: date, required: true}
  - {name: town, type: string}
  - {name: cases, type: long, min: 0}
"""
ROWS = "day,town,cases\n2026-01-01,Ulm,1\n2026-01-02,Ulm,3\n"
TOTAL = "sql: select town, sum(cases) as cases from health.days group by town\n"
DAYS_YAML = "domains/health/days/data_product.yaml"
TOTAL_YAML = "domains/health/total/data_product.yaml"

MISTAKES = []


def good():
    """A mesh without a mistake, to put one in."""
    return {"weft.yaml": "mesh: small\n", DAYS_YAML: OWNER + DAYS, TOTAL_YAML: OWNER + TOTAL,
            "in/a.csv": ROWS}


def mistake(name, command, files=None, before=(), **more):
    """files: what differs from the good mesh; None = it is not there. before: commands that must
    succeed. more: stdin, env, do(folder) right before the command, as_user, limit, twice."""
    MISTAKES.append({"name": name, "command": command, "files": files or {}, "before": before,
                     **more})


def product(text, name="days"):
    return {f"domains/health/{name}/data_product.yaml": OWNER + text}


def days(old, new):
    assert old in DAYS, old
    return product(DAYS.replace(old, new))


def sql(text, name="total"):
    return product(f"sql: |\n  {text}\n", name)


EMPTY = {"weft.yaml": None, DAYS_YAML: None, TOTAL_YAML: None, "in/a.csv": None}
APPLIED = ("apply --yes",)

# ---- commands, flags, places ----
mistake("wrong command", "aply")
mistake("a command of another tool", "build")
mistake("wrong flag", "plan --al")
mistake("flag of another command", "plan --yes")
mistake("flag without its value", "query --as-of")
mistake("a word too many", "init a b c", EMPTY)
mistake("no weft.yaml and no product", "plan", EMPTY)
mistake("wrong folder", "plan", cwd="..")
mistake("run before apply", "run")
mistake("query before apply", "query 'select 1'", {"weft.yaml": "mesh: small\n"})
mistake("status before apply", "status")
mistake("an environment that is not there", "plan --env prod")
mistake("a setting that is none", "plan", {"weft.yaml": "mesh: small\nsettings: {memry: 1GB}\n"})
mistake("a setting with a wrong value", "plan",
        {"weft.yaml": "mesh: small\nsettings: {memory: lots}\n"})
mistake("a product that is not there", "run health.dayz", before=APPLIED)
mistake("a domain in place of a product", "run health", before=APPLIED)
mistake("a file in place of a product", f"run {DAYS_YAML}", before=APPLIED)
mistake("a tag that nobody has", "run tag:covid", before=APPLIED)
mistake("show without a product", "show", before=APPLIED)
mistake("apply without a terminal and --yes", "apply")
mistake("an unknown output format", "query 'select 1' --format exel", before=APPLIED)

# ---- YAML ----
mistake("tab in YAML", "validate", product("input:\n\tfiles: a.csv\n"))
mistake("missing quote", "validate", product("description: \"cases by day\ninput: a.csv\n"))
mistake("colon in a text", "validate", product("description: cases: by day\ninput: a.csv\n"))
mistake("missing bracket", "validate", product("input: {files: a.csv\nschema: []\n"))
mistake("wrong indent", "validate", product("schema:\n  - {name: a}\n - {name: b}\n"))
mistake("a bare percent", "validate", product("input: %a.csv\n"))
mistake("empty product file", "validate", {DAYS_YAML: ""})
mistake("a product file of blanks", "validate", {DAYS_YAML: "\n\n# soon\n"})
mistake("a product file that is HTML", "validate",
        {DAYS_YAML: "<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n"})
mistake("a product file that is JSON5", "validate", {DAYS_YAML: "{owner: 'x', // me\n}\n"})
mistake("a product file in UTF-16", "validate",
        {DAYS_YAML: (OWNER + DAYS).encode("utf-16")})
mistake("a product file in latin-1", "validate",
        {DAYS_YAML: (OWNER + "description: Fälle\n" + DAYS).encode("latin-1")})
mistake("a list where a map is meant", "validate", product("input:\n  - files: a.csv\n"))
mistake("duplicate key", "validate", product("input: a.csv\ninput: b.csv\n"))
mistake("unknown key", "validate", product("imput: a.csv\n"))
mistake("key of another tool", "validate", product("input: a.csv\ncolumns:\n  - {name: a}\n"))
mistake("a product file without owner and version", "validate", {DAYS_YAML: DAYS})
mistake("version of two parts", "validate", {DAYS_YAML: "owner: x@y.z\nversion: 1.0\n" + DAYS})
mistake("a name with capitals", "validate",
        {DAYS_YAML: None, "domains/Health/Days/data_product.yaml": OWNER + DAYS, TOTAL_YAML: None})
mistake("a name with a dash", "validate",
        {DAYS_YAML: None, "domains/health/by-day/data_product.yaml": OWNER + DAYS,
         TOTAL_YAML: None})
mistake("wrong domain name", "validate", {DAYS_YAML: "domain: helth\n" + OWNER + DAYS})
mistake("product named twice", "validate",
        {"domains/health/other/data_product.yaml": "name: days\n" + OWNER + DAYS})
mistake("a product file with another name", "plan",
        {DAYS_YAML: None, "domains/health/days/product.yaml": OWNER + DAYS})
mistake("a product file outside of domains", "plan",
        {DAYS_YAML: None, TOTAL_YAML: None, "health/days/data_product.yaml": OWNER + DAYS})
mistake("a product file that is a link out of the checkout", "plan", {DAYS_YAML: None},
        do=lambda folder: ((folder.parent / "p.yaml").write_text(OWNER + DAYS),
                           (folder / DAYS_YAML).symlink_to(folder.parent / "p.yaml")))
mistake("weft.yaml with an unknown key", "plan", {"weft.yaml": "mesh: small\nenvs: {}\n"})
mistake("a variable that is not set", "plan",
        days("{files: ../../../in/*.csv}", "\n  files: ${inbox}/*.csv\n  format: csv"))
mistake("a variable between brackets", "plan", days("../../../in/*.csv", "${inbox}/*.csv"))

# ---- the contract ----
mistake("wrong type word", "validate", days("type: long", "type: integr"))
mistake("a type of another database", "validate", days("type: long", "type: varchar2"))
mistake("decimal without digits", "validate", days("type: long", "type: decimal"))
mistake("duplicate column", "validate",
        days("  - {name: town", "  - {name: day, type: date}\n  - {name: town"))
mistake("duplicate column by case", "validate", days("name: town", "name: Day"))
mistake("key of no field", "validate", product(DAYS + "key: [dya]\n"))
mistake("pattern that is none", "validate", days("type: string", "type: string, pattern: \"[a-z\""))
mistake("min of a text", "validate", days("type: string", "type: string, min: 3"))
mistake("min that is no number", "validate", days("min: 0", "min: none"))
mistake("a word for on_fail that is none", "validate", days("min: 0", "min: 0, on_fail: stop"))
mistake("share above one", "validate", product(DAYS + "quality: {completeness: 95}\n"))
mistake("a condition with a typo", "validate",
        product(DAYS + "quality:\n  checks:\n    - {name: few, condition: case < 100}\n"))
mistake("a condition that is a statement", "validate",
        product(DAYS + "quality:\n  checks:\n    - {name: few, condition: select 1}\n"))
mistake("a schedule that is none", "validate", product(DAYS + "run: {schedule: daily}\n"))
mistake("a duration without a unit", "validate", product(DAYS + "quality: {freshness: 24}\n"))
mistake("read: new written by replace", "validate",
        product(DAYS.replace("*.csv}", "*.csv, read: new}") + "write: replace\n"))
mistake("upsert without a key", "validate", product(DAYS + "write: upsert\n"))
mistake("what is new of a product that is replaced", "apply --yes",
        product("inputs: {d: {product: health.days, read: new}}\nsql: select * from d\n", "total"))
mistake("references to no field", "plan",
        product("sql: select town from health.days\nschema:\n"
                "  - {name: town, type: string, references: health.days.twon}\n", "total"))
mistake("breaking change without a major", "apply --yes --env prod",
        days("type: long", "type: int"),
        before=("apply --yes --env prod",), then=True,
        base={"weft.yaml": "mesh: small\nenvironments: {prod: {home: .weft/prod}}\n"})
mistake("the version goes back", "apply --yes --env prod",
        {DAYS_YAML: OWNER.replace("1.0.0", "0.9.0") + DAYS}, before=("apply --yes --env prod",),
        then=True, base={"weft.yaml": "mesh: small\nenvironments: {prod: {home: .weft/prod}}\n"})

# ---- SQL ----
mistake("typo in a column", "plan",
        sql("select twon, sum(cases) as cases from health.days group by 1"))
mistake("typo in a table", "plan", sql("select town from health.day"))
mistake("a table without its domain", "plan", sql("select town from days"))
mistake("missing upstream", "plan", sql("select town from finance.costs"))
mistake("missing comma", "plan", sql("select town cases day from health.days"))
mistake("two commas", "plan", sql("select town,, cases from health.days"))
mistake("missing bracket in SQL", "plan", sql("select sum(cases from health.days"))
mistake("a quote that does not end", "plan", sql("select town from health.days where town = 'Ulm"))
mistake("double quotes for a text", "plan", sql('select cases from health.days where town = "Ulm"'))
mistake("a reserved word in a condition", "plan",
        sql("select town from health.days where order = 1"))
mistake("a reserved word to read", "plan", sql("select town, group from health.days"))
mistake("a reserved word as a column without AS", "plan",
        sql("select town, cases end from health.days"))
mistake("a bracket too many", "plan", sql("select sum(cases)) as n from health.days"))
mistake("SQL that ends too early", "plan", sql("select town from health.days where"))
mistake("a WHERE after GROUP BY", "plan",
        sql("select town from health.days group by town where cases > 1"))
mistake("an equals sign too many", "plan", sql("select town from health.days where cases === 1"))
mistake("unknown function", "plan", sql("select strlen2(town) as n from health.days"))
mistake("function of another database", "plan",
        sql("select nvl(town, 'x') as town from health.days"))
mistake("forbidden function", "plan", sql("select * from read_csv('/etc/passwd')"))
mistake("random", "plan", sql("select random() as r from health.days"))
mistake("two statements", "plan", sql("select 1 as a; select 2 as b"))
mistake("not a SELECT", "plan", sql("create table t as select 1"))
mistake("missing GROUP BY", "plan", sql("select town, sum(cases) as cases from health.days"))
mistake("text added to a number", "plan", sql("select town + 1 as n from health.days"))
mistake("an ambiguous column", "plan",
        sql("select town from health.days a join health.days b on a.day = b.day"))
mistake("a column without a name", "plan", sql("select sum(cases) from health.days"))
mistake("a ring", "plan",
        {**sql("select * from health.b", "a"), **sql("select * from health.a", "b")})
mistake("a product that reads itself", "plan", sql("select * from health.total"))
mistake("sql_file that is not there", "validate", product("sql_file: totals.sql\n", "total"))
mistake("sql_file out of the checkout", "validate", product("sql_file: /etc/hostname\n", "total"))
mistake("sql_file by dots out of the checkout", "validate",
        product("sql_file: ../../../../secret.sql\n", "total"),
        do=lambda folder: (folder.parent / "secret.sql").write_text("select 1\n"))
mistake("sql_file that is a link out of the checkout", "validate",
        product("sql_file: t.sql\n", "total"),
        do=lambda folder: (folder / "domains/health/total/t.sql").symlink_to("/etc/hostname"))
mistake("typo in a query", "query 'select twon from health.days'", before=APPLIED)
mistake("query of a product that is not there", "query 'select * from health.dais'", before=APPLIED)
mistake("query that writes", "query 'delete from health.days'", before=APPLIED)
mistake("query of a product that never ran", "query 'select * from health.days'",
        before=("apply --yes --no-run",))

# ---- files ----
mistake("header mismatch", "apply --yes", {"in/a.csv": ROWS.replace("town", "city")}, status=0)
mistake("a column that is missing", "apply --yes", {"in/a.csv": "day,cases\n2026-01-01,1\n",
         **days("type: string", "type: string, required: true")})
mistake("no header", "apply --yes", {"in/a.csv": "2026-01-01,Ulm,1\n"})
mistake("wrong delimiter", "apply --yes", {"in/a.csv": ROWS.replace(",", ";")})
mistake("a file in latin-1", "apply --yes",
        {"in/a.csv": ROWS.replace("Ulm", "Köln").encode("latin-1")})
mistake("a file in UTF-16", "apply --yes", {"in/a.csv": ROWS.encode("utf-16")})
mistake("a file with a BOM and Windows line ends", "apply --yes",
        {"in/a.csv": b"\xef\xbb\xbf" + ROWS.replace("\n", "\r\n").encode(), DAYS_YAML: (
            OWNER + DAYS).replace("\n", "\r\n")}, status=0)
mistake("wrong date format", "apply --yes", {"in/a.csv": ROWS.replace("2026-01-0", "01/0")})
mistake("a date of 31 February", "apply --yes", {"in/a.csv": "day,town,cases\n2026-02-31,Ulm,1\n"})
mistake("a number with a comma", "apply --yes",
        {"in/a.csv": "day,town,cases\n2026-01-01,Ulm,\"1,5\"\n"})
mistake("no row is left", "apply --yes", {"in/a.csv": "day,town,cases\n2026-01-01,Ulm,-1\n"})
mistake("a quote in a file that does not end", "apply --yes",
        {"in/a.csv": "day,town,cases\n2026-01-01,\"Ulm,1\n2026-01-02,Ulm,2\n"})
mistake("an empty file", "apply --yes", {"in/a.csv": ""})
mistake("a file that is HTML", "apply --yes",
        {"in/a.csv": "<!DOCTYPE html>\n<html><body>Not Found</body></html>\n"})
mistake("a workbook named csv", "apply --yes",
        {"in/a.csv": b"PK\x03\x04\x14\x00\x06\x00" + bytes(60)})
mistake("a glob that matches nothing", "apply --yes", {"in/a.csv": None})
mistake("a file that is not there", "apply --yes", days("in/*.csv", "in/b.csv"))
mistake("a directory in place of a file", "apply --yes", days("in/*.csv", "in"))
mistake("a directory in place of a file, with its format", "apply --yes",
        days("in/*.csv}", "in, format: csv}"))
mistake("a file that may not be read", "apply --yes", {}, user=True,
        do=lambda folder: (folder / "in/a.csv").chmod(0))
mistake("load into a product that reads files", "load health.days in/a.csv", before=APPLIED)
mistake("load of a file that is not there", "load health.hand none.csv",
        product("schema:\n  - {name: a, type: long}\n", "hand"), before=APPLIED)
mistake("load of the same file again", "load health.hand hand.csv",
        {**product("schema:\n  - {name: a, type: long}\n", "hand"), "hand.csv": "a\n1\n"},
        before=("apply --yes", "load health.hand hand.csv"))
mistake("run of a product that is loaded by hand", "run health.hand",
        product("schema:\n  - {name: a, type: long}\n", "hand"), before=APPLIED)
mistake("a changed file of read: new", "run health.days", days("*.csv}", "*.csv, read: new}"),
        before=APPLIED,
        do=lambda folder: (folder / "in/a.csv").write_text(ROWS + "2026-01-03,Ulm,5\n"))
mistake("an upstream without a snapshot", "run health.total", before=("apply --yes --no-run",))
mistake("a check that blocks", "apply --yes",
        product(DAYS + "quality:\n  checks:\n    - name: many\n"
                "      sql: select * from this where cases < 100\n"))
mistake("too few rows", "apply --yes", product(DAYS + "quality: {rows: {min: 100}}\n"))
mistake("two rules that block", "apply --yes",
        product(DAYS + "quality: {rows: {min: 100}, batch: {min: 100}}\n"))
mistake("a value that does not convert in SQL", "apply --yes",
        sql("select cast(town as integer) as town from health.days"))

# ---- the home ----
mistake("home on a read-only place", "apply --yes", {"weft.yaml": "mesh: small\nenvironments: "
        "{dev: {home: closed/home}}\n", "closed/x": ""}, user=True,
        do=lambda folder: (folder / "closed").chmod(stat.S_IRUSR | stat.S_IXUSR))
mistake("home that is a file", "apply --yes",
        {"weft.yaml": "mesh: small\nenvironments: {dev: {home: taken}}\n", "taken": "x"})
mistake("home of another mesh", "plan", {"weft.yaml": "mesh: other\n"}, before=APPLIED, then=True,
        status=0)
mistake("home in a folder of other things", "apply --yes",
        {"weft.yaml": "mesh: small\nenvironments: {dev: {home: in}}\n"})
mistake("disk full", "run", {"in/b.csv": ROWS * 1}, before=APPLIED, then=True,
        limit=(resource.RLIMIT_FSIZE, 600))
mistake("wrong --as-of", "query 'select * from health.days' --as-of yesterday", before=APPLIED)
mistake("--as-of before the first snapshot", "query 'select * from health.days' --as-of 2001-01-01",
        before=APPLIED)
mistake("rollback to a wrong snapshot", "rollback health.days 12345 --because mistake",
        before=APPLIED)
mistake("rollback without a reason", "rollback health.days 12345", before=APPLIED)
mistake("quarantine with a wrong run id", "quarantine health.days --run 12ab", before=APPLIED)
mistake("drop without --because", "drop health.total --yes", before=APPLIED)
mistake("drop of what others read", "drop health.days --because test --yes", before=APPLIED)
mistake("bump to nowhere", "bump health.days --huge", before=APPLIED)
mistake("bump without a change", "bump health.days", before=APPLIED)
mistake("init in a checkout", "init .")


def unprivileged():
    """Permissions say nothing to root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
