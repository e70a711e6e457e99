/*
 * markdown.c - a plan as a comment on a pull request: GitHub's and GitLab's Markdown.
 *
 * Texts from files stand in code spans or are escaped, so that they cannot become markup.
 */
#include "plan/plan.h"

#include <string.h>

/* Hosts refuse comments of more than 65,536 characters. */
#define MARKDOWN_MAX 50000       /* then no further product is begun */
#define MARKDOWN_REACHED_MAX 100 /* rows of one item */
#define MARKDOWN_TEXT_MAX 200

/* Text of a table cell: one line, nothing of it markup. */
static void put_text(struct weft_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r')
            weft_buf_addc(out, ' ');
        else if (*at == '<')
            weft_buf_adds(out, "&lt;");
        else if (*at == '&')
            weft_buf_adds(out, "&amp;");
        else {
            if (strchr("\\`*_[]|#@!", *at) != NULL)
                weft_buf_addc(out, '\\');
            weft_buf_addc(out, *at);
        }
    }
}

/* A code span. A bar would end the cell even there, unless it is escaped, and behind a backslash of
 * the text it would not be; a backtick would end the span; an empty span is none. Hosts link no
 * names that stand in one. */
static void put_code(struct weft_buf *out, const char *text)
{
    size_t length = strlen(text), shown = WEFT_MIN(length, MARKDOWN_TEXT_MAX);
    while (shown < length && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    weft_buf_adds(out, length == 0 ? "` " : "`");
    for (size_t i = 0; i < shown; i++) {
        if (text[i] == '|')
            weft_buf_adds(out, i > 0 && text[i - 1] == '\\' ? " \\|" : "\\|");
        else if (text[i] == '`')
            weft_buf_addc(out, '\'');
        else
            weft_buf_addc(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
    }
    weft_buf_adds(out, shown < length ? "...`" : "`");
}

static void changes_put(const struct weft_plan_item *item, struct weft_buf *out)
{
    if (item->changes.count == 0)
        return;
    weft_buf_adds(out, "\n| change | before | after | class | why |\n|---|---|---|---|---|\n");
    size_t shown = 0;
    for (; shown < item->changes.count && out->length < MARKDOWN_MAX; shown++) {
        const struct weft_change *change = &item->changes.items[shown];
        weft_buf_adds(out, "| ");
        put_code(out, change->path);
        weft_buf_adds(out, " | ");
        if (change->before != NULL)
            put_code(out, change->before);
        weft_buf_adds(out, " | ");
        if (change->after != NULL)
            put_code(out, change->after);
        bool breaking = change->change_class == WEFT_CHANGE_BREAKING;
        weft_buf_addf(out, " | %s%s%s | %s |\n", breaking ? "**" : "",
                      weft_change_class_name(change->change_class), breaking ? "**" : "",
                      change->reason);
    }
    if (shown < item->changes.count)
        weft_buf_addf(out, "\nand %zu more changes: `weft plan` names all.\n",
                      item->changes.count - shown);
}

static void reached_row(const struct weft_book *book, const struct weft_plan_item *item,
                        const struct weft_plan_reached *reached, struct weft_buf *out)
{
    struct weft_buf path;
    weft_buf_init(&path, 1 << 20);
    weft_plan_path_print(book, reached, &path);
    weft_buf_adds(out, "| ");
    put_code(out, weft_book_name(book, reached->item));
    weft_buf_adds(out, " | ");
    if (reached->owner != NULL)
        put_code(out, reached->owner);
    weft_buf_adds(out, " | ");
    put_code(out, reached->change == WEFT_PLAN_NO_CHANGE
                      ? "retired"
                      : item->changes.items[reached->change].path);
    weft_buf_adds(out, " | ");
    if (reached->check != NULL)
        put_code(out, reached->check);
    weft_buf_adds(out, " | ");
    put_code(out, path.data);
    weft_buf_adds(out, " |\n");
    weft_buf_release(&path);
}

static void reached_put(const struct weft_book *book, const struct weft_plan_item *item,
                        struct weft_buf *out)
{
    if (item->reached_count == 0)
        return;
    weft_buf_adds(out, "\nReaches:\n\n| product | owner | by | check | path |\n"
                       "|---|---|---|---|---|\n");
    size_t shown = 0;
    while (shown < WEFT_MIN(item->reached_count, MARKDOWN_REACHED_MAX) &&
           out->length < MARKDOWN_MAX)
        reached_row(book, item, &item->reached[shown++], out);
    if (item->reached_count > shown)
        weft_buf_addf(out, "\nand %zu more: `weft plan --json` names all.\n",
                      item->reached_count - shown);
}

static void told_put(const char *label, const char *text, struct weft_buf *out)
{
    if (text == NULL)
        return;
    weft_buf_addf(out, "\n%s", label);
    put_text(out, text);
    weft_buf_addc(out, '\n');
}

static void item_put(const struct weft_book *book, const struct weft_plan_item *item,
                     struct weft_buf *out)
{
    weft_buf_addf(out, "\n### %s ", weft_plan_action_name(item->action));
    put_code(out, item->full_name);
    const char *version = item->product == NULL ? item->version_before : item->product->version;
    if (item->version_before != NULL && strcmp(version, item->version_before) != 0)
        weft_buf_addf(out, " %s to", item->version_before);
    weft_buf_addf(out, " %s\n", version);
    told_put("Was ", item->was, out);
    changes_put(item, out);
    reached_put(book, item, out);
    told_put("", item->gone, out);
    told_put("", item->note, out);
    told_put("Warning: ", item->warning, out);
    told_put("", item->offer, out);
    told_put("**Refused**: ", item->refused, out);
    if (item->refused != NULL)
        told_put("", item->refused_hint, out);
}

void weft_plan_markdown(const struct weft_plan *plan, struct weft_buf *out)
{
    weft_buf_adds(out, "## Plan of ");
    put_code(out, plan->book.mesh->name);
    weft_buf_adds(out, ", environment ");
    put_code(out, plan->book.mesh->environment->name);
    weft_buf_adds(out, "\n\n");
    weft_plan_sum(plan, out);
    weft_buf_adds(out, plan->refused > 0 || plan->policy_refused != NULL
                           ? "; **it cannot be applied**.\n"
                           : ".\n");
    size_t shown = 0;
    while (shown < plan->count && out->length < MARKDOWN_MAX)
        item_put(&plan->book, &plan->items[shown++], out);
    if (shown < plan->count)
        weft_buf_addf(out, "\nand %zu more products: `weft plan` names all.\n",
                      plan->count - shown);
    if (plan->grants != NULL && out->length < MARKDOWN_MAX)
        weft_buf_addf(out, "\nWhat is lacking, as `policies/grants.yaml`:\n\n```yaml\n%s```\n",
                      plan->grants);
    for (size_t i = 0; i < plan->offer_count && out->length < MARKDOWN_MAX; i++)
        told_put("", plan->offers[i], out);
    if (out->length < MARKDOWN_MAX)
        weft_plan_policies_markdown(plan, out);
}
