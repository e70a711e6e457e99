/*
 * json_record_fuzz.c - hostile JSON through split and scan. The scan must accept what yyjson
 * accepts and find the same members; elements of a text must be the same whether it comes whole or
 * in two pieces, and be those that yyjson finds where it takes the whole.
 */
#include "codec/json.h"
#include "codec/json_record.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* What weft refuses beyond yyjson: a zero in a string. */
static bool has_zero_escape(const char *data, size_t length)
{
    return memmem(data, length, "\\u0000", 6) != NULL;
}

static void value_same(const struct weft_json_slice *slice, yyjson_val *value);

static void text_same(const struct weft_json_slice *slice, const char *text, size_t length)
{
    char *copy = malloc(slice->length + 1);
    memcpy(copy, slice->data, slice->length);
    size_t size = weft_json_unescape(copy, slice->length, copy);
    CHECK(slice->escaped || size == slice->length);
    CHECK(size == length && memcmp(copy, text, length) == 0);
    free(copy);
}

static void object_same(const struct weft_json_slice *slice, yyjson_val *value)
{
    struct weft_json_walk walk;
    struct weft_json_slice key;
    struct weft_json_slice member;
    yyjson_obj_iter iter;
    yyjson_obj_iter_init(value, &iter);
    weft_json_walk_init(&walk, slice->data, slice->length);
    while (weft_json_member_next(&walk, &key, &member)) {
        yyjson_val *name = yyjson_obj_iter_next(&iter);
        CHECK(name != NULL);
        text_same(&key, yyjson_get_str(name), yyjson_get_len(name));
        value_same(&member, yyjson_obj_iter_get_val(name));
    }
    CHECK(walk.wrong == NULL && yyjson_obj_iter_next(&iter) == NULL);
}

static void array_same(const struct weft_json_slice *slice, yyjson_val *value)
{
    struct weft_json_walk walk;
    struct weft_json_slice element;
    yyjson_arr_iter iter;
    yyjson_arr_iter_init(value, &iter);
    weft_json_walk_init(&walk, slice->data, slice->length);
    while (weft_json_element_next(&walk, &element)) {
        yyjson_val *item = yyjson_arr_iter_next(&iter);
        CHECK(item != NULL);
        value_same(&element, item);
    }
    CHECK(walk.wrong == NULL && yyjson_arr_iter_next(&iter) == NULL);
}

static void value_same(const struct weft_json_slice *slice, yyjson_val *value)
{
    switch (slice->kind) {
    case WEFT_JSON_NULL:
        CHECK(yyjson_is_null(value));
        break;
    case WEFT_JSON_BOOLEAN:
        CHECK(yyjson_is_bool(value) && (slice->length == 4) == yyjson_get_bool(value));
        break;
    case WEFT_JSON_NUMBER:
        CHECK(yyjson_is_raw(value) && yyjson_get_len(value) == slice->length &&
              memcmp(yyjson_get_raw(value), slice->data, slice->length) == 0);
        break;
    case WEFT_JSON_TEXT:
        CHECK(yyjson_is_str(value));
        text_same(slice, yyjson_get_str(value), yyjson_get_len(value));
        break;
    case WEFT_JSON_ARRAY:
        CHECK(yyjson_is_arr(value));
        array_same(slice, value);
        break;
    case WEFT_JSON_OBJECT:
        CHECK(yyjson_is_obj(value));
        object_same(slice, value);
        break;
    }
}

static bool scan_same(const char *data, size_t length)
{
    struct weft_json_slice slice = {0};
    const char *wrong = weft_json_scan(data, length, &slice);
    yyjson_doc *doc = yyjson_read_opts((char *)data, length, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
    bool deep = wrong != NULL && strstr(wrong, "deep") != NULL;
    if (wrong == NULL) {
        CHECK(doc != NULL);
        value_same(&slice, yyjson_doc_get_root(doc));
    } else if (doc != NULL) {
        CHECK(deep || has_zero_escape(data, length));
    }
    yyjson_doc_free(doc);
    return wrong == NULL;
}

struct split {
    uint32_t *pairs;
    size_t count;
    const char *wrong;
    size_t at;
};

/* In pieces: what was kept of one is put before the next, as blocks are read. */
static void split_run(const char *data, size_t length, size_t piece, struct split *out)
{
    struct weft_json_split split;
    uint32_t *pairs = malloc((length + 2) * sizeof *pairs);
    size_t base = 0, end = 0;
    weft_json_split_init(&split);
    *out = (struct split){.pairs = malloc((length + 2) * sizeof *out->pairs)};
    do {
        size_t count = 0;
        end = piece == 0 || end + piece > length ? length : end + piece;
        bool good =
            weft_json_split_run(&split, data + base, end - base, end == length, pairs, &count);
        CHECK(good == (split.wrong == NULL) && 2 * count <= end - base + 1);
        for (size_t i = 0; i < 2 * count; i++)
            out->pairs[2 * out->count + i] = pairs[i] + (uint32_t)base;
        out->count += count;
        size_t keep = weft_json_split_keep(&split);
        CHECK(keep <= end - base);
        if (good) {
            weft_json_split_shift(&split, keep);
            base += keep;
        }
    } while (split.wrong == NULL && end < length);
    out->wrong = split.wrong;
    out->at = split.at + base;
    free(pairs);
}

static void split_same(const char *data, size_t length, size_t piece)
{
    struct split whole, parts;
    split_run(data, length, 0, &whole);
    split_run(data, length, piece, &parts);
    CHECK(whole.wrong == parts.wrong && whole.at == parts.at && whole.count == parts.count);
    CHECK(memcmp(whole.pairs, parts.pairs, 2 * whole.count * sizeof *whole.pairs) == 0);
    size_t before = 0;
    for (size_t i = 0; i < whole.count; i++) {
        CHECK(whole.pairs[2 * i] >= before && whole.pairs[2 * i] < whole.pairs[2 * i + 1]);
        before = whole.pairs[2 * i + 1];
    }
    CHECK(before <= length);
    yyjson_doc *doc = yyjson_read_opts((char *)data, length, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_is_arr(root) && (whole.wrong == NULL || strstr(whole.wrong, "1,024") == NULL)) {
        CHECK(whole.wrong == NULL && whole.count == yyjson_arr_size(root));
        for (size_t i = 0; i < whole.count; i++)
            scan_same(data + whole.pairs[2 * i], whole.pairs[2 * i + 1] - whole.pairs[2 * i]);
    }
    yyjson_doc_free(doc);
    free(whole.pairs);
    free(parts.pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 1 || length > 20000)
        return 0;
    /* A copy of just this length: reading behind it is found. */
    char *data = malloc(length);
    memcpy(data, bytes + 1, length - 1);
    length--;
    if (weft_utf8_valid(data, length) == length && memchr(data, '\0', length) == NULL) {
        scan_same(data, length);
        split_same(data, length, 1 + bytes[0]);
    }
    free(data);
    return 0;
}
