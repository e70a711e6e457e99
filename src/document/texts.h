/*
 * texts.h - what is written in a file: where it stands, lists of texts, a text in several
 * languages. Thread rule: values only.
 */
#ifndef WEFT_DOCUMENT_TEXTS_H
#define WEFT_DOCUMENT_TEXTS_H

#include "base/defs.h"

struct weft_place {
    int line;
    int column;
};

struct weft_texts {
    const char *const *items;
    size_t count;
};
bool weft_texts_have(const struct weft_texts *texts, const char *text);
/* "a, b, c and 12 more" */
void weft_texts_print(const char *const *items, size_t count, char *out, size_t out_size);

/* The same text in another language: {fr, "..."}. */
struct weft_translation {
    const char *language;
    const char *text;
};

struct weft_translations {
    const struct weft_translation *items; /* sorted by language */
    size_t count;                         /* 0 = the text stands alone, of no stated language */
};

#endif
