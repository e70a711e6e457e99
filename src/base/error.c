/*
 * error.c - fills and reads the error object of error.h. Owns nothing, allocates nothing.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct code_row {
    const char *name;
    const char *sqlstate;
    int http_status;
    int exit_status;
    const char *meaning;
};

static const struct code_row code_rows[WEFT_E_COUNT] = {
#define CODE_ROW(name, text, sqlstate, http, status, meaning)                                      \
    [WEFT_E_##name] = {text, sqlstate, http, status, meaning},
    WEFT_ERROR_CODES(CODE_ROW)
#undef CODE_ROW
};

int weft_error_setv(struct weft_error *error, enum weft_code code, const char *format, va_list args)
{
    if (error == NULL)
        return -1;
    weft_error_clear(error);
    error->code = code;
    vsnprintf(error->message, sizeof error->message, format, args);
    return -1;
}

int weft_error_set(struct weft_error *error, enum weft_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weft_error_setv(error, code, format, args);
    va_end(args);
    return -1;
}

int weft_error_nomem(struct weft_error *error)
{
    return weft_error_set(error, WEFT_E_NOMEM, "out of memory");
}

int weft_error_errno(struct weft_error *error, enum weft_code code, int errnum, const char *format,
                     ...)
{
    if (error == NULL)
        return -1;
    if (errnum == ENOSPC || errnum == EDQUOT)
        code = WEFT_E_NO_SPACE;
    if (errnum == ENOMEM)
        code = WEFT_E_NOMEM;
    va_list args;
    va_start(args, format);
    weft_error_setv(error, code, format, args);
    va_end(args);
    char text[128];
    const char *reason = strerror_r(errnum, text, sizeof text);
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, ": %s", reason);
    return -1;
}

static void text_set(char *text, size_t size, const char *format, va_list args)
{
    vsnprintf(text, size, format, args);
}

int weft_error_detail(struct weft_error *error, const char *format, ...)
{
    if (error == NULL)
        return -1;
    va_list args;
    va_start(args, format);
    text_set(error->detail, sizeof error->detail, format, args);
    va_end(args);
    return -1;
}

int weft_error_hint(struct weft_error *error, const char *format, ...)
{
    if (error == NULL)
        return -1;
    va_list args;
    va_start(args, format);
    text_set(error->hint, sizeof error->hint, format, args);
    va_end(args);
    return -1;
}

int weft_error_at(struct weft_error *error, const char *file, int line, int column)
{
    if (error == NULL)
        return -1;
    snprintf(error->file, sizeof error->file, "%s", file == NULL ? "" : file);
    error->line = line;
    error->column = column;
    return -1;
}

int weft_error_at_byte(struct weft_error *error, const char *file, int line, int64_t byte)
{
    weft_error_at(error, file, line, 0);
    if (error != NULL)
        error->byte = byte;
    return -1;
}

int weft_error_prefix(struct weft_error *error, const char *format, ...)
{
    if (error == NULL)
        return -1;
    char old[sizeof error->message];
    memcpy(old, error->message, sizeof old);
    va_list args;
    va_start(args, format);
    text_set(error->message, sizeof error->message, format, args);
    va_end(args);
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, ": %s", old);
    return -1;
}

void weft_error_clear(struct weft_error *error)
{
    /* The texts are large; only their first byte matters. */
    error->code = WEFT_E_NONE;
    error->line = 0;
    error->column = 0;
    error->byte = -1;
    error->file[0] = '\0';
    error->message[0] = '\0';
    error->detail[0] = '\0';
    error->hint[0] = '\0';
}

static const struct code_row *row_of(enum weft_code code)
{
    assert((int)code >= 0 && code < WEFT_E_COUNT);
    return &code_rows[code];
}

const char *weft_code_name(enum weft_code code)
{
    return row_of(code)->name;
}

const char *weft_code_sqlstate(enum weft_code code)
{
    return row_of(code)->sqlstate;
}

const char *weft_code_meaning(enum weft_code code)
{
    return row_of(code)->meaning;
}

int weft_code_http_status(enum weft_code code)
{
    return row_of(code)->http_status;
}

int weft_code_exit_status(enum weft_code code)
{
    return row_of(code)->exit_status;
}

enum weft_code weft_code_from_name(const char *name)
{
    for (int i = 0; i < WEFT_E_COUNT; i++) {
        if (strcmp(code_rows[i].name, name) == 0)
            return (enum weft_code)i;
    }
    return WEFT_E_INTERNAL;
}
