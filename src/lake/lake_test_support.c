/*
 * lake_test_support.c - the helpers of lake_test_support.h.
 */
#include "lake/lake_test_support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lake_test_ok(int rc, const struct weft_error *error)
{
    if (rc == 0)
        return;
    fprintf(stderr, "rc %d, %s: %s (%s)\n", rc, weft_code_name(error->code), error->message,
            error->detail);
    abort();
}

const struct weft_type *lake_test_type(struct weft_arena *arena, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_type *type = NULL;
    lake_test_ok(weft_type_parse(arena, text, &type, &error), &error);
    return type;
}

struct weft_fields lake_test_fields(struct weft_arena *arena, const char *const *lines)
{
    size_t count = 0;
    while (lines[count] != NULL)
        count++;
    struct weft_field *fields = weft_arena_array(arena, count, sizeof *fields);
    for (size_t i = 0; i < count; i++) {
        char *line = weft_arena_strdup(arena, lines[i]);
        if (fields == NULL || line == NULL)
            abort();
        char *required = strstr(line, " required");
        char *was = strstr(line, " was ");
        if (required != NULL)
            *required = '\0';
        if (was != NULL)
            *was = '\0';
        char *blank = strchr(line, ' ');
        *blank = '\0';
        fields[i] = (struct weft_field){.name = line,
                                        .type = lake_test_type(arena, blank + 1),
                                        .required = required != NULL,
                                        .was = was == NULL ? NULL : was + 5};
    }
    return (struct weft_fields){fields, count};
}
