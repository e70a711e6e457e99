/*
 * selector.h - what a policy speaks of: products or columns, by name or by what they are.
 *
 *   hospital.patients, hospital.*, *.patients, *       products by name; * is any characters
 *   hospital.patients@2                                one major of it
 *   hospital.patients.email, hospital.*.email          columns by name
 *   tag:clinical  domain:hospital  regulation:hipaa    products; * as above
 *   classification:pii.email, classification:pii.*     columns; pii.* is pii too
 * Thread rule: none; texts point into what was parsed.
 */
#ifndef WEFT_POLICY_SELECTOR_H
#define WEFT_POLICY_SELECTOR_H

#include "policy/policy.h"

enum weft_selector_kind {
    WEFT_SELECT_PRODUCT,
    WEFT_SELECT_COLUMN, /* by name */
    WEFT_SELECT_TAG,
    WEFT_SELECT_DOMAIN,
    WEFT_SELECT_REGULATION,
    WEFT_SELECT_CLASSIFICATION /* columns */
};

#define WEFT_SELECTOR_MAX 200 /* bytes */
#define WEFT_SELECTOR_ANY_MAJOR (-1)

struct weft_selector {
    enum weft_selector_kind kind;
    char word[WEFT_SELECTOR_MAX]; /* of a name: the domain; else the pattern */
    char product[WEFT_SELECTOR_MAX];
    char column[WEFT_SELECTOR_MAX];
    int major;  /* WEFT_SELECTOR_ANY_MAJOR, or the one that is meant: 0 is that of 0.x */
    bool plain; /* word has no * */
};

/* What a product is to a selector. */
struct weft_selected {
    const char *domain;
    const char *name; /* without the domain */
    int major;
    const struct weft_texts *tags;
    const struct weft_texts *regulations;
};

/* INVALID says what is wrong with the text. */
int weft_selector_parse(const char *text, struct weft_selector *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* * stands for any characters, dots too. */
bool weft_glob_match(const char *pattern, const char *text);
/* Does it mean the whole product? Never true of selectors of columns. */
bool weft_selector_product(const struct weft_selector *selector,
                           const struct weft_selected *product);
/* Does it mean this column of it, alone? Never true of selectors of products.
 * classifications: its own and inherited ones. */
bool weft_selector_column(const struct weft_selector *selector, const struct weft_selected *product,
                          const char *column, const struct weft_texts *classifications);
static inline bool weft_selector_of_columns(const struct weft_selector *selector)
{
    return selector->kind == WEFT_SELECT_COLUMN || selector->kind == WEFT_SELECT_CLASSIFICATION;
}

/* user:alice, group:nurses, domain:hospital, service:dashboard, role:auditor, everyone. INVALID. */
int weft_policy_principal_check(const char *text, struct weft_error *error) WEFT_MUST_CHECK;

#endif
