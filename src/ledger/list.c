/*
 * list.c - long lists: files named by their own hash, <home>/lists/<sha256>. Written before the
 * entry that names them; one that no entry came to name does no harm.
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
    int rc = weft_fs_read_file(path, LEDGER_LISTS_MAX, out, error);
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

static int list_check(struct weft_ledger *ledger, const char *hash, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf data;
    weft_buf_init(&data, LEDGER_LISTS_MAX + LEDGER_BUFFER_MAX);
    return weft_ledger_list_get(ledger, hash, &data, error);
}

static bool key_names_list(const char *key)
{
    size_t length = strlen(key);
    return strcmp(key, "list") == 0 || (length > 5 && strcmp(key + length - 5, "_list") == 0);
}

/* Depth is bounded by the parser. */
static int lists_walk(struct weft_ledger *ledger, yyjson_val *value, struct weft_error *error)
{
    size_t index, count;
    yyjson_val *key, *item;
    if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, index, count, item)
        {
            WEFT_TRY(lists_walk(ledger, item, error));
        }
        return 0;
    }
    if (!yyjson_is_obj(value))
        return 0;
    yyjson_obj_foreach(value, index, count, key, item)
    {
        const char *text = yyjson_get_str(item);
        if (text != NULL && key_names_list(yyjson_get_str(key)) && hash_is_valid(text))
            WEFT_TRY(list_check(ledger, text, error));
        WEFT_TRY(lists_walk(ledger, item, error));
    }
    return 0;
}

int ledger_lists_check(struct weft_ledger *ledger, const struct weft_ledger_entry *entry,
                       struct weft_error *error)
{
    if (strstr(entry->body, "list\":\"") == NULL) /* canonical: no blanks */
        return 0;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(entry->body, strlen(entry->body), 0, &doc, error));
    return lists_walk(ledger, yyjson_doc_get_root(doc), error);
}
