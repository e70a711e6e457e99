/*
 * dependencies_test.c - dependencies that need no grant, confirmed once.
 */
#include "trust/dependencies.h"

#include "trust/decide.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const struct weft_dependency cdc_reads = {"cdc", "county_health.daily_reports"};

static size_t count_of(struct trust_fixture *f, const char *domain, int64_t sequence)
{
    struct weft_texts products;
    OK(weft_dependencies_of(f->txn, f->arena, sequence, domain, &products, &f->error));
    return products.count;
}

static bool is_confirmed(struct trust_fixture *f, int64_t sequence)
{
    bool confirmed;
    OK(weft_dependencies_are_confirmed(f->txn, sequence, &confirmed, &f->error));
    return confirmed;
}

static void test_none_is_an_answer_too(void **state)
{
    struct trust_fixture *f = *state;
    assert_false(is_confirmed(f, 0));
    OK(weft_dependencies_confirm(f->txn, ACTOR, NULL, 0, &f->error));
    assert_true(is_confirmed(f, 0));
    assert_int_equal(count_of(f, "cdc", 0), 0);
    assert_int_equal(count_of(f, "", 0), 1); /* the row of the entry itself names no product */
}

static void test_a_later_list_takes_the_place(void **state)
{
    struct trust_fixture *f = *state;
    OK(weft_dependencies_confirm(f->txn, ACTOR, &cdc_reads, 1, &f->error));
    trust_commit(f);
    int64_t then = trust_head(f);
    assert_int_equal(count_of(f, "cdc", 0), 1);
    assert_int_equal(count_of(f, "california", 0), 0);
    OK(weft_dependencies_confirm(f->txn, ACTOR, NULL, 0, &f->error));
    trust_commit(f);
    assert_int_equal(count_of(f, "cdc", 0), 0);
    assert_int_equal(count_of(f, "cdc", then), 1);
    assert_false(is_confirmed(f, then - 1));
}

static void test_it_is_a_grant_of_the_domain(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_trust_subject subject = {.full_name = cdc_reads.product,
                                         .domain = "county_health",
                                         .major = 1,
                                         .discoverable = "mesh"};
    static const struct {
        const char *principal;
        enum weft_verdict verdict;
    } rows[] = {{"domain:cdc", WEFT_VERDICT_YES}, {"domain:california", WEFT_VERDICT_NO}};
    OK(weft_dependencies_confirm(f->txn, ACTOR, &cdc_reads, 1, &f->error));
    trust_commit(f);
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
        struct weft_decision decision;
        struct weft_request request = {.purpose = "run"};
        snprintf(request.principal, sizeof request.principal, "%s", rows[i].principal);
        OK(weft_trust_load(f->txn, trust_head(f), &trust, &f->error));
        OK(weft_trust_know(trust, f->txn, request.principal, &f->error));
        OK(weft_trust_decide(trust, &request, &subject, f->arena, &decision, &f->error));
        assert_int_equal(decision.verdict, rows[i].verdict);
    }
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none_is_an_answer_too, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_a_later_list_takes_the_place, trust_setup,
                                        trust_teardown),
        cmocka_unit_test_setup_teardown(test_it_is_a_grant_of_the_domain, trust_setup,
                                        trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
