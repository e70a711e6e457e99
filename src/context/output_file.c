/*
 * output_file.c - where `query -o FILE` writes.
 *
 * A regular file, or one that is not there yet, is made under a temporary name in the target's own
 * folder and renamed when the last row is out: the old file stays until then, and for good when the
 * query fails. Links are followed. Whatever else has a name (a device, a pipe) is written through:
 * renaming over it would replace it.
 */
#include "context/output_file.h"

#include "base/fault.h"
#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

/* Follows symbolic links, also one whose file is not there yet. */
static int links_follow(struct weft_arena *arena, const char *name, const char **out,
                        struct weft_error *error)
{
    char text[PATH_MAX];
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t length = readlink(name, text, sizeof text - 1);
        if (length < 0) {
            *out = name;
            return 0;
        }
        text[length] = '\0';
        WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(name);
        WEFT_CLEANUP(weft_freep) char *next = folder == NULL ? NULL : weft_path_join(folder, text);
        name = next == NULL ? NULL : weft_arena_strdup(arena, next);
        if (name == NULL)
            return weft_error_nomem(error);
    }
    return weft_error_set(error, WEFT_E_IO, "%s: too many symbolic links", name);
}

/* What a shell's redirection would give: weft's own files are for their owner only, results are
 * not. */
static mode_t mode_usual(void)
{
    mode_t mask = umask(077);
    umask(mask);
    return 0666 & ~mask;
}

static int through_open(struct weft_output_file *target, struct weft_error *error)
{
    return weft_fs_open(target->shown, O_WRONLY, &target->fd, error);
}

/* The home's own files are not to be written over, whoever may. */
static int home_refused(const char *home, const char *name, struct weft_error *error)
{
    struct stat status;
    if (home == NULL || (stat(home, &status) != 0 && errno == ENOENT) ||
        !weft_fs_inside(name, home))
        return 0;
    weft_error_set(error, WEFT_E_REFUSED, "%s lies in the home", name);
    return weft_error_hint(error, "write the result somewhere else");
}

static int beside_open(struct weft_arena *arena, struct weft_output_file *target, mode_t mode,
                       struct weft_error *error)
{
    char id[WEFT_UUID_TEXT];
    struct weft_error own = WEFT_ERROR_INIT;
    WEFT_TRY(weft_uuid(id, error));
    WEFT_TRY(links_follow(arena, target->shown, &target->path, error));
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(target->path);
    if (folder != NULL)
        target->temp = weft_arena_format(arena, "%s/.%s.weft", folder, id);
    if (target->temp == NULL)
        return weft_error_nomem(error);
    errno = 0;
    int rc = weft_fs_open(target->temp, O_WRONLY | O_CREAT | O_EXCL, &target->fd, &own);
    if (rc == 0 && fchmod(target->fd, mode) != 0)
        rc = -1;
    if (rc == 0)
        return 0;
    return weft_error_errno(error, WEFT_E_IO, errno, "cannot write %s", target->shown);
}

int weft_output_file_open(struct weft_arena *arena, const char *home, const char *name,
                          struct weft_output_file *target, struct weft_error *error)
{
    struct stat status;
    *target = (struct weft_output_file){.shown = name, .fd = -1};
    WEFT_TRY(home_refused(home, name, error));
    if (stat(name, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            weft_error_set(error, WEFT_E_USAGE, "%s is a folder", name);
            return weft_error_hint(error, "name a file, as in -o result.csv");
        }
        if (!S_ISREG(status.st_mode))
            return through_open(target, error);
        return beside_open(arena, target, status.st_mode & 0777, error);
    }
    if (errno != ENOENT)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot write %s", name);
    return beside_open(arena, target, mode_usual(), error);
}

int weft_output_file_end(struct weft_output_file *target, int rc, struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_fd_close(&target->fd);
    if (target->temp == NULL)
        return rc;
    const char *temp = target->temp;
    if (rc == 0 && weft_fault_point("target.rename"))
        rc = weft_error_set(error, WEFT_E_IO, "stopped at target.rename");
    if (rc == 0)
        rc = weft_fs_rename(temp, target->path, error);
    if (rc == 0)
        target->temp = NULL;
    else if (weft_fs_unlink(temp, &ignored) < 0)
        return -1;
    return rc;
}
