/* Tests of json_record.h: borders of elements, members, and what is refused. */
#include "base/mem.h"
#include "codec/json_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Elements joined by |, or what is wrong and where: "3: text". */
static void splits(const char *text, const char *expected)
{
    struct weft_json_split split;
    uint32_t pairs[256];
    char got[1024] = "";
    size_t count = 0;
    weft_json_split_init(&split);
    bool good = weft_json_split_run(&split, text, strlen(text), true, pairs, &count);
    assert_int_equal(good, split.wrong == NULL);
    for (size_t i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i > 0 ? "|" : "",
                 (int)(pairs[2 * i + 1] - pairs[2 * i]), text + pairs[2 * i]);
    if (!good)
        snprintf(got + strlen(got), sizeof got - strlen(got), "!%zu: %s", split.at, split.wrong);
    assert_string_equal(got, expected);
}

static void test_split(void **state)
{
    (void)state;
    splits("[]", "");
    splits(" [ ] \n", "");
    splits("[1]", "1");
    splits("[1,\"a,]\",true , null\n]", "1|\"a,]\"|true|null");
    splits("[{\"a\":[1,{}]},{\"b\":\"\\\"}\"}]", "{\"a\":[1,{}]}|{\"b\":\"\\\"}\"}");
    splits("{}{} \r\n{\"a\":{}}", "{}|{}|{\"a\":{}}");
    splits("[[1],[2,[3]]]", "[1]|[2,[3]]");
    splits("[{\"a\" 1},{nul}]", "{\"a\" 1}|{nul}"); /* broken, but their borders are certain */
    splits("", "!0: the file is empty: not even `[]`");
    splits("x", "!0: it begins with neither `[` nor `{`");
    splits("[1,]", "1!3: a comma stands before `]`");
    splits("[,1]", "!1: a value is missing before the comma");
    splits("[1 2]", "1!3: neither `,` nor `]` stands behind a value");
    splits("[1{}]", "!2: neither `,` nor `]` stands behind a value");
    splits("[x]", "!1: no value begins like this");
    splits("[1", "!2: the file ends before the array does");
    splits("[{\"a\":1", "!7: the file ends in the middle of a value");
    splits("[\"a", "!3: the file ends in the middle of a value");
    splits("[{\"a\":\"x\n\"}]", "!8: a string is not closed in its line");
    splits("[{]}]", "!2: `]` stands where `}` must");
    splits("[1] 2", "1!4: there is text behind the end of the array");
    splits("{}[]", "{}!2: no object begins behind the last one");
}

static void test_depth(void **state)
{
    (void)state;
    char text[4096] = "[";
    uint32_t pairs[8192];
    for (int depth = WEFT_JSON_SPLIT_DEPTH; depth < WEFT_JSON_SPLIT_DEPTH + 2; depth++) {
        struct weft_json_split split;
        size_t count = 0;
        memset(text + 1, '[', (size_t)depth);
        memset(text + 1 + depth, ']', (size_t)depth + 1);
        weft_json_split_init(&split);
        assert_int_equal(
            weft_json_split_run(&split, text, 2 * (size_t)depth + 2, true, pairs, &count),
            depth == WEFT_JSON_SPLIT_DEPTH);
    }
}

static bool scans(const char *text)
{
    struct weft_json_slice value;
    return weft_json_scan(text, strlen(text), &value) == NULL;
}

static void test_scan(void **state)
{
    (void)state;
    static const char *const good[] = {"1",
                                       "-0",
                                       "0.5e-10",
                                       "\"\"",
                                       "\"\\ud83d\\ude00\\n\"",
                                       " [ ] ",
                                       "{ }",
                                       "[[],{}]",
                                       "true",
                                       "{\"a\":{\"b\":[null]}}",
                                       "{\"a\":1,\"a\":2}"};
    static const char *const bad[] = {"",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1e",
                                      "- 1",
                                      "nul",
                                      "tru",
                                      "NaN",
                                      "'a'",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\t\"",
                                      "[1,]",
                                      "[,]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{,}",
                                      "[1 2]",
                                      "1 2",
                                      "{}}",
                                      "[",
                                      "{",
                                      "\"\\u12\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\"",
                                      "\"\\u0000\"",
                                      "\"\\ud800\\u0041\"",
                                      "{\"a\":1\"b\":2}",
                                      "// x\n1",
                                      "[1/**/]",
                                      "\xEF\xBB\xBF"
                                      "1"};
    for (size_t i = 0; i < WEFT_COUNT(good); i++)
        assert_true(scans(good[i]));
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        if (scans(bad[i]))
            fail_msg("%s is taken", bad[i]);
    }
    char deep[200];
    memset(deep, '[', 64);
    memset(deep + 64, ']', 64);
    deep[128] = '\0';
    assert_true(scans(deep));
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    deep[130] = '\0';
    assert_false(scans(deep));
}

static void test_members(void **state)
{
    (void)state;
    char text[] = "{\"a\": 12.50, \"b\\u00e9\": \"x\\ty\", \"c\": [1, {}] , \"d\":false}";
    static const char *const names[] = {"a", "b\xC3\xA9", "c", "d"};
    static const char *const values[] = {"12.50", "x\ty", "[1, {}]", "false"};
    static const enum weft_json_kind kinds[] = {WEFT_JSON_NUMBER, WEFT_JSON_TEXT, WEFT_JSON_ARRAY,
                                                WEFT_JSON_BOOLEAN};
    struct weft_json_walk walk;
    struct weft_json_slice parts[2];
    size_t i = 0;
    weft_json_walk_init(&walk, text, strlen(text));
    for (; weft_json_member_next(&walk, &parts[0], &parts[1]); i++) {
        const char *const wanted[] = {names[i], values[i]};
        assert_int_equal(parts[1].kind, kinds[i]);
        for (size_t k = 0; k < 2; k++) {
            char plain[64];
            memcpy(plain, parts[k].data, parts[k].length);
            size_t size = parts[k].escaped ? weft_json_unescape(plain, parts[k].length, plain)
                                           : parts[k].length;
            assert_int_equal(size, strlen(wanted[k]));
            assert_memory_equal(plain, wanted[k], size);
        }
    }
    assert_int_equal(i, 4);
    assert_null(walk.wrong);
    assert_ptr_equal(walk.at, text + strlen(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split), cmocka_unit_test(test_depth),
                                       cmocka_unit_test(test_scan), cmocka_unit_test(test_members)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
