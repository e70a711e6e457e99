/*
 * who.h - who acts: the local operator, somebody by --as, or the owner of a key.
 *
 * The local operator may do everything. With --as PRINCIPAL he sees and does what that one may, no
 * more; the audit has both. With a key (WEFT_KEY, --key-file; never on the command line, where
 * others see it) it is its owner who acts, within the key's scope.
 * Thread rule: that of the context.
 */
#ifndef WEFT_CONTEXT_WHO_H
#define WEFT_CONTEXT_WHO_H

#include "context/request.h"
#include "trust/keys.h"

/* Does somebody act who is not the local operator: --as or a key is given? Before it is known who.
 */
bool weft_who_somebody(const struct weft_context *context);
/* Somebody acts, and the operation asked nobody who he is: then nothing of a home may be read. */
bool weft_who_unasked(const struct weft_context *context);
/* Before an operation is run. DENIED where it is the operator's; NOT_FOUND, DENIED for who may not
 * act. */
int weft_who_begin(struct weft_context *context, const struct weft_op *op, struct weft_error *error)
    WEFT_MUST_CHECK;
/* May somebody who is not the local operator himself do it at all? DENIED. */
int weft_who_allowed(const struct weft_context *context, const struct weft_op *op,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Before each further statement of a session: the time is now, and who was disabled meanwhile is
 * denied. */
int weft_who_again(struct weft_context *context, struct weft_request *request,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* May it act, as it was looked up? DENIED, NOT_FOUND, USAGE for a group. */
int weft_who_active(const struct weft_principal *principal, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The one who acts, as he is now; in the arena. Without the rights of his roles where a key's scope
 * binds him (`by`). */
int weft_who(struct weft_context *context, struct weft_ledger_txn *txn, struct weft_arena *arena,
             struct weft_principal *out, struct weft_error *error) WEFT_MUST_CHECK;
/* Who signs for it in entries: "local:root", or the principal that acts. */
const char *weft_who_actor(const struct weft_context *context);
/* Commits, with the audit's end as one more entry where it is not there yet. Ends the
 * transaction. */
int weft_who_commit(struct weft_context *context, struct weft_ledger_txn *txn,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* DENIED unless he has the right, there (NULL = in the whole mesh). `what`: "add users". */
int weft_who_may(const struct weft_principal *who, enum weft_right right, const char *domain,
                 const char *what, struct weft_error *error) WEFT_MUST_CHECK;

#endif
