/*
 * run_test_support.c - see run_test_support.h.
 */
#include "flow/run_test_support.h"

#include "base/fs.h"
#include "base/process.h"
#include "lake/pointer.h"
#include "ledger/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *program;

void ok_at(int rc, const struct weft_error *error, int line)
{
    if (rc != 0)
        fail_msg("line %d: %d: %s: %s (%s)", line, rc, weft_code_name(error->code), error->message,
                 error->detail);
}
/* ---- the fixture ---- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

void put_file(struct fixture *f, const char *name, const char *text)
{
    char *path = weft_format("%s/inbox/%s", f->dir, name);
    write_text(path, text);
    weft_free(path);
}

bool there(struct fixture *f, const char *name)
{
    char *path = weft_path_join(f->dir, name);
    bool exists = weft_fs_exists(path);
    weft_free(path);
    return exists;
}

const struct weft_product *contract(struct fixture *f, const char *name, const char *version,
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

void registered_reads(struct fixture *f, const struct weft_product *p,
                      const struct weft_registered_read *reads, size_t count)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_registered_reads all = {reads, count};
    OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
    OK(weft_catalog_put(txn, "local:test", p, &all, "dev", &f->error));
    OK(weft_ledger_commit(txn, &f->error));
}

void registered(struct fixture *f, const struct weft_product *p)
{
    registered_reads(f, p, NULL, 0);
}

struct weft_registered look(struct fixture *f, const char *name)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_registered out = {0};
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_catalog_product(txn, f->arena, name, WEFT_MAJOR_NEWEST, 0, &out, &f->error));
    weft_ledger_end(txn);
    return out;
}

void start(struct fixture *f, const char *dir, const char *more)
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

void stop(struct fixture *f)
{
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_free(f->home);
}

int setup(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    start(f, f->dir, READ_NEW);
    setenv("WEFT_WORKER", program, 1);
    unsetenv("WEFT_TEST_SCENARIO");
    *state = f;
    return 0;
}

int setup_replace(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    start(f, f->dir, READ_ALL);
    setenv("WEFT_WORKER", program, 1);
    unsetenv("WEFT_TEST_SCENARIO");
    *state = f;
    return 0;
}

int teardown(void **state)
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

struct weft_run_options options(struct fixture *f, enum weft_job_mode mode)
{
    return (struct weft_run_options){.mode = mode,
                                     .actor = "local:test",
                                     .cause = mode == WEFT_JOB_REPLAY ? "replay" : "run",
                                     .lock_wait_us = 10000000,
                                     .settings = &f->settings,
                                     .progress_arg = f,
                                     .waiting = waiting};
}

struct weft_run_report ask(struct fixture *f, enum weft_job_mode mode)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, mode);
    OK(weft_run(f->ledger, f->arena, &f->product, &o, &report, &f->error));
    return report;
}

void refused(struct fixture *f, const char *scenario, enum weft_code code)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    setenv("WEFT_TEST_SCENARIO", scenario, 1);
    int rc = weft_run(f->ledger, f->arena, &f->product, &o, &report, &f->error);
    unsetenv("WEFT_TEST_SCENARIO");
    if (rc != -1 || f->error.code != code)
        fail_msg("%s: %d %s: %s", scenario, rc, weft_code_name(f->error.code), f->error.message);
}

int64_t number(struct fixture *f, const char *sql)
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

const char *text_of(struct fixture *f, const char *sql)
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

int files_below(const char *path, const char *holding)
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

int64_t data_files(struct fixture *f, const char *folder)
{
    char *path = weft_path_join(f->home, folder);
    int count = files_below(path, ".parquet");
    weft_free(path);
    return count;
}

/* What must hold after anything: the chain, the folds, no orphan, balances, no lease. */
void holds(struct fixture *f)
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

int64_t rows_of(struct fixture *f, const char *table)
{
    return number(f, weft_arena_format(f->arena,
                                       "SELECT rows FROM lake_snapshots WHERE space = 'lake' AND "
                                       "table_name = '%s' ORDER BY seq_from DESC LIMIT 1",
                                       table));
}

int64_t rows_now(struct fixture *f)
{
    return number(f, "SELECT rows FROM lake_snapshots WHERE space = 'lake' ORDER BY seq_from DESC "
                     "LIMIT 1");
}

/* Starts this program as an asker. */
pid_t asker_start(struct fixture *f, const char *mode, const char *scenario, const char *fault,
                  const char *role)
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

int asker_wait(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* In the child: 0, or the code of the error. */
void leases_wait(struct fixture *f, int64_t count)
{
    for (int i = 0; i < 12000; i++) {
        if (number(f, "SELECT COUNT(*) FROM flow_leases WHERE run_id <> ''") >= count)
            return;
        usleep(10000);
    }
    fail_msg("no run began");
}

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

int run_test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    struct weft_error error = WEFT_ERROR_INIT;
    weft_lake_register();
    weft_catalog_register();
    weft_flow_register();
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        run_test_worker();
    if (weft_path_program(&program, &error) < 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 3 && strcmp(argv[1], "asker") == 0)
        return asker_main(argv[2], argv[3]);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    int failed = _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
    weft_free(program);
    return failed;
}
