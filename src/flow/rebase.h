/*
 * rebase.h - after a home was moved: Iceberg's files name absolute paths, so they are written anew
 * and the pointers moved to them. weft itself opens files relative to the home and needs none of
 * it.
 */
#ifndef WEFT_FLOW_REBASE_H
#define WEFT_FLOW_REBASE_H

#include "base/mem.h"
#include "ledger/ledger.h"

/* *count = tables that were rewritten; 0 when the home lies where its files say. BUSY while a
 * product is being run. Each table moves in a transaction of its own, so it can be stopped and
 * done again. */
int weft_run_rebase(struct weft_ledger *ledger, struct weft_arena *arena, const char *actor,
                    int64_t *count, struct weft_error *error) WEFT_MUST_CHECK;

#endif
