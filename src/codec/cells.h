/*
 * cells.h - a small table of text, whole in memory: what a person saved from a spreadsheet.
 *
 * Comma, semicolon or tab between cells, whichever the first line has most of outside of quotes;
 * cells may be quoted with ", doubled inside; lines end with LF or CRLF; a byte order mark and
 * empty lines are passed over. Records may differ in their number of cells: that is for the caller.
 * Refused, with the line: text behind a closing quote, a quote that is not closed, bytes that are
 * no UTF-8, a NUL.
 */
#ifndef WEFT_CODEC_CELLS_H
#define WEFT_CODEC_CELLS_H

#include "base/error.h"
#include "base/mem.h"

struct weft_cells_cell {
    const char *text;
    bool quoted;
};

struct weft_cells_row {
    int64_t line; /* on which it begins, from 1 */
    struct weft_cells_cell *cells;
    size_t count;
};

struct weft_cells {
    struct weft_cells_row *rows;
    size_t count;
    char delimiter;
};

/* All in the arena. INPUT with the line in error, whose place has no file: the caller knows it. */
int weft_cells_read(struct weft_arena *arena, const char *text, size_t length,
                    struct weft_cells *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif
