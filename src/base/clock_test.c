/*
 * clock_test.c - dates, times and durations, against known values and the C library.
 */
#include "base/clock.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Every day from 1600 to 2400, against timegm. */
static void test_every_day(void **state)
{
    (void)state;
    int32_t first, last;
    assert_true(weft_date_to_days(1600, 1, 1, &first));
    assert_true(weft_date_to_days(2400, 12, 31, &last));
    for (int32_t days = first; days <= last; days++) {
        int year, month, day;
        int32_t again;
        weft_days_to_date(days, &year, &month, &day);
        assert_true(weft_date_to_days(year, month, day, &again));
        assert_int_equal(again, days);
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
        assert_int_equal(timegm(&tm), (time_t)days * 86400);
    }
}

static void test_no_such_day(void **state)
{
    (void)state;
    static const int wrong[][3] = {{2023, 2, 29}, {1900, 2, 29}, {2024, 4, 31}, {2024, 0, 1},
                                   {2024, 13, 1}, {2024, 1, 0},  {2024, 1, 32}, {10000, 1, 1}};
    int32_t days;
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++)
        assert_false(weft_date_to_days(wrong[i][0], wrong[i][1], wrong[i][2], &days));
    assert_true(weft_date_to_days(2000, 2, 29, &days));
    assert_true(weft_date_to_days(2024, 2, 29, &days));
    assert_true(weft_date_to_days(-1, 3, 1, &days));
}

static void time_is(const char *text, const char *expected)
{
    int64_t us;
    char out[WEFT_TIME_TEXT];
    if (!weft_time_parse(text, &us))
        fail_msg("not read: %s", text);
    weft_time_format(us, out);
    assert_string_equal(out, expected);
}

static void test_times(void **state)
{
    (void)state;
    time_is("2026-11-21", "2026-11-21T00:00:00Z");
    time_is("2026-11-21T04:05", "2026-11-21T04:05:00Z");
    time_is("2026-11-21 04:05:06", "2026-11-21T04:05:06Z");
    time_is("2026-11-21t04:05:06.5z", "2026-11-21T04:05:06.500000Z");
    time_is("2026-11-21T04:05:06.123456Z", "2026-11-21T04:05:06.123456Z");
    time_is("2026-11-21T04:05:06+02:00", "2026-11-21T02:05:06Z");
    time_is("2026-11-21T04:05:06-0530", "2026-11-21T09:35:06Z");
    time_is("2026-12-31T23:30:00-01", "2027-01-01T00:30:00Z");
    time_is("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    time_is("0001-01-01", "0001-01-01T00:00:00Z");
    static const char *const wrong[] = {"",
                                        "2026",
                                        "2026-11",
                                        "2026-11-31",
                                        "26-11-21",
                                        "2026-11-21T",
                                        "2026-11-21T4:05",
                                        "2026-11-21T24:00",
                                        "2026-11-21T04:60",
                                        "2026-11-21T04:05:60",
                                        "2026-11-21T04:05:06.",
                                        "2026-11-21T04:05:06.1234567",
                                        "2026-11-21T04:05+",
                                        "2026-11-21T04:05+05:",
                                        "2026-11-21T04:05+19",
                                        "2026-11-21Z ",
                                        "2026-11-21T04:05Zx",
                                        " 2026-11-21"};
    int64_t us;
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++) {
        if (weft_time_parse(wrong[i], &us))
            fail_msg("read: %s", wrong[i]);
    }
    char out[WEFT_TIME_TEXT];
    weft_time_format(INT64_MAX, out);
    weft_time_format(INT64_MIN, out);
}

static void duration_is(const char *text, int64_t expected)
{
    int64_t us = -1;
    assert_int_equal(weft_duration_parse(text, &us), expected >= 0);
    assert_int_equal(us, expected);
}

static void test_durations(void **state)
{
    (void)state;
    duration_is("500ms", 500000);
    duration_is("30s", 30000000);
    duration_is("90m", INT64_C(5400000000));
    duration_is("24h", INT64_C(86400000000));
    duration_is("2w", 14 * INT64_C(86400000000));
    duration_is("7y", 7 * 365 * INT64_C(86400000000));
    static const char *const wrong[] = {"", "h", "1", "1.5h", "-1h", "1 h", "1hh", "9999999999s"};
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++)
        duration_is(wrong[i], -1);
}

static void ago_is(int64_t seconds, const char *expected)
{
    char out[WEFT_TIME_TEXT];
    int64_t now = INT64_C(1795233906) * 1000000;
    weft_time_ago(now - seconds * 1000000, now, out);
    assert_string_equal(out, expected);
}

static void test_ago(void **state)
{
    (void)state;
    ago_is(0, "just now");
    ago_is(1, "1 second ago");
    ago_is(119, "1 minute ago");
    ago_is(7200, "2 hours ago");
    ago_is(86400 * 400, "400 days ago");
    ago_is(-7200, "in 2 hours");
}

static void test_clocks_go(void **state)
{
    (void)state;
    int64_t before = weft_clock_mono_us();
    assert_true(weft_clock_mono_us() >= before);
    assert_true(weft_clock_us() > INT64_C(1600000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day), cmocka_unit_test(test_no_such_day),
        cmocka_unit_test(test_times),     cmocka_unit_test(test_durations),
        cmocka_unit_test(test_ago),       cmocka_unit_test(test_clocks_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
