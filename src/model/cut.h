/*
 * cut.h - a contract as somebody outside of its team may know it: a document of its own, made from
 * a list of what may be told, so that a key which is new tomorrow is kept back until it is put
 * there.
 *
 * Kept back: ports, SQL, connections and where the table lies; whom `access` grants; examples; what
 * another standard's contract said besides. Hidden columns are not there, nor is a key, a check or
 * a promise that names one; of a column that is treated its rules are not told, since they speak of
 * values that he does not see. A table rule that names any table but `this` and `new` is left out.
 * Free texts (descriptions) are as they were written. Thread rule: that of the arena.
 */
#ifndef WEFT_MODEL_CUT_H
#define WEFT_MODEL_CUT_H

#include "model/product.h"

struct weft_cut_column {
    const char *name;
    bool hidden;
    bool treated;
    const struct weft_type *type; /* that he gets; with treated */
};

struct weft_cut {
    /* Of the table, those of other contracts of it too, whose names texts may hold; one of the
     * schema that is not here is hidden. */
    const struct weft_cut_column *columns;
    size_t column_count;
    bool figures; /* promises about numbers of rows: told only where no column is kept back */
    bool (*known)(void *arg, const char *product); /* may "domain.name" be named to him? */
    void *arg;
};

/* The cut contract, with its own document. Its schema is empty where no column is left. */
int weft_product_cut(struct weft_arena *arena, const struct weft_product *product,
                     const struct weft_cut *cut, const struct weft_product **out,
                     struct weft_error *error) WEFT_MUST_CHECK;

#endif
