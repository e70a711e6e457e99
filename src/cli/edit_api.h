/*
 * edit_api.h - libedit's functions, opened at run time: only the shell edits lines, and linking it
 * would cost each start of weft for libedit, libtinfo and libbsd. Thread rule: one thread.
 */
#ifndef WEFT_CLI_EDIT_API_H
#define WEFT_CLI_EDIT_API_H

#include "base/error.h"

#include <histedit.h>

#define WEFT_EDIT_FUNCTIONS(X)                                                                     \
    X(el_init)                                                                                     \
    X(el_end)                                                                                      \
    X(el_set)                                                                                      \
    X(el_get)                                                                                      \
    X(el_gets)                                                                                     \
    X(el_line)                                                                                     \
    X(el_insertstr)                                                                                \
    X(el_deletestr)                                                                                \
    X(el_resize)                                                                                   \
    X(el_source)                                                                                   \
    X(history_init)                                                                                \
    X(history_end)                                                                                 \
    X(history)

struct weft_edit_api {
#define WEFT_EDIT_MEMBER(name) __typeof__(name) *name;
    WEFT_EDIT_FUNCTIONS(WEFT_EDIT_MEMBER)
#undef WEFT_EDIT_MEMBER
};

/* Filled by weft_edit_load; all pointers are NULL before. */
extern struct weft_edit_api weft_edit;

/* Opens the system's libedit.so.2. NOT_FOUND, FORMAT. Once is enough. */
int weft_edit_load(struct weft_error *error) WEFT_MUST_CHECK;

#endif
