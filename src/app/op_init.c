/*
 * op_init.c - init: a small mesh, ready to edit, with one bad row to repair.
 */
#include "app/editor.h"
#include "app/op_init_ci.h"
#include "app/ops_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

struct init_file {
    const char *path;
    const char *text; /* NAME stands for the mesh's name */
};

#define EDITOR_LINE "# yaml-language-server: $schema=../../../.weft/schema/product.json\n"

static const struct init_file init_files[] = {
    {"weft.yaml",
     "# yaml-language-server: $schema=.weft/schema/mesh.json\n"
     "# The mesh file: its name, its environments. `weft schema mesh` lists every key.\n"
     "mesh: NAME\n"
     "environments:\n"
     "  dev: {home: .weft/dev, vars: {inbox: inbox}}\n"
     "  prod: {home: .weft/prod, vars: {inbox: inbox}, s3_fallback: refuse}\n"},
    {".gitignore", ".weft/\n"},
    {"domains/shop/domain.yaml", "# yaml-language-server: $schema=../../.weft/schema/domain.json\n"
                                 "owner: shop-team@example.org\n"
                                 "description: Everything that is sold.\n"},
    {"domains/shop/orders/data_product.yaml", EDITOR_LINE
     "# One file, one data product. `weft plan` shows what it would do, `weft apply` does it.\n"
     "version: 1.0.0\n"
     "description: Orders as the shop takes them, one row per order.\n"
     "input:\n"
     "  files: ../../../${inbox}/orders*.csv\n"
     "  read: new                 # only files that were not read before\n"
     "schema:\n"
     "  - {name: order_id, type: long, required: true}\n"
     "  - {name: ordered_on, type: date, required: true}\n"
     "  - {name: customer, type: string, required: true}\n"
     "  - {name: amount, type: \"decimal(9,2)\", required: true, min: 0}\n"
     "key: [order_id]\n"
     "quality:\n"
     "  completeness: 0.95\n"
     "  freshness: 7d\n"},
    {"domains/shop/customers/data_product.yaml", EDITOR_LINE
     "# A product without an input is loaded by hand: weft load shop.customers customers.csv\n"
     "version: 1.0.0\n"
     "description: People who bought something.\n"
     "schema:\n"
     "  - {name: customer, type: string, required: true}\n"
     "  - {name: email, type: string, pattern: \"[^@]+@[^@]+\", classification: pii.email}\n"
     "key: [customer]\n"},
    {"domains/shop/revenue/data_product.yaml", EDITOR_LINE
     "# Made of another product: each run of it reads the snapshot that is current then.\n"
     "version: 1.0.0\n"
     "description: What each customer bought, one row per customer.\n"
     "sql: |\n"
     "  select customer, count(*) as orders, sum(amount) as revenue\n"
     "  from shop.orders\n"
     "  group by customer\n"
     "schema:\n"
     "  - {name: customer, type: string, required: true}\n"
     "  - {name: orders, type: long, required: true, min: 1}\n"
     "  - {name: revenue, type: \"decimal(38,2)\", required: true}\n"
     "key: [customer]\n"},
    {"inbox/orders.csv", "order_id,ordered_on,customer,amount\n"
                         "1,2026-01-05,ada,19.90\n"
                         "2,2026-01-05,grace,42.00\n"
                         "3,2026-01-06,ada,-5.00\n"
                         "4,2026-01-07,alan,7.25\n"},
    {"customers.csv", "customer,email\n"
                      "ada,ada@example.org\n"
                      "grace,grace@example.org\n"
                      "alan,alan@example.org\n"},
};

static const struct weft_op_arg init_args[] = {
    {"folder", 0, WEFT_ARG_WORD, "FOLDER", "Made if missing; this folder without it."},
    {"ci", 0, WEFT_ARG_TEXT, "HOST",
     "github or gitlab: also write a pipeline that validates, tests, plans a change as a comment, "
     "and applies it when it is merged. A mesh that is there stays as it is."},
};

static int file_write(const char *root, const char *name, const struct init_file *file,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(root, file->path);
    WEFT_CLEANUP(weft_freep) char *folder = path == NULL ? NULL : weft_path_dirname(path);
    if (folder == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 65536);
    const char *mark = strstr(file->text, "NAME");
    if (mark == NULL)
        weft_buf_adds(&text, file->text);
    else {
        weft_buf_add(&text, file->text, (size_t)(mark - file->text));
        weft_buf_addf(&text, "%s%s", name, mark + 4);
    }
    WEFT_TRY(weft_buf_check(&text, error));
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    return weft_fs_write_file(path, text.data, text.length, error);
}

/* A making that was killed left whole files of ours: they do not stand in the way of another. */
static int file_is_ours(const char *path, const struct init_file *file, bool *ours,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 65536);
    struct weft_error ignored = WEFT_ERROR_INIT;
    *ours = false;
    int rc = weft_fs_read_file(path, 65000, &text, &ignored);
    if (rc < 0)
        return ignored.code == WEFT_E_LIMIT ? 0 : (*error = ignored, rc);
    *ours = rc == WEFT_NOT_THERE || strcmp(text.data, file->text) == 0;
    return 0;
}

/* Nothing that is there is written over. The mesh file, the first, is written last: with it the
 * mesh is made. */
static int init_check(const char *root, struct weft_error *error)
{
    for (size_t i = 0; i < WEFT_COUNT(init_files); i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(root, init_files[i].path);
        bool ours = false;
        if (path == NULL)
            return weft_error_nomem(error);
        if (strcmp(init_files[i].path, ".gitignore") == 0 || !weft_fs_exists(path))
            continue;
        if (i > 0)
            WEFT_TRY(file_is_ours(path, &init_files[i], &ours, error));
        if (!ours) {
            weft_error_set(error, WEFT_E_EXISTS, "%s is there already", path);
            return weft_error_hint(error, "name a new folder: weft init my_mesh");
        }
    }
    return 0;
}

static int init_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    const char *folder = weft_op_text(request, "folder");
    const char *ci = weft_op_text(request, "ci");
    WEFT_CLEANUP(weft_freep)
    char *joined = weft_path_join(context->start, folder == NULL ? "." : folder);
    WEFT_CLEANUP(weft_freep) char *root = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &root, error));
    char name[WEFT_NAME_MAX + 1];
    weft_name_propose(weft_path_basename(root), name);
    if (weft_fs_exists(root) && !weft_fs_is_dir(root)) {
        weft_error_set(error, WEFT_E_EXISTS, "%s is a file", root);
        return weft_error_hint(error, "name a new folder: weft init my_mesh");
    }
    WEFT_CLEANUP(weft_freep) char *there = weft_path_join(root, "weft.yaml");
    if (there == NULL)
        return weft_error_nomem(error);
    if (ci != NULL)
        WEFT_TRY(weft_init_ci_check(ci, error));
    if (ci != NULL && weft_fs_exists(there))
        return weft_init_ci(context, root, ci, out, error);
    WEFT_TRY(init_check(root, error));
    for (size_t i = 0; i < WEFT_COUNT(init_files); i++) {
        const struct init_file *file = &init_files[(i + 1) % WEFT_COUNT(init_files)];
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(root, file->path);
        if (path == NULL)
            return weft_error_nomem(error);
        if (!weft_fs_exists(path))
            WEFT_TRY(file_write(root, name, file, error));
    }
    WEFT_TRY(weft_editor_schemas(root, error));
    if (ci != NULL)
        WEFT_TRY(weft_init_ci(context, root, ci, out, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 65536);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "mesh", name);
    weft_json_member_text(&json, "root", root);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error, "The mesh `%s` is in %s", name, root));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "Try next:"));
    if (folder != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  cd %s", folder));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  weft apply"));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error,
                         "  weft quarantine shop.orders      one order has a negative amount");
}

const struct weft_op weft_op_init = {
    .name = "init",
    .group = "start",
    .summary = "Make a small mesh, ready to edit, with one bad row to repair.",
    .args = init_args,
    .arg_count = WEFT_COUNT(init_args),
    .who = WEFT_OP_ANYONE,
    .run = init_run,
};
