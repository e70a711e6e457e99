/*
 * hash.c - thin layer over OpenSSL's EVP and xxhash. The digest is fetched once: a fetch costs more
 * than hashing a short text.
 */
#include "base/hash.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>
#include <xxhash.h>

struct weft_sha256 {
    EVP_MD_CTX *context;
};

static EVP_MD *sha256_digest;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void sha256_fetch(void)
{
    sha256_digest = EVP_MD_fetch(NULL, "SHA256", NULL);
}

struct weft_sha256 *weft_sha256_new(void)
{
    pthread_once(&sha256_once, sha256_fetch);
    struct weft_sha256 *hash = weft_alloc(sizeof *hash);
    if (hash == NULL)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL || EVP_DigestInit_ex(hash->context, sha256_digest, NULL) != 1) {
        weft_sha256_free(hash);
        return NULL;
    }
    return hash;
}

void weft_sha256_free(struct weft_sha256 *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    weft_free(hash);
}

void weft_sha256_freep(struct weft_sha256 **hash)
{
    weft_sha256_free(*hash);
    *hash = NULL;
}

void weft_sha256_add(struct weft_sha256 *hash, const void *data, size_t length)
{
    int ok = EVP_DigestUpdate(hash->context, data, length);
    assert(ok == 1);
    (void)ok;
}

void weft_sha256_end(struct weft_sha256 *hash, unsigned char out[WEFT_SHA256_BYTES])
{
    int ok = EVP_DigestFinal_ex(hash->context, out, NULL);
    assert(ok == 1);
    (void)ok;
}

int weft_sha256(const void *data, size_t length, unsigned char out[WEFT_SHA256_BYTES],
                struct weft_error *error)
{
    WEFT_CLEANUP(weft_sha256_freep) struct weft_sha256 *hash = weft_sha256_new();
    if (hash == NULL)
        return weft_error_nomem(error);
    weft_sha256_add(hash, data, length);
    weft_sha256_end(hash, out);
    return 0;
}

int weft_sha256_hex(const void *data, size_t length, char out[WEFT_SHA256_HEX],
                    struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    WEFT_TRY(weft_sha256(data, length, digest, error));
    weft_hex(digest, sizeof digest, out);
    return 0;
}

int weft_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                     unsigned char out[WEFT_SHA256_BYTES], struct weft_error *error)
{
    unsigned int made = 0;
    assert(key_length <= INT_MAX);
    if (HMAC(EVP_sha256(), key, (int)key_length, data, length, out, &made) == NULL ||
        made != WEFT_SHA256_BYTES)
        return weft_error_set(error, WEFT_E_INTERNAL, "HMAC-SHA-256 cannot be made");
    return 0;
}

void weft_base64(const void *data, size_t length, char *out)
{
    assert(length <= INT_MAX / 2);
    EVP_EncodeBlock((unsigned char *)out, data, (int)length);
}

void weft_hex(const void *data, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool weft_unhex(const char *text, void *out, size_t length)
{
    unsigned char *bytes = out;
    if (strlen(text) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

uint64_t weft_xxh3(const void *data, size_t length)
{
    return XXH3_64bits(data, length);
}
