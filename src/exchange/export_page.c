/*
 * export_page.c - a product as a page for people: who answers for it, what it promises, its
 * columns and what is checked. Markdown as most forges show it.
 */
#include "exchange/export.h"

#include "document/reader.h"

#include <string.h>

/* Text in a table: on one line, without what Markdown takes for something else. */
static void add_text(struct weft_buf *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '\n')
            weft_buf_addc(out, ' ');
        else if (strchr("|<*_`\\[", *text) != NULL)
            weft_buf_addf(out, "\\%c", *text);
        else
            weft_buf_addc(out, *text);
    }
}

static void add_row(struct weft_buf *out, const char *what, const char *text)
{
    if (text == NULL)
        return;
    weft_buf_addf(out, "| %s | ", what);
    add_text(out, text);
    weft_buf_adds(out, " |\n");
}

static void add_head(struct weft_buf *out, const struct weft_product *product)
{
    weft_buf_addf(out, "# %s\n\n", product->full_name);
    if (product->description != NULL)
        weft_buf_addf(out, "%s\n\n", product->description);
    weft_buf_adds(out, "| | |\n|---|---|\n");
    add_row(out, "version", product->version);
    add_row(out, "status", weft_status_name(product->status));
    add_row(out, "owner", product->owner);
    add_row(out, "type", product->type);
    add_row(out, "terms of use", product->terms_of_use);
    for (size_t i = 0; i < product->tags.count; i++)
        weft_buf_addf(out, "%s%s", i == 0 ? "| tags | " : ", ", product->tags.items[i]);
    weft_buf_adds(out, product->tags.count > 0 ? " |\n" : "");
    for (size_t i = 0; i < product->key.count; i++)
        weft_buf_addf(out, "%s%s", i == 0 ? "| key | " : ", ", product->key.items[i]);
    weft_buf_adds(out, product->key.count > 0 ? " |\n" : "");
    for (size_t i = 0; i < product->input_count; i++) {
        const struct weft_input *input = &product->inputs[i];
        add_row(out, "reads",
                input->product != NULL ? input->product
                : input->files != NULL ? input->files
                                       : input->connection);
    }
}

static void add_rules(struct weft_buf *out, const struct weft_field *field)
{
    const char *comma = "";
    for (int rule = WEFT_RULE_REQUIRED; rule < WEFT_FIELD_RULE_COUNT; rule++) {
        if (!weft_field_has_rule(field, rule))
            continue;
        weft_buf_addf(out, "%s", comma);
        add_text(out, weft_field_rule_name((enum weft_field_rule)rule));
        const char *value = rule == WEFT_RULE_PATTERN      ? field->pattern
                            : rule == WEFT_RULE_MIN        ? field->min
                            : rule == WEFT_RULE_MAX        ? field->max
                            : rule == WEFT_RULE_REFERENCES ? field->references
                                                           : NULL;
        if (value != NULL)
            weft_buf_addc(out, ' ');
        add_text(out, value);
        if (rule == WEFT_RULE_MIN_LENGTH || rule == WEFT_RULE_MAX_LENGTH)
            weft_buf_addf(out, " %" PRId64,
                          rule == WEFT_RULE_MIN_LENGTH ? field->min_length : field->max_length);
        for (size_t i = 0; rule == WEFT_RULE_ENUM && i < field->values.count; i++) {
            weft_buf_adds(out, i == 0 ? " " : " or ");
            add_text(out, field->values.items[i]);
        }
        comma = "; ";
    }
}

static void add_columns(struct weft_buf *out, const struct weft_fields *fields)
{
    weft_buf_adds(out, "\n## Columns\n\n");
    if (fields->count == 0) {
        weft_buf_adds(out, "They are detected by the first run.\n");
        return;
    }
    weft_buf_adds(out, "| column | type | rules | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        struct weft_buf type;
        weft_buf_init(&type, 1 << 20);
        weft_type_print(field->type, &type);
        weft_buf_addf(out, "| `%s` | ", field->name);
        add_text(out, type.data);
        weft_buf_release(&type);
        weft_buf_adds(out, " | ");
        add_rules(out, field);
        weft_buf_adds(out, " | ");
        add_text(out, field->description);
        if (field->classification != NULL) {
            weft_buf_adds(out, " (");
            add_text(out, field->classification);
            weft_buf_addc(out, ')');
        }
        weft_buf_adds(out, " |\n");
    }
}

static void add_table_rules(struct weft_buf *out, const char *what,
                            const struct weft_rows_rule *rule)
{
    if (rule->min >= 0)
        weft_buf_addf(out, "| %s | at least %" PRId64 " | %s |\n", what, rule->min,
                      weft_on_fail_name(rule->on_fail));
    if (rule->max >= 0)
        weft_buf_addf(out, "| %s | at most %" PRId64 " | %s |\n", what, rule->max,
                      weft_on_fail_name(rule->on_fail));
    if (rule->change >= 0)
        weft_buf_addf(out, "| %s | change by at most %g%% | %s |\n", what, rule->change * 100,
                      weft_on_fail_name(rule->on_fail));
}

static void add_quality(struct weft_buf *out, const struct weft_quality *quality)
{
    weft_buf_adds(out, "\n## Quality\n\n| what | rule | on failure |\n|---|---|---|\n");
    for (size_t i = 0; i < quality->completeness_count; i++) {
        const struct weft_completeness *one = &quality->completeness[i];
        weft_buf_addf(out, "| completeness of %s | at least %g%% | %s |\n",
                      one->field == NULL ? "every column" : one->field, one->min * 100,
                      weft_on_fail_name(one->on_fail));
    }
    if (quality->freshness_us > 0) {
        char within[32];
        weft_duration_print(quality->freshness_us, within);
        weft_buf_addf(out, "| freshness%s%s | within %s | told |\n",
                      quality->freshness_field == NULL ? "" : " of ",
                      quality->freshness_field == NULL ? "" : quality->freshness_field, within);
    }
    add_table_rules(out, "rows", &quality->rows);
    add_table_rules(out, "rows of a run", &quality->batch);
    for (size_t i = 0; i < quality->check_count; i++) {
        const struct weft_check *check = &quality->checks[i];
        weft_buf_adds(out, "| ");
        add_text(out, check->name);
        weft_buf_adds(out, " | ");
        add_text(out, check->description != NULL ? check->description
                      : check->condition != NULL ? check->condition
                                                 : check->sql);
        weft_buf_addf(out, " | %s |\n", weft_on_fail_name(check->on_fail));
    }
}

int weft_product_print_markdown(const struct weft_product *product, struct weft_buf *out,
                                struct weft_error *error)
{
    const struct weft_quality *quality = &product->quality;
    add_head(out, product);
    add_columns(out, &product->schema);
    if (quality->completeness_count > 0 || quality->freshness_us > 0 || quality->rows.min >= 0 ||
        quality->rows.max >= 0 || quality->rows.change >= 0 || quality->batch.min >= 0 ||
        quality->batch.max >= 0 || quality->batch.change >= 0 || quality->check_count > 0)
        add_quality(out, quality);
    return weft_buf_check(out, error);
}
