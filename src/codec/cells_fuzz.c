/* cells_fuzz.c - any bytes as a table that a person saved: refused or read, never more. */
#include "codec/cells.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    struct weft_cells cells = {0};
    struct weft_error error = WEFT_ERROR_INIT;
    size_t length = 0;
    if (arena == NULL || weft_cells_read(arena, (const char *)data, size, &cells, &error) < 0)
        return 0;
    for (size_t i = 0; i < cells.count; i++) {
        for (size_t k = 0; k < cells.rows[i].count; k++)
            length += strlen(cells.rows[i].cells[k].text);
    }
    if (length > size)
        __builtin_trap();
    return 0;
}
