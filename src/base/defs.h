/*
 * defs.h - the few attributes and macros that every file may use.
 */
#ifndef WEFT_BASE_DEFS_H
#define WEFT_BASE_DEFS_H

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_MUST_CHECK __attribute__((warn_unused_result))
#define WEFT_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define WEFT_CLEANUP(fn) __attribute__((cleanup(fn)))
#define WEFT_UNUSED __attribute__((unused))

#define WEFT_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WEFT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define WEFT_MAX(a, b) ((a) > (b) ? (a) : (b))

/* A build whose own book-keeping takes memory many times over. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_SANITIZED 1
#endif
#endif
#ifndef WEFT_SANITIZED
#define WEFT_SANITIZED 0
#endif

/* Passes a failure (< 0) up; positive results stay with the caller. */
#define WEFT_TRY(expr)                                                                             \
    do {                                                                                           \
        int weft_try_rc = (expr);                                                                  \
        if (weft_try_rc < 0)                                                                       \
            return weft_try_rc;                                                                    \
    } while (0)

#endif
