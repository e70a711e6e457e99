/*
 * treat_key.h - the secret that hash and token of a mesh are keyed with. Thread-safe.
 */
#ifndef WEFT_TRUST_TREAT_KEY_H
#define WEFT_TRUST_TREAT_KEY_H

#include "base/error.h"

#define WEFT_TREAT_KEY_BYTES 32

/* Makes it where there is none yet. */
int weft_treat_key(const char *home, unsigned char out[WEFT_TREAT_KEY_BYTES],
                   struct weft_error *error) WEFT_MUST_CHECK;

#endif
