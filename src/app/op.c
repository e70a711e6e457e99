/*
 * op.c - the table of operations, found by name, read from JSON, printed as a page.
 */
#include "app/op.h"

#include "app/ops_internal.h"

#include <string.h>

static const struct weft_op *const ops[] = {
    &weft_op_init,      &weft_op_new,      &weft_op_infer,      &weft_op_fmt,      &weft_op_diff,
    &weft_op_validate,  &weft_op_plan,     &weft_op_apply,      &weft_op_run,      &weft_op_load,
    &weft_op_preview,   &weft_op_test,     &weft_op_dev,        &weft_op_bump,     &weft_op_query,
    &weft_op_ls,        &weft_op_show,     &weft_op_status,     &weft_op_runs,     &weft_op_logs,
    &weft_op_snapshots, &weft_op_rollback, &weft_op_quarantine, &weft_op_drop,     &weft_op_ledger,
    &weft_op_export,    &weft_op_import,   &weft_op_env,        &weft_op_settings, &weft_op_schema,
    &weft_op_doctor,    &weft_op_version,  &weft_op_lineage,    &weft_op_can,      &weft_op_state,
    &weft_op_user,      &weft_op_service,  &weft_op_group,      &weft_op_key,      &weft_op_request,
    &weft_op_requests,  &weft_op_approve,  &weft_op_reject,     &weft_op_renew,    &weft_op_revoke,
    &weft_op_review,    &weft_op_audit,    &weft_op_access,
};

size_t weft_op_count(void)
{
    return WEFT_COUNT(ops);
}

const struct weft_op *weft_op_nth(size_t i)
{
    assert(i < WEFT_COUNT(ops));
    return ops[i];
}

const struct weft_op *weft_op_find(const char *name)
{
    for (size_t i = 0; i < WEFT_COUNT(ops); i++) {
        if (strcmp(ops[i]->name, name) == 0)
            return ops[i];
    }
    return NULL;
}

/* ---- JSON form ---- */

static int value_wrong(const struct weft_op_arg *arg, struct weft_error *error)
{
    static const char *const wanted[] = {
        [WEFT_ARG_FLAG] = "true or false",    [WEFT_ARG_TEXT] = "a text",
        [WEFT_ARG_TEXTS] = "a list of texts", [WEFT_ARG_WORD] = "a text",
        [WEFT_ARG_WORD_NEEDED] = "a text",    [WEFT_ARG_WORDS] = "a list of texts",
    };
    return weft_error_set(error, WEFT_E_USAGE, "the argument `%s` must be %s", arg->name,
                          wanted[arg->kind]);
}

static int texts_read(struct weft_arena *arena, const struct weft_op_arg *arg, yyjson_val *json,
                      struct weft_op_value *value, struct weft_error *error)
{
    if (!yyjson_is_arr(json))
        return value_wrong(arg, error);
    const char **texts = weft_arena_array(arena, yyjson_arr_size(json) + 1, sizeof *texts);
    if (texts == NULL)
        return weft_error_nomem(error);
    yyjson_val *item;
    yyjson_arr_iter iter = yyjson_arr_iter_with(json);
    while ((item = yyjson_arr_iter_next(&iter)) != NULL) {
        if (!yyjson_is_str(item))
            return value_wrong(arg, error);
        texts[value->count] = weft_arena_strdup(arena, yyjson_get_str(item));
        if (texts[value->count++] == NULL)
            return weft_error_nomem(error);
    }
    value->texts = texts;
    value->given = value->count > 0;
    return 0;
}

static int value_read(struct weft_arena *arena, const struct weft_op_arg *arg, yyjson_val *json,
                      struct weft_op_value *value, struct weft_error *error)
{
    switch (arg->kind) {
    case WEFT_ARG_FLAG:
        if (!yyjson_is_bool(json))
            return value_wrong(arg, error);
        value->given = yyjson_get_bool(json);
        return 0;
    case WEFT_ARG_TEXTS:
    case WEFT_ARG_WORDS:
        return texts_read(arena, arg, json, value, error);
    case WEFT_ARG_TEXT:
    case WEFT_ARG_WORD:
    case WEFT_ARG_WORD_NEEDED:
        break;
    }
    if (!yyjson_is_str(json))
        return value_wrong(arg, error);
    value->text = weft_arena_strdup(arena, yyjson_get_str(json));
    value->given = true;
    return value->text == NULL ? weft_error_nomem(error) : 0;
}

/* args may be NULL: then only what is needed is missed. */
static int args_read(struct weft_arena *arena, yyjson_val *args, struct weft_op_request *request,
                     struct weft_error *error)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(args);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        size_t i = weft_op_arg_index(request->op, yyjson_get_str(key));
        if (i == request->op->arg_count)
            return weft_error_set(error, WEFT_E_USAGE, "`%s` has no argument `%s`",
                                  request->op->name, yyjson_get_str(key));
        WEFT_TRY(value_read(arena, &request->op->args[i], yyjson_obj_iter_get_val(key),
                            &request->values[i], error));
    }
    for (size_t i = 0; i < request->op->arg_count; i++) {
        if (request->op->args[i].kind == WEFT_ARG_WORD_NEEDED && !request->values[i].given)
            return weft_error_set(error, WEFT_E_USAGE, "`%s` needs the argument `%s`",
                                  request->op->name, request->op->args[i].name);
    }
    return 0;
}

int weft_op_request_read(struct weft_arena *arena, const char *json, size_t length,
                         struct weft_op_request *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, length, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *name = yyjson_obj_get(root, "op");
    yyjson_val *args = yyjson_obj_get(root, "args");
    if (!yyjson_is_str(name) || (args != NULL && !yyjson_is_obj(args)))
        return weft_error_set(error, WEFT_E_USAGE, "a request is {\"op\": name, \"args\": {...}}");
    struct weft_op_request request = {.op = weft_op_find(yyjson_get_str(name))};
    if (request.op == NULL)
        return weft_error_set(error, WEFT_E_USAGE, "there is no operation `%s`",
                              yyjson_get_str(name));
    WEFT_TRY(args_read(arena, args, &request, error));
    *out = request;
    return 0;
}

/* ---- page ---- */

static void arg_print(const struct weft_op_arg *arg, struct weft_buf *out)
{
    bool word = arg->kind >= WEFT_ARG_WORD;
    weft_buf_adds(out, "| `");
    if (word)
        weft_buf_addf(out, "%s%s", arg->value, arg->kind == WEFT_ARG_WORDS ? " ..." : "");
    else if (arg->letter != 0)
        weft_buf_addf(out, "-%c, --%s", arg->letter, arg->name);
    else
        weft_buf_addf(out, "--%s", arg->name);
    if (!word && arg->value != NULL)
        weft_buf_addf(out, " %s", arg->value);
    weft_buf_addf(out, "` | %s |\n", arg->help);
}

/* "`plan`, `apply`" */
static void names_print(enum weft_op_who who, struct weft_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < WEFT_COUNT(ops); i++) {
        if (ops[i]->who == who)
            weft_buf_addf(out, "%s`%s`", any ? ", " : "", ops[i]->name);
        any = any || ops[i]->who == who;
    }
}

static void who_print(struct weft_buf *out)
{
    weft_buf_adds(out, "\n## Who may\n\nThe local operator, who owns the files of the home, all of "
                       "it. Whom `--as` or a key names:\n\n| commands | |\n|---|---|\n| ");
    names_print(WEFT_OP_PRINCIPAL, out);
    weft_buf_adds(out, " | what he may read, ask for and decide |\n| ");
    names_print(WEFT_OP_OPERATOR, out);
    weft_buf_adds(out, " | refused, exit status 3, before anything is looked at |\n| ");
    names_print(WEFT_OP_ANYONE, out);
    weft_buf_adds(out, " | as anybody: they touch no home |\n");
}

int weft_op_page_print(struct weft_buf *out, struct weft_error *error)
{
    weft_buf_adds(out, "# Commands\n\nMade from the table of operations; `weft help COMMAND` says "
                       "the same.\n");
    who_print(out);
    for (size_t i = 0; i < WEFT_COUNT(ops); i++) {
        const struct weft_op *op = ops[i];
        weft_buf_addf(out, "\n## weft %s\n\n%s\n", op->name, op->summary);
        if (op->help != NULL)
            weft_buf_addf(out, "\n%s\n", op->help);
        if (op->arg_count > 0)
            weft_buf_adds(out, "\n| argument | meaning |\n|---|---|\n");
        for (size_t a = 0; a < op->arg_count; a++)
            arg_print(&op->args[a], out);
    }
    return weft_buf_check(out, error);
}
