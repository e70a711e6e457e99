/*
 * edit_api.c - finds and opens libedit.so.2. Its structures and constants have been the same for
 * all of version 2.
 */
#include "cli/edit_api.h"

#include <dlfcn.h>
#include <string.h>

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
    void *found[WEFT_COUNT(names)];
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        found[i] = dlsym(library, names[i]);
        if (found[i] == NULL)
            return weft_error_set(error, WEFT_E_FORMAT, EDIT_FILE " has no function %s", names[i]);
    }
    memcpy(&weft_edit, found, sizeof weft_edit);
    return 0;
}

int weft_edit_load(struct weft_error *error)
{
    if (weft_edit.el_init != NULL)
        return 0;
    void *library = dlopen(EDIT_FILE, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, EDIT_FILE " was not found: lines cannot be edited");
        return weft_error_hint(error, "install the package libedit2");
    }
    if (edit_fill(library, error) < 0) {
        dlclose(library);
        return -1;
    }
    return 0; /* never closed: it may hold the terminal's description */
}
