/*
 * infer.c - see infer.h: the order of the readings.
 */
#include "infer/infer_internal.h"

/* Dates of JSON are ISO 8601, and no word stands for null. */
static const struct weft_csv_options no_options;

static int record_took(void *arg, const struct infer_cell *cells, struct weft_error *error)
{
    struct infer *infer = arg;
    for (size_t i = 0; i < infer->column_count; i++) {
        struct infer_column *column = &infer->columns[i];
        infer_column_add(column, &cells[i]);
        if (!cells[i].json || cells[i].absent || column->declared != NULL)
            continue;
        struct weft_json_slice slice = {
            .data = cells[i].text, .length = cells[i].length, .kind = cells[i].kind};
        if (column->own == NULL)
            column->own = weft_shape_new(infer->arena);
        if (column->own == NULL ||
            weft_shape_add(infer->arena, column->own, &no_options, &slice) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

static void columns_release(struct infer *infer)
{
    for (size_t i = 0; i < infer->column_count; i++)
        weft_buf_release(&infer->columns[i].comment);
    infer->column_count = 0;
}

/* Anew whenever the text turns out to be of another encoding, or its quotes to be none. */
static int columns_gather(struct infer *infer, struct weft_error *error)
{
    int rc;
    do {
        columns_release(infer);
        infer->records = 0;
        infer->aside = (struct infer_aside){0};
        rc = infer_read(infer, "looking at values", true, record_took, infer, error);
        if (rc == WEFT_CHANGED)
            WEFT_TRY(infer_sniff_others(infer, error));
    } while (rc == WEFT_CHANGED);
    return rc;
}

static int key_text(const struct infer *infer, const char **out, struct weft_error *error)
{
    const char *text = infer->key_count == 0 ? NULL : infer->columns[infer->key[0]].name;
    for (size_t i = 1; i < infer->key_count; i++) {
        text = weft_arena_format(infer->arena, "%s, %s", text, infer->columns[infer->key[i]].name);
        if (text == NULL)
            return weft_error_nomem(error);
    }
    *out = text;
    return 0;
}

int weft_infer(struct weft_arena *arena, const struct weft_infer *what, struct weft_buf *out,
               struct weft_infer_result *result, struct weft_error *error)
{
    WEFT_CLEANUP(columns_release)
    struct infer infer = {.arena = arena, .what = what, .date_format = -1, .timestamp_format = -1};
    WEFT_TRY(infer_sniff(&infer, error));
    WEFT_TRY(columns_gather(&infer, error));
    if (infer.column_count == 0)
        return weft_error_set(error, WEFT_E_INPUT, "%s: no record has a field",
                              what->files[0].shown);
    WEFT_TRY(infer_decide(&infer, error));
    WEFT_TRY(infer_keys(&infer, error));
    WEFT_TRY(infer_write(&infer, out, error));
    *result = (struct weft_infer_result){
        .records = infer.records, .aside = infer.aside.count, .columns = infer.column_count};
    return key_text(&infer, &result->key, error);
}
