/*
 * field_read.c - the fields of a schema: reading them, and the rules that speak of one field.
 */
#include "document/pattern.h"
#include "model/product_internal.h"

#include "base/map.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const rule_names[WEFT_FIELD_RULE_COUNT] = {
    [WEFT_RULE_TYPE] = "type",
    [WEFT_RULE_REQUIRED] = "required",
    [WEFT_RULE_PATTERN] = "pattern",
    [WEFT_RULE_ENUM] = "enum",
    [WEFT_RULE_MIN] = "min",
    [WEFT_RULE_MAX] = "max",
    [WEFT_RULE_MIN_LENGTH] = "min_length",
    [WEFT_RULE_MAX_LENGTH] = "max_length",
    [WEFT_RULE_UNIQUE] = "unique",
    [WEFT_RULE_REFERENCES] = "references",
};

const char *weft_field_rule_name(enum weft_field_rule rule)
{
    return rule_names[rule];
}

/* ---- values that must read as the field's type ---- */

static void type_text(const struct weft_type *type, char *out, size_t out_size)
{
    struct weft_buf text;
    weft_buf_init(&text, 4096);
    weft_type_print(type, &text);
    snprintf(out, out_size, "%.100s", text.failed ? "the type" : text.data);
    weft_buf_release(&text);
}

static void field_check_enum(struct weft_reader *reader, struct weft_node *node,
                             const struct weft_field *field)
{
    const struct weft_node *list = weft_node_get(node, "enum");
    if (list == NULL || list->wrong)
        return;
    if (field->values.count == 0) {
        weft_reader_mistake(reader, list->place, NULL, "`enum` of `%s` allows nothing",
                            field->name);
        return;
    }
    const char **wrong = weft_reader_alloc(reader, field->values.count, sizeof *wrong);
    size_t count = 0;
    for (size_t i = 0; wrong != NULL && i < field->values.count; i++) {
        if (!weft_type_accepts(field->type, field->values.items[i]))
            wrong[count++] = field->values.items[i];
    }
    if (count == 0)
        return;
    char all[500], type[120];
    weft_texts_print(wrong, count, all, sizeof all);
    type_text(field->type, type, sizeof type);
    weft_reader_mistake(reader, list->place, NULL, "`enum` of `%s` has values that are no %s: %s",
                        field->name, type, all);
}

static bool type_is_ordered(const struct weft_type *type)
{
    return weft_type_is_number(type) ||
           (type->kind >= WEFT_TYPE_DATE && type->kind <= WEFT_TYPE_TIMESTAMPTZ);
}

static void field_check_bound(struct weft_reader *reader, struct weft_node *node,
                              const struct weft_field *field, const char *key)
{
    const struct weft_node *bound = weft_node_get(node, key);
    const char *text = weft_node_text(bound);
    if (text == NULL)
        return;
    char type[120];
    type_text(field->type, type, sizeof type);
    if (!type_is_ordered(field->type))
        weft_reader_mistake(reader, bound->place,
                            field->type->kind == WEFT_TYPE_STRING
                                ? "did you mean `min_length`, `max_length` or `pattern`?"
                                : NULL,
                            "`%s` is for numbers, dates and times; `%s` is a %s", key, field->name,
                            type);
    else if (!weft_type_accepts(field->type, text))
        weft_reader_mistake(reader, bound->place, NULL, "`%s: %.60s` of `%s` is no %s", key, text,
                            field->name, type);
}

static void field_check_bounds(struct weft_reader *reader, struct weft_node *node,
                               const struct weft_field *field)
{
    field_check_bound(reader, node, field, "min");
    field_check_bound(reader, node, field, "max");
    double min, max;
    if (weft_type_is_number(field->type) && field->min != NULL && field->max != NULL &&
        weft_parse_double(field->min, strlen(field->min), &min) &&
        weft_parse_double(field->max, strlen(field->max), &max) && min > max)
        weft_reader_mistake(reader, weft_node_key_place(node, "min"), NULL,
                            "`min` of `%s` is larger than `max`: no value passes", field->name);
    if (field->min_length >= 0 && field->max_length >= 0 && field->min_length > field->max_length)
        weft_reader_mistake(reader, weft_node_key_place(node, "min_length"), NULL,
                            "`min_length` of `%s` is larger than `max_length`", field->name);
}

/* domain.product.field, domain.product@2.field */
static bool reference_valid(const char *text)
{
    char copy[3 * WEFT_NAME_MAX + 16];
    if (strlen(text) >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%s", text);
    char *product = strchr(copy, '.');
    char *field = product == NULL ? NULL : strchr(product + 1, '.');
    if (field == NULL)
        return false;
    *product++ = '\0';
    *field++ = '\0';
    char *major = strchr(product, '@');
    int64_t number = 0;
    if (major != NULL) {
        *major++ = '\0';
        if (!weft_parse_int64(major, strlen(major), &number) || number < 0)
            return false;
    }
    return weft_name_valid(copy) && weft_name_valid(product) && weft_name_valid(field);
}

static bool classification_valid(const char *text)
{
    size_t length = strlen(text);
    return length <= 100 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == length &&
           text[0] != '.' && text[length - 1] != '.' && strstr(text, "..") == NULL;
}

static void field_check_texts(struct weft_reader *reader, struct weft_node *node,
                              const struct weft_field *field)
{
    const char *wrong = field->pattern == NULL ? NULL : weft_pattern_mistake(field->pattern);
    if (wrong != NULL)
        weft_reader_mistake(reader, weft_node_get(node, "pattern")->place, NULL,
                            "the pattern of `%s` is wrong: %s", field->name, wrong);
    if (field->references != NULL && !reference_valid(field->references))
        weft_reader_mistake(reader, weft_node_get(node, "references")->place,
                            "write domain.product.field", "`%.100s` is not a field of a product",
                            field->references);
    if (field->classification != NULL && !classification_valid(field->classification))
        weft_reader_mistake(reader, weft_node_get(node, "classification")->place,
                            "write words with dots between them: pii.email",
                            "`%.60s` is not a classification", field->classification);
}

static void field_check(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_field *field)
{
    static const char *const for_strings[] = {"pattern", "min_length", "max_length"};
    bool nested = weft_type_is_nested(field->type);
    static const char *const for_plain[] = {"enum", "unique", "references"};
    char type[120];
    type_text(field->type, type, sizeof type);
    for (size_t i = 0; i < WEFT_COUNT(for_strings); i++) {
        const struct weft_node *rule = weft_node_get(node, for_strings[i]);
        if (rule != NULL && field->type->kind != WEFT_TYPE_STRING)
            weft_reader_mistake(reader, weft_node_key_place(node, for_strings[i]), NULL,
                                "`%s` is for strings; `%s` is a %s", for_strings[i], field->name,
                                type);
    }
    for (size_t i = 0; nested && i < WEFT_COUNT(for_plain); i++) {
        if (weft_node_get(node, for_plain[i]) != NULL)
            weft_reader_mistake(reader, weft_node_key_place(node, for_plain[i]), NULL,
                                "`%s` is not for nested types; `%s` is a %s", for_plain[i],
                                field->name, type);
    }
    if (!nested)
        field_check_enum(reader, node, field);
    field_check_bounds(reader, node, field);
    field_check_texts(reader, node, field);
    if (field->type->kind == WEFT_TYPE_TIME)
        weft_reader_warn(reader, weft_node_key_place(node, "type"),
                         "a string, or a timestamp, is read by all",
                         "`%s` is a time: Spark cannot open a table that has one", field->name);
}

/* ---- reading ---- */

enum weft_on_fail weft_on_fail_of(const struct weft_node *node, enum weft_on_fail otherwise)
{
    const char *text = weft_node_text(node);
    if (text == NULL)
        return otherwise;
    return strcmp(text, "block") == 0  ? WEFT_ON_FAIL_BLOCK
           : strcmp(text, "warn") == 0 ? WEFT_ON_FAIL_WARN
                                       : WEFT_ON_FAIL_QUARANTINE;
}

static void field_read_on_fail(struct weft_reader *reader, const struct weft_node *node,
                               struct weft_field *field)
{
    struct weft_node *written = weft_node_get(node, "on_fail");
    enum weft_on_fail all = weft_on_fail_of(written, WEFT_ON_FAIL_QUARANTINE);
    for (int rule = 0; rule < WEFT_FIELD_RULE_COUNT; rule++) {
        const struct weft_node *one = weft_node_get(written, rule_names[rule]);
        field->on_fail[rule] = weft_on_fail_of(one, all);
        if (one != NULL && rule != WEFT_RULE_TYPE && rule != WEFT_RULE_REQUIRED &&
            weft_node_get(node, rule_names[rule]) == NULL)
            weft_reader_mistake(reader, weft_node_key_place(written, rule_names[rule]), NULL,
                                "`on_fail` names `%s`, which `%s` does not have", rule_names[rule],
                                field->name);
    }
}

static const struct weft_type *field_read_type(struct weft_reader *reader,
                                               const struct weft_node *node)
{
    static const struct weft_type string = {.kind = WEFT_TYPE_STRING};
    const struct weft_type *type = &string;
    const char *text = weft_node_get_text(node, "type");
    struct weft_error error = WEFT_ERROR_INIT;
    if (text == NULL)
        return node != NULL && weft_node_get(node, "type") != NULL ? NULL : &string;
    if (weft_type_parse(reader->arena, text, &type, &error) < 0)
        reader->nomem |= error.code == WEFT_E_NOMEM;
    return type;
}

static void field_read(struct weft_draft *draft, struct weft_node *node, bool input,
                       struct weft_field *field)
{
    struct weft_reader *reader = draft->reader;
    const struct weft_type *type = field_read_type(reader, node);
    const char *name = weft_node_get_text(node, "name");
    static const struct weft_type string = {.kind = WEFT_TYPE_STRING};
    *field = (struct weft_field){
        .name = name == NULL ? "" : name,
        .type = type == NULL ? &string : type,
        .required = weft_node_bool(weft_node_get(node, "required"), false),
        .pattern = weft_node_get_text(node, "pattern"),
        .values = weft_node_texts(reader, weft_node_get(node, "enum")),
        .min = weft_node_get_text(node, "min"),
        .max = weft_node_get_text(node, "max"),
        .min_length = weft_node_count(weft_node_get(node, "min_length"), -1),
        .max_length = weft_node_count(weft_node_get(node, "max_length"), -1),
        .unique = weft_node_bool(weft_node_get(node, "unique"), false),
        .references = weft_node_get_text(node, "references"),
        .classification = weft_node_get_text(node, "classification"),
        .means = weft_node_get_text(node, "means"),
        .was = weft_node_get_text(node, "was"),
        .from = input ? weft_node_get_text(node, "from") : NULL,
        .place = node->place,
    };
    weft_node_translations(reader, weft_node_get(node, "description"), &field->description,
                           &field->descriptions);
    if (weft_node_get(node, "name") == NULL)
        weft_reader_mistake(reader, node->place, "write `name: ...`", "a field has no name");
    field_read_on_fail(reader, node, field);
    if (type != NULL)
        field_check(reader, node, field);
}

static void fields_check_names(struct weft_draft *draft, const struct weft_fields *fields,
                               bool input)
{
    struct weft_reader *reader = draft->reader;
    struct weft_map *seen = weft_map_new();
    if (seen == NULL) {
        reader->nomem = true;
        return;
    }
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        char folded[WEFT_DOCUMENT_SCALAR_MAX + 1];
        size_t length = 0;
        for (; field->name[length] != '\0' && length < WEFT_DOCUMENT_SCALAR_MAX; length++)
            folded[length] = weft_lower(field->name[length]);
        folded[length] = '\0';
        const struct weft_field *first = weft_map_get(seen, folded);
        if (length == 0)
            continue;
        if (first != NULL)
            weft_reader_mistake(reader, field->place,
                                strcmp(first->name, field->name) == 0
                                    ? NULL
                                    : "columns are told apart regardless of case",
                                "the column `%.60s` stands twice; first in line %d", field->name,
                                first->place.line);
        else if (weft_map_put(seen, folded, (void *)(uintptr_t)field) < 0)
            reader->nomem = true;
        if (input && length > 255)
            weft_reader_mistake(reader, field->place, NULL,
                                "the name of a column is longer than 255 bytes");
    }
    weft_map_free(seen);
}

struct weft_fields weft_draft_read_fields(struct weft_draft *draft, struct weft_node *list,
                                          bool input)
{
    struct weft_fields fields = {0};
    if (list == NULL || list->wrong || list->kind != WEFT_NODE_LIST)
        return fields;
    struct weft_field *items = weft_reader_alloc(draft->reader, list->count, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < list->count; i++) {
        if (list->items[i]->kind == WEFT_NODE_MAP)
            field_read(draft, list->items[i], input, &items[count++]);
    }
    if (list->count == 0)
        weft_reader_mistake(draft->reader, list->place, "leave it out: the columns are detected",
                            "the schema has no columns");
    fields = (struct weft_fields){items, count};
    fields_check_names(draft, &fields, input);
    return fields;
}
