/*
 * op_look.c - ls, runs, snapshots: the mesh's own tables, without DuckDB; and logs.
 */
#include "app/ops_internal.h"
#include "context/gate.h"
#include "context/sight.h"
#include "plan/choose.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/mesh_table.h"

#include <stdio.h>
#include <string.h>

enum look_kind { LOOK_TEXT, LOOK_INT, LOOK_TIME, LOOK_BOOL, LOOK_DOUBLE, LOOK_JSON };

struct look_column {
    const char *name;  /* of the mesh. table */
    const char *shown; /* the head for people; NULL = the same */
    enum look_kind kind;
    bool only_json;
};

struct look {
    const char *table;
    const struct look_column *columns;
    size_t count;
    const char *product;              /* NULL = all */
    const struct weft_choice *choice; /* NULL = all; of mesh.products */
    int64_t limit;                    /* 0 = all */
    const char *empty;                /* what to say when there is no row */
};

#define LOOK_COLUMNS_MAX 24

static struct weft_cell look_cell(struct weft_mesh_cursor *stmt, int at, enum look_kind kind)
{
    struct weft_cell null = {.kind = WEFT_CELL_NULL};
    if (weft_mesh_cursor_is_null(stmt, at))
        return null;
    switch (kind) {
    case LOOK_TEXT:
        return weft_out_cell_text(weft_mesh_cursor_text(stmt, at));
    case LOOK_INT:
        return weft_out_cell_int(weft_mesh_cursor_int(stmt, at));
    case LOOK_TIME:
        return weft_out_cell_time(weft_mesh_cursor_int(stmt, at));
    case LOOK_BOOL:
        return weft_out_cell_bool(weft_mesh_cursor_int(stmt, at) != 0);
    case LOOK_DOUBLE:
        return weft_out_cell_double(weft_mesh_cursor_double(stmt, at));
    case LOOK_JSON:
        return weft_out_cell_json(weft_mesh_cursor_text(stmt, at));
    }
    return null;
}

/* By the table's own list: the statement's columns stand in that order, under any name. */
int weft_op_mesh_column(const char *table, const char *name)
{
    const struct weft_mesh_table *mesh = weft_mesh_table_find(table);
    return mesh == NULL ? -1 : weft_mesh_table_column(mesh, name);
}

static int look_places(const struct look *look, int *places, struct weft_error *error)
{
    for (size_t i = 0; i < look->count; i++) {
        places[i] = weft_op_mesh_column(look->table, look->columns[i].name);
        if (places[i] < 0)
            return weft_error_set(error, WEFT_E_INTERNAL, "mesh.%s has no column %s", look->table,
                                  look->columns[i].name);
    }
    return 0;
}

static bool look_chosen(const struct weft_choice *choice, struct weft_mesh_cursor *stmt)
{
    return weft_choice_has(choice,
                           weft_mesh_cursor_text(stmt, weft_op_mesh_column("products", "domain")),
                           weft_mesh_cursor_text(stmt, weft_op_mesh_column("products", "name")),
                           weft_mesh_cursor_int(stmt, weft_op_mesh_column("products", "major")));
}

static int look_rows(const struct look *look, struct weft_mesh_cursor *stmt, const int *places,
                     struct weft_out *out, int64_t *shown, struct weft_error *error)
{
    int at_product = weft_op_mesh_column(look->table, "product");
    int rc;
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0) {
        const char *product = weft_mesh_cursor_text(stmt, at_product);
        if (look->product != NULL && strcmp(product, look->product) != 0)
            continue;
        if (look->choice != NULL && !look_chosen(look->choice, stmt))
            continue;
        struct weft_cell cells[LOOK_COLUMNS_MAX];
        for (size_t i = 0; i < look->count; i++)
            cells[i] = look_cell(stmt, places[i], look->columns[i].kind);
        WEFT_TRY(weft_out_row(out, cells, error));
        if (++*shown == look->limit)
            return 0;
    }
    return rc < 0 ? rc : 0;
}

static int look_show(struct weft_context *context, const struct look *look, struct weft_out *out,
                     struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_ledger_head head;
    const struct weft_sight *sight;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    WEFT_TRY(weft_sight_get(context, txn, 0, &sight, error));
    WEFT_TRY(weft_mesh_table_open(txn, weft_sight_view(sight), look->table, head.sequence,
                                  weft_clock_us(), &stmt, error));
    int places[LOOK_COLUMNS_MAX];
    struct weft_out_column columns[LOOK_COLUMNS_MAX];
    assert(look->count <= LOOK_COLUMNS_MAX);
    WEFT_TRY(look_places(look, places, error));
    for (size_t i = 0; i < look->count; i++) {
        const struct look_column *column = &look->columns[i];
        columns[i].name = out->for_people && column->shown != NULL ? column->shown : column->name;
        columns[i].right = column->kind == LOOK_INT || column->kind == LOOK_DOUBLE;
        columns[i].only_json = column->only_json;
    }
    int64_t shown = 0;
    WEFT_TRY(weft_out_table(out, columns, look->count, error));
    WEFT_TRY(look_rows(look, stmt, places, out, &shown, error));
    WEFT_TRY(weft_out_table_end(out, error));
    if (shown == 0 && out->for_people)
        weft_out_note(out, "%s", look->empty);
    return 0;
}

/* What the mesh. tables call an optional product word. */
static int look_product(struct weft_context *context, const struct weft_op_request *request,
                        const char **out, struct weft_error *error)
{
    const char *word = weft_op_text(request, "product");
    struct weft_registered product;
    *out = NULL;
    if (word == NULL)
        return 0;
    WEFT_TRY(weft_context_product(context, word, &product, error));
    *out = product.name; /* as the mesh. tables call it */
    return 0;
}

int weft_op_limit(const struct weft_op_request *request, int64_t otherwise, int64_t *limit,
                  struct weft_error *error)
{
    const char *text = weft_op_text(request, "limit");
    *limit = otherwise;
    if (text == NULL)
        return 0;
    if (!weft_parse_int64(text, strlen(text), limit) || *limit < 1)
        return weft_error_set(error, WEFT_E_USAGE, "--limit wants a number of rows, not `%s`",
                              text);
    return 0;
}

/* ---- ls ---- */

static const struct look_column ls_columns[] = {
    {"product", NULL, LOOK_TEXT, false},
    {"version", NULL, LOOK_TEXT, false},
    {"status", NULL, LOOK_TEXT, false},
    {"rows", NULL, LOOK_INT, false},
    {"published_at", "published", LOOK_TIME, false},
    {"owner", NULL, LOOK_TEXT, false},
    {"pending_version", "pending", LOOK_TEXT, false},
    {"domain", NULL, LOOK_TEXT, true},
    {"name", NULL, LOOK_TEXT, true},
    {"major", NULL, LOOK_INT, true},
    {"type", NULL, LOOK_TEXT, true},
    {"description", NULL, LOOK_TEXT, true},
    {"tags", NULL, LOOK_JSON, true},
    {"snapshot_id", NULL, LOOK_INT, true},
};

static const struct weft_op_arg choice_args[] = {
    WEFT_ARG_PRODUCTS("without any, all of the home."),
    WEFT_ARG_EXCLUDE,
};

static int look_choose(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_choice *out, struct weft_error *error)
{
    return weft_choice_make(context, weft_op_value(request, "product"),
                            weft_op_value(request, "exclude"), true, out, error);
}

static int ls_run(struct weft_context *context, const struct weft_op_request *request,
                  struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_choice_end) struct weft_choice choice = {0};
    WEFT_TRY(look_choose(context, request, &choice, error));
    struct look look = {.table = "products",
                        .columns = ls_columns,
                        .choice = &choice,
                        .count = WEFT_COUNT(ls_columns),
                        .empty = weft_choice_empty(weft_op_value(request, "product"))};
    WEFT_TRY(look_show(context, &look, out, error));
    return weft_choice_tell_deferred(&choice, out, error);
}

const struct weft_op weft_op_ls = {
    .name = "ls",
    .group = "look",
    .summary = "List the products of the home.",
    .args = choice_args,
    .arg_count = WEFT_COUNT(choice_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = ls_run,
};

/* ---- runs ---- */

static const struct look_column runs_columns[] = {
    {"run_id", NULL, LOOK_TEXT, false},
    {"product", NULL, LOOK_TEXT, false},
    {"started_at", "started", LOOK_TIME, false},
    {"finished_at", NULL, LOOK_TIME, true},
    {"state", NULL, LOOK_TEXT, false},
    {"cause", NULL, LOOK_TEXT, false},
    {"read", NULL, LOOK_INT, false},
    {"accepted", NULL, LOOK_INT, true},
    {"made", NULL, LOOK_INT, true},
    {"published", NULL, LOOK_INT, false},
    {"quarantined", NULL, LOOK_INT, false},
    {"superseded", NULL, LOOK_INT, true},
    {"seconds", NULL, LOOK_DOUBLE, false},
    {"snapshot_id", NULL, LOOK_INT, true},
    {"memory_bytes", NULL, LOOK_INT, true},
};

static const struct weft_op_arg runs_args[] = {
    {"product", 0, WEFT_ARG_WORD, "PRODUCT", "domain.product; all without it."},
    {"limit", 0, WEFT_ARG_TEXT, "N", "At most so many, the newest first. Default 20."},
};

static int runs_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct look look = {.table = "runs",
                        .columns = runs_columns,
                        .count = WEFT_COUNT(runs_columns),
                        .empty = "no runs yet; `weft run` makes one"};
    WEFT_TRY(look_product(context, request, &look.product, error));
    WEFT_TRY(weft_op_limit(request, 20, &look.limit, error));
    return look_show(context, &look, out, error);
}

const struct weft_op weft_op_runs = {
    .name = "runs",
    .group = "look",
    .summary = "List runs, the newest first, with their balances.",
    .args = runs_args,
    .arg_count = WEFT_COUNT(runs_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = runs_run,
};

/* ---- snapshots ---- */

static const struct look_column snapshots_columns[] = {
    {"snapshot_id", NULL, LOOK_INT, false},
    {"product", NULL, LOOK_TEXT, true},
    {"committed_at", "committed", LOOK_TIME, false},
    {"operation", NULL, LOOK_TEXT, false},
    {"rows", NULL, LOOK_INT, false},
    {"added", NULL, LOOK_INT, false},
    {"removed", NULL, LOOK_INT, false},
    {"files", NULL, LOOK_INT, false},
    {"bytes", NULL, LOOK_INT, false},
    {"contract_version", "contract", LOOK_TEXT, false},
    {"parent_id", NULL, LOOK_INT, true},
    {"run_id", NULL, LOOK_TEXT, true},
    {"pinned", NULL, LOOK_BOOL, true},
};

static const struct weft_op_arg snapshots_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product"},
    {"limit", 0, WEFT_ARG_TEXT, "N", "At most so many, the newest first. Default 50."},
};

static int snapshots_run(struct weft_context *context, const struct weft_op_request *request,
                         struct weft_out *out, struct weft_error *error)
{
    struct look look = {.table = "snapshots",
                        .columns = snapshots_columns,
                        .count = WEFT_COUNT(snapshots_columns),
                        .empty = "no snapshots yet; `weft run` or `weft load` publishes one"};
    WEFT_TRY(look_product(context, request, &look.product, error));
    WEFT_TRY(weft_op_limit(request, 50, &look.limit, error));
    return look_show(context, &look, out, error);
}

const struct weft_op weft_op_snapshots = {
    .name = "snapshots",
    .group = "look",
    .summary = "List a product's snapshots, the newest first.",
    .args = snapshots_args,
    .arg_count = WEFT_COUNT(snapshots_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = snapshots_run,
};

/* ---- logs ---- */

#define LOG_MAX ((size_t)64 << 20)

static const struct weft_op_arg logs_args[] = {
    {"run", 0, WEFT_ARG_WORD, "RUN", "The id that `weft runs` shows; the newest run without it."},
};

/* The newest run whose id begins so; any beginning of at least 4 characters will do. product: what
 * it is called. */
static int run_find(struct weft_context *context, const char *beginning, char *run, size_t size,
                    const char **product, struct weft_error *error)
{
    struct weft_ledger_head head;
    const struct weft_sight *sight;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    WEFT_TRY(weft_sight_get(context, txn, 0, &sight, error));
    WEFT_TRY(weft_mesh_table_open(txn, weft_sight_view(sight), "runs", head.sequence,
                                  weft_clock_us(), &stmt, error));
    size_t length = strlen(beginning), found = 0;
    int rc;
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0 && (length > 0 || found == 0)) {
        const char *id = weft_mesh_cursor_text(stmt, weft_op_mesh_column("runs", "run_id"));
        if (strncmp(id, beginning, length) != 0 || found++ > 0)
            continue;
        snprintf(run, size, "%s", id);
        *product = weft_arena_strdup(
            context->arena, weft_mesh_cursor_text(stmt, weft_op_mesh_column("runs", "product")));
        if (*product == NULL)
            return weft_error_nomem(error);
    }
    WEFT_TRY(rc);
    if (found == 1)
        return 0;
    if (found > 1)
        return weft_error_set(error, WEFT_E_USAGE, "%zu runs have ids that begin with %s", found,
                              beginning);
    weft_error_set(error, WEFT_E_NOT_FOUND,
                   length == 0 ? "there are no runs yet%s" : "there is no run %s", beginning);
    return weft_error_hint(error, "`weft runs` lists the runs");
}

static int run_named(struct weft_context *context, const char *word, char *run, size_t size,
                     const char **product, struct weft_error *error)
{
    if (word != NULL && (strlen(word) < 4 || strspn(word, "0123456789abcdef-") != strlen(word))) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is not the id of a run", word);
        return weft_error_hint(error, "`weft runs` shows them; its first 4 characters or more do");
    }
    return run_find(context, word == NULL ? "" : word, run, size, product, error);
}

/* A log may quote rows, and names what the run reads. */
static int log_allowed(struct weft_context *context, const char *run, const char *product,
                       const struct weft_sight **sight, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_sight_get(context, txn, 0, sight, error));
    if (*sight == NULL)
        return 0;
    const struct weft_sight_item *item = product == NULL ? NULL : weft_sight_named(*sight, product);
    if (item != NULL && weft_sight_made(item))
        return 0;
    weft_error_set(error, WEFT_E_DENIED, "the log of the run %s of %s is not for %s", run,
                   product == NULL ? "a product" : product, context->request.principal);
    return weft_error_hint(error, "it may quote rows: it is for those of its domain from whom "
                                  "nothing of the product is hidden, nor what it reads");
}

/* "text" stands alone, all else as name=value. */
static void log_member(const char *name, yyjson_val *value, struct weft_buf *out)
{
    struct weft_json_writer writer;
    if (out->length > 0)
        weft_buf_addc(out, ' ');
    if (strcmp(name, "text") == 0 && yyjson_is_str(value)) {
        weft_buf_adds(out, yyjson_get_str(value));
        return;
    }
    weft_buf_addf(out, "%s=", name);
    weft_json_writer_init(&writer, out);
    weft_json_put_value(&writer, value);
}

/* Time and text for people; the line as it is for programs. */
static int log_line(const char *line, size_t length, struct weft_out *out, struct weft_error *error)
{
    if (!out->for_people) {
        WEFT_TRY(weft_out_bytes(out, line, length, error));
        return weft_out_bytes(out, "\n", 1, error);
    }
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LOG_MAX);
    WEFT_TRY(weft_json_parse(line, length, 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc), *key;
    yyjson_obj_iter iter = yyjson_obj_iter_with(root);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        const char *name = yyjson_get_str(key);
        if (strcmp(name, "time") != 0 && strcmp(name, "event") != 0)
            log_member(name, yyjson_obj_iter_get_val(key), &text);
    }
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "%s  %-8s  %s",
                         weft_json_text_or(root, "time", ""), weft_json_text_or(root, "event", ""),
                         text.data);
}

static int logs_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct weft_ledger *ledger;
    const struct weft_sight *sight;
    char run[128];
    const char *word = weft_op_text(request, "run"), *product = NULL;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(run_named(context, word, run, sizeof run, &product, error));
    WEFT_TRY(log_allowed(context, run, product, &sight, error));
    char *path = weft_arena_format(context->arena, "%s/logs/%s.log", weft_ledger_home(ledger), run);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LOG_MAX + 65536);
    int rc = weft_fs_read_file(path, LOG_MAX, &text, error);
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no log of a run %s", run);
        return weft_error_hint(error, "`weft runs` lists the runs");
    }
    WEFT_TRY(rc);
    for (char *line = text.data; line != NULL && *line != '\0';) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (line[0] != '\0' && (sight == NULL || !weft_sight_tells(sight, line)))
            WEFT_TRY(log_line(line, strlen(line), out, error));
        line = next;
    }
    return 0;
}

const struct weft_op weft_op_logs = {
    .name = "logs",
    .group = "look",
    .summary = "Show what a run wrote down. With --json one object per line.",
    .args = logs_args,
    .arg_count = WEFT_COUNT(logs_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = logs_run,
};
