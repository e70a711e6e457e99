/*
 * op_query.c - query: a person's SELECT, resolved, run on a sealed instance, streamed out.
 *
 * One read transaction gives one sequence, and that fixes all snapshots of the query; a reader's
 * slot keeps maintenance away from its files until the last row is out.
 */
#include "app/ops_internal.h"
#include "app/query_internal.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct weft_op_arg query_args[] = {
    {"sql", 0, WEFT_ARG_WORDS, "SQL", "A SELECT."},
    {"file", 'f', WEFT_ARG_TEXT, "FILE", "Read the SQL from a file; - is standard input."},
    {"format", 0, WEFT_ARG_TEXT, "FORMAT",
     "table (default), csv, json, ndjson or parquet; with -o by the file's ending, else csv."},
    {"output", 'o', WEFT_ARG_TEXT, "FILE", "Write to a file instead of standard output."},
    {"as-of", 0, WEFT_ARG_TEXT, "WHEN",
     "A time (2026-11-21T04:00Z; 2026-11-21 is the end of that day, UTC) or a snapshot id."},
    {"param", 'p', WEFT_ARG_TEXTS, "NAME=VALUE", "A value for $name."},
};

static int sql_read(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_query *query, struct weft_error *error)
{
    const char *file = weft_op_text(request, "file");
    const struct weft_op_value *words = weft_op_value(request, "sql");
    if ((file == NULL) == (words->count == 0)) {
        weft_error_set(error, WEFT_E_USAGE, "give the SQL as one word, or a file with -f");
        return weft_error_hint(error, "as in: weft query \"select count(*) from mesh.products\"");
    }
    struct weft_buf *text = &query->sql;
    if (file == NULL) {
        for (size_t i = 0; i < words->count; i++)
            weft_buf_addf(text, "%s%s", i == 0 ? "" : " ", words->texts[i]);
        return weft_buf_check(text, error);
    }
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    size_t max = (size_t)weft_settings_number(settings, WEFT_SETTING_SQL_SIZE_MAX);
    bool standard = strcmp(file, "-") == 0;
    query->file = standard ? "standard input" : file;
    int rc = weft_fs_read_file(standard ? "/dev/stdin" : file, max, text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", file);
    return rc;
}

static const char *const format_names[] = {"table", "csv", "json", "ndjson", "parquet"};

static int format_of_name(const char *name, struct weft_query *query, struct weft_error *error)
{
    size_t i = 0;
    while (i < WEFT_COUNT(format_names) && strcmp(format_names[i], name) != 0)
        i++;
    if (i == WEFT_COUNT(format_names)) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is no format", name);
        return weft_error_hint(error, "table, csv, json, ndjson or parquet");
    }
    query->format = (enum weft_query_format)i;
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
        WEFT_TRY(format_of_name(name, query, error));
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

static int params_read(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_query *query, struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "param");
    struct weft_param *params = weft_arena_array(context->arena, words->count + 1, sizeof *params);
    if (params == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < words->count; i++) {
        const char *equals = strchr(words->texts[i], '=');
        if (equals == NULL || equals == words->texts[i])
            return weft_error_set(error, WEFT_E_USAGE, "`%s` is not NAME=VALUE", words->texts[i]);
        params[i].name =
            weft_arena_strndup(context->arena, words->texts[i], (size_t)(equals - words->texts[i]));
        params[i].text = equals + 1;
        if (params[i].name == NULL)
            return weft_error_nomem(error);
    }
    query->params = params;
    query->param_count = words->count;
    return 0;
}

/* A number is a snapshot, anything else a time. */
static int as_of_read(const struct weft_op_request *request, struct weft_query *query,
                      struct weft_error *error)
{
    const char *when = weft_op_text(request, "as-of");
    if (when == NULL)
        return 0;
    if (weft_parse_int64(when, strlen(when), &query->as_of_snapshot) && query->as_of_snapshot > 0)
        return 0;
    query->as_of_snapshot = 0;
    if (weft_time_parse(when, &query->as_of_us)) {
        if (strlen(when) == strlen("2026-11-21")) /* a day is over at its end */
            query->as_of_us += 24 * 3600 * (int64_t)1000000 - 1;
        return 0;
    }
    weft_error_set(error, WEFT_E_USAGE, "`%s` is neither a time nor a snapshot", when);
    return weft_error_hint(error, "as in --as-of 2026-11-21, --as-of 2026-11-21T04:00:00Z");
}

static int query_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, context);
    query.out = out;
    WEFT_TRY(sql_read(context, request, &query, error));
    WEFT_TRY(weft_query_format_read(request, out, &query, error));
    WEFT_TRY(params_read(context, request, &query, error));
    WEFT_TRY(as_of_read(request, &query, error));
    WEFT_TRY(weft_query_open(&query, error));
    int rc = weft_query_send(&query, out, error);
    struct weft_error audit = WEFT_ERROR_INIT;
    /* A read that cannot be audited is not a read that happened quietly: it fails. */
    if (weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

const struct weft_op weft_op_query = {
    .name = "query",
    .group = "products",
    .summary = "Ask in SQL: a SELECT over products and the mesh's own tables.",
    .help = "Tables are products (county_health.daily_reports), their older majors "
            "(county_health.daily_reports__v1), quarantine "
            "(county_health__quarantine.daily_reports) and the mesh (mesh.products, mesh.columns, "
            "mesh.inputs, mesh.runs, mesh.checks, mesh.snapshots). `AT (TIMESTAMP => ...)` and "
            "`AT (VERSION => ...)` read the past of one table, --as-of that of all of them.",
    .args = query_args,
    .arg_count = WEFT_COUNT(query_args),
    .run = query_run,
};
