--- Attacks, run in worlds with the same visible data and other hidden data (secure_cases_test.c):
--- "-- class: what it tries", then the statement. What each answers is the same in all worlds.
---
--- Classes: names (what a name can be taken for), injection, forms, hidden (rows that are evaluated), errors,
--- functions, metadata, masks, groups (min_group), members (MEMBER conditions), exhaustion.

-- names: a CTE of the product's name passes on what the product gives
with patients as (select * from hospital.patients) select count(*), min(name) from patients

-- names: a CTE cannot be the product behind the product
with consents as (select 1 as patient_id, true as given) select count(*) from hospital.visits

-- names: the policy's product is not there for the reader
select * from hospital.consents

-- names: the policy's product under AT
select * from hospital.consents at (version => 1)

-- names: outer query offers state to the condition, laterally
select count(*) from (select 'ON' as state) s, lateral (select * from hospital.patients) l

-- names: correlated with a column called as the policy's
select s.state, (select count(*) from hospital.patients) n from (values ('QC'), ('ON')) s(state) order by 1

-- names: an outer alias of the product's name
select count(*) from (select 'ON' as state) patients, lateral (select p.id from hospital.patients p) l

-- names: recursive CTE of the product's name, first half
with recursive patients as (select id, 1 as n from hospital.patients where id < 4 union all select id, n + 1 from patients where n < 3) select count(*), sum(n) from patients

-- names: file names as tables
select * from '0.parquet'

-- names: quoted path
select * from "/0.parquet"

-- names: schema of the engine
select * from information_schema.tables

-- names: catalog functions
select * from duckdb_tables()

-- names: hidden column by its name
select secret from hospital.patients

-- names: hidden column through the table
select p.secret from hospital.patients p

-- names: hidden column by the row
select p from hospital.patients p order by id limit 3

-- names: hidden column by COLUMNS
select columns('s.*') from hospital.patients order by id limit 3

-- names: hidden column by COLUMNS of a list
select columns(['id', 'secret']) from hospital.patients

-- names: star without
select * exclude (id) from hospital.patients where id < 5

-- names: star with replaced
select * replace (upper(name) as name) from hospital.patients where id < 5

-- names: EXCLUDE tells which columns there are
select * exclude (secret) from hospital.patients where id < 5

-- names: USING the hidden column
select count(*) from hospital.patients a join hospital.patients b using (secret)

-- names: NATURAL JOIN does not compare what is hidden
select count(*) from hospital.patients a natural join (select id, 'secret0' || id as secret from range(10) t(id)) b

-- names: order by the hidden column
select id from hospital.patients order by secret limit 3

-- names: struct of the row
select row_to_json(p) from hospital.patients p where id < 4 order by id

-- names: alias that is the barrier's
select __r_0.id from hospital.patients as __r_0 where id = 7

-- names: virtual columns
select filename from hospital.patients

-- names: virtual columns, row number
select file_row_number, count(*) from hospital.patients group by all

-- names: rowid
select max(rowid) from hospital.patients

-- names: file_index
select file_index from hospital.patients

-- injection: star relation
select "x.* from read_parquet('0.parquet') as x --".* from hospital.patients

-- injection: alias with a quote
select p.id as "a"" from hospital.patients --" from hospital.patients p where id < 3

-- injection: parameter name
select $a_b from hospital.patients

-- injection: comment ends
select id /* ' */ from hospital.patients where name = '*/ or 1=1 --'

-- injection: string with quotes
select count(*) from hospital.patients where name = ''' or ''1'' = ''1'

-- injection: dollar quotes
select count(*) from hospital.patients where name = $$x' or 'a'='a$$

-- injection: window function of a name
select "sum(x) over () from hospital.consents --"(id) over () from hospital.patients

-- injection: the treatment's functions
select weft_hash('s1')

-- injection: the treatment's functions, mask
select weft_mask(name) from hospital.patients

-- injection: schema before
select main.weft_token('x')

-- injection: as a method
select name.weft_hash() from hospital.patients

-- injection: as a table function
select * from weft_mask('x')

-- hidden: count
select count(*) from hospital.patients

-- hidden: all rows
select * from hospital.patients

-- hidden: of the state that is left out
select count(*), min(id) from hospital.patients where state = 'QC'

-- hidden: or true
select count(*) from hospital.patients where state = 'QC' or true

-- hidden: not in
select count(*) from hospital.patients where state not in ('ON', 'BC', 'AB')

-- hidden: is distinct
select distinct state from hospital.patients order by 1

-- hidden: having
select state, count(*) from hospital.patients group by state having count(*) > 0

-- hidden: rollup
select state, count(*), sum(visits) from hospital.patients group by rollup (state)

-- hidden: grouping sets
select state, active, count(*) from hospital.patients group by grouping sets ((state), (active), ())

-- hidden: extreme values
select min(id), max(id), min(visits), max(visits), sum(visits) from hospital.patients

-- hidden: percentiles
select quantile_cont(visits, [0.01, 0.5, 0.99]), median(visits), mode(visits) from hospital.patients

-- hidden: approximate
select approx_count_distinct(id), approx_quantile(visits, 0.99) from hospital.patients

-- hidden: histogram
select histogram(visits) from hospital.patients

-- hidden: lists
select list(visits order by id), string_agg(state, ',' order by id) from hospital.patients

-- hidden: windows
select id, lag(visits) over (order by id), lead(visits) over (order by id), row_number() over (order by visits desc, id) from hospital.patients

-- hidden: rank within
select id, rank() over (order by visits), ntile(7) over (order by id) from hospital.patients

-- hidden: qualify
select id from hospital.patients qualify row_number() over (partition by state order by visits desc, id) <= 2

-- hidden: qualify that fails
select id from hospital.patients qualify (case when max(visits) over () > 800 then 'x' else '1' end)::int = 1

-- hidden: left join
select w.ward, p.id from open.wards w left join hospital.patients p on p.id = w.patient_id order by 1, 2

-- hidden: right join
select w.ward, p.id from hospital.patients p right join open.wards w on p.id = w.patient_id + 700000 order by 1, 2

-- hidden: full join
select count(*), count(w.ward), count(p.id) from hospital.patients p full join open.wards w on p.id = w.patient_id

-- hidden: anti join
select count(*) from open.wards w anti join hospital.patients p on p.id = w.patient_id

-- hidden: semi join
select count(*) from hospital.patients p semi join open.wards w on p.id = w.patient_id

-- hidden: exists
select count(*) from open.wards w where exists (select 1 from hospital.patients p where p.id > 700000 + w.patient_id)

-- hidden: not in subquery
select count(*) from open.wards where patient_id not in (select id from hospital.patients)

-- hidden: any and all
select count(*) from open.wards where 900 + floor >= all (select visits from hospital.patients)

-- hidden: asof
select w.patient_id, p.id from open.wards w asof join hospital.patients p on w.patient_id >= p.id order by 1

-- hidden: asof left
select v.day, p.id from hospital.visits v asof left join hospital.patients p on v.patient_id * 1000 >= p.id order by 1, 2 limit 20

-- hidden: positional join
select a.id, b.id from hospital.patients a positional join hospital.visits b order by 1, 2

-- hidden: cross join
select count(*) from hospital.patients, open.wards

-- hidden: self join on neighbours
select count(*) from hospital.patients a join hospital.patients b on a.id + 1 = b.id

-- hidden: join on an expression that fails on hidden rows
select count(*) from hospital.patients p join open.wards w on (case when p.visits > 800 then 'x' else p.visits::varchar end)::int = w.floor

-- hidden: lateral
select w.ward, l.n from open.wards w, lateral (select count(*) n from hospital.patients p where p.visits > w.floor) l order by 1, 2

-- hidden: correlated scalar
select w.patient_id, (select max(p.visits) from hospital.patients p where p.id = w.patient_id) from open.wards w order by 1

-- hidden: union
select id from hospital.patients union select patient_id from open.wards

-- hidden: except
select patient_id from open.wards except select id from hospital.patients

-- hidden: except all
select 700000 + patient_id * 3 from open.wards except all select id from hospital.patients

-- hidden: intersect
select 700000 + patient_id * 3 from open.wards intersect select id from hospital.patients

-- hidden: limit and offset
select id from hospital.patients order by id limit 3 offset 398

-- hidden: limit by a subquery
select id from hospital.patients order by id limit (select count(*) / 100 from hospital.patients)

-- hidden: limit without order
select id from hospital.patients limit 5

-- hidden: limit percent
select count(*) from (select id from hospital.patients limit 10%)

-- hidden: distinct on
select distinct on (state) state, id from hospital.patients order by state, id desc

-- hidden: pivot
pivot hospital.patients on state in ('ON', 'QC', 'BC') using count(*) group by active

-- hidden: pivot in from
from hospital.patients pivot (count(*) for state in ('QC', 'ON') group by visits) order by visits

-- hidden: pivot without in
pivot hospital.patients on state using count(*)

-- hidden: unpivot
select name, count(*), max(value) from (unpivot (select id, visits from hospital.patients) on id, visits) group by name

-- hidden: samples
select count(*) from hospital.patients using sample 10%

-- hidden: samples of rows
select id from hospital.patients using sample reservoir(20 rows) repeatable (7)

-- hidden: samples, bernoulli
select count(*), min(id) from hospital.patients tablesample bernoulli(20%) repeatable (3)

-- hidden: samples of a subquery
select count(*) from (select * from hospital.patients) tablesample system(50%) repeatable (3)

-- hidden: random in a condition
select count(*) from hospital.patients where random() < 2

-- hidden: uuid in a condition
select count(*) from hospital.patients where uuid() is not null

-- hidden: recursive over it
with recursive r as (select id from hospital.patients where id = 1 union select p.id from hospital.patients p join r on p.id = r.id + 1 where p.id < 9) select count(*) from r

-- hidden: using key
with recursive r(a, b) using key (a) as (select id, 1 from hospital.patients where id < 3 union select a, b + 1 from r where b < 3) select * from r order by 1

-- hidden: set at several places
select (select count(*) from hospital.patients), (select max(visits) from hospital.patients), exists (from hospital.patients where id > 600000)

-- hidden: case on the id
select sum(case when id > 600000 then 1 else 0 end) from hospital.patients

-- hidden: filter clause
select count(*) filter (where id > 600000), max(visits) filter (where state = 'QC') from hospital.patients

-- hidden: list comprehension over rows
select [x for x in list(visits) if x > 800] from hospital.patients

-- hidden: arg max
select arg_max(id, visits), max_by(id, visits, 3) from hospital.patients

-- hidden: first and last in order of rows
select first(id), last(id), any_value(state) from hospital.patients

-- hidden: values as table
select v.x, p.id from (values (700000), (1), (700006)) v(x) left join hospital.patients p on p.id = v.x order by 1

-- hidden: order by position
select id, visits from hospital.patients order by 2 desc, 1 limit 3

-- hidden: group by all with an expression
select id // 100000 as k, count(*) from hospital.patients group by all order by 1

-- errors: cast of a text
select count(*) from hospital.patients where name::int > 0

-- errors: cast of what only hidden rows hold
select count(*) from hospital.patients where (case when visits > 800 then name else '1' end)::int > 0

-- errors: cast in a list
select count(*) from hospital.patients where ([case when id > 600000 then state || id else '1' end]::int[]) is not null

-- errors: cast in a struct
select count(*) from hospital.patients where {'a': case when id > 600000 then 'x' else '1' end}::struct(a int) is not null

-- errors: cast to an array
select count(*) from hospital.patients where (case when id > 600000 then [1, 2] else [1] end)::int[1] is not null

-- errors: cast in a map
select count(*) from hospital.patients where map([case when id > 600000 then 'x' else '1' end], [1])::map(int, int) is not null

-- errors: cast to union
select count(*) from hospital.patients where union_value(a := case when id > 600000 then 'x' else '1' end)::union(a int) is not null

-- errors: all null row of the barrier
select count(*) from hospital.patients where coalesce(name, 'x')::int > 0 and state is null

-- errors: coalesce of a column that is never null
select count(*) from hospital.patients where coalesce(state, 'x')::varchar is not null and (case when state is null then 'x' else '1' end)::int = 1

-- errors: jaccard of nothing
select count(*) from hospital.patients where jaccard(coalesce(state, ''), '1') >= 0

-- errors: with a key that only a hidden row has
select count(*) from hospital.patients where id = 700000 and (case when state is null then 'x' else '1' end)::int = 1

-- errors: with a key that only a hidden row has, between
select count(*) from hospital.patients where id between 700000 and 700012 and (case when visits is null then 'x' else '1' end)::int = 1

-- errors: with a key, in
select count(*) from hospital.patients where id in (700000, 700006, 700012) and (state || 'x')::int = 1

-- errors: a condition that reads no column
select count(*) from hospital.patients where id = 700000 and 'x'::int = 1

-- errors: a condition that reads no column, alone
select count(*) from hospital.patients where state = 'QC' and ('x' || 'y')::int = 1

-- errors: common part of an OR
select count(*) from hospital.patients where (id = 700000 and 'x'::int = 1) or (id = 700006 and 'x'::int = 1)

-- errors: division and modulo
select count(*) from hospital.patients where 1 / (visits - 900) > 0 or visits % (visits - 901) = 1

-- errors: overflow
select count(*) from hospital.patients where (visits * 100)::tinyint > 0

-- errors: overflow of a product
select count(*) from hospital.patients where id * 9223372036854775807 > 0

-- errors: date_diff
select count(*) from hospital.patients where date_diff('day', date '2020-01-01' + visits * 10000000, date '2020-01-01') > 0

-- errors: make_date
select count(*) from hospital.patients where make_date(2020, 1 + visits // 30, 1) is not null

-- errors: regexp of a column
select count(*) from hospital.patients where regexp_matches('a', state || '(')

-- errors: regexp that fails on hidden ids
select count(*) from hospital.patients where regexp_replace('a', case when id > 600000 then '(' else 'a' end, 'b') is not null

-- errors: similar to
select count(*) from hospital.patients where 'x' similar to (case when id > 600000 then '(' else 'a' end)

-- errors: like escape
select count(*) from hospital.patients where name like 'a' escape (case when id > 600000 then 'ab' else 'a' end)

-- errors: hamming
select count(*) from hospital.patients where hamming(state, 'ON') >= 0 and hamming(case when id > 600000 then 'abc' else 'ab' end, 'xy') >= 0

-- errors: to_timestamp
select count(*) from hospital.patients where to_timestamp(id * 1e12) is not null

-- errors: timestamp to ns
select count(*) from hospital.patients where (timestamp '2020-01-01' + to_years((id // 1000)::int))::timestamp_ns is not null

-- errors: bit
select count(*) from hospital.patients where (case when id > 600000 then 'x' else '1' end)::bit is not null

-- errors: lambda
select count(*) from hospital.patients where list_transform([case when id > 600000 then 'x' else '1' end], lambda x: x::int) is not null

-- errors: json
select count(*) from hospital.patients where json_extract(case when id > 600000 then '{' else '{}' end, '$.a') is null

-- errors: json transform
select count(*) from hospital.patients where json_transform_strict('{"a": "' || state || '"}', '{"a": "INTEGER"}') is not null

-- errors: strptime
select count(*) from hospital.patients where strptime(case when id > 600000 then 'x' else '2020' end, '%Y') is not null

-- errors: scalar subquery of several rows
select count(*) from hospital.patients p where visits = (select visits from hospital.patients where id > 600000)

-- errors: element of an enum
select count(*) from hospital.patients where (case when id > 600000 then 'x' else 'a' end)::enum('a', 'b') = 'a'

-- errors: uuid
select count(*) from hospital.patients where (case when id > 600000 then 'x' else '00000000-0000-4000-8000-000000000000' end)::uuid is not null

-- errors: decimal
select count(*) from hospital.patients where visits::decimal(3, 1) > 0

-- errors: implicit cast of a text column
select count(*) from hospital.patients where state = 5

-- errors: implicit cast of a text that reads as a number where it is seen
select count(*) from hospital.visits where remark = 5

-- errors: implicit cast of a renamed column
select count(*) from hospital.visits v(a, b, c, d, e, id) where id = 5

-- errors: implicit cast of a CTE's renamed column
with c(id) as (select remark from hospital.visits) select count(*) from c where id = 5

-- errors: implicit cast of a united column that reads as a number where it is seen
select count(*) from (select id from hospital.visits union all select remark from hospital.visits) where id = 5

-- errors: implicit cast of a part of a struct, called as a number
select count(*) as zip from hospital.visits v where v.place.zip = 5

-- errors: implicit cast of a part of a struct, by two names
select count(*) as zip from hospital.visits where place.zip = 5

-- errors: implicit cast of an unnamed column of VALUES
select count(*) as col0 from hospital.visits v, (values (v.remark)) w where col0 = 5

-- errors: implicit cast of what CASE gives
select count(*) from hospital.visits v where (case when v.patient_id < 5000 then v.id else v.remark end) = 5

-- errors: implicit cast of what coalesce gives
select count(*) from hospital.visits v where coalesce(v.id, v.remark) = 5 or coalesce(v.remark, v.ward) = '5'

-- errors: implicit cast by IN of a subquery
select count(*) from open.wards where patient_id in (select remark from hospital.visits)

-- errors: implicit cast by a natural join
select count(*) from hospital.patients a natural join (select remark as id from hospital.visits) b

-- errors: implicit cast by USING of what reads as a number where it is seen
select count(*) from hospital.patients a join (select remark as id from hospital.visits) b using (id)

-- errors: a truth value that is none
select count(*) from hospital.patients where id = 700000 and active = 'maybe'

-- errors: a wrong constant on the left
select count(*) from hospital.patients where id = 700000 and 'x' < visits

-- errors: dictionary, in the order of an aggregate
select max(id order by hamming(replace(state, 'QC', 'xyz'), 'ON')) from hospital.patients

-- errors: dictionary, distinct on
select distinct on (hamming(replace(state, 'QC', 'xyz'), 'ON')) 1 as one from hospital.patients

-- errors: dictionary, summarized
select column_name, count from (summarize select hamming(replace(state, 'QC', 'xyz'), 'ON') as h from hospital.patients)

-- errors: dictionary, replaced in a star
select sum(state) from (select * replace (hamming(replace(state, 'QC', 'xyz'), 'ON') as state) from hospital.patients)

-- errors: dictionary, in a lateral VALUES
select sum(w.h) from hospital.patients p, lateral (values (hamming(replace(p.state, 'QC', 'xyz'), 'ON'))) w(h)

-- errors: dictionary, unnested
select sum(u.h) from hospital.patients p, unnest([hamming(replace(p.state, 'QC', 'xyz'), 'ON')]) u(h)

-- errors: in a limit
select ward from open.wards order by ward limit (select count(*) from hospital.visits where remark::int > 3)

-- errors: in an offset
select ward from open.wards order by ward limit 3 offset (select count(*) // 9 from hospital.visits where remark::int > 3)

-- errors: in a subquery of EXISTS
select count(*) from open.wards w where exists (select 1 from hospital.visits v where v.patient_id = w.patient_id and v.remark::int = 1)

-- errors: a condition that reads no column, where rows are looked up
select count(*) from hospital.visits where patient_id = 5000 and 'x'::int = 1

-- errors: a condition that reads no column, of a join where rows are looked up
select count(*) from hospital.visits a join open.wards b on a.patient_id = 5000 and 'x'::int = 1

-- errors: a condition that reads no column, in HAVING where rows are looked up
select ward, count(*) from hospital.visits where patient_id = 5000 group by ward having 'x'::int = 1

-- errors: a condition that reads no column, in QUALIFY where rows are looked up
select id from hospital.visits where patient_id = 5000 qualify 'x'::int = 1

-- errors: a condition that reads no column, in a filter where rows are looked up
select count(*) filter (where 'x'::int = 1) from hospital.visits where patient_id = 5000

-- errors: a condition that reads no column, in HAVING
select state, count(*) from hospital.patients where id = 700000 group by state having 'x'::int = 1

-- errors: a condition that reads no column, of a join
select count(*) from hospital.patients a join hospital.patients b on a.id = b.id and 'x'::int = 1 where a.id = 700000

-- errors: a condition that reads no column, in a filter
select count(*) filter (where 'x'::int = 1) from hospital.patients where id = 700000

-- errors: a condition that reads no column, in QUALIFY
select id from hospital.patients where id = 700000 qualify 'x'::int = 1

-- hidden: by chance, with a column
select count(*) from hospital.patients where random() * (id + 1) < (id + 1) * 0.5

-- errors: implicit cast behind another name
select count(*) from (select name as id from hospital.patients) where id = 5

-- errors: implicit cast of united columns
select count(*) from (select id from hospital.patients union all select name from hospital.patients) where id = 5

-- errors: implicit cast of a table called as a column
select count(*) from (select state from hospital.patients) id where id = 5

-- errors: implicit cast of a column of VALUES
select count(*) from hospital.patients, (values ('x')) v(id2) where v.id2 = 5 and state = 'QC'

-- errors: a constant that does not read, with a key that only a hidden row has
select count(*) from hospital.patients where id = 700000 and weight > '0x1p3'

-- errors: a date that is none
select count(*) from hospital.patients where id = 700000 and born > '2021-02-30'

-- errors: a date that is none, written as one
select count(*) from hospital.patients where id = 700000 and born > date '2021-13-01'

-- errors: a moment that is none
select count(*) from hospital.patients where id = 700000 and seen > '2021-02-28 25:61:00'

-- errors: a number that is none
select count(*) from hospital.patients where id = 700000 and visits > 'x'

-- errors: a number that is too large
select count(*) from hospital.patients where id = 700000 and visits = '99999999999'

-- errors: a decimal that does not fit
select count(*) from hospital.patients where id = 700000 and income < '99999999999999999.5'

-- errors: a uuid that is none
select count(*) from hospital.patients where id = 700000 and code = 'x'

-- errors: a list of a member that does not read
select count(*) from hospital.patients where id = 700000 and visits in (1, 2, 'x')

-- errors: a wrong constant in CASE
select count(*) from hospital.patients where id = 700000 and case when visits = 'x' then true else false end

-- errors: a wrong constant in a join
select count(*) from hospital.patients a join hospital.patients b on a.id = b.id and a.visits = 'x' where a.id = 700000

-- errors: a wrong constant in an aggregate's filter
select count(*) filter (where visits = 'x') from hospital.patients where id = 700000

-- errors: implicit cast by USING
select count(*) from hospital.patients join (select state as id from open.wards, (select 'QC' as state)) w using (id)

-- errors: in a join's condition
select count(*) from hospital.patients a join hospital.patients b on a.id = b.id and (case when a.id > 600000 then 'x' else '1' end)::int = 1

-- errors: in HAVING, on a group's key
select visits from hospital.patients group by visits having (case when visits > 800 then 'x' else '1' end)::int = 1

-- errors: in a subquery's select list, filtered outside
select count(*) from (select (case when id > 600000 then 'x' else '1' end)::int as v from hospital.patients) where v = 1

-- errors: in a CTE
with c as (select id, (case when visits > 800 then 'x' else '1' end)::int as v from hospital.patients) select count(*) from c where v = 1 and id > 3

-- errors: in a materialized CTE
with c as materialized (select id, (case when visits > 800 then 'x' else '1' end)::int as v from hospital.patients) select count(*) from c where v = 1

-- errors: try
select count(*) from hospital.patients where try((case when id > 600000 then 'x' else '1' end)::int) = 1

-- errors: try_cast
select count(*) from hospital.patients where try_cast(name as int) is null

-- errors: value of a visible row
select state::int from hospital.patients where id = 7

-- errors: of a masked value
select name::int from hospital.patients where id = 7

-- errors: unknown column
select nme from hospital.patients

-- errors: unknown column, suggestion of a hidden one
select secre from hospital.patients

-- errors: ambiguous
select id from hospital.patients a, hospital.patients b

-- errors: group by
select name, count(*) from hospital.patients

-- errors: no such product
select * from hospital.patient

-- errors: no access
select * from hospital.consent

-- errors: aggregates overflow
select sum(id::hugeint * 170141183460469231731687303715884105727) from hospital.patients

-- errors: in the select list of hidden rows
select (case when id > 600000 then 'x' else '1' end)::int from hospital.patients

-- errors: in order by
select id from hospital.patients order by (case when id > 600000 then 'x' else '1' end)::int, id limit 3

-- errors: in an aggregate's filter
select count(*) filter (where (case when id > 600000 then 'x' else '1' end)::int = 1) from hospital.patients

-- errors: dictionary of a column holds hidden values
select sum(hamming(replace(state, 'QC', 'xyz'), 'ON')) from hospital.patients

-- errors: dictionary, in the select list
select hamming(replace(state, 'QC', 'xyz'), 'ON') from hospital.patients

-- errors: dictionary, in a condition
select count(*) from hospital.patients where hamming(replace(state, 'QC', 'xyz'), 'ON') >= 0

-- errors: dictionary, mismatches
select max(mismatches(replace(state, 'QC', 'xyz'), 'ON')) from hospital.patients

-- errors: dictionary, jaccard
select max(jaccard(replace(state, 'QC', ''), 'ON')) from hospital.patients

-- errors: dictionary, regexp
select max(regexp_replace('x', replace(state, 'QC', '('), 'b')) from hospital.patients

-- errors: dictionary, cast in a struct
select count({'a': replace(replace(replace(replace(state, 'QC', 'x'), 'ON', '1'), 'BC', '2'), 'AB', '3')}::struct(a int)) from hospital.patients

-- errors: dictionary, cast
select sum(replace(replace(replace(replace(state, 'QC', 'x'), 'ON', '1'), 'BC', '2'), 'AB', '3')::int) from hospital.patients

-- errors: dictionary, to a date
select max(strptime(replace(replace(replace(replace(state, 'QC', 'x'), 'ON', '2001'), 'BC', '2002'), 'AB', '2003'), '%Y')) from hospital.patients

-- errors: dictionary, aggregated
select state, max(hamming(replace(state, 'QC', 'xyz'), 'ON')) from hospital.patients group by state

-- errors: dictionary, as a key
select hamming(replace(state, 'QC', 'xyz'), 'ON') as k, count(*) from hospital.patients group by k

-- errors: dictionary, sorted
select id from hospital.patients order by hamming(replace(state, 'QC', 'xyz'), 'ON'), id limit 3

-- errors: dictionary, of the members' condition
select max(hamming(replace(remark, 'hidden', 'long'), '1')) from hospital.visits where remark < '7'

-- errors: elements of lists
select sum(list_sum(codes::int[])) from hospital.visits

-- errors: elements of lists, in a condition
select count(*) from hospital.visits where (codes::int[])[1] >= 0

-- errors: elements of lists, by a lambda
select sum(list_sum(list_transform(codes, lambda x: x::int))) from hospital.visits

-- errors: elements of lists, unnested
select sum(c::int) from (select unnest(codes) as c from hospital.visits)

-- errors: parts of structs
select sum((place::struct(zip int)).zip) from hospital.visits

-- errors: parts of structs, one
select sum(place.zip::int) from hospital.visits where place.zip::int < 5

-- errors: values of maps
select sum((marks::map(varchar, int))['a']) from hospital.visits

-- errors: values of maps, as lists
select sum(list_sum(map_values(marks)::int[])) from hospital.visits

-- errors: sorted lists
select max(list_sort(codes)), max(array_to_string(codes, ',')) from hospital.visits

-- errors: json of lists
select max(json_transform_strict(to_json(codes), '["INTEGER"]')) from hospital.visits

-- functions: stats
select stats(id) from hospital.patients limit 1

-- functions: current query
select current_query()

-- functions: settings
select current_setting('allowed_directories')

-- functions: connection
select current_connection_id()

-- functions: environment
select getenv('HOME')

-- functions: write log
select write_log(name) from hospital.patients

-- functions: error
select error(name) from hospital.patients where id > 600000

-- functions: variables
select getvariable('x')

-- functions: sleep
select count(*) from hospital.patients where sleep_ms(1) is null

-- functions: vector type
select vector_type(state) from hospital.patients limit 1

-- functions: query
select * from query('select 1')

-- functions: query_table
select * from query_table('hospital.consents')

-- functions: files
select * from read_parquet('*.parquet')

-- functions: text of files
select * from read_text('/etc/passwd')

-- functions: glob
select * from glob('*')

-- functions: histogram macro
from histogram(hospital.patients, visits)

-- functions: serialized
select json_execute_serialized_sql(json_serialize_sql('select 1'))

-- functions: user
select current_user, session_user, user

-- functions: typeof treated columns
select typeof(name), typeof(ssn), typeof(born), typeof(income), typeof(label), typeof(tags), typeof(active) from hospital.patients limit 1

-- functions: hash of the row
select hash(p) from hospital.patients p where id < 20 order by id

-- functions: create_sort_key
select create_sort_key(name, 'ASC') from hospital.patients where id < 20 order by id

-- functions: enum_code, bit tricks
select sum(hash(name)), bit_xor(hash(income)), bit_xor(hash(zip)) from hospital.patients

-- functions: length of treated values
select sum(length(name)), sum(strlen(ssn)), max(length(label)), min(length(zip)) from hospital.patients

-- metadata: summarize
summarize hospital.patients

-- metadata: summarize of a query
summarize select id, visits, state, income from hospital.patients

-- metadata: describe
describe hospital.patients

-- metadata: describe of a query
describe select * from hospital.patients where (case when id > 600000 then 'x' else '1' end)::int = 1

-- metadata: show tables
show tables

-- metadata: show all tables
show all tables

-- metadata: explain
explain select * from hospital.patients

-- metadata: explain analyze
explain analyze select * from hospital.patients

-- metadata: pragma
pragma storage_info('patients')

-- metadata: parquet metadata
select * from parquet_metadata('0.parquet')

-- metadata: describe where groups may be seen
describe hospital.cells

-- metadata: summarize where groups may be seen
summarize hospital.cells

-- metadata: copy
copy hospital.patients to 'x.csv'

-- metadata: several statements
select 1; select * from hospital.consents

-- metadata: set
set threads = 8

-- metadata: attach
attach 'x.db'

-- masks: equality with the raw value
select count(*) from hospital.patients where name like 'Axx%'

-- masks: the first letters only
select name, count(*) from hospital.patients group by name order by 1

-- masks: sort by masked
select id from hospital.patients order by name, id limit 20

-- masks: order of the raw values
select id, row_number() over (order by income desc, id) from hospital.patients order by 1 limit 20

-- masks: join on masked
select count(*) from hospital.patients a join hospital.patients b on a.name = b.name

-- masks: between on rounded
select count(*) from hospital.patients where income between 1 and 9

-- masks: exact rounded
select count(*) from hospital.patients where income = 1010

-- masks: sums of rounded
select sum(income), avg(weight), min(weight), max(weight) from hospital.patients

-- masks: rounded differences
select id, income - lag(income) over (order by id) from hospital.patients order by id limit 20

-- masks: month of a year
select month(born), count(*) from hospital.patients group by all

-- masks: birthday
select count(*) from hospital.patients where born = date '1950-01-01' + 366

-- masks: minute of an hour
select minute(seen), count(*) from hospital.patients group by all

-- masks: null is null
select count(notes), count(tags), count(active) from hospital.patients

-- masks: json path of nothing
select count(*) from hospital.patients where notes->>'$.a' = '7'

-- masks: list of nothing
select count(*) from hospital.patients where list_contains(tags, 't0') or list_contains(tags, 't1')

-- masks: boolean of nothing
select count(*) from hospital.patients where active

-- masks: fixed
select label, count(*) from hospital.patients group by label

-- masks: fixed as number
select count(*) from hospital.patients where try_cast(label as int) is not null

-- masks: rest of the zip
select zip, count(*) from hospital.patients group by zip order by 1

-- masks: rest of the zip by like
select count(*) from hospital.patients where zip like '___0%'

-- masks: hash by dictionary
select count(*) from hospital.patients where ssn = sha256('s1') or ssn = md5('s1') or ssn = 's1'

-- masks: hash joins itself
select count(*) from hospital.patients a join hospital.patients b using (ssn)

-- masks: token is a token
select count(distinct code), min(length(code::varchar)) from hospital.patients

-- masks: token of a known code
select count(*) from hospital.patients where code = '00000000-0000-4000-8000-000000000007'

-- masks: condition sees the treated value
select count(*) from hospital.patients where income % 100 <> 0 or weight % 5 <> 0

-- masks: by case
select sum(case when name like 'A%x%' then 1 else 0 end) from hospital.patients

-- masks: similarity
select max(levenshtein(name, 'Axxx0 ab0')), max(jaccard(name, 'Axxx')) from hospital.patients where name is not null

-- masks: arg_min by raw order
select arg_min(id, income), arg_min(id, born), arg_min(id, weight) from hospital.patients

-- masks: group by the hidden
select count(*) from hospital.patients group by secret

-- masks: quantiles
select quantile_disc(income, [0.1, 0.5, 0.9]) from hospital.patients

-- masks: distinct
select count(distinct income), count(distinct name), count(distinct born) from hospital.patients

-- masks: join filter
select p.name, w.ward from hospital.patients p join open.wards w on p.id = w.patient_id order by 1, 2

-- members: count
select count(*), sum(cost), min(day), max(id) from hospital.visits

-- members: those who did not consent
select count(*) from hospital.visits where patient_id >= 5000

-- members: probing
select v.x, exists (from hospital.visits where patient_id = v.x) from (values (5000), (5002), (7)) v(x) order by 1

-- members: failing on the others
select count(*) from hospital.visits where (case when patient_id >= 5000 then 'x' else '1' end)::int = 1

-- members: failing on nulls
select count(*) from hospital.visits where (case when remark is null then 'x' else '1' end)::int = 1

-- members: cast of the remark
select sum(remark::int) from hospital.visits where remark::int >= 0

-- members: with a key of the others
select count(*) from hospital.visits where patient_id = 5002 and remark::int = 1

-- members: of 2019
select count(*) from hospital.visits where day < date '2020-01-01' and remark::int = 1

-- members: joined
select p.state, count(*), sum(v.cost) from hospital.visits v join hospital.patients p on p.id = v.patient_id group by all order by 1

-- members: left join
select count(*), count(v.id) from hospital.patients p left join hospital.visits v on p.id = v.patient_id and v.remark::int > 2

-- members: correlated
select p.id, (select count(*) from hospital.visits v where v.patient_id = p.id and v.remark::int > 1) from hospital.patients p where p.id < 30 order by 1

-- members: window
select ward, day, sum(cost) over (partition by ward order by day, id) from hospital.visits order by 1, 2, 3 limit 30

-- groups: rows
select * from hospital.cells

-- groups: one column
select ward from hospital.cells

-- groups: distinct
select distinct result from hospital.cells

-- groups: limit
select value from hospital.cells limit 1

-- groups: by ward
select ward, count(*), count(distinct patient_id), sum(value), avg(value) from hospital.cells group by ward order by 1

-- groups: by what is rare
select result, count(*) from hospital.cells group by result order by 1

-- groups: the small ward
select count(*), sum(value) from hospital.cells where ward = 'z'

-- groups: by everything
select ward, test, result, value, count(*) from hospital.cells group by all order by 1

-- groups: group by all without an aggregate
select ward, result from hospital.cells group by all order by 1

-- groups: max
select ward, max(value) from hospital.cells group by ward

-- groups: min in having
select ward from hospital.cells group by ward having min(value) > 3

-- groups: max in having, that one patient decides
select ward from hospital.cells group by ward having max(value) > 565

-- groups: order by max
select ward from hospital.cells group by ward order by max(value)

-- groups: sum of a case
select sum(case when result = 'bad' then value end) from hospital.cells

-- groups: sum of a case of values
select ward, sum(case when value > 555 then value end) from hospital.cells group by ward

-- groups: sum of a product
select sum(value * (result = 'bad')::int) from hospital.cells

-- groups: sum with a filter
select sum(value) filter (where result = 'bad') from hospital.cells

-- groups: count with a filter
select ward, count(*) filter (where result = 'bad') from hospital.cells group by ward

-- groups: list
select ward, list(value) from hospital.cells group by ward

-- groups: string_agg
select string_agg(result, ',') from hospital.cells

-- groups: any_value
select any_value(result) from hospital.cells

-- groups: first
select ward, first(value) from hospital.cells group by ward

-- groups: arg_max
select arg_max(result, value) from hospital.cells

-- groups: histogram
select histogram(result) from hospital.cells

-- groups: weighted average
select wavg(value, patient_id) from hospital.cells

-- groups: json_group_array
select json_group_array(value) from hospital.cells

-- groups: geomean
select geomean(value) from hospital.cells

-- groups: quantile
select quantile_cont(value, 0.5) from hospital.cells

-- groups: mode
select mode(result) from hospital.cells

-- groups: count_if
select count_if(result = 'bad') from hospital.cells

-- groups: window
select value, row_number() over (order by value) from hospital.cells

-- groups: window over a group
select ward, sum(count(*)) over (order by ward) from hospital.cells group by ward

-- groups: qualify
select ward, count(*) from hospital.cells group by ward qualify row_number() over (order by ward) = 1

-- groups: a subquery that passes rows on
select count(*) from (select * from hospital.cells) where result = 'bad'

-- groups: a CTE that passes rows on
with c as (select value, result from hospital.cells) select sum(value) from c group by result

-- groups: a CTE that groups
with c as (select ward, count(*) n, sum(value) s from hospital.cells group by ward) select sum(n), max(s) from c

-- groups: grouped, then filtered
select * from (select result, count(*) n from hospital.cells group by result) where n < 5

-- groups: grouped, then failing on small groups
select * from (select result, (case when count(*) < 5 then 'x' else '1' end)::int v from hospital.cells group by result) where v = 1

-- groups: grouped in a CTE, then failing on small groups
with g as (select result, (case when count(*) < 5 then 'x' else '1' end)::int v from hospital.cells group by result) select * from g where v = 1

-- groups: having that fails on small groups
select result from hospital.cells group by result having (case when count(*) < 5 then 'x' else '1' end)::int = 1

-- groups: a condition that fails on one row
select count(*) from hospital.cells where (case when value = 561 then 'x' else '1' end)::int = 1

-- groups: a group key that fails on one row
select (case when value = 561 then 'x' else '1' end)::int k, count(*) from hospital.cells group by k

-- groups: an aggregate that fails on one row
select sum(result::int) from hospital.cells

-- groups: scalar subquery
select (select sum(value) from hospital.cells where result = 'bad')

-- groups: scalar subquery of rows
select (select value from hospital.cells where result = 'bad' limit 1)

-- groups: exists
select exists (select 1 from hospital.cells where result = 'bad' and value = 100)

-- groups: exists of an aggregate
select exists (select count(*) from hospital.cells where result = 'bad' and value = 100)

-- groups: in
select floor from open.wards where ward in (select ward from hospital.cells where result = 'rare')

-- groups: in, grouped
select count(*) from open.wards where ward in (select ward from hospital.cells group by ward)

-- groups: correlated count
select w.ward, w.floor, (select count(*) from hospital.cells c where c.ward = w.ward) from open.wards w order by 1, 2

-- groups: joined with one row
select count(*), sum(c.value) from hospital.cells c join (values ('bad')) v(r) on c.result = v.r

-- groups: joined with weights
select sum(c.value * v.w) from hospital.cells c join (values ('bad', 1), ('1', 0), ('2', 0)) v(r, w) on c.result = v.r

-- groups: sum of weights of a left join
select sum(v.w) from hospital.cells c left join (values ('bad', 1)) v(r, w) on c.result = v.r

-- groups: sum over a left join that finds something for one patient
select count(w.floor), sum(w.floor) from hospital.cells c left join open.wards w on c.ward = w.ward and c.result = 'bad' and c.day = date '2021-01-01'

-- groups: semi join
select count(*) from open.wards w semi join hospital.cells c on w.ward = c.ward

-- groups: anti join
select count(*) from open.wards w anti join hospital.cells c on w.ward = c.ward

-- groups: asof
select count(*) from open.wards w asof join hospital.cells c on w.patient_id >= c.value

-- groups: positional
select count(*), sum(w.floor) from open.wards w positional join hospital.cells c

-- groups: joined, grouped by the other
select w.floor, count(*), sum(c.value) from hospital.cells c join open.wards w on c.ward = w.ward where w.ward <> 'z' group by w.floor order by 1

-- groups: itself joined
select a.ward, count(*) from hospital.cells a join hospital.cells b on a.ward = b.ward and a.test = b.test group by a.ward order by 1

-- groups: rollup
select ward, test, count(*) from hospital.cells group by rollup (ward, test) order by all

-- groups: cube
select ward, result, sum(value) from hospital.cells group by cube (ward, result) order by all

-- groups: union
select ward, count(*) from hospital.cells group by ward union all select result, count(*) from hospital.cells group by result

-- groups: except of rows
select value from hospital.cells except select 1

-- groups: pivot
pivot hospital.cells on result in ('bad') using sum(value) group by ward

-- groups: unpivot
unpivot hospital.cells on value

-- groups: star
select columns(*) from hospital.cells

-- groups: count of columns
select count(columns(*)) from hospital.cells

-- groups: the subject by its hidden name
select columns('__r.*') from hospital.cells group by all

-- groups: too many aliases
select d, count(*) from hospital.cells c(a, b, v, r, y, z, d) group by d

-- groups: the row
select c, count(*) from hospital.cells c group by c

-- groups: sample
select count(*) from hospital.cells using sample 1 rows

-- groups: lateral
select w.ward, l.value from open.wards w, lateral (select value from hospital.cells c where c.ward = w.ward limit 1) l

-- groups: lateral count
select w.ward, l.n from (select distinct ward from open.wards) w, lateral (select count(*) n from hospital.cells c where c.ward = w.ward) l order by 1

-- groups: recursive
with recursive r as (select ward, value from hospital.cells union all select * from r where false) select count(*) from r

-- groups: distinct aggregates
select count(distinct result), count(distinct ward), approx_count_distinct(test) from hospital.cells

-- groups: arithmetic around aggregates
select ward, round(sum(value) / count(*), 1), 100.0 * count(*) / 128 from hospital.cells group by ward order by 1

-- groups: constants
select 1 from hospital.cells having true

-- groups: limit by the product
select ward from open.wards order by ward limit (select count(*) from hospital.cells where result = 'bad')

-- groups: order by a subquery
select ward, count(*) from hospital.cells group by ward order by (select max(value) from hospital.cells)

-- groups: two ways to tell subjects apart, by ward
select ward, count(*), sum(dose), avg(dose) from hospital.doses group by ward order by 1

-- groups: two ways, in all
select count(*), sum(dose), count(dose), count(distinct patient_id) from hospital.doses

-- groups: two ways, by what is one doctor's
select result, count(*), sum(dose) from hospital.doses group by result order by 1

-- groups: two ways, an aggregate about one doctor's patients
select ward, count(*) filter (where result = 'solo') from hospital.doses group by ward order by 1

-- groups: two ways, a sum about one doctor's patients
select sum(dose) filter (where dose > 700 and ward = 'd') from hospital.doses

-- groups: two ways, a condition
select count(*), sum(dose) from hospital.doses where ward = 'd' and dose > 700

-- groups: two ways, a condition on few patients of many doctors
select count(*), sum(dose) from hospital.doses where ward = 'e' and dose > 700

-- groups: two ways, rows
select dose from hospital.doses

-- groups: two ways, having of its own
select ward, count(*) from hospital.doses group by ward having count(*) > 3 order by 1

-- groups: two ways, grouping sets
select ward, result, count(*), sum(dose) from hospital.doses group by cube (ward, result) order by all

-- groups: two ways, the hidden subject
select count(distinct doctor) from hospital.doses

-- groups: two ways, by the hidden subject
select doctor, count(*) from hospital.doses group by doctor

-- groups: two ways, by the hidden subject's other name
select columns('__r.*'), count(*) from hospital.doses group by all

-- groups: two ways and one way joined
select d.ward, count(*), sum(d.dose) from hospital.doses d join hospital.cells c on d.patient_id = c.value group by d.ward

-- groups: two ways, joined with wards
select w.floor, count(*), sum(d.dose) from hospital.doses d join open.wards w on d.ward = w.ward group by w.floor order by 1

-- groups: two ways, aggregate of aggregates
select sum(n), count(*) from (select ward, count(*) as n from hospital.doses group by ward)

-- hoist: a key and what could fail
select id, name || '!' from hospital.patients where id = 7 and length(name || 'x') > 0

-- hoist: turned around, between, in
select count(*), sum(visits + 1) from hospital.patients where 300 > id and 20 <= id and id between 30 and 200 and state in ('ON', 'QC', 'BC')

-- hoist: dates and texts
select count(*), sum(cost * 2) from hospital.visits where day >= date '2020-02-01' and day < '2021-01-01' and ward = 'a' and remark > '3'

-- hoist: greater and less
select count(*), min(id + 0) from hospital.patients where id > 5 and 100 >= id and visits < 8 and 3 < visits

-- hoist: not of a treated column
select count(*), max(zip || '') from hospital.patients where zip = '999' and name > 'C' and income = 1000 and id + 0 > 0

-- hoist: not of a shortened column
select count(*), max(zip || '') from hospital.patients where zip = '999' and id + 0 >= 0

-- hoist: of the right table
select p.id + 0, v.id + 0 from hospital.patients p join hospital.visits v on p.id = v.patient_id where v.id < 60 and p.id < 20 order by 1, 2

-- hoist: of a left join's right side
select count(*), count(v.id + 0) from hospital.patients p left join hospital.visits v on p.id = v.patient_id where v.id = 12 and p.visits + 0 >= 0

-- hoist: not under OR
select count(*), max(id + 0) from hospital.patients where id = 7 or visits + 0 = 3

-- hoist: not under NOT
select count(*), max(id + 0) from hospital.patients where not (id = 7) and not (id < 5) and visits + 0 >= 0

-- hoist: not of asof's right side
select w.patient_id + 0, p.id + 0 from open.wards w asof join hospital.patients p on w.patient_id >= p.id where p.id in (3, 9, 20) order by 1

-- hoist: not of a positional join
select v.id + 0, p.id + 0 from hospital.visits v positional join hospital.patients p where p.id = 9 order by 1

-- hoist: column of a subquery of the same name
select count(*) from hospital.patients p, (select id + 1000 as id from hospital.patients) s where s.id = 1007 and p.visits + 0 = 3

-- hoist: renamed columns
select count(*), max(b || '') from hospital.patients p(a, b, c, id) where a = 7 and id = 'BC'

-- hoist: before a window
select id + 0, row_number() over (order by id) from hospital.patients where id > 390 order by 1

-- hoist: not outside of a limit
select count(*) from (select id, visits + 0 as v from hospital.patients order by id limit 10) s where s.id = 200 and s.v >= 0

-- hoist: of the inner query only
select count(*) from hospital.patients p where id = 7 and exists (select visits + 0 from hospital.visits v where v.patient_id = p.id and v.id < 30)

-- hoist: numbers and texts as constants of other types
select count(*), sum(visits + 0) from hospital.patients where id = '7' and visits > 1.5 and state <> ''

-- exhaustion: deep
select ((((((((((((((((((((((1)))))))))))))))))))))) from hospital.patients limit 1

-- exhaustion: endless recursion over hidden rows is bounded by what is seen
with recursive r as (select 1 as n union all select n + 1 from r, hospital.patients p where p.id = 700000 and n < 3) select count(*) from r
