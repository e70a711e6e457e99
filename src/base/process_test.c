/*
 * process_test.c - children: pipes, inherited descriptors, death with the parent, Ctrl-C; and fault
 * points. The program itself is the child: `process_test ROLE ...`.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_STEPS 12000 /* two minutes: it goes, or it never does */
#define STEP_US 10000

static char *program;

static struct weft_process spawned(const char *role, const char *arg, int keep_fd)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_process process = {0};
    const char *const argv[] = {program, role, arg, NULL};
    if (weft_process_spawn(argv, keep_fd, &process, &error) < 0)
        fail_msg("%s", error.message);
    return process;
}

static int ended(struct weft_process *process)
{
    struct weft_error error = WEFT_ERROR_INIT;
    int status = -1;
    int64_t rss = 0;
    assert_int_equal(weft_process_wait(process, &status, &rss, &error), 0);
    assert_int_equal(process->pid, 0);
    assert_true(rss > 100000);
    return status;
}

static void test_pipes(void **state)
{
    (void)state;
    struct weft_process process = spawned("cat", NULL, -1);
    char text[16] = "";
    assert_int_equal(write(process.in, "hello", 5), 5);
    weft_fd_close(&process.in);
    assert_int_equal(read(process.out, text, sizeof text), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(read(process.out, text, sizeof text), 0);
    int status = ended(&process);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* ---- both directions at once ---- */

#define MUCH ((size_t)5000000) /* many times what a pipe holds */

struct taken {
    unsigned char *data;
    size_t length;
    size_t most; /* then it is enough */
};

static int take(void *arg, const void *data, size_t length, struct weft_error *error)
{
    struct taken *taken = arg;
    if (taken->length + length > taken->most)
        return weft_error_set(error, WEFT_E_LIMIT, "enough");
    memcpy(taken->data + taken->length, data, length);
    taken->length += length;
    return 0;
}

static unsigned char *pattern_new(void)
{
    unsigned char *data = malloc(MUCH);
    assert_non_null(data);
    for (size_t i = 0; i < MUCH; i++)
        data[i] = (unsigned char)(i * 7 + i / 251);
    return data;
}

static void test_exchange(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    unsigned char *sent = pattern_new();
    struct taken taken = {.data = malloc(MUCH), .most = MUCH};
    struct weft_process process = spawned("cat", NULL, -1);
    struct weft_process_part parts[] = {
        {sent, 1}, {NULL, 0}, {sent + 1, MUCH / 2}, {sent + 1 + MUCH / 2, MUCH / 2 - 1}, {sent, 0}};
    assert_int_equal(
        weft_process_exchange(&process, parts, WEFT_COUNT(parts), take, &taken, &error), 0);
    assert_int_equal(taken.length, MUCH);
    assert_memory_equal(taken.data, sent, MUCH);
    assert_int_equal(process.in, -1);
    assert_int_equal(WEXITSTATUS(ended(&process)), 7);
    free(sent);
    free(taken.data);
}

/* A child that does not read to the end has an answer all the same; one that writes too much is
 * left. */
static void test_exchange_cut_short(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    unsigned char *sent = pattern_new();
    struct taken taken = {.data = malloc(MUCH), .most = MUCH};
    struct weft_process_part part = {sent, MUCH};
    struct weft_process process = spawned("deaf", NULL, -1);
    assert_int_equal(weft_process_exchange(&process, &part, 1, take, &taken, &error), 0);
    assert_int_equal(taken.length, 4);
    assert_memory_equal(taken.data, "deaf", 4);
    assert_int_equal(WEXITSTATUS(ended(&process)), 8);
    process = spawned("cat", NULL, -1);
    taken.length = 0;
    taken.most = 100000;
    part = (struct weft_process_part){sent, MUCH};
    assert_int_equal(weft_process_exchange(&process, &part, 1, take, &taken, &error), -1);
    assert_string_equal(error.message, "enough");
    weft_process_end(&process);
    free(sent);
    free(taken.data);
}

static void test_no_such_program(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_process process = {0};
    const char *const argv[] = {"/no/such/program", NULL};
    assert_int_equal(weft_process_spawn(argv, -1, &process, &error), -1);
    assert_int_equal(error.code, WEFT_E_WORKER);
    assert_int_equal(process.pid, 0);
}

/* Only the named descriptor reaches the child. */
static void test_kept_descriptor(void **state)
{
    (void)state;
    char number[16];
    int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
    snprintf(number, sizeof number, "%d", kept);
    struct weft_process process = spawned("has", number, kept);
    assert_int_equal(WEXITSTATUS(ended(&process)), 1);
    snprintf(number, sizeof number, "%d", other);
    process = spawned("has", number, kept);
    assert_int_equal(WEXITSTATUS(ended(&process)), 0);
    assert_true(fcntl(kept, F_GETFD) & FD_CLOEXEC); /* still so with us */
    close(kept);
    close(other);
}

/* A lock is free when the last of two processes that hold it closes it. */
static void test_lock_handed_over(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_process process = {0};
    const char *const argv[] = {program, "holder", NULL};
    char *dir = weft_test_dir(), *path = weft_path_join(dir, "lock");
    char text[8] = "";
    int lock = -1, again = -1;
    assert_int_equal(weft_fs_lock(path, true, false, &lock, &error), 0);
    assert_int_equal(weft_process_spawn_socket(argv, &process, &error), 0);
    assert_true(weft_process_rss_of(process.pid) >= 0);
    assert_int_equal(weft_process_send(process.in, "take", 4, lock, &error), 0);
    assert_int_equal(read(process.out, text, 4), 4);
    weft_fd_close(&lock);
    assert_int_equal(weft_fs_lock(path, true, false, &again, &error), WEFT_AGAIN);
    assert_int_equal(weft_process_send(process.in, "let go", 6, -1, &error), 0);
    assert_int_equal(read(process.out, text, 4), 4);
    assert_int_equal(weft_fs_lock(path, true, false, &again, &error), 0);
    weft_fd_close(&again);
    weft_fd_close(&process.in);
    int status = -1;
    assert_int_equal(weft_process_wait(&process, &status, NULL, &error), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    weft_free(path);
    weft_test_dir_remove(dir);
}

static void test_end_kills(void **state)
{
    (void)state;
    struct weft_process process = spawned("sleep", NULL, -1);
    pid_t pid = process.pid;
    uint64_t start = weft_process_start_time(pid);
    assert_true(start > 0);
    assert_true(weft_process_alive(pid, start));
    assert_false(weft_process_alive(pid, start + 1));
    weft_process_end(&process);
    weft_process_end(&process);
    assert_false(weft_process_alive(pid, start));
    assert_false(weft_process_alive(0, 0));
}

/* A process that is dead but not waited for is not alive. */
static void test_a_zombie_is_dead(void **state)
{
    (void)state;
    struct weft_process process = spawned("sleep", NULL, -1);
    uint64_t start = weft_process_start_time(process.pid);
    kill(process.pid, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)process.pid, &info, WEXITED | WNOWAIT), 0);
    assert_false(weft_process_alive(process.pid, start));
    weft_process_end(&process);
}

/* We start a middle one, it starts a bound one and tells its id; the middle one is killed. */
static void test_death_with_the_parent(void **state)
{
    (void)state;
    struct weft_process middle = spawned("middle", NULL, -1);
    pid_t pid = 0;
    assert_int_equal(read(middle.out, &pid, sizeof pid), sizeof pid);
    uint64_t start = weft_process_start_time(pid);
    assert_true(weft_process_alive(pid, start));
    weft_process_end(&middle);
    int steps = 0;
    while (weft_process_alive(pid, start) && steps++ < WAIT_STEPS)
        usleep(STEP_US);
    assert_true(steps < WAIT_STEPS);
}

static void test_an_orphan_does_not_begin(void **state)
{
    (void)state;
    struct weft_process process = spawned("bound", "1", -1); /* not its parent */
    assert_int_equal(WEXITSTATUS(ended(&process)), 1);
}

/* The first signal is a wish, the second an order. */
static void test_signals(void **state)
{
    (void)state;
    for (int count = 1; count <= 2; count++) {
        struct weft_process process = spawned("signals", count == 1 ? "asks" : "does_not_ask", -1);
        char ready;
        assert_int_equal(read(process.out, &ready, 1), 1);
        kill(process.pid, SIGINT);
        assert_int_equal(read(process.out, &ready, 1), 1); /* it has seen the first */
        if (count == 2)
            kill(process.pid, SIGTERM);
        int status = ended(&process);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), count == 1 ? WEFT_E_CANCELLED : 130);
    }
}

/* A shell goes on after any number of Ctrl-C; SIGTERM is told apart; a window's change is noted. */
static void test_session(void **state)
{
    (void)state;
    struct weft_process process = spawned("session", NULL, -1);
    const int sent[] = {SIGINT, SIGINT, SIGINT, SIGWINCH, SIGTERM};
    char told[8] = {0};
    assert_int_equal(read(process.out, told, 1), 1);
    for (size_t i = 0; i < WEFT_COUNT(sent); i++) {
        kill(process.pid, sent[i]);
        assert_int_equal(read(process.out, told, 1), 1);
        assert_int_equal(told[0], sent[i] == SIGWINCH ? 'w' : sent[i] == SIGTERM ? 't' : 'i');
    }
    int status = ended(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* What this process ignores is not ignored in a pager: `yes | head` would not end. */
static void test_spawn_shell(void **state)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_process process;
    int ends[2], status;
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(
        weft_process_spawn_shell("yes | head -n 1 >/dev/null; exit 3", -1, &process, &error), 0);
    assert_int_equal(weft_process_wait(&process, &status, NULL, &error), 0);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(
        weft_process_spawn_shell("read word; test \"$word\" = hello", ends[0], &process, &error),
        0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "hello\n", 6), 6);
    close(ends[1]);
    assert_int_equal(weft_process_wait(&process, &status, NULL, &error), 0);
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_machine(void **state)
{
    (void)state;
    assert_true(weft_system_memory_bytes() > 1 << 20);
    assert_true(weft_system_cpus() >= 1);
    assert_true(weft_process_rss_bytes() > 100000);
    assert_true(weft_process_start_time(getpid()) > 0);
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_process_check_cancelled(&error), 0);
}

#ifdef WEFT_FAULTS
static int faulted(const char *spec)
{
    setenv("WEFT_FAULT", spec, 1);
    struct weft_process process = spawned("faults", NULL, -1);
    int status = ended(&process);
    unsetenv("WEFT_FAULT");
    return status;
}

static void test_fault_points(void **state)
{
    (void)state;
    char *dir = weft_test_dir();
    char *log = weft_path_join(dir, "log");
    assert_int_equal(WEXITSTATUS(faulted("stop:test.b")), 1);
    assert_int_equal(WEXITSTATUS(faulted("stop:test.b:2")), 2);
    assert_int_equal(WEXITSTATUS(faulted("stop:test.c,stop:test.b:3")), 3);
    int status = faulted("kill:test.b:2");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    setenv("WEFT_FAULT_LOG", log, 1);
    assert_int_equal(WEXITSTATUS(faulted("stop:test.none")), 9);
    unsetenv("WEFT_FAULT_LOG");
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    weft_buf_init(&text, 65536);
    assert_int_equal(weft_fs_read_file(log, 4096, &text, &error), 0);
    assert_string_equal(text.data, "tester test.b\ntester test.b\ntester test.b\n");
    weft_buf_release(&text);
    weft_free(log);
    weft_test_dir_remove(dir);
}
#endif

/* ---- the children ---- */

static int role_middle(void)
{
    char parent[32];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    struct weft_process bound = spawned("bound", parent, -1);
    ssize_t told = write(1, &bound.pid, sizeof bound.pid);
    pause();
    return told < 0;
}

static int role_signals(const char *how)
{
    struct weft_error error = WEFT_ERROR_INIT;
    weft_process_catch_signals();
    if (write(1, "r", 1) != 1)
        return 98;
    while (!weft_process_cancelled())
        usleep(1000);
    if (write(1, "s", 1) != 1)
        return 98;
    while (strcmp(how, "does_not_ask") == 0)
        usleep(1000);
    return weft_process_check_cancelled(&error) < 0 ? (int)error.code : 97;
}

static int role_session(void)
{
    weft_process_catch_signals();
    weft_process_catch_session();
    for (char tell = 'r'; write(1, &tell, 1) == 1 && tell != 't';) {
        while (!weft_process_cancelled() && !weft_process_resize_take())
            usleep(1000);
        tell = !weft_process_cancelled() ? 'w' : weft_process_terminated() ? 't' : 'i';
        weft_process_cancel_forget();
    }
    return 0;
}

static int role_faults(void)
{
    weft_fault_role("tester");
    for (int i = 1; i <= 3; i++) {
        if (weft_fault_point("test.b"))
            return i;
    }
    return 9;
}

/* Holds the lock that comes with "take" until "let go". */
static int role_holder(void)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char block[64];
    size_t got = 0;
    int fd = -1, none = -1;
    if (weft_process_receive(0, block, sizeof block, &got, &fd, &error) < 0 || fd < 0)
        return 1;
    if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 || write(1, "held", 4) != 4)
        return 2;
    if (weft_process_receive(0, block, sizeof block, &got, &none, &error) < 0 || none >= 0)
        return 3;
    close(fd);
    if (write(1, "free", 4) != 4)
        return 4;
    /* The end; and what is no socket can be read the same way. */
    if (weft_process_receive(0, block, sizeof block, &got, &none, &error) < 0 || got != 0)
        return 5;
    int pair[2];
    if (pipe(pair) != 0 || write(pair[1], "pipe", 4) != 4 ||
        weft_process_receive(pair[0], block, sizeof block, &got, &none, &error) < 0)
        return 6;
    return got == 4 && none < 0 ? 0 : 7;
}

static int role(int argc, char **argv)
{
    char block[64];
    ssize_t got;
    if (strcmp(argv[1], "cat") == 0) {
        while ((got = read(0, block, sizeof block)) > 0)
            got = write(1, block, (size_t)got);
        return 7;
    }
    if (strcmp(argv[1], "holder") == 0)
        return role_holder();
    if (strcmp(argv[1], "deaf") == 0) {
        close(0);
        return write(1, "deaf", 4) == 4 ? 8 : 9;
    }
    if (strcmp(argv[1], "has") == 0)
        return fcntl((int)strtol(argv[2], NULL, 10), F_GETFD) >= 0;
    if (strcmp(argv[1], "middle") == 0)
        return role_middle();
    if (strcmp(argv[1], "signals") == 0)
        return role_signals(argv[2]);
    if (strcmp(argv[1], "session") == 0)
        return role_session();
    if (strcmp(argv[1], "faults") == 0)
        return role_faults();
    if (strcmp(argv[1], "bound") == 0 && argc > 2)
        weft_process_bind_to_parent((pid_t)strtol(argv[2], NULL, 10));
    pause(); /* sleep, bound */
    return 0;
}

int main(int argc, char **argv)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_path_program(&program, &error) < 0)
        return 1;
    if (argc > 1) {
        int status = role(argc, argv);
        weft_free(program);
        return status;
    }
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_exchange_cut_short),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_kept_descriptor),
        cmocka_unit_test(test_lock_handed_over),
        cmocka_unit_test(test_end_kills),
        cmocka_unit_test(test_a_zombie_is_dead),
        cmocka_unit_test(test_death_with_the_parent),
        cmocka_unit_test(test_an_orphan_does_not_begin),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_spawn_shell),
        cmocka_unit_test(test_machine),
#ifdef WEFT_FAULTS
        cmocka_unit_test(test_fault_points),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weft_free(program);
    return failed;
}
