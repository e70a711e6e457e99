/* Tests of library.h: a library that is there, one that is not, functions that are not. */
#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct api {
    size_t (*length)(const char *text);
    int (*compare)(const char *a, const char *b);
};

static void test_library(void **state)
{
    (void)state;
    static const char *const names[] = {"strlen", "strcmp"};
    static const char *const wrong[] = {"strlen", "no_such_function"};
    struct weft_error error = WEFT_ERROR_INIT;
    struct api api = {0};
    void *library = NULL;
    assert_int_equal(weft_library_open("libc.so.6", &library, &error), 0);
    assert_int_equal(weft_library_find(library, "libc.so.6", wrong, 2, &api, &error), -1);
    assert_int_equal(error.code, WEFT_E_FORMAT);
    assert_string_equal(error.message, "libc.so.6 has no function no_such_function");
    assert_null(api.length);
    weft_error_clear(&error);
    assert_int_equal(weft_library_find(library, "libc.so.6", names, 2, &api, &error), 0);
    assert_int_equal(api.length("abc"), 3);
    assert_int_equal(api.compare("a", "a"), 0);
}

static void test_none(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    void *library = NULL;
    assert_int_equal(weft_library_open("libnosuch.so.9", &library, &error), -1);
    assert_int_equal(error.code, WEFT_E_NOT_FOUND);
    assert_null(library);
    weft_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
