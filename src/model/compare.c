/*
 * compare.c - what differs between two versions of a product, and what that does to those who read
 * or write it. One table (change_rules.h) says of which class a kind of difference is, and why.
 */
#include "model/change_rules.h"
#include "model/product_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define CHANGE_TEXT_MAX 200

struct comparison {
    struct weft_reader reader; /* for its arena and sticky failure */
    struct weft_diag diag;
    struct weft_change *items;
    size_t count;
    size_t capacity;
    const char *field; /* that is compared, as it was called before; NULL = none */
    struct weft_error *error;
    int rc;
};

/* Long texts (SQL, enums) are cut: the change names them, it does not carry them. */
static const char *change_text(struct comparison *c, const char *text)
{
    if (text == NULL || strlen(text) <= CHANGE_TEXT_MAX)
        return text;
    size_t cut = CHANGE_TEXT_MAX;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    return weft_reader_format(&c->reader, "%.*s...", (int)cut, text);
}

static void change_add(struct comparison *c, enum weft_change_kind kind, const char *path,
                       const char *before, const char *after)
{
    if (weft_arena_reserve(c->reader.arena, &c->items, &c->capacity, c->count + 1,
                           sizeof *c->items) < 0) {
        c->reader.nomem = true;
        return;
    }
    const struct weft_change_rule *rule = &weft_change_rules[kind];
    c->items[c->count++] = (struct weft_change){
        .path = path,
        .before = change_text(c, before),
        .after = change_text(c, after),
        .rule = rule->id,
        .change_class = WEFT_MAX(rule->readers, rule->writers),
        .reason = rule->writers > rule->readers ? rule->writers_why : rule->readers_why,
        .readers = rule->readers,
        .readers_why = rule->readers_why,
        .writers = rule->writers,
        .writers_why = rule->writers_why,
        .reach = rule->reach,
        .field = c->field,
    };
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void compare_text(struct comparison *c, enum weft_change_kind kind, const char *path,
                         const char *before, const char *after)
{
    if (!same(before, after))
        change_add(c, kind, path, before, after);
}

/* All of them for comparing, the first few for showing. */
static void compare_texts(struct comparison *c, enum weft_change_kind kind, const char *path,
                          struct weft_texts before, struct weft_texts after)
{
    bool equal = before.count == after.count;
    for (size_t i = 0; equal && i < before.count; i++)
        equal = strcmp(before.items[i], after.items[i]) == 0;
    if (equal)
        return;
    char a[500], b[500];
    weft_texts_print(before.items, before.count, a, sizeof a);
    weft_texts_print(after.items, after.count, b, sizeof b);
    change_add(c, kind, path, before.count == 0 ? NULL : weft_reader_text(&c->reader, a),
               after.count == 0 ? NULL : weft_reader_text(&c->reader, b));
}

/* ---- types ---- */

static const char *type_print(struct comparison *c, const struct weft_type *type)
{
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    weft_type_print(type, &out);
    const char *text = weft_reader_text(&c->reader, out.data);
    c->reader.nomem |= out.failed;
    weft_buf_release(&out);
    return text;
}

static const struct weft_type_field *nested_find(const struct weft_type *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    }
    return NULL;
}

/* The nested field that went away while another of the same type came, or NULL. */
static const char *nested_rename(const struct weft_type *from, const struct weft_type *to,
                                 const char **new_name)
{
    if (from == NULL || to == NULL || from->kind != to->kind)
        return NULL;
    const char *inner = nested_rename(from->element, to->element, new_name);
    if (inner != NULL)
        return inner;
    for (size_t i = 0; i < from->field_count; i++) {
        const struct weft_type_field *was = &from->fields[i];
        const struct weft_type_field *kept = nested_find(to, was->name);
        inner = kept == NULL ? NULL : nested_rename(was->type, kept->type, new_name);
        if (inner != NULL)
            return inner;
        for (size_t j = 0; kept == NULL && j < to->field_count; j++) {
            if (nested_find(from, to->fields[j].name) == NULL &&
                weft_type_equal(was->type, to->fields[j].type)) {
                *new_name = to->fields[j].name;
                return was->name;
            }
        }
    }
    return NULL;
}

/* Equal or wider at every place, with nested fields possibly added. */
static bool type_grows(const struct weft_type *from, const struct weft_type *to)
{
    if (from->kind != to->kind || !weft_type_is_nested(from))
        return weft_type_widens(from, to);
    if (from->key != NULL && !weft_type_equal(from->key, to->key))
        return false;
    if (from->element != NULL && !type_grows(from->element, to->element))
        return false;
    for (size_t i = 0; i < from->field_count; i++) {
        const struct weft_type_field *kept = nested_find(to, from->fields[i].name);
        if (kept == NULL || !type_grows(from->fields[i].type, kept->type))
            return false;
    }
    return true;
}

static void compare_type(struct comparison *c, const char *path, const struct weft_type *from,
                         const struct weft_type *to)
{
    if (weft_type_equal(from, to))
        return;
    const char *new_name = NULL;
    const char *old_name = nested_rename(from, to, &new_name);
    if (old_name != NULL && c->rc == 0) {
        weft_error_set(c->error, WEFT_E_INVALID, "%s: the nested field `%s` would become `%s`",
                       path, old_name, new_name);
        c->rc = weft_error_hint(c->error, "nested fields are read by name: add `%s` and keep `%s`",
                                new_name, old_name);
    }
    enum weft_change_kind kind = weft_type_widens(from, to) ? CHANGE_TYPE_WIDER
                                 : type_grows(from, to)     ? CHANGE_TYPE_NESTED_ADDED
                                                            : CHANGE_TYPE_OTHER;
    change_add(c, kind, path, type_print(c, from), type_print(c, to));
}

/* ---- fields ---- */

static const char *count_text(struct comparison *c, int64_t value)
{
    return value < 0 ? NULL : weft_reader_format(&c->reader, "%" PRId64, value);
}

/* up: 1 = a higher bound is tighter, -1 = a lower one is, 0 = it is no bound. */
static void compare_rule(struct comparison *c, const char *path, const char *before,
                         const char *after, int up)
{
    enum weft_change_kind kind = CHANGE_RULE;
    if (same(before, after))
        return;
    enum weft_bound_move move = before == NULL || after == NULL || up == 0
                                    ? WEFT_BOUND_UNKNOWN
                                    : weft_bound_compare(before, after);
    if (before == NULL || after == NULL)
        kind = before == NULL ? CHANGE_RULE_TIGHTER : CHANGE_RULE_LOOSER;
    else if (move != WEFT_BOUND_UNKNOWN)
        kind = (move == WEFT_BOUND_UP) == (up > 0) ? CHANGE_RULE_TIGHTER : CHANGE_RULE_LOOSER;
    change_add(c, kind, path, before, after);
}

static bool texts_hold(struct weft_texts all, struct weft_texts some)
{
    for (size_t i = 0; i < some.count; i++) {
        bool found = false;
        for (size_t j = 0; !found && j < all.count; j++)
            found = strcmp(all.items[j], some.items[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

static enum weft_change_kind enum_kind(struct weft_texts before, struct weft_texts after)
{
    if (before.count == 0)
        return CHANGE_RULE_TIGHTER;
    if (after.count == 0)
        return CHANGE_RULE_LOOSER;
    bool kept = texts_hold(after, before), within = texts_hold(before, after);
    return kept && !within   ? CHANGE_ENUM_GROWN
           : within && !kept ? CHANGE_RULE_TIGHTER
                             : CHANGE_RULE;
}

static void compare_field(struct comparison *c, const char *prefix, const struct weft_field *before,
                          const struct weft_field *after)
{
    struct weft_reader *r = &c->reader;
    const char *p = weft_reader_format(r, "%s.%s", prefix, after->name);
    c->field = before->name;
#define PATH(key) weft_reader_format(r, "%s." key, p)
    if (strcmp(before->name, after->name) != 0)
        change_add(c, CHANGE_FIELD_RENAMED, p, before->name, after->name);
    compare_type(c, PATH("type"), before->type, after->type);
    if (before->required != after->required)
        change_add(c, after->required ? CHANGE_NOW_REQUIRED : CHANGE_NOT_REQUIRED, PATH("required"),
                   before->required ? "true" : "false", after->required ? "true" : "false");
    compare_rule(c, PATH("pattern"), before->pattern, after->pattern, 0);
    compare_texts(c, enum_kind(before->values, after->values), PATH("enum"), before->values,
                  after->values);
    compare_rule(c, PATH("min"), before->min, after->min, 1);
    compare_rule(c, PATH("max"), before->max, after->max, -1);
    compare_rule(c, PATH("min_length"), count_text(c, before->min_length),
                 count_text(c, after->min_length), 1);
    compare_rule(c, PATH("max_length"), count_text(c, before->max_length),
                 count_text(c, after->max_length), -1);
    compare_text(c, before->unique ? CHANGE_UNIQUE_DROPPED : CHANGE_RULE_TIGHTER, PATH("unique"),
                 before->unique ? "true" : NULL, after->unique ? "true" : NULL);
    compare_rule(c, PATH("references"), before->references, after->references, 0);
    compare_text(c, CHANGE_WORDS, PATH("description"), before->description, after->description);
    compare_text(c, CHANGE_GOVERNANCE, PATH("classification"), before->classification,
                 after->classification);
    compare_text(c, CHANGE_WORDS, PATH("means"), before->means, after->means);
    for (int rule = 0; rule < WEFT_FIELD_RULE_COUNT; rule++) {
        if (before->on_fail[rule] != after->on_fail[rule] &&
            (weft_field_has_rule(before, rule) || weft_field_has_rule(after, rule)))
            change_add(c, CHANGE_ON_FAIL,
                       weft_reader_format(r, "%s.on_fail.%s", p,
                                          weft_field_rule_name((enum weft_field_rule)rule)),
                       weft_on_fail_name(before->on_fail[rule]),
                       weft_on_fail_name(after->on_fail[rule]));
    }
#undef PATH
    c->field = NULL;
}

/* The field that `field` was: by its name, else by `was`. */
static const struct weft_field *field_before(const struct weft_fields *before,
                                             const struct weft_field *field)
{
    const struct weft_field *found = weft_fields_find(before, field->name);
    return found == NULL && field->was != NULL ? weft_fields_find(before, field->was) : found;
}

static void compare_order(struct comparison *c, const struct weft_fields *before,
                          const struct weft_fields *after)
{
    const struct weft_field *last = NULL;
    for (size_t i = 0; i < after->count; i++) {
        const struct weft_field *was = field_before(before, &after->items[i]);
        if (was == NULL)
            continue;
        if (last != NULL && was < last) {
            change_add(c, CHANGE_FIELD_ORDER, "schema", NULL, NULL);
            return;
        }
        last = was;
    }
}

static void compare_schema(struct comparison *c, const struct weft_fields *before,
                           const struct weft_fields *after)
{
    if (before->count == 0 && after->count == 0)
        return;
    if (before->count == 0 || after->count == 0) {
        change_add(c, before->count == 0 ? CHANGE_SCHEMA_WRITTEN : CHANGE_SCHEMA_DROPPED, "schema",
                   before->count == 0 ? NULL : "declared", after->count == 0 ? NULL : "declared");
        return;
    }
    bool *kept = weft_reader_alloc(&c->reader, before->count, sizeof *kept);
    for (size_t i = 0; kept != NULL && i < after->count; i++) {
        const struct weft_field *field = &after->items[i];
        const struct weft_field *was = field_before(before, field);
        if (was != NULL) {
            kept[was - before->items] = true;
            compare_field(c, "schema", was, field);
        } else
            change_add(c, field->required ? CHANGE_FIELD_ADDED_REQUIRED : CHANGE_FIELD_ADDED,
                       weft_reader_format(&c->reader, "schema.%s", field->name), NULL,
                       type_print(c, field->type));
    }
    for (size_t i = 0; kept != NULL && i < before->count; i++) {
        if (kept[i])
            continue;
        c->field = before->items[i].name;
        change_add(c, CHANGE_FIELD_REMOVED, weft_reader_format(&c->reader, "schema.%s", c->field),
                   type_print(c, before->items[i].type), NULL);
    }
    c->field = NULL;
    compare_order(c, before, after);
}

/* ---- members that are compared by their part of the document ---- */

/* A text as it is, anything else as JSON; NULL = it is not there. */
static const char *value_text(struct comparison *c, yyjson_val *value)
{
    if (value == NULL)
        return NULL;
    if (yyjson_is_str(value))
        return weft_reader_text(&c->reader, yyjson_get_str(value));
    struct weft_buf out;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&out, 16 << 20);
    const char *text = NULL;
    if (weft_json_canonical(value, &out, &error) == 0)
        text = weft_reader_text(&c->reader, out.data);
    else
        c->reader.nomem |= error.code == WEFT_E_NOMEM;
    weft_buf_release(&out);
    return text;
}

/* Checks have names; completeness is of a field, or of every one. */
static const char *value_name(yyjson_val *value)
{
    const char *name = yyjson_get_str(yyjson_obj_get(value, "name"));
    if (name == NULL)
        name = yyjson_get_str(yyjson_obj_get(value, "field"));
    return name == NULL && yyjson_obj_get(value, "min") != NULL ? "every_field" : name;
}

/* Items are told apart by their names. */
static bool values_named(yyjson_val *array)
{
    size_t i, max;
    yyjson_val *item;
    if (yyjson_arr_size(array) == 0)
        return false;
    yyjson_arr_foreach(array, i, max, item)
    {
        if (value_name(item) == NULL)
            return false;
    }
    return true;
}

static yyjson_val *value_named(yyjson_val *array, const char *name)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(array, i, max, item)
    {
        if (strcmp(value_name(item), name) == 0)
            return item;
    }
    return NULL;
}

static void compare_value(struct comparison *c, enum weft_change_kind kind, const char *path,
                          yyjson_val *x, yyjson_val *y);

/* x or y may be NULL; the macros of yyjson may not meet that. */
static void compare_members(struct comparison *c, enum weft_change_kind kind, const char *path,
                            yyjson_val *x, yyjson_val *y)
{
    yyjson_obj_iter iter;
    yyjson_val *key;
    yyjson_obj_iter_init(y, &iter);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        const char *name = yyjson_get_str(key);
        compare_value(c, kind, weft_reader_format(&c->reader, "%s.%s", path, name),
                      yyjson_obj_get(x, name), yyjson_obj_iter_get_val(key));
    }
    yyjson_obj_iter_init(x, &iter);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        const char *name = yyjson_get_str(key);
        if (yyjson_obj_get(y, name) == NULL)
            compare_value(c, kind, weft_reader_format(&c->reader, "%s.%s", path, name),
                          yyjson_obj_iter_get_val(key), NULL);
    }
}

static void compare_named(struct comparison *c, enum weft_change_kind kind, const char *path,
                          yyjson_val *x, yyjson_val *y)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(y, i, max, item)
    {
        const char *name = value_name(item);
        compare_value(c, kind, weft_reader_format(&c->reader, "%s.%s", path, name),
                      value_named(x, name), item);
    }
    yyjson_arr_foreach(x, i, max, item)
    {
        const char *name = value_name(item);
        if (value_named(y, name) == NULL)
            compare_value(c, kind, weft_reader_format(&c->reader, "%s.%s", path, name), item, NULL);
    }
}

/* As deep as both sides have the same shape, so that only what differs is told. */
static void compare_value(struct comparison *c, enum weft_change_kind kind, const char *path,
                          yyjson_val *x, yyjson_val *y)
{
    const char *before = value_text(c, x);
    const char *after = value_text(c, y);
    if (path == NULL || (before == NULL && after == NULL) ||
        (before != NULL && after != NULL && strcmp(before, after) == 0))
        return;
    size_t count = c->count;
    if (yyjson_is_obj(x) && yyjson_is_obj(y))
        compare_members(c, kind, path, x, y);
    else if (values_named(x) && values_named(y))
        compare_named(c, kind, path, x, y);
    if (c->count == count) /* also where only the order differs */
        change_add(c, kind == CHANGE_QUALITY ? weft_quality_kind(path, before, after) : kind, path,
                   before, after);
}

static const struct {
    const char *key;
    enum weft_change_kind kind;
} parts[] = {
    {"owner", CHANGE_WORDS},
    {"version", CHANGE_VERSION},
    {"was", CHANGE_WORDS},
    {"description", CHANGE_WORDS},
    {"type", CHANGE_WORDS},
    {"tags", CHANGE_WORDS},
    {"discoverable", CHANGE_GOVERNANCE},
    {"regulations", CHANGE_GOVERNANCE},
    {"deprecated", CHANGE_DEPRECATED},
    {"contract", CHANGE_WORDS},
    {"inputs", CHANGE_INPUT},
    {"order_by", CHANGE_TRANSFORM},
    {"sql", CHANGE_TRANSFORM},
    {"graph", CHANGE_TRANSFORM},
    {"location", CHANGE_STORAGE},
    {"partition", CHANGE_STORAGE},
    {"sort", CHANGE_STORAGE},
    {"tests", CHANGE_WORDS},
    {"run", CHANGE_OPERATION},
    {"retention", CHANGE_OPERATION},
    {"access", CHANGE_ACCESS},
    {"protect", CHANGE_ACCESS},
    {"outputs", CHANGE_ACCESS},
    {"terms_of_use", CHANGE_WORDS},
    {"odcs", CHANGE_WORDS},
};

static int compare_documents(struct comparison *c, const char *before, const char *after)
{
    yyjson_doc *a __attribute__((cleanup(weft_json_freep))) = NULL;
    yyjson_doc *b __attribute__((cleanup(weft_json_freep))) = NULL;
    WEFT_TRY(weft_json_parse(before, strlen(before), 0, &a, c->error));
    WEFT_TRY(weft_json_parse(after, strlen(after), 0, &b, c->error));
    yyjson_val *x = yyjson_doc_get_root(a), *y = yyjson_doc_get_root(b);
    for (size_t i = 0; i < WEFT_COUNT(parts); i++)
        compare_value(c, parts[i].kind, parts[i].key, yyjson_obj_get(x, parts[i].key),
                      yyjson_obj_get(y, parts[i].key));
    compare_members(c, CHANGE_QUALITY, "quality", yyjson_obj_get(x, "quality"),
                    yyjson_obj_get(y, "quality"));
    return 0;
}

/* The columns of a graph follow from its algorithm, declared or not. */
static void compare_graph(struct comparison *c, const struct weft_product *before,
                          const struct weft_product *after)
{
    if (before->graph == NULL || after->graph == NULL || before->schema.count > 0 ||
        after->schema.count > 0)
        return;
    const char *from = weft_graph_value_name(before->graph->algorithm);
    const char *to = weft_graph_value_name(after->graph->algorithm);
    if (strcmp(from, to) == 0)
        return;
    bool score = strcmp(to, "score") == 0;
    change_add(c, CHANGE_FIELD_ADDED, weft_reader_format(&c->reader, "schema.%s", to), NULL,
               score ? "double" : "long");
    c->field = from;
    change_add(c, CHANGE_FIELD_REMOVED, weft_reader_format(&c->reader, "schema.%s", from),
               score ? "long" : "double", NULL);
    c->field = NULL;
}

static const char *write_name(enum weft_write_mode mode)
{
    static const char *const names[] = {"replace", "append", "upsert"};
    return names[mode];
}

int weft_product_compare(struct weft_arena *arena, const struct weft_product *before,
                         const struct weft_product *after, struct weft_changes *out,
                         struct weft_error *error)
{
    struct comparison c = {.reader = {.arena = arena}, .error = error};
    c.reader.diag = &c.diag;
    weft_diag_init(&c.diag);
    compare_text(&c, CHANGE_NAME, "name", before->full_name, after->full_name);
    if (before->status != after->status)
        change_add(&c, after->status == WEFT_STATUS_RETIRED ? CHANGE_RETIRED : CHANGE_STATUS,
                   "status", weft_status_name(before->status), weft_status_name(after->status));
    if (before->write != after->write)
        change_add(&c, CHANGE_WRITE, "write", write_name(before->write), write_name(after->write));
    int rc = compare_documents(&c, before->document, after->document);
    compare_schema(&c, &before->schema, &after->schema);
    compare_graph(&c, before, after);
    compare_texts(&c, CHANGE_KEY, "key", before->key, after->key);
    if (before->key.count > 0 && after->key.count > 0 && before->key_on_fail != after->key_on_fail)
        change_add(&c, CHANGE_ON_FAIL, "key.on_fail", weft_on_fail_name(before->key_on_fail),
                   weft_on_fail_name(after->key_on_fail));
    if (rc == 0)
        rc = c.reader.nomem ? weft_error_nomem(error) : c.rc;
    weft_diag_release(&c.diag);
    if (rc < 0)
        return rc;
    *out = (struct weft_changes){.items = c.items, .count = c.count};
    for (size_t i = 0; i < c.count; i++)
        out->worst = WEFT_MAX(out->worst, c.items[i].change_class);
    return 0;
}
