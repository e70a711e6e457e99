/*
 * odcs_read.h - contracts as trees become products; for a checkout. Thread rule: as the reader's
 * arena.
 */
#ifndef WEFT_ODCS_ODCS_READ_H
#define WEFT_ODCS_ODCS_READ_H

#include "model/product_read.h"

/* The whole way of a contract; NULL when there is a mistake. */
const struct weft_product *weft_odcs_read(struct weft_reader *reader, struct weft_node *root,
                                          const struct weft_product_source *source);
/* A product file that says `contract:`, with what the contract says; `shown` names its file. */
struct weft_node *weft_odcs_merge(struct weft_reader *reader, const struct weft_node *root,
                                  const struct weft_node *contract, const char *shown,
                                  const struct weft_product_source *source);

#endif
