/*
 * resolver_fuzz.c - mutated SQL and mutated trees. A first byte of '{' makes the input a tree's
 * JSON. Whatever is accepted: the text parses again as one SELECT, its base tables are renamed
 * CTEs, its table functions are those allowed and the resolver's own read of the product's file.
 */
#include "base/mem.h"
#include "resolver/resolve_internal.h"

#include <stdio.h>

#define FUZZ_FILE "/nowhere/0190b0c1.parquet"

static int fuzz_relation(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    static const struct weft_type number = {.kind = WEFT_TYPE_LONG};
    static const struct weft_type text = {.kind = WEFT_TYPE_STRING};
    static const struct weft_treatment tens = {.kind = WEFT_TREAT_ROUND, .number = 10};
    static const struct weft_operand x = {.kind = WEFT_OPERAND_TEXT, .text = "x"};
    static const struct weft_condition not_x = {.kind = WEFT_CONDITION_COMPARE,
                                                .op = WEFT_NOT_EQUAL,
                                                .column = "state",
                                                .operands = &x,
                                                .operand_count = 1};
    static const struct weft_relation_column columns[] = {{"id", &number, 1, NULL, false},
                                                          {"state", &text, 2, NULL, false},
                                                          {"amount", &number, 3, &tens, false}};
    static const char *const files[] = {FUZZ_FILE};
    (void)arg;
    (void)arena;
    (void)error;
    if (name->schema == NULL || strcmp(name->schema, "s") != 0 || strlen(name->table) != 1)
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                  .product = "s.t",
                                  .columns = columns,
                                  .column_count = 3,
                                  .files = files,
                                  .file_count = 1,
                                  .rows = name->table[0] == 'g' ? &not_x : NULL};
    static const struct weft_min_group groups[] = {{5, "id"}, {2, "state"}};
    if (name->table[0] == 'm' || name->table[0] == 'n') {
        out->min_groups = groups;
        out->min_group_count = name->table[0] == 'm' ? 1 : 2;
    }
    return 0;
}

static void fuzz_fail(const char *why, const char *sql)
{
    fprintf(stderr, "%s: %s\n", why, sql);
    abort();
}

static void check_reference(yyjson_mut_val *object, const char *sql)
{
    if (tree_is(object, "type", "BASE_TABLE")) {
        int number = 0;
        int read = 0;
        const char *table = tree_text(object, "table_name");
        bool token =
            strncmp(table, "__w", 3) == 0 && strlen(table) > RESOLVE_SECRET && sql[0] == '{';
        if (!token && (sscanf(table, "__c%9d%n", &number, &read) != 1 || table[read] != 0))
            fuzz_fail("a base table is left", sql);
    }
    if (!tree_is(object, "type", "TABLE_FUNCTION"))
        return;
    yyjson_mut_val *function = yyjson_mut_obj_get(object, "function");
    const char *name = tree_text(function, "function_name");
    if (resolve_table_function_allowed(name))
        return;
    yyjson_mut_val *first = yyjson_mut_arr_get_first(yyjson_mut_obj_get(function, "children"));
    yyjson_mut_val *files = yyjson_mut_obj_get(first, "children");
    yyjson_mut_val *file = yyjson_mut_arr_get_first(files);
    if (strcmp(name, "read_parquet") != 0 || yyjson_mut_arr_size(files) != 1 ||
        !tree_is(yyjson_mut_obj_get(file, "value"), "value", FUZZ_FILE))
        fuzz_fail("a table function is left", sql);
}

static void check_tree(yyjson_mut_val *value, const char *sql)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            check_tree(item, sql);
    } else if (yyjson_mut_is_obj(value)) {
        if (yyjson_mut_obj_get(value, "class") == NULL)
            check_reference(value, sql);
        if (tree_is(value, "class", "CONSTANT"))
            return;
        yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
        yyjson_mut_val *key;
        while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
            check_tree(yyjson_mut_obj_iter_get_val(key), sql);
    }
}

static void check_accepted(struct weft_engine *from, struct weft_arena *arena,
                           const struct weft_resolve_options *options, const char *sql)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct resolve resolve = {.engine = from,
                              .arena = arena,
                              .options = options,
                              .sql = sql,
                              .length = strlen(sql),
                              .error = &error};
    char *json = NULL;
    yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    if (resolve_serialize(&resolve, sql, strlen(sql), &json, &error) < 0 ||
        resolve_load(&resolve, json, &doc, &node) < 0)
        fuzz_fail(error.message, sql);
    check_tree(node, sql);
    weft_free(json);
    resolve_docp(&doc);
}

/* Closed at the end: LeakSanitizer does not look into the memory of DuckDB's own allocator. */
static struct weft_engine *engine;

static void fuzz_end(void)
{
    weft_engine_closep(&engine);
}

static int try_tree(struct weft_arena *arena, const char *json,
                    const struct weft_resolve_options *options, struct weft_error *error)
{
    yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    struct resolve resolve = {
        .engine = engine, .arena = arena, .options = options, .sql = "", .error = error};
    int rc = resolve_from_tree(&resolve, json, &doc, &node);
    if (rc == 0)
        check_tree(node, json);
    resolve_docp(&doc);
    return rc;
}

static int try_text(struct weft_arena *arena, const char *sql, size_t size,
                    const struct weft_resolve_options *options, struct weft_error *error)
{
    struct weft_resolved resolved;
    int rc = weft_resolve(engine, arena, sql, size, options, &resolved, error);
    if (rc == 0)
        check_accepted(engine, arena, options, resolved.sql);
    /* What may run tells what it reads. */
    const struct weft_reference *references = NULL;
    size_t count = 0;
    struct weft_error why = WEFT_ERROR_INIT;
    int told =
        weft_resolve_references(engine, arena, sql, size, options, &references, &count, &why);
    if (rc == 0 && (told < 0 || (resolved.source_count > 0 && count == 0)))
        fuzz_fail(why.message, sql);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (engine == NULL) {
        struct weft_engine_config config = {.threads = 1, .memory_bytes = 256 << 20};
        if (weft_engine_open(&config, &engine, &error) < 0)
            fuzz_fail(error.message, "");
        atexit(fuzz_end);
    }
    if (size > 65536)
        return 0;
    struct weft_resolve_options options = {
        .resolve = fuzz_relation, .principal = "user:x", .lineage = true};
    struct weft_arena *arena = weft_arena_new(0);
    char *text = weft_strndup((const char *)data, size);
    int rc = size > 0 && data[0] == '{'
                 ? try_tree(arena, text, &options, &error)
                 : try_text(arena, (const char *)data, size, &options, &error);
    if (rc != 0 && (error.message[0] == 0 || error.code == WEFT_E_NONE))
        fuzz_fail("refused without a word", text);
    weft_free(text);
    weft_arena_free(arena);
    return 0;
}
