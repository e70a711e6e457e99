/*
 * job_covid_test.c - the county reports of the folder in WEFT_COVID_DATA through the example's
 * contract: what is known of them must come out. Skipped without that folder.
 *
 * With WEFT_BENCH set it also prints how long each run took.
 */
#include "flow/job_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\","
    "\"input\":{\"files\":\"dailyc19*.csv*\",\"read\":\"new\"},"
    "\"schema\":[{\"name\":\"date\",\"type\":\"date\",\"required\":true},"
    "{\"name\":\"county\",\"type\":\"string\",\"required\":true},"
    "{\"name\":\"state\",\"type\":\"string\",\"required\":true},"
    "{\"name\":\"fips\",\"type\":\"string\",\"required\":true,\"pattern\":\"[0-9]{5}\"},"
    "{\"name\":\"cases\",\"type\":\"long\",\"required\":true,\"min\":0},"
    "{\"name\":\"deaths\",\"type\":\"long\",\"required\":true,\"min\":0}],"
    "\"key\":[\"date\",\"fips\"],"
    "\"quality\":{\"completeness\":0.99,\"rows\":{\"min\":1000},"
    "\"checks\":[{\"name\":\"deaths_within_cases\",\"condition\":\"deaths <= cases\","
    "\"on_fail\":\"quarantine\"},"
    "{\"name\":\"never_falls\",\"sql\":\"select fips from this group by fips having max(cases) > "
    "last(cases order by date)\",\"on_fail\":\"warn\"}]}}";

static void test_covid(void **state)
{
    (void)state;
    const char *folder = getenv("WEFT_COVID_DATA");
    if (folder == NULL)
        skip();
    struct job_fixture f;
    job_setup(&f);
    f.job.folder = folder;
    job_run(&f, document, WEFT_JOB_RUN);
    if (f.outcome.state != WEFT_RUN_PUBLISHED)
        fail_msg("%s (%s) %s", f.outcome.error.message, f.outcome.error.file,
                 f.outcome.error.detail);
    assert_int_equal(f.outcome.balance.read, 720998);
    assert_int_equal(f.outcome.balance.input_quarantined, 3);
    assert_int_equal(f.outcome.balance.published, 720995);
    assert_int_equal(job_check(&f, "check.deaths_within_cases")->failing, 3);
    assert_int_equal(job_check(&f, "check.never_falls")->failing, 41);
    assert_false(job_check(&f, "check.never_falls")->passed);
    assert_true(job_check(&f, "key")->passed);
    job_commit(&f);
    assert_int_equal(job_number(&f, "SELECT count(*) FROM {t}"), 720995);
    assert_int_equal(job_number(&f, "SELECT count(*) FROM {q} WHERE rules = "
                                    "['check.deaths_within_cases'] AND line > 1"),
                     3);
    job_run(&f, document, WEFT_JOB_RUN);
    assert_int_equal(f.outcome.state, WEFT_RUN_NOTHING_NEW);
    job_teardown(&f);
}

static void test_times(void **state)
{
    (void)state;
    const char *folder = getenv("WEFT_BENCH");
    if (folder == NULL)
        skip();
    for (int i = 0; i < 3; i++) {
        struct job_fixture f;
        job_setup(&f);
        f.job.folder = folder;
        job_run(&f, document, WEFT_JOB_RUN);
        print_message("state %d: %lld ms, %lld rows, %lld set aside, peak %lld MB %s\n",
                      f.outcome.state, (long long)f.outcome.duration_us / 1000,
                      (long long)f.outcome.balance.read,
                      (long long)f.outcome.balance.input_quarantined,
                      (long long)f.outcome.memory_bytes >> 20, f.outcome.error.message);
        job_teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_covid), cmocka_unit_test(test_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
