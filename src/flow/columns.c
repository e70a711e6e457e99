/*
 * columns.c - see columns_internal.h.
 */
#include "flow/columns_internal.h"

#include "base/map.h"
#include "base/text.h"

#include <string.h>

bool flow_columns_need_sample(const struct weft_product *product, const struct weft_input *input)
{
    return input->schema.count == 0 && product->schema.count == 0;
}

int flow_columns_find(const struct flow_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (weft_equal_fold(columns->items[i].name, name))
            return (int)i;
    }
    return -1;
}

/* ---- how a column is read ---- */

static int column_set_sql(struct weft_arena *arena, const struct weft_input *input, size_t index,
                          struct flow_column *column, struct weft_error *error)
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
    weft_buf_addf(&sql, "CAST(try_strptime(\"" FLOW_RAW "%zu\", ", index);
    weft_buf_add_sql_text(&sql, format, strlen(format));
    weft_buf_addf(&sql, ") AS %s)", type);
    WEFT_TRY(weft_buf_check(&sql, error));
    column->sql = weft_arena_strdup(arena, sql.data);
    return column->sql == NULL ? weft_error_nomem(error) : 0;
}

static int column_init(struct weft_arena *arena, const struct weft_input *input, size_t index,
                       struct flow_column *column, struct weft_error *error)
{
    if (weft_type_is_nested(column->type))
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "field %s: lists, structs and maps cannot be read from csv yet",
                              column->name);
    return column_set_sql(arena, input, index, column, error);
}

static int columns_of_fields(struct weft_arena *arena, const struct weft_input *input,
                             const struct weft_fields *fields, struct flow_columns *out,
                             struct weft_error *error)
{
    out->items = weft_arena_array(arena, fields->count + 1, sizeof *out->items);
    if (out->items == NULL)
        return weft_error_nomem(error);
    out->count = fields->count;
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        struct flow_column *column = &out->items[i];
        column->name = field->name;
        column->header = field->from != NULL ? field->from : field->name;
        column->type = field->type;
        column->field = field;
        column->required = field->required;
        WEFT_TRY(column_init(arena, input, i, column, error));
    }
    return 0;
}

static const struct weft_type *table_type(const struct weft_table_schema *table, const char *name)
{
    for (size_t i = 0; table != NULL && i < table->count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return table->columns[i].type;
    }
    return NULL;
}

/* No schema anywhere: the header's names, and the types that the sampled cells read as. */
static int columns_detect(struct weft_arena *arena, const struct weft_input *input,
                          const struct flow_sample *sample, const struct weft_table_schema *table,
                          struct flow_columns *out, struct weft_error *error)
{
    size_t count = sample->header.count;
    struct weft_field *fields = weft_arena_array(arena, count + 1, sizeof *fields);
    if (fields == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct weft_type *known = table_type(table, sample->header.items[i]);
        fields[i].name = sample->header.items[i];
        fields[i].type = known != NULL ? known : sample->types[i];
        fields[i].min_length = -1;
        fields[i].max_length = -1;
    }
    out->fields = (struct weft_fields){fields, count};
    out->detected = true;
    WEFT_TRY(columns_of_fields(arena, input, &out->fields, out, error));
    for (size_t i = 0; i < count; i++)
        out->items[i].field = NULL;
    return 0;
}

/* ---- what the table gets ---- */

static int output_cast(struct weft_arena *arena, const struct weft_field *field,
                       const struct flow_column *column, struct flow_output *out,
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
        weft_buf_adds(&sql, FLOW_ALIAS ".");
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

static int outputs_make(struct weft_arena *arena, struct flow_columns *out,
                        struct weft_error *error)
{
    struct flow_output *outputs = weft_arena_array(arena, out->fields.count + 1, sizeof *outputs);
    if (outputs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < out->fields.count; i++) {
        const struct weft_field *field = &out->fields.items[i];
        int column = flow_columns_find(out, field->name);
        outputs[i].column = column;
        WEFT_TRY(
            output_cast(arena, field, column < 0 ? NULL : &out->items[column], &outputs[i], error));
    }
    out->outputs = outputs;
    out->output_count = out->fields.count;
    return 0;
}

/* The key's fields are never null, so a file without them is refused as for required ones. */
static int columns_check_key(const struct weft_product *product, struct flow_columns *out,
                             struct weft_error *error)
{
    for (size_t i = 0; i < product->key.count; i++) {
        int column = flow_columns_find(out, product->key.items[i]);
        if (column < 0)
            return weft_error_set(error, WEFT_E_INVALID, "the key's field %s is no column",
                                  product->key.items[i]);
        out->items[column].required = true;
    }
    return 0;
}

int flow_columns_make(struct weft_arena *arena, const struct weft_product *product,
                      const struct weft_input *input, const struct flow_sample *sample,
                      const struct weft_table_schema *table, struct flow_columns *out,
                      struct weft_error *error)
{
    *out = (struct flow_columns){.input = input};
    if (flow_columns_need_sample(product, input)) {
        WEFT_TRY(columns_detect(arena, input, sample, table, out, error));
    } else {
        bool own = input->schema.count > 0;
        const struct weft_fields *fields = own ? &input->schema : &product->schema;
        if (own && product->schema.count > 0)
            out->port_prefix = input->name;
        WEFT_TRY(columns_of_fields(arena, input, fields, out, error));
        out->fields = product->schema.count > 0 ? product->schema : input->schema;
    }
    WEFT_TRY(columns_check_key(product, out, error));
    return outputs_make(arena, out, error);
}

/* ---- the FROM ---- */

void flow_columns_print_from(const struct flow_columns *columns, size_t words, struct weft_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < columns->count; i++)
        any = any || columns->items[i].sql != NULL;
    if (!any) {
        weft_buf_adds(out, "weft_csv() AS " FLOW_ALIAS);
        return;
    }
    weft_buf_adds(out, "(SELECT \"" FLOW_ID "\"");
    for (size_t i = 0; i < words; i++)
        weft_buf_addf(out, ", \"" FLOW_BITS "%zu\"", i);
    for (size_t i = 0; i < columns->count; i++) {
        const struct flow_column *column = &columns->items[i];
        weft_buf_adds(out, ", ");
        if (column->sql != NULL)
            weft_buf_addf(out, "\"" FLOW_RAW "%zu\", %s AS ", i, column->sql);
        weft_buf_add_sql_name(out, column->name);
    }
    weft_buf_adds(out, " FROM weft_csv()) AS " FLOW_ALIAS);
}

/* ---- a file's header ---- */

static int header_index(const struct flow_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->items[i].header, name) == 0)
            return (int)i;
    }
    return -1;
}

static int header_refuse_missing(const struct flow_columns *columns,
                                 const struct weft_texts *header, const struct flow_column *column,
                                 const char *where, struct weft_error *error)
{
    (void)columns;
    weft_error_set(error, WEFT_E_INPUT, "%s has no column \"%s\", which is required", where,
                   column->header);
    const char *near = weft_suggest(column->header, header->items, header->count);
    if (near != NULL)
        weft_error_hint(error, "it has \"%s\": say `from: \"%s\"` at the field if that is it", near,
                        near);
    return weft_error_at(error, where, 1, 0);
}

static int header_check_doubles(const struct weft_texts *header, const char *where,
                                struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    if (seen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < header->count; i++) {
        if (weft_map_has(seen, header->items[i])) {
            weft_error_set(error, WEFT_E_INPUT, "the header of %s has the column \"%s\" twice",
                           where, header->items[i]);
            return weft_error_at(error, where, 1, 0);
        }
        if (weft_map_put(seen, header->items[i], NULL) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

static int header_extra(struct weft_arena *arena, const struct flow_columns *columns,
                        const struct weft_texts *header, const int *map, const char *where,
                        const char **warning, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    weft_buf_init(&names, 1 << 20);
    size_t count = 0;
    for (size_t i = 0; i < header->count; i++) {
        if (map[i] >= 0)
            continue;
        if (count < 20)
            weft_buf_addf(&names, "%s\"%s\"", count == 0 ? "" : ", ", header->items[i]);
        count++;
    }
    if (count > 20)
        weft_buf_addf(&names, " and %zu more", count - 20);
    if (count == 0 || columns->input->extra_columns == WEFT_EXTRA_IGNORE)
        return weft_buf_check(&names, error);
    WEFT_TRY(weft_buf_check(&names, error));
    if (columns->input->extra_columns == WEFT_EXTRA_REFUSE) {
        weft_error_set(error, WEFT_E_INPUT, "%s has columns that the schema does not name: %s",
                       where, names.data);
        return weft_error_at(error, where, 1, 0);
    }
    *warning = weft_arena_format(
        arena, "%s: columns that the schema does not name are left out: %s", where, names.data);
    return *warning == NULL ? weft_error_nomem(error) : 0;
}

int flow_columns_map(struct weft_arena *arena, const struct flow_columns *columns,
                     const struct weft_texts *header, const char *where, int **map,
                     const char **warning, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) bool *found = weft_alloc_array(columns->count + 1, sizeof *found);
    int *to = weft_arena_array(arena, header->count + 1, sizeof *to);
    *warning = NULL;
    if (found == NULL || to == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(header_check_doubles(header, where, error));
    for (size_t i = 0; i < header->count; i++) {
        to[i] = header_index(columns, header->items[i]);
        if (to[i] >= 0)
            found[to[i]] = true;
    }
    for (size_t i = 0; i < columns->count; i++) {
        if (!found[i] && columns->items[i].required)
            return header_refuse_missing(columns, header, &columns->items[i], where, error);
    }
    WEFT_TRY(header_extra(arena, columns, header, to, where, warning, error));
    *map = to;
    return 0;
}
