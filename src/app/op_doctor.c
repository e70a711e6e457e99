/*
 * op_doctor.c - doctor: is this machine and this home fit; --rebase after a home was moved.
 */
#include "app/ops_internal.h"
#include "context/connections.h"

#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/engine.h"
#include "flow/rebase.h"
#include "flow/run.h"
#include "lake/pointer.h"
#include "trust/audit.h"

#include <stdio.h>
#include <string.h>

static const struct weft_op_arg doctor_args[] = {
    {"rebase", 0, WEFT_ARG_FLAG, NULL, "After the home was moved: rewrite the absolute paths."},
};

struct doctor {
    struct weft_context *context;
    struct weft_out *out;
    size_t bad;
};

static const struct weft_out_column doctor_columns[] = {
    {"check", false, false}, {"ok", false, false}, {"finding", false, false}};

static int finding(struct doctor *doctor, const char *check, bool ok, const char *text,
                   struct weft_error *error)
{
    const struct weft_cell cells[] = {weft_out_cell_text(check), weft_out_cell_bool(ok),
                                      weft_out_cell_text(text)};
    doctor->bad += !ok;
    return weft_out_row(doctor->out, cells, error);
}

static int doctor_machine(struct doctor *doctor, const char *home, struct weft_error *error)
{
    char text[256], size[32];
    weft_format_size(weft_system_memory_bytes(), size, sizeof size);
    snprintf(text, sizeof text, "%s of memory, %d processors", size, weft_system_cpus());
    WEFT_TRY(finding(doctor, "machine", true, text, error));
    bool network = weft_fs_is_network(home);
    return finding(doctor, "file system", !network,
                   network ? "a network file system: locks and syncs cannot be trusted" : "local",
                   error);
}

static int doctor_engine(struct doctor *doctor, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    struct weft_engine_config config = {.memory_bytes = (int64_t)256 << 20, .threads = 1};
    int rc = weft_engine_open(&config, &engine, &own);
    if (rc == 0)
        rc = weft_engine_exec(engine, "select 1", NULL, &own);
    return finding(doctor, "libduckdb", rc == 0, rc == 0 ? "opens and answers" : own.message,
                   error);
}

static int doctor_ledger(struct doctor *doctor, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    struct weft_ledger_report report;
    char text[128];
    bool ok = weft_ledger_verify(doctor->context->ledger, &report, &own) == 0;
    snprintf(text, sizeof text, "%" PRId64 " entries, chain and signatures hold", report.entries);
    WEFT_TRY(finding(doctor, "ledger", ok, ok ? text : own.message, error));
    ok = weft_ledger_rebuild(doctor->context->ledger, true, &report, &own) == 0;
    WEFT_TRY(
        finding(doctor, "folded tables", ok, ok ? "equal to the entries" : own.message, error));
    int64_t lines = 0;
    ok = weft_audit_verify_all(doctor->context->ledger, &lines, &own) == 0;
    snprintf(text, sizeof text, "%" PRId64 " lines, chain and end hold", lines);
    return finding(doctor, "audit", ok, ok ? text : own.message, error);
}

/* Metadata holds absolute paths, for other programs: after a move they name the old place. weft
 * itself reads on. */
static int doctor_place(struct doctor *doctor, struct weft_error *error)
{
    const char *home = weft_ledger_home(doctor->context->ledger);
    char text[1200] = "nothing was published yet";
    bool ok = true;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(doctor->context->ledger, &txn, error));
    WEFT_TRY(
        weft_stmt_prepare(txn, "SELECT root FROM lake_catalog WHERE seq_to IS NULL", &stmt, error));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == 0) {
        const char *root = weft_stmt_column_text(stmt, 0);
        ok = strcmp(root, home) == 0;
        snprintf(text, sizeof text,
                 ok ? "tables name their files here"
                    : "tables name their files below %s: `weft doctor --rebase`",
                 root);
    }
    return finding(doctor, "place", ok, text, error);
}

/* Every current table opens and all its files are there. */
static int doctor_tables(struct doctor *doctor, struct weft_error *error)
{
    struct weft_arena *arena = doctor->context->arena;
    const char *home = weft_ledger_home(doctor->context->ledger);
    struct weft_registered_list list;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(doctor->context->ledger, &txn, error));
    WEFT_TRY(weft_catalog_products(txn, arena, &list, error));
    size_t tables = 0, files = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct weft_error own = WEFT_ERROR_INIT;
        struct weft_pointer pointer;
        struct weft_table *table;
        struct weft_data_files data = {0}, deletes;
        int rc =
            weft_pointer_get(txn, arena, WEFT_SPACE_LAKE, list.items[i].table, 0, &pointer, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE)
            continue;
        rc = weft_table_load(arena, home, pointer.metadata, &table, &own);
        if (rc == 0 && weft_table_current(table) != NULL)
            rc = weft_table_files(arena, home, table, weft_table_current(table), &data, &deletes,
                                  &own);
        if (rc < 0)
            WEFT_TRY(finding(doctor, list.items[i].full_name, false, own.message, error));
        tables++;
        files += data.count;
    }
    char text[128];
    snprintf(text, sizeof text, "%zu table%s, %zu data file%s", tables, tables == 1 ? "" : "s",
             files, files == 1 ? "" : "s");
    return finding(doctor, "tables", true, text, error);
}

/* What follows a publication: files to their done: folder, old metadata away. */
static int doctor_outbox(struct doctor *doctor, struct weft_error *error)
{
    struct weft_outbox_item *items = NULL;
    size_t count = 0;
    char text[2048];
    WEFT_TRY(
        weft_outbox_failed(doctor->context->ledger, doctor->context->arena, &items, &count, error));
    for (size_t i = 0; i < count; i++) {
        bool moves = items[i].target != NULL;
        snprintf(text, sizeof text,
                 "%s of %s%s%s failed %" PRId64 " time%s and is tried again by each run: %s",
                 items[i].action, items[i].path, moves ? " to " : "", moves ? items[i].target : "",
                 items[i].attempts, items[i].attempts == 1 ? "" : "s", items[i].message);
        WEFT_TRY(finding(doctor, items[i].product, false, text, error));
    }
    return count > 0 ? 0 : finding(doctor, "outbox", true, "nothing is left to do", error);
}

/* Each on a line. */
static int doctor_connections(struct doctor *doctor, struct weft_error *error)
{
    const struct weft_mesh *mesh;
    struct weft_connection_try *tries;
    size_t count = 0;
    WEFT_TRY(weft_context_mesh_quiet(doctor->context, &mesh, error));
    if (mesh == NULL)
        return 0;
    WEFT_TRY(weft_connections_list(mesh, doctor->context->arena, &tries, &count, error));
    for (size_t i = 0; i < count; i++) {
        struct weft_error own = WEFT_ERROR_INIT;
        const struct weft_connection *connection = tries[i].connection;
        char check[200], text[2400];
        snprintf(check, sizeof check, "%s %.60s%s%.60s",
                 weft_connection_kind_name(connection->kind), connection->name,
                 tries[i].bucket == NULL ? "" : ", bucket ",
                 tries[i].bucket == NULL ? "" : tries[i].bucket->name);
        bool ok =
            weft_connection_try(doctor->context, mesh, &tries[i], text, sizeof text, &own) == 0;
        WEFT_TRY(weft_process_check_cancelled(error));
        if (!ok)
            snprintf(text, sizeof text, "%s%s%s", own.message, own.hint[0] == '\0' ? "" : "; ",
                     own.hint);
        WEFT_TRY(finding(doctor, check, ok, text, error));
    }
    return 0;
}

static int doctor_rebase(struct weft_context *context, const char *home, struct weft_out *out,
                         struct weft_error *error)
{
    struct weft_ledger *ledger;
    int64_t count = 0;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_run_rebase(ledger, context->arena, context->request.principal, &count, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "rebased", count);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    return weft_out_line(out, WEFT_STYLE_GOOD, error,
                         count == 1 ? "%" PRId64 " table now names its files below %s"
                                    : "%" PRId64 " tables now name their files below %s",
                         count, home);
}

/* In a checkout before the first apply there is no home, and yet a machine and connections to try;
 * elsewhere a home that is not there is a mistake. */
static int doctor_has_home(struct weft_context *context, const char *home, bool *has,
                           struct weft_error *error)
{
    const struct weft_mesh *mesh;
    struct weft_ledger *ledger;
    WEFT_CLEANUP(weft_freep) char *format = weft_path_join(home, "format");
    if (format == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_context_mesh_quiet(context, &mesh, error));
    bool of_checkout = strcmp(weft_context_home_origin(context), "the environment") == 0;
    *has = mesh == NULL || !of_checkout || weft_fs_exists(format);
    if (!*has)
        return 0;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    return weft_outbox_flush(ledger, error);
}

static int doctor_look(struct doctor *doctor, const char *home, bool has, struct weft_error *error)
{
    WEFT_TRY(doctor_machine(doctor, home, error));
    WEFT_TRY(doctor_engine(doctor, error));
    if (!has)
        WEFT_TRY(finding(doctor, "home", true, "there is none yet: `weft apply` makes it", error));
    if (has) {
        WEFT_TRY(doctor_ledger(doctor, error));
        WEFT_TRY(doctor_tables(doctor, error));
        WEFT_TRY(doctor_place(doctor, error));
        WEFT_TRY(doctor_outbox(doctor, error));
    }
    return doctor_connections(doctor, error);
}

static int doctor_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    struct doctor doctor = {.context = context, .out = out};
    const char *home;
    bool has = false;
    WEFT_TRY(weft_context_home(context, &home, error));
    if (weft_op_given(request, "rebase"))
        return doctor_rebase(context, home, out, error);
    WEFT_TRY(doctor_has_home(context, home, &has, error));
    WEFT_TRY(weft_out_table(out, doctor_columns, WEFT_COUNT(doctor_columns), error));
    WEFT_TRY(doctor_look(&doctor, home, has, error));
    WEFT_TRY(weft_out_table_end(out, error));
    if (doctor.bad > 0)
        return weft_error_set(error, WEFT_E_CORRUPT, "%zu finding%s to look into", doctor.bad,
                              doctor.bad == 1 ? "" : "s");
    return 0;
}

const struct weft_op weft_op_doctor = {
    .name = "doctor",
    .group = "home",
    .summary = "Check the machine, the home and each connection; --rebase after the home was "
               "moved.",
    .help = "Each connection of weft.yaml is tried with its secret: PostgreSQL by `select 1`, "
            "object storage by a signed request (for each bucket of the environment that names "
            "it), web servers by a GET. Those that only buckets of other environments name are "
            "left alone. Secrets are shown nowhere. Exit status 1 when something is found.",
    .args = doctor_args,
    .arg_count = WEFT_COUNT(doctor_args),
    .run = doctor_run,
};
