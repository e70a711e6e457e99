/*
 * quality.c - quality rules and service levels of a contract as rules of a product. What weft
 * has a rule for becomes that rule (required, unique, enum, pattern, rows, completeness); any other
 * metric and all SQL becomes a check by SQL over `this`. What cannot be run is told.
 */
#include "odcs/odcs_internal.h"

#include "base/text.h"
#include "codec/sql_text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    const char *sign;
} operators[] = {
    {"mustBe", "="},
    {"mustNotBe", "<>"},
    {"mustBeLessThan", "<"},
    {"mustBeLessOrEqualTo", "<="},
    {"mustBeGreaterThan", ">"},
    {"mustBeGreaterOrEqualTo", ">="},
};

struct rule {
    const struct weft_node *node;
    const char *field; /* NULL = of the table */
    const char *metric;
    const char *on_fail; /* NULL = as usual */
    bool percent;
    const char *condition; /* on `value` */
    const char *sole;      /* the one operator; NULL = none or several */
    double bound;          /* of it, when it is a number */
};

/* ---- pieces of SQL ---- */

static const char *literal(struct weft_reader *reader, const struct weft_node *node)
{
    if (node->kind == WEFT_NODE_NULL)
        return "null";
    if (!weft_node_is_text(node))
        return node->text;
    struct weft_buf text;
    weft_buf_init(&text, 2 * WEFT_DOCUMENT_SQL_MAX);
    weft_buf_addc(&text, '\'');
    for (const char *at = node->text; *at != '\0'; at++)
        weft_buf_addf(&text, *at == '\'' ? "''" : "%c", *at);
    weft_buf_addc(&text, '\'');
    struct weft_error error = WEFT_ERROR_INIT;
    reader->nomem |= weft_buf_check(&text, &error) < 0;
    const char *copy = weft_reader_text(reader, text.data);
    weft_buf_release(&text);
    return copy;
}

static const char *condition_of(struct weft_reader *reader, const struct weft_node *rule)
{
    const char *all = NULL;
    for (size_t i = 0; i < WEFT_COUNT(operators); i++) {
        const struct weft_node *node = weft_node_get(rule, operators[i].key);
        if (node == NULL || node->kind != WEFT_NODE_VALUE)
            continue;
        all = weft_reader_format(reader, "%s%svalue %s %s", all == NULL ? "" : all,
                                 all == NULL ? "" : " and ", operators[i].sign,
                                 literal(reader, node));
    }
    for (int not= 0; not< 2; not++) {
        const struct weft_node *range =
            weft_node_get(rule, not? "mustNotBeBetween" : "mustBeBetween");
        if (range == NULL || range->kind != WEFT_NODE_LIST || range->count != 2)
            continue;
        all = weft_reader_format(reader, "%s%s%s(value > %s and value < %s)",
                                 all == NULL ? "" : all, all == NULL ? "" : " and ",
                                 not? "not " : "", range->items[0]->text, range->items[1]->text);
    }
    return all;
}

/* 'a', 'b' of a list, without null; *null: it holds one. */
static const char *values_of(struct weft_reader *reader, const struct weft_node *list, bool *null)
{
    struct weft_buf text;
    weft_buf_init(&text, WEFT_DOCUMENT_SQL_MAX);
    *null = false;
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        struct weft_node one = *list->items[i];
        *null = *null || one.kind == WEFT_NODE_NULL;
        one.bare = false;
        if (one.kind == WEFT_NODE_VALUE)
            weft_buf_addf(&text, "%s%s", text.length == 0 ? "" : ", ", literal(reader, &one));
    }
    const char *copy = weft_reader_text(reader, text.length == 0 ? "" : text.data);
    weft_buf_release(&text);
    return copy;
}

/* ---- adding checks ---- */

static bool check_exists(const struct weft_odcs_state *state, const char *name)
{
    for (size_t i = 0; state->checks != NULL && i < state->checks->count; i++) {
        const char *other = weft_node_get_text(state->checks->items[i], "name");
        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

static const char *check_name(struct weft_odcs_state *state, const struct rule *rule)
{
    struct weft_reader *reader = state->reader;
    const char *name = weft_node_get_text(rule->node, "name");
    name = name == NULL ? weft_node_get_text(rule->node, "id") : name;
    if (name == NULL)
        name = weft_reader_format(reader, "%s%s%s", rule->field == NULL ? "" : rule->field,
                                  rule->field == NULL ? "" : "_",
                                  rule->metric == NULL ? "quality" : rule->metric);
    char proposal[WEFT_NAME_MAX + 1];
    weft_name_propose(name, proposal);
    name = weft_name_valid(name) ? name : weft_reader_text(reader, proposal);
    const char *free = name;
    for (int i = 2; check_exists(state, free) && i < 1000; i++)
        free = weft_reader_format(reader, "%.40s_%d", name, i);
    return free;
}

static void put(struct weft_reader *reader, struct weft_node *map, const char *key,
                const char *text, struct weft_place place)
{
    if (text != NULL)
        weft_node_put(map, key, place, weft_node_value(reader, text, false, place));
}

static void add_check(struct weft_odcs_state *state, const struct rule *rule, const char *key,
                      const char *text, const struct weft_node *at)
{
    struct weft_reader *reader = state->reader;
    struct weft_place place = at->place;
    struct weft_node *check = weft_node_map(reader, rule->node->place, 4);
    struct weft_node *made = weft_node_value(reader, text, false, place);
    if (check == NULL || made == NULL)
        return;
    made->text_place = at->kind == WEFT_NODE_VALUE ? at->text_place : place;
    made->indent = -1; /* made of the query: only its start has a place */
    put(reader, check, "name", check_name(state, rule), place);
    weft_node_put(check, key, place, made);
    put(reader, check, "description", weft_node_get_text(rule->node, "description"), place);
    put(reader, check, "on_fail", rule->on_fail, place);
    weft_node_add(state->checks, check);
}

static const char *columns_of(struct weft_odcs_state *state)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *list = weft_node_get(state->object, "properties");
    struct weft_buf text;
    weft_buf_init(&text, WEFT_DOCUMENT_SQL_MAX);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *name = weft_node_text(weft_odcs_name(list->items[i]));
        const char *own = weft_node_get_text(list->items[i], "name");
        if (name != NULL && own != NULL && strchr(own, '"') == NULL && strchr(name, '"') == NULL)
            weft_buf_addf(&text, "%s\"%s\" as \"%s\"", text.length == 0 ? "" : ", ", name, own);
    }
    const char *copy = weft_reader_text(reader, text.length == 0 ? "*" : text.data);
    weft_buf_release(&text);
    return copy;
}

/* ---- SQL of a contract ---- */

/* {object}, ${table}, {property} ...: *length of what stands for it at `at`, or 0. */
static size_t placeholder(const char *at, bool *property)
{
    static const char *const names[] = {"object", "table", "model", "property", "column", "field"};
    size_t lead = at[0] == '$' && at[1] == '{' ? 2 : at[0] == '{' ? 1 : 0;
    for (size_t i = 0; lead > 0 && i < WEFT_COUNT(names); i++) {
        size_t length = strlen(names[i]);
        if (strncmp(at + lead, names[i], length) == 0 && at[lead + length] == '}') {
            *property = i >= 3;
            return lead + length + 1;
        }
    }
    return 0;
}

static const char *query_text(struct weft_odcs_state *state, const struct rule *rule,
                              const struct weft_node *query)
{
    struct weft_reader *reader = state->reader;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    bool property = false;
    weft_buf_init(&text, WEFT_DOCUMENT_SQL_MAX);
    for (const char *at = query->text; *at != '\0';) {
        size_t length = placeholder(at, &property);
        if (length == 0)
            weft_buf_addc(&text, *at++);
        else if (!property)
            weft_buf_adds(&text, "this");
        else if (rule->field != NULL)
            weft_buf_addf(&text, "\"%s\"", rule->field);
        else {
            weft_reader_mistake(reader, query->text_place, "put the rule under its property",
                                "the query names a property, but the rule is of the table");
            break;
        }
        at += length;
    }
    if (weft_buf_check(&text, &error) < 0)
        reader->nomem |= error.code == WEFT_E_NOMEM;
    size_t length = text.length;
    while (length > 0 && strchr(" \t\r\n;", text.data[length - 1]) != NULL)
        length--;
    const char *copy = weft_reader_format(reader, "%.*s", (int)length, text.data);
    weft_buf_release(&text);
    return copy;
}

/* Does the query name the table by a name of its own? */
static const char *table_named(const struct weft_odcs_state *state, const char *query)
{
    const char *names[] = {weft_node_get_text(state->object, "name"),
                           weft_node_get_text(state->object, "physicalName")};
    struct weft_sql_token token;
    size_t at = 0, length = strlen(query);
    while (weft_sql_next(query, length, &at, &token)) {
        bool quoted = token.kind == WEFT_SQL_NAME && token.length > 2;
        if (token.kind != WEFT_SQL_WORD && !quoted)
            continue;
        for (size_t i = 0; i < WEFT_COUNT(names); i++) {
            size_t size = token.length - (quoted ? 2 : 0);
            if (names[i] != NULL && strlen(names[i]) == size && strchr(names[i], '"') == NULL &&
                strncasecmp(query + token.start + (quoted ? 1 : 0), names[i], size) == 0)
                return names[i];
        }
    }
    return NULL;
}

#define COUNT_HEAD "select count(*) from (\n"
#define COUNT_TAIL "\n) as failures"

/* What weft writes for a check by SQL: back to its own text. */
static const char *own_query(struct weft_reader *reader, const struct rule *rule, const char *query)
{
    size_t length = strlen(query), head = sizeof COUNT_HEAD - 1, tail = sizeof COUNT_TAIL - 1;
    if (rule->sole == NULL || strcmp(rule->sole, "mustBe") != 0 || rule->bound != 0 ||
        length < head + tail || strncmp(query, COUNT_HEAD, head) != 0 ||
        strcmp(query + length - tail, COUNT_TAIL) != 0)
        return NULL;
    return weft_reader_format(reader, "%.*s", (int)(length - head - tail), query + head);
}

static void read_sql(struct weft_odcs_state *state, const struct rule *rule)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *query = weft_node_get(rule->node, "query");
    if (weft_node_text(query) == NULL)
        return;
    const char *text = query_text(state, rule, query);
    const char *own = own_query(reader, rule, text);
    const char *table = own == NULL ? table_named(state, text) : NULL;
    if (own == NULL && rule->condition == NULL) {
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, rule->node->place, "write `mustBe: ...`",
                       "the quality rule is kept, and not run: it does not say what its result "
                       "must be");
        return;
    }
    if (table != NULL)
        text = weft_reader_format(reader, "with \"%s\" as (select %s from this)\n%s(\n%s\n)", table,
                                  columns_of(state), "select * from ", text);
    if (own == NULL)
        own = weft_reader_format(
            reader, "select value from (\n%s\n) as result(value) where value is null or not (%s)",
            text, rule->condition);
    add_check(state, rule, "sql", own, query);
}

/* ---- metrics ---- */

static void count_check(struct weft_odcs_state *state, const struct rule *rule, const char *count)
{
    struct weft_reader *reader = state->reader;
    if (rule->condition == NULL)
        return;
    if (rule->percent)
        count =
            weft_reader_format(reader, "coalesce(100.0 * (%s) / nullif(count(*), 0), 0)", count);
    add_check(state, rule, "sql",
              weft_reader_format(reader,
                                 "select value from (select %s as value from this) as result "
                                 "where not (%s)",
                                 count, rule->condition),
              rule->node);
}

static bool is_zero(const struct rule *rule)
{
    if (rule->sole == NULL)
        return rule->condition == NULL; /* v3.0: `rule: nullCheck` alone */
    if (strcmp(rule->sole, "mustBeLessThan") == 0)
        return !rule->percent && rule->bound > 0 && rule->bound <= 1;
    return rule->bound == 0 &&
           (strcmp(rule->sole, "mustBe") == 0 || strcmp(rule->sole, "mustBeLessOrEqualTo") == 0);
}

static void set_flag(struct weft_odcs_state *state, struct weft_node *into, const char *key,
                     const struct rule *rule)
{
    if (weft_node_get(into, key) == NULL)
        weft_node_put(into, key, rule->node->place,
                      weft_node_value(state->reader, "true", true, rule->node->place));
}

static void read_nulls(struct weft_odcs_state *state, const struct rule *rule,
                       struct weft_node *into)
{
    struct weft_reader *reader = state->reader;
    struct weft_place place = rule->node->place;
    if (is_zero(rule) && rule->on_fail == NULL) {
        set_flag(state, into, "required", rule);
        return;
    }
    if (!rule->percent || rule->sole == NULL || strcmp(rule->sole, "mustBeLessOrEqualTo") != 0 ||
        rule->bound < 0 || rule->bound > 100) {
        count_check(
            state, rule,
            weft_reader_format(reader, "count(*) filter (where \"%s\" is null)", rule->field));
        return;
    }
    for (size_t i = 0; i < state->completeness->count; i++) {
        const char *other = weft_node_get_text(state->completeness->items[i], "field");
        if (other != NULL && strcmp(other, rule->field) == 0)
            return;
    }
    struct weft_node *one = weft_node_map(reader, place, 3);
    put(reader, one, "field", rule->field, place);
    put(reader, one, "min", weft_reader_format(reader, "%.15g", (100 - rule->bound) / 100), place);
    put(reader, one, "on_fail", rule->on_fail, place);
    weft_node_add(state->completeness, one);
}

static void read_duplicates(struct weft_odcs_state *state, const struct rule *rule,
                            struct weft_node *into)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *list =
        weft_node_get(weft_node_get(rule->node, "arguments"), "properties");
    const char *columns = NULL;
    if (rule->field != NULL) {
        if (is_zero(rule) && rule->on_fail == NULL)
            set_flag(state, into, "unique", rule);
        else
            count_check(state, rule,
                        weft_reader_format(reader, "count(\"%s\") - count(distinct \"%s\")",
                                           rule->field, rule->field));
        return;
    }
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        if (strchr(list->items[i]->text, '"') != NULL)
            continue;
        columns = weft_reader_format(reader, "%s%s\"%s\"", columns == NULL ? "" : columns,
                                     columns == NULL ? "" : ", ", list->items[i]->text);
    }
    if (columns == NULL)
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, rule->node->place,
                       "write `arguments: {properties: [...]}`",
                       "the quality rule duplicateValues is kept, and not run: it names no "
                       "properties");
    else if (list->count == 1)
        count_check(state, rule,
                    weft_reader_format(reader, "count(*) - count(distinct %s)", columns));
    else
        count_check(state, rule,
                    weft_reader_format(reader, "count(*) - count(distinct (%s))", columns));
}

static void read_invalid(struct weft_odcs_state *state, const struct rule *rule,
                         struct weft_node *into)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *arguments = weft_node_get(rule->node, "arguments");
    const struct weft_node *valid = weft_node_get(arguments, "validValues");
    const struct weft_node *pattern = weft_node_get(arguments, "pattern");
    bool null, zero = is_zero(rule) && rule->on_fail == NULL;
    valid = valid == NULL ? weft_node_get(rule->node, "validValues") : valid;
    const char *values = values_of(reader, valid, &null);
    if (values[0] == '\0' && weft_node_text(pattern) == NULL) {
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, rule->node->place,
                       "write `arguments: {validValues: [...]}` or a `pattern`",
                       "the quality rule invalidValues is kept, and not run: it does not say "
                       "what is valid");
        return;
    }
    if (zero && values[0] != '\0' && !null && weft_node_get(into, "enum") == NULL) {
        weft_node_put(into, "enum", valid->place, weft_node_copy(reader, valid));
        values = "";
    }
    if (zero && weft_node_text(pattern) != NULL && weft_node_get(into, "pattern") == NULL) {
        put(reader, into, "pattern", weft_odcs_pattern(reader, pattern->text), pattern->place);
        pattern = NULL;
    }
    const char *what = NULL;
    if (values[0] != '\0')
        what = weft_reader_format(reader, "cast(\"%s\" as varchar) in (%s)", rule->field, values);
    if (weft_node_text(pattern) != NULL)
        what = weft_reader_format(reader, "%s%sregexp_matches(cast(\"%s\" as varchar), %s)",
                                  what == NULL ? "" : what, what == NULL ? "" : " and ",
                                  rule->field, literal(reader, pattern));
    if (what != NULL)
        count_check(state, rule,
                    weft_reader_format(reader,
                                       "count(*) filter (where \"%s\" is not null and not (%s))",
                                       rule->field, what));
}

static void read_missing(struct weft_odcs_state *state, const struct rule *rule)
{
    struct weft_reader *reader = state->reader;
    bool null;
    const char *values = values_of(
        reader, weft_node_get(weft_node_get(rule->node, "arguments"), "missingValues"), &null);
    const char *also = values[0] == '\0'
                           ? ""
                           : weft_reader_format(reader, " or cast(\"%s\" as varchar) in (%s)",
                                                rule->field, values);
    count_check(
        state, rule,
        weft_reader_format(reader, "count(*) filter (where \"%s\" is null%s)", rule->field, also));
}

static bool put_rows(struct weft_odcs_state *state, const char *key, double value,
                     struct weft_place place)
{
    if (value < 0 || value > 9e15 || value != (double)(int64_t)value ||
        weft_node_get(state->rows, key) != NULL)
        return false;
    state->rows->place = place;
    weft_node_put(state->rows, key, place,
                  weft_node_value(state->reader,
                                  weft_reader_format(state->reader, "%" PRId64, (int64_t)value),
                                  true, place));
    return true;
}

static void read_row_count(struct weft_odcs_state *state, const struct rule *rule)
{
    const struct weft_node *range = weft_node_get(rule->node, "mustBeBetween");
    struct weft_place place = rule->node->place;
    bool done = false;
    if (rule->on_fail == NULL && rule->sole != NULL) {
        if (strcmp(rule->sole, "mustBeGreaterOrEqualTo") == 0)
            done = put_rows(state, "min", rule->bound, place);
        else if (strcmp(rule->sole, "mustBeGreaterThan") == 0)
            done = put_rows(state, "min", rule->bound + 1, place);
        else if (strcmp(rule->sole, "mustBeLessOrEqualTo") == 0)
            done = put_rows(state, "max", rule->bound, place);
        else if (strcmp(rule->sole, "mustBeLessThan") == 0)
            done = put_rows(state, "max", rule->bound - 1, place);
        else if (strcmp(rule->sole, "mustBeBetween") == 0 && state->rows->count == 0)
            done = put_rows(state, "min", weft_node_number(range->items[0], 0) + 1, place) &&
                   put_rows(state, "max", weft_node_number(range->items[1], 0) - 1, place);
        else if (strcmp(rule->sole, "mustBe") == 0 && state->rows->count == 0)
            done = put_rows(state, "min", rule->bound, place) &&
                   put_rows(state, "max", rule->bound, place);
    }
    if (!done)
        count_check(state, rule, "count(*)");
}

/* ---- one rule ---- */

static const char *metric_of(const struct weft_node *rule)
{
    static const struct {
        const char *rule, *metric;
    } olds[] = {
        {"nullCheck", "nullValues"},
        {"nullValues", "nullValues"},
        {"duplicateCount", "duplicateValues"},
        {"duplicateValues", "duplicateValues"},
        {"uniqueCheck", "duplicateValues"},
        {"validValues", "invalidValues"},
        {"invalidValues", "invalidValues"},
        {"missingValues", "missingValues"},
        {"rowCount", "rowCount"},
    };
    const char *metric = weft_node_get_text(rule, "metric");
    const char *old = weft_node_get_text(rule, "rule");
    for (size_t i = 0; metric == NULL && old != NULL && i < WEFT_COUNT(olds); i++) {
        if (weft_equal_fold(olds[i].rule, old))
            metric = olds[i].metric;
    }
    return metric;
}

static void read_metric(struct weft_odcs_state *state, const struct rule *rule,
                        struct weft_node *into)
{
    const char *metric = rule->metric;
    bool of_table = metric != NULL &&
                    (strcmp(metric, "rowCount") == 0 || strcmp(metric, "duplicateValues") == 0);
    if (metric == NULL || (rule->field == NULL && !of_table)) {
        const char *name = weft_node_get_text(rule->node, "rule");
        name = metric != NULL ? metric : name;
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, rule->node->place,
                       metric == NULL ? "write a `metric`, or SQL" : "put it under a property",
                       "the quality rule `%.60s` is kept, and not run", name == NULL ? "" : name);
    } else if (strcmp(metric, "rowCount") == 0)
        read_row_count(state, rule);
    else if (strcmp(metric, "nullValues") == 0)
        read_nulls(state, rule, into);
    else if (strcmp(metric, "duplicateValues") == 0)
        read_duplicates(state, rule, into);
    else if (strcmp(metric, "invalidValues") == 0)
        read_invalid(state, rule, into);
    else
        read_missing(state, rule);
}

/* engine weft: a condition, or a part of `quality`. */
static void read_own(struct weft_odcs_state *state, const struct rule *rule)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *what = weft_node_get(rule->node, "implementation");
    if (weft_node_text(what) != NULL) {
        add_check(state, rule, "condition", what->text, what);
        return;
    }
    for (size_t i = 0; what != NULL && what->kind == WEFT_NODE_MAP && i < what->count; i++) {
        const char *key = what->keys[i];
        const struct weft_node *list = what->items[i];
        bool room = state->quality->count < 8 && weft_node_get(state->quality, key) == NULL;
        if (strcmp(key, "completeness") == 0 && list->kind == WEFT_NODE_LIST && list->count == 1)
            weft_node_add(state->completeness, weft_node_copy(reader, list->items[0]));
        else if (weft_keys_find(WEFT_SECTION_QUALITY, key) == NULL || strcmp(key, "checks") == 0 ||
                 strcmp(key, "completeness") == 0 || !room)
            weft_reader_mistake(reader, what->places[i], NULL,
                                "`%.60s` is not a part of `quality` that can stand here", key);
        else
            weft_node_put(state->quality, key, what->places[i], weft_node_copy(reader, list));
    }
}

static void read_custom(struct weft_odcs_state *state, const struct rule *rule)
{
    const char *engine = weft_node_get_text(rule->node, "engine");
    if (engine != NULL && strcmp(engine, "weft") == 0)
        read_own(state, rule);
    else
        weft_odcs_tell(state, WEFT_SEVERITY_WARNING, rule->node->place,
                       "write it as a `metric` or SQL to have it checked",
                       "the quality rule `%.60s` is kept, and not run: it is one of `%.40s`",
                       check_name(state, rule), engine == NULL ? "" : engine);
}

static const char *on_fail_of(const struct weft_node *rule)
{
    const char *own = weft_node_text(weft_odcs_custom(rule, "weft.on_fail"));
    const char *severity = weft_node_get_text(rule, "severity");
    static const char *const mild[] = {"warning", "warn", "info", "minor", "low"};
    for (size_t i = 0; own == NULL && severity != NULL && i < WEFT_COUNT(mild); i++) {
        if (weft_equal_fold(mild[i], severity))
            own = "warn";
    }
    return own;
}

static void rule_operator(struct rule *rule)
{
    static const char *const ranges[] = {"mustBeBetween", "mustNotBeBetween"};
    size_t count = 0;
    for (size_t i = 0; i < WEFT_COUNT(operators); i++) {
        const struct weft_node *node = weft_node_get(rule->node, operators[i].key);
        if (node == NULL)
            continue;
        count++;
        rule->sole = operators[i].key;
        rule->bound = weft_node_is_number(node) ? weft_node_number(node, 0) : -1;
    }
    for (size_t i = 0; i < WEFT_COUNT(ranges); i++) {
        if (weft_node_get(rule->node, ranges[i]) != NULL && ++count > 0)
            rule->sole = ranges[i];
    }
    if (count != 1)
        rule->sole = NULL;
}

void weft_odcs_read_quality(struct weft_odcs_state *state, const struct weft_node *rules,
                            const char *field, struct weft_node *into)
{
    for (size_t i = 0; rules != NULL && rules->kind == WEFT_NODE_LIST && i < rules->count; i++) {
        const struct weft_node *node = rules->items[i];
        const char *type = weft_node_get_text(node, "type");
        const char *unit = weft_node_get_text(node, "unit");
        struct rule rule = {.node = node,
                            .field = field,
                            .metric = metric_of(node),
                            .on_fail = on_fail_of(node),
                            .percent = unit != NULL &&
                                       (weft_equal_fold(unit, "percent") || strcmp(unit, "%") == 0),
                            .condition = condition_of(state->reader, node)};
        rule_operator(&rule);
        if (rule.metric != NULL || weft_node_get(node, "rule") != NULL ||
            (type != NULL && strcmp(type, "library") == 0))
            read_metric(state, &rule, into);
        else if (type != NULL && strcmp(type, "sql") == 0)
            read_sql(state, &rule);
        else if (type != NULL && strcmp(type, "custom") == 0)
            read_custom(state, &rule);
        else
            weft_odcs_tell(state, WEFT_SEVERITY_NOTE, node->place, NULL,
                           "the quality rule `%.60s` is a text for people: it is kept, and not "
                           "checked",
                           check_name(state, &rule));
    }
}

/* ---- service levels ---- */

static const char *unit_of(const char *unit)
{
    static const struct {
        const char *word, *unit;
    } units[] = {
        {"d", "d"},       {"day", "d"},   {"days", "d"},  {"h", "h"},      {"hr", "h"},
        {"hour", "h"},    {"hours", "h"}, {"m", "m"},     {"min", "m"},    {"minute", "m"},
        {"minutes", "m"}, {"s", "s"},     {"sec", "s"},   {"second", "s"}, {"seconds", "s"},
        {"w", "w"},       {"week", "w"},  {"weeks", "w"}, {"y", "y"},      {"yr", "y"},
        {"year", "y"},    {"years", "y"}, {"ms", "ms"},
    };
    for (size_t i = 0; unit != NULL && i < WEFT_COUNT(units); i++) {
        if (weft_equal_fold(units[i].word, unit))
            return units[i].unit;
    }
    return NULL;
}

/* The last part of `table.column`, when it is one column. */
static const char *field_of(struct weft_odcs_state *state, const char *element)
{
    const struct weft_node *list = weft_node_get(state->object, "properties");
    if (element == NULL || strchr(element, ',') != NULL)
        return NULL;
    const char *name = strrchr(element, '.');
    name = name == NULL ? element : name + 1;
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *own = weft_node_get_text(list->items[i], "name");
        if (own != NULL && strcmp(own, name) == 0)
            return weft_node_text(weft_odcs_name(list->items[i]));
    }
    return NULL;
}

static bool is_time(const struct weft_node *product, const char *field)
{
    const struct weft_node *schema = weft_node_get(product, "schema");
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        const char *name = weft_node_get_text(schema->items[i], "name");
        const char *type = weft_node_get_text(schema->items[i], "type");
        if (name != NULL && field != NULL && strcmp(name, field) == 0)
            return type != NULL &&
                   (strcmp(type, "date") == 0 || strncmp(type, "timestamp", 9) == 0);
    }
    return false;
}

static bool word_in(const char *words, const char *word)
{
    char lower[64];
    size_t i = 0;
    for (; word[i] != '\0' && i + 1 < sizeof lower; i++)
        lower[i] = weft_lower(word[i]);
    lower[i] = '\0';
    return weft_words_has(words, lower);
}

static void put_freshness(struct weft_odcs_state *state, const char *within, const char *field,
                          struct weft_place place)
{
    struct weft_reader *reader = state->reader;
    if (field == NULL) {
        put(reader, state->quality, "freshness", within, place);
        return;
    }
    struct weft_node *map = weft_node_map(reader, place, 2);
    put(reader, map, "field", field, place);
    put(reader, map, "within", within, place);
    weft_node_put(state->quality, "freshness", place, map);
}

static void put_retention(struct weft_odcs_state *state, const char *keep, const char *field,
                          struct weft_place place, struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    struct weft_node *retention = weft_node_map(reader, place, 1);
    struct weft_node *rows = weft_node_map(reader, place, 2);
    put(reader, rows, "field", field, place);
    put(reader, rows, "keep", keep, place);
    if (field == NULL)
        put(reader, retention, "age", keep, place);
    else
        weft_node_put(retention, "rows", place, rows);
    weft_node_put(product, "retention", place, retention);
}

void weft_odcs_read_sla(struct weft_odcs_state *state, const struct weft_node *root,
                        struct weft_node *product)
{
    struct weft_reader *reader = state->reader;
    const struct weft_node *list = weft_node_get(root, "slaProperties");
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const struct weft_node *level = list->items[i];
        const struct weft_node *value = weft_node_get(level, "value");
        const char *property = weft_node_get_text(level, "property");
        const char *unit = unit_of(weft_node_get_text(level, "unit"));
        const char *field = field_of(state, weft_node_get_text(level, "element"));
        if (property == NULL)
            continue;
        bool fresh = word_in("latency|ly|freshness", property) &&
                     weft_node_get(state->quality, "freshness") == NULL;
        bool keep =
            word_in("retention|re", property) && weft_node_get(product, "retention") == NULL;
        bool known = (fresh || keep) && unit != NULL && weft_node_is_number(value) &&
                     strspn(value->text, "0123456789") == strlen(value->text);
        field = is_time(product, field) ? field : NULL;
        if (known && fresh)
            put_freshness(state, weft_reader_format(reader, "%s%s", value->text, unit), field,
                          level->place);
        else if (known)
            put_retention(state, weft_reader_format(reader, "%s%s", value->text, unit), field,
                          level->place, product);
        else
            weft_odcs_tell(state, WEFT_SEVERITY_NOTE, level->place,
                           fresh || keep ? "write a whole number and a unit: d, h, m, s, w, y"
                                         : NULL,
                           "the service level `%.60s` is kept, and not measured", property);
    }
}
