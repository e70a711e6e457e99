/*
 * record.h - a row as a block of lines, one for each column (\x): for tables wider than the screen.
 * On a terminal nothing is cut; long values go on in the next line of the screen. Thread rule: one
 * thread.
 */
#ifndef WEFT_CLI_RECORD_H
#define WEFT_CLI_RECORD_H

#include "cli/grid.h"

struct weft_record;

int weft_record_open(struct weft_stream *stream, const struct weft_grid_look *look,
                     const struct weft_out_column *columns, size_t count, struct weft_record **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
int weft_record_row(struct weft_record *record, const struct weft_cell *cells,
                    struct weft_error *error) WEFT_MUST_CHECK;
int weft_record_end(struct weft_record *record, struct weft_error *error) WEFT_MUST_CHECK;
void weft_record_free(struct weft_record *record); /* NULL is nothing */

#endif
