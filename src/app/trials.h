/*
 * trials.h - tests of products, run and told one after another: the examples of their files, and
 * their rules on the rows that are published. Shared by test and dev.
 *
 * One worker process and one temp folder serve all of them. Examples touch neither home nor ledger.
 * Thread rule: one thread.
 */
#ifndef WEFT_APP_TRIALS_H
#define WEFT_APP_TRIALS_H

#include "app/example.h"
#include "context/temp.h"
#include "flow/run.h"
#include "plan/book.h"

enum weft_trial_state { WEFT_TRIAL_PASSED, WEFT_TRIAL_FAILED, WEFT_TRIAL_WARNED };

struct weft_trial {
    const char *product; /* as people call it */
    const char *name;    /* of the test, or the rule's id */
    bool rule;
    enum weft_trial_state state;
    const char *file; /* where the test stands */
    struct weft_place place;
    int64_t duration_us;
    const char *message;                    /* why it failed; NULL = it did not */
    const char *details;                    /* lines; NULL = none */
    const struct weft_example_diff *diff;   /* NULL = none */
    const struct weft_outcome_check *check; /* of a rule */
};

struct weft_trials {
    struct weft_context *context;
    struct weft_arena *arena; /* of the request */
    struct weft_out *out;
    struct weft_run_options options; /* its worker is kept */
    bool own_worker;
    struct weft_temp temp;
    const struct weft_trial *items;
    size_t count, capacity;
    size_t failed, warned;
    int64_t started_us;
};

/* end is to be called in every case. worker NULL: one is made, and ends with the trials. */
int weft_trials_begin(struct weft_trials *trials, struct weft_context *context,
                      struct weft_out *out, struct weft_worker *worker, struct weft_error *error)
    WEFT_MUST_CHECK;
void weft_trials_end(struct weft_trials *trials);

/* The tests of an item with a file, each told as it ends; -1 only for failures of the machine. The
 * book's pins and binding are made. */
int weft_trials_examples(struct weft_trials *trials, struct weft_book *book, size_t item,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* The rules of the file on the current snapshot of the item's table; nothing where it has none. */
int weft_trials_rules(struct weft_trials *trials, struct weft_book *book, size_t item,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* The tests of policies/; `product` of each is "policies". */
int weft_trials_policies(struct weft_trials *trials, struct weft_book *book,
                         const struct weft_mesh *mesh, struct weft_error *error) WEFT_MUST_CHECK;
/* One that ended: kept and told. */
int weft_trials_add(struct weft_trials *trials, const struct weft_trial *trial,
                    struct weft_error *error) WEFT_MUST_CHECK;

/* All trials as JUnit XML, the format that build servers read. */
void weft_junit_print(const struct weft_trials *trials, struct weft_buf *out);

#endif
