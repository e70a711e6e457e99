/*
 * preview.h - what a product would publish, for operations that show it: preview, dev.
 */
#ifndef WEFT_APP_PREVIEW_H
#define WEFT_APP_PREVIEW_H

#include "flow/run.h"
#include "plan/book.h"

/* Figures, broken rules and the first rows of an item with a file that a run can make; programs get
 * the figures as one object. The book's pins are made; the home is made when it is not there. -1
 * also where a run would fail or be blocked: it was told as far as it went. */
int weft_preview_show(struct weft_book *book, size_t item, const struct weft_run_options *options,
                      int64_t limit, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
