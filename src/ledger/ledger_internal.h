/*
 * ledger_internal.h - what the files of this folder share.
 */
#ifndef WEFT_LEDGER_LEDGER_INTERNAL_H
#define WEFT_LEDGER_LEDGER_INTERNAL_H

#include "ledger/key_internal.h"
#include "ledger/ledger.h"
#include "ledger/store.h"

#define LEDGER_CONNECTIONS_MAX 4 /* transactions open at once in one ledger */
#define LEDGER_WAIT_MS 60000     /* for another process: its writing, its making of the home */
#define LEDGER_ACTOR_MAX 256
#define LEDGER_FILE_MAX 65536 /* format, ledger.head */
#define LEDGER_BUFFER_MAX (256 * 1024)
#define LEDGER_BODY_TEXT_MAX (4 * WEFT_LEDGER_BODY_MAX)
#define LEDGER_DDL_MAX (1024 * 1024)
#define LEDGER_LISTS_MAX (256 * 1024 * 1024)
#define LEDGER_ENTRY_FORMAT 1
#define LEDGER_KIND_ACCEPTED "head.accepted"

struct ledger_connection {
    struct weft_store *store; /* NULL = not opened yet */
    bool used;
};

struct weft_ledger {
    char *home;
    char *database;
    char *keys;
    unsigned flags;
    char origin[WEFT_KEY_ID];
    struct weft_key *key; /* read when first needed: readers never hold it */
    struct ledger_connection connections[LEDGER_CONNECTIONS_MAX];
    bool writing; /* a writing transaction is open */
    bool making;  /* the home is being made: ledger.head comes later */
    bool memory;  /* there is no home: state.c */
    struct weft_ledger_head memory_head;
    int wait_ms;
};

struct weft_ledger_txn {
    struct weft_ledger *ledger;
    struct weft_store *store;
    struct ledger_connection *connection; /* NULL: a scratch store, not from the ledger */
    bool write;
    bool broken; /* an append failed: nothing of this may be committed */
    bool accept; /* whatever ledger.head says now is replaced at the commit */
    int64_t appended;
    struct weft_ledger_head head;
};

/* An entry with the fields that only this folder needs. */
struct ledger_row {
    int64_t format;
    struct weft_ledger_entry entry;
    const char *body_hash;
    const char *signature;
};

/* ---- entry.c ---- */
int ledger_entry_digest(const struct ledger_row *row, unsigned char digest[WEFT_SHA256_BYTES],
                        struct weft_error *error) WEFT_MUST_CHECK;
/* INVALID unless the text is a JSON object; the canonical form is added to out. */
int ledger_body_canonical(const char *body, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
#define LEDGER_COLUMNS                                                                             \
    "format, origin, sequence, time_us, actor, kind, kind_version, body, body_hash, "              \
    "previous_hash, hash, key_id, signature"
/* A row of SELECT LEDGER_COLUMNS; its texts live until the next step. */
int ledger_row_read(struct weft_stmt *stmt, struct ledger_row *row, struct weft_error *error)
    WEFT_MUST_CHECK;
int ledger_row_insert(struct weft_ledger_txn *txn, const struct ledger_row *row,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* ---- head.c ---- */
struct ledger_signed_head {
    int64_t sequence;
    char origin[WEFT_KEY_ID];
    char hash[WEFT_SHA256_HEX];
    char key_id[WEFT_KEY_ID];
    char signature[WEFT_SIGNATURE_HEX];
};
/* CORRUPT when it is missing or no head. The signature is not looked at. */
int ledger_head_read(const char *home, struct ledger_signed_head *head, struct weft_error *error)
    WEFT_MUST_CHECK;
int ledger_head_digest(const struct ledger_signed_head *head,
                       unsigned char digest[WEFT_SHA256_BYTES], struct weft_error *error)
    WEFT_MUST_CHECK;
/* Signs and writes, unless the file names this sequence or a later one already (force: even then).
 */
int ledger_head_write(struct weft_ledger *ledger, const struct weft_ledger_head *head, bool force,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* Only for verification: a key that the node has or had. WEFT_NOT_THERE. */
int ledger_key_public(struct weft_ledger_txn *txn, const char *origin, const char *key_id,
                      struct weft_key **key, struct weft_error *error) WEFT_MUST_CHECK;
/* For whoever writes on: ledger.head is there, signed by the node's key, and names an entry that
 * the database has. CORRUPT. */
int ledger_head_check(struct weft_ledger_txn *txn, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- home.c ---- */
/* Folder, rights, format; makes or migrates as ledger->flags say. */
int ledger_home_open(struct weft_ledger *ledger, struct weft_error *error) WEFT_MUST_CHECK;
/* flock with a bounded wait: BUSY. */
int ledger_lock_wait(const char *path, bool exclusive, int wait_ms, int *fd,
                     struct weft_error *error) WEFT_MUST_CHECK;
int ledger_text_file(const char *path, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK; /* WEFT_NOT_THERE */

/* ---- migrate.c ---- */
int ledger_migrate(struct weft_ledger *ledger, int64_t from, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- ledger.c ---- */
/* One value of weft_meta; WEFT_NOT_THERE. value has room for size. */
int ledger_meta_get(struct weft_ledger_txn *txn, const char *name, char *value, size_t size,
                    struct weft_error *error) WEFT_MUST_CHECK;
int ledger_meta_set(struct weft_ledger_txn *txn, const char *name, const char *value,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* The key that signs now, read from its file. */
int ledger_key(struct weft_ledger_txn *txn, const struct weft_key **key, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A new key, its file and the entry key.rotated, signed by the old one. */
int ledger_key_rotate(struct weft_ledger_txn *txn, const char *actor, struct weft_error *error)
    WEFT_MUST_CHECK;
/* For tests: how long to wait for other writers. */
void ledger_set_wait(struct weft_ledger *ledger, int wait_ms);

/* A writing transaction that does not look at ledger.head: for what appends nothing, and for what
 * sets the head right. */
int ledger_begin_unchecked(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                           struct weft_error *error) WEFT_MUST_CHECK;

/* ---- registry.c ---- */
const struct weft_ledger_kind *ledger_kind_find(const char *name);
const struct weft_ledger_table *ledger_table_at(size_t index); /* NULL after the last */
extern const char ledger_core_ddl[];                           /* entries, weft_meta, weft_schema */

/* ---- schema.c ---- */
/* The registered tables are there and up to date; makes them or folds them anew. */
int ledger_schema_sync(struct weft_ledger *ledger, struct weft_error *error) WEFT_MUST_CHECK;
int ledger_schema_apply(struct weft_ledger_txn *txn, struct weft_error *error) WEFT_MUST_CHECK;
/* The DDL of all folded tables, in order of registration. */
int ledger_schema_folded(struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

int ledger_schema_drop_folded(struct weft_ledger_txn *txn, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- rebuild.c ---- */
int ledger_fold(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                struct weft_error *error) WEFT_MUST_CHECK;
/* Drops the folded tables, makes them again, folds all entries. */
int ledger_refold(struct weft_ledger_txn *txn, int64_t *entries, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- list.c ---- */
/* Notes which lists the entry names (table ledger_lists). */
int ledger_lists_note(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error) WEFT_MUST_CHECK;
/* Every list that the entry names is there and whole. */
int ledger_lists_check(struct weft_ledger *ledger, const struct weft_ledger_entry *entry,
                       struct weft_error *error) WEFT_MUST_CHECK;

#endif
