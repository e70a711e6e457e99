/*
 * out.c - the stream of results of out.h. Owns nothing; calls the door.
 */
#include "context/out.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>

#define LINE_MAX_BYTES 65536

int weft_out_table(struct weft_out *out, const struct weft_out_column *columns, size_t count,
                   struct weft_error *error)
{
    return out->table(out->arg, columns, count, error);
}

int weft_out_row(struct weft_out *out, const struct weft_cell *cells, struct weft_error *error)
{
    return out->row(out->arg, cells, error);
}

int weft_out_table_end(struct weft_out *out, struct weft_error *error)
{
    return out->table_end(out->arg, error);
}

int weft_out_line(struct weft_out *out, enum weft_style style, struct weft_error *error,
                  const char *format, ...)
{
    if (!out->for_people)
        return 0;
    struct weft_buf buf;
    weft_buf_init(&buf, LINE_MAX_BYTES);
    va_list args;
    va_start(args, format);
    weft_buf_addv(&buf, format, args);
    va_end(args);
    int rc = weft_buf_check(&buf, error);
    if (rc == 0)
        rc = out->line(out->arg, style, buf.data, error);
    weft_buf_release(&buf);
    return rc;
}

int weft_out_json(struct weft_out *out, const struct weft_buf *json, struct weft_error *error)
{
    if (out->for_people)
        return 0;
    WEFT_TRY(weft_buf_check(json, error));
    return out->json(out->arg, json->data, json->length, error);
}

int weft_out_bytes(struct weft_out *out, const void *data, size_t length, struct weft_error *error)
{
    return out->bytes(out->arg, data, length, error);
}

static void note_send(struct weft_out *out, enum weft_severity severity, const char *format,
                      va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    struct weft_diag_item item = {.severity = severity, .file = "", .message = text};
    out->note(out->arg, &item);
}

int weft_out_flush(struct weft_out *out, struct weft_error *error)
{
    return out->flush == NULL ? 0 : out->flush(out->arg, error);
}

void weft_out_warn(struct weft_out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note_send(out, WEFT_SEVERITY_WARNING, format, args);
    va_end(args);
}

void weft_out_note(struct weft_out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note_send(out, WEFT_SEVERITY_NOTE, format, args);
    va_end(args);
}

void weft_out_diag(struct weft_out *out, struct weft_diag *diag)
{
    weft_diag_sort(diag);
    for (size_t i = 0; i < diag->count; i++)
        out->note(out->arg, &diag->items[i]);
}

struct weft_cell weft_out_cell_text(const char *text)
{
    struct weft_cell cell = {.kind = text == NULL ? WEFT_CELL_NULL : WEFT_CELL_TEXT, .text = text};
    return cell;
}

struct weft_cell weft_out_cell_int(int64_t value)
{
    struct weft_cell cell = {.kind = WEFT_CELL_INT, .number = value};
    return cell;
}

struct weft_cell weft_out_cell_double(double value)
{
    struct weft_cell cell = {.kind = isnan(value) ? WEFT_CELL_NULL : WEFT_CELL_DOUBLE,
                             .real = value};
    return cell;
}

struct weft_cell weft_out_cell_bool(bool value)
{
    struct weft_cell cell = {.kind = WEFT_CELL_BOOL, .number = value};
    return cell;
}

struct weft_cell weft_out_cell_time(int64_t us)
{
    struct weft_cell cell = {.kind = us == 0 ? WEFT_CELL_NULL : WEFT_CELL_TIME, .number = us};
    return cell;
}

struct weft_cell weft_out_cell_json(const char *json)
{
    struct weft_cell cell = {.kind = json == NULL ? WEFT_CELL_NULL : WEFT_CELL_JSON, .text = json};
    return cell;
}
