/*
 * schedule_order.c - what waits for what, and what falls with what (schedule_internal.h). Owns
 * nothing; the board's lock guards the places.
 */
#include "flow/schedule_internal.h"

#include <string.h>

size_t schedule_dependants(const struct schedule_order *order, size_t item, const size_t **out)
{
    *out = order->dependants + order->from[item];
    return order->from[item + 1] - order->from[item];
}

/* By counting: from[i] first counts, then points. */
static void dependants_fill(const struct weft_schedule_item *items, size_t count,
                            struct schedule_order *order)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < items[i].need_count; k++)
            order->from[items[i].needs[k] + 1]++;
    }
    for (size_t i = 0; i < count; i++)
        order->from[i + 1] += order->from[i];
    for (size_t i = count; i-- > 0;) {
        for (size_t k = 0; k < items[i].need_count; k++) {
            size_t need = items[i].needs[k];
            order->dependants[--order->from[need + 1]] = i;
        }
    }
    /* Now from[i + 1] points to the beginning of i. */
    memmove(order->from, order->from + 1, count * sizeof *order->from);
}

/* Walks the items in an order in which they could run; level by level, for the width. */
static size_t levels_walk(const struct weft_schedule_item *items, size_t count,
                          const struct schedule_order *order, size_t *waits, size_t *queue,
                          size_t *width)
{
    size_t from = 0, to = 0;
    for (size_t i = 0; i < count; i++) {
        waits[i] = items[i].need_count;
        if (waits[i] == 0)
            queue[to++] = i;
    }
    *width = 0;
    while (from < to) {
        size_t level_end = to;
        *width = WEFT_MAX(*width, level_end - from);
        for (; from < level_end; from++) {
            const size_t *dependants = NULL;
            size_t dependant_count = schedule_dependants(order, queue[from], &dependants);
            for (size_t k = 0; k < dependant_count; k++) {
                if (--waits[dependants[k]] == 0)
                    queue[to++] = dependants[k];
            }
        }
    }
    return to;
}

/* From the last item back: who needs an item stands behind it. */
static void chains_measure(size_t count, const size_t *queue, struct schedule_order *order)
{
    for (size_t at = count; at-- > 0;) {
        const size_t *dependants = NULL;
        size_t dependant_count = schedule_dependants(order, queue[at], &dependants);
        size_t *chain = &order->chain[queue[at]];
        for (size_t k = 0; k < dependant_count; k++)
            *chain = WEFT_MAX(*chain, order->chain[dependants[k]] + 1);
    }
}

int schedule_order_make(struct weft_arena *arena, const struct weft_schedule_item *items,
                        size_t count, struct schedule_order *out, struct schedule_place *places,
                        struct weft_error *error)
{
    size_t edges = 0;
    for (size_t i = 0; i < count; i++) {
        edges += items[i].need_count;
        places[i] = (struct schedule_place){.waits_for = items[i].need_count};
    }
    out->from = weft_arena_array(arena, count + 2, sizeof *out->from);
    out->dependants = weft_arena_array(arena, edges + 1, sizeof *out->dependants);
    out->chain = weft_arena_array(arena, count + 1, sizeof *out->chain);
    size_t *waits = weft_arena_array(arena, count + 1, sizeof *waits);
    size_t *queue = weft_arena_array(arena, count + 1, sizeof *queue);
    if (out->from == NULL || out->dependants == NULL || out->chain == NULL || waits == NULL ||
        queue == NULL)
        return weft_error_nomem(error);
    dependants_fill(items, count, out);
    out->from[count] = edges;
    if (levels_walk(items, count, out, waits, queue, &out->width) == count) {
        chains_measure(count, queue, out);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i] > 0)
            return weft_error_set(error, WEFT_E_REFUSED,
                                  "%s depends on itself through what it reads", items[i].full_name);
    }
    return weft_error_set(error, WEFT_E_INTERNAL, "items that cannot be ordered");
}

/* Those that need `item` and still wait are skipped. */
static void dependants_fall(const struct schedule_order *order, struct schedule_place *places,
                            size_t item, size_t root, size_t *skipped, size_t *skipped_count)
{
    const size_t *dependants = NULL;
    size_t count = schedule_dependants(order, item, &dependants);
    for (size_t i = 0; i < count; i++) {
        struct schedule_place *place = &places[dependants[i]];
        place->waits_for--;
        if (place->state != SCHEDULE_WAITS)
            continue; /* skipped already, for another one */
        place->state = SCHEDULE_ENDED;
        place->skipped = true;
        place->skipped_for = item;
        place->root = root;
        skipped[(*skipped_count)++] = dependants[i];
    }
}

void schedule_settle(const struct schedule_order *order, struct schedule_place *places, size_t item,
                     bool good, size_t *skipped, size_t *skipped_count)
{
    const size_t *dependants = NULL;
    size_t at = *skipped_count;
    places[item].state = SCHEDULE_ENDED;
    if (!good) { /* breadth first, so what is nearest is named */
        dependants_fall(order, places, item, item, skipped, skipped_count);
        for (; at < *skipped_count; at++)
            dependants_fall(order, places, skipped[at], item, skipped, skipped_count);
        return;
    }
    size_t count = schedule_dependants(order, item, &dependants);
    for (size_t i = 0; i < count; i++) {
        struct schedule_place *place = &places[dependants[i]];
        place->waits_for--;
        if (place->state == SCHEDULE_WAITS && place->waits_for == 0)
            place->state = SCHEDULE_FREE;
    }
}
