/*
 * json_internal.h - what the JSON writers share: the printing of numbers.
 */
#ifndef WEFT_CODEC_JSON_INTERNAL_H
#define WEFT_CODEC_JSON_INTERNAL_H

#include "base/defs.h"

#define JSON_NUMBER_TEXT 40

/* A finite number as ECMAScript's Number::toString prints it; returns the length. */
size_t json_number_format(double value, char out[JSON_NUMBER_TEXT]);

#endif
