/*
 * policies.c - the cost of a secured query: bench_policies FILE [ROWS] [RUNS] [KIND].
 *
 * Makes FILE (Parquet, sorted by id) when it is not there. Each statement is run as weft resolves
 * it under a policy, and as DuckDB runs it with the same predicate and masks written by hand, in
 * turn; statements are resolved before, both are prepared each time. Prints the best of RUNS of
 * both in ms and their ratio, and the ratio of the processor's time, which tells more on a machine
 * that has other work.
 */
#include "base/clock.h"
#include "base/text.h"
#include "engine/protect.h"
#include "resolver/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MB (INT64_C(1) << 20)

enum policy { MASKS, ROWS };

struct statement {
    enum policy policy;
    const char *kind; /* what the limit is by */
    const char *sql;  /* of `people` */
};

static const struct statement statements[] = {
    {MASKS, "masks", "select count(*) from p.people"},
    {MASKS, "masks", "select state, count(*), sum(visits) from p.people group by state"},
    {MASKS, "masks", "select sum(income), min(income), max(born) from p.people"},
    {MASKS, "masks", "select max(zip), count(distinct born) from p.people where income > 50000"},
    {MASKS, "masks", "select max(name) from p.people"},
    {MASKS, "masks", "select name, zip from p.people where id = 7654321"},
    {ROWS, "plain", "select count(*) from p.people"},
    {ROWS, "plain",
     "select state, count(*), sum(visits), avg(weight) from p.people group by state"},
    {ROWS, "plain", "select count(*) from p.people where visits > 50 and state in ('ON', 'BC')"},
    {ROWS, "plain", "select id, visits from p.people order by visits desc, id limit 10"},
    {ROWS, "plain", "select max(zip) from p.people where zip like '9%'"},
    {ROWS, "plain", "select income, count(*) from p.people group by income"},
    {ROWS, "barrier", "select visits % 10, count(*) from p.people group by 1"},
    {ROWS, "barrier", "select sum(weight * 1.5), avg(visits / 7) from p.people"},
    {ROWS, "barrier", "select substr(zip, 1, 2), count(*) from p.people group by 1"},
    {ROWS, "barrier", "select count(*) from p.people where weight / 3 > visits::double"},
    {ROWS, "barrier",
     "select state, sum(income / 12) from p.people where length(zip) + 1 > 3 group "
     "by state"},
    {ROWS, "barrier", "select count(*) from p.people where try_cast(zip as int) > 50000"},
    {ROWS, "look-up", "select name, zip from p.people where id = 7654321"},
    {ROWS, "look-up", "select name, zip || '' from p.people where id = 7654321"},
    {ROWS, "look-up", "select sum(weight * 2) from p.people where id between 7000000 and 7000100"},
    {ROWS, "look-up", "select sum(visits + 1) from p.people where id in (5, 5000000, 9000000)"},
};

static const struct weft_operand quebec = {.kind = WEFT_OPERAND_TEXT, .text = "QC"};
static const struct weft_condition not_quebec = {.kind = WEFT_CONDITION_COMPARE,
                                                 .op = WEFT_NOT_EQUAL,
                                                 .column = "state",
                                                 .operands = &quebec,
                                                 .operand_count = 1};
static const struct weft_treatment mask = {.kind = WEFT_TREAT_MASK};
static const struct weft_treatment hundreds = {.kind = WEFT_TREAT_ROUND, .number = 100};
static const struct weft_treatment year = {.kind = WEFT_TREAT_TRUNCATE_TIME, .text = "year"};
static const struct weft_treatment three = {.kind = WEFT_TREAT_TRUNCATE, .number = 3};
static const struct weft_treatment fixed = {.kind = WEFT_TREAT_FIXED, .text = "withheld"};

static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
static const struct weft_type type_date = {.kind = WEFT_TYPE_DATE};
static const struct weft_relation_column columns[] = {
    {"id", &type_long, 1, NULL, false},       {"state", &type_string, 2, NULL, false},
    {"name", &type_string, 3, &mask, false},  {"zip", &type_string, 4, NULL, false},
    {"visits", &type_long, 5, NULL, false},   {"income", &type_long, 6, &hundreds, false},
    {"weight", &type_double, 7, NULL, false}, {"born", &type_date, 8, &year, false},
    {"ssn", &type_string, 9, &fixed, false},  {"city", &type_string, 10, &three, false}};

static const char by_hand[] =
    "(SELECT id, state, regexp_replace(name, '([[:alnum:]])[[:alnum:]]*', '\\1***', 'g') AS name, "
    "zip, visits, CAST(round(income / 100.0) * 100 AS BIGINT) AS income, weight, "
    "CAST(date_trunc('year', born) AS DATE) AS born, 'withheld' AS ssn, left(city, 3) AS city FROM "
    "read_parquet('%s')%s) AS people";

static struct weft_engine *engine;
static struct weft_arena *arena;
static struct weft_error error = WEFT_ERROR_INIT;
static const char *files[1];
static enum policy policy;

static void must(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s %s\n", error.message, error.detail);
    exit(1);
}

static int people(void *arg, struct weft_arena *of, const struct weft_resolve_name *name,
                  struct weft_relation *out, struct weft_error *ignored)
{
    (void)arg;
    (void)of;
    (void)name;
    (void)ignored;
    *out = (struct weft_relation){.product = "p.people",
                                  .columns = columns,
                                  .column_count = WEFT_COUNT(columns),
                                  .files = files,
                                  .file_count = 1,
                                  .plain = true,
                                  .rows = policy == ROWS ? &not_quebec : NULL};
    return 0;
}

static double processor_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6;
}

static double run(const char *sql, double *processor)
{
    struct weft_result *result = NULL;
    duckdb_data_chunk chunk;
    int64_t began = weft_clock_mono_us();
    double spent = processor_ms();
    must(weft_engine_query(engine, sql, NULL, 0, &result, &error));
    int rc;
    while ((rc = weft_result_next(result, &chunk, &error)) == 0)
        continue;
    must(rc == WEFT_END ? 0 : rc);
    weft_result_close(result);
    *processor = WEFT_MIN(*processor, processor_ms() - spent);
    return (double)(weft_clock_mono_us() - began) / 1000.0;
}

static const char *hand_text(const char *sql)
{
    const char *at = strstr(sql, "p.people");
    const char *where = policy == ROWS ? " WHERE state <> 'QC'" : "";
    size_t size = sizeof(by_hand) + strlen(files[0]) + strlen(where);
    char *table = malloc(size);
    snprintf(table, size, by_hand, files[0], where);
    const char *text =
        weft_arena_format(arena, "%.*s%s%s", (int)(at - sql), sql, table, at + strlen("p.people"));
    free(table);
    return text;
}

static void measure(const struct statement *one, int runs)
{
    struct weft_resolve_options options = {.resolve = people, .principal = "user:ann"};
    struct weft_resolved resolved;
    double weft = 1e9, hand = 1e9, weft_spent = 1e9, hand_spent = 1e9;
    policy = one->policy;
    must(weft_resolve(engine, arena, one->sql, strlen(one->sql), &options, &resolved, &error));
    const char *text = hand_text(one->sql);
    for (int i = 0; i < runs; i++) {
        double ours = run(resolved.sql, &weft_spent);
        double theirs = run(text, &hand_spent);
        weft = WEFT_MIN(weft, ours);
        hand = WEFT_MIN(hand, theirs);
    }
    bool barrier = strstr(resolved.sql, "current_connection_id") != NULL;
    printf("%s\t%.1f\t%.1f\t%.3f\t%.3f\t%s\t%s\n", one->kind, weft, hand, weft / hand,
           weft_spent / hand_spent, barrier ? "barrier" : "-", one->sql);
    fflush(stdout);
}

static void make(const char *rows)
{
    const char *sql = weft_arena_format(
        arena,
        "COPY (SELECT i AS id, ['ON', 'QC', 'BC', 'AB', 'MB', 'SK', 'NS', 'NB', 'NL', "
        "'PE'][(hash(i) "
        "%% 10)::BIGINT + 1] AS state, 'Name' || hash(i) %% 100000 || ' ' || 'Family' || hash(i + "
        "1) %% "
        "50000 AS name, lpad((hash(i + 2) %% 100000)::VARCHAR, 5, '0') AS zip, (hash(i + 3) %% "
        "100)::BIGINT AS visits, (hash(i + 4) %% 200000)::BIGINT AS income, (hash(i + 5) %% 1000) "
        "/ "
        "7.0 AS weight, DATE '1930-01-01' + (hash(i + 6) %% 30000)::INT AS born, (hash(i + 7) %% "
        "1000000000)::VARCHAR AS ssn, 'city' || hash(i) %% 5000 AS city FROM range(%s) t(i)) TO "
        "'%s' (FORMAT parquet, COMPRESSION zstd)",
        rows, files[0]);
    must(weft_engine_exec(engine, sql, NULL, &error));
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    files[0] = argv[1];
    int64_t runs = 7;
    if (argc > 3 && !weft_parse_int64(argv[3], strlen(argv[3]), &runs))
        return 2;
    arena = weft_arena_new(0);
    const char *slash = strrchr(argv[1], '/');
    const char *folder =
        slash == NULL ? "." : weft_arena_format(arena, "%.*s", (int)(slash - argv[1]), argv[1]);
    const char *folders[] = {folder};
    struct weft_engine_config config = {.memory_bytes = 2048 * MB,
                                        .threads = 2,
                                        .folders = folders,
                                        .folder_count = 1,
                                        .keep_order = true};
    must(weft_engine_open(&config, &engine, &error));
    must(weft_engine_protect(engine, "a key for the bench", 19, &error));
    if (access(files[0], R_OK) != 0)
        make(argc > 2 ? argv[2] : "10000000");
    must(weft_engine_seal(engine, &error));
    for (size_t i = 0; i < WEFT_COUNT(statements); i++)
        if (argc <= 4 || strcmp(argv[4], statements[i].kind) == 0)
            measure(&statements[i], (int)runs);
    weft_engine_close(engine);
    weft_arena_free(arena);
    return 0;
}
