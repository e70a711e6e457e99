/* Tests of registered.h: one text for two spellings, what is damaged, trees as JSON, memory. */
#include "document/registered.h"

#include "base/test_support.h"
#include "document/keys.h"
#include "document/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void made(struct weft_arena *arena, const char *text, const char **document,
                 char digest[WEFT_SHA256_HEX])
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf plain;
    weft_buf_init(&plain, 1000);
    weft_buf_adds(&plain, text);
    assert_int_equal(weft_document_make(&plain, 1000, arena, document, digest, &error), 0);
    weft_buf_release(&plain);
}

static void test_make(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const char *a, *b, *none = NULL;
    char digest_a[WEFT_SHA256_HEX], digest_b[WEFT_SHA256_HEX];
    made(arena, "{\"b\": 1.0, \"a\": [\"x\"]}", &a, digest_a);
    made(arena, "{\"a\":[\"\\u0078\"],\"b\":1}", &b, digest_b);
    assert_string_equal(a, "{\"a\":[\"x\"],\"b\":1}");
    assert_string_equal(a, b);
    assert_string_equal(digest_a, digest_b);
    struct weft_buf plain;
    weft_buf_init(&plain, 1000);
    weft_buf_adds(&plain, "{\"a\":\"longer than it may be\"}");
    assert_int_equal(weft_document_make(&plain, 10, arena, &none, digest_a, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    assert_null(none);
    weft_buf_release(&plain);
    weft_arena_free(arena);
}

/* The name of a tree; one without is a mistake, one called nothing is none. */
static const void *name_of(struct weft_reader *reader, struct weft_node *root, void *arg)
{
    const char *name = weft_node_get_text(root, "name");
    assert_string_equal(reader->file, "registered thing");
    ++*(int *)arg;
    if (name == NULL)
        weft_reader_mistake(reader, root->place, NULL, "it has no name");
    return name != NULL && strcmp(name, "nothing") == 0 ? NULL : name;
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *document, *name, *message;
        int code;
    } rows[] = {
        {"{\"name\":\"a\"}", "a", NULL, 0},
        {"{\"nam\":\"a\"}", NULL, "it has no name", WEFT_E_INVALID},
        {"{\"name\":\"nothing\"}", NULL, "the registered document is no thing", WEFT_E_INVALID},
        {"{\"name\":\"a\",\"name\":\"b\"}", NULL, "name", 0},
        {"{\"name\":", NULL, "", 0},
        {"{\"name\":\"a\\u0000b\"}", NULL, "zero byte", WEFT_E_INVALID},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const void *out = NULL;
        int called = 0;
        int rc = weft_document_read(arena, rows[i].document, "registered thing", "thing", name_of,
                                    &called, &out, &error);
        if (rows[i].name != NULL) {
            assert_int_equal(rc, 0);
            assert_string_equal(out, rows[i].name);
        } else {
            assert_int_equal(rc, -1);
            assert_null(out);
            if (strstr(error.message, rows[i].message) == NULL)
                fail_msg("%s", error.message);
            if (rows[i].code != 0)
                assert_int_equal(error.code, rows[i].code);
        }
        weft_error_clear(&error);
        weft_arena_free(arena);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const char yaml[] = "{a: [1, yes, null, \"x\"], b: {c: 1.50}}";
    static const char *const words[] = {"x", "y"};
    struct weft_diag diag;
    struct weft_reader reader = {.arena = weft_arena_new(0), .diag = &diag, .file = "a.yaml"};
    struct weft_json_writer w;
    struct weft_buf out;
    weft_diag_init(&diag);
    weft_buf_init(&out, 1000);
    weft_json_writer_init(&w, &out);
    weft_json_begin_object(&w);
    weft_json_key(&w, "tree");
    weft_node_print_texts(weft_node_of_yaml(&reader, yaml, strlen(yaml)), &w);
    weft_json_member_texts(&w, "none", (struct weft_texts){0}, false);
    weft_json_member_texts(&w, "empty", (struct weft_texts){0}, true);
    weft_json_member_texts(&w, "two", (struct weft_texts){words, 2}, false);
    weft_json_end_object(&w);
    assert_string_equal(out.data,
                        "{\"tree\":{\"a\":[\"1\",\"yes\",null,\"x\"],\"b\":{\"c\":\"1.50\"}},"
                        "\"empty\":[],\"two\":[\"x\",\"y\"]}");
    char hint[300];
    weft_words_hint(&reader, "replace|append|upsert", "apend", hint, sizeof hint);
    assert_string_equal(hint, "did you mean `append`?");
    weft_words_hint(&reader, "replace|append|upsert", "q", hint, sizeof hint);
    assert_string_equal(hint, "choose from replace, append, upsert");
    weft_words_hint(&reader, "parquet", "csv", hint, sizeof hint);
    assert_string_equal(hint, "the one choice is parquet");
    weft_buf_release(&out);
    weft_diag_release(&diag);
    weft_arena_free(reader.arena);
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf plain;
    const char *document;
    const void *out;
    char digest[WEFT_SHA256_HEX];
    int called = 0;
    weft_buf_init(&plain, 1000);
    if (arena == NULL)
        return weft_error_nomem(error);
    weft_buf_adds(&plain, "{\"name\": \"a\"}");
    WEFT_TRY(weft_document_make(&plain, 1000, arena, &document, digest, error));
    return weft_document_read(arena, document, "registered thing", "thing", name_of, &called, &out,
                              error);
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
