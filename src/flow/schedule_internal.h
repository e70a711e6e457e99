/*
 * schedule_internal.h - the parts of the scheduler: the order of the items, and what becomes of
 * those whose dependency went wrong.
 */
#ifndef WEFT_FLOW_SCHEDULE_INTERNAL_H
#define WEFT_FLOW_SCHEDULE_INTERNAL_H

#include "flow/run_internal.h"
#include "flow/schedule.h"

enum schedule_place_state {
    SCHEDULE_WAITS,
    SCHEDULE_FREE, /* all that it needs went well */
    SCHEDULE_READY,
    SCHEDULE_ENDED
};

/* How an item ended. */
struct schedule_cause {
    bool good;
    bool blocked;
    enum weft_code code;
    char message[1024];
};

struct schedule_place {
    enum schedule_place_state state;
    size_t waits_for;   /* items that have not ended */
    size_t skipped_for; /* place of the need that it was skipped for */
    size_t root;        /* place of the item that was blocked or failed */
    bool skipped;
    struct schedule_cause cause; /* of one that ran */
};

/* Who needs whom, turned around. */
struct schedule_order {
    size_t *from; /* dependants of item i stand at from[i] .. from[i + 1] */
    size_t *dependants;
    size_t *chain; /* how many items follow item i, one after the other, at most */
    size_t width;  /* how many can run side by side, about */
};

/* Also sets waits_for of the places. REFUSED for a circle. */
int schedule_order_make(struct weft_arena *arena, const struct weft_schedule_item *items,
                        size_t count, struct schedule_order *out, struct schedule_place *places,
                        struct weft_error *error) WEFT_MUST_CHECK;
size_t schedule_dependants(const struct schedule_order *order, size_t item, const size_t **out);
/* An item ended: those that need it are FREE when it was the last one they waited for, or skipped
 * with all that needs them, which are added to `skipped`. */
void schedule_settle(const struct schedule_order *order, struct schedule_place *places, size_t item,
                     bool good, size_t *skipped, size_t *skipped_count);

void schedule_cause_set(struct schedule_cause *cause, const struct weft_schedule_ended *ended,
                        const struct weft_error *why);

struct schedule_skip {
    size_t item;
    char run_id[WEFT_UUID_TEXT];
    char because[512];       /* names only */
    struct weft_error error; /* the same with the first cause's message, which may hold values */
};
/* Needs no lock: what it looks at does not change any more. */
void schedule_skip_set(struct schedule_skip *skip, const struct weft_schedule_item *items,
                       const struct schedule_place *places, size_t item);
/* run.ended with state `skipped` for each, in one transaction. */
int schedule_skips_record(struct weft_ledger *ledger, struct weft_arena *arena,
                          const struct weft_schedule *schedule, struct schedule_skip *skips,
                          size_t count, struct weft_error *error) WEFT_MUST_CHECK;

#endif
