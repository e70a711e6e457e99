/* Tests of keys.h: the pages made from the table of keys. */
#include "document/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void keys_schema_and_page(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    static const char *const names[] = {"product", "mesh", "domain"};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        yyjson_doc *doc = NULL;
        weft_buf_clear(&out);
        assert_int_equal(weft_schema_print(names[i], &out, &error), 0);
        assert_int_equal(weft_json_parse(out.data, out.length, WEFT_JSON_UNIQUE_KEYS, &doc, &error),
                         0);
        weft_json_freep(&doc);
    }
    assert_int_equal(weft_schema_print("recipe", &out, &error), -1);
    assert_int_equal(error.code, WEFT_E_USAGE);
    weft_buf_clear(&out);
    assert_int_equal(weft_keys_page_print(&out, &error), 0);
    static const char *const keys[] = {
        "name",      "deprecated",   "inputs",      "read",           "extra_columns", "done",
        "sql_file",  "resolution",   "damping",     "partition",      "references",    "means",
        "on_fail",   "completeness", "freshness",   "quarantine_max", "condition",     "given",
        "on_change", "retention",    "break_glass", "terms_of_use",   "members",       "owns",
        "defer",     "s3_fallback",  "buckets",     "endpoint",       "postgres",      "command",
        "sunset",    "replaced_by",
    };
    for (size_t i = 0; i < WEFT_COUNT(keys); i++) {
        char cell[60];
        snprintf(cell, sizeof cell, "| `%s` |", keys[i]);
        if (strstr(out.data, cell) == NULL)
            fail_msg("%s is missing", keys[i]);
    }
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_schema_and_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
