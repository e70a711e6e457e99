/*
 * op_fmt.c - fmt: the files that people write, laid out as usual (codec/yaml_format.h).
 */
#include "app/ops_internal.h"
#include "app/query_internal.h"

#include "base/fs.h"
#include "codec/yaml_format.h"

#include <string.h>
#include <unistd.h>

static const struct weft_op_arg fmt_args[] = {
    {"file", 0, WEFT_ARG_WORDS, "FILE",
     "Files; - is standard input, written to standard output; without any, all of the checkout."},
    {"check", 0, WEFT_ARG_FLAG, NULL,
     "Change nothing; status 4 and their names when some are laid out otherwise."},
};

struct fmt {
    struct weft_context *context;
    struct weft_out *out;
    bool check;
    size_t looked, changed, wrong;
};

/* ---- which files ---- */

struct fmt_files {
    const char **items;
    size_t count, capacity;
};

static int files_add(struct fmt *fmt, struct fmt_files *files, const char *path,
                     struct weft_error *error)
{
    struct weft_arena *arena = fmt->context->arena;
    if (weft_arena_reserve(arena, &files->items, &files->capacity, files->count + 1,
                           sizeof *files->items) < 0)
        return weft_error_nomem(error);
    files->items[files->count] = weft_arena_strdup(arena, path);
    return files->items[files->count++] == NULL ? weft_error_nomem(error) : 0;
}

static bool name_ours(const char *name)
{
    size_t length = strlen(name);
    bool product = strncmp(name, "data_product", 12) == 0 && length >= 17 &&
                   strcmp(name + length - 5, ".yaml") == 0;
    return product || strcmp(name, "domain.yaml") == 0;
}

/* domains/<d>/... as the loader of checkouts goes through it. */
static int folder_walk(struct fmt *fmt, struct fmt_files *files, const char *folder, int depth,
                       struct weft_error *error)
{
    struct weft_fs_list list = {0};
    int rc = weft_fs_list(folder, &list, error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, list.names[i]);
        if (path == NULL)
            rc = weft_error_nomem(error);
        else if (list.names[i][0] != '.' && depth > 0 && weft_fs_is_dir(path))
            rc = folder_walk(fmt, files, path, depth - 1, error);
        else if (name_ours(list.names[i]) && weft_fs_is_file(path))
            rc = files_add(fmt, files, path, error);
    }
    weft_fs_list_free(&list);
    return rc > 0 ? 0 : rc;
}

static int files_find(struct fmt *fmt, const struct weft_op_value *words, struct fmt_files *files,
                      struct weft_error *error)
{
    struct weft_context *context = fmt->context;
    for (size_t i = 0; i < words->count; i++) {
        WEFT_CLEANUP(weft_freep)
        char *path = strcmp(words->texts[i], "-") == 0
                         ? weft_strdup("-")
                         : weft_path_join(context->start, words->texts[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        if (weft_fs_is_dir(path))
            WEFT_TRY(folder_walk(fmt, files, path, 4, error));
        else
            WEFT_TRY(files_add(fmt, files, path, error));
    }
    if (words->count > 0)
        return 0;
    if (context->root == NULL)
        WEFT_TRY(weft_mesh_find_root(context->start, &context->root, error));
    WEFT_CLEANUP(weft_freep) char *mesh = weft_path_join(context->root, "weft.yaml");
    WEFT_CLEANUP(weft_freep) char *domains = weft_path_join(context->root, "domains");
    if (mesh == NULL || domains == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(files_add(fmt, files, mesh, error));
    return folder_walk(fmt, files, domains, 3, error);
}

/* ---- one file ---- */

/* Whole or not at all, with the file's own mode. */
static int file_put(struct fmt *fmt, const char *path, const struct weft_buf *text,
                    struct weft_error *error)
{
    struct weft_output_file target;
    WEFT_TRY(weft_output_file_open(fmt->context->arena, NULL, path, &target, error));
    int rc = weft_fs_write(target.fd, text->data, text->length, path, error);
    if (rc == 0)
        rc = weft_fs_sync(target.fd, path, error);
    return weft_output_file_end(&target, rc, error);
}

static int file_tell(struct fmt *fmt, const char *shown, struct weft_error *error)
{
    struct weft_buf line;
    struct weft_json_writer json;
    weft_buf_init(&line, 65536);
    weft_json_writer_init(&json, &line);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "file", shown);
    weft_json_member_text(&json, "state", fmt->check ? "would change" : "changed");
    weft_json_end_object(&json);
    int rc = weft_out_json(fmt->out, &line, error);
    weft_buf_release(&line);
    WEFT_TRY(rc);
    return weft_out_line(fmt->out, WEFT_STYLE_CHANGED, error, "%s %s",
                         fmt->check ? "would change" : "changed", shown);
}

static int file_format(struct fmt *fmt, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf before;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf after;
    bool standard = strcmp(path, "-") == 0;
    const char *shown = standard ? "standard input" : path;
    weft_diag_init(&diag);
    weft_buf_init(&before, 4 * WEFT_YAML_BYTES_MAX);
    weft_buf_init(&after, 16 * WEFT_YAML_BYTES_MAX);
    if (arena == NULL)
        return weft_error_nomem(error);
    if (!standard && fmt->context->root != NULL &&
        strncmp(path, fmt->context->root, strlen(fmt->context->root)) == 0 &&
        path[strlen(fmt->context->root)] == '/')
        shown = path + strlen(fmt->context->root) + 1;
    int rc = standard ? weft_fs_read_file("/dev/stdin", WEFT_YAML_BYTES_MAX, &before, error)
                      : weft_fs_read_regular(path, WEFT_YAML_BYTES_MAX, &before, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", shown);
    WEFT_TRY(rc);
    fmt->looked++;
    rc = weft_yaml_format(arena, before.data, before.length, shown, &diag, &after, error);
    weft_out_diag(fmt->out, &diag);
    if (rc > 0 || (rc < 0 && error != NULL && error->code == WEFT_E_REFUSED)) {
        if (rc < 0)
            weft_out_warn(fmt->out, "%s", error->message);
        fmt->wrong++;
        return 0;
    }
    WEFT_TRY(rc);
    bool same = before.length == after.length && memcmp(before.data, after.data, after.length) == 0;
    fmt->changed += !same;
    if (standard && !fmt->check)
        return weft_out_bytes(fmt->out, after.data, after.length, error);
    if (same)
        return 0;
    if (!fmt->check)
        WEFT_TRY(file_put(fmt, path, &after, error));
    return file_tell(fmt, shown, error);
}

static int fmt_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    struct fmt fmt = {.context = context, .out = out, .check = weft_op_given(request, "check")};
    struct fmt_files files = {0};
    WEFT_TRY(files_find(&fmt, weft_op_value(request, "file"), &files, error));
    for (size_t i = 0; i < files.count; i++)
        WEFT_TRY(file_format(&fmt, files.items[i], error));
    if (fmt.wrong > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu file%s could not be formatted; %s",
                              fmt.wrong, fmt.wrong == 1 ? "" : "s",
                              fmt.wrong == 1 ? "it is as before" : "they are as before");
    if (fmt.check && fmt.changed > 0)
        return WEFT_CHANGED;
    if (fmt.changed == 0 && !(files.count == 1 && strcmp(files.items[0], "-") == 0))
        return weft_out_line(out, WEFT_STYLE_DIM, error, "%zu file%s: nothing to change",
                             fmt.looked, fmt.looked == 1 ? "" : "s");
    return 0;
}

const struct weft_op weft_op_fmt = {
    .name = "fmt",
    .group = "start",
    .summary = "Lay product, domain and mesh files out as usual; comments stay.",
    .help =
        "Indentation, blanks, line ends and needless quotes change; the order, the comments and "
        "where lines are broken stay. Each result is read again before it is written, and must "
        "be the same document. With --check nothing is written: for hooks and continuous "
        "integration.",
    .args = fmt_args,
    .arg_count = WEFT_COUNT(fmt_args),
    .who = WEFT_OP_ANYONE,
    .run = fmt_run,
};
