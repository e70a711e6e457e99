/*
 * op_key.c - key: what programs show instead of a password. Shown once; kept is its hash.
 */
#include "app/ops_internal.h"
#include "app/people.h"
#include "context/gate.h"
#include "policy/selector.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#include <string.h>

#define DAY_US ((int64_t)86400 * 1000000)

static const struct weft_op_arg key_args[] = {
    {"what", 0, WEFT_ARG_WORD, "VERB",
     "add, list, show, rotate, disable or enable; list without it."},
    {"name", 0, WEFT_ARG_WORD, "NAME",
     "With add and list: whose (service:dashboard); else the key's id, the 8 digits behind weft_."},
    {"product", 0, WEFT_ARG_TEXTS, "PRODUCT",
     "It opens only these: hospital.patients, hospital.*; all that its owner may without it."},
    {"purpose", 0, WEFT_ARG_TEXTS, "PURPOSE", "It opens them only for these purposes."},
    {"days", 0, WEFT_ARG_TEXT, "N",
     "It ends after so many days; 90 without it. With rotate: when the old one would, without it."},
    {"no-end", 0, WEFT_ARG_FLAG, NULL, "It never ends by itself."},
    {"label", 0, WEFT_ARG_TEXT, "TEXT", "What it is for."},
    WEFT_ARG_BECAUSE,
};

struct keys {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    struct weft_principal who;
    const char *name;
};

/* Everybody looks after his own keys; those of services are the mesh_admin's. A key of a user made
 * by somebody else would let that one read in his name. */
static int owner_right(struct keys *k, const char *owner, bool make, struct weft_error *error)
{
    if (k->context->request.key != NULL) {
        weft_error_set(error, WEFT_E_DENIED, "a key does not make or change keys");
        return weft_error_hint(error, "its owner does, or a mesh_admin");
    }
    if (strcmp(k->who.id, owner) == 0)
        return 0;
    if (make && k->who.kind != WEFT_PRINCIPAL_LOCAL && strncmp(owner, "user:", 5) == 0) {
        weft_error_set(error, WEFT_E_DENIED, "%s may not make keys of %s", k->who.id, owner);
        return weft_error_hint(error, "who has it acts as %s, who makes his keys himself", owner);
    }
    return weft_who_may(&k->who, WEFT_RIGHT_PEOPLE, NULL, "change keys of others", error);
}

static int expiry_read(struct keys *k, int64_t *expires_us, struct weft_error *error)
{
    const char *text = weft_op_text(k->request, "days");
    int64_t days = WEFT_KEY_DAYS;
    bool endless = weft_op_given(k->request, "no-end");
    if (text != NULL && endless)
        return weft_error_set(error, WEFT_E_USAGE, "--days and --no-end exclude each other");
    if (text != NULL &&
        (!weft_parse_int64(text, strlen(text), &days) || days < 1 || days > WEFT_KEY_DAYS_MAX))
        return weft_error_set(error, WEFT_E_USAGE, "--days wants a number from 1 to %d, not `%s`",
                              WEFT_KEY_DAYS_MAX, text);
    *expires_us = endless ? 0 : k->context->request.time_us + days * DAY_US;
    return 0;
}

/* A rotated key ends when the old one would have: else whoever has a key would make it last. */
static int rotated_end(struct keys *k, const struct weft_key *old, int64_t *expires_us,
                       struct weft_error *error)
{
    bool given = weft_op_given(k->request, "days") || weft_op_given(k->request, "no-end");
    bool may_prolong = weft_principal_may(&k->who, WEFT_RIGHT_PEOPLE, NULL);
    *expires_us = old->expires_us;
    if (given)
        WEFT_TRY(expiry_read(k, expires_us, error));
    bool longer = old->expires_us != 0 && (*expires_us == 0 || *expires_us > old->expires_us);
    if (given && longer && !may_prolong) {
        char end[WEFT_TIME_TEXT];
        weft_time_format(old->expires_us, end);
        weft_error_set(error, WEFT_E_DENIED,
                       "a rotation does not make the key %s last longer: it "
                       "ends at %s",
                       old->id, end);
        return weft_error_hint(error,
                               "a mesh_admin may, with --days; `weft key add %s` makes "
                               "another key",
                               old->principal);
    }
    if (*expires_us == 0 || *expires_us > k->context->request.time_us)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED, "the key %s has ended: there is nothing to rotate",
                   old->id);
    return weft_error_hint(error, "`weft key add %s` makes another", old->principal);
}

static const char *key_state(const struct weft_key *key, int64_t now_us)
{
    if (key->disabled)
        return "disabled";
    return key->expires_us != 0 && key->expires_us <= now_us ? "expired" : "active";
}

static int list_text(struct weft_arena *arena, const struct weft_texts *texts, const char **out,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < texts->count; i++)
        weft_buf_addf(&buf, "%s%s", i == 0 ? "" : ", ", texts->items[i]);
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = texts->count == 0 ? "any" : weft_arena_strndup(arena, buf.data, buf.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

/* One, or all of somebody, or all that he may see. */
static int keys_list(struct keys *k, const char *id, const char *owner, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {
        {"key", false, false},        {"principal", false, false}, {"label", false, false},
        {"products", false, false},   {"purposes", false, false},  {"state", false, false},
        {"expires_at", false, false}, {"added_at", false, true}};
    struct weft_keys all;
    struct weft_arena *arena = k->context->arena;
    bool others = weft_principal_may(&k->who, WEFT_RIGHT_ACCESS, NULL), found = false;
    WEFT_TRY(weft_keys_list(k->txn, arena, 0, &all, error));
    WEFT_TRY(weft_out_table(k->out, columns, WEFT_COUNT(columns), error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_key *key = &all.items[i];
        const char *products, *purposes;
        if ((!others && strcmp(key->principal, k->who.id) != 0) ||
            (id != NULL && strcmp(key->id, id) != 0) ||
            (owner != NULL && strcmp(key->principal, owner) != 0))
            continue;
        found = true;
        WEFT_TRY(list_text(arena, &key->products, &products, error));
        WEFT_TRY(list_text(arena, &key->purposes, &purposes, error));
        const struct weft_cell cells[] = {
            weft_out_cell_text(key->id),
            weft_out_cell_text(key->principal),
            weft_out_cell_text(key->label),
            weft_out_cell_text(products),
            weft_out_cell_text(purposes),
            weft_out_cell_text(key_state(key, k->context->request.time_us)),
            weft_out_cell_time(key->expires_us),
            weft_out_cell_time(key->created_us)};
        WEFT_TRY(weft_out_row(k->out, cells, error));
    }
    WEFT_TRY(weft_out_table_end(k->out, error));
    if (id != NULL && !found)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no key `%s`", id);
    return 0;
}

static int key_commit(struct keys *k, struct weft_error *error)
{
    struct weft_ledger_txn *txn = k->txn;
    k->txn = NULL;
    return weft_who_commit(k->context, txn, error);
}

/* Only when the entry is there: a key that was shown is one that opens. */
static int key_show(struct keys *k, const char *principal, char text[WEFT_KEY_TEXT],
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "principal", principal);
    weft_json_member_text(&json, "key", text);
    weft_json_end_object(&json);
    int rc = weft_out_json(k->out, &buf, error);
    if (rc == 0)
        rc = weft_out_line(k->out, WEFT_STYLE_PLAIN, error, "%s", text);
    if (rc == 0)
        rc = weft_out_line(k->out, WEFT_STYLE_DIM, error,
                           "It acts as %s and is shown this once. Keep it in a file that only its "
                           "program reads, and give that with --key-file or WEFT_KEY.",
                           principal);
    if (buf.data != NULL)
        weft_secret_wipe(buf.data, buf.length);
    return rc;
}

/* Where purposes are declared, a key for one that is not would open nothing. */
static int purposes_check(struct keys *k, const struct weft_texts *purposes,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
    if (purposes->count == 0)
        return 0;
    WEFT_TRY(weft_trust_load(k->txn, 0, &trust, error));
    for (size_t i = 0; i < purposes->count; i++) {
        if (weft_trust_purpose_known(trust, purposes->items[i]))
            continue;
        weft_error_set(error, WEFT_E_USAGE, "`%.60s` is not a declared purpose",
                       purposes->items[i]);
        return weft_trust_purpose_hint(trust, purposes->items[i], error);
    }
    return 0;
}

/* A product may come later, so it is no mistake; of those that he may know of only. */
static int products_note(struct keys *k, const struct weft_texts *products,
                         struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    size_t count = 0, known = 0;
    struct weft_arena *arena = k->context->arena;
    if (products->count == 0)
        return 0;
    {
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
        WEFT_TRY(weft_ledger_begin_read(k->context->ledger, &txn, error));
        WEFT_TRY(weft_catalog_digests(txn, arena, &digests, &count, error));
    }
    const char **names = weft_arena_array(arena, count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        bool visible;
        WEFT_TRY(weft_gate_visible(k->context, digests[i].full_name, &visible, error));
        if (visible)
            names[known++] = digests[i].full_name;
    }
    for (size_t p = 0; p < products->count; p++) {
        size_t n = 0;
        while (n < known && !weft_glob_match(products->items[p], names[n]))
            n++;
        if (n == known)
            weft_out_note(k->out,
                          "the key opens `%s`, and no product that you know of is so called",
                          products->items[p]);
    }
    return 0;
}

static int key_add(struct keys *k, struct weft_error *error)
{
    const struct weft_op_value *products = weft_op_value(k->request, "product");
    const struct weft_op_value *purposes = weft_op_value(k->request, "purpose");
    struct weft_key_ask ask = {.principal = k->name,
                               .made_by = k->who.id,
                               .label = weft_op_text(k->request, "label"),
                               .products = {products->texts, products->count},
                               .purposes = {purposes->texts, purposes->count}};
    char text[WEFT_KEY_TEXT];
    WEFT_TRY(owner_right(k, k->name, true, error));
    WEFT_TRY(expiry_read(k, &ask.expires_us, error));
    WEFT_TRY(purposes_check(k, &ask.purposes, error));
    WEFT_TRY(weft_key_add(k->txn, weft_who_actor(k->context), &ask, text, error));
    int rc = key_commit(k, error);
    if (rc == 0)
        rc = key_show(k, ask.principal, text, error);
    weft_secret_wipe(text, sizeof text);
    return rc < 0 ? rc : products_note(k, &ask.products, error);
}

static int key_change(struct keys *k, const char *what, struct weft_error *error)
{
    const char *because = weft_op_text(k->request, "because");
    struct weft_key key;
    char text[WEFT_KEY_TEXT];
    int rc = weft_key_get(k->txn, k->context->arena, k->name, 0, &key, error);
    WEFT_TRY(rc);
    bool known = rc == 0 && (strcmp(key.principal, k->who.id) == 0 ||
                             weft_principal_may(&k->who, WEFT_RIGHT_ACCESS, NULL));
    if (!known) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no key `%.40s`", k->name);
        return weft_error_hint(error, "`weft key list` shows their ids");
    }
    WEFT_TRY(owner_right(k, key.principal, strcmp(what, "disable") != 0, error));
    if (strcmp(what, "rotate") == 0) {
        int64_t expires_us;
        WEFT_TRY(rotated_end(k, &key, &expires_us, error));
        WEFT_TRY(weft_key_rotate(k->txn, weft_who_actor(k->context), k->name, k->who.id, expires_us,
                                 because, text, error));
        rc = key_commit(k, error);
        if (rc == 0)
            rc = key_show(k, key.principal, text, error);
        weft_secret_wipe(text, sizeof text);
        return rc;
    }
    bool disable = strcmp(what, "disable") == 0;
    WEFT_TRY(weft_op_because(k->request, &because, error)); /* what was closed opens for a reason */
    rc = weft_key_disable(k->txn, weft_who_actor(k->context), k->name, disable, because, error);
    WEFT_TRY(rc);
    WEFT_TRY(key_commit(k, error));
    return weft_out_line(k->out, WEFT_STYLE_GOOD, error, "%s: %s", k->name,
                         rc == WEFT_CHANGED ? "it is so already"
                         : disable          ? "disabled"
                                            : "enabled");
}

static int key_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    static const char *const known[] = {"add", "list", "show", "rotate", "disable", "enable"};
    const char *what = weft_op_given(request, "what") ? weft_op_text(request, "what") : "list";
    struct keys k = {
        .context = context, .request = request, .out = out, .name = weft_op_text(request, "name")};
    struct weft_ledger *ledger;
    const char *near = weft_suggest(what, known, WEFT_COUNT(known));
    if (near == NULL || strcmp(near, what) != 0) {
        weft_error_set(error, WEFT_E_USAGE, "`weft key` does not know `%s`", what);
        return near != NULL ? weft_error_hint(error, "did you mean `weft key %s`?", near)
                            : weft_error_hint(error, "%s", key_args[0].help);
    }
    bool list = strcmp(what, "list") == 0, show = strcmp(what, "show") == 0;
    if (k.name == NULL && !list) {
        bool add = strcmp(what, "add") == 0;
        weft_error_set(error, WEFT_E_USAGE, "`weft key %s` needs %s", what,
                       add ? "a PRINCIPAL" : "the ID of a key");
        return add ? weft_error_hint(error, "as in: weft key add service:dashboard")
                   : weft_error_hint(error, "`weft key list` shows their ids: the 8 digits behind "
                                            "`weft_`");
    }
    if (strcmp(what, "add") == 0 || (list && k.name != NULL))
        WEFT_TRY(weft_principal_parse(k.name, NULL, error));
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(list || show ? weft_ledger_begin_read(ledger, &k.txn, error)
                          : weft_ledger_begin_write(ledger, &k.txn, error));
    int rc = weft_who(context, k.txn, context->arena, &k.who, error);
    if (rc == 0)
        rc = list || show ? keys_list(&k, show ? k.name : NULL, list ? k.name : NULL, error)
             : strcmp(what, "add") == 0 ? key_add(&k, error)
                                        : key_change(&k, what, error);
    weft_ledger_end(k.txn);
    return rc;
}

const struct weft_op weft_op_key = {
    .name = "key",
    .group = "access",
    .summary = "Keys of programs: add, list, show, rotate, disable, enable.",
    .help = "A key acts as its owner, within its scope: `weft key add service:dashboard --product "
            "\"hospital.*\" --purpose operations --days 30`. It is shown once. Programs give it by "
            "WEFT_KEY or --key-file. `rotate` makes another with the same scope and the same end "
            "in its "
            "place; only a mesh_admin lets it last longer, by --days. For a time with both, `add` "
            "a second and `disable` the first later; `disable` and `enable` want --because.",
    .args = key_args,
    .arg_count = WEFT_COUNT(key_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = key_run,
};
