/*
 * home.c - the folder: its rights, its format, its making.
 *
 * A home is made in place under the lock locks/home, in steps that can all be done again; the file
 * `format` comes last, and without it there is no home. So a kill at any point leaves something
 * that the next CREATE finishes, and a second process waits for the first.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const home_folders[] = {"locks",      "keys",    "lists", "lake",
                                           "quarantine", "blocked", "logs",  "tmp",
                                           "slots",      "audit",   NULL};

int ledger_lock_wait(const char *path, bool exclusive, int wait_ms, int *fd,
                     struct weft_error *error)
{
    for (int waited_ms = 0;; waited_ms += 10) {
        int rc = weft_fs_lock(path, exclusive, false, fd, error);
        if (rc != WEFT_AGAIN)
            return rc;
        if (waited_ms >= wait_ms)
            return weft_error_set(error, WEFT_E_BUSY, "another process holds %s for %d s", path,
                                  wait_ms / 1000);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

int ledger_text_file(const char *path, struct weft_buf *out, struct weft_error *error)
{
    if (!weft_fs_exists(path))
        return WEFT_NOT_THERE;
    char block[4096];
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open_regular(path, &fd, error));
    size_t got = 0;
    do {
        WEFT_TRY(weft_fs_read(fd, block, sizeof block, &got, path, error));
        weft_buf_add(out, block, got);
        WEFT_TRY(weft_buf_check(out, error));
        if (out->length > LEDGER_FILE_MAX)
            return weft_error_set(error, WEFT_E_LIMIT, "%s is too long", path);
    } while (got > 0);
    return 0;
}

static bool name_is_ours(const char *name)
{
    for (size_t i = 0; home_folders[i] != NULL; i++) {
        if (strcmp(name, home_folders[i]) == 0)
            return true;
    }
    return strncmp(name, "weft.db", 7) == 0 || strncmp(name, "ledger.head", 11) == 0 ||
           strncmp(name, "format", 6) == 0;
}

/* Somebody's folder full of other things does not become a home. */
static int home_check_empty(const char *home, struct weft_error *error)
{
    struct weft_fs_list list;
    int rc = weft_fs_list(home, &list, error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (name_is_ours(list.names[i]))
            continue;
        rc = weft_error_set(error, WEFT_E_REFUSED, "%s is no home, and not empty: it holds %s",
                            home, list.names[i]);
        weft_error_hint(error, "name an empty or a new folder");
    }
    weft_fs_list_free(&list);
    return rc;
}

/* Closing a folder is advice for homes, and for what may become one: not for / or other files. */
static int home_open_to_others(const char *home, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *format = weft_path_join(home, "format");
    if (format == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(format))
        WEFT_TRY(home_check_empty(home, error));
    weft_error_set(error, WEFT_E_REFUSED, "other users can read the home %s", home);
    return weft_error_hint(error, "chmod 700 %s", home);
}

/* WEFT_NOT_THERE when there is no such folder. */
static int home_check(const char *home, bool foreign, struct weft_error *error)
{
    struct stat info;
    if (stat(home, &info) != 0 && errno == ENOENT)
        return WEFT_NOT_THERE;
    if (stat(home, &info) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot look at the home %s", home);
    if (!S_ISDIR(info.st_mode))
        return weft_error_set(error, WEFT_E_REFUSED, "the home %s is not a folder", home);
    if (foreign) /* read only, whosoever it is; that nothing is locked there does no harm */
        return 0;
    if (info.st_uid != geteuid()) {
        weft_error_set(error, WEFT_E_REFUSED, "the home %s belongs to another user", home);
        return weft_error_hint(error, "run weft as the user with the number %u",
                               (unsigned)info.st_uid);
    }
    if ((info.st_mode & 077) != 0)
        return home_open_to_others(home, error);
    if (weft_fs_is_network(home) || weft_fault_point("home.network")) {
        weft_error_set(error, WEFT_E_REFUSED, "the home %s lies on a network file system", home);
        return weft_error_hint(error, "locks and syncs cannot be trusted there; use a local disk");
    }
    return 0;
}

/* WEFT_NOT_THERE when the home is not made, or not to its end. */
static int home_format(const char *home, int64_t *format, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, "format");
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LEDGER_BUFFER_MAX);
    int rc = ledger_text_file(path, &text, error);
    if (rc != 0)
        return rc;
    size_t length = strcspn(text.data, "\n");
    if (!weft_parse_int64(text.data, length, format) || *format < 0)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s holds no format number", path);
    return 0;
}

static int format_write(const char *home, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, "format");
    if (path == NULL)
        return weft_error_nomem(error);
    char line[16];
    int length = snprintf(line, sizeof line, "%d\n", WEFT_HOME_FORMAT);
    return weft_fs_write_file(path, line, (size_t)length, error);
}

/* ---- making ---- */

static int folder_make(const char *path, struct weft_error *error)
{
    WEFT_TRY(weft_fs_mkdirs(path, error));
    struct stat info;
    /* An odd umask took rights from the owner too. */
    if (stat(path, &info) == 0 && (info.st_mode & 0700) != 0700 && info.st_uid == geteuid() &&
        fchmodat(AT_FDCWD, path, 0700, 0) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot set the rights of %s", path);
    return 0;
}

static int folders_make(const char *home, struct weft_error *error)
{
    for (size_t i = 0; home_folders[i] != NULL; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, home_folders[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(folder_make(path, error));
    }
    return 0;
}

/* The key that a killed making left, or a new one. */
static int home_key(struct weft_ledger *ledger, struct weft_error *error)
{
    struct weft_fs_list list;
    WEFT_TRY(weft_fs_list(ledger->keys, &list, error));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        char *name = list.names[i];
        if (weft_ends_in(name, ".pem") && ledger->key == NULL) {
            name[strlen(name) - 4] = '\0';
            rc = weft_key_load(ledger->keys, name, &ledger->key, error);
        } else if (weft_ends_in(name, ".tmp")) { /* holds a part of a private key */
            WEFT_CLEANUP(weft_freep) char *path = weft_path_join(ledger->keys, name);
            rc = path == NULL ? weft_error_nomem(error) : weft_fs_unlink(path, error);
        }
    }
    weft_fs_list_free(&list);
    if (rc < 0 || ledger->key != NULL)
        return rc;
    WEFT_TRY(weft_key_new(&ledger->key, error));
    return weft_key_save(ledger->key, ledger->keys, error);
}

static int node_created(struct weft_ledger_txn *txn, struct weft_error *error)
{
    const struct weft_key *key = txn->ledger->key;
    char body[512];
    snprintf(body, sizeof body,
             "{\"algorithm\":\"ed25519\",\"format\":%d,\"key_id\":\"%s\",\"public_key\":\"%s\","
             "\"weft\":\"%s\"}",
             WEFT_HOME_FORMAT, weft_key_id(key), weft_key_public(key), WEFT_VERSION);
    char actor[64];
    snprintf(actor, sizeof actor, "node:%s", weft_key_id(key));
    return weft_ledger_append(txn, actor, "node.created", body, NULL, error);
}

static int home_database(struct weft_ledger *ledger, struct weft_error *error)
{
    struct weft_store *store = NULL;
    WEFT_TRY(weft_store_sqlite.open(ledger->database, WEFT_STORE_CREATE, &store, error));
    ledger->connections[0].store = store;
    int rc = store->api->begin(store, true, error);
    if (rc == 0)
        rc = store->api->script(store, ledger_core_ddl, error);
    if (rc == 0)
        rc = store->api->commit(store, error);
    else
        store->api->rollback(store);
    WEFT_TRY(rc);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    if (txn->head.sequence > 0)
        return 0;
    char format[16];
    snprintf(format, sizeof format, "%d", WEFT_HOME_FORMAT);
    WEFT_TRY(ledger_meta_set(txn, "origin", ledger->origin, error));
    WEFT_TRY(ledger_meta_set(txn, "format", format, error));
    WEFT_TRY(ledger_schema_apply(txn, error));
    WEFT_TRY(node_created(txn, error));
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    return weft_ledger_commit(done, error);
}

static int home_head(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    struct weft_ledger_head head = txn->head;
    return ledger_head_write(ledger, &head, false, error);
}

static int point(const char *name, struct weft_error *error)
{
    if (!weft_fault_point(name))
        return 0;
    return weft_error_set(error, WEFT_E_IO, "stopped at %s", name);
}

static int home_fill(struct weft_ledger *ledger, struct weft_error *error)
{
    ledger->making = true;
    WEFT_TRY(folders_make(ledger->home, error));
    WEFT_TRY(point("home.before_key", error));
    WEFT_TRY(home_key(ledger, error));
    memcpy(ledger->origin, weft_key_id(ledger->key), sizeof ledger->origin);
    WEFT_TRY(point("home.after_key", error));
    WEFT_TRY(home_database(ledger, error));
    WEFT_TRY(point("home.after_database", error));
    WEFT_TRY(home_head(ledger, error));
    WEFT_TRY(point("home.before_format", error));
    WEFT_TRY(weft_fs_sync_path(ledger->home, error));
    WEFT_TRY(format_write(ledger->home, error));
    ledger->making = false;
    WEFT_CLEANUP(weft_freep) char *parent = weft_path_dirname(ledger->home);
    if (parent == NULL)
        return weft_error_nomem(error);
    return weft_fs_sync_path(parent, error);
}

/* Holds locks/home from here to the end. */
static int home_make(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *locks = weft_path_join(ledger->home, "locks");
    WEFT_CLEANUP(weft_freep) char *lock = weft_path_join(ledger->home, "locks/home");
    if (locks == NULL || lock == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(home_check_empty(ledger->home, error));
    WEFT_TRY(folder_make(locks, error));
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(ledger_lock_wait(lock, true, ledger->wait_ms, &fd, error));
    int64_t format;
    int rc = home_format(ledger->home, &format, error);
    return rc == WEFT_NOT_THERE ? home_fill(ledger, error) : rc;
}

static int not_a_home(const char *home, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no home at %s", home);
    return weft_error_hint(error, "`weft apply` makes it and registers the products of a checkout");
}

/* Without CREATE: perhaps another process is just making it. */
static int home_wait(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *lock = weft_path_join(ledger->home, "locks/home");
    if (lock == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(lock))
        return not_a_home(ledger->home, error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(ledger_lock_wait(lock, true, ledger->wait_ms, &fd, error));
    int64_t format;
    int rc = home_format(ledger->home, &format, error);
    return rc == WEFT_NOT_THERE ? not_a_home(ledger->home, error) : rc;
}

/* ---- opening ---- */

static int home_migrate(struct weft_ledger *ledger, struct weft_error *error)
{
    if (ledger->flags & WEFT_LEDGER_READ_ONLY)
        return weft_error_set(
            error, WEFT_E_FORMAT,
            "the home %s has an older format and must be opened for writing first", ledger->home);
    WEFT_TRY(folders_make(ledger->home, error));
    WEFT_CLEANUP(weft_freep) char *lock = weft_path_join(ledger->home, "locks/home");
    if (lock == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(ledger_lock_wait(lock, true, ledger->wait_ms, &fd, error));
    int64_t format = 0;
    WEFT_TRY(home_format(ledger->home, &format, error));
    if (format == WEFT_HOME_FORMAT) /* another process was faster */
        return 0;
    WEFT_TRY(ledger_migrate(ledger, format, error));
    WEFT_TRY(point("home.after_migration", error));
    return format_write(ledger->home, error);
}

int ledger_home_open(struct weft_ledger *ledger, struct weft_error *error)
{
    bool create = (ledger->flags & WEFT_LEDGER_CREATE) != 0;
    int64_t format = 0;
    if (create && !weft_fs_exists(ledger->home))
        WEFT_TRY(folder_make(ledger->home, error));
    bool foreign = (ledger->flags & WEFT_LEDGER_FOREIGN) != 0;
    int rc = home_check(ledger->home, foreign, error);
    if (rc == WEFT_NOT_THERE)
        return not_a_home(ledger->home, error);
    WEFT_TRY(rc);
    rc = home_format(ledger->home, &format, error);
    if (rc == WEFT_NOT_THERE && foreign)
        return not_a_home(ledger->home, error);
    if (rc == WEFT_NOT_THERE) {
        WEFT_TRY(create ? home_make(ledger, error) : home_wait(ledger, error));
        rc = home_format(ledger->home, &format, error);
    }
    if (rc != 0)
        return rc < 0 ? rc : not_a_home(ledger->home, error);
    if (format > WEFT_HOME_FORMAT) {
        weft_error_set(error, WEFT_E_FORMAT,
                       "the home %s has format %" PRId64 "; this weft knows up to %d", ledger->home,
                       format, WEFT_HOME_FORMAT);
        return weft_error_hint(error, "use the newer weft that wrote it");
    }
    return format < WEFT_HOME_FORMAT ? home_migrate(ledger, error) : 0;
}
