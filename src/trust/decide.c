/*
 * decide.c - the one decision: see decide.h. First who lets it be read, then what is taken away.
 *
 * The operator is the login of the user this process runs as. weft_ledger_open refuses a home that
 * belongs to another user, so whoever comes here owns the home's files.
 */
#include "trust/trust_decide_internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "policy/condition.h"
#include "policy/treatment.h"
#include "trust/keys.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOGIN_BUFFER 4096
#define KEY_LIST 400 /* bytes of a key's purposes in a reason */

/* ---- the local operator ---- */

/* "local:<login>"; the number where the login is not known or does not fit. */
static void principal_local(uid_t uid, char out[WEFT_PRINCIPAL_MAX])
{
    char buffer[LOGIN_BUFFER];
    struct passwd entry, *found = NULL;
    int written = -1;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL &&
        found->pw_name[0] != '\0')
        written = snprintf(out, WEFT_PRINCIPAL_MAX, "local:%s", found->pw_name);
    if (written < 0 || written >= WEFT_PRINCIPAL_MAX)
        snprintf(out, WEFT_PRINCIPAL_MAX, "local:%u", (unsigned)uid);
}

void weft_request_local(struct weft_request *request)
{
    *request = (struct weft_request){.time_us = weft_clock_us()};
    principal_local(getuid(), request->principal);
}

bool weft_request_is_local(const struct weft_request *request)
{
    char operator_name[WEFT_PRINCIPAL_MAX];
    principal_local(geteuid(), operator_name);
    return memchr(request->principal, '\0', sizeof request->principal) != NULL &&
           strcmp(request->principal, operator_name) == 0;
}

/* ---- reasons ---- */

void weft_deciding_reason(struct weft_deciding *d, enum weft_reason_kind kind, const char *rule,
                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = weft_arena_formatv(d->arena, format, args);
    va_end(args);
    if (text == NULL || weft_arena_reserve(d->arena, &d->reasons, &d->reason_capacity,
                                           d->reason_count + 1, sizeof *d->reasons) < 0) {
        d->nomem = true;
        return;
    }
    d->reasons[d->reason_count++] =
        (struct weft_decision_reason){.kind = kind, .rule = rule, .text = text};
}

void weft_deciding_about(struct weft_deciding *d, const bool *columns)
{
    if (d->reason_count > 0)
        d->reasons[d->reason_count - 1].columns = columns;
}

void weft_deciding_told(struct weft_deciding *d, const char *treats, const bool *treated,
                        const char *keeps)
{
    if (d->reason_count == 0)
        return;
    struct weft_decision_reason *reason = &d->reasons[d->reason_count - 1];
    reason->treats = treats;
    reason->treated = treated;
    reason->keeps = keeps;
}

/* ---- which policies may speak of it ---- */

static void candidates_mark(struct weft_deciding *d, enum weft_selector_kind kind, const char *word)
{
    char key[WEFT_SELECTOR_MAX + 8];
    weft_trust_index_key(kind, word, key, sizeof key);
    const struct weft_trust_ids *ids = weft_map_get(d->trust->index, key);
    for (size_t i = 0; ids != NULL && i < ids->count; i++)
        d->candidates[ids->items[i]] = true;
}

static void candidates_find(struct weft_deciding *d)
{
    const struct weft_trust_subject *subject = d->subject;
    d->candidates = weft_arena_array(d->arena, d->trust->policy_count + 1, sizeof *d->candidates);
    d->columns = weft_arena_array(d->arena, subject->column_count + 1, sizeof *d->columns);
    if (d->candidates == NULL || d->columns == NULL) {
        d->nomem = true;
        return;
    }
    candidates_mark(d, WEFT_SELECT_PRODUCT, "*");
    candidates_mark(d, WEFT_SELECT_DOMAIN, subject->domain);
    for (size_t i = 0; i < subject->tags.count; i++)
        candidates_mark(d, WEFT_SELECT_TAG, subject->tags.items[i]);
    for (size_t i = 0; i < subject->regulations.count; i++)
        candidates_mark(d, WEFT_SELECT_REGULATION, subject->regulations.items[i]);
    for (size_t c = 0; c < subject->column_count; c++) {
        const struct weft_texts *own = &subject->columns[c].classifications;
        for (size_t i = 0; i < own->count; i++)
            candidates_mark(d, WEFT_SELECT_CLASSIFICATION, own->items[i]);
    }
}

bool weft_deciding_product(const struct weft_deciding *d, const struct weft_trust_policy *policy)
{
    for (size_t s = 0; s < policy->selector_count; s++) {
        if (weft_selector_product(&policy->selectors[s], &d->selected))
            return true;
    }
    return false;
}

/* Marks the columns that it means by themselves; how many. */
size_t weft_deciding_columns(const struct weft_deciding *d, const struct weft_trust_policy *policy,
                             bool *columns)
{
    size_t count = 0;
    for (size_t s = 0; s < policy->selector_count; s++) {
        const struct weft_selector *selector = &policy->selectors[s];
        for (size_t c = 0; weft_selector_of_columns(selector) && c < d->subject->column_count;
             c++) {
            const struct weft_trust_column *column = &d->subject->columns[c];
            bool means =
                weft_selector_column(selector, &d->selected, column->name,
                                     &column->classifications) ||
                (column->now != NULL && weft_selector_column(selector, &d->selected, column->now,
                                                             &column->classifications));
            if (!columns[c] && means) {
                columns[c] = true;
                count++;
            }
        }
    }
    return count;
}

/* ---- what it comes to ---- */

static void columns_decide(struct weft_deciding *d, struct weft_decision *out)
{
    static const struct weft_treatment hide = {.kind = WEFT_TREAT_HIDE};
    size_t count = d->subject->column_count;
    struct weft_treatment *made = weft_arena_array(d->arena, count + 1, sizeof *made);
    struct weft_treatment *all = weft_arena_array(d->arena, d->acting_count + 2, sizeof *all);
    bool any = false;
    if (made == NULL || all == NULL) {
        d->nomem = true;
        return;
    }
    for (size_t c = 0; c < count; c++) {
        size_t n = 0;
        for (size_t i = 0; i < d->acting_count; i++) {
            if (d->acting[i].whole || d->acting[i].columns[c])
                all[n++] = d->acting[i].treat;
        }
        if (!d->granted && !d->columns[c])
            all[n++] = hide;
        made[c] = weft_treatment_combine(all, n, d->subject->columns[c].type);
        any = any || made[c].kind != WEFT_TREAT_NONE;
    }
    out->treatments = any ? made : NULL;
    out->treatment_count = any ? count : 0;
}

static void rows_decide(struct weft_deciding *d, struct weft_decision *out)
{
    if (d->row_count == 0)
        return;
    if (d->row_count == 1) {
        out->rows = d->rows[0];
        return;
    }
    struct weft_condition *all = weft_arena_alloc(d->arena, sizeof *all);
    if (all == NULL) {
        d->nomem = true;
        return;
    }
    all->kind = WEFT_CONDITION_AND;
    all->parts = d->rows;
    all->part_count = d->row_count;
    for (size_t i = 0; i < d->row_count; i++) {
        if (d->rows[i]->kind == WEFT_CONDITION_NONE)
            out->rows = d->rows[i];
    }
    if (out->rows == NULL)
        out->rows = all;
}

static int digest_make(const struct weft_deciding *d, struct weft_decision *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)16 << 20);
    weft_buf_addf(&text, "%d\n", (int)out->verdict);
    for (size_t c = 0; c < out->treatment_count; c++) {
        weft_buf_addf(&text, "%s: ", d->subject->columns[c].name);
        weft_treatment_text(&out->treatments[c], &text);
        weft_buf_addc(&text, '\n');
    }
    if (out->rows != NULL)
        weft_condition_print(out->rows, &text);
    for (size_t i = 0; i < out->min_group_count; i++)
        weft_buf_addf(&text, "\n%" PRId64 " %s", out->min_groups[i].size, out->min_groups[i].by);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_sha256_hex(text.data, text.length, out->digest, error);
}

/* "grant a; restrict b": what the audit keeps. */
static int reason_line(struct weft_arena *arena, struct weft_decision *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, (size_t)16 << 20);
    for (size_t i = 0; i < out->reason_count; i++) {
        const struct weft_decision_reason *reason = &out->reasons[i];
        if (reason->kind == WEFT_REASON_EXCEPT ||
            (out->verdict == WEFT_VERDICT_YES && reason->kind == WEFT_REASON_DENIES))
            continue;
        if (i > 0 && strcmp(out->reasons[i - 1].rule, reason->rule) == 0)
            continue; /* an agreement grants and restricts */
        weft_buf_addf(&line, "%s%s", line.length == 0 ? "" : "; ", reason->rule);
    }
    WEFT_TRY(weft_buf_check(&line, error));
    out->reason =
        line.length == 0 ? "nothing grants it" : weft_arena_strndup(arena, line.data, line.length);
    return out->reason == NULL ? weft_error_nomem(error) : 0;
}

static int decided(struct weft_deciding *d, struct weft_decision *out, struct weft_error *error)
{
    if (d->nomem)
        return weft_error_nomem(error);
    if (out->verdict == WEFT_VERDICT_NO && d->reason_count == 0)
        weft_deciding_reason(d, WEFT_REASON_DENIES, "default", "nothing grants it to %s",
                             d->who->id);
    if (d->nomem)
        return weft_error_nomem(error);
    if (out->verdict == WEFT_VERDICT_NO && !d->granted && !d->granted_some)
        out->purposes = d->lacked;
    out->reasons = d->reasons;
    out->reason_count = d->reason_count;
    out->raw = out->verdict == WEFT_VERDICT_YES && out->treatments == NULL && out->rows == NULL &&
               out->min_group_count == 0;
    WEFT_TRY(reason_line(d->arena, out, error));
    return digest_make(d, out, error);
}

/* Who is to find it in an emergency may know of it before. */
static bool breaks_glass(const struct weft_deciding *d)
{
    const struct weft_access *access = d->subject->access;
    for (size_t i = 0; access != NULL && i < access->break_glass.count; i++) {
        if (weft_principal_is(d->who, access->break_glass.items[i]))
            return true;
    }
    return false;
}

static bool may_discover(const struct weft_deciding *d)
{
    const char *word = d->subject->discoverable;
    if (word == NULL || strcmp(word, "mesh") == 0 || breaks_glass(d))
        return true;
    return strcmp(word, "domain") == 0 && weft_principal_of_domain(d->who, d->subject->domain);
}

/* Who may find it but not read it: what restrictions would leave of its columns. Nothing of it is
 * a reason, since nothing was decided by it. */
static void known_decide(struct weft_deciding *d, struct weft_decision *out)
{
    struct weft_deciding would = *d;
    struct weft_decision made = {0};
    would.granted = true;
    would.reasons = NULL;
    would.reason_count = would.reason_capacity = 0;
    would.acting = NULL;
    would.acting_count = would.acting_capacity = 0;
    weft_deciding_restrict(&would);
    columns_decide(&would, &made);
    d->nomem = d->nomem || would.nomem;
    out->known = made.treatments;
}

/* ---- the kinds of subjects ---- */

static int decide_product(struct weft_deciding *d, struct weft_decision *out,
                          struct weft_error *error)
{
    weft_deciding_grant_all(d);
    bool any = d->granted || d->granted_some;
    if (any && !d->own_run)
        weft_deciding_restrict(d);
    if (any && !d->broken) {
        out->verdict = WEFT_VERDICT_YES;
        columns_decide(d, out);
        out->known = out->treatments;
        rows_decide(d, out);
        out->min_groups = d->groups;
        out->min_group_count = d->group_count;
        out->agreement = d->agreement == NULL ? 0 : d->agreement->id;
        out->until_us = d->endless ? 0 : d->until_us;
    }
    out->discoverable = any || may_discover(d);
    if (out->discoverable && out->verdict == WEFT_VERDICT_NO)
        known_decide(d, out);
    return decided(d, out, error);
}

/* What was set aside holds values as they came: for the team, and only where nothing of the
 * product is hidden from it. */
static int decide_quarantine(struct weft_deciding *d, struct weft_decision *out,
                             struct weft_error *error)
{
    weft_deciding_grant_owner(d);
    if (d->granted && !d->own_run)
        weft_deciding_restrict(d);
    const char *unseen = d->granted && !d->own_run ? weft_deciding_unseen(d) : NULL;
    out->discoverable = d->granted || may_discover(d);
    if (!d->granted)
        weft_deciding_reason(d, WEFT_REASON_DENIES, "quarantine",
                             "only the domain %s reads what was set aside", d->subject->domain);
    else if (d->acting_count > 0 || d->row_count > 0 || d->group_count > 0)
        weft_deciding_reason(
            d, WEFT_REASON_DENIES, "quarantine",
            "what was set aside holds values as they came, and a restriction hides some of "
            "the product");
    else if (unseen != NULL)
        weft_deciding_reason(
            d, WEFT_REASON_DENIES, unseen,
            "what was set aside holds values as they came, and it names a column that no contract "
            "speaks of: the files may have it");
    else if (!d->broken)
        out->verdict = WEFT_VERDICT_YES;
    out->raw = out->verdict == WEFT_VERDICT_YES;
    return decided(d, out, error);
}

static int decide_audit(struct weft_deciding *d, struct weft_decision *out,
                        struct weft_error *error)
{
    if (weft_principal_may(d->who, WEFT_RIGHT_AUDIT, NULL)) {
        d->granted = true;
        weft_deciding_reason(d, WEFT_REASON_GRANTS, "role auditor",
                             "has the right to read the audit");
    }
    weft_deciding_grant_policies(d);
    out->verdict = d->granted ? WEFT_VERDICT_YES : WEFT_VERDICT_NO;
    out->discoverable = true;
    return decided(d, out, error);
}

/* Within the key's products, for another purpose than its own: what its owner may find stays found,
 * and the reason says what to state. */
static int decide_key_purpose(struct weft_deciding *d, struct weft_decision *out,
                              struct weft_error *error)
{
    char list[KEY_LIST];
    const struct weft_key *key = d->request->key;
    const char *purpose = d->request->purpose;
    weft_trust_list_print(&key->purposes, list, sizeof list);
    weft_deciding_reason(d, WEFT_REASON_DENIES, "key", "the key %s is for %s; %s%s%s", key->id,
                         list, purpose[0] == '\0' ? "no purpose was stated" : "stated was `",
                         purpose, purpose[0] == '\0' ? "" : "`");
    d->lacked = key->purposes;
    if (d->subject->kind == WEFT_SUBJECT_PRODUCT || d->subject->kind == WEFT_SUBJECT_QUARANTINE)
        out->discoverable = may_discover(d);
    if (d->subject->kind == WEFT_SUBJECT_PRODUCT)
        known_decide(d, out);
    return decided(d, out, error);
}

static int decide_for(struct weft_deciding *d, struct weft_decision *out, struct weft_error *error)
{
    if (d->who->disabled) {
        weft_deciding_reason(d, WEFT_REASON_DENIES, "disabled", "%s is disabled", d->who->id);
        return decided(d, out, error);
    }
    const struct weft_key *key = d->request->key;
    if (key != NULL && !weft_key_opens(key, d->subject->full_name)) {
        weft_deciding_reason(d, WEFT_REASON_DENIES, "key", "the key %s does not open it", key->id);
        return decided(d, out, error);
    }
    candidates_find(d);
    if (d->nomem)
        return weft_error_nomem(error);
    if (key != NULL && !weft_key_allows(key, d->subject->full_name, d->request->purpose))
        return decide_key_purpose(d, out, error);
    if (d->request->purpose[0] != '\0' && d->who->kind != WEFT_PRINCIPAL_DOMAIN &&
        !weft_trust_purpose_known(d->trust, d->request->purpose)) {
        weft_deciding_reason(d, WEFT_REASON_DENIES, "purpose", "`%s` is not a declared purpose",
                             d->request->purpose);
        out->discoverable = may_discover(d);
        if (d->subject->kind == WEFT_SUBJECT_PRODUCT)
            known_decide(d, out);
        return decided(d, out, error);
    }
    switch (d->subject->kind) {
    case WEFT_SUBJECT_PRODUCT:
        return decide_product(d, out, error);
    case WEFT_SUBJECT_QUARANTINE:
        return decide_quarantine(d, out, error);
    case WEFT_SUBJECT_AUDIT:
        return decide_audit(d, out, error);
    case WEFT_SUBJECT_MESH:
        break;
    }
    out->verdict = WEFT_VERDICT_YES;
    out->discoverable = true;
    weft_deciding_reason(d, WEFT_REASON_GRANTS, "mesh", "metadata of what may be discovered");
    return decided(d, out, error);
}

static int decide_local(struct weft_arena *arena, struct weft_decision *out,
                        struct weft_error *error)
{
    static const struct weft_decision_reason operator_reason = {
        .kind = WEFT_REASON_GRANTS, .rule = "local operator", .text = "owns the files of the home"};
    (void)arena;
    *out = (struct weft_decision){.verdict = WEFT_VERDICT_YES,
                                  .discoverable = true,
                                  .raw = true,
                                  .reasons = &operator_reason,
                                  .reason_count = 1};
    out->reason = "local operator";
    return weft_sha256_hex("raw", 3, out->digest, error);
}

int weft_trust_decide(const struct weft_trust *trust, const struct weft_request *request,
                      const struct weft_trust_subject *subject, struct weft_arena *arena,
                      struct weft_decision *decision, struct weft_error *error)
{
    struct weft_decision made = {.verdict = WEFT_VERDICT_NO};
    if (subject == NULL || subject->full_name == NULL || subject->full_name[0] == '\0')
        return weft_error_set(error, WEFT_E_INTERNAL, "a decision needs the name of what is read");
    if (memchr(request->purpose, '\0', sizeof request->purpose) == NULL ||
        memchr(request->principal, '\0', sizeof request->principal) == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "a request without a principal");
    if (weft_request_is_local(request)) {
        WEFT_TRY(decide_local(arena, &made, error));
        *decision = made;
        return 0;
    }
    const struct weft_trust_known *known =
        trust == NULL ? NULL : weft_map_get(trust->people, request->principal);
    if (known == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "%s was not looked up before a decision",
                              request->principal);
    const char *dot = strchr(subject->full_name, '.');
    struct weft_deciding d = {
        .trust = trust,
        .request = request,
        .subject = subject,
        .known = known,
        .who = &known->principal,
        .arena = arena,
        .selected = {.domain = subject->domain,
                     .name = dot == NULL ? subject->full_name : dot + 1,
                     .major = subject->major,
                     .tags = &subject->tags,
                     .regulations = &subject->regulations},
    };
    WEFT_TRY(decide_for(&d, &made, error));
    *decision = made;
    return 0;
}

static const struct weft_decision_reason *denial_find(const struct weft_decision *decision)
{
    static const struct weft_decision_reason none = {.kind = WEFT_REASON_DENIES, .text = ""};
    for (size_t i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].kind == WEFT_REASON_DENIES && decision->reasons[i].text[0] != '\0')
            return &decision->reasons[i];
    }
    return &none;
}

const char *weft_decision_denial(const struct weft_decision *decision)
{
    return denial_find(decision)->text;
}

const char *weft_decision_denial_told(const struct weft_decision *decision)
{
    const struct weft_decision_reason *denial = denial_find(decision);
    return denial->keeps == NULL ? denial->text : denial->keeps;
}

const struct weft_decision_reason *weft_decision_broken(const struct weft_decision *decision)
{
    const struct weft_decision_reason *found = NULL;
    bool granted = false;
    for (size_t i = 0; i < decision->reason_count; i++) {
        const struct weft_decision_reason *reason = &decision->reasons[i];
        granted = granted || reason->kind == WEFT_REASON_GRANTS;
        if (found == NULL && reason->kind == WEFT_REASON_DENIES && reason->text[0] != '\0')
            found = reason;
    }
    return decision->verdict == WEFT_VERDICT_NO && granted ? found : NULL;
}
