/*
 * replay_test.c - rows that were set aside: replayed once, dismissed.
 */
#include "flow/run_test_support.h"

#include "flow/quarantine.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

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
    leases_wait(f, 1);
    OK(weft_quarantine_dismiss(f->ledger, f->arena, &f->product, NULL, "local:test", "known",
                               &count, &f->error));
    assert_int_equal(asker_wait(pid), WEFT_E_CONFLICT);
    assert_int_equal(rows_now(f), 1);
    holds(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replay_happens_once, setup, teardown),
        cmocka_unit_test_setup_teardown(dismissed_rows_stay_away, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
