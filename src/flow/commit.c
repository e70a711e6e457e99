/*
 * commit.c - the one transaction of a run, and the entry run.ended.
 *
 * Everything that the run changes for others changes here or not at all: pointers, the contract in
 * force, positions, states of quarantine, the record, the outbox, the lease.
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const run_states[] = {[WEFT_RUN_PUBLISHED] = "published",
                                         [WEFT_RUN_NOTHING_NEW] = "nothing_new",
                                         [WEFT_RUN_BLOCKED] = "blocked",
                                         [WEFT_RUN_FAILED] = "failed"};

/* ---- the body of run.ended ---- */

static void error_put(struct weft_json_writer *writer, const struct weft_error *why)
{
    if (why->code == WEFT_E_NONE)
        return;
    weft_json_key(writer, "error");
    weft_json_begin_object(writer);
    /* Messages may quote the data; code and place do not. */
    weft_json_member_text(writer, "code", weft_code_name(why->code));
    if (why->file[0] != '\0')
        weft_json_member_text(writer, "file", why->file);
    if (why->line > 0 || why->byte >= 0) {
        weft_json_member_int(writer, "line", why->line);
        weft_json_member_int(writer, "byte", why->byte);
    }
    weft_json_end_object(writer);
}

static void balance_put(struct weft_json_writer *writer, const struct weft_balance *balance)
{
    weft_json_key(writer, "balance");
    weft_json_begin_object(writer);
    weft_json_member_int(writer, "read", balance->read);
    weft_json_member_int(writer, "accepted", balance->accepted);
    weft_json_member_int(writer, "input_quarantined", balance->input_quarantined);
    weft_json_member_int(writer, "made", balance->made);
    weft_json_member_int(writer, "published", balance->published);
    weft_json_member_int(writer, "output_quarantined", balance->output_quarantined);
    weft_json_member_int(writer, "superseded", balance->superseded);
    weft_json_end_object(writer);
}

static void big_put(struct weft_json_writer *writer, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    weft_json_member_text(writer, key, text);
}

static void check_put(struct weft_json_writer *writer, const struct weft_outcome_check *check)
{
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "rule", check->rule);
    weft_json_member_text(writer, "kind", check->kind);
    weft_json_member_text(writer, "on_fail", weft_on_fail_name(check->on_fail));
    weft_json_member_bool(writer, "passed", check->passed);
    weft_json_member_int(writer, "failing", check->failing);
    weft_json_member_int(writer, "total", check->total);
    if (!isnan(check->value)) {
        weft_json_key(writer, "value");
        weft_json_put_double(writer, check->value);
    }
    weft_json_end_object(writer);
}

static int checks_put(struct weft_ledger *ledger, struct weft_json_writer *writer,
                      const struct weft_outcome *outcome, struct weft_error *error)
{
    struct weft_json_writer list;
    struct weft_buf json;
    weft_buf_init(&json, WEFT_RUN_LIST_MAX);
    weft_json_writer_init(&list, &json);
    weft_json_begin_array(&list);
    size_t count = WEFT_MIN(outcome->check_count, WEFT_RUN_CHECKS_MAX);
    for (size_t i = 0; i < count; i++)
        check_put(&list, &outcome->checks[i]);
    weft_json_end_array(&list);
    int rc = weft_flow_list_put(ledger, writer, "checks", &json, error);
    weft_buf_release(&json);
    return rc;
}

static int inputs_put(struct weft_ledger *ledger, struct weft_json_writer *writer,
                      const struct weft_outcome *outcome, struct weft_error *error)
{
    struct weft_json_writer list;
    struct weft_buf json;
    weft_buf_init(&json, WEFT_RUN_LIST_MAX);
    weft_json_writer_init(&list, &json);
    weft_json_begin_array(&list);
    for (size_t i = 0; i < outcome->file_count; i++) {
        const struct weft_outcome_file *file = &outcome->files[i];
        if (file->state != WEFT_FILE_READ)
            continue;
        weft_json_begin_object(&list);
        weft_json_member_text(&list, "port", file->port);
        weft_json_member_text(&list, "path", file->path);
        weft_json_member_text(&list, "hash", file->hash);
        weft_json_member_int(&list, "size", file->size);
        weft_json_member_int(&list, "records", file->records);
        weft_json_member_int(&list, "accepted", file->accepted);
        weft_json_member_int(&list, "quarantined", file->quarantined);
        big_put(&list, "device", file->device);
        big_put(&list, "inode", file->inode);
        big_put(&list, "modified_ns", file->modified_ns);
        big_put(&list, "changed_ns", file->changed_ns);
        if (file->etag != NULL)
            weft_json_member_text(&list, "etag", file->etag);
        if (file->last_modified != NULL)
            weft_json_member_text(&list, "last_modified", file->last_modified);
        weft_json_end_object(&list);
    }
    weft_json_end_array(&list);
    int rc = weft_flow_list_put(ledger, writer, "inputs", &json, error);
    weft_buf_release(&json);
    return rc;
}

/* Up to which snapshot each was read. Ids go beyond what a number of JSON holds. */
static int sources_put(struct weft_ledger *ledger, struct weft_json_writer *writer,
                       const struct weft_outcome *outcome, struct weft_error *error)
{
    struct weft_json_writer list;
    struct weft_buf json;
    if (outcome->source_count == 0)
        return 0;
    weft_buf_init(&json, WEFT_RUN_LIST_MAX);
    weft_json_writer_init(&list, &json);
    weft_json_begin_array(&list);
    for (size_t i = 0; i < outcome->source_count; i++) {
        const struct weft_outcome_source *source = &outcome->sources[i];
        weft_json_begin_object(&list);
        weft_json_member_text(&list, "name", source->name);
        weft_json_member_text(&list, "table", source->table);
        if (source->origin != NULL) { /* deferred: it lies in the home of another environment */
            weft_json_member_text(&list, "origin", source->origin);
            weft_json_member_text(&list, "environment", source->environment);
        }
        big_put(&list, "snapshot_id", source->snapshot_id);
        big_put(&list, "since", source->since);
        weft_json_member_int(&list, "records", source->records);
        weft_json_end_object(&list);
    }
    weft_json_end_array(&list);
    int rc = weft_flow_list_put(ledger, writer, "sources", &json, error);
    weft_buf_release(&json);
    return rc;
}

/* Ports that read all there is: what they no longer hold is no longer a position. */
static bool port_is_whole(const struct weft_input *input, const struct weft_outcome *outcome)
{
    for (size_t i = 0; i < outcome->file_count; i++) {
        const struct weft_outcome_file *file = &outcome->files[i];
        if (file->state == WEFT_FILE_KNOWN && strcmp(file->port, input->name) == 0)
            return false; /* passed over: its position stays */
    }
    return input->read == WEFT_READ_ALL;
}

static void whole_ports_put(struct weft_json_writer *writer, const struct weft_product *contract,
                            const struct weft_outcome *outcome)
{
    weft_json_key(writer, "whole_ports");
    weft_json_begin_array(writer);
    for (size_t i = 0; i < contract->input_count; i++) {
        if (port_is_whole(&contract->inputs[i], outcome))
            weft_json_put_text(writer, contract->inputs[i].name);
    }
    weft_json_end_array(writer);
}

static int published_put(const struct weft_asker *asker, struct weft_json_writer *writer,
                         const struct weft_outcome *outcome, struct weft_error *error)
{
    bool replay = asker->mode == WEFT_JOB_REPLAY;
    bool rebuild = asker->mode == WEFT_JOB_REBUILD;
    if (outcome->table != NULL && outcome->table->made.snapshot_id != 0)
        big_put(writer, "snapshot_id", outcome->table->made.snapshot_id);
    if (outcome->quarantine != NULL)
        weft_json_member_int(writer, "quarantined", outcome->quarantine->added);
    /* A rollback moves no position and closes nothing. */
    bool starts_over = rebuild || asker->contract->write == WEFT_WRITE_REPLACE;
    weft_json_member_bool(writer, "closes_open", starts_over && !replay && asker->because == NULL);
    weft_json_member_bool(writer, "rebuild", rebuild);
    if (replay)
        return 0;
    if (asker->mode != WEFT_JOB_LOAD) {
        whole_ports_put(writer, asker->contract, outcome);
        if (outcome->run_key[0] != '\0')
            weft_json_member_text(writer, "run_key", outcome->run_key);
        WEFT_TRY(sources_put(asker->ledger, writer, outcome, error));
    }
    return inputs_put(asker->ledger, writer, outcome, error);
}

static int body_put(const struct weft_asker *asker, const struct weft_outcome *outcome,
                    struct weft_buf *body, struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "run_id", asker->run_id);
    weft_json_member_text(&writer, "product", asker->registered.table);
    weft_json_member_text(&writer, "version", asker->contract->version);
    weft_json_member_text(&writer, "digest", asker->contract->digest);
    weft_json_member_text(&writer, "cause", asker->cause);
    if (asker->because != NULL)
        weft_json_member_text(&writer, "because", asker->because);
    weft_json_member_text(&writer, "state", run_states[outcome->state]);
    weft_json_member_int(&writer, "started_at", asker->started_us);
    weft_json_member_int(&writer, "finished_at", WEFT_MAX(weft_clock_us(), asker->started_us));
    weft_json_member_int(&writer, "duration_us", outcome->duration_us);
    weft_json_member_int(&writer, "memory_bytes", outcome->memory_bytes);
    if (outcome->examples != NULL)
        weft_json_member_text(&writer, "examples", outcome->examples);
    weft_json_member_int(&writer, "warnings", (int64_t)outcome->warning_count);
    error_put(&writer, &outcome->error);
    balance_put(&writer, &outcome->balance);
    WEFT_TRY(checks_put(asker->ledger, &writer, outcome, error));
    if (outcome->state == WEFT_RUN_PUBLISHED)
        WEFT_TRY(published_put(asker, &writer, outcome, error));
    weft_json_end_object(&writer);
    return weft_buf_check(body, error);
}

/* ---- texts that stay outside the ledger ---- */

static int message_put(struct weft_ledger_txn *txn, const char *run_id, const char *kind,
                       size_t ordinal, const char *text, struct weft_error *error)
{
    if (text == NULL || text[0] == '\0')
        return 0;
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_messages(run_id, ordinal, kind, text) "
                         "VALUES(?1, ?2, ?3, ?4)",
                         "titt", run_id, (int64_t)ordinal, kind, text);
}

void weft_run_error_text(const struct weft_error *why, char out[WEFT_RUN_ERROR_TEXT])
{
    char place[64] = "";
    if (why->file[0] == '\0' || strstr(why->message, why->file) != NULL) {
        snprintf(out, WEFT_RUN_ERROR_TEXT, "%s", why->message);
        return;
    }
    if (why->line > 0 && why->column > 0)
        snprintf(place, sizeof place, ":%d:%d", why->line, why->column);
    else if (why->line > 0)
        snprintf(place, sizeof place, ":%d", why->line);
    else if (why->byte >= 0)
        snprintf(place, sizeof place, ":byte %" PRId64, why->byte);
    snprintf(out, WEFT_RUN_ERROR_TEXT, "%s%s: %s", why->file, place, why->message);
}

static int messages_put(struct weft_ledger_txn *txn, const char *run_id,
                        const struct weft_outcome *outcome, struct weft_error *error)
{
    size_t checks = WEFT_MIN(outcome->check_count, WEFT_RUN_CHECKS_MAX);
    size_t warnings = WEFT_MIN(outcome->warning_count, WEFT_RUN_CHECKS_MAX);
    char text[WEFT_RUN_ERROR_TEXT];
    weft_run_error_text(&outcome->error, text);
    WEFT_TRY(message_put(txn, run_id, "error", 1, text, error));
    WEFT_TRY(message_put(txn, run_id, "detail", 1, outcome->error.detail, error));
    WEFT_TRY(message_put(txn, run_id, "hint", 1, outcome->error.hint, error));
    for (size_t i = 0; i < checks; i++)
        WEFT_TRY(message_put(txn, run_id, "check", i + 1, outcome->checks[i].message, error));
    for (size_t i = 0; i < warnings; i++)
        WEFT_TRY(message_put(txn, run_id, "warning", i + 1, outcome->warnings[i], error));
    return 0;
}

/* ---- the transaction ---- */

static int pointer_move(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                        const char *space, const struct weft_outcome_table *table,
                        struct weft_error *error)
{
    if (table == NULL)
        return 0;
    struct weft_pointer_commit commit = {
        .space = space,
        .table = asker->registered.table,
        .made = &table->made,
        .operation = table->operation,
        .added = table->added,
        .removed = table->removed,
        .run_id = asker->because == NULL ? asker->run_id : NULL, /* of a rollback: none */
        .contract_version =
            asker->because == NULL ? asker->contract->version : asker->rollback_version};
    return weft_pointer_commit(txn, asker->options->actor, &commit, error);
}

static int checked_put(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                       struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_checked(product, checked_at, run_id) VALUES(?1, ?2, ?3) "
                         "ON CONFLICT(product) DO UPDATE SET checked_at = excluded.checked_at, "
                         "run_id = excluded.run_id",
                         "tit", asker->registered.table, asker->started_us, asker->run_id);
}

static int publish(struct weft_ledger_txn *txn, struct weft_asker *asker,
                   const struct weft_outcome *outcome, struct weft_error *error)
{
    const char *actor = asker->options->actor;
    WEFT_TRY(pointer_move(txn, asker, WEFT_SPACE_LAKE, outcome->table, error));
    WEFT_TRY(pointer_move(txn, asker, WEFT_SPACE_QUARANTINE, outcome->quarantine, error));
    if (asker->because != NULL)
        return 0; /* a rollback changes neither contract nor looks */
    if (outcome->table != NULL)
        WEFT_TRY(weft_catalog_enforce_detected(txn, actor, asker->contract, outcome->detected,
                                               outcome->detected_count, error));
    if (outcome->replayed_count > 0)
        WEFT_TRY(weft_flow_quarantine_append(txn, asker->ledger, actor, WEFT_KIND_REPLAYED,
                                             asker->registered.table, asker->run_id,
                                             asker->options->because, asker->options->edits,
                                             outcome->replayed, outcome->replayed_count, error));
    return asker->mode == WEFT_JOB_RUN || asker->mode == WEFT_JOB_REBUILD
               ? checked_put(txn, asker, error)
               : 0;
}

static int entry_append(struct weft_ledger_txn *txn, struct weft_asker *asker,
                        const struct weft_outcome *outcome, int64_t *sequence,
                        struct weft_error *error)
{
    struct weft_buf body;
    weft_buf_init(&body, (size_t)4 * WEFT_LEDGER_BODY_MAX);
    int rc = body_put(asker, outcome, &body, error);
    if (rc == 0)
        rc = weft_ledger_append(txn, asker->options->actor, WEFT_KIND_RUN_ENDED, body.data,
                                sequence, error);
    weft_buf_release(&body);
    return rc;
}

int weft_flow_commit(struct weft_asker *asker, const struct weft_outcome *outcome,
                     int64_t *out_sequence, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int64_t sequence = 0;
    WEFT_TRY(weft_ledger_begin_write(asker->ledger, &txn, error));
    WEFT_TRY(weft_flow_point("commit.begun", error));
    WEFT_TRY(weft_flow_lease_check(txn, asker, error));
    /* The record last: it opens the rows that this run set aside, replayed ones are older. */
    if (outcome->state == WEFT_RUN_PUBLISHED)
        WEFT_TRY(publish(txn, asker, outcome, error));
    WEFT_TRY(entry_append(txn, asker, outcome, &sequence, error));
    WEFT_TRY(messages_put(txn, asker->run_id, outcome, error));
    if (outcome->state == WEFT_RUN_PUBLISHED)
        WEFT_TRY(weft_flow_outbox_add(txn, asker, outcome, sequence, error));
    WEFT_TRY(weft_flow_lease_release(txn, asker, error));
    WEFT_TRY(weft_flow_point("commit.appended", error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    WEFT_TRY(rc);
    asker->leased = false;
    *out_sequence = sequence;
    return 0;
}

/* A contract that changes no row need not wait for a snapshot. One that is registered comes into
 * force at once; this is for those of older homes. */
static int enforce_words(struct weft_ledger_txn *txn, struct weft_asker *asker,
                         struct weft_error *error)
{
    const struct weft_registered *r = &asker->registered;
    if (asker->mode != WEFT_JOB_RUN || r->pending == NULL || r->in_force == NULL)
        return 0;
    return weft_catalog_enforce_words(txn, asker->options->actor, r->pending, &asker->enforced,
                                      error);
}

int weft_flow_commit_nothing(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    bool looked = asker->mode == WEFT_JOB_RUN || asker->mode == WEFT_JOB_REBUILD;
    if (!looked && !asker->leased)
        return 0;
    WEFT_TRY(weft_ledger_begin_write(asker->ledger, &txn, error));
    if (asker->leased)
        WEFT_TRY(weft_flow_lease_check(txn, asker, error));
    if (looked)
        WEFT_TRY(checked_put(txn, asker, error));
    WEFT_TRY(enforce_words(txn, asker, error));
    if (asker->leased)
        WEFT_TRY(weft_flow_lease_release(txn, asker, error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    WEFT_TRY(rc);
    asker->leased = false;
    return 0;
}

/* ---- a run that has no outcome of its own ---- */

int weft_flow_append_failed(struct weft_ledger_txn *txn, const char *actor,
                            const struct weft_flow_ending *ending, int64_t *sequence,
                            struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf body;
    int64_t now = WEFT_MAX(weft_clock_us(), ending->started_us);
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "run_id", ending->run_id);
    weft_json_member_text(&writer, "product", ending->table);
    weft_json_member_text(&writer, "version", ending->version);
    weft_json_member_text(&writer, "digest", ending->digest);
    weft_json_member_text(&writer, "cause", ending->cause);
    if (ending->because != NULL)
        weft_json_member_text(&writer, "because", ending->because);
    weft_json_member_text(&writer, "state",
                          ending->skipped ? "skipped" : run_states[WEFT_RUN_FAILED]);
    weft_json_member_int(&writer, "started_at", ending->started_us);
    weft_json_member_int(&writer, "finished_at", now);
    weft_json_member_int(&writer, "duration_us", now - ending->started_us);
    weft_json_member_int(&writer, "memory_bytes", 0);
    error_put(&writer, ending->why);
    balance_put(&writer, &(struct weft_balance){0});
    weft_json_end_object(&writer);
    int rc = weft_buf_check(&body, error);
    if (rc == 0)
        rc = weft_ledger_append(txn, actor, WEFT_KIND_RUN_ENDED, body.data, sequence, error);
    weft_buf_release(&body);
    WEFT_TRY(rc);
    char text[WEFT_RUN_ERROR_TEXT];
    weft_run_error_text(ending->why, text);
    WEFT_TRY(message_put(txn, ending->run_id, "error", 1,
                         ending->skipped ? ending->why->message : text, error));
    return message_put(txn, ending->run_id, "hint", 1, ending->why->hint, error);
}

static int time_take(void *arg, const struct weft_ledger_entry *entry, struct weft_error *error)
{
    (void)error;
    *(int64_t *)arg = entry->time_us;
    return 0;
}

int weft_run_of_snapshot(struct weft_ledger_txn *txn, int64_t snapshot_id, int64_t *sequence,
                         int64_t *time_us, struct weft_error *error)
{
    int rc = weft_sql_int(txn, sequence, error,
                          "SELECT MAX(seq_from) FROM flow_runs WHERE snapshot_id = ?1 OR run_id IN "
                          "(SELECT run_id FROM lake_snapshots WHERE snapshot_id = ?1)",
                          "i", snapshot_id);
    if (rc != 0)
        return rc;
    return weft_ledger_each(txn, *sequence, *sequence, time_take, time_us, error);
}

int weft_flow_is_recorded(struct weft_ledger *ledger, const char *run_id, bool *recorded,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int64_t one = 0;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc =
        weft_sql_int(txn, &one, error, "SELECT 1 FROM flow_runs WHERE run_id = ?1", "t", run_id);
    WEFT_TRY(rc);
    *recorded = rc == 0;
    return 0;
}
