/*
 * run_death_test.c - several processes: two runs at once, Ctrl-C, dead runs, death at every step,
 * failing calls.
 */
#include "flow/run_test_support.h"

#include "base/fs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void second_run_waits(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    pid_t first = asker_start(f, "run", "slow", NULL, NULL);
    leases_wait(f, 1);
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
    leases_wait(f, 1);
    kill(pid, SIGINT);
    assert_int_equal(asker_wait(pid), WEFT_E_CANCELLED);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE error = 'cancelled'"), 1);
    holds(f);
    assert_int_equal(ask(f, WEFT_JOB_RUN).outcome->state, WEFT_RUN_PUBLISHED);
}

static void dead_run_is_taken_over(void **state)
{
    struct fixture *f = *state;
    put_file(f, "a.csv", "one\n");
    pid_t pid = asker_start(f, "run", "slow", NULL, NULL);
    leases_wait(f, 1);
    const char *dead = text_of(f, "SELECT run_id FROM flow_leases");
    char *temp = weft_format("home/tmp/%s", dead);
    for (int i = 0; i < 120000 && !there(f, temp); i++)
        usleep(1000);
    kill(pid, SIGKILL);
    assert_int_equal(asker_wait(pid), -SIGKILL);
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
    "run.locked",        "run.worker_started", "run.leased",           "run.worker_done",
    "commit.begun",      "commit.appended",    "ledger.before_commit", "ledger.after_commit",
    "ledger.after_head", "outbox.begun",       "outbox.moved",         "outbox.done"};
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(second_run_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled_run_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_run_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(death_at_every_step, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_calls, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
