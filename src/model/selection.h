/*
 * selection.h - which products a command means.
 *
 * A selection is a list of words: "d.p" and "d.p@1" (a product), "d.*" (a domain's), "*" (all),
 * "tag:covid", "state:modified", "state:new"; "+x" takes all that x reads too, through any number
 * of products, "x+" all that depends on x, "+x+" both. Words are added together; `exclude` takes
 * away afterwards.
 * Thread rule: values only.
 */
#ifndef WEFT_MODEL_SELECTION_H
#define WEFT_MODEL_SELECTION_H

#include "model/product.h"

/* One product as a selection sees it. reads: places in the same array. */
struct weft_selection_item {
    const char *full_name;
    int major;
    bool newest; /* "d.p" without a version means this major */
    struct weft_texts tags;
    bool modified; /* what the command's caller compares differs; a new one too */
    bool fresh;    /* there was none before */
    const size_t *reads;
    size_t read_count;
};

/* chosen[i] for each item. NOT_FOUND for a word that selects nothing, with the nearest name (but
 * that nothing is in a state is an answer); USAGE for one that is no selection. No words = all. */
int weft_selection_apply(const struct weft_selection_item *items, size_t count,
                         const char *const *words, size_t word_count, const char *const *exclude,
                         size_t exclude_count, bool *chosen, struct weft_error *error)
    WEFT_MUST_CHECK;

/* Order in which the items can run: order[k] = item; what is read comes first, else the order of
 * the array. WEFT_CONFLICT when there is a cycle: its members, first one again at the end, in
 * *cycle (heap). */
int weft_selection_order(const struct weft_selection_item *items, size_t count, size_t *order,
                         size_t **cycle, size_t *cycle_count, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
