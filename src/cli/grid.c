/*
 * grid.c - the table printer of grid.h.
 *
 * Cells are kept as they will be shown. Once the widths are fixed, each row is written at once.
 */
#include "cli/grid.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/printable.h"
#include "cli/terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HELD_ROWS 1000
#define HELD_BYTES ((size_t)4 << 20)
#define HELD_BYTES_MAX ((size_t)3 << 30) /* one row may be large */
#define PAD_MAX 120                      /* elsewhere than on a terminal wider cells stick out */
#define CUT_MIN 8                        /* a text is not cut to less */
#define GAP 2
#define NULL_TEXT "NULL"

struct grid_column {
    char *name; /* as shown */
    size_t name_width;
    size_t width;
    bool right;
    bool whole; /* numbers and times: a part of one would be another one */
    bool left_out;
};

struct held_cell {
    size_t end; /* in text */
    bool null;
};

struct weft_grid {
    struct weft_stream *stream;
    struct weft_grid_look look;
    struct grid_column *columns;
    size_t count;
    struct weft_buf text;
    struct held_cell *cells;
    size_t cell_count, cell_capacity;
    int64_t rows;
    size_t held_rows;
    bool fixed; /* the widths are */
    size_t left_out;
    struct weft_buf line;
};

void weft_grid_free(struct weft_grid *grid)
{
    if (grid == NULL)
        return;
    for (size_t i = 0; i < grid->count; i++)
        weft_free(grid->columns[i].name);
    weft_free(grid->columns);
    weft_free(grid->cells);
    weft_buf_release(&grid->text);
    weft_buf_release(&grid->line);
    weft_free(grid);
}

static int column_init(struct grid_column *column, const struct weft_out_column *from,
                       struct weft_error *error)
{
    struct weft_buf name;
    weft_buf_init(&name, HELD_BYTES);
    weft_printable_add(&name, from->name, strlen(from->name), WEFT_PRINTABLE_CELL);
    int rc = weft_buf_check(&name, error);
    column->name_width = weft_utf8_width(name.data, name.length);
    column->width = column->name_width;
    column->right = column->whole = from->right;
    column->left_out = from->only_json;
    column->name = rc < 0 ? NULL : weft_strdup(name.data);
    weft_buf_release(&name);
    return rc < 0 ? rc : column->name == NULL ? weft_error_nomem(error) : 0;
}

int weft_grid_open(struct weft_stream *stream, const struct weft_grid_look *look,
                   const struct weft_out_column *columns, size_t count, struct weft_grid **out,
                   struct weft_error *error)
{
    struct weft_grid *grid = weft_alloc(sizeof *grid);
    if (grid == NULL)
        return weft_error_nomem(error);
    grid->stream = stream;
    grid->look = *look;
    weft_buf_init(&grid->text, HELD_BYTES_MAX);
    weft_buf_init(&grid->line, HELD_BYTES_MAX);
    grid->columns = weft_alloc_array(count + 1, sizeof *grid->columns);
    if (grid->columns == NULL) {
        weft_grid_free(grid);
        return weft_error_nomem(error);
    }
    for (size_t i = 0; i < count; i++) {
        grid->count = i + 1;
        if (column_init(&grid->columns[i], &columns[i], error) < 0) {
            weft_grid_free(grid);
            return -1;
        }
    }
    *out = grid;
    return 0;
}

/* ---- cells ---- */

static void double_print(struct weft_buf *out, double value)
{
    char text[64];
    double size = fabs(value);
    if (!isfinite(value) || size >= 1e15 || (size > 0 && size < 1e-3)) {
        weft_buf_addf(out, "%.6g", value);
        return;
    }
    int length = snprintf(text, sizeof text, "%.3f", value);
    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    weft_buf_add(out, text, (size_t)length);
}

/* 2026-11-21 04:05:06: UTC, without the fraction. */
static void time_print(struct weft_buf *out, int64_t us)
{
    char text[WEFT_TIME_TEXT];
    weft_time_format(us, text);
    char *middle = strchr(text, 'T');
    if (middle != NULL)
        *middle = ' ';
    weft_buf_add(out, text, strcspn(text, ".Z"));
}

void weft_grid_cell_print(struct weft_buf *out, const struct weft_cell *cell)
{
    switch (cell->kind) {
    case WEFT_CELL_NULL:
        break;
    case WEFT_CELL_TEXT:
    case WEFT_CELL_WORD:
    case WEFT_CELL_JSON:
        weft_printable_add(out, cell->text, strlen(cell->text), WEFT_PRINTABLE_CELL);
        break;
    case WEFT_CELL_INT:
        weft_buf_addf(out, "%" PRId64, cell->number);
        break;
    case WEFT_CELL_DOUBLE:
        double_print(out, cell->real);
        break;
    case WEFT_CELL_BOOL:
        weft_buf_adds(out, cell->number != 0 ? "yes" : "no");
        break;
    case WEFT_CELL_TIME:
        time_print(out, cell->number);
        break;
    }
}

static bool is_whole(enum weft_cell_kind kind)
{
    return kind == WEFT_CELL_WORD || kind == WEFT_CELL_INT || kind == WEFT_CELL_DOUBLE ||
           kind == WEFT_CELL_BOOL || kind == WEFT_CELL_TIME;
}

static int row_hold(struct weft_grid *grid, const struct weft_cell *cells, struct weft_error *error)
{
    if (weft_array_reserve(&grid->cells, &grid->cell_capacity, grid->cell_count + grid->count,
                           sizeof *grid->cells) < 0)
        return weft_error_nomem(error);
    for (size_t i = 0; i < grid->count; i++) {
        struct grid_column *column = &grid->columns[i];
        bool null = cells[i].kind == WEFT_CELL_NULL;
        size_t start = grid->text.length;
        if (null && grid->look.nulls)
            weft_buf_adds(&grid->text, NULL_TEXT);
        else if (!column->left_out)
            weft_grid_cell_print(&grid->text, &cells[i]);
        grid->cells[grid->cell_count++] = (struct held_cell){grid->text.length, null};
        if (grid->fixed || column->left_out)
            continue;
        size_t width = weft_utf8_width(grid->text.data + start, grid->text.length - start);
        column->width = WEFT_MAX(column->width, width);
        column->whole = column->whole || is_whole(cells[i].kind);
    }
    grid->held_rows++;
    return weft_buf_check(&grid->text, error);
}

/* ---- widths ---- */

static size_t widths_sum(const struct weft_grid *grid)
{
    size_t sum = 0;
    for (size_t i = 0; i < grid->count; i++)
        sum += grid->columns[i].left_out ? 0 : grid->columns[i].width + GAP;
    return sum == 0 ? 0 : sum - GAP;
}

/* The widest text gives way first. False when no text can. In lists of weft's own the first column
 * names what the row is about (a part of it is no name), and stays as long as it can. */
static bool widest_shrink(struct weft_grid *grid, bool first_too)
{
    struct grid_column *widest = NULL;
    size_t start = 0;
    while (!first_too && start < grid->count && grid->columns[start].left_out)
        start++;
    for (size_t i = first_too ? 0 : start + 1; i < grid->count; i++) {
        struct grid_column *column = &grid->columns[i];
        if (!column->left_out && !column->whole && column->width > CUT_MIN &&
            (widest == NULL || column->width > widest->width))
            widest = column;
    }
    if (widest != NULL)
        widest->width--;
    return widest != NULL;
}

static bool last_leave_out(struct weft_grid *grid)
{
    struct grid_column *last = NULL;
    size_t shown = 0;
    for (size_t i = 0; i < grid->count; i++) {
        if (grid->columns[i].left_out)
            continue;
        last = &grid->columns[i];
        shown++;
    }
    if (shown < 2)
        return false;
    last->left_out = true;
    grid->left_out++;
    return true;
}

static void widths_fix(struct weft_grid *grid)
{
    size_t room = (size_t)grid->look.width;
    grid->fixed = true;
    for (size_t i = 0; i < grid->count; i++) {
        struct grid_column *column = &grid->columns[i];
        if (room == 0 || !column->whole)
            column->width = WEFT_MIN(column->width, room == 0 ? PAD_MAX : room);
    }
    while (room > 0 && widths_sum(grid) > room) {
        if (!widest_shrink(grid, grid->look.footer) && !last_leave_out(grid) &&
            !widest_shrink(grid, true))
            return;
    }
}

/* ---- writing ---- */

/* Bytes of text that fit into so many columns. */
static size_t prefix_of(const char *text, size_t length, size_t width)
{
    size_t end = 0, used = 0;
    while (end < length) {
        size_t next = end + 1;
        while (next < length && ((unsigned char)text[next] & 0xC0) == 0x80)
            next++;
        used += weft_utf8_width(text + end, next - end);
        if (used > width)
            return end;
        end = next;
    }
    return end;
}

static void spaces_add(struct weft_buf *line, size_t count)
{
    weft_buf_addf(line, "%*s", (int)count, "");
}

static void padded_add(struct weft_grid *grid, const struct grid_column *column, const char *text,
                       size_t length, enum weft_style style)
{
    struct weft_buf *line = &grid->line;
    size_t width = weft_utf8_width(text, length);
    bool cut = grid->look.width > 0 && !column->whole && width > column->width;
    size_t shown = cut ? prefix_of(text, length, column->width - 1) : length;
    if (cut)
        width = weft_utf8_width(text, shown) + 1;
    size_t pad = width < column->width ? column->width - width : 0;
    if (line->length > 0)
        spaces_add(line, GAP);
    if (column->right)
        spaces_add(line, pad);
    weft_buf_adds(line, weft_style_begin(style, grid->look.colour));
    weft_buf_add(line, text, shown);
    if (cut)
        weft_buf_adds(line, "…");
    weft_buf_adds(line, weft_style_end(style, grid->look.colour));
    if (!column->right)
        spaces_add(line, pad);
}

static int line_end(struct weft_grid *grid, struct weft_error *error)
{
    struct weft_buf *line = &grid->line;
    while (line->length > 0 && line->data[line->length - 1] == ' ')
        weft_buf_shrink(line, line->length - 1);
    weft_buf_addc(line, '\n');
    WEFT_TRY(weft_buf_check(line, error));
    WEFT_TRY(weft_stream_add(grid->stream, line->data, line->length, error));
    weft_buf_clear(line);
    return 0;
}

static int head_write(struct weft_grid *grid, struct weft_error *error)
{
    for (size_t i = 0; i < grid->count; i++) {
        const struct grid_column *column = &grid->columns[i];
        if (!column->left_out)
            padded_add(grid, column, column->name, strlen(column->name), WEFT_STYLE_TITLE);
    }
    WEFT_TRY(line_end(grid, error));
    bool first = true;
    for (size_t i = 0; i < grid->count; i++) {
        const struct grid_column *column = &grid->columns[i];
        if (column->left_out)
            continue;
        if (!first)
            spaces_add(&grid->line, GAP);
        first = false;
        for (size_t n = 0; n < column->width; n++)
            weft_buf_addc(&grid->line, '-');
    }
    return line_end(grid, error);
}

static int held_write(struct weft_grid *grid, struct weft_error *error)
{
    size_t start = 0, at = 0;
    for (size_t row = 0; row < grid->held_rows; row++) {
        for (size_t i = 0; i < grid->count; i++, at++) {
            const struct held_cell *cell = &grid->cells[at];
            if (!grid->columns[i].left_out)
                padded_add(grid, &grid->columns[i], grid->text.data + start, cell->end - start,
                           cell->null ? WEFT_STYLE_DIM : WEFT_STYLE_PLAIN);
            start = cell->end;
        }
        WEFT_TRY(line_end(grid, error));
    }
    grid->held_rows = 0;
    grid->cell_count = 0;
    weft_buf_clear(&grid->text);
    return 0;
}

int weft_grid_row(struct weft_grid *grid, const struct weft_cell *cells, struct weft_error *error)
{
    grid->rows++;
    WEFT_TRY(row_hold(grid, cells, error));
    if (grid->fixed)
        return held_write(grid, error);
    if (grid->held_rows < HELD_ROWS && grid->text.length < HELD_BYTES)
        return 0;
    widths_fix(grid);
    WEFT_TRY(head_write(grid, error));
    return held_write(grid, error);
}

int weft_grid_end(struct weft_grid *grid, struct weft_error *error)
{
    bool blank = grid->rows == 0 && !grid->look.footer;
    if (!grid->fixed) {
        widths_fix(grid);
        if (!blank)
            WEFT_TRY(head_write(grid, error));
        WEFT_TRY(held_write(grid, error));
    }
    if (grid->look.width == 0 || (!grid->look.footer && grid->left_out == 0) || blank)
        return 0;
    char rows[32];
    weft_format_count(grid->rows, rows, sizeof rows);
    weft_buf_addf(&grid->line, "(%s row%s", rows, grid->rows == 1 ? "" : "s");
    if (grid->left_out > 0)
        weft_buf_addf(&grid->line, ", %zu column%s more: %s", grid->left_out,
                      grid->left_out == 1 ? "" : "s",
                      grid->look.more == NULL ? "--json" : grid->look.more);
    weft_buf_adds(&grid->line, ")");
    return line_end(grid, error);
}
