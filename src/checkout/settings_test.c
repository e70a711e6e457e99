/* Tests of settings.h: precedence, kinds, mistakes. */
#include "checkout/settings.h"

#include "base/process.h"
#include "checkout/mesh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void settings_precedence(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_settings s;
    struct weft_diag diag;
    weft_diag_init(&diag);
    assert_int_equal(weft_settings_load(&s, NULL, &diag, &error), 0);
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_EXAMPLES_MAX), 100);
    assert_string_equal(s.values[WEFT_SETTING_EXAMPLES_MAX].origin, "default");
    assert_true(weft_settings_number(&s, WEFT_SETTING_QUERY_TIMEOUT) == INT64_C(600000000));
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_SQL_SIZE_MAX), 128 * 1024);
    /* Worked out from the machine, and shown as what it is. */
    assert_true(weft_settings_number(&s, WEFT_SETTING_MEMORY) == weft_system_memory_bytes() / 2);
    assert_true(weft_settings_number(&s, WEFT_SETTING_THREADS) == weft_system_cpus());
    assert_true(weft_settings_text(&s, WEFT_SETTING_MEMORY)[0] != '\0');

    struct weft_setting_value values[] = {{"memory", "4GB", {4, 3}}, {"threads", "2", {5, 3}}};
    struct weft_mesh mesh = {.file = "weft.yaml", .settings = values, .setting_count = 2};
    setenv("WEFT_THREADS", "3", 1);
    assert_int_equal(weft_settings_load(&s, &mesh, &diag, &error), 0);
    unsetenv("WEFT_THREADS");
    assert_int_equal(diag.errors, 0);
    assert_true(weft_settings_number(&s, WEFT_SETTING_MEMORY) == INT64_C(4) << 30);
    assert_string_equal(s.values[WEFT_SETTING_MEMORY].origin, "weft.yaml:4:3");
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_THREADS), 3);
    assert_string_equal(s.values[WEFT_SETTING_THREADS].origin, "WEFT_THREADS");
    assert_int_equal(weft_settings_set(&s, "threads", "8", "--threads", &error), 0);
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_THREADS), 8);
    assert_int_equal(weft_settings_set(&s, "http_private", "true", "--set", &error), 0);
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_HTTP_PRIVATE), 1);
    weft_diag_release(&diag);
}

static void settings_mistakes(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_settings s;
    struct weft_diag diag;
    struct weft_setting_value values[] = {{"memry", "4GB", {4, 3}}, {"threads", "x", {5, 3}}};
    struct weft_mesh mesh = {.file = "weft.yaml", .settings = values, .setting_count = 2};
    weft_diag_init(&diag);
    assert_int_equal(weft_settings_load(&s, &mesh, &diag, &error), 0);
    assert_int_equal(diag.errors, 2);
    assert_string_equal(diag.items[0].hint, "did you mean `memory`?");
    assert_int_equal(diag.items[1].line, 5);
    weft_diag_release(&diag);
    assert_int_equal(weft_settings_set(&s, "threads", "-1", "--set", &error), -1);
    assert_int_equal(error.code, WEFT_E_USAGE);
    assert_int_equal(weft_settings_set(&s, "memory", "much", "--set", &error), -1);
    assert_non_null(strstr(error.hint, "4GB"));
    assert_int_equal(weft_settings_set(&s, "http_private", "yes", "--set", &error), -1);
    assert_non_null(strstr(error.hint, "true or false"));
    assert_int_equal(weft_settings_number(&s, WEFT_SETTING_HTTP_PRIVATE), 0);
}

static void settings_page(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 16);
    assert_int_equal(weft_settings_page_print(&out, &error), 0);
    for (int i = 0; i < WEFT_SETTING_COUNT; i++)
        assert_non_null(strstr(out.data, weft_setting_name((enum weft_setting)i)));
    assert_non_null(strstr(out.data, "`WEFT_TEMP_SIZE_MAX`"));
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_precedence),
        cmocka_unit_test(settings_mistakes),
        cmocka_unit_test(settings_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
