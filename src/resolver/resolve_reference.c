/*
 * resolve_reference.c - the names of tables that a text holds, without resolving any: what a
 * product reads is known from its SQL before anything of it is there.
 *
 * The same walk as for running, so that a CTE hides here exactly what it hides there.
 */
#include "base/text.h"
#include "resolver/resolve_internal.h"

int resolve_reference_add(struct resolve *resolve, const struct weft_resolve_name *name,
                          int64_t location)
{
    struct resolve_references *list = resolve->references;
    for (size_t i = 0; i < list->count; i++) {
        struct resolve_reference *item = &list->items[i];
        bool same = (item->schema == NULL) == (name->schema == NULL) &&
                    (name->schema == NULL || weft_equal_fold(item->schema, name->schema)) &&
                    weft_equal_fold(item->table, name->table);
        if (!same)
            continue;
        if (location >= 0 && (item->location < 0 || location < item->location))
            item->location = location;
        return 0;
    }
    if (list->count >= RESOLVE_TABLES_MAX)
        return resolve_refuse(resolve, WEFT_E_LIMIT, location,
                              "a statement may read at most %d tables", RESOLVE_TABLES_MAX);
    if (weft_arena_reserve(resolve->arena, &list->items, &list->capacity, list->count + 1,
                           sizeof(struct resolve_reference)) < 0)
        return resolve_nomem(resolve);
    struct resolve_reference made = {.location = location};
    made.table = weft_arena_strdup(resolve->arena, name->table);
    if (name->schema != NULL)
        made.schema = weft_arena_strdup(resolve->arena, name->schema);
    if (made.table == NULL || (name->schema != NULL && made.schema == NULL))
        return resolve_nomem(resolve);
    list->items[list->count++] = made;
    return 0;
}

static int reference_compare(const void *a, const void *b)
{
    int64_t left = ((const struct resolve_reference *)a)->location;
    int64_t right = ((const struct resolve_reference *)b)->location;
    return (left > right) - (left < right);
}

/* The walk goes through a WITH before it, and so on: people read in the order of the text. */
static int reference_hand_out(struct resolve *resolve, const struct weft_reference **out,
                              size_t *count)
{
    struct resolve_references *list = resolve->references;
    struct weft_reference *made = resolve_alloc(resolve, list->count, sizeof(*made));
    if (made == NULL)
        return resolve_nomem(resolve);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), reference_compare);
    for (size_t i = 0; i < list->count; i++) {
        struct weft_error place = WEFT_ERROR_INIT;
        resolve_place(resolve->options, resolve->sql, resolve->length, list->items[i].location,
                      &place);
        made[i] = (struct weft_reference){.schema = list->items[i].schema,
                                          .table = list->items[i].table,
                                          .line = place.line,
                                          .column = place.column};
    }
    *out = made;
    *count = list->count;
    return 0;
}

static int reference_gather(struct resolve *resolve, const char *json)
{
    WEFT_CLEANUP(resolve_docp) yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    WEFT_TRY(resolve_load(resolve, json, &doc, &node));
    resolve->doc = doc;
    /* The walk needs what the guard makes sure of: depth. */
    WEFT_TRY(resolve_guard(resolve, node));
    return resolve_walk(resolve, node);
}

int weft_resolve_references(struct weft_engine *engine, struct weft_arena *arena, const char *sql,
                            size_t length, const struct weft_resolve_options *options,
                            const struct weft_reference **out, size_t *count,
                            struct weft_error *error)
{
    struct resolve_references list = {0};
    struct resolve resolve = {.engine = engine,
                              .arena = arena,
                              .options = options,
                              .sql = sql,
                              .length = length,
                              .error = error,
                              .references = &list};
    WEFT_TRY(resolve_check_text(&resolve));
    WEFT_CLEANUP(weft_freep) char *json = NULL;
    WEFT_TRY(resolve_serialize(&resolve, sql, length, &json, error));
    WEFT_TRY(reference_gather(&resolve, json));
    return reference_hand_out(&resolve, out, count);
}
