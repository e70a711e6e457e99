/*
 * product_test_support.h - for the tests of product files: a text becomes a product, or a mistake
 * in a line.
 */
#ifndef WEFT_MODEL_PRODUCT_TEST_SUPPORT_H
#define WEFT_MODEL_PRODUCT_TEST_SUPPORT_H

#include "model/product.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct weft_arena *arena;
    struct weft_diag diag;
    const struct weft_product *product;
};

static inline void parse(struct fixture *f, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    *f = (struct fixture){.arena = weft_arena_new(0)};
    weft_diag_init(&f->diag);
    assert_int_equal(weft_product_parse(f->arena, text, strlen(text), "p.yaml", "/nowhere",
                                        &f->diag, &f->product, &error),
                     0);
}

static inline void release(struct fixture *f)
{
    weft_diag_release(&f->diag);
    weft_arena_free(f->arena);
}

static inline void parse_good(struct fixture *f, const char *text)
{
    parse(f, text);
    for (size_t i = 0; i < f->diag.count; i++) {
        if (f->diag.items[i].severity == WEFT_SEVERITY_ERROR)
            fail_msg("%d:%d %s (%s)", f->diag.items[i].line, f->diag.items[i].column,
                     f->diag.items[i].message,
                     f->diag.items[i].hint == NULL ? "" : f->diag.items[i].hint);
    }
    assert_non_null(f->product);
}

static inline bool has(struct weft_texts texts, const char *text)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (strcmp(texts.items[i], text) == 0)
            return true;
    }
    return false;
}

#define HEAD "name: a\ndomain: b\nversion: 1.0.0\n"

static inline void reads_back(const char *text)
{
    struct fixture f;
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_product *again = NULL;
    parse_good(&f, text);
    if (weft_product_from_document(f.arena, f.product->document, "/nowhere", &again, &error) < 0)
        fail_msg("%s: %s", error.message, f.product->document);
    assert_string_equal(f.product->document, again->document);
    assert_string_equal(f.product->digest, again->digest);
    assert_int_equal(again->not_yet_warned.count, f.product->not_yet_warned.count);
    release(&f);
}

static inline void mistake(const char *text, int line, const char *message, const char *hint)
{
    struct fixture f;
    parse(&f, text);
    bool found = false;
    for (size_t i = 0; i < f.diag.count; i++) {
        const struct weft_diag_item *item = &f.diag.items[i];
        found = found || (item->line == line && item->severity == WEFT_SEVERITY_ERROR &&
                          strstr(item->message, message) != NULL && item->column > 0 &&
                          (hint == NULL || (item->hint != NULL && strstr(item->hint, hint))));
    }
    for (size_t i = 0; !found && i < f.diag.count; i++)
        print_message("%d:%d %s | %s\n", f.diag.items[i].line, f.diag.items[i].column,
                      f.diag.items[i].message, f.diag.items[i].hint ? f.diag.items[i].hint : "");
    if (!found)
        fail_msg("no mistake `%s` (%s) in line %d of:\n%s", message, hint ? hint : "", line, text);
    assert_null(f.product);
    release(&f);
}

/* For weft_test_torture: arg is the text. */
static inline int parse_once(void *arg, struct weft_error *error)
{
    struct weft_diag diag;
    const struct weft_product *product = NULL;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    int rc =
        weft_product_parse(arena, arg, strlen(arg), "p.yaml", "/nowhere", &diag, &product, error);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc;
}

#endif
