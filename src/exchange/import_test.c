/*
 * import_test.c - importers: types by name, names made legal, places, and memory that runs out.
 */
#include "base/fs.h"
#include "base/test_support.h"
#include "exchange/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_types(void **state)
{
    static const struct {
        const char *name, *type;
        int64_t length;
    } cases[] = {
        {"VARCHAR(20)", "string", 20},
        {"character varying", "string", -1},
        {"timestamp(3) with time zone", "timestamptz", -1},
        {"TIMESTAMP WITHOUT  TIME ZONE", "timestamp", -1},
        {"NUMERIC ( 10 , 2 )", "decimal(10,2)", -1},
        {"number(5)", "decimal(5,0)", -1},
        {"numeric(99)", NULL, -1},
        {"bigint[]", "list<long>", -1},
        {"text[][]", "list<list<string>>", -1},
        {"datetime64[ns]", "timestamp", -1},
        {"double precision", "double", -1},
        {"money", NULL, -1},
        {"", NULL, -1},
        {"int(", NULL, -1},
        {"int(1,2,3)", NULL, -1},
    };
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        const char *type;
        int64_t length;
        assert_int_equal(weft_import_type(arena, cases[i].name, &type, &length, &error), 0);
        assert_true((type == NULL) == (cases[i].type == NULL));
        if (type != NULL)
            assert_string_equal(type, cases[i].type);
        if (type != NULL)
            assert_int_equal(length, cases[i].length);
    }
    weft_arena_free(arena);
}

static void test_names_of_columns_stay_apart(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_import import = {.arena = weft_arena_new(0), .shown = "x", .data = ""};
    struct weft_import_product *product;
    struct weft_import_field *field;
    const struct weft_place none = {0};
    assert_int_equal(weft_import_product_new(&import, "shop", "a", &product, &error), 0);
    assert_int_equal(weft_import_field_get(&import, product, "A b", none, &field, &error), 0);
    assert_string_equal(field->name, "a_b");
    assert_int_equal(weft_import_field_get(&import, product, "A-b", none, &field, &error), 0);
    assert_string_equal(field->name, "a_b_2");
    assert_int_equal(weft_import_field_get(&import, product, "a B", none, &field, &error), 0);
    assert_string_equal(field->name, "a_b"); /* SQL names: case does not count */
    assert_int_equal(product->field_count, 2);
    assert_int_equal(import.note_count, 3);
    weft_arena_free(import.arena);
}

/* Every seed of the corpus, with each allocation failing once. */
struct seed {
    const char *data;
    size_t length;
    const struct weft_importer *importer;
};

static int seed_read(void *arg, struct weft_error *error)
{
    const struct seed *seed = arg;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_import import = {.arena = arena,
                                 .shown = "seed",
                                 .data = seed->data,
                                 .length = seed->length,
                                 .domain = "shop"};
    int rc = seed->importer->read(&import, error);
    weft_arena_free(arena);
    return rc;
}

static void seed_torture(const char *letter, const char *text)
{
    struct seed seed = {.data = text, .length = strlen(text)};
    for (size_t i = 0; i < weft_importer_count; i++) {
        if (weft_importers[i].name[0] == letter[0])
            seed.importer = &weft_importers[i];
    }
    assert_non_null(seed.importer);
    assert_true(weft_test_torture(seed_read, &seed) > 0);
}

static void test_torture(void **state)
{
    (void)state;
    seed_torture("s", "create type c as enum ('r', 'g'); create table t (a int primary key, "
                      "\"B b\" c check (x in ('a')), d numeric(4,1) check (d > 0) default 1, "
                      "unique (a, d));\ncomment on column t.a is 'x'; drop table y;");
    seed_torture("g", "{\"name\": \"G x\", \"expectations\": [{\"type\": "
                      "\"expect_column_values_to_be_in_set\", \"kwargs\": {\"column\": \"a\", "
                      "\"value_set\": [1, \"x\"], \"mostly\": 0.5}}, {\"type\": "
                      "\"expect_column_values_to_not_be_null\", \"kwargs\": {\"column\": \"a\", "
                      "\"mostly\": 0.9}}, {\"type\": \"expect_other\", \"kwargs\": {}}]}");
    seed_torture("j", "{\"title\": \"R r\", \"properties\": {\"a\": {\"type\": \"integer\", "
                      "\"enum\": [1]}, \"B\": {\"type\": \"string\", \"pattern\": \"^a|b$\"}, "
                      "\"c\": {\"type\": \"array\", \"items\": {\"type\": \"number\"}}}}");
    seed_torture(
        "d",
        "{\"metadata\": {\"dbt_schema_version\": \"x/manifest/v12.json\"}, \"sources\": "
        "{\"source.p.r.o\": {\"source_name\": \"r\", \"name\": \"o\", \"schema\": \"raw\", "
        "\"database\": \"db\"}}, \"nodes\": {\"model.p.m\": {\"resource_type\": \"model\", "
        "\"name\": \"m\", \"package_name\": \"p\", \"schema\": \"s\", \"database\": \"db\", "
        "\"compiled_code\": \"select a from db.raw.o where a > 0\", \"tags\": [\"t\"], "
        "\"columns\": {\"A b\": {\"data_type\": \"int\"}}}, \"test.p.t\": {\"resource_type\": "
        "\"test\", \"name\": \"t\", \"attached_node\": \"model.p.m\", \"column_name\": \"A b\", "
        "\"test_metadata\": {\"name\": \"accepted_values\", \"kwargs\": {\"values\": [1, 2]}}, "
        "\"config\": {\"where\": \"a > 1\"}}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_names_of_columns_stay_apart),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
