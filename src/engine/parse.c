/*
 * parse.c - see parse.h. Each direction is one function of DuckDB, prepared at its first use.
 */
#include "engine/parse.h"

#include "base/mem.h"
#include "engine/engine_internal.h"

#define SERIALIZE                                                                                  \
    "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR), skip_null := true, "                      \
    "skip_default := true) AS VARCHAR)"
#define DESERIALIZE "SELECT json_deserialize_sql(CAST($1 AS JSON))"

static int parse_first_text(duckdb_result *result, char **out, struct weft_error *error)
{
    duckdb_data_chunk chunk = weft_duckdb.fetch_chunk(*result);
    if (chunk == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "the parser gave no answer");
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, 0);
    duckdb_string_t *text = weft_duckdb.vector_get_data(vector);
    uint32_t length = text->value.inlined.length;
    bool inlined = length <= sizeof(text->value.inlined.inlined);
    *out = weft_strndup(inlined ? text->value.inlined.inlined : text->value.pointer.ptr, length);
    weft_duckdb.destroy_data_chunk(&chunk);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

/* DuckDB's text stays here: it holds the whole tree. *failed tells a refusal from other faults. */
static int parse_convert(struct weft_engine *engine, duckdb_prepared_statement *statement,
                         const char *sql, const char *text, size_t length, char **out, bool *failed,
                         struct weft_error *error)
{
    *failed = false;
    if (*statement == NULL && weft_duckdb.prepare(engine->meta, sql, statement) != DuckDBSuccess) {
        weft_error_set(error, WEFT_E_INTERNAL, "the parser is not there: %s",
                       weft_duckdb.prepare_error(*statement));
        weft_duckdb.destroy_prepare(statement);
        return -1;
    }
    if (weft_duckdb.bind_varchar_length(*statement, 1, text, length) != DuckDBSuccess)
        return weft_error_set(error, WEFT_E_SQL, "the text is not valid UTF-8");
    duckdb_result result;
    weft_engine_running_begin(engine);
    int rc = 0;
    if (weft_duckdb.execute_prepared(*statement, &result) != DuckDBSuccess) {
        struct weft_error said = WEFT_ERROR_INIT;
        rc = weft_engine_fail(engine, weft_duckdb.result_error_type(&result),
                              weft_duckdb.result_error(&result), &said);
        bool ours = said.code == WEFT_E_NOMEM || said.code == WEFT_E_CANCELLED ||
                    said.code == WEFT_E_TIMEOUT;
        *failed = !ours;
        if (ours && error != NULL)
            *error = said;
    } else {
        rc = parse_first_text(&result, out, error);
    }
    weft_duckdb.destroy_result(&result);
    weft_engine_running_end(engine);
    return rc;
}

int weft_engine_parse(struct weft_engine *engine, const char *sql, size_t length, char **json,
                      bool *failed, struct weft_error *error)
{
    return parse_convert(engine, &engine->serialize, SERIALIZE, sql, length, json, failed, error);
}

int weft_engine_print(struct weft_engine *engine, const char *json, size_t length, char **sql,
                      bool *failed, struct weft_error *error)
{
    return parse_convert(engine, &engine->deserialize, DESERIALIZE, json, length, sql, failed,
                         error);
}
