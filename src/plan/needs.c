/*
 * needs.c - may what is planned read what it reads? A run reads in the name of its product's
 * domain, and of other domains only what is granted to it: without a grant the product is refused,
 * with the policy that it lacks.
 *
 * As long as a mesh has no policy at all, its domains read one another. With the first grant,
 * restriction or `access:` the default is no; the dependencies that are there by then and that
 * nobody granted are listed once, and confirmed by the apply (trust/dependencies.h).
 */
#include "plan/plan_internal.h"

#include "catalog/subject.h"

#include <stdio.h>
#include <string.h>

struct needs {
    struct weft_plan_maker *maker;
    struct weft_trust *after; /* the maker's */
    struct weft_dependency *existing;
    size_t count, capacity;
};

static bool same_domain(const char *a, const char *b)
{
    size_t length = strcspn(a, ".") + 1;
    return strncmp(a, b, length) == 0;
}

/* As it will be when this plan is applied. */
static int subject_make(struct needs *needs, size_t item, struct weft_trust_subject *out,
                        struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    const struct weft_book_item *of = &maker->book->items[item];
    const struct weft_registered *registered = NULL;
    struct weft_registered planned = {.full_name = of->full_name, .major = of->major};
    if (of->digest != NULL)
        WEFT_TRY(weft_book_registered(maker->book, item, &registered, error));
    if (registered != NULL)
        planned = *registered;
    if (of->product != NULL && maker->chosen[item])
        planned.pending = of->product;
    return weft_catalog_subject(maker->arena, maker->txn, &planned, NULL, 0, maker->plan.sequence,
                                out, error);
}

static int may_read(struct needs *needs, const char *reader, size_t item, bool *may,
                    struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    struct weft_request request = {.time_us = maker->context->request.time_us, .purpose = "run"};
    struct weft_trust_subject subject;
    struct weft_decision decision;
    WEFT_TRY(weft_plan_trust_after(needs->maker, &needs->after, error));
    snprintf(request.principal, sizeof request.principal, "domain:%.*s", (int)strcspn(reader, "."),
             reader);
    WEFT_TRY(weft_trust_know(needs->after, maker->txn, request.principal, error));
    WEFT_TRY(subject_make(needs, item, &subject, error));
    WEFT_TRY(weft_trust_decide(needs->after, &request, &subject, maker->arena, &decision, error));
    *may = decision.verdict == WEFT_VERDICT_YES;
    return 0;
}

/* ---- what is refused ---- */

/* One document that can be pasted into policies/. */
static int grant_print(const struct weft_plan_maker *maker, const char *reader,
                       const struct weft_buf *products, const char *first, const char **out,
                       struct weft_error *error)
{
    int length = (int)strcspn(reader, ".");
    *out = weft_arena_format(
        maker->arena,
        "grant it in policies/: {kind: grant, name: %.*s_reads_%s, to: [domain:%.*s], read: [%s]}",
        length, reader, strchr(first, '.') + 1, length, reader, products->data);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int item_refuse(struct needs *needs, struct weft_plan_item *item,
                       const struct weft_book_read *first, const struct weft_buf *products,
                       struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    item->refused_code = WEFT_E_DENIED;
    item->refused =
        weft_arena_format(maker->arena, "no grant lets the domain %.*s read %s",
                          (int)strcspn(item->full_name, "."), item->full_name, products->data);
    if (item->refused == NULL)
        return weft_error_nomem(error);
    item->refused_file = first->file != NULL ? first->file : item->product->file;
    item->refused_place = first->file != NULL ? first->place : item->product->place;
    maker->plan.refused++;
    return grant_print(maker, item->full_name, products, first->full_name, &item->refused_hint,
                       error);
}

static bool is_existing(const struct needs *needs, const char *reader, const char *product)
{
    for (size_t i = 0; i < needs->count; i++) {
        size_t length = strlen(needs->existing[i].domain);
        if (strcmp(needs->existing[i].product, product) == 0 &&
            strncmp(needs->existing[i].domain, reader, length) == 0 && reader[length] == '.')
            return true;
    }
    return false;
}

/* The products that an item may not read, each once; *first the first place. */
static int item_lacks(struct needs *needs, size_t at, struct weft_buf *products,
                      const struct weft_book_read **first, struct weft_error *error)
{
    const struct weft_book_item *of = &needs->maker->book->items[at];
    *first = NULL;
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_book_read *read = &of->reads[i];
        bool may = false, told = false;
        for (size_t k = 0; k < i; k++)
            told = told || strcmp(of->reads[k].full_name, read->full_name) == 0;
        if (told || read->item == WEFT_BOOK_NONE || same_domain(of->full_name, read->full_name) ||
            is_existing(needs, of->full_name, read->full_name))
            continue;
        WEFT_TRY(may_read(needs, of->full_name, read->item, &may, error));
        if (may)
            continue;
        weft_buf_addf(products, "%s%s", *first == NULL ? "" : ", ", read->full_name);
        *first = *first == NULL ? read : *first;
    }
    return weft_buf_check(products, error);
}

static int planned_check(struct needs *needs, struct weft_plan_item *item, struct weft_error *error)
{
    const struct weft_book_read *first;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products;
    weft_buf_init(&products, 1 << 16);
    WEFT_TRY(item_lacks(needs, item->item, &products, &first, error));
    return first == NULL ? 0 : item_refuse(needs, item, first, &products, error);
}

/* What stays as it is, but lost its grant by this plan: its next run would be refused. */
static int kept_check(struct needs *needs, size_t at, struct weft_diag *diag,
                      struct weft_error *error)
{
    const struct weft_book_read *first;
    const struct weft_book_item *of = &needs->maker->book->items[at];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products;
    weft_buf_init(&products, 1 << 16);
    WEFT_TRY(item_lacks(needs, at, &products, &first, error));
    if (first != NULL)
        weft_diag_add(diag, WEFT_SEVERITY_WARNING, WEFT_E_DENIED, "", 0, 0,
                      "grant it in policies/, or take it out of the product",
                      "%s reads %s, and no grant lets the domain %.*s: its runs are refused",
                      weft_book_name(needs->maker->book, at), products.data,
                      (int)strcspn(of->full_name, "."), of->full_name);
    return 0;
}

/* ---- a home from before ---- */

static int existing_add(struct needs *needs, const char *reader, const char *product,
                        struct weft_error *error)
{
    struct weft_arena *arena = needs->maker->arena;
    if (is_existing(needs, reader, product))
        return 0;
    if (weft_arena_reserve(arena, &needs->existing, &needs->capacity, needs->count + 1,
                           sizeof *needs->existing) < 0)
        return weft_error_nomem(error);
    struct weft_dependency *made = &needs->existing[needs->count];
    made->domain = weft_arena_strndup(arena, reader, strcspn(reader, "."));
    made->product = weft_arena_strdup(arena, product);
    if (made->domain == NULL || made->product == NULL)
        return weft_error_nomem(error);
    needs->count++;
    return 0;
}

static int existing_find(struct needs *needs, struct weft_error *error)
{
    struct weft_book *book = needs->maker->book;
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_book_item *of = &book->items[i];
        const struct weft_registered *registered = NULL;
        if (of->digest == NULL || of->deferred || of->digest->retired)
            continue;
        WEFT_TRY(weft_book_registered(book, i, &registered, error));
        for (size_t r = 0; registered != NULL && r < registered->reads.count; r++) {
            const struct weft_registered_read *read = &registered->reads.items[r];
            size_t item = weft_book_find(book, read->full_name, read->major);
            bool may = false;
            if (item == WEFT_BOOK_NONE || same_domain(of->full_name, read->full_name))
                continue;
            WEFT_TRY(may_read(needs, of->full_name, item, &may, error));
            if (!may)
                WEFT_TRY(existing_add(needs, of->full_name, read->full_name, error));
        }
    }
    return 0;
}

/* Does anything say who may read what? */
static int is_governed(struct needs *needs, bool *out, struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    WEFT_TRY(weft_plan_trust_after(needs->maker, &needs->after, error));
    *out = weft_trust_policy_count(needs->after) > 0;
    for (size_t i = 0; i < maker->book->count && !*out; i++) {
        const struct weft_product *product = maker->book->items[i].product;
        *out = product != NULL && product->access != NULL;
    }
    return 0;
}

static int needs_find(struct needs *needs, struct weft_diag *diag, struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    bool confirmed = false, governed = true;
    if (maker->txn != NULL)
        WEFT_TRY(weft_dependencies_are_confirmed(maker->txn, 0, &confirmed, error));
    if (!confirmed)
        WEFT_TRY(is_governed(needs, &governed, error));
    if (!governed)
        return 0;
    maker->plan.confirms = !confirmed;
    if (!confirmed && maker->txn != NULL)
        WEFT_TRY(existing_find(needs, error));
    maker->plan.dependencies = needs->existing;
    maker->plan.dependency_count = needs->count;
    for (size_t i = 0; i < maker->count; i++) {
        if (maker->items[i].product != NULL && maker->items[i].refused == NULL)
            WEFT_TRY(planned_check(needs, &maker->items[i], error));
    }
    if (maker->plan.policy_count == 0)
        return 0;
    for (size_t i = 0; i < maker->book->count; i++) {
        const struct weft_book_item *of = &maker->book->items[i];
        if (of->digest != NULL && !of->planned && !weft_book_is_over(of) && !of->deferred)
            WEFT_TRY(kept_check(needs, i, diag, error));
    }
    return 0;
}

int weft_plan_needs(struct weft_plan_maker *maker, struct weft_diag *diag, struct weft_error *error)
{
    struct needs needs = {.maker = maker};
    return needs_find(&needs, diag, error);
}

int weft_plan_needs_show(const struct weft_plan *plan, struct weft_out *out,
                         struct weft_error *error)
{
    if (plan->dependency_count == 0)
        return 0;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error,
                           "From before there were policies, and without a grant: confirmed by "
                           "applying this plan"));
    for (size_t i = 0; i < plan->dependency_count; i++)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  domain:%s reads %s",
                               plan->dependencies[i].domain, plan->dependencies[i].product));
    return 0;
}
