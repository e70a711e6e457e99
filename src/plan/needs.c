/*
 * needs.c - may what is planned read what it reads? A run reads in the name of its product's
 * domain, and of other domains only what is granted to it: without a grant the product is refused,
 * with the lines that would grant it (lacks.c).
 *
 * The first apply of a home says that it is so (access.confirmed, trust/dependencies.h). What was
 * registered before that entry, in a home of an older weft, is listed once and confirmed by it.
 */
#include "plan/plan_internal.h"

#include <string.h>

#define BROKEN_HINT                                                                                \
    "let the `on` of that policy name only products that have the column, or except the domain"

struct needs {
    struct weft_plan_maker *maker;
    struct weft_dependency *existing;
    size_t count, capacity;
};

static int may_read(struct needs *needs, const char *reader, size_t item, bool *may,
                    struct weft_error *error)
{
    const struct weft_plan_sight *sight;
    WEFT_TRY(weft_plan_sight(needs->maker, reader, item, &sight, error));
    *may = sight->decision.verdict == WEFT_VERDICT_YES;
    return 0;
}

/* ---- what is refused ---- */

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

/* What an item may not read, each product once; *count 0 = it may all of it. */
static int item_lacks(struct needs *needs, size_t at, const struct weft_book_read ***out,
                      size_t *count, struct weft_error *error)
{
    const struct weft_book_item *of = &needs->maker->book->items[at];
    const struct weft_book_read **lacks =
        weft_arena_array(needs->maker->arena, of->read_count + 1, sizeof(*lacks));
    size_t found = 0;
    if (lacks == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_book_read *read = &of->reads[i];
        bool may = false, told = false;
        for (size_t k = 0; k < i; k++)
            told = told || (strcmp(of->reads[k].full_name, read->full_name) == 0 &&
                            of->reads[k].major == read->major);
        if (told || read->item == WEFT_BOOK_NONE ||
            weft_plan_same_domain(of->full_name, read->full_name) ||
            is_existing(needs, of->full_name, read->full_name))
            continue;
        WEFT_TRY(may_read(needs, of->full_name, read->item, &may, error));
        if (!may)
            lacks[found++] = read;
    }
    *out = lacks;
    *count = found;
    return 0;
}

/* Says of each read what of it is kept back. */
static int kept_fill(struct needs *needs, size_t at, struct weft_error *error)
{
    const struct weft_book_item *of = &needs->maker->book->items[at];
    struct weft_book_read *reads = (struct weft_book_read *)(uintptr_t)of->reads; /* our arena's */
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_plan_sight *sight;
        if (reads[i].item == WEFT_BOOK_NONE ||
            weft_plan_same_domain(of->full_name, reads[i].full_name))
            continue;
        WEFT_TRY(weft_plan_sight(needs->maker, of->full_name, reads[i].item, &sight, error));
        reads[i].kept = sight->kept;
    }
    return 0;
}

/* Is the column, or are rows, kept from who would look values up in it? */
static bool is_kept(const struct weft_plan_sight *sight, const char *column)
{
    const struct weft_decision *decision = &sight->decision;
    if (decision->verdict != WEFT_VERDICT_YES || decision->raw)
        return false;
    for (size_t i = 0; i < decision->treatment_count; i++) {
        if (strcmp(sight->subject.columns[i].name, column) == 0 &&
            decision->treatments[i].kind != WEFT_TREAT_NONE)
            return true;
    }
    return decision->rows != NULL || decision->min_group_count > 0;
}

/* `references` to what is kept back would tell what is there: the run refuses it (references.c of
 * job), so the plan does. */
static int references_check(struct needs *needs, struct weft_plan_item *item,
                            const struct weft_field *field, struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    const struct weft_book_item *of = &maker->book->items[item->item];
    const char *column = field->references == NULL ? NULL : strrchr(field->references, '.');
    for (size_t i = 0; column != NULL && i < of->read_count && item->refused == NULL; i++) {
        const struct weft_book_read *read = &of->reads[i];
        const struct weft_plan_sight *sight;
        size_t length = strlen(read->full_name);
        if (read->item == WEFT_BOOK_NONE || weft_plan_same_domain(of->full_name, read->full_name) ||
            strncmp(field->references, read->full_name, length) != 0 ||
            (field->references[length] != '.' && field->references[length] != '@'))
            continue;
        WEFT_TRY(weft_plan_sight(maker, of->full_name, read->item, &sight, error));
        if (!is_kept(sight, column + 1))
            continue;
        item->refused_code = WEFT_E_DENIED;
        item->refused = weft_arena_format(
            maker->arena,
            "references: policies keep `%s` of %s, or rows of it, from the domain "
            "%.*s (%s)",
            column + 1, read->full_name, (int)strcspn(of->full_name, "."), of->full_name,
            sight->decision.reason);
        if (item->refused == NULL)
            return weft_error_nomem(error);
        item->refused_hint = "leave `references` out, or except the domain in the policy";
        item->refused_file = item->product->file;
        item->refused_place = field->place;
        maker->plan.refused++;
    }
    return 0;
}

/* Granted, but for a restriction that cannot be held: no further grant ends that. *out NULL = none
 * of the reads is such. */
static int broken_find(struct needs *needs, const char *reader,
                       const struct weft_book_read *const *reads, size_t count,
                       const struct weft_book_read **read, const struct weft_decision_reason **out,
                       struct weft_error *error)
{
    *out = NULL;
    for (size_t i = 0; i < count && *out == NULL; i++) {
        const struct weft_plan_sight *sight;
        WEFT_TRY(weft_plan_sight(needs->maker, reader, reads[i]->item, &sight, error));
        *read = reads[i];
        *out = weft_decision_broken(&sight->decision);
    }
    return 0;
}

static int broken_refuse(struct needs *needs, struct weft_plan_item *item,
                         const struct weft_book_read *read,
                         const struct weft_decision_reason *broken, struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    bool placed = read->file != NULL;
    item->refused_code = WEFT_E_DENIED;
    item->refused = weft_arena_format(maker->arena, "domain:%.*s may not read %s: %s: %s",
                                      (int)strcspn(item->full_name, "."), item->full_name,
                                      read->full_name, broken->rule, broken->text);
    item->refused_hint = BROKEN_HINT;
    item->refused_file = placed ? read->file : item->product->file;
    item->refused_place = placed ? read->place : item->product->place;
    maker->plan.refused++;
    return item->refused == NULL ? weft_error_nomem(error) : 0;
}

static int planned_check(struct needs *needs, struct weft_plan_item *item, struct weft_error *error)
{
    const struct weft_book_read **lacks;
    size_t count;
    WEFT_TRY(kept_fill(needs, item->item, error));
    WEFT_TRY(item_lacks(needs, item->item, &lacks, &count, error));
    const struct weft_book_read *read = NULL;
    const struct weft_decision_reason *broken;
    WEFT_TRY(broken_find(needs, item->full_name, lacks, count, &read, &broken, error));
    if (broken != NULL)
        return broken_refuse(needs, item, read, broken, error);
    if (count > 0)
        return weft_plan_lacks_fill(needs->maker, item, lacks, count, error);
    for (size_t i = 0; i < item->product->schema.count; i++)
        WEFT_TRY(references_check(needs, item, &item->product->schema.items[i], error));
    return 0;
}

/* What stays as it is, but nothing grants it any more: its next run would be refused. */
static int kept_check(struct needs *needs, size_t at, struct weft_diag *diag,
                      struct weft_error *error)
{
    const struct weft_book_item *of = &needs->maker->book->items[at];
    const struct weft_book_read **lacks;
    size_t count;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products;
    weft_buf_init(&products, 1 << 16);
    WEFT_TRY(item_lacks(needs, at, &lacks, &count, error));
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&products, "%s%s", i == 0 ? "" : ", ", lacks[i]->full_name);
    WEFT_TRY(weft_buf_check(&products, error));
    const struct weft_book_read *read = NULL;
    const struct weft_decision_reason *broken;
    WEFT_TRY(broken_find(needs, of->full_name, lacks, count, &read, &broken, error));
    if (broken != NULL)
        weft_diag_add(diag, WEFT_SEVERITY_WARNING, WEFT_E_DENIED, "", 0, 0, BROKEN_HINT,
                      "%s reads %s; %s: %s: its runs are refused",
                      weft_book_name(needs->maker->book, at), read->full_name, broken->rule,
                      broken->text);
    else if (count > 0)
        weft_diag_add(diag, WEFT_SEVERITY_WARNING, WEFT_E_DENIED, "", 0, 0,
                      "grant it in policies/ or by `access`, or take it out of the product",
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
            if (item == WEFT_BOOK_NONE || weft_plan_same_domain(of->full_name, read->full_name))
                continue;
            WEFT_TRY(may_read(needs, of->full_name, item, &may, error));
            if (!may)
                WEFT_TRY(existing_add(needs, of->full_name, read->full_name, error));
        }
    }
    return 0;
}

/* Could what stays have lost a grant? By a policy, or by a file whose `access` is another. */
static bool grants_change(const struct weft_plan_maker *maker)
{
    return maker->plan.policy_count > 0 || maker->count > 0;
}

static int needs_find(struct needs *needs, struct weft_diag *diag, struct weft_error *error)
{
    struct weft_plan_maker *maker = needs->maker;
    bool confirmed = false;
    if (maker->txn != NULL)
        WEFT_TRY(weft_dependencies_are_confirmed(maker->txn, 0, &confirmed, error));
    maker->plan.confirms = !confirmed;
    if (!confirmed && maker->txn != NULL)
        WEFT_TRY(existing_find(needs, error));
    maker->plan.dependencies = needs->existing;
    maker->plan.dependency_count = needs->count;
    for (size_t i = 0; i < maker->count; i++) {
        if (maker->items[i].product != NULL && maker->items[i].refused == NULL)
            WEFT_TRY(planned_check(needs, &maker->items[i], error));
    }
    WEFT_TRY(weft_plan_lacks_grants(maker, error));
    for (size_t i = 0; grants_change(maker) && i < maker->book->count; i++) {
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
                           "Read across domains from before this asked for a grant: confirmed by "
                           "applying this plan"));
    for (size_t i = 0; i < plan->dependency_count; i++)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  domain:%s reads %s",
                               plan->dependencies[i].domain, plan->dependencies[i].product));
    return 0;
}
