/*
 * resolver_lab.c - makes the laboratory's tables and reads files of cases.
 */
#include "resolver/resolver_lab.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "base/text.h"
#include "engine/protect.h"
#include "resolver/treat.h"

#include <stdio.h>
#include <stdlib.h>

#define LAB_FILE_MAX (1024 * 1024)
#define LAB_SQL_MAX (256 * 1024)

static void must(int rc, const struct weft_error *error)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s: %s\n", weft_code_name(error->code), error->message);
    abort();
}

static char *read_file(struct weft_arena *arena, const char *path)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LAB_FILE_MAX);
    must(weft_fs_read_file(path, LAB_FILE_MAX, &text, &error), &error);
    char *copy = weft_arena_strndup(arena, text.data, text.length);
    if (copy == NULL)
        abort();
    return copy;
}

/* ---- tables ---- */

static void table_columns(struct resolver_lab *lab, const char *sql, struct weft_relation *into)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    must(weft_engine_query(lab->plain, sql, NULL, 0, &result, &error), &error);
    into->column_count = weft_result_column_count(result);
    struct weft_relation_column *columns =
        weft_arena_array(lab->arena, into->column_count, sizeof(*columns));
    for (size_t i = 0; i < into->column_count; i++) {
        columns[i].name = weft_arena_strdup(lab->arena, weft_result_column_name(result, i));
        must(weft_type_parse(lab->arena, weft_result_column_type_name(result, i), &columns[i].type,
                             &error),
             &error);
        columns[i].field_id = (int)i + 1;
    }
    into->columns = columns;
}

static void table_file(struct resolver_lab *lab, const struct weft_relation *relation,
                       const char *sql, const char *part, const char *path)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LAB_SQL_MAX);
    weft_buf_addf(&text, "COPY (SELECT * FROM (%s) WHERE %s) TO '%s' (FORMAT parquet, FIELD_IDS {",
                  sql, part, path);
    for (size_t i = 0; i < relation->column_count; i++) {
        weft_buf_adds(&text, i == 0 ? "" : ", ");
        weft_buf_add_sql_name(&text, relation->columns[i].name);
        weft_buf_addf(&text, ": %zu", i + 1);
    }
    weft_buf_adds(&text, "})");
    must(weft_engine_exec(lab->plain, text.data, NULL, &error), &error);
}

static void table_files(struct resolver_lab *lab, struct resolver_lab_table *table, const char *sql,
                        size_t count)
{
    const char **files = weft_arena_array(lab->arena, count, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        files[i] =
            weft_arena_format(lab->arena, "%s/%zu_%zu.parquet", lab->dir, lab->table_count, i);
        char *part = count == 1 ? weft_strdup("true") : weft_format("id %% %zu = %zu", count, i);
        table_file(lab, &table->relation, sql, part, files[i]);
        weft_free(part);
    }
    table->relation.files = files;
    table->relation.file_count = count;
}

/* What plain DuckDB has under the same name: the same files, types, rows and treatments. */
static void table_view(struct resolver_lab *lab, const struct resolver_lab_table *table)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LAB_SQL_MAX);
    const char *schema = table->schema == NULL ? "main" : table->schema;
    const struct weft_relation *relation = &table->relation;
    size_t treated = table->treated == NULL ? 0 : strcspn(table->treated, ":");
    weft_buf_addf(&text, "CREATE SCHEMA IF NOT EXISTS %s; CREATE VIEW %s.", schema, schema);
    weft_buf_add_sql_name(&text, table->name);
    weft_buf_adds(&text, " AS SELECT ");
    for (size_t i = 0; i < relation->column_count; i++) {
        weft_buf_adds(&text, i == 0 ? "CAST(" : ", CAST(");
        if (relation->columns[i].treat != NULL)
            weft_buf_adds(&text, table->treated + treated + 1);
        else
            weft_buf_add_sql_name(&text, relation->columns[i].name);
        weft_buf_adds(&text, " AS ");
        weft_type_print_duckdb(
            weft_treatment_type(relation->columns[i].type, relation->columns[i].treat), &text);
        weft_buf_adds(&text, ") AS ");
        weft_buf_add_sql_name(&text, relation->columns[i].name);
    }
    weft_buf_adds(&text, " FROM read_parquet([");
    for (size_t i = 0; i < relation->file_count; i++)
        weft_buf_addf(&text, "%s'%s'", i == 0 ? "" : ", ", relation->files[i]);
    weft_buf_addf(&text, "]) WHERE %s", relation->rows == NULL ? "true" : "state <> 'QC'");
    must(weft_engine_exec(lab->plain, text.data, NULL, &error), &error);
}

static bool option(const char *line, const char *name, char *value, size_t size)
{
    const char *at = strstr(line, name);
    if (at == NULL)
        return false;
    snprintf(value, size, "%.*s", (int)strcspn(at + strlen(name), ";"), at + strlen(name));
    return true;
}

static const struct weft_operand quebec = {.kind = WEFT_OPERAND_TEXT, .text = "QC"};
static const struct weft_condition not_quebec = {.kind = WEFT_CONDITION_COMPARE,
                                                 .op = WEFT_NOT_EQUAL,
                                                 .column = "state",
                                                 .operands = &quebec,
                                                 .operand_count = 1};
static const struct weft_treatment to_hundreds = {.kind = WEFT_TREAT_ROUND, .number = 100};
static const struct weft_treatment masked = {.kind = WEFT_TREAT_MASK};
static const struct weft_treatment nothing = {.kind = WEFT_TREAT_NULL};

/* "round:column:the same by hand" */
static void table_treat(struct resolver_lab *lab, struct resolver_lab_table *table,
                        const char *value)
{
    const struct weft_relation *relation = &table->relation;
    bool rounds = strncmp(value, "round:", strlen("round:")) == 0;
    table->treated = weft_arena_strdup(lab->arena, strchr(value, ':') + 1);
    size_t length = strcspn(table->treated, ":");
    for (size_t i = 0; i < relation->column_count; i++)
        if (strncmp(relation->columns[i].name, table->treated, length) == 0)
            ((struct weft_relation_column *)(uintptr_t)relation->columns)[i].treat =
                rounds ? &to_hundreds : &masked;
}

/* "schema.name; files=3; quebec; treat=round:column:by hand; plain; empty; sql" */
static void table_make(struct resolver_lab *lab, const char *head, const char *sql)
{
    struct resolver_lab_table *table = &lab->tables[lab->table_count];
    size_t length = strcspn(head, ";\n");
    const char *dot = memchr(head, '.', length);
    size_t skip = dot == NULL ? 0 : (size_t)(dot - head) + 1;
    if (dot != NULL)
        table->schema = weft_arena_strndup(lab->arena, head, skip - 1);
    table->name = weft_arena_strndup(lab->arena, head + skip, length - skip);
    struct weft_relation *relation = &table->relation;
    relation->product = weft_arena_strndup(lab->arena, head, length);
    char value[200];
    size_t files = option(head, "files=", value, sizeof(value)) ? strtoul(value, NULL, 10) : 1;
    table_columns(lab, sql, relation);
    table_files(lab, table, sql, files);
    relation->plain = option(head, "plain", value, sizeof(value));
    if (option(head, "quebec", value, sizeof(value)))
        relation->rows = &not_quebec;
    if (option(head, "treat=", value, sizeof(value)))
        table_treat(lab, table, value);
    if (option(head, "sql", value, sizeof(value))) {
        relation->kind = WEFT_RELATION_SQL;
        relation->sql = weft_arena_format(lab->arena, "SELECT * FROM '%s'", relation->files[0]);
    }
    table_view(lab, table);
    if (option(head, "empty", value, sizeof(value)) || relation->kind == WEFT_RELATION_SQL)
        relation->file_count = 0; /* a text of weft's own names its files itself */
    lab->table_count++;
}

static void tables_make(struct resolver_lab *lab)
{
    static const char mark[] = "-- table ";
    char *text = read_file(lab->arena, "cases/tables.sql");
    for (char *at = strstr(text, mark); at != NULL;) {
        char *head = at + strlen(mark);
        char *sql = strchr(head, '\n');
        char *next = strstr(head, mark);
        if (sql == NULL || lab->table_count >= RESOLVER_LAB_TABLES)
            abort();
        *sql++ = 0;
        if (next != NULL)
            next[-1] = 0;
        table_make(lab, head, sql);
        at = next;
    }
}

/* ---- the resolver's side ---- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : weft_equal_fold(a, b);
}

static bool is_read(const struct weft_resolved *resolved, const struct weft_relation *relation,
                    const char *column)
{
    for (size_t i = 0; i < resolved->source_count; i++) {
        const struct weft_resolved_source *source = &resolved->sources[i];
        for (size_t j = 0;
             j < source->column_count && strcmp(source->product, relation->product) == 0; j++)
            if (strcmp(source->columns[j], column) == 0)
                return true;
    }
    return false;
}

static void poison(struct resolver_lab *lab, struct weft_arena *arena,
                   struct weft_relation *relation)
{
    struct weft_relation_column *columns =
        weft_arena_array(arena, relation->column_count, sizeof(*columns));
    for (size_t i = 0; i < relation->column_count; i++) {
        columns[i] = relation->columns[i];
        if (is_read(lab->poison, relation, columns[i].name))
            continue;
        columns[i].type = weft_treatment_type(columns[i].type, columns[i].treat);
        columns[i].treat = &nothing;
    }
    relation->columns = columns;
}

static int lab_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                       struct weft_relation *out, struct weft_error *error)
{
    (void)error;
    struct resolver_lab *lab = arg;
    for (size_t i = 0; i < lab->table_count; i++) {
        const struct resolver_lab_table *table = &lab->tables[i];
        if (!same(table->schema, name->schema) || !weft_equal_fold(table->name, name->table))
            continue;
        *out = table->relation;
        if (lab->poison != NULL)
            poison(lab, arena, out);
        if (!name->at.given)
            return 0;
        /* The first of its files is what there was at version 1, or before 2020. */
        if (name->at.version > 1 || name->at.timestamp_us >= 1577836800000000)
            return WEFT_NOT_THERE;
        out->snapshot_id = 1;
        out->file_count = WEFT_MIN(out->file_count, 1);
        return 0;
    }
    return WEFT_NOT_THERE;
}

static const char *lab_suggest(void *arg, struct weft_arena *arena,
                               const struct weft_resolve_name *name)
{
    struct resolver_lab *lab = arg;
    const char *list[RESOLVER_LAB_TABLES];
    for (size_t i = 0; i < lab->table_count; i++)
        list[i] = lab->tables[i].relation.product;
    const char *said = weft_arena_format(arena, "%s%s%s", name->schema == NULL ? "" : name->schema,
                                         name->schema == NULL ? "" : ".", name->table);
    return said == NULL ? NULL : weft_suggest(said, list, lab->table_count);
}

struct resolver_lab *resolver_lab_new(void)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct resolver_lab *lab = weft_alloc(sizeof(*lab));
    if (lab == NULL)
        abort();
    lab->dir = weft_test_dir();
    lab->arena = weft_arena_new(0);
    const char *folders[] = {lab->dir};
    struct weft_engine_config config = {
        .threads = 1, .folders = folders, .folder_count = 1, .keep_order = true};
    must(weft_engine_open(&config, &lab->engine, &error), &error);
    must(weft_engine_open(&config, &lab->plain, &error), &error);
    tables_make(lab);
    must(weft_engine_protect(lab->engine, "a key of sixteen bytes", 22, &error), &error);
    must(weft_engine_seal(lab->engine, &error), &error);
    lab->options = (struct weft_resolve_options){.resolve = lab_resolve,
                                                 .suggest = lab_suggest,
                                                 .arg = lab,
                                                 .now_us = 1760000000123456,
                                                 .principal = "user:ann"};
    return lab;
}

void resolver_lab_free(struct resolver_lab *lab)
{
    weft_engine_close(lab->engine);
    weft_engine_close(lab->plain);
    weft_arena_free(lab->arena);
    weft_test_dir_remove(lab->dir);
    weft_free(lab);
}

/* ---- files of cases ---- */

/* "--$ x = 3", "--$ 3": the text behind is the value; NULL without quotes is null. */
static void case_param(struct weft_arena *arena, struct resolver_case *into, const char *line)
{
    const char *equal = strstr(line, " = ");
    struct weft_param *param = &into->params[into->param_count++];
    if (equal != NULL)
        param->name = weft_arena_strndup(arena, line, (size_t)(equal - line));
    const char *value = equal == NULL ? line : equal + 3;
    param->text = strcmp(value, "NULL") == 0 ? NULL : weft_arena_strdup(arena, value);
}

static void case_line(struct weft_arena *arena, struct resolver_case *into, const char *line)
{
    if (into->sql[0] == 0 && strncmp(line, "--$ ", 4) == 0)
        case_param(arena, into, line + 4);
    else if (into->sql[0] == 0 && strncmp(line, "--plain ", 8) == 0)
        into->plain = weft_arena_format(arena, "%s%s%s", into->plain == NULL ? "" : into->plain,
                                        into->plain == NULL ? "" : "\n", line + 8);
    else if (into->sql[0] == 0 && strncmp(line, "-- ", 3) == 0)
        into->about = weft_arena_strdup(arena, line + 3);
    else
        into->sql =
            weft_arena_format(arena, "%s%s%s", into->sql, into->sql[0] == 0 ? "" : "\n", line);
}

size_t resolver_cases_read(struct weft_arena *arena, const char *file, struct resolver_case *cases,
                           size_t max)
{
    char *text = read_file(arena, file);
    size_t count = 0;
    int number = 0;
    bool open = false;
    for (char *line = text; line != NULL && *line != 0;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = 0;
        number++;
        if (line[0] == 0) {
            open = false;
        } else if (strncmp(line, "---", 3) != 0) { /* a heading */
            if (!open && count++ >= max)
                abort();
            if (!open)
                cases[count - 1] =
                    (struct resolver_case){.file = file, .line = number, .about = "", .sql = ""};
            open = true;
            case_line(arena, &cases[count - 1], line);
        }
        line = end == NULL ? NULL : end + 1;
    }
    return count;
}
