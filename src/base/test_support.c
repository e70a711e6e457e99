/*
 * test_support.c - the helpers of test_support.h. Aborts when the test itself is at fault.
 */
#include "base/test_support.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define TORTURE_MAX 200000

static uint64_t torture_pass(int (*fn)(void *arg, struct weft_error *error), void *arg, bool sticky)
{
    for (uint64_t nth = 1; nth < TORTURE_MAX; nth++) {
        struct weft_error error = WEFT_ERROR_INIT;
        weft_alloc_fail_at(nth, sticky);
        int rc = fn(arg, &error);
        uint64_t counted = weft_alloc_fail_at(0, false);
        if (counted < nth && rc == 0)
            return counted;
        bool clean = rc < 0 && error.code == WEFT_E_NOMEM;
        if (counted < nth || (rc != 0 && !clean)) {
            fprintf(stderr, "torture: allocation %" PRIu64 " of %" PRIu64 ": rc %d, %s: %s\n", nth,
                    counted, rc, weft_code_name(error.code), error.message);
            abort();
        }
    }
    fprintf(stderr, "torture: no end after %d allocations\n", TORTURE_MAX);
    abort();
}

uint64_t weft_test_torture(int (*fn)(void *arg, struct weft_error *error), void *arg)
{
    torture_pass(fn, arg, true);
    return torture_pass(fn, arg, false);
}

char *weft_test_dir(void)
{
    const char *base = getenv("TMPDIR");
    char *path = weft_format("%s/weft-test-XXXXXX", base == NULL ? "/tmp" : base);
    if (path == NULL || mkdtemp(path) == NULL)
        abort();
    return path;
}

void weft_test_dir_remove(char *path)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_fs_remove_tree(path, &error) < 0) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    weft_free(path);
}
