/*
 * rules.c - builds the rules of a run and prints them as SQL (rules_internal.h).
 */
#include "job/rules_internal.h"

#include "base/text.h"
#include "resolver/resolver.h"

#include <string.h>

struct rules_builder {
    struct job_rules *rules;
    struct weft_arena *arena;
    struct weft_engine *engine;
    const struct weft_product *product;
    const struct job_columns *columns;
    int64_t now_us;
    struct weft_error *error;
};

static int rule_add(struct rules_builder *b, struct job_rule rule)
{
    struct job_rules *rules = b->rules;
    for (size_t i = 0; i < rules->count; i++) {
        if (strcmp(rules->items[i].id, rule.id) == 0)
            return 0; /* the same field in the input's and the product's schema */
    }
    if (weft_arena_reserve(b->arena, &rules->items, &rules->capacity, rules->count + 1,
                           sizeof *rules->items) < 0)
        return weft_error_nomem(b->error);
    rules->items[rules->count++] = rule;
    return 0;
}

static const char *rule_id(struct rules_builder *b, const char *prefix, const char *field,
                           enum weft_field_rule rule)
{
    return prefix == NULL
               ? weft_arena_format(b->arena, "%s.%s", field, weft_field_rule_name(rule))
               : weft_arena_format(b->arena, "%s.%s.%s", prefix, field, weft_field_rule_name(rule));
}

/* Adds a rule on a column; the texts may hold "%s" never: they are built by the callers. */
static int field_rule_add(struct rules_builder *b, const char *prefix,
                          const struct weft_field *field, enum weft_field_rule kind,
                          struct weft_buf *breaks, struct weft_buf *quick)
{
    struct job_rule rule = {.kind = "row",
                            .on_fail = field->on_fail[kind],
                            .field = job_columns_find(b->columns, field->name)};
    WEFT_TRY(weft_buf_check(breaks, b->error));
    WEFT_TRY(weft_buf_check(quick, b->error));
    rule.id = rule_id(b, prefix, field->name, kind);
    rule.breaks = weft_arena_strdup(b->arena, breaks->data);
    rule.quick = weft_arena_strdup(b->arena, quick->data);
    weft_buf_clear(breaks);
    weft_buf_clear(quick);
    if (rule.id == NULL || rule.breaks == NULL || rule.quick == NULL)
        return weft_error_nomem(b->error);
    return rule_add(b, rule);
}

static void name_print(struct weft_buf *out, const char *name)
{
    weft_buf_adds(out, JOB_ALIAS ".");
    weft_buf_add_sql_name(out, name);
}

/* CAST('text' AS TYPE); DuckDB folds it once. */
static void literal_print(struct weft_buf *out, const struct weft_type *type, const char *text)
{
    weft_buf_adds(out, "CAST(");
    weft_buf_add_sql_text(out, text, strlen(text));
    weft_buf_adds(out, " AS ");
    weft_type_print_duckdb(type, out);
    weft_buf_addc(out, ')');
}

/* Both forms of a comparison in which null passes: `test` is what must be true. */
static int comparison_add(struct rules_builder *b, const char *prefix,
                          const struct weft_field *field, enum weft_field_rule kind,
                          const char *test)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf breaks;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf quick;
    weft_buf_init(&breaks, 1 << 26);
    weft_buf_init(&quick, 1 << 26);
    weft_buf_addf(&breaks, "NOT (%s)", test);
    weft_buf_addc(&quick, '(');
    if (!field->required) {
        name_print(&quick, field->name);
        weft_buf_adds(&quick, " IS NULL OR ");
    }
    weft_buf_addf(&quick, "%s)", test);
    return field_rule_add(b, prefix, field, kind, &breaks, &quick);
}

static int required_add(struct rules_builder *b, const char *prefix, const struct weft_field *field)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf breaks;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf quick;
    weft_buf_init(&breaks, 1 << 16);
    weft_buf_init(&quick, 1 << 16);
    name_print(&breaks, field->name);
    weft_buf_adds(&breaks, " IS NULL");
    name_print(&quick, field->name);
    weft_buf_adds(&quick, " IS NOT NULL");
    return field_rule_add(b, prefix, field, WEFT_RULE_REQUIRED, &breaks, &quick);
}

static int pattern_add(struct rules_builder *b, const char *prefix, const struct weft_field *field,
                       struct weft_buf *test)
{
    weft_buf_clear(test);
    weft_buf_adds(test, "regexp_full_match(");
    name_print(test, field->name);
    weft_buf_adds(test, ", ");
    weft_buf_add_sql_text(test, field->pattern, strlen(field->pattern));
    weft_buf_addc(test, ')');
    WEFT_TRY(weft_buf_check(test, b->error));
    return comparison_add(b, prefix, field, WEFT_RULE_PATTERN, test->data);
}

static int enum_add(struct rules_builder *b, const char *prefix, const struct weft_field *field,
                    struct weft_buf *test)
{
    weft_buf_clear(test);
    name_print(test, field->name);
    weft_buf_adds(test, " IN (");
    for (size_t i = 0; i < field->values.count; i++) {
        if (i > 0)
            weft_buf_adds(test, ", ");
        literal_print(test, field->type, field->values.items[i]);
    }
    weft_buf_addc(test, ')');
    WEFT_TRY(weft_buf_check(test, b->error));
    return comparison_add(b, prefix, field, WEFT_RULE_ENUM, test->data);
}

static int bound_add(struct rules_builder *b, const char *prefix, const struct weft_field *field,
                     enum weft_field_rule kind, const char *text, struct weft_buf *test)
{
    weft_buf_clear(test);
    name_print(test, field->name);
    weft_buf_adds(test, kind == WEFT_RULE_MIN ? " >= " : " <= ");
    literal_print(test, field->type, text);
    WEFT_TRY(weft_buf_check(test, b->error));
    return comparison_add(b, prefix, field, kind, test->data);
}

static int length_add(struct rules_builder *b, const char *prefix, const struct weft_field *field,
                      enum weft_field_rule kind, int64_t length, struct weft_buf *test)
{
    weft_buf_clear(test);
    weft_buf_adds(test, field->type->kind == WEFT_TYPE_BINARY ? "octet_length(" : "length(");
    name_print(test, field->name);
    weft_buf_addf(test, ") %s %" PRId64, kind == WEFT_RULE_MIN_LENGTH ? ">=" : "<=", length);
    WEFT_TRY(weft_buf_check(test, b->error));
    return comparison_add(b, prefix, field, kind, test->data);
}

static int field_rules_add(struct rules_builder *b, const char *prefix,
                           const struct weft_field *field, struct weft_buf *test)
{
    if (job_columns_find(b->columns, field->name) < 0)
        return 0; /* a field the input does not have: null, which every rule but required passes */
    if (field->required)
        WEFT_TRY(required_add(b, prefix, field));
    if (field->pattern != NULL)
        WEFT_TRY(pattern_add(b, prefix, field, test));
    if (field->values.count > 0)
        WEFT_TRY(enum_add(b, prefix, field, test));
    if (field->min != NULL)
        WEFT_TRY(bound_add(b, prefix, field, WEFT_RULE_MIN, field->min, test));
    if (field->max != NULL)
        WEFT_TRY(bound_add(b, prefix, field, WEFT_RULE_MAX, field->max, test));
    if (field->min_length >= 0)
        WEFT_TRY(length_add(b, prefix, field, WEFT_RULE_MIN_LENGTH, field->min_length, test));
    if (field->max_length >= 0)
        WEFT_TRY(length_add(b, prefix, field, WEFT_RULE_MAX_LENGTH, field->max_length, test));
    return 0;
}

static int fields_rules_add(struct rules_builder *b, const char *prefix,
                            const struct weft_fields *fields)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf test;
    weft_buf_init(&test, 1 << 26);
    for (size_t i = 0; i < fields->count; i++)
        WEFT_TRY(field_rules_add(b, prefix, &fields->items[i], &test));
    return 0;
}

/* record, then <field>.type for each column, so that bit 1 + i is the type of column i. */
static int type_rules_add(struct rules_builder *b)
{
    WEFT_TRY(rule_add(b, (struct job_rule){.id = "record", .kind = "row", .field = -1}));
    for (size_t i = 0; i < b->columns->count; i++) {
        const struct job_column *column = &b->columns->items[i];
        struct job_rule rule = {.kind = "row", .field = (int)i};
        rule.id = rule_id(b, b->columns->port_prefix, column->name, WEFT_RULE_TYPE);
        if (column->field != NULL)
            rule.on_fail = column->field->on_fail[WEFT_RULE_TYPE];
        if (column->sql != NULL) {
            rule.breaks = weft_arena_format(
                b->arena, JOB_ALIAS ".\"" JOB_RAW "%zu\" IS NOT NULL AND (%s) IS NULL", i,
                column->sql);
            rule.quick = weft_arena_format(
                b->arena, "(" JOB_ALIAS ".\"" JOB_RAW "%zu\" IS NULL OR (%s) IS NOT NULL)", i,
                column->sql);
            if (rule.breaks == NULL || rule.quick == NULL)
                return weft_error_nomem(b->error);
        }
        if (rule.id == NULL)
            return weft_error_nomem(b->error);
        size_t before = b->rules->count;
        WEFT_TRY(rule_add(b, rule));
        assert(b->rules->count == before + 1);
        (void)before;
    }
    return 0;
}

/* ---- conditions ---- */

/* A check's SQL counts its own lines: its errors name it, so that who has the file can place
 * them. */
const char *job_check_file(struct weft_arena *arena, const struct weft_product *product,
                           const struct weft_check *check)
{
    if (check->place.line > 0)
        return product->file; /* of a file: lines are the file's */
    const char *file = weft_arena_format(arena, "%s#%s", product->file, check->name);
    return file == NULL ? product->file : file;
}

static int condition_add(struct rules_builder *b, const struct weft_check *check,
                         const struct weft_relation_column *columns)
{
    struct weft_resolve_options options = {.now_us = b->now_us,
                                           .principal = "",
                                           .deterministic = true,
                                           .size_max = 1 << 17,
                                           .depth_max = 150,
                                           .file = job_check_file(b->arena, b->product, check),
                                           .line_offset = WEFT_MAX(check->place.line - 1, 0),
                                           .column_offset = WEFT_MAX(check->place.column - 1, 0),
                                           .indent = check->indent};
    const char *sql = NULL;
    WEFT_TRY(weft_resolve_condition(b->engine, b->arena, check->condition, columns,
                                    b->columns->count, JOB_ALIAS, &options, &sql, b->error));
    struct job_rule rule = {.kind = "row", .on_fail = check->on_fail, .field = -1};
    rule.id = weft_arena_format(b->arena, "check.%s", check->name);
    rule.breaks = weft_arena_format(b->arena, "NOT (%s)", sql);
    rule.quick = weft_arena_format(b->arena, "(%s) IS NOT FALSE", sql);
    if (rule.id == NULL || rule.breaks == NULL || rule.quick == NULL)
        return weft_error_nomem(b->error);
    return rule_add(b, rule);
}

static int conditions_add(struct rules_builder *b)
{
    const struct weft_quality *quality = &b->product->quality;
    struct weft_relation_column *columns =
        weft_arena_array(b->arena, b->columns->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(b->error);
    for (size_t i = 0; i < b->columns->count; i++)
        columns[i] = (struct weft_relation_column){.name = b->columns->items[i].name,
                                                   .type = b->columns->items[i].type};
    for (size_t i = 0; i < quality->check_count; i++) {
        if (quality->checks[i].condition != NULL)
            WEFT_TRY(condition_add(b, &quality->checks[i], columns));
    }
    return 0;
}

/* ---- keys ---- */

/* A hash of the bits tells equal values where equal values have equal bits. */
static bool column_hashes(const struct job_column *column)
{
    return column->sql == NULL && column->own == JOB_OWN_NONE &&
           column->type->kind != WEFT_TYPE_FLOAT && column->type->kind != WEFT_TYPE_DOUBLE &&
           !weft_type_is_nested(column->type);
}

static int unique_add(struct rules_builder *b, const char *id, enum weft_on_fail on_fail,
                      const char *const *names, size_t count, const char *breaks, const char *quick)
{
    struct job_rules *rules = b->rules;
    int *columns = weft_arena_array(b->arena, count, sizeof *columns);
    if (columns == NULL || id == NULL)
        return weft_error_nomem(b->error);
    struct job_unique *unique = &rules->uniques[rules->unique_count];
    *unique = (struct job_unique){rules->count, columns, count, true};
    for (size_t i = 0; i < count; i++) {
        columns[i] = job_columns_find(b->columns, names[i]);
        if (columns[i] < 0)
            return 0;
        unique->hashed = unique->hashed && column_hashes(&b->columns->items[columns[i]]);
    }
    rules->unique_count++;
    return rule_add(b, (struct job_rule){.id = id,
                                         .kind = "key",
                                         .on_fail = on_fail,
                                         .field = count == 1 ? columns[0] : -1,
                                         .breaks = breaks,
                                         .quick = quick});
}

static int key_add(struct rules_builder *b)
{
    const struct weft_texts *key = &b->product->key;
    if (key->count == 0)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf breaks;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf quick;
    weft_buf_init(&breaks, 1 << 20);
    weft_buf_init(&quick, 1 << 20);
    for (size_t i = 0; i < key->count; i++) {
        weft_buf_adds(&breaks, i > 0 ? " OR " : "(");
        weft_buf_adds(&quick, i > 0 ? " AND " : "(");
        name_print(&breaks, key->items[i]);
        name_print(&quick, key->items[i]);
        weft_buf_adds(&breaks, " IS NULL");
        weft_buf_adds(&quick, " IS NOT NULL");
    }
    weft_buf_addc(&breaks, ')');
    weft_buf_addc(&quick, ')');
    WEFT_TRY(weft_buf_check(&breaks, b->error));
    WEFT_TRY(weft_buf_check(&quick, b->error));
    const char *breaks_text = weft_arena_strdup(b->arena, breaks.data);
    const char *quick_text = weft_arena_strdup(b->arena, quick.data);
    if (breaks_text == NULL || quick_text == NULL)
        return weft_error_nomem(b->error);
    return unique_add(b, "key", b->product->key_on_fail, key->items, key->count, breaks_text,
                      quick_text);
}

/* keys.c marks the rows that break it. */
static int reference_add(struct rules_builder *b, const struct weft_field *field)
{
    const char *id = rule_id(b, NULL, field->name, WEFT_RULE_REFERENCES);
    if (id == NULL)
        return weft_error_nomem(b->error);
    return rule_add(b, (struct job_rule){.id = id,
                                         .kind = "key",
                                         .on_fail = field->on_fail[WEFT_RULE_REFERENCES],
                                         .field = job_columns_find(b->columns, field->name)});
}

static int uniques_add(struct rules_builder *b)
{
    const struct weft_fields *fields = &b->columns->fields;
    b->rules->uniques = weft_arena_array(b->arena, fields->count + 1, sizeof *b->rules->uniques);
    if (b->rules->uniques == NULL)
        return weft_error_nomem(b->error);
    WEFT_TRY(key_add(b));
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (field->references != NULL && job_columns_find(b->columns, field->name) >= 0)
            WEFT_TRY(reference_add(b, field));
        if (field->unique)
            WEFT_TRY(unique_add(b, rule_id(b, NULL, field->name, WEFT_RULE_UNIQUE),
                                field->on_fail[WEFT_RULE_UNIQUE], &field->name, 1, NULL, NULL));
    }
    return 0;
}

/* ---- masks ---- */

static void mask_set(uint64_t *mask, size_t rule)
{
    mask[rule >> 6] |= UINT64_C(1) << (rule & 63);
}

static bool unique_has(const struct job_rules *rules, size_t rule, int column)
{
    for (size_t i = 0; i < rules->unique_count; i++) {
        for (size_t k = 0; rules->uniques[i].rule == rule && k < rules->uniques[i].column_count;
             k++) {
            if (rules->uniques[i].columns[k] == column)
                return true;
        }
    }
    return false;
}

/* A cell that does not parse has no value: what else is said of it would only repeat that. With
 * on_fail: warn it is published as null, so `required` still speaks. */
static void hides_fill(struct job_rules *rules, size_t column_count)
{
    for (size_t i = 1; i < rules->count; i++)
        mask_set(rules->hides, i); /* a record of the wrong shape has no cells */
    for (size_t c = 0; c < column_count; c++) {
        uint64_t *hides = rules->hides + (1 + c) * rules->words;
        if (rules->items[1 + c].on_fail == WEFT_ON_FAIL_WARN)
            continue;
        for (size_t i = 1 + column_count; i < rules->count; i++) {
            if (rules->items[i].field == (int)c || unique_has(rules, i, (int)c))
                mask_set(hides, i);
        }
    }
}

static int masks_make(struct rules_builder *b)
{
    struct job_rules *rules = b->rules;
    rules->words = (rules->count + 63) / 64;
    rules->stop = weft_arena_array(b->arena, rules->words, sizeof(uint64_t));
    rules->block = weft_arena_array(b->arena, rules->words, sizeof(uint64_t));
    rules->hides = weft_arena_array(b->arena, rules->words * rules->count, sizeof(uint64_t));
    if (rules->stop == NULL || rules->block == NULL || rules->hides == NULL)
        return weft_error_nomem(b->error);
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->items[i].on_fail != WEFT_ON_FAIL_WARN)
            mask_set(rules->stop, i);
        if (rules->items[i].on_fail == WEFT_ON_FAIL_BLOCK)
            mask_set(rules->block, i);
    }
    hides_fill(rules, b->columns->count);
    return 0;
}

int job_rules_build(struct job_rules *rules, struct weft_arena *arena, struct weft_engine *engine,
                    const struct weft_product *product, const struct job_columns *columns,
                    size_t row_max, int64_t now_us, struct weft_error *error)
{
    struct rules_builder b = {rules, arena, engine, product, columns, now_us, error};
    rules->arena = arena;
    rules->row_max = row_max;
    rules->superseded_rule = JOB_RULE_NONE;
    WEFT_TRY(type_rules_add(&b));
    if (!columns->detected) {
        const struct weft_input *input = columns->input;
        if (input != NULL && input->schema.count > 0)
            WEFT_TRY(fields_rules_add(&b, columns->port_prefix, &input->schema));
        WEFT_TRY(fields_rules_add(&b, NULL, &product->schema));
    }
    WEFT_TRY(conditions_add(&b));
    WEFT_TRY(uniques_add(&b));
    if (product->write == WEFT_WRITE_UPSERT) {
        rules->superseded_rule = rules->count;
        WEFT_TRY(
            rule_add(&b, (struct job_rule){.id = "superseded", .kind = "upsert", .field = -1}));
    }
    return masks_make(&b);
}

/* ---- the condition ---- */

static void words_print(const struct job_rules *rules, struct weft_buf *out)
{
    for (size_t w = 0; w < rules->words; w++) {
        weft_buf_addf(out, "%s" JOB_ALIAS ".\"" JOB_BITS "%zu\"", w > 0 ? ", " : "", w);
        for (size_t i = w * 64; i < rules->count && i < (w + 1) * 64; i++) {
            if (rules->items[i].breaks != NULL)
                weft_buf_addf(out, " | CASE WHEN %s THEN %" PRIu64 "::UBIGINT ELSE 0::UBIGINT END",
                              rules->items[i].breaks, UINT64_C(1) << (i & 63));
        }
    }
}

static void quick_print(const struct job_rules *rules, struct weft_buf *out)
{
    for (size_t w = 0; w < rules->words; w++)
        weft_buf_addf(out, "%s" JOB_ALIAS ".\"" JOB_BITS "%zu\" = 0", w > 0 ? " AND " : "", w);
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->items[i].quick != NULL)
            weft_buf_addf(out, " AND %s", rules->items[i].quick);
    }
}

void job_rules_print(const struct job_rules *rules, bool report, struct weft_buf *out)
{
    weft_buf_adds(out, "CASE WHEN ");
    quick_print(rules, out);
    weft_buf_adds(out, " THEN true ELSE ");
    if (report) {
        weft_buf_addf(out, "%s(" JOB_ALIAS ".\"" JOB_ID "\", ", rules->reject_name);
        words_print(rules, out);
        weft_buf_adds(out, ") END");
        return;
    }
    for (size_t w = 0; w < rules->words; w++) {
        weft_buf_addf(out, "%s((" JOB_ALIAS ".\"" JOB_BITS "%zu\"", w > 0 ? " AND " : "", w);
        for (size_t i = w * 64; i < rules->count && i < (w + 1) * 64; i++) {
            if (rules->items[i].breaks != NULL)
                weft_buf_addf(out, " | CASE WHEN %s THEN %" PRIu64 "::UBIGINT ELSE 0::UBIGINT END",
                              rules->items[i].breaks, UINT64_C(1) << (i & 63));
        }
        weft_buf_addf(out, ") & %" PRIu64 "::UBIGINT) = 0", rules->stop[w]);
    }
    weft_buf_adds(out, " END");
}
