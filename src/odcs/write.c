/*
 * write.c - the contract of a registered document, v3.1.0. What the standard has a key for
 * stands under it; the rest of the product under customProperties named weft.*.
 */
#include "odcs/odcs_internal.h"

#include "base/text.h"
#include "codec/sql_text.h"

#include <stdio.h>
#include <string.h>

#define AT ((struct weft_place){0})

struct writer {
    struct weft_reader *reader;
    const struct weft_node *document;
};

static void put(struct weft_reader *reader, struct weft_node *map, const char *key,
                const char *text)
{
    if (text != NULL)
        weft_node_put(map, key, AT, weft_node_value(reader, text, false, AT));
}

static void put_bare(struct weft_reader *reader, struct weft_node *map, const char *key,
                     const char *text)
{
    if (text != NULL)
        weft_node_put(map, key, AT, weft_node_value(reader, text, true, AT));
}

static void add_custom(struct weft_reader *reader, struct weft_node *list, const char *key,
                       const struct weft_node *value)
{
    struct weft_node *one = value == NULL ? NULL : weft_node_map(reader, AT, 2);
    put(reader, one, "property", weft_reader_format(reader, "weft.%s", key));
    weft_node_put(one, "value", AT, value);
    weft_node_add(list, one);
}

static void put_list(struct weft_node *map, const char *key, const struct weft_node *list)
{
    if (list != NULL && list->count > 0)
        weft_node_put(map, key, AT, list);
}

/* ---- quality ---- */

static struct weft_node *own_rule(struct weft_reader *reader, const char *key,
                                  const struct weft_node *value)
{
    struct weft_node *rule = weft_node_map(reader, AT, 3);
    struct weft_node *what = weft_node_map(reader, AT, 1);
    put(reader, rule, "type", "custom");
    put(reader, rule, "engine", "weft");
    weft_node_put(what, key, AT, value);
    weft_node_put(rule, "implementation", AT, what);
    return rule;
}

static struct weft_node *metric_rule(struct weft_reader *reader, const char *metric, const char *is,
                                     const char *bound)
{
    struct weft_node *rule = weft_node_map(reader, AT, 5);
    put(reader, rule, "metric", metric);
    put_bare(reader, rule, is, bound);
    return rule;
}

static void add_rows(struct weft_reader *reader, struct weft_node *list,
                     const struct weft_node *rows)
{
    const char *min = weft_node_get_text(rows, "min"), *max = weft_node_get_text(rows, "max");
    size_t plain = (min != NULL) + (size_t)(max != NULL);
    if (rows == NULL)
        return;
    if (plain != rows->count) {
        weft_node_add(list, own_rule(reader, "rows", rows));
        return;
    }
    if (min != NULL)
        weft_node_add(list, metric_rule(reader, "rowCount", "mustBeGreaterOrEqualTo", min));
    if (max != NULL)
        weft_node_add(list, metric_rule(reader, "rowCount", "mustBeLessOrEqualTo", max));
}

/* The percentage of nulls that reads back as this completeness; NULL = none does. */
static const char *percent_of(struct weft_reader *reader, const struct weft_node *one)
{
    double min = weft_node_number(weft_node_get(one, "min"), -1), again;
    if (one->count != 2 || weft_node_get_text(one, "field") == NULL)
        return NULL;
    const char *text = weft_reader_format(reader, "%.10g", 100 - min * 100);
    if (!weft_parse_double(text, strlen(text), &again) || again < 0)
        return NULL;
    const char *back = weft_reader_format(reader, "%.15g", (100 - again) / 100);
    return weft_parse_double(back, strlen(back), &again) && again == min ? text : NULL;
}

/* `this` becomes {object}, which other tools know. */
static const char *query_of(struct weft_reader *reader, const char *sql)
{
    struct weft_sql_token token;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    size_t at = 0, done = 0, length = strlen(sql);
    weft_buf_init(&text, 4 * WEFT_DOCUMENT_SQL_MAX);
    weft_buf_adds(&text, "select count(*) from (\n");
    while (weft_sql_next(sql, length, &at, &token)) {
        if (token.kind != WEFT_SQL_WORD || token.length != 4 ||
            strncmp(sql + token.start, "this", 4) != 0)
            continue;
        weft_buf_add(&text, sql + done, token.start - done);
        weft_buf_adds(&text, "{object}");
        done = token.start + token.length;
    }
    weft_buf_add(&text, sql + done, length - done);
    weft_buf_adds(&text, "\n) as failures");
    reader->nomem |= weft_buf_check(&text, &error) < 0;
    const char *copy = weft_reader_text(reader, text.data);
    weft_buf_release(&text);
    return copy;
}

static struct weft_node *check_rule(struct weft_reader *reader, const struct weft_node *check)
{
    struct weft_node *rule = weft_node_map(reader, AT, 8);
    struct weft_node *custom = weft_node_list(reader, AT, 1);
    const char *sql = weft_node_get_text(check, "sql");
    put(reader, rule, "name", weft_node_get_text(check, "name"));
    put(reader, rule, "type", sql != NULL ? "sql" : "custom");
    put(reader, rule, "description", weft_node_get_text(check, "description"));
    if (sql != NULL) {
        put(reader, rule, "query", query_of(reader, sql));
        put_bare(reader, rule, "mustBe", "0");
    } else {
        put(reader, rule, "engine", "weft");
        put(reader, rule, "implementation", weft_node_get_text(check, "condition"));
    }
    add_custom(reader, custom, "on_fail", weft_node_get(check, "on_fail"));
    put_list(rule, "customProperties", custom);
    return rule;
}

struct weft_node *weft_odcs_write_quality(struct weft_reader *reader,
                                          const struct weft_node *document)
{
    static const char *const own[] = {"batch", "quarantine_max"};
    const struct weft_node *quality = weft_node_get(document, "quality");
    const struct weft_node *all = weft_node_get(quality, "completeness");
    const struct weft_node *checks = weft_node_get(quality, "checks");
    struct weft_node *list = weft_node_list(
        reader, AT, 6 + (all == NULL ? 0 : all->count) + (checks == NULL ? 0 : checks->count));
    add_rows(reader, list, weft_node_get(quality, "rows"));
    for (size_t i = 0; i < WEFT_COUNT(own); i++) {
        const struct weft_node *part = weft_node_get(quality, own[i]);
        if (part != NULL)
            weft_node_add(list, own_rule(reader, own[i], part));
    }
    for (size_t i = 0; !reader->nomem && all != NULL && i < all->count; i++) {
        struct weft_node *one = weft_node_list(reader, AT, 1);
        weft_node_add(one, all->items[i]);
        if (percent_of(reader, all->items[i]) == NULL)
            weft_node_add(list, own_rule(reader, "completeness", one));
    }
    for (size_t i = 0; checks != NULL && i < checks->count; i++)
        weft_node_add(list, check_rule(reader, checks->items[i]));
    return list;
}

struct weft_node *weft_odcs_write_field_quality(struct weft_reader *reader,
                                                const struct weft_node *document,
                                                const struct weft_node *field)
{
    const struct weft_node *all = weft_node_get(weft_node_get(document, "quality"), "completeness");
    const struct weft_node *values = weft_node_get(field, "enum");
    const char *name = weft_node_get_text(field, "name");
    struct weft_node *list = weft_node_list(reader, AT, 2 + (all == NULL ? 0 : all->count));
    if (values != NULL) {
        struct weft_node *rule = metric_rule(reader, "invalidValues", "mustBe", "0");
        struct weft_node *arguments = weft_node_map(reader, AT, 1);
        weft_node_put(arguments, "validValues", AT, values);
        weft_node_put(rule, "arguments", AT, arguments);
        weft_node_add(list, rule);
    }
    for (size_t i = 0; all != NULL && name != NULL && i < all->count; i++) {
        const char *of = weft_node_get_text(all->items[i], "field");
        const char *percent =
            of == NULL || strcmp(of, name) != 0 ? NULL : percent_of(reader, all->items[i]);
        if (percent == NULL)
            continue;
        struct weft_node *rule = metric_rule(reader, "nullValues", "mustBeLessOrEqualTo", percent);
        put(reader, rule, "unit", "percent");
        weft_node_add(list, rule);
    }
    return list;
}

struct weft_node *weft_odcs_write_sla(struct weft_reader *reader, const struct weft_node *document,
                                      const char *table)
{
    const struct weft_node *fresh = weft_node_get(weft_node_get(document, "quality"), "freshness");
    const char *field = weft_node_get_text(fresh, "field");
    const char *within = fresh != NULL && fresh->kind == WEFT_NODE_MAP
                             ? weft_node_get_text(fresh, "within")
                             : weft_node_text(fresh);
    struct weft_node *list = weft_node_list(reader, AT, 1);
    if (within == NULL)
        return list;
    struct weft_node *level = weft_node_map(reader, AT, 4);
    size_t digits = strspn(within, "0123456789");
    put(reader, level, "property", "latency");
    put_bare(reader, level, "value", weft_reader_format(reader, "%.*s", (int)digits, within));
    put(reader, level, "unit", within + digits);
    if (field != NULL)
        put(reader, level, "element", weft_reader_format(reader, "%s.%s", table, field));
    weft_node_add(list, level);
    return list;
}

/* ---- properties ---- */

static const char *logical_of(const struct weft_type *type)
{
    static const char *const names[] = {
        [WEFT_TYPE_BOOLEAN] = "boolean",
        [WEFT_TYPE_INT] = "integer",
        [WEFT_TYPE_LONG] = "integer",
        [WEFT_TYPE_FLOAT] = "number",
        [WEFT_TYPE_DOUBLE] = "number",
        [WEFT_TYPE_DECIMAL] = "number",
        [WEFT_TYPE_STRING] = "string",
        [WEFT_TYPE_DATE] = "date",
        [WEFT_TYPE_TIME] = "time",
        [WEFT_TYPE_TIMESTAMP] = "timestamp",
        [WEFT_TYPE_TIMESTAMPTZ] = "timestamp",
        [WEFT_TYPE_UUID] = "string",
        [WEFT_TYPE_BINARY] = "string",
        [WEFT_TYPE_JSON] = "object",
        [WEFT_TYPE_LIST] = "array",
        [WEFT_TYPE_STRUCT] = "object",
        [WEFT_TYPE_MAP] = "object",
    };
    return names[type->kind];
}

static const char *type_text(struct weft_reader *reader, const struct weft_type *type)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    weft_type_print(type, &text);
    reader->nomem |= weft_buf_check(&text, &error) < 0;
    const char *copy = weft_reader_text(reader, text.data);
    weft_buf_release(&text);
    return copy;
}

static void put_type(struct weft_reader *reader, struct weft_node *property,
                     const struct weft_type *type)
{
    put(reader, property, "logicalType", logical_of(type));
    if (type->kind == WEFT_TYPE_LIST) {
        struct weft_node *items = weft_node_map(reader, AT, 4);
        if (items == NULL)
            return;
        put_type(reader, items, type->element);
        weft_node_put(property, "items", AT, items);
        return;
    }
    if (type->kind != WEFT_TYPE_STRUCT) {
        put(reader, property, "physicalType", type_text(reader, type));
        return;
    }
    struct weft_node *list = weft_node_list(reader, AT, type->field_count);
    for (size_t i = 0; !reader->nomem && i < type->field_count; i++) {
        struct weft_node *one = weft_node_map(reader, AT, 5);
        put(reader, one, "name", type->fields[i].name);
        if (one != NULL)
            put_type(reader, one, type->fields[i].type);
        weft_node_add(list, one);
    }
    weft_node_put(property, "properties", AT, list);
}

static struct weft_node *options_of(struct weft_reader *reader, const struct weft_node *field,
                                    const struct weft_type *type)
{
    struct weft_node *options = weft_node_map(reader, AT, 8);
    const char *pattern = weft_node_get_text(field, "pattern");
    bool number = weft_type_is_number(type);
    const char *logical = logical_of(type);
    bool time = type->kind == WEFT_TYPE_DATE || type->kind == WEFT_TYPE_TIME ||
                type->kind == WEFT_TYPE_TIMESTAMP || type->kind == WEFT_TYPE_TIMESTAMPTZ;
    if (strcmp(logical, "string") == 0) {
        put_bare(reader, options, "minLength", weft_node_get_text(field, "min_length"));
        put_bare(reader, options, "maxLength", weft_node_get_text(field, "max_length"));
        if (pattern != NULL)
            put(reader, options, "pattern",
                weft_reader_format(reader, strpbrk(pattern, "|") == NULL ? "^%s$" : "^(?:%s)$",
                                   pattern));
    }
    if (!number && !time)
        return options;
    const char *const names[2][2] = {{"min", "minimum"}, {"max", "maximum"}};
    for (size_t i = 0; i < 2; i++)
        weft_node_put(
            options, names[i][1], AT,
            weft_node_get_text(field, names[i][0]) == NULL
                ? NULL
                : weft_node_value(reader, weft_node_get_text(field, names[i][0]), number, AT));
    if (type->kind == WEFT_TYPE_TIMESTAMPTZ)
        put_bare(reader, options, "timezone", "true");
    return options;
}

/* What of a field its standard keys do not give back. */
static struct weft_node *field_custom(struct weft_reader *reader, const struct weft_node *field,
                                      const struct weft_type *type, const struct weft_node *options)
{
    static const char *const own[] = {"on_fail", "references", "means", "was"};
    static const struct {
        const char *key, *option;
    } bounds[] = {{"min", "minimum"},
                  {"max", "maximum"},
                  {"min_length", "minLength"},
                  {"max_length", "maxLength"},
                  {"pattern", "pattern"}};
    struct weft_node *list = weft_node_list(reader, AT, 12);
    for (size_t i = 0; i < WEFT_COUNT(own); i++)
        add_custom(reader, list, own[i], weft_node_get(field, own[i]));
    for (size_t i = 0; i < WEFT_COUNT(bounds); i++) {
        const char *pattern = weft_node_get_text(options, "pattern");
        bool same = weft_node_get(options, bounds[i].option) != NULL;
        if (same && i == 4)
            same = strcmp(weft_odcs_pattern(reader, pattern),
                          weft_node_get_text(field, "pattern")) == 0;
        if (!same)
            add_custom(reader, list, bounds[i].key, weft_node_get(field, bounds[i].key));
    }
    const struct weft_node *description = weft_node_get(field, "description");
    if (description != NULL && description->kind == WEFT_NODE_MAP)
        add_custom(reader, list, "description", description);
    (void)type;
    return list;
}

static const char *first_text(const struct weft_node *node)
{
    return node != NULL && node->kind == WEFT_NODE_MAP && node->count > 0
               ? weft_node_text(node->items[0])
               : weft_node_text(node);
}

static void put_key(struct writer *writer, struct weft_node *property, const char *name)
{
    const struct weft_node *key = weft_node_get(writer->document, "key");
    if (key != NULL && key->kind == WEFT_NODE_MAP)
        key = weft_node_get(key, "fields");
    for (size_t i = 0; key != NULL && i < key->count; i++) {
        if (strcmp(key->items[i]->text, name) != 0)
            continue;
        put_bare(writer->reader, property, "primaryKey", "true");
        put_bare(writer->reader, property, "primaryKeyPosition",
                 weft_reader_format(writer->reader, "%zu", i + 1));
    }
}

static struct weft_node *property_of(struct writer *writer, const struct weft_node *field)
{
    struct weft_reader *reader = writer->reader;
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_type *type = NULL;
    const char *name = weft_node_get_text(field, "name");
    const char *text = weft_node_get_text(field, "type");
    struct weft_node *property = weft_node_map(reader, AT, 20);
    if (property == NULL || name == NULL ||
        weft_type_parse(reader->arena, text == NULL ? "string" : text, &type, &error) < 0) {
        reader->nomem |= error.code == WEFT_E_NOMEM;
        return NULL;
    }
    put(reader, property, "name", name);
    put_type(reader, property, type);
    put(reader, property, "description", first_text(weft_node_get(field, "description")));
    put(reader, property, "classification", weft_node_get_text(field, "classification"));
    put_key(writer, property, name);
    if (weft_node_bool(weft_node_get(field, "required"), false))
        put_bare(reader, property, "required", "true");
    if (weft_node_bool(weft_node_get(field, "unique"), false))
        put_bare(reader, property, "unique", "true");
    struct weft_node *options = options_of(reader, field, type);
    put_list(property, "logicalTypeOptions", options);
    put_list(property, "quality", weft_odcs_write_field_quality(reader, writer->document, field));
    if (options != NULL)
        put_list(property, "customProperties", field_custom(reader, field, type, options));
    return property;
}

/* ---- the whole ---- */

static struct weft_node *schema_of(struct writer *writer, const char *name)
{
    struct weft_reader *reader = writer->reader;
    const struct weft_node *fields = weft_node_get(writer->document, "schema");
    struct weft_node *schema = weft_node_list(reader, AT, 1);
    struct weft_node *object = weft_node_map(reader, AT, 6);
    size_t count = fields == NULL ? 0 : fields->count;
    struct weft_node *properties = weft_node_list(reader, AT, count);
    put(reader, object, "name", name);
    put(reader, object, "logicalType", "object");
    put(reader, object, "physicalType", "table");
    for (size_t i = 0; !reader->nomem && i < count; i++)
        weft_node_add(properties, property_of(writer, fields->items[i]));
    put_list(object, "properties", properties);
    put_list(object, "quality", weft_odcs_write_quality(reader, writer->document));
    weft_node_add(schema, object);
    return schema;
}

static struct weft_node *team_of(struct weft_reader *reader, const char *owner)
{
    struct weft_node *team = weft_node_map(reader, AT, 1);
    struct weft_node *members = weft_node_list(reader, AT, 1);
    struct weft_node *one = weft_node_map(reader, AT, 2);
    put(reader, one, "username", owner);
    put(reader, one, "role", "owner");
    weft_node_add(members, one);
    weft_node_put(team, "members", AT, members);
    return team;
}

/* Every key of the document that no key of the standard stands for. */
static struct weft_node *custom_of(struct weft_reader *reader, const struct weft_node *document)
{
    static const char standard[] =
        "name|domain|version|status|owner|terms_of_use|tags|schema|quality|odcs";
    struct weft_node *list = weft_node_list(reader, AT, document->count);
    for (size_t i = 0; i < document->count; i++) {
        const struct weft_node *value = document->items[i];
        bool map = value->kind == WEFT_NODE_MAP;
        bool told = weft_words_has(standard, document->keys[i]) ||
                    (!map && (strcmp(document->keys[i], "key") == 0 ||
                              strcmp(document->keys[i], "description") == 0));
        if (!told)
            add_custom(reader, list, document->keys[i], value);
    }
    return list;
}

struct weft_node *weft_odcs_of_document(struct weft_reader *reader,
                                        const struct weft_node *document)
{
    struct writer writer = {reader, document};
    const char *name = weft_node_get_text(document, "name");
    const char *domain = weft_node_get_text(document, "domain");
    const char *status = weft_node_get_text(document, "status");
    const char *owner = weft_node_get_text(document, "owner");
    struct weft_node *root = weft_node_map(reader, AT, 20);
    struct weft_node *description = weft_node_map(reader, AT, 2);
    if (reader->nomem)
        return NULL;
    put(reader, root, "apiVersion", WEFT_ODCS_API_VERSION);
    put(reader, root, "kind", "DataContract");
    put(reader, root, "id", weft_reader_format(reader, "%s.%s", domain, name));
    put(reader, root, "name", name);
    put(reader, root, "version", weft_node_get_text(document, "version"));
    put(reader, root, "status", status == NULL ? "active" : status);
    put(reader, root, "domain", domain);
    put(reader, description, "purpose", first_text(weft_node_get(document, "description")));
    put(reader, description, "limitations", weft_node_get_text(document, "terms_of_use"));
    put_list(root, "description", description);
    put_list(root, "tags", weft_node_get(document, "tags"));
    weft_node_put(root, "schema", AT, schema_of(&writer, name));
    if (owner != NULL)
        weft_node_put(root, "team", AT, team_of(reader, owner));
    put_list(root, "slaProperties", weft_odcs_write_sla(reader, document, name));
    put_list(root, "customProperties", custom_of(reader, document));
    return reader->nomem ? NULL : root;
}
