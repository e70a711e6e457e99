/*
 * stored.c - see stored.h.
 */
#include "engine/stored.h"

static int columns_of(struct weft_arena *arena, const struct weft_table_schema *schema,
                      const struct weft_relation_column **out, size_t *count,
                      struct weft_error *error)
{
    struct weft_relation_column *columns =
        weft_arena_array(arena, schema->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < schema->count; i++)
        columns[i] = (struct weft_relation_column){.name = schema->columns[i].name,
                                                   .type = schema->columns[i].type,
                                                   .field_id = schema->columns[i].id};
    *out = columns;
    *count = schema->count;
    return 0;
}

int weft_stored_columns(struct weft_arena *arena, const struct weft_table_schema *schema,
                        struct weft_relation *out, struct weft_error *error)
{
    return columns_of(arena, schema, &out->columns, &out->column_count, error);
}

int weft_stored_files(struct weft_arena *arena, const char *home, const struct weft_table *table,
                      const struct weft_data_files *data, struct weft_relation *out,
                      struct weft_error *error)
{
    const struct weft_table_schema *written = NULL;
    const char **files = weft_arena_array(arena, data->count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < data->count; i++) {
        files[i] = weft_arena_format(arena, "%s/%s", home, data->items[i].path);
        if (files[i] == NULL)
            return weft_error_nomem(error);
    }
    out->files = files;
    out->file_count = data->count;
    if (data->count != 1 || out->plain)
        return 0;
    /* DuckDB reads one file alone by one thread where its columns are found by field id. */
    int rc = weft_table_file_schema(table, &data->items[0], &written, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return columns_of(arena, written, &out->file_columns, &out->file_column_count, error);
}
