/*
 * principals_test.c - principals through a ledger: added, changed, disabled, nested, as of a past
 * sequence.
 */
#include "base/test_support.h"
#include "trust/trust_internal.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"user:alice",     "service:dash-board",   "group:a.b_c",
                                       "domain:x",       "user:a.b@example.org", "node:0123abcd",
                                       "local:Some One", "user:jean+dev@x"};
    static const char *const bad[] = {
        "",   "alice",    "user:",  "user:Alice", "user:a ",  "role:x",   "user:-a",    "user:a.",
        ":a", "user:a:b", "user:é", "everyone",   "user:a\n", "user:a,b", "user:a'or'1"};
    for (size_t i = 0; i < WEFT_COUNT(good); i++)
        assert_true(weft_principal_valid(good[i]));
    for (size_t i = 0; i < WEFT_COUNT(bad); i++)
        assert_false(weft_principal_valid(bad[i]));
    char longest[WEFT_PRINCIPAL_MAX + 1] = "user:";
    memset(longest + 5, 'a', WEFT_PRINCIPAL_MAX - 6);
    assert_true(weft_principal_valid(longest));
    longest[WEFT_PRINCIPAL_MAX - 1] = 'a';
    assert_false(weft_principal_valid(longest));
}

static void test_roles(void **state)
{
    (void)state;
    struct weft_role_held held;
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_role_parse("auditor", &held, &error), 0);
    assert_int_equal(held.role, WEFT_ROLE_AUDITOR);
    assert_int_equal(weft_role_parse("domain_owner@hospital", &held, &error), 0);
    assert_string_equal(held.domain, "hospital");
    static const char *const bad[] = {
        "",      "admin", "domain_owner", "auditor@hospital", "domain_owner@", "domain_owner@A b",
        "audito"};
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        assert_int_equal(weft_role_parse(bad[i], &held, &error), -1);
        assert_int_equal(error.code, WEFT_E_USAGE);
    }
    /* Nobody reads data by a role of the mesh. */
    for (int i = 0; i < WEFT_ROLE_COUNT; i++) {
        const struct weft_role_row *row = weft_role_row((enum weft_role)i);
        assert_true(row->of_domain || (row->rights & (WEFT_RIGHT_READ | WEFT_RIGHT_PUBLISH)) == 0);
    }
}

static void test_one(void **state)
{
    struct trust_fixture *f = *state;
    const struct weft_attribute attributes[] = {
        {"state", {(const char *const[]){"Nevada", "California", "Nevada"}, 3}}};
    struct weft_principal_change change = {.id = "user:alice",
                                           .display = "Alice",
                                           .roles = *TEXTS("auditor", "domain_owner@hospital"),
                                           .attributes = attributes,
                                           .attribute_count = 1};
    OK(weft_principal_add(f->txn, ACTOR, &change, &f->error));
    int64_t first = trust_head(f);
    struct weft_principal alice = trust_get(f, "user:alice", 0);
    assert_true(alice.known && !alice.disabled && weft_principal_active(&alice));
    assert_string_equal(alice.display, "Alice");
    assert_int_equal(alice.role_count, 2);
    const struct weft_texts *values = weft_principal_attribute(&alice, "state");
    assert_int_equal(values->count, 2);
    assert_string_equal(values->items[0], "California");
    assert_null(weft_principal_attribute(&alice, "city"));
    assert_true(weft_principal_of_domain(&alice, "hospital"));
    assert_false(weft_principal_of_domain(&alice, "lab"));
    assert_true(weft_principal_may(&alice, WEFT_RIGHT_DECIDE, "hospital"));
    assert_false(weft_principal_may(&alice, WEFT_RIGHT_DECIDE, "lab"));
    assert_false(weft_principal_may(&alice, WEFT_RIGHT_DECIDE, NULL));
    assert_true(weft_principal_may(&alice, WEFT_RIGHT_AUDIT, NULL));
    assert_false(weft_principal_may(&alice, WEFT_RIGHT_PEOPLE, NULL));
    assert_true(weft_principal_is(&alice, "everyone"));
    assert_true(weft_principal_is(&alice, "role:auditor"));
    assert_true(weft_principal_is(&alice, "role:domain_owner"));
    assert_true(weft_principal_is(&alice, "role:domain_owner@hospital"));
    assert_false(weft_principal_is(&alice, "role:domain_owner@lab"));
    assert_false(weft_principal_is(&alice, "role:mesh_admin"));
    assert_false(weft_principal_is(&alice, "domain:hospital"));
    trust_refused(f, weft_principal_add(f->txn, ACTOR, &change, &f->error), WEFT_E_EXISTS);
    assert_int_equal(weft_principal_change(f->txn, ACTOR, &change, &f->error), WEFT_CHANGED);
    change.roles = trust_none;
    OK(weft_principal_change(f->txn, ACTOR, &change, &f->error));
    assert_int_equal(trust_get(f, "user:alice", 0).role_count, 0);
    assert_int_equal(trust_get(f, "user:alice", first).role_count, 2);
    OK(weft_principal_disable(f->txn, ACTOR, "user:alice", true, "left", &f->error));
    assert_int_equal(weft_principal_disable(f->txn, ACTOR, "user:alice", true, NULL, &f->error),
                     WEFT_CHANGED);
    alice = trust_get(f, "user:alice", 0);
    assert_false(weft_principal_active(&alice));
    alice = trust_get(f, "user:alice", first);
    assert_true(weft_principal_active(&alice));
    alice = trust_get(f, "user:alice", first - 1);
    assert_false(alice.known || weft_principal_active(&alice));
}

static void test_refused(void **state)
{
    struct trust_fixture *f = *state;
    static const char *const ids[] = {"domain:x", "node:abc", "local:root", "bob", "user:Bob"};
    for (size_t i = 0; i < WEFT_COUNT(ids); i++) {
        struct weft_principal_change change = {.id = ids[i]};
        trust_refused(f, weft_principal_add(f->txn, ACTOR, &change, &f->error), WEFT_E_USAGE);
    }
    const struct weft_attribute bad[] = {{"name", *TEXTS("x")},
                                         {"State", *TEXTS("x")},
                                         {"state", *TEXTS("")},
                                         {"state", *TEXTS("a\nb")},
                                         {"state", *TEXTS("\xff")}};
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        struct weft_principal_change change = {
            .id = "user:bob", .attributes = &bad[i], .attribute_count = 1};
        trust_refused(f, weft_principal_add(f->txn, ACTOR, &change, &f->error), WEFT_E_USAGE);
    }
    struct weft_principal_change change = {.id = "user:bob"};
    trust_refused(f, weft_principal_change(f->txn, ACTOR, &change, &f->error), WEFT_E_NOT_FOUND);
    trust_refused(f, weft_principal_disable(f->txn, ACTOR, "user:bob", true, NULL, &f->error),
                  WEFT_E_NOT_FOUND);
}

static void test_groups(void **state)
{
    struct trust_fixture *f = *state;
    trust_add(f, "user:alice", &trust_none);
    trust_add(f, "group:nurses", &trust_none);
    trust_add(f, "group:staff", TEXTS("auditor"));
    OK(weft_group_change(f->txn, ACTOR, "group:nurses", TEXTS("user:alice"), &trust_none,
                         &f->error));
    OK(weft_group_change(f->txn, ACTOR, "group:staff", TEXTS("group:nurses"), &trust_none,
                         &f->error));
    int64_t nested = trust_head(f);
    struct weft_principal alice = trust_get(f, "user:alice", 0);
    assert_int_equal(alice.groups.count, 2);
    assert_int_equal(alice.direct_groups.count, 1);
    assert_true(weft_principal_is(&alice, "group:staff"));
    assert_true(weft_principal_is(&alice, "role:auditor"));
    assert_int_equal(weft_group_change(f->txn, ACTOR, "group:staff", TEXTS("group:nurses"),
                                       TEXTS("user:alice"), &f->error),
                     WEFT_CHANGED);
    trust_refused(f,
                  weft_group_change(f->txn, ACTOR, "group:nurses", TEXTS("group:staff"),
                                    &trust_none, &f->error),
                  WEFT_E_REFUSED);
    trust_refused(f,
                  weft_group_change(f->txn, ACTOR, "group:nurses", TEXTS("group:nurses"),
                                    &trust_none, &f->error),
                  WEFT_E_REFUSED);
    trust_refused(
        f,
        weft_group_change(f->txn, ACTOR, "group:nurses", TEXTS("user:bob"), &trust_none, &f->error),
        WEFT_E_NOT_FOUND);
    trust_refused(
        f,
        weft_group_change(f->txn, ACTOR, "group:none", TEXTS("user:alice"), &trust_none, &f->error),
        WEFT_E_NOT_FOUND);
    OK(weft_principal_disable(f->txn, ACTOR, "group:nurses", true, NULL, &f->error));
    alice = trust_get(f, "user:alice", 0);
    assert_int_equal(alice.groups.count, 0); /* neither it nor what it lies in */
    alice = trust_get(f, "user:alice", nested);
    assert_int_equal(alice.groups.count, 2);
    OK(weft_principal_disable(f->txn, ACTOR, "group:nurses", false, NULL, &f->error));
    OK(weft_group_change(f->txn, ACTOR, "group:nurses", &trust_none, TEXTS("user:alice"),
                         &f->error));
    alice = trust_get(f, "user:alice", 0);
    assert_int_equal(alice.groups.count, 0);
}

static void test_deep(void **state)
{
    struct trust_fixture *f = *state;
    char last[32] = "", now[32];
    int rc = 0, i;
    for (i = 0; i < 20 && rc == 0; i++) {
        snprintf(now, sizeof now, "group:g%d", i);
        trust_add(f, now, &trust_none);
        if (i > 0)
            rc = weft_group_change(f->txn, ACTOR, now, TEXTS(last), &trust_none, &f->error);
        snprintf(last, sizeof last, "%s", now);
    }
    assert_int_equal(i, WEFT_GROUPS_DEEP_MAX + 1); /* the ninth does not go in */
    trust_refused(f, rc, WEFT_E_REFUSED);
    trust_add(f, "user:alice", &trust_none);
    OK(weft_group_change(f->txn, ACTOR, "group:g0", TEXTS("user:alice"), &trust_none, &f->error));
    assert_int_equal(trust_get(f, "user:alice", 0).groups.count, WEFT_GROUPS_DEEP_MAX);
}

static void test_domains(void **state)
{
    struct trust_fixture *f = *state;
    bool changed;
    trust_add(f, "user:alice", &trust_none);
    trust_add(f, "user:dana", &trust_none);
    trust_add(f, "group:ward", &trust_none);
    OK(weft_group_change(f->txn, ACTOR, "group:ward", TEXTS("user:alice"), &trust_none, &f->error));
    const struct weft_texts *members = TEXTS("group:ward", "team@example.org");
    OK(weft_domain_describe(f->txn, ACTOR, "hospital", "user:dana", members, &changed, &f->error));
    assert_true(changed);
    OK(weft_domain_describe(f->txn, ACTOR, "hospital", "user:dana", members, &changed, &f->error));
    assert_false(changed);
    struct weft_principal alice = trust_get(f, "user:alice", 0),
                          dana = trust_get(f, "user:dana", 0);
    assert_true(weft_principal_of_domain(&alice, "hospital"));
    assert_true(weft_principal_may(&alice, WEFT_RIGHT_READ, "hospital"));
    assert_false(weft_principal_may(&alice, WEFT_RIGHT_DECIDE, "hospital"));
    assert_true(weft_principal_may(&dana, WEFT_RIGHT_DECIDE, "hospital"));
    struct weft_principal domain = trust_get(f, "domain:hospital", 0);
    assert_true(weft_principal_of_domain(&domain, "hospital"));
    assert_true(weft_principal_active(&domain));
    OK(weft_domain_describe(f->txn, ACTOR, "hospital", NULL, &trust_none, &changed, &f->error));
    assert_true(changed);
    alice = trust_get(f, "user:alice", 0);
    assert_false(weft_principal_of_domain(&alice, "hospital"));
    struct weft_principal operator= trust_get(f, "local:root", 0);
    assert_true(weft_principal_may(&operator, WEFT_RIGHT_PEOPLE, NULL));
}

/* The folded tables come from the entries alone. */
static void test_rebuild(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_ledger_report report;
    bool changed;
    trust_add(f, "user:alice", TEXTS("consumer"));
    trust_add(f, "group:g", &trust_none);
    OK(weft_group_change(f->txn, ACTOR, "group:g", TEXTS("user:alice"), &trust_none, &f->error));
    OK(weft_domain_describe(f->txn, ACTOR, "d", "user:alice", TEXTS("group:g"), &changed,
                            &f->error));
    OK(weft_principal_disable(f->txn, ACTOR, "user:alice", true, "x", &f->error));
    int rc = weft_ledger_commit(f->txn, &f->error);
    f->txn = NULL;
    OK(rc);
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
    OK(weft_ledger_rebuild(f->ledger, false, &report, &f->error));
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
    assert_true(trust_get(f, "user:alice", 0).disabled);
}

static int torture(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_principal out;
    struct weft_principals all;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_principals_list(f->txn, arena, 0, &all, error));
    return weft_principal_get(f->txn, arena, "user:alice", 0, &out, error);
}

static int torture_put(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    bool changed;
    WEFT_TRY(weft_ledger_begin_write(f->ledger, &txn, error));
    struct weft_principal_change change = {.id = "user:bob", .roles = *TEXTS("auditor")};
    WEFT_TRY(weft_principal_add(txn, ACTOR, &change, error));
    WEFT_TRY(weft_group_change(txn, ACTOR, "group:staff", TEXTS("user:bob"), &trust_none, error));
    change.roles = trust_none;
    WEFT_TRY(weft_principal_change(txn, ACTOR, &change, error));
    WEFT_TRY(weft_domain_describe(txn, ACTOR, "x", "user:bob", TEXTS("user:bob"), &changed, error));
    return weft_principal_disable(txn, ACTOR, "user:bob", true, "x", error);
}

static void test_torture(void **state)
{
    struct trust_fixture *f = *state;
    trust_add(f, "user:alice", TEXTS("auditor"));
    trust_add(f, "group:staff", TEXTS("domain_owner@hospital"));
    OK(weft_group_change(f->txn, ACTOR, "group:staff", TEXTS("user:alice"), &trust_none,
                         &f->error));
    assert_true(weft_test_torture(torture, f) > 10);
    int rc = weft_ledger_commit(f->txn, &f->error);
    f->txn = NULL;
    OK(rc);
    assert_true(weft_test_torture(torture_put, f) > 10);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_roles),
        cmocka_unit_test_setup_teardown(test_one, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_refused, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_groups, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_deep, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_domains, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_rebuild, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
