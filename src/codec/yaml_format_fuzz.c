/*
 * yaml_format_fuzz.c - any text: no crash, no hang; what comes out is the same document (checked by
 * the formatter itself, and once more here), and formatting it again changes nothing.
 */
#include "codec/yaml_format.h"

#include <stdlib.h>
#include <string.h>

const char *__lsan_default_suppressions(void);

/* As in yaml_fuzz.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static int format(const char *data, size_t length, struct weft_buf *out, struct weft_error *error)
{
    struct weft_diag diag;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    weft_diag_init(&diag);
    int rc =
        arena == NULL ? -1 : weft_yaml_format(arena, data, length, "fuzz.yaml", &diag, out, error);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct weft_buf once, twice;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&once, (size_t)16 << 20);
    weft_buf_init(&twice, (size_t)16 << 20);
    if (format((const char *)data, length, &once, &error) == 0) {
        if (format(once.data, once.length, &twice, &error) != 0 || once.length != twice.length ||
            memcmp(once.data, twice.data, once.length) != 0)
            abort();
    }
    weft_buf_release(&once);
    weft_buf_release(&twice);
    return 0;
}
