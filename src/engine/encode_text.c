/*
 * encode_text.c - numbers, times and the like as DuckDB's cast to VARCHAR writes them.
 */
#include "base/clock.h"
#include "engine/encode_internal.h"

#include <math.h>

#define DAY_SECONDS 86400
#define MICROS 1000000
#define FIXED_EXPONENT 16 /* from here on DuckDB writes an exponent */
#define TIME_TZ_BITS 24
#define TIME_TZ_OFFSET 57599 /* 16:00:00 - 1 s, stored as the difference to it */

/* "d.ddde±xx" laid out as the fmt library does: fixed between 1e-4 and 1e16. */
static void number_layout(const char *scientific, struct weft_buf *out)
{
    char digits[32];
    size_t count = 0;
    const char *at = scientific;
    if (*at == '-')
        weft_buf_addc(out, *at++);
    for (; *at != 'e'; at++)
        if (*at != '.')
            digits[count++] = *at;
    long exponent = strtol(at + 1, NULL, 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    if (exponent < -4 || exponent >= FIXED_EXPONENT) {
        weft_buf_addc(out, digits[0]);
        if (count > 1)
            weft_buf_addc(out, '.');
        weft_buf_add(out, digits + 1, count - 1);
        weft_buf_addf(out, "e%c%02ld", exponent < 0 ? '-' : '+', labs(exponent));
        return;
    }
    if (exponent < 0) {
        weft_buf_add(out, "0.0000", (size_t)(1 - exponent));
        weft_buf_add(out, digits, count);
        return;
    }
    for (size_t i = 0; i <= (size_t)exponent || i < count; i++) {
        if (i == (size_t)exponent + 1)
            weft_buf_addc(out, '.');
        weft_buf_addc(out, i < count ? digits[i] : '0');
    }
    if (count <= (size_t)exponent + 1)
        weft_buf_adds(out, ".0");
}

static bool number_special(double value, struct weft_buf *out)
{
    if (isnan(value))
        weft_buf_adds(out, "nan");
    else if (isinf(value))
        weft_buf_adds(out, value < 0 ? "-inf" : "inf");
    else if (value == 0)
        weft_buf_adds(out, signbit(value) ? "-0.0" : "0.0");
    else
        return false;
    return true;
}

void weft_encode_double(double value, struct weft_buf *out)
{
    char text[48];
    if (number_special(value, out))
        return;
    for (int precision = 14; precision <= 16; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    number_layout(text, out);
}

void weft_encode_float(float value, struct weft_buf *out)
{
    char text[48];
    if (number_special((double)value, out))
        return;
    for (int precision = 5; precision <= 8; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    number_layout(text, out);
}

static void uint128_put(unsigned __int128 value, struct weft_buf *out)
{
    char digits[40];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    weft_buf_add(out, digits + at, sizeof(digits) - at);
}

static unsigned __int128 uint128_abs(__int128 value)
{
    return value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
}

void weft_encode_hugeint(duckdb_hugeint value, struct weft_buf *out)
{
    __int128 whole = (__int128)(((unsigned __int128)(uint64_t)value.upper << 64) | value.lower);
    if (whole < 0)
        weft_buf_addc(out, '-');
    uint128_put(uint128_abs(whole), out);
}

void weft_encode_uhugeint(duckdb_uhugeint value, struct weft_buf *out)
{
    uint128_put(((unsigned __int128)value.upper << 64) | value.lower, out);
}

void weft_encode_decimal(__int128 value, int scale, struct weft_buf *out)
{
    unsigned __int128 unit = 1;
    for (int i = 0; i < scale; i++)
        unit *= 10;
    unsigned __int128 whole = uint128_abs(value);
    if (value < 0)
        weft_buf_addc(out, '-');
    uint128_put(whole / unit, out);
    if (scale == 0)
        return;
    weft_buf_addc(out, '.');
    for (whole %= unit, unit /= 10; unit != 0; unit /= 10)
        weft_buf_addc(out, (char)('0' + (int)(whole / unit % 10)));
}

/* Years before 1 are written as (BC). */
static void date_put(int64_t days, const char *between, struct weft_buf *out, bool *bc)
{
    int year, month, day;
    weft_days_to_date((int32_t)days, &year, &month, &day);
    *bc = year <= 0;
    weft_buf_addf(out, "%04d-%02d-%02d%s", *bc ? 1 - year : year, month, day, between);
}

void weft_encode_date(int32_t days, struct weft_buf *out)
{
    bool bc = false;
    if (days == INT32_MAX || days == -INT32_MAX) {
        weft_buf_adds(out, days > 0 ? "infinity" : "-infinity");
        return;
    }
    date_put(days, "", out, &bc);
    if (bc)
        weft_buf_adds(out, " (BC)");
}

/* hh:mm:ss and the fraction without its trailing zeros. */
static void clock_put(uint64_t seconds, uint64_t fraction, uint64_t per_second,
                      struct weft_buf *out)
{
    weft_buf_addf(out, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60,
                  seconds % 60);
    if (fraction == 0)
        return;
    weft_buf_addc(out, '.');
    for (uint64_t unit = per_second / 10; unit != 0 && fraction != 0; unit /= 10) {
        weft_buf_addc(out, (char)('0' + (int)(fraction / unit)));
        fraction %= unit;
    }
}

void weft_encode_time(int64_t count, int64_t per_second, struct weft_buf *out)
{
    uint64_t unit = (uint64_t)per_second;
    clock_put((uint64_t)count / unit, (uint64_t)count % unit, unit, out);
}

static void offset_put(int64_t seconds, struct weft_buf *out)
{
    uint64_t rest = (uint64_t)llabs(seconds);
    weft_buf_addf(out, "%c%02" PRIu64, seconds < 0 ? '-' : '+', rest / 3600);
    if (rest % 3600 != 0)
        weft_buf_addf(out, ":%02" PRIu64, rest / 60 % 60);
    if (rest % 60 != 0)
        weft_buf_addf(out, ":%02" PRIu64, rest % 60);
}

void weft_encode_time_tz(uint64_t bits, struct weft_buf *out)
{
    weft_encode_time((int64_t)(bits >> TIME_TZ_BITS), MICROS, out);
    offset_put(TIME_TZ_OFFSET - (int64_t)(bits & ((1u << TIME_TZ_BITS) - 1)), out);
}

void weft_encode_timestamp(int64_t count, int64_t per_second, bool zone, struct weft_buf *out)
{
    if (count == INT64_MAX || count == -INT64_MAX) {
        weft_buf_adds(out, count > 0 ? "infinity" : "-infinity");
        return;
    }
    int64_t seconds = count / per_second;
    int64_t fraction = count % per_second;
    if (fraction < 0) {
        fraction += per_second;
        seconds--;
    }
    int64_t days = seconds / DAY_SECONDS;
    int64_t rest = seconds % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    bool bc = false;
    date_put(days, " ", out, &bc);
    clock_put((uint64_t)rest, (uint64_t)fraction, (uint64_t)per_second, out);
    if (bc)
        weft_buf_adds(out, " (BC)");
    if (zone)
        weft_buf_adds(out, "+00");
}

static void interval_part(int32_t count, const char *unit, bool *any, struct weft_buf *out)
{
    if (count == 0)
        return;
    weft_buf_addf(out, "%s%d %s%s", *any ? " " : "", count, unit,
                  count == 1 || count == -1 ? "" : "s");
    *any = true;
}

void weft_encode_interval(duckdb_interval value, struct weft_buf *out)
{
    bool any = false;
    interval_part(value.months / 12, "year", &any, out);
    interval_part(value.months % 12, "month", &any, out);
    interval_part(value.days, "day", &any, out);
    if (value.micros == 0 && any)
        return;
    if (any)
        weft_buf_addc(out, ' ');
    if (value.micros < 0)
        weft_buf_addc(out, '-');
    uint64_t micros = value.micros < 0 ? -(uint64_t)value.micros : (uint64_t)value.micros;
    clock_put(micros / MICROS, micros % MICROS, MICROS, out);
}

void weft_encode_uuid(duckdb_hugeint value, struct weft_buf *out)
{
    /* The top bit is flipped in storage, so that the order of hugeints is that of the texts. */
    uint64_t upper = (uint64_t)value.upper ^ ((uint64_t)1 << 63);
    weft_buf_addf(out, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                  upper >> 32, upper >> 16 & 0xffff, upper & 0xffff, value.lower >> 48,
                  value.lower & (((uint64_t)1 << 48) - 1));
}

void weft_encode_blob(const char *data, size_t length, struct weft_buf *out)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 32 && c <= 126 && c != '\\' && c != '\'' && c != '"')
            weft_buf_addc(out, (char)c);
        else
            weft_buf_addf(out, "\\x%02X", c);
    }
}

/* The first byte counts the unused bits at the front of the second. */
void weft_encode_bit(const char *data, size_t length, struct weft_buf *out)
{
    if (length == 0)
        return;
    size_t skip = (unsigned char)data[0];
    for (size_t bit = skip; bit < (length - 1) * 8; bit++)
        weft_buf_addc(out, (data[1 + bit / 8] >> (7 - bit % 8) & 1) != 0 ? '1' : '0');
}
