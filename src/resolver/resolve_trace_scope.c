/*
 * resolve_trace_scope.c - what names and stars of a scope come from; roles of the parts of an
 * expression.
 */
#include "resolver/resolve_scope.h"

#include "base/text.h"

/* ---- names ---- */

static bool source_merges(const struct scope_source *source, const char *name)
{
    for (size_t i = 0; i < source->merged_count; i++)
        if (name != NULL && weft_equal_fold(source->merged[i], name))
            return true;
    return false;
}

static bool source_lists(const struct scope_source *source, const char *name)
{
    const struct traces *traces = source->columns.traces;
    for (size_t i = 0; traces != NULL && i < traces->count; i++)
        if (traces->items[i].name != NULL && weft_equal_fold(traces->items[i].name, name))
            return true;
    return false;
}

void trace_scope_column(struct resolve *resolve, const struct scope *scope, const char *name)
{
    bool listed = false;
    if (resolve->trace_to == NULL)
        return;
    for (const struct scope_source *at = scope->sources; at != NULL; at = at->next) {
        if (at->unseen || !source_lists(at, name))
            continue;
        /* USING: the left one has the value, where there is a left row. */
        if (!listed || !source_merges(at, name) || at->outer)
            trace_flow_column(resolve, at->columns.traces, name);
        listed = true;
    }
    for (const struct scope_source *at = scope->sources; !listed && at != NULL; at = at->next)
        if (!at->unseen)
            trace_flow_column(resolve, at->columns.traces, name);
}

void trace_scope_alias(struct resolve *resolve, const struct scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->name_count; i++)
        if (scope->names[i].text != NULL && scope->names[i].trace != NULL &&
            weft_equal_fold(scope->names[i].text, name))
            trace_flow(resolve, scope->names[i].trace);
}

void trace_scope_all(struct resolve *resolve, const struct scope *scope)
{
    for (; scope != NULL; scope = scope->parent)
        for (const struct scope_source *at = scope->sources; at != NULL; at = at->next)
            trace_flow_values(resolve, at->columns.traces);
}

/* ---- stars ---- */

static bool star_lists(yyjson_mut_val *star, const struct scope_source *source, const char *name)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "exclude_list"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        const char *text = yyjson_mut_get_str(item);
        if (text != NULL && name != NULL && weft_equal_fold(text, name))
            return true;
    }
    items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "qualified_exclude_list"));
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        const char *table = tree_text(item, "table");
        bool of = table[0] == 0 ||
                  (source->alias != NULL && weft_equal_fold(table, source->alias)) ||
                  (source->table != NULL && weft_equal_fold(table, source->table));
        if (of && name != NULL && weft_equal_fold(tree_text(item, "column"), name))
            return true;
    }
    return false;
}

static const char *star_renamed(yyjson_mut_val *star, const char *name)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(star, "rename_list"));
    yyjson_mut_val *item;
    while (name != NULL && (item = yyjson_mut_arr_iter_next(&items)) != NULL)
        if (weft_equal_fold(tree_text(yyjson_mut_obj_get(item, "key"), "column"), name))
            return yyjson_mut_get_str(yyjson_mut_obj_get(item, "value"));
    return name;
}

static void star_source(struct resolve *resolve, yyjson_mut_val *star, bool qualified,
                        const struct scope_source *source, struct traces *out)
{
    const struct traces *from = source->columns.traces;
    if (from == NULL) {
        out->known = false;
        out->lost = true;
        return;
    }
    size_t before = out->count;
    for (size_t i = 0; i < from->count; i++) {
        const struct trace_column *column = &from->items[i];
        if (column->hidden || star_lists(star, source, column->name))
            continue;
        if (!qualified && source_merges(source, column->name)) {
            for (size_t k = 0; source->outer && k < before; k++)
                if (out->items[k].name != NULL && weft_equal_fold(out->items[k].name, column->name))
                    trace_add(resolve, &out->items[k].trace, &column->trace, WEFT_LINEAGE_IDENTITY);
            continue;
        }
        struct trace_column *made = traces_add(resolve, out, star_renamed(star, column->name));
        if (made != NULL)
            trace_add(resolve, &made->trace, &column->trace, WEFT_LINEAGE_IDENTITY);
    }
    trace_add(resolve, &out->rest, &from->rest, WEFT_LINEAGE_IDENTITY);
    out->known = out->known && from->known;
    out->lost = out->lost || from->lost;
}

static const struct scope *scope_of_select(const struct scope *scope)
{
    while (scope != NULL && scope->kind != SCOPE_SELECT)
        scope = scope->parent;
    return scope;
}

/* COLUMNS(...) picks, and may name anew, by what only DuckDB evaluates. */
static void star_picks(struct resolve *resolve, struct traces *out, size_t from)
{
    out->known = false;
    for (size_t i = from; i < out->count; i++)
        trace_add(resolve, &out->rest, &out->items[i].trace, WEFT_LINEAGE_UNKNOWN);
}

void trace_star(struct resolve *resolve, yyjson_mut_val *star, const struct scope *scope,
                struct traces *out)
{
    if (out == NULL)
        return;
    const char *of = tree_text_or_null(star, "relation_name");
    size_t before = out->count;
    bool seen = false;
    scope = scope_of_select(scope);
    for (const struct scope *at = scope; at != NULL && !seen; at = of == NULL ? NULL : at->parent) {
        for (const struct scope_source *source = at->sources; source != NULL;
             source = source->next) {
            if (source->unseen || (of != NULL && !scope_source_is(resolve, source, of)))
                continue;
            seen = true;
            star_source(resolve, star, of != NULL, source, out);
        }
    }
    if (!seen && of != NULL && scope != NULL) { /* a struct's parts */
        struct trace_state was = trace_begin(resolve, &out->rest, WEFT_LINEAGE_TRANSFORMATION);
        trace_scope_column(resolve, scope, of);
        trace_end(resolve, was);
        out->known = false;
    }
    if (yyjson_mut_obj_get(star, "expr") != NULL ||
        yyjson_mut_is_true(yyjson_mut_obj_get(star, "columns")))
        star_picks(resolve, out, before);
}

void trace_star_inside(struct resolve *resolve, yyjson_mut_val *star, const struct scope *scope)
{
    struct traces *all = traces_new(resolve);
    if (all == NULL || resolve->trace_to == NULL)
        return;
    trace_star(resolve, star, scope, all);
    trace_flow_values(resolve, all);
    resolve->trace_many = true;
}

/* ---- items ---- */

struct trace *trace_replaced(struct traces *traces, const char *name)
{
    for (size_t i = traces == NULL ? 0 : traces->count; i > 0; i--) {
        struct trace_column *column = &traces->items[i - 1];
        if (column->name == NULL || !weft_equal_fold(column->name, name))
            continue;
        column->trace = (struct trace){0};
        return &column->trace;
    }
    return traces == NULL ? NULL : &traces->rest; /* of a source whose columns are not known */
}

void trace_item(struct resolve *resolve, struct traces *traces, const char *name,
                const struct trace *trace)
{
    if (traces == NULL)
        return;
    if (resolve->trace_many) {
        resolve->trace_many = false;
        traces->known = false;
        trace_add(resolve, &traces->rest, trace, WEFT_LINEAGE_UNKNOWN);
        return;
    }
    struct trace_column *column = traces_add(resolve, traces, name);
    if (column != NULL)
        column->trace = *trace;
}

void trace_function(struct resolve *resolve, yyjson_mut_val *function)
{
    const char *name = tree_text(function, "function_name");
    if (weft_equal_fold(name, "unnest") || weft_equal_fold(name, "unlist") ||
        weft_equal_fold(name, "generate_subscripts"))
        resolve->trace_rows = true;
}

void trace_item_rows(struct resolve *resolve, struct traces *traces, const struct trace *trace)
{
    if (resolve->trace_rows && traces != NULL)
        trace_add(resolve, &traces->rows, trace, WEFT_LINEAGE_FILTER);
    resolve->trace_rows = false;
}

const struct trace *trace_last(struct resolve *resolve, const struct traces *traces,
                               const char *name)
{
    if (traces == NULL)
        return NULL;
    struct trace *copy = resolve_alloc(resolve, 1, sizeof *copy);
    const struct trace_column *last = traces->count == 0 ? NULL : &traces->items[traces->count - 1];
    if (copy == NULL)
        return NULL;
    bool is = last != NULL && last->name != NULL && weft_equal_fold(last->name, name);
    trace_add(resolve, copy, is ? &last->trace : &traces->rest, WEFT_LINEAGE_IDENTITY);
    return copy;
}

/* ---- roles ---- */

/* clang-format off */
static const char *const aggregates[] = {
    "any_value", "approx_count_distinct", "approx_quantile", "approx_top_k", "arbitrary",
    "arg_max", "arg_max_null", "arg_max_nulls_last", "arg_min", "arg_min_null",
    "arg_min_nulls_last", "argmax", "argmin", "array_agg", "avg", "bit_and", "bit_or", "bit_xor",
    "bitstring_agg", "bool_and", "bool_or", "corr", "count", "count_if", "count_star", "countif",
    "covar_pop", "covar_samp", "entropy", "favg", "first", "fsum", "geomean", "geometric_mean",
    "group_concat", "histogram", "histogram_exact", "kahan_sum", "kurtosis", "kurtosis_pop",
    "last", "list", "listagg", "mad", "max", "max_by", "mean", "median", "min", "min_by", "mode",
    "product", "quantile", "quantile_cont", "quantile_disc", "regr_avgx", "regr_avgy",
    "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy",
    "reservoir_quantile", "sem", "skewness", "stddev", "stddev_pop", "stddev_samp", "string_agg",
    "sum", "sum_no_overflow", "sumkahan", "var_pop", "var_samp", "variance", "weighted_avg",
    "wavg",
};
/* clang-format on */

static bool function_aggregates(const char *name)
{
    for (size_t i = 0; i < WEFT_COUNT(aggregates); i++)
        if (weft_equal_fold(aggregates[i], name))
            return true;
    return false;
}

unsigned trace_member_role(yyjson_mut_val *expr, const char *class, const char *key)
{
    bool window = strcmp(class, "WINDOW") == 0;
    if (strcmp(key, "when_expr") == 0 || strcmp(key, "filter") == 0 ||
        strcmp(key, "filter_expr") == 0)
        return WEFT_LINEAGE_CONDITIONAL;
    if (strcmp(key, "order_bys") == 0 || strcmp(key, "arg_orders") == 0)
        return WEFT_LINEAGE_SORT;
    if (window && strcmp(key, "children") != 0 && strcmp(key, "offset_expr") != 0 &&
        strcmp(key, "default_expr") != 0)
        return WEFT_LINEAGE_WINDOW;
    if ((window || strcmp(class, "FUNCTION") == 0) &&
        function_aggregates(tree_text(expr, "function_name")))
        return WEFT_LINEAGE_AGGREGATION;
    return WEFT_LINEAGE_TRANSFORMATION;
}

/* ---- places ---- */

void trace_place(struct resolve *resolve, yyjson_mut_val *expr, const struct traces *items)
{
    if (items == NULL || !tree_is(expr, "class", "CONSTANT"))
        return;
    yyjson_mut_val *value = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "value"), "value");
    if (!yyjson_mut_is_int(value))
        return;
    int64_t place = yyjson_mut_get_sint(value);
    if (!items->known)
        trace_flow_values(resolve, items);
    else if (place >= 1 && (size_t)place <= items->count)
        trace_flow(resolve, &items->items[place - 1].trace);
}
