/*
 * decide.c - the time of a decision with many policies: bench_decide [POLICIES] [COLUMNS].
 *
 * Grants and restrictions by name, tag, classification and glob, as a mesh of 50 domains has them;
 * one product of COLUMNS columns, a third of them classified. Prints the mean of 2,000 decisions
 * and of making what is decided by.
 */
#include "trust/decide.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 2000

static const struct weft_type text_type = {.kind = WEFT_TYPE_STRING};

static void document(size_t i, char *out, size_t size)
{
    static const char *const on[] = {
        "d%zu.*",      "d%zu.patients", "tag:t%zu", "classification:c%zu.*", "d%zu.*.column_%zu",
        "domain:d%zu", "*.p%zu"};
    char selector[100];
    snprintf(selector, sizeof selector, on[i % WEFT_COUNT(on)], i % 50, i % 20);
    if (i % 2 == 0)
        snprintf(out, size,
                 "{\"kind\":\"grant\",\"name\":\"p%zu\",\"to\":[\"group:g%zu\"],\"read\":[\"%s\"]}",
                 i, i % 10, selector);
    else
        snprintf(out, size,
                 "{\"kind\":\"restrict\",\"name\":\"p%zu\",\"on\":[\"%s\"],\"treat\":\"mask\","
                 "\"rows\":\"column_1 = principal.state\"}",
                 i, selector);
}

static size_t number(const char *text)
{
    int64_t value;
    return weft_parse_int64(text, strlen(text), &value) && value > 0 ? (size_t)value : 1;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? number(argv[1]) : 1000;
    size_t columns = argc > 2 ? number(argv[2]) : 100;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_policy **policies = weft_arena_array(arena, count + 1, sizeof(*policies));
    struct weft_trust_column *made = weft_arena_array(arena, columns + 1, sizeof *made);
    const char **classes = weft_arena_array(arena, columns + 1, sizeof(*classes));
    static const char *const tags[] = {"t3", "t7"};
    for (size_t i = 0; i < columns; i++) {
        classes[i] = weft_arena_format(arena, "c%zu.kind", i % 50);
        made[i] = (struct weft_trust_column){.name = weft_arena_format(arena, "column_%zu", i),
                                             .type = &text_type,
                                             .classifications = {&classes[i], i % 3 == 0}};
    }
    int64_t started = weft_clock_mono_us();
    for (size_t i = 0; i < count; i++) {
        char text[500];
        document(i, text, sizeof text);
        if (weft_policy_from_document(arena, text, &policies[i], &error) < 0)
            return fprintf(stderr, "%s: %s\n", text, error.message) > 0;
    }
    struct weft_trust *trust = NULL;
    struct weft_request request = {.principal = "group:g4", .time_us = 1};
    if (weft_trust_of_policies(NULL, 1, policies, count, &trust, &error) < 0 ||
        weft_trust_know(trust, NULL, request.principal, &error) < 0)
        return fprintf(stderr, "%s\n", error.message) > 0;
    int64_t loaded = weft_clock_mono_us();
    struct weft_trust_subject subject = {.full_name = "d4.patients",
                                         .domain = "d4",
                                         .major = 1,
                                         .tags = {tags, 2},
                                         .discoverable = "mesh",
                                         .columns = made,
                                         .column_count = columns};
    size_t reasons = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct weft_decision decision;
        struct weft_arena *own = weft_arena_new(0);
        if (own == NULL || weft_trust_decide(trust, &request, &subject, own, &decision, &error) < 0)
            return fprintf(stderr, "%s\n", error.message) > 0;
        reasons = decision.reason_count;
        weft_arena_free(own);
    }
    int64_t ended = weft_clock_mono_us();
    printf("%zu policies, %zu columns: %.3f ms to read all, %.4f ms a decision (%zu rules spoke)\n",
           count, columns, (double)(loaded - started) / 1e3,
           (double)(ended - loaded) / 1e3 / ROUNDS, reasons);
    weft_trust_free(trust);
    weft_arena_free(arena);
    return 0;
}
