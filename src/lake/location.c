/*
 * location.c - between the absolute URIs that stand in Iceberg's files and the paths below the home
 * that weft opens. A URI is only ever read as "something inside this table's folder": whatever home
 * it was written with, and however hostile the file, nothing outside the folder is reached.
 */
#include "lake/table_internal.h"

#include <string.h>

void lake_uri(struct weft_buf *out, const char *home, const char *relative)
{
    weft_buf_adds(out, "file://");
    weft_buf_adds(out, home);
    weft_buf_addc(out, '/');
    weft_buf_adds(out, relative);
}

int lake_check_home(const char *home, struct weft_error *error)
{
    if (home[0] != '/')
        return weft_error_set(error, WEFT_E_INVALID, "the home %s is not an absolute path", home);
    for (const char *c = home; *c != '\0'; c++) {
        /* Readers of locations parse URIs: these end the path there. */
        if (*c == '#' || *c == '?' || *c == '%' || (unsigned char)*c < 0x20) {
            weft_error_set(error, WEFT_E_INVALID,
                           "tables cannot lie below %s: readers would misread its name", home);
            return weft_error_hint(error, "move the home to a path without #, ? and %%");
        }
    }
    return 0;
}

/* No empty, "." or ".." parts. */
static bool path_is_plain(const char *path, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && path[i] == '\0')
            return false;
        if (i < length && path[i] != '/')
            continue;
        size_t part = i - start;
        if (part == 0 || (part == 1 && path[start] == '.') ||
            (part == 2 && path[start] == '.' && path[start + 1] == '.'))
            return false;
        start = i + 1;
    }
    return true;
}

int lake_relative(struct weft_arena *arena, const char *folder, const char *uri, size_t length,
                  const char **out, struct weft_error *error)
{
    size_t folder_length = strlen(folder);
    const char *found = NULL;
    const char *from = uri;
    size_t left = length;
    /* The last occurrence: a home may itself lie below a folder of that name. */
    while (left > folder_length + 2) {
        const char *at = memmem(from, left, folder, folder_length);
        if (at == NULL)
            break;
        const char *end = at + folder_length;
        bool whole = (at == uri || at[-1] == '/') && end < uri + length && *end == '/';
        if (whole)
            found = at;
        left -= (size_t)(at + 1 - from);
        from = at + 1;
    }
    size_t rest = found == NULL ? 0 : length - (size_t)(found - uri);
    if (found == NULL || !path_is_plain(found, rest))
        return weft_error_set(error, WEFT_E_CORRUPT, "%.*s lies outside the table's folder %s",
                              (int)WEFT_MIN(length, 300), uri, folder);
    *out = weft_arena_strndup(arena, found, rest);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

int lake_table_folder(struct weft_arena *arena, const char *metadata_path, const char **out,
                      struct weft_error *error)
{
    const char *slash = strrchr(metadata_path, '/');
    static const char part[] = "/metadata";
    size_t length = slash == NULL ? 0 : (size_t)(slash - metadata_path);
    size_t part_length = sizeof part - 1;
    if (length <= part_length || memcmp(slash - part_length, part, part_length) != 0 ||
        !path_is_plain(metadata_path, strlen(metadata_path)))
        return weft_error_set(error, WEFT_E_INVALID,
                              "%s is not <folder of the table>/metadata/<file> below the home",
                              metadata_path);
    *out = weft_arena_strndup(arena, metadata_path, length - part_length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}
