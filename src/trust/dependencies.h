/*
 * dependencies.h - what products read of other domains without a grant, because it was so before
 * weft asked for one: confirmed once by whoever applies, and from then on a grant of its own.
 *
 * The entry access.confirmed names them, and says that from here on a grant is asked for. The first
 * apply of a home writes it, in the transaction that registers its first product: so a home that
 * has products and no such entry is that of an older weft.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_TRUST_DEPENDENCIES_H
#define WEFT_TRUST_DEPENDENCIES_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "model/product.h"

#define WEFT_KIND_ACCESS_CONFIRMED "access.confirmed"

struct weft_dependency {
    const char *domain;  /* that reads */
    const char *product; /* of another domain: domain.name */
};

/* Appends the entry; an empty list says that there are none. Those that were confirmed before and
 * are not in the list end. */
int weft_dependencies_confirm(struct weft_ledger_txn *txn, const char *actor,
                              const struct weft_dependency *items, size_t count,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* Was there such an entry at the sequence (0 = now)? */
int weft_dependencies_are_confirmed(struct weft_ledger_txn *txn, int64_t sequence, bool *out,
                                    struct weft_error *error) WEFT_MUST_CHECK;
/* The products that a domain may read by it. */
int weft_dependencies_of(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                         const char *domain, struct weft_texts *products, struct weft_error *error)
    WEFT_MUST_CHECK;
void weft_dependencies_register(void);

#endif
