/*
 * condition.h - row conditions: a small language of its own, which cannot fail while it is
 * evaluated, because a condition that can fail leaks what it looked at.
 *
 *   condition := any-of; any-of := all-of {OR all-of}; all-of := not {AND not}
 *   not       := NOT not | ( any-of ) | predicate
 *   predicate := column (= | <> | != | < | <= | > | >=) operand
 *              | column [NOT] IN ( operand {, operand} )
 *              | column [NOT] IN ( domain.product.column [WHERE any-of] )
 *              | column [NOT] LIKE operand | column IS [NOT] NULL
 *   operand   := 'text' | number | TRUE | FALSE | principal.attribute
 * Words in either case; a column is a name, or any text in double quotes. No casts, no arithmetic,
 * no functions, no column beside a column. What stands in (product ...) names columns of that
 * product and holds no second one.
 * Thread rule: none; everything lies in the arena.
 */
#ifndef WEFT_POLICY_CONDITION_H
#define WEFT_POLICY_CONDITION_H

#include "policy/policy.h"

#define WEFT_CONDITION_BYTES_MAX 8192
#define WEFT_CONDITION_DEPTH_MAX 32
#define WEFT_CONDITION_PARTS_MAX 1000 /* predicates and operands in all */

/* INVALID says what is wrong; error->line is 1, error->column the character of the text. */
int weft_condition_parse(struct weft_arena *arena, const char *text,
                         const struct weft_condition **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The text again, in one spelling: parsing it gives the same tree. */
void weft_condition_print(const struct weft_condition *condition, struct weft_buf *out);

/* What a principal.<name> stands for: the values of the attribute; count 0 = it has none. */
typedef struct weft_texts weft_condition_attribute_fn(void *arg, const char *name);
/* Without principal.x. A comparison with an attribute that is missing is true of no row, and
 * neither is its NOT; = with several values means one of them. NULL when memory is out. */
const struct weft_condition *weft_condition_bind(struct weft_arena *arena,
                                                 const struct weft_condition *condition,
                                                 weft_condition_attribute_fn *attribute, void *arg)
    WEFT_MUST_CHECK;
/* Calls fn for each column of the product itself; stops at the first that is not 0. */
int weft_condition_columns(const struct weft_condition *condition,
                           int (*fn)(void *arg, const char *column), void *arg);

/* ---- types ---- */

/* Are there values of it that a condition may compare? */
bool weft_condition_compares(const struct weft_type *type);
/* May a column of this type be compared with the value? principal.x is nothing yet: true. */
bool weft_operand_fits(const struct weft_type *type, const struct weft_operand *operand);
/* NULL = the product has no such column, or its type is not known: then all fit. */
typedef const struct weft_type *weft_condition_type_fn(void *arg, const char *column);
/* The first column of the product itself that is compared with a value of another type, or with
 * LIKE though it is no text; NULL = none. What columns of other products are, it does not know. */
const char *weft_condition_mistyped(const struct weft_condition *condition,
                                    weft_condition_type_fn *type_of, void *arg);

#endif
