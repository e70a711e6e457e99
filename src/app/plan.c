/*
 * plan.c - compares the checkout with the home. Digests first, so that 1,000 unchanged products
 * cost one small query; documents are read only for what differs.
 */
#include "app/plan.h"

#include "app/bind.h"
#include "app/check.h"
#include "app/pins.h"
#include "base/text.h"
#include "lake/pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan_maker {
    struct weft_context *context;
    const struct weft_mesh *mesh;
    struct weft_arena *arena;
    struct weft_ledger_txn *txn; /* NULL = no home yet */
    struct weft_book *book;
    bool *chosen;
    bool alone;
    struct weft_plan_item *items;
    size_t count;
    size_t capacity;
    struct weft_plan plan;
};

const char *weft_plan_action_name(enum weft_plan_action action)
{
    static const char *const names[] = {"add", "change", "retire", "keep"};
    return names[action];
}

static const char *texts_join(struct weft_arena *arena, const struct weft_texts *texts)
{
    struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    for (size_t i = 0; i < texts->count; i++)
        weft_buf_addf(&buf, "%s`%s`", i == 0 ? "" : ", ", texts->items[i]);
    const char *joined = weft_arena_strndup(arena, buf.data, buf.length);
    weft_buf_release(&buf);
    return joined;
}

/* The bucket of s3://bucket/...; NULL when it is no such location. In the arena. */
static const char *location_bucket(struct weft_arena *arena, const char *location)
{
    if (location == NULL || strncmp(location, "s3://", 5) != 0)
        return NULL;
    return weft_arena_strndup(arena, location + 5, strcspn(location + 5, "/"));
}

static int item_location(struct plan_maker *maker, struct weft_plan_item *item,
                         struct weft_error *error)
{
    const char *location = item->product->location;
    if (location == NULL)
        return 0;
    const struct weft_environment *environment = maker->mesh->environment;
    const char *bucket = location_bucket(maker->arena, location);
    bool has_endpoint = false;
    for (size_t i = 0; bucket != NULL && i < environment->buckets.count; i++)
        has_endpoint = has_endpoint || strcmp(environment->buckets.items[i], bucket) == 0;
    if (bucket != NULL && !has_endpoint && environment->s3_fallback_local) {
        item->note = weft_arena_format(maker->arena,
                                       "%s has no endpoint in the environment `%s`: the table "
                                       "lies in the local lake",
                                       location, environment->name);
        return item->note == NULL ? weft_error_nomem(error) : 0;
    }
    item->refused_code = has_endpoint ? WEFT_E_NOT_YET : WEFT_E_REFUSED;
    if (bucket == NULL)
        item->refused_code = WEFT_E_NOT_YET;
    item->refused = weft_arena_format(
        maker->arena,
        has_endpoint || bucket == NULL
            ? "this version cannot keep a table at %s yet"
            : "%s has no endpoint in this environment, and s3_fallback is `refuse`",
        location);
    item->refused_hint = "leave `location` out, or set `s3_fallback: local`";
    item->refused_place = item->product->location_place;
    return item->refused == NULL ? weft_error_nomem(error) : 0;
}

static int item_not_yet(struct plan_maker *maker, struct weft_plan_item *item,
                        struct weft_error *error)
{
    const struct weft_product *product = item->product;
    if (product->not_yet_warned.count > 0) {
        const char *keys = texts_join(maker->arena, &product->not_yet_warned);
        if (keys != NULL)
            item->warning = weft_arena_format(maker->arena, "%s: kept, but does not act yet", keys);
        if (item->warning == NULL)
            return weft_error_nomem(error);
    }
    if (product->not_yet_refused.count > 0) {
        const char *keys = texts_join(maker->arena, &product->not_yet_refused);
        if (keys != NULL)
            item->refused = weft_arena_format(maker->arena, "%s: not yet in this version", keys);
        if (item->refused == NULL)
            return weft_error_nomem(error);
        item->refused_code = WEFT_E_NOT_YET;
        item->refused_place = product->not_yet_refused_places[0];
        item->refused_hint =
            product->not_yet_refused.count == 1 ? "take it out of the file" : "take them out";
    }
    return 0;
}

static bool is_dev(const struct plan_maker *maker)
{
    return strcmp(maker->mesh->environment->name, "dev") == 0;
}

static bool may_break(const struct plan_maker *maker, const struct weft_product *product)
{
    return product->status == WEFT_STATUS_DRAFT || product->major == 0 || is_dev(maker);
}

/* The first field that alone cannot be had from the table: evolving names it only in words. */
static struct weft_place field_refused(struct plan_maker *maker, const struct weft_table *table,
                                       const struct weft_product *product)
{
    for (size_t i = 0; i < product->schema.count; i++) {
        const struct weft_fields one = {&product->schema.items[i], 1};
        struct weft_table_schema schema;
        struct weft_error ignored = WEFT_ERROR_INIT;
        if (weft_table_evolve(maker->arena, table, &one, &schema, &ignored) < 0)
            return product->schema.items[i].place;
    }
    return product->place;
}

/* Where breaking changes are allowed, the table must still be able to follow: said now, and not by
 * the next run. A table that does not read is doctor's business. */
static int item_table(struct plan_maker *maker, struct weft_plan_item *item,
                      const struct weft_registered *registered, struct weft_error *error)
{
    const struct weft_product *product = item->product;
    struct weft_pointer pointer;
    struct weft_table *table;
    struct weft_table_schema schema;
    struct weft_error why = WEFT_ERROR_INIT;
    int rc = weft_pointer_get(maker->txn, maker->arena, WEFT_SPACE_LAKE, registered->table, 0,
                              &pointer, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || product->schema.count == 0)
        return 0;
    rc = weft_table_load(maker->arena, weft_ledger_home(maker->context->ledger), pointer.metadata,
                         &table, &why);
    if (rc == 0 && weft_table_current(table) != NULL)
        rc = weft_table_evolve(maker->arena, table, &product->schema, &schema, &why);
    if (rc < 0 && why.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    if (rc == 0 || why.code != WEFT_E_INVALID)
        return 0;
    item->refused_code = WEFT_E_REFUSED;
    item->refused_place = field_refused(maker, table, product);
    item->refused = weft_arena_strdup(maker->arena, why.message);
    item->refused_hint = weft_arena_format(
        maker->arena,
        "`version: %d.0.0` starts a new table beside it; `weft drop %s@%d` deletes it",
        item->major + 1, item->full_name, item->major);
    return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
}

static bool version_less(const struct weft_product *a, const struct weft_product *b)
{
    return a->minor != b->minor ? a->minor < b->minor : a->patch < b->patch;
}

static int item_changes(struct plan_maker *maker, struct weft_plan_item *item,
                        struct weft_error *error)
{
    const struct weft_registered *registered;
    WEFT_TRY(weft_book_registered(maker->book, item->item, &registered, error));
    const struct weft_product *before = weft_registered_newest(registered);
    item->version_before = before->version;
    if (!registered->retired && version_less(item->product, before) && !is_dev(maker)) {
        item->refused_code = WEFT_E_REFUSED;
        item->refused = weft_arena_format(maker->arena, "the version goes back from %s to %s",
                                          before->version, item->product->version);
        item->refused_hint = "what was published cannot be taken back: write a higher version";
        return item->refused == NULL ? weft_error_nomem(error) : 0;
    }
    struct weft_error why = WEFT_ERROR_INIT;
    if (weft_product_compare(maker->arena, before, item->product, &item->changes, &why) < 0) {
        if (why.code == WEFT_E_NOMEM)
            return weft_error_nomem(error);
        item->refused = weft_arena_strdup(maker->arena, why.message);
        item->refused_hint = weft_arena_strdup(maker->arena, why.hint);
        item->refused_code = why.code;
        return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
    }
    if (item->changes.worst != WEFT_CHANGE_BREAKING || may_break(maker, item->product))
        return item_table(maker, item, registered, error);
    item->refused_code = WEFT_E_BLOCKED;
    item->refused = "a breaking change needs a new major version";
    item->refused_hint = weft_arena_format(
        maker->arena,
        "`weft bump %s --major` writes version %d.0.0 into %s; to serve both, keep the file as it "
        "was as data_product.v%d.yaml beside it",
        weft_book_name(maker->book, item->item), item->major + 1, item->product->file, item->major);
    return item->refused_hint == NULL ? weft_error_nomem(error) : 0;
}

static int item_add(struct plan_maker *maker, const struct weft_plan_item *item,
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

/* What it reads must be there when it is registered. */
static int item_unselected(struct plan_maker *maker, struct weft_plan_item *item,
                           struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[item->item];
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_book_read *read = &of->reads[i];
        if (read->item == WEFT_BOOK_NONE || maker->chosen[read->item])
            continue;
        const struct weft_book_item *upstream = &maker->book->items[read->item];
        if (upstream->digest != NULL && upstream->was == NULL)
            continue;
        item->refused_code = WEFT_E_REFUSED;
        item->refused_file = read->file;
        item->refused_place = read->place;
        item->refused = weft_arena_format(maker->arena,
                                          "it reads `%s`, which is not registered and not selected",
                                          weft_book_name(maker->book, read->item));
        item->refused_hint = weft_arena_format(maker->arena, "select what it reads too: +%s",
                                               weft_book_name(maker->book, item->item));
        return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
    }
    return 0;
}

static int plan_product(struct plan_maker *maker, size_t at, struct weft_error *error)
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
    WEFT_TRY(item_location(maker, &item, error));
    if (item.refused == NULL)
        WEFT_TRY(item_not_yet(maker, &item, error));
    if (of->digest != NULL && item.refused == NULL)
        WEFT_TRY(item_changes(maker, &item, error));
    if (item.refused == NULL)
        WEFT_TRY(item_unselected(maker, &item, error));
    if (item.refused != NULL && item.refused_file == NULL) {
        item.refused_file = of->product->file;
        if (item.refused_place.line == 0)
            item.refused_place = of->product->place;
    }
    return item_add(maker, &item, error);
}

/* Why a registered major has no file: it was taken away, or it tells of another major now. */
static int item_gone(struct plan_maker *maker, struct weft_plan_item *item,
                     struct weft_error *error)
{
    const struct weft_product *other = weft_mesh_product(maker->mesh, item->full_name, 0);
    if (other == NULL) {
        item->gone = "its file is gone: retired, the data is kept";
        return 0;
    }
    item->gone = weft_arena_format(maker->arena,
                                   "no file describes major %d any more (%s does %s): retired, the "
                                   "data is kept",
                                   item->major, other->file, other->version);
    if (item->gone == NULL)
        return weft_error_nomem(error);
    if (other->major > item->major || is_dev(maker))
        return 0;
    item->refused_code = WEFT_E_REFUSED;
    item->refused_file = other->file;
    item->refused_place = other->place;
    item->refused = weft_arena_format(maker->arena,
                                      "the version goes back from %s to %s, which would retire "
                                      "major %d",
                                      item->version_before, other->version, item->major);
    item->refused_hint = weft_arena_format(maker->arena,
                                           "majors live side by side: keep %s in "
                                           "data_product.yaml and put %s into "
                                           "data_product.v%d.yaml beside it",
                                           item->version_before, other->version, other->major);
    return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
}

/* A registered product of a domain that this checkout owns, whose file is gone. */
static int plan_retired(struct plan_maker *maker, size_t at, struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[at];
    struct weft_plan_item item = {.action = WEFT_PLAN_RETIRE,
                                  .item = at,
                                  .full_name = of->full_name,
                                  .major = of->major,
                                  .version_before = of->digest->version};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf readers;
    weft_buf_init(&readers, 1 << 20);
    WEFT_TRY(item_gone(maker, &item, error));
    WEFT_TRY(weft_book_readers(maker->book, at, &readers, error));
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
static int plan_choose(struct plan_maker *maker, const struct weft_op_value *words,
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
static int plan_bind(struct plan_maker *maker, bool ring, struct weft_diag *diag,
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
        wanted[item->item] = item->product != NULL && weft_bind_transforms(item->product);
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

static int plan_do(struct plan_maker *maker, const struct weft_op_value *words,
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
    return plan_bind(maker, ring, diag, error);
}

int weft_plan_make(struct weft_context *context, const struct weft_mesh *mesh,
                   const struct weft_op_value *words, const struct weft_op_value *exclude,
                   bool alone, struct weft_diag *diag, struct weft_plan *out,
                   struct weft_error *error)
{
    struct plan_maker maker = {
        .context = context, .mesh = mesh, .arena = context->arena, .alone = alone};
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_book_begin(context, &txn, error));
    if (txn != NULL) {
        struct weft_ledger_head head;
        WEFT_TRY(weft_ledger_head(txn, &head, error));
        maker.plan.sequence = head.sequence;
        maker.txn = txn;
    }
    maker.book = &maker.plan.book;
    WEFT_TRY(weft_book_make(context, mesh, txn, context->arena, maker.book, error));
    WEFT_TRY(plan_do(&maker, words, exclude, diag, error));
    *out = maker.plan;
    out->book.txn = NULL;
    return 0;
}

int weft_plan_refused(const struct weft_plan *plan, struct weft_error *error)
{
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
