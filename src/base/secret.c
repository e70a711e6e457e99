/*
 * secret.c - a secret found where its source says, kept as short as can be.
 */
#include "base/secret.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_TIMEOUT_MS 30000

void weft_secret_wipe(void *data, size_t length)
{
    if (data != NULL)
        explicit_bzero(data, length);
}

void weft_secret_release(struct weft_secret *secret)
{
    weft_secret_wipe(secret->data, secret->data == NULL ? 0 : WEFT_SECRET_MAX + 2);
    weft_free(secret->data);
    *secret = (struct weft_secret){0};
}

/* A core would hold it, and a debugger of the same user could read it. A limit of 0 alone does not
 * stop a kernel that pipes cores to a program. */
void weft_secret_process(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks as a debugger does */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* ---- the three places ---- */

static int env_read(const char *name, const char *what, struct weft_secret *out,
                    struct weft_error *error)
{
    const char *value = getenv(name);
    if (value == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "%s: the environment variable %s is not set", what,
                       name);
        return weft_error_hint(error, "export %s=..., or let it be found by `file:` or `command:`",
                               name);
    }
    out->length = strlen(value);
    if (out->length <= WEFT_SECRET_MAX)
        memcpy(out->data, value, out->length);
    return 0;
}

static int file_read(const char *folder, const char *name, const char *what,
                     struct weft_secret *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, name);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    struct stat status;
    size_t got = 1;
    if (path == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(path)) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "%s: there is no file %s", what, path);
        return weft_error_hint(error, "a `file:` is relative to the folder of weft.yaml");
    }
    if (weft_fs_open_regular(path, &fd, error) < 0)
        return weft_error_prefix(error, "%s", what);
    if (fstat(fd, &status) == 0)
        out->loose = (status.st_mode & 077) != 0;
    while (got > 0 && out->length <= WEFT_SECRET_MAX) {
        if (weft_fs_read(fd, out->data + out->length, WEFT_SECRET_MAX + 1 - out->length, &got, path,
                         error) < 0)
            return weft_error_prefix(error, "%s", what);
        out->length += got;
    }
    return 0;
}

static int input_read(const char *what, struct weft_secret *out, struct weft_error *error)
{
    for (size_t got = 1; got > 0 && out->length <= WEFT_SECRET_MAX; out->length += got) {
        if (weft_fs_read(STDIN_FILENO, out->data + out->length, WEFT_SECRET_MAX + 1 - out->length,
                         &got, "standard input", error) < 0)
            return weft_error_prefix(error, "%s", what);
    }
    return 0;
}

static int command_read(const char *folder, const char *command, const char *what,
                        struct weft_secret *out, struct weft_error *error)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    int status = 0;
    if (weft_process_capture(argv, folder, COMMAND_TIMEOUT_MS, out->data, WEFT_SECRET_MAX + 1,
                             &out->length, &status, error) < 0)
        return weft_error_prefix(error, "%s: its command", what);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        weft_error_set(error, WEFT_E_WORKER, "%s: its command ended with status %d", what,
                       WEXITSTATUS(status));
    else
        weft_error_set(error, WEFT_E_WORKER, "%s: its command was ended by signal %d", what,
                       WTERMSIG(status));
    return weft_error_hint(error, "run it by hand to see why; what it says is not shown here, "
                                  "because it may hold the secret");
}

/* ---- the whole ---- */

static int secret_check(const char *what, struct weft_secret *secret, struct weft_error *error)
{
    if (secret->length > WEFT_SECRET_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "%s is longer than %zu bytes", what,
                              WEFT_SECRET_MAX);
    if (secret->length > 0 && secret->data[secret->length - 1] == '\n') {
        secret->length--;
        secret->length -= secret->length > 0 && secret->data[secret->length - 1] == '\r';
    }
    if (secret->length == 0)
        return weft_error_set(error, WEFT_E_REFUSED, "%s is empty", what);
    if (memchr(secret->data, '\0', secret->length) != NULL)
        return weft_error_set(error, WEFT_E_REFUSED, "%s holds a zero byte", what);
    secret->data[secret->length] = '\0';
    return 0;
}

int weft_secret_read(const struct weft_secret_source *source, const char *folder, const char *what,
                     struct weft_secret *out, struct weft_error *error)
{
    struct weft_secret secret = {.data = weft_alloc(WEFT_SECRET_MAX + 2)};
    if (secret.data == NULL)
        return weft_error_nomem(error);
    weft_secret_process();
    int rc = -1;
    switch (source->kind) {
    case WEFT_SECRET_ENV:
        rc = env_read(source->text, what, &secret, error);
        break;
    case WEFT_SECRET_FILE:
        rc = file_read(folder, source->text, what, &secret, error);
        break;
    case WEFT_SECRET_COMMAND:
        rc = command_read(folder, source->text, what, &secret, error);
        break;
    case WEFT_SECRET_INPUT:
        rc = input_read(what, &secret, error);
        break;
    case WEFT_SECRET_NONE:
        weft_error_set(error, WEFT_E_INTERNAL, "%s has no source", what);
    }
    if (rc == 0)
        rc = secret_check(what, &secret, error);
    if (rc < 0) {
        weft_secret_release(&secret);
        return rc;
    }
    *out = secret;
    return 0;
}

int weft_secret_copy(const char *data, size_t length, const char *what, struct weft_secret *out,
                     struct weft_error *error)
{
    struct weft_secret secret = {.data = weft_alloc(WEFT_SECRET_MAX + 2), .length = length};
    if (secret.data == NULL)
        return weft_error_nomem(error);
    weft_secret_process();
    if (length <= WEFT_SECRET_MAX)
        memcpy(secret.data, data, length);
    if (secret_check(what, &secret, error) < 0) {
        weft_secret_release(&secret);
        return -1;
    }
    *out = secret;
    return 0;
}

/* ---- texts ---- */

void weft_secret_hide(const struct weft_secret *secret, char *text)
{
    if (secret->data == NULL || secret->length < WEFT_SECRET_SHORT)
        return;
    for (char *at = text; (at = strstr(at, secret->data)) != NULL; at += secret->length)
        memset(at, '*', secret->length);
}

void weft_secret_hide_error(const struct weft_secret *secret, struct weft_error *error)
{
    if (error == NULL)
        return;
    weft_secret_hide(secret, error->message);
    weft_secret_hide(secret, error->detail);
    weft_secret_hide(secret, error->hint);
}
