/*
 * cut_test.c - what of a contract is left for somebody outside of its team.
 */
#include "model/cut.h"

#include "base/test_support.h"
#include "model/product_test_support.h"

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};

static bool known(void *arg, const char *product)
{
    return strcmp(product, arg) == 0;
}

static const char whole[] =
    HEAD "owner: o@x.org\ndescription: Who is here.\ntags: [t]\nterms_of_use: Ask.\n"
         "deprecated: {since: 2026-01-01, replaced_by: lab.hidden}\n"
         "inputs: {raw: {files: ../secret/*.csv}, other: {product: lab.hidden}}\n"
         "sql: select r.* from raw r join other using (id)\n"
         "write: replace\nsort: ssn\n"
         "schema:\n"
         "  - {name: id, type: long, min: 1}\n"
         "  - {name: ssn, pattern: \"[0-9]+\", classification: pii.ssn}\n"
         "  - {name: age, type: int, max: 130, on_fail: block, description: Years.}\n"
         "  - {name: ward, references: lab.hidden.ward, enum: [a, b]}\n"
         "  - {name: unit, references: lab.open@2.unit}\n"
         "  - {name: seen, type: date}\n"
         "  - {name: place, type: \"struct<city: string>\"}\n"
         "key: [id]\n"
         "quality:\n"
         "  completeness: {ssn: 50%, id: 100%}\n"
         "  freshness: {field: seen, within: 2d}\n"
         "  rows: {min: 5000}\n"
         "  checks:\n"
         "    - {name: ids, condition: id > 0}\n"
         "    - {name: numbers, condition: \"SSN is not null\"}\n"
         "    - {name: by_pattern, condition: \"age > 0 and columns('ssn') is not null\"}\n"
         "    - {name: ssn_there, condition: id > 1}\n"
         "    - {name: cities, condition: place.city is not null}\n"
         "    - {name: nested, condition: \"id in (select id from lab.hidden)\"}\n"
         "    - {name: twice, sql: select this.id from this group by this.id}\n"
         "    - {name: apart, sql: select t.id from this t join lab.hidden h using (id)}\n"
         "    - {name: spaced, sql: \"select id from lab /* x */ . hidden\"}\n"
         "access: {grant: [group:nurses], purposes: [care], min_group: {size: 9, by: ssn}}\n"
         "tests:\n"
         "  - {name: one, given: {raw: [{id: 7}]}, expect: [{id: 7}]}\n";

static const struct weft_cut_column columns[] = {
    {.name = "id"},   {.name = "ssn", .hidden = true},
    {.name = "ward"}, {.name = "age", .treated = true, .type = &text_type},
    {.name = "unit"}, {.name = "seen"},
    {.name = "place"}};

static const struct weft_product *cut_of(struct fixture *f, const struct weft_cut *cut)
{
    const struct weft_product *made = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_product_cut(f->arena, f->product, cut, &made, &error) < 0)
        fail_msg("%s", error.message);
    return made;
}

static void test_cut(void **state)
{
    (void)state;
    struct fixture f;
    struct weft_cut cut = {columns, WEFT_COUNT(columns), false, known, (char[]){"lab.open"}};
    parse_good(&f, whole);
    const struct weft_product *made = cut_of(&f, &cut);
    static const char expected[] =
        "{\"access\":{\"purposes\":[\"care\"]},\"deprecated\":{\"since\":\"2026-01-01\"},"
        "\"description\":\"Who is here.\",\"domain\":\"b\",\"key\":[\"id\"],\"name\":\"a\","
        "\"owner\":\"o@x.org\",\"quality\":{\"checks\":["
        "{\"condition\":\"id > 0\",\"name\":\"ids\"},"
        "{\"condition\":\"place.city is not null\",\"name\":\"cities\"},"
        "{\"name\":\"twice\",\"sql\":\"select this.id from this group by this.id\"}],"
        "\"freshness\":{\"field\":\"seen\",\"within\":\"2d\"}},\"schema\":["
        "{\"min\":\"1\",\"name\":\"id\",\"type\":\"long\"},"
        "{\"description\":\"Years.\",\"name\":\"age\"},"
        "{\"enum\":[\"a\",\"b\"],\"name\":\"ward\"},"
        "{\"name\":\"unit\",\"references\":\"lab.open@2.unit\"},"
        "{\"name\":\"seen\",\"type\":\"date\"},"
        "{\"name\":\"place\",\"type\":\"struct<city: string>\"}],"
        "\"tags\":[\"t\"],\"terms_of_use\":\"Ask.\",\"version\":\"1.0.0\"}";
    assert_string_equal(made->document, expected);
    release(&f);
}

static void test_figures(void **state)
{
    (void)state;
    struct fixture f;
    struct weft_cut cut = {columns, 1, true, known, (char[]){""}};
    parse_good(&f, HEAD "schema: [{name: id}]\nquality: {rows: {min: 3}, quarantine_max: 5%}\n");
    const struct weft_product *made = cut_of(&f, &cut);
    assert_int_equal(made->quality.rows.min, 3);
    cut.figures = false;
    assert_int_equal(cut_of(&f, &cut)->quality.rows.min, -1);
    assert_null(strstr(cut_of(&f, &cut)->document, "quarantine_max"));
    release(&f);
}

/* A column that nobody spoke of is hidden; so is what goes by one that is treated. */
static void test_nothing_left(void **state)
{
    (void)state;
    struct fixture f;
    struct weft_cut cut = {NULL, 0, false, known, (char[]){""}};
    parse_good(&f, HEAD "schema: [{name: id}, {name: day, type: date}]\nkey: id\n"
                        "quality: {freshness: {field: day, within: 3d}}\n");
    const struct weft_product *made = cut_of(&f, &cut);
    assert_int_equal(made->schema.count, 0);
    assert_int_equal(made->key.count, 0);
    assert_null(made->quality.freshness_field);
    assert_true(made->quality.freshness_us > 0);
    release(&f);
}

/* Forms that the reader of documents must take again, whatever of them is left. */
static void test_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEAD "status: deprecated\ndeprecated: {replaced_by: lab.hidden}\n"
             "description: {en: x, fr: y}\n"
             "schema:\n"
             "  - {name: id, type: long, on_fail: {min: block}, min: 1}\n"
             "  - {name: day, type: date}\n"
             "  - {name: m, type: \"map<string, long>\"}\n"
             "  - {name: j, type: json, means: term, classification: pii.x}\n"
             "key: {fields: [id, day], on_fail: block}\n"
             "quality:\n"
             "  freshness: {field: day, within: 36h}\n"
             "  completeness: {id: 100%}\n"
             "  quarantine_max: {max: 5%, on_fail: warn}\n"
             "  batch: {min: 1, change: 20%}\n"
             "  checks:\n"
             "    - {name: a, condition: \"id > 0\", on_fail: warn, description: text}\n"
             "access: {grant: everyone}\n",
        HEAD "input: x.csv\nkey: id\nwrite: upsert\norder_by: day\n"
             "quality: {completeness: {id: 1}, freshness: {field: day, within: 1d},\n"
             "  checks: [{name: q, sql: select id from this where id < 0}]}\n",
        HEAD "graph: {algorithm: louvain, edges: \"select a, b from c.d\"}\n"
             "quality: {checks: [{name: q, condition: community >= 0}], rows: {min: 1}}\n"};
    static const struct weft_cut_column all[] = {
        {.name = "id"}, {.name = "day"}, {.name = "m"}, {.name = "j"}};
    for (size_t i = 0; i < WEFT_COUNT(texts); i++) {
        for (size_t hidden = 0; hidden <= WEFT_COUNT(all); hidden++) {
            struct fixture f;
            struct weft_cut_column columns_of[WEFT_COUNT(all)];
            struct weft_cut cut = {columns_of, WEFT_COUNT(all), true, known, (char[]){""}};
            memcpy(columns_of, all, sizeof all);
            if (hidden < WEFT_COUNT(all))
                columns_of[hidden].hidden = true;
            parse_good(&f, texts[i]);
            const struct weft_product *made = cut_of(&f, &cut);
            assert_null(strstr(made->document, "lab.hidden"));
            assert_null(strstr(made->document, "everyone"));
            release(&f);
        }
    }
}

/* A key that is added to the table of keys is kept back until cut.c tells it. */
static void test_keys_that_are_told(void **state)
{
    (void)state;
    static const char *const kept[] = {"inputs", "sql",  "write",  "sort",      "tests",
                                       "secret", "5000", "nurses", "min_group", "lab.hidden"};
    struct fixture f;
    struct weft_cut cut = {columns, WEFT_COUNT(columns), false, known, (char[]){""}};
    parse_good(&f, whole);
    const char *document = cut_of(&f, &cut)->document;
    for (size_t i = 0; i < WEFT_COUNT(kept); i++)
        if (strstr(document, kept[i]) != NULL && strcmp(kept[i], "sql") != 0)
            fail_msg("%s is told: %s", kept[i], document);
    release(&f);
}

static int torture(void *arg, struct weft_error *error)
{
    struct fixture *f = arg;
    const struct weft_product *made;
    struct weft_cut cut = {columns, WEFT_COUNT(columns), true, known, (char[]){"lab.open"}};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    return weft_product_cut(arena, f->product, &cut, &made, error);
}

static void test_torture(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, whole);
    assert_true(weft_test_torture(torture, &f) > 5);
    release(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_figures),
        cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_keys_that_are_told),
        cmocka_unit_test(test_torture),      cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
