/*
 * verify.c - an outcome is believed only as far as it adds up: its balances, its files on disk, the
 * state it was made from. What does not is refused, and nothing of it is published.
 */
#include "flow/run_internal.h"

#include <stdio.h>
#include <string.h>

/* Up to so many files of a table, each is looked at; beyond, only those of the manifests' sums. */
#define VERIFY_FILES_MAX 1000

static int lies(struct weft_error *error, const char *what, int64_t one, int64_t other)
{
    return weft_error_set(error, WEFT_E_WORKER,
                          "the run's figures do not add up: %s (%" PRId64 " and %" PRId64 ")", what,
                          one, other);
}

static int same(struct weft_error *error, const char *what, int64_t one, int64_t other)
{
    return one == other ? 0 : lies(error, what, one, other);
}

static int verify_signs(const struct weft_balance *b, struct weft_error *error)
{
    const int64_t figures[] = {b->read,      b->accepted,           b->input_quarantined, b->made,
                               b->published, b->output_quarantined, b->superseded};
    for (size_t i = 0; i < WEFT_COUNT(figures); i++) {
        if (figures[i] < 0)
            return lies(error, "a figure is negative", figures[i], 0);
    }
    return 0;
}

static int verify_balance(const struct weft_outcome *outcome, struct weft_error *error)
{
    const struct weft_balance *b = &outcome->balance;
    WEFT_TRY(verify_signs(b, error));
    WEFT_TRY(same(error, "read, and accepted with quarantined", b->read,
                  b->accepted + b->input_quarantined));
    return same(error, "made, and published with quarantined and superseded", b->made,
                b->published + b->output_quarantined + b->superseded);
}

static const struct weft_job_source *source_find(const struct weft_asker *asker, const char *name)
{
    for (size_t i = 0; name != NULL && i < asker->source_count; i++) {
        if (strcmp(asker->sources[i].name, name) == 0)
            return &asker->sources[i];
    }
    return NULL;
}

static int verify_source(const struct weft_asker *asker, const struct weft_outcome *outcome,
                         size_t i, struct weft_error *error)
{
    const struct weft_outcome_source *told = &outcome->sources[i];
    const struct weft_job_source *given = source_find(asker, told->name);
    if (given == NULL || told->table == NULL || strcmp(given->table, told->table) != 0)
        return weft_error_set(error, WEFT_E_WORKER,
                              "the run tells of a source that it was not given");
    WEFT_TRY(same(error, "the source's snapshot", given->snapshot_id, told->snapshot_id));
    for (size_t k = 0; k < i; k++) {
        if (strcmp(outcome->sources[k].name, told->name) == 0)
            return weft_error_set(error, WEFT_E_WORKER, "source %s is told of twice", told->name);
    }
    return told->records < 0 ? lies(error, "a figure is negative", told->records, 0) : 0;
}

/* Each was read as it was given, once. *records = rows of all of them. */
static int verify_sources(const struct weft_asker *asker, const struct weft_outcome *outcome,
                          int64_t *records, struct weft_error *error)
{
    *records = 0;
    for (size_t i = 0; i < outcome->source_count; i++) {
        WEFT_TRY(verify_source(asker, outcome, i, error));
        *records += outcome->sources[i].records;
    }
    /* One that is left out would keep an old position. */
    bool none = asker->mode == WEFT_JOB_REPLAY || asker->mode == WEFT_JOB_LOAD;
    return none ? 0
                : same(error, "sources given and read", (int64_t)asker->source_count,
                       (int64_t)outcome->source_count);
}

static int verify_inputs(const struct weft_asker *asker, const struct weft_outcome *outcome,
                         struct weft_error *error)
{
    int64_t records = 0, accepted = 0, quarantined = 0, rows = 0;
    WEFT_TRY(verify_sources(asker, outcome, &rows, error));
    for (size_t i = 0; i < outcome->file_count; i++) {
        const struct weft_outcome_file *file = &outcome->files[i];
        if (file->state != WEFT_FILE_READ)
            continue;
        if (file->hash[0] == '\0' || file->port == NULL || file->path == NULL)
            return weft_error_set(error, WEFT_E_WORKER, "a file that was read has no hash or name");
        records += file->records;
        accepted += file->accepted;
        quarantined += file->quarantined;
    }
    if (asker->mode == WEFT_JOB_REPLAY)
        return 0; /* its rows come from quarantine */
    WEFT_TRY(
        same(error, "records read in all and by input", outcome->balance.read, records + rows));
    WEFT_TRY(same(error, "rows accepted in all and by input", outcome->balance.accepted,
                  accepted + rows));
    return same(error, "rows quarantined in all and by file", outcome->balance.input_quarantined,
                quarantined);
}

/* Replayed rows are among those that were asked for, once each: both lists ascend. */
static int verify_replay_run(const struct weft_asker *asker, const struct weft_job_replay *told,
                             struct weft_error *error)
{
    for (size_t i = 0; i < asker->replay_count; i++) {
        const struct weft_job_replay *asked = &asker->replays[i];
        if (strcmp(asked->run_id, told->run_id) != 0)
            continue;
        size_t at = 0;
        for (size_t k = 0; k < told->row_count; k++) {
            while (at < asked->row_count && asked->row_numbers[at] < told->row_numbers[k])
                at++;
            if (at == asked->row_count || asked->row_numbers[at] != told->row_numbers[k])
                return weft_error_set(error, WEFT_E_WORKER,
                                      "row %" PRId64 " of run %s was not to be replayed",
                                      told->row_numbers[k], told->run_id);
            at++;
        }
        return 0;
    }
    return weft_error_set(error, WEFT_E_WORKER, "run %s was not to be replayed", told->run_id);
}

static int verify_replay(const struct weft_asker *asker, const struct weft_outcome *outcome,
                         struct weft_error *error)
{
    int64_t rows = 0;
    if (asker->mode != WEFT_JOB_REPLAY && outcome->replayed_count > 0)
        return weft_error_set(error, WEFT_E_WORKER, "a run that replays nothing tells of replays");
    for (size_t i = 0; i < outcome->replayed_count; i++) {
        WEFT_TRY(verify_replay_run(asker, &outcome->replayed[i], error));
        rows += (int64_t)outcome->replayed[i].row_count;
    }
    if (asker->mode != WEFT_JOB_REPLAY)
        return 0;
    const struct weft_balance *b = &outcome->balance;
    int64_t aside = outcome->quarantine == NULL ? 0 : outcome->quarantine->added;
    if (outcome->passed_on < 0 || outcome->passed_on > rows || outcome->made_anew < 0)
        return lies(error, "figures of rows that the SQL made again", outcome->passed_on,
                    outcome->made_anew);
    if (aside > outcome->made_anew || aside > b->output_quarantined)
        return lies(error, "rows set aside of those that the SQL made again", aside,
                    outcome->made_anew);
    /* A row of the output is published itself, one of a port as what the SQL made of it. */
    return same(error, "rows published, superseded or set aside, and replayed",
                b->published + b->superseded + aside,
                rows - outcome->passed_on + outcome->made_anew);
}

/* ---- the state that was made ---- */

static int path_below(const char *path, const char *folder, struct weft_error *error)
{
    size_t length = strlen(folder);
    bool below =
        strncmp(path, folder, length) == 0 && path[length] == '/' && strstr(path, "/../") == NULL;
    if (below)
        return 0;
    return weft_error_set(error, WEFT_E_WORKER, "%s does not lie in the table's folder %s", path,
                          folder);
}

static int verify_file(const char *home, const char *folder, const struct weft_data_file *file,
                       struct weft_error *error)
{
    WEFT_TRY(path_below(file->path, folder, error));
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, file->path);
    struct weft_fs_identity identity;
    if (path == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_identity(path, &identity, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_WORKER, "the data file %s is missing", file->path);
    if (identity.size != file->size)
        return weft_error_set(error, WEFT_E_WORKER,
                              "the data file %s has %" PRId64 " bytes, not %" PRId64, file->path,
                              identity.size, file->size);
    return 0;
}

static int verify_data(const char *home, const char *folder, struct weft_arena *arena,
                       const struct weft_table *table, const struct weft_snapshot *snapshot,
                       const struct weft_outcome_table *told, struct weft_error *error)
{
    struct weft_data_files data, deletes;
    int64_t records = 0, added = 0;
    if (told->made.total_files > VERIFY_FILES_MAX)
        return 0;
    WEFT_TRY(weft_table_files(arena, home, table, snapshot, &data, &deletes, error));
    for (size_t i = 0; i < data.count; i++) {
        const struct weft_data_file *file = &data.items[i];
        records += file->records;
        if (file->snapshot_id != snapshot->snapshot_id)
            continue;
        added += file->records;
        WEFT_TRY(verify_file(home, folder, file, error));
    }
    WEFT_TRY(same(error, "files of the snapshot", told->made.total_files, (int64_t)data.count));
    WEFT_TRY(same(error, "rows of the snapshot's files", told->made.total_records, records));
    /* A rollback takes files over as they are. */
    return strcmp(told->operation, "rollback") == 0
               ? 0
               : same(error, "rows added and rows of new files", told->added + told->carried,
                      added);
}

/* Rows before, removed, added and there now. */
static int verify_rows(const struct weft_table *table, const struct weft_outcome_table *told,
                       struct weft_error *error)
{
    const struct weft_snapshot *parent = NULL;
    int64_t before = 0;
    if (told->removed < 0 || told->carried < 0)
        return lies(error, "a figure is negative", told->removed, told->carried);
    if (told->made.parent_id != 0) {
        int rc = weft_table_find(table, told->made.parent_id, &parent, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE)
            return 0; /* expired: there is nothing to compare with */
        before = weft_json_int_or(parent->summary, "total-records", -1);
    }
    return before < 0 ? 0
                      : same(error, "rows before, less removed, and added; and rows now",
                             before - told->removed + told->added, told->made.total_records);
}

static int verify_snapshot(const char *home, const char *folder, struct weft_arena *arena,
                           const struct weft_outcome_table *told, struct weft_error *error)
{
    struct weft_table *table = NULL;
    WEFT_TRY(weft_table_load(arena, home, told->made.metadata_path, &table, error));
    const struct weft_snapshot *snapshot = weft_table_current(table);
    if (told->made.snapshot_id == 0)
        return 0; /* only the schema changed */
    if (snapshot == NULL)
        return weft_error_set(error, WEFT_E_WORKER, "%s holds no snapshot",
                              told->made.metadata_path);
    WEFT_TRY(same(error, "the snapshot's number", told->made.snapshot_id, snapshot->snapshot_id));
    WEFT_TRY(same(error, "the parent's number", told->made.parent_id, snapshot->parent_id));
    WEFT_TRY(verify_rows(table, told, error));
    return verify_data(home, folder, arena, table, snapshot, told, error);
}

static bool text_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int verify_table(const struct weft_asker *asker, const struct weft_outcome_table *told,
                        const struct weft_pointer *pointer, const char *folder,
                        struct weft_error *error)
{
    if (told == NULL)
        return 0;
    if (told->made.metadata_path == NULL || told->operation == NULL)
        return weft_error_set(error, WEFT_E_WORKER, "the outcome names no metadata file");
    WEFT_TRY(path_below(told->made.metadata_path, folder, error));
    if (strstr(told->made.metadata_path, asker->run_id) == NULL)
        return weft_error_set(error, WEFT_E_WORKER, "%s is not of this run",
                              told->made.metadata_path);
    if (!text_same(told->made.previous_path, pointer->metadata))
        return weft_error_set(error, WEFT_E_WORKER, "the run went on from %s, the table is at %s",
                              told->made.previous_path == NULL ? "nothing"
                                                               : told->made.previous_path,
                              pointer->metadata == NULL ? "nothing" : pointer->metadata);
    if (told->made.snapshot_id != 0)
        WEFT_TRY(same(error, "parent and current snapshot", told->made.parent_id,
                      pointer->metadata == NULL ? 0 : pointer->snapshot_id));
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    return verify_snapshot(weft_ledger_home(asker->ledger), folder, arena, told, error);
}

int weft_flow_verify(const struct weft_asker *asker, const struct weft_outcome *outcome,
                     struct weft_error *error)
{
    const struct weft_balance *b = &outcome->balance;
    WEFT_TRY(verify_balance(outcome, error));
    WEFT_TRY(verify_inputs(asker, outcome, error));
    WEFT_TRY(verify_replay(asker, outcome, error));
    WEFT_TRY(same(error, "rows published and added", b->published,
                  outcome->table == NULL ? 0 : outcome->table->added));
    if (asker->mode != WEFT_JOB_REPLAY) /* that one has a check of its own */
        WEFT_TRY(same(error, "rows set aside and rows of quarantine",
                      b->input_quarantined + b->output_quarantined,
                      outcome->quarantine == NULL ? 0 : outcome->quarantine->added));
    WEFT_TRY(
        verify_table(asker, outcome->table, &asker->table, asker->registered.table_folder, error));
    return verify_table(asker, outcome->quarantine, &asker->quarantine,
                        asker->registered.quarantine_folder, error);
}
