/*
 * adopt.c - a contract from elsewhere made fit for a checkout: one for each of its tables, and
 * where a name is none here, the one it has here under the custom property weft.name. Nothing else
 * of it changes.
 */
#include "odcs/odcs_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct adoption {
    struct weft_reader *reader;
    struct weft_diag *renames;
};

static void renamed(struct adoption *adoption, struct weft_place place, const char *what,
                    const char *before, const char *after)
{
    weft_diag_add(adoption->renames, WEFT_SEVERITY_NOTE, WEFT_E_INVALID, adoption->reader->file,
                  place.line, place.column, NULL, "the %s `%.100s` is `%s` here", what, before,
                  after);
}

/* The map with one key more, or another value of it. */
static struct weft_node *map_with(struct weft_reader *reader, const struct weft_node *map,
                                  const char *key, const struct weft_node *value)
{
    struct weft_node *copy = weft_node_map(reader, map->place, map->count + 1);
    bool there = false;
    for (size_t i = 0; copy != NULL && i < map->count; i++) {
        bool same = strcmp(map->keys[i], key) == 0;
        weft_node_put(copy, map->keys[i], map->places[i], same ? value : map->items[i]);
        there = there || same;
    }
    if (!there)
        weft_node_put(copy, key, map->place, value);
    return copy;
}

static struct weft_node *with_custom(struct weft_reader *reader, const struct weft_node *map,
                                     const char *property, const char *value)
{
    const struct weft_node *list = weft_node_get(map, "customProperties");
    struct weft_node *longer =
        weft_node_list(reader, map->place, (list == NULL ? 0 : list->count) + 1);
    struct weft_node *one = weft_node_map(reader, map->place, 2);
    for (size_t i = 0; longer != NULL && list != NULL && i < list->count; i++)
        weft_node_add(longer, list->items[i]);
    if (reader->nomem)
        return NULL;
    weft_node_put(one, "property", map->place,
                  weft_node_value(reader, property, false, map->place));
    weft_node_put(one, "value", map->place, weft_node_value(reader, value, false, map->place));
    weft_node_add(longer, one);
    return map_with(reader, map, "customProperties", longer);
}

/* ---- columns ---- */

/* By one of the first `count`, but for the one at `self`. */
static bool name_taken(const struct weft_node *list, size_t count, size_t self, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (i == self)
            continue;
        const char *other = weft_node_text(weft_odcs_name(list->items[i]));
        if (other != NULL && weft_equal_fold(other, name))
            return true;
    }
    return false;
}

/* A legal name for the one at made->count: none before has it, nor any further on as it is. */
static const char *name_for(struct weft_reader *reader, const struct weft_node *made,
                            const struct weft_node *written, const char *name)
{
    char proposal[WEFT_NAME_MAX + 1];
    size_t self = made->count;
    weft_name_propose(name, proposal);
    const char *free = weft_reader_text(reader, proposal);
    for (int i = 2; i < 5000 && (name_taken(made, self, self, free) ||
                                 name_taken(written, written->count, self, free));
         i++)
        free = weft_reader_format(reader, "%.40s_%d", proposal, i);
    return free;
}

static const struct weft_node *property_fit(struct adoption *adoption,
                                            const struct weft_node *property, int depth);

static const struct weft_node *list_fit(struct adoption *adoption, const struct weft_node *list,
                                        int depth)
{
    struct weft_reader *reader = adoption->reader;
    struct weft_node *made = weft_node_list(reader, list->place, list->count);
    for (size_t i = 0; !reader->nomem && i < list->count; i++) {
        const struct weft_node *property = property_fit(adoption, list->items[i], depth);
        const struct weft_node *name = property == NULL ? NULL : weft_odcs_name(property);
        const char *text = weft_node_text(name);
        if (text != NULL &&
            (!weft_name_valid(text) || name_taken(made, made->count, made->count, text))) {
            const char *legal = name_for(reader, made, list, text);
            renamed(adoption, name->place, depth == 0 ? "column" : "nested field", text, legal);
            property = with_custom(reader, property, WEFT_ODCS_NAME_PROPERTY, legal);
        }
        weft_node_add(made, property);
    }
    return made;
}

static const struct weft_node *property_fit(struct adoption *adoption,
                                            const struct weft_node *property, int depth)
{
    const struct weft_node *list = weft_node_get(property, "properties");
    const struct weft_node *items = weft_node_get(property, "items");
    if (depth > WEFT_ODCS_DEPTH_MAX)
        return property;
    if (property != NULL && list != NULL && list->kind == WEFT_NODE_LIST)
        property =
            map_with(adoption->reader, property, "properties", list_fit(adoption, list, depth + 1));
    if (property != NULL && items != NULL)
        property =
            map_with(adoption->reader, property, "items", property_fit(adoption, items, depth + 1));
    return property;
}

/* ---- one table ---- */

static const char *version_fit(struct adoption *adoption, const struct weft_node *version)
{
    int parts[3] = {0, 1, 0};
    const char *text = weft_node_text(version);
    text = text == NULL ? "" : text;
    int read = sscanf(text + (text[0] == 'v'), "%3d.%5d.%5d", &parts[0], &parts[1], &parts[2]);
    if (read == 1)
        parts[1] = 0;
    const char *legal =
        weft_reader_format(adoption->reader, "%d.%d.%d", parts[0] < 0 ? 0 : parts[0],
                           parts[1] < 0 ? 0 : parts[1], parts[2] < 0 ? 0 : parts[2]);
    return strcmp(legal, text) == 0 ? NULL : legal;
}

static const struct weft_node *contract_of(struct adoption *adoption, const struct weft_node *root,
                                           const struct weft_node *object)
{
    struct weft_reader *reader = adoption->reader;
    const struct weft_node *written = weft_node_get(root, "version");
    const char *version = version_fit(adoption, written);
    struct weft_node *schema = weft_node_list(reader, root->place, 1);
    const struct weft_node *list = weft_node_get(object, "properties");
    if (object != NULL && list != NULL)
        object = map_with(reader, object, "properties", list_fit(adoption, list, 0));
    weft_node_add(schema, object);
    if (object != NULL && !reader->nomem)
        root = map_with(reader, root, "schema", schema);
    if (version != NULL && root != NULL && weft_odcs_custom(root, "weft.version") == NULL) {
        renamed(adoption, written->place, "version", written->text, version);
        root = with_custom(reader, root, "weft.version", version);
    }
    return root;
}

static const char *text_of(struct weft_reader *reader, const struct weft_node *root)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    weft_buf_init(&text, WEFT_EXPORT_MAX);
    weft_node_print_yaml(root, &text);
    reader->nomem |= weft_buf_check(&text, &error) < 0;
    const char *copy = weft_reader_text(reader, text.data);
    weft_buf_release(&text);
    return copy;
}

static void adopt_one(struct adoption *adoption, const struct weft_node *root,
                      const struct weft_node *object, bool alone, const struct weft_odcs_into *into,
                      struct weft_odcs_adopted *out)
{
    struct weft_reader *reader = adoption->reader;
    char proposal[WEFT_NAME_MAX + 1];
    const struct weft_node *name = weft_node_get(root, "dataProduct");
    name = name == NULL ? weft_node_get(root, "name") : name;
    const struct weft_node *own = weft_odcs_custom(root, WEFT_ODCS_NAME_PROPERTY);
    name = own == NULL ? name : own;
    if (!alone || name == NULL)
        name = weft_node_get(object, "name");
    const char *text = weft_node_text(name);
    out->name = into->product;
    if (out->name == NULL && text != NULL) {
        weft_name_propose(text, proposal);
        out->name = weft_reader_text(reader, proposal);
    }
    if (out->name != NULL && text != NULL && strcmp(out->name, text) != 0)
        renamed(adoption, name->place, "contract", text, out->name);
    root = contract_of(adoption, root, object);
    if (root != NULL && !reader->nomem)
        out->text = text_of(reader, root);
}

static const char *domain_of(struct adoption *adoption, const struct weft_node *root,
                             const struct weft_odcs_into *into)
{
    char proposal[WEFT_NAME_MAX + 1];
    const struct weft_node *written = weft_node_get(root, "domain");
    const char *text = weft_node_text(written);
    if (into->domain != NULL || text == NULL)
        return into->domain;
    weft_name_propose(text, proposal);
    if (strcmp(proposal, text) != 0)
        renamed(adoption, written->place, "domain", text, proposal);
    return weft_reader_text(adoption->reader, proposal);
}

int weft_odcs_adopt(struct weft_arena *arena, const char *text, size_t length, const char *file,
                    const struct weft_odcs_into *into, struct weft_diag *diag,
                    struct weft_diag *renames, struct weft_odcs_adopted **out, size_t *count,
                    struct weft_error *error)
{
    struct weft_reader reader = {.arena = arena, .diag = diag, .file = file, .environment = "dev"};
    struct adoption adoption = {&reader, renames};
    struct weft_node *root = weft_node_of_yaml(&reader, text, length);
    *count = 0;
    if (root != NULL)
        weft_odcs_check(&reader, root);
    WEFT_TRY(weft_reader_check(&reader, error));
    if (root == NULL || diag->errors > 0)
        return 0;
    const struct weft_node *schema = weft_node_get(root, "schema");
    size_t tables = schema == NULL || schema->count == 0 ? 1 : schema->count;
    struct weft_odcs_adopted *items = weft_reader_alloc(&reader, tables, sizeof *items);
    const char *domain = domain_of(&adoption, root, into);
    for (size_t i = 0; items != NULL && !reader.nomem && i < tables; i++) {
        adopt_one(&adoption, root, schema == NULL || schema->count == 0 ? NULL : schema->items[i],
                  tables == 1, into, &items[i]);
        items[i].domain = domain;
    }
    WEFT_TRY(weft_reader_check(&reader, error));
    *out = items;
    *count = tables;
    return renames->out_of_memory ? weft_error_nomem(error) : 0;
}
