/* Tests of op.h: the table holds together, and requests read from JSON. */
#include "app/op.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < weft_op_count(); i++) {
        const struct weft_op *op = weft_op_nth(i);
        assert_ptr_equal(weft_op_find(op->name), op);
        assert_true(op->summary[0] != '\0' && op->run != NULL);
        assert_true(op->arg_count <= WEFT_OP_ARGS_MAX);
        bool rest = false; /* words after "all further words" could never be given */
        for (size_t a = 0; a < op->arg_count; a++) {
            const struct weft_op_arg *arg = &op->args[a];
            assert_true(arg->help[0] != '\0');
            assert_true((arg->kind == WEFT_ARG_FLAG) == (arg->value == NULL));
            assert_false(rest && arg->kind >= WEFT_ARG_WORD);
            rest = rest || arg->kind == WEFT_ARG_WORDS;
            for (size_t b = 0; b < a; b++) {
                assert_string_not_equal(arg->name, op->args[b].name);
                assert_true(arg->letter == 0 || arg->letter != op->args[b].letter);
            }
        }
    }
    assert_null(weft_op_find("nothing"));
}

static int read_text(struct weft_arena *arena, const char *json, struct weft_op_request *request,
                     struct weft_error *error)
{
    return weft_op_request_read(arena, json, strlen(json), request, error);
}

static void requests_read(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_op_request request;
    assert_int_equal(read_text(arena,
                               "{\"op\": \"run\", \"args\": {\"no-wait\": true, "
                               "\"product\": [\"a.b\", \"c.d\"]}}",
                               &request, &error),
                     0);
    assert_string_equal(request.op->name, "run");
    assert_true(weft_op_given(&request, "no-wait"));
    assert_false(weft_op_given(&request, "rebuild"));
    assert_int_equal(weft_op_value(&request, "product")->count, 2);
    assert_string_equal(weft_op_value(&request, "product")->texts[1], "c.d");
    assert_int_equal(read_text(arena,
                               "{\"op\": \"rollback\", \"args\": {\"product\": \"a.b\", "
                               "\"snapshot\": \"1\", \"because\": \"x\"}}",
                               &request, &error),
                     0);
    assert_string_equal(weft_op_text(&request, "because"), "x");
    weft_arena_free(arena);
}

static void requests_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"op\": 1}",
        "{\"op\": \"nothing\"}",
        "{\"op\": \"run\", \"args\": []}",
        "{\"op\": \"run\", \"args\": {\"nothing\": true}}",
        "{\"op\": \"run\", \"args\": {\"no-wait\": \"yes\"}}",
        "{\"op\": \"run\", \"args\": {\"product\": \"a.b\"}}",
        "{\"op\": \"run\", \"args\": {\"product\": [1]}}",
        "{\"op\": \"show\"}",
        "{\"op\": \"show\", \"args\": {\"product\": true}}",
        "{\"op\": \"run\", \"op\": \"drop\"}",
    };
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        struct weft_op_request request;
        assert_int_equal(read_text(arena, wrong[i], &request, &error), -1);
        assert_true(error.message[0] != '\0');
        weft_arena_free(arena);
    }
}

static int request_once(void *arg, struct weft_error *error)
{
    struct weft_op_request request;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    return read_text(arena, arg, &request, error);
}

static void requests_without_memory(void **state)
{
    (void)state;
    char text[] = "{\"op\": \"run\", \"args\": {\"product\": [\"a.b\", \"c.d\", \"e.f\"]}}";
    assert_true(weft_test_torture(request_once, text) > 0);
}

static void page_prints(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf page;
    weft_buf_init(&page, 1 << 20);
    assert_int_equal(weft_op_page_print(&page, &error), 0);
    for (size_t i = 0; i < weft_op_count(); i++) {
        char head[64];
        snprintf(head, sizeof head, "\n## weft %s\n", weft_op_nth(i)->name);
        assert_non_null(strstr(page.data, head));
    }
    weft_buf_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_holds),      cmocka_unit_test(requests_read),
        cmocka_unit_test(requests_refused), cmocka_unit_test(requests_without_memory),
        cmocka_unit_test(page_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
