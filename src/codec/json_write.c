/*
 * json_write.c - the append-only writer of json.h. State is one comma and one key; nesting is the
 * caller's duty and asserted.
 */
#include "base/text.h"
#include "codec/json.h"
#include "codec/json_internal.h"

#include <math.h>
#include <string.h>

void weft_json_writer_init(struct weft_json_writer *writer, struct weft_buf *out)
{
    *writer = (struct weft_json_writer){.out = out};
}

static void value_begins(struct weft_json_writer *writer)
{
    if (writer->comma && !writer->key)
        weft_buf_addc(writer->out, ',');
    writer->key = false;
    writer->comma = true;
}

static void nest_begin(struct weft_json_writer *writer, char bracket)
{
    value_begins(writer);
    weft_buf_addc(writer->out, bracket);
    writer->depth++;
    writer->comma = false;
}

static void nest_end(struct weft_json_writer *writer, char bracket)
{
    assert(writer->depth > 0 && !writer->key);
    weft_buf_addc(writer->out, bracket);
    writer->depth--;
    writer->comma = true;
}

void weft_json_begin_object(struct weft_json_writer *writer)
{
    nest_begin(writer, '{');
}

void weft_json_end_object(struct weft_json_writer *writer)
{
    nest_end(writer, '}');
}

void weft_json_begin_array(struct weft_json_writer *writer)
{
    nest_begin(writer, '[');
}

void weft_json_end_array(struct weft_json_writer *writer)
{
    nest_end(writer, ']');
}

static void escape_add(struct weft_buf *out, unsigned char c)
{
    static const char shorts[] = "btn\0fr";
    if (c == '"' || c == '\\') {
        weft_buf_addc(out, '\\');
        weft_buf_addc(out, (char)c);
    } else if (c >= 8 && c <= 13 && shorts[c - 8] != '\0') {
        weft_buf_addc(out, '\\');
        weft_buf_addc(out, shorts[c - 8]);
    } else {
        weft_buf_addf(out, "\\u%04x", c);
    }
}

static void run_add(struct weft_buf *out, const char *text, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        weft_buf_add(out, text + start, i - start);
        escape_add(out, c);
        start = i + 1;
    }
    weft_buf_add(out, text + start, length - start);
}

static void text_add(struct weft_buf *out, const char *text, size_t length)
{
    weft_buf_addc(out, '"');
    while (length > 0) {
        size_t good = weft_utf8_valid(text, length);
        run_add(out, text, good);
        if (good < length) {
            weft_buf_adds(out, "\xEF\xBF\xBD"); /* U+FFFD */
            good++;
        }
        text += good;
        length -= good;
    }
    weft_buf_addc(out, '"');
}

static void key_add(struct weft_json_writer *writer, const char *key, size_t length)
{
    assert(writer->depth > 0 && !writer->key);
    if (writer->comma)
        weft_buf_addc(writer->out, ',');
    text_add(writer->out, key, length);
    weft_buf_addc(writer->out, ':');
    writer->key = true;
    writer->comma = true;
}

void weft_json_key(struct weft_json_writer *writer, const char *key)
{
    key_add(writer, key, strlen(key));
}

void weft_json_put_text_n(struct weft_json_writer *writer, const char *text, size_t length)
{
    value_begins(writer);
    text_add(writer->out, text, length);
}

void weft_json_put_text(struct weft_json_writer *writer, const char *text)
{
    if (text == NULL)
        weft_json_put_null(writer);
    else
        weft_json_put_text_n(writer, text, strlen(text));
}

void weft_json_put_int(struct weft_json_writer *writer, int64_t value)
{
    value_begins(writer);
    weft_buf_addf(writer->out, "%" PRId64, value);
}

void weft_json_put_uint(struct weft_json_writer *writer, uint64_t value)
{
    value_begins(writer);
    weft_buf_addf(writer->out, "%" PRIu64, value);
}

void weft_json_put_double(struct weft_json_writer *writer, double value)
{
    if (!isfinite(value)) {
        weft_json_put_null(writer);
        return;
    }
    char text[JSON_NUMBER_TEXT];
    size_t length = json_number_format(value, text);
    value_begins(writer);
    if (value == 0 && signbit(value))
        weft_buf_adds(writer->out, "-0.0"); /* -0 would read back as an integer */
    else
        weft_buf_add(writer->out, text, length);
    /* Plain digits would read back as an integer, which from 2^64 on is refused. */
    if (fabs(value) > 9007199254740992.0 && strpbrk(text, ".e") == NULL)
        weft_buf_adds(writer->out, ".0");
}

void weft_json_put_bool(struct weft_json_writer *writer, bool value)
{
    value_begins(writer);
    weft_buf_adds(writer->out, value ? "true" : "false");
}

void weft_json_put_null(struct weft_json_writer *writer)
{
    value_begins(writer);
    weft_buf_adds(writer->out, "null");
}

void weft_json_put_raw(struct weft_json_writer *writer, const char *json, size_t length)
{
    value_begins(writer);
    weft_buf_add(writer->out, json, length);
}

static void container_put(struct weft_json_writer *writer, yyjson_val *value)
{
    size_t i, max;
    yyjson_val *key, *item;
    if (yyjson_is_arr(value)) {
        weft_json_begin_array(writer);
        yyjson_arr_foreach(value, i, max, item) weft_json_put_value(writer, item);
        weft_json_end_array(writer);
        return;
    }
    weft_json_begin_object(writer);
    WEFT_JSON_EACH(value, i, max, key, item)
    {
        key_add(writer, yyjson_get_str(key), yyjson_get_len(key));
        weft_json_put_value(writer, item);
    }
    weft_json_end_object(writer);
}

void weft_json_put_value(struct weft_json_writer *writer, yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        weft_json_put_bool(writer, yyjson_get_bool(value));
        return;
    case YYJSON_TYPE_STR:
        weft_json_put_text_n(writer, yyjson_get_str(value), yyjson_get_len(value));
        return;
    case YYJSON_TYPE_RAW:
        weft_json_put_raw(writer, yyjson_get_raw(value), yyjson_get_len(value));
        return;
    case YYJSON_TYPE_NUM:
        if (yyjson_is_uint(value))
            weft_json_put_uint(writer, yyjson_get_uint(value));
        else if (yyjson_is_sint(value))
            weft_json_put_int(writer, yyjson_get_sint(value));
        else
            weft_json_put_double(writer, yyjson_get_real(value));
        return;
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ:
        container_put(writer, value);
        return;
    default:
        weft_json_put_null(writer);
        return;
    }
}

void weft_json_member_text(struct weft_json_writer *writer, const char *key, const char *text)
{
    weft_json_key(writer, key);
    weft_json_put_text(writer, text);
}

void weft_json_member_int(struct weft_json_writer *writer, const char *key, int64_t value)
{
    weft_json_key(writer, key);
    weft_json_put_int(writer, value);
}

void weft_json_member_bool(struct weft_json_writer *writer, const char *key, bool value)
{
    weft_json_key(writer, key);
    weft_json_put_bool(writer, value);
}
