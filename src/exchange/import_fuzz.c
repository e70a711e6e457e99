/*
 * import_fuzz.c - files of other tools, by each importer: the first byte says which.
 */
#include "exchange/import.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (size == 0 || weft_utf8_valid((const char *)data + 1, size - 1) < size - 1)
        return 0;
    struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    struct weft_import import = {
        .arena = arena, .shown = "fuzz", .length = size - 1, .domain = "shop"};
    const struct weft_importer *importer = NULL;
    for (size_t i = 0; i < weft_importer_count; i++) {
        /* d, g, j, o, s: seeds say it by the first letter. */
        if (weft_importers[i].name[0] == (char)data[0])
            importer = &weft_importers[i];
    }
    if (arena != NULL)
        import.data = weft_arena_strndup(arena, (const char *)data + 1, size - 1);
    size_t lines = 0;
    if (import.data != NULL && importer != NULL && importer->read(&import, &error) == 0) {
        for (size_t i = 0; i < import.file_count; i++)
            lines += strlen(import.files[i].text) + import.files[i].length;
        for (size_t i = 0; i < import.note_count; i++)
            lines += strlen(import.notes[i].text);
    }
    weft_arena_free(arena);
    return lines == SIZE_MAX;
}
