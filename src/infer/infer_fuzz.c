/*
 * infer_fuzz.c - any bytes as a data file to infer from: refused as an input, or a product file
 * comes out that reads without a mistake and that `weft fmt` leaves as it is. The first byte
 * chooses how the file is called.
 */
#include "codec/yaml_format.h"
#include "infer/infer.h"
#include "model/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* As in model/product_fuzz.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static void check_product(struct weft_arena *arena, const struct weft_buf *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    struct weft_buf laid, named;
    const struct weft_product *product = NULL;
    weft_diag_init(&diag);
    weft_buf_init(&laid, 4 << 20);
    /* The folder that `weft new` puts it in gives the name. */
    weft_buf_init(&named, 4 << 20);
    weft_buf_adds(&named, "name: x\ndomain: d\n");
    weft_buf_add(&named, text->data, text->length);
    if (weft_product_parse(arena, named.data, named.length, "x.yaml", "/nonexistent", &diag,
                           &product, &error) < 0 ||
        product == NULL) {
        fprintf(stderr, "%s\n%s\n%s\n", text->data, error.message,
                diag.count > 0 ? diag.items[0].message : "");
        abort();
    }
    if (weft_yaml_format(arena, text->data, text->length, "x.yaml", &diag, &laid, &error) != 0 ||
        laid.length != text->length || memcmp(laid.data, text->data, laid.length) != 0) {
        fprintf(stderr, "%s\nlaid out:\n%s\n%s\n", text->data, laid.data, error.message);
        abort();
    }
    weft_buf_release(&laid);
    weft_buf_release(&named);
    weft_diag_release(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"x.csv", "x.json", "x.ndjson", "x.avro"};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_infer_result result;
    struct weft_buf text;
    char path[64];
    if (size < 1 || size > 65536 || (size > 5 && memcmp(data + 1, "PAR1", 4) == 0))
        return 0; /* Parquet is DuckDB's to read */
    const char *name = names[data[0] % WEFT_COUNT(names)];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    if (arena == NULL)
        abort();
    weft_buf_init(&text, 4 << 20);
    const struct weft_infer_file file = {path, name, name};
    struct weft_infer what = {.files = &file,
                              .file_count = 1,
                              .version = "0.1.0",
                              .file_size_max = 1 << 20,
                              .record_size_max = 1 << 16,
                              .columns_max = 1000};
    if (weft_infer(arena, &what, &text, &result, &error) == 0) {
        check_product(arena, &text);
    } else if (error.code != WEFT_E_INPUT && error.code != WEFT_E_LIMIT &&
               error.code != WEFT_E_NOT_YET && error.code != WEFT_E_REFUSED) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    weft_buf_release(&text);
    weft_arena_free(arena);
    close(fd);
    return 0;
}
