/*
 * tree.c - trees made, compared and put together again.
 */
#include "odcs/odcs_internal.h"

#include "base/text.h"

#include <string.h>

#define REMOVED "-" /* in a difference: the keys that are not there */
#define ADDED "+"   /* of custom properties: those that are */

/* ---- comparing ---- */

static bool scalar_equal(const struct weft_node *a, const struct weft_node *b)
{
    if (weft_node_is_number(a) && weft_node_is_number(b))
        return weft_node_number(a, 0) == weft_node_number(b, 0);
    return strcmp(a->text, b->text) == 0 && weft_node_is_text(a) == weft_node_is_text(b);
}

/* Custom properties are a map in the form of a list: by property, in any order. */
static bool is_by_name(const char *key)
{
    return strcmp(key, "customProperties") == 0;
}

static bool has_item(struct weft_reader *reader, const struct weft_node *list,
                     const struct weft_node *item)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind == item->kind &&
            weft_odcs_rest(reader, list->items[i], item) == NULL)
            return true;
    }
    return false;
}

static struct weft_node *rest_of_named(struct weft_reader *reader, const struct weft_node *made,
                                       const struct weft_node *written)
{
    struct weft_node *rest = weft_node_map(reader, written->place, 2);
    struct weft_node *removed = weft_node_list(reader, written->place, made->count);
    struct weft_node *added = weft_node_list(reader, written->place, written->count);
    for (size_t i = 0; !reader->nomem && i < written->count; i++) {
        if (!has_item(reader, made, written->items[i]))
            weft_node_add(added, weft_node_copy(reader, written->items[i]));
    }
    for (size_t i = 0; !reader->nomem && i < made->count; i++) {
        if (!has_item(reader, written, made->items[i]))
            weft_node_add(removed, weft_node_get(made->items[i], "property"));
    }
    if (removed != NULL && removed->count > 0)
        weft_node_put(rest, REMOVED, written->place, removed);
    if (added != NULL && added->count > 0)
        weft_node_put(rest, ADDED, written->place, added);
    return rest == NULL || rest->count == 0 ? NULL : rest;
}

static struct weft_node *rest_of_maps(struct weft_reader *reader, const struct weft_node *made,
                                      const struct weft_node *written)
{
    struct weft_node *rest =
        weft_node_map(reader, written->place, written->count + made->count + 1 /* REMOVED */);
    struct weft_node *removed = weft_node_list(reader, written->place, made->count);
    for (size_t i = 0; !reader->nomem && i < written->count; i++) {
        const struct weft_node *before = weft_node_get(made, written->keys[i]);
        const struct weft_node *after = written->items[i];
        const struct weft_node none = {.kind = WEFT_NODE_LIST, .text = ""};
        bool named = is_by_name(written->keys[i]) && after->kind == WEFT_NODE_LIST;
        const struct weft_node *one =
            named            ? rest_of_named(reader, before == NULL ? &none : before, after)
            : before == NULL ? weft_node_copy(reader, after)
                             : weft_odcs_rest(reader, before, after);
        if (named && after->count == 0 && before == NULL)
            one = weft_node_copy(reader, after);
        weft_node_put(rest, written->keys[i], written->places[i], one);
    }
    for (size_t i = 0; !reader->nomem && i < made->count; i++) {
        const struct weft_node none = {.kind = WEFT_NODE_LIST, .text = ""};
        if (weft_node_get(written, made->keys[i]) != NULL)
            continue;
        if (is_by_name(made->keys[i]))
            weft_node_put(rest, made->keys[i], written->place,
                          rest_of_named(reader, made->items[i], &none));
        else
            weft_node_add(removed, weft_node_value(reader, made->keys[i], false, written->place));
    }
    if (removed != NULL && removed->count > 0)
        weft_node_put(rest, REMOVED, written->place, removed);
    return rest == NULL || rest->count == 0 ? NULL : rest;
}

/* Lists of one length that hold maps: by place. Others: the whole list, unless it is the same. */
static struct weft_node *rest_of_lists(struct weft_reader *reader, const struct weft_node *made,
                                       const struct weft_node *written)
{
    struct weft_node *rest = weft_node_map(reader, written->place, written->count);
    bool by_place = made->count == written->count;
    for (size_t i = 0; !reader->nomem && by_place && i < written->count; i++) {
        const struct weft_node *one = weft_odcs_rest(reader, made->items[i], written->items[i]);
        by_place = one == NULL || (made->items[i]->kind == WEFT_NODE_MAP &&
                                   written->items[i]->kind == WEFT_NODE_MAP);
        weft_node_put(rest, weft_reader_format(reader, "%zu", i), written->place, one);
    }
    if (!by_place)
        return weft_node_copy(reader, written);
    return rest == NULL || rest->count == 0 ? NULL : rest;
}

struct weft_node *weft_odcs_rest(struct weft_reader *reader, const struct weft_node *made,
                                 const struct weft_node *written)
{
    if (made->kind != written->kind)
        return weft_node_copy(reader, written);
    switch (written->kind) {
    case WEFT_NODE_MAP:
        return rest_of_maps(reader, made, written);
    case WEFT_NODE_LIST:
        return rest_of_lists(reader, made, written);
    case WEFT_NODE_VALUE:
        return scalar_equal(made, written) ? NULL : weft_node_copy(reader, written);
    case WEFT_NODE_NULL:
        break;
    }
    return NULL;
}

/* ---- putting together ---- */

static bool is_removed(const struct weft_node *rest, const char *key)
{
    const struct weft_node *removed = weft_node_get(rest, REMOVED);
    for (size_t i = 0; removed != NULL && i < removed->count; i++) {
        if (removed->kind == WEFT_NODE_LIST && removed->items[i]->kind == WEFT_NODE_VALUE &&
            strcmp(removed->items[i]->text, key) == 0)
            return true;
    }
    return false;
}

static const struct weft_node *join_named(struct weft_reader *reader, const struct weft_node *made,
                                          const struct weft_node *rest)
{
    const struct weft_node *added = weft_node_get(rest, ADDED);
    size_t more = added == NULL ? 0 : added->count;
    struct weft_node *both = weft_node_list(reader, rest->place, more + (made ? made->count : 0));
    for (size_t i = 0; !reader->nomem && made != NULL && i < made->count; i++) {
        const char *property = weft_node_get_text(made->items[i], "property");
        if (property == NULL || !is_removed(rest, property))
            weft_node_add(both, made->items[i]);
    }
    for (size_t i = 0; !reader->nomem && i < more; i++)
        weft_node_add(both, added->items[i]);
    return both;
}

static const struct weft_node *join_maps(struct weft_reader *reader, const struct weft_node *made,
                                         const struct weft_node *rest)
{
    struct weft_node *both = weft_node_map(reader, made->place, made->count + rest->count);
    for (size_t i = 0; !reader->nomem && i < made->count; i++) {
        const struct weft_node *one = weft_node_get(rest, made->keys[i]);
        bool named = one != NULL && is_by_name(made->keys[i]) && one->kind == WEFT_NODE_MAP;
        const struct weft_node *item = named ? join_named(reader, made->items[i], one)
                                             : weft_odcs_join(reader, made->items[i], one);
        if (item != NULL && !is_removed(rest, made->keys[i]) && !(named && item->count == 0))
            weft_node_put(both, made->keys[i], made->places[i], item);
    }
    for (size_t i = 0; !reader->nomem && i < rest->count; i++) {
        const struct weft_node *one = rest->items[i];
        bool named = is_by_name(rest->keys[i]) && one->kind == WEFT_NODE_MAP;
        if (weft_node_get(made, rest->keys[i]) == NULL && strcmp(rest->keys[i], REMOVED) != 0)
            weft_node_put(both, rest->keys[i], rest->places[i],
                          named ? join_named(reader, NULL, one) : one);
    }
    return both;
}

static bool is_by_place(const struct weft_node *rest, size_t count)
{
    int64_t at;
    for (size_t i = 0; i < rest->count; i++) {
        if (!weft_parse_int64(rest->keys[i], strlen(rest->keys[i]), &at) || at < 0 ||
            (size_t)at >= count)
            return false;
    }
    return true;
}

const struct weft_node *weft_odcs_join(struct weft_reader *reader, const struct weft_node *made,
                                       const struct weft_node *rest)
{
    char key[32];
    if (rest == NULL)
        return made;
    if (rest->kind != WEFT_NODE_MAP || made->kind == WEFT_NODE_VALUE ||
        made->kind == WEFT_NODE_NULL)
        return rest;
    if (made->kind == WEFT_NODE_MAP)
        return join_maps(reader, made, rest);
    if (!is_by_place(rest, made->count))
        return rest;
    struct weft_node *both = weft_node_list(reader, made->place, made->count);
    for (size_t i = 0; !reader->nomem && i < made->count; i++) {
        snprintf(key, sizeof key, "%zu", i);
        weft_node_add(both, weft_odcs_join(reader, made->items[i], weft_node_get(rest, key)));
    }
    return both;
}
