/*
 * parquet_replay.c - rows of Parquet files that were set aside, once more: their values, as they
 * were told, become the columns of one spooled Parquet file, as texts, and that file is read like
 * any input. Where a row came from goes with it (_file, _line).
 */
#include "job/parquet_internal.h"
#include "job/replay_internal.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 28)

/* The value of a column in JSON, by pointer: no name needs quotes there. */
static void value_print(const char *header, const struct weft_type *type, struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf pointer;
    weft_buf_init(&pointer, 1 << 20);
    weft_buf_addc(&pointer, '/');
    for (const char *at = header; *at != '\0'; at++) {
        if (*at == '~' || *at == '/')
            weft_buf_adds(&pointer, *at == '~' ? "~0" : "~1");
        else
            weft_buf_addc(&pointer, *at);
    }
    bool binary = type->kind == WEFT_TYPE_BINARY;
    weft_buf_adds(sql, binary ? ", CAST(" : ", ");
    weft_buf_adds(sql, "json_extract_string(\"values\", ");
    weft_buf_add_sql_text(sql, pointer.data, pointer.length);
    weft_buf_adds(sql, binary ? ") AS BLOB) AS " : ") AS ");
    weft_buf_add_sql_name(sql, header);
}

static int columns_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    bool own = work->input->schema.count > 0;
    const struct weft_fields *fields = own ? &work->input->schema : &work->product->schema;
    const struct weft_table_schema *table =
        work->table == NULL ? NULL : weft_table_schema(work->table);
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (job_own_of(field->from) != JOB_OWN_NONE)
            continue;
        value_print(field->from != NULL ? field->from : field->name, field->type, sql);
    }
    if (fields->count == 0 && table == NULL)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "the columns of %s are known once it has been published",
                              work->job->table);
    for (size_t i = 0; fields->count == 0 && i < table->count; i++)
        value_print(table->columns[i].name, table->columns[i].type, sql);
    return 0;
}

static int stored_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    job_replay_numbers_print(job, sql);
    weft_buf_adds(sql, ", file AS \"" JOB_OWN_FILE_NAME "\", line AS \"" JOB_OWN_LINE_NAME "\"");
    WEFT_TRY(columns_print(work, sql, error));
    weft_buf_adds(sql, " FROM ");
    WEFT_TRY(job_replay_rows_print(work, sql, error));
    weft_buf_adds(sql, " WHERE port IS NOT NULL AND raw IS NULL AND ");
    if (work->parent != NULL) {
        weft_buf_adds(sql, "port = ");
        weft_buf_add_sql_text(sql, work->input->name, strlen(work->input->name));
        weft_buf_adds(sql, " AND ");
    }
    job_replay_asked_print(job, sql);
    weft_buf_adds(sql, " ORDER BY 1, 2");
    return weft_buf_check(sql, error);
}

static int file_add(struct job_work *work, const char *path, struct weft_error *error)
{
    struct weft_fs_identity identity;
    struct job_file file = {.engine_path = path};
    int rc = weft_fs_identity(path, &identity, error);
    if (rc != 0)
        return rc < 0 ? rc : weft_error_set(error, WEFT_E_IO, "%s is gone", path);
    file.out.size = identity.size;
    file.out.device = (int64_t)identity.device;
    file.out.inode = (int64_t)identity.inode;
    file.out.modified_ns = identity.modified_ns;
    file.out.changed_ns = identity.changed_ns;
    return job_file_append(work, &file, work->input->name, path, "the rows set aside", error);
}

int job_parquet_replay(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_input *input = weft_arena_alloc(work->arena, sizeof *input);
    int64_t records = 0;
    weft_buf_init(&sql, SQL_MAX);
    if (work->job->quarantine_metadata == NULL)
        return WEFT_END;
    const char *path = weft_arena_format(work->arena, "%s/%s-replay-%zu.parquet",
                                         work->job->temp_dir, work->job->run_id, work->number);
    if (input == NULL || path == NULL)
        return weft_error_nomem(error);
    *input = *work->input;
    input->extra_columns = WEFT_EXTRA_IGNORE; /* where each row belongs to */
    work->input = input;
    WEFT_TRY(weft_fs_mkdirs(work->job->temp_dir, error));
    WEFT_TRY(stored_print(work, &sql, error));
    WEFT_TRY(job_pass_spool(work, sql.data, path, &records, error));
    work->parquet->spool = path;
    if (records == 0)
        return WEFT_END;
    WEFT_TRY(file_add(work, path, error));
    work->read_count = work->file_count;
    return 0;
}

int job_parquet_replay_tell(struct job_work *work, struct weft_error *error)
{
    return job_replay_path_tell(work, work->parquet->spool, work->parquet->records, error);
}
