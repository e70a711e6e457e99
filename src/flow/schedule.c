/*
 * schedule.c - which item may start, and who runs it (schedule.h).
 *
 * One mutex guards the state of the items, another one the callbacks; a run holds neither. A lane
 * that finds nothing ready waits until another lane's item ends. The lanes' worker processes die
 * with their thread (PR_SET_PDEATHSIG), so a thread ends its worker before it ends.
 */
#include "flow/schedule.h"

#include "base/process.h"
#include "flow/schedule_internal.h"

#include <pthread.h>
#include <string.h>

#define LANES_MAX 64
#define LANE_MEMORY_MIN ((int64_t)128 << 20)
#define ITEM_ARENA_MAX ((size_t)1 << 30)

struct board {
    const struct weft_schedule *schedule;
    struct weft_arena *arena; /* of the board's arrays; not used by lanes */
    struct schedule_order order;
    struct schedule_place *places;
    size_t *ready; /* in the order in which they became so */
    size_t ready_count;
    size_t open;    /* items that have not ended */
    size_t running; /* items */
    size_t lane_count;
    bool stopped;
    struct weft_error error; /* why it was stopped */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_mutex_t telling;
};

struct lane {
    struct board *board;
    struct weft_ledger *ledger;
    struct weft_worker *worker;
    struct weft_run_trust *trust;
    size_t item;   /* at work */
    size_t beside; /* items that may run at the same time, with it */
    pthread_t thread;
};

/* ---- the board: with its lock held ---- */

static void board_stop(struct board *board, const struct weft_error *why)
{
    if (!board->stopped)
        board->error = *why;
    board->stopped = true;
    pthread_cond_broadcast(&board->changed);
}

static void ready_add(struct board *board, size_t item)
{
    board->places[item].state = SCHEDULE_READY;
    board->ready[board->ready_count++] = item;
}

/* The item that most wait for, one after the other: what ends last should not begin last. Of equal
 * ones the first that became ready. */
static size_t ready_pick(struct board *board)
{
    const size_t *chain = board->order.chain;
    size_t at = 0;
    for (size_t i = 1; i < board->ready_count; i++)
        if (chain[board->ready[i]] > chain[board->ready[at]])
            at = i;
    size_t item = board->ready[at];
    board->ready_count--;
    memmove(board->ready + at, board->ready + at + 1,
            (board->ready_count - at) * sizeof *board->ready);
    return item;
}

/* Waits until an item is ready. False: there is nothing more to do. */
static bool ready_take(struct lane *lane)
{
    struct board *board = lane->board;
    while (!board->stopped && board->ready_count == 0 && board->running > 0)
        pthread_cond_wait(&board->changed, &board->lock);
    if (board->stopped || board->ready_count == 0)
        return false;
    lane->item = ready_pick(board);
    board->running++;
    lane->beside = WEFT_MIN(board->running + board->ready_count, board->lane_count);
    return true;
}

/* What the end of an item changes for those that need it. Skipped ones are put into `skipped`. */
static void item_ended(struct board *board, size_t item, bool good, size_t *skipped,
                       size_t *skipped_count)
{
    size_t from = *skipped_count;
    board->running--;
    board->open--;
    schedule_settle(&board->order, board->places, item, good, skipped, skipped_count);
    board->open -= *skipped_count - from;
    const size_t *dependants = NULL;
    size_t count = schedule_dependants(&board->order, item, &dependants);
    for (size_t i = 0; good && i < count; i++) {
        if (board->places[dependants[i]].state == SCHEDULE_FREE)
            ready_add(board, dependants[i]);
    }
    pthread_cond_broadcast(&board->changed);
}

/* ---- telling ---- */

static void lane_progress(void *arg, const struct weft_progress *progress)
{
    struct lane *lane = arg;
    const struct weft_schedule *schedule = lane->board->schedule;
    if (schedule->progress == NULL)
        return;
    pthread_mutex_lock(&lane->board->telling);
    schedule->progress(schedule->arg, lane->item, progress);
    pthread_mutex_unlock(&lane->board->telling);
}

static void lane_waiting(void *arg, const char *who)
{
    struct lane *lane = arg;
    const struct weft_schedule *schedule = lane->board->schedule;
    if (schedule->waiting == NULL)
        return;
    pthread_mutex_lock(&lane->board->telling);
    schedule->waiting(schedule->arg, lane->item, who);
    pthread_mutex_unlock(&lane->board->telling);
}

static int ended_tell(struct board *board, const struct weft_schedule_ended *ended,
                      struct weft_error *error)
{
    if (board->schedule->ended == NULL)
        return 0;
    pthread_mutex_lock(&board->telling);
    int rc = board->schedule->ended(board->schedule->arg, ended, error);
    pthread_mutex_unlock(&board->telling);
    return rc;
}

/* ---- one item ---- */

static int product_get(struct lane *lane, struct weft_arena *arena, struct weft_registered *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    const struct weft_schedule_item *item = &lane->board->schedule->items[lane->item];
    WEFT_TRY(weft_ledger_begin_read(lane->ledger, &txn, error));
    int rc = weft_catalog_product(txn, arena, item->full_name, item->major, 0, out, error);
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product `%s` in this home",
                       item->full_name);
        return weft_error_hint(error, "`weft apply` registers what a checkout has");
    }
    return rc;
}

/* Memory is divided for good: what one has, no other one may take. Threads are handed out twice
 * over, as a run waits for the disk or for its last thread again and again, and one that began
 * beside a small one stays alone with what it got. */
static void options_set(struct lane *lane, struct weft_run_options *out)
{
    struct board *board = lane->board;
    *out = *board->schedule->options;
    int64_t memory = out->memory_bytes > 0
                         ? out->memory_bytes
                         : weft_settings_number(out->settings, WEFT_SETTING_MEMORY);
    int64_t threads =
        out->threads > 0 ? out->threads : weft_settings_number(out->settings, WEFT_SETTING_THREADS);
    int64_t share = lane->beside == 1 ? 1 : (int64_t)board->lane_count;
    int64_t beside = (int64_t)lane->beside;
    out->memory_bytes = memory / share;
    out->threads = (int)WEFT_MIN((2 * threads + beside - 1) / beside, threads);
    out->worker = lane->worker;
    out->trust = lane->trust;
    out->worker_last = board->schedule->count == 1;
    out->progress = lane_progress;
    out->progress_arg = lane;
    out->waiting = lane_waiting;
}

/* Runs it and tells its end. False: it was neither published nor had it nothing new. */
static int item_run(struct lane *lane, struct schedule_cause *cause, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(ITEM_ARENA_MAX);
    struct weft_registered product;
    struct weft_run_options options;
    struct weft_run_report report;
    struct weft_error own = WEFT_ERROR_INIT;
    struct weft_schedule_ended ended = {
        .item = lane->item, .state = WEFT_SCHEDULE_FAILED, .error = &own};
    if (arena == NULL)
        return weft_error_nomem(error);
    options_set(lane, &options);
    int rc = product_get(lane, arena, &product, &own);
    if (rc == 0) {
        ended.product = &product;
        rc = weft_run(lane->ledger, arena, &product, &options, &report, &own);
    }
    if (rc < 0 && own.code == WEFT_E_CANCELLED) {
        *error = own;
        return -1;
    }
    if (rc == 0) {
        ended.state = WEFT_SCHEDULE_RAN;
        ended.report = &report;
        ended.error = NULL;
        own = report.outcome->error;
    }
    schedule_cause_set(cause, &ended, &own);
    return ended_tell(lane->board, &ended, error);
}

static int skipped_tell(struct lane *lane, const size_t *items, size_t count,
                        struct weft_error *error)
{
    struct board *board = lane->board;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(ITEM_ARENA_MAX);
    if (count == 0)
        return 0;
    struct schedule_skip *skips =
        arena == NULL ? NULL : weft_arena_array(arena, count, sizeof *skips);
    if (skips == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        schedule_skip_set(&skips[i], board->schedule->items, board->places, items[i]);
    /* They are skipped, whether or not that can be written down. */
    struct weft_error why = WEFT_ERROR_INIT;
    int recorded = schedule_skips_record(lane->ledger, arena, board->schedule, skips, count, &why);
    for (size_t i = 0; i < count; i++) {
        struct weft_schedule_ended ended = {
            .item = items[i], .state = WEFT_SCHEDULE_SKIPPED, .error = &skips[i].error};
        if (recorded == 0)
            memcpy(ended.run_id, skips[i].run_id, sizeof ended.run_id);
        WEFT_TRY(ended_tell(board, &ended, error));
    }
    if (recorded < 0)
        *error = why;
    return recorded;
}

/* ---- lanes ---- */

static void worker_freep(struct weft_worker **worker)
{
    weft_worker_free(*worker);
}

static void lane_work(struct lane *lane)
{
    struct board *board = lane->board;
    struct weft_error error = WEFT_ERROR_INIT;
    size_t *skipped = weft_alloc_array(board->schedule->count + 1, sizeof *skipped);
    lane->trust = board->schedule->count > 1 ? weft_run_trust_new() : NULL;
    bool made = lane->trust != NULL || board->schedule->count <= 1;
    int rc = skipped == NULL || !made ? weft_error_nomem(&error) : 0;
    pthread_mutex_lock(&board->lock);
    while (rc == 0 && ready_take(lane)) {
        struct schedule_cause cause = {.good = true};
        size_t skipped_count = 0;
        pthread_mutex_unlock(&board->lock);
        rc = item_run(lane, &cause, &error);
        pthread_mutex_lock(&board->lock);
        board->places[lane->item].cause = cause;
        item_ended(board, lane->item, rc == 0 && cause.good, skipped, &skipped_count);
        pthread_mutex_unlock(&board->lock);
        if (rc == 0)
            rc = skipped_tell(lane, skipped, skipped_count, &error);
        pthread_mutex_lock(&board->lock);
    }
    if (rc < 0)
        board_stop(board, &error);
    pthread_mutex_unlock(&board->lock);
    weft_run_trust_free(lane->trust);
    weft_free(skipped);
}

static int lane_open(struct lane *lane, struct weft_error *error)
{
    const char *home = weft_ledger_home(lane->ledger);
    lane->ledger = NULL; /* that was the caller's */
    WEFT_TRY(weft_flow_point("schedule.lane", error));
    return weft_ledger_open(home, 0, &lane->ledger, error);
}

static void *lane_main(void *arg)
{
    struct lane *lane = arg;
    struct weft_error error = WEFT_ERROR_INIT;
    int rc = lane_open(lane, &error);
    lane->worker = weft_worker_new();
    if (rc == 0 && lane->worker == NULL)
        rc = weft_error_nomem(&error);
    if (rc == 0) {
        lane_work(lane);
    } else {
        pthread_mutex_lock(&lane->board->lock);
        board_stop(lane->board, &error);
        pthread_mutex_unlock(&lane->board->lock);
    }
    weft_worker_free(lane->worker);
    weft_ledger_close(lane->ledger);
    return NULL;
}

static int lanes_run(struct board *board, struct weft_ledger *ledger, struct weft_error *error)
{
    struct lane *lanes = weft_arena_array(board->arena, board->lane_count, sizeof *lanes);
    size_t started = 0;
    if (lanes == NULL)
        return weft_error_nomem(error);
    for (; started < board->lane_count; started++) {
        lanes[started] = (struct lane){.board = board, .ledger = ledger};
        int errnum = pthread_create(&lanes[started].thread, NULL, lane_main, &lanes[started]);
        if (errnum == 0)
            continue;
        struct weft_error why = WEFT_ERROR_INIT;
        weft_error_errno(&why, WEFT_E_WORKER, errnum, "cannot start a thread");
        pthread_mutex_lock(&board->lock);
        board_stop(board, &why);
        pthread_mutex_unlock(&board->lock);
        break;
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(lanes[i].thread, NULL);
    return 0;
}

/* One item's run has a worker of its own, or the caller's: that ends sooner than one that waits for
 * more. */
static int lane_here(struct board *board, struct weft_ledger *ledger, struct weft_error *error)
{
    struct lane lane = {.board = board, .ledger = ledger};
    WEFT_CLEANUP(worker_freep) struct weft_worker *own = NULL;
    lane.worker = board->schedule->options->worker;
    if (board->schedule->count > 1 && lane.worker == NULL) {
        lane.worker = own = weft_worker_new();
        if (own == NULL)
            return weft_error_nomem(error);
    }
    lane_work(&lane);
    return 0;
}

/* ---- all of it ---- */

static size_t lanes_wanted(const struct board *board)
{
    const struct weft_run_options *options = board->schedule->options;
    int64_t memory = options->memory_bytes > 0
                         ? options->memory_bytes
                         : weft_settings_number(options->settings, WEFT_SETTING_MEMORY);
    int64_t lanes = options->threads > 0
                        ? options->threads
                        : weft_settings_number(options->settings, WEFT_SETTING_THREADS);
    lanes = WEFT_MIN(lanes, (int64_t)board->order.width);
    lanes = WEFT_MIN(lanes, memory / LANE_MEMORY_MIN);
    return (size_t)WEFT_MAX(WEFT_MIN(lanes, (int64_t)LANES_MAX), 1);
}

static int board_make(struct board *board, struct weft_error *error)
{
    const struct weft_schedule *schedule = board->schedule;
    board->places = weft_arena_array(board->arena, schedule->count + 1, sizeof *board->places);
    board->ready = weft_arena_array(board->arena, schedule->count + 1, sizeof *board->ready);
    if (board->places == NULL || board->ready == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(schedule_order_make(board->arena, schedule->items, schedule->count, &board->order,
                                 board->places, error));
    board->open = schedule->count;
    board->lane_count = lanes_wanted(board);
    for (size_t i = 0; i < schedule->count; i++) {
        if (board->places[i].waits_for == 0)
            ready_add(board, i);
    }
    return 0;
}

int weft_schedule_do(struct weft_ledger *ledger, const struct weft_schedule *schedule,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct board board = {.schedule = schedule, .arena = arena, .error = WEFT_ERROR_INIT};
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(board_make(&board, error));
    pthread_mutex_init(&board.lock, NULL);
    pthread_cond_init(&board.changed, NULL);
    pthread_mutex_init(&board.telling, NULL);
    int rc =
        board.lane_count > 1 ? lanes_run(&board, ledger, error) : lane_here(&board, ledger, error);
    pthread_mutex_destroy(&board.telling);
    pthread_cond_destroy(&board.changed);
    pthread_mutex_destroy(&board.lock);
    WEFT_TRY(rc);
    if (!board.stopped)
        return 0;
    *error = board.error;
    return -1;
}
