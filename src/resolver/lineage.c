/*
 * lineage.c - what the walk gathered (resolve_trace.h), as edges between columns.
 */
#include "resolver/lineage.h"

#include "base/text.h"
#include "resolver/resolve_error.h"
#include "resolver/resolve_trace.h"

const char *weft_lineage_how_name(unsigned how)
{
    static const struct {
        unsigned how;
        const char *name;
    } names[] = {
        {WEFT_LINEAGE_IDENTITY, "identity"},       {WEFT_LINEAGE_TRANSFORMATION, "transformation"},
        {WEFT_LINEAGE_AGGREGATION, "aggregation"}, {WEFT_LINEAGE_CONDITIONAL, "conditional"},
        {WEFT_LINEAGE_FILTER, "filter"},           {WEFT_LINEAGE_JOIN, "join"},
        {WEFT_LINEAGE_GROUP_BY, "group_by"},       {WEFT_LINEAGE_SORT, "sort"},
        {WEFT_LINEAGE_WINDOW, "window"},           {WEFT_LINEAGE_UNKNOWN, "unknown"}};
    for (size_t i = 0; i < WEFT_COUNT(names); i++)
        if (names[i].how == how)
            return names[i].name;
    return "";
}

struct hander {
    struct weft_arena *arena;
    const struct weft_resolved_places *places;
    struct weft_error *error;
};

/* The same column may stand in the text as several tables. */
static int edges_make(struct hander *hander, const struct trace *trace,
                      struct weft_resolved_edges *out, bool *lost)
{
    struct weft_resolved_edge *items =
        weft_arena_array(hander->arena, trace->count + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL)
        return weft_error_nomem(hander->error);
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_part *part = &trace->items[i];
        if (part->table == TRACE_LOST) {
            *lost = true;
            continue;
        }
        assert(part->table >= 0 && (size_t)part->table < hander->places->table_count);
        const struct weft_relation *relation = &hander->places->tables[part->table].relation;
        const char *column = relation->columns[part->column].name;
        struct weft_resolved_edge *same = NULL;
        if (relation->product == NULL)
            continue;
        for (size_t k = 0; k < count && same == NULL; k++)
            if (items[k].tag == relation->tag && strcmp(items[k].column, column) == 0 &&
                strcmp(items[k].product, relation->product) == 0)
                same = &items[k];
        if (same != NULL)
            same->how |= part->how;
        else
            items[count++] =
                (struct weft_resolved_edge){relation->product, relation->tag, column, part->how};
    }
    *out = (struct weft_resolved_edges){items, count};
    return 0;
}

/* Equal names after another: the first one. */
static const struct trace_column *column_find(const struct traces *traces, const char *name,
                                              bool *several)
{
    const struct trace_column *found = NULL;
    *several = false;
    for (size_t i = 0; i < traces->count; i++) {
        const char *is = traces->items[i].name;
        if (is == NULL || !weft_equal_fold(is, name))
            continue;
        *several = found != NULL;
        found = found == NULL ? &traces->items[i] : found;
    }
    return found;
}

static int column_make(struct hander *hander, const struct traces *traces, size_t place,
                       size_t count, const char *name, struct weft_resolved_origin *out)
{
    *out = (struct weft_resolved_origin){.column = name};
    if (traces->known && traces->count == count)
        return edges_make(hander, &traces->items[place].trace, &out->edges, &out->unknown);
    bool several;
    const struct trace_column *column = column_find(traces, name, &several);
    if (column != NULL && !several)
        return edges_make(hander, &column->trace, &out->edges, &out->unknown);
    out->unknown = traces->lost || traces->known || several;
    return edges_make(hander, &traces->rest, &out->edges, &out->unknown);
}

int weft_resolved_lineage(struct weft_arena *arena, const struct weft_resolved *resolved,
                          const struct weft_relation_column *columns, size_t count,
                          struct weft_resolved_lineage *out, struct weft_error *error)
{
    struct hander hander = {arena, resolved->places, error};
    const struct traces *traces = resolved->places->traces;
    if (traces == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "the text was resolved without lineage");
    struct weft_resolved_origin *made = weft_arena_array(arena, count + 1, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(column_make(&hander, traces, i, count, columns[i].name, &made[i]));
    struct weft_resolved_lineage lineage = {.columns = made, .count = count};
    bool lost = false; /* rows that may come from anything: every column may */
    WEFT_TRY(edges_make(&hander, &traces->rows, &lineage.rows, &lost));
    for (size_t i = 0; lost && i < count; i++)
        made[i].unknown = true;
    *out = lineage;
    return 0;
}
