/*
 * example.h - a test of a product file (`tests:`) as a job's example (job/job.h), and what came of
 * it beside what was expected.
 *
 * Names of ports, products and columns, and the values of typed columns, are checked here, where
 * the mistakes have places in files. Thread rule: one thread.
 */
#ifndef WEFT_APP_EXAMPLE_H
#define WEFT_APP_EXAMPLE_H

#include "plan/book.h"

/* The example of a test of an item with a file; pins and binding must be made (pins.h, bind.h).
 * Mistakes go to diag, and then the example is not to be run. */
int weft_example_make(struct weft_book *book, size_t item, const struct weft_test *test,
                      struct weft_buf *out, struct weft_diag *diag, struct weft_error *error)
    WEFT_MUST_CHECK;

/* All tests of the items with wanted[i], as far as they can be looked at without a run. */
int weft_example_check(struct weft_book *book, const bool *wanted, struct weft_diag *diag,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* ---- what differs ---- */

struct weft_example_column {
    const char *name;
    bool compared; /* some expected row names it */
    bool key;
    bool differs; /* in one of the rows */
};

/* expected NULL: a row too many; got NULL: one that is missing; both: one that changed, the key is
 * the same. Cells are JSON values. */
struct weft_example_row {
    const char *const *expected;
    const char *const *got;
};

struct weft_example_diff {
    const struct weft_example_column *columns;
    size_t column_count;
    const struct weft_example_row *rows; /* only those that differ */
    size_t count;
    size_t expected, got; /* rows */
    bool disordered;      /* the same rows, and `ordered: true` wants another order */
};

/* example: of the outcome. In the arena. */
int weft_example_compare(struct weft_arena *arena, const struct weft_product *product,
                         const struct weft_test *test, const char *example,
                         struct weft_example_diff *out, struct weft_error *error) WEFT_MUST_CHECK;
/* As a small table: lines of text that begin with `indent`, without colours. */
void weft_example_print(const struct weft_example_diff *diff, const char *indent,
                        struct weft_buf *out);
/* "missing": [{...}], "unexpected": [{...}], "changed": [{"expected": {...}, "got": {...}}]:
 * members of an object that is begun. */
void weft_example_json(const struct weft_example_diff *diff, struct weft_json_writer *json);

#endif
