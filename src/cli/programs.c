/*
 * programs.c - the door for programs: tables as arrays of objects, streamed, one object a line;
 * JSON values as they are. Lines for people are passed over. A table that breaks off leaves its
 * array open, so that half a result cannot be taken for a whole one.
 */
#include "cli/doors.h"

#include "base/clock.h"
#include "base/mem.h"
#include "codec/json.h"

static int programs_table(void *arg, const struct weft_out_column *columns, size_t count,
                          struct weft_error *error)
{
    struct weft_door *door = arg;
    weft_free(door->head_ends);
    door->head_ends = weft_alloc_array(count + 1, sizeof *door->head_ends);
    if (door->head_ends == NULL)
        return weft_error_nomem(error);
    weft_buf_clear(&door->heads);
    for (size_t i = 0; i < count; i++) {
        struct weft_json_writer json;
        weft_json_writer_init(&json, &door->heads);
        weft_buf_addc(&door->heads, i == 0 ? '{' : ',');
        weft_json_put_text(&json, columns[i].name);
        weft_buf_addc(&door->heads, ':');
        door->head_ends[i] = door->heads.length;
    }
    door->count = count;
    door->rows = 0;
    return weft_buf_check(&door->heads, error);
}

static void cell_json(const struct weft_cell *cell, struct weft_buf *out)
{
    char time[WEFT_TIME_TEXT];
    struct weft_json_writer json;
    weft_json_writer_init(&json, out);
    switch (cell->kind) {
    case WEFT_CELL_NULL:
        weft_json_put_null(&json);
        break;
    case WEFT_CELL_TEXT:
    case WEFT_CELL_WORD:
        weft_json_put_text(&json, cell->text);
        break;
    case WEFT_CELL_INT:
        weft_json_put_int(&json, cell->number);
        break;
    case WEFT_CELL_DOUBLE:
        weft_json_put_double(&json, cell->real);
        break;
    case WEFT_CELL_BOOL:
        weft_json_put_bool(&json, cell->number != 0);
        break;
    case WEFT_CELL_TIME:
        weft_time_format(cell->number, time);
        weft_json_put_text(&json, time);
        break;
    case WEFT_CELL_JSON:
        weft_buf_adds(out, cell->text);
        break;
    }
}

static int programs_row(void *arg, const struct weft_cell *cells, struct weft_error *error)
{
    struct weft_door *door = arg;
    size_t start = 0;
    weft_buf_clear(&door->row);
    weft_buf_adds(&door->row, door->rows++ == 0 ? "[" : ",\n");
    for (size_t i = 0; i < door->count; i++) {
        weft_buf_add(&door->row, door->heads.data + start, door->head_ends[i] - start);
        cell_json(&cells[i], &door->row);
        start = door->head_ends[i];
    }
    weft_buf_adds(&door->row, door->count == 0 ? "{}" : "}");
    WEFT_TRY(weft_buf_check(&door->row, error));
    return weft_stream_bytes(door->stream, door->row.data, door->row.length, error);
}

static int programs_table_end(void *arg, struct weft_error *error)
{
    struct weft_door *door = arg;
    weft_terminal_quiet(door->terminal);
    return door->rows == 0 ? weft_stream_add(door->stream, "[]\n", 3, error)
                           : weft_stream_add(door->stream, "]\n", 2, error);
}

static int programs_line(void *arg, enum weft_style style, const char *text,
                         struct weft_error *error)
{
    (void)arg, (void)style, (void)text, (void)error;
    return 0;
}

static int programs_json(void *arg, const char *json, size_t length, struct weft_error *error)
{
    struct weft_door *door = arg;
    weft_terminal_quiet(door->terminal);
    WEFT_TRY(weft_stream_bytes(door->stream, json, length, error));
    if (length > 0 && json[length - 1] == '\n')
        return 0;
    return weft_stream_add(door->stream, "\n", 1, error);
}

void weft_programs_open(struct weft_door *door, struct weft_stream *stream,
                        struct weft_terminal *terminal, struct weft_out *out)
{
    weft_door_share(door, stream, terminal, out);
    out->table = programs_table;
    out->row = programs_row;
    out->table_end = programs_table_end;
    out->line = programs_line;
    out->json = programs_json;
    /* Who reads JSON wants no plain lines of progress beside it. */
    if (!terminal->err_terminal)
        out->progress = NULL;
}
