/*
 * resolve_walk.c - the tree with its scopes: which CTE sees which, what a subquery sees of its
 * surroundings, which columns come out of a query and where they come from.
 *
 * Each rule of CTE visibility keeps a leak closed: a CTE sees earlier ones of its WITH, not itself
 * and not later ones; a recursive one sees itself in its second half only; a WITH ends with its
 * query; names fold ASCII only. All CTEs are renamed, so a wrong guess finds nothing.
 */
#include "base/clock.h"
#include "base/text.h"
#include "engine/resolve_scope.h"

#include <strings.h>

struct walk {
    struct resolve *resolve;
    int depth;
};

static int walk_query(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                      struct scope *parent, struct scope_columns *out);
static int walk_any(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
                    struct scope *scope);
static int walk_reference(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                          struct scope *scope);

static const char *text_or_null(yyjson_mut_val *object, const char *key)
{
    const char *text = tree_text(object, key);
    return text[0] == 0 ? NULL : text;
}

/* What stands here decides which rows there are: it is read whatever becomes of the result. */
static int walk_used(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
                     struct scope *scope)
{
    struct resolve_origins *sink = walk->resolve->sink;
    walk->resolve->sink = NULL;
    int rc = walk_any(walk, value, ctes, scope);
    walk->resolve->sink = sink;
    return rc;
}

static void use_for_good(struct walk *walk, const struct scope_columns *columns)
{
    struct resolve_origins *sink = walk->resolve->sink;
    walk->resolve->sink = NULL;
    scope_use_all(walk->resolve, columns);
    walk->resolve->sink = sink;
}

/* ---- tables ---- */

static int at_text(struct resolve *resolve, yyjson_mut_val *expr, const char **text)
{
    while (tree_is(expr, "class", "CAST"))
        expr = yyjson_mut_obj_get(expr, "child");
    yyjson_mut_val *value = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "value"), "value");
    if (tree_is(expr, "class", "CONSTANT") && yyjson_mut_is_str(value))
        *text = yyjson_mut_get_str(value);
    else if (tree_is(expr, "class", "CONSTANT") && yyjson_mut_is_int(value))
        *text = weft_arena_format(resolve->arena, "%" PRId64, yyjson_mut_get_sint(value));
    else
        *text = "";
    return *text == NULL ? resolve_nomem(resolve) : 0;
}

static int table_at(struct resolve *resolve, yyjson_mut_val *ref, struct weft_resolve_at *at)
{
    yyjson_mut_val *clause = yyjson_mut_obj_get(ref, "at_clause");
    if (!yyjson_mut_is_obj(clause))
        return 0;
    const char *text;
    WEFT_TRY(at_text(resolve, yyjson_mut_obj_get(clause, "expr"), &text));
    const char *unit = tree_text(clause, "unit");
    bool read = false;
    at->given = true;
    if (strcasecmp(unit, "version") == 0)
        read = weft_parse_int64(text, strlen(text), &at->version) && at->version != 0;
    else if (strcasecmp(unit, "timestamp") == 0)
        read = weft_time_parse(text, &at->timestamp_us);
    tree_remove(ref, "at_clause");
    if (read)
        return 0;
    resolve_refuse(resolve, WEFT_E_SQL, tree_location(ref), "AT takes a constant time or snapshot");
    return weft_error_hint(resolve->error, "AT (TIMESTAMP => '2026-11-21 04:05:06') or "
                                           "AT (VERSION => 123)");
}

static int table_not_found(struct resolve *resolve, yyjson_mut_val *ref, const char *name,
                           const struct weft_resolve_name *parts)
{
    const struct weft_resolve_options *options = resolve->options;
    resolve_refuse(resolve, WEFT_E_NOT_FOUND, tree_location(ref),
                   "there is no data product %s, or no access to it", name);
    const char *instead =
        options->suggest == NULL ? NULL : options->suggest(options->arg, resolve->arena, parts);
    if (instead != NULL)
        return weft_error_hint(resolve->error, "did you mean %s?", instead);
    return weft_error_hint(resolve->error, "what there is: select product from mesh.products");
}

static int table_put(struct resolve *resolve, const struct weft_relation *relation, int *index)
{
    if (resolve->table_count >= RESOLVE_TABLES_MAX)
        return resolve_refuse(resolve, WEFT_E_LIMIT, RESOLVE_LOCATION_NO,
                              "a statement may read at most %d tables", RESOLVE_TABLES_MAX);
    if (weft_arena_reserve(resolve->arena, &resolve->tables, &resolve->table_capacity,
                           resolve->table_count + 1, sizeof(struct resolve_table)) < 0)
        return resolve_nomem(resolve);
    struct resolve_table *table = &resolve->tables[resolve->table_count];
    *table = (struct resolve_table){.relation = *relation};
    table->token =
        weft_arena_format(resolve->arena, "__w%zu_%s", resolve->table_count, resolve->secret);
    table->used = resolve_alloc(resolve, relation->column_count, sizeof(bool));
    if (table->token == NULL || table->used == NULL)
        return resolve_nomem(resolve);
    *index = (int)resolve->table_count++;
    return 0;
}

static void table_columns(struct resolve *resolve, struct scope_source *source, int index)
{
    const struct weft_relation *relation = &resolve->tables[index].relation;
    source->columns.known = relation->column_count > 0;
    for (size_t i = 0; i < relation->column_count; i++) {
        struct scope_column *column =
            scope_add_column(resolve, &source->columns, relation->columns[i].name);
        if (column != NULL)
            scope_add_origin(resolve, &column->origins, (struct resolve_origin){index, (int)i});
    }
}

static bool alias_taken(const struct scope *scope, const char *alias)
{
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
        if (source->alias != NULL && weft_equal_fold(source->alias, alias))
            return true;
    return false;
}

/* Only its name is wanted: it may have any columns. */
static int table_gather(struct resolve *resolve, yyjson_mut_val *ref,
                        const struct weft_resolve_name *name, struct scope *scope)
{
    if (scope_add_source(resolve, scope, text_or_null(ref, "alias")) == NULL)
        return resolve_nomem(resolve);
    return resolve_reference_add(resolve, name, tree_location(ref));
}

static int table_product(struct walk *walk, yyjson_mut_val *ref, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct weft_resolve_name name = {.schema = text_or_null(ref, "schema_name"),
                                     .table = tree_text(ref, "table_name")};
    const char *said = name.schema == NULL
                           ? weft_arena_strdup(resolve->arena, name.table)
                           : weft_arena_format(resolve->arena, "%s.%s", name.schema, name.table);
    if (said == NULL)
        return resolve_nomem(resolve);
    if (text_or_null(ref, "catalog_name") != NULL)
        return table_not_found(resolve, ref, said, &name);
    WEFT_TRY(table_at(resolve, ref, &name.at));
    if (resolve->references != NULL)
        return table_gather(resolve, ref, &name, scope);
    struct weft_relation relation = {0};
    int rc = resolve->options->resolve(resolve->options->arg, resolve->arena, &name, &relation,
                                       resolve->error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_NOT_THERE)
        return table_not_found(resolve, ref, said, &name);
    int index = 0;
    WEFT_TRY(table_put(resolve, &relation, &index));
    const char *alias = text_or_null(ref, "alias");
    bool bare = alias == NULL;
    if (bare)
        alias = alias_taken(scope, name.table) ? weft_arena_format(resolve->arena, "__t%d", index)
                                               : name.table;
    struct scope_source *source = scope_add_source(resolve, scope, alias);
    if (source == NULL || alias == NULL)
        return resolve_nomem(resolve);
    source->schema = bare ? name.schema : NULL;
    source->table = bare ? name.table : NULL;
    table_columns(resolve, source, index);
    scope_rename(resolve, &source->columns, yyjson_mut_obj_get(ref, "column_name_alias"));
    tree_set_text(resolve, ref, "alias", alias);
    tree_remove(ref, "schema_name");
    tree_set_text(resolve, ref, "table_name", resolve->tables[index].token);
    return 0;
}

static const struct scope_cte *cte_find(const struct scope_cte *ctes, yyjson_mut_val *ref)
{
    const char *schema = tree_text(ref, "schema_name");
    if (tree_text(ref, "catalog_name")[0] != 0 ||
        (schema[0] != 0 && !weft_equal_fold(schema, "recurring")))
        return NULL;
    for (; ctes != NULL; ctes = ctes->next)
        if (weft_equal_fold(ctes->name, tree_text(ref, "table_name")))
            return ctes;
    return NULL;
}

static int walk_base_table(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                           struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    const struct scope_cte *cte = cte_find(ctes, ref);
    if (cte == NULL)
        return table_product(walk, ref, scope);
    if (yyjson_mut_obj_get(ref, "at_clause") != NULL)
        return resolve_refuse(resolve, WEFT_E_SQL, tree_location(ref),
                              "%s is a part of this statement: it has no AT", cte->name);
    const char *alias = text_or_null(ref, "alias");
    bool bare = alias == NULL;
    struct scope_source *source = scope_add_source(
        resolve, scope,
        weft_arena_strdup(resolve->arena, bare ? tree_text(ref, "table_name") : alias));
    if (source == NULL || source->alias == NULL)
        return resolve_nomem(resolve);
    source->columns = cte->columns;
    source->columns.capacity = cte->columns.count;
    if (bare && tree_text(ref, "schema_name")[0] != 0) {
        source->schema = "recurring";
        source->table = source->alias;
    }
    scope_rename(resolve, &source->columns, yyjson_mut_obj_get(ref, "column_name_alias"));
    tree_set_text(resolve, ref, "alias", source->alias);
    tree_set_text(resolve, ref, "table_name", cte->renamed);
    return 0;
}

/* ---- other table references ---- */

static int walk_statement(struct walk *walk, yyjson_mut_val *statement,
                          const struct scope_cte *ctes, struct scope *scope,
                          struct scope_columns *out)
{
    yyjson_mut_val *node = yyjson_mut_obj_get(statement, "node");
    if (!yyjson_mut_is_obj(node))
        return resolve_refuse(walk->resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    return walk_query(walk, node, ctes, scope, out);
}

static int walk_from_subquery(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                              struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct scope_columns columns = {0};
    WEFT_TRY(walk_statement(walk, yyjson_mut_obj_get(ref, "subquery"), ctes, scope, &columns));
    struct scope_source *source = scope_add_source(resolve, scope, text_or_null(ref, "alias"));
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns = columns;
    scope_rename(resolve, &source->columns, yyjson_mut_obj_get(ref, "column_name_alias"));
    return 0;
}

/* Names that both sides have are compared. */
static void join_names(struct walk *walk, struct scope *scope, struct scope_source *right,
                       yyjson_mut_val *names, bool natural)
{
    struct resolve *resolve = walk->resolve;
    for (struct scope_source *source = right; source != NULL; source = source->next) {
        size_t count = natural ? source->columns.count : yyjson_mut_arr_size(names);
        source->merged = resolve_alloc(resolve, count, sizeof(char *));
        for (size_t i = 0; source->merged != NULL && i < count; i++) {
            const char *name = natural ? source->columns.items[i].name
                                       : yyjson_mut_get_str(yyjson_mut_arr_get(names, i));
            bool both = false;
            for (struct scope_source *left = scope->sources; name != NULL && left != right;
                 left = left->next)
                both =
                    both || !left->columns.known || scope_find_column(&left->columns, name) != NULL;
            if (!both)
                continue;
            source->merged[source->merged_count++] = name;
            for (struct scope_source *any = scope->sources; any != NULL; any = any->next) {
                struct scope_column *column = scope_find_column(&any->columns, name);
                if (column != NULL)
                    scope_use(resolve, &column->origins);
            }
        }
    }
}

static int walk_join(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                     struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    WEFT_TRY(walk_reference(walk, yyjson_mut_obj_get(ref, "left"), ctes, scope));
    struct scope_source **right = scope->sources_end;
    WEFT_TRY(walk_reference(walk, yyjson_mut_obj_get(ref, "right"), ctes, scope));
    struct resolve_origins *sink = resolve->sink;
    resolve->sink = NULL;
    bool natural = tree_is(ref, "ref_type", "NATURAL");
    yyjson_mut_val *names = yyjson_mut_obj_get(ref, "using_columns");
    if (natural || yyjson_mut_arr_size(names) > 0)
        join_names(walk, scope, *right, names, natural);
    resolve->sink = sink;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(ref);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        const char *name = yyjson_mut_get_str(key);
        if (strcmp(name, "left") != 0 && strcmp(name, "right") != 0)
            WEFT_TRY(walk_used(walk, yyjson_mut_obj_iter_get_val(key), ctes, scope));
    }
    return 0;
}

/* Columns not known: whatever goes in counts as used. */
static int walk_opaque(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                       struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct scope inner;
    scope_init(&inner, SCOPE_SELECT, scope);
    yyjson_mut_val *from = yyjson_mut_obj_get(ref, "source"); /* of a PIVOT */
    yyjson_mut_val *query = yyjson_mut_obj_get(ref, "query"); /* of a DESCRIBE */
    if (from != NULL)
        WEFT_TRY(walk_reference(walk, from, ctes, &inner));
    if (query != NULL) {
        struct scope_columns columns = {0};
        WEFT_TRY(walk_query(walk, query, ctes, scope, &columns));
        use_for_good(walk, &columns);
    }
    for (struct scope_source *source = inner.sources; source != NULL; source = source->next)
        use_for_good(walk, &source->columns);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(ref);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (value != from && value != query)
            WEFT_TRY(walk_used(walk, value, ctes, from != NULL ? &inner : scope));
    }
    const char *alias = text_or_null(ref, "alias");
    if (alias == NULL && tree_is(ref, "type", "TABLE_FUNCTION"))
        alias = tree_text(yyjson_mut_obj_get(ref, "function"), "function_name");
    return scope_add_source(resolve, scope, alias) == NULL ? resolve_nomem(resolve) : 0;
}

static int walk_reference(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                          struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    if (++walk->depth > RESOLVE_NESTING_MAX)
        return resolve_refuse(resolve, WEFT_E_LIMIT, tree_location(ref),
                              "joins and queries stand more than %d deep within one another",
                              RESOLVE_NESTING_MAX);
    const char *type = tree_text(ref, "type");
    int rc = 0;
    if (strcmp(type, "BASE_TABLE") == 0)
        rc = walk_base_table(walk, ref, ctes, scope);
    else if (strcmp(type, "SUBQUERY") == 0)
        rc = walk_from_subquery(walk, ref, ctes, scope);
    else if (strcmp(type, "JOIN") == 0)
        rc = walk_join(walk, ref, ctes, scope);
    else if (strcmp(type, "TABLE_FUNCTION") == 0 || strcmp(type, "EXPRESSION_LIST") == 0 ||
             strcmp(type, "PIVOT") == 0 || strcmp(type, "SHOW_REF") == 0)
        rc = walk_opaque(walk, ref, ctes, scope);
    else if (strcmp(type, "EMPTY") != 0)
        rc = resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(ref),
                            "this form of FROM is not allowed");
    walk->depth--;
    return rc;
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

/* out may be NULL: only the use counts. */
static void star_expand(struct walk *walk, yyjson_mut_val *star, struct scope *scope,
                        struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    const char *of = text_or_null(star, "relation_name");
    while (scope != NULL && scope->kind != SCOPE_SELECT)
        scope = scope->parent;
    bool plain = yyjson_mut_arr_size(yyjson_mut_obj_get(star, "replace_list")) == 0 &&
                 yyjson_mut_arr_size(yyjson_mut_obj_get(star, "rename_list")) == 0 &&
                 yyjson_mut_obj_get(star, "columns") == NULL;
    bool seen = false;
    for (struct scope *at = scope; at != NULL && !seen; at = of == NULL ? NULL : at->parent) {
        for (struct scope_source *source = at->sources; source != NULL; source = source->next) {
            if (of != NULL && (source->alias == NULL || !weft_equal_fold(source->alias, of)))
                continue;
            seen = true;
            if (out != NULL && (!source->columns.known || !plain))
                out->known = false;
            for (size_t i = 0; i < source->columns.count; i++) {
                struct scope_column *column = &source->columns.items[i];
                if (star_leaves_out(star, column->name))
                    continue;
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
    if (!seen && of != NULL && out != NULL)
        out->known = false;
}

static int walk_star_parts(struct walk *walk, yyjson_mut_val *star, const struct scope_cte *ctes,
                           struct scope *scope)
{
    WEFT_TRY(walk_used(walk, yyjson_mut_obj_get(star, "replace_list"), ctes, scope));
    return walk_used(walk, yyjson_mut_obj_get(star, "expr"), ctes, scope);
}

static void lambda_names(struct resolve *resolve, yyjson_mut_val *lhs, struct scope *scope)
{
    if (tree_is(lhs, "class", "COLUMN_REF")) {
        yyjson_mut_val *names = yyjson_mut_obj_get(lhs, "column_names");
        if (yyjson_mut_arr_size(names) == 1)
            scope_add_name(resolve, scope, yyjson_mut_get_str(yyjson_mut_arr_get_first(names)));
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
    return walk_any(walk, yyjson_mut_obj_get(expr, "child"), ctes, scope);
}

/* x.upper(): what looks like a schema is a column. */
static int walk_method(struct walk *walk, yyjson_mut_val *function, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    const char *schema = text_or_null(function, "schema");
    const char *catalog = text_or_null(function, "catalog");
    if (schema == NULL || strcmp(schema, "main") == 0)
        return 0;
    yyjson_mut_val *column = yyjson_mut_obj(resolve->doc);
    yyjson_mut_val *names = yyjson_mut_arr(resolve->doc);
    if (column == NULL || names == NULL ||
        (catalog != NULL && !yyjson_mut_arr_add_strcpy(resolve->doc, names, catalog)) ||
        !yyjson_mut_arr_add_strcpy(resolve->doc, names, schema))
        return resolve_nomem(resolve);
    tree_set(resolve, column, "column_names", names);
    return scope_resolve(resolve, scope, column, true);
}

static int walk_members(struct walk *walk, yyjson_mut_val *object, const struct scope_cte *ctes,
                        struct scope *scope)
{
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        WEFT_TRY(walk_any(walk, yyjson_mut_obj_iter_get_val(key), ctes, scope));
    return 0;
}

static int walk_expression(struct walk *walk, yyjson_mut_val *expr, const char *class,
                           const struct scope_cte *ctes, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    if (strcmp(class, "CONSTANT") == 0)
        return 0;
    if (strcmp(class, "COLUMN_REF") == 0)
        return scope_resolve(resolve, scope, expr, false);
    if (strcmp(class, "SUBQUERY") == 0)
        return walk_subquery(walk, expr, ctes, scope);
    if (strcmp(class, "LAMBDA") == 0)
        return walk_lambda(walk, expr, ctes, scope);
    if (strcmp(class, "STAR") == 0) {
        star_expand(walk, expr, scope, NULL);
        return walk_star_parts(walk, expr, ctes, scope);
    }
    if (strcmp(class, "FUNCTION") == 0)
        WEFT_TRY(walk_method(walk, expr, scope));
    return walk_members(walk, expr, ctes, scope);
}

static int walk_any(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
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
    const char *class = text_or_null(value, "class");
    if (class != NULL)
        return walk_expression(walk, value, class, ctes, scope);
    return walk_members(walk, value, ctes, scope);
}

/* ---- queries ---- */

static int walk_item(struct walk *walk, yyjson_mut_val *item, const struct scope_cte *ctes,
                     struct scope *scope, struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    if (tree_is(item, "class", "STAR")) {
        star_expand(walk, item, scope, out);
        return walk_star_parts(walk, item, ctes, scope);
    }
    struct resolve_origins origins = {0};
    struct resolve_origins *sink = resolve->sink;
    resolve->sink = &origins;
    int rc = walk_any(walk, item, ctes, scope);
    resolve->sink = sink;
    if (rc < 0)
        return rc;
    const char *name = text_or_null(item, "alias");
    if (name == NULL && tree_is(item, "class", "COLUMN_REF"))
        name =
            yyjson_mut_get_str(yyjson_mut_arr_get_last(yyjson_mut_obj_get(item, "column_names")));
    struct scope_column *column = scope_add_column(resolve, out, name);
    if (column != NULL)
        column->origins = origins;
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
        if (tree_text(item, "alias")[0] != 0) /* later items may speak of it, itself may not */
            scope_add_name(walk->resolve, scope, tree_text(item, "alias"));
    }
    return 0;
}

/* ORDER BY ALL says nothing about columns that the result does not have anyway. */
static int walk_modifiers(struct walk *walk, yyjson_mut_val *modifiers,
                          const struct scope_cte *ctes, struct scope *scope, bool *distinct)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(modifiers);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        *distinct = *distinct || tree_is(item, "type", "DISTINCT_MODIFIER");
        yyjson_mut_val *orders = yyjson_mut_obj_get(item, "orders");
        yyjson_mut_val *first = yyjson_mut_obj_get(yyjson_mut_arr_get_first(orders), "expression");
        if (yyjson_mut_arr_size(orders) == 1 && tree_is(first, "class", "STAR") &&
            yyjson_mut_obj_get(first, "expr") == NULL)
            continue;
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
    WEFT_TRY(walk_reference(walk, from, ctes, &scope));
    WEFT_TRY(walk_list(walk, list, ctes, &scope, out));
    bool distinct = false;
    WEFT_TRY(walk_modifiers(walk, yyjson_mut_obj_get(node, "modifiers"), ctes, &scope, &distinct));
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(node);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        bool skip = false;
        for (size_t i = 0; i < WEFT_COUNT(done); i++)
            skip = skip || strcmp(yyjson_mut_get_str(key), done[i]) == 0;
        if (!skip)
            WEFT_TRY(walk_used(walk, yyjson_mut_obj_iter_get_val(key), ctes, &scope));
    }
    if (distinct || !out->known)
        use_for_good(walk, out);
    return 0;
}

/* Arms meet by position; where that is not sure, or rows are compared, all of them count. */
static int walk_set(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
                    struct scope *parent, struct scope_columns *out)
{
    struct resolve *resolve = walk->resolve;
    struct scope_columns right = {0};
    yyjson_mut_val *left_node = yyjson_mut_obj_get(node, "left");
    yyjson_mut_val *right_node = yyjson_mut_obj_get(node, "right");
    if (!yyjson_mut_is_obj(left_node) || !yyjson_mut_is_obj(right_node))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    WEFT_TRY(walk_query(walk, left_node, ctes, parent, out));
    WEFT_TRY(walk_query(walk, right_node, ctes, parent, &right));
    /* setop_all is left out of the tree when it is true, the default. */
    bool all = tree_is(node, "setop_type", "UNION") &&
               !yyjson_mut_is_false(yyjson_mut_obj_get(node, "setop_all"));
    if (!all || !out->known || !right.known || out->count != right.count) {
        use_for_good(walk, out);
        use_for_good(walk, &right);
        out->known = out->known && tree_is(node, "setop_type", "UNION");
    } else {
        for (size_t i = 0; i < out->count; i++)
            scope_add_origins(resolve, &out->items[i].origins, &right.items[i].origins);
    }
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, parent);
    struct scope_source *source = scope_add_source(resolve, &scope, NULL);
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns = *out;
    source->columns.known = false;
    bool distinct = false;
    WEFT_TRY(walk_modifiers(walk, yyjson_mut_obj_get(node, "modifiers"), ctes, &scope, &distinct));
    if (distinct)
        use_for_good(walk, out);
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
    use_for_good(walk, &self->columns);
    scope_rename(resolve, &self->columns, aliases);
    self->next = ctes;
    WEFT_TRY(walk_query(walk, right_node, self, parent, &right));
    use_for_good(walk, &right);
    tree_set_text(resolve, node, "cte_name", self->renamed);
    struct scope scope;
    scope_init(&scope, SCOPE_SELECT, parent);
    struct scope_source *source = scope_add_source(resolve, &scope, NULL);
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns.known = false;
    bool distinct = false;
    WEFT_TRY(walk_used(walk, yyjson_mut_obj_get(node, "key_targets"), ctes, &scope));
    return walk_modifiers(walk, yyjson_mut_obj_get(node, "modifiers"), ctes, &scope, &distinct);
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

static int walk_query(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
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
    use_for_good(&walk, &columns);
    return resolve->nomem ? resolve_nomem(resolve) : 0;
}
