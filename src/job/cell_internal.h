/*
 * cell_internal.h - the text of one cell as a value of a type, strictly: the whole text or nothing.
 * " 12" and "12.7" are no long. Same answers as weft_type_accepts (model/type.h), but they give the
 * value and are quick. No allocation, no locale. Thread-safe.
 */
#ifndef WEFT_JOB_CELL_INTERNAL_H
#define WEFT_JOB_CELL_INTERNAL_H

#include "base/defs.h"

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

#endif
