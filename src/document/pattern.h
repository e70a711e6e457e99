/*
 * pattern.h - for this folder: is a pattern one of RE2, as far as that can be told without RE2?
 *
 * What passes here can still be too large for the engine, or name a script that Unicode does not
 * have. What is refused here the engine refuses, too.
 * Syntax: https://github.com/google/re2/wiki/Syntax
 */
#ifndef WEFT_DOCUMENT_PATTERN_H
#define WEFT_DOCUMENT_PATTERN_H

#include "base/defs.h"

#define WEFT_PATTERN_REPEAT_MAX 1000 /* of RE2 */

/* What is wrong, in a few words, or NULL. */
const char *weft_pattern_mistake(const char *pattern);

#endif
