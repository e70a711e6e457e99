/*
 * trust_test_support.h - for unit tests only: a home with a writing transaction, and short ways to
 * make and look at principals.
 */
#ifndef WEFT_TRUST_TRUST_TEST_SUPPORT_H
#define WEFT_TRUST_TRUST_TEST_SUPPORT_H

#include "trust/principals.h"

struct trust_fixture {
    char *dir, *home;
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn; /* writing */
    struct weft_arena *arena;
    struct weft_error error;
};

#define OK(call) trust_ok((call), &f->error, __LINE__)
#define ACTOR "local:test"
#define TEXTS(...)                                                                                 \
    (&(const struct weft_texts){(const char *const[]){__VA_ARGS__},                                \
                                sizeof((const char *const[]){__VA_ARGS__}) /                       \
                                    sizeof(const char *)})
extern const struct weft_texts trust_none;

void trust_ok(int rc, const struct weft_error *error, int line);
int trust_setup(void **state);
int trust_teardown(void **state);
void trust_commit(struct trust_fixture *f); /* and begins again */
void trust_add(struct trust_fixture *f, const char *id, const struct weft_texts *roles);
struct weft_principal trust_get(struct trust_fixture *f, const char *id, int64_t sequence);
int64_t trust_head(struct trust_fixture *f);
/* The call failed with this code; clears the error. */
void trust_refused(struct trust_fixture *f, int rc, enum weft_code code);

#endif
