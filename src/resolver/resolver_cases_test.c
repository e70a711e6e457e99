/*
 * resolver_cases_test.c - the differential test: every statement of cases/legal.sql gives the same
 * columns, types and rows through the resolver as in plain DuckDB on the same data; and every one
 * of cases/refused.sql is refused with the words, place and hint that stand before it.
 *
 * Columns that a statement does not say it reads (for audit and lineage) may be null without any
 * change of its answer.
 *
 * A name as argument runs only the cases whose first line holds it. WEFT_CASES_FIRST=1 ends at the
 * first difference (for the mutation test).
 */
#include "base/mem.h"
#include "base/test_support.h"
#include "base/text.h"
#include "resolver/resolver_lab.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define CASES_MAX 1000
#define ANSWER_MAX (16 * 1024 * 1024)
#define LEGAL_MIN 300

static const char *only; /* part of a case's first line; NULL = all */

static int setup(void **state)
{
    *state = resolver_lab_new();
    return 0;
}

static int teardown(void **state)
{
    resolver_lab_free(*state);
    return 0;
}

/* ---- answers ---- */

struct answer {
    struct weft_buf head; /* names and types */
    struct weft_buf text; /* rows, each ends with a zero byte */
    const char **rows;
    size_t count;
    bool failed;
};

static void answer_release(struct answer *answer)
{
    weft_buf_release(&answer->head);
    weft_buf_release(&answer->text);
    weft_free(answer->rows);
}

static void answer_fail(struct answer *answer, const char *why, const struct weft_error *error)
{
    answer->failed = true;
    weft_buf_clear(&answer->head);
    weft_buf_addf(&answer->head, "%s %s: %s", why, weft_code_name(error->code), error->message);
}

static void answer_rows(struct answer *answer)
{
    answer->rows = weft_alloc_array(answer->count, sizeof(char *));
    const char *at = answer->text.data;
    for (size_t i = 0; i < answer->count; i++) {
        answer->rows[i] = at;
        at += strlen(at) + 1;
    }
}

static void answer_read(struct answer *answer, struct weft_result *result)
{
    struct weft_error error = WEFT_ERROR_INIT;
    size_t columns = weft_result_column_count(result);
    for (size_t i = 0; i < columns; i++)
        weft_buf_addf(&answer->head, "%s: %s|", weft_result_column_name(result, i),
                      weft_result_column_type_name(result, i));
    int rc;
    while ((rc = weft_result_row(result, &error)) == 0) {
        for (size_t i = 0; i < columns; i++)
            weft_buf_addf(&answer->text, "%s%s|", weft_result_is_null(result, i) ? "~" : "",
                          weft_result_text(result, i));
        weft_buf_addc(&answer->text, 0);
        answer->count++;
    }
    if (rc < 0)
        answer_fail(answer, "failed", &error);
    else
        answer_rows(answer);
}

static struct answer answer_plain(struct resolver_lab *lab, const struct resolver_case *item)
{
    struct answer answer = {0};
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&answer.head, ANSWER_MAX);
    weft_buf_init(&answer.text, ANSWER_MAX);
    if (weft_engine_query(lab->plain, item->plain == NULL ? item->sql : item->plain, item->params,
                          item->param_count, &result, &error) < 0)
        answer_fail(&answer, "failed", &error);
    else
        answer_read(&answer, result);
    return answer;
}

static struct answer answer_resolved(struct resolver_lab *lab, const struct resolver_case *item,
                                     struct weft_arena *arena, struct weft_resolved *resolved)
{
    struct answer answer = {0};
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&answer.head, ANSWER_MAX);
    weft_buf_init(&answer.text, ANSWER_MAX);
    if (weft_resolve(lab->engine, arena, item->sql, strlen(item->sql), &lab->options, resolved,
                     &error) < 0)
        answer_fail(&answer, "refused", &error);
    else if (weft_resolved_query(lab->engine, resolved, item->params, item->param_count, &result,
                                 &error) < 0)
        answer_fail(&answer, "failed", &error);
    else
        answer_read(&answer, result);
    return answer;
}

static int row_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ORDER BY outside of brackets and quotes. */
static bool is_ordered(const char *sql)
{
    int depth = 0;
    for (; *sql != 0; sql++) {
        if (*sql == '\'' || *sql == '"') {
            const char *close = strchr(sql + 1, *sql);
            if (close == NULL)
                return false;
            sql = close;
        }
        depth += (*sql == '(' || *sql == '[') - (*sql == ')' || *sql == ']');
        if (depth == 0 && strncasecmp(sql, "order by ", 9) == 0)
            return true;
    }
    return false;
}

static bool same_rows(struct answer *ours, struct answer *theirs, bool ordered, size_t *at)
{
    if (!ordered && ours->count > 1)
        qsort(ours->rows, ours->count, sizeof(char *), row_compare);
    if (!ordered && theirs->count > 1)
        qsort(theirs->rows, theirs->count, sizeof(char *), row_compare);
    for (*at = 0; *at < ours->count && *at < theirs->count; (*at)++)
        if (strcmp(ours->rows[*at], theirs->rows[*at]) != 0)
            return false;
    return ours->count == theirs->count;
}

static const char *row_text(const struct answer *answer, size_t at)
{
    return at < answer->count ? answer->rows[at] : "(no more rows)";
}

/* With the columns null that it does not say it reads it answers the same. */
static bool case_used(struct resolver_lab *lab, const struct resolver_case *item,
                      const struct weft_resolved *resolved, struct answer *ours, bool ordered)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolved again;
    lab->poison = resolved;
    WEFT_CLEANUP(answer_release) struct answer read = answer_resolved(lab, item, arena, &again);
    lab->poison = NULL;
    size_t at = 0;
    if (!read.failed && same_rows(ours, &read, ordered, &at))
        return true;
    print_error(
        "%s:%d: %s\n%s\n  reads more than it says: %s\n  row %zu: %.300s\n  and: %.300s\n\n",
        item->file, item->line, item->about, item->sql, read.failed ? read.head.data : "", at + 1,
        row_text(ours, at), row_text(&read, at));
    return false;
}

static bool case_same(struct resolver_lab *lab, const struct resolver_case *item)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolved resolved = {0};
    WEFT_CLEANUP(answer_release) struct answer theirs = answer_plain(lab, item);
    WEFT_CLEANUP(answer_release) struct answer ours = answer_resolved(lab, item, arena, &resolved);
    size_t at = 0;
    bool ordered = is_ordered(item->sql);
    bool heads = strcmp(ours.head.data, theirs.head.data) == 0;
    if (heads && !ours.failed && !theirs.failed && same_rows(&ours, &theirs, ordered, &at))
        return resolved.source_count == 0 || case_used(lab, item, &resolved, &ours, ordered);
    print_error("%s:%d: %s\n%s\n", item->file, item->line, item->about, item->sql);
    if (!heads || ours.failed)
        print_error("  ours:   %s\n  DuckDB: %s\n\n", ours.head.data, theirs.head.data);
    else
        print_error("  %zu and %zu rows; row %zu\n  ours:   %.300s\n  DuckDB: %.300s\n\n",
                    ours.count, theirs.count, at + 1, row_text(&ours, at), row_text(&theirs, at));
    return false;
}

static bool case_wanted(const struct resolver_case *item)
{
    return only == NULL || strstr(item->about, only) != NULL;
}

/* 1 where it failed; the first failure may be all that is wanted. */
static size_t failed(bool good)
{
    if (!good && getenv("WEFT_CASES_FIRST") != NULL)
        _exit(1);
    return good ? 0 : 1;
}

static void test_legal(void **state)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct resolver_case *cases = weft_arena_array(arena, CASES_MAX, sizeof(*cases));
    size_t count = resolver_cases_read(arena, "cases/legal.sql", cases, CASES_MAX);
    size_t bad = 0;
    assert_true(count >= LEGAL_MIN);
    for (size_t i = count; i-- > 0;) /* backwards: the subtle ones stand at the end */
        bad += failed(!case_wanted(&cases[i]) || case_same(*state, &cases[i]));
    print_message("%zu statements\n", count);
    assert_int_equal(bad, 0);
}

/* ---- refusals ---- */

/* "code line:column message -- hint", without the hint where there is none. */
static void refusal_text(const struct weft_error *error, struct weft_buf *out)
{
    weft_buf_addf(out, "%s %d:%d %s", weft_code_name(error->code), error->line, error->column,
                  error->message);
    if (error->hint[0] != 0)
        weft_buf_addf(out, " -- %s", error->hint);
}

static bool case_refused(struct resolver_lab *lab, const struct resolver_case *item)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_resolved resolved;
    struct weft_resolve_options options = lab->options;
    options.deterministic = item->plain != NULL; /* "--plain product" */
    weft_buf_init(&text, ANSWER_MAX);
    if (weft_resolve(lab->engine, arena, item->sql, strlen(item->sql), &options, &resolved,
                     &error) < 0)
        refusal_text(&error, &text);
    else if (weft_resolved_query(lab->engine, &resolved, item->params, item->param_count, &result,
                                 &error) < 0)
        refusal_text(&error, &text);
    else if (weft_result_row(result, &error) < 0) {
        weft_engine_error_for_people(&resolved, &error);
        refusal_text(&error, &text);
    } else
        weft_buf_adds(&text, "an answer");
    if (strcmp(text.data, item->about) == 0 && error.line > 0)
        return true;
    print_error("%s:%d: %s\n  was:    %s\n  wanted: %s\n\n", item->file, item->line, item->sql,
                text.data, item->about);
    return false;
}

static void test_refused(void **state)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct resolver_case *cases = weft_arena_array(arena, CASES_MAX, sizeof(*cases));
    size_t count = resolver_cases_read(arena, "cases/refused.sql", cases, CASES_MAX);
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += failed(!case_wanted(&cases[i]) || case_refused(*state, &cases[i]));
    print_message("%zu refusals\n", count);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_legal),
    };
    only = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, setup, teardown);
}
