/*
 * schedule_test.c - several products in the order of what they read: order, lanes, skips, Ctrl-C,
 * circles.
 */
#include "flow/run_test_support.h"

#include "base/process.h"
#include "flow/schedule.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEMS_MAX 32

struct watch {
    struct fixture *f;
    const struct weft_schedule_item *items;
    size_t ended[ITEMS_MAX];
    enum weft_schedule_state states[ITEMS_MAX];
    enum weft_run_state outcomes[ITEMS_MAX];
    char messages[ITEMS_MAX][1024];
    size_t count;
    int at_once;
    size_t stop_after; /* 0 = never */
};

static int watch_ended(void *arg, const struct weft_schedule_ended *ended, struct weft_error *error)
{
    struct watch *watch = arg;
    assert_int_equal(__atomic_add_fetch(&watch->at_once, 1, __ATOMIC_SEQ_CST), 1);
    watch->states[ended->item] = ended->state;
    if (ended->state == WEFT_SCHEDULE_RAN)
        watch->outcomes[ended->item] = ended->report->outcome->state;
    else
        snprintf(watch->messages[ended->item], sizeof watch->messages[0], "%s",
                 ended->error->message);
    watch->ended[watch->count++] = ended->item;
    usleep(1000);
    __atomic_sub_fetch(&watch->at_once, 1, __ATOMIC_SEQ_CST);
    if (watch->count == watch->stop_after)
        return weft_error_set(error, WEFT_E_IO, "the door is closed");
    return 0;
}

static void watch_progress(void *arg, size_t item, const struct weft_progress *progress)
{
    struct watch *watch = arg;
    (void)item;
    assert_int_equal(__atomic_add_fetch(&watch->at_once, 1, __ATOMIC_SEQ_CST), 1);
    assert_string_equal(progress->stage, "reading");
    __atomic_sub_fetch(&watch->at_once, 1, __ATOMIC_SEQ_CST);
}

/* Item i reads the items whose letters stand in needs[i]; those without read files. */
static void items_make(struct fixture *f, const char *const *needs, size_t count,
                       struct weft_schedule_item *items)
{
    for (size_t i = 0; i < count; i++) {
        struct weft_registered_read reads[ITEMS_MAX];
        char name[8] = {(char)('a' + i)};
        size_t n = strlen(needs[i]);
        size_t *places = weft_arena_array(f->arena, n + 1, sizeof *places);
        WEFT_CLEANUP(weft_buf_release) struct weft_buf more;
        weft_buf_init(&more, 4096);
        if (n == 0)
            weft_buf_adds(&more, READ_NEW);
        else
            weft_buf_adds(&more, "write: replace\ninputs:\n");
        for (size_t k = 0; k < n; k++) {
            const char *port = weft_arena_format(f->arena, "p%zu", k);
            const char *full = weft_arena_format(f->arena, "health.%c", needs[i][k]);
            weft_buf_addf(&more, "  %s: {product: %s}\n", port, full);
            reads[k] = (struct weft_registered_read){port, true, full, 1};
            places[k] = (size_t)(needs[i][k] - 'a');
        }
        if (n > 1)
            weft_buf_adds(&more, "sql: select id from p0\n");
        registered_reads(f, contract(f, name, "1.0.0", more.data), reads, n);
        items[i] = (struct weft_schedule_item){weft_arena_format(f->arena, "health.%s", name), 1,
                                               places, n};
    }
}

static int go(struct fixture *f, const struct weft_schedule_item *items, size_t count, int threads,
              struct watch *watch)
{
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    o.threads = threads;
    o.memory_bytes = (int64_t)1 << 30;
    struct weft_schedule schedule = {.items = items,
                                     .count = count,
                                     .options = &o,
                                     .arg = watch,
                                     .progress = watch_progress,
                                     .ended = watch_ended};
    watch->f = f;
    watch->items = items;
    weft_error_clear(&f->error);
    return weft_schedule_do(f->ledger, &schedule, &f->error);
}

static size_t place_of(const struct watch *watch, size_t item)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->ended[i] == item)
            return i;
    }
    fail_msg("item %zu did not end", item);
    return 0;
}

static void order_holds(const struct watch *watch, const struct weft_schedule_item *items,
                        size_t count)
{
    assert_int_equal(watch->count, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < items[i].need_count; k++)
            assert_true(place_of(watch, items[i].needs[k]) < place_of(watch, i));
    }
}

/* A diamond on a diamond, beside a product that nobody reads. */
static const char *const diamonds[] = {"", "a", "a", "bc", "", "de", "d", "fg", "aa", ""};

static void runs_in_order(void **state)
{
    struct fixture *f = *state;
    struct weft_schedule_item items[ITEMS_MAX];
    size_t count = WEFT_COUNT(diamonds);
    items_make(f, diamonds, count, items);
    put_file(f, "a.csv", "one\ntwo\n");
    for (int threads = 1; threads <= 4; threads++) {
        struct watch watch = {0};
        char name[32], text[32];
        snprintf(name, sizeof name, "n%d.csv", threads);
        snprintf(text, sizeof text, "new %d\n", threads);
        put_file(f, name, text);
        OK(go(f, items, count, threads, &watch));
        order_holds(&watch, items, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(watch.states[i], WEFT_SCHEDULE_RAN);
            assert_int_equal(watch.outcomes[i], WEFT_RUN_PUBLISHED);
        }
        holds(f);
    }
    assert_int_equal(rows_of(f, "health.a"), 6);
    assert_int_equal(rows_of(f, "health.h"), 3 * 6 + 2 * 6); /* f: d (2 x 6) and e; g: d */
    struct watch watch = {0};
    OK(go(f, items, count, 2, &watch));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(watch.outcomes[i], WEFT_RUN_NOTHING_NEW);
}

/* a, b <- a, c <- b, d (apart), e <- c and d */
static const char *const chain[] = {"", "a", "b", "", "cd"};

static void what_depends_is_skipped(void **state)
{
    struct fixture *f = *state;
    struct weft_schedule_item items[ITEMS_MAX];
    items_make(f, chain, WEFT_COUNT(chain), items);
    put_file(f, "a.csv", "one\n");
    for (int threads = 1; threads <= 2; threads++) {
        struct watch watch = {0};
        char name[32];
        snprintf(name, sizeof name, "n%d.csv", threads);
        put_file(f, name, name);
        setenv("WEFT_TEST_SCENARIO", "blocked@a", 1);
        OK(go(f, items, WEFT_COUNT(chain), threads, &watch));
        unsetenv("WEFT_TEST_SCENARIO");
        assert_int_equal(watch.count, WEFT_COUNT(chain)); /* e need not wait for d */
        assert_int_equal(watch.outcomes[0], WEFT_RUN_BLOCKED);
        assert_int_equal(watch.outcomes[3], WEFT_RUN_PUBLISHED);
        assert_int_equal(watch.states[1], WEFT_SCHEDULE_SKIPPED);
        assert_string_equal(watch.messages[1], "skipped: reads health.a@1, whose run was blocked: "
                                               "rows.min: 3 rows, 1000 at least");
        assert_string_equal(watch.messages[2],
                            "skipped: reads health.b@1, skipped because the run of health.a@1 was "
                            "blocked: rows.min: 3 rows, 1000 at least");
        assert_int_equal(watch.states[4], WEFT_SCHEDULE_SKIPPED);
    }
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE state = 'skipped' AND error = "
                               "'blocked'"),
                     6);
    assert_string_equal(text_of(f, "SELECT because FROM flow_runs WHERE product = 'health.b'"),
                        "reads health.a@1, whose run was blocked");
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_messages WHERE text LIKE 'skipped: %'"),
                     6);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM entries WHERE body LIKE '%1000 at least%'"),
                     0);
    /* A worker that dies is a cause as well; then all of it goes through. */
    struct watch watch = {0};
    setenv("WEFT_TEST_SCENARIO", "crash@a", 1);
    OK(go(f, items, WEFT_COUNT(chain), 2, &watch));
    unsetenv("WEFT_TEST_SCENARIO");
    assert_int_equal(watch.states[0], WEFT_SCHEDULE_FAILED);
    assert_non_null(strstr(watch.messages[1], "reads health.a@1, whose run failed: "));
    watch = (struct watch){0};
    OK(go(f, items, WEFT_COUNT(chain), 2, &watch));
    for (size_t i = 0; i < WEFT_COUNT(chain); i++)
        assert_int_equal(watch.outcomes[i], i == 3 ? WEFT_RUN_NOTHING_NEW : WEFT_RUN_PUBLISHED);
    holds(f);
}

static void refuses_circles(void **state)
{
    struct fixture *f = *state;
    static const size_t one[] = {1}, two[] = {2}, zero[] = {0};
    const struct weft_schedule_item items[] = {{"health.a", 1, one, 1},
                                               {"health.b", 1, two, 1},
                                               {"health.c", 1, zero, 1},
                                               {"health.reports", 1, NULL, 0}};
    struct watch watch = {0};
    assert_int_equal(go(f, items, 4, 2, &watch), -1);
    assert_int_equal(f->error.code, WEFT_E_REFUSED);
    assert_int_equal(watch.count, 0);
    OK(go(f, items, 0, 2, &watch));
}

static void stops_when_told(void **state)
{
    struct fixture *f = *state;
    struct weft_schedule_item items[ITEMS_MAX];
    items_make(f, diamonds, WEFT_COUNT(diamonds), items);
    put_file(f, "a.csv", "one\n");
    struct watch watch = {.stop_after = 2};
    assert_int_equal(go(f, items, WEFT_COUNT(diamonds), 2, &watch), -1);
    assert_string_equal(f->error.message, "the door is closed");
    assert_true(watch.count <= 3); /* one more was at work */
    holds(f);
}

/* An unknown product is one that failed. */
static void unknown_item(void **state)
{
    struct fixture *f = *state;
    static const size_t zero[] = {0};
    const struct weft_schedule_item items[] = {{"health.nowhere", 1, NULL, 0},
                                               {"health.reports", 1, zero, 1}};
    struct watch watch = {0};
    OK(go(f, items, 2, 2, &watch));
    assert_int_equal(watch.states[0], WEFT_SCHEDULE_FAILED);
    assert_int_equal(watch.states[1], WEFT_SCHEDULE_SKIPPED);
    assert_non_null(strstr(watch.messages[1], "there is no product"));
    holds(f);
}

/* Ctrl-C: what runs ends, nothing is started, nothing stays. */
static void cancelled(void **state)
{
    struct fixture *f = *state;
    struct weft_schedule_item items[ITEMS_MAX];
    items_make(f, diamonds, WEFT_COUNT(diamonds), items);
    put_file(f, "a.csv", "one\n");
    pid_t pid = fork();
    if (pid == 0) {
        struct fixture other = {.dir = f->dir};
        struct watch watch = {0};
        setenv("WEFT_TEST_SCENARIO", "hang", 1);
        start(&other, f->dir, NULL);
        weft_process_catch_signals();
        int rc = go(&other, items, WEFT_COUNT(diamonds), 2, &watch);
        _exit(rc < 0 && watch.count == 0 ? (int)other.error.code : 99);
    }
    leases_wait(f, 2);
    kill(pid, SIGINT);
    assert_int_equal(asker_wait(pid), WEFT_E_CANCELLED);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs WHERE error = 'cancelled'"), 2);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM flow_runs"), 2);
    holds(f);
    struct watch watch = {0};
    OK(go(f, items, WEFT_COUNT(diamonds), 2, &watch));
    order_holds(&watch, items, WEFT_COUNT(diamonds));
}

struct torture {
    struct fixture *f;
    struct weft_schedule schedule;
};

static int torture_go(void *arg, struct weft_error *error)
{
    struct torture *torture = arg;
    return weft_schedule_do(torture->f->ledger, &torture->schedule, error);
}

static int torture_ended(void *arg, const struct weft_schedule_ended *ended,
                         struct weft_error *error)
{
    (void)arg;
    if (ended->state == WEFT_SCHEDULE_RAN)
        return 0;
    *error = *ended->error;
    return -1;
}

/* Nothing new everywhere, so no worker is started; in one lane, for the order of allocations. */
static void memory_runs_out(void **state)
{
    struct fixture *f = *state;
    struct weft_schedule_item items[ITEMS_MAX];
    static const char *const needs[] = {"", "a", "ab"};
    items_make(f, needs, 3, items);
    put_file(f, "a.csv", "one\n");
    struct watch watch = {0};
    OK(go(f, items, 3, 1, &watch));
    struct weft_run_options o = options(f, WEFT_JOB_RUN);
    o.threads = 1;
    /* Without the first, whose files only a worker can look at. */
    struct weft_schedule_item rest[2] = {items[1], items[2]};
    static const size_t first[] = {0};
    rest[0].need_count = 0;
    rest[1].needs = first;
    rest[1].need_count = 1;
    struct torture torture = {f,
                              {.items = rest, .count = 2, .options = &o, .ended = torture_ended}};
    assert_true(weft_test_torture(torture_go, &torture) > 200);
    holds(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(what_depends_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_circles, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_when_told, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_item, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, setup, teardown),
    };
    return run_test_main(argc, argv, tests, WEFT_COUNT(tests));
}
