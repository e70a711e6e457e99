/*
 * resolve_name.c - a result column without alias is called by its expression's text; where the
 * resolver is going to change the expression, the name it has now becomes its alias.
 */
#include "base/text.h"
#include "resolver/resolve_internal.h"

/* Will something in here be printed differently than it was typed? */
static bool name_changes(const struct resolve *resolve, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (name_changes(resolve, item))
                return true;
        return false;
    }
    if (!yyjson_mut_is_obj(value))
        return false;
    const char *class = tree_text(value, "class");
    if (strcmp(class, "CONSTANT") == 0) {
        const char *id =
            tree_text(yyjson_mut_obj_get(yyjson_mut_obj_get(value, "value"), "type"), "id");
        return strcmp(id, "DOUBLE") == 0 || strcmp(id, "FLOAT") == 0;
    }
    if (strcmp(class, "SUBQUERY") == 0)
        return true;
    /* Types that the parser itself puts in, behind intervals, are printed without quotes. */
    if (strcmp(class, "CAST") == 0 &&
        !tree_is(yyjson_mut_obj_get(value, "cast_type"), "id", "UNBOUND"))
        return true;
    if (strcmp(class, "COLUMN_REF") == 0) {
        yyjson_mut_val *names = yyjson_mut_obj_get(value, "column_names");
        const char *first = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
        size_t count = yyjson_mut_arr_size(names);
        return count > 2 || resolve->unique ||
               (count == 1 && first != NULL && resolve_special_word(first) != RESOLVE_SPECIAL_NONE);
    }
    if (strcmp(class, "FUNCTION") == 0) {
        const char *name = tree_text(value, "function_name");
        if ((resolve->unique && tree_text(value, "catalog")[0] != 0) ||
            resolve_special_function(name) != RESOLVE_SPECIAL_NONE ||
            weft_equal_fold(name, "age") || weft_equal_fold(name, "ago"))
            return true;
    }
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        if (name_changes(resolve, yyjson_mut_obj_iter_get_val(key)))
            return true;
    return false;
}

/* Several columns may come of it: one alias for all would be wrong. */
static bool name_has_star(yyjson_mut_val *value)
{
    if (!yyjson_mut_is_ctn(value))
        return false;
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (name_has_star(item))
                return true;
        return false;
    }
    if (tree_is(value, "class", "STAR"))
        return true;
    if (tree_is(value, "class", "CONSTANT") || tree_is(value, "class", "SUBQUERY"))
        return false;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        if (name_has_star(yyjson_mut_obj_iter_get_val(key)))
            return true;
    return false;
}

/* ---- one printing for all names of a statement ---- */

struct names {
    struct resolve *resolve;
    yyjson_mut_val **items; /* that need their name kept */
    size_t count;
    size_t capacity;
};

static int names_collect(struct names *names, yyjson_mut_val *value);

/* A bare word is called by itself; a column by its own name, with and without its domain. */
static void names_word(struct resolve *resolve, yyjson_mut_val *item)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(item, "column_names");
    const char *word = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    if (yyjson_mut_arr_size(names) == 1 && word != NULL &&
        resolve_special_word(word) != RESOLVE_SPECIAL_NONE)
        tree_set_text(resolve, item, "alias", word);
}

static int names_list(struct names *names, yyjson_mut_val *list)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        if (tree_text(item, "alias")[0] != 0 || !name_changes(names->resolve, item) ||
            name_has_star(item))
            continue;
        if (tree_is(item, "class", "COLUMN_REF")) {
            names_word(names->resolve, item);
            continue;
        }
        if (weft_arena_reserve(names->resolve->arena, &names->items, &names->capacity,
                               names->count + 1, sizeof(yyjson_mut_val *)) < 0)
            return resolve_nomem(names->resolve);
        names->items[names->count++] = item;
    }
    return 0;
}

static int names_collect(struct names *names, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(names_collect(names, item));
        return 0;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return 0;
    if (tree_is(value, "type", "SELECT_NODE"))
        WEFT_TRY(names_list(names, yyjson_mut_obj_get(value, "select_list")));
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        WEFT_TRY(names_collect(names, yyjson_mut_obj_iter_get_val(key)));
    return 0;
}

/* SELECT <item> AS __n_<secret>_0, ...: the secret ends each name, as no text of the user can. */
static int names_print(struct names *names, char **sql)
{
    struct resolve *resolve = names->resolve;
    yyjson_mut_val *node = yyjson_mut_obj(resolve->doc);
    yyjson_mut_val *list = yyjson_mut_arr(resolve->doc);
    yyjson_mut_val *from = yyjson_mut_obj(resolve->doc);
    if (node == NULL || list == NULL || from == NULL)
        return resolve_nomem(resolve);
    for (size_t i = 0; i < names->count; i++) {
        yyjson_mut_val *copy = yyjson_mut_val_mut_copy(resolve->doc, names->items[i]);
        const char *alias = weft_arena_format(resolve->arena, "__n_%s_%zu", resolve->secret, i);
        if (copy == NULL || alias == NULL || !yyjson_mut_arr_append(list, copy))
            return resolve_nomem(resolve);
        tree_set_text(resolve, copy, "alias", alias);
    }
    tree_set_text(resolve, from, "type", "EMPTY");
    tree_set_text(resolve, node, "type", "SELECT_NODE");
    tree_set(resolve, node, "cte_map", yyjson_mut_obj(resolve->doc));
    tree_set(resolve, node, "select_list", list);
    tree_set(resolve, node, "from_table", from);
    tree_set_text(resolve, node, "aggregate_handling", "STANDARD_HANDLING");
    return resolve->nomem ? resolve_nomem(resolve) : resolve_print(resolve, node, sql);
}

static int names_put(struct names *names, const char *sql)
{
    static const char head[] = "SELECT ";
    struct resolve *resolve = names->resolve;
    const char *at = strncmp(sql, head, sizeof(head) - 1) == 0 ? sql + sizeof(head) - 1 : sql;
    for (size_t i = 0; i < names->count; i++) {
        const char *mark = weft_arena_format(resolve->arena, " AS __n_%s_%zu", resolve->secret, i);
        if (mark == NULL)
            return resolve_nomem(resolve);
        const char *end = strstr(at, mark);
        if (end == NULL)
            return 0; /* a name is lost, nothing else */
        const char *name = weft_arena_strndup(resolve->arena, at, (size_t)(end - at));
        if (name == NULL)
            return resolve_nomem(resolve);
        if (name[0] != 0)
            tree_set_text(resolve, names->items[i], "alias", name);
        at = end + strlen(mark);
        at += strncmp(at, ", ", 2) == 0 ? 2 : 0;
    }
    return 0;
}

int resolve_keep_names(struct resolve *resolve, yyjson_mut_val *node)
{
    struct names names = {.resolve = resolve};
    WEFT_TRY(names_collect(&names, node));
    if (names.count == 0)
        return 0;
    WEFT_CLEANUP(weft_freep) char *sql = NULL;
    WEFT_TRY(names_print(&names, &sql));
    return names_put(&names, sql);
}
