/*
 * plan.c - compares the checkout with the home. Digests first, so that 1,000 unchanged products
 * cost one small query; documents are read only for what differs.
 */
#include "app/plan.h"

#include "base/fs.h"
#include "base/map.h"
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
    struct weft_registered_digest *digests;
    size_t digest_count;
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
    struct weft_registered registered;
    int rc = weft_catalog_product(maker->txn, maker->arena, item->full_name, item->major, 0,
                                  &registered, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "`%s` has a digest but no contract",
                              item->full_name);
    const struct weft_product *before =
        registered.pending != NULL ? registered.pending : registered.in_force;
    if (before == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "`%s` has no contract", item->full_name);
    item->version_before = before->version;
    if (!registered.retired && version_less(item->product, before) && !is_dev(maker)) {
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
        return item_table(maker, item, &registered, error);
    item->refused_code = WEFT_E_BLOCKED;
    item->refused = "a breaking change needs a new major version";
    item->refused_hint = weft_arena_format(maker->arena, "set `version: %d.0.0` in %s",
                                           item->major + 1, item->product->file);
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

static int plan_product(struct plan_maker *maker, const struct weft_product *product,
                        const struct weft_registered_digest *digest, struct weft_error *error)
{
    struct weft_plan_item item = {
        .full_name = product->full_name, .major = product->major, .product = product};
    const char *now = NULL;
    if (digest != NULL)
        now = digest->pending_digest != NULL ? digest->pending_digest : digest->in_force_digest;
    if (digest != NULL && !digest->retired && now != NULL && strcmp(now, product->digest) == 0) {
        maker->plan.kept++;
        return 0;
    }
    item.action = digest == NULL || digest->retired ? WEFT_PLAN_ADD : WEFT_PLAN_CHANGE;
    WEFT_TRY(item_location(maker, &item, error));
    if (item.refused == NULL)
        WEFT_TRY(item_not_yet(maker, &item, error));
    if (digest != NULL && item.refused == NULL)
        WEFT_TRY(item_changes(maker, &item, error));
    if (item.refused != NULL) {
        item.refused_file = product->file;
        if (item.refused_place.line == 0)
            item.refused_place = product->place;
    }
    return item_add(maker, &item, error);
}

static int product_key(const char *full_name, int major, char *key, size_t size)
{
    return snprintf(key, size, "%s@%d", full_name, major);
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

/* Registered products of domains that this checkout owns, whose file is gone. */
static int plan_retired(struct plan_maker *maker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *there = weft_map_new();
    if (there == NULL)
        return weft_error_nomem(error);
    char key[160];
    for (size_t i = 0; i < maker->mesh->product_count; i++) {
        const struct weft_product *product = maker->mesh->products[i];
        product_key(product->full_name, product->major, key, sizeof key);
        if (weft_map_put(there, key, NULL) < 0)
            return weft_error_nomem(error);
    }
    for (size_t i = 0; i < maker->digest_count; i++) {
        const struct weft_registered_digest *digest = &maker->digests[i];
        char domain[WEFT_NAME_MAX + 1];
        snprintf(domain, sizeof domain, "%.*s", (int)strcspn(digest->full_name, "."),
                 digest->full_name);
        product_key(digest->full_name, digest->major, key, sizeof key);
        if (digest->retired || weft_map_has(there, key) || !weft_mesh_owns(maker->mesh, domain))
            continue;
        struct weft_plan_item item = {.action = WEFT_PLAN_RETIRE,
                                      .full_name = digest->full_name,
                                      .major = digest->major,
                                      .version_before = digest->version};
        WEFT_TRY(item_gone(maker, &item, error));
        WEFT_TRY(item_add(maker, &item, error));
    }
    return 0;
}

static int plan_products(struct plan_maker *maker, struct weft_error *error)
{
    /* Digests by key: 1,000 products against 1,000 would be a million comparisons. */
    WEFT_CLEANUP(weft_map_freep) struct weft_map *digests = weft_map_new();
    if (digests == NULL)
        return weft_error_nomem(error);
    char key[160];
    for (size_t i = 0; i < maker->digest_count; i++) {
        product_key(maker->digests[i].full_name, maker->digests[i].major, key, sizeof key);
        if (weft_map_put(digests, key, &maker->digests[i]) < 0)
            return weft_error_nomem(error);
    }
    for (size_t i = 0; i < maker->mesh->product_count; i++) {
        const struct weft_product *product = maker->mesh->products[i];
        if (!weft_mesh_owns(maker->mesh, product->domain))
            continue;
        product_key(product->full_name, product->major, key, sizeof key);
        WEFT_TRY(plan_product(maker, product, weft_map_get(digests, key), error));
    }
    return plan_retired(maker, error);
}

int weft_plan_make(struct weft_context *context, const struct weft_mesh *mesh,
                   struct weft_arena *arena, struct weft_plan *out, struct weft_error *error)
{
    struct plan_maker maker = {.context = context, .mesh = mesh, .arena = arena};
    const char *home;
    WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_CLEANUP(weft_freep) char *format = weft_path_join(home, "format");
    if (format == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (weft_fs_exists(format)) {
        struct weft_ledger *ledger;
        struct weft_ledger_head head;
        WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        WEFT_TRY(weft_ledger_head(txn, &head, error));
        maker.plan.sequence = head.sequence;
        maker.txn = txn;
        WEFT_TRY(weft_catalog_digests(txn, arena, &maker.digests, &maker.digest_count, error));
    }
    WEFT_TRY(plan_products(&maker, error));
    maker.plan.items = maker.items;
    maker.plan.count = maker.count;
    *out = maker.plan;
    return 0;
}
