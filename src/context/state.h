/*
 * state.h - what a home has registered, as one file (`weft state export`), and plans made against
 * that file where the home cannot be reached (`plan --against FILE`).
 *
 * JSON: {"format": 1, "weft", "mesh", "environment", "home": {"head": {"sequence", "time_us",
 * "hash"}, "catalog": [tables, as ledger/state.c], "lake": [{"table", "snapshots", "outline"}]} or
 * null (no home yet), "deferred": null or {"environment", "home": likewise}}. It holds contracts,
 * names, owners, lineage, policies, and the people and agreements that policies decide about; no
 * row, no count of rows, no path of the home, no key, no password. The same home gives the same
 * bytes. Nothing of it is trusted: who applies plans anew.
 *
 * Thread rule: that of the context.
 */
#ifndef WEFT_CONTEXT_STATE_H
#define WEFT_CONTEXT_STATE_H

#include "context/context.h"
#include "lake/table.h"

#define WEFT_STATE_FORMAT 1
#define WEFT_STATE_MAX ((size_t)1 << 30)

struct weft_state;

/* Of the home in use, and of the one that its environment defers to. */
int weft_state_print(struct weft_context *context, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* From now on plans of this context are made against the file. NOT_FOUND; INVALID or FORMAT for
 * what is no such file; CONFLICT for that of another environment. */
int weft_state_use(struct weft_context *context, const char *path, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The text as a file has it; path is for messages. For weft_state_use and the fuzz target. */
int weft_state_parse(const char *text, size_t length, const char *path, struct weft_state **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
void weft_state_free(struct weft_state *state); /* NULL is nothing */

/* NULL = there was no home yet. */
struct weft_ledger *weft_state_ledger(const struct weft_state *state);
/* Of the home that the environment defers to; NULL = it defers to none, or there was none yet. */
struct weft_ledger *weft_state_deferred(const struct weft_state *state);
/* How many snapshots a table has. */
int64_t weft_state_snapshots(const struct weft_state *state, const char *table);
/* A table for weft_table_evolve (weft_table_outline_read). WEFT_NOT_THERE. */
int weft_state_table(const struct weft_state *state, struct weft_arena *arena, const char *table,
                     struct weft_table **out, struct weft_error *error) WEFT_MUST_CHECK;

#endif
