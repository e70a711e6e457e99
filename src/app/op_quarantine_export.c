/*
 * op_quarantine_export.c - `quarantine --export`: rows that were set aside, as a file that a person
 * mends in a spreadsheet and gives back (flow/edits.h says how it is read).
 *
 * Cells: a name line, then for each row its id, the rules it broke, why, run, port, file, line, and
 * its values below the names of their columns: those of all rows, in the order in which they come.
 * An empty cell is null, "" an empty text. JSON: {"row_id", "rules", "why", "run_id", "port",
 * "file", "line", "values"}, an array or a line each.
 */
#include "app/quarantine_internal.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"
#include "flow/edits.h"

#include <string.h>

#define SEND_BYTES ((size_t)1 << 18)
#define BUFFER_MAX ((size_t)1 << 30)
#define COLUMNS_MAX 10000

enum { COL_ROW_ID, COL_RULES, COL_RUN, COL_PORT, COL_FILE, COL_LINE, COL_RAW, COL_VALUES };

struct exporter {
    struct weft_query *query;
    const struct weft_product *contract;
    struct weft_out *out;
    enum weft_quarantine_format format;
    int fd; /* -1 = to out */
    const char *shown;
    const char **columns;
    size_t column_count;
    size_t column_capacity;
    struct weft_map *known;
    struct weft_buf text;
    int64_t rows;
};

int weft_quarantine_format_read(const struct weft_op_request *request, const char *file,
                                enum weft_quarantine_format *format, struct weft_error *error)
{
    static const char *const names[] = {"csv", "tsv", "json", "ndjson"};
    const char *given = weft_op_text(request, "format");
    const char *ending = strrchr(weft_path_basename(file), '.');
    const char *name = given != NULL ? given : ending != NULL ? ending + 1 : "";
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (weft_equal_fold(name, names[i])) {
            *format = (enum weft_quarantine_format)i;
            return 0;
        }
    }
    if (given == NULL && strcmp(file, "-") == 0) {
        *format = WEFT_QUARANTINE_CSV;
        return 0;
    }
    weft_error_set(error, WEFT_E_USAGE, "`%s` does not say a format", given != NULL ? given : file);
    return weft_error_hint(error, "name it .csv, .tsv, .json or .ndjson, or say --format csv");
}

/* ---- sending ---- */

static int text_send(struct exporter *e, bool last, struct weft_error *error)
{
    WEFT_TRY(weft_buf_check(&e->text, error));
    if (e->text.length < SEND_BYTES && !last)
        return 0;
    if (e->fd >= 0)
        WEFT_TRY(weft_fs_write(e->fd, e->text.data, e->text.length, e->shown, error));
    else
        WEFT_TRY(weft_out_bytes(e->out, e->text.data, e->text.length, error));
    weft_buf_clear(&e->text);
    return 0;
}

static bool is_cells(const struct exporter *e)
{
    return e->format == WEFT_QUARANTINE_CSV || e->format == WEFT_QUARANTINE_TSV;
}

static void cell_put(struct exporter *e, bool first, const char *text)
{
    char delimiter = e->format == WEFT_QUARANTINE_TSV ? '\t' : ',';
    if (!first)
        weft_buf_addc(&e->text, delimiter);
    if (text == NULL)
        return;
    size_t length = strlen(text);
    bool plain = length > 0 && text[0] != ' ' && text[length - 1] != ' ';
    for (size_t i = 0; i < length; i++)
        plain = plain && text[i] != delimiter && text[i] != '"' && text[i] != '\n' &&
                text[i] != '\r' && text[i] != ';' && text[i] != '\t' && text[i] != ',';
    if (plain) {
        weft_buf_add(&e->text, text, length);
        return;
    }
    weft_buf_addc(&e->text, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            weft_buf_addc(&e->text, '"');
        weft_buf_addc(&e->text, text[i]);
    }
    weft_buf_addc(&e->text, '"');
}

/* ---- columns ---- */

static int column_add(struct exporter *e, const char *name, struct weft_error *error)
{
    static const char *const own[] = WEFT_EDITS_OWN_NAMES;
    struct weft_arena *arena = e->query->context->arena;
    if (weft_map_has(e->known, name))
        return 0;
    for (size_t i = 0; i < WEFT_COUNT(own); i++) {
        if (!weft_equal_fold(name, own[i]))
            continue;
        weft_error_set(error, WEFT_E_REFUSED,
                       "a column of the rows is called %s, as one of the export", name);
        return weft_error_hint(error, "--format json keeps them apart");
    }
    if (e->column_count >= COLUMNS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "the rows have more than %d columns",
                              COLUMNS_MAX);
    if (weft_arena_reserve(arena, &e->columns, &e->column_capacity, e->column_count + 1,
                           sizeof *e->columns) < 0)
        return weft_error_nomem(error);
    const char *kept = weft_arena_strdup(arena, name);
    if (kept == NULL || weft_map_put(e->known, kept, e) < 0)
        return weft_error_nomem(error);
    e->columns[e->column_count++] = kept;
    return 0;
}

static int columns_find(struct exporter *e, struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    WEFT_TRY(weft_resolved_query(e->query->engine, &e->query->resolved, NULL, 0, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
        const char *values = weft_result_text(result, COL_VALUES);
        yyjson_val *key, *value;
        size_t i, max;
        WEFT_TRY(weft_json_parse(values, strlen(values), WEFT_JSON_RAW_NUMBERS, &doc, error));
        WEFT_JSON_EACH(yyjson_doc_get_root(doc), i, max, key, value)
        {
            (void)value;
            WEFT_TRY(column_add(e, yyjson_get_str(key), error));
        }
    }
    return rc < 0 ? rc : 0;
}

static void names_put(struct exporter *e)
{
    static const char *const own[] = WEFT_EDITS_OWN_NAMES;
    for (size_t i = 0; i < WEFT_COUNT(own); i++)
        cell_put(e, i == 0, own[i]);
    for (size_t i = 0; i < e->column_count; i++)
        cell_put(e, false, e->columns[i]);
    weft_buf_addc(&e->text, '\n');
}

/* ---- rows ---- */

struct row {
    struct weft_arena *arena; /* a text of the result is valid up to the next one asked for */
    const char *texts[COL_VALUES + 1];
    struct weft_buf whys;
};

static int row_take(struct exporter *e, struct weft_result *result, struct row *row,
                    struct weft_error *error)
{
    for (size_t i = 0; i <= COL_VALUES; i++) {
        row->texts[i] = NULL;
        if (weft_result_is_null(result, i))
            continue;
        row->texts[i] = weft_arena_strdup(row->arena, weft_result_text(result, i));
        if (row->texts[i] == NULL)
            return weft_error_nomem(error);
    }
    char *rules = weft_arena_strdup(row->arena, row->texts[COL_RULES]);
    if (rules == NULL)
        return weft_error_nomem(error);
    weft_buf_clear(&row->whys);
    for (char *at = rules; *at != '\0';) {
        size_t length = strcspn(at, "\n"), before = row->whys.length;
        char *next = at + length + (at[length] == '\n');
        at[length] = '\0';
        if (before > 0)
            weft_buf_adds(&row->whys, "; ");
        size_t begin = row->whys.length;
        WEFT_TRY(weft_quarantine_explain(e->contract, row->texts[COL_PORT], at, row->texts[COL_RAW],
                                         row->texts[COL_VALUES], &row->whys, error));
        if (row->whys.length == begin)
            weft_buf_shrink(&row->whys, before);
        at = next;
    }
    return weft_buf_check(&row->whys, error);
}

/* Rules stand one a line in the answer of the query. */
static const char *rules_text(struct row *row)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    for (const char *at = row->texts[COL_RULES]; *at != '\0'; at++)
        weft_buf_adds(&text, *at == '\n' ? "; " : (char[2]){*at, '\0'});
    struct weft_error ignored = WEFT_ERROR_INIT;
    return weft_buf_check(&text, &ignored) < 0 ? NULL : weft_arena_strdup(row->arena, text.data);
}

static int values_put(struct exporter *e, const struct row *row, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    const char *values = row->texts[COL_VALUES];
    weft_buf_init(&text, BUFFER_MAX);
    WEFT_TRY(weft_json_parse(values, strlen(values), WEFT_JSON_RAW_NUMBERS, &doc, error));
    for (size_t i = 0; i < e->column_count; i++) {
        weft_buf_clear(&text);
        bool has =
            weft_edits_value_text(yyjson_obj_get(yyjson_doc_get_root(doc), e->columns[i]), &text);
        WEFT_TRY(weft_buf_check(&text, error));
        cell_put(e, false, has ? text.data : NULL);
    }
    return 0;
}

static int row_cells(struct exporter *e, struct row *row, struct weft_error *error)
{
    const char *rules = rules_text(row);
    if (rules == NULL)
        return weft_error_nomem(error);
    const char *own[] = {row->texts[COL_ROW_ID],
                         rules,
                         row->whys.length > 0 ? row->whys.data : NULL,
                         row->texts[COL_RUN],
                         row->texts[COL_PORT],
                         row->texts[COL_FILE],
                         row->texts[COL_LINE]};
    for (size_t i = 0; i < WEFT_COUNT(own); i++)
        cell_put(e, i == 0, own[i]);
    WEFT_TRY(values_put(e, row, error));
    weft_buf_addc(&e->text, '\n');
    return 0;
}

static void row_json(struct exporter *e, const struct row *row)
{
    struct weft_json_writer json;
    bool array = e->format == WEFT_QUARANTINE_JSON;
    weft_buf_adds(&e->text, !array ? "" : e->rows == 0 ? "[\n " : ",\n ");
    weft_json_writer_init(&json, &e->text);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "row_id", row->texts[COL_ROW_ID]);
    weft_json_key(&json, "rules");
    weft_json_begin_array(&json);
    for (const char *at = row->texts[COL_RULES]; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        weft_json_put_text_n(&json, at, length);
        at += length + (at[length] == '\n');
    }
    weft_json_end_array(&json);
    weft_json_member_text(&json, "why", row->whys.length > 0 ? row->whys.data : NULL);
    weft_json_member_text(&json, "run_id", row->texts[COL_RUN]);
    weft_json_member_text(&json, "port", row->texts[COL_PORT]);
    weft_json_member_text(&json, "file", row->texts[COL_FILE]);
    weft_json_key(&json, "line");
    const char *line = row->texts[COL_LINE] == NULL ? "null" : row->texts[COL_LINE];
    weft_json_put_raw(&json, line, strlen(line));
    weft_json_key(&json, "values");
    weft_json_put_raw(&json, row->texts[COL_VALUES], strlen(row->texts[COL_VALUES]));
    weft_json_end_object(&json);
    if (!array)
        weft_buf_addc(&e->text, '\n');
}

static int rows_put(struct exporter *e, struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    WEFT_TRY(weft_resolved_query(e->query->engine, &e->query->resolved, NULL, 0, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        struct row row = {.arena = arena};
        if (arena == NULL)
            return weft_error_nomem(error);
        weft_buf_init(&row.whys, 1 << 24);
        rc = row_take(e, result, &row, error);
        if (rc == 0 && is_cells(e))
            rc = row_cells(e, &row, error);
        else if (rc == 0)
            row_json(e, &row);
        weft_buf_release(&row.whys);
        WEFT_TRY(rc);
        e->rows++;
        WEFT_TRY(text_send(e, false, error));
    }
    return rc < 0 ? rc : 0;
}

static int all_put(struct exporter *e, struct weft_error *error)
{
    if (is_cells(e)) {
        WEFT_TRY(columns_find(e, error));
        names_put(e);
    }
    WEFT_TRY(rows_put(e, error));
    if (e->format == WEFT_QUARANTINE_JSON)
        weft_buf_adds(&e->text, e->rows == 0 ? "[]\n" : "\n]\n");
    e->query->rows = e->rows;
    return text_send(e, true, error);
}

static int target_put(struct exporter *e, const char *file, struct weft_error *error)
{
    struct weft_query *query = e->query;
    if (strcmp(file, "-") == 0)
        return all_put(e, error);
    WEFT_TRY(weft_output_file_open(query->context->arena, weft_ledger_home(query->context->ledger),
                                   file, &query->target, error));
    e->fd = query->target.fd;
    int rc = all_put(e, error);
    if (rc == 0)
        rc = weft_fs_sync(e->fd, file, error);
    return weft_output_file_end(&query->target, rc, error);
}

static int told(const struct exporter *e, const struct weft_registered *product, const char *file,
                struct weft_error *error)
{
    char count[32];
    char shown[WEFT_QUARANTINE_SHOWN];
    if (strcmp(file, "-") == 0)
        return 0;
    weft_quarantine_shown(product, shown);
    weft_format_count(e->rows, count, sizeof count);
    WEFT_TRY(weft_out_line(e->out, WEFT_STYLE_GOOD, error, "%s row%s of %s written to %s", count,
                           e->rows == 1 ? "" : "s", shown, file));
    if (!weft_request_is_local(&e->query->context->request))
        return 0;
    if (e->contract->write == WEFT_WRITE_REPLACE)
        return weft_out_line(e->out, WEFT_STYLE_DIM, error,
                             "Each run makes %s anew: mend its input, and run it", shown);
    return weft_out_line(e->out, WEFT_STYLE_DIM, error,
                         "Mended, they come back with: weft quarantine %s --replay --from %s "
                         "--because \"...\"",
                         shown, file);
}

int weft_quarantine_export(struct weft_context *context, const struct weft_registered *product,
                           const struct weft_op_request *request, struct weft_out *out,
                           struct weft_error *error)
{
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    const char *file = weft_op_text(request, "export");
    struct exporter e = {.query = &query,
                         .contract = weft_registered_newest(product),
                         .out = out,
                         .fd = -1,
                         .shown = file};
    weft_query_init(&query, context);
    query.out = out;
    WEFT_TRY(weft_quarantine_format_read(request, file, &e.format, error));
    WEFT_TRY(weft_quarantine_sql(
        context, &query.sql,
        "q.row_id, array_to_string(q.rules, chr(10)), q.run_id, q.port, q.file, q.line, q.raw, "
        "q.\"values\"",
        product, request,
        " order by q.port, q.file, q.line, q.run_id, "
        "try_cast(split_part(q.row_id, ':', 2) as bigint)",
        error));
    WEFT_TRY(weft_query_open(&query, error));
    weft_buf_init(&e.text, BUFFER_MAX);
    e.known = weft_map_new();
    int rc = e.known == NULL ? weft_error_nomem(error) : target_put(&e, file, error);
    weft_map_free(e.known);
    weft_buf_release(&e.text);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc < 0 ? rc : told(&e, product, file, error);
}
