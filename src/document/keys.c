/*
 * keys.c - the table of keys.h. A table, so it is longer than a file of code may be.
 */
#include "document/keys.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define VALUE WEFT_SHAPE_VALUE
#define LIST WEFT_SHAPE_LIST
#define MAP WEFT_SHAPE_MAP
#define MAPS WEFT_SHAPE_MAPS
#define NAMED WEFT_SHAPE_NAMED
#define VALUES WEFT_SHAPE_VALUES
#define ANY WEFT_SHAPE_ANY
#define ROWS WEFT_SHAPE_ROWS

#define ON_FAIL "quarantine|block|warn"
#define TABLE_ON_FAIL "block|warn"

static const struct weft_key product_keys[] = {
    {"name", VALUE, .value = WEFT_VALUE_NAME, .otherwise = "the folder's name",
     .help = "The product's name in its domain."},
    {"domain", VALUE, .value = WEFT_VALUE_NAME, .otherwise = "the folder's name",
     .help = "The team that owns it."},
    {"owner", VALUE, .otherwise = "the domain's owner", .keeps_rows = true,
     .help = "Who answers for it."},
    {"version", VALUE, .value = WEFT_VALUE_VERSION, .keeps_rows = true,
     .help = "major.minor.patch; a breaking change of the contract needs a new major."},
    {"description", VALUE | VALUES, .value = WEFT_VALUE_PROSE, .keeps_rows = true,
     .help = "What it holds, for people; or one text for each language: {en: ..., fr: ...}."},
    {"type", VALUE, .value = WEFT_VALUE_WORD, .words = "source-aligned|aggregate|consumer-aligned",
     .acts = WEFT_ACTS_TOLD, .keeps_rows = true, .help = "What kind of product it is."},
    {"tags", VALUE | LIST, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,
     .help = "Words to find it by."},
    {"status", VALUE, .value = WEFT_VALUE_WORD, .words = "draft|active|deprecated|retired",
     .otherwise = "active", .keeps_rows = true, .help = "Where it is in its life."},
    {"discoverable", VALUE, .value = WEFT_VALUE_WORD, .words = "mesh|domain|private",
     .acts = WEFT_ACTS_TOLD, .otherwise = "mesh", .keeps_rows = true,
     .help = "Who can find it and ask for access."},
    {"regulations", VALUE | LIST, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,
     .help = "What governs it; governance/regulations.yaml says what each demands."},
    {"deprecated", MAP, .section = WEFT_SECTION_DEPRECATED, .acts = WEFT_ACTS_TOLD,
     .keeps_rows = true, .help = "Since when, until when, and what replaces it."},
    {"was", VALUE, .value = WEFT_VALUE_PRODUCT, .keeps_rows = true,
     .help = "The name it had before: a renaming."},
    {"contract", VALUE,
     .help =
         "A file of the Open Data Contract Standard beside this one, NAME.odcs.yaml, that holds "
         "the contract; what it says is not written here again."},
    {"inputs", NAMED, .named = WEFT_SECTION_INPUT,
     .help = "The ports it reads, by name. Absent: the product is loaded by hand."},
    {"input", VALUE | MAP, .section = WEFT_SECTION_INPUT, .expands = true,
     .help = "Short form of `inputs` with one port, named `input`; a text alone is its files."},
    {"write", VALUE, .value = WEFT_VALUE_WORD, .words = "replace|append|upsert",
     .otherwise = "append when an input says `read: new`, or the product is loaded by hand; else "
                  "replace",
     .help = "What a run does to the table: replace all, add, or add and replace by the key."},
    {"order_by", VALUE,
     .help = "For upsert: of several rows with one key the last by this field stays."},
    {"sql", VALUE, .value = WEFT_VALUE_SQL,
     .help = "The transformation: one SELECT; names of inputs, and domain.product, are tables."},
    {"sql_file", VALUE, .help = "The same in a file of its own, relative to the product file."},
    {"graph", MAP, .section = WEFT_SECTION_GRAPH,
     .help = "A graph algorithm instead of SQL: the table is node and community, or node and "
             "score."},
    {"format", VALUE, .value = WEFT_VALUE_WORD, .words = "parquet", .otherwise = "parquet",
     .help = "How the table is stored."},
    {"location", VALUE, .expands = true, .otherwise = "the lake's own place",
     .help = "Where the table lives: s3://bucket/path/ or a folder."},
    {"partition", VALUE | LIST, .acts = WEFT_ACTS_NOT,
     .help = "Fields, or year(f), month(f), day(f), hour(f), bucket(n, f), truncate(n, f)."},
    {"sort", VALUE | LIST, .help = "Fields the rows of a file are sorted by: f, `f desc`."},
    {"schema", MAPS, .section = WEFT_SECTION_FIELD, .otherwise = "detected",
     .help = "The columns, in order."},
    {"key", VALUE | LIST | MAP, .section = WEFT_SECTION_KEY,
     .help = "Fields that are unique together over the whole table, and never null."},
    {"quality", MAP, .section = WEFT_SECTION_QUALITY, .help = "What the data must satisfy."},
    {"tests", MAPS, .section = WEFT_SECTION_TEST, .keeps_rows = true,
     .help = "Examples that must hold: `weft test` runs them, without publishing."},
    {"run", MAP, .section = WEFT_SECTION_RUN, .acts = WEFT_ACTS_WARNED, .keeps_rows = true,
     .help = "When the product runs by itself, and for how long it may."},
    {"retention", MAP, .section = WEFT_SECTION_RETENTION, .acts = WEFT_ACTS_WARNED,
     .help = "How long history, rows and quarantine are kept."},
    {"access", MAP, .section = WEFT_SECTION_ACCESS, .keeps_rows = true,
     .help = "Who may read it: the short form of a policy."},
    {"protect", ANY, .acts = WEFT_ACTS_NOT, .help = "Tokenize, encrypt or hash fields at rest."},
    {"outputs", ANY, .acts = WEFT_ACTS_NOT,
     .help = "Topics, shares and webhooks beyond the doors that every product has."},
    {"terms_of_use", VALUE, .value = WEFT_VALUE_PROSE, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,
     .help = "What readers may do with it."},
    {"odcs", ANY, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,
     .help = "Parts of a contract of the Open Data Contract Standard that no key here stands for: "
             "`weft export --to odcs` gives them back."},
};

static const struct weft_key deprecated_keys[] = {
    {"since", VALUE, .value = WEFT_VALUE_DATE, .acts = WEFT_ACTS_TOLD, .help = "From this day."},
    {"sunset", VALUE, .value = WEFT_VALUE_DATE, .acts = WEFT_ACTS_TOLD,
     .help = "It is retired on this day."},
    {"replaced_by", VALUE, .value = WEFT_VALUE_PRODUCT, .acts = WEFT_ACTS_TOLD,
     .help = "What to read instead."},
};

static const struct weft_key input_keys[] = {
    {"files", VALUE | LIST, .expands = true,
     .help = "Paths with * and ?, relative to the product file, or http(s) URLs; .gz and .zst are "
             "read as they are."},
    {"product", VALUE, .value = WEFT_VALUE_PRODUCT,
     .help = "Another product: domain.product, or domain.product@2 for one major; without it the "
             "newest when the contract is registered."},
    {"connection", VALUE, .expands = true,
     .help = "A connection that weft.yaml names. Of the kind http: `files` are relative to its "
             "URL. Other kinds: not yet."},
    {"format", VALUE, .value = WEFT_VALUE_WORD, .words = "csv|tsv|json|ndjson|parquet|avro",
     .otherwise = "guessed from the name", .help = "What the files hold."},
    {"options", MAP, .section = WEFT_SECTION_OPTIONS,
     .help = "How the files are written; of json: null, encoding and the formats of dates."},
    {"schema", MAPS, .section = WEFT_SECTION_INPUT_FIELD,
     .otherwise = "the product's schema where there is no sql, else detected",
     .help = "What the files hold."},
    {"extra_columns", VALUE, .value = WEFT_VALUE_WORD, .words = "warn|ignore|refuse",
     .otherwise = "warn", .help = "Columns of a file that the schema does not name."},
    {"read", VALUE, .value = WEFT_VALUE_WORD, .words = "all|new", .otherwise = "all",
     .help = "All that is there now, or only what was not read before; of a product: the rows "
             "added since."},
    {"done", VALUE, .expands = true, .otherwise = "it stays",
     .help = "Folder a file goes to after every product that reads it has it."},
    {"error", VALUE, .expands = true, .otherwise = "it stays",
     .help = "Folder a file goes to of which no row was accepted."},
};

static const struct weft_key options_keys[] = {
    {"delimiter", VALUE, .value = WEFT_VALUE_EMPTY, .otherwise = "`,`; for tsv a tab",
     .help = "One character between the cells."},
    {"header", VALUE, .value = WEFT_VALUE_BOOL, .otherwise = "true",
     .help = "The first record holds the names."},
    {"quote", VALUE, .value = WEFT_VALUE_EMPTY, .otherwise = "\"",
     .help = "One character around a cell; empty for none."},
    {"escape", VALUE, .value = WEFT_VALUE_EMPTY, .otherwise = "the quote, doubled",
     .help = "One character before a quote inside a quoted cell."},
    {"null", VALUE | LIST, .value = WEFT_VALUE_EMPTY, .otherwise = "an empty cell without quotes",
     .help = "Cells that mean no value; in json values beside null."},
    {"date_format", VALUE, .otherwise = "ISO 8601", .help = "As strptime has it: %d.%m.%Y."},
    {"timestamp_format", VALUE, .otherwise = "ISO 8601", .help = "As strptime has it."},
    {"encoding", VALUE, .value = WEFT_VALUE_WORD, .words = "utf-8|utf-16|latin-1|windows-1252",
     .otherwise = "utf-8", .help = "utf-16 goes by its byte order mark."},
    {"skip", VALUE, .value = WEFT_VALUE_COUNT, .otherwise = "0",
     .help = "Lines before the header."},
    {"decimal_separator", VALUE, .value = WEFT_VALUE_WORD, .words = ".|,", .otherwise = ".",
     .help = "Between the whole part and the fraction of a number."},
};

static const struct weft_key graph_keys[] = {
    {"algorithm", VALUE, .value = WEFT_VALUE_WORD, .words = "louvain|leiden|pagerank|components",
     .help = "Communities by louvain or leiden, scores by pagerank, or connected components."},
    {"edges", VALUE, .value = WEFT_VALUE_SQL,
     .help = "A SELECT of two columns, the ends of an edge, or three: with its weight."},
    {"seed", VALUE, .value = WEFT_VALUE_COUNT, .otherwise = "1",
     .help = "For louvain and leiden: the same seed gives the same result."},
    {"resolution", VALUE, .value = WEFT_VALUE_NUMBER, .otherwise = "1",
     .help = "For louvain and leiden: a larger one gives more and smaller communities."},
    {"damping", VALUE, .value = WEFT_VALUE_NUMBER, .otherwise = "0.85",
     .help = "For pagerank: the share of the score that goes along edges; below 1."},
};

/* Of the fields of a product and of an input; the name differs (an input keeps its headers). */
#define FIELD_KEYS                                                                                 \
    {"type", VALUE, .value = WEFT_VALUE_TYPE, .otherwise = "string",                               \
     .help = "boolean, int, long, float, double, decimal(p,s), string, date, time, timestamp, "    \
             "timestamptz, uuid, binary, json, list<t>, struct<a: t>, map<k, v>."},                \
        {"required", VALUE, .value = WEFT_VALUE_BOOL, .otherwise = "false; true for the key",      \
         .help = "Never null."},                                                                   \
        {"pattern", VALUE, .help = "The whole value matches; RE2 syntax."},                        \
        {"enum", VALUE | LIST, .value = WEFT_VALUE_EMPTY, .help = "The values it may have."},      \
        {"min", VALUE, .help = "The smallest value."},                                             \
        {"max", VALUE, .help = "The largest value."},                                              \
        {"min_length", VALUE, .value = WEFT_VALUE_COUNT, .help = "In characters."},                \
        {"max_length", VALUE, .value = WEFT_VALUE_COUNT, .help = "In characters."},                \
        {"unique", VALUE, .value = WEFT_VALUE_BOOL, .otherwise = "false",                          \
         .help = "No value twice in the whole table."},                                            \
        {"references", VALUE, .help = "Each value exists there: domain.product.field."},           \
        {"description",          VALUE | VALUES,     .value = WEFT_VALUE_PROSE,                    \
         .acts = WEFT_ACTS_TOLD, .keeps_rows = true, .help = "What it means, for people."},        \
        {"classification", VALUE, .acts = WEFT_ACTS_TOLD,                                          \
         .help = "public, internal, pii.email, phi.diagnosis, ..."},                               \
        {"means", VALUE, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,                               \
         .help = "A term of the mesh's glossary."},                                                \
        {"on_fail",                                                                                \
         VALUE | MAP,                                                                              \
         .value = WEFT_VALUE_WORD,                                                                 \
         .words = ON_FAIL,                                                                         \
         .section = WEFT_SECTION_FIELD_ON_FAIL,                                                    \
         .otherwise = "quarantine",                                                                \
         .help = "What happens to a row that breaks a rule: one word for all, or one per rule."}

static const struct weft_key field_keys[] = {
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "The column's name."},
    {"was", VALUE, .value = WEFT_VALUE_NAME, .keeps_rows = true,
     .help = "The name it had before: a renaming."},
    FIELD_KEYS,
};

static const struct weft_key input_field_keys[] = {
    {"name", VALUE, .help = "The column's name in the SQL, or the header's."},
    {"from", VALUE, .otherwise = "the name",
     .help = "The header's name or the key, where it is another; in json also a path: place.city. "
             "_file and _line say where the row stood."},
    FIELD_KEYS,
};

#define RULE_KEY(rule)                                                                             \
    {rule,                                                                                         \
     VALUE,                                                                                        \
     .value = WEFT_VALUE_WORD,                                                                     \
     .words = ON_FAIL,                                                                             \
     .otherwise = "quarantine",                                                                    \
     .help = "For rows that break `" rule "`."}

static const struct weft_key field_on_fail_keys[] = {
    {"type", VALUE, .value = WEFT_VALUE_WORD, .words = ON_FAIL, .otherwise = "quarantine",
     .help = "For cells that do not read as the type."},
    RULE_KEY("required"),
    RULE_KEY("pattern"),
    RULE_KEY("enum"),
    RULE_KEY("min"),
    RULE_KEY("max"),
    RULE_KEY("min_length"),
    RULE_KEY("max_length"),
    RULE_KEY("unique"),
    RULE_KEY("references"),
};

static const struct weft_key key_keys[] = {
    {"fields", VALUE | LIST, .help = "The fields."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = "quarantine|block",
     .otherwise = "quarantine", .help = "What happens to a second row with the same key."},
};

static const struct weft_key quality_keys[] = {
    {"completeness", VALUE | NAMED | VALUES | MAPS, .value = WEFT_VALUE_SHARE,
     .section = WEFT_SECTION_COMPLETENESS, .named = WEFT_SECTION_COMPLETENESS_OF,
     .help = "The share of rows with a value: of every field, or by field."},
    {"freshness", VALUE | MAP, .value = WEFT_VALUE_DURATION, .section = WEFT_SECTION_FRESHNESS,
     .help = "A promise, measured over time; it never blocks a run."},
    {"rows", MAP, .section = WEFT_SECTION_ROWS, .help = "How many rows the table has."},
    {"batch", MAP, .section = WEFT_SECTION_ROWS, .help = "How many rows a run adds."},
    {"quarantine_max", VALUE | MAP, .value = WEFT_VALUE_SHARE,
     .section = WEFT_SECTION_QUARANTINE_MAX, .otherwise = "100%",
     .help = "The share of a run's records that may go to quarantine."},
    {"checks", MAPS, .section = WEFT_SECTION_CHECK, .help = "Rules of its own."},
};

static const struct weft_key completeness_keys[] = {
    {"field", VALUE, .otherwise = "every field", .help = "The field."},
    {"min", VALUE, .value = WEFT_VALUE_SHARE, .help = "The smallest share."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = TABLE_ON_FAIL, .otherwise = "block",
     .help = "What happens to the run."},
};

static const struct weft_key completeness_of_keys[] = {
    {"min", VALUE, .value = WEFT_VALUE_SHARE, .help = "The smallest share."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = TABLE_ON_FAIL, .otherwise = "block",
     .help = "What happens to the run."},
};

static const struct weft_key freshness_keys[] = {
    {"field", VALUE, .otherwise = "the last run that looked at the inputs",
     .help = "A date or timestamp, whose newest value counts."},
    {"within", VALUE, .value = WEFT_VALUE_DURATION, .help = "30m, 24h, 3d, ..."},
};

static const struct weft_key rows_keys[] = {
    {"min", VALUE, .value = WEFT_VALUE_COUNT, .help = "At least."},
    {"max", VALUE, .value = WEFT_VALUE_COUNT, .help = "At most."},
    {"change", VALUE, .value = WEFT_VALUE_PERCENT,
     .help = "At most this share more or fewer than the snapshot before."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = TABLE_ON_FAIL, .otherwise = "block",
     .help = "What happens to the run."},
};

static const struct weft_key quarantine_max_keys[] = {
    {"max", VALUE, .value = WEFT_VALUE_SHARE, .help = "The largest share."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = TABLE_ON_FAIL, .otherwise = "block",
     .help = "What happens to the run."},
};

static const struct weft_key check_keys[] = {
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name in reports: check.<name>."},
    {"condition", VALUE, .value = WEFT_VALUE_SQL,
     .help = "A row rule: an SQL expression; null passes."},
    {"sql", VALUE, .value = WEFT_VALUE_SQL,
     .help = "A table rule: a SELECT over `this` and `new`; the rows it returns are failures."},
    {"on_fail", VALUE, .value = WEFT_VALUE_WORD, .words = ON_FAIL,
     .otherwise = "quarantine for a condition, block for sql",
     .help = "What happens to the row or the run."},
    {"description", VALUE, .value = WEFT_VALUE_PROSE, .acts = WEFT_ACTS_TOLD, .keeps_rows = true,
     .help = "Why, for people."},
};

static const struct weft_key test_keys[] = {
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name."},
    {"now", VALUE, .value = WEFT_VALUE_TIME, .otherwise = "the real time",
     .help = "The time the run believes it is."},
    {"given", ANY, .otherwise = "no rows",
     .help = "By input, or domain.product as the SQL names it: rows, or {file: path}. A column "
             "that is left out is null; an input that is left out has no rows; JSON is written "
             "as a text. A product that only `references` name is looked up when it is given."},
    {"expect", ROWS | MAP, .section = WEFT_SECTION_TEST_FILE,
     .help = "What would be published: rows, or {file: path}. A column that all rows leave out is "
             "not compared."},
    {"ordered", VALUE, .value = WEFT_VALUE_BOOL, .otherwise = "false",
     .help = "The order of the rows counts."},
};

static const struct weft_key test_file_keys[] = {
    {"file", VALUE, .help = "A csv, tsv, json or ndjson file, relative to the product file."},
};

static const struct weft_key run_keys[] = {
    {"schedule", VALUE, .expands = true, .acts = WEFT_ACTS_WARNED,
     .help = "As cron has it: minute hour day month weekday."},
    {"timezone", VALUE, .acts = WEFT_ACTS_WARNED, .otherwise = "UTC", .help = "Of the schedule."},
    {"on_change", VALUE, .value = WEFT_VALUE_BOOL, .acts = WEFT_ACTS_WARNED, .otherwise = "false",
     .help = "Run when an input has something new."},
    {"timeout", VALUE, .value = WEFT_VALUE_DURATION, .acts = WEFT_ACTS_WARNED,
     .help = "A run that takes longer is stopped."},
    {"retries", VALUE, .value = WEFT_VALUE_COUNT, .acts = WEFT_ACTS_WARNED, .otherwise = "0",
     .help = "How often a failed run is tried again."},
};

static const struct weft_key retention_keys[] = {
    {"snapshots", VALUE, .value = WEFT_VALUE_COUNT, .acts = WEFT_ACTS_WARNED,
     .help = "How many are kept."},
    {"age", VALUE, .value = WEFT_VALUE_DURATION, .acts = WEFT_ACTS_WARNED,
     .help = "How long snapshots are kept."},
    {"rows", MAP, .section = WEFT_SECTION_RETENTION_ROWS, .acts = WEFT_ACTS_WARNED,
     .help = "How long rows are kept."},
    {"quarantine", VALUE, .value = WEFT_VALUE_DURATION, .acts = WEFT_ACTS_WARNED,
     .help = "How long quarantined rows are kept."},
};

static const struct weft_key retention_rows_keys[] = {
    {"field", VALUE, .acts = WEFT_ACTS_WARNED, .help = "A date or timestamp of the row."},
    {"keep", VALUE, .value = WEFT_VALUE_DURATION, .acts = WEFT_ACTS_WARNED, .help = "How long."},
};

#define PRINCIPALS "user:, group:, domain:, service:, role: or everyone."

static const struct weft_key access_keys[] = {
    {"grant", VALUE | LIST, .help = "Who may read it: " PRINCIPALS},
    {"purposes", VALUE | LIST, .otherwise = "any",
     .help = "What it may be read for; the grant holds for these only."},
    {"min_group", MAP, .section = WEFT_SECTION_MIN_GROUP,
     .help = "Only aggregates over at least that many subjects come out."},
    {"break_glass", VALUE | LIST, .help = "Who may read in an emergency: " PRINCIPALS},
};

#define MIN_GROUP_KEYS                                                                             \
    {"size", VALUE, .value = WEFT_VALUE_COUNT, .help = "How many."},                               \
        {"by", VALUE, .help = "The field that tells subjects apart."}

static const struct weft_key min_group_keys[] = {MIN_GROUP_KEYS};

static const struct weft_key domain_keys[] = {
    {"name", VALUE, .value = WEFT_VALUE_NAME, .otherwise = "the folder's name",
     .help = "The same as the folder's."},
    {"owner", VALUE, .help = "Owner of its products that name none."},
    {"description", VALUE | VALUES, .value = WEFT_VALUE_PROSE, .help = "What the team does."},
    {"members", VALUE | LIST, .acts = WEFT_ACTS_TOLD, .help = "Users and groups of the team."},
    {"defaults", MAP, .section = WEFT_SECTION_DEFAULTS,
     .help = "Values for its products that say nothing else."},
};

static const struct weft_key defaults_keys[] = {
    {"type", VALUE, .value = WEFT_VALUE_WORD, .words = "source-aligned|aggregate|consumer-aligned",
     .acts = WEFT_ACTS_TOLD, .help = "As in a product."},
    {"tags", VALUE | LIST, .acts = WEFT_ACTS_TOLD, .help = "As in a product."},
    {"status", VALUE, .value = WEFT_VALUE_WORD, .words = "draft|active|deprecated|retired",
     .help = "As in a product."},
    {"discoverable", VALUE, .value = WEFT_VALUE_WORD, .words = "mesh|domain|private",
     .acts = WEFT_ACTS_TOLD, .help = "As in a product."},
    {"regulations", VALUE | LIST, .acts = WEFT_ACTS_TOLD, .help = "As in a product."},
    {"terms_of_use", VALUE, .value = WEFT_VALUE_PROSE, .acts = WEFT_ACTS_TOLD,
     .help = "As in a product."},
};

static const struct weft_key mesh_keys[] = {
    {"mesh", VALUE, .value = WEFT_VALUE_NAME, .otherwise = "the folder's name",
     .help = "The mesh's name."},
    {"owns", VALUE | LIST, .otherwise = "all it holds",
     .help = "Domains this checkout speaks for; plan and apply never touch another's."},
    {"environments", NAMED, .named = WEFT_SECTION_ENVIRONMENT, .otherwise = "dev",
     .help = "Where the same files run; --env or WEFT_ENV names one."},
    {"settings", VALUES, .value = WEFT_VALUE_TEXT, .help = "See `weft settings`."},
    {"connections", NAMED, .named = WEFT_SECTION_CONNECTION,
     .help = "Systems that product files name; hosts, and where secrets are found, stand here."},
};

static const struct weft_key environment_keys[] = {
    {"home", VALUE, .otherwise = ".weft/<environment>", .help = "Where the data lives."},
    {"node", VALUE, .acts = WEFT_ACTS_NOT, .help = "A node to work through."},
    {"vars", VALUES, .value = WEFT_VALUE_EMPTY,
     .help = "${name} in files, done, error, location, connection, schedule."},
    {"defer", VALUE, .help = "Products not run here are read from that environment's home."},
    {"s3_fallback", VALUE, .value = WEFT_VALUE_WORD, .words = "local|refuse",
     .otherwise = "local for dev, else refuse",
     .help = "What a location in a bucket without an endpoint means."},
    {"buckets", NAMED, .named = WEFT_SECTION_BUCKET, .help = "Object storage, by bucket."},
};

static const struct weft_key bucket_keys[] = {
    {"endpoint", VALUE, .help = "https://..."},
    {"connection", VALUE, .help = "The connection that holds its keys."},
    {"region", VALUE, .otherwise = "that of the connection",
     .help = "Where the storage wants one."},
};

static const struct weft_key connection_keys[] = {
    {"postgres", VALUE,
     .help = "A database: host=... dbname=... user=..., as libpq takes it. "
             "`weft doctor` tries it; no input can read it yet."},
    {"s3", VALUE, .help = "The endpoint of object storage, https://... Buckets name it."},
    {"http", VALUE, .help = "The URL that the files of inputs are relative to."},
    {"user", VALUE, .help = "http: with a password."},
    {"password", MAP, .section = WEFT_SECTION_SECRET,
     .help = "postgres, http: where the password is found; it never stands in the file."},
    {"token", MAP, .section = WEFT_SECTION_SECRET,
     .help = "http: sent as `Authorization: Bearer ...`."},
    {"header", VALUE, .help = "http: the header that carries the token instead, as it is."},
    {"access_key", MAP, .section = WEFT_SECTION_SECRET, .help = "s3."},
    {"secret_key", MAP, .section = WEFT_SECTION_SECRET, .help = "s3."},
    {"region", VALUE, .otherwise = "us-east-1", .help = "s3, where the storage wants one."},
};

static const struct weft_key secret_keys[] = {
    {"env", VALUE, .help = "An environment variable."},
    {"file", VALUE, .help = "A file, relative to weft.yaml; one line end behind it is cut off."},
    {"command", VALUE, .help = "A command for /bin/sh that prints it, within 30 s."},
};

#define KIND_KEY(word, text) {"kind", VALUE, .value = WEFT_VALUE_WORD, .words = word, .help = text}
#define SELECTORS                                                                                  \
    "domain.product, domain.*, domain.product.column, tag:x, classification:x, domain:x, "         \
    "regulation:x; * stands for any characters."

static const struct weft_key grant_keys[] = {
    KIND_KEY("grant", "Who may read."),
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name; one of its own in the mesh."},
    {"to", VALUE | LIST, .help = "Who: " PRINCIPALS},
    {"read", VALUE | LIST, .help = "What: " SELECTORS " Selectors of columns grant these alone."},
    {"purposes", VALUE | LIST, .otherwise = "any",
     .help = "What for; a reader states one by --purpose."},
    {"until", VALUE, .value = WEFT_VALUE_DATE, .otherwise = "no end",
     .help = "The last day, in UTC."},
    {"because", VALUE, .value = WEFT_VALUE_PROSE, .help = "Why, for people."},
};

static const struct weft_key restrict_keys[] = {
    KIND_KEY("restrict", "What even those who may read do not see."),
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name; one of its own in the mesh."},
    {"on", VALUE | LIST, .help = "What: " SELECTORS},
    {"treat", VALUE | MAP, .value = WEFT_VALUE_EMPTY, .section = WEFT_SECTION_TREAT,
     .help = "What stands in place of the columns: hide, null, mask, hash or token."},
    {"rows", VALUE, .help = "Which rows are there: a row condition (docs/guide/access.md)."},
    {"min_group", MAP, .section = WEFT_SECTION_POLICY_MIN_GROUP,
     .help = "Only aggregates over at least that many subjects come out."},
    {"except", VALUE | LIST | MAPS, .section = WEFT_SECTION_EXCEPT,
     .help = "For whom it does not hold: " PRINCIPALS},
    {"because", VALUE, .value = WEFT_VALUE_PROSE, .help = "Why, for people."},
};

static const struct weft_key treat_keys[] = {
    {"round", VALUE, .value = WEFT_VALUE_NUMBER, .help = "Of numbers: to multiples of it."},
    {"truncate", VALUE,
     .help = "Of texts: so many first characters; of dates: year, quarter, month, week, day, hour "
             "or minute."},
    {"fixed", VALUE, .value = WEFT_VALUE_EMPTY, .help = "This value in every row."},
};

static const struct weft_key except_keys[] = {
    {"user", VALUE, .help = "A user."},
    {"group", VALUE, .help = "A group."},
    {"domain", VALUE, .help = "A domain's runs."},
    {"service", VALUE, .help = "A service."},
    {"role", VALUE, .help = "A role."},
    {"purpose", VALUE, .otherwise = "any", .help = "For this purpose only."},
};

static const struct weft_key policy_min_group_keys[] = {MIN_GROUP_KEYS};

static const struct weft_key rule_keys[] = {
    KIND_KEY("rule", "What every product must satisfy."),
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name; one of its own in the mesh."},
    {"sql", VALUE, .value = WEFT_VALUE_SQL, .acts = WEFT_ACTS_NOT,
     .help = "A SELECT over mesh. tables; the rows it returns are violations."},
    {"message", VALUE, .value = WEFT_VALUE_PROSE, .acts = WEFT_ACTS_NOT,
     .help = "What to tell of a violation; {column} stands for its value."},
    {"severity", VALUE, .value = WEFT_VALUE_WORD, .words = "error|warn|info", .acts = WEFT_ACTS_NOT,
     .otherwise = "error", .help = "error blocks apply."},
    {"exceptions", MAPS, .section = WEFT_SECTION_RULE_EXCEPTION, .acts = WEFT_ACTS_NOT,
     .help = "Products that may break it for a time."},
    {"because", VALUE, .value = WEFT_VALUE_PROSE, .help = "Why, for people."},
};

static const struct weft_key rule_exception_keys[] = {
    {"product", VALUE, .value = WEFT_VALUE_PRODUCT, .acts = WEFT_ACTS_NOT, .help = "Which."},
    {"until", VALUE, .value = WEFT_VALUE_DATE, .acts = WEFT_ACTS_NOT, .help = "The last day."},
    {"because", VALUE, .value = WEFT_VALUE_PROSE, .acts = WEFT_ACTS_NOT, .help = "Why."},
};

static const struct weft_key policy_test_keys[] = {
    KIND_KEY("test", "What policies come to; `weft test` asks, nothing is registered."),
    {"name", VALUE, .value = WEFT_VALUE_NAME, .help = "Its name in reports."},
    {"cases", MAPS, .section = WEFT_SECTION_POLICY_CASE, .help = "Who reads what."},
};

static const struct weft_key policy_case_keys[] = {
    {"as", VALUE, .help = "Who: user:, group:, domain:, service: or role:."},
    {"purpose", VALUE, .otherwise = "none is stated", .help = "What for."},
    {"read", VALUE, .value = WEFT_VALUE_PRODUCT, .help = "What: domain.product."},
    {"expect", ANY,
     .help = "{allowed: true, email: mask, ssn: hide, name: none}: may it, and what stands in "
             "place of columns; `none` is the value itself."},
};

static const struct weft_key purposes_keys[] = {
    KIND_KEY("purposes", "What data may be read for; once there are some, others are mistakes."),
    {"name", VALUE, .value = WEFT_VALUE_NAME, .otherwise = "purposes", .help = "Its name."},
    {"purposes", VALUES, .value = WEFT_VALUE_PROSE,
     .help = "By name, each with a line for people."},
};

#define KEYS(array) array, WEFT_COUNT(array)

static const struct weft_keys sections[WEFT_SECTION_COUNT] = {
    [WEFT_SECTION_PRODUCT] = {"a product", "", KEYS(product_keys)},
    [WEFT_SECTION_DEPRECATED] = {"`deprecated`", "deprecated", KEYS(deprecated_keys)},
    [WEFT_SECTION_INPUT] = {"an input", "inputs.<port>", KEYS(input_keys)},
    [WEFT_SECTION_OPTIONS] = {"the options of an input", "inputs.<port>.options",
                              KEYS(options_keys)},
    [WEFT_SECTION_GRAPH] = {"`graph`", "graph", KEYS(graph_keys)},
    [WEFT_SECTION_FIELD] = {"a field of a schema", "schema[]", KEYS(field_keys)},
    [WEFT_SECTION_INPUT_FIELD] = {"a field of an input", "inputs.<port>.schema[]",
                                  KEYS(input_field_keys)},
    [WEFT_SECTION_FIELD_ON_FAIL] = {"the rules of a field", "schema[].on_fail",
                                    KEYS(field_on_fail_keys)},
    [WEFT_SECTION_KEY] = {"`key`", "key", KEYS(key_keys)},
    [WEFT_SECTION_QUALITY] = {"`quality`", "quality", KEYS(quality_keys)},
    [WEFT_SECTION_COMPLETENESS] = {"`completeness`", "quality.completeness[]",
                                   KEYS(completeness_keys)},
    [WEFT_SECTION_COMPLETENESS_OF] = {"the completeness of a field", "quality.completeness.<field>",
                                      KEYS(completeness_of_keys)},
    [WEFT_SECTION_FRESHNESS] = {"`freshness`", "quality.freshness", KEYS(freshness_keys)},
    [WEFT_SECTION_ROWS] = {"`rows` and `batch`", "quality.rows", KEYS(rows_keys)},
    [WEFT_SECTION_QUARANTINE_MAX] = {"`quarantine_max`", "quality.quarantine_max",
                                     KEYS(quarantine_max_keys)},
    [WEFT_SECTION_CHECK] = {"a check", "quality.checks[]", KEYS(check_keys)},
    [WEFT_SECTION_TEST] = {"a test", "tests[]", KEYS(test_keys)},
    [WEFT_SECTION_TEST_FILE] = {"a file of rows", "tests[].expect", KEYS(test_file_keys)},
    [WEFT_SECTION_RUN] = {"`run`", "run", KEYS(run_keys)},
    [WEFT_SECTION_RETENTION] = {"`retention`", "retention", KEYS(retention_keys)},
    [WEFT_SECTION_RETENTION_ROWS] = {"the rows of `retention`", "retention.rows",
                                     KEYS(retention_rows_keys)},
    [WEFT_SECTION_ACCESS] = {"`access`", "access", KEYS(access_keys)},
    [WEFT_SECTION_MIN_GROUP] = {"`min_group`", "access.min_group", KEYS(min_group_keys)},
    [WEFT_SECTION_DOMAIN] = {"a domain", "", KEYS(domain_keys)},
    [WEFT_SECTION_DEFAULTS] = {"the defaults of a domain", "defaults", KEYS(defaults_keys)},
    [WEFT_SECTION_MESH] = {"the mesh file", "", KEYS(mesh_keys)},
    [WEFT_SECTION_ENVIRONMENT] = {"an environment", "environments.<name>", KEYS(environment_keys)},
    [WEFT_SECTION_BUCKET] = {"a bucket", "environments.<name>.buckets.<bucket>", KEYS(bucket_keys)},
    [WEFT_SECTION_CONNECTION] = {"a connection", "connections.<name>", KEYS(connection_keys)},
    [WEFT_SECTION_SECRET] = {"a secret", "connections.<name>.password", KEYS(secret_keys)},
    [WEFT_SECTION_GRANT] = {"a grant", "kind: grant", KEYS(grant_keys)},
    [WEFT_SECTION_RESTRICT] = {"a restriction", "kind: restrict", KEYS(restrict_keys)},
    [WEFT_SECTION_TREAT] = {"a treatment", "treat", KEYS(treat_keys)},
    [WEFT_SECTION_EXCEPT] = {"an exception", "except[]", KEYS(except_keys)},
    [WEFT_SECTION_POLICY_MIN_GROUP] = {"`min_group`", "min_group", KEYS(policy_min_group_keys)},
    [WEFT_SECTION_RULE] = {"a rule", "kind: rule", KEYS(rule_keys)},
    [WEFT_SECTION_RULE_EXCEPTION] = {"an exception of a rule", "exceptions[]",
                                     KEYS(rule_exception_keys)},
    [WEFT_SECTION_POLICY_TEST] = {"a test of policies", "kind: test", KEYS(policy_test_keys)},
    [WEFT_SECTION_POLICY_CASE] = {"a case", "cases[]", KEYS(policy_case_keys)},
    [WEFT_SECTION_PURPOSES] = {"the purposes", "kind: purposes", KEYS(purposes_keys)},
};

static const struct {
    const char *written;
    const char *meant;
} aliases[] = {
    {"columns", "schema"},
    {"fields", "schema"},
    {"primary_key", "key"},
    {"keys", "key"},
    {"source", "inputs"},
    {"sources", "inputs"},
    {"query", "sql"},
    {"bearer", "token"},
    {"url", "http"},
    {"postgresql", "postgres"},
    {"username", "user"},
    {"environment", "env"},
    {"transform", "sql"},
    {"transformation", "sql"},
    {"team", "owner"},
    {"rules", "checks"},
    {"path", "files"},
    {"file", "files"},
    {"pattern", "files"},
    {"data_type", "type"},
    {"dtype", "type"},
    {"regex", "pattern"},
    {"values", "enum"},
    {"allowed", "enum"},
    {"minimum", "min"},
    {"maximum", "max"},
    {"nullable", "required"},
    {"not_null", "required"},
    {"mandatory", "required"},
    {"doc", "description"},
    {"comment", "description"},
    {"separator", "delimiter"},
    {"sep", "delimiter"},
    {"nulls", "null"},
    {"na", "null"},
    {"expression", "condition"},
    {"sla", "quality"},
    {"expectations", "quality"},
    {"variables", "vars"},
    {"partition_by", "partition"},
    {"partitions", "partition"},
    {"sort_by", "sort"},
    {"upstream", "product"},
    {"severity", "on_fail"},
    {"action", "on_fail"},
    {"schedule", "run"},
    {"mode", "write"},
    {"contract_version", "version"},
};

const struct weft_keys *weft_keys_of(enum weft_section section)
{
    return &sections[section];
}

const struct weft_key *weft_keys_find(enum weft_section section, const char *name)
{
    const struct weft_keys *keys = &sections[section];
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].name, name) == 0)
            return &keys->keys[i];
    }
    return NULL;
}

const char *weft_keys_alias(enum weft_section section, const char *name)
{
    const char *words[WEFT_COUNT(aliases)];
    size_t count = 0;
    for (size_t i = 0; i < WEFT_COUNT(aliases); i++) {
        if (weft_keys_find(section, aliases[i].meant) != NULL)
            words[count++] = aliases[i].written;
    }
    const char *near = weft_suggest(name, words, count);
    for (size_t i = 0; near != NULL && i < WEFT_COUNT(aliases); i++) {
        if (strcmp(aliases[i].written, near) == 0 &&
            weft_keys_find(section, aliases[i].meant) != NULL)
            return aliases[i].meant;
    }
    return NULL;
}

bool weft_words_has(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; length > 0 && at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    }
    return false;
}

struct weft_texts weft_words_split(struct weft_reader *reader, const char *words)
{
    size_t count = 1;
    for (const char *p = words; *p != '\0'; p++)
        count += *p == '|';
    const char **items = weft_reader_alloc(reader, count, sizeof *items);
    if (items == NULL)
        return (struct weft_texts){0};
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(words, "|");
        items[i] = weft_reader_format(reader, "%.*s", (int)length, words);
        words += length + (words[length] == '|');
    }
    return (struct weft_texts){items, count};
}

void weft_words_hint(struct weft_reader *reader, const char *words, const char *text, char *out,
                     size_t size)
{
    struct weft_texts all = weft_words_split(reader, words);
    char list[360];
    weft_reader_near(text, all.items, all.count, out, size);
    if (out[0] != '\0')
        return;
    weft_texts_print(all.items, all.count, list, sizeof list);
    snprintf(out, size, "%s %s", all.count == 1 ? "the one choice is" : "choose from", list);
}
