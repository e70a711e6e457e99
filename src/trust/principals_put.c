/*
 * principals_put.c - changes to principals: what is asked for is checked against what is there, and
 * appended as an entry.
 */
#include "base/text.h"
#include "trust/trust_internal.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 256    /* bytes of one attribute's value, and of a display name */
#define MEMBERS_MAX 4000 /* of one entry */

/* ---- checks ---- */

static int text_check(const char *what, const char *text, struct weft_error *error)
{
    size_t length = strlen(text);
    bool good = length > 0 && length <= VALUE_MAX && weft_utf8_valid(text, length) == length;
    for (size_t i = 0; good && i < length; i++)
        good = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    if (good)
        return 0;
    return weft_error_set(error, WEFT_E_USAGE,
                          "%s must be a text of 1 to %d bytes without control characters", what,
                          VALUE_MAX);
}

static int attributes_check(const struct weft_principal_change *change, struct weft_error *error)
{
    size_t values = 0;
    if (change->attribute_count > WEFT_ATTRIBUTES_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "a principal has at most %d attributes",
                              WEFT_ATTRIBUTES_MAX);
    for (size_t i = 0; i < change->attribute_count; i++) {
        const struct weft_attribute *attribute = &change->attributes[i];
        if (!weft_name_valid(attribute->name) || strcmp(attribute->name, "id") == 0 ||
            strcmp(attribute->name, "name") == 0) {
            weft_error_set(error, WEFT_E_USAGE, "`%.100s` cannot be the name of an attribute",
                           attribute->name);
            return weft_error_hint(error, "a-z, 0-9 and single underscores; `id` and `name` are "
                                          "the principal's own");
        }
        values += attribute->values.count;
        for (size_t v = 0; v < attribute->values.count; v++)
            WEFT_TRY(text_check("the value of an attribute", attribute->values.items[v], error));
    }
    if (values > WEFT_ATTRIBUTE_VALUES_MAX)
        return weft_error_set(error, WEFT_E_LIMIT,
                              "a principal has at most %d values of attributes",
                              WEFT_ATTRIBUTE_VALUES_MAX);
    return 0;
}

static int change_check(const struct weft_principal_change *change, struct weft_error *error)
{
    enum weft_principal_kind kind;
    struct weft_role_held held;
    WEFT_TRY(weft_principal_parse(change->id, &kind, error));
    if (kind != WEFT_PRINCIPAL_USER && kind != WEFT_PRINCIPAL_SERVICE &&
        kind != WEFT_PRINCIPAL_GROUP) {
        weft_error_set(error, WEFT_E_USAGE, "a %s is not added by hand",
                       weft_principal_kind_name(kind));
        return weft_error_hint(error, "users, services and groups are; a domain is there when a "
                                      "product or its domain.yaml names it");
    }
    for (size_t i = 0; i < change->roles.count; i++)
        WEFT_TRY(weft_role_parse(change->roles.items[i], &held, error));
    if (change->display != NULL)
        WEFT_TRY(text_check("the name to show", change->display, error));
    return attributes_check(change, error);
}

/* ---- writing ---- */

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once: the same set is the same entry. */
static int texts_member(struct weft_json_writer *writer, const char *key,
                        const struct weft_texts *texts, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep)
    const char **sorted = weft_alloc_array(texts->count + 1, sizeof *sorted);
    if (sorted == NULL)
        return weft_error_nomem(error);
    if (texts->count > 0)
        memcpy(sorted, texts->items, texts->count * sizeof *sorted);
    if (texts->count > 1)
        qsort(sorted, texts->count, sizeof *sorted, text_order);
    weft_json_key(writer, key);
    weft_json_begin_array(writer);
    for (size_t i = 0; i < texts->count; i++) {
        if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
            weft_json_put_text(writer, sorted[i]);
    }
    weft_json_end_array(writer);
    return 0;
}

static int change_write(const struct weft_principal_change *change, struct weft_buf *out,
                        struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    weft_json_key(&writer, "attributes");
    weft_json_begin_object(&writer);
    for (size_t i = 0; i < change->attribute_count; i++)
        WEFT_TRY(texts_member(&writer, change->attributes[i].name, &change->attributes[i].values,
                              error));
    weft_json_end_object(&writer);
    if (change->because != NULL)
        weft_json_member_text(&writer, "because", change->because);
    if (change->display != NULL)
        weft_json_member_text(&writer, "display", change->display);
    weft_json_member_text(&writer, "principal", change->id);
    WEFT_TRY(texts_member(&writer, "roles", &change->roles, error));
    weft_json_end_object(&writer);
    return weft_buf_check(out, error);
}

static int exists(struct weft_ledger_txn *txn, const char *id, bool *there,
                  struct weft_error *error)
{
    int64_t one;
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM trust_principals WHERE principal = ?1 AND seq_to IS NULL",
                          "t", id);
    WEFT_TRY(rc);
    *there = rc == 0;
    return 0;
}

static int not_found(const char *id, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s", id);
    const char *colon = strchr(id, ':');
    if (strncmp(id, "domain:", 7) == 0 || colon == NULL)
        return -1;
    return weft_error_hint(error, "`weft %.*s add %s` adds it", (int)(colon - id), id, colon + 1);
}

int weft_principal_add(struct weft_ledger_txn *txn, const char *actor,
                       const struct weft_principal_change *change, struct weft_error *error)
{
    bool there;
    WEFT_TRY(change_check(change, error));
    WEFT_TRY(exists(txn, change->id, &there, error));
    if (there) {
        weft_error_set(error, WEFT_E_EXISTS, "%s is there already", change->id);
        const char *colon = strchr(change->id, ':');
        return weft_error_hint(error, "`weft %.*s set %s` changes it", (int)(colon - change->id),
                               change->id, colon + 1);
    }
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    WEFT_TRY(change_write(change, &body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_PRINCIPAL_ADDED, body.data, NULL, error);
}

/* Is the row what the entry would make it? */
static int change_same(struct weft_ledger_txn *txn, const struct weft_buf *body, const char *id,
                       bool *same, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf roles;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf attributes;
    weft_buf_init(&roles, WEFT_LEDGER_BODY_MAX);
    weft_buf_init(&attributes, WEFT_LEDGER_BODY_MAX);
    WEFT_TRY(weft_json_parse(body->data, body->length, 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    WEFT_TRY(weft_json_canonical(yyjson_obj_get(root, "roles"), &roles, error));
    WEFT_TRY(weft_json_canonical(yyjson_obj_get(root, "attributes"), &attributes, error));
    const char *display = weft_json_text_or(root, "display", "");
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT 1 FROM trust_principals WHERE principal = ?1 AND seq_to IS "
                            "NULL AND roles = ?2 AND attributes = ?3 AND "
                            "COALESCE(display, '') = ?4",
                            "tttt", id, roles.data, attributes.data, display));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    *same = rc == 0;
    return 0;
}

int weft_principal_change(struct weft_ledger_txn *txn, const char *actor,
                          const struct weft_principal_change *change, struct weft_error *error)
{
    bool there, same;
    WEFT_TRY(change_check(change, error));
    WEFT_TRY(exists(txn, change->id, &there, error));
    if (!there)
        return not_found(change->id, error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    WEFT_TRY(change_write(change, &body, error));
    WEFT_TRY(change_same(txn, &body, change->id, &same, error));
    if (same)
        return WEFT_CHANGED;
    return weft_ledger_append(txn, actor, WEFT_KIND_PRINCIPAL_CHANGED, body.data, NULL, error);
}

int weft_trust_state_append(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                            const char *member, const char *id, const char *because,
                            struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    if (because != NULL)
        weft_json_member_text(&writer, "because", because);
    weft_json_member_text(&writer, member, id);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, kind, body.data, NULL, error);
}

int weft_principal_disable(struct weft_ledger_txn *txn, const char *actor, const char *id,
                           bool disabled, const char *because, struct weft_error *error)
{
    int64_t now = 0;
    int rc = weft_sql_int(
        txn, &now, error,
        "SELECT disabled FROM trust_principals WHERE principal = ?1 AND seq_to IS NULL", "t", id);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return not_found(id, error);
    if ((now != 0) == disabled)
        return WEFT_CHANGED;
    return weft_trust_state_append(
        txn, actor, disabled ? WEFT_KIND_PRINCIPAL_DISABLED : WEFT_KIND_PRINCIPAL_ENABLED,
        "principal", id, because, error);
}

/* ---- groups ---- */

int weft_group_members(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *group,
                       int64_t sequence, struct weft_texts *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT m.member FROM trust_members m WHERE m.group_name = ?2 "
                            "AND " WEFT_TRUST_AT("m") "ORDER BY m.member",
                            "it", weft_ledger_at(sequence), group));
    return weft_trust_texts_rows(arena, stmt, out, error);
}

/* The longest way up (or down) from a group, in groups; -1 in *cycle ways when it comes back. */
static int group_depth(struct weft_ledger_txn *txn, const char *group, bool up, int64_t *depth,
                       struct weft_error *error)
{
    /* Disabled groups count: one that is enabled again is not checked again. */
    int rc = weft_sql_int(txn, depth, error,
                          up ? "WITH RECURSIVE r(id, depth) AS (SELECT ?1, 0 UNION "
                               "SELECT m.group_name, r.depth + 1 FROM trust_members m "
                               "JOIN r ON m.member = r.id WHERE m.seq_to IS NULL AND r.depth <= ?2)"
                               " SELECT MAX(depth) FROM r"
                             : "WITH RECURSIVE r(id, depth) AS (SELECT ?1, 0 UNION "
                               "SELECT m.member, r.depth + 1 FROM trust_members m "
                               "JOIN r ON m.group_name = r.id WHERE m.seq_to IS NULL AND "
                               "r.depth <= ?2 AND m.member LIKE 'group:%') "
                               "SELECT MAX(depth) FROM r",
                          "ti", group, (int64_t)WEFT_GROUPS_DEEP_MAX);
    return rc < 0 ? rc : 0;
}

/* Is `below` the group itself, or one that it lies in? */
static int group_within(struct weft_ledger_txn *txn, const char *group, const char *below,
                        bool *within, struct weft_error *error)
{
    int64_t one;
    int rc = weft_sql_int(txn, &one, error,
                          "WITH RECURSIVE r(id) AS (SELECT ?1 UNION SELECT m.group_name FROM "
                          "trust_members m JOIN r ON m.member = r.id WHERE m.seq_to IS NULL) "
                          "SELECT 1 FROM r WHERE id = ?2 LIMIT 1",
                          "tt", group, below);
    WEFT_TRY(rc);
    *within = rc == 0;
    return 0;
}

static int member_check(struct weft_ledger_txn *txn, const char *group, const char *member,
                        struct weft_error *error)
{
    enum weft_principal_kind kind;
    bool there, within;
    int64_t above, below;
    WEFT_TRY(weft_principal_parse(member, &kind, error));
    if (kind == WEFT_PRINCIPAL_DOMAIN || kind == WEFT_PRINCIPAL_NODE)
        return 0;
    if (kind == WEFT_PRINCIPAL_LOCAL)
        return weft_error_set(error, WEFT_E_USAGE,
                              "%s is the operator at this machine, who belongs to no group",
                              member);
    WEFT_TRY(exists(txn, member, &there, error));
    if (!there)
        return not_found(member, error);
    if (kind != WEFT_PRINCIPAL_GROUP)
        return 0;
    WEFT_TRY(group_within(txn, group, member, &within, error));
    if (within) {
        weft_error_set(error, WEFT_E_REFUSED, "%s cannot be a member of %s", member, group);
        return weft_error_hint(error, "%s",
                               strcmp(group, member) == 0
                                   ? "a group is no member of itself"
                                   : "it would be a member of itself: that group lies in it");
    }
    WEFT_TRY(group_depth(txn, group, true, &above, error));
    WEFT_TRY(group_depth(txn, member, false, &below, error));
    if (above + 1 + below >= WEFT_GROUPS_DEEP_MAX)
        return weft_error_set(error, WEFT_E_REFUSED, "groups lie at most %d deep in one another",
                              WEFT_GROUPS_DEEP_MAX);
    return 0;
}

/* Those of the list that are members (or are not). */
static int members_pick(struct weft_arena *arena, const struct weft_texts *now,
                        const struct weft_texts *list, bool there, struct weft_texts *out,
                        struct weft_error *error)
{
    const char **items = weft_arena_array(arena, list->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (weft_trust_texts_has(now, list->items[i]) == there)
            items[count++] = list->items[i];
    }
    *out = (struct weft_texts){items, count};
    return 0;
}

static int group_append(struct weft_ledger_txn *txn, const char *actor, const char *group,
                        const struct weft_texts *add, const struct weft_texts *remove,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    WEFT_TRY(texts_member(&writer, "add", add, error));
    weft_json_member_text(&writer, "group", group);
    WEFT_TRY(texts_member(&writer, "remove", remove, error));
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_GROUP_CHANGED, body.data, NULL, error);
}

int weft_group_change(struct weft_ledger_txn *txn, const char *actor, const char *group,
                      const struct weft_texts *add, const struct weft_texts *remove,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    enum weft_principal_kind kind;
    struct weft_texts now, added, removed;
    bool there;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_principal_parse(group, &kind, error));
    if (kind != WEFT_PRINCIPAL_GROUP)
        return weft_error_set(error, WEFT_E_USAGE, "%s is no group", group);
    WEFT_TRY(exists(txn, group, &there, error));
    if (!there)
        return not_found(group, error);
    if (add->count + remove->count > MEMBERS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "at most %d members at once", MEMBERS_MAX);
    WEFT_TRY(weft_group_members(txn, arena, group, 0, &now, error));
    WEFT_TRY(members_pick(arena, &now, add, false, &added, error));
    WEFT_TRY(members_pick(arena, &now, remove, true, &removed, error));
    if (added.count + removed.count == 0)
        return WEFT_CHANGED;
    for (size_t i = 0; i < added.count; i++)
        WEFT_TRY(member_check(txn, group, added.items[i], error));
    return group_append(txn, actor, group, &added, &removed, error);
}

/* ---- domains ---- */

int weft_domain_members(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *domain,
                        int64_t sequence, struct weft_texts *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT d.member FROM trust_domain_members d WHERE d.domain = ?2 "
                            "AND " WEFT_TRUST_AT("d") "ORDER BY d.member",
                            "it", weft_ledger_at(sequence), domain));
    return weft_trust_texts_rows(arena, stmt, out, error);
}

int weft_domain_owner(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *domain,
                      const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    *out = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT owner FROM trust_domains WHERE domain = ?1 AND seq_to IS NULL",
                            "t", domain));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? 0 : weft_sql_text(arena, stmt, 0, out, error);
}

static int domain_same(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *domain,
                       const char *owner, const struct weft_texts *members, bool *same,
                       struct weft_error *error)
{
    struct weft_texts now;
    int64_t one;
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM trust_domains WHERE domain = ?1 AND seq_to IS NULL AND "
                          "COALESCE(owner, '') = ?2",
                          "tt", domain, owner == NULL ? "" : owner);
    WEFT_TRY(rc);
    WEFT_TRY(weft_domain_members(txn, arena, domain, 0, &now, error));
    *same = rc == 0;
    for (size_t i = 0; i < members->count; i++)
        *same = *same && weft_trust_texts_has(&now, members->items[i]);
    for (size_t i = 0; i < now.count; i++)
        *same = *same && weft_trust_texts_has(members, now.items[i]);
    return 0;
}

int weft_domain_describe(struct weft_ledger_txn *txn, const char *actor, const char *domain,
                         const char *owner, const struct weft_texts *members, bool *changed,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    const char **kept =
        arena == NULL ? NULL : weft_arena_array(arena, members->count + 1, sizeof *kept);
    struct weft_texts good = {kept, 0};
    bool same = false;
    if (kept == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < members->count; i++) {
        if (weft_principal_valid(members->items[i]))
            kept[good.count++] = members->items[i];
    }
    WEFT_TRY(domain_same(txn, arena, domain, owner, &good, &same, error));
    *changed = !same;
    if (same)
        return 0;
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "domain", domain);
    WEFT_TRY(texts_member(&writer, "members", &good, error));
    if (owner != NULL)
        weft_json_member_text(&writer, "owner", owner);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_DOMAIN_DESCRIBED, body.data, NULL, error);
}
