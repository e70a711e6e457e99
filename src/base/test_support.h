/*
 * test_support.h - for unit tests only: allocation torture and a temporary folder.
 */
#ifndef WEFT_BASE_TEST_SUPPORT_H
#define WEFT_BASE_TEST_SUPPORT_H

#include "base/error.h"

/* Runs fn(arg) with allocation 1, 2, 3 ... failing (only that one, then that one and all after it)
 * until a run passes without meeting the failure. fn returns 0 on success, -1 when it failed
 * cleanly; it releases all it took in both cases. Gives the number of allocations of a good run.
 * Asserts that a run that failed says out of memory: fn stores its error in *error. */
uint64_t weft_test_torture(int (*fn)(void *arg, struct weft_error *error), void *arg);

/* A new empty folder under TMPDIR; removed with weft_test_dir_remove. Aborts on failure. */
char *weft_test_dir(void);
void weft_test_dir_remove(char *path); /* frees path */

#endif
