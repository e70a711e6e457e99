/*
 * trust_internal.h - what the files of this folder share.
 */
#ifndef WEFT_TRUST_TRUST_INTERNAL_H
#define WEFT_TRUST_TRUST_INTERNAL_H

#include "ledger/sql.h"
#include "trust/principals.h"

#define WEFT_KIND_PRINCIPAL_ADDED "principal.added"
#define WEFT_KIND_PRINCIPAL_CHANGED "principal.changed"
#define WEFT_KIND_PRINCIPAL_DISABLED "principal.disabled"
#define WEFT_KIND_PRINCIPAL_ENABLED "principal.enabled"
#define WEFT_KIND_GROUP_CHANGED "group.changed"
#define WEFT_KIND_DOMAIN_DESCRIBED "domain.described"
#define WEFT_KIND_PASSWORD_SET "password.set"

#define WEFT_KIND_ACCESS_REQUESTED "access.requested"
#define WEFT_KIND_ACCESS_EMERGENCY "access.emergency"
#define WEFT_KIND_ACCESS_APPROVED "access.approved"
#define WEFT_KIND_ACCESS_REJECTED "access.rejected"
#define WEFT_KIND_ACCESS_REVOKED "access.revoked"
#define WEFT_KIND_ACCESS_RENEWED "access.renewed"
#define WEFT_KIND_ACCESS_REVIEWED "access.reviewed"
#define WEFT_KIND_KEY_ADDED "key.added"
#define WEFT_KIND_KEY_DISABLED "key.disabled"
#define WEFT_KIND_KEY_ENABLED "key.enabled"

/* Rows as of ?1. */
#define WEFT_TRUST_AT(alias)                                                                       \
    alias ".seq_from <= ?1 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?1) "

/* ---- principals_fold.c ---- */
void weft_principals_register(void);

/* ---- principals_put.c ---- */
/* An entry {because?, <member>: id}: that something is disabled or enabled. */
int weft_trust_state_append(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                            const char *member, const char *id, const char *because,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* ---- requests_fold.c ---- */
void weft_requests_register(void);

/* ---- mesh_tables.c ---- */
void weft_trust_mesh_tables_register(void);

/* ---- keys_fold.c ---- */
void weft_keys_register(void);

/* ---- principals.c ---- */
/* A JSON array of texts, in the arena. */
int weft_trust_texts_read(struct weft_arena *arena, yyjson_val *array, struct weft_texts *out,
                          struct weft_error *error) WEFT_MUST_CHECK;
int weft_trust_texts_parse(struct weft_arena *arena, const char *json, struct weft_texts *out,
                           struct weft_error *error) WEFT_MUST_CHECK;
/* The first column of every row. Ends the statement. */
int weft_trust_texts_rows(struct weft_arena *arena, struct weft_stmt *stmt, struct weft_texts *out,
                          struct weft_error *error) WEFT_MUST_CHECK;
bool weft_trust_texts_has(const struct weft_texts *texts, const char *text);
void weft_trust_texts_write(struct weft_json_writer *writer, const char *key,
                            const struct weft_texts *texts);

#endif
