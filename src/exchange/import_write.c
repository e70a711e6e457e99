/*
 * import_write.c - a draft as the text of a product file, laid out as `weft fmt` does.
 *
 * Where not all columns are known with their types, a schema would promise too much: it would drop
 * the columns that it does not name. Then the rules of fields are written as checks.
 */
#include "exchange/import.h"

#include "base/text.h"
#include "codec/yaml_format.h"

#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

/* In quotes; the formatter takes needless ones away. */
static void put_text(struct weft_buf *out, const char *text)
{
    weft_yaml_put_quoted(out, text, strlen(text));
}

static void put_key(struct weft_buf *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    weft_buf_addf(out, "%s: ", key);
    put_text(out, text);
    weft_buf_addc(out, '\n');
}

static void put_list(struct weft_buf *out, const struct weft_texts *texts)
{
    weft_buf_addc(out, '[');
    for (size_t i = 0; i < texts->count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        put_text(out, texts->items[i]);
    }
    weft_buf_addc(out, ']');
}

/* ---- fields ---- */

static void put_on_fail(struct weft_buf *out, const struct weft_import_field *field)
{
    bool any = false;
    for (int i = 0; i < WEFT_FIELD_RULE_COUNT; i++) {
        if (field->on_fail[i] <= WEFT_ON_FAIL_QUARANTINE)
            continue;
        weft_buf_addf(out, "%s%s: %s", any ? ", " : ", on_fail: {",
                      weft_field_rule_name((enum weft_field_rule)i),
                      weft_on_fail_name((enum weft_on_fail)field->on_fail[i]));
        any = true;
    }
    weft_buf_adds(out, any ? "}" : "");
}

static void put_member(struct weft_buf *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    weft_buf_addf(out, ", %s: ", key);
    put_text(out, text);
}

static void write_field(struct weft_buf *out, const struct weft_import_field *field)
{
    weft_buf_addf(out, "  - {name: %s, type: ", field->name);
    put_text(out, field->type);
    weft_buf_adds(out, field->required ? ", required: true" : "");
    put_member(out, "pattern", field->pattern);
    if (field->values.count > 0) {
        weft_buf_adds(out, ", enum: ");
        put_list(out, &field->values);
    }
    put_member(out, "min", field->min);
    put_member(out, "max", field->max);
    if (field->min_length >= 0)
        weft_buf_addf(out, ", min_length: %" PRId64, field->min_length);
    if (field->max_length >= 0)
        weft_buf_addf(out, ", max_length: %" PRId64, field->max_length);
    weft_buf_adds(out, field->unique ? ", unique: true" : "");
    put_member(out, "references", field->references);
    put_member(out, "classification", field->classification);
    put_member(out, "description", field->description);
    put_on_fail(out, field);
    weft_buf_adds(out, "}\n");
}

/* ---- rules of fields as checks ---- */

struct rules {
    struct weft_import *import;
    struct weft_import_product *product; /* a copy: the draft stays */
    struct weft_error *error;
};

static int rule_add(struct rules *rules, const struct weft_import_field *field,
                    enum weft_field_rule rule, bool table, struct weft_buf *text)
{
    int on_fail = field->on_fail[rule];
    WEFT_TRY(weft_buf_check(text, rules->error));
    struct weft_import_check check = {
        .name = weft_arena_format(rules->import->arena, "%.30s_%s", field->name,
                                  weft_field_rule_name(rule)),
        .on_fail = on_fail,
    };
    const char *sql = weft_arena_strdup(rules->import->arena, text->data);
    if (check.name == NULL || sql == NULL)
        return weft_error_nomem(rules->error);
    *(table ? &check.sql : &check.condition) = sql;
    weft_buf_clear(text);
    return weft_import_check_add(rules->import, rules->product, &check, rules->error);
}

static void put_value(struct weft_buf *out, const struct weft_import_field *field,
                      const char *value)
{
    if (field->numbers)
        weft_buf_adds(out, value);
    else
        weft_buf_add_sql_text(out, value, strlen(value));
}

static int bounds_add(struct rules *rules, const struct weft_import_field *field,
                      struct weft_buf *text)
{
    const char *const bounds[] = {field->min, field->max};
    const int64_t lengths[] = {field->min_length, field->max_length};
    for (int i = 0; i < 2; i++) {
        if (bounds[i] != NULL) {
            weft_buf_add_sql_name(text, field->source);
            weft_buf_adds(text, i == 0 ? " >= " : " <= ");
            put_value(text, field, bounds[i]);
            WEFT_TRY(rule_add(rules, field, i == 0 ? WEFT_RULE_MIN : WEFT_RULE_MAX, false, text));
        }
        if (lengths[i] >= 0) {
            weft_buf_adds(text, "length(");
            weft_buf_add_sql_name(text, field->source);
            weft_buf_addf(text, ") %s %" PRId64, i == 0 ? ">=" : "<=", lengths[i]);
            WEFT_TRY(rule_add(rules, field, i == 0 ? WEFT_RULE_MIN_LENGTH : WEFT_RULE_MAX_LENGTH,
                              false, text));
        }
    }
    return 0;
}

static int unique_add(struct rules *rules, const struct weft_import_field *field,
                      struct weft_buf *text)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    weft_buf_init(&name, 4096);
    weft_buf_add_sql_name(&name, field->source);
    weft_buf_addf(text, "select %s from this where %s is not null group by %s having count(*) > 1",
                  name.data, name.data, name.data);
    WEFT_TRY(weft_buf_check(&name, rules->error));
    return rule_add(rules, field, WEFT_RULE_UNIQUE, true, text);
}

static int field_checks(struct rules *rules, const struct weft_import_field *field)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    if (field->required) {
        weft_buf_add_sql_name(&text, field->source);
        weft_buf_adds(&text, " is not null");
        WEFT_TRY(rule_add(rules, field, WEFT_RULE_REQUIRED, false, &text));
    }
    if (field->pattern != NULL) {
        weft_buf_adds(&text, "regexp_full_match(");
        weft_buf_add_sql_name(&text, field->source);
        weft_buf_adds(&text, ", ");
        weft_buf_add_sql_text(&text, field->pattern, strlen(field->pattern));
        weft_buf_addc(&text, ')');
        WEFT_TRY(rule_add(rules, field, WEFT_RULE_PATTERN, false, &text));
    }
    if (field->values.count > 0) {
        weft_buf_add_sql_name(&text, field->source);
        weft_buf_adds(&text, " in (");
        for (size_t i = 0; i < field->values.count; i++) {
            weft_buf_adds(&text, i == 0 ? "" : ", ");
            put_value(&text, field, field->values.items[i]);
        }
        weft_buf_addc(&text, ')');
        WEFT_TRY(rule_add(rules, field, WEFT_RULE_ENUM, false, &text));
    }
    WEFT_TRY(bounds_add(rules, field, &text));
    return field->unique ? unique_add(rules, field, &text) : 0;
}

/* A key without a schema: not null by row, unique by table. */
static int key_checks(struct rules *rules, const struct weft_import_product *product)
{
    struct weft_arena *arena = rules->import->arena;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    weft_buf_init(&names, TEXT_MAX);
    if (product->key.count == 0)
        return 0;
    for (size_t i = 0; i < product->key.count; i++) {
        weft_buf_adds(&names, i == 0 ? "" : ", ");
        weft_buf_add_sql_name(&names, product->key.items[i]);
    }
    WEFT_TRY(weft_buf_check(&names, rules->error));
    struct weft_import_check check = {
        .name = "key_unique",
        .sql = weft_arena_format(arena, "select %s from this group by %s having count(*) > 1",
                                 names.data, names.data),
        .on_fail = product->key_on_fail,
    };
    if (check.sql == NULL)
        return weft_error_nomem(rules->error);
    return weft_import_check_add(rules->import, rules->product, &check, rules->error);
}

/* ---- the whole ---- */

static void write_head(struct weft_buf *out, const struct weft_import *import,
                       const struct weft_import_product *product)
{
    weft_buf_adds(out, "# Imported from ");
    for (const char *c = import->shown; *c != '\0'; c++)
        weft_buf_addc(out, (unsigned char)*c < 0x20 ? ' ' : *c);
    weft_buf_addc(out, '\n');
    put_key(out, "owner", product->owner);
    weft_buf_addf(out, "version: %s\n", product->version);
    put_key(out, "description", product->description);
    put_key(out, "status", product->status);
    if (product->tags.count > 0) {
        weft_buf_adds(out, "tags: ");
        put_list(out, &product->tags);
        weft_buf_addc(out, '\n');
    }
}

static void write_ports(struct weft_buf *out, const struct weft_import_product *product)
{
    if (product->port_count > 0)
        weft_buf_adds(out, "inputs:\n");
    for (size_t i = 0; i < product->port_count; i++) {
        const struct weft_import_port *port = &product->ports[i];
        weft_buf_addf(out, "  %s:\n    # %s\n    files: ", port->name, port->comment);
        put_text(out, port->files);
        weft_buf_addc(out, '\n');
    }
}

static void write_key(struct weft_buf *out, const struct weft_import_product *product)
{
    if (product->key.count == 0 || !product->schema_whole)
        return;
    weft_buf_adds(out, product->key_on_fail == WEFT_ON_FAIL_BLOCK ? "key: {fields: " : "key: ");
    put_list(out, &product->key);
    weft_buf_adds(out, product->key_on_fail == WEFT_ON_FAIL_BLOCK ? ", on_fail: block}\n" : "\n");
}

static void write_rows(struct weft_buf *out, const struct weft_import_product *product)
{
    if (product->rows_min < 0 && product->rows_max < 0)
        return;
    bool warn = product->rows_on_fail == WEFT_ON_FAIL_WARN;
    weft_buf_adds(out, "  rows: {");
    if (product->rows_min >= 0)
        weft_buf_addf(out, "min: %" PRId64 "%s", product->rows_min,
                      product->rows_max >= 0 ? ", " : "");
    if (product->rows_max >= 0)
        weft_buf_addf(out, "max: %" PRId64, product->rows_max);
    weft_buf_adds(out, warn ? ", on_fail: warn}\n" : "}\n");
}

static void write_quality(struct weft_buf *out, const struct weft_import_product *product)
{
    if (product->rows_min >= 0 || product->rows_max >= 0 || product->completeness_count > 0 ||
        product->check_count > 0)
        weft_buf_adds(out, "quality:\n");
    write_rows(out, product);
    for (size_t i = 0; i < product->completeness_count; i++) {
        const struct weft_completeness *item = product->completeness[i];
        weft_buf_adds(out, i == 0 ? "  completeness:\n" : "");
        weft_buf_addf(out, "    %s: {min: %.15g%s}\n", item->field, item->min,
                      item->on_fail == WEFT_ON_FAIL_WARN ? ", on_fail: warn" : "");
    }
    weft_buf_adds(out, product->check_count > 0 ? "  checks:\n" : "");
    for (size_t i = 0; i < product->check_count; i++) {
        const struct weft_import_check *check = &product->checks[i];
        int otherwise = check->sql == NULL ? WEFT_ON_FAIL_QUARANTINE : WEFT_ON_FAIL_BLOCK;
        weft_buf_addf(out, "    - name: %s\n      %s: ", check->name,
                      check->sql == NULL ? "condition" : "sql");
        put_text(out, check->sql == NULL ? check->condition : check->sql);
        weft_buf_addc(out, '\n');
        if (check->on_fail > WEFT_ON_FAIL_QUARANTINE && check->on_fail != otherwise)
            weft_buf_addf(out, "      on_fail: %s\n",
                          weft_on_fail_name((enum weft_on_fail)check->on_fail));
        if (check->description != NULL) {
            weft_buf_adds(out, "      description: ");
            put_text(out, check->description);
            weft_buf_addc(out, '\n');
        }
    }
}

static void write_all(struct weft_buf *out, const struct weft_import *import,
                      const struct weft_import_product *product, const char *sql_name)
{
    write_head(out, import, product);
    write_ports(out, product);
    put_key(out, "sql_file", sql_name);
    if (product->schema_whole && product->field_count > 0)
        weft_buf_adds(out, "schema:\n");
    for (size_t i = 0; product->schema_whole && i < product->field_count; i++)
        write_field(out, &product->fields[i]);
    write_key(out, product);
    write_quality(out, product);
}

static int text_format(struct weft_import *import, const struct weft_buf *text,
                       struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    WEFT_TRY(weft_buf_check(text, error));
    int rc = weft_yaml_format(import->arena, text->data, text->length, "data_product.yaml", &diag,
                              out, error);
    if (rc > 0 && weft_diag_check(&diag, error) < 0)
        return weft_error_prefix(error, "the product file made from %s", import->shown);
    return rc > 0 ? weft_error_set(error, WEFT_E_INTERNAL, "a product file was not made") : rc;
}

int weft_import_product_write(struct weft_import *import, const struct weft_import_product *product,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf formatted;
    struct weft_import_product written = *product;
    struct rules rules = {import, &written, error};
    const char *sql_name = NULL;
    weft_buf_init(&text, TEXT_MAX);
    weft_buf_init(&formatted, TEXT_MAX);
    written.check_capacity = written.check_count; /* the draft's own array is not added to */
    for (size_t i = 0; !product->schema_whole && i < product->field_count; i++)
        WEFT_TRY(field_checks(&rules, &product->fields[i]));
    if (!product->schema_whole)
        WEFT_TRY(key_checks(&rules, product));
    if (product->sql != NULL) {
        /* data_product.v1.yaml has its SQL in orders.v1.sql. */
        const char *version = product->file_name + strlen("data_product");
        sql_name = weft_arena_format(import->arena, "%s%.*s.sql", product->name,
                                     (int)strcspn(version + 1, ".") + 1, version);
        if (strcmp(version, ".yaml") == 0)
            sql_name = weft_arena_format(import->arena, "%s.sql", product->name);
        if (sql_name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_import_file_add(import, product->domain, product->name, sql_name,
                                      product->sql, strlen(product->sql), error));
    }
    write_all(&text, import, &written, sql_name);
    WEFT_TRY(text_format(import, &text, &formatted, error));
    return weft_import_file_add(import, product->domain, product->name, product->file_name,
                                formatted.data, formatted.length, error);
}
