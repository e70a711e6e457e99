/*
 * requests.c - requests and agreements as of a sequence.
 */
#include "trust/requests.h"

#include "base/text.h"
#include "trust/keys.h"
#include "trust/trust_internal.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "r.id, r.product, r.major, r.principal, r.asked_by, r.purpose, r.because, r.days, "            \
    "r.asked_us, r.state, r.emergency, r.version, r.decided_by, r.decided_us, r.decision, "        \
    "r.until_us, r.terms, r.treat, r.row_condition, r.min_size, r.min_by, r.reviewed_by, "         \
    "r.reviewed_us, r.review "

/* ---- a treatment as one word ---- */

static int treatment_wrong(const char *text, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_USAGE, "`%.100s` is no treatment", text);
    return weft_error_hint(error, "hide, null, mask, hash, token, round:100, truncate:3, "
                                  "truncate:month or fixed:TEXT");
}

static bool truncate_read(const char *value, struct weft_treatment *out)
{
    static const char *const units[] = {"year", "quarter", "month", "week",
                                        "day",  "hour",    "minute"};
    int64_t number;
    if (weft_parse_int64(value, strlen(value), &number)) {
        *out = (struct weft_treatment){.kind = WEFT_TREAT_TRUNCATE, .number = (double)number};
        return number >= 0 && number <= 1000000;
    }
    for (size_t i = 0; i < WEFT_COUNT(units); i++) {
        if (strcmp(value, units[i]) == 0) {
            *out = (struct weft_treatment){.kind = WEFT_TREAT_TRUNCATE_TIME, .text = units[i]};
            return true;
        }
    }
    return false;
}

int weft_treatment_word(const char *text, struct weft_treatment *out, struct weft_error *error)
{
    static const struct {
        const char *word;
        enum weft_treatment_kind kind;
    } words[] = {{"hide", WEFT_TREAT_HIDE},
                 {"null", WEFT_TREAT_NULL},
                 {"mask", WEFT_TREAT_MASK},
                 {"hash", WEFT_TREAT_HASH},
                 {"token", WEFT_TREAT_TOKEN}};
    struct weft_treatment made = {0};
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (strcmp(text, words[i].word) == 0)
            made.kind = words[i].kind;
    }
    if (strncmp(text, "fixed:", 6) == 0 && strlen(text) <= 256) {
        made = (struct weft_treatment){.kind = WEFT_TREAT_FIXED, .text = text + 6};
    } else if (strncmp(text, "round:", 6) == 0) {
        made.kind = WEFT_TREAT_ROUND;
        if (!weft_parse_double(text + 6, strlen(text + 6), &made.number) || made.number <= 0)
            return treatment_wrong(text, error);
    } else if (strncmp(text, "truncate:", 9) == 0 && !truncate_read(text + 9, &made)) {
        return treatment_wrong(text, error);
    }
    if (made.kind == 0)
        return treatment_wrong(text, error);
    *out = made;
    return 0;
}

/* ---- a row ---- */

static int treats_read(struct weft_arena *arena, const char *json, struct weft_access_request *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc), *key, *value;
    size_t i, max;
    struct weft_agreement_treat *items =
        weft_arena_array(arena, yyjson_obj_size(root) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    WEFT_JSON_EACH(root, i, max, key, value)
    {
        items[i].column = weft_arena_strdup(arena, yyjson_get_str(key));
        items[i].text = weft_arena_strdup(arena, yyjson_is_str(value) ? yyjson_get_str(value) : "");
        if (items[i].column == NULL || items[i].text == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_treatment_word(items[i].text, &items[i].treatment, error));
    }
    out->treats = items;
    out->treat_count = yyjson_obj_size(root);
    return 0;
}

static enum weft_request_state state_read(const char *text)
{
    switch (text[0]) {
    case 'o':
        return WEFT_REQUEST_OPEN;
    case 'a':
        return WEFT_REQUEST_APPROVED;
    default:
        return strcmp(text, "revoked") == 0 ? WEFT_REQUEST_REVOKED : WEFT_REQUEST_REJECTED;
    }
}

static int request_read(struct weft_arena *arena, struct weft_stmt *stmt,
                        struct weft_access_request *out, struct weft_error *error)
{
    struct weft_access_request made = {
        .id = weft_stmt_column_int(stmt, 0),
        .major = (int)weft_stmt_column_int(stmt, 2),
        .days = weft_stmt_column_int(stmt, 7),
        .asked_us = weft_stmt_column_int(stmt, 8),
        .state = state_read(weft_stmt_column_text(stmt, 9)),
        .emergency = weft_stmt_column_int(stmt, 10) != 0,
        .decided_us = weft_stmt_column_int(stmt, 13),
        .until_us = weft_stmt_column_int(stmt, 15),
        .min_group.size = weft_stmt_column_int(stmt, 19),
        .reviewed_us = weft_stmt_column_int(stmt, 22),
    };
    const char *treat;
    const struct {
        int column;
        const char **text;
    } texts[] = {{1, &made.product},      {3, &made.principal},
                 {4, &made.asked_by},     {5, &made.purpose},
                 {6, &made.because},      {11, &made.version},
                 {12, &made.decided_by},  {14, &made.decision_because},
                 {16, &made.terms},       {17, &treat},
                 {18, &made.rows},        {20, &made.min_group.by},
                 {21, &made.reviewed_by}, {23, &made.review_because}};
    for (size_t i = 0; i < WEFT_COUNT(texts); i++)
        WEFT_TRY(weft_sql_text(arena, stmt, texts[i].column, texts[i].text, error));
    WEFT_TRY(treats_read(arena, treat, &made, error));
    *out = made;
    return 0;
}

static int rows_read(struct weft_arena *arena, struct weft_stmt *stmt,
                     struct weft_access_requests *out, struct weft_error *error)
{
    struct weft_access_request *items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(request_read(arena, stmt, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    *out = (struct weft_access_requests){items, count};
    return 0;
}

int weft_access_requests_list(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              int64_t sequence, struct weft_access_requests *out,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " COLUMNS
                            "FROM trust_requests r WHERE " WEFT_TRUST_AT("r") "ORDER BY r.id",
                            "i", weft_ledger_at(sequence)));
    return rows_read(arena, stmt, out, error);
}

int weft_access_request_get(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t id,
                            int64_t sequence, struct weft_access_request *out,
                            struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " COLUMNS "FROM trust_requests r WHERE r.id = ?2 "
                            "AND " WEFT_TRUST_AT("r"),
                            "ii", weft_ledger_at(sequence), id));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? WEFT_NOT_THERE : request_read(arena, stmt, out, error);
}

/* Each of its rows that has another decision than the one before: a rename and a review keep it. */
int weft_access_request_steps(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t id,
                              struct weft_access_steps *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_access_requests rows;
    size_t count = 0;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT " COLUMNS "FROM trust_requests r WHERE r.id = ?1 ORDER BY r.seq_from", "i", id));
    WEFT_TRY(rows_read(arena, stmt, &rows, error));
    struct weft_access_step *items = weft_arena_array(arena, rows.count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    const struct weft_access_request *last = NULL;
    for (size_t i = 0; i < rows.count; i++) {
        const struct weft_access_request *row = &rows.items[i];
        bool approved = row->state == WEFT_REQUEST_APPROVED;
        if (row->decided_us == 0 ||
            (last != NULL && last->decided_us == row->decided_us && last->state == row->state))
            continue;
        items[count++] =
            (struct weft_access_step){.what = row->state == WEFT_REQUEST_REJECTED  ? "rejected"
                                              : row->state == WEFT_REQUEST_REVOKED ? "revoked"
                                              : approved && last != NULL           ? "renewed"
                                              : row->emergency                     ? "taken"
                                                                                   : "approved",
                                      .by = row->decided_by,
                                      .time_us = row->decided_us,
                                      .because = row->decision_because};
        last = row;
    }
    *out = (struct weft_access_steps){items, count};
    return 0;
}

int weft_agreements_of(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                       int64_t time_us, const struct weft_principal *principal,
                       struct weft_access_requests *out, struct weft_error *error)
{
    struct weft_access_request *items = NULL;
    size_t count = 0, capacity = 0;
    for (size_t g = 0; g <= principal->groups.count; g++) {
        WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
        const char *word = g == 0 ? principal->id : principal->groups.items[g - 1];
        struct weft_access_requests some;
        WEFT_TRY(weft_sql_query(
            txn, &stmt, error,
            "SELECT " COLUMNS "FROM trust_requests r WHERE r.principal = ?2 "
            "AND r.state = 'approved' AND r.until_us > ?3 AND " WEFT_TRUST_AT("r") "ORDER BY r.id",
            "iti", weft_ledger_at(sequence), word, time_us));
        WEFT_TRY(rows_read(arena, stmt, &some, error));
        if (weft_arena_reserve(arena, &items, &capacity, count + some.count, sizeof *items) < 0)
            return weft_error_nomem(error);
        for (size_t i = 0; i < some.count; i++) {
            size_t at = count++;
            for (; at > 0 && items[at - 1].id > some.items[i].id; at--)
                items[at] = items[at - 1];
            items[at] = some.items[i];
        }
    }
    *out = (struct weft_access_requests){items, count};
    return 0;
}

const char *weft_access_request_state(const struct weft_access_request *request, int64_t now_us)
{
    switch (request->state) {
    case WEFT_REQUEST_OPEN:
        return "open";
    case WEFT_REQUEST_REJECTED:
        return "rejected";
    case WEFT_REQUEST_REVOKED:
        return request->emergency && request->reviewed_us == 0 ? "to review" : "revoked";
    case WEFT_REQUEST_APPROVED:
        break;
    }
    if (request->emergency && (request->reviewed_us == 0 || request->until_us <= now_us))
        return request->reviewed_us == 0 ? "to review" : "reviewed";
    return request->until_us <= now_us ? "expired" : "approved";
}

bool weft_access_request_visible(const struct weft_access_request *request,
                                 const struct weft_principal *principal)
{
    char domain[WEFT_NAME_MAX + 1] = "";
    size_t length = strcspn(request->product, ".");
    if (length < sizeof domain)
        memcpy(domain, request->product, length);
    if (principal->by != NULL &&
        !weft_key_allows(principal->by, request->product, request->purpose))
        return false;
    return weft_principal_is(principal, request->principal) ||
           weft_principal_is(principal, request->asked_by) ||
           weft_principal_may(principal, WEFT_RIGHT_ACCESS, domain);
}
