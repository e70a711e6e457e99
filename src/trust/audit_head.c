/*
 * audit_head.c - <home>/audit/head: the last line there is, signed by the node's key. One line of
 * canonical JSON
 *   {"audit_head":1,"first":...,"hash":...,"key_id":...,"origin":...,"signature":...,"time_us":N}
 * filled up with blanks to one block. The signature is over the same object without key_id and
 * signature. `hash` and `time_us` are of the last line; `first` is what the first line follows that
 * was written with this head: the ledger knows it (audit.anchored), so that a head that somebody
 * took away, and that was made anew, is seen.
 *
 * Written after its line, over the old one, in one write of one block: a kill leaves the old one or
 * the new one. So lines may stand behind the one that it names; that line itself must be there. Not
 * synced, as the lines are not.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "codec/json.h"
#include "trust/audit_internal.h"

#include <fcntl.h>
#include <string.h>

#define BLOCK 512

/* key_id and signature NULL = what is signed. */
static int head_text(const struct weft_audit_head *head, const char *origin, const char *key_id,
                     const char *signature, struct weft_buf *out, struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "audit_head", 1);
    weft_json_member_text(&writer, "first", head->first);
    weft_json_member_text(&writer, "hash", head->hash);
    if (key_id != NULL)
        weft_json_member_text(&writer, "key_id", key_id);
    weft_json_member_text(&writer, "origin", origin);
    if (signature != NULL)
        weft_json_member_text(&writer, "signature", signature);
    weft_json_member_int(&writer, "time_us", head->time_us);
    weft_json_end_object(&writer);
    return weft_buf_check(out, error);
}

static int hash_take(yyjson_val *root, const char *key, char out[WEFT_SHA256_HEX],
                     struct weft_error *error)
{
    const char *text;
    WEFT_TRY(weft_json_text(root, key, &text, error));
    if (strlen(text) != WEFT_SHA256_HEX - 1)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s has a wrong length", key);
    memcpy(out, text, WEFT_SHA256_HEX);
    return 0;
}

static int head_parse(struct weft_ledger *ledger, const char *text, size_t length,
                      struct weft_audit_head *head, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf bare;
    const char *key_id, *signature;
    bool good = false;
    weft_buf_init(&bare, BLOCK);
    WEFT_TRY(weft_json_parse(text, length, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    WEFT_TRY(hash_take(root, "first", head->first, error));
    WEFT_TRY(hash_take(root, "hash", head->hash, error));
    WEFT_TRY(weft_json_int(root, "time_us", &head->time_us, error));
    WEFT_TRY(weft_json_text(root, "key_id", &key_id, error));
    WEFT_TRY(weft_json_text(root, "signature", &signature, error));
    WEFT_TRY(head_text(head, weft_ledger_origin(ledger), NULL, NULL, &bare, error));
    WEFT_TRY(weft_ledger_signed(ledger, bare.data, bare.length, key_id, signature, &good, error));
    return good ? 0
                : weft_error_set(error, WEFT_E_CORRUPT, "it is not signed by a key of this node");
}

int weft_audit_head_read(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                         struct weft_audit_head *head, struct weft_error *error)
{
    char block[BLOCK];
    size_t got = 0;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, "head");
    if (path == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(path))
        return WEFT_NOT_THERE;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open_regular(path, &fd, error));
    WEFT_TRY(weft_fs_read(fd, block, sizeof block, &got, path, error));
    struct weft_error own = WEFT_ERROR_INIT;
    if (head_parse(ledger, block, got, head, &own) == 0)
        return 0;
    if (own.code == WEFT_E_NOMEM || own.code == WEFT_E_IO || own.code == WEFT_E_BUSY)
        return weft_error_set(error, own.code, "%s", own.message);
    return weft_error_set(error, WEFT_E_CORRUPT, "%s was changed or is damaged: %s", path,
                          own.message);
}

int weft_audit_head_write(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                          const struct weft_audit_head *head, struct weft_error *error)
{
    char key_id[WEFT_LEDGER_KEY_ID], signature[WEFT_LEDGER_SIGNATURE], block[BLOCK];
    const char *origin = weft_ledger_origin(ledger);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, BLOCK - 1);
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, "head");
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(head_text(head, origin, NULL, NULL, &text, error));
    WEFT_TRY(weft_ledger_sign(ledger, text.data, text.length, key_id, signature, error));
    weft_buf_shrink(&text, 0);
    WEFT_TRY(head_text(head, origin, key_id, signature, &text, error));
    memset(block, ' ', sizeof block);
    memcpy(block, text.data, text.length);
    block[BLOCK - 1] = '\n';
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT, &fd, error));
    return weft_fs_write(fd, block, sizeof block, path, error);
}
