/*
 * clock.h - time: the wall clock in microseconds since 1970-01-01T00:00:00Z, a monotonic clock for
 * durations, and RFC 3339 texts. Thread-safe.
 */
#ifndef WEFT_BASE_CLOCK_H
#define WEFT_BASE_CLOCK_H

#include "base/error.h"

#define WEFT_TIME_TEXT 40

int64_t weft_clock_us(void);      /* wall clock; may go backwards */
int64_t weft_clock_mono_us(void); /* only for differences */

/* 2026-11-21T04:05:06.123456Z; the fraction is left out when it is zero. */
void weft_time_format(int64_t us, char out[WEFT_TIME_TEXT]);
/* Reads a date (2026-11-21: midnight UTC), or date and time with T or a blank, an optional
 * fraction of up to 6 digits, and Z, an offset, or nothing (UTC). False when it is none of
 * these. */
bool weft_time_parse(const char *text, int64_t *us);
/* Reads 24h, 7d, 90m, 30s, 2w, 7y (365 days), 500ms. False when it is none of these. */
bool weft_duration_parse(const char *text, int64_t *us);
/* Days since 1970-01-01 of a proleptic Gregorian date; false when there is no such day. */
bool weft_date_to_days(int year, int month, int day, int32_t *days);
void weft_days_to_date(int32_t days, int *year, int *month, int *day);
/* "3 minutes ago", "in 2 hours", "just now": for people. */
void weft_time_ago(int64_t us, int64_t now_us, char out[WEFT_TIME_TEXT]);

#endif
