/* Tests of product_entry.h: what is pending and in force, names of majors, as of a sequence, what
 * happens to a refused entry, a rebuild, and 1,000 products. */
#include "catalog/catalog_test_support.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/test_support.h"
#include "catalog/columns.h"
#include "engine/mesh_table.h"
#include "lake/pointer.h"
#include "ledger/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct weft_product *product(struct catalog_fixture *f, const char *name,
                                          const char *version, const char *more)
{
    struct weft_diag diag;
    const struct weft_product *out = NULL;
    char *text = weft_arena_format(f->arena,
                                   "name: %s\ndomain: health\nversion: %s\nowner: a@example.org\n"
                                   "input: {files: inbox/%s*.csv, read: new}\n"
                                   "schema:\n  - {name: id, type: long, required: true}\n"
                                   "  - {name: label, type: string}\n%s",
                                   name, version, name, more);
    weft_diag_init(&diag);
    OK(weft_product_parse(f->arena, text, strlen(text), "p.yaml", "/srv/mesh/p", &diag, &out,
                          &f->error));
    if (out == NULL)
        fail_msg("%s", diag.items[0].message);
    weft_diag_release(&diag);
    return out;
}

static void pending_then_in_force(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *a = product(f, "reports", "1.0.0", "");
    const struct weft_product *b = product(f, "reports", "1.1.0", "quality: {rows: {min: 1}}\n");
    int64_t first = catalog_put(f, a);
    struct weft_registered r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_string_equal(r.pending->version, "1.0.0");
    assert_null(r.in_force);
    assert_ptr_equal(weft_registered_newest(&r), r.pending);
    assert_string_equal(r.table, "health.reports");
    assert_string_equal(r.name, "health.reports");
    assert_string_equal(r.table_folder, "lake/health/reports__v1");
    assert_string_equal(r.quarantine_folder, "quarantine/health/reports__v1");
    assert_string_equal(r.folder, "/srv/mesh/p");
    int64_t second = catalog_enforce(f, a);
    int64_t third = catalog_put(f, b);
    r = catalog_get(f, "health.reports", 1, 0);
    assert_string_equal(r.in_force->version, "1.0.0");
    assert_string_equal(r.pending->version, "1.1.0");
    /* As it was. */
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, first);
    assert_null(r.in_force);
    assert_string_equal(r.pending->version, "1.0.0");
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, second);
    assert_null(r.pending);
    assert_string_equal(r.in_force->version, "1.0.0");
    /* Back to what is in force: nothing is pending. */
    assert_true(catalog_put(f, a) > third);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_null(r.pending);
    /* In force already: no entry. */
    int64_t before = catalog_put(f, b);
    assert_int_equal(catalog_enforce(f, b), before + 1);
    assert_int_equal(catalog_enforce(f, b), before + 1);
    /* A contract that is no longer registered cannot come into force. */
    catalog_begin(f);
    assert_int_equal(weft_catalog_enforce(f->txn, "local:test", a, &f->error), -1);
    assert_int_equal(f->error.code, WEFT_E_CONFLICT);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_int_equal(weft_ledger_begin_read(f->ledger, &f->txn, &f->error), 0);
    assert_int_equal(
        weft_catalog_product(f->txn, f->arena, "health.none", WEFT_MAJOR_NEWEST, 0, &r, &f->error),
        WEFT_NOT_THERE);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    catalog_rebuilds(f);
}

static bool words(struct catalog_fixture *f, const struct weft_product *p,
                  const struct weft_registered_reads *reads)
{
    bool enforced = false;
    catalog_begin(f);
    OK(weft_catalog_put(f->txn, "local:test", p, reads, "dev", &f->error));
    OK(weft_catalog_enforce_words(f->txn, "local:test", p, &enforced, &f->error));
    catalog_commit(f);
    struct weft_registered r = catalog_get(f, p->full_name, WEFT_MAJOR_NEWEST, 0);
    assert_true(enforced == (r.pending == NULL));
    return enforced;
}

/* What changes no row needs no snapshot; what is read from another place does. */
static void words_alone(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *a = product(f, "reports", "1.0.0", "");
    const struct weft_product *b = product(f, "reports", "1.0.1", "description: more\n");
    struct weft_registered_read read = {.name = "x.y", .full_name = "x.y", .major = 1};
    struct weft_registered_reads reads = {.items = &read, .count = 1};
    assert_false(words(f, a, NULL)); /* nothing is in force yet */
    catalog_enforce(f, a);
    assert_true(words(f, b, NULL));
    assert_string_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0).in_force->version,
                        "1.0.1");
    int64_t last = catalog_put(f, b);
    assert_int_equal(catalog_enforce(f, a),
                     last); /* a run that began before: no entry, no refusal */
    assert_false(words(f, a, &reads));
    catalog_enforce(f, a);
    assert_false(words(f, b, NULL));
    assert_true(words(f, b, &reads));
    struct weft_product moved = *a;
    moved.folder = "/srv/mesh/elsewhere";
    assert_false(words(f, &moved, &reads));
    assert_false(words(f, product(f, "reports", "1.0.2", "quality: {rows: {min: 1}}\n"), &reads));
    catalog_rebuilds(f);
}

/* Detected columns stay those that were detected. */
static void words_keep_columns(void **state)
{
    struct catalog_fixture *f = *state;
    static const char *const detected[] = {"a: b: long", "c: list<struct<x: int>>"};
    static const char form[] = "name: p\ndomain: d\nversion: 1.0.%d\ninput: {files: x.csv}\n";
    const struct weft_product *made[2];
    for (int i = 0; i < 2; i++) {
        struct weft_diag diag;
        char *text = weft_arena_format(f->arena, form, i);
        weft_diag_init(&diag);
        OK(weft_product_parse(f->arena, text, strlen(text), "p.yaml", "/p", &diag, &made[i],
                              &f->error));
        weft_diag_release(&diag);
    }
    catalog_put(f, made[0]);
    catalog_begin(f);
    OK(weft_catalog_enforce_detected(f->txn, "local:test", made[0], detected, 2, &f->error));
    catalog_commit(f);
    assert_true(words(f, made[1], NULL));
    const struct weft_catalog_column *columns = NULL;
    size_t count = 0;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_columns(f->txn, f->arena, "d.p", 1, &columns, &count, &f->error));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_int_equal(count, 2);
    assert_string_equal(columns[0].name, "a: b");
    assert_string_equal(columns[1].name, "c");
    catalog_rebuilds(f);
}

static const char *catalogue(struct catalog_fixture *f)
{
    struct weft_stmt *stmt = NULL;
    const char *out = "";
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_sql_query(
        f->txn, &stmt, &f->error,
        "SELECT table_namespace || '.' || table_name || substr(metadata_location, -7) "
        "FROM iceberg_tables ORDER BY 1",
        ""));
    while (weft_stmt_step(stmt, &f->error) == 0)
        out = weft_arena_format(f->arena, "%s%s ", out, weft_stmt_column_text(stmt, 0));
    weft_stmt_free(stmt);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return out;
}

static void catalogue_follows_names(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *one = product(f, "reports", "1.0.0", "");
    const struct weft_product *two = product(f, "reports", "2.0.0", "");
    catalog_put(f, one);
    catalog_moved_to(f, "health.reports", "lake/1.json");
    catalog_enforce(f, one);
    catalog_put(f, two);
    catalog_moved_to(f, "health.reports__v2", "lake/2.json");
    assert_string_equal(catalogue(f), "health.reports/1.json health.reports__v2/2.json ");
    catalog_enforce(f, two);
    assert_string_equal(catalogue(f), "health.reports/2.json health.reports__v1/1.json ");
    catalog_rebuilds(f);
}

static void majors_have_stable_keys(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *one = product(f, "reports", "1.0.0", "");
    const struct weft_product *two = product(f, "reports", "2.0.0", "");
    catalog_put(f, one);
    catalog_enforce(f, one);
    catalog_put(f, two);
    /* Pending: the name still means the one that can be read. */
    assert_int_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0).major, 1);
    struct weft_registered r = catalog_get(f, "health.reports", 2, 0);
    assert_string_equal(r.table, "health.reports__v2");
    assert_string_equal(r.name, "health.reports__v2");
    int64_t last = catalog_enforce(f, two);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_int_equal(r.major, 2);
    assert_string_equal(r.table, "health.reports__v2");
    assert_string_equal(r.name, "health.reports");
    r = catalog_get(f, "health.reports", 1, 0);
    assert_string_equal(r.table, "health.reports");
    assert_string_equal(r.name, "health.reports__v1");
    assert_string_equal(r.table_folder, "lake/health/reports__v1");
    assert_int_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, last - 1).major, 1);
    /* Retired: the name goes back. */
    catalog_begin(f);
    OK(weft_catalog_retire(f->txn, "local:test", "health.reports", 2, NULL, &f->error));
    catalog_commit(f);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_int_equal(r.major, 1);
    assert_true(catalog_get(f, "health.reports", 2, 0).retired);
    catalog_put(f, two);
    assert_false(catalog_get(f, "health.reports", 2, 0).retired);
    assert_int_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0).major, 2);
    /* A key is never given to another major. */
    catalog_begin(f);
    OK(weft_catalog_drop(f->txn, "local:test", "health.reports", 1, "test", &f->error));
    catalog_commit(f);
    catalog_put(f, product(f, "reports", "3.0.0", ""));
    assert_string_equal(catalog_get(f, "health.reports", 3, 0).table, "health.reports__v3");
    catalog_put(f, one);
    assert_string_equal(catalog_get(f, "health.reports", 1, 0).table, "health.reports");
    catalog_begin(f);
    assert_int_equal(weft_catalog_retire(f->txn, "local:test", "health.none", 1, NULL, &f->error),
                     -1);
    assert_int_equal(f->error.code, WEFT_E_CONFLICT);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    struct weft_registered_list list;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_products(f->txn, f->arena, &list, &f->error));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[2].major, 3);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    catalog_rebuilds(f);
}

/* ---- what a contract reads ---- */

static struct weft_registered_digest *digests_of(struct catalog_fixture *f, size_t *count)
{
    struct weft_registered_digest *digests = NULL;
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_digests(f->txn, f->arena, &digests, count, &f->error));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return digests;
}

static int64_t put_reads(struct catalog_fixture *f, const struct weft_product *p,
                         const struct weft_registered_read *items, size_t count)
{
    struct weft_registered_reads reads = {items, count};
    catalog_begin(f);
    OK(weft_catalog_put(f->txn, "local:test", p, &reads, "dev", &f->error));
    return catalog_commit(f);
}

static void reads_of_the_newest_contract(void **state)
{
    struct catalog_fixture *f = *state;
    static const struct weft_registered_read first[] = {{"counties", true, "reference.counties", 1},
                                                        {"cdc.daily", false, "cdc.daily", 3}};
    static const struct weft_registered_read second[] = {
        {"counties", true, "reference.counties", 2}};
    const struct weft_product *a = product(f, "reports", "1.0.0", "tags: [covid, \"a b\"]\n");
    catalog_put(f, product(f, "alone", "1.0.0", ""));
    int64_t at = put_reads(f, a, first, 2);
    catalog_put(f, product(f, "zebra", "1.0.0", ""));
    struct weft_registered r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_int_equal(r.reads.count, 2);
    assert_string_equal(r.reads.items[0].name, "counties");
    assert_true(r.reads.items[0].is_port);
    assert_string_equal(r.reads.items[1].full_name, "cdc.daily");
    assert_false(r.reads.items[1].is_port);
    assert_int_equal(r.reads.items[1].major, 3);
    catalog_enforce(f, a);
    assert_int_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0).reads.count, 2);
    /* The same document that reads another major is another contract. */
    put_reads(f, a, second, 1);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_non_null(r.pending);
    assert_int_equal(r.reads.count, 1);
    assert_int_equal(r.reads.items[0].major, 2);
    assert_int_equal(catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, at).reads.count, 2);
    catalog_enforce(f, a);
    put_reads(f, a, second, 1);
    r = catalog_get(f, "health.reports", WEFT_MAJOR_NEWEST, 0);
    assert_null(r.pending);
    assert_int_equal(r.reads.count, 1);
    size_t count = 0;
    struct weft_registered_digest *digests = digests_of(f, &count);
    assert_int_equal(count, 3);
    assert_int_equal(digests[0].reads.count, 0);
    assert_int_equal(digests[1].reads.count, 1);
    assert_int_equal(digests[1].reads.items[0].major, 2);
    assert_int_equal(digests[1].tags.count, 2);
    assert_string_equal(digests[1].tags.items[1], "a b");
    assert_int_equal(digests[2].reads.count, 0);
    /* Of a dropped product nothing is left. */
    catalog_begin(f);
    OK(weft_catalog_drop(f->txn, "local:test", "health.reports", 1, "test", &f->error));
    catalog_commit(f);
    digests_of(f, &count);
    assert_int_equal(count, 2);
    catalog_rebuilds(f);
}

/* ---- the mesh tables ---- */

static const struct weft_mesh_table *mesh_table(const char *name)
{
    for (size_t i = 0; i < weft_mesh_table_count(); i++) {
        if (strcmp(weft_mesh_table_nth(i)->name, name) == 0)
            return weft_mesh_table_nth(i);
    }
    fail_msg("no mesh.%s", name);
    return NULL;
}

/* All rows as one text: values by |, rows by line. */
static const char *rows_of(struct catalog_fixture *f, const char *name, int64_t now)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    struct weft_stmt *stmt = NULL;
    const struct weft_mesh_table *table = mesh_table(name);
    weft_buf_init(&out, 1 << 20);
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_sql_query(f->txn, &stmt, &f->error, table->sql, "ii", INT64_MAX - 1, now));
    assert_int_equal(weft_stmt_column_count(stmt), table->column_count);
    int rc;
    while ((rc = weft_stmt_step(stmt, &f->error)) == 0) {
        for (size_t i = 0; i < table->column_count; i++)
            weft_buf_addf(
                &out, "%s%s", i == 0 ? "" : "|",
                weft_stmt_column_is_null(stmt, (int)i) ? "-" : weft_stmt_column_text(stmt, (int)i));
        weft_buf_addc(&out, '\n');
    }
    if (rc != WEFT_END)
        fail_msg("mesh.%s: %s %s", name, f->error.message, f->error.detail);
    weft_stmt_free(stmt);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    return weft_arena_strdup(f->arena, out.data);
}

/* The tables of flow that mesh.products names; flow registers them in the program. */
static const struct weft_ledger_table flow_tables = {
    .name = "flow_runs",
    .operational = true,
    .ddl = "CREATE TABLE IF NOT EXISTS flow_runs(product TEXT, state TEXT, cause TEXT, "
           "finished_at BIGINT, seq_from BIGINT);"
           "CREATE TABLE IF NOT EXISTS flow_checked(product TEXT, checked_at BIGINT);"
           "CREATE TABLE IF NOT EXISTS flow_checks(product TEXT, rule TEXT, value DOUBLE PRECISION,"
           "seq_from BIGINT);"};

static void tables_of_the_mesh(void **state)
{
    struct catalog_fixture *f = *state;
    const struct weft_product *a = product(f, "reports", "1.0.0", "quality: {freshness: 24h}\n");
    const struct weft_product *detected = product(f, "loose", "1.0.0", "");
    struct weft_table_made made = {.metadata_path = "lake/health/reports__v1/metadata/a.json",
                                   .snapshot_id = 42,
                                   .total_records = 7,
                                   .total_files = 1,
                                   .total_bytes = 99};
    catalog_put(f, a);
    assert_string_equal(rows_of(f, "products", 0),
                        "health.reports|health|reports|1|1.0.0|a@example.org|-|active|-|[]|-|-|-|-|"
                        "0|1.0.0\n");
    catalog_begin(f);
    struct weft_pointer_commit move = {.space = WEFT_SPACE_LAKE,
                                       .table = "health.reports",
                                       .made = &made,
                                       .operation = "append",
                                       .added = 7,
                                       .run_id = "run-1",
                                       .contract_version = "1.0.0"};
    OK(weft_pointer_commit(f->txn, "local:test", &move, &f->error));
    OK(weft_catalog_enforce(f->txn, "local:test", a, &f->error));
    OK(weft_ledger_exec(f->txn, &f->error,
                        "INSERT INTO flow_checked VALUES('health.reports', 1000)", NULL));
    catalog_commit(f);
    const char *rows = rows_of(f, "products", 2000);
    assert_non_null(strstr(rows, "|7|42|"));
    assert_non_null(strstr(rows, "|1000|1|-\n"));
    assert_non_null(strstr(rows_of(f, "products", INT64_C(90000000000)), "|1000|0|-\n"));
    assert_string_equal(rows_of(f, "columns", 0), "health.reports|id|1|long|1|-|-|-\n"
                                                  "health.reports|label|2|string|0|-|-|-\n");
    rows = rows_of(f, "snapshots", 0);
    assert_non_null(strstr(rows, "health.reports|42|-|"));
    assert_non_null(strstr(rows, "|append|7|7|0|1|99|run-1|1.0.0|0\n"));
    (void)detected;
    catalog_rebuilds(f);
}

static void detected_columns(void **state)
{
    struct catalog_fixture *f = *state;
    struct weft_diag diag;
    const struct weft_product *loose = NULL;
    static const char text[] =
        "name: loose\ndomain: health\nversion: 1.0.0\ninput: {files: x.csv}\n";
    const char *const one[] = {"a: b: long", "c: string"}, *const two[] = {"a: b: long"};
    weft_diag_init(&diag);
    OK(weft_product_parse(f->arena, text, sizeof text - 1, "p.yaml", "/srv", &diag, &loose,
                          &f->error));
    if (loose == NULL)
        fail_msg("%s", diag.items[0].message);
    weft_diag_release(&diag);
    catalog_put(f, loose);
    for (int i = 0; i < 2; i++) {
        catalog_begin(f);
        OK(weft_catalog_enforce_detected(f->txn, "local:test", loose, one, 2, &f->error));
        catalog_commit(f);
    }
    assert_string_equal(rows_of(f, "columns", 0), "health.loose|a: b|1|long|0|-|-|-\n"
                                                  "health.loose|c|2|string|0|-|-|-\n");
    catalog_begin(f);
    OK(weft_catalog_enforce_detected(f->txn, "local:test", loose, two, 1, &f->error));
    catalog_commit(f);
    assert_string_equal(rows_of(f, "columns", 0), "health.loose|a: b|1|long|0|-|-|-\n");
    catalog_rebuilds(f);
}

static void thousand_products(void **state)
{
    struct catalog_fixture *f = *state;
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    catalog_begin(f);
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d", i);
        char upstream[32];
        snprintf(upstream, sizeof upstream, "health.p%d", i / 2);
        const struct weft_registered_read read = {upstream, false, upstream, 1};
        const struct weft_registered_reads reads = {&read, i > 0};
        OK(weft_catalog_put(f->txn, "local:test", product(f, name, "1.0.0", "tags: [a, b]\n"),
                            &reads, "dev", &f->error));
    }
    catalog_commit(f);
    int64_t start = weft_clock_mono_us();
    OK(weft_ledger_begin_read(f->ledger, &f->txn, &f->error));
    OK(weft_catalog_digests(f->txn, f->arena, &digests, &count, &f->error));
    int64_t took = weft_clock_mono_us() - start;
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_int_equal(count, 1000);
    assert_null(digests[0].in_force_digest);
    assert_int_equal(digests[999].reads.count, 1);
    assert_string_equal(digests[999].reads.items[0].name, "health.p499");
    assert_int_equal(strlen(digests[0].pending_digest), 64);
    printf("digests of 1000 products: %" PRId64 " us\n", took);
    start = weft_clock_mono_us();
    rows_of(f, "products", 0);
    printf("mesh.products of 1000 products: %" PRId64 " us\n", weft_clock_mono_us() - start);
}

/* ---- allocation ---- */

static int torture_once(void *arg, struct weft_error *error)
{
    struct catalog_fixture *f = arg;
    struct weft_registered out;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_ledger_txn *txn = NULL;
    int rc = weft_ledger_begin_read(f->ledger, &txn, error);
    if (rc == 0)
        rc = weft_catalog_product(txn, arena, "health.reports", WEFT_MAJOR_NEWEST, 0, &out, error);
    weft_ledger_end(txn);
    weft_arena_free(arena);
    return rc;
}

static void allocation_fails(void **state)
{
    struct catalog_fixture *f = *state;
    catalog_put(f, product(f, "reports", "1.0.0", ""));
    assert_true(weft_test_torture(torture_once, f) > 10);
}

int main(void)
{
    weft_ledger_register_table(&flow_tables);
    weft_lake_register();
    weft_catalog_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pending_then_in_force, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(words_alone, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(words_keep_columns, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(majors_have_stable_keys, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(catalogue_follows_names, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(reads_of_the_newest_contract, catalog_setup,
                                        catalog_teardown),
        cmocka_unit_test_setup_teardown(tables_of_the_mesh, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(detected_columns, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(thousand_products, catalog_setup, catalog_teardown),
        cmocka_unit_test_setup_teardown(allocation_fails, catalog_setup, catalog_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
