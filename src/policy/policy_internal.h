/*
 * policy_internal.h - for this folder: policies while they are read.
 */
#ifndef WEFT_POLICY_POLICY_INTERNAL_H
#define WEFT_POLICY_POLICY_INTERNAL_H

#include "document/keys.h"
#include "policy/policy_read.h"

#define WEFT_POLICY_CASES_MAX 1000
#define WEFT_MIN_GROUP_MAX 1000000

/* The parts that a product file has too. */
void weft_policy_read_min_group(struct weft_reader *reader, const struct weft_node *node,
                                struct weft_min_group *out);
void weft_policy_check_principals(struct weft_reader *reader, const struct weft_node *node);
/* A purpose's name. */
void weft_policy_check_purposes(struct weft_reader *reader, const struct weft_node *node);
/* mask, {round: 100}; none_too: `none` in a test's expectation. */
bool weft_policy_read_treatment(struct weft_reader *reader, const struct weft_node *node,
                                bool none_too, struct weft_treatment *out);
/* Canonical JSON and digest. */
int weft_policy_write_document(struct weft_policy *policy, struct weft_arena *arena,
                               struct weft_error *error) WEFT_MUST_CHECK;

#endif
