/*
 * edits.c - the rows of the file matched with open rows of quarantine, and the values that each is
 * to be read with: its own, with those that differ in the file put in their place.
 *
 * A cell that stands as it was exported changes nothing, also where a spreadsheet left its quotes
 * out; so a row that was not touched is replayed as it is, from its own text.
 */
#include "flow/edits.h"

#include "base/fs.h"
#include "base/map.h"
#include "flow/edits_internal.h"
#include "flow/run_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX ((size_t)1 << 28)

/* ---- values ---- */

/* Numbers are raw texts: no digit is lost. */
static void value_copy(struct weft_json_writer *writer, yyjson_val *value)
{
    yyjson_val *key, *item;
    size_t i, max;
    if (yyjson_is_raw(value)) {
        weft_json_put_raw(writer, yyjson_get_raw(value), yyjson_get_len(value));
    } else if (yyjson_is_obj(value)) {
        weft_json_begin_object(writer);
        WEFT_JSON_EACH(value, i, max, key, item)
        {
            weft_json_key(writer, yyjson_get_str(key));
            value_copy(writer, item);
        }
        weft_json_end_object(writer);
    } else if (yyjson_is_arr(value)) {
        weft_json_begin_array(writer);
        yyjson_arr_foreach(value, i, max, item)
        {
            value_copy(writer, item);
        }
        weft_json_end_array(writer);
    } else if (value == NULL) {
        weft_json_put_null(writer);
    } else {
        weft_json_put_value(writer, value);
    }
}

bool weft_edits_value_text(yyjson_val *value, struct weft_buf *out)
{
    struct weft_json_writer writer;
    if (value == NULL || yyjson_is_null(value))
        return false;
    if (yyjson_is_str(value)) {
        weft_buf_add(out, yyjson_get_str(value), yyjson_get_len(value));
        return true;
    }
    weft_json_writer_init(&writer, out);
    value_copy(&writer, value);
    return true;
}

static bool is_json(const char *text, bool number)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (weft_json_parse(text, strlen(text), WEFT_JSON_RAW_NUMBERS, &doc, &ignored) < 0)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    return number ? yyjson_is_raw(root) || yyjson_is_bool(root) : yyjson_is_ctn(root);
}

/* A cell, as a value of the kind that stood there. */
static void cell_put(struct weft_json_writer *writer, yyjson_val *was, const char *text,
                     bool quoted)
{
    bool number = was != NULL && (yyjson_is_raw(was) || yyjson_is_bool(was));
    bool nested = was == NULL || yyjson_is_null(was) || yyjson_is_ctn(was);
    if (text[0] == '\0' && !quoted)
        weft_json_put_null(writer);
    else if ((number && is_json(text, true)) ||
             (nested && strchr("[{", text[0]) != NULL && is_json(text, false)))
        weft_json_put_raw(writer, text, strlen(text));
    else
        weft_json_put_text(writer, text);
}

static int value_same(yyjson_val *was, const struct edits_value *now, bool *same,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf a;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf b;
    weft_buf_init(&a, VALUES_MAX);
    weft_buf_init(&b, VALUES_MAX);
    bool has_a = weft_edits_value_text(was, &a), has_b = now->text != NULL;
    if (has_b)
        weft_buf_adds(&b, now->text);
    else
        has_b = weft_edits_value_text(now->json, &b);
    WEFT_TRY(weft_buf_check(&a, error));
    WEFT_TRY(weft_buf_check(&b, error));
    /* "[1]" as a text and [1] as a list look alike as cells; in JSON they are two things. */
    *same =
        strcmp(a.data, b.data) == 0 &&
        (now->text != NULL || (has_a == has_b && yyjson_is_str(was) == yyjson_is_str(now->json)));
    return 0;
}

static const struct edits_value *value_find(const struct edits_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (strcmp(row->values[i].name, name) == 0)
            return &row->values[i];
    }
    return NULL;
}

static int member_put(struct weft_json_writer *writer, yyjson_val *was,
                      const struct edits_value *now, bool *changed, struct weft_error *error)
{
    bool same = now == NULL;
    if (!same)
        WEFT_TRY(value_same(was, now, &same, error));
    *changed = *changed || !same;
    if (same)
        value_copy(writer, was);
    else if (now->text != NULL)
        cell_put(writer, was, now->text, now->quoted);
    else
        value_copy(writer, now->json);
    return 0;
}

/* A record that was cut short lacks cells that its file has names for: they may be filled in. */
static bool name_known(const struct weft_product *contract, const char *port, const char *name,
                       const struct weft_map *names)
{
    for (size_t i = 0; port != NULL && i < contract->input_count; i++) {
        const struct weft_fields *fields = &contract->inputs[i].schema;
        for (size_t k = 0; strcmp(contract->inputs[i].name, port) == 0 && k < fields->count; k++) {
            const struct weft_field *field = &fields->items[k];
            if (strcmp(field->from != NULL ? field->from : field->name, name) == 0)
                return true;
        }
    }
    for (size_t i = 0; i < contract->schema.count; i++) {
        const struct weft_field *field = &contract->schema.items[i];
        if (strcmp(field->from != NULL && port != NULL ? field->from : field->name, name) == 0)
            return true;
    }
    return weft_map_has(names, name);
}

struct matcher {
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    const struct weft_registered *product;
    const struct weft_product *contract;
    const char *shown;
    struct edits_file file;
    struct weft_map *ids;   /* row id -> struct edits_row */
    struct weft_map *names; /* that some open row of the file has */
    struct weft_map *notes; /* columns that are not read -> struct edits_row, the first */
    struct weft_edits *out;
    struct weft_error *error;
};

/* A column that no row has: what a person wrote there must not be lost, unless its name says that
 * it is not for the rows. */
static int note_take(struct matcher *m, const struct edits_row *row, const char *name)
{
    if (name[0] == '_') {
        if (!weft_map_has(m->notes, name) && weft_map_put(m->notes, name, (void *)row) < 0)
            return weft_error_nomem(m->error);
        return 0;
    }
    edits_refuse(m->shown, row, m->error, "the row %s has no column \"%.100s\"", row->row_id, name);
    return weft_error_hint(m->error, "names are those of the export; a column of notes is called "
                                     "with a `_` before its name, and is not read");
}

/* Rows of one file may have different columns: what was passed over in one must be none in all. */
static int notes_check(struct matcher *m)
{
    for (size_t i = 0; i < m->file.count; i++) {
        const struct edits_row *row = &m->file.rows[i];
        for (size_t k = 0; k < row->count; k++) {
            const char *name = row->values[k].name;
            if (weft_map_get(m->notes, name) == row && weft_map_has(m->names, name))
                return edits_refuse(m->shown, row, m->error,
                                    "the row %s has no column \"%.100s\", but others have one",
                                    row->row_id, name);
        }
    }
    return 0;
}

static const struct weft_field *field_in(const struct weft_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (strcmp(field->from != NULL ? field->from : field->name, name) == 0)
            return field;
    }
    return NULL;
}

/* As a number it would be the same: what is known to be one is not looked at. */
static bool is_number(const struct weft_product *contract, const char *port, const char *name)
{
    const struct weft_field *field = field_in(&contract->schema, name);
    for (size_t i = 0; port != NULL && i < contract->input_count; i++) {
        const struct weft_input *input = &contract->inputs[i];
        if (strcmp(input->name, port) == 0 && input->schema.count > 0)
            field = field_in(&input->schema, name);
    }
    return field != NULL && field->type->kind != WEFT_TYPE_STRING;
}

static int zeros_note(struct matcher *m, const struct edits_row *row, const struct weft_edit *edit,
                      yyjson_val *was, const struct edits_value *now)
{
    const char *before = yyjson_get_str(was);
    if (now == NULL || now->text == NULL || before == NULL || before[0] != '0' ||
        before[1] == '\0' || before[strspn(before, "0123456789")] != '\0' ||
        strcmp(before, now->text) == 0)
        return 0;
    before += strspn(before, "0");
    if (strcmp(*before == '\0' ? before - 1 : before, now->text) != 0 ||
        is_number(m->contract, edit->port, now->name))
        return 0;
    if (m->out->zeros++ > 0)
        return 0;
    m->out->zeros_line = row->line;
    m->out->zeros_name = weft_arena_strdup(m->arena, now->name);
    return m->out->zeros_name == NULL ? weft_error_nomem(m->error) : 0;
}

static int values_merge(struct matcher *m, const struct edits_row *row, yyjson_val *was,
                        struct weft_edit *edit)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf json;
    struct weft_json_writer writer;
    yyjson_val *key, *value;
    size_t i, max;
    weft_buf_init(&json, VALUES_MAX);
    weft_json_writer_init(&writer, &json);
    weft_json_begin_object(&writer);
    WEFT_JSON_EACH(was, i, max, key, value)
    {
        const char *name = yyjson_get_str(key);
        weft_json_key(&writer, name);
        const struct edits_value *now = value_find(row, name);
        WEFT_TRY(zeros_note(m, row, edit, value, now));
        WEFT_TRY(member_put(&writer, value, now, &edit->changed, m->error));
    }
    for (i = 0; i < row->count; i++) {
        const struct edits_value *now = &row->values[i];
        bool empty = now->text != NULL ? now->text[0] == '\0' : yyjson_is_null(now->json);
        if (yyjson_obj_get(was, now->name) != NULL || empty)
            continue;
        if (!name_known(m->contract, edit->port, now->name, m->names)) {
            WEFT_TRY(note_take(m, row, now->name));
            continue;
        }
        weft_json_key(&writer, now->name);
        WEFT_TRY(member_put(&writer, NULL, now, &edit->changed, m->error));
    }
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&json, m->error));
    edit->values = weft_arena_strdup(m->arena, json.data);
    return edit->values == NULL ? weft_error_nomem(m->error) : 0;
}

/* ---- matching ---- */

static int ids_fill(struct matcher *m)
{
    for (size_t i = 0; i < m->file.count; i++) {
        struct edits_row *row = &m->file.rows[i];
        if (row->row_id[0] == '\0')
            return edits_refuse(m->shown, row, m->error, "it has no row id");
        if (weft_map_has(m->ids, row->row_id))
            return edits_refuse(m->shown, row, m->error, "the row %s stands in the file twice",
                                row->row_id);
        if (weft_map_put(m->ids, row->row_id, row) < 0)
            return weft_error_nomem(m->error);
    }
    return 0;
}

enum { STORED_ID, STORED_RUN, STORED_NUMBER, STORED_PORT, STORED_VALUES, STORED_STATE };

static int stored_sql(struct matcher *m, struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_quarantine_range *ranges = NULL;
    struct weft_relation stored;
    size_t count = 0;
    WEFT_TRY(weft_ledger_begin_read(m->ledger, &txn, m->error));
    WEFT_TRY(weft_quarantine_ranges(txn, m->arena, m->product->table, NULL, 0, &ranges, &count,
                                    m->error));
    int rc = weft_flow_stored_read(txn, m->ledger, m->arena, m->product->table, &stored, m->error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || count == 0)
        return WEFT_NOT_THERE;
    weft_buf_adds(sql, "SELECT row_id, run_id, row_number_in_run, port, \"values\", state FROM (");
    WEFT_TRY(weft_flow_states_sql(sql, &stored, ranges, count, true, m->error));
    weft_buf_adds(sql, ") JOIN (VALUES ");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(ranges[i - 1].run_id, ranges[i].run_id) == 0)
            continue; /* ranges of one run follow one another */
        weft_buf_addf(sql, "%s(", i > 0 ? ", " : "");
        weft_buf_add_sql_text(sql, ranges[i].run_id, strlen(ranges[i].run_id));
        weft_buf_addf(sql, ", %zu)", i);
    }
    weft_buf_adds(sql, ") o(run_id, place) USING (run_id) GROUP BY ALL ORDER BY min(place), 3");
    return weft_buf_check(sql, m->error);
}

static int names_note(struct matcher *m, yyjson_val *values)
{
    yyjson_val *key, *value;
    size_t i, max;
    WEFT_JSON_EACH(values, i, max, key, value)
    {
        (void)value;
        const char *name = weft_arena_strdup(m->arena, yyjson_get_str(key));
        if (name == NULL || weft_map_put(m->names, name, m) < 0)
            return weft_error_nomem(m->error);
    }
    return 0;
}

static int stored_take(struct matcher *m, struct weft_result *result)
{
    struct edits_row *row = weft_map_get(m->ids, weft_result_text(result, STORED_ID));
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (row == NULL)
        return weft_result_check(result, m->error);
    const char *state = weft_result_text(result, STORED_STATE);
    const char *values = weft_result_text(result, STORED_VALUES);
    WEFT_TRY(weft_result_check(result, m->error));
    if (strcmp(state, WEFT_QUARANTINE_OPEN) != 0)
        return edits_refuse(m->shown, row, m->error, "the row %s is not open: it is %s",
                            row->row_id, state);
    struct weft_edit *edit = &m->out->items[m->out->count++];
    *edit = (struct weft_edit){
        .row_id = weft_arena_strdup(m->arena, row->row_id),
        .run_id = weft_arena_strdup(m->arena, weft_result_text(result, STORED_RUN)),
        .number = weft_result_int(result, STORED_NUMBER),
        .line = row->line};
    if (!weft_result_is_null(result, STORED_PORT)) {
        edit->port = weft_arena_strdup(m->arena, weft_result_text(result, STORED_PORT));
        if (edit->port == NULL)
            return weft_error_nomem(m->error);
    }
    if (edit->row_id == NULL || edit->run_id == NULL)
        return weft_error_nomem(m->error);
    WEFT_TRY(weft_result_check(result, m->error));
    WEFT_TRY(weft_json_parse(values, strlen(values), WEFT_JSON_RAW_NUMBERS, &doc, m->error));
    WEFT_TRY(names_note(m, yyjson_doc_get_root(doc)));
    WEFT_TRY(values_merge(m, row, yyjson_doc_get_root(doc), edit));
    m->out->changed += edit->changed;
    return 0;
}

/* What the file names and quarantine does not hold. */
static int check_all_found(struct matcher *m)
{
    if (m->out->count == m->file.count)
        return 0;
    for (size_t i = 0; i < m->out->count; i++) {
        if (weft_map_put(m->ids, m->out->items[i].row_id, NULL) < 0)
            return weft_error_nomem(m->error);
    }
    for (size_t i = 0; i < m->file.count; i++) {
        const struct edits_row *row = &m->file.rows[i];
        if (weft_map_get(m->ids, row->row_id) == NULL)
            continue;
        edits_refuse(m->shown, row, m->error, "no row of %s that was set aside has the id %.100s",
                     m->product->name, row->row_id);
        return weft_error_hint(m->error, "ids stay as they were exported");
    }
    return weft_error_set(m->error, WEFT_E_INTERNAL, "rows of quarantine have one id");
}

static int stored_match(struct matcher *m)
{
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, WEFT_RUN_LIST_MAX);
    int rc = stored_sql(m, &sql);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return check_all_found(m);
    WEFT_TRY(weft_flow_pick_engine(m->ledger, &engine, m->error));
    WEFT_TRY(weft_engine_query(engine, sql.data, NULL, 0, &result, m->error));
    while ((rc = weft_result_row(result, m->error)) == 0)
        WEFT_TRY(stored_take(m, result));
    WEFT_TRY(rc);
    WEFT_TRY(notes_check(m));
    return check_all_found(m);
}

/* The rows by run, as a job names them. */
static int replays_make(struct matcher *m)
{
    struct weft_edits *out = m->out;
    struct weft_job_replay *replays = weft_arena_array(m->arena, out->count + 1, sizeof *replays);
    int64_t *numbers = weft_arena_array(m->arena, out->count + 1, sizeof *numbers);
    if (replays == NULL || numbers == NULL)
        return weft_error_nomem(m->error);
    for (size_t i = 0; i < out->count; i++) {
        const struct weft_edit *edit = &out->items[i];
        if (i == 0 || strcmp(edit->run_id, out->items[i - 1].run_id) != 0)
            replays[out->replay_count++] =
                (struct weft_job_replay){.run_id = edit->run_id, .row_numbers = numbers + i};
        numbers[i] = edit->number;
        replays[out->replay_count - 1].row_count++;
    }
    out->replays = replays;
    return 0;
}

static int matcher_do(struct matcher *m, const char *path, bool json)
{
    m->ids = weft_map_new();
    m->names = weft_map_new();
    m->notes = weft_map_new();
    if (m->ids == NULL || m->names == NULL || m->notes == NULL)
        return weft_error_nomem(m->error);
    WEFT_TRY(edits_file_read(m->arena, path, m->shown, json, m->out->digest, &m->file, m->error));
    WEFT_TRY(ids_fill(m));
    m->out->items = weft_arena_array(m->arena, m->file.count + 1, sizeof *m->out->items);
    if (m->out->items == NULL)
        return weft_error_nomem(m->error);
    WEFT_TRY(stored_match(m));
    return replays_make(m);
}

int weft_edits_read(struct weft_ledger *ledger, struct weft_arena *arena,
                    const struct weft_registered *product, const char *path, bool json,
                    struct weft_edits *out, struct weft_error *error)
{
    struct matcher m = {.ledger = ledger,
                        .arena = arena,
                        .product = product,
                        .contract = weft_registered_newest(product),
                        .shown = path,
                        .out = out,
                        .error = error};
    *out = (struct weft_edits){.file = path};
    int rc = matcher_do(&m, path, json);
    edits_file_release(&m.file);
    weft_map_free(m.ids);
    weft_map_free(m.names);
    weft_map_free(m.notes);
    return rc;
}

/* ---- afterwards ---- */

const struct weft_edit *weft_edits_find(const struct weft_edits *edits, const char *run_id,
                                        int64_t number)
{
    for (size_t i = 0; i < edits->count; i++) {
        if (edits->items[i].number == number && strcmp(edits->items[i].run_id, run_id) == 0)
            return &edits->items[i];
    }
    return NULL;
}

int weft_edits_write(const struct weft_edits *edits, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 30);
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT | O_EXCL, &fd, error));
    for (size_t i = 0; i < edits->count; i++) {
        struct weft_json_writer writer;
        if (!edits->items[i].changed)
            continue;
        weft_json_writer_init(&writer, &text);
        weft_json_begin_object(&writer);
        weft_json_member_text(&writer, "row_id", edits->items[i].row_id);
        weft_json_member_text(&writer, "values", edits->items[i].values);
        weft_json_end_object(&writer);
        weft_buf_addc(&text, '\n');
    }
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_fs_write(fd, text.data, text.length, path, error);
}
