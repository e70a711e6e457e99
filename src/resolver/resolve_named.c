/*
 * resolve_named.c - which columns of its tables a text may name: only these stand in the secured
 * subqueries. To parse, bind and plan a column with its treatment and its barrier is much of a
 * look-up's time, and tables are wide.
 *
 * It does not ask what a name means: a column stays when its name is any text of the printed tree
 * at all, be it an alias or a constant. All stay where columns come without their names: by a star
 * or a place (#2), a table's row as a value, NATURAL, PIVOT, DESCRIBE and SUMMARIZE, and where they
 * are renamed by their places. So no name means anything else than it would beside all columns.
 */
#include "base/map.h"
#include "base/text.h"
#include "resolver/resolve_internal.h"

struct named {
    struct resolve *resolve;
    struct weft_map *texts;  /* all of the tree, in small letters */
    struct weft_map *tables; /* names and aliases of what stands in FROM, likewise */
    bool all;
};

static const char *in_small(struct named *named, const char *text)
{
    char *small = weft_arena_strdup(named->resolve->arena, text);
    named->resolve->nomem = named->resolve->nomem || small == NULL;
    for (char *at = small; at != NULL && *at != 0; at++)
        *at = weft_lower(*at);
    return small;
}

static void named_add(struct named *named, struct weft_map *map, const char *text)
{
    const char *small = text == NULL ? NULL : in_small(named, text);
    if (small != NULL && weft_map_put(map, small, NULL) < 0)
        named->resolve->nomem = true;
}

static bool named_has(struct named *named, const struct weft_map *map, const char *text)
{
    const char *small = text == NULL ? NULL : in_small(named, text);
    return small != NULL && weft_map_has(map, small);
}

/* Columns come of it that nobody names. */
static bool gives_unnamed(yyjson_mut_val *object)
{
    return tree_is(object, "class", "STAR") || tree_is(object, "class", "POSITIONAL_REFERENCE") ||
           tree_is(object, "type", "PIVOT") || tree_is(object, "type", "SHOW_REF") ||
           tree_is(object, "ref_type", "NATURAL") ||
           yyjson_mut_arr_size(yyjson_mut_obj_get(object, "column_name_alias")) > 0;
}

static void texts_gather(struct named *named, yyjson_mut_val *value)
{
    if (yyjson_mut_is_str(value)) {
        named_add(named, named->texts, yyjson_mut_get_str(value));
    } else if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            texts_gather(named, item);
    } else if (yyjson_mut_is_obj(value)) {
        named->all = named->all || gives_unnamed(value);
        if (yyjson_mut_obj_get(value, "class") == NULL) {
            named_add(named, named->tables, tree_text(value, "alias"));
            named_add(named, named->tables, tree_text(value, "table_name"));
        }
        yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
        yyjson_mut_val *key;
        while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
            texts_gather(named, yyjson_mut_obj_iter_get_val(key));
    }
}

/* A table's name where a column's may stand is a row with all its columns. */
static bool has_row(struct named *named, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (has_row(named, item))
                return true;
        return false;
    }
    if (!yyjson_mut_is_obj(value))
        return false;
    yyjson_mut_val *last = yyjson_mut_arr_get_last(yyjson_mut_obj_get(value, "column_names"));
    if (last != NULL && named_has(named, named->tables, yyjson_mut_get_str(last)))
        return true;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        if (has_row(named, yyjson_mut_obj_iter_get_val(key)))
            return true;
    return false;
}

static void named_tell(struct named *named, struct resolve_table *table)
{
    const struct weft_relation *relation = &table->relation;
    bool *columns = resolve_alloc(named->resolve, relation->column_count + 1, sizeof(bool));
    for (size_t i = 0; columns != NULL && i < relation->column_count; i++)
        columns[i] = named_has(named, named->texts, relation->columns[i].name);
    table->named = columns;
}

int resolve_named(struct resolve *resolve, yyjson_mut_val *printed)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *texts = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *tables = weft_map_new();
    struct named named = {.resolve = resolve, .texts = texts, .tables = tables};
    if (texts == NULL || tables == NULL)
        return resolve_nomem(resolve);
    texts_gather(&named, printed);
    named.all = named.all || has_row(&named, printed);
    for (size_t i = 0; !named.all && i < resolve->table_count; i++)
        named_tell(&named, &resolve->tables[i]);
    return resolve->nomem ? resolve_nomem(resolve) : 0;
}
