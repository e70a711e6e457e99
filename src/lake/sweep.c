/*
 * sweep.c - removes what a state that was made but never committed wrote.
 */
#include "base/fs.h"
#include "lake/table_internal.h"

#include <string.h>

#define SWEEP_DEPTH_MAX 4
#define SWEEP_RUN_ID_MIN 8

static int sweep_folder(const char *folder, const char *run_id, int depth,
                        struct weft_error *error);

static int sweep_name(const char *folder, const char *name, const char *run_id, int depth,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, name);
    if (path == NULL)
        return weft_error_nomem(error);
    if (weft_fs_is_dir(path))
        return depth < SWEEP_DEPTH_MAX ? sweep_folder(path, run_id, depth + 1, error) : 0;
    return strstr(name, run_id) == NULL ? 0 : weft_fs_unlink(path, error);
}

static int sweep_folder(const char *folder, const char *run_id, int depth, struct weft_error *error)
{
    struct weft_fs_list names = {0};
    int rc = weft_fs_list(folder, &names, error);
    for (size_t i = 0; rc == 0 && i < names.count; i++)
        rc = sweep_name(folder, names.names[i], run_id, depth, error);
    weft_fs_list_free(&names);
    return rc < 0 ? rc : 0;
}

int weft_table_sweep(const char *home, const char *folder, const char *run_id,
                     struct weft_error *error)
{
    /* A short text would stand in names that are none of this run's. */
    if (strlen(run_id) < SWEEP_RUN_ID_MIN)
        return weft_error_set(error, WEFT_E_INVALID, "\"%s\" is no id of a run", run_id);
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, folder);
    if (path == NULL)
        return weft_error_nomem(error);
    return sweep_folder(path, run_id, 0, error);
}
