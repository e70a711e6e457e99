/*
 * buf_test.c - the string builder: content, sticky failure and its reason, hand-over, torture.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_adds(void **state)
{
    (void)state;
    struct weft_buf buf;
    weft_buf_init(&buf, 1000);
    assert_string_equal(buf.data, "");
    weft_buf_adds(&buf, "a");
    weft_buf_addc(&buf, 'b');
    weft_buf_addf(&buf, "%d-%s", 12, "x");
    weft_buf_add_str(&buf, WEFT_STR("yz"));
    weft_buf_add(&buf, "\0q", 2);
    assert_memory_equal(buf.data, "ab12-xyz\0q", 11);
    assert_int_equal(buf.length, 10);
    weft_buf_shrink(&buf, 2);
    assert_string_equal(buf.data, "ab");
    weft_buf_clear(&buf);
    weft_buf_add_sql_name(&buf, "a\"b");
    weft_buf_add_sql_text(&buf, "it's\0x", 6);
    assert_memory_equal(buf.data, "\"a\"\"b\"'it''s\0x'", 15);
    weft_buf_release(&buf);
    assert_string_equal(buf.data, "");
}

static void test_the_maximum(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf buf;
    weft_buf_init(&buf, 10);
    weft_buf_adds(&buf, "0123456789");
    assert_int_equal(weft_buf_check(&buf, &error), 0);
    weft_buf_addc(&buf, 'x');
    weft_buf_shrink(&buf, 2);
    weft_buf_adds(&buf, "y"); /* sticky */
    assert_string_equal(buf.data, "01");
    assert_int_equal(weft_buf_check(&buf, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    assert_null(weft_buf_steal(&buf));
    weft_buf_clear(&buf);
    assert_int_equal(weft_buf_check(&buf, &error), 0);
    /* One large text into an empty one is over the maximum too, not out of memory. */
    weft_buf_addf(&buf, "%2000d", 1);
    assert_int_equal(weft_buf_check(&buf, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_buf_release(&buf);
}

static void test_steal(void **state)
{
    (void)state;
    struct weft_buf buf;
    weft_buf_init(&buf, 100);
    char *empty = weft_buf_steal(&buf);
    assert_string_equal(empty, "");
    weft_buf_adds(&buf, "text");
    char *text = weft_buf_steal(&buf);
    assert_string_equal(text, "text");
    assert_int_equal(buf.length, 0);
    weft_free(empty);
    weft_free(text);
    weft_buf_release(&buf);
}

static void test_views(void **state)
{
    (void)state;
    assert_true(weft_str_equal(weft_str_of(NULL), weft_str_of("")));
    assert_true(weft_str_is(WEFT_STR("ab"), "ab"));
    assert_false(weft_str_is(WEFT_STR("ab"), "a"));
    assert_false(weft_str_is(WEFT_STR("ab"), "ac"));
}

static int grow(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 5000; i++)
        weft_buf_addf(&buf, "%d,", i);
    int rc = weft_buf_check(&buf, error);
    weft_buf_release(&buf);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(grow, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds),    cmocka_unit_test(test_the_maximum),
        cmocka_unit_test(test_steal),   cmocka_unit_test(test_views),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
