/*
 * outcome.h - the parts of a run's outcome as people and programs see them, wherever they come:
 * after a run, in a preview.
 */
#ifndef WEFT_APP_OUTCOME_H
#define WEFT_APP_OUTCOME_H

#include "app/out.h"
#include "codec/json.h"
#include "job/job.h"

/* A line for a rule that was broken; nothing for one that held. */
int weft_outcome_check_tell(const struct weft_outcome_check *check, struct weft_out *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* "read", "accepted", "made", "published", "quarantined", "superseded", "checks": members of an
 * object that is begun. */
void weft_outcome_figures_json(const struct weft_outcome *outcome, struct weft_json_writer *json);

#endif
