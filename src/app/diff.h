/*
 * diff.h - internal to op_diff.c and its parts: two snapshots of a product, compared in SQL that
 * goes through the same gate as a person's query (query_internal.h).
 *
 * Columns are the same when their field ids are, whatever they are called. With a key that both
 * snapshots keep, rows are matched by it; else rows are compared whole, as often as they are there.
 *
 * For a reader under restrictions both snapshots are what he gets of them: columns that are hidden
 * are not there, treated values are the values, rows that are left out are counted nowhere, and
 * files tell nothing. A product that gives groups alone is not compared.
 */
#ifndef WEFT_APP_DIFF_H
#define WEFT_APP_DIFF_H

#include "app/query_internal.h"
#include "base/map.h"
#include "catalog/product_entry.h"

struct weft_diff_column {
    const struct weft_column *before; /* NULL = it is new */
    const struct weft_column *after;  /* NULL = it is gone */
    bool key;
    int64_t changed; /* rows in which it differs */
};

struct weft_diff {
    struct weft_context *context;
    struct weft_out *out;
    const char *product; /* as SQL calls it: "shop.orders", "shop.orders__v1" */
    const struct weft_snapshot *before, *after;
    int64_t before_rows, after_rows;
    struct weft_diff_column *columns;
    size_t column_count;
    size_t key_count;       /* 0 = whole rows */
    const char *key_reason; /* why not by key; NULL */
    int64_t added, removed, changed, same;
    struct weft_map *shared; /* paths of files that both snapshots have: no row of theirs differs */
    /* Of a reader who is not the operator: what he gets of each; NULL = not asked. */
    const struct weft_relation *before_seen, *after_seen;
    bool guarded; /* some of it is kept from him */
};

/* Fills before, after, their rows, columns and key. DENIED for who may not read it. Words: an id, a
 * time, -1 (the one before the last), or "current"; NULL = -1 and current. */
int weft_diff_begin(struct weft_diff *diff, const char *product, const char *before,
                    const char *after, struct weft_error *error) WEFT_MUST_CHECK;
void weft_diff_end(struct weft_diff *diff);
/* The figures. */
int weft_diff_count(struct weft_diff *diff, struct weft_error *error) WEFT_MUST_CHECK;
/* The rows that differ, in the order of the key, at most `limit`. */
int weft_diff_rows(struct weft_diff *diff, int64_t limit, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- diff_count.c, for diff_rows.c: its SQL; sides are x and y, columns c0, c1 ... ---- */
bool weft_diff_compared(const struct weft_diff_column *column);
bool weft_diff_any_compared(const struct weft_diff *diff);
void weft_diff_put_differs(const struct weft_diff *diff, struct weft_buf *sql);
void weft_diff_put_join(const struct weft_diff *diff, struct weft_buf *sql);
/* Whole rows, with how often more (or less) they are there afterwards. */
void weft_diff_put_bags(const struct weft_diff *diff, struct weft_buf *sql);
int weft_diff_ask(struct weft_diff *diff, struct weft_query *query, struct weft_result **result,
                  struct weft_error *error) WEFT_MUST_CHECK;
/* Asks the gate for both snapshots, and counts their rows. */
int weft_diff_look(struct weft_diff *diff, struct weft_error *error) WEFT_MUST_CHECK;

#endif
