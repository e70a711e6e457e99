/*
 * secure_random_test.c - random SELECTs of three readers, each compared with the same on data from
 * which the hidden was taken away or replaced by hand: a member of the domain sees all; a reader
 * sees treated columns and some rows; a reader sees groups of five patients and more, for whom what
 * weft adds is written out by hand.
 *
 * 1,000 statements of a fixed seed, 10,000 with WEFT_LONG=1; WEFT_SEED=n takes others. At least
 * 70 % of them run, half of them touch what is treated or filtered; with one treatment switched off
 * the comparison fails.
 */
#include "engine/secure_lab.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 400
#define TEXT_MAX 100000

enum reader { READER_MEMBER, READER_GUARDED, READER_GROUPS, READERS };

static struct secure_lab *lab;
static struct weft_engine *plain[READERS]; /* groups: everything, as the member's */

/* ---- chance ---- */

struct maker {
    uint64_t state;
    struct weft_buf sql;    /* as the reader writes it */
    struct weft_buf oracle; /* what is asked of the plain instance */
    int depth;
};

static unsigned chance(struct maker *maker, unsigned below)
{
    maker->state = maker->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(maker->state >> 33) % below;
}

static void put(struct maker *maker, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    weft_buf_addv(&maker->sql, format, args);
    weft_buf_addv(&maker->oracle, format, again);
    va_end(again);
    va_end(args);
}

#define PICK(maker, list) (list)[chance(maker, WEFT_COUNT(list))]

/* ---- parts ---- */

/* a: patients, v: visits, w: wards */
static const char *const a_values[] = {"a.id",
                                       "a.name",
                                       "a.ssn",
                                       "a.state",
                                       "a.born",
                                       "a.income",
                                       "a.weight",
                                       "a.visits",
                                       "a.seen",
                                       "a.label",
                                       "a.zip",
                                       "a.active",
                                       "a.code",
                                       "a.tags",
                                       "a.notes",
                                       "upper(a.name)",
                                       "length(a.zip)",
                                       "year(a.born)",
                                       "a.visits * 2",
                                       "a.id % 5",
                                       "a.name || a.zip",
                                       "a.income + 1",
                                       "coalesce(a.name, '-')",
                                       "a.visits::varchar",
                                       "left(a.ssn, 4)",
                                       "a.state in ('ON', 'QC')",
                                       "hash(a.name) % 10",
                                       "date_trunc('month', a.seen)"};
static const char *const v_values[] = {"v.id",   "v.patient_id", "v.day",         "v.ward",
                                       "v.cost", "v.remark",     "v.remark::int", "month(v.day)"};
static const char *const w_values[] = {"w.ward", "w.floor", "w.patient_id", "w.floor + 1"};

static const char *const a_plain[] = {
    "a.id < %u",
    "a.id = %u",
    "a.id between %u and 300",
    "a.id in (%u, 700000, 700006, 3, 4)",
    "a.visits > %u %% 9",
    "a.state = 'ON'",
    "a.state <> 'BC'",
    "a.state in ('QC', 'AB')",
    "a.name like 'A%%'",
    "a.name is null",
    "a.income >= %u * 100",
    "a.income = %u %% 50 * 1000",
    "a.weight < %u",
    "a.born > date '1970-06-01'",
    "a.zip = '999'",
    "a.label = 'withheld'",
    "a.active is null",
    "a.ssn is not null",
    "a.visits <= %u or a.state = 'QC'",
    "not (a.state = 'AB' and a.visits > 3)",
};
static const char *const a_complex[] = {
    "length(a.name) > %u %% 12",
    "upper(a.state) = 'ON'",
    "a.visits %% 7 = %u %% 7",
    "a.id // 50 = %u %% 8",
    "coalesce(a.name, 'x') >= 'D'",
    "(a.visits::varchar)::int > %u %% 9",
    "try_cast(a.zip as int) > 950",
    "regexp_matches(a.name, '^[A-F]')",
    "list_contains(['ON', 'QC'], a.state)",
    "a.income / 7 > %u",
    "substr(a.zip, 1, 1) = '9'",
    "(case when a.visits > 800 then 'x' else '1' end)::int = 1",
    "(case when a.state is null then 'x' else '1' end)::int = 1",
    "(case when a.id >= 700000 then a.name else '5' end)::int = 5",
    "([case when a.id >= 700000 then 'x' else '1' end]::int[])[1] = 1",
    "jaccard(coalesce(a.state, ''), 'ON') >= 0",
    "a.visits between %u %% 3 and 7",
    "contains(a.name, 'b')",
    "a.zip::int > %u",
};
static const char *const v_plain[] = {
    "v.day >= date '2020-06-01'", "v.patient_id < %u", "v.ward = 'a'",
    "v.cost > %u %% 80",          "v.remark = '3'",    "v.patient_id >= 5000"};
static const char *const v_complex[] = {"v.remark::int > %u %% 7", "month(v.day) + 0 = 3",
                                        "(case when v.patient_id >= 5000 then 'x' else '1' "
                                        "end)::int = 1",
                                        "(case when v.remark is null then 'x' else '1' end)::int "
                                        "= 1",
                                        "v.cost::int %% 2 = 0"};

static void put_format(struct maker *maker, const char *format)
{
    unsigned number = chance(maker, 400);
    put(maker, format, number); /* the formats are this file's */
}

static void put_condition(struct maker *maker, char table, bool complex)
{
    if (table == 'w')
        put(maker, "w.floor %s %u", chance(maker, 2) ? ">" : "<>", chance(maker, 6));
    else if (table == 'a')
        put_format(maker, complex ? PICK(maker, a_complex) : PICK(maker, a_plain));
    else
        put_format(maker, complex ? PICK(maker, v_complex) : PICK(maker, v_plain));
}

static const char *pick_value(struct maker *maker, char table)
{
    return table == 'a'   ? PICK(maker, a_values)
           : table == 'v' ? PICK(maker, v_values)
                          : PICK(maker, w_values);
}

static const char *put_from(struct maker *maker)
{
    static const char *const joins[] = {"join", "left join", "right join", "join", "full join"};
    switch (chance(maker, 7)) {
    case 0:
    case 1:
        put(maker, " from hospital.patients a");
        return "a";
    case 2:
        put(maker, " from hospital.visits v");
        return "v";
    case 3:
        put(maker, " from hospital.patients a %s open.wards w on a.id = w.patient_id",
            PICK(maker, joins));
        return "aw";
    case 4:
        put(maker, " from hospital.patients a %s hospital.visits v on a.id = v.patient_id",
            PICK(maker, joins));
        return "av";
    case 5:
        put(maker, " from hospital.visits v join open.wards w using (ward)");
        return "v";
    default:
        put(maker,
            " from hospital.patients a, hospital.visits v where a.id = v.patient_id and "
            "v.id < %u",
            chance(maker, 200));
        return "av+";
    }
}

static void put_where(struct maker *maker, const char *tables)
{
    bool open = strchr(tables, '+') != NULL;
    unsigned count = chance(maker, 3);
    for (unsigned i = 0; i < count; i++) {
        char table = tables[chance(maker, tables[1] != 0 && tables[1] != '+' ? 2 : 1)];
        put(maker, open ? " and " : " where ");
        open = true;
        put_condition(maker, table, i + 1 == count && chance(maker, 2) == 0);
    }
    if (chance(maker, 6) == 0)
        put(maker, "%s %s", open ? " and" : " where",
            tables[0] == 'a' ? "exists (select 1 from hospital.visits x where x.patient_id = a.id "
                               "and x.remark::int > 2)"
                             : "v.patient_id in (select y.id from hospital.patients y where "
                               "y.visits > 3 and length(y.name) > 3)");
}

/* The select list is written before FROM, so FROM is made first and put behind it. */
static void put_select(struct maker *maker, bool aggregates)
{
    static const char *const of_a[] = {"count(*)",
                                       "sum(a.visits)",
                                       "min(a.income)",
                                       "max(a.name)",
                                       "avg(a.weight)",
                                       "count(distinct a.ssn)",
                                       "count(a.zip)",
                                       "max(a.id)",
                                       "min(a.born)",
                                       "sum(a.income)",
                                       "count(distinct a.label)",
                                       "bool_and(a.active)",
                                       "max(length(a.name))"};
    static const char *const of_v[] = {"count(*)",           "sum(v.cost)",
                                       "max(v.day)",         "min(v.remark)",
                                       "sum(v.remark::int)", "count(distinct v.patient_id)"};
    struct weft_buf head = maker->sql;
    struct weft_buf oracle_head = maker->oracle;
    weft_buf_init(&maker->sql, TEXT_MAX);
    weft_buf_init(&maker->oracle, TEXT_MAX);
    const char *tables = put_from(maker);
    put_where(maker, tables);
    char *from = weft_buf_steal(&maker->sql);
    weft_buf_release(&maker->oracle);
    maker->sql = head;
    maker->oracle = oracle_head;
    unsigned count = 1 + chance(maker, 3);
    put(maker, "select %s", !aggregates && chance(maker, 8) == 0 ? "distinct " : "");
    const char *keys[3] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        char table = tables[chance(maker, tables[1] != 0 && tables[1] != '+' ? 2 : 1)];
        bool aggregate = aggregates && (i > 0 || chance(maker, 3) == 0);
        keys[i] = aggregate ? table == 'a' ? PICK(maker, of_a) : PICK(maker, of_v)
                            : pick_value(maker, table);
        put(maker, "%s%s as c%u", i == 0 ? "" : ", ", keys[i], i);
    }
    put(maker, "%s", from);
    weft_free(from);
    if (aggregates)
        put(maker, " group by all%s", chance(maker, 4) == 0 ? " having count(*) > 2" : "");
}

static void put_statement(struct maker *maker)
{
    switch (chance(maker, 8)) {
    case 0:
        put(maker, "select c0, count(*) as n from (");
        put_select(maker, false);
        put(maker, ") s group by c0");
        break;
    case 1:
        put(maker, "with s as (");
        put_select(maker, chance(maker, 2) == 0);
        put(maker, ") select * from s where c0 is not null");
        break;
    case 2:
        put(maker, "select * from (");
        put_select(maker, false);
        put(maker, ") s where length(c0::varchar) > %u", chance(maker, 5));
        break;
    case 3:
        put(maker,
            "select a.id, row_number() over (order by a.id) as r, lag(a.name) over (order by "
            "a.id) as l from hospital.patients a where ");
        put_condition(maker, 'a', chance(maker, 2) == 0);
        break;
    case 4:
        put(maker, "select a.id, (select count(*) from hospital.visits v where v.patient_id = a.id "
                   "and ");
        put_condition(maker, 'v', chance(maker, 2) == 0);
        put(maker, ") as n from hospital.patients a where a.id < %u", chance(maker, 200));
        break;
    default:
        put_select(maker, chance(maker, 2) == 0);
    }
    if (chance(maker, 4) == 0)
        put(maker, " order by all limit %u", chance(maker, 40));
}

/* ---- groups: what weft adds stands in the oracle ---- */

static const char *const group_keys[] = {
    "c.ward",        "c.test",
    "c.result",      "year(c.day)",
    "c.day",         "c.ward, c.test",
    "lower(c.ward)", "case when c.ward = 'a' then 'first' else c.test end"};
static const struct {
    const char *text;
    const char *about; /* NULL: of all rows of the group */
} group_values[] = {{"count(*)", NULL},
                    {"sum(c.value)", "c.value is not null"},
                    {"avg(c.value)", "c.value is not null"},
                    {"count(c.result)", "c.result is not null"},
                    {"count(distinct c.ward)", "c.ward is not null"},
                    {"count(*) filter (where c.result = '1')", "c.result = '1'"},
                    {"sum(c.value) filter (where c.test = 'x' and c.value > 100)",
                     "c.test = 'x' and c.value > 100 and c.value is not null"}};
static const char *const group_conditions[] = {"c.test = 'x'",
                                               "c.value > 300",
                                               "c.result in ('bad', '1')",
                                               "c.day > date '2021-01-01'",
                                               "c.ward <> 'z'",
                                               "c.ward = 'z'",
                                               "c.ward like 'a%'",
                                               "c.result = 'bad'",
                                               "not (c.ward = 'b')",
                                               "c.value between 100 and 400"};
static const char *const group_rows[] = {
    "select c.value from hospital.cells c",
    "select max(c.value) as m from hospital.cells c",
    "select sum(case when c.result = 'bad' then c.value end) as s from hospital.cells c",
    "select count(*) as n from (select * from hospital.cells) x",
    "select c.ward, list(c.value) as l from hospital.cells c group by c.ward",
    "select count(*) as n from hospital.cells c where c.result::int = 1"};

static void put_group_select(struct maker *maker)
{
    unsigned value = chance(maker, WEFT_COUNT(group_values));
    const char *key = PICK(maker, group_keys);
    bool keyed = chance(maker, 5) != 0;
    bool joined = chance(maker, 4) == 0;
    put(maker, "select ");
    if (keyed)
        put(maker, "%s, ", key);
    put(maker, "%s as n, count(*) as m from hospital.cells c", group_values[value].text);
    if (joined)
        put(maker, " join open.wards w on c.ward = w.ward");
    if (chance(maker, 2) == 0)
        put(maker, " where %s", PICK(maker, group_conditions));
    if (keyed)
        put(maker, " group by %s", key);
    bool having = chance(maker, 4) == 0;
    if (having)
        put(maker, " having count(*) > %u", chance(maker, 30));
    weft_buf_addf(&maker->oracle, " %s count(distinct c.patient_id) >= 5",
                  having ? "and" : "having");
    if (group_values[value].about != NULL)
        weft_buf_addf(&maker->oracle, " and count(distinct c.patient_id) filter (where %s) >= 5",
                      group_values[value].about);
}

static void put_group_statement(struct maker *maker)
{
    switch (chance(maker, 8)) {
    case 0:
        put(maker, "%s", PICK(maker, group_rows));
        return;
    case 1:
        put(maker, "select sum(n) as s, count(*) as k from (");
        put_group_select(maker);
        put(maker, ") s");
        return;
    case 2:
        put(maker, "with s as (");
        put_group_select(maker);
        put(maker, ") select n, m from s where m > %u", chance(maker, 30));
        return;
    case 3:
        put(maker, "select w.ward, s.n from open.wards w left join (");
        put_group_select(maker);
        put(maker, ") s on w.floor = s.m");
        return;
    default:
        put_group_select(maker);
    }
    if (chance(maker, 4) == 0)
        put(maker, " order by all limit %u", chance(maker, 4));
}

/* ---- the comparison ---- */

struct counts {
    size_t made, ran, touch, differ;
};

/* Where the plain one answers, the reader's must not fail. A member's may: which of several
 * conditions is run first, and on which rows, differs between files and tables. */
static void compare(const struct maker *maker, enum reader reader, struct counts *counts, bool tell)
{
    bool failed, plain_failed;
    char *got = secure_lab_answer(lab, maker->sql.data, &failed);
    char *expected = secure_lab_plain_answer(plain[reader], maker->oracle.data, &plain_failed);
    bool refused = failed && strncmp(got, "sql_refused", strlen("sql_refused")) == 0;
    bool equal = refused || (failed && plain_failed) ||
                 (reader == READER_MEMBER && failed != plain_failed) ||
                 (!failed && !plain_failed && strcmp(got, expected) == 0);
    counts->made++;
    counts->ran += !failed;
    counts->touch += !failed && reader != READER_MEMBER;
    counts->differ += !equal;
    if (!equal && tell)
        printf("reader %d: %s\n--- got\n%.1200s\n--- expected of %s\n%.1200s\n", (int)reader,
               maker->sql.data, got, maker->oracle.data, expected);
    if (tell && getenv("WEFT_SHOW") != NULL)
        printf("%s%s\n%.200s\n", failed ? "FAILS " : "", maker->sql.data, got);
    weft_free(got);
    weft_free(expected);
}

static void one(uint64_t seed, struct counts *counts, bool tell)
{
    struct maker maker = {.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
    weft_buf_init(&maker.sql, TEXT_MAX);
    weft_buf_init(&maker.oracle, TEXT_MAX);
    unsigned who = chance(&maker, 10);
    enum reader reader = who < 2 ? READER_MEMBER : who < 7 ? READER_GUARDED : READER_GROUPS;
    if (reader == READER_GROUPS)
        put_group_statement(&maker);
    else
        put_statement(&maker);
    const char *off = lab->off;
    if (reader == READER_MEMBER)
        lab->off = "all";
    compare(&maker, reader, counts, tell);
    lab->off = off;
    weft_buf_release(&maker.sql);
    weft_buf_release(&maker.oracle);
}

static void test_random(void **state)
{
    (void)state;
    const char *given = getenv("WEFT_SEED");
    uint64_t seed = given == NULL ? 1 : strtoull(given, NULL, 10);
    size_t many = getenv("WEFT_LONG") != NULL ? 10000 : 1000;
    struct counts counts = {0};
    for (size_t i = 0; i < many; i++)
        one(seed * 1000000 + i, &counts, counts.differ < 10);
    printf("%zu statements, %zu ran, %zu of them on what is treated or filtered, %zu differ\n",
           counts.made, counts.ran, counts.touch, counts.differ);
    assert_int_equal(counts.differ, 0);
    assert_true(counts.ran * 10 >= counts.made * 7);
    assert_true(counts.touch * 2 >= counts.made);
}

static void test_of_the_test(void **state)
{
    (void)state;
    static const char *const off[] = {"name",  "ssn",    "born", "income", "weight",
                                      "seen",  "label",  "zip",  "code",   "tags",
                                      "notes", "active", "rows", "member", "min_group"};
    for (size_t i = 0; i < WEFT_COUNT(off); i++) {
        struct counts counts = {0};
        lab->off = off[i];
        for (size_t k = 0; k < 1000 && counts.differ == 0; k++)
            one(1000000 + k, &counts, false);
        lab->off = NULL;
        if (counts.differ == 0)
            fail_msg("no statement notices that %s is switched off", off[i]);
    }
}

static int setup(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    lab = secure_lab_new(1, ROWS);
    const char *folders[] = {lab->dir};
    struct weft_engine_config config = {
        .threads = 1, .folders = folders, .folder_count = 1, .keep_order = true};
    for (size_t i = 0; i < READERS; i++) {
        if (weft_engine_open(&config, &plain[i], &error) < 0)
            return -1;
        secure_lab_plain(lab, plain[i], i != READER_GUARDED);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < READERS; i++)
        weft_engine_close(plain[i]);
    secure_lab_free(lab);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_of_the_test)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
