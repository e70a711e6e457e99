/*
 * run_test_support.h - for the tests of the asker's side: a home with a product, runs by the worker
 * that the test program becomes when it is started as `<program> worker`, and askers that are
 * processes of their own (`<program> asker ...`).
 */
#ifndef WEFT_FLOW_RUN_TEST_SUPPORT_H
#define WEFT_FLOW_RUN_TEST_SUPPORT_H

#include "base/test_support.h"
#include "flow/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/types.h>

#include <cmocka.h>

/* Does jobs until nobody asks any more, and ends the process. */
void run_test_worker(void) __attribute__((noreturn));

struct fixture {
    char *dir;
    char *home;
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    struct weft_settings settings;
    struct weft_registered product;
    struct weft_error error;
    int waited;
};

extern char *program;

void ok_at(int rc, const struct weft_error *error, int line);
#define OK(expr) ok_at((expr), &f->error, __LINE__)

#define READ_NEW "input: {files: inbox/*.csv, read: new, done: done, error: error}\n"
#define READ_ALL "input: {files: inbox/*.csv}\n"

void put_file(struct fixture *f, const char *name, const char *text);
bool there(struct fixture *f, const char *name);
/* health.<name>, with this in its file beside a schema of one column. */
const struct weft_product *contract(struct fixture *f, const char *name, const char *version,
                                    const char *more);
void registered(struct fixture *f, const struct weft_product *p);
void registered_reads(struct fixture *f, const struct weft_product *p,
                      const struct weft_registered_read *reads, size_t count);
struct weft_registered look(struct fixture *f, const char *name);
/* A home in dir; more NULL: the product is there already. */
void start(struct fixture *f, const char *dir, const char *more);
void stop(struct fixture *f);
/* health.reports with READ_NEW, or READ_ALL. */
int setup(void **state);
int setup_replace(void **state);
int teardown(void **state);

struct weft_run_options options(struct fixture *f, enum weft_job_mode mode);
struct weft_run_report ask(struct fixture *f, enum weft_job_mode mode);
/* The run of f->product fails with this code. */
void refused(struct fixture *f, const char *scenario, enum weft_code code);
/* The first number of a SELECT; -1 = no row. */
int64_t number(struct fixture *f, const char *sql);
const char *text_of(struct fixture *f, const char *sql);
int files_below(const char *path, const char *holding);
int64_t data_files(struct fixture *f, const char *folder);
/* What must hold after anything: the chain, the folds, no orphan, balances, no lease. */
void holds(struct fixture *f);
int64_t rows_now(struct fixture *f); /* of the newest snapshot of any product */
int64_t rows_of(struct fixture *f, const char *table);

/* Starts this program as an asker of f->product: mode run, no_wait, replay. */
pid_t asker_start(struct fixture *f, const char *mode, const char *scenario, const char *fault,
                  const char *role);
/* 0 = published, 50 + state, or the code of the error; -signal. */
int asker_wait(pid_t pid);
/* Until so many runs of other processes hold their leases; fails after 20 s. */
void leases_wait(struct fixture *f, int64_t count);

/* What main does: worker, asker, or the tests (argv[1] may name one). more: another word that
 * the program may be started with, NULL = none. */
int run_test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
