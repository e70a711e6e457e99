/*
 * source_test.c - runs that read other products: one consistent set, positions, run keys, refusals.
 */
#include "flow/run_test_support.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "trust/dependencies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FROM "inputs:\n  reports: {product: health.reports%s}\n%s"

/* health.<name> reads health.reports. */
static struct weft_registered reader(struct fixture *f, const char *name, const char *version,
                                     const char *read, const char *more)
{
    static const struct weft_registered_read reads[] = {
        {.name = "reports", .is_port = true, .full_name = "health.reports", .major = 1}};
    const char *text = weft_arena_format(f->arena, FROM, read, more);
    registered_reads(f, contract(f, name, version, text), reads, 1);
    return look(f, weft_arena_format(f->arena, "health.%s", name));
}

static struct weft_run_report ask_for(struct fixture *f, const char *name, enum weft_job_mode mode)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, mode);
    struct weft_registered product = look(f, name);
    OK(weft_run(f->ledger, f->arena, &product, &o, &report, &f->error));
    return report;
}

static void refused_for(struct fixture *f, const char *name, enum weft_job_mode mode,
                        enum weft_code code, const char *says)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, mode);
    struct weft_registered product = look(f, name);
    int64_t runs = number(f, "SELECT COUNT(*) FROM flow_runs");
    weft_error_clear(&f->error);
    assert_int_equal(weft_run(f->ledger, f->arena, &product, &o, &report, &f->error), -1);
    if (f->error.code != code || strstr(f->error.message, says) == NULL)
        fail_msg("%s: %s", weft_code_name(f->error.code), f->error.message);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs"), runs); /* it never began */
}

static int64_t position(struct fixture *f)
{
    return number(f, "SELECT snapshot_id FROM flow_sources WHERE product = 'health.copy' AND name "
                     "= 'reports' AND seq_to IS NULL");
}

static int64_t snapshot_of(struct fixture *f, const char *table)
{
    return number(f, weft_arena_format(f->arena,
                                       "SELECT snapshot_id FROM lake_tables WHERE space = 'lake' "
                                       "AND table_name = '%s' AND seq_to IS NULL",
                                       table));
}

static void reads_what_is_current(void **state)
{
    struct fixture *f = *state;
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    refused_for(f, "health.copy", WEFT_JOB_RUN, WEFT_E_REFUSED, "has no snapshot yet");
    assert_non_null(strstr(f->error.hint, "weft run health.reports@1"));
    put_file(f, "a.csv", "one\ntwo\n");
    ask(f, WEFT_JOB_RUN);
    struct weft_run_report report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(report.outcome->balance.read, 2);
    assert_int_equal(rows_of(f, "health.copy"), 2);
    assert_int_equal(position(f), snapshot_of(f, "health.reports"));
    /* The same key: no worker is asked, nothing is recorded but the look. */
    setenv("WEFT_WORKER", "/nowhere", 1);
    int64_t entries = number(f, "SELECT MAX(sequence) FROM entries");
    report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(number(f, "SELECT MAX(sequence) FROM entries"), entries);
    assert_string_equal(text_of(f, "SELECT run_id FROM flow_checked WHERE product = 'health.copy'"),
                        report.run_id);
    setenv("WEFT_WORKER", program, 1);
    put_file(f, "b.csv", "three\n");
    ask(f, WEFT_JOB_RUN);
    report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(rows_of(f, "health.copy"), 3);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_sources"), 2);
    /* Words are not in the key; what can make other rows is. */
    reader(f, "copy", "1.0.1", "", "write: replace\ndescription: the same\n");
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    reader(f, "copy", "1.0.2", "", "write: replace\nquality: {rows: {min: 1}}\n");
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    holds(f);
}

static void reads_only_what_is_new(void **state)
{
    struct fixture *f = *state;
    reader(f, "copy", "1.0.0", ", read: new", "");
    put_file(f, "a.csv", "one\ntwo\n");
    ask(f, WEFT_JOB_RUN);
    ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(rows_of(f, "health.copy"), 2);
    put_file(f, "b.csv", "three\n");
    ask(f, WEFT_JOB_RUN);
    struct weft_run_report report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->balance.read, 1);
    assert_int_equal(report.outcome->sources[0].since,
                     number(f, "SELECT snapshot_id FROM flow_sources ORDER BY seq_from LIMIT 1"));
    assert_int_equal(rows_of(f, "health.copy"), 3);
    /* A rebuild reads all of it again, and its position is what it read. */
    report = ask_for(f, "health.copy", WEFT_JOB_REBUILD);
    assert_int_equal(report.outcome->balance.read, 3);
    assert_int_equal(report.outcome->sources[0].since, 0);
    assert_int_equal(rows_of(f, "health.copy"), 3);
    assert_int_equal(position(f), snapshot_of(f, "health.reports"));
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    holds(f);
}

/* Positions do not move back: only new inputs are read after a rollback. */
static void rollback_keeps_positions(void **state)
{
    struct fixture *f = *state;
    int64_t made = 0;
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    ask_for(f, "health.copy", WEFT_JOB_RUN);
    int64_t first = snapshot_of(f, "health.copy"), source = snapshot_of(f, "health.reports");
    put_file(f, "b.csv", "two\n");
    ask(f, WEFT_JOB_RUN);
    ask_for(f, "health.copy", WEFT_JOB_RUN);
    struct weft_registered copy = look(f, "health.copy");
    OK(weft_run_rollback(f->ledger, f->arena, &copy, first, "local:test", "wrong", &made,
                         &f->error));
    assert_int_equal(rows_of(f, "health.copy"), 1);
    assert_int_equal(position(f), snapshot_of(f, "health.reports"));
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    /* The source goes back too: a new snapshot of it is a new input. */
    OK(weft_run_rollback(f->ledger, f->arena, &f->product, source, "local:test", "wrong", &made,
                         &f->error));
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(position(f), made);
    holds(f);
}

static void retire(struct fixture *f, const char *name)
{
    struct weft_ledger_txn *txn = NULL;
    OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
    OK(weft_catalog_retire(txn, "local:test", name, 1, NULL, &f->error));
    OK(weft_ledger_commit(txn, &f->error));
}

static void sources_that_went(void **state)
{
    struct fixture *f = *state;
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    retire(f, "health.reports");
    struct weft_run_report report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
    assert_int_equal(report.outcome->warning_count, 2);
    assert_non_null(strstr(report.outcome->warnings[0], "health.reports@1 is retired"));
    report = ask_for(f, "health.copy", WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(report.outcome->warning_count, 1);
    OK(weft_run_drop(f->ledger, f->arena, &f->product, "local:test", "not needed", &f->error));
    refused_for(f, "health.copy", WEFT_JOB_RUN, WEFT_E_NOT_FOUND, "which was dropped");
    /* Another one of its name: its rows are not those that were read. */
    registered(f, contract(f, "reports", "1.0.0", READ_NEW));
    refused_for(f, "health.copy", WEFT_JOB_RUN, WEFT_E_REFUSED, "has no snapshot yet");
    /* And a dropped reader starts without positions and key. */
    struct weft_registered copy = look(f, "health.copy");
    OK(weft_run_drop(f->ledger, f->arena, &copy, "local:test", "not needed", &f->error));
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_sources WHERE seq_to IS NULL"), 0);
    f->product = look(f, "health.reports");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
}

/* A port that was read from one product and is another one now. */
static void another_source(void **state)
{
    struct fixture *f = *state;
    static const struct weft_registered_read other[] = {
        {.name = "reports", .is_port = true, .full_name = "health.second", .major = 1}};
    reader(f, "copy", "1.0.0", ", read: new", "");
    registered(f, contract(f, "second", "1.0.0", READ_NEW));
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    ask_for(f, "health.second", WEFT_JOB_RUN);
    ask_for(f, "health.copy", WEFT_JOB_RUN);
    const char *text = "inputs:\n  reports: {product: health.second, read: new}\n";
    registered_reads(f, contract(f, "copy", "1.0.1", text), other, 1);
    refused_for(f, "health.copy", WEFT_JOB_RUN, WEFT_E_REFUSED, "cannot be told");
    assert_non_null(strstr(f->error.hint, "--rebuild"));
    assert_int_equal(ask_for(f, "health.copy", WEFT_JOB_REBUILD).outcome->state,
                     WEFT_RUN_PUBLISHED);
    assert_string_equal(text_of(f, "SELECT source FROM flow_sources WHERE seq_to IS NULL"),
                        "health.second");
    holds(f);
}

/* ---- preview ---- */

struct shown {
    int count;
    enum weft_run_state state;
    int rc;
};

static int show(void *arg, const struct weft_run_report *report, struct weft_error *error)
{
    struct shown *shown = arg;
    shown->count++;
    shown->state = report->outcome->state;
    if (!weft_fs_exists(report->outcome->preview))
        fail_msg("%s is not there", report->outcome->preview);
    if (shown->rc < 0)
        weft_error_set(error, WEFT_E_IO, "the door is closed");
    return shown->rc;
}

static void preview_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct shown shown = {0};
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    struct weft_registered copy = look(f, "health.copy");
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    int64_t entries = number(f, "SELECT MAX(sequence) FROM entries");
    OK(weft_run_preview(f->ledger, f->arena, &copy, &o, show, &shown, &f->error));
    assert_int_equal(shown.state, WEFT_RUN_PUBLISHED);
    setenv("WEFT_TEST_SCENARIO", "blocked", 1);
    OK(weft_run_preview(f->ledger, f->arena, &copy, &o, show, &shown, &f->error));
    unsetenv("WEFT_TEST_SCENARIO");
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.state, WEFT_RUN_BLOCKED);
    shown.rc = -1;
    assert_int_equal(weft_run_preview(f->ledger, f->arena, &copy, &o, show, &shown, &f->error), -1);
    assert_string_equal(f->error.message, "the door is closed");
    assert_int_equal(number(f, "SELECT MAX(sequence) FROM entries"), entries);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_leases WHERE product = 'health.copy'"),
                     0);
    assert_int_equal(files_below(weft_arena_format(f->arena, "%s/tmp", f->home), ""), 0);
}

/* ---- what killed processes left ---- */

static void leftovers_go(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        bool stays;
    } rows[] = {{"preview-1-77-a", false},
                {"stdin-4194300-1-b", false},
                {"stdin-6b5ad7c0", true}, /* not known whose it is */
                {"other", true},
                {"0f8fad5b-d9cb-469f-a165-70867728950e", false}};
    char mine[128];
    snprintf(mine, sizeof mine, "home/tmp/preview-%d-%llu-x", (int)getpid(),
             (unsigned long long)weft_process_start_time(getpid()));
    for (size_t i = 0; i < WEFT_COUNT(rows); i++)
        OK(weft_fs_mkdirs(weft_arena_format(f->arena, "%s/tmp/%s", f->home, rows[i].name),
                          &f->error));
    OK(weft_fs_mkdirs(weft_arena_format(f->arena, "%s/%s", f->dir, mine), &f->error));
    OK(weft_outbox_flush(f->ledger, &f->error));
    for (size_t i = 0; i < WEFT_COUNT(rows); i++)
        assert_int_equal(there(f, weft_arena_format(f->arena, "home/tmp/%s", rows[i].name)),
                         rows[i].stays);
    assert_true(there(f, mine));
}

/* ---- one worker for several runs ---- */

static void one_worker_for_several(void **state)
{
    struct fixture *f = *state;
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    struct weft_run_report report;
    o.worker = weft_worker_new();
    for (int i = 0; i < 5; i++) {
        char name[32], text[32];
        snprintf(name, sizeof name, "f%d.csv", i);
        snprintf(text, sizeof text, "row %d\n", i);
        put_file(f, name, text);
        /* A crash, and another budget, each want a new process; the run does not notice. */
        if (i == 2)
            o.memory_bytes = (int64_t)200 << 20;
        OK(weft_run(f->ledger, f->arena, &f->product, &o, &report, &f->error));
        assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
        assert_int_equal(rows_now(f), i + 1);
        /* The lock is free although the worker lives. */
        WEFT_CLEANUP(weft_fd_close) int fd = -1;
        char *lock = weft_arena_format(f->arena, "%s/locks/health.reports.lock", f->home);
        OK(weft_fs_lock(lock, true, false, &fd, &f->error));
    }
    weft_worker_free(o.worker);
    holds(f);
}

/* ---- memory that runs out ---- */

static int torture_run(void *arg, struct weft_error *error)
{
    struct fixture *f = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_registered product;
    struct weft_run_report report;
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_begin_read(f->ledger, &txn, error));
    int rc = weft_catalog_product(txn, arena, "health.copy", 1, 0, &product, error);
    WEFT_TRY(rc);
    weft_ledger_end(txn);
    txn = NULL;
    WEFT_TRY(weft_run(f->ledger, arena, &product, &o, &report, error));
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    return 0;
}

static void memory_runs_out(void **state)
{
    struct fixture *f = *state;
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    ask_for(f, "health.copy", WEFT_JOB_RUN);
    retire(f, "health.reports"); /* a warning of the asker's own */
    assert_true(weft_test_torture(torture_run, f) > 100);
    holds(f);
}

/* A run that publishes: some of its allocations, for each attempt starts a worker. */
static void memory_runs_out_while_publishing(void **state)
{
    struct fixture *f = *state;
    reader(f, "copy", "1.0.0", "", "write: replace\n");
    put_file(f, "a.csv", "one\n");
    ask(f, WEFT_JOB_RUN);
    bool met = true;
    for (uint64_t nth = 1; met; nth = nth * 5 / 4 + 1) {
        struct weft_run_report report = {0};
        struct weft_run_options o = options(f, WEFT_JOB_REBUILD);
        struct weft_registered copy = look(f, "health.copy");
        weft_error_clear(&f->error);
        weft_alloc_fail_at(nth, false);
        int rc = weft_run(f->ledger, f->arena, &copy, &o, &report, &f->error);
        met = weft_alloc_fail_at(0, false) >= nth;
        if (rc == 0)
            assert_int_equal(report.outcome->state, WEFT_RUN_PUBLISHED);
        else
            assert_int_equal(f->error.code, WEFT_E_NOMEM);
        assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_leases WHERE run_id <> '' AND "
                                   "run_id IN (SELECT run_id FROM flow_runs)"),
                         0);
    }
    OK(weft_outbox_flush(f->ledger, &f->error));
    ask_for(f, "health.copy", WEFT_JOB_REBUILD);
    holds(f);
}

/* ---- another domain's product, with what a lane keeps of trust ---- */

static void confirm(struct fixture *f, size_t count)
{
    static const struct weft_dependency items[] = {{"care", "health.reports"}};
    struct weft_ledger_txn *txn = NULL;
    OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
    OK(weft_dependencies_confirm(txn, "local:test", items, count, &f->error));
    OK(weft_ledger_commit(txn, &f->error));
}

static void care_reads(struct fixture *f)
{
    static const struct weft_registered_read reads[] = {
        {.name = "reports", .is_port = true, .full_name = "health.reports", .major = 1}};
    static const char text[] = "name: copy\ndomain: care\nversion: 1.0.0\nwrite: replace\n"
                               "schema:\n  - {name: id, type: string}\n"
                               "inputs:\n  reports: {product: health.reports}\n";
    struct weft_diag diag;
    const struct weft_product *product = NULL;
    weft_diag_init(&diag);
    OK(weft_product_parse(f->arena, text, strlen(text), "p.yaml", f->dir, &diag, &product,
                          &f->error));
    assert_non_null(product);
    weft_diag_release(&diag);
    registered_reads(f, product, reads, 1);
}

static int care_runs(struct fixture *f, struct weft_run_trust *trust)
{
    struct weft_run_report report = {0};
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    struct weft_registered product = look(f, "care.copy");
    o.trust = trust;
    weft_error_clear(&f->error);
    return weft_run(f->ledger, f->arena, &product, &o, &report, &f->error);
}

/* Runs in between change nothing; what is said of trust acts at the next run. */
static void trust_is_kept_while_it_holds(void **state)
{
    struct fixture *f = *state;
    struct weft_run_trust *trust = weft_run_trust_new();
    assert_non_null(trust);
    care_reads(f);
    confirm(f, 1);
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%d.csv", i);
        put_file(f, name, weft_arena_format(f->arena, "row %d\n", i));
        ask(f, WEFT_JOB_RUN);
        OK(care_runs(f, trust));
        assert_int_equal(rows_of(f, "care.copy"), i + 1);
    }
    confirm(f, 0);
    assert_int_equal(care_runs(f, trust), -1);
    assert_int_equal(f->error.code, WEFT_E_DENIED);
    confirm(f, 1);
    OK(care_runs(f, trust));
    weft_run_trust_free(trust);
    weft_run_trust_free(NULL);
    holds(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_is_current, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_only_what_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(rollback_keeps_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(sources_that_went, setup, teardown),
        cmocka_unit_test_setup_teardown(another_source, setup, teardown),
        cmocka_unit_test_setup_teardown(preview_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(leftovers_go, setup, teardown),
        cmocka_unit_test_setup_teardown(one_worker_for_several, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_is_kept_while_it_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out_while_publishing, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
