/*
 * grid.h - a table for people: columns as wide as the first thousand rows need, then streamed. On a
 * terminal it fits: long texts are cut with an ellipsis, columns without room are left out and
 * counted below. Elsewhere nothing is cut. Holds at most the first rows. Thread rule: one thread.
 */
#ifndef WEFT_CLI_GRID_H
#define WEFT_CLI_GRID_H

#include "cli/stream.h"
#include "context/out.h"

struct weft_grid;

struct weft_grid_look {
    int width; /* of the terminal; 0 = none */
    bool colour;
    bool nulls;       /* NULL is written out; else it is blank */
    const char *more; /* what shows the columns that were left out; NULL = --json */
    bool footer;      /* how many rows there were, on a terminal */
};

int weft_grid_open(struct weft_stream *stream, const struct weft_grid_look *look,
                   const struct weft_out_column *columns, size_t count, struct weft_grid **grid,
                   struct weft_error *error) WEFT_MUST_CHECK;
int weft_grid_row(struct weft_grid *grid, const struct weft_cell *cells, struct weft_error *error)
    WEFT_MUST_CHECK;
/* What is held is written, and the footer. */
int weft_grid_end(struct weft_grid *grid, struct weft_error *error) WEFT_MUST_CHECK;
/* One cell as text, made printable; nothing for a null. */
void weft_grid_cell_print(struct weft_buf *out, const struct weft_cell *cell);
void weft_grid_free(struct weft_grid *grid); /* NULL is nothing */

#endif
