/*
 * import_type.c - names that databases, warehouses and data frames have for types, as types of
 * weft. One table; what it does not have is not guessed.
 */
#include "exchange/import.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_TEXT_MAX 1000
#define TYPE_DEPTH_MAX 8

static const struct {
    const char *name;
    const char *type;
} types[] = {
    {"boolean", "boolean"},
    {"bool", "boolean"},
    {"logical", "boolean"},
    {"tinyint", "int"},
    {"smallint", "int"},
    {"mediumint", "int"},
    {"int", "int"},
    {"integer", "int"},
    {"int2", "int"},
    {"int4", "int"},
    {"int16", "int"},
    {"int32", "int"},
    {"uint8", "int"},
    {"uint16", "int"},
    {"serial", "int"},
    {"smallserial", "int"},
    {"bigint", "long"},
    {"int8", "long"}, /* PostgreSQL's; a data frame's fits too */
    {"int64", "long"},
    {"uint32", "long"},
    {"uinteger", "long"},
    {"long", "long"},
    {"hugeint", "decimal(38,0)"},
    {"ubigint", "decimal(20,0)"},
    {"uint64", "decimal(20,0)"},
    {"bigserial", "long"},
    {"real", "float"},
    {"float4", "float"},
    {"float32", "float"},
    {"float", "double"}, /* 8 bytes in most; 4 bytes fit too */
    {"float8", "double"},
    {"float64", "double"},
    {"double", "double"},
    {"double precision", "double"},
    {"numeric", "decimal"},
    {"decimal", "decimal"},
    {"number", "decimal"},
    {"bignumeric", "decimal"},
    {"varchar", "string"},
    {"character varying", "string"},
    {"nvarchar", "string"},
    {"varchar2", "string"},
    {"char", "string"},
    {"character", "string"},
    {"nchar", "string"},
    {"bpchar", "string"},
    {"text", "string"},
    {"string", "string"},
    {"str", "string"},
    {"object", "string"}, /* of a data frame */
    {"clob", "string"},
    {"citext", "string"},
    {"date", "date"},
    {"time", "time"},
    {"time without time zone", "time"},
    {"timestamp", "timestamp"},
    {"timestamp without time zone", "timestamp"},
    {"timestamp_ntz", "timestamp"},
    {"datetime", "timestamp"},
    {"datetime2", "timestamp"},
    {"datetime64", "timestamp"},
    {"timestamptz", "timestamptz"},
    {"timestamp with time zone", "timestamptz"},
    {"timestamp_tz", "timestamptz"},
    {"timestamp_ltz", "timestamptz"},
    {"uuid", "uuid"},
    {"bytea", "binary"},
    {"blob", "binary"},
    {"binary", "binary"},
    {"varbinary", "binary"},
    {"bytes", "binary"},
    {"json", "json"},
    {"jsonb", "json"},
    {"variant", "json"},
    {"super", "json"},
};

static const char *type_look_up(const char *name)
{
    for (size_t i = 0; i < WEFT_COUNT(types); i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    }
    return NULL;
}

/* "numeric ( 10 , 2 ) " -> base "numeric", numbers 10 and 2. timestamp(3) with time zone too. */
struct parts {
    char base[TYPE_TEXT_MAX + 1];
    int64_t numbers[2];
    int count;
};

static bool numbers_read(const char *text, size_t length, struct parts *out)
{
    while (length > 0) {
        size_t comma = 0;
        while (comma < length && text[comma] != ',')
            comma++;
        size_t from = 0, to = comma;
        while (from < to && text[from] == ' ')
            from++;
        while (to > from && text[to - 1] == ' ')
            to--;
        if (out->count == 2 || !weft_parse_int64(text + from, to - from, &out->numbers[out->count]))
            return false;
        out->count++;
        text += WEFT_MIN(comma + 1, length);
        length -= WEFT_MIN(comma + 1, length);
    }
    return true;
}

static bool parts_read(const char *name, struct parts *out)
{
    size_t n = 0;
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '(') {
            const char *end = strchr(c, ')');
            if (end == NULL || !numbers_read(c + 1, (size_t)(end - c - 1), out))
                return false;
            c = end;
        } else if (*c == '[' && strcmp(c, "[ns]") == 0) {
            break; /* datetime64[ns] */
        } else if (*c != ' ' || (n > 0 && out->base[n - 1] != ' ')) {
            if (n == TYPE_TEXT_MAX)
                return false;
            out->base[n++] = weft_lower(*c);
        }
    }
    while (n > 0 && out->base[n - 1] == ' ')
        n--;
    out->base[n] = '\0';
    return true;
}

static const char *type_of(struct weft_arena *arena, const char *name, int64_t *length_max,
                           int depth)
{
    struct parts parts = {.count = 0};
    size_t length = strlen(name);
    if (length == 0 || length > TYPE_TEXT_MAX || depth > TYPE_DEPTH_MAX)
        return NULL;
    if (length > 2 && strcmp(name + length - 2, "[]") == 0) {
        const char *inner = weft_arena_strndup(arena, name, length - 2);
        inner = inner == NULL ? NULL : type_of(arena, inner, NULL, depth + 1);
        return inner == NULL ? NULL : weft_arena_format(arena, "list<%s>", inner);
    }
    if (!parts_read(name, &parts))
        return NULL;
    const char *type = type_look_up(parts.base);
    if (type == NULL)
        return NULL;
    if (strcmp(type, "decimal") == 0 && parts.count > 0)
        return weft_arena_format(arena, "decimal(%" PRId64 ",%" PRId64 ")", parts.numbers[0],
                                 parts.count == 2 ? parts.numbers[1] : 0);
    if (strcmp(type, "decimal") == 0)
        return "decimal(38,9)";
    if (strcmp(type, "string") == 0 && parts.count == 1 && length_max != NULL)
        *length_max = parts.numbers[0];
    return type;
}

int weft_import_type(struct weft_arena *arena, const char *name, const char **out,
                     int64_t *length_max, struct weft_error *error)
{
    const struct weft_type *read;
    struct weft_error ignored = WEFT_ERROR_INIT;
    *out = NULL;
    if (length_max != NULL)
        *length_max = -1;
    const char *type = type_of(arena, name, length_max, 0);
    if (type == NULL)
        return 0;
    if (weft_type_parse(arena, type, &read, &ignored) == 0)
        *out = type;
    else if (ignored.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    return 0;
}
