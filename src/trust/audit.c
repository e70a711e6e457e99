/*
 * audit.c - the audit of reads: <home>/audit/<yyyy-mm>.log, one line of JSON for each read.
 *
 * A line is one canonical JSON object of the members columns, decision, door, duration_us,
 * previous, principal, products, purpose, reason, rows, sequence, sql_hash, time, time_us, and
 * last of all `hash`: SHA-256 of the line as it would be without it. `previous` is the hash of the
 * line before, across files; 64 zeros for the very first. So a changed, removed, added or reordered
 * line is seen, except at the very end, where lines can be cut without a trace: they are not
 * signed.
 *
 * Writers take a lock, find the last line, add one by a single write to a file opened for
 * appending. A line is not synced: a read must not wait for the disk, and what a power failure can
 * take are the last seconds, at the end. Such a failure, or a full disk, can leave a piece of a
 * line; the next writer cuts it off.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codec/json.h"
#include "trust/decide.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define AUDIT_LINE_MAX (256 * 1024)
#define HASH_MEMBER ",\"hash\":\""
#define HASH_END "\"}"
/* ,"hash":"<64>"} */
#define HASH_TAIL (sizeof HASH_MEMBER - 1 + WEFT_SHA256_HEX - 1 + sizeof HASH_END - 1)
#define HASH_NONE "0000000000000000000000000000000000000000000000000000000000000000"
#define LOCK_WAIT_MS 10000
#define LOCK_SLEEP_NS 2000000

struct audit {
    char *folder;
    int lock;
    struct weft_fs_list files; /* the .log files, oldest first */
};

static void audit_close(struct audit *audit)
{
    weft_fd_close(&audit->lock);
    weft_fs_list_free(&audit->files);
    weft_free(audit->folder);
}

static bool is_log(const char *name)
{
    int year, month, end = 0;
    return sscanf(name, "%4d-%2d.log%n", &year, &month, &end) == 2 && end == 11 &&
           name[end] == '\0';
}

static int lock_wait(const char *path, bool exclusive, int *fd, struct weft_error *error)
{
    int64_t until_us = weft_clock_mono_us() + (int64_t)LOCK_WAIT_MS * 1000;
    for (;;) {
        int rc = weft_fs_lock(path, exclusive, false, fd, error);
        if (rc != WEFT_AGAIN)
            return rc;
        if (weft_clock_mono_us() > until_us)
            return weft_error_set(error, WEFT_E_BUSY, "another process holds the audit %s", path);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_SLEEP_NS}, NULL);
    }
}

static int audit_open(const char *home, bool exclusive, struct audit *audit,
                      struct weft_error *error)
{
    audit->folder = weft_path_join(home, "audit");
    if (audit->folder == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(audit->folder, error));
    WEFT_CLEANUP(weft_freep) char *lock = weft_path_join(audit->folder, "lock");
    if (lock == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(lock_wait(lock, exclusive, &audit->lock, error));
    WEFT_TRY(weft_fs_list(audit->folder, &audit->files, error));
    size_t kept = 0;
    for (size_t i = 0; i < audit->files.count; i++) {
        if (is_log(audit->files.names[i]))
            audit->files.names[kept++] = audit->files.names[i];
        else
            weft_free(audit->files.names[i]);
    }
    audit->files.count = kept;
    return 0;
}

/* ---- the end of a file ---- */

/* The hash that the last whole line ends with; WEFT_NOT_THERE when there is no line. *whole is
 * the size of the file up to the end of that line. */
static int file_last_hash(int fd, const char *path, char hash[WEFT_SHA256_HEX], int64_t *whole,
                          struct weft_error *error)
{
    struct weft_fs_identity identity;
    WEFT_TRY(weft_fs_identity_fd(fd, &identity, path, error));
    size_t room = HASH_TAIL + 1;
    for (;;) {
        int64_t start = WEFT_MAX(identity.size - (int64_t)room, 0);
        WEFT_CLEANUP(weft_freep) char *tail = weft_alloc(room);
        if (tail == NULL)
            return weft_error_nomem(error);
        size_t got = 0;
        WEFT_TRY(weft_fs_pread(fd, tail, room, start, &got, path, error));
        const char *end = got == 0 ? NULL : memrchr(tail, '\n', got);
        size_t length = end == NULL ? 0 : (size_t)(end - tail);
        if (length >= HASH_TAIL) {
            const char *text = end - (WEFT_SHA256_HEX - 1) - (sizeof HASH_END - 1);
            memcpy(hash, text, WEFT_SHA256_HEX - 1);
            hash[WEFT_SHA256_HEX - 1] = '\0';
            *whole = start + (int64_t)length + 1;
            return 0;
        }
        if (start == 0) { /* no whole line at all */
            *whole = 0;
            return WEFT_NOT_THERE;
        }
        if (room > AUDIT_LINE_MAX * 2)
            return weft_error_set(error, WEFT_E_CORRUPT, "%s does not end with a line", path);
        room *= 8;
    }
}

/* The hash of the last line before today's file. */
static int earlier_hash(struct audit *audit, const char *today, char hash[WEFT_SHA256_HEX],
                        struct weft_error *error)
{
    for (size_t i = audit->files.count; i-- > 0;) {
        if (strcmp(audit->files.names[i], today) == 0)
            continue;
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, audit->files.names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_CLEANUP(weft_fd_close) int fd = -1;
        int64_t whole;
        WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
        int rc = file_last_hash(fd, path, hash, &whole, error);
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    memcpy(hash, HASH_NONE, WEFT_SHA256_HEX);
    return 0;
}

/* ---- one line ---- */

static int line_make(const struct weft_audit_read *read, const char *previous,
                     struct weft_buf *line, struct weft_error *error)
{
    const struct weft_request *request = read->request;
    char time[WEFT_TIME_TEXT], hash[WEFT_SHA256_HEX];
    struct weft_json_writer writer;
    weft_time_format(request->time_us, time);
    weft_json_writer_init(&writer, line);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "columns", read->columns);
    weft_json_member_text(&writer, "decision", read->decision);
    weft_json_member_text(&writer, "door", read->door);
    weft_json_member_int(&writer, "duration_us", read->duration_us);
    weft_json_member_text(&writer, "previous", previous);
    weft_json_member_text(&writer, "principal", request->principal);
    weft_json_member_text(&writer, "products", read->products);
    weft_json_member_text(&writer, "purpose", request->purpose);
    weft_json_member_text(&writer, "reason", read->reason);
    weft_json_member_int(&writer, "rows", read->rows);
    weft_json_member_int(&writer, "sequence", request->sequence);
    weft_json_member_text(&writer, "sql_hash", read->sql_hash);
    weft_json_member_text(&writer, "time", time);
    weft_json_member_int(&writer, "time_us", request->time_us);
    weft_json_end_object(&writer);
    if (line->failed || line->length > AUDIT_LINE_MAX - HASH_TAIL - 2) {
        WEFT_TRY(weft_buf_check(line, error));
        return weft_error_set(error, WEFT_E_LIMIT, "a line of the audit has at most %d bytes",
                              AUDIT_LINE_MAX);
    }
    WEFT_TRY(weft_sha256_hex(line->data, line->length, hash, error));
    weft_buf_shrink(line, line->length - 1);
    weft_buf_addf(line, "%s%s%s\n", HASH_MEMBER, hash, HASH_END);
    return weft_buf_check(line, error);
}

static int line_write(struct audit *audit, const struct weft_audit_read *read, const char *today,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, today);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDWR | O_CREAT | O_APPEND, &fd, error));
    char previous[WEFT_SHA256_HEX];
    int64_t whole = 0;
    struct weft_fs_identity identity;
    int rc = file_last_hash(fd, path, previous, &whole, error);
    if (rc == WEFT_NOT_THERE)
        rc = earlier_hash(audit, today, previous, error);
    WEFT_TRY(rc);
    WEFT_TRY(weft_fs_identity_fd(fd, &identity, path, error));
    if (identity.size > whole) /* a piece that a full disk or a power failure left */
        WEFT_TRY(weft_fs_truncate(fd, whole, path, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, AUDIT_LINE_MAX * 64);
    WEFT_TRY(line_make(read, previous, &line, error));
    return weft_fs_write(fd, line.data, line.length, path, error);
}

int weft_audit_append(const char *home, const struct weft_audit_read *read,
                      struct weft_error *error)
{
    WEFT_CLEANUP(audit_close) struct audit audit = {.lock = -1};
    WEFT_TRY(audit_open(home, true, &audit, error));
    char time[WEFT_TIME_TEXT], today[16];
    weft_time_format(weft_clock_us(), time);
    snprintf(today, sizeof today, "%.7s.log", time);
    /* A clock that went back a month goes on in the newest file: the chain follows the files. */
    size_t count = audit.files.count;
    if (count > 0 && strcmp(audit.files.names[count - 1], today) > 0)
        snprintf(today, sizeof today, "%s", audit.files.names[count - 1]);
    return line_write(&audit, read, today, error);
}

/* ---- verification ---- */

struct audit_walk {
    const char *file; /* its path */
    int64_t line;
    int64_t count;
    char previous[WEFT_SHA256_HEX];
};

static int line_bad(const struct audit_walk *walk, struct weft_error *error, const char *what)
{
    weft_error_set(error, WEFT_E_CORRUPT, "%s, line %" PRId64 ": %s", walk->file, walk->line, what);
    return weft_error_at(error, walk->file, (int)walk->line, 0);
}

static int line_check(struct audit_walk *walk, const char *line, size_t length,
                      struct weft_error *error)
{
    if (length <= HASH_TAIL || length > AUDIT_LINE_MAX ||
        memcmp(line + length - HASH_TAIL, HASH_MEMBER, sizeof HASH_MEMBER - 1) != 0)
        return line_bad(walk, error, "this is no line of the audit");
    char hash[WEFT_SHA256_HEX], found[WEFT_SHA256_HEX];
    memcpy(hash, line + length - HASH_TAIL + sizeof HASH_MEMBER - 1, WEFT_SHA256_HEX - 1);
    hash[WEFT_SHA256_HEX - 1] = '\0';
    WEFT_CLEANUP(weft_buf_release) struct weft_buf bare;
    weft_buf_init(&bare, AUDIT_LINE_MAX + 1);
    weft_buf_add(&bare, line, length - HASH_TAIL);
    weft_buf_addc(&bare, '}');
    WEFT_TRY(weft_buf_check(&bare, error));
    WEFT_TRY(weft_sha256_hex(bare.data, bare.length, found, error));
    if (strcmp(found, hash) != 0)
        return line_bad(walk, error, "it was changed: its hash does not fit");
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    const char *previous;
    WEFT_TRY(weft_json_parse(line, length, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    WEFT_TRY(weft_json_text(yyjson_doc_get_root(doc), "previous", &previous, error));
    if (strcmp(previous, walk->previous) != 0)
        return line_bad(walk, error,
                        "it does not follow the line before: one was removed, added or reordered");
    memcpy(walk->previous, hash, sizeof hash);
    walk->count++;
    return 0;
}

/* One block at a time; a line that is not whole waits at the front for the next block. */
static int file_check(struct audit_walk *walk, struct weft_error *error)
{
    const size_t room = AUDIT_LINE_MAX * 2;
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(room);
    if (block == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(walk->file, O_RDONLY, &fd, error));
    size_t kept = 0, got = 0;
    walk->line = 0;
    do {
        WEFT_TRY(weft_fs_read(fd, block + kept, room - kept, &got, walk->file, error));
        kept += got;
        size_t at = 0;
        for (char *end; (end = memchr(block + at, '\n', kept - at)) != NULL;
             at = (size_t)(end - block) + 1) {
            walk->line++;
            WEFT_TRY(line_check(walk, block + at, (size_t)(end - block) - at, error));
        }
        memmove(block, block + at, kept - at);
        kept -= at;
        if (kept == room)
            break;
    } while (got > 0);
    walk->line++;
    return kept == 0 ? 0 : line_bad(walk, error, "it was cut short");
}

int weft_audit_verify(const char *home, int64_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(audit_close) struct audit audit = {.lock = -1};
    WEFT_TRY(audit_open(home, false, &audit, error));
    struct audit_walk walk = {.previous = HASH_NONE};
    for (size_t i = 0; i < audit.files.count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit.folder, audit.files.names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        walk.file = path;
        WEFT_TRY(file_check(&walk, error));
    }
    if (count != NULL)
        *count = walk.count;
    return 0;
}
