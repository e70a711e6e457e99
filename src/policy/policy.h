/*
 * policy.h - rules of governance: who may read what for which purpose, and what even those do not
 * see. Nouns only: who decides by them is trust, who turns them into SQL is engine.
 *
 * A policy file (policies/<any>.yaml, one or more documents) holds grants, restrictions, rules,
 * tests and purposes. A product file's `access:` is the short form of a grant and a restriction.
 */
#ifndef WEFT_POLICY_POLICY_H
#define WEFT_POLICY_POLICY_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/mem.h"
#include "document/texts.h"
#include "document/type.h"

/* ---- treatments: what stands in a column's place ---- */

/* By rank: of two on one column the lower number stands; two different ones from MASK on give
 * FIXED, or NULL where there is no value for it, because each shows a different part. */
enum weft_treatment_kind {
    WEFT_TREAT_HIDE = 1,      /* the column is not there */
    WEFT_TREAT_NULL,          /* NULL in every row */
    WEFT_TREAT_FIXED,         /* `text` in every row */
    WEFT_TREAT_MASK,          /* the first character of each part: a***@e***.org */
    WEFT_TREAT_HASH,          /* keyed per mesh */
    WEFT_TREAT_TOKEN,         /* keyed per mesh, of the shape of an identifier */
    WEFT_TREAT_ROUND,         /* to multiples of `number` */
    WEFT_TREAT_TRUNCATE,      /* the first `number` characters of a text */
    WEFT_TREAT_TRUNCATE_TIME, /* `text`: year, quarter, month, week, day, hour, minute */
    WEFT_TREAT_NONE           /* the value itself */
};

struct weft_treatment {
    enum weft_treatment_kind kind;
    const char *text; /* FIXED: as written, of the column's type; TRUNCATE_TIME: the unit */
    double number;    /* ROUND, above 0; TRUNCATE: 0 or more */
};

/* ---- row conditions: a small language that cannot fail while it is evaluated ---- */

enum weft_condition_kind {
    WEFT_CONDITION_AND, /* parts, one or more */
    WEFT_CONDITION_OR,
    WEFT_CONDITION_NOT,     /* one part */
    WEFT_CONDITION_COMPARE, /* column op operand */
    WEFT_CONDITION_IN,      /* column IN operands */
    WEFT_CONDITION_LIKE,    /* column LIKE operand: % and _, no escape */
    WEFT_CONDITION_NULL,    /* column IS NULL */
    WEFT_CONDITION_MEMBER,  /* column IN (product.column WHERE parts[0]) */
    WEFT_CONDITION_ALL,     /* every row */
    WEFT_CONDITION_NONE     /* no row */
};

enum weft_operator {
    WEFT_EQUAL,
    WEFT_NOT_EQUAL,
    WEFT_LESS,
    WEFT_LESS_EQUAL,
    WEFT_GREATER,
    WEFT_GREATER_EQUAL
};

enum weft_operand_kind {
    WEFT_OPERAND_TEXT,
    WEFT_OPERAND_NUMBER, /* as written */
    WEFT_OPERAND_BOOLEAN,
    WEFT_OPERAND_PRINCIPAL /* principal.<text>: an attribute, or `id`, `name` */
};

struct weft_operand {
    enum weft_operand_kind kind;
    const char *text;
};

struct weft_condition {
    enum weft_condition_kind kind;
    enum weft_operator op;
    const char *column;
    const struct weft_operand *operands;
    size_t operand_count;
    const struct weft_condition *const *parts;
    size_t part_count;
    const char *product; /* MEMBER: domain.name */
    const char *member;  /* MEMBER: its column */
    struct weft_place place;
};

/* ---- the documents ---- */

enum weft_policy_kind {
    WEFT_POLICY_GRANT,
    WEFT_POLICY_RESTRICT,
    WEFT_POLICY_RULE, /* validated, refused at apply: not yet */
    WEFT_POLICY_TEST,
    WEFT_POLICY_PURPOSES
};

/* {group: emergency, purpose: treatment}; a word alone has no purpose. */
struct weft_policy_except {
    const char *principal; /* user:, group:, domain:, service:, role: or everyone */
    const char *purpose;   /* NULL = any */
    struct weft_place place, purpose_place;
};

struct weft_min_group {
    int64_t size;   /* 0 = none */
    const char *by; /* the column that tells subjects apart */
};

struct weft_policy_case {
    const char *as;
    const char *purpose; /* NULL = none stated */
    const char *read;    /* domain.product */
    bool allowed;
    const struct weft_policy_case_column {
        const char *column;
        struct weft_treatment treatment; /* NONE: `email: none`, the value is seen */
        struct weft_place place;
    } *columns;
    size_t column_count;
    struct weft_place place, as_place, purpose_place;
};

struct weft_purpose {
    const char *name;
    const char *text; /* a line for people */
};

struct weft_policy {
    enum weft_policy_kind kind;
    const char *name; /* one of its own in the mesh; tests and purposes need none */
    const char *because;
    const char *file; /* as shown; "" for a registered one */
    struct weft_place place;
    /* GRANT */
    struct weft_texts to;
    struct weft_texts read; /* names, globs, tag:, classification:, domain:, regulation: */
    struct weft_texts purposes;
    int64_t until_us; /* 0 = no end; the end of that day, UTC */
    struct weft_place until_place;
    /* Of each of `to`, of `read` or `on`, and of `purposes`. */
    const struct weft_place *to_places, *selector_places, *purpose_places;
    /* RESTRICT: one or more of treat, rows, min_group */
    struct weft_texts on; /* as read; `domain.product.column` names a column */
    struct weft_treatment treat;
    const struct weft_condition *rows; /* NULL = all */
    const char *rows_text;             /* as written */
    struct weft_min_group min_group;
    const struct weft_policy_except *except;
    size_t except_count;
    /* RULE */
    const char *sql;
    const char *message;
    const char *severity; /* error, warn, info */
    /* TEST */
    const struct weft_policy_case *cases;
    size_t case_count;
    /* PURPOSES */
    const struct weft_purpose *purpose_list;
    size_t purpose_count;
    const char *document; /* canonical JSON: what is registered */
    const char *digest;   /* its SHA-256, hexadecimal */
};

/* A product file's `access:`. */
struct weft_access {
    struct weft_texts grant;
    struct weft_texts purposes;
    struct weft_min_group min_group;
    struct weft_texts break_glass;
    const struct weft_place *grant_places, *purpose_places;
};

/* The policies of one text, each by itself. Mistakes go to diag; those without are handed out. -1
 * only for memory. */
int weft_policies_parse(struct weft_arena *arena, const char *text, size_t length, const char *file,
                        struct weft_diag *diag, const struct weft_policy *const **out,
                        size_t *out_count, struct weft_error *error) WEFT_MUST_CHECK;
/* The policy of a registered document: the same checks as for a file; INVALID for a damaged one. */
int weft_policy_from_document(struct weft_arena *arena, const char *document,
                              const struct weft_policy **out, struct weft_error *error)
    WEFT_MUST_CHECK;
const char *weft_policy_kind_name(enum weft_policy_kind kind); /* "grant" */

#endif
