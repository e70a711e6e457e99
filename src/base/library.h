/*
 * library.h - shared libraries that are opened when they are needed, and their functions by name.
 * Thread rule: any; who opens one keeps it.
 */
#ifndef WEFT_BASE_LIBRARY_H
#define WEFT_BASE_LIBRARY_H

#include "base/error.h"

/* `file` by the system's search. NOT_FOUND when it is not there; the caller hints what to
 * install. */
int weft_library_open(const char *file, void **library, struct weft_error *error) WEFT_MUST_CHECK;
/* All functions by name, in order, each a pointer at `found`; FORMAT names the first that is not
 * there, and then nothing is written. file: for the message. */
int weft_library_find(void *library, const char *file, const char *const *names, size_t count,
                      void *found, struct weft_error *error) WEFT_MUST_CHECK;

#endif
