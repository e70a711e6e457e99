/*
 * text.c - the questions of text.h.
 */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Length of the well-formed sequence at p (rest bytes left), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t rest)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (rest < length)
        return 0;
    unsigned low = 0x80, high = 0xBF;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F; /* no surrogates */
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

size_t weft_utf8_valid(const char *data, size_t length)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        if (length - i >= 8) {
            memcpy(&word, p + i, 8);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += 8;
                continue;
            }
        }
        size_t step = utf8_sequence(p + i, length - i);
        if (step == 0)
            return i;
        i += step;
    }
    return length;
}

size_t weft_utf8_count(const char *data, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)data[i] & 0xC0) != 0x80;
    return count;
}

static uint32_t utf8_decode(const unsigned char *p, size_t step)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = p[0] & masks[step];
    for (size_t i = 1; i < step; i++)
        code = code << 6 | (p[i] & 0x3F);
    return code;
}

/* Ranges of Unicode that terminals draw in two columns; good enough for tables. */
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF && c != 0x303F) ||
           (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
           (c >= 0x20000 && c <= 0x3FFFD);
}

static bool is_combining(uint32_t c)
{
    return (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x20D0 && c <= 0x20FF);
}

size_t weft_utf8_width(const char *data, size_t length)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t width = 0;
    for (size_t i = 0; i < length;) {
        size_t step = utf8_sequence(p + i, length - i);
        if (step == 0) {
            i++;
            width++;
            continue;
        }
        uint32_t code = utf8_decode(p + i, step);
        width += is_combining(code) ? 0 : is_wide(code) ? 2 : 1;
        i += step;
    }
    return width;
}

bool weft_parse_int64(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == length || length > 20)
        return false;
    int64_t result = 0;
    for (; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        int digit = text[i] - '0';
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_sub_overflow(result, digit, &result))
            return false;
    }
    if (!negative && result == INT64_MIN)
        return false;
    *value = negative ? result : -result;
    return true;
}

bool weft_parse_double(const char *text, size_t length, double *value)
{
    char copy[64];
    if (length == 0 || length >= sizeof copy)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || strchr("+-.0123456789eE", text[i]) == NULL)
            return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *end;
    double result = strtod(copy, &end);
    if (*end != '\0' || end == copy || !isfinite(result))
        return false;
    *value = result;
    return true;
}

bool weft_parse_size(const char *text, int64_t *bytes)
{
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{"", 0},     {"B", 0},   {"KB", 10},  {"KiB", 10}, {"MB", 20},
                 {"MiB", 20}, {"GB", 30}, {"GiB", 30}, {"TB", 40},  {"TiB", 40}};
    size_t length = strspn(text, "0123456789.");
    double number;
    if (!weft_parse_double(text, length, &number) || number < 0)
        return false;
    const char *unit = text + length;
    unit += strspn(unit, " ");
    for (size_t i = 0; i < WEFT_COUNT(units); i++) {
        if (weft_equal_fold(unit, units[i].unit)) {
            double result = ldexp(number, units[i].shift);
            if (result >= 9e18)
                return false;
            *bytes = (int64_t)result;
            return true;
        }
    }
    return false;
}

void weft_format_size(int64_t bytes, char *out, size_t out_size)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    /* 1023.96 would be rounded to 1024.0. */
    while (value >= (unit == 0 ? 1024 : 1023.95) && unit + 1 < WEFT_COUNT(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(out, out_size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void weft_format_count(int64_t count, char *out, size_t out_size)
{
    char plain[32];
    int length = snprintf(plain, sizeof plain, "%" PRId64, count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < out_size; i++) {
        out[used++] = plain[i];
        int left = length - i - 1;
        if (left > 0 && left % 3 == 0 && plain[i] != '-')
            out[used++] = ',';
    }
    out[used] = '\0';
}

char weft_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool weft_ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

bool weft_equal_fold(const char *a, const char *b)
{
    for (; *a != '\0' && weft_lower(*a) == weft_lower(*b); a++, b++)
        continue;
    return weft_lower(*a) == weft_lower(*b);
}

#define SUGGEST_MAX 64

/* Optimal string alignment distance of two words of at most SUGGEST_MAX bytes. */
static size_t word_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][SUGGEST_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = weft_lower(a[i - 1]) == weft_lower(b[j - 1]) ? 0 : 1;
            size_t best = WEFT_MIN(above[j] + 1, row[j - 1] + 1);
            best = WEFT_MIN(best, above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = WEFT_MIN(best, two_above[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

const char *weft_suggest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    if (length == 0 || length > SUGGEST_MAX)
        return NULL;
    size_t limit = WEFT_MIN(WEFT_MAX(length / 3, 1), 3);
    const char *nearest = NULL;
    size_t nearest_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        size_t other = candidates[i] == NULL ? 0 : strlen(candidates[i]);
        if (other == 0 || other > SUGGEST_MAX)
            continue;
        size_t distance = word_distance(word, length, candidates[i], other);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool weft_name_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > WEFT_NAME_MAX || name[0] < 'a' || name[0] > 'z')
        return false;
    for (size_t i = 1; i < length; i++) {
        bool underscore = name[i] == '_' && name[i - 1] != '_' && i + 1 < length;
        if (!underscore && !is_word_char(name[i]))
            return false;
    }
    return true;
}

/* The letter below an accent, of U+00C0 to U+017F; '\0' = none, or it is none of these. */
static char letter_plain(const char *name)
{
    static const char plain[] = "aaaaaaaceeeeiiiidnooooo ouuuuy saaaaaaaceeeeiiiidnooooo ouuuuy y"
                                "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkkklllllllll"
                                "lnnnnnnnnnoooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    unsigned lead = (unsigned char)name[0], next = (unsigned char)name[1];
    if (lead < 0xc3 || lead > 0xc5 || (next & 0xc0) != 0x80)
        return '\0';
    char c = plain[(lead << 6 | (next & 0x3f)) - (0xc3u << 6)];
    return (char)(c == ' ' ? '\0' : c);
}

void weft_name_propose(const char *name, char out[WEFT_NAME_MAX + 1])
{
    size_t used = 0;
    bool gap = false;
    char before = '\0';
    for (; *name != '\0' && used < WEFT_NAME_MAX; before = *name++) {
        char plain = letter_plain(name);
        char c = plain != '\0' ? plain : weft_lower(*name);
        if (!is_word_char(c)) {
            gap = used > 0;
            continue;
        }
        /* customerName reads as two words. */
        if (plain == '\0' && c != *name && before >= 'a' && before <= 'z')
            gap = true;
        if (used == 0 && c >= '0' && c <= '9')
            out[used++] = 'n';
        if (gap && used + 1 < WEFT_NAME_MAX)
            out[used++] = '_';
        gap = false;
        out[used++] = c;
        if (strncmp(name, "ß", 2) == 0 && used < WEFT_NAME_MAX)
            out[used++] = c;
        name += plain != '\0';
    }
    if (used == 0)
        out[used++] = 'x';
    out[used] = '\0';
}
