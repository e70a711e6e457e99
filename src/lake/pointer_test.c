/*
 * pointer_test.c - the pointers in a real ledger: moved once, refused twice, seen as of a sequence,
 * shown by the catalogue's views; and the slots of readers.
 */
#include "base/fs.h"
#include "base/test_support.h"
#include "lake/lake_test_support.h"
#include "lake/pointer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TABLE "county_health.daily_reports"

static char *folder;
static char *home;
static struct weft_ledger *ledger;
static struct weft_arena *arena;
static struct weft_error error = WEFT_ERROR_INIT;

static int setup(void **state)
{
    (void)state;
    folder = weft_test_dir();
    home = weft_path_join(folder, "home");
    arena = weft_arena_new(0);
    lake_test_ok(weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, &error), &error);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_ledger_closep(&ledger);
    weft_arena_free(arena);
    weft_free(home);
    weft_test_dir_remove(folder);
    return 0;
}

static struct weft_ledger_txn *begin(void)
{
    struct weft_ledger_txn *txn = NULL;
    lake_test_ok(weft_ledger_begin_write(ledger, &txn, &error), &error);
    return txn;
}

static int64_t commit(struct weft_ledger_txn *txn)
{
    struct weft_ledger_head head;
    lake_test_ok(weft_ledger_head(txn, &head, &error), &error);
    lake_test_ok(weft_ledger_commit(txn, &error), &error);
    return head.sequence;
}

static int put(struct weft_ledger_txn *txn, const char *space, const char *metadata,
               const char *previous, int64_t snapshot_id, const char *version)
{
    struct weft_table_made made = {.metadata_path = metadata,
                                   .previous_path = previous,
                                   .snapshot_id = snapshot_id,
                                   .total_records = 10};
    struct weft_pointer_commit change = {.space = space,
                                         .table = TABLE,
                                         .made = &made,
                                         .operation = "append",
                                         .added = 10,
                                         .contract_version = version};
    return weft_pointer_commit(txn, "local", &change, &error);
}

static int get(int64_t sequence, struct weft_pointer *pointer)
{
    struct weft_ledger_txn *txn = NULL;
    lake_test_ok(weft_ledger_begin_read(ledger, &txn, &error), &error);
    int rc = weft_pointer_get(txn, arena, WEFT_SPACE_LAKE, TABLE, sequence, pointer, &error);
    weft_ledger_end(txn);
    assert_true(rc >= 0);
    return rc;
}

static void test_moves(void **state)
{
    (void)state;
    struct weft_pointer pointer;
    assert_int_equal(get(0, &pointer), WEFT_NOT_THERE);
    struct weft_ledger_txn *txn = begin();
    lake_test_ok(put(txn, "lake", "lake/m0", NULL, INT64_MAX - 1, "1.0.0"), &error);
    int64_t one = commit(txn);
    txn = begin();
    lake_test_ok(put(txn, "lake", "lake/m1", "lake/m0", 2, "1.1.0"), &error);
    int64_t two = commit(txn);
    assert_int_equal(get(0, &pointer), 0);
    assert_string_equal(pointer.metadata, "lake/m1");
    assert_string_equal(pointer.contract_version, "1.1.0");
    assert_int_equal(pointer.snapshot_id, 2);
    assert_int_equal(pointer.sequence, two);
    assert_int_equal(get(one, &pointer), 0);
    assert_string_equal(pointer.metadata, "lake/m0");
    assert_true(pointer.snapshot_id == INT64_MAX - 1);
    assert_int_equal(get(one - 1 > 0 ? one - 1 : 1, &pointer), one == 1 ? 0 : WEFT_NOT_THERE);
}

static void test_conflict(void **state)
{
    (void)state;
    static const char *const wrong[] = {NULL, "lake/other"};
    struct weft_ledger_txn *txn = begin();
    lake_test_ok(put(txn, "lake", "lake/m0", NULL, 1, NULL), &error);
    commit(txn);
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++) {
        txn = begin();
        assert_int_equal(put(txn, "lake", "lake/m1", wrong[i], 2, NULL), -1);
        assert_int_equal(error.code, WEFT_E_CONFLICT);
        weft_ledger_end(txn);
    }
    txn = begin();
    assert_int_equal(put(txn, "quarantine", "q/m1", "q/m0", 2, NULL), -1);
    assert_int_equal(error.code, WEFT_E_CONFLICT);
    weft_ledger_end(txn);
}

static void test_schema_only(void **state)
{
    (void)state;
    struct weft_pointer pointer;
    struct weft_ledger_txn *txn = begin();
    lake_test_ok(put(txn, "lake", "lake/m0", NULL, 7, "1.0.0"), &error);
    lake_test_ok(put(txn, "lake", "lake/m1", "lake/m0", 0, NULL), &error);
    commit(txn);
    assert_int_equal(get(0, &pointer), 0);
    assert_string_equal(pointer.metadata, "lake/m1");
    assert_int_equal(pointer.snapshot_id, 7);
    assert_string_equal(pointer.contract_version, "1.0.0");
}

static const char *one_text(struct weft_ledger_txn *txn, const char *sql)
{
    struct weft_stmt *stmt = NULL;
    lake_test_ok(weft_stmt_prepare(txn, sql, &stmt, &error), &error);
    int rc = weft_stmt_step(stmt, &error);
    assert_true(rc >= 0);
    const char *text = rc == 0 ? weft_arena_strdup(arena, weft_stmt_column_text(stmt, 0)) : "";
    weft_stmt_free(stmt);
    return text;
}

static void test_views_and_drop(void **state)
{
    (void)state;
    struct weft_ledger_txn *txn = begin();
    lake_test_ok(weft_lake_describe(txn, "local", "health", home, &error), &error);
    lake_test_ok(weft_lake_describe(txn, "local", "health", home, &error), &error);
    lake_test_ok(put(txn, "lake", "lake/m0", NULL, 7, "1.0.0"), &error);
    lake_test_ok(put(txn, "quarantine", "quarantine/m0", NULL, 8, "1.0.0"), &error);
    lake_test_ok(put(txn, "lake", "lake/m1", "lake/m0", 9, "1.0.0"), &error);
    assert_string_equal(one_text(txn, "SELECT count(*) FROM lake_catalog"), "1");
    assert_string_equal(
        one_text(txn, "SELECT catalog_name || table_namespace || table_name || iceberg_type "
                      "FROM iceberg_tables"),
        "healthcounty_healthdaily_reportsTABLE");
    assert_string_equal(one_text(txn, "SELECT count(*) FROM iceberg_tables"), "1");
    char *location = weft_format("file://%s/lake/m1", home);
    assert_string_equal(one_text(txn, "SELECT metadata_location FROM iceberg_tables"), location);
    weft_free(location);
    assert_string_equal(one_text(txn, "SELECT namespace FROM iceberg_namespace_properties"),
                        "county_health");
    lake_test_ok(weft_pointer_drop(txn, "local", "lake", TABLE, &error), &error);
    assert_string_equal(one_text(txn, "SELECT count(*) FROM iceberg_tables"), "0");
    assert_string_equal(one_text(txn, "SELECT count(*) FROM lake_snapshots WHERE seq_to IS NULL"),
                        "1");
    /* The same name again, from the beginning. */
    lake_test_ok(put(txn, "lake", "lake/m2", NULL, 7, "1.0.0"), &error);
    commit(txn);
    txn = begin();
    assert_int_equal(weft_pointer_drop(txn, "local", "lake", "a.b", &error), -1);
    assert_int_equal(error.code, WEFT_E_CONFLICT);
    weft_ledger_end(txn);
    struct weft_ledger_report report;
    lake_test_ok(weft_ledger_rebuild(ledger, true, &report, &error), &error);
}

static void test_slots(void **state)
{
    (void)state;
    int64_t oldest = 0;
    struct weft_slot *a = NULL;
    struct weft_slot *b = NULL;
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_true(oldest == INT64_MAX);
    lake_test_ok(weft_slot_open(home, 17, &a, &error), &error);
    lake_test_ok(weft_slot_open(home, 5, &b, &error), &error);
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_int_equal(oldest, 5);
    weft_slot_close(b);
    /* What a killed process leaves: a file that nobody holds. */
    char *dead = weft_format("%s/slots/dead", home);
    lake_test_ok(weft_fs_write_file(dead, "3\n", 2, &error), &error);
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_int_equal(oldest, 17);
    assert_false(weft_fs_exists(dead));
    weft_free(dead);
    weft_slot_close(a);
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_true(oldest == INT64_MAX);
    weft_slot_close(NULL);
    /* Who may not write leaves none, and keeps all; several may. */
    int first = -1, second = -1;
    lake_test_ok(weft_slot_guard(home, &first, &error), &error);
    lake_test_ok(weft_slot_guard(home, &second, &error), &error);
    weft_fd_close(&first);
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_int_equal(oldest, 0);
    weft_fd_close(&second);
    lake_test_ok(weft_slot_oldest(home, &oldest, &error), &error);
    assert_true(oldest == INT64_MAX);
}

static int torture_slots(void *arg, struct weft_error *failure)
{
    (void)arg;
    struct weft_slot *slot = NULL;
    int64_t oldest = 0;
    int rc = weft_slot_open(home, 1, &slot, failure);
    if (rc == 0)
        rc = weft_slot_oldest(home, &oldest, failure);
    weft_slot_close(slot);
    return rc;
}

static int torture_pointer(void *arg, struct weft_error *failure)
{
    (void)arg;
    struct weft_ledger_txn *txn = NULL;
    struct weft_pointer pointer;
    struct weft_arena *own = weft_arena_new(0);
    if (own == NULL)
        return weft_error_nomem(failure);
    struct weft_table_made made = {.metadata_path = "lake/m0", .snapshot_id = 3};
    struct weft_pointer_commit change = {.space = "lake",
                                         .table = TABLE,
                                         .made = &made,
                                         .operation = "append",
                                         .contract_version = "1.0.0"};
    int rc = weft_ledger_begin_write(ledger, &txn, failure);
    if (rc == 0)
        rc = weft_pointer_commit(txn, "local", &change, failure);
    if (rc == 0)
        rc = weft_pointer_get(txn, own, "lake", TABLE, 0, &pointer, failure);
    weft_ledger_end(txn);
    weft_arena_free(own);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_slots, NULL) > 0);
    assert_true(weft_test_torture(torture_pointer, NULL) > 0);
}

int main(void)
{
    weft_lake_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_views_and_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
