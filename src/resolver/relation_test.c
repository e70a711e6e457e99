/*
 * relation_test.c - one file that was written with other columns gives by its names what it gives
 * by the map of field ids, for every kind of evolution; what only the map can follow keeps it.
 */
#include "resolver/resolver.h"

#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct evolution {
    const char *what;
    const char *select;    /* the file */
    const char *field_ids; /* of its columns */
    const char *file[4];   /* "name type id" */
    const char *now[4];
    bool by_map;
};

static const struct evolution evolutions[] = {
    {"nothing",
     "SELECT 1::bigint a, 'x' b UNION ALL SELECT NULL, NULL",
     "{a: 1, b: 2}",
     {"a long 1", "b string 2"},
     {"a long 1", "b string 2"},
     false},
    {"added",
     "SELECT 1::bigint a",
     "{a: 1}",
     {"a long 1"},
     {"a long 1", "b string 2", "c list<int> 3"},
     false},
    {"dropped",
     "SELECT 1::bigint a, 'x' b",
     "{a: 1, b: 2}",
     {"a long 1", "b string 2"},
     {"b string 2"},
     false},
    {"renamed",
     "SELECT 1::bigint a, 'x' \"o d\"",
     "{a: 1, 'o d': 2}",
     {"a long 1", "o d string 2"},
     {"n\"w string 2", "a long 1"},
     false},
    {"swapped",
     "SELECT 1::bigint a, 2::bigint b",
     "{a: 1, b: 2}",
     {"a long 1", "b long 2"},
     {"b long 1", "a long 2"},
     false},
    {"widened",
     "SELECT 2147483647::int a, 1.5::float b, 1.25::decimal(5,2) c UNION ALL "
     "SELECT -1, 'nan'::float, NULL",
     "{a: 1, b: 2, c: 3}",
     {"a int 1", "b float 2", "c decimal(5,2) 3"},
     {"a long 1", "b double 2", "c decimal(12,2) 3"},
     false},
    {"dropped, and another of its name",
     "SELECT 1::bigint a, 'x' b",
     "{a: 1, b: 2}",
     {"a long 1", "b string 2"},
     {"a long 1", "b date 3"},
     false},
    {"nested, the same",
     "SELECT {'x': 1} s, [1, 2] l",
     "{s: {__duckdb_field_id: 1, x: 2}, l: {__duckdb_field_id: 3, element: 4}}",
     {"s struct<x:int> 1", "l list<int> 3"},
     {"l list<int> 3", "t struct<x:int> 1"},
     false},
    {"nested, widened",
     "SELECT {'x': 1} s",
     "{s: {__duckdb_field_id: 1, x: 2}}",
     {"s struct<x:int> 1"},
     {"s struct<x:long> 1"},
     true},
};

static struct weft_error error = WEFT_ERROR_INIT;

static size_t columns_of(struct weft_arena *arena, const char *const *lines,
                         struct weft_relation_column *out)
{
    size_t count = 0;
    for (; count < 4 && lines[count] != NULL; count++) {
        char *line = weft_arena_strdup(arena, lines[count]);
        char *id = strrchr(line, ' ');
        *id++ = '\0';
        char *type = strrchr(line, ' ');
        *type++ = '\0';
        out[count] = (struct weft_relation_column){.name = line, .field_id = *id - '0'};
        assert_int_equal(weft_type_parse(arena, type, &out[count].type, &error), 0);
    }
    return count;
}

static void print(const struct weft_relation *relation, struct weft_buf *out)
{
    weft_buf_init(out, 1 << 20);
    if (weft_relation_print(relation, out, &error) < 0)
        fail_msg("%s", error.message);
}

/* No row on one side only; the same names and types. */
static void assert_same(struct weft_engine *engine, const char *what, const char *a, const char *b)
{
    char *sql = weft_format("SELECT count(*) FROM ((%s EXCEPT ALL %s) UNION ALL (%s EXCEPT ALL "
                            "%s))",
                            a, b, b, a);
    char *both[] = {weft_format("%s", a), weft_format("%s", b), sql};
    struct weft_result *results[3] = {NULL};
    for (size_t i = 0; i < 3; i++)
        if (weft_engine_query(engine, both[i], NULL, 0, &results[i], &error) < 0)
            fail_msg("%s: %s\n%s", what, error.message, both[i]);
    assert_int_equal(weft_result_row(results[2], &error), 0);
    if (weft_result_int(results[2], 0) != 0)
        fail_msg("%s: %s\n%s", what, a, b);
    assert_int_equal(weft_result_column_count(results[0]), weft_result_column_count(results[1]));
    for (size_t i = 0; i < weft_result_column_count(results[0]); i++) {
        assert_string_equal(weft_result_column_name(results[0], i),
                            weft_result_column_name(results[1], i));
        assert_string_equal(weft_result_column_type_name(results[0], i),
                            weft_result_column_type_name(results[1], i));
    }
    for (size_t i = 0; i < 3; i++) {
        weft_result_close(results[i]);
        weft_free(both[i]);
    }
}

static void check_one(struct weft_engine *engine, const char *dir, const struct evolution *item)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_relation_column file[4], now[4];
    const char *path = weft_arena_format(arena, "%s/a.parquet", dir);
    const char *copy = weft_arena_format(arena, "COPY (%s) TO '%s' (FORMAT parquet, FIELD_IDS %s)",
                                         item->select, path, item->field_ids);
    if (weft_engine_exec(engine, copy, NULL, &error) < 0)
        fail_msg("%s: %s", item->what, error.message);
    struct weft_relation relation = {.kind = WEFT_RELATION_FILES,
                                     .product = "d.p",
                                     .columns = now,
                                     .column_count = columns_of(arena, item->now, now),
                                     .files = &path,
                                     .file_count = 1};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf by_map;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf by_name;
    print(&relation, &by_map);
    relation.file_columns = file;
    relation.file_column_count = columns_of(arena, item->file, file);
    print(&relation, &by_name);
    assert_non_null(strstr(by_map.data, "schema = MAP"));
    if ((strstr(by_name.data, "schema = MAP") != NULL) != item->by_map)
        fail_msg("%s: %s", item->what, by_name.data);
    assert_same(engine, item->what, by_map.data, by_name.data);
}

static void test_evolutions(void **state)
{
    (void)state;
    char *dir = weft_test_dir();
    const char *folders[] = {dir};
    struct weft_engine_config config = {.threads = 1, .folders = folders, .folder_count = 1};
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    assert_int_equal(weft_engine_open(&config, &engine, &error), 0);
    for (size_t i = 0; i < WEFT_COUNT(evolutions); i++)
        check_one(engine, dir, &evolutions[i]);
    weft_test_dir_remove(dir);
}

/* Several files are read by the map, whatever is known of one. */
static void test_several_files(void **state)
{
    (void)state;
    static const struct weft_type type = {.kind = WEFT_TYPE_LONG};
    static const struct weft_relation_column column = {.name = "a", .type = &type, .field_id = 1};
    const char *files[] = {"/x/a.parquet", "/x/b.parquet"};
    struct weft_relation relation = {.kind = WEFT_RELATION_FILES,
                                     .product = "d.p",
                                     .columns = &column,
                                     .column_count = 1,
                                     .file_columns = &column,
                                     .file_column_count = 1,
                                     .files = files,
                                     .file_count = 2};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    print(&relation, &sql);
    assert_non_null(strstr(sql.data, "schema = MAP"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_evolutions),
                                       cmocka_unit_test(test_several_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
