/*
 * parquet_fuzz.c - footers of Parquet files (parquet.h): read or refused, in bounded time.
 */
#include "codec/parquet.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_parquet_footer footer = {0};
    struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    if (arena == NULL)
        abort();
    int rc = weft_parquet_footer_parse(arena, data, size, &footer, &error);
    if (rc == 0 ? footer.rows < 0 || footer.column_count > size : error.code == WEFT_E_NONE)
        abort();
    for (size_t i = 0; rc == 0 && i < footer.column_count; i++) {
        if (footer.columns[i] == NULL)
            abort();
    }
    weft_arena_free(arena);
    return 0;
}
