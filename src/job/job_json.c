/*
 * job_json.c - jobs, outcomes and progress as lines of JSON (job.h).
 *
 * Each struct is one table of members, which both the writer and the reader go by; so what is
 * written can be read. Texts of a job and an outcome live in the arena. A member that is missing is
 * refused: both ends are the same program.
 */
#include "job/job.h"

#include <math.h>
#include <string.h>

enum member_kind { M_TEXT, M_CHARS, M_INT64, M_INT, M_BOOL, M_DOUBLE };

struct member {
    const char *key;
    enum member_kind kind;
    size_t offset;
    size_t size; /* CHARS: of the array */
};

#define MEMBER(type, name, kind)                                                                   \
    {#name, kind, offsetof(struct type, name), sizeof(((struct type *)NULL)->name)}

static const struct member job_members[] = {
    MEMBER(weft_job, run_id, M_CHARS),
    MEMBER(weft_job, mode, M_INT),
    MEMBER(weft_job, home, M_TEXT),
    MEMBER(weft_job, edits, M_TEXT),
    MEMBER(weft_job, document, M_TEXT),
    MEMBER(weft_job, folder, M_TEXT),
    MEMBER(weft_job, table, M_TEXT),
    MEMBER(weft_job, name, M_TEXT),
    MEMBER(weft_job, table_folder, M_TEXT),
    MEMBER(weft_job, metadata, M_TEXT),
    MEMBER(weft_job, quarantine_folder, M_TEXT),
    MEMBER(weft_job, quarantine_metadata, M_TEXT),
    MEMBER(weft_job, time_us, M_INT64),
    MEMBER(weft_job, head_sequence, M_INT64),
    MEMBER(weft_job, head_hash, M_TEXT),
    MEMBER(weft_job, memory_bytes, M_INT64),
    MEMBER(weft_job, threads, M_INT),
    MEMBER(weft_job, temp_dir, M_TEXT),
    MEMBER(weft_job, temp_size_max, M_INT64),
    MEMBER(weft_job, record_size_max, M_INT64),
    MEMBER(weft_job, columns_max, M_INT64),
    MEMBER(weft_job, file_size_max, M_INT64),
    MEMBER(weft_job, http_timeout_ms, M_INT64),
    MEMBER(weft_job, http_connect_timeout_ms, M_INT64),
    MEMBER(weft_job, http_private, M_BOOL),
    MEMBER(weft_job, examples_max, M_INT64),
    MEMBER(weft_job, metadata_files_kept, M_INT),
    MEMBER(weft_job, s3_fallback_local, M_BOOL),
    MEMBER(weft_job, last_key, M_TEXT),
    MEMBER(weft_job, example, M_TEXT),
};
static const struct member job_connection_members[] = {
    MEMBER(weft_job_connection, name, M_TEXT),       MEMBER(weft_job_connection, url, M_TEXT),
    MEMBER(weft_job_connection, user, M_TEXT),       MEMBER(weft_job_connection, header, M_TEXT),
    MEMBER(weft_job_connection, secret_kind, M_INT), MEMBER(weft_job_connection, secret, M_TEXT),
    MEMBER(weft_job_connection, folder, M_TEXT),
};
static const struct member job_file_members[] = {
    MEMBER(weft_job_file, port, M_TEXT),
    MEMBER(weft_job_file, path, M_TEXT),
    MEMBER(weft_job_file, shown, M_TEXT),
    MEMBER(weft_job_file, again, M_BOOL),
};
static const struct member job_source_members[] = {
    MEMBER(weft_job_source, name, M_TEXT),        MEMBER(weft_job_source, is_port, M_BOOL),
    MEMBER(weft_job_source, product, M_TEXT),     MEMBER(weft_job_source, table, M_TEXT),
    MEMBER(weft_job_source, metadata, M_TEXT),    MEMBER(weft_job_source, snapshot_id, M_INT64),
    MEMBER(weft_job_source, only_new, M_BOOL),    MEMBER(weft_job_source, since, M_INT64),
    MEMBER(weft_job_source, home, M_TEXT),        MEMBER(weft_job_source, origin, M_TEXT),
    MEMBER(weft_job_source, environment, M_TEXT), MEMBER(weft_job_source, guard, M_TEXT),
};
static const struct member outcome_source_members[] = {
    MEMBER(weft_outcome_source, name, M_TEXT),
    MEMBER(weft_outcome_source, table, M_TEXT),
    MEMBER(weft_outcome_source, origin, M_TEXT),
    MEMBER(weft_outcome_source, environment, M_TEXT),
    MEMBER(weft_outcome_source, snapshot_id, M_INT64),
    MEMBER(weft_outcome_source, since, M_INT64),
    MEMBER(weft_outcome_source, records, M_INT64),
};
static const struct member error_members[] = {
    MEMBER(weft_error, line, M_INT),      MEMBER(weft_error, column, M_INT),
    MEMBER(weft_error, byte, M_INT64),    MEMBER(weft_error, file, M_CHARS),
    MEMBER(weft_error, message, M_CHARS), MEMBER(weft_error, detail, M_CHARS),
    MEMBER(weft_error, hint, M_CHARS),
};
static const struct member balance_members[] = {
    MEMBER(weft_balance, read, M_INT64),
    MEMBER(weft_balance, accepted, M_INT64),
    MEMBER(weft_balance, input_quarantined, M_INT64),
    MEMBER(weft_balance, made, M_INT64),
    MEMBER(weft_balance, published, M_INT64),
    MEMBER(weft_balance, output_quarantined, M_INT64),
    MEMBER(weft_balance, superseded, M_INT64),
};
static const struct member outcome_file_members[] = {
    MEMBER(weft_outcome_file, port, M_TEXT),
    MEMBER(weft_outcome_file, path, M_TEXT),
    MEMBER(weft_outcome_file, shown, M_TEXT),
    MEMBER(weft_outcome_file, state, M_INT),
    MEMBER(weft_outcome_file, same_as, M_TEXT),
    MEMBER(weft_outcome_file, hash, M_CHARS),
    MEMBER(weft_outcome_file, size, M_INT64),
    MEMBER(weft_outcome_file, device, M_INT64),
    MEMBER(weft_outcome_file, inode, M_INT64),
    MEMBER(weft_outcome_file, modified_ns, M_INT64),
    MEMBER(weft_outcome_file, changed_ns, M_INT64),
    MEMBER(weft_outcome_file, records, M_INT64),
    MEMBER(weft_outcome_file, accepted, M_INT64),
    MEMBER(weft_outcome_file, quarantined, M_INT64),
    MEMBER(weft_outcome_file, etag, M_TEXT),
    MEMBER(weft_outcome_file, last_modified, M_TEXT),
};
static const struct member stayed_members[] = {
    MEMBER(weft_outcome_stayed, run_id, M_TEXT),
    MEMBER(weft_outcome_stayed, number, M_INT64),
    MEMBER(weft_outcome_stayed, rules, M_TEXT),
};
static const struct member check_members[] = {
    MEMBER(weft_outcome_check, rule, M_TEXT),     MEMBER(weft_outcome_check, kind, M_TEXT),
    MEMBER(weft_outcome_check, on_fail, M_INT),   MEMBER(weft_outcome_check, passed, M_BOOL),
    MEMBER(weft_outcome_check, failing, M_INT64), MEMBER(weft_outcome_check, total, M_INT64),
    MEMBER(weft_outcome_check, value, M_DOUBLE),  MEMBER(weft_outcome_check, message, M_TEXT),
};
static const struct member made_members[] = {
    MEMBER(weft_table_made, metadata_path, M_TEXT),  MEMBER(weft_table_made, previous_path, M_TEXT),
    MEMBER(weft_table_made, snapshot_id, M_INT64),   MEMBER(weft_table_made, parent_id, M_INT64),
    MEMBER(weft_table_made, total_records, M_INT64), MEMBER(weft_table_made, total_files, M_INT64),
    MEMBER(weft_table_made, total_bytes, M_INT64),
};
static const struct member table_members[] = {
    MEMBER(weft_outcome_table, operation, M_TEXT),
    MEMBER(weft_outcome_table, added, M_INT64),
    MEMBER(weft_outcome_table, removed, M_INT64),
    MEMBER(weft_outcome_table, carried, M_INT64),
};
static const struct member outcome_members[] = {
    MEMBER(weft_outcome, state, M_INT),           MEMBER(weft_outcome, examples, M_TEXT),
    MEMBER(weft_outcome, closed_before, M_INT64), MEMBER(weft_outcome, duration_us, M_INT64),
    MEMBER(weft_outcome, memory_bytes, M_INT64),  MEMBER(weft_outcome, run_key, M_CHARS),
    MEMBER(weft_outcome, preview, M_TEXT),        MEMBER(weft_outcome, example, M_TEXT),
    MEMBER(weft_outcome, passed_on, M_INT64),     MEMBER(weft_outcome, made_anew, M_INT64),
    MEMBER(weft_outcome, sql_hash, M_CHARS),
};
static const struct member progress_members[] = {
    MEMBER(weft_progress, stage, M_TEXT),        MEMBER(weft_progress, file, M_TEXT),
    MEMBER(weft_progress, rows, M_INT64),        MEMBER(weft_progress, bytes_done, M_INT64),
    MEMBER(weft_progress, bytes_total, M_INT64),
};
#define MEMBERS(table) (table), WEFT_COUNT(table)

/* ---- writing ---- */

static void member_put(struct weft_json_writer *w, const struct member *m, const char *at)
{
    weft_json_key(w, m->key);
    switch (m->kind) {
    case M_TEXT:
        weft_json_put_text(w, *(const char *const *)(const void *)at);
        break;
    case M_CHARS:
        weft_json_put_text(w, at);
        break;
    case M_INT64:
        weft_json_put_int(w, *(const int64_t *)(const void *)at);
        break;
    case M_INT:
        weft_json_put_int(w, *(const int *)(const void *)at);
        break;
    case M_BOOL:
        weft_json_put_bool(w, *(const bool *)(const void *)at);
        break;
    case M_DOUBLE:
        weft_json_put_double(w, *(const double *)(const void *)at);
        break;
    }
}

static void members_put(struct weft_json_writer *w, const struct member *members, size_t count,
                        const void *object)
{
    for (size_t i = 0; i < count; i++)
        member_put(w, &members[i], (const char *)object + members[i].offset);
}

static void objects_put(struct weft_json_writer *w, const char *key, const struct member *members,
                        size_t member_count, const void *items, size_t count, size_t size)
{
    weft_json_key(w, key);
    weft_json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        weft_json_begin_object(w);
        members_put(w, members, member_count, (const char *)items + i * size);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
}

static void texts_put(struct weft_json_writer *w, const char *key, const char *const *items,
                      size_t count)
{
    weft_json_key(w, key);
    weft_json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        weft_json_put_text(w, items[i]);
    weft_json_end_array(w);
}

static void replays_put(struct weft_json_writer *w, const char *key,
                        const struct weft_job_replay *items, size_t count)
{
    weft_json_key(w, key);
    weft_json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        weft_json_begin_object(w);
        weft_json_member_text(w, "run_id", items[i].run_id);
        weft_json_key(w, "rows");
        weft_json_begin_array(w);
        for (size_t k = 0; k < items[i].row_count; k++)
            weft_json_put_int(w, items[i].row_numbers[k]);
        weft_json_end_array(w);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
}

int weft_job_write(const struct weft_job *job, struct weft_buf *out, struct weft_error *error)
{
    struct weft_json_writer w;
    weft_json_writer_init(&w, out);
    weft_json_begin_object(&w);
    members_put(&w, MEMBERS(job_members), job);
    objects_put(&w, "files", MEMBERS(job_file_members), job->files, job->file_count,
                sizeof *job->files);
    objects_put(&w, "sources", MEMBERS(job_source_members), job->sources, job->source_count,
                sizeof *job->sources);
    objects_put(&w, "lookups", MEMBERS(job_source_members), job->lookups, job->lookup_count,
                sizeof *job->lookups);
    objects_put(&w, "members", MEMBERS(job_source_members), job->members, job->member_count,
                sizeof *job->members);
    objects_put(&w, "connections", MEMBERS(job_connection_members), job->connections,
                job->connection_count, sizeof *job->connections);
    replays_put(&w, "replays", job->replays, job->replay_count);
    weft_json_end_object(&w);
    return weft_buf_check(out, error);
}

static void outcome_table_put(struct weft_json_writer *w, const char *key,
                              const struct weft_outcome_table *table)
{
    weft_json_key(w, key);
    if (table == NULL) {
        weft_json_put_null(w);
        return;
    }
    weft_json_begin_object(w);
    members_put(w, MEMBERS(table_members), table);
    weft_json_key(w, "made");
    weft_json_begin_object(w);
    members_put(w, MEMBERS(made_members), &table->made);
    texts_put(w, "old_metadata", table->made.old_metadata, table->made.old_metadata_count);
    weft_json_end_object(w);
    weft_json_end_object(w);
}

int weft_outcome_write(const struct weft_outcome *outcome, struct weft_buf *out,
                       struct weft_error *error)
{
    struct weft_json_writer w;
    weft_json_writer_init(&w, out);
    weft_json_begin_object(&w);
    weft_json_key(&w, "outcome");
    weft_json_begin_object(&w);
    members_put(&w, MEMBERS(outcome_members), outcome);
    weft_json_key(&w, "error");
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "code", weft_code_name(outcome->error.code));
    members_put(&w, MEMBERS(error_members), &outcome->error);
    weft_json_end_object(&w);
    weft_json_key(&w, "balance");
    weft_json_begin_object(&w);
    members_put(&w, MEMBERS(balance_members), &outcome->balance);
    weft_json_end_object(&w);
    objects_put(&w, "files", MEMBERS(outcome_file_members), outcome->files, outcome->file_count,
                sizeof *outcome->files);
    objects_put(&w, "sources", MEMBERS(outcome_source_members), outcome->sources,
                outcome->source_count, sizeof *outcome->sources);
    objects_put(&w, "checks", MEMBERS(check_members), outcome->checks, outcome->check_count,
                sizeof *outcome->checks);
    objects_put(&w, "stayed", MEMBERS(stayed_members), outcome->stayed, outcome->stayed_count,
                sizeof *outcome->stayed);
    outcome_table_put(&w, "table", outcome->table);
    outcome_table_put(&w, "quarantine", outcome->quarantine);
    texts_put(&w, "warnings", outcome->warnings, outcome->warning_count);
    texts_put(&w, "detected", outcome->detected, outcome->detected_count);
    replays_put(&w, "replayed", outcome->replayed, outcome->replayed_count);
    weft_json_end_object(&w);
    weft_json_end_object(&w);
    return weft_buf_check(out, error);
}

int weft_progress_write(const struct weft_progress *progress, struct weft_buf *out,
                        struct weft_error *error)
{
    struct weft_json_writer w;
    weft_json_writer_init(&w, out);
    weft_json_begin_object(&w);
    weft_json_key(&w, "progress");
    weft_json_begin_object(&w);
    members_put(&w, MEMBERS(progress_members), progress);
    weft_json_end_object(&w);
    weft_json_end_object(&w);
    return weft_buf_check(out, error);
}

/* ---- reading ---- */

static int member_missing(const char *key, struct weft_error *error)
{
    return weft_error_set(error, WEFT_E_CORRUPT, "a line between worker and asker lacks \"%s\"",
                          key);
}

static int text_get(struct weft_arena *arena, yyjson_val *value, const char *key, const char **out,
                    struct weft_error *error)
{
    if (yyjson_is_null(value)) {
        *out = NULL;
        return 0;
    }
    if (!yyjson_is_str(value))
        return member_missing(key, error);
    *out = weft_arena_strndup(arena, yyjson_get_str(value), yyjson_get_len(value));
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int chars_get(yyjson_val *value, const struct member *m, char *at, struct weft_error *error)
{
    if (!yyjson_is_str(value) || yyjson_get_len(value) >= m->size)
        return member_missing(m->key, error);
    memcpy(at, yyjson_get_str(value), yyjson_get_len(value) + 1);
    return 0;
}

static int member_get(struct weft_arena *arena, yyjson_val *object, const struct member *m,
                      char *at, struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(object, m->key);
    int64_t number = 0;
    if (value == NULL)
        return member_missing(m->key, error);
    switch (m->kind) {
    case M_TEXT:
        return text_get(arena, value, m->key, (const char **)(void *)at, error);
    case M_CHARS:
        return chars_get(value, m, at, error);
    case M_INT64:
        return weft_json_int(object, m->key, (int64_t *)(void *)at, error);
    case M_INT:
        WEFT_TRY(weft_json_int(object, m->key, &number, error));
        *(int *)(void *)at = (int)number;
        return 0;
    case M_BOOL:
        return weft_json_bool(object, m->key, (bool *)(void *)at, error);
    case M_DOUBLE:
        *(double *)(void *)at = yyjson_is_null(value) ? NAN : yyjson_get_num(value);
        return 0;
    }
    return 0;
}

static int members_get(struct weft_arena *arena, yyjson_val *object, const struct member *members,
                       size_t count, void *out, struct weft_error *error)
{
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(member_get(arena, object, &members[i], (char *)out + members[i].offset, error));
    return 0;
}

/* Gives the items in the arena; *out stays NULL for an empty array. */
static int objects_get(struct weft_arena *arena, yyjson_val *object, const char *key,
                       const struct member *members, size_t member_count, size_t size, void **out,
                       size_t *count, struct weft_error *error)
{
    yyjson_val *array = NULL;
    yyjson_val *item;
    size_t i;
    size_t max;
    WEFT_TRY(weft_json_array(object, key, &array, error));
    *count = yyjson_arr_size(array);
    *out = NULL;
    if (*count == 0)
        return 0;
    char *items = weft_arena_array(arena, *count, size);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(array, i, max, item)
    {
        WEFT_TRY(members_get(arena, item, members, member_count, items + i * size, error));
    }
    *out = items;
    return 0;
}

static int texts_get(struct weft_arena *arena, yyjson_val *object, const char *key,
                     const char *const **out, size_t *count, struct weft_error *error)
{
    yyjson_val *array = NULL;
    yyjson_val *item;
    size_t i;
    size_t max;
    WEFT_TRY(weft_json_array(object, key, &array, error));
    *count = yyjson_arr_size(array);
    const char **items = weft_arena_array(arena, *count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(array, i, max, item)
    {
        WEFT_TRY(text_get(arena, item, key, &items[i], error));
    }
    *out = items;
    return 0;
}

static int replay_get(struct weft_arena *arena, yyjson_val *object, struct weft_job_replay *out,
                      struct weft_error *error)
{
    yyjson_val *rows = NULL;
    yyjson_val *row;
    size_t i;
    size_t max;
    WEFT_TRY(text_get(arena, yyjson_obj_get(object, "run_id"), "run_id", &out->run_id, error));
    WEFT_TRY(weft_json_array(object, "rows", &rows, error));
    out->row_count = yyjson_arr_size(rows);
    int64_t *numbers = weft_arena_array(arena, out->row_count + 1, sizeof *numbers);
    if (numbers == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(rows, i, max, row)
    {
        numbers[i] = yyjson_get_sint(row);
    }
    out->row_numbers = numbers;
    return 0;
}

static int replays_get(struct weft_arena *arena, yyjson_val *object, const char *key,
                       const struct weft_job_replay **out, size_t *count, struct weft_error *error)
{
    yyjson_val *array = NULL;
    yyjson_val *item;
    size_t i;
    size_t max;
    WEFT_TRY(weft_json_array(object, key, &array, error));
    *count = yyjson_arr_size(array);
    struct weft_job_replay *items = weft_arena_array(arena, *count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(array, i, max, item)
    {
        WEFT_TRY(replay_get(arena, item, &items[i], error));
    }
    *out = items;
    return 0;
}

int weft_job_read(struct weft_arena *arena, const char *line, size_t length, struct weft_job *out,
                  struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    struct weft_job job = {0};
    void *files = NULL;
    WEFT_TRY(weft_json_parse(line, length, 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    WEFT_TRY(members_get(arena, root, MEMBERS(job_members), &job, error));
    WEFT_TRY(objects_get(arena, root, "files", MEMBERS(job_file_members),
                         sizeof(struct weft_job_file), &files, &job.file_count, error));
    job.files = files;
    void *sources = NULL;
    WEFT_TRY(objects_get(arena, root, "sources", MEMBERS(job_source_members),
                         sizeof(struct weft_job_source), &sources, &job.source_count, error));
    job.sources = sources;
    void *lookups = NULL;
    WEFT_TRY(objects_get(arena, root, "lookups", MEMBERS(job_source_members),
                         sizeof(struct weft_job_source), &lookups, &job.lookup_count, error));
    job.lookups = lookups;
    void *members = NULL;
    WEFT_TRY(objects_get(arena, root, "members", MEMBERS(job_source_members),
                         sizeof(struct weft_job_source), &members, &job.member_count, error));
    job.members = members;
    void *connections = NULL;
    WEFT_TRY(objects_get(arena, root, "connections", MEMBERS(job_connection_members),
                         sizeof(struct weft_job_connection), &connections, &job.connection_count,
                         error));
    job.connections = connections;
    WEFT_TRY(replays_get(arena, root, "replays", &job.replays, &job.replay_count, error));
    *out = job;
    return 0;
}

static int outcome_table_get(struct weft_arena *arena, yyjson_val *outcome, const char *key,
                             const struct weft_outcome_table **out, struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(outcome, key);
    yyjson_val *made = NULL;
    *out = NULL;
    if (value == NULL || yyjson_is_null(value))
        return 0;
    struct weft_outcome_table *table = weft_arena_alloc(arena, sizeof *table);
    if (table == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(members_get(arena, value, MEMBERS(table_members), table, error));
    WEFT_TRY(weft_json_object(value, "made", &made, error));
    WEFT_TRY(members_get(arena, made, MEMBERS(made_members), &table->made, error));
    WEFT_TRY(texts_get(arena, made, "old_metadata", &table->made.old_metadata,
                       &table->made.old_metadata_count, error));
    *out = table;
    return 0;
}

static int outcome_lists_get(struct weft_arena *arena, yyjson_val *value, struct weft_outcome *out,
                             struct weft_error *error)
{
    void *items = NULL;
    WEFT_TRY(objects_get(arena, value, "files", MEMBERS(outcome_file_members),
                         sizeof(struct weft_outcome_file), &items, &out->file_count, error));
    out->files = items;
    WEFT_TRY(objects_get(arena, value, "sources", MEMBERS(outcome_source_members),
                         sizeof(struct weft_outcome_source), &items, &out->source_count, error));
    out->sources = items;
    WEFT_TRY(objects_get(arena, value, "checks", MEMBERS(check_members),
                         sizeof(struct weft_outcome_check), &items, &out->check_count, error));
    out->checks = items;
    WEFT_TRY(objects_get(arena, value, "stayed", MEMBERS(stayed_members),
                         sizeof(struct weft_outcome_stayed), &items, &out->stayed_count, error));
    out->stayed = items;
    WEFT_TRY(outcome_table_get(arena, value, "table", &out->table, error));
    WEFT_TRY(outcome_table_get(arena, value, "quarantine", &out->quarantine, error));
    WEFT_TRY(texts_get(arena, value, "warnings", &out->warnings, &out->warning_count, error));
    WEFT_TRY(texts_get(arena, value, "detected", &out->detected, &out->detected_count, error));
    return replays_get(arena, value, "replayed", &out->replayed, &out->replayed_count, error);
}

int weft_outcome_read(struct weft_arena *arena, yyjson_val *value, struct weft_outcome *out,
                      struct weft_error *error)
{
    struct weft_outcome outcome = {.error = WEFT_ERROR_INIT};
    yyjson_val *part = NULL;
    const char *code = NULL;
    WEFT_TRY(members_get(arena, value, MEMBERS(outcome_members), &outcome, error));
    WEFT_TRY(weft_json_object(value, "error", &part, error));
    WEFT_TRY(weft_json_text(part, "code", &code, error));
    WEFT_TRY(members_get(arena, part, MEMBERS(error_members), &outcome.error, error));
    outcome.error.code = weft_code_from_name(code);
    WEFT_TRY(weft_json_object(value, "balance", &part, error));
    WEFT_TRY(members_get(arena, part, MEMBERS(balance_members), &outcome.balance, error));
    WEFT_TRY(outcome_lists_get(arena, value, &outcome, error));
    *out = outcome;
    return 0;
}
