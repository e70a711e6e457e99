/*
 * query.c - opens a query: transaction, sequence, instance, seal, resolved text; writes the audit.
 */
#include "app/query_internal.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/mesh_table.h"
#include "engine/protect.h"
#include "flow/quarantine.h"
#include "flow/run.h"
#include "trust/audit.h"
#include "trust/treat_key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The program, its library and what rows wait to be written in, beside the memory of the query. */
#define QUERY_RSS_SLACK ((int64_t)192 << 20)

void weft_query_init(struct weft_query *query, struct weft_context *context)
{
    *query = (struct weft_query){
        .context = context, .target.fd = -1, .started_us = weft_clock_mono_us()};
    weft_buf_init(&query->sql, (size_t)64 << 20);
}

void weft_query_release(struct weft_query *query)
{
    weft_engine_close(query->engine);
    weft_temp_remove(&query->temp);
    weft_slot_close(query->slot);
    weft_sight_unref(query->sight);
    weft_ledger_end(query->deferred);
    weft_ledger_end(query->txn);
    weft_buf_release(&query->sql);
    weft_map_free(query->told);
}

/* ---- opening ---- */

/* WEFT_NOT_THERE for a snapshot of what he may not know of, as for one that there never was. */
static int snapshot_known(struct weft_query *query, struct weft_error *error)
{
    const struct weft_request *request = &query->context->request;
    const struct weft_sight *sight;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *cursor = NULL;
    WEFT_TRY(weft_sight_get(query->context, query->txn, 0, &sight, error));
    if (sight == NULL)
        return 0;
    WEFT_TRY(weft_mesh_table_open(query->txn, weft_sight_view(sight), "snapshots",
                                  request->sequence, request->time_us, &cursor, error));
    int id = weft_mesh_table_column(weft_mesh_table_find("snapshots"), "snapshot_id");
    int rc;
    while ((rc = weft_mesh_cursor_step(cursor, error)) == 0) {
        if (weft_mesh_cursor_int(cursor, id) == query->as_of_snapshot)
            return 0;
    }
    return rc < 0 ? rc : WEFT_NOT_THERE;
}

/* --as-of TIME or SNAPSHOT is a sequence: of all tables, the mesh's too. */
static int query_fix_past(struct weft_query *query, struct weft_error *error)
{
    int64_t *sequence = &query->context->request.sequence;
    if (query->as_of_snapshot == 0)
        return query->as_of_us == 0
                   ? 0
                   : weft_ledger_sequence_at(query->txn, query->as_of_us, sequence, error);
    int rc = snapshot_known(query, error);
    if (rc == 0)
        rc = weft_pointer_of_snapshot(query->txn, WEFT_SPACE_LAKE, query->as_of_snapshot, sequence,
                                      &query->as_of_us, error);
    /* With all that its run changed: rows set aside, states, the record. */
    if (rc == 0)
        rc = weft_run_of_snapshot(query->txn, query->as_of_snapshot, sequence, &query->as_of_us,
                                  error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    weft_error_set(error, WEFT_E_NOT_FOUND, "no product has a snapshot %" PRId64,
                   query->as_of_snapshot);
    return weft_error_hint(error, "`weft snapshots PRODUCT` lists them");
}

/* One read transaction, one sequence. */
static int query_fix(struct weft_query *query, struct weft_error *error)
{
    struct weft_ledger *ledger, *deferred = NULL;
    struct weft_ledger_head head;
    WEFT_TRY(weft_context_ledger(query->context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &query->txn, error));
    WEFT_TRY(weft_ledger_head(query->txn, &head, error));
    query->context->request.sequence = head.sequence;
    WEFT_TRY(query_fix_past(query, error));
    WEFT_TRY(weft_context_deferred_ledger(query->context, &deferred, error));
    if (deferred != NULL)
        WEFT_TRY(weft_ledger_begin_read(deferred, &query->deferred, error));
    return weft_slot_open(weft_ledger_home(ledger), head.sequence, &query->slot, error);
}

/* From the watcher's thread: this process is the query's worker, and only its end stops it. What
 * DuckDB spilled lies in unlinked or swept files; nothing of the home is open for writing. */
static void query_stuck(void *arg, enum weft_code code)
{
    struct weft_query *query = arg;
    const char *text = code == WEFT_E_LIMIT ? "the query takes more memory than it may; stopped"
                       : code == WEFT_E_TIMEOUT
                           ? "the query ran longer than query_timeout and did not stop; ended"
                           : "the query did not stop on request; ended";
    struct weft_diag_item item = {.severity = WEFT_SEVERITY_ERROR,
                                  .code = code,
                                  .file = "",
                                  .message = (char *)(uintptr_t)text};
    struct weft_error ignored = WEFT_ERROR_INIT;
    query->out->note(query->out->arg, &item);
    if (query->target.temp != NULL && weft_fs_unlink(query->target.temp, &ignored) < 0)
        _exit(weft_code_exit_status(code)); /* told already; what is left lies beside the target */
    _exit(weft_code_exit_status(code));
}

/* What treatments are keyed with; the operator sees none. */
static int query_protect(struct weft_query *query, const char *home, struct weft_error *error)
{
    unsigned char key[WEFT_TREAT_KEY_BYTES];
    WEFT_TRY(weft_treat_key(home, key, error));
    int rc = weft_engine_protect(query->engine, key, sizeof key, error);
    explicit_bzero(key, sizeof key);
    return rc;
}

static int query_engine(struct weft_query *query, const struct weft_settings *settings,
                        struct weft_error *error)
{
    struct weft_arena *arena = query->context->arena;
    bool local = weft_request_is_local(&query->context->request);
    const char *home = weft_ledger_home(query->context->ledger);
    const char *base = weft_settings_text(settings, WEFT_SETTING_TEMP_DIR);
    if (base[0] == '\0')
        base = weft_arena_format(arena, "%s/tmp", home);
    if (base == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_temp_make(base, WEFT_LEFTOVER_QUERY, &query->temp, error));
    const char *folders[] = {
        weft_arena_format(arena, "%s/lake", home), weft_arena_format(arena, "%s/quarantine", home),
        query->temp.path,
        query->deferred == NULL
            ? ""
            : weft_arena_format(arena, "%s/lake", query->context->deferred.home)};
    if (folders[0] == NULL || folders[1] == NULL || folders[2] == NULL || folders[3] == NULL)
        return weft_error_nomem(error);
    /* The limit is of DuckDB's own accounting; the process goes to 1.25 times of it. */
    struct weft_engine_config config = {
        .memory_bytes = weft_settings_number(settings, WEFT_SETTING_MEMORY) / 5 * 4,
        .threads = (int)weft_settings_number(settings, WEFT_SETTING_THREADS),
        .temp_dir = query->temp.path,
        .temp_size_max = weft_settings_number(settings, WEFT_SETTING_TEMP_SIZE_MAX),
        .folders = folders,
        .folder_count = WEFT_COUNT(folders) - (query->deferred == NULL),
        .files = &query->own_file,
        .file_count = query->own_file != NULL,
        .keep_order = true,
    };
    WEFT_TRY(weft_engine_open(&config, &query->engine, error));
    WEFT_TRY(weft_mesh_tables_attach(query->engine, query->txn, query->context->request.sequence,
                                     query->context->request.time_us, local ? NULL : &query->view,
                                     error));
    if (!local)
        WEFT_TRY(query_protect(query, home, error));
    WEFT_TRY(weft_engine_seal(query->engine, error));
    if (query->out != NULL)
        weft_engine_on_stuck(query->engine, config.memory_bytes / 4 * 5 + QUERY_RSS_SLACK,
                             query_stuck, query);
    int64_t timeout = weft_settings_number(settings, WEFT_SETTING_QUERY_TIMEOUT);
    query->context->request.deadline_us = query->started_us + timeout;
    weft_engine_watch(query->engine, query->context->request.deadline_us);
    return 0;
}

static void query_denied(struct weft_query *query);

int weft_query_open(struct weft_query *query, struct weft_error *error)
{
    const struct weft_settings *settings;
    struct weft_context *context = query->context;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    WEFT_TRY(query_fix(query, error));
    WEFT_TRY(query_engine(query, settings, error));
    struct weft_resolve_options options = {
        .resolve = weft_query_resolve,
        .suggest = weft_query_suggest,
        .member = weft_query_member,
        .arg = query,
        .now_us = query->as_of_us != 0 ? WEFT_MIN(query->as_of_us, context->request.time_us)
                                       : context->request.time_us,
        .principal = context->request.principal,
        .size_max = weft_settings_number(settings, WEFT_SETTING_SQL_SIZE_MAX),
        .depth_max = (int)weft_settings_number(settings, WEFT_SETTING_SQL_DEPTH_MAX),
        .file = query->file,
        .line_offset = query->line_offset,
        .column_offset = query->column_offset,
    };
    if (weft_resolve(query->engine, context->arena, query->sql.data, query->sql.length, &options,
                     &query->resolved, error) < 0) {
        query_denied(query);
        return -1;
    }
    return weft_query_audit_begin(query, error);
}

int weft_query_open_own(struct weft_query *query, struct weft_error *error)
{
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(query->context, &settings, error));
    WEFT_TRY(query_fix(query, error));
    WEFT_TRY(query_engine(query, settings, error));
    query->resolved = (struct weft_resolved){.sql = query->sql.data};
    return 0;
}

/* ---- audit ---- */

static int sources_print(const struct weft_query *query, struct weft_buf *products,
                         struct weft_buf *columns, struct weft_error *error)
{
    for (size_t i = 0; i < query->resolved.source_count; i++) {
        const struct weft_resolved_source *source = &query->resolved.sources[i];
        weft_buf_addf(products, "%s%s", i == 0 ? "" : ",", source->product);
        for (size_t c = 0; c < source->column_count; c++)
            weft_buf_addf(columns, "%s%s.%s", columns->length == 0 ? "" : ",", source->product,
                          source->columns[c]);
    }
    WEFT_TRY(weft_buf_check(products, error));
    return weft_buf_check(columns, error);
}

static struct weft_audit_read query_read(const struct weft_query *query, const char *hash)
{
    return (struct weft_audit_read){.request = &query->context->request,
                                    .door = "cli",
                                    .command = query->context->command,
                                    .sql_hash = hash,
                                    .agreement = query->agreement,
                                    .rows = 0,
                                    .duration_us = weft_clock_mono_us() - query->started_us};
}

/* The text that was asked is hashed: there is no secured one. The refusal stands in any case. */
static void query_denied(struct weft_query *query)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    char hash[WEFT_SHA256_HEX];
    if (query->denied == NULL ||
        weft_sha256_hex(query->sql.data, query->sql.length, hash, &ignored) < 0)
        return;
    struct weft_audit_read read = query_read(query, hash);
    read.products = query->denied;
    read.columns = "";
    read.decision = "no";
    read.reason = query->reason;
    if (weft_audit_append(query->context->ledger, &read, &ignored) < 0 && query->out != NULL)
        weft_out_warn(query->out, "the denial does not stand in the audit: %s", ignored.message);
}

int weft_query_audit_begin(struct weft_query *query, struct weft_error *error)
{
    char hash[WEFT_SHA256_HEX];
    const char *sql = query->resolved.sql;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf columns;
    weft_buf_init(&products, 65536);
    weft_buf_init(&columns, 1 << 20);
    WEFT_TRY(weft_sha256_hex(sql, strlen(sql), hash, error));
    WEFT_TRY(sources_print(query, &products, &columns, error));
    struct weft_audit_read read = query_read(query, hash);
    read.products = products.length == 0 ? "" : products.data;
    read.columns = columns.length == 0 ? "" : columns.data;
    read.decision = "yes";
    bool local = weft_request_is_local(&query->context->request);
    read.reason = query->reason != NULL ? query->reason
                  : local               ? "local operator"
                                        : "reads no product";
    return weft_audit_begin(query->context->ledger, &read, query->audit, error);
}

int weft_query_audit(struct weft_query *query, int result, struct weft_error *error)
{
    if (query->audit[0] == '\0') /* never begun: nothing was read */
        return 0;
    const struct weft_audit_done done = {.rows = query->rows,
                                         .duration_us = weft_clock_mono_us() - query->started_us,
                                         .good = result >= 0};
    return weft_audit_end(query->context->ledger, query->audit, &done, error);
}
