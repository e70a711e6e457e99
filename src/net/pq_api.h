/*
 * pq_api.h - libpq's functions, opened at run time as libcurl's are (curl_api.h): most commands ask
 * no database. Declared here by their documented and stable ABI (libpq.so.5), so that its headers
 * are not needed to build.
 */
#ifndef WEFT_NET_PQ_API_H
#define WEFT_NET_PQ_API_H

#include "base/error.h"

struct pg_conn;
struct pg_result;

enum { WEFT_PQ_CONNECTION_OK = 0 };
enum {
    WEFT_PQ_POLLING_FAILED = 0,
    WEFT_PQ_POLLING_READING = 1,
    WEFT_PQ_POLLING_WRITING = 2,
    WEFT_PQ_POLLING_OK = 3
};
enum { WEFT_PQ_TUPLES_OK = 2 };

/* result, name, arguments */
#define WEFT_PQ_FUNCTIONS(X)                                                                       \
    X(struct pg_conn *, connectStartParams, (const char *const *, const char *const *, int))       \
    X(int, connectPoll, (struct pg_conn *))                                                        \
    X(int, status, (const struct pg_conn *))                                                       \
    X(int, socket, (const struct pg_conn *))                                                       \
    X(char *, errorMessage, (const struct pg_conn *))                                              \
    X(const char *, parameterStatus, (const struct pg_conn *, const char *))                       \
    X(int, sslInUse, (struct pg_conn *))                                                           \
    X(char *, host, (const struct pg_conn *))                                                      \
    X(int, sendQuery, (struct pg_conn *, const char *))                                            \
    X(int, consumeInput, (struct pg_conn *))                                                       \
    X(int, isBusy, (struct pg_conn *))                                                             \
    X(struct pg_result *, getResult, (struct pg_conn *))                                           \
    X(int, resultStatus, (const struct pg_result *))                                               \
    X(void, clear, (struct pg_result *))                                                           \
    X(void, finish, (struct pg_conn *))

struct weft_pq_api {
#define WEFT_PQ_MEMBER(result, name, arguments) result(*name) arguments;
    WEFT_PQ_FUNCTIONS(WEFT_PQ_MEMBER)
#undef WEFT_PQ_MEMBER
};

/* Filled by weft_pq_load; all pointers are NULL before. */
extern struct weft_pq_api weft_pq;

/* Opens the system's libpq.so.5. NOT_FOUND when there is none, FORMAT when it lacks a function.
 * Once is enough. */
int weft_pq_load(struct weft_error *error) WEFT_MUST_CHECK;

#endif
