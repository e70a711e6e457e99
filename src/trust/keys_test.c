/*
 * keys_test.c - keys and passwords: shown once, checked, scoped, expired, disabled, rotated.
 */
#include "base/test_support.h"
#include "ledger/sql.h"
#include "trust/keys.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define NOW ((int64_t)1800000000 * 1000000)

static void key_new(struct trust_fixture *f, int64_t expires_us, char text[WEFT_KEY_TEXT])
{
    struct weft_key_ask ask = {.principal = "service:dash",
                               .label = "dashboard",
                               .products = *TEXTS("hospital.*"),
                               .purposes = *TEXTS("operations"),
                               .expires_us = expires_us};
    OK(weft_key_add(f->txn, ACTOR, &ask, text, &f->error));
}

static int check(struct trust_fixture *f, const char *text, struct weft_key *key)
{
    return weft_key_check(f->txn, f->arena, text, NOW, key, &f->error);
}

static void test_key(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_key key;
    struct weft_keys keys;
    char text[WEFT_KEY_TEXT], other[WEFT_KEY_TEXT], third[WEFT_KEY_TEXT];
    trust_add(f, "service:dash", &trust_none);
    key_new(f, NOW + 1, text);
    assert_int_equal(strlen(text), WEFT_KEY_TEXT - 1);
    OK(check(f, text, &key));
    assert_string_equal(key.principal, "service:dash");
    assert_true(weft_key_allows(&key, "hospital.patients", "operations"));
    assert_false(weft_key_allows(&key, "lab.results", "operations"));
    assert_false(weft_key_allows(&key, "hospital.patients", "research"));
    assert_false(weft_key_allows(&key, "hospital.patients", ""));
    assert_false(weft_key_allows(&key, "hospital.patients", NULL));
    assert_true(weft_key_opens(&key, "hospital.patients"));
    assert_false(weft_key_opens(&key, "lab.results"));
    /* The key itself stands nowhere in the ledger. */
    int64_t found = -1;
    OK(weft_sql_int(f->txn, &found, &f->error,
                    "SELECT COUNT(*) FROM trust_keys WHERE instr(hash || products, ?1) > 0", "t",
                    text + 14));
    assert_int_equal(found, 0);
    for (size_t i = 0; i < WEFT_KEY_TEXT - 1; i++) { /* any other text opens nothing */
        memcpy(other, text, sizeof other);
        other[i] = other[i] == '0' ? '1' : '0';
        trust_refused(f, check(f, other, &key), WEFT_E_DENIED);
    }
    trust_refused(f, check(f, "", &key), WEFT_E_DENIED);
    trust_refused(f, check(f, "weft_", &key), WEFT_E_DENIED);
    OK(weft_principal_disable(f->txn, ACTOR, "service:dash", true, NULL, &f->error));
    trust_refused(f, check(f, text, &key), WEFT_E_DENIED);
    OK(weft_principal_disable(f->txn, ACTOR, "service:dash", false, NULL, &f->error));
    OK(weft_key_disable(f->txn, ACTOR, key.id, true, "lost", &f->error));
    assert_int_equal(weft_key_disable(f->txn, ACTOR, key.id, true, NULL, &f->error), WEFT_CHANGED);
    trust_refused(f, check(f, text, &key), WEFT_E_DENIED);
    OK(weft_key_disable(f->txn, ACTOR, key.id, false, NULL, &f->error));
    OK(weft_key_rotate(f->txn, ACTOR, key.id, NULL, 0, NULL, other, &f->error));
    trust_refused(f, weft_key_rotate(f->txn, ACTOR, key.id, NULL, 0, NULL, third, &f->error),
                  WEFT_E_REFUSED); /* it was rotated: no third one */
    trust_refused(f, check(f, text, &key), WEFT_E_DENIED);
    OK(check(f, other, &key));
    assert_int_equal(key.products.count, 1);
    assert_string_equal(key.label, "dashboard");
    OK(weft_keys_list(f->txn, f->arena, 0, &keys, &f->error));
    assert_int_equal(keys.count, 2);
    key_new(f, NOW, text); /* ends at this moment */
    trust_refused(f, check(f, text, &key), WEFT_E_DENIED);
}

static void test_key_refused(void **state)
{
    struct trust_fixture *f = *state;
    char text[WEFT_KEY_TEXT];
    trust_add(f, "group:g", &trust_none);
    trust_add(f, "user:alice", &trust_none);
    static const struct {
        const char *principal;
        const char *product;
        const char *purpose;
        enum weft_code code;
    } rows[] = {{"group:g", "a.b", "p", WEFT_E_USAGE},
                {"user:bob", "a.b", "p", WEFT_E_NOT_FOUND},
                {"user:alice", "patients", "p", WEFT_E_USAGE},
                {"user:alice", "a.b; drop", "p", WEFT_E_USAGE},
                {"user:alice", "a.b", "A purpose", WEFT_E_USAGE}};
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_key_ask ask = {.principal = rows[i].principal,
                                   .products = *TEXTS(rows[i].product),
                                   .purposes = *TEXTS(rows[i].purpose)};
        trust_refused(f, weft_key_add(f->txn, ACTOR, &ask, text, &f->error), rows[i].code);
    }
    trust_refused(f, weft_key_rotate(f->txn, ACTOR, "00000000", NULL, 0, NULL, text, &f->error),
                  WEFT_E_NOT_FOUND);
    trust_refused(f, weft_key_disable(f->txn, ACTOR, "x", true, NULL, &f->error), WEFT_E_NOT_FOUND);
}

static bool password_good(struct trust_fixture *f, const char *who, const char *password)
{
    bool good = true;
    OK(weft_password_check(f->txn, who, password, strlen(password), &good, &f->error));
    return good;
}

static void test_password(void **state)
{
    struct trust_fixture *f = *state;
    trust_add(f, "user:alice", &trust_none);
    trust_add(f, "user:bob", &trust_none);
    trust_add(f, "service:dash", &trust_none);
    trust_refused(f, weft_password_set(f->txn, ACTOR, "user:alice", "short", 5, &f->error),
                  WEFT_E_USAGE);
    trust_refused(f, weft_password_set(f->txn, ACTOR, "service:dash", "long enough", 11, &f->error),
                  WEFT_E_USAGE);
    trust_refused(f, weft_password_set(f->txn, ACTOR, "user:zoe", "long enough", 11, &f->error),
                  WEFT_E_NOT_FOUND);
    OK(weft_password_set(f->txn, ACTOR, "user:alice", "correct horse", 13, &f->error));
    OK(weft_password_set(f->txn, ACTOR, "user:bob", "battery staple", 14, &f->error));
    assert_true(trust_get(f, "user:alice", 0).has_password);
    assert_true(password_good(f, "user:alice", "correct horse"));
    assert_false(password_good(f, "user:alice", "correct horse "));
    assert_false(password_good(f, "user:alice", ""));
    assert_false(password_good(f, "user:zoe", "correct horse"));
    /* Bob's put in Alice's place past weft. */
    OK(weft_sql_exec(f->txn, &f->error,
                     "UPDATE trust_passwords SET hash = (SELECT hash FROM trust_passwords WHERE "
                     "principal = 'user:bob') WHERE principal = 'user:alice'",
                     ""));
    assert_false(password_good(f, "user:alice", "battery staple"));
    assert_true(password_good(f, "user:bob", "battery staple"));
    OK(weft_principal_disable(f->txn, ACTOR, "user:bob", true, NULL, &f->error));
    assert_false(password_good(f, "user:bob", "battery staple"));
    OK(weft_password_set(f->txn, ACTOR, "user:alice", NULL, 0, &f->error));
    assert_false(trust_get(f, "user:alice", 0).has_password);
    assert_false(password_good(f, "user:alice", "correct horse"));
}

static int torture(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_key_ask ask = {.principal = "user:alice", .products = *TEXTS("a.*")};
    char text[WEFT_KEY_TEXT], next[WEFT_KEY_TEXT];
    struct weft_key key;
    struct weft_keys keys;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_begin_write(f->ledger, &txn, error));
    WEFT_TRY(weft_key_add(txn, ACTOR, &ask, text, error));
    WEFT_TRY(weft_key_check(txn, arena, text, NOW, &key, error));
    WEFT_TRY(weft_key_rotate(txn, ACTOR, key.id, NULL, 0, "x", next, error));
    WEFT_TRY(weft_keys_list(txn, arena, 0, &keys, error));
    return weft_password_set(txn, ACTOR, "user:alice", NULL, 0, error);
}

static void test_torture(void **state)
{
    struct trust_fixture *f = *state;
    trust_add(f, "user:alice", &trust_none);
    trust_commit(f);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_true(weft_test_torture(torture, f) > 10);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_key, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_key_refused, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_password, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
