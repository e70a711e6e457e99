/*
 * product.h - a data product as its file describes it: ports, contract, rules, settings of a run.
 *
 * All of it lives in one arena and is immutable once parsed. Texts are never NULL unless the
 * comment says so. `place` is where the thing stands in the file (0 = not written).
 * Thread rule: immutable, so any.
 */
#ifndef WEFT_MODEL_PRODUCT_H
#define WEFT_MODEL_PRODUCT_H

#include "base/diag.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codec/json.h"
#include "document/texts.h"
#include "document/type.h"

enum weft_on_fail { WEFT_ON_FAIL_QUARANTINE, WEFT_ON_FAIL_BLOCK, WEFT_ON_FAIL_WARN };
enum weft_write_mode { WEFT_WRITE_REPLACE, WEFT_WRITE_APPEND, WEFT_WRITE_UPSERT };
enum weft_read_mode { WEFT_READ_ALL, WEFT_READ_NEW };
enum weft_extra_columns { WEFT_EXTRA_WARN, WEFT_EXTRA_IGNORE, WEFT_EXTRA_REFUSE };
enum weft_input_kind { WEFT_INPUT_FILES, WEFT_INPUT_PRODUCT, WEFT_INPUT_CONNECTION };
enum weft_file_format {
    WEFT_FORMAT_CSV,
    WEFT_FORMAT_TSV,
    WEFT_FORMAT_JSON,
    WEFT_FORMAT_NDJSON,
    WEFT_FORMAT_PARQUET,
    WEFT_FORMAT_AVRO
};
enum weft_product_status {
    WEFT_STATUS_ACTIVE,
    WEFT_STATUS_DRAFT,
    WEFT_STATUS_DEPRECATED,
    WEFT_STATUS_RETIRED
};

/* A rule on one field. Ids are stable: "cases.min". */
enum weft_field_rule {
    WEFT_RULE_TYPE, /* the cell does not parse */
    WEFT_RULE_REQUIRED,
    WEFT_RULE_PATTERN,
    WEFT_RULE_ENUM,
    WEFT_RULE_MIN,
    WEFT_RULE_MAX,
    WEFT_RULE_MIN_LENGTH,
    WEFT_RULE_MAX_LENGTH,
    WEFT_RULE_UNIQUE,
    WEFT_RULE_REFERENCES,
    WEFT_FIELD_RULE_COUNT
};
/* "type", "required", ... */
const char *weft_field_rule_name(enum weft_field_rule rule);

struct weft_field {
    const char *name;
    const struct weft_type *type;
    bool required;
    const char *pattern;      /* NULL = none; RE2, the whole value */
    struct weft_texts values; /* enum; count 0 = none */
    const char *min;          /* NULL = none; as written */
    const char *max;
    int64_t min_length; /* -1 = none; code points */
    int64_t max_length;
    bool unique;
    const char *references;     /* NULL, or domain.product.field */
    const char *description;    /* NULL = none */
    const char *classification; /* NULL = none */
    const char *means;          /* NULL = none */
    const char *was;            /* NULL; the name it had before */
    const char *from;           /* NULL; inputs only: the header's name */
    enum weft_on_fail on_fail[WEFT_FIELD_RULE_COUNT];
    struct weft_translations descriptions; /* all languages, when more than one is given */
    struct weft_place place;
};

struct weft_fields {
    const struct weft_field *items;
    size_t count;
};

struct weft_csv_options {
    char delimiter;
    char quote;  /* 0 = none */
    char escape; /* = quote: doubled */
    bool header;
    int64_t skip;            /* lines before the header */
    struct weft_texts nulls; /* count 0: an unquoted empty cell is null, a quoted one is not */
    bool nulls_given;
    const char *date_format;      /* NULL = ISO 8601; strptime as DuckDB has it */
    const char *timestamp_format; /* NULL = ISO 8601 */
    const char *encoding;         /* "utf-8"; see codec/encoding.h */
    char decimal_separator;       /* '.' */
};

/* For texts with "input%s%s": the short form `input:` has no name of its own to be told. */
#define WEFT_INPUT_ARGS(name)                                                                      \
    (strcmp(name, "input") == 0 ? "" : " "), (strcmp(name, "input") == 0 ? "" : (name))

struct weft_input {
    const char *name; /* of the port */
    enum weft_input_kind kind;
    const char *files; /* NULL; the first of patterns */
    struct weft_texts
        patterns;        /* kind FILES: with ${vars} expanded, as written otherwise; read all */
    bool url;            /* every pattern is an http(s) URL, without wildcards */
    const char *product; /* NULL; domain.product or domain.product@2, as written */
    const char *product_name; /* NULL; without the major */
    int product_major;        /* WEFT_MAJOR_NEWEST = none is written: pinned when registered */
    const char *connection;   /* NULL */
    enum weft_file_format format;
    bool format_given;
    struct weft_csv_options csv;
    struct weft_fields schema; /* count 0 = the product's, else detected */
    enum weft_extra_columns extra_columns;
    enum weft_read_mode read;
    const char *done;  /* NULL = stays */
    const char *error; /* NULL = stays */
    struct weft_place place;
};

struct weft_check {
    const char *name;
    const char *condition;   /* a row rule; NULL when sql is given */
    const char *sql;         /* a table rule: rows returned are failures */
    const char *description; /* NULL = none */
    enum weft_on_fail on_fail;
    struct weft_place place; /* of the text of the condition or sql */
    int indent;              /* as sql_indent */
};

struct weft_completeness {
    const char *field;         /* NULL = every field */
    double min;                /* 0..1 */
    enum weft_on_fail on_fail; /* block or warn */
    struct weft_place place;
};

/* Bounds on a number of rows; -1 = none. */
struct weft_rows_rule {
    int64_t min;
    int64_t max;
    double change; /* share against the snapshot before; -1 = none */
    enum weft_on_fail on_fail;
    struct weft_place place;
};

struct weft_quality {
    const struct weft_completeness *completeness;
    size_t completeness_count;
    int64_t freshness_us;        /* 0 = none */
    const char *freshness_field; /* NULL = by runs */
    struct weft_rows_rule rows;
    struct weft_rows_rule batch;
    double quarantine_max; /* 0..1; default 1 */
    enum weft_on_fail quarantine_max_on_fail;
    const struct weft_check *checks;
    size_t check_count;
};

struct weft_sort_field {
    const char *field;
    bool descending;
};

enum weft_graph_algorithm {
    WEFT_GRAPH_LOUVAIN,
    WEFT_GRAPH_LEIDEN,
    WEFT_GRAPH_PAGERANK,
    WEFT_GRAPH_COMPONENTS
};

/* graph: the table is (node, community) or (node, score). edges is a SELECT of two columns, or
 * three with a weight. */
struct weft_graph {
    enum weft_graph_algorithm algorithm;
    const char *edges;
    struct weft_place edges_place; /* as sql_place */
    int edges_indent;
    int64_t seed;      /* louvain, leiden; default 1; at most 4294967295 */
    double resolution; /* louvain, leiden; default 1; above 0, at most 1000 */
    double damping;    /* pagerank; default 0.85; above 0, below 1 */
};

/* tests: an example. A value is a scalar's text, or JSON of what is nested (its scalars as texts).
 */
struct weft_test_cell {
    const char *name;
    const char *text; /* NULL = null, or nested */
    const char *json; /* NULL = not nested */
    struct weft_place name_place;
    struct weft_place place; /* of the value */
};

struct weft_test_row {
    const struct weft_test_cell *cells;
    size_t count;
    struct weft_place place;
};

struct weft_test_rows {
    const char *name; /* given: a port, or domain.product as the SQL names it; expect: NULL */
    const char *file; /* NULL = `rows`; as written: relative to the product file */
    const struct weft_test_row *rows;
    size_t count;
    struct weft_place place;
};

#define WEFT_TEST_NOW_REAL INT64_MIN

struct weft_test {
    const char *name;
    int64_t now_us; /* WEFT_TEST_NOW_REAL = the real time */
    bool ordered;
    const struct weft_test_rows *given;
    size_t given_count;
    struct weft_test_rows expect;
    struct weft_place place;
};

/* Readers are told to move. Dates as written: 2026-09-01. */
struct weft_deprecated {
    const char *since;       /* NULL */
    const char *sunset;      /* NULL; not retired before this day */
    const char *replaced_by; /* NULL; domain.product or domain.product@2 */
};

struct weft_access;

/* No major is named. 0 is one: that of 0.x. */
#define WEFT_MAJOR_NEWEST (-1)

struct weft_product {
    const char *domain;
    const char *name;
    const char *full_name; /* domain.name */
    const char *owner;     /* NULL = none */
    int major, minor, patch;
    const char *version;                   /* "1.2.0" */
    const char *description;               /* NULL = none; the default language */
    struct weft_translations descriptions; /* all languages, when more than one is given */
    const char *terms_of_use;              /* NULL = none */
    const char *type;                      /* NULL, source-aligned ... */
    struct weft_texts tags;
    struct weft_texts regulations;
    enum weft_product_status status;
    const struct weft_deprecated *deprecated; /* NULL = it is not, by `deprecated` or `status` */
    const char *discoverable;                 /* mesh, domain, private */
    const char *was;                          /* NULL; domain.name it had before */
    struct weft_place was_place;
    const struct weft_access *access; /* NULL = none is written; policy/policy.h */

    const struct weft_input *inputs;
    size_t input_count;
    enum weft_write_mode write;
    const char *order_by; /* NULL; for upsert */
    const char *sql;      /* NULL; of sql_file: its text */
    /* Of its first character, in `file` or sql_file; sql_indent: columns before each further line
     * of it (it stands in a block). 0 in a registered document. */
    struct weft_place sql_place;
    int sql_indent;
    const char *sql_file;           /* NULL */
    const struct weft_graph *graph; /* NULL = none; never together with sql */

    const char *location; /* NULL = the lake's own place */
    struct weft_place location_place;
    struct weft_texts partition;
    const struct weft_sort_field *sort;
    size_t sort_count;

    struct weft_fields schema; /* count 0 = detected */
    struct weft_texts key;
    enum weft_on_fail key_on_fail;
    struct weft_place key_place;
    struct weft_quality quality;
    const struct weft_test *tests;
    size_t test_count;

    /* Top-level keys that are written in the file but do not act yet. */
    struct weft_texts not_yet_refused; /* protect, partition ...: apply refuses */
    struct weft_texts not_yet_warned;  /* retention, run: apply warns */
    /* Where each of them is written. */
    const struct weft_place *not_yet_refused_places;
    const struct weft_place *not_yet_warned_places;

    const char *file;        /* path of the product file as found (relative to the checkout) */
    const char *folder;      /* absolute folder of that file: inputs are relative to it */
    struct weft_place place; /* of the document */
    const char *document;    /* canonical JSON (RFC 8785) of all that was written, defaults left
                              * out, variables expanded: what is registered and hashed */
    char digest[65];         /* SHA-256 of document, hexadecimal */
};

/* The product of one text (a file outside a checkout): no environment, so ${name} is unknown.
 * Mistakes go to diag; *out is NULL when there are any. -1 only for memory. */
int weft_product_parse(struct weft_arena *arena, const char *text, size_t length, const char *file,
                       const char *folder, struct weft_diag *diag, const struct weft_product **out,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* The product of a registered document: the same checks as for a file, so it also refuses a
 * damaged one (INVALID). `folder` as in the struct. */
int weft_product_from_document(struct weft_arena *arena, const char *document, const char *folder,
                               const struct weft_product **out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* SHA-256, hexadecimal, of what of the document makes the rows: two contracts that differ in words,
 * owners, versions and the like alone have the same one, and a run of either makes the same
 * table. */
int weft_product_data_digest(const struct weft_product *product, char out[WEFT_SHA256_HEX],
                             struct weft_error *error) WEFT_MUST_CHECK;

const struct weft_field *weft_fields_find(const struct weft_fields *fields, const char *name);
const char *weft_on_fail_name(enum weft_on_fail on_fail);
/* `on_fail: warn` speaks of all rules; only those a field has mean anything. */
bool weft_field_has_rule(const struct weft_field *field, int rule);
const char *weft_status_name(enum weft_product_status status);
const char *weft_format_name(enum weft_file_format format);
/* By the ending of the name, behind which .gz or .zst may stand; false = it does not tell. */
bool weft_format_of_file(const char *name, enum weft_file_format *format);
const char *weft_graph_algorithm_name(enum weft_graph_algorithm algorithm);
/* The name of the second column of its table: community or score. The first is `node`. */
const char *weft_graph_value_name(enum weft_graph_algorithm algorithm);
/* The table's name in SQL and in catalogues: name, or name__v1 for a major that is not `newest`. */
int weft_product_table_name(const struct weft_product *product, bool newest, struct weft_buf *out,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* ---- two versions ---- */
enum weft_change_class { WEFT_CHANGE_EDITORIAL, WEFT_CHANGE_COMPATIBLE, WEFT_CHANGE_BREAKING };

/* Whose reading a change touches: nobody's, of those who read the field, everybody's, everybody's
 * by other values in columns that stay. */
enum weft_change_reach { WEFT_REACH_NONE, WEFT_REACH_COLUMN, WEFT_REACH_TABLE, WEFT_REACH_VALUES };

struct weft_change {
    const char *path;                    /* "schema.cases.type" */
    const char *before;                  /* NULL = it was not there */
    const char *after;                   /* NULL = it is gone */
    const char *rule;                    /* of docs/reference/changes.md: "field.removed" */
    enum weft_change_class change_class; /* the worse of the two below */
    const char *reason;                  /* why it is of that class */
    enum weft_change_class readers;
    const char *readers_why;
    enum weft_change_class writers;
    const char *writers_why;
    enum weft_change_reach reach;
    const char *field; /* NULL, or the field it speaks of, by its name before */
};

/* ", since 2026-03-01, until 2026-09-01: read b.c@2 instead", as far as it says so. */
void weft_deprecated_print(const struct weft_deprecated *deprecated, struct weft_buf *out);

/* "editorial", "compatible", "breaking" */
const char *weft_change_class_name(enum weft_change_class change_class);
/* The table of rules as a reference page. */
int weft_changes_page_print(struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

struct weft_changes {
    const struct weft_change *items;
    size_t count;
    enum weft_change_class worst;
};

/* What differs, in the order of the file. Fields are matched by name and by `was`. A nested rename
 * is refused (INVALID), because readers match nested fields by name. */
int weft_product_compare(struct weft_arena *arena, const struct weft_product *before,
                         const struct weft_product *after, struct weft_changes *out,
                         struct weft_error *error) WEFT_MUST_CHECK;

#endif
