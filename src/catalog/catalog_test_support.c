/*
 * catalog_test_support.c - see catalog_test_support.h.
 */
#include "catalog/catalog_test_support.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "lake/pointer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void catalog_ok(int rc, const struct weft_error *error, int line)
{
    if (rc != 0)
        fail_msg("line %d: %d: %s: %s (%s)", line, rc, weft_code_name(error->code), error->message,
                 error->detail);
}
int catalog_setup(void **state)
{
    struct catalog_fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    f->home = weft_format("%s/home", f->dir);
    f->arena = weft_arena_new(0);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    OK(weft_ledger_open(f->home, WEFT_LEDGER_CREATE, &f->ledger, &f->error));
    *state = f;
    return 0;
}

int catalog_teardown(void **state)
{
    struct catalog_fixture *f = *state;
    weft_ledger_end(f->txn);
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_test_dir_remove(f->dir);
    weft_free(f->home);
    weft_free(f);
    return 0;
}

void catalog_begin(struct catalog_fixture *f)
{
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
}

int64_t catalog_commit(struct catalog_fixture *f)
{
    struct weft_ledger_head head;
    OK(weft_ledger_head(f->txn, &head, &f->error));
    int rc = weft_ledger_commit(f->txn, &f->error);
    f->txn = NULL;
    OK(rc);
    return head.sequence;
}

int64_t catalog_put(struct catalog_fixture *f, const struct weft_product *p)
{
    catalog_begin(f);
    OK(weft_catalog_put(f->txn, "local:test", p, NULL, "dev", &f->error));
    return catalog_commit(f);
}

int64_t catalog_enforce(struct catalog_fixture *f, const struct weft_product *p)
{
    catalog_begin(f);
    OK(weft_catalog_enforce(f->txn, "local:test", p, &f->error));
    return catalog_commit(f);
}

struct weft_registered catalog_get(struct catalog_fixture *f, const char *name, int major,
                                   int64_t sequence)
{
    struct weft_registered out = {0};
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_product(f->txn, f->arena, name, major, sequence, &out, &f->error));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return out;
}

void catalog_rebuilds(struct catalog_fixture *f)
{
    struct weft_ledger_report report;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
    OK(weft_ledger_verify(f->ledger, &report, &f->error));
}

void catalog_moved_to(struct catalog_fixture *f, const char *table, const char *metadata)
{
    struct weft_table_made made = {.metadata_path = metadata, .snapshot_id = 42};
    struct weft_pointer_commit move = {
        .space = WEFT_SPACE_LAKE, .table = table, .made = &made, .operation = "append"};
    catalog_begin(f);
    OK(weft_lake_describe(f->txn, "local:test", "mesh", f->home, &f->error));
    OK(weft_pointer_commit(f->txn, "local:test", &move, &f->error));
    catalog_commit(f);
}
