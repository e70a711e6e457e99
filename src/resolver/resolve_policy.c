/*
 * resolve_policy.c - what a statement over guarded relations may hold, and whether its predicates
 * need a barrier.
 *
 * Refused where rows or groups are left out: samples (which rows DuckDB takes depends on where the
 * hidden ones lie), functions in a condition that answer differently each time, conditions that
 * read no column and could fail (they run wherever there is a row, hidden ones too: the barrier
 * holds columns only). Where groups are left out, whatever could fail on the value of a row.
 */
#include "resolver/resolve_plain.h"

#include <string.h>

struct policy {
    struct resolve *resolve;
    yyjson_mut_val *root;
};

static int policy_value(struct policy *policy, yyjson_mut_val *value, bool condition);

static bool reads_something(yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (reads_something(item))
                return true;
        return false;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return false;
    if (tree_is(value, "class", "COLUMN_REF") || tree_is(value, "class", "SUBQUERY") ||
        tree_is(value, "class", "STAR") || tree_is(value, "class", "POSITIONAL_REFERENCE"))
        return true;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        if (reads_something(yyjson_mut_obj_iter_get_val(key)))
            return true;
    return false;
}

/* Parts that DuckDB may take out of a condition and run alone. */
static int policy_parts(struct policy *policy, yyjson_mut_val *expr)
{
    struct resolve *resolve = policy->resolve;
    yyjson_mut_val *children = yyjson_mut_obj_get(expr, "children");
    bool joins = tree_is(expr, "class", "CONJUNCTION") || tree_is(expr, "type", "OPERATOR_NOT");
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(children);
    yyjson_mut_val *item;
    while (joins && (item = yyjson_mut_arr_iter_next(&items)) != NULL)
        WEFT_TRY(policy_parts(policy, item));
    if (joins || reads_something(expr) || resolve_plain_condition(resolve, policy->root, expr))
        return 0;
    if (resolve->nomem)
        return resolve_nomem(resolve);
    resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(expr),
                   "a condition that reads no column may not be computed while rows are left out");
    return weft_error_hint(resolve->error, "write its value, or leave it out");
}

static bool is_condition(const char *key)
{
    static const char *const keys[] = {"where_clause", "having", "qualify", "condition", "filter"};
    for (size_t i = 0; i < WEFT_COUNT(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static int policy_object(struct policy *policy, yyjson_mut_val *object, bool condition)
{
    struct resolve *resolve = policy->resolve;
    const char *name = tree_text(object, "function_name");
    if (yyjson_mut_is_obj(yyjson_mut_obj_get(object, "sample"))) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                       "no samples while rows are left out by a policy");
        return weft_error_hint(resolve->error, "choose by a column: where hash(id) %% 10 = 0");
    }
    if (condition && tree_is(object, "class", "FUNCTION") && resolve_function_random(name))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                              "%s() may not stand in a condition while rows are left out by a "
                              "policy",
                              name);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        bool here = is_condition(yyjson_mut_get_str(key)) && yyjson_mut_is_obj(value);
        if (here)
            WEFT_TRY(policy_parts(policy, value));
        WEFT_TRY(policy_value(policy, value, condition || here));
    }
    return 0;
}

static int policy_value(struct policy *policy, yyjson_mut_val *value, bool condition)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(policy_value(policy, item, condition));
        return 0;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return 0;
    return policy_object(policy, value, condition);
}

int resolve_policy(struct resolve *resolve, yyjson_mut_val *node)
{
    for (size_t i = 0; i < resolve->table_count; i++) {
        const struct weft_relation *relation = &resolve->tables[i].relation;
        resolve->rows = resolve->rows || relation->rows != NULL;
        resolve->groups = resolve->groups || relation->min_group_count > 0;
    }
    if (!resolve->rows && !resolve->groups)
        return 0;
    struct policy policy = {resolve, node};
    WEFT_TRY(policy_value(&policy, node, false));
    bool plain = resolve_plain(resolve, node);
    if (resolve->nomem)
        return resolve_nomem(resolve);
    resolve->barrier = resolve->rows && !plain;
    if (!resolve->groups || plain)
        return 0;
    resolve_refuse(
        resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
        "where only groups may be seen, conditions and groups may only hold what cannot "
        "fail: comparisons of columns with values of their type, AND, OR, NOT, IN, LIKE, "
        "IS NULL, CASE, year(), lower() and the like");
    return weft_error_hint(resolve->error,
                           "casts and arithmetic may stand in the outermost SELECT, around sum() "
                           "and count()");
}
