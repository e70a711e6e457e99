/*
 * policy_trials.c - the tests of policies/: each case is decided by the checkout's policies, teams
 * and products, with the people that the home knows.
 */
#include "app/trials.h"
#include "context/gate.h"
#include "plan/names.h"

#include "base/clock.h"
#include "policy/treatment.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)

struct asked {
    struct weft_trials *trials;
    struct weft_book *book;
    struct weft_trust *trust;
    const struct weft_policy *policy;
    const struct weft_policy_case *of;
    struct weft_trust_subject subject;
    struct weft_decision decision;
    struct weft_buf details;
    const char *message; /* NULL = as expected */
    struct weft_plan_people *people;
};

/* As its file has it, else as it is registered. WEFT_NOT_THERE. */
static int product_find(struct asked *asked, struct weft_error *error)
{
    struct weft_book *book = asked->book;
    struct weft_arena *arena = asked->trials->arena;
    const char *full_name;
    int major;
    size_t found = WEFT_BOOK_NONE;
    WEFT_TRY(weft_product_word(arena, asked->of->read, &full_name, &major, error));
    for (size_t i = 0; i < book->count; i++) {
        bool fits = strcmp(book->items[i].full_name, full_name) == 0 &&
                    (major == WEFT_MAJOR_NEWEST || book->items[i].major == major);
        if (fits && !weft_book_is_over(&book->items[i]))
            found = i;
    }
    if (found == WEFT_BOOK_NONE)
        return WEFT_NOT_THERE;
    struct weft_book_item *item = &book->items[found];
    struct weft_registered planned = {
        .full_name = item->full_name, .major = item->major, .pending = item->product};
    const struct weft_registered *registered = &planned;
    if (item->product == NULL)
        WEFT_TRY(weft_book_registered(book, found, &registered, error));
    return weft_catalog_subject(arena, book->txn, registered, NULL, 0, 0, &asked->subject, error);
}

static int differs(struct asked *asked, struct weft_error *error, const char *format, ...)
    WEFT_PRINTF(3, 4);

static int differs(struct asked *asked, struct weft_error *error, const char *format, ...)
{
    va_list args;
    if (asked->message != NULL)
        return 0;
    va_start(args, format);
    asked->message = weft_arena_formatv(asked->trials->arena, format, args);
    va_end(args);
    return asked->message == NULL ? weft_error_nomem(error) : 0;
}

static int column_compare(struct asked *asked, const struct weft_policy_case_column *expected,
                          struct weft_error *error)
{
    static const struct weft_treatment none = {.kind = WEFT_TREAT_NONE};
    const struct weft_trust_subject *subject = &asked->subject;
    size_t at = 0;
    while (at < subject->column_count && strcmp(subject->columns[at].name, expected->column) != 0)
        at++;
    if (at == subject->column_count)
        return differs(asked, error, "%s has no column `%.60s`", subject->full_name,
                       expected->column);
    const struct weft_treatment *is =
        asked->decision.treatments == NULL ? &none : &asked->decision.treatments[at];
    if (weft_treatment_equal(is, &expected->treatment))
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf want;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf have;
    weft_buf_init(&want, TEXT_MAX);
    weft_buf_init(&have, TEXT_MAX);
    weft_treatment_text(&expected->treatment, &want);
    weft_treatment_text(is, &have);
    weft_buf_addf(&asked->details, "      - %s: %s\n      + %s: %s\n", expected->column, want.data,
                  expected->column, have.data);
    WEFT_TRY(weft_buf_check(&want, error));
    WEFT_TRY(weft_buf_check(&have, error));
    return differs(asked, error, "expected %s: %s, and it is %s", expected->column, want.data,
                   have.data);
}

static int decision_compare(struct asked *asked, struct weft_error *error)
{
    bool allowed = asked->decision.verdict == WEFT_VERDICT_YES;
    if (allowed != asked->of->allowed)
        WEFT_TRY(differs(asked, error, "expected that %s may %sread it, and %s", asked->of->as,
                         asked->of->allowed ? "" : "not ", allowed ? "it may" : "it may not"));
    for (size_t i = 0; allowed && i < asked->of->column_count; i++)
        WEFT_TRY(column_compare(asked, &asked->of->columns[i], error));
    if (asked->message == NULL)
        return 0;
    for (size_t i = 0; i < asked->decision.reason_count; i++)
        weft_buf_addf(&asked->details, "        %s: %s\n", asked->decision.reasons[i].rule,
                      asked->decision.reasons[i].text);
    return weft_buf_check(&asked->details, error);
}

static int case_decide(struct asked *asked, struct weft_error *error)
{
    const struct weft_policy_case *of = asked->of;
    struct weft_request request = asked->trials->context->request;
    /* role:auditor alone is nobody: whoever has only this role. */
    if (strncmp(of->as, "role:", 5) == 0 || strcmp(of->as, "everyone") == 0)
        return differs(asked, error, "`as` is a user, group, service or domain, not %s", of->as);
    const char *near;
    if (!weft_plan_people_know(asked->people, of->as, &near))
        return differs(asked, error, "there is no %s%s%s%s", of->as,
                       near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                       near == NULL ? "" : "?");
    int rc = product_find(asked, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return differs(asked, error, "there is no product %s", of->read);
    snprintf(request.principal, sizeof request.principal, "%s", of->as);
    snprintf(request.purpose, sizeof request.purpose, "%s", of->purpose == NULL ? "" : of->purpose);
    WEFT_TRY(weft_trust_know(asked->trust, asked->book->txn, of->as, error));
    WEFT_TRY(weft_trust_decide(asked->trust, &request, &asked->subject, asked->trials->arena,
                               &asked->decision, error));
    return decision_compare(asked, error);
}

static int case_run(struct asked *asked, struct weft_error *error)
{
    const struct weft_policy_case *of = asked->of;
    struct weft_arena *arena = asked->trials->arena;
    int64_t started_us = weft_clock_mono_us();
    asked->message = NULL;
    weft_buf_clear(&asked->details);
    WEFT_TRY(case_decide(asked, error));
    struct weft_trial trial = {
        .product = "policies",
        .name = weft_arena_format(arena, "%s reads %s%s%s", of->as, of->read,
                                  of->purpose == NULL ? "" : " for ",
                                  of->purpose == NULL ? "" : of->purpose),
        .state = asked->message == NULL ? WEFT_TRIAL_PASSED : WEFT_TRIAL_FAILED,
        .file = asked->policy->file,
        .place = of->place,
        .duration_us = weft_clock_mono_us() - started_us,
        .message = asked->message,
    };
    if (asked->message != NULL && asked->details.length > 0) {
        trial.details = weft_arena_strndup(arena, asked->details.data, asked->details.length);
        if (trial.details == NULL)
            return weft_error_nomem(error);
    }
    if (trial.name == NULL)
        return weft_error_nomem(error);
    return weft_trials_add(asked->trials, &trial, error);
}

/* Its members and its owner. */
static int team_of(struct weft_arena *arena, const struct weft_domain *domain,
                   struct weft_texts *out, struct weft_error *error)
{
    const char **items = weft_arena_array(arena, domain->members.count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    *out = (struct weft_texts){items, domain->members.count};
    for (size_t i = 0; i < domain->members.count; i++)
        items[i] = domain->members.items[i];
    if (domain->owner != NULL && weft_principal_valid(domain->owner))
        items[out->count++] = domain->owner;
    return 0;
}

static int trust_make(struct asked *asked, const struct weft_mesh *mesh, struct weft_error *error)
{
    struct weft_ledger_head head = {0};
    if (asked->book->txn != NULL)
        WEFT_TRY(weft_ledger_head(asked->book->txn, &head, error));
    WEFT_TRY(weft_trust_of_policies(asked->book->txn, head.sequence, mesh->policies,
                                    mesh->policy_count, &asked->trust, error));
    for (size_t i = 0; i < mesh->domain_count; i++) {
        struct weft_texts team;
        if (mesh->domains[i].file == NULL)
            continue;
        WEFT_TRY(team_of(asked->trials->arena, &mesh->domains[i], &team, error));
        WEFT_TRY(weft_trust_describe_domain(asked->trust, mesh->domains[i].name, &team, error));
    }
    return 0;
}

static int cases_run(struct asked *asked, const struct weft_mesh *mesh, struct weft_error *error)
{
    bool told = false;
    WEFT_TRY(trust_make(asked, mesh, error));
    WEFT_TRY(weft_plan_people_make(asked->book, &asked->people, error));
    for (size_t i = 0; i < mesh->policy_count; i++) {
        asked->policy = mesh->policies[i];
        if (asked->policy->case_count > 0 && !told)
            WEFT_TRY(weft_out_line(asked->trials->out, WEFT_STYLE_TITLE, error, "policies"));
        told = told || asked->policy->case_count > 0;
        for (size_t c = 0; c < asked->policy->case_count; c++) {
            asked->of = &asked->policy->cases[c];
            WEFT_TRY(case_run(asked, error));
        }
    }
    return 0;
}

int weft_trials_policies(struct weft_trials *trials, struct weft_book *book,
                         const struct weft_mesh *mesh, struct weft_error *error)
{
    struct asked asked = {.trials = trials, .book = book};
    weft_buf_init(&asked.details, TEXT_MAX);
    int rc = cases_run(&asked, mesh, error);
    weft_buf_release(&asked.details);
    weft_trust_free(asked.trust);
    weft_plan_people_freep(&asked.people);
    return rc;
}
