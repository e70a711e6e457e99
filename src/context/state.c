/*
 * state.c - a state file read: the catalogue into ledgers in memory, so that a plan asks the same
 * questions of them as of a home; the tables of the lake as outlines.
 */
#include "context/state.h"

#include "base/fs.h"
#include "base/map.h"

#include <string.h>

struct weft_state {
    yyjson_doc *document;
    const char *environment;
    const char *defers; /* NULL = nowhere */
    struct weft_ledger *ledger, *deferred;
    struct weft_map *tables; /* name -> what the file says of it */
};

void weft_state_free(struct weft_state *state)
{
    if (state == NULL)
        return;
    weft_ledger_close(state->ledger);
    weft_ledger_close(state->deferred);
    weft_map_free(state->tables);
    weft_json_freep(&state->document);
    weft_free(state);
}

static void state_freep(struct weft_state **state)
{
    weft_state_free(*state);
}

struct weft_ledger *weft_state_ledger(const struct weft_state *state)
{
    return state->ledger;
}

struct weft_ledger *weft_state_deferred(const struct weft_state *state)
{
    return state->deferred;
}

int64_t weft_state_snapshots(const struct weft_state *state, const char *table)
{
    return weft_json_int_or(weft_map_get(state->tables, table), "snapshots", 0);
}

int weft_state_table(const struct weft_state *state, struct weft_arena *arena, const char *table,
                     struct weft_table **out, struct weft_error *error)
{
    yyjson_val *outline = yyjson_obj_get(weft_map_get(state->tables, table), "outline");
    if (outline == NULL || yyjson_is_null(outline))
        return WEFT_NOT_THERE;
    return weft_table_outline_read(arena, outline, out, error);
}

/* ---- reading ---- */

static bool hash_is_good(const char *hash)
{
    return hash != NULL && strlen(hash) == WEFT_SHA256_HEX - 1 &&
           strspn(hash, "0123456789abcdef") == WEFT_SHA256_HEX - 1;
}

static int head_read(yyjson_val *value, struct weft_ledger_head *head, struct weft_error *error)
{
    const char *hash = yyjson_get_str(yyjson_obj_get(value, "hash"));
    *head = (struct weft_ledger_head){
        .sequence = weft_json_int_or(value, "sequence", 0),
        .time_us = weft_json_int_or(value, "time_us", 0),
    };
    if (head->sequence < 1 || !hash_is_good(hash))
        return weft_error_set(error, WEFT_E_INVALID, "it does not say at which entry it was made");
    memcpy(head->hash, hash, sizeof head->hash);
    return 0;
}

static int home_read(yyjson_val *home, struct weft_ledger **out, struct weft_error *error)
{
    struct weft_ledger_head head;
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (yyjson_is_null(home))
        return 0;
    WEFT_TRY(head_read(yyjson_obj_get(home, "head"), &head, error));
    WEFT_TRY(weft_ledger_state_read(yyjson_obj_get(home, "catalog"), &head, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_catalog_state_check(txn, error));
    weft_ledger_endp(&txn);
    *out = ledger;
    ledger = NULL;
    return 0;
}

static int tables_read(struct weft_state *state, yyjson_val *lake, struct weft_error *error)
{
    size_t i, max;
    yyjson_val *table;
    state->tables = weft_map_new();
    if (state->tables == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(lake, i, max, table)
    {
        const char *name = yyjson_get_str(yyjson_obj_get(table, "table"));
        if (name == NULL)
            return weft_error_set(error, WEFT_E_INVALID, "a table of it has no name");
        if (weft_map_put(state->tables, name, table) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

static int deferred_read(struct weft_state *state, yyjson_val *deferred, struct weft_error *error)
{
    if (yyjson_is_null(deferred))
        return 0;
    state->defers = yyjson_get_str(yyjson_obj_get(deferred, "environment"));
    yyjson_val *home = yyjson_obj_get(deferred, "home");
    if (state->defers == NULL || home == NULL)
        return weft_error_set(error, WEFT_E_INVALID, "it does not say where it defers to");
    return home_read(home, &state->deferred, error);
}

static int document_read(struct weft_state *state, const char *text, size_t length,
                         struct weft_error *error)
{
    WEFT_TRY(weft_json_parse(text, length, WEFT_JSON_UNIQUE_KEYS, &state->document, error));
    yyjson_val *root = yyjson_doc_get_root(state->document);
    yyjson_val *home = yyjson_obj_get(root, "home");
    yyjson_val *deferred = yyjson_obj_get(root, "deferred");
    int64_t format = weft_json_int_or(root, "format", 0);
    state->environment = yyjson_get_str(yyjson_obj_get(root, "environment"));
    if (format > WEFT_STATE_FORMAT && home != NULL)
        return weft_error_set(error, WEFT_E_FORMAT,
                              "it has the format %" PRId64 ", and this weft knows up to %d", format,
                              WEFT_STATE_FORMAT);
    if (format != WEFT_STATE_FORMAT || home == NULL || deferred == NULL ||
        state->environment == NULL)
        return weft_error_set(error, WEFT_E_INVALID, "it lacks `format`, `environment` or `home`");
    WEFT_TRY(home_read(home, &state->ledger, error));
    WEFT_TRY(tables_read(state, yyjson_obj_get(home, "lake"), error));
    return deferred_read(state, deferred, error);
}

int weft_state_parse(const char *text, size_t length, const char *path, struct weft_state **out,
                     struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    WEFT_CLEANUP(state_freep) struct weft_state *state = weft_alloc(sizeof *state);
    if (state == NULL)
        return weft_error_nomem(error);
    if (document_read(state, text, length, &own) == 0) {
        *out = state;
        state = NULL;
        return 0;
    }
    if (own.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    bool other = own.code == WEFT_E_FORMAT;
    weft_error_set(error, other ? WEFT_E_FORMAT : WEFT_E_INVALID,
                   "%s is no state that this version can plan against: %s", path, own.message);
    if (own.line > 0)
        weft_error_at(error, path, own.line, own.column);
    return weft_error_hint(error, other ? "export it again with the weft that plans"
                                        : "`weft state export --out FILE` writes one");
}

/* ---- using ---- */

static int environment_check(struct weft_context *context, const struct weft_state *state,
                             const char *path, struct weft_error *error)
{
    const struct weft_run_deferred *deferred;
    if (strcmp(state->environment, context->environment) != 0) {
        weft_error_set(error, WEFT_E_CONFLICT,
                       "%s is the state of the environment `%s`, and this is `%s`", path,
                       state->environment, context->environment);
        return weft_error_hint(error, "add --env %s", state->environment);
    }
    WEFT_TRY(weft_context_deferred(context, &deferred, error));
    const char *now = deferred == NULL ? "none" : deferred->environment;
    const char *then = state->defers == NULL ? "none" : state->defers;
    if (strcmp(now, then) == 0)
        return 0;
    weft_error_set(error, WEFT_E_CONFLICT,
                   "%s was exported when `%s` deferred to `%s`, and now it defers to `%s`", path,
                   state->environment, then, now);
    return weft_error_hint(error, "export it again: `weft state export --out FILE`");
}

int weft_state_use(struct weft_context *context, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, WEFT_STATE_MAX + 1);
    int rc = weft_fs_read_regular(path, WEFT_STATE_MAX, &text, error);
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", path);
        return weft_error_hint(error, "`weft state export --out FILE` writes one, at the home");
    }
    WEFT_TRY(rc);
    WEFT_TRY(weft_state_parse(text.data, text.length, path, &context->state, error));
    return environment_check(context, context->state, path, error);
}
