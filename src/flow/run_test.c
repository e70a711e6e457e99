/* size: one table of scenarios that share their set-up
 *
 * Tests of run.h with a worker of the test's own (run_test_worker.c): commits, positions, outcomes
 * that lie, dead runs, two runs at once, quarantine, rollback, drop, and death at every step. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/test_support.h"
#include "catalog/sql.h"
#include "flow/quarantine.h"
#include "flow/run_test_support.h"
#include "lake/pointer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char *dir;
    char *home;
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    struct weft_settings settings;
    struct weft_registered product;
    struct weft_error error;
    int waited;
};

static char *program;

static void ok_at(int rc, const struct weft_error *error, int line)
{
    if (rc != 0)
        fail_msg("line %d: %d: %s: %s (%s)", line, rc, weft_code_name(error->code), error->message,
                 error->detail);
}
#define OK(expr) ok_at((expr), &f->error, __LINE__)

/* ---- the fixture ---- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void put_file(struct fixture *f, const char *name, const char *text)
{
    char *path = weft_format("%s/inbox/%s", f->dir, name);
    write_text(path, text);
    weft_free(path);
}

static bool there(struct fixture *f, const char *name)
{
    char *path = weft_path_join(f->dir, name);
    bool exists = weft_fs_exists(path);
    weft_free(path);
    return exists;
}

static const struct weft_product *contract(struct fixture *f, const char *name, const char *version,
                                           const char *more)
{
    struct weft_diag diag;
    const struct weft_product *out = NULL;
    char *text = weft_arena_format(f->arena,
                                   "name: %s\ndomain: health\nversion: %s\n"
                                   "schema:\n  - {name: id, type: string}\n%s",
                                   name, version, more);
    weft_diag_init(&diag);
    OK(weft_product_parse(f->arena, text, strlen(text), "p.yaml", f->dir, &diag, &out, &f->error));
    if (out == NULL)
        fail_msg("%s", diag.items[0].message);
    weft_diag_release(&diag);
    return out;
}

static void registered(struct fixture *f, const struct weft_product *p)
{
    struct weft_ledger_txn *txn = NULL;
    OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
    OK(weft_catalog_put(txn, "local:test", p, NULL, "dev", &f->error));
    OK(weft_ledger_commit(txn, &f->error));
}

static struct weft_registered look(struct fixture *f, const char *name)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_registered out = {0};
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_catalog_product(txn, f->arena, name, 0, 0, &out, &f->error));
    weft_ledger_end(txn);
    return out;
}

#define READ_NEW "input: {files: inbox/*.csv, read: new, done: done, error: error}\n"
#define READ_ALL "input: {files: inbox/*.csv}\n"

static void start(struct fixture *f, const char *dir, const char *more)
{
    char *inbox = weft_format("%s/inbox", dir);
    struct weft_diag diag;
    f->home = weft_format("%s/home", dir);
    f->arena = weft_arena_new(0);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    mkdir(inbox, 0700);
    weft_free(inbox);
    weft_diag_init(&diag);
    OK(weft_settings_load(&f->settings, NULL, &diag, &f->error));
    weft_diag_release(&diag);
    OK(weft_ledger_open(f->home, WEFT_LEDGER_CREATE, &f->ledger, &f->error));
    if (more != NULL)
        registered(f, contract(f, "reports", "1.0.0", more));
    f->product = look(f, "health.reports");
}

static void stop(struct fixture *f)
{
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_free(f->home);
}

static int setup(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    start(f, f->dir, READ_NEW);
    setenv("WEFT_WORKER", program, 1);
    unsetenv("WEFT_TEST_SCENARIO");
    *state = f;
    return 0;
}

static int setup_replace(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    start(f, f->dir, READ_ALL);
    setenv("WEFT_WORKER", program, 1);
    unsetenv("WEFT_TEST_SCENARIO");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    stop(f);
    weft_test_dir_remove(f->dir);
    weft_free(f);
    return 0;
}

/* ---- asking ---- */

static void waiting(void *arg, const char *who)
{
    struct fixture *f = arg;
    f->waited++;
    if (strstr(who, " health.reports (pid ") == NULL)
        fail_msg("%s", who);
}

static struct weft_run_options options(struct fixture *f, enum weft_job_mode mode)
{
    return (struct weft_run_options){.mode = mode,
                                     .actor = "local:test",
                                     .cause = mode == WEFT_JOB_REPLAY ? "replay" : "run",
                                     .lock_wait_us = 10000000,
                                     .settings = &f->settings,
                                     .progress_arg = f,
                                     .waiting = waiting};
}

static struct weft_run_report ask(struct fixture *f, enum weft_job_mode mode)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, mode);
    OK(weft_run(f->ledger, f->arena, &f->product, &o, &report, &f->error));
    return report;
}

static void refused(struct fixture *f, const char *scenario, enum weft_code code)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    setenv("WEFT_TEST_SCENARIO", scenario, 1);
    int rc = weft_run(f->ledger, f->arena, &f->product, &o, &report, &f->error);
    unsetenv("WEFT_TEST_SCENARIO");
    if (rc != -1 || f->error.code != code)
        fail_msg("%s: %d %s: %s", scenario, rc, weft_code_name(f->error.code), f->error.message);
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct weft_ledger_txn *txn = NULL;
    int64_t out = 0;
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    int rc = weft_sql_int(txn, &out, &f->error, sql, "");
    if (rc == WEFT_NOT_THERE)
        out = -1;
    else
        OK(rc);
    weft_ledger_end(txn);
    return out;
}

static const char *text_of(struct fixture *f, const char *sql)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const char *out = NULL;
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_sql_query(txn, &stmt, &f->error, sql, ""));
    OK(weft_stmt_step(stmt, &f->error));
    OK(weft_sql_text(f->arena, stmt, 0, &out, &f->error));
    return out;
}

static int files_below(const char *path, const char *holding)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_fs_list list;
    int count = 0;
    if (weft_fs_list(path, &list, &error) != 0)
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        char *child = weft_path_join(path, list.names[i]);
        count += weft_fs_is_dir(child) ? files_below(child, holding)
                                       : strstr(list.names[i], holding) != NULL;
        weft_free(child);
    }
    weft_fs_list_free(&list);
    return count;
}

static int64_t data_files(struct fixture *f, const char *folder)
{
    char *path = weft_path_join(f->home, folder);
    int count = files_below(path, ".parquet");
    weft_free(path);
    return count;
}

/* What must hold after anything: the chain, the folds, no orphan, balances, no lease. */
static void holds(struct fixture *f)
{
    struct weft_ledger_report report;
    OK(weft_ledger_verify(f->ledger, &report, &f->error));
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE read <> accepted + "
                               "input_quarantined OR made <> published + output_quarantined"),
                     0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_leases WHERE run_id <> ''"), 0);
    assert_int_equal(data_files(f, "lake"),
                     number(f, "SELECT COUNT(*) FROM lake_snapshots WHERE space = 'lake' AND "
                               "operation <> 'rollback'"));
    assert_int_equal(data_files(f, "quarantine"),
                     number(f, "SELECT COUNT(*) FROM lake_snapshots WHERE space = 'quarantine'"));
    char *temporary = weft_path_join(f->home, "tmp");
    assert_int_equal(files_below(temporary, ""), 0);
    weft_free(temporary);
}

static int64_t rows_now(struct fixture *f)
{
    return number(f, "SELECT rows FROM lake_snapshots WHERE space = 'lake' ORDER BY seq_from DESC "
                     "LIMIT 1");
}

/* ---- the plain path ---- */

static void publishes_once(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\ntwo\n!three\n");
    struct weft_run_report report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_true(report.sequence > 0);
    assert_int_equal(report.moved_count, 1);
    assert_non_null(strstr(report.moved[0], "/done/a.csv"));
    assert_true(there(f, "done/a.csv"));
    assert_false(there(f, "inbox/a.csv"));
    assert_int_equal(rows_now(f), 2);
    assert_int_equal(number(f, "SELECT row_to FROM flow_quarantine WHERE state = 'open'"), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM catalog_products WHERE state = 'in_force' AND "
                               "seq_to IS NULL"),
                     1);
    assert_int_equal(number(f, "SELECT records FROM flow_inputs WHERE seq_to IS NULL"), 3);
    /* The same content again, under another name. */
    put_file(f, "b.csv", "one\ntwo\n!three\n");
    int64_t entries = number(f, "SELECT MAX(sequence) FROM entries");
    report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(report.sequence, 0);
    assert_int_equal(number(f, "SELECT MAX(sequence) FROM entries"), entries);
    assert_true(number(f, "SELECT checked_at FROM flow_checked") > 0);
    /* Another file of the same name: both are kept. */
    put_file(f, "a.csv", "four\n");
    put_file(f, "c.csv", "!five\n");
    report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.moved_count, 2);
    assert_int_equal(rows_now(f), 3);
    assert_int_equal(files_below(weft_arena_format(f->arena, "%s/done", f->dir), "a."), 2);
    assert_true(there(f, "error/c.csv"));
    holds(f);
    /* No value of the data stands in the ledger. */
    assert_int_equal(number(f, "SELECT COUNT(*) FROM entries WHERE body LIKE '%06075%'"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_messages WHERE text LIKE '%06075%'"), 4);
}

static void many_files_go_to_a_list(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 400; i++) {
        char name[32], text[32];
        snprintf(name, sizeof name, "f%d.csv", i);
        snprintf(text, sizeof text, "row %d\n", i);
        put_file(f, name, text);
    }
    ask(f, WEFT_JOB_RUN);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs WHERE seq_to IS NULL"), 400);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM entries WHERE body LIKE '%inputs_list%'"), 1);
    assert_int_equal(rows_now(f), 400);
    holds(f);
}

static void another_reader_keeps_the_file(void **state)
{
    struct fixture *f = *state;
    registered(f, contract(f, "second", "1.0.0", READ_NEW));
    put_file(f, "a.csv", "one\n");
    struct weft_run_report report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.moved_count, 0);
    assert_true(there(f, "inbox/a.csv"));
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    f->product = look(f, "health.second");
    report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_false(there(f, "inbox/a.csv"));
    assert_true(there(f, "done/a.csv"));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_outbox"), 0);
    holds(f);
}

static void replaced_file_is_not_moved(void **state)
{
    struct fixture *f = *state;
    struct weft_registered first = f->product;
    registered(f, contract(f, "second", "1.0.0", READ_NEW));
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    unlink(weft_arena_format(f->arena, "%s/inbox/a.csv", f->dir));
    put_file(f, "a.csv", "other\n");
    f->product = look(f, "health.second");
    ask(f, WEFT_JOB_RUN);
    assert_true(there(f, "inbox/a.csv"));
    f->product = first;
    ask(f, WEFT_JOB_RUN);
    assert_false(there(f, "inbox/a.csv"));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_outbox"), 1); /* "one": not for second */
}

static void whole_ports_forget(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n!x\n");
    put_file(f, "b.csv", "two\n");
    ask(f, WEFT_JOB_REBUILD);
    assert_int_equal(rows_now(f), 2);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_quarantine WHERE state = 'open' AND "
                               "seq_to IS NULL"),
                     1);
    unlink(weft_arena_format(f->arena, "%s/inbox/a.csv", f->dir));
    ask(f, WEFT_JOB_REBUILD);
    assert_int_equal(rows_now(f), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs WHERE seq_to IS NULL"), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_quarantine WHERE state = 'open' AND "
                               "seq_to IS NULL"),
                     0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_quarantine WHERE state = 'closed_by_run' "
                               "AND seq_to IS NULL"),
                     1);
    holds(f);
}

/* ---- outcomes that are not to be believed ---- */

static void lies_are_refused(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n!two\n");
    refused(f, "balance", WEFT_E_WORKER);
    refused(f, "balance_files", WEFT_E_WORKER);
    refused(f, "missing", WEFT_E_CORRUPT);
    refused(f, "parent", WEFT_E_WORKER);
    refused(f, "elsewhere", WEFT_E_WORKER);
    refused(f, "crash", WEFT_E_WORKER);
    refused(f, "noise", WEFT_E_INVALID);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE state = 'failed'"), 7);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM lake_tables"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs"), 0);
    holds(f);
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    holds(f);
}

static void blocked_moves_nothing(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n!two\n");
    setenv("WEFT_TEST_SCENARIO", "blocked", 1);
    struct weft_run_report report = ask(f, WEFT_JOB_RUN);
    unsetenv("WEFT_TEST_SCENARIO");
    assert_int_equal(report.outcome->state, WEFT_RUN_BLOCKED);
    assert_true(report.sequence > 0);
    assert_true(there(f, "inbox/a.csv"));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_quarantine"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE state = 'blocked' AND "
                               "error = 'blocked'"),
                     1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_messages WHERE kind = 'error'"), 1);
    holds(f);
}

static void contract_changes_meanwhile(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    setenv("WEFT_TEST_SCENARIO", "slow", 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct fixture other = {.dir = f->dir};
        start(&other, f->dir, NULL);
        struct weft_run_report report;
        struct weft_run_options o = options(&other, WEFT_JOB_RUN);
        int rc = weft_run(other.ledger, other.arena, &other.product, &o, &report, &other.error);
        _exit(rc < 0 ? (int)other.error.code : 0);
    }
    usleep(300000);
    registered(f, contract(f, "reports", "1.1.0", READ_NEW));
    int status = 0;
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), WEFT_E_CONFLICT);
    unsetenv("WEFT_TEST_SCENARIO");
    holds(f);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM lake_tables"), 0);
    ask(f, WEFT_JOB_RUN);
    assert_string_equal(look(f, "health.reports").in_force->version, "1.1.0");
    holds(f);
}

/* ---- several processes ---- */

/* Starts this program as an asker. */
static pid_t asker_start(struct fixture *f, const char *mode, const char *scenario,
                         const char *fault, const char *role)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (scenario != NULL)
        setenv("WEFT_TEST_SCENARIO", scenario, 1);
    if (fault != NULL)
        setenv("WEFT_FAULT", fault, 1);
    if (role != NULL)
        setenv("WEFT_FAULT_IN", role, 1);
    execl(program, program, "asker", f->dir, mode, (char *)NULL);
    _exit(99);
}

static int asker_wait(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* In the child: 0, or the code of the error. */
static int asker_main(const char *dir, const char *mode)
{
    struct fixture f = {.dir = (char *)dir};
    struct weft_run_report report;
    start(&f, dir, NULL);
    struct weft_run_options o =
        options(&f, strcmp(mode, "replay") == 0 ? WEFT_JOB_REPLAY : WEFT_JOB_RUN);
    o.no_wait = strcmp(mode, "no_wait") == 0;
    weft_process_catch_signals();
    int rc = weft_outbox_flush(f.ledger, &f.error);
    if (rc == 0)
        rc = weft_run(f.ledger, f.arena, &f.product, &o, &report, &f.error);
    if (rc == 0)
        rc = report.outcome->state == WEFT_RUN_PUBLISHED ? 0 : 50 + (int)report.outcome->state;
    else
        rc = (int)f.error.code;
    stop(&f);
    return rc;
}

static void second_run_waits(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    pid_t first = asker_start(f, "run", "slow", NULL, NULL);
    usleep(250000);
    assert_int_equal(asker_wait(asker_start(f, "no_wait", NULL, NULL, NULL)), WEFT_E_BUSY);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf who;
    weft_buf_init(&who, 1024);
    OK(weft_run_holder(f->ledger, f->product.table, &who, &f->error));
    assert_non_null(strstr(who.data, "weft run health.reports (pid "));
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(f->waited, 1);
    assert_int_equal(asker_wait(first), 0);
    weft_buf_clear(&who);
    OK(weft_run_holder(f->ledger, f->product.table, &who, &f->error));
    assert_int_equal(who.length, 0);
    assert_int_equal(rows_now(f), 1);
    holds(f);
}

static void cancelled_run_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    pid_t pid = asker_start(f, "run", "hang", NULL, NULL);
    usleep(300000);
    int64_t begun = weft_clock_mono_us();
    kill(pid, SIGINT);
    assert_int_equal(asker_wait(pid), WEFT_E_CANCELLED);
    assert_true(weft_clock_mono_us() - begun < 3000000);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE error = 'cancelled'"), 1);
    holds(f);
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
}

static void dead_run_is_taken_over(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    pid_t pid = asker_start(f, "run", "slow", NULL, NULL);
    usleep(400000);
    kill(pid, SIGKILL);
    assert_int_equal(asker_wait(pid), -SIGKILL);
    const char *dead = text_of(f, "SELECT run_id FROM flow_leases");
    char *temp = weft_format("home/tmp/%s", dead);
    char *log = weft_format("%s/home/logs/%s.log", f->dir, dead);
    assert_true(there(f, temp));
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    assert_false(there(f, temp));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf said;
    weft_buf_init(&said, 65536);
    OK(weft_fs_read_file(log, 32768, &said, &f->error));
    assert_non_null(strstr(said.data, "died before it came to an end"));
    weft_free(temp);
    weft_free(log);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE state = 'failed' AND "
                               "error = 'worker'"),
                     1);
    assert_int_equal(number(f, "SELECT epoch FROM flow_leases"), 2);
    assert_int_equal(rows_now(f), 1);
    holds(f);
}

static const char *const points[] = {
    "run.locked",      "run.leased",           "run.worker_done",     "commit.begun",
    "commit.appended", "ledger.before_commit", "ledger.after_commit", "ledger.after_head",
    "outbox.begun",    "outbox.moved",         "outbox.done"};
static const char *const worker_points[] = {"lake.manifest", "lake.manifest_list", "lake.metadata"};

/* Dies or fails there, then the next run finds everything as if nothing had been, or all done. */
static void after_fault(struct fixture *f, const char *fault, const char *role, int round)
{
    char name[32], text[64];
    snprintf(name, sizeof name, "f%d.csv", round);
    snprintf(text, sizeof text, "row %d\n!bad %d\n", round, round);
    put_file(f, name, text);
    int rc = asker_wait(asker_start(f, "run", NULL, fault, role));
    bool killed = strncmp(fault, "kill:", 5) == 0;
    if (killed && strcmp(role, "cli") == 0 && rc != -SIGKILL)
        fail_msg("%s in %s: ended with %d", fault, role, rc);
    if (killed && strcmp(role, "worker") == 0 && rc != WEFT_E_WORKER)
        fail_msg("%s in %s: ended with %d", fault, role, rc);
    OK(weft_outbox_flush(f->ledger, &f->error));
    ask(f, WEFT_JOB_RUN);
    if (rows_now(f) != round)
        fail_msg("%s in %s: %" PRId64 " rows after %d rounds", fault, role, rows_now(f), round);
    assert_false(there(f, weft_arena_format(f->arena, "inbox/%s", name)));
    assert_true(there(f, weft_arena_format(f->arena, "done/%s", name)));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_outbox WHERE action = 'move'"), 0);
    assert_int_equal(number(f, "SELECT SUM(row_to) FROM flow_quarantine"), round);
    holds(f);
}

static void death_at_every_step(void **state)
{
    struct fixture *f = *state;
    int round = 0;
    char fault[64];
    for (size_t i = 0; i < WEFT_COUNT(points); i++) {
        /* The lease's own transaction passes first; it has no entry, so no head. */
        int passes = strstr(points[i], "_commit") != NULL ? 2 : 1;
        for (int nth = 1; nth <= passes; nth++) {
            snprintf(fault, sizeof fault, "kill:%s:%d", points[i], nth);
            after_fault(f, fault, "cli", ++round);
            snprintf(fault, sizeof fault, "stop:%s:%d", points[i], nth);
            after_fault(f, fault, "cli", ++round);
        }
    }
    for (size_t i = 0; i < WEFT_COUNT(worker_points); i++) {
        snprintf(fault, sizeof fault, "kill:%s:1", worker_points[i]);
        after_fault(f, fault, "worker", ++round);
    }
    assert_true(number(f, "SELECT COUNT(*) FROM flow_runs WHERE state = 'failed'") > 8);
}

static void failing_calls(void **state)
{
    struct fixture *f = *state;
    static const char *const ops[] = {"write", "sync", "rename", "open", "unlink"};
    int round = 0;
    char fault[64];
    for (size_t i = 0; i < WEFT_COUNT(ops); i++) {
        for (int nth = 1; nth <= 6; nth++) {
            snprintf(fault, sizeof fault, "%s:%d:ENOSPC", ops[i], nth);
            after_fault(f, fault, "cli", ++round);
        }
    }
}

/* ---- quarantine ---- */

static void replay_happens_once(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n!a\n!b\n!c\n");
    put_file(f, "b.csv", "!d\n");
    ask(f, WEFT_JOB_RUN);
    assert_int_equal(rows_now(f), 1);
    setenv("WEFT_TEST_SCENARIO", "replay_some", 1);
    struct weft_run_report report = ask(f, WEFT_JOB_REPLAY);
    unsetenv("WEFT_TEST_SCENARIO");
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(rows_now(f), 4);
    assert_int_equal(number(f, "SELECT SUM(row_to - row_from + 1) FROM flow_quarantine WHERE state "
                               "= 'replayed' AND seq_to IS NULL"),
                     3);
    assert_int_equal(number(f, "SELECT SUM(row_to - row_from + 1) FROM flow_quarantine WHERE state "
                               "= 'open' AND seq_to IS NULL"),
                     1);
    /* Two at once, and one that dies before its commit: each row is published once. */
    assert_int_equal(asker_wait(asker_start(f, "replay", NULL, "kill:commit.appended", "cli")),
                     -SIGKILL);
    assert_int_equal(rows_now(f), 4);
    pid_t one = asker_start(f, "replay", "slow", NULL, NULL);
    pid_t two = asker_start(f, "replay", "slow", NULL, NULL);
    int first = asker_wait(one), second = asker_wait(two);
    if (first + second != 50 + WEFT_RUN_NOTHING_NEW)
        fail_msg("ended with %d and %d", first, second);
    assert_true((first == 0 && second == 50 + WEFT_RUN_NOTHING_NEW) ||
                (second == 0 && first == 50 + WEFT_RUN_NOTHING_NEW));
    assert_int_equal(rows_now(f), 5);
    assert_int_equal(ask(f, WEFT_JOB_REPLAY).outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs"), 2);
    holds(f);
}

static void dismissed_rows_stay_away(void **state)
{
    struct fixture *f = *state;
    int64_t count = 0;
    struct weft_quarantine_range *ranges = NULL;
    size_t range_count = 0;
    struct weft_ledger_txn *txn = NULL;
    put_file(f, "a.csv", "one\n!a\n!b\n");
    ask(f, WEFT_JOB_RUN);
    OK(weft_quarantine_dismiss(f->ledger, f->arena, &f->product, NULL, "local:test", "known",
                               &count, &f->error));
    assert_int_equal(count, 2);
    OK(weft_quarantine_dismiss(f->ledger, f->arena, &f->product, NULL, "local:test", "known",
                               &count, &f->error));
    assert_int_equal(count, 0);
    assert_int_equal(ask(f, WEFT_JOB_REPLAY).outcome->state, WEFT_RUN_NOTHING_NEW);
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_quarantine_ranges(txn, f->arena, f->product.table, NULL, 0, &ranges, &range_count,
                              &f->error));
    weft_ledger_end(txn);
    assert_int_equal(range_count, 1);
    assert_string_equal(ranges[0].state, "dismissed");
    assert_string_equal(ranges[0].state_by, "local:test");
    assert_int_equal(ranges[0].row_to, 2);
    /* Dismissed while a replay is at work: the replay is refused whole. */
    put_file(f, "b.csv", "!c\n");
    ask(f, WEFT_JOB_RUN);
    pid_t pid = asker_start(f, "replay", "slow", NULL, NULL);
    usleep(300000);
    OK(weft_quarantine_dismiss(f->ledger, f->arena, &f->product, NULL, "local:test", "known",
                               &count, &f->error));
    assert_int_equal(asker_wait(pid), WEFT_E_CONFLICT);
    assert_int_equal(rows_now(f), 1);
    holds(f);
}

/* ---- rollback, drop ---- */

static void rolls_back(void **state)
{
    struct fixture *f = *state;
    int64_t made = 0;
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    int64_t first = number(f, "SELECT snapshot_id FROM lake_snapshots ORDER BY seq_from LIMIT 1");
    put_file(f, "b.csv", "two\n");
    ask(f, WEFT_JOB_RUN);
    assert_int_equal(rows_now(f), 2);
    OK(weft_run_rollback(f->ledger, f->arena, &f->product, first, "local:test", "wrong file", &made,
                         &f->error));
    assert_int_equal(rows_now(f), 1);
    assert_true(made != first);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs WHERE seq_to IS NULL"), 2);
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(weft_run_rollback(f->ledger, f->arena, &f->product, 77, "local:test", "x",
                                       &made, &f->error),
                     -1);
    assert_int_equal(f->error.code, WEFT_E_NOT_FOUND);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE because = 'wrong file'"), 1);
    holds(f);
}

/* What a snapshot is made of must be there, whole, before the table goes back to it. */
static void rolls_back_to_nothing_broken(void **state)
{
    struct fixture *f = *state;
    struct weft_fs_list list = {0};
    int64_t made = 0;
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    int64_t first = number(f, "SELECT snapshot_id FROM lake_snapshots ORDER BY seq_from LIMIT 1");
    char *pattern = weft_format("%s/home/lake/*/*/data/*.parquet", f->dir);
    OK(weft_fs_glob(pattern, &list, &f->error));
    assert_int_equal(list.count, 1);
    put_file(f, "b.csv", "two\n");
    ask(f, WEFT_JOB_RUN);
    assert_int_equal(truncate(list.names[0], 100), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weft_run_rollback(f->ledger, f->arena, &f->product, first, "local:test",
                                           "x", &made, &f->error),
                         -1);
        assert_int_equal(f->error.code, WEFT_E_CORRUPT);
        if (strstr(f->error.message, i == 0 ? "has 100 bytes" : "is gone") == NULL)
            fail_msg("%s", f->error.message);
        (void)unlink(list.names[0]);
    }
    weft_fs_list_free(&list);
    weft_free(pattern);
}

static void drops(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n!two\n");
    ask(f, WEFT_JOB_RUN);
    OK(weft_run_drop(f->ledger, f->arena, &f->product, "local:test", "not needed", &f->error));
    assert_int_equal(data_files(f, "lake"), 0);
    assert_int_equal(data_files(f, "quarantine"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_inputs WHERE seq_to IS NULL"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_outbox"), 0);
    /* Registered again, it starts from nothing. */
    registered(f, contract(f, "reports", "1.0.0", READ_NEW));
    f->product = look(f, "health.reports");
    put_file(f, "a.csv", "one\n!two\n");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(rows_now(f), 1);
    struct weft_ledger_report report;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
}

static void log_is_written(void **state)
{
    struct fixture *f = *state;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    put_file(f, "a.csv", "one\n");
    struct weft_run_report report = ask(f, WEFT_JOB_RUN);
    char *path = weft_arena_format(f->arena, "%s/logs/%s.log", f->home, report.run_id);
    struct stat info;
    weft_buf_init(&text, 1 << 20);
    OK(weft_fs_read_file(path, 1 << 20, &text, &f->error));
    assert_non_null(strstr(text.data, "\"event\":\"progress\",\"stage\":\"reading\""));
    assert_non_null(strstr(text.data, "\"event\":\"ended\",\"state\":\"published\""));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void measure(void **state)
{
    struct fixture *f = *state;
    int64_t begun = weft_clock_mono_us();
    for (int i = 0; i < 10; i++) {
        char name[32], text[32];
        snprintf(name, sizeof name, "m%d.csv", i);
        snprintf(text, sizeof text, "row %d\n", i);
        put_file(f, name, text);
        ask(f, WEFT_JOB_RUN);
    }
    printf("a run with an empty worker: %" PRId64 " us\n", (weft_clock_mono_us() - begun) / 10);
}

int main(int argc, char **argv)
{
    weft_lake_register();
    weft_catalog_register();
    weft_flow_register();
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        run_test_worker();
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_path_program(&program, &error) < 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 3 && strcmp(argv[1], "asker") == 0)
        return asker_main(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(publishes_once, setup, teardown),
        cmocka_unit_test_setup_teardown(many_files_go_to_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(another_reader_keeps_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(replaced_file_is_not_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_ports_forget, setup_replace, teardown),
        cmocka_unit_test_setup_teardown(lies_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(blocked_moves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(contract_changes_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(second_run_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled_run_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_run_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(rolls_back_to_nothing_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(death_at_every_step, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(replay_happens_once, setup, teardown),
        cmocka_unit_test_setup_teardown(dismissed_rows_stay_away, setup, teardown),
        cmocka_unit_test_setup_teardown(rolls_back, setup, teardown),
        cmocka_unit_test_setup_teardown(drops, setup, teardown),
        cmocka_unit_test_setup_teardown(log_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(measure, setup, teardown),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weft_free(program);
    return failed;
}
