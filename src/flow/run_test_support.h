/*
 * run_test_support.h - for the tests of the asker's side: the worker that the test program becomes
 * when it is started as `<program> worker`.
 */
#ifndef WEFT_FLOW_RUN_TEST_SUPPORT_H
#define WEFT_FLOW_RUN_TEST_SUPPORT_H

#include "flow/run.h"

/* Does one job and ends the process. */
void run_test_worker(void) __attribute__((noreturn));

#endif
