/*
 * fault.c - reads WEFT_FAULT once and counts passes. Thread-safe: counters are atomic.
 */
#include "base/fault.h"

#ifdef WEFT_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAULT_SPECS_MAX 16

struct fault_spec {
    char kind[12]; /* kill, stop, freeze, or the name of an operation */
    char point[64];
    uint64_t nth;
    int errnum;
    _Atomic uint64_t passed;
};

static struct fault_spec fault_specs[FAULT_SPECS_MAX];
static size_t fault_spec_count;
static int64_t fault_clock_us;
static char fault_role_name[16] = "cli";
static int fault_log_fd = -1;
static bool fault_log_ops; /* log:ops */
static pthread_once_t fault_once = PTHREAD_ONCE_INIT;

static int errno_of(const char *name)
{
    static const struct {
        const char *name;
        int errnum;
    } rows[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}};
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].errnum;
    }
    return EIO;
}

static void spec_parse(const char *text)
{
    char kind[12] = "", second[64] = "", third[64] = "";
    if (sscanf(text, "%11[^:]:%63[^:]:%63s", kind, second, third) < 2)
        return;
    if (strcmp(kind, "clock") == 0) {
        fault_clock_us = (int64_t)strtoll(second, NULL, 10) * 1000000;
        return;
    }
    if (strcmp(kind, "log") == 0) {
        fault_log_ops = true;
        return;
    }
    if (fault_spec_count == FAULT_SPECS_MAX)
        return;
    struct fault_spec *spec = &fault_specs[fault_spec_count++];
    snprintf(spec->kind, sizeof spec->kind, "%s", kind);
    if (strcmp(kind, "kill") == 0 || strcmp(kind, "stop") == 0 || strcmp(kind, "freeze") == 0) {
        snprintf(spec->point, sizeof spec->point, "%s", second);
        spec->nth = third[0] == '\0' ? 1 : strtoull(third, NULL, 10);
    } else {
        spec->nth = strtoull(second, NULL, 10);
        spec->errnum = errno_of(third);
    }
}

static void fault_read(void)
{
    const char *in = getenv("WEFT_FAULT_IN");
    const char *log = getenv("WEFT_FAULT_LOG");
    const char *specs = getenv("WEFT_FAULT");
    if (log != NULL)
        fault_log_fd = (open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (specs == NULL || (in != NULL && strcmp(in, fault_role_name) != 0))
        return;
    char copy[512];
    snprintf(copy, sizeof copy, "%s", specs);
    char *save = NULL;
    for (char *part = strtok_r(copy, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save))
        spec_parse(part);
}

void weft_fault_role(const char *role)
{
    snprintf(fault_role_name, sizeof fault_role_name, "%s", role);
}

static void fault_log(const char *kind, const char *what)
{
    char line[128];
    if (fault_log_fd < 0)
        return;
    int length = snprintf(line, sizeof line, "%s %s%s\n", fault_role_name, kind, what);
    ssize_t written = (write)(fault_log_fd, line, (size_t)length);
    (void)written;
}

bool weft_fault_point(const char *point)
{
    pthread_once(&fault_once, fault_read);
    fault_log("", point);
    for (size_t i = 0; i < fault_spec_count; i++) {
        struct fault_spec *spec = &fault_specs[i];
        if (strcmp(spec->point, point) != 0 || ++spec->passed != spec->nth)
            continue;
        if (strcmp(spec->kind, "kill") == 0)
            kill(getpid(), SIGKILL);
        if (strcmp(spec->kind, "freeze") == 0) {
            kill(getpid(), SIGSTOP);
            continue;
        }
        return true;
    }
    return false;
}

int weft_fault_op(const char *op)
{
    pthread_once(&fault_once, fault_read);
    if (fault_log_ops)
        fault_log("op.", op);
    for (size_t i = 0; i < fault_spec_count; i++) {
        struct fault_spec *spec = &fault_specs[i];
        if (strcmp(spec->kind, op) == 0 && ++spec->passed == spec->nth) {
            fault_log("failed.", op);
            return spec->errnum;
        }
    }
    return 0;
}

int64_t weft_fault_clock_us(void)
{
    pthread_once(&fault_once, fault_read);
    return fault_clock_us;
}

#else
/* A translation unit may not be empty. */
typedef int weft_fault_unused;
#endif
