/*
 * example_file_fuzz.c - files of rows of tests, in each of their formats: the first byte says
 * which.
 */
#include "app/example_file.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.csv", "a.tsv", "a.json", "a.ndjson"};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_test_rows rows = {0};
    if (size == 0)
        return 0;
    struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    char *text = arena == NULL ? NULL : weft_arena_strndup(arena, (const char *)data + 1, size - 1);
    size_t cells = 0;
    if (text != NULL &&
        weft_example_text_read(arena, text, size - 1, names[data[0] % 4], &rows, &error) == 0) {
        for (size_t i = 0; i < rows.count; i++) {
            for (size_t k = 0; k < rows.rows[i].count; k++)
                cells += strlen(rows.rows[i].cells[k].name);
        }
    }
    weft_arena_free(arena);
    return cells == SIZE_MAX;
}
