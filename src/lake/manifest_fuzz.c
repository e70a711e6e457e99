/*
 * manifest_fuzz.c - manifests and manifest lists: Avro files from anywhere. Every input is read as
 * both.
 */
#include "lake/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    struct lake_manifests manifests = {0};
    struct lake_entries entries = {0};
    struct lake_manifest manifest = {.path = "lake/d/t/metadata/m.avro", .sequence_number = 3};
    if (arena != NULL) {
        int list = lake_manifest_list_parse(arena, "lake/d/t", (const char *)data, size, &manifests,
                                            &error);
        int file = lake_manifest_parse(arena, "lake/d/t", &manifest, (const char *)data, size,
                                       &entries, &error);
        (void)list;
        (void)file;
    }
    weft_arena_free(arena);
    return 0;
}
