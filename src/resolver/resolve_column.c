/*
 * resolve_column.c - the columns that a resolved text gives, bound and not run, in weft's types.
 */
#include "base/text.h"
#include "resolver/resolve_internal.h"

#define COLUMN_DEPTH_MAX 16 /* as deep as weft's types go */

struct column_reader {
    struct weft_arena *arena;
    bool nomem;
};

static const struct weft_type *column_type(struct column_reader *reader, duckdb_logical_type type,
                                           int depth);

/* Frees the child, which is a copy of DuckDB's. */
static const struct weft_type *column_child(struct column_reader *reader, duckdb_logical_type type,
                                            int depth)
{
    const struct weft_type *made = column_type(reader, type, depth + 1);
    weft_duckdb.destroy_logical_type(&type);
    return made;
}

static struct weft_type *column_new(struct column_reader *reader, enum weft_type_kind kind)
{
    struct weft_type *made = weft_arena_array(reader->arena, 1, sizeof(*made));
    if (made == NULL)
        reader->nomem = true;
    else
        made->kind = kind;
    return made;
}

static const struct weft_type *column_decimal(struct column_reader *reader, int precision,
                                              int scale)
{
    struct weft_type *made = column_new(reader, WEFT_TYPE_DECIMAL);
    if (made != NULL) {
        made->precision = precision;
        made->scale = scale;
    }
    return made;
}

static const struct weft_type *column_list(struct column_reader *reader, duckdb_logical_type child,
                                           int depth)
{
    const struct weft_type *element = column_child(reader, child, depth);
    if (element == NULL)
        return NULL;
    struct weft_type *made = column_new(reader, WEFT_TYPE_LIST);
    if (made != NULL)
        made->element = element;
    return made;
}

static const struct weft_type *column_map(struct column_reader *reader, duckdb_logical_type type,
                                          int depth)
{
    const struct weft_type *key = column_child(reader, weft_duckdb.map_type_key_type(type), depth);
    const struct weft_type *value =
        column_child(reader, weft_duckdb.map_type_value_type(type), depth);
    if (key == NULL || value == NULL)
        return NULL;
    struct weft_type *made = column_new(reader, WEFT_TYPE_MAP);
    if (made != NULL) {
        made->key = key;
        made->element = value;
    }
    return made;
}

static const struct weft_type *column_struct(struct column_reader *reader, duckdb_logical_type type,
                                             int depth)
{
    size_t count = weft_duckdb.struct_type_child_count(type);
    struct weft_type *made = column_new(reader, WEFT_TYPE_STRUCT);
    struct weft_type_field *fields = weft_arena_array(reader->arena, count, sizeof(*fields));
    if (made == NULL || fields == NULL) {
        reader->nomem = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = weft_duckdb.struct_type_child_name(type, i);
        fields[i].name = name == NULL ? NULL : weft_arena_strdup(reader->arena, name);
        weft_duckdb.free(name);
        reader->nomem = reader->nomem || fields[i].name == NULL;
        fields[i].type = column_child(reader, weft_duckdb.struct_type_child_type(type, i), depth);
        if (reader->nomem || fields[i].type == NULL || fields[i].name[0] == 0)
            return NULL; /* also row(1, 2): parts without names */
    }
    made->fields = fields;
    made->field_count = count;
    return made;
}

static const struct weft_type *column_simple(struct column_reader *reader, duckdb_type id)
{
    static const struct {
        duckdb_type id;
        enum weft_type_kind kind;
    } kinds[] = {
        {DUCKDB_TYPE_BOOLEAN, WEFT_TYPE_BOOLEAN},
        {DUCKDB_TYPE_TINYINT, WEFT_TYPE_INT},
        {DUCKDB_TYPE_SMALLINT, WEFT_TYPE_INT},
        {DUCKDB_TYPE_INTEGER, WEFT_TYPE_INT},
        {DUCKDB_TYPE_UTINYINT, WEFT_TYPE_INT},
        {DUCKDB_TYPE_USMALLINT, WEFT_TYPE_INT},
        {DUCKDB_TYPE_UINTEGER, WEFT_TYPE_LONG},
        {DUCKDB_TYPE_BIGINT, WEFT_TYPE_LONG},
        {DUCKDB_TYPE_FLOAT, WEFT_TYPE_FLOAT},
        {DUCKDB_TYPE_DOUBLE, WEFT_TYPE_DOUBLE},
        {DUCKDB_TYPE_VARCHAR, WEFT_TYPE_STRING},
        {DUCKDB_TYPE_ENUM, WEFT_TYPE_STRING},
        {DUCKDB_TYPE_BLOB, WEFT_TYPE_BINARY},
        {DUCKDB_TYPE_DATE, WEFT_TYPE_DATE},
        {DUCKDB_TYPE_TIME, WEFT_TYPE_TIME},
        {DUCKDB_TYPE_TIMESTAMP, WEFT_TYPE_TIMESTAMP},
        {DUCKDB_TYPE_TIMESTAMP_S, WEFT_TYPE_TIMESTAMP},
        {DUCKDB_TYPE_TIMESTAMP_MS, WEFT_TYPE_TIMESTAMP},
        {DUCKDB_TYPE_TIMESTAMP_TZ, WEFT_TYPE_TIMESTAMPTZ},
        {DUCKDB_TYPE_UUID, WEFT_TYPE_UUID},
        {DUCKDB_TYPE_SQLNULL, WEFT_TYPE_INT},
    };
    if (id == DUCKDB_TYPE_UBIGINT)
        return column_decimal(reader, 20, 0);
    if (id == DUCKDB_TYPE_HUGEINT || id == DUCKDB_TYPE_UHUGEINT)
        return column_decimal(reader, 38, 0);
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        if (kinds[i].id == id)
            return column_new(reader, kinds[i].kind);
    return NULL;
}

static bool column_is_json(duckdb_logical_type type)
{
    char *alias = weft_duckdb.logical_type_get_alias(type);
    bool json = alias != NULL && weft_equal_fold(alias, "json");
    weft_duckdb.free(alias);
    return json;
}

/* NULL: weft has none, or nomem. */
static const struct weft_type *column_type(struct column_reader *reader, duckdb_logical_type type,
                                           int depth)
{
    if (type == NULL || depth > COLUMN_DEPTH_MAX)
        return NULL;
    duckdb_type id = weft_duckdb.get_type_id(type);
    switch (id) {
    case DUCKDB_TYPE_DECIMAL:
        return column_decimal(reader, weft_duckdb.decimal_width(type),
                              weft_duckdb.decimal_scale(type));
    case DUCKDB_TYPE_LIST:
        return column_list(reader, weft_duckdb.list_type_child_type(type), depth);
    case DUCKDB_TYPE_ARRAY:
        return column_list(reader, weft_duckdb.array_type_child_type(type), depth);
    case DUCKDB_TYPE_MAP:
        return column_map(reader, type, depth);
    case DUCKDB_TYPE_STRUCT:
        return column_struct(reader, type, depth);
    case DUCKDB_TYPE_VARCHAR:
        if (column_is_json(type))
            return column_new(reader, WEFT_TYPE_JSON);
        break;
    default:
        break;
    }
    return column_simple(reader, id);
}

static int columns_read(struct weft_arena *arena, duckdb_prepared_statement statement,
                        const struct weft_relation_column **out, size_t *count,
                        struct weft_error *error)
{
    struct column_reader reader = {.arena = arena};
    size_t n = weft_duckdb.prepared_statement_column_count(statement);
    struct weft_relation_column *columns = weft_arena_array(arena, n, sizeof(*columns));
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < n; i++) {
        const char *name = weft_duckdb.prepared_statement_column_name(statement, i);
        columns[i].name = weft_arena_strdup(arena, name == NULL ? "" : name);
        weft_duckdb.free((void *)(uintptr_t)name);
        duckdb_logical_type type = weft_duckdb.prepared_statement_column_logical_type(statement, i);
        columns[i].type = column_type(&reader, type, 0);
        if (type != NULL)
            weft_duckdb.destroy_logical_type(&type);
        if (reader.nomem || columns[i].name == NULL)
            return weft_error_nomem(error);
    }
    *out = columns;
    *count = n;
    return 0;
}

int weft_result_columns(struct weft_result *result, struct weft_arena *arena,
                        const struct weft_relation_column **out, size_t *count,
                        struct weft_error *error)
{
    struct column_reader reader = {.arena = arena};
    size_t n = weft_result_column_count(result);
    struct weft_relation_column *columns = weft_arena_array(arena, n + 1, sizeof(*columns));
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < n; i++) {
        columns[i].name = weft_arena_strdup(arena, weft_result_column_name(result, i));
        columns[i].type = column_type(&reader, weft_result_column_type(result, i), 0);
        if (reader.nomem || columns[i].name == NULL)
            return weft_error_nomem(error);
    }
    *out = columns;
    *count = n;
    return 0;
}

int weft_resolved_columns(struct weft_engine *engine, struct weft_arena *arena,
                          const struct weft_resolved *resolved,
                          const struct weft_relation_column **out, size_t *count,
                          struct weft_error *error)
{
    /* DuckDB tells no columns before it knows the parameters' types. */
    if (resolved->parameter_count > 0)
        return weft_error_set(error, WEFT_E_SQL,
                              "the columns of a statement with parameters are not known "
                              "before it runs");
    duckdb_prepared_statement statement = NULL;
    if (weft_engine_prepare(engine, resolved->sql, &statement, error) < 0)
        return weft_engine_error_for_people(resolved, error);
    int rc = columns_read(arena, statement, out, count, error);
    weft_duckdb.destroy_prepare(&statement);
    return rc;
}
