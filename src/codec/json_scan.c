/*
 * json_scan.c - one object or array as slices of its text (json_record.h). A parser goes over most
 * of the lines it is asked to read, so the depth of recursion is bounded and the common cases of
 * strings and numbers are short loops.
 */
#include "codec/json_record.h"

#include "codec/encoding.h"
#include "codec/json.h"

#include <string.h>

static const char not_value[] = "no value stands here";
static const char not_closed[] = "it ends in the middle of a value";
static const char not_text[] = "a string holds what no string may";
static const char not_number[] = "a number does not read";
static const char too_deep[] = "it is nested too deep";

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool walk_wrong(struct weft_json_walk *walk, const char *why)
{
    walk->wrong = why;
    return false;
}

static void skip_blanks(struct weft_json_walk *walk)
{
    while (walk->at < walk->end && is_blank(*walk->at))
        walk->at++;
}

/* ---- strings ---- */

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits at text; -1 = they are none. */
static int32_t hex_unit(const char *text, const char *end)
{
    int32_t value = 0;
    if (end - text < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* The escape at text (a backslash); NULL = it is none. */
static const char *escape_skip(const char *text, const char *end)
{
    if (end - text < 2)
        return NULL;
    if (text[1] != 'u')
        return text[1] != '\0' && strchr("\"\\/bfnrt", text[1]) != NULL ? text + 2 : NULL;
    int32_t unit = hex_unit(text + 2, end);
    if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000))
        return NULL;
    if (unit < 0xd800 || unit >= 0xe000)
        return text + 6;
    if (end - text < 12 || text[6] != '\\' || text[7] != 'u')
        return NULL;
    unit = hex_unit(text + 8, end);
    return unit >= 0xdc00 && unit < 0xe000 ? text + 12 : NULL;
}

/* at: behind the quote; goes behind the closing one. */
static bool text_scan(struct weft_json_walk *walk, struct weft_json_slice *out)
{
    const char *at = walk->at;
    const char *end = walk->end;
    *out = (struct weft_json_slice){.data = at, .kind = WEFT_JSON_TEXT};
    for (;;) {
        while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
            at++;
        if (at == end)
            return walk_wrong(walk, not_closed);
        if (*at == '"')
            break;
        if (*at != '\\' || (at = escape_skip(at, end)) == NULL)
            return walk_wrong(walk, not_text);
        out->escaped = true;
    }
    out->length = (size_t)(at - out->data);
    walk->at = at + 1;
    return true;
}

size_t weft_json_unescape(const char *data, size_t length, char *out)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char *end = data + length;
    size_t size = 0;
    while (data < end) {
        if (*data != '\\') {
            out[size++] = *data++;
            continue;
        }
        assert(end - data >= 2);
        char c = data[1];
        if (c != 'u') {
            const char *found = strchr(from, c);
            out[size++] = found != NULL ? to[found - from] : c;
            data += 2;
            continue;
        }
        uint32_t code = (uint32_t)hex_unit(data + 2, end);
        data += 6;
        if (code >= 0xd800 && code < 0xdc00) {
            code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)hex_unit(data + 2, end) - 0xdc00);
            data += 6;
        }
        size += weft_utf8_put(out + size, code);
    }
    return size;
}

/* ---- numbers and words ---- */

static const char *digits_skip(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static bool number_scan(struct weft_json_walk *walk, struct weft_json_slice *out)
{
    const char *at = walk->at;
    const char *end = walk->end;
    at += *at == '-';
    const char *digits = at;
    at = digits_skip(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return walk_wrong(walk, not_number);
    if (at < end && *at == '.') {
        digits = ++at;
        at = digits_skip(at, end);
        if (at == digits)
            return walk_wrong(walk, not_number);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        digits = at;
        at = digits_skip(at, end);
        if (at == digits)
            return walk_wrong(walk, not_number);
    }
    *out = (struct weft_json_slice){walk->at, (size_t)(at - walk->at), WEFT_JSON_NUMBER, false};
    walk->at = at;
    return true;
}

static bool word_scan(struct weft_json_walk *walk, const char *word, enum weft_json_kind kind,
                      struct weft_json_slice *out)
{
    size_t length = strlen(word);
    if ((size_t)(walk->end - walk->at) < length || memcmp(walk->at, word, length) != 0)
        return walk_wrong(walk, not_value);
    *out = (struct weft_json_slice){walk->at, length, kind, false};
    walk->at += length;
    return true;
}

/* ---- values ---- */

static bool value_scan(struct weft_json_walk *walk, struct weft_json_slice *out);

/* Goes over an object or array and all that is in it. */
static bool nested_scan(struct weft_json_walk *walk, enum weft_json_kind kind,
                        struct weft_json_slice *out)
{
    struct weft_json_slice key;
    struct weft_json_slice value;
    struct weft_json_walk inner = {
        .at = walk->at + 1, .end = walk->end, .depth = walk->depth + 1, .first = true};
    if (inner.depth >= WEFT_JSON_DEPTH_MAX)
        return walk_wrong(walk, too_deep);
    while (kind == WEFT_JSON_OBJECT ? weft_json_member_next(&inner, &key, &value)
                                    : weft_json_element_next(&inner, &value)) {
    }
    *out = (struct weft_json_slice){walk->at, (size_t)(inner.at - walk->at), kind, false};
    walk->at = inner.at;
    walk->wrong = inner.wrong;
    return inner.wrong == NULL;
}

static bool value_scan(struct weft_json_walk *walk, struct weft_json_slice *out)
{
    if (walk->at == walk->end)
        return walk_wrong(walk, not_closed);
    switch (*walk->at) {
    case '"':
        walk->at++;
        return text_scan(walk, out);
    case '{':
        return nested_scan(walk, WEFT_JSON_OBJECT, out);
    case '[':
        return nested_scan(walk, WEFT_JSON_ARRAY, out);
    case 'n':
        return word_scan(walk, "null", WEFT_JSON_NULL, out);
    case 't':
        return word_scan(walk, "true", WEFT_JSON_BOOLEAN, out);
    case 'f':
        return word_scan(walk, "false", WEFT_JSON_BOOLEAN, out);
    default:
        if (*walk->at == '-' || is_digit(*walk->at))
            return number_scan(walk, out);
        return walk_wrong(walk, not_value);
    }
}

/* ---- members and elements ---- */

void weft_json_walk_init(struct weft_json_walk *walk, const char *data, size_t length)
{
    *walk = (struct weft_json_walk){.at = data, .end = data + length, .first = true};
    skip_blanks(walk);
    assert(walk->at < walk->end && (*walk->at == '{' || *walk->at == '['));
    walk->at++;
}

/* To where a value or key stands; false = the end, or wrong. */
static bool step_next(struct weft_json_walk *walk, char close)
{
    if (walk->wrong != NULL)
        return false;
    skip_blanks(walk);
    if (walk->at == walk->end)
        return walk_wrong(walk, not_closed);
    bool first = walk->first;
    walk->first = false;
    if (*walk->at == close) {
        walk->at++;
        return false;
    }
    if (first)
        return true;
    if (*walk->at != ',')
        return walk_wrong(walk, "a comma or a bracket is missing");
    walk->at++;
    skip_blanks(walk);
    return true;
}

bool weft_json_member_next(struct weft_json_walk *walk, struct weft_json_slice *key,
                           struct weft_json_slice *value)
{
    if (!step_next(walk, '}'))
        return false;
    if (walk->at == walk->end || *walk->at != '"')
        return walk_wrong(walk, "a key in quotes is missing");
    walk->at++;
    if (!text_scan(walk, key))
        return false;
    skip_blanks(walk);
    if (walk->at == walk->end || *walk->at != ':')
        return walk_wrong(walk, "a colon is missing");
    walk->at++;
    skip_blanks(walk);
    return value_scan(walk, value);
}

bool weft_json_element_next(struct weft_json_walk *walk, struct weft_json_slice *value)
{
    return step_next(walk, ']') && value_scan(walk, value);
}

const char *weft_json_scan(const char *data, size_t length, struct weft_json_slice *out)
{
    struct weft_json_walk walk = {.at = data, .end = data + length, .depth = -1};
    skip_blanks(&walk);
    if (!value_scan(&walk, out))
        return walk.wrong;
    skip_blanks(&walk);
    return walk.at == walk.end ? NULL : "there is text behind its end";
}
