/*
 * explain.c - why a row was set aside, in words: computed when it is shown, from the row as it was
 * and the contract. Owns nothing; any thread.
 */
#include "flow/quarantine.h"

#include "base/text.h"
#include "codec/json.h"

#include <string.h>

#define VALUE_SHOWN 60
#define WORDS_SHOWN 10

struct explain {
    const struct weft_product *product;
    const struct weft_input *input; /* NULL = loaded by hand, or an output row */
    const struct weft_field *field;
    const char *kind; /* type, min ... */
    yyjson_val *values;
    struct weft_buf *out;
};

/* NULL is the name of no port: the row was set aside at the output. */
static const struct weft_input *input_find(const struct weft_product *product, const char *name)
{
    for (size_t i = 0; name != NULL && i < product->input_count; i++) {
        if (strcmp(product->inputs[i].name, name) == 0)
            return &product->inputs[i];
    }
    return NULL;
}

static const struct weft_field *field_find(const struct weft_fields *fields, const char *name,
                                           size_t length)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strlen(fields->items[i].name) == length &&
            strncmp(fields->items[i].name, name, length) == 0)
            return &fields->items[i];
    }
    return NULL;
}

/* "cases.min", or "port.cases.min" where input and product both have a schema. */
static bool rule_split(struct explain *e, const char *rule)
{
    const char *dot = strrchr(rule, '.');
    if (dot == NULL)
        return false;
    e->kind = dot + 1;
    e->field = field_find(&e->product->schema, rule, (size_t)(dot - rule));
    if (e->field != NULL || e->input == NULL)
        return e->field != NULL;
    size_t prefix = strlen(e->input->name);
    bool own =
        strncmp(rule, e->input->name, prefix) == 0 && rule[prefix] == '.' && rule + prefix < dot;
    const char *name = own ? rule + prefix + 1 : rule;
    e->field = field_find(&e->input->schema, name, (size_t)(dot - name));
    return e->field != NULL;
}

/* ---- words ---- */

static void text_put(struct weft_buf *out, const char *text)
{
    size_t length = strlen(text);
    size_t shown = WEFT_MIN(length, (size_t)VALUE_SHOWN);
    if (shown < length)
        shown = weft_utf8_valid(text, shown); /* not through a character */
    weft_buf_addf(out, "`%.*s%s`", (int)shown, text, shown < length ? "..." : "");
}

static yyjson_val *value_of(const struct explain *e)
{
    const char *header = e->field->from != NULL ? e->field->from : e->field->name;
    yyjson_val *value = yyjson_obj_get(e->values, header);
    return value != NULL ? value : yyjson_obj_get(e->values, e->field->name);
}

static void value_put(const struct explain *e)
{
    yyjson_val *value = value_of(e);
    if (value == NULL || yyjson_is_null(value)) {
        weft_buf_adds(e->out, "null");
    } else if (yyjson_is_str(value)) {
        text_put(e->out, yyjson_get_str(value));
    } else { /* of an output row: as JSON has it */
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        struct weft_json_writer writer;
        weft_buf_init(&text, (size_t)1 << 26);
        weft_json_writer_init(&writer, &text);
        weft_json_put_value(&writer, value);
        text_put(e->out, text.data);
    }
}

static void type_put(const struct explain *e)
{
    const struct weft_csv_options *csv = e->input == NULL ? NULL : &e->input->csv;
    const char *format = NULL;
    value_put(e);
    weft_buf_adds(e->out, " is no ");
    weft_type_print(e->field->type, e->out);
    switch (e->field->type->kind) {
    case WEFT_TYPE_BOOLEAN:
        weft_buf_adds(e->out, "; words: true, false");
        break;
    case WEFT_TYPE_DATE:
        format = csv != NULL && csv->date_format != NULL ? csv->date_format : "2026-12-31";
        break;
    case WEFT_TYPE_TIME:
        format = "23:59:59";
        break;
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        format = csv != NULL && csv->timestamp_format != NULL ? csv->timestamp_format
                                                              : "2026-12-31T23:59:59Z";
        break;
    case WEFT_TYPE_FLOAT:
    case WEFT_TYPE_DOUBLE:
    case WEFT_TYPE_DECIMAL:
        weft_buf_addf(e->out, "; the decimal separator is \"%c\"",
                      csv != NULL ? csv->decimal_separator : '.');
        break;
    default:
        break;
    }
    if (format != NULL)
        weft_buf_addf(e->out, "; wanted as %s", format);
}

static void enum_put(const struct explain *e)
{
    const struct weft_texts *words = &e->field->values;
    value_put(e);
    weft_buf_adds(e->out, " is none of ");
    for (size_t i = 0; i < WEFT_MIN(words->count, (size_t)WORDS_SHOWN); i++)
        weft_buf_addf(e->out, "%s%s", i == 0 ? "" : ", ", words->items[i]);
    if (words->count > WORDS_SHOWN)
        weft_buf_addf(e->out, " and %zu more", words->count - WORDS_SHOWN);
}

static void bound_put(const struct explain *e, const char *words, const char *bound)
{
    if (bound == NULL)
        return;
    value_put(e);
    weft_buf_addf(e->out, " is %s %s", words, bound);
}

static void length_put(const struct explain *e, const char *words, int64_t length)
{
    if (length < 0)
        return;
    value_put(e);
    weft_buf_addf(e->out, " is %s than %" PRId64 " character%s", words, length,
                  length == 1 ? "" : "s");
}

static void field_put(const struct explain *e)
{
    const struct weft_field *field = e->field;
    if (strcmp(e->kind, "type") == 0) {
        type_put(e);
    } else if (strcmp(e->kind, "required") == 0) {
        weft_buf_addf(e->out, "%s is empty", field->name);
    } else if (strcmp(e->kind, "pattern") == 0 && field->pattern != NULL) {
        value_put(e);
        weft_buf_addf(e->out, " does not match %s", field->pattern);
    } else if (strcmp(e->kind, "enum") == 0 && field->values.count > 0) {
        enum_put(e);
    } else if (strcmp(e->kind, "min") == 0) {
        bound_put(e, "below", field->min);
    } else if (strcmp(e->kind, "max") == 0) {
        bound_put(e, "above", field->max);
    } else if (strcmp(e->kind, "min_length") == 0) {
        length_put(e, "shorter", field->min_length);
    } else if (strcmp(e->kind, "max_length") == 0) {
        length_put(e, "longer", field->max_length);
    } else if (strcmp(e->kind, "unique") == 0) {
        weft_buf_adds(e->out, "another row has ");
        value_put(e);
    } else if (strcmp(e->kind, "references") == 0 && field->references != NULL) {
        value_put(e);
        weft_buf_addf(e->out, " is not in %s", field->references);
    }
}

/* ---- rules that are no field's ---- */

static size_t cells_count(const char *raw, char delimiter, char quote)
{
    size_t cells = 1;
    bool quoted = false;
    for (; *raw != '\0'; raw++) {
        if (quote != 0 && *raw == quote)
            quoted = !quoted;
        else if (!quoted && *raw == delimiter)
            cells++;
    }
    return cells;
}

static void record_put(const struct explain *e, const char *raw)
{
    char delimiter = e->input != NULL ? e->input->csv.delimiter : ',';
    char quote = e->input != NULL ? e->input->csv.quote : '"';
    size_t wanted = yyjson_obj_size(e->values);
    size_t cells = cells_count(raw, delimiter, quote);
    /* A file that is loaded by hand may have tabs. */
    if (e->input == NULL && cells == 1 && strchr(raw, '\t') != NULL)
        cells = cells_count(raw, '\t', quote);
    if (cells == wanted)
        weft_buf_adds(e->out, "a quote stands within a cell, or text behind a closing quote");
    else
        weft_buf_addf(e->out, "%zu cell%s, %zu wanted", cells, cells == 1 ? "" : "s", wanted);
}

/* A key is never null: such a row is refused for that, there may be no other like it. */
static const char *key_gap(const struct explain *e)
{
    for (size_t i = 0; i < e->product->key.count; i++) {
        struct explain one = *e;
        const char *name = e->product->key.items[i];
        one.field = field_find(&e->product->schema, name, strlen(name));
        yyjson_val *value = one.field == NULL ? NULL : value_of(&one);
        if (value != NULL && yyjson_is_null(value))
            return name;
    }
    return NULL;
}

static void key_put(const struct explain *e)
{
    const char *gap = key_gap(e);
    if (gap != NULL) {
        weft_buf_addf(e->out, "%s is empty, and a key has a value in each of its fields", gap);
        return;
    }
    weft_buf_adds(e->out, "another row has the key ");
    for (size_t i = 0; i < e->product->key.count; i++) {
        struct explain one = *e;
        const char *name = e->product->key.items[i];
        one.field = field_find(&e->product->schema, name, strlen(name));
        weft_buf_addf(e->out, "%s%s ", i == 0 ? "" : ", ", name);
        if (one.field != NULL)
            value_put(&one);
    }
}

static void check_put(const struct explain *e, const char *name)
{
    const struct weft_quality *quality = &e->product->quality;
    for (size_t i = 0; i < quality->check_count; i++) {
        const struct weft_check *check = &quality->checks[i];
        if (strcmp(check->name, name) == 0 && check->condition != NULL)
            weft_buf_addf(e->out, "%s does not hold", check->condition);
    }
}

int weft_quarantine_explain(const struct weft_product *product, const char *port, const char *rule,
                            const char *raw, const char *values, struct weft_buf *out,
                            struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    struct explain e = {.product = product, .input = input_find(product, port), .out = out};
    WEFT_TRY(weft_json_parse(values, strlen(values), 0, &doc, error));
    e.values = yyjson_doc_get_root(doc);
    if (strcmp(rule, "record") == 0)
        record_put(&e, raw);
    else if (strcmp(rule, "key") == 0)
        key_put(&e);
    else if (strncmp(rule, "check.", 6) == 0)
        check_put(&e, rule + 6);
    else if (rule_split(&e, rule))
        field_put(&e);
    return weft_buf_check(out, error);
}
