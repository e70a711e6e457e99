/*
 * replay_made.c - rows that a product's SQL gave and its rules set aside, once more: from their
 * values, through the present rules, without the SQL. What the SQL makes of rows of its ports
 * (replay_ports.c) comes after them, as rows like those of any run.
 */
#include "job/made_internal.h"
#include "job/replay_internal.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 28)

/* ---- columns ---- */

/* Of the schema, or of the table as it is. */
static int columns_of_table(struct job_work *work, struct weft_fields *fields,
                            struct weft_error *error)
{
    const struct weft_table_schema *schema =
        work->table == NULL ? NULL : weft_table_schema(work->table);
    *fields = work->product->schema;
    if (fields->count > 0)
        return 0;
    if (schema == NULL)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "the columns of %s are known once it has been published",
                              work->job->table);
    struct weft_field *items = weft_arena_array(work->arena, schema->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < schema->count; i++)
        items[i] = (struct weft_field){.name = schema->columns[i].name,
                                       .type = schema->columns[i].type,
                                       .min_length = -1,
                                       .max_length = -1};
    *fields = (struct weft_fields){items, schema->count};
    return 0;
}

/* What JSON holds of a value, as that value; NULL where it does not read as the type. */
static void value_print(const struct weft_transform_column *column, struct weft_buf *sql)
{
    bool nested = weft_type_is_nested(column->type);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf path;
    weft_buf_init(&path, 1 << 16);
    weft_buf_addf(&path, "$.\"%s\"", column->name);
    weft_buf_addf(sql, "TRY_CAST(%s(\"values\", ", nested ? "json_extract" : "json_extract_string");
    weft_buf_add_sql_text(sql, path.data, path.length);
    weft_buf_adds(sql, ") AS ");
    weft_type_print_duckdb(column->type, sql);
    weft_buf_addc(sql, ')');
}

static int columns_prepare(struct job_work *work, struct weft_error *error)
{
    struct weft_transform *transform = &work->made->transform;
    struct weft_fields fields;
    WEFT_TRY(columns_of_table(work, &fields, error));
    struct weft_transform_column *columns =
        weft_arena_array(work->arena, fields.count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields.count; i++) {
        const struct weft_field *field = &fields.items[i];
        if (field->type->kind == WEFT_TYPE_BINARY)
            return job_not_yet("replay of rows with a binary field", error);
        columns[i] = (struct weft_transform_column){
            .name = field->name, .type = field->type, .field = field, .sql = ""};
    }
    transform->columns = columns;
    transform->count = fields.count;
    return 0;
}

/* ---- the stored rows ---- */

/* Rows by number, neighbours as one range: where they begin, or where they end, as one text. */
static void numbers_print(const struct weft_job_replay *wanted, bool ends, struct weft_buf *sql)
{
    weft_buf_adds(sql, ", '");
    for (size_t i = 0; i < wanted->row_count;) {
        size_t end = i + 1;
        while (end < wanted->row_count &&
               wanted->row_numbers[end] == wanted->row_numbers[end - 1] + 1)
            end++;
        weft_buf_addf(sql, "%s%" PRId64, i > 0 ? "," : "", wanted->row_numbers[ends ? end - 1 : i]);
        i = end;
    }
    weft_buf_addc(sql, '\'');
}

/* Runs that are asked for whole (or else those of which some rows are), as a list. */
static size_t runs_print(const struct weft_job *job, bool whole, struct weft_buf *sql)
{
    size_t count = 0;
    for (size_t i = 0; i < job->replay_count; i++) {
        const struct weft_job_replay *run = &job->replays[i];
        if (whole != (run->row_count == 0))
            continue;
        weft_buf_adds(sql, count++ > 0 ? ", " : "");
        weft_buf_adds(sql, whole ? "" : "(");
        weft_buf_add_sql_text(sql, run->run_id, strlen(run->run_id));
        if (whole)
            continue;
        numbers_print(run, false, sql);
        numbers_print(run, true, sql);
        weft_buf_addc(sql, ')');
    }
    return count;
}

/* A condition for each range would be bound, optimized and asked by itself, and people mend every
 * other row of many. */
void job_replay_asked_print(const struct weft_job *job, struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, SQL_MAX);
    weft_buf_adds(sql, "(false");
    if (runs_print(job, true, &list) > 0)
        weft_buf_addf(sql, " OR run_id IN (%s)", list.data);
    weft_buf_clear(&list);
    if (runs_print(job, false, &list) > 0) {
        weft_buf_adds(sql, " OR (run_id, number) IN (SELECT run_id, unnest(range(low, high + 1)) "
                           "FROM (SELECT run_id, "
                           "unnest(CAST(string_split(lows, ',') AS BIGINT[])) AS low, "
                           "unnest(CAST(string_split(highs, ',') AS BIGINT[])) AS high "
                           "FROM (VALUES ");
        weft_buf_add(sql, list.data, list.length);
        weft_buf_adds(sql, ") asked(run_id, lows, highs)))");
    }
    weft_buf_addc(sql, ')');
    if (list.failed) {
        sql->failed = true;
        sql->over_max = list.over_max;
    }
}

int job_replay_rows_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "(SELECT *, CAST(split_part(row_id, ':', 2) AS BIGINT) AS number FROM (");
    WEFT_TRY(job_quarantine_print(work, sql, error));
    weft_buf_adds(sql, ") AS s) AS r");
    return 0;
}

void job_replay_numbers_print(const struct weft_job *job, struct weft_buf *sql)
{
    weft_buf_adds(sql, "SELECT CAST(CASE run_id");
    for (size_t i = 0; i < job->replay_count; i++) {
        weft_buf_adds(sql, " WHEN ");
        weft_buf_add_sql_text(sql, job->replays[i].run_id, strlen(job->replays[i].run_id));
        weft_buf_addf(sql, " THEN %zu", i);
    }
    weft_buf_adds(sql, " END AS BIGINT) AS \"weft$run\", number AS \"weft$number\"");
}

static int stored_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    job_replay_numbers_print(job, sql);
    for (size_t i = 0; i < work->made->transform.count; i++) {
        const struct weft_transform_column *column = &work->made->transform.columns[i];
        weft_buf_adds(sql, ", ");
        value_print(column, sql);
        weft_buf_adds(sql, " AS ");
        weft_buf_add_sql_name(sql, column->name);
    }
    weft_buf_adds(sql, " FROM ");
    WEFT_TRY(job_replay_rows_print(work, sql, error));
    weft_buf_adds(sql, " WHERE port IS NULL AND ");
    job_replay_asked_print(job, sql);
    /* A value that does not read as the column's type now: the row still fails. */
    for (size_t i = 0; i < work->made->transform.count; i++) {
        const struct weft_transform_column *column = &work->made->transform.columns[i];
        WEFT_CLEANUP(weft_buf_release) struct weft_buf path;
        weft_buf_init(&path, 1 << 16);
        weft_buf_addf(&path, "$.\"%s\"", column->name);
        weft_buf_adds(sql, " AND (json_extract_string(\"values\", ");
        weft_buf_add_sql_text(sql, path.data, path.length);
        weft_buf_adds(sql, ") IS NULL OR ");
        value_print(column, sql);
        weft_buf_adds(sql, " IS NOT NULL)");
    }
    weft_buf_adds(sql, " ORDER BY 1, 2");
    return weft_buf_check(sql, error);
}

/* The rows that the SQL makes, below the stored ones. */
static int anew_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    const struct job_columns *columns = &work->columns;
    weft_buf_adds(sql, ") UNION ALL SELECT CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)");
    for (size_t i = 0; i < columns->count; i++)
        weft_buf_addf(sql, ", %s", columns->items[i].cast);
    weft_buf_addf(sql, " FROM %s", columns->from);
    return weft_buf_check(sql, error);
}

static int stored_count(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&sql, 1 << 20);
    weft_buf_adds(&sql, "SELECT count(\"weft$run\") FROM read_parquet(");
    weft_buf_add_sql_text(&sql, work->made->path, strlen(work->made->path));
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    if (rc != 0)
        return rc < 0 ? rc : weft_error_set(error, WEFT_E_INTERNAL, "rows cannot be counted");
    work->made->stored = weft_result_int(result, 0);
    return 0;
}

static int columns_of_replay(struct job_work *work, struct weft_error *error)
{
    if (!work->made->anew)
        return columns_prepare(work, error);
    job_tell(work, "computing", NULL, 0, 0, 0);
    WEFT_TRY(job_made_columns(work, error));
    for (size_t i = 0; i < work->made->transform.count; i++) {
        if (work->made->transform.columns[i].type->kind == WEFT_TYPE_BINARY)
            return job_not_yet("replay of rows of a product with a binary field", error);
    }
    return 0;
}

int job_replay_made(struct job_work *work, struct weft_error *error)
{
    struct job_made *made = work->made;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    if (work->job->quarantine_metadata == NULL)
        return WEFT_END;
    WEFT_TRY(weft_fs_mkdirs(work->job->temp_dir, error));
    WEFT_TRY(job_replay_ports(work, error));
    WEFT_TRY(columns_of_replay(work, error));
    if (made->anew)
        weft_buf_addc(&sql, '(');
    WEFT_TRY(stored_print(work, &sql, error));
    if (made->anew)
        WEFT_TRY(anew_print(work, &sql, error));
    made->path = weft_arena_format(work->arena, "%s/%s-made.parquet", work->job->temp_dir,
                                   work->job->run_id);
    if (made->path == NULL)
        return weft_error_nomem(error);
    if (job_pass_spool(work, sql.data, made->path, &made->records, error) < 0)
        return made->anew ? job_made_failure(work, error) : -1;
    WEFT_TRY(stored_count(work, error));
    return made->records == 0 && !made->anew ? WEFT_END : job_made_replayed(work, error);
}

/* ---- which of them passed ---- */

int job_replay_made_tell(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(job_replay_path_tell(work, work->made->path, work->made->records, error));
    return job_replay_ports_tell(work, error);
}

int job_replay_path_tell(struct job_work *work, const char *path, int64_t records,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    const struct weft_job *job = work->job;
    const struct job_rules *rules = &work->rules; /* sorted */
    struct weft_job_replay *told =
        weft_arena_array(work->arena, job->replay_count + 1, sizeof *told);
    int64_t *numbers = weft_arena_array(work->arena, (size_t)records + 1, sizeof *numbers);
    size_t count = 0, rejected = 0;
    int64_t last = -1, id = 0;
    int rc = 0;
    weft_buf_init(&sql, SQL_MAX);
    if (told == NULL || numbers == NULL)
        return weft_error_nomem(error);
    weft_buf_adds(&sql, "SELECT \"weft$run\", \"weft$number\" FROM read_parquet(");
    weft_buf_add_sql_text(&sql, path, strlen(path));
    weft_buf_adds(&sql, ", file_row_number = true) WHERE \"weft$run\" IS NOT NULL "
                        "ORDER BY file_row_number");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    for (; (rc = weft_result_row(result, error)) == 0; id++) {
        int64_t run = weft_result_int(result, 0);
        if (rejected < rules->row_count && rules->ids[rejected] == id) {
            WEFT_TRY(job_replay_stayed(work, job->replays[run].run_id, weft_result_int(result, 1),
                                       rejected++, error));
            continue;
        }
        if (run != last)
            told[count++] = (struct weft_job_replay){job->replays[run].run_id, numbers, 0};
        last = run;
        *numbers++ = weft_result_int(result, 1);
        told[count - 1].row_count++;
    }
    if (rc < 0)
        return rc;
    if (rejected < rules->row_count && rules->ids[rejected] < id)
        return weft_error_set(error, WEFT_E_INTERNAL, "replayed rows cannot be told apart");
    work->out->replayed = told;
    work->out->replayed_count = count;
    return 0;
}
