/*
 * schedule.h - several products run in the order of what they read, side by side where they do not
 * depend on each other.
 *
 * What is ready runs in lanes: threads, each with a ledger handle and a worker process of its own,
 * at most as many as the setting `threads` says and the order allows; what most wait for, one after
 * the other, goes first. Lanes share the memory budget; a run has the threads of the settings
 * divided by half of those that can run while it begins, and one that is alone (nothing else can
 * start before it ends) has all of both. With one lane everything happens in the caller's thread,
 * with its ledger.
 *
 * An item whose dependency was blocked, failed or skipped is skipped: a run.ended entry with state
 * `skipped` says so, naming the first cause. A dependency that published or had nothing new lets it
 * run.
 */
#ifndef WEFT_FLOW_SCHEDULE_H
#define WEFT_FLOW_SCHEDULE_H

#include "flow/run.h"

struct weft_schedule_item {
    const char *full_name;
    int major;
    const size_t *needs; /* places of the items that it reads */
    size_t need_count;
};

enum weft_schedule_state {
    WEFT_SCHEDULE_RAN,    /* weft_run gave a report */
    WEFT_SCHEDULE_FAILED, /* weft_run refused or failed: error */
    WEFT_SCHEDULE_SKIPPED /* error holds the cause as a message, with the code of what caused it */
};

struct weft_schedule_ended {
    size_t item;
    enum weft_schedule_state state;
    const struct weft_registered *product; /* as the run found it; NULL = it was not found */
    const struct weft_run_report *report;  /* RAN */
    const struct weft_error *error;        /* FAILED, SKIPPED */
    char run_id[WEFT_UUID_TEXT]; /* SKIPPED: of its record; "" = it could not be written */
};

struct weft_schedule {
    const struct weft_schedule_item *items;
    size_t count;
    /* Of each run; progress and waiting are set here. A worker is used where one thread does all,
     * and stays the caller's. */
    const struct weft_run_options *options;
    /* Called from one thread at a time, not always the same one; `ended` once for each item that
     * came to an end, in that order. Below zero from `ended`: nothing more is started. All may be
     * NULL. */
    void *arg;
    void (*progress)(void *arg, size_t item, const struct weft_progress *progress);
    void (*waiting)(void *arg, size_t item, const char *who);
    int (*ended)(void *arg, const struct weft_schedule_ended *ended, struct weft_error *error);
};

/* 0 when all items ended, however; -1: CANCELLED (items not started did not end), REFUSED (they
 * depend on each other in a circle; nothing ran), what `ended` returned, or what failed outside of
 * a run. Fault points: schedule.lane, schedule.skipped. */
int weft_schedule_do(struct weft_ledger *ledger, const struct weft_schedule *schedule,
                     struct weft_error *error) WEFT_MUST_CHECK;

#endif
