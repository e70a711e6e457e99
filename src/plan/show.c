/*
 * show.c - a plan as people read it: + added, ~ changed, - retired; and as rows for programs.
 */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

static enum weft_style action_style(enum weft_plan_action action)
{
    static const enum weft_style styles[] = {WEFT_STYLE_ADDED, WEFT_STYLE_CHANGED,
                                             WEFT_STYLE_REMOVED, WEFT_STYLE_PLAIN};
    return styles[action];
}

static const struct weft_input *port_find(const struct weft_product *product, const char *name)
{
    for (size_t i = 0; product != NULL && i < product->input_count; i++) {
        if (strcmp(product->inputs[i].name, name) == 0)
            return &product->inputs[i];
    }
    return NULL;
}

static int reads_show(const struct weft_book_item *item, struct weft_out *out,
                      struct weft_error *error)
{
    for (size_t i = 0; i < item->product->input_count; i++) {
        const struct weft_input *input = &item->product->inputs[i];
        if (input->kind != WEFT_INPUT_PRODUCT)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "      reads %s%s%s%s",
                                   input->files != NULL ? input->files : input->name,
                                   input->connection != NULL ? " over " : "",
                                   input->connection != NULL ? input->connection : "",
                                   input->read == WEFT_READ_NEW ? " (what is new)" : ""));
    }
    for (size_t i = 0; i < item->read_count; i++) {
        const struct weft_book_read *read = &item->reads[i];
        const struct weft_input *port = read->is_port ? port_find(item->product, read->name) : NULL;
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "      reads %s@%d%s%s%s",
                               read->full_name, read->major,
                               port != NULL && port->read == WEFT_READ_NEW ? " (what is new)" : "",
                               read->deferred_to != NULL ? ", deferred to " : "",
                               read->deferred_to != NULL ? read->deferred_to : ""));
        if (read->kept != NULL)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "        of it: %s", read->kept));
    }
    return 0;
}

static int fields_show(const char *const *names, size_t count, struct weft_out *out,
                       struct weft_error *error)
{
    if (count == 0)
        return weft_out_line(out, WEFT_STYLE_PLAIN, error, "      fields: detected when it runs");
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, 8192);
    for (size_t i = 0; i < count && i < 12; i++)
        weft_buf_addf(&line, "%s%s", i == 0 ? "" : ", ", names[i]);
    if (count > 12)
        weft_buf_addf(&line, ", and %zu more", count - 12);
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "      %zu field%s: %s", count,
                         count == 1 ? "" : "s", line.data);
}

/* Of a changed product: what it reads now and did not before, and the other way round. */
static int pins_show(const struct weft_book_item *item, struct weft_out *out,
                     struct weft_error *error)
{
    const struct weft_registered_reads *before = &item->digest->reads;
    for (size_t i = 0; i < item->read_count; i++) {
        bool there = false;
        for (size_t j = 0; j < before->count; j++)
            there = there || (strcmp(before->items[j].full_name, item->reads[i].full_name) == 0 &&
                              before->items[j].major == item->reads[i].major);
        if (!there)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_ADDED, error, "      + reads %s@%d",
                                   item->reads[i].full_name, item->reads[i].major));
    }
    for (size_t j = 0; j < before->count; j++) {
        bool there = false;
        for (size_t i = 0; i < item->read_count; i++)
            there = there || (strcmp(before->items[j].full_name, item->reads[i].full_name) == 0 &&
                              before->items[j].major == item->reads[i].major);
        if (!there)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_REMOVED, error, "      - reads %s@%d",
                                   before->items[j].full_name, before->items[j].major));
    }
    return 0;
}

static int added_show(const struct weft_book_item *item, struct weft_out *out,
                      struct weft_error *error)
{
    const struct weft_product *product = item->product;
    WEFT_TRY(reads_show(item, out, error));
    const char **names =
        weft_alloc_array(product->schema.count + item->column_count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    size_t count = 0;
    for (; count < product->schema.count; count++)
        names[count] = product->schema.items[count].name;
    for (size_t i = 0; product->schema.count == 0 && i < item->column_count; i++)
        names[count++] = item->columns[i].name;
    int rc = fields_show(names, count, out, error);
    weft_free(names);
    return rc;
}

/* Of a text of several lines only the first that differs, so that a change stays one line. */
static int lines_show(const struct weft_change *change, struct weft_out *out,
                      struct weft_error *error)
{
    const char *before = change->before, *after = change->after;
    int line = 1;
    for (size_t length; *before != '\0' && *after != '\0'; line++) {
        length = strcspn(before, "\n");
        if (length != strcspn(after, "\n") || strncmp(before, after, length) != 0)
            break;
        before += length + (before[length] != '\0');
        after += length + (after[length] != '\0');
    }
    return weft_out_line(out, WEFT_STYLE_CHANGED, error, "      ~ %s, line %d: %.*s -> %.*s   (%s)",
                         change->path, line, (int)strcspn(before, "\n"), before,
                         (int)strcspn(after, "\n"), after,
                         weft_change_class_name(change->change_class));
}

static int change_show(const struct weft_change *change, struct weft_out *out,
                       struct weft_error *error)
{
    if (change->before == NULL)
        return weft_out_line(out, WEFT_STYLE_ADDED, error, "      + %s: %s   (%s)", change->path,
                             change->after, weft_change_class_name(change->change_class));
    if (change->after == NULL)
        return weft_out_line(out, WEFT_STYLE_REMOVED, error, "      - %s: %s   (%s)", change->path,
                             change->before, weft_change_class_name(change->change_class));
    if (strchr(change->before, '\n') != NULL && strchr(change->after, '\n') != NULL)
        return lines_show(change, out, error);
    return weft_out_line(out, WEFT_STYLE_CHANGED, error, "      ~ %s: %s -> %s   (%s)",
                         change->path, change->before, change->after,
                         weft_change_class_name(change->change_class));
}

static int refused_show(const struct weft_plan_item *item, struct weft_out *out,
                        struct weft_error *error)
{
    char place[64] = "";
    if (item->refused_place.line > 0)
        snprintf(place, sizeof place, ":%d:%d: ", item->refused_place.line,
                 item->refused_place.column);
    bool hint = item->refused_hint != NULL && item->lack_count == 0;
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_BAD, error, "      refused: %s%s%s%s%s",
                           place[0] == '\0' ? "" : item->refused_file, place, item->refused,
                           hint ? "; " : "", hint ? item->refused_hint : ""));
    return weft_plan_lacks_show(item, out, error);
}

static int item_show(const struct weft_book *book, const struct weft_plan_item *item,
                     struct weft_out *out, struct weft_error *error)
{
    static const char marks[] = {'+', '~', '-', ' '};
    const char *version = item->product == NULL ? item->version_before : item->product->version;
    const char *behind = item->product == NULL ? item->gone : item->product->file;
    WEFT_TRY(weft_out_line(out, action_style(item->action), error, "  %c %s %s   %s%s%s",
                           marks[item->action], item->full_name, version, behind,
                           item->was == NULL ? "" : "   was ", item->was == NULL ? "" : item->was));
    if (item->action == WEFT_PLAN_ADD)
        WEFT_TRY(added_show(&book->items[item->item], out, error));
    for (size_t i = 0; i < item->changes.count; i++) {
        WEFT_TRY(change_show(&item->changes.items[i], out, error));
        WEFT_TRY(weft_plan_reached_show(book, item, i, out, error));
    }
    if (item->action == WEFT_PLAN_RETIRE)
        WEFT_TRY(weft_plan_reached_show(book, item, WEFT_PLAN_NO_CHANGE, out, error));
    if (item->action == WEFT_PLAN_CHANGE)
        WEFT_TRY(pins_show(&book->items[item->item], out, error));
    if (item->at_once && item->refused == NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error,
                               "      no row changes: in force as soon as it is registered"));
    if (item->because != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                               "      before its sunset, because: %s", item->because));
    if (item->note != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "      %s", item->note));
    if (item->warning != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "      %s", item->warning));
    if (item->offer != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "      %s", item->offer));
    return item->refused == NULL ? 0 : refused_show(item, out, error);
}

static void item_json(const struct weft_book *book, const struct weft_plan_item *item,
                      struct weft_json_writer *json)
{
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", item->full_name);
    weft_json_member_int(json, "major", item->major);
    weft_json_member_text(json, "action", weft_plan_action_name(item->action));
    weft_json_member_text(json, "version", item->product == NULL ? NULL : item->product->version);
    weft_json_member_text(json, "version_before", item->version_before);
    weft_json_member_text(json, "was", item->was);
    weft_json_member_text(json, "file", item->product == NULL ? NULL : item->product->file);
    weft_json_key(json, "changes");
    weft_json_begin_array(json);
    for (size_t i = 0; i < item->changes.count; i++) {
        const struct weft_change *change = &item->changes.items[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "path", change->path);
        weft_json_member_text(json, "before", change->before);
        weft_json_member_text(json, "after", change->after);
        weft_json_member_text(json, "class", weft_change_class_name(change->change_class));
        weft_json_member_text(json, "reason", change->reason);
        weft_json_member_text(json, "rule", change->rule);
        weft_json_member_text(json, "readers", weft_change_class_name(change->readers));
        weft_json_member_text(json, "writers", weft_change_class_name(change->writers));
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
    weft_plan_reached_json(book, item, json);
    weft_json_member_bool(json, "at_once", item->at_once);
    weft_json_member_text(json, "refused", item->refused);
    weft_json_member_text(json, "refused_hint", item->refused_hint);
    weft_plan_lacks_json(item, json);
    weft_json_member_text(json, "refused_file", item->refused_file);
    weft_json_member_int(json, "refused_line", item->refused_place.line);
    weft_json_member_int(json, "refused_column", item->refused_place.column);
    weft_json_member_text(json, "gone", item->gone);
    weft_json_member_text(json, "because", item->because);
    weft_json_member_text(json, "warning", item->warning);
    weft_json_member_text(json, "note", item->note);
    weft_json_member_text(json, "offer", item->offer);
    weft_book_reads_json(&book->items[item->item], json);
    weft_json_end_object(json);
}

void weft_plan_json(const struct weft_plan *plan, struct weft_json_writer *json)
{
    weft_json_begin_array(json);
    for (size_t i = 0; i < plan->count; i++)
        item_json(&plan->book, &plan->items[i], json);
    weft_plan_policies_json(plan, json);
    for (size_t i = 0; i < plan->dependency_count; i++) {
        weft_json_begin_object(json);
        weft_json_member_text(json, "action", "confirm");
        weft_json_member_text(json, "domain", plan->dependencies[i].domain);
        weft_json_member_text(json, "product", plan->dependencies[i].product);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

static int plan_json(const struct weft_plan *plan, struct weft_out *out, struct weft_error *error)
{
    struct weft_buf buf;
    weft_buf_init(&buf, (size_t)1 << 28);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_plan_json(plan, &json);
    int rc = weft_out_json(out, &buf, error);
    weft_buf_release(&buf);
    return rc;
}

void weft_plan_sum(const struct weft_plan *plan, struct weft_buf *out)
{
    size_t policies[3] = {0};
    for (size_t i = 0; i < plan->policy_count; i++)
        policies[plan->policies[i].kind]++;
    weft_buf_addf(out, "%zu to add, %zu to change, %zu to retire, %zu unchanged", plan->added,
                  plan->changed, plan->retired, plan->kept);
    if (plan->policy_count > 0)
        weft_buf_addf(out, "; policies: %zu to add, %zu to change, %zu to drop", policies[0],
                      policies[1], policies[2]);
    if (plan->team_count > 0)
        weft_buf_addf(out, "; teams: %zu to change", plan->team_count);
}

/* What is refused is not promised. */
static int sum_show(const struct weft_plan *plan, struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    bool refused = plan->refused > 0 || plan->policy_refused != NULL;
    weft_plan_sum(plan, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_line(out, refused ? WEFT_STYLE_BAD : WEFT_STYLE_TITLE, error,
                         refused ? "Refused, nothing of it is done: %s." : "Plan: %s.", text.data);
}

int weft_plan_show(const struct weft_plan *plan, struct weft_out *out, struct weft_error *error)
{
    if (!out->for_people)
        return plan_json(plan, out, error);
    for (size_t i = 0; i < plan->offer_count; i++)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "  %s", plan->offers[i]));
    if (!weft_plan_changes(plan) && plan->kept == 0 && plan->book.mesh->product_count == 0) {
        weft_out_note(out, WEFT_PLAN_EMPTY);
        return 0;
    }
    if (plan->policy_note != NULL)
        weft_out_note(out, "%s", plan->policy_note);
    if (!weft_plan_changes(plan))
        return weft_out_line(out, WEFT_STYLE_PLAIN, error,
                             "Nothing to change: %zu product%s as registered.", plan->kept,
                             plan->kept == 1 ? " is" : "s are");
    for (size_t i = 0; i < plan->count; i++)
        WEFT_TRY(item_show(&plan->book, &plan->items[i], out, error));
    WEFT_TRY(weft_plan_policies_show(plan, out, error));
    WEFT_TRY(weft_plan_again_show(plan, out, error));
    WEFT_TRY(weft_plan_needs_show(plan, out, error));
    WEFT_TRY(weft_plan_grants_show(plan, out, error));
    return sum_show(plan, out, error);
}
