/*
 * resolve_group.c - min_group: of a product only groups of at least so many different subjects
 * may be seen.
 *
 * Each SELECT that reads such a product itself gets HAVING count(DISTINCT subject) >= size, once
 * for each min_group, which also makes an aggregate of it: DuckDB's binder then refuses rows that
 * pass through. The subject is a column besides, under a name of 128 random bits, so that it is the
 * product's own raw column whatever the person's aliases are. A group counts too few where an
 * aggregate's argument is there (or its FILTER true) for too few, so that no aggregate is about
 * fewer than the group.
 *
 * Aggregates are those that tell nothing of a single row: count, sum, avg and
 * approx_count_distinct, of bare columns: sum(CASE WHEN id = 5 THEN income END) would be a way
 * to one row. max() is a value of one row. Not stopped: two answers subtracted from each other, or
 * one about a known group and one subject more (WHERE ward = 'a' OR id = 5).
 */
#include "base/text.h"
#include "resolver/resolve_plain.h"
#include "resolver/resolve_walk.h"

struct group {
    struct walk *walk;
    const struct resolve_table *table;
    yyjson_mut_val *node;
    const struct scope *scope;
    bool aggregates; /* an aggregate stands in it */
};

int walk_groups_refuse(struct walk *walk, yyjson_mut_val *object,
                       const struct weft_relation *relation, const char *what)
{
    int64_t at = tree_location(object);
    resolve_refuse(walk->resolve, WEFT_E_SQL_REFUSED, at,
                   "of %s only groups of at least %" PRId64
                   " different subjects may be seen: no %s",
                   relation->product, relation_group_size(relation), what);
    return weft_error_hint(walk->resolve->error,
                           "group and aggregate: select state, count(*), avg(age) from %s group by "
                           "state; compute on that in a query around it",
                           relation->product);
}

static int group_refuse(struct group *group, yyjson_mut_val *object, const char *what)
{
    return walk_groups_refuse(group->walk, object, &group->table->relation, what);
}

/* ---- the subjects ---- */

static int subject_find(struct walk *walk, yyjson_mut_val *ref,
                        const struct weft_relation *relation, const char *by,
                        struct resolve_subject *out)
{
    struct resolve *resolve = walk->resolve;
    for (size_t i = 0; i < relation->column_count; i++) {
        if (by == NULL || strcmp(relation->columns[i].name, by) != 0)
            continue;
        char name[RELATION_ALIAS];
        WEFT_TRY(relation_alias(name, resolve->error));
        *out = (struct resolve_subject){weft_arena_strdup(resolve->arena, name), (int)i};
        return out->name == NULL ? resolve_nomem(resolve) : 0;
    }
    return resolve_refuse(resolve, WEFT_E_BLOCKED, tree_location(ref),
                          "%s cannot be read: the column that tells its subjects apart (min_group) "
                          "is not in this snapshot",
                          relation->product);
}

int walk_subjects(struct walk *walk, yyjson_mut_val *ref, int index)
{
    struct resolve *resolve = walk->resolve;
    struct resolve_table *table = &resolve->tables[index];
    const struct weft_relation *relation = &table->relation;
    size_t count = relation->min_group_count;
    if (count == 0)
        return 0;
    table->subjects = weft_arena_array(resolve->arena, count, sizeof(*table->subjects));
    if (table->subjects == NULL)
        return resolve_nomem(resolve);
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(
            subject_find(walk, ref, relation, relation->min_groups[i].by, &table->subjects[i]));
    return 0;
}

/* ---- tree ---- */

static yyjson_mut_val *tree_list(struct resolve *resolve, yyjson_mut_val *one, yyjson_mut_val *two)
{
    yyjson_mut_val *list = yyjson_mut_arr(resolve->doc);
    if (list == NULL || (one != NULL && !yyjson_mut_arr_append(list, one)) ||
        (two != NULL && !yyjson_mut_arr_append(list, two)))
        resolve->nomem = true;
    return list;
}

static yyjson_mut_val *tree_and(struct resolve *resolve, yyjson_mut_val *one, yyjson_mut_val *two)
{
    if (one == NULL || two == NULL)
        return one == NULL ? two : one;
    yyjson_mut_val *object = tree_expression(resolve, "CONJUNCTION", "CONJUNCTION_AND");
    if (object != NULL)
        tree_set(resolve, object, "children", tree_list(resolve, one, two));
    return object;
}

static yyjson_mut_val *tree_size(struct resolve *resolve, int64_t size)
{
    yyjson_mut_val *object = tree_expression(resolve, "CONSTANT", "VALUE_CONSTANT");
    yyjson_mut_val *value = yyjson_mut_obj(resolve->doc);
    yyjson_mut_val *type = yyjson_mut_obj(resolve->doc);
    if (object == NULL || value == NULL || type == NULL) {
        resolve->nomem = true;
        return object;
    }
    tree_set_text(resolve, type, "id", "BIGINT");
    tree_set(resolve, value, "type", type);
    tree_set(resolve, value, "is_null", yyjson_mut_bool(resolve->doc, false));
    tree_set(resolve, value, "value", yyjson_mut_sint(resolve->doc, size));
    tree_set(resolve, object, "value", value);
    return object;
}

static yyjson_mut_val *tree_is_there(struct resolve *resolve, yyjson_mut_val *column)
{
    yyjson_mut_val *object = tree_expression(resolve, "OPERATOR", "OPERATOR_IS_NOT_NULL");
    if (object != NULL)
        tree_set(resolve, object, "children",
                 tree_list(resolve, yyjson_mut_val_mut_copy(resolve->doc, column), NULL));
    return object;
}

static yyjson_mut_val *tree_count(struct group *group, const char *subject, yyjson_mut_val *filter)
{
    struct resolve *resolve = group->walk->resolve;
    yyjson_mut_val *column = tree_expression(resolve, "COLUMN_REF", "COLUMN_REF");
    yyjson_mut_val *count = tree_expression(resolve, "FUNCTION", "FUNCTION");
    yyjson_mut_val *orders = yyjson_mut_obj(resolve->doc);
    if (column == NULL || count == NULL || orders == NULL)
        return NULL;
    tree_set(resolve, column, "column_names",
             tree_list(resolve, yyjson_mut_strcpy(resolve->doc, subject), NULL));
    tree_set_text(resolve, count, "function_name", "count");
    tree_set(resolve, count, "children", tree_list(resolve, column, NULL));
    if (filter != NULL)
        tree_set(resolve, count, "filter", yyjson_mut_val_mut_copy(resolve->doc, filter));
    tree_set_text(resolve, orders, "type", "ORDER_MODIFIER");
    tree_set(resolve, count, "order_bys", orders);
    tree_set(resolve, count, "distinct", yyjson_mut_bool(resolve->doc, true));
    return count;
}

/* HAVING ... AND count(DISTINCT subject) [FILTER (WHERE filter)] >= size */
static int group_require_one(struct group *group, size_t i, yyjson_mut_val *filter)
{
    struct resolve *resolve = group->walk->resolve;
    yyjson_mut_val *having = yyjson_mut_obj_get(group->node, "having");
    yyjson_mut_val *enough = tree_expression(resolve, "COMPARISON", "COMPARE_GREATERTHANOREQUALTO");
    yyjson_mut_val *count = tree_count(group, group->table->subjects[i].name, filter);
    if (enough == NULL || count == NULL)
        return resolve_nomem(resolve);
    tree_set(resolve, enough, "left", count);
    tree_set(resolve, enough, "right",
             tree_size(resolve, group->table->relation.min_groups[i].size));
    if (having != NULL)
        having = yyjson_mut_val_mut_copy(resolve->doc, having);
    tree_set(resolve, group->node, "having", tree_and(resolve, enough, having));
    return resolve->nomem ? resolve_nomem(resolve) : 0;
}

/* Of each way to tell subjects apart there are enough. */
static int group_require(struct group *group, yyjson_mut_val *filter)
{
    for (size_t i = 0; i < group->table->relation.min_group_count; i++)
        WEFT_TRY(group_require_one(group, i, filter));
    return 0;
}

/* ---- what stands in the SELECT ---- */

/* Macros of DuckDB that aggregate are not among its aggregates. */
static bool is_aggregate(const char *name)
{
    static const char *const macros[] = {
        "geomean",           "geometric_mean",      "wavg", "weighted_avg", "json_group_array",
        "json_group_object", "json_group_structure"};
    for (size_t i = 0; i < WEFT_COUNT(macros); i++)
        if (weft_equal_fold(macros[i], name))
            return true;
    return resolve_function_aggregate(name);
}

bool tree_is_aggregate(yyjson_mut_val *function)
{
    return is_aggregate(tree_text(function, "function_name"));
}

bool tree_aggregates(yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (tree_aggregates(item))
                return true;
        return false;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT") ||
        tree_is(value, "class", "SUBQUERY"))
        return false;
    if (tree_is(value, "class", "FUNCTION") && is_aggregate(tree_text(value, "function_name")))
        return true;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        if (tree_aggregates(yyjson_mut_obj_iter_get_val(key)))
            return true;
    return false;
}

/* A table's name for its whole row, in which the subject is. */
static bool is_row(const struct group *group, yyjson_mut_val *expr)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(expr, "column_names");
    const char *name = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    bool row = false;
    if (name == NULL || yyjson_mut_arr_size(names) != 1)
        return false;
    for (struct scope_source *one = group->scope->sources; one != NULL; one = one->next) {
        if (scope_find_column(&one->columns, name) != NULL)
            return false;
        row = row || (one->alias != NULL && weft_equal_fold(one->alias, name));
    }
    return row;
}

static bool tells_no_row(const char *name)
{
    static const char *const names[] = {"count", "count_star", "sum",
                                        "avg",   "mean",       "approx_count_distinct"};
    for (size_t i = 0; i < WEFT_COUNT(names); i++)
        if (weft_equal_fold(names[i], name))
            return true;
    return false;
}

static int group_aggregate(struct group *group, yyjson_mut_val *expr)
{
    struct resolve *resolve = group->walk->resolve;
    yyjson_mut_val *children = yyjson_mut_obj_get(expr, "children");
    yyjson_mut_val *orders = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "order_bys"), "orders");
    yyjson_mut_val *filter = yyjson_mut_obj_get(expr, "filter");
    yyjson_mut_val *one = yyjson_mut_arr_get_first(children);
    group->aggregates = true;
    if (!tells_no_row(tree_text(expr, "function_name")))
        return group_refuse(group, expr, "aggregate that gives the value of a single row");
    if (yyjson_mut_arr_size(children) > 1 || yyjson_mut_arr_size(orders) > 0 ||
        (one != NULL && !tree_is(one, "class", "COLUMN_REF") && !tree_is(one, "class", "CONSTANT")))
        return group_refuse(group, expr, "aggregate of anything but one column");
    bool column = one != NULL && tree_is(one, "class", "COLUMN_REF");
    if (filter == NULL && !column)
        return 0;
    if (filter != NULL)
        filter = yyjson_mut_val_mut_copy(resolve->doc, filter);
    return group_require(group,
                         tree_and(resolve, filter, column ? tree_is_there(resolve, one) : NULL));
}

static int group_value(struct group *group, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(group_value(group, item));
        return 0;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return 0;
    if (tree_is(value, "class", "WINDOW"))
        return group_refuse(group, value, "windows");
    if (tree_is(value, "class", "SUBQUERY"))
        return group_refuse(group, value, "subqueries beside the aggregates");
    if (tree_is(value, "class", "COLUMN_REF") && is_row(group, value))
        return group_refuse(group, value, "whole rows");
    if (tree_is(value, "class", "STAR") && yyjson_mut_obj_get(value, "expr") != NULL)
        return group_refuse(group, value, "COLUMNS");
    if (tree_is(value, "class", "FUNCTION") && is_aggregate(tree_text(value, "function_name")))
        return group_aggregate(group, value);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        WEFT_TRY(group_value(group, yyjson_mut_obj_iter_get_val(key)));
    return 0;
}

/* Joins in which the product's own column would not stand for the rows that count. */
static int group_joins(struct group *group, yyjson_mut_val *ref)
{
    if (!tree_is(ref, "type", "JOIN"))
        return 0;
    const char *kind = tree_text(ref, "ref_type");
    const char *type = tree_text(ref, "join_type");
    if (strcmp(kind, "ASOF") == 0 || strcmp(kind, "POSITIONAL") == 0 || strcmp(type, "SEMI") == 0 ||
        strcmp(type, "ANTI") == 0)
        return group_refuse(group, ref, "joins of this kind");
    WEFT_TRY(group_joins(group, yyjson_mut_obj_get(ref, "left")));
    return group_joins(group, yyjson_mut_obj_get(ref, "right"));
}

static int group_select(struct group *group)
{
    yyjson_mut_val *node = group->node;
    WEFT_TRY(group_joins(group, yyjson_mut_obj_get(node, "from_table")));
    if (yyjson_mut_obj_get(node, "qualify") != NULL)
        return group_refuse(group, yyjson_mut_obj_get(node, "qualify"), "QUALIFY");
    /* The user's own HAVING, before it is added to. */
    yyjson_mut_val *having = yyjson_mut_obj_get(node, "having");
    WEFT_TRY(group_value(group, yyjson_mut_obj_get(node, "select_list")));
    if (having != NULL)
        WEFT_TRY(group_value(group, having));
    WEFT_TRY(group_value(group, yyjson_mut_obj_get(node, "modifiers")));
    WEFT_TRY(group_value(group, yyjson_mut_obj_get(node, "group_expressions")));
    bool groups = yyjson_mut_arr_size(yyjson_mut_obj_get(node, "group_expressions")) > 0 ||
                  tree_is(node, "aggregate_handling", "FORCE_AGGREGATES");
    if (!groups && !group->aggregates)
        return group_refuse(group,
                            yyjson_mut_arr_get_first(yyjson_mut_obj_get(node, "select_list")),
                            "single rows");
    return group_require(group, NULL);
}

int walk_groups(struct walk *walk, yyjson_mut_val *node, struct scope *scope)
{
    for (struct scope_source *source = scope->sources; source != NULL && !walk->describes;
         source = source->next) {
        if (source->product == 0 || walk->resolve->tables[source->product - 1].subjects == NULL)
            continue;
        struct group group = {walk, &walk->resolve->tables[source->product - 1], node, scope,
                              false};
        WEFT_TRY(group_select(&group));
    }
    return 0;
}
