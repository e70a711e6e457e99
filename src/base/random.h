/*
 * random.h - random bytes and UUIDs (version 4, RFC 9562). Thread-safe.
 */
#ifndef WEFT_BASE_RANDOM_H
#define WEFT_BASE_RANDOM_H

#include "base/error.h"

#define WEFT_UUID_TEXT 37 /* 36 characters and the zero byte */

int weft_random_bytes(void *data, size_t length, struct weft_error *error) WEFT_MUST_CHECK;
int weft_uuid(char text[WEFT_UUID_TEXT], struct weft_error *error) WEFT_MUST_CHECK;
/* A positive 63-bit number, as Iceberg wants for snapshot ids. */
int weft_random_id(int64_t *id, struct weft_error *error) WEFT_MUST_CHECK;

#endif
