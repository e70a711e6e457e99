/*
 * audit_anchor.c - writes the entries of the ledger that hold the audit's chain: its end now and
 * then, what retention took from its beginning, and what somebody goes on without.
 */
#include "base/clock.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- anchoring ---- */

/* Where the chain begins before its first line: at the entry that the ledger ends with. */
static int beginning(struct weft_ledger_txn *txn, const struct weft_audit_files *audit,
                     struct weft_audit_head *head, struct weft_error *error)
{
    struct weft_ledger_head at;
    WEFT_TRY(weft_ledger_head(txn, &at, error));
    *head = (struct weft_audit_head){.time_us = weft_clock_us()};
    memcpy(head->first, at.hash, WEFT_SHA256_HEX);
    memcpy(head->hash, at.hash, WEFT_SHA256_HEX);
    return weft_audit_head_write(weft_ledger_of(txn), audit, head, error);
}

struct end {
    int64_t bytes; /* 0 = there is no line */
    const char *file;
    char hash[WEFT_SHA256_HEX];
    struct weft_audit_head head;
    bool headless; /* it is damaged, or of an older version: nothing is known of it */
};

static int end_look(struct weft_ledger_txn *txn, const struct weft_audit_files *audit,
                    const struct weft_audit_held *held, struct end *end, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    size_t file = 0;
    int rc = weft_audit_end_find(audit, &file, &end->bytes, end->hash, error);
    WEFT_TRY(rc);
    bool none = rc == WEFT_NOT_THERE;
    end->file = none ? "" : audit->files.names[file];
    rc = weft_audit_head_read(weft_ledger_of(txn), audit, &end->head, &own);
    if (rc < 0 && own.code != WEFT_E_CORRUPT)
        return weft_error_set(error, own.code, "%s", own.message);
    end->headless = rc != 0;
    if (none)
        end->bytes = 0;
    if (rc == WEFT_NOT_THERE && none && held->first[0] == '\0') {
        WEFT_TRY(beginning(txn, audit, &end->head, error));
        end->headless = false;
    }
    if (none)
        memcpy(end->hash, end->headless ? WEFT_AUDIT_NONE : end->head.hash, WEFT_SHA256_HEX);
    return 0;
}

static int entry_append(struct weft_ledger_txn *txn, const char *actor, const struct end *end,
                        bool first, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "bytes", end->bytes);
    weft_json_member_text(&writer, "file", end->file);
    if (first)
        weft_json_member_text(&writer, "first", end->head.first);
    weft_json_member_text(&writer, "hash", end->hash);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_AUDIT_ANCHORED, body.data, NULL, error);
}

int weft_audit_anchor(struct weft_ledger_txn *txn, const char *actor, bool *anchored,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_CLEANUP(weft_audit_held_release) struct weft_audit_held held = {0};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct end end = {0};
    *anchored = false;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(weft_ledger_of(txn)), true, &audit, error));
    WEFT_TRY(weft_audit_held_read(txn, arena, &held, error));
    WEFT_TRY(end_look(txn, &audit, &held, &end, error));
    bool first = held.first[0] == '\0' && !end.headless;
    const struct weft_audit_anchor *last =
        held.anchor_count == 0 ? NULL : &held.anchors[held.anchor_count - 1];
    if (!first && (end.bytes == 0 || (last != NULL && strcmp(last->hash, end.hash) == 0)))
        return 0;
    *anchored = true;
    return entry_append(txn, actor, &end, first, error);
}

/* ---- going on without what is missing ---- */

static int accepted_append(struct weft_ledger_txn *txn, const char *actor, const char *because,
                           const struct end *end, const struct weft_audit_gaps *gaps,
                           struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "because", because);
    weft_json_member_int(&writer, "bytes", end->bytes);
    weft_json_member_text(&writer, "file", end->file);
    weft_json_key(&writer, "gaps");
    weft_json_begin_array(&writer);
    for (size_t i = 0; i < gaps->count; i++) {
        weft_json_begin_object(&writer);
        weft_json_member_text(&writer, "after", gaps->items[i].after);
        weft_json_member_text(&writer, "lost", gaps->items[i].lost);
        weft_json_end_object(&writer);
    }
    weft_json_end_array(&writer);
    weft_json_member_text(&writer, "hash", end->hash);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_AUDIT_ACCEPTED, body.data, NULL, error);
}

/* The head that names what is there now. Where no line is left it goes on from the beginning. */
static int head_again(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                      const struct weft_audit_held *held, const struct end *end,
                      struct weft_error *error)
{
    struct weft_audit_head head = {.time_us = weft_clock_us()};
    memcpy(head.first, held->first[0] == '\0' ? WEFT_AUDIT_NONE : held->first, WEFT_SHA256_HEX);
    memcpy(head.hash, end->bytes == 0 ? head.first : end->hash, WEFT_SHA256_HEX);
    return weft_audit_head_write(ledger, audit, &head, error);
}

int weft_audit_accept(struct weft_ledger *ledger, const char *actor, const char *because,
                      int64_t *count, bool *accepted, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_CLEANUP(weft_audit_held_release) struct weft_audit_held held = {0};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_audit_gaps *gaps = arena == NULL ? NULL : weft_arena_alloc(arena, sizeof *gaps);
    struct end end = {0};
    *accepted = false;
    if (gaps == NULL)
        return weft_error_nomem(error);
    *gaps = (struct weft_audit_gaps){.count = 0};
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(ledger), true, &audit, error));
    WEFT_TRY(weft_audit_held_read(txn, arena, &held, error));
    WEFT_TRY(weft_audit_chain_verify(ledger, &audit, &held, gaps, count, error));
    if (gaps->count == 0 && !gaps->end)
        return 0;
    WEFT_TRY(end_look(txn, &audit, &held, &end, error));
    WEFT_TRY(accepted_append(txn, actor, because, &end, gaps, error));
    struct weft_ledger_txn *ending = txn;
    txn = NULL;
    WEFT_TRY(weft_ledger_commit(ending, error));
    *accepted = true;
    return head_again(ledger, &audit, &held, &end, error);
}

/* ---- retention ---- */

/* The month of a file is over when the next begins: "2026-11.log" at 2026-12-01. */
static bool file_over(const char *name, int64_t before_us)
{
    char text[WEFT_TIME_TEXT];
    int year = 0, month = 0;
    int64_t end_us;
    if (sscanf(name, "%4d-%2d", &year, &month) != 2)
        return false;
    snprintf(text, sizeof text, "%04d-%02d-01", month == 12 ? year + 1 : year,
             month == 12 ? 1 : month + 1);
    return weft_time_parse(text, &end_us) && end_us <= before_us;
}

static int removal_append(struct weft_ledger_txn *txn, const char *actor, const char *file,
                          const char *last, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "file", file);
    weft_json_member_text(&writer, "last", last);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_AUDIT_REMOVED, body.data, NULL, error);
}

/* The hash of the last line of the first `count` files. */
static int removal_last(struct weft_audit_files *audit, size_t count, char hash[WEFT_SHA256_HEX],
                        struct weft_error *error)
{
    struct weft_audit_files some = *audit;
    int64_t bytes;
    size_t file;
    some.files.count = count;
    return weft_audit_end_find(&some, &file, &bytes, hash, error);
}

int weft_audit_expire(struct weft_ledger *ledger, const char *actor, int64_t before_us,
                      int64_t *removed, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    char last[WEFT_SHA256_HEX];
    size_t count = 0;
    *removed = 0;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(ledger), true, &audit, error));
    while (count + 1 < audit.files.count && file_over(audit.files.names[count], before_us))
        count++;
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int rc = removal_last(&audit, i + 1, last, error);
        WEFT_TRY(rc);
        if (rc == 0)
            WEFT_TRY(removal_append(txn, actor, audit.files.names[i], last, error));
    }
    struct weft_ledger_txn *ending = txn;
    txn = NULL;
    WEFT_TRY(weft_ledger_commit(ending, error));
    /* The oldest first: whenever it stops, the first line that is left follows one of these. */
    for (size_t i = 0; i < count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit.folder, audit.files.names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_unlink(path, error));
        ++*removed;
    }
    return 0;
}
