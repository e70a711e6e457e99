/*
 * list.c - a long list of an entry's body: short ones stand in it, long ones lie in a file that it
 * names by hash.
 */
#include "flow/run_internal.h"

#include <stdio.h>

int weft_flow_list_put(struct weft_ledger *ledger, struct weft_json_writer *writer, const char *key,
                       const struct weft_buf *json, struct weft_error *error)
{
    char name[64], hash[WEFT_SHA256_HEX];
    WEFT_TRY(weft_buf_check(json, error));
    if (json->length <= WEFT_RUN_INLINE_MAX) {
        weft_json_key(writer, key);
        weft_json_put_raw(writer, json->data, json->length);
        return 0;
    }
    snprintf(name, sizeof name, "%s_list", key);
    WEFT_TRY(weft_ledger_list_put(ledger, json->data, json->length, hash, error));
    weft_json_member_text(writer, name, hash);
    return 0;
}

int weft_flow_list_get(struct weft_ledger_txn *txn, yyjson_val *body, const char *key,
                       yyjson_doc **doc, yyjson_val **out, struct weft_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "%s_list", key);
    const char *hash = weft_json_text_or(body, name, NULL);
    if (hash == NULL) {
        *out = yyjson_obj_get(body, key);
        return 0;
    }
    struct weft_buf text;
    weft_buf_init(&text, WEFT_RUN_LIST_MAX);
    int rc = weft_ledger_list_get(weft_ledger_of(txn), hash, &text, error);
    if (rc == WEFT_NOT_THERE)
        rc = weft_error_set(error, WEFT_E_CORRUPT, "the list %s is gone", hash);
    if (rc == 0)
        rc = weft_json_parse(text.data, text.length, 0, doc, error);
    weft_buf_release(&text);
    WEFT_TRY(rc);
    *out = yyjson_doc_get_root(*doc);
    return 0;
}
