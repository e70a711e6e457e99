/* Tests of version.h: which version a change asks for, and writing it into files as people lay them
 * out. */
#include "model/version.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void version_texts(void **state)
{
    (void)state;
    struct weft_version v = {7, 7, 7};
    char text[WEFT_VERSION_TEXT];
    static const char *const bad[] = {"",         "1",           "1.0",   "1.0.0.0", "v1.0.0",
                                      "01.0.0",   "1.00.0",      "1..0",  "1.0.0 ",  "-1.0.0",
                                      "1000.0.0", "1.0.1000000", "1.0.x", ".0.0",    "1.0."};
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        if (weft_version_parse(bad[i], &v))
            fail_msg("`%s` is taken", bad[i]);
    }
    assert_int_equal(v.major, 7);
    assert_true(weft_version_parse("999.999999.999999", &v));
    weft_version_print(v, text);
    assert_string_equal(text, "999.999999.999999");
    assert_true(weft_version_parse("0.10.3", &v));
    assert_int_equal(v.minor, 10);
    assert_true(weft_version_compare(v, (struct weft_version){0, 9, 9}) > 0);
    assert_true(weft_version_compare(v, (struct weft_version){0, 10, 4}) < 0);
    assert_true(weft_version_compare(v, (struct weft_version){1, 0, 0}) < 0);
    assert_int_equal(weft_version_compare(v, v), 0);
}

static void next_is(const char *before, enum weft_change_class change, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_version v, next;
    char text[WEFT_VERSION_TEXT];
    assert_true(weft_version_parse(before, &v));
    if (expected == NULL) {
        assert_int_equal(weft_version_next(v, change, &next, &error), -1);
        assert_int_equal(error.code, WEFT_E_LIMIT);
        return;
    }
    assert_int_equal(weft_version_next(v, change, &next, &error), 0);
    weft_version_print(next, text);
    assert_string_equal(text, expected);
}

static void version_next(void **state)
{
    (void)state;
    next_is("1.2.3", WEFT_CHANGE_EDITORIAL, "1.2.4");
    next_is("1.2.3", WEFT_CHANGE_COMPATIBLE, "1.3.0");
    next_is("1.2.3", WEFT_CHANGE_BREAKING, "2.0.0");
    next_is("0.2.3", WEFT_CHANGE_EDITORIAL, "0.2.4");
    next_is("0.2.3", WEFT_CHANGE_COMPATIBLE, "0.3.0");
    next_is("0.2.3", WEFT_CHANGE_BREAKING, "0.3.0");
    next_is("999.0.0", WEFT_CHANGE_BREAKING, NULL);
    next_is("1.999999.0", WEFT_CHANGE_COMPATIBLE, NULL);
    next_is("1.0.999999", WEFT_CHANGE_EDITORIAL, NULL);
}

static void bumps_at(const char *text, const char *expected, int line)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    if (weft_product_bump_text(text, strlen(text), "p.yaml", "2.10.0", &out, &error) != 0)
        fail_msg("line %d: %s", line, error.message);
    if (strcmp(out.data, expected) != 0)
        fail_msg("line %d: %s", line, out.data);
    weft_buf_release(&out);
}
#define BUMPS(text, expected) bumps_at(text, expected, __LINE__)

static void version_bump(void **state)
{
    (void)state;
    BUMPS("name: a\nversion: 1.2.3\n", "name: a\nversion: 2.10.0\n");
    BUMPS("version:   1.2.3   # see CHANGES\nname: a",
          "version:   2.10.0   # see CHANGES\nname: a");
    BUMPS("# top\n\nname: a\nversion: \"1.2.3\"\n\n# end\n",
          "# top\n\nname: a\nversion: \"2.10.0\"\n\n# end\n");
    BUMPS("version: '1.2.3'\r\nname: a\r\n", "version: '2.10.0'\r\nname: a\r\n");
    BUMPS("{name: a, version: 1.2.3, domain: b}", "{name: a, version: 2.10.0, domain: b}");
    BUMPS("version:\n  1.2.3\nname: a\n", "version:\n  2.10.0\nname: a\n");
    BUMPS("version: |\n  1.2.3\nname: a\n", "version: |\n  2.10.0\nname: a\n");
    BUMPS("version: 1.10\nname: a\n", "version: 2.10.0\nname: a\n");
    BUMPS("\xEF\xBB\xBFversion: 1.0.0\n", "\xEF\xBB\xBFversion: 2.10.0\n");
    BUMPS("\"version\": 1.0.0\n", "\"version\": 2.10.0\n");
    BUMPS("d\xC3\xA9: '\xE2\x82\xAC'\nversion: 1.0.0 # \xE2\x82\xAC\n",
          "d\xC3\xA9: '\xE2\x82\xAC'\nversion: 2.10.0 # \xE2\x82\xAC\n");
    BUMPS("{ d: \"\xE2\x82\xAC\xE2\x82\xAC\", version: 1.0.0 }\n",
          "{ d: \"\xE2\x82\xAC\xE2\x82\xAC\", version: 2.10.0 }\n");
    /* Only the key of the product, not one that is nested. */
    BUMPS("x: {version: 1.0.0}\nversion: 1.0.0\n", "x: {version: 1.0.0}\nversion: 2.10.0\n");
    /* The rest need not be right. */
    BUMPS("nme: 3\nversion: 1.0.0\nschema: 4\n", "nme: 3\nversion: 2.10.0\nschema: 4\n");
    BUMPS("# top\nname: a\n", "# top\nversion: 2.10.0\nname: a\n");
    BUMPS("  name: a\n  x: 1\n", "  version: 2.10.0\n  name: a\n  x: 1\n");
    BUMPS("name: a\r\nx: 1\r\n", "version: 2.10.0\r\nname: a\r\nx: 1\r\n");
    BUMPS("{name: a}\n", "{version: 2.10.0, name: a}\n");
    BUMPS("\xEF\xBB\xBFname: a\n", "\xEF\xBB\xBFversion: 2.10.0\nname: a\n");
    BUMPS("--- # doc\nname: a\n", "--- # doc\nversion: 2.10.0\nname: a\n");
}

static void refused_at(const char *text, const char *version, enum weft_code code, int line)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    if (weft_product_bump_text(text, strlen(text), "p.yaml", version, &out, &error) != -1 ||
        error.code != code || out.length != 0)
        fail_msg("line %d: %s: %s", line, weft_code_name(error.code), out.data);
    weft_buf_release(&out);
}
#define REFUSED(text, version, code) refused_at(text, version, code, __LINE__)

static void version_bump_refused(void **state)
{
    (void)state;
    REFUSED("", "1.0.0", WEFT_E_INVALID);
    REFUSED("- a\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("{}\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("version: [a\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("version: 1.0.0\nversion: 2.0.0\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("version: \"1\\u002e0\"\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("version: {a: b}\n", "1.0.0", WEFT_E_INVALID);
    REFUSED("version: 1.0.0\n", "1.0", WEFT_E_USAGE);
}

static int torture(void *arg, struct weft_error *error)
{
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    int rc = weft_product_bump_text(arg, strlen(arg), "p.yaml", "3.0.0", &out, error);
    weft_buf_release(&out);
    return rc;
}

static void version_torture(void **state)
{
    (void)state;
    char there[] = "name: a\nversion: '1.2.3'\n", none[] = "name: a\n";
    assert_true(weft_test_torture(torture, there) > 5);
    assert_true(weft_test_torture(torture, none) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_texts),   cmocka_unit_test(version_next),
        cmocka_unit_test(version_bump),    cmocka_unit_test(version_bump_refused),
        cmocka_unit_test(version_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
