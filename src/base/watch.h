/*
 * watch.h - waiting until something changes in folders (inotify).
 *
 * A change is a file that was written and closed, put there, moved or removed; not one that is just
 * being written. Where the kernel tells nothing (network file systems, no more watches allowed) the
 * wait ends every second instead, and the caller looks for itself.
 * Owns one descriptor. Thread rule: one thread.
 */
#ifndef WEFT_BASE_WATCH_H
#define WEFT_BASE_WATCH_H

#include "base/error.h"

#define WEFT_WATCH_FOLDERS_MAX 20000
#define WEFT_WATCH_DEPTH_MAX 16

struct weft_watch;

int weft_watch_new(struct weft_watch **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_watch_free(struct weft_watch *watch); /* NULL is nothing */
/* Watches a folder, and with `deep` all below it that do not begin with a dot; once more is
 * nothing. One that is not there: the nearest one above that is. */
int weft_watch_add(struct weft_watch *watch, const char *folder, bool deep,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* Why changes are looked for by the clock; NULL: they are not. */
const char *weft_watch_slow(const struct weft_watch *watch);
/* Until something changed, and then until nothing more did for 15 ms (at most 250 ms): an editor
 * writes several files, git many. *since (monotonic us): when the first change was seen. CANCELLED
 * soon after Ctrl-C. */
int weft_watch_wait(struct weft_watch *watch, int64_t *since, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
