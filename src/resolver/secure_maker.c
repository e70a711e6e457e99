/*
 * secure_maker.c - values, conditions, FROM, WHERE and select lists of random SELECTs.
 */
#include "resolver/secure_maker.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 100000

void maker_init(struct maker *maker, uint64_t seed)
{
    maker->state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    weft_buf_init(&maker->sql, TEXT_MAX);
    weft_buf_init(&maker->oracle, TEXT_MAX);
}

void maker_release(struct maker *maker)
{
    weft_buf_release(&maker->sql);
    weft_buf_release(&maker->oracle);
}

/* ---- chance ---- */

unsigned chance(struct maker *maker, unsigned below)
{
    maker->state = maker->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(maker->state >> 33) % below;
}

void put(struct maker *maker, const char *format, ...)
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

static const char *const a_aggregates[] = {
    "count(*)",
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
    "max(length(a.name))",
    "list(a.name order by a.id)",
    "string_agg(a.zip, ',' order by a.id)",
    "histogram(a.visits)",
    "arg_max(a.name, a.id)",
    "arg_min(a.income, a.id)",
    "max_by(a.zip, a.id, 3)",
    "quantile_cont(a.visits, 0.5)",
    "quantile_disc(a.income, [0.1, 0.9])",
    "median(a.income)",
    "approx_count_distinct(a.name)",
    "bit_xor(hash(a.name))",
    "first(a.name order by a.id)",
    "count(*) filter (where a.state = 'QC')",
    "max(a.visits) filter (where a.name > 'C')",
    "sum(case when a.state = 'QC' then 1 else a.visits end)",
    "max(replace(a.state, 'QC', 'zz'))",
    "min(a.seen)",
    "count(distinct a.code)",
    "list_sort(list(distinct a.zip))",
    "count_if(a.visits > 7)",
    "product(a.visits % 3 + 1)",
    "max((a.visits * 10)::tinyint)",
    "sum(hamming(replace(a.state, 'QC', 'xyz'), 'ON'))",
    "max(a.id::smallint)",
    "max(([case when a.state = 'QC' then 'x' else '1' end]::int[])[1])"};
static const char *const v_aggregates[] = {"count(*)",
                                           "sum(v.cost)",
                                           "max(v.day)",
                                           "min(v.remark)",
                                           "sum(v.remark::int)",
                                           "count(distinct v.patient_id)",
                                           "string_agg(v.remark, '' order by v.id)",
                                           "sum(list_sum(v.codes::int[]))",
                                           "max(v.place.zip::int)",
                                           "max((v.marks::map(varchar, int))['a'])",
                                           "list_sort(list(distinct v.remark))",
                                           "histogram(v.ward)",
                                           "arg_max(v.remark, v.id)",
                                           "median(v.cost)",
                                           "max(v.place)",
                                           "count(distinct v.codes)"};
static const char *const w_aggregates[] = {"count(*)", "sum(w.floor)", "max(w.ward)"};
/* Of many types, and what fails on hidden rows alone. */
static const char *const a_rich[] = {
    "list_transform(string_split(a.name, ' '), lambda x: upper(x))",
    "list_filter([a.visits, a.id], lambda x: x > 5)",
    "[x || a.zip for x in string_split(a.name, ' ')]",
    "{'n': a.name, 'i': a.income}",
    "struct_pack(n := a.name, z := a.zip).n",
    "list_sort([a.name, a.ssn, a.zip])",
    "list_aggregate([a.visits, a.id], 'sum')",
    "map([a.state], [a.income])",
    "list_reduce([a.visits, 1, 2], lambda x, y: x + y)",
    "row(a.id, a.born)",
    "list_zip([a.name], [a.zip])",
    "a.tags",
    "list_contains(a.tags, 't1')",
    "to_json({'z': a.zip})",
    "a.notes->>'$.a'",
    "nullif(a.state, 'ON')",
    "greatest(a.name, a.zip)",
    "printf('%s-%d', a.name, a.visits)",
    "md5(a.ssn)",
    "strftime(a.born, '%Y-%m')",
    "typeof(a.label)",
    "a.born + a.visits::int",
    "a.name collate nocase",
    "levenshtein(a.name, 'A')",
    "[case when a.id >= 700000 then 'x' else '1' end]::int[]",
    "{'a': case when a.state = 'QC' then 'x' else '1' end}::struct(a int)",
    "list_transform([a.state], lambda x: if(x = 'QC', 'x', '1')::int)",
    "replace(replace(replace(replace(a.state, 'QC', 'x'), 'ON', '1'), 'BC', '2'), 'AB', '3')::int",
    "hamming(replace(a.state, 'QC', 'xyz'), 'ON')",
    "jaccard(replace(a.state, 'QC', ''), 'ON')",
    "regexp_replace('x', replace(a.state, 'QC', '('), 'b')",
    "(a.visits * 10)::tinyint",
    "factorial(a.visits)",
    "make_date(2020, a.visits + 1, 1)",
    "('2020-01-0' || (a.visits + 1))::date",
    "a.id::smallint",
    "[1, 2, 3][a.visits]",
    "(case when a.state = 'QC' then 'x' else 'a' end)::enum('a', 'b')",
    "(case when a.id > 600000 then [1, 2] else [1] end)::int[1]",
    "union_value(k := case when a.id > 600000 then 'x' else '1' end)::union(k int)",
    "strptime(case when a.state = 'QC' then 'x' else '2020' end, '%Y')",
    "json_extract(case when a.state = 'QC' then '{' else '{}' end, '$.a')",
    "date_diff('day', date '2020-01-01' + a.visits * 1000000, date '2020-01-01')",
    "(case when a.state = 'QC' then 'x' else '1' end)::bit",
    "a.visits::decimal(3, 1)"};
static const char *const v_rich[] = {"list_sum(v.codes::int[])",
                                     "v.place.zip::int",
                                     "(v.marks::map(varchar, int))['a']",
                                     "list_transform(v.codes, lambda x: x::int + 1)",
                                     "json_extract(to_json(v.codes), '$[0]')",
                                     "array_to_string(v.codes, ',')",
                                     "map_values(v.marks)",
                                     "struct_extract(v.place, 'zip')",
                                     "[x::int for x in v.codes if x > '0']",
                                     "v.codes[1]::tinyint",
                                     "v.place::struct(zip int)",
                                     "{'c': v.codes, 'p': v.place}",
                                     "list_sort(v.codes)",
                                     "v.patient_id::tinyint",
                                     "hamming(replace(v.remark, 'hidden', 'long'), '1')",
                                     "to_json(v.place)",
                                     "list_position(v.codes, '1')",
                                     "(v.cost * 300)::smallint",
                                     "date_part('year', v.day)::int - 2020"};

void put_format(struct maker *maker, const char *format)
{
    unsigned number = chance(maker, 400);
    put(maker, format, number); /* the formats are this file's */
}

void put_condition(struct maker *maker, char table, bool complex)
{
    if (table == 'w')
        put(maker, "w.floor %s %u", chance(maker, 2) ? ">" : "<>", chance(maker, 6));
    else if (table == 'a')
        put_format(maker, complex ? PICK(maker, a_complex) : PICK(maker, a_plain));
    else
        put_format(maker, complex ? PICK(maker, v_complex) : PICK(maker, v_plain));
}

const char *pick_value(struct maker *maker, char table)
{
    return table == 'a'   ? PICK(maker, a_values)
           : table == 'v' ? PICK(maker, v_values)
                          : PICK(maker, w_values);
}

const char *pick_aggregate(struct maker *maker, char table)
{
    return table == 'a'   ? PICK(maker, a_aggregates)
           : table == 'v' ? PICK(maker, v_aggregates)
                          : PICK(maker, w_aggregates);
}

const char *pick_rich(struct maker *maker, char table)
{
    return table == 'a' ? PICK(maker, a_rich) : PICK(maker, v_rich);
}

void put_any_condition(struct maker *maker, char table)
{
    switch (chance(maker, 5)) {
    case 0:
        put(maker, "(%s) is not null", pick_rich(maker, table));
        break;
    case 1:
        put_condition(maker, table, false);
        put(maker, " and ");
        put_condition(maker, table, true);
        break;
    case 2:
        put_condition(maker, table, true);
        break;
    case 3:
        put(maker, "true");
        break;
    default:
        put_condition(maker, table, false);
    }
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
void put_select(struct maker *maker, bool aggregates)
{
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
    for (unsigned i = 0; i < count; i++) {
        char table = tables[chance(maker, tables[1] != 0 && tables[1] != '+' ? 2 : 1)];
        bool aggregate = aggregates && (i > 0 || chance(maker, 3) == 0);
        bool rich = table != 'w' && chance(maker, 5) == 0;
        const char *value = aggregate ? pick_aggregate(maker, table)
                            : rich    ? pick_rich(maker, table)
                                      : pick_value(maker, table);
        put(maker, "%s%s as c%u", i == 0 ? "" : ", ", value, i);
    }
    put(maker, "%s", from);
    weft_free(from);
    if (aggregates)
        put(maker, " group by all%s", chance(maker, 4) == 0 ? " having count(*) > 2" : "");
}
