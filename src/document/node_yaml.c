/*
 * node_yaml.c - from the tree of codec/yaml.h to the tree of reader.h.
 */
#include "codec/yaml.h"
#include "document/reader.h"

static struct weft_node *node_of(struct weft_reader *reader, const struct weft_yaml *yaml);

static void items_of(struct weft_reader *reader, const struct weft_yaml *yaml,
                     struct weft_node *node)
{
    node->items = weft_reader_alloc(reader, yaml->count, sizeof *node->items);
    if (node->kind == WEFT_NODE_MAP) {
        node->keys = weft_reader_alloc(reader, yaml->count, sizeof *node->keys);
        node->places = weft_reader_alloc(reader, yaml->count, sizeof *node->places);
    }
    for (size_t i = 0; i < yaml->count && !reader->nomem; i++) {
        node->items[i] = node_of(reader, yaml->items[i]);
        if (node->kind == WEFT_NODE_MAP) {
            const struct weft_yaml_key *key = &yaml->keys[i];
            node->keys[i] = key->text;
            node->places[i] = (struct weft_place){key->place.line, key->place.column};
        }
        node->count++;
    }
}

/* NULL when memory is out. */
static struct weft_node *node_of(struct weft_reader *reader, const struct weft_yaml *yaml)
{
    static const enum weft_node_kind kinds[] = {[WEFT_YAML_NULL] = WEFT_NODE_NULL,
                                                [WEFT_YAML_SCALAR] = WEFT_NODE_VALUE,
                                                [WEFT_YAML_SEQUENCE] = WEFT_NODE_LIST,
                                                [WEFT_YAML_MAPPING] = WEFT_NODE_MAP};
    struct weft_node *node = weft_reader_alloc(reader, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kinds[yaml->kind];
    node->text = yaml->text;
    node->place = (struct weft_place){yaml->place.line, yaml->place.column};
    node->text_place = (struct weft_place){yaml->text_place.line, yaml->text_place.column};
    node->indent = yaml->indent;
    node->bare = yaml->kind == WEFT_YAML_SCALAR && !yaml->quoted;
    if (yaml->count > 0)
        items_of(reader, yaml, node);
    return node;
}

struct weft_node *weft_node_of_yaml(struct weft_reader *reader, const char *text, size_t length)
{
    const struct weft_yaml *yaml = NULL;
    int rc = weft_yaml_parse(reader->arena, text, length, reader->file, reader->diag, &yaml, NULL);
    reader->nomem |= rc < 0;
    struct weft_node *root = yaml == NULL ? NULL : node_of(reader, yaml);
    if (root != NULL)
        root->wrong = rc == WEFT_YAML_TWICE;
    return reader->nomem ? NULL : root;
}

struct weft_node *weft_nodes_of_yaml(struct weft_reader *reader, const char *text, size_t length)
{
    const struct weft_yaml *yaml = NULL;
    int rc =
        weft_yaml_parse_all(reader->arena, text, length, reader->file, reader->diag, &yaml, NULL);
    reader->nomem |= rc < 0;
    struct weft_node *root = yaml == NULL ? NULL : node_of(reader, yaml);
    if (root != NULL)
        root->wrong = rc == WEFT_YAML_TWICE;
    return reader->nomem ? NULL : root;
}
