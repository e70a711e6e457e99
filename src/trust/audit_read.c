/*
 * audit_read.c - the lines of the audit as records, each read with its end.
 */
#include "base/clock.h"
#include "base/map.h"
#include "codec/json.h"
#include "trust/audit_internal.h"

#include <stdio.h>
#include <string.h>

struct reading {
    struct weft_arena *arena;
    int64_t since_us;
    struct weft_audit_line *items;
    size_t count, capacity;
    struct weft_map *open; /* by the hash of its line: number + 1 of a read without its end */
};

static int text_take(struct weft_arena *arena, yyjson_val *root, const char *key, const char **out,
                     struct weft_error *error)
{
    const char *text = weft_json_text_or(root, key, NULL);
    if (text == NULL || text[0] == '\0')
        return 0;
    *out = weft_arena_strdup(arena, text);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int end_take(struct reading *r, yyjson_val *root, struct weft_error *error)
{
    const char *of = weft_json_text_or(root, "of", "");
    uintptr_t number = (uintptr_t)weft_map_get(r->open, of);
    if (number == 0) /* of a read before `since` */
        return 0;
    struct weft_audit_line *line = &r->items[number - 1];
    line->rows = weft_json_int_or(root, "rows", -1);
    line->duration_us = weft_json_int_or(root, "duration_us", -1);
    line->result = strcmp(weft_json_text_or(root, "result", ""), "done") == 0 ? "done" : "failed";
    return text_take(r->arena, root, "sql_hash", &line->sql_hash, error);
}

static int read_take(struct reading *r, yyjson_val *root, struct weft_error *error)
{
    bool whole = yyjson_obj_get(root, "rows") != NULL;
    struct weft_audit_line line = {.time_us = weft_json_int_or(root, "time_us", 0),
                                   .agreement = weft_json_int_or(root, "agreement", 0),
                                   .sequence = weft_json_int_or(root, "sequence", 0),
                                   .rows = weft_json_int_or(root, "rows", -1),
                                   .duration_us = weft_json_int_or(root, "duration_us", -1),
                                   .result = whole ? "done" : "unfinished"};
    const struct {
        const char *key;
        const char **text;
    } texts[] = {
        {"principal", &line.principal}, {"actor", &line.actor},     {"key", &line.key},
        {"purpose", &line.purpose},     {"door", &line.door},       {"command", &line.command},
        {"products", &line.products},   {"columns", &line.columns}, {"sql_hash", &line.sql_hash},
        {"decision", &line.decision},   {"reason", &line.reason},   {"hash", &line.hash}};
    if (line.time_us < r->since_us)
        return 0;
    if (r->count == WEFT_AUDIT_READ_MAX) {
        weft_error_set(error, WEFT_E_LIMIT, "the audit has more than %d reads since then",
                       WEFT_AUDIT_READ_MAX);
        return weft_error_hint(error, "--since names a later time");
    }
    for (size_t i = 0; i < WEFT_COUNT(texts); i++)
        WEFT_TRY(text_take(r->arena, root, texts[i].key, texts[i].text, error));
    if (weft_arena_reserve(r->arena, &r->items, &r->capacity, r->count + 1, sizeof *r->items) < 0)
        return weft_error_nomem(error);
    if (line.decision != NULL && strcmp(line.decision, "no") == 0) {
        line.result = "denied";
        line.rows = 0;
        whole = true;
    }
    r->items[r->count++] = line;
    if (whole || line.hash == NULL)
        return 0;
    return weft_map_put(r->open, line.hash, (void *)(uintptr_t)r->count) < 0
               ? weft_error_nomem(error)
               : 0;
}

static int line_take(void *arg, const char *path, int64_t number, const char *line, size_t length,
                     struct weft_error *error)
{
    struct reading *r = arg;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (weft_json_parse(line, length, 0, &doc, error) < 0)
        return weft_error_prefix(error, "%s, line %" PRId64, path, number);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_obj_get(root, "of") == NULL)
        return read_take(r, root, error);
    return end_take(r, root, error);
}

const char *weft_audit_rule_next(const char *reason, const char **at, size_t *length)
{
    const char *start = *at == NULL ? reason : *at;
    if (start == NULL || *start == '\0')
        return NULL;
    *length = strcspn(start, ";");
    *at = start + *length + (start[*length] == ';');
    *at += **at == ' ';
    return start;
}

bool weft_audit_rule_in(const char *reason, const char *rule, size_t length)
{
    const char *at = NULL, *one;
    size_t here;
    while ((one = weft_audit_rule_next(reason, &at, &here)) != NULL) {
        if (here == length && memcmp(one, rule, length) == 0)
            return true;
    }
    return false;
}

/* A month that is over before `since` holds nothing of it. */
static bool file_wanted(const char *name, int64_t since_us)
{
    char text[WEFT_TIME_TEXT];
    if (since_us <= 0)
        return true;
    weft_time_format(since_us, text);
    return strncmp(name, text, strlen("2026-11")) >= 0;
}

int weft_audit_list(const char *home, struct weft_arena *arena, int64_t since_us,
                    struct weft_audit_lines *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_TRY(weft_audit_files_open(home, false, &audit, error));
    WEFT_TRY(weft_audit_files_unlock(&audit, error));
    struct reading r = {.arena = arena, .since_us = since_us, .open = weft_map_new()};
    int rc = r.open == NULL ? weft_error_nomem(error) : 0;
    for (size_t i = 0; rc == 0 && i < audit.files.count; i++) {
        if (!file_wanted(audit.files.names[i], since_us))
            continue;
        rc = weft_audit_file_each(&audit, i, line_take, &r, error);
    }
    weft_map_free(r.open);
    WEFT_TRY(rc);
    *out = (struct weft_audit_lines){r.items, r.count};
    return 0;
}
