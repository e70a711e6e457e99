/*
 * kept.c - what a contract says that weft keeps, gives back, and does not act by: told, so
 * that nobody takes it for done. What somebody could rely on (a partition, a format, who may read)
 * has a note at its place; the rest is one list.
 */
#include "odcs/odcs_internal.h"

#include <stdio.h>
#include <string.h>

#define LISTED_MAX 300

struct kept {
    struct weft_odcs_state *state;
    struct weft_place place; /* of the first that is listed */
    char names[LISTED_MAX];
    bool more;
};

/* Keys by which weft acts, or which it tells of elsewhere. */
static const char root_used[] = "apiVersion|kind|id|version|status|name|domain|dataProduct|"
                                "description|tags|schema|team|slaProperties|customProperties";
static const char description_used[] = "purpose|limitations|customProperties";
static const char object_used[] = "id|name|logicalType|properties|relationships|quality|"
                                  "customProperties";
static const char property_used[] =
    "id|name|logicalType|logicalTypeOptions|required|unique|primaryKey|primaryKeyPosition|"
    "classification|relationships|properties|items|physicalType|description|quality|"
    "customProperties";

static const struct {
    const char *key, *text;
} acting[] = {
    {"partitioned", "weft partitions by its own key `partition`"},
    {"partitionKeyPosition", NULL},
    {"encryptedName", "nothing is encrypted by it"},
    {"transformLogic", "it is not run"},
    {"roles", "who may read is not decided by it"},
    {"defaultTimezone", NULL},
};

static void list_add(struct kept *kept, const char *name, struct weft_place place)
{
    char quoted[80];
    size_t used = strlen(kept->names);
    snprintf(quoted, sizeof quoted, "`%.60s`", name);
    if (used == 0)
        kept->place = place;
    if (strstr(kept->names, quoted) != NULL)
        return;
    if (used + strlen(quoted) + 3 > sizeof kept->names)
        kept->more = true;
    else
        snprintf(kept->names + used, sizeof kept->names - used, "%s%s", used == 0 ? "" : ", ",
                 quoted);
}

static void key_tell(struct kept *kept, const char *key, struct weft_place place, const char *of)
{
    for (size_t i = 0; i < WEFT_COUNT(acting); i++) {
        if (strcmp(acting[i].key, key) != 0)
            continue;
        weft_odcs_tell(kept->state, WEFT_SEVERITY_NOTE, place, NULL,
                       "`%s`%s%.60s%s is kept, and has no effect%s%s", key,
                       of == NULL ? "" : " of `", of == NULL ? "" : of, of == NULL ? "" : "`",
                       acting[i].text == NULL ? "" : ": ",
                       acting[i].text == NULL ? "" : acting[i].text);
        return;
    }
    list_add(kept, key, place);
}

static void map_tell(struct kept *kept, const struct weft_node *map, const char *used,
                     const char *of)
{
    for (size_t i = 0; map != NULL && map->kind == WEFT_NODE_MAP && i < map->count; i++)
        if (!weft_words_has(used, map->keys[i]) && weft_node_is_set(map->items[i]))
            key_tell(kept, map->keys[i], map->places[i], of);
    const struct weft_node *custom = weft_node_get(map, "customProperties");
    for (size_t i = 0; custom != NULL && custom->kind == WEFT_NODE_LIST && i < custom->count; i++) {
        const struct weft_node *name = weft_node_get(custom->items[i], "property");
        if (weft_node_text(name) != NULL && strncmp(name->text, "weft.", 5) != 0)
            list_add(kept, name->text, name->place);
    }
}

/* The format of a number is its type; of a text or a date it is a wish. */
static void options_tell(struct kept *kept, const struct weft_node *property, const char *name)
{
    const struct weft_node *options = weft_node_get(property, "logicalTypeOptions");
    const struct weft_node *format = weft_node_get(options, "format");
    const char *logical = weft_node_get_text(property, "logicalType");
    const struct weft_node *zone = weft_node_get(options, "defaultTimezone");
    bool number = logical != NULL && weft_words_has("integer|number", logical);
    if (zone != NULL)
        key_tell(kept, "defaultTimezone", weft_node_key_place(options, "defaultTimezone"), name);
    if (weft_node_text(format) != NULL && !number)
        weft_odcs_tell(kept->state, WEFT_SEVERITY_NOTE, weft_node_key_place(options, "format"),
                       "a `pattern` is checked",
                       "the format `%.40s` of `%.60s` is kept, and not checked", format->text,
                       name);
}

static void properties_tell(struct kept *kept, const struct weft_node *holder, int depth)
{
    const struct weft_node *list = weft_node_get(holder, "properties");
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const char *name = weft_node_text(weft_odcs_name(list->items[i]));
        map_tell(kept, list->items[i], property_used, name == NULL ? "" : name);
        if (depth == 0) /* inside of nested values all options are told of */
            options_tell(kept, list->items[i], name == NULL ? "" : name);
        if (depth < WEFT_ODCS_DEPTH_MAX)
            properties_tell(kept, list->items[i], depth + 1);
    }
    const struct weft_node *items = weft_node_get(holder, "items");
    if (items == NULL || depth >= WEFT_ODCS_DEPTH_MAX)
        return;
    map_tell(kept, items, property_used, NULL);
    properties_tell(kept, items, depth + 1);
}

void weft_odcs_tell_kept(struct weft_odcs_state *state, const struct weft_node *root)
{
    struct kept kept = {.state = state};
    if (!state->tell)
        return;
    map_tell(&kept, root, root_used, NULL);
    map_tell(&kept, weft_node_get(root, "description"), description_used, NULL);
    map_tell(&kept, state->object, object_used, NULL);
    properties_tell(&kept, state->object, 0);
    if (kept.names[0] != '\0')
        weft_odcs_tell(state, WEFT_SEVERITY_NOTE, kept.place, NULL,
                       "kept, given back by export, and without effect: %s%s", kept.names,
                       kept.more ? " and others" : "");
}
