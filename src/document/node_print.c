/*
 * node_print.c - a tree as YAML and as JSON. What YAML 1.1 would take for something else than a
 * text (a date, `no`) is quoted too: other tools read these files.
 */
#include "document/tree.h"

#include "base/text.h"
#include "codec/yaml_format.h"

#include <string.h>

#define STEP 2
#define EXACT_INT_MAX (INT64_C(1) << 53)

/* ---- YAML ---- */

static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on",
                                        "off",  "y",     "n",    "~",   "<<"};
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (weft_equal_fold(words[i], text))
            return true;
    }
    return false;
}

static bool is_plain(const char *text)
{
    size_t length = strlen(text);
    const unsigned char *at = (const unsigned char *)text;
    bool letter = (at[0] >= 'a' && at[0] <= 'z') || (at[0] >= 'A' && at[0] <= 'Z') ||
                  at[0] == '_' || at[0] == '/' || at[0] == '$';
    if (!letter || length > 4000 || is_word_of_yaml(text) || strstr(text, ": ") != NULL ||
        strstr(text, " #") != NULL || text[length - 1] == ':' || text[length - 1] == ' ')
        return false;
    for (; *at != '\0'; at++) {
        if (*at < 0x20 || *at >= 0x7f)
            return false;
    }
    return true;
}

/* As a `|` block: lines of it, none of which a reader could take for something else. */
static bool is_block(const char *text)
{
    size_t length = strlen(text);
    if (strchr(text, '\n') == NULL || strchr(" \t\n", text[0]) != NULL ||
        (length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n'))
        return false;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if ((*at < 0x20 && *at != '\n') || *at >= 0x7f)
            return false;
    }
    return true;
}

static void indent(struct weft_buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        weft_buf_addc(out, ' ');
}

static void print_block(const char *text, int depth, struct weft_buf *out)
{
    size_t length = strlen(text);
    weft_buf_adds(out, text[length - 1] == '\n' ? "|" : "|-");
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        weft_buf_addc(out, '\n');
        if (line > 0)
            indent(out, depth);
        weft_buf_add(out, text, line);
        text += line + (text[line] == '\n');
    }
}

static void print_text(const char *text, struct weft_buf *out)
{
    if (is_plain(text))
        weft_buf_adds(out, text);
    else
        weft_yaml_put_quoted(out, text, strlen(text));
}

static void print_node(const struct weft_node *node, int depth, bool begun, struct weft_buf *out);

static void print_scalar(const struct weft_node *node, int depth, struct weft_buf *out)
{
    if (node->kind == WEFT_NODE_NULL)
        weft_buf_adds(out, "null");
    else if (node->kind == WEFT_NODE_MAP)
        weft_buf_adds(out, "{}");
    else if (node->kind == WEFT_NODE_LIST)
        weft_buf_adds(out, "[]");
    else if (!weft_node_is_text(node))
        weft_buf_adds(out, node->text);
    else if (is_block(node->text))
        print_block(node->text, depth, out);
    else
        print_text(node->text, out);
}

static void print_map(const struct weft_node *node, int depth, bool begun, struct weft_buf *out)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct weft_node *item = node->items[i];
        if (i > 0 || !begun)
            indent(out, depth);
        print_text(node->keys[i], out);
        weft_buf_addc(out, ':');
        if (item->count > 0) {
            weft_buf_addc(out, '\n');
            print_node(item, depth + STEP, false, out);
            continue;
        }
        weft_buf_addc(out, ' ');
        print_scalar(item, depth + STEP, out);
        weft_buf_addc(out, '\n');
    }
}

/* begun: the first line has its indentation already. */
static void print_node(const struct weft_node *node, int depth, bool begun, struct weft_buf *out)
{
    if (node->kind == WEFT_NODE_MAP && node->count > 0) {
        print_map(node, depth, begun, out);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0 || !begun)
            indent(out, depth);
        weft_buf_adds(out, "- ");
        if (node->items[i]->count > 0) {
            print_node(node->items[i], depth + STEP, true, out);
            continue;
        }
        print_scalar(node->items[i], depth + STEP, out);
        weft_buf_addc(out, '\n');
    }
    if (node->count == 0) {
        print_scalar(node, depth, out);
        weft_buf_addc(out, '\n');
    }
}

void weft_node_print_yaml(const struct weft_node *node, struct weft_buf *out)
{
    print_node(node, 0, false, out);
}

/* ---- JSON ---- */

static void print_json_scalar(const struct weft_node *node, struct weft_json_writer *writer)
{
    int64_t whole;
    if (weft_node_is_bool(node))
        weft_json_put_bool(writer, node->text[0] == 't');
    else if (!weft_node_is_number(node))
        weft_json_put_text(writer, node->text);
    else if (!weft_parse_int64(node->text, strlen(node->text), &whole))
        weft_json_put_double(writer, weft_node_number(node, 0));
    else if (whole <= EXACT_INT_MAX && whole >= -EXACT_INT_MAX)
        weft_json_put_int(writer, whole);
    else
        weft_json_put_text(writer, node->text); /* no JSON number keeps all of its digits */
}

static void print_json(const struct weft_node *node, struct weft_json_writer *writer, bool texts)
{
    switch (node->kind) {
    case WEFT_NODE_NULL:
        weft_json_put_null(writer);
        return;
    case WEFT_NODE_VALUE:
        if (texts)
            weft_json_put_text(writer, node->text);
        else
            print_json_scalar(node, writer);
        return;
    case WEFT_NODE_LIST:
        weft_json_begin_array(writer);
        for (size_t i = 0; i < node->count; i++)
            print_json(node->items[i], writer, texts);
        weft_json_end_array(writer);
        return;
    case WEFT_NODE_MAP:
        weft_json_begin_object(writer);
        for (size_t i = 0; i < node->count; i++) {
            weft_json_key(writer, node->keys[i]);
            print_json(node->items[i], writer, texts);
        }
        weft_json_end_object(writer);
    }
}

void weft_node_print_json(const struct weft_node *node, struct weft_json_writer *writer)
{
    print_json(node, writer, false);
}

void weft_node_print_texts(const struct weft_node *node, struct weft_json_writer *writer)
{
    print_json(node, writer, true);
}

void weft_json_member_texts(struct weft_json_writer *writer, const char *key,
                            struct weft_texts texts, bool even_empty)
{
    if (texts.count == 0 && !even_empty)
        return;
    weft_json_key(writer, key);
    weft_json_begin_array(writer);
    for (size_t i = 0; i < texts.count; i++)
        weft_json_put_text(writer, texts.items[i]);
    weft_json_end_array(writer);
}
