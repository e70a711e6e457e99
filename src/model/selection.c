/*
 * selection.c - see selection.h.
 */
#include "model/selection.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum word_kind { WORD_ALL, WORD_DOMAIN, WORD_TAG, WORD_STATE, WORD_PRODUCT };

struct word {
    const char *written;
    enum word_kind kind;
    bool above;                       /* +x */
    bool below;                       /* x+ */
    int major;                        /* PRODUCT; -1 = the newest */
    char text[WEFT_NAME_MAX * 2 + 2]; /* the domain, the tag, the state, the full name */
};

struct selector {
    const struct weft_selection_item *items;
    size_t count;
    size_t *readers;      /* who reads each, one list behind the other */
    size_t *readers_from; /* count + 1 places in it; NULL until somebody asks */
    size_t *queue;        /* count places */
};

static void selector_release(struct selector *s)
{
    weft_free(s->readers);
    weft_free(s->readers_from);
    weft_free(s->queue);
}

/* ---- words ---- */

static int word_wrong(const char *written, const char *hint, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_USAGE, "`%.100s` selects no products", written);
    return weft_error_hint(error, "%s", hint);
}

#define WORD_FORMS "write domain.product, domain.product@1, domain.*, tag:word, state:modified or *"
#define STATE "state:"

/* domain.product@2 without what stands around it. */
static bool word_product(struct word *word)
{
    char *at = strchr(word->text, '@');
    int64_t major = -1;
    if (at != NULL) {
        *at++ = '\0';
        if (!weft_parse_int64(at, strlen(at), &major) || major < 0 || major > 999)
            return false;
    }
    word->major = (int)major;
    char *dot = strchr(word->text, '.');
    if (dot == NULL || !weft_name_valid(dot + 1))
        return false;
    *dot = '\0';
    bool good = weft_name_valid(word->text);
    *dot = '.';
    return good;
}

/* Somebody wrote the product's name alone. */
static int word_without_domain(const struct selector *s, const struct word *word,
                               struct weft_error *error)
{
    char hint[200];
    for (size_t i = 0; i < s->count; i++) {
        const char *dot = strchr(s->items[i].full_name, '.');
        if (dot == NULL || strcmp(dot + 1, word->text) != 0)
            continue;
        snprintf(hint, sizeof hint, "did you mean `%.120s`?", s->items[i].full_name);
        return word_wrong(word->written, hint, error);
    }
    return word_wrong(word->written, WORD_FORMS, error);
}

static int word_state(const char *written, const char *state, size_t length, struct word *out,
                      struct weft_error *error)
{
    static const char *const states[] = {"modified", "new"};
    for (size_t i = 0; i < WEFT_COUNT(states); i++) {
        if (strlen(states[i]) != length || memcmp(states[i], state, length) != 0)
            continue;
        out->kind = WORD_STATE;
        memcpy(out->text, states[i], length + 1);
        return 0;
    }
    return word_wrong(written, "a state is state:modified or state:new", error);
}

static int word_parse(const struct selector *s, const char *written, struct word *out,
                      struct weft_error *error)
{
    size_t length = strlen(written);
    *out = (struct word){.written = written, .above = written[0] == '+'};
    const char *core = written + out->above;
    length -= out->above;
    out->below = length > 0 && core[length - 1] == '+';
    length -= out->below;
    if (length >= strlen(STATE) && memcmp(core, STATE, strlen(STATE)) == 0)
        return word_state(written, core + strlen(STATE), length - strlen(STATE), out, error);
    bool tag = length > 4 && memcmp(core, "tag:", 4) == 0;
    if (tag) {
        core += 4;
        length -= 4;
    }
    if (length == 0 || length >= sizeof out->text)
        return word_wrong(written, WORD_FORMS, error);
    memcpy(out->text, core, length);
    out->text[length] = '\0';
    if (tag) {
        out->kind = WORD_TAG;
        return 0;
    }
    if (strcmp(out->text, "*") == 0) {
        out->kind = WORD_ALL;
        return 0;
    }
    if (length > 2 && strcmp(out->text + length - 2, ".*") == 0) {
        out->kind = WORD_DOMAIN;
        out->text[length - 2] = '\0';
        return weft_name_valid(out->text) ? 0 : word_wrong(written, WORD_FORMS, error);
    }
    out->kind = WORD_PRODUCT;
    return word_product(out) ? 0 : word_without_domain(s, out, error);
}

static bool domain_is(const char *full_name, const char *domain)
{
    size_t length = strlen(domain);
    return strncmp(full_name, domain, length) == 0 && full_name[length] == '.';
}

static bool word_matches(const struct word *word, const struct weft_selection_item *item)
{
    switch (word->kind) {
    case WORD_ALL:
        return true;
    case WORD_DOMAIN:
        return domain_is(item->full_name, word->text);
    case WORD_TAG:
        for (size_t i = 0; i < item->tags.count; i++) {
            if (strcmp(item->tags.items[i], word->text) == 0)
                return true;
        }
        return false;
    case WORD_STATE:
        return item->fresh || (item->modified && strcmp(word->text, "modified") == 0);
    default:
        return strcmp(item->full_name, word->text) == 0 &&
               (word->major < 0 ? item->newest : word->major == item->major);
    }
}

/* ---- a word that selects nothing ---- */

/* The majors that there are, or "". */
static void hint_majors(const struct selector *s, const struct word *word, char *hint, size_t size)
{
    size_t used = 0;
    hint[0] = '\0';
    for (size_t i = 0; i < s->count && used + 20 < size; i++) {
        if (strcmp(s->items[i].full_name, word->text) == 0)
            used += (size_t)snprintf(hint + used, size - used, "%s@%d",
                                     used == 0 ? "there is " : ", ", s->items[i].major);
    }
}

/* All names of the word's kind, for the nearest one. */
static int hint_names(const struct selector *s, enum word_kind kind, const char ***out,
                      size_t *count, struct weft_arena *arena)
{
    size_t most = 0, used = 0;
    for (size_t i = 0; i < s->count; i++)
        most += kind == WORD_TAG ? s->items[i].tags.count : 1;
    const char **names = weft_arena_array(arena, most + 1, sizeof *names);
    if (names == NULL)
        return -1;
    for (size_t i = 0; i < s->count; i++) {
        const struct weft_selection_item *item = &s->items[i];
        if (kind == WORD_TAG) {
            for (size_t j = 0; j < item->tags.count; j++)
                names[used++] = item->tags.items[j];
        } else if (kind == WORD_DOMAIN) {
            size_t length = strcspn(item->full_name, ".");
            if (used > 0 && strlen(names[used - 1]) == length &&
                memcmp(names[used - 1], item->full_name, length) == 0)
                continue;
            names[used] = weft_arena_strndup(arena, item->full_name, length);
            if (names[used++] == NULL)
                return -1;
        } else
            names[used++] = item->full_name;
    }
    *out = names;
    *count = used;
    return 0;
}

static int word_selects_nothing(const struct selector *s, const struct word *word,
                                struct weft_error *error)
{
    static const char *const kinds[] = {
        [WORD_ALL] = "there are no products: `%s`",
        [WORD_DOMAIN] = "no product is in the domain `%s`",
        [WORD_TAG] = "no product has the tag `%s`",
        [WORD_PRODUCT] = "there is no product `%s`",
    };
    static const char *const forms[] = {
        [WORD_DOMAIN] = "%s.*", [WORD_TAG] = "tag:%s", [WORD_PRODUCT] = "%s"};
    char hint[300] = "", name[160], message[300];
    const char **names = NULL;
    size_t count = 0;
    snprintf(name, sizeof name, "%s", word->text);
    if (word->kind == WORD_PRODUCT && word->major >= 0)
        snprintf(name, sizeof name, "%s@%d", word->text, word->major);
    snprintf(message, sizeof message, kinds[word->kind], name);
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s", message);
    if (word->kind == WORD_ALL)
        return -1;
    if (word->kind == WORD_PRODUCT && word->major >= 0)
        hint_majors(s, word, hint, sizeof hint);
    if (hint[0] != '\0')
        return weft_error_hint(error, "%s", hint);
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL || hint_names(s, word->kind, &names, &count, arena) < 0)
        return weft_error_nomem(error);
    const char *near = weft_suggest(word->text, names, count);
    if (near == NULL)
        return weft_error_hint(error, "`weft ls` shows what there is");
    snprintf(name, sizeof name, forms[word->kind], near);
    return weft_error_hint(error, "did you mean `%s`?", name);
}

/* ---- what is read, and who reads ---- */

static int readers_make(struct selector *s, struct weft_error *error)
{
    if (s->readers_from != NULL)
        return 0;
    size_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        total += s->items[i].read_count;
    s->readers = weft_alloc_array(total, sizeof *s->readers);
    s->readers_from = weft_alloc_array(s->count + 2, sizeof *s->readers_from);
    if (s->readers == NULL || s->readers_from == NULL)
        return weft_error_nomem(error);
    /* Counted one place further, so that filling moves each start to where it belongs. */
    size_t *from = s->readers_from;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->items[i].read_count; j++)
            from[s->items[i].reads[j] + 2]++;
    }
    for (size_t i = 2; i <= s->count + 1; i++)
        from[i] += from[i - 1];
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->items[i].read_count; j++)
            s->readers[from[s->items[i].reads[j] + 1]++] = i;
    }
    return 0;
}

/* Adds to `set` what can be reached from its members, in one direction. */
static int set_extend(struct selector *s, bool *set, bool below, struct weft_error *error)
{
    size_t head = 0, tail = 0;
    if (below)
        WEFT_TRY(readers_make(s, error));
    for (size_t i = 0; i < s->count; i++) {
        if (set[i])
            s->queue[tail++] = i;
    }
    while (head < tail) {
        size_t at = s->queue[head++];
        const size_t *next = below ? s->readers + s->readers_from[at] : s->items[at].reads;
        size_t count =
            below ? s->readers_from[at + 1] - s->readers_from[at] : s->items[at].read_count;
        for (size_t j = 0; j < count; j++) {
            if (!set[next[j]]) {
                set[next[j]] = true;
                s->queue[tail++] = next[j];
            }
        }
    }
    return 0;
}

/* What one word selects, into `value` of `chosen`. */
static int word_apply(struct selector *s, const char *written, bool value, bool *chosen,
                      struct weft_error *error)
{
    struct word word;
    bool any = false;
    WEFT_TRY(word_parse(s, written, &word, error));
    WEFT_CLEANUP(weft_freep) bool *set = weft_alloc_array(s->count, sizeof *set);
    WEFT_CLEANUP(weft_freep) bool *start = weft_alloc_array(s->count, sizeof *start);
    if (set == NULL || start == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < s->count; i++) {
        set[i] = start[i] = word_matches(&word, &s->items[i]);
        any = any || set[i];
    }
    if (!any && word.kind == WORD_STATE)
        return 0;
    if (!any)
        return word_selects_nothing(s, &word, error);
    if (word.above)
        WEFT_TRY(set_extend(s, set, false, error));
    /* From x alone: what depends on what x reads is not asked for. */
    if (word.below)
        WEFT_TRY(set_extend(s, start, true, error));
    for (size_t i = 0; i < s->count; i++) {
        if (set[i] || start[i])
            chosen[i] = value;
    }
    return 0;
}

int weft_selection_apply(const struct weft_selection_item *items, size_t count,
                         const char *const *words, size_t word_count, const char *const *exclude,
                         size_t exclude_count, bool *chosen, struct weft_error *error)
{
    WEFT_CLEANUP(selector_release)
    struct selector s = {.items = items, .count = count};
    WEFT_CLEANUP(weft_freep) bool *result = weft_alloc_array(count, sizeof *result);
    s.queue = weft_alloc_array(count, sizeof *s.queue);
    if (result == NULL || s.queue == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        result[i] = word_count == 0;
    for (size_t i = 0; i < word_count; i++)
        WEFT_TRY(word_apply(&s, words[i], true, result, error));
    for (size_t i = 0; i < exclude_count; i++)
        WEFT_TRY(word_apply(&s, exclude[i], false, result, error));
    if (count > 0)
        memcpy(chosen, result, count * sizeof *result);
    return 0;
}

/* ---- order ---- */

enum visit { VISIT_NONE, VISIT_OPEN, VISIT_DONE };

struct walk {
    const struct weft_selection_item *items;
    unsigned char *state; /* enum visit */
    size_t *path;         /* from where it began to where it is */
    size_t *next;         /* of each on the path: the read that comes next */
    size_t depth;
};

static void walk_release(struct walk *walk)
{
    weft_free(walk->state);
    weft_free(walk->path);
    weft_free(walk->next);
}

static int cycle_make(const struct walk *walk, size_t again, size_t **cycle, size_t *cycle_count,
                      struct weft_error *error)
{
    size_t from = walk->depth;
    while (walk->path[from - 1] != again)
        from--;
    size_t length = walk->depth - from + 1;
    size_t *members = weft_alloc_array(length + 1, sizeof *members);
    if (members == NULL)
        return weft_error_nomem(error);
    memcpy(members, walk->path + from - 1, length * sizeof *members);
    members[length] = again;
    *cycle = members;
    *cycle_count = length + 1;
    return WEFT_CONFLICT;
}

static void walk_enter(struct walk *walk, size_t item)
{
    walk->state[item] = VISIT_OPEN;
    walk->path[walk->depth] = item;
    walk->next[walk->depth++] = 0;
}

/* Depth first without recursion: chains may be as long as there are products. */
static int walk_from(struct walk *walk, size_t start, size_t *order, size_t *used, size_t **cycle,
                     size_t *cycle_count, struct weft_error *error)
{
    walk_enter(walk, start);
    while (walk->depth > 0) {
        size_t at = walk->path[walk->depth - 1];
        size_t *next = &walk->next[walk->depth - 1];
        if (*next == walk->items[at].read_count) {
            walk->state[at] = VISIT_DONE;
            order[(*used)++] = at;
            walk->depth--;
            continue;
        }
        size_t read = walk->items[at].reads[(*next)++];
        if (walk->state[read] == VISIT_OPEN)
            return cycle_make(walk, read, cycle, cycle_count, error);
        if (walk->state[read] == VISIT_NONE)
            walk_enter(walk, read);
    }
    return 0;
}

int weft_selection_order(const struct weft_selection_item *items, size_t count, size_t *order,
                         size_t **cycle, size_t *cycle_count, struct weft_error *error)
{
    WEFT_CLEANUP(walk_release) struct walk walk = {.items = items};
    size_t used = 0;
    walk.state = weft_alloc_array(count, sizeof *walk.state);
    walk.path = weft_alloc_array(count, sizeof *walk.path);
    walk.next = weft_alloc_array(count, sizeof *walk.next);
    if (walk.state == NULL || walk.path == NULL || walk.next == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (walk.state[i] != VISIT_NONE)
            continue;
        int rc = walk_from(&walk, i, order, &used, cycle, cycle_count, error);
        if (rc != 0)
            return rc;
    }
    assert(used == count);
    return 0;
}
