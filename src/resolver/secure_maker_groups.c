/*
 * secure_maker_groups.c - random SELECTs over what only groups may be seen of: cells of five
 * patients and more, doses of five patients and three doctors. What weft adds stands in the oracle.
 */
#include "resolver/secure_maker.h"

#include <stdio.h>
#include <string.h>

struct group_value {
    const char *text;
    const char *about; /* NULL: of all rows of the group */
};

struct group_table {
    const char *from;
    const char *const *enough; /* of the rows of the group; NULL at the end */
    const char *const *keys;
    size_t key_count;
    const struct group_value *values;
    size_t value_count;
    const char *const *conditions;
    size_t condition_count;
};

/* ---- cells ---- */

static const char *const cell_keys[] = {
    "c.ward",        "c.test",
    "c.result",      "year(c.day)",
    "c.day",         "c.ward, c.test",
    "lower(c.ward)", "case when c.ward = 'a' then 'first' else c.test end"};
static const struct group_value cell_values[] = {
    {"count(*)", NULL},
    {"sum(c.value)", "c.value is not null"},
    {"avg(c.value)", "c.value is not null"},
    {"count(c.result)", "c.result is not null"},
    {"count(distinct c.ward)", "c.ward is not null"},
    {"count(*) filter (where c.result = '1')", "c.result = '1'"},
    {"sum(c.value) filter (where c.test = 'x' and c.value > 100)",
     "c.test = 'x' and c.value > 100 and c.value is not null"}};
static const char *const cell_conditions[] = {"c.test = 'x'",
                                              "c.value > 300",
                                              "c.result in ('bad', '1')",
                                              "c.day > date '2021-01-01'",
                                              "c.ward <> 'z'",
                                              "c.ward = 'z'",
                                              "c.ward like 'a%'",
                                              "c.result = 'bad'",
                                              "not (c.ward = 'b')",
                                              "c.value between 100 and 400"};

/* ---- doses ---- */

static const char *const dose_keys[] = {
    "c.ward",           "c.result",      "c.dose",
    "c.ward, c.result", "upper(c.ward)", "case when c.result = 'solo' then 'one' else c.ward end"};
static const struct group_value dose_values[] = {
    {"count(*)", NULL},
    {"sum(c.dose)", "c.dose is not null"},
    {"avg(c.dose)", "c.dose is not null"},
    {"count(distinct c.result)", "c.result is not null"},
    {"approx_count_distinct(c.ward)", "c.ward is not null"},
    {"count(*) filter (where c.result = 'solo')", "c.result = 'solo'"},
    {"count(*) filter (where c.result <> 'solo')", "c.result <> 'solo'"},
    {"sum(c.dose) filter (where c.ward = 'd')", "c.ward = 'd' and c.dose is not null"}};
static const char *const dose_conditions[] = {"c.ward = 'd'",
                                              "c.ward = 'e'",
                                              "c.ward in ('a', 'd')",
                                              "c.dose > 700",
                                              "c.dose between 100 and 650",
                                              "c.result = 'solo'",
                                              "c.result <> 'solo'",
                                              "not (c.ward = 'a') and c.dose < 800"};

static const char *const cell_enough[] = {"count(distinct c.patient_id)%s >= 5", NULL};
static const char *const dose_enough[] = {"count(distinct c.patient_id)%s >= 5",
                                          "count(distinct c.doctor)%s >= 3", NULL};

static const struct group_table tables[] = {
    {"hospital.cells c", cell_enough, cell_keys, WEFT_COUNT(cell_keys), cell_values,
     WEFT_COUNT(cell_values), cell_conditions, WEFT_COUNT(cell_conditions)},
    {"hospital.doses c", dose_enough, dose_keys, WEFT_COUNT(dose_keys), dose_values,
     WEFT_COUNT(dose_values), dose_conditions, WEFT_COUNT(dose_conditions)},
};

static const char *const rows[] = {
    "select c.value from hospital.cells c",
    "select c.dose from hospital.doses c",
    "select max(c.value) as m from hospital.cells c",
    "select sum(case when c.result = 'bad' then c.value end) as s from hospital.cells c",
    "select count(*) as n from (select * from hospital.cells) x",
    "select c.ward, list(c.value) as l from hospital.cells c group by c.ward",
    "select count(*) as n from hospital.cells c where c.result::int = 1",
    ("select c.ward, count(*) as n, sum(count(*)) over () as s from hospital.doses c group by "
     "c.ward"),
    "select distinct on (c.ward) c.ward, c.dose from hospital.doses c order by c.ward",
    "select * from (pivot hospital.doses on ward in ('d') using sum(dose))",
    "select c from hospital.cells c",
    "summarize hospital.doses"};

/* ---- statements ---- */

static const char *enough_text(const char *format, char *store, size_t size, const char *filter)
{
    const char *hole = strstr(format, "%s");
    snprintf(store, size, "%.*s%s%s", (int)(hole - format), format, filter, hole + 2);
    return store;
}

static void put_enough(struct maker *maker, const struct group_table *table,
                       const struct group_value *value, bool having)
{
    char text[400], filter[300] = "";
    if (value->about != NULL)
        snprintf(filter, sizeof(filter), " filter (where %s)", value->about);
    for (size_t i = 0; table->enough[i] != NULL; i++) {
        weft_buf_addf(&maker->oracle, " %s %s", i > 0 || having ? "and" : "having",
                      enough_text(table->enough[i], text, sizeof(text), ""));
        if (filter[0] != 0)
            weft_buf_addf(&maker->oracle, " and %s",
                          enough_text(table->enough[i], text, sizeof(text), filter));
    }
}

static void put_group_select(struct maker *maker)
{
    static const char *const sets[] = {"%s", "rollup (%s)", "cube (%s)",
                                       "grouping sets ((%s), ())"};
    const struct group_table *table = &PICK(maker, tables);
    const struct group_value *value = &table->values[chance(maker, (unsigned)table->value_count)];
    const char *key = table->keys[chance(maker, (unsigned)table->key_count)];
    bool keyed = chance(maker, 5) != 0;
    bool joined = chance(maker, 4) == 0;
    put(maker, "select ");
    if (keyed)
        put(maker, "%s, ", key);
    put(maker, "%s as n, count(*) as m from %s", value->text, table->from);
    if (joined)
        put(maker, " join open.wards w on c.ward = w.ward");
    if (chance(maker, 2) == 0)
        put(maker, " where %s", table->conditions[chance(maker, (unsigned)table->condition_count)]);
    if (keyed) {
        unsigned set = chance(maker, 8);
        char text[200];
        enough_text(sets[set < WEFT_COUNT(sets) ? set : 0], text, sizeof(text), key);
        put(maker, " group by %s", text);
    }
    bool having = chance(maker, 4) == 0;
    if (having)
        put(maker, " having count(*) > %u", chance(maker, 30));
    put_enough(maker, table, value, having);
}

void maker_groups(struct maker *maker)
{
    switch (chance(maker, 9)) {
    case 0:
        put(maker, "%s", PICK(maker, rows));
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
    case 4:
        put(maker, "select n, m, row_number() over (order by m, n) as r from (");
        put_group_select(maker);
        put(maker, ") s");
        return;
    default:
        put_group_select(maker);
    }
    if (chance(maker, 4) == 0)
        put(maker, " order by all limit %u", chance(maker, 4));
}
