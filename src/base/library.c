/*
 * library.c - see library.h.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

int weft_library_open(const char *file, void **library, struct weft_error *error)
{
    *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    return *library != NULL ? 0 : weft_error_set(error, WEFT_E_NOT_FOUND, "%s was not found", file);
}

int weft_library_find(void *library, const char *file, const char *const *names, size_t count,
                      void *found, struct weft_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (dlsym(library, names[i]) == NULL)
            return weft_error_set(error, WEFT_E_FORMAT, "%s has no function %s", file, names[i]);
    }
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(library, names[i]);
        memcpy((char *)found + i * sizeof function, &function, sizeof function);
    }
    return 0;
}
