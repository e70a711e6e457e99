/*
 * decide_restrict.c - what is taken away from who may read: policies, the product's own `access:`,
 * and what the one who approved an agreement added.
 */
#include "trust/trust_decide_internal.h"

#include "policy/condition.h"
#include "policy/treatment.h"

#include <stdio.h>
#include <string.h>

#define LACKS_MAX 8 /* attributes that are told of one condition */
#define TOLD_ROWS "rows are kept back"
#define TOLD_GROUPS "only groups of enough subjects come out"

static const struct weft_policy_except *excepted(const struct weft_deciding *d,
                                                 const struct weft_policy *policy)
{
    for (size_t i = 0; i < policy->except_count; i++) {
        const struct weft_policy_except *except = &policy->except[i];
        if (weft_principal_is(d->who, except->principal) &&
            (except->purpose == NULL || strcmp(except->purpose, d->request->purpose) == 0))
            return except;
    }
    return NULL;
}

/* A row condition while it is bound: which attributes were asked for and are not there. */
struct binding {
    struct weft_deciding *d;
    const char *lacks[LACKS_MAX];
    size_t lack_count;
};

static struct weft_texts attribute_of(void *arg, const char *name)
{
    struct binding *binding = arg;
    const struct weft_texts *values = weft_principal_attribute(binding->d->who, name);
    if (values != NULL && values->count > 0)
        return *values;
    bool told = binding->lack_count == LACKS_MAX;
    for (size_t i = 0; i < binding->lack_count; i++)
        told = told || strcmp(binding->lacks[i], name) == 0;
    if (!told)
        binding->lacks[binding->lack_count++] = name;
    return (struct weft_texts){0};
}

/* For who looks after access: no row is no answer to why there is none. */
static void lacks_tell(const struct binding *binding, const char *rule,
                       const struct weft_condition *bound)
{
    for (size_t i = 0; i < binding->lack_count; i++)
        weft_deciding_reason(binding->d, WEFT_REASON_LACKS, rule, "%s has no attribute `%s`: %s",
                             binding->d->who->id, binding->lacks[i],
                             bound->kind == WEFT_CONDITION_NONE
                                 ? "no row"
                                 : "what is compared with it is true of no row");
}

static int column_missing(void *arg, const char *column)
{
    const struct weft_deciding *d = arg;
    for (size_t i = 0; i < d->subject->column_count; i++) {
        if (strcmp(d->subject->columns[i].name, column) == 0)
            return 0;
    }
    return 1;
}

/* A column of the condition that the product does not have; NULL = all are there. */
struct missing {
    const struct weft_deciding *d;
    const char *column;
};

static int missing_find(void *arg, const char *column)
{
    struct missing *missing = arg;
    if (column_missing((void *)(uintptr_t)missing->d, column) == 0)
        return 0;
    missing->column = column;
    return 1;
}

static void broken(struct weft_deciding *d, const char *rule, const char *column)
{
    d->broken = true;
    weft_deciding_reason(
        d, WEFT_REASON_DENIES, rule,
        "it names the column `%.60s`, which the product does not have: it cannot be held, "
        "so nothing is read",
        column);
    weft_deciding_told(d, NULL, NULL,
                       "it names a column that the product does not have: it cannot be held, so "
                       "nothing is read");
}

static const struct weft_type *type_of(void *arg, const char *column)
{
    const struct weft_deciding *d = arg;
    for (size_t i = 0; i < d->subject->column_count; i++) {
        if (strcmp(d->subject->columns[i].name, column) == 0)
            return d->subject->columns[i].type;
    }
    return NULL;
}

/* Which column stands in the condition, for those who may see that. */
static bool mistyped(struct weft_deciding *d, const char *rule, const struct weft_condition *bound)
{
    if (weft_condition_mistyped(bound, type_of, d) == NULL)
        return false;
    d->broken = true;
    weft_deciding_reason(d, WEFT_REASON_DENIES, rule,
                         "its row condition compares a column with a value of another type: it "
                         "cannot be held, so nothing is read");
    return true;
}

static void rows_add(struct weft_deciding *d, const char *rule, const struct weft_condition *rows)
{
    struct missing missing = {.d = d};
    if (weft_condition_columns(rows, missing_find, &missing) != 0) {
        broken(d, rule, missing.column);
        return;
    }
    struct binding binding = {.d = d};
    const struct weft_condition *bound =
        weft_condition_bind(d->arena, rows, attribute_of, &binding);
    if (bound != NULL)
        lacks_tell(&binding, rule, bound);
    if (bound != NULL && mistyped(d, rule, bound))
        return;
    if (bound == NULL || weft_arena_reserve(d->arena, &d->rows, &d->row_capacity, d->row_count + 1,
                                            sizeof(*d->rows)) < 0) {
        d->nomem = true;
        return;
    }
    if (bound->kind != WEFT_CONDITION_ALL)
        d->rows[d->row_count++] = bound;
}

static void group_add(struct weft_deciding *d, const char *rule, const struct weft_min_group *group)
{
    if (group->size == 0)
        return;
    if (column_missing(d, group->by) != 0) {
        broken(d, rule, group->by);
        return;
    }
    for (size_t i = 0; i < d->group_count; i++) {
        if (strcmp(d->groups[i].by, group->by) == 0) {
            d->groups[i].size = WEFT_MAX(d->groups[i].size, group->size);
            return;
        }
    }
    if (weft_arena_reserve(d->arena, &d->groups, &d->group_capacity, d->group_count + 1,
                           sizeof *d->groups) < 0) {
        d->nomem = true;
        return;
    }
    d->groups[d->group_count++] = *group;
}

static struct weft_deciding_act *acting_add(struct weft_deciding *d, const char *rule,
                                            const struct weft_treatment *treat)
{
    if (weft_arena_reserve(d->arena, &d->acting, &d->acting_capacity, d->acting_count + 1,
                           sizeof *d->acting) < 0) {
        d->nomem = true;
        return NULL;
    }
    d->acting[d->acting_count] = (struct weft_deciding_act){.rule = rule, .treat = *treat};
    return &d->acting[d->acting_count++];
}

/* NULL for a column that is not there for him. */
static const char *kind_told(const struct weft_treatment *treat)
{
    bool there = treat->kind != WEFT_TREAT_NONE && treat->kind != WEFT_TREAT_HIDE;
    return there ? weft_treatment_kind(treat) : NULL;
}

static void restrict_says(struct weft_deciding *d, const struct weft_trust_policy *one,
                          size_t columns)
{
    const struct weft_policy *policy = one->policy;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)64 << 10);
    if (policy->treat.kind != WEFT_TREAT_NONE) {
        if (columns == 0)
            weft_buf_adds(&text, "all columns: ");
        else
            weft_buf_addf(&text, "%zu column%s: ", columns, columns == 1 ? "" : "s");
        weft_treatment_text(&policy->treat, &text);
    }
    if (policy->rows != NULL) {
        weft_buf_addf(&text, "%srows where ", text.length == 0 ? "" : "; ");
        weft_condition_print(policy->rows, &text);
    }
    if (policy->min_group.size > 0)
        weft_buf_addf(&text, "%sgroups of at least %" PRId64 " different %s only",
                      text.length == 0 ? "" : "; ", policy->min_group.size, policy->min_group.by);
    if (text.failed)
        d->nomem = true;
    else
        weft_deciding_reason(d, WEFT_REASON_RESTRICTS, one->rule, "%s", text.data);
}

static void restrict_policy(struct weft_deciding *d, const struct weft_trust_policy *one)
{
    const struct weft_policy *policy = one->policy;
    bool *columns = weft_arena_array(d->arena, d->subject->column_count + 1, sizeof *columns);
    if (columns == NULL) {
        d->nomem = true;
        return;
    }
    bool whole = weft_deciding_product(d, one);
    size_t some = whole ? 0 : weft_deciding_columns(d, one, columns);
    if (!whole && some == 0)
        return;
    /* Rows and groups are of the product, whatever the columns that it was written for. */
    const bool *about =
        whole || policy->rows != NULL || policy->min_group.size > 0 ? NULL : columns;
    const struct weft_policy_except *except = excepted(d, policy);
    if (except != NULL) {
        weft_deciding_reason(d, WEFT_REASON_EXCEPT, one->rule, "does not hold for %s%s%s",
                             except->principal, except->purpose == NULL ? "" : ", purpose ",
                             except->purpose == NULL ? "" : except->purpose);
        weft_deciding_about(d, about);
        return;
    }
    if (policy->treat.kind != WEFT_TREAT_NONE) {
        struct weft_deciding_act *acting = acting_add(d, one->rule, &policy->treat);
        if (acting != NULL) {
            acting->whole = whole;
            acting->columns = columns;
        }
    }
    restrict_says(d, one, whole ? 0 : some);
    weft_deciding_about(d, about);
    bool rows = policy->rows != NULL, groups = policy->min_group.size > 0;
    weft_deciding_told(d, kind_told(&policy->treat), whole ? NULL : columns,
                       rows && groups ? TOLD_ROWS "; " TOLD_GROUPS
                       : rows         ? TOLD_ROWS
                       : groups       ? TOLD_GROUPS
                                      : NULL);
    if (policy->rows != NULL)
        rows_add(d, one->rule, policy->rows);
    group_add(d, one->rule, &policy->min_group);
}

/* What the one who approved it added. */
static void restrict_agreement(struct weft_deciding *d)
{
    const struct weft_access_request *one = d->agreement;
    const struct weft_condition *rows = NULL;
    struct weft_error wrong = WEFT_ERROR_INIT;
    const char *rule = weft_arena_format(d->arena, "request %" PRId64, one->id);
    if (rule == NULL) {
        d->nomem = true;
        return;
    }
    for (size_t t = 0; t < one->treat_count; t++) {
        struct weft_deciding_act *acting = acting_add(d, rule, &one->treats[t].treatment);
        bool *columns = weft_arena_array(d->arena, d->subject->column_count + 1, sizeof *columns);
        if (acting == NULL || columns == NULL) {
            d->nomem = true;
            return;
        }
        acting->columns = columns;
        for (size_t c = 0; c < d->subject->column_count; c++)
            columns[c] = strcmp(d->subject->columns[c].name, one->treats[t].column) == 0 ||
                         (d->subject->columns[c].now != NULL &&
                          strcmp(d->subject->columns[c].now, one->treats[t].column) == 0);
        weft_deciding_reason(d, WEFT_REASON_RESTRICTS, rule, "%s: %s", one->treats[t].column,
                             one->treats[t].text);
        weft_deciding_about(d, columns);
        weft_deciding_told(d, kind_told(&one->treats[t].treatment), columns, NULL);
    }
    if (one->rows != NULL) {
        if (weft_condition_parse(d->arena, one->rows, &rows, &wrong) == 0) {
            weft_deciding_reason(d, WEFT_REASON_RESTRICTS, rule, "rows where %s", one->rows);
            weft_deciding_told(d, NULL, NULL, TOLD_ROWS);
            rows_add(d, rule, rows);
        } else if (wrong.code == WEFT_E_NOMEM)
            d->nomem = true;
        else {
            d->broken = true;
            weft_deciding_reason(d, WEFT_REASON_DENIES, rule,
                                 "its row condition is not understood");
        }
    }
    group_add(d, rule, &one->min_group);
}

static void restrict_access(struct weft_deciding *d)
{
    const struct weft_access *access = d->subject->access;
    if (access == NULL || access->min_group.size == 0)
        return;
    const char *rule = weft_arena_format(d->arena, "access %s", d->subject->full_name);
    if (rule == NULL) {
        d->nomem = true;
        return;
    }
    weft_deciding_reason(d, WEFT_REASON_RESTRICTS, rule,
                         "groups of at least %" PRId64 " different %s only", access->min_group.size,
                         access->min_group.by);
    weft_deciding_told(d, NULL, NULL, TOLD_GROUPS);
    group_add(d, rule, &access->min_group);
}

void weft_deciding_restrict(struct weft_deciding *d)
{
    for (size_t i = 0; i < d->trust->policy_count; i++) {
        if (d->candidates[i] && d->trust->policies[i].policy->kind == WEFT_POLICY_RESTRICT)
            restrict_policy(d, &d->trust->policies[i]);
    }
    restrict_access(d);
    if (d->agreement != NULL)
        restrict_agreement(d);
}

static bool is_unseen(const struct weft_deciding *d, const struct weft_selector *selector)
{
    if (selector->kind != WEFT_SELECT_COLUMN || strchr(selector->word, '*') != NULL ||
        strchr(selector->product, '*') != NULL)
        return false;
    struct weft_selector whole = *selector;
    whole.kind = WEFT_SELECT_PRODUCT;
    if (!weft_selector_product(&whole, &d->selected))
        return false;
    for (size_t c = 0; c < d->subject->column_count; c++) {
        const struct weft_trust_column *column = &d->subject->columns[c];
        if (weft_selector_column(selector, &d->selected, column->name, &column->classifications))
            return false;
    }
    return true;
}

const char *weft_deciding_unseen(const struct weft_deciding *d)
{
    for (size_t i = 0; i < d->trust->policy_count; i++) {
        const struct weft_trust_policy *one = &d->trust->policies[i];
        if (!d->candidates[i] || one->policy->kind != WEFT_POLICY_RESTRICT ||
            excepted(d, one->policy) != NULL)
            continue;
        for (size_t s = 0; s < one->selector_count; s++) {
            if (is_unseen(d, &one->selectors[s]))
                return one->rule;
        }
    }
    return NULL;
}
