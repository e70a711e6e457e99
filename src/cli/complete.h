/*
 * complete.h - what could stand where the cursor is: products, tables of the mesh, columns of what
 * the statement names, keywords. Nothing but the text and the names is looked at. Thread-safe.
 */
#ifndef WEFT_CLI_COMPLETE_H
#define WEFT_CLI_COMPLETE_H

#include "app/session.h"

struct weft_completion {
    size_t replace;       /* bytes before the cursor that an item takes the place of */
    size_t replace_chars; /* the same in characters */
    const char **items;   /* sorted, each once; all in the arena */
    size_t count, capacity;
    bool space; /* goes behind an item that is the only one */
};

/* text is the statement so far with all its lines; cursor an offset in it. 0, or -1 without memory.
 */
int weft_complete_sql(struct weft_arena *arena, const struct weft_session_names *names,
                      const char *text, size_t length, size_t cursor, struct weft_completion *out)
    WEFT_MUST_CHECK;
/* Those of the words that begin with what stands from `start` to the cursor, any case. */
int weft_complete_words(struct weft_arena *arena, const char *const *words, size_t count,
                        const char *text, size_t start, size_t cursor, struct weft_completion *out)
    WEFT_MUST_CHECK;
/* Adds the names of tables likewise. */
int weft_complete_tables(struct weft_arena *arena, const struct weft_session_names *names,
                         const char *text, size_t start, size_t cursor, bool mesh,
                         struct weft_completion *out) WEFT_MUST_CHECK;
/* What all items begin with; NULL without memory. */
const char *weft_completion_common(struct weft_arena *arena, const struct weft_completion *found);

#endif
