/*
 * sight.c - what the runs of a domain may see of a product of another one, when the plan is
 * applied: decided once for a plan, and asked by needs.c, by bind.c and for people.
 */
#include "plan/plan_internal.h"

#include "catalog/inherited.h"
#include "catalog/subject.h"
#include "plan/bind.h"

#include <stdio.h>
#include <string.h>

/* ---- deciding ---- */

static int columns_make(struct weft_plan_maker *maker, size_t item,
                        struct weft_subject_column **out, size_t *count, struct weft_error *error)
{
    const struct weft_relation_column *columns = NULL;
    *count = 0;
    *out = NULL;
    int rc = weft_bind_columns(maker->book, item, &columns, count, error);
    if (rc != 0)
        return rc;
    *out = weft_arena_array(maker->arena, *count + 1, sizeof **out);
    if (*out == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct weft_subject_column){columns[i].name, columns[i].type, NULL};
    return 0;
}

/* As it will be when this plan is applied. WEFT_NOT_THERE: then there is none of it. */
static int subject_make(struct weft_plan_maker *maker, struct weft_ledger_txn *txn, size_t item,
                        struct weft_trust_subject *out, struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[item];
    const struct weft_registered *registered = NULL;
    struct weft_registered planned = {.full_name = of->full_name, .major = of->major};
    struct weft_subject_column *columns;
    size_t count;
    if (of->digest != NULL)
        WEFT_TRY(weft_book_registered(maker->book, item, &registered, error));
    if (registered != NULL)
        planned = *registered;
    bool files = of->product != NULL && maker->chosen[item];
    if (files)
        planned.pending = of->product;
    if (planned.pending == NULL && planned.in_force == NULL)
        return WEFT_NOT_THERE;
    int rc = columns_make(maker, item, &columns, &count, error);
    WEFT_TRY(rc);
    int64_t sequence = txn == maker->txn ? maker->plan.sequence : 0;
    WEFT_TRY(weft_catalog_subject(maker->arena, txn, &planned,
                                  rc == WEFT_NOT_THERE ? NULL : columns, count, sequence, out,
                                  error));
    if (!files || of->lineage == NULL || txn == NULL)
        return 0;
    /* As its new SQL has it. */
    return weft_catalog_inherit(maker->txn, maker->arena, of->lineage, maker->plan.sequence,
                                (struct weft_trust_column *)(uintptr_t)out->columns,
                                out->column_count, error);
}

static const struct weft_decision nothing = {.verdict = WEFT_VERDICT_YES, .raw = true};

/* Does a run read it in the home that is deferred to? Then what holds there counts. */
static bool is_elsewhere(const struct weft_plan_maker *maker, size_t item)
{
    const struct weft_book_item *of = &maker->book->items[item];
    return of->deferred && (of->product == NULL || !maker->chosen[item]);
}

/* *out NULL: all is read there. */
static int elsewhere_trust(struct weft_plan_maker *maker, struct weft_trust **out,
                           struct weft_error *error)
{
    bool confirmed;
    *out = NULL;
    WEFT_TRY(weft_dependencies_are_confirmed(maker->book->deferred_txn, 0, &confirmed, error));
    if (confirmed && maker->elsewhere == NULL)
        WEFT_TRY(weft_trust_load(maker->book->deferred_txn, 0, &maker->elsewhere, error));
    *out = maker->elsewhere;
    return 0;
}

static int sight_make(struct weft_plan_maker *maker, const char *reader, size_t item,
                      struct weft_plan_sight *out, struct weft_error *error)
{
    struct weft_request request = {.time_us = maker->context->request.time_us, .purpose = "run"};
    struct weft_trust *trust;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 20);
    bool elsewhere = is_elsewhere(maker, item);
    struct weft_ledger_txn *txn = elsewhere ? maker->book->deferred_txn : maker->txn;
    WEFT_TRY(elsewhere ? elsewhere_trust(maker, &trust, error)
                       : weft_plan_trust_after(maker, &trust, error));
    if (trust == NULL) {
        out->decision = nothing;
        return 0;
    }
    snprintf(request.principal, sizeof request.principal, "domain:%.*s", (int)strcspn(reader, "."),
             reader);
    WEFT_TRY(weft_trust_know(trust, txn, request.principal, error));
    int rc = subject_make(maker, txn, item, &out->subject, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) { /* not chosen, and not there: that is told elsewhere */
        out->decision = nothing;
        return 0;
    }
    WEFT_TRY(
        weft_trust_decide(trust, &request, &out->subject, maker->arena, &out->decision, error));
    if (out->decision.verdict != WEFT_VERDICT_YES || out->decision.raw)
        return 0;
    weft_plan_what_print(&out->subject, &nothing, &out->subject, &out->decision, false, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    if (text.length > 0)
        out->kept = weft_arena_strndup(maker->arena, text.data, text.length);
    return text.length > 0 && out->kept == NULL ? weft_error_nomem(error) : 0;
}

bool weft_plan_same_domain(const char *a, const char *b)
{
    size_t length = strcspn(a, ".") + 1;
    return strncmp(a, b, length) == 0;
}

int weft_plan_sight(struct weft_plan_maker *maker, const char *reader, size_t item,
                    const struct weft_plan_sight **out, struct weft_error *error)
{
    char key[200];
    snprintf(key, sizeof key, "%.*s %zu", (int)strcspn(reader, "."), reader, item);
    if (maker->sights == NULL)
        maker->sights = weft_map_new();
    if (maker->sights == NULL)
        return weft_error_nomem(error);
    struct weft_plan_sight *made = weft_map_get(maker->sights, key);
    if (made == NULL) {
        made = weft_arena_alloc(maker->arena, sizeof *made);
        if (made == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(sight_make(maker, reader, item, made, error));
        if (weft_map_put(maker->sights, key, made) < 0)
            return weft_error_nomem(error);
    }
    *out = made;
    return 0;
}

/* ---- for binding ---- */

/* The columns of what rows are looked up in must be known: else the run tells. */
static bool members_known(struct weft_plan_maker *maker, const struct weft_condition *rows)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    const struct weft_relation_column *columns;
    size_t item, count;
    if (rows == NULL)
        return true;
    if (rows->kind == WEFT_CONDITION_MEMBER &&
        (weft_book_newest(maker->book, rows->product, &item, &ignored) != 0 ||
         item == WEFT_BOOK_NONE ||
         weft_bind_columns(maker->book, item, &columns, &count, &ignored) != 0))
        return false;
    for (size_t i = 0; i < rows->part_count; i++) {
        if (!members_known(maker, rows->parts[i]))
            return false;
    }
    return true;
}

static const struct weft_treatment *treatment_of(const struct weft_plan_sight *sight,
                                                 const char *column)
{
    for (size_t i = 0; i < sight->decision.treatment_count; i++) {
        if (strcmp(sight->subject.columns[i].name, column) == 0)
            return &sight->decision.treatments[i];
    }
    return NULL;
}

int weft_plan_sight_put(void *arg, const char *reader, size_t item, struct weft_relation *relation,
                        const char **rules, struct weft_error *error)
{
    struct weft_plan_maker *maker = arg;
    const struct weft_plan_sight *sight;
    *rules = NULL;
    if (weft_plan_same_domain(reader, maker->book->items[item].full_name))
        return 0;
    WEFT_TRY(weft_plan_sight(maker, reader, item, &sight, error));
    if (sight->decision.verdict != WEFT_VERDICT_YES || sight->decision.raw)
        return 0; /* needs.c refuses what nothing grants */
    struct weft_relation_column *columns =
        weft_arena_array(maker->arena, relation->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_treatment *treat = treatment_of(sight, relation->columns[i].name);
        columns[i] = relation->columns[i];
        if (treat != NULL && treat->kind != WEFT_TREAT_NONE)
            columns[i].treat = treat;
    }
    relation->columns = columns;
    relation->rows = members_known(maker, sight->decision.rows) ? sight->decision.rows : NULL;
    relation->min_groups = sight->decision.min_groups;
    relation->min_group_count = sight->decision.min_group_count;
    *rules = sight->decision.reason;
    return 0;
}
