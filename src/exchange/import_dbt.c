/*
 * import_dbt.c - a dbt project as products: its manifest.json (v10 to v12), and catalog.json where
 * it lies beside (it knows all columns with their types; a manifest knows those that somebody
 * wrote down).
 *
 * A model is a product: its compiled SQL, in which relations of other models are domain.product
 * and those of sources are ports, to be filled in. A seed is a product that is loaded by hand.
 * Snapshots, analyses, ephemeral models and those in Python are told and left.
 * Format: https://schemas.getdbt.com/dbt/manifest/v12.json
 */
#include "exchange/import_dbt_internal.h"

#include "base/text.h"
#include "codec/sql_text.h"

#include <string.h>

int dbt_text(struct dbt *dbt, yyjson_val *value, const char **out)
{
    *out = NULL;
    if (!yyjson_is_str(value) || yyjson_get_len(value) == 0)
        return 0;
    *out = weft_arena_strdup(dbt->import->arena, yyjson_get_str(value));
    return *out == NULL ? weft_error_nomem(dbt->error) : 0;
}

int dbt_note(struct dbt *dbt, const struct dbt_model *model, enum weft_import_fate fate,
             yyjson_val *at, const char *text)
{
    return weft_import_note_add(dbt->import, fate, model == NULL ? NULL : model->product->full_name,
                                weft_import_place(dbt->import, dbt->doc, at), dbt->error, "%s",
                                text);
}

struct dbt_model *dbt_model_find(const struct dbt *dbt, const char *id)
{
    return id == NULL ? NULL : weft_map_get(dbt->models, id);
}

/* ---- names of the warehouse ---- */

static int relation_put(struct dbt *dbt, const struct dbt_relation *relation, const char *key)
{
    WEFT_CLEANUP(weft_freep) char *lower = weft_strdup(key);
    if (lower == NULL)
        return weft_error_nomem(dbt->error);
    for (char *c = lower; *c != '\0'; c++)
        *c = weft_lower(*c);
    if (weft_map_put(dbt->relations, lower, (void *)(uintptr_t)relation) < 0)
        return weft_error_nomem(dbt->error);
    return 0;
}

static int relation_add(struct dbt *dbt, yyjson_val *node, const struct dbt_model *model)
{
    struct dbt_relation *relation = weft_arena_alloc(dbt->import->arena, sizeof *relation);
    struct weft_arena *arena = dbt->import->arena;
    const char *database = yyjson_get_str(yyjson_obj_get(node, "database"));
    const char *schema = yyjson_get_str(yyjson_obj_get(node, "schema"));
    yyjson_val *group = yyjson_obj_get(node, "source_name");
    yyjson_val *identifier = yyjson_obj_get(node, "identifier");
    if (relation == NULL)
        return weft_error_nomem(dbt->error);
    if (!yyjson_is_str(identifier))
        identifier = yyjson_obj_get(node, "alias");
    if (!yyjson_is_str(identifier))
        identifier = yyjson_obj_get(node, "name");
    if (!yyjson_is_str(identifier) || schema == NULL)
        return 0;
    relation->model = model;
    WEFT_TRY(dbt_text(dbt, identifier, &relation->identifier));
    WEFT_TRY(dbt_text(dbt, yyjson_obj_get(node, "name"), &relation->name));
    WEFT_TRY(dbt_text(dbt, yyjson_is_str(group) ? group : yyjson_obj_get(node, "schema"),
                      &relation->group));
    if (relation->identifier == NULL || relation->name == NULL || relation->group == NULL)
        return 0;
    const char *two = weft_arena_format(arena, "%s.%s", schema, relation->identifier);
    const char *three = weft_arena_format(arena, "%s.%s", database == NULL ? "" : database, two);
    if (two == NULL || three == NULL)
        return weft_error_nomem(dbt->error);
    WEFT_TRY(relation_put(dbt, relation, three));
    return weft_map_has(dbt->relations, two) ? 0 : relation_put(dbt, relation, two);
}

/* ---- SQL ---- */

struct rewrite {
    struct dbt *dbt;
    struct dbt_model *of;
    const struct dbt_model *self;
    const char *sql;
    size_t length;
    struct weft_buf out;
    bool other; /* a relation beside self was met */
};

static bool name_token(const struct weft_sql_token *token)
{
    return token->kind == WEFT_SQL_WORD || token->kind == WEFT_SQL_NAME;
}

/* The relation that begins with `first`; *end is then behind its last name. Longest first. */
static const struct dbt_relation *relation_at(struct rewrite *rewrite,
                                              const struct weft_sql_token *first, size_t *end)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf key;
    const struct dbt_relation *found = NULL;
    struct weft_sql_token token = *first;
    size_t at = first->start + first->length;
    weft_buf_init(&key, 4096);
    for (int names = 1; names <= 3 && name_token(&token); names++) {
        weft_sql_name_add(&key, rewrite->sql, &token);
        for (size_t i = 0; i < key.length; i++)
            key.data[i] = weft_lower(key.data[i]);
        size_t behind = token.start + token.length;
        const struct dbt_relation *here =
            names == 1 || key.failed ? NULL : weft_map_get(rewrite->dbt->relations, key.data);
        if (here != NULL) {
            found = here;
            *end = behind;
        }
        if (!weft_sql_next(rewrite->sql, rewrite->length, &at, &token) ||
            token.kind != WEFT_SQL_MARK || rewrite->sql[token.start] != '.' ||
            !weft_sql_next(rewrite->sql, rewrite->length, &at, &token))
            break;
        weft_buf_addc(&key, '.');
    }
    return found;
}

/* Has the relation that ends at `at` a name of its own there, or is it one before a column? */
static bool alias_follows(const struct rewrite *rewrite, size_t at)
{
    static const char *const after[] = {
        "where",  "join",      "left",   "right",   "inner",      "full",       "cross", "natural",
        "on",     "using",     "group",  "order",   "having",     "limit",      "union", "except",
        "window", "intersect", "offset", "qualify", "semi",       "anti",       "asof",  "lateral",
        "select", "fetch",     "for",    "sample",  "positional", "tablesample"};
    struct weft_sql_token token;
    char word[16];
    do {
        if (!weft_sql_next(rewrite->sql, rewrite->length, &at, &token))
            return false;
    } while (token.kind == WEFT_SQL_COMMENT);
    if (token.kind == WEFT_SQL_MARK)
        return rewrite->sql[token.start] == '.';
    if (token.kind != WEFT_SQL_WORD || token.length >= sizeof word)
        return name_token(&token);
    for (size_t i = 0; i <= token.length; i++)
        word[i] = i < token.length ? weft_lower(rewrite->sql[token.start + i]) : '\0';
    for (size_t i = 0; i < WEFT_COUNT(after); i++) {
        if (strcmp(after[i], word) == 0)
            return false;
    }
    return true;
}

static int port_get(struct rewrite *rewrite, const struct dbt_relation *relation, const char **out)
{
    struct dbt *dbt = rewrite->dbt;
    struct weft_arena *arena = dbt->import->arena;
    struct weft_import_product *product = rewrite->of->product;
    char name[WEFT_NAME_MAX + 1];
    WEFT_CLEANUP(weft_freep) char *both = weft_format("%s_%s", relation->group, relation->name);
    if (both == NULL)
        return weft_error_nomem(dbt->error);
    weft_name_propose(both, name);
    *out = weft_arena_strdup(arena, weft_name_valid(name) ? name : "source");
    for (size_t i = 0; *out != NULL && i < product->port_count; i++) {
        if (strcmp(product->ports[i].name, *out) == 0)
            return 0;
    }
    if (*out == NULL || weft_arena_reserve(arena, &product->ports, &product->port_capacity,
                                           product->port_count + 1, sizeof *product->ports) < 0)
        return weft_error_nomem(dbt->error);
    struct weft_import_port port = {
        .name = *out,
        .files =
            weft_arena_format(arena, "../../../inbox/%s/%s.csv", relation->group, relation->name),
        .comment = "To be filled in: where this source is to be had. Or `product: domain.product`.",
    };
    if (port.files == NULL)
        return weft_error_nomem(dbt->error);
    product->ports[product->port_count++] = port;
    return weft_import_note_add(
        dbt->import, WEFT_IMPORT_OPEN, product->full_name,
        weft_import_place(dbt->import, dbt->doc, yyjson_obj_get(rewrite->of->node, "name")),
        dbt->error, "it reads %s.%s, which is no model here: say in `inputs: %s` where it is",
        relation->group, relation->name, *out);
}

static int relation_write(struct rewrite *rewrite, const struct dbt_relation *relation, size_t end)
{
    const char *name = NULL;
    if (rewrite->self != NULL) {
        rewrite->other = rewrite->other || relation->model != rewrite->self;
        name = "this";
    } else if (relation->model != NULL && relation->model != rewrite->of) {
        name = relation->model->table;
    } else {
        WEFT_TRY(port_get(rewrite, relation, &name));
    }
    weft_buf_adds(&rewrite->out, name);
    const char *dot = strrchr(name, '.');
    if (weft_equal_fold(dot == NULL ? name : dot + 1, relation->identifier) ||
        alias_follows(rewrite, end))
        return 0;
    weft_buf_adds(&rewrite->out, " as ");
    weft_buf_add_sql_name(&rewrite->out, relation->identifier);
    return 0;
}

static int rewrite_all(struct rewrite *rewrite)
{
    struct weft_sql_token token;
    size_t at = 0, kept = 0;
    bool dotted = false; /* a name behind a dot begins no relation */
    while (weft_sql_next(rewrite->sql, rewrite->length, &at, &token)) {
        size_t end = 0;
        const struct dbt_relation *relation =
            name_token(&token) && !dotted ? relation_at(rewrite, &token, &end) : NULL;
        dotted = token.kind == WEFT_SQL_MARK && rewrite->sql[token.start] == '.';
        if (relation == NULL)
            continue;
        weft_buf_add(&rewrite->out, rewrite->sql + kept, token.start - kept);
        WEFT_TRY(relation_write(rewrite, relation, end));
        kept = at = end;
    }
    weft_buf_add(&rewrite->out, rewrite->sql + kept, rewrite->length - kept);
    return weft_buf_check(&rewrite->out, rewrite->dbt->error);
}

int dbt_sql_rewrite(struct dbt *dbt, struct dbt_model *of, const struct dbt_model *self,
                    const char *sql, const char **out)
{
    struct weft_sql_statement statement;
    weft_sql_statement(sql, strlen(sql), &statement);
    struct rewrite rewrite = {.dbt = dbt,
                              .of = of,
                              .self = self,
                              .sql = sql + statement.start,
                              .length = statement.length};
    weft_buf_init(&rewrite.out, (size_t)8 << 20);
    int rc = rewrite_all(&rewrite);
    if (rc == 0 && self == NULL)
        weft_buf_addc(&rewrite.out, '\n');
    if (rc == 0)
        *out = weft_arena_strdup(dbt->import->arena, rewrite.out.data);
    weft_buf_release(&rewrite.out);
    if (rc < 0)
        return rc;
    if (*out == NULL)
        return weft_error_nomem(dbt->error);
    return rewrite.other ? WEFT_NOT_THERE : 0;
}

/* ---- columns ---- */

/* catalog.json: all columns, by index. */
static int catalog_columns(struct dbt *dbt, struct dbt_model *model, bool *whole)
{
    yyjson_val *nodes = yyjson_obj_get(yyjson_doc_get_root(dbt->catalog), "nodes");
    yyjson_val *columns = yyjson_obj_get(yyjson_obj_get(nodes, model->id), "columns");
    size_t i, max, count = yyjson_obj_size(columns), found = 0;
    yyjson_val *key, *column;
    struct weft_import_field *field;
    *whole = count > 0;
    for (int64_t index = 0; found < count && index <= (int64_t)count; index++) {
        WEFT_JSON_EACH(columns, i, max, key, column)
        {
            const char *type = yyjson_get_str(yyjson_obj_get(column, "type"));
            if (weft_json_int_or(column, "index", -1) != index)
                continue;
            found++;
            WEFT_TRY(weft_import_field_get(dbt->import, model->product, yyjson_get_str(key),
                                           (struct weft_place){0}, &field, dbt->error));
            WEFT_TRY(weft_import_type(dbt->import->arena, type == NULL ? "" : type, &field->type,
                                      NULL, dbt->error));
            *whole = *whole && field->type != NULL;
        }
    }
    *whole = *whole && found == count;
    return 0;
}

static int column_read(struct dbt *dbt, struct dbt_model *model, yyjson_val *key,
                       yyjson_val *column, bool *typed)
{
    struct weft_import_field *field;
    const char *type = yyjson_get_str(yyjson_obj_get(column, "data_type"));
    WEFT_TRY(weft_import_field_get(dbt->import, model->product, yyjson_get_str(key),
                                   weft_import_place(dbt->import, dbt->doc, key), &field,
                                   dbt->error));
    WEFT_TRY(dbt_text(dbt, yyjson_obj_get(column, "description"), &field->description));
    yyjson_val *meta = yyjson_obj_get(column, "meta");
    WEFT_TRY(dbt_text(dbt, yyjson_obj_get(meta, "classification"), &field->classification));
    if (field->type == NULL && type != NULL) {
        WEFT_TRY(weft_import_type(dbt->import->arena, type, &field->type, &field->max_length,
                                  dbt->error));
        if (field->type == NULL)
            WEFT_TRY(weft_import_note_add(
                dbt->import, WEFT_IMPORT_LEFT, model->product->full_name,
                weft_import_place(dbt->import, dbt->doc, yyjson_obj_get(column, "data_type")),
                dbt->error, "column %s: weft has no type like `%s`", field->name, type));
    }
    *typed = *typed && field->type != NULL;
    return 0;
}

static bool contract_enforced(yyjson_val *node)
{
    yyjson_val *config = yyjson_obj_get(yyjson_obj_get(node, "config"), "contract");
    return yyjson_get_bool(yyjson_obj_get(yyjson_obj_get(node, "contract"), "enforced")) ||
           yyjson_get_bool(yyjson_obj_get(config, "enforced"));
}

static int columns_read(struct dbt *dbt, struct dbt_model *model)
{
    yyjson_val *columns = yyjson_obj_get(model->node, "columns"), *key, *column;
    yyjson_val *name = yyjson_obj_get(model->node, "name");
    bool whole = false, typed = true;
    size_t i, max;
    if (dbt->catalog != NULL)
        WEFT_TRY(catalog_columns(dbt, model, &whole));
    WEFT_JSON_EACH(columns, i, max, key, column)
    {
        WEFT_TRY(column_read(dbt, model, key, column, &typed));
    }
    bool listed = typed && yyjson_obj_size(columns) > 0;
    model->product->schema_whole = whole || listed;
    if (model->product->schema_whole)
        WEFT_TRY(dbt_note(dbt, model, WEFT_IMPORT_TAKEN, name, "columns"));
    bool seed = strcmp(weft_json_text_or(model->node, "resource_type", ""), "seed") == 0;
    if (!whole && listed && !seed && !contract_enforced(model->node))
        return dbt_note(dbt, model, WEFT_IMPORT_CHANGED, name,
                        "the columns that are written down are its schema now: its SQL must give "
                        "exactly these (catalog.json beside the manifest knows all)");
    if (whole || listed)
        return 0;
    return dbt_note(dbt, model, WEFT_IMPORT_CHANGED, name,
                    "not all of its columns are known with a type, so it has no schema, and its "
                    "tests are checks (run `dbt docs generate`: catalog.json knows them)");
}

/* ---- models ---- */

static int tags_read(struct dbt *dbt, yyjson_val *tags, struct weft_texts *out)
{
    const char **items =
        weft_arena_array(dbt->import->arena, yyjson_arr_size(tags) + 1, sizeof *items);
    size_t i, max, count = 0;
    yyjson_val *tag;
    if (items == NULL)
        return weft_error_nomem(dbt->error);
    yyjson_arr_foreach(tags, i, max, tag)
    {
        WEFT_TRY(dbt_text(dbt, tag, &items[count]));
        count += items[count] != NULL;
    }
    *out = (struct weft_texts){items, count};
    return 0;
}

static int owner_read(struct dbt *dbt, yyjson_val *node, const char **out)
{
    yyjson_val *config = yyjson_obj_get(node, "config");
    yyjson_val *owner = yyjson_obj_get(yyjson_obj_get(node, "meta"), "owner");
    const char *group = yyjson_get_str(yyjson_obj_get(node, "group"));
    if (!yyjson_is_str(owner))
        owner = yyjson_obj_get(yyjson_obj_get(config, "meta"), "owner");
    if (!yyjson_is_str(owner) && group != NULL) {
        WEFT_CLEANUP(weft_freep)
        char *id = weft_format("group.%s.%s", weft_json_text_or(node, "package_name", ""), group);
        if (id == NULL)
            return weft_error_nomem(dbt->error);
        yyjson_val *of =
            yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(dbt->root, "groups"), id), "owner");
        owner = yyjson_obj_get(of, yyjson_is_str(yyjson_obj_get(of, "email")) ? "email" : "name");
    }
    return dbt_text(dbt, owner, out);
}

/* dbt's versions of a model are majors side by side; the latest has the plain file name. */
static int version_read(struct dbt *dbt, struct dbt_model *model)
{
    struct weft_arena *arena = dbt->import->arena;
    struct weft_import_product *product = model->product;
    yyjson_val *version = yyjson_obj_get(model->node, "version");
    yyjson_val *latest = yyjson_obj_get(model->node, "latest_version");
    model->table = product->full_name;
    if (version == NULL || yyjson_is_null(version))
        return 0;
    if (!yyjson_is_uint(version) || yyjson_get_uint(version) > 999)
        return dbt_note(dbt, model, WEFT_IMPORT_LEFT, yyjson_obj_get(model->node, "name"),
                        "its version is no whole number");
    int major = (int)yyjson_get_uint(version);
    product->version = weft_arena_format(arena, "%d.0.0", major);
    model->table = weft_arena_format(arena, "%s__v%d", product->full_name, major);
    if (!yyjson_equals(version, latest))
        product->file_name = weft_arena_format(arena, "data_product.v%d.yaml", major);
    return product->version == NULL || model->table == NULL || product->file_name == NULL
               ? weft_error_nomem(dbt->error)
               : 0;
}

static int model_head(struct dbt *dbt, struct dbt_model *model)
{
    struct weft_import_product *product = model->product;
    yyjson_val *node = model->node;
    const char *materialized =
        yyjson_get_str(yyjson_obj_get(yyjson_obj_get(node, "config"), "materialized"));
    WEFT_TRY(dbt_text(dbt, yyjson_obj_get(node, "description"), &product->description));
    WEFT_TRY(tags_read(dbt, yyjson_obj_get(node, "tags"), &product->tags));
    WEFT_TRY(owner_read(dbt, node, &product->owner));
    if (materialized != NULL && strcmp(materialized, "incremental") == 0)
        return dbt_note(dbt, model, WEFT_IMPORT_CHANGED, yyjson_obj_get(node, "name"),
                        "it was incremental: here each run replaces the table (`write:` and "
                        "`read: new` of an input say otherwise)");
    return 0;
}

/* Columns with names that weft does not allow get theirs around the whole. */
static int names_wrap(struct dbt *dbt, struct weft_import_product *product)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    bool same = true;
    weft_buf_init(&sql, (size_t)8 << 20);
    weft_buf_adds(&sql, "select ");
    for (size_t i = 0; i < product->field_count; i++) {
        const struct weft_import_field *field = &product->fields[i];
        same = same && weft_equal_fold(field->name, field->source);
        weft_buf_adds(&sql, i == 0 ? "" : ", ");
        weft_buf_add_sql_name(&sql, field->source);
        weft_buf_addf(&sql, " as %s", field->name);
    }
    if (same || !product->schema_whole)
        return 0;
    weft_buf_addf(&sql, "\nfrom (\n%s\n) as model\n", product->sql);
    WEFT_TRY(weft_buf_check(&sql, dbt->error));
    product->sql = weft_arena_strdup(dbt->import->arena, sql.data);
    return product->sql == NULL ? weft_error_nomem(dbt->error) : 0;
}

static int model_sql(struct dbt *dbt, struct dbt_model *model)
{
    const char *sql = yyjson_get_str(yyjson_obj_get(model->node, "compiled_code"));
    if (sql == NULL || sql[0] == '\0')
        sql = yyjson_get_str(yyjson_obj_get(model->node, "raw_code"));
    WEFT_TRY(dbt_sql_rewrite(dbt, model, NULL, sql, &model->product->sql));
    return names_wrap(dbt, model->product);
}

static int seed_tell(struct dbt *dbt, struct dbt_model *model)
{
    return weft_import_note_add(
        dbt->import, WEFT_IMPORT_OPEN, model->product->full_name,
        weft_import_place(dbt->import, dbt->doc, yyjson_obj_get(model->node, "name")), dbt->error,
        "a seed is loaded by hand: weft load %s %s", model->product->full_name,
        weft_json_text_or(model->node, "original_file_path", "FILE"));
}

/* Why a node is not imported; NULL = it is. "" = without a word. */
static const char *node_left(yyjson_val *node)
{
    const char *type = weft_json_text_or(node, "resource_type", "");
    const char *language = weft_json_text_or(node, "language", "sql");
    yyjson_val *config = yyjson_obj_get(node, "config");
    const char *materialized = weft_json_text_or(config, "materialized", "");
    const char *raw = weft_json_text_or(node, "raw_code", "");
    if (strcmp(type, "seed") == 0)
        return NULL;
    if (strcmp(type, "test") == 0)
        return "";
    if (strcmp(type, "model") != 0)
        return "only models, seeds and tests are taken over";
    if (strcmp(language, "sql") != 0)
        return "a model in Python";
    if (strcmp(materialized, "ephemeral") == 0)
        return "an ephemeral model: its SQL stands in the models that read it";
    if (weft_json_text_or(node, "compiled_code", "")[0] != '\0')
        return NULL;
    if (raw[0] == '\0' || strstr(raw, "{{") != NULL || strstr(raw, "{%") != NULL ||
        strstr(raw, "{#") != NULL)
        return "its SQL is not compiled: run `dbt compile`, then import again";
    return NULL;
}

static int domain_find(struct dbt *dbt, yyjson_val *node, const char **out)
{
    yyjson_val *package = yyjson_obj_get(node, "package_name");
    *out = dbt->import->domain;
    if (*out != NULL)
        return 0;
    return weft_import_name(dbt->import, "package", NULL,
                            yyjson_is_str(package) ? yyjson_get_str(package) : "", "dbt",
                            weft_import_place(dbt->import, dbt->doc, package), out, dbt->error);
}

static bool product_taken(const struct dbt *dbt, const struct weft_import_product *product)
{
    for (size_t i = 0; i < weft_map_count(dbt->models); i++) {
        const struct dbt_model *other = weft_map_value(dbt->models, i);
        if (strcmp(other->product->full_name, product->full_name) == 0 &&
            strcmp(other->product->file_name, product->file_name) == 0)
            return true;
    }
    return false;
}

static int model_open(struct dbt *dbt, yyjson_val *key, yyjson_val *node)
{
    struct dbt_model *model = weft_arena_alloc(dbt->import->arena, sizeof *model);
    yyjson_val *name = yyjson_obj_get(node, "name");
    const char *domain, *legal;
    if (model == NULL)
        return weft_error_nomem(dbt->error);
    if (!yyjson_is_str(name))
        return dbt_note(dbt, NULL, WEFT_IMPORT_LEFT, key, "a node without a name");
    WEFT_TRY(domain_find(dbt, node, &domain));
    WEFT_TRY(weft_import_name(dbt->import, "model", NULL, yyjson_get_str(name), "model",
                              weft_import_place(dbt->import, dbt->doc, name), &legal, dbt->error));
    WEFT_TRY(weft_import_product_new(dbt->import, domain, legal, &model->product, dbt->error));
    model->node = node;
    WEFT_TRY(dbt_text(dbt, key, &model->id));
    WEFT_TRY(version_read(dbt, model));
    if (product_taken(dbt, model->product)) {
        weft_error_set(dbt->error, WEFT_E_INVALID, "%s would be the product %s, as another is",
                       model->id == NULL ? "a model" : model->id, model->product->full_name);
        struct weft_place place = weft_import_place(dbt->import, dbt->doc, name);
        weft_error_at(dbt->error, dbt->import->shown, place.line, place.column);
        return weft_error_hint(dbt->error, "without --into each package is a domain of its own");
    }
    if (weft_map_put(dbt->models, model->id == NULL ? "" : model->id, model) < 0)
        return weft_error_nomem(dbt->error);
    return relation_add(dbt, node, model);
}

static int nodes_open(struct dbt *dbt)
{
    size_t i, max;
    yyjson_val *key, *node;
    WEFT_JSON_EACH(yyjson_obj_get(dbt->root, "sources"), i, max, key, node)
    {
        WEFT_TRY(relation_add(dbt, node, NULL));
    }
    WEFT_JSON_EACH(yyjson_obj_get(dbt->root, "nodes"), i, max, key, node)
    {
        const char *why = node_left(node);
        if (why == NULL) {
            WEFT_TRY(model_open(dbt, key, node));
            continue;
        }
        if (why[0] == '\0')
            continue;
        WEFT_TRY(relation_add(dbt, node, NULL));
        WEFT_TRY(weft_import_note_add(dbt->import, WEFT_IMPORT_LEFT, NULL,
                                      weft_import_place(dbt->import, dbt->doc, key), dbt->error,
                                      "%s: %s", yyjson_get_str(key), why));
    }
    return 0;
}

static int others_tell(struct dbt *dbt)
{
    static const char *const kinds[] = {"exposures", "metrics", "semantic_models", "saved_queries",
                                        "unit_tests"};
    for (size_t k = 0; k < WEFT_COUNT(kinds); k++) {
        size_t i, max;
        yyjson_val *key, *node;
        WEFT_JSON_EACH(yyjson_obj_get(dbt->root, kinds[k]), i, max, key, node)
        {
            WEFT_TRY(weft_import_note_add(dbt->import, WEFT_IMPORT_LEFT, NULL,
                                          weft_import_place(dbt->import, dbt->doc, key), dbt->error,
                                          "%s: only models, seeds and tests are taken over",
                                          yyjson_get_str(key)));
        }
    }
    return 0;
}

static int manifest_read(struct dbt *dbt)
{
    WEFT_TRY(nodes_open(dbt));
    for (size_t i = 0; i < weft_map_count(dbt->models); i++) {
        struct dbt_model *model = weft_map_value(dbt->models, i);
        bool seed = strcmp(weft_json_text_or(model->node, "resource_type", ""), "seed") == 0;
        WEFT_TRY(model_head(dbt, model));
        WEFT_TRY(columns_read(dbt, model));
        WEFT_TRY(seed ? seed_tell(dbt, model) : model_sql(dbt, model));
        WEFT_TRY(dbt_constraints_read(dbt, model));
    }
    WEFT_TRY(dbt_tests_read(dbt));
    WEFT_TRY(others_tell(dbt));
    for (size_t i = 0; i < weft_map_count(dbt->models); i++) {
        const struct dbt_model *model = weft_map_value(dbt->models, i);
        WEFT_TRY(weft_import_product_write(dbt->import, model->product, dbt->error));
    }
    return 0;
}

/* v10 to v12: what stands in `https://schemas.getdbt.com/dbt/manifest/v12.json`. */
static int version_check(struct dbt *dbt)
{
    yyjson_val *schema =
        yyjson_obj_get(yyjson_obj_get(dbt->root, "metadata"), "dbt_schema_version");
    const char *text = yyjson_get_str(schema);
    const char *v = text == NULL ? NULL : strstr(text, "/manifest/v");
    int64_t version = 0;
    if (v == NULL || !yyjson_is_obj(yyjson_obj_get(dbt->root, "nodes"))) {
        weft_error_set(dbt->error, WEFT_E_INVALID, "%s is no manifest of dbt", dbt->import->shown);
        return weft_error_hint(dbt->error, "`dbt compile` makes it: target/manifest.json");
    }
    v += strlen("/manifest/v");
    if (weft_parse_int64(v, strcspn(v, "."), &version) && version >= 10 && version <= 12)
        return 0;
    struct weft_place place = weft_import_place(dbt->import, dbt->doc, schema);
    weft_error_set(dbt->error, WEFT_E_INVALID, "a manifest of version %.20s cannot be read", v);
    weft_error_at(dbt->error, dbt->import->shown, place.line, place.column);
    return weft_error_hint(dbt->error, "versions 10 to 12 can: dbt 1.6 and later");
}

int weft_import_dbt(struct weft_import *import, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *catalog = NULL;
    if (weft_json_parse(import->data, import->length, WEFT_JSON_UNIQUE_KEYS, &doc, error) < 0)
        return weft_error_prefix(error, "%s", import->shown);
    if (import->beside != NULL && weft_json_parse(import->beside, import->beside_length,
                                                  WEFT_JSON_UNIQUE_KEYS, &catalog, error) < 0)
        return weft_error_prefix(error, "catalog.json beside %s", import->shown);
    struct dbt dbt = {.import = import,
                      .doc = doc,
                      .catalog = catalog,
                      .root = yyjson_doc_get_root(doc),
                      .models = weft_map_new(),
                      .relations = weft_map_new(),
                      .error = error};
    int rc =
        dbt.models == NULL || dbt.relations == NULL ? weft_error_nomem(error) : version_check(&dbt);
    if (rc == 0 && import->product != NULL) {
        rc = weft_error_set(error, WEFT_E_USAGE, "a manifest describes many products");
        rc = weft_error_hint(error, "--into %s", import->domain);
    }
    if (rc == 0)
        rc = manifest_read(&dbt);
    weft_map_free(dbt.models);
    weft_map_free(dbt.relations);
    return rc;
}
