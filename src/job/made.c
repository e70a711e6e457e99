/*
 * made.c - the rows that the SQL gives, as rows of the output's stage.
 *
 * First one statement does all: SQL, casts, rules, Parquet. Nearly always no row breaks a rule and
 * no key comes twice, and that was it. Otherwise rows must have names: the SQL's rows are written
 * to a Parquet file of the temp folder, in their order, and read again; a row's id is then its
 * number in that file.
 */
#include "base/hash.h"
#include "job/made_internal.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)1 << 28)

int job_made_new(struct job_work *work, struct weft_error *error)
{
    work->made = weft_alloc(sizeof *work->made);
    return work->made == NULL ? weft_error_nomem(error) : 0;
}

void job_made_free(struct job_made *made)
{
    if (made == NULL)
        return;
    weft_free(made->marks);
    job_graph_free(made->graph);
    weft_free(made);
}

/* ---- scalar functions ---- */

void job_marks_fill(const struct job_mark *marks, size_t mark_count, duckdb_data_chunk in,
                    duckdb_vector out)
{
    idx_t count = weft_duckdb.data_chunk_get_size(in);
    const uint64_t *ids = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(in, 0));
    const uint64_t *words = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(in, 1));
    uint64_t *bits = weft_duckdb.vector_get_data(out);
    memset(bits, 0, count * sizeof *bits);
    for (idx_t i = 0; mark_count > 0 && i < count; i++) {
        size_t low = 0;
        size_t high = mark_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (marks[middle].id < (int64_t)ids[i])
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < mark_count && marks[low].id == (int64_t)ids[i]; low++) {
            if (marks[low].rule >> 6 == words[i])
                bits[i] |= UINT64_C(1) << (marks[low].rule & 63);
        }
    }
}

void job_pick_fill(const int64_t *picked, size_t picked_count, duckdb_data_chunk in,
                   duckdb_vector out)
{
    idx_t count = weft_duckdb.data_chunk_get_size(in);
    const uint64_t *ids = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(in, 0));
    bool *result = weft_duckdb.vector_get_data(out);
    for (idx_t i = 0; i < count; i++) {
        size_t low = 0;
        size_t high = picked_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (picked[middle] < (int64_t)ids[i])
                low = middle + 1;
            else
                high = middle;
        }
        result[i] = low < picked_count && picked[low] == (int64_t)ids[i];
    }
}

static void marks_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct job_work *work = weft_duckdb.scalar_function_get_extra_info(info);
    job_marks_fill(work->made->marks, work->made->mark_count, in, out);
}

static void pick_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct job_work *work = weft_duckdb.scalar_function_get_extra_info(info);
    job_pick_fill(work->made->picked, work->made->picked_count, in, out);
}

int job_function_register(struct weft_engine *engine, const char *name, size_t parameters,
                          duckdb_type result, duckdb_scalar_function_t call, void *arg,
                          struct weft_error *error)
{
    duckdb_logical_type word = weft_duckdb.create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_logical_type answer = weft_duckdb.create_logical_type(result);
    duckdb_scalar_function function = weft_duckdb.create_scalar_function();
    weft_duckdb.scalar_function_set_name(function, name);
    for (size_t i = 0; i < parameters; i++)
        weft_duckdb.scalar_function_add_parameter(function, word);
    weft_duckdb.scalar_function_set_return_type(function, answer);
    weft_duckdb.scalar_function_set_volatile(function);
    weft_duckdb.scalar_function_set_extra_info(function, arg, NULL);
    weft_duckdb.scalar_function_set_function(function, call);
    duckdb_state state =
        weft_duckdb.register_scalar_function(weft_engine_connection(engine), function);
    weft_duckdb.destroy_scalar_function(&function);
    weft_duckdb.destroy_logical_type(&word);
    weft_duckdb.destroy_logical_type(&answer);
    return state == DuckDBSuccess
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, "%s cannot be registered", name);
}

int job_made_register(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(job_function_register(work->engine, JOB_MARKS, 2, DUCKDB_TYPE_UBIGINT, marks_call,
                                   work, error));
    return job_function_register(work->engine, JOB_PICK, 1, DUCKDB_TYPE_BOOLEAN, pick_call, work,
                                 error);
}

/* ---- names in the SQL ---- */

static int name_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                        struct weft_relation *out, struct weft_error *error)
{
    struct job_work *work = arg;
    (void)arena;
    if (name->at.given)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "a product's SQL reads each product as it is: AT is for people");
    for (size_t i = 0; name->schema == NULL && i < work->port_count; i++) {
        if (strcasecmp(work->ports[i].input->name, name->table) == 0)
            return job_port_relation(&work->ports[i], out, error);
    }
    const struct job_source *source = job_source_find(work, name->schema, name->table);
    if (source == NULL)
        return WEFT_NOT_THERE;
    *out = source->relation;
    return 0;
}

/* ---- columns ---- */

static int fields_of(struct job_work *work, struct weft_error *error)
{
    const struct weft_transform *transform = &work->made->transform;
    struct weft_field *fields = weft_arena_array(work->arena, transform->count + 1, sizeof *fields);
    if (fields == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < transform->count; i++)
        fields[i] = (struct weft_field){.name = transform->columns[i].name,
                                        .type = transform->columns[i].type,
                                        .min_length = -1,
                                        .max_length = -1};
    work->columns.fields = (struct weft_fields){fields, transform->count};
    work->columns.detected = true;
    return 0;
}

static int columns_of(struct job_work *work, struct weft_error *error)
{
    const struct weft_transform *transform = &work->made->transform;
    struct job_columns *columns = &work->columns;
    struct job_column *items = weft_arena_array(work->arena, transform->count + 1, sizeof *items);
    struct job_output *outputs =
        weft_arena_array(work->arena, transform->count + 1, sizeof *outputs);
    if (items == NULL || outputs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < transform->count; i++) {
        const struct weft_transform_column *from = &transform->columns[i];
        WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
        weft_buf_init(&name, 1 << 16);
        weft_buf_adds(&name, JOB_ALIAS ".");
        weft_buf_add_sql_name(&name, from->name);
        WEFT_TRY(weft_buf_check(&name, error));
        items[i] = (struct job_column){.name = from->name,
                                       .header = from->name,
                                       .type = from->type,
                                       .field = from->field,
                                       .cast = from->sql};
        outputs[i] =
            (struct job_output){from->name, (int)i, weft_arena_strdup(work->arena, name.data)};
        if (outputs[i].sql == NULL)
            return weft_error_nomem(error);
    }
    *columns = (struct job_columns){.items = items,
                                    .count = transform->count,
                                    .outputs = outputs,
                                    .output_count = transform->count,
                                    .fields = work->product->schema,
                                    .from = work->made->from,
                                    .id = "CAST(0 AS UBIGINT)"};
    return work->product->schema.count > 0 ? 0 : fields_of(work, error);
}

int job_made_columns(struct job_work *work, struct weft_error *error)
{
    struct job_made *made = work->made;
    struct weft_resolve_options options = {.resolve = name_resolve,
                                           .member = job_sources_member,
                                           .arg = work,
                                           .now_us = work->job->time_us,
                                           .principal = "",
                                           .deterministic = true,
                                           .hide_values = work->job->mode != WEFT_JOB_PREVIEW};
    WEFT_TRY(job_sources_guard(work, error));
    WEFT_TRY(weft_transform_check(work->engine, work->arena, work->product, &options,
                                  &made->transform, error));
    made->resolved = true;
    WEFT_TRY(weft_sha256_hex(made->transform.resolved.sql, strlen(made->transform.resolved.sql),
                             work->out->sql_hash, error));
    if (work->product->graph != NULL)
        WEFT_TRY(job_graph_make(work, &made->from, error));
    else if (work->job->mode == WEFT_JOB_TEST) /* it needs no more, however many there are */
        made->from = weft_arena_format(work->arena, "(SELECT * FROM (%s) LIMIT %d) AS q",
                                       made->transform.resolved.sql, JOB_EXAMPLE_ROWS_MAX + 1);
    else
        made->from = weft_arena_format(work->arena, "(%s) AS q", made->transform.resolved.sql);
    if (made->from == NULL)
        return weft_error_nomem(error);
    return columns_of(work, error);
}

/* ---- settling ---- */

static int settled_from(struct job_work *work, struct weft_error *error)
{
    struct job_columns *columns = &work->columns;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf from;
    weft_buf_init(&from, 1 << 20);
    weft_buf_adds(&from, "read_parquet(");
    weft_buf_add_sql_text(&from, work->made->path, strlen(work->made->path));
    weft_buf_adds(&from, ", file_row_number = true) AS q");
    WEFT_TRY(weft_buf_check(&from, error));
    columns->from = weft_arena_strdup(work->arena, from.data);
    columns->id = "CAST(q.file_row_number AS UBIGINT)";
    if (columns->from == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < columns->count; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
        weft_buf_init(&name, 1 << 16);
        weft_buf_adds(&name, "q.");
        weft_buf_add_sql_name(&name, columns->items[i].name);
        WEFT_TRY(weft_buf_check(&name, error));
        columns->items[i].cast = weft_arena_strdup(work->arena, name.data);
        if (columns->items[i].cast == NULL)
            return weft_error_nomem(error);
    }
    work->made->settled = true;
    return 0;
}

/* Does the statement end with an ORDER BY of its own? */
static int sql_orders(struct job_work *work, bool *orders, struct weft_error *error)
{
    const char *text = work->made->transform.resolved.sql;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_adds(&sql, "SELECT list_contains(json_extract_string(json_serialize_sql(");
    weft_buf_add_sql_text(&sql, text, strlen(text));
    weft_buf_adds(&sql, "), '$.statements[0].node.modifiers[*].type'), 'ORDER_MODIFIER')");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    *orders = rc == 0 && !weft_result_is_null(result, 0) && weft_result_int(result, 0) != 0;
    return rc < 0 ? rc : 0;
}

/* Of rows with one key the first stays, or the last: where threads decide which comes first, the
 * rows are put in the order of their values, so that the same input gives the same table. */
static int order_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    bool orders = false;
    if (work->keeps_order || work->product->graph != NULL || work->rules.unique_count == 0)
        return 0;
    WEFT_TRY(sql_orders(work, &orders, error));
    weft_buf_adds(sql, orders ? "" : " ORDER BY ALL");
    return 0;
}

/* A table without rows would leave a file without columns. */
int job_made_settle(struct job_work *work, struct weft_error *error)
{
    struct job_made *made = work->made;
    const struct job_columns *columns = &work->columns;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    made->path = weft_arena_format(work->arena, "%s/%s-made.parquet", work->job->temp_dir,
                                   work->job->run_id);
    if (made->path == NULL)
        return weft_error_nomem(error);
    job_tell(work, "making rows", NULL, 0, 0, 0);
    weft_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < columns->count; i++) {
        weft_buf_addf(&sql, "%s%s AS ", i > 0 ? ", " : "", columns->items[i].cast);
        weft_buf_add_sql_name(&sql, columns->items[i].name);
    }
    weft_buf_addf(&sql, " FROM %s", columns->from);
    WEFT_TRY(order_print(work, &sql, error));
    WEFT_TRY(weft_buf_check(&sql, error));
    if (job_pass_spool(work, sql.data, made->path, &made->records, error) < 0)
        return job_made_failure(work, error);
    return settled_from(work, error);
}

/* ---- errors ---- */

int job_made_failure(struct job_work *work, struct weft_error *error)
{
    const struct job_made *made = work->made;
    return weft_engine_error_for_people(made->resolved ? &made->transform.resolved : NULL, error);
}

int job_made_replayed(struct job_work *work, struct weft_error *error)
{
    work->made->from = "";
    WEFT_TRY(columns_of(work, error));
    return settled_from(work, error);
}
