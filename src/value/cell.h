/*
 * cell.h - the text of one cell as a value of a type, strictly: the whole text or nothing.
 * " 12" and "12.7" are no long. Same answers as weft_type_accepts (document/type.h), but they give
 * the value and are quick. No allocation, no locale. Thread-safe.
 */
#ifndef WEFT_VALUE_CELL_H
#define WEFT_VALUE_CELL_H

#include "base/defs.h"
#include "document/type.h"

bool weft_cell_boolean(const char *text, size_t length, bool *out);
bool weft_cell_int64(const char *text, size_t length, int64_t *out);
bool weft_cell_int32(const char *text, size_t length, int32_t *out);
/* separator: the decimal point, '.' or ','. */
bool weft_cell_double(const char *text, size_t length, char separator, double *out);
/* The unscaled value; false also for more digits than precision and scale allow. */
bool weft_cell_decimal(const char *text, size_t length, char separator, int precision, int scale,
                       __int128 *out);
bool weft_cell_date(const char *text, size_t length, int32_t *days);
bool weft_cell_time(const char *text, size_t length, int64_t *us);
bool weft_cell_timestamp(const char *text, size_t length, int64_t *us);
/* As DuckDB holds it: the first bit turned, so that it sorts as a signed number. */
bool weft_cell_uuid(const char *text, size_t length, __int128 *out);

#define WEFT_CELL_PLAIN 128
/* A number of JSON (12.0, 1e3, 1.5E-2) without exponent and without zeros at the end of its
 * fraction: 12, 1000, 0.015. The length, 0 = it has too many digits. out: WEFT_CELL_PLAIN bytes. */
size_t weft_cell_plain(const char *text, size_t length, char *out);
/* A text as the value at row of an array of values as DuckDB holds them; no strings, no nested
 * types. number: it is a number of JSON, so 12.0 is an integer. */
bool weft_cell_value(const struct weft_type *type, const char *text, size_t length, bool number,
                     size_t row, void *values);

#endif
