/*
 * resolver.c - the order of the passes, the splicing of secured subqueries, what is handed out.
 */
#include "resolver/resolver.h"

#include "base/random.h"
#include "base/text.h"
#include "resolver/resolve_error.h"
#include "resolver/resolve_internal.h"

/* ---- splicing ---- */

static int splice_tables(struct resolve *resolve, const char *printed, const char **sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, RESOLVE_FINAL_MAX);
    size_t spliced = 0;
    const char *from = printed;
    const char *at;
    while ((at = strstr(from, resolve->secret)) != NULL) {
        /* Back to the token's beginning: __w<n>_ */
        const char *token = at;
        while (token > from && token[-1] != 'w')
            token--;
        unsigned index = 0;
        int read = 0;
        if (token < from + 3 || memcmp(token - 3, "__w", 3) != 0 ||
            sscanf(token, "%9u_%n", &index, &read) != 1 || token + read != at ||
            index >= resolve->table_count)
            return weft_error_set(resolve->error, WEFT_E_INTERNAL, "a table's name was changed");
        token -= 3;
        if (token > printed && token[-1] != ' ' && token[-1] != '(')
            return weft_error_set(resolve->error, WEFT_E_INTERNAL, "a table's name is not alone");
        weft_buf_add(&out, from, (size_t)(token - from));
        struct resolve_splice *splice = &resolve->tables[index].splice;
        splice->printed = token - printed;
        splice->final = (int64_t)out.length;
        WEFT_TRY(resolve_relation_print(resolve, &resolve->tables[index], &out));
        splice->final_end = (int64_t)out.length;
        from = at + strlen(resolve->secret);
        splice->printed_end = from - printed;
        if (*from != ' ' && *from != ')' && *from != 0)
            return weft_error_set(resolve->error, WEFT_E_INTERNAL, "a table's name is not alone");
        spliced++;
    }
    weft_buf_adds(&out, from);
    WEFT_TRY(weft_buf_check(&out, resolve->error));
    if (spliced != resolve->table_count)
        return weft_error_set(resolve->error, WEFT_E_INTERNAL, "a table was lost in printing");
    *sql = weft_arena_strndup(resolve->arena, out.data, out.length);
    return *sql == NULL ? resolve_nomem(resolve) : 0;
}

/* ---- what is handed out ---- */

static struct weft_resolved_source *source_find(struct weft_resolved_source *sources, size_t count,
                                                const struct weft_relation *relation)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].snapshot_id == relation->snapshot_id &&
            strcmp(sources[i].product, relation->product) == 0)
            return &sources[i];
    return NULL;
}

static int source_add_columns(struct resolve *resolve, struct weft_resolved_source *source,
                              const struct resolve_table *table)
{
    const struct weft_relation *relation = &table->relation;
    const char **columns =
        resolve_alloc(resolve, source->column_count + relation->column_count, sizeof(char *));
    if (columns == NULL)
        return resolve_nomem(resolve);
    size_t count = 0;
    for (; count < source->column_count; count++)
        columns[count] = source->columns[count];
    for (size_t i = 0; i < relation->column_count; i++) {
        bool there = !table->used[i];
        for (size_t j = 0; j < source->column_count && !there; j++)
            there = strcmp(columns[j], relation->columns[i].name) == 0;
        if (!there)
            columns[count++] = relation->columns[i].name;
    }
    source->columns = columns;
    source->column_count = count;
    return 0;
}

static int hand_out_sources(struct resolve *resolve, struct weft_resolved *out)
{
    struct weft_resolved_source *sources =
        resolve_alloc(resolve, resolve->table_count, sizeof(*sources));
    if (sources == NULL)
        return resolve_nomem(resolve);
    size_t count = 0;
    for (size_t i = 0; i < resolve->table_count; i++) {
        const struct weft_relation *relation = &resolve->tables[i].relation;
        if (relation->product == NULL)
            continue;
        struct weft_resolved_source *source = source_find(sources, count, relation);
        if (source == NULL) {
            source = &sources[count++];
            source->product = relation->product;
            source->snapshot_id = relation->snapshot_id;
        }
        WEFT_TRY(source_add_columns(resolve, source, &resolve->tables[i]));
    }
    out->sources = sources;
    out->source_count = count;
    return 0;
}

static int hand_out_places(struct resolve *resolve, struct weft_resolved *out)
{
    struct weft_resolved_places *places = resolve_alloc(resolve, 1, sizeof(*places));
    if (places == NULL)
        return resolve_nomem(resolve);
    places->sql = weft_arena_strndup(resolve->arena, resolve->sql, resolve->length);
    places->length = resolve->length;
    places->options = *resolve->options;
    places->unknowns = resolve->unknowns;
    places->unknown_count = resolve->unknown_count;
    places->final = out->sql;
    places->pairs = resolve->pairs;
    places->pair_count = resolve->pair_count;
    places->tables = resolve->tables;
    places->table_count = resolve->table_count;
    places->traces = resolve->traces;
    for (size_t i = 0; i < resolve->table_count; i++)
        if (weft_relation_is_guarded(&resolve->tables[i].relation))
            places->guarded = true;
    if (places->sql == NULL)
        return resolve_nomem(resolve);
    out->places = places;
    return 0;
}

/* ---- the way ---- */

int resolve_check_text(struct resolve *resolve)
{
    int64_t most = RESOLVE_TEXT_MAX;
    if (resolve->options->size_max > 0)
        most = WEFT_MIN(most, resolve->options->size_max);
    if ((int64_t)resolve->length > most)
        return resolve_refuse(resolve, WEFT_E_LIMIT, RESOLVE_LOCATION_NO,
                              "the statement is %zu bytes long; at most %" PRId64, resolve->length,
                              most);
    const char *zero = memchr(resolve->sql, 0, resolve->length);
    if (zero != NULL)
        return resolve_refuse(resolve, WEFT_E_SQL, zero - resolve->sql,
                              "the statement holds a zero byte");
    size_t valid = weft_utf8_valid(resolve->sql, resolve->length);
    if (valid != resolve->length)
        return resolve_refuse(resolve, WEFT_E_SQL, (int64_t)valid,
                              "the statement is not valid UTF-8");
    return 0;
}

static int make_secret(struct resolve *resolve)
{
    unsigned char bytes[(RESOLVE_SECRET - 1) / 2];
    WEFT_TRY(weft_random_bytes(bytes, sizeof(bytes), resolve->error));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(resolve->secret + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

/* The printed text, read again: what stands in it is what was meant. */
static int verify_text(struct resolve *resolve, yyjson_mut_val *typed, const char *printed)
{
    WEFT_CLEANUP(weft_freep) char *json = NULL;
    WEFT_CLEANUP(resolve_docp) yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    struct weft_error own = WEFT_ERROR_INIT;
    if (resolve_serialize(resolve, printed, strlen(printed), &json, &own) < 0) {
        if (own.code == WEFT_E_SQL || own.code == WEFT_E_SQL_REFUSED)
            return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                                  "this form of SQL cannot be run safely yet");
        if (resolve->error != NULL)
            *resolve->error = own;
        return -1;
    }
    WEFT_TRY(resolve_load(resolve, json, &doc, &node));
    WEFT_TRY(resolve_verify(resolve, node));
    resolve_pairs(resolve, typed, node);
    return resolve_named(resolve, node);
}

/* What a walk gathers; names of parameters come from the guard and stay. */
static void walk_again(struct resolve *resolve)
{
    resolve->table_count = 0;
    resolve->cte_count = 0;
    resolve->unknown_count = 0;
    resolve->captured = false;
    resolve->unique = true;
}

static int resolve_rewrite(struct resolve *resolve, const char *json, yyjson_mut_doc **doc,
                           yyjson_mut_val **node)
{
    resolve_docp(doc);
    WEFT_TRY(resolve_load(resolve, json, doc, node));
    resolve->doc = *doc;
    WEFT_TRY(resolve_guard(resolve, *node));
    WEFT_TRY(resolve_keep_names(resolve, *node));
    return resolve_walk(resolve, *node);
}

static int resolve_tree_text(struct resolve *resolve, const char *json, struct weft_resolved *out)
{
    WEFT_CLEANUP(resolve_docp) yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    WEFT_TRY(resolve_rewrite(resolve, json, &doc, &node));
    if (resolve->captured) {
        walk_again(resolve);
        WEFT_TRY(resolve_rewrite(resolve, json, &doc, &node));
    }
    WEFT_TRY(resolve_policy(resolve, node));
    WEFT_TRY(resolve_repair(resolve, node));
    if (resolve->nomem)
        return resolve_nomem(resolve);
    WEFT_CLEANUP(weft_freep) char *printed = NULL;
    WEFT_TRY(resolve_print(resolve, node, &printed));
    WEFT_TRY(verify_text(resolve, node, printed));
    struct weft_resolved made = {.parameters = resolve->parameters,
                                 .parameter_count = resolve->parameter_count};
    WEFT_TRY(splice_tables(resolve, printed, &made.sql));
    WEFT_TRY(hand_out_sources(resolve, &made));
    WEFT_TRY(hand_out_places(resolve, &made));
    *out = made;
    return 0;
}

int weft_resolve(struct weft_engine *engine, struct weft_arena *arena, const char *sql,
                 size_t length, const struct weft_resolve_options *options,
                 struct weft_resolved *out, struct weft_error *error)
{
    struct resolve resolve = {.engine = engine,
                              .arena = arena,
                              .options = options,
                              .sql = sql,
                              .length = length,
                              .error = error};
    WEFT_TRY(resolve_check_text(&resolve));
    WEFT_TRY(make_secret(&resolve));
    WEFT_CLEANUP(weft_freep) char *json = NULL;
    WEFT_TRY(resolve_serialize(&resolve, sql, length, &json, error));
    return resolve_tree_text(&resolve, json, out);
}

int resolve_from_tree(struct resolve *resolve, const char *json, yyjson_mut_doc **doc,
                      yyjson_mut_val **node)
{
    WEFT_TRY(make_secret(resolve));
    WEFT_TRY(resolve_load(resolve, json, doc, node));
    resolve->doc = *doc;
    WEFT_TRY(resolve_guard(resolve, *node));
    WEFT_TRY(resolve_walk(resolve, *node));
    WEFT_TRY(resolve_policy(resolve, *node));
    WEFT_TRY(resolve_repair(resolve, *node));
    if (resolve->nomem)
        return resolve_nomem(resolve);
    return resolve_verify(resolve, *node);
}
