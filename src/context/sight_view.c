/*
 * sight_view.c - what a sight leaves of a text and of a row of a `mesh.` table.
 */
#include "context/sight_internal.h"

#include "base/text.h"
#include "trust/keys.h"

#include <stdio.h>
#include <string.h>

/* ---- texts ---- */

static char word_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '\0';
}

static void suffix_cut(char *word, const char *mark)
{
    char *at = strstr(word, mark);
    if (at != NULL && at != word)
        *at = '\0';
}

/* Whatever it is called there: hr.secret, "hr"."secret", hr__quarantine.secret, hr/secret__v2. */
static bool pair_unknown(const struct weft_sight *sight, const char *left, const char *right)
{
    char key[SIGHT_KEY_SIZE], domain[96], name[96];
    snprintf(domain, sizeof domain, "%s", left);
    snprintf(name, sizeof name, "%s", right);
    suffix_cut(domain, "__quarantine");
    snprintf(key, sizeof key, "%s.%s", domain, name);
    if (weft_map_has(sight->unknown, key))
        return true;
    suffix_cut(name, "__v");
    snprintf(key, sizeof key, "%s.%s", domain, name);
    return weft_map_has(sight->unknown, key);
}

bool weft_sight_tells(const struct weft_sight *sight, const char *text)
{
    char words[2][96] = {"", ""}; /* the one before, and this one */
    size_t length = 0;
    bool joined = false;
    if (weft_map_count(sight->unknown) == 0)
        return false;
    for (const char *at = text;; at++) {
        char c = word_char(*at);
        if (c != '\0') {
            if (length + 1 < sizeof words[1])
                words[1][length++] = c;
            continue;
        }
        if (*at == '"' || *at == '`')
            continue;
        words[1][length] = '\0';
        if (joined && length > 0 && pair_unknown(sight, words[0], words[1]))
            return true;
        if (*at == '\0')
            return false;
        memcpy(words[0], words[1], sizeof words[0]);
        joined = length > 0 && (*at == '.' || *at == '/');
        length = 0;
    }
}

/* ---- rows ---- */

static const char *key_text(struct weft_stmt *row, int column)
{
    return weft_stmt_column_is_null(row, column) ? NULL : weft_stmt_column_text(row, column);
}

/* A column's name in a row is one that is there for him. */
static bool column_shown(const struct weft_mesh_table *table, const char *name,
                         const struct weft_sight_item *item, struct weft_stmt *row)
{
    int at = name == NULL ? -1 : weft_mesh_table_column(table, name);
    return at < 0 || weft_stmt_column_is_null(row, at) ||
           weft_texts_have(&item->columns, weft_stmt_column_text(row, at));
}

static unsigned product_row(const struct weft_sight *sight, const struct weft_mesh_table *table,
                            struct weft_stmt *row, int keys)
{
    const struct weft_mesh_scope *scope = &table->scope;
    const char *key = key_text(row, keys), *other_key = key_text(row, keys + 1);
    const struct weft_sight_item *item = key == NULL ? NULL : weft_sight_table(sight, key);
    const struct weft_sight_item *other =
        other_key == NULL ? item : weft_sight_table(sight, other_key);
    int64_t kept = weft_stmt_column_int(row, keys + 2);
    if (item == NULL || other == NULL || !column_shown(table, scope->column, item, row) ||
        (other_key != NULL && !column_shown(table, scope->other_column, other, row)))
        return 0;
    unsigned shown = WEFT_MESH_ALL;
    if (item->whole && other->whole)
        shown |= WEFT_MESH_WHOLE;
    if (weft_sight_made(item))
        shown |= WEFT_MESH_TEAM;
    if ((shown & (unsigned)scope->least) == 0 ||
        ((kept & WEFT_MESH_KEEP_ROW) != 0 && (shown & WEFT_MESH_TEAM) == 0))
        return 0;
    if ((kept & WEFT_MESH_KEEP_TEXTS) != 0)
        shown &= ~(unsigned)WEFT_MESH_TEAM;
    return shown;
}

/* By a key with a scope nobody has a role's rights; and only what the key opens is there. */
static bool may_see_access(const struct weft_sight *sight, const char *domain)
{
    return !weft_key_scoped(sight->key) &&
           weft_principal_may(&sight->who, WEFT_RIGHT_ACCESS, domain);
}

static unsigned request_row(const struct weft_sight *sight, struct weft_stmt *row, int keys)
{
    const char *product = key_text(row, keys);
    const char *principal = key_text(row, keys + 2), *asked_by = key_text(row, keys + 3);
    char domain[WEFT_NAME_MAX + 1];
    if (product == NULL || principal == NULL || asked_by == NULL)
        return 0;
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(product, "."), product);
    bool own =
        weft_principal_is(&sight->who, principal) || weft_principal_is(&sight->who, asked_by);
    if (own && weft_key_scoped(sight->key))
        own = weft_key_allows(sight->key, product, key_text(row, keys + 4)) &&
              weft_sight_major(sight, product, (int)weft_stmt_column_int(row, keys + 1)) != NULL;
    if (may_see_access(sight, domain))
        return WEFT_MESH_ALL | WEFT_MESH_WHOLE;
    return own ? WEFT_MESH_ALL : 0;
}

/* "domain_owner@hospital" among the roles makes one of the team, too. */
static bool of_team(const struct weft_sight *sight, const char *roles)
{
    char role[WEFT_PRINCIPAL_MAX + 4];
    for (size_t i = 0; roles != NULL && i < sight->who.domains.count; i++) {
        snprintf(role, sizeof role, "@%s\"", sight->who.domains.items[i]);
        if (strstr(roles, role) != NULL)
            return true;
    }
    return false;
}

static unsigned principal_row(const struct weft_sight *sight, struct weft_stmt *row, int keys)
{
    const char *principal = key_text(row, keys);
    if (principal == NULL)
        return 0;
    if (may_see_access(sight, NULL))
        return WEFT_MESH_ALL | WEFT_MESH_OWN | WEFT_MESH_WHOLE;
    if (strcmp(principal, sight->who.id) == 0)
        return WEFT_MESH_ALL | WEFT_MESH_OWN;
    bool near = weft_texts_have(&sight->who.groups, principal) ||
                weft_map_has(sight->mates, principal) || of_team(sight, key_text(row, keys + 1));
    return near && !weft_key_scoped(sight->key) ? WEFT_MESH_ALL : 0;
}

unsigned weft_sight_row(const void *arg, const struct weft_mesh_table *table, struct weft_stmt *row,
                        int keys)
{
    const struct weft_sight *sight = arg;
    switch (table->scope.rows) {
    case WEFT_MESH_OF_PRODUCTS:
        return product_row(sight, table, row, keys);
    case WEFT_MESH_OF_REQUESTS:
        return request_row(sight, row, keys);
    case WEFT_MESH_OF_PRINCIPALS:
        return principal_row(sight, row, keys);
    case WEFT_MESH_OF_READS:
        return sight->audit ? WEFT_MESH_ALL : 0;
    case WEFT_MESH_OF_NOBODY:
        break;
    }
    return 0;
}

bool weft_sight_text(const void *arg, const char *text)
{
    return !weft_sight_tells(arg, text);
}

const struct weft_mesh_view *weft_sight_view(const struct weft_sight *sight)
{
    return sight == NULL ? NULL : &sight->view;
}
