/*
 * outline.c - a table as evolve.c sees it, for plans that are made away from its home:
 *
 *   {"last_id": 7, "snapshot": true, "rows": true, "json_fields": "3,5", "schema": <Iceberg's>}
 *
 * Whether there are rows, not how many.
 */
#include "lake/table_internal.h"

#include <string.h>

static bool has_rows(const struct weft_table *table)
{
    return table->current != NULL &&
           strcmp(weft_json_text_or(table->current->summary, "total-records", "unknown"), "0") != 0;
}

void weft_table_outline_write(const struct weft_table *table, struct weft_json_writer *json)
{
    weft_json_begin_object(json);
    weft_json_member_int(json, "last_id", table->last_column_id);
    weft_json_member_bool(json, "snapshot", table->current != NULL);
    weft_json_member_bool(json, "rows", has_rows(table));
    weft_json_member_text(json, "json_fields",
                          weft_json_text_or(table->properties, LAKE_JSON_FIELDS, NULL));
    weft_json_key(json, "schema");
    lake_schema_write(json, weft_table_schema(table));
    weft_json_end_object(json);
}

/* Of a snapshot only this is asked: whether there are rows. */
static int current_make(struct weft_arena *arena, bool rows, const struct weft_snapshot **out,
                        struct weft_error *error)
{
    static const char none[] = "{\"total-records\":\"0\"}";
    struct weft_snapshot *snapshot = weft_arena_alloc(arena, sizeof *snapshot);
    if (snapshot == NULL)
        return weft_error_nomem(error);
    if (!rows)
        WEFT_TRY(lake_json_parse(arena, none, sizeof none - 1, &snapshot->summary, error));
    *out = snapshot;
    return 0;
}

int weft_table_outline_read(struct weft_arena *arena, yyjson_val *outline, struct weft_table **out,
                            struct weft_error *error)
{
    struct weft_table *table = weft_arena_alloc(arena, sizeof *table);
    struct weft_table_schema *schema = weft_arena_alloc(arena, sizeof *schema);
    yyjson_val *fields = NULL;
    int64_t last = 0;
    bool snapshot = false, rows = false;
    if (table == NULL || schema == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_json_int(outline, "last_id", &last, error));
    WEFT_TRY(weft_json_bool(outline, "snapshot", &snapshot, error));
    WEFT_TRY(weft_json_bool(outline, "rows", &rows, error));
    WEFT_TRY(weft_json_object(outline, "schema", &fields, error));
    if (last < 0 || last > INT32_MAX - 200)
        return weft_error_set(error, WEFT_E_CORRUPT, "last_id is %" PRId64, last);
    table->self = table;
    table->arena = arena;
    table->last_column_id = (int)last;
    WEFT_TRY(lake_schema_read(arena, fields, yyjson_obj_get(outline, "json_fields"), schema,
                              &table->last_column_id, error));
    table->schemas = schema;
    table->schema_count = 1;
    if (snapshot)
        WEFT_TRY(current_make(arena, rows, &table->current, error));
    *out = table;
    return 0;
}
