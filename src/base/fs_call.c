/*
 * fs_call.c - the single calls of fs.h: each asks the fault layer first and names the path when it
 * fails. Owns nothing.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Lets the fault layer fail the call: sets errno and gives -1, or 0 to go on. */
static int faulty(const char *op)
{
    int errnum = weft_fault_op(op);
    if (errnum == 0)
        return 0;
    errno = errnum;
    return -1;
}

void weft_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int weft_fs_open(const char *path, int flags, int *fd, struct weft_error *error)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    int opened = writes && faulty("open") < 0 ? -1 : (open)(path, flags | O_CLOEXEC, 0600);
    if (opened < 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot open %s", path);
    *fd = opened;
    return 0;
}

int weft_fs_open_regular(const char *path, int *fd, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int opened = -1;
    struct stat info;
    WEFT_TRY(weft_fs_open(path, O_RDONLY | O_NONBLOCK, &opened, error));
    if (fstat(opened, &info) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(info.st_mode))
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is no regular file", path);
    *fd = opened;
    opened = -1;
    return 0;
}

int weft_fs_write(int fd, const void *data, size_t length, const char *path,
                  struct weft_error *error)
{
    const char *rest = data;
    if (faulty("write") < 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot write %s", path);
    while (length > 0) {
        ssize_t written = (write)(fd, rest, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot write %s", path);
        rest += written;
        length -= (size_t)written;
    }
    return 0;
}

int weft_fs_read(int fd, void *data, size_t length, size_t *got, const char *path,
                 struct weft_error *error)
{
    ssize_t count;
    do {
        count = read(fd, data, length);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot read %s", path);
    *got = (size_t)count;
    return 0;
}

int weft_fs_pread(int fd, void *data, size_t length, int64_t offset, size_t *got, const char *path,
                  struct weft_error *error)
{
    size_t total = 0;
    while (total < length) {
        ssize_t count = pread(fd, (char *)data + total, length - total, offset + (off_t)total);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot read %s", path);
        if (count == 0)
            break;
        total += (size_t)count;
    }
    *got = total;
    return 0;
}

int weft_fs_sync(int fd, const char *path, struct weft_error *error)
{
    if (faulty("sync") < 0 || (fsync)(fd) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot sync %s", path);
    return 0;
}

int weft_fs_sync_path(const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    return weft_fs_sync(fd, path, error);
}

int weft_fs_rename(const char *from, const char *to, struct weft_error *error)
{
    if (faulty("rename") < 0 || (rename)(from, to) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot rename %s to %s", from, to);
    return 0;
}

int weft_fs_unlink(const char *path, struct weft_error *error)
{
    if (faulty("unlink") < 0 || ((unlink)(path) != 0 && errno != ENOENT))
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot remove %s", path);
    return 0;
}

int weft_fs_rmdir(const char *path, struct weft_error *error)
{
    if (rmdir(path) != 0 && errno != ENOENT)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot remove the folder %s", path);
    return 0;
}

int weft_fs_truncate(int fd, int64_t size, const char *path, struct weft_error *error)
{
    if (faulty("truncate") < 0 || (ftruncate)(fd, (off_t)size) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot resize %s", path);
    return 0;
}

int weft_fs_mkdirs(const char *path, struct weft_error *error)
{
    if (weft_fs_is_dir(path))
        return 0;
    WEFT_CLEANUP(weft_freep) char *parent = weft_path_dirname(path);
    if (parent == NULL)
        return weft_error_nomem(error);
    if (strcmp(parent, path) != 0 && strcmp(parent, ".") != 0)
        WEFT_TRY(weft_fs_mkdirs(parent, error));
    if (faulty("mkdir") < 0 || ((mkdir)(path, 0700) != 0 && errno != EEXIST))
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot make the folder %s", path);
    return 0;
}

static void identity_fill(struct weft_fs_identity *identity, const struct stat *info)
{
    identity->device = info->st_dev;
    identity->inode = info->st_ino;
    identity->size = info->st_size;
    identity->modified_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    identity->changed_ns = (int64_t)info->st_ctim.tv_sec * 1000000000 + info->st_ctim.tv_nsec;
}

int weft_fs_identity(const char *path, struct weft_fs_identity *identity, struct weft_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0 && errno == ENOENT)
        return WEFT_NOT_THERE;
    if (stat(path, &info) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot look at %s", path);
    identity_fill(identity, &info);
    return 0;
}

int weft_fs_identity_fd(int fd, struct weft_fs_identity *identity, const char *path,
                        struct weft_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot look at %s", path);
    identity_fill(identity, &info);
    return 0;
}

bool weft_fs_identity_equal(const struct weft_fs_identity *a, const struct weft_fs_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

bool weft_fs_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool weft_fs_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool weft_fs_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool weft_fs_is_network(const char *path)
{
    /* Magic numbers of statfs(2): NFS, SMB (three), 9p, FUSE, CEPH, AFS, CODA, NCP. */
    static const uint32_t magics[] = {0x6969,     0x517B,     0xFF534D42, 0xFE534D42, 0x01021997,
                                      0x65735546, 0x00C36400, 0x5346414F, 0x73757245, 0x564C};
    struct statfs info;
    if (statfs(path, &info) != 0)
        return false;
    for (size_t i = 0; i < WEFT_COUNT(magics); i++) {
        if ((uint32_t)info.f_type == magics[i])
            return true;
    }
    return false;
}

static int lock_opened(int opened, bool exclusive, bool wait, const char *path, int *fd,
                       struct weft_error *error)
{
    int how = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
    int rc;
    do {
        rc = flock(opened, how);
    } while (rc != 0 && errno == EINTR && wait);
    if (rc == 0) {
        *fd = opened;
        return 0;
    }
    int errnum = errno;
    close(opened);
    if (errnum == EWOULDBLOCK)
        return WEFT_AGAIN;
    return weft_error_errno(error, WEFT_E_IO, errnum, "cannot lock %s", path);
}

int weft_fs_lock(const char *path, bool exclusive, bool wait, int *fd, struct weft_error *error)
{
    int opened = -1;
    WEFT_TRY(weft_fs_open(path, O_RDWR | O_CREAT, &opened, error));
    return lock_opened(opened, exclusive, wait, path, fd, error);
}

int weft_fs_lock_folder(const char *path, bool exclusive, bool wait, int *fd,
                        struct weft_error *error)
{
    int opened = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY | O_DIRECTORY, &opened, error));
    return lock_opened(opened, exclusive, wait, path, fd, error);
}
