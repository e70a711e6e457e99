/*
 * error.h - one caller-owned error object: code, message, detail, hint, place.
 *
 * Rule of the house: a function that can fail returns int. 0 = ok; negative = failure, the error
 * object is filled and the result is only passed up; positive = a condition that the function
 * documents and the caller handles. Success outputs stay untouched on failure.
 *
 * The object lives on the stack, owns nothing, allocates nothing (out of memory must be
 * reportable), and cuts texts that are too long. Thread rule: one thread at a time.
 */
#ifndef WEFT_BASE_ERROR_H
#define WEFT_BASE_ERROR_H

#include "base/defs.h"

#include <stdarg.h>

/* name, text, SQLSTATE, HTTP status, exit status of the program, what it means (reference page) */
#define WEFT_ERROR_CODES(X)                                                                        \
    X(NONE, "none", "00000", 200, 0, "No error.")                                                  \
    X(NOMEM, "out_of_memory", "53200", 500, 1, "Memory ran out.")                                  \
    X(IO, "io", "58030", 500, 1, "A file could not be read or written.")                           \
    X(NO_SPACE, "no_space", "53100", 507, 1, "The disk is full.")                                  \
    X(USAGE, "usage", "42601", 400, 2, "The command's arguments are wrong.")                       \
    X(INVALID, "invalid", "22023", 400, 1, "A file that people write breaks its rules.")           \
    X(INPUT, "bad_input", "22000", 422, 1, "A data file is bad as a whole.")                       \
    X(NOT_FOUND, "not_found", "42P01", 404, 1, "There is no such thing, or no access to it.")      \
    X(EXISTS, "exists", "42710", 409, 1, "It exists already.")                                     \
    X(REFUSED, "refused", "42501", 403, 1, "The operation is refused.")                            \
    X(NOT_YET, "not_yet", "0A000", 501, 1, "Understood, but this version cannot do it yet.")       \
    X(TEST, "test_failed", "P0004", 422, 3, "A test of a product failed.")                         \
    X(BLOCKED, "blocked", "23514", 422, 3, "A check or a policy blocks it.")                       \
    X(DENIED, "denied", "42501", 403, 3, "The principal may not do this.")                         \
    X(CONFLICT, "conflict", "40001", 409, 1, "Someone else changed it in the meantime.")           \
    X(BUSY, "busy", "55P03", 409, 1, "Someone else is at work on it.")                             \
    X(CORRUPT, "corrupt", "XX001", 500, 1, "Stored state does not verify.")                        \
    X(SQL, "sql", "42601", 400, 1, "The SQL is wrong.")                                            \
    X(SQL_REFUSED, "sql_refused", "42501", 403, 1, "The SQL uses something that is not allowed.")  \
    X(LIMIT, "limit", "54000", 413, 1, "A named limit is exceeded.")                               \
    X(TIMEOUT, "timeout", "57014", 504, 1, "It took longer than allowed.")                         \
    X(CANCELLED, "cancelled", "57014", 499, 130, "Stopped on request.")                            \
    X(FORMAT, "home_format", "0A000", 409, 1, "The home was written by another version.")          \
    X(WORKER, "worker", "58000", 500, 1, "A worker process failed.")                               \
    X(INTERNAL, "internal", "XX000", 500, 1, "A fault of weft itself.")

enum weft_code {
#define WEFT_ERROR_ENUM(name, text, sqlstate, http, status, meaning) WEFT_E_##name,
    WEFT_ERROR_CODES(WEFT_ERROR_ENUM)
#undef WEFT_ERROR_ENUM
        WEFT_E_COUNT
};

/* The usual positive results; each function says which it gives. */
enum {
    WEFT_OK = 0,
    WEFT_END = 1,       /* nothing more to read */
    WEFT_NOT_THERE = 2, /* looked up, not found */
    WEFT_AGAIN = 3,     /* somebody holds it; try later */
    WEFT_CHANGED = 4,   /* what was expected is no longer so */
    WEFT_CONFLICT = 5   /* something that is there does not allow it */
};

struct weft_error {
    enum weft_code code;
    int line;     /* 1-based; 0 = none */
    int column;   /* 1-based, in characters; 0 = none */
    int64_t byte; /* 0-based offset in a data file; -1 = none */
    char file[512];
    char message[1024];
    char detail[2048];
    char hint[1024];
};

/* byte must start at -1, so use the initialiser. */
#define WEFT_ERROR_INIT {.byte = -1}

/* All setters accept error == NULL (the caller does not care) and return -1 so that
 * `return weft_error_set(...)` reads well. */
int weft_error_set(struct weft_error *error, enum weft_code code, const char *format, ...)
    WEFT_PRINTF(3, 4);
int weft_error_setv(struct weft_error *error, enum weft_code code, const char *format,
                    va_list args);
int weft_error_nomem(struct weft_error *error);
/* Appends ": <text of errno>"; ENOSPC and EDQUOT become NO_SPACE whatever `code` says. */
int weft_error_errno(struct weft_error *error, enum weft_code code, int errnum, const char *format,
                     ...) WEFT_PRINTF(4, 5);

/* These add to an error that is set; they return -1 too. */
int weft_error_detail(struct weft_error *error, const char *format, ...) WEFT_PRINTF(2, 3);
int weft_error_hint(struct weft_error *error, const char *format, ...) WEFT_PRINTF(2, 3);
int weft_error_at(struct weft_error *error, const char *file, int line, int column);
int weft_error_at_byte(struct weft_error *error, const char *file, int line, int64_t byte);
/* Puts "text: " before the message: the caller's context. */
int weft_error_prefix(struct weft_error *error, const char *format, ...) WEFT_PRINTF(2, 3);

void weft_error_clear(struct weft_error *error);

const char *weft_code_name(enum weft_code code);
const char *weft_code_sqlstate(enum weft_code code);
const char *weft_code_meaning(enum weft_code code);
int weft_code_http_status(enum weft_code code);
int weft_code_exit_status(enum weft_code code);
/* INTERNAL for a name that is not in the table. */
enum weft_code weft_code_from_name(const char *name);

#endif
