/*
 * yaml.c - from YAML text to the tree of yaml.h, event by event, so that limits hold while it is
 * built and every node knows its place.
 *
 * UTF-8 and directives are checked before, because libfyaml 0.7 does not end on some ill-formed
 * texts and directives.
 */
#include "base/map.h"
#include "base/text.h"
#include "codec/yaml_internal.h"

#include <libfyaml.h>
#include <string.h>

struct yaml {
    struct weft_arena *arena;
    struct weft_diag *diag;
    const char *file;
    struct fy_parser *parser;
    const char *data; /* what is parsed */
    size_t length;
    size_t nodes;
    int depth;
    bool many;  /* several documents are fine: the root is a sequence of them */
    bool twice; /* a key stands twice: reported */
    bool wrong; /* reported, no tree */
    bool nomem;
    bool failed; /* stop: one of the above, or the parser gave up */
};

static void yaml_mistake(struct yaml *yaml, struct weft_yaml_place place, const char *hint,
                         const char *message)
{
    if (!yaml->failed)
        weft_diag_add(yaml->diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, yaml->file, place.line,
                      place.column, hint, "%s", message);
    yaml->wrong = true;
    yaml->failed = true;
}

static void yaml_nomem(struct yaml *yaml)
{
    yaml->nomem = true;
    yaml->failed = true;
}

static struct weft_yaml_place event_place(struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark == NULL)
        return (struct weft_yaml_place){1, 1};
    int column = mark->column + 1;
    /* The library's place of these is behind their first character. */
    if (event->type == FYET_ALIAS)
        column--;
    if (event->type == FYET_SCALAR && event->scalar.value != NULL) {
        enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
        column -= style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    }
    return (struct weft_yaml_place){mark->line + 1, WEFT_MAX(column, 1)};
}

static struct weft_yaml *yaml_value(struct yaml *yaml, struct fy_event *event);

static struct weft_yaml *node_new(struct yaml *yaml, struct fy_event *event)
{
    struct weft_yaml *node = weft_arena_alloc(yaml->arena, sizeof *node);
    if (node == NULL) {
        yaml_nomem(yaml);
        return NULL;
    }
    node->text = "";
    node->place = event_place(event);
    if (++yaml->nodes > WEFT_YAML_NODES_MAX)
        yaml_mistake(yaml, node->place, NULL, "the file has more than 200,000 values");
    return node;
}

/* Blanks at the start of the first line that has more than blanks. */
static int first_indent(const char *text, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            start = i + 1;
        else if (text[i] != ' ' && text[i] != '\r')
            return (int)(i - start);
    }
    return 0;
}

/* The mark of a block is the start of its first line; what was taken from each line is told by
 * comparing the file with the text. */
static void block_place(const struct yaml *yaml, struct fy_event *event, struct weft_yaml *node)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    bool literal = fy_token_scalar_style(event->scalar.value) == FYSS_LITERAL;
    if (mark == NULL || mark->input_pos > yaml->length ||
        (mark->input_pos > 0 && yaml->data[mark->input_pos - 1] != '\n'))
        return;
    int indent = first_indent(yaml->data + mark->input_pos, yaml->length - mark->input_pos) -
                 first_indent(node->text, node->length);
    if (indent <= 0)
        return;
    node->text_place.column = indent + 1;
    node->indent = literal ? indent : 0;
}

/* Does the text stand in the file letter by letter? Not when it is folded or has escapes. */
static bool text_is_verbatim(const struct yaml *yaml, struct fy_event *event,
                             const struct weft_yaml *node, bool folded)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    size_t length = node->length;
    while (length > 0 && node->text[length - 1] == '\n')
        length--;
    if (mark == NULL || mark->input_pos > yaml->length)
        return false;
    const char *at = yaml->data + mark->input_pos;
    size_t left = yaml->length - mark->input_pos;
    for (; folded && left > 0 && (*at == ' ' || *at == '\n' || *at == '\r'); left--)
        at++;
    return left >= length && memcmp(at, node->text, length) == 0;
}

static void text_place(const struct yaml *yaml, struct fy_event *event, struct weft_yaml *node)
{
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    node->text_place = node->place;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
        node->text_place.column++;
    else if (style == FYSS_LITERAL || style == FYSS_FOLDED)
        block_place(yaml, event, node);
    if (style != FYSS_LITERAL && !text_is_verbatim(yaml, event, node, style == FYSS_FOLDED))
        node->indent = -1;
}

static bool is_null(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

/* A break in quotes is a blank, further ones are breaks; blanks around them go. */
static const char *fold_break(const char *at, const char *end, char *text, size_t *made)
{
    size_t breaks = 0;
    while (*made > 0 && (text[*made - 1] == ' ' || text[*made - 1] == '\t'))
        (*made)--;
    for (; at < end && strchr(" \t\r\n", *at) != NULL; at++)
        breaks += *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
    if (breaks == 1)
        text[(*made)++] = ' ';
    for (size_t i = 1; i < breaks; i++)
        text[(*made)++] = '\n';
    return at;
}

/* A text in single quotes, where only '' stands for something else; NULL = it is none. The library
 * reads '''' wrong (it gives three quotes, and leaves out the end), and loses memory there. */
static const char *single_quoted(struct yaml *yaml, struct fy_event *event, size_t *length)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (fy_token_scalar_style(event->scalar.value) != FYSS_SINGLE_QUOTED || mark == NULL ||
        mark->input_pos == 0 || mark->input_pos > yaml->length ||
        yaml->data[mark->input_pos - 1] != '\'')
        return NULL;
    const char *from = yaml->data + mark->input_pos, *all = yaml->data + yaml->length, *end = from;
    while (end < all && (*end != '\'' || (end + 1 < all && end[1] == '\'')))
        end += 1 + (*end == '\'');
    char *text = end >= all ? NULL : weft_arena_alloc(yaml->arena, (size_t)(end - from) + 1);
    size_t made = 0;
    if (text == NULL)
        return NULL; /* out of memory is met again with the copy */
    for (const char *at = from; at < end;) {
        if (*at == '\n' || *at == '\r') {
            at = fold_break(at, end, text, &made);
            continue;
        }
        text[made++] = *at;
        at += 1 + (*at == '\'');
    }
    text[made] = '\0';
    *length = made;
    return text;
}

static const char *scalar_text(struct yaml *yaml, struct fy_event *event, size_t *length)
{
    const char *text = single_quoted(yaml, event, length);
    return text != NULL ? text : fy_token_get_text(event->scalar.value, length);
}

static struct weft_yaml *yaml_scalar(struct yaml *yaml, struct fy_event *event)
{
    struct weft_yaml *node = node_new(yaml, event);
    struct fy_token *token = event->scalar.value;
    size_t length = 0;
    const char *text = token == NULL ? "" : scalar_text(yaml, event, &length);
    if (node == NULL)
        return NULL;
    /* "\0" in double quotes makes a zero byte, "\xff" what is no UTF-8. */
    if (text == NULL || memchr(text, '\0', length) != NULL) {
        yaml_mistake(yaml, node->place, NULL, "a text holds a zero byte");
        return node;
    }
    char *copy = weft_arena_strndup(yaml->arena, text, length);
    if (copy == NULL) {
        yaml_nomem(yaml);
        return NULL;
    }
    if (weft_utf8_valid(copy, length) != length)
        yaml_mistake(yaml, node->place, NULL, "a text is not UTF-8");
    node->quoted = token != NULL && fy_token_scalar_style(token) != FYSS_PLAIN;
    if (!node->quoted && is_null(copy))
        return node;
    node->kind = WEFT_YAML_SCALAR;
    node->text = copy;
    node->length = length;
    if (token != NULL)
        text_place(yaml, event, node);
    return node;
}

/* The next event that is not the end `end`; NULL at that end, or after a failure. */
static struct fy_event *yaml_next(struct yaml *yaml, enum fy_event_type end)
{
    struct fy_event *event = yaml->failed ? NULL : fy_parser_parse(yaml->parser);
    if (event == NULL) {
        yaml->failed = true; /* the library has the reason */
        return NULL;
    }
    if (event->type != end)
        return event;
    fy_parser_event_free(yaml->parser, event);
    return NULL;
}

static void yaml_sequence(struct yaml *yaml, struct weft_yaml *node)
{
    const struct weft_yaml **items = NULL;
    size_t capacity = 0;
    struct fy_event *event;
    node->kind = WEFT_YAML_SEQUENCE;
    while ((event = yaml_next(yaml, FYET_SEQUENCE_END)) != NULL) {
        struct weft_yaml *item = yaml_value(yaml, event);
        if (item == NULL)
            return;
        if (weft_arena_reserve(yaml->arena, &items, &capacity, node->count + 1,
                               sizeof(struct weft_yaml *)) < 0) {
            yaml_nomem(yaml);
            return;
        }
        items[node->count++] = item;
        node->items = items;
    }
}

static void yaml_key(struct yaml *yaml, struct fy_event *event, struct weft_yaml_key *key)
{
    const char *text = NULL;
    size_t length = 0;
    key->place = event_place(event);
    if (event->type == FYET_SCALAR && event->scalar.value != NULL)
        text = scalar_text(yaml, event, &length);
    if (text == NULL || length == 0 || length > WEFT_YAML_KEY_MAX ||
        memchr(text, '\0', length) != NULL || weft_utf8_valid(text, length) != length) {
        yaml_mistake(yaml, key->place, "write `name: value`", "a key is not a text");
    } else {
        key->text = weft_arena_strndup(yaml->arena, text, length);
        if (key->text == NULL)
            yaml_nomem(yaml);
    }
    if (event->type == FYET_SCALAR && (event->scalar.anchor != NULL || event->scalar.tag != NULL))
        yaml_mistake(yaml, key->place, NULL, "anchors and tags of YAML are not understood");
    fy_parser_event_free(yaml->parser, event);
}

/* `seen` holds the keys' places, for "first in line 3". */
static void key_enter(struct yaml *yaml, struct weft_map *seen, const struct weft_yaml_key *key)
{
    const char *text = key->text;
    if (weft_map_has(seen, text)) {
        weft_diag_add(yaml->diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, yaml->file, key->place.line,
                      key->place.column, NULL, "the key `%.60s` stands twice; first in line %d",
                      text, (int)(intptr_t)weft_map_get(seen, text));
        yaml->twice = true;
    } else if (weft_map_put(seen, text, (void *)(intptr_t)key->place.line) < 0) {
        yaml_nomem(yaml);
    }
}

static void yaml_pairs(struct yaml *yaml, struct weft_map *seen, struct weft_yaml *node)
{
    const struct weft_yaml **items = NULL;
    struct weft_yaml_key *keys = NULL;
    size_t item_capacity = 0, key_capacity = 0;
    struct fy_event *event;
    while ((event = yaml_next(yaml, FYET_MAPPING_END)) != NULL) {
        struct weft_yaml_key key = {0};
        yaml_key(yaml, event, &key);
        event = yaml_next(yaml, FYET_NONE);
        struct weft_yaml *value = event == NULL ? NULL : yaml_value(yaml, event);
        if (value == NULL)
            return;
        if (weft_arena_reserve(yaml->arena, &items, &item_capacity, node->count + 1,
                               sizeof(struct weft_yaml *)) < 0 ||
            weft_arena_reserve(yaml->arena, &keys, &key_capacity, node->count + 1, sizeof *keys) <
                0) {
            yaml_nomem(yaml);
            return;
        }
        key_enter(yaml, seen, &key);
        /* A value that is not there stands where its key does. */
        if (value->kind == WEFT_YAML_NULL)
            value->place = key.place;
        keys[node->count] = key;
        items[node->count++] = value;
        node->items = items;
        node->keys = keys;
    }
}

static void yaml_mapping(struct yaml *yaml, struct weft_yaml *node)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    node->kind = WEFT_YAML_MAPPING;
    if (seen == NULL)
        yaml_nomem(yaml);
    else
        yaml_pairs(yaml, seen, node);
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
static struct weft_yaml *yaml_value(struct yaml *yaml, struct fy_event *event)
{
    enum fy_event_type type = event->type;
    struct weft_yaml_place place = event_place(event);
    if (has_extras(event))
        yaml_mistake(yaml, place, "write the value itself; quote a text that begins with &, * or !",
                     "anchors, aliases and tags of YAML are not understood");
    struct weft_yaml *node = type == FYET_SCALAR ? yaml_scalar(yaml, event) : node_new(yaml, event);
    fy_parser_event_free(yaml->parser, event);
    if (node == NULL || yaml->failed || type == FYET_SCALAR)
        return node;
    if (yaml->depth >= WEFT_YAML_DEPTH_MAX) {
        yaml_mistake(yaml, place, NULL, "the file is nested deeper than 32");
        return node;
    }
    yaml->depth++;
    if (type == FYET_SEQUENCE_START)
        yaml_sequence(yaml, node);
    else if (type == FYET_MAPPING_START)
        yaml_mapping(yaml, node);
    yaml->depth--;
    return node;
}

/* Documents with nothing in them are none. */
static struct weft_yaml *yaml_documents(struct yaml *yaml)
{
    struct weft_yaml *root = weft_arena_alloc(yaml->arena, sizeof *root);
    const struct weft_yaml **items = NULL;
    size_t capacity = 0;
    struct fy_event *event;
    if (root == NULL)
        yaml_nomem(yaml);
    while (!yaml->failed && (event = yaml_next(yaml, FYET_STREAM_END)) != NULL) {
        enum fy_event_type type = event->type;
        if (type == FYET_STREAM_START || type == FYET_DOCUMENT_START || type == FYET_DOCUMENT_END) {
            fy_parser_event_free(yaml->parser, event);
            continue;
        }
        struct weft_yaml *value = yaml_value(yaml, event);
        if (value == NULL || value->kind == WEFT_YAML_NULL)
            continue;
        if (weft_arena_reserve(yaml->arena, &items, &capacity, root->count + 1,
                               sizeof(struct weft_yaml *)) < 0) {
            yaml_nomem(yaml);
            return NULL;
        }
        items[root->count++] = value;
        root->items = items;
    }
    if (root == NULL)
        return NULL;
    root->kind = WEFT_YAML_SEQUENCE;
    root->text = "";
    root->place = (struct weft_yaml_place){1, 1};
    return root;
}

static struct weft_yaml *yaml_document(struct yaml *yaml)
{
    static const char hint[] = "make two files of it", again[] = "a second document begins";
    struct weft_yaml *root = NULL;
    struct fy_event *event;
    while ((event = yaml_next(yaml, FYET_STREAM_END)) != NULL) {
        enum fy_event_type type = event->type;
        bool frame =
            type == FYET_STREAM_START || type == FYET_DOCUMENT_START || type == FYET_DOCUMENT_END;
        /* Only `---` has a place; behind `...` it is the value that has one. */
        bool placed = !frame || fy_event_start_mark(event) != NULL;
        if (root != NULL && type != FYET_DOCUMENT_END && placed)
            yaml_mistake(yaml, event_place(event), hint, again);
        if (frame || root != NULL)
            fy_parser_event_free(yaml->parser, event);
        else
            root = yaml_value(yaml, event);
    }
    return root;
}

/* What the library collected; without a word it ran out of memory. */
static void yaml_syntax(struct yaml *yaml, struct fy_diag *diag, struct weft_str text)
{
    void *at = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);
    struct weft_yaml_place place = {1, 1};
    struct yaml_mistake mistake;
    if (error != NULL && error->line > 0)
        place = (struct weft_yaml_place){error->line, WEFT_MAX(error->column, 1)};
    weft_yaml_explain(text, place, error == NULL || error->msg == NULL ? "" : error->msg, &mistake);
    yaml->failed = false;
    yaml_mistake(yaml, mistake.place, mistake.hint, mistake.message);
}

static const struct weft_yaml *yaml_read(struct yaml *yaml, struct weft_str text)
{
    struct fy_diag *diag = fy_diag_create(NULL);
    if (diag == NULL) {
        yaml_nomem(yaml);
        return NULL;
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    const struct weft_yaml *root = NULL;
    yaml->parser = fy_parser_create(&config);
    if (yaml->parser == NULL || fy_parser_set_string(yaml->parser, text.data, text.length) != 0)
        yaml_nomem(yaml);
    else
        root = yaml->many ? yaml_documents(yaml) : yaml_document(yaml);
    if (yaml->failed && !yaml->wrong && !yaml->nomem)
        yaml_syntax(yaml, diag, text);
    else if (root == NULL)
        yaml_mistake(yaml, (struct weft_yaml_place){1, 1},
                     "`weft init NAME` makes a mesh whose files show what stands in them",
                     "the file is empty");
    fy_parser_destroy(yaml->parser);
    fy_diag_destroy(diag);
    return root;
}

static int yaml_parse(struct weft_arena *arena, struct weft_str text, bool many, const char *file,
                      struct weft_diag *diag, const struct weft_yaml **out,
                      struct weft_error *error)
{
    struct yaml yaml = {.arena = arena,
                        .diag = diag,
                        .file = file,
                        .data = text.data,
                        .length = text.length,
                        .many = many};
    struct yaml_mistake mistake;
    const struct weft_yaml *root = NULL;
    if (weft_yaml_text_wrong(text, &mistake))
        yaml_mistake(&yaml, mistake.place, mistake.hint, mistake.message);
    else
        root = yaml_read(&yaml, text);
    if (yaml.nomem || diag->out_of_memory)
        return weft_error_nomem(error);
    if (yaml.wrong)
        return WEFT_YAML_WRONG;
    *out = root;
    return yaml.twice ? WEFT_YAML_TWICE : 0;
}

int weft_yaml_parse(struct weft_arena *arena, const char *data, size_t length, const char *file,
                    struct weft_diag *diag, const struct weft_yaml **out, struct weft_error *error)
{
    struct weft_str text = {length == 0 ? "" : data, length};
    return yaml_parse(arena, text, false, file, diag, out, error);
}

int weft_yaml_parse_all(struct weft_arena *arena, const char *data, size_t length, const char *file,
                        struct weft_diag *diag, const struct weft_yaml **out,
                        struct weft_error *error)
{
    struct weft_str text = {length == 0 ? "" : data, length};
    return yaml_parse(arena, text, true, file, diag, out, error);
}
