/*
 * system.c - what the machine and the control group (cgroup v2, and v1's memory) allow, and what
 * /proc says about processes.
 */
#include "base/process.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a small file of /proc or /sys; empty text when it cannot be read. */
static void small_file(const char *path, char *text, size_t size)
{
    text[0] = '\0';
    int fd = (open)(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
}

static int64_t limit_of(const char *path)
{
    char text[64];
    small_file(path, text, sizeof text);
    char *end;
    long long value = strtoll(text, &end, 10);
    return end == text || value <= 0 ? INT64_MAX : value;
}

/* The limit of this process's group and of every group above it. */
static int64_t cgroup_memory_bytes(void)
{
    char groups[4096];
    small_file("/proc/self/cgroup", groups, sizeof groups);
    char *own = strstr(groups, "0::");
    int64_t smallest = limit_of("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    if (own == NULL)
        return smallest;
    own += 3;
    own[strcspn(own, "\n")] = '\0';
    for (;;) {
        char path[4400];
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", own);
        int64_t limit = limit_of(path);
        smallest = WEFT_MIN(smallest, limit);
        char *slash = strrchr(own, '/');
        if (slash == NULL)
            return smallest;
        *slash = '\0';
    }
}

int64_t weft_system_memory_bytes(void)
{
    int64_t physical = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    return WEFT_MIN(physical, cgroup_memory_bytes());
}

int weft_system_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static int64_t statm_bytes(const char *path)
{
    char text[128];
    small_file(path, text, sizeof text);
    long long pages = 0;
    if (sscanf(text, "%*s %lld", &pages) != 1)
        return 0;
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

int64_t weft_process_rss_bytes(void)
{
    return statm_bytes("/proc/self/statm");
}

int64_t weft_process_rss_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    return statm_bytes(path);
}

int64_t weft_process_peak_bytes(void)
{
    char text[4096];
    long long kilobytes = 0;
    small_file("/proc/self/status", text, sizeof text);
    const char *line = strstr(text, "VmHWM:");
    if (line == NULL || sscanf(line, "VmHWM: %lld", &kilobytes) != 1)
        return 0;
    return (int64_t)kilobytes * 1024;
}

/* Where it is not allowed the peak stays that of the whole life. */
void weft_process_peak_reset(void)
{
    int fd = (open)("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = (write)(fd, "5", 1);
    (void)written;
    close(fd);
}

uint64_t weft_process_start_time(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    small_file(path, text, sizeof text);
    /* The name may hold blanks and brackets: count from the last bracket. */
    const char *rest = strrchr(text, ')');
    unsigned long long start = 0;
    char state = 'X'; /* the dead that nobody has waited for (Z) are not there either */
    if (rest == NULL ||
        sscanf(rest + 1,
               " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
               "%*d %*d %*d %*d %*d %*d %llu",
               &state, &start) != 2 ||
        state == 'Z' || state == 'X')
        return 0;
    return start;
}

bool weft_process_alive(pid_t pid, uint64_t start_time)
{
    return pid > 0 && start_time != 0 && weft_process_start_time(pid) == start_time;
}
