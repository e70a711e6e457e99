/*
 * evolve_test.c - schemas: ids stay with their columns, are never used again, and what readers
 * could not read is refused; the JSON of a schema reads back as it was written; the engine's texts.
 */
#include "base/test_support.h"
#include "lake/lake_test_support.h"
#include "lake/table_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct weft_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = weft_arena_new(0);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    weft_arena_free(arena);
    return 0;
}

static struct weft_table_schema evolve_ok(const struct weft_table *table, const char *const *lines)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_fields fields = lake_test_fields(arena, lines);
    struct weft_table_schema schema;
    lake_test_ok(weft_table_evolve(arena, table, &fields, &schema, &error), &error);
    return schema;
}

static const char *evolve_error(const struct weft_table *table, const char *const *lines)
{
    static struct weft_error error;
    error = (struct weft_error)WEFT_ERROR_INIT;
    struct weft_fields fields = lake_test_fields(arena, lines);
    struct weft_table_schema schema;
    assert_int_equal(weft_table_evolve(arena, table, &fields, &schema, &error), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    return error.message;
}

static void free_doc(void *doc)
{
    yyjson_doc_free(doc);
}

/* A table whose current schema is this one, with or without rows. */
static struct weft_table *table_of(const struct weft_table_schema *schema, const char *rows)
{
    struct weft_table *table = weft_arena_alloc(arena, sizeof *table);
    struct weft_table_schema *schemas = weft_arena_array(arena, 1, sizeof *schemas);
    assert_non_null(schemas);
    schemas[0] = *schema;
    table->schemas = schemas;
    table->schema_count = 1;
    for (size_t i = 0; i < schema->count; i++) {
        const struct weft_column *column = &schema->columns[i];
        table->last_column_id = WEFT_MAX(table->last_column_id, column->id);
        for (size_t k = 0; k < column->nested_count; k++)
            table->last_column_id = WEFT_MAX(table->last_column_id, column->nested_ids[k]);
    }
    if (rows != NULL) {
        struct weft_snapshot *snapshot = weft_arena_alloc(arena, sizeof *snapshot);
        yyjson_doc *doc = yyjson_read(rows, strlen(rows), 0);
        assert_non_null(snapshot);
        assert_int_equal(weft_arena_at_end(arena, free_doc, doc), 0);
        snapshot->summary = yyjson_doc_get_root(doc);
        table->current = snapshot;
    }
    return table;
}

static const char *const first[] = {
    "a long required",      "b int",          "c list<struct<x: int, y: json>>",
    "d map<string, float>", "e decimal(9,2)", NULL};

static void test_new_table(void **state)
{
    (void)state;
    struct weft_table_schema schema = evolve_ok(NULL, first);
    assert_int_equal(schema.schema_id, 0);
    assert_int_equal(schema.columns[0].id, 1);
    assert_true(schema.columns[0].required);
    assert_int_equal(schema.columns[2].id, 3);
    assert_int_equal(schema.columns[2].nested_count, 3);
    assert_int_equal(schema.columns[2].nested_ids[0], 4);
    assert_int_equal(schema.columns[2].nested_ids[2], 6);
    assert_int_equal(schema.columns[3].id, 7);
    assert_int_equal(schema.columns[3].nested_ids[1], 9);
    assert_int_equal(schema.columns[4].id, 10);
}

static void test_same(void **state)
{
    (void)state;
    struct weft_table_schema schema = evolve_ok(NULL, first);
    struct weft_table_schema again = evolve_ok(table_of(&schema, NULL), first);
    assert_int_equal(again.schema_id, 0);
    assert_ptr_equal(again.columns, schema.columns);
}

static void test_evolved(void **state)
{
    (void)state;
    static const char *const next[] = {"f string required",
                                       "b2 long was b",
                                       "c list<struct<x: long, y: json, z: date>>",
                                       "d map<string, double>",
                                       "e decimal(11,2)",
                                       "b int",
                                       NULL};
    struct weft_table_schema schema = evolve_ok(NULL, first);
    struct weft_table *table = table_of(&schema, NULL);
    struct weft_table_schema evolved = evolve_ok(table, next);
    assert_int_equal(evolved.schema_id, 1);
    assert_int_equal(evolved.columns[0].id, 11);
    assert_true(evolved.columns[0].required);
    assert_int_equal(evolved.columns[1].id, 2);
    assert_int_equal(evolved.columns[2].id, 3);
    assert_int_equal(evolved.columns[2].nested_ids[0], 4);
    assert_int_equal(evolved.columns[2].nested_ids[1], 5);
    assert_int_equal(evolved.columns[2].nested_ids[2], 6);
    assert_int_equal(evolved.columns[2].nested_ids[3], 12);
    assert_int_equal(evolved.columns[3].nested_ids[1], 9);
    assert_int_equal(evolved.columns[4].id, 10);
    /* A new field of a renamed one's old name is another column. */
    assert_int_equal(evolved.columns[5].id, 13);
    /* The rename stays in the contract after it was done. */
    static const char *const done[] = {"b2 long was b", NULL};
    struct weft_table_schema after = evolve_ok(table_of(&evolved, NULL), done);
    assert_int_equal(after.columns[0].id, 2);
}

static void test_required_with_rows(void **state)
{
    (void)state;
    static const char *const next[] = {"a long required", "b int required", "n int required", NULL};
    struct weft_table_schema schema = evolve_ok(NULL, first);
    struct weft_table *table = table_of(&schema, "{\"total-records\":\"5\"}");
    struct weft_table_schema evolved = evolve_ok(table, next);
    assert_true(evolved.columns[0].required);
    assert_false(evolved.columns[1].required);
    assert_false(evolved.columns[2].required);
    table = table_of(&schema, "{\"total-records\":\"0\"}");
    evolved = evolve_ok(table, next);
    assert_true(evolved.columns[2].required);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a int", "field a", NULL},
        {"e decimal(9,3)", "field e", NULL},
        {"e decimal(8,2)", "field e", NULL},
        {"b string", "field b", NULL},
        {"c list<int>", "field c", NULL},
        {"c list<struct<x: int, z: json>>", "rename", NULL},
        {"d map<int, float>", "field d", NULL},
    };
    struct weft_table_schema schema = evolve_ok(NULL, first);
    struct weft_table *table = table_of(&schema, NULL);
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        const char *lines[] = {cases[i][0], NULL};
        assert_non_null(strstr(evolve_error(table, lines), cases[i][1]));
    }
    static const char *const twice[] = {"x long was a", "y long was a", NULL};
    assert_non_null(strstr(evolve_error(table, twice), "both"));
}

/* An earlier schema that comes back keeps its number, but a dropped column comes back as a new one.
 */
static void test_dropped(void **state)
{
    (void)state;
    static const char *const less[] = {"a long required", NULL};
    struct weft_table_schema schema = evolve_ok(NULL, first);
    struct weft_table *table = table_of(&schema, NULL);
    struct weft_table_schema evolved = evolve_ok(table, less);
    assert_int_equal(evolved.schema_id, 1);
    struct weft_table_schema both[2] = {schema, evolved};
    table->schemas = both;
    table->schema_count = 2;
    table->current_schema = 1;
    static const char *const more[] = {"a long required", "b int", NULL};
    struct weft_table_schema back = evolve_ok(table, more);
    assert_int_equal(back.columns[1].id, 11);
    assert_int_equal(back.schema_id, 2);
}

static void test_json(void **state)
{
    (void)state;
    static const char *const all[] = {"a boolean required",
                                      "b int",
                                      "c long",
                                      "d float",
                                      "e double",
                                      "f decimal(38,10)",
                                      "g string",
                                      "h date",
                                      "i time",
                                      "j timestamp",
                                      "k timestamptz",
                                      "l uuid",
                                      "m binary",
                                      "n json",
                                      "o list<list<map<string, struct<a: int, b: json>>>>",
                                      NULL};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_table_schema schema = evolve_ok(NULL, all);
    struct weft_buf text;
    struct weft_buf ids;
    struct weft_json_writer writer;
    weft_buf_init(&text, 100000);
    weft_buf_init(&ids, 100000);
    weft_json_writer_init(&writer, &text);
    lake_schema_write(&writer, &schema);
    lake_json_fields(&schema, &ids);
    assert_string_equal(ids.data, "14,21");
    yyjson_doc *doc = NULL;
    lake_test_ok(weft_json_parse(text.data, text.length, 0, &doc, &error), &error);
    yyjson_val property = {0};
    yyjson_set_strn(&property, ids.data, ids.length);
    struct weft_table_schema back;
    int last = 0;
    lake_test_ok(lake_schema_read(arena, yyjson_doc_get_root(doc), &property, &back, &last, &error),
                 &error);
    assert_int_equal(last, 21);
    assert_true(lake_schema_equal(&schema, &back));
    yyjson_doc_free(doc);
    weft_buf_release(&text);
    weft_buf_release(&ids);
}

static void test_engine_texts(void **state)
{
    (void)state;
    static const char *const lines[] = {"a long", "l list<struct<p: int>>", "m map<string, int>",
                                        "s struct<x: list<int>, y: date, z: struct<w: int>>", NULL};
    struct weft_table_schema schema = evolve_ok(NULL, lines);
    struct weft_buf text;
    weft_buf_init(&text, 10000);
    weft_table_field_ids_sql(&schema, &text);
    assert_string_equal(
        text.data, "{\"a\": 1, \"l\": {__duckdb_field_id: 2, \"element\": {__duckdb_field_id: 3, "
                   "\"p\": 4}}, \"m\": {__duckdb_field_id: 5, \"key\": 6, \"value\": 7}, "
                   "\"s\": {__duckdb_field_id: 8, \"x\": {__duckdb_field_id: 9, \"element\": 10}, "
                   "\"y\": 11, \"z\": {__duckdb_field_id: 12, \"w\": 13}}}");
    weft_buf_release(&text);
    const struct weft_type *type = NULL;
    assert_int_equal(weft_table_stats_field(&schema, "\"a\"", &type), 1);
    assert_int_equal(type->kind, WEFT_TYPE_LONG);
    assert_int_equal(weft_table_stats_field(&schema, "\"s\".\"y\"", &type), 11);
    assert_int_equal(weft_table_stats_field(&schema, "\"s\".\"z\".\"w\"", &type), 13);
    assert_int_equal(weft_table_stats_field(&schema, "s.z.w", &type), 13);
    assert_int_equal(weft_table_stats_field(&schema, "\"l\".\"element\".\"p\"", &type), 0);
    assert_int_equal(weft_table_stats_field(&schema, "\"m\".\"key\"", &type), 0);
    assert_int_equal(weft_table_stats_field(&schema, "\"s\"", &type), 0);
    assert_int_equal(weft_table_stats_field(&schema, "\"s\".\"x\".\"element\"", &type), 0);
    assert_int_equal(weft_table_stats_field(&schema, "\"b\"", &type), 0);
    assert_int_equal(weft_table_stats_field(&schema, "\"a", &type), 0);
    assert_true(lake_schema_bounded(&schema, 1));
    assert_true(lake_schema_bounded(&schema, 13));
    assert_false(lake_schema_bounded(&schema, 4));
    assert_false(lake_schema_bounded(&schema, 7));
    assert_false(lake_schema_bounded(&schema, 10));
    assert_false(lake_schema_bounded(&schema, 99));
}

static struct weft_table *torture_table;
static struct weft_fields torture_fields;

/* What lies within a list or a map has no bounds, what lies within structs alone has: whichever
 * of a column's ids is asked for, and however deep it lies. */
static void test_bounded(void **state)
{
    static const char *const lines[] = {
        "a long", "l list<struct<p: int, q: struct<r: int>>>", "m map<string, struct<k: int>>",
        "s struct<x: list<struct<y: int>>, z: struct<w: long, v: map<string, int>>, u: int>", NULL};
    /* a; l: element p q r; m: key value k; s: x element y z w v key value u */
    static const bool want[] = {true, true, false, false, false, false, true, false, false, false,
                                true, true, false, false, true,  true,  true, false, false, true};
    struct weft_table_schema schema = evolve_ok(NULL, lines);
    size_t at = 0;
    (void)state;
    for (size_t i = 0; i < schema.count; i++) {
        const struct weft_column *column = &schema.columns[i];
        assert_int_equal(lake_schema_bounded(&schema, column->id), want[at++]);
        for (size_t k = 0; k < column->nested_count; k++)
            assert_int_equal(lake_schema_bounded(&schema, column->nested_ids[k]), want[at++]);
    }
    assert_int_equal(at, WEFT_COUNT(want));
    assert_false(lake_schema_bounded(&schema, 1000));
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_arena *own = weft_arena_new(0);
    if (own == NULL)
        return weft_error_nomem(error);
    struct weft_table_schema schema;
    int rc = weft_table_evolve(own, torture_table, &torture_fields, &schema, error);
    weft_arena_free(own);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    static const char *const next[] = {"a long", "c list<struct<x: long, y: json, z: date>>", NULL};
    struct weft_table_schema schema = evolve_ok(NULL, first);
    torture_table = table_of(&schema, NULL);
    torture_fields = lake_test_fields(arena, next);
    assert_true(weft_test_torture(torture, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evolved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_required_with_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_engine_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
