/*
 * read.c - from the tree of a contract to that of a product file. Every scalar keeps its
 * place, so that what weft finds wrong is told where the contract has it.
 */
#include "odcs/odcs_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "weft."

struct weft_node *weft_odcs_custom(const struct weft_node *map, const char *name)
{
    const struct weft_node *list = weft_node_get(map, "customProperties");
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const char *property = weft_node_get_text(list->items[i], "property");
        if (property != NULL && strcmp(property, name) == 0)
            return weft_node_get(list->items[i], "value");
    }
    return NULL;
}

const struct weft_node *weft_odcs_name(const struct weft_node *property)
{
    const struct weft_node *own = weft_odcs_custom(property, WEFT_ODCS_NAME_PROPERTY);
    return weft_node_text(own) != NULL ? own : weft_node_get(property, "name");
}

void weft_odcs_tell(struct weft_odcs_state *state, enum weft_severity severity,
                    struct weft_place place, const char *hint, const char *format, ...)
{
    char message[400];
    va_list args;
    if (!state->tell)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    weft_diag_add(state->reader->diag, severity, WEFT_E_INVALID, state->reader->file, place.line,
                  place.column, hint, "%s", message);
}

void weft_odcs_add_check(struct weft_odcs_state *state, const char *name, const char *condition,
                         struct weft_place place)
{
    struct weft_reader *reader = state->reader;
    struct weft_node *check = weft_node_map(reader, place, 2);
    char proposal[WEFT_NAME_MAX + 1];
    weft_name_propose(name, proposal);
    struct weft_node *text = weft_node_value(reader, condition, false, place);
    if (check == NULL || text == NULL)
        return;
    text->indent = -1; /* made, not written: only its start has a place */
    weft_node_put(check, "name", place, weft_node_value(reader, proposal, false, place));
    weft_node_put(check, "condition", place, text);
    weft_node_add(state->checks, check);
}

static void put_copy(struct weft_reader *reader, struct weft_node *map, const char *key,
                     const struct weft_node *value)
{
    if (value != NULL && weft_node_get(map, key) == NULL)
        weft_node_put(map, key, value->place, weft_node_copy(reader, value));
}

static void put_text(struct weft_reader *reader, struct weft_node *map, const char *key,
                     const char *text, struct weft_place place)
{
    if (weft_node_get(map, key) == NULL)
        weft_node_put(map, key, place, weft_node_value(reader, text, false, place));
}

/* Custom properties weft.KEY become keys: they go before what the standard's keys say. */
static void put_custom(struct weft_odcs_state *state, const struct weft_node *from,
                       struct weft_node *into, enum weft_section section)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *list = weft_node_get(from, "customProperties");
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const struct weft_node *named = weft_node_get(list->items[i], "property");
        const char *name = weft_node_text(named);
        if (name == NULL || strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        const char *key = name + sizeof PREFIX - 1;
        if (weft_keys_find(section, key) == NULL)
            weft_reader_mistake(reader, named->place, NULL, "`%.60s` is not a key of %s", name,
                                weft_keys_of(section)->title);
        else
            put_copy(reader, into, key, weft_node_get(list->items[i], "value"));
    }
}

static size_t custom_count(const struct weft_node *map)
{
    const struct weft_node *list = weft_node_get(map, "customProperties");
    return list == NULL ? 0 : list->count;
}

/* ---- types ---- */

/* Names that databases have for types; what stands in brackets behind is dropped, but for
 * decimal. */
static const char *type_of_database(struct weft_reader *reader, const char *physical)
{
    static const struct {
        const char *word, *type;
    } words[] = {
        {"tinyint", "int"},
        {"smallint", "int"},
        {"int2", "int"},
        {"int4", "int"},
        {"integer", "int"},
        {"int8", "long"},
        {"bigint", "long"},
        {"serial", "int"},
        {"bigserial", "long"},
        {"real", "float"},
        {"float4", "float"},
        {"float8", "double"},
        {"double precision", "double"},
        {"char", "string"},
        {"nchar", "string"},
        {"character", "string"},
        {"varchar", "string"},
        {"nvarchar", "string"},
        {"varchar2", "string"},
        {"character varying", "string"},
        {"text", "string"},
        {"citext", "string"},
        {"clob", "string"},
        {"bool", "boolean"},
        {"bit", "boolean"},
        {"datetime", "timestamp"},
        {"datetime2", "timestamp"},
        {"timestamp_ntz", "timestamp"},
        {"timestamp without time zone", "timestamp"},
        {"timestamp_tz", "timestamptz"},
        {"timestamp with time zone", "timestamptz"},
        {"time without time zone", "time"},
        {"bytea", "binary"},
        {"blob", "binary"},
        {"bytes", "binary"},
        {"varbinary", "binary"},
        {"jsonb", "json"},
        {"variant", "json"},
    };
    char word[64];
    size_t length = strcspn(physical, "(");
    if (length >= sizeof word)
        return NULL;
    snprintf(word, sizeof word, "%.*s", (int)length, physical);
    while (length > 0 && word[length - 1] == ' ')
        word[--length] = '\0';
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (weft_equal_fold(words[i].word, word))
            return words[i].type;
    }
    const char *open = strchr(physical, '(');
    if ((weft_equal_fold(word, "numeric") || weft_equal_fold(word, "decimal") ||
         weft_equal_fold(word, "number")) &&
        open != NULL)
        return strchr(open, ',') != NULL
                   ? weft_reader_format(reader, "decimal%s", open)
                   : weft_reader_format(reader, "decimal%.*s,0)", (int)strcspn(open, ")"), open);
    return NULL;
}

static const struct weft_type *type_parse(struct weft_reader *reader, const char *text)
{
    const struct weft_type *type = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_type_parse(reader->arena, text, &type, &error) == 0)
        return type;
    reader->nomem |= error.code == WEFT_E_NOMEM;
    return NULL;
}

/* May a property of the logical type be stored so? logical NULL = nothing is said. */
static bool type_fits(const char *logical, const struct weft_type *type)
{
    enum weft_type_kind kind = type->kind;
    if (logical == NULL)
        return true;
    if (strcmp(logical, "string") == 0)
        return kind == WEFT_TYPE_STRING || kind == WEFT_TYPE_UUID || kind == WEFT_TYPE_BINARY ||
               kind == WEFT_TYPE_JSON;
    if (strcmp(logical, "integer") == 0)
        return kind == WEFT_TYPE_INT || kind == WEFT_TYPE_LONG ||
               (kind == WEFT_TYPE_DECIMAL && type->scale == 0);
    if (strcmp(logical, "number") == 0)
        return weft_type_is_number(type);
    if (strcmp(logical, "boolean") == 0)
        return kind == WEFT_TYPE_BOOLEAN;
    if (strcmp(logical, "date") == 0)
        return kind == WEFT_TYPE_DATE || kind == WEFT_TYPE_TIMESTAMP ||
               kind == WEFT_TYPE_TIMESTAMPTZ;
    if (strcmp(logical, "timestamp") == 0)
        return kind == WEFT_TYPE_TIMESTAMP || kind == WEFT_TYPE_TIMESTAMPTZ;
    if (strcmp(logical, "time") == 0)
        return kind == WEFT_TYPE_TIME;
    if (strcmp(logical, "object") == 0)
        return kind == WEFT_TYPE_STRUCT || kind == WEFT_TYPE_MAP || kind == WEFT_TYPE_JSON;
    return kind == WEFT_TYPE_LIST || kind == WEFT_TYPE_JSON;
}

static const char *type_of_logical(const struct weft_node *property, const char *logical)
{
    const struct weft_node *options = weft_node_get(property, "logicalTypeOptions");
    const char *format = weft_node_get_text(options, "format");
    if (logical == NULL || strcmp(logical, "string") == 0)
        return "string";
    if (strcmp(logical, "integer") == 0) {
        static const char small[] = "i8|i16|i32|u8|u16";
        if (format != NULL && strcmp(format, "u64") == 0)
            return "decimal(20,0)";
        if (format != NULL && (strcmp(format, "i128") == 0 || strcmp(format, "u128") == 0))
            return "decimal(38,0)";
        return format != NULL && weft_words_has(small, format) ? "int" : "long";
    }
    if (strcmp(logical, "number") == 0)
        return format != NULL && strcmp(format, "f32") == 0 ? "float" : "double";
    if (strcmp(logical, "timestamp") == 0)
        return weft_node_bool(weft_node_get(options, "timezone"), false) ? "timestamptz"
                                                                         : "timestamp";
    if (strcmp(logical, "object") == 0 || strcmp(logical, "array") == 0)
        return "json";
    return logical; /* date, time, boolean */
}

static const char *type_of(struct weft_odcs_state *state, const struct weft_node *property,
                           int depth);

static const char *type_of_object(struct weft_odcs_state *state, const struct weft_node *list,
                                  int depth)
{
    struct weft_reader *reader = state->reader;
    const char *text = "struct<";
    for (size_t i = 0; i < list->count; i++) {
        const char *name = weft_node_text(weft_odcs_name(list->items[i]));
        text =
            weft_reader_format(reader, "%s%s%s: %s", text, i == 0 ? "" : ", ",
                               name == NULL ? "" : name, type_of(state, list->items[i], depth + 1));
    }
    return weft_reader_format(reader, "%s>", text);
}

static bool has_members(const struct weft_node *list)
{
    return list != NULL && list->kind == WEFT_NODE_LIST && list->count > 0;
}

static const char *type_of(struct weft_odcs_state *state, const struct weft_node *property,
                           int depth)
{
    struct weft_reader *reader = state->reader;
    const char *logical = weft_node_get_text(property, "logicalType");
    const struct weft_node *written = weft_node_get(property, "physicalType");
    const char *physical = weft_node_text(written);
    const struct weft_node *list = weft_node_get(property, "properties");
    const struct weft_node *items = weft_node_get(property, "items");
    const struct weft_type *type = NULL;
    if (depth > WEFT_ODCS_DEPTH_MAX)
        return "json";
    if (has_members(list) && (logical == NULL || strcmp(logical, "object") == 0))
        return type_of_object(state, list, depth);
    if (items != NULL && (logical == NULL || strcmp(logical, "array") == 0))
        return weft_reader_format(reader, "list<%s>", type_of(state, items, depth + 1));
    if (physical != NULL) {
        const char *known = type_of_database(reader, physical);
        known = known == NULL ? physical : known;
        type = type_parse(reader, known);
        if (type != NULL && type_fits(logical, type))
            return known;
    }
    const char *otherwise = type_of_logical(property, logical);
    if (physical != NULL && (logical == NULL || type != NULL))
        weft_odcs_tell(state, WEFT_SEVERITY_NOTE, written->place, NULL,
                       "the physical type `%.60s` is read as %s%s", physical, otherwise,
                       logical == NULL ? "" : ", by the logical type");
    return otherwise;
}

/* ---- one property ---- */

static const char *condition_of(struct weft_odcs_state *state, const char *format,
                                const char *field, const struct weft_node *value)
{
    bool quoted = weft_node_is_text(value);
    struct weft_buf text;
    weft_buf_init(&text, WEFT_DOCUMENT_SCALAR_MAX);
    for (const char *at = value->text; *at != '\0'; at++)
        weft_buf_addf(&text, quoted && *at == '\'' ? "''" : "%c", *at);
    const char *literal = weft_reader_format(state->reader, quoted ? "'%s'" : "%s", text.data);
    weft_buf_release(&text);
    return weft_reader_format(state->reader, format, field, literal);
}

/* maximum, or exclusiveMaximum: a number, or in v3.0 true beside maximum. */
static void read_bound(struct weft_odcs_state *state, const struct weft_node *options,
                       const char *const names[2], const char *key, const char *format,
                       const char *field, struct weft_node *into)
{
    const struct weft_node *bound = weft_node_get(options, names[0]);
    const struct weft_node *open = weft_node_get(options, names[1]);
    bool both = weft_node_is_bool(open) && weft_node_bool(open, false);
    if (bound != NULL && !both)
        put_copy(state->reader, into, key, bound);
    if (open == NULL || (weft_node_is_bool(open) && !both) || (both && bound == NULL))
        return;
    const char *name =
        weft_reader_format(state->reader, "%s_%s", field, key[1] == 'i' ? "above" : "below");
    weft_odcs_add_check(state, name, condition_of(state, format, field, both ? bound : open),
                        open->place);
}

/* The standard's pattern is found anywhere in a value unless it says ^ and $; weft's is the whole
 * value. */
const char *weft_odcs_pattern(struct weft_reader *reader, const char *pattern)
{
    size_t length = strlen(pattern);
    bool begin = length > 0 && pattern[0] == '^';
    bool end = length > 1 && pattern[length - 1] == '$' && pattern[length - 2] != '\\';
    int inner = (int)length - (begin ? 1 : 0) - (end ? 1 : 0);
    const char *text = pattern + (begin ? 1 : 0);
    bool grouped = inner > 4 && strncmp(text, "(?:", 3) == 0 && text[inner - 1] == ')' &&
                   memchr(text + 3, '(', (size_t)inner - 4) == NULL &&
                   memchr(text + 3, ')', (size_t)inner - 4) == NULL;
    if (begin && end && grouped)
        return weft_reader_format(reader, "%.*s", inner - 4, text + 3);
    if (strchr(pattern, '|') != NULL) /* ^ and $ might belong to one side of it */
        return weft_reader_format(reader, "(?s:.*)(?:%s)(?s:.*)", pattern);
    return weft_reader_format(reader, "%s%.*s%s", begin ? "" : "(?s:.*)", inner, text,
                              end ? "" : "(?s:.*)");
}

static void read_array_options(struct weft_odcs_state *state, const struct weft_node *options,
                               const char *field)
{
    static const struct {
        const char *option, *suffix, *format;
    } rules[] = {
        {"minItems", "min_items", "len(\"%s\") >= %s"},
        {"maxItems", "max_items", "len(\"%s\") <= %s"},
    };
    struct weft_reader *reader = state->reader;
    for (size_t i = 0; i < WEFT_COUNT(rules); i++) {
        const struct weft_node *node = weft_node_get(options, rules[i].option);
        if (node != NULL)
            weft_odcs_add_check(state, weft_reader_format(reader, "%s_%s", field, rules[i].suffix),
                                condition_of(state, rules[i].format, field, node), node->place);
    }
    const struct weft_node *unique = weft_node_get(options, "uniqueItems");
    if (weft_node_bool(unique, false))
        weft_odcs_add_check(
            state, weft_reader_format(reader, "%s_unique_items", field),
            weft_reader_format(reader, "len(\"%s\") = len(list_distinct(\"%s\"))", field, field),
            unique->place);
}

static void read_options(struct weft_odcs_state *state, const struct weft_node *property,
                         const char *field, const char *type, struct weft_node *into)
{
    static const char *const low[] = {"minimum", "exclusiveMinimum"};
    static const char *const high[] = {"maximum", "exclusiveMaximum"};
    static const char *const told[] = {"minProperties", "maxProperties", "required"};
    struct weft_reader *reader = state->reader;
    const struct weft_node *options = weft_node_get(property, "logicalTypeOptions");
    const struct weft_node *pattern = weft_node_get(options, "pattern");
    const struct weft_node *multiple = weft_node_get(options, "multipleOf");
    if (options == NULL)
        return;
    put_copy(reader, into, "min_length", weft_node_get(options, "minLength"));
    put_copy(reader, into, "max_length", weft_node_get(options, "maxLength"));
    if (weft_node_text(pattern) != NULL)
        put_text(reader, into, "pattern", weft_odcs_pattern(reader, pattern->text), pattern->place);
    read_bound(state, options, low, "min", "\"%s\" > %s", field, into);
    read_bound(state, options, high, "max", "\"%s\" < %s", field, into);
    if (multiple != NULL)
        weft_odcs_add_check(state, weft_reader_format(reader, "%s_multiple", field),
                            condition_of(state, "\"%s\" %% %s = 0", field, multiple),
                            multiple->place);
    if (strncmp(type, "list<", 5) == 0)
        read_array_options(state, options, field);
    else if (weft_node_get_text(property, "logicalType") != NULL &&
             strcmp(weft_node_get_text(property, "logicalType"), "array") == 0)
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, options->place, "write `items`",
                       "the rules of `%.60s` are not checked: what its list holds is not said",
                       field);
    for (size_t i = 0; i < WEFT_COUNT(told); i++) {
        const struct weft_node *node = weft_node_get(options, told[i]);
        if (node != NULL)
            weft_odcs_tell(state, WEFT_SEVERITY_WARNING, node->place, NULL,
                           "`%s` of `%.60s` is kept, and not checked", told[i], field);
    }
}

/* Rules inside of nested values: weft has none. */
static void tell_nested(struct weft_odcs_state *state, const struct weft_node *property, int depth)
{
    static const char *const rules[] = {"logicalTypeOptions", "quality"};
    static const char *const flags[] = {"required", "unique"};
    const struct weft_node *list = weft_node_get(property, "properties");
    const struct weft_node *items = weft_node_get(property, "items");
    if (depth > WEFT_ODCS_DEPTH_MAX)
        return;
    for (size_t i = 0; depth > 0 && i < WEFT_COUNT(rules); i++) {
        const struct weft_node *rule = weft_node_get(property, rules[i]);
        if (weft_node_is_set(rule))
            weft_odcs_tell(state, WEFT_SEVERITY_WARNING, weft_node_key_place(property, rules[i]),
                           NULL, "`%s` inside of a nested value is kept, and not checked",
                           rules[i]);
    }
    for (size_t i = 0; depth > 0 && i < WEFT_COUNT(flags); i++) {
        if (weft_node_bool(weft_node_get(property, flags[i]), false))
            weft_odcs_tell(state, WEFT_SEVERITY_WARNING, weft_node_key_place(property, flags[i]),
                           NULL, "`%s` inside of a nested value is kept, and not checked",
                           flags[i]);
    }
    for (size_t i = 0; has_members(list) && i < list->count; i++)
        tell_nested(state, list->items[i], depth + 1);
    if (items != NULL)
        tell_nested(state, items, depth + 1);
}

static struct weft_node *read_property(struct weft_odcs_state *state,
                                       const struct weft_node *property)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *name = weft_odcs_name(property);
    const struct weft_node *logical = weft_node_get(property, "logicalType");
    const struct weft_node *physical = weft_node_get(property, "physicalType");
    const struct weft_node *relations = weft_node_get(property, "relationships");
    struct weft_node *field = weft_node_map(reader, property->place, 20 + custom_count(property));
    if (field == NULL)
        return NULL;
    const char *word = weft_node_text(name) == NULL ? "" : name->text;
    put_copy(reader, field, "name", name);
    put_custom(state, property, field, WEFT_SECTION_FIELD);
    const char *type = weft_node_get_text(field, "type");
    if (type == NULL) {
        type = type_of(state, property, 0);
        put_text(reader, field, "type", type,
                 logical != NULL    ? logical->place
                 : physical != NULL ? physical->place
                                    : property->place);
    }
    if (weft_node_bool(weft_node_get(property, "required"), false))
        put_copy(reader, field, "required", weft_node_get(property, "required"));
    if (weft_node_bool(weft_node_get(property, "unique"), false))
        put_copy(reader, field, "unique", weft_node_get(property, "unique"));
    put_copy(reader, field, "description", weft_node_get(property, "description"));
    put_copy(reader, field, "classification", weft_node_get(property, "classification"));
    read_options(state, property, word, type, field);
    weft_odcs_read_quality(state, weft_node_get(property, "quality"), word, field);
    tell_nested(state, property, 0);
    if (has_members(relations) && weft_node_get(field, "references") == NULL)
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, weft_node_key_place(property, "relationships"),
                       "add the custom property weft.references: domain.product.field",
                       "the relationship of `%.60s` is kept, and not checked", word);
    return field;
}

/* ---- the table ---- */

static void read_key(struct weft_odcs_state *state, const struct weft_node *properties,
                     struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    struct weft_node *key = weft_node_list(reader, properties->place, properties->count);
    int64_t *positions = weft_reader_alloc(reader, properties->count, sizeof *positions);
    for (size_t i = 0; !reader->nomem && i < properties->count; i++) {
        const struct weft_node *property = properties->items[i];
        const struct weft_node *name = weft_odcs_name(property);
        int64_t position = weft_node_count(weft_node_get(property, "primaryKeyPosition"), -1);
        if (!weft_node_bool(weft_node_get(property, "primaryKey"), false) ||
            weft_node_text(name) == NULL)
            continue;
        position = position < 1 ? INT64_MAX : position;
        size_t at = key->count;
        weft_node_add(key, weft_node_copy(reader, name));
        for (; !reader->nomem && at > 0 && positions[at - 1] > position; at--) {
            struct weft_node *one = key->items[at];
            key->items[at] = key->items[at - 1];
            positions[at] = positions[at - 1];
            key->items[at - 1] = one;
        }
        positions[at] = position;
    }
    if (key != NULL && key->count > 0 && weft_node_get(product, "key") == NULL)
        weft_node_put(product, "key", key->items[0]->place, key);
}

static void read_object(struct weft_odcs_state *state, const struct weft_node *object,
                        struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *properties = weft_node_get(object, "properties");
    const struct weft_node *relations = weft_node_get(object, "relationships");
    weft_odcs_read_quality(state, weft_node_get(object, "quality"), NULL, NULL);
    if (has_members(relations))
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, weft_node_key_place(object, "relationships"),
                       "add weft.references: domain.product.field to the property",
                       "the relationships of the table are kept, and not checked");
    if (!has_members(properties))
        return;
    struct weft_node *schema = weft_node_list(reader, properties->place, properties->count);
    for (size_t i = 0; !reader->nomem && i < properties->count; i++)
        weft_node_add(schema, read_property(state, properties->items[i]));
    weft_node_put(product, "schema", weft_node_key_place(object, "properties"), schema);
    read_key(state, properties, product);
}

static size_t rule_room(const struct weft_node *object)
{
    const struct weft_node *rules = weft_node_get(object, "quality");
    const struct weft_node *list = weft_node_get(object, "properties");
    size_t room = 8 + (rules == NULL ? 0 : rules->count);
    for (size_t i = 0; has_members(list) && i < list->count; i++) {
        rules = weft_node_get(list->items[i], "quality");
        room += 8 + (rules == NULL ? 0 : rules->count);
    }
    return room;
}

/* ---- who it is ---- */

static void read_status(struct weft_odcs_state *state, const struct weft_node *root,
                        struct weft_node *product)
{
    static const struct {
        const char *word, *status;
    } words[] = {
        {"active", "active"}, {"current", "active"},        {"production", "active"},
        {"draft", "draft"},   {"proposed", "draft"},        {"in development", "draft"},
        {"test", "draft"},    {"deprecated", "deprecated"}, {"retired", "retired"},
    };
    const struct weft_node *status = weft_node_get(root, "status");
    const char *text = weft_node_text(status);
    for (size_t i = 0; text != NULL && i < WEFT_COUNT(words); i++) {
        if (weft_equal_fold(words[i].word, text)) {
            put_text(state->reader, product, "status", words[i].status, status->place);
            return;
        }
    }
    if (text == NULL)
        return;
    weft_odcs_tell(state, WEFT_SEVERITY_WARNING, status->place,
                   "choose from proposed, draft, active, deprecated, retired",
                   "the status `%.60s` is read as draft", text);
    put_text(state->reader, product, "status", "draft", status->place);
}

static const struct weft_node *owner_of(const struct weft_node *root)
{
    const struct weft_node *team = weft_node_get(root, "team");
    const struct weft_node *members = team;
    if (team != NULL && team->kind == WEFT_NODE_MAP)
        members = weft_node_get(team, "members");
    for (size_t i = 0; has_members(members) && i < members->count; i++) {
        const char *role = weft_node_get_text(members->items[i], "role");
        if (role != NULL && (weft_equal_fold(role, "owner") || weft_equal_fold(role, "data owner")))
            return weft_node_get(members->items[i], "username");
    }
    return weft_node_get(team, "name");
}

/* Names that no product can have are refused by the product's own rule; how to keep them in the
 * contract is told here. */
static void read_name(struct weft_odcs_state *state, const struct weft_node *root, const char *key,
                      const struct weft_node *written, const char *implied,
                      struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    char proposal[WEFT_NAME_MAX + 1], hint[300];
    const char *text = weft_node_text(written);
    if (weft_node_get(product, key) != NULL)
        return;
    if (text != NULL && weft_name_valid(text)) {
        put_copy(reader, product, key, written);
        return;
    }
    if (text == NULL || text[0] == '\0') {
        if (implied != NULL)
            put_text(reader, product, key, implied, root->place);
        return;
    }
    weft_name_propose(text, proposal);
    snprintf(hint, sizeof hint,
             "`%s` would be; or keep it, and add the custom property weft.%s: %s", proposal, key,
             proposal);
    weft_reader_mistake(reader, written->place, hint,
                        "`%.60s` is not a name: lower case letters, digits and single underscores",
                        text);
    put_text(reader, product, key, proposal, written->place);
}

static void read_identity(struct weft_odcs_state *state, const struct weft_node *root,
                          struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *name = weft_node_get(root, "dataProduct");
    const struct weft_node *description = weft_node_get(root, "description");
    name = name == NULL ? weft_node_get(root, "name") : name;
    read_name(state, root, "name", name, state->source->name, product);
    read_name(state, root, "domain", weft_node_get(root, "domain"), state->source->domain, product);
    put_copy(reader, product, "version", weft_node_get(root, "version"));
    read_status(state, root, product);
    put_copy(reader, product, "owner", owner_of(root));
    put_copy(reader, product, "description", weft_node_get(description, "purpose"));
    put_copy(reader, product, "terms_of_use", weft_node_get(description, "limitations"));
    put_copy(reader, product, "tags", weft_node_get(root, "tags"));
}

/* The one table: NULL = none, or several (reported). */
static const struct weft_node *object_of(struct weft_reader *reader, const struct weft_node *root,
                                         bool *wrong)
{
    const struct weft_node *schema = weft_node_get(root, "schema");
    *wrong = has_members(schema) && schema->count > 1;
    if (*wrong)
        weft_reader_mistake(reader, schema->items[1]->place,
                            "write one contract for each; `weft import --from odcs` takes it apart",
                            "the contract has %zu tables, and a product is one", schema->count);
    return has_members(schema) && !*wrong ? schema->items[0] : NULL;
}

struct weft_node *weft_odcs_to_product(struct weft_reader *reader, const struct weft_node *root,
                                       const struct weft_product_source *source, bool tell)
{
    bool wrong;
    const struct weft_node *object = object_of(reader, root, &wrong);
    struct weft_odcs_state state = {
        .reader = reader, .object = object, .source = source, .tell = tell};
    size_t room = rule_room(object);
    struct weft_node *product = weft_node_map(reader, root->place, 26 + custom_count(root));
    state.quality = weft_node_map(reader, root->place, 12);
    state.checks = weft_node_list(reader, root->place, room + 8);
    state.completeness = weft_node_list(reader, root->place, room);
    state.rows = weft_node_map(reader, root->place, 4);
    if (wrong || reader->nomem)
        return NULL;
    put_copy(reader, product, "name", weft_node_get(source->named, "name"));
    put_copy(reader, product, "domain", weft_node_get(source->named, "domain"));
    put_custom(&state, root, product, WEFT_SECTION_PRODUCT);
    read_identity(&state, root, product);
    if (object != NULL)
        read_object(&state, object, product);
    weft_odcs_read_sla(&state, root, product);
    weft_odcs_tell_kept(&state, root);
    if (reader->nomem)
        return NULL;
    if (state.rows->count > 0)
        weft_node_put(state.quality, "rows", state.rows->place, state.rows);
    if (state.completeness->count > 0)
        weft_node_put(state.quality, "completeness", state.completeness->place, state.completeness);
    if (state.checks->count > 0)
        weft_node_put(state.quality, "checks", state.checks->place, state.checks);
    if (state.quality->count > 0)
        weft_node_put(product, "quality", state.quality->place, state.quality);
    return reader->nomem ? NULL : product;
}
