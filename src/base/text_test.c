/*
 * text_test.c - UTF-8, numbers, sizes, suggestions, names.
 */
#include "base/test_support.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void invalid_at(const char *text, size_t length, size_t at)
{
    assert_int_equal(weft_utf8_valid(text, length), at);
}

static void test_utf8(void **state)
{
    (void)state;
    invalid_at("", 0, 0);
    invalid_at("plain ascii, longer than a word", 31, 31);
    invalid_at("aé東👍", 10, 10);
    invalid_at("a\0b", 3, 3);
    invalid_at("0123456789\xff", 11, 10);
    invalid_at("\x80", 1, 0);
    invalid_at("\xc0\x80", 2, 0);         /* overlong */
    invalid_at("\xe0\x9f\xbf", 3, 0);     /* overlong */
    invalid_at("\xed\xa0\x80", 3, 0);     /* surrogate */
    invalid_at("\xf0\x8f\xbf\xbf", 4, 0); /* overlong */
    invalid_at("\xf4\x90\x80\x80", 4, 0); /* beyond U+10FFFF */
    invalid_at("\xf4\x8f\xbf\xbf", 4, 4);
    invalid_at("ab\xe6\x9d", 4, 2); /* cut */
    assert_int_equal(weft_utf8_count("aé東👍", 10), 4);
    assert_int_equal(weft_utf8_width("aé東👍", 10), 6);
    assert_int_equal(weft_utf8_width("e\xcc\x81", 3), 1);
}

static void int64_is(const char *text, bool ok, int64_t expected)
{
    int64_t value = 42;
    assert_int_equal(weft_parse_int64(text, strlen(text), &value), ok);
    assert_int_equal(value, ok ? expected : 42);
}

static void test_int64(void **state)
{
    (void)state;
    int64_is("0", true, 0);
    int64_is("-0", true, 0);
    int64_is("007", true, 7);
    int64_is("9223372036854775807", true, INT64_MAX);
    int64_is("-9223372036854775808", true, INT64_MIN);
    int64_is("9223372036854775808", false, 0);
    int64_is("-9223372036854775809", false, 0);
    int64_is("", false, 0);
    int64_is("-", false, 0);
    int64_is("+1", false, 0);
    int64_is(" 1", false, 0);
    int64_is("1 ", false, 0);
    int64_is("1.0", false, 0);
    int64_is("99999999999999999999999999", false, 0);
}

static void test_double(void **state)
{
    (void)state;
    double value;
    assert_true(weft_parse_double("-1.5e3", 6, &value) && value == -1500);
    assert_true(weft_parse_double("1.59", 3, &value) && value == 1.5); /* a view: not to its end */
    static const char *const wrong[] = {"",    "e",   "1e",    "0x10", "inf",
                                        "nan", "1,5", "1e999", "--1",  "1 "};
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++)
        assert_false(weft_parse_double(wrong[i], strlen(wrong[i]), &value));
}

static void size_is(const char *text, int64_t expected)
{
    int64_t bytes = -1;
    assert_int_equal(weft_parse_size(text, &bytes), expected >= 0);
    assert_int_equal(bytes, expected);
}

static void test_sizes(void **state)
{
    (void)state;
    size_is("1024", 1024);
    size_is("512MB", 512 << 20);
    size_is("4 gib", (int64_t)4 << 30);
    size_is("1.5KB", 1536);
    size_is("1TB", (int64_t)1 << 40);
    size_is("-1", -1);
    size_is("MB", -1);
    size_is("5XB", -1);
    size_is("99999999TB", -1);
    char out[32];
    weft_format_size(512, out, sizeof out);
    assert_string_equal(out, "512 B");
    weft_format_size(1023, out, sizeof out);
    assert_string_equal(out, "1023 B");
    weft_format_size(1024, out, sizeof out);
    assert_string_equal(out, "1.0 KB");
    weft_format_size(1024 * 1024 - 1, out, sizeof out);
    assert_string_equal(out, "1.0 MB");
    weft_format_size(30408704, out, sizeof out);
    assert_string_equal(out, "29.0 MB");
}

static void count_is(int64_t count, const char *expected)
{
    char out[32];
    weft_format_count(count, out, sizeof out);
    assert_string_equal(out, expected);
}

static void test_counts(void **state)
{
    (void)state;
    count_is(0, "0");
    count_is(999, "999");
    count_is(1000, "1,000");
    count_is(720998, "720,998");
    count_is(-720998, "-720,998");
    count_is(-1234567, "-1,234,567");
    count_is(INT64_MIN, "-9,223,372,036,854,775,808");
}

static void test_suggestions(void **state)
{
    (void)state;
    static const char *const words[] = {"schema", "quality", "inputs", NULL, "key"};
    assert_string_equal(weft_suggest("shcema", words, 5), "schema");
    assert_string_equal(weft_suggest("Quality", words, 5), "quality");
    assert_string_equal(weft_suggest("input", words, 5), "inputs");
    assert_string_equal(weft_suggest("kye", words, 5), "key");
    assert_null(weft_suggest("owner", words, 5));
    assert_null(weft_suggest("", words, 5));
    assert_null(weft_suggest("key", words, 0));
    char long_word[200];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_null(weft_suggest(long_word, words, 5));
}

static void proposes(const char *name, const char *expected)
{
    char out[WEFT_NAME_MAX + 1];
    weft_name_propose(name, out);
    assert_string_equal(out, expected);
    assert_true(weft_name_valid(out));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "daily_reports", "a1", "a_1_b"};
    static const char *const bad[] = {"", "1a", "_a", "a_", "a__b", "A", "a-b", "a.b", "é"};
    for (size_t i = 0; i < WEFT_COUNT(good); i++)
        assert_true(weft_name_valid(good[i]));
    for (size_t i = 0; i < WEFT_COUNT(bad); i++)
        assert_false(weft_name_valid(bad[i]));
    assert_true(weft_name_valid("a23456789012345678901234567890123456789012345"));
    assert_false(weft_name_valid("a234567890123456789012345678901234567890123456"));
    proposes("Daily Reports", "daily_reports");
    proposes("customerName", "customer_name");
    proposes("2020-data", "n2020_data");
    proposes("--", "x");
    proposes("", "x");
    proposes("a  .. b__", "a_b");
    proposes("Très bien", "tres_bien");
    proposes("Größe (m²)", "grosse_m");
    proposes("Øre ÷ Łódź", "ore_lodz");
    proposes("名前", "x");
    proposes("a very long name that does not end before forty five", /* cut */
             "a_very_long_name_that_does_not_end_before_for");
}

static void text_ends(void **state)
{
    (void)state;
    assert_true(weft_ends_in("orders.yaml", ".yaml"));
    assert_false(weft_ends_in("orders.yml", ".yaml"));
    assert_false(weft_ends_in(".yaml", ".yaml"));
    assert_false(weft_ends_in("yaml", ".yaml"));
    assert_false(weft_ends_in("", ".yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),   cmocka_unit_test(test_int64),
        cmocka_unit_test(test_double), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_names),  cmocka_unit_test(text_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
