/*
 * op_people.c - user, service, group: who there is, what roles, attributes and groups they have.
 * Facts of the ledger; whoever lacks the right is told which role has it.
 */
#include "app/ops_internal.h"
#include "app/people.h"
#include "context/who.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT_HELP "add, list, show, set, disable or enable"
#define ARG_WHAT(words)                                                                            \
    {"what", 0, WEFT_ARG_WORD, "VERB", words "; list without it."},                                \
        {"name", 0, WEFT_ARG_WORD, "NAME", "Whom."}
#define ARGS_STATE                                                                                 \
    {"role", 0, WEFT_ARG_TEXTS, "ROLE", "Give this role; of a domain: domain_owner@hospital."},    \
        {"drop-role", 0, WEFT_ARG_TEXTS, "ROLE", "Take it away."},                                 \
        {"set", 0, WEFT_ARG_TEXTS, "NAME=VALUE",                                                   \
         "An attribute for rules of rows; again for a second value of it."},                       \
        {"unset", 0, WEFT_ARG_TEXTS, "NAME", "Take an attribute away."},                           \
        {"display", 0, WEFT_ARG_TEXT, "TEXT", "The name to show."}

static const struct weft_op_arg user_args[] = {
    ARG_WHAT("add, list, show, set, password, disable or enable"),
    ARGS_STATE,
    {"group", 0, WEFT_ARG_TEXTS, "GROUP", "Make a member of this group."},
    {"drop-group", 0, WEFT_ARG_TEXTS, "GROUP", "Take out of it."},
    {"password-file", 0, WEFT_ARG_TEXT, "FILE",
     "With password: read it here instead of asking; - is standard input."},
    {"no-password", 0, WEFT_ARG_FLAG, NULL, "With password: take it away."},
    WEFT_ARG_BECAUSE,
};
static const struct weft_op_arg service_args[] = {
    ARG_WHAT(WHAT_HELP),
    ARGS_STATE,
    {"group", 0, WEFT_ARG_TEXTS, "GROUP", "Make a member of this group."},
    {"drop-group", 0, WEFT_ARG_TEXTS, "GROUP", "Take out of it."},
    WEFT_ARG_BECAUSE,
};
static const struct weft_op_arg group_args[] = {
    ARG_WHAT(WHAT_HELP),
    ARGS_STATE,
    {"member", 0, WEFT_ARG_TEXTS, "PRINCIPAL",
     "Make a member: user:alice (or alice), service:x, group:y, domain:z."},
    {"drop-member", 0, WEFT_ARG_TEXTS, "PRINCIPAL", "Take out of it."},
    WEFT_ARG_BECAUSE,
};

/* What the verbs share. */
struct people {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    struct weft_principal who;
    const char *id; /* NULL = none was named */
};

/* "alice" of `weft user` is user:alice; "user:alice" too. */
int weft_people_id(struct weft_arena *arena, const char *kind, const char *word, const char **id,
                   struct weft_error *error)
{
    *id = strchr(word, ':') != NULL ? word : weft_arena_format(arena, "%s:%s", kind, word);
    if (*id == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_principal_parse(*id, NULL, error));
    if (strncmp(*id, kind, strlen(kind)) != 0 || (*id)[strlen(kind)] != ':')
        return weft_error_set(error, WEFT_E_USAGE, "%s is no %s", *id, kind);
    return 0;
}

/* ---- showing ---- */

static int cell_texts(struct weft_arena *arena, const struct weft_texts *texts, size_t skip,
                      const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < texts->count; i++)
        weft_buf_addf(&buf, "%s%s", i == 0 ? "" : ", ", texts->items[i] + skip);
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = weft_arena_strndup(arena, buf.data == NULL ? "" : buf.data, buf.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int cell_roles(struct weft_arena *arena, const struct weft_principal *p, const char **out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < p->role_count; i++)
        weft_buf_addf(&buf, "%s%s%s%s", i == 0 ? "" : ", ", weft_role_row(p->roles[i].role)->name,
                      p->roles[i].domain == NULL ? "" : "@",
                      p->roles[i].domain == NULL ? "" : p->roles[i].domain);
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = weft_arena_strndup(arena, buf.data == NULL ? "" : buf.data, buf.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int cell_attributes(struct weft_arena *arena, const struct weft_principal *p,
                           const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < p->attribute_count; i++) {
        const struct weft_attribute *attribute = &p->attributes[i];
        for (size_t v = 0; v < attribute->values.count; v++)
            weft_buf_addf(&buf, "%s%s=%s", buf.length == 0 ? "" : ", ", attribute->name,
                          attribute->values.items[v]);
    }
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = weft_arena_strndup(arena, buf.data == NULL ? "" : buf.data, buf.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int people_list(struct people *p, const char *kind, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {
        {"name", false, false},   {"display", false, false},    {"roles", false, false},
        {"groups", false, false}, {"attributes", false, false}, {"state", false, false},
        {"added_at", false, true}};
    struct weft_principals all;
    struct weft_arena *arena = p->context->arena;
    WEFT_TRY(weft_who_may(&p->who, WEFT_RIGHT_ACCESS, NULL, "see who there is", error));
    WEFT_TRY(weft_principals_list(p->txn, arena, 0, &all, error));
    WEFT_TRY(weft_out_table(p->out, columns, WEFT_COUNT(columns), error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_principal *item = &all.items[i];
        const char *roles, *groups, *attributes;
        if (strcmp(weft_principal_kind_name(item->kind), kind) != 0)
            continue;
        WEFT_TRY(cell_roles(arena, item, &roles, error));
        WEFT_TRY(cell_texts(arena, &item->direct_groups, strlen("group:"), &groups, error));
        WEFT_TRY(cell_attributes(arena, item, &attributes, error));
        const struct weft_cell cells[] = {
            weft_out_cell_text(strchr(item->id, ':') + 1),
            weft_out_cell_text(item->display),
            weft_out_cell_text(roles),
            weft_out_cell_text(groups),
            weft_out_cell_text(attributes),
            weft_out_cell_text(item->disabled ? "disabled" : "active"),
            weft_out_cell_time(item->created_us)};
        WEFT_TRY(weft_out_row(p->out, cells, error));
    }
    return weft_out_table_end(p->out, error);
}

static void texts_json(struct weft_json_writer *json, const char *key,
                       const struct weft_texts *texts)
{
    weft_json_key(json, key);
    weft_json_begin_array(json);
    for (size_t i = 0; i < texts->count; i++)
        weft_json_put_text(json, texts->items[i]);
    weft_json_end_array(json);
}

static int person_json(struct people *p, const struct weft_principal *item,
                       const struct weft_texts *members, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, (size_t)8 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "principal", item->id);
    weft_json_member_text(&json, "display", item->display);
    weft_json_member_text(&json, "state", item->disabled ? "disabled" : "active");
    weft_json_key(&json, "roles");
    weft_json_begin_array(&json);
    for (size_t i = 0; i < item->role_count; i++) {
        char text[128];
        const char *domain = item->roles[i].domain;
        snprintf(text, sizeof text, "%s%s%s", weft_role_row(item->roles[i].role)->name,
                 domain == NULL ? "" : "@", domain == NULL ? "" : domain);
        weft_json_put_text(&json, text);
    }
    weft_json_end_array(&json);
    texts_json(&json, "groups", &item->groups);
    texts_json(&json, "domains", &item->domains);
    weft_json_key(&json, "attributes");
    weft_json_begin_object(&json);
    for (size_t i = 0; i < item->attribute_count; i++)
        texts_json(&json, item->attributes[i].name, &item->attributes[i].values);
    weft_json_end_object(&json);
    if (item->kind == WEFT_PRINCIPAL_GROUP)
        texts_json(&json, "members", members);
    else
        weft_json_member_bool(&json, "password", item->has_password);
    weft_json_end_object(&json);
    return weft_out_json(p->out, &buf, error);
}

static int line_show(struct people *p, const char *name, const char *text, struct weft_error *error)
{
    return text == NULL || text[0] == '\0'
               ? 0
               : weft_out_line(p->out, WEFT_STYLE_PLAIN, error, "  %-12s%s", name, text);
}

static int people_show(struct people *p, struct weft_error *error)
{
    struct weft_arena *arena = p->context->arena;
    struct weft_principal item;
    struct weft_texts members = {0};
    const char *roles, *groups, *domains, *attributes, *list;
    WEFT_TRY(weft_principal_get(p->txn, arena, p->id, 0, &item, error));
    if (!weft_principal_is(&p->who, p->id) || (p->who.by != NULL && strcmp(p->who.id, p->id) != 0))
        WEFT_TRY(weft_who_may(&p->who, WEFT_RIGHT_ACCESS, NULL, "see who there is", error));
    if (!item.known) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s", p->id);
        return weft_error_hint(error, "`weft %s list` shows who there is", p->request->op->name);
    }
    if (item.kind == WEFT_PRINCIPAL_GROUP)
        WEFT_TRY(weft_group_members(p->txn, arena, item.id, 0, &members, error));
    WEFT_TRY(person_json(p, &item, &members, error));
    WEFT_TRY(weft_out_line(p->out, WEFT_STYLE_TITLE, error, "%s%s", item.id,
                           item.disabled ? " (disabled)" : ""));
    WEFT_TRY(cell_roles(arena, &item, &roles, error));
    WEFT_TRY(cell_texts(arena, &item.groups, 0, &groups, error));
    WEFT_TRY(cell_texts(arena, &item.domains, 0, &domains, error));
    WEFT_TRY(cell_attributes(arena, &item, &attributes, error));
    WEFT_TRY(cell_texts(arena, &members, 0, &list, error));
    WEFT_TRY(line_show(p, "name", item.display, error));
    WEFT_TRY(line_show(p, "roles", roles, error));
    WEFT_TRY(line_show(p, "groups", groups, error));
    WEFT_TRY(line_show(p, "domains", domains, error));
    WEFT_TRY(line_show(p, "attributes", attributes, error));
    WEFT_TRY(line_show(p, "members", list, error));
    return line_show(p, "password", item.has_password ? "set" : "", error);
}

/* ---- changing ---- */

/* May he give or take it? A role of a domain makes one read: its owner and the governance officer
 * give it, not the mesh's admin; nobody gives himself anything. */
static int role_right(struct people *p, const char *role, struct weft_error *error)
{
    struct weft_role_held held;
    WEFT_TRY(weft_role_parse(role, &held, error));
    return held.domain == NULL ? weft_who_may(&p->who, WEFT_RIGHT_PEOPLE, NULL, "give roles", error)
                               : weft_who_may(&p->who, WEFT_RIGHT_DECIDE, held.domain,
                                              "give roles of that domain", error);
}

static int change_right(struct people *p, struct weft_error *error)
{
    const char *const lists[] = {"role", "drop-role"};
    bool only_roles = strcmp(p->request->values[0].text, "set") == 0 &&
                      !weft_op_given(p->request, "set") && !weft_op_given(p->request, "unset") &&
                      !weft_op_given(p->request, "display");
    bool any = false;
    if (p->who.kind != WEFT_PRINCIPAL_LOCAL && weft_principal_is(&p->who, p->id)) {
        weft_error_set(error, WEFT_E_DENIED, "nobody changes his own rights");
        return weft_error_hint(error, "another mesh_admin may, and the local operator");
    }
    for (size_t l = 0; l < WEFT_COUNT(lists); l++) {
        const struct weft_op_value *roles = weft_op_value(p->request, lists[l]);
        for (size_t i = 0; i < roles->count; i++)
            WEFT_TRY(role_right(p, roles->texts[i], error));
        any = any || roles->count > 0;
    }
    if (only_roles && any)
        return 0;
    return weft_who_may(&p->who, WEFT_RIGHT_PEOPLE, NULL, "change who there is", error);
}

static bool list_has(const struct weft_op_value *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->texts[i], text) == 0)
            return true;
    }
    return false;
}

static int roles_merge(struct people *p, const struct weft_principal *now,
                       struct weft_principal_change *change, struct weft_error *error)
{
    const struct weft_op_value *add = weft_op_value(p->request, "role");
    const struct weft_op_value *drop = weft_op_value(p->request, "drop-role");
    struct weft_arena *arena = p->context->arena;
    const char **items =
        weft_arena_array(arena, now->own_roles.count + add->count + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < now->own_roles.count; i++) {
        if (!list_has(drop, now->own_roles.items[i]))
            items[count++] = now->own_roles.items[i];
    }
    for (size_t i = 0; i < add->count; i++)
        items[count++] = add->texts[i];
    change->roles = (struct weft_texts){items, count};
    return 0;
}

/* NAME=VALUE: the values that are given stand in place of those it had. */
static int attributes_merge(struct people *p, const struct weft_principal *now,
                            struct weft_principal_change *change, struct weft_error *error)
{
    const struct weft_op_value *set = weft_op_value(p->request, "set");
    const struct weft_op_value *unset = weft_op_value(p->request, "unset");
    struct weft_arena *arena = p->context->arena;
    struct weft_attribute *items =
        weft_arena_array(arena, now->attribute_count + set->count + 1, sizeof *items);
    size_t count = 0, first_new;
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < now->attribute_count; i++) {
        bool kept = !list_has(unset, now->attributes[i].name);
        size_t length = strlen(now->attributes[i].name);
        for (size_t s = 0; s < set->count; s++)
            kept = kept && !(strncmp(set->texts[s], now->attributes[i].name, length) == 0 &&
                             set->texts[s][length] == '=');
        if (kept)
            items[count++] = now->attributes[i];
    }
    first_new = count;
    for (size_t s = 0; s < set->count; s++) {
        const char *equals = strchr(set->texts[s], '=');
        if (equals == NULL || equals == set->texts[s])
            return weft_error_set(error, WEFT_E_USAGE, "`%.100s` is not NAME=VALUE", set->texts[s]);
        char *name = weft_arena_strndup(arena, set->texts[s], (size_t)(equals - set->texts[s]));
        const char **values = weft_arena_array(arena, set->count + 1, sizeof *values);
        if (name == NULL || values == NULL)
            return weft_error_nomem(error);
        size_t at = first_new;
        while (at < count && strcmp(items[at].name, name) != 0)
            at++;
        if (at == count)
            items[count++] = (struct weft_attribute){name, {values, 0}};
        /* Ours, made above. */
        const char **own = (const char **)(uintptr_t)items[at].values.items;
        own[items[at].values.count++] = equals + 1;
    }
    change->attributes = items;
    change->attribute_count = count;
    return 0;
}

/* --group of a user or service; --member of a group. */
static int groups_change(struct people *p, bool *changed, struct weft_error *error)
{
    struct weft_arena *arena = p->context->arena;
    bool group = strcmp(p->request->op->name, "group") == 0;
    static const struct weft_texts none;
    for (int drop = 0; drop < 2; drop++) {
        const char *flag =
            group ? (drop ? "drop-member" : "member") : (drop ? "drop-group" : "group");
        const struct weft_op_value *words = weft_op_value(p->request, flag);
        for (size_t i = 0; i < words->count; i++) {
            const char *other = words->texts[i];
            if (!group)
                WEFT_TRY(weft_people_id(arena, "group", other, &other, error));
            else if (strchr(other, ':') == NULL)
                WEFT_TRY(weft_people_id(arena, "user", other, &other, error));
            const struct weft_texts one = {group ? &other : &p->id, 1};
            if (p->who.kind != WEFT_PRINCIPAL_LOCAL && strcmp(p->who.id, one.items[0]) == 0)
                return weft_error_set(error, WEFT_E_DENIED, "nobody changes his own rights");
            int rc = weft_group_change(p->txn, weft_who_actor(p->context), group ? p->id : other,
                                       drop ? &none : &one, drop ? &one : &none, error);
            WEFT_TRY(rc);
            *changed = *changed || rc == 0;
        }
    }
    return 0;
}

static int done_show(struct people *p, const char *what, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "principal", p->id);
    weft_json_member_text(&json, "result", what);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(p->out, &buf, error));
    return weft_out_line(p->out, WEFT_STYLE_GOOD, error, "%s: %s", p->id, what);
}

static int commit(struct people *p, struct weft_error *error)
{
    struct weft_ledger_txn *txn = p->txn;
    p->txn = NULL;
    return weft_who_commit(p->context, txn, error);
}

/* A domain may have its people before its products, so it is no mistake. */
static int roles_note(struct people *p, struct weft_error *error)
{
    const struct weft_op_value *roles = weft_op_value(p->request, "role");
    struct weft_registered_digest *digests = NULL;
    struct weft_arena *arena = p->context->arena;
    size_t count = 0;
    if (roles->count == 0)
        return 0;
    WEFT_TRY(weft_catalog_digests(p->txn, arena, &digests, &count, error));
    const char **domains = weft_arena_array(arena, count + 1, sizeof *domains);
    if (domains == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const char *name = digests[i].full_name;
        domains[i] = weft_arena_strndup(arena, name, strcspn(name, "."));
        if (domains[i] == NULL)
            return weft_error_nomem(error);
    }
    for (size_t r = 0; r < roles->count; r++) {
        const char *at = strchr(roles->texts[r], '@');
        const char *near = at == NULL ? NULL : weft_suggest(at + 1, domains, count);
        if (at == NULL || (near != NULL && strcmp(near, at + 1) == 0))
            continue;
        weft_out_note(p->out, "the domain `%s` has no product yet%s%s%s", at + 1,
                      near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
                      near == NULL ? "" : "`?");
    }
    return 0;
}

static int people_change(struct people *p, bool add, struct weft_error *error)
{
    struct weft_principal now = {0};
    struct weft_principal_change change = {.id = p->id,
                                           .because = weft_op_text(p->request, "because")};
    bool changed = false;
    WEFT_TRY(change_right(p, error));
    WEFT_TRY(weft_principal_get(p->txn, p->context->arena, p->id, 0, &now, error));
    change.display =
        weft_op_given(p->request, "display") ? weft_op_text(p->request, "display") : now.display;
    WEFT_TRY(roles_merge(p, &now, &change, error));
    WEFT_TRY(attributes_merge(p, &now, &change, error));
    int rc = add ? weft_principal_add(p->txn, weft_who_actor(p->context), &change, error)
                 : weft_principal_change(p->txn, weft_who_actor(p->context), &change, error);
    WEFT_TRY(rc);
    WEFT_TRY(groups_change(p, &changed, error));
    changed = changed || rc == 0;
    WEFT_TRY(roles_note(p, error));
    WEFT_TRY(commit(p, error));
    return done_show(p, add ? "added" : changed ? "changed" : "nothing to change", error);
}

static int people_disable(struct people *p, bool disable, struct weft_error *error)
{
    const char *because = weft_op_text(p->request, "because");
    if (disable)
        WEFT_TRY(weft_op_because(p->request, &because, error));
    WEFT_TRY(weft_who_may(&p->who, WEFT_RIGHT_PEOPLE, NULL, "change who there is", error));
    if (p->who.kind != WEFT_PRINCIPAL_LOCAL && strcmp(p->who.id, p->id) == 0)
        return weft_error_set(error, WEFT_E_DENIED, "nobody changes his own rights");
    int rc =
        weft_principal_disable(p->txn, weft_who_actor(p->context), p->id, disable, because, error);
    WEFT_TRY(rc);
    WEFT_TRY(commit(p, error));
    return done_show(p,
                     rc == WEFT_CHANGED ? "it is so already"
                     : disable          ? "disabled"
                                        : "enabled",
                     error);
}

/* ---- a password ---- */

static int password_read(struct people *p, struct weft_secret *out, struct weft_error *error)
{
    const char *file = weft_op_text(p->request, "password-file");
    char first[WEFT_PASSWORD_MAX + 2], again[WEFT_PASSWORD_MAX + 2];
    size_t length = 0, length_again = 0;
    if (file != NULL) {
        const struct weft_secret_source source = {
            strcmp(file, "-") == 0 ? WEFT_SECRET_INPUT : WEFT_SECRET_FILE, file};
        return weft_secret_read(&source, ".", "the password", out, error);
    }
    int rc = p->out->ask_secret(p->out->arg, "New password: ", first, sizeof first, &length, error);
    if (rc == 0)
        rc = p->out->ask_secret(p->out->arg, "Again: ", again, sizeof again, &length_again, error);
    else if (error->code == WEFT_E_USAGE)
        weft_error_hint(error, "--password-file FILE reads it there; - is standard input");
    if (rc == 0 && (length != length_again || memcmp(first, again, length) != 0))
        rc = weft_error_set(error, WEFT_E_REFUSED, "these are not the same; nothing was changed");
    if (rc == 0)
        rc = weft_secret_copy(first, length, "the password", out, error);
    weft_secret_wipe(first, sizeof first);
    weft_secret_wipe(again, sizeof again);
    return rc;
}

static int people_password(struct people *p, struct weft_error *error)
{
    struct weft_secret secret = {0};
    bool none = weft_op_given(p->request, "no-password");
    if (strcmp(p->who.id, p->id) != 0 || p->context->request.key != NULL)
        WEFT_TRY(weft_who_may(&p->who, WEFT_RIGHT_PEOPLE, NULL, "set passwords of others", error));
    if (!none)
        WEFT_TRY(password_read(p, &secret, error));
    int rc = weft_password_set(p->txn, weft_who_actor(p->context), p->id, secret.data,
                               secret.length, error);
    weft_secret_release(&secret);
    WEFT_TRY(rc);
    WEFT_TRY(commit(p, error));
    return done_show(p, none ? "has no password any more" : "has a new password", error);
}

/* ---- the operation ---- */

static int verb_unknown(const struct weft_op *op, const char *what, struct weft_error *error)
{
    static const char *const verbs[] = {"add",      "list",    "show",  "set",
                                        "password", "disable", "enable"};
    const char *near = weft_suggest(what, verbs, WEFT_COUNT(verbs));
    weft_error_set(error, WEFT_E_USAGE, "`weft %s` does not know `%s`", op->name, what);
    if (near != NULL)
        return weft_error_hint(error, "did you mean `weft %s %s`?", op->name, near);
    return weft_error_hint(error, "%s", op->args[0].help);
}

static int verb_run(struct people *p, const char *what, struct weft_error *error)
{
    const char *kind = p->request->op->name;
    bool password = strcmp(what, "password") == 0 && strcmp(kind, "user") == 0;
    if (strcmp(what, "list") == 0)
        return people_list(p, kind, error);
    if (p->id == NULL)
        return weft_error_set(error, WEFT_E_USAGE, "`weft %s %s` needs a NAME", kind, what);
    if (strcmp(what, "show") == 0)
        return people_show(p, error);
    if (strcmp(what, "add") == 0 || strcmp(what, "set") == 0)
        return people_change(p, what[0] == 'a', error);
    if (password)
        return people_password(p, error);
    return people_disable(p, what[0] == 'd', error);
}

static int people_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    static const char *const known[] = {"add", "list", "show", "set", "disable", "enable"};
    const char *what = weft_op_given(request, "what") ? weft_op_text(request, "what") : "list";
    const char *name = weft_op_text(request, "name");
    struct people p = {.context = context, .request = request, .out = out};
    struct weft_ledger *ledger;
    bool good = strcmp(what, "password") == 0 && strcmp(request->op->name, "user") == 0;
    for (size_t i = 0; i < WEFT_COUNT(known); i++)
        good = good || strcmp(what, known[i]) == 0;
    if (!good)
        return verb_unknown(request->op, what, error);
    if (name != NULL)
        WEFT_TRY(weft_people_id(context->arena, request->op->name, name, &p.id, error));
    bool reads = strcmp(what, "list") == 0 || strcmp(what, "show") == 0;
    WEFT_TRY(weft_context_ledger(context, !reads, &ledger, error));
    WEFT_TRY(reads ? weft_ledger_begin_read(ledger, &p.txn, error)
                   : weft_ledger_begin_write(ledger, &p.txn, error));
    int rc = weft_who(context, p.txn, context->arena, &p.who, error);
    if (rc == 0)
        rc = verb_run(&p, what, error);
    weft_ledger_end(p.txn);
    return rc;
}

#define PEOPLE_HELP                                                                                \
    "A name has a-z, 0-9 and . _ @ + - between them. Nothing is ever removed: a disabled one "     \
    "keeps its name and is denied at once. Roles, attributes and members are facts of the "        \
    "ledger, with who gave them."

const struct weft_op weft_op_user = {
    .name = "user",
    .group = "access",
    .summary = "The people: add, list, show, set, password, disable, enable.",
    .help = PEOPLE_HELP
    "\n\n"
    "`weft user add alice --role consumer --set state=California --group researchers`, "
    "`weft user password alice`, `weft user disable alice --because \"left\"`.",
    .args = user_args,
    .arg_count = WEFT_COUNT(user_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = people_run,
};

const struct weft_op weft_op_service = {
    .name = "service",
    .group = "access",
    .summary = "The programs: add, list, show, set, disable, enable.",
    .help = PEOPLE_HELP "\n\nA service acts by a key: `weft service add dashboard`, `weft key add "
                        "service:dashboard`.",
    .args = service_args,
    .arg_count = WEFT_COUNT(service_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = people_run,
};

const struct weft_op weft_op_group = {
    .name = "group",
    .group = "access",
    .summary = "Groups of people, services and groups: add, list, show, set, disable, enable.",
    .help = PEOPLE_HELP "\n\nGroups lie at most 8 deep in one another. `weft group add nurses "
                        "--member alice`, `weft group set staff --member group:nurses`.",
    .args = group_args,
    .arg_count = WEFT_COUNT(group_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = people_run,
};
