/*
 * keys.h - what a principal shows to be let in: keys of programs, and passwords.
 *
 * A key is "weft_" id "_" secret: an id of 8 hexadecimal digits, which is no secret and is how a
 * key is named and found, and 256 random bits as 64 hexadecimal digits. It is shown once; kept is
 * the SHA-256 of all of it, which nobody can turn back into 256 random bits. Facts of the ledger:
 *   key.added    {key, hash, principal, by?, label?, products: [..], purposes: [..], expires_us,
 *                 replaces?}
 *   key.disabled, key.enabled {key, because?}
 * Folded: trust_keys. What a key opens is what its principal may, and of that what its scope names;
 * by a key with a scope no role of its principal gives a right.
 *
 * A password is kept as Argon2id of libsodium (interactive limits, 64 MB) in trust_passwords, an
 * operational table: the ledger never forgets, and a hash of a password is to be forgotten. The
 * ledger has the SHA-256 of that text (password.set), so that one put there past weft does not
 * open.
 * Thread rule: that of the transaction. Secrets are wiped from memory that is weft's own.
 */
#ifndef WEFT_TRUST_KEYS_H
#define WEFT_TRUST_KEYS_H

#include "trust/principals.h"

#define WEFT_KEY_ID 9          /* 8 digits and the zero byte */
#define WEFT_KEY_TEXT 79       /* weft_<8>_<64> and the zero byte */
#define WEFT_KEY_SCOPE_MAX 200 /* products and purposes of one key */
#define WEFT_KEY_DAYS 90       /* when nothing is said */
#define WEFT_KEY_DAYS_MAX 3660
#define WEFT_PASSWORD_MIN 8 /* bytes */
#define WEFT_PASSWORD_MAX 1024

/* The hint of what a role would let one do; of the key's id. */
#define WEFT_KEY_BOUNDS                                                                            \
    "the key %s has a scope, and by such a key no role of its owner counts; its owner does "       \
    "it as himself"

struct weft_key {
    const char *id;
    const char *principal;
    const char *label;          /* NULL = none */
    struct weft_texts products; /* "hospital.*"; count 0 = all that the principal may */
    struct weft_texts purposes; /* count 0 = any */
    int64_t created_us;
    int64_t expires_us; /* 0 = never */
    bool disabled;
    int64_t sequence;
};

struct weft_keys {
    const struct weft_key *items; /* oldest first */
    size_t count;
};
int weft_keys_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                   struct weft_keys *out, struct weft_error *error) WEFT_MUST_CHECK;
/* By its id. WEFT_NOT_THERE. */
int weft_key_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *id,
                 int64_t sequence, struct weft_key *out, struct weft_error *error) WEFT_MUST_CHECK;

struct weft_key_ask {
    const char *principal; /* a user or service that is there */
    const char *made_by;   /* who acts, where the actor does so as another; NULL = the actor */
    const char *label;
    struct weft_texts products; /* domain.name, domain.*, with * for any characters */
    struct weft_texts purposes;
    int64_t expires_us; /* 0 = never */
};
/* The key itself comes out once, in `text`; the caller shows and wipes it. */
int weft_key_add(struct weft_ledger_txn *txn, const char *actor, const struct weft_key_ask *ask,
                 char text[WEFT_KEY_TEXT], struct weft_error *error) WEFT_MUST_CHECK;
/* A new one with the same scope in the old one's place, which opens nothing from now on. REFUSED
 * for one that is disabled: it has no place any more. expires_us: of the new one. */
int weft_key_rotate(struct weft_ledger_txn *txn, const char *actor, const char *id,
                    const char *made_by, int64_t expires_us, const char *because,
                    char text[WEFT_KEY_TEXT], struct weft_error *error) WEFT_MUST_CHECK;
/* WEFT_CHANGED when it is so already; NOT_FOUND. */
int weft_key_disable(struct weft_ledger_txn *txn, const char *actor, const char *id, bool disabled,
                     const char *because, struct weft_error *error) WEFT_MUST_CHECK;

/* Whose key is it? DENIED, always with the same words, for one that is not known, was changed, is
 * disabled, has expired, or whose principal may not act. *out is filled for one that is whole, also
 * where it opens nothing any more; else it is left as it was. */
int weft_key_check(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *text,
                   int64_t now_us, struct weft_key *out, struct weft_error *error) WEFT_MUST_CHECK;
/* Does its scope name products or purposes? NULL = no key. */
bool weft_key_scoped(const struct weft_key *key);
/* Is it among the key's products, whatever the purpose? */
bool weft_key_opens(const struct weft_key *key, const char *product);
/* Is it within the key's scope? product "domain.name" without a major; purpose NULL or "" = none
 * stated, which is outside of a scope that names purposes. */
bool weft_key_allows(const struct weft_key *key, const char *product, const char *purpose);

/* ---- passwords ---- */

/* USAGE for one that is too short or too long; NOT_FOUND. length 0 takes the password away. */
int weft_password_set(struct weft_ledger_txn *txn, const char *actor, const char *principal,
                      const char *password, size_t length, struct weft_error *error)
    WEFT_MUST_CHECK;
/* *good only for an active user with this password. Takes as long for a user that is not there. */
int weft_password_check(struct weft_ledger_txn *txn, const char *principal, const char *password,
                        size_t length, bool *good, struct weft_error *error) WEFT_MUST_CHECK;

#endif
