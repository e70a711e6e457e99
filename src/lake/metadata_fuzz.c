/*
 * metadata_fuzz.c - a table's metadata file: JSON from anywhere.
 */
#include "lake/table_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    struct weft_table *table = NULL;
    if (arena != NULL && lake_metadata_parse(arena, "lake/d/t/metadata/x", (const char *)data, size,
                                             &table, &error) == 0) {
        const struct weft_table_schema *schema = weft_table_schema(table);
        for (size_t i = 0; i < weft_table_snapshot_count(table); i++) {
            const struct weft_snapshot *snapshot = weft_table_snapshot_nth(table, i);
            if (snapshot != NULL)
                (void)weft_table_snapshot_at(table, snapshot->timestamp_ms);
        }
        (void)lake_schema_bounded(schema, 1);
    }
    weft_arena_free(arena);
    return 0;
}
