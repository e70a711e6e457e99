/*
 * process_capture.c - a short program run for what it prints, bounded in time and size.
 */
#include "base/clock.h"
#include "base/process.h"
#include "base/secret.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 50

/* Signals as a program expects to find them: weft ignores some, and that is inherited. */
static int attributes_make(posix_spawnattr_t *attributes)
{
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    int rc = posix_spawnattr_init(attributes);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    if (rc == 0)
        rc = posix_spawnattr_setpgroup(attributes, 0);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (rc != 0)
        posix_spawnattr_destroy(attributes);
    return rc;
}

static int actions_make(posix_spawn_file_actions_t *actions, const char *folder, int out)
{
    int rc = posix_spawn_file_actions_init(actions);
    if (rc != 0)
        return rc;
    rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, out, 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    if (rc == 0 && folder != NULL)
        rc = posix_spawn_file_actions_addchdir_np(actions, folder);
    if (rc != 0)
        posix_spawn_file_actions_destroy(actions);
    return rc;
}

static int group_spawn(const char *const *argv, const char *folder, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    WEFT_CLEANUP(weft_freep) char **environment = weft_process_environment();
    int rc = environment == NULL ? ENOMEM : attributes_make(&attributes);
    if (rc != 0)
        return rc;
    rc = actions_make(&actions, folder, out);
    if (rc == 0) {
        rc = posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)argv, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return rc;
}

/* Until its end of file. */
static int output_read(int fd, int64_t deadline_us, char *out, size_t size, size_t *length,
                       struct weft_error *error)
{
    *length = 0;
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int ready = poll(&poller, 1, POLL_MS);
        WEFT_TRY(weft_process_check_cancelled(error));
        if (weft_clock_mono_us() > deadline_us)
            return weft_error_set(error, WEFT_E_TIMEOUT, "it did not end in time");
        if (ready <= 0)
            continue;
        if (*length == size)
            return weft_error_set(error, WEFT_E_LIMIT, "it printed more than %zu bytes", size);
        ssize_t got = read(fd, out + *length, size - *length);
        if (got == 0)
            return 0;
        if (got > 0)
            *length += (size_t)got;
        else if (errno != EINTR)
            return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot read what it prints");
    }
}

/* It closed its output; that it also ends is not sure. */
static int end_wait(pid_t pid, int64_t deadline_us, int *status, struct weft_error *error)
{
    for (;;) {
        pid_t waited = waitpid(pid, status, WNOHANG);
        if (waited == pid)
            return 0;
        if (waited < 0 && errno != EINTR)
            return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot wait for it");
        WEFT_TRY(weft_process_check_cancelled(error));
        if (weft_clock_mono_us() > deadline_us)
            return weft_error_set(error, WEFT_E_TIMEOUT, "it did not end in time");
        poll(NULL, 0, 2);
    }
}

int weft_process_capture(const char *const *argv, const char *folder, int64_t timeout_ms, char *out,
                         size_t size, size_t *length, int *status, struct weft_error *error)
{
    int pair[2];
    pid_t pid = 0;
    int64_t deadline_us = weft_clock_mono_us() + timeout_ms * 1000;
    if (pipe2(pair, O_CLOEXEC) != 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot make a pipe");
    int rc = group_spawn(argv, folder, pair[1], &pid);
    close(pair[1]);
    if (rc != 0) {
        close(pair[0]);
        return weft_error_errno(error, WEFT_E_WORKER, rc, "cannot start %s", argv[0]);
    }
    rc = output_read(pair[0], deadline_us, out, size, length, error);
    if (rc == 0)
        rc = end_wait(pid, deadline_us, status, error);
    if (rc < 0) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    close(pair[0]);
    return rc;
}
