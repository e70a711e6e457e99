/*
 * replay_internal.h - rows of quarantine as input files of a job, and which of them passed.
 */
#ifndef WEFT_FLOW_REPLAY_INTERNAL_H
#define WEFT_FLOW_REPLAY_INTERNAL_H

#include "flow/work_internal.h"

struct flow_replay;

/* Spools the rows that the job names and makes them the work's files. WEFT_END when there are
 * none. The engine runs. *out is to be freed in every case. */
int flow_replay_spool(struct flow_work *work, struct flow_replay **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* After the figures: fills `replayed` of the outcome. */
int flow_replay_tell(struct flow_replay *replay, struct weft_error *error) WEFT_MUST_CHECK;
/* Removes the spooled files. NULL is nothing. */
void flow_replay_free(struct flow_replay *replay);

#endif
