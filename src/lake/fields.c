/*
 * fields.c - what the engine is told, and tells, about fields: the FIELD_IDS of a COPY, and the
 * names in its RETURN_STATS. Texts only; nothing here calls the engine.
 */
#include "lake/table_internal.h"

#include <string.h>

static void add_field(struct weft_buf *out, const char *name, int id, const struct weft_type *type,
                      const int **ids)
{
    weft_buf_add_sql_name(out, name);
    if (!weft_type_is_nested(type)) {
        weft_buf_addf(out, ": %d", id);
        return;
    }
    weft_buf_addf(out, ": {__duckdb_field_id: %d", id);
    if (type->key != NULL) {
        int key = *(*ids)++;
        weft_buf_adds(out, ", ");
        add_field(out, "key", key, type->key, ids);
    }
    if (type->element != NULL) {
        int element = *(*ids)++;
        weft_buf_adds(out, ", ");
        add_field(out, type->key != NULL ? "value" : "element", element, type->element, ids);
    }
    for (size_t i = 0; i < type->field_count; i++) {
        int field = *(*ids)++;
        weft_buf_adds(out, ", ");
        add_field(out, type->fields[i].name, field, type->fields[i].type, ids);
    }
    weft_buf_addc(out, '}');
}

void weft_table_field_ids_sql(const struct weft_table_schema *schema, struct weft_buf *out)
{
    weft_buf_addc(out, '{');
    for (size_t i = 0; i < schema->count; i++) {
        const struct weft_column *column = &schema->columns[i];
        const int *ids = column->nested_ids;
        if (i > 0)
            weft_buf_adds(out, ", ");
        add_field(out, column->name, column->id, column->type, &ids);
    }
    weft_buf_addc(out, '}');
}

/* One part of the name: bare, or quoted with quotes doubled. Does it equal `name`? The place behind
 * it (at a dot or the end), or NULL. */
static const char *skip_part(const char *text, const char *name, bool *equal)
{
    *equal = true;
    if (*text != '"') {
        size_t length = strcspn(text, ".");
        *equal = strlen(name) == length && memcmp(text, name, length) == 0;
        return text + length;
    }
    for (text++; *text != '\0'; text++) {
        if (*text == '"' && *++text != '"') {
            *equal = *equal && *name == '\0';
            return *text == '\0' || *text == '.' ? text : NULL;
        }
        *equal = *equal && *name == *text;
        name += *equal;
    }
    return NULL;
}

int weft_table_stats_field(const struct weft_table_schema *schema, const char *name,
                           const struct weft_type **type)
{
    *type = NULL;
    const struct weft_type *found = NULL;
    const int *ids = NULL;
    int id = 0;
    const char *rest = name;
    bool equal = false;
    for (size_t i = 0; i < schema->count && found == NULL; i++) {
        rest = skip_part(name, schema->columns[i].name, &equal);
        if (rest == NULL || !equal)
            continue;
        found = schema->columns[i].type;
        ids = schema->columns[i].nested_ids;
        id = schema->columns[i].id;
    }
    while (found != NULL && *rest == '.') {
        const struct weft_type *parent = found;
        const char *part = rest + 1;
        found = NULL;
        for (size_t i = 0; parent->kind == WEFT_TYPE_STRUCT && i < parent->field_count; i++) {
            const char *after = skip_part(part, parent->fields[i].name, &equal);
            if (after != NULL && equal) {
                found = parent->fields[i].type;
                id = *ids++;
                rest = after;
                break;
            }
            ids += 1 + lake_type_part_count(parent->fields[i].type);
        }
    }
    if (found == NULL || weft_type_is_nested(found))
        return 0;
    *type = found;
    return id;
}
