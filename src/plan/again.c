/*
 * again.c - products whose own files stay as they are, but whose runs would read something else of
 * other domains, because policies, teams or contracts there change: an apply runs them, too. What
 * was made under the old rules is else there to be read until somebody happens to run it.
 *
 * Only what may be read afterwards is run: that nothing grants it any more needs.c says, and what
 * was published then stays. `references` give a run no rows, so they make nothing other.
 */
#include "plan/plan_internal.h"

#include "plan/bind.h"

#include <stdio.h>
#include <string.h>

struct comparing {
    struct weft_plan_maker *maker;
    struct weft_trust *before;
    const bool *reached;
    struct weft_map *known; /* by reader's domain and item: "" = the same, "other" */
};

static int decided_before(struct comparing *c, const char *reader, size_t item,
                          struct weft_decision *out, struct weft_error *error)
{
    struct weft_plan_maker *maker = c->maker;
    struct weft_request request = {.time_us = maker->context->request.time_us, .purpose = "run"};
    struct weft_trust_subject before = {0}, after = {0};
    bool was = false, is = false;
    *out = (struct weft_decision){.verdict = WEFT_VERDICT_NO};
    WEFT_TRY(weft_plan_subjects(maker, item, c->reached[item], &before, &was, &after, &is, error));
    if (!was)
        return 0;
    snprintf(request.principal, sizeof request.principal, "domain:%.*s", (int)strcspn(reader, "."),
             reader);
    if (c->before == NULL)
        WEFT_TRY(weft_trust_load(maker->txn, maker->plan.sequence, &c->before, error));
    WEFT_TRY(weft_trust_know(c->before, maker->txn, request.principal, error));
    return weft_trust_decide(c->before, &request, &before, maker->arena, out, error);
}

/* Will the runs of the reader's domain be given something else of it than before? */
static int is_other(struct comparing *c, const char *reader, size_t item, bool *out,
                    struct weft_error *error)
{
    static char same[] = "", other[] = "other";
    const struct weft_plan_sight *sight;
    struct weft_decision before;
    char key[200];
    snprintf(key, sizeof key, "%.*s %zu", (int)strcspn(reader, "."), reader, item);
    const char *known = weft_map_get(c->known, key);
    if (known == NULL) {
        WEFT_TRY(weft_plan_sight(c->maker, reader, item, &sight, error));
        WEFT_TRY(decided_before(c, reader, item, &before, error));
        bool differs = sight->decision.verdict == WEFT_VERDICT_YES &&
                       (before.verdict != WEFT_VERDICT_YES ||
                        strcmp(before.digest, sight->decision.digest) != 0);
        known = differs ? other : same;
        if (weft_map_put(c->known, key, differs ? other : same) < 0)
            return weft_error_nomem(error);
    }
    *out = known[0] != '\0';
    return 0;
}

static int item_compare(struct comparing *c, size_t item, bool *again, struct weft_error *error)
{
    const struct weft_book *book = c->maker->book;
    const struct weft_book_item *of = &book->items[item];
    for (size_t i = 0; i < of->read_count && !*again; i++) {
        const struct weft_book_read *read = &of->reads[i];
        if (read->item == WEFT_BOOK_NONE || weft_read_is_lookup(read->name) ||
            weft_plan_same_domain(of->full_name, read->full_name) ||
            book->items[read->item].digest == NULL || book->items[read->item].deferred ||
            weft_book_is_over(&book->items[read->item]))
            continue;
        WEFT_TRY(is_other(c, of->full_name, read->item, again, error));
    }
    return 0;
}

static int all_compare(struct comparing *c, bool *again, struct weft_error *error)
{
    const struct weft_plan_maker *maker = c->maker;
    for (size_t i = 0; i < maker->book->count; i++) {
        const struct weft_book_item *of = &maker->book->items[i];
        if (maker->chosen[i] && of->product != NULL && of->digest != NULL && !of->planned &&
            !of->deferred && weft_product_can_run(of->product))
            WEFT_TRY(item_compare(c, i, &again[i], error));
    }
    return 0;
}

int weft_plan_again(struct weft_plan_maker *maker, struct weft_error *error)
{
    struct comparing c = {.maker = maker};
    bool *again = weft_arena_array(maker->arena, maker->book->count + 1, sizeof *again);
    if (again == NULL)
        return weft_error_nomem(error);
    maker->plan.again = again;
    /* A home of an older weft gave its runs everything: they ask from this apply on. */
    if (maker->txn == NULL || maker->plan.confirms ||
        maker->plan.policy_count + maker->plan.team_count + maker->count == 0)
        return 0;
    WEFT_TRY(weft_plan_subjects_reached(maker, &c.reached, error));
    c.known = weft_map_new();
    int rc = c.known == NULL ? weft_error_nomem(error) : all_compare(&c, again, error);
    weft_map_free(c.known);
    weft_trust_free(c.before);
    return rc;
}

int weft_plan_again_show(const struct weft_plan *plan, struct weft_out *out,
                         struct weft_error *error)
{
    for (size_t i = 0; i < plan->book.count; i++) {
        if (plan->again != NULL && plan->again[i])
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                                   "    runs again: %s, which will be given something else of "
                                   "what it reads",
                                   weft_book_name(&plan->book, i)));
    }
    return 0;
}
