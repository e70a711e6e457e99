/*
 * file.c - a plan kept in a file, to be applied later as it was shown.
 *
 * JSON: {"format": 1, "weft", "mesh", "environment", "head": {"sequence", "hash"} or null (no home
 * yet), "product": [...], "exclude": [...] (the selection), "because" (or null), "files":
 * [{"product", "major", "file", "digest"}] (all that were selected), "actions" (SHA-256 over what
 * is to be done), "items": as `plan --json`}. Nothing of it is trusted: apply makes the plan anew
 * and compares.
 */
#include "plan/file.h"

#include "base/fs.h"
#include "context/output_file.h"

#include <string.h>

#define PLAN_FILE_FORMAT 1
#define PLAN_FILE_MAX ((size_t)256 << 20)

/* ---- what is to be done, as one digest ---- */

static void action_add(struct weft_sha256 *hash, const struct weft_plan *plan,
                       const struct weft_plan_item *item, struct weft_buf *line)
{
    const struct weft_book_item *of = &plan->book.items[item->item];
    weft_buf_clear(line);
    weft_buf_addf(line, "%s %s@%d %s %s\n", weft_plan_action_name(item->action), item->full_name,
                  item->major, item->product == NULL ? "-" : item->product->digest,
                  item->was == NULL ? "-" : item->was);
    for (size_t i = 0; item->product != NULL && i < of->read_count; i++)
        weft_buf_addf(line, "reads %s %s@%d\n", of->reads[i].name, of->reads[i].full_name,
                      of->reads[i].major);
    weft_sha256_add(hash, line->data, line->length);
}

/* Nothing where there is nothing: plans kept before have the same digest. */
static void policies_add(struct weft_sha256 *hash, const struct weft_plan *plan,
                         struct weft_buf *line)
{
    weft_buf_clear(line);
    for (size_t i = 0; i < plan->policy_count; i++) {
        const struct weft_policy_change *change = &plan->policies[i];
        weft_buf_addf(line, "policy %s %s\n",
                      change->after == NULL ? change->before->name : change->after->name,
                      change->after == NULL ? "dropped" : change->after->digest);
    }
    for (size_t i = 0; i < plan->team_count; i++) {
        weft_buf_addf(line, "team %s", plan->teams[i].domain->name);
        for (size_t m = 0; m < plan->teams[i].members.count; m++)
            weft_buf_addf(line, " %s", plan->teams[i].members.items[m]);
        weft_buf_addc(line, '\n');
    }
    weft_sha256_add(hash, line->data, line->length);
}

static int actions_digest(const struct weft_plan *plan, char out[WEFT_SHA256_HEX],
                          struct weft_error *error)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[WEFT_SHA256_BYTES];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    WEFT_CLEANUP(weft_sha256_freep) struct weft_sha256 *hash = weft_sha256_new();
    weft_buf_init(&line, 1 << 20);
    if (hash == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < plan->count; i++)
        action_add(hash, plan, &plan->items[i], &line);
    policies_add(hash, plan, &line);
    WEFT_TRY(weft_buf_check(&line, error));
    weft_sha256_end(hash, bytes);
    for (size_t i = 0; i < WEFT_SHA256_BYTES; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * WEFT_SHA256_BYTES] = '\0';
    return 0;
}

/* ---- writing ---- */

static void words_json(struct weft_json_writer *json, const char *key,
                       const struct weft_op_value *value)
{
    weft_json_key(json, key);
    weft_json_begin_array(json);
    for (size_t i = 0; i < value->count; i++)
        weft_json_put_text(json, value->texts[i]);
    weft_json_end_array(json);
}

static void files_json(struct weft_json_writer *json, const struct weft_plan *plan)
{
    weft_json_key(json, "files");
    weft_json_begin_array(json);
    for (size_t i = 0; i < plan->book.count; i++) {
        const struct weft_product *product = plan->book.items[i].product;
        if (!plan->chosen[i] || product == NULL)
            continue;
        weft_json_begin_object(json);
        weft_json_member_text(json, "product", product->full_name);
        weft_json_member_int(json, "major", product->major);
        weft_json_member_text(json, "file", product->file);
        weft_json_member_text(json, "digest", product->digest);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

static int file_print(const struct weft_op_request *request, const struct weft_plan *plan,
                      struct weft_buf *out, struct weft_error *error)
{
    char actions[WEFT_SHA256_HEX];
    struct weft_json_writer json;
    WEFT_TRY(actions_digest(plan, actions, error));
    weft_json_writer_init(&json, out);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "format", PLAN_FILE_FORMAT);
    weft_json_member_text(&json, "weft", WEFT_VERSION);
    weft_json_member_text(&json, "mesh", plan->book.mesh->name);
    weft_json_member_text(&json, "environment", plan->book.mesh->environment->name);
    weft_json_key(&json, "head");
    if (plan->sequence == 0)
        weft_json_put_null(&json);
    else {
        weft_json_begin_object(&json);
        weft_json_member_int(&json, "sequence", plan->sequence);
        weft_json_member_text(&json, "hash", plan->head);
        weft_json_end_object(&json);
    }
    words_json(&json, "product", weft_op_value(request, "product"));
    words_json(&json, "exclude", weft_op_value(request, "exclude"));
    weft_json_member_text(&json, "because", weft_op_text(request, "because"));
    files_json(&json, plan);
    weft_json_member_text(&json, "actions", actions);
    weft_json_key(&json, "items");
    weft_plan_json(plan, &json);
    weft_json_end_object(&json);
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

int weft_plan_file_write(struct weft_context *context, const struct weft_op_request *request,
                         const struct weft_plan *plan, const char *path, struct weft_error *error)
{
    const char *home = NULL;
    struct weft_output_file target;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, PLAN_FILE_MAX);
    WEFT_TRY(file_print(request, plan, &text, error));
    if (context->state == NULL)
        WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_TRY(weft_output_file_open(context->arena, home, path, &target, error));
    int rc = weft_fs_write(target.fd, text.data, text.length, path, error);
    return weft_output_file_end(&target, rc, error);
}

/* ---- reading ---- */

static int file_wrong(const char *path, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INVALID, "%s is no plan that this version can apply", path);
    return weft_error_hint(error, "`weft plan --out %s` writes one", path);
}

static int words_read(struct weft_arena *arena, yyjson_val *list, struct weft_op_value *out,
                      struct weft_error *error)
{
    yyjson_arr_iter iter;
    yyjson_val *item;
    const char **texts = weft_arena_array(arena, yyjson_arr_size(list) + 1, sizeof *texts);
    if (texts == NULL)
        return weft_error_nomem(error);
    *out = (struct weft_op_value){.texts = texts};
    yyjson_arr_iter_init(list, &iter);
    while ((item = yyjson_arr_iter_next(&iter)) != NULL) {
        const char *text = yyjson_get_str(item);
        if (text == NULL)
            continue;
        texts[out->count] = weft_arena_strdup(arena, text);
        if (texts[out->count++] == NULL)
            return weft_error_nomem(error);
    }
    out->given = out->count > 0;
    return 0;
}

int weft_plan_file_read(struct weft_context *context, const char *path, struct weft_plan_file *out,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_error why = WEFT_ERROR_INIT;
    weft_buf_init(&text, PLAN_FILE_MAX + 1);
    *out = (struct weft_plan_file){.path = path};
    int rc = weft_fs_read_regular(path, PLAN_FILE_MAX, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", path);
    WEFT_TRY(rc);
    if (weft_json_parse(text.data, text.length, 0, &out->document, &why) < 0)
        return why.code == WEFT_E_NOMEM ? weft_error_nomem(error) : file_wrong(path, error);
    yyjson_val *root = yyjson_doc_get_root(out->document);
    yyjson_val *head = yyjson_obj_get(root, "head");
    if (yyjson_get_sint(yyjson_obj_get(root, "format")) != PLAN_FILE_FORMAT ||
        !yyjson_is_str(yyjson_obj_get(root, "mesh")) ||
        !yyjson_is_str(yyjson_obj_get(root, "environment")) ||
        !yyjson_is_arr(yyjson_obj_get(root, "files")) ||
        !yyjson_is_str(yyjson_obj_get(root, "actions")) || head == NULL ||
        (!yyjson_is_null(head) && !yyjson_is_str(yyjson_obj_get(head, "hash"))))
        return file_wrong(path, error);
    const char *because = yyjson_get_str(yyjson_obj_get(root, "because"));
    if (because != NULL) {
        out->because.given = true;
        out->because.text = weft_arena_strdup(context->arena, because);
        if (out->because.text == NULL)
            return weft_error_nomem(error);
    }
    WEFT_TRY(words_read(context->arena, yyjson_obj_get(root, "product"), &out->product, error));
    return words_read(context->arena, yyjson_obj_get(root, "exclude"), &out->exclude, error);
}

void weft_plan_file_release(struct weft_plan_file *file)
{
    weft_json_freep(&file->document);
}

/* ---- is the world still the same? ---- */

static int changed(const struct weft_plan_file *file, struct weft_error *error)
{
    return weft_error_hint(
        error, "make the plan again: `weft plan --out %s`, and have it looked at", file->path);
}

static int same_place(const struct weft_plan_file *file, const struct weft_plan *plan,
                      yyjson_val *root, struct weft_error *error)
{
    const char *mesh = yyjson_get_str(yyjson_obj_get(root, "mesh"));
    const char *environment = yyjson_get_str(yyjson_obj_get(root, "environment"));
    if (strcmp(mesh, plan->book.mesh->name) == 0 &&
        strcmp(environment, plan->book.mesh->environment->name) == 0)
        return 0;
    return weft_error_set(error, WEFT_E_CONFLICT,
                          "%s is a plan of the mesh `%s`, environment `%s`, and this is `%s`, `%s`",
                          file->path, mesh, environment, plan->book.mesh->name,
                          plan->book.mesh->environment->name);
}

static int same_head(const struct weft_plan_file *file, const struct weft_plan *plan,
                     yyjson_val *root, struct weft_error *error)
{
    yyjson_val *head = yyjson_obj_get(root, "head");
    const char *hash = yyjson_get_str(yyjson_obj_get(head, "hash"));
    int64_t sequence = yyjson_get_sint(yyjson_obj_get(head, "sequence"));
    if (hash == NULL ? plan->sequence == 0 : strcmp(hash, plan->head) == 0)
        return 0;
    weft_error_set(error, WEFT_E_CONFLICT,
                   "the home changed since the plan was made: its ledger was at entry %" PRId64
                   " and is at %" PRId64,
                   sequence, plan->sequence);
    return changed(file, error);
}

static int same_files(const struct weft_plan_file *file, const struct weft_plan *plan,
                      yyjson_val *root, struct weft_error *error)
{
    size_t known = 0, now = 0;
    yyjson_arr_iter iter;
    yyjson_val *item;
    yyjson_arr_iter_init(yyjson_obj_get(root, "files"), &iter);
    while ((item = yyjson_arr_iter_next(&iter)) != NULL) {
        const char *name = yyjson_get_str(yyjson_obj_get(item, "product"));
        const char *digest = yyjson_get_str(yyjson_obj_get(item, "digest"));
        const char *shown = yyjson_get_str(yyjson_obj_get(item, "file"));
        int major = yyjson_get_int(yyjson_obj_get(item, "major"));
        if (name == NULL || digest == NULL || shown == NULL)
            return file_wrong(file->path, error);
        size_t at = weft_book_find(&plan->book, name, major);
        const struct weft_product *product =
            at == WEFT_BOOK_NONE ? NULL : plan->book.items[at].product;
        known++;
        if (product != NULL && strcmp(product->digest, digest) == 0)
            continue;
        weft_error_set(error, WEFT_E_CONFLICT, "%s %s since the plan was made", shown,
                       product == NULL ? "is gone" : "was changed");
        return changed(file, error);
    }
    for (size_t i = 0; i < plan->book.count; i++)
        now += plan->chosen[i] && plan->book.items[i].product != NULL;
    if (known == now)
        return 0;
    weft_error_set(error, WEFT_E_CONFLICT,
                   "there are other product files than when the plan was "
                   "made: %zu then, %zu now",
                   known, now);
    return changed(file, error);
}

int weft_plan_file_check(const struct weft_plan_file *file, const struct weft_plan *plan,
                         struct weft_error *error)
{
    char actions[WEFT_SHA256_HEX];
    yyjson_val *root = yyjson_doc_get_root(file->document);
    WEFT_TRY(same_place(file, plan, root, error));
    WEFT_TRY(same_files(file, plan, root, error));
    WEFT_TRY(same_head(file, plan, root, error));
    WEFT_TRY(actions_digest(plan, actions, error));
    if (strcmp(actions, yyjson_get_str(yyjson_obj_get(root, "actions"))) == 0)
        return 0;
    weft_error_set(error, WEFT_E_CONFLICT, "the plan would be another one now");
    return changed(file, error);
}
