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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_operator),
                                       cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
