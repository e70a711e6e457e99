/*
 * audit_verify.c - walks the audit's chain, and holds it to what the ledger knows of it.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"
#include "codec/json.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define HASH_MEMBER ",\"hash\":\""
#define HASH_END "\"}"
#define HASH_TAIL (sizeof HASH_MEMBER - 1 + WEFT_SHA256_HEX - 1 + sizeof HASH_END - 1)

struct walk {
    struct weft_audit_held *held; /* NULL = the chain alone */
    struct weft_audit_gaps *gaps; /* NULL = the first one is an error */
    const char *head;             /* the line that it names; NULL = none */
    bool head_met;
    int64_t count;
    char previous[WEFT_SHA256_HEX];
};

static int line_bad(const char *path, int64_t number, struct weft_error *error, const char *what)
{
    weft_error_set(error, WEFT_E_CORRUPT, "line %" PRId64 ": %s", number, what);
    return weft_error_at(error, path, (int)number, 0);
}

/* One block at a time; a line that is not whole waits at the front for the next block. */
int weft_audit_file_each(const struct weft_audit_files *audit, size_t file, weft_audit_line_fn *fn,
                         void *arg, struct weft_error *error)
{
    const size_t room = WEFT_AUDIT_LINE_MAX * 2;
    bool unlocked = audit->lock < 0 && file + 1 == audit->files.count;
    int64_t left = unlocked ? audit->newest_size : INT64_MAX;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, audit->files.names[file]);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(room);
    if (block == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    size_t kept = 0, got = 0;
    int64_t number = 0;
    do {
        size_t wanted = (size_t)WEFT_MIN((int64_t)(room - kept), left);
        WEFT_TRY(weft_fs_read(fd, block + kept, wanted, &got, path, error));
        left -= (int64_t)got;
        kept += got;
        size_t at = 0;
        for (char *end; (end = memchr(block + at, '\n', kept - at)) != NULL;
             at = (size_t)(end - block) + 1)
            WEFT_TRY(fn(arg, path, ++number, block + at, (size_t)(end - block) - at, error));
        memmove(block, block + at, kept - at);
        kept -= at;
        if (kept == room)
            break;
    } while (got > 0);
    return kept == 0 ? 0 : line_bad(path, number + 1, error, "it was cut short");
}

static int end_bad(struct weft_error *error)
{
    return weft_error_hint(error,
                           "put audit/ back from a copy; or, if what was read meanwhile is lost (a "
                           "power failure), `weft audit verify --accept --because TEXT`");
}

static bool gap_accepted(const struct weft_audit_held *held, const char *after, const char *lost)
{
    for (size_t i = 0; i < held->gap_count; i++) {
        if (strcmp(held->gaps[i].after, after) == 0 && strcmp(held->gaps[i].lost, lost) == 0)
            return true;
    }
    return false;
}

/* The first line there is: the very first, one behind what retention took, or behind a gap. */
static bool first_good(const struct weft_audit_held *held, const char *previous)
{
    if (strcmp(previous, WEFT_AUDIT_NONE) == 0)
        return true;
    if (held == NULL)
        return false;
    if (strcmp(previous, held->first) == 0 || weft_trust_texts_has(&held->removed, previous) ||
        gap_accepted(held, WEFT_AUDIT_NONE, previous))
        return true;
    for (size_t i = 0; i < held->removed.count; i++) {
        if (gap_accepted(held, held->removed.items[i], previous))
            return true;
    }
    return false;
}

static int follows_check(struct walk *walk, const char *path, int64_t number, const char *previous,
                         struct weft_error *error)
{
    bool first = walk->count == 0;
    if (first ? first_good(walk->held, previous)
              : strcmp(previous, walk->previous) == 0 ||
                    (walk->held != NULL && gap_accepted(walk->held, walk->previous, previous)))
        return 0;
    if (walk->gaps == NULL) {
        line_bad(path, number, error,
                 first ? "it does not follow the line before: what stood before it was removed, "
                         "and not by retention"
                       : "it does not follow the line before: one was removed, added or "
                         "reordered");
        return walk->held == NULL ? -1 : end_bad(error);
    }
    if (walk->gaps->count == WEFT_AUDIT_GAPS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "the audit has more than %d gaps",
                              WEFT_AUDIT_GAPS_MAX);
    struct weft_audit_gap *gap = &walk->gaps->items[walk->gaps->count++];
    memcpy(gap->after, first ? WEFT_AUDIT_NONE : walk->previous, WEFT_SHA256_HEX);
    snprintf(gap->lost, sizeof gap->lost, "%s", previous);
    return 0;
}

/* What the head or an anchor names is there. */
static void line_meet(struct walk *walk, const char *hash)
{
    walk->head_met |= walk->head != NULL && strcmp(hash, walk->head) == 0;
    if (walk->held == NULL)
        return;
    uintptr_t number = (uintptr_t)weft_map_get(walk->held->by_hash, hash);
    if (number > 0)
        walk->held->anchors[number - 1].met = true;
}

static int line_check(void *arg, const char *path, int64_t number, const char *line, size_t length,
                      struct weft_error *error)
{
    struct walk *walk = arg;
    if (length <= HASH_TAIL || length > WEFT_AUDIT_LINE_MAX ||
        memcmp(line + length - HASH_TAIL, HASH_MEMBER, sizeof HASH_MEMBER - 1) != 0)
        return line_bad(path, number, error, "this is no line of the audit");
    char hash[WEFT_SHA256_HEX], found[WEFT_SHA256_HEX];
    memcpy(hash, line + length - HASH_TAIL + sizeof HASH_MEMBER - 1, WEFT_SHA256_HEX - 1);
    hash[WEFT_SHA256_HEX - 1] = '\0';
    WEFT_CLEANUP(weft_buf_release) struct weft_buf bare;
    weft_buf_init(&bare, WEFT_AUDIT_LINE_MAX + 1);
    weft_buf_add(&bare, line, length - HASH_TAIL);
    weft_buf_addc(&bare, '}');
    WEFT_TRY(weft_buf_check(&bare, error));
    WEFT_TRY(weft_sha256_hex(bare.data, bare.length, found, error));
    if (strcmp(found, hash) != 0)
        return line_bad(path, number, error, "it was changed: its hash does not fit");
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    const char *previous;
    WEFT_TRY(weft_json_parse(line, length, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    WEFT_TRY(weft_json_text(yyjson_doc_get_root(doc), "previous", &previous, error));
    WEFT_TRY(follows_check(walk, path, number, previous, error));
    memcpy(walk->previous, hash, sizeof hash);
    line_meet(walk, hash);
    walk->count++;
    return 0;
}

/* ---- the end ---- */

static int head_check(const struct walk *walk, int rc, const struct weft_audit_head *head,
                      struct weft_error *error)
{
    char time[WEFT_TIME_TEXT];
    if (rc == WEFT_NOT_THERE) {
        if (walk->held->first[0] == '\0') /* of an older version, and no read since */
            return 0;
        weft_error_set(
            error, WEFT_E_CORRUPT,
            "audit/head is missing: whether the audit's end was cut off cannot be known");
        return end_bad(error);
    }
    weft_time_format(head->time_us, time);
    if (walk->held->first[0] != '\0' && strcmp(walk->held->first, head->first) != 0) {
        weft_error_set(error, WEFT_E_CORRUPT,
                       "audit/head was missing or damaged before %s: whether the audit's end was "
                       "cut off then cannot be known",
                       time);
        return end_bad(error);
    }
    if (strcmp(head->hash, head->first) == 0 || walk->head_met)
        return 0;
    weft_error_set(error, WEFT_E_CORRUPT,
                   "the audit's end was cut off: audit/head names a line of %s that is not there",
                   time);
    return end_bad(error);
}

/* Of a file that retention took, or was about to take, nobody misses a line. */
static int anchors_check(const struct weft_audit_held *held, struct weft_error *error)
{
    for (size_t i = held->anchor_count; i-- > 0;) {
        const struct weft_audit_anchor *anchor = &held->anchors[i];
        if (anchor->met || strcmp(anchor->file, held->removed_file) <= 0)
            continue;
        weft_error_set(error, WEFT_E_CORRUPT,
                       "the audit's end was cut off: entry %" PRId64
                       " of the ledger names a line of audit/%s that is not there",
                       anchor->sequence, anchor->file);
        return end_bad(error);
    }
    return 0;
}

static int files_walk(const struct weft_audit_files *audit, struct walk *walk,
                      struct weft_error *error)
{
    for (size_t i = 0; i < audit->files.count; i++)
        WEFT_TRY(weft_audit_file_each(audit, i, line_check, walk, error));
    return 0;
}

int weft_audit_chain_verify(struct weft_ledger *ledger, struct weft_audit_files *audit,
                            struct weft_audit_held *held, struct weft_audit_gaps *gaps,
                            int64_t *count, struct weft_error *error)
{
    struct weft_audit_head head = {0};
    struct weft_error own = WEFT_ERROR_INIT;
    struct walk walk = {.held = held, .gaps = gaps};
    int rc = WEFT_NOT_THERE;
    if (held != NULL) {
        rc = weft_audit_head_read(ledger, audit, &head, &own);
        if (rc == 0)
            walk.head = head.hash;
    }
    if (gaps == NULL)
        WEFT_TRY(weft_audit_files_unlock(audit, error));
    WEFT_TRY(files_walk(audit, &walk, error));
    if (count != NULL)
        *count = walk.count;
    if (held == NULL)
        return 0;
    if (rc < 0)
        end_bad(&own);
    else if ((rc = head_check(&walk, rc, &head, &own)) == 0)
        rc = anchors_check(held, &own);
    if (rc < 0 && own.code == WEFT_E_CORRUPT && gaps != NULL) {
        gaps->end = true;
        return 0;
    }
    if (rc < 0 && error != NULL)
        *error = own;
    return rc;
}

int weft_audit_verify(const char *home, int64_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_TRY(weft_audit_files_open(home, false, &audit, error));
    return weft_audit_chain_verify(NULL, &audit, NULL, NULL, count, error);
}

int weft_audit_verify_all(struct weft_ledger *ledger, int64_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_held_release) struct weft_audit_held held = {0};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    if (arena == NULL)
        return weft_error_nomem(error);
    {
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        WEFT_TRY(weft_audit_held_read(txn, arena, &held, error));
    }
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(ledger), false, &audit, error));
    return weft_audit_chain_verify(ledger, &audit, &held, NULL, count, error);
}
