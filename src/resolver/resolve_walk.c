/*
 * resolve_walk.c - the tree with its scopes: which CTE sees which, what a subquery sees of its
 * surroundings, which columns come out of a query and where they come from.
 *
 * Each rule of CTE visibility keeps a leak closed: a CTE sees earlier ones of its WITH, not itself
 * and not later ones; a recursive one sees itself in its second half only; a WITH ends with its
 * query; names fold ASCII only. All CTEs are renamed, so a wrong guess finds nothing.
 */
#include "resolver/resolve_walk.h"
#include "base/text.h"

/* What stands here decides which rows there are: it is read whatever becomes of the result. */
int walk_used(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
              struct scope *scope)
{
    struct resolve_origins *sink = walk->resolve->sink;
    walk->resolve->sink = NULL;
    int rc = walk_any(walk, value, ctes, scope);
    walk->resolve->sink = sink;
    return rc;
}

void walk_use_for_good(struct walk *walk, const struct scope_columns *columns)
{
    struct resolve_origins *sink = walk->resolve->sink;
    walk->resolve->sink = NULL;
    scope_use_all(walk->resolve, columns);
    walk->resolve->sink = sink;
}

int walk_statement(struct walk *walk, yyjson_mut_val *statement, const struct scope_cte *ctes,
                   struct scope *scope, struct scope_columns *out)
{
    yyjson_mut_val *node = yyjson_mut_obj_get(statement, "node");
    if (!yyjson_mut_is_obj(node))
        return resolve_refuse(walk->resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    return walk_query(walk, node, ctes, scope, out);
}

/* ---- expressions ---- */

static bool star_leaves_out(yyjson_mut_val *star, const char *name)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "exclude_list"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        const char *out = yyjson_mut_get_str(item);
        if (out != NULL && name != NULL && weft_equal_fold(out, name))
            return true;
    }
    return false;
}

static bool source_merged(const struct scope_source *source, const char *name)
{
    for (size_t i = 0; i < source->merged_count; i++)
        if (name != NULL && weft_equal_fold(source->merged[i], name))
            return true;
    return false;
}

/* What no star gives is left out of it by name. */
static void star_hide(struct resolve *resolve, yyjson_mut_val *star, const char *table,
                      const char *column)
{
    yyjson_mut_val *list = yyjson_mut_obj_get(star, "qualified_exclude_list");
    if (list == NULL) {
        list = yyjson_mut_arr(resolve->doc);
        tree_set(resolve, star, "qualified_exclude_list", list);
    }
    yyjson_mut_val *item = yyjson_mut_obj(resolve->doc);
    if (list == NULL || item == NULL ||
        !yyjson_mut_obj_add_str(resolve->doc, item, "catalog", "") ||
        !yyjson_mut_obj_add_str(resolve->doc, item, "schema", "") ||
        !yyjson_mut_obj_add_strcpy(resolve->doc, item, "table", table) ||
        !yyjson_mut_obj_add_strcpy(resolve->doc, item, "column", column) ||
        !yyjson_mut_arr_append(list, item))
        resolve->nomem = true;
}

static bool star_hides(yyjson_mut_val *star, const struct scope_source *source, const char *name)
{
    yyjson_mut_arr_iter items =
        yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "qualified_exclude_list"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        const char *table = tree_text(item, "table");
        if (weft_equal_fold(tree_text(item, "column"), name) &&
            (weft_equal_fold(table, source->alias) ||
             (source->table != NULL && weft_equal_fold(table, source->table))))
            return true;
    }
    return false;
}

/* out may be NULL: only the use counts. */
static void star_expand(struct walk *walk, yyjson_mut_val *star, struct scope *scope,
                        struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    const char *of = tree_text_or_null(star, "relation_name");
    if (of != NULL)
        of = weft_arena_strdup(resolve->arena, of); /* it may be replaced */
    while (scope != NULL && scope->kind != SCOPE_SELECT)
        scope = scope->parent;
    bool plain = yyjson_mut_arr_size(yyjson_mut_obj_get(star, "replace_list")) == 0 &&
                 yyjson_mut_arr_size(yyjson_mut_obj_get(star, "rename_list")) == 0 &&
                 yyjson_mut_obj_get(star, "columns") == NULL;
    bool seen = false;
    for (struct scope *at = scope; at != NULL && !seen; at = of == NULL ? NULL : at->parent) {
        for (struct scope_source *source = at->sources; source != NULL; source = source->next) {
            if (of != NULL && !scope_source_is(resolve, source, of))
                continue;
            seen = true;
            if (of != NULL)
                tree_set_text(resolve, star, "relation_name", source->alias);
            if (out != NULL && (!source->columns.known || !plain))
                out->known = false;
            for (size_t i = 0; i < source->columns.count; i++) {
                struct scope_column *column = &source->columns.items[i];
                if (star_leaves_out(star, column->name))
                    continue;
                if (column->hidden && yyjson_mut_obj_get(star, "expr") == NULL) {
                    if (!star_hides(star, source, column->name))
                        star_hide(resolve, star, source->alias, column->name);
                    continue;
                }
                if (out == NULL || !plain) {
                    scope_use(resolve, &column->origins);
                } else if (of != NULL || !source_merged(source, column->name)) {
                    struct scope_column *made = scope_add_column(resolve, out, column->name);
                    if (made != NULL)
                        scope_add_origins(resolve, &made->origins, &column->origins);
                }
            }
        }
    }
    if (seen || of == NULL)
        return;
    scope_use_named(resolve, scope, of); /* a struct's parts */
    if (out != NULL)
        out->known = false;
}

/* EXCLUDE (domain.table.column), RENAME (table.column AS x): the domain goes. */
static void star_qualified(struct walk *walk, yyjson_mut_val *name, const struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    const char *schema = tree_text_or_null(name, "schema");
    const char *table = tree_text_or_null(name, "table");
    while (scope != NULL && scope->kind != SCOPE_SELECT)
        scope = scope->parent;
    if (scope == NULL || table == NULL)
        return;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next) {
        bool is = schema == NULL
                      ? scope_source_is(resolve, source, table)
                      : source->schema != NULL && weft_equal_fold(source->schema, schema) &&
                            weft_equal_fold(source->table, table);
        if (!is)
            continue;
        tree_remove(name, "schema");
        tree_set_text(resolve, name, "table", source->alias);
        return;
    }
}

static void star_names(struct walk *walk, yyjson_mut_val *star, const struct scope *scope)
{
    yyjson_mut_val *item;
    yyjson_mut_arr_iter items =
        yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "qualified_exclude_list"));
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        star_qualified(walk, item, scope);
    items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "rename_list"));
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        star_qualified(walk, yyjson_mut_obj_get(item, "key"), scope);
}

/* out: the columns of the star, NULL = within an expression. */
static int walk_star_parts(struct walk *walk, yyjson_mut_val *star, const struct scope_cte *ctes,
                           struct scope *scope, struct traces *out)
{
    star_names(walk, star, scope);
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "replace_list"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        struct trace_state was = trace_begin(
            walk->resolve, trace_replaced(out, tree_text(item, "key")), WEFT_LINEAGE_IDENTITY);
        WEFT_TRY(walk_used(walk, item, ctes, scope));
        trace_end(walk->resolve, was);
    }
    return walk_used(walk, yyjson_mut_obj_get(star, "expr"), ctes, scope);
}

static void lambda_names(struct resolve *resolve, yyjson_mut_val *lhs, struct scope *scope)
{
    if (tree_is(lhs, "class", "COLUMN_REF")) {
        yyjson_mut_val *names = yyjson_mut_obj_get(lhs, "column_names");
        if (yyjson_mut_arr_size(names) == 1)
            scope_add_name(resolve, scope, yyjson_mut_get_str(yyjson_mut_arr_get_first(names)),
                           NULL);
        return;
    }
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(lhs, "children"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        if (tree_is(item, "class", "COLUMN_REF"))
            lambda_names(resolve, item, scope);
}

/* `a -> b` is a lambda or JSON's arrow, which only DuckDB's binder tells apart: the left side
 * counts as a column where there is one of its name, and hides it on the right only if it is a
 * name. */
static int walk_lambda(struct walk *walk, yyjson_mut_val *lambda, const struct scope_cte *ctes,
                       struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct scope inner;
    scope_init(&inner, SCOPE_LAMBDA, scope);
    yyjson_mut_val *lhs = yyjson_mut_obj_get(lambda, "lhs");
    lambda_names(resolve, lhs, &inner);
    if (inner.name_count > 0 && tree_is(lhs, "class", "COLUMN_REF"))
        WEFT_TRY(scope_resolve(resolve, scope, lhs, true));
    else if (inner.name_count == 0 || !tree_is(lhs, "class", "FUNCTION"))
        WEFT_TRY(walk_any(walk, lhs, ctes, scope));
    return walk_any(walk, yyjson_mut_obj_get(lambda, "expr"), ctes, &inner);
}

static int walk_subquery(struct walk *walk, yyjson_mut_val *expr, const struct scope_cte *ctes,
                         struct scope *scope)
{
    struct scope_columns columns = {0};
    WEFT_TRY(walk_statement(walk, yyjson_mut_obj_get(expr, "subquery"), ctes, scope, &columns));
    scope_use_all(walk->resolve, &columns);
    trace_flow_rows(walk->resolve, columns.traces);
    if (strstr(tree_text(expr, "subquery_type"), "EXISTS") == NULL)
        trace_flow_values(walk->resolve, columns.traces);
    return walk_any(walk, yyjson_mut_obj_get(expr, "child"), ctes, scope);
}

/* x.upper(): what looks like a schema is a column. */
static int walk_method(struct walk *walk, yyjson_mut_val *function, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    const char *schema = tree_text_or_null(function, "schema");
    const char *catalog = tree_text_or_null(function, "catalog");
    if (schema == NULL || strcmp(schema, "main") == 0)
        return 0;
    yyjson_mut_val *column = yyjson_mut_obj(resolve->doc);
    yyjson_mut_val *names = yyjson_mut_arr(resolve->doc);
    if (column == NULL || names == NULL ||
        (catalog != NULL && !yyjson_mut_arr_add_strcpy(resolve->doc, names, catalog)) ||
        !yyjson_mut_arr_add_strcpy(resolve->doc, names, schema))
        return resolve_nomem(resolve);
    tree_set(resolve, column, "column_names", names);
    WEFT_TRY(scope_resolve(resolve, scope, column, true));
    names = yyjson_mut_obj_get(column, "column_names");
    const char *first = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    if (catalog != NULL && first != NULL && strcmp(first, catalog) != 0)
        tree_set_text(resolve, function, "catalog", first); /* the table has another alias now */
    return 0;
}

/* class: of an expression, "" = none. */
static int walk_members(struct walk *walk, yyjson_mut_val *object, const char *class,
                        const struct scope_cte *ctes, struct scope *scope)
{
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (!yyjson_mut_is_obj(value) && !yyjson_mut_is_arr(value))
            continue;
        struct trace_state was =
            trace_role(walk->resolve, trace_member_role(object, class, yyjson_mut_get_str(key)));
        WEFT_TRY(walk_any(walk, value, ctes, scope));
        trace_end(walk->resolve, was);
    }
    return 0;
}

static int walk_expression(struct walk *walk, yyjson_mut_val *expr, const char *class,
                           const struct scope_cte *ctes, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    if (strcmp(class, "CONSTANT") == 0)
        return 0;
    if (strcmp(class, "POSITIONAL_REFERENCE") == 0) {
        scope_use_named(resolve, scope, NULL);
        trace_scope_all(resolve, scope);
    }
    if (strcmp(class, "COLUMN_REF") == 0)
        return scope_resolve(resolve, scope, expr, false);
    if (strcmp(class, "SUBQUERY") == 0)
        return walk_subquery(walk, expr, ctes, scope);
    if (strcmp(class, "LAMBDA") == 0)
        return walk_lambda(walk, expr, ctes, scope);
    if (strcmp(class, "STAR") == 0) {
        trace_star_inside(resolve, expr, scope);
        star_expand(walk, expr, scope, NULL);
        return walk_star_parts(walk, expr, ctes, scope, NULL);
    }
    if (strcmp(class, "FUNCTION") == 0) {
        struct trace_state was = trace_role(resolve, WEFT_LINEAGE_TRANSFORMATION);
        WEFT_TRY(walk_method(walk, expr, scope));
        trace_end(resolve, was);
        trace_function(resolve, expr);
    }
    return walk_members(walk, expr, class, ctes, scope);
}

int walk_any(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
             struct scope *scope)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(walk_any(walk, item, ctes, scope));
        return 0;
    }
    if (!yyjson_mut_is_obj(value))
        return 0;
    const char *class = tree_text_or_null(value, "class");
    if (class != NULL)
        return walk_expression(walk, value, class, ctes, scope);
    return walk_members(walk, value, "", ctes, scope);
}

/* ---- queries ---- */

static const char *item_last(yyjson_mut_val *item)
{
    const char *last =
        yyjson_mut_get_str(yyjson_mut_arr_get_last(yyjson_mut_obj_get(item, "column_names")));
    return last == NULL ? "" : last;
}

/* A copy of the name of one part that stands alone without alias; NULL: none. */
static const char *item_word(struct resolve *resolve, yyjson_mut_val *item)
{
    if (!tree_is(item, "class", "COLUMN_REF") || tree_text_or_null(item, "alias") != NULL ||
        yyjson_mut_arr_size(yyjson_mut_obj_get(item, "column_names")) != 1)
        return NULL;
    const char *word = weft_arena_strdup(resolve->arena, item_last(item));
    if (word == NULL)
        resolve->nomem = true;
    return word;
}

static int walk_item(struct walk *walk, yyjson_mut_val *item, const struct scope_cte *ctes,
                     struct scope *scope, struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    if (tree_is(item, "class", "STAR")) {
        trace_star(resolve, item, scope, out->traces);
        star_expand(walk, item, scope, out);
        return walk_star_parts(walk, item, ctes, scope, out->traces);
    }
    struct resolve_origins origins = {0};
    struct resolve_origins *sink = resolve->sink;
    struct trace trace = {0};
    struct trace_state was =
        trace_begin(resolve, out->traces == NULL ? NULL : &trace, WEFT_LINEAGE_IDENTITY);
    resolve->sink = &origins;
    resolve->trace_many = false;
    resolve->trace_rows = false;
    const char *word = item_word(resolve, item);
    int rc = walk_any(walk, item, ctes, scope);
    resolve->sink = sink;
    trace_end(resolve, was);
    if (rc < 0)
        return rc;
    if (word != NULL && !weft_equal_fold(word, item_last(item)))
        tree_set_text(resolve, item, "alias", word); /* a table's row, under another alias now */
    const char *name = tree_text_or_null(item, "alias");
    if (name == NULL && tree_is(item, "class", "COLUMN_REF"))
        name = item_last(item);
    struct scope_column *column = scope_add_column(resolve, out, name);
    if (column != NULL)
        column->origins = origins;
    trace_item_rows(resolve, out->traces, &trace);
    trace_item(resolve, out->traces, name, &trace);
    return 0;
}

static int walk_list(struct walk *walk, yyjson_mut_val *list, const struct scope_cte *ctes,
                     struct scope *scope, struct scope_columns *out)
{
    out->known = true;
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        WEFT_TRY(walk_item(walk, item, ctes, scope, out));
        const char *alias = tree_text(item, "alias");
        if (alias[0] != 0) /* later items may speak of it, itself may not */
            scope_add_name(walk->resolve, scope, alias,
                           trace_last(walk->resolve, out->traces, alias));
    }
    return 0;
}

/* Numbers that stand for items of the select list. */
static void walk_places(struct walk *walk, yyjson_mut_val *list, const struct scope_columns *out)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        yyjson_mut_val *ordered = yyjson_mut_obj_get(item, "expression");
        trace_place(walk->resolve, ordered == NULL ? item : ordered, out->traces);
    }
}

/* ORDER BY ALL says nothing about columns that the result does not have anyway. */
static int walk_modifiers(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                          struct scope *scope, const struct scope_columns *out, bool *distinct)
{
    struct resolve *resolve = walk->resolve;
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(node, "modifiers"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        bool distinguishes = tree_is(item, "type", "DISTINCT_MODIFIER");
        *distinct = *distinct || distinguishes;
        resolve->trace_role = distinguishes ? WEFT_LINEAGE_GROUP_BY : WEFT_LINEAGE_SORT;
        if (distinguishes)
            walk_places(walk, yyjson_mut_obj_get(item, "distinct_on_targets"), out);
        if (distinguishes &&
            yyjson_mut_arr_size(yyjson_mut_obj_get(item, "distinct_on_targets")) == 0)
            trace_flow_values(resolve, out->traces);
        yyjson_mut_val *orders = yyjson_mut_obj_get(item, "orders");
        yyjson_mut_val *first = yyjson_mut_obj_get(yyjson_mut_arr_get_first(orders), "expression");
        if (yyjson_mut_arr_size(orders) == 1 && tree_is(first, "class", "STAR") &&
            yyjson_mut_obj_get(first, "expr") == NULL) {
            trace_flow_values(resolve, out->traces);
            continue;
        }
        walk_places(walk, orders, out);
        WEFT_TRY(walk_used(walk, item, ctes, scope));
    }
    return 0;
}

static int walk_select(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                       struct scope *parent, struct scope_columns *out)
{
    static const char *const done[] = {"cte_map", "from_table", "select_list", "modifiers"};
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, parent);
    yyjson_mut_val *from = yyjson_mut_obj_get(node, "from_table");
    yyjson_mut_val *list = yyjson_mut_obj_get(node, "select_list");
    if (!yyjson_mut_is_obj(from) || !yyjson_mut_is_arr(list))
        return resolve_refuse(walk->resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    out->traces = traces_new(walk->resolve);
    struct trace *rows = out->traces == NULL ? NULL : &out->traces->rows;
    struct trace_state was = trace_begin(walk->resolve, rows, WEFT_LINEAGE_JOIN);
    WEFT_TRY(walk_reference(walk, from, ctes, &scope));
    for (struct scope_source *source = scope.sources; source != NULL; source = source->next)
        trace_flow_rows(walk->resolve, source->columns.traces);
    WEFT_TRY(walk_list(walk, list, ctes, &scope, out));
    bool distinct = false;
    WEFT_TRY(walk_modifiers(walk, node, ctes, &scope, out, &distinct));
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(node);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        const char *name = yyjson_mut_get_str(key);
        bool skip = false;
        for (size_t i = 0; i < WEFT_COUNT(done); i++)
            skip = skip || strcmp(name, done[i]) == 0;
        if (skip)
            continue;
        bool group = strncmp(name, "group", 5) == 0;
        walk->resolve->trace_role = group ? WEFT_LINEAGE_GROUP_BY : WEFT_LINEAGE_FILTER;
        WEFT_TRY(walk_used(walk, yyjson_mut_obj_iter_get_val(key), ctes, &scope));
        if (group)
            walk_places(walk, yyjson_mut_obj_iter_get_val(key), out);
    }
    if (tree_is(node, "aggregate_handling", "FORCE_AGGREGATES") && rows != NULL)
        traces_values(walk->resolve, rows, out->traces, WEFT_LINEAGE_GROUP_BY);
    trace_end(walk->resolve, was);
    if (distinct || !out->known)
        walk_use_for_good(walk, out);
    walk_hoist(walk, node, &scope);
    return walk_groups(walk, node, &scope);
}

static void set_trace(struct resolve *resolve, yyjson_mut_val *node, struct traces *out,
                      const struct traces *arm)
{
    const char *type = tree_text(node, "setop_type");
    bool all = !yyjson_mut_is_false(yyjson_mut_obj_get(node, "setop_all"));
    if (out == NULL || arm == NULL)
        return;
    if (strncmp(type, "UNION", 5) == 0)
        traces_unite(resolve, out, arm, strcmp(type, "UNION_BY_NAME") == 0);
    else
        traces_compare(resolve, out, arm);
    if (!all)
        traces_values(resolve, &out->rows, out, WEFT_LINEAGE_GROUP_BY);
}

/* Arms meet by position; where that is not sure, or rows are compared, all of them count. */
static void set_join(struct walk *walk, yyjson_mut_val *node, struct scope_columns *out,
                     const struct scope_columns *arm)
{
    bool unites = tree_is(node, "setop_type", "UNION");
    set_trace(walk->resolve, node, out->traces, arm->traces);
    /* setop_all is left out of the tree when it is true, the default. */
    bool all = unites && !yyjson_mut_is_false(yyjson_mut_obj_get(node, "setop_all"));
    if (!all || !out->known || !arm->known || out->count != arm->count) {
        walk_use_for_good(walk, out);
        walk_use_for_good(walk, arm);
        out->known = out->known && unites;
        return;
    }
    for (size_t i = 0; i < out->count; i++)
        scope_add_origins(walk->resolve, &out->items[i].origins, &arm->items[i].origins);
}

static int set_refuse(struct walk *walk)
{
    return resolve_refuse(walk->resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                          "this form of SQL is not allowed");
}

/* The arms of a set operation, two or more of one kind. */
static int walk_arms(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                     struct scope *parent, struct scope_columns *out)
{
    yyjson_mut_val *arms = yyjson_mut_obj_get(node, "children");
    if (yyjson_mut_arr_size(arms) < 2)
        return set_refuse(walk);
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(arms);
    yyjson_mut_val *arm;
    bool first = true;
    while ((arm = yyjson_mut_arr_iter_next(&items)) != NULL) {
        struct scope_columns columns = {0};
        if (!yyjson_mut_is_obj(arm))
            return set_refuse(walk);
        WEFT_TRY(walk_query(walk, arm, ctes, parent, first ? out : &columns));
        if (!first)
            set_join(walk, node, out, &columns);
        first = false;
    }
    return 0;
}

static int walk_set(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                    struct scope *parent, struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    WEFT_TRY(walk_arms(walk, node, ctes, parent, out));
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, parent);
    struct scope_source *source = scope_add_source(resolve, &scope, NULL);
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns = *out;
    source->columns.known = false;
    bool distinct = false;
    struct trace_state was =
        trace_begin(resolve, out->traces == NULL ? NULL : &out->traces->rows, WEFT_LINEAGE_SORT);
    WEFT_TRY(walk_modifiers(walk, node, ctes, &scope, out, &distinct));
    trace_end(resolve, was);
    if (distinct)
        walk_use_for_good(walk, out);
    return 0;
}

static int walk_cte(struct walk *walk, yyjson_mut_val *entry, const struct scope_cte **ctes,
                    struct scope *parent);

static int walk_with(struct walk *walk, yyjson_mut_val *node, const struct scope_cte **ctes,
                     struct scope *parent)
{
    yyjson_mut_val *map = yyjson_mut_obj_get(yyjson_mut_obj_get(node, "cte_map"), "map");
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(map);
    yyjson_mut_val *entry;
    while ((entry = yyjson_mut_arr_iter_next(&items)) != NULL)
        WEFT_TRY(walk_cte(walk, entry, ctes, parent));
    return 0;
}

/* UNION compares rows, USING KEY keeps one of each key. */
static void recursive_trace(struct resolve *resolve, yyjson_mut_val *node, struct traces *first,
                            const struct traces *second, int id)
{
    if (first == NULL || second == NULL)
        return;
    traces_unite(resolve, first, second, false);
    traces_solve(resolve, first, id);
    if (!yyjson_mut_is_true(yyjson_mut_obj_get(node, "union_all")) ||
        yyjson_mut_arr_size(yyjson_mut_obj_get(node, "key_targets")) > 0)
        traces_values(resolve, &first->rows, first, WEFT_LINEAGE_GROUP_BY);
}

static int walk_recursive(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                          struct scope *parent, struct scope_cte *self, yyjson_mut_val *aliases)
{
    struct resolve *resolve = walk->resolve;
    struct scope_columns right = {0};
    yyjson_mut_val *left_node = yyjson_mut_obj_get(node, "left");
    yyjson_mut_val *right_node = yyjson_mut_obj_get(node, "right");
    if (!yyjson_mut_is_obj(left_node) || !yyjson_mut_is_obj(right_node))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    WEFT_TRY(walk_with(walk, node, &ctes, parent));
    WEFT_TRY(walk_query(walk, left_node, ctes, parent, &self->columns));
    walk_use_for_good(walk, &self->columns);
    scope_rename(resolve, &self->columns, aliases);
    self->next = ctes;
    struct traces *first = self->columns.traces;
    int id = 0;
    self->columns.traces = traces_recursive(resolve, first, &id);
    WEFT_TRY(walk_query(walk, right_node, self, parent, &right));
    walk_use_for_good(walk, &right);
    recursive_trace(resolve, node, first, right.traces, id);
    self->columns.traces = first;
    tree_set_text(resolve, node, "cte_name", self->renamed);
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, parent);
    struct scope_source *source = scope_add_source(resolve, &scope, NULL);
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns.known = false;
    bool distinct = false;
    WEFT_TRY(walk_used(walk, yyjson_mut_obj_get(node, "key_targets"), ctes, &scope));
    struct trace_state was =
        trace_begin(resolve, first == NULL ? NULL : &first->rows, WEFT_LINEAGE_SORT);
    WEFT_TRY(walk_modifiers(walk, node, ctes, &scope, &self->columns, &distinct));
    trace_end(resolve, was);
    return 0;
}

static int walk_cte(struct walk *walk, yyjson_mut_val *entry, const struct scope_cte **ctes,
                    struct scope *parent)
{
    struct resolve *resolve = walk->resolve;
    struct scope_cte *cte = resolve_alloc(resolve, 1, sizeof(*cte));
    if (cte == NULL)
        return resolve_nomem(resolve);
    yyjson_mut_val *value = yyjson_mut_obj_get(entry, "value");
    yyjson_mut_val *node = yyjson_mut_obj_get(yyjson_mut_obj_get(value, "query"), "node");
    cte->name = weft_arena_strdup(resolve->arena, tree_text(entry, "key"));
    cte->renamed = weft_arena_format(resolve->arena, "__c%d", ++resolve->cte_count);
    if (cte->name == NULL || cte->renamed == NULL)
        return resolve_nomem(resolve);
    if (!yyjson_mut_is_obj(node))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of WITH is not allowed");
    yyjson_mut_val *aliases = yyjson_mut_obj_get(value, "aliases");
    if (tree_is(node, "type", "RECURSIVE_CTE_NODE")) {
        WEFT_TRY(walk_recursive(walk, node, *ctes, parent, cte, aliases));
    } else {
        WEFT_TRY(walk_query(walk, node, *ctes, parent, &cte->columns));
        scope_rename(resolve, &cte->columns, aliases);
    }
    /* key_targets again stands beside the query: names of its result */
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, NULL);
    if (scope_add_source(resolve, &scope, NULL) == NULL)
        return resolve_nomem(resolve);
    WEFT_TRY(walk_used(walk, yyjson_mut_obj_get(value, "key_targets"), *ctes, &scope));
    tree_set_text(resolve, entry, "key", cte->renamed);
    cte->next = *ctes;
    *ctes = cte;
    return 0;
}

int walk_query(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
               struct scope *parent, struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    const char *type = tree_text(node, "type");
    if (++walk->depth > RESOLVE_NESTING_MAX)
        return resolve_refuse(resolve, WEFT_E_LIMIT, RESOLVE_LOCATION_NO,
                              "queries stand more than %d deep within one another",
                              RESOLVE_NESTING_MAX);
    WEFT_TRY(walk_with(walk, node, &ctes, parent));
    int rc;
    if (strcmp(type, "SELECT_NODE") == 0)
        rc = walk_select(walk, node, ctes, parent, out);
    else if (strcmp(type, "SET_OPERATION_NODE") == 0)
        rc = walk_set(walk, node, ctes, parent, out);
    else
        rc = resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                            "this form of SQL is not allowed");
    walk->depth--;
    return rc;
}

int resolve_walk(struct resolve *resolve, yyjson_mut_val *node)
{
    struct walk walk = {.resolve = resolve};
    struct scope_columns columns = {0};
    WEFT_TRY(walk_query(&walk, node, NULL, NULL, &columns));
    walk_use_for_good(&walk, &columns);
    traces_keep(resolve, columns.traces);
    resolve->traces = columns.traces;
    return resolve->nomem ? resolve_nomem(resolve) : 0;
}
