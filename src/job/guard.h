/*
 * guard.h - what a run does not see of a product of another domain, as the asker's decision
 * (trust/decide.h) has it: a JSON text that crosses the pipe to the worker, which asks nobody.
 *
 *   {"digest": D, "columns": [{"name": N, "treat": K, "text": T, "number": X}, ...],
 *    "rows": condition, "min_groups": [{"size": S, "by": N}, ...]}
 * condition: {"is": K, "op": K, "column": N, "operands": [{"is": K, "text": T}], "parts":
 * [condition], "product": P, "member": N}; K are the numbers of policy/policy.h. Every column that
 * the run may meet is there: one that is not is refused.
 * Thread rule: none; everything lies in the arena.
 */
#ifndef WEFT_JOB_GUARD_H
#define WEFT_JOB_GUARD_H

#include "resolver/resolver.h"

struct weft_job_guard_column {
    const char *name;
    struct weft_treatment treat;
};

struct weft_job_guard {
    const char *digest; /* of the decision: part of the run key */
    const struct weft_job_guard_column *columns;
    size_t column_count;
    const struct weft_condition *rows;       /* NULL = all */
    const struct weft_min_group *min_groups; /* each acts */
    size_t min_group_count;
};

int weft_job_guard_print(const struct weft_job_guard *guard, struct weft_arena *arena,
                         const char **out, struct weft_error *error) WEFT_MUST_CHECK;
/* CORRUPT for a text that print did not make. */
int weft_job_guard_parse(struct weft_arena *arena, const char *text, struct weft_job_guard *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* Onto a relation whose columns are known. DENIED when one is not spoken of. */
int weft_job_guard_apply(const struct weft_job_guard *guard, struct weft_arena *arena,
                         struct weft_relation *relation, struct weft_error *error) WEFT_MUST_CHECK;
/* Calls fn for each product that the rows are looked up in. */
int weft_job_guard_members(const struct weft_condition *rows,
                           int (*fn)(void *arg, const char *product, struct weft_error *error),
                           void *arg, struct weft_error *error) WEFT_MUST_CHECK;

#endif
