/*
 * pointer.h - which metadata file is a table's current one: a folded table of the ledger.
 *
 * Ledger kinds of this floor:
 *   snapshot.committed {table, space, metadata, previous, snapshot_id, parent_id, operation,
 *                       records, added, removed, files, bytes, run_id, contract_version}
 *     moves the pointer of (space, table) from previous to metadata; CONFLICT when it is not there.
 *     snapshot_id 0: only the schema or properties changed.
 *   table.dropped {table, space}
 *   catalog.described {mesh, root}
 * Ids of snapshots stand as texts in the bodies (they go beyond 2^53).
 *
 * Folded: lake_tables(space, table_name, domain, name, metadata, previous, snapshot_id,
 * contract_version, seq_from, seq_to), lake_catalog(mesh, root, seq_from, seq_to) and
 * lake_snapshots(space, table_name, snapshot_id, parent_id, committed_at, operation, rows, added,
 * removed, files, bytes, run_id, contract_version, metadata, seq_from, seq_to). Over them lie the
 * views of the JDBC catalogue: iceberg_tables, iceberg_namespace_properties (only space 'lake';
 * catalogue name = the mesh's name, namespace = domain).
 */
#ifndef WEFT_LAKE_POINTER_H
#define WEFT_LAKE_POINTER_H

#include "base/mem.h"
#include "lake/table.h"
#include "ledger/ledger.h"

#define WEFT_SPACE_LAKE "lake"
#define WEFT_SPACE_QUARANTINE "quarantine"

/* Called once at start. */
void weft_lake_register(void);

struct weft_pointer {
    const char *metadata;         /* relative to the home */
    int64_t snapshot_id;          /* current */
    const char *contract_version; /* "1.2.0" of the current snapshot; NULL = none */
    int64_t sequence;             /* of the entry that set it */
};

/* table is "domain.table" ("county_health.daily_reports", "...__v1"). sequence 0 = now.
 * WEFT_NOT_THERE when there is no table (yet). */
int weft_pointer_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *space,
                     const char *table, int64_t sequence, struct weft_pointer *out,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* When a snapshot of a table in the space was committed. WEFT_NOT_THERE when there is none. */
int weft_pointer_of_snapshot(struct weft_ledger_txn *txn, const char *space, int64_t snapshot_id,
                             int64_t *sequence, int64_t *time_us, struct weft_error *error)
    WEFT_MUST_CHECK;

struct weft_pointer_commit {
    const char *space;
    const char *table;
    const struct weft_table_made *made;
    const char *operation;
    int64_t added;
    int64_t removed;
    const char *run_id; /* NULL for a rollback */
    const char *contract_version;
};
/* Appends the entry snapshot.committed. */
int weft_pointer_commit(struct weft_ledger_txn *txn, const char *actor,
                        const struct weft_pointer_commit *commit, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_pointer_drop(struct weft_ledger_txn *txn, const char *actor, const char *space,
                      const char *table, struct weft_error *error) WEFT_MUST_CHECK;

/* The mesh's name and the home's absolute path, which the catalogue views show. Appends
 * catalog.described when they differ from what is there; else nothing. */
int weft_lake_describe(struct weft_ledger_txn *txn, const char *actor, const char *mesh_name,
                       const char *home, struct weft_error *error) WEFT_MUST_CHECK;

/* For the fold of the floor that knows majors: from this entry on the catalogue views call the
 * table `name` ("domain.name") instead of what its key says. */
/* The mesh that the home belongs to. WEFT_NOT_THERE before the first apply. */
int weft_lake_mesh(struct weft_ledger_txn *txn, struct weft_arena *arena, const char **out,
                   struct weft_error *error) WEFT_MUST_CHECK;
int weft_lake_name(struct weft_ledger_txn *txn, const char *table, const char *name,
                   int64_t sequence, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- readers: a slot (flock + the oldest sequence in use) keeps maintenance away from files that
 * somebody still sees. ---- */
struct weft_slot;
int weft_slot_open(const char *home, int64_t sequence, struct weft_slot **out,
                   struct weft_error *error) WEFT_MUST_CHECK;
void weft_slot_close(struct weft_slot *slot); /* NULL is nothing */
/* For who reads in a home and may not write there: a lock on the folder of the slots, as long as fd
 * is open. It keeps everything, whatever sequence it came from. */
int weft_slot_guard(const char *home, int *fd, struct weft_error *error) WEFT_MUST_CHECK;
/* The smallest sequence that a living reader uses; INT64_MAX when there is none. Slots of dead
 * processes are removed. */
int weft_slot_oldest(const char *home, int64_t *sequence, struct weft_error *error) WEFT_MUST_CHECK;

#endif
