/*
 * op_show.c - show: one product whole: contract, ports, rules, where the table lies.
 */
#include "app/ops_internal.h"
#include "app/show_internal.h"
#include "plan/book.h"

#include "base/clock.h"
#include "lake/pointer.h"
#include "lake/table.h"
#include "policy/treatment.h"

#include <stdio.h>
#include <string.h>

static const struct weft_op_arg show_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
};

struct shown {
    const struct weft_registered *product;
    const struct weft_product *contract;
    bool has_table;
    struct weft_pointer pointer;
    const char *environment;
    const char *deferred_to; /* it has no snapshot here, and is read from that environment */
    const char *home;
    struct weft_book book; /* of the home */
    size_t item;
};

int weft_show_field(const struct weft_field *field, const struct weft_treatment *treat,
                    struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, 16384);
    weft_buf_addf(&line, "    %-24s ", field->name);
    size_t start = line.length;
    weft_type_print(field->type, &line);
    while (line.length < start + 14)
        weft_buf_addc(&line, ' ');
    if (treat != NULL)
        weft_buf_addf(&line, " (%s)", weft_treatment_kind(treat));
    if (field->required)
        weft_buf_adds(&line, " required");
    if (field->unique)
        weft_buf_adds(&line, " unique");
    if (field->pattern != NULL)
        weft_buf_addf(&line, " pattern %s", field->pattern);
    if (field->min != NULL)
        weft_buf_addf(&line, " min %s", field->min);
    if (field->max != NULL)
        weft_buf_addf(&line, " max %s", field->max);
    if (field->values.count > 0)
        weft_buf_addf(&line, " one of %zu", field->values.count);
    if (field->classification != NULL)
        weft_buf_addf(&line, " [%s]", field->classification);
    if (field->description != NULL)
        weft_buf_addf(&line, "  %s", field->description);
    WEFT_TRY(weft_buf_check(&line, error));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "%s", line.data);
}

/* The contract's fields; where it has none, those that the table was found to have. */
static int show_fields(const struct shown *shown, struct weft_out *out, struct weft_error *error)
{
    const struct weft_fields *fields = &shown->contract->schema;
    bool detected = fields->count == 0 && shown->has_table;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  fields%s",
                           detected             ? "      detected"
                           : fields->count == 0 ? "      detected by the first run"
                                                : ""));
    for (size_t i = 0; i < fields->count; i++)
        WEFT_TRY(weft_show_field(&fields->items[i], NULL, out, error));
    if (!detected)
        return 0;
    struct weft_table *table;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_table_load(arena, shown->home, shown->pointer.metadata, &table, error));
    const struct weft_table_schema *schema = weft_table_schema(table);
    for (size_t i = 0; i < schema->count; i++) {
        struct weft_field field = {.name = schema->columns[i].name,
                                   .type = schema->columns[i].type,
                                   .min_length = -1,
                                   .max_length = -1};
        WEFT_TRY(weft_show_field(&field, NULL, out, error));
    }
    return 0;
}

static int show_checks(const struct weft_product *contract, struct weft_out *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf key;
    weft_buf_init(&key, 8192);
    for (size_t i = 0; i < contract->key.count; i++)
        weft_buf_addf(&key, "%s%s", i == 0 ? "" : ", ", contract->key.items[i]);
    WEFT_TRY(weft_buf_check(&key, error));
    if (contract->key.count > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  key         %s", key.data));
    for (size_t i = 0; i < contract->quality.check_count; i++) {
        const struct weft_check *check = &contract->quality.checks[i];
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  check       %s: %s  (%s)",
                               check->name,
                               check->condition != NULL ? check->condition : check->sql,
                               weft_on_fail_name(check->on_fail)));
    }
    return 0;
}

static int show_rows_rule(const char *name, const struct weft_rows_rule *rule, struct weft_out *out,
                          struct weft_error *error)
{
    char text[200] = "";
    size_t at = 0;
    if (rule->min >= 0)
        at += (size_t)snprintf(text + at, sizeof text - at, " at least %" PRId64, rule->min);
    if (rule->max >= 0)
        at += (size_t)snprintf(text + at, sizeof text - at, " at most %" PRId64, rule->max);
    if (rule->change >= 0)
        at += (size_t)snprintf(text + at, sizeof text - at, " change at most %g%%",
                               rule->change * 100);
    if (at == 0)
        return 0;
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %-11s%s  (%s)", name, text,
                         weft_on_fail_name(rule->on_fail));
}

/* The promises about the table as a whole. */
static int show_quality(const struct weft_quality *quality, struct weft_out *out,
                        struct weft_error *error)
{
    for (size_t i = 0; i < quality->completeness_count; i++) {
        const struct weft_completeness *item = &quality->completeness[i];
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  complete    %s: %g%%  (%s)",
                               item->field == NULL ? "every field" : item->field, item->min * 100,
                               weft_on_fail_name(item->on_fail)));
    }
    if (quality->freshness_us > 0) {
        double hours = (double)quality->freshness_us / 3600e6;
        WEFT_TRY(
            weft_out_line(out, WEFT_STYLE_PLAIN, error, "  fresh       %s within %g %s",
                          quality->freshness_field == NULL ? "looked at" : quality->freshness_field,
                          hours >= 48 ? hours / 24 : hours, hours >= 48 ? "days" : "hours"));
    }
    WEFT_TRY(show_rows_rule("rows", &quality->rows, out, error));
    WEFT_TRY(show_rows_rule("batch", &quality->batch, out, error));
    if (quality->quarantine_max < 1)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  quarantine  at most %g%%  (%s)",
                               quality->quarantine_max * 100,
                               weft_on_fail_name(quality->quarantine_max_on_fail)));
    return 0;
}

int weft_show_rules(const struct weft_product *contract, struct weft_out *out,
                    struct weft_error *error)
{
    WEFT_TRY(show_checks(contract, out, error));
    return show_quality(&contract->quality, out, error);
}

int weft_show_deprecated(const struct weft_product *contract, struct weft_out *out,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    if (contract->deprecated == NULL)
        return 0;
    weft_deprecated_print(contract->deprecated, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_line(out, WEFT_STYLE_CHANGED, error, "  deprecated  %s",
                         text.length == 0 ? "yes" : text.data + 2);
}

int weft_show_inputs(const struct weft_product *contract, struct weft_out *out,
                     struct weft_error *error)
{
    for (size_t i = 0; i < contract->input_count; i++) {
        const struct weft_input *input = &contract->inputs[i];
        WEFT_TRY(weft_out_line(
            out, WEFT_STYLE_PLAIN, error, "  input       %s: %s%s%s (%s)", input->name,
            input->files != NULL     ? input->files
            : input->product != NULL ? input->product
                                     : input->connection,
            input->files != NULL && input->connection != NULL ? " over " : "",
            input->files != NULL && input->connection != NULL ? input->connection : "",
            input->read == WEFT_READ_NEW ? "what is new" : "all"));
    }
    return 0;
}

/* What it reads, fixed to a major when it was registered, and who reads it. */
static int show_relations(const struct shown *shown, struct weft_out *out, struct weft_error *error)
{
    const struct weft_book_item *item = &shown->book.items[shown->item];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf reads;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf readers;
    weft_buf_init(&reads, 1 << 20);
    weft_buf_init(&readers, 1 << 20);
    for (size_t i = 0; i < item->read_count; i++) {
        const char *from = item->reads[i].deferred_to;
        weft_buf_addf(&reads, "%s%s@%d%s%s%s", i == 0 ? "" : ", ", item->reads[i].full_name,
                      item->reads[i].major, from == NULL ? "" : " (deferred to ",
                      from == NULL ? "" : from, from == NULL ? "" : ")");
    }
    WEFT_TRY(weft_buf_check(&reads, error));
    WEFT_TRY(weft_book_readers(&shown->book, shown->item, &readers, error));
    if (reads.length > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  reads       %s", reads.data));
    if (readers.length > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  read by     %s", readers.data));
    return weft_show_deprecated(shown->contract, out, error);
}

static void relations_json(const struct shown *shown, struct weft_json_writer *json)
{
    const struct weft_book *book = &shown->book;
    const struct weft_book_item *item = &book->items[shown->item];
    weft_book_reads_json(item, json);
    weft_json_key(json, "read_by");
    weft_json_begin_array(json);
    for (size_t i = 0; i < book->count; i++) {
        if (!weft_book_reads(&book->items[i], shown->item))
            continue;
        weft_json_begin_object(json);
        weft_json_member_text(json, "product", book->items[i].full_name);
        weft_json_member_int(json, "major", book->items[i].major);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

static int show_people(const struct shown *shown, struct weft_out *out, struct weft_error *error)
{
    const struct weft_product *contract = shown->contract;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_TITLE, error, "%s %s", contract->full_name,
                           contract->version));
    if (contract->description != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %s", contract->description));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  owner       %s",
                           contract->owner == NULL ? "-" : contract->owner));
    WEFT_TRY(
        weft_out_line(out, WEFT_STYLE_PLAIN, error, "  contract    %s%s",
                      shown->product->in_force == NULL ? "pending: no snapshot yet" : "in force",
                      shown->product->retired ? ", retired" : ""));
    if (shown->product->pending != NULL && shown->product->in_force != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                               "  pending     %s, in force with the next snapshot",
                               shown->product->pending->version));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  environment %s", shown->environment));
    if (shown->deferred_to != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                               "  rows        deferred to %s: it has no snapshot here",
                               shown->deferred_to));
    WEFT_TRY(weft_show_inputs(contract, out, error));
    WEFT_TRY(show_relations(shown, out, error));
    if (shown->has_table) {
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  snapshot    %" PRId64,
                               shown->pointer.snapshot_id));
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  table       %s/%s", shown->home,
                               shown->pointer.metadata));
    }
    WEFT_TRY(weft_show_rules(contract, out, error));
    return show_fields(shown, out, error);
}

static int show_json(const struct shown *shown, struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, (size_t)16 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", shown->product->full_name);
    weft_json_member_int(&json, "major", shown->product->major);
    weft_json_member_text(&json, "version", shown->contract->version);
    weft_json_member_bool(&json, "in_force", shown->product->in_force != NULL);
    weft_json_member_bool(&json, "retired", shown->product->retired);
    weft_json_member_text(&json, "pending_version",
                          shown->product->pending == NULL ? NULL
                                                          : shown->product->pending->version);
    weft_json_key(&json, "snapshot_id");
    if (shown->has_table)
        weft_json_put_int(&json, shown->pointer.snapshot_id);
    else
        weft_json_put_null(&json);
    weft_json_member_text(&json, "metadata", shown->has_table ? shown->pointer.metadata : NULL);
    weft_json_member_text(&json, "home", shown->home);
    weft_json_member_text(&json, "environment", shown->environment);
    weft_json_member_text(&json, "deferred_to", shown->deferred_to);
    relations_json(shown, &json);
    weft_json_key(&json, "contract");
    weft_json_put_raw(&json, shown->contract->document, strlen(shown->contract->document));
    weft_json_end_object(&json);
    return weft_out_json(out, &buf, error);
}

static int show_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct weft_registered product;
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    if (!weft_request_is_local(&context->request)) {
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *own = NULL;
        WEFT_TRY(weft_ledger_begin_read(context->ledger, &own, error));
        return weft_show_seen(context, own, &product, out, error);
    }
    struct shown shown = {.product = &product,
                          .home = weft_ledger_home(context->ledger),
                          .environment = context->environment};
    shown.contract = product.in_force != NULL ? product.in_force : product.pending;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    int rc = weft_pointer_get(txn, context->arena, WEFT_SPACE_LAKE, product.table, 0,
                              &shown.pointer, error);
    WEFT_TRY(rc);
    shown.has_table = rc == 0;
    WEFT_TRY(weft_book_make(context, NULL, txn, context->arena, &shown.book, error));
    shown.item = weft_book_find(&shown.book, product.full_name, product.major);
    if (shown.item == WEFT_BOOK_NONE)
        return weft_error_set(error, WEFT_E_CONFLICT, "`%s` was dropped meanwhile",
                              product.full_name);
    weft_book_defer(&shown.book, NULL);
    shown.deferred_to =
        shown.has_table ? NULL : weft_book_deferred(&shown.book, product.full_name, product.major);
    WEFT_TRY(show_json(&shown, out, error));
    return show_people(&shown, out, error);
}

const struct weft_op weft_op_show = {
    .name = "show",
    .group = "look",
    .summary = "Show a product: its contract, inputs, rules and where its table lies.",
    .help =
        "With --as and by a key: what he may know of it, with the columns as he would get them, "
        "and how to ask for access.",
    .args = show_args,
    .arg_count = WEFT_COUNT(show_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = show_run,
};
