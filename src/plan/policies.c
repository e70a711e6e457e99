/*
 * policies.c - policies/ and the teams of domains against what is registered: what an apply
 * would change, shown and done.
 */
#include "plan/plan_internal.h"

#include "plan/names.h"
#include "trust/decide.h"

#include <stdio.h>
#include <string.h>

/* ---- policies ---- */

static int policies_compare(struct weft_plan_maker *maker, struct weft_policy_change **out,
                            size_t *count, struct weft_error *error)
{
    struct weft_policies registered = {0};
    if (maker->txn != NULL)
        WEFT_TRY(weft_policies_list(maker->txn, maker->arena, 0, &registered, error));
    return weft_policies_compare(maker->arena, &registered, maker->mesh->policies,
                                 maker->mesh->policy_count, out, count, error);
}

static int plan_policies(struct weft_plan_maker *maker, struct weft_error *error)
{
    struct weft_plan *plan = &maker->plan;
    const struct weft_mesh *mesh = maker->mesh;
    struct weft_policy_change *changes = NULL;
    size_t count = 0;
    if (mesh->policy_count > 0 && !weft_mesh_owns_policies(mesh)) {
        plan->policy_note = "policies/ is checked and tested, not applied: `owns` in weft.yaml "
                            "does not name `policies`";
        return 0;
    }
    if (!weft_mesh_owns_policies(mesh))
        return 0;
    WEFT_TRY(policies_compare(maker, &changes, &count, error));
    if (count > 0 && !maker->whole) {
        plan->policy_note = "policies/ has changes, which are left out because products were "
                            "chosen";
        return 0;
    }
    for (size_t i = 0; i < count && plan->policy_refused == NULL; i++) {
        if (changes[i].after != NULL && changes[i].after->kind == WEFT_POLICY_RULE)
            plan->policy_refused = changes[i].after;
    }
    plan->policies = changes;
    plan->policy_count = count;
    return 0;
}

/* ---- teams ---- */

/* Those of a that are not in b. */
static int texts_minus(struct weft_arena *arena, const struct weft_texts *a,
                       const struct weft_texts *b, struct weft_texts *out, struct weft_error *error)
{
    const char **items = weft_arena_array(arena, a->count + 1, sizeof(*items));
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < a->count; i++) {
        if (!weft_texts_have(b, a->items[i]))
            items[out->count++] = a->items[i];
    }
    out->items = items;
    return 0;
}

static int members_valid(struct weft_arena *arena, const struct weft_texts *written,
                         struct weft_texts *out, struct weft_error *error)
{
    const char **items = weft_arena_array(arena, written->count + 1, sizeof(*items));
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < written->count; i++) {
        if (weft_principal_valid(written->items[i]) && !weft_texts_have(out, written->items[i]))
            items[out->count++] = written->items[i];
        out->items = items;
    }
    return 0;
}

static const char *owner_valid(const char *owner)
{
    return owner != NULL && weft_principal_valid(owner) ? owner : NULL;
}

/* The owner belongs to the team, too. */
static int team_make(struct weft_arena *arena, struct weft_plan_team *team,
                     struct weft_error *error)
{
    const char **items = weft_arena_array(arena, team->members.count + 1, sizeof(*items));
    if (items == NULL)
        return weft_error_nomem(error);
    team->team = (struct weft_texts){items, team->members.count};
    for (size_t i = 0; i < team->members.count; i++)
        items[i] = team->members.items[i];
    if (team->owner != NULL)
        items[team->team.count++] = team->owner;
    return 0;
}

static bool owner_changes(const struct weft_plan_team *team)
{
    return strcmp(team->owner == NULL ? "" : team->owner,
                  team->owner_before == NULL ? "" : team->owner_before) != 0;
}

static int plan_team(struct weft_plan_maker *maker, const struct weft_domain *domain,
                     struct weft_plan_team *teams, struct weft_error *error)
{
    struct weft_plan_team made = {.domain = domain};
    struct weft_texts before = {0};
    if (domain->file == NULL || !weft_mesh_owns(maker->mesh, domain->name))
        return 0;
    WEFT_TRY(members_valid(maker->arena, &domain->members, &made.members, error));
    made.owner = owner_valid(domain->owner);
    if (maker->txn != NULL) {
        WEFT_TRY(weft_domain_members(maker->txn, maker->arena, domain->name, 0, &before, error));
        WEFT_TRY(
            weft_domain_owner(maker->txn, maker->arena, domain->name, &made.owner_before, error));
        made.owner_before = owner_valid(made.owner_before);
    }
    WEFT_TRY(team_make(maker->arena, &made, error));
    WEFT_TRY(texts_minus(maker->arena, &made.members, &before, &made.added, error));
    WEFT_TRY(texts_minus(maker->arena, &before, &made.members, &made.removed, error));
    if (made.added.count > 0 || made.removed.count > 0 || owner_changes(&made))
        teams[maker->plan.team_count++] = made;
    return 0;
}

int weft_plan_policies(struct weft_plan_maker *maker, struct weft_diag *diag,
                       struct weft_error *error)
{
    const struct weft_mesh *mesh = maker->mesh;
    struct weft_plan_team *teams =
        weft_arena_array(maker->arena, mesh->domain_count + 1, sizeof *teams);
    if (teams == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(plan_policies(maker, error));
    maker->plan.teams = teams;
    for (size_t i = 0; maker->whole && i < mesh->domain_count; i++)
        WEFT_TRY(plan_team(maker, &mesh->domains[i], teams, error));
    return weft_plan_names(maker->book, diag, error);
}

int weft_plan_policies_register(const struct weft_plan *plan, struct weft_ledger_txn *txn,
                                const char *actor, struct weft_error *error)
{
    for (size_t i = 0; i < plan->policy_count; i++) {
        const struct weft_policy_change *change = &plan->policies[i];
        WEFT_TRY(change->after == NULL ? weft_policy_drop(txn, actor, change->before->name, error)
                                       : weft_policy_put(txn, actor, change->after, error));
    }
    for (size_t i = 0; i < plan->team_count; i++) {
        const struct weft_plan_team *team = &plan->teams[i];
        bool changed;
        WEFT_TRY(weft_domain_describe(txn, actor, team->domain->name, team->domain->owner,
                                      &team->members, &changed, error));
    }
    return 0;
}

/* ---- showing ---- */

static const struct weft_policy *of_change(const struct weft_policy_change *change)
{
    return change->after == NULL ? change->before : change->after;
}

static int policy_show(const struct weft_policy_change *change, struct weft_out *out,
                       struct weft_error *error)
{
    static const char marks[] = {'+', '~', '-'};
    static const enum weft_style styles[] = {WEFT_STYLE_GOOD, WEFT_STYLE_CHANGED, WEFT_STYLE_BAD};
    const struct weft_policy *policy = of_change(change);
    if (change->after == NULL)
        return weft_out_line(out, styles[change->kind], error,
                             "  - %s %s   its document is gone from policies/",
                             weft_policy_kind_name(policy->kind), policy->name);
    return weft_out_line(out, styles[change->kind], error, "  %c %s %s   %s:%d",
                         marks[change->kind], weft_policy_kind_name(policy->kind), policy->name,
                         policy->file, policy->place.line);
}

static void team_text(const struct weft_plan_team *team, struct weft_buf *out)
{
    const char *between = "";
    for (size_t i = 0; i < team->added.count; i++, between = ", ")
        weft_buf_addf(out, "%s+ %s", between, team->added.items[i]);
    for (size_t i = 0; i < team->removed.count; i++, between = ", ")
        weft_buf_addf(out, "%s- %s", between, team->removed.items[i]);
    if (!owner_changes(team))
        return;
    if (team->owner != NULL) {
        weft_buf_addf(out, "%s+ owner %s", between, team->owner);
        between = ", ";
    }
    if (team->owner_before != NULL)
        weft_buf_addf(out, "%s- owner %s", between, team->owner_before);
}

static const char *access_verb(const struct weft_plan_access *one)
{
    return one->after && !one->before   ? "may read it"
           : !one->after && one->before ? "may read it no longer"
                                        : "sees";
}

static void members_text(const struct weft_plan_access *one, char *out, size_t size)
{
    if (one->members > 0)
        snprintf(out, size, " and its %zu member%s", one->members, one->members == 1 ? "" : "s");
}

static int access_show(const struct weft_plan_access *one, struct weft_out *out,
                       struct weft_error *error)
{
    bool loses = one->before && !one->after;
    bool gains = one->after && !one->before;
    char more[40] = "";
    if (one->folded)
        return 0;
    members_text(one, more, sizeof more);
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "      %c %s%s  %s%s%s  %s%s%s",
                         loses   ? '-'
                         : gains ? '+'
                                 : '~',
                         one->principal, more, one->product, one->purpose[0] == '\0' ? "" : " for ",
                         one->purpose, access_verb(one),
                         one->what[0] == '\0' ? ""
                         : gains              ? "; "
                                              : " ",
                         one->what);
}

int weft_plan_policies_show(const struct weft_plan *plan, struct weft_out *out,
                            struct weft_error *error)
{
    for (size_t i = 0; i < plan->policy_count; i++)
        WEFT_TRY(policy_show(&plan->policies[i], out, error));
    for (size_t i = 0; i < plan->team_count; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, (size_t)1 << 20);
        team_text(&plan->teams[i], &text);
        WEFT_TRY(weft_buf_check(&text, error));
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "  ~ team of %s   %s",
                               plan->teams[i].domain->name, text.data));
    }
    if (plan->access_count > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_TITLE, error, "    Who gains or loses what:"));
    for (size_t i = 0; i < plan->access_count; i++)
        WEFT_TRY(access_show(&plan->access[i], out, error));
    if (plan->access_cut)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error,
                               "      there are more principals and products than are compared"));
    return 0;
}

void weft_plan_policies_json(const struct weft_plan *plan, struct weft_json_writer *json)
{
    static const char *const actions[] = {"add", "change", "drop"};
    for (size_t i = 0; i < plan->policy_count; i++) {
        const struct weft_policy *policy = of_change(&plan->policies[i]);
        weft_json_begin_object(json);
        weft_json_member_text(json, "policy", policy->name);
        weft_json_member_text(json, "kind", weft_policy_kind_name(policy->kind));
        weft_json_member_text(json, "action", actions[plan->policies[i].kind]);
        weft_json_member_text(json, "file", plan->policies[i].after == NULL ? NULL : policy->file);
        weft_json_member_int(json, "line", policy->place.line);
        weft_json_end_object(json);
    }
    for (size_t i = 0; i < plan->team_count; i++) {
        const struct weft_plan_team *team = &plan->teams[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "team", team->domain->name);
        weft_json_key(json, "added");
        weft_json_begin_array(json);
        for (size_t m = 0; m < team->added.count; m++)
            weft_json_put_text(json, team->added.items[m]);
        weft_json_end_array(json);
        weft_json_key(json, "removed");
        weft_json_begin_array(json);
        for (size_t m = 0; m < team->removed.count; m++)
            weft_json_put_text(json, team->removed.items[m]);
        weft_json_end_array(json);
        weft_json_member_text(json, "owner", team->owner);
        weft_json_member_text(json, "owner_before", team->owner_before);
        weft_json_end_object(json);
    }
    for (size_t i = 0; i < plan->access_count; i++) {
        const struct weft_plan_access *one = &plan->access[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "principal", one->principal);
        weft_json_member_text(json, "access", one->product);
        weft_json_member_int(json, "major", one->major);
        weft_json_member_text(json, "purpose", one->purpose);
        weft_json_member_bool(json, "before", one->before);
        weft_json_member_bool(json, "after", one->after);
        weft_json_member_text(json, "what", one->what);
        weft_json_end_object(json);
    }
}

/* Text of people's files in a cell of a Markdown table. */
static void cell_put(struct weft_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_{}[]<>|#!&", *text) != NULL)
            weft_buf_addc(out, '\\');
        weft_buf_addc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
}

void weft_plan_policies_markdown(const struct weft_plan *plan, struct weft_buf *out)
{
    static const char *const actions[] = {"add", "change", "drop"};
    if (plan->policy_count + plan->team_count + plan->access_count == 0)
        return;
    weft_buf_adds(out, "\n### Policies\n\n");
    for (size_t i = 0; i < plan->policy_count; i++)
        weft_buf_addf(out, "- %s %s `%s`\n", actions[plan->policies[i].kind],
                      weft_policy_kind_name(of_change(&plan->policies[i])->kind),
                      of_change(&plan->policies[i])->name);
    for (size_t i = 0; i < plan->team_count; i++) {
        weft_buf_addf(out, "- team of `%s`: `", plan->teams[i].domain->name);
        team_text(&plan->teams[i], out);
        weft_buf_adds(out, "`\n");
    }
    if (plan->access_count == 0)
        return;
    weft_buf_adds(out, "\n| who | product | purpose | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < plan->access_count; i++) {
        const struct weft_plan_access *one = &plan->access[i];
        char more[40] = "";
        if (one->folded)
            continue;
        members_text(one, more, sizeof more);
        weft_buf_addf(out, "| `%s`%s | `%s` | %s | %s ", one->principal, more, one->product,
                      one->purpose, access_verb(one));
        cell_put(out, one->what);
        weft_buf_adds(out, " |\n");
    }
}
