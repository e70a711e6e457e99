/*
 * candidates.c - the lists of candidates.h. No product file is read: of a thousand that would take
 * longer than a person waits for a key. Somebody (--as, a key) gets what he may know of the home,
 * and nothing of the checkout, which is not his.
 */
#include "app/candidates.h"

#include "app/ops_internal.h"
#include "context/sight.h"
#include "context/who.h"

#include "base/fs.h"
#include "base/text.h"
#include "engine/mesh_table.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 50
#define SNAPSHOTS_MAX 50
/* No environment has this name; of a mesh that is loaded for it only weft.yaml is read. */
#define ENVIRONMENT_NONE ""

/* The mesh file alone. NULL = none. */
static struct weft_mesh *mesh_file(struct weft_context *context)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    struct weft_mesh *mesh = NULL;
    weft_diag_init(&diag);
    if (context->root == NULL && weft_mesh_find_root(context->start, &context->root, &ignored) < 0)
        return NULL;
    if (weft_mesh_load(context->root, ENVIRONMENT_NONE, &diag, &mesh, &ignored) < 0)
        return NULL;
    return mesh;
}

void weft_candidates_environments(const struct weft_candidates *to)
{
    WEFT_CLEANUP(weft_mesh_freep) struct weft_mesh *mesh = mesh_file(to->context);
    for (size_t i = 0; mesh != NULL && i < mesh->environment_count; i++)
        to->fn(to->arg, mesh->environments[i].name);
}

void weft_candidates_settings(const struct weft_candidates *to)
{
    for (int i = 0; i < WEFT_SETTING_COUNT; i++)
        to->fn(to->arg, weft_setting_name((enum weft_setting)i));
}

/* ---- the home ---- */

/* Where weft_context_home would find it, but without the product files. */
static void home_find(struct weft_context *context)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    const char *named = getenv("WEFT_HOME");
    if (context->home != NULL || context->home_flag != NULL || (named != NULL && named[0] != '\0'))
        return;
    WEFT_CLEANUP(weft_mesh_freep) struct weft_mesh *mesh = mesh_file(context);
    const struct weft_environment *environment =
        mesh == NULL ? NULL : weft_mesh_environment(mesh, context->environment);
    if (environment == NULL || weft_mesh_home(mesh, environment, &context->home, &ignored) < 0)
        context->home = NULL;
}

/* Who asks, once; not the operator where the command would not run for somebody. */
static int who_begin(const struct weft_candidates *to, struct weft_error *error)
{
    static const struct weft_op looking = {.name = "complete", .who = WEFT_OP_PRINCIPAL};
    bool refused = to->op != NULL && to->op->who == WEFT_OP_OPERATOR;
    if (!weft_who_somebody(to->context) || !weft_request_is_local(&to->context->request))
        return 0;
    return weft_who_begin(to->context, refused ? to->op : &looking, error);
}

static int home_begin(const struct weft_candidates *to, struct weft_ledger_txn **txn,
                      const struct weft_sight **sight, struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_ledger_head head;
    struct weft_context *context = to->context;
    home_find(context);
    if (context->home == NULL && context->home_flag == NULL && getenv("WEFT_HOME") == NULL)
        return WEFT_NOT_THERE;
    WEFT_TRY(who_begin(to, error));
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, txn, error));
    WEFT_TRY(weft_ledger_head(*txn, &head, error));
    context->request.sequence = head.sequence;
    return weft_sight_get(context, *txn, 0, sight, error);
}

static void tell(const struct weft_candidates *to, const char *format, ...) WEFT_PRINTF(2, 3);
static void tell(const struct weft_candidates *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = weft_arena_formatv(to->context->arena, format, args);
    va_end(args);
    if (text != NULL)
        to->fn(to->arg, text);
}

/* ---- products ---- */

static void registered_tell(const struct weft_candidates *to,
                            const struct weft_registered_digest *product, bool newest,
                            bool selection)
{
    if (newest)
        to->fn(to->arg, product->full_name);
    else
        tell(to, "%s@%d", product->full_name, product->major);
    for (size_t i = 0; selection && i < product->tags.count; i++)
        tell(to, "tag:%s", product->tags.items[i]);
    const char *dot = strchr(product->full_name, '.');
    if (selection && dot != NULL)
        tell(to, "%.*s.*", (int)(dot - product->full_name), product->full_name);
}

/* May it be offered: not retired, and he may know of it. sight NULL = all of it. */
static bool offered(const struct weft_registered_digest *product, const struct weft_sight *sight)
{
    return !product->retired &&
           (sight == NULL || weft_sight_major(sight, product->full_name, product->major) != NULL);
}

static void home_products(const struct weft_candidates *to, bool selection)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_registered_digest *items = NULL;
    const struct weft_sight *sight;
    size_t count = 0;
    if (home_begin(to, &txn, &sight, &ignored) != 0 ||
        weft_catalog_digests(txn, to->context->arena, &items, &count, &ignored) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        bool newest = true;
        if (!offered(&items[i], sight))
            continue;
        for (size_t j = 0; j < count; j++) {
            if (j != i && items[j].major > items[i].major && offered(&items[j], sight) &&
                strcmp(items[j].full_name, items[i].full_name) == 0)
                newest = false;
        }
        registered_tell(to, &items[i], newest, selection);
    }
}

/* domains/<domain>/<product>/data_product.yaml: not registered yet, perhaps. */
static void folder_products(const struct weft_candidates *to, const char *domains,
                            const char *domain)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_fs_list list = {0};
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(domains, domain);
    if (path == NULL || weft_fs_list(path, &list, &ignored) != 0)
        return;
    for (size_t i = 0; i < list.count; i++) {
        WEFT_CLEANUP(weft_freep)
        char *file = weft_format("%s/%s/data_product.yaml", path, list.names[i]);
        if (file != NULL && weft_name_valid(list.names[i]) && weft_fs_exists(file))
            tell(to, "%s.%s", domain, list.names[i]);
    }
    weft_fs_list_free(&list);
}

static void checkout_products(const struct weft_candidates *to)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_context *context = to->context;
    struct weft_fs_list list = {0};
    if (context->root == NULL && weft_mesh_find_root(context->start, &context->root, &ignored) < 0)
        return;
    WEFT_CLEANUP(weft_freep) char *domains = weft_path_join(context->root, "domains");
    if (domains == NULL || weft_fs_list(domains, &list, &ignored) != 0)
        return;
    for (size_t i = 0; i < list.count; i++) {
        if (weft_name_valid(list.names[i]))
            folder_products(to, domains, list.names[i]);
    }
    weft_fs_list_free(&list);
}

void weft_candidates_products(const struct weft_candidates *to, bool selection)
{
    home_products(to, selection);
    if (!weft_who_somebody(to->context))
        checkout_products(to);
    if (selection) {
        to->fn(to->arg, "state:modified");
        to->fn(to->arg, "state:new");
    }
}

/* ---- runs, snapshots ---- */

/* Counted over rows, so for who may read all of them. */
static bool counted(const struct weft_sight *sight, const char *product)
{
    const struct weft_sight_item *item = sight == NULL ? NULL : weft_sight_named(sight, product);
    if (item == NULL && sight != NULL)
        item = weft_sight_table(sight, product);
    return sight == NULL || (item != NULL && item->whole);
}

static void column_tell(const struct weft_candidates *to, const char *table, const char *column,
                        const char *product, int limit)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_mesh_cursor *stmt;
    const struct weft_sight *sight;
    int value = weft_op_mesh_column(table, column), of = weft_op_mesh_column(table, "product");
    if (home_begin(to, &txn, &sight, &ignored) != 0 ||
        weft_mesh_table_open(txn, weft_sight_view(sight), table, to->context->request.sequence,
                             to->context->request.time_us, &stmt, &ignored) < 0)
        return;
    while (limit > 0 && weft_mesh_cursor_step(stmt, &ignored) == 0) {
        const char *whose = weft_mesh_cursor_text(stmt, of);
        if ((product != NULL && strcmp(whose, product) != 0) || !counted(sight, whose))
            continue;
        tell(to, "%s", weft_mesh_cursor_text(stmt, value));
        limit--;
    }
    weft_mesh_cursor_free(stmt);
}

void weft_candidates_runs(const struct weft_candidates *to)
{
    column_tell(to, "runs", "run_id", NULL, RUNS_MAX);
}

void weft_candidates_snapshots(const struct weft_candidates *to, const char *product)
{
    column_tell(to, "snapshots", "snapshot_id", product, SNAPSHOTS_MAX);
}
