/*
 * runs.h - several products run in the order of what they read, side by side where they can, each
 * told as it ends (flow/schedule.h); shared by apply, run, load and replay.
 */
#ifndef WEFT_APP_RUNS_H
#define WEFT_APP_RUNS_H

#include "context/context.h"
#include "flow/schedule.h"

struct weft_runs_item {
    const char *full_name;
    int major;         /* one that is registered */
    const char *shown; /* for people: "domain.name", "domain.name@1" */
};

struct weft_runs {
    struct weft_context *context;
    struct weft_run_options options;
    struct weft_runs_item *items; /* in the context's arena */
    size_t count;
    size_t capacity;
};

int weft_runs_init(struct weft_runs *runs, struct weft_context *context, const char *cause,
                   bool no_wait, struct weft_error *error) WEFT_MUST_CHECK;
int weft_runs_add(struct weft_runs *runs, const char *full_name, int major, const char *shown,
                  struct weft_error *error) WEFT_MUST_CHECK;
int weft_runs_add_registered(struct weft_runs *runs, const struct weft_registered *product,
                             struct weft_error *error) WEFT_MUST_CHECK;
/* Of rows of a file that were to be replayed: which stay, and why. */
int weft_runs_stayed(const struct weft_runs *runs, const struct weft_product *contract,
                     const struct weft_outcome *outcome, struct weft_out *out,
                     struct weft_json_writer *json, struct weft_error *error) WEFT_MUST_CHECK;
/* All as the schedule takes them, each with those of them that it waits for (runs_order.c). */
int weft_runs_order(const struct weft_runs *runs, struct weft_ledger *ledger,
                    struct weft_schedule_item **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Runs all; one that fails stops only those that read it: they are skipped, with the cause. 0, or
 * -1 with the error whose exit status is the highest (a skipped one counts as what caused it).
 * Programs get one array of run records, in the order in which they ended. */
int weft_runs_do(struct weft_runs *runs, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
