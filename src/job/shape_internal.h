/*
 * shape_internal.h - what values of JSON have in common, and the type that takes them all
 * (detect_json.c).
 */
#ifndef WEFT_JOB_SHAPE_INTERNAL_H
#define WEFT_JOB_SHAPE_INTERNAL_H

#include "base/mem.h"
#include "codec/json_record.h"
#include "model/type.h"

struct shape;

/* NULL = memory is out. */
struct shape *job_shape_new(struct weft_arena *arena) WEFT_MUST_CHECK;
/* -1 = memory is out. */
int job_shape_add(struct weft_arena *arena, struct shape *shape,
                  const struct weft_json_slice *value) WEFT_MUST_CHECK;
const struct weft_type *job_shape_type(struct weft_arena *arena, const struct shape *shape)
    WEFT_MUST_CHECK;

#endif
