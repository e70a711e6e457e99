/* Tests of complete.h. */
#include "base/test_support.h"
#include "cli/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct weft_session_column orders[] = {
    {"id", "long"},           {"Amount", "double"},  {"customer", "string"},   {"order", "string"},
    {"with blank", "string"}, {"ähnlich", "string"}, {"bad\x1bname", "string"}};
static const struct weft_session_column customers[] = {{"customer", "string"}, {"name", "string"}};
static const struct weft_session_column runs[] = {{"run_id", "string"}};
static const struct weft_session_table tables[] = {
    {"mesh.runs", true, runs, WEFT_COUNT(runs)},
    {"shop.customers", false, customers, WEFT_COUNT(customers)},
    {"shop.orders", false, orders, WEFT_COUNT(orders)},
    {"shop.orders__v1", false, orders, 1},
};

/* `|` is the cursor. The items joined by a blank, behind what they take the place of. */
static int complete(const char *marked, char *out, size_t size, struct weft_error *error)
{
    const char *cursor = strchr(marked, '|');
    struct weft_completion found;
    const struct weft_session_names names = {.tables = tables, .count = WEFT_COUNT(tables)};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    char *text = arena == NULL ? NULL
                               : weft_arena_format(arena, "%.*s%s", (int)(cursor - marked), marked,
                                                   cursor + 1);
    size_t at = (size_t)(cursor - marked), used = 0;
    if (text == NULL || weft_complete_sql(arena, &names, text, strlen(text), at, &found) < 0 ||
        weft_completion_common(arena, &found) == NULL)
        return weft_error_nomem(error);
    used = (size_t)snprintf(out, size, "%.*s:", (int)found.replace, text + at - found.replace);
    for (size_t i = 0; i < found.count; i++)
        used += (size_t)snprintf(out + used, size - used, " %s", found.items[i]);
    return 0;
}

static void test_what_could_stand(void **state)
{
    static const struct {
        const char *text, *items;
    } cases[] = {
        /* keywords, in the case of what is typed; nothing before a letter is */
        {"|", ":"},
        {"sel|", "sel: select"},
        {"SEL|", "SEL: SELECT"},
        {"select cou|", "cou: count"},
        /* tables behind FROM and JOIN; the mesh's own only when asked for */
        {"select * from |", ": shop.customers shop.orders shop.orders__v1"},
        {"select * from sh|", "sh: shop.customers shop.orders shop.orders__v1"},
        {"select * from SHOP.C|", "SHOP.C: shop.customers"},
        {"select * from me|", "me: mesh.runs"},
        {"select * from mesh.|", "mesh.: mesh.runs"},
        {"select * from shop.orders o join shop.cu|", "shop.cu: shop.customers"},
        {"select * from shop.orders, shop.cu|", "shop.cu: shop.customers"},
        {"select * from shop.orders o, |", ": shop.customers shop.orders shop.orders__v1"},
        {"select * from (select * from shop.cu|", "shop.cu: shop.customers"},
        {"select * from nothing.|", "nothing.:"},
        /* columns of what is named, also behind the cursor */
        {"select i| from shop.orders", "i: id in inner intersect interval is"},
        {"select cust| from shop.orders", "cust: customer"},
        {"select * from shop.orders where na|", "na:"},
        {"select * from shop.orders join shop.customers using (na|", "na: name"},
        {"select am| from shop.orders", "am: Amount"},
        {"select id, am| from shop.orders", "am: Amount"},
        {"select ord| from shop.orders", "ord: \"order\" order"},
        {"select \"ord| from shop.orders", "\"ord: \"order\""},
        {"select id from shop.orders where \"ord|", "\"ord: \"order\""},
        {"select id from shop.orders where \"with|", "\"with: \"with blank\""},
        {"select id from shop.orders where ä|", "ä: \"ähnlich\""},
        {"select id from shop.orders where bad|", "bad:"}, /* it would drive the terminal */
        /* behind a dot: alias, table, whole name */
        {"select o.cu| from shop.orders o", "cu: customer"},
        {"select o.| from shop.customers as o", ": customer name"},
        {"select orders.cu| from shop.orders", "cu: customer"},
        {"select shop.orders.cu| from shop.orders", "cu: customer"},
        {"select O.CU| from shop.orders o", "CU: customer"},
        {"select x.cu| from shop.orders o", "x.cu:"},
        {"select shop.o|", "shop.o: shop.orders shop.orders__v1"},
        /* not inside of a text or comment */
        {"select 'sel|", ":"},
        {"select -- sel|", ":"},
        {"select /* sel|", ":"},
        {"select $$ sel|", ":"},
        {"select 'a' cou|", "cou: count"},
        {"select 1 -- it's\n, cou|", "cou: count"},
    };
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        char items[1024];
        assert_int_equal(complete(cases[i].text, items, sizeof items, &error), 0);
        if (strcmp(items, cases[i].items) != 0)
            print_error("%s\n", cases[i].text);
        assert_string_equal(items, cases[i].items);
    }
}

static void test_common_beginning(void **state)
{
    static const char *const words[] = {"timing", "time", "Tim"};
    struct weft_completion found = {0};
    struct weft_arena *arena = weft_arena_new(0);
    (void)state;
    assert_int_equal(weft_complete_words(arena, words, 3, "\\ti", 1, 3, &found), 0);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.replace, 2);
    assert_string_equal(weft_completion_common(arena, &found), "");
    found = (struct weft_completion){0};
    assert_int_equal(weft_complete_words(arena, words, 2, "ti", 0, 2, &found), 0);
    assert_string_equal(weft_completion_common(arena, &found), "tim");
    static const char *const split[] = {"x\xc3\xa4", "x\xc3\xb6"}; /* not half of a character */
    found = (struct weft_completion){0};
    assert_int_equal(weft_complete_words(arena, split, 2, "", 0, 0, &found), 0);
    assert_string_equal(weft_completion_common(arena, &found), "x");
    weft_arena_free(arena);
}

static int torture_one(void *arg, struct weft_error *error)
{
    char items[1024];
    return complete(arg, items, sizeof items, error);
}

static void test_torture(void **state)
{
    static char text[] =
        "select o.c|, x from shop.orders as o join shop.customers \"c\" using (id)";
    (void)state;
    assert_true(weft_test_torture(torture_one, text) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_could_stand),
        cmocka_unit_test(test_common_beginning),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
