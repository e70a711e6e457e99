/*
 * item.c - what a plan says of one product: where its table lies, what this version cannot do,
 * what differs from what is registered and whether that may be.
 */
#include "context/state.h"
#include "plan/plan_internal.h"

#include "base/text.h"
#include "job/job.h"
#include "lake/pointer.h"

#include <stdio.h>
#include <string.h>

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

int weft_plan_item_location(struct weft_plan_maker *maker, struct weft_plan_item *item,
                            struct weft_error *error)
{
    const char *location = item->product->location;
    if (location == NULL)
        return 0;
    const struct weft_environment *environment = maker->mesh->environment;
    const char *bucket = location_bucket(maker->arena, location);
    bool has_endpoint = false;
    for (size_t i = 0; bucket != NULL && i < environment->bucket_count; i++)
        has_endpoint = has_endpoint || (environment->buckets[i].endpoint != NULL &&
                                        strcmp(environment->buckets[i].name, bucket) == 0);
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

static int item_job(struct weft_plan_maker *maker, struct weft_plan_item *item,
                    struct weft_error *error)
{
    struct weft_error why = WEFT_ERROR_INIT;
    if (weft_job_check(item->product, &why) == 0)
        return 0;
    if (why.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    item->refused_code = why.code;
    item->refused = weft_arena_strdup(maker->arena, why.message);
    item->refused_hint = why.hint[0] == '\0' ? NULL : weft_arena_strdup(maker->arena, why.hint);
    item->refused_place = (struct weft_place){why.line, why.column};
    return item->refused == NULL || (why.hint[0] != '\0' && item->refused_hint == NULL)
               ? weft_error_nomem(error)
               : 0;
}

int weft_plan_item_able(struct weft_plan_maker *maker, struct weft_plan_item *item,
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
    return item->refused == NULL ? item_job(maker, item, error) : 0;
}

static bool is_dev(const struct weft_plan_maker *maker)
{
    return strcmp(maker->mesh->environment->name, "dev") == 0;
}

static bool may_break(const struct weft_plan_maker *maker, const struct weft_product *product)
{
    return product->status == WEFT_STATUS_DRAFT || product->major == 0 || is_dev(maker);
}

/* The first field that alone cannot be had from the table: evolving names it only in words. */
static struct weft_place field_refused(struct weft_plan_maker *maker,
                                       const struct weft_table *table,
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

/* WEFT_NOT_THERE when nothing was published. */
static int table_load(struct weft_plan_maker *maker, const char *name, struct weft_table **out,
                      struct weft_error *error)
{
    struct weft_pointer pointer;
    const struct weft_context *context = maker->context;
    if (context->state != NULL)
        return weft_state_table(context->state, maker->arena, name, out, error);
    int rc = weft_pointer_get(maker->txn, maker->arena, WEFT_SPACE_LAKE, name, 0, &pointer, error);
    if (rc == 0)
        rc = weft_table_load(maker->arena, weft_ledger_home(context->ledger), pointer.metadata, out,
                             error);
    return rc;
}

/* Where breaking changes are allowed, the table must still be able to follow: said now, and not by
 * the next run. A table that does not read is doctor's business. */
static int item_table(struct weft_plan_maker *maker, struct weft_plan_item *item,
                      const struct weft_registered *registered, struct weft_error *error)
{
    const struct weft_product *product = item->product;
    struct weft_table *table;
    struct weft_table_schema schema;
    struct weft_error why = WEFT_ERROR_INIT;
    if (product->schema.count == 0)
        return 0;
    int rc = table_load(maker, registered->table, &table, &why);
    if (rc == WEFT_NOT_THERE)
        return 0;
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

static bool reads_same(const struct weft_book_item *of, const struct weft_registered_reads *before)
{
    bool same = of->read_count == before->count;
    for (size_t i = 0; same && i < before->count; i++)
        same = strcmp(of->reads[i].name, before->items[i].name) == 0 &&
               strcmp(of->reads[i].full_name, before->items[i].full_name) == 0 &&
               of->reads[i].major == before->items[i].major;
    return same;
}

/* Words only: catalog/words.c will bring it into force with the registration. An exported state
 * knows no folders: that who applies does it where it was done before is taken for granted. */
static int item_at_once(struct weft_plan_maker *maker, struct weft_plan_item *item,
                        const struct weft_registered *registered, struct weft_error *error)
{
    char before[WEFT_SHA256_HEX], after[WEFT_SHA256_HEX];
    if (registered->in_force == NULL || registered->pending != NULL || registered->retired ||
        (maker->context->state == NULL && strcmp(registered->folder, item->product->folder) != 0) ||
        !reads_same(&maker->book->items[item->item], &registered->reads))
        return 0;
    WEFT_TRY(weft_product_data_digest(registered->in_force, before, error));
    WEFT_TRY(weft_product_data_digest(item->product, after, error));
    item->at_once = strcmp(before, after) == 0;
    return 0;
}

int weft_plan_item_changes(struct weft_plan_maker *maker, struct weft_plan_item *item,
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
    WEFT_TRY(item_at_once(maker, item, registered, error));
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

/* Why a registered major has no file: it was taken away, or it tells of another major now. */
int weft_plan_item_gone(struct weft_plan_maker *maker, struct weft_plan_item *item,
                        struct weft_error *error)
{
    const struct weft_product *other =
        weft_mesh_product(maker->mesh, item->full_name, WEFT_MAJOR_NEWEST);
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
