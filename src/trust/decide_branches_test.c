/*
 * decide_branches_test.c - each branch of the decision that takes something away or says no, by
 * itself: without it more would be seen. What the ledger would have said of people and agreements
 * is put in by hand.
 */
#include "base/test_support.h"
#include "trust/keys.h"
#include "trust/trust_decide_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_US INT64_C(1767225600000000) /* 2026-01-01 */

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};
static const char *const pii[] = {"pii.name"};
static const struct weft_trust_column columns[] = {{"id", &text_type, {NULL, 0}, NULL},
                                                   {"name", &text_type, {pii, 1}, NULL},
                                                   {"state", &text_type, {NULL, 0}, NULL},
                                                   {"doctor", &text_type, {NULL, 0}, NULL}};

struct fixture {
    struct weft_arena *arena;
    struct weft_trust *trust;
    struct weft_request request;
    struct weft_trust_subject subject;
    struct weft_error error;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.error = WEFT_ERROR_INIT, .arena = weft_arena_new(0)};
    f.request.time_us = NOW_US;
    f.subject = (struct weft_trust_subject){.full_name = "hospital.patients",
                                            .domain = "hospital",
                                            .major = 1,
                                            .version = "1.0.0",
                                            .discoverable = "mesh",
                                            .columns = columns,
                                            .column_count = WEFT_COUNT(columns)};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_trust_free(f->trust);
    weft_arena_free(f->arena);
    return 0;
}

/* Documents with ' for ". */
static void policies(struct fixture *f, const char *const *documents, size_t count)
{
    const struct weft_policy **made = weft_arena_array(f->arena, count + 1, sizeof(*made));
    for (size_t i = 0; i < count; i++) {
        char *text = weft_arena_strdup(f->arena, documents[i]);
        for (char *at = text; *at != 0; at++)
            *at = *at == '\'' ? '"' : *at == '`' ? '\'' : *at;
        if (weft_policy_from_document(f->arena, text, &made[i], &f->error) < 0)
            fail_msg("%s: %s", text, f->error.message);
    }
    weft_trust_free(f->trust);
    f->trust = NULL;
    assert_int_equal(weft_trust_of_policies(NULL, 1, made, count, &f->trust, &f->error), 0);
}
#define POLICIES(f, ...)                                                                           \
    do {                                                                                           \
        static const char *const documents_[] = {__VA_ARGS__};                                     \
        policies(f, documents_, WEFT_COUNT(documents_));                                           \
    } while (0)

static struct weft_trust_known *known(struct fixture *f, const char *as)
{
    assert_int_equal(weft_trust_know(f->trust, NULL, as, &f->error), 0);
    return weft_map_get(f->trust->people, as);
}

static struct weft_decision decide(struct fixture *f, const char *as, const char *purpose)
{
    struct weft_decision decision;
    known(f, as);
    snprintf(f->request.principal, sizeof f->request.principal, "%s", as);
    snprintf(f->request.purpose, sizeof f->request.purpose, "%s", purpose);
    assert_int_equal(
        weft_trust_decide(f->trust, &f->request, &f->subject, f->arena, &decision, &f->error), 0);
    return decision;
}

#define GRANT "{'kind':'grant','name':'g','to':['user:ann'],'read':['hospital.*']}"

static void test_no(void **state)
{
    struct fixture *f = *state;
    POLICIES(f, GRANT, "{'kind':'purposes','purposes':{'care':'c'}}");
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_YES);
    assert_int_equal(decide(f, "user:ann", "care").verdict, WEFT_VERDICT_YES);
    assert_int_equal(decide(f, "user:ann", "cure").verdict, WEFT_VERDICT_NO);
    struct weft_key key = {.id = "1", .principal = "user:ann"};
    static const char *const other[] = {"lab.*"}, *const own[] = {"hospital.*"};
    f->request.key = &key;
    key.products = (struct weft_texts){other, 1};
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_NO);
    key.products = (struct weft_texts){own, 1};
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_YES);
    static const char *const care[] = {"care"};
    key.purposes = (struct weft_texts){care, 1};
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_NO);
    assert_int_equal(decide(f, "user:ann", "care").verdict, WEFT_VERDICT_YES);
    f->request.key = NULL;
    known(f, "user:ann")->principal.disabled = true;
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_NO);
}

/* A member of the team reads, and what is restricted is restricted for him too. */
static void test_team(void **state)
{
    struct fixture *f = *state;
    static const char *const domains[] = {"hospital"};
    POLICIES(f, "{'kind':'restrict','name':'r','on':['hospital.*'],'rows':'state = `QC`'}");
    known(f, "user:tom")->principal.domains = (struct weft_texts){domains, 1};
    struct weft_decision decision = decide(f, "user:tom", "");
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_non_null(decision.rows);
    assert_null(decide(f, "domain:hospital", "run").rows);
    f->subject.kind = WEFT_SUBJECT_QUARANTINE;
    assert_int_equal(decide(f, "user:tom", "").verdict, WEFT_VERDICT_NO);
    assert_int_equal(decide(f, "domain:hospital", "run").verdict, WEFT_VERDICT_YES);
    POLICIES(f, "{'kind':'restrict','name':'r','on':['hospital.*'],'min_group':{'size':5,'by':"
                "'id'}}");
    known(f, "user:tom")->principal.domains = (struct weft_texts){domains, 1};
    assert_int_equal(decide(f, "user:tom", "").verdict, WEFT_VERDICT_NO);
    POLICIES(f, "{'kind':'restrict','name':'r','on':['lab.*'],'treat':'mask'}");
    known(f, "user:tom")->principal.domains = (struct weft_texts){domains, 1};
    assert_int_equal(decide(f, "user:tom", "").verdict, WEFT_VERDICT_YES);
}

/* What is granted only for a time or a purpose is not seen otherwise, beside what is. */
static void test_columns_of_several_grants(void **state)
{
    struct fixture *f = *state;
    POLICIES(f,
             "{'kind':'grant','name':'a','to':['user:ann'],'read':['hospital.patients.name'],"
             "'until':'2025-06-30'}",
             "{'kind':'grant','name':'b','to':['user:ann'],'read':['hospital.patients.doctor'],"
             "'purposes':['care']}",
             "{'kind':'grant','name':'c','to':['user:ann'],'read':['hospital.patients.state']}",
             "{'kind':'grant','name':'d','to':['user:bob'],'read':['hospital.patients.id']}");
    struct weft_decision decision = decide(f, "user:ann", "");
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.treatments[0].kind, WEFT_TREAT_HIDE);
    assert_int_equal(decision.treatments[1].kind, WEFT_TREAT_HIDE);
    assert_int_equal(decision.treatments[2].kind, WEFT_TREAT_NONE);
    assert_int_equal(decision.treatments[3].kind, WEFT_TREAT_HIDE);
    assert_int_equal(decide(f, "user:ann", "care").treatments[3].kind, WEFT_TREAT_NONE);
}

static void test_until(void **state)
{
    struct fixture *f = *state;
    POLICIES(f, "{'kind':'grant','name':'a','to':['user:ann'],'read':['hospital.*'],'until':"
                "'2026-06-30'}");
    assert_true(decide(f, "user:ann", "").until_us > NOW_US);
    POLICIES(f,
             "{'kind':'grant','name':'a','to':['user:ann'],'read':['hospital.*'],'until':"
             "'2026-06-30'}",
             "{'kind':'grant','name':'b','to':['user:ann'],'read':['hospital.*']}");
    assert_int_equal(decide(f, "user:ann", "").until_us, 0);
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    POLICIES(f, GRANT, "{'kind':'restrict','name':'a','on':['hospital.*'],'rows':'state = `QC`'}",
             "{'kind':'restrict','name':'b','on':['hospital.*'],'rows':'id > `5`'}");
    struct weft_decision decision = decide(f, "user:ann", "");
    assert_int_equal(decision.rows->kind, WEFT_CONDITION_AND);
    assert_int_equal(decision.rows->part_count, 2);
    /* Of one that nothing fulfils, nothing else matters. */
    POLICIES(f, GRANT,
             "{'kind':'restrict','name':'a','on':['hospital.*'],'rows':'state = "
             "principal.state'}",
             "{'kind':'restrict','name':'b','on':['hospital.*'],'rows':'id > `5`'}");
    assert_int_equal(decide(f, "user:ann", "").rows->kind, WEFT_CONDITION_NONE);
}

static void test_exceptions(void **state)
{
    struct fixture *f = *state;
    POLICIES(f, GRANT,
             "{'kind':'restrict','name':'a','on':['*.*.name'],'treat':'mask','except':['user:bob',"
             "{'user':'ann','purpose':'care'}]}");
    assert_int_equal(decide(f, "user:ann", "").treatments[1].kind, WEFT_TREAT_MASK);
    assert_null(decide(f, "user:ann", "care").treatments);
    /* Only the column that it names. */
    assert_int_equal(decide(f, "user:ann", "").treatments[0].kind, WEFT_TREAT_NONE);
}

static void test_groups(void **state)
{
    struct fixture *f = *state;
    POLICIES(f, GRANT,
             "{'kind':'restrict','name':'a','on':['hospital.*'],'min_group':{'size':5,'by':'id'}}",
             "{'kind':'restrict','name':'b','on':['hospital.*'],'min_group':{'size':3,'by':"
             "'doctor'}}",
             "{'kind':'restrict','name':'c','on':['hospital.*'],'min_group':{'size':4,'by':'id'}}");
    struct weft_decision decision = decide(f, "user:ann", "");
    assert_false(decision.raw);
    assert_int_equal(decision.min_group_count, 2);
    assert_int_equal(decision.min_groups[0].size, 5);
    assert_string_equal(decision.min_groups[1].by, "doctor");
    assert_int_equal(decision.min_groups[1].size, 3);
    /* A column that is not there cannot be counted. */
    f->subject.column_count = 3;
    assert_int_equal(decide(f, "user:ann", "").verdict, WEFT_VERDICT_NO);
}

/* What the one who approved added. */
static void test_agreement(void **state)
{
    struct fixture *f = *state;
    const struct weft_agreement_treat treat = {"name", {.kind = WEFT_TREAT_MASK}, "mask"};
    struct weft_access_request one = {.id = 7,
                                      .product = "hospital.patients",
                                      .major = 1,
                                      .principal = "user:eve",
                                      .purpose = "care",
                                      .decided_by = "user:dana",
                                      .until_us = NOW_US + 1,
                                      .treats = &treat,
                                      .treat_count = 1,
                                      .rows = "state = 'QC'",
                                      .min_group = {4, "id"}};
    policies(f, NULL, 0);
    known(f, "user:eve")->agreements = (struct weft_access_requests){.items = &one, .count = 1};
    struct weft_decision decision = decide(f, "user:eve", "care");
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.agreement, 7);
    assert_int_equal(decision.until_us, NOW_US + 1);
    assert_int_equal(decision.treatments[1].kind, WEFT_TREAT_MASK);
    assert_int_equal(decision.treatments[2].kind, WEFT_TREAT_NONE);
    assert_non_null(decision.rows);
    assert_int_equal(decision.min_groups[0].size, 4);
    assert_int_equal(decide(f, "user:eve", "").verdict, WEFT_VERDICT_NO);
    f->subject.major = 2;
    assert_int_equal(decide(f, "user:eve", "care").verdict, WEFT_VERDICT_NO);
    f->subject.major = 1;
    f->subject.full_name = "hospital.others";
    assert_int_equal(decide(f, "user:eve", "care").verdict, WEFT_VERDICT_NO);
    f->subject.full_name = "hospital.patients";
    one.rows = "state = ";
    assert_int_equal(decide(f, "user:eve", "care").verdict, WEFT_VERDICT_NO);
    one.rows = NULL;
    f->request.time_us++;
    assert_int_equal(decide(f, "user:eve", "care").verdict, WEFT_VERDICT_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no, setup, teardown),
        cmocka_unit_test_setup_teardown(test_team, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns_of_several_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_until, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exceptions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agreement, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
