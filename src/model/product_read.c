/*
 * product_read.c - from the checked tree of a product file to struct weft_product, and the rules
 * that speak of several keys.
 */
#include "model/product_internal.h"
#include "policy/policy_read.h"

#include "base/fs.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void keys_add(struct weft_draft *draft, struct weft_draft_keys *keys,
                     struct weft_place place, const char *key)
{
    struct weft_arena *arena = draft->reader->arena;
    size_t count = keys->count;
    if (weft_arena_reserve(arena, &keys->items, &keys->capacity, count + 1, sizeof *keys->items) <
            0 ||
        weft_arena_reserve(arena, &keys->places, &keys->places_capacity, count + 1,
                           sizeof *keys->places) < 0) {
        draft->reader->nomem = true;
        return;
    }
    keys->items[count] = key;
    keys->places[count] = place;
    keys->count++;
}

void weft_draft_refuse(struct weft_draft *draft, struct weft_place place, const char *key)
{
    keys_add(draft, &draft->refused, place, key);
}

bool weft_draft_has_field(struct weft_draft *draft, const char *name, struct weft_place place,
                          const char *what)
{
    const struct weft_fields *schema = &draft->product->schema;
    if (schema->count == 0 || weft_fields_find(schema, name) != NULL)
        return true;
    const char **names = weft_reader_alloc(draft->reader, schema->count, sizeof *names);
    if (names == NULL)
        return false;
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->items[i].name[0] != '\0') /* one that was refused has none */
            names[count++] = schema->items[i].name;
    }
    char hint[400];
    weft_reader_near(name, names, count, hint, sizeof hint);
    if (hint[0] == '\0' && count > 0) {
        char all[360];
        weft_texts_print(names, count, all, sizeof all);
        snprintf(hint, sizeof hint, "the fields are %s", all);
    }
    weft_reader_mistake(draft->reader, place, hint, "%s names `%.60s`, which is not in the schema",
                        what, name);
    return false;
}

/* ---- who it is ---- */

static const char *read_name(struct weft_draft *draft, const char *key, const char *implied,
                             const char *where)
{
    struct weft_reader *reader = draft->reader;
    struct weft_node *node = weft_node_get(draft->root, key);
    const char *written = weft_node_text(node);
    if (written != NULL)
        return written;
    if (node != NULL)
        return "";
    if (implied == NULL) {
        weft_reader_mistake(reader, draft->root->place, where, "the product has no `%s`", key);
        return "";
    }
    if (!weft_name_valid(implied)) {
        char proposal[WEFT_NAME_MAX + 1], hint[200];
        weft_name_propose(implied, proposal);
        snprintf(hint, sizeof hint, "rename the folder to `%s`, or write `%s: %s`", proposal, key,
                 proposal);
        weft_reader_mistake(reader, draft->root->place, hint, "the folder `%.60s` is not a name",
                            implied);
    }
    return implied;
}

static void read_version(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_node *node = weft_node_get(draft->root, "version");
    const char *text = weft_node_text(node);
    if (node == NULL)
        weft_reader_mistake(draft->reader, draft->root->place, "write `version: 0.1.0`",
                            "the product has no `version`");
    product->version = text == NULL ? "0.0.0" : text;
    int *parts[] = {&product->major, &product->minor, &product->patch};
    const char *at = product->version;
    for (size_t i = 0; i < 3; i++) {
        for (; isdigit((unsigned char)*at); at++)
            *parts[i] = *parts[i] * 10 + (*at - '0');
        at += *at == '.';
    }
    if (text != NULL && draft->source->major != WEFT_MAJOR_NEWEST &&
        product->major != draft->source->major)
        weft_reader_mistake(draft->reader, node->place, NULL,
                            "the file's name says major %d, but the version is %s",
                            draft->source->major, product->version);
}

static void read_was(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    const struct weft_node *node = weft_node_get(draft->root, "was");
    const char *was = weft_node_text(node);
    if (was == NULL)
        return;
    product->was_place = node->place;
    product->was = strchr(was, '.') != NULL
                       ? was
                       : weft_reader_format(draft->reader, "%s.%s", product->domain, was);
    if (strchr(was, '@') != NULL)
        weft_reader_mistake(draft->reader, node->place, "leave `@` and the major out",
                            "`was` names a product without a version: all majors are renamed");
    else if (strcmp(product->was, product->full_name) == 0)
        weft_reader_mistake(draft->reader, node->place, "leave it out",
                            "`%s` was `%s`: that is its name now", product->full_name,
                            product->was);
}

static void read_identity(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    const struct weft_product_source *source = draft->source;
    struct weft_node *domain = weft_node_get(draft->root, "domain");
    product->name = read_name(draft, "name", source->name, "write `name: ...`");
    product->domain = read_name(draft, "domain", source->domain, "write `domain: ...`");
    if (strcmp(product->domain, "mesh") == 0)
        weft_reader_mistake(draft->reader, domain == NULL ? draft->root->place : domain->place,
                            NULL, "`mesh` is no name for a domain: its tables tell about the mesh");
    if (domain != NULL && !domain->wrong && source->domain != NULL &&
        strcmp(product->domain, source->domain) != 0) {
        char hint[160];
        snprintf(hint, sizeof hint, "write `domain: %.60s`, or move the folder", source->domain);
        weft_reader_mistake(draft->reader, domain->place, hint,
                            "the domain is `%s`, but the file lies in the folder of `%.60s`",
                            product->domain, source->domain);
    }
    product->full_name = weft_reader_format(draft->reader, "%s.%s", product->domain, product->name);
    read_version(draft);
    read_was(draft);
}

/* What the product says, else what the domain's defaults say. */
static const struct weft_node *node_or_default(const struct weft_draft *draft, const char *key)
{
    const struct weft_node *node = weft_node_get(draft->root, key);
    return node != NULL ? node
                        : weft_node_get(weft_node_get(draft->source->domain_file, "defaults"), key);
}

static enum weft_product_status status_of(const char *word)
{
    for (int i = WEFT_STATUS_ACTIVE; word != NULL && i <= WEFT_STATUS_RETIRED; i++) {
        if (strcmp(weft_status_name((enum weft_product_status)i), word) == 0)
            return (enum weft_product_status)i;
    }
    return WEFT_STATUS_ACTIVE;
}

static void read_deprecated(struct weft_draft *draft)
{
    struct weft_node *node = weft_node_get(draft->root, "deprecated");
    if (!weft_node_is_set(node) && draft->product->status != WEFT_STATUS_DEPRECATED)
        return;
    struct weft_deprecated *says = weft_reader_alloc(draft->reader, 1, sizeof *says);
    if (says == NULL)
        return;
    if (weft_node_is_set(node))
        *says = (struct weft_deprecated){.since = weft_node_get_text(node, "since"),
                                         .sunset = weft_node_get_text(node, "sunset"),
                                         .replaced_by = weft_node_get_text(node, "replaced_by")};
    draft->product->deprecated = says;
    if (says->since != NULL && says->sunset != NULL && strcmp(says->sunset, says->since) < 0)
        weft_reader_warn(draft->reader, node->place, NULL,
                         "the sunset %s lies before %s, since when it is deprecated", says->sunset,
                         says->since);
}

static void read_description(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    const char *owner = weft_node_get_text(draft->root, "owner");
    const char *discoverable = weft_node_text(node_or_default(draft, "discoverable"));
    product->owner =
        owner != NULL ? owner : weft_node_get_text(draft->source->domain_file, "owner");
    weft_node_translations(reader, weft_node_get(draft->root, "description"), &product->description,
                           &product->descriptions);
    product->terms_of_use = weft_node_text(node_or_default(draft, "terms_of_use"));
    product->type = weft_node_text(node_or_default(draft, "type"));
    product->tags = weft_node_texts(reader, node_or_default(draft, "tags"));
    product->regulations = weft_node_texts(reader, node_or_default(draft, "regulations"));
    product->status = status_of(weft_node_text(node_or_default(draft, "status")));
    product->discoverable = discoverable == NULL ? "mesh" : discoverable;
    read_deprecated(draft);
}

/* ---- schema and key ---- */

static void read_key(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    struct weft_node *node = weft_node_get(draft->root, "key");
    struct weft_node *fields =
        node != NULL && node->kind == WEFT_NODE_MAP ? weft_node_get(node, "fields") : node;
    if (node == NULL || node->wrong)
        return;
    product->key = weft_node_texts(reader, fields);
    product->key_on_fail = weft_on_fail_of(weft_node_get(node, "on_fail"), WEFT_ON_FAIL_QUARANTINE);
    product->key_place = node->place;
    if (fields == NULL || (fields->kind == WEFT_NODE_LIST && fields->count == 0))
        weft_reader_mistake(reader, node->place, "write `key: [field, ...]`",
                            "`key` names no fields");
    for (size_t i = 0; i < product->key.count; i++) {
        const char *name = product->key.items[i];
        struct weft_place place =
            fields->kind == WEFT_NODE_LIST ? fields->items[i]->place : fields->place;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(product->key.items[j], name) == 0)
                weft_reader_mistake(reader, place, NULL, "`key` names `%.60s` twice", name);
        }
        if (!weft_draft_has_field(draft, name, place, "`key`"))
            continue;
        struct weft_field *field =
            (struct weft_field *)(uintptr_t)weft_fields_find(&product->schema, name);
        if (field == NULL)
            continue;
        if (weft_type_is_nested(field->type))
            weft_reader_mistake(reader, place, NULL, "`%s` is nested and cannot be in the key",
                                name);
        field->required = true;
    }
}

/* A field of the key that says `required: false` contradicts itself. */
static void check_key_required(struct weft_draft *draft)
{
    const struct weft_node *list = weft_node_get(draft->root, "schema");
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const struct weft_node *required = weft_node_get(list->items[i], "required");
        const char *name = weft_node_get_text(list->items[i], "name");
        const char *text = weft_node_text(required);
        for (size_t j = 0; text != NULL && name != NULL && j < draft->product->key.count; j++) {
            if (strcmp(draft->product->key.items[j], name) == 0 && strcmp(text, "false") == 0)
                weft_reader_mistake(draft->reader, required->place, "leave `required` out",
                                    "`%s` is in the key, which is never null", name);
        }
    }
}

static void read_schema(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    product->schema = weft_draft_read_fields(draft, weft_node_get(draft->root, "schema"), false);
    read_key(draft);
    check_key_required(draft);
    for (size_t i = 0; i < product->schema.count; i++) {
        const struct weft_field *field = &product->schema.items[i];
        if (field->was == NULL)
            continue;
        if (weft_fields_find(&product->schema, field->was) != NULL)
            weft_reader_mistake(draft->reader, field->place, NULL,
                                "`%s` was `%s`, but there still is a `%s`", field->name, field->was,
                                field->was);
        for (size_t j = 0; j < i; j++) {
            const char *other = product->schema.items[j].was;
            if (other != NULL && strcmp(other, field->was) == 0)
                weft_reader_mistake(draft->reader, field->place, NULL,
                                    "two fields say that they were `%s`", field->was);
        }
    }
}

/* ---- sort and partition ---- */

static void read_sort(struct weft_draft *draft)
{
    struct weft_reader *reader = draft->reader;
    const struct weft_node *node = weft_node_get(draft->root, "sort");
    struct weft_texts written = weft_node_texts(reader, node);
    struct weft_sort_field *items = weft_reader_alloc(reader, written.count, sizeof *items);
    for (size_t i = 0; items != NULL && i < written.count; i++) {
        const char *text = written.items[i];
        size_t length = strcspn(text, " ");
        const char *order = text + length + strspn(text + length, " ");
        struct weft_place place =
            node->kind == WEFT_NODE_LIST ? node->items[i]->place : node->place;
        items[i].descending = weft_equal_fold(order, "desc");
        items[i].field = weft_reader_format(reader, "%.*s", (int)length, text);
        if (*order != '\0' && !items[i].descending && !weft_equal_fold(order, "asc"))
            weft_reader_mistake(reader, place, "write `field` or `field desc`",
                                "`%.60s` is no order", order);
        weft_draft_has_field(draft, items[i].field, place, "`sort`");
    }
    draft->product->sort = items;
    draft->product->sort_count = written.count;
}

/* f, year(f), bucket(16, f): the field in out, false when the text is none of these. */
static bool partition_field(const char *text, char out[WEFT_NAME_MAX + 1])
{
    static const char *const plain[] = {"identity", "year", "month", "day", "hour"};
    char word[100];
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text != ' ' && length + 1 < sizeof word)
            word[length++] = *text;
    }
    word[length] = '\0';
    char *open = strchr(word, '(');
    char *field = word;
    if (open != NULL) {
        if (word[length - 1] != ')')
            return false;
        word[length - 1] = '\0';
        *open = '\0';
        field = open + 1;
        bool known = false;
        for (size_t i = 0; i < WEFT_COUNT(plain); i++)
            known = known || strcmp(word, plain[i]) == 0;
        if (!known) {
            char *comma = strchr(field, ',');
            int64_t number;
            if ((strcmp(word, "bucket") != 0 && strcmp(word, "truncate") != 0) || comma == NULL ||
                !weft_parse_int64(field, (size_t)(comma - field), &number) || number < 1 ||
                number > INT32_MAX)
                return false;
            field = comma + 1;
        }
    }
    if (!weft_name_valid(field))
        return false;
    memcpy(out, field, strlen(field) + 1);
    return true;
}

static void read_partition(struct weft_draft *draft)
{
    const struct weft_node *node = weft_node_get(draft->root, "partition");
    draft->product->partition = weft_node_texts(draft->reader, node);
    for (size_t i = 0; i < draft->product->partition.count; i++) {
        const char *text = draft->product->partition.items[i];
        char field[WEFT_NAME_MAX + 1];
        struct weft_place place =
            node->kind == WEFT_NODE_LIST ? node->items[i]->place : node->place;
        if (!partition_field(text, field))
            weft_reader_mistake(draft->reader, place,
                                "write field, year(field), month(field), day(field), hour(field), "
                                "bucket(16, field) or truncate(4, field)",
                                "`%.60s` does not partition", text);
        else
            weft_draft_has_field(draft, field, place, "`partition`");
    }
    if (draft->product->partition.count > 0)
        weft_draft_refuse(draft, weft_node_key_place(draft->root, "partition"), "partition");
}

/* ---- location ---- */

static void read_location(struct weft_draft *draft)
{
    const struct weft_node *node = weft_node_get(draft->root, "location");
    const char *text = weft_node_text(node);
    draft->product->location = text;
    draft->product->location_place = weft_node_key_place(draft->root, "location");
    if (text == NULL || strstr(text, "://") == NULL)
        return;
    if (strncmp(text, "s3://", 5) != 0)
        weft_reader_mistake(draft->reader, node->place, "write s3://bucket/path/ or a folder",
                            "`%.100s` is not a place a table can live in", text);
    else if (strcspn(text + 5, "/") == 0)
        weft_reader_mistake(draft->reader, node->place, "write s3://bucket/path/",
                            "`%.100s` names no bucket", text);
}

/* ---- keys that have no member ---- */

static void check_schedule(struct weft_draft *draft, const struct weft_node *node)
{
    const char *text = weft_node_text(node);
    int fields = 0;
    bool good = true;
    if (text == NULL)
        return;
    while (*text != '\0') {
        size_t length = strcspn(text, " \t");
        fields += length > 0;
        good = good && strspn(text, "0123456789*/,-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                    "uvwxyz") >= length;
        text += length;
        text += strspn(text, " \t");
    }
    if (fields != 5 || !good)
        weft_reader_mistake(draft->reader, node->place,
                            "write minute hour day month weekday: \"0 6 * * *\"",
                            "`%.60s` is not a schedule", node->text);
}

static void read_rest(struct weft_draft *draft)
{
    static const char *const refused[] = {"contract", "protect", "outputs"};
    static const char *const warned[] = {"run", "retention"};
    for (size_t i = 0; i < WEFT_COUNT(refused); i++) {
        if (weft_node_is_set(weft_node_get(draft->root, refused[i])))
            weft_draft_refuse(draft, weft_node_key_place(draft->root, refused[i]), refused[i]);
    }
    for (size_t i = 0; i < WEFT_COUNT(warned); i++) {
        if (weft_node_is_set(weft_node_get(draft->root, warned[i])))
            keys_add(draft, &draft->warned, weft_node_key_place(draft->root, warned[i]), warned[i]);
    }
    check_schedule(draft, weft_node_get(weft_node_get(draft->root, "run"), "schedule"));
    const struct weft_node *rows = weft_node_get(weft_node_get(draft->root, "retention"), "rows");
    const struct weft_node *field = weft_node_get(rows, "field");
    if (weft_node_text(field) != NULL)
        weft_draft_has_field(draft, field->text, field->place, "`retention`");
    draft->product->access = weft_access_read(draft->reader, weft_node_get(draft->root, "access"));
    const struct weft_node *by =
        weft_node_get(weft_node_get(weft_node_get(draft->root, "access"), "min_group"), "by");
    if (weft_node_text(by) != NULL)
        weft_draft_has_field(draft, by->text, by->place, "`access`");
}

/* A cell of csv is one text: nothing says how a list would stand in it. */
static void check_csv_fields(struct weft_draft *draft, const struct weft_input *input,
                             const struct weft_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (weft_type_is_nested(field->type))
            weft_reader_mistake(draft->reader, field->place,
                                "declare it `json` (or string) and take it apart in `sql`",
                                "`%.60s` is nested, and the input `%s` reads %s, which has no "
                                "nested values",
                                field->name, input->name, weft_format_name(input->format));
    }
}

static void check_csv_inputs(struct weft_draft *draft)
{
    const struct weft_product *product = draft->product;
    for (size_t i = 0; i < product->input_count; i++) {
        const struct weft_input *input = &product->inputs[i];
        bool csv = input->kind == WEFT_INPUT_FILES && input->patterns.count > 0 &&
                   (input->format == WEFT_FORMAT_CSV || input->format == WEFT_FORMAT_TSV);
        /* A registered document is as it is: what cannot be read is told by its run. */
        if (!csv || !draft->reader->expand)
            continue;
        check_csv_fields(draft, input, &input->schema);
        if (input->schema.count == 0 && product->sql == NULL && product->graph == NULL)
            check_csv_fields(draft, input, &product->schema);
    }
}

static void read_all(struct weft_draft *draft)
{
    read_identity(draft);
    read_description(draft);
    weft_draft_read_inputs(draft);
    read_schema(draft);
    weft_draft_read_transform(draft);
    check_csv_inputs(draft);
    weft_draft_read_write(draft);
    read_location(draft);
    read_sort(draft);
    read_partition(draft);
    weft_draft_read_quality(draft);
    weft_draft_read_tests(draft);
    read_rest(draft);
    struct weft_product *product = draft->product;
    product->not_yet_refused = (struct weft_texts){draft->refused.items, draft->refused.count};
    product->not_yet_refused_places = draft->refused.places;
    product->not_yet_warned = (struct weft_texts){draft->warned.items, draft->warned.count};
    product->not_yet_warned_places = draft->warned.places;
}

const struct weft_product *weft_product_read(struct weft_reader *reader, struct weft_node *root,
                                             const struct weft_product_source *source)
{
    size_t mistakes = reader->diag->errors;
    struct weft_draft draft = {.reader = reader, .source = source, .root = root};
    if (root == NULL)
        return NULL;
    weft_keys_check(reader, root, WEFT_SECTION_PRODUCT);
    draft.product = weft_reader_alloc(reader, 1, sizeof *draft.product);
    if (draft.product == NULL || root->kind != WEFT_NODE_MAP)
        return NULL;
    draft.product->file = source->file;
    draft.product->folder = source->folder;
    draft.product->place = root->place;
    read_all(&draft);
    if (root->wrong || reader->nomem || reader->diag->out_of_memory ||
        reader->diag->errors != mistakes)
        return NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_product_write_document(draft.product, root, reader->arena, &error) < 0) {
        reader->nomem |= error.code == WEFT_E_NOMEM;
        if (error.code != WEFT_E_NOMEM)
            weft_reader_mistake(reader, root->place, NULL, "%s", error.message);
        return NULL;
    }
    return draft.product;
}
