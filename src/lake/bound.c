/*
 * bound.c - bounds of a column in Iceberg's single-value serialization, from the texts that
 * DuckDB's RETURN_STATS gives (Iceberg specification, appendix D):
 *   boolean 1 byte; int, date 4 bytes little-endian; long, time, timestamp(tz) 8 bytes
 *   little-endian (microseconds); float, double IEEE little-endian; decimal unscaled two's
 *   complement big-endian in the fewest bytes; string UTF-8; uuid 16 bytes big-endian; binary as
 *   it is.
 *
 * A wrong bound makes rows disappear without an error, so what is not understood gives no bound.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "lake/table_internal.h"

#include <math.h>
#include <string.h>

#define BOUND_CODE_POINTS 16
#define BOUND_BYTES 16

static bool read_digits(const char **at, int count, int64_t *value)
{
    if (strspn(*at, "0123456789") < (size_t)count)
        return false;
    if (!weft_parse_int64(*at, (size_t)count, value))
        return false;
    *at += count;
    return true;
}

static bool read_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *days)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    size_t digits = strspn(*at, "0123456789");
    int32_t found = 0;
    if (digits < 4 || digits > 6 || !read_digits(at, (int)digits, &year) || !read_char(at, '-') ||
        !read_digits(at, 2, &month) || !read_char(at, '-') || !read_digits(at, 2, &day))
        return false;
    if (!weft_date_to_days((int)year, (int)month, (int)day, &found))
        return false;
    *days = found;
    return true;
}

static bool read_time(const char **at, int64_t *us)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t fraction = 0;
    if (!read_digits(at, 2, &hour) || !read_char(at, ':') || !read_digits(at, 2, &minute) ||
        !read_char(at, ':') || !read_digits(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    if (read_char(at, '.')) {
        size_t digits = strspn(*at, "0123456789");
        if (digits < 1 || digits > 6 || !read_digits(at, (int)digits, &fraction))
            return false;
        for (size_t i = digits; i < 6; i++)
            fraction *= 10;
    }
    *us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return true;
}

/* +00, -05, +05:30, Z */
static bool read_offset(const char **at, int64_t *us)
{
    *us = 0;
    if (read_char(at, 'Z'))
        return true;
    int64_t sign = **at == '-' ? -1 : 1;
    int64_t parts[3] = {0};
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!read_digits(at, 2, &parts[0]))
        return false;
    for (int i = 1; i < 3 && **at == ':'; i++) {
        (*at)++;
        if (!read_digits(at, 2, &parts[i]))
            return false;
    }
    *us = sign * ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000000;
    return true;
}

static bool read_timestamp(const char *text, bool zone, int64_t *us)
{
    const char *at = text;
    int64_t days = 0;
    int64_t time = 0;
    int64_t offset = 0;
    if (!read_date(&at, &days))
        return false;
    if (*at != '\0' && !((read_char(&at, ' ') || read_char(&at, 'T')) && read_time(&at, &time)))
        return false;
    if (zone && !read_offset(&at, &offset))
        return false;
    /* Beyond 292,000 years the sum would leave 64 bits. */
    if (*at != '\0' || days > 100000000)
        return false;
    *us = days * 86400000000 + time - offset;
    return true;
}

/* Unscaled value, two's complement, big-endian, fewest bytes. */
static bool put_decimal(const char *text, int scale, unsigned char *out, size_t *length)
{
    bool negative = *text == '-';
    text += negative || *text == '+';
    unsigned __int128 value = 0;
    int fraction = -1;
    int digits = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && fraction < 0) {
            fraction = 0;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        digits += digits > 0 || *text != '0';
        fraction += fraction >= 0;
        value = value * 10 + (unsigned)(*text - '0');
        if (digits > 38 || fraction > scale)
            return false;
    }
    for (int i = WEFT_MAX(fraction, 0); i < scale; i++, digits += digits > 0)
        value *= 10;
    if (digits > 38)
        return false;
    __int128 number = negative ? -(__int128)value : (__int128)value;
    size_t size = 1;
    while (size < 16 && (number >> (8 * size - 1)) != 0 && (number >> (8 * size - 1)) != -1)
        size++;
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    *length = size;
    return true;
}

static void put_little(uint64_t value, size_t size, unsigned char *out, size_t *length)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(value >> (8 * i));
    *length = size;
}

static bool put_float(const struct weft_type *type, const char *text, bool upper,
                      unsigned char *out, size_t *length)
{
    double value = 0;
    if (!weft_parse_double(text, strlen(text), &value) || isnan(value))
        return false;
    /* Both zeros lie within the bounds: -0.0 sorts before 0.0 for some readers. */
    if (value == 0)
        value = upper ? 0.0 : -0.0;
    if (type->kind == WEFT_TYPE_FLOAT) {
        float narrow = (float)value;
        /* The text is a float's: a value that is not one would be rounded to the wrong side. */
        if (upper && (double)narrow < value)
            narrow = nextafterf(narrow, INFINITY);
        if (!upper && (double)narrow > value)
            narrow = nextafterf(narrow, -INFINITY);
        uint32_t bits = 0;
        memcpy(&bits, &narrow, sizeof bits);
        put_little(bits, 4, out, length);
        return true;
    }
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put_little(bits, 8, out, length);
    return true;
}

static bool put_uuid(const char *text, unsigned char *out, size_t *length)
{
    char digits[33];
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (count == 32)
            return false;
        digits[count++] = *text;
    }
    digits[count] = '\0';
    *length = 16;
    return count == 32 && weft_unhex(digits, out, 16);
}

static bool put_boolean(const char *text, unsigned char *out, size_t *length)
{
    bool yes = strcmp(text, "1") == 0 || weft_equal_fold(text, "true");
    bool no = strcmp(text, "0") == 0 || weft_equal_fold(text, "false");
    out[0] = yes;
    *length = 1;
    return yes || no;
}

static bool put_int(const char *text, bool narrow, unsigned char *out, size_t *length)
{
    int64_t value = 0;
    if (!weft_parse_int64(text, strlen(text), &value))
        return false;
    if (narrow && (value < INT32_MIN || value > INT32_MAX))
        return false;
    put_little((uint64_t)value, narrow ? 4 : 8, out, length);
    return true;
}

static bool put_fixed(const struct weft_type *type, const char *text, bool upper,
                      unsigned char *out, size_t *length)
{
    int64_t value = 0;
    const char *at = text;
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        return put_boolean(text, out, length);
    case WEFT_TYPE_INT:
    case WEFT_TYPE_LONG:
        return put_int(text, type->kind == WEFT_TYPE_INT, out, length);
    case WEFT_TYPE_FLOAT:
    case WEFT_TYPE_DOUBLE:
        return put_float(type, text, upper, out, length);
    case WEFT_TYPE_DECIMAL:
        return put_decimal(text, type->scale, out, length);
    case WEFT_TYPE_DATE:
        if (!read_date(&at, &value) || *at != '\0')
            return false;
        put_little((uint64_t)value, 4, out, length);
        return true;
    case WEFT_TYPE_TIME:
        if (!read_time(&at, &value) || *at != '\0')
            return false;
        put_little((uint64_t)value, 8, out, length);
        return true;
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        if (!read_timestamp(text, type->kind == WEFT_TYPE_TIMESTAMPTZ, &value))
            return false;
        put_little((uint64_t)value, 8, out, length);
        return true;
    case WEFT_TYPE_UUID:
        return put_uuid(text, out, length);
    default:
        return false;
    }
}

/* ---- texts and bytes: cut, and the upper one raised ---- */

static size_t sequence_length(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static uint32_t read_point(const char *data, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)data[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)data[i] & 0x3f);
    return point;
}

static size_t put_point(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(heads[length] | point);
    return length;
}

/* The smallest text above all that begin with this one: its last code point plus one; a last code
 * point that has no successor is dropped first. False when there is none. `starts` has the place of
 * each code point; data has room for one byte more. */
static bool raise_text(char *data, const size_t *starts, size_t count, size_t *length)
{
    while (count > 0) {
        size_t start = starts[count - 1];
        uint32_t point = read_point(data + start, *length - start) + 1;
        if (point == 0xd800)
            point = 0xe000;
        if (point <= 0x10ffff) {
            *length = start + put_point(point, data + start);
            return true;
        }
        *length = start;
        count--;
    }
    return false;
}

static int bound_text(struct weft_arena *arena, const char *text, bool upper, struct weft_str *out,
                      struct weft_error *error)
{
    size_t whole = strlen(text);
    if (weft_utf8_valid(text, whole) != whole)
        return 0;
    size_t starts[BOUND_CODE_POINTS];
    size_t count = 0;
    size_t length = 0;
    while (length < whole && count < BOUND_CODE_POINTS) {
        starts[count++] = length;
        length += sequence_length((unsigned char)text[length]);
    }
    char *data = weft_arena_alloc(arena, length + 5);
    if (data == NULL)
        return weft_error_nomem(error);
    memcpy(data, text, length);
    if (upper && length < whole && !raise_text(data, starts, count, &length))
        return 0;
    *out = (struct weft_str){data, length};
    return 0;
}

/* DuckDB prints a blob's bounds as hexadecimal. */
static int bound_binary(struct weft_arena *arena, const char *text, bool upper,
                        struct weft_str *out, struct weft_error *error)
{
    size_t whole = strlen(text) / 2;
    unsigned char *data = weft_arena_alloc(arena, whole + 1);
    char *digits = weft_arena_strdup(arena, text);
    if (data == NULL || digits == NULL)
        return weft_error_nomem(error);
    for (char *c = digits; *c != '\0'; c++)
        *c = weft_lower(*c);
    if (strlen(text) % 2 != 0 || !weft_unhex(digits, data, whole))
        return 0;
    size_t length = WEFT_MIN(whole, BOUND_BYTES);
    if (upper && length < whole) {
        while (length > 0 && data[length - 1] == 0xff)
            length--;
        if (length == 0)
            return 0;
        data[length - 1]++;
    }
    *out = (struct weft_str){(const char *)data, length};
    return 0;
}

int weft_bound_from_text(struct weft_arena *arena, const struct weft_type *type, const char *text,
                         bool upper, struct weft_str *out, struct weft_error *error)
{
    struct weft_str found = {NULL, 0};
    unsigned char bytes[16];
    size_t length = 0;
    if (text == NULL) {
        *out = found;
        return 0;
    }
    if (type->kind == WEFT_TYPE_STRING || type->kind == WEFT_TYPE_JSON)
        WEFT_TRY(bound_text(arena, text, upper, &found, error));
    else if (type->kind == WEFT_TYPE_BINARY)
        WEFT_TRY(bound_binary(arena, text, upper, &found, error));
    else if (put_fixed(type, text, upper, bytes, &length)) {
        found.data = weft_arena_strndup(arena, (const char *)bytes, length);
        found.length = length;
        if (found.data == NULL)
            return weft_error_nomem(error);
    }
    *out = found;
    return 0;
}
