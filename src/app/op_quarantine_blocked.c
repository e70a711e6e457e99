/*
 * op_quarantine_blocked.c - `quarantine --run`: the examples that a blocked run kept. They lie in a
 * file of the home, so no query reads them; the gate was asked, and the audit is told here.
 */
#include "app/quarantine_internal.h"
#include "context/gate.h"

#include "base/fs.h"
#include "flow/quarantine.h"

#include <stdio.h>
#include <string.h>

#define BLOCKED_MAX ((size_t)256 << 20)

struct blocked {
    struct weft_context *context;
    const struct weft_registered *product;
    const char *rule; /* NULL = any */
    struct weft_out *out;
    int64_t rows;
};

static int blocked_line(struct blocked *blocked, const char *line, size_t length,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(line, length, 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *rules = yyjson_obj_get(root, "rules");
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    bool fits = blocked->rule == NULL;
    yyjson_val *item;
    yyjson_arr_iter iter = yyjson_arr_iter_with(rules);
    while ((item = yyjson_arr_iter_next(&iter)) != NULL) {
        fits = fits || strcmp(yyjson_get_str(item), blocked->rule) == 0;
        weft_buf_addf(&text, "%s%s", text.length == 0 ? "" : ", ", yyjson_get_str(item));
    }
    if (!fits)
        return 0;
    WEFT_TRY(weft_buf_check(&text, error));
    const struct weft_cell cells[] = {
        weft_out_cell_text(text.data),
        weft_out_cell_text(weft_json_text_or(root, "file", NULL)),
        weft_out_cell_int(weft_json_int_or(root, "line", 0)),
        weft_out_cell_int(weft_json_int_or(root, "byte", 0)),
        weft_out_cell_text(weft_json_text_or(root, "raw", NULL)),
    };
    blocked->rows++;
    return weft_out_row(blocked->out, cells, error);
}

static int lines_show(struct blocked *blocked, const char *text, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {{"rules", false, false},
                                                     {"file", false, false},
                                                     {"line", true, false},
                                                     {"byte", true, true},
                                                     {"raw", false, false}};
    WEFT_TRY(weft_out_table(blocked->out, columns, WEFT_COUNT(columns), error));
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (length > 0)
            WEFT_TRY(blocked_line(blocked, line, length, error));
        line += length + (line[length] == '\n');
    }
    return weft_out_table_end(blocked->out, error);
}

/* One of this product: of another one's runs nobody is told here. */
static int run_find(const struct blocked *blocked, const char *word, char run[64],
                    struct weft_error *error)
{
    char shown[WEFT_QUARANTINE_SHOWN];
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (strlen(word) < 4 || strlen(word) >= 64 ||
        strspn(word, "0123456789abcdef-") != strlen(word)) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is not the id of a run", word);
        return weft_error_hint(error, "`weft runs` shows them; its first 4 characters or more do");
    }
    WEFT_TRY(weft_ledger_begin_read(blocked->context->ledger, &txn, error));
    int rc = weft_quarantine_run(txn, blocked->product->table, word, run, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    weft_quarantine_shown(blocked->product, shown);
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no run %s", shown, word);
    return weft_error_hint(error, "`weft runs %s` lists its runs", blocked->product->full_name);
}

static int examples_read(struct blocked *blocked, const char *run, struct weft_buf *text,
                         struct weft_error *error)
{
    const char *home = weft_ledger_home(blocked->context->ledger);
    char *path = weft_arena_format(blocked->context->arena, "%s/blocked/%s.ndjson", home, run);
    if (path == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_read_file(path, BLOCKED_MAX, text, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    weft_error_set(error, WEFT_E_NOT_FOUND, "the run %s kept no examples", run);
    return weft_error_hint(error, "only blocked runs do; `weft runs` lists the runs");
}

int weft_quarantine_blocked(struct weft_context *context, const struct weft_registered *product,
                            const struct weft_decision *decision,
                            const struct weft_op_request *request, struct weft_out *out,
                            struct weft_error *error)
{
    struct blocked blocked = {context, product, weft_op_text(request, "rule"), out, 0};
    struct weft_gate_read read;
    char run[64];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, BLOCKED_MAX + 65536);
    size_t domain = strcspn(product->name, ".");
    char *name = weft_arena_format(context->arena, "%.*s__quarantine%s", (int)domain, product->name,
                                   product->name + domain);
    if (name == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(run_find(&blocked, weft_op_text(request, "run"), run, error));
    WEFT_TRY(examples_read(&blocked, run, &text, error));
    WEFT_TRY(weft_gate_read_begin(context, name, "", NULL, decision, &read, error));
    int rc = lines_show(&blocked, text.data, error);
    return weft_gate_read_end(context, &read, blocked.rows, rc, error);
}
