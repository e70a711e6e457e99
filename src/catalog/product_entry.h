/*
 * product_entry.h - the registered products: facts of the ledger about contracts.
 *
 * Kinds: product.registered {product, major, version, document, digest, folder, environment,
 * reads: [{name, port, product, major}]}, product.retired {product, major, because?},
 * product.dropped {product, major, because}, product.renamed {product, to}, product.in_force
 * {product, major, version, digest, detected: ["name: type"]}: appended by the run that publishes
 * the first snapshot under a contract, or when it is registered, where it makes the rows that are
 * there (words.c). A registered contract is pending until then; readers go by the one in force.
 * Folded: catalog_products (one row per product, major and state: pending or in_force),
 * catalog_columns, catalog_inputs and catalog_reads (of each of these), catalog_names (per product
 * and major: the table's key, what it is called, retired). mesh.products, mesh.columns and
 * mesh.snapshots are registered here.
 *
 * Two names of a table. Its key in the lake, in locks and in flow's tables never changes, and
 * neither does its folder: "domain.name" for the first major that was registered, "domain.name__v2"
 * for another, "domain.name__v2_2" where a renamed product has taken that with it; folder
 * lake/<domain>/<name>__v<major>. What it is called in SQL and in catalogues does: "domain.name" is
 * the newest major in force (else the newest pending one), all others are "domain.name__v1".
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_CATALOG_PRODUCT_ENTRY_H
#define WEFT_CATALOG_PRODUCT_ENTRY_H

#include "base/mem.h"
#include "checkout/mesh.h"
#include "ledger/ledger.h"

void weft_catalog_register(void);

/* A product that a contract reads, pinned when it was registered. */
struct weft_registered_read {
    /* As the contract calls it: a port, or what the SQL names; "references:<field>" where values of
     * a field are only looked up there (no position, no rows read). */
    const char *name;
    bool is_port;          /* name is an input port */
    const char *full_name; /* of the product that is read */
    int major;
};
struct weft_registered_reads {
    const struct weft_registered_read *items;
    size_t count;
};
#define WEFT_READ_LOOKUP "references:"
static inline bool weft_read_is_lookup(const char *name)
{
    return strncmp(name, WEFT_READ_LOOKUP, sizeof WEFT_READ_LOOKUP - 1) == 0;
}

struct weft_registered {
    const char *full_name; /* domain.name */
    int major;
    const char *table; /* the key of lake, locks, positions; never changes */
    const char *name;  /* what it is called: "domain.name", or "domain.name__v1" for an older one */
    const char *folder;                  /* of the product file */
    const char *table_folder;            /* lake/<domain>/<name>__v1, relative to the home */
    const char *quarantine_folder;       /* quarantine/<domain>/<name>__v1 */
    const struct weft_product *pending;  /* NULL = the one in force is the newest */
    const struct weft_product *in_force; /* NULL = no snapshot yet */
    struct weft_registered_reads reads;  /* of the newest contract */
    bool retired;
    int64_t sequence; /* of the entry that registered the newest contract */
};

/* The contract that a run goes by: the pending one, else the one in force. */
const struct weft_product *weft_registered_newest(const struct weft_registered *registered);

/* WEFT_MAJOR_NEWEST = the one called "domain.name": the newest in force that is not retired, else
 * the newest pending one, else the newest. sequence 0 = now. WEFT_NOT_THERE. */
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
/* As they were at a sequence; 0 = now. */
int weft_catalog_products_at(struct weft_ledger_txn *txn, struct weft_arena *arena,
                             int64_t sequence, struct weft_registered_list *out,
                             struct weft_error *error) WEFT_MUST_CHECK;
/* Digests only, without parsing the documents: what plan compares (1,000 products in
 * milliseconds). */
struct weft_registered_digest {
    const char *full_name;
    int major;
    const char *version;
    const char *pending_digest;         /* NULL = none */
    const char *in_force_digest;        /* NULL = none */
    struct weft_registered_reads reads; /* of the newest contract */
    struct weft_texts tags;             /* likewise */
    bool retired;
};
/* For rows that came in a file (weft_ledger_state_read): INVALID unless they are such as folds
 * make. */
int weft_catalog_state_check(struct weft_ledger_txn *txn, struct weft_error *error) WEFT_MUST_CHECK;
int weft_catalog_digests(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         struct weft_registered_digest **out, size_t *count,
                         struct weft_error *error) WEFT_MUST_CHECK;

int weft_catalog_put(struct weft_ledger_txn *txn, const char *actor,
                     const struct weft_product *product, const struct weft_registered_reads *reads,
                     const char *environment, struct weft_error *error) WEFT_MUST_CHECK;
/* because: NULL, or why it was done before its time. */
int weft_catalog_retire(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                        int major, const char *because, struct weft_error *error) WEFT_MUST_CHECK;
/* All majors of `from` are called `to` from now on; keys and folders stay, what other contracts are
 * pinned to moves along. CONFLICT when `from` is not registered or `to` is. Before the put of the
 * contracts that have the new name, in the same transaction. */
int weft_catalog_rename(struct weft_ledger_txn *txn, const char *actor, const char *from,
                        const char *to, struct weft_error *error) WEFT_MUST_CHECK;
/* The renamings that the files of a checkout ask for by `was:` and that are not done yet, in the
 * order in which they can be done; behind them those that cannot: `refused` says why. Chains are
 * fine, swaps are not. Files of domains that the checkout does not own ask for nothing, and nothing
 * is taken from such a domain. */
struct weft_rename {
    const struct weft_product *product; /* whose file says so: was_place */
    const char *from;
    const char *to;
    const char *refused; /* NULL = it can be done */
    const char *hint;    /* with refused */
};
int weft_catalog_renames(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const struct weft_mesh *mesh, struct weft_rename **out, size_t *out_count,
                         struct weft_error *error) WEFT_MUST_CHECK;
int weft_catalog_drop(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                      int major, const char *because, struct weft_error *error) WEFT_MUST_CHECK;
/* In the transaction that publishes: the pending contract becomes the one in force. Nothing when it
 * is so already, or when the one in force makes the same rows. CONFLICT when another one was
 * registered meanwhile. */
int weft_catalog_enforce(struct weft_ledger_txn *txn, const char *actor,
                         const struct weft_product *product, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The same, with the columns of a product without a schema, as detected: "cases: long". */
int weft_catalog_enforce_detected(struct weft_ledger_txn *txn, const char *actor,
                                  const struct weft_product *product, const char *const *detected,
                                  size_t detected_count, struct weft_error *error) WEFT_MUST_CHECK;
/* The pending contract comes into force without a snapshot where it reads the same and makes the
 * same rows as the one in force: they differ in words. Else *enforced false and nothing is done. */
int weft_catalog_enforce_words(struct weft_ledger_txn *txn, const char *actor,
                               const struct weft_product *product, bool *enforced,
                               struct weft_error *error) WEFT_MUST_CHECK;

#endif
