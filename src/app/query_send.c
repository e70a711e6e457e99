/*
 * query_send.c - runs a resolved query and writes its rows: nothing but the current chunk is held.
 * Parquet is written by DuckDB into the home's tmp and moved from there.
 */
#include "app/query_internal.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/random.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SEND_BLOCK ((size_t)1 << 18)
#define ROW_MAX ((size_t)1 << 30)

struct sender {
    struct weft_query *query;
    struct weft_out *out;
    struct weft_result *result;
    int fd; /* of the target; -1 = to out */
    struct weft_buf buf;
    size_t columns;
};

static void sender_release(struct sender *sender)
{
    weft_result_close(sender->result);
    weft_buf_release(&sender->buf);
}

static int sender_flush(struct sender *sender, struct weft_error *error)
{
    WEFT_TRY(weft_buf_check(&sender->buf, error));
    size_t length = sender->buf.length;
    if (length == 0)
        return 0;
    if (sender->fd >= 0)
        WEFT_TRY(weft_fs_write(sender->fd, sender->buf.data, length, sender->query->output, error));
    else
        WEFT_TRY(weft_out_bytes(sender->out, sender->buf.data, length, error));
    weft_buf_clear(&sender->buf);
    return 0;
}

/* An error in the middle of the rows is told in the words of the person's text too. */
static int chunk_next(struct sender *sender, duckdb_data_chunk *chunk, struct weft_error *error)
{
    int rc = weft_result_next(sender->result, chunk, error);
    return rc < 0 ? weft_engine_error_for_people(&sender->query->resolved, error) : rc;
}

static const char *column_name(const struct sender *sender, size_t column)
{
    return weft_result_column_name(sender->result, column);
}

/* ---- csv, json, ndjson ---- */

static void csv_name(struct weft_buf *buf, const char *name)
{
    if (strpbrk(name, ",\"\r\n") == NULL && name[0] != '\0')
        weft_buf_adds(buf, name);
    else
        weft_buf_add_sql_name(buf, name); /* doubles quotes, as csv does */
}

static int row_csv(struct sender *sender, duckdb_data_chunk chunk, idx_t row,
                   struct weft_error *error)
{
    for (size_t i = 0; i < sender->columns; i++) {
        if (i > 0)
            weft_buf_addc(&sender->buf, ',');
        WEFT_TRY(
            weft_encode_value(sender->result, chunk, i, row, WEFT_ENCODE_CSV, &sender->buf, error));
    }
    weft_buf_addc(&sender->buf, '\n');
    return 0;
}

/* A key may stand once only in an object: of columns with one name the later ones become name_1,
 * name_2, as DuckDB names them in a table. NULL = memory is out. */
static const char **json_names(struct sender *sender)
{
    struct weft_arena *arena = sender->query->context->arena;
    const char **names = weft_arena_array(arena, sender->columns + 1, sizeof *names);
    WEFT_CLEANUP(weft_map_freep) struct weft_map *given = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *used = weft_map_new();
    if (names == NULL || given == NULL || used == NULL)
        return NULL;
    for (size_t i = 0; i < sender->columns; i++) {
        if (weft_map_put(given, column_name(sender, i), NULL) < 0)
            return NULL;
    }
    for (size_t i = 0; i < sender->columns; i++) {
        names[i] = column_name(sender, i);
        bool taken = weft_map_has(used, names[i]);
        for (int n = 1; taken; n++) {
            names[i] = weft_arena_format(arena, "%s_%d", column_name(sender, i), n);
            if (names[i] == NULL)
                return NULL;
            taken = weft_map_has(used, names[i]) || weft_map_has(given, names[i]);
        }
        if (weft_map_put(used, names[i], NULL) < 0)
            return NULL;
    }
    return names;
}

/* Keys are the same for all rows: written once, with the punctuation before each value. */
static int json_heads(struct sender *sender, struct weft_buf *heads, size_t *ends)
{
    struct weft_json_writer json;
    const char **names = json_names(sender);
    if (names == NULL)
        return -1;
    for (size_t i = 0; i < sender->columns; i++) {
        weft_buf_addc(heads, i == 0 ? '{' : ',');
        weft_json_writer_init(&json, heads);
        weft_json_put_text(&json, names[i]);
        weft_buf_addc(heads, ':');
        ends[i] = heads->length;
    }
    return heads->failed ? -1 : 0;
}

static int row_json(struct sender *sender, const struct weft_buf *heads, const size_t *ends,
                    duckdb_data_chunk chunk, idx_t row, struct weft_error *error)
{
    size_t start = 0;
    for (size_t i = 0; i < sender->columns; i++) {
        weft_buf_add(&sender->buf, heads->data + start, ends[i] - start);
        start = ends[i];
        WEFT_TRY(weft_encode_value(sender->result, chunk, i, row, WEFT_ENCODE_JSON, &sender->buf,
                                   error));
    }
    weft_buf_addc(&sender->buf, '}');
    return 0;
}

static int chunks_text(struct sender *sender, const struct weft_buf *heads, const size_t *ends,
                       struct weft_error *error)
{
    bool array = sender->query->format == WEFT_QUERY_JSON;
    bool csv = sender->query->format == WEFT_QUERY_CSV;
    duckdb_data_chunk chunk;
    int rc;
    while ((rc = chunk_next(sender, &chunk, error)) == 0) {
        idx_t count = weft_duckdb.data_chunk_get_size(chunk);
        for (idx_t row = 0; row < count; row++) {
            if (csv) {
                WEFT_TRY(row_csv(sender, chunk, row, error));
            } else {
                if (array)
                    weft_buf_adds(&sender->buf, sender->query->rows == 0 ? "[" : ",\n");
                WEFT_TRY(row_json(sender, heads, ends, chunk, row, error));
                if (!array)
                    weft_buf_addc(&sender->buf, '\n');
            }
            sender->query->rows++;
            if (sender->buf.length >= SEND_BLOCK)
                WEFT_TRY(sender_flush(sender, error));
        }
    }
    WEFT_TRY(rc);
    if (array)
        weft_buf_adds(&sender->buf, sender->query->rows == 0 ? "[]\n" : "]\n");
    return sender_flush(sender, error);
}

static int send_text(struct sender *sender, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf heads;
    weft_buf_init(&heads, 16 << 20);
    WEFT_CLEANUP(weft_freep) size_t *ends = weft_alloc_array(sender->columns + 1, sizeof *ends);
    if (ends == NULL || json_heads(sender, &heads, ends) < 0)
        return weft_error_nomem(error);
    if (sender->query->format == WEFT_QUERY_CSV) {
        for (size_t i = 0; i < sender->columns; i++) {
            if (i > 0)
                weft_buf_addc(&sender->buf, ',');
            csv_name(&sender->buf, column_name(sender, i));
        }
        weft_buf_addc(&sender->buf, '\n');
    }
    return chunks_text(sender, &heads, ends, error);
}

/* ---- table ---- */

static bool type_is_number(struct sender *sender, size_t column)
{
    duckdb_logical_type type = weft_result_column_type(sender->result, column);
    switch (weft_duckdb.get_type_id(type)) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL:
        return true;
    default:
        return false;
    }
}

/* A part of a date would be another one. */
static bool type_is_word(struct sender *sender, size_t column)
{
    switch (weft_duckdb.get_type_id(weft_result_column_type(sender->result, column))) {
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_UUID:
        return true;
    default:
        return false;
    }
}

static int table_row(struct sender *sender, duckdb_data_chunk chunk, idx_t row,
                     struct weft_cell *cells, size_t *ends, struct weft_error *error)
{
    weft_buf_clear(&sender->buf);
    for (size_t i = 0; i < sender->columns; i++) {
        duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, i);
        uint64_t *validity = weft_duckdb.vector_get_validity(vector);
        bool null = validity != NULL && !weft_duckdb.validity_row_is_valid(validity, row);
        cells[i].kind = null                      ? WEFT_CELL_NULL
                        : type_is_word(sender, i) ? WEFT_CELL_WORD
                                                  : WEFT_CELL_TEXT;
        if (!null)
            WEFT_TRY(weft_encode_value(sender->result, chunk, i, row, WEFT_ENCODE_TEXT,
                                       &sender->buf, error));
        weft_buf_addc(&sender->buf, '\0');
        ends[i] = sender->buf.length;
    }
    WEFT_TRY(weft_buf_check(&sender->buf, error));
    for (size_t i = 0; i < sender->columns; i++)
        cells[i].text = sender->buf.data + (i == 0 ? 0 : ends[i - 1]);
    return weft_out_row(sender->out, cells, error);
}

static int table_chunks(struct sender *sender, struct weft_cell *cells, size_t *ends,
                        struct weft_error *error)
{
    duckdb_data_chunk chunk;
    int rc;
    while ((rc = chunk_next(sender, &chunk, error)) == 0) {
        idx_t count = weft_duckdb.data_chunk_get_size(chunk);
        for (idx_t row = 0; row < count; row++, sender->query->rows++)
            WEFT_TRY(table_row(sender, chunk, row, cells, ends, error));
    }
    WEFT_TRY(rc);
    return weft_out_table_end(sender->out, error);
}

static int send_table(struct sender *sender, struct weft_error *error)
{
    size_t count = sender->columns;
    struct weft_arena *arena = sender->query->context->arena;
    struct weft_out_column *columns = weft_arena_array(arena, count + 1, sizeof *columns);
    struct weft_cell *cells = weft_arena_array(arena, count + 1, sizeof *cells);
    size_t *ends = weft_arena_array(arena, count + 1, sizeof *ends);
    if (columns == NULL || cells == NULL || ends == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        columns[i].name = column_name(sender, i);
        columns[i].right = type_is_number(sender, i);
    }
    WEFT_TRY(weft_out_table(sender->out, columns, count, error));
    return table_chunks(sender, cells, ends, error);
}

/* ---- parquet ---- */

static int file_out(struct sender *sender, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    char *room = weft_buf_room(&sender->buf, SEND_BLOCK);
    if (room == NULL)
        return weft_error_nomem(error);
    for (;;) {
        size_t got = 0;
        WEFT_TRY(weft_fs_read(fd, room, SEND_BLOCK, &got, path, error));
        if (got == 0)
            return 0;
        if (sender->fd >= 0)
            WEFT_TRY(weft_fs_write(sender->fd, room, got, sender->query->output, error));
        else
            WEFT_TRY(weft_out_bytes(sender->out, room, got, error));
    }
}

static int send_parquet(struct sender *sender, struct weft_error *error)
{
    struct weft_query *query = sender->query;
    struct weft_arena *arena = query->context->arena;
    const char *path = weft_arena_format(arena, "%s/result.parquet", query->temp.path);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)64 << 20);
    weft_buf_addf(&sql, "COPY (%s) TO ", query->resolved.sql);
    weft_buf_add_sql_text(&sql, path, strlen(path));
    weft_buf_adds(&sql, " (FORMAT parquet, COMPRESSION zstd)");
    WEFT_TRY(weft_buf_check(&sql, error));
    int rc = weft_engine_query(query->engine, sql.data, query->params, query->param_count,
                               &sender->result, error);
    if (rc == 0)
        rc = weft_result_row(sender->result, error);
    if (rc < 0)
        weft_engine_error_for_people(&query->resolved, error);
    if (rc == 0) {
        query->rows = weft_result_int(sender->result, 0);
        rc = file_out(sender, path, error);
    }
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (weft_fs_unlink(path, rc < 0 ? &ignored : error) < 0)
        return -1;
    return rc > 0 ? 0 : rc;
}

/* ---- parameters ---- */

static void parameter_name(struct weft_buf *list, const char *name)
{
    weft_buf_addf(list, "%s$%s", list->length == 0 ? "" : ", ", name);
}

static bool parameter_known(const struct weft_resolved *resolved, const char *name)
{
    size_t i = 0;
    while (i < resolved->parameter_count && !weft_equal_fold(resolved->parameters[i], name))
        i++;
    return i < resolved->parameter_count;
}

static bool parameter_given(const struct weft_query *query, const char *name)
{
    size_t i = 0;
    while (i < query->param_count && !weft_equal_fold(query->params[i].name, name))
        i++;
    return i < query->param_count;
}

/* Those that lack a value, and those that the text does not have, by their names. */
static int parameters_check(const struct weft_query *query, struct weft_error *error)
{
    const struct weft_resolved *resolved = &query->resolved;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf missing;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf all;
    weft_buf_init(&missing, 1 << 20);
    weft_buf_init(&all, 1 << 20);
    for (size_t i = 0; i < resolved->parameter_count; i++) {
        parameter_name(&all, resolved->parameters[i]);
        if (!parameter_given(query, resolved->parameters[i]))
            parameter_name(&missing, resolved->parameters[i]);
    }
    WEFT_TRY(weft_buf_check(&missing, error));
    WEFT_TRY(weft_buf_check(&all, error));
    for (size_t i = 0; i < query->param_count; i++) {
        const char *name = query->params[i].name;
        if (query->params_shared || parameter_known(resolved, name))
            continue;
        weft_error_set(error, WEFT_E_USAGE, "the query has no parameter $%s", name);
        return weft_error_hint(error, "it has %s", all.length == 0 ? "none" : all.data);
    }
    if (missing.length == 0)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "no value is given for %s", missing.data);
    return weft_error_hint(error, "as in -p %.*s=VALUE", (int)strcspn(missing.data + 1, ","),
                           missing.data + 1);
}

/* Values are texts, which DuckDB reads by what they are compared with; where that says nothing
 * ($n + 1), the person must. */
static int parameters_hint(const struct weft_query *query, struct weft_error *error)
{
    if (error != NULL && error->code == WEFT_E_SQL && query->param_count > 0 &&
        error->hint[0] == '\0' &&
        (strstr(error->message, "type cast") != NULL ||
         strstr(error->message, "argument types") != NULL))
        weft_error_hint(error, "say the type of a parameter, as in $%s::int",
                        query->params[0].name);
    return -1;
}

/* Of parameters that several statements share, those that this one has. */
static int parameters_choose(struct weft_query *query, struct weft_error *error)
{
    struct weft_param *own =
        weft_arena_array(query->context->arena, query->param_count + 1, sizeof *own);
    size_t count = 0;
    if (own == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < query->param_count; i++) {
        if (parameter_known(&query->resolved, query->params[i].name))
            own[count++] = query->params[i];
    }
    query->params = own;
    query->param_count = count;
    return 0;
}

static int rows_send(struct sender *sender, struct weft_error *error)
{
    struct weft_query *query = sender->query;
    if (query->format == WEFT_QUERY_PARQUET)
        return send_parquet(sender, error);
    if (weft_resolved_query(query->engine, &query->resolved, query->params, query->param_count,
                            &sender->result, error) < 0)
        return parameters_hint(query, error);
    sender->columns = weft_result_column_count(sender->result);
    return query->format == WEFT_QUERY_TABLE ? send_table(sender, error) : send_text(sender, error);
}

int weft_query_send(struct weft_query *query, struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(sender_release) struct sender sender = {.query = query, .out = out, .fd = -1};
    weft_buf_init(&sender.buf, ROW_MAX);
    WEFT_TRY(parameters_check(query, error));
    WEFT_TRY(parameters_choose(query, error));
    if (query->output == NULL)
        return rows_send(&sender, error);
    WEFT_TRY(weft_output_file_open(query->context->arena, weft_ledger_home(query->context->ledger),
                                   query->output, &query->target, error));
    sender.fd = query->target.fd;
    if (query->format == WEFT_QUERY_TABLE)
        query->format = WEFT_QUERY_CSV;
    int rc = rows_send(&sender, error);
    return weft_output_file_end(&query->target, rc, error);
}
