/*
 * tell.c - what every step of a job says to the job: warnings, checks, progress, that it may be
 * stopped here. It knows no step.
 */
#include "job/work_internal.h"

#include "base/fault.h"
#include "base/process.h"

int job_warn(struct job_work *work, const char *text, struct weft_error *error)
{
    if (work->parent != NULL)
        return job_warn(work->parent, text, error);
    if (weft_arena_reserve(work->arena, &work->warnings, &work->warning_capacity,
                           work->warning_count + 1, sizeof *work->warnings) < 0)
        return weft_error_nomem(error);
    work->warnings[work->warning_count++] = text;
    return 0;
}

int job_check_add(struct job_work *work, const struct weft_outcome_check *check,
                  struct weft_error *error)
{
    if (work->parent != NULL)
        return job_check_add(work->parent, check, error);
    if (weft_arena_reserve(work->arena, &work->checks, &work->check_capacity, work->check_count + 1,
                           sizeof *work->checks) < 0)
        return weft_error_nomem(error);
    if (check->rule == NULL)
        return weft_error_nomem(error);
    work->checks[work->check_count++] = *check;
    return 0;
}

void job_tell(struct job_work *work, const char *stage, const char *file, int64_t rows,
              int64_t done, int64_t total)
{
    if (work->progress == NULL)
        return;
    struct weft_progress progress = {stage, file, rows, done, total};
    work->progress(work->progress_arg, &progress);
}

int job_point(const char *point, struct weft_error *error)
{
    if (weft_fault_point(point))
        return weft_error_set(error, WEFT_E_IO, "stopped at %s", point);
    return weft_process_check_cancelled(error);
}

bool job_is_trial(const struct job_work *work)
{
    return work->job->mode == WEFT_JOB_PREVIEW || work->job->mode == WEFT_JOB_TEST ||
           work->job->mode == WEFT_JOB_CHECK;
}

int job_nothing_new(struct job_work *work)
{
    work->out->state = WEFT_RUN_NOTHING_NEW;
    return WEFT_END;
}
