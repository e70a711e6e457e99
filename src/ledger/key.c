/*
 * key.c - keys by OpenSSL's EVP. The private key's text is wiped from memory after use.
 */
#include "ledger/key_internal.h"

#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define PEM_MAX 4096

struct weft_key {
    EVP_PKEY *pkey;
    char id[WEFT_KEY_ID];
    char public_hex[WEFT_KEY_PUBLIC_HEX];
};

/* Takes the key over, also on failure. */
static int key_wrap(EVP_PKEY *pkey, struct weft_key **out, struct weft_error *error)
{
    unsigned char raw[WEFT_KEY_PUBLIC_BYTES];
    size_t length = sizeof raw;
    char hash[WEFT_SHA256_HEX];
    int rc = 0;
    if (EVP_PKEY_get_raw_public_key(pkey, raw, &length) != 1 || length != sizeof raw)
        rc = weft_error_set(error, WEFT_E_INTERNAL, "OpenSSL gives no public key");
    if (rc == 0)
        rc = weft_sha256_hex(raw, sizeof raw, hash, error);
    struct weft_key *key = rc == 0 ? weft_alloc(sizeof *key) : NULL;
    if (rc == 0 && key == NULL)
        rc = weft_error_nomem(error);
    if (rc < 0) {
        EVP_PKEY_free(pkey);
        return rc;
    }
    key->pkey = pkey;
    memcpy(key->id, hash, WEFT_KEY_ID - 1);
    weft_hex(raw, sizeof raw, key->public_hex);
    *out = key;
    return 0;
}

int weft_key_new(struct weft_key **out, struct weft_error *error)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pkey == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "OpenSSL makes no Ed25519 key");
    return key_wrap(pkey, out, error);
}

int weft_key_of_public(const char *public_hex, struct weft_key **out, struct weft_error *error)
{
    unsigned char raw[WEFT_KEY_PUBLIC_BYTES];
    if (!weft_unhex(public_hex, raw, sizeof raw))
        return weft_error_set(error, WEFT_E_INVALID, "this is no Ed25519 public key: %.80s",
                              public_hex);
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw, sizeof raw);
    if (pkey == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "OpenSSL refuses the public key");
    return key_wrap(pkey, out, error);
}

void weft_key_free(struct weft_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    weft_free(key);
}

void weft_key_freep(struct weft_key **key)
{
    weft_key_free(*key);
    *key = NULL;
}

const char *weft_key_id(const struct weft_key *key)
{
    return key->id;
}

const char *weft_key_public(const struct weft_key *key)
{
    return key->public_hex;
}

static char *key_path(const char *keys, const char *key_id)
{
    return weft_format("%s/%s.pem", keys, key_id);
}

int weft_key_save(const struct weft_key *key, const char *keys, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = key_path(keys, key->id);
    if (path == NULL)
        return weft_error_nomem(error);
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL)
        return weft_error_nomem(error);
    char *text = NULL;
    int rc;
    if (PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
        rc = weft_error_set(error, WEFT_E_INTERNAL, "OpenSSL writes no private key");
    else {
        long length = BIO_get_mem_data(bio, &text);
        rc = weft_fs_write_file(path, text, (size_t)length, error);
        OPENSSL_cleanse(text, (size_t)length);
    }
    BIO_free(bio);
    return rc;
}

static int key_parse(const struct weft_buf *pem, const char *path, struct weft_key **out,
                     struct weft_error *error)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->length);
    if (bio == NULL)
        return weft_error_nomem(error);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
    BIO_free(bio);
    if (pkey == NULL || !EVP_PKEY_is_a(pkey, "ED25519")) {
        EVP_PKEY_free(pkey);
        return weft_error_set(error, WEFT_E_CORRUPT, "%s holds no Ed25519 private key", path);
    }
    return key_wrap(pkey, out, error);
}

/* Not weft_fs_read_file: its buffer may move, and what stays behind cannot be wiped. */
int weft_key_load(const char *keys, const char *key_id, struct weft_key **out,
                  struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = key_path(keys, key_id);
    if (path == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(path)) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "the node's key %s is missing", path);
        return weft_error_hint(error, "put it back from a copy: without it nothing can be signed");
    }
    char text[PEM_MAX];
    struct weft_buf pem = {.data = text, .max = PEM_MAX};
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open_regular(path, &fd, error));
    WEFT_TRY(weft_fs_read(fd, text, sizeof text, &pem.length, path, error));
    struct weft_key *key = NULL;
    int rc = key_parse(&pem, path, &key, error);
    OPENSSL_cleanse(text, sizeof text);
    if (rc < 0)
        return rc;
    if (strcmp(key->id, key_id) != 0) {
        weft_key_free(key);
        return weft_error_set(error, WEFT_E_CORRUPT, "%s holds another key", path);
    }
    *out = key;
    return 0;
}

int weft_key_sign(const struct weft_key *key, const void *data, size_t length,
                  char signature[WEFT_SIGNATURE_HEX], struct weft_error *error)
{
    unsigned char raw[WEFT_SIGNATURE_BYTES];
    size_t raw_length = sizeof raw;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        return weft_error_nomem(error);
    bool signed_ok = EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                     EVP_DigestSign(context, raw, &raw_length, data, length) == 1 &&
                     raw_length == sizeof raw;
    EVP_MD_CTX_free(context);
    if (!signed_ok)
        return weft_error_set(error, WEFT_E_INTERNAL, "OpenSSL signs nothing with key %s", key->id);
    weft_hex(raw, sizeof raw, signature);
    return 0;
}

bool weft_key_verify(const struct weft_key *key, const void *data, size_t length,
                     const char *signature)
{
    unsigned char raw[WEFT_SIGNATURE_BYTES];
    char again[WEFT_SIGNATURE_HEX];
    if (!weft_unhex(signature, raw, sizeof raw))
        return false;
    weft_hex(raw, sizeof raw, again);
    if (strcmp(again, signature) != 0) /* one spelling only: lower case */
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = context != NULL &&
                 EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                 EVP_DigestVerify(context, raw, sizeof raw, data, length) == 1;
    EVP_MD_CTX_free(context);
    return right;
}
