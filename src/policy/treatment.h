/*
 * treatment.h - treatments of columns: their names, and what two of them come to.
 * Thread rule: none; nothing is allocated but in the arena.
 */
#ifndef WEFT_POLICY_TREATMENT_H
#define WEFT_POLICY_TREATMENT_H

#include "policy/policy.h"

/* "mask", "{round: 100}", "{fixed: x}"; "none". As it is written in a policy. */
void weft_treatment_text(const struct weft_treatment *treatment, struct weft_buf *out);
/* "round": its kind, and not how coarse it is; "none" for NULL. */
const char *weft_treatment_kind(const struct weft_treatment *treatment);
bool weft_treatment_equal(const struct weft_treatment *a, const struct weft_treatment *b);

/* Of all treatments that fit a column: one. hide beats null beats fixed beats all others; of
 * several fixed ones the first by its bytes; two different others show different parts, so together
 * they are fixed, or null where the type has no value for it. The order does not matter, and
 * another treatment never shows more (treatment_test.c). count 0 = NONE. */
struct weft_treatment weft_treatment_combine(const struct weft_treatment *all, size_t count,
                                             const struct weft_type *type);
/* What stands in place of two that show different parts of a text. */
#define WEFT_TREATMENT_FIXED "***"

/* What the treatment comes to on a column of this type, as engine/treat.h shows it: null where it
 * has no meaning for it (round of a text). Never shows more. */
struct weft_treatment weft_treatment_fit(const struct weft_treatment *treatment,
                                         const struct weft_type *type);

#endif
