/*
 * yaml_fuzz.c - any text: no crash, no hang; what is wrong has a place in the text; a tree written
 * as JSON reads back as the same tree.
 */
#include "base/text.h"
#include "codec/json.h"
#include "codec/yaml.h"

#include <stdlib.h>
#include <string.h>

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 loses a small buffer when a quoted scalar has no end; the leaks of our own code are
 * still reported. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

struct limits {
    int lines;
    bool long_key; /* YAML wants the colon within 1024 characters */
};

static void place_check(struct weft_yaml_place place, const struct limits *limits)
{
    if (place.line < 1 || place.column < 1 || place.line > limits->lines + 1)
        abort();
}

static void text_check(const char *text, size_t length)
{
    if (strlen(text) != length || weft_utf8_valid(text, length) != length)
        abort();
}

static void tree_write(const struct weft_yaml *node, struct limits *limits,
                       struct weft_json_writer *out)
{
    place_check(node->place, limits);
    text_check(node->text, node->length);
    switch (node->kind) {
    case WEFT_YAML_NULL:
        weft_json_put_null(out);
        break;
    case WEFT_YAML_SCALAR:
        weft_json_put_text_n(out, node->text, node->length);
        break;
    case WEFT_YAML_SEQUENCE:
        weft_json_begin_array(out);
        for (size_t i = 0; i < node->count; i++)
            tree_write(node->items[i], limits, out);
        weft_json_end_array(out);
        break;
    case WEFT_YAML_MAPPING:
        weft_json_begin_object(out);
        for (size_t i = 0; i < node->count; i++) {
            place_check(node->keys[i].place, limits);
            text_check(node->keys[i].text, strlen(node->keys[i].text));
            limits->long_key |= strlen(node->keys[i].text) > 150;
            weft_json_key(out, node->keys[i].text);
            tree_write(node->items[i], limits, out);
        }
        weft_json_end_object(out);
        break;
    }
}

/* The tree as JSON; false when there is none. */
static bool read_and_write(const char *data, size_t length, struct limits *limits,
                           struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_json_writer writer;
    struct weft_diag diag;
    const struct weft_yaml *root = NULL;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    weft_diag_init(&diag);
    weft_json_writer_init(&writer, out);
    int rc = weft_yaml_parse(arena, data, length, "f", &diag, &root, &error);
    if (rc < 0 || (rc == 0) != (diag.errors == 0) || (rc == WEFT_YAML_WRONG) != (root == NULL))
        abort();
    for (size_t i = 0; i < diag.count; i++)
        place_check((struct weft_yaml_place){diag.items[i].line, diag.items[i].column}, limits);
    if (root != NULL)
        tree_write(root, limits, &writer);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    struct limits limits = {.lines = 1};
    for (size_t i = 0; i < size; i++)
        limits.lines += data[i] == '\n' || data[i] == '\r';
    struct weft_buf first, second;
    weft_buf_init(&first, 1 << 24);
    weft_buf_init(&second, 1 << 24);
    if (read_and_write((const char *)data, size, &limits, &first) && !limits.long_key) {
        if (!read_and_write(first.data, first.length, &limits, &second) ||
            first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
            abort();
    }
    weft_buf_release(&first);
    weft_buf_release(&second);
    return 0;
}
