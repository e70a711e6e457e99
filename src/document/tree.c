/*
 * tree.c - trees made, copied and moved.
 */
#include "document/tree.h"

static struct weft_node *node_new(struct weft_reader *reader, enum weft_node_kind kind,
                                  struct weft_place place, size_t max)
{
    struct weft_node *node = weft_reader_alloc(reader, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->text = "";
    node->place = place;
    node->text_place = place;
    node->items = weft_reader_alloc(reader, max, sizeof *node->items);
    if (kind == WEFT_NODE_MAP) {
        node->keys = weft_reader_alloc(reader, max, sizeof *node->keys);
        node->places = weft_reader_alloc(reader, max, sizeof *node->places);
    }
    return reader->nomem ? NULL : node;
}

struct weft_node *weft_node_map(struct weft_reader *reader, struct weft_place place, size_t max)
{
    return node_new(reader, WEFT_NODE_MAP, place, max);
}

struct weft_node *weft_node_list(struct weft_reader *reader, struct weft_place place, size_t max)
{
    return node_new(reader, WEFT_NODE_LIST, place, max);
}

struct weft_node *weft_node_value(struct weft_reader *reader, const char *text, bool bare,
                                  struct weft_place place)
{
    struct weft_node *node = weft_reader_alloc(reader, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    *node = (struct weft_node){.kind = WEFT_NODE_VALUE,
                               .text = weft_reader_text(reader, text),
                               .bare = bare,
                               .place = place,
                               .text_place = place};
    return node;
}

/* Values are never changed through a tree that shares them: who changes copies. */
static struct weft_node *shared(const struct weft_node *node)
{
    return (struct weft_node *)(uintptr_t)node;
}

void weft_node_put(struct weft_node *map, const char *key, struct weft_place place,
                   const struct weft_node *value)
{
    if (map == NULL || value == NULL)
        return;
    map->keys[map->count] = key;
    map->places[map->count] = place;
    map->items[map->count++] = shared(value);
}

void weft_node_add(struct weft_node *list, const struct weft_node *value)
{
    if (list != NULL && value != NULL)
        list->items[list->count++] = shared(value);
}

struct weft_node *weft_node_copy(struct weft_reader *reader, const struct weft_node *node)
{
    struct weft_node *copy = node == NULL ? NULL : weft_reader_alloc(reader, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *node;
    copy->items = weft_reader_alloc(reader, node->count, sizeof *copy->items);
    for (size_t i = 0; !reader->nomem && i < node->count; i++)
        copy->items[i] = weft_node_copy(reader, node->items[i]);
    return reader->nomem ? NULL : copy;
}

void weft_node_move(struct weft_node *node, struct weft_place place)
{
    node->place = place;
    node->text_place = place;
    node->indent = node->indent == 0 ? 0 : -1;
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == WEFT_NODE_MAP)
            node->places[i] = place;
        weft_node_move(node->items[i], place);
    }
}
