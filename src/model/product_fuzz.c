/* Any text as a product file: no crash, no hang, and what is accepted reads back from its document
 * as the same product; a version can be written into it, and the rest stays the same product; and
 * whatever of its columns is kept back, what is left is a contract that names none of them. */
#include "model/cut.h"
#include "model/version.h"

#include <stdio.h>
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

/* What a version changed besides the version. */
static void check_bump(struct weft_arena *arena, const char *text, size_t size,
                       const struct weft_product *product)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    struct weft_buf out;
    const struct weft_product *after = NULL;
    struct weft_changes changes;
    char version[WEFT_VERSION_TEXT];
    snprintf(version, sizeof version, "%d.1234.5", product->major);
    weft_diag_init(&diag);
    weft_buf_init(&out, 1 << 20);
    if (weft_product_bump_text(text, size, "fuzz.yaml", version, &out, &error) == 0) {
        if (weft_product_parse(arena, out.data, out.length, "fuzz.yaml", "/nonexistent", &diag,
                               &after, &error) == 0 &&
            (after == NULL || strcmp(after->version, version) != 0 ||
             weft_product_compare(arena, product, after, &changes, &error) < 0 ||
             changes.count > 1))
            abort();
    }
    weft_buf_release(&out);
    weft_diag_release(&diag);
}

static bool known_none(void *arg, const char *product)
{
    return arg != NULL && product[0] == '\0';
}

/* Each third column is hidden, each third is a string for him. */
static void check_cut(struct weft_arena *arena, const struct weft_product *product, size_t shift)
{
    static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_fields *fields = &product->schema;
    const struct weft_product *made = NULL;
    struct weft_cut cut = {.column_count = fields->count, .figures = true, .known = known_none};
    struct weft_cut_column *columns = weft_arena_array(arena, fields->count + 1, sizeof *columns);
    if (columns == NULL)
        return;
    for (size_t i = 0; i < fields->count; i++)
        columns[i] = (struct weft_cut_column){.name = fields->items[i].name,
                                              .hidden = (i + shift) % 3 == 0,
                                              .treated = (i + shift) % 3 == 1,
                                              .type = &text_type};
    cut.columns = columns;
    if (weft_product_cut(arena, product, &cut, &made, &error) < 0) {
        fprintf(stderr, "%s: %s\n", error.message, product->document);
        abort();
    }
    for (size_t i = 0; i < fields->count; i++)
        if (columns[i].hidden && weft_fields_find(&made->schema, columns[i].name) != NULL)
            abort();
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
        check_bump(arena, (const char *)data, size, product);
        for (size_t shift = 0; shift < 3; shift++)
            check_cut(arena, product, shift);
    }
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return 0;
}
