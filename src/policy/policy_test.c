/* Tests of policies: what files say, every mistake with its place, documents, selectors,
 * treatments, memory. */
#include "base/test_support.h"
#include "policy/condition.h"
#include "policy/selector.h"
#include "policy/treatment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct weft_arena *arena;
    struct weft_diag diag;
    const struct weft_policy *const *policies;
    size_t count;
};

static void start(struct fixture *f, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    *f = (struct fixture){.arena = weft_arena_new(0)};
    weft_diag_init(&f->diag);
    assert_int_equal(weft_policies_parse(f->arena, text, strlen(text), "p.yaml", &f->diag,
                                         &f->policies, &f->count, &error),
                     0);
}

static void stop(struct fixture *f)
{
    weft_diag_release(&f->diag);
    weft_arena_free(f->arena);
}

static const char whole[] =
    "kind: grant\n"
    "name: researchers\n"
    "to: [group:researchers, user:ann.b]\n"
    "read: [hospital.*, \"tag:clinical\", \"hospital.patients@2\"]\n"
    "purposes: research\n"
    "until: 2027-03-31\n"
    "because: Agreement 14.\n"
    "---\n"
    "kind: restrict\n"
    "name: direct\n"
    "on: [\"classification:pii.*\", \"*.*.email\"]\n"
    "treat: null\n"
    "except: [group:nurses, {group: emergency, purpose: treatment}]\n"
    "---\n"
    "kind: restrict\n"
    "name: rows\n"
    "on: a.b\n"
    "treat: {round: 100}\n"
    "rows: \"state=principal.state\"\n"
    "min_group: {size: 10, by: patient_id}\n"
    "---\n"
    "kind: purposes\n"
    "purposes:\n"
    "  research: Studies.\n"
    "  treatment: Care.\n"
    "---\n"
    "kind: test\n"
    "cases:\n"
    "  - {as: user:ann.b, purpose: research, read: hospital.patients,\n"
    "     expect: {allowed: true, email: null, ssn: hide, age: {truncate: 3}, x: none}}\n"
    "  - {as: user:bob, read: hospital.patients, expect: {allowed: false}}\n";

static void test_whole(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, whole);
    for (size_t i = 0; i < f.diag.count; i++)
        print_message("%d:%d %s\n", f.diag.items[i].line, f.diag.items[i].column,
                      f.diag.items[i].message);
    assert_int_equal(f.diag.count, 0);
    assert_int_equal(f.count, 5);
    assert_int_equal(f.policies[0]->kind, WEFT_POLICY_GRANT);
    assert_int_equal(f.policies[0]->read.count, 3);
    assert_int_equal(f.policies[0]->purposes.count, 1);
    assert_true(f.policies[0]->until_us == INT64_C(1806537600000000)); /* 2027-04-01 */
    assert_int_equal(f.policies[1]->treat.kind, WEFT_TREAT_NULL);
    assert_int_equal(f.policies[1]->place.line, 9);
    assert_string_equal(f.policies[1]->except[1].principal, "group:emergency");
    assert_string_equal(f.policies[1]->except[1].purpose, "treatment");
    assert_int_equal(f.policies[2]->min_group.size, 10);
    assert_int_equal(f.policies[2]->rows->kind, WEFT_CONDITION_COMPARE);
    assert_int_equal(f.policies[3]->purpose_count, 2);
    assert_int_equal(f.policies[4]->case_count, 2);
    assert_int_equal(f.policies[4]->cases[0].column_count, 4);
    assert_int_equal(f.policies[4]->cases[0].columns[0].treatment.kind, WEFT_TREAT_NULL);
    assert_int_equal(f.policies[4]->cases[0].columns[3].treatment.kind, WEFT_TREAT_NONE);
    assert_false(f.policies[4]->cases[1].allowed);
    assert_string_equal(
        f.policies[2]->document,
        "{\"kind\":\"restrict\",\"min_group\":{\"by\":\"patient_id\",\"size\":10},\"name\":"
        "\"rows\","
        "\"on\":[\"a.b\"],\"rows\":\"state = principal.state\",\"treat\":{\"round\":100}}");
    for (size_t i = 0; i < 4; i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        const struct weft_policy *again;
        assert_int_equal(
            weft_policy_from_document(f.arena, f.policies[i]->document, &again, &error), 0);
        assert_string_equal(again->digest, f.policies[i]->digest);
        assert_int_equal(again->until_us, f.policies[i]->until_us);
    }
    stop(&f);
}

static void test_mistakes(void **state)
{
    (void)state;
#define GRANT "kind: grant\nname: g\nto: user:a\nread: a.b\n"
#define RESTRICT "kind: restrict\nname: r\non: a.b\n"
    static const struct {
        const char *text;
        int line, column;
        const char *message;
    } rows[] = {
        {"- a\n", 1, 1, "a map of keys"},
        {"name: x\n", 1, 1, "has no `kind`"},
        {"kind: grnt\n", 1, 7, "`grnt` is no kind"},
        {"kind: grant\nname: g\n", 1, 1, "has no `to`"},
        {GRANT "colour: red\n", 5, 1, "`colour` is not a key of a grant"},
        {"kind: grant\nname: G 1\nto: user:a\nread: a.b\n", 2, 7, "not a name"},
        {"kind: grant\nname: g\nto: [user:a, alice]\nread: a.b\n", 3, 14, "no principal"},
        {"kind: grant\nname: g\nto: [role:boss]\nread: a.b\n", 3, 6, "no role `boss`"},
        {"kind: grant\nname: g\nto: user:a\nread: [a.b, a]\n", 4, 13, "no products"},
        {GRANT "until: soon\n", 5, 8, "not a date"},
        {GRANT "purposes: [My Use]\n", 5, 12, "not a name for a purpose"},
        {RESTRICT, 1, 1, "restricts nothing"},
        {RESTRICT "treat: blur\n", 4, 8, "no treatment"},
        {RESTRICT "treat: none\n", 4, 8, "no treatment"},
        {RESTRICT "treat: {round: 0}\n", 4, 16, "not a number above 0"},
        {RESTRICT "treat: {truncate: decade}\n", 4, 19, "truncates nothing"},
        {RESTRICT "treat: {round: 1, fixed: x}\n", 4, 8, "no treatment"},
        {RESTRICT "rows: lower(state) = 'x'\n", 4, 12, "no comparison"},
        {RESTRICT "rows: \"state = x\"\n", 4, 16, "no constant"},
        {RESTRICT "rows: |\n  state = 'a'\n  and b = c\n", 6, 11, "no constant"},
        {RESTRICT "min_group: {size: 1, by: x}\n", 4, 19, "from 2"},
        {RESTRICT "min_group: {size: 5}\n", 4, 12, "by"},
        {RESTRICT "treat: mask\nexcept: [{purpose: x}]\n", 5, 10, "for one user"},
        {"kind: rule\nname: r\n", 1, 1, "no `sql`"},
        {"kind: purposes\npurposes: {My Use: x}\n", 2, 12, "not a name for a purpose"},
        {"kind: test\ncases: []\n", 1, 1, "no cases"},
        {"kind: test\ncases: [{as: user:a, read: b, expect: {allowed: true}}]\n", 2, 28,
         "names no domain"},
        {"kind: test\ncases: [{as: user:a, read: a.b, expect: {allowed: false, x: mask}}]\n", 2, 41,
         "sees no columns"},
        {"kind: test\ncases: [{as: user:a, read: a.b}]\n", 2, 9, "does not say what"},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct fixture f;
        start(&f, rows[i].text);
        bool told = false;
        for (size_t m = 0; m < f.diag.count; m++)
            told = told || (f.diag.items[m].line == rows[i].line &&
                            f.diag.items[m].column == rows[i].column &&
                            strstr(f.diag.items[m].message, rows[i].message) != NULL);
        if (!told || f.count > 0) {
            for (size_t m = 0; m < f.diag.count; m++)
                print_message("%d:%d %s\n", f.diag.items[m].line, f.diag.items[m].column,
                              f.diag.items[m].message);
            fail_msg("%s", rows[i].text);
        }
        stop(&f);
    }
}

static void test_selectors(void **state)
{
    (void)state;
    static const char *const tags[] = {"clinical", "big"}, *const rules[] = {"hipaa"};
    static const char *const pii[] = {"pii.email"}, *const bare[] = {"pii"};
    const struct weft_texts tag_list = {tags, 2}, rule_list = {rules, 1};
    const struct weft_texts pii_list = {pii, 1}, bare_list = {bare, 1}, none = {0};
    const struct weft_selected product = {"hospital", "patients", 2, &tag_list, &rule_list};
    static const struct {
        const char *text;
        bool product, column, bare;
    } rows[] = {
        {"hospital.patients", true, false, false},
        {"hospital.*", true, false, false},
        {"hospital.patients@2", true, false, false},
        {"hospital.patients@1", false, false, false},
        {"hospital.patients@0", false, false, false},
        {"*", true, false, false},
        {"*.pat*", true, false, false},
        {"hosp.*", false, false, false},
        {"tag:clinical", true, false, false},
        {"tag:clin*", true, false, false},
        {"tag:small", false, false, false},
        {"domain:hospital", true, false, false},
        {"regulation:hipaa", true, false, false},
        {"hospital.patients.email", false, true, true},
        {"hospital.*.e*l", false, true, true},
        {"hospital.*.name", false, false, false},
        {"classification:pii.email", false, true, false},
        {"classification:pii.*", false, true, true},
        {"classification:pii", false, false, true},
        {"classification:phi.*", false, false, false},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_selector selector;
        struct weft_error error = WEFT_ERROR_INIT;
        assert_int_equal(weft_selector_parse(rows[i].text, &selector, &error), 0);
        bool fits =
            weft_selector_product(&selector, &product) == rows[i].product &&
            weft_selector_column(&selector, &product, "email", &pii_list) == rows[i].column &&
            weft_selector_column(&selector, &product, "email", &bare_list) == rows[i].bare;
        if (!fits)
            fail_msg("%s", rows[i].text);
        if (selector.kind == WEFT_SELECT_CLASSIFICATION)
            assert_false(weft_selector_column(&selector, &product, "email", &none));
    }
    static const char *const wrong[] = {"",   "a",    "a.b.c.d",  "A.b",   "a.",
                                        ".b", "tag:", "a.b@1000", "a.b@x", "a b.c"};
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++) {
        struct weft_selector selector;
        assert_int_equal(weft_selector_parse(wrong[i], &selector, NULL), -1);
    }
}

static void test_treatments(void **state)
{
    (void)state;
    static const struct weft_type text = {.kind = WEFT_TYPE_STRING},
                                  number = {.kind = WEFT_TYPE_INT};
    static const struct weft_treatment hide = {.kind = WEFT_TREAT_HIDE},
                                       null = {.kind = WEFT_TREAT_NULL},
                                       fixed_a = {.kind = WEFT_TREAT_FIXED, .text = "a"},
                                       fixed_b = {.kind = WEFT_TREAT_FIXED, .text = "b"},
                                       mask = {.kind = WEFT_TREAT_MASK},
                                       hash = {.kind = WEFT_TREAT_HASH},
                                       tens = {.kind = WEFT_TREAT_ROUND, .number = 10},
                                       hundreds = {.kind = WEFT_TREAT_ROUND, .number = 100};
    static const struct {
        struct weft_treatment all[3];
        size_t count;
        const struct weft_type *type;
        const char *made;
    } rows[] = {
        {{hide}, 0, &text, "none"},
        {{mask}, 1, &text, "mask"},
        {{mask, mask}, 2, &text, "mask"},
        {{mask, hash}, 2, &text, "{fixed: ***}"},
        {{mask, hash}, 2, &number, "null"},
        {{mask, fixed_b, fixed_a}, 3, &text, "{fixed: a}"},
        {{fixed_a, null, mask}, 3, &text, "null"},
        {{null, hide, mask}, 3, &text, "hide"},
        {{tens, tens}, 2, &number, "{round: 10}"},
        {{tens, hundreds}, 2, &number, "null"},
        {{tens, hundreds, fixed_a}, 3, &number, "null"},
        {{tens}, 1, &text, "null"},
        {{tens, mask}, 2, &text, "null"},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_buf out;
        weft_buf_init(&out, 1000);
        struct weft_treatment made =
            weft_treatment_combine(rows[i].all, rows[i].count, rows[i].type);
        weft_treatment_text(&made, &out);
        assert_string_equal(out.data, rows[i].made);
        weft_buf_release(&out);
    }
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    struct weft_diag diag;
    const struct weft_policy *const *policies, *again;
    size_t count;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    int rc =
        weft_policies_parse(arena, whole, strlen(whole), "p.yaml", &diag, &policies, &count, error);
    if (rc == 0)
        rc = weft_policy_from_document(arena, policies[2]->document, &again, error);
    weft_diag_release(&diag);
    return rc;
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),     cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_selectors), cmocka_unit_test(test_treatments),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
