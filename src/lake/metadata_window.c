/*
 * metadata_window.c - the two ends of a large metadata file.
 *
 * A commit to a table of 10,000 snapshots needs of its 8 MB of metadata the head and the last
 * snapshot; the lines in between go into the next file as they are. So only the head and the last
 * lines are read, and the bytes between are copied from file to file. Whoever asks for an older
 * snapshot, or for all, has the rest read then: the file is immutable, and is not removed while a
 * reader's slot is there.
 */
#include "lake/table_internal.h"

#include <string.h>

#define FIRST_HEAD ((size_t)64 << 10)
#define FIRST_TAIL ((size_t)256 << 10)
#define RECENT ((int64_t)64 << 10)
#define COPY_BLOCK ((size_t)256 << 10)

struct opening {
    struct weft_arena *arena;
    const char *path;
    int fd;
    struct lake_window *window;
    struct weft_error *error;
};

static int read_range(const struct opening *opening, int64_t from, size_t length, char *out)
{
    size_t done = 0;
    while (done < length) {
        size_t got = 0;
        WEFT_TRY(weft_fs_pread(opening->fd, out + done, length - done, from + (int64_t)done, &got,
                               opening->path, opening->error));
        if (got == 0)
            return weft_error_set(opening->error, WEFT_E_CORRUPT, "%s was cut", opening->path);
        done += got;
    }
    return 0;
}

/* Where the marker begins in the first or last `length` bytes; longer pieces until it is there. On
 * success the piece, which the caller frees, begins at *from. */
static int find_marker(const struct opening *opening, bool front, size_t length, const char *marker,
                       char **piece, int64_t *from, int64_t *at)
{
    int64_t size = opening->window->identity.size;
    for (;; length *= 4) {
        length = WEFT_MIN(length, (size_t)size);
        char *text = weft_alloc(length);
        if (text == NULL)
            return weft_error_nomem(opening->error);
        *from = front ? 0 : size - (int64_t)length;
        int rc = read_range(opening, *from, length, text);
        const char *found = rc < 0 ? NULL : memmem(text, length, marker, strlen(marker));
        if (found != NULL) {
            *piece = text;
            *at = *from + (found - text);
            return 0;
        }
        weft_free(text);
        if (rc < 0 || length == (size_t)size)
            return rc < 0 ? rc : WEFT_NOT_THERE;
    }
}

static int open_head(const struct opening *opening, struct weft_str *head)
{
    static const char marker[] = "," LAKE_SNAPSHOTS_HEAD;
    char *piece = NULL;
    int64_t from = 0;
    int64_t at = 0;
    int rc = find_marker(opening, true, FIRST_HEAD, marker, &piece, &from, &at);
    if (rc != 0)
        return rc;
    char *closed = weft_arena_alloc(opening->arena, (size_t)at + 2);
    if (closed != NULL) {
        memcpy(closed, piece, (size_t)at);
        closed[at] = '}';
        *head = (struct weft_str){closed, (size_t)at + 1};
    }
    weft_free(piece);
    opening->window->lines_at = at + (int64_t)sizeof marker - 1;
    return closed == NULL ? weft_error_nomem(opening->error) : 0;
}

static int open_tail(const struct opening *opening)
{
    struct lake_window *window = opening->window;
    char *piece = NULL;
    int64_t from = 0;
    size_t end = sizeof LAKE_FILE_END - 1;
    int rc =
        find_marker(opening, false, FIRST_TAIL, LAKE_LOG_HEAD, &piece, &from, &window->lines_end);
    if (rc != 0)
        return rc;
    size_t length = (size_t)(window->identity.size - from);
    window->log_at = window->lines_end + (int64_t)sizeof LAKE_LOG_HEAD - 1;
    window->log_end = window->identity.size - (int64_t)end;
    bool whole = window->lines_end >= window->lines_at && window->log_end >= window->log_at &&
                 memcmp(piece + length - end, LAKE_FILE_END, end) == 0;
    weft_free(piece);
    return whole ? 0 : WEFT_NOT_THERE;
}

/* The last whole lines of snapshots. */
static int open_recent(const struct opening *opening)
{
    struct lake_window *window = opening->window;
    int64_t from = WEFT_MAX(window->lines_at, window->lines_end - RECENT);
    size_t length = (size_t)(window->lines_end - from);
    char *text = weft_arena_alloc(opening->arena, length + 1);
    if (text == NULL)
        return weft_error_nomem(opening->error);
    WEFT_TRY(read_range(opening, from, length, text));
    const char *start = memchr(text, '\n', length);
    struct weft_str lines = {start, start == NULL ? 0 : length - (size_t)(start - text)};
    return lake_lines_slots(opening->arena, lines, &window->recent, &window->recent_count,
                            opening->error);
}

static int open_ends(struct opening *opening, struct weft_str *head)
{
    WEFT_TRY(weft_fs_open_regular(opening->path, &opening->fd, opening->error));
    WEFT_TRY(weft_fs_identity_fd(opening->fd, &opening->window->identity, opening->path,
                                 opening->error));
    int64_t size = opening->window->identity.size;
    if (size < LAKE_WINDOW_MIN || size > (int64_t)LAKE_METADATA_MAX)
        return WEFT_NOT_THERE;
    int rc = open_head(opening, head);
    if (rc == 0)
        rc = open_tail(opening);
    return rc == 0 ? open_recent(opening) : rc;
}

int lake_window_open(struct weft_arena *arena, const char *home, const char *metadata_path,
                     struct lake_window **out, struct weft_str *head, struct weft_error *error)
{
    struct opening opening = {.arena = arena, .fd = -1, .error = error};
    opening.path = weft_arena_format(arena, "%s/%s", home, metadata_path);
    opening.window = weft_arena_alloc(arena, sizeof *opening.window);
    if (opening.path == NULL || opening.window == NULL)
        return weft_error_nomem(error);
    *opening.window = (struct lake_window){.home = weft_arena_strdup(arena, home)};
    if (opening.window->home == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(opening.path))
        return WEFT_NOT_THERE;
    int rc = open_ends(&opening, head);
    weft_fd_close(&opening.fd);
    if (rc == 0)
        *out = opening.window;
    return rc;
}

/* ---- the rest ---- */

/* The same file again. */
static int reopen(const struct weft_table *table, struct opening *opening)
{
    struct weft_fs_identity now;
    opening->arena = table->arena;
    opening->window = table->window;
    opening->path =
        weft_arena_format(table->arena, "%s/%s", table->window->home, table->metadata_path);
    if (opening->path == NULL)
        return weft_error_nomem(opening->error);
    WEFT_TRY(weft_fs_open_regular(opening->path, &opening->fd, opening->error));
    WEFT_TRY(weft_fs_identity_fd(opening->fd, &now, opening->path, opening->error));
    if (weft_fs_identity_equal(&now, &table->window->identity))
        return 0;
    return weft_error_set(opening->error, WEFT_E_CORRUPT, "%s was changed while it was read",
                          table->metadata_path);
}

static void free_text(void *text)
{
    weft_free(text);
}

static int read_rest(const struct weft_table *table, const struct opening *opening)
{
    const struct lake_window *window = table->window;
    size_t length = (size_t)(window->log_end - window->lines_at);
    char *text = weft_alloc(length + 1);
    if (text == NULL || weft_arena_at_end(table->arena, free_text, text) < 0) {
        weft_free(text);
        return weft_error_nomem(opening->error);
    }
    WEFT_TRY(read_range(opening, window->lines_at, length, text));
    table->self->snapshot_lines =
        (struct weft_str){text, (size_t)(window->lines_end - window->lines_at)};
    table->self->log_lines = (struct weft_str){text + (window->log_at - window->lines_at),
                                               (size_t)(window->log_end - window->log_at)};
    return lake_lines_index(table->arena, table->self, opening->error);
}

int lake_window_widen(const struct weft_table *table, struct weft_error *error)
{
    if (table->window == NULL)
        return 0;
    struct opening opening = {.fd = -1, .error = error};
    int rc = reopen(table, &opening);
    if (rc == 0)
        rc = read_rest(table, &opening);
    weft_fd_close(&opening.fd);
    if (rc == 0)
        table->self->window = NULL;
    return rc;
}

int lake_window_find(const struct weft_table *table, int64_t snapshot_id,
                     const struct weft_snapshot **out, struct weft_error *error)
{
    const struct lake_window *window = table->window;
    for (size_t i = window->recent_count; i > 0; i--) {
        struct lake_snapshot *slot = &window->recent[i - 1];
        if (!lake_line_may_be(slot, snapshot_id))
            continue;
        WEFT_TRY(lake_slot_read(table, slot, error));
        if (slot->snapshot.snapshot_id == snapshot_id) {
            *out = &slot->snapshot;
            return 0;
        }
    }
    return WEFT_NOT_THERE;
}

static int copy_blocks(const struct opening *opening, int64_t from, int64_t to, int fd,
                       const char *path, char *block)
{
    while (from < to) {
        size_t length = (size_t)WEFT_MIN((int64_t)COPY_BLOCK, to - from);
        WEFT_TRY(read_range(opening, from, length, block));
        WEFT_TRY(weft_fs_write(fd, block, length, path, opening->error));
        from += (int64_t)length;
    }
    return 0;
}

int lake_window_copy(const struct weft_table *table, int64_t from, int64_t to, int fd,
                     const char *path, struct weft_error *error)
{
    struct opening opening = {.fd = -1, .error = error};
    char *block = weft_alloc(COPY_BLOCK);
    int rc = block == NULL ? weft_error_nomem(error) : reopen(table, &opening);
    if (rc == 0)
        rc = copy_blocks(&opening, from, to, fd, path, block);
    weft_fd_close(&opening.fd);
    weft_free(block);
    return rc;
}
