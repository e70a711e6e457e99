/*
 * guard.c - what a run does not see of what it reads: see guard.h.
 */
#include "job/guard.h"

#include "codec/json.h"
#include "policy/condition.h"

#include <string.h>

#define GUARD_MAX ((size_t)16 << 20)

/* ---- print ---- */

static void put_condition(struct weft_json_writer *w, const struct weft_condition *node)
{
    weft_json_begin_object(w);
    weft_json_member_int(w, "is", node->kind);
    weft_json_member_int(w, "op", node->op);
    if (node->column != NULL)
        weft_json_member_text(w, "column", node->column);
    if (node->product != NULL) {
        weft_json_member_text(w, "product", node->product);
        weft_json_member_text(w, "member", node->member);
    }
    weft_json_key(w, "operands");
    weft_json_begin_array(w);
    for (size_t i = 0; i < node->operand_count; i++) {
        weft_json_begin_object(w);
        weft_json_member_int(w, "is", node->operands[i].kind);
        weft_json_member_text(w, "text", node->operands[i].text);
        weft_json_end_object(w);
    }
    weft_json_end_array(w);
    weft_json_key(w, "parts");
    weft_json_begin_array(w);
    for (size_t i = 0; i < node->part_count; i++)
        put_condition(w, node->parts[i]);
    weft_json_end_array(w);
    weft_json_end_object(w);
}

static void put_column(struct weft_json_writer *w, const struct weft_job_guard_column *column)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "name", column->name);
    weft_json_member_int(w, "treat", column->treat.kind);
    if (column->treat.text != NULL)
        weft_json_member_text(w, "text", column->treat.text);
    weft_json_key(w, "number");
    weft_json_put_double(w, column->treat.number);
    weft_json_end_object(w);
}

int weft_job_guard_print(const struct weft_job_guard *guard, struct weft_arena *arena,
                         const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_json_writer w;
    weft_buf_init(&text, GUARD_MAX);
    weft_json_writer_init(&w, &text);
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "digest", guard->digest);
    weft_json_key(&w, "columns");
    weft_json_begin_array(&w);
    for (size_t i = 0; i < guard->column_count; i++)
        put_column(&w, &guard->columns[i]);
    weft_json_end_array(&w);
    if (guard->rows != NULL) {
        weft_json_key(&w, "rows");
        put_condition(&w, guard->rows);
    }
    weft_json_key(&w, "min_groups");
    weft_json_begin_array(&w);
    for (size_t i = 0; i < guard->min_group_count; i++) {
        weft_json_begin_object(&w);
        weft_json_member_int(&w, "size", guard->min_groups[i].size);
        weft_json_member_text(&w, "by", guard->min_groups[i].by);
        weft_json_end_object(&w);
    }
    weft_json_end_array(&w);
    weft_json_end_object(&w);
    WEFT_TRY(weft_buf_check(&text, error));
    *out = weft_arena_strndup(arena, text.data, text.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

/* ---- parse ---- */

static int copy_text(struct weft_arena *arena, yyjson_val *object, const char *key,
                     const char **out, struct weft_error *error)
{
    const char *text = weft_json_text_or(object, key, NULL);
    *out = text == NULL ? NULL : weft_arena_strdup(arena, text);
    return text != NULL && *out == NULL ? weft_error_nomem(error) : 0;
}

static int get_operands(struct weft_arena *arena, yyjson_val *object, struct weft_condition *node,
                        struct weft_error *error)
{
    yyjson_val *list, *item;
    size_t at, count;
    WEFT_TRY(weft_json_array(object, "operands", &list, error));
    struct weft_operand *items = weft_arena_array(arena, yyjson_arr_size(list) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, at, count, item)
    {
        int64_t kind;
        WEFT_TRY(weft_json_int(item, "is", &kind, error));
        if (kind < WEFT_OPERAND_TEXT || kind > WEFT_OPERAND_BOOLEAN)
            return weft_error_set(error, WEFT_E_CORRUPT, "a guard has an operand of no kind");
        items[at].kind = (enum weft_operand_kind)kind;
        WEFT_TRY(copy_text(arena, item, "text", &items[at].text, error));
    }
    node->operands = items;
    node->operand_count = yyjson_arr_size(list);
    return 0;
}

static int get_condition(struct weft_arena *arena, yyjson_val *object, int depth,
                         const struct weft_condition **out, struct weft_error *error)
{
    int64_t kind, op;
    yyjson_val *list, *item;
    size_t at, count;
    WEFT_TRY(weft_json_int(object, "is", &kind, error));
    WEFT_TRY(weft_json_int(object, "op", &op, error));
    if (kind < WEFT_CONDITION_AND || kind > WEFT_CONDITION_NONE || op < WEFT_EQUAL ||
        op > WEFT_GREATER_EQUAL || depth > 2 * WEFT_CONDITION_DEPTH_MAX)
        return weft_error_set(error, WEFT_E_CORRUPT, "a guard has a condition of no kind");
    struct weft_condition *node = weft_arena_alloc(arena, sizeof *node);
    if (node == NULL)
        return weft_error_nomem(error);
    node->kind = (enum weft_condition_kind)kind;
    node->op = (enum weft_operator)op;
    WEFT_TRY(copy_text(arena, object, "column", &node->column, error));
    WEFT_TRY(copy_text(arena, object, "product", &node->product, error));
    WEFT_TRY(copy_text(arena, object, "member", &node->member, error));
    WEFT_TRY(get_operands(arena, object, node, error));
    WEFT_TRY(weft_json_array(object, "parts", &list, error));
    const struct weft_condition **parts =
        weft_arena_array(arena, yyjson_arr_size(list) + 1, sizeof(*parts));
    if (parts == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, at, count, item)
        WEFT_TRY(get_condition(arena, item, depth + 1, &parts[at], error));
    node->parts = parts;
    node->part_count = yyjson_arr_size(list);
    *out = node;
    return 0;
}

static int get_columns(struct weft_arena *arena, yyjson_val *root, struct weft_job_guard *out,
                       struct weft_error *error)
{
    yyjson_val *list, *item;
    size_t at, count;
    WEFT_TRY(weft_json_array(root, "columns", &list, error));
    struct weft_job_guard_column *items =
        weft_arena_array(arena, yyjson_arr_size(list) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, at, count, item)
    {
        int64_t kind;
        const char *name;
        WEFT_TRY(weft_json_text(item, "name", &name, error));
        WEFT_TRY(weft_json_int(item, "treat", &kind, error));
        if (kind < WEFT_TREAT_HIDE || kind > WEFT_TREAT_NONE)
            return weft_error_set(error, WEFT_E_CORRUPT, "a guard has a treatment of no kind");
        items[at].treat.kind = (enum weft_treatment_kind)kind;
        items[at].treat.number = yyjson_get_num(yyjson_obj_get(item, "number"));
        WEFT_TRY(copy_text(arena, item, "text", &items[at].treat.text, error));
        WEFT_TRY(copy_text(arena, item, "name", &items[at].name, error));
    }
    out->columns = items;
    out->column_count = yyjson_arr_size(list);
    return 0;
}

static int get_groups(struct weft_arena *arena, yyjson_val *root, struct weft_job_guard *out,
                      struct weft_error *error)
{
    yyjson_val *list, *item;
    size_t at, count;
    WEFT_TRY(weft_json_array(root, "min_groups", &list, error));
    struct weft_min_group *items =
        weft_arena_array(arena, yyjson_arr_size(list) + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(list, at, count, item)
    {
        WEFT_TRY(weft_json_int(item, "size", &items[at].size, error));
        WEFT_TRY(copy_text(arena, item, "by", &items[at].by, error));
        if (items[at].by == NULL || items[at].size <= 0)
            return weft_error_set(error, WEFT_E_CORRUPT, "a guard has a min_group of no kind");
    }
    out->min_groups = items;
    out->min_group_count = yyjson_arr_size(list);
    return 0;
}

int weft_job_guard_parse(struct weft_arena *arena, const char *text, struct weft_job_guard *out,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(text, strlen(text), 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *rows = yyjson_obj_get(root, "rows");
    *out = (struct weft_job_guard){0};
    WEFT_TRY(copy_text(arena, root, "digest", &out->digest, error));
    WEFT_TRY(get_columns(arena, root, out, error));
    if (rows != NULL)
        WEFT_TRY(get_condition(arena, rows, 0, &out->rows, error));
    return get_groups(arena, root, out, error);
}

/* ---- apply ---- */

static const struct weft_job_guard_column *column_find(const struct weft_job_guard *guard,
                                                       const char *name)
{
    for (size_t i = 0; i < guard->column_count; i++) {
        if (strcmp(guard->columns[i].name, name) == 0)
            return &guard->columns[i];
    }
    return NULL;
}

int weft_job_guard_apply(const struct weft_job_guard *guard, struct weft_arena *arena,
                         struct weft_relation *relation, struct weft_error *error)
{
    struct weft_relation_column *columns =
        weft_arena_array(arena, relation->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < relation->column_count; i++) {
        columns[i] = relation->columns[i];
        const struct weft_job_guard_column *told = column_find(guard, columns[i].name);
        if (told == NULL)
            return weft_error_set(error, WEFT_E_DENIED,
                                  "it was not decided who may read the column `%s` of %s",
                                  columns[i].name, relation->product);
        if (told->treat.kind != WEFT_TREAT_NONE)
            columns[i].treat = &told->treat;
    }
    relation->columns = columns;
    relation->rows = guard->rows;
    relation->min_groups = guard->min_groups;
    relation->min_group_count = guard->min_group_count;
    return 0;
}

int weft_job_guard_members(const struct weft_condition *rows,
                           int (*fn)(void *arg, const char *product, struct weft_error *error),
                           void *arg, struct weft_error *error)
{
    if (rows == NULL)
        return 0;
    if (rows->kind == WEFT_CONDITION_MEMBER)
        WEFT_TRY(fn(arg, rows->product, error));
    for (size_t i = 0; i < rows->part_count; i++)
        WEFT_TRY(weft_job_guard_members(rows->parts[i], fn, arg, error));
    return 0;
}
