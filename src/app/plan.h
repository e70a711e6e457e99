/*
 * plan.h - what `apply` would do: the checkout's files against what the home has registered.
 *
 * Everything lives in the given arena. Nothing is changed.
 */
#ifndef WEFT_APP_PLAN_H
#define WEFT_APP_PLAN_H

#include "app/context.h"

enum weft_plan_action { WEFT_PLAN_ADD, WEFT_PLAN_CHANGE, WEFT_PLAN_RETIRE, WEFT_PLAN_KEEP };

struct weft_plan_item {
    enum weft_plan_action action;
    const char *full_name;
    int major;
    const struct weft_product *product; /* NULL for RETIRE */
    const char *version_before;         /* NULL for ADD */
    struct weft_changes changes;        /* CHANGE */
    const char *refused;                /* NULL; why apply would refuse it */
    const char *refused_hint;           /* NULL */
    enum weft_code refused_code;
    const char *refused_file; /* where that is written; NULL = nowhere */
    struct weft_place refused_place;
    const char *gone;    /* RETIRE: why */
    const char *warning; /* NULL; what does not act yet */
    const char *note;    /* NULL; where the table will lie */
};

struct weft_plan {
    const struct weft_plan_item *items; /* KEEP left out; by name */
    size_t count;
    size_t kept;
    size_t added, changed, retired, refused;
    int64_t sequence; /* of the ledger it was made against; 0 = no home yet */
};

const char *weft_plan_action_name(enum weft_plan_action action);
int weft_plan_make(struct weft_context *context, const struct weft_mesh *mesh,
                   struct weft_arena *arena, struct weft_plan *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* As people read it, and as a table for programs. */
int weft_plan_show(const struct weft_plan *plan, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
