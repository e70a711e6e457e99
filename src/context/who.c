/*
 * who.c - see who.h.
 */
#include "context/who.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLES_LIST 256 /* bytes of the roles that have a right */

static bool key_given(const struct weft_context *context)
{
    const char *text = getenv("WEFT_KEY");
    return context->key_file != NULL || (text != NULL && text[0] != '\0');
}

bool weft_who_somebody(const struct weft_context *context)
{
    return context->as != NULL || key_given(context);
}

bool weft_who_unasked(const struct weft_context *context)
{
    return weft_who_somebody(context) && weft_request_is_local(&context->request);
}

static int operator_only(const struct weft_context *context, const struct weft_op *op,
                         struct weft_error *error)
{
    weft_error_set(error, WEFT_E_DENIED, "`weft %s` is for the local operator alone", op->name);
    if (op->instead != NULL)
        return weft_error_hint(error, "%s", op->instead);
    if (context->as != NULL)
        return weft_error_hint(error,
                               "leave --as out: it is for commands that read, ask and decide");
    return weft_error_hint(error, "a key is for commands that read, ask and decide; leave "
                                  "--key-file out and unset WEFT_KEY to act as yourself");
}

/* With --as: what one who is disabled now could read then can be asked. At that moment he is looked
 * at by the gate. */
static bool then_only(const struct weft_context *context, const struct weft_principal *principal)
{
    return context->past && context->request.key == NULL && principal->known && principal->disabled;
}

int weft_who_active(const struct weft_principal *principal, struct weft_error *error)
{
    const char *kind = weft_principal_kind_name(principal->kind);
    if (weft_principal_active(principal))
        return 0;
    if (principal->kind == WEFT_PRINCIPAL_GROUP) {
        weft_error_set(error, WEFT_E_USAGE, "%s is a group: one of its members acts",
                       principal->id);
        return weft_error_hint(error, "`weft group show %s` lists them",
                               strchr(principal->id, ':') + 1);
    }
    if (principal->disabled) {
        weft_error_set(error, WEFT_E_DENIED, "%s is disabled", principal->id);
        return weft_error_hint(error, "`weft %s enable %s` lets it act again", kind,
                               strchr(principal->id, ':') + 1);
    }
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s", principal->id);
    return weft_error_hint(error, "`weft %s list` shows who there is", kind);
}

/* Who may act no more and tries: one line of the audit. What is told does not change by it. */
static void refusal_note(const struct weft_context *context, const struct weft_request *as,
                         const char *reason)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    const struct weft_audit_read line = {.request = as,
                                         .door = "cli",
                                         .command = context->command,
                                         .products = "",
                                         .columns = "",
                                         .sql_hash = "",
                                         .decision = "no",
                                         .reason = reason};
    if (weft_audit_append(context->ledger, &line, &ignored) < 0)
        return; /* he is refused all the same */
}

/* --as ana: whose kind is missing; the operator may know who there is. */
static int as_bare(const struct weft_context *context, struct weft_ledger_txn *txn,
                   struct weft_error *error)
{
    static const char *const kinds[] = {"user", "service", "domain"};
    weft_error_set(error, WEFT_E_USAGE,
                   "`%.60s` is not how a principal is written: it lacks its kind", context->as);
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++) {
        struct weft_error ignored = WEFT_ERROR_INIT;
        struct weft_principal who;
        const char *id = weft_arena_format(context->arena, "%s:%s", kinds[i], context->as);
        if (id == NULL)
            return weft_error_nomem(error);
        if (weft_principal_get(txn, context->arena, id, 0, &who, &ignored) == 0 && who.known)
            return weft_error_hint(error, "did you mean --as %s?", id);
    }
    return weft_error_hint(error, "`weft user list` shows who there is");
}

static int as_begin(struct weft_context *context, struct weft_ledger_txn *txn,
                    struct weft_error *error)
{
    struct weft_principal who;
    if (strchr(context->as, ':') == NULL)
        return as_bare(context, txn, error);
    WEFT_TRY(weft_principal_get(txn, context->arena, context->as, 0, &who, error));
    if (who.kind == WEFT_PRINCIPAL_LOCAL)
        return weft_error_set(error, WEFT_E_USAGE,
                              "%s is the operator at a machine, whom nobody stands in for", who.id);
    if (who.kind == WEFT_PRINCIPAL_NODE)
        return weft_error_set(error, WEFT_E_NOT_YET, "%s is a node: nobody acts as one", who.id);
    struct weft_request as = context->request;
    snprintf(as.actor, sizeof as.actor, "%s", as.principal);
    snprintf(as.principal, sizeof as.principal, "%s", who.id);
    if (!then_only(context, &who) && weft_who_active(&who, error) < 0) {
        if (who.disabled)
            refusal_note(context, &as, "disabled");
        return -1;
    }
    context->request = as;
    return 0;
}

static int key_begin(struct weft_context *context, struct weft_ledger_txn *txn,
                     struct weft_error *error)
{
    struct weft_secret secret;
    struct weft_request *request = &context->request;
    bool file = context->key_file != NULL;
    const struct weft_secret_source source = {file ? WEFT_SECRET_FILE : WEFT_SECRET_ENV,
                                              file ? context->key_file : "WEFT_KEY"};
    struct weft_key *key = weft_arena_alloc(context->arena, sizeof *key);
    if (key == NULL)
        return weft_error_nomem(error);
    *key = (struct weft_key){.id = NULL};
    WEFT_TRY(weft_secret_read(&source, ".", "the key", &secret, error));
    int rc = weft_key_check(txn, context->arena, secret.data, request->time_us, key, error);
    weft_secret_release(&secret);
    if (rc < 0 && key->id == NULL)
        return rc;
    struct weft_request as = *request;
    snprintf(as.principal, sizeof as.principal, "%s", key->principal);
    as.key = key;
    if (rc < 0)
        refusal_note(context, &as, "key");
    else
        *request = as;
    return rc;
}

/* Whether it is declared is the decision's: it knows the policies. */
static int purpose_begin(struct weft_context *context, struct weft_error *error)
{
    char proposal[WEFT_NAME_MAX + 1];
    if (context->purpose == NULL)
        return 0;
    if (!weft_name_valid(context->purpose)) {
        weft_name_propose(context->purpose, proposal);
        weft_error_set(error, WEFT_E_USAGE, "`%.60s` is not a name for a purpose",
                       context->purpose);
        return weft_error_hint(error, "`--purpose %s` would be", proposal);
    }
    snprintf(context->request.purpose, sizeof context->request.purpose, "%s", context->purpose);
    return 0;
}

int weft_who_allowed(const struct weft_context *context, const struct weft_op *op,
                     struct weft_error *error)
{
    if (!weft_who_somebody(context) || op->who != WEFT_OP_OPERATOR)
        return 0;
    return operator_only(context, op, error);
}

int weft_who_begin(struct weft_context *context, const struct weft_op *op, struct weft_error *error)
{
    bool key = key_given(context);
    context->command = op->name;
    WEFT_TRY(purpose_begin(context, error));
    if ((context->as == NULL && !key) || op->who == WEFT_OP_ANYONE)
        return 0;
    WEFT_TRY(weft_who_allowed(context, op, error));
    if (context->as != NULL && key)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--as is for the local operator, and a key is given");
    struct weft_ledger *ledger;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    return key ? key_begin(context, txn, error) : as_begin(context, txn, error);
}

int weft_who_again(struct weft_context *context, struct weft_request *request,
                   struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_principal who;
    struct weft_key key;
    *request = context->request;
    request->time_us = weft_clock_us();
    request->sequence = 0;
    if (context->as == NULL && request->key == NULL)
        return 0;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_principal_get(txn, arena, request->principal, 0, &who, error));
    if (!then_only(context, &who) && weft_who_active(&who, error) < 0) {
        refusal_note(context, request, "disabled");
        return -1;
    }
    if (request->key == NULL)
        return 0;
    int rc = weft_key_get(txn, arena, request->key->id, 0, &key, error);
    WEFT_TRY(rc);
    if (rc == 0 && !key.disabled && (key.expires_us == 0 || key.expires_us > request->time_us))
        return 0;
    refusal_note(context, request, "key");
    return weft_error_set(error, WEFT_E_DENIED, "the key %s opens nothing any more",
                          request->key->id);
}

int weft_who(struct weft_context *context, struct weft_ledger_txn *txn, struct weft_arena *arena,
             struct weft_principal *out, struct weft_error *error)
{
    const struct weft_key *key = context->request.key;
    WEFT_TRY(weft_principal_get(txn, arena, context->request.principal, 0, out, error));
    out->by = weft_key_scoped(key) ? key : NULL;
    return 0;
}

const char *weft_who_actor(const struct weft_context *context)
{
    const struct weft_request *request = &context->request;
    return request->actor[0] != '\0' ? request->actor : request->principal;
}

int weft_who_commit(struct weft_context *context, struct weft_ledger_txn *txn,
                    struct weft_error *error)
{
    bool anchored;
    if (weft_audit_anchor(txn, weft_who_actor(context), &anchored, error) < 0) {
        weft_ledger_end(txn);
        return -1;
    }
    return weft_ledger_commit(txn, error);
}

int weft_who_may(const struct weft_principal *who, enum weft_right right, const char *domain,
                 const char *what, struct weft_error *error)
{
    if (weft_principal_may(who, right, domain))
        return 0;
    char roles[ROLES_LIST];
    weft_error_set(error, WEFT_E_DENIED, "%s may not %s%s", who->id, what,
                   who->by == NULL ? "" : " by this key");
    if (who->by != NULL)
        return weft_error_hint(error, WEFT_KEY_BOUNDS, who->by->id);
    weft_roles_list(right, domain, roles, sizeof roles);
    return weft_error_hint(error, "the local operator may%s%s",
                           roles[0] == '\0' ? ""
                                            : ", and the "
                                              "role ",
                           roles);
}
