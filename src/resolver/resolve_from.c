/*
 * resolve_from.c - what stands behind FROM: products resolved, CTEs renamed, joins, subqueries; for
 * pivots, table functions and DESCRIBE whatever goes in counts as used.
 */
#include "base/clock.h"
#include "base/text.h"
#include "resolver/resolve_walk.h"
#include "resolver/treat.h"

#include <strings.h>

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

static bool table_is_file(const char *name)
{
    static const char *const ends[] = {".csv", ".tsv", ".parquet", ".json", ".ndjson", ".gz"};
    size_t length = strlen(name);
    for (size_t i = 0; i < WEFT_COUNT(ends); i++)
        if (length > strlen(ends[i]) && weft_equal_fold(name + length - strlen(ends[i]), ends[i]))
            return true;
    return false;
}

static int table_not_found(struct resolve *resolve, yyjson_mut_val *ref, const char *name,
                           const struct weft_resolve_name *parts)
{
    const struct weft_resolve_options *options = resolve->options;
    resolve_refuse(resolve, WEFT_E_NOT_FOUND, tree_location(ref),
                   "there is no data product %s, or no access to it", name);
    if (strpbrk(name, "/\\*") != NULL || table_is_file(parts->table))
        return weft_error_hint(resolve->error, "files are read by the inputs of a product");
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

static void table_subject(struct resolve *resolve, struct scope_source *source, int index,
                          const struct resolve_subject *subject)
{
    struct scope_column *column = scope_add_column(resolve, &source->columns, subject->name);
    traces_table(resolve, source->columns.traces, subject->name, index, subject->column, true);
    if (column == NULL)
        return;
    column->hidden = true;
    column->subject = true;
    scope_add_origin(resolve, &column->origins, (struct resolve_origin){index, subject->column});
}

static void table_columns(struct resolve *resolve, struct scope_source *source, int index)
{
    const struct weft_relation *relation = &resolve->tables[index].relation;
    source->columns.known = relation->column_count > 0;
    source->columns.traces = traces_new(resolve);
    if (source->columns.traces != NULL && relation->column_count == 0) {
        traces_lost(resolve, source->columns.traces);
    }
    for (size_t i = 0; i < relation->column_count; i++) {
        if (weft_treatment_is(relation->columns[i].treat, WEFT_TREAT_HIDE))
            continue;
        struct scope_column *column =
            scope_add_column(resolve, &source->columns, relation->columns[i].name);
        if (column == NULL)
            continue;
        column->hidden = relation->columns[i].hidden;
        traces_table(resolve, source->columns.traces, relation->columns[i].name, index, (int)i,
                     column->hidden);
        scope_add_origin(resolve, &column->origins, (struct resolve_origin){index, (int)i});
    }
    const struct resolve_subject *subjects = resolve->tables[index].subjects;
    for (size_t i = 0; subjects != NULL && i < relation->min_group_count; i++)
        table_subject(resolve, source, index, &subjects[i]);
}

/* A hidden column of these sources that is also on the left; NULL = none. */
static const char *hidden_name(struct scope_source *from, struct scope_source *left)
{
    for (struct scope_source *source = from; source != NULL; source = source->next) {
        for (size_t i = 0; i < source->columns.count; i++) {
            const struct scope_column *column = &source->columns.items[i];
            if (column->hidden && left == NULL)
                return column->name;
            for (struct scope_source *one = left; one != NULL && one != from; one = one->next) {
                const struct scope_column *other =
                    column->name == NULL ? NULL : scope_find_column(&one->columns, column->name);
                if (other != NULL && (other->hidden || column->hidden))
                    return column->name;
            }
        }
    }
    return NULL;
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
    if (scope_add_source(resolve, scope, tree_text_or_null(ref, "alias")) == NULL)
        return resolve_nomem(resolve);
    return resolve_reference_add(resolve, name, tree_location(ref));
}

static int table_product(struct walk *walk, yyjson_mut_val *ref, struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct weft_resolve_name name = {.schema = tree_text_or_null(ref, "schema_name"),
                                     .table = tree_text(ref, "table_name")};
    const char *said = name.schema == NULL
                           ? weft_arena_strdup(resolve->arena, name.table)
                           : weft_arena_format(resolve->arena, "%s.%s", name.schema, name.table);
    if (said == NULL)
        return resolve_nomem(resolve);
    const char *catalog = tree_text_or_null(ref, "catalog_name");
    if (catalog != NULL) {
        said = weft_arena_format(resolve->arena, "%s.%s", catalog, said);
        return said == NULL ? resolve_nomem(resolve) : table_not_found(resolve, ref, said, &name);
    }
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
    WEFT_TRY(walk_subjects(walk, ref, index));
    const char *alias = tree_text_or_null(ref, "alias");
    bool bare = alias == NULL;
    if (bare)
        alias = resolve->unique || alias_taken(scope, name.table)
                    ? weft_arena_format(resolve->arena, "__t%d_%.16s", index, resolve->secret)
                    : name.table;
    struct scope_source *source = scope_add_source(resolve, scope, alias);
    if (source == NULL || alias == NULL)
        return resolve_nomem(resolve);
    source->product = index + 1;
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
    const char *alias = tree_text_or_null(ref, "alias");
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

static int walk_from_subquery(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                              struct scope *scope)
{
    struct resolve *resolve = walk->resolve;
    struct scope_columns columns = {0};
    WEFT_TRY(walk_statement(walk, yyjson_mut_obj_get(ref, "subquery"), ctes, scope, &columns));
    struct scope_source *source = scope_add_source(resolve, scope, tree_text_or_null(ref, "alias"));
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
                trace_flow_column(resolve, any->columns.traces, name);
            }
        }
    }
}

/* What of the right side comes out of it. */
static void join_trace(yyjson_mut_val *ref, struct scope_source *right)
{
    const char *type = tree_text(ref, "join_type");
    for (; right != NULL; right = right->next) {
        right->outer =
            strcmp(type, "RIGHT") == 0 || strcmp(type, "FULL") == 0 || strcmp(type, "OUTER") == 0;
        right->unseen = strcmp(type, "SEMI") == 0 || strcmp(type, "ANTI") == 0;
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
    const char *hidden = natural ? hidden_name(*right, scope->sources) : NULL;
    if (hidden != NULL) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(ref),
                       "NATURAL JOIN would compare %s too", hidden);
        return weft_error_hint(resolve->error, "name the columns: USING (...)");
    }
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
    join_trace(ref, *right);
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
    struct traces *traces = traces_new(resolve);
    if (from != NULL)
        WEFT_TRY(walk_reference(walk, from, ctes, &inner));
    if (query != NULL) {
        struct scope_columns columns = {0};
        bool describes = walk->describes;
        walk->describes = describes || tree_is(ref, "show_type", "DESCRIBE");
        WEFT_TRY(walk_query(walk, query, ctes, scope, &columns));
        walk->describes = describes;
        walk_use_for_good(walk, &columns);
        trace_summarized(resolve, ref, columns.traces, traces);
    }
    for (struct scope_source *source = inner.sources; source != NULL; source = source->next)
        if (source->product > 0 && resolve->tables[source->product - 1].subjects != NULL)
            return walk_groups_refuse(walk, ref, &resolve->tables[source->product - 1].relation,
                                      "PIVOT and UNPIVOT");
    for (struct scope_source *source = inner.sources; source != NULL; source = source->next)
        walk_use_for_good(walk, &source->columns);
    const char *hidden = hidden_name(inner.sources, NULL);
    if (hidden != NULL) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(ref),
                       "PIVOT and UNPIVOT would take %s for a column of the table", hidden);
        return weft_error_hint(resolve->error, "write a subquery there: (select ... from ...)");
    }
    struct trace_state was =
        trace_begin(resolve, traces == NULL ? NULL : &traces->rest, WEFT_LINEAGE_TRANSFORMATION);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(ref);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (value == from || value == query)
            continue;
        resolve->trace_role = trace_opaque_role(ref, yyjson_mut_get_str(key));
        WEFT_TRY(walk_used(walk, value, ctes, from != NULL ? &inner : scope));
    }
    trace_end(resolve, was);
    if (traces != NULL)
        trace_opaque(resolve, ref, &inner, traces);
    const char *alias = tree_text_or_null(ref, "alias");
    if (alias == NULL && tree_is(ref, "type", "TABLE_FUNCTION"))
        alias = tree_text(yyjson_mut_obj_get(ref, "function"), "function_name");
    struct scope_source *source = scope_add_source(resolve, scope, alias);
    if (source == NULL)
        return resolve_nomem(resolve);
    source->columns.traces =
        traces_rename(resolve, traces, yyjson_mut_obj_get(ref, "column_name_alias"));
    return 0;
}

int walk_reference(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
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
