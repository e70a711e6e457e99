/*
 * fs.c - the file layer of fs.h: whole files, paths, lists. The single calls are in fs_call.c.
 */
#include "base/fs.h"

#include "base/mem.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BLOCK 65536

static int read_all(int fd, const char *path, size_t max, struct weft_buf *out,
                    struct weft_error *error)
{
    size_t start = out->length;
    for (;;) {
        /* One byte more than allowed tells a file that is too large: in the buffer if it may hold
         * it, else beside it. */
        size_t left = max - (out->length - start), space = out->max - out->length;
        size_t want = WEFT_MIN(left < READ_BLOCK ? left + 1 : READ_BLOCK, WEFT_MAX(space, 1));
        char beside, *room = space == 0 ? &beside : weft_buf_room(out, want);
        if (room == NULL)
            return weft_buf_check(out, error);
        size_t got = 0;
        WEFT_TRY(weft_fs_read(fd, room, want, &got, path, error));
        if (got == 0)
            return 0;
        if (room != &beside) {
            out->length += got;
            out->data[out->length] = '\0';
        }
        if (room == &beside || out->length - start > max)
            return weft_error_set(error, WEFT_E_LIMIT, "%s is larger than %zu bytes", path, max);
    }
}

int weft_fs_read_file(const char *path, size_t max, struct weft_buf *out, struct weft_error *error)
{
    if (!weft_fs_exists(path))
        return WEFT_NOT_THERE;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    return read_all(fd, path, max, out, error);
}

int weft_fs_read_regular(const char *path, size_t max, struct weft_buf *out,
                         struct weft_error *error)
{
    if (!weft_fs_exists(path))
        return WEFT_NOT_THERE;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open_regular(path, &fd, error));
    return read_all(fd, path, max, out, error);
}

static int write_synced(const char *path, const void *data, size_t length, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT | O_EXCL, &fd, error));
    WEFT_TRY(weft_fs_write(fd, data, length, path, error));
    return weft_fs_sync(fd, path, error);
}

static int sync_parent(const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *dir = weft_path_dirname(path);
    if (dir == NULL)
        return weft_error_nomem(error);
    return weft_fs_sync_path(dir, error);
}

int weft_fs_write_file(const char *path, const void *data, size_t length, struct weft_error *error)
{
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_uuid(id, error));
    WEFT_CLEANUP(weft_freep) char *temporary = weft_format("%s.%s.tmp", path, id);
    if (temporary == NULL)
        return weft_error_nomem(error);
    int rc = write_synced(temporary, data, length, error);
    if (rc == 0)
        rc = weft_fs_rename(temporary, path, error);
    if (rc < 0) {
        (unlink)(temporary);
        return rc;
    }
    return sync_parent(path, error);
}

int weft_fs_write_new(const char *path, const void *data, size_t length, struct weft_error *error)
{
    int rc = write_synced(path, data, length, error);
    if (rc < 0)
        (unlink)(path);
    return rc;
}

static int copy_file(const char *from, const char *to, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int in = -1;
    WEFT_CLEANUP(weft_fd_close) int out = -1;
    WEFT_TRY(weft_fs_open(from, O_RDONLY, &in, error));
    WEFT_TRY(weft_fs_open(to, O_WRONLY | O_CREAT | O_EXCL, &out, error));
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(1 << 20);
    if (block == NULL)
        return weft_error_nomem(error);
    for (;;) {
        size_t got = 0;
        WEFT_TRY(weft_fs_read(in, block, 1 << 20, &got, from, error));
        if (got == 0)
            return weft_fs_sync(out, to, error);
        WEFT_TRY(weft_fs_write(out, block, got, to, error));
    }
}

static int move_across(const char *from, const char *to, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *part = weft_format("%s.part", to);
    if (part == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_unlink(part, error));
    int rc = copy_file(from, part, error);
    if (rc == 0)
        rc = weft_fs_rename(part, to, error);
    if (rc < 0) {
        (unlink)(part);
        return rc;
    }
    return weft_fs_unlink(from, error);
}

int weft_fs_move(const char *from, const char *to, struct weft_error *error)
{
    if (weft_fs_exists(to))
        return weft_error_set(error, WEFT_E_CONFLICT, "%s is there already", to);
    struct stat source, target;
    WEFT_CLEANUP(weft_freep) char *dir = weft_path_dirname(to);
    if (dir == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(dir, error));
    bool same =
        stat(from, &source) == 0 && stat(dir, &target) == 0 && source.st_dev == target.st_dev;
    WEFT_TRY(same ? weft_fs_rename(from, to, error) : move_across(from, to, error));
    WEFT_TRY(sync_parent(to, error));
    return sync_parent(from, error);
}

/* ---- lists ---- */

static int list_add(struct weft_fs_list *list, const char *name)
{
    if (weft_array_reserve(&list->names, &list->capacity, list->count + 1, sizeof *list->names) < 0)
        return -1;
    list->names[list->count] = weft_strdup(name);
    if (list->names[list->count] == NULL)
        return -1;
    list->count++;
    return 0;
}

void weft_fs_list_free(struct weft_fs_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        weft_free(list->names[i]);
    weft_free(list->names);
    *list = (struct weft_fs_list){0};
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_sort(struct weft_fs_list *list)
{
    if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, name_compare);
}

int weft_fs_list(const char *path, struct weft_fs_list *list, struct weft_error *error)
{
    *list = (struct weft_fs_list){0};
    DIR *dir = opendir(path);
    if (dir == NULL && errno == ENOENT)
        return WEFT_NOT_THERE;
    if (dir == NULL)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot list %s", path);
    int rc = 0, errnum = 0;
    while (rc == 0) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        errnum = errno;
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = list_add(list, entry->d_name);
    }
    closedir(dir);
    if (rc < 0 || errnum != 0) {
        weft_fs_list_free(list);
        return rc < 0 ? weft_error_nomem(error)
                      : weft_error_errno(error, WEFT_E_IO, errnum, "cannot list %s", path);
    }
    list_sort(list);
    return 0;
}

int weft_fs_glob(const char *pattern, struct weft_fs_list *list, struct weft_error *error)
{
    *list = (struct weft_fs_list){0};
    glob_t found;
    int rc = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (rc == GLOB_NOMATCH)
        return 0;
    if (rc != 0)
        return weft_error_set(error, WEFT_E_IO, "cannot list the files of %s", pattern);
    for (size_t i = 0; i < found.gl_pathc && rc == 0; i++) {
        /* Nothing else has an end: a pipe that nobody writes to would be waited for. A link to
         * nowhere is named by who opens it. */
        if (weft_fs_is_file(found.gl_pathv[i]) || !weft_fs_exists(found.gl_pathv[i]))
            rc = list_add(list, found.gl_pathv[i]);
    }
    globfree(&found);
    if (rc < 0) {
        weft_fs_list_free(list);
        return weft_error_nomem(error);
    }
    list_sort(list);
    return 0;
}

int weft_fs_remove_tree(const char *path, struct weft_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return 0;
    if (!S_ISDIR(info.st_mode))
        return weft_fs_unlink(path, error);
    struct weft_fs_list list;
    int rc = weft_fs_list(path, &list, error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        WEFT_CLEANUP(weft_freep) char *child = weft_path_join(path, list.names[i]);
        rc = child == NULL ? weft_error_nomem(error) : weft_fs_remove_tree(child, error);
    }
    weft_fs_list_free(&list);
    return rc < 0 ? rc : weft_fs_rmdir(path, error);
}

/* ---- paths ---- */

char *weft_path_join(const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0)
        return weft_strdup(name);
    size_t length = strlen(dir);
    return weft_format(length > 0 && dir[length - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}

char *weft_path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return weft_strdup(".");
    return weft_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *weft_path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Appends the parts of `path` to buf, which holds an absolute path without a last slash. */
static void path_add_parts(struct weft_buf *buf, const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            const char *slash = buf->length == 0 ? NULL : strrchr(buf->data, '/');
            if (slash != NULL)
                weft_buf_shrink(buf, (size_t)(slash - buf->data));
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            weft_buf_addc(buf, '/');
            weft_buf_add(buf, path, length);
        }
        path += length;
        path += strspn(path, "/");
    }
}

int weft_path_absolute(const char *path, char **out, struct weft_error *error)
{
    struct weft_buf buf;
    weft_buf_init(&buf, 65536);
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (getcwd(here, sizeof here) == NULL)
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot tell the working folder");
        path_add_parts(&buf, here);
    }
    path_add_parts(&buf, path);
    if (buf.length == 0)
        weft_buf_addc(&buf, '/');
    char *text = weft_buf_steal(&buf);
    weft_buf_release(&buf);
    if (text == NULL)
        return weft_error_nomem(error);
    *out = text;
    return 0;
}

int weft_path_program(char **out, struct weft_error *error)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot find this program's own file");
    path[length] = '\0';
    char *copy = weft_strdup(path);
    if (copy == NULL)
        return weft_error_nomem(error);
    *out = copy;
    return 0;
}

/* Where a link leads that leads to nothing yet: what opens it to write makes it there. */
static char *link_follow(const char *path, bool *is_link)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    *is_link = length > 0;
    if (!*is_link)
        return NULL;
    target[length] = '\0';
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
    return folder == NULL ? NULL : weft_path_join(folder, target);
}

bool weft_fs_inside(const char *path, const char *folder)
{
    char real[PATH_MAX], root[PATH_MAX];
    WEFT_CLEANUP(weft_freep) char *at = weft_strdup(path);
    if (at == NULL || realpath(folder, root) == NULL)
        return true;
    for (int steps = 0; realpath(at, real) == NULL; steps++) {
        bool is_link = false;
        if ((errno != ENOENT && errno != ENOTDIR) || steps >= PATH_MAX)
            return true;
        char *next = link_follow(at, &is_link);
        if (!is_link)
            next = weft_path_dirname(at);
        if (next == NULL || strcmp(next, at) == 0) {
            weft_free(next);
            return true;
        }
        weft_free(at);
        at = next;
    }
    size_t length = strlen(root);
    return strncmp(real, root, length) == 0 && (real[length] == '/' || real[length] == '\0');
}
