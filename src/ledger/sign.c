/*
 * sign.c - signs small files of the home that other floors own, and tells whether one is signed.
 *
 * The key stays loaded, so that a session that signs often reads its file once; one that was
 * rotated meanwhile is a key that this node had.
 */
#include "ledger/ledger_internal.h"

#include <string.h>

_Static_assert(WEFT_LEDGER_KEY_ID == WEFT_KEY_ID, "ids of keys have one length");
_Static_assert(WEFT_LEDGER_SIGNATURE == WEFT_SIGNATURE_HEX, "signatures have one length");

int weft_ledger_sign(struct weft_ledger *ledger, const char *text, size_t length,
                     char key_id[WEFT_LEDGER_KEY_ID], char signature[WEFT_LEDGER_SIGNATURE],
                     struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    WEFT_TRY(weft_sha256(text, length, digest, error));
    if (ledger->key == NULL) {
        const struct weft_key *key;
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        WEFT_TRY(ledger_key(txn, &key, error));
    }
    memcpy(key_id, weft_key_id(ledger->key), WEFT_LEDGER_KEY_ID);
    return weft_key_sign(ledger->key, digest, sizeof digest, signature, error);
}

int weft_ledger_signed(struct weft_ledger *ledger, const char *text, size_t length,
                       const char *key_id, const char *signature, bool *good,
                       struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    *good = false;
    WEFT_TRY(weft_sha256(text, length, digest, error));
    if (ledger->key != NULL && strcmp(weft_key_id(ledger->key), key_id) == 0) {
        *good = weft_key_verify(ledger->key, digest, sizeof digest, signature);
        return 0;
    }
    WEFT_CLEANUP(weft_key_freep) struct weft_key *key = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = ledger_key_public(txn, ledger->origin, key_id, &key, error);
    WEFT_TRY(rc);
    *good = rc == 0 && weft_key_verify(key, digest, sizeof digest, signature);
    return 0;
}
