/*
 * yaml_format_test.c - what changes, what stays, and what is refused.
 */
#include "base/test_support.h"
#include "codec/yaml_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int format(const char *text, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_yaml_format(arena, text, strlen(text), "x.yaml", &diag, out, error);
    return rc == 0 && diag.out_of_memory ? -1 : rc;
}

static void formats_to(const char *text, const char *wanted)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf once;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf twice;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&once, 1 << 20);
    weft_buf_init(&twice, 1 << 20);
    int rc = format(text, &once, &error);
    if (rc != 0)
        print_error("%s\n", error.message);
    assert_int_equal(rc, 0);
    assert_string_equal(once.data, wanted);
    assert_int_equal(format(once.data, &twice, &error), 0);
    assert_string_equal(twice.data, wanted);
}

static void test_indentation(void **state)
{
    (void)state;
    formats_to("a:\n    b: 1\n    c:\n        d: 2\ne: 3\n", "a:\n  b: 1\n  c:\n    d: 2\ne: 3\n");
    formats_to("a:\n- 1\n- b: 2\n  c: 3\n", "a:\n  - 1\n  - b: 2\n    c: 3\n");
    formats_to("a:\n    -   b: 2\n        c: 3\n", "a:\n  - b: 2\n    c: 3\n");
    formats_to("- - 1\n  - 2\n-   - 3\n", "- - 1\n  - 2\n- - 3\n");
    formats_to("a:\n   text\n   more\n", "a:\n  text\n  more\n");
}

static void test_blanks(void **state)
{
    (void)state;
    formats_to("a:   1  \nb :  [1,2 , 3 ]\nc: { x: 1,y: {z: 2} }\n",
               "a: 1\nb: [1, 2, 3]\nc: {x: 1, y: {z: 2}}\n");
    formats_to("\n\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n");
    formats_to("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n");
    formats_to("\xEF\xBB\xBF"
               "a: 1",
               "a: 1\n");
}

static void test_quotes(void **state)
{
    (void)state;
    formats_to("a: \"word\"\nb: 'two words'\nc: \"01\"\nd: 'x: y'\ne: \"no\"\nf: \"\"\n",
               "a: word\nb: two words\nc: \"01\"\nd: \"x: y\"\ne: \"no\"\nf: \"\"\n");
    formats_to("a: ['it''s', \"b\\n\", \"[0-9]{5}\"]\n", "a: ['it''s', \"b\\n\", \"[0-9]{5}\"]\n");
    formats_to("\"key\": 1\n", "key: 1\n");
}

static void test_comments(void **state)
{
    (void)state;
    formats_to("# top\na:   # of a\n    # of b\n    b: 1     # one\n    # end of a\n# e\ne: 2\n",
               "# top\na:   # of a\n  # of b\n  b: 1     # one\n  # end of a\n# e\ne: 2\n");
    formats_to("a: [1, # one\n  2]   # two\n", "a: [1, # one\n  2]   # two\n");
    formats_to("a: \"x#y\"  # c\nb: x#y # d\n", "a: \"x#y\"  # c\nb: x#y # d\n");
}

static void test_blocks(void **state)
{
    (void)state;
    formats_to("sql: |\n      select 1\n        from x  \n\n      where y\n\n\nb: 1\n",
               "sql: |\n  select 1\n    from x  \n\n  where y\n\nb: 1\n");
    formats_to("a:\n    - sql: >-\n          x\n          y\n      b: 1\n",
               "a:\n  - sql: >-\n      x\n      y\n    b: 1\n");
    formats_to("a: |2\n    x\n   y\n", "a: |2\n    x\n   y\n");
    formats_to("a: |+\n  x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n");
    formats_to("a: |\n  # no comment\n  x\n# a comment\nb: 1\n",
               "a: |\n  # no comment\n  x\n# a comment\nb: 1\n");
}

static void test_lines(void **state)
{
    (void)state;
    formats_to("a: [\n      x,\n      {y: 1,\n  z: 2}\n    ]\n",
               "a: [\n  x,\n  {y: 1,\n    z: 2}\n  ]\n");
    formats_to("a: \"one\n     two\"\n", "a: \"one\n  two\"\n");
    formats_to("a: one\n     two\n\n     three\nb: 1\n", "a: one\n  two\n\n  three\nb: 1\n");
}

static void test_refused(void **state)
{
    (void)state;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&out, 1 << 20);
    assert_int_equal(format("a: [1\n", &out, &error), WEFT_YAML_WRONG);
    assert_int_equal(format("a: 1\na: 2\n", &out, &error), WEFT_YAML_TWICE);
    assert_int_equal(out.length, 0);
}

static int format_some(void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    (void)arg;
    weft_buf_init(&out, 1 << 20);
    return format("# c\na:\n    - {x: 'y',z: [1,2]} # d\n    - |\n        text\nb: \"c\"\n", &out,
                  error);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(format_some, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indentation), cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_quotes),      cmocka_unit_test(test_comments),
        cmocka_unit_test(test_blocks),      cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
