/*
 * ledger.h - what happened: an append-only, hash-chained, signed log of facts, and the tables
 * folded from it, in one database of the home.
 *
 * A home is a folder, readable by its owner only:
 *   format            the home's format number, a line
 *   weft.db           SQLite (WAL, synchronous=FULL): entries, folded tables, operational tables
 *   ledger.head       the signed head (origin, sequence, hash, signature): shows a cut tail
 *   keys/             the node's Ed25519 key
 *   lists/            long lists that an entry names by hash
 *   lake/ quarantine/ blocked/ logs/ tmp/ locks/ slots/ audit/   see the floors that own them
 *
 * An entry: (format, origin, sequence, time, actor, kind, kind's version, body hash, previous hash,
 * hash, key id, signature). hash = SHA-256 over the canonical JSON of all fields before it; the
 * signature is Ed25519 over the hash. Bodies are canonical JSON (RFC 8785) of at most 256 KB and
 * hold no data value: counts, names, digests. Entries are never changed or migrated.
 *
 * Folded tables are system-versioned: seq_from (the entry that made the row) and seq_to (the entry
 * that ended it; NULL = now). As-of a sequence s: seq_from <= s AND (seq_to IS NULL OR seq_to > s).
 * Operational tables (leases, outbox, known identities) are not signed and may be lost.
 *
 * Kinds and tables are registered at start by the floor that owns them, before a home is opened.
 * Thread rule: a ledger and its transactions belong to one thread. Any number of processes may
 * open one home. Readers never wait (WAL); writers wait for one another, bounded.
 */
#ifndef WEFT_LEDGER_LEDGER_H
#define WEFT_LEDGER_LEDGER_H

#include "base/buf.h"
#include "base/hash.h"
#include "codec/json.h"

#define WEFT_HOME_FORMAT 1
#define WEFT_LEDGER_BODY_MAX (256 * 1024)

struct weft_ledger;
struct weft_ledger_txn;
struct weft_stmt;

/* ---- registration ---- */

struct weft_ledger_entry {
    int64_t sequence;
    int64_t time_us; /* max(clock, last + 1 ms) */
    const char *origin;
    const char *actor;
    const char *kind;
    int kind_version;
    const char *body; /* canonical JSON */
    const char *hash; /* hexadecimal */
    const char *previous_hash;
    const char *key_id;
};

/* Brings one entry into the folded tables. Runs inside the transaction that appends it, and again
 * at rebuild; so it may depend on nothing but the entry and the folded tables. CONFLICT when the
 * entry does not fit the state (then the whole transaction is refused). */
typedef int weft_ledger_fold(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                             yyjson_val *body, struct weft_error *error);

struct weft_ledger_kind {
    const char *name; /* "snapshot.committed" */
    int version;      /* the newest; fold reads all older ones too */
    weft_ledger_fold *fold;
};

struct weft_ledger_table {
    const char *name;
    const char *ddl;  /* CREATE TABLE/INDEX/VIEW IF NOT EXISTS ...; may hold several statements */
    bool operational; /* not rebuilt from entries */
    /* NULL, or the SELECT of what is taken along of it (weft_ledger_state_write); its columns are
     * columns of the table, its order is fixed. */
    const char *state;
};

/* Both keep the pointer; it must live as long as the program. Refuses a second of the same name
 * (an assertion: it is our bug); the same pointer again is nothing. */
void weft_ledger_register_kind(const struct weft_ledger_kind *kind);
void weft_ledger_register_table(const struct weft_ledger_table *table);

/* ---- a home ---- */

enum weft_ledger_open {
    WEFT_LEDGER_CREATE = 1,    /* make the home when it is not there */
    WEFT_LEDGER_READ_ONLY = 2, /* workers: no signing key is read, no writing transaction */
    /* With READ_ONLY: the home of somebody else, or of another environment. It may belong to
     * another user and be readable by others, its folder may be closed to us for writing. */
    WEFT_LEDGER_FOREIGN = 4
};

/* NOT_FOUND without CREATE; FORMAT for a newer home (an older one is migrated in one transaction
 * after a copy); REFUSED on a network file system; CORRUPT when the database does not open.
 * Folders are made with mode 0700; a home that others can read is refused with the chmod to run. */
int weft_ledger_open(const char *home, unsigned flags, struct weft_ledger **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
void weft_ledger_close(struct weft_ledger *ledger);
void weft_ledger_closep(struct weft_ledger **ledger);
const char *weft_ledger_home(const struct weft_ledger *ledger);   /* absolute */
const char *weft_ledger_origin(const struct weft_ledger *ledger); /* id of this node */

struct weft_ledger_head {
    int64_t sequence;
    int64_t time_us;
    char hash[WEFT_SHA256_HEX];
};

/* ---- what is so now, taken along: no entries, no keys, no operational table ---- */

/* An array of the tables that have a `state`, with their rows. */
int weft_ledger_state_write(struct weft_ledger_txn *txn, struct weft_json_writer *json,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* That array as a ledger in memory, at the head that it was taken at: for one reading transaction
 * at a time. INVALID or FORMAT for what is no such array, or that of another version. What the rows
 * mean is for the floors to check. */
int weft_ledger_state_read(yyjson_val *tables, const struct weft_ledger_head *head,
                           struct weft_ledger **out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- transactions ---- */

/* Reading: one consistent state. Writing: BEGIN IMMEDIATE, waits up to 60 s for other writers, then
 * BUSY; CORRUPT when ledger.head is missing, damaged, or names what the database does not hold (see
 * weft_ledger_accept). end without commit rolls back; NULL is nothing. One ledger may have up to
 * four open, one of them writing. A refused append refuses the whole transaction: commit then
 * fails. */
int weft_ledger_begin_read(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                           struct weft_error *error) WEFT_MUST_CHECK;
int weft_ledger_begin_write(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* body: any JSON text; it is made canonical. Folds it at once. */
int weft_ledger_append(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                       const char *body, int64_t *sequence, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Durable when it returns 0; then ledger.head is written. Fault points: ledger.before_commit,
 * ledger.after_commit, ledger.after_head. Ends the transaction in every case. */
int weft_ledger_commit(struct weft_ledger_txn *txn, struct weft_error *error) WEFT_MUST_CHECK;
void weft_ledger_end(struct weft_ledger_txn *txn);
void weft_ledger_endp(struct weft_ledger_txn **txn);
struct weft_ledger *weft_ledger_of(struct weft_ledger_txn *txn); /* for folds that read lists */
int weft_ledger_head(struct weft_ledger_txn *txn, struct weft_ledger_head *head,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* The last sequence at or before a time; 0 when there was nothing yet. */
int weft_ledger_sequence_at(struct weft_ledger_txn *txn, int64_t time_us, int64_t *sequence,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* ---- SQL on the store, in the common subset that SQLite and PostgreSQL share. Only floors that
 * own a table touch it. ---- */

/* A reading transaction may make a scratch table of its connection: CREATE TEMP TABLE x, INSERT
 * INTO temp.x, DELETE FROM temp.x, written so. */
int weft_stmt_prepare(struct weft_ledger_txn *txn, const char *sql, struct weft_stmt **out,
                      struct weft_error *error) WEFT_MUST_CHECK;
void weft_stmt_free(struct weft_stmt *stmt);
void weft_stmt_freep(struct weft_stmt **stmt);
/* Parameters count from 1; texts are copied. Failures are kept and told by step. */
void weft_stmt_bind_text(struct weft_stmt *stmt, int parameter, const char *text); /* NULL = null */
void weft_stmt_bind_int(struct weft_stmt *stmt, int parameter, int64_t value);
void weft_stmt_bind_double(struct weft_stmt *stmt, int parameter, double value);
void weft_stmt_bind_null(struct weft_stmt *stmt, int parameter);
/* 0 = a row is there; WEFT_END = none (more). */
int weft_stmt_step(struct weft_stmt *stmt, struct weft_error *error) WEFT_MUST_CHECK;
/* Out of memory while a column's text was made ("" was given): for those who do not step again. */
int weft_stmt_check(struct weft_stmt *stmt, struct weft_error *error) WEFT_MUST_CHECK;
void weft_stmt_reset(struct weft_stmt *stmt); /* to bind and step again */
int weft_stmt_column_count(struct weft_stmt *stmt);
const char *weft_stmt_column_name(struct weft_stmt *stmt, int column); /* columns count from 0 */
bool weft_stmt_column_is_null(struct weft_stmt *stmt, int column);
bool weft_stmt_column_is_int(struct weft_stmt *stmt, int column);
const char *weft_stmt_column_text(struct weft_stmt *stmt,
                                  int column); /* "" for null; to next step */
int64_t weft_stmt_column_int(struct weft_stmt *stmt, int column);
double weft_stmt_column_double(struct weft_stmt *stmt, int column);
/* Prepare, bind texts (NULL-terminated list of const char *, "" allowed; use WEFT_SQL_NULL for
 * null), step to the end. For statements without result. */
int weft_ledger_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql, ...)
    WEFT_MUST_CHECK;
extern const char weft_sql_null[];
#define WEFT_SQL_NULL weft_sql_null
int64_t weft_ledger_changes(struct weft_ledger_txn *txn); /* rows changed by the last statement */

/* ---- what else the node's key signs: small files of the home that other floors own ---- */
#define WEFT_LEDGER_KEY_ID 17     /* with the zero byte */
#define WEFT_LEDGER_SIGNATURE 129 /* likewise */
/* Ed25519 over the SHA-256 of the text, which says by its own members what it is, so that it is
 * taken for nothing else that is signed. */
int weft_ledger_sign(struct weft_ledger *ledger, const char *text, size_t length,
                     char key_id[WEFT_LEDGER_KEY_ID], char signature[WEFT_LEDGER_SIGNATURE],
                     struct weft_error *error) WEFT_MUST_CHECK;
/* *good: by a key that this node has or had. */
int weft_ledger_signed(struct weft_ledger *ledger, const char *text, size_t length,
                       const char *key_id, const char *signature, bool *good,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* ---- long lists that an entry names by hash: <home>/lists/<sha256>. The body names it by a member
 * `list` or `..._list` (at any depth) whose value is the hash: so verify finds it. ---- */
/* Within the writing transaction that names it (INTERNAL elsewhere). */
int weft_ledger_list_put(struct weft_ledger *ledger, const char *data, size_t length,
                         char hash[WEFT_SHA256_HEX], struct weft_error *error) WEFT_MUST_CHECK;
int weft_ledger_list_get(struct weft_ledger *ledger, const char *hash, struct weft_buf *out,
                         struct weft_error *error) WEFT_MUST_CHECK;

/* Removes lists that no entry came to name: those of a process that was killed. */
int weft_ledger_lists_sweep(struct weft_ledger *ledger, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- looking after it ---- */

/* A check in <home>/tmp, by the start of its name; "<pid>-<start time>-<id>.db" follows. */
#define WEFT_LEDGER_SCRATCH "rebuild-"

/* Calls fn for entries from..to (0 = the end) in order. */
int weft_ledger_each(struct weft_ledger_txn *txn, int64_t from, int64_t to,
                     int (*fn)(void *arg, const struct weft_ledger_entry *entry,
                               struct weft_error *error),
                     void *arg, struct weft_error *error) WEFT_MUST_CHECK;
/* Walks the chain: hashes, order, gaps, signatures, keys, ledger.head, and that the named lists are
 * whole. CORRUPT names the first entry that was changed, removed or reordered, or the missing
 * tail. */
struct weft_ledger_report {
    int64_t entries;
    struct weft_ledger_head head;
};
int weft_ledger_verify(struct weft_ledger *ledger, struct weft_ledger_report *report,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* The way out where ledger.head is missing, damaged, or ahead of a database that came from a copy
 * (all writers are refused then): the rest of the chain must hold; the tables are folded anew, an
 * entry head.accepted {because, found: missing|damaged|ahead|wrong, said} goes on from what the
 * database holds, and a new head follows. *accepted is false when nothing was wrong. */
int weft_ledger_accept(struct weft_ledger *ledger, const char *actor, const char *because,
                       struct weft_ledger_report *report, bool *accepted, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Folds all entries anew. check: into a copy, compared with what is there (CORRUPT names the first
 * table and row that differ); else replaces the folded tables in one transaction. */
int weft_ledger_rebuild(struct weft_ledger *ledger, bool check, struct weft_ledger_report *report,
                        struct weft_error *error) WEFT_MUST_CHECK;

#endif
