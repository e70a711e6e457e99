/*
 * policy_document.c - the canonical document of a policy, and a policy from a registered one.
 *
 * What is written: the keys of the policy file, lists as lists, a row condition in its one
 * spelling; so that two spellings of one policy have one digest.
 */
#include "policy/policy_internal.h"

#include "base/clock.h"
#include "document/registered.h"
#include "document/tree.h"
#include "policy/condition.h"
#include "policy/treatment.h"

#include <stdio.h>
#include <string.h>

#define POLICY_DOCUMENT_MAX (128 * 1024) /* it fits into an entry of the ledger */
#define DAY_US INT64_C(86400000000)

typedef struct weft_json_writer writer;

static void put_treatment(writer *w, const struct weft_treatment *treatment)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 64);
    weft_json_key(w, "treat");
    switch (treatment->kind) {
    case WEFT_TREAT_FIXED:
    case WEFT_TREAT_TRUNCATE_TIME:
        weft_json_begin_object(w);
        weft_json_member_text(w, treatment->kind == WEFT_TREAT_FIXED ? "fixed" : "truncate",
                              treatment->text);
        weft_json_end_object(w);
        return;
    case WEFT_TREAT_ROUND:
    case WEFT_TREAT_TRUNCATE:
        weft_json_begin_object(w);
        weft_json_key(w, treatment->kind == WEFT_TREAT_ROUND ? "round" : "truncate");
        weft_json_put_double(w, treatment->number);
        weft_json_end_object(w);
        return;
    default:
        weft_treatment_text(treatment, &text);
        weft_json_put_text(w, text.data);
    }
}

static void put_min_group(writer *w, const struct weft_min_group *min_group)
{
    if (min_group->size == 0)
        return;
    weft_json_key(w, "min_group");
    weft_json_begin_object(w);
    weft_json_member_int(w, "size", min_group->size);
    weft_json_member_text(w, "by", min_group->by);
    weft_json_end_object(w);
}

/* "group:nurses" -> {group: nurses, purpose: ...}; everyone has no kind. */
static void put_except(writer *w, const struct weft_policy *policy)
{
    if (policy->except_count == 0)
        return;
    weft_json_key(w, "except");
    weft_json_begin_array(w);
    for (size_t i = 0; i < policy->except_count; i++) {
        const struct weft_policy_except *except = &policy->except[i];
        const char *colon = strchr(except->principal, ':');
        char kind[16];
        if (except->purpose == NULL || colon == NULL) {
            weft_json_put_text(w, except->principal);
            continue;
        }
        snprintf(kind, sizeof kind, "%.*s", (int)(colon - except->principal), except->principal);
        weft_json_begin_object(w);
        weft_json_member_text(w, kind, colon + 1);
        weft_json_member_text(w, "purpose", except->purpose);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
}

static void put_until(writer *w, int64_t until_us)
{
    char text[WEFT_TIME_TEXT];
    if (until_us == 0)
        return;
    weft_time_format(until_us - DAY_US, text);
    text[10] = '\0';
    weft_json_member_text(w, "until", text);
}

static void put_restrict(writer *w, const struct weft_policy *policy, const char *rows)
{
    weft_json_member_texts(w, "on", policy->on, false);
    if (policy->treat.kind != WEFT_TREAT_NONE)
        put_treatment(w, &policy->treat);
    if (rows != NULL)
        weft_json_member_text(w, "rows", rows);
    put_min_group(w, &policy->min_group);
    put_except(w, policy);
}

static void put_cases(writer *w, const struct weft_policy *policy)
{
    weft_json_member_int(w, "cases", (int64_t)policy->case_count);
}

static void put_policy(writer *w, const struct weft_policy *policy, const char *rows)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "kind", weft_policy_kind_name(policy->kind));
    if (policy->name != NULL)
        weft_json_member_text(w, "name", policy->name);
    if (policy->because != NULL)
        weft_json_member_text(w, "because", policy->because);
    weft_json_member_texts(w, "to", policy->to, false);
    weft_json_member_texts(w, "read", policy->read, false);
    if (policy->kind == WEFT_POLICY_GRANT)
        weft_json_member_texts(w, "purposes", policy->purposes, false);
    put_until(w, policy->until_us);
    if (policy->kind == WEFT_POLICY_RESTRICT)
        put_restrict(w, policy, rows);
    if (policy->kind == WEFT_POLICY_RULE) {
        weft_json_member_text(w, "sql", policy->sql);
        if (policy->message != NULL)
            weft_json_member_text(w, "message", policy->message);
        weft_json_member_text(w, "severity", policy->severity);
    }
    if (policy->kind == WEFT_POLICY_TEST)
        put_cases(w, policy);
    if (policy->kind == WEFT_POLICY_PURPOSES) {
        weft_json_key(w, "purposes");
        weft_json_begin_object(w);
        for (size_t i = 0; i < policy->purpose_count; i++)
            weft_json_member_text(w, policy->purpose_list[i].name, policy->purpose_list[i].text);
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
}

int weft_policy_write_document(struct weft_policy *policy, struct weft_arena *arena,
                               struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rows, plain;
    char digest[WEFT_SHA256_HEX];
    struct weft_json_writer w;
    weft_buf_init(&rows, (size_t)1 << 20);
    weft_buf_init(&plain, POLICY_DOCUMENT_MAX);
    weft_json_writer_init(&w, &plain);
    if (policy->rows != NULL)
        weft_condition_print(policy->rows, &rows);
    WEFT_TRY(weft_buf_check(&rows, error));
    put_policy(&w, policy, policy->rows == NULL ? NULL : rows.data);
    WEFT_TRY(
        weft_document_make(&plain, POLICY_DOCUMENT_MAX, arena, &policy->document, digest, error));
    policy->digest = weft_arena_strdup(arena, digest);
    return policy->digest == NULL ? weft_error_nomem(error) : 0;
}

static const void *policy_of(struct weft_reader *reader, struct weft_node *root, void *arg)
{
    (void)arg;
    return weft_policy_read(reader, root);
}

int weft_policy_from_document(struct weft_arena *arena, const char *document,
                              const struct weft_policy **out, struct weft_error *error)
{
    const void *made;
    WEFT_TRY(weft_document_read(arena, document, "registered policy", "policy", policy_of, NULL,
                                &made, error));
    *out = made;
    return 0;
}

int weft_policies_parse(struct weft_arena *arena, const char *text, size_t length, const char *file,
                        struct weft_diag *diag, const struct weft_policy *const **out,
                        size_t *out_count, struct weft_error *error)
{
    struct weft_reader reader = {
        .arena = arena, .diag = diag, .file = file, .environment = "dev", .expand = true};
    struct weft_node *list = weft_nodes_of_yaml(&reader, text, length);
    size_t count = 0, max = list == NULL ? 0 : list->count;
    const struct weft_policy **items = weft_reader_alloc(&reader, max, sizeof(*items));
    for (size_t i = 0; items != NULL && i < max && !reader.nomem; i++) {
        items[count] = weft_policy_read(&reader, list->items[i]);
        count += items[count] != NULL;
    }
    WEFT_TRY(weft_reader_check(&reader, error));
    *out = items;
    *out_count = count;
    return 0;
}
