/*
 * edit_api.c - finds and opens libedit.so.2. Its structures and constants have been the same for
 * all of version 2.
 */
#include "cli/edit_api.h"

#include "base/library.h"

#include <dlfcn.h>

#define EDIT_FILE "libedit.so.2"

struct weft_edit_api weft_edit;

static int edit_fill(void *library, struct weft_error *error)
{
    static const char *const names[] = {
#define EDIT_NAME(name) #name,
        WEFT_EDIT_FUNCTIONS(EDIT_NAME)
#undef EDIT_NAME
    };
    static_assert(sizeof(weft_edit) == WEFT_COUNT(names) * sizeof(void *), "pointers only");
    return weft_library_find(library, EDIT_FILE, names, WEFT_COUNT(names), &weft_edit, error);
}

int weft_edit_load(struct weft_error *error)
{
    if (weft_edit.el_init != NULL)
        return 0;
    void *library;
    if (weft_library_open(EDIT_FILE, &library, error) < 0)
        return weft_error_hint(error, "lines are edited by libedit: install the package libedit2");
    if (edit_fill(library, error) < 0) {
        dlclose(library);
        return -1;
    }
    return 0; /* never closed: it may hold the terminal's description */
}
