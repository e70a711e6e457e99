/* Tests of cells.h. */
#include "base/test_support.h"
#include "codec/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char sheet[] = "\xef\xbb\xbf_row;a;\"b;\"\"c\"\"\"\r\n1:1;x,y;\"two\nlines\"\r\n\r\n"
                            "1:2;;\"\"\n1:3;end";

static struct weft_cells read_text(struct weft_arena *arena, const char *text)
{
    struct weft_cells cells = {0};
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_cells_read(arena, text, strlen(text), &cells, &error) < 0)
        fail_msg("%s", error.message);
    return cells;
}

static void test_read(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_cells cells = read_text(arena, sheet);
    assert_int_equal(cells.delimiter, ';');
    assert_int_equal(cells.count, 4);
    assert_int_equal(cells.rows[0].count, 3);
    assert_string_equal(cells.rows[0].cells[0].text, "_row");
    assert_string_equal(cells.rows[0].cells[2].text, "b;\"c\"");
    assert_string_equal(cells.rows[1].cells[1].text, "x,y");
    assert_string_equal(cells.rows[1].cells[2].text, "two\nlines");
    assert_int_equal(cells.rows[2].line, 5);
    assert_false(cells.rows[2].cells[1].quoted);
    assert_true(cells.rows[2].cells[2].quoted);
    assert_int_equal(cells.rows[3].count, 2);
    assert_int_equal(read_text(arena, "").count, 0);
    assert_int_equal(read_text(arena, "a\tb\nc").delimiter, '\t');
    assert_int_equal(read_text(arena, "a,").rows[0].count, 2);
    weft_arena_free(arena);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *why;
    } cases[] = {{"a,b\n1,\"x\ny", 2, "not closed"},
                 {"a\n\"x\"y\n", 2, "behind a closing quote"},
                 {"a\n\xff\n", 2, "UTF-8"}};
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_arena *arena = weft_arena_new(0);
        struct weft_cells cells;
        struct weft_error error = WEFT_ERROR_INIT;
        const char *text = cases[i].text;
        assert_int_equal(weft_cells_read(arena, text, strlen(text), &cells, &error), -1);
        assert_int_equal(error.line, cases[i].line);
        assert_non_null(strstr(error.message, cases[i].why));
        weft_arena_free(arena);
    }
}

static int torture_one(void *arg, struct weft_error *error)
{
    (void)arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_cells cells;
    if (arena == NULL)
        return weft_error_nomem(error);
    return weft_cells_read(arena, sheet, sizeof sheet - 1, &cells, error);
}

static void test_torture(void **state)
{
    (void)state;
    weft_test_torture(torture_one, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
