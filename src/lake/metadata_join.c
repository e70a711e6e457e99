/*
 * metadata_join.c - a metadata file from its pieces: its front, the old snapshots, the new one, the
 * old log, its new line. What is old is taken as it is, in memory or from file to file.
 */
#include "base/fs.h"
#include "base/random.h"
#include "lake/table_internal.h"

#include <fcntl.h>
#include <string.h>

/* A text, or bytes of the file before. */
struct piece {
    struct weft_str text;
    int64_t from;
    int64_t to;
};

enum { FRONT, OLD_SNAPSHOTS, MIDDLE, OLD_LOG, END, PIECES };

struct joining {
    const struct weft_table *table; /* before; NULL = none */
    struct weft_buf *front;
    struct weft_buf middle;
    struct weft_buf end;
    struct piece pieces[PIECES];
    struct weft_error *error;
};

static void rebuild_lines(struct weft_buf *out, yyjson_val *array)
{
    size_t i = 0;
    size_t max = 0;
    yyjson_val *value = NULL;
    yyjson_arr_foreach(array, i, max, value)
    {
        struct weft_json_writer writer;
        weft_json_writer_init(&writer, out);
        weft_buf_adds(out, i == 0 ? "\n" : ",\n");
        weft_json_put_value(&writer, value);
    }
}

static void add_log_line(struct weft_buf *out, bool first, int64_t timestamp_ms,
                         int64_t snapshot_id)
{
    weft_buf_addf(out, "%s{\"timestamp-ms\":%" PRId64 ",\"snapshot-id\":%" PRId64 "}",
                  first ? "\n" : ",\n", timestamp_ms, snapshot_id);
}

/* From what was read, not from its text: a reader of the lines counts on the members' order. */
static void rebuild_log(struct weft_buf *out, const struct weft_table *table)
{
    for (size_t i = 0; i < table->log_count; i++)
        add_log_line(out, i == 0, table->log[i].timestamp_ms, table->log[i].snapshot_id);
}

/* Are there snapshots and lines of the log before? */
static void old_counts(const struct weft_table *table, bool *snapshots, bool *log)
{
    const struct lake_window *window = table == NULL ? NULL : table->window;
    *snapshots = false;
    *log = false;
    if (window != NULL) {
        *snapshots = window->lines_end > window->lines_at;
        *log = window->log_end > window->log_at;
    } else if (table != NULL) {
        *snapshots = table->snapshot_count > 0;
        *log = table->log_count > 0;
    }
}

static void add_old_snapshots(struct joining *joining)
{
    const struct weft_table *table = joining->table;
    struct piece *piece = &joining->pieces[OLD_SNAPSHOTS];
    if (table == NULL)
        return;
    if (table->window != NULL)
        *piece = (struct piece){.from = table->window->lines_at, .to = table->window->lines_end};
    else if (table->snapshot_lines.data != NULL)
        piece->text = table->snapshot_lines;
    else
        rebuild_lines(joining->front, yyjson_obj_get(table->root, "snapshots"));
}

static void add_old_log(struct joining *joining)
{
    const struct weft_table *table = joining->table;
    struct piece *piece = &joining->pieces[OLD_LOG];
    if (table == NULL)
        return;
    if (table->window != NULL)
        *piece = (struct piece){.from = table->window->log_at, .to = table->window->log_end};
    else if (table->snapshot_lines.data != NULL)
        piece->text = table->log_lines;
    else
        rebuild_log(&joining->middle, table);
}

static int join(struct joining *joining, const struct lake_next *next)
{
    bool snapshots = false;
    bool log = false;
    old_counts(joining->table, &snapshots, &log);
    weft_buf_adds(joining->front, "," LAKE_SNAPSHOTS_HEAD);
    add_old_snapshots(joining);
    if (next->snapshot_json != NULL) {
        weft_buf_adds(&joining->middle, snapshots ? ",\n" : "\n");
        weft_buf_add(&joining->middle, next->snapshot_json, next->snapshot_length);
    }
    weft_buf_adds(&joining->middle, LAKE_LOG_HEAD);
    add_old_log(joining);
    if (next->snapshot_json != NULL)
        add_log_line(&joining->end, !log, next->now_ms, next->made->snapshot_id);
    weft_buf_adds(&joining->end, LAKE_FILE_END);
    WEFT_TRY(weft_buf_check(joining->front, joining->error));
    WEFT_TRY(weft_buf_check(&joining->middle, joining->error));
    WEFT_TRY(weft_buf_check(&joining->end, joining->error));
    joining->pieces[FRONT].text = (struct weft_str){joining->front->data, joining->front->length};
    joining->pieces[MIDDLE].text = (struct weft_str){joining->middle.data, joining->middle.length};
    joining->pieces[END].text = (struct weft_str){joining->end.data, joining->end.length};
    return 0;
}

static int check_length(const struct joining *joining)
{
    uint64_t length = 0;
    for (size_t i = 0; i < PIECES; i++)
        length += joining->pieces[i].text.length +
                  (uint64_t)(joining->pieces[i].to - joining->pieces[i].from);
    if (length <= LAKE_METADATA_MAX)
        return 0;
    return weft_error_set(joining->error, WEFT_E_LIMIT,
                          "the table's metadata would have more than %zu bytes", LAKE_METADATA_MAX);
}

static int write_pieces(const struct joining *joining, const char *path)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT | O_EXCL, &fd, joining->error));
    for (size_t i = 0; i < PIECES; i++) {
        const struct piece *piece = &joining->pieces[i];
        if (piece->text.length > 0)
            WEFT_TRY(weft_fs_write(fd, piece->text.data, piece->text.length, path, joining->error));
        if (piece->to > piece->from)
            WEFT_TRY(
                lake_window_copy(joining->table, piece->from, piece->to, fd, path, joining->error));
    }
    return weft_fs_sync(fd, path, joining->error);
}

/* Temporary name, sync, rename, sync of the folder, as weft_fs_write_file does it. */
static int write_file(const struct joining *joining, const char *path)
{
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_uuid(id, joining->error));
    WEFT_CLEANUP(weft_freep) char *temporary = weft_format("%s.%s.tmp", path, id);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
    if (temporary == NULL || folder == NULL)
        return weft_error_nomem(joining->error);
    int rc = write_pieces(joining, temporary);
    if (rc == 0)
        rc = weft_fs_rename(temporary, path, joining->error);
    if (rc < 0) {
        struct weft_error ignored = WEFT_ERROR_INIT; /* the sweep of the run takes it too */
        int removed = weft_fs_unlink(temporary, &ignored);
        (void)removed;
        return rc;
    }
    return weft_fs_sync_path(folder, joining->error);
}

int lake_lines_write(const struct lake_next *next, const char *path, struct weft_buf *front,
                     struct weft_error *error)
{
    struct joining joining = {.table = next->table, .front = front, .error = error};
    weft_buf_init(&joining.middle, LAKE_METADATA_MAX);
    weft_buf_init(&joining.end, LAKE_METADATA_MAX);
    int rc = join(&joining, next);
    if (rc == 0)
        rc = check_length(&joining);
    if (rc == 0)
        rc = write_file(&joining, path);
    weft_buf_release(&joining.middle);
    weft_buf_release(&joining.end);
    return rc;
}
