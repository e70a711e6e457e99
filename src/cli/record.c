/*
 * record.c - the blocks of record.h.
 */
#include "cli/record.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/printable.h"
#include "cli/terminal.h"

#include <string.h>

#define LINE_MAX_BYTES ((size_t)3 << 30)

struct weft_record {
    struct weft_stream *stream;
    struct weft_grid_look look;
    char **names;
    size_t count;
    size_t name_width;
    int64_t rows;
    struct weft_buf line;
};

void weft_record_free(struct weft_record *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; record->names != NULL && i < record->count; i++)
        weft_free(record->names[i]);
    weft_free(record->names);
    weft_buf_release(&record->line);
    weft_free(record);
}

static int names_make(struct weft_record *record, const struct weft_out_column *columns,
                      struct weft_error *error)
{
    record->names = weft_alloc_array(record->count + 1, sizeof *record->names);
    if (record->names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < record->count; i++) {
        weft_buf_clear(&record->line);
        weft_printable_add(&record->line, columns[i].name, strlen(columns[i].name),
                           WEFT_PRINTABLE_CELL);
        WEFT_TRY(weft_buf_check(&record->line, error));
        size_t width = weft_utf8_width(record->line.data, record->line.length);
        record->name_width = WEFT_MAX(record->name_width, width);
        record->names[i] = weft_strdup(record->line.data);
        if (record->names[i] == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

int weft_record_open(struct weft_stream *stream, const struct weft_grid_look *look,
                     const struct weft_out_column *columns, size_t count, struct weft_record **out,
                     struct weft_error *error)
{
    struct weft_record *record = weft_alloc(sizeof *record);
    if (record == NULL)
        return weft_error_nomem(error);
    record->stream = stream;
    record->look = *look;
    record->count = count;
    weft_buf_init(&record->line, LINE_MAX_BYTES);
    if (names_make(record, columns, error) < 0) {
        weft_record_free(record);
        return -1;
    }
    *out = record;
    return 0;
}

static void value_add(struct weft_record *record, const struct weft_cell *cell)
{
    struct weft_buf *line = &record->line;
    if (cell->kind == WEFT_CELL_NULL)
        weft_buf_addf(line, "%s%s%s", weft_style_begin(WEFT_STYLE_DIM, record->look.colour),
                      record->look.nulls ? "NULL" : "",
                      weft_style_end(WEFT_STYLE_DIM, record->look.colour));
    else
        weft_grid_cell_print(line, cell);
}

int weft_record_row(struct weft_record *record, const struct weft_cell *cells,
                    struct weft_error *error)
{
    struct weft_buf *line = &record->line;
    weft_buf_clear(line);
    weft_buf_addf(line, "%s-- row %" PRId64 "%s\n",
                  weft_style_begin(WEFT_STYLE_TITLE, record->look.colour), ++record->rows,
                  weft_style_end(WEFT_STYLE_TITLE, record->look.colour));
    for (size_t i = 0; i < record->count; i++) {
        size_t width = weft_utf8_width(record->names[i], strlen(record->names[i]));
        weft_buf_addf(line, "%s%*s  ", record->names[i], (int)(record->name_width - width), "");
        value_add(record, &cells[i]);
        weft_buf_addc(line, '\n');
    }
    WEFT_TRY(weft_buf_check(line, error));
    return weft_stream_add(record->stream, line->data, line->length, error);
}

int weft_record_end(struct weft_record *record, struct weft_error *error)
{
    char rows[32];
    if (record->look.width == 0 || !record->look.footer)
        return 0;
    weft_format_count(record->rows, rows, sizeof rows);
    weft_buf_clear(&record->line);
    weft_buf_addf(&record->line, "(%s row%s)\n", rows, record->rows == 1 ? "" : "s");
    WEFT_TRY(weft_buf_check(&record->line, error));
    return weft_stream_add(record->stream, record->line.data, record->line.length, error);
}
