/*
 * op_query.c - query: a person's SELECT, resolved, run on a sealed instance, streamed out. The
 * shell and files of statements are the command line's (cli/shell.h), through the same session.
 *
 * One read transaction gives one sequence, and that fixes all snapshots of the query; a reader's
 * slot keeps maintenance away from its files until the last row is out.
 */
#include "app/ops_internal.h"
#include "app/query_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

static const struct weft_op_arg query_args[] = {
    {"sql", 0, WEFT_ARG_WORDS, "SQL", "A SELECT."},
    {"file", 'f', WEFT_ARG_TEXT, "FILE",
     "Run the statements of a file, each ended by `;`. - is standard input."},
    {"format", 0, WEFT_ARG_TEXT, "FORMAT",
     "table (default), csv, json, ndjson or parquet; with -o by the file's ending, else csv."},
    {"output", 'o', WEFT_ARG_TEXT, "FILE", "Write to a file instead of standard output."},
    {"as-of", 0, WEFT_ARG_TEXT, "WHEN",
     "A time (2026-11-21T04:00Z; 2026-11-21 is the end of that day, UTC) or a snapshot id."},
    {"param", 'p', WEFT_ARG_TEXTS, "NAME=VALUE", "A value for $name."},
    {"continue", 0, WEFT_ARG_FLAG, NULL, "After a statement that failed, go on with the next."},
    {"break-glass", 0, WEFT_ARG_FLAG, NULL,
     "In an emergency, where a product's access.break_glass names you: read at once for hours; "
     "with --because, and reviewed afterwards."},
    WEFT_ARG_BECAUSE,
    {"no-pager", 0, WEFT_ARG_FLAG, NULL, "Do not show long tables in a pager (WEFT_PAGER, PAGER)."},
};

static int sql_read(const struct weft_op_request *request, struct weft_buf *text,
                    struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "sql");
    if (weft_op_given(request, "file") || words->count == 0) {
        weft_error_set(error, WEFT_E_USAGE, "give the SQL as one word, or a file with -f");
        return weft_error_hint(error, "as in: weft query \"select count(*) from mesh.products\"");
    }
    for (size_t i = 0; i < words->count; i++)
        weft_buf_addf(text, "%s%s", i == 0 ? "" : " ", words->texts[i]);
    return weft_buf_check(text, error);
}

static const char *const format_names[] = {"table", "csv", "json", "ndjson", "parquet"};

int weft_query_format_named(const char *name, enum weft_query_format *format,
                            struct weft_error *error)
{
    size_t i = 0;
    while (i < WEFT_COUNT(format_names) && strcmp(format_names[i], name) != 0)
        i++;
    if (i == WEFT_COUNT(format_names)) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is no format", name);
        return weft_error_hint(error, "table, csv, json, ndjson or parquet");
    }
    *format = (enum weft_query_format)i;
    return 0;
}

/* A file's ending is what its reader goes by: another content would be a trap. */
static int format_of_ending(struct weft_query *query, struct weft_error *error)
{
    static const struct {
        const char *ending;
        enum weft_query_format format;
    } known[] = {{"csv", WEFT_QUERY_CSV},
                 {"json", WEFT_QUERY_JSON},
                 {"ndjson", WEFT_QUERY_NDJSON},
                 {"jsonl", WEFT_QUERY_NDJSON},
                 {"parquet", WEFT_QUERY_PARQUET}};
    static const char *const refused[] = {"tsv", "gz", "zst", "avro", "xlsx"};
    const char *ending = strrchr(weft_path_basename(query->output), '.');
    for (size_t i = 0; ending != NULL && i < WEFT_COUNT(known); i++) {
        if (weft_equal_fold(ending + 1, known[i].ending)) {
            query->format = known[i].format;
            return 0;
        }
    }
    for (size_t i = 0; ending != NULL && i < WEFT_COUNT(refused); i++) {
        if (weft_equal_fold(ending + 1, refused[i])) {
            weft_error_set(error, WEFT_E_NOT_YET, "this version cannot write %s files yet", ending);
            return weft_error_hint(error, "name it .csv, .json, .ndjson or .parquet, or say "
                                          "--format");
        }
    }
    return 0;
}

int weft_query_format_read(const struct weft_op_request *request, struct weft_out *out,
                           struct weft_query *query, struct weft_error *error)
{
    const char *name = weft_op_text(request, "format");
    const char *output = weft_op_text(request, "output");
    if (output != NULL && strcmp(output, "-") != 0)
        query->output = output;
    query->format = out->for_people ? WEFT_QUERY_TABLE : WEFT_QUERY_JSON;
    if (name != NULL)
        WEFT_TRY(weft_query_format_named(name, &query->format, error));
    else if (query->output != NULL)
        WEFT_TRY(format_of_ending(query, error));
    if (name != NULL && query->format == WEFT_QUERY_TABLE && query->output != NULL) {
        weft_error_set(error, WEFT_E_USAGE,
                       "a table is for people to read: a file takes csv, "
                       "json, ndjson or parquet");
        return weft_error_hint(error, "`> FILE` instead of -o keeps the table");
    }
    if (query->format == WEFT_QUERY_PARQUET && query->output == NULL && out->terminal) {
        weft_error_set(error, WEFT_E_USAGE, "parquet is not for a terminal");
        return weft_error_hint(error, "write it to a file: -o result.parquet");
    }
    return 0;
}

static int query_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    struct weft_session session;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)64 << 20);
    WEFT_TRY(sql_read(request, &text, error));
    WEFT_TRY(weft_session_open(&session, context, request, out, error));
    const struct weft_statement statement = {.text = text.data, .length = text.length};
    int rc = weft_session_run(&session, &statement, out, NULL, error);
    weft_session_close(&session);
    return rc;
}

const struct weft_op weft_op_query = {
    .name = "query",
    .group = "products",
    .summary = "Ask in SQL: a SELECT over products and the mesh's own tables.",
    .help = "Without SQL a shell at a terminal (`\\?` shows its commands), else the statements of "
            "standard input. Tables are products (county_health.daily_reports), their older majors "
            "(county_health.daily_reports__v1), quarantine "
            "(county_health__quarantine.daily_reports) and the mesh (mesh.products, mesh.columns, "
            "mesh.inputs, mesh.runs, mesh.checks, mesh.snapshots). `AT (TIMESTAMP => ...)` and "
            "`AT (VERSION => ...)` read the past of one table, --as-of that of all of them.",
    .args = query_args,
    .arg_count = WEFT_COUNT(query_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = query_run,
};
