/*
 * process.c - spawn by vfork-like posix_spawn, wait, signals. The machine's figures are in
 * system.c.
 */
#include "base/process.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

char **weft_process_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ != NULL && environ[count] != NULL)
        count++;
    char **out = weft_alloc_array(count + 1, sizeof *out);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "WEFT_KEY=", 9) != 0)
            out[kept++] = environ[i];
    }
    out[kept] = NULL;
    return out;
}

static void pair_close(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

/* The child keeps 0, 1, 2 and keep_fd; all else is close-on-exec by the rule of base/fs. */
static int spawn_with(const char *const *argv, int in, int out, int keep_fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    WEFT_CLEANUP(weft_freep) char **environment = weft_process_environment();
    int rc = environment == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, out, 1);
    /* dup2 of a descriptor to itself clears close-on-exec in the child only. */
    if (rc == 0 && keep_fd >= 0)
        rc = posix_spawn_file_actions_adddup2(&actions, keep_fd, keep_fd);
    if (rc == 0)
        rc = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* What this process ignores, the other would ignore too. */
static int signals_default(posix_spawnattr_t *attributes)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigaddset(&set, SIGXFSZ);
    int rc = posix_spawnattr_setsigdefault(attributes, &set);
    return rc != 0 ? rc : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static int spawn_shell(const char *command, int in, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    WEFT_CLEANUP(weft_freep) char **environment = weft_process_environment();
    int rc = environment == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = in < 0 ? 0 : posix_spawn_file_actions_adddup2(&actions, in, 0);
        if (rc == 0)
            rc = signals_default(&attributes);
        if (rc == 0)
            rc = posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

int weft_process_spawn_shell(const char *command, int in, struct weft_process *process,
                             struct weft_error *error)
{
    pid_t pid = 0;
    int rc = spawn_shell(command, in, &pid);
    if (rc != 0)
        return weft_error_errno(error, WEFT_E_WORKER, rc, "cannot start %s", command);
    *process = (struct weft_process){.pid = pid, .in = -1, .out = -1};
    return 0;
}

static int spawn_between(const char *const *argv, int to_child[2], int keep_fd,
                         struct weft_process *process, struct weft_error *error)
{
    int from_child[2] = {-1, -1};
    if (pipe2(from_child, O_CLOEXEC) != 0) {
        weft_error_errno(error, WEFT_E_WORKER, errno, "cannot make a pipe");
        pair_close(to_child);
        return -1;
    }
    pid_t pid = 0;
    int rc = spawn_with(argv, to_child[0], from_child[1], keep_fd, &pid);
    close(to_child[0]);
    close(from_child[1]);
    if (rc != 0) {
        close(to_child[1]);
        close(from_child[0]);
        return weft_error_errno(error, WEFT_E_WORKER, rc, "cannot start %s", argv[0]);
    }
    *process = (struct weft_process){.pid = pid, .in = to_child[1], .out = from_child[0]};
    return 0;
}

int weft_process_spawn(const char *const *argv, int keep_fd, struct weft_process *process,
                       struct weft_error *error)
{
    int to_child[2];
    if (pipe2(to_child, O_CLOEXEC) != 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot make a pipe");
    return spawn_between(argv, to_child, keep_fd, process, error);
}

int weft_process_spawn_socket(const char *const *argv, struct weft_process *process,
                              struct weft_error *error)
{
    int to_child[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to_child) != 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot make a socket");
    return spawn_between(argv, to_child, -1, process, error);
}

static void pipes_close(struct weft_process *process)
{
    if (process->in >= 0)
        close(process->in);
    if (process->out >= 0)
        close(process->out);
    process->in = process->out = -1;
}

int weft_process_wait(struct weft_process *process, int *status, int64_t *max_rss_bytes,
                      struct weft_error *error)
{
    struct rusage usage;
    pid_t waited;
    do {
        waited = wait4(process->pid, status, 0, &usage);
    } while (waited < 0 && errno == EINTR);
    int errnum = errno;
    pipes_close(process);
    process->pid = 0;
    if (waited < 0)
        return weft_error_errno(error, WEFT_E_WORKER, errnum, "cannot wait for a worker");
    if (max_rss_bytes != NULL)
        *max_rss_bytes = (int64_t)usage.ru_maxrss * 1024;
    return 0;
}

void weft_process_end(struct weft_process *process)
{
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        process->pid = 0;
        pipes_close(process);
    }
}

void weft_process_bind_to_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* ---- cancelling ---- */

/* Any thread asks it; a handler may change it, for it needs no lock. */
static atomic_int cancel_count;

static atomic_bool in_session, terminated, resized;

static void signal_caught(int number)
{
    if (number == SIGWINCH) {
        resized = true;
        return;
    }
    if (number == SIGTERM)
        terminated = true;
    if (++cancel_count > 1 && !in_session)
        _exit(130);
}

void weft_process_catch_signals(void)
{
    struct sigaction action = {.sa_handler = signal_caught};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a limit on files is an error of the write */
}

void weft_process_catch_session(void)
{
    struct sigaction action = {.sa_handler = signal_caught};
    sigemptyset(&action.sa_mask);
    in_session = true;
    sigaction(SIGWINCH, &action, NULL);
}

void weft_process_cancel_forget(void)
{
    cancel_count = 0;
}

bool weft_process_terminated(void)
{
    return in_session && terminated;
}

bool weft_process_resize_take(void)
{
    return atomic_exchange(&resized, false);
}

bool weft_process_cancelled(void)
{
    return cancel_count > 0;
}

int weft_process_check_cancelled(struct weft_error *error)
{
    if (cancel_count == 0)
        return 0;
    return weft_error_set(error, WEFT_E_CANCELLED, "stopped on request");
}

#define INPUT_POLL_MS 100

int weft_process_wait_input(int fd, struct weft_error *error)
{
    for (;;) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        WEFT_TRY(weft_process_check_cancelled(error));
        int ready = poll(&input, 1, INPUT_POLL_MS);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot wait for input");
    }
}
