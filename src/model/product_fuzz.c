/* Any text as a product file: no crash, no hang, and what is accepted reads back from its document
 * as the same product. */
#include "model/product.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 loses a small buffer when a quoted scalar has no end; the leaks of our own code are
 * still reported. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    const struct weft_product *product = NULL, *again = NULL;
    struct weft_arena *arena = weft_arena_new(256 * 1024 * 1024);
    weft_diag_init(&diag);
    if (arena != NULL && size <= 65536 &&
        weft_product_parse(arena, (const char *)data, size, "fuzz.yaml", "/nonexistent", &diag,
                           &product, &error) == 0 &&
        product != NULL) {
        if (weft_product_from_document(arena, product->document, "/nonexistent", &again, &error) <
                0 ||
            strcmp(product->digest, again->digest) != 0)
            abort();
    }
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return 0;
}
