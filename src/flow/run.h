/*
 * run.h - the asker's side of a run: lock, lease, worker, check of the outcome, the one
 * transaction, outbox.
 *
 * One run per product: an flock on <home>/locks/<table>.lock that the worker holds too while it is
 * at work; the lease row's epoch fences late comers. A lease whose process died is taken over: its
 * files are swept, its outbox finished.
 *
 * Ledger kinds of this floor: run.ended, quarantine.replayed, quarantine.dismissed, run.forgotten
 * (a dropped product). Folded tables: flow_runs, flow_checks, flow_inputs (positions of files),
 * flow_sources (positions in other products), flow_quarantine (states by run and row range).
 * Operational: flow_leases, flow_outbox, flow_checked (the last run that looked), flow_messages
 * (texts that may hold values). All are keyed by the table's key. <home>/logs/<run_id>.log holds
 * what the run said, as lines of JSON.
 */
#ifndef WEFT_FLOW_RUN_H
#define WEFT_FLOW_RUN_H

#include "catalog/product_entry.h"
#include "checkout/connection.h"
#include "checkout/settings.h"
#include "flow/edits.h"
#include "flow/quarantine.h"
#include "job/job.h"
#include "ledger/ledger.h"

/* Called once at start: kinds, folded tables, mesh.runs, mesh.checks, mesh.inputs. */
void weft_flow_register(void);

/* A worker process that serves the runs of one thread in turn (NULL in the options: each run has
 * one of its own). It dies with the thread that used it first. Freeing waits for its end. */
struct weft_worker;
struct weft_worker *weft_worker_new(void) WEFT_MUST_CHECK; /* NULL: memory is out */
void weft_worker_free(struct weft_worker *worker);

/* What several runs of one ledger handle know of trust, so that not each loads all policies: used
 * again while nothing but runs was written since. NULL in the options: nothing is kept. Thread
 * rule: that of the handle. */
struct weft_run_trust;
struct weft_run_trust *weft_run_trust_new(void) WEFT_MUST_CHECK; /* NULL: memory is out */
void weft_run_trust_free(struct weft_run_trust *kept);

/* Another environment, whose home is read where a product has no snapshot here. Nothing is
 * written there. */
struct weft_run_deferred {
    const char *environment; /* its name */
    const char *home;        /* absolute */
};

struct weft_run_options {
    enum weft_job_mode mode;
    const char *actor;                 /* principal */
    const char *cause;                 /* "run", "apply", "load", "replay" */
    const struct weft_job_file *files; /* LOAD, --reread */
    size_t file_count;
    struct weft_quarantine_choice choice; /* REPLAY: of the open rows */
    const struct weft_edits *edits; /* REPLAY: just these rows, with their values; NULL = none */
    const char *because;            /* REPLAY: NULL = no reason was given */
    bool no_wait;
    int64_t lock_wait_us;
    const struct weft_settings *settings;
    bool s3_fallback_local;
    const struct weft_run_deferred *deferred;  /* NULL = none */
    const struct weft_connection *connections; /* of weft.yaml; inputs name them */
    size_t connection_count;
    const char *root; /* folder of weft.yaml; NULL = there is no checkout, so no connections */
    struct weft_worker *worker;   /* NULL = one for this run */
    bool worker_last;             /* this run is the worker's last: it may go sooner */
    struct weft_run_trust *trust; /* NULL = of this run alone */
    int64_t memory_bytes;         /* budget of the run; 0 = the setting */
    int threads;                  /* likewise */
    weft_progress_fn *progress;   /* may be NULL */
    void *progress_arg;
    /* Somebody else runs this product: told once, before waiting. May be NULL. */
    void (*waiting)(void *arg, const char *who);
};

struct weft_run_report {
    char run_id[WEFT_UUID_TEXT];
    const struct weft_outcome *outcome; /* in the arena */
    int64_t sequence;                   /* of the entry run.ended; 0 = none (nothing new) */
    const char *const *moved;           /* files moved by the outbox */
    size_t moved_count;
    bool enforced; /* nothing new, and a contract that changes no row came into force */
};

/* 0 whenever the run came to an end that is recorded (PUBLISHED, NOTHING_NEW, BLOCKED, FAILED in
 * report->outcome->state); -1 when there was no run: BUSY, CANCELLED, WORKER, IO ...
 * Fault points: run.locked, run.worker_started, run.leased, run.worker_done, commit.begun,
 * commit.appended, then those of the ledger, then outbox.begun, outbox.moved, outbox.done. */
int weft_run(struct weft_ledger *ledger, struct weft_arena *arena,
             const struct weft_registered *product, const struct weft_run_options *options,
             struct weft_run_report *report, struct weft_error *error) WEFT_MUST_CHECK;

/* What a run of this product would publish: mode PREVIEW, no lease, no entry, no position, nothing
 * kept. `product` need not be registered: then `pending` is the contract of the checkout, `reads`
 * its pins, `table` a name for people, and the folders lead nowhere; what it reads is looked up in
 * the home. `show` is called once, while report->outcome->preview (NULL = no row) is still there;
 * what it returns below zero is returned. -1 as weft_run; BLOCKED and FAILED are in the outcome,
 * and `show` is called for them too. */
typedef int weft_run_preview_fn(void *arg, const struct weft_run_report *report,
                                struct weft_error *error);
int weft_run_preview(struct weft_ledger *ledger, struct weft_arena *arena,
                     const struct weft_registered *product, const struct weft_run_options *options,
                     weft_run_preview_fn *show, void *show_arg, struct weft_error *error)
    WEFT_MUST_CHECK;

/* A test: the rows of `example` (job.h) through a contract, in a worker. No home and no ledger; all
 * files lie in temp_dir, which is the caller's. options: settings and worker are needed. -1 as
 * weft_run; BLOCKED and FAILED are in the outcome (in the arena). */
int weft_run_example(struct weft_arena *arena, const struct weft_product *contract,
                     const char *example, int64_t time_us, const char *temp_dir,
                     const struct weft_run_options *options, struct weft_outcome *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* The rules of product->pending (else of its newest contract) over the current snapshot of its
 * table, as it stands: the outcome's checks. WEFT_NOT_THERE: it has no snapshot. */
int weft_run_check(struct weft_ledger *ledger, struct weft_arena *arena,
                   const struct weft_registered *product, const struct weft_run_options *options,
                   struct weft_outcome *out, struct weft_error *error) WEFT_MUST_CHECK;

/* A new snapshot equal to an old one; positions do not move. */
int weft_run_rollback(struct weft_ledger *ledger, struct weft_arena *arena,
                      const struct weft_registered *product, int64_t snapshot_id, const char *actor,
                      const char *because, int64_t *new_snapshot_id, struct weft_error *error)
    WEFT_MUST_CHECK;

/* Deletes a product with its data: one transaction ends contract, pointers, positions and open
 * rows; its folders go after it. BUSY while it is being run. */
int weft_run_drop(struct weft_ledger *ledger, struct weft_arena *arena,
                  const struct weft_registered *product, const char *actor, const char *because,
                  struct weft_error *error) WEFT_MUST_CHECK;

/* Open quarantine rows that are chosen (NULL = all) become dismissed. *count = how many: 0 when
 * none is open. WEFT_NOT_THERE when the rule never set aside a row of this product, so that it may
 * be misspelt (weft_run fails with NOT_FOUND then). */
int weft_quarantine_dismiss(struct weft_ledger *ledger, struct weft_arena *arena,
                            const struct weft_registered *product,
                            const struct weft_quarantine_choice *choice, const char *actor,
                            const char *because, int64_t *count, struct weft_error *error)
    WEFT_MUST_CHECK;

/* The entry run.ended of the run or rollback that made a snapshot (of a product, or of what it set
 * aside): the last one of its transaction, so the state as of it holds all that the run changed.
 * WEFT_NOT_THERE. */
int weft_run_of_snapshot(struct weft_ledger_txn *txn, int64_t snapshot_id, int64_t *sequence,
                         int64_t *time_us, struct weft_error *error) WEFT_MUST_CHECK;

/* In <home>/tmp, or the folder of the setting temp_dir: context/temp.h. */
#define WEFT_LEFTOVER_QUERY "weft-query-"

/* "inbox/a.csv:3: the message": what is kept of an error, as nobody who reads it tomorrow sees the
 * command's answer. The place is left out where the message names the file. */
#define WEFT_RUN_ERROR_TEXT 1600
void weft_run_error_text(const struct weft_error *why, char out[WEFT_RUN_ERROR_TEXT]);

/* What follows a commit and failed so far (it is tried again by every command that writes): a file
 * that cannot be moved to its done: folder, a file that cannot be removed. */
struct weft_outbox_item {
    const char *product; /* what it is called */
    const char *action;  /* "move", "remove", "forget", "drop" */
    const char *path;
    const char *target; /* the folder it is moved to; NULL = none */
    const char *message;
    int64_t attempts;
};
int weft_outbox_failed(struct weft_ledger *ledger, struct weft_arena *arena,
                       struct weft_outbox_item **out, size_t *count, struct weft_error *error)
    WEFT_MUST_CHECK;

/* Redoes what a process that died left in the outbox. Called by every command that writes. */
int weft_outbox_flush(struct weft_ledger *ledger, struct weft_error *error) WEFT_MUST_CHECK;

/* Who runs this product now: "weft run county_health.daily_reports (pid 4711, since ...)"; empty
 * text when nobody. */
int weft_run_holder(struct weft_ledger *ledger, const char *table, struct weft_buf *out,
                    struct weft_error *error) WEFT_MUST_CHECK;

#endif
