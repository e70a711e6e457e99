/*
 * source_gate.c - may a run read a product of another domain, and what of it? It reads in the name
 * of its product's domain, not in that of whoever started it: the one decision (trust/decide.h)
 * about domain:<d>, purpose "run". What is kept from it goes to the worker as a guard.
 *
 * Only the home of an older weft that saw no apply since then does not ask: its next apply names
 * the dependencies of that moment, and ends that (trust/dependencies.h).
 */
#include "flow/run_internal.h"

#include "base/clock.h"
#include "catalog/columns.h"
#include "catalog/subject.h"
#include "flow/looked_up.h"
#include "job/guard.h"
#include "trust/dependencies.h"

#include <stdio.h>
#include <string.h>

/* ---- what is known of trust ---- */

struct weft_run_trust {
    struct weft_trust *trust; /* NULL = none yet */
    int64_t sequence;         /* up to which it is what the ledger says */
};

struct weft_run_trust *weft_run_trust_new(void)
{
    return weft_alloc(sizeof(struct weft_run_trust));
}

void weft_run_trust_free(struct weft_run_trust *kept)
{
    if (kept == NULL)
        return;
    weft_trust_free(kept->trust);
    weft_free(kept);
}

void weft_flow_gate_end(struct weft_flow_gate *gate)
{
    if (!gate->kept)
        weft_trust_free(gate->trust);
    *gate = (struct weft_flow_gate){0};
}

/* What a run writes tells nothing of trust; any other entry may. */
static int kept_holds(const struct weft_run_trust *kept, struct weft_ledger_txn *txn,
                      int64_t sequence, bool *holds, struct weft_error *error)
{
    int64_t other;
    *holds = false;
    if (kept->trust == NULL || sequence < kept->sequence)
        return 0;
    int rc = weft_sql_int(txn, &other, error,
                          "SELECT 1 FROM entries WHERE origin = ?1 AND sequence > ?2 AND kind NOT "
                          "IN ('" WEFT_KIND_RUN_ENDED "', 'snapshot.committed', "
                          "'product.in_force', 'product.lineage') LIMIT 1",
                          "ti", weft_ledger_origin(weft_ledger_of(txn)), kept->sequence);
    *holds = rc > 0;
    return rc < 0 ? rc : 0;
}

static int trust_kept(struct weft_run_trust *kept, struct weft_ledger_txn *txn, int64_t sequence,
                      struct weft_trust **out, struct weft_error *error)
{
    bool holds;
    WEFT_TRY(kept_holds(kept, txn, sequence, &holds, error));
    if (!holds) {
        weft_trust_freep(&kept->trust);
        WEFT_TRY(weft_trust_load(txn, sequence, &kept->trust, error));
    }
    kept->sequence = sequence;
    *out = kept->trust;
    return 0;
}

static int request_make(const struct weft_asker *asker, struct weft_request *out,
                        struct weft_error *error)
{
    const char *full_name = asker->registered.full_name;
    *out = (struct weft_request){.time_us = asker->started_us, .purpose = "run"};
    int length = snprintf(out->principal, sizeof out->principal, "domain:%.*s",
                          (int)strcspn(full_name, "."), full_name);
    if (length < 0 || (size_t)length >= sizeof out->principal)
        return weft_error_set(error, WEFT_E_LIMIT, "the domain's name is too long");
    return 0;
}

static bool is_own(const struct weft_asker *asker, const char *full_name)
{
    size_t length = strcspn(full_name, ".") + 1;
    return strncmp(asker->registered.full_name, full_name, length) == 0;
}

static int trust_of(struct weft_flow_gate *gate, struct weft_ledger_txn *txn,
                    const struct weft_asker *asker, const struct weft_request *request,
                    struct weft_error *error)
{
    struct weft_run_trust *kept = asker->options->trust;
    if (gate->txn != txn) {
        weft_flow_gate_end(gate);
        gate->txn = txn;
        WEFT_TRY(weft_dependencies_are_confirmed(txn, 0, &gate->confirmed, error));
    }
    if (!gate->confirmed || gate->trust != NULL)
        return 0;
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    gate->kept = kept != NULL && weft_ledger_of(txn) == asker->ledger;
    if (gate->kept)
        WEFT_TRY(trust_kept(kept, txn, head.sequence, &gate->trust, error));
    else
        WEFT_TRY(weft_trust_load(txn, head.sequence, &gate->trust, error));
    return weft_trust_know(gate->trust, txn, request->principal, error);
}

static int denied(const struct weft_request *request, const struct weft_registered *source,
                  const struct weft_decision *decision, struct weft_error *error)
{
    const char *why = weft_decision_denial(decision);
    const char *name = source->full_name;
    const char *domain = strchr(request->principal, ':') + 1;
    const struct weft_decision_reason *broken = weft_decision_broken(decision);
    if (broken != NULL) {
        weft_error_set(error, WEFT_E_DENIED, "%s may not read %s: %s: %s", request->principal, name,
                       broken->rule, broken->text);
        return weft_error_hint(error, "it is granted: let the `on` of that policy name only "
                                      "products that have the column, or except the domain");
    }
    weft_error_set(error, WEFT_E_DENIED, "%s may not read %s%s%s", request->principal, name,
                   why[0] == '\0' ? "" : ": ", why);
    return weft_error_hint(error,
                           "a policy grants it: {kind: grant, name: %s_reads_%s, to: [%s], read: "
                           "[%s]}, or `access: {grant: [%s]}` in its product file, as "
                           "soon as that is applied",
                           domain, strchr(name, '.') + 1, request->principal, name,
                           request->principal);
}

/* ---- the guard ---- */

struct member_adding {
    struct weft_ledger_txn *txn;
    struct weft_asker *asker;
};

static int member_add(void *arg, const char *product, struct weft_error *error)
{
    struct member_adding *adding = arg;
    struct weft_asker *asker = adding->asker;
    struct weft_registered found;
    struct weft_pointer pointer;
    for (size_t i = 0; i < asker->member_count; i++) {
        if (strcmp(asker->members[i].name, product) == 0)
            return 0;
    }
    int rc = weft_catalog_product(adding->txn, asker->arena, product, WEFT_MAJOR_NEWEST, 0, &found,
                                  error);
    if (rc == 0)
        rc = weft_pointer_get(adding->txn, asker->arena, WEFT_SPACE_LAKE, found.table, 0, &pointer,
                              error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || pointer.snapshot_id == 0) {
        weft_error_set(error, WEFT_E_DENIED, "a policy looks rows up in %s, which has no snapshot",
                       product);
        return weft_error_hint(error,
                               "run it first: `weft run %s`; where it is made of %s itself, no run "
                               "can be the first one: the policy wants another product",
                               product, asker->registered.full_name);
    }
    if (weft_arena_reserve(asker->arena, &asker->members, &asker->member_capacity,
                           asker->member_count + 1, sizeof *asker->members) < 0)
        return weft_error_nomem(error);
    asker->members[asker->member_count++] =
        (struct weft_job_source){.name = weft_arena_strdup(asker->arena, product),
                                 .product = found.full_name,
                                 .table = found.table,
                                 .metadata = pointer.metadata,
                                 .snapshot_id = pointer.snapshot_id};
    return 0;
}

static int guard_make(struct weft_asker *asker, const struct weft_trust_subject *subject,
                      const struct weft_decision *decision, const char **out,
                      struct weft_error *error)
{
    struct weft_job_guard guard = {.digest = decision->digest, .rows = decision->rows};
    struct weft_job_guard_column *columns =
        weft_arena_array(asker->arena, subject->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    guard.min_groups = decision->min_groups;
    guard.min_group_count = decision->min_group_count;
    for (size_t i = 0; i < subject->column_count; i++) {
        columns[i].name = subject->columns[i].name;
        columns[i].treat = (struct weft_treatment){.kind = WEFT_TREAT_NONE};
        if (decision->treatments != NULL)
            columns[i].treat = decision->treatments[i];
    }
    guard.columns = columns;
    guard.column_count = subject->column_count;
    return weft_job_guard_print(&guard, asker->arena, out, error);
}

static int subject_make(struct weft_ledger_txn *txn, struct weft_arena *arena,
                        const struct weft_registered *source, struct weft_trust_subject *out,
                        struct weft_error *error)
{
    const struct weft_catalog_column *known = NULL;
    size_t count = 0;
    int rc =
        weft_catalog_columns(txn, arena, source->full_name, source->major, &known, &count, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_catalog_subject(arena, txn, source, NULL, 0, 0, out, error);
    struct weft_subject_column *columns = weft_arena_array(arena, count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        columns[i] = (struct weft_subject_column){known[i].name, known[i].type, NULL};
    return weft_catalog_subject(arena, txn, source, columns, count, 0, out, error);
}

int weft_flow_gate(struct weft_flow_gate *gate, struct weft_ledger_txn *txn,
                   struct weft_asker *asker, const struct weft_registered *source,
                   struct weft_job_source *out, struct weft_error *error)
{
    struct weft_request request;
    struct weft_trust_subject subject;
    struct weft_decision decision;
    if (is_own(asker, source->full_name))
        return 0;
    WEFT_TRY(request_make(asker, &request, error));
    WEFT_TRY(trust_of(gate, txn, asker, &request, error));
    if (!gate->confirmed)
        return 0;
    WEFT_TRY(subject_make(txn, asker->arena, source, &subject, error));
    WEFT_TRY(weft_trust_decide(gate->trust, &request, &subject, asker->arena, &decision, error));
    request.sequence = weft_trust_sequence(gate->trust);
    WEFT_TRY(weft_flow_audit_note(asker, &request, &subject, &decision, out->name, error));
    if (decision.verdict != WEFT_VERDICT_YES)
        return denied(&request, source, &decision, error);
    if (decision.raw)
        return 0;
    struct member_adding adding = {txn, asker};
    if (out->home == NULL)
        WEFT_TRY(weft_job_guard_members(decision.rows, member_add, &adding, error));
    return guard_make(asker, &subject, &decision, &out->guard, error);
}

/* ---- what is looked up, before the runs ---- */

struct looking {
    const struct weft_registered_digest *digest;
    weft_run_looked_up_fn *fn;
    void *arg;
};

static int looked_up_tell(void *arg, const char *product, struct weft_error *error)
{
    const struct looking *looking = arg;
    return looking->fn(looking->arg, looking->digest, product, error);
}

static bool condition_looks_up(const struct weft_condition *rows)
{
    bool looks = rows != NULL && rows->kind == WEFT_CONDITION_MEMBER;
    for (size_t i = 0; rows != NULL && !looks && i < rows->part_count; i++)
        looks = condition_looks_up(rows->parts[i]);
    return looks;
}

/* Most homes have no such policy: then nothing needs to be decided. */
static bool policies_look_up(const struct weft_trust *trust)
{
    for (size_t i = 0; i < weft_trust_policy_count(trust); i++) {
        if (condition_looks_up(weft_trust_policy_nth(trust, i)->rows))
            return true;
    }
    return false;
}

/* asker: as much of one as a decision wants. */
static int looked_up_by(struct weft_flow_gate *gate, struct weft_ledger_txn *txn,
                        struct weft_asker *asker, struct looking *looking, struct weft_error *error)
{
    const struct weft_registered_reads *reads = &looking->digest->reads;
    struct weft_request request;
    asker->registered.full_name = looking->digest->full_name;
    WEFT_TRY(request_make(asker, &request, error));
    for (size_t i = 0; i < reads->count; i++) {
        struct weft_registered source;
        struct weft_trust_subject subject;
        struct weft_decision decision;
        if (is_own(asker, reads->items[i].full_name))
            continue;
        WEFT_TRY(trust_of(gate, txn, asker, &request, error));
        if (!gate->confirmed || !policies_look_up(gate->trust))
            return 0;
        WEFT_TRY(weft_trust_know(gate->trust, txn, request.principal, error));
        int rc = weft_catalog_product(txn, asker->arena, reads->items[i].full_name,
                                      reads->items[i].major, 0, &source, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE)
            continue; /* its run says so */
        WEFT_TRY(subject_make(txn, asker->arena, &source, &subject, error));
        WEFT_TRY(
            weft_trust_decide(gate->trust, &request, &subject, asker->arena, &decision, error));
        if (decision.verdict == WEFT_VERDICT_YES)
            WEFT_TRY(weft_job_guard_members(decision.rows, looked_up_tell, looking, error));
    }
    return 0;
}

int weft_run_looked_up(struct weft_ledger_txn *txn,
                       const struct weft_registered_digest *const *digests, size_t count,
                       weft_run_looked_up_fn *fn, void *arg, struct weft_error *error)
{
    static const struct weft_run_options options = {.mode = WEFT_JOB_RUN};
    WEFT_CLEANUP(weft_flow_gate_end) struct weft_flow_gate gate = {0};
    for (size_t i = 0; i < count; i++) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        struct weft_asker asker = {.ledger = weft_ledger_of(txn),
                                   .arena = arena,
                                   .options = &options,
                                   .started_us = weft_clock_us()};
        struct looking looking = {.digest = digests[i], .fn = fn, .arg = arg};
        if (arena == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(looked_up_by(&gate, txn, &asker, &looking, error));
    }
    return 0;
}
