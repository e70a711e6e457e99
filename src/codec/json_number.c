/*
 * json_number.c - how doubles are printed, for the writer and for the canonical form.
 *
 * Owns nothing, allocates nothing. Thread-safe.
 */
#include "codec/json_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

/* The shortest digits that read back as value (> 0, finite): value = 0.d1d2... * 10^point.
 * The nearest decimal of the fewest digits is what ECMAScript wants, except at powers of two, where
 * the next one above can be shorter; yyjson's printer (Schubfach) knows, so we take its digits. */
static int shortest_digits(double value, char digits[20], int *point)
{
    char memory[2048];
    yyjson_alc pool;
    yyjson_val number = {0};
    size_t length = 0;
    unsafe_yyjson_set_real(&number, value);
    if (!yyjson_alc_pool_init(&pool, memory, sizeof memory))
        return 0;
    const char *text = yyjson_val_write_opts(&number, 0, &pool, &length, NULL);
    int count = 0;
    int exponent = 0;
    int integer_digits = -1; /* digits before the point, zeros in front included */
    int seen = 0;
    int zeros_in_front = 0;
    for (size_t i = 0; text != NULL && i < length; i++) {
        if (text[i] == '.') {
            integer_digits = seen;
        } else if (text[i] == 'e' || text[i] == 'E') {
            exponent = (int)strtol(text + i + 1, NULL, 10);
            break;
        } else {
            seen++;
            if (count == 0 && text[i] == '0')
                zeros_in_front++;
            else if (count < 20)
                digits[count++] = text[i];
        }
    }
    if (integer_digits < 0)
        integer_digits = seen;
    while (count > 0 && digits[count - 1] == '0')
        count--;
    *point = integer_digits - zeros_in_front + exponent;
    return count;
}

static size_t put(char *out, size_t at, const char *text, size_t length)
{
    memcpy(out + at, text, length);
    return at + length;
}

static size_t put_zeros(char *out, size_t at, int count)
{
    for (int i = 0; i < count; i++)
        out[at++] = '0';
    return at;
}

size_t json_number_format(double value, char out[JSON_NUMBER_TEXT])
{
    size_t at = 0;
    if (value == 0) {
        out[at++] = '0';
        out[at] = '\0';
        return at;
    }
    if (value < 0)
        out[at++] = '-';
    char digits[20];
    int point = 0;
    int count = shortest_digits(fabs(value), digits, &point);
    if (count <= point && point <= 21) {
        at = put(out, at, digits, (size_t)count);
        at = put_zeros(out, at, point - count);
    } else if (0 < point && point <= 21) {
        at = put(out, at, digits, (size_t)point);
        out[at++] = '.';
        at = put(out, at, digits + point, (size_t)(count - point));
    } else if (-6 < point && point <= 0) {
        at = put(out, at, "0.", 2);
        at = put_zeros(out, at, -point);
        at = put(out, at, digits, (size_t)count);
    } else {
        out[at++] = digits[0];
        if (count > 1) {
            out[at++] = '.';
            at = put(out, at, digits + 1, (size_t)(count - 1));
        }
        return at + (size_t)snprintf(out + at, JSON_NUMBER_TEXT - at, "e%+d", point - 1);
    }
    out[at] = '\0';
    return at;
}
