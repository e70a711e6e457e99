/*
 * list.c - long lists: files named by their own hash, <home>/lists/<sha256>. Written before the
 * entry that names them, within its transaction; one that no entry came to name does no harm, and
 * is removed later (weft_ledger_lists_sweep).
 *
 * An entry names a list by a member `list` or `..._list` of its body, at any depth, whose value is
 * the hash.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/ledger_internal.h"

#include <string.h>

static bool hash_is_valid(const char *hash)
{
    return strlen(hash) == WEFT_SHA256_HEX - 1 &&
           strspn(hash, "0123456789abcdef") == WEFT_SHA256_HEX - 1;
}

static char *list_path(struct weft_ledger *ledger, const char *hash)
{
    return weft_format("%s/lists/%s", ledger->home, hash);
}

int weft_ledger_list_put(struct weft_ledger *ledger, const char *data, size_t length,
                         char hash[WEFT_SHA256_HEX], struct weft_error *error)
{
    if (ledger->flags & WEFT_LEDGER_READ_ONLY)
        return weft_error_set(error, WEFT_E_REFUSED, "this process may only read the home %s",
                              ledger->home);
    if (!ledger->writing)
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "a list is put within the transaction that names it");
    if (length > LEDGER_LISTS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "a list has at most %d bytes", LEDGER_LISTS_MAX);
    char made[WEFT_SHA256_HEX];
    WEFT_TRY(weft_sha256_hex(data, length, made, error));
    WEFT_CLEANUP(weft_freep) char *path = list_path(ledger, made);
    if (path == NULL)
        return weft_error_nomem(error);
    /* Written even when it is there: the one there may be damaged, and its folder not synced. */
    WEFT_TRY(weft_fs_write_file(path, data, length, error));
    memcpy(hash, made, sizeof made);
    return 0;
}

int weft_ledger_list_get(struct weft_ledger *ledger, const char *hash, struct weft_buf *out,
                         struct weft_error *error)
{
    if (!hash_is_valid(hash))
        return weft_error_set(error, WEFT_E_INVALID, "%.80s names no list", hash);
    WEFT_CLEANUP(weft_freep) char *path = list_path(ledger, hash);
    if (path == NULL)
        return weft_error_nomem(error);
    size_t start = out->length;
    int rc = weft_fs_read_regular(path, LEDGER_LISTS_MAX, out, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "the list %s is missing", path);
    char found[WEFT_SHA256_HEX];
    if (rc == 0)
        rc = weft_sha256_hex(out->data + start, out->length - start, found, error);
    if (rc == 0 && strcmp(found, hash) != 0)
        rc = weft_error_set(error, WEFT_E_CORRUPT, "the list %s was changed", path);
    if (rc < 0 && out->length > start)
        weft_buf_shrink(out, start);
    return rc;
}

static bool key_names_list(const char *key)
{
    size_t length = strlen(key);
    return strcmp(key, "list") == 0 || (length > 5 && strcmp(key + length - 5, "_list") == 0);
}

typedef int list_visit(void *arg, const char *hash, struct weft_error *error);

/* Depth is bounded by the parser. */
static int lists_walk(yyjson_val *value, list_visit *visit, void *arg, struct weft_error *error)
{
    size_t index, count;
    yyjson_val *key, *item;
    if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, index, count, item)
        {
            WEFT_TRY(lists_walk(item, visit, arg, error));
        }
        return 0;
    }
    if (!yyjson_is_obj(value))
        return 0;
    WEFT_JSON_EACH(value, index, count, key, item)
    {
        const char *text = yyjson_get_str(item);
        if (text != NULL && key_names_list(yyjson_get_str(key)) && hash_is_valid(text))
            WEFT_TRY(visit(arg, text, error));
        WEFT_TRY(lists_walk(item, visit, arg, error));
    }
    return 0;
}

static bool may_name_list(const struct weft_ledger_entry *entry)
{
    return strstr(entry->body, "list\":\"") != NULL; /* canonical: no blanks */
}

static int list_check(void *arg, const char *hash, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf data;
    weft_buf_init(&data, LEDGER_LISTS_MAX + LEDGER_BUFFER_MAX);
    return weft_ledger_list_get(arg, hash, &data, error);
}

int ledger_lists_check(struct weft_ledger *ledger, const struct weft_ledger_entry *entry,
                       struct weft_error *error)
{
    if (!may_name_list(entry))
        return 0;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(entry->body, strlen(entry->body), 0, &doc, error));
    return lists_walk(yyjson_doc_get_root(doc), list_check, ledger, error);
}

/* ---- which are named ---- */

struct note {
    struct weft_ledger_txn *txn;
    int64_t sequence;
};

static int list_note(void *arg, const char *hash, struct weft_error *error)
{
    const struct note *note = arg;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(note->txn,
                               "INSERT INTO ledger_lists(hash, seq_from) VALUES (?, ?)"
                               " ON CONFLICT (hash) DO NOTHING",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, hash);
    weft_stmt_bind_int(stmt, 2, note->sequence);
    int rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

int ledger_lists_note(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    struct note note = {txn, entry->sequence};
    return may_name_list(entry) ? lists_walk(body, list_note, &note, error) : 0;
}

static int named_count(struct weft_ledger_txn *txn, size_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT count(*) FROM ledger_lists", &stmt, error));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    *count = (size_t)weft_stmt_column_int(stmt, 0);
    return 0;
}

static int lists_remove(struct weft_ledger_txn *txn, const struct weft_fs_list *files,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT 1 FROM ledger_lists WHERE hash = ?", &stmt, error));
    for (size_t i = 0; i < files->count; i++) {
        weft_stmt_reset(stmt);
        weft_stmt_bind_text(stmt, 1, files->names[i]);
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == 0)
            continue;
        WEFT_CLEANUP(weft_freep) char *path = list_path(txn->ledger, files->names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_unlink(path, error));
    }
    return 0;
}

static int lists_list(struct weft_ledger *ledger, struct weft_fs_list *files,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(ledger->home, "lists");
    if (folder == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_list(folder, files, error);
    return rc < 0 ? rc : 0;
}

/* Lists are written within writing transactions, of which there is one at a time: what is there now
 * and is named by no entry belongs to nobody. */
static int lists_sweep(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_fs_list files = {0};
    WEFT_TRY(ledger_begin_unchecked(ledger, &txn, error));
    int rc = lists_list(ledger, &files, error);
    if (rc == 0)
        rc = lists_remove(txn, &files, error);
    weft_fs_list_free(&files);
    return rc;
}

int weft_ledger_lists_sweep(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_fs_list files = {0};
    size_t named = 0;
    if (ledger->flags & WEFT_LEDGER_READ_ONLY)
        return 0;
    int rc = lists_list(ledger, &files, error);
    size_t count = files.count;
    weft_fs_list_free(&files);
    if (rc < 0 || count == 0)
        return rc;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(named_count(txn, &named, error));
    weft_ledger_end(txn);
    txn = NULL;
    return count > named ? lists_sweep(ledger, error) : 0;
}
