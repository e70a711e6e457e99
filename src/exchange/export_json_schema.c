/*
 * export_json_schema.c - the JSON Schema (draft 2020-12) of a row. What passes it, weft takes; it
 * is narrower where weft also reads numbers that are written as texts. Dates and times are asserted
 * by patterns, for `format` is a mere remark to many validators; their bounds too, digit by digit.
 * The digits behind the point of a decimal are not in it: `multipleOf` refuses good values where a
 * validator divides doubles. Nor are bounds of a timestamptz, whose texts have zones.
 */
#include "exchange/export_internal.h"

#include "codec/json.h"

#include <string.h>

typedef struct weft_json_writer writer;

/* A day that is in the calendar. */
#define DAY                                                                                        \
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|"        \
    "[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|"     \
    "(?:[02468][048]|[13579][26])00)-02-29)"
#define MINUTE "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
#define SECOND "(?::[0-5][0-9](?:\\.[0-9]{1,6})?)?"
#define ZONE "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"

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

/* The text's digits up to `length`; a blank and a T mean the same. */
static void add_prefix(struct weft_buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ' || text[i] == 'T')
            weft_buf_adds(out, "[T ]");
        else
            weft_buf_addf(out, text[i] == '.' ? "\\%c" : "%c", text[i]);
    }
}

/* Texts of a fixed form are ordered as what they mean. At least: at some digit it is more, and the
 * same before; or it is the bound, and what follows. Parts that are left out are zero. */
static void bound_pattern(struct weft_buf *out, const char *bound, bool least, size_t whole)
{
    static const size_t cuts[] = {5, 8, 10, 16, 19};
    size_t length = strlen(bound), kept = length;
    weft_buf_adds(out, "^(?:");
    for (size_t i = 0; i < length; i++) {
        char digit = bound[i];
        if (digit < '0' || digit > '9' || digit == (least ? '9' : '0'))
            continue;
        add_prefix(out, bound, i);
        weft_buf_addf(out, "[%c-%c]|", least ? digit + 1 : '0', least ? '9' : digit - 1);
    }
    while (kept > whole && strchr("0:. T", bound[kept - 1]) != NULL)
        kept--;
    for (size_t i = 0; !least && i < WEFT_COUNT(cuts); i++) {
        bool date = whole > 0;
        if (cuts[i] >= length || date != (cuts[i] >= 10))
            continue;
        add_prefix(out, bound, cuts[i]);
        weft_buf_adds(out, "$|");
    }
    add_prefix(out, bound, kept);
    weft_buf_adds(out, least ? ")" : "[0:. T]*$)");
}

static bool bound_fits(const struct weft_type *type, const char *bound)
{
    static const char date[] = "0000-00-00", time[] = "00:00";
    bool days = type->kind != WEFT_TYPE_TIME;
    const char *form = days ? date : time;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == '0' ? bound[i] < '0' || bound[i] > '9' : bound[i] != form[i])
            return false;
    return strspn(bound + strlen(form), "0123456789:. T") == strlen(bound + strlen(form));
}

static void put_pattern(writer *w, const char *text)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "pattern", text);
    weft_json_end_object(w);
}

static void put_time_bounds(writer *w, const struct weft_type *type, const char *min,
                            const char *max)
{
    const char *bounds[2] = {min, max};
    bool known = type->kind == WEFT_TYPE_DATE || type->kind == WEFT_TYPE_TIME ||
                 type->kind == WEFT_TYPE_TIMESTAMP;
    if (!known || (min == NULL && max == NULL))
        return;
    weft_json_key(w, "allOf");
    weft_json_begin_array(w);
    for (int i = 0; i < 2; i++) {
        if (bounds[i] == NULL || !bound_fits(type, bounds[i]))
            continue;
        struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        bound_pattern(&text, bounds[i], i == 0, type->kind == WEFT_TYPE_TIME ? 0 : 10);
        put_pattern(w, text.data);
        weft_buf_release(&text);
    }
    weft_json_end_array(w);
}

/* min and max NULL: what the type holds. */
static void put_range(writer *w, const struct weft_type *type, const char *min, const char *max)
{
    static const char digits[] = "100000000000000000000000000000000000000";
    bool small = type->kind == WEFT_TYPE_INT, whole = small || type->kind == WEFT_TYPE_LONG;
    bool decimal = type->kind == WEFT_TYPE_DECIMAL;
    char bound[64] = "";
    if (decimal) {
        bound[0] = '-';
        memcpy(bound + 1, digits, (size_t)(type->precision - type->scale) + 1);
    }
    if (!weft_type_is_number(type))
        return;
    if (min != NULL || whole) {
        weft_json_key(w, "minimum");
        put_value(w, type, min != NULL ? min : small ? "-2147483648" : "-9223372036854775808");
    } else if (decimal) {
        weft_json_key(w, "exclusiveMinimum");
        put_value(w, type, bound);
    }
    if (max != NULL || whole) {
        weft_json_key(w, "maximum");
        put_value(w, type, max != NULL ? max : small ? "2147483647" : "9223372036854775807");
    } else if (decimal) {
        weft_json_key(w, "exclusiveMaximum");
        put_value(w, type, bound + 1);
    }
}

static void put_type(writer *w, const struct weft_type *type, bool nullable);

static void put_nested(writer *w, const struct weft_type *type)
{
    if (type->kind == WEFT_TYPE_LIST || type->kind == WEFT_TYPE_MAP) {
        weft_json_key(w, type->kind == WEFT_TYPE_LIST ? "items" : "additionalProperties");
        weft_json_begin_object(w);
        put_type(w, type->element, true);
        put_range(w, type->element, NULL, NULL);
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
        put_range(w, type->fields[i].type, NULL, NULL);
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
}

static void put_type(writer *w, const struct weft_type *type, bool nullable)
{
    static const struct {
        const char *name, *format, *pattern;
    } names[] = {
        [WEFT_TYPE_BOOLEAN] = {"boolean", NULL, NULL},
        [WEFT_TYPE_INT] = {"integer", NULL, NULL},
        [WEFT_TYPE_LONG] = {"integer", NULL, NULL},
        [WEFT_TYPE_FLOAT] = {"number", NULL, NULL},
        [WEFT_TYPE_DOUBLE] = {"number", NULL, NULL},
        [WEFT_TYPE_DECIMAL] = {"number", NULL, NULL},
        [WEFT_TYPE_STRING] = {"string", NULL, NULL},
        [WEFT_TYPE_DATE] = {"string", "date", "^" DAY "$"},
        [WEFT_TYPE_TIME] = {"string", NULL, "^" MINUTE SECOND "$"},
        [WEFT_TYPE_TIMESTAMP] = {"string", NULL, "^" DAY "[T ]" MINUTE SECOND "$"},
        [WEFT_TYPE_TIMESTAMPTZ] = {"string", NULL, "^" DAY "[T ]" MINUTE SECOND ZONE "$"},
        [WEFT_TYPE_UUID] = {"string", "uuid",
                            "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
        [WEFT_TYPE_BINARY] = {"string", NULL, NULL},
        [WEFT_TYPE_LIST] = {"array", NULL, NULL},
        [WEFT_TYPE_STRUCT] = {"object", NULL, NULL},
        [WEFT_TYPE_MAP] = {"object", NULL, NULL},
    };
    if (type->kind == WEFT_TYPE_JSON) /* any value */
        return;
    put_type_name(w, names[type->kind].name, nullable);
    put_text(w, "format", names[type->kind].format);
    put_text(w, "pattern", names[type->kind].pattern);
    if (type->kind == WEFT_TYPE_BINARY)
        put_text(w, "contentEncoding", "base64");
    put_nested(w, type);
}

static void put_rules(writer *w, const struct weft_field *field)
{
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
    put_range(w, field->type, field->min, field->max);
    put_time_bounds(w, field->type, field->min, field->max);
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
    WEFT_TRY(weft_export_schema_needed(product, error));
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
