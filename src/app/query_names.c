/*
 * query_names.c - the names of a query: of products, past or deferred ones too, of what was set
 * aside, and of the mesh's own tables; each asked for at the gate before it is looked up.
 */
#include "app/query_internal.h"
#include "context/gate.h"

#include "base/text.h"
#include "engine/mesh_table.h"
#include "engine/stored.h"
#include "flow/quarantine.h"
#include "trust/audit.h"

#include <stdio.h>
#include <string.h>

#define QUARANTINE_SUFFIX "__quarantine"

/* "name__v2" -> name and 2; WEFT_MAJOR_NEWEST when there is no such ending. */
static int name_split(struct weft_arena *arena, const char *table, const char **name, int *major,
                      struct weft_error *error)
{
    const char *mark = strstr(table, "__v");
    int64_t number = 0;
    size_t length = strlen(table);
    if (mark != NULL && weft_parse_int64(mark + 3, strlen(mark + 3), &number) && number >= 0 &&
        number < 1000)
        length = (size_t)(mark - table);
    *name = weft_arena_strndup(arena, table, length);
    *major = length == strlen(table) ? WEFT_MAJOR_NEWEST : (int)number;
    return *name == NULL ? weft_error_nomem(error) : 0;
}

/* An empty table would be an answer; that there was none is another one. */
static int snapshot_none(int64_t time_us, const char *product, struct weft_error *error)
{
    char when[WEFT_TIME_TEXT];
    weft_time_format(time_us, when);
    weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` has no snapshot at that time, %s", product, when);
    return weft_error_hint(error, "`weft snapshots %s` shows when there was one", product);
}

/* A home that tables are read from: the own one, or the one that is deferred to. */
struct query_home {
    struct weft_ledger_txn *txn;
    const char *path;
    int64_t sequence; /* that --as-of means there; 0 = now */
};

/* A table of the lake or of quarantine that a reference means. */
struct query_table {
    const struct query_home *home;
    const char *space;
    const char *name;
    const char *product; /* NULL for quarantine */
    const struct weft_table *table;
};

/* As the ledger was at the sequence: its order counts, not the clocks of those who wrote.
 * Quarantine begins with the first row that is set aside: before, it is empty (NULL in *out). */
static int snapshot_at(struct weft_query *query, const struct query_table *of, int64_t sequence,
                       int64_t time_us, const struct weft_snapshot **out, struct weft_error *error)
{
    struct weft_pointer pointer;
    int rc = sequence == 0 ? WEFT_NOT_THERE
                           : weft_pointer_get(of->home->txn, query->context->arena, of->space,
                                              of->name, sequence, &pointer, error);
    if (rc == 0)
        rc = weft_table_find(of->table, pointer.snapshot_id, out, error);
    if (rc == WEFT_NOT_THERE)
        return of->product == NULL ? 0 : snapshot_none(time_us, of->product, error);
    return rc;
}

/* The snapshot that a reference means: AT of its own, else the query's --as-of, else current. */
static int snapshot_choose(struct weft_query *query, const struct query_table *of,
                           const struct weft_resolve_at *at, const struct weft_snapshot **out,
                           struct weft_error *error)
{
    *out = NULL;
    if (at->given && at->version != 0) {
        int rc = weft_table_find(of->table, at->version, out, error);
        if (rc == WEFT_NOT_THERE)
            return weft_error_set(error, WEFT_E_NOT_FOUND,
                                  "there is no snapshot %" PRId64 " of this table", at->version);
        return rc;
    }
    if (at->given) {
        int64_t sequence;
        WEFT_TRY(weft_ledger_sequence_at(of->home->txn, at->timestamp_us, &sequence, error));
        return snapshot_at(query, of, sequence, at->timestamp_us, out, error);
    }
    if (query->as_of_us != 0)
        return snapshot_at(query, of, of->home->sequence, query->as_of_us, out, error);
    *out = weft_table_current(of->table);
    return 0;
}

static int files_leave_out(const struct weft_query *query, struct weft_arena *arena,
                           struct weft_data_files *data, struct weft_error *error)
{
    size_t count = 0;
    if (query->left_out == NULL)
        return 0;
    struct weft_data_file *kept = weft_arena_array(arena, data->count + 1, sizeof *kept);
    if (kept == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < data->count; i++) {
        if (!weft_map_has(query->left_out, data->items[i].path))
            kept[count++] = data->items[i];
    }
    *data = (struct weft_data_files){.items = kept, .count = count};
    return 0;
}

static int files_fill(const struct weft_query *query, const char *home, struct weft_arena *arena,
                      const struct weft_table *table, const struct weft_snapshot *snapshot,
                      struct weft_relation *out, struct weft_error *error)
{
    struct weft_data_files data, deletes;
    WEFT_TRY(weft_table_files(arena, home, table, snapshot, &data, &deletes, error));
    if (deletes.count > 0)
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "this snapshot has delete files, which this version cannot read yet");
    WEFT_TRY(files_leave_out(query, arena, &data, error));
    out->snapshot_id = snapshot->snapshot_id;
    return weft_stored_files(arena, home, table, &data, out, error);
}

/* A table of the lake or of quarantine, at the snapshot that counts. */
static int table_relation(struct weft_query *query, const struct query_home *home,
                          struct weft_arena *arena, const char *space, const char *table_name,
                          const struct weft_resolve_at *at, struct weft_relation *out,
                          struct weft_error *error)
{
    struct weft_pointer pointer;
    struct weft_table *table;
    const struct weft_snapshot *snapshot;
    int rc = weft_pointer_get(home->txn, arena, space, table_name, 0, &pointer, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(weft_table_load(arena, home->path, pointer.metadata, &table, error));
    struct query_table of = {home, space, table_name,
                             strcmp(space, WEFT_SPACE_LAKE) == 0 ? out->product : NULL, table};
    WEFT_TRY(snapshot_choose(query, &of, at, &snapshot, error));
    const struct weft_table_schema *schema = weft_table_schema(table);
    query->schema_now = schema;
    if (snapshot != NULL && (at->given || query->as_of_us != 0))
        schema = weft_table_schema_of(table, snapshot->schema_id);
    if (schema == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "a snapshot of %s names no schema",
                              table_name);
    out->kind = WEFT_RELATION_FILES;
    out->plain = weft_table_schema_of(table, 1) == NULL; /* it never changed */
    WEFT_TRY(weft_stored_columns(arena, schema, out, error));
    return snapshot == NULL ? 0 : files_fill(query, home->path, arena, table, snapshot, out, error);
}

/* The contract's fields, for a product that is registered but has no snapshot yet. */
static int empty_relation(struct weft_arena *arena, const struct weft_registered *product,
                          struct weft_relation *out, struct weft_error *error)
{
    const struct weft_product *contract =
        product->in_force != NULL ? product->in_force : product->pending;
    if (contract == NULL || contract->schema.count == 0) {
        weft_error_set(error, WEFT_E_NOT_FOUND,
                       "`%s` has no snapshot yet, and its fields are not "
                       "known before",
                       product->full_name);
        return weft_error_hint(error, "`weft run %s` or `weft load %s FILE` publishes the first",
                               product->full_name, product->full_name);
    }
    struct weft_relation_column *columns =
        weft_arena_array(arena, contract->schema.count, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < contract->schema.count; i++)
        columns[i] = (struct weft_relation_column){.name = contract->schema.items[i].name,
                                                   .type = contract->schema.items[i].type};
    out->kind = WEFT_RELATION_FILES;
    out->columns = columns;
    out->column_count = contract->schema.count;
    return 0;
}

static struct query_home home_own(const struct weft_query *query)
{
    return (struct query_home){query->txn, weft_ledger_home(query->context->ledger),
                               query->context->request.sequence};
}

/* As the environment that is deferred to has it. WEFT_NOT_THERE: it has no snapshot there. */
static int deferred_relation(struct weft_query *query, struct weft_arena *arena,
                             const char *full_name, int major, const struct weft_resolve_name *name,
                             struct weft_relation *out, struct weft_error *error)
{
    const struct weft_run_deferred *to = &query->context->deferred;
    struct weft_registered product;
    if (query->deferred == NULL)
        return WEFT_NOT_THERE;
    struct query_home home = {query->deferred, to->home, 0};
    if (query->as_of_us != 0)
        WEFT_TRY(weft_ledger_sequence_at(home.txn, query->as_of_us, &home.sequence, error));
    int rc = weft_catalog_product(home.txn, arena, full_name, major, 0, &product, error);
    if (rc != 0)
        return rc;
    struct weft_relation made = {
        .product = weft_arena_format(arena, "%s:%s", to->environment, product.full_name)};
    if (made.product == NULL)
        return weft_error_nomem(error);
    rc = table_relation(query, &home, arena, WEFT_SPACE_LAKE, product.table, &name->at, &made,
                        error);
    if (rc != 0)
        return rc;
    *out = made;
    if (query->out != NULL)
        weft_out_note(query->out, "%s is read from the environment `%s`: deferred to %s", full_name,
                      to->environment, to->environment);
    return 0;
}

/* Once for each, however often the text names it. */
static int deprecated_tell(struct weft_query *query, const struct weft_registered *product,
                           struct weft_error *error)
{
    const struct weft_deprecated *says = weft_registered_newest(product)->deprecated;
    if (says == NULL || query->out == NULL)
        return 0;
    if (query->told == NULL)
        query->told = weft_map_new();
    if (query->told == NULL)
        return weft_error_nomem(error);
    if (weft_map_has(query->told, product->table))
        return 0;
    if (weft_map_put(query->told, product->table, NULL) < 0)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    weft_deprecated_print(says, &text);
    weft_out_note(query->out, "%s@%d is deprecated%s", product->full_name, product->major,
                  text.data);
    return 0;
}

static int empty_tell(const struct weft_query *query, const struct weft_registered *product)
{
    if (query->out != NULL)
        weft_out_note(query->out, "%s has no snapshot yet: it is read as an empty table",
                      product->full_name);
    return 0;
}

/* Behind the gate: the table, or what stands for one that is not there yet. `asked`: the text names
 * it, so that he who asked is told of its state; not of what a policy looks rows up in. */
static int registered_relation(struct weft_query *query, struct weft_arena *arena,
                               const struct weft_registered *product,
                               const struct weft_resolve_name *name, bool asked,
                               struct weft_relation *out, struct weft_error *error)
{
    struct query_home home = home_own(query);
    out->product = product->full_name;
    query->schema_now = NULL;
    if (asked)
        WEFT_TRY(deprecated_tell(query, product, error));
    int rc =
        table_relation(query, &home, arena, WEFT_SPACE_LAKE, product->table, &name->at, out, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    if (weft_request_is_local(&query->context->request)) {
        rc = deferred_relation(query, arena, product->full_name, product->major, name, out, error);
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    if (name->at.given && name->at.version != 0)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` has no snapshot yet",
                              product->full_name);
    int64_t time_us = name->at.given ? name->at.timestamp_us : query->as_of_us;
    if (time_us != 0)
        return snapshot_none(time_us, product->full_name, error);
    WEFT_TRY(empty_relation(arena, product, out, error));
    return asked ? empty_tell(query, product) : 0;
}

/* ---- the gate ---- */

/* What the decision takes away, on the columns that the snapshot has. */
static int decision_apply(struct weft_arena *arena, const struct weft_decision *decision,
                          struct weft_relation *out, struct weft_error *error)
{
    out->rows = decision->rows;
    out->min_groups = decision->min_groups;
    out->min_group_count = decision->min_group_count;
    if (decision->treatments == NULL)
        return 0;
    assert(decision->treatment_count == out->column_count);
    struct weft_relation_column *columns =
        weft_arena_array(arena, out->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < out->column_count; i++) {
        columns[i] = out->columns[i];
        if (decision->treatments[i].kind != WEFT_TREAT_NONE)
            columns[i].treat = &decision->treatments[i];
    }
    out->columns = columns;
    return 0;
}

/* Where its files lie, and what they are called, is no business of a reader: who knows the name of
 * a file has a key to what is in it. */
static int stored_told(const struct weft_query *query, const char *full_name, int rc,
                       struct weft_error *error)
{
    if (rc >= 0 || weft_request_is_local(&query->context->request) ||
        (error->code != WEFT_E_CORRUPT && error->code != WEFT_E_IO))
        return rc;
    enum weft_code code = error->code;
    weft_error_clear(error);
    weft_error_set(error, code, "what is stored of `%s` cannot be read", full_name);
    return weft_error_hint(error, "tell its owner, for whom `weft doctor` finds out why");
}

/* WEFT_NOT_THERE for what he may not know of. */
static int decision_refused(struct weft_query *query, const char *full_name, int major,
                            const struct weft_decision *decision, struct weft_error *error)
{
    if (decision->verdict == WEFT_VERDICT_YES)
        return 0;
    query->denied = full_name;
    query->denied_major = major;
    query->reason = weft_arena_strdup(query->context->arena, decision->reason);
    if (query->reason == NULL)
        return weft_error_nomem(error);
    if (!decision->discoverable)
        return WEFT_NOT_THERE;
    return weft_gate_refused(query->context, full_name, decision, error);
}

/* The rules that let it be read, for the audit; of several products one behind the other. */
static int decision_note(struct weft_query *query, const struct weft_decision *decision,
                         struct weft_error *error)
{
    const char *at = NULL, *rule;
    size_t length;
    while ((rule = weft_audit_rule_next(decision->reason, &at, &length)) != NULL) {
        const char *so_far = query->reason == NULL ? "" : query->reason;
        if (!weft_audit_rule_in(so_far, rule, length))
            query->reason = weft_arena_format(query->context->arena, "%s%s%.*s", so_far,
                                              so_far[0] == '\0' ? "" : "; ", (int)length, rule);
        if (query->reason == NULL)
            return weft_error_nomem(error);
    }
    if (decision->agreement != 0)
        query->agreement = decision->agreement;
    return 0;
}

/* A column of an older snapshot may have had another name: policies mean it by both. */
static const char *name_now(const struct weft_table_schema *now,
                            const struct weft_relation_column *column)
{
    for (size_t i = 0; now != NULL && i < now->count; i++) {
        if (now->columns[i].id == column->field_id && column->field_id != 0)
            return strcmp(now->columns[i].name, column->name) == 0 ? NULL : now->columns[i].name;
    }
    return NULL;
}

static int gate_columns(struct weft_arena *arena, const struct weft_relation *relation,
                        const struct weft_table_schema *now, struct weft_subject_column **out,
                        struct weft_error *error)
{
    struct weft_subject_column *columns =
        weft_arena_array(arena, relation->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < relation->column_count; i++)
        columns[i] =
            (struct weft_subject_column){relation->columns[i].name, relation->columns[i].type,
                                         name_now(now, &relation->columns[i])};
    *out = columns;
    return 0;
}

/* First whether, before anything of it is looked at; then what, by the columns that it has. */
static int product_secured(struct weft_query *query, struct weft_arena *arena,
                           const struct weft_registered *product,
                           const struct weft_resolve_name *name, struct weft_relation *out,
                           struct weft_error *error)
{
    struct weft_context *context = query->context;
    struct weft_decision decision;
    struct weft_subject_column *columns = NULL;
    WEFT_TRY(weft_gate_product(context, query->txn, arena, product, WEFT_SUBJECT_PRODUCT, NULL, 0,
                               query->as_of_us, &decision, error));
    int rc = decision_refused(query, product->full_name, product->major, &decision, error);
    if (rc != 0)
        return rc;
    rc = registered_relation(query, arena, product, name, true, out, error);
    rc = stored_told(query, product->full_name, rc, error);
    if (rc != 0 || weft_request_is_local(&context->request)) {
        WEFT_TRY(decision_note(query, &decision, error));
        return rc;
    }
    WEFT_TRY(gate_columns(arena, out, query->schema_now, &columns, error));
    WEFT_TRY(weft_gate_product(context, query->txn, arena, product, WEFT_SUBJECT_PRODUCT, columns,
                               out->column_count, query->as_of_us, &decision, error));
    rc = decision_refused(query, product->full_name, product->major, &decision, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(decision_note(query, &decision, error));
    WEFT_TRY(decision_apply(arena, &decision, out, error));
    for (size_t i = 0; i < decision.min_group_count; i++)
        query->group_size = WEFT_MAX(query->group_size, decision.min_groups[i].size);
    const struct weft_query_secured secured = {name, out, &decision};
    return query->secured == NULL ? 0 : query->secured(query->secured_arg, &secured, error);
}

/* As it was at --as-of; what was not registered then is what it is now, which has no snapshot. */
static int product_find(struct weft_query *query, struct weft_arena *arena,
                        const struct weft_resolve_name *name, const char **full_name, int *major,
                        struct weft_registered *out, struct weft_error *error)
{
    const char *table;
    WEFT_TRY(name_split(arena, name->table, &table, major, error));
    *full_name = weft_arena_format(arena, "%s.%s", name->schema, table);
    if (*full_name == NULL)
        return weft_error_nomem(error);
    /* Of --as the past is asked, of a key the rights that it has. */
    const struct weft_request *request = &query->context->request;
    if (query->as_of_us != 0 && !weft_request_is_local(request) && request->key == NULL) {
        int rc = weft_catalog_product(query->txn, arena, *full_name, *major,
                                      query->context->request.sequence, out, error);
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    return weft_catalog_product(query->txn, arena, *full_name, *major, 0, out, error);
}

static int product_relation(struct weft_query *query, struct weft_arena *arena,
                            const struct weft_resolve_name *name, struct weft_relation *out,
                            struct weft_error *error)
{
    const char *full_name;
    int major;
    struct weft_registered product;
    int rc = product_find(query, arena, name, &full_name, &major, &product, error);
    if (rc == WEFT_NOT_THERE && weft_request_is_local(&query->context->request))
        return deferred_relation(query, arena, full_name, major, name, out, error);
    return rc != 0 ? rc : product_secured(query, arena, &product, name, out, error);
}

/* The reader may not know of what a policy looks rows up in: neither its name nor its state. */
static int looked_up_told(const struct weft_query *query, int rc, struct weft_error *error)
{
    bool of_query = error->code == WEFT_E_NOMEM || error->code == WEFT_E_CANCELLED ||
                    error->code == WEFT_E_TIMEOUT || error->code == WEFT_E_LIMIT;
    if (rc >= 0 || of_query || weft_request_is_local(&query->context->request))
        return rc;
    weft_error_clear(error);
    weft_error_set(error, WEFT_E_BLOCKED,
                   "a policy's row condition cannot be held: what it looks rows up in cannot be "
                   "read");
    return weft_error_hint(error, "those who write the policies see which: `weft can`");
}

int weft_query_member(void *arg, struct weft_arena *arena, const char *product,
                      struct weft_relation *out, struct weft_error *error)
{
    struct weft_query *query = arg;
    struct weft_resolve_name name = {0};
    struct weft_registered registered;
    const char *full_name;
    int major;
    const char *dot = strchr(product, '.');
    char *domain = dot == NULL ? NULL : weft_arena_strndup(arena, product, (size_t)(dot - product));
    if (domain == NULL)
        return weft_error_nomem(error);
    name.schema = domain;
    name.table = dot + 1;
    int rc = product_find(query, arena, &name, &full_name, &major, &registered, error);
    if (rc != 0)
        return rc;
    /* Who compares two states leaves files of them out, not of where rows are looked up. */
    struct weft_map *left_out = query->left_out;
    query->left_out = NULL;
    rc = registered_relation(query, arena, &registered, &name, false, out, error);
    query->left_out = left_out;
    return looked_up_told(query, rc, error);
}

/* Of which moment the states of rows are; 0 = now. */
static int quarantine_sequence(struct weft_query *query, const struct weft_resolve_at *at,
                               int64_t *sequence, struct weft_error *error)
{
    int64_t time_us = 0;
    *sequence = 0;
    if (at->given && at->version != 0) {
        int rc = weft_run_of_snapshot(query->txn, at->version, sequence, &time_us, error);
        return rc < 0 ? rc : 0;
    }
    if (at->given)
        return weft_ledger_sequence_at(query->txn, at->timestamp_us, sequence, error);
    if (query->as_of_us != 0)
        *sequence = query->context->request.sequence;
    return 0;
}

/* An agreement about the product would not open it. */
static int aside_refused(struct weft_query *query, const char *full_name,
                         const struct weft_decision *decision, struct weft_error *error)
{
    size_t domain = strcspn(full_name, ".");
    char *name = weft_arena_format(query->context->arena, "%.*s" QUARANTINE_SUFFIX "%s",
                                   (int)domain, full_name, full_name + domain);
    if (name == NULL)
        return weft_error_nomem(error);
    int rc = decision_refused(query, name, WEFT_MAJOR_NEWEST, decision, error);
    return rc >= 0 ? rc : weft_error_hint(error, WEFT_QUARANTINE_WHO, (int)domain, full_name);
}

/* <domain>__quarantine.<product> */
static int quarantine_relation(struct weft_query *query, struct weft_arena *arena,
                               const struct weft_resolve_name *name, struct weft_relation *out,
                               struct weft_error *error)
{
    const char *table;
    int major;
    struct weft_registered product;
    size_t length = strlen(name->schema) - strlen(QUARANTINE_SUFFIX);
    WEFT_TRY(name_split(arena, name->table, &table, &major, error));
    char *full_name = weft_arena_format(arena, "%.*s.%s", (int)length, name->schema, table);
    if (full_name == NULL)
        return weft_error_nomem(error);
    int rc = weft_catalog_product(query->txn, arena, full_name, major, 0, &product, error);
    if (rc != 0)
        return rc;
    struct weft_decision decision;
    WEFT_TRY(weft_gate_product(query->context, query->txn, arena, &product, WEFT_SUBJECT_QUARANTINE,
                               NULL, 0, query->as_of_us, &decision, error));
    rc = aside_refused(query, full_name, &decision, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(decision_note(query, &decision, error));
    out->product = weft_arena_format(arena, "%s.%s", name->schema, name->table);
    struct weft_relation stored = {0};
    struct query_home home = home_own(query);
    rc = table_relation(query, &home, arena, WEFT_SPACE_QUARANTINE, product.table, &name->at,
                        &stored, error);
    if (rc < 0)
        return rc;
    int64_t sequence = 0;
    WEFT_TRY(quarantine_sequence(query, &name->at, &sequence, error));
    return weft_quarantine_relation(query->txn, arena, product.table,
                                    rc == WEFT_NOT_THERE ? NULL : &stored, sequence, out, error);
}

static bool is_quarantine(const char *schema)
{
    size_t length = strlen(schema), suffix = strlen(QUARANTINE_SUFFIX);
    return length > suffix && strcmp(schema + length - suffix, QUARANTINE_SUFFIX) == 0;
}

static int query_sight(struct weft_query *query, struct weft_error *error)
{
    const struct weft_sight *sight;
    if (query->sight != NULL || weft_request_is_local(&query->context->request))
        return 0;
    WEFT_TRY(weft_sight_get(query->context, query->txn, query->as_of_us, &sight, error));
    query->sight = weft_sight_ref(sight);
    query->view = *weft_sight_view(sight);
    return 0;
}

/* Its rows are cut to what he may know of (context/sight.h); but for the audit, which is whole for
 * whom it is granted to, and for nobody else. */
static int mesh_relation(struct weft_query *query, struct weft_arena *arena, const char *table,
                         struct weft_relation *out, struct weft_error *error)
{
    struct weft_trust_subject subject = {.kind = WEFT_SUBJECT_MESH, .domain = "mesh"};
    struct weft_request request = query->context->request;
    const struct weft_trust *trust = NULL;
    struct weft_decision decision;
    int rc = weft_mesh_table_relation(arena, table, out, error);
    if (rc != 0)
        return rc;
    subject.full_name = out->product;
    if (strcmp(out->product, "mesh.audit") == 0)
        subject.kind = WEFT_SUBJECT_AUDIT;
    else
        request.key = NULL; /* what it does not open is not among the rows */
    WEFT_TRY(weft_gate_trust(query->context, query->txn, &trust, error));
    WEFT_TRY(weft_trust_decide(trust, &request, &subject, arena, &decision, error));
    rc = decision_refused(query, out->product, 0, &decision, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(query_sight(query, error));
    return decision_note(query, &decision, error);
}

/* The one way in: the gate first, then the name. */
int weft_query_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                       struct weft_relation *out, struct weft_error *error)
{
    struct weft_query *query = arg;
    if (name->schema == NULL)
        return WEFT_NOT_THERE;
    if (strcmp(name->schema, "mesh") == 0)
        return mesh_relation(query, arena, name->table, out, error);
    if (is_quarantine(name->schema))
        return quarantine_relation(query, arena, name, out, error);
    return product_relation(query, arena, name, out, error);
}

static const char *mesh_tables_list(struct weft_arena *arena)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, 8192);
    size_t count = weft_mesh_table_count();
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&list, "%smesh.%s",
                      i == 0          ? ""
                      : i + 1 < count ? ", "
                                      : " or ",
                      weft_mesh_table_nth(i)->name);
    return list.failed ? NULL : weft_arena_strndup(arena, list.data, list.length);
}

/* The nearest product or table of the mesh; the gate was asked by those who list them. */
const char *weft_query_suggest(void *arg, struct weft_arena *arena,
                               const struct weft_resolve_name *name)
{
    struct weft_query *query = arg;
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    if (weft_catalog_digests(query->txn, arena, &digests, &count, &ignored) < 0)
        return NULL;
    size_t tables = weft_mesh_table_count();
    const char **names = weft_arena_array(arena, count + tables + 1, sizeof *names);
    char *asked = weft_arena_format(arena, "%s%s%s", name->schema == NULL ? "" : name->schema,
                                    name->schema == NULL ? "" : ".", name->table);
    if (names == NULL || asked == NULL)
        return NULL;
    size_t known = 0;
    if (query_sight(query, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (query->sight == NULL || weft_sight_named(query->sight, digests[i].full_name) != NULL)
            digests[known++] = digests[i];
    }
    count = known;
    for (size_t i = 0; i < count; i++) {
        /* "shop.orders" in one pair of quotes is one word with a dot in it. */
        if (name->schema == NULL && strcmp(digests[i].full_name, name->table) == 0)
            return weft_arena_format(arena, "%s without quotes, or each part in its own",
                                     digests[i].full_name);
        const char *dot = strchr(digests[i].full_name, '.');
        /* `select * from orders` means shop.orders. */
        if (name->schema == NULL && dot != NULL && strcmp(dot + 1, name->table) == 0)
            return digests[i].full_name;
        names[i] = digests[i].full_name;
    }
    for (size_t i = 0; i < tables; i++) {
        names[count + i] = weft_arena_format(arena, "mesh.%s", weft_mesh_table_nth(i)->name);
        if (names[count + i] == NULL)
            return NULL;
    }
    for (size_t i = 0; i < tables; i++) {
        if (strcmp(names[count + i], asked) == 0) /* it was refused just now */
            return NULL;
    }
    const char *near = weft_suggest(asked, names, count + tables);
    bool mesh = name->schema != NULL && strcmp(name->schema, "mesh") == 0;
    return near == NULL && mesh ? mesh_tables_list(arena) : near;
}
