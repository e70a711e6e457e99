/*
 * inputs.c - which files a run reads, and which of them are known already.
 *
 * Same path and same identity (size, times, inode) as at the last time = the same content, without
 * reading. Otherwise the content's hash decides; a file is hashed before it is loaded only when its
 * size equals that of a known file, else it cannot be one.
 */
#include "job/work_internal.h"

#include "base/map.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define HASH_CHUNK ((size_t)1 << 20)

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

/* What a run has found so far, by path: inputs may be many thousand files. */
struct found {
    struct weft_map *paths;
    size_t count; /* so many of work->files are in it */
};

static int is_found(const struct job_work *work, struct found *found, const char *path, bool *is,
                    struct weft_error *error)
{
    for (; found->count < work->file_count; found->count++) {
        if (weft_map_put(found->paths, work->files[found->count].out.path, found) < 0)
            return weft_error_nomem(error);
    }
    *is = weft_map_has(found->paths, path);
    return 0;
}

/* Several patterns may match one file. */
static int file_of_pattern(struct job_work *work, const char *port, struct found *found,
                           const char *name, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = NULL;
    bool is = false;
    WEFT_TRY(weft_path_absolute(name, &path, error));
    WEFT_TRY(path_outside_home(work, path, error));
    if (work->input->patterns.count > 1)
        WEFT_TRY(is_found(work, found, path, &is, error));
    return is ? 0 : file_add(work, port, path, path, job_names(work, path), error);
}

static int files_of_pattern(struct job_work *work, const char *port, const char *pattern,
                            struct found *found, struct weft_error *error)
{
    struct weft_fs_list list = {0};
    bool is = false;
    if (work->input->url && work->input->connection != NULL)
        return job_fetch_connected(work, pattern, error);
    if (work->input->url) {
        WEFT_TRY(is_found(work, found, pattern, &is, error));
        return is && work->input->patterns.count > 1 ? 0 : job_fetch_add(work, pattern, error);
    }
    WEFT_CLEANUP(weft_freep) char *full = weft_path_join(work->job->folder, pattern);
    if (full == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_glob(full, &list, error);
    for (size_t i = 0; rc >= 0 && i < list.count; i++)
        rc = file_of_pattern(work, port, found, list.names[i], error);
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}

static int files_given(struct job_work *work, struct found *found, struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const struct weft_job_file *file = &work->job->files[i];
        const char *port = file->port != NULL ? file->port : work->input->name;
        bool is;
        WEFT_TRY(is_found(work, found, file->path, &is, error));
        if (is)
            return weft_error_set(error, WEFT_E_REFUSED, "%s is named twice",
                                  file->shown != NULL ? file->shown : file->path);
        WEFT_TRY(file_add(work, port, file->path, file->shown != NULL ? file->shown : file->path,
                          file->again, error));
    }
    return 0;
}

/* --reread names a file that must be among the input's. */
static int files_check_reread(struct job_work *work, struct found *found, struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const char *path = work->job->files[i].path;
        bool is;
        WEFT_TRY(is_found(work, found, path, &is, error));
        const char *port = work->job->files[i].port;
        bool mine = work->parent == NULL || (port == NULL ? job_known_by_path(work, path) != NULL
                                                          : strcmp(port, work->input->name) == 0);
        if (!is && mine)
            WEFT_TRY(file_add(work, work->input->name, path, path, true, error));
    }
    return 0;
}

/* ---- known or not ---- */

int job_file_hash(struct job_file *file, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_CLEANUP(weft_sha256_freep) struct weft_sha256 *hash = weft_sha256_new();
    /* Thousands of small files: what is allocated is cleared. */
    size_t size = (size_t)WEFT_MAX(file->out.size, 4095) + 1, got = 1;
    size_t room = WEFT_MIN(size, HASH_CHUNK);
    WEFT_CLEANUP(weft_freep) char *chunk = weft_alloc(room);
    unsigned char digest[WEFT_SHA256_BYTES];
    if (hash == NULL || chunk == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_open(file->local, O_RDONLY, &fd, error));
    while (got > 0) {
        WEFT_TRY(weft_fs_read(fd, chunk, room, &got, file->local, error));
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
    if (work->looks || (known == NULL && !job_known_size(work, file->out.size)))
        return 0;
    if (file->out.hash[0] == '\0')
        WEFT_TRY(job_file_hash(file, error));
    const struct job_known *same = job_known_by_hash(work, file->out.hash);
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

/* Files of this run, to find two of the same content: by size the first one that is read, which is
 * hashed when a second one comes; by hash the first one of that content. */
struct twins {
    struct weft_map *sizes;
    struct weft_map *hashes;
};

static int twin_hash(struct twins *twins, struct job_file *file, struct weft_error *error)
{
    if (file->out.hash[0] == '\0')
        WEFT_TRY(job_file_hash(file, error));
    if (!weft_map_has(twins->hashes, file->out.hash) &&
        weft_map_put(twins->hashes, file->out.hash, file) < 0)
        return weft_error_nomem(error);
    return 0;
}

/* Two files of one run with the same content: the second is passed over. Found by size, so only
 * such files are hashed before they are read. */
static int file_judge_twin(struct twins *twins, struct job_file *file, struct weft_error *error)
{
    int64_t size = file->out.size;
    if (!file->read)
        return 0;
    struct job_file *first = weft_map_get_bytes(twins->sizes, &size, sizeof size);
    if (first == NULL)
        return weft_map_put_bytes(twins->sizes, &size, sizeof size, file) < 0
                   ? weft_error_nomem(error)
                   : 0;
    if (!file->again) {
        WEFT_TRY(twin_hash(twins, first, error));
        if (file->out.hash[0] == '\0')
            WEFT_TRY(job_file_hash(file, error));
        const struct job_file *twin = weft_map_get(twins->hashes, file->out.hash);
        if (twin != NULL) {
            file->out.state = WEFT_FILE_KNOWN_CONTENT;
            file->out.same_as = twin->out.path;
            file->read = false;
            return 0;
        }
    }
    return twin_hash(twins, file, error);
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

static int files_judge(struct job_work *work, struct twins *twins, struct weft_error *error)
{
    bool load = work->job->mode == WEFT_JOB_LOAD;
    for (size_t i = 0; i < work->file_count; i++) {
        WEFT_TRY(file_judge(work, &work->files[i], error));
        if (!work->looks)
            WEFT_TRY(file_judge_twin(twins, &work->files[i], error));
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
static int rebuild_add_known(struct job_work *work, struct found *files, struct weft_error *error)
{
    for (size_t i = 0; i < work->known_count; i++) {
        const struct job_known *known = &work->known[i];
        bool found = false;
        if (!known->past)
            WEFT_TRY(is_found(work, files, known->path, &found, error));
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

static int files_find(struct job_work *work, struct found *found, struct weft_error *error)
{
    const struct weft_input *input = work->input;
    if (work->job->mode == WEFT_JOB_LOAD)
        return files_given(work, found, error);
    if (work->job->mode == WEFT_JOB_TEST)
        return file_add(work, input->name, input->files, input->files, false, error);
    for (size_t i = 0; i < input->patterns.count; i++)
        WEFT_TRY(files_of_pattern(work, input->name, input->patterns.items[i], found, error));
    WEFT_TRY(files_check_reread(work, found, error));
    return work->job->mode == WEFT_JOB_REBUILD ? rebuild_add_known(work, found, error) : 0;
}

static int files_choose(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *sizes = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *hashes = weft_map_new();
    struct twins twins = {sizes, hashes};
    bool all = work->job->mode == WEFT_JOB_REBUILD || work->job->mode == WEFT_JOB_REPLAY ||
               (is_run(work) && work->input->read == WEFT_READ_ALL);
    if (sizes == NULL || hashes == NULL)
        return weft_error_nomem(error);
    if (!all)
        return files_judge(work, &twins, error);
    /* A rebuild too takes each content once, wherever copies of it lie. */
    if (work->job->mode != WEFT_JOB_REBUILD || work->input->read != WEFT_READ_NEW)
        return 0;
    for (size_t i = 0; i < work->file_count; i++)
        WEFT_TRY(file_judge_twin(&twins, &work->files[i], error));
    return 0;
}

int job_inputs_find(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *paths = weft_map_new();
    struct found found = {.paths = paths};
    if (paths == NULL)
        return weft_error_nomem(error);
    if (work->job->mode != WEFT_JOB_TEST)
        WEFT_TRY(job_known_load(work, error));
    WEFT_TRY(files_find(work, &found, error));
    if (work->file_count == 0)
        return inputs_none(work, error);
    WEFT_TRY(files_choose(work, error));
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
