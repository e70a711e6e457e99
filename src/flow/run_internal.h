/*
 * run_internal.h - what the files of the asker's side share.
 */
#ifndef WEFT_FLOW_RUN_INTERNAL_H
#define WEFT_FLOW_RUN_INTERNAL_H

#include "base/fs.h"
#include "base/process.h"
#include "engine/engine.h"
#include "flow/edits.h"
#include "flow/quarantine.h"
#include "flow/run.h"
#include "lake/pointer.h"
#include "ledger/sql.h"
#include "trust/decide.h"

#define WEFT_KIND_RUN_ENDED "run.ended"
#define WEFT_KIND_REPLAYED "quarantine.replayed"
#define WEFT_KIND_DISMISSED "quarantine.dismissed"
#define WEFT_KIND_FORGOTTEN "run.forgotten"

/* What may stand in an entry's body; longer lists lie in a file named by hash. */
#define WEFT_RUN_INLINE_MAX ((size_t)96 * 1024)
#define WEFT_RUN_LIST_MAX ((size_t)256 * 1024 * 1024)
#define WEFT_RUN_CHECKS_MAX 2000
/* Names in <home>/tmp: these, then <pid>-<start time>-<id>. */
#define WEFT_LEFTOVER_PREVIEW "preview-"
#define WEFT_LEFTOVER_STDIN "stdin-"
#define WEFT_RUN_LINE_MAX ((size_t)16 * 1024 * 1024)

/* A product of another domain that the run may read: source_audit.c. */
struct weft_flow_read {
    struct weft_request request;
    const char *source; /* its name in the job */
    const char *product;
    const char *columns;
    const char *reason;
    int64_t agreement;
    bool allowed;
    char id[WEFT_SHA256_HEX]; /* its line; "" = not begun */
    int64_t begun_us;         /* monotonic */
};

/* One run, from the lock to the outbox. */
struct weft_asker {
    struct weft_ledger *ledger;
    struct weft_arena *arena; /* the caller's: what the report names */
    const struct weft_run_options *options;
    struct weft_registered registered;   /* as it is under the lock */
    const struct weft_product *contract; /* the one this run goes by */
    char run_id[WEFT_UUID_TEXT];
    enum weft_job_mode mode;
    const char *cause;
    const char *because;          /* rollback, drop; NULL = none */
    const char *rollback_version; /* of the contract that the old snapshot was made under */
    int64_t epoch;
    int64_t started_us;
    const char *temp_dir;     /* of this run alone; removed with it */
    const char *command_name; /* of the product, as the command line takes it */
    int lock_fd;              /* -1 = none */
    bool leased;
    struct weft_pointer table;      /* metadata NULL = none yet */
    struct weft_pointer quarantine; /* likewise */
    struct weft_ledger_head head;
    const struct weft_job_replay *replays;
    size_t replay_count;
    const struct weft_job_source *sources; /* what it reads of other products */
    size_t source_count;
    const struct weft_job_source *lookups; /* what its fields refer to */
    size_t lookup_count;
    struct weft_job_source *members; /* in which policies look rows of sources up */
    size_t member_count, member_capacity;
    struct weft_flow_read *reads; /* of other domains, for the audit */
    size_t read_count, read_capacity;
    const char *last_key;   /* run key of the state that counts; NULL = none */
    struct weft_slot *slot; /* keeps the sources' files; NULL = it reads none */
    int guard_fd;           /* likewise, of the home that is deferred to; -1 = it is not read */
    const char **warnings;  /* of the asker's own, in the arena */
    size_t warning_count;
    size_t warning_capacity;
    int log_fd; /* -1 = none: a log that cannot be written stops no run */
    int64_t logged_us;
    char logged_stage[32];
    struct weft_worker *worker; /* NULL = none is needed */
    bool worker_is_own;         /* of this run alone */
    int64_t deadline_us;        /* of the monotonic clock; 0 = it may take as long as it takes */
    bool enforced;              /* nothing new, but the contract came into force */
};

/* source_gate.c: what is known of trust while the sources are found. */
struct weft_flow_gate {
    struct weft_ledger_txn *txn; /* of the home that is asked; NULL = none yet */
    struct weft_trust *trust;
    bool kept;      /* it is the lane's */
    bool confirmed; /* trust/dependencies.h */
};
void weft_flow_gate_end(struct weft_flow_gate *gate);
/* DENIED, or out->guard says what is kept from the run. txn: of the home that has the source. */
int weft_flow_gate(struct weft_flow_gate *gate, struct weft_ledger_txn *txn,
                   struct weft_asker *asker, const struct weft_registered *source,
                   struct weft_job_source *out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- source_audit.c ---- */
/* A denial is written at once; what is allowed is kept for begin, and ends with rows. */
int weft_flow_audit_note(struct weft_asker *asker, const struct weft_request *request,
                         const struct weft_trust_subject *subject,
                         const struct weft_decision *decision, const char *source,
                         struct weft_error *error) WEFT_MUST_CHECK;
int weft_flow_audit_begin(struct weft_asker *asker, struct weft_error *error) WEFT_MUST_CHECK;
/* outcome NULL = the worker gave none. */
int weft_flow_audit_end(struct weft_asker *asker, const struct weft_outcome *outcome,
                        struct weft_error *error) WEFT_MUST_CHECK;

struct weft_worker {
    struct weft_process process;
    int64_t memory_bytes; /* budget of the jobs it has had */
    int jobs;
};
#define WEFT_WORKER_NONE ((struct weft_worker){.process = {.in = -1, .out = -1}})

/* ---- kinds.c ---- */
void weft_flow_kinds_register(void);
void weft_flow_tables_register(void);
/* ---- run_tables.c ---- */
void weft_flow_mesh_tables_register(void);
/* ---- quarantine_state.c ---- */
int weft_flow_fold_replayed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                            yyjson_val *body, struct weft_error *error) WEFT_MUST_CHECK;
int weft_flow_fold_dismissed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                             yyjson_val *body, struct weft_error *error) WEFT_MUST_CHECK;
/* All open rows of a product but those of run_id become `state`; a part of folding run.ended. */
int weft_flow_quarantine_close(struct weft_ledger_txn *txn, const char *table, const char *run_id,
                               const char *state, int64_t sequence, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Appends quarantine.replayed or quarantine.dismissed; CONFLICT when a row is no longer open. */
int weft_flow_quarantine_append(struct weft_ledger_txn *txn, struct weft_ledger *ledger,
                                const char *actor, const char *kind, const char *table,
                                const char *run_id, const char *because,
                                const struct weft_edits *edits, /* NULL = none */
                                const struct weft_job_replay *rows, size_t count,
                                struct weft_error *error) WEFT_MUST_CHECK;
/* ---- quarantine_rows.c ---- */
/* The open rows that are chosen, as a job names them. WEFT_NOT_THERE when the rule never set aside
 * a row. */
int weft_flow_quarantine_pick(struct weft_ledger *ledger, struct weft_arena *arena,
                              const struct weft_registered *product,
                              const struct weft_quarantine_choice *choice,
                              const struct weft_job_replay **out, size_t *count,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* What the quarantine table holds now. WEFT_NOT_THERE when there is none. */
int weft_flow_stored_read(struct weft_ledger_txn *txn, struct weft_ledger *ledger,
                          struct weft_arena *arena, const char *table_name,
                          struct weft_relation *out, struct weft_error *error) WEFT_MUST_CHECK;
/* SELECT q.*, state, state_by, and row_number_in_run, over the stored rows that have a state. */
int weft_flow_states_sql(struct weft_buf *sql, const struct weft_relation *stored,
                         const struct weft_quarantine_range *ranges, size_t count, bool with_number,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* An engine that sees the home's quarantine and nothing else. */
int weft_flow_pick_engine(struct weft_ledger *ledger, struct weft_engine **out,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* ---- list.c: a long part of a body, here or in a file named by hash ---- */
/* Puts "<key>": <json> or "<key>_list": "<hash>" into a body. */
int weft_flow_list_put(struct weft_ledger *ledger, struct weft_json_writer *writer, const char *key,
                       const struct weft_buf *json, struct weft_error *error) WEFT_MUST_CHECK;
/* The array again; *doc (NULL when it stood in the body) must be released by the caller. */
int weft_flow_list_get(struct weft_ledger_txn *txn, yyjson_val *body, const char *key,
                       yyjson_doc **doc, yyjson_val **out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- deferred.c: what is read of the home of another environment ---- */
struct weft_flow_deferred {
    struct weft_ledger *ledger; /* NULL = not looked at yet */
    struct weft_ledger_txn *txn;
};
#define WEFT_FLOW_DEFERRED_NONE ((struct weft_flow_deferred){0})
void weft_flow_deferred_end(struct weft_flow_deferred *deferred);
/* The product as that home has it, at its current snapshot; all that a run reads there is of one
 * state. WEFT_NOT_THERE: nothing is deferred, or it has no snapshot there either. */
int weft_flow_deferred_read(struct weft_flow_deferred *deferred, struct weft_asker *asker,
                            const struct weft_registered_read *read, struct weft_job_source *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* ---- connect.c ---- */
/* The connections that the contract's inputs name, as a job has them. NOT_FOUND, NOT_YET. */
int weft_flow_connect(const struct weft_asker *asker, struct weft_job *job,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* ---- sources.c ---- */
/* What the newest contract reads, as it is in this transaction. NOT_FOUND, REFUSED, DENIED. */
int weft_flow_sources_read(struct weft_ledger_txn *txn, struct weft_asker *asker,
                           struct weft_error *error) WEFT_MUST_CHECK;
int weft_flow_last_key(struct weft_ledger_txn *txn, struct weft_asker *asker,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* ---- lease.c ---- */
/* The lock of the product: waits as the options say. BUSY, CANCELLED. */
int weft_flow_lock(struct weft_asker *asker, struct weft_error *error) WEFT_MUST_CHECK;
/* Takes over what a dead run left, then writes the lease. Needs the lock. */
int weft_flow_lease_take(struct weft_asker *asker, struct weft_error *error) WEFT_MUST_CHECK;
/* False when a run that died left its own. */
int weft_flow_lease_idle(struct weft_asker *asker, bool *idle, struct weft_error *error)
    WEFT_MUST_CHECK;
/* In a writing transaction: CONFLICT unless the lease is still this run's. */
int weft_flow_lease_check(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                          struct weft_error *error) WEFT_MUST_CHECK;
int weft_flow_lease_release(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* Removes what a run that was never committed wrote. */
int weft_flow_sweep(const char *home, const char *table_folder, const char *quarantine_folder,
                    const char *run_id, bool examples, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- worker.c ---- */
/* One that may serve a job of this budget: the one that is there, or a new one. */
int weft_flow_worker_start(struct weft_worker *worker, int64_t memory_bytes,
                           struct weft_error *error) WEFT_MUST_CHECK;
/* It is gone when this returns. */
void weft_flow_worker_end(struct weft_worker *worker);
/* Sends the job, forwards progress, gives the outcome (in the asker's arena). */
int weft_flow_worker_ask(struct weft_asker *asker, const struct weft_job *job,
                         struct weft_outcome *out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- verify.c ---- */
/* Does the outcome hold together, and with what is on disk? WORKER when it does not. */
int weft_flow_verify(const struct weft_asker *asker, const struct weft_outcome *outcome,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* ---- run.c: the frame of a run, also of one without a worker ---- */
/* Id, lock, the product and its pointers as they are under the lock. */
int weft_flow_begin(struct weft_asker *asker, const struct weft_registered *product,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Pointers, head and sources of asker->registered, in one transaction; takes the slot. */
int weft_flow_state_read(struct weft_asker *asker, struct weft_error *error) WEFT_MUST_CHECK;
/* Worker, job, outcome. */
int weft_flow_ask(struct weft_asker *asker, struct weft_outcome *outcome, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The limits that the options set, for a job that is otherwise empty. */
void weft_flow_job_limits(const struct weft_asker *asker, struct weft_job *job);
/* Nothing of the run stays but a record of why; gives -1. */
int weft_flow_fail(struct weft_asker *asker, const struct weft_error *why) WEFT_MUST_CHECK;
void weft_flow_close(struct weft_asker *asker);
/* After a commit that failed: 0 when it became durable all the same, else -1 with the error. */
int weft_flow_commit_failed(struct weft_asker *asker, int64_t *sequence, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- commit.c ---- */
/* The one transaction of a run that ended with an outcome. *sequence of run.ended. CONFLICT. */
int weft_flow_commit(struct weft_asker *asker, const struct weft_outcome *outcome,
                     int64_t *sequence, struct weft_error *error) WEFT_MUST_CHECK;
/* Nothing new: only "looked at", the lease, and a contract that changes no row. */
int weft_flow_commit_nothing(struct weft_asker *asker, struct weft_error *error) WEFT_MUST_CHECK;
/* run.ended of a run without an outcome of its own (a dead, refused or skipped one). */
struct weft_flow_ending {
    const char *run_id;
    const char *table;
    const char *version; /* NULL = not known */
    const char *digest;
    const char *cause;
    const char *because; /* NULL = none */
    bool skipped;        /* it did not run at all */
    int64_t started_us;
    const struct weft_error *why;
};
int weft_flow_append_failed(struct weft_ledger_txn *txn, const char *actor,
                            const struct weft_flow_ending *ending, int64_t *sequence,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* True when run.ended of this run is in the ledger. */
int weft_flow_is_recorded(struct weft_ledger *ledger, const char *run_id, bool *recorded,
                          struct weft_error *error) WEFT_MUST_CHECK;

/* ---- outbox.c ---- */
int weft_flow_outbox_add(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                         const struct weft_outcome *outcome, int64_t sequence,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* moved: what was moved for this run, in the arena; all may be NULL. */
int weft_flow_outbox_do(struct weft_ledger *ledger, struct weft_arena *arena, const char *run_id,
                        const char *const **moved, size_t *moved_count, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- leftovers.c ---- */
int weft_flow_leftovers_remove(struct weft_ledger *ledger, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- run_log.c: <home>/logs/<run_id>.log, lines of JSON; failures are left alone ---- */
void weft_flow_log_open(struct weft_asker *asker);
void weft_flow_log_close(struct weft_asker *asker);
void weft_flow_log_text(struct weft_asker *asker, const char *event, const char *text);
void weft_flow_log_progress(struct weft_asker *asker, const struct weft_progress *progress);
void weft_flow_log_error(struct weft_asker *asker, const struct weft_error *error);
void weft_flow_log_outcome(struct weft_asker *asker, const struct weft_outcome *outcome);

/* Fails with IO when the fault point says so. */
int weft_flow_point(const char *point, struct weft_error *error) WEFT_MUST_CHECK;

#endif
