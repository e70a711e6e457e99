/*
 * fold.c - the kinds of the catalogue and the tables folded from them. Folds depend on nothing but
 * the entry and the folded tables.
 */
#include "catalog/catalog_internal.h"

#include "lake/pointer.h"
#include "lineage/edges.h"
#include "trust/principals.h"

#include <stdio.h>
#include <string.h>

/* document stands last: the digests of 1,000 products are read without touching it. */
static const struct weft_ledger_table catalog_products = {
    .name = "catalog_products",
    .ddl = "CREATE TABLE IF NOT EXISTS catalog_products("
           "product TEXT NOT NULL, major BIGINT NOT NULL, state TEXT NOT NULL,"
           "version TEXT NOT NULL, digest TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL,"
           "owner TEXT, type TEXT, status TEXT NOT NULL, description TEXT, tags TEXT NOT NULL,"
           "freshness_us BIGINT NOT NULL, freshness_field TEXT, environment TEXT,"
           "folder TEXT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT, document TEXT NOT NULL,"
           "PRIMARY KEY(product, major, state, seq_from));"
           "CREATE UNIQUE INDEX IF NOT EXISTS catalog_products_now"
           " ON catalog_products(product, major, state) WHERE seq_to IS NULL;",
    /* Not the folder: it is a place on the machine that registered it. */
    .state = "SELECT product, major, state, version, digest, domain, name, owner, type, status, "
             "tags, freshness_us, freshness_field, environment, '' AS folder, seq_from, document "
             "FROM catalog_products WHERE seq_to IS NULL ORDER BY product, major, state",
};

static const struct weft_ledger_table catalog_columns = {
    .name = "catalog_columns",
    .ddl = "CREATE TABLE IF NOT EXISTS catalog_columns("
           "product TEXT NOT NULL, major BIGINT NOT NULL, state TEXT NOT NULL,"
           "ordinal BIGINT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,"
           "required BIGINT NOT NULL, description TEXT, classification TEXT, means TEXT,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(product, major, state, ordinal, seq_from));",
    .state = "SELECT product, major, state, ordinal, column_name, type, required, classification, "
             "seq_from FROM catalog_columns WHERE seq_to IS NULL "
             "ORDER BY product, major, state, ordinal",
};

static const struct weft_ledger_table catalog_inputs = {
    .name = "catalog_inputs",
    .ddl = "CREATE TABLE IF NOT EXISTS catalog_inputs("
           "product TEXT NOT NULL, major BIGINT NOT NULL, state TEXT NOT NULL,"
           "ordinal BIGINT NOT NULL, port TEXT NOT NULL, kind TEXT NOT NULL, source TEXT,"
           "upstream TEXT, read TEXT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(product, major, state, ordinal, seq_from));",
};

static const struct weft_ledger_table catalog_names = {
    .name = "catalog_names",
    .ddl = "CREATE TABLE IF NOT EXISTS catalog_names("
           "product TEXT NOT NULL, major BIGINT NOT NULL, table_name TEXT NOT NULL,"
           "shown TEXT NOT NULL, retired BIGINT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(product, major, seq_from));"
           "CREATE INDEX IF NOT EXISTS catalog_names_table ON catalog_names(table_name);",
    /* Names that it had once, too: `was:` asks for them. */
    .state = "SELECT product, major, table_name, shown, retired, seq_from, seq_to "
             "FROM catalog_names ORDER BY product, major, seq_from",
};

/* ---- what a name stands for ---- */

#define KEYS_MAX 100 /* of one name and major, all but one taken along by renamed products */

/* The product and major that had a key last; WEFT_NOT_THERE when nobody ever had it. */
static int key_owner(struct weft_ledger_txn *txn, const char *key, char *product, size_t size,
                     int64_t *major, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT product, major FROM catalog_names WHERE table_name = ?1 "
                            "ORDER BY seq_from DESC LIMIT 1",
                            "t", key));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    snprintf(product, size, "%s", weft_stmt_column_text(stmt, 0));
    *major = weft_stmt_column_int(stmt, 1);
    return 0;
}

/* 0 with the key that it had before and that nobody has taken along. */
static int key_had(struct weft_ledger_txn *txn, const char *product, int64_t major, char *out,
                   size_t size, struct weft_error *error)
{
    char owner[WEFT_CATALOG_NAME_SIZE];
    int64_t owner_major = 0;
    {
        WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
        WEFT_TRY(weft_sql_query(txn, &stmt, error,
                                "SELECT table_name FROM catalog_names WHERE product = ?1 AND "
                                "major = ?2 ORDER BY seq_from DESC LIMIT 1",
                                "ti", product, major));
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == WEFT_END)
            return WEFT_NOT_THERE;
        snprintf(out, size, "%s", weft_stmt_column_text(stmt, 0));
    }
    int rc = key_owner(txn, out, owner, sizeof owner, &owner_major, error);
    if (rc != 0)
        return rc;
    return owner_major == major && strcmp(owner, product) == 0 ? 0 : WEFT_NOT_THERE;
}

/* The key of a table never changes and is never given to another major, nor is its folder: see
 * product_entry.h. "d.p" and "d.p__v1" of one major would share a folder. */
static int table_key(struct weft_ledger_txn *txn, const char *product, int64_t major, char *out,
                     size_t size, struct weft_error *error)
{
    char owner[WEFT_CATALOG_NAME_SIZE];
    int64_t owner_major = 0;
    int rc = key_had(txn, product, major, out, size, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    snprintf(out, size, "%s", product);
    rc = key_owner(txn, out, owner, sizeof owner, &owner_major, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    bool shares = owner_major == major;
    for (int n = 1; n <= KEYS_MAX; n++) {
        if (n == 1)
            snprintf(out, size, "%s__v%" PRId64, product, major);
        else
            snprintf(out, size, "%s__v%" PRId64 "_%d", product, major, n);
        rc = key_owner(txn, out, owner, sizeof owner, &owner_major, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE && !(n == 1 && shares))
            return 0;
    }
    return weft_error_set(error, WEFT_E_LIMIT, "%s@%" PRId64 " was renamed more than %d times",
                          product, major, KEYS_MAX);
}

/* Writes the row of (product, major) as it is from this entry on. */
static int name_put(struct weft_ledger_txn *txn, const char *product, int64_t major,
                    const char *table, const char *shown, int64_t retired, int64_t sequence,
                    struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(txn, error,
                           "DELETE FROM catalog_names WHERE product = ?1 AND major = ?2 "
                           "AND seq_from = ?3",
                           "tii", product, major, sequence));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE catalog_names SET seq_to = ?3 WHERE product = ?1 AND major = "
                           "?2 AND seq_to IS NULL",
                           "tii", product, major, sequence));
    return weft_sql_exec(txn, error,
                         "INSERT INTO catalog_names(product, major, table_name, shown, retired,"
                         "seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                         "tittii", product, major, table, shown, retired, sequence);
}

/* One row of the list that names are given by; more majors than that are refused. */
#define MAJORS_MAX 1000
struct major_row {
    int64_t major;
    int64_t retired;
    char table[WEFT_CATALOG_NAME_SIZE];
    char shown[WEFT_CATALOG_NAME_SIZE];
};

/* The first row of this order is the one that is called by the bare name. */
static const char majors_sql[] =
    "SELECT n.major, n.retired, n.table_name, n.shown FROM catalog_names n "
    "LEFT JOIN catalog_products p ON p.product = n.product AND p.major = n.major "
    "AND p.state = 'in_force' AND p.seq_to IS NULL "
    "WHERE n.product = ?1 AND n.seq_to IS NULL "
    "ORDER BY n.retired, p.product IS NULL, n.major DESC";

int weft_catalog_names_refresh(struct weft_ledger_txn *txn, const char *product, int64_t sequence,
                               struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) struct major_row *rows = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error, majors_sql, "t", product));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (count == MAJORS_MAX)
            return weft_error_set(error, WEFT_E_LIMIT, "%s has more than %d majors", product,
                                  MAJORS_MAX);
        if (weft_array_reserve(&rows, &capacity, count + 1, sizeof *rows) < 0)
            return weft_error_nomem(error);
        struct major_row *row = &rows[count++];
        row->major = weft_stmt_column_int(stmt, 0);
        row->retired = weft_stmt_column_int(stmt, 1);
        snprintf(row->table, sizeof row->table, "%s", weft_stmt_column_text(stmt, 2));
        snprintf(row->shown, sizeof row->shown, "%s", weft_stmt_column_text(stmt, 3));
    }
    WEFT_TRY(rc);
    for (size_t i = 0; i < count; i++) {
        char shown[WEFT_CATALOG_NAME_SIZE];
        if (i == 0)
            snprintf(shown, sizeof shown, "%s", product);
        else
            snprintf(shown, sizeof shown, "%s__v%" PRId64, product, rows[i].major);
        if (strcmp(shown, rows[i].shown) == 0)
            continue;
        WEFT_TRY(name_put(txn, product, rows[i].major, rows[i].table, shown, rows[i].retired,
                          sequence, error));
        WEFT_TRY(weft_lake_name(txn, rows[i].table, shown, sequence, error));
    }
    return 0;
}

/* ---- rows of a contract ---- */

static const char *const contract_tables[] = {"catalog_products", "catalog_columns",
                                              "catalog_inputs", "catalog_reads"};

/* Ends the rows of a state in all of them. */
static int contract_end(struct weft_ledger_txn *txn, const char *product, int64_t major,
                        const char *state, int64_t sequence, struct weft_error *error)
{
    for (size_t i = 0; i < WEFT_COUNT(contract_tables); i++) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "UPDATE %s SET seq_to = ?4 WHERE product = ?1 AND major = ?2 AND state = ?3 "
                 "AND seq_to IS NULL",
                 contract_tables[i]);
        WEFT_TRY(weft_sql_exec(txn, error, sql, "titi", product, major, state, sequence));
    }
    return 0;
}

static int columns_put(struct weft_ledger_txn *txn, const struct weft_product *product,
                       int64_t sequence, struct weft_error *error)
{
    for (size_t i = 0; i < product->schema.count; i++) {
        const struct weft_field *field = &product->schema.items[i];
        struct weft_buf type;
        weft_buf_init(&type, 1 << 20);
        weft_type_print(field->type, &type);
        int rc = weft_buf_check(&type, error);
        if (rc == 0)
            rc = weft_sql_exec(
                txn, error,
                "INSERT INTO catalog_columns(product, major, state, ordinal, column_name, type, "
                "required, description, classification, means, seq_from) "
                "VALUES(?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                "tiittittti", product->full_name, (int64_t)product->major, (int64_t)i + 1,
                field->name, type.data, (int64_t)field->required, field->description,
                field->classification, field->means, sequence);
        weft_buf_release(&type);
        WEFT_TRY(rc);
    }
    return 0;
}

/* A pattern made absolute; a URL stays as it is. */
static int pattern_add(const struct weft_product *product, const char *pattern,
                       struct weft_buf *out, struct weft_error *error)
{
    if (out->length > 0)
        weft_buf_addc(out, '\n');
    if (pattern[0] == '/' || strstr(pattern, "://") != NULL) {
        weft_buf_adds(out, pattern);
        return weft_buf_check(out, error);
    }
    WEFT_CLEANUP(weft_freep) char *joined = weft_path_join(product->folder, pattern);
    WEFT_CLEANUP(weft_freep) char *absolute = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &absolute, error));
    weft_buf_adds(out, absolute);
    return weft_buf_check(out, error);
}

/* What an input reads: absolute patterns, one a line; the connection; nothing for a product. */
static int input_source(const struct weft_product *product, const struct weft_input *input,
                        struct weft_buf *out, struct weft_error *error)
{
    for (size_t i = 0; input->connection == NULL && i < input->patterns.count; i++)
        WEFT_TRY(pattern_add(product, input->patterns.items[i], out, error));
    if (input->connection != NULL)
        weft_buf_adds(out, input->connection);
    for (size_t i = 0; input->connection != NULL && i < input->patterns.count; i++)
        weft_buf_addf(out, "%s%s", i == 0 ? ": " : ", ", input->patterns.items[i]);
    return weft_buf_check(out, error);
}

static int inputs_put(struct weft_ledger_txn *txn, const struct weft_product *product,
                      int64_t sequence, struct weft_error *error)
{
    static const char *const kinds[] = {[WEFT_INPUT_FILES] = "files",
                                        [WEFT_INPUT_PRODUCT] = "product",
                                        [WEFT_INPUT_CONNECTION] = "connection"};
    for (size_t i = 0; i < product->input_count; i++) {
        const struct weft_input *input = &product->inputs[i];
        struct weft_buf source;
        weft_buf_init(&source, 1 << 20);
        int rc = input_source(product, input, &source, error);
        if (rc == 0)
            rc = weft_sql_exec(
                txn, error,
                "INSERT INTO catalog_inputs(product, major, state, ordinal, port, kind, source, "
                "upstream, read, seq_from) VALUES(?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                "tiittttti", product->full_name, (int64_t)product->major, (int64_t)i + 1,
                input->name, kinds[input->kind], source.length == 0 ? NULL : source.data,
                input->product, input->read == WEFT_READ_NEW ? "new" : "all", sequence);
        weft_buf_release(&source);
        WEFT_TRY(rc);
    }
    return 0;
}

static int tags_print(const struct weft_texts *tags, struct weft_buf *out, struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, out);
    weft_json_begin_array(&writer);
    for (size_t i = 0; i < tags->count; i++)
        weft_json_put_text(&writer, tags->items[i]);
    weft_json_end_array(&writer);
    return weft_buf_check(out, error);
}

static int product_put(struct weft_ledger_txn *txn, const struct weft_product *p,
                       const char *document, const char *digest, const char *environment,
                       int64_t sequence, struct weft_error *error)
{
    struct weft_buf tags;
    weft_buf_init(&tags, WEFT_LEDGER_BODY_MAX);
    int rc = tags_print(&p->tags, &tags, error);
    if (rc == 0)
        rc = weft_sql_exec(
            txn, error,
            "INSERT INTO catalog_products(product, major, state, version, digest, domain, name, "
            "owner, type, status, description, tags, freshness_us, freshness_field, environment, "
            "folder, seq_from, document) VALUES(?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
            "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            "tittttttttt"
            "itttit",
            p->full_name, (int64_t)p->major, p->version, digest, p->domain, p->name, p->owner,
            p->type, weft_status_name(p->status), p->description, tags.data,
            p->quality.freshness_us, p->quality.freshness_field, environment, p->folder, sequence,
            document);
    weft_buf_release(&tags);
    return rc;
}

/* ---- folds ---- */

static int body_product(yyjson_val *body, const char **product, int64_t *major,
                        struct weft_error *error)
{
    WEFT_TRY(weft_json_text(body, "product", product, error));
    WEFT_TRY(weft_json_int(body, "major", major, error));
    if (strlen(*product) >= WEFT_CATALOG_NAME_SIZE - 16 || strchr(*product, '.') == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "%.40s is no name of a product", *product);
    return 0;
}

static int name_registered(struct weft_ledger_txn *txn, const char *product, int64_t major,
                           int64_t sequence, struct weft_error *error)
{
    int64_t retired = 0;
    int rc = weft_sql_int(txn, &retired, error,
                          "SELECT retired FROM catalog_names WHERE product = ?1 AND major = ?2 "
                          "AND seq_to IS NULL",
                          "ti", product, major);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || retired != 0) {
        char key[WEFT_CATALOG_NAME_SIZE];
        WEFT_TRY(table_key(txn, product, major, key, sizeof key, error));
        /* weft_catalog_names_refresh puts the name right; "" differs from every name. */
        WEFT_TRY(name_put(txn, product, major, key, "", 0, sequence, error));
    }
    return weft_catalog_names_refresh(txn, product, sequence, error);
}

static int fold_registered(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                           yyjson_val *body, struct weft_error *error)
{
    const char *product = NULL, *document = NULL, *digest = NULL;
    const struct weft_product *parsed = NULL;
    int64_t major = 0, same = 0;
    WEFT_TRY(body_product(body, &product, &major, error));
    WEFT_TRY(weft_json_text(body, "document", &document, error));
    WEFT_TRY(weft_json_text(body, "digest", &digest, error));
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_product_from_document(arena, document, weft_json_text_or(body, "folder", ""),
                                        &parsed, error));
    if (strcmp(parsed->full_name, product) != 0 || parsed->major != major)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "the entry speaks of %s@%" PRId64 ", its document of %s@%d", product,
                              major, parsed->full_name, parsed->major);
    WEFT_TRY(contract_end(txn, product, major, "pending", entry->sequence, error));
    /* Back to what is in force: nothing is pending any more. */
    yyjson_val *reads = yyjson_obj_get(body, "reads");
    bool same_reads = false;
    int rc = weft_sql_int(txn, &same, error,
                          "SELECT 1 FROM catalog_products WHERE product = ?1 AND major = ?2 AND "
                          "state = 'in_force' AND digest = ?3 AND folder = ?4 AND seq_to IS NULL",
                          "titt", product, major, digest, parsed->folder);
    WEFT_TRY(rc);
    WEFT_TRY(weft_catalog_reads_same(txn, product, major, reads, &same_reads, error));
    if (rc == WEFT_NOT_THERE || !same_reads) {
        WEFT_TRY(product_put(txn, parsed, document, digest,
                             weft_json_text_or(body, "environment", NULL), entry->sequence, error));
        WEFT_TRY(columns_put(txn, parsed, entry->sequence, error));
        WEFT_TRY(inputs_put(txn, parsed, entry->sequence, error));
        WEFT_TRY(weft_catalog_reads_fold(txn, product, major, reads, entry->sequence, error));
    }
    return name_registered(txn, product, major, entry->sequence, error);
}

static int fold_retired(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *product = NULL;
    char table[WEFT_CATALOG_NAME_SIZE], shown[WEFT_CATALOG_NAME_SIZE];
    int64_t major = 0;
    WEFT_TRY(body_product(body, &product, &major, error));
    {
        WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
        WEFT_TRY(weft_sql_query(txn, &stmt, error,
                                "SELECT table_name, shown FROM catalog_names WHERE product = ?1 "
                                "AND major = ?2 AND seq_to IS NULL",
                                "ti", product, major));
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == WEFT_END)
            return weft_error_set(error, WEFT_E_CONFLICT, "%s@%" PRId64 " is not registered",
                                  product, major);
        snprintf(table, sizeof table, "%s", weft_stmt_column_text(stmt, 0));
        snprintf(shown, sizeof shown, "%s", weft_stmt_column_text(stmt, 1));
    }
    WEFT_TRY(name_put(txn, product, major, table, shown, 1, entry->sequence, error));
    return weft_catalog_names_refresh(txn, product, entry->sequence, error);
}

static int fold_dropped(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *product = NULL;
    int64_t major = 0;
    WEFT_TRY(body_product(body, &product, &major, error));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE catalog_names SET seq_to = ?3 WHERE product = ?1 AND major = "
                           "?2 AND seq_to IS NULL",
                           "tii", product, major, entry->sequence));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "%s@%" PRId64 " is not registered", product,
                              major);
    WEFT_TRY(contract_end(txn, product, major, "pending", entry->sequence, error));
    WEFT_TRY(contract_end(txn, product, major, "in_force", entry->sequence, error));
    WEFT_TRY(weft_lineage_fold_dropped(txn, product, major, entry->sequence, error));
    return weft_catalog_names_refresh(txn, product, entry->sequence, error);
}

/* The pending rows go on as those in force. */
static int contract_promote(struct weft_ledger_txn *txn, const char *product, int64_t major,
                            int64_t sequence, struct weft_error *error)
{
    static const char *const copies[] = {
        "INSERT INTO catalog_products(product, major, state, version, digest, domain, name, owner, "
        "type, status, description, tags, freshness_us, freshness_field, environment, folder, "
        "seq_from, document) SELECT product, major, 'in_force', version, digest, domain, name, "
        "owner, type, status, description, tags, freshness_us, freshness_field, environment, "
        "folder, ?3, document FROM catalog_products ",
        "INSERT INTO catalog_columns(product, major, state, ordinal, column_name, type, required, "
        "description, classification, means, seq_from) SELECT product, major, 'in_force', ordinal, "
        "column_name, type, required, description, classification, means, ?3 FROM catalog_columns ",
        "INSERT INTO catalog_inputs(product, major, state, ordinal, port, kind, source, upstream, "
        "read, seq_from) SELECT product, major, 'in_force', ordinal, port, kind, source, upstream, "
        "read, ?3 FROM catalog_inputs ",
        "INSERT INTO catalog_reads(product, major, state, ordinal, name, is_port, upstream, "
        "upstream_major, seq_from) SELECT product, major, 'in_force', ordinal, name, is_port, "
        "upstream, upstream_major, ?3 FROM catalog_reads "};
    WEFT_TRY(contract_end(txn, product, major, "in_force", sequence, error));
    for (size_t i = 0; i < WEFT_COUNT(copies); i++) {
        char sql[800];
        snprintf(sql, sizeof sql,
                 "%sWHERE product = ?1 AND major = ?2 AND state = 'pending' AND seq_to IS NULL",
                 copies[i]);
        WEFT_TRY(weft_sql_exec(txn, error, sql, "tii", product, major, sequence));
    }
    return contract_end(txn, product, major, "pending", sequence, error);
}

/* Where the type of "name: type" begins. Both may hold ": "; the first rest that is a type is it,
 * because none begins within another's brackets. NULL = it does not read. */
static int detected_split(const char *text, const char **type, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    *type = NULL;
    if (arena == NULL)
        return weft_error_nomem(error);
    for (const char *at = text; *type == NULL && (at = strstr(at, ": ")) != NULL; at += 2) {
        const struct weft_type *parsed = NULL;
        struct weft_error why = WEFT_ERROR_INIT;
        if (weft_type_parse(arena, at + 2, &parsed, &why) == 0)
            *type = at + 2;
        else if (why.code == WEFT_E_NOMEM)
            return weft_error_nomem(error);
    }
    return *type == NULL ? weft_error_set(error, WEFT_E_CORRUPT, "a detected column does not read")
                         : 0;
}

/* "cases: long" in place of the columns of a product without a schema. */
static int detected_put(struct weft_ledger_txn *txn, const char *product, int64_t major,
                        yyjson_val *detected, int64_t sequence, struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(txn, error,
                           "DELETE FROM catalog_columns WHERE product = ?1 AND major = ?2 AND "
                           "state = 'in_force' AND seq_from = ?3",
                           "tii", product, major, sequence));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE catalog_columns SET seq_to = ?3 WHERE product = ?1 AND "
                           "major = ?2 AND state = 'in_force' AND seq_to IS NULL",
                           "tii", product, major, sequence));
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(detected, i, max, item)
    {
        const char *text = yyjson_is_str(item) ? yyjson_get_str(item) : "", *type;
        WEFT_TRY(detected_split(text, &type, error));
        WEFT_CLEANUP(weft_freep) char *name = weft_strndup(text, (size_t)(type - 2 - text));
        if (name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_sql_exec(
            txn, error,
            "INSERT INTO catalog_columns(product, major, state, ordinal, column_name, type, "
            "required, seq_from) VALUES(?1, ?2, 'in_force', ?3, ?4, ?5, 0, ?6)",
            "tiitti", product, major, (int64_t)i + 1, name, type, sequence));
    }
    return 0;
}

static int fold_in_force(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    const char *product = NULL, *digest = NULL;
    int64_t major = 0, there = 0;
    WEFT_TRY(body_product(body, &product, &major, error));
    WEFT_TRY(weft_json_text(body, "digest", &digest, error));
    int rc = weft_sql_int(txn, &there, error,
                          "SELECT state = 'pending' FROM catalog_products WHERE product = ?1 AND "
                          "major = ?2 AND digest = ?3 AND seq_to IS NULL "
                          "ORDER BY state DESC LIMIT 1",
                          "tit", product, major, digest);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "the contract of %s@%" PRId64 " is no longer the registered one",
                              product, major);
    if (there != 0)
        WEFT_TRY(contract_promote(txn, product, major, entry->sequence, error));
    yyjson_val *detected = yyjson_obj_get(body, "detected");
    if (yyjson_arr_size(detected) > 0)
        WEFT_TRY(detected_put(txn, product, major, detected, entry->sequence, error));
    return weft_catalog_names_refresh(txn, product, entry->sequence, error);
}

void weft_catalog_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_REGISTERED, .version = 1, .fold = fold_registered},
        {.name = WEFT_KIND_RETIRED, .version = 1, .fold = fold_retired},
        {.name = WEFT_KIND_DROPPED, .version = 1, .fold = fold_dropped},
        {.name = WEFT_KIND_RENAMED, .version = 1, .fold = weft_catalog_fold_renamed},
        {.name = WEFT_KIND_IN_FORCE, .version = 1, .fold = fold_in_force},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&catalog_products);
    weft_ledger_register_table(&catalog_columns);
    weft_ledger_register_table(&catalog_inputs);
    weft_ledger_register_table(&weft_catalog_reads_table);
    weft_ledger_register_table(&catalog_names);
    weft_catalog_mesh_tables_register();
    weft_lineage_register(); /* our folds touch their tables */
    weft_trust_register();
}
