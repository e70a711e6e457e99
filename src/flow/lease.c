/*
 * lease.c - one run per product: the lock, the lease, and what a dead run left.
 *
 * The lock (flock on <home>/locks/<table>.lock) tells whether somebody is at work: the kernel lets
 * it go when the last process that holds the descriptor ends, asker or worker. The lease (a row of
 * flow_leases) tells who, and its epoch lets nobody commit who was taken for dead. So: a lease with
 * a run while we hold the lock is that of a dead run, which never committed, because the commit
 * lets go of the lease.
 */
#include "flow/run_internal.h"

#include "base/clock.h"
#include "base/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCK_POLL_NS 50000000L
#define LOCK_DYING_POLLS 20

int weft_flow_point(const char *point, struct weft_error *error)
{
    if (weft_fault_point(point))
        return weft_error_set(error, WEFT_E_IO, "stopped at %s", point);
    return 0;
}

struct lease {
    int64_t epoch;
    int64_t pid;
    int64_t started_us;
    uint64_t process_start;
    const char *run_id; /* "" = nobody */
    const char *command;
    const char *cause;
    const char *actor;
    const char *version;
    const char *digest;
    const char *table_folder;
    const char *quarantine_folder;
    const char *temp_dir;
};

static int lease_texts(struct weft_arena *arena, struct weft_stmt *stmt, struct lease *out,
                       struct weft_error *error)
{
    const char **const texts[] = {&out->run_id,       &out->command,           &out->cause,
                                  &out->actor,        &out->version,           &out->digest,
                                  &out->table_folder, &out->quarantine_folder, &out->temp_dir};
    for (size_t i = 0; i < WEFT_COUNT(texts); i++)
        WEFT_TRY(weft_sql_text(arena, stmt, (int)i + 4, texts[i], error));
    return 0;
}

/* WEFT_NOT_THERE when this table never had one. */
static int lease_read(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *table,
                      struct lease *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT epoch, pid, started_at, process_start, run_id, command, cause, "
                            "actor, version, digest, table_folder, quarantine_folder, temp_dir "
                            "FROM flow_leases WHERE product = ?1",
                            "t", table));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    out->epoch = weft_stmt_column_int(stmt, 0);
    out->pid = weft_stmt_column_int(stmt, 1);
    out->started_us = weft_stmt_column_int(stmt, 2);
    out->process_start = strtoull(weft_stmt_column_text(stmt, 3), NULL, 10);
    return lease_texts(arena, stmt, out, error);
}

/* ---- who ---- */

int weft_run_holder(struct weft_ledger *ledger, const char *table, struct weft_buf *out,
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct lease lease = {0};
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = lease_read(txn, arena, table, &lease, error);
    WEFT_TRY(rc);
    bool held = rc == 0 && lease.run_id[0] != '\0' &&
                weft_process_alive((pid_t)lease.pid, lease.process_start);
    if (!held)
        return 0;
    char since[WEFT_TIME_TEXT];
    weft_time_format(lease.started_us, since);
    weft_buf_addf(out, "%s (pid %" PRId64 ", since %s)", lease.command, lease.pid, since);
    return weft_buf_check(out, error);
}

/* ---- the lock ---- */

static int lock_busy(const struct weft_asker *asker, const struct weft_buf *who,
                     struct weft_error *error)
{
    weft_error_set(error, WEFT_E_BUSY, "%s is being run by %s", asker->registered.name, who->data);
    return weft_error_hint(error, asker->options->no_wait
                                      ? "without --no-wait the command waits for it"
                                      : "the setting lock_wait says how long to wait");
}

static void lock_pause(void)
{
    struct timespec pause = {.tv_nsec = LOCK_POLL_NS};
    nanosleep(&pause, NULL);
}

/* Without waiting for anybody at work; but a worker whose asker was killed is about to go. */
static int lock_try(struct weft_asker *asker, const char *path, struct weft_buf *who,
                    struct weft_error *error)
{
    for (int i = 0;; i++) {
        int rc = weft_fs_lock(path, true, false, &asker->lock_fd, error);
        if (rc != WEFT_AGAIN)
            return rc;
        weft_buf_clear(who);
        WEFT_TRY(weft_run_holder(asker->ledger, asker->registered.table, who, error));
        if (who->length > 0 || i == LOCK_DYING_POLLS)
            break;
        lock_pause();
    }
    if (who->length == 0)
        weft_buf_adds(who, "another process");
    WEFT_TRY(weft_buf_check(who, error));
    return WEFT_AGAIN;
}

static int lock_wait(struct weft_asker *asker, const char *path, struct weft_buf *who,
                     struct weft_error *error)
{
    const struct weft_run_options *options = asker->options;
    int rc = lock_try(asker, path, who, error);
    if (rc != WEFT_AGAIN)
        return rc;
    if (options->no_wait)
        return lock_busy(asker, who, error);
    if (options->waiting != NULL)
        options->waiting(options->progress_arg, who->data);
    int64_t end = weft_clock_mono_us() + options->lock_wait_us;
    while ((rc = weft_fs_lock(path, true, false, &asker->lock_fd, error)) == WEFT_AGAIN) {
        WEFT_TRY(weft_process_check_cancelled(error));
        if (weft_clock_mono_us() >= end)
            return lock_busy(asker, who, error);
        lock_pause();
    }
    return rc;
}

int weft_flow_lock(struct weft_asker *asker, struct weft_error *error)
{
    const char *home = weft_ledger_home(asker->ledger);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, "locks");
    WEFT_CLEANUP(weft_freep)
    char *path = weft_format("%s/locks/%s.lock", home, asker->registered.table);
    if (folder == NULL || path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    struct weft_buf who;
    weft_buf_init(&who, 4096);
    int rc = lock_wait(asker, path, &who, error);
    weft_buf_release(&who);
    return rc < 0 ? rc : weft_flow_point("run.locked", error);
}

/* ---- the lease ---- */

int weft_flow_sweep(const char *home, const char *table_folder, const char *quarantine_folder,
                    const char *run_id, bool examples, struct weft_error *error)
{
    WEFT_TRY(weft_table_sweep(home, table_folder, run_id, error));
    WEFT_TRY(weft_table_sweep(home, quarantine_folder, run_id, error));
    WEFT_CLEANUP(weft_freep) char *blocked = weft_format("%s/blocked/%s.ndjson", home, run_id);
    if (blocked == NULL)
        return weft_error_nomem(error);
    return examples ? weft_fs_unlink(blocked, error) : 0;
}

/* The dead run gets its record, and nothing of it stays. */
static int lease_bury(struct weft_asker *asker, const struct lease *dead, struct weft_error *error)
{
    const char *home = weft_ledger_home(asker->ledger);
    WEFT_TRY(weft_flow_sweep(home, dead->table_folder, dead->quarantine_folder, dead->run_id, true,
                             error));
    /* Only what bears the run's name: a folder is removed with all that is in it. */
    return strstr(dead->temp_dir, dead->run_id) == NULL
               ? 0
               : weft_fs_remove_tree(dead->temp_dir, error);
}

/* The last line of its log: nobody was left to write it. */
static void lease_log_dead(const struct weft_asker *asker, const struct lease *dead,
                           const struct weft_error *why)
{
    struct weft_asker other = {.ledger = asker->ledger, .log_fd = -1};
    snprintf(other.run_id, sizeof other.run_id, "%s", dead->run_id);
    weft_flow_log_open(&other);
    weft_flow_log_error(&other, why);
    weft_flow_log_close(&other);
}

static int lease_record_dead(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                             const struct lease *dead, struct weft_error *error)
{
    struct weft_error why = WEFT_ERROR_INIT;
    int64_t sequence = 0;
    weft_error_set(&why, WEFT_E_WORKER, "the process %" PRId64 " died before it came to an end",
                   dead->pid);
    lease_log_dead(asker, dead, &why);
    struct weft_flow_ending ending = {.run_id = dead->run_id,
                                      .table = asker->registered.table,
                                      .version = dead->version,
                                      .digest = dead->digest,
                                      .cause = dead->cause,
                                      .started_us = dead->started_us,
                                      .why = &why};
    return weft_flow_append_failed(txn, dead->actor, &ending, &sequence, error);
}

static int lease_write(struct weft_ledger_txn *txn, struct weft_asker *asker,
                       struct weft_error *error)
{
    const struct weft_registered *r = &asker->registered;
    char command[256], start[32];
    snprintf(command, sizeof command, "weft %s %s", asker->cause, r->name);
    snprintf(start, sizeof start, "%" PRIu64, weft_process_start_time(getpid()));
    WEFT_TRY(
        weft_sql_exec(txn, error, "DELETE FROM flow_leases WHERE product = ?1", "t", r->table));
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_leases(product, epoch, run_id, pid, process_start, "
                         "command, actor, cause, "
                         "version, digest, started_at, table_folder, quarantine_folder, temp_dir) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                         "titittttttittt", r->table, asker->epoch, asker->run_id, (int64_t)getpid(),
                         start, command, asker->options->actor, asker->cause,
                         asker->contract->version, asker->contract->digest, asker->started_us,
                         r->table_folder, r->quarantine_folder, asker->temp_dir);
}

/* Lock is held: nobody else writes this row meanwhile, so the sweep needs no transaction. */
int weft_flow_lease_take(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct lease last = {.run_id = ""};
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    int rc = lease_read(txn, asker->arena, asker->registered.table, &last, error);
    WEFT_TRY(rc);
    weft_ledger_end(txn);
    txn = NULL;
    bool dead = rc == 0 && last.run_id[0] != '\0', recorded = false;
    if (dead) {
        WEFT_TRY(weft_flow_is_recorded(asker->ledger, last.run_id, &recorded, error));
        if (!recorded)
            WEFT_TRY(lease_bury(asker, &last, error));
    }
    asker->epoch = last.epoch + 1;
    WEFT_TRY(weft_ledger_begin_write(asker->ledger, &txn, error));
    if (dead && !recorded)
        WEFT_TRY(lease_record_dead(txn, asker, &last, error));
    WEFT_TRY(lease_write(txn, asker, error));
    rc = weft_ledger_commit(txn, error);
    txn = NULL;
    WEFT_TRY(rc);
    asker->leased = true;
    return weft_flow_point("run.leased", error);
}

int weft_flow_lease_idle(struct weft_asker *asker, bool *idle, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct lease last = {.run_id = ""};
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    int rc = lease_read(txn, asker->arena, asker->registered.table, &last, error);
    WEFT_TRY(rc);
    *idle = last.run_id[0] == '\0';
    return 0;
}

int weft_flow_lease_check(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                          struct weft_error *error)
{
    int64_t epoch = 0;
    int rc = weft_sql_int(txn, &epoch, error,
                          "SELECT epoch FROM flow_leases WHERE product = ?1 AND run_id = ?2", "tt",
                          asker->registered.table, asker->run_id);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || epoch != asker->epoch)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "this run of %s was taken for dead and another one went on",
                              asker->registered.name);
    return 0;
}

int weft_flow_lease_release(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                            struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "UPDATE flow_leases SET run_id = '' WHERE product = ?1 AND epoch = ?2",
                         "ti", asker->registered.table, asker->epoch);
}
