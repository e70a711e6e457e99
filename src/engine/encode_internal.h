/*
 * encode_internal.h - the texts of single values, shared by encode.c (which walks vectors) and
 * encode_text.c (which writes numbers, dates, intervals).
 */
#ifndef WEFT_ENGINE_ENCODE_INTERNAL_H
#define WEFT_ENGINE_ENCODE_INTERNAL_H

#include "base/buf.h"
#include "engine/duckdb_api.h"

/* As DuckDB's cast to VARCHAR writes them. */
void weft_encode_double(double value, struct weft_buf *out);
void weft_encode_float(float value, struct weft_buf *out);
void weft_encode_hugeint(duckdb_hugeint value, struct weft_buf *out);
void weft_encode_uhugeint(duckdb_uhugeint value, struct weft_buf *out);
void weft_encode_decimal(__int128 value, int scale, struct weft_buf *out);
void weft_encode_date(int32_t days, struct weft_buf *out);
void weft_encode_time(int64_t count, int64_t per_second, struct weft_buf *out);
void weft_encode_time_tz(uint64_t bits, struct weft_buf *out);
/* count units of per_second since 1970; digits of the fraction = log10(per_second). */
void weft_encode_timestamp(int64_t count, int64_t per_second, bool zone, struct weft_buf *out);
void weft_encode_interval(duckdb_interval value, struct weft_buf *out);
void weft_encode_uuid(duckdb_hugeint value, struct weft_buf *out);
void weft_encode_blob(const char *data, size_t length, struct weft_buf *out);
void weft_encode_bit(const char *data, size_t length, struct weft_buf *out);

#endif
