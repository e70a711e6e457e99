/*
 * export.c - JSON Schema and SQL of a product's table.
 */
#include "model/export.h"

#include "codec/json.h"

#include <string.h>

typedef struct weft_json_writer writer;

static int schema_needed(const struct weft_product *product, struct weft_error *error)
{
    if (product->schema.count > 0)
        return 0;
    weft_error_set(error, WEFT_E_INVALID, "the contract of `%s` has no `schema`",
                   product->full_name);
    return weft_error_hint(error, "write the columns: `weft infer` proposes them");
}

/* ---- JSON Schema ---- */

static void put_text(writer *w, const char *key, const char *text)
{
    if (text != NULL)
        weft_json_member_text(w, key, text);
}

/* Bounds and values of numbers are written as they stand: they were checked to be numbers. */
static void put_value(writer *w, const struct weft_type *type, const char *text)
{
    bool raw = weft_type_is_number(type) && strspn(text, "-0123456789.eE") == strlen(text) &&
               text[0] != '.' && text[strlen(text) - 1] != '.' &&
               !((text[0] == '0' || (text[0] == '-' && text[1] == '0')) && strlen(text) > 1 &&
                 strpbrk(text, ".eE") == NULL);
    if (raw)
        weft_json_put_raw(w, text, strlen(text));
    else if (type->kind == WEFT_TYPE_BOOLEAN)
        weft_json_put_bool(w, strcmp(text, "true") == 0);
    else
        weft_json_put_text(w, text);
}

static void put_type_name(writer *w, const char *name, bool nullable)
{
    weft_json_key(w, "type");
    if (!nullable) {
        weft_json_put_text(w, name);
        return;
    }
    weft_json_begin_array(w);
    weft_json_put_text(w, name);
    weft_json_put_text(w, "null");
    weft_json_end_array(w);
}

static void put_type(writer *w, const struct weft_type *type, bool nullable)
{
    static const struct {
        const char *name, *format;
    } names[] = {
        [WEFT_TYPE_BOOLEAN] = {"boolean", NULL},
        [WEFT_TYPE_INT] = {"integer", NULL},
        [WEFT_TYPE_LONG] = {"integer", NULL},
        [WEFT_TYPE_FLOAT] = {"number", NULL},
        [WEFT_TYPE_DOUBLE] = {"number", NULL},
        [WEFT_TYPE_DECIMAL] = {"number", NULL},
        [WEFT_TYPE_STRING] = {"string", NULL},
        [WEFT_TYPE_DATE] = {"string", "date"},
        [WEFT_TYPE_TIME] = {"string", NULL},
        [WEFT_TYPE_TIMESTAMP] = {"string", NULL},
        [WEFT_TYPE_TIMESTAMPTZ] = {"string", "date-time"},
        [WEFT_TYPE_UUID] = {"string", "uuid"},
        [WEFT_TYPE_BINARY] = {"string", NULL},
        [WEFT_TYPE_LIST] = {"array", NULL},
        [WEFT_TYPE_STRUCT] = {"object", NULL},
        [WEFT_TYPE_MAP] = {"object", NULL},
    };
    if (type->kind == WEFT_TYPE_JSON) /* any value */
        return;
    put_type_name(w, names[type->kind].name, nullable);
    put_text(w, "format", names[type->kind].format);
    if (type->kind == WEFT_TYPE_BINARY)
        put_text(w, "contentEncoding", "base64");
    if (type->kind == WEFT_TYPE_LIST || type->kind == WEFT_TYPE_MAP) {
        weft_json_key(w, type->kind == WEFT_TYPE_LIST ? "items" : "additionalProperties");
        weft_json_begin_object(w);
        put_type(w, type->element, true);
        weft_json_end_object(w);
    }
    if (type->kind != WEFT_TYPE_STRUCT)
        return;
    weft_json_key(w, "properties");
    weft_json_begin_object(w);
    for (size_t i = 0; i < type->field_count; i++) {
        weft_json_key(w, type->fields[i].name);
        weft_json_begin_object(w);
        put_type(w, type->fields[i].type, true);
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
}

static void put_rules(writer *w, const struct weft_field *field)
{
    bool number = weft_type_is_number(field->type);
    if (field->pattern != NULL) {
        struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        weft_buf_addf(&text, "^(?:%s)$", field->pattern);
        weft_json_member_text(w, "pattern", text.data);
        weft_buf_release(&text);
    }
    if (field->min_length >= 0)
        weft_json_member_int(w, "minLength", field->min_length);
    if (field->max_length >= 0)
        weft_json_member_int(w, "maxLength", field->max_length);
    if (number && field->min != NULL) {
        weft_json_key(w, "minimum");
        put_value(w, field->type, field->min);
    }
    if (number && field->max != NULL) {
        weft_json_key(w, "maximum");
        put_value(w, field->type, field->max);
    }
    if (field->values.count == 0)
        return;
    weft_json_key(w, "enum");
    weft_json_begin_array(w);
    for (size_t i = 0; i < field->values.count; i++)
        put_value(w, field->type, field->values.items[i]);
    if (!field->required)
        weft_json_put_null(w);
    weft_json_end_array(w);
}

static void put_properties(writer *w, const struct weft_fields *fields)
{
    weft_json_key(w, "properties");
    weft_json_begin_object(w);
    for (size_t i = 0; i < fields->count; i++) {
        weft_json_key(w, fields->items[i].name);
        weft_json_begin_object(w);
        put_type(w, fields->items[i].type, !fields->items[i].required);
        put_text(w, "description", fields->items[i].description);
        put_rules(w, &fields->items[i]);
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
    weft_json_key(w, "required");
    weft_json_begin_array(w);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i].required)
            weft_json_put_text(w, fields->items[i].name);
    }
    weft_json_end_array(w);
    weft_json_member_bool(w, "additionalProperties", false);
}

int weft_product_print_json_schema(const struct weft_product *product, struct weft_buf *out,
                                   struct weft_error *error)
{
    struct weft_json_writer w;
    WEFT_TRY(schema_needed(product, error));
    weft_json_writer_init(&w, out);
    weft_json_begin_object(&w);
    put_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put_text(&w, "title", product->full_name);
    put_text(&w, "description", product->description);
    put_text(&w, "type", "object");
    put_properties(&w, &product->schema);
    weft_json_end_object(&w);
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

/* ---- SQL ---- */

static void add_literal(struct weft_buf *out, const char *text)
{
    weft_buf_addc(out, '\'');
    for (; *text != '\0'; text++)
        weft_buf_addf(out, *text == '\'' ? "''" : "%c", *text);
    weft_buf_addc(out, '\'');
}

static void add_value(struct weft_buf *out, const struct weft_type *type, const char *text)
{
    if (weft_type_is_number(type) && strspn(text, "-0123456789.") == strlen(text))
        weft_buf_adds(out, text);
    else
        add_literal(out, text);
}

static void add_type(struct weft_buf *out, const struct weft_type *type)
{
    static const char *const names[] = {
        [WEFT_TYPE_BOOLEAN] = "boolean",
        [WEFT_TYPE_INT] = "integer",
        [WEFT_TYPE_LONG] = "bigint",
        [WEFT_TYPE_FLOAT] = "real",
        [WEFT_TYPE_DOUBLE] = "double precision",
        [WEFT_TYPE_DECIMAL] = "numeric",
        [WEFT_TYPE_STRING] = "text",
        [WEFT_TYPE_DATE] = "date",
        [WEFT_TYPE_TIME] = "time",
        [WEFT_TYPE_TIMESTAMP] = "timestamp",
        [WEFT_TYPE_TIMESTAMPTZ] = "timestamptz",
        [WEFT_TYPE_UUID] = "uuid",
        [WEFT_TYPE_BINARY] = "bytea",
        [WEFT_TYPE_JSON] = "jsonb",
        [WEFT_TYPE_LIST] = "jsonb",
        [WEFT_TYPE_STRUCT] = "jsonb",
        [WEFT_TYPE_MAP] = "jsonb",
    };
    if (type->kind == WEFT_TYPE_LIST && !weft_type_is_nested(type->element)) {
        add_type(out, type->element);
        weft_buf_adds(out, "[]");
        return;
    }
    weft_buf_adds(out, names[type->kind]);
    if (type->kind == WEFT_TYPE_DECIMAL)
        weft_buf_addf(out, "(%d, %d)", type->precision, type->scale);
}

static void add_checks(struct weft_buf *out, const struct weft_field *field)
{
    const char *name = field->name;
    if (field->min != NULL) {
        weft_buf_addf(out, " check (\"%s\" >= ", name);
        add_value(out, field->type, field->min);
        weft_buf_addc(out, ')');
    }
    if (field->max != NULL) {
        weft_buf_addf(out, " check (\"%s\" <= ", name);
        add_value(out, field->type, field->max);
        weft_buf_addc(out, ')');
    }
    if (field->min_length >= 0)
        weft_buf_addf(out, " check (char_length(\"%s\") >= %" PRId64 ")", name, field->min_length);
    if (field->max_length >= 0)
        weft_buf_addf(out, " check (char_length(\"%s\") <= %" PRId64 ")", name, field->max_length);
    if (field->pattern != NULL) {
        weft_buf_addf(out, " check (\"%s\" ~ ", name);
        struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        weft_buf_addf(&text, "^(?:%s)$", field->pattern);
        add_literal(out, text.data);
        weft_buf_release(&text);
        weft_buf_addc(out, ')');
    }
    for (size_t i = 0; i < field->values.count; i++) {
        if (i == 0)
            weft_buf_addf(out, " check (\"%s\" in (", name);
        else
            weft_buf_adds(out, ", ");
        add_value(out, field->type, field->values.items[i]);
    }
    if (field->values.count > 0)
        weft_buf_adds(out, "))");
}

static void add_comment(struct weft_buf *out, const struct weft_product *product,
                        const char *column, const char *text)
{
    if (text == NULL)
        return;
    weft_buf_addf(out, "comment on %s \"%s\".\"%s\"", column == NULL ? "table" : "column",
                  product->domain, product->name);
    if (column != NULL)
        weft_buf_addf(out, ".\"%s\"", column);
    weft_buf_adds(out, " is ");
    add_literal(out, text);
    weft_buf_adds(out, ";\n");
}

int weft_product_print_sql(const struct weft_product *product, struct weft_buf *out,
                           struct weft_error *error)
{
    const struct weft_fields *fields = &product->schema;
    WEFT_TRY(schema_needed(product, error));
    weft_buf_addf(out, "-- %s %s\ncreate table \"%s\".\"%s\" (\n", product->full_name,
                  product->version, product->domain, product->name);
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        weft_buf_addf(out, "%s    \"%s\" ", i == 0 ? "" : ",\n", field->name);
        add_type(out, field->type);
        if (field->required)
            weft_buf_adds(out, " not null");
        if (field->unique)
            weft_buf_adds(out, " unique");
        add_checks(out, field);
    }
    for (size_t i = 0; i < product->key.count; i++)
        weft_buf_addf(out, "%s\"%s\"", i == 0 ? ",\n    primary key (" : ", ",
                      product->key.items[i]);
    weft_buf_adds(out, product->key.count > 0 ? ")\n);\n" : "\n);\n");
    add_comment(out, product, NULL, product->description);
    for (size_t i = 0; i < fields->count; i++)
        add_comment(out, product, fields->items[i].name, fields->items[i].description);
    return weft_buf_check(out, error);
}
