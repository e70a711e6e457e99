/* Tests of yaml.h. */
#include "base/test_support.h"
#include "base/text.h"
#include "codec/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct read {
    struct weft_arena *arena;
    struct weft_diag diag;
    const struct weft_yaml *root;
    int rc;
};

static struct read read_n(const char *text, size_t length)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct read r = {.arena = weft_arena_new((size_t)256 << 20)};
    weft_diag_init(&r.diag);
    r.rc = weft_yaml_parse(r.arena, text, length, "f.yaml", &r.diag, &r.root, &error);
    assert_true(r.rc >= 0);
    return r;
}

static struct read read_text(const char *text)
{
    return read_n(text, strlen(text));
}

static void read_end(struct read *r)
{
    weft_diag_release(&r->diag);
    weft_arena_free(r->arena);
}

/* kind, text and place of everything, in one line */
static void tree_print(const struct weft_yaml *node, struct weft_buf *out)
{
    weft_buf_addf(out, "@%d:%d", node->place.line, node->place.column);
    switch (node->kind) {
    case WEFT_YAML_NULL:
        weft_buf_adds(out, "~");
        break;
    case WEFT_YAML_SCALAR:
        weft_buf_addf(out, node->quoted ? "'%s'" : "<%s>", node->text);
        assert_int_equal(strlen(node->text), node->length);
        break;
    case WEFT_YAML_SEQUENCE:
        weft_buf_adds(out, "[");
        for (size_t i = 0; i < node->count; i++)
            tree_print(node->items[i], out);
        weft_buf_adds(out, "]");
        break;
    case WEFT_YAML_MAPPING:
        weft_buf_adds(out, "{");
        for (size_t i = 0; i < node->count; i++) {
            const struct weft_yaml_key *key = &node->keys[i];
            weft_buf_addf(out, "%s@%d:%d=", key->text, key->place.line, key->place.column);
            tree_print(node->items[i], out);
        }
        weft_buf_adds(out, "}");
        break;
    }
}

static void reads(const char *text, const char *expected)
{
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    struct read r = read_text(text);
    assert_int_equal(r.rc, 0);
    tree_print(r.root, &out);
    assert_string_equal(out.data, expected);
    weft_buf_release(&out);
    read_end(&r);
}

static void test_trees(void **state)
{
    (void)state;
    reads("a: 1\nb:\n  - x\n  - {c: d}\n",
          "@1:1{a@1:1=@1:4<1>b@2:1=@3:3[@3:5<x>@4:5{c@4:6=@4:9<d>}]}");
    reads("a:\nb: ~\nc: null\nd: 'null'\ne: ''\nf: no\n",
          "@1:1{a@1:1=@1:1~b@2:1=@2:1~c@3:1=@3:1~d@4:1=@4:4'null'e@5:1=@5:4''f@6:1=@6:4<no>}");
    reads("null: a\n", "@1:1{null@1:1=@1:7<a>}");
    reads("a: 1.10 # x\n", "@1:1{a@1:1=@1:4<1.10>}");
    reads("a: x#y\n", "@1:1{a@1:1=@1:4<x#y>}");
    reads("a: |\n  x\n   y\nb: >-\n  p\n  q\n", "@1:1{a@1:1=@2:1'x\n y\n'b@4:1=@5:1'p q'}");
    /* Quotes in a row, texts over several lines. */
    reads("a: 'y''''z and ''''''q'\n'k''''': ''''\n",
          "@1:1{a@1:1=@1:4'y''z and '''q'k''@2:1=@2:10'''}");
    reads("a: 'x\n  y  \n\n\n  z'\nb: ' q\r\n  r'\n", "@1:1{a@1:1=@1:4'x y\n\nz'b@6:1=@6:4' q r'}");
    reads("a: \"\\u00e9\\n\"\nb: 'it''s'\n", "@1:1{a@1:1=@1:4'\xC3\xA9\n'b@2:1=@2:4'it's'}");
}

static void test_places_are_characters(void **state)
{
    (void)state;
    reads("\xC3\xA9\xC3\xA9: {\xE2\x82\xAC: x}\n",
          "@1:1{\xC3\xA9\xC3\xA9@1:1=@1:5{\xE2\x82\xAC@1:6=@1:9<x>}}");
    reads("{\"a\": \"b\", 'c': [1]}", "@1:1{a@1:2=@1:7'b'c@1:12=@1:17[@1:18<1>]}");
}

static void test_windows_and_bom(void **state)
{
    (void)state;
    reads("\xEF\xBB\xBF"
          "a: 1\r\nb:\r\n  - x\r\n",
          "@1:1{a@1:1=@1:4<1>b@2:1=@3:3[@3:5<x>]}");
    reads("---\r\na: \"x\r\n  y\"\r\n...\r\n", "@2:1{a@2:1=@2:4'x y'}");
    reads("a: |\r\n  x\r\n  y\r\n", "@1:1{a@1:1=@2:1'x\ny\n'}");
}

static void wrong_n(const char *text, size_t length, int line, int column, const char *message)
{
    struct read r = read_n(text, length);
    assert_int_equal(r.rc, WEFT_YAML_WRONG);
    assert_null(r.root);
    assert_int_equal(r.diag.errors, 1);
    const struct weft_diag_item *item = &r.diag.items[0];
    assert_int_equal(item->code, WEFT_E_INVALID);
    assert_string_equal(item->file, "f.yaml");
    if (item->line != line || item->column != column || strstr(item->message, message) == NULL)
        fail_msg("%s: %d:%d \"%s\" is not %d:%d \"%s\"", text, item->line, item->column,
                 item->message, line, column, message);
    read_end(&r);
}

static void wrong(const char *text, int line, int column, const char *message)
{
    wrong_n(text, strlen(text), line, column, message);
}

static void test_frequent_mistakes(void **state)
{
    (void)state;
    wrong("", 1, 1, "the file is empty");
    wrong("# only a remark\n", 1, 1, "the file is empty");
    wrong("a:\n\tb: 1\n", 2, 1, "a tab indents");
    wrong("a:\n  b: 1\n  \tc: 1\n", 3, 3, "a tab indents");
    wrong("a: 1\n\tb: 2\n", 2, 1, "a tab indents");
    wrong("a: \"x\nb: 2\n", 1, 4, "the quote has no end");
    wrong("a: 'x\nb: 2\n", 1, 4, "the quote has no end");
    wrong("\xC3\xA9: \"x", 1, 4, "the quote has no end");
    wrong("a: 'it's'\n", 1, 8, "behind the closing quote");
    wrong("a: \"x\" y\n", 1, 8, "behind the closing quote");
    wrong("a: 1\nb:2\n", 2, 2, "a blank is missing behind the colon");
    wrong("a: 1\n\xC3\xA9: {\n", 3, 1, "not YAML");
    wrong("a:1\nb: 2\n", 1, 2, "a blank is missing behind the colon");
    wrong("a: 1\nb:2\nc: 3\n", 2, 2, "a blank is missing behind the colon");
    wrong("a:\n  - x\n  -y\n", 3, 3, "a blank is missing behind the dash");
    wrong("a: x: y\n", 1, 5, "needs quotes");
    wrong("a: 1\n b: 2\n", 1, 4, "goes on in the next line");
    wrong("a:\n  b: 1\n c: 2\n", 3, 2, "indentation");
    wrong("a: - b\n", 1, 4, "a list cannot begin");
    wrong("a: @x\n", 1, 4, "cannot start with '@'");
    wrong("a: [1, 2\n", 2, 1, "not YAML");
    wrong("a: \"\\q\"\n", 1, 5, "invalid escape");
}

static void test_refused(void **state)
{
    (void)state;
    wrong("a: &x b\n", 1, 7, "anchors");
    wrong("a: *x\n", 1, 4, "anchors");
    wrong("a: !!str b\n", 1, 10, "tags");
    wrong("&x a: b\n", 1, 4, "anchors");
    wrong("? [a]\n: b\n", 1, 3, "a key is not a text");
    wrong("{}: b\n", 1, 1, "a key is not a text");
    wrong(": b\n", 1, 1, "a key is not a text");
    wrong("a: 1\n---\nb: 1\n", 2, 1, "a second document");
    wrong("a: 1\n...\nb: 1\n", 3, 1, "a second document");
    wrong("%YAML 1.2\n---\na: 1\n", 1, 1, "directives");
    wrong("a: 1\n%TAG ! x\n", 2, 1, "directives");
    wrong("<!DOCTYPE html>\n<html>", 1, 1, "HTML");
    wrong("\n <HTML lang=en>", 1, 1, "HTML");
    wrong("<?xml version=\"1.0\"?>", 1, 1, "XML");
    wrong("a: 1\nb: \xFF\n", 2, 4, "not UTF-8");
    wrong("\xC3\xA9: \xC3", 1, 4, "not UTF-8");
    wrong("a: \"\\0\"\n", 1, 4, "zero byte");
    wrong("a: \x07\n", 1, 4, "control character");
    wrong_n("a: 1\nb\0: 1\n", 11, 2, 2, "zero byte");
    wrong_n("\xFF\xFE"
            "a\0:\0",
            6, 1, 1, "UTF-16");
    wrong_n("\xFE\xFF\0a", 4, 1, 1, "UTF-16");
    reads("a: <html>\n", "@1:1{a@1:1=@1:4<<html>>}");
}

static void test_twice(void **state)
{
    (void)state;
    struct read r = read_text("a: 1\nb: {c: 1, c: 2}\na: 3\n'b': 4\n");
    assert_int_equal(r.rc, WEFT_YAML_TWICE);
    assert_non_null(r.root);
    assert_int_equal(r.root->count, 4);
    assert_int_equal(r.diag.errors, 3);
    assert_string_equal(r.diag.items[0].message, "the key `c` stands twice; first in line 2");
    assert_int_equal(r.diag.items[0].column, 11);
    assert_string_equal(r.diag.items[1].message, "the key `a` stands twice; first in line 1");
    assert_int_equal(r.diag.items[1].line, 3);
    assert_int_equal(r.diag.items[2].line, 4);
    read_end(&r);
    /* With another mistake behind there is no tree. */
    r = read_text("a: 1\na: 2\nb: [\n");
    assert_int_equal(r.rc, WEFT_YAML_WRONG);
    assert_int_equal(r.diag.errors, 2);
    read_end(&r);
}

static void repeated(const char *part, size_t count, int rc, const char *message)
{
    struct weft_buf text;
    weft_buf_init(&text, 8 << 20);
    for (size_t i = 0; i < count; i++)
        weft_buf_adds(&text, part);
    struct read r = read_n(text.data, text.length);
    assert_int_equal(r.rc, rc);
    if (rc != 0 && strstr(r.diag.items[0].message, message) == NULL)
        fail_msg("%s: %s", part, r.diag.items[0].message);
    read_end(&r);
    weft_buf_release(&text);
}

/* All end quickly, most with a mistake. */
static void test_limits(void **state)
{
    (void)state;
    repeated("# 23456789abcde\n", 65536, WEFT_YAML_WRONG, "empty");
    repeated("# 23456789abcde\n", 65537, WEFT_YAML_WRONG, "larger than 1 MB");
    repeated("[", 33, WEFT_YAML_WRONG, "deeper than 32");
    repeated("[", 100000, WEFT_YAML_WRONG, "deeper than 32");
    repeated("{a: ", 100000, WEFT_YAML_WRONG, "deeper than 32");
    repeated("- ", 100000, WEFT_YAML_WRONG, "deeper than 32");
    repeated("? ", 100000, WEFT_YAML_WRONG, "");
    repeated("- a\n", 199999, 0, "");
    repeated("- a\n", 200000, WEFT_YAML_WRONG, "200,000 values");
    repeated("-\n", 500000, WEFT_YAML_WRONG, "200,000 values");
    repeated("&a ", 300000, WEFT_YAML_WRONG, "");
    repeated("a ", 500000, 0, "");
    repeated("a\n\n", 300000, 0, "");
    repeated("'", 999999, WEFT_YAML_WRONG, "quote");
    repeated("\"\\", 500000, WEFT_YAML_WRONG, "");
    char deep[65];
    memset(deep, '[', 32);
    memset(deep + 32, ']', 32);
    deep[64] = '\0';
    struct read r = read_text(deep);
    assert_int_equal(r.rc, 0);
    read_end(&r);
    char key[WEFT_YAML_KEY_MAX + 5];
    memset(key, 'k', sizeof key);
    memcpy(key + WEFT_YAML_KEY_MAX, ": 1", 4);
    r = read_text(key);
    assert_int_equal(r.rc, 0);
    read_end(&r);
    memcpy(key + WEFT_YAML_KEY_MAX, "k: 1", 5);
    wrong(key, 1, 1, "a key is not a text");
}

static const char example[] = "name: reports\nversion: 1.0.0\nschema:\n"
                              "  - {name: fips, type: string, required: true}\n"
                              "  - name: \"day\"\n    type: date\n"
                              "quality:\n  checks:\n    - name: x\n      sql: |\n"
                              "        SELECT 1\n        FROM this\n";

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof example; length++) {
        char *copy = malloc(length + 1); /* exact, so that a read behind the end is seen */
        memcpy(copy, example, length);
        struct read r = read_n(copy, length);
        read_end(&r);
        free(copy);
    }
}

static void test_changed_anywhere(void **state)
{
    (void)state;
    static const char odd[] = "\0\t\n\r\"'%&*!|>[]{},:#?-@`~\\ \x7F\xC3\xFF";
    char copy[sizeof example];
    for (size_t i = 0; i + 1 < sizeof example; i++) {
        for (size_t k = 0; k + 1 < sizeof odd; k++) {
            memcpy(copy, example, sizeof example);
            copy[i] = odd[k];
            struct read r = read_n(copy, sizeof example - 1);
            assert_int_equal(r.rc == 0, r.diag.errors == 0);
            read_end(&r);
        }
    }
}

static int torture_once(void *arg, struct weft_error *error)
{
    const char *text = arg;
    struct weft_diag diag;
    const struct weft_yaml *root = NULL;
    struct weft_arena *arena = weft_arena_new(0);
    weft_diag_init(&diag);
    int rc = arena == NULL ? weft_error_nomem(error) : 0;
    if (rc == 0)
        rc = weft_yaml_parse(arena, text, strlen(text), "f", &diag, &root, error);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc < 0 ? -1 : 0;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_once, (void *)(uintptr_t)example) > 5);
    assert_true(weft_test_torture(torture_once, (void *)(uintptr_t)"a: 1\na: 2\nb: [x\n") > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_places_are_characters),
        cmocka_unit_test(test_windows_and_bom),
        cmocka_unit_test(test_frequent_mistakes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_changed_anywhere),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
