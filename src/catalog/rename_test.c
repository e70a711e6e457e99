/* Tests of renaming: what moves and what stays, times before, chains, what cannot be done. */
#include "catalog/catalog_test_support.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "engine/mesh_table.h"
#include "lake/pointer.h"
#include "ledger/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* full: "domain.name"; was: NULL or the name before. */
static const struct weft_product *product(struct catalog_fixture *f, const char *full,
                                          const char *version, const char *was)
{
    struct weft_diag diag;
    const struct weft_product *out = NULL;
    char *text = weft_arena_format(
        f->arena,
        "domain: %.*s\nname: %s\nversion: %s\n%s%s\ninput: {files: x.csv, read: new}\n"
        "schema:\n  - {name: id, type: long}\n",
        (int)strcspn(full, "."), full, strchr(full, '.') + 1, version,
        was == NULL ? "" : "was: ", was == NULL ? "" : was);
    weft_diag_init(&diag);
    OK(weft_product_parse(f->arena, text, strlen(text), "p.yaml", "/srv/mesh/p", &diag, &out,
                          &f->error));
    if (out == NULL)
        fail_msg("%s", diag.items[0].message);
    weft_diag_release(&diag);
    return out;
}

static int64_t rename_one(struct catalog_fixture *f, const char *from, const char *to)
{
    catalog_begin(f);
    OK(weft_catalog_rename(f->txn, "local:test", from, to, &f->error));
    return catalog_commit(f);
}

static void gone(struct catalog_fixture *f, const char *name, int64_t sequence)
{
    struct weft_registered out;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    assert_int_equal(
        weft_catalog_product(f->txn, f->arena, name, WEFT_MAJOR_NEWEST, sequence, &out, &f->error),
        WEFT_NOT_THERE);
    weft_ledger_end(f->txn);
    f->txn = NULL;
}

/* Rows of one column, with a blank between. */
static const char *column(struct catalog_fixture *f, const char *sql)
{
    struct weft_stmt *stmt = NULL;
    const char *out = "";
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_sql_query(f->txn, &stmt, &f->error, sql, ""));
    while (weft_stmt_step(stmt, &f->error) == 0)
        out = weft_arena_format(f->arena, "%s%s%s", out, out[0] == '\0' ? "" : " ",
                                weft_stmt_column_text(stmt, 0));
    weft_stmt_free(stmt);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return out;
}

static const char catalogue_sql[] =
    "SELECT table_namespace || '.' || table_name || substr(metadata_location, -7) "
    "FROM iceberg_tables ORDER BY 1";

static void key_and_folder_stay(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *a = product(f, "health.reports", "1.0.0", NULL);
    const struct weft_product *b = product(f, "cdc.daily", "1.0.1", "health.reports");
    catalog_put(f, a);
    catalog_moved_to(f, "health.reports", "lake/1.json");
    int64_t before = catalog_enforce(f, a);
    int64_t at = rename_one(f, "health.reports", "cdc.daily");
    struct weft_registered r = catalog_get(f, "cdc.daily", WEFT_MAJOR_NEWEST, 0);
    assert_string_equal(r.table, "health.reports");
    assert_string_equal(r.name, "cdc.daily");
    assert_string_equal(r.full_name, "cdc.daily");
    assert_string_equal(r.table_folder, "lake/health/reports__v1");
    assert_string_equal(r.quarantine_folder, "quarantine/health/reports__v1");
    /* The contract in force is that of the new name, though it was written under the old one. */
    assert_string_equal(r.in_force->full_name, "cdc.daily");
    assert_string_equal(r.in_force->domain, "cdc");
    assert_string_equal(r.in_force->name, "daily");
    assert_string_equal(r.in_force->digest, a->digest);
    gone(f, "health.reports", 0);
    assert_string_equal(column(f, catalogue_sql), "cdc.daily/1.json");
    assert_string_equal(column(f, "SELECT namespace FROM iceberg_namespace_properties"), "cdc");
    catalog_put(f, b);
    assert_string_equal(catalog_get(f, "cdc.daily", WEFT_MAJOR_NEWEST, 0).pending->version,
                        "1.0.1");
    catalog_enforce(f, b);
    r = catalog_get(f, "cdc.daily", 1, 0);
    assert_null(r.pending);
    assert_string_equal(r.in_force->version, "1.0.1");
    assert_string_equal(r.table, "health.reports");
    /* As it was. */
    gone(f, "cdc.daily", before);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, before);
    assert_string_equal(r.name, "health.reports");
    assert_string_equal(r.in_force->full_name, "health.reports");
    gone(f, "health.reports", at);
    catalog_rebuilds(f);
}

/* The old name is free, and what comes under it gets a table of its own. */
static void old_name_is_free(void **state)
{
    struct catalog_fixture *f = *state;
    catalog_put(f, product(f, "health.reports", "1.0.0", NULL));
    catalog_put(f, product(f, "health.reports", "2.0.0", NULL));
    rename_one(f, "health.reports", "health.daily");
    assert_string_equal(catalog_get(f, "health.daily", 2, 0).table, "health.reports__v2");
    assert_string_equal(catalog_get(f, "health.daily", 1, 0).name, "health.daily__v1");
    catalog_put(f, product(f, "health.reports", "1.0.0", NULL));
    catalog_put(f, product(f, "health.reports", "2.0.0", NULL));
    catalog_put(f, product(f, "health.reports", "3.0.0", NULL));
    assert_string_equal(catalog_get(f, "health.reports", 1, 0).table, "health.reports__v1_2");
    assert_string_equal(catalog_get(f, "health.reports", 1, 0).table_folder,
                        "lake/health/reports__v1_2");
    assert_string_equal(catalog_get(f, "health.reports", 2, 0).table, "health.reports__v2_2");
    assert_string_equal(catalog_get(f, "health.reports", 3, 0).table, "health.reports__v3");
    assert_string_equal(catalog_get(f, "health.daily", 1, 0).table_folder,
                        "lake/health/reports__v1");
    /* Dropped and registered again: the same key, which nobody else had since. */
    catalog_begin(f);
    OK(weft_catalog_drop(f->txn, "local:test", "health.reports", 1, "test", &f->error));
    OK(weft_catalog_drop(f->txn, "local:test", "health.daily", 1, "test", &f->error));
    catalog_commit(f);
    catalog_put(f, product(f, "health.reports", "1.0.0", NULL));
    catalog_put(f, product(f, "health.daily", "1.0.0", NULL));
    assert_string_equal(catalog_get(f, "health.reports", 1, 0).table, "health.reports__v1_2");
    assert_string_equal(catalog_get(f, "health.daily", 1, 0).table, "health.reports");
    /* And back: each has what it brought along. */
    rename_one(f, "health.reports", "health.third");
    rename_one(f, "health.daily", "health.reports");
    assert_string_equal(catalog_get(f, "health.reports", 1, 0).table, "health.reports");
    assert_string_equal(catalog_get(f, "health.third", 1, 0).table, "health.reports__v1_2");
    assert_string_equal(column(f, "SELECT table_name FROM catalog_names WHERE seq_to IS NULL "
                                  "GROUP BY table_name HAVING count(*) > 1"),
                        "");
    catalog_rebuilds(f);
}

/* Those that read it read the same product as before. */
static void pins_move_along(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_registered_read read = {"health.reports", false, "health.reports", 1};
    const struct weft_registered_reads reads = {&read, 1};
    const struct weft_registered_read own = {"older", true, "health.reports", 1};
    const struct weft_registered_reads reads_own = {&own, 1};
    catalog_put(f, product(f, "health.reports", "1.0.0", NULL));
    catalog_begin(f);
    OK(weft_catalog_put(f->txn, "local:test", product(f, "cdc.national", "1.0.0", NULL), &reads,
                        "dev", &f->error));
    OK(weft_catalog_put(f->txn, "local:test", product(f, "health.reports", "2.0.0", NULL),
                        &reads_own, "dev", &f->error));
    int64_t before = catalog_commit(f);
    rename_one(f, "health.reports", "health.daily");
    struct weft_registered r = catalog_get(f, "cdc.national", WEFT_MAJOR_NEWEST, 0);
    assert_int_equal(r.reads.count, 1);
    assert_string_equal(r.reads.items[0].name, "health.reports");
    assert_string_equal(r.reads.items[0].full_name, "health.daily");
    r = catalog_get(f, "health.daily", 2, 0);
    assert_int_equal(r.reads.count, 1);
    assert_string_equal(r.reads.items[0].full_name, "health.daily");
    r = catalog_get(f, "cdc.national", WEFT_MAJOR_NEWEST, before);
    assert_string_equal(r.reads.items[0].full_name, "health.reports");
    assert_int_equal(catalog_get(f, "health.reports", 2, before).reads.count, 1);
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_digests(f->txn, f->arena, &digests, &count, &f->error));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_int_equal(count, 3);
    assert_string_equal(digests[0].reads.items[0].full_name, "health.daily");
    catalog_rebuilds(f);
}

static void refused_at(struct catalog_fixture *f, const char *from, const char *to)
{
    catalog_begin(f);
    assert_int_equal(weft_catalog_rename(f->txn, "local:test", from, to, &f->error), -1);
    weft_ledger_end(f->txn);
    f->txn = NULL;
}

static void cannot_be_renamed(void **state)
{
    struct catalog_fixture *f = *state;
    catalog_put(f, product(f, "health.a", "1.0.0", NULL));
    catalog_put(f, product(f, "health.b", "1.0.0", NULL));
    refused_at(f, "health.a", "health.b");
    assert_int_equal(f->error.code, WEFT_E_CONFLICT);
    refused_at(f, "health.none", "health.c");
    assert_int_equal(f->error.code, WEFT_E_CONFLICT);
    refused_at(f, "health.a", "health");
    assert_int_equal(f->error.code, WEFT_E_CORRUPT);
    catalog_rebuilds(f);
}

/* ---- what the files ask for ---- */

struct plan {
    struct weft_rename *items;
    size_t count;
};

static struct plan plan(struct catalog_fixture *f, const struct weft_product *const *products,
                        size_t count)
{
    struct plan out;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    const struct weft_mesh mesh = {
        .products = products, .product_count = count, .owns = {f->owns, f->owns_count}};
    OK(weft_catalog_renames(f->txn, f->arena, &mesh, &out.items, &out.count, &f->error));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return out;
}

static void plan_does(struct catalog_fixture *f, const struct weft_product *const *products,
                      size_t count, const char *expected)
{
    struct plan p = plan(f, products, count);
    const char *got = "";
    for (size_t i = 0; i < p.count; i++) {
        if (p.items[i].refused != NULL)
            fail_msg("%s", p.items[i].refused);
        got = weft_arena_format(f->arena, "%s%s>%s ", got, p.items[i].from, p.items[i].to);
        assert_non_null(p.items[i].product);
    }
    assert_string_equal(got, expected);
}

static void plan_refuses(struct catalog_fixture *f, const struct weft_product *const *products,
                         size_t count, size_t refused, const char *why)
{
    struct plan p = plan(f, products, count);
    size_t found = 0;
    bool said = false;
    for (size_t i = 0; i < p.count; i++) {
        found += p.items[i].refused != NULL;
        said = said || (p.items[i].refused != NULL && strstr(p.items[i].refused, why) != NULL);
        assert_true((p.items[i].refused == NULL) == (p.items[i].hint == NULL));
    }
    if (found != refused || !said)
        fail_msg("%zu refused; %s", found, p.count > 0 ? p.items[0].refused : "");
}

static void files_ask(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *a = product(f, "h.a", "1.0.0", NULL);
    const struct weft_product *b = product(f, "h.b", "1.0.0", NULL);
    const struct weft_product *b_was_a = product(f, "h.b", "1.0.0", "a");
    const struct weft_product *b2_was_a = product(f, "h.b", "2.0.0", "a");
    const struct weft_product *c_was_b = product(f, "h.c", "1.0.0", "b");
    const struct weft_product *c_was_a = product(f, "x.c", "1.0.0", "h.a");
    const struct weft_product *a_was_b = product(f, "h.a", "1.0.0", "b");
    const struct weft_product *a_was_c = product(f, "h.a", "1.0.0", "c");
#define FILES(...)                                                                                 \
    (const struct weft_product *const[]){__VA_ARGS__},                                             \
        sizeof((const struct weft_product *const[]){__VA_ARGS__}) / sizeof(void *)
    plan_does(f, FILES(a, b), "");
    plan_does(f, FILES(b_was_a), ""); /* an empty home: nothing to rename */
    catalog_put(f, a);
    plan_does(f, FILES(b_was_a), "h.a>h.b ");
    plan_does(f, FILES(b_was_a, b2_was_a), "h.a>h.b ");
    plan_refuses(f, FILES(c_was_a), 1, "does not speak for its domain");
    f->owns[0] = "x";
    f->owns_count = 1;
    plan_refuses(f, FILES(c_was_a), 1, "does not speak for its domain");
    f->owns[1] = "h";
    f->owns_count = 2;
    plan_does(f, FILES(c_was_a), "h.a>x.c ");
    f->owns_count = 1; /* a file of another's domain asks for nothing */
    plan_does(f, FILES(b_was_a), "");
    f->owns_count = 0;
    plan_refuses(f, FILES(a, b_was_a), 1, "still has a file");
    plan_refuses(f, FILES(b_was_a, c_was_a), 1, "too");
    catalog_put(f, b);
    plan_refuses(f, FILES(b_was_a), 1, "another product");
    /* A chain: who makes room comes first, wherever it stands. */
    plan_does(f, FILES(b_was_a, c_was_b), "h.b>h.c h.a>h.b ");
    plan_does(f, FILES(c_was_b, b_was_a), "h.b>h.c h.a>h.b ");
    plan_refuses(f, FILES(a_was_b, b_was_a), 2, "swap");
    catalog_begin(f);
    OK(weft_catalog_rename(f->txn, "local:test", "h.b", "h.c", &f->error));
    OK(weft_catalog_rename(f->txn, "local:test", "h.a", "h.b", &f->error));
    catalog_commit(f);
    /* Done: `was` may stay where it is, and the old name may be another's. */
    plan_does(f, FILES(b_was_a, c_was_b), "");
    catalog_put(f, a);
    plan_does(f, FILES(a, b_was_a, c_was_b), "");
    /* In a circle of three, and behind one that cannot. */
    plan_refuses(f, FILES(a_was_c, product(f, "h.c", "1.0.0", "h.x"), b), 1, "another product");
    plan_refuses(f, FILES(a_was_c, c_was_b, product(f, "h.b", "1.0.0", "h.a")), 1,
                 "another product");
    catalog_rebuilds(f);
}

static int torture_rename(void *arg, struct weft_error *error)
{
    struct catalog_fixture *f = arg;
    struct weft_ledger_txn *txn = NULL;
    int rc = weft_ledger_begin_write(f->ledger, &txn, error);
    if (rc == 0)
        rc = weft_catalog_rename(txn, "local:test", "h.a", "h.z", error);
    weft_ledger_end(txn);
    return rc;
}

struct torture_files {
    struct catalog_fixture *f;
    const struct weft_product *files[2];
};

static int torture_plan(void *arg, struct weft_error *error)
{
    struct torture_files *t = arg;
    const struct weft_mesh mesh = {.products = t->files, .product_count = 2};
    struct weft_rename *items = NULL;
    size_t count = 0;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_ledger_txn *txn = NULL;
    int rc = weft_ledger_begin_read(t->f->ledger, &txn, error);
    if (rc == 0)
        rc = weft_catalog_renames(txn, arena, &mesh, &items, &count, error);
    weft_ledger_end(txn);
    weft_arena_free(arena);
    return rc;
}

static void allocation_fails(void **state)
{
    struct catalog_fixture *f = *state;
    catalog_put(f, product(f, "h.a", "1.0.0", NULL));
    catalog_put(f, product(f, "h.b", "1.0.0", NULL));
    struct torture_files t = {f,
                              {product(f, "h.b", "1.0.0", "a"), product(f, "h.c", "1.0.0", "b")}};
    assert_true(weft_test_torture(torture_plan, &t) > 10);
    assert_true(weft_test_torture(torture_rename, f) > 10);
}

int main(void)
{
    weft_lake_register();
    weft_catalog_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(key_and_folder_stay, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(old_name_is_free, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(pins_move_along, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(cannot_be_renamed, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(files_ask, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(allocation_fails, catalog_setup, catalog_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
