/*
 * example.c - a test of a product: its run over rows that are given, and what would be published
 * beside what is expected.
 *
 * An input port with rows becomes one with a file of the temp folder, which goes through the same
 * pass as any other; a product that is read becomes a relation of literal rows. So an example meets
 * every rule that a run meets, but for promises on the whole (rows, batch, completeness,
 * quarantine_max), which a handful of rows cannot keep. It starts from an empty table.
 *
 * The same frame serves the rules on a present table (WEFT_JOB_CHECK): the product reads its own
 * snapshot as it is.
 */
#include "job/example_internal.h"

#include "job/transform.h"

#include <stdio.h>
#include <string.h>

#define EXAMPLE_PORT "load" /* of a product that is loaded by hand */
#define EXAMPLE_SQL_MAX ((size_t)1 << 26)

void job_example_free(struct job_example *example)
{
    if (example == NULL)
        return;
    weft_json_freep(&example->doc);
    weft_free(example);
}

static int example_read(struct job_work *work, struct weft_error *error)
{
    const char *text = work->job->example;
    struct job_example *example = weft_alloc(sizeof *example);
    if (example == NULL)
        return weft_error_nomem(error);
    work->example = example;
    if (text == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "a test without an example");
    WEFT_TRY(weft_json_parse(text, strlen(text), WEFT_JSON_DEEP, &example->doc, error));
    yyjson_val *root = yyjson_doc_get_root(example->doc);
    WEFT_TRY(weft_json_array(root, "ports", &example->ports, error));
    WEFT_TRY(weft_json_array(root, "sources", &example->sources, error));
    return weft_json_array(root, "expect", &example->expect, error);
}

/* ---- ports ---- */

static yyjson_val *named(yyjson_val *list, const char *name)
{
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, i, count, item)
    {
        if (strcmp(weft_json_text_or(item, "name", ""), name) == 0)
            return item;
    }
    return NULL;
}

static void csv_options_plain(struct weft_input *input, bool tabs)
{
    input->csv = (struct weft_csv_options){.delimiter = tabs ? '\t' : ',',
                                           .quote = '"',
                                           .escape = '"',
                                           .header = true,
                                           .encoding = "utf-8",
                                           .decimal_separator = '.'};
}

static void port_of_file(struct weft_input *input, const char *path)
{
    enum weft_file_format format;
    if (weft_format_of_file(path, &format) && format != input->format) {
        input->format = format;
        csv_options_plain(input, format == WEFT_FORMAT_TSV);
    }
    input->files = path;
}

static bool is_nested(const struct weft_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (weft_type_is_nested(fields->items[i].type))
            return true;
    }
    return false;
}

/* Rows that are given have the names of fields, not those of headers, paths in JSON, or `_line`. */
static int names_plain(struct job_work *work, struct weft_input *input, struct weft_error *error)
{
    const struct weft_fields *from = &input->schema;
    struct weft_field *fields = weft_arena_array(work->arena, from->count + 1, sizeof *fields);
    if (fields == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < from->count; i++) {
        fields[i] = from->items[i];
        fields[i].from = NULL;
    }
    input->schema.items = fields;
    return 0;
}

static int port_of_rows(struct job_work *work, struct weft_input *input, yyjson_val *rows,
                        struct weft_error *error)
{
    WEFT_TRY(names_plain(work, input, error));
    static const char *const nulls[] = {JOB_EXAMPLE_NULL};
    const struct weft_product *product = work->product;
    const struct weft_fields *fields =
        input->schema.count > 0 || weft_transform_is(product) ? &input->schema : &product->schema;
    bool nested = is_nested(fields);
    input->format = nested ? WEFT_FORMAT_NDJSON : WEFT_FORMAT_CSV;
    input->files = weft_arena_format(work->arena, "%s/%s-%s.%s", work->job->temp_dir,
                                     work->job->run_id, input->name, nested ? "ndjson" : "csv");
    if (input->files == NULL)
        return weft_error_nomem(error);
    csv_options_plain(input, false);
    if (!nested) {
        input->csv.nulls = (struct weft_texts){nulls, 1};
        input->csv.nulls_given = true;
    }
    return job_rows_write(work, input, fields, rows, input->files, input->format, error);
}

static int port_make(struct job_work *work, struct weft_input *input, struct weft_error *error)
{
    yyjson_val *given = named(work->example->ports, input->name);
    const char *path = weft_json_text_or(given, "path", NULL);
    input->kind = WEFT_INPUT_FILES;
    input->url = false;
    input->connection = NULL;
    input->read = WEFT_READ_ALL;
    input->done = NULL;
    input->error = NULL;
    if (path != NULL) {
        path = weft_arena_strdup(work->arena, path);
        if (path == NULL)
            return weft_error_nomem(error);
        port_of_file(input, path);
    } else {
        WEFT_TRY(port_of_rows(work, input, yyjson_obj_get(given, "rows"), error));
    }
    input->patterns = (struct weft_texts){&input->files, 1};
    return 0;
}

/* ---- the product of an example ---- */

static void promises_remove(struct weft_product *product)
{
    static const struct weft_rows_rule none = {-1, -1, -1, 0, {0}};
    product->quality.rows = none;
    product->quality.batch = none;
    product->quality.completeness_count = 0;
    product->quality.quarantine_max = 1;
}

static int inputs_make(struct job_work *work, struct weft_product *product,
                       struct weft_error *error)
{
    bool by_hand = product->input_count == 0 && !weft_transform_is(product);
    size_t count = by_hand ? 1 : product->input_count;
    struct weft_input *inputs = weft_arena_array(work->arena, count + 1, sizeof *inputs);
    if (inputs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < product->input_count; i++)
        inputs[i] = product->inputs[i];
    if (by_hand)
        inputs[0].name = EXAMPLE_PORT;
    for (size_t i = 0; i < count; i++) {
        if (by_hand || inputs[i].kind != WEFT_INPUT_PRODUCT)
            WEFT_TRY(port_make(work, &inputs[i], error));
    }
    product->inputs = inputs;
    product->input_count = count;
    return 0;
}

/* Its own table, as it is: what a run adds, and against what it changes, is no matter here. */
static int table_make(struct job_work *work, struct weft_product *product, struct weft_error *error)
{
    struct weft_input *input = weft_arena_alloc(work->arena, sizeof *input);
    if (input == NULL)
        return weft_error_nomem(error);
    if (work->job->source_count != 1)
        return weft_error_set(error, WEFT_E_INTERNAL, "rules are checked on one table");
    *input = (struct weft_input){.name = work->job->sources[0].name,
                                 .kind = WEFT_INPUT_PRODUCT,
                                 .product = product->full_name,
                                 .product_name = product->full_name,
                                 .read = WEFT_READ_ALL};
    product->inputs = input;
    product->input_count = 1;
    product->sql = NULL;
    product->graph = NULL;
    product->write = WEFT_WRITE_REPLACE;
    product->quality.batch = (struct weft_rows_rule){-1, -1, -1, 0, {0}};
    return 0;
}

int job_example_begin(struct job_work *work, struct weft_error *error)
{
    bool test = work->job->mode == WEFT_JOB_TEST;
    if (!test && work->job->mode != WEFT_JOB_CHECK)
        return 0;
    struct weft_product *product = weft_arena_alloc(work->arena, sizeof *product);
    if (product == NULL)
        return weft_error_nomem(error);
    *product = *work->product;
    if (test) {
        WEFT_TRY(example_read(work, error));
        promises_remove(product);
        WEFT_TRY(inputs_make(work, product, error));
    } else {
        WEFT_TRY(table_make(work, product, error));
    }
    work->product = product;
    return 0;
}

void job_example_rules(struct job_work *work)
{
    struct job_rules *rules = &work->rules;
    if (work->job->mode != WEFT_JOB_CHECK)
        return;
    memset(rules->stop, 0, rules->words * sizeof *rules->stop);
    memset(rules->block, 0, rules->words * sizeof *rules->block);
}

/* ---- products that are read ---- */

static int source_columns(struct job_work *work, yyjson_val *list,
                          const struct weft_relation_column **out, size_t *out_count,
                          struct weft_error *error)
{
    struct weft_relation_column *columns =
        weft_arena_array(work->arena, yyjson_arr_size(list) + 1, sizeof *columns);
    size_t i, count;
    yyjson_val *item;
    if (columns == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, i, count, item)
    {
        const char *name = NULL, *type = NULL;
        WEFT_TRY(weft_json_text(item, "name", &name, error));
        WEFT_TRY(weft_json_text(item, "type", &type, error));
        columns[i].name = weft_arena_strdup(work->arena, name);
        if (columns[i].name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_type_parse(work->arena, type, &columns[i].type, error));
    }
    *out = columns;
    *out_count = i;
    return 0;
}

/* columns and sql of a relation of literal rows. */
static int source_relation(struct job_work *work, yyjson_val *given, const char *name,
                           struct weft_relation *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    char what[160];
    weft_buf_init(&sql, EXAMPLE_SQL_MAX);
    snprintf(what, sizeof what, "given %s", name);
    *out = (struct weft_relation){.kind = WEFT_RELATION_SQL, .product = name};
    WEFT_TRY(source_columns(work, yyjson_obj_get(given, "columns"), &out->columns,
                            &out->column_count, error));
    WEFT_TRY(job_rows_print(out->columns, out->column_count, yyjson_obj_get(given, "rows"), what,
                            &sql, error));
    out->sql = weft_arena_strndup(work->arena, sql.data, sql.length);
    return out->sql == NULL ? weft_error_nomem(error) : 0;
}

int job_example_sources(struct job_work *work, struct weft_error *error)
{
    yyjson_val *list = work->example->sources;
    size_t i, count = yyjson_arr_size(list);
    yyjson_val *item;
    struct weft_job_source *asked = weft_arena_array(work->arena, count + 1, sizeof *asked);
    work->sources = weft_arena_array(work->arena, count + 1, sizeof *work->sources);
    if (asked == NULL || work->sources == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, i, count, item)
    {
        struct job_source *source = &work->sources[i];
        const char *name = NULL;
        WEFT_TRY(weft_json_text(item, "name", &name, error));
        asked[i].name = weft_arena_strdup(work->arena, name);
        if (asked[i].name == NULL)
            return weft_error_nomem(error);
        asked[i].is_port = weft_json_bool_or(item, "is_port", false);
        asked[i].product = asked[i].name;
        asked[i].table = asked[i].name;
        *source =
            (struct job_source){.asked = &asked[i],
                                .folder = work->job->temp_dir,
                                .records = (int64_t)yyjson_arr_size(yyjson_obj_get(item, "rows"))};
        WEFT_TRY(source_relation(work, item, asked[i].name, &source->relation, error));
        work->source_count++;
    }
    return 0;
}

/* ---- references ---- */

int job_example_reference(struct job_work *work, const char *column, const char *as,
                          struct job_reference *out, struct weft_error *error)
{
    const struct job_work *stage = work->parent != NULL ? work->parent : work;
    yyjson_val *given = NULL, *item;
    size_t i, count;
    yyjson_arr_foreach(stage->example->sources, i, count, item)
    {
        if (strcmp(weft_json_text_or(item, "product", ""), out->table) == 0)
            given = item;
    }
    if (given == NULL)
        return WEFT_NOT_THERE;
    struct weft_relation all;
    struct weft_relation_column *one = weft_arena_alloc(work->arena, sizeof *one);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, EXAMPLE_SQL_MAX);
    if (one == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(source_relation(work, given, out->table, &all, error));
    for (size_t c = 0; c < all.column_count; c++) {
        if (strcmp(all.columns[c].name, column) == 0)
            *one = (struct weft_relation_column){.name = as, .type = all.columns[c].type};
    }
    if (one->type == NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "references: there is no field %s", column);
    weft_buf_adds(&sql, "SELECT ");
    weft_buf_add_sql_name(&sql, column);
    weft_buf_adds(&sql, " AS ");
    weft_buf_add_sql_name(&sql, as);
    weft_buf_addf(&sql, " FROM (%s)", all.sql);
    WEFT_TRY(weft_buf_check(&sql, error));
    out->folder = work->job->temp_dir;
    out->relation = (struct weft_relation){.kind = WEFT_RELATION_SQL,
                                           .product = out->table,
                                           .columns = one,
                                           .column_count = 1,
                                           .sql = weft_arena_strdup(work->arena, sql.data)};
    return out->relation.sql == NULL ? weft_error_nomem(error) : 0;
}

/* ---- what came of it ---- */

static bool is_compared(yyjson_val *expect, const char *name)
{
    size_t i, count;
    yyjson_val *row;
    yyjson_arr_foreach(expect, i, count, row)
    {
        if (yyjson_obj_get(row, name) != NULL)
            return true;
    }
    return false;
}

static int columns_tell(struct job_work *work, struct weft_relation_column *columns,
                        struct weft_json_writer *json, struct weft_error *error)
{
    weft_json_key(json, "columns");
    weft_json_begin_array(json);
    for (size_t i = 0; i < work->schema.count; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&type, 1 << 16);
        columns[i] = (struct weft_relation_column){.name = work->schema.columns[i].name,
                                                   .type = work->schema.columns[i].type};
        weft_type_print(columns[i].type, &type);
        WEFT_TRY(weft_buf_check(&type, error));
        weft_json_begin_object(json);
        weft_json_member_text(json, "name", columns[i].name);
        weft_json_member_text(json, "type", type.data);
        weft_json_member_bool(json, "compared",
                              is_compared(work->example->expect, columns[i].name));
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
    return 0;
}

static int got_tell(struct job_work *work, struct weft_json_writer *json, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, EXAMPLE_SQL_MAX);
    weft_json_key(json, "got");
    if (work->data.records == 0) {
        weft_json_begin_array(json);
        weft_json_end_array(json);
        return 0;
    }
    weft_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < work->schema.count; i++) {
        weft_buf_adds(&sql, i > 0 ? ", " : "");
        weft_buf_add_sql_name(&sql, work->schema.columns[i].name);
    }
    weft_buf_adds(&sql, " FROM read_parquet(");
    weft_buf_add_sql_text(&sql, work->data_path, strlen(work->data_path));
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, error));
    return job_rows_json(work, sql.data, json, error);
}

int job_example_tell(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_json_writer json;
    struct weft_relation_column *columns =
        weft_arena_array(work->arena, work->schema.count + 1, sizeof *columns);
    weft_buf_init(&text, EXAMPLE_SQL_MAX);
    weft_buf_init(&sql, EXAMPLE_SQL_MAX);
    weft_json_writer_init(&json, &text);
    if (columns == NULL)
        return weft_error_nomem(error);
    weft_json_begin_object(&json);
    WEFT_TRY(columns_tell(work, columns, &json, error));
    WEFT_TRY(
        job_rows_print(columns, work->schema.count, work->example->expect, "expect", &sql, error));
    weft_json_key(&json, "expected");
    WEFT_TRY(job_rows_json(work, sql.data, &json, error));
    WEFT_TRY(got_tell(work, &json, error));
    weft_json_end_object(&json);
    WEFT_TRY(weft_buf_check(&text, error));
    work->out->example = weft_arena_strndup(work->arena, text.data, text.length);
    return work->out->example == NULL ? weft_error_nomem(error) : 0;
}
