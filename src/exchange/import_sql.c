/*
 * import_sql.c - tables that SQL creates, in the flavour of PostgreSQL (pg_dump too) and DuckDB, as
 * schemas: columns, types, NOT NULL, PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY, enum types, comments.
 *
 * A reader of its own over the tokens of codec/sql_text.h, because DuckDB refuses much of what a
 * dump holds (ALTER TABLE ADD CONSTRAINT, SET, OWNER TO, EXCLUDE), says no place of what it took,
 * and would have to run the text. What is not understood is skipped to the next comma or `;` with
 * brackets counted, and named with its place.
 */
#include "exchange/import.h"

#include "base/text.h"
#include "codec/sql_text.h"

#include <string.h>

#define NAME_MAX_BYTES 1000
#define COLUMNS_MAX 256 /* of a key */

struct ddl {
    struct weft_import *import;
    struct weft_error *error;
    const char *text;
    size_t length;
    size_t at; /* behind `token` */
    struct weft_sql_token token;
    bool end;
    struct weft_import_product **tables;
    size_t table_count, table_capacity;
    struct ddl_enum {
        const char *name;
        struct weft_texts values;
    } *enums;
    size_t enum_count, enum_capacity;
};

/* ---- tokens ---- */

static void next(struct ddl *ddl)
{
    do {
        ddl->end = !weft_sql_next(ddl->text, ddl->length, &ddl->at, &ddl->token);
    } while (!ddl->end && ddl->token.kind == WEFT_SQL_COMMENT);
}

static bool is_mark(const struct ddl *ddl, char mark)
{
    return !ddl->end && ddl->token.kind == WEFT_SQL_MARK && ddl->text[ddl->token.start] == mark;
}

static bool is_word(const struct ddl *ddl, const char *word)
{
    size_t length = strlen(word);
    if (ddl->end || ddl->token.kind != WEFT_SQL_WORD || ddl->token.length != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (weft_lower(ddl->text[ddl->token.start + i]) != word[i])
            return false;
    }
    return true;
}

static bool take_word(struct ddl *ddl, const char *word)
{
    if (!is_word(ddl, word))
        return false;
    next(ddl);
    return true;
}

static bool take_mark(struct ddl *ddl, char mark)
{
    if (!is_mark(ddl, mark))
        return false;
    next(ddl);
    return true;
}

static bool is_name(const struct ddl *ddl)
{
    return !ddl->end && (ddl->token.kind == WEFT_SQL_WORD || ddl->token.kind == WEFT_SQL_NAME);
}

static struct weft_place place_of(const struct ddl *ddl, size_t offset)
{
    struct weft_place place = {.line = 1};
    size_t start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (ddl->text[i] == '\n') {
            place.line++;
            start = i + 1;
        }
    }
    place.column = (int)weft_utf8_count(ddl->text + start, offset - start) + 1;
    return place;
}

static struct weft_place here(const struct ddl *ddl)
{
    return place_of(ddl, ddl->end ? ddl->length : ddl->token.start);
}

static int expected(struct ddl *ddl, const char *what)
{
    struct weft_place place = here(ddl);
    weft_error_set(ddl->error, WEFT_E_INVALID, "%s: here %s is expected", ddl->import->shown, what);
    return weft_error_at(ddl->error, ddl->import->shown, place.line, place.column);
}

/* A name, or the last one of a.b.c. */
static int name_take(struct ddl *ddl, const char **out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    weft_buf_init(&name, NAME_MAX_BYTES);
    do {
        if (!is_name(ddl))
            return expected(ddl, "a name");
        weft_buf_clear(&name);
        weft_sql_name_add(&name, ddl->text, &ddl->token);
        next(ddl);
    } while (take_mark(ddl, '.'));
    WEFT_TRY(weft_buf_check(&name, ddl->error));
    *out = weft_arena_strdup(ddl->import->arena, name.data);
    return *out == NULL ? weft_error_nomem(ddl->error) : 0;
}

/* 'it''s' */
static int text_take(struct ddl *ddl, const char **out)
{
    if (ddl->end || ddl->token.kind != WEFT_SQL_TEXT || ddl->text[ddl->token.start] != '\'' ||
        ddl->token.open)
        return expected(ddl, "a text in quotes");
    const char *from = ddl->text + ddl->token.start + 1;
    size_t length = ddl->token.length - 2, n = 0;
    char *copy = weft_arena_strndup(ddl->import->arena, from, length);
    if (copy == NULL)
        return weft_error_nomem(ddl->error);
    for (size_t i = 0; i < length; i++) {
        copy[n++] = from[i];
        i += from[i] == '\'';
    }
    copy[n] = '\0';
    *out = copy;
    next(ddl);
    return 0;
}

/* The text between brackets, which stand here; behind them afterwards. */
static int brackets_take(struct ddl *ddl, const char **out)
{
    if (!is_mark(ddl, '('))
        return expected(ddl, "`(`");
    size_t from = ddl->token.start + 1, to;
    int depth = 0;
    do {
        depth += is_mark(ddl, '(') - is_mark(ddl, ')');
        to = ddl->token.start;
        next(ddl);
    } while (depth > 0 && !ddl->end);
    if (depth > 0)
        return expected(ddl, "`)`");
    *out = weft_arena_strndup(ddl->import->arena, ddl->text + from, to - from);
    return *out == NULL ? weft_error_nomem(ddl->error) : 0;
}

static int skip_brackets(struct ddl *ddl)
{
    const char *ignored;
    return is_mark(ddl, '(') ? brackets_take(ddl, &ignored) : 0;
}

/* To the comma, the closing bracket or the `;` that ends this. */
static int skip_item(struct ddl *ddl)
{
    while (!ddl->end && !is_mark(ddl, ',') && !is_mark(ddl, ')') &&
           ddl->token.kind != WEFT_SQL_END) {
        if (is_mark(ddl, '('))
            WEFT_TRY(skip_brackets(ddl));
        else
            next(ddl);
    }
    return 0;
}

static int left(struct ddl *ddl, const struct weft_import_product *table, size_t from)
{
    struct weft_place place = place_of(ddl, from);
    size_t to = ddl->end ? ddl->length : ddl->token.start;
    while (to > from && strchr(" \n\r\t;,", ddl->text[to - 1]) != NULL)
        to--;
    size_t line = strcspn(ddl->text + from, "\n");
    int shown = (int)WEFT_MIN(WEFT_MIN(to - from, line), (size_t)60);
    return weft_import_note_add(ddl->import, WEFT_IMPORT_LEFT,
                                table == NULL ? NULL : table->full_name, place, ddl->error, "%.*s",
                                shown, ddl->text + from);
}

/* ---- columns ---- */

static bool ends_type(const struct ddl *ddl)
{
    static const char *const words[] = {
        "not",        "null",    "primary",   "unique",  "check",       "references", "default",
        "constraint", "collate", "generated", "storage", "compression", "as"};
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (is_word(ddl, words[i]))
            return true;
    }
    return ddl->end || is_mark(ddl, ',') || is_mark(ddl, ')') || ddl->token.kind == WEFT_SQL_END;
}

static struct weft_import_product *table_find(const struct ddl *ddl, const char *name)
{
    for (size_t i = 0; i < ddl->table_count; i++) {
        if (weft_equal_fold(ddl->tables[i]->name, name))
            return ddl->tables[i];
    }
    return NULL;
}

static const struct ddl_enum *enum_find(const struct ddl *ddl, const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < ddl->enum_count; i++) {
        if (weft_equal_fold(ddl->enums[i].name, dot == NULL ? name : dot + 1))
            return &ddl->enums[i];
    }
    return NULL;
}

static int type_take(struct ddl *ddl, const struct weft_import_product *table,
                     struct weft_import_field *field)
{
    struct weft_place place = here(ddl);
    size_t from = ddl->end ? ddl->length : ddl->token.start, to = from;
    while (!ends_type(ddl)) {
        if (is_mark(ddl, '('))
            WEFT_TRY(skip_brackets(ddl));
        else
            next(ddl);
        to = ddl->end ? ddl->length : ddl->token.start;
    }
    while (to > from && strchr(" \n\r\t", ddl->text[to - 1]) != NULL)
        to--;
    const char *name = weft_arena_strndup(ddl->import->arena, ddl->text + from, to - from);
    if (name == NULL)
        return weft_error_nomem(ddl->error);
    const struct ddl_enum *words = enum_find(ddl, name);
    WEFT_TRY(
        weft_import_type(ddl->import->arena, name, &field->type, &field->max_length, ddl->error));
    if (words != NULL) {
        field->type = "string";
        field->values = words->values;
    } else if (field->type == NULL) {
        field->type = "string";
        return weft_import_note_add(ddl->import, WEFT_IMPORT_CHANGED, table->full_name, place,
                                    ddl->error, "%s: weft has no type like `%.60s`: it is string",
                                    field->name, name);
    }
    if (strncmp(field->type, "decimal", 7) == 0 && strchr(name, '(') == NULL)
        return weft_import_note_add(ddl->import, WEFT_IMPORT_CHANGED, table->full_name, place,
                                    ddl->error, "%s: `%.60s` without digits is %s", field->name,
                                    name, field->type);
    return 0;
}

/* col in ('a', 'b') -> the values; anything else is a check. */
static bool values_read(struct ddl *ddl, const char *condition, struct weft_import_product *table)
{
    struct ddl in = {.import = ddl->import, .text = condition, .length = strlen(condition)};
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_import_field *field = NULL;
    const char *column, *items[COLUMNS_MAX];
    size_t count = 0;
    in.error = &ignored;
    next(&in);
    if (!is_name(&in) || name_take(&in, &column) < 0 || !take_word(&in, "in") ||
        !take_mark(&in, '('))
        return false;
    do {
        if (count == COLUMNS_MAX || text_take(&in, &items[count]) < 0)
            return false;
        count++;
    } while (take_mark(&in, ','));
    for (size_t i = 0; i < table->field_count; i++) {
        if (weft_equal_fold(table->fields[i].source, column))
            field = &table->fields[i];
    }
    if (!take_mark(&in, ')') || !in.end || field == NULL || field->values.count > 0 ||
        strcmp(field->type, "string") != 0)
        return false;
    const char **copy = weft_arena_array(ddl->import->arena, count, sizeof *copy);
    if (copy == NULL)
        return false; /* the check that is made instead fails for the same reason */
    memcpy(copy, items, count * sizeof *copy);
    field->values = (struct weft_texts){copy, count};
    return true;
}

static int check_take(struct ddl *ddl, struct weft_import_product *table, const char *name)
{
    const char *condition;
    WEFT_TRY(brackets_take(ddl, &condition));
    if (take_word(ddl, "no"))
        next(ddl); /* NO INHERIT */
    if (values_read(ddl, condition, table))
        return 0;
    struct weft_import_check check = {
        .name = name == NULL ? "check" : name,
        .condition = condition,
        .on_fail = WEFT_IMPORT_ON_FAIL_NONE,
    };
    return weft_import_check_add(ddl->import, table, &check, ddl->error);
}

/* (a, b) -> names of fields. */
static int columns_take(struct ddl *ddl, struct weft_import_product *table,
                        struct weft_import_field **out, size_t *count)
{
    if (!take_mark(ddl, '('))
        return expected(ddl, "`(`");
    *count = 0;
    do {
        const char *name;
        struct weft_place place = here(ddl);
        size_t before = table->field_count;
        if (*count == COLUMNS_MAX)
            return expected(ddl, "no more columns");
        WEFT_TRY(name_take(ddl, &name));
        WEFT_TRY(weft_import_field_get(ddl->import, table, name, place, &out[*count], ddl->error));
        if (table->field_count > before) {
            weft_error_set(ddl->error, WEFT_E_INVALID, "%s: the table has no column `%s`",
                           ddl->import->shown, name);
            return weft_error_at(ddl->error, ddl->import->shown, place.line, place.column);
        }
        (*count)++;
    } while (take_mark(ddl, ','));
    return take_mark(ddl, ')') ? 0 : expected(ddl, "`)`");
}

/* Behind REFERENCES: table (column), and what follows. */
static int references_take(struct ddl *ddl, struct weft_import_product *table,
                           struct weft_import_field *field, size_t from)
{
    const char *other, *column = NULL;
    WEFT_TRY(name_take(ddl, &other));
    if (take_mark(ddl, '(')) {
        WEFT_TRY(name_take(ddl, &column));
        if (!take_mark(ddl, ')')) {
            WEFT_TRY(skip_item(ddl));
            (void)take_mark(ddl, ')');
            return left(ddl, table, from); /* of several columns */
        }
    }
    while (is_word(ddl, "on") || is_word(ddl, "match") || is_word(ddl, "deferrable") ||
           is_word(ddl, "initially")) {
        next(ddl);
        if (take_word(ddl, "delete") || take_word(ddl, "update"))
            (void)(is_word(ddl, "set") || is_word(ddl, "no") ? (next(ddl), 0) : 0);
        if (is_name(ddl) && !is_word(ddl, "on") && !is_word(ddl, "deferrable"))
            next(ddl);
    }
    const struct weft_import_product *target = table_find(ddl, other);
    if (column == NULL && target != NULL && target->key.count == 1)
        column = target->key.items[0];
    if (field == NULL || column == NULL || target == NULL)
        return left(ddl, table, from);
    field->references = weft_arena_format(ddl->import->arena, "%s.%s", target->full_name, column);
    return field->references == NULL ? weft_error_nomem(ddl->error) : 0;
}

static int key_set(struct ddl *ddl, struct weft_import_product *table,
                   struct weft_import_field **fields, size_t count)
{
    const char **names = weft_arena_array(ddl->import->arena, count, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(ddl->error);
    for (size_t i = 0; i < count; i++)
        names[i] = fields[i]->name;
    table->key = (struct weft_texts){names, count};
    return 0;
}

static int unique_add(struct ddl *ddl, struct weft_import_product *table,
                      struct weft_import_field **fields, size_t count)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf given;
    weft_buf_init(&names, 1 << 20);
    weft_buf_init(&given, 1 << 20);
    if (count == 1) {
        fields[0]->unique = true;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        weft_buf_addf(&names, "%s\"%s\"", i == 0 ? "" : ", ", fields[i]->name);
        weft_buf_addf(&given, "%s\"%s\" is not null", i == 0 ? "" : " and ", fields[i]->name);
    }
    WEFT_TRY(weft_buf_check(&names, ddl->error));
    WEFT_TRY(weft_buf_check(&given, ddl->error));
    struct weft_import_check check = {
        .name = "unique_together",
        .sql = weft_arena_format(ddl->import->arena,
                                 "select %s from this where %s group by %s having count(*) > 1",
                                 names.data, given.data, names.data),
        .on_fail = WEFT_IMPORT_ON_FAIL_NONE,
    };
    return check.sql == NULL ? weft_error_nomem(ddl->error)
                             : weft_import_check_add(ddl->import, table, &check, ddl->error);
}

/* What stands behind a column's type. */
static int column_rules(struct ddl *ddl, struct weft_import_product *table,
                        struct weft_import_field *field)
{
    const char *name = NULL;
    while (!ddl->end && !is_mark(ddl, ',') && !is_mark(ddl, ')') &&
           ddl->token.kind != WEFT_SQL_END) {
        size_t from = ddl->token.start;
        if (take_word(ddl, "constraint")) {
            WEFT_TRY(name_take(ddl, &name));
        } else if (take_word(ddl, "not")) {
            field->required = take_word(ddl, "null") || field->required;
        } else if (take_word(ddl, "primary")) {
            next(ddl);
            WEFT_TRY(key_set(ddl, table, &field, 1));
        } else if (take_word(ddl, "unique")) {
            field->unique = true;
        } else if (take_word(ddl, "check")) {
            WEFT_TRY(check_take(ddl, table, name == NULL ? field->name : name));
        } else if (take_word(ddl, "references")) {
            WEFT_TRY(references_take(ddl, table, field, from));
        } else if (take_word(ddl, "null")) {
            continue;
        } else {
            bool value = is_word(ddl, "default") || is_word(ddl, "generated");
            do {
                if (is_mark(ddl, '('))
                    WEFT_TRY(skip_brackets(ddl));
                else
                    next(ddl);
            } while (!ends_type(ddl) || (is_word(ddl, "null") && value));
            WEFT_TRY(left(ddl, table, from));
        }
    }
    return 0;
}

/* Behind an optional CONSTRAINT name. NOT_THERE: it is none of these. */
static int table_rule(struct ddl *ddl, struct weft_import_product *table, const char *name,
                      size_t from)
{
    struct weft_import_field *fields[COLUMNS_MAX];
    size_t count;
    if (take_word(ddl, "primary")) {
        next(ddl);
        WEFT_TRY(columns_take(ddl, table, fields, &count));
        return key_set(ddl, table, fields, count);
    }
    if (take_word(ddl, "unique")) {
        WEFT_TRY(columns_take(ddl, table, fields, &count));
        return unique_add(ddl, table, fields, count);
    }
    if (take_word(ddl, "check"))
        return check_take(ddl, table, name);
    if (!take_word(ddl, "foreign"))
        return WEFT_NOT_THERE;
    next(ddl); /* KEY */
    WEFT_TRY(columns_take(ddl, table, fields, &count));
    if (!take_word(ddl, "references"))
        return expected(ddl, "REFERENCES");
    return references_take(ddl, table, count == 1 ? fields[0] : NULL, from);
}

static int item_read(struct ddl *ddl, struct weft_import_product *table)
{
    const char *name = NULL;
    struct weft_import_field *field;
    struct weft_place place = here(ddl);
    size_t from = ddl->token.start;
    bool quoted = !ddl->end && ddl->token.kind == WEFT_SQL_NAME;
    if (!quoted && take_word(ddl, "constraint"))
        WEFT_TRY(name_take(ddl, &name));
    int rc = quoted ? WEFT_NOT_THERE : table_rule(ddl, table, name, from);
    if (rc <= 0)
        return rc;
    if (name != NULL || is_word(ddl, "exclude") || is_word(ddl, "like")) {
        WEFT_TRY(skip_item(ddl));
        return left(ddl, table, from);
    }
    WEFT_TRY(name_take(ddl, &name));
    size_t before = table->field_count;
    WEFT_TRY(weft_import_field_get(ddl->import, table, name, place, &field, ddl->error));
    if (table->field_count == before) {
        weft_error_set(ddl->error, WEFT_E_INVALID, "%s: the column `%s` stands twice",
                       ddl->import->shown, name);
        return weft_error_at(ddl->error, ddl->import->shown, place.line, place.column);
    }
    WEFT_TRY(type_take(ddl, table, field));
    WEFT_TRY(column_rules(ddl, table, field));
    return weft_import_note_add(ddl->import, WEFT_IMPORT_TAKEN, table->full_name, place, ddl->error,
                                "column %s", field->name);
}

/* ---- statements ---- */

static int table_new(struct ddl *ddl, const char *name, struct weft_place place,
                     struct weft_import_product **out)
{
    struct weft_import *import = ddl->import;
    const char *legal = import->product;
    if (import->domain == NULL) {
        weft_error_set(ddl->error, WEFT_E_USAGE, "SQL names no domain");
        return weft_error_hint(ddl->error, "say it: --into DOMAIN");
    }
    if (legal == NULL)
        WEFT_TRY(
            weft_import_name(import, "table", NULL, name, "table_1", place, &legal, ddl->error));
    if (table_find(ddl, legal) != NULL) {
        weft_error_set(ddl->error, WEFT_E_INVALID, "%s: a second table would be %s.%s",
                       import->shown, import->domain, legal);
        weft_error_at(ddl->error, import->shown, place.line, place.column);
        return import->product == NULL ? -1 : weft_error_hint(ddl->error, "--into DOMAIN alone");
    }
    WEFT_TRY(weft_import_product_new(import, import->domain, legal, out, ddl->error));
    (*out)->schema_whole = true;
    if (weft_arena_reserve(import->arena, &ddl->tables, &ddl->table_capacity, ddl->table_count + 1,
                           sizeof(struct weft_import_product *)) < 0)
        return weft_error_nomem(ddl->error);
    ddl->tables[ddl->table_count++] = *out;
    return 0;
}

static int create_table(struct ddl *ddl, size_t from)
{
    struct weft_import_product *table;
    const char *name;
    if (take_word(ddl, "if")) {
        next(ddl);
        next(ddl);
    }
    struct weft_place place = here(ddl);
    WEFT_TRY(name_take(ddl, &name));
    if (!take_mark(ddl, '(')) {
        while (!ddl->end && ddl->token.kind != WEFT_SQL_END)
            next(ddl);
        return left(ddl, NULL, from); /* CREATE TABLE AS, PARTITION OF */
    }
    WEFT_TRY(table_new(ddl, name, place, &table));
    do {
        if (is_mark(ddl, ')'))
            break; /* DuckDB lets a comma stand there */
        WEFT_TRY(item_read(ddl, table));
    } while (take_mark(ddl, ','));
    if (!take_mark(ddl, ')'))
        return expected(ddl, "`,` or `)`");
    return 0;
}

static int create_enum(struct ddl *ddl, size_t from)
{
    struct ddl_enum made = {0};
    const char *values[COLUMNS_MAX];
    size_t count = 0;
    WEFT_TRY(name_take(ddl, &made.name));
    if (!take_word(ddl, "as") || !take_word(ddl, "enum") || !take_mark(ddl, '(')) {
        while (!ddl->end && ddl->token.kind != WEFT_SQL_END)
            next(ddl);
        return left(ddl, NULL, from);
    }
    do {
        if (count == COLUMNS_MAX)
            return expected(ddl, "no more values");
        WEFT_TRY(text_take(ddl, &values[count++]));
    } while (take_mark(ddl, ','));
    const char **copy = weft_arena_array(ddl->import->arena, count, sizeof *copy);
    if (copy == NULL || weft_arena_reserve(ddl->import->arena, &ddl->enums, &ddl->enum_capacity,
                                           ddl->enum_count + 1, sizeof *ddl->enums) < 0)
        return weft_error_nomem(ddl->error);
    memcpy(copy, values, count * sizeof *copy);
    made.values = (struct weft_texts){copy, count};
    ddl->enums[ddl->enum_count++] = made;
    return take_mark(ddl, ')') ? 0 : expected(ddl, "`)`");
}

/* ALTER TABLE [ONLY] t ADD [CONSTRAINT n] rule, as pg_dump writes it. NOT_THERE: another one. */
static int alter_table(struct ddl *ddl, size_t from)
{
    const char *name, *rule = NULL;
    (void)take_word(ddl, "only");
    WEFT_TRY(name_take(ddl, &name));
    struct weft_import_product *table = table_find(ddl, name);
    if (table == NULL || !take_word(ddl, "add"))
        return WEFT_NOT_THERE;
    if (take_word(ddl, "constraint"))
        WEFT_TRY(name_take(ddl, &rule));
    return table_rule(ddl, table, rule, from);
}

/* COMMENT ON TABLE t IS 'x', COMMENT ON COLUMN t.c IS 'x'. */
static int comment_on(struct ddl *ddl)
{
    const char *name = NULL, *table_name = NULL, *text;
    bool column = is_word(ddl, "column");
    if (!column && !is_word(ddl, "table"))
        return WEFT_NOT_THERE;
    next(ddl);
    do {
        table_name = name;
        if (!is_name(ddl))
            return expected(ddl, "a name");
        WEFT_CLEANUP(weft_buf_release) struct weft_buf part;
        weft_buf_init(&part, NAME_MAX_BYTES);
        weft_sql_name_add(&part, ddl->text, &ddl->token);
        WEFT_TRY(weft_buf_check(&part, ddl->error));
        name = weft_arena_strdup(ddl->import->arena, part.data);
        if (name == NULL)
            return weft_error_nomem(ddl->error);
        next(ddl);
    } while (take_mark(ddl, '.'));
    struct weft_import_product *table =
        table_find(ddl, column && table_name != NULL ? table_name : name);
    if (!take_word(ddl, "is") || table == NULL || (column && table_name == NULL))
        return WEFT_NOT_THERE;
    WEFT_TRY(text_take(ddl, &text));
    if (!column)
        table->description = text;
    for (size_t i = 0; column && i < table->field_count; i++) {
        if (weft_equal_fold(table->fields[i].source, name))
            table->fields[i].description = text;
    }
    return 0;
}

static int statement_read(struct ddl *ddl)
{
    size_t from = ddl->token.start;
    int rc = WEFT_NOT_THERE;
    if (take_word(ddl, "create")) {
        if (take_word(ddl, "or"))
            next(ddl);
        while (is_word(ddl, "temporary") || is_word(ddl, "temp") || is_word(ddl, "unlogged"))
            next(ddl);
        if (take_word(ddl, "table"))
            rc = create_table(ddl, from);
        else if (take_word(ddl, "type"))
            rc = create_enum(ddl, from);
    } else if (take_word(ddl, "alter")) {
        rc = take_word(ddl, "table") ? alter_table(ddl, from) : WEFT_NOT_THERE;
    } else if (take_word(ddl, "comment")) {
        next(ddl);
        rc = comment_on(ddl);
    } else if (is_word(ddl, "set")) {
        rc = 0;
    }
    WEFT_TRY(rc);
    while (!ddl->end && ddl->token.kind != WEFT_SQL_END)
        next(ddl);
    return rc == WEFT_NOT_THERE ? left(ddl, NULL, from) : 0;
}

int weft_import_sql(struct weft_import *import, struct weft_error *error)
{
    struct ddl ddl = {
        .import = import, .error = error, .text = import->data, .length = import->length};
    for (next(&ddl); !ddl.end; next(&ddl)) {
        if (ddl.token.kind != WEFT_SQL_END)
            WEFT_TRY(statement_read(&ddl));
    }
    for (size_t i = 0; i < ddl.table_count; i++)
        WEFT_TRY(weft_import_product_write(import, ddl.tables[i], error));
    return 0;
}
