/*
 * lineage.c - a home of many products with many columns each, registered as apply does, for the
 * time of `weft lineage` in it: bench_lineage HOME PRODUCTS COLUMNS. Products lie in
 * ten layers and read two of the layer below; column i comes from column i of one and from its
 * neighbour in the other, and a column of the first filters the rows.
 */
#include "base/text.h"
#include "catalog/product_entry.h"
#include "lake/pointer.h"
#include "lineage/edges.h"

#include <stdio.h>
#include <stdlib.h>

#define LAYERS 10

struct maker {
    struct weft_ledger_txn *txn;
    int products;
    int columns;
    struct weft_error error;
};

static void must(struct maker *maker, int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", maker->error.message);
    exit(1);
}

static const struct weft_product *product_make(struct maker *maker, struct weft_arena *arena,
                                               int number)
{
    struct weft_buf text;
    struct weft_diag diag;
    const struct weft_product *product = NULL;
    weft_buf_init(&text, 1 << 20);
    weft_diag_init(&diag);
    weft_buf_addf(&text,
                  "domain: d%d\nname: p%d\nowner: o%d@example.org\nversion: 1.0.0\nschema:\n",
                  number % 50, number, number % 50);
    for (int i = 0; i < maker->columns; i++)
        weft_buf_addf(&text, "  - {name: c%d, type: int}\n", i);
    char *file = weft_arena_format(arena, "domains/d%d/p%d/data_product.yaml", number % 50, number);
    char *folder = weft_arena_format(arena, "/srv/domains/d%d/p%d", number % 50, number);
    must(maker, weft_product_parse(arena, text.data, text.length, file, folder, &diag, &product,
                                   &maker->error));
    if (product == NULL) {
        fprintf(stderr, "%s\n", diag.count == 0 ? "no product" : diag.items[0].message);
        exit(1);
    }
    weft_buf_release(&text);
    weft_diag_release(&diag);
    return product;
}

static void product_put(struct maker *maker, int number)
{
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_product *product = product_make(maker, arena, number);
    struct weft_registered_read reads[2];
    struct weft_lineage_source sources[2];
    struct weft_registered_reads all = {reads, 0};
    int size = maker->products / LAYERS, below = number / size * size - size;
    int ups[2] = {below < 0 ? -1 : below + number * 7 % size,
                  below < 0 ? -1 : below + (number * 13 + 5) % size};
    for (int i = 0; i < 2; i++) {
        if (ups[i] < 0 || (i == 1 && ups[1] == ups[0]))
            continue;
        char *name = weft_arena_format(arena, "d%d.p%d", ups[i] % 50, ups[i]);
        sources[all.count] = (struct weft_lineage_source){name, 1};
        reads[all.count++] = (struct weft_registered_read){name, false, name, 1};
    }
    must(maker, weft_catalog_put(maker->txn, "user:bench", product, &all, "dev", &maker->error));
    size_t count = (size_t)maker->columns;
    const char **columns = weft_arena_array(arena, count, sizeof *columns);
    struct weft_lineage_edge *edges = weft_arena_array(arena, 2 * count + 2, sizeof *edges);
    struct weft_lineage lineage = {.full_name = product->full_name,
                                   .major = 1,
                                   .digest = product->digest,
                                   .basis = "sql",
                                   .columns = columns,
                                   .column_count = count,
                                   .sources = sources,
                                   .source_count = all.count,
                                   .edges = edges};
    for (size_t i = 0; i < count; i++) {
        columns[i] = product->schema.items[i].name;
        for (size_t s = 0; s < all.count; s++)
            edges[lineage.edge_count++] = (struct weft_lineage_edge){
                i, s, product->schema.items[(i + s) % count].name,
                s == 0 ? WEFT_LINEAGE_IDENTITY : WEFT_LINEAGE_TRANSFORMATION};
    }
    if (all.count > 0)
        edges[lineage.edge_count++] = (struct weft_lineage_edge){
            WEFT_LINEAGE_ROWS, 0, product->schema.items[0].name, WEFT_LINEAGE_FILTER};
    must(maker, weft_lineage_put(maker->txn, "user:bench", &lineage, &maker->error));
    weft_arena_free(arena);
}

int main(int count, char **words)
{
    struct maker maker = {.error = WEFT_ERROR_INIT};
    struct weft_ledger *ledger;
    if (count != 4) {
        fprintf(stderr, "bench_lineage HOME PRODUCTS COLUMNS\n");
        return 2;
    }
    maker.products = (int)strtol(words[2], NULL, 10);
    if (maker.products < LAYERS)
        return 2;
    maker.columns = (int)strtol(words[3], NULL, 10);
    weft_lake_register();
    weft_catalog_register();
    must(&maker, weft_ledger_open(words[1], WEFT_LEDGER_CREATE, &ledger, &maker.error));
    for (int i = 0; i < maker.products; i++) {
        if (i % 500 == 0)
            must(&maker, weft_ledger_begin_write(ledger, &maker.txn, &maker.error));
        product_put(&maker, i);
        if (i % 500 == 499 || i == maker.products - 1)
            must(&maker, weft_ledger_commit(maker.txn, &maker.error));
    }
    weft_ledger_close(ledger);
    return 0;
}
