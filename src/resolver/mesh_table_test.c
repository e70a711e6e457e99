/*
 * mesh_table_test.c - rows of the store as a DuckDB table, through the resolver.
 */
#include "engine/mesh_table.h"

#include "base/mem.h"
#include "base/test_support.h"
#include "resolver/resolver.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct weft_mesh_column columns[] = {
    {"name", "string", WEFT_MESH_ALL},    {"rows", "long", WEFT_MESH_WHOLE},
    {"share", "double", WEFT_MESH_ALL},   {"good", "boolean", WEFT_MESH_ALL},
    {"at", "timestamptz", WEFT_MESH_ALL}, {"tags", "list<string>", WEFT_MESH_ALL},
};
static const struct weft_mesh_table things = {
    .name = "things",
    .help = "Things.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    .sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) "
           "SELECT 'n' || i, CASE WHEN i % 2 = 0 THEN i + ?1 END, i / 2.0, i % 3 = 0, ?2 + i, "
           "CASE WHEN i % 5 = 0 THEN NULL ELSE json_array('a', 'b' || i) END FROM n"};

/* A row of each product; what each is shown of it says the key. */
static const struct weft_mesh_column cut_columns[] = {{"product", "string", WEFT_MESH_ALL},
                                                      {"rows", "long", WEFT_MESH_WHOLE},
                                                      {"message", "string", WEFT_MESH_TEAM},
                                                      {"made", "list<string>", WEFT_MESH_TEAM},
                                                      {"forgotten", "long", WEFT_MESH_NOBODY}};
static const struct weft_mesh_table cut_table = {
    .name = "cut",
    .help = "What is cut.",
    .columns = cut_columns,
    .column_count = WEFT_COUNT(cut_columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS, .keys = ", p, NULL, 0", .least = WEFT_MESH_ALL},
    .sql = "SELECT p, 7, m, json_array(m), 1 " WEFT_MESH_KEYS
           "FROM (SELECT 'none' AS p, 'm' AS m UNION ALL SELECT 'all', 'm' UNION ALL "
           "SELECT 'whole', 'm' UNION ALL SELECT 'team', 'm' UNION ALL SELECT 'team', 'secret') "
           "WHERE ?1 > 0"};

static unsigned cut_row(const void *arg, const struct weft_mesh_table *table, struct weft_stmt *row,
                        int keys)
{
    const char *key = weft_stmt_column_text(row, keys);
    (void)arg;
    assert_int_equal(keys, (int)table->column_count);
    assert_true(weft_stmt_column_is_null(row, keys + 1));
    return strcmp(key, "none") == 0    ? 0
           : strcmp(key, "all") == 0   ? WEFT_MESH_ALL
           : strcmp(key, "whole") == 0 ? WEFT_MESH_ALL | WEFT_MESH_WHOLE
                                       : WEFT_MESH_ALL | WEFT_MESH_WHOLE | WEFT_MESH_TEAM;
}

static bool cut_text(const void *arg, const char *text)
{
    (void)arg;
    return strstr(text, "secret") == NULL;
}

static const struct weft_mesh_view cut_view = {.row = cut_row, .text = cut_text};

struct fixture {
    char *dir;
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn;
    struct weft_engine *engine;
};

static int mesh_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                        struct weft_relation *out, struct weft_error *error)
{
    (void)arg;
    if (name->schema == NULL || strcmp(name->schema, "mesh") != 0)
        return WEFT_NOT_THERE;
    return weft_mesh_table_relation(arena, name->table, out, error);
}

static const struct weft_mesh_view *view_of_setup; /* NULL = the local operator's */

static int setup(void **state)
{
    struct fixture *fixture = weft_alloc(sizeof(*fixture));
    struct weft_error error = WEFT_ERROR_INIT;
    weft_mesh_table_register(&things);
    weft_mesh_table_register(&cut_table);
    fixture->dir = weft_test_dir();
    char *home = weft_format("%s/home", fixture->dir);
    struct weft_engine_config config = {.threads = 2};
    int rc = weft_ledger_open(home, WEFT_LEDGER_CREATE, &fixture->ledger, &error);
    if (rc == 0)
        rc = weft_ledger_begin_read(fixture->ledger, &fixture->txn, &error);
    if (rc == 0)
        rc = weft_engine_open(&config, &fixture->engine, &error);
    if (rc == 0)
        rc = weft_mesh_tables_attach(fixture->engine, fixture->txn, 7, 1000000, view_of_setup,
                                     &error);
    if (rc == 0)
        rc = weft_engine_seal(fixture->engine, &error);
    if (rc < 0)
        print_error("%s\n", error.message);
    weft_free(home);
    *state = fixture;
    return rc;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    weft_engine_close(fixture->engine);
    weft_ledger_end(fixture->txn);
    weft_ledger_close(fixture->ledger);
    weft_test_dir_remove(fixture->dir);
    weft_free(fixture);
    return 0;
}

static void ask(struct fixture *fixture, const char *sql, struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolve_options options = {.resolve = mesh_resolve};
    struct weft_resolved resolved;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    if (weft_resolve(fixture->engine, arena, sql, strlen(sql), &options, &resolved, &error) < 0 ||
        weft_resolved_query(fixture->engine, &resolved, NULL, 0, &result, &error) < 0) {
        weft_buf_addf(out, "error: %s", error.message);
        return;
    }
    while (weft_result_row(result, &error) == 0)
        for (size_t i = 0; i < weft_result_column_count(result); i++)
            weft_buf_addf(out, "%s|", weft_result_text(result, i));
}

static void test_rows(void **state)
{
    static const struct {
        const char *sql;
        const char *answer;
    } cases[] = {
        {"select count(*), count(rows), sum(rows), count(tags), sum(len(tags)) from mesh.things",
         "5000|2500|6265000|4000|8000|"},
        {"select * from mesh.things where name = 'n2'",
         "n2|9|1.0|false|1970-01-01 00:00:01.000002+00|[a, b2]|"},
        {"select name, tags, good from mesh.things where name = 'n0'", "n0||true|"},
        {"select a.name from mesh.things a join mesh.things b on a.name = 'n' || (b.rows - 7) "
         "where b.rows = 107",
         "n100|"},
        {"select mesh.things.name from mesh.things limit 1", "n0|"},
        {"select * from mesh.nothing",
         "error: there is no data product mesh.nothing, or no access to it"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
        weft_buf_init(&out, 100000);
        ask(fixture, cases[i].sql, &out);
        assert_string_equal(out.data, cases[i].answer);
    }
}

static void test_without_duckdb(void **state)
{
    struct fixture *fixture = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *cursor = NULL;
    assert_int_equal(weft_mesh_table_open(fixture->txn, NULL, "things", 1, 0, &cursor, &error), 0);
    assert_int_equal(weft_mesh_cursor_step(cursor, &error), 0);
    assert_string_equal(weft_mesh_cursor_text(cursor, 0), "n0");
    assert_true(weft_mesh_cursor_is_null(cursor, -1));
    struct weft_mesh_cursor *none = NULL;
    assert_int_equal(weft_mesh_table_open(fixture->txn, NULL, "nothing", 1, 0, &none, &error), -1);
    assert_int_equal(error.code, WEFT_E_NOT_FOUND);
}

static void test_cut(void **state)
{
    struct fixture *fixture = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *cursor = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    int rc;
    weft_buf_init(&out, 100000);
    assert_int_equal(weft_mesh_table_open(fixture->txn, &cut_view, "cut", 1, 0, &cursor, &error),
                     0);
    while ((rc = weft_mesh_cursor_step(cursor, &error)) == 0) {
        for (int i = 0; i < (int)WEFT_COUNT(cut_columns); i++)
            weft_buf_addf(&out, "%s|", weft_mesh_cursor_text(cursor, i));
        assert_int_equal(weft_mesh_cursor_int(cursor, 4), 0);
    }
    assert_int_equal(rc, WEFT_END);
    assert_string_equal(out.data, "all|||||whole|7||||team|7|m|[\"m\"]||team|7||||");
    /* As DuckDB has it: in no row, count, statistic. */
    weft_buf_clear(&out);
    ask(fixture, "select count(*), count(rows), count(message), count(forgotten) from mesh.cut",
        &out);
    assert_string_equal(out.data, "4|3|1|0|");
    weft_buf_clear(&out);
    ask(fixture, "select product, made from mesh.cut where product = 'none' or made is not null",
        &out);
    assert_string_equal(out.data, "team|[m]|");
}

/* What declares nothing is for the local operator, and so is what nobody asked the gate for. */
static void test_refused(void **state)
{
    static const struct weft_mesh_view unasked = {0};
    struct fixture *fixture = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_mesh_cursor *none = NULL;
    assert_int_equal(weft_mesh_table_open(fixture->txn, &cut_view, "things", 1, 0, &none, &error),
                     -1);
    assert_int_equal(error.code, WEFT_E_DENIED);
    assert_int_equal(weft_mesh_table_open(fixture->txn, &unasked, "cut", 1, 0, &none, &error), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, 100000);
    ask(fixture, "select * from mesh.things", &out);
    assert_string_equal(out.data, "error: mesh.things is for the local operator alone");
}

static int setup_cut(void **state)
{
    view_of_setup = &cut_view;
    return setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_without_duckdb),
    };
    const struct CMUnitTest cut_tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refused),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    return failed + cmocka_run_group_tests(cut_tests, setup_cut, teardown);
}
