/*
 * torture_test.c - allocation 1, 2, 3 ... fails, SQLite's own too: opening, appending, committing,
 * reading, checking say out of memory, and the ledger is sound afterwards.
 */
#include "ledger/ledger_test_support.h"
#include "ledger/store.h"

#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

static int read_all(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT name, value FROM test_now", &stmt, error));
    for (;;) {
        int rc = weft_stmt_step(stmt, error);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        const char *text = weft_stmt_column_text(stmt, 1);
        WEFT_TRY(weft_stmt_check(stmt, error));
        if (text[0] == '\0')
            return weft_error_set(error, WEFT_E_INTERNAL, "a value was lost");
    }
}

static int use(void *home, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_TRY(weft_ledger_open(home, 0, &ledger, error));
    WEFT_TRY(ledger_test_put(ledger, "a", 1, error));
    return read_all(ledger, error);
}

static int look_after(void *home, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    char hash[WEFT_SHA256_HEX];
    WEFT_TRY(weft_ledger_open(home, 0, &ledger, error));
    WEFT_TRY(weft_ledger_verify(ledger, NULL, error));
    WEFT_TRY(weft_ledger_rebuild(ledger, true, NULL, error));
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    WEFT_TRY(weft_ledger_list_put(ledger, "x\n", 2, hash, error));
    weft_ledger_end(txn);
    txn = NULL;
    return weft_ledger_lists_sweep(ledger, error);
}

/* A head that is gone is put right. Every time in a new home: an old one grows by an entry. */
static int accept_head(void *base, struct weft_error *error)
{
    static int number;
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    char home[512], path[600];
    bool accepted = false;
    snprintf(home, sizeof home, "%s/home%d", (const char *)base, number++);
    snprintf(path, sizeof path, "%s/ledger.head", home);
    WEFT_TRY(weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, error));
    unlink(path);
    return weft_ledger_accept(ledger, "local:test", "it is a test", NULL, &accepted, error);
}

static int make(void *base, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    char home[512];
    snprintf(home, sizeof home, "%s/home", (const char *)base);
    return weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, error);
}

static void torture(int (*fn)(void *, struct weft_error *), bool with_sqlite, const char *what)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char *base = ledger_test_fast_dir();
    char home[512];
    snprintf(home, sizeof home, "%s/home", base);
    assert_int_equal(make(base, &error), 0);
    weft_store_sqlite_count_allocations = with_sqlite;
    uint64_t count = weft_test_torture(fn, fn == make ? base : home);
    weft_store_sqlite_count_allocations = false;
    print_message("%s: %" PRIu64 " allocations\n", what, count);
    assert_int_equal(look_after(home, &error), 0);
    weft_test_dir_remove(base);
}

static void test_use(void **state)
{
    (void)state;
    torture(use, false, "open, append, commit, read");
}

static void test_use_with_sqlite(void **state)
{
    (void)state;
    torture(use, true, "the same with SQLite's");
}

static void test_look_after(void **state)
{
    (void)state;
    torture(look_after, false, "verify, rebuild");
}

static void test_accept(void **state)
{
    (void)state;
    char *base = ledger_test_fast_dir();
    uint64_t count = weft_test_torture(accept_head, base);
    print_message("a head accepted: %" PRIu64 " allocations\n", count);
    weft_test_dir_remove(base);
}

static int make_fresh(void *base, struct weft_error *error)
{
    static int number;
    char home[512];
    snprintf(home, sizeof home, "%s/home%d", (const char *)base, number++);
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    return weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, error);
}

static void test_make(void **state)
{
    (void)state;
    char *base = ledger_test_fast_dir();
    uint64_t count = weft_test_torture(make_fresh, base);
    print_message("making a home: %" PRIu64 " allocations\n", count);
    weft_test_dir_remove(base);
}

int main(void)
{
    ledger_test_register();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_use),
                                       cmocka_unit_test(test_use_with_sqlite),
                                       cmocka_unit_test(test_look_after),
                                       cmocka_unit_test(test_accept), cmocka_unit_test(test_make)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
