/*
 * bound_test.c - bounds byte for byte, as the specification's appendix D has them.
 */
#include "base/hash.h"
#include "base/test_support.h"
#include "lake/lake_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char hex[256];

/* Hexadecimal of the bound; "none" when there is none. */
static const char *bound(const char *type, const char *text, bool upper)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_str out = {"x", 1};
    lake_test_ok(
        weft_bound_from_text(arena, lake_test_type(arena, type), text, upper, &out, &error),
        &error);
    snprintf(hex, sizeof hex, "none");
    if (out.data != NULL)
        weft_hex(out.data, out.length, hex);
    weft_arena_free(arena);
    return hex;
}

struct bound_case {
    const char *type;
    const char *text;
    const char *lower;
    const char *upper;
};

static const struct bound_case fixed_cases[] = {
    {"boolean", "1", "01", "01"},
    {"boolean", "false", "00", "00"},
    {"boolean", "x", "none", "none"},
    {"int", "34", "22000000", "22000000"},
    {"int", "-1", "ffffffff", "ffffffff"},
    {"int", "2147483648", "none", "none"},
    {"long", "34", "2200000000000000", "2200000000000000"},
    {"long", "-9223372036854775808", "0000000000000080", "0000000000000080"},
    {"float", "1.5", "0000c03f", "0000c03f"},
    {"double", "1.5", "000000000000f83f", "000000000000f83f"},
    {"double", "0.0", "0000000000000080", "0000000000000000"},
    {"double", "-0.0", "0000000000000080", "0000000000000000"},
    {"double", "nan", "none", "none"},
    {"double", "inf", "none", "none"},
    {"decimal(9,2)", "14.20", "058c", "058c"},
    {"decimal(9,2)", "14.2", "058c", "058c"},
    {"decimal(9,2)", "-0.01", "ff", "ff"},
    {"decimal(9,2)", "1.28", "0080", "0080"},
    {"decimal(9,2)", "-1.28", "80", "80"},
    {"decimal(9,2)", "0.00", "00", "00"},
    {"decimal(9,2)", "1.234", "none", "none"},
    {"decimal(38,0)", "99999999999999999999999999999999999999", "4b3b4ca85a86c47a098a223fffffffff",
     "4b3b4ca85a86c47a098a223fffffffff"},
    {"decimal(38,0)", "999999999999999999999999999999999999999", "none", "none"},
    {"date", "1970-01-02", "01000000", "01000000"},
    {"date", "1969-12-31", "ffffffff", "ffffffff"},
    {"date", "0044-03-15 (BC)", "none", "none"},
    {"date", "infinity", "none", "none"},
    {"time", "22:31:08", "008307e012000000", "008307e012000000"},
    {"timestamp", "1970-01-01 00:00:00.000001", "0100000000000000", "0100000000000000"},
    {"timestamp", "1969-12-31 23:59:59.5", "e05ef8ffffffffff", "e05ef8ffffffffff"},
    {"timestamp", "2020-01-01 00:00:00+00", "none", "none"},
    {"timestamptz", "1970-01-01 01:00:00+01", "0000000000000000", "0000000000000000"},
    {"timestamptz", "1969-12-31 19:30:00-04:30", "0000000000000000", "0000000000000000"},
    {"timestamptz", "2020-01-01 00:00:00", "none", "none"},
    {"uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7", "f79c3e09677c4bbda4793f349cb785e7",
     "f79c3e09677c4bbda4793f349cb785e7"},
    {"binary", "00AB7A71", "00ab7a71", "00ab7a71"},
    {"binary", "zz", "none", "none"},
    {"binary", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "ffffffffffffffffffffffffffffffff", "none"},
    {"binary", "000000000000000000000000000000FF01", "000000000000000000000000000000ff",
     "000000000000000000000000000001"},
    {"list<int>", "1", "none", "none"},
    {"string", "abc", "616263", "616263"},
    {"string", "", "", ""},
    {"json", "{}", "7b7d", "7b7d"},
    {"string", "0123456789abcdef", "30313233343536373839616263646566",
     "30313233343536373839616263646566"},
    {"string", "0123456789abcdefg", "30313233343536373839616263646566",
     "30313233343536373839616263646567"},
    {"string", "\xff\xfe", "none", "none"},
};

static void test_fixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(fixed_cases); i++) {
        const struct bound_case *c = &fixed_cases[i];
        if (strcmp(bound(c->type, c->text, false), c->lower) != 0)
            fail_msg("%s %s: lower %s, not %s", c->type, c->text, hex, c->lower);
        if (strcmp(bound(c->type, c->text, true), c->upper) != 0)
            fail_msg("%s %s: upper %s, not %s", c->type, c->text, hex, c->upper);
    }
    assert_string_equal(bound("int", NULL, true), "none");
}

#define A15 "aaaaaaaaaaaaaaa"

/* Cut at whole code points; the last one that can be raised is raised. */
static void test_code_points(void **state)
{
    (void)state;
    assert_string_equal(bound("string", A15 "\xc3\xa9z", false) + 30, "c3a9");
    assert_string_equal(bound("string", A15 "\xc3\xa9z", true) + 30, "c3aa");
    assert_string_equal(bound("string", A15 "\x7fz", true) + 30, "c280");
    assert_string_equal(bound("string", A15 "\xdf\xbfz", true) + 30, "e0a080");
    /* U+D7FF: the surrogates are skipped. */
    assert_string_equal(bound("string", A15 "\xed\x9f\xbfz", true) + 30, "ee8080");
    assert_string_equal(bound("string", A15 "\xef\xbf\xbfz", true) + 30, "f0908080");
    /* U+10FFFF has no successor: the one before it is raised. */
    assert_string_equal(bound("string", A15 "\xf4\x8f\xbf\xbfz", true) + 28, "62");
    char top[17 * 4 + 1] = "";
    for (size_t i = 0; i < 17; i++)
        memcpy(top + 4 * i, "\xf4\x8f\xbf\xbf", 5);
    assert_string_equal(bound("string", top, true), "none");
    assert_int_equal(strlen(bound("string", top, false)), 128);
}

/* A float's bounds hold the float that the text means. */
static void test_float_sides(void **state)
{
    (void)state;
    assert_string_equal(bound("float", "0.1", true), "cdcccc3d");
    assert_string_equal(bound("float", "0.1", false), "cccccc3d");
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    static const struct weft_type text = {.kind = WEFT_TYPE_STRING};
    static const struct weft_type bytes = {.kind = WEFT_TYPE_BINARY};
    static const struct weft_type number = {.kind = WEFT_TYPE_LONG};
    struct weft_str out;
    int rc = weft_bound_from_text(arena, &text, A15 "bcd", true, &out, error);
    if (rc == 0)
        rc = weft_bound_from_text(arena, &bytes, "00FF", true, &out, error);
    if (rc == 0)
        rc = weft_bound_from_text(arena, &number, "1", true, &out, error);
    weft_arena_free(arena);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_float_sides),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
