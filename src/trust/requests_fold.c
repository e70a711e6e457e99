/*
 * requests_fold.c - the entries of requests for access, and the table folded from them. Each change
 * ends the request's row and writes the next: what one could read at a past moment stays known.
 */
#include "trust/requests.h"
#include "trust/trust_internal.h"

#include <string.h>

static const struct weft_ledger_table trust_requests = {
    .name = "trust_requests",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_requests("
           "id BIGINT NOT NULL, product TEXT NOT NULL, major BIGINT NOT NULL,"
           "principal TEXT NOT NULL, asked_by TEXT NOT NULL, purpose TEXT, because TEXT NOT NULL,"
           "days BIGINT NOT NULL, asked_us BIGINT NOT NULL, state TEXT NOT NULL,"
           "emergency BIGINT NOT NULL, version TEXT, decided_by TEXT, decided_us BIGINT NOT NULL,"
           "decision TEXT, until_us BIGINT NOT NULL, terms TEXT, treat TEXT NOT NULL,"
           "row_condition TEXT, min_size BIGINT NOT NULL, min_by TEXT, reviewed_by TEXT,"
           "reviewed_us BIGINT NOT NULL, review TEXT,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(id, seq_from));"
           "CREATE INDEX IF NOT EXISTS trust_requests_principal ON trust_requests(principal);",
    /* Agreements, without what people wrote about them. */
    .state = "SELECT id, product, major, principal, '' AS asked_by, purpose, '' AS because, days, "
             "asked_us, state, emergency, version, decided_us, until_us, treat, row_condition, "
             "min_size, min_by, reviewed_us, seq_from FROM trust_requests "
             "WHERE seq_to IS NULL AND state = 'approved' ORDER BY id",
};

/* All columns but the sequences. */
#define COLUMNS                                                                                    \
    "id, product, major, principal, asked_by, purpose, because, days, asked_us, state, "           \
    "emergency, "                                                                                  \
    "version, decided_by, decided_us, decision, until_us, terms, treat, row_condition, min_size, " \
    "min_by, reviewed_by, reviewed_us, review"

static int request_next(struct weft_ledger_txn *txn, int64_t id, struct weft_error *error)
{
    int64_t last = 0;
    int rc = weft_sql_int(txn, &last, error, "SELECT COALESCE(MAX(id), 0) FROM trust_requests", "");
    WEFT_TRY(rc);
    if (id != last + 1)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "request %" PRId64 " does not follow request %" PRId64, id, last);
    return 0;
}

static int fold_requested(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *body, struct weft_error *error)
{
    int64_t id, major, days = weft_json_int_or(body, "days", 0);
    const char *product, *principal, *asked_by, *because;
    WEFT_TRY(weft_json_int(body, "request", &id, error));
    WEFT_TRY(weft_json_int(body, "major", &major, error));
    WEFT_TRY(weft_json_text(body, "product", &product, error));
    WEFT_TRY(weft_json_text(body, "principal", &principal, error));
    WEFT_TRY(weft_json_text(body, "asked_by", &asked_by, error));
    WEFT_TRY(weft_json_text(body, "because", &because, error));
    WEFT_TRY(weft_principal_parse(principal, NULL, error));
    WEFT_TRY(request_next(txn, id, error));
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "INSERT INTO trust_requests(id, product, major, principal, asked_by, purpose, because, "
        "days, asked_us, state, emergency, decided_us, until_us, treat, min_size, reviewed_us, "
        "seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open', 0, 0, 0, '{}', 0, 0, ?10)",
        "itittttiii", id, product, major, principal, asked_by,
        weft_json_text_or(body, "purpose", NULL), because, days, entry->time_us, entry->sequence));
    if (strcmp(entry->kind, WEFT_KIND_ACCESS_EMERGENCY) != 0)
        return 0;
    return weft_sql_exec(txn, error,
                         "UPDATE trust_requests SET state = 'approved', emergency = 1, "
                         "version = ?2, decided_by = asked_by, decided_us = ?3, until_us = ?4, "
                         "terms = ?5 WHERE id = ?1 AND seq_to IS NULL",
                         "itiit", id, weft_json_text_or(body, "version", NULL), entry->time_us,
                         weft_json_int_or(body, "until_us", 0),
                         weft_json_text_or(body, "terms", NULL));
}

/* The row as it is goes on as a new one, which the caller then changes. */
static int request_step(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, int64_t *id, const char **by, struct weft_error *error)
{
    WEFT_TRY(weft_json_int(body, "request", id, error));
    WEFT_TRY(weft_json_text(body, "by", by, error));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE trust_requests SET seq_to = ?2 WHERE id = ?1 AND seq_to IS NULL",
                           "ii", *id, entry->sequence));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no request %" PRId64, *id);
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_requests(" COLUMNS ", seq_from) SELECT " COLUMNS
                         ", ?2 FROM trust_requests WHERE id = ?1 AND seq_to = ?2",
                         "ii", *id, entry->sequence);
}

static int fold_approved(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    int64_t id, until_us;
    const char *by;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf treat;
    weft_buf_init(&treat, WEFT_LEDGER_BODY_MAX);
    WEFT_TRY(request_step(txn, entry, body, &id, &by, error));
    WEFT_TRY(weft_json_int(body, "until_us", &until_us, error));
    yyjson_val *object = yyjson_obj_get(body, "treat");
    if (!yyjson_is_obj(object))
        return weft_error_set(error, WEFT_E_CORRUPT, "the entry has no `treat`");
    WEFT_TRY(weft_json_canonical(object, &treat, error));
    return weft_sql_exec(
        txn, error,
        "UPDATE trust_requests SET state = 'approved', version = ?2, decided_by = ?3, "
        "decided_us = ?4, decision = ?5, until_us = ?6, terms = ?7, treat = ?8, "
        "row_condition = ?9, min_size = ?10, min_by = ?11 WHERE id = ?1 AND seq_to IS NULL",
        "ittititttit", id, weft_json_text_or(body, "version", NULL), by, entry->time_us,
        weft_json_text_or(body, "because", NULL), until_us, weft_json_text_or(body, "terms", NULL),
        treat.data, weft_json_text_or(body, "rows", NULL), weft_json_int_or(body, "min_size", 0),
        weft_json_text_or(body, "min_by", NULL));
}

/* Rejected and revoked. */
static int fold_ended(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    int64_t id;
    const char *by;
    WEFT_TRY(request_step(txn, entry, body, &id, &by, error));
    return weft_sql_exec(
        txn, error,
        "UPDATE trust_requests SET state = ?2, decided_by = ?3, decided_us = ?4, decision = ?5 "
        "WHERE id = ?1 AND seq_to IS NULL",
        "ittit", id, strcmp(entry->kind, WEFT_KIND_ACCESS_REJECTED) == 0 ? "rejected" : "revoked",
        by, entry->time_us, weft_json_text_or(body, "because", NULL));
}

static int fold_renewed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    int64_t id, until_us;
    const char *by;
    WEFT_TRY(request_step(txn, entry, body, &id, &by, error));
    WEFT_TRY(weft_json_int(body, "until_us", &until_us, error));
    return weft_sql_exec(
        txn, error,
        "UPDATE trust_requests SET until_us = ?2, decided_by = ?3, decided_us = ?4, "
        "decision = ?5 WHERE id = ?1 AND seq_to IS NULL",
        "iitit", id, until_us, by, entry->time_us, weft_json_text_or(body, "because", NULL));
}

static int fold_reviewed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    int64_t id;
    const char *by;
    WEFT_TRY(request_step(txn, entry, body, &id, &by, error));
    return weft_sql_exec(txn, error,
                         "UPDATE trust_requests SET reviewed_by = ?2, reviewed_us = ?3, "
                         "review = ?4 WHERE id = ?1 AND seq_to IS NULL",
                         "itit", id, by, entry->time_us, weft_json_text_or(body, "because", NULL));
}

int weft_access_fold_renamed(struct weft_ledger_txn *txn, const char *from, const char *to,
                             int64_t sequence, struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE trust_requests SET seq_to = ?2 WHERE product = ?1 AND seq_to "
                           "IS NULL",
                           "ti", from, sequence));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "INSERT INTO trust_requests(" COLUMNS ", seq_from) SELECT " COLUMNS
                           ", ?2 FROM trust_requests WHERE product = ?1 AND seq_to = ?2",
                           "ti", from, sequence));
    return weft_sql_exec(
        txn, error, "UPDATE trust_requests SET product = ?3 WHERE product = ?1 AND seq_from = ?2",
        "tit", from, sequence, to);
}

void weft_requests_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_ACCESS_REQUESTED, .version = 1, .fold = fold_requested},
        {.name = WEFT_KIND_ACCESS_EMERGENCY, .version = 1, .fold = fold_requested},
        {.name = WEFT_KIND_ACCESS_APPROVED, .version = 1, .fold = fold_approved},
        {.name = WEFT_KIND_ACCESS_REJECTED, .version = 1, .fold = fold_ended},
        {.name = WEFT_KIND_ACCESS_REVOKED, .version = 1, .fold = fold_ended},
        {.name = WEFT_KIND_ACCESS_RENEWED, .version = 1, .fold = fold_renewed},
        {.name = WEFT_KIND_ACCESS_REVIEWED, .version = 1, .fold = fold_reviewed},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&trust_requests);
}
