/*
 * made_values.c - what rows of the SQL say, as JSON, for rows that are set aside: a query writes
 * them line by line to a file of the temp folder, and they are read from there while the table of
 * quarantine is written, which keeps the engine's connection busy.
 *
 * One object a line, in the order of ids: {"county":"Ada","cases":11}.
 */
#include "job/made_internal.h"

#include <fcntl.h>
#include <string.h>

#define VALUES_CHUNK ((size_t)1 << 20)
#define VALUES_MAX ((size_t)1 << 28)

struct job_values {
    int fd;
    const char *path;
    struct weft_buf text;
    size_t at;
    size_t written;
};

void job_values_close(struct job_values *values)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (values == NULL)
        return;
    weft_fd_close(&values->fd);
    if (values->path != NULL)
        (void)!weft_fs_unlink(values->path, &ignored);
    weft_buf_release(&values->text);
    weft_free(values);
}

static int row_put(struct weft_result *result, duckdb_data_chunk chunk, idx_t row,
                   struct weft_buf *out, struct weft_error *error)
{
    for (size_t i = 0; i < weft_result_column_count(result); i++) {
        struct weft_json_writer name;
        weft_buf_addc(out, i == 0 ? '{' : ',');
        weft_json_writer_init(&name, out);
        weft_json_put_text(&name, weft_result_column_name(result, i));
        weft_buf_addc(out, ':');
        WEFT_TRY(weft_encode_value(result, chunk, i, row, WEFT_ENCODE_JSON, out, error));
    }
    weft_buf_adds(out, "}\n");
    return weft_buf_check(out, error);
}

int job_values_add(struct job_work *work, struct job_values *values, const char *sql,
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    duckdb_data_chunk chunk = NULL;
    int rc = 0;
    WEFT_TRY(weft_engine_query(work->engine, sql, NULL, 0, &result, error));
    while ((rc = weft_result_next(result, &chunk, error)) == 0) {
        idx_t count = weft_duckdb.data_chunk_get_size(chunk);
        for (idx_t row = 0; row < count; row++) {
            WEFT_TRY(row_put(result, chunk, row, &values->text, error));
            values->written++;
            if (values->text.length < VALUES_CHUNK && row + 1 < count)
                continue;
            WEFT_TRY(weft_fs_write(values->fd, values->text.data, values->text.length, values->path,
                                   error));
            weft_buf_clear(&values->text);
        }
    }
    return rc < 0 ? rc : 0;
}

int job_values_new(struct job_work *work, struct job_values **out, struct weft_error *error)
{
    struct job_values *values = weft_alloc(sizeof *values);
    if (values == NULL)
        return weft_error_nomem(error);
    *out = values; /* the caller closes it in every case */
    values->fd = -1;
    weft_buf_init(&values->text, VALUES_MAX);
    values->path = weft_arena_format(work->arena, "%s/%s-values-%zu.ndjson", work->job->temp_dir,
                                     work->job->run_id, work->number);
    if (values->path == NULL)
        return weft_error_nomem(error);
    return weft_fs_open(values->path, O_RDWR | O_CREAT | O_TRUNC, &values->fd, error);
}

int job_values_end(struct job_values *values, size_t count, struct weft_error *error)
{
    if (values->written != count)
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "%zu rows were set aside, %zu are found again", count,
                              values->written);
    weft_fd_close(&values->fd);
    return weft_fs_open(values->path, O_RDONLY, &values->fd, error);
}

static int sql_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < work->columns.count; i++) {
        weft_buf_addf(sql, "%sq.", i > 0 ? ", " : "");
        weft_buf_add_sql_name(sql, work->columns.items[i].name);
    }
    weft_buf_addf(sql, " FROM %s WHERE " JOB_PICK "(%s) ORDER BY q.file_row_number",
                  work->columns.from, work->columns.id);
    return weft_buf_check(sql, error);
}

int job_values_open(struct job_work *work, const int64_t *ids, size_t count,
                    struct job_values **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 26);
    WEFT_TRY(job_values_new(work, out, error));
    work->made->picked = ids;
    work->made->picked_count = count;
    WEFT_TRY(sql_print(work, &sql, error));
    WEFT_TRY(job_values_add(work, *out, sql.data, error));
    return job_values_end(*out, count, error);
}

int job_values_next(struct job_values *values, struct weft_str *out, struct weft_error *error)
{
    for (size_t searched = values->at;;) {
        const char *end =
            memchr(values->text.data + searched, '\n', values->text.length - searched);
        if (end != NULL) {
            size_t length = (size_t)(end - (values->text.data + values->at));
            *out = (struct weft_str){values->text.data + values->at, length};
            values->at += length + 1;
            return 0;
        }
        /* What was given out before is not needed any more. */
        memmove(values->text.data, values->text.data + values->at,
                values->text.length - values->at);
        weft_buf_shrink(&values->text, values->text.length - values->at);
        values->at = 0;
        searched = values->text.length;
        char *room = weft_buf_room(&values->text, VALUES_CHUNK);
        size_t got = 0;
        if (room == NULL)
            return weft_buf_check(&values->text, error);
        WEFT_TRY(weft_fs_read(values->fd, room, VALUES_CHUNK, &got, values->path, error));
        if (got == 0)
            return weft_error_set(error, WEFT_E_INTERNAL, "rows that were set aside are missing");
        values->text.length += got;
        values->text.data[values->text.length] = '\0';
    }
}
