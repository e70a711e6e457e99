/*
 * policy_read.h - policies from the trees of files; for who reads trees: a checkout, product files.
 * Thread rule: as the reader's arena.
 */
#ifndef WEFT_POLICY_POLICY_READ_H
#define WEFT_POLICY_POLICY_READ_H

#include "document/reader.h"
#include "policy/policy.h"

/* One document. NULL when there is a mistake (reported) or memory is out. */
const struct weft_policy *weft_policy_read(struct weft_reader *reader, struct weft_node *root);
/* `access:` of a product; NULL = none. */
const struct weft_access *weft_access_read(struct weft_reader *reader,
                                           const struct weft_node *node);

#endif
