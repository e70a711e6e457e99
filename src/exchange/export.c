/*
 * export.c - SQL of a product's table.
 */
#include "exchange/export_internal.h"

#include <string.h>

int weft_export_schema_needed(const struct weft_product *product, struct weft_error *error)
{
    if (product->schema.count > 0)
        return 0;
    weft_error_set(error, WEFT_E_INVALID, "the contract of `%s` has no `schema`",
                   product->full_name);
    return weft_error_hint(error, "write the columns: `weft infer` proposes them");
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
    WEFT_TRY(weft_export_schema_needed(product, error));
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
