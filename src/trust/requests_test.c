/*
 * requests_test.c - asked, approved, renewed, revoked, expired; who may decide; the past.
 */
#include "base/test_support.h"
#include "trust/requests.h"
#include "trust/trust_internal.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define DAY ((int64_t)86400 * 1000000)
#define NOW ((int64_t)1800000000 * 1000000)

static void people(struct trust_fixture *f)
{
    trust_add(f, "user:alice", &trust_none);
    trust_add(f, "user:dana", TEXTS("domain_owner@hospital"));
    trust_add(f, "user:otto", TEXTS("domain_owner@lab"));
    trust_add(f, "user:gov", TEXTS("governance_officer"));
    trust_add(f, "group:team", &trust_none);
    OK(weft_group_change(f->txn, ACTOR, "group:team", TEXTS("user:alice", "user:dana"), &trust_none,
                         &f->error));
}

static int64_t ask(struct trust_fixture *f, const char *principal, const char *by)
{
    int64_t id = 0;
    struct weft_access_ask asked = {.product = "hospital.patients",
                                    .major = 1,
                                    .principal = principal,
                                    .asked_by = by,
                                    .purpose = "research",
                                    .because = "a study",
                                    .days = 30};
    OK(weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error));
    return id;
}

static int decide(struct trust_fixture *f, const char *by, enum weft_access_verb verb, int64_t id,
                  int64_t until_us)
{
    struct weft_principal who = trust_get(f, by, 0);
    struct weft_access_approval approval = {.version = "1.0.0",
                                            .until_us = until_us,
                                            .treats = *TEXTS("email=mask", "age=round:10"),
                                            .rows = "state = 'QC'",
                                            .min_group = {5, "patient_id"}};
    return weft_access_decide(f->txn, ACTOR, &who, verb, id, &approval, "because", &f->error);
}

static size_t agreements(struct trust_fixture *f, const char *who, int64_t sequence, int64_t at,
                         struct weft_access_requests *out)
{
    struct weft_principal principal = trust_get(f, who, sequence);
    struct weft_access_requests own = {0};
    OK(weft_agreements_of(f->txn, f->arena, sequence, at, &principal, &own, &f->error));
    if (out != NULL)
        *out = own;
    return own.count;
}

static void test_life(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_access_requests own;
    struct weft_access_request request;
    people(f);
    int64_t id = ask(f, "user:alice", "user:alice"), asked = trust_head(f);
    assert_int_equal(id, 1);
    assert_int_equal(agreements(f, "user:alice", 0, NOW, NULL), 0);
    OK(decide(f, "user:dana", WEFT_ACCESS_APPROVE, id, NOW + DAY));
    int64_t approved = trust_head(f);
    assert_int_equal(agreements(f, "user:alice", 0, NOW, &own), 1);
    const struct weft_access_request *agreement = &own.items[0];
    assert_string_equal(agreement->product, "hospital.patients");
    assert_string_equal(agreement->decided_by, "user:dana");
    assert_string_equal(agreement->purpose, "research");
    assert_string_equal(agreement->rows, "state = 'QC'");
    assert_int_equal(agreement->min_group.size, 5);
    assert_int_equal(agreement->treat_count, 2);
    assert_string_equal(agreement->treats[0].column, "age");
    assert_int_equal(agreement->treats[0].treatment.kind, WEFT_TREAT_ROUND);
    assert_true(agreement->treats[0].treatment.number == 10);
    assert_int_equal(agreement->treats[1].treatment.kind, WEFT_TREAT_MASK);
    assert_string_equal(weft_access_request_state(agreement, NOW), "approved");
    /* It ends by itself, at that moment. */
    assert_int_equal(agreements(f, "user:alice", 0, NOW + DAY - 1, NULL), 1);
    assert_int_equal(agreements(f, "user:alice", 0, NOW + DAY, NULL), 0);
    assert_string_equal(weft_access_request_state(agreement, NOW + DAY), "expired");
    assert_int_equal(agreements(f, "user:otto", 0, NOW, NULL), 0);
    OK(decide(f, "user:gov", WEFT_ACCESS_RENEW, id, NOW + 10 * DAY));
    assert_int_equal(agreements(f, "user:alice", 0, NOW + 9 * DAY, NULL), 1);
    OK(decide(f, "user:dana", WEFT_ACCESS_REVOKE, id, 0));
    assert_int_equal(agreements(f, "user:alice", 0, NOW, NULL), 0);
    /* What was so then. */
    assert_int_equal(agreements(f, "user:alice", approved, NOW, NULL), 1);
    assert_int_equal(agreements(f, "user:alice", asked, NOW, NULL), 0);
    OK(weft_access_request_get(f->txn, f->arena, id, asked, &request, &f->error));
    assert_string_equal(weft_access_request_state(&request, NOW), "open");
    assert_int_equal(weft_access_request_get(f->txn, f->arena, 9, 0, &request, &f->error),
                     WEFT_NOT_THERE);
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_RENEW, id, NOW + DAY), WEFT_E_REFUSED);
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_APPROVE, id, NOW + DAY), WEFT_E_REFUSED);
    struct weft_ledger_report report;
    trust_commit(f);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
}

static void test_who(void **state)
{
    struct trust_fixture *f = *state;
    people(f);
    int64_t id = ask(f, "user:alice", "user:alice");
    trust_refused(f, decide(f, "user:alice", WEFT_ACCESS_APPROVE, id, NOW), WEFT_E_DENIED);
    /* Who may not know of it is told that it is not there. */
    trust_refused(f, decide(f, "user:otto", WEFT_ACCESS_APPROVE, id, NOW), WEFT_E_NOT_FOUND);
    trust_refused(f, decide(f, "user:gov", WEFT_ACCESS_APPROVE, 77, NOW), WEFT_E_NOT_FOUND);
    OK(weft_principal_disable(f->txn, ACTOR, "user:dana", true, "left", &f->error));
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_APPROVE, id, NOW), WEFT_E_NOT_FOUND);
    OK(weft_principal_disable(f->txn, ACTOR, "user:dana", false, "back", &f->error));
    /* For a group that he is in, and asked for by himself. */
    int64_t team = ask(f, "group:team", "user:otto");
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_APPROVE, team, NOW), WEFT_E_DENIED);
    int64_t other = ask(f, "user:otto", "user:gov");
    trust_refused(f, decide(f, "user:gov", WEFT_ACCESS_APPROVE, other, NOW), WEFT_E_DENIED);
    OK(decide(f, "user:gov", WEFT_ACCESS_APPROVE, team, NOW + DAY));
    assert_int_equal(agreements(f, "user:alice", 0, NOW, NULL), 1);
    /* Given back. */
    OK(decide(f, "user:alice", WEFT_ACCESS_REVOKE, id, 0));
    OK(decide(f, "local:root", WEFT_ACCESS_REVOKE, team, 0));
    assert_int_equal(agreements(f, "user:alice", 0, NOW, NULL), 0);
}

static void test_asking(void **state)
{
    struct trust_fixture *f = *state;
    int64_t id = 0;
    people(f);
    struct weft_access_ask asked = {.product = "a.b",
                                    .major = 1,
                                    .principal = "user:alice",
                                    .asked_by = "user:alice",
                                    .days = 30};
    trust_refused(f, weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error), WEFT_E_USAGE);
    asked.because = "x";
    asked.days = 0;
    trust_refused(f, weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error), WEFT_E_USAGE);
    asked.days = 1;
    OK(weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error));
    trust_refused(f, weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error), WEFT_E_EXISTS);
    asked.purpose = "research";
    OK(weft_access_ask(f->txn, ACTOR, &asked, &id, &f->error));
    assert_int_equal(id, 2);
    static const char *const bad[] = {"email",
                                      "=mask",
                                      "email=blur",
                                      "email=round:0",
                                      "email=truncate:-1",
                                      "email=truncate:decade",
                                      "email="};
    struct weft_principal dana = trust_get(f, "local:dana", 0);
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        struct weft_access_approval approval = {.until_us = NOW, .treats = *TEXTS(bad[i])};
        trust_refused(f,
                      weft_access_decide(f->txn, ACTOR, &dana, WEFT_ACCESS_APPROVE, id, &approval,
                                         NULL, &f->error),
                      WEFT_E_USAGE);
    }
}

static void test_emergency(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_access_request request;
    int64_t id = 0;
    people(f);
    struct weft_access_ask asked = {.product = "hospital.patients",
                                    .major = 1,
                                    .principal = "user:alice",
                                    .asked_by = "user:alice",
                                    .because = "flood",
                                    .version = "1.0.0",
                                    .until_us = NOW + DAY / 6};
    OK(weft_access_emergency(f->txn, ACTOR, &asked, &id, &f->error));
    assert_int_equal(agreements(f, "user:alice", 0, NOW, NULL), 1);
    assert_int_equal(agreements(f, "user:alice", 0, NOW + DAY, NULL), 0);
    OK(weft_access_request_get(f->txn, f->arena, id, 0, &request, &f->error));
    assert_true(request.emergency);
    assert_string_equal(weft_access_request_state(&request, NOW + DAY), "to review");
    trust_refused(f, decide(f, "user:alice", WEFT_ACCESS_REVIEW, id, 0), WEFT_E_DENIED);
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_RENEW, id, NOW + DAY), WEFT_E_REFUSED);
    OK(decide(f, "user:dana", WEFT_ACCESS_REVIEW, id, 0));
    trust_refused(f, decide(f, "user:dana", WEFT_ACCESS_REVIEW, id, 0), WEFT_E_REFUSED);
    OK(weft_access_request_get(f->txn, f->arena, id, 0, &request, &f->error));
    assert_string_equal(weft_access_request_state(&request, NOW + DAY), "reviewed");
    assert_string_equal(request.reviewed_by, "user:dana");
}

static void test_renamed(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_access_requests own;
    people(f);
    int64_t id = ask(f, "user:alice", "user:alice");
    OK(decide(f, "user:dana", WEFT_ACCESS_APPROVE, id, NOW + DAY));
    int64_t before = trust_head(f);
    trust_add(f, "user:zoe", &trust_none); /* a later sequence */
    OK(weft_access_fold_renamed(f->txn, "hospital.patients", "hospital.people", trust_head(f),
                                &f->error));
    assert_int_equal(agreements(f, "user:alice", 0, NOW, &own), 1);
    assert_string_equal(own.items[0].product, "hospital.people");
    assert_int_equal(agreements(f, "user:alice", before, NOW, &own), 1);
    assert_string_equal(own.items[0].product, "hospital.patients");
}

static int torture(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_access_ask asked = {.product = "a.b",
                                    .major = 1,
                                    .principal = "group:team",
                                    .asked_by = "user:otto",
                                    .because = "x",
                                    .days = 3};
    struct weft_access_approval approval = {.until_us = NOW + DAY, .treats = *TEXTS("a=mask")};
    struct weft_access_requests own;
    struct weft_principal gov, alice;
    int64_t id;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_begin_write(f->ledger, &txn, error));
    WEFT_TRY(weft_access_ask(txn, ACTOR, &asked, &id, error));
    WEFT_TRY(weft_principal_get(txn, arena, "user:gov", 0, &gov, error));
    WEFT_TRY(weft_access_decide(txn, ACTOR, &gov, WEFT_ACCESS_APPROVE, id, &approval, "x", error));
    WEFT_TRY(weft_principal_get(txn, arena, "user:alice", 0, &alice, error));
    WEFT_TRY(weft_agreements_of(txn, arena, 0, NOW, &alice, &own, error));
    return weft_access_requests_list(txn, arena, 0, &own, error);
}

static void test_torture(void **state)
{
    struct trust_fixture *f = *state;
    people(f);
    trust_commit(f);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_true(weft_test_torture(torture, f) > 10);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_who, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_asking, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_emergency, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_renamed, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
