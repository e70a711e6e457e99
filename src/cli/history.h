/*
 * history.h - the statements that were typed: a file of one person, read when a shell begins, one
 * line appended for each entry, so that several shells lose none. In a line \n stands for a line
 * end and \\ for a backslash; what is not UTF-8 or broken off is passed over. Bounded: the oldest
 * go when a shell begins. Mode 0600. Nothing here stops a shell: a disk that is full keeps no
 * history.
 * Thread rule: one thread.
 */
#ifndef WEFT_CLI_HISTORY_H
#define WEFT_CLI_HISTORY_H

#include "base/buf.h"

#define WEFT_HISTORY_ENTRIES_MAX 2000
#define WEFT_HISTORY_ENTRY_BYTES_MAX ((size_t)65536)
#define WEFT_HISTORY_FILE_BYTES_MAX ((size_t)8 << 20)

struct weft_history {
    char *path; /* NULL = kept nowhere */
    char *lock; /* of its own: the file is replaced when it is cut */
};

/* WEFT_HISTORY (empty = none), XDG_STATE_HOME/weft/history, ~/.local/state/weft/history. */
int weft_history_open(struct weft_history *history, struct weft_error *error) WEFT_MUST_CHECK;
void weft_history_close(struct weft_history *history);

typedef int weft_history_fn(void *arg, const char *entry, struct weft_error *error);
/* Oldest first; cuts the file when it has grown. */
int weft_history_read(struct weft_history *history, weft_history_fn *fn, void *arg,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* Empty ones, those with a leading blank and very long ones are not kept: WEFT_NOT_THERE. */
int weft_history_add(struct weft_history *history, const char *entry, size_t length,
                     struct weft_error *error) WEFT_MUST_CHECK;

#endif
