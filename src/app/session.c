/*
 * session.c - the session of session.h.
 *
 * One sealed instance cannot serve two statements: the tables of the mesh are bound to the
 * transaction of the first, and what it let a statement read or keep would be there for the next. A
 * new one costs 2 to 4 ms when a blank one was opened ahead.
 */
#include "app/session.h"

#include "app/emergency.h"
#include "app/ops_internal.h"
#include "app/query_internal.h"
#include "context/sight.h"
#include "context/who.h"

#include "base/text.h"

#include <string.h>

#define STATEMENT_ARENA_MAX ((size_t)1 << 30)
#define EMERGENCIES_MAX 16 /* products of one statement */

static int params_read(struct weft_session *session, const struct weft_op_request *request,
                       struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "param");
    struct weft_arena *arena = session->context->arena;
    struct weft_param *params = weft_arena_array(arena, words->count + 1, sizeof *params);
    if (params == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < words->count; i++) {
        const char *equals = strchr(words->texts[i], '=');
        if (equals == NULL || equals == words->texts[i])
            return weft_error_set(error, WEFT_E_USAGE, "`%s` is not NAME=VALUE", words->texts[i]);
        params[i].name =
            weft_arena_strndup(arena, words->texts[i], (size_t)(equals - words->texts[i]));
        params[i].text = equals + 1;
        if (params[i].name == NULL)
            return weft_error_nomem(error);
    }
    session->params = params;
    session->param_count = words->count;
    return 0;
}

int weft_session_as_of(struct weft_session *session, const char *when, struct weft_error *error)
{
    int64_t us = 0, snapshot = 0;
    if (when != NULL && (!weft_parse_int64(when, strlen(when), &snapshot) || snapshot <= 0)) {
        bool counts = snapshot < 0 || (snapshot == 0 && strcmp(when, "0") == 0);
        snapshot = 0;
        if (counts) {
            weft_error_set(error, WEFT_E_USAGE,
                           "`%s` is neither a time nor a snapshot: the past of a query is that of "
                           "all tables, which have no snapshots in common to count back",
                           when);
            return weft_error_hint(error, "`weft snapshots PRODUCT` shows those of one, with their "
                                          "times: as in --as-of 2026-11-21T04:00:00Z");
        }
        if (!weft_time_parse(when, &us)) {
            weft_error_set(error, WEFT_E_USAGE, "`%s` is neither a time nor a snapshot", when);
            return weft_error_hint(error, "as in 2026-11-21, 2026-11-21T04:00:00Z, or the id of a "
                                          "snapshot");
        }
        if (strlen(when) == strlen("2026-11-21")) /* a day is over at its end */
            us += 24 * 3600 * (int64_t)1000000 - 1;
    }
    session->as_of_us = us;
    session->as_of_snapshot = snapshot;
    return 0;
}

int weft_session_format(struct weft_session *session, const char *name, struct weft_error *error)
{
    enum weft_query_format format;
    WEFT_TRY(weft_query_format_named(name, &format, error));
    if (format == WEFT_QUERY_PARQUET) {
        weft_error_set(error, WEFT_E_USAGE, "parquet is not for a terminal");
        return weft_error_hint(error, "`weft query \"SELECT ...\" -o result.parquet` writes it to "
                                      "a file");
    }
    session->format = format;
    return 0;
}

int weft_session_open(struct weft_session *session, struct weft_context *context,
                      const struct weft_op_request *request, struct weft_out *out,
                      struct weft_error *error)
{
    struct weft_query wish = {0};
    *session = (struct weft_session){.context = context};
    WEFT_TRY(weft_query_format_read(request, out, &wish, error));
    session->format = wish.format;
    session->output = wish.output;
    WEFT_TRY(params_read(session, request, error));
    if (weft_op_given(request, "break-glass")) {
        if (weft_request_is_local(&context->request))
            return weft_error_set(error, WEFT_E_USAGE,
                                  "--break-glass: the local operator reads without it");
        WEFT_TRY(weft_op_because(request, &session->emergency, error));
    }
    return weft_session_as_of(session, weft_op_text(request, "as-of"), error);
}

/* ---- ahead ---- */

static void *session_warm(void *arg)
{
    (void)arg;
    weft_engine_warm();
    return NULL;
}

static void warm_wait(struct weft_session *session)
{
    if (session->warming)
        pthread_join(session->warmer, NULL);
    session->warming = false;
}

void weft_session_warm(struct weft_session *session)
{
    warm_wait(session);
    session->warming = pthread_create(&session->warmer, NULL, session_warm, NULL) == 0;
}

void weft_session_close(struct weft_session *session)
{
    warm_wait(session);
}

/* ---- statements ---- */

/* What a statement needs of the session's context, with an arena of its own. Settings, checkout and
 * ledger are made before: they stay. */
static int context_open(struct weft_session *session, struct weft_context *own,
                        struct weft_error *error)
{
    struct weft_ledger *ledger;
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(session->context, &settings, error));
    WEFT_TRY(weft_context_ledger(session->context, false, &ledger, error));
    *own = *session->context;
    WEFT_TRY(weft_who_again(session->context, &own->request, error));
    own->engine = NULL;
    own->trust = NULL; /* of another moment */
    own->sight = NULL;
    own->arena = weft_arena_new(STATEMENT_ARENA_MAX);
    return own->arena == NULL ? weft_error_nomem(error) : 0;
}

static void context_close(struct weft_session *session, struct weft_context *own)
{
    weft_engine_close(own->engine);
    weft_sight_unref(own->sight);
    weft_trust_free(own->trust);
    weft_arena_free(own->arena);
    /* An operation may have read the checkout, which then belongs to the session's context. */
    session->context->mesh = own->mesh;
    session->context->root = own->root;
    session->context->mesh_mistakes = own->mesh_mistakes;
}

static int statement_run(struct weft_query *query, struct weft_out *out, struct weft_error *error)
{
    WEFT_TRY(weft_query_open(query, error));
    int rc = weft_query_send(query, out, error);
    struct weft_error audit = WEFT_ERROR_INIT;
    /* A read that cannot be audited is not a read that happened quietly: it fails. */
    if (weft_query_audit(query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    /* Whether any was left out or not: that there was one would tell of it. */
    if (rc >= 0 && query->group_size > 0 && out->for_people)
        weft_out_note(out, "groups of fewer than %" PRId64 " different subjects are left out",
                      query->group_size);
    return rc;
}

struct denied {
    const char *product; /* that it was refused for; NULL = it was not, or there is no memory */
    int major;
};

static int statement_once(struct weft_session *session, const struct weft_statement *statement,
                          struct weft_out *out, int64_t *rows, struct denied *denied,
                          struct weft_error *error)
{
    struct weft_context own;
    struct weft_query query;
    WEFT_TRY(context_open(session, &own, error));
    weft_query_init(&query, &own);
    query.out = out;
    query.file = statement->file;
    query.line_offset = statement->line_offset;
    query.column_offset = statement->column_offset;
    query.format = session->format;
    query.output = session->output;
    query.params = session->params;
    query.param_count = session->param_count;
    query.params_shared = session->params_shared;
    query.as_of_us = session->as_of_us;
    query.as_of_snapshot = session->as_of_snapshot;
    weft_buf_add(&query.sql, statement->text, statement->length);
    int rc = weft_buf_check(&query.sql, error);
    if (rc == 0)
        rc = statement_run(&query, out, error);
    if (rows != NULL)
        *rows = query.rows;
    if (rc < 0 && query.denied != NULL && query.denied_major >= 0 && query.rows == 0)
        *denied = (struct denied){weft_arena_strdup(session->context->arena, query.denied),
                                  query.denied_major};
    weft_query_release(&query);
    context_close(session, &own);
    return rc;
}

int weft_session_run(struct weft_session *session, const struct weft_statement *statement,
                     struct weft_out *out, int64_t *rows, struct weft_error *error)
{
    struct denied last = {"", 0};
    for (int i = 0;; i++) {
        struct denied denied = {0};
        int rc = statement_once(session, statement, out, rows, &denied, error);
        /* A product that is refused twice is refused for something else. */
        if (rc >= 0 || session->emergency == NULL || denied.product == NULL ||
            i == EMERGENCIES_MAX ||
            (strcmp(denied.product, last.product) == 0 && denied.major == last.major))
            return rc;
        struct weft_error refusal = error == NULL ? (struct weft_error)WEFT_ERROR_INIT : *error;
        weft_error_clear(error);
        rc = weft_emergency_grant(session->context, denied.product, denied.major,
                                  session->emergency, out, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE) { /* as without the flag: nothing more is told of it */
            if (error != NULL)
                *error = refusal;
            if (refusal.code == WEFT_E_DENIED && !weft_key_scoped(session->context->request.key))
                weft_error_hint(error, "its `access: {break_glass: [...]}` names nobody that you "
                                       "are");
            return -1;
        }
        last = denied;
    }
}

static int op_fill(struct weft_op_request *request, const char *const *words, size_t count,
                   struct weft_error *error)
{
    size_t next = 0;
    for (size_t i = 0; i < request->op->arg_count; i++) {
        enum weft_arg_kind kind = request->op->args[i].kind;
        struct weft_op_value *value = &request->values[i];
        if (kind == WEFT_ARG_WORDS) {
            value->texts = words + next;
            value->count = count - next;
            value->given = value->count > 0;
            next = count;
        } else if ((kind == WEFT_ARG_WORD || kind == WEFT_ARG_WORD_NEEDED) && next < count) {
            value->text = words[next++];
            value->given = true;
        }
    }
    return next == count
               ? 0
               : weft_error_set(error, WEFT_E_USAGE, "`%s` is one word too many", words[next]);
}

int weft_session_op(struct weft_session *session, const char *op, const char *const *words,
                    size_t word_count, struct weft_out *out, struct weft_error *error)
{
    struct weft_context own;
    struct weft_op_request request = {.op = weft_op_find(op)};
    assert(request.op != NULL);
    WEFT_TRY(weft_who_allowed(session->context, request.op, error));
    WEFT_TRY(op_fill(&request, words, word_count, error));
    WEFT_TRY(context_open(session, &own, error));
    int rc = request.op->run(&own, &request, out, error);
    context_close(session, &own);
    return rc;
}
