/*
 * explain_test.c - why a row was set aside, for every kind of rule.
 */
#include "flow/quarantine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const char document[] =
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\",\"input\":{\"files\":\"*.csv\","
    "\"options\":{\"delimiter\":\";\",\"date_format\":\"%d.%m.%Y\"}},\"key\":[\"id\"],\"schema\":["
    "{\"name\":\"id\",\"type\":\"long\",\"required\":true,\"min\":0,\"max\":9},"
    "{\"name\":\"paid\",\"type\":\"boolean\"},{\"name\":\"day\",\"type\":\"date\"},"
    "{\"name\":\"code\",\"type\":\"string\",\"pattern\":\"[0-9]+\",\"enum\":[\"1\",\"2\"],"
    "\"min_length\":1,\"max_length\":2,\"unique\":true}],"
    "\"quality\":{\"checks\":[{\"name\":\"small\",\"condition\":\"id < 5\"}]}}";

static void test_explain(void **state)
{
    static const char *const cases[][2] = {{"paid.type", "`ja` is no boolean; words: true, false"},
                                           {"input.paid.type", ""},
                                           {"day.type", "`1.1.26` is no date; wanted as %d.%m.%Y"},
                                           {"id.required", "id is empty"},
                                           {"id.min", "`-5` is below 0"},
                                           {"id.max", "`-5` is above 9"},
                                           {"code.pattern", "`x;y` does not match [0-9]+"},
                                           {"code.enum", "`x;y` is none of 1, 2"},
                                           {"code.min_length", "`x;y` is shorter than 1 character"},
                                           {"code.max_length", "`x;y` is longer than 2 characters"},
                                           {"code.unique", "another row has `x;y`"},
                                           {"record", "5 cells, 4 wanted"},
                                           {"key", "another row has the key id `-5`"},
                                           {"check.small", "id < 5 does not hold"},
                                           {"check.gone", ""},
                                           {"gone.type", ""}};
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_product *product = NULL;
    struct weft_arena *arena = weft_arena_new(0);
    (void)state;
    assert_int_equal(weft_product_from_document(arena, document, "/", &product, &error), 0);
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
        weft_buf_init(&out, 4096);
        assert_int_equal(weft_quarantine_explain(product, product->inputs[0].name, cases[i][0],
                                                 "-5;ja;1.1.26;\"x;y\";z",
                                                 "{\"id\":\"-5\",\"paid\":\"ja\",\"day\":"
                                                 "\"1.1.26\",\"code\":\"x;y\"}",
                                                 &out, &error),
                         0);
        assert_string_equal(out.data, cases[i][1]);
    }
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, 4096);
    assert_int_equal(
        weft_quarantine_explain(product, NULL, "id.max", NULL, "{\"id\":12.5}", &out, &error),
        0); /* an output row: no port, no text, values with types */
    assert_string_equal(out.data, "`12.5` is above 9");
    weft_buf_clear(&out);
    assert_int_equal(
        weft_quarantine_explain(product, NULL, "key", NULL, "{\"id\":null}", &out, &error), 0);
    assert_string_equal(out.data, "id is empty, and a key has a value in each of its fields");
    weft_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_explain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
