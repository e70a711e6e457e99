/*
 * kinds.c - the kinds of the asker's side, the tables folded from them, and the operational ones.
 *
 * Tables are keyed by the key of the product's table ("domain.name", see catalog/product_entry.h),
 * in a column `product`. run.ended tells a run whole: {run_id, product, version, digest, cause,
 * because, state, started_at, finished_at, error {code, file, line, byte}, balance, snapshot_id,
 * duration_us, memory_bytes, examples, warnings (how many), checks, whole_ports, inputs, sources,
 * run_key, quarantined, closes_open}. Texts that may hold a value of the data (messages, warnings)
 * are operational: flow_messages.
 */
#include "flow/run_internal.h"

#include <string.h>

static const struct weft_ledger_table tables[] = {
    {.name = "flow_runs",
     .ddl = "CREATE TABLE IF NOT EXISTS flow_runs("
            "run_id TEXT PRIMARY KEY, product TEXT NOT NULL, version TEXT, digest TEXT,"
            "cause TEXT NOT NULL, because TEXT, state TEXT NOT NULL, actor TEXT NOT NULL,"
            "started_at BIGINT NOT NULL, finished_at BIGINT NOT NULL, error TEXT,"
            "error_file TEXT, error_line BIGINT, error_byte BIGINT,"
            "read BIGINT NOT NULL, accepted BIGINT NOT NULL, input_quarantined BIGINT NOT NULL,"
            "made BIGINT NOT NULL, published BIGINT NOT NULL, output_quarantined BIGINT NOT NULL,"
            "superseded BIGINT NOT NULL, snapshot_id BIGINT, duration_us BIGINT NOT NULL,"
            "memory_bytes BIGINT NOT NULL, examples TEXT, warnings BIGINT NOT NULL, run_key TEXT,"
            /* seq_to: the product was dropped; the record stays */
            "seq_from BIGINT NOT NULL, seq_to BIGINT);"
            "CREATE INDEX IF NOT EXISTS flow_runs_product ON flow_runs(product, seq_from);"
            /* Products that are loaded have runs without a key, thousands of them. */
            "CREATE INDEX IF NOT EXISTS flow_runs_key ON flow_runs(product, seq_from) "
            "WHERE run_key IS NOT NULL AND state = 'published' AND seq_to IS NULL;"},
    {.name = "flow_checks",
     .ddl = "CREATE TABLE IF NOT EXISTS flow_checks("
            "run_id TEXT NOT NULL, ordinal BIGINT NOT NULL, product TEXT NOT NULL,"
            "rule TEXT NOT NULL, kind TEXT NOT NULL, on_fail TEXT NOT NULL,"
            "passed BIGINT NOT NULL, failing BIGINT NOT NULL, total BIGINT NOT NULL,"
            "value DOUBLE PRECISION, seq_from BIGINT NOT NULL, seq_to BIGINT,"
            "PRIMARY KEY(run_id, ordinal));"
            "CREATE INDEX IF NOT EXISTS flow_checks_rule ON flow_checks(product, rule, seq_from);"},
    {.name = "flow_inputs",
     .ddl = "CREATE TABLE IF NOT EXISTS flow_inputs("
            "product TEXT NOT NULL, port TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL,"
            "size BIGINT NOT NULL, device BIGINT NOT NULL, inode BIGINT NOT NULL,"
            "modified_ns BIGINT NOT NULL, changed_ns BIGINT NOT NULL, records BIGINT NOT NULL,"
            "etag TEXT, last_modified TEXT," /* of a URL; NULL = none */
            "run_id TEXT NOT NULL, read_at_us BIGINT NOT NULL,"
            /* 1: other content was read at its path since, but its rows are in the table */
            "replaced BIGINT NOT NULL DEFAULT 0,"
            "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(product, port, path, seq_from));"
            "CREATE UNIQUE INDEX IF NOT EXISTS flow_inputs_now ON flow_inputs(product, port, path) "
            "WHERE seq_to IS NULL;"
            "CREATE INDEX IF NOT EXISTS flow_inputs_hash ON flow_inputs(product, hash);"
            "CREATE INDEX IF NOT EXISTS flow_inputs_path ON flow_inputs(path);"},
    {.name = "flow_sources",
     .ddl = "CREATE TABLE IF NOT EXISTS flow_sources("
            /* the key of a table, "<key>@<node>" in the home of another environment */
            "product TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, environment TEXT,"
            "snapshot_id BIGINT NOT NULL, since BIGINT NOT NULL, records BIGINT NOT NULL,"
            "run_id TEXT NOT NULL, read_at_us BIGINT NOT NULL,"
            "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(product, name, seq_from));"
            "CREATE UNIQUE INDEX IF NOT EXISTS flow_sources_now ON flow_sources(product, name) "
            "WHERE seq_to IS NULL;"
            "CREATE INDEX IF NOT EXISTS flow_sources_of ON flow_sources(source);"},
    {.name = "flow_quarantine",
     .ddl = "CREATE TABLE IF NOT EXISTS flow_quarantine("
            "product TEXT NOT NULL, run_id TEXT NOT NULL, row_from BIGINT NOT NULL,"
            "row_to BIGINT NOT NULL, state TEXT NOT NULL, state_by TEXT NOT NULL,"
            "seq_from BIGINT NOT NULL, seq_to BIGINT,"
            "PRIMARY KEY(product, run_id, row_from, seq_from));"
            "CREATE INDEX IF NOT EXISTS flow_quarantine_now ON flow_quarantine(product, state, "
            "run_id) WHERE seq_to IS NULL;"},
    {.name = "flow_leases",
     .operational = true,
     .ddl = "CREATE TABLE IF NOT EXISTS flow_leases("
            "product TEXT PRIMARY KEY, epoch BIGINT NOT NULL, run_id TEXT NOT NULL,"
            "pid BIGINT NOT NULL, process_start TEXT NOT NULL, command TEXT NOT NULL,"
            "actor TEXT NOT NULL, cause TEXT NOT NULL, version TEXT, digest TEXT,"
            "started_at BIGINT NOT NULL, table_folder TEXT NOT NULL,"
            "quarantine_folder TEXT NOT NULL, temp_dir TEXT NOT NULL);"},
    {.name = "flow_outbox",
     .operational = true,
     .ddl = "CREATE TABLE IF NOT EXISTS flow_outbox("
            "run_id TEXT NOT NULL, ordinal BIGINT NOT NULL, product TEXT NOT NULL,"
            "action TEXT NOT NULL, path TEXT NOT NULL, target TEXT, hash TEXT,"
            "device BIGINT, inode BIGINT, size BIGINT, modified_ns BIGINT,"
            "sequence BIGINT NOT NULL, attempts BIGINT NOT NULL, message TEXT,"
            "PRIMARY KEY(run_id, ordinal));"},
    {.name = "flow_checked",
     .operational = true,
     .ddl = "CREATE TABLE IF NOT EXISTS flow_checked("
            "product TEXT PRIMARY KEY, checked_at BIGINT NOT NULL, run_id TEXT NOT NULL);"},
    {.name = "flow_messages",
     .operational = true,
     .ddl = "CREATE TABLE IF NOT EXISTS flow_messages("
            "run_id TEXT NOT NULL, ordinal BIGINT NOT NULL, kind TEXT NOT NULL,"
            "text TEXT NOT NULL, PRIMARY KEY(run_id, kind, ordinal));"},
};

/* ---- run.ended ---- */

/* An integer that may be missing; numbers beyond 2^53 stand as texts. */
static int int_of(yyjson_val *object, const char *key, int64_t otherwise, int64_t *out,
                  struct weft_error *error)
{
    *out = otherwise;
    yyjson_val *value = yyjson_obj_get(object, key);
    return value == NULL || yyjson_is_null(value) ? 0 : weft_json_int(object, key, out, error);
}

static int run_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                   yyjson_val *body, const char *run_id, const char *table,
                   struct weft_error *error)
{
    const char *cause = NULL, *state = NULL;
    int64_t started = 0, finished = 0, duration = 0, memory = 0;
    yyjson_val *balance = NULL, *why = yyjson_obj_get(body, "error");
    WEFT_TRY(weft_json_text(body, "cause", &cause, error));
    WEFT_TRY(weft_json_text(body, "state", &state, error));
    WEFT_TRY(weft_json_int(body, "started_at", &started, error));
    WEFT_TRY(weft_json_int(body, "finished_at", &finished, error));
    WEFT_TRY(weft_json_int(body, "duration_us", &duration, error));
    WEFT_TRY(weft_json_int(body, "memory_bytes", &memory, error));
    WEFT_TRY(weft_json_object(body, "balance", &balance, error));
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "INSERT INTO flow_runs(run_id, product, version, digest, cause, because, state, actor, "
        "started_at, finished_at, error, error_file, read, accepted, input_quarantined, made, "
        "published, output_quarantined, superseded, duration_us, memory_bytes, examples, warnings, "
        "run_key, seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
        "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
        "ttttttttiittiiiiiiiiititi", run_id, table, weft_json_text_or(body, "version", NULL),
        weft_json_text_or(body, "digest", NULL), cause, weft_json_text_or(body, "because", NULL),
        state, entry->actor, started, finished, weft_json_text_or(why, "code", NULL),
        weft_json_text_or(why, "file", NULL), weft_json_int_or(balance, "read", 0),
        weft_json_int_or(balance, "accepted", 0), weft_json_int_or(balance, "input_quarantined", 0),
        weft_json_int_or(balance, "made", 0), weft_json_int_or(balance, "published", 0),
        weft_json_int_or(balance, "output_quarantined", 0),
        weft_json_int_or(balance, "superseded", 0), duration, memory,
        weft_json_text_or(body, "examples", NULL), weft_json_int_or(body, "warnings", 0),
        weft_json_text_or(body, "run_key", NULL), entry->sequence));
    if (yyjson_obj_get(why, "line") != NULL)
        WEFT_TRY(weft_sql_exec(txn, error,
                               "UPDATE flow_runs SET error_line = ?2, error_byte = ?3 WHERE "
                               "run_id = ?1",
                               "tii", run_id, weft_json_int_or(why, "line", 0),
                               weft_json_int_or(why, "byte", -1)));
    int64_t snapshot = 0;
    WEFT_TRY(int_of(body, "snapshot_id", 0, &snapshot, error));
    if (snapshot == 0)
        return 0;
    return weft_sql_exec(txn, error, "UPDATE flow_runs SET snapshot_id = ?2 WHERE run_id = ?1",
                         "ti", run_id, snapshot);
}

static int check_put(struct weft_ledger_txn *txn, const char *run_id, const char *table,
                     int64_t ordinal, int64_t sequence, yyjson_val *check, struct weft_error *error)
{
    const char *rule = NULL, *kind = NULL, *on_fail = NULL;
    bool passed = false;
    WEFT_TRY(weft_json_text(check, "rule", &rule, error));
    WEFT_TRY(weft_json_text(check, "kind", &kind, error));
    WEFT_TRY(weft_json_text(check, "on_fail", &on_fail, error));
    WEFT_TRY(weft_json_bool(check, "passed", &passed, error));
    yyjson_val *value = yyjson_obj_get(check, "value");
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "INSERT INTO flow_checks(run_id, ordinal, product, rule, kind, on_fail, passed, failing, "
        "total, seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        "tittttiiii", run_id, ordinal, table, rule, kind, on_fail, (int64_t)passed,
        weft_json_int_or(check, "failing", 0), weft_json_int_or(check, "total", 0), sequence));
    if (!yyjson_is_num(value))
        return 0;
    return weft_sql_exec(txn, error,
                         "UPDATE flow_checks SET value = ?3 WHERE run_id = ?1 AND ordinal = ?2",
                         "tid", run_id, ordinal, yyjson_get_num(value));
}

static int checks_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, const char *run_id, const char *table,
                      struct weft_error *error)
{
    size_t i, max;
    yyjson_val *check;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *checks = NULL;
    WEFT_TRY(weft_flow_list_get(txn, body, "checks", &doc, &checks, error));
    yyjson_arr_foreach(checks, i, max, check)
    {
        WEFT_TRY(check_put(txn, run_id, table, (int64_t)i + 1, entry->sequence, check, error));
    }
    return 0;
}

static int input_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                     const char *table, const char *run_id, int64_t read_at, yyjson_val *input,
                     struct weft_error *error)
{
    const char *port = NULL, *path = NULL, *hash = NULL;
    int64_t size = 0, records = 0, device = 0, inode = 0, modified = 0, changed = 0;
    WEFT_TRY(weft_json_text(input, "port", &port, error));
    WEFT_TRY(weft_json_text(input, "path", &path, error));
    WEFT_TRY(weft_json_text(input, "hash", &hash, error));
    WEFT_TRY(weft_json_int(input, "size", &size, error));
    WEFT_TRY(weft_json_int(input, "records", &records, error));
    WEFT_TRY(int_of(input, "device", 0, &device, error));
    WEFT_TRY(int_of(input, "inode", 0, &inode, error));
    WEFT_TRY(int_of(input, "modified_ns", 0, &modified, error));
    WEFT_TRY(int_of(input, "changed_ns", 0, &changed, error));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE flow_inputs SET seq_to = ?4, "
                           "replaced = CASE WHEN hash = ?5 THEN 0 ELSE 1 END "
                           "WHERE product = ?1 AND port = ?2 AND path = ?3 AND seq_to IS NULL",
                           "tttit", table, port, path, entry->sequence, hash));
    return weft_sql_exec(
        txn, error,
        "INSERT INTO flow_inputs(product, port, path, hash, size, device, inode, modified_ns, "
        "changed_ns, records, etag, last_modified, run_id, read_at_us, seq_from) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        "ttttiiiiiitttii", table, port, path, hash, size, device, inode, modified, changed, records,
        weft_json_text_or(input, "etag", NULL), weft_json_text_or(input, "last_modified", NULL),
        run_id, read_at, entry->sequence);
}

static int inputs_forget(struct weft_ledger_txn *txn, const char *table, int64_t sequence,
                         struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "UPDATE flow_inputs SET seq_to = COALESCE(seq_to, ?2), replaced = 0 "
                         "WHERE product = ?1 AND (seq_to IS NULL OR replaced = 1)",
                         "ti", table, sequence);
}

static int sources_forget(struct weft_ledger_txn *txn, const char *table, int64_t sequence,
                          struct weft_error *error)
{
    return weft_sql_exec(
        txn, error, "UPDATE flow_sources SET seq_to = ?2 WHERE product = ?1 AND seq_to IS NULL",
        "ti", table, sequence);
}

/* A rebuild forgets all positions; a port that reads everything, its own. */
static int positions_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, const char *run_id, const char *table,
                         struct weft_error *error)
{
    size_t i, max;
    yyjson_val *item;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *inputs = NULL;
    if (weft_json_bool_or(body, "rebuild", false))
        WEFT_TRY(inputs_forget(txn, table, entry->sequence, error));
    yyjson_arr_foreach(yyjson_obj_get(body, "whole_ports"), i, max, item)
    {
        WEFT_TRY(weft_sql_exec(txn, error,
                               "UPDATE flow_inputs SET seq_to = ?3 WHERE product = ?1 AND port = "
                               "?2 AND seq_to IS NULL",
                               "tti", table, yyjson_get_str(item), entry->sequence));
    }
    WEFT_TRY(weft_flow_list_get(txn, body, "inputs", &doc, &inputs, error));
    int64_t read_at = weft_json_int_or(body, "started_at", 0);
    yyjson_arr_foreach(inputs, i, max, item)
    {
        WEFT_TRY(input_put(txn, entry, table, run_id, read_at, item, error));
    }
    return 0;
}

static int source_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      const char *table, const char *run_id, int64_t read_at, yyjson_val *source,
                      struct weft_error *error)
{
    const char *name = NULL, *read = NULL;
    const char *origin = weft_json_text_or(source, "origin", NULL);
    int64_t snapshot = 0, since = 0, records = 0;
    WEFT_TRY(weft_json_text(source, "name", &name, error));
    WEFT_TRY(weft_json_text(source, "table", &read, error));
    WEFT_CLEANUP(weft_freep)
    char *elsewhere = origin == NULL ? NULL : weft_format("%s@%s", read, origin);
    if (origin != NULL && elsewhere == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_json_int(source, "snapshot_id", &snapshot, error));
    WEFT_TRY(weft_json_int(source, "since", &since, error));
    WEFT_TRY(weft_json_int(source, "records", &records, error));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE flow_sources SET seq_to = ?3 WHERE product = ?1 AND name = ?2 "
                           "AND seq_to IS NULL",
                           "tti", table, name, entry->sequence));
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_sources(product, name, source, environment, "
                         "snapshot_id, since, records, run_id, read_at_us, seq_from) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                         "ttttiiitii", table, name, origin == NULL ? read : elsewhere,
                         weft_json_text_or(source, "environment", NULL), snapshot, since, records,
                         run_id, read_at, entry->sequence);
}

/* A table that starts over has no other positions than those of this run. */
static int sources_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                       yyjson_val *body, const char *run_id, const char *table,
                       struct weft_error *error)
{
    size_t i, max;
    yyjson_val *item;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *sources = NULL;
    if (weft_json_bool_or(body, "closes_open", false))
        WEFT_TRY(sources_forget(txn, table, entry->sequence, error));
    WEFT_TRY(weft_flow_list_get(txn, body, "sources", &doc, &sources, error));
    int64_t read_at = weft_json_int_or(body, "started_at", 0);
    yyjson_arr_foreach(sources, i, max, item)
    {
        WEFT_TRY(source_put(txn, entry, table, run_id, read_at, item, error));
    }
    return 0;
}

static int fold_ended(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    const char *run_id = NULL, *table = NULL;
    WEFT_TRY(weft_json_text(body, "run_id", &run_id, error));
    WEFT_TRY(weft_json_text(body, "product", &table, error));
    WEFT_TRY(run_put(txn, entry, body, run_id, table, error));
    WEFT_TRY(checks_put(txn, entry, body, run_id, table, error));
    WEFT_TRY(positions_put(txn, entry, body, run_id, table, error));
    WEFT_TRY(sources_put(txn, entry, body, run_id, table, error));
    if (weft_json_bool_or(body, "closes_open", false))
        WEFT_TRY(weft_flow_quarantine_close(txn, table, run_id, "closed_by_run", entry->sequence,
                                            error));
    int64_t quarantined = weft_json_int_or(body, "quarantined", 0);
    if (quarantined == 0)
        return 0;
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_quarantine(product, run_id, row_from, row_to, state, "
                         "state_by, seq_from) VALUES(?1, ?2, 1, ?3, 'open', '', ?4)",
                         "ttii", table, run_id, quarantined, entry->sequence);
}

/* A dropped product: its positions and open rows end with its data, and no run of it counts for one
 * that may be registered under its name. */
static int fold_forgotten(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *body, struct weft_error *error)
{
    const char *table = NULL;
    WEFT_TRY(weft_json_text(body, "product", &table, error));
    WEFT_TRY(inputs_forget(txn, table, entry->sequence, error));
    WEFT_TRY(sources_forget(txn, table, entry->sequence, error));
    static const char *const ends[] = {
        "UPDATE flow_runs SET seq_to = ?2 WHERE product = ?1 AND seq_to IS NULL",
        "UPDATE flow_quarantine SET seq_to = ?2 WHERE product = ?1 AND seq_to IS NULL"};
    for (size_t i = 0; i < WEFT_COUNT(ends); i++)
        WEFT_TRY(weft_sql_exec(txn, error, ends[i], "ti", table, entry->sequence));
    return 0;
}

void weft_flow_kinds_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_RUN_ENDED, .version = 1, .fold = fold_ended},
        {.name = WEFT_KIND_REPLAYED, .version = 1, .fold = weft_flow_fold_replayed},
        {.name = WEFT_KIND_DISMISSED, .version = 1, .fold = weft_flow_fold_dismissed},
        {.name = WEFT_KIND_FORGOTTEN, .version = 1, .fold = fold_forgotten},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
}

void weft_flow_tables_register(void)
{
    for (size_t i = 0; i < WEFT_COUNT(tables); i++)
        weft_ledger_register_table(&tables[i]);
}

void weft_flow_register(void)
{
    weft_flow_kinds_register();
    weft_flow_tables_register();
    weft_flow_mesh_tables_register();
}
