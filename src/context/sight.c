/*
 * sight.c - see sight.h. One decision for each major of each product; what it says is kept, the
 * contracts are not.
 */
#include "context/sight_internal.h"

#include "catalog/subject.h"
#include "context/gate.h"
#include "ledger/sql.h"
#include "trust/keys.h"
#include "trust/requests.h"

#include <stdio.h>
#include <string.h>

#define SIGHT_ARENA_MAX ((size_t)256 << 20)

/* ---- asking ---- */

const struct weft_sight_item *weft_sight_named(const struct weft_sight *sight, const char *name)
{
    return weft_map_get(sight->names, name);
}

const struct weft_sight_item *weft_sight_table(const struct weft_sight *sight, const char *table)
{
    return weft_map_get(sight->tables, table);
}

const struct weft_sight_item *weft_sight_major(const struct weft_sight *sight,
                                               const char *full_name, int major)
{
    char key[SIGHT_KEY_SIZE];
    snprintf(key, sizeof key, "%s@%d", full_name, major);
    return weft_map_get(sight->majors, key);
}

/* ---- references ---- */

struct weft_sight *weft_sight_ref(const struct weft_sight *sight)
{
    struct weft_sight *kept = (struct weft_sight *)(uintptr_t)sight;
    if (kept != NULL)
        kept->references++;
    return kept;
}

void weft_sight_unref(struct weft_sight *sight)
{
    if (sight == NULL || --sight->references > 0)
        return;
    weft_map_free(sight->names);
    weft_map_free(sight->tables);
    weft_map_free(sight->majors);
    weft_map_free(sight->unknown);
    weft_map_free(sight->mates);
    weft_arena_free(sight->arena);
    weft_free(sight);
}

void weft_sight_unrefp(struct weft_sight **sight)
{
    weft_sight_unref(*sight);
    *sight = NULL;
}

/* ---- making ---- */

struct maker {
    struct weft_sight *sight;
    struct weft_ledger_txn *txn;
    const struct weft_trust *trust;
    struct weft_request request; /* at the time that is asked about */
    struct weft_arena *scratch;
    struct weft_error *error;
};

static int text_keep(struct maker *m, const char *text, const char **out)
{
    *out = weft_arena_strdup(m->sight->arena, text);
    return *out == NULL ? weft_error_nomem(m->error) : 0;
}

static void column_add(struct weft_subject_column *columns, size_t *count, const char *name,
                       const struct weft_type *type)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(columns[i].name, name) == 0)
            return;
    }
    columns[(*count)++] = (struct weft_subject_column){.name = name, .type = type};
}

/* Of the contract in force and of the one that waits: any table may name them. *out NULL where they
 * are as they were detected. */
static int columns_gather(struct maker *m, const struct weft_registered *product,
                          const struct weft_subject_column **out, size_t *out_count)
{
    const struct weft_product *const contracts[] = {product->in_force, product->pending};
    size_t room = 0, count = 0;
    for (size_t i = 0; i < WEFT_COUNT(contracts); i++) {
        if (contracts[i] != NULL && contracts[i]->schema.count == 0)
            return 0;
        room += contracts[i] == NULL ? 0 : contracts[i]->schema.count;
    }
    struct weft_subject_column *columns = weft_arena_array(m->scratch, room + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(m->error);
    for (size_t i = 0; i < WEFT_COUNT(contracts); i++) {
        for (size_t f = 0; contracts[i] != NULL && f < contracts[i]->schema.count; f++)
            column_add(columns, &count, contracts[i]->schema.items[f].name,
                       contracts[i]->schema.items[f].type);
    }
    *out = columns;
    *out_count = count;
    return 0;
}

static int columns_keep(struct maker *m, const struct weft_trust_subject *subject,
                        const struct weft_treatment *known, struct weft_texts *out)
{
    size_t count = 0;
    const char **names =
        weft_arena_array(m->sight->arena, subject->column_count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(m->error);
    for (size_t i = 0; i < subject->column_count; i++) {
        if (known == NULL || known[i].kind != WEFT_TREAT_HIDE)
            WEFT_TRY(text_keep(m, subject->columns[i].name, &names[count++]));
    }
    *out = (struct weft_texts){names, count};
    return 0;
}

static int item_add(struct maker *m, const struct weft_registered *product)
{
    struct weft_sight *sight = m->sight;
    struct weft_trust_subject subject;
    struct weft_decision decision;
    const struct weft_subject_column *columns = NULL;
    size_t column_count = 0;
    WEFT_TRY(columns_gather(m, product, &columns, &column_count));
    WEFT_TRY(weft_catalog_subject(m->scratch, m->txn, product, columns, column_count,
                                  sight->sequence, &subject, m->error));
    WEFT_TRY(weft_trust_decide(m->trust, &m->request, &subject, m->scratch, &decision, m->error));
    if (!decision.discoverable)
        return 0;
    if (weft_arena_reserve(sight->arena, &sight->items, &sight->capacity, sight->count + 1,
                           sizeof *sight->items) < 0)
        return weft_error_nomem(m->error);
    struct weft_sight_item *item = &sight->items[sight->count];
    *item = (struct weft_sight_item){.major = product->major,
                                     .read = decision.verdict == WEFT_VERDICT_YES,
                                     .whole = decision.verdict == WEFT_VERDICT_YES && decision.raw,
                                     .team = weft_principal_of_domain(&sight->who, subject.domain)};
    WEFT_TRY(text_keep(m, product->full_name, &item->full_name));
    WEFT_TRY(text_keep(m, product->table, &item->table));
    WEFT_TRY(text_keep(m, product->name, &item->name));
    WEFT_TRY(columns_keep(m, &subject, decision.known, &item->columns));
    sight->count++;
    return 0;
}

static int items_index(struct maker *m)
{
    struct weft_sight *sight = m->sight;
    char key[SIGHT_KEY_SIZE];
    for (size_t i = 0; i < sight->count; i++) {
        struct weft_sight_item *item = &sight->items[i];
        snprintf(key, sizeof key, "%s@%d", item->full_name, item->major);
        if (weft_map_put(sight->names, item->name, item) < 0 ||
            weft_map_put(sight->tables, item->table, item) < 0 ||
            weft_map_put(sight->majors, key, item) < 0)
            return weft_error_nomem(m->error);
    }
    return 0;
}

static void items_open(struct maker *m, const struct weft_registered_list *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct weft_registered *product = &all->items[i];
        struct weft_sight_item *item = weft_map_get(m->sight->tables, product->table);
        bool open = true;
        for (size_t r = 0; item != NULL && r < product->reads.count; r++) {
            const struct weft_registered_read *read = &product->reads.items[r];
            open = open && weft_sight_major(m->sight, read->full_name, read->major) != NULL;
        }
        if (item != NULL)
            item->open = open;
    }
}

/* By none of the names that anything visible has; all of all times count. */
static int unknown_fill(struct maker *m)
{
    struct weft_sight *sight = m->sight;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(m->txn, &stmt, m->error,
                            "SELECT DISTINCT product, shown, table_name FROM catalog_names", ""));
    while ((rc = weft_stmt_step(stmt, m->error)) == 0) {
        if (weft_map_has(sight->tables, weft_stmt_column_text(stmt, 2)))
            continue;
        for (int c = 0; c < 3; c++) {
            const char *name = weft_stmt_column_text(stmt, c);
            if (!weft_map_has(sight->names, name) && !weft_map_has(sight->tables, name) &&
                weft_map_put(sight->unknown, name, NULL) < 0)
                return weft_error_nomem(m->error);
        }
    }
    return rc < 0 ? rc : 0;
}

static void end_at(struct weft_sight *sight, int64_t until_us)
{
    if (until_us > sight->time_us && (sight->until_us == 0 || until_us < sight->until_us))
        sight->until_us = until_us;
}

/* Until a grant or an agreement ends: then it may be another one. */
static int ends_find(struct maker *m)
{
    struct weft_access_requests agreements;
    for (size_t i = 0; i < weft_trust_policy_count(m->trust); i++)
        end_at(m->sight, weft_trust_policy_nth(m->trust, i)->until_us);
    WEFT_TRY(weft_agreements_of(m->txn, m->scratch, m->sight->sequence, m->sight->time_us,
                                &m->sight->who, &agreements, m->error));
    for (size_t i = 0; i < agreements.count; i++)
        end_at(m->sight, agreements.items[i].until_us);
    return 0;
}

static int people_fill(struct maker *m)
{
    static const struct weft_trust_subject audit = {
        .kind = WEFT_SUBJECT_AUDIT, .full_name = "mesh.audit", .domain = "mesh"};
    struct weft_decision decision;
    const struct weft_texts *domains = &m->sight->who.domains;
    WEFT_TRY(weft_trust_decide(m->trust, &m->request, &audit, m->scratch, &decision, m->error));
    m->sight->audit = decision.verdict == WEFT_VERDICT_YES;
    for (size_t d = 0; d < domains->count; d++) {
        struct weft_texts members;
        WEFT_TRY(weft_domain_members(m->txn, m->scratch, domains->items[d], m->sight->sequence,
                                     &members, m->error));
        for (size_t i = 0; i < members.count; i++) {
            if (weft_map_put(m->sight->mates, members.items[i], NULL) < 0)
                return weft_error_nomem(m->error);
        }
    }
    return 0;
}

static int sight_fill(struct maker *m)
{
    struct weft_registered_list all;
    struct weft_sight *sight = m->sight;
    WEFT_TRY(weft_principal_get(m->txn, sight->arena, m->request.principal, sight->sequence,
                                &sight->who, m->error));
    WEFT_TRY(weft_catalog_products_at(m->txn, m->scratch, sight->sequence, &all, m->error));
    for (size_t i = 0; i < all.count; i++)
        WEFT_TRY(item_add(m, &all.items[i]));
    WEFT_TRY(items_index(m));
    items_open(m, &all);
    WEFT_TRY(unknown_fill(m));
    WEFT_TRY(people_fill(m));
    return ends_find(m);
}

static struct weft_sight *sight_new(const struct weft_request *request, int64_t sequence)
{
    struct weft_sight *sight = weft_alloc(sizeof *sight);
    if (sight == NULL)
        return NULL;
    *sight = (struct weft_sight){.arena = weft_arena_new(SIGHT_ARENA_MAX),
                                 .references = 1,
                                 .sequence = sequence,
                                 .time_us = request->time_us,
                                 .key = request->key,
                                 .names = weft_map_new(),
                                 .tables = weft_map_new(),
                                 .majors = weft_map_new(),
                                 .unknown = weft_map_new(),
                                 .mates = weft_map_new()};
    sight->view =
        (struct weft_mesh_view){.arg = sight, .row = weft_sight_row, .text = weft_sight_text};
    snprintf(sight->purpose, sizeof sight->purpose, "%s", request->purpose);
    if (sight->arena == NULL || sight->names == NULL || sight->tables == NULL ||
        sight->majors == NULL || sight->unknown == NULL || sight->mates == NULL) {
        weft_sight_unref(sight);
        return NULL;
    }
    return sight;
}

static bool sight_is_for(const struct weft_sight *sight, const struct weft_request *request,
                         int64_t sequence)
{
    return sight != NULL && sight->sequence == sequence && sight->key == request->key &&
           strcmp(sight->who.id, request->principal) == 0 &&
           strcmp(sight->purpose, request->purpose) == 0 && request->time_us >= sight->time_us &&
           (sight->until_us == 0 || request->time_us < sight->until_us);
}

int weft_sight_get(struct weft_context *context, struct weft_ledger_txn *txn, int64_t time_us,
                   const struct weft_sight **out, struct weft_error *error)
{
    const struct weft_trust *trust;
    struct weft_request request = context->request;
    *out = NULL;
    if (time_us != 0 && request.key == NULL) /* gate.c: sequence_of */
        request.time_us = time_us;
    WEFT_TRY(weft_gate_trust(context, txn, &trust, error));
    if (trust == NULL)
        return 0;
    int64_t sequence = weft_trust_sequence(trust);
    if (!sight_is_for(context->sight, &request, sequence)) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *scratch = weft_arena_new(0);
        WEFT_CLEANUP(weft_sight_unrefp) struct weft_sight *sight = sight_new(&request, sequence);
        if (scratch == NULL || sight == NULL)
            return weft_error_nomem(error);
        struct maker maker = {sight, txn, trust, request, scratch, error};
        WEFT_TRY(sight_fill(&maker));
        weft_sight_unref(context->sight);
        context->sight = sight;
        sight = NULL;
    }
    *out = context->sight;
    return 0;
}
