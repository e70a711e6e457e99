/*
 * watch.c - see watch.h. inotify(7).
 *
 * IN_MODIFY is not asked for: an editor truncates a file and then writes it, and between the two it
 * is no file to look at; IN_CLOSE_WRITE comes when it is whole. A file that was only made is told
 * by its close too, but for links, which nobody closes.
 */
#include "base/watch.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define MASK                                                                                       \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ONLYDIR)
#define QUIET_MS 15
#define QUIET_MAX_US 250000
#define SLICE_MS 200 /* between looks whether to stop */
#define SLOW_US 1000000

struct weft_watch {
    int fd;
    const char *slow; /* why the clock serves; NULL = it does not */
    char **folders;   /* by number of the watch; NULL = gone */
    size_t count;
    size_t watched;
};

int weft_watch_new(struct weft_watch **out, struct weft_error *error)
{
    struct weft_watch *watch = weft_alloc(sizeof *watch);
    if (watch == NULL)
        return weft_error_nomem(error);
    *watch = (struct weft_watch){.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (watch->fd < 0) /* the clock serves too */
        watch->slow = errno == EMFILE ? "the limit fs.inotify.max_user_instances is reached"
                                      : "inotify is not to be had";
    *out = watch;
    return 0;
}

void weft_watch_free(struct weft_watch *watch)
{
    if (watch == NULL)
        return;
    weft_fd_close(&watch->fd);
    for (size_t i = 0; i < watch->count; i++)
        weft_free(watch->folders[i]);
    weft_free(watch->folders);
    weft_free(watch);
}

const char *weft_watch_slow(const struct weft_watch *watch)
{
    return watch->slow;
}

/* ---- folders ---- */

static int folder_keep(struct weft_watch *watch, size_t number, const char *path,
                       struct weft_error *error)
{
    if (number >= watch->count) {
        size_t count = WEFT_MAX(number + 1, watch->count * 2);
        char **folders = weft_alloc_array(count, sizeof *folders);
        if (folders == NULL)
            return weft_error_nomem(error);
        if (watch->count > 0)
            memcpy(folders, watch->folders, watch->count * sizeof *folders);
        weft_free(watch->folders);
        watch->folders = folders;
        watch->count = count;
    }
    char *copy = weft_strdup(path);
    if (copy == NULL)
        return weft_error_nomem(error);
    watch->watched += watch->folders[number] == NULL;
    weft_free(watch->folders[number]);
    watch->folders[number] = copy;
    return 0;
}

static int folder_add(struct weft_watch *watch, const char *path, struct weft_error *error)
{
    if (watch->fd < 0)
        return 0;
    if (watch->watched >= WEFT_WATCH_FOLDERS_MAX) {
        watch->slow = "there are too many folders";
        return 0;
    }
    int number = inotify_add_watch(watch->fd, path, MASK);
    if (number >= 0)
        return folder_keep(watch, (size_t)number, path, error);
    if (errno == ENOSPC)
        watch->slow = "the limit fs.inotify.max_user_watches is reached";
    else if (errno != ENOENT && errno != ENOTDIR) /* what went is told by the folder above it */
        watch->slow = "a folder cannot be watched";
    return 0;
}

static int folders_add(struct weft_watch *watch, const char *path, int depth,
                       struct weft_error *error)
{
    struct weft_fs_list list = {0};
    WEFT_TRY(folder_add(watch, path, error));
    if (depth == 0)
        return 0;
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (weft_fs_list(path, &list, &ignored) != 0) {
        weft_fs_list_free(&list);
        return 0;
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        WEFT_CLEANUP(weft_freep) char *below = weft_path_join(path, list.names[i]);
        if (below == NULL)
            rc = weft_error_nomem(error);
        else if (list.names[i][0] != '.' && weft_fs_is_dir(below))
            rc = folders_add(watch, below, depth - 1, error);
    }
    weft_fs_list_free(&list);
    return rc;
}

int weft_watch_add(struct weft_watch *watch, const char *folder, bool deep,
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_strdup(folder);
    while (path != NULL && !weft_fs_is_dir(path) && strcmp(path, "/") != 0 &&
           strcmp(path, ".") != 0) {
        char *above = weft_path_dirname(path);
        weft_free(path);
        path = above;
        deep = false;
    }
    if (path == NULL)
        return weft_error_nomem(error);
    if (weft_fs_is_network(path))
        watch->slow = "this is a network file system";
    return folders_add(watch, path, deep ? WEFT_WATCH_DEPTH_MAX : 0, error);
}

/* ---- waiting ---- */

/* A file that was only made is not whole yet; a link is. */
static bool made_counts(const struct weft_watch *watch, const struct inotify_event *event)
{
    struct stat state;
    if ((event->mask & IN_ISDIR) != 0)
        return true;
    if (event->len == 0 || (size_t)event->wd >= watch->count || watch->folders[event->wd] == NULL)
        return true;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(watch->folders[event->wd], event->name);
    return path != NULL && lstat(path, &state) == 0 &&
           (S_ISLNK(state.st_mode) || state.st_nlink > 1);
}

static bool event_counts(struct weft_watch *watch, const struct inotify_event *event)
{
    if ((event->mask & IN_IGNORED) != 0) {
        if ((size_t)event->wd < watch->count && watch->folders[event->wd] != NULL) {
            weft_free(watch->folders[event->wd]);
            watch->folders[event->wd] = NULL;
            watch->watched--;
        }
        return false;
    }
    return (event->mask & IN_CREATE) == 0 || made_counts(watch, event);
}

/* All that was told so far. */
static bool events_take(struct weft_watch *watch)
{
    char room[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool counts = false;
    ssize_t got;
    while ((got = read(watch->fd, room, sizeof room)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(room + at);
            counts = event_counts(watch, event) || counts;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return counts;
}

static bool wait_some(struct weft_watch *watch, int timeout_ms)
{
    struct pollfd poller = {.fd = watch->fd, .events = POLLIN};
    return poll(&poller, 1, timeout_ms) > 0 && events_take(watch);
}

int weft_watch_wait(struct weft_watch *watch, int64_t *since, struct weft_error *error)
{
    int64_t begun = weft_clock_mono_us();
    for (;;) {
        WEFT_TRY(weft_process_check_cancelled(error));
        if (wait_some(watch, SLICE_MS))
            break;
        if (watch->slow != NULL && weft_clock_mono_us() - begun >= SLOW_US)
            break;
    }
    *since = weft_clock_mono_us();
    while (weft_clock_mono_us() - *since < QUIET_MAX_US && wait_some(watch, QUIET_MS))
        WEFT_TRY(weft_process_check_cancelled(error));
    return 0;
}
