/*
 * key_internal.h - Ed25519 keys (RFC 8032, by OpenSSL) and their files.
 *
 * keys/<key id>.pem holds the private key (PKCS#8 PEM, mode 0600); key id = the first 16 digits of
 * the SHA-256 of the 32 bytes of the public key. Thread rule: a key belongs to one thread.
 */
#ifndef WEFT_LEDGER_KEY_INTERNAL_H
#define WEFT_LEDGER_KEY_INTERNAL_H

#include "base/hash.h"

#define WEFT_KEY_PUBLIC_BYTES 32
#define WEFT_KEY_PUBLIC_HEX 65
#define WEFT_KEY_ID 17
#define WEFT_SIGNATURE_BYTES 64
#define WEFT_SIGNATURE_HEX 129

struct weft_key; /* private or public */

int weft_key_new(struct weft_key **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Only for verification. INVALID when it is not 64 digits. */
int weft_key_of_public(const char *public_hex, struct weft_key **out, struct weft_error *error)
    WEFT_MUST_CHECK;
void weft_key_free(struct weft_key *key);
void weft_key_freep(struct weft_key **key);

const char *weft_key_id(const struct weft_key *key);
const char *weft_key_public(const struct weft_key *key); /* hexadecimal */

/* keys is the folder. Durable when it returns. */
int weft_key_save(const struct weft_key *key, const char *keys, struct weft_error *error)
    WEFT_MUST_CHECK;
/* NOT_FOUND when there is no such file; CORRUPT when it holds another key. */
int weft_key_load(const char *keys, const char *key_id, struct weft_key **out,
                  struct weft_error *error) WEFT_MUST_CHECK;

int weft_key_sign(const struct weft_key *key, const void *data, size_t length,
                  char signature[WEFT_SIGNATURE_HEX], struct weft_error *error) WEFT_MUST_CHECK;
/* False for a wrong signature as for one that is not 128 digits. */
bool weft_key_verify(const struct weft_key *key, const void *data, size_t length,
                     const char *signature);

#endif
