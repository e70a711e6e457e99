/*
 * document.c - the canonical document of a product: JSON under the keys of the product file. Short
 * forms are written out, defaults left out, variables expanded, an SQL file's text stands in place
 * of its name; so that two spellings of one thing give one document and one digest.
 *
 * What has a member in the struct is written from it. The rest (tests, run, access ...) is written
 * from the tree by the table of keys, which says what is a number, a duration or a list.
 */
#include "document/registered.h"
#include "document/tree.h"
#include "model/product_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

#define DOCUMENT_MAX (8 * 1024 * 1024)
#define EXACT_INT_MAX (INT64_C(1) << 53)

typedef struct weft_json_writer writer;

static void put_count(writer *w, const char *key, int64_t value, int64_t otherwise)
{
    if (value == otherwise)
        return;
    weft_json_key(w, key);
    if (value <= EXACT_INT_MAX) {
        weft_json_put_int(w, value);
        return;
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRId64, value);
    weft_json_put_text_n(w, text, (size_t)length);
}

static void put_share(writer *w, const char *key, double value, double otherwise)
{
    if (value == otherwise)
        return;
    weft_json_key(w, key);
    weft_json_put_double(w, value);
}

static void put_text(writer *w, const char *key, const char *text)
{
    if (text != NULL)
        weft_json_member_text(w, key, text);
}

static void put_translations(writer *w, const char *key, const char *text,
                             const struct weft_translations *translations)
{
    if (translations->count == 0) {
        put_text(w, key, text);
        return;
    }
    weft_json_key(w, key);
    weft_json_begin_object(w);
    for (size_t i = 0; i < translations->count; i++)
        weft_json_member_text(w, translations->items[i].language, translations->items[i].text);
    weft_json_end_object(w);
}

static void put_on_fail(writer *w, enum weft_on_fail on_fail, enum weft_on_fail otherwise)
{
    if (on_fail != otherwise)
        weft_json_member_text(w, "on_fail", weft_on_fail_name(on_fail));
}

static void put_duration(writer *w, const char *key, int64_t us)
{
    char text[32];
    weft_duration_print(us, text);
    weft_json_member_text(w, key, text);
}

/* ---- fields ---- */

/* Only for rules the field has: `on_fail: block` and its long form say the same. */
static void put_field_on_fail(writer *w, const struct weft_field *field)
{
    bool any = false;
    for (int rule = 0; rule < WEFT_FIELD_RULE_COUNT; rule++) {
        if (field->on_fail[rule] == WEFT_ON_FAIL_QUARANTINE || !weft_field_has_rule(field, rule))
            continue;
        if (!any) {
            weft_json_key(w, "on_fail");
            weft_json_begin_object(w);
        }
        any = true;
        weft_json_member_text(w, weft_field_rule_name((enum weft_field_rule)rule),
                              weft_on_fail_name(field->on_fail[rule]));
    }
    if (any)
        weft_json_end_object(w);
}

static void put_field(writer *w, const struct weft_field *field, bool in_key, struct weft_buf *type)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "name", field->name);
    weft_buf_clear(type);
    weft_type_print(field->type, type);
    w->out->failed = w->out->failed || type->failed;
    if (field->type->kind != WEFT_TYPE_STRING)
        weft_json_member_text(w, "type", type->data);
    if (field->required && !in_key)
        weft_json_member_bool(w, "required", true);
    put_text(w, "pattern", field->pattern);
    weft_json_member_texts(w, "enum", field->values, false);
    put_text(w, "min", field->min);
    put_text(w, "max", field->max);
    put_count(w, "min_length", field->min_length, -1);
    put_count(w, "max_length", field->max_length, -1);
    if (field->unique)
        weft_json_member_bool(w, "unique", true);
    put_text(w, "references", field->references);
    put_translations(w, "description", field->description, &field->descriptions);
    put_text(w, "classification", field->classification);
    put_text(w, "means", field->means);
    put_text(w, "was", field->was);
    if (field->from != NULL && strcmp(field->from, field->name) != 0)
        weft_json_member_text(w, "from", field->from);
    put_field_on_fail(w, field);
    weft_json_end_object(w);
}

static void put_fields(writer *w, const struct weft_fields *fields, struct weft_texts key)
{
    if (fields->count == 0)
        return;
    struct weft_buf type;
    weft_buf_init(&type, DOCUMENT_MAX);
    weft_json_key(w, "schema");
    weft_json_begin_array(w);
    for (size_t i = 0; i < fields->count; i++)
        put_field(w, &fields->items[i], weft_texts_have(&key, fields->items[i].name), &type);
    weft_json_end_array(w);
    weft_buf_release(&type);
}

/* ---- inputs ---- */

static void put_char(writer *w, const char *key, char c, char otherwise)
{
    if (c == otherwise)
        return;
    weft_json_key(w, key);
    weft_json_put_text_n(w, &c, c == '\0' ? 0 : 1);
}

static bool options_are_set(const struct weft_input *input)
{
    const struct weft_csv_options *csv = &input->csv;
    return csv->delimiter != (input->format == WEFT_FORMAT_TSV ? '\t' : ',') || csv->quote != '"' ||
           csv->escape != csv->quote || !csv->header || csv->skip != 0 || csv->nulls_given ||
           csv->date_format != NULL || csv->timestamp_format != NULL ||
           strcmp(csv->encoding, "utf-8") != 0 || csv->decimal_separator != '.';
}

static void put_options(writer *w, const struct weft_input *input)
{
    const struct weft_csv_options *csv = &input->csv;
    if (!options_are_set(input))
        return;
    weft_json_key(w, "options");
    weft_json_begin_object(w);
    put_char(w, "delimiter", csv->delimiter, input->format == WEFT_FORMAT_TSV ? '\t' : ',');
    put_char(w, "quote", csv->quote, '"');
    put_char(w, "escape", csv->escape, csv->quote);
    if (!csv->header)
        weft_json_member_bool(w, "header", false);
    put_count(w, "skip", csv->skip, 0);
    weft_json_member_texts(w, "null", csv->nulls, csv->nulls_given);
    put_text(w, "date_format", csv->date_format);
    put_text(w, "timestamp_format", csv->timestamp_format);
    if (strcmp(csv->encoding, "utf-8") != 0)
        put_text(w, "encoding", csv->encoding);
    put_char(w, "decimal_separator", csv->decimal_separator, '.');
    weft_json_end_object(w);
}

static void put_input(writer *w, const struct weft_input *input)
{
    static const char *const extra[] = {"warn", "ignore", "refuse"};
    weft_json_key(w, input->name);
    weft_json_begin_object(w);
    if (input->patterns.count == 1)
        put_text(w, "files", input->files);
    else
        weft_json_member_texts(w, "files", input->patterns, false);
    put_text(w, "product", input->product);
    put_text(w, "connection", input->connection);
    if (input->kind == WEFT_INPUT_FILES) {
        /* Written even when guessed: how names are guessed may change, the meaning must not. */
        put_text(w, "format", weft_format_name(input->format));
        put_options(w, input);
        if (input->extra_columns != WEFT_EXTRA_WARN)
            put_text(w, "extra_columns", extra[input->extra_columns]);
    }
    put_fields(w, &input->schema, (struct weft_texts){0});
    if (input->read == WEFT_READ_NEW)
        put_text(w, "read", "new");
    put_text(w, "done", input->done);
    put_text(w, "error", input->error);
    weft_json_end_object(w);
}

static void put_number(writer *w, const char *key, double value, double otherwise)
{
    if (value == otherwise)
        return;
    weft_json_key(w, key);
    weft_json_put_double(w, value);
}

static void put_graph(writer *w, const struct weft_graph *graph)
{
    weft_json_key(w, "graph");
    weft_json_begin_object(w);
    put_text(w, "algorithm", weft_graph_algorithm_name(graph->algorithm));
    put_text(w, "edges", graph->edges);
    put_count(w, "seed", graph->seed, 1);
    put_number(w, "resolution", graph->resolution, 1);
    put_number(w, "damping", graph->damping, WEFT_MODEL_DAMPING);
    weft_json_end_object(w);
}

static void put_inputs(writer *w, const struct weft_product *product)
{
    static const char *const writes[] = {"replace", "append", "upsert"};
    if (product->input_count > 0) {
        weft_json_key(w, "inputs");
        weft_json_begin_object(w);
        for (size_t i = 0; i < product->input_count; i++)
            put_input(w, &product->inputs[i]);
        weft_json_end_object(w);
    }
    if (product->write != weft_product_write_default(product))
        put_text(w, "write", writes[product->write]);
    put_text(w, "order_by", product->order_by);
    put_text(w, "sql", product->sql);
    if (product->graph != NULL)
        put_graph(w, product->graph);
}

/* ---- quality ---- */

static bool rows_rule_is_set(const struct weft_rows_rule *rule)
{
    return rule->min >= 0 || rule->max >= 0 || rule->change >= 0;
}

static void put_rows(writer *w, const char *key, const struct weft_rows_rule *rule)
{
    if (!rows_rule_is_set(rule))
        return;
    weft_json_key(w, key);
    weft_json_begin_object(w);
    put_count(w, "min", rule->min, -1);
    put_count(w, "max", rule->max, -1);
    put_share(w, "change", rule->change, -1);
    put_on_fail(w, rule->on_fail, WEFT_ON_FAIL_BLOCK);
    weft_json_end_object(w);
}

static void put_completeness(writer *w, const struct weft_quality *quality)
{
    if (quality->completeness_count == 0)
        return;
    weft_json_key(w, "completeness");
    weft_json_begin_array(w);
    for (size_t i = 0; i < quality->completeness_count; i++) {
        const struct weft_completeness *one = &quality->completeness[i];
        weft_json_begin_object(w);
        put_text(w, "field", one->field);
        put_share(w, "min", one->min, -1);
        put_on_fail(w, one->on_fail, WEFT_ON_FAIL_BLOCK);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
}

static void put_freshness(writer *w, const struct weft_quality *quality)
{
    if (quality->freshness_us == 0)
        return;
    if (quality->freshness_field == NULL) {
        put_duration(w, "freshness", quality->freshness_us);
        return;
    }
    weft_json_key(w, "freshness");
    weft_json_begin_object(w);
    put_text(w, "field", quality->freshness_field);
    put_duration(w, "within", quality->freshness_us);
    weft_json_end_object(w);
}

static void put_checks(writer *w, const struct weft_quality *quality)
{
    if (quality->check_count == 0)
        return;
    weft_json_key(w, "checks");
    weft_json_begin_array(w);
    for (size_t i = 0; i < quality->check_count; i++) {
        const struct weft_check *check = &quality->checks[i];
        weft_json_begin_object(w);
        put_text(w, "name", check->name);
        put_text(w, "condition", check->condition);
        put_text(w, "sql", check->sql);
        put_text(w, "description", check->description);
        put_on_fail(w, check->on_fail,
                    check->sql != NULL ? WEFT_ON_FAIL_BLOCK : WEFT_ON_FAIL_QUARANTINE);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
}

static bool quality_is_set(const struct weft_quality *quality)
{
    return quality->completeness_count > 0 || quality->freshness_us > 0 ||
           rows_rule_is_set(&quality->rows) || rows_rule_is_set(&quality->batch) ||
           quality->quarantine_max != 1 || quality->quarantine_max_on_fail != WEFT_ON_FAIL_BLOCK ||
           quality->check_count > 0;
}

static void put_quality(writer *w, const struct weft_quality *quality)
{
    weft_json_key(w, "quality");
    weft_json_begin_object(w);
    put_completeness(w, quality);
    put_freshness(w, quality);
    put_rows(w, "rows", &quality->rows);
    put_rows(w, "batch", &quality->batch);
    if (quality->quarantine_max_on_fail != WEFT_ON_FAIL_BLOCK) {
        weft_json_key(w, "quarantine_max");
        weft_json_begin_object(w);
        put_share(w, "max", quality->quarantine_max, -1);
        put_on_fail(w, quality->quarantine_max_on_fail, WEFT_ON_FAIL_BLOCK);
        weft_json_end_object(w);
    } else
        put_share(w, "quarantine_max", quality->quarantine_max, 1);
    put_checks(w, quality);
    weft_json_end_object(w);
}

/* ---- what has no member ---- */

static void put_by_key(writer *w, const struct weft_node *node, const struct weft_key *key);

static void put_section(writer *w, const struct weft_node *node, enum weft_section section)
{
    weft_json_begin_object(w);
    for (size_t i = 0; i < node->count; i++) {
        const struct weft_key *key = weft_keys_find(section, node->keys[i]);
        if (key == NULL || (node->items[i]->kind == WEFT_NODE_VALUE && key->otherwise != NULL &&
                            strcmp(key->otherwise, node->items[i]->text) == 0))
            continue;
        weft_json_key(w, node->keys[i]);
        put_by_key(w, node->items[i], key);
    }
    weft_json_end_object(w);
}

static void put_value(writer *w, const struct weft_node *node, const struct weft_key *key)
{
    char text[32];
    if (key->value == WEFT_VALUE_BOOL)
        weft_json_put_bool(w, weft_node_bool(node, false));
    else if (key->value == WEFT_VALUE_DURATION) {
        weft_duration_print(weft_node_duration(node, 0), text);
        weft_json_put_text(w, text);
    } else if (key->value == WEFT_VALUE_COUNT && weft_node_count(node, 0) <= EXACT_INT_MAX)
        weft_json_put_int(w, weft_node_count(node, 0));
    else
        weft_json_put_text(w, node->text);
}

static void put_by_key(writer *w, const struct weft_node *node, const struct weft_key *key)
{
    if (node->kind == WEFT_NODE_MAP && (key->shapes & WEFT_SHAPE_MAP))
        put_section(w, node, key->section);
    else if (node->kind == WEFT_NODE_LIST && (key->shapes & WEFT_SHAPE_MAPS)) {
        weft_json_begin_array(w);
        for (size_t i = 0; i < node->count; i++)
            put_section(w, node->items[i], key->section);
        weft_json_end_array(w);
    } else if (node->kind == WEFT_NODE_VALUE && (key->shapes & WEFT_SHAPE_LIST)) {
        weft_json_begin_array(w);
        weft_json_put_text(w, node->text);
        weft_json_end_array(w);
    } else if (node->kind == WEFT_NODE_VALUE && !(key->shapes & WEFT_SHAPE_ANY))
        put_value(w, node, key);
    else
        weft_node_print_texts(node, w);
}

static void put_rest(writer *w, const struct weft_node *root)
{
    const struct weft_node *odcs = weft_node_get(root, WEFT_ODCS_KEY);
    if (weft_node_is_set(odcs)) {
        weft_json_key(w, WEFT_ODCS_KEY);
        weft_node_print_json(odcs, w); /* its numbers are given back as numbers */
    }
    static const char *const keys[] = {"deprecated", "contract", "tests",   "run",
                                       "retention",  "access",   "protect", "outputs"};
    for (size_t i = 0; i < WEFT_COUNT(keys); i++) {
        const struct weft_node *node = weft_node_get(root, keys[i]);
        if (!weft_node_is_set(node))
            continue;
        weft_json_key(w, keys[i]);
        put_by_key(w, node, weft_keys_find(WEFT_SECTION_PRODUCT, keys[i]));
    }
}

/* ---- the whole ---- */

static void put_storage(writer *w, const struct weft_product *product)
{
    put_text(w, "location", product->location);
    weft_json_member_texts(w, "partition", product->partition, false);
    if (product->sort_count > 0) {
        weft_json_key(w, "sort");
        weft_json_begin_array(w);
        for (size_t i = 0; i < product->sort_count; i++) {
            char text[WEFT_DOCUMENT_SCALAR_MAX + 8];
            int length = snprintf(text, sizeof text, "%s%s", product->sort[i].field,
                                  product->sort[i].descending ? " desc" : "");
            weft_json_put_text_n(w, text, (size_t)length);
        }
        weft_json_end_array(w);
    }
    put_fields(w, &product->schema, product->key);
    if (product->key.count == 0)
        return;
    if (product->key_on_fail == WEFT_ON_FAIL_QUARANTINE) {
        weft_json_member_texts(w, "key", product->key, false);
        return;
    }
    weft_json_key(w, "key");
    weft_json_begin_object(w);
    weft_json_member_texts(w, "fields", product->key, false);
    put_on_fail(w, product->key_on_fail, WEFT_ON_FAIL_QUARANTINE);
    weft_json_end_object(w);
}

static void put_product(writer *w, const struct weft_product *product, const struct weft_node *root)
{
    weft_json_begin_object(w);
    put_text(w, "name", product->name);
    put_text(w, "domain", product->domain);
    put_text(w, "owner", product->owner);
    put_text(w, "version", product->version);
    put_translations(w, "description", product->description, &product->descriptions);
    put_text(w, "type", product->type);
    weft_json_member_texts(w, "tags", product->tags, false);
    weft_json_member_texts(w, "regulations", product->regulations, false);
    if (product->status != WEFT_STATUS_ACTIVE)
        put_text(w, "status", weft_status_name(product->status));
    if (strcmp(product->discoverable, "mesh") != 0)
        put_text(w, "discoverable", product->discoverable);
    put_text(w, "was", product->was);
    put_text(w, "terms_of_use", product->terms_of_use);
    put_inputs(w, product);
    put_storage(w, product);
    if (quality_is_set(&product->quality))
        put_quality(w, &product->quality);
    put_rest(w, root);
    weft_json_end_object(w);
}

int weft_product_write_document(struct weft_product *product, const struct weft_node *root,
                                struct weft_arena *arena, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf plain;
    struct weft_json_writer w;
    weft_buf_init(&plain, DOCUMENT_MAX);
    weft_json_writer_init(&w, &plain);
    put_product(&w, product, root);
    return weft_document_make(&plain, DOCUMENT_MAX, arena, &product->document, product->digest,
                              error);
}
