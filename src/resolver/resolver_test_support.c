/*
 * resolver_test_support.c - makes the small mesh: Parquet files with field ids, relations over
 * them.
 */
#include "resolver/resolver_test_support.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "base/text.h"

#include <stdio.h>

struct table_spec {
    const char *schema;
    const char *name;
    const char *columns; /* name:type, by blanks */
    const char *sql;
};

static const struct table_spec specs[] = {
    {"shop", "orders", "id:long customer_id:long state:string amount:double day:date user:string",
     "SELECT i AS id, i % 7 AS customer_id, ['ON','QC','BC','AB'][i % 4 + 1] AS state, "
     "(i * 37 % 1000) / 8.0 AS amount, DATE '2020-01-01' + (i % 300)::INTEGER AS day, "
     "CASE WHEN i % 5 = 0 THEN NULL ELSE 'u' || i END AS user FROM range(1000) t(i)"},
    {"shop", "customers", "id:long name:string email:string",
     "SELECT i AS id, 'name' || i AS name, 'n' || i || '@example.org' AS email FROM range(10) "
     "t(i)"},
    {"stats", "orders", "id:long total:long", "SELECT i AS id, i * i AS total FROM range(20) t(i)"},
    {"shop", "events", "id:long data:json tags:list<string> place:struct<city:string,zip:long>",
     "SELECT i AS id, ('{\"a\": ' || i || ', \"b\": [1, 2]}')::JSON AS data, "
     "['t' || i % 3, 'x'] AS tags, {'city': 'c' || i % 4, 'zip': i} AS place FROM range(50) t(i)"},
    {"shop", "empty", "id:long label:string", NULL},
    {"shop", "guarded", "id:long state:string name:string amount:long", NULL},
};

static void must(int rc, const struct weft_error *error)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s: %s\n", weft_code_name(error->code), error->message);
    abort();
}

static void columns_make(struct resolver_world *world, const char *text, struct weft_relation *into)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_relation_column *columns = weft_arena_array(world->arena, 8, sizeof(*columns));
    size_t count = 0;
    while (*text != 0) {
        size_t length = strcspn(text, " ");
        size_t colon = strcspn(text, ":");
        columns[count].name = weft_arena_strndup(world->arena, text, colon);
        const char *type = weft_arena_strndup(world->arena, text + colon + 1, length - colon - 1);
        must(weft_type_parse(world->arena, type, &columns[count].type, &error), &error);
        columns[count].field_id = (int)count + 1;
        count++;
        text += length + (text[length] == ' ');
    }
    into->columns = columns;
    into->column_count = count;
}

static void file_make(struct resolver_world *world, struct weft_engine *maker, const char *sql,
                      struct weft_relation *into)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const char **files = weft_arena_array(world->arena, 1, sizeof(char *));
    files[0] = weft_arena_format(world->arena, "%s/%s.parquet", world->dir, into->product);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 100000);
    weft_buf_addf(&text, "COPY (%s) TO '%s' (FORMAT parquet, FIELD_IDS {", sql, files[0]);
    for (size_t i = 0; i < into->column_count; i++)
        weft_buf_addf(&text, "%s\"%s\": %zu", i == 0 ? "" : ", ", into->columns[i].name, i + 1);
    weft_buf_adds(&text, "})");
    must(weft_engine_exec(maker, text.data, NULL, &error), &error);
    into->files = files;
    into->file_count = 1;
}

static int world_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    (void)arena;
    (void)error;
    struct resolver_world *world = arg;
    if (name->schema == NULL)
        return WEFT_NOT_THERE;
    WEFT_CLEANUP(weft_freep) char *product = weft_format("%s.%s", name->schema, name->table);
    if (product == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < world->relation_count; i++) {
        if (!weft_equal_fold(world->relations[i].product, product))
            continue;
        *out = world->relations[i];
        out->snapshot_id = name->at.version;
        return 0;
    }
    return WEFT_NOT_THERE;
}

static const char *world_suggest(void *arg, struct weft_arena *arena,
                                 const struct weft_resolve_name *name)
{
    struct resolver_world *world = arg;
    const char *list[8];
    for (size_t i = 0; i < world->relation_count; i++)
        list[i] = world->relations[i].product;
    const char *said =
        weft_arena_format(arena, "%s.%s", name->schema == NULL ? "" : name->schema, name->table);
    return said == NULL ? NULL : weft_suggest(said, list, world->relation_count);
}

static void world_tables(struct resolver_world *world, struct weft_engine *maker,
                         const char *hidden)
{
    for (size_t i = 0; i < WEFT_COUNT(specs); i++) {
        struct weft_relation *relation = &world->relations[world->relation_count++];
        relation->product =
            weft_arena_format(world->arena, "%s.%s", specs[i].schema, specs[i].name);
        columns_make(world, specs[i].columns, relation);
        if (specs[i].sql != NULL)
            file_make(world, maker, specs[i].sql, relation);
    }
    struct weft_relation *guarded = &world->relations[world->relation_count - 1];
    const char *sql = weft_arena_format(
        world->arena,
        "SELECT i AS id, CASE WHEN i %% 3 = 0 THEN 'QC' ELSE 'ON' END AS state, CASE WHEN i %% 3 = "
        "0 "
        "THEN '%s' || i ELSE 'open' || i END AS name, CASE WHEN i %% 3 = 0 THEN %zu + i ELSE i END "
        "AS amount FROM range(300) t(i)",
        hidden, strlen(hidden) * 1000);
    file_make(world, maker, sql, guarded);
    static const struct weft_operand quebec = {.kind = WEFT_OPERAND_TEXT, .text = "QC"};
    static const struct weft_condition not_quebec = {.kind = WEFT_CONDITION_COMPARE,
                                                     .op = WEFT_NOT_EQUAL,
                                                     .column = "state",
                                                     .operands = &quebec,
                                                     .operand_count = 1};
    static const struct weft_treatment hundreds = {.kind = WEFT_TREAT_ROUND, .number = 100};
    guarded->rows = &not_quebec;
    ((struct weft_relation_column *)(uintptr_t)guarded->columns)[3].treat = &hundreds;
}

struct resolver_world *resolver_world_new(const char *hidden)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct resolver_world *world = weft_alloc(sizeof(*world));
    if (world == NULL)
        abort();
    world->dir = weft_test_dir();
    world->arena = weft_arena_new(0);
    const char *folders[] = {world->dir};
    struct weft_engine_config config = {
        .threads = 2, .folders = folders, .folder_count = 1, .keep_order = true};
    must(weft_engine_open(&config, &world->engine, &error), &error);
    world_tables(world, world->engine, hidden);
    char *secret = weft_format("COPY (SELECT 'hidden' AS v) TO '%s/hr.secret.parquet'", world->dir);
    must(weft_engine_exec(world->engine, secret, NULL, &error), &error);
    weft_free(secret);
    must(weft_engine_seal(world->engine, &error), &error);
    world->options = (struct weft_resolve_options){.resolve = world_resolve,
                                                   .suggest = world_suggest,
                                                   .arg = world,
                                                   .now_us = 1760000000123456,
                                                   .principal = "user:ann"};
    return world;
}

void resolver_world_free(struct resolver_world *world)
{
    weft_engine_close(world->engine);
    weft_arena_free(world->arena);
    weft_test_dir_remove(world->dir);
    weft_free(world);
}

void resolver_world_plain(struct resolver_world *world, struct weft_engine *plain)
{
    struct weft_error error = WEFT_ERROR_INIT;
    must(weft_engine_exec(plain, "CREATE SCHEMA shop; CREATE SCHEMA stats", NULL, &error), &error);
    for (size_t i = 0; i < world->relation_count; i++) {
        const struct weft_relation *relation = &world->relations[i];
        char *sql;
        if (relation->file_count == 0)
            sql = weft_format("CREATE TABLE %s (id BIGINT, label VARCHAR)", relation->product);
        else if (relation->rows != NULL)
            sql = weft_format("CREATE TABLE %s AS SELECT id, state, name, CAST(round(amount / "
                              "100.0) * 100 AS BIGINT) AS amount FROM '%s' WHERE state <> 'QC'",
                              relation->product, relation->files[0]);
        else
            sql =
                weft_format("CREATE TABLE %s AS FROM '%s'", relation->product, relation->files[0]);
        must(weft_engine_exec(plain, sql, NULL, &error), &error);
        weft_free(sql);
    }
}
