/*
 * rollback_test.c - back to an old snapshot; the end of a product.
 */
#include "flow/run_test_support.h"

#include "base/fs.h"

#include <string.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rolls_back, setup, teardown),
        cmocka_unit_test_setup_teardown(rolls_back_to_nothing_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(drops, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
