/*
 * replay_record.c - values that a person edited, as a record of the input's format; and which
 * replayed rows stay.
 */
#include "job/replay_internal.h"
#include "job/scan_internal.h"

#include <string.h>

#define VALUE_MAX ((size_t)1 << 28)

/* ---- a record ---- */

static bool needs_quotes(const struct weft_csv_options *csv, const char *text, size_t length)
{
    if (length == 0 || job_cell_is_null(csv, text, (uint32_t)length))
        return true; /* else it would be null */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == csv->delimiter || text[i] == '\n' || text[i] == '\r' ||
            (csv->quote != 0 && text[i] == csv->quote))
            return true;
    }
    return false;
}

static int cell_put(const struct weft_csv_options *csv, const char *name,
                    const struct weft_buf *text, struct weft_buf *out, struct weft_error *error)
{
    if (!needs_quotes(csv, text->data, text->length) || (csv->quote == 0 && text->length == 0)) {
        weft_buf_add(out, text->data, text->length);
        return 0;
    }
    if (csv->quote == 0)
        return weft_error_set(
            error, WEFT_E_INPUT,
            "the value of %s is a word for null, or holds the delimiter or a line "
            "end, and the input has no quotes",
            name);
    weft_buf_addc(out, csv->quote);
    for (size_t i = 0; i < text->length; i++) {
        if (text->data[i] == csv->quote)
            weft_buf_addc(out, csv->escape != 0 ? csv->escape : csv->quote);
        weft_buf_addc(out, text->data[i]);
    }
    weft_buf_addc(out, csv->quote);
    return 0;
}

/* A null as the input writes one. */
static void null_put(const struct weft_csv_options *csv, struct weft_buf *out)
{
    for (size_t i = 0; i < csv->nulls.count; i++) {
        if (csv->nulls.items[i][0] == '\0')
            return;
    }
    if (csv->nulls.count > 0)
        weft_buf_adds(out, csv->nulls.items[0]);
}

static int cells_put(const struct weft_csv_options *csv, yyjson_val *values, struct weft_buf *out,
                     struct weft_error *error)
{
    yyjson_val *key, *value;
    size_t i, max;
    WEFT_JSON_EACH(values, i, max, key, value)
    {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, VALUE_MAX);
        if (i > 0)
            weft_buf_addc(out, csv->delimiter);
        if (yyjson_is_null(value)) {
            null_put(csv, out);
            continue;
        }
        if (yyjson_is_str(value)) {
            weft_buf_add(&text, yyjson_get_str(value), yyjson_get_len(value));
        } else {
            struct weft_json_writer writer;
            weft_json_writer_init(&writer, &text);
            weft_json_put_value(&writer, value);
        }
        WEFT_TRY(weft_buf_check(&text, error));
        WEFT_TRY(cell_put(csv, yyjson_get_str(key), &text, out, error));
    }
    return weft_buf_check(out, error);
}

int job_replay_record(const struct weft_input *input, const char *values, struct weft_buf *out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (job_text_of(input) != JOB_TEXT_CSV) {
        weft_buf_adds(out, values);
        return weft_buf_check(out, error);
    }
    WEFT_TRY(weft_json_parse(values, strlen(values), WEFT_JSON_RAW_NUMBERS, &doc, error));
    return cells_put(&input->csv, yyjson_doc_get_root(doc), out, error);
}

/* ---- which stay ---- */

static int rules_print(const struct job_rules *rules, size_t row, struct weft_buf *out,
                       struct weft_error *error)
{
    const uint64_t *mask = job_rules_mask(rules, row);
    for (size_t i = 0; i < rules->count; i++) {
        if (job_mask_has(mask, i))
            weft_buf_addf(out, "%s%s", out->length > 0 ? "\n" : "", rules->items[i].id);
    }
    return weft_buf_check(out, error);
}

int job_replay_stayed(struct job_work *work, const char *run_id, int64_t number, size_t row,
                      struct weft_error *error)
{
    struct job_work *root = work->parent != NULL ? work->parent : work;
    size_t most = (size_t)WEFT_MAX(work->job->examples_max, 0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    if (root->stayed_count >= most)
        return 0;
    if (weft_arena_reserve(root->arena, &root->stayed, &root->stayed_capacity,
                           root->stayed_count + 1, sizeof *root->stayed) < 0)
        return weft_error_nomem(error);
    WEFT_TRY(rules_print(&work->rules, row, &text, error));
    const char *rules = weft_arena_strdup(root->arena, text.data);
    if (rules == NULL)
        return weft_error_nomem(error);
    root->stayed[root->stayed_count++] = (struct weft_outcome_stayed){run_id, number, rules};
    root->out->stayed = root->stayed;
    root->out->stayed_count = root->stayed_count;
    return 0;
}
