/*
 * shape.h - what values of JSON have in common, and the type that takes them all. All of it lives
 * in the arena. Thread rule: one thread at a time for a shape.
 */
#ifndef WEFT_VALUE_SHAPE_H
#define WEFT_VALUE_SHAPE_H

#include "base/mem.h"
#include "codec/json_record.h"
#include "model/product.h"

struct weft_shape;

/* NULL = memory is out. */
struct weft_shape *weft_shape_new(struct weft_arena *arena) WEFT_MUST_CHECK;
/* csv: which words are null, and how dates are written; within nested values they are ISO 8601 in
 * every case. -1 = memory is out. */
int weft_shape_add(struct weft_arena *arena, struct weft_shape *shape,
                   const struct weft_csv_options *csv, const struct weft_json_slice *value)
    WEFT_MUST_CHECK;
/* NULL = memory is out. */
const struct weft_type *weft_shape_type(struct weft_arena *arena, const struct weft_shape *shape)
    WEFT_MUST_CHECK;

#endif
