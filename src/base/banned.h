/* Calls that weft's code must not make, as compile errors. Force-included into every file
 * (-include), so nobody has to remember it; idea and form from git's banned.h.
 *
 * Two forms. Calls whose names nobody uses for a member are macros that expand to an undeclared
 * name. Calls that are also natural names of members (store->open(...), x->free(x)) are redeclared
 * with the error attribute, which only strikes when the function itself is called.
 *
 * Exceptions are given per source in CMake (ALLOW_ALLOC, ALLOW_IO, ALLOW_PROCESS of weft_floor),
 * never in a source. */
#ifndef WEFT_BASE_BANNED_H
#define WEFT_BASE_BANNED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* All headers that declare one of these come first: a later include must find nothing left to
 * declare. */
#include <alloca.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define WEFT_BANNED(name, instead) weft_banned_##name##_use_##instead
#ifdef __clang__
#define WEFT_BANNED_CALL(                                                                          \
    instead) /* clang takes it on a first declaration only; gcc compiles every file too */
#else
#define WEFT_BANNED_CALL(instead) __attribute__((error("banned: use " instead)))
#endif

/* Unbounded, or silently cut, or without an error to see. */
#undef strcpy
#define strcpy(...) WEFT_BANNED(strcpy, buf_or_memcpy)
#undef strcat
#define strcat(...) WEFT_BANNED(strcat, buf)
#undef strncpy
#define strncpy(...) WEFT_BANNED(strncpy, buf_or_memcpy)
#undef strncat
#define strncat(...) WEFT_BANNED(strncat, buf)
#undef sprintf
#define sprintf(...) WEFT_BANNED(sprintf, snprintf_or_buf)
#undef vsprintf
#define vsprintf(...) WEFT_BANNED(vsprintf, vsnprintf_or_buf)
#undef gets
#define gets(...) WEFT_BANNED(gets, read)
#undef strtok
#define strtok(...) WEFT_BANNED(strtok, slices)
#undef atoi
#define atoi(...) WEFT_BANNED(atoi, a_checked_parser)
#undef atol
#define atol(...) WEFT_BANNED(atol, a_checked_parser)
#undef atoll
#define atoll(...) WEFT_BANNED(atoll, a_checked_parser)
#undef atof
#define atof(...) WEFT_BANNED(atof, a_checked_parser)

/* Results in shared static memory. */
#undef localtime
#define localtime(...) WEFT_BANNED(localtime, localtime_r)
#undef gmtime
#define gmtime(...) WEFT_BANNED(gmtime, gmtime_r)
#undef ctime
#define ctime(...) WEFT_BANNED(ctime, base_time)
#undef asctime
#define asctime(...) WEFT_BANNED(asctime, base_time)
#undef ctime_r
#define ctime_r(...) WEFT_BANNED(ctime_r, base_time)
#undef asctime_r
#define asctime_r(...) WEFT_BANNED(asctime_r, base_time)

/* Names that another process can take first. */
#undef tmpnam
#define tmpnam(...) WEFT_BANNED(tmpnam, base_fs)
#undef mktemp
#define mktemp(...) WEFT_BANNED(mktemp, base_fs)
#undef tempnam
#define tempnam(...) WEFT_BANNED(tempnam, base_fs)

/* The size of the stack is fixed. */
#undef alloca
#define alloca(...) WEFT_BANNED(alloca, an_arena)
#undef strdupa
#define strdupa(...) WEFT_BANNED(strdupa, an_arena)
#undef strndupa
#define strndupa(...) WEFT_BANNED(strndupa, an_arena)

/* Errors are returned, never thrown. */
#ifndef WEFT_BANNED_ALLOW_JUMP
#undef setjmp
#define setjmp(...) WEFT_BANNED(setjmp, returned_errors)
#undef sigsetjmp
#define sigsetjmp(...) WEFT_BANNED(sigsetjmp, returned_errors)
#undef longjmp
#define longjmp(...) WEFT_BANNED(longjmp, returned_errors)
#undef siglongjmp
#define siglongjmp(...) WEFT_BANNED(siglongjmp, returned_errors)
#endif

/* A shell between us and the program; a fork after threads started. */
#ifndef WEFT_BANNED_ALLOW_PROCESS
int system(const char *) WEFT_BANNED_CALL("base/process.h");
FILE *popen(const char *, const char *) WEFT_BANNED_CALL("base/process.h");
pid_t fork(void) WEFT_BANNED_CALL("base/process.h");
pid_t vfork(void) WEFT_BANNED_CALL("base/process.h");
#endif

/* Allocation that the tests could not make fail. */
#ifndef WEFT_BANNED_ALLOW_ALLOC
void *malloc(size_t) WEFT_BANNED_CALL("base/mem.h");
void *calloc(size_t, size_t) WEFT_BANNED_CALL("base/mem.h");
void *realloc(void *, size_t) WEFT_BANNED_CALL("base/mem.h");
void *reallocarray(void *, size_t, size_t) WEFT_BANNED_CALL("base/mem.h");
void *aligned_alloc(size_t, size_t) WEFT_BANNED_CALL("base/mem.h");
int posix_memalign(void **, size_t, size_t) WEFT_BANNED_CALL("base/mem.h");
void free(void *) WEFT_BANNED_CALL("base/mem.h");
ssize_t getline(char **restrict, size_t *restrict, FILE *restrict) WEFT_BANNED_CALL("base/fs.h");
#undef strdup
#define strdup(...) WEFT_BANNED(strdup, base_mem)
#undef strndup
#define strndup(...) WEFT_BANNED(strndup, base_mem)
#undef asprintf
#define asprintf(...) WEFT_BANNED(asprintf, buf)
#undef vasprintf
#define vasprintf(...) WEFT_BANNED(vasprintf, buf)
#endif

/* Changes to files that the tests could not make fail. open and fopen are here for reading too:
 * fs.h gives both. */
#ifndef WEFT_BANNED_ALLOW_IO
#define WEFT_BANNED_IO WEFT_BANNED_CALL("base/fs.h")
int open(const char *, int, ...) WEFT_BANNED_IO;
int openat(int, const char *, int, ...) WEFT_BANNED_IO;
int creat(const char *, mode_t) WEFT_BANNED_IO;
FILE *fopen(const char *restrict, const char *restrict) WEFT_BANNED_IO;
FILE *freopen(const char *restrict, const char *restrict, FILE *restrict) WEFT_BANNED_IO;
FILE *tmpfile(void) WEFT_BANNED_IO;
int mkstemp(char *) WEFT_BANNED_IO;
int mkostemp(char *, int) WEFT_BANNED_IO;
char *mkdtemp(char *) WEFT_BANNED_IO;
ssize_t write(int, const void *, size_t) WEFT_BANNED_IO;
ssize_t pwrite(int, const void *, size_t, off_t) WEFT_BANNED_IO;
ssize_t writev(int, const struct iovec *, int) WEFT_BANNED_IO;
ssize_t pwritev(int, const struct iovec *, int, off_t) WEFT_BANNED_IO;
int fsync(int) WEFT_BANNED_IO;
int fdatasync(int) WEFT_BANNED_IO;
int syncfs(int) WEFT_BANNED_IO;
int rename(const char *, const char *) WEFT_BANNED_IO;
int renameat(int, const char *, int, const char *) WEFT_BANNED_IO;
int renameat2(int, const char *, int, const char *, unsigned int) WEFT_BANNED_IO;
int link(const char *, const char *) WEFT_BANNED_IO;
int linkat(int, const char *, int, const char *, int) WEFT_BANNED_IO;
int symlink(const char *, const char *) WEFT_BANNED_IO;
int unlink(const char *) WEFT_BANNED_IO;
int unlinkat(int, const char *, int) WEFT_BANNED_IO;
int remove(const char *) WEFT_BANNED_IO;
int rmdir(const char *) WEFT_BANNED_IO;
int truncate(const char *, off_t) WEFT_BANNED_IO;
int ftruncate(int, off_t) WEFT_BANNED_IO;
int fallocate(int, int, off_t, off_t) WEFT_BANNED_IO;
int posix_fallocate(int, off_t, off_t) WEFT_BANNED_IO;
int mkdir(const char *, mode_t) WEFT_BANNED_IO;
int mkdirat(int, const char *, mode_t) WEFT_BANNED_IO;
int chmod(const char *, mode_t) WEFT_BANNED_IO;
#endif

#endif
