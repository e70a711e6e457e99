/*
 * json_canonical.c - the canonical form of RFC 8785 (JCS), which is hashed and signed.
 *
 * Members are sorted by the UTF-16 code units of their names, numbers are printed as ECMAScript
 * does (shortest digits; plain between 1e-7 and 1e21), texts with the fewest escapes. Numbers must
 * be exact as IEEE doubles: an integer beyond 2^53 has to be a string.
 */
#include "base/mem.h"
#include "codec/json.h"
#include "codec/json_internal.h"

#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER UINT64_C(9007199254740992)

/* The next UTF-16 code unit of a valid UTF-8 text; *low holds a pending second half. */
static uint32_t unit_next(const unsigned char **p, uint32_t *low)
{
    if (*low != 0) {
        uint32_t unit = *low;
        *low = 0;
        return unit;
    }
    const unsigned char *s = *p;
    int length = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? s[0] : s[0] & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3F);
    *p += length;
    if (code < 0x10000)
        return code;
    code -= 0x10000;
    *low = 0xDC00 | (code & 0x3FF);
    return 0xD800 | (code >> 10);
}

struct member {
    yyjson_val *key;
    yyjson_val *value;
};

static int member_compare(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const unsigned char *p = (const unsigned char *)yyjson_get_str(x->key);
    const unsigned char *q = (const unsigned char *)yyjson_get_str(y->key);
    const unsigned char *p_end = p + yyjson_get_len(x->key), *q_end = q + yyjson_get_len(y->key);
    uint32_t p_low = 0, q_low = 0;
    while ((p < p_end || p_low != 0) && (q < q_end || q_low != 0)) {
        uint32_t u = unit_next(&p, &p_low), v = unit_next(&q, &q_low);
        if (u != v)
            return u < v ? -1 : 1;
    }
    bool p_more = p < p_end || p_low != 0, q_more = q < q_end || q_low != 0;
    return p_more - q_more;
}

static int number_add(yyjson_val *value, struct weft_buf *out, struct weft_error *error)
{
    if (yyjson_is_real(value)) {
        char text[JSON_NUMBER_TEXT];
        weft_buf_add(out, text, json_number_format(yyjson_get_real(value), text));
        return 0;
    }
    bool negative = yyjson_is_sint(value) && yyjson_get_sint(value) < 0;
    uint64_t magnitude =
        negative ? (uint64_t)0 - (uint64_t)yyjson_get_sint(value) : yyjson_get_uint(value);
    if (magnitude > SAFE_INTEGER)
        return weft_error_set(error, WEFT_E_INVALID,
                              "an integer beyond 2^53 must be a string in canonical JSON");
    weft_buf_addf(out, "%s%" PRIu64, negative ? "-" : "", magnitude);
    return 0;
}

static int value_add(yyjson_val *value, struct weft_buf *out, struct weft_error *error);

static int members_add(const struct member *members, size_t count, struct weft_buf *out,
                       struct weft_error *error)
{
    weft_buf_addc(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && member_compare(&members[i - 1], &members[i]) == 0)
            return weft_error_set(error, WEFT_E_INVALID,
                                  "the key `%.100s` stands twice in one object",
                                  yyjson_get_str(members[i].key));
        if (i > 0)
            weft_buf_addc(out, ',');
        WEFT_TRY(value_add(members[i].key, out, error));
        weft_buf_addc(out, ':');
        WEFT_TRY(value_add(members[i].value, out, error));
    }
    weft_buf_addc(out, '}');
    return 0;
}

static int object_add(yyjson_val *object, struct weft_buf *out, struct weft_error *error)
{
    size_t count = 0;
    WEFT_CLEANUP(weft_freep)
    struct member *members = weft_alloc_array(yyjson_obj_size(object) + 1, sizeof *members);
    if (members == NULL)
        return weft_error_nomem(error);
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter)) != NULL)
        members[count++] = (struct member){key, yyjson_obj_iter_get_val(key)};
    if (count > 1)
        qsort(members, count, sizeof *members, member_compare);
    return members_add(members, count, out, error);
}

static int array_add(yyjson_val *array, struct weft_buf *out, struct weft_error *error)
{
    size_t i, max;
    yyjson_val *item;
    weft_buf_addc(out, '[');
    yyjson_arr_foreach(array, i, max, item)
    {
        if (i > 0)
            weft_buf_addc(out, ',');
        WEFT_TRY(value_add(item, out, error));
    }
    weft_buf_addc(out, ']');
    return 0;
}

/* Recursion is bounded by the depth that weft_json_parse lets through. */
static int value_add(yyjson_val *value, struct weft_buf *out, struct weft_error *error)
{
    struct weft_json_writer writer;
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_OBJ:
        return object_add(value, out, error);
    case YYJSON_TYPE_ARR:
        return array_add(value, out, error);
    case YYJSON_TYPE_NUM:
        return number_add(value, out, error);
    case YYJSON_TYPE_NULL:
    case YYJSON_TYPE_BOOL:
    case YYJSON_TYPE_STR:
        weft_json_writer_init(&writer, out);
        weft_json_put_value(&writer, value);
        return 0;
    default:
        return weft_error_set(error, WEFT_E_INVALID, "not a JSON value");
    }
}

int weft_json_canonical(yyjson_val *value, struct weft_buf *out, struct weft_error *error)
{
    WEFT_TRY(value_add(value, out, error));
    return weft_buf_check(out, error);
}
