/*
 * fault.h - named fault points, for tests that kill or break weft at every step.
 *
 * In builds with WEFT_FAULTS (dev, asan, tsan, cov; never release) the environment steers them:
 *   WEFT_FAULT=<spec>[,<spec>...]
 *   kill:<point>[:<nth>]          the process kills itself (SIGKILL) at the nth pass (default 1)
 *   stop:<point>[:<nth>]          fails there with an I/O error, where the point can fail
 *   freeze:<point>[:<nth>]        the process stands still there (SIGSTOP) until it gets SIGCONT
 *   <op>:<nth>[:<errno name>]     the nth write|sync|rename|open|unlink|mkdir|truncate fails
 *                                 (EIO, ENOSPC, EDQUOT, EROFS; default EIO)
 *   clock:<seconds>               the clock is off by so many seconds
 *   log:ops                       the log has a line "<role> op.<op>" for each such call too
 *   WEFT_FAULT_LOG=<file>         each point passed is appended as a line "<role> <point>", each
 *                                 call that failed by order as "<role> failed.<op>"
 *   WEFT_FAULT_IN=<role>          only processes of this role obey (cli, worker)
 * Without WEFT_FAULTS all of it is empty and costs nothing.
 */
#ifndef WEFT_BASE_FAULT_H
#define WEFT_BASE_FAULT_H

#include "base/defs.h"

#ifdef WEFT_FAULTS

/* The process says what it is, once, at start. */
void weft_fault_role(const char *role);
/* Passes a named point; true = fail here. */
bool weft_fault_point(const char *point);
/* The errno to fail an operation with, or 0. op: "write", "sync", ... */
int weft_fault_op(const char *op);
int64_t weft_fault_clock_us(void);

#else

static inline void weft_fault_role(const char *role)
{
    (void)role;
}
static inline bool weft_fault_point(const char *point)
{
    (void)point;
    return false;
}
static inline int weft_fault_op(const char *op)
{
    (void)op;
    return 0;
}
static inline int64_t weft_fault_clock_us(void)
{
    return 0;
}

#endif
#endif
