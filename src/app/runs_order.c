/*
 * runs_order.c - what waits for what among the products that run together: for what it reads, and
 * for what policies look its rows up in (flow/looked_up.h). The arrays lie in the context's arena.
 *
 * What is looked up may itself be made of who waits. Such a ring is nobody's mistake in a product
 * file, so it must not stop the runs: the second kind of waiting gives way.
 */
#include "app/runs.h"

#include "flow/looked_up.h"

#include <stdlib.h>
#include <string.h>

struct pin {
    const char *full_name;
    int major;
    size_t item;
};

struct ordering {
    const struct weft_runs *runs;
    struct weft_ledger_txn *txn;
    struct weft_arena *arena;
    struct weft_schedule_item *items;
    struct pin *pins; /* by name */
    bool *seen;
    size_t *stack;
};

static int pin_compare(const void *a, const void *b)
{
    const struct pin *one = a, *other = b;
    int order = strcmp(one->full_name, other->full_name);
    return order != 0 ? order : (one->major > other->major) - (one->major < other->major);
}

/* NULL = it is not run now. */
static const struct pin *pin_find(const struct ordering *o, const char *full_name, int major)
{
    struct pin wanted = {full_name, major, 0};
    return bsearch(&wanted, o->pins, o->runs->count, sizeof *o->pins, pin_compare);
}

static int ordering_make(struct ordering *o, struct weft_error *error)
{
    size_t count = o->runs->count;
    o->items = weft_arena_array(o->arena, count + 1, sizeof *o->items);
    o->pins = weft_arena_array(o->arena, count + 1, sizeof *o->pins);
    o->seen = weft_arena_array(o->arena, count + 1, sizeof *o->seen);
    o->stack = weft_arena_array(o->arena, count + 1, sizeof *o->stack);
    if (o->items == NULL || o->pins == NULL || o->seen == NULL || o->stack == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct weft_runs_item *item = &o->runs->items[i];
        o->items[i] =
            (struct weft_schedule_item){.full_name = item->full_name, .major = item->major};
        o->pins[i] = (struct pin){item->full_name, item->major, i};
    }
    qsort(o->pins, count, sizeof *o->pins, pin_compare);
    return 0;
}

/* Places of the items that one of them reads; what is not run now is read as it is. */
static int needs_of(struct ordering *o, const struct weft_registered_digest *digest, size_t item,
                    struct weft_error *error)
{
    struct weft_schedule_item *out = &o->items[item];
    size_t *needs = weft_arena_array(o->arena, digest->reads.count + 1, sizeof *needs);
    if (needs == NULL)
        return weft_error_nomem(error);
    out->needs = needs;
    for (size_t i = 0; i < digest->reads.count; i++) {
        const struct weft_registered_read *read = &digest->reads.items[i];
        const struct pin *found = pin_find(o, read->full_name, read->major);
        if (found != NULL)
            needs[out->need_count++] = found->item;
    }
    return 0;
}

/* Does `from` wait for `item`, in any number of steps? */
static bool waits_for(struct ordering *o, size_t from, size_t item)
{
    size_t depth = 0;
    memset(o->seen, 0, o->runs->count * sizeof *o->seen);
    o->seen[from] = true;
    o->stack[depth++] = from;
    while (depth > 0) {
        const struct weft_schedule_item *at = &o->items[o->stack[--depth]];
        for (size_t i = 0; i < at->need_count; i++) {
            if (o->seen[at->needs[i]])
                continue;
            o->seen[at->needs[i]] = true;
            o->stack[depth++] = at->needs[i];
        }
    }
    return o->seen[item];
}

static int looked_up(void *arg, const struct weft_registered_digest *reader, const char *product,
                     struct weft_error *error)
{
    struct ordering *o = arg;
    struct weft_registered newest;
    int rc = weft_catalog_product(o->txn, o->arena, product, WEFT_MAJOR_NEWEST, 0, &newest, error);
    if (rc != 0)
        return rc < 0 ? rc : 0; /* its run says so */
    const struct pin *needed = pin_find(o, newest.full_name, newest.major);
    const struct pin *waiting = pin_find(o, reader->full_name, reader->major);
    if (needed == NULL || waiting == NULL || waits_for(o, needed->item, waiting->item))
        return 0;
    struct weft_schedule_item *item = &o->items[waiting->item];
    for (size_t i = 0; i < item->need_count; i++) {
        if (item->needs[i] == needed->item)
            return 0;
    }
    size_t *needs = weft_arena_array(o->arena, item->need_count + 1, sizeof *needs);
    if (needs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < item->need_count; i++)
        needs[i] = item->needs[i];
    needs[item->need_count++] = needed->item;
    item->needs = needs;
    return 0;
}

int weft_runs_order(const struct weft_runs *runs, struct weft_ledger *ledger,
                    struct weft_schedule_item **out, struct weft_error *error)
{
    struct ordering o = {.runs = runs, .arena = runs->context->arena};
    struct weft_registered_digest *digests = NULL;
    size_t count = 0, run = 0;
    WEFT_TRY(ordering_make(&o, error));
    *out = o.items;
    if (runs->count < 2)
        return 0;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    o.txn = txn;
    WEFT_TRY(weft_catalog_digests(txn, o.arena, &digests, &count, error));
    const struct weft_registered_digest **those =
        weft_arena_array(o.arena, count + 1, sizeof(*those));
    if (those == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct pin *found = pin_find(&o, digests[i].full_name, digests[i].major);
        if (found == NULL)
            continue;
        WEFT_TRY(needs_of(&o, &digests[i], found->item, error));
        those[run++] = &digests[i];
    }
    return weft_run_looked_up(txn, those, run, looked_up, &o, error);
}
