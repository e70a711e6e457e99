/* Tests of json.h. */
#include "base/mem.h"
#include "base/test_support.h"
#include "codec/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static yyjson_doc *parse(const char *text)
{
    yyjson_doc *doc = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_json_parse(text, strlen(text), WEFT_JSON_UNIQUE_KEYS, &doc, &error), 0);
    return doc;
}

static void refused(const char *text, unsigned flags, int line, int column, const char *message)
{
    yyjson_doc *doc = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_json_parse(text, strlen(text), flags, &doc, &error), -1);
    assert_null(doc);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    if (strstr(error.message, message) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", error.message, message);
}

static void test_mistakes_have_a_place(void **state)
{
    (void)state;
    refused("", 0, 1, 1, "not valid JSON");
    refused("{\n  \"a\": 1,\n  \"\xC3\xA9\" 2}", 0, 3, 7, "not valid JSON");
    refused("[1] x", 0, 1, 5, "not valid JSON");
    refused("\"\xFF\"", 0, 1, 2, "not valid JSON");
    refused("{\"a\":1,\n \"b\":{\"x\":1,\"x\":2}}", WEFT_JSON_UNIQUE_KEYS, 2, 13, "stands twice");
    refused("[123456789012345678901234567890]", 0, 1, 2, "beyond 64 bits");
    refused("[1,\n1e999]", 0, 2, 1, "beyond 64 bits");
    refused("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"a\":0}",
            WEFT_JSON_UNIQUE_KEYS, 1, 56, "`a` stands twice");
    yyjson_doc *doc = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_json_parse("{\"a\":1,\"a\":2}", 13, 0, &doc, &error), 0);
    weft_json_freep(&doc);
}

static char *nested(int depth)
{
    char *text = calloc(1, (size_t)depth * 2 + 1);
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    return text;
}

static void test_depth(void **state)
{
    (void)state;
    const struct {
        int depth;
        unsigned flags;
        bool good;
    } cases[] = {{64, 0, true},
                 {65, 0, false},
                 {2048, WEFT_JSON_DEEP, true},
                 {2049, WEFT_JSON_DEEP, false},
                 {1000000, WEFT_JSON_DEEP, false}};
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        char *text = nested(cases[i].depth);
        struct weft_error error = WEFT_ERROR_INIT;
        yyjson_doc *doc = NULL;
        int rc = weft_json_parse(text, strlen(text), cases[i].flags, &doc, &error);
        assert_int_equal(rc, cases[i].good ? 0 : -1);
        weft_json_freep(&doc);
        free(text);
    }
    /* Brackets in strings are no nesting. */
    yyjson_doc *doc =
        parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]");
    weft_json_freep(&doc);
}

static void test_members(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    yyjson_doc *doc =
        parse("{\"t\":\"x\",\"z\":\"a\\u0000b\",\"i\":-5,\"big\":\"9007199254740993\","
              "\"u\":18446744073709551615,\"b\":true,\"a\":[],\"o\":{},\"n\":null}");
    yyjson_val *root = yyjson_doc_get_root(doc), *value = NULL;
    const char *text = NULL;
    int64_t number = 0;
    bool flag = false;
    assert_int_equal(weft_json_text(root, "t", &text, &error), 0);
    assert_string_equal(text, "x");
    assert_int_equal(weft_json_text(root, "z", &text, &error), -1);
    assert_int_equal(weft_json_text(root, "n", &text, &error), -1);
    assert_int_equal(weft_json_text(root, "none", &text, &error), -1);
    assert_int_equal(error.code, WEFT_E_CORRUPT);
    assert_int_equal(weft_json_int(root, "i", &number, &error), 0);
    assert_int_equal(number, -5);
    assert_int_equal(weft_json_int(root, "big", &number, &error), 0);
    assert_true(number == INT64_C(9007199254740993));
    assert_int_equal(weft_json_int(root, "u", &number, &error), -1);
    assert_int_equal(weft_json_int(root, "t", &number, &error), -1);
    assert_int_equal(weft_json_bool(root, "b", &flag, &error), 0);
    assert_true(flag);
    assert_int_equal(weft_json_bool(root, "i", &flag, &error), -1);
    assert_int_equal(weft_json_array(root, "a", &value, &error), 0);
    assert_int_equal(weft_json_array(root, "o", &value, &error), -1);
    assert_int_equal(weft_json_object(root, "o", &value, &error), 0);
    assert_int_equal(weft_json_object(root, "a", &value, &error), -1);
    assert_string_equal(weft_json_text_or(root, "n", "d"), "d");
    assert_int_equal(weft_json_int_or(root, "none", 7), 7);
    assert_true(weft_json_bool_or(root, "none", true));
    assert_string_equal(weft_json_text_or(NULL, "n", "d"), "d");
    weft_json_freep(&doc);
}

static void test_writer(void **state)
{
    (void)state;
    struct weft_buf out;
    struct weft_json_writer w;
    weft_buf_init(&out, 1 << 20);
    weft_json_writer_init(&w, &out);
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "a\"", "x\n\x01\x7F\\\xFF\xC3\xA9\t");
    weft_json_member_text(&w, "none", NULL);
    weft_json_member_int(&w, "min", INT64_MIN);
    weft_json_member_bool(&w, "b", false);
    weft_json_key(&w, "list");
    weft_json_begin_array(&w);
    weft_json_put_uint(&w, UINT64_MAX);
    weft_json_put_double(&w, 0.1);
    weft_json_put_double(&w, -0.0);
    weft_json_put_double(&w, NAN);
    weft_json_begin_array(&w);
    weft_json_end_array(&w);
    weft_json_put_raw(&w, "{\"r\":1}", 7);
    yyjson_doc *doc = parse("{\"k\":[1,2.5,null]}");
    weft_json_put_value(&w, yyjson_doc_get_root(doc));
    weft_json_freep(&doc);
    weft_json_end_array(&w);
    weft_json_end_object(&w);
    assert_string_equal(out.data,
                        "{\"a\\\"\":\"x\\n\\u0001\x7F\\\\\xEF\xBF\xBD\xC3\xA9\\t\",\"none\":null,"
                        "\"min\":-9223372036854775808,\"b\":false,\"list\":[18446744073709551615,"
                        "0.1,-0.0,null,[],{\"r\":1},{\"k\":[1,2.5,null]}]}");
    weft_buf_release(&out);
}

static void canonical(const char *text, const char *wanted)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    yyjson_doc *doc = parse(text);
    int rc = weft_json_canonical(yyjson_doc_get_root(doc), &out, &error);
    if (wanted == NULL) {
        assert_int_equal(rc, -1);
        assert_int_equal(error.code, WEFT_E_INVALID);
    } else {
        assert_int_equal(rc, 0);
        assert_string_equal(out.data, wanted);
    }
    weft_json_freep(&doc);
    weft_buf_release(&out);
}

static void test_canonical(void **state)
{
    (void)state;
    /* RFC 8785, 3.2.2 and 3.2.3 */
    canonical("{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, "
              "0.000000000000000000000000001],"
              "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
              "\"literals\": [null, true, false]}",
              "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,"
              "1e-27],\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    canonical("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew\","
              "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\","
              "\"\\u00f6\":\"O\"}",
              "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
              "\"\xC3\xB6\":\"O\",\"\xE2\x82\xAC\":\"Euro Sign\",\"\xF0\x9F\x98\x80\":\"Emoji\","
              "\"\xEF\xAC\xB3\":\"Hebrew\"}");
    canonical("[9007199254740992, -9007199254740992, -0, -0.0]",
              "[9007199254740992,-9007199254740992,0,0]");
    canonical("[295147905179352830000.0, 1e20]", "[295147905179352830000,100000000000000000000]");
    canonical("[9007199254740993]", NULL);
    canonical("[-9007199254740993]", NULL);
}

static void number(uint64_t bits, const char *wanted)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    struct weft_buf out;
    struct weft_json_writer w;
    weft_buf_init(&out, 100);
    weft_json_writer_init(&w, &out);
    weft_json_put_double(&w, value);
    assert_string_equal(out.data, wanted);
    weft_buf_release(&out);
}

/* The samples of RFC 8785, appendix B. */
static void test_numbers(void **state)
{
    (void)state;
    number(0x0000000000000000, "0");
    number(0x3d10000000000000, "1.4210854715202004e-14");
    number(0x0060000000000000, "7.120236347223045e-307"); /* the nearest 17 digits are longer */
    number(0x0000000000000001, "5e-324");
    number(0x8000000000000001, "-5e-324");
    number(0x7fefffffffffffff, "1.7976931348623157e+308");
    number(0xffefffffffffffff, "-1.7976931348623157e+308");
    number(0x4340000000000000, "9007199254740992");
    number(0xc340000000000000, "-9007199254740992");
    number(0x4430000000000000, "295147905179352830000.0");
    number(0x44b52d02c7e14af5, "9.999999999999997e+22");
    number(0x44b52d02c7e14af6, "1e+23");
    number(0x44b52d02c7e14af7, "1.0000000000000001e+23");
    number(0x444b1ae4d6e2ef4e, "999999999999999700000.0");
    number(0x444b1ae4d6e2ef4f, "999999999999999900000.0");
    number(0x444b1ae4d6e2ef50, "1e+21");
    number(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7");
    number(0x3eb0c6f7a0b5ed8d, "0.000001");
    number(0x41b3de4355555553, "333333333.3333332");
    number(0x41b3de4355555557, "333333333.33333343");
    number(0xbecbf647612f3696, "-0.0000033333333333333333");
    number(0x43143ff3c1cb0959, "1424953923781206.2");
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        double value;
        memcpy(&value, &seed, sizeof value);
        if (!isfinite(value))
            continue;
        struct weft_buf out;
        struct weft_json_writer w;
        weft_buf_init(&out, 100);
        weft_json_writer_init(&w, &out);
        weft_json_put_double(&w, value);
        assert_true(strtod(out.data, NULL) == value);
        weft_buf_release(&out);
    }
}

static int torture_all(void *arg, struct weft_error *error)
{
    (void)arg;
    static const char text[] =
        "{\"a\":[1,2,{\"b\":\"x\"}],\"c\":1.5,\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,"
        "\"7\":1,\"8\":1}";
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, 1 << 16);
    WEFT_TRY(weft_json_parse(text, sizeof text - 1, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    struct weft_json_writer w;
    weft_json_writer_init(&w, &out);
    weft_json_put_value(&w, yyjson_doc_get_root(doc));
    WEFT_TRY(weft_buf_check(&out, error));
    return weft_json_canonical(yyjson_doc_get_root(doc), &out, error);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_all, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_have_a_place),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
