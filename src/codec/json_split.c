/*
 * json_split.c - the borders of a json text's elements (json_record.h).
 */
#include "codec/json_record.h"

#include <string.h>

enum { PLAIN, QUOTE, BACKSLASH, CONTROL, OPEN, CLOSE };

static const uint8_t classes[256] = {
    ['\0' ... 0x1f] = CONTROL,
    ['"'] = QUOTE,
    ['\\'] = BACKSLASH,
    ['{'] = OPEN,
    ['['] = OPEN,
    ['}'] = CLOSE,
    [']'] = CLOSE,
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

void weft_json_split_init(struct weft_json_split *split)
{
    *split = (struct weft_json_split){.state = WEFT_JSON_SPLIT_START};
}

static bool split_wrong(struct weft_json_split *split, size_t at, const char *why)
{
    split->at = at;
    split->wrong = why;
    return false;
}

static bool bracket_open(struct weft_json_split *split, size_t at, char c)
{
    if (split->depth == WEFT_JSON_SPLIT_DEPTH)
        return split_wrong(split, at, "it is nested more than 1,024 deep");
    uint64_t bit = UINT64_C(1) << (split->depth & 63);
    if (c == '{')
        split->objects[split->depth >> 6] |= bit;
    else
        split->objects[split->depth >> 6] &= ~bit;
    split->depth++;
    return true;
}

static bool bracket_close(struct weft_json_split *split, size_t at, char c)
{
    split->depth--;
    bool object = split->objects[split->depth >> 6] >> (split->depth & 63) & 1;
    if (object != (c == '}'))
        return split_wrong(split, at,
                           object ? "`]` stands where `}` must" : "`}` stands where `]` must");
    return true;
}

/* From `at` to behind the open element, or to length. */
static bool inside_run(struct weft_json_split *split, const char *data, size_t length)
{
    size_t i = split->at;
    for (; i < length; i++) {
        char c = data[i];
        uint8_t class = classes[(unsigned char)c];
        if (split->escape) {
            split->escape = false;
            if (class == CONTROL)
                return split_wrong(split, i, "a string is not closed in its line");
        } else if (split->text) {
            if (class == QUOTE) {
                split->text = false;
                if (split->depth == 0) {
                    i++;
                    break;
                }
            } else if (class == BACKSLASH) {
                split->escape = true;
            } else if (class == CONTROL) {
                return split_wrong(split, i, "a string is not closed in its line");
            }
        } else if (class == QUOTE) {
            split->text = true;
        } else if (class == OPEN) {
            if (!bracket_open(split, i, c))
                return false;
        } else if (class == CLOSE) {
            if (!bracket_close(split, i, c))
                return false;
            if (split->depth == 0) {
                i++;
                break;
            }
        }
    }
    split->at = i;
    return true;
}

static bool inside_ended(const struct weft_json_split *split)
{
    return split->depth == 0 && !split->text;
}

static bool element_begin(struct weft_json_split *split, size_t at, char c)
{
    split->begin = at;
    split->at = at + 1;
    split->state = WEFT_JSON_SPLIT_INSIDE;
    if (c == '{' || c == '[')
        return bracket_open(split, at, c);
    if (c == '"') {
        split->text = true;
        return true;
    }
    split->state = WEFT_JSON_SPLIT_SCALAR;
    if (c == ',')
        return split_wrong(split, at, "a value is missing before the comma");
    if (strchr("-0123456789tfn", c) == NULL || c == '\0')
        return split_wrong(split, at, "no value begins like this");
    return true;
}

/* One character outside of elements. */
static bool between(struct weft_json_split *split, size_t at, char c)
{
    split->at = at + 1;
    switch (split->state) {
    case WEFT_JSON_SPLIT_START:
        split->array = c == '[';
        if (c == '[') {
            split->state = WEFT_JSON_SPLIT_FIRST;
            return true;
        }
        return c == '{' ? element_begin(split, at, c)
                        : split_wrong(split, at, "it begins with neither `[` nor `{`");
    case WEFT_JSON_SPLIT_FIRST:
    case WEFT_JSON_SPLIT_VALUE:
        if (c != ']')
            return element_begin(split, at, c);
        if (split->state == WEFT_JSON_SPLIT_VALUE)
            return split_wrong(split, at, "a comma stands before `]`");
        split->state = WEFT_JSON_SPLIT_DONE;
        return true;
    case WEFT_JSON_SPLIT_AFTER:
        if (c != ',' && c != ']')
            return split_wrong(split, at, "neither `,` nor `]` stands behind a value");
        split->state = c == ',' ? WEFT_JSON_SPLIT_VALUE : WEFT_JSON_SPLIT_DONE;
        return true;
    case WEFT_JSON_SPLIT_ROW:
        return c == '{' ? element_begin(split, at, c)
                        : split_wrong(split, at, "no object begins behind the last one");
    default:
        return split_wrong(split, at, "there is text behind the end of the array");
    }
}

/* A number or a word goes to the next blank, comma or bracket. */
static bool scalar_run(struct weft_json_split *split, const char *data, size_t length)
{
    size_t i = split->at;
    while (i < length && !is_blank(data[i]) && data[i] != ',' && data[i] != ']') {
        if (strchr("{}[\":", data[i]) != NULL)
            return split_wrong(split, i, "neither `,` nor `]` stands behind a value");
        i++;
    }
    split->at = i;
    return true;
}

static bool split_end(struct weft_json_split *split, size_t length)
{
    switch (split->state) {
    case WEFT_JSON_SPLIT_DONE:
    case WEFT_JSON_SPLIT_ROW:
        return true;
    case WEFT_JSON_SPLIT_START:
        return split_wrong(split, length, "the file is empty: not even `[]`");
    case WEFT_JSON_SPLIT_INSIDE:
        return split_wrong(split, length, "the file ends in the middle of a value");
    default:
        return split_wrong(split, length, "the file ends before the array does");
    }
}

bool weft_json_split_run(struct weft_json_split *split, const char *data, size_t length, bool last,
                         uint32_t *pairs, size_t *count)
{
    while (split->wrong == NULL && split->at < length) {
        if (split->state != WEFT_JSON_SPLIT_INSIDE && split->state != WEFT_JSON_SPLIT_SCALAR) {
            size_t at = split->at;
            while (at < length && is_blank(data[at]))
                at++;
            split->at = at;
            if (at == length || !between(split, at, data[at]))
                break;
            continue;
        }
        bool scalar = split->state == WEFT_JSON_SPLIT_SCALAR;
        if (!(scalar ? scalar_run(split, data, length) : inside_run(split, data, length)))
            break;
        if (scalar ? split->at == length : !inside_ended(split))
            break;
        pairs[2 * *count] = (uint32_t)split->begin;
        pairs[2 * *count + 1] = (uint32_t)split->at;
        ++*count;
        split->state = split->array ? WEFT_JSON_SPLIT_AFTER : WEFT_JSON_SPLIT_ROW;
        if (split->one)
            break;
    }
    return split->wrong == NULL && (!last || split_end(split, length));
}

size_t weft_json_split_keep(const struct weft_json_split *split)
{
    bool open = split->state == WEFT_JSON_SPLIT_INSIDE || split->state == WEFT_JSON_SPLIT_SCALAR;
    return open ? split->begin : split->at;
}

void weft_json_split_shift(struct weft_json_split *split, size_t by)
{
    split->at -= by;
    split->begin = split->begin < by ? 0 : split->begin - by;
}
