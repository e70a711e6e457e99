/*
 * node_yaml.c - from YAML text to the tree of reader.h, event by event, so that limits hold while
 * it is built and every node knows its place.
 *
 * Input is hostile: UTF-8 is checked first (the library does not end on some ill-formed texts),
 * depth and the number of nodes are bounded, and what a file of weft does not need is refused:
 * anchors, aliases, tags, directives, several documents, keys that are not text.
 */
#include "base/map.h"
#include "base/text.h"
#include "model/reader.h"

#include <libfyaml.h>
#include <string.h>

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 200000

struct yaml {
    struct weft_reader *reader;
    struct fy_parser *parser;
    size_t nodes;
    int depth;
    bool twice;  /* a key stands twice: reported, and the tree is wrong */
    bool failed; /* reported, or memory is out */
};

static void yaml_mistake(struct yaml *yaml, struct weft_place place, const char *hint,
                         const char *message)
{
    if (!yaml->failed)
        weft_reader_mistake(yaml->reader, place, hint, "%s", message);
    yaml->failed = true;
}

static struct weft_place event_place(struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark == NULL)
        return (struct weft_place){1, 1};
    return (struct weft_place){mark->line + 1, mark->column + 1};
}

/* The library's own words about the first mistake. */
static void yaml_syntax(struct yaml *yaml, struct fy_diag *diag)
{
    void *at = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);
    struct weft_place place = {1, 1};
    if (error == NULL) {
        yaml_mistake(yaml, place, NULL, "the file is not YAML");
        return;
    }
    if (error->line > 0)
        place = (struct weft_place){error->line, WEFT_MAX(error->column, 1)};
    if (!yaml->failed)
        weft_reader_mistake(yaml->reader, place, NULL, "the file is not YAML: %.300s", error->msg);
    yaml->failed = true;
}

static struct weft_node *yaml_value(struct yaml *yaml, struct fy_event *event);

static struct weft_node *yaml_node(struct yaml *yaml, struct fy_event *event)
{
    struct weft_node *node = weft_reader_alloc(yaml->reader, 1, sizeof *node);
    if (node == NULL) {
        yaml->failed = true;
        return NULL;
    }
    node->text = "";
    node->place = event_place(event);
    if (++yaml->nodes > YAML_NODES_MAX)
        yaml_mistake(yaml, node->place, NULL, "the file has more than 200,000 values");
    return node;
}

static bool is_null(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static struct weft_node *yaml_scalar(struct yaml *yaml, struct fy_event *event)
{
    struct weft_node *node = yaml_node(yaml, event);
    struct fy_token *token = event->scalar.value;
    size_t length = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &length);
    if (node == NULL)
        return NULL;
    if (text == NULL || memchr(text, '\0', length) != NULL) {
        yaml_mistake(yaml, node->place, NULL, "a text holds a zero byte");
        return node;
    }
    char *copy = weft_arena_strndup(yaml->reader->arena, text, length);
    if (copy == NULL) {
        yaml->reader->nomem = true;
        yaml->failed = true;
        return NULL;
    }
    /* "\xff" in double quotes can make text that is no UTF-8. */
    if (weft_utf8_valid(copy, length) != length)
        yaml_mistake(yaml, node->place, NULL, "a text is not UTF-8");
    bool plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    node->kind = plain && is_null(copy) ? WEFT_NODE_NULL : WEFT_NODE_VALUE;
    if (node->kind == WEFT_NODE_VALUE)
        node->text = copy;
    return node;
}

/* The next event that is not the end `end`; NULL at that end, or after a failure. */
static struct fy_event *yaml_next(struct yaml *yaml, enum fy_event_type end)
{
    struct fy_event *event = yaml->failed ? NULL : fy_parser_parse(yaml->parser);
    if (event == NULL) {
        yaml->failed = true; /* the caller says what the library reported */
        return NULL;
    }
    if (event->type != end)
        return event;
    fy_parser_event_free(yaml->parser, event);
    return NULL;
}

static void yaml_list(struct yaml *yaml, struct weft_node *node)
{
    size_t capacity = 0;
    struct fy_event *event;
    node->kind = WEFT_NODE_LIST;
    while ((event = yaml_next(yaml, FYET_SEQUENCE_END)) != NULL) {
        struct weft_node *item = yaml_value(yaml, event);
        if (item == NULL || weft_arena_reserve(yaml->reader->arena, &node->items, &capacity,
                                               node->count + 1, sizeof(struct weft_node *)) < 0) {
            yaml->reader->nomem |= item != NULL;
            yaml->failed = true;
            return;
        }
        node->items[node->count++] = item;
    }
}

static bool map_reserve(struct yaml *yaml, struct weft_node *node, size_t capacity[3])
{
    struct weft_arena *arena = yaml->reader->arena;
    size_t need = node->count + 1;
    if (weft_arena_reserve(arena, &node->items, &capacity[0], need, sizeof *node->items) == 0 &&
        weft_arena_reserve(arena, &node->keys, &capacity[1], need, sizeof *node->keys) == 0 &&
        weft_arena_reserve(arena, &node->places, &capacity[2], need, sizeof *node->places) == 0)
        return true;
    yaml->reader->nomem = true;
    yaml->failed = true;
    return false;
}

/* Keys are text: `null:` is the key "null". */
static const char *yaml_key(struct yaml *yaml, struct fy_event *event, struct weft_place *place)
{
    *place = event_place(event);
    const char *key = NULL;
    size_t length = 0;
    if (event->type == FYET_SCALAR && event->scalar.value != NULL)
        key = fy_token_get_text(event->scalar.value, &length);
    if (key == NULL || length == 0 || length > 1000 || memchr(key, '\0', length) != NULL ||
        weft_utf8_valid(key, length) != length)
        yaml_mistake(yaml, *place, "write `name: value`", "a key is not a text");
    else {
        key = weft_arena_strndup(yaml->reader->arena, key, length);
        yaml->reader->nomem |= key == NULL;
        yaml->failed |= key == NULL;
    }
    fy_parser_event_free(yaml->parser, event);
    return yaml->failed ? NULL : key;
}

static void yaml_map(struct yaml *yaml, struct weft_node *node)
{
    size_t capacity[3] = {0, 0, 0};
    struct fy_event *event;
    struct weft_map *seen = weft_map_new();
    node->kind = WEFT_NODE_MAP;
    yaml->reader->nomem |= seen == NULL;
    yaml->failed |= seen == NULL;
    while ((event = yaml_next(yaml, FYET_MAPPING_END)) != NULL) {
        struct weft_place place;
        const char *key = yaml_key(yaml, event, &place);
        event = key == NULL ? NULL : yaml_next(yaml, FYET_NONE);
        struct weft_node *value = event == NULL ? NULL : yaml_value(yaml, event);
        if (value == NULL || !map_reserve(yaml, node, capacity))
            break;
        if (weft_map_has(seen, key)) {
            weft_reader_mistake(yaml->reader, place, NULL, "the key `%.60s` stands twice", key);
            yaml->twice = true;
        }
        if (weft_map_put(seen, key, NULL) < 0)
            yaml->reader->nomem = yaml->failed = true;
        /* A value that is not there stands where its key does. */
        if (value->kind == WEFT_NODE_NULL)
            value->place = place;
        node->keys[node->count] = key;
        node->places[node->count] = place;
        node->items[node->count++] = value;
    }
    weft_map_free(seen);
}

static bool has_extras(const struct fy_event *event)
{
    switch (event->type) {
    case FYET_SCALAR:
        return event->scalar.anchor != NULL || event->scalar.tag != NULL;
    case FYET_SEQUENCE_START:
        return event->sequence_start.anchor != NULL || event->sequence_start.tag != NULL;
    case FYET_MAPPING_START:
        return event->mapping_start.anchor != NULL || event->mapping_start.tag != NULL;
    default:
        return true; /* an alias */
    }
}

/* Takes the event. NULL only when memory is out. */
static struct weft_node *yaml_value(struct yaml *yaml, struct fy_event *event)
{
    enum fy_event_type type = event->type;
    struct weft_place place = event_place(event);
    struct weft_node *node = NULL;
    if (has_extras(event))
        yaml_mistake(yaml, place, "write the value itself",
                     "anchors, aliases and tags of YAML are not understood");
    if (type == FYET_SCALAR)
        node = yaml_scalar(yaml, event);
    else
        node = yaml_node(yaml, event);
    fy_parser_event_free(yaml->parser, event);
    if (node == NULL || yaml->failed)
        return node;
    if (yaml->depth >= YAML_DEPTH_MAX) {
        yaml_mistake(yaml, place, NULL, "the file is nested deeper than 32");
        return node;
    }
    yaml->depth++;
    if (type == FYET_SEQUENCE_START)
        yaml_list(yaml, node);
    else if (type == FYET_MAPPING_START)
        yaml_map(yaml, node);
    yaml->depth--;
    return node;
}

static struct weft_node *yaml_document(struct yaml *yaml)
{
    struct weft_node *root = NULL;
    struct fy_event *event;
    while ((event = yaml_next(yaml, FYET_STREAM_END)) != NULL) {
        enum fy_event_type type = event->type;
        bool frame =
            type == FYET_STREAM_START || type == FYET_DOCUMENT_START || type == FYET_DOCUMENT_END;
        struct weft_place place = event_place(event);
        if (frame)
            fy_parser_event_free(yaml->parser, event);
        else
            root = yaml_value(yaml, event);
        if (type == FYET_DOCUMENT_START && root != NULL)
            yaml_mistake(yaml, place, "make two files of it", "a second document begins");
    }
    return root;
}

/* Offset of a line that starts with %, or length. */
static size_t directive_find(const char *text, size_t length)
{
    const char *at = text;
    while ((at = memchr(at, '%', length - (size_t)(at - text))) != NULL) {
        if (at == text || at[-1] == '\n' || at[-1] == '\r')
            return (size_t)(at - text);
        at++;
    }
    return length;
}

static struct weft_place place_of(const char *text, size_t offset)
{
    struct weft_place place = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        place.column = text[i] == '\n' ? 1 : place.column + 1;
        place.line += text[i] == '\n';
    }
    return place;
}

static bool yaml_text_is_fit(struct yaml *yaml, const char *text, size_t length)
{
    size_t wrong = weft_utf8_valid(text, length);
    const char *zero = memchr(text, '\0', length);
    size_t directive = directive_find(text, length);
    if (length > WEFT_MODEL_FILE_MAX)
        yaml_mistake(yaml, (struct weft_place){1, 1}, NULL, "the file is larger than 1 MB");
    else if (wrong != length)
        yaml_mistake(yaml, place_of(text, wrong), "save it as UTF-8", "the file is not UTF-8");
    else if (zero != NULL)
        yaml_mistake(yaml, place_of(text, (size_t)(zero - text)), NULL,
                     "the file holds a zero byte");
    else if (directive != length)
        yaml_mistake(yaml, place_of(text, directive), NULL, "YAML directives are not understood");
    return !yaml->failed;
}

struct weft_node *weft_node_of_yaml(struct weft_reader *reader, const char *text, size_t length)
{
    struct yaml yaml = {.reader = reader};
    if (!yaml_text_is_fit(&yaml, text, length))
        return NULL;
    struct fy_diag *diag = fy_diag_create(NULL);
    if (diag == NULL) {
        reader->nomem = true;
        return NULL;
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    struct weft_node *root = NULL;
    yaml.parser = fy_parser_create(&config);
    if (yaml.parser == NULL || fy_parser_set_string(yaml.parser, text, length) != 0)
        reader->nomem = true;
    else {
        size_t mistakes = reader->diag->errors;
        root = yaml_document(&yaml);
        if (yaml.failed && reader->diag->errors == mistakes && !reader->nomem) {
            yaml.failed = false;
            yaml_syntax(&yaml, diag);
        } else if (root == NULL && !yaml.failed)
            yaml_mistake(&yaml, (struct weft_place){1, 1}, NULL, "the file is empty");
    }
    if (root != NULL)
        root->wrong = yaml.twice;
    fy_parser_destroy(yaml.parser);
    fy_diag_destroy(diag);
    return yaml.failed || reader->nomem ? NULL : root;
}
