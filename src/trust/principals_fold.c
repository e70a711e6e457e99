/*
 * principals_fold.c - the entries about principals, and the tables folded from them.
 */
#include "trust/trust_internal.h"

#include <string.h>

static const struct weft_ledger_table trust_principals = {
    .name = "trust_principals",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_principals("
           "principal TEXT NOT NULL, kind TEXT NOT NULL, display TEXT, roles TEXT NOT NULL,"
           "attributes TEXT NOT NULL, disabled BIGINT NOT NULL, password TEXT NOT NULL,"
           "created_us BIGINT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(principal, seq_from));"
           "CREATE UNIQUE INDEX IF NOT EXISTS trust_principals_now"
           " ON trust_principals(principal) WHERE seq_to IS NULL;",
    /* What decides, and no more of them. */
    .state = "SELECT principal, kind, roles, attributes, disabled, '' AS password, "
             "0 AS created_us, seq_from FROM trust_principals WHERE seq_to IS NULL "
             "ORDER BY principal",
};

static const struct weft_ledger_table trust_members = {
    .name = "trust_members",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_members("
           "group_name TEXT NOT NULL, member TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(group_name, member, seq_from));"
           "CREATE INDEX IF NOT EXISTS trust_members_member ON trust_members(member);",
    .state = "SELECT group_name, member, seq_from FROM trust_members WHERE seq_to IS NULL "
             "ORDER BY group_name, member",
};

static const struct weft_ledger_table trust_domains = {
    .name = "trust_domains",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_domains("
           "domain TEXT NOT NULL, owner TEXT, seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(domain, seq_from));",
    .state = "SELECT domain, owner, seq_from FROM trust_domains WHERE seq_to IS NULL "
             "ORDER BY domain",
};

static const struct weft_ledger_table trust_domain_members = {
    .name = "trust_domain_members",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_domain_members("
           "domain TEXT NOT NULL, member TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(domain, member, seq_from));"
           "CREATE INDEX IF NOT EXISTS trust_domain_members_member"
           " ON trust_domain_members(member);",
    .state = "SELECT domain, member, seq_from FROM trust_domain_members WHERE seq_to IS NULL "
             "ORDER BY domain, member",
};

/* ---- a principal ---- */

static int body_principal(yyjson_val *body, const char **id, enum weft_principal_kind *kind,
                          struct weft_error *error)
{
    WEFT_TRY(weft_json_text(body, "principal", id, error));
    return weft_principal_parse(*id, kind, error);
}

static int principal_there(struct weft_ledger_txn *txn, const char *id, bool *there,
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

/* The member as compact JSON text. */
static int member_json(yyjson_val *body, const char *key, struct weft_buf *out,
                       struct weft_error *error)
{
    yyjson_val *value = yyjson_obj_get(body, key);
    if (value == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "the entry has no `%s`", key);
    return weft_json_canonical(value, out, error);
}

static int principal_write(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                           yyjson_val *body, const char *id, enum weft_principal_kind kind,
                           bool there, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf roles;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf attributes;
    weft_buf_init(&roles, WEFT_LEDGER_BODY_MAX);
    weft_buf_init(&attributes, WEFT_LEDGER_BODY_MAX);
    WEFT_TRY(member_json(body, "roles", &roles, error));
    WEFT_TRY(member_json(body, "attributes", &attributes, error));
    const char *display = weft_json_text_or(body, "display", NULL);
    if (!there)
        return weft_sql_exec(txn, error,
                             "INSERT INTO trust_principals(principal, kind, display, roles, "
                             "attributes, disabled, password, created_us, seq_from) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, 0, '', ?6, ?7)",
                             "tttttii", id, weft_principal_kind_name(kind), display, roles.data,
                             attributes.data, entry->time_us, entry->sequence);
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "UPDATE trust_principals SET seq_to = ?2 WHERE principal = ?1 AND seq_to IS NULL", "ti", id,
        entry->sequence));
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_principals(principal, kind, display, roles, "
                         "attributes, disabled, password, created_us, seq_from) "
                         "SELECT principal, kind, ?2, ?3, ?4, disabled, password, created_us, ?5 "
                         "FROM trust_principals WHERE principal = ?1 AND seq_to = ?5",
                         "tttti", id, display, roles.data, attributes.data, entry->sequence);
}

static int fold_added(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    const char *id;
    enum weft_principal_kind kind;
    bool there;
    WEFT_TRY(body_principal(body, &id, &kind, error));
    WEFT_TRY(principal_there(txn, id, &there, error));
    if (there)
        return weft_error_set(error, WEFT_E_CONFLICT, "%s is there already", id);
    return principal_write(txn, entry, body, id, kind, false, error);
}

static int fold_changed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *id;
    enum weft_principal_kind kind;
    bool there;
    WEFT_TRY(body_principal(body, &id, &kind, error));
    WEFT_TRY(principal_there(txn, id, &there, error));
    if (!there)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no %s", id);
    return principal_write(txn, entry, body, id, kind, true, error);
}

/* One column of the principal's row gets another value. */
static int principal_column(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                            const char *id, int64_t disabled, const char *password,
                            struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "UPDATE trust_principals SET seq_to = ?2 WHERE principal = ?1 AND seq_to IS NULL", "ti", id,
        entry->sequence));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no %s", id);
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_principals(principal, kind, display, roles, "
                         "attributes, disabled, password, created_us, seq_from) "
                         "SELECT principal, kind, display, roles, attributes, "
                         "CASE WHEN ?3 < 0 THEN disabled ELSE ?3 END, COALESCE(?4, password), "
                         "created_us, ?2 FROM trust_principals WHERE principal = ?1 AND seq_to = "
                         "?2",
                         "tiit", id, entry->sequence, disabled, password);
}

static int fold_disabled(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    const char *id;
    enum weft_principal_kind kind;
    WEFT_TRY(body_principal(body, &id, &kind, error));
    int64_t disabled = strcmp(entry->kind, WEFT_KIND_PRINCIPAL_DISABLED) == 0;
    return principal_column(txn, entry, id, disabled, NULL, error);
}

static int fold_password(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    const char *id, *digest;
    enum weft_principal_kind kind;
    WEFT_TRY(body_principal(body, &id, &kind, error));
    WEFT_TRY(weft_json_text(body, "digest", &digest, error));
    return principal_column(txn, entry, id, -1, digest, error);
}

/* ---- members ---- */

static int member_put(struct weft_ledger_txn *txn, const char *group, yyjson_val *member, bool add,
                      int64_t sequence, struct weft_error *error)
{
    enum weft_principal_kind kind;
    const char *id = yyjson_get_str(member);
    if (id == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "a member of %s is no text", group);
    WEFT_TRY(weft_principal_parse(id, &kind, error));
    if (!add)
        return weft_sql_exec(txn, error,
                             "UPDATE trust_members SET seq_to = ?3 WHERE group_name = ?1 AND "
                             "member = ?2 AND seq_to IS NULL",
                             "tti", group, id, sequence);
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_members(group_name, member, seq_from) "
                         "SELECT ?1, ?2, ?3 WHERE NOT EXISTS(SELECT 1 FROM trust_members "
                         "WHERE group_name = ?1 AND member = ?2 AND seq_to IS NULL)",
                         "tti", group, id, sequence);
}

static int fold_group(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    const char *group;
    enum weft_principal_kind kind;
    yyjson_val *add, *remove, *member;
    size_t i, max;
    bool there;
    WEFT_TRY(weft_json_text(body, "group", &group, error));
    WEFT_TRY(weft_principal_parse(group, &kind, error));
    WEFT_TRY(weft_json_array(body, "add", &add, error));
    WEFT_TRY(weft_json_array(body, "remove", &remove, error));
    WEFT_TRY(principal_there(txn, group, &there, error));
    if (kind != WEFT_PRINCIPAL_GROUP || !there)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no group %s", group);
    yyjson_arr_foreach(remove, i, max, member)
        WEFT_TRY(member_put(txn, group, member, false, entry->sequence, error));
    yyjson_arr_foreach(add, i, max, member)
        WEFT_TRY(member_put(txn, group, member, true, entry->sequence, error));
    return 0;
}

static int fold_domain(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                       yyjson_val *body, struct weft_error *error)
{
    const char *domain;
    yyjson_val *members, *member;
    size_t i, max;
    WEFT_TRY(weft_json_text(body, "domain", &domain, error));
    WEFT_TRY(weft_json_array(body, "members", &members, error));
    WEFT_TRY(weft_sql_exec(
        txn, error, "UPDATE trust_domains SET seq_to = ?2 WHERE domain = ?1 AND seq_to IS NULL",
        "ti", domain, entry->sequence));
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "UPDATE trust_domain_members SET seq_to = ?2 WHERE domain = ?1 AND seq_to IS NULL", "ti",
        domain, entry->sequence));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "INSERT INTO trust_domains(domain, owner, seq_from) VALUES(?1, ?2, ?3)",
                           "tti", domain, weft_json_text_or(body, "owner", NULL), entry->sequence));
    yyjson_arr_foreach(members, i, max, member)
    {
        enum weft_principal_kind kind;
        const char *id = yyjson_is_str(member) ? yyjson_get_str(member) : "";
        WEFT_TRY(weft_principal_parse(id, &kind, error));
        WEFT_TRY(weft_sql_exec(
            txn, error,
            "INSERT INTO trust_domain_members(domain, member, seq_from) VALUES(?1, ?2, ?3)", "tti",
            domain, id, entry->sequence));
    }
    return 0;
}

void weft_principals_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_PRINCIPAL_ADDED, .version = 1, .fold = fold_added},
        {.name = WEFT_KIND_PRINCIPAL_CHANGED, .version = 1, .fold = fold_changed},
        {.name = WEFT_KIND_PRINCIPAL_DISABLED, .version = 1, .fold = fold_disabled},
        {.name = WEFT_KIND_PRINCIPAL_ENABLED, .version = 1, .fold = fold_disabled},
        {.name = WEFT_KIND_PASSWORD_SET, .version = 1, .fold = fold_password},
        {.name = WEFT_KIND_GROUP_CHANGED, .version = 1, .fold = fold_group},
        {.name = WEFT_KIND_DOMAIN_DESCRIBED, .version = 1, .fold = fold_domain},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&trust_principals);
    weft_ledger_register_table(&trust_members);
    weft_ledger_register_table(&trust_domains);
    weft_ledger_register_table(&trust_domain_members);
}
