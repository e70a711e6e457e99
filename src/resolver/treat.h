/*
 * treat.h - what stands in a column's place for a reader: treatments as SQL that cannot fail.
 *
 * A treated value is the value: its expression is the column of the secured subquery, so all
 * that a person writes sees only it. It keeps the column's type where it can:
 *
 *   null        NULL of the type
 *   fixed       the text as a value of the type; a string where it does not fit, or is nested
 *   mask        string; NULL for booleans (a mask would show them), binary, json and nested types
 *   hash        string of 64 hexadecimal digits; NULL for json and nested types
 *   token       uuid stays uuid, else a string t_<26>; NULL for json and nested types
 *   round       numbers, of their type; double for whole numbers rounded to a fraction; else NULL
 *   truncate    strings; else NULL
 *   truncate    to a unit of time: date, timestamp, timestamptz (in UTC); else NULL
 *
 * A treatment that does not fit the type gives NULL of the type: less is shown, never more.
 * mask, hash and token are scalar functions of weft's own (engine/protect.h); no text of a person
 * may call them (resolve_guard.c).
 */
#ifndef WEFT_RESOLVER_TREAT_H
#define WEFT_RESOLVER_TREAT_H

#include "engine/relation.h"

/* The type that the reader sees; NULL for HIDE. treat may be NULL. */
const struct weft_type *weft_treatment_type(const struct weft_type *type,
                                            const struct weft_treatment *treat);
/* treat may be NULL. */
bool weft_treatment_is(const struct weft_treatment *treat, enum weft_treatment_kind kind);

/* The value of `column` of the table `alias`, treated, as an expression. INTERNAL: the instance has
 * no key. */
int weft_treatment_print(struct weft_engine *engine, const struct weft_relation_column *column,
                         const char *alias, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
