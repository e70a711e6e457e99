/*
 * treatment.c - treatments of columns: see treatment.h.
 */
#include "policy/treatment.h"

#include <stdio.h>
#include <string.h>

void weft_treatment_text(const struct weft_treatment *treatment, struct weft_buf *out)
{
    static const char *const names[] = {
        [WEFT_TREAT_HIDE] = "hide", [WEFT_TREAT_NULL] = "null",   [WEFT_TREAT_MASK] = "mask",
        [WEFT_TREAT_HASH] = "hash", [WEFT_TREAT_TOKEN] = "token", [WEFT_TREAT_NONE] = "none"};
    switch (treatment->kind) {
    case WEFT_TREAT_FIXED:
        weft_buf_addf(out, "{fixed: %s}", treatment->text);
        return;
    case WEFT_TREAT_ROUND:
        weft_buf_addf(out, "{round: %.15g}", treatment->number);
        return;
    case WEFT_TREAT_TRUNCATE:
        weft_buf_addf(out, "{truncate: %.15g}", treatment->number);
        return;
    case WEFT_TREAT_TRUNCATE_TIME:
        weft_buf_addf(out, "{truncate: %s}", treatment->text);
        return;
    default:
        weft_buf_adds(out, names[treatment->kind]);
    }
}

const char *weft_treatment_kind(const struct weft_treatment *treatment)
{
    static const char *const words[] = {[WEFT_TREAT_HIDE] = "hide",
                                        [WEFT_TREAT_NULL] = "null",
                                        [WEFT_TREAT_FIXED] = "fixed",
                                        [WEFT_TREAT_MASK] = "mask",
                                        [WEFT_TREAT_HASH] = "hash",
                                        [WEFT_TREAT_TOKEN] = "token",
                                        [WEFT_TREAT_ROUND] = "round",
                                        [WEFT_TREAT_TRUNCATE] = "truncate",
                                        [WEFT_TREAT_TRUNCATE_TIME] = "truncate",
                                        [WEFT_TREAT_NONE] = "none"};
    return words[treatment == NULL ? WEFT_TREAT_NONE : treatment->kind];
}

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool weft_treatment_equal(const struct weft_treatment *a, const struct weft_treatment *b)
{
    return a->kind == b->kind && a->number == b->number && text_equal(a->text, b->text);
}

static bool fits(const struct weft_treatment *treatment, const struct weft_type *type)
{
    bool plain = !weft_type_is_nested(type) && type->kind != WEFT_TYPE_JSON;
    switch (treatment->kind) {
    case WEFT_TREAT_MASK:
        return plain && type->kind != WEFT_TYPE_BINARY && type->kind != WEFT_TYPE_BOOLEAN;
    case WEFT_TREAT_HASH:
    case WEFT_TREAT_TOKEN:
        return plain;
    case WEFT_TREAT_ROUND:
        return weft_type_is_number(type);
    case WEFT_TREAT_TRUNCATE:
        return type->kind == WEFT_TYPE_STRING;
    case WEFT_TREAT_TRUNCATE_TIME:
        return type->kind == WEFT_TYPE_DATE || type->kind == WEFT_TYPE_TIMESTAMP ||
               type->kind == WEFT_TYPE_TIMESTAMPTZ;
    default:
        return true;
    }
}

struct weft_treatment weft_treatment_fit(const struct weft_treatment *treatment,
                                         const struct weft_type *type)
{
    static const struct weft_treatment null = {.kind = WEFT_TREAT_NULL};
    return fits(treatment, type) ? *treatment : null;
}

/* What two different parts come to, and nothing that shows less than it stands yet. */
static struct weft_treatment of_two_parts(const struct weft_type *type)
{
    if (type->kind == WEFT_TYPE_STRING)
        return (struct weft_treatment){.kind = WEFT_TREAT_FIXED, .text = WEFT_TREATMENT_FIXED};
    return (struct weft_treatment){.kind = WEFT_TREAT_NULL};
}

/* The one that shows less; of two fixed ones the first by its bytes. */
static struct weft_treatment stronger(struct weft_treatment a, struct weft_treatment b)
{
    if (a.kind != b.kind)
        return a.kind < b.kind ? a : b;
    if (a.kind == WEFT_TREAT_FIXED && strcmp(b.text, a.text) < 0)
        return b;
    return a;
}

struct weft_treatment weft_treatment_combine(const struct weft_treatment *all, size_t count,
                                             const struct weft_type *type)
{
    struct weft_treatment whole = {.kind = WEFT_TREAT_NONE}; /* hide, null or fixed */
    struct weft_treatment part = {.kind = WEFT_TREAT_NONE};  /* the others */
    for (size_t i = 0; i < count; i++) {
        struct weft_treatment one = weft_treatment_fit(&all[i], type);
        if (one.kind == WEFT_TREAT_NONE)
            continue;
        if (one.kind <= WEFT_TREAT_FIXED)
            whole = stronger(whole, one);
        else if (part.kind == WEFT_TREAT_NONE)
            part = one;
        else if (!weft_treatment_equal(&part, &one))
            whole = stronger(whole, of_two_parts(type));
    }
    return whole.kind != WEFT_TREAT_NONE ? whole : part;
}
