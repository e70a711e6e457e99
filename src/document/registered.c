/*
 * registered.c - see registered.h.
 */
#include "document/registered.h"

#include <string.h>

int weft_document_make(const struct weft_buf *plain, size_t max, struct weft_arena *arena,
                       const char **document, char digest[WEFT_SHA256_HEX],
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf canonical;
    weft_buf_init(&canonical, max);
    WEFT_TRY(weft_buf_check(plain, error));
    WEFT_TRY(weft_json_parse(plain->data, plain->length, 0, &doc, error));
    WEFT_TRY(weft_json_canonical(yyjson_doc_get_root(doc), &canonical, error));
    WEFT_TRY(weft_buf_check(&canonical, error));
    WEFT_TRY(weft_sha256_hex(canonical.data, canonical.length, digest, error));
    *document = weft_arena_strndup(arena, canonical.data, canonical.length);
    return *document == NULL ? weft_error_nomem(error) : 0;
}

int weft_document_read(struct weft_arena *arena, const char *document, const char *shown,
                       const char *what, weft_document_fn *fn, void *arg, const void **out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    struct weft_reader reader = {.arena = arena, .diag = &diag, .file = shown, .environment = ""};
    weft_diag_init(&diag);
    WEFT_TRY(weft_json_parse(document, strlen(document), WEFT_JSON_UNIQUE_KEYS, &doc, error));
    struct weft_node *root = weft_node_of_json(&reader, yyjson_doc_get_root(doc));
    const void *made = root == NULL ? NULL : fn(&reader, root, arg);
    WEFT_TRY(weft_reader_check(&reader, error));
    WEFT_TRY(weft_diag_check(&diag, error));
    if (made == NULL)
        return weft_error_set(error, WEFT_E_INVALID, "the registered document is no %s", what);
    *out = made;
    return 0;
}
