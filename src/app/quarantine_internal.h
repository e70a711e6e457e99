/*
 * quarantine_internal.h - what the parts of the operation `quarantine` share.
 */
#ifndef WEFT_APP_QUARANTINE_INTERNAL_H
#define WEFT_APP_QUARANTINE_INTERNAL_H

#include "app/ops_internal.h"
#include "app/query_internal.h"
#include "flow/run.h"

/* domain.product, or domain.product@1 for one that is not the newest: as a command takes it. */
#define WEFT_QUARANTINE_SHOWN 160
void weft_quarantine_shown(const struct weft_registered *product, char out[WEFT_QUARANTINE_SHOWN]);
/* --rule, --since, --before. USAGE for a time that is none. */
int weft_quarantine_choice_read(const struct weft_op_request *request,
                                struct weft_quarantine_choice *choice, struct weft_error *error)
    WEFT_MUST_CHECK;
/* "select <select> from ... where ... <tail>" of the rows that the request chooses. */
int weft_quarantine_sql(struct weft_context *context, struct weft_buf *sql, const char *select,
                        const struct weft_registered *product,
                        const struct weft_op_request *request, const char *tail,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* --run. decision: that he may. */
int weft_quarantine_blocked(struct weft_context *context, const struct weft_registered *product,
                            const struct weft_decision *decision,
                            const struct weft_op_request *request, struct weft_out *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* --export */
int weft_quarantine_export(struct weft_context *context, const struct weft_registered *product,
                           const struct weft_op_request *request, struct weft_out *out,
                           struct weft_error *error) WEFT_MUST_CHECK;
/* --replay, with --from */
int weft_quarantine_replay(struct weft_context *context, const struct weft_registered *product,
                           const struct weft_op_request *request, struct weft_out *out,
                           struct weft_error *error) WEFT_MUST_CHECK;

enum weft_quarantine_format {
    WEFT_QUARANTINE_CSV,
    WEFT_QUARANTINE_TSV,
    WEFT_QUARANTINE_JSON,
    WEFT_QUARANTINE_NDJSON
};
/* From --format, or the file's name; USAGE when neither says it. */
int weft_quarantine_format_read(const struct weft_op_request *request, const char *file,
                                enum weft_quarantine_format *format, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
