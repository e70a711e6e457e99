/*
 * parquet.h - what the end of a Parquet file tells of it: how many rows it holds and what its
 * columns are called. Counted by weft itself, so that what the engine hands over can be checked.
 *
 * File: "PAR1", pages, the footer (FileMetaData in Thrift's compact protocol), its length in four
 * bytes (little endian), "PAR1". "PARE" in the place of the last: the footer is encrypted.
 * Specification: https://github.com/apache/parquet-format (parquet.thrift).
 *
 * Input is hostile: lengths are checked against the bytes that are left, depths and the footer's
 * size (256 MB) are bounded. Thread rule: any; no state.
 */
#ifndef WEFT_CODEC_PARQUET_H
#define WEFT_CODEC_PARQUET_H

#include "base/error.h"
#include "base/mem.h"

#define WEFT_PARQUET_FOOTER_MAX ((size_t)256 << 20)

struct weft_parquet_footer {
    int64_t rows; /* as the file says, and as its row groups add up to */
    int64_t row_groups;
    const char *const *columns; /* the names at the top, as written */
    size_t column_count;
    const char *int96; /* the first column with a value of type INT96; NULL = none */
    /* The first column with ...; NULL = none. */
    const char *wide;  /* a decimal of more than 38 digits */
    const char *twice; /* a struct that has two fields whose names differ only by case, or not */
    bool encrypted;    /* columns are; the footer is not */
};

/* The footer's bytes alone. INPUT when they do not read; texts say what, not where. */
int weft_parquet_footer_parse(struct weft_arena *arena, const void *data, size_t length,
                              struct weft_parquet_footer *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Of a file. INPUT for a file that is no Parquet, cut off, damaged or encrypted, with its place. */
int weft_parquet_footer_read(struct weft_arena *arena, const char *path, const char *shown,
                             struct weft_parquet_footer *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
