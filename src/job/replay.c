/*
 * replay.c - rows of quarantine once more through the present contract.
 *
 * Each row's text as it was goes to a spooled file, under the header its file had, and these files
 * are read like any input: the same splitter, rules, keys. What passes is appended; what still
 * fails stays in quarantine as it is. The asker changes the states in the transaction that
 * publishes, so a row is replayed once.
 */
#include "engine/stored.h"
#include "job/replay_internal.h"
#include "job/scan_internal.h"

#include <fcntl.h>
#include <string.h>

#define HEADER_MAX ((size_t)1 << 26)
#define SPOOL_WRITE ((size_t)1 << 20)

struct replay_row {
    int64_t id;
    size_t run; /* of job->replays */
    int64_t number;
};

/* A row as it is stored. */
struct stored {
    int64_t number;
    const char *file;
    const char *raw;
    const char *values;
    int64_t line;
};

struct job_replay {
    struct job_work *work;
    struct replay_row *rows; /* heap; ids ascend */
    size_t count;
    size_t capacity;
    int fd; /* of the spooled file being written; -1 = none */
    const char *path;
    int64_t base;   /* id of its byte 0 */
    int64_t length; /* of its text */
    char *values;   /* header of it: the keys, as one text; heap */
    struct weft_buf out;
    struct job_origin *origins; /* in the arena; as many as rows */
    size_t origin_capacity;
};

void job_replay_free(struct job_replay *replay)
{
    if (replay == NULL)
        return;
    struct weft_error ignored = WEFT_ERROR_INIT;
    for (size_t i = 0; i < replay->work->file_count; i++)
        (void)!weft_fs_unlink(replay->work->files[i].out.path, &ignored);
    weft_fd_close(&replay->fd);
    weft_free(replay->rows);
    weft_free(replay->values);
    weft_buf_release(&replay->out);
    weft_free(replay);
}

/* ---- spooling ---- */

static enum job_text spool_text(const struct job_replay *replay)
{
    return job_text_of(replay->work->input);
}

static int spool_flush(struct job_replay *replay, struct weft_error *error)
{
    WEFT_TRY(weft_buf_check(&replay->out, error));
    WEFT_TRY(weft_fs_write(replay->fd, replay->out.data, replay->out.length, replay->path, error));
    weft_buf_clear(&replay->out);
    return 0;
}

static int spool_end(struct job_replay *replay, struct weft_error *error)
{
    struct job_work *work = replay->work;
    if (replay->fd < 0)
        return 0;
    if (spool_text(replay) == JOB_TEXT_JSON) {
        weft_buf_adds(&replay->out, "]\n");
        replay->length += 2;
    }
    WEFT_TRY(spool_flush(replay, error));
    weft_fd_close(&replay->fd);
    replay->base += replay->length + 1;
    struct job_file *file = &work->files[work->file_count - 1];
    struct weft_fs_identity identity;
    int rc = weft_fs_identity(replay->path, &identity, error);
    if (rc != 0)
        return rc < 0 ? rc : weft_error_set(error, WEFT_E_IO, "%s is gone", replay->path);
    file->out.size = identity.size;
    file->out.device = (int64_t)identity.device;
    file->out.inode = (int64_t)identity.inode;
    file->out.modified_ns = identity.modified_ns;
    file->out.changed_ns = identity.changed_ns;
    return 0;
}

static void header_cell(const struct weft_csv_options *csv, const char *name, struct weft_buf *out)
{
    if (csv->quote == 0) {
        weft_buf_adds(out, name);
        return;
    }
    weft_buf_addc(out, csv->quote);
    for (; *name != '\0'; name++) {
        if (*name == csv->quote)
            weft_buf_addc(out, csv->quote);
        weft_buf_addc(out, *name);
    }
    weft_buf_addc(out, csv->quote);
}

/* The names of the cells as a line of the file. */
static int header_of(struct job_replay *replay, const char *values, struct weft_buf *out,
                     struct weft_error *error)
{
    const struct weft_csv_options *csv = &replay->work->input->csv;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *key;
    yyjson_val *value;
    size_t i;
    size_t max;
    WEFT_TRY(weft_json_parse(values, strlen(values), 0, &doc, error));
    WEFT_JSON_EACH(yyjson_doc_get_root(doc), i, max, key, value)
    {
        if (i > 0)
            weft_buf_addc(out, csv->delimiter);
        header_cell(csv, yyjson_get_str(key), out);
        (void)value;
    }
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

static int spool_begin(struct job_replay *replay, const char *shown, const char *header,
                       struct weft_error *error)
{
    struct job_work *work = replay->work;
    WEFT_TRY(spool_end(replay, error));
    if (weft_arena_reserve(work->arena, &work->files, &work->file_capacity, work->file_count + 1,
                           sizeof *work->files) < 0)
        return weft_error_nomem(error);
    struct job_file *file = &work->files[work->file_count];
    *file = (struct job_file){.read = true};
    file->out = (struct weft_outcome_file){
        .port = work->input->name,
        .path = weft_arena_format(work->arena, "%s/%s-replay-%zu-%zu.csv", work->job->temp_dir,
                                  work->job->run_id, work->number, work->file_count),
        .shown = weft_arena_strdup(work->arena, shown),
        .state = WEFT_FILE_READ};
    char *values = weft_strdup(header);
    if (file->out.path == NULL || file->out.shown == NULL || values == NULL) {
        weft_free(values);
        return weft_error_nomem(error);
    }
    weft_free(replay->values);
    replay->values = values;
    replay->path = file->local = file->out.path;
    WEFT_TRY(weft_fs_open(replay->path, O_WRONLY | O_CREAT | O_EXCL, &replay->fd, error));
    work->file_count++;
    replay->length = 0;
    if (spool_text(replay) == JOB_TEXT_JSON) {
        weft_buf_addc(&replay->out, '[');
        replay->length = 1;
    } else if (spool_text(replay) == JOB_TEXT_CSV && work->input->csv.header) {
        weft_buf_adds(&replay->out, header);
        replay->length = (int64_t)strlen(header);
    }
    return weft_buf_check(&replay->out, error);
}

/* Of a product that is loaded by hand each file's name says how it was written. */
static int spool_format(struct job_replay *replay, const char *shown, struct weft_error *error)
{
    struct job_work *work = replay->work;
    enum weft_file_format format = WEFT_FORMAT_CSV;
    (void)weft_format_of_file(shown, &format);
    if (work->product->input_count > 0 || work->input->format == format)
        return 0;
    if (replay->count > 0)
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "rows of %s and of %s files cannot be replayed together yet",
                              weft_format_name(work->input->format), weft_format_name(format));
    struct weft_input *input = weft_arena_alloc(work->arena, sizeof *input);
    if (input == NULL)
        return weft_error_nomem(error);
    *input = *work->input;
    input->format = format;
    input->csv.delimiter = format == WEFT_FORMAT_TSV ? '\t' : ',';
    work->input = input;
    return 0;
}

/* What _file and _line say of it: where it stood, not where it is spooled. */
static int origin_add(struct job_replay *replay, const struct stored *row, struct weft_error *error)
{
    struct job_work *work = replay->work;
    if (weft_arena_reserve(work->arena, &replay->origins, &replay->origin_capacity,
                           replay->count + 1, sizeof *replay->origins) < 0)
        return weft_error_nomem(error);
    const char *before = replay->count == 0 ? NULL : replay->origins[replay->count - 1].file;
    const char *file = before != NULL && strcmp(before, row->file) == 0
                           ? before
                           : weft_arena_strdup(work->arena, row->file);
    if (file == NULL)
        return weft_error_nomem(error);
    replay->origins[replay->count] =
        (struct job_origin){replay->base + replay->length, row->line, file};
    return 0;
}

static int spool_row(struct job_replay *replay, size_t run, const struct stored *row,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf header;
    weft_buf_init(&header, HEADER_MAX);
    WEFT_TRY(spool_format(replay, row->file, error));
    if (spool_text(replay) == JOB_TEXT_CSV)
        WEFT_TRY(header_of(replay, row->values, &header, error));
    if (replay->values == NULL || strcmp(replay->values, header.data) != 0)
        WEFT_TRY(spool_begin(replay, row->file, header.data, error));
    if (spool_text(replay) == JOB_TEXT_JSON && replay->length > 1) {
        weft_buf_addc(&replay->out, ',');
        replay->length++;
    }
    if (weft_array_reserve(&replay->rows, &replay->capacity, replay->count + 1,
                           sizeof *replay->rows) < 0)
        return weft_error_nomem(error);
    WEFT_TRY(origin_add(replay, row, error));
    replay->rows[replay->count++] =
        (struct replay_row){replay->base + replay->length, run, row->number};
    weft_buf_adds(&replay->out, row->raw);
    weft_buf_addc(&replay->out, '\n');
    replay->length += (int64_t)strlen(row->raw) + 1;
    return replay->out.length < SPOOL_WRITE ? 0 : spool_flush(replay, error);
}

/* ---- the stored rows ---- */

/* Values that were edited stand in the place of those that are stored. */
static int quarantine_wrap(struct job_work *work, const struct weft_relation *relation,
                           struct weft_buf *sql, struct weft_error *error)
{
    const char *edits = work->job->edits;
    weft_buf_adds(sql, edits == NULL
                           ? "SELECT q.*, false AS edited FROM ("
                           : "SELECT q.* REPLACE (coalesce(e.\"values\", q.\"values\") AS "
                             "\"values\"), e.row_id IS NOT NULL AS edited FROM (");
    WEFT_TRY(weft_relation_print(relation, sql, error));
    weft_buf_adds(sql, ") AS q");
    if (edits == NULL)
        return weft_buf_check(sql, error);
    weft_buf_adds(sql, " LEFT JOIN read_json(");
    weft_buf_add_sql_text(sql, edits, strlen(edits));
    weft_buf_adds(sql, ", format = 'newline_delimited', columns = {'row_id': 'VARCHAR', 'values': "
                       "'VARCHAR'}) AS e ON e.row_id = q.row_id");
    return weft_buf_check(sql, error);
}

int job_quarantine_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct weft_table *table = NULL;
    struct weft_data_files data = {0};
    struct weft_data_files deletes = {0};
    WEFT_TRY(weft_table_load(work->arena, job->home, job->quarantine_metadata, &table, error));
    if (weft_table_current(table) == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "the quarantine table has no rows");
    WEFT_TRY(weft_table_files(work->arena, job->home, table, weft_table_current(table), &data,
                              &deletes, error));
    const struct weft_table_schema *schema = weft_table_schema(table);
    struct weft_relation relation = {.kind = WEFT_RELATION_FILES, .product = job->table};
    WEFT_TRY(weft_stored_columns(work->arena, schema, &relation, error));
    WEFT_TRY(weft_stored_files(work->arena, job->home, table, &data, &relation, error));
    return quarantine_wrap(work, &relation, sql, error);
}

static int stored_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT CAST(split_part(row_id, ':', 2) AS BIGINT) AS number, file, raw, "
                       "\"values\", edited, line FROM (");
    WEFT_TRY(job_quarantine_print(work, sql, error));
    weft_buf_adds(sql, ") AS q WHERE run_id = ? AND raw IS NOT NULL");
    if (work->parent != NULL) {
        weft_buf_adds(sql, " AND port = ");
        weft_buf_add_sql_text(sql, work->input->name, strlen(work->input->name));
    }
    weft_buf_adds(sql, " ORDER BY number");
    return weft_buf_check(sql, error);
}

/* As it was, or what its new values make. */
static int run_row(struct job_replay *replay, struct weft_result *result, size_t run,
                   int64_t number, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf record;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf values;
    weft_buf_init(&record, HEADER_MAX);
    weft_buf_init(&values, HEADER_MAX);
    weft_buf_adds(&values, weft_result_text(result, 3));
    WEFT_TRY(weft_buf_check(&values, error));
    if (weft_result_int(result, 4) == 0)
        weft_buf_adds(&record, weft_result_text(result, 2));
    else if (job_replay_record(replay->work->input, values.data, &record, error) < 0)
        return weft_error_prefix(error, "row %s:%" PRId64, replay->work->job->replays[run].run_id,
                                 number);
    WEFT_TRY(weft_buf_check(&record, error));
    struct stored row = {.number = number,
                         .file = weft_result_text(result, 1),
                         .raw = record.data,
                         .values = values.data,
                         .line = weft_result_int(result, 5)};
    return spool_row(replay, run, &row, error);
}

static int run_spool(struct job_replay *replay, const char *sql, size_t run,
                     struct weft_error *error)
{
    const struct weft_job_replay *wanted = &replay->work->job->replays[run];
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_param param = {NULL, wanted->run_id};
    size_t at = 0;
    int rc = 0;
    WEFT_TRY(weft_engine_query(replay->work->engine, sql, &param, 1, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        int64_t number = weft_result_int(result, 0);
        if (wanted->row_count > 0) {
            while (at < wanted->row_count && wanted->row_numbers[at] < number)
                at++;
            if (at == wanted->row_count || wanted->row_numbers[at] != number)
                continue;
        }
        WEFT_TRY(run_row(replay, result, run, number, error));
    }
    return rc < 0 ? rc : 0;
}

/* `skip` counts lines of the original file; a spooled one begins with its header, and is UTF-8. */
static int input_without_skip(struct job_work *work, struct weft_error *error)
{
    struct weft_input *input = weft_arena_alloc(work->arena, sizeof *input);
    if (input == NULL)
        return weft_error_nomem(error);
    *input = *work->input;
    input->csv.skip = 0;
    input->csv.encoding = "utf-8";
    input->extra_columns = WEFT_EXTRA_IGNORE;
    work->input = input;
    return 0;
}

int job_replay_spool(struct job_work *work, struct job_replay **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 26);
    if (work->job->quarantine_metadata == NULL)
        return WEFT_END;
    struct job_replay *replay = weft_alloc(sizeof *replay);
    if (replay == NULL)
        return weft_error_nomem(error);
    *out = replay; /* the caller frees it in every case */
    replay->work = work;
    replay->fd = -1;
    weft_buf_init(&replay->out, HEADER_MAX);
    WEFT_TRY(input_without_skip(work, error));
    WEFT_TRY(weft_fs_mkdirs(work->job->temp_dir, error));
    WEFT_TRY(stored_print(work, &sql, error));
    for (size_t i = 0; i < work->job->replay_count; i++)
        WEFT_TRY(run_spool(replay, sql.data, i, error));
    WEFT_TRY(spool_end(replay, error));
    work->origins = replay->origins;
    work->origin_count = replay->count;
    work->read_count = work->file_count;
    return replay->count == 0 ? WEFT_END : 0;
}

/* ---- which of them passed ---- */

int job_replay_tell(struct job_replay *replay, struct weft_error *error)
{
    struct job_work *work = replay->work;
    const struct job_rules *rules = &work->rules;
    size_t runs = work->job->replay_count;
    struct weft_job_replay *told = weft_arena_array(work->arena, runs + 1, sizeof *told);
    int64_t *numbers = weft_arena_array(work->arena, replay->count + 1, sizeof *numbers);
    size_t count = 0;
    size_t rejected = 0;
    if (told == NULL || numbers == NULL)
        return weft_error_nomem(error);
    if (job_scan_records(work->scan) != (int64_t)replay->count)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "%zu rows of quarantine read as %" PRId64 " records now: the "
                              "input's options changed",
                              replay->count, job_scan_records(work->scan));
    for (size_t i = 0; i < replay->count; i++) {
        const struct replay_row *row = &replay->rows[i];
        if (rejected < rules->row_count && rules->ids[rejected] == row->id) {
            WEFT_TRY(job_replay_stayed(work, work->job->replays[row->run].run_id, row->number,
                                       rejected++, error));
            continue;
        }
        if (count == 0 || strcmp(told[count - 1].run_id, work->job->replays[row->run].run_id) != 0)
            told[count++] =
                (struct weft_job_replay){work->job->replays[row->run].run_id, numbers, 0};
        *numbers++ = row->number;
        told[count - 1].row_count++;
    }
    if (rejected != rules->row_count)
        return weft_error_set(error, WEFT_E_INTERNAL, "replayed rows cannot be told apart");
    work->out->replayed = told;
    work->out->replayed_count = count;
    return 0;
}
