/*
 * op_bump.c - bump: writes the next version into a product's file.
 */
#include "app/ops_internal.h"
#include "app/query_internal.h"
#include "plan/book.h"

#include "base/fs.h"
#include "model/version.h"

#include <string.h>

#define BUMP_FILE_MAX ((size_t)16 << 20)

static const struct weft_op_arg bump_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
    {"major", 0, WEFT_ARG_FLAG, NULL, "2.0.0 after 1.4.2: what readers rely on changes."},
    {"minor", 0, WEFT_ARG_FLAG, NULL, "1.5.0 after 1.4.2: something is added."},
    {"patch", 0, WEFT_ARG_FLAG, NULL, "1.4.3 after 1.4.2: words only."},
};

/* ---- which ---- */

static int bump_product(struct weft_context *context, const char *word, struct weft_out *out,
                        struct weft_book *book, size_t *item, struct weft_ledger_txn **txn,
                        struct weft_error *error)
{
    struct weft_mesh *mesh;
    const char *full_name;
    int major;
    WEFT_TRY(weft_product_word(context->arena, word, &full_name, &major, error));
    WEFT_TRY(weft_context_mesh(context, out, &mesh, error));
    WEFT_TRY(weft_book_begin(context, txn, error));
    WEFT_TRY(weft_book_make(context, mesh, *txn, context->arena, book, error));
    const struct weft_product *product = weft_mesh_product(mesh, full_name, major);
    if (product != NULL)
        *item = weft_book_find(book, full_name, product->major);
    if (product != NULL && *item != WEFT_BOOK_NONE && book->items[*item].product != NULL)
        return 0;
    weft_error_set(error, WEFT_E_NOT_FOUND, "no file of this checkout describes `%s`", word);
    const char *near = weft_book_suggest(book, full_name);
    if (near != NULL && strcmp(near, full_name) != 0)
        weft_error_hint(error, "did you mean `%s`?", near);
    return -1;
}

/* ---- to what ---- */

/* What was changed since the registered contract of this major asks for. */
static int version_asked(struct weft_book *book, size_t item, struct weft_version *next,
                         struct weft_error *error)
{
    const struct weft_book_item *of = &book->items[item];
    const struct weft_registered *registered;
    struct weft_changes changes;
    if (of->digest == NULL) {
        weft_error_set(error, WEFT_E_REFUSED,
                       "%s@%d is not registered: there is nothing to compare", of->full_name,
                       of->major);
        return weft_error_hint(error, "say --major, --minor or --patch");
    }
    WEFT_TRY(weft_book_registered(book, item, &registered, error));
    const struct weft_product *before = weft_registered_newest(registered);
    WEFT_TRY(weft_product_compare(book->arena, before, of->product, &changes, error));
    if (changes.count == 0 || !of->planned) {
        weft_error_set(error, WEFT_E_REFUSED, "nothing of %s changed since %s was registered",
                       of->full_name, before->version);
        return weft_error_hint(error, "say --major, --minor or --patch");
    }
    WEFT_TRY(weft_version_next(weft_version_of(before), changes.worst, next, error));
    if (weft_version_compare(weft_version_of(of->product), *next) < 0)
        return 0;
    return weft_error_set(error, WEFT_E_REFUSED,
                          "%s says version %s already, which is enough after %s", of->product->file,
                          of->product->version, before->version);
}

static int version_choose(const struct weft_op_request *request, struct weft_book *book,
                          size_t item, struct weft_version *next, struct weft_error *error)
{
    bool major = weft_op_given(request, "major"), minor = weft_op_given(request, "minor");
    bool patch = weft_op_given(request, "patch");
    if (major + minor + patch > 1)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--major, --minor and --patch exclude one "
                              "another");
    if (major + minor + patch == 0)
        return version_asked(book, item, next, error);
    *next = weft_version_of(book->items[item].product);
    if (major)
        *next = (struct weft_version){next->major + 1, 0, 0};
    else if (minor)
        *next = (struct weft_version){next->major, next->minor + 1, 0};
    else
        next->patch++;
    if (next->major > WEFT_VERSION_MAJOR_MAX || next->minor > WEFT_VERSION_PART_MAX ||
        next->patch > WEFT_VERSION_PART_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "there is no version behind %s",
                              book->items[item].product->version);
    return 0;
}

/* ---- writing ---- */

/* Whole or not at all, with the file's own mode: not every edit is under version control yet. */
static int file_bump(struct weft_context *context, const char *path, const char *shown,
                     const char *version, struct weft_error *error)
{
    const char *home;
    struct weft_output_file target;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf bumped;
    weft_buf_init(&text, BUMP_FILE_MAX + 65536);
    weft_buf_init(&bumped, BUMP_FILE_MAX + 65536);
    int rc = weft_fs_read_regular(path, BUMP_FILE_MAX, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", shown);
    WEFT_TRY(rc);
    WEFT_TRY(weft_product_bump_text(text.data, text.length, shown, version, &bumped, error));
    WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_TRY(weft_output_file_open(context->arena, home, path, &target, error));
    rc = weft_fs_write(target.fd, bumped.data, bumped.length, shown, error);
    return weft_output_file_end(&target, rc, error);
}

static int bump_tell(const struct weft_book_item *item, const char *version, bool beside,
                     struct weft_out *out, struct weft_error *error)
{
    const struct weft_product *product = item->product;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, 65536);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", product->full_name);
    weft_json_member_text(&json, "file", product->file);
    weft_json_member_text(&json, "version_before", product->version);
    weft_json_member_text(&json, "version", version);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error, "%s: %s -> %s in %s", product->full_name,
                           product->version, version, product->file));
    if (!beside)
        return 0;
    return weft_out_line(out, WEFT_STYLE_DIM, error,
                         "Majors live side by side: to go on serving %d.x, keep its file as "
                         "data_product.v%d.yaml beside it; without, apply retires it.",
                         product->major, product->major);
}

static int bump_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct weft_book book;
    struct weft_version next;
    size_t item = WEFT_BOOK_NONE;
    char version[WEFT_VERSION_TEXT];
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(
        bump_product(context, weft_op_text(request, "product"), out, &book, &item, &txn, error));
    WEFT_TRY(version_choose(request, &book, item, &next, error));
    weft_version_print(next, version);
    const struct weft_book_item *of = &book.items[item];
    bool new_major = next.major != of->major;
    size_t taken = new_major ? weft_book_find(&book, of->full_name, next.major) : WEFT_BOOK_NONE;
    if (taken != WEFT_BOOK_NONE && book.items[taken].product != NULL)
        return weft_error_set(error, WEFT_E_REFUSED, "%s describes %s@%d already",
                              book.items[taken].product->file, of->full_name, next.major);
    const char *path = weft_arena_format(context->arena, "%s/%s", context->root, of->product->file);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(file_bump(context, path, of->product->file, version, error));
    return bump_tell(of, version, new_major && of->digest != NULL, out, error);
}

const struct weft_op weft_op_bump = {
    .name = "bump",
    .group = "start",
    .summary = "Write the next version into a product's file.",
    .help = "Without a flag it is the version that the changes since the registered contract ask "
            "for: a breaking change a new major, an addition a minor, words a patch. All else in "
            "the file stays as it is.",
    .args = bump_args,
    .arg_count = WEFT_COUNT(bump_args),
    .run = bump_run,
};
