/*
 * cell.c - see cell_internal.h. The quick ways here carry most of the cost of reading a file.
 */
#include "job/cell_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

bool weft_cell_boolean(const char *text, size_t length, bool *out)
{
    static const char yes[] = "true";
    static const char no[] = "false";
    const char *word = length == 4 ? yes : no;
    if (length != 4 && length != 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (weft_lower(text[i]) != word[i])
            return false;
    }
    *out = length == 4;
    return true;
}

bool weft_cell_int64(const char *text, size_t length, int64_t *out)
{
    size_t i = length > 0 && *text == '-';
    if (i == length)
        return false;
    if (length - i > 18)
        return weft_parse_int64(text, length, out);
    int64_t value = 0;
    for (; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *out = *text == '-' ? -value : value;
    return true;
}

bool weft_cell_int32(const char *text, size_t length, int32_t *out)
{
    int64_t value;
    if (!weft_cell_int64(text, length, &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

/* A mantissa below 2^53 and a power of ten up to 22 are exact doubles, so one multiplication or
 * division rounds right (Clinger 1990). Everything else goes the long way. */
static bool double_quick(const char *text, size_t length, char separator, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    size_t i = length > 0 && (*text == '-' || *text == '+');
    uint64_t mantissa = 0;
    size_t digits = 0;
    size_t fraction = 0;
    bool point = false;
    if (length - i > 17)
        return false;
    for (; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit <= 9) {
            mantissa = mantissa * 10 + digit;
            digits++;
            fraction += point;
        } else if (text[i] == separator && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (digits == 0 || digits > 15)
        return false;
    double value = (double)mantissa / powers[fraction];
    *out = *text == '-' ? -value : value;
    return true;
}

bool weft_cell_double(const char *text, size_t length, char separator, double *out)
{
    char copy[512];
    if (double_quick(text, length, separator, out))
        return true;
    if (separator == '.')
        return weft_parse_double(text, length, out);
    if (length >= sizeof copy || memchr(text, '.', length) != NULL)
        return false;
    memcpy(copy, text, length);
    char *point = memchr(copy, separator, length);
    if (point != NULL)
        *point = '.';
    return weft_parse_double(copy, length, out);
}

bool weft_cell_decimal(const char *text, size_t length, char separator, int precision, int scale,
                       __int128 *out)
{
    size_t i = length > 0 && (*text == '-' || *text == '+');
    __int128 value = 0;
    int whole = 0; /* without leading zeros */
    int fraction = 0;
    bool any = false;
    bool point = false;
    for (; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit <= 9) {
            any = true;
            fraction += point;
            whole += !point && (whole > 0 || digit > 0);
            if (whole > precision - scale || fraction > scale)
                return false;
            value = value * 10 + digit;
        } else if (text[i] == separator && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (!any)
        return false;
    for (; fraction < scale; fraction++)
        value *= 10;
    *out = *text == '-' ? -value : value;
    return true;
}

static bool digits_read(const char *text, size_t count, int *out)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + (int)digit;
    }
    *out = value;
    return true;
}

bool weft_cell_date(const char *text, size_t length, int32_t *days)
{
    int year;
    int month;
    int day;
    return length == 10 && text[4] == '-' && text[7] == '-' && digits_read(text, 4, &year) &&
           digits_read(text + 5, 2, &month) && digits_read(text + 8, 2, &day) && year >= 1 &&
           weft_date_to_days(year, month, day, days);
}

bool weft_cell_time(const char *text, size_t length, int64_t *us)
{
    int hour;
    int minute;
    int second = 0;
    int fraction = 0;
    if (length < 5 || text[2] != ':' || !digits_read(text, 2, &hour) ||
        !digits_read(text + 3, 2, &minute) || hour > 23 || minute > 59)
        return false;
    if (length > 5 &&
        (length < 8 || text[5] != ':' || !digits_read(text + 6, 2, &second) || second > 59))
        return false;
    if (length > 8) {
        if (text[8] != '.' || length == 9 || length > 15 ||
            !digits_read(text + 9, length - 9, &fraction))
            return false;
        for (size_t i = length; i < 15; i++)
            fraction *= 10;
    }
    *us = ((hour * 60 + minute) * INT64_C(60) + second) * 1000000 + fraction;
    return true;
}

bool weft_cell_timestamp(const char *text, size_t length, int64_t *us)
{
    char copy[64];
    if (length >= sizeof copy || memchr(text, '\0', length) != NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return weft_time_parse(copy, us);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = weft_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool weft_cell_uuid(const char *text, size_t length, __int128 *out)
{
    unsigned __int128 value = 0;
    if (length != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *out = (__int128)(value ^ ((unsigned __int128)1 << 127));
    return true;
}
