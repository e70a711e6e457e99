/*
 * op_new.c - new: the file of a product in its place, from data files or as a skeleton. Nothing
 * that is there is written over; where there is no checkout, its mesh file is made too.
 */
#include "app/editor.h"
#include "app/infer_files.h"
#include "app/ops_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

#define NEW_TEXT_MAX ((size_t)64 << 20)

static const struct weft_op_arg new_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product"},
    {"from", 0, WEFT_ARG_TEXTS, "FILE", "Infer it from this file; several times for more files."},
    {"sql", 0, WEFT_ARG_TEXT, "SQL", "What makes it: a SELECT over products, and over --from."},
};

struct fresh {
    struct weft_context *context;
    const char *full_name;
    const char *domain; /* in the arena */
    const char *name;
    const char *root; /* of the checkout */
    bool root_made;
    const char *folder; /* of the product */
    const char *path;
    const char *shown; /* the path from the root */
};

/* ---- where ---- */

/* `weft new people.csv`: a file, where the product is asked for. */
static int word_no_file(const struct weft_context *context, const char *word,
                        struct weft_error *error)
{
    char name[WEFT_NAME_MAX + 1];
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(context->start, word);
    WEFT_CLEANUP(weft_freep) char *base = weft_strdup(weft_path_basename(word));
    if (path == NULL || base == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_is_file(path))
        return 0;
    base[strcspn(base, ".")] = '\0';
    weft_name_propose(base, name);
    weft_error_set(error, WEFT_E_USAGE, "`%s` is a file; the product needs a name", word);
    return weft_error_hint(error, "as in: weft new shop.%s --from %s", name, word);
}

static int name_read(struct fresh *fresh, const char *word, struct weft_error *error)
{
    int major;
    struct weft_arena *arena = fresh->context->arena;
    WEFT_TRY(weft_product_word(arena, word, &fresh->full_name, &major, error));
    const char *dot = strchr(fresh->full_name, '.');
    fresh->domain = weft_arena_strndup(arena, fresh->full_name, (size_t)(dot - fresh->full_name));
    fresh->name = dot + 1;
    if (fresh->domain == NULL)
        return weft_error_nomem(error);
    const char *const names[] = {fresh->domain, fresh->name};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (weft_name_valid(names[i]) && strcmp(fresh->domain, "mesh") != 0)
            continue;
        char domain[WEFT_NAME_MAX + 1], name[WEFT_NAME_MAX + 1];
        weft_name_propose(fresh->domain, domain);
        weft_name_propose(fresh->name, name);
        weft_error_set(error, WEFT_E_USAGE, "`%s` cannot be the name of a %s", names[i],
                       i == 0 ? "domain" : "product");
        return weft_error_hint(error, "small letters, digits and _, as in %s.%s",
                               strcmp(domain, "mesh") == 0 ? "shop" : domain, name);
    }
    if (strchr(word, '@') != NULL)
        return weft_error_set(error, WEFT_E_USAGE, "a new product has no major yet: %s",
                              fresh->full_name);
    return 0;
}

/* The checkout around here; without one, this folder is to be it. */
static int root_find(struct fresh *fresh, struct weft_error *error)
{
    struct weft_context *context = fresh->context;
    WEFT_TRY(weft_infer_root(context, &fresh->root, error));
    fresh->root_made = fresh->root == NULL;
    if (fresh->root_made) {
        WEFT_TRY(weft_path_absolute(context->start, &context->root, error));
        fresh->root = context->root;
    }
    fresh->shown = weft_arena_format(context->arena, "domains/%s/%s/data_product.yaml",
                                     fresh->domain, fresh->name);
    fresh->folder = weft_arena_format(context->arena, "%s/domains/%s/%s", fresh->root,
                                      fresh->domain, fresh->name);
    fresh->path = weft_arena_format(context->arena, "%s/%s", fresh->root, fresh->shown);
    return fresh->shown == NULL || fresh->folder == NULL || fresh->path == NULL
               ? weft_error_nomem(error)
               : 0;
}

/* Neither its place nor its name may be taken. Mistakes in other files are none of this command. */
static int place_free(struct fresh *fresh, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_mesh_freep) struct weft_mesh *mesh = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    const char *taken = weft_fs_exists(fresh->path) ? fresh->shown : NULL;
    weft_diag_init(&diag);
    if (taken == NULL && !fresh->root_made &&
        weft_mesh_load(fresh->root, fresh->context->environment, &diag, &mesh, &ignored) == 0 &&
        mesh != NULL && weft_mesh_product(mesh, fresh->full_name, WEFT_MAJOR_NEWEST) != NULL)
        taken = weft_mesh_product(mesh, fresh->full_name, WEFT_MAJOR_NEWEST)->file;
    if (taken == NULL)
        return 0;
    weft_error_set(error, WEFT_E_EXISTS, "%s describes %s already; nothing was changed", taken,
                   fresh->full_name);
    return weft_error_hint(error, "edit it, or choose another name");
}

/* ---- what ---- */

static void skeleton_write(const struct fresh *fresh, const char *schema, struct weft_buf *out)
{
    weft_buf_addf(out, "# yaml-language-server: $schema=%s\n", schema);
    weft_buf_addf(
        out,
        "# One file, one data product. `weft plan` shows what it would do, `weft apply` "
        "does it;\n"
        "# `weft help` and docs/reference/keys.md name all that can stand here.\n"
        "version: 0.1.0              # below 1.0.0 everything may still change\n"
        "description: What one row of %s is.\n"
        "\n"
        "# Without an input it is loaded by hand: weft load %s FILE\n"
        "# input:\n"
        "#   files: ../../../inbox/%s*.csv   # relative to this file\n"
        "#   read: new                  # only files that were not read before\n"
        "\n"
        "# Or it is made of other products:\n"
        "# sql: |\n"
        "#   select ... from %s.other_product\n"
        "\n"
        "schema:\n"
        "  - {name: id, type: string, required: true}\n"
        "  # - {name: amount, type: \"decimal(18,2)\", min: 0}\n"
        "  # - {name: country, type: string, pattern: \"[A-Z]{2}\"}\n"
        "key: [id]\n"
        "\n"
        "# quality:\n"
        "#   completeness: 0.95         # of every field, the share of rows with a value\n"
        "#   freshness: 24h\n",
        fresh->name, fresh->full_name, fresh->name, fresh->domain);
}

/* The text as a block, its lines indented. */
static void sql_write(const char *sql, struct weft_buf *out)
{
    weft_buf_adds(out, "sql: |\n");
    while (*sql != '\0') {
        size_t length = strcspn(sql, "\n");
        size_t kept = length;
        while (kept > 0 && (sql[kept - 1] == ' ' || sql[kept - 1] == '\r'))
            kept--;
        if (kept > 0) {
            weft_buf_adds(out, "  ");
            weft_buf_add(out, sql, kept);
        }
        weft_buf_addc(out, '\n');
        sql += length + (sql[length] == '\n');
    }
}

static void transform_write(const struct fresh *fresh, const char *schema, const char *sql,
                            struct weft_buf *out)
{
    weft_buf_addf(out, "# yaml-language-server: $schema=%s\n", schema);
    weft_buf_addf(out,
                  "version: 0.1.0              # below 1.0.0 everything may still change\n"
                  "description: What one row of %s is.\n",
                  fresh->name);
    sql_write(sql, out);
    weft_buf_adds(out, "# Without a schema it has the columns of the SQL; with one they are a "
                       "promise that is checked:\n"
                       "# schema:\n"
                       "#   - {name: id, type: string, required: true}\n"
                       "# key: [id]\n");
}

/* A name for the port of --from in the SQL: that of its first file. */
static int port_name(struct fresh *fresh, const char *file, const char **out,
                     struct weft_error *error)
{
    char name[WEFT_NAME_MAX + 1];
    WEFT_CLEANUP(weft_freep) char *base = weft_strdup(weft_path_basename(file));
    if (base == NULL)
        return weft_error_nomem(error);
    base[strcspn(base, ".")] = '\0';
    weft_name_propose(base, name);
    *out = weft_arena_strdup(fresh->context->arena, weft_name_valid(name) ? name : "source");
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int text_make(struct fresh *fresh, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_buf *text, struct weft_infer_result *result,
                     struct weft_error *error)
{
    const char *schema, *sql = weft_op_text(request, "sql");
    const struct weft_op_value *from = weft_op_value(request, "from");
    struct weft_infer_ask ask = {
        .files = from, .folder = fresh->folder, .root = fresh->root, .sql = sql};
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(fresh->root, ".weft/schema/product.json");
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_editor_relative(fresh->context->arena, fresh->folder, path, &schema, error));
    if (from->count == 0 && sql == NULL)
        skeleton_write(fresh, schema, text);
    else if (from->count == 0)
        transform_write(fresh, schema, sql, text);
    else {
        if (sql != NULL)
            WEFT_TRY(port_name(fresh, from->texts[0], &ask.port, error));
        WEFT_TRY(weft_infer_files(fresh->context, &ask, out, text, result, error));
    }
    if (sql != NULL && from->count > 0)
        sql_write(sql, text);
    return weft_buf_check(text, error);
}

/* ---- writing ---- */

static int file_write(const char *root, const char *name, const char *text,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(root, name);
    if (path == NULL)
        return weft_error_nomem(error);
    return weft_fs_exists(path) ? 0 : weft_fs_write_file(path, text, strlen(text), error);
}

static int mesh_make(struct fresh *fresh, struct weft_error *error)
{
    char name[WEFT_NAME_MAX + 1];
    weft_name_propose(weft_path_basename(fresh->root), name);
    const char *text = weft_arena_format(fresh->context->arena,
                                         "# yaml-language-server: $schema=.weft/schema/mesh.json\n"
                                         "mesh: %s\n"
                                         "environments:\n"
                                         "  dev: {home: .weft/dev}\n",
                                         weft_name_valid(name) ? name : "mesh_1");
    if (text == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(file_write(fresh->root, ".gitignore", ".weft/\n", error));
    return file_write(fresh->root, "weft.yaml", text, error);
}

static int new_tell(const struct fresh *fresh, const struct weft_op_request *request,
                    const struct weft_infer_result *result, struct weft_out *out,
                    struct weft_error *error)
{
    bool from = weft_op_given(request, "from");
    char count[40];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, 65536);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", fresh->full_name);
    weft_json_member_text(&json, "file", fresh->shown);
    weft_json_member_text(&json, "root", fresh->root);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error, "%s is described in %s", fresh->full_name,
                           fresh->shown));
    weft_format_count(result->records, count, sizeof count);
    if (from)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %s record%s, %zu column%s; key: %s",
                               count, result->records == 1 ? "" : "s", result->columns,
                               result->columns == 1 ? "" : "s",
                               result->key == NULL ? "none found" : result->key));
    if (result->aside > 0)
        weft_out_warn(out, "%" PRId64 " records will be set aside: see the comments in the file",
                      result->aside);
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "Try next:"));
    if (!from && !weft_op_given(request, "sql"))
        return weft_out_line(out, WEFT_STYLE_PLAIN, error, "  edit it, then: weft apply");
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  weft apply"));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "  weft query \"from %s\"",
                         fresh->full_name);
}

static int new_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    struct fresh fresh = {.context = context};
    struct weft_infer_result result = {0};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, NEW_TEXT_MAX);
    WEFT_TRY(word_no_file(context, weft_op_text(request, "product"), error));
    WEFT_TRY(name_read(&fresh, weft_op_text(request, "product"), error));
    WEFT_TRY(root_find(&fresh, error));
    WEFT_TRY(place_free(&fresh, error));
    WEFT_TRY(text_make(&fresh, request, out, &text, &result, error));
    WEFT_TRY(weft_fs_mkdirs(fresh.folder, error));
    if (fresh.root_made)
        WEFT_TRY(mesh_make(&fresh, error));
    WEFT_TRY(weft_editor_schemas(fresh.root, error));
    WEFT_TRY(weft_fs_write_file(fresh.path, text.data, text.length, error));
    return new_tell(&fresh, request, &result, out, error);
}

const struct weft_op weft_op_new = {
    .name = "new",
    .group = "start",
    .summary = "Make the file of a new product in its place.",
    .help = "From a file to a table in three commands:\n\n"
            "    weft new shop.customers --from customers.csv\n"
            "    weft apply\n"
            "    weft query \"from shop.customers\"\n\n"
            "Without --from and --sql it is a skeleton with comments. Where there is no checkout, "
            "this folder becomes one (weft.yaml). Nothing that is there is written over.",
    .args = new_args,
    .arg_count = WEFT_COUNT(new_args),
    .who = WEFT_OP_ANYONE,
    .run = new_run,
};
