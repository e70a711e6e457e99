/*
 * registered.h - documents as they are registered: canonical JSON (RFC 8785) with its SHA-256, and
 * back to a tree. Thread rule: any.
 */
#ifndef WEFT_DOCUMENT_REGISTERED_H
#define WEFT_DOCUMENT_REGISTERED_H

#include "base/hash.h"
#include "document/reader.h"

/* The canonical text of the JSON in `plain`, in the arena, at most max bytes, and its digest. */
int weft_document_make(const struct weft_buf *plain, size_t max, struct weft_arena *arena,
                       const char **document, char digest[WEFT_SHA256_HEX],
                       struct weft_error *error) WEFT_MUST_CHECK;

/* Makes something of the tree in the reader's arena. NULL when there is a mistake (reported) or
 * memory is out. */
typedef const void *weft_document_fn(struct weft_reader *reader, struct weft_node *root, void *arg);

/* What fn makes of a registered document: never NULL. INVALID for a damaged one, with its first
 * mistake. shown: in place of a file; what: "product". */
int weft_document_read(struct weft_arena *arena, const char *document, const char *shown,
                       const char *what, weft_document_fn *fn, void *arg, const void **out,
                       struct weft_error *error) WEFT_MUST_CHECK;

#endif
