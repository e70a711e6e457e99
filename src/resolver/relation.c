/*
 * relation.c - a relation as text: what stands behind FROM, its files read by field id, or by name
 * where that is the same. What a policy makes of it: secure.c.
 */
#include "base/random.h"
#include "resolver/resolve_internal.h"

#define RELATION_TYPE_MAX 65536

static void relation_type(const struct weft_type *type, struct weft_buf *out)
{
    weft_type_print_duckdb(type, out);
}

/* schema = MAP {1: {name: 'id', type: 'BIGINT', default_value: NULL}}: a renamed column is found by
 * its id, one that a file lacks is NULL. */
static int relation_schema(const struct weft_relation *relation, struct weft_buf *out,
                           struct weft_error *error)
{
    weft_buf_adds(out, ", schema = MAP {");
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_relation_column *column = &relation->columns[i];
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&type, RELATION_TYPE_MAX);
        relation_type(column->type, &type);
        WEFT_TRY(weft_buf_check(&type, error));
        weft_buf_addf(out, "%s%d: {name: ", i == 0 ? "" : ", ", column->field_id);
        weft_buf_add_sql_text(out, column->name, strlen(column->name));
        weft_buf_adds(out, ", type: ");
        weft_buf_add_sql_text(out, type.data, type.length);
        weft_buf_adds(out, ", default_value: NULL}");
    }
    weft_buf_addc(out, '}');
    return 0;
}

static bool relation_has_ids(const struct weft_relation *relation)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (relation->columns[i].field_id == 0)
            return false;
    return relation->column_count > 0;
}

/* ---- one file that was written with other columns ---- */

static const struct weft_relation_column *file_column(const struct weft_relation *relation,
                                                      int field_id)
{
    for (size_t i = 0; i < relation->file_column_count; i++)
        if (relation->file_columns[i].field_id == field_id)
            return &relation->file_columns[i];
    return NULL;
}

static bool is_nested(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_LIST || type->kind == WEFT_TYPE_MAP ||
           type->kind == WEFT_TYPE_STRUCT;
}

/* A nested type that changed is followed by ids only. */
static bool file_reads_by_name(const struct weft_relation *relation)
{
    if (relation->file_count != 1 || relation->file_column_count == 0 ||
        !relation_has_ids(relation))
        return false;
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_relation_column *column = &relation->columns[i];
        const struct weft_relation_column *file = file_column(relation, column->field_id);
        if (file != NULL && !weft_type_equal(file->type, column->type) &&
            (is_nested(file->type) || is_nested(column->type)))
            return false;
    }
    return true;
}

static void file_column_put(const struct weft_relation_column *column,
                            const struct weft_relation_column *file, struct weft_buf *out)
{
    bool cast = file == NULL || !weft_type_equal(file->type, column->type);
    weft_buf_adds(out, cast ? "CAST(" : "");
    if (file == NULL)
        weft_buf_adds(out, "NULL");
    else
        weft_buf_add_sql_name(out, file->name);
    if (cast) {
        weft_buf_adds(out, " AS ");
        relation_type(column->type, out);
        weft_buf_addc(out, ')');
    }
    weft_buf_adds(out, " AS ");
    weft_buf_add_sql_name(out, column->name);
}

static void relation_from_file(const struct weft_relation *relation, struct weft_buf *out)
{
    weft_buf_adds(out, "(SELECT ");
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_relation_column *column = &relation->columns[i];
        weft_buf_adds(out, i == 0 ? "" : ", ");
        file_column_put(column, file_column(relation, column->field_id), out);
    }
    weft_buf_adds(out, " FROM read_parquet([");
    weft_buf_add_sql_text(out, relation->files[0], strlen(relation->files[0]));
    weft_buf_adds(out, "]))");
}

int relation_from(const struct weft_relation *relation, struct weft_buf *out,
                  struct weft_error *error)
{
    if (relation->kind == WEFT_RELATION_SQL) {
        weft_buf_addf(out, "(%s)", relation->sql);
        return 0;
    }
    if (relation->kind == WEFT_RELATION_MESH) {
        weft_buf_adds(out, relation->sql);
        return 0;
    }
    if (relation->file_count == 0) {
        weft_buf_adds(out, "(SELECT ");
        for (size_t i = 0; i < relation->column_count; i++) {
            weft_buf_adds(out, i == 0 ? "CAST(NULL AS " : ", CAST(NULL AS ");
            relation_type(relation->columns[i].type, out);
            weft_buf_adds(out, ") AS ");
            weft_buf_add_sql_name(out, relation->columns[i].name);
        }
        weft_buf_adds(out, " WHERE false)");
        return 0;
    }
    if (!relation->plain && file_reads_by_name(relation)) {
        relation_from_file(relation, out);
        return 0;
    }
    weft_buf_adds(out, "read_parquet([");
    for (size_t i = 0; i < relation->file_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        weft_buf_add_sql_text(out, relation->files[i], strlen(relation->files[i]));
    }
    weft_buf_addc(out, ']');
    if (!relation->plain && relation_has_ids(relation))
        WEFT_TRY(relation_schema(relation, out, error));
    weft_buf_addc(out, ')');
    return 0;
}

void relation_column(const struct weft_relation_column *column, const char *alias,
                     struct weft_buf *out)
{
    weft_buf_adds(out, alias);
    weft_buf_addc(out, '.');
    weft_buf_add_sql_name(out, column->name);
}

int relation_check(const struct weft_relation *relation, struct weft_error *error)
{
    if (relation->kind == WEFT_RELATION_FILES && relation->column_count == 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "%s has no columns", relation->product);
    return 0;
}

int relation_alias(char alias[RELATION_ALIAS], struct weft_error *error)
{
    unsigned char bytes[16];
    WEFT_TRY(weft_random_bytes(bytes, sizeof(bytes), error));
    size_t at = (size_t)snprintf(alias, RELATION_ALIAS, "__r_");
    for (size_t i = 0; i < sizeof(bytes); i++)
        at += (size_t)snprintf(alias + at, RELATION_ALIAS - at, "%02x", bytes[i]);
    return 0;
}

int64_t relation_group_size(const struct weft_relation *relation)
{
    int64_t size = 0;
    for (size_t i = 0; i < relation->min_group_count; i++)
        size = WEFT_MAX(size, relation->min_groups[i].size);
    return size;
}

bool weft_relation_is_guarded(const struct weft_relation *relation)
{
    bool guarded = relation->rows != NULL || relation->min_group_count > 0;
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_treatment *treat = relation->columns[i].treat;
        guarded = guarded || (treat != NULL && treat->kind != WEFT_TREAT_NONE);
    }
    return guarded;
}

int weft_relation_print(const struct weft_relation *relation, struct weft_buf *out,
                        struct weft_error *error)
{
    WEFT_TRY(relation_check(relation, error));
    if (weft_relation_is_guarded(relation))
        return weft_error_set(error, WEFT_E_INTERNAL, "%s is read under a policy: not this way",
                              relation->product);
    char alias[RELATION_ALIAS];
    WEFT_TRY(relation_alias(alias, error));
    weft_buf_adds(out, "SELECT ");
    for (size_t i = 0; i < relation->column_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        relation_column(&relation->columns[i], alias, out);
    }
    weft_buf_adds(out, relation->column_count == 0 ? "* FROM " : " FROM ");
    WEFT_TRY(relation_from(relation, out, error));
    weft_buf_addf(out, " AS %s", alias);
    return weft_buf_check(out, error);
}
