/*
 * columns.c - see columns_internal.h.
 */
#include "job/columns_internal.h"
#include "job/job.h"

#include "base/map.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

bool job_columns_need_sample(const struct weft_product *product, const struct weft_input *input)
{
    return input->schema.count == 0 && product->schema.count == 0;
}

int job_columns_find(const struct job_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (weft_equal_fold(columns->items[i].name, name))
            return (int)i;
    }
    return -1;
}

/* ---- how a column is read ---- */

/* What a text of this format looks like, as a pattern in SQL quotes. */
static int format_pattern(const char *format, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf pattern;
    weft_buf_init(&pattern, 1 << 16);
    weft_buf_adds(&pattern, "(?s)");
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            if (*at >= '!' && *at <= '~' && strchr("\\.+*?()|[]{}^$", *at) != NULL)
                weft_buf_addc(&pattern, '\\');
            weft_buf_addc(&pattern, *at);
            continue;
        }
        at += at[1] == '-' ? 2 : 1;
        if (*at == '\0')
            break;
        if (*at == 'Y')
            weft_buf_adds(&pattern, "[0-9]{4}");
        else if (*at == 'y')
            weft_buf_adds(&pattern, "[0-9]{2}");
        else if (strchr("dmHIMS", *at) != NULL)
            weft_buf_adds(&pattern, "[0-9]{1,2}");
        else
            weft_buf_adds(&pattern, "\\S(?:.*\\S)?");
    }
    WEFT_TRY(weft_buf_check(&pattern, error));
    weft_buf_add_sql_text(out, pattern.data, pattern.length);
    return 0;
}

static int column_set_sql(struct weft_arena *arena, const struct weft_input *input, size_t index,
                          struct job_column *column, struct weft_error *error)
{
    const char *format = NULL;
    const char *type = NULL;
    if (column->type->kind == WEFT_TYPE_DATE) {
        format = input->csv.date_format;
        type = "DATE";
    } else if (column->type->kind == WEFT_TYPE_TIMESTAMP ||
               column->type->kind == WEFT_TYPE_TIMESTAMPTZ) {
        format = input->csv.timestamp_format;
        type = column->type->kind == WEFT_TYPE_TIMESTAMP ? "TIMESTAMP" : "TIMESTAMPTZ";
    }
    if (format == NULL)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 16);
    /* DuckDB's parser passes over blanks and takes any number of digits for a year. */
    weft_buf_addf(&sql, "CASE WHEN regexp_full_match(\"" JOB_RAW "%zu\", ", index);
    WEFT_TRY(format_pattern(format, &sql, error));
    weft_buf_addf(&sql, ") THEN CAST(CASE WHEN year(try_strptime(\"" JOB_RAW "%zu\", ", index);
    weft_buf_add_sql_text(&sql, format, strlen(format));
    weft_buf_addf(&sql, ")) >= 1 THEN try_strptime(\"" JOB_RAW "%zu\", ", index);
    weft_buf_add_sql_text(&sql, format, strlen(format));
    weft_buf_addf(&sql, ") END AS %s) END", type);
    WEFT_TRY(weft_buf_check(&sql, error));
    column->sql = weft_arena_strdup(arena, sql.data);
    return column->sql == NULL ? weft_error_nomem(error) : 0;
}

static int column_init(struct weft_arena *arena, const struct weft_input *input, size_t index,
                       struct job_column *column, struct weft_error *error)
{
    if (column->own != JOB_OWN_NONE) {
        const struct weft_type *type;
        (void)weft_job_own_name(column->own, &type);
        if (!weft_type_equal(type, column->type))
            return weft_error_set(error, WEFT_E_INVALID, "field %s: `from: %s` is a %s",
                                  column->name, column->header,
                                  column->own == JOB_OWN_FILE ? "string" : "long");
        return 0;
    }
    if (input->format == WEFT_FORMAT_PARQUET)
        return 0; /* the file has types */
    bool flat = input->format == WEFT_FORMAT_CSV || input->format == WEFT_FORMAT_TSV;
    if (flat && weft_type_is_nested(column->type))
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "field %s: lists, structs and maps cannot be read from csv yet",
                              column->name);
    return column_set_sql(arena, input, index, column, error);
}

/* `from: a.b` reads a part of what `from: a`, or a field a, reads whole: weft reads a value
 * once. */
static int columns_check_paths(const struct job_columns *columns, struct weft_error *error)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct weft_field *field = columns->items[i].field;
        const char *path = field == NULL ? NULL : field->from;
        for (size_t k = 0; path != NULL && strchr(path, '.') != NULL && k < columns->count; k++) {
            size_t length = strlen(columns->items[k].header);
            if (strncmp(path, columns->items[k].header, length) == 0 && path[length] == '.')
                return weft_error_set(
                    error, WEFT_E_NOT_YET,
                    "field %s reads the whole of `%s`, and field %s a part of it: "
                    "let `sql:` take the part",
                    columns->items[k].name, columns->items[k].header, field->name);
        }
    }
    return 0;
}

static int columns_of_fields(struct weft_arena *arena, const struct weft_input *input,
                             const struct weft_fields *fields, struct job_columns *out,
                             struct weft_error *error)
{
    out->items = weft_arena_array(arena, fields->count + 1, sizeof *out->items);
    if (out->items == NULL)
        return weft_error_nomem(error);
    out->count = fields->count;
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        struct job_column *column = &out->items[i];
        if (strncasecmp(field->name, JOB_OWN_PREFIX, sizeof JOB_OWN_PREFIX - 1) == 0)
            return weft_error_set(
                error, WEFT_E_NOT_YET,
                "a column cannot be called \"%s\": names that begin with " JOB_OWN_PREFIX
                " are weft's own",
                field->name);
        column->name = field->name;
        column->header = field->from != NULL ? field->from : field->name;
        column->type = field->type;
        column->field = field;
        column->own = job_own_of(field->from);
        column->required = field->required && column->own == JOB_OWN_NONE;
        WEFT_TRY(column_init(arena, input, i, column, error));
    }
    bool json = input->format == WEFT_FORMAT_JSON || input->format == WEFT_FORMAT_NDJSON;
    return json ? columns_check_paths(out, error) : 0;
}

static const struct weft_type *table_type(const struct weft_table_schema *table, const char *name)
{
    for (size_t i = 0; table != NULL && i < table->count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return table->columns[i].type;
    }
    return NULL;
}

static bool sample_has(const struct job_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->header.count; i++) {
        if (strcmp(sample->header.items[i], name) == 0)
            return true;
    }
    return false;
}

static void field_detected(struct weft_field *field, const char *name, const struct weft_type *type)
{
    *field = (struct weft_field){.name = name, .type = type, .min_length = -1, .max_length = -1};
}

/* No schema anywhere: what the table has stays part of it, in its order and with its types; then
 * come the header's other names, with the types that the sampled cells read as. */
static int columns_detect(struct weft_arena *arena, const struct weft_input *input,
                          const struct job_sample *sample, const struct weft_table_schema *table,
                          struct job_columns *out, struct weft_error *error)
{
    size_t kept = table == NULL ? 0 : table->count, count = 0, found = kept == 0;
    struct weft_field *fields =
        weft_arena_array(arena, kept + sample->header.count + 1, sizeof *fields);
    if (fields == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < kept; i++) {
        found += sample_has(sample, table->columns[i].name);
        field_detected(&fields[count++], table->columns[i].name, table->columns[i].type);
    }
    for (size_t i = 0; i < sample->header.count; i++) {
        const char *name = sample->header.items[i];
        if (table_type(table, name) != NULL)
            continue;
        for (size_t k = 0; found > 0 && k < count; k++) {
            if (weft_equal_fold(fields[k].name, name))
                return weft_error_set(error, WEFT_E_INPUT,
                                      "the column \"%s\" differs from \"%s\" only by case", name,
                                      fields[k].name);
        }
        field_detected(&fields[count++], name, sample->types[i]);
    }
    out->fields = (struct weft_fields){fields, count};
    out->detected = true;
    out->kept = kept;
    WEFT_TRY(columns_of_fields(arena, input, &out->fields, out, error));
    for (size_t i = 0; i < count; i++)
        out->items[i].field = NULL;
    if (kept == 0 || found > 0)
        return 0;
    struct job_columns old = *out;
    old.count = kept;
    return job_header_refuse(&old, &sample->header, sample->shown, error);
}

/* ---- what the table gets ---- */

static int output_cast(struct weft_arena *arena, const struct weft_field *field,
                       const struct job_column *column, struct job_output *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 16);
    bool same = column != NULL && weft_type_equal(column->type, field->type);
    if (column != NULL && !same && !weft_type_widens(column->type, field->type))
        return weft_error_set(error, WEFT_E_REFUSED,
                              "field %s: what the input holds cannot become the product's type "
                              "without loss",
                              field->name);
    if (!same)
        weft_buf_adds(&sql, "CAST(");
    if (column != NULL) {
        weft_buf_adds(&sql, JOB_ALIAS ".");
        weft_buf_add_sql_name(&sql, column->name);
    } else {
        weft_buf_adds(&sql, "NULL");
    }
    if (!same) {
        weft_buf_adds(&sql, " AS ");
        weft_type_print_duckdb(field->type, &sql);
        weft_buf_addc(&sql, ')');
    }
    WEFT_TRY(weft_buf_check(&sql, error));
    out->name = field->name;
    out->sql = weft_arena_strdup(arena, sql.data);
    return out->sql == NULL ? weft_error_nomem(error) : 0;
}

static int outputs_make(struct weft_arena *arena, struct job_columns *out, struct weft_error *error)
{
    struct job_output *outputs = weft_arena_array(arena, out->fields.count + 1, sizeof *outputs);
    if (outputs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < out->fields.count; i++) {
        const struct weft_field *field = &out->fields.items[i];
        int column = job_columns_find(out, field->name);
        outputs[i].column = column;
        WEFT_TRY(
            output_cast(arena, field, column < 0 ? NULL : &out->items[column], &outputs[i], error));
    }
    out->outputs = outputs;
    out->output_count = out->fields.count;
    return 0;
}

/* The key's fields are never null, so a file without them is refused as for required ones. */
static int columns_check_key(const struct weft_product *product, struct job_columns *out,
                             struct weft_error *error)
{
    for (size_t i = 0; i < product->key.count; i++) {
        int column = job_columns_find(out, product->key.items[i]);
        if (column < 0)
            return weft_error_set(error, WEFT_E_INVALID, "the key's field %s is no column",
                                  product->key.items[i]);
        out->items[column].required = out->items[column].own == JOB_OWN_NONE;
    }
    return 0;
}

int job_columns_make(struct weft_arena *arena, const struct weft_product *product,
                     const struct weft_input *input, const struct job_sample *sample,
                     const struct weft_table_schema *table, unsigned own_wanted,
                     struct job_columns *out, struct weft_error *error)
{
    *out = (struct job_columns){.input = input, .from = "weft_csv0()"};
    if (job_columns_need_sample(product, input)) {
        WEFT_TRY(columns_detect(arena, input, sample, table, out, error));
    } else {
        bool own = input->schema.count > 0;
        const struct weft_fields *fields = own ? &input->schema : &product->schema;
        if (own && product->schema.count > 0)
            out->port_prefix = input->name;
        WEFT_TRY(columns_of_fields(arena, input, fields, out, error));
        out->fields = product->schema.count > 0 ? product->schema : input->schema;
    }
    WEFT_TRY(job_own_add(arena, out, own_wanted, error));
    WEFT_TRY(columns_check_key(product, out, error));
    return outputs_make(arena, out, error);
}

/* ---- the FROM ---- */

/* Rows of the SQL. The marks are volatile, so the planner keeps the rules above this projection:
 * pushed below an aggregate, they would be asked of other rows. */
static void made_print_from(const struct job_columns *columns, size_t words, struct weft_buf *out)
{
    weft_buf_addf(out, "(SELECT %s AS \"" JOB_ID "\"", columns->id);
    for (size_t i = 0; i < words; i++)
        weft_buf_addf(out, ", " JOB_MARKS "(%s, %zu) AS \"" JOB_BITS "%zu\"", columns->id, i, i);
    for (size_t i = 0; i < columns->count; i++) {
        weft_buf_addf(out, ", %s AS ", columns->items[i].cast);
        weft_buf_add_sql_name(out, columns->items[i].name);
    }
    weft_buf_addf(out, " FROM %s) AS " JOB_ALIAS, columns->from);
}

void job_columns_print_from(const struct job_columns *columns, size_t words, struct weft_buf *out)
{
    bool any = false;
    if (columns->id != NULL) {
        made_print_from(columns, words, out);
        return;
    }
    for (size_t i = 0; i < columns->count; i++)
        any = any || columns->items[i].sql != NULL;
    if (!any) {
        weft_buf_addf(out, "%s AS " JOB_ALIAS, columns->from);
        return;
    }
    weft_buf_adds(out, "(SELECT \"" JOB_ID "\"");
    for (size_t i = 0; i < words; i++)
        weft_buf_addf(out, ", \"" JOB_BITS "%zu\"", i);
    for (size_t i = 0; i < columns->count; i++) {
        const struct job_column *column = &columns->items[i];
        weft_buf_adds(out, ", ");
        if (column->sql != NULL)
            weft_buf_addf(out, "\"" JOB_RAW "%zu\", %s AS ", i, column->sql);
        weft_buf_add_sql_name(out, column->name);
    }
    weft_buf_addf(out, " FROM %s) AS " JOB_ALIAS, columns->from);
}
