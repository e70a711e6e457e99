/*
 * product_entry.h - the registered products: facts of the ledger about contracts.
 *
 * Kinds: product.registered {product, major, version, document, digest, folder, environment},
 * product.retired {product, major}, product.dropped {product, major, because},
 * product.in_force {product, major, version, digest}: appended by the run that publishes the first
 * snapshot under a contract. A registered contract is pending until then; readers go by the one in
 * force.
 * Folded: catalog_products (one row per product, major and state: pending or in force) and
 * catalog_columns (of the contract in force, else of the pending one). mesh.products, mesh.columns and
 * mesh.snapshots are registered here.
 */
#ifndef WEFT_CATALOG_PRODUCT_ENTRY_H
#define WEFT_CATALOG_PRODUCT_ENTRY_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "model/product.h"

void weft_catalog_register(void);

struct weft_registered {
    const char *full_name; /* domain.name */
    int major;
    const char *table;  /* "domain.name" or "domain.name__v1" when a newer major is there */
    const char *folder; /* of the product file */
    const struct weft_product *pending;  /* NULL = the one in force is the newest */
    const struct weft_product *in_force; /* NULL = no snapshot yet */
    bool retired;
    int64_t sequence;
};

/* major 0 = the newest active one. sequence 0 = now. WEFT_NOT_THERE. */
int weft_catalog_product(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const char *full_name, int major, int64_t sequence,
                         struct weft_registered *out, struct weft_error *error) WEFT_MUST_CHECK;
/* All, by name and major; dropped ones left out, retired ones in. */
struct weft_registered_list {
    const struct weft_registered *items;
    size_t count;
};
int weft_catalog_products(struct weft_ledger_txn *txn, struct weft_arena *arena,
                          struct weft_registered_list *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Digests only, without parsing the documents: what plan compares (1,000 products in milliseconds). */
struct weft_registered_digest {
    const char *full_name;
    int major;
    const char *version;
    const char *pending_digest;  /* NULL = none */
    const char *in_force_digest; /* NULL = none */
    bool retired;
};
int weft_catalog_digests(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         struct weft_registered_digest **out, size_t *count,
                         struct weft_error *error) WEFT_MUST_CHECK;

int weft_catalog_put(struct weft_ledger_txn *txn, const char *actor,
                     const struct weft_product *product, const char *environment,
                     struct weft_error *error) WEFT_MUST_CHECK;
int weft_catalog_retire(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                        int major, struct weft_error *error) WEFT_MUST_CHECK;
int weft_catalog_drop(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                      int major, const char *because, struct weft_error *error) WEFT_MUST_CHECK;
/* In the transaction that publishes: the pending contract becomes the one in force. Nothing when it
 * is so already. */
int weft_catalog_enforce(struct weft_ledger_txn *txn, const char *actor,
                         const struct weft_product *product, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
