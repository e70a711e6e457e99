/*
 * fs.h - files: the one layer that all writes, syncs, renames and removals of weft go through, so
 * that tests can let any of them fail (fault.h).
 *
 * Paths are zero-terminated byte strings. Files are made with mode 0600 and folders with 0700: the
 * home is readable by its owner only. All functions: 0, or -1 with IO or NO_SPACE in error, naming
 * the path. Thread-safe.
 */
#ifndef WEFT_BASE_FS_H
#define WEFT_BASE_FS_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

void weft_fd_close(int *fd); /* for WEFT_CLEANUP; -1 is nothing; sets -1 */

/* flags: O_* (O_CLOEXEC is added). *fd is set on success. */
int weft_fs_open(const char *path, int flags, int *fd, struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_write(int fd, const void *data, size_t length, const char *path,
                  struct weft_error *error) WEFT_MUST_CHECK;
/* Up to length bytes; *got = 0 at the end. Retries EINTR. */
int weft_fs_read(int fd, void *data, size_t length, size_t *got, const char *path,
                 struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_pread(int fd, void *data, size_t length, int64_t offset, size_t *got, const char *path,
                  struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_sync(int fd, const char *path, struct weft_error *error) WEFT_MUST_CHECK;
/* Opens, syncs, closes: a file that somebody else wrote, or a folder. */
int weft_fs_sync_path(const char *path, struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_rename(const char *from, const char *to, struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_unlink(const char *path, struct weft_error *error) WEFT_MUST_CHECK; /* gone is fine */
int weft_fs_rmdir(const char *path, struct weft_error *error) WEFT_MUST_CHECK;  /* gone is fine */
int weft_fs_mkdirs(const char *path, struct weft_error *error) WEFT_MUST_CHECK; /* like mkdir -p */
int weft_fs_truncate(int fd, int64_t size, const char *path, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Removes a folder with all below it. Does not follow links. Gone is fine. */
int weft_fs_remove_tree(const char *path, struct weft_error *error) WEFT_MUST_CHECK;

/* Whole files. read: WEFT_NOT_THERE (2) when there is no such file; LIMIT over max bytes (out holds
 * one byte more). */
int weft_fs_read_file(const char *path, size_t max, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The same for files that nobody but weft makes: CORRUPT when it is no regular file. A FIFO in its
 * place would hang whoever opens it. */
int weft_fs_open_regular(const char *path, int *fd, struct weft_error *error) WEFT_MUST_CHECK;
int weft_fs_read_regular(const char *path, size_t max, struct weft_buf *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* Temporary name beside it, write, sync, rename, sync of the folder: old or new, never a part. */
int weft_fs_write_file(const char *path, const void *data, size_t length, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A file that is not there yet, and that nobody reads before its folder is synced too: that is left
 * to the caller, once for many files. A failure leaves no part of it. */
int weft_fs_write_new(const char *path, const void *data, size_t length, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Moves across file systems too (copy, sync, rename, unlink). Refuses to replace: CONFLICT. */
int weft_fs_move(const char *from, const char *to, struct weft_error *error) WEFT_MUST_CHECK;

/* What tells one state of a file from another without reading it. */
struct weft_fs_identity {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t modified_ns;
    int64_t changed_ns;
};
/* WEFT_NOT_THERE when there is none. */
int weft_fs_identity(const char *path, struct weft_fs_identity *identity, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_fs_identity_fd(int fd, struct weft_fs_identity *identity, const char *path,
                        struct weft_error *error) WEFT_MUST_CHECK;
bool weft_fs_identity_equal(const struct weft_fs_identity *a, const struct weft_fs_identity *b);
bool weft_fs_exists(const char *path);
/* Does the path lead into the folder (or is it the folder), links followed? What is not there yet
 * counts by the nearest folder above it that is, a link by what it would be. Not known counts as
 * inside. */
bool weft_fs_inside(const char *path, const char *folder);
bool weft_fs_is_dir(const char *path);
bool weft_fs_is_file(const char *path); /* regular; links are followed */

/* Names in a folder, sorted by bytes, without . and ..; free with weft_fs_list_free.
 * WEFT_NOT_THERE when the folder is not there. */
struct weft_fs_list {
    char **names;
    size_t count;
    size_t capacity;
};
int weft_fs_list(const char *path, struct weft_fs_list *list, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Paths that a glob pattern (glob(7), no braces) matches, sorted; regular files only. */
int weft_fs_glob(const char *pattern, struct weft_fs_list *list, struct weft_error *error)
    WEFT_MUST_CHECK;
void weft_fs_list_free(struct weft_fs_list *list);

/* ---- paths (text only, no disk) ---- */
/* dir/name, or name alone when it is absolute. Heap; NULL when memory is out. */
char *weft_path_join(const char *dir, const char *name) WEFT_MUST_CHECK;
char *weft_path_dirname(const char *path) WEFT_MUST_CHECK; /* "." when there is no slash */
const char *weft_path_basename(const char *path);          /* points into path */
/* Absolute, without ., .. and double slashes (links are not resolved). */
int weft_path_absolute(const char *path, char **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Where this program lies: /proc/self/exe. */
int weft_path_program(char **out, struct weft_error *error) WEFT_MUST_CHECK;

/* True for NFS, SMB, 9p, FUSE and the like, where locks and syncs cannot be trusted. */
bool weft_fs_is_network(const char *path);

/* flock on a folder that is there; nothing is written. Else as weft_fs_lock. */
int weft_fs_lock_folder(const char *path, bool exclusive, bool wait, int *fd,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* flock on a file (made if missing). AGAIN when `wait` is false and somebody holds it. The lock
 * goes with the descriptor, also into a child that inherits it (cloexec off = inherit). */
int weft_fs_lock(const char *path, bool exclusive, bool wait, int *fd, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
