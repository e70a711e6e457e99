/*
 * import_json_schema.c - a JSON Schema (draft 7, 2020-12) of an object, one row, as a schema.
 *
 * Read: properties, required, type (also with "null"), format, enum, const, pattern, lengths,
 * bounds, items, nested objects, $ref into the same document, title, description. A JSON Schema
 * pattern matches anywhere in the text, one of weft the whole value: it is put into `.*`.
 * Keywords: https://json-schema.org/draft/2020-12
 */
#include "exchange/import.h"

#include "base/buf.h"
#include "base/text.h"
#include "document/pattern.h"

#include <string.h>

#define SCHEMA_DEPTH_MAX 15 /* of types of weft */
#define SCHEMA_REFS_MAX 64

struct schema {
    struct weft_import *import;
    struct weft_import_product *product;
    yyjson_doc *doc;
    int refs; /* followed in a row */
    struct weft_error *error;
};

static int note_left(struct schema *schema, yyjson_val *key, const char *column, const char *why)
{
    return weft_import_note_add(schema->import, WEFT_IMPORT_LEFT, schema->product->full_name,
                                weft_import_place(schema->import, schema->doc, key), schema->error,
                                "%s: `%s` %s", column, yyjson_get_str(key), why);
}

/* Follows $ref to a place in the document; NULL when it leads nowhere. */
static yyjson_val *resolve(struct schema *schema, yyjson_val *value)
{
    for (int i = 0; i < SCHEMA_REFS_MAX; i++) {
        const char *ref = yyjson_get_str(yyjson_obj_get(value, "$ref"));
        if (ref == NULL)
            return value;
        if (ref[0] != '#')
            return NULL;
        value = ref[1] == '\0' ? yyjson_doc_get_root(schema->doc)
                               : yyjson_doc_ptr_get(schema->doc, ref + 1);
    }
    return NULL;
}

/* The one type beside null; NULL = none or several. */
static const char *one_type(yyjson_val *value, bool *nullable)
{
    yyjson_val *type = yyjson_obj_get(value, "type");
    const char *found = NULL;
    size_t i, max;
    yyjson_val *item;
    if (yyjson_is_str(type))
        return yyjson_get_str(type);
    if (!yyjson_is_arr(type))
        return NULL;
    yyjson_arr_foreach(type, i, max, item)
    {
        const char *text = yyjson_get_str(item);
        if (text != NULL && strcmp(text, "null") == 0)
            *nullable = true;
        else if (found == NULL && text != NULL)
            found = text;
        else
            return NULL;
    }
    return found;
}

static int type_add(struct schema *schema, yyjson_val *value, int depth, struct weft_buf *out,
                    bool *nullable);

static int struct_add(struct schema *schema, yyjson_val *properties, int depth,
                      struct weft_buf *out)
{
    size_t i, max;
    yyjson_val *key, *value;
    bool ignored;
    weft_buf_adds(out, "struct<");
    WEFT_JSON_EACH(properties, i, max, key, value)
    {
        if (!weft_name_valid(yyjson_get_str(key)))
            return WEFT_NOT_THERE; /* readers go by the names of nested fields */
        weft_buf_addf(out, "%s%s: ", i == 0 ? "" : ", ", yyjson_get_str(key));
        int rc = type_add(schema, value, depth + 1, out, &ignored);
        if (rc != 0)
            return rc;
    }
    weft_buf_addc(out, '>');
    return 0;
}

static const char *string_type(yyjson_val *value)
{
    static const char *const formats[][2] = {
        {"date-time", "timestamptz"}, {"date", "date"}, {"time", "time"}, {"uuid", "uuid"}};
    const char *format = yyjson_get_str(yyjson_obj_get(value, "format"));
    for (size_t i = 0; format != NULL && i < WEFT_COUNT(formats); i++) {
        if (strcmp(formats[i][0], format) == 0)
            return formats[i][1];
    }
    return "string";
}

/* NOT_THERE: weft has no such type. */
static int type_add(struct schema *schema, yyjson_val *value, int depth, struct weft_buf *out,
                    bool *nullable)
{
    value = resolve(schema, value);
    const char *type = value == NULL ? NULL : one_type(value, nullable);
    if (type == NULL || depth > SCHEMA_DEPTH_MAX)
        return WEFT_NOT_THERE;
    if (strcmp(type, "integer") == 0)
        weft_buf_adds(out, "long");
    else if (strcmp(type, "number") == 0)
        weft_buf_adds(out, "double");
    else if (strcmp(type, "boolean") == 0)
        weft_buf_adds(out, "boolean");
    else if (strcmp(type, "string") == 0)
        weft_buf_adds(out, string_type(value));
    else if (strcmp(type, "array") == 0) {
        bool ignored;
        weft_buf_adds(out, "list<");
        int rc = type_add(schema, yyjson_obj_get(value, "items"), depth + 1, out, &ignored);
        if (rc != 0)
            return rc;
        weft_buf_addc(out, '>');
    } else if (strcmp(type, "object") == 0 &&
               yyjson_obj_size(yyjson_obj_get(value, "properties")) > 0) {
        return struct_add(schema, yyjson_obj_get(value, "properties"), depth, out);
    } else {
        return WEFT_NOT_THERE;
    }
    return 0;
}

/* ---- rules ---- */

static int scalar_text(struct schema *schema, yyjson_val *value, const char **out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    if (yyjson_is_str(value)) {
        weft_buf_adds(&text, yyjson_get_str(value));
    } else {
        struct weft_json_writer json;
        weft_json_writer_init(&json, &text);
        weft_json_put_value(&json, value);
    }
    WEFT_TRY(weft_buf_check(&text, schema->error));
    *out = weft_arena_strdup(schema->import->arena, text.data);
    return *out == NULL ? weft_error_nomem(schema->error) : 0;
}

static int enum_read(struct schema *schema, yyjson_val *list, struct weft_import_field *field)
{
    const char **items =
        weft_arena_array(schema->import->arena, yyjson_arr_size(list) + 1, sizeof *items);
    size_t i, max, count = 0;
    yyjson_val *item;
    if (items == NULL)
        return weft_error_nomem(schema->error);
    yyjson_arr_foreach(list, i, max, item)
    {
        if (yyjson_is_null(item))
            continue; /* null passes every rule but `required` */
        WEFT_TRY(scalar_text(schema, item, &items[count++]));
    }
    field->values = (struct weft_texts){items, count};
    return 0;
}

static int pattern_read(struct schema *schema, yyjson_val *key, const char *pattern,
                        struct weft_import_field *field)
{
    size_t length = strlen(pattern);
    bool whole = length >= 2 && pattern[0] == '^' && pattern[length - 1] == '$' &&
                 pattern[length - 2] != '\\' && strchr(pattern, '|') == NULL;
    const char *text =
        whole ? weft_arena_strndup(schema->import->arena, pattern + 1, length - 2)
              : weft_arena_format(schema->import->arena, "(?s:.*)(?:%s)(?s:.*)", pattern);
    if (text == NULL)
        return weft_error_nomem(schema->error);
    if (weft_pattern_mistake(text) != NULL)
        return note_left(schema, key, field->name, weft_pattern_mistake(text));
    field->pattern = text;
    return 0;
}

static int exclusive_add(struct schema *schema, yyjson_val *key, yyjson_val *value,
                         const struct weft_import_field *field)
{
    const char *text;
    bool low = strcmp(yyjson_get_str(key), "exclusiveMinimum") == 0;
    if (!yyjson_is_num(value))
        return note_left(schema, key, field->name, "is no number (draft 4)");
    WEFT_TRY(scalar_text(schema, value, &text));
    struct weft_arena *arena = schema->import->arena;
    struct weft_import_check check = {
        .name = weft_arena_format(arena, "%.30s_%s", field->name, low ? "above" : "below"),
        .condition = weft_arena_format(arena, "\"%s\" %s %s", field->name, low ? ">" : "<", text),
        .on_fail = WEFT_IMPORT_ON_FAIL_NONE,
    };
    if (check.name == NULL || check.condition == NULL)
        return weft_error_nomem(schema->error);
    return weft_import_check_add(schema->import, schema->product, &check, schema->error);
}

static bool is_one_of(const char *key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, words[i]) == 0)
            return true;
    }
    return false;
}

static int keyword_read(struct schema *schema, yyjson_val *key, yyjson_val *value,
                        struct weft_import_field *field)
{
    static const char *const known[] = {"type",    "format",      "$ref",       "title",    "items",
                                        "default", "examples",    "properties", "$comment", "$defs",
                                        "$id",     "definitions", "readOnly",   "writeOnly"};
    const char *word = yyjson_get_str(key);
    bool text = field->type != NULL && strcmp(field->type, "string") == 0;
    bool number = field->type != NULL &&
                  (strcmp(field->type, "long") == 0 || strcmp(field->type, "double") == 0);
    if (is_one_of(word, known, WEFT_COUNT(known)))
        return 0;
    if (strcmp(word, "description") == 0 && yyjson_is_str(value)) {
        field->description = weft_arena_strdup(schema->import->arena, yyjson_get_str(value));
        return field->description == NULL ? weft_error_nomem(schema->error) : 0;
    }
    if (strcmp(word, "pattern") == 0 && yyjson_is_str(value) && text)
        return pattern_read(schema, key, yyjson_get_str(value), field);
    if (strcmp(word, "enum") == 0 && yyjson_is_arr(value) && (text || number))
        return enum_read(schema, value, field);
    if (strcmp(word, "minLength") == 0 && yyjson_is_uint(value) && text)
        field->min_length = yyjson_get_sint(value);
    else if (strcmp(word, "maxLength") == 0 && yyjson_is_uint(value) && text)
        field->max_length = yyjson_get_sint(value);
    else if (strcmp(word, "minimum") == 0 && number && yyjson_is_num(value))
        return scalar_text(schema, value, &field->min);
    else if (strcmp(word, "maximum") == 0 && number && yyjson_is_num(value))
        return scalar_text(schema, value, &field->max);
    else if (strncmp(word, "exclusive", 9) == 0 && number)
        return exclusive_add(schema, key, value, field);
    else
        return note_left(schema, key, field->name, "is not taken over");
    return 0;
}

static int property_read(struct schema *schema, yyjson_val *key, yyjson_val *value, bool required)
{
    struct weft_import_field *field;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    bool nullable = false;
    size_t i, max;
    yyjson_val *word, *rule;
    struct weft_place place = weft_import_place(schema->import, schema->doc, key);
    weft_buf_init(&type, 65536);
    WEFT_TRY(weft_import_field_get(schema->import, schema->product, yyjson_get_str(key), place,
                                   &field, schema->error));
    int rc = type_add(schema, value, 0, &type, &nullable);
    WEFT_TRY(rc);
    WEFT_TRY(weft_buf_check(&type, schema->error));
    const char *text = rc == 0 ? type.data : "json";
    field->type = weft_arena_strdup(schema->import->arena, text);
    field->required = required && !nullable;
    if (field->type == NULL)
        return weft_error_nomem(schema->error);
    if (rc != 0)
        WEFT_TRY(weft_import_note_add(schema->import, WEFT_IMPORT_CHANGED,
                                      schema->product->full_name, place, schema->error,
                                      "%s: its type has no like here: it is json", field->name));
    if (required && nullable)
        WEFT_TRY(weft_import_note_add(
            schema->import, WEFT_IMPORT_CHANGED, schema->product->full_name, place, schema->error,
            "%s: it must be there but may be null: not `required`", field->name));
    value = resolve(schema, value);
    WEFT_JSON_EACH(value, i, max, word, rule)
    {
        WEFT_TRY(keyword_read(schema, word, rule, field));
    }
    return weft_import_note_add(schema->import, WEFT_IMPORT_TAKEN, schema->product->full_name,
                                place, schema->error, "column %s", field->name);
}

static bool in_required(yyjson_val *list, const char *name)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(list, i, max, item)
    {
        if (yyjson_is_str(item) && strcmp(yyjson_get_str(item), name) == 0)
            return true;
    }
    return false;
}

static int head_read(struct schema *schema, yyjson_val *root)
{
    static const char *const known[] = {
        "$schema",    "$id",      "title",   "description", "type",
        "properties", "required", "$defs",   "$ref",        "definitions",
        "$comment",   "examples", "default", "items",       "additionalProperties"};
    size_t i, max;
    yyjson_val *key, *value;
    const char *text = yyjson_get_str(yyjson_obj_get(root, "description"));
    if (text == NULL)
        text = yyjson_get_str(yyjson_obj_get(root, "title"));
    if (text != NULL) {
        schema->product->description = weft_arena_strdup(schema->import->arena, text);
        if (schema->product->description == NULL)
            return weft_error_nomem(schema->error);
    }
    WEFT_JSON_EACH(root, i, max, key, value)
    {
        if (!is_one_of(yyjson_get_str(key), known, WEFT_COUNT(known)))
            WEFT_TRY(note_left(schema, key, "the row", "is not taken over"));
    }
    return 0;
}

static int product_make(struct schema *schema, yyjson_val *root)
{
    struct weft_import *import = schema->import;
    const char *title = yyjson_get_str(yyjson_obj_get(root, "title"));
    const char *name = import->product;
    if (import->domain == NULL) {
        weft_error_set(schema->error, WEFT_E_USAGE, "a JSON Schema names no domain");
        return weft_error_hint(schema->error, "say it: --into DOMAIN.PRODUCT");
    }
    if (name == NULL)
        WEFT_TRY(weft_import_name(import, "schema", NULL, title == NULL ? "" : title, "row",
                                  (struct weft_place){0}, &name, schema->error));
    WEFT_TRY(
        weft_import_product_new(import, import->domain, name, &schema->product, schema->error));
    schema->product->schema_whole = true;
    return 0;
}

int weft_import_json_schema(struct weft_import *import, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    size_t i, max;
    yyjson_val *key, *value;
    if (weft_json_parse(import->data, import->length, WEFT_JSON_UNIQUE_KEYS, &doc, error) < 0)
        return weft_error_prefix(error, "%s", import->shown);
    struct schema schema = {.import = import, .doc = doc, .error = error};
    yyjson_val *root = resolve(&schema, yyjson_doc_get_root(doc));
    const char *type = yyjson_get_str(yyjson_obj_get(root, "type"));
    if (type != NULL && strcmp(type, "array") == 0)
        root = resolve(&schema, yyjson_obj_get(root, "items")); /* of a file: its rows */
    yyjson_val *properties = yyjson_obj_get(root, "properties");
    if (yyjson_obj_size(properties) == 0) {
        weft_error_set(error, WEFT_E_INVALID, "%s is no JSON Schema of a row", import->shown);
        return weft_error_hint(error, "it must describe an object with `properties`, or an array "
                                      "of such");
    }
    WEFT_TRY(product_make(&schema, root));
    WEFT_TRY(head_read(&schema, root));
    WEFT_JSON_EACH(properties, i, max, key, value)
    {
        WEFT_TRY(property_read(&schema, key, value,
                               in_required(yyjson_obj_get(root, "required"), yyjson_get_str(key))));
    }
    return weft_import_product_write(import, schema.product, error);
}
