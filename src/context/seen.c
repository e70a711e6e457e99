/*
 * seen.c - see seen.h. The decision is asked for all columns that any contract of the product has,
 * since its texts may name each of them.
 */
#include "context/seen.h"

#include "catalog/columns.h"
#include "context/sight.h"
#include "model/cut.h"
#include "resolver/treat.h"

#include <string.h>

struct seeing {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    const struct weft_registered *product;
    const struct weft_catalog_column *detected;
    size_t detected_count;
    struct weft_subject_column *columns; /* of all contracts, each once */
    size_t count;
    struct weft_decision decision;
    struct weft_error *error;
};

static void column_add(struct seeing *s, const char *name, const struct weft_type *type)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->columns[i].name, name) == 0)
            return;
    }
    s->columns[s->count++] = (struct weft_subject_column){.name = name, .type = type};
}

static int columns_gather(struct seeing *s)
{
    const struct weft_product *const contracts[] = {s->product->in_force, s->product->pending};
    struct weft_arena *arena = s->context->arena;
    size_t room = 1;
    int rc = weft_catalog_columns(s->txn, arena, s->product->full_name, s->product->major,
                                  &s->detected, &s->detected_count, s->error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        s->detected_count = 0;
    for (size_t i = 0; i < WEFT_COUNT(contracts); i++)
        room += contracts[i] == NULL ? 0 : contracts[i]->schema.count;
    s->columns = weft_arena_array(arena, room + s->detected_count, sizeof *s->columns);
    if (s->columns == NULL)
        return weft_error_nomem(s->error);
    for (size_t i = 0; i < WEFT_COUNT(contracts); i++) {
        for (size_t f = 0; contracts[i] != NULL && f < contracts[i]->schema.count; f++)
            column_add(s, contracts[i]->schema.items[f].name, contracts[i]->schema.items[f].type);
    }
    for (size_t i = 0; i < s->detected_count; i++)
        column_add(s, s->detected[i].name, s->detected[i].type);
    return 0;
}

static int decide(struct seeing *s)
{
    WEFT_TRY(columns_gather(s));
    return weft_gate_product(s->context, s->txn, s->context->arena, s->product,
                             WEFT_SUBJECT_PRODUCT, s->columns, s->count, 0, &s->decision, s->error);
}

/* NULL = the value itself. */
static const struct weft_treatment *treatment_at(const struct seeing *s, size_t i)
{
    const struct weft_treatment *known = s->decision.known;
    return known == NULL || known[i].kind == WEFT_TREAT_NONE ? NULL : &known[i];
}

static size_t column_find(const struct seeing *s, const char *name)
{
    size_t i = 0;
    while (i < s->count && strcmp(s->columns[i].name, name) != 0)
        i++;
    assert(i < s->count);
    return i;
}

static void seen_add(const struct seeing *s, struct weft_seen *out,
                     struct weft_seen_column *columns, const char *name,
                     const struct weft_type *type)
{
    const struct weft_treatment *treat = treatment_at(s, column_find(s, name));
    if (treat != NULL && treat->kind == WEFT_TREAT_HIDE)
        return;
    columns[out->column_count++] =
        (struct weft_seen_column){name, weft_treatment_type(type, treat), treat};
}

/* Those of the contract; where it has none, those that the table was found to have. */
static int seen_columns(const struct seeing *s, const struct weft_product *contract,
                        struct weft_seen *out)
{
    struct weft_seen_column *columns =
        weft_arena_array(s->context->arena, s->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(s->error);
    for (size_t i = 0; i < contract->schema.count; i++)
        seen_add(s, out, columns, contract->schema.items[i].name, contract->schema.items[i].type);
    for (size_t i = 0; contract->schema.count == 0 && i < s->detected_count; i++)
        seen_add(s, out, columns, s->detected[i].name, s->detected[i].type);
    out->columns = columns;
    return 0;
}

static bool product_known(void *arg, const char *product)
{
    return weft_sight_named(arg, product) != NULL;
}

static int contract_cut(const struct seeing *s, const struct weft_sight *sight, bool whole,
                        struct weft_seen *out)
{
    struct weft_cut_column *columns =
        weft_arena_array(s->context->arena, s->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(s->error);
    for (size_t i = 0; i < s->count; i++) {
        const struct weft_treatment *treat = treatment_at(s, i);
        columns[i] =
            (struct weft_cut_column){.name = s->columns[i].name,
                                     .hidden = treat != NULL && treat->kind == WEFT_TREAT_HIDE,
                                     .treated = treat != NULL,
                                     .type = weft_treatment_type(s->columns[i].type, treat)};
    }
    const struct weft_cut cut = {columns, s->count, whole, product_known, (void *)(uintptr_t)sight};
    return weft_product_cut(s->context->arena, out->contract, &cut, &out->contract, s->error);
}

static const struct weft_product *contract_of(const struct weft_registered *product)
{
    return product->in_force != NULL ? product->in_force : product->pending;
}

int weft_seen_table(struct weft_context *context, struct weft_ledger_txn *txn,
                    const struct weft_registered *product, struct weft_seen *out,
                    struct weft_error *error)
{
    struct seeing s = {.context = context, .txn = txn, .product = product, .error = error};
    struct weft_seen made = {.how = WEFT_SEEN_ALL, .product = product};
    WEFT_TRY(decide(&s));
    made.decision = s.decision;
    WEFT_TRY(seen_columns(&s, contract_of(product), &made));
    if (!weft_request_is_local(&context->request))
        made.how = s.decision.verdict != WEFT_VERDICT_YES ? WEFT_SEEN_FOUND
                   : s.decision.raw                       ? WEFT_SEEN_WHOLE
                                                          : WEFT_SEEN_READ;
    *out = made;
    return 0;
}

int weft_seen_product(struct weft_context *context, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, struct weft_seen *out,
                      struct weft_error *error)
{
    struct seeing s = {.context = context, .txn = txn, .product = product, .error = error};
    const struct weft_product *contract = contract_of(product);
    const struct weft_sight *sight;
    struct weft_seen made = {.how = WEFT_SEEN_ALL, .product = product, .contract = contract};
    WEFT_TRY(weft_sight_get(context, txn, 0, &sight, error));
    WEFT_TRY(decide(&s));
    made.decision = s.decision;
    WEFT_TRY(seen_columns(&s, contract, &made));
    if (sight != NULL) {
        const struct weft_sight_item *item =
            weft_sight_major(sight, product->full_name, product->major);
        bool read = s.decision.verdict == WEFT_VERDICT_YES, whole = read && s.decision.raw;
        bool team = whole && item != NULL && item->team && item->open &&
                    !weft_sight_tells(sight, contract->document);
        made.how = team    ? WEFT_SEEN_TEAM
                   : whole ? WEFT_SEEN_WHOLE
                   : read  ? WEFT_SEEN_READ
                           : WEFT_SEEN_FOUND;
        if (!team)
            WEFT_TRY(contract_cut(&s, sight, whole, &made));
    }
    *out = made;
    return 0;
}

int weft_seen_columns(struct weft_context *context, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, struct weft_texts *out,
                      struct weft_error *error)
{
    struct seeing s = {.context = context, .txn = txn, .product = product, .error = error};
    size_t count = 0;
    WEFT_TRY(decide(&s));
    const char **names = weft_arena_array(context->arena, s.count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < s.count; i++) {
        const struct weft_treatment *treat = treatment_at(&s, i);
        if (treat == NULL || treat->kind != WEFT_TREAT_HIDE)
            names[count++] = s.columns[i].name;
    }
    *out = (struct weft_texts){names, count};
    return 0;
}
