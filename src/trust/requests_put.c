/*
 * requests_put.c - asking for access, and deciding on it.
 */
#include "base/text.h"
#include "trust/keys.h"
#include "trust/requests.h"
#include "trust/trust_internal.h"

#include <string.h>

#define ROLES_LIST 256 /* bytes of the roles that have a right */

static int reason_check(const char *because, struct weft_error *error)
{
    size_t length = because == NULL ? 0 : strlen(because);
    if (length == 0) {
        weft_error_set(error, WEFT_E_USAGE, "say why");
        return weft_error_hint(error, "--because \"...\"; it is kept in the ledger");
    }
    bool good = length <= WEFT_REQUEST_TEXT_MAX && weft_utf8_valid(because, length) == length;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)because[i];
        good = good && (c >= ' ' || c == '\n' || c == '\t') && c != 127;
    }
    if (!good)
        return weft_error_set(error, WEFT_E_USAGE,
                              "a reason is a text of at most %d bytes without control characters",
                              WEFT_REQUEST_TEXT_MAX);
    return 0;
}

static void text_member(struct weft_json_writer *writer, const char *key, const char *text)
{
    if (text != NULL)
        weft_json_member_text(writer, key, text);
}

/* ---- asking ---- */

static int ask_check(struct weft_ledger_txn *txn, const struct weft_access_ask *ask,
                     struct weft_error *error)
{
    int64_t id = 0;
    WEFT_TRY(reason_check(ask->because, error));
    WEFT_TRY(weft_principal_parse(ask->principal, NULL, error));
    if (ask->until_us != 0)
        return 0;
    if (ask->days < 1 || ask->days > WEFT_REQUEST_DAYS_MAX)
        return weft_error_set(error, WEFT_E_USAGE, "access is asked for 1 to %d days",
                              WEFT_REQUEST_DAYS_MAX);
    int rc = weft_sql_int(txn, &id, error,
                          "SELECT id FROM trust_requests WHERE seq_to IS NULL AND state = 'open' "
                          "AND product = ?1 AND major = ?2 AND principal = ?3 AND "
                          "COALESCE(purpose, '') = ?4",
                          "titt", ask->product, (int64_t)ask->major, ask->principal,
                          ask->purpose == NULL ? "" : ask->purpose);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    weft_error_set(error, WEFT_E_EXISTS, "request %" PRId64 " asks for the same and is open", id);
    return weft_error_hint(error, "`weft requests %" PRId64 "` shows it", id);
}

static int ask_append(struct weft_ledger_txn *txn, const char *actor,
                      const struct weft_access_ask *ask, int64_t *id, struct weft_error *error)
{
    int64_t last = 0;
    int rc = weft_sql_int(txn, &last, error, "SELECT COALESCE(MAX(id), 0) FROM trust_requests", "");
    WEFT_TRY(rc);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "request", last + 1);
    weft_json_member_text(&writer, "product", ask->product);
    weft_json_member_int(&writer, "major", ask->major);
    weft_json_member_text(&writer, "principal", ask->principal);
    weft_json_member_text(&writer, "asked_by", ask->asked_by);
    text_member(&writer, "purpose", ask->purpose);
    weft_json_member_text(&writer, "because", ask->because);
    if (ask->until_us == 0) {
        weft_json_member_int(&writer, "days", ask->days);
    } else {
        text_member(&writer, "version", ask->version);
        text_member(&writer, "terms", ask->terms);
        weft_json_member_int(&writer, "until_us", ask->until_us);
    }
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    WEFT_TRY(weft_ledger_append(
        txn, actor, ask->until_us == 0 ? WEFT_KIND_ACCESS_REQUESTED : WEFT_KIND_ACCESS_EMERGENCY,
        body.data, NULL, error));
    *id = last + 1;
    return 0;
}

int weft_access_ask(struct weft_ledger_txn *txn, const char *actor,
                    const struct weft_access_ask *ask, int64_t *id, struct weft_error *error)
{
    struct weft_access_ask asked = *ask;
    asked.until_us = 0;
    WEFT_TRY(ask_check(txn, &asked, error));
    return ask_append(txn, actor, &asked, id, error);
}

int weft_access_emergency(struct weft_ledger_txn *txn, const char *actor,
                          const struct weft_access_ask *ask, int64_t *id, struct weft_error *error)
{
    assert(ask->until_us > 0);
    WEFT_TRY(ask_check(txn, ask, error));
    return ask_append(txn, actor, ask, id, error);
}

/* ---- deciding ---- */

static const struct verb {
    const char *word; /* approve */
    const char *kind;
    enum weft_right right;
} verbs[] = {
    [WEFT_ACCESS_APPROVE] = {"approve", WEFT_KIND_ACCESS_APPROVED, WEFT_RIGHT_DECIDE},
    [WEFT_ACCESS_REJECT] = {"reject", WEFT_KIND_ACCESS_REJECTED, WEFT_RIGHT_DECIDE},
    [WEFT_ACCESS_RENEW] = {"renew", WEFT_KIND_ACCESS_RENEWED, WEFT_RIGHT_DECIDE},
    [WEFT_ACCESS_REVOKE] = {"revoke", WEFT_KIND_ACCESS_REVOKED, WEFT_RIGHT_DECIDE},
    [WEFT_ACCESS_REVIEW] = {"review", WEFT_KIND_ACCESS_REVIEWED, WEFT_RIGHT_REVIEW},
};

static int request_unknown(int64_t id, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no request %" PRId64, id);
    return weft_error_hint(error, "`weft requests` lists those that you may see");
}

/* A service reads for whoever made a key of it. */
static int key_made(struct weft_ledger_txn *txn, const struct weft_principal *by,
                    const char *principal, bool *made, struct weft_error *error)
{
    int64_t one;
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM trust_keys WHERE principal = ?1 AND made_by = ?2 AND "
                          "seq_to IS NULL AND disabled = 0 LIMIT 1",
                          "tt", principal, by->id);
    *made = rc == 0;
    return rc < 0 ? rc : 0;
}

/* Asked by him, or to read for him: as himself, as one of a group or of a domain's team, or by a
 * service that he has a key of. */
static int own_check(struct weft_ledger_txn *txn, const struct weft_access_request *request,
                     const struct weft_principal *by, bool *own, struct weft_error *error)
{
    const char *colon = strchr(request->principal, ':');
    *own =
        weft_principal_is(by, request->principal) || strcmp(by->id, request->asked_by) == 0 ||
        (strncmp(request->principal, "domain:", 7) == 0 && weft_principal_of_domain(by, colon + 1));
    if (*own || by->kind == WEFT_PRINCIPAL_LOCAL)
        return 0;
    WEFT_TRY(key_made(txn, by, request->principal, own, error));
    return *own ? 0 : key_made(txn, by, request->asked_by, own, error);
}

/* Somebody who acts, has the right there and did not ask, nor is asked for. */
static int other_find(struct weft_ledger_txn *txn, struct weft_arena *arena,
                      const struct weft_access_request *request, const char *domain, bool *found,
                      struct weft_error *error)
{
    struct weft_principals all;
    WEFT_TRY(weft_principals_list(txn, arena, 0, &all, error));
    *found = false;
    for (size_t i = 0; i < all.count && !*found; i++) {
        struct weft_principal one;
        bool own = false;
        if (all.items[i].kind != WEFT_PRINCIPAL_USER && all.items[i].kind != WEFT_PRINCIPAL_SERVICE)
            continue;
        WEFT_TRY(weft_principal_get(txn, arena, all.items[i].id, 0, &one, error));
        if (!weft_principal_active(&one) || !weft_principal_may(&one, WEFT_RIGHT_DECIDE, domain))
            continue;
        WEFT_TRY(own_check(txn, request, &one, &own, error));
        *found = !own;
    }
    return 0;
}

/* Whose it is, and who decides then; where nobody else could, how it goes on. */
static int own_hint(struct weft_ledger_txn *txn, const struct weft_access_request *request,
                    const char *domain, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_error own = WEFT_ERROR_INIT;
    bool found = true;
    /* A hint that cannot be made better stays the general one. */
    bool operators = strncmp(request->asked_by, "local:", 6) == 0;
    if (!operators || arena == NULL || other_find(txn, arena, request, domain, &found, &own) < 0 ||
        found)
        return weft_error_hint(error,
                               "request %" PRId64 " is %s's, asked for by %s; an owner of %s or a "
                               "governance officer decides on it%s",
                               request->id, request->principal, request->asked_by, domain,
                               operators ? "" : ", or the local operator");
    return weft_error_hint(
        error,
        "request %" PRId64
        " was asked for by %s, and nobody else decides for %s yet: give somebody "
        "the role (`weft user set NAME --role domain_owner@%s`, or `owner: user:NAME` in its "
        "domain.yaml), or write the grant into a policy instead of asking",
        request->id, request->asked_by, domain, domain);
}

static int right_check(struct weft_ledger_txn *txn, const struct weft_access_request *request,
                       const struct weft_principal *by, enum weft_access_verb verb,
                       struct weft_error *error)
{
    char domain[WEFT_NAME_MAX + 1] = "", roles[ROLES_LIST];
    size_t length = strcspn(request->product, ".");
    if (length < sizeof domain)
        memcpy(domain, request->product, length);
    if (!weft_access_request_visible(request, by))
        return request_unknown(request->id, error);
    bool own;
    WEFT_TRY(own_check(txn, request, by, &own, error));
    /* What one asked for, one may give back. */
    if (own && verb != WEFT_ACCESS_REVOKE) {
        weft_error_set(error, WEFT_E_DENIED, "nobody decides on his own request");
        return own_hint(txn, request, domain, error);
    }
    if (!own && !weft_principal_may(by, verbs[verb].right, domain)) {
        weft_error_set(error, WEFT_E_DENIED, "%s may not %s requests for products of %s", by->id,
                       verbs[verb].word, domain);
        if (by->by != NULL)
            return weft_error_hint(error, WEFT_KEY_BOUNDS, by->by->id);
        weft_roles_list(verbs[verb].right, domain, roles, sizeof roles);
        return weft_error_hint(error, "the local operator may, and the role %s", roles);
    }
    return 0;
}

static int state_check(const struct weft_access_request *request, enum weft_access_verb verb,
                       struct weft_error *error)
{
    bool good = false;
    switch (verb) {
    case WEFT_ACCESS_APPROVE:
    case WEFT_ACCESS_REJECT:
        good = request->state == WEFT_REQUEST_OPEN;
        break;
    case WEFT_ACCESS_RENEW:
        good = request->state == WEFT_REQUEST_APPROVED && !request->emergency;
        break;
    case WEFT_ACCESS_REVOKE:
        good = request->state == WEFT_REQUEST_APPROVED || request->state == WEFT_REQUEST_OPEN;
        break;
    case WEFT_ACCESS_REVIEW:
        good = request->emergency && request->reviewed_us == 0;
        break;
    }
    if (good)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED, "request %" PRId64 " is %s: there is nothing to %s",
                   request->id, weft_access_request_state(request, INT64_MIN), verbs[verb].word);
    if (request->emergency)
        return weft_error_hint(error, "emergency access is reviewed (`weft review`) or revoked");
    return -1;
}

static int treats_write(struct weft_json_writer *writer, const struct weft_texts *treats,
                        struct weft_error *error)
{
    if (treats->count > WEFT_REQUEST_TREATS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "at most %d columns are treated by a request",
                              WEFT_REQUEST_TREATS_MAX);
    weft_json_key(writer, "treat");
    weft_json_begin_object(writer);
    for (size_t i = 0; i < treats->count; i++) {
        struct weft_treatment treatment;
        char column[512];
        const char *equals = strchr(treats->items[i], '=');
        size_t length = equals == NULL ? 0 : (size_t)(equals - treats->items[i]);
        if (length == 0 || length >= sizeof column) {
            weft_error_set(error, WEFT_E_USAGE, "`%.100s` is not COLUMN=TREATMENT",
                           treats->items[i]);
            return weft_error_hint(error, "as in --treat email=mask");
        }
        memcpy(column, treats->items[i], length);
        column[length] = '\0';
        for (size_t k = 0; k < i; k++) {
            if (strncmp(treats->items[k], treats->items[i], length + 1) == 0)
                return weft_error_set(error, WEFT_E_USAGE, "`%s` is treated twice", column);
        }
        WEFT_TRY(weft_treatment_word(equals + 1, &treatment, error));
        weft_json_member_text(writer, column, equals + 1);
    }
    weft_json_end_object(writer);
    return 0;
}

static int decision_write(const struct weft_access_approval *approval, enum weft_access_verb verb,
                          const char *by, int64_t id, const char *because, struct weft_buf *body,
                          struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "by", by);
    weft_json_member_int(&writer, "request", id);
    text_member(&writer, "because", because);
    if (verb == WEFT_ACCESS_APPROVE || verb == WEFT_ACCESS_RENEW)
        weft_json_member_int(&writer, "until_us", approval->until_us);
    if (verb == WEFT_ACCESS_APPROVE) {
        text_member(&writer, "version", approval->version);
        text_member(&writer, "terms", approval->terms);
        text_member(&writer, "rows", approval->rows);
        if (approval->min_group.size > 0) {
            weft_json_member_int(&writer, "min_size", approval->min_group.size);
            weft_json_member_text(&writer, "min_by", approval->min_group.by);
        }
        WEFT_TRY(treats_write(&writer, &approval->treats, error));
    }
    weft_json_end_object(&writer);
    return weft_buf_check(body, error);
}

int weft_access_decide(struct weft_ledger_txn *txn, const char *actor,
                       const struct weft_principal *by, enum weft_access_verb verb, int64_t id,
                       const struct weft_access_approval *approval, const char *because,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    struct weft_access_request request;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    if (arena == NULL)
        return weft_error_nomem(error);
    if (verb != WEFT_ACCESS_APPROVE || because != NULL)
        WEFT_TRY(reason_check(because, error));
    int rc = weft_access_request_get(txn, arena, id, 0, &request, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return request_unknown(id, error);
    WEFT_TRY(right_check(txn, &request, by, verb, error));
    WEFT_TRY(state_check(&request, verb, error));
    WEFT_TRY(decision_write(approval, verb, by->id, id, because, &body, error));
    return weft_ledger_append(txn, actor, verbs[verb].kind, body.data, NULL, error);
}
