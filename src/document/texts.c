/*
 * texts.c - see texts.h.
 */
#include "document/texts.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 5 /* of a long list in a message */

bool weft_texts_have(const struct weft_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0)
            return true;
    }
    return false;
}

void weft_texts_print(const char *const *items, size_t count, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used + 1 < out_size; i++) {
        int more;
        if (i == SHOWN_MAX) {
            snprintf(out + used, out_size - used, " and %zu more", count - i);
            return;
        }
        more = snprintf(out + used, out_size - used, "%s%.60s", i == 0 ? "" : ", ", items[i]);
        used += more < 0 ? 0 : (size_t)more;
    }
}
