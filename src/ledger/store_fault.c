/*
 * store_fault.c - lets the fault layer (base/fault.h) fail SQLite's own file calls and memory, in
 * builds with WEFT_FAULTS only.
 *
 * Writes, opens, resizes and removals are replaced where SQLite's unix VFS looks them up
 * (xSetSystemCall). It calls fsync directly, so that one is put before the VFS's xSync: a copy of
 * its table of methods with one entry changed. Thread rule: once per process.
 */
#include "base/fault.h"
#include "ledger/store.h"

#ifdef WEFT_FAULTS

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool weft_store_sqlite_count_allocations;

static int faulty(const char *op)
{
    int errnum = weft_fault_op(op);
    if (errnum == 0)
        return 0;
    errno = errnum;
    return -1;
}

static int faulty_open(const char *path, int flags, int mode)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    return writes && faulty("open") < 0 ? -1 : (open)(path, flags, mode);
}

static ssize_t faulty_write(int fd, const void *data, size_t length)
{
    return faulty("write") < 0 ? -1 : (write)(fd, data, length);
}

static ssize_t faulty_pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return faulty("write") < 0 ? -1 : (pwrite)(fd, data, length, offset);
}

static int faulty_truncate(int fd, off_t size)
{
    return faulty("truncate") < 0 ? -1 : (ftruncate)(fd, size);
}

static int faulty_unlink(const char *path)
{
    return faulty("unlink") < 0 ? -1 : (unlink)(path);
}

static int (*real_open)(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags);
static sqlite3_vfs fault_vfs;

/* The unix VFS has one table for files with locks (the database) and one for those without (the
 * log). Filled before threads matter: a process's first open of each. */
#define METHODS_MAX 4
static struct methods {
    sqlite3_io_methods faulty; /* first: a file points here */
    const sqlite3_io_methods *real;
} methods[METHODS_MAX];
static pthread_mutex_t methods_lock = PTHREAD_MUTEX_INITIALIZER;

static int file_sync(sqlite3_file *file, int flags)
{
    const struct methods *found = (const struct methods *)file->pMethods;
    return faulty("sync") < 0 ? SQLITE_IOERR_FSYNC : found->real->xSync(file, flags);
}

static int file_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    int rc = real_open(vfs, name, file, flags, out_flags);
    if (rc != SQLITE_OK || file->pMethods == NULL)
        return rc;
    pthread_mutex_lock(&methods_lock);
    size_t at = 0;
    while (at < METHODS_MAX && methods[at].real != NULL && methods[at].real != file->pMethods)
        at++;
    if (at < METHODS_MAX) {
        if (methods[at].real == NULL) {
            methods[at].faulty = *file->pMethods;
            methods[at].faulty.xSync = file_sync;
            methods[at].real = file->pMethods;
        }
        file->pMethods = &methods[at].faulty;
    }
    pthread_mutex_unlock(&methods_lock);
    return rc;
}

/* ---- memory: a size in front of each piece, because SQLite asks for it ---- */

#define PIECE_HEAD 16

static void *piece_resize(void *old, int size)
{
    char *base = old == NULL ? NULL : (char *)old - PIECE_HEAD;
    size_t bytes = (size_t)size + PIECE_HEAD;
    char *piece =
        weft_store_sqlite_count_allocations ? weft_realloc(base, bytes) : (realloc)(base, bytes);
    if (piece == NULL)
        return NULL;
    memcpy(piece, &size, sizeof size);
    return piece + PIECE_HEAD;
}

static void *piece_new(int size)
{
    return piece_resize(NULL, size);
}

static void piece_free(void *piece)
{
    (free)((char *)piece - PIECE_HEAD);
}

static int piece_size(void *piece)
{
    int size = 0;
    if (piece != NULL)
        memcpy(&size, (char *)piece - PIECE_HEAD, sizeof size);
    return size;
}

static int piece_round(int size)
{
    return (size + 7) & ~7;
}

static int memory_start(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void memory_stop(void *arg)
{
    (void)arg;
}

static void faults_install(void)
{
    static const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {{"open", (sqlite3_syscall_ptr)faulty_open},
                 {"write", (sqlite3_syscall_ptr)faulty_write},
                 {"pwrite", (sqlite3_syscall_ptr)faulty_pwrite},
                 {"pwrite64", (sqlite3_syscall_ptr)faulty_pwrite},
                 {"ftruncate", (sqlite3_syscall_ptr)faulty_truncate},
                 {"unlink", (sqlite3_syscall_ptr)faulty_unlink}};
    static const sqlite3_mem_methods memory = {.xMalloc = piece_new,
                                               .xFree = piece_free,
                                               .xRealloc = piece_resize,
                                               .xSize = piece_size,
                                               .xRoundup = piece_round,
                                               .xInit = memory_start,
                                               .xShutdown = memory_stop};
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (vfs == NULL)
        return;
    for (size_t i = 0; i < WEFT_COUNT(calls); i++)
        vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);
    fault_vfs = *vfs;
    fault_vfs.pNext = NULL;
    fault_vfs.zName = "weft-fault";
    real_open = vfs->xOpen;
    fault_vfs.xOpen = file_open;
    sqlite3_vfs_register(&fault_vfs, 1);
}

void weft_store_sqlite_faults(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, faults_install);
}

#else

void weft_store_sqlite_faults(void)
{
}

#endif
