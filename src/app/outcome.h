/*
 * outcome.h - the parts of a run's outcome as people and programs see them, wherever they come:
 * after a run, in a preview.
 */
#ifndef WEFT_APP_OUTCOME_H
#define WEFT_APP_OUTCOME_H

#include "checkout/mesh.h"
#include "codec/json.h"
#include "context/out.h"
#include "job/job.h"

/* A line for a rule that was broken; nothing for one that held. */
int weft_outcome_check_tell(const struct weft_outcome_check *check, struct weft_out *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* A run goes by the registered text, which has lines but no file. Where this checkout has the file,
 * unchanged, the error gets its place there; else it speaks of the SQL's own lines. mesh may be
 * NULL. */
void weft_outcome_place(const struct weft_mesh *mesh, const struct weft_product *contract,
                        struct weft_error *error);
/* "read", "accepted", "made", "published", "quarantined", "superseded", "checks": members of an
 * object that is begun. */
void weft_outcome_figures_json(const struct weft_outcome *outcome, struct weft_json_writer *json);

#endif
