/*
 * op_import.c - import: product files from what another tool wrote (import.h). Nothing that is
 * there is written over. All files are made in a folder aside, moved into their places, and the
 * checkout is read again: where one of them has a mistake, or a move fails, all are taken back.
 * What an import that was killed between two moves left is whole, and the same import goes on with
 * it.
 */
#include "app/editor.h"
#include "app/infer_files.h"
#include "app/ops_internal.h"
#include "exchange/import.h"

#include "base/fault.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct weft_op_arg import_args[] = {
    {"file", 0, WEFT_ARG_WORD_NEEDED, "FILE", "What the other tool wrote."},
    {"from", 0, WEFT_ARG_TEXT, "FORMAT", "dbt, great-expectations, json-schema, odcs, sql."},
    {"into", 0, WEFT_ARG_TEXT, "DOMAIN[.PRODUCT]",
     "The domain of the products; with a product where the file describes one."},
    {"dry-run", 'n', WEFT_ARG_FLAG, NULL, "Say what would be made; write nothing."},
};

struct importing {
    struct weft_context *context;
    struct weft_out *out;
    const struct weft_importer *importer;
    struct weft_import import;
    const char *root;
    const char *stage;  /* absolute; NULL = none was made */
    const char **moved; /* absolute folders that are in their places */
    size_t moved_count;
    bool *there; /* of each file: an import that was killed made it */
};

/* ---- the question ---- */

static int importer_find(struct importing *importing, const char *name, struct weft_error *error)
{
    const char *names[16];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf known;
    weft_buf_init(&known, 4096);
    for (size_t i = 0; i < weft_importer_count; i++) {
        names[i] = weft_importers[i].name;
        if (name != NULL && strcmp(names[i], name) == 0)
            importing->importer = &weft_importers[i];
        weft_buf_addf(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    if (importing->importer != NULL)
        return 0;
    if (name == NULL)
        weft_error_set(error, WEFT_E_USAGE, "`weft import` needs --from FORMAT");
    else
        weft_error_set(error, WEFT_E_USAGE, "there is no import from `%s`", name);
    const char *near = name == NULL ? NULL : weft_suggest(name, names, weft_importer_count);
    if (near != NULL)
        return weft_error_hint(error, "did you mean %s?", near);
    return weft_error_hint(error, "known: %s", known.data);
}

static int into_read(struct importing *importing, const char *word, struct weft_error *error)
{
    struct weft_arena *arena = importing->context->arena;
    struct weft_import *import = &importing->import;
    if (word == NULL)
        return 0;
    const char *dot = strchr(word, '.');
    import->domain =
        weft_arena_strndup(arena, word, dot == NULL ? strlen(word) : (size_t)(dot - word));
    import->product = dot == NULL ? NULL : weft_arena_strdup(arena, dot + 1);
    if (import->domain == NULL || (dot != NULL && import->product == NULL))
        return weft_error_nomem(error);
    bool legal = weft_name_valid(import->domain) && strcmp(import->domain, "mesh") != 0 &&
                 (dot == NULL || weft_name_valid(import->product));
    if (legal)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` is not DOMAIN or DOMAIN.PRODUCT", word);
    return weft_error_hint(error, "small letters, digits and _, as in shop.orders");
}

static int text_take(struct weft_arena *arena, const struct weft_buf *buf, const char **data,
                     size_t *length, struct weft_error *error)
{
    *data = weft_arena_strndup(arena, buf->data, buf->length);
    *length = buf->length;
    return *data == NULL ? weft_error_nomem(error) : 0;
}

static int source_read(struct importing *importing, const char *word, struct weft_error *error)
{
    struct weft_import *import = &importing->import;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(importing->context->start, word);
    weft_buf_init(&text, WEFT_IMPORT_BYTES_MAX + 1);
    if (path == NULL)
        return weft_error_nomem(error);
    if (weft_fs_is_dir(path))
        return weft_error_set(error, WEFT_E_USAGE, "%s is a folder", word);
    int rc = weft_fs_read_file(path, WEFT_IMPORT_BYTES_MAX, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", word);
    WEFT_TRY(rc);
    size_t good = weft_utf8_valid(text.data, text.length);
    if (good < text.length)
        return weft_error_set(error, WEFT_E_INVALID, "%s is not UTF-8 at byte %zu", word, good);
    WEFT_TRY(text_take(import->arena, &text, &import->data, &import->length, error));
    import->shown = word;
    if (importing->importer->beside == NULL)
        return 0;
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
    WEFT_CLEANUP(weft_freep)
    char *beside = folder == NULL ? NULL : weft_path_join(folder, importing->importer->beside);
    if (beside == NULL)
        return weft_error_nomem(error);
    weft_buf_clear(&text);
    rc = weft_fs_read_file(beside, WEFT_IMPORT_BYTES_MAX, &text, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || weft_utf8_valid(text.data, text.length) < text.length)
        return 0;
    return text_take(import->arena, &text, &import->beside, &import->beside_length, error);
}

/* ---- writing ---- */

static const char *folder_of(struct importing *importing, const char *root, const char *path)
{
    const char *slash = strrchr(path, '/');
    return weft_arena_format(importing->import.arena, "%s/%.*s", root, (int)(slash - path), path);
}

/* Is it there as we would write it? Where another process writes just now, it is not. */
static int file_is_there(struct importing *importing, const struct weft_import_file *file, bool *is,
                         struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(importing->root, file->path);
    weft_buf_init(&text, file->length + 65536);
    if (path == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_read_regular(path, file->length, &text, &own);
    if (rc < 0 && own.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    *is = rc == 0 && text.length == file->length && memcmp(text.data, file->text, text.length) == 0;
    return 0;
}

/* Marks the files that are there; *left: some are, and some are not. */
static int there_find(struct importing *importing, bool *left, struct weft_error *error)
{
    struct weft_import *import = &importing->import;
    size_t count = 0;
    importing->there = weft_arena_array(import->arena, import->file_count, sizeof(bool));
    if (importing->there == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < import->file_count; i++) {
        WEFT_TRY(file_is_there(importing, &import->files[i], &importing->there[i], error));
        count += importing->there[i];
    }
    *left = count > 0 && count < import->file_count;
    for (size_t i = 0; !*left && i < import->file_count; i++)
        importing->there[i] = false; /* it was done: then its places are taken */
    return 0;
}

/* Neither a folder nor a name of the checkout may be taken. */
static int places_free(struct importing *importing, struct weft_error *error)
{
    struct weft_import *import = &importing->import;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_mesh_freep) struct weft_mesh *mesh = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    bool left = false;
    weft_diag_init(&diag);
    WEFT_TRY(there_find(importing, &left, error));
    if (weft_mesh_load(importing->root, importing->context->environment, &diag, &mesh, &ignored) <
            0 &&
        ignored.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    for (size_t i = 0; i < import->file_count; i++) {
        const struct weft_import_file *file = &import->files[i];
        const char *folder = folder_of(importing, importing->root, file->path);
        const char *taken = NULL;
        if (folder == NULL)
            return weft_error_nomem(error);
        if (importing->there[i])
            continue;
        if (weft_fs_exists(folder))
            taken = folder + strlen(importing->root) + 1;
        else if (mesh != NULL && weft_mesh_product(mesh, file->product, WEFT_MAJOR_NEWEST) != NULL)
            taken = weft_mesh_product(mesh, file->product, WEFT_MAJOR_NEWEST)->file;
        if (taken == NULL)
            continue;
        weft_error_set(error, WEFT_E_EXISTS, "%s is there already: %s; nothing was changed",
                       file->product, taken);
        return weft_error_hint(error, "choose another place with --into");
    }
    return 0;
}

#define STAGE "import-"

/* What killed imports left. */
static int stages_sweep(struct importing *importing, struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_fs_list list = {0};
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(importing->root, ".weft");
    int pid;
    unsigned long long start;
    if (folder == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_is_dir(folder))
        return 0;
    int rc = weft_fs_list(folder, &list, error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (sscanf(list.names[i], STAGE "%d-%llu-", &pid, &start) != 2 ||
            weft_process_alive(pid, start))
            continue;
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, list.names[i]);
        if (path == NULL)
            rc = weft_error_nomem(error);
        else if (weft_fs_remove_tree(path, &ignored) < 0)
            weft_error_clear(&ignored); /* it does no harm there */
    }
    weft_fs_list_free(&list);
    return rc;
}

static int stage_write(struct importing *importing, struct weft_error *error)
{
    struct weft_import *import = &importing->import;
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_uuid(id, error));
    WEFT_TRY(stages_sweep(importing, error));
    /* The name tells whether the one that made it still lives. */
    importing->stage =
        weft_arena_format(import->arena, "%s/.weft/" STAGE "%d-%" PRIu64 "-%s", importing->root,
                          (int)getpid(), weft_process_start_time(getpid()), id);
    if (importing->stage == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < import->file_count; i++) {
        const struct weft_import_file *file = &import->files[i];
        const char *folder = folder_of(importing, importing->stage, file->path);
        const char *path = weft_arena_format(import->arena, "%s/%s", importing->stage, file->path);
        if (folder == NULL || path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_mkdirs(folder, error));
        WEFT_TRY(weft_fs_write_new(path, file->text, file->length, error));
        WEFT_TRY(weft_fs_sync_path(folder, error));
    }
    return 0;
}

static int stage_move(struct importing *importing, struct weft_error *error)
{
    struct weft_import *import = &importing->import;
    importing->moved = weft_arena_array(import->arena, import->file_count, sizeof(char *));
    if (importing->moved == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < import->file_count; i++) {
        const char *from = folder_of(importing, importing->stage, import->files[i].path);
        const char *to = folder_of(importing, importing->root, import->files[i].path);
        WEFT_CLEANUP(weft_freep) char *above = to == NULL ? NULL : weft_path_dirname(to);
        if (from == NULL || above == NULL)
            return weft_error_nomem(error);
        if (!weft_fs_exists(from) || importing->there[i])
            continue; /* went with an earlier file of its folder, or before */
        if (weft_fault_point("import.move"))
            return weft_error_set(error, WEFT_E_IO, "stopped at import.move");
        WEFT_TRY(weft_fs_mkdirs(above, error));
        int rc = weft_fs_move(from, to, error);
        /* A move may fail behind the rename: then it is to be taken back, too. */
        if (rc == 0 || !weft_fs_exists(from))
            importing->moved[importing->moved_count++] = to;
        WEFT_TRY(rc);
        if (rc > 0)
            return weft_error_set(error, WEFT_E_EXISTS, "%s was made by someone else", to);
        WEFT_TRY(weft_fs_sync_path(above, error));
    }
    return 0;
}

static bool is_ours(const struct importing *importing, const char *file)
{
    for (size_t i = 0; i < importing->import.file_count; i++) {
        if (strcmp(importing->import.files[i].path, file) == 0)
            return true;
    }
    return false;
}

/* The checkout must read as `weft validate` wants it, as far as it is ours. */
static int result_check(struct importing *importing, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_mesh_freep) struct weft_mesh *mesh = NULL;
    weft_diag_init(&diag);
    WEFT_TRY(weft_mesh_load(importing->root, importing->context->environment, &diag, &mesh, error));
    weft_diag_sort(&diag);
    for (size_t i = 0; i < diag.count; i++) {
        const struct weft_diag_item *item = &diag.items[i];
        if (item->severity != WEFT_SEVERITY_ERROR || !is_ours(importing, item->file))
            continue;
        weft_error_set(error, WEFT_E_INVALID, "%s:%d:%d, made from %s, would be wrong: %s",
                       item->file, item->line, item->column, importing->import.shown,
                       item->message);
        return weft_error_hint(error, "nothing was written; %s",
                               item->hint == NULL ? "see --dry-run" : item->hint);
    }
    return 0;
}

/* What plan would refuse of what was made: SQL that does not fit what it reads. It is told, and for
 * a person to repair: the rest of a large project stands. */
static int result_judge(struct importing *importing, struct weft_error *error)
{
    struct weft_context *context = importing->context;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    WEFT_TRY(weft_mesh_load(context->root, context->environment, &diag, &context->mesh, error));
    if (context->mesh == NULL)
        return 0; /* other files of the checkout are wrong: validate tells */
    WEFT_TRY(weft_validate_reads(context, &diag, error));
    weft_diag_sort(&diag);
    for (size_t i = 0; i < diag.count; i++) {
        const struct weft_diag_item *item = &diag.items[i];
        if (item->severity != WEFT_SEVERITY_ERROR || !is_ours(importing, item->file))
            continue;
        WEFT_TRY(weft_import_note_add(
            &importing->import, WEFT_IMPORT_REFUSED, NULL, (struct weft_place){0}, error,
            "%s:%d:%d: %s%s%s", item->file, item->line, item->column, item->message,
            item->hint == NULL ? "" : "; ", item->hint == NULL ? "" : item->hint));
    }
    return 0;
}

static int import_write(struct importing *importing, struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_TRY(places_free(importing, error));
    int rc = stage_write(importing, error);
    if (rc == 0)
        rc = stage_move(importing, error);
    if (rc == 0)
        rc = result_check(importing, error);
    for (size_t i = 0; rc < 0 && i < importing->moved_count; i++) {
        if (weft_fs_remove_tree(importing->moved[i], &ignored) < 0)
            weft_out_warn(importing->out, "%s could not be removed: %s", importing->moved[i],
                          ignored.message);
        WEFT_CLEANUP(weft_freep) char *above = weft_path_dirname(importing->moved[i]);
        if (above != NULL && weft_fs_rmdir(above, &ignored) < 0)
            weft_error_clear(&ignored); /* other products are in it */
    }
    if (importing->stage != NULL && weft_fs_remove_tree(importing->stage, &ignored) < 0)
        weft_out_warn(importing->out, "%s could not be removed: %s", importing->stage,
                      ignored.message);
    return rc;
}

/* ---- telling ---- */

static void note_json(struct weft_json_writer *json, const struct weft_import_note *note)
{
    weft_json_begin_object(json);
    weft_json_member_text(json, "fate", weft_import_fate_name(note->fate));
    weft_json_member_text(json, "product", note->product);
    weft_json_member_int(json, "line", note->place.line);
    weft_json_member_int(json, "column", note->place.column);
    weft_json_member_text(json, "text", note->text);
    weft_json_end_object(json);
}

static int tell_json(struct importing *importing, struct weft_error *error)
{
    const struct weft_import *import = &importing->import;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, WEFT_IMPORT_BYTES_MAX);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_key(&json, "files");
    weft_json_begin_array(&json);
    for (size_t i = 0; i < import->file_count; i++)
        weft_json_put_text(&json, import->files[i].path);
    weft_json_end_array(&json);
    weft_json_key(&json, "notes");
    weft_json_begin_array(&json);
    for (size_t i = 0; i < import->note_count; i++)
        note_json(&json, &import->notes[i]);
    weft_json_end_array(&json);
    weft_json_end_object(&json);
    return weft_out_json(importing->out, &buf, error);
}

static size_t fate_count(const struct weft_import *import, enum weft_import_fate fate,
                         const char *product)
{
    size_t count = 0;
    for (size_t i = 0; i < import->note_count; i++)
        count += import->notes[i].fate == fate &&
                 (product == NULL || (import->notes[i].product != NULL &&
                                      strcmp(import->notes[i].product, product) == 0));
    return count;
}

static int tell_fate(struct importing *importing, enum weft_import_fate fate, const char *title,
                     struct weft_error *error)
{
    const struct weft_import *import = &importing->import;
    if (fate_count(import, fate, NULL) == 0)
        return 0;
    enum weft_style style = fate == WEFT_IMPORT_CHANGED ? WEFT_STYLE_DIM : WEFT_STYLE_CHANGED;
    WEFT_TRY(weft_out_line(importing->out, WEFT_STYLE_TITLE, error, "%s", title));
    for (size_t i = 0; i < import->note_count; i++) {
        const struct weft_import_note *note = &import->notes[i];
        char place[64] = "";
        if (note->fate != fate)
            continue;
        if (note->place.line > 0)
            snprintf(place, sizeof place, ":%d:%d", note->place.line, note->place.column);
        WEFT_TRY(weft_out_line(importing->out, style, error, "  %s%s: %s%s%s", import->shown, place,
                               note->product == NULL ? "" : note->product,
                               note->product == NULL ? "" : ": ", note->text));
    }
    return 0;
}

static int import_tell(struct importing *importing, bool dry, struct weft_error *error)
{
    const struct weft_import *import = &importing->import;
    size_t products = 0;
    WEFT_TRY(tell_json(importing, error));
    if (!importing->out->for_people)
        return 0;
    for (size_t i = 0; i < import->file_count; i++) {
        const struct weft_import_file *file = &import->files[i];
        if (strstr(file->path, ".yaml") == NULL || strstr(file->path, ".odcs.yaml") != NULL)
            continue;
        products++;
        WEFT_TRY(weft_out_line(importing->out, WEFT_STYLE_ADDED, error,
                               "  + %s   %s   %zu taken, %zu not", file->product, file->path,
                               fate_count(import, WEFT_IMPORT_TAKEN, file->product),
                               fate_count(import, WEFT_IMPORT_LEFT, file->product)));
    }
    WEFT_TRY(tell_fate(importing, WEFT_IMPORT_CHANGED, "Taken in another form:", error));
    WEFT_TRY(tell_fate(importing, WEFT_IMPORT_OPEN, "To be filled in:", error));
    WEFT_TRY(tell_fate(importing, WEFT_IMPORT_LEFT, "Not taken over:", error));
    WEFT_TRY(
        tell_fate(importing, WEFT_IMPORT_REFUSED, "To be repaired, or plan refuses it:", error));
    WEFT_TRY(weft_out_line(
        importing->out, WEFT_STYLE_GOOD, error,
        "%zu product%s %s from %s: %zu taken, %zu in another form, %zu to be "
        "filled in, %zu not taken over, %zu to be repaired",
        products, products == 1 ? "" : "s", dry ? "would be made" : "made", import->shown,
        fate_count(import, WEFT_IMPORT_TAKEN, NULL), fate_count(import, WEFT_IMPORT_CHANGED, NULL),
        fate_count(import, WEFT_IMPORT_OPEN, NULL), fate_count(import, WEFT_IMPORT_LEFT, NULL),
        fate_count(import, WEFT_IMPORT_REFUSED, NULL)));
    return dry ? 0
               : weft_out_line(importing->out, WEFT_STYLE_PLAIN, error, "Try next: weft validate");
}

static int import_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    struct importing importing = {.context = context, .out = out};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new((size_t)2 << 30);
    if (arena == NULL)
        return weft_error_nomem(error);
    importing.import.arena = arena;
    WEFT_TRY(importer_find(&importing, weft_op_text(request, "from"), error));
    WEFT_TRY(into_read(&importing, weft_op_text(request, "into"), error));
    WEFT_TRY(source_read(&importing, weft_op_text(request, "file"), error));
    if (context->root == NULL)
        WEFT_TRY(weft_mesh_find_root(context->start, &context->root, error));
    importing.root = context->root;
    WEFT_TRY(importing.importer->read(&importing.import, error));
    if (importing.import.file_count == 0) {
        WEFT_TRY(import_tell(&importing, true, error));
        return weft_error_set(error, WEFT_E_INVALID, "%s has nothing that could be imported",
                              importing.import.shown);
    }
    bool dry = weft_op_given(request, "dry-run");
    WEFT_TRY(dry ? places_free(&importing, error) : import_write(&importing, error));
    struct weft_error unknown = WEFT_ERROR_INIT;
    if (!dry && result_judge(&importing, &unknown) < 0)
        weft_out_warn(out, "whether its SQL fits what it reads was not looked at: %s",
                      unknown.message);
    return import_tell(&importing, dry, error);
}

const struct weft_op weft_op_import = {
    .name = "import",
    .group = "start",
    .summary = "Make product files from what another tool wrote.",
    .help = "    weft import --from dbt target/manifest.json --into shop\n"
            "    weft import --from great-expectations orders_suite.json --into shop.orders\n"
            "    weft import --from json-schema order.schema.json --into shop.orders\n"
            "    weft import --from sql tables.sql --into shop\n\n"
            "It tells what it took, what has another name or form here, what a person has to fill "
            "in, and what it could not take, each with its place in the file; --json tells all of "
            "it. Nothing that is there is written over, and where one file would be wrong, none is "
            "written. SQL of a dbt project stays as it is but for names of tables; where it does "
            "not fit what it reads, or has what DuckDB has not, that is told too, with its place.",
    .args = import_args,
    .arg_count = WEFT_COUNT(import_args),
    .who = WEFT_OP_ANYONE,
    .run = import_run,
};
