/*
 * temp.c - see temp.h.
 */
#include "context/temp.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of this user whose process was killed. */
static bool is_left(const char *name, const char *prefix, const char *path)
{
    int pid = 0;
    unsigned long long start = 0;
    struct stat info;
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    return strncmp(name, prefix, strlen(prefix)) == 0 &&
           sscanf(name + strlen(prefix), "%d-%llu-", &pid, &start) == 2 &&
           !weft_process_alive(pid, start) && lstat(path, &info) == 0 && S_ISDIR(info.st_mode) &&
           info.st_uid == geteuid() && weft_fs_lock_folder(path, true, false, &fd, &ignored) == 0;
}

static void sweep(const char *base, const char *prefix)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_fs_list list = {0};
    if (weft_fs_list(base, &list, &ignored) == 0) {
        for (size_t i = 0; i < list.count; i++) {
            WEFT_CLEANUP(weft_freep) char *path = weft_path_join(base, list.names[i]);
            if (path != NULL && is_left(list.names[i], prefix, path))
                (void)!weft_fs_remove_tree(path, &ignored);
        }
    }
    weft_fs_list_free(&list);
}

int weft_temp_make(const char *base, const char *prefix, struct weft_temp *temp,
                   struct weft_error *error)
{
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_uuid(id, error));
    sweep(base, prefix);
    *temp = (struct weft_temp){.lock = -1};
    temp->path = weft_format("%s/%s%d-%" PRIu64 "-%s", base, prefix, (int)getpid(),
                             weft_process_start_time(getpid()), id);
    if (temp->path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(temp->path, error));
    int rc = weft_fs_lock_folder(temp->path, true, false, &temp->lock, error);
    return rc < 0 ? rc : 0;
}

void weft_temp_remove(struct weft_temp *temp)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (temp->path == NULL)
        return;
    (void)!weft_fs_remove_tree(temp->path, &ignored);
    weft_fd_close(&temp->lock);
    weft_free(temp->path);
    *temp = (struct weft_temp){.lock = -1};
}
