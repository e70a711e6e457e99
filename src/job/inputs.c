/*
 * inputs.c - which files a run reads, and which of them are known already.
 *
 * Same path and same identity (size, times, inode) as at the last time = the same content, without
 * reading. Otherwise the content's hash decides; a file is hashed before it is loaded only when its
 * size equals that of a known file, else it cannot be one.
 */
#include "job/work_internal.h"

#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define HASH_CHUNK ((size_t)1 << 20)

/* ---- what is known ---- */

static int text_or_null(struct job_work *work, struct weft_stmt *stmt, int column, const char **out,
                        struct weft_error *error)
{
    const char *text = weft_stmt_column_text(stmt, column);
    *out = text == NULL ? NULL : weft_arena_strdup(work->arena, text);
    return text != NULL && *out == NULL ? weft_error_nomem(error) : 0;
}

static int known_take(struct job_work *work, struct weft_stmt *stmt, size_t *capacity,
                      struct weft_error *error)
{
    if (weft_arena_reserve(work->arena, &work->known, capacity, work->known_count + 1,
                           sizeof *work->known) < 0)
        return weft_error_nomem(error);
    struct job_known *known = &work->known[work->known_count++];
    *known =
        (struct job_known){.port = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 0)),
                           .path = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 1)),
                           .hash = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 2)),
                           .identity = {.size = weft_stmt_column_int(stmt, 3),
                                        .device = (uint64_t)weft_stmt_column_int(stmt, 4),
                                        .inode = (uint64_t)weft_stmt_column_int(stmt, 5),
                                        .modified_ns = weft_stmt_column_int(stmt, 6),
                                        .changed_ns = weft_stmt_column_int(stmt, 7)},
                           .records = weft_stmt_column_int(stmt, 8),
                           .past = weft_stmt_column_int(stmt, 9) != 0};
    if (known->port == NULL || known->path == NULL || known->hash == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(text_or_null(work, stmt, 10, &known->etag, error));
    return text_or_null(work, stmt, 11, &known->last_modified, error);
}

static int known_load(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t capacity = 0;
    int rc = 0;
    WEFT_TRY(weft_ledger_open(work->job->home, WEFT_LEDGER_READ_ONLY, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_stmt_prepare(
        txn,
        "SELECT port, path, hash, size, device, inode, modified_ns, "
        "changed_ns, records, replaced, etag, last_modified FROM flow_inputs WHERE product = ?1 "
        "AND (seq_to IS NULL OR replaced = 1) ORDER BY seq_from, path",
        &stmt, error));
    weft_stmt_bind_text(stmt, 1, work->job->table);
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        /* Of several ports each knows its own files. */
        if (work->parent == NULL || strcmp(weft_stmt_column_text(stmt, 0), work->input->name) == 0)
            WEFT_TRY(known_take(work, stmt, &capacity, error));
    }
    return rc < 0 ? rc : 0;
}

const struct job_known *job_known_by_path(const struct job_work *work, const char *path)
{
    const struct job_known *found = NULL;
    for (size_t i = 0; i < work->known_count; i++) {
        if (!work->known[i].past && strcmp(work->known[i].path, path) == 0)
            found = &work->known[i]; /* the newest */
    }
    return found;
}

static const struct job_known *known_by_hash(const struct job_work *work, const char *hash)
{
    for (size_t i = 0; i < work->known_count; i++) {
        if (strcmp(work->known[i].hash, hash) == 0)
            return &work->known[i];
    }
    return NULL;
}

static bool known_size(const struct job_work *work, int64_t size)
{
    for (size_t i = 0; i < work->known_count; i++) {
        if (work->known[i].identity.size == size)
            return true;
    }
    return false;
}

/* ---- commands that are proposed ---- */

/* As a shell takes it. Standard input is "-". */
static void argument_put(struct weft_buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_./@%+=:,-";
    if (strcmp(text, "standard input") == 0)
        text = "-";
    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        weft_buf_adds(out, text);
        return;
    }
    weft_buf_addc(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            weft_buf_adds(out, "'\\'");
        weft_buf_addc(out, *text);
    }
    weft_buf_addc(out, '\'');
}

/* A hint "`weft VERB PRODUCT[ OPTION] FILE[ END]`WHAT". */
static int command_hint(const struct job_work *work, const char *begin, const char *option,
                        const char *file, const char *end, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_buf_init(&text, 65536);
    weft_buf_addf(&text, "`weft %s %s %s", begin, job->name != NULL ? job->name : job->table,
                  option);
    argument_put(&text, file);
    weft_buf_adds(&text, end);
    if (weft_buf_check(&text, &ignored) < 0)
        return -1; /* the error itself is there */
    return weft_error_hint(error, "%s", text.data);
}

int job_bad_file_hint(struct job_work *work, struct weft_error *error)
{
    const struct job_file *bad = NULL;
    size_t waiting = 0;
    for (size_t i = 0; i < work->file_count; i++) {
        if (work->files[i].out.state == WEFT_FILE_BAD)
            bad = &work->files[i];
        else
            waiting += work->files[i].read;
    }
    if (bad == NULL || waiting == 0 || work->job->mode == WEFT_JOB_LOAD)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_buf_init(&text, 65536);
    weft_buf_addf(&text, "%s%s%zu other file%s wait%s for it: mend it, or move it out of the way",
                  error->hint, error->hint[0] == '\0' ? "" : "; ", waiting, waiting == 1 ? "" : "s",
                  waiting == 1 ? "s" : "");
    if (work->input->error != NULL) {
        weft_buf_adds(&text, ", to the input's folder `error:`, which is ");
        weft_buf_adds(&text, work->input->error);
    }
    return weft_buf_check(&text, &ignored) < 0 ? -1 : weft_error_hint(error, "%s", text.data);
}

/* ---- which files ---- */

int job_file_append(struct job_work *work, const struct job_file *from, const char *port,
                    const char *path, const char *shown, struct weft_error *error)
{
    if (weft_arena_reserve(work->arena, &work->files, &work->file_capacity, work->file_count + 1,
                           sizeof *work->files) < 0)
        return weft_error_nomem(error);
    struct job_file *file = &work->files[work->file_count];
    *file = *from;
    file->read = true;
    file->out.state = WEFT_FILE_READ;
    file->out.port = weft_arena_strdup(work->arena, port);
    file->out.path = weft_arena_strdup(work->arena, path);
    file->out.shown = weft_arena_strdup(work->arena, shown);
    if (file->out.port == NULL || file->out.path == NULL || file->out.shown == NULL)
        return weft_error_nomem(error);
    if (!file->url)
        file->local = file->out.path;
    work->file_count++;
    return 0;
}

static int file_add(struct job_work *work, const char *port, const char *path, const char *shown,
                    bool again, struct weft_error *error)
{
    struct weft_fs_identity identity;
    int rc = weft_fs_identity(path, &identity, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_INPUT, "there is no file %s", shown);
        return work->job->mode == WEFT_JOB_LOAD
                   ? -1
                   : weft_error_hint(error, "a link of that name leads nowhere, or the file was "
                                            "taken away just now");
    }
    if (!weft_fs_is_file(path))
        return weft_error_set(error, WEFT_E_INPUT, "%s is no regular file", shown);
    /* The name stands in the ledger and beside each row set aside. */
    if (weft_utf8_valid(path, strlen(path)) != strlen(path)) {
        weft_error_set(error, WEFT_E_INPUT, "the name of a file is not UTF-8: %s", shown);
        return weft_error_hint(error, "rename it");
    }
    struct job_file file = {.again = again,
                            .out = {.size = identity.size,
                                    .device = (int64_t)identity.device,
                                    .inode = (int64_t)identity.inode,
                                    .modified_ns = identity.modified_ns,
                                    .changed_ns = identity.changed_ns}};
    return job_file_append(work, &file, port, path, shown, error);
}

bool job_names(const struct job_work *work, const char *path)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        if (strcmp(work->job->files[i].path, path) == 0)
            return true;
    }
    return false;
}

/* What lies in the home is not to be had as rows: keys, other products, quarantine. Links are
 * followed. */
static int path_outside_home(const struct job_work *work, const char *path,
                             struct weft_error *error)
{
    struct weft_fs_identity identity;
    if (!weft_fs_inside(path, work->job->home))
        return 0;
    WEFT_TRY(weft_fs_identity(path, &identity, error)); /* links that go round in a circle */
    weft_error_set(error, WEFT_E_REFUSED, "%s lies in the home and is no input", path);
    return weft_error_hint(error, "read another product by its name");
}

static bool file_is_there(const struct job_work *work, const char *path)
{
    for (size_t i = 0; i < work->file_count; i++) {
        if (strcmp(work->files[i].out.path, path) == 0)
            return true;
    }
    return false;
}

static int files_of_pattern(struct job_work *work, const char *port, const char *pattern,
                            struct weft_error *error)
{
    struct weft_fs_list list = {0};
    if (work->input->url && work->input->connection != NULL)
        return job_fetch_connected(work, pattern, error);
    if (work->input->url)
        return work->input->patterns.count > 1 && file_is_there(work, pattern)
                   ? 0
                   : job_fetch_add(work, pattern, error);
    WEFT_CLEANUP(weft_freep) char *full = weft_path_join(work->job->folder, pattern);
    if (full == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_glob(full, &list, error);
    for (size_t i = 0; rc >= 0 && i < list.count; i++) {
        char *path = NULL;
        rc = weft_path_absolute(list.names[i], &path, error);
        if (rc >= 0)
            rc = path_outside_home(work, path, error);
        /* Several patterns may match one file. */
        if (rc >= 0 && (work->input->patterns.count == 1 || !file_is_there(work, path)))
            rc = file_add(work, port, path, path, job_names(work, path), error);
        weft_free(path);
    }
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}

static int files_given(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const struct weft_job_file *file = &work->job->files[i];
        const char *port = file->port != NULL ? file->port : work->input->name;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(work->job->files[k].path, file->path) == 0)
                return weft_error_set(error, WEFT_E_REFUSED, "%s is named twice",
                                      file->shown != NULL ? file->shown : file->path);
        }
        WEFT_TRY(file_add(work, port, file->path, file->shown != NULL ? file->shown : file->path,
                          file->again, error));
    }
    return 0;
}

/* --reread names a file that must be among the input's. */
static int files_check_reread(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const char *path = work->job->files[i].path;
        bool found = false;
        for (size_t k = 0; k < work->file_count; k++)
            found = found || strcmp(work->files[k].out.path, path) == 0;
        const char *port = work->job->files[i].port;
        bool mine = work->parent == NULL || (port == NULL ? job_known_by_path(work, path) != NULL
                                                          : strcmp(port, work->input->name) == 0);
        if (!found && mine)
            WEFT_TRY(file_add(work, work->input->name, path, path, true, error));
    }
    return 0;
}

/* ---- known or not ---- */

int job_file_hash(struct job_file *file, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_CLEANUP(weft_sha256_freep) struct weft_sha256 *hash = weft_sha256_new();
    WEFT_CLEANUP(weft_freep) char *chunk = weft_alloc(HASH_CHUNK);
    unsigned char digest[WEFT_SHA256_BYTES];
    size_t got = 1;
    if (hash == NULL || chunk == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_open(file->local, O_RDONLY, &fd, error));
    while (got > 0) {
        WEFT_TRY(weft_fs_read(fd, chunk, HASH_CHUNK, &got, file->local, error));
        WEFT_TRY(weft_process_check_cancelled(error));
        weft_sha256_add(hash, chunk, got);
    }
    weft_sha256_end(hash, digest);
    weft_hex(digest, sizeof digest, file->out.hash);
    return 0;
}

static bool identity_known(const struct job_file *file, const struct job_known *known)
{
    struct weft_fs_identity now = {.device = (uint64_t)file->out.device,
                                   .inode = (uint64_t)file->out.inode,
                                   .size = file->out.size,
                                   .modified_ns = file->out.modified_ns,
                                   .changed_ns = file->out.changed_ns};
    return !file->url && weft_fs_identity_equal(&now, &known->identity);
}

static void file_pass_over(struct job_file *file, enum weft_file_state state,
                           const struct job_known *known)
{
    file->out.state = state;
    file->out.records = known->records;
    file->out.same_as = state == WEFT_FILE_KNOWN_CONTENT ? known->path : NULL;
    file->read = false;
    memcpy(file->out.hash, known->hash, WEFT_MIN(strlen(known->hash) + 1, WEFT_SHA256_HEX));
}

/* Where in the folder the outbox has moved the content to: x.csv, x.3fa9c2d1.csv. *out stays NULL
 * when it is not there. */
static int known_moved_to(struct job_work *work, const struct job_known *known, const char *folder,
                          char **out, struct weft_error *error)
{
    const char *base = weft_path_basename(known->path);
    const char *dot = strchr(base + 1, '.');
    int stem = (int)(dot == NULL ? strlen(base) : (size_t)(dot - base));
    WEFT_CLEANUP(weft_freep) char *joined = weft_path_join(work->job->folder, folder);
    WEFT_CLEANUP(weft_freep) char *done = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &done, error));
    for (int i = 0; i < 2; i++) {
        WEFT_CLEANUP(weft_freep)
        char *path =
            i == 0 ? weft_path_join(done, base)
                   : weft_format("%s/%.*s.%.8s%s", done, stem, base, known->hash, base + stem);
        if (path == NULL)
            return weft_error_nomem(error);
        if (!weft_fs_exists(path))
            continue;
        struct job_file file = {.local = path};
        WEFT_TRY(job_file_hash(&file, error));
        if (strcmp(file.out.hash, known->hash) != 0)
            continue;
        *out = path;
        path = NULL;
        return 0;
    }
    return 0;
}

static int known_moved(struct job_work *work, const struct job_known *known, char **out,
                       struct weft_error *error)
{
    if (work->input->done != NULL)
        WEFT_TRY(known_moved_to(work, known, work->input->done, out, error));
    if (*out == NULL && work->input->error != NULL)
        WEFT_TRY(known_moved_to(work, known, work->input->error, out, error));
    return 0;
}

static int file_changed(struct job_work *work, struct job_file *file, struct weft_error *error)
{
    file->out.state = WEFT_FILE_CHANGED;
    file->read = false;
    bool load = work->job->mode == WEFT_JOB_LOAD;
    weft_error_set(error, load ? WEFT_E_REFUSED : WEFT_E_BLOCKED,
                   "the file was %s before and is another one now", load ? "loaded" : "read");
    (void)!(load ? command_hint(work, "load", "", file->out.shown, " --again` adds its rows", error)
                 : command_hint(work, "run", "--reread ", file->out.shown, "` reads it once more",
                                error));
    return weft_error_at(error, file->out.shown, 0, 0);
}

/* Where files are moved to `done`, a name comes again: what was read under it lies there now, and
 * this is another file, new or known by its content. If it does not lie there, the file changed. */
static int file_judge_reused(struct job_work *work, struct job_file *file,
                             const struct job_known *known, const struct job_known *same,
                             struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *moved = NULL;
    WEFT_TRY(known_moved(work, known, &moved, error));
    if (moved == NULL)
        return file_changed(work, file, error);
    if (same != NULL)
        file_pass_over(file, WEFT_FILE_KNOWN_CONTENT, same);
    return 0;
}

static int file_judge(struct job_work *work, struct job_file *file, struct weft_error *error)
{
    const struct job_known *known = job_known_by_path(work, file->out.path);
    if (file->again)
        return 0;
    if (known != NULL && identity_known(file, known)) {
        file_pass_over(file, WEFT_FILE_KNOWN, known);
        return 0;
    }
    if (known == NULL && !known_size(work, file->out.size))
        return 0;
    if (file->out.hash[0] == '\0')
        WEFT_TRY(job_file_hash(file, error));
    const struct job_known *same = known_by_hash(work, file->out.hash);
    if (known != NULL && strcmp(known->hash, file->out.hash) == 0) {
        file_pass_over(file, WEFT_FILE_KNOWN, known);
    } else if (known != NULL && work->input != NULL &&
               (work->input->done != NULL || work->input->error != NULL)) {
        return file_judge_reused(work, file, known, same, error);
    } else if (known != NULL) {
        return file_changed(work, file, error);
    } else if (same != NULL) {
        file_pass_over(file, WEFT_FILE_KNOWN_CONTENT, same);
    }
    return 0;
}

/* Two files of one run with the same content: the second is passed over. Found by size, so only
 * such files are hashed before they are read. */
static int files_judge_twins(struct job_work *work, size_t at, struct weft_error *error)
{
    struct job_file *file = &work->files[at];
    for (size_t i = 0; i < at && file->read && !file->again; i++) {
        struct job_file *other = &work->files[i];
        if (!other->read || other->out.size != file->out.size)
            continue;
        if (file->out.hash[0] == '\0')
            WEFT_TRY(job_file_hash(file, error));
        if (other->out.hash[0] == '\0')
            WEFT_TRY(job_file_hash(other, error));
        if (strcmp(file->out.hash, other->out.hash) == 0) {
            file->out.state = WEFT_FILE_KNOWN_CONTENT;
            file->out.same_as = other->out.path;
            file->read = false;
        }
    }
    return 0;
}

/* What people call the file that was read from there. */
static const char *path_shown(const struct job_work *work, const char *path)
{
    WEFT_CLEANUP(weft_freep) char *spooled = weft_format("%s/tmp/stdin-", work->job->home);
    for (size_t i = 0; i < work->file_count; i++) {
        if (work->files[i].out.path == path)
            return work->files[i].out.shown;
    }
    return spooled != NULL && strncmp(path, spooled, strlen(spooled)) == 0 ? "standard input"
                                                                           : path;
}

static int load_refuse(struct job_work *work, const struct job_file *file, struct weft_error *error)
{
    const char *same = file->out.same_as;
    bool twin = false;
    for (size_t i = 0; i < work->file_count; i++)
        twin = twin || (same == work->files[i].out.path && work->files[i].read);
    if (twin) {
        weft_error_set(error, WEFT_E_REFUSED, "%s and %s have the same content",
                       path_shown(work, same), file->out.shown);
        return weft_error_hint(error, "name one of them, or say --again to load both");
    }
    weft_error_set(error, WEFT_E_REFUSED, "%s was loaded before%s%s", file->out.shown,
                   same != NULL ? " as " : "", same != NULL ? path_shown(work, same) : "");
    (void)!command_hint(work, "load", "", file->out.shown, " --again` loads it once more", error);
    return -1;
}

static int files_judge(struct job_work *work, struct weft_error *error)
{
    bool load = work->job->mode == WEFT_JOB_LOAD;
    for (size_t i = 0; i < work->file_count; i++) {
        WEFT_TRY(file_judge(work, &work->files[i], error));
        WEFT_TRY(files_judge_twins(work, i, error));
        if (load && !work->files[i].read)
            return load_refuse(work, &work->files[i], error);
    }
    return 0;
}

static size_t files_to_read(const struct job_work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->file_count; i++)
        count += work->files[i].read;
    return count;
}

/* Files that were read once and lie elsewhere now, in the input's folders `done` and `error`, are
 * still to be had; the others are named. */
static int rebuild_add_known(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->known_count; i++) {
        const struct job_known *known = &work->known[i];
        bool found = false;
        for (size_t k = 0; k < work->file_count && !known->past; k++)
            found = found || strcmp(work->files[k].out.path, known->path) == 0;
        if (!found && !known->past && weft_fs_exists(known->path)) {
            WEFT_TRY(file_add(work, known->port, known->path, known->path, false, error));
            continue;
        }
        WEFT_CLEANUP(weft_freep) char *moved = NULL;
        WEFT_TRY(known_moved(work, known, &moved, error));
        if (moved != NULL) {
            WEFT_TRY(file_add(work, known->port, moved, moved, false, error));
        } else if (!found) {
            const char *text = weft_arena_format(work->arena, "%s%s is no longer to be had",
                                                 known->past ? "an earlier " : "", known->path);
            if (text == NULL)
                return weft_error_nomem(error);
            WEFT_TRY(job_warn(work, text, error));
        }
    }
    return 0;
}

static bool is_run(const struct job_work *work)
{
    return work->job->mode == WEFT_JOB_RUN || job_is_trial(work);
}

static int inputs_none(struct job_work *work, struct weft_error *error)
{
    if (is_run(work) && work->input->read == WEFT_READ_NEW)
        return WEFT_END;
    const char *files = work->input->files == NULL ? "" : work->input->files;
    weft_error_set(error, WEFT_E_INPUT, "input%s%s: no file matches %s",
                   WEFT_INPUT_ARGS(work->input->name), files);
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(work->product->folder, files);
    WEFT_CLEANUP(weft_freep) char *whole = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (files[0] == '\0' || path == NULL || weft_path_absolute(path, &whole, &ignored) < 0)
        return -1;
    if (weft_fs_is_dir(whole))
        return weft_error_hint(error, "that is a folder: %s/* are the files in it", files);
    struct weft_fs_identity identity;
    if (weft_fs_identity(whole, &identity, &ignored) == 0 && !weft_fs_is_file(whole))
        return weft_error_hint(error, "%s is no regular file, but a pipe, a socket or a device",
                               whole);
    return weft_error_hint(error, "it was looked for at %s", whole);
}

int job_inputs_find(struct job_work *work, struct weft_error *error)
{
    const struct weft_input *input = work->input;
    if (work->job->mode != WEFT_JOB_TEST)
        WEFT_TRY(known_load(work, error));
    if (work->job->mode == WEFT_JOB_LOAD) {
        WEFT_TRY(files_given(work, error));
    } else if (work->job->mode == WEFT_JOB_TEST) {
        WEFT_TRY(file_add(work, input->name, input->files, input->files, false, error));
    } else {
        for (size_t i = 0; i < work->input->patterns.count; i++)
            WEFT_TRY(
                files_of_pattern(work, work->input->name, work->input->patterns.items[i], error));
        WEFT_TRY(files_check_reread(work, error));
    }
    if (work->job->mode == WEFT_JOB_REBUILD)
        WEFT_TRY(rebuild_add_known(work, error));
    if (work->file_count == 0)
        return inputs_none(work, error);
    bool all = work->job->mode == WEFT_JOB_REBUILD || work->job->mode == WEFT_JOB_REPLAY ||
               (is_run(work) && work->input->read == WEFT_READ_ALL);
    if (!all)
        WEFT_TRY(files_judge(work, error));
    /* A rebuild too takes each content once, wherever copies of it lie. */
    for (size_t i = 0; work->job->mode == WEFT_JOB_REBUILD && i < work->file_count; i++) {
        if (work->input->read == WEFT_READ_NEW)
            WEFT_TRY(files_judge_twins(work, i, error));
    }
    work->read_count = files_to_read(work);
    return work->read_count == 0 ? WEFT_END : 0;
}

bool job_input_hash_known(const struct job_work *work, size_t at, char out[WEFT_SHA256_HEX])
{
    const struct job_file *file = &work->files[at];
    const struct job_known *known = job_known_by_path(work, file->out.path);
    if (file->again || known == NULL || !identity_known(file, known))
        return false;
    memcpy(out, known->hash, WEFT_MIN(strlen(known->hash) + 1, WEFT_SHA256_HEX));
    return true;
}

/* ---- nothing new, for inputs that are read whole each time ---- */

/* Was the current state made by a contract that makes the same rows? */
static int contract_same(const struct job_work *work, bool *same, struct weft_error *error)
{
    yyjson_val *summary = weft_table_current(work->table)->summary;
    const char *data = weft_json_text_or(summary, WEFT_JOB_DATA_DIGEST, NULL);
    const char *whole = weft_json_text_or(summary, "weft.contract-digest", NULL);
    char digest[WEFT_SHA256_HEX];
    *same = whole == NULL || strcmp(whole, work->product->digest) == 0;
    if (*same || data == NULL)
        return 0;
    WEFT_TRY(weft_product_data_digest(work->product, digest, error));
    *same = strcmp(data, digest) == 0;
    return 0;
}

int job_inputs_same(struct job_work *work, struct weft_error *error)
{
    size_t known_now = 0;
    bool same = false;
    for (size_t i = 0; i < work->known_count; i++)
        known_now += !work->known[i].past;
    if (work->job->mode != WEFT_JOB_RUN || work->table == NULL ||
        weft_table_current(work->table) == NULL || known_now != work->file_count ||
        work->job->file_count > 0)
        return 0;
    WEFT_TRY(contract_same(work, &same, error));
    if (!same)
        return 0;
    for (size_t i = 0; i < work->file_count; i++) {
        const struct job_known *known = job_known_by_path(work, work->files[i].out.path);
        if (known == NULL)
            return 0;
        if (work->files[i].out.hash[0] == '\0' ? !identity_known(&work->files[i], known)
                                               : strcmp(known->hash, work->files[i].out.hash) != 0)
            return 0;
    }
    return WEFT_END;
}
