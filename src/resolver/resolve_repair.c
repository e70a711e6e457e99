/*
 * resolve_repair.c - constants of the request in the place of the clock and the session, and forms
 * that DuckDB's printer would change or print so that they mean something else.
 */
#include "base/clock.h"
#include "base/text.h"
#include "resolver/resolve_internal.h"

#define REPAIR_NUMBER 40

/* ---- what the request answers ---- */

static const struct {
    const char *name;
    enum resolve_special special;
    bool word; /* also without brackets */
    bool call;
} specials[] = {
    {"now", RESOLVE_SPECIAL_TIMESTAMPTZ, false, true},
    {"current_timestamp", RESOLVE_SPECIAL_TIMESTAMPTZ, true, true},
    {"get_current_timestamp", RESOLVE_SPECIAL_TIMESTAMPTZ, false, true},
    {"transaction_timestamp", RESOLVE_SPECIAL_TIMESTAMPTZ, false, true},
    {"current_localtimestamp", RESOLVE_SPECIAL_TIMESTAMP, false, true},
    {"localtimestamp", RESOLVE_SPECIAL_TIMESTAMP, true, false},
    {"current_date", RESOLVE_SPECIAL_DATE, true, true},
    {"today", RESOLVE_SPECIAL_DATE, false, true},
    {"current_time", RESOLVE_SPECIAL_TIMETZ, true, true},
    {"get_current_time", RESOLVE_SPECIAL_TIMETZ, false, true},
    {"current_localtime", RESOLVE_SPECIAL_TIME, false, true},
    {"localtime", RESOLVE_SPECIAL_TIME, true, false},
    {"current_user", RESOLVE_SPECIAL_USER, true, true},
    {"session_user", RESOLVE_SPECIAL_USER, true, true},
    {"current_role", RESOLVE_SPECIAL_USER, true, true},
    {"user", RESOLVE_SPECIAL_USER, true, true},
};

enum resolve_special resolve_special_word(const char *word)
{
    for (size_t i = 0; i < WEFT_COUNT(specials); i++)
        if (specials[i].word && weft_equal_fold(specials[i].name, word))
            return specials[i].special;
    return RESOLVE_SPECIAL_NONE;
}

enum resolve_special resolve_special_function(const char *name)
{
    for (size_t i = 0; i < WEFT_COUNT(specials); i++)
        if (specials[i].call && weft_equal_fold(specials[i].name, name))
            return specials[i].special;
    return RESOLVE_SPECIAL_NONE;
}

static yyjson_mut_val *repair_now(struct resolve *resolve, enum resolve_special special)
{
    char text[WEFT_TIME_TEXT];
    weft_time_format(resolve->options->now_us, text);
    char *t = strchr(text, 'T'); /* 2026-11-21T04:05:06.123456Z */
    char *z = strchr(text, 'Z');
    assert(t != NULL && z != NULL);
    *t = ' ';
    const char *from = text;
    const char *type = "TIMESTAMP WITH TIME ZONE";
    const char *zone = "+00";
    if (special == RESOLVE_SPECIAL_TIMESTAMP) {
        type = "TIMESTAMP";
        zone = "";
    } else if (special == RESOLVE_SPECIAL_DATE) {
        type = "DATE";
        zone = "";
        z = t;
    } else if (special != RESOLVE_SPECIAL_TIMESTAMPTZ) {
        from = t + 1;
        type = special == RESOLVE_SPECIAL_TIME ? "TIME" : "TIME WITH TIME ZONE";
        zone = special == RESOLVE_SPECIAL_TIME ? "" : "+00";
    }
    *z = 0;
    const char *whole = weft_arena_format(resolve->arena, "%s%s", from, zone);
    if (whole == NULL)
        return NULL;
    return tree_cast(resolve, tree_constant_text(resolve, whole), type);
}

int resolve_special_put(struct resolve *resolve, yyjson_mut_val *object,
                        enum resolve_special special)
{
    const struct weft_resolve_options *options = resolve->options;
    if (special != RESOLVE_SPECIAL_USER) {
        tree_replace(resolve, object, repair_now(resolve, special));
        return 0;
    }
    if (options->deterministic)
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                              "a product's SQL may not depend on who runs it");
    tree_replace(resolve, object,
                 tree_constant_text(resolve, options->principal == NULL ? "" : options->principal));
    return 0;
}

/* ---- forms ---- */

static int repair_function(struct resolve *resolve, yyjson_mut_val *object)
{
    const char *name = tree_text(object, "function_name");
    yyjson_mut_val *children = yyjson_mut_obj_get(object, "children");
    size_t count = yyjson_mut_arr_size(children);
    enum resolve_special special = resolve_special_function(name);
    if (special != RESOLVE_SPECIAL_NONE && count == 0)
        return resolve_special_put(resolve, object, special);
    if (count == 1 && weft_equal_fold(name, "age")) {
        yyjson_mut_val *today = repair_now(resolve, RESOLVE_SPECIAL_DATE);
        if (today == NULL || !yyjson_mut_arr_prepend(children, today))
            resolve->nomem = true;
    } else if (count == 1 && weft_equal_fold(name, "ago")) {
        yyjson_mut_val *now = repair_now(resolve, RESOLVE_SPECIAL_TIMESTAMPTZ);
        yyjson_mut_val *back =
            yyjson_mut_val_mut_copy(resolve->doc, yyjson_mut_arr_get_first(children));
        back = back == NULL ? NULL : tree_cast(resolve, back, "INTERVAL");
        yyjson_mut_arr_clear(children);
        if (now == NULL || back == NULL || !yyjson_mut_arr_append(children, now) ||
            !yyjson_mut_arr_append(children, back))
            resolve->nomem = true;
        tree_set_text(resolve, object, "function_name", "-");
        tree_set(resolve, object, "is_operator", yyjson_mut_bool(resolve->doc, true));
        tree_remove(object, "schema");
        tree_remove(object, "catalog");
    }
    return 0;
}

/* A floating constant is printed like a decimal and would become one. */
static int repair_constant(struct resolve *resolve, yyjson_mut_val *object)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, "value");
    yyjson_mut_val *number = yyjson_mut_obj_get(value, "value");
    const char *type = tree_text(yyjson_mut_obj_get(value, "type"), "id");
    if ((strcmp(type, "DOUBLE") != 0 && strcmp(type, "FLOAT") != 0) || !yyjson_mut_is_num(number))
        return 0;
    char text[REPAIR_NUMBER];
    snprintf(text, sizeof(text), "%.17g", yyjson_mut_get_num(number));
    tree_replace(resolve, object, tree_cast(resolve, tree_constant_text(resolve, text), type));
    return 0;
}

/* The table's name before a star is printed as it is: the way out of any rewriting. Quoted here. */
static int repair_star(struct resolve *resolve, yyjson_mut_val *object)
{
    const char *name = tree_text(object, "relation_name");
    if (name[0] == 0)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf quoted;
    weft_buf_init(&quoted, RESOLVE_TEXT_MAX * 2);
    weft_buf_add_sql_name(&quoted, name);
    WEFT_TRY(weft_buf_check(&quoted, resolve->error));
    tree_set_text(resolve, object, "relation_name", quoted.data);
    return 0;
}

static int repair_value(struct resolve *resolve, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(repair_value(resolve, item));
        return 0;
    }
    if (!yyjson_mut_is_obj(value))
        return 0;
    if (tree_is(value, "class", "CONSTANT"))
        return repair_constant(resolve, value);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        WEFT_TRY(repair_value(resolve, yyjson_mut_obj_iter_get_val(key)));
    if (tree_is(value, "class", "FUNCTION"))
        return repair_function(resolve, value);
    if (tree_is(value, "class", "STAR"))
        return repair_star(resolve, value);
    return 0;
}

int resolve_repair(struct resolve *resolve, yyjson_mut_val *node)
{
    return repair_value(resolve, node);
}
