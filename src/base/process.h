/*
 * process.h - child processes: the same program started by exec, never a fork that goes on (there
 * may be threads). A child dies with its parent (PR_SET_PDEATHSIG).
 * Thread rule: any; but the death signal follows the thread that spawned, so a thread lives until
 * its children have ended.
 */
#ifndef WEFT_BASE_PROCESS_H
#define WEFT_BASE_PROCESS_H

#include "base/error.h"

#include <sys/types.h>

struct weft_process {
    pid_t pid; /* 0 = none */
    int in;    /* we write, the child reads as descriptor 0; -1 = closed */
    int out;   /* we read what the child writes to descriptor 1; -1 = closed */
};

/* argv ends with NULL; argv[0] is the path. keep_fd (or -1) is inherited under the same number.
 * stderr is the parent's. */
int weft_process_spawn(const char *const *argv, int keep_fd, struct weft_process *process,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* The same, but the child's descriptor 0 is a Unix socket, over which `in` can hand descriptors on.
 * Nothing is inherited. */
int weft_process_spawn_socket(const char *const *argv, struct weft_process *process,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* All the bytes; fd (or -1) goes with the first of them: the receiver gets a descriptor of its own
 * for the same open file. */
int weft_process_send(int socket_fd, const void *data, size_t length, int fd,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* Up to size bytes; *got 0 = the end. *fd: what came along (close-on-exec), else -1. `from` may be
 * a pipe or a file too. */
int weft_process_receive(int from, void *data, size_t size, size_t *got, int *fd,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* `sh -c command` at this terminal: a pager, an editor. Its descriptor 0 is `in` (-1 = ours), 1 and
 * 2 are ours; signals are as for a program that a shell starts. process->in and out are -1. */
int weft_process_spawn_shell(const char *command, int in, struct weft_process *process,
                             struct weft_error *error) WEFT_MUST_CHECK;
/* Waits to the end and closes the pipes. *status as waitpid(2) gives it; *max_rss_bytes may be
 * NULL. */
int weft_process_wait(struct weft_process *process, int *status, int64_t *max_rss_bytes,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* SIGKILL and wait; for WEFT_CLEANUP. Nothing when there is no child. */
void weft_process_end(struct weft_process *process);

struct weft_process_part {
    const void *data;
    size_t length;
};
typedef int weft_process_take_fn(void *arg, const void *data, size_t length,
                                 struct weft_error *error);
/* Writes the parts (which it counts down) to the child and closes `in`; at the same time hands what
 * the child writes to take, until its end of file. A child that stops reading is no failure: its
 * answer tells. SIGPIPE must be ignored. CANCELLED soon after Ctrl-C. */
int weft_process_exchange(struct weft_process *process, struct weft_process_part *parts,
                          size_t count, weft_process_take_fn *take, void *arg,
                          struct weft_error *error) WEFT_MUST_CHECK;

/* ---- this process ---- */
/* Dies with `parent` (checked after the signal is set, so there is no gap). */
void weft_process_bind_to_parent(pid_t parent);
/* First Ctrl-C (or SIGTERM) sets a flag that loops ask; the second ends the process at once. */
void weft_process_catch_signals(void);
/* For a process that goes on after Ctrl-C (the shell of `weft query`): from now on SIGINT sets the
 * flag however often it comes; SIGTERM sets another one too; SIGWINCH is noted. */
void weft_process_catch_session(void);
void weft_process_cancel_forget(void); /* what was asked to stop has stopped */
bool weft_process_terminated(void);    /* SIGTERM came, in a session */
bool weft_process_resize_take(void);   /* the window changed since this was asked last */
bool weft_process_cancelled(void);
int weft_process_check_cancelled(struct weft_error *error) WEFT_MUST_CHECK; /* CANCELLED */
/* Waits until fd has something to read, or its end; CANCELLED soon after Ctrl-C, also when that
 * came just before the call. */
int weft_process_wait_input(int fd, struct weft_error *error) WEFT_MUST_CHECK;
/* True while a process with this id and start time (field 22 of /proc/pid/stat) lives. */
bool weft_process_alive(pid_t pid, uint64_t start_time);
uint64_t weft_process_start_time(pid_t pid); /* 0 when it is not there */

/* ---- this machine ---- */
int64_t weft_system_memory_bytes(void); /* the smaller of physical memory and the cgroup's limit */
int weft_system_cpus(void);             /* processors this process may use */
int64_t weft_process_rss_bytes(void);   /* resident size of this process now */
int64_t weft_process_rss_of(pid_t pid); /* of another one; 0 = not known */
/* The largest resident size since the start or the last reset. */
int64_t weft_process_peak_bytes(void);
void weft_process_peak_reset(void);

/* What children get: all of the environment but WEFT_KEY, which says who this process acts for and
 * is for nobody else. Heap; NULL: memory is out. Its texts are the environment's. */
char **weft_process_environment(void) WEFT_MUST_CHECK;

#endif
