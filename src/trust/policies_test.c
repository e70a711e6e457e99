/*
 * policies_test.c - policies in the ledger: registered, changed, dropped, as of a past moment,
 * folded anew; decisions by them; what would change; memory.
 */
#include "base/test_support.h"
#include "trust/decide.h"
#include "trust/policies.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define GRANT(who)                                                                                 \
    "{\"kind\":\"grant\",\"name\":\"g\",\"to\":[\"" who "\"],\"read\":[\"hospital.*\"]}"
#define HIDE                                                                                       \
    "{\"kind\":\"restrict\",\"name\":\"h\",\"on\":[\"hospital.patients.email\"],\"treat\":"        \
    "\"hide\"}"
#define PURPOSES "{\"kind\":\"purposes\",\"name\":\"p\",\"purposes\":{\"care\":\"x\"}}"

static const struct weft_policy *policy(struct trust_fixture *f, const char *document)
{
    const struct weft_policy *made = NULL;
    OK(weft_policy_from_document(f->arena, document, &made, &f->error));
    return made;
}

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};
static const struct weft_trust_column columns[] = {{"id", &text_type, {NULL, 0}, NULL},
                                                   {"email", &text_type, {NULL, 0}, NULL}};
static const struct weft_trust_subject patients = {
    .full_name = "hospital.patients",
    .domain = "hospital",
    .major = 1,
    .discoverable = "mesh",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
};

static struct weft_decision decide(struct trust_fixture *f, const char *who, const char *purpose,
                                   int64_t sequence)
{
    struct weft_decision decision;
    struct weft_request request = {.time_us = 1};
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
    snprintf(request.principal, sizeof request.principal, "%s", who);
    snprintf(request.purpose, sizeof request.purpose, "%s", purpose);
    OK(weft_trust_load(f->txn, sequence, &trust, &f->error));
    OK(weft_trust_know(trust, f->txn, who, &f->error));
    OK(weft_trust_know(trust, f->txn, who, &f->error));
    OK(weft_trust_decide(trust, &request, &patients, f->arena, &decision, &f->error));
    return decision;
}

static void test_versions(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_policies list;
    trust_add(f, "user:alice", &trust_none);
    trust_add(f, "group:nurses", &trust_none);
    OK(weft_group_change(f->txn, ACTOR, "group:nurses", TEXTS("user:alice"), &trust_none,
                         &f->error));
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("group:nurses")), &f->error));
    int64_t granted = trust_head(f);
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("group:nurses")), &f->error));
    assert_int_equal(trust_head(f), granted); /* the same again is nothing */
    OK(weft_policy_put(f->txn, ACTOR, policy(f, HIDE), &f->error));
    int64_t hidden = trust_head(f);
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("user:bob")), &f->error));
    int64_t changed = trust_head(f);
    OK(weft_policy_drop(f->txn, ACTOR, "g", &f->error));
    trust_commit(f);
    assert_int_equal(decide(f, "user:alice", "", granted - 1).verdict, WEFT_VERDICT_NO);
    assert_true(decide(f, "user:alice", "", granted).raw);
    struct weft_decision decision = decide(f, "user:alice", "", hidden);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.treatments[1].kind, WEFT_TREAT_HIDE);
    assert_int_equal(decide(f, "user:alice", "", changed).verdict, WEFT_VERDICT_NO);
    assert_int_equal(decide(f, "user:bob", "", changed).verdict, WEFT_VERDICT_YES);
    assert_int_equal(decide(f, "user:bob", "", 0).verdict, WEFT_VERDICT_NO);
    OK(weft_policies_list(f->txn, f->arena, 0, &list, &f->error));
    assert_int_equal(list.count, 1);
    trust_refused(f, weft_policy_drop(f->txn, ACTOR, "g", &f->error), WEFT_E_CONFLICT);
}

static void test_disabled_and_purposes(void **state)
{
    struct trust_fixture *f = *state;
    trust_add(f, "user:alice", &trust_none);
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("everyone")), &f->error));
    OK(weft_policy_put(f->txn, ACTOR, policy(f, PURPOSES), &f->error));
    assert_int_equal(decide(f, "user:alice", "", 0).verdict, WEFT_VERDICT_YES);
    assert_int_equal(decide(f, "user:alice", "care", 0).verdict, WEFT_VERDICT_YES);
    struct weft_decision decision = decide(f, "user:alice", "fun", 0);
    assert_int_equal(decision.verdict, WEFT_VERDICT_NO);
    assert_string_equal(decision.reasons[0].rule, "purpose");
    OK(weft_principal_disable(f->txn, ACTOR, "user:alice", true, "left", &f->error));
    assert_int_equal(decide(f, "user:alice", "", 0).verdict, WEFT_VERDICT_NO);
}

static void test_team(void **state)
{
    struct trust_fixture *f = *state;
    bool changed;
    trust_add(f, "user:alice", &trust_none);
    OK(weft_policy_put(f->txn, ACTOR, policy(f, HIDE), &f->error));
    assert_int_equal(decide(f, "user:alice", "", 0).verdict, WEFT_VERDICT_NO);
    OK(weft_domain_describe(f->txn, ACTOR, "hospital", NULL, TEXTS("user:alice"), &changed,
                            &f->error));
    struct weft_decision decision = decide(f, "user:alice", "", 0);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.treatments[1].kind, WEFT_TREAT_HIDE); /* restrictions hold for them */
    assert_true(decide(f, "domain:hospital", "run", 0).raw);
    assert_int_equal(decide(f, "domain:lab", "run", 0).verdict, WEFT_VERDICT_NO);
}

static void test_compare(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_policy_change *changes = NULL;
    struct weft_policies registered;
    size_t count = 0;
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("user:bob")), &f->error));
    OK(weft_policy_put(f->txn, ACTOR, policy(f, HIDE), &f->error));
    OK(weft_policies_list(f->txn, f->arena, 0, &registered, &f->error));
    const struct weft_policy *const wanted[] = {policy(f, PURPOSES), policy(f, GRANT("user:eve"))};
    OK(weft_policies_compare(f->arena, &registered, wanted, 2, &changes, &count, &f->error));
    assert_int_equal(count, 3);
    assert_int_equal(changes[0].kind, WEFT_POLICY_CHANGED);
    assert_int_equal(changes[1].kind, WEFT_POLICY_DROPPED);
    assert_string_equal(changes[1].before->name, "h");
    assert_int_equal(changes[2].kind, WEFT_POLICY_ADDED);
    OK(weft_policies_compare(f->arena, &registered, registered.items, 2, &changes, &count,
                             &f->error));
    assert_int_equal(count, 0);
}

static void test_rebuild(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_ledger_report report;
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("user:bob")), &f->error));
    OK(weft_policy_put(f->txn, ACTOR, policy(f, HIDE), &f->error));
    OK(weft_policy_drop(f->txn, ACTOR, "h", &f->error));
    trust_commit(f);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
}

static int torture(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    struct weft_decision decision;
    struct weft_request request = {.principal = "user:bob", .time_us = 1};
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_trust_load(f->txn, 0, &trust, error));
    WEFT_TRY(weft_trust_know(trust, f->txn, "user:bob", error));
    return weft_trust_decide(trust, &request, &patients, arena, &decision, error);
}

static void test_torture(void **state)
{
    struct trust_fixture *f = *state;
    OK(weft_policy_put(f->txn, ACTOR, policy(f, GRANT("user:bob")), &f->error));
    OK(weft_policy_put(f->txn, ACTOR, policy(f, HIDE), &f->error));
    assert_true(weft_test_torture(torture, f) > 5);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_versions, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_disabled_and_purposes, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_team, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_compare, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_rebuild, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
