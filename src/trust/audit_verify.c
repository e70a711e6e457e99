/*
 * audit_verify.c - walks the audit's chain, and holds it to what the ledger knows of it.
 */
#include "base/buf.h"
#include "base/hash.h"
#include "codec/json.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <fcntl.h>
#include <string.h>

#define HASH_MEMBER ",\"hash\":\""
#define HASH_END "\"}"
#define HASH_TAIL (sizeof HASH_MEMBER - 1 + WEFT_SHA256_HEX - 1 + sizeof HASH_END - 1)

struct walk {
    const struct weft_audit_held *held;
    int64_t count;
    bool anchor_found;
    char previous[WEFT_SHA256_HEX];
};

static int line_bad(const char *path, int64_t number, struct weft_error *error, const char *what)
{
    weft_error_set(error, WEFT_E_CORRUPT, "%s, line %" PRId64 ": %s", path, number, what);
    return weft_error_at(error, path, (int)number, 0);
}

/* One block at a time; a line that is not whole waits at the front for the next block. */
int weft_audit_file_each(const char *path, weft_audit_line_fn *fn, void *arg,
                         struct weft_error *error)
{
    const size_t room = WEFT_AUDIT_LINE_MAX * 2;
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(room);
    if (block == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    size_t kept = 0, got = 0;
    int64_t number = 0;
    do {
        WEFT_TRY(weft_fs_read(fd, block + kept, room - kept, &got, path, error));
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

static int first_check(const struct walk *walk, const char *path, const char *previous,
                       struct weft_error *error)
{
    if (strcmp(previous, WEFT_AUDIT_NONE) == 0 ||
        (walk->held != NULL && weft_trust_texts_has(&walk->held->removed, previous)))
        return 0;
    return line_bad(path, 1, error,
                    "it does not follow the line before: what stood before it was removed, and not "
                    "by retention");
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
    if (walk->count == 0)
        WEFT_TRY(first_check(walk, path, previous, error));
    else if (strcmp(previous, walk->previous) != 0)
        return line_bad(path, number, error,
                        "it does not follow the line before: one was removed, added or reordered");
    memcpy(walk->previous, hash, sizeof hash);
    if (walk->held != NULL && strcmp(hash, walk->held->anchor) == 0)
        walk->anchor_found = true;
    walk->count++;
    return 0;
}

int weft_audit_chain_verify(const char *home, const struct weft_audit_held *held, int64_t *count,
                            struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_TRY(weft_audit_files_open(home, false, &audit, error));
    struct walk walk = {.held = held};
    for (size_t i = 0; i < audit.files.count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit.folder, audit.files.names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_audit_file_each(path, line_check, &walk, error));
    }
    if (held != NULL && held->anchor[0] != '\0' && !walk.anchor_found) {
        weft_error_set(error, WEFT_E_CORRUPT,
                       "the audit's end was cut off: entry %" PRId64
                       " of the ledger names a line of "
                       "audit/%s that is not there",
                       held->anchor_sequence, held->anchor_file);
        return weft_error_hint(error, "put audit/ back from a copy; what was read meanwhile cannot "
                                      "be known otherwise");
    }
    if (count != NULL)
        *count = walk.count;
    return 0;
}

int weft_audit_verify(const char *home, int64_t *count, struct weft_error *error)
{
    return weft_audit_chain_verify(home, NULL, count, error);
}
