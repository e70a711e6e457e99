/*
 * avro_schema.c - the JSON of a schema as a tree. Named types are known by their full names: the
 * namespace of a name that has none is that of the definition around it.
 */
#include "base/map.h"
#include "codec/avro_internal.h"
#include "codec/json.h"

#include <string.h>

#define NAMED_MAX 4096
#define NAME_MAX_BYTES 1024

struct parser {
    struct weft_arena *arena;
    struct weft_error *error;
    struct weft_map *named;
    struct weft_str space; /* the namespace around; empty = none */
};

static int schema_wrong(struct parser *parser, const char *what)
{
    return weft_error_set(parser->error, WEFT_E_CORRUPT, "an Avro schema is wrong: %s", what);
}

static int schema_parse(struct parser *parser, yyjson_val *json,
                        const struct weft_avro_schema **out);

static struct weft_avro_schema *schema_new(struct parser *parser, enum weft_avro_type type)
{
    struct weft_avro_schema *schema = weft_arena_alloc(parser->arena, sizeof *schema);
    if (schema == NULL)
        weft_error_nomem(parser->error);
    else
        schema->type = type;
    return schema;
}

static int primitive_find(const char *name)
{
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0)
            return (int)i;
    }
    return -1;
}

/* NULL when memory is out. A name with a dot is full already. */
static const char *name_full(struct parser *parser, const char *name, struct weft_str space)
{
    if (strchr(name, '.') != NULL || space.length == 0)
        return weft_arena_strdup(parser->arena, name);
    return weft_arena_format(parser->arena, "%.*s.%s", (int)space.length, space.data, name);
}

static int name_parse(struct parser *parser, const char *name, const struct weft_avro_schema **out)
{
    int primitive = primitive_find(name);
    if (primitive >= 0) {
        struct weft_avro_schema *schema = schema_new(parser, (enum weft_avro_type)primitive);
        *out = schema;
        return schema == NULL ? -1 : 0;
    }
    const char *full = name_full(parser, name, parser->space);
    if (full == NULL)
        return weft_error_nomem(parser->error);
    *out = weft_map_get(parser->named, full);
    return *out != NULL ? 0 : schema_wrong(parser, "a type that is not defined");
}

/* Also enters the namespace of what is defined; the caller leaves it. */
static int named_add(struct parser *parser, yyjson_val *json, struct weft_avro_schema *schema)
{
    const char *name = weft_json_text_or(json, "name", NULL);
    const char *space = weft_json_text_or(json, "namespace", NULL);
    if (name == NULL || *name == 0 || strlen(name) > NAME_MAX_BYTES ||
        (space != NULL && strlen(space) > NAME_MAX_BYTES))
        return schema_wrong(parser, "a named type without a name, or with one that is too long");
    if (primitive_find(name) >= 0 || weft_map_count(parser->named) >= NAMED_MAX)
        return schema_wrong(parser, "a type with a name of Avro's own, or too many types");
    schema->name = name_full(parser, name, space != NULL ? weft_str_of(space) : parser->space);
    if (schema->name == NULL)
        return weft_error_nomem(parser->error);
    if (weft_map_has(parser->named, schema->name))
        return schema_wrong(parser, "a type that is defined twice");
    const char *dot = strrchr(schema->name, '.');
    parser->space = (struct weft_str){schema->name, dot == NULL ? 0 : (size_t)(dot - schema->name)};
    return weft_map_put(parser->named, schema->name, schema) < 0 ? weft_error_nomem(parser->error)
                                                                 : 0;
}

static int field_parse(struct parser *parser, yyjson_val *json, struct weft_avro_field *field)
{
    yyjson_val *name = yyjson_obj_get(json, "name");
    if (!yyjson_is_str(name))
        return schema_wrong(parser, "a field without a name");
    if (strlen(yyjson_get_str(name)) != yyjson_get_len(name))
        return schema_wrong(parser, "a field's name holds a zero byte");
    field->name = weft_arena_strdup(parser->arena, yyjson_get_str(name));
    if (field->name == NULL)
        return weft_error_nomem(parser->error);
    int64_t id = weft_json_int_or(json, "field-id", -1);
    field->id = id >= 0 && id <= INT32_MAX ? (int)id : -1;
    return schema_parse(parser, yyjson_obj_get(json, "type"), &field->schema);
}

/* ---- what a type means ---- */

static bool logical_fits(const struct weft_avro_schema *schema, enum weft_avro_logical logical)
{
    switch (logical) {
    case WEFT_AVRO_L_DECIMAL:
        return (schema->type == WEFT_AVRO_T_BYTES || schema->type == WEFT_AVRO_T_FIXED) &&
               schema->precision > 0 && schema->scale >= 0 && schema->scale <= schema->precision;
    case WEFT_AVRO_L_UUID:
        return schema->type == WEFT_AVRO_T_STRING ||
               (schema->type == WEFT_AVRO_T_FIXED && schema->size == 16);
    case WEFT_AVRO_L_DATE:
    case WEFT_AVRO_L_TIME_MILLIS:
        return schema->type == WEFT_AVRO_T_INT;
    default:
        return schema->type == WEFT_AVRO_T_LONG;
    }
}

/* One that is not known, or not written right, is passed over: so the specification wants it. */
static void logical_parse(yyjson_val *json, struct weft_avro_schema *schema)
{
    static const struct {
        const char *name;
        enum weft_avro_logical logical;
    } names[] = {{"decimal", WEFT_AVRO_L_DECIMAL},
                 {"uuid", WEFT_AVRO_L_UUID},
                 {"date", WEFT_AVRO_L_DATE},
                 {"time-millis", WEFT_AVRO_L_TIME_MILLIS},
                 {"time-micros", WEFT_AVRO_L_TIME_MICROS},
                 {"timestamp-millis", WEFT_AVRO_L_TIMESTAMP_MILLIS},
                 {"timestamp-micros", WEFT_AVRO_L_TIMESTAMP_MICROS},
                 {"timestamp-nanos", WEFT_AVRO_L_TIMESTAMP_NANOS},
                 {"local-timestamp-millis", WEFT_AVRO_L_LOCAL_MILLIS},
                 {"local-timestamp-micros", WEFT_AVRO_L_LOCAL_MICROS},
                 {"local-timestamp-nanos", WEFT_AVRO_L_LOCAL_NANOS}};
    yyjson_val *name = yyjson_obj_get(json, "logicalType");
    int64_t precision = weft_json_int_or(json, "precision", 0);
    int64_t scale = weft_json_int_or(json, "scale", 0);
    if (!yyjson_is_str(name))
        return;
    schema->precision = precision > 0 && precision <= 1000 ? (int)precision : 0;
    schema->scale = scale >= 0 && scale <= 1000 ? (int)scale : -1;
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (strcmp(names[i].name, yyjson_get_str(name)) == 0 &&
            logical_fits(schema, names[i].logical))
            schema->logical = names[i].logical;
    }
}

static int symbols_parse(struct parser *parser, yyjson_val *json, struct weft_avro_schema *schema)
{
    yyjson_val *symbols = yyjson_obj_get(json, "symbols");
    const char **items =
        weft_arena_array(parser->arena, yyjson_arr_size(symbols) + 1, sizeof *items);
    size_t i, max;
    yyjson_val *symbol;
    if (items == NULL)
        return weft_error_nomem(parser->error);
    yyjson_arr_foreach(symbols, i, max, symbol)
    {
        if (!yyjson_is_str(symbol))
            return schema_wrong(parser, "a symbol of an enum that is no text");
        items[i] = weft_arena_strdup(parser->arena, yyjson_get_str(symbol));
        if (items[i] == NULL)
            return weft_error_nomem(parser->error);
    }
    schema->symbols = items;
    schema->size = (int64_t)yyjson_arr_size(symbols);
    return 0;
}

static int record_parse(struct parser *parser, yyjson_val *json,
                        const struct weft_avro_schema **out)
{
    struct weft_avro_schema *schema = schema_new(parser, WEFT_AVRO_T_RECORD);
    yyjson_val *fields = yyjson_obj_get(json, "fields");
    if (schema == NULL)
        return -1;
    if (!yyjson_is_arr(fields))
        return schema_wrong(parser, "a record without fields");
    struct weft_str around = parser->space;
    WEFT_TRY(named_add(parser, json, schema));
    schema->count = yyjson_arr_size(fields);
    schema->fields = weft_arena_array(parser->arena, schema->count + 1, sizeof *schema->fields);
    if (schema->fields == NULL)
        return weft_error_nomem(parser->error);
    size_t i, max;
    yyjson_val *field;
    yyjson_arr_foreach(fields, i, max, field)
        WEFT_TRY(field_parse(parser, field, &schema->fields[i]));
    parser->space = around;
    *out = schema;
    return 0;
}

static int fixed_parse(struct parser *parser, yyjson_val *json, enum weft_avro_type type,
                       const struct weft_avro_schema **out)
{
    struct weft_avro_schema *schema = schema_new(parser, type);
    if (schema == NULL)
        return -1;
    struct weft_str around = parser->space;
    WEFT_TRY(named_add(parser, json, schema));
    parser->space = around;
    if (type == WEFT_AVRO_T_ENUM)
        WEFT_TRY(symbols_parse(parser, json, schema));
    else
        schema->size = weft_json_int_or(json, "size", -1);
    if (schema->size < 0 || schema->size > INT32_MAX)
        return schema_wrong(parser, "a fixed type without a size");
    if (type == WEFT_AVRO_T_FIXED)
        logical_parse(json, schema);
    *out = schema;
    return 0;
}

static int parts_new(struct parser *parser, struct weft_avro_schema *schema, size_t count)
{
    schema->count = count;
    schema->parts = weft_arena_array(parser->arena, count + 1, sizeof *schema->parts);
    return schema->parts == NULL ? weft_error_nomem(parser->error) : 0;
}

static int items_parse(struct parser *parser, yyjson_val *json, enum weft_avro_type type,
                       const struct weft_avro_schema **out)
{
    struct weft_avro_schema *schema = schema_new(parser, type);
    if (schema == NULL)
        return -1;
    WEFT_TRY(parts_new(parser, schema, 1));
    yyjson_val *items = yyjson_obj_get(json, type == WEFT_AVRO_T_ARRAY ? "items" : "values");
    WEFT_TRY(schema_parse(parser, items, &schema->parts[0]));
    *out = schema;
    return 0;
}

static int union_parse(struct parser *parser, yyjson_val *json, const struct weft_avro_schema **out)
{
    struct weft_avro_schema *schema = schema_new(parser, WEFT_AVRO_T_UNION);
    if (schema == NULL)
        return -1;
    WEFT_TRY(parts_new(parser, schema, yyjson_arr_size(json)));
    size_t i, max;
    yyjson_val *branch;
    yyjson_arr_foreach(json, i, max, branch)
        WEFT_TRY(schema_parse(parser, branch, &schema->parts[i]));
    *out = schema;
    return 0;
}

/* Recursion is bounded by the depth of the JSON text. */
static int schema_parse(struct parser *parser, yyjson_val *json,
                        const struct weft_avro_schema **out)
{
    if (yyjson_is_str(json))
        return name_parse(parser, yyjson_get_str(json), out);
    if (yyjson_is_arr(json))
        return union_parse(parser, json, out);
    yyjson_val *type = yyjson_obj_get(json, "type");
    if (yyjson_is_obj(type) || yyjson_is_arr(type))
        return schema_parse(parser, type, out);
    const char *name = yyjson_get_str(type);
    if (name == NULL)
        return schema_wrong(parser, "a type is missing");
    if (strcmp(name, "record") == 0)
        return record_parse(parser, json, out);
    if (strcmp(name, "enum") == 0)
        return fixed_parse(parser, json, WEFT_AVRO_T_ENUM, out);
    if (strcmp(name, "fixed") == 0)
        return fixed_parse(parser, json, WEFT_AVRO_T_FIXED, out);
    if (strcmp(name, "array") == 0)
        return items_parse(parser, json, WEFT_AVRO_T_ARRAY, out);
    if (strcmp(name, "map") == 0)
        return items_parse(parser, json, WEFT_AVRO_T_MAP, out);
    WEFT_TRY(name_parse(parser, name, out));
    if (primitive_find(name) >= 0) /* its own, made just now */
        logical_parse(json, (struct weft_avro_schema *)(uintptr_t)*out);
    return 0;
}

int weft_avro_schema_parse(struct weft_arena *arena, const char *json, size_t length,
                           const struct weft_avro_schema **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *named = weft_map_new();
    struct parser parser = {.arena = arena, .error = error, .named = named};
    if (named == NULL)
        return weft_error_nomem(error);
    if (weft_json_parse(json, length, 0, &doc, error) < 0) {
        if (error != NULL && error->code == WEFT_E_INVALID)
            error->code = WEFT_E_CORRUPT;
        return weft_error_prefix(error, "an Avro schema");
    }
    return schema_parse(&parser, yyjson_doc_get_root(doc), out);
}
