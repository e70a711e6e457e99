/*
 * fetch.c - input files over HTTP. A URL is a file whose path is the URL.
 *
 * It is asked for with what its server said of the copy that was read last (ETag, Last-Modified).
 * If it did not change, the hash of that copy is its hash, and its bytes are fetched only when the
 * run reads them after all. What is fetched lies in the run's temp folder and goes with it.
 *
 * An input with a connection is asked for with its secret, which this process reads where the
 * connection says it is, and wipes when the answer is there.
 */
#include "job/work_internal.h"

#include "net/http_client.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int copy_open(struct job_work *work, size_t number, const char **path, int *fd,
                     struct weft_error *error)
{
    *path = weft_arena_format(work->arena, "%s/%s-%zu-%zu.fetched", work->job->temp_dir,
                              work->job->run_id, work->number, number);
    if (*path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(work->job->temp_dir, error));
    return weft_fs_open(*path, O_WRONLY | O_CREAT | O_TRUNC, fd, error);
}

/* ---- connections ---- */

static const struct weft_job_connection *connection_find(const struct job_work *work)
{
    const struct weft_job *job = work->job;
    for (size_t i = 0; work->input->connection != NULL && i < job->connection_count; i++) {
        if (strcmp(job->connections[i].name, work->input->connection) == 0)
            return &job->connections[i];
    }
    return NULL;
}

static int secret_get(const struct weft_job_connection *connection, struct weft_secret *secret,
                      struct weft_error *error)
{
    struct weft_secret_source source = {(enum weft_secret_kind)connection->secret_kind,
                                        connection->secret};
    char what[200];
    snprintf(what, sizeof what, "the %s of `%.100s`",
             connection->user != NULL ? "password" : "token", connection->name);
    return weft_secret_read(&source, connection->folder, what, secret, error);
}

static int get_with_secret(const struct weft_job_connection *connection, struct weft_http_get *get,
                           struct weft_http_got *got, struct weft_error *error)
{
    struct weft_http_login login = {.user = connection->user, .header = connection->header};
    struct weft_secret secret = {0};
    char *line = NULL;
    WEFT_TRY(weft_http_login_check(get->url, get->allow_private, error));
    WEFT_TRY(secret_get(connection, &secret, error));
    int rc = weft_http_login_line(&login, &secret, &line, error);
    const char *const lines[] = {line};
    get->headers = lines;
    get->header_count = 1;
    if (rc == 0)
        rc = weft_http_get(get, got, error);
    if (rc < 0)
        weft_secret_hide_error(&secret, error);
    weft_http_line_free(line);
    weft_secret_release(&secret);
    get->headers = NULL;
    get->header_count = 0;
    return rc;
}

/* ---- asking ---- */

/* known = NULL: whatever is there. */
static int url_get(struct job_work *work, const char *url, const struct job_known *known,
                   const char *path, int fd, struct weft_http_got *got, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    const struct weft_job_connection *connection = connection_find(work);
    struct weft_http_get get = {.url = url,
                                .etag = known == NULL ? NULL : known->etag,
                                .last_modified = known == NULL ? NULL : known->last_modified,
                                .size_max = job->file_size_max,
                                .connect_timeout_ms = job->http_connect_timeout_ms,
                                .timeout_ms = job->http_timeout_ms,
                                .allow_private = job->http_private,
                                .fd = fd,
                                .path = path};
    job_tell(work, "fetching", url, 0, 0, 0);
    bool secret = connection != NULL && connection->secret_kind != WEFT_SECRET_NONE;
    int rc =
        secret ? get_with_secret(connection, &get, got, error) : weft_http_get(&get, got, error);
    return rc < 0 ? weft_error_prefix(error, "input%s%s", WEFT_INPUT_ARGS(work->input->name)) : 0;
}

static int got_take(struct job_work *work, const struct weft_http_got *got, const char *path,
                    struct job_file *file, struct weft_error *error)
{
    file->local = path;
    file->out.size = got->size;
    memcpy(file->out.hash, got->hash, sizeof got->hash);
    file->out.etag = file->out.last_modified = NULL;
    if (got->etag[0] != '\0') {
        file->out.etag = weft_arena_strdup(work->arena, got->etag);
        if (file->out.etag == NULL)
            return weft_error_nomem(error);
    }
    if (got->last_modified[0] != '\0') {
        file->out.last_modified = weft_arena_strdup(work->arena, got->last_modified);
        if (file->out.last_modified == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

static void known_take(const struct job_known *known, struct job_file *file)
{
    file->out.size = known->identity.size;
    memcpy(file->out.hash, known->hash, WEFT_MIN(strlen(known->hash) + 1, sizeof file->out.hash));
    file->out.etag = known->etag;
    file->out.last_modified = known->last_modified;
}

int job_fetch_add(struct job_work *work, const char *url, struct weft_error *error)
{
    struct job_file file = {.url = true, .again = job_names(work, url)};
    struct weft_http_got got;
    const char *path = NULL;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    /* Other modes read it in any case. */
    const struct job_known *known =
        work->job->mode == WEFT_JOB_RUN && !file.again ? job_known_by_path(work, url) : NULL;
    WEFT_TRY(copy_open(work, work->file_count, &path, &fd, error));
    WEFT_TRY(url_get(work, url, known, path, fd, &got, error));
    if (got.not_modified)
        known_take(known, &file);
    else
        WEFT_TRY(got_take(work, &got, path, &file, error));
    return job_file_append(work, &file, work->input->name, url, url, error);
}

int job_fetch_connected(struct job_work *work, const char *path, struct weft_error *error)
{
    const struct weft_job_connection *connection = connection_find(work);
    if (connection == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND,
                       "input%s%s: the connection `%s` is not known to this run",
                       WEFT_INPUT_ARGS(work->input->name), work->input->connection);
        return weft_error_hint(error, "connections stand in weft.yaml: run it in its checkout");
    }
    int length = (int)strlen(connection->url);
    while (length > 0 && connection->url[length - 1] == '/')
        length--;
    const char *url = weft_arena_format(work->arena, "%.*s/%s", length, connection->url,
                                        path + strspn(path, "/"));
    if (url == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->file_count; i++) {
        if (strcmp(work->files[i].out.path, url) == 0)
            return 0;
    }
    return job_fetch_add(work, url, error);
}

int job_fetch_rest(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->file_count; i++) {
        struct job_file *file = &work->files[i];
        struct weft_http_got got;
        const char *path = NULL;
        WEFT_CLEANUP(weft_fd_close) int fd = -1;
        if (!file->read || file->local != NULL)
            continue;
        WEFT_TRY(copy_open(work, i, &path, &fd, error));
        WEFT_TRY(url_get(work, file->out.path, NULL, path, fd, &got, error));
        WEFT_TRY(got_take(work, &got, path, file, error));
    }
    return 0;
}
