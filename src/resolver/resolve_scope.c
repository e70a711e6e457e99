/*
 * resolve_scope.c - names to columns, columns to products.
 */
#include "resolver/resolve_scope.h"

#include "base/text.h"

#define SCOPE_CANDIDATES 40

/* ---- building ---- */

void scope_init(struct scope *scope, enum scope_kind kind, struct scope *parent)
{
    *scope = (struct scope){.kind = kind, .parent = parent};
    scope->sources_end = &scope->sources;
}

static bool scope_reserve(struct resolve *resolve, void *items, size_t *capacity, size_t need,
                          size_t size)
{
    if (weft_arena_reserve(resolve->arena, items, capacity, need, size) == 0)
        return true;
    resolve->nomem = true;
    return false;
}

void scope_add_name(struct resolve *resolve, struct scope *scope, const char *name,
                    const struct trace *trace)
{
    if (scope_reserve(resolve, &scope->names, &scope->name_capacity, scope->name_count + 1,
                      sizeof(struct scope_name)))
        scope->names[scope->name_count++] = (struct scope_name){name, trace};
}

struct scope_source *scope_add_source(struct resolve *resolve, struct scope *scope,
                                      const char *alias)
{
    struct scope_source *source = resolve_alloc(resolve, 1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->alias = alias;
    *scope->sources_end = source;
    scope->sources_end = &source->next;
    return source;
}

struct scope_column *scope_add_column(struct resolve *resolve, struct scope_columns *columns,
                                      const char *name)
{
    if (!scope_reserve(resolve, &columns->items, &columns->capacity, columns->count + 1,
                       sizeof(struct scope_column)))
        return NULL;
    struct scope_column *column = &columns->items[columns->count++];
    *column = (struct scope_column){.name = name};
    return column;
}

void scope_add_origin(struct resolve *resolve, struct resolve_origins *origins,
                      struct resolve_origin origin)
{
    for (size_t i = 0; i < origins->count; i++)
        if (origins->items[i].table == origin.table && origins->items[i].column == origin.column)
            return;
    if (scope_reserve(resolve, &origins->items, &origins->capacity, origins->count + 1,
                      sizeof(struct resolve_origin)))
        origins->items[origins->count++] = origin;
}

void scope_add_origins(struct resolve *resolve, struct resolve_origins *to,
                       const struct resolve_origins *from)
{
    for (size_t i = 0; i < from->count; i++)
        scope_add_origin(resolve, to, from->items[i]);
}

struct scope_column *scope_find_column(struct scope_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].name != NULL && weft_equal_fold(columns->items[i].name, name))
            return &columns->items[i];
    return NULL;
}

void scope_rename(struct resolve *resolve, struct scope_columns *columns, yyjson_mut_val *names)
{
    size_t count = yyjson_mut_arr_size(names);
    columns->traces = traces_rename(resolve, columns->traces, names);
    if (!columns->known || count == 0)
        return;
    struct scope_column *items = resolve_alloc(resolve, columns->count, sizeof(*items));
    if (items == NULL)
        return;
    if (columns->count > 0)
        memcpy(items, columns->items, columns->count * sizeof(*items));
    for (size_t i = 0; i < count && i < columns->count; i++)
        items[i].name = yyjson_mut_get_str(yyjson_mut_arr_get(names, i));
    columns->items = items; /* a CTE's columns are shared: renamed in a copy */
    columns->capacity = columns->count;
}

/* ---- use ---- */

void scope_use(struct resolve *resolve, const struct resolve_origins *origins)
{
    if (resolve->sink != NULL) {
        scope_add_origins(resolve, resolve->sink, origins);
        return;
    }
    for (size_t i = 0; i < origins->count; i++)
        resolve->tables[origins->items[i].table].used[origins->items[i].column] = true;
}

void scope_use_all(struct resolve *resolve, const struct scope_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        scope_use(resolve, &columns->items[i].origins);
}

/* By name, or by a name that only DuckDB knows. */
static bool columns_use(struct resolve *resolve, struct scope_columns *columns, const char *name)
{
    bool found = false;
    bool nameless = false;
    for (size_t i = 0; i < columns->count; i++) {
        nameless = nameless || columns->items[i].name == NULL;
        if (columns->items[i].name == NULL || !weft_equal_fold(columns->items[i].name, name))
            continue;
        scope_use(resolve, &columns->items[i].origins);
        found = true;
    }
    if (!found && nameless) {
        for (size_t i = 0; i < columns->count; i++)
            if (columns->items[i].name == NULL)
                scope_use(resolve, &columns->items[i].origins);
        return true;
    }
    return found;
}

void scope_use_named(struct resolve *resolve, const struct scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->parent)
        for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
            if (name == NULL)
                scope_use_all(resolve, &source->columns);
            else
                columns_use(resolve, &source->columns, name);
}

/* ---- looking up ---- */

struct lookup {
    struct resolve *resolve;
    struct scope *start;
    yyjson_mut_val *expression;
    const char *parts[RESOLVE_NAME_PARTS];
    size_t count;
    bool soft;  /* it may be no column at all: then it keeps its name */
    bool maybe; /* a source whose columns are not known could hold it */
};

static bool scope_has_name(const struct scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->name_count; i++)
        if (scope->names[i].text != NULL && weft_equal_fold(scope->names[i].text, name))
            return true;
    return false;
}

bool scope_source_is(const struct resolve *resolve, const struct scope_source *source,
                     const char *name)
{
    if (source->alias != NULL && weft_equal_fold(source->alias, name))
        return true;
    return resolve->unique && source->table != NULL && weft_equal_fold(source->table, name);
}

/* The first `count` parts become the table's alias. */
static void lookup_rewrite(struct lookup *lookup, size_t count, const char *alias)
{
    struct resolve *resolve = lookup->resolve;
    yyjson_mut_val *names = yyjson_mut_obj_get(lookup->expression, "column_names");
    for (size_t i = 0; i < count; i++)
        yyjson_mut_arr_remove_first(names);
    yyjson_mut_val *name = yyjson_mut_strcpy(resolve->doc, alias);
    if (name == NULL || !yyjson_mut_arr_prepend(names, name))
        resolve->nomem = true;
}

/* alias.column, alias.column.field */
static bool lookup_alias(struct lookup *lookup, struct scope *scope)
{
    struct resolve *resolve = lookup->resolve;
    if (lookup->count < 2)
        return false;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
        if (scope_source_is(resolve, source, lookup->parts[0]) &&
            (columns_use(resolve, &source->columns, lookup->parts[1]) || !source->columns.known)) {
            trace_flow_column(resolve, source->columns.traces, lookup->parts[1]);
            if (!weft_equal_fold(source->alias, lookup->parts[0]))
                lookup_rewrite(lookup, 1, source->alias);
            return true;
        }
    return false;
}

/* Would `name` mean something else where the text uses it, in a query within that of the table?
 * A lambda's parameter takes no name: a table of the same query goes before its parts. */
static bool lookup_captured(const struct lookup *lookup, const struct scope *until,
                            const char *name)
{
    for (struct scope *at = lookup->start; at != until; at = at->parent) {
        for (struct scope_source *source = at->sources; source != NULL; source = source->next)
            if (!source->columns.known || scope_find_column(&source->columns, name) != NULL ||
                (source->alias != NULL && weft_equal_fold(source->alias, name)))
                return true;
    }
    return false;
}

/* domain.product.column: a subquery has no schema, so the domain goes. */
static bool lookup_product(struct lookup *lookup, struct scope *scope)
{
    if (lookup->count < 3)
        return false;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next) {
        if (source->schema == NULL || !weft_equal_fold(source->schema, lookup->parts[0]) ||
            !weft_equal_fold(source->table, lookup->parts[1]))
            continue;
        struct resolve *resolve = lookup->resolve;
        if (!resolve->unique && lookup_captured(lookup, scope, source->alias))
            resolve->captured = true;
        columns_use(resolve, &source->columns, lookup->parts[2]);
        trace_flow_column(resolve, source->columns.traces, lookup->parts[2]);
        lookup_rewrite(lookup, 2, source->alias);
        return true;
    }
    return false;
}

/* column, column.field */
static bool lookup_column(struct lookup *lookup, struct scope *scope)
{
    bool found = false;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next) {
        found = columns_use(lookup->resolve, &source->columns, lookup->parts[0]) || found;
        lookup->maybe = lookup->maybe || !source->columns.known;
    }
    if (found || lookup->maybe)
        trace_scope_column(lookup->resolve, scope, lookup->parts[0]);
    return found;
}

/* A table's name alone is its row as a struct. */
static bool lookup_row(struct lookup *lookup, struct scope *scope)
{
    if (lookup->count != 1)
        return false;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
        if (scope_source_is(lookup->resolve, source, lookup->parts[0])) {
            scope_use_all(lookup->resolve, &source->columns);
            struct trace_state was = trace_role(lookup->resolve, WEFT_LINEAGE_TRANSFORMATION);
            trace_flow_values(lookup->resolve, source->columns.traces);
            trace_end(lookup->resolve, was);
            if (!lookup->soft && !weft_equal_fold(source->alias, lookup->parts[0]))
                lookup_rewrite(lookup, 1, source->alias);
            return true;
        }
    return false;
}

/* Two products of one name stand here without alias: which one is meant? */
static int lookup_ambiguous(struct lookup *lookup, struct scope *scope)
{
    size_t count = 0;
    for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
        if (source->table != NULL && weft_equal_fold(source->table, lookup->parts[0]))
            count++;
    if (count < 2 || lookup->count < 2)
        return 0;
    resolve_refuse(lookup->resolve, WEFT_E_SQL, tree_location(lookup->expression),
                   "%s could be several tables", lookup->parts[0]);
    return weft_error_hint(lookup->resolve->error, "give each an alias, or write the domain too");
}

static const char *candidates_text(struct resolve *resolve, struct scope *scope)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, RESOLVE_TEXT_MAX);
    size_t count = 0;
    for (; scope != NULL; scope = scope->parent)
        for (struct scope_source *source = scope->sources; source != NULL; source = source->next)
            for (size_t i = 0; i < source->columns.count && count < SCOPE_CANDIDATES; i++)
                if (source->columns.items[i].name != NULL && !source->columns.items[i].subject)
                    weft_buf_addf(&text, "%s%s", count++ == 0 ? "" : ", ",
                                  source->columns.items[i].name);
    const char *copy = weft_arena_strdup(resolve->arena, text.data);
    if (copy == NULL || text.failed)
        resolve->nomem = true;
    return copy;
}

static void unknown_add(struct lookup *lookup, struct scope *scope)
{
    struct resolve *resolve = lookup->resolve;
    if (!scope_reserve(resolve, &resolve->unknowns, &resolve->unknown_capacity,
                       resolve->unknown_count + 1, sizeof(struct resolve_unknown)))
        return;
    const char *name = lookup->parts[lookup->count - 1];
    resolve->unknowns[resolve->unknown_count++] =
        (struct resolve_unknown){.name = weft_arena_strdup(resolve->arena, name),
                                 .candidates = candidates_text(resolve, scope),
                                 .location = tree_location(lookup->expression)};
}

static int lookup_fill(struct lookup *lookup)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(lookup->expression, "column_names");
    lookup->count = yyjson_mut_arr_size(names);
    bool whole = lookup->count >= 1 && lookup->count <= RESOLVE_NAME_PARTS;
    for (size_t i = 0; whole && i < lookup->count; i++) {
        lookup->parts[i] = yyjson_mut_get_str(yyjson_mut_arr_get(names, i));
        whole = lookup->parts[i] != NULL;
    }
    if (!whole)
        return resolve_refuse(lookup->resolve, WEFT_E_SQL, tree_location(lookup->expression),
                              "this column's name has too many parts");
    return 0;
}

int scope_resolve(struct resolve *resolve, struct scope *scope, yyjson_mut_val *expression,
                  bool soft)
{
    struct lookup lookup = {
        .resolve = resolve, .start = scope, .expression = expression, .soft = soft};
    WEFT_TRY(lookup_fill(&lookup));
    bool lambda = false;
    for (struct scope *at = scope; at != NULL; at = at->parent) {
        if (at->kind == SCOPE_LAMBDA) {
            lambda = lambda || scope_has_name(at, lookup.parts[0]);
            if (lambda && lookup.count == 1)
                return 0;
            continue;
        }
        WEFT_TRY(lookup_ambiguous(&lookup, at));
        bool direct = (resolve->trace_role & WEFT_LINEAGE_DIRECT) != 0;
        if (lookup.count == 1 && !direct) /* ORDER BY: the alias goes before the column */
            trace_scope_alias(resolve, at, lookup.parts[0]);
        if (lookup_alias(&lookup, at) || lookup_product(&lookup, at) ||
            lookup_column(&lookup, at) || lookup_row(&lookup, at))
            return 0;
        /* name.part: a table of that name goes before a parameter's part, but no outer table. */
        if (lookup.count == 1 && direct)
            trace_scope_alias(resolve, at, lookup.parts[0]);
        if (lambda || (lookup.count == 1 && scope_has_name(at, lookup.parts[0])))
            return 0;
    }
    enum resolve_special special = RESOLVE_SPECIAL_NONE;
    if (lookup.count == 1 && !soft)
        special = resolve_special_word(lookup.parts[0]);
    if (special != RESOLVE_SPECIAL_NONE &&
        !(lookup.maybe && weft_equal_fold(lookup.parts[0], "user")))
        return resolve_special_put(resolve, expression, special);
    if (!lookup.maybe && !soft)
        unknown_add(&lookup, scope);
    return 0;
}
