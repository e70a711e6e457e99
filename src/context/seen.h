/*
 * seen.h - a registered product as he who asks may know it: what show, export, lineage and
 * completion tell. What is not told is not there: a hidden column, a product that he may not know.
 *
 * Who may only find it knows its words and the columns that a grant of all of it would leave him.
 * What is counted over its rows, or promised of their number, is for who may read all of them; what
 * it reads from, and how it is made, for its team. The local operator sees all of it.
 * Thread rule: that of the context.
 */
#ifndef WEFT_CONTEXT_SEEN_H
#define WEFT_CONTEXT_SEEN_H

#include "context/gate.h"

enum weft_seen_how {
    WEFT_SEEN_FOUND, /* he may not read it */
    WEFT_SEEN_READ,  /* some of it is kept back */
    WEFT_SEEN_WHOLE, /* he may read all of it, as it is */
    WEFT_SEEN_TEAM,  /* it is of his domain, too, and he may know all that it reads */
    WEFT_SEEN_ALL    /* the local operator */
};

struct weft_seen_column {
    const char *name;
    const struct weft_type *type;       /* that he gets */
    const struct weft_treatment *treat; /* NULL = the value itself */
};

struct weft_seen {
    enum weft_seen_how how;
    const struct weft_registered *product;
    const struct weft_product *contract; /* in force, else pending; cut (model/cut.h) below TEAM */
    const struct weft_seen_column *columns; /* that he may know, in the order of the table */
    size_t column_count;
    struct weft_decision decision;
};

/* After the gate let him know of it. In the context's arena. */
int weft_seen_product(struct weft_context *context, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, struct weft_seen *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* Its columns without its contract (NULL, and TEAM is WHOLE): to list many of them. */
int weft_seen_table(struct weft_context *context, struct weft_ledger_txn *txn,
                    const struct weft_registered *product, struct weft_seen *out,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* All columns that any of its contracts has and that he may know; as of the request. */
int weft_seen_columns(struct weft_context *context, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, struct weft_texts *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

#endif
