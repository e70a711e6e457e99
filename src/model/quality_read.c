/*
 * quality_read.c - `quality:`: reading it, and its rules.
 */
#include "model/product_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static enum weft_on_fail table_on_fail(const struct weft_node *node)
{
    return weft_on_fail_of(weft_node_get(node, "on_fail"), WEFT_ON_FAIL_BLOCK);
}

static void completeness_check(struct weft_draft *draft, struct weft_completeness *items,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct weft_completeness *one = &items[i];
        if (one->min < 0)
            weft_reader_mistake(draft->reader, one->place, "write `min: 0.95`",
                                "a completeness has no `min`");
        if (one->field != NULL)
            weft_draft_has_field(draft, one->field, one->place, "`completeness`");
        for (size_t j = 0; j < i; j++) {
            const char *a = items[j].field, *b = one->field;
            if ((a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0))
                weft_reader_mistake(draft->reader, one->place, NULL,
                                    "the completeness of %s%s%s stands twice", b ? "`" : "",
                                    b ? b : "every field", b ? "`" : "");
        }
    }
}

/* By field, so that a map and a list give one document; that of every field comes first. */
static void completeness_sort(struct weft_completeness *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct weft_completeness one = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].field != NULL &&
               (one.field == NULL || strcmp(items[at - 1].field, one.field) > 0);
             at--)
            items[at] = items[at - 1];
        items[at] = one;
    }
}

static void read_completeness(struct weft_draft *draft, struct weft_node *node)
{
    struct weft_reader *reader = draft->reader;
    struct weft_quality *quality = &draft->product->quality;
    if (node == NULL || node->wrong || node->kind == WEFT_NODE_NULL)
        return;
    size_t max = node->kind == WEFT_NODE_VALUE ? 1 : node->count;
    if (max > WEFT_DOCUMENT_COLUMNS_MAX) {
        weft_reader_mistake(reader, node->place, NULL,
                            "`completeness` has %zu entries; at most %d are allowed", max,
                            WEFT_DOCUMENT_COLUMNS_MAX);
        return;
    }
    struct weft_completeness *items = weft_reader_alloc(reader, max, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < max; i++) {
        const struct weft_node *item = node->kind == WEFT_NODE_VALUE ? node : node->items[i];
        bool bare = item->kind == WEFT_NODE_VALUE;
        if (item->wrong || (!bare && item->kind != WEFT_NODE_MAP))
            continue;
        const char *field = weft_node_get_text(item, "field");
        const struct weft_node *min = bare ? item : weft_node_get(item, "min");
        items[count++] = (struct weft_completeness){
            .field = node->kind == WEFT_NODE_MAP ? node->keys[i] : field,
            .min = min != NULL && min->wrong ? 0 : weft_node_share(min, -1),
            .on_fail = table_on_fail(item),
            .place = node->kind == WEFT_NODE_MAP ? node->places[i] : item->place,
        };
    }
    if (items == NULL)
        return;
    completeness_check(draft, items, count);
    completeness_sort(items, count);
    quality->completeness = items;
    quality->completeness_count = count;
}

static void read_freshness(struct weft_draft *draft, struct weft_node *node)
{
    struct weft_quality *quality = &draft->product->quality;
    if (node == NULL || node->wrong)
        return;
    if (node->kind != WEFT_NODE_MAP) {
        quality->freshness_us = weft_node_duration(node, 0);
        return;
    }
    struct weft_node *field = weft_node_get(node, "field");
    quality->freshness_us = weft_node_duration(weft_node_get(node, "within"), 0);
    quality->freshness_field = weft_node_text(field);
    if (weft_node_get(node, "within") == NULL)
        weft_reader_mistake(draft->reader, node->place, "write `within: 24h`",
                            "`freshness` does not say within which time");
    if (quality->freshness_field == NULL ||
        !weft_draft_has_field(draft, quality->freshness_field, field->place, "`freshness`"))
        return;
    const struct weft_field *found =
        weft_fields_find(&draft->product->schema, quality->freshness_field);
    if (found != NULL && found->type->kind != WEFT_TYPE_DATE &&
        found->type->kind != WEFT_TYPE_TIMESTAMP && found->type->kind != WEFT_TYPE_TIMESTAMPTZ)
        weft_reader_mistake(draft->reader, field->place, NULL,
                            "`freshness` needs a date or a timestamp; `%s` is neither",
                            found->name);
}

static struct weft_rows_rule read_rows(struct weft_draft *draft, struct weft_node *node)
{
    struct weft_rows_rule rule = {
        .min = weft_node_count(weft_node_get(node, "min"), -1),
        .max = weft_node_count(weft_node_get(node, "max"), -1),
        .change = weft_node_share(weft_node_get(node, "change"), -1),
        .on_fail = table_on_fail(node),
    };
    if (node == NULL)
        return rule;
    rule.place = node->place;
    if (rule.min >= 0 && rule.max >= 0 && rule.min > rule.max)
        weft_reader_mistake(draft->reader, weft_node_key_place(node, "min"), NULL,
                            "`min` is larger than `max`: no number of rows passes");
    return rule;
}

static void read_check(struct weft_draft *draft, struct weft_node *node, struct weft_check *check)
{
    struct weft_reader *reader = draft->reader;
    struct weft_node *condition = weft_node_get(node, "condition");
    struct weft_node *sql = weft_node_get(node, "sql");
    struct weft_node *on_fail = weft_node_get(node, "on_fail");
    const struct weft_node *text = condition != NULL ? condition : sql;
    *check = (struct weft_check){
        .name = weft_node_get_text(node, "name"),
        .condition = weft_node_text(condition),
        .sql = condition == NULL ? weft_node_text(sql) : NULL,
        .description = weft_node_get_text(node, "description"),
        .on_fail =
            weft_on_fail_of(on_fail, sql != NULL ? WEFT_ON_FAIL_BLOCK : WEFT_ON_FAIL_QUARANTINE),
        .place = text == NULL ? node->place : text->text_place,
        .indent = text == NULL ? 0 : text->indent,
    };
    if (check->name == NULL) {
        if (weft_node_get(node, "name") == NULL)
            weft_reader_mistake(reader, node->place, "write `name: ...`: reports speak of it",
                                "a check has no name");
        check->name = "";
    }
    if (condition == NULL && sql == NULL)
        weft_reader_mistake(reader, node->place, "write `condition:` (a row rule) or `sql:`",
                            "the check `%s` checks nothing", check->name);
    if (condition != NULL && sql != NULL)
        weft_reader_mistake(reader, sql->place, "make two checks of it",
                            "the check `%s` has both a `condition` and `sql`", check->name);
    if (sql != NULL && weft_node_text(on_fail) != NULL && check->on_fail == WEFT_ON_FAIL_QUARANTINE)
        weft_reader_mistake(reader, on_fail->place, "choose from block, warn",
                            "a check by `sql` speaks of the whole table and cannot quarantine");
}

/* SQL that ends in blanks or `;` is the same SQL: a block text and a file end in a line feed. */
static const char *sql_trim(struct weft_reader *reader, const char *sql)
{
    size_t length = sql == NULL ? 0 : strlen(sql);
    size_t keep = length;
    while (keep > 0 && strchr(" \t\r\n", sql[keep - 1]) != NULL)
        keep--;
    return keep == length ? sql : weft_reader_format(reader, "%.*s", (int)keep, sql);
}

static void read_checks(struct weft_draft *draft, struct weft_node *list)
{
    struct weft_quality *quality = &draft->product->quality;
    if (list == NULL || list->wrong || list->kind != WEFT_NODE_LIST)
        return;
    struct weft_check *checks = weft_reader_alloc(draft->reader, list->count, sizeof *checks);
    size_t count = 0;
    for (size_t i = 0; checks != NULL && i < list->count; i++) {
        if (list->items[i]->kind != WEFT_NODE_MAP)
            continue;
        struct weft_check *check = &checks[count++];
        read_check(draft, list->items[i], check);
        check->condition = sql_trim(draft->reader, check->condition);
        check->sql = sql_trim(draft->reader, check->sql);
        for (size_t j = 0; j + 1 < count; j++) {
            if (check->name[0] != '\0' && strcmp(checks[j].name, check->name) == 0)
                weft_reader_mistake(draft->reader, list->items[i]->place, NULL,
                                    "the check `%s` stands twice", check->name);
        }
    }
    quality->checks = checks;
    quality->check_count = count;
}

void weft_draft_read_quality(struct weft_draft *draft)
{
    struct weft_node *node = weft_node_get(draft->root, "quality");
    struct weft_quality *quality = &draft->product->quality;
    struct weft_node *most = weft_node_get(node, "quarantine_max");
    const struct weft_node *share = most;
    if (most != NULL && most->kind == WEFT_NODE_MAP)
        share = weft_node_get(most, "max");
    *quality = (struct weft_quality){
        .quarantine_max = weft_node_share(share, 1),
        .quarantine_max_on_fail = table_on_fail(most),
    };
    read_completeness(draft, weft_node_get(node, "completeness"));
    read_freshness(draft, weft_node_get(node, "freshness"));
    quality->rows = read_rows(draft, weft_node_get(node, "rows"));
    quality->batch = read_rows(draft, weft_node_get(node, "batch"));
    read_checks(draft, weft_node_get(node, "checks"));
}
