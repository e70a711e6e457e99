/*
 * map_test.c - the hash table: found again, in the order of insertion, through many growths.
 */
#include "base/map.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANY 20000

static void test_many(void **state)
{
    (void)state;
    struct weft_map *map = weft_map_new();
    char key[32];
    for (uintptr_t i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "key%zu", (size_t)i * 7919);
        assert_int_equal(weft_map_put(map, key, (void *)(i + 1)), 0);
    }
    assert_int_equal(weft_map_count(map), MANY);
    for (uintptr_t i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "key%zu", (size_t)i * 7919);
        assert_ptr_equal(weft_map_get(map, key), (void *)(i + 1));
        assert_string_equal(weft_map_key(map, i), key);
        assert_ptr_equal(weft_map_value(map, i), (void *)(i + 1));
    }
    assert_null(weft_map_get(map, "key1"));
    weft_map_free(map);
}

static void test_replace_and_null(void **state)
{
    (void)state;
    struct weft_map *map = weft_map_new();
    int a = 1, b = 2;
    assert_false(weft_map_has(map, "x"));
    assert_int_equal(weft_map_put(map, "x", &a), 0);
    assert_int_equal(weft_map_put(map, "x", &b), 0);
    assert_int_equal(weft_map_put(map, "", NULL), 0);
    assert_int_equal(weft_map_count(map), 2);
    assert_ptr_equal(weft_map_get(map, "x"), &b);
    assert_null(weft_map_get(map, ""));
    assert_true(weft_map_has(map, ""));
    weft_map_freep(&map);
    assert_null(map);
    weft_map_free(NULL);
}

static void test_bytes(void **state)
{
    (void)state;
    struct weft_map *map = weft_map_new();
    int a = 1, b = 2;
    assert_int_equal(weft_map_put_bytes(map, "a\0b", 3, &a), 0);
    assert_int_equal(weft_map_put_bytes(map, "a\0c", 3, &b), 0);
    assert_ptr_equal(weft_map_get_bytes(map, "a\0b", 3), &a);
    assert_ptr_equal(weft_map_get_bytes(map, "a\0c", 3), &b);
    assert_null(weft_map_get(map, "a"));
    weft_map_free(map);
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_map *map = weft_map_new();
    if (map == NULL)
        return weft_error_nomem(error);
    char key[32];
    int rc = 0;
    size_t put = 0;
    for (; rc == 0 && put < 60; put++) {
        snprintf(key, sizeof key, "%zu", put);
        rc = weft_map_put(map, key, map);
    }
    /* What was there before the failure is still there. */
    for (size_t i = 0; i + 1 < put; i++) {
        snprintf(key, sizeof key, "%zu", i);
        assert_ptr_equal(weft_map_get(map, key), map);
    }
    weft_map_free(map);
    return rc == 0 ? 0 : weft_error_nomem(error);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_replace_and_null),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
