/*
 * text.h - small questions about text: UTF-8, numbers, sizes, suggestions for misspelt words.
 * Allocates nothing. Thread-safe.
 */
#ifndef WEFT_BASE_TEXT_H
#define WEFT_BASE_TEXT_H

#include "base/buf.h"

/* Offset of the first byte that is not well-formed UTF-8 (RFC 3629), or length when all is. */
size_t weft_utf8_valid(const char *data, size_t length);
/* Code points in a valid text; columns on a terminal (East Asian wide = 2, combining = 0). */
size_t weft_utf8_count(const char *data, size_t length);
size_t weft_utf8_width(const char *data, size_t length);

/* Whole text, decimal, no blanks; false on anything else or overflow. */
bool weft_parse_int64(const char *text, size_t length, int64_t *value);
bool weft_parse_double(const char *text, size_t length, double *value);
/* 512MB, 4GB, 64KB, 1024 (bytes); powers of 1024 for KB/KiB, MB/MiB, GB/GiB, TB/TiB. */
bool weft_parse_size(const char *text, int64_t *bytes);
/* 29.0 MB, 512 B. */
void weft_format_size(int64_t bytes, char *out, size_t out_size);
/* 720,998 */
void weft_format_count(int64_t count, char *out, size_t out_size);

/* ASCII only, as SQL names fold. */
bool weft_equal_fold(const char *a, const char *b);
char weft_lower(char c);

/* Does it end so, with something before that? */
bool weft_ends_in(const char *text, const char *end);

/* The candidate nearest to `word` (Damerau-Levenshtein, at most a third of its length and at most
 * 3), or NULL. */
const char *weft_suggest(const char *word, const char *const *candidates, size_t count);

/* The names of product.md: [a-z][a-z0-9]*(_[a-z0-9]+)*, at most 45 characters. */
#define WEFT_NAME_MAX 45
bool weft_name_valid(const char *name);
/* What the name would be if it were right: "Daily Reports" -> daily_reports. */
void weft_name_propose(const char *name, char out[WEFT_NAME_MAX + 1]);

#endif
