/*
 * cell.c - see cell.h. The quick ways here carry most of the cost of reading a file.
 */
#include "value/cell.h"

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

/* ---- numbers of JSON ---- */

#define PLAIN_DIGITS 40

struct number {
    char digits[PLAIN_DIGITS]; /* without zeros at either end */
    int count;
    int point; /* the value is 0.digits x 10^point */
    bool minus;
};

/* False: more digits than any type has. */
static bool number_read(const char *text, size_t length, struct number *out)
{
    size_t i = length > 0 && *text == '-';
    int zeros = 0; /* behind the last digit kept */
    bool fraction = false;
    int exponent = 0;
    *out = (struct number){.minus = i > 0};
    for (; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            fraction = true;
            continue;
        }
        if (text[i] == '0') {
            zeros += out->count > 0;
            out->point += out->count > 0 ? !fraction : -fraction;
            continue;
        }
        if (out->count + zeros >= PLAIN_DIGITS)
            return false;
        for (; zeros > 0; zeros--)
            out->digits[out->count++] = '0';
        out->digits[out->count++] = text[i];
        out->point += !fraction;
    }
    bool minus = false;
    for (i++; i < length; i++) {
        if (text[i] == '-' || text[i] == '+')
            minus = text[i] == '-';
        else if (exponent < 100000)
            exponent = exponent * 10 + (text[i] - '0');
    }
    out->point += minus ? -exponent : exponent;
    return out->count == 0 || (out->point <= PLAIN_DIGITS && out->point >= -PLAIN_DIGITS);
}

size_t weft_cell_plain(const char *text, size_t length, char *out)
{
    struct number number;
    size_t size = 0;
    if (!number_read(text, length, &number))
        return 0;
    if (number.count == 0) {
        out[0] = '0';
        return 1;
    }
    if (number.minus)
        out[size++] = '-';
    if (number.point <= 0)
        out[size++] = '0';
    for (int i = 0; i < number.point; i++)
        out[size++] = i < number.count ? number.digits[i] : '0';
    if (number.count > number.point)
        out[size++] = '.';
    for (int i = number.point; i < 0; i++)
        out[size++] = '0';
    for (int i = number.point < 0 ? 0 : number.point; i < number.count; i++)
        out[size++] = number.digits[i];
    return size;
}

static bool decimal_value(const struct weft_type *type, const char *text, size_t length, size_t row,
                          void *values)
{
    __int128 wide;
    if (!weft_cell_decimal(text, length, '.', type->precision, type->scale, &wide))
        return false;
    if (type->precision <= 4)
        ((int16_t *)values)[row] = (int16_t)wide;
    else if (type->precision <= 9)
        ((int32_t *)values)[row] = (int32_t)wide;
    else if (type->precision <= 18)
        ((int64_t *)values)[row] = (int64_t)wide;
    else
        memcpy((char *)values + row * sizeof wide, &wide, sizeof wide);
    return true;
}

static bool text_value(const struct weft_type *type, const char *text, size_t length, size_t row,
                       void *values)
{
    double real;
    __int128 wide;
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        return weft_cell_boolean(text, length, (bool *)values + row);
    case WEFT_TYPE_INT:
        return weft_cell_int32(text, length, (int32_t *)values + row);
    case WEFT_TYPE_LONG:
        return weft_cell_int64(text, length, (int64_t *)values + row);
    case WEFT_TYPE_FLOAT:
        if (!weft_cell_double(text, length, '.', &real))
            return false;
        ((float *)values)[row] = (float)real;
        return true;
    case WEFT_TYPE_DOUBLE:
        return weft_cell_double(text, length, '.', (double *)values + row);
    case WEFT_TYPE_DECIMAL:
        return decimal_value(type, text, length, row, values);
    case WEFT_TYPE_DATE:
        return weft_cell_date(text, length, (int32_t *)values + row);
    case WEFT_TYPE_TIME:
        return weft_cell_time(text, length, (int64_t *)values + row);
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        return weft_cell_timestamp(text, length, (int64_t *)values + row);
    case WEFT_TYPE_UUID:
        if (!weft_cell_uuid(text, length, &wide))
            return false;
        memcpy((char *)values + row * sizeof wide, &wide, sizeof wide);
        return true;
    default:
        return false;
    }
}

bool weft_cell_value(const struct weft_type *type, const char *text, size_t length, bool number,
                     size_t row, void *values)
{
    char plain[WEFT_CELL_PLAIN];
    if (text_value(type, text, length, row, values))
        return true;
    if (!number || (type->kind != WEFT_TYPE_INT && type->kind != WEFT_TYPE_LONG &&
                    type->kind != WEFT_TYPE_DECIMAL))
        return false;
    size_t size = weft_cell_plain(text, length, plain);
    return size > 0 && text_value(type, plain, size, row, values);
}
