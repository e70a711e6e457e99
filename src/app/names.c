/*
 * names.c - what a statement can name: products as SQL calls them, the tables of the mesh, and
 * their columns. From the ledger's own tables, without DuckDB; of somebody, what he may know.
 */
#include "app/session.h"

#include "app/ops_internal.h"
#include "context/seen.h"
#include "context/sight.h"
#include "context/who.h"

#include "base/text.h"
#include "engine/mesh_table.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_ARENA_MAX ((size_t)256 << 20)
#define SEEN_HOLDS_US (INT64_C(10) * 1000000)

struct list {
    struct weft_context *context;
    struct weft_arena *arena;
    struct weft_session_table *tables;
    size_t count, capacity;
};

static int table_compare(const void *a, const void *b)
{
    const struct weft_session_table *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static struct weft_session_table *table_find(const struct list *list, const char *name)
{
    struct weft_session_table key = {.name = name};
    return list->count == 0 ? NULL
                            : bsearch(&key, list->tables, list->count, sizeof key, table_compare);
}

static int table_add(struct list *list, const char *name, bool mesh, struct weft_error *error)
{
    char *kept = weft_arena_strdup(list->arena, name);
    if (kept == NULL || weft_arena_reserve(list->arena, &list->tables, &list->capacity,
                                           list->count + 1, sizeof *list->tables) < 0)
        return weft_error_nomem(error);
    list->tables[list->count++] = (struct weft_session_table){.name = kept, .mesh = mesh};
    return 0;
}

static int columns_room(struct list *list, struct weft_session_table *table, size_t need,
                        struct weft_session_column **out, struct weft_error *error)
{
    /* Powers of two: the table keeps no capacity of its own. */
    struct weft_session_column *columns = (struct weft_session_column *)(uintptr_t)table->columns;
    if (columns == NULL || (need & (need - 1)) == 0) {
        columns = weft_arena_array(list->arena, 2 * need, sizeof *columns);
        if (columns == NULL)
            return weft_error_nomem(error);
        if (table->column_count > 0)
            memcpy(columns, table->columns, table->column_count * sizeof *columns);
        table->columns = columns;
    }
    *out = columns;
    return 0;
}

static int column_add(struct list *list, struct weft_session_table *table, const char *name,
                      const char *type, struct weft_error *error)
{
    struct weft_session_column *columns = NULL;
    WEFT_TRY(columns_room(list, table, table->column_count + 1, &columns, error));
    struct weft_session_column *column = &columns[table->column_count];
    column->name = weft_arena_strdup(list->arena, name);
    column->type = weft_arena_strdup(list->arena, type == NULL ? "" : type);
    if (column->name == NULL || column->type == NULL)
        return weft_error_nomem(error);
    table->column_count++;
    return 0;
}

static int mesh_add(struct list *list, struct weft_error *error)
{
    for (size_t i = 0; i < weft_mesh_table_count(); i++) {
        const struct weft_mesh_table *mesh = weft_mesh_table_nth(i);
        char *name = weft_arena_format(list->arena, "mesh.%s", mesh->name);
        if (name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(table_add(list, name, true, error));
        for (size_t c = 0; c < mesh->column_count; c++)
            WEFT_TRY(column_add(list, &list->tables[list->count - 1], mesh->columns[c].name,
                                mesh->columns[c].type, error));
    }
    return 0;
}

static int products_read(struct list *list, struct weft_ledger_txn *txn,
                         const struct weft_request *request, struct weft_error *error)
{
    struct weft_mesh_cursor *stmt;
    int rc, name = weft_op_mesh_column("products", "product");
    WEFT_TRY(weft_mesh_table_open(txn, NULL, "products", request->sequence, request->time_us, &stmt,
                                  error));
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0 &&
           (rc = table_add(list, weft_mesh_cursor_text(stmt, name), false, error)) == 0)
        continue;
    weft_mesh_cursor_free(stmt);
    return rc < 0 ? rc : 0;
}

static int columns_read(struct list *list, struct weft_ledger_txn *txn,
                        const struct weft_request *request, struct weft_error *error)
{
    struct weft_mesh_cursor *stmt;
    int rc, product = weft_op_mesh_column("columns", "product");
    int name = weft_op_mesh_column("columns", "column");
    int type = weft_op_mesh_column("columns", "type");
    WEFT_TRY(weft_mesh_table_open(txn, NULL, "columns", request->sequence, request->time_us, &stmt,
                                  error));
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0) {
        struct weft_session_table *table = table_find(list, weft_mesh_cursor_text(stmt, product));
        if (table != NULL && !table->mesh)
            rc = column_add(list, table, weft_mesh_cursor_text(stmt, name),
                            weft_mesh_cursor_text(stmt, type), error);
        if (rc < 0)
            break;
    }
    weft_mesh_cursor_free(stmt);
    return rc < 0 ? rc : 0;
}

/* A product that he may know, with the columns as he would get them. */
static int seen_add(struct list *list, struct weft_ledger_txn *txn,
                    const struct weft_registered *product, struct weft_error *error)
{
    struct weft_seen seen;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    WEFT_TRY(weft_seen_table(list->context, txn, product, &seen, error));
    WEFT_TRY(table_add(list, product->name, false, error));
    for (size_t i = 0; i < seen.column_count; i++) {
        weft_buf_clear(&type);
        weft_type_print(seen.columns[i].type, &type);
        WEFT_TRY(weft_buf_check(&type, error));
        WEFT_TRY(column_add(list, &list->tables[list->count - 1], seen.columns[i].name, type.data,
                            error));
    }
    return 0;
}

static int seen_read(struct list *list, struct weft_ledger_txn *txn, struct weft_error *error)
{
    struct weft_registered_list all;
    WEFT_TRY(weft_catalog_products(txn, list->context->arena, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_sight *sight;
        WEFT_TRY(weft_sight_get(list->context, txn, 0, &sight, error));
        if (weft_sight_major(sight, all.items[i].full_name, all.items[i].major) != NULL)
            WEFT_TRY(seen_add(list, txn, &all.items[i], error));
    }
    qsort(list->tables, list->count, sizeof *list->tables, table_compare);
    return 0;
}

static int names_read(struct list *list, struct weft_ledger_txn *txn,
                      const struct weft_request *request, struct weft_error *error)
{
    WEFT_TRY(mesh_add(list, error));
    if (!weft_request_is_local(request))
        return seen_read(list, txn, error);
    WEFT_TRY(products_read(list, txn, request, error));
    qsort(list->tables, list->count, sizeof *list->tables, table_compare);
    return columns_read(list, txn, request, error);
}

/* What somebody may know ends with a grant, without an entry in the ledger. */
static bool names_hold(const struct weft_session_names *names, const struct weft_request *request,
                       int64_t sequence)
{
    return names->arena != NULL && names->sequence == sequence &&
           (weft_request_is_local(request) || (request->time_us >= names->time_us &&
                                               request->time_us < names->time_us + SEEN_HOLDS_US));
}

static int names_make(struct weft_context *context, struct weft_ledger_txn *txn,
                      struct weft_session_names *names, struct weft_error *error)
{
    struct list list = {.context = context, .arena = weft_arena_new(NAMES_ARENA_MAX)};
    if (list.arena == NULL)
        return weft_error_nomem(error);
    if (names_read(&list, txn, &context->request, error) < 0) {
        weft_arena_free(list.arena);
        return -1;
    }
    weft_session_names_release(names);
    *names = (struct weft_session_names){list.arena, context->request.sequence,
                                         context->request.time_us, list.tables, list.count};
    return 0;
}

int weft_session_names(struct weft_session *session, struct weft_session_names *names,
                       struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_ledger_head head;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_ledger(session->context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    struct weft_context own = *session->context;
    WEFT_TRY(weft_who_again(session->context, &own.request, error));
    own.request.sequence = head.sequence;
    if (names_hold(names, &own.request, head.sequence))
        return 0;
    own.trust = NULL; /* of this moment alone, as what is asked for is */
    own.sight = NULL;
    own.arena = weft_arena_new(NAMES_ARENA_MAX);
    int rc = own.arena == NULL ? weft_error_nomem(error) : names_make(&own, txn, names, error);
    weft_sight_unref(own.sight);
    weft_trust_free(own.trust);
    weft_arena_free(own.arena);
    return rc;
}

void weft_session_names_release(struct weft_session_names *names)
{
    weft_arena_free(names->arena);
    *names = (struct weft_session_names){0};
}

const struct weft_session_table *weft_session_table(const struct weft_session_names *names,
                                                    const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (weft_equal_fold(names->tables[i].name, name))
            return &names->tables[i];
    }
    return NULL;
}
