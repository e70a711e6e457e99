/*
 * main.c - the program weft: a command, or the worker of a run.
 */
#include "app/op.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/command.h"
#include "job/job.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Descriptors 0, 1 and 2 exist, so that no file of ours becomes one of them. What stands for a
 * closed one cannot be used, so its loss is noticed. */
static void descriptors_hold(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        struct weft_error ignored = WEFT_ERROR_INIT;
        int opened = -1;
        bool there = fcntl(fd, F_GETFD) >= 0;
        int flags = fd == 0 ? O_WRONLY : O_RDONLY;
        if (!there && weft_fs_open("/dev/null", flags, &opened, &ignored) < 0)
            _exit(1);
    }
}

/* weft worker [PARENT]: lives no longer than the process that asked. */
static int worker_run(int argc, char **argv)
{
    int64_t parent = getppid();
    struct weft_error error = WEFT_ERROR_INIT;
    weft_fault_role("worker");
    if (argc > 2 && !weft_parse_int64(argv[2], strlen(argv[2]), &parent))
        return weft_code_exit_status(WEFT_E_USAGE);
    weft_process_bind_to_parent((pid_t)parent);
    weft_process_catch_signals();
    weft_context_register();
    if (weft_worker_main(STDIN_FILENO, STDOUT_FILENO, &error) < 0)
        return weft_code_exit_status(error.code);
    return 0;
}

int main(int argc, char **argv)
{
    descriptors_hold();
    weft_secret_process(); /* rows, the mesh's key, passwords */
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return worker_run(argc, argv);
    weft_fault_role("cli");
    weft_process_catch_signals();
    return weft_command_run(argc, argv);
}
