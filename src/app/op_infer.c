/*
 * op_infer.c - infer: a product file from data files, to standard output or to a new file.
 */
#include "app/editor.h"
#include "app/infer_files.h"
#include "app/ops_internal.h"

#include "base/fs.h"

#include <string.h>

#define INFER_TEXT_MAX ((size_t)64 << 20)

static const struct weft_op_arg infer_args[] = {
    {"file", 0, WEFT_ARG_WORDS, "FILE", "Files of one kind, .gz and .zst too."},
    {"output", 'o', WEFT_ARG_TEXT, "FILE",
     "Write to a new file, and name the data files relative to it; else relative to this folder."},
};

static void infer_tell(void *arg, const char *stage, const char *file, int64_t rows, int64_t bytes)
{
    struct weft_out *out = arg;
    struct weft_out_progress progress = {
        .what = file, .stage = stage, .rows = rows, .bytes_done = bytes};
    if (out->progress != NULL)
        out->progress(out->arg, &progress);
}

int weft_infer_root(struct weft_context *context, const char **root, struct weft_error *error)
{
    struct weft_error why = WEFT_ERROR_INIT;
    *root = context->root;
    if (context->root != NULL)
        return 0;
    if (weft_mesh_find_root(context->start, &context->root, &why) < 0 &&
        why.code != WEFT_E_NOT_FOUND) {
        if (error != NULL)
            *error = why;
        return -1;
    }
    *root = context->root;
    return 0;
}

static int file_find(struct weft_context *context, const struct weft_infer_ask *ask, size_t i,
                     struct weft_infer_file *out, struct weft_error *error)
{
    const char *shown = ask->files->texts[i];
    WEFT_CLEANUP(weft_freep) char *path = NULL;
    WEFT_CLEANUP(weft_freep) char *joined = weft_path_join(context->start, shown);
    if (joined == NULL)
        return weft_error_nomem(error);
    if (strstr(shown, "://") != NULL) {
        weft_error_set(error, WEFT_E_NOT_YET, "a URL cannot be looked at yet: %s", shown);
        return weft_error_hint(error,
                               "save the file, infer from it, then write the URL in `files:`");
    }
    WEFT_TRY(weft_path_absolute(joined, &path, error));
    if (weft_fs_is_dir(path)) {
        weft_error_set(error, WEFT_E_USAGE, "%s is a folder", shown);
        return weft_error_hint(error, "name its files: weft infer %s/*.csv", shown);
    }
    if (!weft_fs_exists(path))
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", shown);
    if (!weft_fs_is_file(path))
        return weft_error_set(error, WEFT_E_USAGE,
                              "%s is no regular file: it is read more than once", shown);
    out->shown = shown;
    out->path = weft_arena_strdup(context->arena, path);
    return out->path == NULL
               ? weft_error_nomem(error)
               : weft_editor_relative(context->arena, ask->folder, path, &out->named, error);
}

int weft_infer_files(struct weft_context *context, const struct weft_infer_ask *ask,
                     struct weft_out *out, struct weft_buf *text, struct weft_infer_result *result,
                     struct weft_error *error)
{
    const struct weft_settings *settings;
    size_t count = ask->files->count;
    struct weft_infer_file *files = weft_arena_array(context->arena, count, sizeof *files);
    WEFT_CLEANUP(weft_freep)
    char *schema =
        weft_path_join(ask->root == NULL ? ask->folder : ask->root, ".weft/schema/product.json");
    if (files == NULL || schema == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_context_settings(context, &settings, error));
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(file_find(context, ask, i, &files[i], error));
    struct weft_infer what = {
        .files = files,
        .file_count = count,
        .version = "0.1.0",
        .port = ask->port,
        .sql = ask->sql,
        .file_size_max = weft_settings_number(settings, WEFT_SETTING_FILE_SIZE_MAX),
        .record_size_max = weft_settings_number(settings, WEFT_SETTING_RECORD_SIZE_MAX),
        .columns_max = weft_settings_number(settings, WEFT_SETTING_COLUMNS_MAX),
        .tell = infer_tell,
        .tell_arg = out,
    };
    WEFT_TRY(weft_editor_relative(context->arena, ask->folder, schema, &what.editor_schema, error));
    int rc = weft_infer(context->arena, &what, text, result, error);
    struct weft_out_progress over = {.what = files[0].shown};
    if (out->progress != NULL)
        out->progress(out->arg, &over);
    return rc;
}

static int infer_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    const char *output = weft_op_text(request, "output");
    struct weft_infer_ask ask = {.files = weft_op_value(request, "file")};
    struct weft_infer_result result;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, INFER_TEXT_MAX);
    if (ask.files->count == 0) {
        weft_error_set(error, WEFT_E_USAGE, "`weft infer` needs FILE");
        return weft_error_hint(error, "as in: weft infer customers.csv > data_product.yaml");
    }
    WEFT_CLEANUP(weft_freep)
    char *joined = weft_path_join(context->start, output == NULL ? "data_product.yaml" : output);
    WEFT_CLEANUP(weft_freep) char *path = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &path, error));
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
    if (folder == NULL)
        return weft_error_nomem(error);
    if (output != NULL && weft_fs_exists(path))
        return weft_error_set(error, WEFT_E_EXISTS, "%s is there already", output);
    ask.folder = folder;
    WEFT_TRY(weft_infer_root(context, &ask.root, error));
    WEFT_TRY(weft_infer_files(context, &ask, out, &text, &result, error));
    if (ask.root != NULL)
        WEFT_TRY(weft_editor_schemas(ask.root, error));
    if (output == NULL)
        return weft_out_bytes(out, text.data, text.length, error);
    return weft_fs_write_file(path, text.data, text.length, error);
}

const struct weft_op weft_op_infer = {
    .name = "infer",
    .group = "start",
    .summary = "Print a product file made from data files.",
    .help =
        "The whole of the files is looked at: delimiter, encoding, header, types, date formats, "
        "words for null, required fields, patterns, small sets of values, the key. Each guess "
        "has a comment that says by what it was made; what is not certain is proposed there and "
        "not written. Used as it is, the file reads every record that is there now, but for "
        "those that it says a run sets aside. `weft new DOMAIN.PRODUCT --from FILE` puts it in "
        "its place.",
    .args = infer_args,
    .arg_count = WEFT_COUNT(infer_args),
    .who = WEFT_OP_ANYONE,
    .run = infer_run,
};
