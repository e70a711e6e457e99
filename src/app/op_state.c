/*
 * op_state.c - state export: what the home has registered, as one file (state.h says what is in
 * it).
 */
#include "app/ops_internal.h"
#include "app/query_internal.h"
#include "context/state.h"
#include "plan/book.h"

#include "base/fs.h"
#include "ledger/sql.h"

#include <string.h>

/* A table that does not read is doctor's business, here as in a plan. */
static int outline_write(struct weft_ledger *ledger, const char *metadata,
                         struct weft_json_writer *json, struct weft_error *error)
{
    struct weft_error why = WEFT_ERROR_INIT;
    struct weft_table *table;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new((size_t)1 << 30);
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_table_load(arena, weft_ledger_home(ledger), metadata, &table, &why);
    if (rc < 0 && why.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    weft_json_key(json, "outline");
    if (rc == 0)
        weft_table_outline_write(table, json);
    else
        weft_json_put_null(json);
    return 0;
}

static int lake_write(struct weft_ledger *ledger, struct weft_ledger_txn *txn,
                      struct weft_json_writer *json, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT t.table_name, t.metadata, (SELECT count(*) FROM lake_snapshots s WHERE s.space = "
        "t.space AND s.table_name = t.table_name AND s.seq_to IS NULL) FROM lake_tables t "
        "WHERE t.space = ?1 AND t.seq_to IS NULL ORDER BY t.table_name",
        "t", WEFT_SPACE_LAKE));
    weft_json_begin_array(json);
    weft_buf_addc(json->out, '\n');
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        weft_json_begin_object(json);
        weft_json_member_text(json, "table", weft_stmt_column_text(stmt, 0));
        weft_json_member_int(json, "snapshots", weft_stmt_column_int(stmt, 2));
        WEFT_TRY(outline_write(ledger, weft_stmt_column_text(stmt, 1), json, error));
        weft_json_end_object(json);
        weft_buf_addc(json->out, '\n');
    }
    WEFT_TRY(rc);
    weft_json_end_array(json);
    return weft_stmt_check(stmt, error);
}

static int home_write(struct weft_ledger *ledger, struct weft_ledger_txn *txn, bool lake,
                      struct weft_json_writer *json, struct weft_error *error)
{
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    weft_json_begin_object(json);
    weft_json_key(json, "head");
    weft_json_begin_object(json);
    weft_json_member_int(json, "sequence", head.sequence);
    weft_json_member_int(json, "time_us", head.time_us);
    weft_json_member_text(json, "hash", head.hash);
    weft_json_end_object(json);
    weft_json_key(json, "catalog");
    WEFT_TRY(weft_ledger_state_write(txn, json, error));
    weft_json_key(json, "lake");
    if (lake)
        WEFT_TRY(lake_write(ledger, txn, json, error));
    else
        weft_json_put_raw(json, "[]", 2);
    weft_json_end_object(json);
    return 0;
}

static int deferred_write(struct weft_context *context, struct weft_json_writer *json,
                          struct weft_error *error)
{
    const struct weft_run_deferred *deferred;
    struct weft_ledger_txn *txn = NULL;
    weft_json_key(json, "deferred");
    WEFT_TRY(weft_context_deferred(context, &deferred, error));
    if (deferred == NULL) {
        weft_json_put_null(json);
        return 0;
    }
    weft_json_begin_object(json);
    weft_json_member_text(json, "environment", deferred->environment);
    weft_json_key(json, "home");
    WEFT_TRY(weft_context_deferred_txn(context, &txn, error));
    if (txn == NULL)
        weft_json_put_null(json);
    else /* its tables are only read */
        WEFT_TRY(home_write(weft_ledger_of(txn), txn, false, json, error));
    weft_json_end_object(json);
    return 0;
}

int weft_state_print(struct weft_context *context, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_json_writer json;
    const char *mesh = NULL;
    WEFT_TRY(weft_book_begin(context, &txn, error));
    if (txn != NULL)
        WEFT_TRY(weft_lake_mesh(txn, context->arena, &mesh, error) < 0 ? -1 : 0);
    weft_json_writer_init(&json, out);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "format", WEFT_STATE_FORMAT);
    weft_json_member_text(&json, "weft", WEFT_VERSION);
    weft_json_member_text(&json, "mesh", mesh);
    weft_json_member_text(&json, "environment", context->environment);
    weft_json_key(&json, "home");
    if (txn == NULL)
        weft_json_put_null(&json);
    else
        WEFT_TRY(home_write(context->ledger, txn, true, &json, error));
    WEFT_TRY(deferred_write(context, &json, error));
    weft_json_end_object(&json);
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

/* ---- the operation ---- */

static const struct weft_op_arg state_args[] = {
    {"what", 0, WEFT_ARG_WORD_NEEDED, "export", "Write the state."},
    {"out", 'o', WEFT_ARG_TEXT, "FILE", "To a file, whole or not at all, instead of the screen."},
};

static int state_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    const char *what = weft_op_text(request, "what");
    const char *path = weft_op_text(request, "out");
    const char *home;
    struct weft_output_file target;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, WEFT_STATE_MAX);
    if (strcmp(what, "export") != 0)
        return weft_error_set(error, WEFT_E_USAGE, "`weft state` knows export, not `%s`", what);
    WEFT_TRY(weft_state_print(context, &text, error));
    if (path == NULL)
        return weft_out_bytes(out, text.data, text.length, error);
    WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_TRY(weft_output_file_open(context->arena, home, path, &target, error));
    int rc = weft_fs_write(target.fd, text.data, text.length, path, error);
    return weft_output_file_end(&target, rc, error);
}

const struct weft_op weft_op_state = {
    .name = "state",
    .group = "home",
    .summary = "Write what the home has registered to a file, for plans made elsewhere.",
    .help = "`weft plan --against FILE` then says what `weft plan` would say at the home, where "
            "there is no home: in a build of a pull request. The file holds contracts, owners, "
            "lineage, policies and whom they decide about; no row, no key, no password, and not "
            "where the home lies. Nothing of it is trusted: `apply` plans anew.",
    .args = state_args,
    .arg_count = WEFT_COUNT(state_args),
    .run = state_run,
};
