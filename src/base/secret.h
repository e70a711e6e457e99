/*
 * secret.h - a secret: where it is found, and its bytes while they are needed.
 *
 * A file of a checkout says where (an environment variable, a file, a command); the bytes are read
 * when they are used, kept outside of arenas, printed by nothing, and wiped on release. While a
 * process holds one it writes no core and others cannot look into it (PR_SET_DUMPABLE); it stays so
 * to its end, because libraries that were given the secret keep copies.
 *
 * Refuses: an empty secret, one with a zero byte, one above WEFT_SECRET_MAX.
 * Thread rule: a secret belongs to one thread.
 */
#ifndef WEFT_BASE_SECRET_H
#define WEFT_BASE_SECRET_H

#include "base/error.h"

#define WEFT_SECRET_MAX ((size_t)16 * 1024)
#define WEFT_SECRET_SHORT 4 /* what is shorter is not looked for in texts: it stands everywhere */

enum weft_secret_kind {
    WEFT_SECRET_NONE,
    WEFT_SECRET_ENV,     /* text is the name of an environment variable */
    WEFT_SECRET_FILE,    /* text is a path, relative to the folder that is given */
    WEFT_SECRET_COMMAND, /* text is a command for /bin/sh */
    WEFT_SECRET_INPUT    /* standard input, to its end */
};

struct weft_secret_source {
    enum weft_secret_kind kind;
    const char *text;
};

struct weft_secret {
    char *data; /* NULL = none; ends with a zero byte that `length` does not count */
    size_t length;
    bool loose; /* from a file that other users can read: worth a warning */
};

/* One line end behind it is cut off. `what` names it for messages: "the password of `erp`".
 * NOT_FOUND (no such variable or file), REFUSED (empty, a zero byte, no regular file), LIMIT,
 * TIMEOUT, WORKER (the command failed), CANCELLED. A command runs in `folder`, without standard
 * input; what it writes to standard error is not shown, because it may hold the secret. */
int weft_secret_read(const struct weft_secret_source *source, const char *folder, const char *what,
                     struct weft_secret *out, struct weft_error *error) WEFT_MUST_CHECK;
/* Of bytes that the caller has and wipes. REFUSED, LIMIT. */
int weft_secret_copy(const char *data, size_t length, const char *what, struct weft_secret *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
void weft_secret_release(struct weft_secret *secret);
/* Puts stars in the place of the secret wherever it stands in the text. */
void weft_secret_hide(const struct weft_secret *secret, char *text);
void weft_secret_hide_error(const struct weft_secret *secret, struct weft_error *error);
/* From here on to its end this process writes no core, and others of its user cannot look into it:
 * also for those that hold rows. */
void weft_secret_process(void);
/* Memory that held a part of one. */
void weft_secret_wipe(void *data, size_t length);

/* Runs argv in `folder` (NULL = here) without standard input or error, and keeps what it writes to
 * standard output: at most size bytes, else LIMIT. Its whole process group is killed after the
 * time-out, on Ctrl-C, and when it says too much. *status as waitpid(2) gives it. */
int weft_process_capture(const char *const *argv, const char *folder, int64_t timeout_ms, char *out,
                         size_t size, size_t *length, int *status, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
