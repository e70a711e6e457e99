/*
 * audit.c - writes the audit of reads: <home>/audit/<yyyy-mm>.log.
 *
 * A line is one canonical JSON object, and last of all its `hash`: SHA-256 of the line as it would
 * be without it. `previous` is the hash of the line before, across files; 64 zeros for the very
 * first. So a changed, removed, added or reordered line is seen; the very end is held by the head
 * (audit_head.c) and by entries of the ledger (audit.h).
 *   a read:     actor?, agreement?, columns, command?, decision, door, key?, previous, principal,
 *               products, purpose, reason, sequence, sql_hash, time, time_us
 *               and with them duration_us and rows where it is the only line
 *   its end:    duration_us, of (the hash of its line), previous, result (done, failed), rows,
 *               time_us
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
#include "trust/audit_internal.h"
#include "trust/keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HASH_MEMBER ",\"hash\":\""
#define HASH_END "\"}"
/* ,"hash":"<64>"} */
#define HASH_TAIL (sizeof HASH_MEMBER - 1 + WEFT_SHA256_HEX - 1 + sizeof HASH_END - 1)
#define LOCK_WAIT_MS 10000
#define LOCK_SLEEP_NS 2000000

void weft_audit_files_close(struct weft_audit_files *audit)
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

int weft_audit_files_open(const char *home, bool exclusive, struct weft_audit_files *audit,
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

int weft_audit_files_unlock(struct weft_audit_files *audit, struct weft_error *error)
{
    struct weft_fs_identity identity = {0};
    size_t count = audit->files.count;
    if (count > 0) {
        WEFT_CLEANUP(weft_freep)
        char *path = weft_path_join(audit->folder, audit->files.names[count - 1]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_identity(path, &identity, error));
    }
    audit->newest_size = identity.size;
    weft_fd_close(&audit->lock);
    return 0;
}

/* ---- the end of a file ---- */

int weft_audit_last_hash(int fd, const char *path, char hash[WEFT_SHA256_HEX], int64_t *whole,
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
        if (room > WEFT_AUDIT_LINE_MAX * 2)
            return weft_error_set(error, WEFT_E_CORRUPT, "%s does not end with a line", path);
        room *= 8;
    }
}

int weft_audit_end_find(const struct weft_audit_files *audit, size_t *file, int64_t *bytes,
                        char hash[WEFT_SHA256_HEX], struct weft_error *error)
{
    for (size_t i = audit->files.count; i-- > 0;) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, audit->files.names[i]);
        WEFT_CLEANUP(weft_fd_close) int fd = -1;
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
        int rc = weft_audit_last_hash(fd, path, hash, bytes, error);
        *file = i;
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    return WEFT_NOT_THERE;
}

/* ---- what the next line follows ---- */

struct looking {
    const char *hash;
    bool found;
};

static int line_look(void *arg, const char *path, int64_t number, const char *line, size_t length,
                     struct weft_error *error)
{
    struct looking *looking = arg;
    (void)path;
    (void)number;
    (void)error;
    looking->found |=
        length > HASH_TAIL && memcmp(line + length - (WEFT_SHA256_HEX - 1) - (sizeof HASH_END - 1),
                                     looking->hash, WEFT_SHA256_HEX - 1) == 0;
    return 0;
}

/* Rare: after a kill between a line and its head, and after a cut. */
static int line_find(const struct weft_audit_files *audit, const char *hash, bool *found,
                     struct weft_error *error)
{
    struct looking looking = {.hash = hash};
    for (size_t i = audit->files.count; i-- > 0 && !looking.found;) {
        struct weft_error own = WEFT_ERROR_INIT;
        /* A piece of a line at the end, or a file that is none: not where it stands. */
        if (weft_audit_file_each(audit, i, line_look, &looking, &own) < 0 &&
            own.code != WEFT_E_CORRUPT)
            return weft_error_set(error, own.code, "%s", own.message);
    }
    *found = looking.found;
    return 0;
}

/* The hash that the next line follows, and the head to go on from. Where the line that the head
 * names is gone the next one follows it all the same: the gap stays to be seen. */
static int previous_find(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                         char previous[WEFT_SHA256_HEX], struct weft_audit_head *head,
                         struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    size_t file;
    int64_t bytes;
    bool found = false;
    int end = weft_audit_end_find(audit, &file, &bytes, previous, error);
    WEFT_TRY(end);
    int rc = weft_audit_head_read(ledger, audit, head, &own);
    if (rc < 0 && own.code != WEFT_E_CORRUPT)
        return weft_error_set(error, own.code, "%s", own.message);
    if (rc != 0) { /* none: made anew, and its `first` tells where */
        if (end == WEFT_NOT_THERE)
            memcpy(previous, WEFT_AUDIT_NONE, WEFT_SHA256_HEX);
        memcpy(head->first, previous, WEFT_SHA256_HEX);
        memcpy(head->hash, previous, WEFT_SHA256_HEX);
        /* Before the first line, so that a kill behind it leaves no line without a head. */
        return weft_audit_head_write(ledger, audit, head, error);
    }
    if (end != WEFT_NOT_THERE && strcmp(previous, head->hash) == 0)
        return 0;
    if (end != WEFT_NOT_THERE && strcmp(head->hash, head->first) != 0)
        WEFT_TRY(line_find(audit, head->hash, &found, error));
    if (end == WEFT_NOT_THERE || (!found && strcmp(head->hash, head->first) != 0))
        memcpy(previous, head->hash, WEFT_SHA256_HEX);
    return 0;
}

/* ---- one line ---- */

static void text_member(struct weft_json_writer *writer, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        weft_json_member_text(writer, key, text);
}

/* What is written of a read: members in the order of their names. */
struct line {
    const struct weft_audit_read *read; /* NULL = an end */
    bool whole;                         /* with rows and duration */
    const char *of;
    const struct weft_audit_done *done; /* of an end */
};

static void read_members(const struct line *what, const char *previous,
                         struct weft_json_writer *writer)
{
    const struct weft_audit_read *read = what->read;
    const struct weft_request *request = read->request;
    char time[WEFT_TIME_TEXT];
    weft_time_format(request->time_us, time);
    text_member(writer, "actor", request->actor);
    if (read->agreement != 0)
        weft_json_member_int(writer, "agreement", read->agreement);
    weft_json_member_text(writer, "columns", read->columns);
    text_member(writer, "command", read->command);
    weft_json_member_text(writer, "decision", read->decision);
    weft_json_member_text(writer, "door", read->door);
    if (what->whole)
        weft_json_member_int(writer, "duration_us", read->duration_us);
    if (request->key != NULL)
        weft_json_member_text(writer, "key", request->key->id);
    weft_json_member_text(writer, "previous", previous);
    weft_json_member_text(writer, "principal", request->principal);
    weft_json_member_text(writer, "products", read->products);
    weft_json_member_text(writer, "purpose", request->purpose);
    weft_json_member_text(writer, "reason", read->reason);
    if (what->whole)
        weft_json_member_int(writer, "rows", read->rows);
    weft_json_member_int(writer, "sequence", request->sequence);
    weft_json_member_text(writer, "sql_hash", read->sql_hash);
    weft_json_member_text(writer, "time", time);
    weft_json_member_int(writer, "time_us", request->time_us);
}

static void end_members(const struct line *what, const char *previous,
                        struct weft_json_writer *writer)
{
    weft_json_member_int(writer, "duration_us", what->done->duration_us);
    weft_json_member_text(writer, "of", what->of);
    weft_json_member_text(writer, "previous", previous);
    weft_json_member_text(writer, "result", what->done->good ? "done" : "failed");
    weft_json_member_int(writer, "rows", what->done->rows);
    if (what->done->sql_hash != NULL)
        weft_json_member_text(writer, "sql_hash", what->done->sql_hash);
    weft_json_member_int(writer, "time_us", weft_clock_us());
}

static int line_make(const struct line *what, const char *previous, struct weft_buf *line,
                     char hash[WEFT_SHA256_HEX], struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, line);
    weft_json_begin_object(&writer);
    if (what->read != NULL)
        read_members(what, previous, &writer);
    else
        end_members(what, previous, &writer);
    weft_json_end_object(&writer);
    if (line->failed || line->length > WEFT_AUDIT_LINE_MAX - HASH_TAIL - 2) {
        WEFT_TRY(weft_buf_check(line, error));
        return weft_error_set(error, WEFT_E_LIMIT, "a line of the audit has at most %d bytes",
                              WEFT_AUDIT_LINE_MAX);
    }
    WEFT_TRY(weft_sha256_hex(line->data, line->length, hash, error));
    weft_buf_shrink(line, line->length - 1);
    weft_buf_addf(line, "%s%s%s\n", HASH_MEMBER, hash, HASH_END);
    return weft_buf_check(line, error);
}

/* Takes back what stands there of a line, so that there is neither it nor a piece of it. */
static int line_undo(int fd, int64_t whole, const char *path)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (weft_fs_truncate(fd, whole, path, &ignored) < 0)
        return -1; /* the next writer cuts it off */
    return -1;
}

static int line_write(struct weft_ledger *ledger, struct weft_audit_files *audit,
                      const struct line *what, const char *today, char hash[WEFT_SHA256_HEX],
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, today);
    if (path == NULL)
        return weft_error_nomem(error);
    char previous[WEFT_SHA256_HEX], ignored[WEFT_SHA256_HEX];
    struct weft_audit_head head = {.time_us = weft_clock_us()};
    WEFT_TRY(previous_find(ledger, audit, previous, &head, error));
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDWR | O_CREAT | O_APPEND, &fd, error));
    int64_t whole = 0;
    struct weft_fs_identity identity;
    int rc = weft_audit_last_hash(fd, path, ignored, &whole, error);
    WEFT_TRY(rc);
    WEFT_TRY(weft_fs_identity_fd(fd, &identity, path, error));
    if (identity.size > whole) /* a piece that a full disk or a power failure left */
        WEFT_TRY(weft_fs_truncate(fd, whole, path, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, WEFT_AUDIT_LINE_MAX * 64);
    WEFT_TRY(line_make(what, previous, &line, hash, error));
    if (weft_fs_write(fd, line.data, line.length, path, error) < 0)
        return line_undo(fd, whole, path);
    memcpy(head.hash, hash, WEFT_SHA256_HEX);
    head.time_us = weft_clock_us();
    if (weft_audit_head_write(ledger, audit, &head, error) < 0)
        return line_undo(fd, whole, path);
    return 0;
}

static int audit_write(struct weft_ledger *ledger, const struct line *what,
                       char hash[WEFT_SHA256_HEX], struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(ledger), true, &audit, error));
    char time[WEFT_TIME_TEXT], today[16];
    weft_time_format(weft_clock_us(), time);
    snprintf(today, sizeof today, "%.7s.log", time);
    /* A clock that went back a month goes on in the newest file: the chain follows the files. */
    size_t count = audit.files.count;
    if (count > 0 && strcmp(audit.files.names[count - 1], today) > 0)
        snprintf(today, sizeof today, "%s", audit.files.names[count - 1]);
    return line_write(ledger, &audit, what, today, hash, error);
}

int weft_audit_append(struct weft_ledger *ledger, const struct weft_audit_read *read,
                      struct weft_error *error)
{
    char hash[WEFT_SHA256_HEX];
    const struct line what = {.read = read, .whole = true};
    return audit_write(ledger, &what, hash, error);
}

int weft_audit_begin(struct weft_ledger *ledger, const struct weft_audit_read *read,
                     char id[WEFT_SHA256_HEX], struct weft_error *error)
{
    const struct line what = {.read = read};
    return audit_write(ledger, &what, id, error);
}

int weft_audit_end(struct weft_ledger *ledger, const char *id, const struct weft_audit_done *done,
                   struct weft_error *error)
{
    char hash[WEFT_SHA256_HEX];
    const struct line what = {.of = id, .done = done};
    return audit_write(ledger, &what, hash, error);
}
