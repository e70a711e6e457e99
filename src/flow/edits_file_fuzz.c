/*
 * edits_file_fuzz.c - any bytes as a file of edited rows (edits.h): refused as an input, with a
 * place within the file, or rows that have an id and values with names. The first byte chooses the
 * format.
 */
#include "flow/edits_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const struct edits_file *file, size_t lines)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct edits_row *row = &file->rows[i];
        if (row->row_id == NULL || row->line < 0 || row->line > (int64_t)lines || row->record < 1)
            abort();
        for (size_t k = 0; k < row->count; k++) {
            if (row->values[k].name == NULL)
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct edits_file file = {0};
    char digest[WEFT_SHA256_HEX];
    char path[64];
    size_t lines = 1;
    if (size < 1 || size > 65536)
        return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
        abort();
    for (size_t i = 1; i < size; i++)
        lines += data[i] == '\n';
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    if (arena == NULL)
        abort();
    if (edits_file_read(arena, path, "f", (data[0] & 1) != 0, digest, &file, &error) == 0) {
        check_rows(&file, lines);
    } else if (error.code != WEFT_E_INPUT && error.code != WEFT_E_LIMIT &&
               error.code != WEFT_E_INVALID) {
        fprintf(stderr, "%d %s\n", (int)error.code, error.message);
        abort();
    }
    edits_file_release(&file);
    weft_arena_free(arena);
    close(fd);
    return 0;
}
