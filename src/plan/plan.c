/*
 * plan.c - compares the checkout with the home. Digests first, so that 1,000 unchanged products
 * cost one small query; documents are read only for what differs.
 */
#include "plan/plan_internal.h"

#include "base/clock.h"
#include "job/transform.h"
#include "lake/pointer.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "plan/pins.h"

#include <string.h>

const char *weft_plan_action_name(enum weft_plan_action action)
{
    static const char *const names[] = {"add", "change", "retire", "keep"};
    return names[action];
}

static int item_add(struct weft_plan_maker *maker, const struct weft_plan_item *item,
                    struct weft_error *error)
{
    if (weft_arena_reserve(maker->arena, &maker->items, &maker->capacity, maker->count + 1,
                           sizeof *maker->items) < 0)
        return weft_error_nomem(error);
    maker->items[maker->count++] = *item;
    maker->plan.added += item->action == WEFT_PLAN_ADD;
    maker->plan.changed += item->action == WEFT_PLAN_CHANGE;
    maker->plan.retired += item->action == WEFT_PLAN_RETIRE;
    maker->plan.refused += item->refused != NULL;
    return 0;
}

static int plan_product(struct weft_plan_maker *maker, size_t at, struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[at];
    struct weft_plan_item item = {.item = at,
                                  .full_name = of->full_name,
                                  .major = of->major,
                                  .product = of->product,
                                  .was = of->was};
    if (!of->planned) {
        maker->plan.kept++;
        return 0;
    }
    item.action = of->digest == NULL || of->digest->retired ? WEFT_PLAN_ADD : WEFT_PLAN_CHANGE;
    WEFT_TRY(weft_plan_item_location(maker, &item, error));
    if (item.refused == NULL)
        WEFT_TRY(weft_plan_item_able(maker, &item, error));
    if (of->digest != NULL && item.refused == NULL)
        WEFT_TRY(weft_plan_item_changes(maker, &item, error));
    if (item.refused == NULL)
        WEFT_TRY(weft_plan_item_reads(maker, &item, error));
    if (item.refused != NULL && item.refused_file == NULL) {
        item.refused_file = of->product->file;
        if (item.refused_place.line == 0)
            item.refused_place = of->product->place;
    }
    return item_add(maker, &item, error);
}

/* Those who read it were told a day: before it, retiring takes a reason. */
static int plan_early(struct weft_plan_maker *maker, struct weft_plan_item *item,
                      struct weft_error *error)
{
    const struct weft_registered *registered;
    char now[WEFT_TIME_TEXT];
    WEFT_TRY(weft_book_registered(maker->book, item->item, &registered, error));
    const struct weft_deprecated *says = weft_registered_newest(registered)->deprecated;
    weft_time_format(maker->context->request.time_us, now);
    if (item->refused != NULL || says == NULL || says->sunset == NULL ||
        strncmp(now, says->sunset, strlen("2026-09-01")) >= 0)
        return 0;
    item->early = true;
    item->refused_code = WEFT_E_REFUSED;
    item->refused = weft_arena_format(
        maker->arena, "its readers were told that it is there until %s", says->sunset);
    item->refused_hint = "keep its file until then, or say --because \"why\"; the ledger keeps it";
    return item->refused == NULL ? weft_error_nomem(error) : 0;
}

/* A registered product of a domain that this checkout owns, whose file is gone. */
static int plan_retired(struct weft_plan_maker *maker, size_t at, struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[at];
    struct weft_plan_item item = {.action = WEFT_PLAN_RETIRE,
                                  .item = at,
                                  .full_name = of->full_name,
                                  .major = of->major,
                                  .version_before = of->digest->version};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf readers;
    weft_buf_init(&readers, 1 << 20);
    WEFT_TRY(weft_plan_item_gone(maker, &item, error));
    WEFT_TRY(weft_book_readers(maker->book, at, &readers, error));
    WEFT_TRY(plan_early(maker, &item, error));
    if (readers.length > 0) {
        item.warning = weft_arena_format(
            maker->arena, "still read by %s: they go on with the data that is there", readers.data);
        if (item.warning == NULL)
            return weft_error_nomem(error);
    }
    return item_add(maker, &item, error);
}

/* ---- selection ---- */

/* What apply may touch: files of this checkout, and products whose file is gone. */
static int plan_choose(struct weft_plan_maker *maker, const struct weft_op_value *words,
                       const struct weft_op_value *exclude, struct weft_error *error)
{
    struct weft_book *book = maker->book;
    maker->chosen = weft_arena_array(maker->arena, book->count + 1, sizeof *maker->chosen);
    if (maker->chosen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < book->count; i++)
        maker->chosen[i] = book->items[i].product != NULL || book->items[i].leaving;
    WEFT_TRY(weft_book_select(book, words, exclude, maker->chosen, error));
    for (size_t i = 0; i < book->count; i++) {
        if (!maker->chosen[i])
            WEFT_TRY(weft_book_leave(book, i, error));
    }
    return 0;
}

/* ---- binding ---- */

/* May those who read it see other columns than before? */
static bool columns_change(const struct weft_plan_item *item)
{
    if (item->action != WEFT_PLAN_CHANGE)
        return false;
    for (size_t i = 0; i < item->changes.count; i++) {
        const struct weft_change *change = &item->changes.items[i];
        if (strncmp(change->path, "schema", 6) == 0 &&
            change->change_class != WEFT_CHANGE_EDITORIAL)
            return true;
    }
    return item->product->schema.count == 0;
}

/* All SQL of what is new or changed: what products are made by, then their checks. */
static int plan_bind(struct weft_plan_maker *maker, bool ring, struct weft_diag *diag,
                     struct weft_error *error)
{
    struct weft_book *book = maker->book;
    bool *wanted = weft_arena_array(maker->arena, book->count + 1, sizeof *wanted);
    bool *changed = weft_arena_array(maker->arena, book->count + 1, sizeof *changed);
    bool any = false;
    if (wanted == NULL || changed == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < maker->count; i++) {
        const struct weft_plan_item *item = &maker->items[i];
        wanted[item->item] = item->product != NULL && weft_transform_is(item->product);
        changed[item->item] = !maker->alone && columns_change(item);
        any = any || wanted[item->item] || changed[item->item];
    }
    if (any && !ring)
        WEFT_TRY(weft_bind_check(book, wanted, changed, diag, error));
    for (size_t i = 0; i < maker->count; i++)
        wanted[maker->items[i].item] = maker->items[i].product != NULL;
    return weft_check_sql(book, wanted, diag, error);
}

/* ---- the whole ---- */

static int plan_do(struct weft_plan_maker *maker, const struct weft_op_value *words,
                   const struct weft_op_value *exclude, struct weft_diag *diag,
                   struct weft_error *error)
{
    bool ring;
    weft_book_renames_check(maker->book, diag);
    WEFT_TRY(weft_pins_make(maker->book, false, false, diag, error));
    WEFT_TRY(weft_pins_rings(maker->book, diag, &ring, error));
    WEFT_TRY(plan_choose(maker, words, exclude, error));
    for (size_t i = 0; i < maker->book->count; i++) {
        if (!maker->chosen[i])
            continue;
        if (maker->book->items[i].leaving)
            WEFT_TRY(plan_retired(maker, i, error));
        else
            WEFT_TRY(plan_product(maker, i, error));
    }
    maker->plan.items = maker->items;
    maker->plan.count = maker->count;
    maker->plan.chosen = maker->chosen;
    WEFT_TRY(weft_plan_offer(&maker->plan, maker->items, error));
    WEFT_TRY(plan_bind(maker, ring, diag, error));
    return maker->alone || ring ? 0 : weft_plan_impact(maker, error);
}

/* A home that another mesh's products are in: a wrong place, or the mesh's name was changed. */
static int plan_check_mesh(struct weft_plan_maker *maker, struct weft_diag *diag,
                           struct weft_error *error)
{
    const char *name = NULL;
    int rc = weft_lake_mesh(maker->txn, maker->arena, &name, error);
    WEFT_TRY(rc);
    if (rc == 0 && strcmp(name, maker->mesh->name) != 0)
        weft_diag_add(diag, WEFT_SEVERITY_WARNING, WEFT_E_CONFLICT,
                      maker->mesh->file == NULL ? "" : "weft.yaml", 0, 0,
                      "if it is the wrong home, name another one by `environments:` or --env",
                      "the home belongs to the mesh `%s`, and this checkout is of `%s`", name,
                      maker->mesh->name);
    return 0;
}

/* Policies before the SQL is bound, which may see only what they leave; then what comes of them. */
static int plan_all(struct weft_plan_maker *maker, const struct weft_op_value *words,
                    const struct weft_op_value *exclude, struct weft_diag *diag,
                    struct weft_error *error)
{
    if (maker->alone)
        return plan_do(maker, words, exclude, diag, error);
    WEFT_TRY(weft_plan_policies(maker, diag, error));
    maker->book->sight = weft_plan_sight_put;
    maker->book->sight_arg = maker;
    WEFT_TRY(plan_do(maker, words, exclude, diag, error));
    WEFT_TRY(weft_plan_access(maker, diag, error));
    WEFT_TRY(weft_plan_needs(maker, diag, error));
    return weft_plan_again(maker, error);
}

int weft_plan_make(struct weft_context *context, const struct weft_mesh *mesh,
                   const struct weft_op_value *words, const struct weft_op_value *exclude,
                   bool alone, struct weft_diag *diag, struct weft_plan *out,
                   struct weft_error *error)
{
    struct weft_plan_maker maker = {.context = context,
                                    .mesh = mesh,
                                    .arena = context->arena,
                                    .alone = alone,
                                    .whole = !words->given && !exclude->given};
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_book_begin(context, &txn, error));
    if (txn != NULL) {
        struct weft_ledger_head head;
        WEFT_TRY(weft_ledger_head(txn, &head, error));
        maker.plan.sequence = head.sequence;
        if (head.sequence > 0)
            memcpy(maker.plan.head, head.hash, sizeof maker.plan.head);
        maker.txn = txn;
        WEFT_TRY(plan_check_mesh(&maker, diag, error));
    }
    maker.book = &maker.plan.book;
    WEFT_TRY(weft_book_make(context, mesh, txn, context->arena, maker.book, error));
    int rc = plan_all(&maker, words, exclude, diag, error);
    weft_trust_freep(&maker.after);
    weft_trust_freep(&maker.elsewhere);
    weft_map_freep(&maker.sights);
    WEFT_TRY(rc);
    weft_book_defer(maker.book, maker.chosen);
    *out = maker.plan;
    out->book.txn = NULL;
    out->book.sight = NULL;
    return 0;
}

void weft_plan_force(struct weft_plan *plan, const char *because)
{
    struct weft_plan_item *items = (struct weft_plan_item *)plan->items; /* in our own arena */
    for (size_t i = 0; i < plan->count; i++) {
        if (!items[i].early)
            continue;
        items[i].because = because;
        items[i].refused = items[i].refused_hint = NULL;
        plan->refused--;
    }
}

bool weft_plan_changes(const struct weft_plan *plan)
{
    return plan->count > 0 || plan->policy_count > 0 || plan->team_count > 0 ||
           plan->dependency_count > 0;
}

/* Rules would bind every product: half of what was asked for is worse than none. */
static int policy_refused(const struct weft_policy *policy, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_YET,
                   "the rule `%s` is checked, but this version cannot hold it yet, so nothing was "
                   "applied",
                   policy->name);
    weft_error_at(error, policy->file, policy->place.line, policy->place.column);
    return weft_error_hint(error, "take the document out of policies/ to apply the rest");
}

int weft_plan_refused(const struct weft_plan *plan, struct weft_error *error)
{
    if (plan->policy_refused != NULL)
        return policy_refused(plan->policy_refused, error);
    for (size_t i = 0; i < plan->count; i++) {
        const struct weft_plan_item *item = &plan->items[i];
        if (item->refused == NULL)
            continue;
        weft_error_set(error, item->refused_code, "`%s` is refused, so nothing was applied: %s",
                       item->full_name, item->refused);
        if (item->refused_file != NULL)
            weft_error_at(error, item->refused_file, item->refused_place.line,
                          item->refused_place.column);
        if (item->refused_hint != NULL)
            weft_error_hint(error, "%s", item->refused_hint);
        return -1;
    }
    return 0;
}
