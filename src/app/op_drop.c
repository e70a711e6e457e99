/*
 * op_drop.c - drop: deletes a product with its data, where nobody reads it.
 */
#include "app/ops_internal.h"
#include "plan/book.h"

#include "flow/run.h"

#include <stdio.h>
#include <string.h>

static const struct weft_op_arg drop_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
    WEFT_ARG_BECAUSE,
    WEFT_ARG_YES,
};

/* Of several majors one must be named: the newest is gone faster than it was meant. */
static int drop_one_major(struct weft_context *context, const char *word, struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    size_t count = 0, majors = 0;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, 65536);
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_catalog_digests(txn, context->arena, &digests, &count, error));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(digests[i].full_name, word) == 0)
            weft_buf_addf(&list, "%s%s@%d", majors++ == 0 ? "" : " or ", word, digests[i].major);
    }
    WEFT_TRY(weft_buf_check(&list, error));
    if (majors < 2)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` has %zu majors: say which", word, majors);
    return weft_error_hint(error, "write %s", list.data);
}

/* Who reads it would stand without: what it is made of goes last. */
static int drop_unread(struct weft_context *context, const struct weft_registered *product,
                       struct weft_error *error)
{
    struct weft_book book;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf readers;
    weft_buf_init(&readers, 1 << 20);
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_book_make(context, NULL, txn, context->arena, &book, error));
    size_t item = weft_book_find(&book, product->full_name, product->major);
    if (item != WEFT_BOOK_NONE)
        WEFT_TRY(weft_book_readers(&book, item, &readers, error));
    if (readers.length == 0)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED, "%s@%d is read by %s", product->full_name, product->major,
                   readers.data);
    return weft_error_hint(error,
                           "change these, retire or drop them first; a product whose file is "
                           "gone keeps its data until it is dropped");
}

static int drop_ask(const struct weft_op_request *request, const char *what, struct weft_out *out,
                    struct weft_error *error)
{
    bool yes = weft_op_given(request, "yes");
    char question[256];
    snprintf(question, sizeof question, "Delete %s with its data, history and quarantine?", what);
    if (!yes)
        WEFT_TRY(out->ask(out->arg, question, &yes, error));
    return yes ? 0 : weft_error_set(error, WEFT_E_REFUSED, "not dropped");
}

static int drop_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    const char *because;
    const char *word = weft_op_text(request, "product");
    struct weft_ledger *ledger;
    struct weft_registered product;
    WEFT_TRY(weft_op_because(request, &because, error));
    /* A drop that was killed after its commit has its folders still to remove. */
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_outbox_flush(ledger, error));
    WEFT_TRY(weft_context_product(context, word, &product, error));
    if (strchr(word, '@') == NULL)
        WEFT_TRY(drop_one_major(context, word, error));
    WEFT_TRY(drop_unread(context, &product, error));
    const struct weft_product *contract =
        product.in_force != NULL ? product.in_force : product.pending;
    const char *version = contract == NULL ? "" : contract->version;
    char what[200];
    snprintf(what, sizeof what, "%s@%d (version %s)", product.full_name, product.major, version);
    WEFT_TRY(drop_ask(request, what, out, error));
    WEFT_TRY(weft_run_drop(context->ledger, context->arena, &product, context->request.principal,
                           because, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "dropped", product.full_name);
    weft_json_member_int(&json, "major", product.major);
    weft_json_member_text(&json, "version", version);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s is dropped.", what);
}

const struct weft_op weft_op_drop = {
    .name = "drop",
    .group = "products",
    .summary =
        "Delete a product with its data. The ledger keeps that it was there, and why it went.",
    .args = drop_args,
    .arg_count = WEFT_COUNT(drop_args),
    .run = drop_run,
};
