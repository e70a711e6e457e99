/*
 * guard_test.c - what is kept from a run, over the pipe and back.
 */
#include "job/guard.h"

#include "base/test_support.h"
#include "policy/condition.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};
static const char condition[] =
    "(state = 'a\"b' OR NOT n >= 12.5) AND id IN (c.d.e WHERE ok = TRUE) AND x IS NULL "
    "AND y LIKE '%z' AND z IN ('1', '2')";

static int guard_make(struct weft_arena *arena, struct weft_job_guard *out,
                      struct weft_error *error)
{
    static const struct weft_job_guard_column columns[] = {
        {"state", {.kind = WEFT_TREAT_NONE}},
        {"o'\"dd", {.kind = WEFT_TREAT_FIXED, .text = "-\n-"}},
        {"n", {.kind = WEFT_TREAT_ROUND, .number = 0.1}},
    };
    static const struct weft_min_group groups[] = {{10, "state"}, {3, "o'\"dd"}};
    *out = (struct weft_job_guard){.digest = "d",
                                   .columns = columns,
                                   .column_count = WEFT_COUNT(columns),
                                   .min_groups = groups,
                                   .min_group_count = WEFT_COUNT(groups)};
    return weft_condition_parse(arena, condition, &out->rows, error);
}

static int round_trip(void *arg, struct weft_error *error)
{
    (void)arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf before, after;
    struct weft_job_guard guard, back;
    const char *text;
    weft_buf_init(&before, 1 << 16);
    weft_buf_init(&after, 1 << 16);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(guard_make(arena, &guard, error));
    WEFT_TRY(weft_job_guard_print(&guard, arena, &text, error));
    WEFT_TRY(weft_job_guard_parse(arena, text, &back, error));
    weft_condition_print(guard.rows, &before);
    weft_condition_print(back.rows, &after);
    WEFT_TRY(weft_buf_check(&before, error));
    WEFT_TRY(weft_buf_check(&after, error));
    assert_string_equal(before.data, after.data);
    assert_string_equal(back.digest, "d");
    assert_int_equal(back.min_group_count, guard.min_group_count);
    for (size_t i = 0; i < guard.min_group_count; i++) {
        assert_int_equal(back.min_groups[i].size, guard.min_groups[i].size);
        assert_string_equal(back.min_groups[i].by, guard.min_groups[i].by);
    }
    assert_int_equal(back.column_count, guard.column_count);
    for (size_t i = 0; i < guard.column_count; i++) {
        const struct weft_job_guard_column *x = &guard.columns[i], *y = &back.columns[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->treat.kind, y->treat.kind);
        assert_true(x->treat.number == y->treat.number);
        assert_true((x->treat.text == NULL) == (y->treat.text == NULL));
        if (x->treat.text != NULL)
            assert_string_equal(x->treat.text, y->treat.text);
    }
    return 0;
}

static void test_over_the_pipe_and_back(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(round_trip(NULL, &error), 0);
    weft_test_torture(round_trip, NULL);
}

static void test_a_column_that_nobody_decided_about_is_refused(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_job_guard guard;
    struct weft_relation_column columns[] = {{.name = "state", .type = &text_type},
                                             {.name = "n", .type = &text_type}};
    struct weft_relation relation = {.product = "a.b", .columns = columns, .column_count = 2};
    assert_int_equal(guard_make(arena, &guard, &error), 0);
    assert_int_equal(weft_job_guard_apply(&guard, arena, &relation, &error), 0);
    assert_null(relation.columns[0].treat);
    assert_int_equal(relation.columns[1].treat->kind, WEFT_TREAT_ROUND);
    assert_ptr_equal(relation.rows, guard.rows);
    assert_int_equal(relation.min_group_count, 2);
    assert_int_equal(relation.min_groups[0].size, 10);
    assert_int_equal(relation.min_groups[1].size, 3);
    columns[1].name = "new";
    relation.columns = columns;
    assert_int_equal(weft_job_guard_apply(&guard, arena, &relation, &error), -1);
    assert_int_equal(error.code, WEFT_E_DENIED);
    weft_error_clear(&error);
    weft_arena_free(arena);
}

static void test_what_print_did_not_make_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"digest\":\"d\"}",
        "{\"digest\":\"d\",\"columns\":[{\"name\":\"a\"}],\"min_groups\":[]}",
        "{\"digest\":\"d\",\"columns\":[{\"name\":\"a\",\"treat\":0}],\"min_groups\":[]}",
        "{\"digest\":\"d\",\"columns\":[{\"name\":\"a\",\"treat\":99}],\"min_groups\":[]}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[],\"rows\":7}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[],\"rows\":{\"is\":99,\"op\":0}}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[],\"rows\":{\"is\":3,\"op\":0,\"column\":"
        "\"a\","
        "\"operands\":[{\"is\":3,\"text\":\"id\"}],\"parts\":[]}}", /* principal.id: not bound */
        "{\"digest\":\"d\",\"columns\":[]}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[{\"by\":\"a\"}]}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[{\"size\":5}]}",
        "{\"digest\":\"d\",\"columns\":[],\"min_groups\":[{\"size\":0,\"by\":\"a\"}]}",
    };
    for (size_t i = 0; i < WEFT_COUNT(texts); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        struct weft_job_guard guard;
        if (weft_job_guard_parse(arena, texts[i], &guard, &error) != -1)
            fail_msg("taken: %s", texts[i]);
        weft_error_clear(&error);
        weft_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_the_pipe_and_back),
        cmocka_unit_test(test_a_column_that_nobody_decided_about_is_refused),
        cmocka_unit_test(test_what_print_did_not_make_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
