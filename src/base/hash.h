/*
 * hash.h - SHA-256 (FIPS 180-4, by OpenSSL) whole and streaming, HMAC with it, XXH3, hexadecimal
 * and base64.
 * Thread rule: a streaming state belongs to one thread at a time.
 */
#ifndef WEFT_BASE_HASH_H
#define WEFT_BASE_HASH_H

#include "base/error.h"

#define WEFT_SHA256_BYTES 32
#define WEFT_SHA256_HEX 65 /* 64 characters and the zero byte */

struct weft_sha256;

struct weft_sha256 *weft_sha256_new(void) WEFT_MUST_CHECK; /* NULL when memory is out */
void weft_sha256_free(struct weft_sha256 *hash);
void weft_sha256_freep(struct weft_sha256 **hash);
void weft_sha256_add(struct weft_sha256 *hash, const void *data, size_t length);
/* Ends the stream; only free may follow. */
void weft_sha256_end(struct weft_sha256 *hash, unsigned char out[WEFT_SHA256_BYTES]);

int weft_sha256(const void *data, size_t length, unsigned char out[WEFT_SHA256_BYTES],
                struct weft_error *error) WEFT_MUST_CHECK;
int weft_sha256_hex(const void *data, size_t length, char out[WEFT_SHA256_HEX],
                    struct weft_error *error) WEFT_MUST_CHECK;

/* HMAC-SHA-256 (RFC 2104). */
int weft_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                     unsigned char out[WEFT_SHA256_BYTES], struct weft_error *error)
    WEFT_MUST_CHECK;

/* RFC 4648, with padding; out has room for WEFT_BASE64_SIZE(length). */
#define WEFT_BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)
void weft_base64(const void *data, size_t length, char *out);

/* out has room for 2 * length + 1. Lower case. */
void weft_hex(const void *data, size_t length, char *out);
/* Reads exactly 2 * length digits; false when there is anything else. */
bool weft_unhex(const char *text, void *out, size_t length);

uint64_t weft_xxh3(const void *data, size_t length);

#endif
