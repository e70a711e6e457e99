/*
 * sight_test.c - what a sight leaves of texts and of rows; the sights are made by hand.
 */
#include "context/sight_internal.h"

#include "base/mem.h"
#include "base/test_support.h"
#include "trust/keys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct weft_map *map_of(const char *const *names)
{
    struct weft_map *map = weft_map_new();
    assert_non_null(map);
    for (size_t i = 0; names[i] != NULL; i++)
        assert_int_equal(weft_map_put(map, names[i], NULL), 0);
    return map;
}

static void test_texts(void **state)
{
    static const char *const unknown[] = {"hr.secret", "hr.pay__v1", "old.name", NULL};
    static const struct {
        const char *text;
        bool tells;
    } cases[] = {
        {"", false},
        {"no file was found", false},
        {"reads hr.secret", true},
        {"hr.secret", true},
        {"hr.secrets, xhr.secret", false},
        {"hr.secret@2, whose run failed", true},
        {"select * from \"hr\".\"secret\" s", true},
        {"`hr.secret` has no column x", true},
        {"HR.Secret", true},
        {"hr__quarantine.secret", true},
        {"hr.secret__v3", true},
        {"hr.pay", false}, /* the newest of it may be known */
        {"hr.pay__v1 is deprecated", true},
        {"/home/m/lake/hr/secret__v1/data/x.parquet", true},
        {"was: old.name.", true},
        {"shop.hr.secret.id", true},
        {"hr. secret", false},
        {"hr .secret hr,secret", false},
        {"..hr..secret..", false},
    };
    (void)state;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *names = map_of(unknown);
    WEFT_CLEANUP(weft_map_freep) struct weft_map *none = map_of(unknown + 3);
    const struct weft_sight sight = {.unknown = names}, open = {.unknown = none};
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        if (weft_sight_tells(&sight, cases[i].text) != cases[i].tells)
            fail_msg("%s", cases[i].text);
        assert_false(weft_sight_tells(&open, cases[i].text));
    }
}

/* A word that is longer than any name is none. */
static void test_a_long_word(void **state)
{
    static const char *const unknown[] = {"hr.secret", NULL};
    char text[1000];
    (void)state;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *names = map_of(unknown);
    const struct weft_sight sight = {.unknown = names};
    memset(text, 'a', sizeof text);
    memcpy(text + 500, " hr.secret ", 11);
    text[sizeof text - 1] = '\0';
    assert_true(weft_sight_tells(&sight, text));
    memcpy(text + 500, "ahr.secreta", 11);
    assert_false(weft_sight_tells(&sight, text));
}

/* ---- rows ---- */

static const struct weft_mesh_column columns[] = {
    {"row", "string", WEFT_MESH_ALL},   {"column", "string", WEFT_MESH_ALL},
    {"other", "string", WEFT_MESH_ALL}, {"figure", "long", WEFT_MESH_WHOLE},
    {"text", "string", WEFT_MESH_TEAM}, {"own", "string", WEFT_MESH_OWN}};
#define ROWS(list)                                                                                 \
    "SELECT r, c, o, 1, t, 'own' " WEFT_MESH_KEYS                                                  \
    "FROM (SELECT NULL AS r, NULL AS c, NULL AS o, NULL AS t, NULL AS k, NULL AS l, 0 AS b, "      \
    "'x' AS z UNION ALL VALUES " list ") WHERE r IS NOT NULL AND ?1 > 0"

/* row, column, other column, text, key, other key, kept */
static const struct weft_mesh_table of_products = {
    .name = "of_products",
    .help = "Rows of products.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", k, l, b",
              .least = WEFT_MESH_ALL,
              .column = "column",
              .other_column = "other"},
    .sql = ROWS("('found', NULL, NULL, 't', 'd.found', NULL, 0, ''), "
                "('read', NULL, NULL, 't', 'd.read', NULL, 0, ''), "
                "('whole', NULL, NULL, 't', 'd.whole', NULL, 0, ''), "
                "('team', NULL, NULL, 't', 'd.team', NULL, 0, ''), "
                "('team_tells', NULL, NULL, 'hr.secret', 'd.team', NULL, 0, ''), "
                "('closed', NULL, NULL, 't', 'd.closed', NULL, 0, ''), "
                "('hidden', NULL, NULL, 't', 'hr.secret', NULL, 0, ''), "
                "('no_key', NULL, NULL, 't', NULL, NULL, 0, ''), "
                "('other', NULL, NULL, 't', 'd.whole', 'd.found', 0, ''), "
                "('other_hidden', NULL, NULL, 't', 'd.whole', 'hr.secret', 0, ''), "
                "('other_gone', NULL, NULL, 't', 'd.whole', '?', 0, ''), "
                "('kept', NULL, NULL, 't', 'd.whole', NULL, 1, ''), "
                "('kept_team', NULL, NULL, 't', 'd.team', NULL, 1, ''), "
                "('kept_text', NULL, NULL, 't', 'd.team', NULL, 2, ''), "
                "('column', 'id', NULL, 't', 'd.found', NULL, 0, ''), "
                "('no_column', 'ssn', NULL, 't', 'd.found', NULL, 0, ''), "
                "('other_column', 'id', 'id', 't', 'd.found', 'd.whole', 0, ''), "
                "('no_other_column', 'id', 'ssn', 't', 'd.found', 'd.whole', 0, ''), "
                "('of_a_file', 'id', 'ssn', 't', 'd.found', NULL, 0, '')")};
static const struct weft_mesh_table of_whole = {
    .name = "of_whole",
    .help = "Rows for who may read all.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS, .keys = ", k, l, b", .least = WEFT_MESH_WHOLE},
    .sql = ROWS("('found', NULL, NULL, 't', 'd.found', NULL, 0, ''), "
                "('whole', NULL, NULL, 't', 'd.whole', NULL, 0, '')")};
/* product, major, for whom, who asked */
static const struct weft_mesh_table of_requests = {
    .name = "of_requests",
    .help = "Rows of requests.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    .scope = {.rows = WEFT_MESH_OF_REQUESTS, .keys = ", k, 1, l, z, NULL"},
    .sql = ROWS("('mine', NULL, NULL, 't', 'd.found', 'user:a', 0, 'user:a'), "
                "('mine_hidden', NULL, NULL, 't', 'hr.secret', 'user:a', 0, 'user:a'), "
                "('group', NULL, NULL, 't', 'd.found', 'group:g', 0, 'user:b'), "
                "('asked', NULL, NULL, 't', 'd.found', 'user:b', 0, 'user:a'), "
                "('domain', NULL, NULL, 't', 'd.team', 'user:b', 0, 'user:b'), "
                "('others', NULL, NULL, 't', 'e.x', 'user:b', 0, 'user:b')")};
/* principal, roles */
static const struct weft_mesh_table of_principals = {
    .name = "of_principals",
    .help = "Rows of principals.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    .scope = {.rows = WEFT_MESH_OF_PRINCIPALS, .keys = ", k, l"},
    .sql = ROWS("('self', NULL, NULL, 't', 'user:a', '[]', 0, ''), "
                "('group', NULL, NULL, 't', 'group:g', '[]', 0, ''), "
                "('mate', NULL, NULL, 't', 'user:m', '[]', 0, ''), "
                "('owner', NULL, NULL, 't', 'user:o', '[\"domain_owner@d\"]', 0, ''), "
                "('of_dd', NULL, NULL, 't', 'user:p', '[\"domain_owner@dd\"]', 0, ''), "
                "('other', NULL, NULL, 't', 'user:q', '[]', 0, '')")};
static const struct weft_mesh_table of_reads = {.name = "of_reads",
                                                .help = "Rows of the audit.",
                                                .columns = columns,
                                                .column_count = WEFT_COUNT(columns),
                                                .scope = {.rows = WEFT_MESH_OF_READS},
                                                .sql = ROWS("('line', 1, 1, 1, 1, 1, 0, '')")};

struct fixture {
    char *dir;
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn;
    struct weft_sight sight;
};

static struct weft_sight_item items[] = {
    {.full_name = "d.found", .major = 1, .table = "d.found", .name = "d.found"},
    {.full_name = "d.read", .major = 1, .table = "d.read", .name = "d.read", .read = true},
    {.full_name = "d.whole",
     .major = 1,
     .table = "d.whole",
     .name = "d.whole",
     .read = true,
     .whole = true,
     .open = true},
    {.full_name = "d.team",
     .major = 1,
     .table = "d.team",
     .name = "d.team",
     .read = true,
     .whole = true,
     .team = true,
     .open = true},
    {.full_name = "d.closed",
     .major = 1,
     .table = "d.closed",
     .name = "d.closed",
     .read = true,
     .whole = true,
     .team = true},
};
static const char *const item_columns[] = {"id", "name"};
static const char *const domain_d[] = {"d"};
static const char *const group_g[] = {"group:g"};
static const struct weft_role_held owner_of_d[] = {{WEFT_ROLE_DOMAIN_OWNER, "d"}};
static const struct weft_role_held officer[] = {{WEFT_ROLE_GOVERNANCE_OFFICER, NULL}};

static int setup(void **state)
{
    static const char *const unknown[] = {"hr.secret", NULL}, *const mates[] = {"user:m", NULL};
    struct weft_error error = WEFT_ERROR_INIT;
    struct fixture *f = weft_alloc(sizeof *f);
    const struct weft_mesh_table *const tables[] = {&of_products, &of_whole, &of_requests,
                                                    &of_principals, &of_reads};
    for (size_t i = 0; i < WEFT_COUNT(tables); i++)
        weft_mesh_table_register(tables[i]);
    *f = (struct fixture){.dir = weft_test_dir()};
    char *home = weft_format("%s/home", f->dir);
    int rc = weft_ledger_open(home, WEFT_LEDGER_CREATE, &f->ledger, &error);
    if (rc == 0)
        rc = weft_ledger_begin_read(f->ledger, &f->txn, &error);
    weft_free(home);
    f->sight = (struct weft_sight){.unknown = map_of(unknown),
                                   .mates = map_of(mates),
                                   .tables = weft_map_new(),
                                   .majors = weft_map_new(),
                                   .who = {.id = "user:a",
                                           .kind = WEFT_PRINCIPAL_USER,
                                           .known = true,
                                           .groups = {group_g, 1},
                                           .domains = {domain_d, 1}}};
    for (size_t i = 0; i < WEFT_COUNT(items); i++) {
        char key[SIGHT_KEY_SIZE];
        items[i].columns = (struct weft_texts){item_columns, 2};
        snprintf(key, sizeof key, "%s@1", items[i].full_name);
        assert_int_equal(weft_map_put(f->sight.tables, items[i].table, &items[i]), 0);
        assert_int_equal(weft_map_put(f->sight.majors, key, &items[i]), 0);
    }
    f->sight.view = (struct weft_mesh_view){&f->sight, weft_sight_row, weft_sight_text};
    *state = f;
    return rc;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_ledger_end(f->txn);
    weft_ledger_close(f->ledger);
    weft_map_free(f->sight.unknown);
    weft_map_free(f->sight.mates);
    weft_map_free(f->sight.tables);
    weft_map_free(f->sight.majors);
    weft_test_dir_remove(f->dir);
    weft_free(f);
    return 0;
}

/* "whole+f ": its row, with the figure (f), the text (t), what is one's own (o). */
static void shown(struct fixture *f, const char *table, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *cursor = NULL;
    int rc;
    weft_buf_init(&out, 10000);
    weft_buf_adds(&out, "");
    assert_int_equal(
        weft_mesh_table_open(f->txn, weft_sight_view(&f->sight), table, 1, 0, &cursor, &error), 0);
    while ((rc = weft_mesh_cursor_step(cursor, &error)) == 0)
        weft_buf_addf(&out, "%s+%s%s%s ", weft_mesh_cursor_text(cursor, 0),
                      weft_mesh_cursor_is_null(cursor, 3) ? "" : "f",
                      weft_mesh_cursor_is_null(cursor, 4) ? "" : "t",
                      weft_mesh_cursor_is_null(cursor, 5) ? "" : "o");
    assert_int_equal(rc, WEFT_END);
    assert_string_equal(out.length == 0 ? "" : out.data, expected);
}

static void test_rows_of_products(void **state)
{
    shown(*state, "of_products",
          "found+ read+ whole+f team+ft team_tells+f closed+f other+ kept_team+ft kept_text+f "
          "column+ other_column+ of_a_file+ ");
    shown(*state, "of_whole", "whole+f ");
}

static void test_rows_of_requests(void **state)
{
    struct fixture *f = *state;
    static const char *const d[] = {"d.*"};
    static const struct weft_key all = {.id = "all"}, key = {.id = "k", .products = {d, 1}};
    shown(f, "of_requests", "mine+ mine_hidden+ group+ asked+ ");
    f->sight.who.roles = owner_of_d;
    f->sight.who.role_count = 1;
    shown(f, "of_requests", "mine+f mine_hidden+ group+f asked+f domain+f ");
    f->sight.who.roles = officer;
    shown(f, "of_requests", "mine+f mine_hidden+f group+f asked+f domain+f others+f ");
    /* By a key with a scope: what it opens, and no role. */
    f->sight.key = &all;
    shown(f, "of_requests", "mine+f mine_hidden+f group+f asked+f domain+f others+f ");
    f->sight.key = &key;
    shown(f, "of_requests", "mine+ group+ asked+ ");
    f->sight.key = NULL;
    f->sight.who.role_count = 0;
}

static void test_rows_of_principals(void **state)
{
    struct fixture *f = *state;
    static const char *const d[] = {"d.*"};
    static const struct weft_key all = {.id = "all"}, key = {.id = "k", .products = {d, 1}};
    shown(f, "of_principals", "self+o group+ mate+ owner+ ");
    f->sight.key = &all;
    shown(f, "of_principals", "self+o group+ mate+ owner+ ");
    f->sight.key = &key;
    shown(f, "of_principals", "self+o ");
    f->sight.key = NULL;
    f->sight.who.roles = officer;
    f->sight.who.role_count = 1;
    shown(f, "of_principals", "self+fo group+fo mate+fo owner+fo of_dd+fo other+fo ");
    f->sight.who.role_count = 0;
}

static void test_rows_of_reads(void **state)
{
    struct fixture *f = *state;
    shown(f, "of_reads", "");
    f->sight.audit = true;
    shown(f, "of_reads", "line+ ");
    f->sight.audit = false;
}

int main(void)
{
    const struct CMUnitTest texts[] = {cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_a_long_word)};
    const struct CMUnitTest rows[] = {
        cmocka_unit_test(test_rows_of_products), cmocka_unit_test(test_rows_of_requests),
        cmocka_unit_test(test_rows_of_principals), cmocka_unit_test(test_rows_of_reads)};
    int failed = cmocka_run_group_tests(texts, NULL, NULL);
    return failed + cmocka_run_group_tests(rows, setup, teardown);
}
