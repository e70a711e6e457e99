/*
 * replay_record_test.c - values of an edited row as a record of csv: what is null, what is a text
 * that looks like it, numbers to their last digit; and memory that runs out.
 */
#include "base/test_support.h"
#include "job/replay_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct weft_input input = {
    .name = "f", .format = WEFT_FORMAT_CSV, .csv = {.delimiter = ';', .quote = '"'}};

static int record_once(void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, 1 << 16);
    return job_replay_record(&input, arg, &out, error);
}

static void test_record(void **state)
{
    (void)state;
    static const char *const word[] = {"NA"};
    static const struct {
        const char *values, *record; /* NULL = refused */
        const char *const *null;     /* NULL = no `null:` */
        char quote;
    } cases[] = {
        {"{\"a\":\"x\",\"b\":\"\",\"c\":null}", "x;\"\";", NULL, '"'},
        {"{\"a\":null,\"b\":\"NA\"}", "NA;\"NA\"", word, '"'},
        {"{\"a\":\"x;y\",\"b\":\"q\\\"q\",\"c\":\"l\\nm\",\"d\":\"\\r\"}",
         "\"x;y\";\"q\"\"q\";\"l\nm\";\"\r\"", NULL, '"'},
        {"{\"a\":1.50,\"b\":123456789012345678901234567890,\"c\":true,\"d\":-0."
         "1000000000000000055}",
         "1.50;123456789012345678901234567890;true;-0.1000000000000000055", NULL, '"'},
        {"{\"a\":[1, 2.50],\"b\":{\"c\":null}}", "[1,2.50];\"{\"\"c\"\":null}\"", NULL, '"'},
        {"{\"a\":\"NA\"}", NULL, word, 0},
        {"{\"a\":\"x;y\"}", NULL, NULL, 0},
        {"{\"a\":\"xy\",\"b\":\"\"}", "xy;", NULL, 0},
        {"{\"a\":", NULL, NULL, '"'},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
        struct weft_error error = WEFT_ERROR_INIT;
        weft_buf_init(&out, 1 << 16);
        input.csv.nulls = (struct weft_texts){cases[i].null, cases[i].null != NULL};
        input.csv.nulls_given = cases[i].null != NULL;
        input.csv.quote = cases[i].quote;
        int rc = job_replay_record(&input, cases[i].values, &out, &error);
        assert_int_equal(rc, cases[i].record == NULL ? -1 : 0);
        if (cases[i].record == NULL)
            continue;
        assert_string_equal(out.data, cases[i].record);
        assert_true(weft_test_torture(record_once, (void *)cases[i].values) > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
