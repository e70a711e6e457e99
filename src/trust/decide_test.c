/*
 * decide_test.c - who may read, and what is taken away.
 */
#include "base/test_support.h"
#include "policy/treatment.h"
#include "trust/decide.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICIES_MAX 64
#define DAY_US INT64_C(86400000000)

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};
static const struct weft_type long_type = {.kind = WEFT_TYPE_LONG};

/* hospital.patients: id, name (pii.name), email (pii.email), state, age */
static const char *const class_name[] = {"pii.name"};
static const char *const class_email[] = {"pii.email"};
static const struct weft_trust_column patients_columns[] = {
    {"id", &text_type, {NULL, 0}, NULL},           {"name", &text_type, {class_name, 1}, NULL},
    {"email", &text_type, {class_email, 1}, NULL}, {"state", &text_type, {NULL, 0}, NULL},
    {"age", &long_type, {NULL, 0}, NULL},
};
static const char *const tags[] = {"clinical"};

static struct weft_trust_subject patients(void)
{
    return (struct weft_trust_subject){
        .full_name = "hospital.patients",
        .domain = "hospital",
        .major = 1,
        .version = "1.0.0",
        .tags = {tags, 1},
        .discoverable = "mesh",
        .columns = patients_columns,
        .column_count = WEFT_COUNT(patients_columns),
    };
}

struct fixture {
    struct weft_arena *arena;
    struct weft_trust *trust;
    struct weft_request request;
    struct weft_error error;
};

static void fixture_policies(struct fixture *f, const char *const *documents, size_t count)
{
    const struct weft_policy *policies[POLICIES_MAX];
    assert_true(count <= POLICIES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (weft_policy_from_document(f->arena, documents[i], &policies[i], &f->error) < 0)
            fail_msg("%s: %s", documents[i], f->error.message);
    }
    const struct weft_policy **kept = weft_arena_array(f->arena, count + 1, sizeof(*kept));
    for (size_t i = 0; i < count; i++)
        kept[i] = policies[i];
    weft_trust_free(f->trust);
    f->trust = NULL;
    assert_int_equal(weft_trust_of_policies(NULL, 1, kept, count, &f->trust, &f->error), 0);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.error = WEFT_ERROR_INIT, .arena = weft_arena_new(0)};
    f.request.time_us = INT64_C(1767225600000000); /* 2026-01-01 */
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_trust_free(f->trust);
    weft_arena_free(f->arena);
    return 0;
}

static struct weft_decision decide(struct fixture *f, const char *as, const char *purpose,
                                   const struct weft_trust_subject *subject)
{
    struct weft_decision decision;
    snprintf(f->request.principal, sizeof f->request.principal, "%s", as);
    snprintf(f->request.purpose, sizeof f->request.purpose, "%s", purpose);
    assert_int_equal(weft_trust_know(f->trust, NULL, as, &f->error), 0);
    assert_int_equal(
        weft_trust_decide(f->trust, &f->request, subject, f->arena, &decision, &f->error), 0);
    return decision;
}

#define GRANT                                                                                      \
    "{\"kind\":\"grant\",\"name\":\"g\",\"to\":[\"group:nurses\"],\"read\":[\"hospital.*\"]}"

static void test_operator(void **state)
{
    (void)state;
    struct weft_request request;
    struct weft_decision decision;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_trust_subject subject = patients();
    weft_request_local(&request);
    assert_int_equal(strncmp(request.principal, "local:", 6), 0);
    assert_true(strlen(request.principal) > 6);
    assert_true(request.time_us > 0);
    assert_true(weft_request_is_local(&request));
    assert_int_equal(weft_trust_decide(NULL, &request, &subject, NULL, &decision, &error), 0);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_true(decision.raw);
    assert_string_equal(decision.reason, "local operator");
}

static void test_others(void **state)
{
    (void)state;
    static const char *const others[] = {"", "user:alice", "local:", "local:nobody-here",
                                         "LOCAL:root"};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_trust_subject subject = patients();
    struct weft_decision decision;
    for (size_t i = 0; i < WEFT_COUNT(others); i++) {
        struct weft_request request;
        weft_request_local(&request);
        snprintf(request.principal, sizeof request.principal, "%s", others[i]);
        assert_false(weft_request_is_local(&request));
        /* Who was not looked up: nothing may be read. */
        assert_int_equal(weft_trust_decide(NULL, &request, &subject, NULL, &decision, &error), -1);
    }
    struct weft_request endless;
    memset(&endless, 'x', sizeof endless);
    assert_int_equal(weft_trust_decide(NULL, &endless, &subject, NULL, &decision, &error), -1);
}

static void test_default_no(void **state)
{
    struct fixture *f = *state;
    struct weft_trust_subject subject = patients();
    fixture_policies(f, NULL, 0);
    struct weft_decision decision = decide(f, "user:alice", "", &subject);
    assert_int_equal(decision.verdict, WEFT_VERDICT_NO);
    assert_true(decision.discoverable);
    assert_int_equal(decision.reason_count, 1);
    subject.discoverable = "private";
    assert_false(decide(f, "user:alice", "", &subject).discoverable);
    subject.discoverable = "domain";
    assert_false(decide(f, "user:alice", "", &subject).discoverable);
    decision = decide(f, "domain:hospital", "run", &subject);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_true(decision.discoverable && decision.raw);
}

static void test_grants(void **state)
{
    struct fixture *f = *state;
    static const char *const documents[] = {
        GRANT,
        "{\"kind\":\"grant\",\"name\":\"h\",\"to\":[\"user:bob\"],\"read\":[\"tag:clinical\"],"
        "\"purposes\":[\"research\"],\"until\":\"2026-03-31\"}",
        "{\"kind\":\"grant\",\"name\":\"i\",\"to\":[\"user:carl\"],"
        "\"read\":[\"hospital.patients.state\",\"classification:pii.name\"]}"};
    struct weft_trust_subject subject = patients();
    fixture_policies(f, documents, WEFT_COUNT(documents));
    assert_int_equal(decide(f, "group:nurses", "", &subject).verdict, WEFT_VERDICT_YES);
    assert_int_equal(decide(f, "user:bob", "", &subject).verdict, WEFT_VERDICT_NO);
    struct weft_decision bob = decide(f, "user:bob", "research", &subject);
    assert_int_equal(bob.verdict, WEFT_VERDICT_YES);
    assert_true(bob.raw);
    assert_string_equal(bob.reason, "grant h");
    f->request.time_us = bob.until_us - 1;
    assert_int_equal(decide(f, "user:bob", "research", &subject).verdict, WEFT_VERDICT_YES);
    f->request.time_us++;
    bob = decide(f, "user:bob", "research", &subject);
    assert_int_equal(bob.verdict, WEFT_VERDICT_NO);
    assert_string_equal(bob.reasons[0].text, "it ended on 2026-03-31");
    struct weft_decision carl = decide(f, "user:carl", "", &subject);
    assert_int_equal(carl.verdict, WEFT_VERDICT_YES);
    assert_int_equal(carl.treatments[0].kind, WEFT_TREAT_HIDE);
    assert_int_equal(carl.treatments[1].kind, WEFT_TREAT_NONE);
    assert_int_equal(carl.treatments[2].kind, WEFT_TREAT_HIDE);
    assert_int_equal(carl.treatments[3].kind, WEFT_TREAT_NONE);
}

static void test_access(void **state)
{
    struct fixture *f = *state;
    static const char *const to[] = {"group:nurses"}, *const purposes[] = {"care"};
    const struct weft_access access = {
        .grant = {to, 1}, .purposes = {purposes, 1}, .min_group = {10, "id"}};
    struct weft_trust_subject subject = patients();
    subject.access = &access;
    fixture_policies(f, NULL, 0);
    assert_int_equal(decide(f, "group:nurses", "", &subject).verdict, WEFT_VERDICT_NO);
    struct weft_decision decision = decide(f, "group:nurses", "care", &subject);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.min_group_count, 1);
    assert_int_equal(decision.min_groups[0].size, 10);
}

static void test_restrictions(void **state)
{
    struct fixture *f = *state;
    static const char *const documents[] = {
        GRANT,
        "{\"kind\":\"restrict\",\"name\":\"a\",\"on\":[\"classification:pii.*\"],\"treat\":"
        "\"mask\",\"except\":[{\"group\":\"nurses\",\"purpose\":\"care\"}]}",
        "{\"kind\":\"restrict\",\"name\":\"b\",\"on\":[\"hospital.*.email\"],\"treat\":\"hash\"}",
        "{\"kind\":\"restrict\",\"name\":\"c\",\"on\":[\"hospital.*\"],\"rows\":\"state = 'QC' OR "
        "state = principal.state\"}",
        "{\"kind\":\"restrict\",\"name\":\"d\",\"on\":[\"tag:clinical\"],\"min_group\":{\"size\":5,"
        "\"by\":\"id\"}}",
        "{\"kind\":\"restrict\",\"name\":\"e\",\"on\":[\"tag:clinical\"],\"min_group\":{\"size\":9,"
        "\"by\":\"id\"}}"};
    struct weft_trust_subject subject = patients();
    fixture_policies(f, documents, WEFT_COUNT(documents));
    struct weft_decision decision = decide(f, "group:nurses", "", &subject);
    assert_int_equal(decision.verdict, WEFT_VERDICT_YES);
    assert_int_equal(decision.treatments[0].kind, WEFT_TREAT_NONE);
    assert_int_equal(decision.treatments[1].kind, WEFT_TREAT_MASK);
    assert_int_equal(decision.treatments[2].kind, WEFT_TREAT_FIXED); /* mask and hash */
    assert_int_equal(decision.min_group_count, 1);
    assert_int_equal(decision.min_groups[0].size, 9);
    assert_int_equal(decision.rows->kind, WEFT_CONDITION_COMPARE); /* nobody has a state */
    struct weft_decision care = decide(f, "group:nurses", "care", &subject);
    assert_int_equal(care.treatments[1].kind, WEFT_TREAT_NONE);
    assert_int_equal(care.treatments[2].kind, WEFT_TREAT_HASH);
    assert_string_not_equal(care.digest, decision.digest);
    /* A run of the owning domain sees all of it. */
    assert_true(decide(f, "domain:hospital", "run", &subject).raw);
    /* A condition that cannot be held: nothing is read. */
    subject.column_count = 3;
    decision = decide(f, "group:nurses", "", &subject);
    assert_int_equal(decision.verdict, WEFT_VERDICT_NO);
    bool told = false;
    for (size_t i = 0; i < decision.reason_count; i++)
        told = told || (decision.reasons[i].kind == WEFT_REASON_DENIES &&
                        strstr(decision.reasons[i].text, "`state`") != NULL);
    assert_true(told);
    assert_null(strstr(weft_decision_denial_told(&decision), "state"));
    assert_non_null(strstr(weft_decision_denial_told(&decision), "cannot be held"));
}

/* Who may find it but not read it knows the columns that a grant of all of it would leave him. */
static void test_known(void **state)
{
    struct fixture *f = *state;
    struct weft_trust_subject subject = patients();
    static const char *const documents[] = {
        "{\"kind\":\"grant\",\"name\":\"g\",\"to\":[\"group:nurses\",\"user:ann\"],\"read\":["
        "\"hospital.*\"],\"purposes\":[\"care\"]}",
        "{\"kind\":\"restrict\",\"name\":\"a\",\"on\":[\"hospital.*.name\"],\"treat\":\"hide\","
        "\"except\":[{\"user\":\"bob\",\"purpose\":\"care\"}]}",
        "{\"kind\":\"restrict\",\"name\":\"b\",\"on\":[\"hospital.*.email\"],\"treat\":\"mask\"}",
        "{\"kind\":\"restrict\",\"name\":\"c\",\"on\":[\"hospital.*\"],\"rows\":\"gone = 1\","
        "\"except\":[\"user:eve\",\"user:bob\",\"user:ann\"]}",
        "{\"kind\":\"purposes\",\"purposes\":{\"care\":\"c\"}}"};
    fixture_policies(f, documents, WEFT_COUNT(documents));
    struct weft_decision eve = decide(f, "user:eve", "", &subject);
    assert_int_equal(eve.verdict, WEFT_VERDICT_NO);
    assert_null(eve.treatments);
    assert_int_equal(eve.reason_count, 1); /* nothing was decided by it */
    assert_int_equal(eve.known[0].kind, WEFT_TREAT_NONE);
    assert_int_equal(eve.known[1].kind, WEFT_TREAT_HIDE);
    assert_int_equal(eve.known[2].kind, WEFT_TREAT_MASK);
    /* Exceptions as they would hold now; a purpose that nobody declared is none. */
    assert_int_equal(decide(f, "user:bob", "care", &subject).known[1].kind, WEFT_TREAT_NONE);
    assert_int_equal(decide(f, "user:bob", "car", &subject).known[1].kind, WEFT_TREAT_HIDE);
    /* The grant does not hold without its purpose; what can be read is what is known. */
    assert_int_equal(decide(f, "user:ann", "", &subject).known[1].kind, WEFT_TREAT_HIDE);
    struct weft_decision ann = decide(f, "user:ann", "care", &subject);
    assert_int_equal(ann.verdict, WEFT_VERDICT_YES);
    assert_ptr_equal(ann.known, ann.treatments);
    /* A restriction that cannot be held lets nobody read; the columns are hidden all the same. */
    struct weft_decision broken = decide(f, "group:nurses", "care", &subject);
    assert_int_equal(broken.verdict, WEFT_VERDICT_NO);
    assert_int_equal(broken.known[1].kind, WEFT_TREAT_HIDE);
    subject.discoverable = "private";
    assert_null(decide(f, "user:eve", "", &subject).known);
}

/* What a read would refuse is no yes. */
static void test_values_of_another_type(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *rows;
        bool fits;
    } cases[] = {{"age > 3", true},
                 {"age in (1, 2)", true},
                 {"age = 'old'", false},
                 {"age in (1, 'old')", false},
                 {"not (age = 1.5)", false},
                 {"age like '1%'", false},
                 {"age is null", true},
                 {"state = 3", true},
                 {"state = 'QC' or age = true", false},
                 {"state = principal.none and age = 'old'", true}, /* no row: nothing is compared */
                 {"id in (hospital.other.id where age = 'old')", true}};
    const struct weft_trust_subject subject = patients();
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        char restrict_text[300];
        snprintf(restrict_text, sizeof restrict_text,
                 "{\"kind\":\"restrict\",\"name\":\"b\",\"on\":[\"hospital.*\"],\"rows\":\"%s\"}",
                 cases[i].rows);
        const char *const documents[] = {
            "{\"kind\":\"grant\",\"name\":\"a\",\"to\":[\"everyone\"],\"read\":[\"*\"]}",
            restrict_text};
        fixture_policies(f, documents, WEFT_COUNT(documents));
        struct weft_decision made = decide(f, "user:eve", "", &subject);
        if ((made.verdict == WEFT_VERDICT_YES) != cases[i].fits)
            fail_msg("%s: %s", cases[i].rows, made.reason);
        if (!cases[i].fits)
            assert_non_null(strstr(weft_decision_denial(&made), "a value of another type"));
    }
}

static void test_quarantine_and_mesh(void **state)
{
    struct fixture *f = *state;
    static const char *const documents[] = {GRANT};
    struct weft_trust_subject subject = patients();
    fixture_policies(f, documents, WEFT_COUNT(documents));
    subject.kind = WEFT_SUBJECT_QUARANTINE;
    assert_int_equal(decide(f, "group:nurses", "", &subject).verdict, WEFT_VERDICT_NO);
    subject = (struct weft_trust_subject){
        .kind = WEFT_SUBJECT_AUDIT, .full_name = "mesh.audit", .domain = "mesh"};
    assert_int_equal(decide(f, "group:nurses", "", &subject).verdict, WEFT_VERDICT_NO);
}

/* The team reads what was set aside as a whole, or not: a restriction that means a column of the
 * subject, or this product with a column that the subject lacks. */
static void test_set_aside(void **state)
{
    struct fixture *f = *state;
    static const char *const dora[] = {"user:dora"};
    static const struct weft_texts members = {dora, 1};
    static const struct {
        const char *on;
        enum weft_verdict verdict;
    } cases[] = {
        {"lab.*", WEFT_VERDICT_YES},
        {"*.*.card", WEFT_VERDICT_YES},
        {"hospital.*.card", WEFT_VERDICT_YES},
        {"hospital.patients@2.card", WEFT_VERDICT_YES},
        {"classification:phi.*", WEFT_VERDICT_YES},
        {"hospital.patients.card", WEFT_VERDICT_NO},
        {"hospital.patients@1.card", WEFT_VERDICT_NO},
        {"*.*.email", WEFT_VERDICT_NO},
        {"classification:pii.*", WEFT_VERDICT_NO},
        {"hospital.patients", WEFT_VERDICT_NO},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        char text[300], excepted[300];
        snprintf(text, sizeof text,
                 "{\"kind\":\"restrict\",\"name\":\"r\",\"on\":[\"%s\"],\"treat\":\"mask\"}",
                 cases[i].on);
        snprintf(excepted, sizeof excepted, "%.*s,\"except\":[\"user:dora\"]}",
                 (int)strlen(text) - 1, text);
        for (int free = 0; free < 2; free++) {
            const char *const documents[] = {free ? excepted : text};
            struct weft_trust_subject subject = patients();
            subject.kind = WEFT_SUBJECT_QUARANTINE;
            fixture_policies(f, documents, 1);
            assert_int_equal(weft_trust_describe_domain(f->trust, "hospital", &members, &f->error),
                             0);
            struct weft_decision decision = decide(f, "user:dora", "", &subject);
            if (decision.verdict != (free ? WEFT_VERDICT_YES : cases[i].verdict))
                fail_msg("%s: %s", documents[0], decision.reason);
            assert_int_equal(decision.raw, decision.verdict == WEFT_VERDICT_YES);
            assert_int_equal(decide(f, "user:eve", "", &subject).verdict, WEFT_VERDICT_NO);
        }
    }
}

/* ---- another restriction never shows more, and the order does not matter ---- */

static int rank_of(const struct weft_treatment *treatment)
{
    return treatment->kind <= WEFT_TREAT_FIXED  ? (int)treatment->kind
           : treatment->kind == WEFT_TREAT_NONE ? 5
                                                : 4;
}

static void restrict_random(unsigned *seed, int at, char *out, size_t size)
{
    static const char *const on[] = {
        "hospital.*",   "hospital.patients.email", "tag:clinical", "classification:pii.*",
        "*.patients.*", "classification:pii.name", "lab.*",        "domain:hospital"};
    static const char *const what[] = {
        "\"treat\":\"hide\"",          "\"treat\":\"null\"",
        "\"treat\":{\"fixed\":\"x\"}", "\"treat\":{\"fixed\":\"7\"}",
        "\"treat\":\"mask\"",          "\"treat\":\"hash\"",
        "\"treat\":{\"round\":10}",    "\"treat\":{\"round\":100}",
        "\"treat\":{\"truncate\":2}",  "\"rows\":\"age > 3\"",
        "\"rows\":\"state = 'QC'\"",   "\"min_group\":{\"size\":4,\"by\":\"id\"}"};
    *seed = *seed * 1103515245U + 12345U;
    unsigned roll = *seed >> 8;
    snprintf(out, size, "{\"kind\":\"restrict\",\"name\":\"r%d\",\"on\":[\"%s\"],%s}", at,
             on[roll % WEFT_COUNT(on)], what[(roll / 64) % WEFT_COUNT(what)]);
}

static void test_never_more(void **state)
{
    struct fixture *f = *state;
    struct weft_trust_subject subject = patients();
    unsigned seed = 7;
    for (int round = 0; round < 300; round++) {
        char texts[8][200];
        const char *documents[9] = {GRANT}, *turned[9];
        for (int i = 0; i < 8; i++) {
            restrict_random(&seed, i, texts[i], sizeof texts[i]);
            documents[i + 1] = texts[i];
        }
        struct weft_decision before = {0};
        for (size_t count = 1; count <= 9; count++) {
            fixture_policies(f, documents, count);
            struct weft_decision now = decide(f, "group:nurses", "", &subject);
            assert_int_equal(now.verdict, WEFT_VERDICT_YES);
            for (size_t c = 0; c < subject.column_count && count > 1; c++) {
                struct weft_treatment none = {.kind = WEFT_TREAT_NONE};
                struct weft_treatment a = before.treatments == NULL ? none : before.treatments[c];
                struct weft_treatment b = now.treatments == NULL ? none : now.treatments[c];
                if (rank_of(&b) > rank_of(&a) ||
                    (rank_of(&a) == 4 && rank_of(&b) == 4 && !weft_treatment_equal(&a, &b)))
                    fail_msg("round %d: %s shows more of %s", round, documents[count - 1],
                             subject.columns[c].name);
            }
            assert_true(count == 1 || now.min_group_count >= before.min_group_count);
            assert_true(count == 1 || before.rows == NULL || now.rows != NULL);
            before = now;
        }
        for (size_t i = 0; i < 9; i++)
            turned[i] = documents[8 - i];
        fixture_policies(f, turned, 9);
        struct weft_decision other = decide(f, "group:nurses", "", &subject);
        for (size_t c = 0; c < subject.column_count && before.treatments != NULL; c++)
            assert_true(weft_treatment_equal(&before.treatments[c], &other.treatments[c]));
        assert_int_equal(before.min_group_count, other.min_group_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operator),
        cmocka_unit_test(test_others),
        cmocka_unit_test_setup_teardown(test_default_no, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_access, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restrictions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_of_another_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine_and_mesh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
