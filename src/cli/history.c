/*
 * history.c - the file of history.h.
 */
#include "cli/history.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static char *folder_of(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        return weft_format("%s/weft", state);
    return home == NULL || home[0] != '/' ? NULL : weft_format("%s/.local/state/weft", home);
}

int weft_history_open(struct weft_history *history, struct weft_error *error)
{
    const char *named = getenv("WEFT_HISTORY");
    *history = (struct weft_history){0};
    if (named != NULL && named[0] == '\0')
        return 0;
    WEFT_CLEANUP(weft_freep) char *folder = named == NULL ? folder_of() : weft_path_dirname(named);
    if (folder == NULL)
        return 0; /* nowhere to keep it */
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    history->path = named == NULL ? weft_path_join(folder, "history") : weft_strdup(named);
    if (history->path != NULL)
        history->lock = weft_format("%s.lock", history->path);
    if (history->lock != NULL)
        return 0;
    weft_history_close(history);
    return weft_error_nomem(error);
}

void weft_history_close(struct weft_history *history)
{
    weft_free(history->path);
    weft_free(history->lock);
    *history = (struct weft_history){0};
}

/* ---- lines ---- */

static void line_encode(struct weft_buf *out, const char *entry, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (entry[i] == '\n')
            weft_buf_adds(out, "\\n");
        else if (entry[i] == '\\')
            weft_buf_adds(out, "\\\\");
        else
            weft_buf_addc(out, entry[i]);
    }
    weft_buf_addc(out, '\n');
}

static void line_decode(struct weft_buf *out, const char *line, size_t length)
{
    weft_buf_clear(out);
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\\' && i + 1 < length)
            i++;
        else if (line[i] != '\\') {
            weft_buf_addc(out, line[i]);
            continue;
        }
        weft_buf_addc(out, line[i] == 'n' ? '\n' : line[i]);
    }
}

/* Where the last so many lines begin. */
static size_t tail_start(const struct weft_buf *text, size_t lines, size_t bytes)
{
    size_t at = text->length, count = 0, start = text->length;
    while (at > 0) {
        at--;
        if (text->data[at] == '\n' && at + 1 < text->length) {
            if (++count > lines || text->length - at - 1 > bytes)
                return start;
            start = at + 1;
        }
    }
    return count + 1 > lines || text->length > bytes ? start : 0;
}

/* Half of what may be, so that it is not done each time. */
static int history_cut(struct weft_history *history, struct weft_buf *text,
                       struct weft_error *error)
{
    size_t lines = 0;
    for (size_t i = 0; i < text->length; i++)
        lines += text->data[i] == '\n';
    if (lines <= WEFT_HISTORY_ENTRIES_MAX && text->length <= WEFT_HISTORY_FILE_BYTES_MAX / 2)
        return 0;
    size_t start = tail_start(text, WEFT_HISTORY_ENTRIES_MAX / 2, WEFT_HISTORY_FILE_BYTES_MAX / 4);
    return weft_fs_write_file(history->path, text->data + start, text->length - start, error);
}

static int entries_tell(const struct weft_buf *text, weft_history_fn *fn, void *arg,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf entry;
    weft_buf_init(&entry, WEFT_HISTORY_ENTRY_BYTES_MAX);
    for (size_t at = 0; at < text->length;) {
        const char *end = memchr(text->data + at, '\n', text->length - at);
        if (end == NULL)
            return 0; /* broken off */
        size_t length = (size_t)(end - text->data) - at;
        line_decode(&entry, text->data + at, length);
        at += length + 1;
        if (entry.failed || entry.length == 0 || strlen(entry.data) != entry.length ||
            weft_utf8_valid(entry.data, entry.length) != entry.length)
            continue;
        WEFT_TRY(fn(arg, entry.data, error));
    }
    return 0;
}

int weft_history_read(struct weft_history *history, weft_history_fn *fn, void *arg,
                      struct weft_error *error)
{
    if (history->path == NULL)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_fd_close) int lock = -1;
    weft_buf_init(&text, 2 * WEFT_HISTORY_FILE_BYTES_MAX);
    WEFT_TRY(weft_fs_lock(history->lock, true, true, &lock, error));
    int rc = weft_fs_read_regular(history->path, WEFT_HISTORY_FILE_BYTES_MAX, &text, error);
    if (rc == WEFT_NOT_THERE)
        return 0;
    WEFT_TRY(rc);
    WEFT_TRY(history_cut(history, &text, error));
    return entries_tell(&text, fn, arg, error);
}

static int history_append(const char *path, const struct weft_buf *line, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    struct stat status;
    WEFT_TRY(weft_fs_open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW, &fd, error));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return weft_error_set(error, WEFT_E_IO, "%s is no regular file", path);
    if (status.st_size > (off_t)WEFT_HISTORY_FILE_BYTES_MAX - (off_t)line->length)
        return weft_error_set(error, WEFT_E_LIMIT, "%s is full until a shell begins", path);
    /* A shell that was killed in the middle of a line left it open. */
    char last = '\n';
    size_t got = 0;
    if (status.st_size > 0)
        WEFT_TRY(weft_fs_pread(fd, &last, 1, status.st_size - 1, &got, path, error));
    if (last != '\n')
        WEFT_TRY(weft_fs_write(fd, "\n", 1, path, error));
    return weft_fs_write(fd, line->data, line->length, path, error);
}

int weft_history_add(struct weft_history *history, const char *entry, size_t length,
                     struct weft_error *error)
{
    while (length > 0 && (entry[length - 1] == '\n' || entry[length - 1] == ' '))
        length--;
    if (length == 0 || entry[0] == ' ' || length > WEFT_HISTORY_ENTRY_BYTES_MAX)
        return WEFT_NOT_THERE;
    if (history->path == NULL)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    WEFT_CLEANUP(weft_fd_close) int lock = -1;
    weft_buf_init(&line, 2 * WEFT_HISTORY_ENTRY_BYTES_MAX + 2);
    line_encode(&line, entry, length);
    WEFT_TRY(weft_buf_check(&line, error));
    WEFT_TRY(weft_fs_lock(history->lock, true, true, &lock, error));
    return history_append(history->path, &line, error);
}
