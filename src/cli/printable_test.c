/*
 * printable_test.c - text of others cannot drive a terminal.
 */
#include "base/test_support.h"
#include "cli/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void shows(const char *data, size_t length, enum weft_printable kind, const char *expected)
{
    struct weft_buf out;
    weft_buf_init(&out, 4096);
    weft_printable_add(&out, data, length, kind);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    weft_buf_release(&out);
}

static void cell(const char *text, const char *expected)
{
    shows(text, strlen(text), WEFT_PRINTABLE_CELL, expected);
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    cell("", "");
    cell("a b\\n\"c\"", "a b\\n\"c\"");
    cell("naïve 東京 👍", "naïve 東京 👍");
}

static void test_controls_are_escaped(void **state)
{
    (void)state;
    cell("\033[31mred\033[0m", "\\u001b[31mred\\u001b[0m");
    cell("a\nb\tc\rd", "a\\nb\\tc\\rd");
    cell("\x7f", "\\u007f");
    cell("\xc2\x9b"
         "2J",
         "\\u009b2J"); /* CSI in one character */
    cell("\xe2\x80\xae"
         "txt.exe",
         "\\u202etxt.exe");
    shows("a\0b", 3, WEFT_PRINTABLE_CELL, "a\\u0000b");
    shows("a\nb\tc\rd\033", 8, WEFT_PRINTABLE_LINES, "a\nb\tc\\u000dd\\u001b");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    cell("\xff\xfe", "\\xff\\xfe");
    cell("\xc3", "\\xc3");
    cell("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
    cell("\xc0\x9b", "\\xc0\\x9b");          /* overlong */
    cell("a\xe6\x9d", "a\\xe6\\x9d");
}

static void test_rest(void **state)
{
    (void)state;
    const char text[] = "東";
    assert_int_equal(weft_printable_rest(text, 0), 0);
    assert_int_equal(weft_printable_rest(text, 1), 1);
    assert_int_equal(weft_printable_rest(text, 2), 2);
    assert_int_equal(weft_printable_rest(text, 3), 0);
    assert_int_equal(weft_printable_rest("abc", 3), 0);
    assert_int_equal(weft_printable_rest("\xf0\x9f\x91", 3), 3);
    assert_int_equal(weft_printable_rest("\x91\x91\x91\x91", 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
