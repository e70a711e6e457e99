/*
 * catalog_internal.h - what the files of this folder share.
 */
#ifndef WEFT_CATALOG_INTERNAL_H
#define WEFT_CATALOG_INTERNAL_H

#include "base/fs.h"
#include "catalog/product_entry.h"
#include "ledger/sql.h"

#define WEFT_KIND_REGISTERED "product.registered"
#define WEFT_KIND_RETIRED "product.retired"
#define WEFT_KIND_DROPPED "product.dropped"
#define WEFT_KIND_RENAMED "product.renamed"
#define WEFT_KIND_IN_FORCE "product.in_force"

/* domain.name__v999: two names of 45 characters, with room. */
#define WEFT_CATALOG_NAME_SIZE 128

void weft_catalog_mesh_tables_register(void);

/* ---- fold.c ---- */
/* What each major of a product is called from this entry on. */
int weft_catalog_names_refresh(struct weft_ledger_txn *txn, const char *product, int64_t sequence,
                               struct weft_error *error) WEFT_MUST_CHECK;

/* ---- words.c ---- */
/* Does it make the rows of the contract in force? Then in_force is the digest of that one. */
int weft_catalog_same_rows(struct weft_ledger_txn *txn, const struct weft_product *product,
                           char in_force[WEFT_SHA256_HEX], bool *same, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- rename.c ---- */
int weft_catalog_fold_renamed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                              yyjson_val *body, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- reads.c ---- */
extern const struct weft_ledger_table weft_catalog_reads_table;
/* The member `reads` of an entry; nothing when there are none. */
void weft_catalog_reads_write(struct weft_json_writer *writer,
                              const struct weft_registered_reads *reads);
/* Rows of the pending contract. */
int weft_catalog_reads_fold(struct weft_ledger_txn *txn, const char *product, int64_t major,
                            yyjson_val *reads, int64_t sequence, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Are these what the contract in force reads? */
int weft_catalog_reads_same(struct weft_ledger_txn *txn, const char *product, int64_t major,
                            yyjson_val *reads, bool *same, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_catalog_reads_get(struct weft_ledger_txn *txn, struct weft_arena *arena,
                           const char *product, int major, int64_t sequence,
                           struct weft_registered_reads *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Fills `reads` of each; digests are in order of name and major. */
int weft_catalog_reads_of_all(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              struct weft_registered_digest *digests, size_t count,
                              struct weft_error *error) WEFT_MUST_CHECK;

#endif
