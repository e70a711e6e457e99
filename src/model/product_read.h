/*
 * product_read.h - a product from the tree of its file; for who reads trees: a checkout, contracts
 * of other standards. Thread rule: as the reader's arena.
 */
#ifndef WEFT_MODEL_PRODUCT_READ_H
#define WEFT_MODEL_PRODUCT_READ_H

#include "document/reader.h"
#include "model/product.h"

#define WEFT_ODCS_KEY                                                                              \
    "odcs" /* of a product file: parts of a contract that no key here stands for */

struct weft_product_source {
    const char *file;   /* as shown */
    const char *folder; /* absolute */
    const char *root;   /* of the checkout, which its files lie in; NULL = none */
    const char *domain; /* what the folder says; NULL = nothing */
    const char *name;   /* likewise */
    int major;          /* what the file's name says; WEFT_MAJOR_NEWEST = nothing */
    const struct weft_node *domain_file; /* domain.yaml, checked; NULL = none */
    const struct weft_node *named; /* a product file whose name and domain go before those of its
                                    * contract; NULL = none */
};

/* The whole way: checks root by the table, reads, applies the rules, writes document and digest.
 * NULL when there is a mistake or memory is out (reader->nomem). */
const struct weft_product *weft_product_read(struct weft_reader *reader, struct weft_node *root,
                                             const struct weft_product_source *source);

#endif
