/*
 * inherited.c - see inherited.h. Each product on the way up is looked at once.
 */
#include "catalog/inherited.h"

#include "base/map.h"
#include "catalog/product_entry.h"
#include "ledger/sql.h"

#include <stdio.h>
#include <string.h>

#define DEEP_MAX 1000 /* products in a row; what reads may not read itself */
#define VALUES (WEFT_LINEAGE_DIRECT | WEFT_LINEAGE_UNKNOWN)

/* The columns of a product, and what each is classified as. */
struct classes {
    struct weft_trust_column *items;
    size_t count, capacity;
};

struct inheritor {
    struct weft_ledger_txn *txn;
    struct weft_arena *arena;
    int64_t sequence;
    struct weft_map *seen; /* "domain.name@1" -> struct classes */
    int depth;
    weft_catalog_planned_fn *planned; /* NULL = all is as it is registered */
    void *arg;
    struct weft_error *error;
};

static int inherit(struct inheritor *h, const struct weft_lineage *lineage,
                   struct weft_trust_column *columns, size_t count);

int weft_catalog_classify(struct weft_arena *arena, struct weft_texts *to, const char *text,
                          struct weft_error *error)
{
    for (size_t i = 0; text != NULL && i < to->count; i++) {
        if (strcmp(to->items[i], text) == 0)
            return 0;
    }
    if (text == NULL)
        return 0;
    const char **items = weft_arena_array(arena, to->count + 1, sizeof(*items));
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < to->count; i++)
        items[i] = to->items[i];
    items[to->count] = text;
    *to = (struct weft_texts){items, to->count + 1};
    return 0;
}

static struct weft_trust_column *column_find(struct weft_trust_column *columns, size_t count,
                                             const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i].name, name) == 0 ||
            (columns[i].now != NULL && strcmp(columns[i].now, name) == 0))
            return &columns[i];
    }
    return NULL;
}

/* ---- what a product's own contracts say ---- */

static const struct weft_product *planned_of(const struct inheritor *h, const char *product,
                                             int major)
{
    return h->planned == NULL ? NULL : h->planned(h->arg, product, major);
}

static int class_put(struct inheritor *h, const char *name, const char *classification,
                     struct classes *to)
{
    struct weft_trust_column *column = column_find(to->items, to->count, name == NULL ? "" : name);
    if (column == NULL) {
        if (weft_arena_reserve(h->arena, &to->items, &to->capacity, to->count + 1,
                               sizeof *to->items) < 0)
            return weft_error_nomem(h->error);
        column = &to->items[to->count++];
        *column = (struct weft_trust_column){.name = name == NULL ? "" : name};
    }
    return weft_catalog_classify(h->arena, &column->classifications, classification, h->error);
}

static int class_row(struct inheritor *h, struct weft_stmt *stmt, struct classes *to)
{
    const char *name, *classification;
    WEFT_TRY(weft_sql_text(h->arena, stmt, 0, &name, h->error));
    WEFT_TRY(weft_sql_text(h->arena, stmt, 1, &classification, h->error));
    return class_put(h, name, classification, to);
}

/* Of the contract in force and of the one that waits; of a product that is gone, the last ones. */
static int classes_own(struct inheritor *h, const char *product, int major, struct classes *to)
{
    static const char *const texts[] = {
        "SELECT column_name, classification FROM catalog_columns WHERE product = ?1 AND major = ?2 "
        "AND seq_from <= ?3 AND (seq_to IS NULL OR seq_to > ?3) ORDER BY state, ordinal",
        "SELECT column_name, classification FROM catalog_columns WHERE product = ?1 AND major = ?2 "
        "AND seq_to = (SELECT max(c.seq_to) FROM catalog_columns c WHERE c.product = ?1 AND "
        "c.major = ?2 AND c.seq_to <= ?3) ORDER BY state, ordinal"};
    const struct weft_product *planned = planned_of(h, product, major);
    for (size_t i = 0; planned != NULL && i < planned->schema.count; i++)
        WEFT_TRY(class_put(h, planned->schema.items[i].name,
                           planned->schema.items[i].classification, to));
    for (size_t i = 0; i < WEFT_COUNT(texts) && to->count == 0; i++) {
        int rc;
        WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
        WEFT_TRY(weft_sql_query(h->txn, &stmt, h->error, texts[i], "tii", product, (int64_t)major,
                                h->sequence));
        while ((rc = weft_stmt_step(stmt, h->error)) == 0)
            WEFT_TRY(class_row(h, stmt, to));
        WEFT_TRY(rc);
    }
    return 0;
}

static int classes_of(struct inheritor *h, const char *product, int major,
                      const struct classes **out)
{
    char key[300];
    struct weft_lineage lineage;
    snprintf(key, sizeof key, "%.250s@%d", product, major);
    *out = weft_map_get(h->seen, key);
    if (*out != NULL)
        return 0;
    struct classes *made = weft_arena_alloc(h->arena, sizeof *made);
    if (made == NULL || weft_map_put(h->seen, key, made) < 0)
        return weft_error_nomem(h->error);
    if (++h->depth > DEEP_MAX)
        return weft_error_set(h->error, WEFT_E_LIMIT, "more than %d products made of one another",
                              DEEP_MAX);
    WEFT_TRY(classes_own(h, product, major, made));
    int rc = weft_lineage_get(h->txn, h->arena, product, major, h->sequence, &lineage, h->error);
    WEFT_TRY(rc);
    if (rc == 0)
        WEFT_TRY(inherit(h, &lineage, made->items, made->count));
    h->depth--;
    *out = made;
    return 0;
}

/* ---- what comes from above ---- */

static bool says_public(const struct weft_trust_column *column)
{
    for (size_t i = 0; i < column->classifications.count; i++) {
        if (strcmp(column->classifications.items[i], "public") != 0)
            return false;
    }
    return column->classifications.count > 0;
}

static int classes_add(struct inheritor *h, const struct weft_trust_column *from,
                       struct weft_trust_column *to)
{
    for (size_t i = 0; i < from->classifications.count; i++) {
        if (strcmp(from->classifications.items[i], "public") != 0)
            WEFT_TRY(weft_catalog_classify(h->arena, &to->classifications,
                                           from->classifications.items[i], h->error));
    }
    return 0;
}

/* A column of the product's own files, as its port declares it. */
static int inherit_port(struct inheritor *h, const struct weft_lineage *lineage,
                        const struct weft_lineage_edge *edge, struct weft_trust_column *to)
{
    const char *port = lineage->sources[edge->source].name;
    struct weft_registered product;
    const struct weft_product *contract = planned_of(h, lineage->full_name, lineage->major);
    int rc =
        contract != NULL
            ? 0
            : weft_catalog_product(h->txn, h->arena, lineage->full_name, lineage->major,
                                   h->sequence == INT64_MAX ? 0 : h->sequence, &product, h->error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (contract == NULL)
        contract = weft_registered_newest(&product);
    for (size_t i = 0; i < contract->input_count; i++) {
        const struct weft_fields *fields = &contract->inputs[i].schema;
        for (size_t f = 0; strcmp(contract->inputs[i].name, port) == 0 && f < fields->count; f++) {
            const struct weft_field *field = &fields->items[f];
            const char *from = field->from == NULL ? field->name : field->from;
            if (field->classification != NULL && strcmp(field->classification, "public") != 0 &&
                (strcmp(from, edge->name) == 0 || strcmp(field->name, edge->name) == 0))
                WEFT_TRY(weft_catalog_classify(h->arena, &to->classifications,
                                               field->classification, h->error));
        }
    }
    return 0;
}

static int inherit_edge(struct inheritor *h, const struct weft_lineage *lineage,
                        const struct weft_lineage_edge *edge, struct weft_trust_column *to)
{
    const struct weft_lineage_source *source = &lineage->sources[edge->source];
    const struct classes *above;
    if (weft_lineage_source_is_port(source->name))
        return inherit_port(h, lineage, edge, to);
    WEFT_TRY(classes_of(h, source->name, source->major, &above));
    const struct weft_trust_column *from = column_find(above->items, above->count, edge->name);
    return from == NULL ? 0 : classes_add(h, from, to);
}

static int inherit_all(struct inheritor *h, const struct weft_lineage *lineage,
                       struct weft_trust_column *to)
{
    for (size_t s = 0; s < lineage->source_count; s++) {
        const struct classes *above;
        if (weft_lineage_source_is_port(lineage->sources[s].name))
            continue;
        WEFT_TRY(classes_of(h, lineage->sources[s].name, lineage->sources[s].major, &above));
        for (size_t i = 0; i < above->count; i++)
            WEFT_TRY(classes_add(h, &above->items[i], to));
    }
    return 0;
}

static int inherit(struct inheritor *h, const struct weft_lineage *lineage,
                   struct weft_trust_column *columns, size_t count)
{
    for (size_t c = 0; c < lineage->column_count; c++) {
        struct weft_trust_column *to = column_find(columns, count, lineage->columns[c]);
        if (to == NULL || says_public(to))
            continue;
        if (lineage->lost != NULL && lineage->lost[c])
            WEFT_TRY(inherit_all(h, lineage, to));
        for (size_t e = 0; e < lineage->edge_count; e++) {
            const struct weft_lineage_edge *edge = &lineage->edges[e];
            if (edge->column == c && (edge->how & VALUES) != 0)
                WEFT_TRY(inherit_edge(h, lineage, edge, to));
        }
    }
    return 0;
}

static bool lineage_has(const struct weft_lineage *lineage, const struct weft_trust_column *column)
{
    for (size_t i = 0; i < lineage->column_count; i++) {
        if (strcmp(lineage->columns[i], column->name) == 0 ||
            (column->now != NULL && strcmp(lineage->columns[i], column->now) == 0))
            return true;
    }
    return false;
}

int weft_catalog_inherit_planned(struct weft_ledger_txn *txn, struct weft_arena *arena,
                                 const struct weft_lineage *lineage, int64_t sequence,
                                 weft_catalog_planned_fn *planned, void *arg,
                                 struct weft_trust_column *columns, size_t count,
                                 struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    struct inheritor h = {.txn = txn,
                          .arena = arena,
                          .sequence = weft_ledger_at(sequence),
                          .seen = seen,
                          .planned = planned,
                          .arg = arg,
                          .error = error};
    if (seen == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(inherit(&h, lineage, columns, count));
    /* Of a column of an older snapshot that is no more the lineage tells nothing. */
    for (size_t i = 0; i < count; i++) {
        if (!lineage_has(lineage, &columns[i]))
            WEFT_TRY(inherit_all(&h, lineage, &columns[i]));
    }
    return 0;
}

int weft_catalog_inherit(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const struct weft_lineage *lineage, int64_t sequence,
                         struct weft_trust_column *columns, size_t count, struct weft_error *error)
{
    return weft_catalog_inherit_planned(txn, arena, lineage, sequence, NULL, NULL, columns, count,
                                        error);
}
