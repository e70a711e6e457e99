/*
 * access.c - who gains or loses what by a plan: every known principal, and every one that a
 * policy names, decided about twice: as it is and as it would be.
 *
 * Only products that a changed policy means, whose contract changes, or whose team changes are
 * looked at; and no more than DECISIONS_MAX of them with all principals and purposes.
 */
#include "context/gate.h"
#include "plan/plan_internal.h"

#include "policy/condition.h"
#include "policy/selector.h"
#include "policy/treatment.h"
#include "trust/principals.h"

#include <stdlib.h>
#include <string.h>

#define DECISIONS_MAX 100000
#define PURPOSES_MAX 20
#define SHOWN_MAX 1000

struct compare {
    struct weft_plan_maker *maker;
    struct weft_trust *before, *after;
    struct weft_map *people;
    struct weft_map *purposes;
    struct weft_plan_access *items;
    size_t count, capacity;
    size_t shown;       /* of the items, those that are not folded */
    size_t from, folds; /* of the product that is looked at: its items, and those of groups */
    const bool *reached;
    size_t decisions;
    struct weft_diag *diag;
};

/* ---- who, and for what ---- */

static int name_add(struct weft_map *map, const char *name, struct weft_error *error)
{
    return weft_map_has(map, name) || weft_map_put(map, name, NULL) == 0 ? 0
                                                                         : weft_error_nomem(error);
}

/* A role and everyone stand for nobody in particular. */
static int people_add(struct compare *c, const struct weft_texts *words, struct weft_error *error)
{
    for (size_t i = 0; i < words->count; i++) {
        if (weft_principal_valid(words->items[i]))
            WEFT_TRY(name_add(c->people, words->items[i], error));
    }
    return 0;
}

static int people_of_policy(struct compare *c, const struct weft_policy *policy,
                            struct weft_error *error)
{
    WEFT_TRY(people_add(c, &policy->to, error));
    for (size_t i = 0; i < policy->except_count; i++) {
        const struct weft_texts one = {&policy->except[i].principal, 1};
        WEFT_TRY(people_add(c, &one, error));
        if (policy->except[i].purpose != NULL)
            WEFT_TRY(name_add(c->purposes, policy->except[i].purpose, error));
    }
    for (size_t i = 0; i < policy->purposes.count; i++)
        WEFT_TRY(name_add(c->purposes, policy->purposes.items[i], error));
    for (size_t i = 0; i < policy->purpose_count; i++)
        WEFT_TRY(name_add(c->purposes, policy->purpose_list[i].name, error));
    return 0;
}

static int people_find(struct compare *c, struct weft_error *error)
{
    struct weft_plan_maker *maker = c->maker;
    struct weft_principals known = {0};
    WEFT_TRY(name_add(c->purposes, "", error));
    if (maker->txn != NULL)
        WEFT_TRY(weft_principals_list(maker->txn, maker->arena, 0, &known, error));
    for (size_t i = 0; i < known.count; i++)
        WEFT_TRY(name_add(c->people, known.items[i].id, error));
    for (size_t i = 0; i < weft_trust_policy_count(c->before); i++)
        WEFT_TRY(people_of_policy(c, weft_trust_policy_nth(c->before, i), error));
    for (size_t i = 0; i < maker->mesh->policy_count; i++)
        WEFT_TRY(people_of_policy(c, maker->mesh->policies[i], error));
    for (size_t i = 0; i < maker->plan.team_count; i++) {
        const struct weft_plan_team *team = &maker->plan.teams[i];
        const struct weft_texts owner = {&team->owner_before, team->owner_before != NULL};
        WEFT_TRY(people_add(c, &team->team, error));
        WEFT_TRY(people_add(c, &team->removed, error));
        WEFT_TRY(people_add(c, &owner, error));
    }
    for (size_t i = 0; i < maker->count; i++) {
        const struct weft_product *product = maker->items[i].product;
        if (product == NULL || product->access == NULL)
            continue;
        WEFT_TRY(people_add(c, &product->access->grant, error));
        for (size_t p = 0; p < product->access->purposes.count; p++)
            WEFT_TRY(name_add(c->purposes, product->access->purposes.items[p], error));
    }
    return 0;
}

/* Groups first: their members are told with them. */
static int people_sort(struct compare *c, struct weft_error *error)
{
    struct weft_map *all = c->people, *sorted = weft_map_new();
    if (sorted == NULL)
        return weft_error_nomem(error);
    c->people = sorted;
    int rc = 0;
    for (int groups = 1; groups >= 0; groups--) {
        for (size_t i = 0; rc == 0 && i < weft_map_count(all); i++) {
            const char *name = weft_map_key(all, i);
            if ((strncmp(name, "group:", 6) == 0) == (groups == 1))
                rc = name_add(sorted, name, error);
        }
    }
    weft_map_free(all);
    return rc;
}

int weft_plan_trust_after(struct weft_plan_maker *maker, struct weft_trust **out,
                          struct weft_error *error)
{
    const struct weft_mesh *mesh = maker->mesh;
    int64_t sequence = maker->plan.sequence;
    bool ours = weft_mesh_owns_policies(mesh) && maker->whole;
    if (maker->after == NULL) {
        if (ours || maker->txn == NULL)
            WEFT_TRY(weft_trust_of_policies(maker->txn, sequence, mesh->policies,
                                            ours ? mesh->policy_count : 0, &maker->after, error));
        else
            WEFT_TRY(weft_trust_load(maker->txn, sequence, &maker->after, error));
        for (size_t i = 0; i < maker->plan.team_count; i++)
            WEFT_TRY(weft_trust_describe_domain(maker->after, maker->plan.teams[i].domain->name,
                                                &maker->plan.teams[i].team, error));
    }
    *out = maker->after;
    return 0;
}

static int trusts_make(struct compare *c, struct weft_error *error)
{
    struct weft_plan_maker *maker = c->maker;
    int64_t sequence = maker->plan.sequence;
    if (maker->txn != NULL)
        WEFT_TRY(weft_trust_load(maker->txn, sequence, &c->before, error));
    else
        WEFT_TRY(weft_trust_of_policies(NULL, sequence, NULL, 0, &c->before, error));
    return weft_plan_trust_after(maker, &c->after, error);
}

/* ---- which products ---- */

static bool selected_by(const struct weft_policy *policy, const struct weft_trust_subject *subject)
{
    const struct weft_texts *texts =
        policy->kind == WEFT_POLICY_GRANT ? &policy->read : &policy->on;
    const struct weft_selected product = {.domain = subject->domain,
                                          .name = strchr(subject->full_name, '.') + 1,
                                          .major = subject->major,
                                          .tags = &subject->tags,
                                          .regulations = &subject->regulations};
    struct weft_selector selector;
    struct weft_error ignored = WEFT_ERROR_INIT;
    for (size_t i = 0; i < texts->count; i++) {
        if (weft_selector_parse(texts->items[i], &selector, &ignored) < 0)
            continue;
        if (weft_selector_product(&selector, &product))
            return true;
        for (size_t c = 0; weft_selector_of_columns(&selector) && c < subject->column_count; c++) {
            if (weft_selector_column(&selector, &product, subject->columns[c].name,
                                     &subject->columns[c].classifications))
                return true;
        }
    }
    return false;
}

static bool touched(const struct compare *c, size_t item, const struct weft_trust_subject *subject)
{
    const struct weft_plan *plan = &c->maker->plan;
    for (size_t i = 0; i < plan->policy_count; i++) {
        const struct weft_policy_change *change = &plan->policies[i];
        if ((change->before != NULL && selected_by(change->before, subject)) ||
            (change->after != NULL && selected_by(change->after, subject)))
            return true;
        if ((change->before == NULL ? change->after : change->before)->kind == WEFT_POLICY_PURPOSES)
            return true;
    }
    for (size_t i = 0; i < plan->team_count; i++) {
        if (strcmp(plan->teams[i].domain->name, subject->domain) == 0)
            return true;
    }
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].item == item)
            return true;
    }
    return c->reached[item];
}

/* ---- one of them ---- */

static const struct weft_treatment *treatment_of(const struct weft_decision *decision,
                                                 const struct weft_trust_subject *subject,
                                                 const char *column)
{
    static const struct weft_treatment none = {.kind = WEFT_TREAT_NONE};
    for (size_t i = 0; i < decision->treatment_count; i++) {
        if (strcmp(subject->columns[i].name, column) == 0)
            return &decision->treatments[i];
    }
    return &none;
}

static void rows_text(const struct weft_decision *decision, struct weft_buf *out)
{
    if (decision->rows == NULL)
        weft_buf_adds(out, "all rows");
    else {
        if (decision->rows->kind != WEFT_CONDITION_NONE)
            weft_buf_adds(out, "rows where ");
        weft_condition_print(decision->rows, out);
    }
}

static void groups_text(const struct weft_decision *decision, struct weft_buf *out)
{
    if (decision->min_group_count == 0)
        weft_buf_adds(out, "rows of any group");
    for (size_t i = 0; i < decision->min_group_count; i++)
        weft_buf_addf(out, "%sgroups of at least %" PRId64 " %s", i == 0 ? "" : " and ",
                      decision->min_groups[i].size, decision->min_groups[i].by);
}

void weft_plan_what_print(const struct weft_trust_subject *before_subject,
                          const struct weft_decision *old, const struct weft_trust_subject *subject,
                          const struct weft_decision *now, bool both, struct weft_buf *out)
{
    for (size_t i = 0; i < subject->column_count; i++) {
        const char *column = subject->columns[i].name;
        const struct weft_treatment *a = treatment_of(old, before_subject, column);
        const struct weft_treatment *b = treatment_of(now, subject, column);
        if (weft_treatment_equal(a, b))
            continue;
        weft_buf_addf(out, "%s%s: ", out->length == 0 ? "" : "; ", column);
        weft_treatment_text(b, out);
        if (both) {
            weft_buf_adds(out, ", was ");
            weft_treatment_text(a, out);
        }
    }
    WEFT_CLEANUP(weft_buf_release) struct weft_buf was;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf is;
    weft_buf_init(&was, (size_t)1 << 20);
    weft_buf_init(&is, (size_t)1 << 20);
    rows_text(old, &was);
    rows_text(now, &is);
    if (strcmp(was.data, is.data) != 0)
        weft_buf_addf(out, "%s%s%s%s", out->length == 0 ? "" : "; ", is.data, both ? ", was " : "",
                      both ? was.data : "");
    weft_buf_clear(&was);
    weft_buf_clear(&is);
    groups_text(old, &was);
    groups_text(now, &is);
    if (strcmp(was.data, is.data) != 0)
        weft_buf_addf(out, "%s%s%s%s", out->length == 0 ? "" : "; ", is.data, both ? ", was " : "",
                      both ? was.data : "");
}

/* Of the groups that are listed already for this product, does it belong to one that gains or loses
 * the same? */
static bool folds_into(struct compare *c, const struct weft_plan_access *made)
{
    const struct weft_principal *who = weft_trust_principal(c->after, made->principal);
    for (size_t i = c->from; who != NULL && i < c->folds; i++) {
        struct weft_plan_access *group = &c->items[i];
        if (group->folded || group->before != made->before || group->after != made->after ||
            strcmp(group->purpose, made->purpose) != 0 || strcmp(group->what, made->what) != 0 ||
            !weft_principal_is(who, group->principal) ||
            strcmp(group->principal, made->principal) == 0)
            continue;
        group->members++;
        return true;
    }
    return false;
}

static int access_add(struct compare *c, const char *principal, const char *purpose,
                      const struct weft_trust_subject *before_subject,
                      const struct weft_decision *before, const struct weft_trust_subject *subject,
                      const struct weft_decision *after, struct weft_error *error)
{
    static const struct weft_decision nothing = {0};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    bool was = before->verdict == WEFT_VERDICT_YES, is = after->verdict == WEFT_VERDICT_YES;
    weft_buf_init(&text, (size_t)1 << 20);
    if (is)
        weft_plan_what_print(was ? before_subject : subject, was ? before : &nothing, subject,
                             after, was, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    /* What holds for no purpose in particular need not be said for each. */
    for (size_t i = c->count; i > c->from; i--) {
        const struct weft_plan_access *one = &c->items[i - 1];
        if (strcmp(one->principal, principal) != 0)
            break;
        if (purpose[0] != '\0' && one->purpose[0] == '\0' && one->before == was &&
            one->after == is && strcmp(one->what, text.data) == 0)
            return 0;
    }
    if (weft_arena_reserve(c->maker->arena, &c->items, &c->capacity, c->count + 1,
                           sizeof *c->items) < 0)
        return weft_error_nomem(error);
    struct weft_plan_access made = {
        .principal = weft_arena_strdup(c->maker->arena, principal),
        .product = subject->full_name,
        .major = subject->major,
        .purpose = weft_arena_strdup(c->maker->arena, purpose),
        .before = was,
        .after = is,
        .what = weft_arena_strndup(c->maker->arena, text.data, text.length),
    };
    if (made.principal == NULL || made.purpose == NULL || made.what == NULL)
        return weft_error_nomem(error);
    made.folded = folds_into(c, &made);
    if (!made.folded && c->shown++ >= SHOWN_MAX) {
        c->maker->plan.access_cut = true;
        return 0;
    }
    c->items[c->count++] = made;
    if (strncmp(principal, "group:", 6) == 0)
        c->folds = c->count;
    return 0;
}

static int decide_one(struct compare *c, struct weft_trust *trust, struct weft_arena *arena,
                      const char *principal, const char *purpose, bool there,
                      const struct weft_trust_subject *subject, struct weft_decision *out,
                      struct weft_error *error)
{
    struct weft_request request = c->maker->context->request;
    *out = (struct weft_decision){.verdict = WEFT_VERDICT_NO};
    if (!there)
        return 0;
    snprintf(request.principal, sizeof request.principal, "%s", principal);
    snprintf(request.purpose, sizeof request.purpose, "%s", purpose);
    WEFT_TRY(weft_trust_know(trust, c->maker->txn, principal, error));
    c->decisions++;
    return weft_trust_decide(trust, &request, subject, arena, out, error);
}

/* ---- what cannot be held ---- */

struct lacks {
    const struct weft_trust_subject *subject;
    const char *column;
};

static int column_lacks(void *arg, const char *column)
{
    struct lacks *lacks = arg;
    for (size_t i = 0; i < lacks->subject->column_count; i++) {
        if (strcmp(lacks->subject->columns[i].name, column) == 0)
            return 0;
    }
    lacks->column = column;
    return 1;
}

static const struct weft_type *type_of(void *arg, const char *column)
{
    const struct weft_trust_subject *subject = arg;
    for (size_t i = 0; i < subject->column_count; i++) {
        if (strcmp(subject->columns[i].name, column) == 0)
            return subject->columns[i].type;
    }
    return NULL;
}

/* Likewise; what principal.x will be is not known here. */
static void types_check(struct compare *c, const struct weft_policy *policy,
                        const struct weft_trust_subject *subject)
{
    const char *column = policy->rows == NULL ? NULL
                                              : weft_condition_mistyped(policy->rows, type_of,
                                                                        (void *)(uintptr_t)subject);
    if (column != NULL)
        weft_diag_add(
            c->diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, policy->file, policy->place.line,
            policy->place.column, "write a value as the column has them",
            "the policy `%s` compares the column `%s` of %s with a value of another type: "
            "it cannot be held, so whoever it holds for reads nothing of the product",
            policy->name, column, subject->full_name);
}

/* Then nobody whom it holds for reads the product. */
static void restrictions_check(struct compare *c, const struct weft_trust_subject *subject)
{
    const struct weft_plan *plan = &c->maker->plan;
    for (size_t i = 0; i < plan->policy_count && subject->column_count > 0; i++) {
        const struct weft_policy *policy = plan->policies[i].after;
        struct lacks lacks = {.subject = subject};
        if (policy == NULL || policy->kind != WEFT_POLICY_RESTRICT || !selected_by(policy, subject))
            continue;
        bool held =
            policy->rows == NULL || weft_condition_columns(policy->rows, column_lacks, &lacks) == 0;
        held = held &&
               (policy->min_group.size == 0 || column_lacks(&lacks, policy->min_group.by) == 0);
        if (held)
            types_check(c, policy, subject);
        else
            weft_diag_add(c->diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, policy->file,
                          policy->place.line, policy->place.column,
                          "let `on` name the products that have it",
                          "the policy `%s` names the column `%s`, which %s does not have: it "
                          "cannot be held, so whoever it holds for reads nothing of the product",
                          policy->name, lacks.column, subject->full_name);
    }
}

/* A domain's runs read its own products, whatever changes. */
static bool is_own_run(const char *principal, const char *domain)
{
    size_t length = strlen("domain:");
    return strncmp(principal, "domain:", length) == 0 && strcmp(principal + length, domain) == 0;
}

static int compare_product(struct compare *c, size_t item, struct weft_error *error)
{
    struct weft_trust_subject before = {0}, after = {0};
    bool was = false, is = false;
    WEFT_TRY(
        weft_plan_subjects(c->maker, item, c->reached[item], &before, &was, &after, &is, error));
    const struct weft_trust_subject *shown = is ? &after : &before;
    if ((!was && !is) || !touched(c, item, shown))
        return 0;
    if (is)
        restrictions_check(c, &after);
    c->from = c->folds = c->count;
    size_t purposes = WEFT_MIN(weft_map_count(c->purposes), (size_t)PURPOSES_MAX);
    for (size_t p = 0; p < weft_map_count(c->people); p++) {
        const char *principal = weft_map_key(c->people, p);
        if (is_own_run(principal, shown->domain))
            continue;
        for (size_t u = 0; u < purposes; u++) {
            WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
            struct weft_decision old, now;
            const char *purpose = weft_map_key(c->purposes, u);
            if (arena == NULL)
                return weft_error_nomem(error);
            if (c->decisions >= DECISIONS_MAX) {
                c->maker->plan.access_cut = true;
                return 0;
            }
            WEFT_TRY(
                decide_one(c, c->before, arena, principal, purpose, was, &before, &old, error));
            WEFT_TRY(decide_one(c, c->after, arena, principal, purpose, is, &after, &now, error));
            bool either = old.verdict == WEFT_VERDICT_YES || now.verdict == WEFT_VERDICT_YES;
            if (either && strcmp(old.digest, now.digest) != 0)
                WEFT_TRY(access_add(c, principal, purpose, &before, &old, shown, &now, error));
        }
    }
    return 0;
}

static int access_order(const void *a, const void *b)
{
    const struct weft_plan_access *x = a, *y = b;
    int order = strcmp(x->principal, y->principal);
    if (order == 0)
        order = strcmp(x->product, y->product);
    if (order == 0)
        order = x->major - y->major;
    return order == 0 ? strcmp(x->purpose, y->purpose) : order;
}

static int compare_all(struct compare *c, struct weft_error *error)
{
    WEFT_TRY(trusts_make(c, error));
    WEFT_TRY(people_find(c, error));
    WEFT_TRY(people_sort(c, error));
    WEFT_TRY(weft_plan_subjects_reached(c->maker, &c->reached, error));
    for (size_t i = 0; i < c->maker->book->count; i++)
        WEFT_TRY(compare_product(c, i, error));
    if (c->count > 1)
        qsort(c->items, c->count, sizeof *c->items, access_order);
    c->maker->plan.access = c->items;
    c->maker->plan.access_count = c->count;
    return 0;
}

/* Is there anything that could change who may read what? */
static bool could_change(const struct weft_plan_maker *maker)
{
    if (maker->plan.policy_count > 0 || maker->plan.team_count > 0)
        return true;
    for (size_t i = 0; i < maker->count; i++) {
        const struct weft_plan_item *item = &maker->items[i];
        if (item->action == WEFT_PLAN_CHANGE || item->action == WEFT_PLAN_RETIRE ||
            (item->product != NULL && item->product->access != NULL))
            return true;
    }
    return false;
}

int weft_plan_access(struct weft_plan_maker *maker, struct weft_diag *diag,
                     struct weft_error *error)
{
    struct compare c = {.maker = maker, .diag = diag};
    if (!could_change(maker))
        return 0;
    c.people = weft_map_new();
    c.purposes = weft_map_new();
    int rc =
        c.people == NULL || c.purposes == NULL ? weft_error_nomem(error) : compare_all(&c, error);
    weft_map_free(c.people);
    weft_map_free(c.purposes);
    weft_trust_free(c.before);
    return rc;
}
