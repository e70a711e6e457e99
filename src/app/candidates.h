/*
 * candidates.h - what an argument of a command could be, for completion in a shell: quickly, and
 * without a word. What cannot be found out (no home, no access, a checkout with mistakes) is left
 * out; nothing is made or changed. Thread rule: one thread.
 */
#ifndef WEFT_APP_CANDIDATES_H
#define WEFT_APP_CANDIDATES_H

#include "context/request.h"

typedef void weft_candidate_fn(void *arg, const char *text);

struct weft_candidates {
    struct weft_context *context; /* --as and the key too: who.h */
    const struct weft_op *op;     /* that is completed; NULL = none */
    weft_candidate_fn *fn;
    void *arg;
};

void weft_candidates_environments(const struct weft_candidates *to);
void weft_candidates_settings(const struct weft_candidates *to);
/* Products of the home that may be known, and, for the operator, by the checkout's folders; older
 * majors as d.p@1. selection: also what a selection can say (tag:t, d.*, state:modified). */
void weft_candidates_products(const struct weft_candidates *to, bool selection);
/* Of what may be read whole: the newest runs, by the eight characters that `weft runs` shows. */
void weft_candidates_runs(const struct weft_candidates *to);
void weft_candidates_snapshots(const struct weft_candidates *to, const char *product);

#endif
