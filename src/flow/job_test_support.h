/*
 * job_test_support.h - a home, an inbox, and jobs done in this process, for tests of the worker's
 * side. What an asker would commit (pointers, positions) is kept here instead.
 */
#ifndef WEFT_FLOW_JOB_TEST_SUPPORT_H
#define WEFT_FLOW_JOB_TEST_SUPPORT_H

#include "job/job.h"
#include "ledger/ledger.h"

struct job_fixture {
    char *dir;
    char home[4096];
    char inbox[4096];
    struct weft_arena *arena;
    struct weft_ledger *ledger;
    const char *metadata;
    const char *quarantine_metadata;
    int64_t sequence;
    /* of the next job */
    struct weft_job job;
    struct weft_job_file files[8];
    struct weft_outcome outcome;
};

void job_setup(struct job_fixture *f);
void job_teardown(struct job_fixture *f);
/* Writes bytes to <inbox>/<name>. */
void job_file(struct job_fixture *f, const char *name, const void *data, size_t length);
void job_text(struct job_fixture *f, const char *name, const char *text);
/* Does a job of this product (a document; `%s`-free) in this mode; the outcome is in f->outcome. */
void job_run(struct job_fixture *f, const char *document, enum weft_job_mode mode);
/* Keeps what the last outcome made, as a commit would. */
void job_commit(struct job_fixture *f);
/* One number from SQL over the table: {t} is the table's rows, {q} those of quarantine. */
int64_t job_number(struct job_fixture *f, const char *sql);
const struct weft_outcome_check *job_check(struct job_fixture *f, const char *rule);

/* Fails the test unless the job ended so, with its balance holding. */
void job_expect_state(struct job_fixture *f, enum weft_run_state state);
/* Published; so many rows read, published and set aside. */
void job_expect_balance(struct job_fixture *f, int64_t read, int64_t published, int64_t aside);

#endif
