/* Any text as a contract: no crash, no hang, and one that is accepted is given back as a contract
 * of the same product. */
#include "odcs/odcs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* As in product_fuzz.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static void check_given_back(struct weft_arena *arena, const struct weft_product *product)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_product *again = NULL;
    struct weft_diag diag;
    struct weft_buf out;
    weft_diag_init(&diag);
    weft_buf_init(&out, WEFT_EXPORT_MAX);
    if (weft_product_print_odcs(product, &out, &error) == 0 &&
        weft_product_parse_odcs(arena, out.data, out.length, "fuzz.odcs.yaml", "/nonexistent", "d",
                                "p", &diag, &again, &error) == 0 &&
        again == NULL)
        abort();
    weft_buf_release(&out);
    weft_diag_release(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    const struct weft_product *product = NULL;
    struct weft_arena *arena = weft_arena_new(256 * 1024 * 1024);
    weft_diag_init(&diag);
    if (arena != NULL && size <= 65536 &&
        weft_product_parse_odcs(arena, (const char *)data, size, "fuzz.odcs.yaml", "/nonexistent",
                                "d", "p", &diag, &product, &error) == 0 &&
        product != NULL)
        check_given_back(arena, product);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return 0;
}
