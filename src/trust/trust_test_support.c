/*
 * trust_test_support.c - see trust_test_support.h.
 */
#include "trust/trust_test_support.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

const struct weft_texts trust_none;

void trust_ok(int rc, const struct weft_error *error, int line)
{
    if (rc != 0)
        fail_msg("line %d: %d: %s: %s", line, rc, weft_code_name(error->code), error->message);
}

int trust_setup(void **state)
{
    struct trust_fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    f->home = weft_format("%s/home", f->dir);
    f->arena = weft_arena_new(0);
    OK(weft_ledger_open(f->home, WEFT_LEDGER_CREATE, &f->ledger, &f->error));
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
    *state = f;
    return 0;
}

int trust_teardown(void **state)
{
    struct trust_fixture *f = *state;
    weft_ledger_end(f->txn);
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_test_dir_remove(f->dir);
    weft_free(f->home);
    weft_free(f);
    return 0;
}

void trust_commit(struct trust_fixture *f)
{
    int rc = weft_ledger_commit(f->txn, &f->error);
    f->txn = NULL;
    OK(rc);
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
}

void trust_add(struct trust_fixture *f, const char *id, const struct weft_texts *roles)
{
    struct weft_principal_change change = {.id = id, .roles = *roles};
    OK(weft_principal_add(f->txn, ACTOR, &change, &f->error));
}

struct weft_principal trust_get(struct trust_fixture *f, const char *id, int64_t sequence)
{
    struct weft_principal out = {0};
    OK(weft_principal_get(f->txn, f->arena, id, sequence, &out, &f->error));
    return out;
}

int64_t trust_head(struct trust_fixture *f)
{
    struct weft_ledger_head at;
    OK(weft_ledger_head(f->txn, &at, &f->error));
    return at.sequence;
}

void trust_refused(struct trust_fixture *f, int rc, enum weft_code code)
{
    assert_int_equal(rc, -1);
    assert_string_equal(weft_code_name(f->error.code), weft_code_name(code));
    weft_error_clear(&f->error);
}
