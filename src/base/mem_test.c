/*
 * mem_test.c - allocation that fails when told to, arrays, arenas with a cap and an end.
 */
#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const void *data, size_t length)
{
    const char *p = data;
    for (size_t i = 0; i < length; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

static void test_alloc(void **state)
{
    (void)state;
    char *piece = weft_alloc(100);
    assert_true(is_zero(piece, 100));
    weft_free(piece);
    weft_free(NULL);
    void *none = weft_alloc(0);
    assert_non_null(none);
    weft_freep(&none);
    assert_null(none);
    assert_null(weft_alloc_array(SIZE_MAX / 2, 4));
    char *text = weft_format("%d %s", 7, "x");
    assert_string_equal(text, "7 x");
    weft_free(text);
    text = weft_strndup("abc", 2);
    assert_string_equal(text, "ab");
    weft_free(text);
}

static void test_failing(void **state)
{
    (void)state;
    weft_alloc_fail_at(2, false);
    void *first = weft_alloc(1), *second = weft_alloc(1), *third = weft_alloc(1);
    assert_int_equal(weft_alloc_fail_at(2, true), 3);
    void *fourth = weft_alloc(1), *fifth = weft_alloc(1), *sixth = weft_alloc(1);
    weft_alloc_fail_at(0, false);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_non_null(fourth);
    assert_null(fifth);
    assert_null(sixth);
    weft_free(first);
    weft_free(third);
    weft_free(fourth);
}

static void test_array_reserve(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weft_array_reserve(&items, &capacity, (size_t)i + 1, sizeof *items), 0);
        assert_int_equal(items[i], 0);
        items[i] = i;
    }
    assert_int_equal(items[999], 999);
    assert_int_equal(weft_array_reserve(&items, &capacity, SIZE_MAX / 2, sizeof *items), -1);
    assert_int_equal(items[500], 500);
    weft_free(items);
}

static void test_arena_pieces(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        size_t size = i % 7 == 0 ? 5000 : i;
        pieces[i] = weft_arena_alloc(arena, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        assert_true(is_zero(pieces[i], size));
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 1; i < 500; i++) {
        size_t size = i % 7 == 0 ? 5000 : i;
        assert_int_equal((unsigned char)pieces[i][0], i & 0xFF);
        assert_int_equal((unsigned char)pieces[i][size - 1], i & 0xFF);
    }
    assert_null(weft_arena_alloc(arena, SIZE_MAX - 3));
    assert_null(weft_arena_array(arena, SIZE_MAX / 2, 16));
    weft_arena_free(arena);
    weft_arena_free(NULL);
}

static void test_arena_cap(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(1024);
    assert_non_null(weft_arena_alloc(arena, 1000));
    assert_null(weft_arena_alloc(arena, 100));
    assert_non_null(weft_arena_alloc(arena, 16));
    assert_null(weft_arena_alloc(arena, 1));
    assert_true(weft_arena_bytes(arena) <= 1024);
    weft_arena_free(arena);
}

static char order[8];

static void note_end(void *data)
{
    order[strlen(order)] = *(char *)data;
}

static void test_arena_end(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    char *a = weft_arena_strdup(arena, "a");
    char *b = weft_arena_strndup(arena, "bcd", 1);
    assert_int_equal(weft_arena_at_end(arena, note_end, a), 0);
    assert_int_equal(weft_arena_at_end(arena, note_end, b), 0);
    assert_string_equal(weft_arena_format(arena, "%s%d", "x", 5), "x5");
    weft_arena_freep(&arena);
    assert_null(arena);
    assert_string_equal(order, "ba");
}

static void test_arena_reserve(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    int64_t *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weft_arena_reserve(arena, &items, &capacity, (size_t)i + 1, sizeof *items),
                         0);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    weft_arena_free(arena);
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    bool ok = true;
    for (size_t i = 0; ok && i < 40; i++)
        ok = weft_arena_alloc(arena, i * 100) != NULL && weft_arena_format(arena, "%zu", i) != NULL;
    weft_arena_free(arena);
    return ok ? 0 : weft_error_nomem(error);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),         cmocka_unit_test(test_failing),
        cmocka_unit_test(test_array_reserve), cmocka_unit_test(test_arena_pieces),
        cmocka_unit_test(test_arena_cap),     cmocka_unit_test(test_arena_end),
        cmocka_unit_test(test_arena_reserve), cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
