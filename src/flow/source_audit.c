/*
 * source_audit.c - what a run reads of other domains stands in the audit (trust/audit.h) as any
 * read: before the worker is asked, and again behind it with the rows that its SQL was given and
 * the hash of that SQL, which only the worker knows; and a denial. In the name of the domain that
 * reads, by whoever started the run.
 */
#include "flow/run_internal.h"

#include "base/clock.h"
#include "trust/audit.h"

#include <stdio.h>
#include <string.h>

/* Those that the SQL can use; hidden ones are not there for it. */
static int columns_print(const struct weft_trust_subject *subject,
                         const struct weft_decision *decision, struct weft_arena *arena,
                         const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 20);
    for (size_t i = 0; i < subject->column_count; i++) {
        if (decision->treatments != NULL && decision->treatments[i].kind == WEFT_TREAT_HIDE)
            continue;
        weft_buf_addf(&text, "%s%s.%s", text.length == 0 ? "" : ",", subject->full_name,
                      subject->columns[i].name);
    }
    WEFT_TRY(weft_buf_check(&text, error));
    *out = text.length == 0 ? "" : weft_arena_strndup(arena, text.data, text.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static struct weft_audit_read line_of(const struct weft_asker *asker,
                                      const struct weft_flow_read *read)
{
    return (struct weft_audit_read){.request = &read->request,
                                    .door = "run",
                                    .command = asker->cause,
                                    .products = read->product,
                                    .columns = read->columns,
                                    .sql_hash = "",
                                    .decision = read->allowed ? "yes" : "no",
                                    .reason = read->reason,
                                    .agreement = read->agreement};
}

int weft_flow_audit_note(struct weft_asker *asker, const struct weft_request *request,
                         const struct weft_trust_subject *subject,
                         const struct weft_decision *decision, const char *source,
                         struct weft_error *error)
{
    struct weft_flow_read read = {.request = *request,
                                  .source = source,
                                  .product = subject->full_name,
                                  .columns = "",
                                  .reason = decision->reason,
                                  .agreement = decision->agreement,
                                  .allowed = decision->verdict == WEFT_VERDICT_YES};
    if (asker->options->actor != NULL)
        snprintf(read.request.actor, sizeof read.request.actor, "%s", asker->options->actor);
    if (!read.allowed) {
        const struct weft_audit_read line = line_of(asker, &read);
        return weft_audit_append(asker->ledger, &line, error);
    }
    WEFT_TRY(columns_print(subject, decision, asker->arena, &read.columns, error));
    if (weft_arena_reserve(asker->arena, &asker->reads, &asker->read_capacity,
                           asker->read_count + 1, sizeof *asker->reads) < 0)
        return weft_error_nomem(error);
    asker->reads[asker->read_count++] = read;
    return 0;
}

int weft_flow_audit_begin(struct weft_asker *asker, struct weft_error *error)
{
    for (size_t i = 0; i < asker->read_count; i++) {
        struct weft_flow_read *read = &asker->reads[i];
        const struct weft_audit_read line = line_of(asker, read);
        read->begun_us = weft_clock_mono_us();
        WEFT_TRY(weft_audit_begin(asker->ledger, &line, read->id, error));
    }
    return 0;
}

/* -1 = not known: the run did not come so far. */
static int64_t rows_of(const struct weft_outcome *outcome, const char *source)
{
    for (size_t i = 0; i < outcome->source_count; i++) {
        if (strcmp(outcome->sources[i].name, source) == 0)
            return outcome->sources[i].records;
    }
    return -1;
}

int weft_flow_audit_end(struct weft_asker *asker, const struct weft_outcome *outcome,
                        struct weft_error *error)
{
    for (size_t i = 0; i < asker->read_count; i++) {
        struct weft_flow_read *read = &asker->reads[i];
        bool good = outcome != NULL && outcome->state != WEFT_RUN_FAILED;
        if (read->id[0] == '\0')
            continue;
        const struct weft_audit_done done = {
            .rows = outcome == NULL ? -1 : rows_of(outcome, read->source),
            .duration_us = weft_clock_mono_us() - read->begun_us,
            .good = good,
            .sql_hash = outcome == NULL || outcome->sql_hash[0] == '\0' ? NULL : outcome->sql_hash};
        WEFT_TRY(weft_audit_end(asker->ledger, read->id, &done, error));
        read->id[0] = '\0';
    }
    return 0;
}
