/*
 * secure_maker_forms.c - random SELECTs over patients and visits: every form of a SELECT that
 * DuckDB has and the resolver takes.
 */
#include "resolver/secure_maker.h"

static void put_where(struct maker *maker, char table)
{
    put(maker, " where ");
    put_any_condition(maker, table);
}

static void put_patients(struct maker *maker)
{
    put(maker, " from hospital.patients a");
    put_where(maker, 'a');
}

/* ---- queries around queries ---- */

static void form_grouped(struct maker *maker)
{
    put(maker, "select c0, count(*) as n from (");
    put_select(maker, false);
    put(maker, ") s group by c0");
}

static void form_cte(struct maker *maker)
{
    static const char *const words[] = {"", " materialized", " not materialized"};
    put(maker, "with s as%s (", PICK(maker, words));
    put_select(maker, chance(maker, 2) == 0);
    put(maker, ") select * from s where c0 is not null");
    if (chance(maker, 3) == 0)
        put(maker, " union all select * from s");
}

static void form_around(struct maker *maker)
{
    put(maker, "select * from (");
    put_select(maker, false);
    put(maker, ") s where length(c0::varchar) > %u", chance(maker, 5));
}

static void form_limits(struct maker *maker)
{
    put(maker, "select a.id, %s as c", pick_value(maker, 'a'));
    put_patients(maker);
    put(maker, " order by a.id");
    switch (chance(maker, 3)) {
    case 0:
        put(maker, " desc limit (select count(*) %% 17 from hospital.visits v");
        put_where(maker, 'v');
        put(maker, ")");
        break;
    case 1:
        put(maker, " limit %u%%", 1 + chance(maker, 50));
        break;
    default:
        put(maker, " limit %u offset %u", chance(maker, 30), chance(maker, 60));
    }
}

static void form_described(struct maker *maker)
{
    put(maker, "describe ");
    put_select(maker, chance(maker, 2) == 0);
}

static void form_summarized(struct maker *maker)
{
    put(maker, "select column_name, column_type, min, max, approx_unique, count, null_percentage "
               "from (summarize ");
    if (chance(maker, 4) == 0) {
        put(maker, "select a.* exclude (notes, tags)");
        put_patients(maker);
    } else {
        put_select(maker, chance(maker, 2) == 0);
    }
    put(maker, ")");
}

/* ---- windows ---- */

static const char *const functions[] = {
    "row_number()",    "rank()",          "dense_rank()",          "ntile(5)",
    "sum(a.visits)",   "count(*)",        "lag(a.name)",           "lead(a.zip)",
    "max(a.name)",     "min(a.ssn)",      "first_value(a.income)", "last_value(a.born)",
    "list(a.state)",   "percent_rank()",  "cume_dist()",           "nth_value(a.label, 2)",
    "avg(a.weight)",   "count(a.active)", "max(a.id::smallint)",   "sum((a.visits * 10)::tinyint)",
    "lag(a.id, 2, -1)"};
static const char *const windows[] = {
    "partition by a.state order by a.id",
    "order by a.id",
    "partition by a.active order by a.income desc, a.id",
    "order by a.name, a.id",
    "partition by year(a.born) order by a.visits, a.id desc",
    "partition by a.zip order by a.seen, a.id",
    "order by a.id rows between 2 preceding and 1 following",
    "order by a.id range between 10 preceding and 5 following",
    ("partition by a.state order by a.id rows between unbounded preceding and current row exclude "
     "current row")};

static void form_window(struct maker *maker)
{
    bool named = chance(maker, 4) == 0;
    const char *window = PICK(maker, windows);
    put(maker, "select a.id, %s over ", PICK(maker, functions));
    put(maker, "%s%s%s as c1", named ? "win" : "(", named ? "" : window, named ? "" : ")");
    put(maker, ", %s over (%s) as c2", PICK(maker, functions), PICK(maker, windows));
    put_patients(maker);
    if (named)
        put(maker, " window win as (%s)", window);
}

static void form_qualify(struct maker *maker)
{
    static const char *const conditions[] = {
        "row_number() over (partition by a.state order by a.income desc, a.id) <= 3",
        "count(*) over (partition by a.name) > 4",
        "sum(a.visits) over (order by a.id) < 300",
        "a.visits = max(a.visits) over (partition by a.zip)",
        "lag(a.name) over (order by a.id) = a.name",
        "(case when max(a.visits) over () > 800 then 'x' else '1' end)::int = 1",
        ("(case when count(*) over (partition by a.state) > 0 and a.state = 'QC' then 'x' else '1' "
         "end)::int = 1")};
    put(maker, "select a.id, a.name, %s as c", pick_value(maker, 'a'));
    put_patients(maker);
    put(maker, " qualify %s", PICK(maker, conditions));
}

static void form_visits_window(struct maker *maker)
{
    put(maker, "select v.ward, v.id, sum(v.cost) over (partition by v.ward order by v.day, v.id) "
               "as s, max(v.remark) over (order by v.id rows 3 preceding) as m from "
               "hospital.visits v");
    put_where(maker, 'v');
}

/* ---- pivots ---- */

static void form_pivot(struct maker *maker)
{
    static const char *const values[] = {"count(*)", "sum(visits)", "max(name)", "min(income)"};
    static const char *const keys[] = {"visits", "active", "name", "label"};
    if (chance(maker, 4) == 0) {
        put(maker,
            "select * from hospital.patients pivot (%s for state in ('ON', 'QC') group by "
            "visits)",
            PICK(maker, values));
        return;
    }
    put(maker,
        "select * from (pivot (select a.state, a.visits, a.active, a.income, a.name, a.label");
    put_patients(maker);
    put(maker, ") on state in ('ON', 'QC', 'BC') using %s group by %s)", PICK(maker, values),
        PICK(maker, keys));
}

static void form_unpivot(struct maker *maker)
{
    if (chance(maker, 2) == 0) {
        put(maker, "select name, count(*) as n, max(value) as m from (unpivot (select a.id, "
                   "a.visits::bigint as vis, a.income::bigint as inc");
        put_patients(maker);
        put(maker, ") on vis, inc) group by name");
        return;
    }
    put(maker, "select * from (unpivot (select a.id, a.name, a.zip, a.ssn, a.state");
    put_patients(maker);
    put(maker, ") on columns(* exclude id))");
}

/* ---- FROM ---- */

static void form_lateral(struct maker *maker)
{
    switch (chance(maker, 4)) {
    case 0:
        put(maker,
            "select a.id, l.m from hospital.patients a %s join lateral (select %s as m from "
            "hospital.visits v where v.patient_id = a.id and ",
            chance(maker, 2) ? "left" : "inner", pick_aggregate(maker, 'v'));
        put_condition(maker, 'v', chance(maker, 2) == 0);
        put(maker, ") l on true");
        put_where(maker, 'a');
        break;
    case 1:
        put(maker, "select a.id, u.x from hospital.patients a, unnest(string_split(a.name, ' ')) "
                   "u(x)");
        put_where(maker, 'a');
        break;
    case 2:
        put(maker, "select v.id, u.x::int as x from hospital.visits v, unnest(v.codes) u(x)");
        put_where(maker, 'v');
        break;
    default:
        put(maker, "select a.id, r.i from hospital.patients a, range(a.visits) r(i)");
        put_where(maker, 'a');
    }
}

static void form_recursive(struct maker *maker)
{
    if (chance(maker, 3) == 0) {
        put(maker, "with recursive t as (select 1 as n union all select n + 1 from t where n < "
                   "(select count(*) %% 9");
        put_patients(maker);
        put(maker, ")) select max(n) as m, count(*) as k from t");
        return;
    }
    put(maker,
        "with recursive r as (select a.id, a.visits, a.name, 0 as n from hospital.patients "
        "a where a.id < %u union%s select a.id, a.visits, a.name, n + 1 from "
        "hospital.patients a join r on a.id = r.id + %u where n < 6 and ",
        1 + chance(maker, 20), chance(maker, 2) ? " all" : "", 1 + chance(maker, 9));
    put_any_condition(maker, 'a');
    put(maker, ") select n, count(*) as k, sum(visits) as s, max(name) as m from r group by n");
}

static void form_joined(struct maker *maker)
{
    static const char *const natural[] = {"a.id, a.state, a.zip", "a.id, a.name", "a.ssn, a.id"};
    static const char *const shared[] = {"id", "ssn", "name, zip", "state, active"};
    static const char *const kinds[] = {"semi", "anti"};
    switch (chance(maker, 4)) {
    case 0:
        put(maker, "select a.id, a.name from hospital.patients a natural join (select %s",
            PICK(maker, natural));
        put_patients(maker);
        put(maker, ") b where ");
        put_condition(maker, 'a', chance(maker, 2) == 0);
        break;
    case 1:
        put(maker, "select count(*) as n, count(distinct b.income) as m from hospital.patients a "
                   "join (select *");
        put_patients(maker);
        put(maker, ") b using (%s) where a.id < 90", PICK(maker, shared));
        break;
    case 2:
        put(maker,
            "select a.id, a.income from hospital.patients a %s join hospital.visits v on "
            "a.id = v.patient_id and ",
            PICK(maker, kinds));
        put_any_condition(maker, 'v');
        put_where(maker, 'a');
        break;
    default:
        put(maker, "select count(*) as n, max(b.id) as m from hospital.patients a join "
                   "hospital.patients b on a.id < b.id and a.visits = b.visits and a.id < 40");
        put_where(maker, 'a');
    }
}

static void form_asof(struct maker *maker)
{
    if (chance(maker, 2) == 0) {
        put(maker,
            "select w.patient_id, w.floor, a.id, a.name from open.wards w asof %s join "
            "hospital.patients a on w.patient_id * %u >= a.id",
            chance(maker, 2) ? "left" : "inner", 1 + chance(maker, 20));
    } else {
        put(maker, "select v.id, a.id as c1, a.zip from hospital.visits v asof join "
                   "hospital.patients a on v.patient_id * 3 >= a.id");
    }
    if (chance(maker, 2) == 0)
        put_where(maker, 'a');
}

static void form_positional(struct maker *maker)
{
    put(maker, chance(maker, 2) ? "select a.id, a.name, v.id as c1 from hospital.patients a "
                                  "positional join hospital.visits v"
                                : "select a.id, a.zip, w.ward from open.wards w positional join "
                                  "hospital.patients a");
    if (chance(maker, 2) == 0)
        put_where(maker, 'a');
}

static void form_sampled(struct maker *maker)
{
    put(maker, "select count(*) as n from hospital.patients a");
    put_where(maker, 'a');
    put(maker, " using sample 100%%");
}

/* ---- select lists ---- */

static void form_rich(struct maker *maker)
{
    char table = chance(maker, 2) == 0 ? 'a' : 'v';
    put(maker, "select %c.id, %s as c1", table, pick_rich(maker, table));
    if (chance(maker, 2) == 0)
        put(maker, ", %s as c2", pick_rich(maker, table));
    put(maker, table == 'a' ? " from hospital.patients a" : " from hospital.visits v");
    put_where(maker, table);
}

static void form_columns(struct maker *maker)
{
    static const char *const lists[] = {"columns('^(id|name|zip|state)$')",
                                        "columns(lambda c: c like '%i%')",
                                        "count(columns(*))",
                                        "min(columns(['id', 'name', 'income']))",
                                        "* exclude (notes, tags)",
                                        "* replace (upper(name) as name)",
                                        "coalesce(*columns(['name', 'zip'])) as c",
                                        "a.* exclude (id), a.id",
                                        "columns('s.*')"};
    put(maker, "select %s", PICK(maker, lists));
    put_patients(maker);
    if (chance(maker, 4) == 0)
        put(maker, " and columns(['id', 'visits']) > 3");
}

static void form_row(struct maker *maker)
{
    static const char *const rows[] = {
        "a",        "row_to_json(a) as j", "hash(a) as h",  "unnest(a)",
        "(a).name", "a is not null as b",  "{'r': a} as s", "[a] as l"};
    put(maker, "select %s", PICK(maker, rows));
    if (chance(maker, 2) == 0) {
        put(maker, " from (select a.id, a.name, a.zip, a.income");
        put_patients(maker);
        put(maker, ") a");
    } else {
        put_patients(maker);
    }
}

static void form_sets(struct maker *maker)
{
    static const char *const keys[] = {"a.state", "a.active", "a.zip",       "a.label",
                                       "a.name",  "a.visits", "year(a.born)"};
    const char *one = PICK(maker, keys);
    const char *two = PICK(maker, keys);
    put(maker, "select %s as k1, %s as k2, %s as c", one, two, pick_aggregate(maker, 'a'));
    put_patients(maker);
    switch (chance(maker, 3)) {
    case 0:
        put(maker, " group by grouping sets ((%s), (%s), (%s, %s), ())", one, two, one, two);
        break;
    case 1:
        put(maker, " group by rollup (%s, %s)", one, two);
        break;
    default:
        put(maker, " group by cube (%s, %s)", one, two);
    }
}

static void form_distinct_on(struct maker *maker)
{
    const char *key = pick_value(maker, 'a');
    put(maker, "select distinct on (%s) %s as k, a.id, %s as c", key, key, pick_rich(maker, 'a'));
    put_patients(maker);
    put(maker, " order by %s, a.id%s", key, chance(maker, 2) ? " desc" : "");
}

/* ---- several queries ---- */

static void form_united(struct maker *maker)
{
    static const char *const operators[] = {"union",         "union all",        "except",
                                            "except all",    "intersect",        "intersect all",
                                            "union by name", "union all by name"};
    static const char *const lists[] = {"a.id as c0, a.name as c1", "a.visits as c0, a.zip as c1",
                                        "a.id as c0, a.ssn as c1", "a.income as c0, a.state as c1"};
    put(maker, "select %s", PICK(maker, lists));
    put_patients(maker);
    put(maker, " %s ", PICK(maker, operators));
    if (chance(maker, 3) == 0) {
        put(maker, "select v.patient_id as c0, v.ward as c1 from hospital.visits v");
        put_where(maker, 'v');
    } else {
        put(maker, "select %s", PICK(maker, lists));
        put_patients(maker);
    }
}

static void form_correlated(struct maker *maker)
{
    static const char *const scalars[] = {
        "(select count(*) from hospital.visits v where v.patient_id = a.id and v.remark::int > 1)",
        ("(select string_agg(v.ward, ',' order by v.id) from hospital.visits v "
         "where v.patient_id = a.id)"),
        "(select max(b.income) from hospital.patients b where b.state = a.state)",
        "(select count(*) from hospital.patients b where b.name = a.name and b.id < a.id)",
        "exists (from hospital.visits v where v.patient_id = a.id and v.cost > 60)",
        "(select sum(list_sum(v.codes::int[])) from hospital.visits v where v.patient_id = a.id)"};
    static const char *const conditions[] = {
        "a.visits > (select avg(b.visits) from hospital.patients b where b.state = a.state)",
        "a.income = (select max(b.income) from hospital.patients b)",
        "a.name = any (select b.name from hospital.patients b where b.id < 30)",
        "a.id not in (select v.patient_id from hospital.visits v where v.remark::int > 3)",
        "a.id in (select unnest([v.patient_id, v.id]) from hospital.visits v)",
        "a.visits >= all (select b.visits from hospital.patients b where b.zip = a.zip)",
        ("not exists (select 1 from hospital.visits v where v.patient_id = a.id "
         "and v.place.zip::int = 2)")};
    put(maker, "select a.id, %s as c", PICK(maker, scalars));
    put_patients(maker);
    if (chance(maker, 2) == 0)
        put(maker, " and %s", PICK(maker, conditions));
}

/* ---- all of them ---- */

static void form_select(struct maker *maker)
{
    put_select(maker, chance(maker, 2) == 0);
}

typedef void form_fn(struct maker *maker);

static const struct {
    form_fn *form;
    unsigned weight;
} forms[] = {
    {form_select, 20},    {form_grouped, 5},       {form_cte, 6},         {form_around, 5},
    {form_limits, 3},     {form_described, 1},     {form_summarized, 3},  {form_window, 6},
    {form_qualify, 4},    {form_visits_window, 2}, {form_pivot, 3},       {form_unpivot, 2},
    {form_lateral, 4},    {form_recursive, 3},     {form_joined, 5},      {form_asof, 3},
    {form_positional, 2}, {form_sampled, 1},       {form_rich, 8},        {form_columns, 4},
    {form_row, 4},        {form_sets, 4},          {form_distinct_on, 3}, {form_united, 5},
    {form_correlated, 5},
};

void maker_statement(struct maker *maker)
{
    unsigned all = 0;
    for (size_t i = 0; i < WEFT_COUNT(forms); i++)
        all += forms[i].weight;
    unsigned at = chance(maker, all);
    size_t i = 0;
    for (; at >= forms[i].weight; i++)
        at -= forms[i].weight;
    forms[i].form(maker);
    if (forms[i].form == form_select && chance(maker, 4) == 0)
        put(maker, " order by all limit %u", chance(maker, 40));
}
