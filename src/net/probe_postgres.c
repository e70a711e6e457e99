/*
 * probe_postgres.c - trying a PostgreSQL: connect, `select 1`, go. Without blocking calls, so that
 * the time-out and Ctrl-C hold (but for the name service, which libpq asks in its first call).
 */
#include "base/clock.h"
#include "base/process.h"
#include "net/pq_api.h"
#include "net/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS 100

static int pq_wait(struct pg_conn *conn, bool write, int64_t deadline_us, struct weft_error *error)
{
    for (;;) {
        struct pollfd poller = {.fd = weft_pq.socket(conn),
                                .events = (short)(write ? POLLOUT : POLLIN)};
        WEFT_TRY(weft_process_check_cancelled(error));
        if (weft_clock_mono_us() > deadline_us)
            return weft_error_set(error, WEFT_E_TIMEOUT, "the server did not answer in time");
        int ready = poll(&poller, 1, POLL_MS);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot wait for the server");
    }
}

/* libpq's words, on one line, without the line end. */
static int pq_failed(struct pg_conn *conn, enum weft_code code, struct weft_error *error)
{
    char text[600];
    snprintf(text, sizeof text, "%s", weft_pq.errorMessage(conn));
    for (size_t i = strlen(text); i > 0 && strchr("\n\t ", text[i - 1]) != NULL; i--)
        text[i - 1] = '\0';
    for (char *p = text; *p != '\0'; p++) {
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    }
    weft_error_set(error, code, "%s", text[0] == '\0' ? "the connection failed" : text);
    return -1;
}

static int connect_failed(struct pg_conn *conn, bool with_password, struct weft_error *error)
{
    const char *text = weft_pq.errorMessage(conn);
    bool login = strstr(text, "authentication failed") != NULL ||
                 strstr(text, "no password supplied") != NULL ||
                 strstr(text, "no pg_hba.conf entry") != NULL;
    bool unknown = strstr(text, "could not translate host name") != NULL;
    pq_failed(conn, login ? WEFT_E_DENIED : WEFT_E_IO, error);
    if (login && !with_password)
        return weft_error_hint(error, "write `password: {env: NAME}` in the connection");
    if (login)
        return weft_error_hint(error, "is the password the right one for this user?");
    return weft_error_hint(error, unknown ? "is the host's name written right?"
                                          : "is the server up, and host and port right?");
}

static int pq_connect(struct pg_conn *conn, bool with_password, int64_t deadline_us,
                      struct weft_error *error)
{
    int state = WEFT_PQ_POLLING_WRITING;
    if (weft_pq.status(conn) == 1) /* bad from the start: the text does not read, no such host */
        return connect_failed(conn, with_password, error);
    while (state != WEFT_PQ_POLLING_OK) {
        WEFT_TRY(pq_wait(conn, state == WEFT_PQ_POLLING_WRITING, deadline_us, error));
        state = weft_pq.connectPoll(conn);
        if (state == WEFT_PQ_POLLING_FAILED)
            return connect_failed(conn, with_password, error);
    }
    return 0;
}

static int pq_ask(struct pg_conn *conn, int64_t deadline_us, struct weft_error *error)
{
    bool good = false;
    struct pg_result *result;
    if (!weft_pq.sendQuery(conn, "select 1"))
        return pq_failed(conn, WEFT_E_IO, error);
    do {
        while (weft_pq.isBusy(conn)) {
            WEFT_TRY(pq_wait(conn, false, deadline_us, error));
            if (!weft_pq.consumeInput(conn))
                return pq_failed(conn, WEFT_E_IO, error);
        }
        result = weft_pq.getResult(conn);
        good = good || (result != NULL && weft_pq.resultStatus(result) == WEFT_PQ_TUPLES_OK);
        weft_pq.clear(result);
    } while (result != NULL);
    return good ? 0 : pq_failed(conn, WEFT_E_IO, error);
}

static void finding_make(struct pg_conn *conn, struct weft_probe *out)
{
    const char *version = weft_pq.parameterStatus(conn, "server_version");
    const char *host = weft_pq.host(conn);
    bool local = host == NULL || host[0] == '/' || host[0] == '@' || host[0] == '\0';
    snprintf(out->finding, sizeof out->finding, "PostgreSQL %.80s%s",
             version == NULL ? "" : version,
             local || weft_pq.sslInUse(conn) ? "" : ", without TLS");
}

int weft_probe_postgres(const char *conninfo, const struct weft_secret *password,
                        const struct weft_probe_limits *limits, struct weft_probe *out,
                        struct weft_error *error)
{
    const char *const keys[] = {"dbname", "application_name", password == NULL ? NULL : "password",
                                NULL};
    const char *const values[] = {conninfo, "weft", password == NULL ? NULL : password->data, NULL};
    struct weft_probe made = {0};
    int64_t began = weft_clock_mono_us();
    WEFT_TRY(weft_pq_load(error));
    struct pg_conn *conn = weft_pq.connectStartParams(keys, values, 1);
    if (conn == NULL)
        return weft_error_nomem(error);
    int64_t deadline_us = weft_clock_mono_us() + limits->timeout_ms * 1000;
    int rc = pq_connect(conn, password != NULL, deadline_us, error);
    if (rc == 0)
        rc = pq_ask(conn, deadline_us, error);
    if (rc == 0) {
        finding_make(conn, &made);
        made.duration_us = weft_clock_mono_us() - began;
        *out = made;
    }
    weft_pq.finish(conn);
    if (rc < 0 && password != NULL)
        weft_secret_hide_error(password, error);
    return rc;
}
