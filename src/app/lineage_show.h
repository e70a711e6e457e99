/*
 * lineage_show.h - a way of columns as people and programs read it.
 */
#ifndef WEFT_APP_LINEAGE_SHOW_H
#define WEFT_APP_LINEAGE_SHOW_H

#include "context/context.h"
#include "lineage/walk.h"

struct weft_lineage_view {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    int64_t sequence;
    bool down;
    bool cut; /* to what somebody may know: what is not there is not told apart from what is not */
    const struct weft_lineage_graph *graph;
    const char **names;  /* of each node, for people */
    const char **owners; /* of its product; NULL = none */
};

/* Fills names and owners. */
int weft_lineage_view_make(struct weft_lineage_view *view, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_lineage_tree(const struct weft_lineage_view *view, struct weft_out *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
int weft_lineage_json(const struct weft_lineage_view *view, struct weft_out *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
void weft_lineage_dot(const struct weft_lineage_view *view, struct weft_buf *out);
void weft_lineage_mermaid(const struct weft_lineage_view *view, struct weft_buf *out);

#endif
