/*
 * date_format.h - formats of dates and times beyond ISO 8601, as strptime writes them, and whether
 * a text reads as the options of an input say. No allocation, no locale. Thread-safe.
 */
#ifndef WEFT_VALUE_DATE_FORMAT_H
#define WEFT_VALUE_DATE_FORMAT_H

#include "base/defs.h"
#include "model/product.h"

size_t weft_date_format_count(void);
const char *weft_date_format(size_t i);
bool weft_date_format_timed(size_t i); /* with hours: of a timestamp */
/* Of the same parts in another order: %d/%m/%Y of %m/%d/%Y. SIZE_MAX = none. */
size_t weft_date_format_twin(size_t i);
/* Microseconds since 1970. */
bool weft_date_format_read(size_t i, const char *text, size_t length, int64_t *us);

/* Does the text read as a date, a timestamp, as the options say? A format that is not among these
 * is known to the engine alone: false. */
bool weft_date_fits(const struct weft_csv_options *csv, const char *text, size_t length);
bool weft_timestamp_fits(const struct weft_csv_options *csv, const char *text, size_t length);

#endif
