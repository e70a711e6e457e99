/*
 * principals.c - a principal as it was at a sequence, and questions about it.
 */
#include "trust/principals.h"

#include "base/text.h"
#include "trust/trust_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[WEFT_PRINCIPAL_KINDS] = {
    [WEFT_PRINCIPAL_USER] = "user",   [WEFT_PRINCIPAL_SERVICE] = "service",
    [WEFT_PRINCIPAL_GROUP] = "group", [WEFT_PRINCIPAL_DOMAIN] = "domain",
    [WEFT_PRINCIPAL_NODE] = "node",   [WEFT_PRINCIPAL_LOCAL] = "local",
};

/* Every row of the reader's sequence; a disabled group gives nothing, nor do those above it. */
#define GROUPS_ABOVE                                                                               \
    "WITH RECURSIVE up(id, depth) AS ("                                                            \
    "  SELECT ?2, 0"                                                                               \
    "  UNION SELECT m.group_name, up.depth + 1 FROM trust_members m JOIN up ON m.member = up.id"   \
    "    JOIN trust_principals p ON p.principal = m.group_name AND p.disabled = 0"                 \
    "    AND " WEFT_TRUST_AT("p") "WHERE up.depth < ?3 AND " WEFT_TRUST_AT("m") ") "

const char *weft_principal_kind_name(enum weft_principal_kind kind)
{
    assert(kind < WEFT_PRINCIPAL_KINDS);
    return kind_names[kind];
}

/* ---- how one is written ---- */

static bool name_char(char c, bool edge)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return true;
    return !edge && c != '\0' && strchr("._@+-", c) != NULL;
}

static bool name_good(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        if (!name_char(name[i], i == 0 || i + 1 == length))
            return false;
    }
    return length > 0;
}

static int text_wrong(const char *text, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_USAGE, "`%.200s` is not how a principal is written", text);
    return weft_error_hint(error,
                           "user:NAME, service:NAME, group:NAME or domain:NAME; a name has "
                           "a-z, 0-9 and . _ @ + - between them, at most %d characters",
                           WEFT_PRINCIPAL_MAX - 9);
}

int weft_principal_parse(const char *text, enum weft_principal_kind *kind, struct weft_error *error)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || strlen(text) >= WEFT_PRINCIPAL_MAX)
        return text_wrong(text, error);
    size_t length = (size_t)(colon - text), i = 0;
    while (i < WEFT_PRINCIPAL_KINDS &&
           (strlen(kind_names[i]) != length || memcmp(kind_names[i], text, length) != 0))
        i++;
    if (i == WEFT_PRINCIPAL_KINDS)
        return text_wrong(text, error);
    /* A login may be written as the system likes. */
    if (i == WEFT_PRINCIPAL_LOCAL ? colon[1] == '\0' : !name_good(colon + 1))
        return text_wrong(text, error);
    if (kind != NULL)
        *kind = (enum weft_principal_kind)i;
    return 0;
}

bool weft_principal_valid(const char *text)
{
    return weft_principal_parse(text, NULL, NULL) == 0;
}

/* ---- lists of texts ---- */

int weft_trust_texts_read(struct weft_arena *arena, yyjson_val *array, struct weft_texts *out,
                          struct weft_error *error)
{
    size_t i, max, count = 0;
    yyjson_val *item;
    const char **items = weft_arena_array(arena, yyjson_arr_size(array) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(array, i, max, item)
    {
        if (!yyjson_is_str(item))
            return weft_error_set(error, WEFT_E_CORRUPT, "a list of texts holds something else");
        items[count] = weft_arena_strdup(arena, yyjson_get_str(item));
        if (items[count++] == NULL)
            return weft_error_nomem(error);
    }
    *out = (struct weft_texts){items, count};
    return 0;
}

int weft_trust_texts_parse(struct weft_arena *arena, const char *json, struct weft_texts *out,
                           struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    return weft_trust_texts_read(arena, yyjson_doc_get_root(doc), out, error);
}

int weft_trust_texts_rows(struct weft_arena *arena, struct weft_stmt *stmt, struct weft_texts *out,
                          struct weft_error *error)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    *out = (struct weft_texts){items, count};
    return 0;
}

bool weft_trust_texts_has(const struct weft_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0)
            return true;
    }
    return false;
}

void weft_trust_texts_write(struct weft_json_writer *writer, const char *key,
                            const struct weft_texts *texts)
{
    weft_json_key(writer, key);
    weft_json_begin_array(writer);
    for (size_t i = 0; i < texts->count; i++)
        weft_json_put_text(writer, texts->items[i]);
    weft_json_end_array(writer);
}

/* ---- one principal ---- */

static int roles_add(struct weft_arena *arena, const char *json, struct weft_texts *as_written,
                     struct weft_principal *out, struct weft_error *error)
{
    struct weft_texts texts;
    WEFT_TRY(weft_trust_texts_parse(arena, json, &texts, error));
    if (as_written != NULL)
        *as_written = texts;
    struct weft_role_held *roles =
        weft_arena_array(arena, out->role_count + texts.count + 1, sizeof *roles);
    if (roles == NULL)
        return weft_error_nomem(error);
    if (out->role_count > 0)
        memcpy(roles, out->roles, out->role_count * sizeof *roles);
    for (size_t i = 0; i < texts.count; i++) {
        if (weft_role_parse(texts.items[i], &roles[out->role_count + i], error) < 0)
            return -1;
    }
    out->roles = roles;
    out->role_count += texts.count;
    return 0;
}

static int attributes_read(struct weft_arena *arena, const char *json, struct weft_principal *out,
                           struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc), *key, *value;
    size_t i, max;
    struct weft_attribute *items =
        weft_arena_array(arena, yyjson_obj_size(root) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    WEFT_JSON_EACH(root, i, max, key, value)
    {
        items[i].name = weft_arena_strdup(arena, yyjson_get_str(key));
        if (items[i].name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_trust_texts_read(arena, value, &items[i].values, error));
    }
    out->attributes = items;
    out->attribute_count = yyjson_obj_size(root);
    return 0;
}

/* principal, kind, display, roles, attributes, disabled, password, created_us, seq_from */
static int row_read(struct weft_arena *arena, struct weft_stmt *stmt, struct weft_principal *out,
                    struct weft_error *error)
{
    WEFT_TRY(weft_sql_text(arena, stmt, 0, &out->id, error));
    WEFT_TRY(weft_principal_parse(out->id, &out->kind, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 2, &out->display, error));
    out->known = true;
    out->disabled = weft_stmt_column_int(stmt, 5) != 0;
    out->has_password = weft_stmt_column_text(stmt, 6)[0] != '\0';
    out->created_us = weft_stmt_column_int(stmt, 7);
    out->sequence = weft_stmt_column_int(stmt, 8);
    const char *roles, *attributes;
    WEFT_TRY(weft_sql_text(arena, stmt, 3, &roles, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 4, &attributes, error));
    WEFT_TRY(roles_add(arena, roles, &out->own_roles, out, error));
    return attributes_read(arena, attributes, out, error);
}

#define ROW_COLUMNS                                                                                \
    "p.principal, p.kind, p.display, p.roles, p.attributes, p.disabled, p.password, "              \
    "p.created_us, p.seq_from "

static int own_row(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *id,
                   int64_t at, struct weft_principal *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " ROW_COLUMNS "FROM trust_principals p "
                            "WHERE p.principal = ?2 AND " WEFT_TRUST_AT("p"),
                            "it", at, id));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? 0 : row_read(arena, stmt, out, error);
}

/* Its groups with their roles. */
static int groups_read(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t at,
                       struct weft_principal *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const char **items = NULL, *roles;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            GROUPS_ABOVE "SELECT p.principal, p.roles FROM trust_principals p "
                                         "WHERE p.principal IN (SELECT id FROM up WHERE depth > 0) "
                                         "AND " WEFT_TRUST_AT("p") "ORDER BY p.principal",
                            "iti", at, out->id, (int64_t)WEFT_GROUPS_DEEP_MAX));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &items[count], error));
        WEFT_TRY(weft_sql_text(arena, stmt, 1, &roles, error));
        WEFT_TRY(roles_add(arena, roles, NULL, out, error));
        if (++count > WEFT_GROUPS_OF_ONE_MAX)
            return weft_error_set(error, WEFT_E_LIMIT, "%s belongs to more than %d groups", out->id,
                                  WEFT_GROUPS_OF_ONE_MAX);
    }
    WEFT_TRY(rc);
    out->groups = (struct weft_texts){items, count};
    return 0;
}

static int direct_read(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t at,
                       struct weft_principal *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT m.group_name FROM trust_members m WHERE m.member = ?2 "
                            "AND " WEFT_TRUST_AT("m") "ORDER BY m.group_name",
                            "it", at, out->id));
    return weft_trust_texts_rows(arena, stmt, &out->direct_groups, error);
}

/* Roles that domain.yaml gives: its owner and its members, where these are principals. */
static int team_roles(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t at,
                      struct weft_principal *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_role_held *roles = NULL;
    size_t count = out->role_count, capacity = 0;
    int rc;
    out->given_count = count;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        GROUPS_ABOVE
        "SELECT d.domain, 0 FROM trust_domain_members d WHERE d.member IN (SELECT id FROM up) "
        "AND " WEFT_TRUST_AT("d") "UNION SELECT o.domain, 1 FROM trust_domains o "
                                  "WHERE o.owner IN (SELECT id FROM up) AND " WEFT_TRUST_AT("o"),
        "iti", at, out->id, (int64_t)WEFT_GROUPS_DEEP_MAX));
    if (weft_arena_reserve(arena, &roles, &capacity, count + 1, sizeof *roles) < 0)
        return weft_error_nomem(error);
    if (count > 0)
        memcpy(roles, out->roles, count * sizeof *roles);
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &roles, &capacity, count + 1, sizeof *roles) < 0)
            return weft_error_nomem(error);
        roles[count].role =
            weft_stmt_column_int(stmt, 1) != 0 ? WEFT_ROLE_DOMAIN_OWNER : WEFT_ROLE_DOMAIN_ENGINEER;
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &roles[count].domain, error));
        count++;
    }
    WEFT_TRY(rc);
    out->roles = roles;
    out->role_count = count;
    return 0;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int domains_read(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t at,
                        struct weft_principal *out, struct weft_error *error)
{
    WEFT_TRY(team_roles(txn, arena, at, out, error));
    const char **all = weft_arena_array(arena, out->role_count + 2, sizeof *all);
    if (all == NULL)
        return weft_error_nomem(error);
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < out->role_count; i++) {
        if ((weft_role_row(out->roles[i].role)->rights & WEFT_RIGHT_READ) != 0)
            all[count++] = out->roles[i].domain;
    }
    if (out->kind == WEFT_PRINCIPAL_DOMAIN)
        all[count++] = strchr(out->id, ':') + 1;
    if (count > 1)
        qsort(all, count, sizeof *all, text_order);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(all[kept - 1], all[i]) != 0)
            all[kept++] = all[i];
    }
    out->domains = (struct weft_texts){all, kept};
    return 0;
}

int weft_principal_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *id,
                       int64_t sequence, struct weft_principal *out, struct weft_error *error)
{
    struct weft_principal made = {0};
    int64_t at = weft_ledger_at(sequence);
    WEFT_TRY(weft_principal_parse(id, &made.kind, error));
    made.id = weft_arena_strdup(arena, id);
    if (made.id == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(own_row(txn, arena, id, at, &made, error));
    if (made.kind == WEFT_PRINCIPAL_NODE) /* known from the home's first entry on */
        made.known = strcmp(id + strlen("node:"), weft_ledger_origin(weft_ledger_of(txn))) == 0;
    WEFT_TRY(direct_read(txn, arena, at, &made, error));
    WEFT_TRY(groups_read(txn, arena, at, &made, error));
    WEFT_TRY(domains_read(txn, arena, at, &made, error));
    *out = made;
    return 0;
}

int weft_principals_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                         struct weft_principals *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_principal *items = NULL;
    size_t count = 0, capacity = 0;
    int64_t at = weft_ledger_at(sequence);
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " ROW_COLUMNS "FROM trust_principals p WHERE " WEFT_TRUST_AT(
                                "p") "ORDER BY p.principal",
                            "i", at));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        items[count] = (struct weft_principal){0};
        WEFT_TRY(row_read(arena, stmt, &items[count], error));
        WEFT_TRY(direct_read(txn, arena, at, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    *out = (struct weft_principals){items, count};
    return 0;
}

/* ---- asking one ---- */

bool weft_principal_active(const struct weft_principal *principal)
{
    switch (principal->kind) {
    case WEFT_PRINCIPAL_USER:
    case WEFT_PRINCIPAL_SERVICE:
        return principal->known && !principal->disabled;
    case WEFT_PRINCIPAL_LOCAL:
    case WEFT_PRINCIPAL_DOMAIN:
    case WEFT_PRINCIPAL_NODE:
        return !principal->disabled;
    case WEFT_PRINCIPAL_GROUP:
    case WEFT_PRINCIPAL_KINDS:
        break;
    }
    return false; /* a group acts by its members */
}

bool weft_principal_has_role(const struct weft_principal *principal, enum weft_role role)
{
    for (size_t i = 0; i < principal->role_count; i++) {
        if (principal->roles[i].role == role)
            return true;
    }
    /* Who finds products and asks is a consumer, with or without the word. */
    return role == WEFT_ROLE_CONSUMER &&
           (principal->kind == WEFT_PRINCIPAL_USER || principal->kind == WEFT_PRINCIPAL_SERVICE);
}

bool weft_principal_is(const struct weft_principal *principal, const char *word)
{
    if (strcmp(word, "everyone") == 0 || strcmp(word, principal->id) == 0)
        return true;
    if (strncmp(word, "group:", 6) == 0)
        return weft_trust_texts_has(&principal->groups, word);
    struct weft_role_held held;
    if (strncmp(word, "role:", 5) != 0)
        return false;
    for (size_t i = 0; i < WEFT_ROLE_COUNT; i++) {
        if (strcmp(weft_role_row((enum weft_role)i)->name, word + 5) == 0)
            return weft_principal_has_role(principal, (enum weft_role)i);
    }
    if (weft_role_parse(word + 5, &held, NULL) < 0)
        return false;
    for (size_t i = 0; i < principal->role_count; i++) {
        if (principal->roles[i].role == held.role && held.domain != NULL &&
            strcmp(principal->roles[i].domain, held.domain) == 0)
            return true;
    }
    return false;
}

bool weft_principal_of_domain(const struct weft_principal *principal, const char *domain)
{
    return principal->by == NULL && weft_trust_texts_has(&principal->domains, domain);
}

bool weft_principal_may(const struct weft_principal *principal, enum weft_right right,
                        const char *domain)
{
    if (!weft_principal_active(principal) || principal->by != NULL)
        return false;
    if (principal->kind == WEFT_PRINCIPAL_LOCAL)
        return true;
    for (size_t i = 0; i < principal->role_count; i++) {
        const struct weft_role_held *held = &principal->roles[i];
        if ((weft_role_row(held->role)->rights & (unsigned)right) != 0 &&
            (held->domain == NULL || (domain != NULL && strcmp(held->domain, domain) == 0)))
            return true;
    }
    return false;
}

const struct weft_texts *weft_principal_attribute(const struct weft_principal *principal,
                                                  const char *name)
{
    for (size_t i = 0; i < principal->attribute_count; i++) {
        if (strcmp(principal->attributes[i].name, name) == 0)
            return &principal->attributes[i].values;
    }
    return NULL;
}
