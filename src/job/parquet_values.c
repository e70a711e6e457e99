/*
 * parquet_values.c - what rows of Parquet files say, when they are set aside: a query of each group
 * of files writes them to a file of the temp folder, in the order of their ids (made_values.c). The
 * names are those of the file, as of a csv file's header.
 */
#include "job/parquet_internal.h"

void job_parquet_place(const struct job_work *work, int64_t id, const struct job_file **file,
                       int64_t *row)
{
    size_t number = (size_t)(id >> JOB_PARQUET_SHIFT);
    assert(number < work->parquet->file_count);
    *file = &work->files[work->parquet->files[number]];
    *row = id - (*file)->base + 1;
}

static bool group_picked(const struct job_work *work, const struct job_parquet_group *group)
{
    int64_t from = (int64_t)group->first << JOB_PARQUET_SHIFT;
    int64_t to = (int64_t)(group->first + group->count) << JOB_PARQUET_SHIFT;
    for (size_t i = 0; i < work->rules.row_count; i++) {
        if (work->rules.ids[i] >= from && work->rules.ids[i] < to)
            return true;
    }
    return false;
}

/* Numbers that JSON has not, or not exactly, are told as texts. */
static void value_print(const struct job_parquet_column *column, struct weft_buf *sql)
{
    const struct weft_type *type = column->type;
    bool real = type != NULL && (type->kind == WEFT_TYPE_FLOAT || type->kind == WEFT_TYPE_DOUBLE);
    bool text = type == NULL || type->kind == WEFT_TYPE_DECIMAL;
    weft_buf_adds(sql, real ? "CASE WHEN isfinite(q." : text ? "CAST(q." : "q.");
    weft_buf_add_sql_name(sql, column->name);
    if (real) {
        weft_buf_adds(sql, ") THEN to_json(q.");
        weft_buf_add_sql_name(sql, column->name);
        weft_buf_adds(sql, ") ELSE to_json(CAST(q.");
        weft_buf_add_sql_name(sql, column->name);
    }
    if (real || text)
        weft_buf_adds(sql, real ? " AS VARCHAR)) END AS " : " AS VARCHAR) AS ");
    if (real || text)
        weft_buf_add_sql_name(sql, column->name);
}

static int group_values(struct job_work *work, const struct job_parquet_group *group,
                        struct job_values *values, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 28);
    weft_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < group->column_count; i++) {
        weft_buf_adds(&sql, i > 0 ? ", " : "");
        value_print(&group->columns[i], &sql);
    }
    weft_buf_adds(&sql, " FROM ");
    job_parquet_print_group(work, group, &sql);
    weft_buf_addf(&sql, " WHERE " JOB_PICK "_of_%zu(", work->number);
    job_parquet_print_id(group, &sql);
    weft_buf_adds(&sql, ") ORDER BY q.file_index, q.file_row_number");
    WEFT_TRY(weft_buf_check(&sql, error));
    if (job_values_add(work, values, sql.data, error) < 0)
        return job_parquet_failure(work, error);
    return 0;
}

int job_parquet_values(struct job_work *work, struct job_values **out, struct weft_error *error)
{
    struct job_parquet *parquet = work->parquet;
    parquet->picked = work->rules.ids;
    parquet->picked_count = work->rules.row_count;
    WEFT_TRY(job_values_new(work, out, error));
    for (size_t i = 0; i < parquet->group_count; i++) {
        if (group_picked(work, &parquet->groups[i]))
            WEFT_TRY(group_values(work, &parquet->groups[i], *out, error));
    }
    return job_values_end(*out, work->rules.row_count, error);
}
