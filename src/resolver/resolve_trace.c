/*
 * resolve_trace.c - sets of origins: joining them, handing them on in a role; columns of queries,
 * united and renamed.
 */
#include "resolver/resolve_trace.h"

#include "base/text.h"

/* ---- roles ---- */

static unsigned role_of_one(unsigned how, unsigned role)
{
    unsigned direct = how & WEFT_LINEAGE_DIRECT;
    unsigned rest = how & ~(unsigned)WEFT_LINEAGE_DIRECT;
    if (direct == 0)
        return rest;
    if ((role & WEFT_LINEAGE_DIRECT) == 0)
        return rest | role;
    unsigned highest = direct & WEFT_LINEAGE_AGGREGATION      ? WEFT_LINEAGE_AGGREGATION
                       : direct & WEFT_LINEAGE_TRANSFORMATION ? WEFT_LINEAGE_TRANSFORMATION
                                                              : WEFT_LINEAGE_IDENTITY;
    return rest | WEFT_MAX(highest, role);
}

/* What is taken in a role from what came so. */
static unsigned role_of(unsigned how, unsigned role)
{
    unsigned out = 0;
    for (unsigned bit = 1; bit <= WEFT_LINEAGE_ALL; bit <<= 1)
        if (role & bit)
            out |= role_of_one(how, bit);
    return out;
}

struct trace_state trace_begin(struct resolve *resolve, struct trace *to, unsigned role)
{
    struct trace_state was = {resolve->trace_to, resolve->trace_role};
    resolve->trace_to = to;
    resolve->trace_role = role;
    return was;
}

void trace_end(struct resolve *resolve, struct trace_state state)
{
    resolve->trace_to = state.to;
    resolve->trace_role = state.role;
}

struct trace_state trace_role(struct resolve *resolve, unsigned role)
{
    unsigned now = resolve->trace_role;
    if (role == 0 || (now & WEFT_LINEAGE_DIRECT) == 0 ||
        ((role & WEFT_LINEAGE_DIRECT) != 0 && role < now))
        role = now;
    return trace_begin(resolve, resolve->trace_to, role);
}

/* ---- one trace ---- */

/* True when something was new. */
static bool trace_put(struct resolve *resolve, struct trace *to, struct trace_part item)
{
    size_t low = 0, high = to->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct trace_part *at = &to->items[middle];
        if (at->table < item.table || (at->table == item.table && at->column < item.column))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < to->count && to->items[low].table == item.table &&
        to->items[low].column == item.column) {
        unsigned was = to->items[low].how;
        to->items[low].how |= item.how;
        return to->items[low].how != was;
    }
    if (weft_arena_reserve(resolve->arena, &to->items, &to->capacity, to->count + 1,
                           sizeof(struct trace_part)) < 0) {
        resolve->nomem = true;
        return false;
    }
    memmove(&to->items[low + 1], &to->items[low], (to->count - low) * sizeof item);
    to->items[low] = item;
    to->count++;
    return true;
}

void trace_add(struct resolve *resolve, struct trace *to, const struct trace *from, unsigned role)
{
    size_t count = from->count; /* it may be the same one */
    for (size_t i = 0; i < count; i++) {
        struct trace_part item = from->items[i];
        item.how = role_of(item.how, role);
        if (item.how != 0)
            trace_put(resolve, to, item);
    }
}

void trace_flow(struct resolve *resolve, const struct trace *from)
{
    if (resolve->trace_to != NULL)
        trace_add(resolve, resolve->trace_to, from, resolve->trace_role);
}

/* ---- columns ---- */

struct traces *traces_new(struct resolve *resolve)
{
    if (!resolve->options->lineage)
        return NULL;
    struct traces *made = resolve_alloc(resolve, 1, sizeof *made);
    if (made != NULL)
        made->known = true;
    return made;
}

struct trace_column *traces_add(struct resolve *resolve, struct traces *traces, const char *name)
{
    if (weft_arena_reserve(resolve->arena, &traces->items, &traces->capacity, traces->count + 1,
                           sizeof(struct trace_column)) < 0) {
        resolve->nomem = true;
        return NULL;
    }
    struct trace_column *column = &traces->items[traces->count++];
    *column = (struct trace_column){.name = name};
    return column;
}

void traces_table(struct resolve *resolve, struct traces *traces, const char *name, int table,
                  int column, bool hidden)
{
    struct trace_column *made = traces == NULL ? NULL : traces_add(resolve, traces, name);
    if (made == NULL)
        return;
    made->hidden = hidden;
    trace_put(resolve, &made->trace, (struct trace_part){table, column, WEFT_LINEAGE_IDENTITY});
}

void traces_lost(struct resolve *resolve, struct traces *traces)
{
    traces->known = false;
    traces->lost = true;
    trace_put(resolve, &traces->rest, (struct trace_part){TRACE_LOST, 0, WEFT_LINEAGE_UNKNOWN});
}

void traces_values(struct resolve *resolve, struct trace *to, const struct traces *from,
                   unsigned role)
{
    for (size_t i = 0; i < from->count; i++)
        trace_add(resolve, to, &from->items[i].trace, role);
    trace_add(resolve, to, &from->rest, role);
}

/* Which column is which is not known any more. */
static void traces_lose(struct resolve *resolve, struct traces *traces)
{
    struct trace rest = {0};
    traces_values(resolve, &rest, traces, WEFT_LINEAGE_UNKNOWN);
    traces->items = NULL;
    traces->count = 0;
    traces->capacity = 0;
    traces->rest = rest;
    traces->known = false;
}

struct traces *traces_rename(struct resolve *resolve, const struct traces *traces,
                             yyjson_mut_val *names)
{
    size_t count = yyjson_mut_arr_size(names);
    if (traces == NULL || count == 0)
        return (struct traces *)(uintptr_t)traces;
    struct traces *made = resolve_alloc(resolve, 1, sizeof *made);
    if (made == NULL)
        return NULL;
    *made = *traces;
    if (!made->known) {
        traces_lose(resolve, made);
        return made;
    }
    made->items = resolve_alloc(resolve, traces->count, sizeof *made->items);
    made->capacity = traces->count;
    if (made->items == NULL)
        return NULL;
    if (traces->count > 0)
        memcpy(made->items, traces->items, traces->count * sizeof *made->items);
    for (size_t i = 0; i < count && i < made->count; i++)
        made->items[i].name = yyjson_mut_get_str(yyjson_mut_arr_get(names, i));
    return made;
}

void traces_keep(struct resolve *resolve, struct traces *traces)
{
    for (size_t i = 0; traces != NULL && i < traces->count; i++) {
        if (traces->items[i].name == NULL)
            continue;
        traces->items[i].name = weft_arena_strdup(resolve->arena, traces->items[i].name);
        resolve->nomem = resolve->nomem || traces->items[i].name == NULL;
    }
}

static struct trace_column *traces_find(const struct traces *traces, const char *name)
{
    for (size_t i = 0; name != NULL && i < traces->count; i++)
        if (traces->items[i].name != NULL && weft_equal_fold(traces->items[i].name, name))
            return &traces->items[i];
    return NULL;
}

static void unite_by_name(struct resolve *resolve, struct traces *to, const struct traces *arm)
{
    for (size_t i = 0; i < arm->count; i++) {
        struct trace_column *column = traces_find(to, arm->items[i].name);
        if (column == NULL)
            column = traces_add(resolve, to, arm->items[i].name);
        if (column != NULL)
            trace_add(resolve, &column->trace, &arm->items[i].trace, WEFT_LINEAGE_IDENTITY);
    }
    /* A column that one arm lists may be among those that the other does not list. */
    for (size_t i = 0; (!to->known || !arm->known) && i < to->count; i++) {
        trace_add(resolve, &to->items[i].trace, &arm->rest, WEFT_LINEAGE_UNKNOWN);
        trace_add(resolve, &to->items[i].trace, &to->rest, WEFT_LINEAGE_UNKNOWN);
    }
    trace_add(resolve, &to->rest, &arm->rest, WEFT_LINEAGE_IDENTITY);
    to->known = to->known && arm->known;
}

void traces_unite(struct resolve *resolve, struct traces *to, const struct traces *arm,
                  bool by_name)
{
    to->lost = to->lost || arm->lost;
    trace_add(resolve, &to->rows, &arm->rows, WEFT_LINEAGE_FILTER);
    if (by_name) {
        unite_by_name(resolve, to, arm);
        return;
    }
    if (!to->known || !arm->known || to->count != arm->count) {
        traces_lose(resolve, to);
        traces_values(resolve, &to->rest, arm, WEFT_LINEAGE_UNKNOWN);
        return;
    }
    for (size_t i = 0; i < to->count; i++)
        trace_add(resolve, &to->items[i].trace, &arm->items[i].trace, WEFT_LINEAGE_IDENTITY);
}

void traces_compare(struct resolve *resolve, struct traces *to, const struct traces *arm)
{
    to->lost = to->lost || arm->lost;
    trace_add(resolve, &to->rows, &arm->rows, WEFT_LINEAGE_FILTER);
    traces_values(resolve, &to->rows, arm, WEFT_LINEAGE_FILTER);
    traces_values(resolve, &to->rows, to, WEFT_LINEAGE_FILTER);
}

/* ---- to the sink ---- */

void trace_flow_column(struct resolve *resolve, const struct traces *from, const char *name)
{
    if (from == NULL)
        return;
    bool found = false;
    for (size_t i = 0; i < from->count; i++) {
        const char *is = from->items[i].name;
        if (is == NULL || !weft_equal_fold(is, name))
            continue;
        trace_flow(resolve, &from->items[i].trace);
        found = true;
    }
    for (size_t i = 0; !found && i < from->count; i++) /* a name that only DuckDB knows */
        if (from->items[i].name == NULL)
            trace_flow(resolve, &from->items[i].trace);
    if (!found)
        trace_flow(resolve, &from->rest);
}

void trace_flow_values(struct resolve *resolve, const struct traces *from)
{
    if (from != NULL && resolve->trace_to != NULL)
        traces_values(resolve, resolve->trace_to, from, resolve->trace_role);
}

void trace_flow_rows(struct resolve *resolve, const struct traces *from)
{
    if (from != NULL)
        trace_flow(resolve, &from->rows);
}

/* ---- recursive CTEs ---- */

struct traces *traces_recursive(struct resolve *resolve, const struct traces *first, int *id)
{
    *id = -++resolve->trace_recursive;
    if (first == NULL)
        return NULL;
    struct traces *made = resolve_alloc(resolve, 1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->known = first->known;
    made->lost = first->lost;
    for (size_t i = 0; i < first->count; i++)
        traces_table(resolve, made, first->items[i].name, *id, (int)i, false);
    trace_put(resolve, &made->rest, (struct trace_part){*id, TRACE_REST, WEFT_LINEAGE_IDENTITY});
    trace_put(resolve, &made->rows, (struct trace_part){*id, TRACE_ROWS, WEFT_LINEAGE_FILTER});
    return made;
}

static const struct trace *solve_meant(const struct traces *traces, int column)
{
    if (column == TRACE_ROWS)
        return &traces->rows;
    if (column >= 0 && (size_t)column < traces->count)
        return &traces->items[column].trace;
    return &traces->rest;
}

/* Adds what each stand-in stands for; true when something was new. */
static bool solve_step(struct resolve *resolve, const struct traces *traces, struct trace *trace,
                       int id)
{
    struct trace more = {0};
    bool changed = false;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->items[i].table == id)
            trace_add(resolve, &more, solve_meant(traces, trace->items[i].column),
                      trace->items[i].how);
    for (size_t i = 0; i < more.count; i++)
        changed = trace_put(resolve, trace, more.items[i]) || changed;
    return changed;
}

static void solve_end(struct trace *trace, int id)
{
    size_t kept = 0;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->items[i].table != id)
            trace->items[kept++] = trace->items[i];
    trace->count = kept;
}

void traces_solve(struct resolve *resolve, struct traces *traces, int id)
{
    bool changed = true;
    while (changed && !resolve->nomem) {
        changed = solve_step(resolve, traces, &traces->rest, id);
        changed = solve_step(resolve, traces, &traces->rows, id) || changed;
        for (size_t i = 0; i < traces->count; i++)
            changed = solve_step(resolve, traces, &traces->items[i].trace, id) || changed;
    }
    for (size_t i = 0; i < traces->count; i++)
        solve_end(&traces->items[i].trace, id);
    solve_end(&traces->rest, id);
    solve_end(&traces->rows, id);
}
