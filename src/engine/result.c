/*
 * result.c - statements of weft's own, and results that stream: nothing but the current chunk is
 * held.
 */
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine_internal.h"

#define RESULT_TEXT_MAX (256 * 1024 * 1024)
#define RESULT_NAME_MAX (64 * 1024)

/* ---- names of types ---- */

#define RESULT_TYPE_NAMES(X)                                                                       \
    X(BOOLEAN, "boolean")                                                                          \
    X(TINYINT, "tinyint")                                                                          \
    X(SMALLINT, "smallint")                                                                        \
    X(INTEGER, "int")                                                                              \
    X(BIGINT, "long")                                                                              \
    X(UTINYINT, "utinyint")                                                                        \
    X(USMALLINT, "usmallint")                                                                      \
    X(UINTEGER, "uinteger")                                                                        \
    X(UBIGINT, "ubigint")                                                                          \
    X(FLOAT, "float")                                                                              \
    X(DOUBLE, "double")                                                                            \
    X(TIMESTAMP, "timestamp")                                                                      \
    X(DATE, "date")                                                                                \
    X(TIME, "time")                                                                                \
    X(INTERVAL, "interval")                                                                        \
    X(HUGEINT, "hugeint")                                                                          \
    X(UHUGEINT, "uhugeint")                                                                        \
    X(VARCHAR, "string")                                                                           \
    X(BLOB, "binary")                                                                              \
    X(TIMESTAMP_S, "timestamp_s")                                                                  \
    X(TIMESTAMP_MS, "timestamp_ms")                                                                \
    X(TIMESTAMP_NS, "timestamp_ns")                                                                \
    X(ENUM, "enum")                                                                                \
    X(UUID, "uuid")                                                                                \
    X(UNION, "union")                                                                              \
    X(BIT, "bit")                                                                                  \
    X(TIME_TZ, "timetz")                                                                           \
    X(TIMESTAMP_TZ, "timestamptz")                                                                 \
    X(SQLNULL, "null")

static const char *type_simple_name(duckdb_type type)
{
    switch (type) {
#define RESULT_TYPE_CASE(id, name)                                                                 \
    case DUCKDB_TYPE_##id:                                                                         \
        return name;
        RESULT_TYPE_NAMES(RESULT_TYPE_CASE)
#undef RESULT_TYPE_CASE
    default:
        return "unknown";
    }
}

static void type_child_name(duckdb_logical_type child, struct weft_buf *out)
{
    weft_engine_type_name(child, out);
    weft_duckdb.destroy_logical_type(&child);
}

static void type_struct_name(duckdb_logical_type type, struct weft_buf *out)
{
    weft_buf_adds(out, "struct<");
    idx_t count = weft_duckdb.struct_type_child_count(type);
    for (idx_t i = 0; i < count; i++) {
        char *name = weft_duckdb.struct_type_child_name(type, i);
        weft_buf_addf(out, "%s%s: ", i == 0 ? "" : ", ", name == NULL ? "" : name);
        weft_duckdb.free(name);
        type_child_name(weft_duckdb.struct_type_child_type(type, i), out);
    }
    weft_buf_addc(out, '>');
}

static void type_map_name(duckdb_logical_type type, struct weft_buf *out)
{
    weft_buf_adds(out, "map<");
    type_child_name(weft_duckdb.map_type_key_type(type), out);
    weft_buf_adds(out, ", ");
    type_child_name(weft_duckdb.map_type_value_type(type), out);
    weft_buf_addc(out, '>');
}

void weft_engine_type_name(duckdb_logical_type type, struct weft_buf *out)
{
    char *alias = weft_duckdb.logical_type_get_alias(type);
    bool json = alias != NULL && weft_equal_fold(alias, "json");
    weft_duckdb.free(alias);
    duckdb_type id = weft_duckdb.get_type_id(type);
    if (json) {
        weft_buf_adds(out, "json");
    } else if (id == DUCKDB_TYPE_DECIMAL) {
        weft_buf_addf(out, "decimal(%d,%d)", weft_duckdb.decimal_width(type),
                      weft_duckdb.decimal_scale(type));
    } else if (id == DUCKDB_TYPE_LIST) {
        weft_buf_adds(out, "list<");
        type_child_name(weft_duckdb.list_type_child_type(type), out);
        weft_buf_addc(out, '>');
    } else if (id == DUCKDB_TYPE_ARRAY) {
        weft_buf_adds(out, "array<");
        type_child_name(weft_duckdb.array_type_child_type(type), out);
        weft_buf_addf(out, ", %" PRIu64 ">", (uint64_t)weft_duckdb.array_type_array_size(type));
    } else if (id == DUCKDB_TYPE_STRUCT) {
        type_struct_name(type, out);
    } else if (id == DUCKDB_TYPE_MAP) {
        type_map_name(type, out);
    } else {
        weft_buf_adds(out, type_simple_name(id));
    }
}

/* ---- statements without a stream ---- */

int weft_engine_exec(struct weft_engine *engine, const char *sql, int64_t *rows,
                     struct weft_error *error)
{
    duckdb_result result;
    WEFT_TRY(weft_engine_run(engine, engine->connection, sql, &result, error));
    if (rows != NULL)
        *rows = (int64_t)weft_duckdb.rows_changed(&result);
    weft_duckdb.destroy_result(&result);
    return 0;
}

/* ---- streams ---- */

static int result_bind(struct weft_result *result, const struct weft_param *params,
                       size_t param_count, struct weft_error *error)
{
    duckdb_prepared_statement statement = result->statement;
    idx_t needed = weft_duckdb.nparams(statement);
    if (needed != param_count)
        return weft_error_set(error, WEFT_E_SQL,
                              "the statement has %" PRIu64 " parameters, %zu were given",
                              (uint64_t)needed, param_count);
    for (size_t i = 0; i < param_count; i++) {
        idx_t at = i + 1;
        const struct weft_param *param = &params[i];
        if (param->name != NULL &&
            weft_duckdb.bind_parameter_index(statement, &at, param->name) != DuckDBSuccess)
            return weft_error_set(error, WEFT_E_SQL, "the statement has no parameter $%s",
                                  param->name);
        duckdb_state state =
            param->text == NULL
                ? weft_duckdb.bind_null(statement, at)
                : weft_duckdb.bind_varchar_length(statement, at, param->text, strlen(param->text));
        if (state != DuckDBSuccess)
            return weft_error_set(error, WEFT_E_SQL, "parameter %" PRIu64 " cannot be given",
                                  (uint64_t)at);
    }
    return 0;
}

static int result_prepare(struct weft_result *result, const char *sql, struct weft_error *error)
{
    struct weft_engine *engine = result->engine;
    if (weft_duckdb.prepare(engine->connection, sql, &result->statement) == DuckDBSuccess)
        return 0;
    /* A failed preparation tells no type; its text begins with one. */
    const char *text = weft_duckdb.prepare_error(result->statement);
    duckdb_error_type type = DUCKDB_ERROR_INVALID;
    static const struct {
        const char *prefix;
        duckdb_error_type type;
    } prefixes[] = {
        {"Binder Error", DUCKDB_ERROR_BINDER}, {"Catalog Error", DUCKDB_ERROR_CATALOG},
        {"Parser Error", DUCKDB_ERROR_PARSER}, {"Conversion Error", DUCKDB_ERROR_CONVERSION},
        {"INTERRUPT", DUCKDB_ERROR_INTERRUPT}, {"Out of Memory", DUCKDB_ERROR_OUT_OF_MEMORY},
        {"IO Error", DUCKDB_ERROR_IO},         {"INTERNAL Error", DUCKDB_ERROR_INTERNAL}};
    for (size_t i = 0; text != NULL && i < WEFT_COUNT(prefixes); i++)
        if (strncmp(text, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
            type = prefixes[i].type;
    return weft_engine_fail(engine, type, text, error);
}

int weft_engine_prepare(struct weft_engine *engine, const char *sql,
                        duckdb_prepared_statement *statement, struct weft_error *error)
{
    struct weft_result result = {.engine = engine};
    weft_engine_running_begin(engine);
    int rc = result_prepare(&result, sql, error);
    weft_engine_running_end(engine);
    if (rc == 0 && statement != NULL)
        *statement = result.statement;
    else if (result.statement != NULL)
        weft_duckdb.destroy_prepare(&result.statement);
    return rc;
}

static int result_start(struct weft_result *result, struct weft_error *error)
{
    struct weft_engine *engine = result->engine;
    duckdb_pending_result pending = NULL;
    int rc = 0;
    if (weft_duckdb.pending_prepared_streaming(result->statement, &pending) != DuckDBSuccess) {
        rc = weft_engine_fail(engine, DUCKDB_ERROR_INVALID, weft_duckdb.pending_error(pending),
                              error);
    } else if (weft_duckdb.execute_pending(pending, &result->result) != DuckDBSuccess) {
        rc = weft_engine_fail(engine, weft_duckdb.result_error_type(&result->result),
                              weft_duckdb.result_error(&result->result), error);
        weft_duckdb.destroy_result(&result->result);
    } else {
        result->open = true;
    }
    weft_duckdb.destroy_pending(&pending);
    return rc;
}

static int result_describe(struct weft_result *result, struct weft_error *error)
{
    size_t count = weft_duckdb.column_count(&result->result);
    result->names = weft_alloc_array(count, sizeof(char *));
    result->type_names = weft_alloc_array(count, sizeof(char *));
    result->types = weft_alloc_array(count, sizeof(duckdb_logical_type));
    result->texts = weft_alloc_array(count, sizeof(struct weft_buf));
    result->text_made = weft_alloc_array(count, sizeof(bool));
    if (result->names == NULL || result->type_names == NULL || result->types == NULL ||
        result->texts == NULL || result->text_made == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        weft_buf_init(&result->texts[i], RESULT_TEXT_MAX);
    result->column_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = weft_duckdb.column_name(&result->result, i);
        result->names[i] = weft_strdup(name == NULL ? "" : name);
        result->types[i] = weft_duckdb.column_logical_type(&result->result, i);
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&type, RESULT_NAME_MAX);
        weft_engine_type_name(result->types[i], &type);
        WEFT_TRY(weft_buf_check(&type, error));
        result->type_names[i] = weft_buf_steal(&type);
        if (result->names[i] == NULL || result->type_names[i] == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

int weft_engine_query(struct weft_engine *engine, const char *sql, const struct weft_param *params,
                      size_t param_count, struct weft_result **out, struct weft_error *error)
{
    struct weft_result *result = weft_alloc(sizeof(*result));
    if (result == NULL)
        return weft_error_nomem(error);
    result->engine = engine;
    weft_engine_running_begin(engine);
    if (result_prepare(result, sql, error) < 0 ||
        result_bind(result, params, param_count, error) < 0 || result_start(result, error) < 0 ||
        result_describe(result, error) < 0) {
        weft_result_close(result);
        return -1;
    }
    *out = result;
    return 0;
}

void weft_result_close(struct weft_result *result)
{
    if (result == NULL)
        return;
    if (result->chunk != NULL)
        weft_duckdb.destroy_data_chunk(&result->chunk);
    if (result->open)
        weft_duckdb.destroy_result(&result->result);
    if (result->statement != NULL)
        weft_duckdb.destroy_prepare(&result->statement);
    for (size_t i = 0; i < result->column_count; i++) {
        weft_free(result->names[i]);
        weft_free(result->type_names[i]);
        weft_buf_release(&result->texts[i]);
        if (result->types[i] != NULL)
            weft_duckdb.destroy_logical_type(&result->types[i]);
    }
    weft_free(result->names);
    weft_free(result->type_names);
    weft_free(result->types);
    weft_free(result->texts);
    weft_free(result->text_made);
    weft_engine_running_end(result->engine);
    weft_free(result);
}

void weft_result_closep(struct weft_result **result)
{
    weft_result_close(*result);
    *result = NULL;
}

size_t weft_result_column_count(const struct weft_result *result)
{
    return result->column_count;
}

const char *weft_result_column_name(const struct weft_result *result, size_t column)
{
    assert(column < result->column_count);
    return result->names[column];
}

duckdb_logical_type weft_result_column_type(const struct weft_result *result, size_t column)
{
    assert(column < result->column_count);
    return result->types[column];
}

const char *weft_result_column_type_name(const struct weft_result *result, size_t column)
{
    assert(column < result->column_count);
    return result->type_names[column];
}

int weft_result_next(struct weft_result *result, duckdb_data_chunk *chunk, struct weft_error *error)
{
    if (result->chunk != NULL)
        weft_duckdb.destroy_data_chunk(&result->chunk);
    result->rows = NULL;
    if (result->done)
        return WEFT_END;
    do {
        result->chunk = weft_duckdb.fetch_chunk(result->result);
        if (result->chunk == NULL) {
            result->done = true;
            const char *text = weft_duckdb.result_error(&result->result);
            if (text != NULL && text[0] != 0)
                return weft_engine_fail(
                    result->engine, weft_duckdb.result_error_type(&result->result), text, error);
            return WEFT_END;
        }
        if (weft_duckdb.data_chunk_get_size(result->chunk) == 0)
            weft_duckdb.destroy_data_chunk(&result->chunk);
    } while (result->chunk == NULL);
    *chunk = result->chunk;
    return 0;
}

/* ---- row by row ---- */

int weft_result_check(const struct weft_result *result, struct weft_error *error)
{
    if (result->text_error.code == WEFT_E_NONE)
        return 0;
    if (error != NULL)
        *error = result->text_error;
    return -1;
}

int weft_result_row(struct weft_result *result, struct weft_error *error)
{
    WEFT_TRY(weft_result_check(result, error));
    for (size_t i = 0; i < result->column_count; i++)
        result->text_made[i] = false;
    if (result->rows != NULL && ++result->row < weft_duckdb.data_chunk_get_size(result->rows))
        return 0;
    duckdb_data_chunk chunk = NULL;
    int rc = weft_result_next(result, &chunk, error);
    if (rc != 0)
        return rc;
    result->rows = chunk;
    result->row = 0;
    return 0;
}

bool weft_result_is_null(struct weft_result *result, size_t column)
{
    assert(result->rows != NULL && column < result->column_count);
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(result->rows, column);
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    return validity != NULL && !weft_duckdb.validity_row_is_valid(validity, result->row);
}

const char *weft_result_text(struct weft_result *result, size_t column)
{
    assert(result->rows != NULL && column < result->column_count);
    struct weft_buf *text = &result->texts[column];
    if (!result->text_made[column]) {
        struct weft_error why = WEFT_ERROR_INIT;
        weft_buf_clear(text);
        if (weft_encode_value(result, result->rows, column, result->row, WEFT_ENCODE_TEXT, text,
                              &why) < 0 ||
            weft_buf_check(text, &why) < 0) {
            weft_buf_clear(text);
            result->text_error = why;
        }
        result->text_made[column] = true;
    }
    return text->data;
}
