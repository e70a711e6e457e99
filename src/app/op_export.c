/*
 * op_export.c - export: the contract of a product in a form that other tools read. That of the
 * checkout's file, where it has one; else the one that is registered. Somebody gets of the
 * registered one what he may know (context/seen.h); the checkout is not his.
 */
#include "app/ops_internal.h"
#include "context/seen.h"

#include "base/fs.h"
#include "exchange/export.h"
#include "odcs/odcs.h"

#include <string.h>

static const struct weft_op_arg export_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
    {"to", 0, WEFT_ARG_TEXT, "FORMAT",
     "odcs (a contract of the Open Data Contract Standard, v3.1.0), json-schema (of a row), sql "
     "(CREATE TABLE, for PostgreSQL) or markdown (a page for people)."},
    {"output", 'o', WEFT_ARG_TEXT, "FILE", "Write to a new file."},
};

static const struct {
    const char *name;
    int (*print)(const struct weft_product *product, struct weft_buf *out,
                 struct weft_error *error);
} forms[] = {
    {"odcs", weft_product_print_odcs},
    {"json-schema", weft_product_print_json_schema},
    {"sql", weft_product_print_sql},
    {"markdown", weft_product_print_markdown},
};

static int product_seen(struct weft_context *context, const char *word,
                        const struct weft_product **product, struct weft_error *error)
{
    struct weft_registered registered;
    struct weft_seen seen;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_product(context, word, &registered, error));
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_seen_product(context, txn, &registered, &seen, error));
    *product = seen.contract;
    return 0;
}

static int product_find(struct weft_context *context, const char *word,
                        const struct weft_product **product, struct weft_error *error)
{
    const char *name;
    int major;
    struct weft_registered registered;
    const struct weft_mesh *mesh = NULL;
    WEFT_TRY(weft_product_word(context->arena, word, &name, &major, error));
    if (!weft_request_is_local(&context->request))
        return product_seen(context, word, product, error);
    WEFT_TRY(weft_context_mesh_quiet(context, &mesh, error));
    *product = mesh == NULL ? NULL : weft_mesh_product(mesh, name, major);
    if (*product != NULL)
        return 0;
    WEFT_TRY(weft_context_product(context, word, &registered, error));
    *product = registered.pending != NULL ? registered.pending : registered.in_force;
    return 0;
}

static int export_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    const char *to = weft_op_text(request, "to");
    const char *output = weft_op_text(request, "output");
    const struct weft_product *product;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    size_t form = 0;
    weft_buf_init(&text, WEFT_EXPORT_MAX);
    while (form < WEFT_COUNT(forms) && (to == NULL || strcmp(forms[form].name, to) != 0))
        form++;
    if (form == WEFT_COUNT(forms)) {
        if (to == NULL)
            weft_error_set(error, WEFT_E_USAGE, "`weft export` needs --to FORMAT");
        else
            weft_error_set(error, WEFT_E_USAGE, "there is no export to `%s`", to);
        return weft_error_hint(error, "known: odcs, json-schema, sql, markdown");
    }
    WEFT_TRY(product_find(context, weft_op_text(request, "product"), &product, error));
    WEFT_TRY(forms[form].print(product, &text, error));
    if (output == NULL)
        return weft_out_bytes(out, text.data, text.length, error);
    WEFT_CLEANUP(weft_freep) char *joined = weft_path_join(context->start, output);
    WEFT_CLEANUP(weft_freep) char *path = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &path, error));
    if (weft_fs_exists(path))
        return weft_error_set(error, WEFT_E_EXISTS, "%s is there already", output);
    return weft_fs_write_file(path, text.data, text.length, error);
}

const struct weft_op weft_op_export = {
    .name = "export",
    .group = "look",
    .summary = "Print the contract of a product in a form that other tools read.",
    .help =
        "That of the checkout's file, where it has one, else the one that is registered. "
        "A contract that was read from the Open Data Contract Standard is given back with all "
        "that it said; `weft` and `*.odcs.yaml` files: docs/guide/contracts.md. With --as and by "
        "a key: of the registered one what he may know, with the columns as he would get them.",
    .args = export_args,
    .arg_count = WEFT_COUNT(export_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = export_run,
};
