/*
 * decide_test.c - the operator may read, nobody else.
 */
#include "base/test_support.h"
#include "trust/decide.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void test_operator(void **state)
{
    (void)state;
    struct weft_request request;
    struct weft_decision decision;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_request_local(&request);
    assert_int_equal(strncmp(request.principal, "local:", 6), 0);
    assert_true(strlen(request.principal) > 6);
    assert_true(request.time_us > 0);
    assert_int_equal(weft_trust_decide(&request, "a.b", &decision, &error), 0);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_string_equal(decision.reason, "local operator");
}

static void test_others(void **state)
{
    (void)state;
    static const char *const others[] = {"", "user:alice", "local:", "local:nobody-here",
                                         "LOCAL:root"};
    struct weft_error error = WEFT_ERROR_INIT;
    for (size_t i = 0; i < WEFT_COUNT(others); i++) {
        struct weft_request request;
        struct weft_decision decision;
        weft_request_local(&request);
        snprintf(request.principal, sizeof request.principal, "%s", others[i]);
        assert_int_equal(weft_trust_decide(&request, "mesh.runs", &decision, &error), 0);
        assert_int_equal(decision.verdict, WEFT_VERDICT_NO);
        assert_non_null(strstr(decision.reason, "no policies yet"));
    }
    struct weft_request endless;
    struct weft_decision decision;
    memset(&endless, 'x', sizeof endless);
    assert_int_equal(weft_trust_decide(&endless, "a.b", &decision, &error), 0);
    assert_int_equal(decision.verdict, WEFT_VERDICT_NO);
    assert_int_equal(weft_trust_decide(&endless, "", &decision, &error), -1);
}

/* A run reads products in the name of its domain. */
static void test_runs(void **state)
{
    (void)state;
    static const struct {
        const char *principal, *purpose, *product;
        enum weft_verdict verdict;
    } rows[] = {{"domain:california", "run", "county_health.daily_reports", WEFT_VERDICT_YES},
                {"domain:california", "run", "a.b__v1", WEFT_VERDICT_YES},
                {"domain:california", "", "a.b", WEFT_VERDICT_NO},
                {"domain:", "run", "a.b", WEFT_VERDICT_NO},
                {"domain:california", "run", "mesh.runs", WEFT_VERDICT_NO},
                {"domain:california", "run", "california__quarantine.b", WEFT_VERDICT_NO}};
    struct weft_error error = WEFT_ERROR_INIT;
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_request request = {0};
        struct weft_decision decision;
        snprintf(request.principal, sizeof request.principal, "%s", rows[i].principal);
        snprintf(request.purpose, sizeof request.purpose, "%s", rows[i].purpose);
        assert_int_equal(weft_trust_decide(&request, rows[i].product, &decision, &error), 0);
        assert_int_equal(decision.verdict, rows[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_operator),
                                       cmocka_unit_test(test_others), cmocka_unit_test(test_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
