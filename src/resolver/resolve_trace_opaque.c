/*
 * resolve_trace_opaque.c - columns of what has no list of columns before it runs: PIVOT, UNPIVOT,
 * table functions, VALUES, DESCRIBE. What their parts come from is known, and so every column that
 * is not listed may come from all of these.
 */
#include "resolver/resolve_scope.h"

#include "base/text.h"

/* PIVOT's values decide which row goes where; UNPIVOT's are the columns that become rows. */
unsigned trace_opaque_role(yyjson_mut_val *ref, const char *key)
{
    bool pivots = strcmp(key, "pivots") == 0 &&
                  yyjson_mut_arr_size(yyjson_mut_obj_get(ref, "unpivot_names")) == 0;
    return pivots ? WEFT_LINEAGE_CONDITIONAL : WEFT_LINEAGE_TRANSFORMATION;
}

/* Is every origin of the column among these? */
static bool trace_within(const struct trace *trace, const struct trace *of)
{
    for (size_t i = 0; i < trace->count; i++) {
        bool there = false;
        for (size_t k = 0; k < of->count && !there; k++)
            there = of->items[k].table == trace->items[i].table &&
                    of->items[k].column == trace->items[i].column;
        if (!there)
            return false;
    }
    return trace->count > 0;
}

/* The columns that stay: those that what is made does not come from. */
static void kept_add(struct resolve *resolve, const struct scope *inner, struct traces *traces)
{
    for (const struct scope_source *at = inner->sources; at != NULL; at = at->next) {
        const struct traces *from = at->columns.traces;
        if (from == NULL) {
            traces->lost = true;
            continue;
        }
        traces->lost = traces->lost || from->lost;
        trace_add(resolve, &traces->rows, &from->rows, WEFT_LINEAGE_FILTER);
        trace_add(resolve, &traces->rest, &from->rest, WEFT_LINEAGE_UNKNOWN);
        for (size_t i = 0; i < from->count; i++) {
            if (from->items[i].name == NULL || trace_within(&from->items[i].trace, &traces->rest))
                continue;
            struct trace_column *column = traces_add(resolve, traces, from->items[i].name);
            if (column != NULL)
                trace_add(resolve, &column->trace, &from->items[i].trace, WEFT_LINEAGE_IDENTITY);
        }
    }
}

static void pivot_rows(struct resolve *resolve, const struct scope *inner, struct traces *traces,
                       unsigned role)
{
    for (const struct scope_source *at = inner->sources; at != NULL; at = at->next)
        if (at->columns.traces != NULL)
            traces_values(resolve, &traces->rows, at->columns.traces, role);
}

/* Entries are names of columns as texts; or expressions, which were walked. */
static bool unpivot_named(struct resolve *resolve, yyjson_mut_val *pivot, const struct scope *inner)
{
    bool named = true;
    yyjson_mut_arr_iter entries = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(pivot, "entries"));
    yyjson_mut_val *entry;
    while ((entry = yyjson_mut_arr_iter_next(&entries)) != NULL) {
        yyjson_mut_val *values = yyjson_mut_obj_get(entry, "values");
        named = named &&
                (yyjson_mut_arr_size(values) > 0 || yyjson_mut_obj_get(entry, "star_expr") != NULL);
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(values);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
            const char *name = tree_text_or_null(item, "value");
            if (name == NULL)
                named = false;
            else
                trace_scope_column(resolve, inner, name);
        }
    }
    return named;
}

static void unpivot(struct resolve *resolve, yyjson_mut_val *ref, const struct scope *inner,
                    struct traces *traces)
{
    bool named = true;
    yyjson_mut_val *pivots = yyjson_mut_obj_get(ref, "pivots");
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(pivots);
    yyjson_mut_val *pivot;
    struct trace_state was = trace_begin(resolve, &traces->rest, WEFT_LINEAGE_TRANSFORMATION);
    while ((pivot = yyjson_mut_arr_iter_next(&items)) != NULL)
        named = unpivot_named(resolve, pivot, inner) && named;
    trace_end(resolve, was);
    if (!named) {
        for (const struct scope_source *at = inner->sources; at != NULL; at = at->next)
            if (at->columns.traces != NULL)
                traces_values(resolve, &traces->rest, at->columns.traces, WEFT_LINEAGE_UNKNOWN);
    }
    trace_add(resolve, &traces->rows, &traces->rest, WEFT_LINEAGE_FILTER); /* nulls go */
    kept_add(resolve, inner, traces);
    items = yyjson_mut_arr_iter_with(pivots);
    while (named && (pivot = yyjson_mut_arr_iter_next(&items)) != NULL) {
        yyjson_mut_arr_iter names =
            yyjson_mut_arr_iter_with(yyjson_mut_obj_get(pivot, "unpivot_names"));
        yyjson_mut_val *name;
        while ((name = yyjson_mut_arr_iter_next(&names)) != NULL)
            traces_add(resolve, traces, yyjson_mut_get_str(name)); /* holds names of columns */
    }
}

/* It has a row for each column, and each of its columns tells something of all. */
void trace_summarized(struct resolve *resolve, yyjson_mut_val *ref, const struct traces *of,
                      struct traces *traces)
{
    if (traces == NULL || of == NULL || !tree_is(ref, "show_type", "SUMMARY"))
        return;
    traces_values(resolve, &traces->rest, of, WEFT_LINEAGE_AGGREGATION);
    trace_add(resolve, &traces->rest, &of->rows, WEFT_LINEAGE_FILTER);
}

void trace_opaque(struct resolve *resolve, yyjson_mut_val *ref, const struct scope *inner,
                  struct traces *traces)
{
    traces->known = false;
    if (tree_is(ref, "type", "SHOW_REF"))
        return;
    if (!tree_is(ref, "type", "PIVOT")) { /* how many rows it has depends on what goes in */
        trace_add(resolve, &traces->rows, &traces->rest, WEFT_LINEAGE_FILTER);
        return;
    }
    if (yyjson_mut_arr_size(yyjson_mut_obj_get(ref, "unpivot_names")) > 0) {
        unpivot(resolve, ref, inner, traces);
        return;
    }
    kept_add(resolve, inner, traces);
    pivot_rows(resolve, inner, traces, WEFT_LINEAGE_GROUP_BY);
}
