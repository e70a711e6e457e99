/*
 * schedule_skip.c - why an item is skipped, in words, and its record in the ledger. What stands in
 * the ledger holds names only; the first cause's message, which may quote data, is operational.
 */
#include "flow/schedule_internal.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdio.h>
#include <string.h>

void schedule_cause_set(struct schedule_cause *cause, const struct weft_schedule_ended *ended,
                        const struct weft_error *why)
{
    enum weft_run_state state = WEFT_RUN_FAILED;
    if (ended->state == WEFT_SCHEDULE_RAN)
        state = ended->report->outcome->state;
    cause->good = state == WEFT_RUN_PUBLISHED || state == WEFT_RUN_NOTHING_NEW;
    cause->blocked = state == WEFT_RUN_BLOCKED;
    cause->code = why->code == WEFT_E_NONE ? WEFT_E_WORKER : why->code;
    char text[WEFT_RUN_ERROR_TEXT];
    weft_run_error_text(why, text);
    snprintf(cause->message, sizeof cause->message, "%.*s", (int)sizeof cause->message - 1, text);
}

static void name_of(const struct weft_schedule_item *item, char *out, size_t size)
{
    snprintf(out, size, "%s@%d", item->full_name, item->major);
}

void schedule_skip_set(struct schedule_skip *skip, const struct weft_schedule_item *items,
                       const struct schedule_place *places, size_t item)
{
    const struct schedule_place *place = &places[item];
    const struct schedule_cause *cause = &places[place->root].cause;
    const char *ended = cause->blocked ? "was blocked" : "failed";
    char need[128], root[128];
    *skip = (struct schedule_skip){.item = item, .error = WEFT_ERROR_INIT};
    name_of(&items[place->skipped_for], need, sizeof need);
    name_of(&items[place->root], root, sizeof root);
    if (place->skipped_for == place->root)
        snprintf(skip->because, sizeof skip->because, "reads %s, whose run %s", root, ended);
    else
        snprintf(skip->because, sizeof skip->because, "reads %s, skipped because the run of %s %s",
                 need, root, ended);
    weft_error_set(&skip->error, cause->code, "skipped: %s: %s", skip->because, cause->message);
}

/* WEFT_NOT_THERE: it is not registered, so there is nothing to keep a record of. */
static int skip_append(struct weft_ledger_txn *txn, struct weft_arena *arena,
                       const struct weft_schedule *schedule, struct schedule_skip *skip,
                       struct weft_error *error)
{
    const struct weft_schedule_item *item = &schedule->items[skip->item];
    struct weft_registered product;
    int64_t sequence = 0;
    int rc = weft_catalog_product(txn, arena, item->full_name, item->major, 0, &product, error);
    if (rc != 0)
        return rc;
    const struct weft_product *contract = weft_registered_newest(&product);
    WEFT_TRY(weft_uuid(skip->run_id, error));
    struct weft_flow_ending ending = {.run_id = skip->run_id,
                                      .table = product.table,
                                      .version = contract == NULL ? NULL : contract->version,
                                      .digest = contract == NULL ? NULL : contract->digest,
                                      .cause = schedule->options->cause,
                                      .because = skip->because,
                                      .skipped = true,
                                      .started_us = weft_clock_us(),
                                      .why = &skip->error};
    return weft_flow_append_failed(txn, schedule->options->actor, &ending, &sequence, error);
}

int schedule_skips_record(struct weft_ledger *ledger, struct weft_arena *arena,
                          const struct weft_schedule *schedule, struct schedule_skip *skips,
                          size_t count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    for (size_t i = 0; i < count; i++) {
        int rc = skip_append(txn, arena, schedule, &skips[i], error);
        WEFT_TRY(rc);
    }
    WEFT_TRY(weft_flow_point("schedule.skipped", error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    return rc;
}
