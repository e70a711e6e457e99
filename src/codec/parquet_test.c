/* Tests of parquet.h: a footer by hand, changed and cut everywhere. */
#include "base/test_support.h"
#include "codec/parquet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* version 1; schema: root of 3, a, s of 2 (x, y), b; 5 rows; two row groups of 2 and 3 rows. */
static const unsigned char footer[] = {
    0x15, 0x02,                                    /* 1: i32 1 */
    0x19, 0x6C,                                    /* 2: list of 6 structs */
    0x48, 1,    'r',  0x15, 0x06, 0x00,            /* 4: "r", 5: 3 */
    0x48, 1,    'a',  0x00,                        /* a */
    0x48, 1,    's',  0x15, 0x04, 0x00,            /* s, 2 */
    0x48, 1,    'x',  0x00, 0x48, 1,    'y', 0x00, /* x, y */
    0x48, 1,    'b',  0x00,                        /* b */
    0x16, 0x0A,                                    /* 3: i64 5 */
    0x19, 0x2C,                                    /* 4: list of 2 structs */
    0x36, 0x04, 0x00, 0x36, 0x06, 0x00,            /* 3: i64 2; 3: i64 3 */
    0x28, 2,    'm',  'e',  0x00,                  /* 6: "me" */
};

static void test_footer(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_parquet_footer out;
    struct weft_arena *arena = weft_arena_new(1 << 24);
    assert_int_equal(weft_parquet_footer_parse(arena, footer, sizeof footer, &out, &error), 0);
    assert_int_equal(out.rows, 5);
    assert_int_equal(out.row_groups, 2);
    assert_int_equal(out.column_count, 3);
    assert_string_equal(out.columns[0], "a");
    assert_string_equal(out.columns[1], "s");
    assert_string_equal(out.columns[2], "b");
    assert_false(out.encrypted);
    weft_arena_free(arena);
}

static void test_damage(void **state)
{
    (void)state;
    unsigned char copy[sizeof footer];
    struct weft_parquet_footer out;
    for (size_t cut = 0; cut < sizeof footer; cut++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(1 << 24);
        assert_int_equal(weft_parquet_footer_parse(arena, footer, cut, &out, &error), -1);
        assert_int_equal(error.code, WEFT_E_INPUT);
        weft_arena_free(arena);
    }
    for (size_t i = 0; i < sizeof footer * 256; i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(1 << 24);
        memcpy(copy, footer, sizeof footer);
        copy[i / 256] = (unsigned char)i;
        int rc = weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error);
        assert_true(rc == 0 ? out.rows >= 0 : error.code == WEFT_E_INPUT);
        weft_arena_free(arena);
    }
}

/* The two counts of the rows must agree. */
static void test_counts(void **state)
{
    (void)state;
    unsigned char copy[sizeof footer];
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_parquet_footer out;
    struct weft_arena *arena = weft_arena_new(1 << 24);
    memcpy(copy, footer, sizeof footer);
    unsigned char *rows = memmem(copy, sizeof copy, "\x16\x0A", 2);
    assert_non_null(rows);
    rows[1] = 0x0C;
    assert_int_equal(weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error), -1);
    assert_non_null(strstr(error.message, "6 rows, and its row groups have 5"));
    weft_arena_free(arena);
}

/* A decimal of 60 digits, told in either way, and a struct with x and X, within a list. */
static const unsigned char odd[] = {
    0x15, 0x02, 0x19, 0x8C,                                     /* list of 8 structs */
    0x48, 1,    'r',  0x15, 0x08, 0x00,                         /* root of 4 */
    0x48, 1,    'a',  0x45, 0x78, 0x00,                         /* 4: a, 8: 60 */
    0x48, 1,    'b',  0x6C, 0x5C, 0x15, 0x02, 0x15, 0x50, 0x00, /* 10: {5: {1: 1, 2: 40 */
    0x00, 0x00,                                                 /* }} */
    0x48, 1,    'l',  0x15, 0x02, 0x00,                         /* l of 1 */
    0x48, 1,    's',  0x15, 0x04, 0x00,                         /* s of 2 */
    0x48, 1,    'x',  0x00, 0x48, 1,    'X',  0x00,             /* x, X */
    0x48, 1,    'x',  0x00,                                     /* x at the top */
    0x16, 0x00, 0x19, 0x0C, 0x00,                               /* no rows */
};

static void test_odd_columns(void **state)
{
    (void)state;
    unsigned char copy[sizeof odd];
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_parquet_footer out;
    struct weft_arena *arena = weft_arena_new(1 << 24);
    memcpy(copy, odd, sizeof odd);
    assert_int_equal(weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error), 0);
    assert_int_equal(out.column_count, 4);
    assert_string_equal(out.columns[3], "x");
    assert_string_equal(out.wide, "a");
    assert_string_equal(out.twice, "l");
    unsigned char *digits = memmem(copy, sizeof copy, "\x45\x78", 2);
    digits[1] = 76; /* 38 */
    unsigned char *upper = memchr(copy, 'X', sizeof copy);
    *upper = 'y';
    assert_int_equal(weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error), 0);
    assert_string_equal(out.wide, "b");
    assert_null(out.twice);
    *upper = '\0'; /* below the top it is not weft that goes by names */
    assert_int_equal(weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error), 0);
    unsigned char *top = memchr(copy, 'a', sizeof copy);
    *top = '\0';
    assert_int_equal(weft_parquet_footer_parse(arena, copy, sizeof copy, &out, &error), -1);
    assert_non_null(strstr(error.message, "zero byte"));
    weft_arena_free(arena);
}

static int torture_once(void *arg, struct weft_error *error)
{
    struct weft_parquet_footer out;
    struct weft_arena *arena = weft_arena_new(1 << 24);
    (void)arg;
    int rc = arena == NULL ? weft_error_nomem(error)
                           : weft_parquet_footer_parse(arena, odd, sizeof odd, &out, error);
    if (rc == 0)
        rc = weft_parquet_footer_parse(arena, footer, sizeof footer, &out, error);
    weft_arena_free(arena);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_once, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_footer),  cmocka_unit_test(test_damage),
        cmocka_unit_test(test_counts),  cmocka_unit_test(test_odd_columns),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
