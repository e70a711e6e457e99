/*
 * run_test.c - what a run commits, what is refused of a worker's answer, its log.
 */
#include "flow/run_test_support.h"

#include "base/clock.h"
#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
    leases_wait(f, 1);
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

/* Files that lie there as they were read, or are gone, need no worker. */
static void looks_without_a_worker(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    setenv("WEFT_WORKER", "/nowhere", 1);
    int64_t entries = number(f, "SELECT MAX(sequence) FROM entries");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_int_equal(number(f, "SELECT MAX(sequence) FROM entries"), entries);
    setenv("WEFT_WORKER", program, 1);
    put_file(f, "a.csv", "two\n");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    holds(f);
}

/* Words alone need no new data; anything else waits for it. */
static void words_come_into_force(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    registered(f, contract(f, "reports", "1.0.1", READ_NEW "description: first\n"));
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    registered(f, contract(f, "reports", "1.0.2", READ_NEW "description: second\n"));
    struct weft_run_report report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_true(report.enforced);
    struct weft_registered now = look(f, "health.reports");
    assert_null(now.pending);
    assert_string_equal(now.in_force->version, "1.0.2");
    registered(f, contract(f, "reports", "1.1.0",
                           READ_NEW "description: second\nquality: {rows: {min: 1}}\n"));
    report = ask(f, WEFT_JOB_RUN);
    assert_int_equal(report.outcome->state, WEFT_RUN_NOTHING_NEW);
    assert_false(report.enforced);
    assert_string_equal(look(f, "health.reports").pending->version, "1.1.0");
    put_file(f, "b.csv", "two\n");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    assert_null(look(f, "health.reports").pending);
    holds(f);
}

/* A move that fails is told, and done when it can be. */
static void failed_moves_are_told(void **state)
{
    struct fixture *f = *state;
    struct weft_outbox_item *items = NULL;
    size_t count = 0;
    put_file(f, "a.csv", "one\n");
    put_file(f, "../done", "no folder\n");
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
    OK(weft_outbox_failed(f->ledger, f->arena, &items, &count, &f->error));
    assert_int_equal(count, 1);
    assert_string_equal(items[0].product, "health.reports");
    assert_string_equal(items[0].action, "move");
    assert_int_equal(items[0].attempts, 1);
    assert_true(items[0].message[0] != '\0');
    assert_non_null(strstr(items[0].target, "/done"));
    assert_int_equal(unlink(weft_arena_format(f->arena, "%s/done", f->dir)), 0);
    OK(weft_outbox_flush(f->ledger, &f->error));
    OK(weft_outbox_failed(f->ledger, f->arena, &items, &count, &f->error));
    assert_int_equal(count, 0);
    assert_true(there(f, "done/a.csv"));
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(publishes_once, setup, teardown),
        cmocka_unit_test_setup_teardown(many_files_go_to_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(another_reader_keeps_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(replaced_file_is_not_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_ports_forget, setup_replace, teardown),
        cmocka_unit_test_setup_teardown(lies_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(blocked_moves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(contract_changes_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(looks_without_a_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(looks_without_a_worker, setup_replace, teardown),
        cmocka_unit_test_setup_teardown(words_come_into_force, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_moves_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(log_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(measure, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
