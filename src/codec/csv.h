/*
 * csv.h - a block of whole records as cells, many records at a time.
 *
 * Cells of a column lie side by side (begin and length within the block), so that each column is
 * read in one tight loop. A quoted cell is marked in its length; doubled quotes are undone in place
 * (the raw text is found again by the record's offset).
 * Thread rule: a splitter belongs to one thread.
 */
#ifndef WEFT_CODEC_CSV_H
#define WEFT_CODEC_CSV_H

#include "base/error.h"

#include <string.h>

#define WEFT_CSV_QUOTED UINT32_C(0x80000000)
#define WEFT_CSV_PAD 64

struct weft_csv {
    char delimiter;
    char quote;     /* 0 = none */
    size_t cells;   /* in each record */
    const int *map; /* cell -> slot, -1 = left out */
    size_t slots;   /* columns */
    size_t row_max; /* of one batch */

    char *data; /* the block, with WEFT_CSV_PAD bytes behind it */
    size_t length;
    size_t position;
    int64_t base;    /* id of data[0] */
    uint32_t *index; /* places of delimiters, quotes and line ends */
    size_t index_count;
    size_t index_at;

    /* the batch: [slot * row_max + row] */
    uint32_t *begin;
    uint32_t *size;
    int64_t *ids;
    uint8_t *bad; /* wrong number of cells, or text behind a closing quote */
};

/* The end of the last complete record in data, which begins at a record's start; 0 = none. *open =
 * the place of a quote that is still open at the end, else -1. */
size_t weft_csv_end(const char *data, size_t length, char delimiter, char quote, int64_t *open_at);
/* Before the first batch of a block. */
void weft_csv_index(struct weft_csv *split);
/* Fills the next batch; the number of its records, 0 at the end of the block. */
size_t weft_csv_batch(struct weft_csv *split);

#endif
