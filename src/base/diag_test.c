/*
 * diag_test.c - the list of mistakes: order, bound, the first one; and the error object itself.
 */
#include "base/diag.h"
#include "base/test_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_sorted_and_first(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    weft_diag_init(&diag);
    assert_int_equal(weft_diag_check(&diag, &error), 0);
    weft_diag_add(&diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, "b.yaml", 1, 1, NULL, "third");
    weft_diag_add(&diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, "a.yaml", 1, 1, "", "a warning");
    weft_diag_add(&diag, WEFT_SEVERITY_ERROR, WEFT_E_USAGE, "a.yaml", 10, 2, "do %s", "first %d",
                  1);
    weft_diag_add(&diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, "a.yaml", 10, 3, NULL, "second");
    weft_diag_sort(&diag);
    assert_string_equal(diag.items[0].message, "a warning");
    assert_null(diag.items[0].hint);
    assert_string_equal(diag.items[3].message, "third");
    assert_int_equal(diag.errors, 3);
    assert_int_equal(diag.warnings, 1);
    assert_int_equal(weft_diag_check(&diag, &error), -1);
    assert_int_equal(error.code, WEFT_E_USAGE);
    assert_string_equal(error.message, "first 1");
    assert_string_equal(error.hint, "do %s"); /* a hint is no format */
    assert_string_equal(error.file, "a.yaml");
    assert_int_equal(error.line, 10);
    assert_int_equal(error.column, 2);
    assert_string_equal(error.detail, "and 2 more mistakes");
    weft_diag_release(&diag);
}

static void test_bounded(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    weft_diag_init(&diag);
    for (int i = 0; i < WEFT_DIAG_MAX + 50; i++)
        weft_diag_add(&diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, NULL, i, 0, NULL, "x");
    assert_int_equal(diag.count, WEFT_DIAG_MAX);
    assert_int_equal(diag.errors, WEFT_DIAG_MAX + 50);
    assert_string_equal(diag.items[0].file, "");
    assert_int_equal(weft_diag_check(&diag, &error), -1);
    weft_diag_release(&diag);
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_diag diag;
    weft_diag_init(&diag);
    for (int i = 0; i < 12; i++)
        weft_diag_add(&diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, "f", i, 0, "h", "m");
    int rc = weft_diag_check(&diag, error);
    weft_diag_release(&diag);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 30);
}

static void test_error_texts(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_error_set(&error, WEFT_E_IO, "cannot %s", "go"), -1);
    weft_error_prefix(&error, "run %d", 7);
    assert_string_equal(error.message, "run 7: cannot go");
    weft_error_at_byte(&error, "f.csv", 3, 123);
    assert_int_equal(error.byte, 123);
    weft_error_clear(&error);
    assert_int_equal(error.code, WEFT_E_NONE);
    assert_int_equal(error.byte, -1);
    assert_int_equal(weft_error_set(NULL, WEFT_E_IO, "nobody cares"), -1);
    weft_error_errno(&error, WEFT_E_IO, ENOSPC, "cannot write %s", "x");
    assert_int_equal(error.code, WEFT_E_NO_SPACE);
    assert_non_null(strstr(error.message, "cannot write x: "));
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    weft_error_set(&error, WEFT_E_IO, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    weft_error_prefix(&error, "%s", text);
    weft_error_errno(&error, WEFT_E_IO, EIO, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void test_codes(void **state)
{
    (void)state;
    for (int i = 0; i < WEFT_E_COUNT; i++) {
        enum weft_code code = (enum weft_code)i;
        assert_int_equal(weft_code_from_name(weft_code_name(code)), code);
        assert_int_equal(strlen(weft_code_sqlstate(code)), 5);
        assert_true(weft_code_http_status(code) >= 200);
    }
    assert_int_equal(weft_code_from_name("no such"), WEFT_E_INTERNAL);
    assert_int_equal(weft_code_exit_status(WEFT_E_USAGE), 2);
    assert_int_equal(weft_code_exit_status(WEFT_E_BLOCKED), 3);
    assert_int_equal(weft_code_exit_status(WEFT_E_CANCELLED), 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_and_first),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
