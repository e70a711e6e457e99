/*
 * leftovers.c - what killed processes left in <home>/tmp, and nobody takes over: the folder of a
 * run that was killed after its commit, a preview, a query, standard input that was spooled, a
 * check of the ledger. And their slots.
 *
 * A name tells whom it belongs to: a run's id (kept while a lease names it: its taker-over removes
 * it), or "<kind>-<pid>-<start time>-<id>".
 */
#include "flow/run_internal.h"

#include <stdio.h>
#include <string.h>

/* The process that made it is gone. */
static bool owner_died(const char *name, const char *prefix)
{
    int pid = 0;
    unsigned long long start = 0;
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 &&
           sscanf(name + length, "%d-%llu-", &pid, &start) == 2 && !weft_process_alive(pid, start);
}

static bool is_run_id(const char *name)
{
    return strlen(name) == WEFT_UUID_TEXT - 1 && strspn(name, "0123456789abcdef-") == strlen(name);
}

/* A run's folder is made after its lease and removed after its lease went. */
static int is_left(struct weft_ledger_txn *txn, const char *name, bool *left,
                   struct weft_error *error)
{
    int64_t one = 0;
    *left = owner_died(name, WEFT_LEFTOVER_PREVIEW) || owner_died(name, WEFT_LEFTOVER_STDIN) ||
            owner_died(name, WEFT_LEFTOVER_QUERY) || owner_died(name, WEFT_LEDGER_SCRATCH);
    if (*left || !is_run_id(name))
        return 0;
    int rc =
        weft_sql_int(txn, &one, error, "SELECT 1 FROM flow_leases WHERE run_id = ?1", "t", name);
    WEFT_TRY(rc);
    *left = rc == WEFT_NOT_THERE;
    return 0;
}

int weft_flow_leftovers_remove(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(weft_ledger_home(ledger), "tmp");
    struct weft_fs_list list = {0};
    int64_t ignored = 0;
    if (folder == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(
        weft_slot_oldest(weft_ledger_home(ledger), &ignored, error)); /* looking sweeps slots */
    int rc = weft_fs_list(folder, &list, error);
    if (rc == 0 && list.count > 0)
        rc = weft_ledger_begin_read(ledger, &txn, error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        bool left = false;
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, list.names[i]);
        rc = path == NULL ? weft_error_nomem(error) : is_left(txn, list.names[i], &left, error);
        if (rc == 0 && left)
            rc = weft_fs_remove_tree(path, error);
    }
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}
