/*
 * json.c - reading JSON by yyjson, with limits.
 *
 * yyjson's reader keeps its own stack on the heap, so deep input cannot overflow the thread's
 * stack; whoever walks the tree can, so depth is measured before the tree is built: one pass over
 * the text that knows strings and escapes, far cheaper than the parse.
 */
#include "codec/json.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define JSON_DEEP_MAX 2048

/* ---- memory ---- */

static void *alc_malloc(void *context, size_t size)
{
    (void)context;
    return weft_realloc(NULL, size);
}

static void *alc_realloc(void *context, void *old, size_t old_size, size_t size)
{
    (void)context;
    (void)old_size;
    return weft_realloc(old, size);
}

static void alc_free(void *context, void *pointer)
{
    (void)context;
    weft_free(pointer);
}

static const yyjson_alc json_alc = {alc_malloc, alc_realloc, alc_free, NULL};

const yyjson_alc *weft_json_allocator(void)
{
    return &json_alc;
}

/* ---- limits ---- */

static void place_of(const char *data, size_t at, int *line, int *column)
{
    *line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++) {
        if (data[i] == '\n') {
            (*line)++;
            start = i + 1;
        }
    }
    *column = (int)weft_utf8_count(data + start, at - start) + 1;
}

static int WEFT_PRINTF(4, 5)
    json_fail(struct weft_error *error, const char *data, size_t at, const char *format, ...)
{
    int line, column;
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    place_of(data, at, &line, &column);
    weft_error_set(error, WEFT_E_INVALID, "not valid JSON: %s (line %d, column %d)", what, line,
                   column);
    return weft_error_at(error, "", line, column);
}

/* Offset of the bracket that goes too deep, or length. */
static size_t depth_check(const char *data, size_t length, int max)
{
    int depth = 0;
    bool text = false;
    for (size_t i = 0; i < length; i++) {
        char c = data[i];
        if (text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                text = false;
        } else if (c == '"') {
            text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max)
                return i;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return length;
}

/* ---- keys that stand twice ---- */

static int key_compare(const void *a, const void *b)
{
    yyjson_val *const *x = a, *const *y = b;
    size_t x_length = yyjson_get_len(*x), y_length = yyjson_get_len(*y);
    int order = memcmp(yyjson_get_str(*x), yyjson_get_str(*y), WEFT_MIN(x_length, y_length));
    if (order != 0)
        return order;
    return x_length < y_length ? -1 : x_length > y_length;
}

/* Texts and raw numbers lie in the document's copy of the input, where they stood. */
static size_t text_offset(yyjson_doc *doc, yyjson_val *value, size_t length)
{
    ptrdiff_t at = doc->str_pool == NULL ? -1 : value->uni.str - doc->str_pool;
    return at >= 0 && (size_t)at <= length ? (size_t)at : 0;
}

struct input {
    yyjson_doc *doc;
    const char *data;
    size_t length;
    struct weft_error *error;
};

/* The second of two equal keys, as they stand in the text, or NULL. */
static yyjson_val *object_twice(yyjson_val *object, yyjson_val **keys)
{
    size_t count = 0;
    yyjson_val *key, *twice = NULL;
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL)
        keys[count++] = key;
    qsort(keys, count, sizeof(yyjson_val *), key_compare);
    for (size_t i = 1; i < count; i++) {
        if (key_compare(&keys[i - 1], &keys[i]) != 0)
            continue;
        yyjson_val *later = WEFT_MAX(keys[i - 1], keys[i]);
        twice = twice == NULL ? later : WEFT_MIN(twice, later);
    }
    return twice;
}

/* All values of a document lie in one array in order of the text, so no recursion is needed. */
static int unique_check(const struct input *input)
{
    size_t count = yyjson_doc_get_val_count(input->doc);
    yyjson_val *values = yyjson_doc_get_root(input->doc);
    yyjson_val *twice = NULL;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        if (yyjson_is_obj(values + i))
            most = WEFT_MAX(most, yyjson_obj_size(values + i));
    }
    if (most < 2)
        return 0;
    yyjson_val **keys = weft_alloc_array(most, sizeof(yyjson_val *));
    if (keys == NULL)
        return weft_error_nomem(input->error);
    for (size_t i = 0; i < count && twice == NULL; i++) {
        if (yyjson_is_obj(values + i))
            twice = object_twice(values + i, keys);
    }
    weft_free(keys);
    if (twice == NULL)
        return 0;
    size_t at = text_offset(input->doc, twice, input->length);
    return json_fail(input->error, input->data, at > 0 ? at - 1 : 0,
                     "the key `%.100s` stands twice in one object", yyjson_get_str(twice));
}

/* Numbers that 64 bits do not hold come as raw text. */
static int numbers_check(const struct input *input)
{
    size_t count = yyjson_doc_get_val_count(input->doc);
    yyjson_val *values = yyjson_doc_get_root(input->doc);
    for (size_t i = 0; i < count; i++) {
        if (yyjson_is_raw(values + i))
            return json_fail(input->error, input->data,
                             text_offset(input->doc, values + i, input->length),
                             "a number beyond 64 bits");
    }
    return 0;
}

int weft_json_parse(const char *data, size_t length, unsigned flags, yyjson_doc **out,
                    struct weft_error *error)
{
    size_t deep =
        depth_check(data, length, (flags & WEFT_JSON_DEEP) ? JSON_DEEP_MAX : WEFT_JSON_DEPTH_MAX);
    if (deep < length)
        return json_fail(error, data, deep, "nested too deep");
    yyjson_read_err why;
    /* yyjson does not write to the text without YYJSON_READ_INSITU. */
    bool raw = (flags & WEFT_JSON_RAW_NUMBERS) != 0;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)data, length,
                                       raw ? YYJSON_READ_NUMBER_AS_RAW : YYJSON_READ_BIGNUM_AS_RAW,
                                       &json_alc, &why);
    if (doc == NULL) {
        if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
            return weft_error_nomem(error);
        return json_fail(error, data, WEFT_MIN(why.pos, length), "%s", why.msg);
    }
    struct input input = {doc, data, length, error};
    if ((!raw && numbers_check(&input) < 0) ||
        ((flags & WEFT_JSON_UNIQUE_KEYS) && unique_check(&input) < 0)) {
        yyjson_doc_free(doc);
        return -1;
    }
    *out = doc;
    return 0;
}

void weft_json_freep(yyjson_doc **doc)
{
    yyjson_doc_free(*doc);
    *doc = NULL;
}

/* ---- members ---- */

static int member_wrong(const char *key, const char *wanted, struct weft_error *error)
{
    return weft_error_set(error, WEFT_E_CORRUPT, "the member `%s` is missing or not %s", key,
                          wanted);
}

/* A C string cannot carry a zero byte: such a text counts as wrong. */
static const char *value_text(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    return text != NULL && strlen(text) == yyjson_get_len(value) ? text : NULL;
}

int weft_json_text(yyjson_val *object, const char *key, const char **out, struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (value_text(value) == NULL)
        return member_wrong(key, "a text", error);
    *out = yyjson_get_str(value);
    return 0;
}

static bool int_read(yyjson_val *value, int64_t *out)
{
    if (yyjson_is_sint(value)) {
        *out = yyjson_get_sint(value);
        return true;
    }
    if (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX) {
        *out = (int64_t)yyjson_get_uint(value);
        return true;
    }
    return yyjson_is_str(value) &&
           weft_parse_int64(yyjson_get_str(value), yyjson_get_len(value), out);
}

int weft_json_int(yyjson_val *object, const char *key, int64_t *out, struct weft_error *error)
{
    if (!int_read(yyjson_obj_get(object, key), out))
        return member_wrong(key, "an integer", error);
    return 0;
}

int weft_json_bool(yyjson_val *object, const char *key, bool *out, struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (!yyjson_is_bool(value))
        return member_wrong(key, "true or false", error);
    *out = yyjson_get_bool(value);
    return 0;
}

int weft_json_array(yyjson_val *object, const char *key, yyjson_val **out, struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (!yyjson_is_arr(value))
        return member_wrong(key, "an array", error);
    *out = value;
    return 0;
}

int weft_json_object(yyjson_val *object, const char *key, yyjson_val **out,
                     struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (!yyjson_is_obj(value))
        return member_wrong(key, "an object", error);
    *out = value;
    return 0;
}

const char *weft_json_text_or(yyjson_val *object, const char *key, const char *otherwise)
{
    const char *text = value_text(yyjson_obj_get(object, key));
    return text == NULL ? otherwise : text;
}

int64_t weft_json_int_or(yyjson_val *object, const char *key, int64_t otherwise)
{
    int64_t value;
    return int_read(yyjson_obj_get(object, key), &value) ? value : otherwise;
}

bool weft_json_bool_or(yyjson_val *object, const char *key, bool otherwise)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_bool(value) ? yyjson_get_bool(value) : otherwise;
}
