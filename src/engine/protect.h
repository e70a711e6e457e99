/*
 * protect.h - the mesh's key in an instance: weft_mask, weft_hash, weft_token, weft_token_uuid as
 * scalar functions (treat_functions.c). The key is known to them alone, stands in no text and is
 * wiped with the instance. Which column is given to which: resolver/treat.h.
 * Thread rule: that of the instance.
 */
#ifndef WEFT_ENGINE_PROTECT_H
#define WEFT_ENGINE_PROTECT_H

#include "engine/engine.h"

#define WEFT_TREAT_KEY_MIN 16

/* Gives the instance the functions, with the mesh's key; before any relation is read whose columns
 * are masked, hashed or tokens. Once for an instance. INVALID: the key is shorter than 16 bytes. */
int weft_engine_protect(struct weft_engine *engine, const void *key, size_t length,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Has it been given them? */
bool weft_engine_protects(const struct weft_engine *engine);

/* What mask makes of a text: the first character of each part, then ***. */
void weft_mask(const char *text, size_t length, struct weft_buf *out);

#endif
