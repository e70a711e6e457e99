/*
 * editor.c - see editor.h.
 */
#include "app/editor.h"
#include "document/keys.h"

#include "base/fs.h"

#include <string.h>

#define SCHEMA_MAX ((size_t)4 << 20)

static int schema_write(const char *root, const char *which, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf there;
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(root, ".weft/schema");
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s/%s.json", folder, which);
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_buf_init(&text, SCHEMA_MAX);
    weft_buf_init(&there, SCHEMA_MAX);
    if (folder == NULL || path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_schema_print(which, &text, error));
    WEFT_TRY(weft_buf_check(&text, error));
    if (weft_fs_read_file(path, SCHEMA_MAX - 1, &there, &ignored) == 0 &&
        there.length == text.length && memcmp(there.data, text.data, text.length) == 0)
        return 0;
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    return weft_fs_write_file(path, text.data, text.length, error);
}

int weft_editor_schemas(const char *root, struct weft_error *error)
{
    WEFT_TRY(schema_write(root, "product", error));
    WEFT_TRY(schema_write(root, "domain", error));
    return schema_write(root, "mesh", error);
}

int weft_editor_relative(struct weft_arena *arena, const char *folder, const char *file,
                         const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf path;
    size_t same = 0;
    weft_buf_init(&path, 1 << 20);
    for (size_t i = 0; folder[i] == file[i] && file[i] != '\0'; i++) {
        if (file[i] == '/')
            same = i;
        if (folder[i + 1] == '\0' && file[i + 1] == '/')
            same = i + 1;
    }
    /* Each further part of the folder is a step up. */
    for (const char *rest = folder + same; *rest != '\0';) {
        rest += *rest == '/';
        if (*rest != '\0')
            weft_buf_adds(&path, "../");
        rest += strcspn(rest, "/");
    }
    weft_buf_adds(&path, file + same + (file[same] == '/'));
    WEFT_TRY(weft_buf_check(&path, error));
    *out = weft_arena_strdup(arena, path.data);
    return *out == NULL ? weft_error_nomem(error) : 0;
}
