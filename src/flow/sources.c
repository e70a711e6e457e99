/*
 * sources.c - what a product reads of other products: resolved when the run begins, in the
 * transaction that reads the product itself, so that all of it is one state of the mesh.
 *
 * A slot (lake/pointer.h) keeps the files of that state until the run ends. Positions
 * (flow_sources) say up to which snapshot each was read before.
 */
#include "flow/run_internal.h"

#include <stdio.h>
#include <string.h>

struct source_position {
    const char *source; /* key of the table; NULL = never read */
    int64_t snapshot_id;
};

/* ---- refusals ---- */

static int gone(const struct weft_asker *asker, const struct weft_registered_read *read,
                struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s reads %s@%d, which was dropped",
                   asker->registered.name, read->full_name, read->major);
    return weft_error_hint(error,
                           "change `%s` in its product file and apply it, or register %s "
                           "again",
                           read->is_port ? read->name : "sql", read->full_name);
}

static int never_published(const struct weft_asker *asker, const struct weft_registered_read *read,
                           const struct weft_registered *source, struct weft_error *error)
{
    const struct weft_product *contract = weft_registered_newest(source);
    weft_error_set(error, WEFT_E_REFUSED, "%s reads %s@%d, which has no snapshot yet",
                   asker->registered.name, read->full_name, read->major);
    if (contract != NULL && contract->input_count == 0 && contract->sql == NULL &&
        contract->graph == NULL)
        return weft_error_hint(error, "it is loaded by hand: `weft load %s@%d FILE`",
                               read->full_name, read->major);
    const struct weft_run_deferred *to = asker->options->deferred;
    if (to != NULL)
        return weft_error_hint(error,
                               "the environment `%s`, which is deferred to, has none either; run "
                               "it first: `weft run %s@%d`",
                               to->environment, read->full_name, read->major);
    return weft_error_hint(error, "run it first: `weft run %s@%d`", read->full_name, read->major);
}

/* Which rows are new can only be told of the table that was read before. */
static int moved_to_another(const struct weft_asker *asker, const struct weft_registered_read *read,
                            const struct source_position *position, const char *environment,
                            struct weft_error *error)
{
    weft_error_set(
        error, WEFT_E_REFUSED,
        "input%s%s of %s was read from %s so far and is %s@%d%s%s now: which of its rows are "
        "new cannot be told",
        WEFT_INPUT_ARGS(read->name), asker->registered.name, position->source, read->full_name,
        read->major, environment == NULL ? "" : ", deferred to ",
        environment == NULL ? "" : environment);
    return weft_error_hint(error, "`weft run %s --rebuild` starts the table over",
                           asker->registered.full_name);
}

/* ---- one source ---- */

static int position_read(struct weft_ledger_txn *txn, struct weft_asker *asker, const char *name,
                         struct source_position *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    *out = (struct source_position){0};
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT source, snapshot_id FROM flow_sources WHERE product = ?1 AND "
                            "name = ?2 AND seq_to IS NULL",
                            "tt", asker->registered.table, name));
    int rc = weft_stmt_step(stmt, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    out->snapshot_id = weft_stmt_column_int(stmt, 1);
    return weft_sql_text(asker->arena, stmt, 0, &out->source, error);
}

static bool reads_only_new(const struct weft_asker *asker, const struct weft_registered_read *read)
{
    const struct weft_product *contract = asker->contract;
    for (size_t i = 0; read->is_port && i < contract->input_count; i++) {
        if (strcmp(contract->inputs[i].name, read->name) == 0)
            return contract->inputs[i].read == WEFT_READ_NEW;
    }
    return false;
}

static int source_since(struct weft_ledger_txn *txn, struct weft_asker *asker,
                        const struct weft_registered_read *read, struct weft_job_source *out,
                        struct weft_error *error)
{
    struct source_position position;
    out->only_new = reads_only_new(asker, read);
    if (asker->mode == WEFT_JOB_REBUILD || asker->mode == WEFT_JOB_REPLAY)
        return 0; /* positions count from nothing again; a replay reads nothing that is new */
    WEFT_TRY(position_read(txn, asker, read->name, &position, error));
    if (position.source == NULL)
        return 0;
    const char *table = out->origin == NULL
                            ? out->table
                            : weft_arena_format(asker->arena, "%s@%s", out->table, out->origin);
    if (table == NULL)
        return weft_error_nomem(error);
    if (strcmp(position.source, table) == 0)
        out->since = position.snapshot_id;
    else if (out->only_new && asker->contract->write == WEFT_WRITE_APPEND)
        return moved_to_another(asker, read, &position, out->environment, error);
    return 0;
}

static int warn(struct weft_asker *asker, const char *text, struct weft_error *error)
{
    if (text == NULL || weft_arena_reserve(asker->arena, &asker->warnings, &asker->warning_capacity,
                                           asker->warning_count + 1, sizeof *asker->warnings) < 0)
        return weft_error_nomem(error);
    asker->warnings[asker->warning_count++] = text;
    return 0;
}

/* Where it has no snapshot here: as the home has it that is deferred to, else why not. */
static int source_elsewhere(struct weft_flow_deferred *deferred, struct weft_flow_gate *gate,
                            struct weft_ledger_txn *txn, struct weft_asker *asker,
                            const struct weft_registered_read *read,
                            const struct weft_registered *here, struct weft_job_source *out,
                            struct weft_error *error)
{
    int rc = weft_flow_deferred_read(deferred, asker, read, out, error);
    WEFT_TRY(rc);
    if (rc != 0)
        return here == NULL ? gone(asker, read, error) : never_published(asker, read, here, error);
    struct weft_registered there;
    WEFT_TRY(weft_catalog_product(deferred->txn, asker->arena, read->full_name, read->major, 0,
                                  &there, error));
    WEFT_TRY(weft_flow_gate(gate, deferred->txn, asker, &there, out, error));
    WEFT_TRY(warn(asker,
                  weft_arena_format(asker->arena, "%s is deferred to %s: its rows there are read",
                                    out->product, out->environment),
                  error));
    return source_since(txn, asker, read, out, error);
}

static int source_read(struct weft_flow_deferred *deferred, struct weft_flow_gate *gate,
                       struct weft_ledger_txn *txn, struct weft_asker *asker,
                       const struct weft_registered_read *read, struct weft_job_source *out,
                       struct weft_error *error)
{
    struct weft_registered source;
    struct weft_pointer pointer;
    int rc =
        weft_catalog_product(txn, asker->arena, read->full_name, read->major, 0, &source, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return source_elsewhere(deferred, gate, txn, asker, read, NULL, out, error);
    rc = weft_pointer_get(txn, asker->arena, WEFT_SPACE_LAKE, source.table, 0, &pointer, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || pointer.snapshot_id == 0)
        return source_elsewhere(deferred, gate, txn, asker, read, &source, out, error);
    *out = (struct weft_job_source){
        .name = read->name,
        .is_port = read->is_port,
        .product = weft_arena_format(asker->arena, "%s@%d", read->full_name, read->major),
        .table = source.table,
        .metadata = pointer.metadata,
        .snapshot_id = pointer.snapshot_id};
    if (out->product == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_flow_gate(gate, txn, asker, &source, out, error));
    if (source.retired)
        WEFT_TRY(warn(
            asker,
            weft_arena_format(asker->arena, "%s is retired: its last state is read", out->product),
            error));
    return source_since(txn, asker, read, out, error);
}

int weft_flow_sources_read(struct weft_ledger_txn *txn, struct weft_asker *asker,
                           struct weft_error *error)
{
    const struct weft_registered_reads *reads = &asker->registered.reads;
    struct weft_job_source *sources =
        weft_arena_array(asker->arena, reads->count + 1, sizeof *sources);
    if (sources == NULL)
        return weft_error_nomem(error);
    struct weft_job_source *lookups =
        weft_arena_array(asker->arena, reads->count + 1, sizeof *lookups);
    if (lookups == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_flow_deferred_end) struct weft_flow_deferred deferred = {0};
    WEFT_CLEANUP(weft_flow_gate_end) struct weft_flow_gate gate = {0};
    asker->source_count = asker->lookup_count = asker->member_count = asker->read_count = 0;
    for (size_t i = 0; i < reads->count; i++) {
        /* What is only looked up must be there and may be read, and gives the run no rows. */
        bool lookup = weft_read_is_lookup(reads->items[i].name);
        struct weft_job_source *out =
            lookup ? &lookups[asker->lookup_count++] : &sources[asker->source_count++];
        WEFT_TRY(source_read(&deferred, &gate, txn, asker, &reads->items[i], out, error));
    }
    asker->sources = sources;
    asker->lookups = lookups;
    return 0;
}

/* ---- the key of the state that counts ---- */

/* That of the last run that read and published, also after a rollback: positions do not move
 * back. */
int weft_flow_last_key(struct weft_ledger_txn *txn, struct weft_asker *asker,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT run_key FROM flow_runs WHERE product = ?1 AND run_key IS NOT "
                            "NULL AND state = 'published' AND seq_to IS NULL ORDER BY seq_from "
                            "DESC LIMIT 1",
                            "t", asker->registered.table));
    int rc = weft_stmt_step(stmt, error);
    asker->last_key = NULL;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return weft_sql_text(asker->arena, stmt, 0, &asker->last_key, error);
}
