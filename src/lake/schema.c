/*
 * schema.c - a table's schema as Iceberg's JSON, both ways.
 *
 *   {"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":true,"type":"long",
 *     "doc":"..."}, {"id":2,"name":"l","required":false,
 *     "type":{"type":"list","element-id":3,"element":"string","element-required":false}}]}
 *
 * Parts of nested types have ids too; they are kept depth first: element, key, value, each field,
 * every one directly followed by its own parts. weft writes nested parts as optional.
 */
#include "base/text.h"
#include "lake/table_internal.h"

#include <string.h>

static const struct {
    const char *name;
    enum weft_type_kind kind;
} iceberg_types[] = {
    {"boolean", WEFT_TYPE_BOOLEAN},     {"int", WEFT_TYPE_INT},
    {"long", WEFT_TYPE_LONG},           {"float", WEFT_TYPE_FLOAT},
    {"double", WEFT_TYPE_DOUBLE},       {"string", WEFT_TYPE_STRING},
    {"date", WEFT_TYPE_DATE},           {"time", WEFT_TYPE_TIME},
    {"timestamp", WEFT_TYPE_TIMESTAMP}, {"timestamptz", WEFT_TYPE_TIMESTAMPTZ},
    {"uuid", WEFT_TYPE_UUID},           {"binary", WEFT_TYPE_BINARY},
};

struct schema_reader {
    struct weft_arena *arena;
    yyjson_val *json_fields;
    int *ids; /* of the column being read */
    size_t id_count;
    size_t id_capacity;
    size_t parts;
    int last_id;
    struct weft_error *error;
};

static int read_type(struct schema_reader *reader, yyjson_val *json, int id, int depth,
                     const struct weft_type **out);

size_t lake_type_part_count(const struct weft_type *type)
{
    size_t count = 0;
    if (type->key != NULL)
        count += 1 + lake_type_part_count(type->key);
    if (type->element != NULL)
        count += 1 + lake_type_part_count(type->element);
    for (size_t i = 0; i < type->field_count; i++)
        count += 1 + lake_type_part_count(type->fields[i].type);
    return count;
}

/* The property is a text: "3,17,20". */
static bool is_json_field(yyjson_val *property, int id)
{
    const char *at = yyjson_get_str(property);
    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ",");
        int64_t value = 0;
        if (weft_parse_int64(at, length, &value) && value == id)
            return true;
        at += length;
        at += *at == ',';
    }
    return false;
}

static int field_id(struct schema_reader *reader, yyjson_val *object, const char *key, int *id)
{
    int64_t value = 0;
    WEFT_TRY(weft_json_int(object, key, &value, reader->error));
    if (value < 0 || value > INT32_MAX - 200)
        return weft_error_set(reader->error, WEFT_E_CORRUPT, "%s %" PRId64 " is no field id", key,
                              value);
    if (++reader->parts > LAKE_COLUMNS_MAX)
        return weft_error_set(reader->error, WEFT_E_LIMIT, "a schema has more than %d fields",
                              LAKE_COLUMNS_MAX);
    *id = (int)value;
    reader->last_id = WEFT_MAX(reader->last_id, *id);
    return 0;
}

static int part_id(struct schema_reader *reader, yyjson_val *object, const char *key, int *id)
{
    WEFT_TRY(field_id(reader, object, key, id));
    if (weft_arena_reserve(reader->arena, &reader->ids, &reader->id_capacity, reader->id_count + 1,
                           sizeof *reader->ids) < 0)
        return weft_error_nomem(reader->error);
    reader->ids[reader->id_count++] = *id;
    return 0;
}

static bool read_decimal(const char *text, struct weft_type *type)
{
    static const char start[] = "decimal(";
    if (strncmp(text, start, sizeof start - 1) != 0)
        return false;
    const char *at = text + sizeof start - 1;
    int *parts[2] = {&type->precision, &type->scale};
    for (int i = 0; i < 2; i++) {
        at += strspn(at, " ");
        size_t digits = strspn(at, "0123456789");
        int64_t value = 0;
        if (digits == 0 || digits > 2 || !weft_parse_int64(at, digits, &value))
            return false;
        *parts[i] = (int)value;
        at += digits;
        at += strspn(at, " ");
        if (*at++ != (i == 0 ? ',' : ')'))
            return false;
    }
    type->kind = WEFT_TYPE_DECIMAL;
    return *at == '\0' && type->precision >= 1 && type->precision <= 38 &&
           type->scale <= type->precision;
}

static int read_primitive(struct schema_reader *reader, const char *text, int id,
                          struct weft_type *type)
{
    for (size_t i = 0; i < WEFT_COUNT(iceberg_types); i++) {
        if (strcmp(iceberg_types[i].name, text) != 0)
            continue;
        type->kind = iceberg_types[i].kind;
        if (type->kind == WEFT_TYPE_STRING && is_json_field(reader->json_fields, id))
            type->kind = WEFT_TYPE_JSON;
        return 0;
    }
    if (read_decimal(text, type))
        return 0;
    return weft_error_set(reader->error, WEFT_E_NOT_YET,
                          "the type %.100s of field %d cannot be read yet", text, id);
}

static int read_struct(struct schema_reader *reader, yyjson_val *json, int depth,
                       struct weft_type *type)
{
    yyjson_val *fields = NULL;
    WEFT_TRY(weft_json_array(json, "fields", &fields, reader->error));
    size_t count = yyjson_arr_size(fields);
    struct weft_type_field *out = weft_arena_array(reader->arena, count, sizeof *out);
    if (out == NULL)
        return weft_error_nomem(reader->error);
    size_t i = 0;
    size_t max = 0;
    yyjson_val *field = NULL;
    yyjson_arr_foreach(fields, i, max, field)
    {
        int id = 0;
        WEFT_TRY(part_id(reader, field, "id", &id));
        WEFT_TRY(weft_json_text(field, "name", &out[i].name, reader->error));
        WEFT_TRY(read_type(reader, yyjson_obj_get(field, "type"), id, depth + 1, &out[i].type));
    }
    type->kind = WEFT_TYPE_STRUCT;
    type->fields = out;
    type->field_count = count;
    return 0;
}

static int read_nested(struct schema_reader *reader, yyjson_val *json, int depth,
                       struct weft_type *type)
{
    const char *kind = "";
    int id = 0;
    WEFT_TRY(weft_json_text(json, "type", &kind, reader->error));
    if (strcmp(kind, "struct") == 0)
        return read_struct(reader, json, depth, type);
    if (strcmp(kind, "list") == 0) {
        type->kind = WEFT_TYPE_LIST;
        WEFT_TRY(part_id(reader, json, "element-id", &id));
        return read_type(reader, yyjson_obj_get(json, "element"), id, depth + 1, &type->element);
    }
    if (strcmp(kind, "map") == 0) {
        type->kind = WEFT_TYPE_MAP;
        WEFT_TRY(part_id(reader, json, "key-id", &id));
        WEFT_TRY(read_type(reader, yyjson_obj_get(json, "key"), id, depth + 1, &type->key));
        WEFT_TRY(part_id(reader, json, "value-id", &id));
        return read_type(reader, yyjson_obj_get(json, "value"), id, depth + 1, &type->element);
    }
    return weft_error_set(reader->error, WEFT_E_CORRUPT, "%.100s is no type", kind);
}

static int read_type(struct schema_reader *reader, yyjson_val *json, int id, int depth,
                     const struct weft_type **out)
{
    if (depth > LAKE_TYPE_DEPTH_MAX)
        return weft_error_set(reader->error, WEFT_E_LIMIT, "field %d is nested too deeply", id);
    struct weft_type *type = weft_arena_alloc(reader->arena, sizeof *type);
    if (type == NULL)
        return weft_error_nomem(reader->error);
    *out = type;
    if (yyjson_is_str(json))
        return read_primitive(reader, yyjson_get_str(json), id, type);
    if (yyjson_is_obj(json))
        return read_nested(reader, json, depth, type);
    return weft_error_set(reader->error, WEFT_E_CORRUPT, "field %d has no type", id);
}

static int read_column(struct schema_reader *reader, yyjson_val *json, struct weft_column *column)
{
    reader->ids = NULL;
    reader->id_count = 0;
    reader->id_capacity = 0;
    WEFT_TRY(field_id(reader, json, "id", &column->id));
    WEFT_TRY(weft_json_text(json, "name", &column->name, reader->error));
    WEFT_TRY(weft_json_bool(json, "required", &column->required, reader->error));
    column->doc = weft_json_text_or(json, "doc", NULL);
    WEFT_TRY(read_type(reader, yyjson_obj_get(json, "type"), column->id, 0, &column->type));
    column->nested_ids = reader->ids;
    column->nested_count = reader->id_count;
    return 0;
}

int lake_schema_read(struct weft_arena *arena, yyjson_val *json, yyjson_val *json_fields,
                     struct weft_table_schema *out, int *last_id, struct weft_error *error)
{
    struct schema_reader reader = {.arena = arena, .json_fields = json_fields, .error = error};
    int64_t schema_id = 0;
    yyjson_val *fields = NULL;
    WEFT_TRY(weft_json_int(json, "schema-id", &schema_id, error));
    WEFT_TRY(weft_json_array(json, "fields", &fields, error));
    if (schema_id < 0 || schema_id > INT32_MAX)
        return weft_error_set(error, WEFT_E_CORRUPT, "%" PRId64 " is no schema-id", schema_id);
    size_t count = yyjson_arr_size(fields);
    struct weft_column *columns = weft_arena_array(arena, count, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    size_t i = 0;
    size_t max = 0;
    yyjson_val *field = NULL;
    yyjson_arr_foreach(fields, i, max, field)
    {
        WEFT_TRY(read_column(&reader, field, &columns[i]));
    }
    *out = (struct weft_table_schema){(int)schema_id, columns, count};
    *last_id = WEFT_MAX(*last_id, reader.last_id);
    return 0;
}

/* ---- writing ---- */

static void write_type(struct weft_json_writer *writer, const struct weft_type *type,
                       const int **ids);

static void write_field(struct weft_json_writer *writer, const char *name, int id, bool required,
                        const struct weft_type *type, const int **ids, const char *doc)
{
    weft_json_begin_object(writer);
    weft_json_member_int(writer, "id", id);
    weft_json_member_text(writer, "name", name);
    weft_json_member_bool(writer, "required", required);
    weft_json_key(writer, "type");
    write_type(writer, type, ids);
    if (doc != NULL)
        weft_json_member_text(writer, "doc", doc);
    weft_json_end_object(writer);
}

static void write_nested(struct weft_json_writer *writer, const struct weft_type *type,
                         const int **ids)
{
    weft_json_begin_object(writer);
    if (type->kind == WEFT_TYPE_STRUCT) {
        weft_json_member_text(writer, "type", "struct");
        weft_json_key(writer, "fields");
        weft_json_begin_array(writer);
        for (size_t i = 0; i < type->field_count; i++) {
            int id = *(*ids)++;
            write_field(writer, type->fields[i].name, id, false, type->fields[i].type, ids, NULL);
        }
        weft_json_end_array(writer);
        weft_json_end_object(writer);
        return;
    }
    bool map = type->kind == WEFT_TYPE_MAP;
    weft_json_member_text(writer, "type", map ? "map" : "list");
    if (map) {
        weft_json_member_int(writer, "key-id", *(*ids)++);
        weft_json_key(writer, "key");
        write_type(writer, type->key, ids);
    }
    weft_json_member_int(writer, map ? "value-id" : "element-id", *(*ids)++);
    weft_json_key(writer, map ? "value" : "element");
    write_type(writer, type->element, ids);
    weft_json_member_bool(writer, map ? "value-required" : "element-required", false);
    weft_json_end_object(writer);
}

static void write_type(struct weft_json_writer *writer, const struct weft_type *type,
                       const int **ids)
{
    if (weft_type_is_nested(type)) {
        write_nested(writer, type, ids);
        return;
    }
    if (type->kind == WEFT_TYPE_DECIMAL) {
        char text[40];
        snprintf(text, sizeof text, "decimal(%d, %d)", type->precision, type->scale);
        weft_json_put_text(writer, text);
        return;
    }
    enum weft_type_kind kind = type->kind == WEFT_TYPE_JSON ? WEFT_TYPE_STRING : type->kind;
    for (size_t i = 0; i < WEFT_COUNT(iceberg_types); i++)
        if (iceberg_types[i].kind == kind)
            weft_json_put_text(writer, iceberg_types[i].name);
}

void lake_schema_write(struct weft_json_writer *writer, const struct weft_table_schema *schema)
{
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "type", "struct");
    weft_json_member_int(writer, "schema-id", schema->schema_id);
    weft_json_key(writer, "fields");
    weft_json_begin_array(writer);
    for (size_t i = 0; i < schema->count; i++) {
        const struct weft_column *column = &schema->columns[i];
        const int *ids = column->nested_ids;
        write_field(writer, column->name, column->id, column->required, column->type, &ids,
                    column->doc);
    }
    weft_json_end_array(writer);
    weft_json_end_object(writer);
}

/* ---- questions ---- */

static void add_json_ids(struct weft_buf *out, const struct weft_type *type, int id,
                         const int **ids)
{
    if (type->kind == WEFT_TYPE_JSON)
        weft_buf_addf(out, "%s%d", out->length > 0 ? "," : "", id);
    if (type->key != NULL) {
        int key = *(*ids)++;
        add_json_ids(out, type->key, key, ids);
    }
    if (type->element != NULL) {
        int element = *(*ids)++;
        add_json_ids(out, type->element, element, ids);
    }
    for (size_t i = 0; i < type->field_count; i++) {
        int field = *(*ids)++;
        add_json_ids(out, type->fields[i].type, field, ids);
    }
}

void lake_json_fields(const struct weft_table_schema *schema, struct weft_buf *out)
{
    for (size_t i = 0; i < schema->count; i++) {
        const int *ids = schema->columns[i].nested_ids;
        add_json_ids(out, schema->columns[i].type, schema->columns[i].id, &ids);
    }
}

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool column_equal(const struct weft_column *a, const struct weft_column *b)
{
    return a->id == b->id && strcmp(a->name, b->name) == 0 && a->required == b->required &&
           text_equal(a->doc, b->doc) && weft_type_equal(a->type, b->type) &&
           a->nested_count == b->nested_count &&
           (a->nested_count == 0 ||
            memcmp(a->nested_ids, b->nested_ids, a->nested_count * sizeof *a->nested_ids) == 0);
}

bool lake_schema_equal(const struct weft_table_schema *a, const struct weft_table_schema *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!column_equal(&a->columns[i], &b->columns[i]))
            return false;
    return true;
}

/* 1 = found and bounded, 0 = found inside a list or map, -1 = not here. */
static int find_bounded(const struct weft_type *type, int id, const int **ids, bool repeated)
{
    int found = -1, below; /* each part is passed once: the ids go on with it */
    const struct weft_type *parts[2] = {type->key, type->element};
    for (size_t i = 0; i < 2; i++) {
        if (parts[i] == NULL)
            continue;
        if (*(*ids)++ == id)
            found = 0;
        below = find_bounded(parts[i], id, ids, true);
        found = WEFT_MAX(found, below);
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (*(*ids)++ == id)
            found = repeated ? 0 : 1;
        below = find_bounded(type->fields[i].type, id, ids, repeated);
        found = WEFT_MAX(found, below);
    }
    return found;
}

bool lake_schema_bounded(const struct weft_table_schema *schema, int field_id_wanted)
{
    for (size_t i = 0; i < schema->count; i++) {
        const int *ids = schema->columns[i].nested_ids;
        if (schema->columns[i].id == field_id_wanted ||
            find_bounded(schema->columns[i].type, field_id_wanted, &ids, false) == 1)
            return true;
    }
    return false;
}
