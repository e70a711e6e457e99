/*
 * ledger_test_support.h - for unit tests only: a kind and a folded table to write, and the test
 * program started again as another process (fault points are read once per process).
 */
#ifndef WEFT_LEDGER_LEDGER_TEST_SUPPORT_H
#define WEFT_LEDGER_LEDGER_TEST_SUPPORT_H

#include "ledger/ledger.h"

#include <sys/types.h>

/* Kind test.put {name, value}: sets test_values(name, value, seq_from, seq_to); the value "refuse"
 * does not fit. Operational table test_queue(item). */
void ledger_test_register(void);
/* One transaction with one entry test.put. */
int ledger_test_put(struct weft_ledger *ledger, const char *name, int64_t value,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Runs SQL past the ledger, as an attacker or a broken disk would. Aborts on failure. */
void ledger_test_sql(const char *home, const char *sql);
/* First column of the first row as a number. */
int64_t ledger_test_number(const char *home, const char *sql);

/* Starts this program again with these arguments and WEFT_FAULT=fault (NULL = none). */
pid_t ledger_test_start(const char *scenario, const char *argument, const char *fault);
/* The exit status, or minus the signal that ended it. */
int ledger_test_wait(pid_t pid);
int ledger_test_run(const char *scenario, const char *argument, const char *fault);
/* A folder on a file system in memory where there is one: torture syncs thousands of times. */
char *ledger_test_fast_dir(void);

#endif
