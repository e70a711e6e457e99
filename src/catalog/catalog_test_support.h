/*
 * catalog_test_support.h - for the tests of this folder: a home, and the steps of registering,
 * enforcing and looking, each of which fails the test when it fails.
 */
#ifndef WEFT_CATALOG_CATALOG_TEST_SUPPORT_H
#define WEFT_CATALOG_CATALOG_TEST_SUPPORT_H

#include "catalog/product_entry.h"

struct catalog_fixture {
    char *dir;
    char *home;
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    struct weft_ledger_txn *txn;
    struct weft_error error;
    const char *owns[2]; /* of the checkout; none: what it holds */
    size_t owns_count;
};

/* Fails the test with the line and the error. */
void catalog_ok(int rc, const struct weft_error *error, int line);
/* A new home, opened. */
int catalog_setup(void **state);
int catalog_teardown(void **state);
/* f->txn, writing. */
void catalog_begin(struct catalog_fixture *f);
/* The sequence it ends at. */
int64_t catalog_commit(struct catalog_fixture *f);
/* One transaction each; the sequence behind it. */
int64_t catalog_put(struct catalog_fixture *f, const struct weft_product *p);
int64_t catalog_enforce(struct catalog_fixture *f, const struct weft_product *p);
/* As of a sequence; 0 = now. */
struct weft_registered catalog_get(struct catalog_fixture *f, const char *name, int major,
                                   int64_t sequence);
/* The folded tables are those that the entries make. */
void catalog_rebuilds(struct catalog_fixture *f);
/* A snapshot of a table. */
void catalog_moved_to(struct catalog_fixture *f, const char *table, const char *metadata);
#define OK(expr) catalog_ok((expr), &f->error, __LINE__)

#endif
