/* Tests of weft_product_compare: one row for each rule. */
#include "model/product.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "{\"name\":\"a\",\"domain\":\"b\",\"version\":\"1.0.0\""

static const struct weft_product *product_of(struct weft_arena *arena, const char *rest)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_product *product = NULL;
    struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    weft_buf_addf(&text, HEAD "%s%s}", rest[0] == '\0' ? "" : ",", rest);
    if (weft_product_from_document(arena, text.data, "/", &product, &error) < 0)
        fail_msg("%s: %s", text.data, error.message);
    weft_buf_release(&text);
    return product;
}

struct row {
    const char *before;
    const char *after;
    const char *path; /* NULL = no change */
    enum weft_change_class change_class;
};

#define ED WEFT_CHANGE_EDITORIAL
#define CO WEFT_CHANGE_COMPATIBLE
#define BR WEFT_CHANGE_BREAKING
#define S(fields) "\"schema\":[" fields "]"
#define F(name, rest) "{\"name\":\"" name "\"" rest "}"

#define G(algorithm, rest)                                                                         \
    "\"graph\":{\"algorithm\":\"" algorithm "\",\"edges\":\"select a, b from c.d\"" rest "}"
#define P(product) "\"inputs\":{\"x\":{\"product\":" product "}}"
#define K "\"sql\":\"select 1\",\"key\":[\"k\"],"

static const struct row rows[] = {
    {"", "", NULL, ED},
    {"\"owner\":\"x\"", "\"owner\":\"y\"", "owner", ED},
    {"", "\"tags\":[\"x\"]", "tags", ED},
    {"", "\"regulations\":[\"x\"]", "regulations", CO},
    {"", "\"status\":\"deprecated\"", "status", CO},
    {"", "\"status\":\"retired\"", "status", BR},
    {"\"sql\":\"select 1\"", "\"sql\":\"select 2\"", "sql", CO},
    {"", "\"write\":\"replace\"", "write", BR},
    {S(F("a", ",\"type\":\"long\",\"min\":\"1\",\"on_fail\":{\"min\":\"warn\"}")),
     S(F("a", ",\"type\":\"long\",\"min\":\"1\",\"on_fail\":\"warn\"")), "schema.a.on_fail.type",
     CO},
    {G("louvain", ""), G("leiden", ""), "graph.algorithm", CO},
    {G("louvain", ""), G("louvain", ",\"seed\":2"), "graph.seed", CO},
    {G("louvain", ""), G("louvain", ",\"resolution\":0.5"), "graph.resolution", CO},
    {P("\"c.d\""), P("\"c.e\""), "inputs.x.product", CO},
    {P("\"c.d\""), P("\"c.d@2\""), "inputs.x.product", CO},
    {K "\"write\":\"upsert\"", K "\"write\":\"upsert\",\"order_by\":\"o\"", "order_by", CO},
    {K "\"write\":\"append\"", K "\"write\":\"upsert\"", "write", BR},
    {"", "\"was\":\"c.z\"", "was", ED},
    {"", "\"run\":{\"retries\":3}", "run", CO},
    {"", "\"quality\":{\"freshness\":\"1d\"}", "quality.freshness", CO},
    {"", "\"terms_of_use\":\"x\"", "terms_of_use", ED},
    {"", "\"description\":{\"en\":\"x\",\"fr\":\"y\"}", "description", ED},
    {"", "\"deprecated\":{\"since\":\"2026-01-01\"}", "deprecated", ED},
    {"", "\"discoverable\":\"private\"", "discoverable", CO},
    {P("\"c.d\"") ",\"sql\":\"select 1\"",
     P("\"c.d\"") ",\"sql\":\"select 1\",\"tests\":[{\"name\":\"t\",\"expect\":[]}]", "tests", ED},
    {"", S(F("x", "")), "schema", CO},
    {S(F("x", "")), "", "schema", BR},
    {S(F("x", "")), S(F("x", "") "," F("y", "")), "schema.y", CO},
    {S(F("x", "")), S(F("x", "") "," F("y", ",\"required\":true")), "schema.y", BR},
    {S(F("x", "") "," F("y", "")), S(F("x", "")), "schema.y", BR},
    {S(F("x", "")), S(F("z", ",\"was\":\"x\"")), "schema.z", BR},
    {S(F("x", "") "," F("y", "")), S(F("y", "") "," F("x", "")), "schema", CO},
    {S(F("x", ",\"type\":\"int\"")), S(F("x", ",\"type\":\"long\"")), "schema.x.type", CO},
    {S(F("x", ",\"type\":\"long\"")), S(F("x", ",\"type\":\"int\"")), "schema.x.type", BR},
    {S(F("x", ",\"type\":\"struct<a: int>\"")), S(F("x", ",\"type\":\"struct<a: long, b: date>\"")),
     "schema.x.type", CO},
    {S(F("x", ",\"type\":\"struct<a: int, b: date>\"")), S(F("x", ",\"type\":\"struct<a: int>\"")),
     "schema.x.type", BR},
    {S(F("x", "")), S(F("x", ",\"required\":true")), "schema.x.required", BR},
    {S(F("x", ",\"required\":true")), S(F("x", "")), "schema.x.required", BR},
    {S(F("x", "")), S(F("x", ",\"pattern\":\"a\"")), "schema.x.pattern", CO},
    {S(F("x", ",\"enum\":[\"a\"]")), S(F("x", ",\"enum\":[\"a\",\"b\"]")), "schema.x.enum", CO},
    {S(F("x", "")), S(F("x", ",\"description\":\"d\"")), "schema.x.description", ED},
    {S(F("x", "")), S(F("x", ",\"classification\":\"pii\"")), "schema.x.classification", CO},
    {S(F("x", ",\"required\":true")), S(F("x", "")) ",\"key\":[\"x\"]", "key", BR},
};

/* Which row of the table each kind comes under, and what it says for readers and for writers. */
static const struct {
    const char *before, *after, *rule;
    enum weft_change_class readers, writers;
} kinds[] = {
    {S(F("x", ",\"enum\":[\"a\"]")), S(F("x", ",\"enum\":[\"a\",\"b\"]")), "enum.grown", CO, CO},
    {S(F("x", ",\"enum\":[\"a\",\"b\"]")), S(F("x", ",\"enum\":[\"b\"]")), "rule.tighter", CO, CO},
    {S(F("x", ",\"enum\":[\"a\"]")), S(F("x", ",\"enum\":[\"b\"]")), "rule.other", CO, CO},
    {S(F("x", ",\"enum\":[\"a\"]")), S(F("x", "")), "rule.looser", CO, CO},
    {S(F("x", ",\"type\":\"long\",\"min\":\"1\"")), S(F("x", ",\"type\":\"long\",\"min\":\"10\"")),
     "rule.tighter", CO, CO},
    {S(F("x", ",\"type\":\"long\",\"max\":\"9\"")), S(F("x", ",\"type\":\"long\",\"max\":\"10\"")),
     "rule.looser", CO, CO},
    {S(F("x", ",\"type\":\"date\",\"min\":\"2020-03-01\"")),
     S(F("x", ",\"type\":\"date\",\"min\":\"2019-03-01\"")), "rule.looser", CO, CO},
    {S(F("x", ",\"unique\":true")), S(F("x", "")), "unique.dropped", BR, CO},
    {S(F("x", "")), S(F("x", ",\"unique\":true")), "rule.tighter", CO, CO},
    {S(F("x", "")), S(F("x", ",\"required\":true")), "required.added", CO, BR},
    {S(F("x", ",\"required\":true")), S(F("x", "")), "required.dropped", BR, CO},
    {S(F("x", "") "," F("y", "")), S(F("x", "")), "field.removed", BR, CO},
    {S(F("x", "")), S(F("z", ",\"was\":\"x\"")), "field.renamed", BR, BR},
    {"\"quality\":{\"freshness\":\"24h\"}", "\"quality\":{\"freshness\":\"12h\"}", "service.raised",
     CO, CO},
    {"\"quality\":{\"freshness\":\"24h\"}", "\"quality\":{\"freshness\":\"2d\"}", "service.lowered",
     CO, CO},
    {"\"quality\":{\"freshness\":\"24h\"}", "", "service.lowered", CO, CO},
    {"\"quality\":{\"rows\":{\"min\":5}}", "\"quality\":{\"rows\":{\"min\":4}}", "quality.looser",
     CO, CO},
    {"\"quality\":{\"completeness\":0.9}", "\"quality\":{\"completeness\":0.95}", "quality.tighter",
     CO, CO},
    {"\"quality\":{\"quarantine_max\":\"1%\"}", "\"quality\":{\"quarantine_max\":\"2%\"}",
     "quality.looser", CO, CO},
    {"", "\"quality\":{\"quarantine_max\":\"2%\"}", "quality.tighter", CO, CO},
    {"", "\"deprecated\":{\"since\":\"2026-01-01\"}", "deprecated", ED, ED},
};

static void compare_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        struct weft_changes changes = {0};
        assert_int_equal(weft_product_compare(arena, product_of(arena, kinds[i].before),
                                              product_of(arena, kinds[i].after), &changes, &error),
                         0);
        if (changes.count != 1 || strcmp(changes.items[0].rule, kinds[i].rule) != 0 ||
            changes.items[0].readers != kinds[i].readers ||
            changes.items[0].writers != kinds[i].writers)
            fail_msg("row %zu: %zu changes, %s at %s", i, changes.count,
                     changes.count == 0 ? "" : changes.items[0].rule,
                     changes.count == 0 ? "" : changes.items[0].path);
        assert_int_equal(changes.items[0].change_class,
                         WEFT_MAX(kinds[i].readers, kinds[i].writers));
        weft_arena_free(arena);
    }
}

static void compare_graph_columns(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_changes changes = {0};
    assert_int_equal(weft_product_compare(arena, product_of(arena, G("louvain", "")),
                                          product_of(arena, G("pagerank", "")), &changes, &error),
                     0);
    assert_int_equal(changes.count, 3);
    assert_string_equal(changes.items[1].path, "schema.score");
    assert_string_equal(changes.items[2].path, "schema.community");
    assert_int_equal(changes.worst, BR);
    weft_arena_free(arena);
}

static void compare_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        struct weft_changes changes = {0};
        const struct weft_product *before = product_of(arena, rows[i].before);
        const struct weft_product *after = product_of(arena, rows[i].after);
        assert_int_equal(weft_product_compare(arena, before, after, &changes, &error), 0);
        if (rows[i].path == NULL) {
            assert_int_equal(changes.count, 0);
        } else {
            if (changes.count != 1 || strcmp(changes.items[0].path, rows[i].path) != 0 ||
                changes.items[0].change_class != rows[i].change_class)
                fail_msg("row %zu: %zu changes, %s, class %d", i, changes.count,
                         changes.count ? changes.items[0].path : "", changes.worst);
            assert_int_equal(changes.worst, rows[i].change_class);
            assert_true(changes.items[0].reason[0] != '\0');
        }
        weft_arena_free(arena);
    }
}

/* What is said in words makes the same rows; of the rest only what says how a product is run,
 * found or read does. */
static void data_digests(void **state)
{
    static const char *const kept[] = {"status", "regulations", "run", "access", "discoverable"};
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        char before[WEFT_SHA256_HEX], after[WEFT_SHA256_HEX];
        assert_int_equal(
            weft_product_data_digest(product_of(arena, rows[i].before), before, &error), 0);
        assert_int_equal(weft_product_data_digest(product_of(arena, rows[i].after), after, &error),
                         0);
        bool same = rows[i].path == NULL || rows[i].change_class == ED;
        for (size_t k = 0; !same && k < WEFT_COUNT(kept); k++)
            same = strncmp(rows[i].path, kept[k], strlen(kept[k])) == 0;
        if ((strcmp(before, after) == 0) != same)
            fail_msg("row %zu: %s", i, same ? "another digest" : "the same digest");
        weft_arena_free(arena);
    }
}

static int data_torture(void *arg, struct weft_error *error)
{
    char out[WEFT_SHA256_HEX];
    return weft_product_data_digest(arg, out, error);
}

static void data_digests_torture(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    weft_test_torture(
        data_torture,
        (void *)product_of(arena, P("\"c.d\"") "," S(F("x", ",\"description\":\"d\""))));
    weft_arena_free(arena);
}

static void compare_refuses_nested_rename(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_changes changes = {0};
    const struct weft_product *before =
        product_of(arena, S(F("x", ",\"type\":\"list<struct<a: int, b: date>>\"")));
    const struct weft_product *after =
        product_of(arena, S(F("x", ",\"type\":\"list<struct<c: int, b: date>>\"")));
    assert_int_equal(weft_product_compare(arena, before, after, &changes, &error), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_non_null(strstr(error.message, "`a` would become `c`"));
    weft_arena_free(arena);
}

struct pair {
    const struct weft_product *before, *after;
};

static int torture(void *arg, struct weft_error *error)
{
    struct pair *pair = arg;
    struct weft_changes changes;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_product_compare(arena, pair->before, pair->after, &changes, error);
    weft_arena_free(arena);
    return rc;
}

static void compare_torture(void **state)
{
    (void)state;
    struct weft_arena *arena = weft_arena_new(0);
    struct pair pair = {
        product_of(arena, S(F("x", ",\"type\":\"int\"") "," F("y", ""))),
        product_of(arena, S(F("x", ",\"type\":\"long\"") "," F("z", "")) ",\"sql\":\"select 1\"")};
    weft_test_torture(torture, &pair);
    weft_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_rules),         cmocka_unit_test(compare_kinds),
        cmocka_unit_test(compare_graph_columns), cmocka_unit_test(data_digests),
        cmocka_unit_test(data_digests_torture),  cmocka_unit_test(compare_refuses_nested_rename),
        cmocka_unit_test(compare_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
