/*
 * people.c - the door for people: tables by grid.h, lines with their style.
 */
#include "cli/doors.h"

#include "base/mem.h"
#include "cli/printable.h"

#include <string.h>

#define LINE_BYTES_MAX ((size_t)1 << 20)

static int people_table(void *arg, const struct weft_out_column *columns, size_t count,
                        struct weft_error *error)
{
    struct weft_door *door = arg;
    bool screen = door->stream->terminal; /* it may be a file beside one */
    const struct weft_grid_look look = {.width = screen ? door->terminal->width : 0,
                                        .colour = screen && door->terminal->out_colour,
                                        .nulls = door->query,
                                        .more = door->shell ? "\\x" : NULL,
                                        .footer = door->query};
    weft_terminal_quiet(door->terminal);
    assert(door->grid == NULL && door->record == NULL);
    if (door->expanded)
        return weft_record_open(door->stream, &look, columns, count, &door->record, error);
    return weft_grid_open(door->stream, &look, columns, count, &door->grid, error);
}

static int people_row(void *arg, const struct weft_cell *cells, struct weft_error *error)
{
    struct weft_door *door = arg;
    return door->record != NULL ? weft_record_row(door->record, cells, error)
                                : weft_grid_row(door->grid, cells, error);
}

static int people_table_end(void *arg, struct weft_error *error)
{
    struct weft_door *door = arg;
    int rc = door->record != NULL ? weft_record_end(door->record, error)
                                  : weft_grid_end(door->grid, error);
    weft_grid_free(door->grid);
    weft_record_free(door->record);
    door->grid = NULL;
    door->record = NULL;
    return rc;
}

static int people_line(void *arg, enum weft_style style, const char *text, struct weft_error *error)
{
    struct weft_door *door = arg;
    bool colour = door->terminal->out_colour && door->stream->terminal;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, LINE_BYTES_MAX);
    weft_buf_adds(&line, weft_style_begin(style, colour));
    weft_printable_add(&line, text, strlen(text), WEFT_PRINTABLE_LINES);
    weft_buf_adds(&line, weft_style_end(style, colour));
    weft_buf_addc(&line, '\n');
    WEFT_TRY(weft_buf_check(&line, error));
    weft_terminal_quiet(door->terminal);
    WEFT_TRY(weft_stream_add(door->stream, line.data, line.length, error));
    /* Lines tell of work that goes on: they are shown when they are made. */
    return weft_stream_flush(door->stream, error);
}

static int people_json(void *arg, const char *json, size_t length, struct weft_error *error)
{
    (void)arg, (void)json, (void)length, (void)error;
    return 0;
}

static int door_bytes(void *arg, const void *data, size_t length, struct weft_error *error)
{
    struct weft_door *door = arg;
    weft_terminal_quiet(door->terminal);
    return weft_stream_bytes(door->stream, data, length, error);
}

static void door_note(void *arg, const struct weft_diag_item *item)
{
    weft_terminal_note(((struct weft_door *)arg)->terminal, item);
}

static void door_progress(void *arg, const struct weft_out_progress *progress)
{
    weft_terminal_progress(((struct weft_door *)arg)->terminal, progress);
}

static int door_ask(void *arg, const char *question, bool *yes, struct weft_error *error)
{
    return weft_terminal_ask(((struct weft_door *)arg)->terminal, question, yes, error);
}

static int door_ask_secret(void *arg, const char *question, char *text, size_t size, size_t *length,
                           struct weft_error *error)
{
    return weft_terminal_ask_secret(((struct weft_door *)arg)->terminal, question, text, size,
                                    length, error);
}

static int door_flush(void *arg, struct weft_error *error)
{
    struct weft_door *door = arg;
    weft_terminal_quiet(door->terminal);
    return weft_stream_flush(door->stream, error);
}

void weft_door_share(struct weft_door *door, struct weft_stream *stream,
                     struct weft_terminal *terminal, struct weft_out *out)
{
    *door = (struct weft_door){.stream = stream, .terminal = terminal};
    weft_buf_init(&door->heads, (size_t)16 << 20);
    weft_buf_init(&door->row, (size_t)1 << 30);
    *out = (struct weft_out){.arg = door,
                             .terminal = stream->terminal,
                             .bytes = door_bytes,
                             .note = door_note,
                             .progress = door_progress,
                             .flush = door_flush,
                             .ask = door_ask,
                             .ask_secret = door_ask_secret};
}

void weft_people_open(struct weft_door *door, struct weft_stream *stream,
                      struct weft_terminal *terminal, bool query, struct weft_out *out)
{
    weft_door_share(door, stream, terminal, out);
    door->query = query;
    out->for_people = true;
    out->table = people_table;
    out->row = people_row;
    out->table_end = people_table_end;
    out->line = people_line;
    out->json = people_json;
}

void weft_door_close(struct weft_door *door)
{
    weft_grid_free(door->grid);
    weft_record_free(door->record);
    door->grid = NULL;
    door->record = NULL;
    weft_free(door->head_ends);
    door->head_ends = NULL;
    weft_buf_release(&door->heads);
    weft_buf_release(&door->row);
}
