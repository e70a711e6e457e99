/*
 * password.c - passwords: Argon2id by libsodium, which also chooses the salt. The text that is kept
 * carries its own limits, so that these may rise.
 */
#include "base/secret.h"
#include "trust/keys.h"
#include "trust/trust_internal.h"

#include <sodium.h>
#include <string.h>

static int password_hash(const char *password, size_t length, char out[crypto_pwhash_STRBYTES],
                         struct weft_error *error)
{
    if (sodium_init() < 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "libsodium does not start");
    memset(out, 0, crypto_pwhash_STRBYTES);
    if (crypto_pwhash_str_alg(out, password, length, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return weft_error_nomem(error);
    return 0;
}

static int length_check(size_t length, struct weft_error *error)
{
    if (length == 0 || (length >= WEFT_PASSWORD_MIN && length <= WEFT_PASSWORD_MAX))
        return 0;
    return weft_error_set(error, WEFT_E_USAGE, "a password has %d to %d bytes", WEFT_PASSWORD_MIN,
                          WEFT_PASSWORD_MAX);
}

static int digest_append(struct weft_ledger_txn *txn, const char *actor, const char *principal,
                         const char *digest, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "digest", digest);
    weft_json_member_text(&writer, "principal", principal);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_PASSWORD_SET, body.data, NULL, error);
}

int weft_password_set(struct weft_ledger_txn *txn, const char *actor, const char *principal,
                      const char *password, size_t length, struct weft_error *error)
{
    enum weft_principal_kind kind;
    char hash[crypto_pwhash_STRBYTES] = "", digest[WEFT_SHA256_HEX] = "";
    int64_t one;
    WEFT_TRY(weft_principal_parse(principal, &kind, error));
    if (kind != WEFT_PRINCIPAL_USER)
        return weft_error_set(error, WEFT_E_USAGE,
                              "%s has no password: users have, services have "
                              "keys",
                              principal);
    WEFT_TRY(length_check(length, error));
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM trust_principals WHERE principal = ?1 AND seq_to IS NULL",
                          "t", principal);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s", principal);
    if (length > 0) {
        WEFT_TRY(password_hash(password, length, hash, error));
        WEFT_TRY(weft_sha256_hex(hash, strlen(hash), digest, error));
    }
    WEFT_TRY(weft_sql_exec(txn, error, "DELETE FROM trust_passwords WHERE principal = ?1", "t",
                           principal));
    if (length > 0)
        WEFT_TRY(weft_sql_exec(txn, error,
                               "INSERT INTO trust_passwords(principal, hash) VALUES(?1, ?2)", "tt",
                               principal, hash));
    return digest_append(txn, actor, principal, digest, error);
}

/* What is kept, if it is what the ledger says; "" otherwise. */
static int hash_kept(struct weft_ledger_txn *txn, const char *principal,
                     char out[crypto_pwhash_STRBYTES], struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    char digest[WEFT_SHA256_HEX];
    memset(out, 0, crypto_pwhash_STRBYTES);
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT w.hash, p.password FROM trust_passwords w JOIN "
                            "trust_principals p ON p.principal = w.principal AND p.seq_to IS NULL "
                            "AND p.disabled = 0 WHERE w.principal = ?1",
                            "t", principal));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return 0;
    const char *hash = weft_stmt_column_text(stmt, 0);
    size_t length = strlen(hash);
    WEFT_TRY(weft_sha256_hex(hash, length, digest, error));
    if (length < crypto_pwhash_STRBYTES && strcmp(digest, weft_stmt_column_text(stmt, 1)) == 0)
        memcpy(out, hash, length);
    return weft_stmt_check(stmt, error);
}

int weft_password_check(struct weft_ledger_txn *txn, const char *principal, const char *password,
                        size_t length, bool *good, struct weft_error *error)
{
    char kept[crypto_pwhash_STRBYTES], other[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "libsodium does not start");
    WEFT_TRY(hash_kept(txn, principal, kept, error));
    *good = false;
    if (length > WEFT_PASSWORD_MAX)
        return 0;
    if (kept[0] == '\0') /* the same work, so that the time does not tell who is there */
        return password_hash(password, length, other, error);
    *good = crypto_pwhash_str_verify(kept, password, length) == 0;
    return 0;
}
