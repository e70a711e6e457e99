/*
 * show_seen.c - show for somebody who is not the local operator: what context/seen.h lets him know
 * of a product, and how to ask for the rest.
 */
#include "app/show_internal.h"
#include "context/sight.h"
#include "lake/pointer.h"
#include "policy/treatment.h"

#include <string.h>

struct product_name {
    const char *full_name;
    int major;
};

struct told {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    struct weft_seen seen;
    const struct weft_sight *sight;
    struct product_name *reads, *readers; /* that he may know */
    size_t read_count, reader_count;
    int64_t snapshot; /* 0 = none, or not for him */
    struct weft_error *error;
};

/* ---- what it reads, and who reads it ---- */

static void name_add(struct product_name *names, size_t *count, const char *full_name, int major)
{
    for (size_t i = 0; i < *count; i++) {
        if (names[i].major == major && strcmp(names[i].full_name, full_name) == 0)
            return;
    }
    names[(*count)++] = (struct product_name){full_name, major};
}

static bool reads_it(const struct told *told, const struct weft_registered_digest *digest)
{
    const struct weft_registered *product = told->seen.product;
    for (size_t i = 0; !digest->retired && i < digest->reads.count; i++) {
        const struct weft_registered_read *read = &digest->reads.items[i];
        if (read->major == product->major && strcmp(read->full_name, product->full_name) == 0)
            return true;
    }
    return false;
}

static int relations_find(struct told *told)
{
    struct weft_arena *arena = told->context->arena;
    const struct weft_registered_reads *reads = &told->seen.product->reads;
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    WEFT_TRY(weft_catalog_digests(told->txn, arena, &digests, &count, told->error));
    told->reads = weft_arena_array(arena, reads->count + 1, sizeof *told->reads);
    told->readers = weft_arena_array(arena, count + 1, sizeof *told->readers);
    if (told->reads == NULL || told->readers == NULL)
        return weft_error_nomem(told->error);
    for (size_t i = 0; i < reads->count; i++) {
        const struct weft_registered_read *read = &reads->items[i];
        if (weft_sight_major(told->sight, read->full_name, read->major) != NULL)
            name_add(told->reads, &told->read_count, read->full_name, read->major);
    }
    for (size_t i = 0; i < count; i++) {
        if (reads_it(told, &digests[i]) &&
            weft_sight_major(told->sight, digests[i].full_name, digests[i].major) != NULL)
            name_add(told->readers, &told->reader_count, digests[i].full_name, digests[i].major);
    }
    return 0;
}

static int names_line(const struct told *told, const char *what, const struct product_name *names,
                      size_t count, struct weft_out *out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, 1 << 20);
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&line, "%s%s@%d", i == 0 ? "" : ", ", names[i].full_name, names[i].major);
    WEFT_TRY(weft_buf_check(&line, told->error));
    return count == 0
               ? 0
               : weft_out_line(out, WEFT_STYLE_PLAIN, told->error, "  %-11s %s", what, line.data);
}

static void names_json(const struct product_name *names, size_t count, const char *key,
                       struct weft_json_writer *json)
{
    weft_json_key(json, key);
    weft_json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        weft_json_begin_object(json);
        weft_json_member_text(json, "product", names[i].full_name);
        weft_json_member_int(json, "major", names[i].major);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

/* ---- access ---- */

static bool may_read(const struct told *told)
{
    return told->seen.decision.verdict == WEFT_VERDICT_YES;
}

/* NULL where he may read it. */
static const char *how_to_ask(const struct told *told)
{
    const struct weft_registered *product = told->seen.product;
    return may_read(told) ? NULL
                          : weft_arena_format(told->context->arena,
                                              "weft request %s@%d --purpose P --because \"...\"",
                                              product->full_name, product->major);
}

static struct weft_texts purposes_of(const struct told *told)
{
    const struct weft_access *access = told->seen.contract->access;
    return access == NULL ? (struct weft_texts){0} : access->purposes;
}

static int access_show(const struct told *told, struct weft_out *out)
{
    struct weft_error *error = told->error;
    const struct weft_decision *decision = &told->seen.decision;
    const struct weft_texts purposes = purposes_of(told);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, 1 << 16);
    for (size_t i = 0; i < purposes.count; i++)
        weft_buf_addf(&list, "%s%s", i == 0 ? "" : ", ", purposes.items[i]);
    WEFT_TRY(weft_buf_check(&list, error));
    if (may_read(told)) {
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error, "  access      you may read it%s%s",
                               decision->rows != NULL ? "; rows may be kept back" : "",
                               decision->min_group_count > 0
                                   ? "; only aggregates over enough subjects come out"
                                   : ""));
    } else {
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "  access      none: %s",
                               weft_decision_denial_told(decision)));
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  to ask      %s", how_to_ask(told)));
    }
    if (purposes.count > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  purposes    %s", list.data));
    return told->seen.contract->terms_of_use == NULL
               ? 0
               : weft_out_line(out, WEFT_STYLE_PLAIN, error, "  terms       %s",
                               told->seen.contract->terms_of_use);
}

static void access_json(const struct told *told, struct weft_json_writer *json)
{
    const struct weft_decision *decision = &told->seen.decision;
    const struct weft_texts purposes = purposes_of(told);
    weft_json_key(json, "access");
    weft_json_begin_object(json);
    weft_json_member_bool(json, "read", may_read(told));
    weft_json_member_text(json, "why_not",
                          may_read(told) ? NULL : weft_decision_denial_told(decision));
    weft_json_member_text(json, "to_ask", how_to_ask(told));
    weft_json_member_bool(json, "rows_kept_back", decision->rows != NULL);
    weft_json_member_bool(json, "groups_only", decision->min_group_count > 0);
    weft_json_key(json, "purposes");
    weft_json_begin_array(json);
    for (size_t i = 0; i < purposes.count; i++)
        weft_json_put_text(json, purposes.items[i]);
    weft_json_end_array(json);
    weft_json_member_text(json, "terms_of_use", told->seen.contract->terms_of_use);
    weft_json_end_object(json);
}

/* ---- columns ---- */

static struct weft_field field_of(const struct told *told, const struct weft_seen_column *column)
{
    const struct weft_field *written = weft_fields_find(&told->seen.contract->schema, column->name);
    if (written != NULL)
        return *written;
    return (struct weft_field){
        .name = column->name, .type = column->type, .min_length = -1, .max_length = -1};
}

static int columns_show(const struct told *told, struct weft_out *out)
{
    const struct weft_seen *seen = &told->seen;
    bool detected = seen->contract->schema.count == 0 && seen->column_count > 0;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, told->error, "  fields%s",
                           detected ? "      detected" : ""));
    for (size_t i = 0; i < seen->column_count; i++) {
        const struct weft_field field = field_of(told, &seen->columns[i]);
        WEFT_TRY(weft_show_field(&field, seen->columns[i].treat, out, told->error));
    }
    return 0;
}

static int columns_json(const struct told *told, struct weft_json_writer *json)
{
    const struct weft_seen *seen = &told->seen;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    weft_json_key(json, "columns");
    weft_json_begin_array(json);
    for (size_t i = 0; i < seen->column_count; i++) {
        const struct weft_seen_column *column = &seen->columns[i];
        weft_buf_clear(&type);
        weft_type_print(column->type, &type);
        WEFT_TRY(weft_buf_check(&type, told->error));
        weft_json_begin_object(json);
        weft_json_member_text(json, "column", column->name);
        weft_json_member_text(json, "type", type.data);
        weft_json_member_text(json, "treatment", weft_treatment_kind(column->treat));
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
    return 0;
}

/* ---- all of it ---- */

static int told_show(const struct told *told, struct weft_out *out)
{
    const struct weft_seen *seen = &told->seen;
    const struct weft_product *contract = seen->contract;
    const struct weft_registered *product = seen->product;
    struct weft_error *error = told->error;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_TITLE, error, "%s %s", contract->full_name,
                           contract->version));
    if (contract->description != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %s", contract->description));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  owner       %s",
                           contract->owner == NULL ? "-" : contract->owner));
    WEFT_TRY(access_show(told, out));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  contract    %s%s",
                           product->in_force == NULL ? "pending: no snapshot yet" : "in force",
                           product->retired ? ", retired" : ""));
    if (product->pending != NULL && product->in_force != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                               "  pending     %s, in force with the next snapshot",
                               product->pending->version));
    if (seen->how == WEFT_SEEN_TEAM)
        WEFT_TRY(weft_show_inputs(contract, out, error));
    WEFT_TRY(names_line(told, "reads", told->reads, told->read_count, out));
    WEFT_TRY(names_line(told, "read by", told->readers, told->reader_count, out));
    WEFT_TRY(weft_show_deprecated(contract, out, error));
    if (told->snapshot != 0)
        WEFT_TRY(
            weft_out_line(out, WEFT_STYLE_PLAIN, error, "  snapshot    %" PRId64, told->snapshot));
    WEFT_TRY(weft_show_rules(contract, out, error));
    return columns_show(told, out);
}

static int told_json(const struct told *told, struct weft_out *out)
{
    const struct weft_seen *seen = &told->seen;
    const struct weft_registered *product = seen->product;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, (size_t)16 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", product->full_name);
    weft_json_member_int(&json, "major", product->major);
    weft_json_member_text(&json, "version", seen->contract->version);
    weft_json_member_bool(&json, "in_force", product->in_force != NULL);
    weft_json_member_bool(&json, "retired", product->retired);
    weft_json_member_text(&json, "pending_version",
                          product->pending == NULL ? NULL : product->pending->version);
    weft_json_key(&json, "snapshot_id");
    if (told->snapshot != 0)
        weft_json_put_int(&json, told->snapshot);
    else
        weft_json_put_null(&json);
    access_json(told, &json);
    WEFT_TRY(columns_json(told, &json));
    names_json(told->reads, told->read_count, "reads", &json);
    names_json(told->readers, told->reader_count, "read_by", &json);
    weft_json_key(&json, "contract");
    weft_json_put_raw(&json, seen->contract->document, strlen(seen->contract->document));
    weft_json_end_object(&json);
    return weft_out_json(out, &buf, told->error);
}

int weft_show_seen(struct weft_context *context, struct weft_ledger_txn *txn,
                   const struct weft_registered *product, struct weft_out *out,
                   struct weft_error *error)
{
    struct told told = {.context = context, .txn = txn, .error = error};
    struct weft_pointer pointer;
    WEFT_TRY(weft_seen_product(context, txn, product, &told.seen, error));
    WEFT_TRY(weft_sight_get(context, txn, 0, &told.sight, error));
    assert(told.sight != NULL);
    WEFT_TRY(relations_find(&told));
    if (told.seen.how >= WEFT_SEEN_WHOLE) {
        int rc = weft_pointer_get(txn, context->arena, WEFT_SPACE_LAKE, product->table, 0, &pointer,
                                  error);
        WEFT_TRY(rc);
        told.snapshot = rc == 0 ? pointer.snapshot_id : 0;
    }
    WEFT_TRY(told_json(&told, out));
    return told_show(&told, out);
}
