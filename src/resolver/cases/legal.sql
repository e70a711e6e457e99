--- Statements that must give the same columns, types and rows through the resolver as in plain
--- DuckDB. A case goes to the next empty line. Before its text: "-- what it is", "--$ name = value"
--- or "--$ value" for parameters, "--plain text" for what DuckDB gets instead.

--- ---- names ----

-- name: two parts
select lab.people.id, lab.people.name from lab.people

-- name: table without domain
select people.id from lab.people where people.active

-- name: other case
SELECT Lab.People.ID, NAME FROM LAB.People WHERE people.Active

-- name: alias
select p.id, p.name from lab.people as p where p.dept = 2

-- name: alias without as
select p.id from lab.people p

-- name: columns renamed by the alias
select p.a, p.b, p.boss from lab.people p(a, b)

-- name: alias like another column
select p.id as name, p.name as id from lab.people p

-- name: alias of the select list in where
select id * 2 as dbl from lab.orders where dbl > 700

-- name: alias in group by and having
select qty % 3 as k, count(*) as n from lab.orders group by k having n > 100

-- name: alias hides a column in order by
select -id as id from lab.people order by id

-- name: column wins over alias in where
select qty + 100 as id from lab.orders where id < 5

-- name: alias used in later items
select id as x, x + 1 as y, x + y as z from lab.depts p(id) order by x

-- name: the same table name in two domains
select lab.orders.id, stats.orders.total from lab.orders join stats.orders on lab.orders.id = stats.orders.id

-- name: the same table name in two domains with aliases
select a.id, b.total from lab.orders a, stats.orders b where a.id = b.id

-- name: one part
select * from reports where cases > 40

-- name: one part that is a text of weft's own
select * from counties

-- name: one part, qualified
select reports.day, counties.county from reports join counties on reports.fips = counties.fips

-- name: one part shadowed by a CTE
with reports as (select 1 as one) select * from reports

-- name: main before a table of one part is a struct of nothing
select r.day from reports r where r.id = 3

-- name: odd column names
select "FIPS code", "select", "from", "a""b", "Ünï çode", "x.y", "it's", "semi;colon", "--", " lead", "1st" from lab.odd

-- name: odd column names behind the table
select lab.odd."x.y", odd."a""b", o."it's" from lab.odd, lab.odd o where odd.id = o.id

-- name: case-insensitive names of columns
select CAMELCASE, camelcase as x, o."camelCASE" from lab.odd o

-- name: words as columns
select "order", "user", "current_date" from lab.odd where "user" = 's1'

-- name: user as a column
select user, o.user from lab.odd o

-- name: current_date as a column
select current_date, o.current_date + 1 from lab.odd o

-- name: star of odd columns
select * from lab.odd

-- name: odd aliases
select o.id as "a b", o."from" as "select", id as "x""y", id as "Ünï" from lab.odd o

-- name: odd table aliases
select "o o".id, "a""b"."from" from lab.odd as "o o", lab.odd as "a""b" where "o o".id = "a""b".id

-- name: odd table alias with a star
select "o.o".* from lab.odd as "o.o"

-- name: alias that is the name of another table
select people.id from lab.orders as people where people.qty = 3

-- name: alias that is a domain
select lab.id from lab.people as lab where lab.dept = 1

-- name: alias is a domain and the table stands too
select lab.id, p.id from lab.people as lab join lab.people p using (id)

-- name: struct field that looks like domain.table.column
select lab.address.city from lab.people as lab

-- name: row of a table
select people from lab.people where id < 3

-- name: row of an alias
select o from lab.depts o

-- name: unnamed columns keep their names
select id + 1, id * 2 - 3, count(*) over (), -id, not active, 'x', 1, null from lab.people

-- name: unnamed functions keep their names
select upper(name), coalesce(name, 'none'), length(name), cast(id as varchar), id::double from lab.people

-- name: unnamed columns of three parts
select lab.people.id, lab.people.id + 1, sum(lab.people.id) over () from lab.people

-- name: unnamed columns of three parts by group
select lab.orders.state, max(lab.orders.amount), count(lab.orders.note) from lab.orders group by lab.orders.state

-- name: unnamed constants
select 1e3, 1.5, 1e-5, .5, 100000000000, 0x1F, 1_000 from lab.depts

-- name: unnamed subquery
select (select max(dept) from lab.depts d), exists (from lab.empty), 3 in (select dept from lab.depts)

-- name: names through a subquery
select "sum(amount)", "count_star()" from (select sum(amount), count(*) from lab.orders)

-- name: names of windows through a subquery
select * from (select id, row_number() over (order by id) from lab.depts d(id)) order by 1

--- ---- joins ----

-- join: inner with on
select p.id, o.id from lab.people p inner join lab.orders o on p.id = o.person_id

-- join: inner with several conditions
select p.id, o.id from lab.people p join lab.orders o on p.id = o.person_id and o.qty > p.dept and o.state is not null

-- join: left
select p.id, d.name, d.budget from lab.people p left join lab.depts d on p.dept = d.dept

-- join: right
select p.id, d.name from lab.people p right join lab.depts d on p.dept = d.dept

-- join: full
select p.id, d.dept from lab.people p full outer join lab.depts d on p.dept = d.dept and p.id > 10

-- join: full with using gives merged columns
select dept, p.id, d.name from lab.people p full join lab.depts d using (dept)

-- join: cross
select p.id, d.dept from lab.people p cross join lab.depts d

-- join: comma
select p.id, d.dept, o.total from lab.people p, lab.depts d, stats.orders o where p.dept = d.dept and o.id = p.id

-- join: natural
select * from lab.depts natural join (select dept, budget from lab.depts)

-- join: natural by columns that nobody names
select count(*) as n from lab.people natural join lab.depts

-- join: natural left
select dept, e.name2 from lab.depts d natural left join (select dept, 'n' || dept as label from stats.people) e(dept, name2)

-- join: using several columns
select * from lab.orders a join lab.orders b using (id, qty) where a.id < 20

-- join: using star
select * from lab.people join lab.depts using (dept)

-- join: using, qualified on both sides
select p.dept, d.dept, dept from lab.people p join lab.depts d using (dept)

-- join: semi
select id, name from lab.people p semi join lab.depts d on p.dept = d.dept

-- join: anti
select id, name from lab.people p anti join lab.depts d using (dept)

-- join: positional
select * from lab.depts positional join (select id from stats.people)

-- join: self
select a.id, b.name from lab.people a join lab.people b on a.boss = b.id

-- join: self without alias on one side
select people.id, boss.name from lab.people left join lab.people boss on people.boss = boss.id

-- join: three in brackets
select p.id, o.id, d.name from lab.people p left join (lab.orders o join lab.depts d on o.qty = d.dept) on p.id = o.person_id

-- join: chain
select count(*) from lab.people p join lab.orders o on p.id = o.person_id join lab.depts d on d.dept = p.dept left join stats.people s on s.id = p.id

-- join: inequality
select d.dept, e.dept from lab.depts d join lab.depts e on d.dept < e.dept

-- join: or in the condition
select p.id, d.dept from lab.people p join lab.depts d on p.dept = d.dept or p.id = d.dept

-- join: asof
select t.id, t.sym, p.price from lab.trades t asof join lab.prices p on t.sym = p.sym and t.ts >= p.ts

-- join: asof left
select t.id, t.sym, p.price from lab.trades t asof left join lab.prices p on t.sym = p.sym and t.ts >= p.ts

-- join: asof using
select t.id, sym, ts, p.price from lab.trades t asof join lab.prices p using (sym, ts)

-- join: asof downwards
select t.id, p.id from lab.trades t asof join lab.prices p on t.sym = p.sym and t.ts < p.ts

-- join: lateral
select p.id, l.n, l.s from lab.people p, lateral (select count(*) as n, sum(amount) as s from lab.orders o where o.person_id = p.id) l

-- join: lateral left
select p.id, l.id as oid from lab.people p left join lateral (select o.id from lab.orders o where o.person_id = p.id order by o.amount desc, o.id limit 2) l on true

-- join: lateral without the word
select p.id, l.x from lab.people p, (select p.id + p.dept as x) l

-- join: lateral that uses a domain name
select people.id, l.x from lab.people, lateral (select lab.people.id * 2 as x) l

-- join: lateral over unnest
select p.id, t.tag from lab.people p, unnest(p.tags) as t(tag)

-- join: lateral in lateral
select d.dept, l2.y from lab.depts d, lateral (select d.dept + 1 as x) l1, lateral (select l1.x * d.dept as y) l2

-- join: with an empty table
select p.id, e.label from lab.people p left join lab.empty e on e.id = p.id

-- join: condition on a constant
select count(*) from lab.depts d join lab.people p on true

-- join: with a subquery
select p.id, o.n from lab.people p join (select person_id, count(*) as n from lab.orders group by person_id) o on o.person_id = p.id

-- join: same column names on both sides
select p.name, d.name, p.name || d.name from lab.people p join lab.depts d on p.dept = d.dept

-- join: star of each side
select p.*, d.* from lab.people p join lab.depts d on p.dept = d.dept

-- join: star with the same column names
select * from lab.people p join lab.depts d on p.dept = d.dept

-- join: through a domain name on both sides
select lab.people.name, stats.people.name from lab.people join stats.people on lab.people.id = stats.people.id

-- join: using over two domains of one table name
select id, lab.people.name, stats.people.name from lab.people join stats.people using (id)

-- join: is not distinct from
select a.id, b.id from lab.orders a join lab.orders b on a.state is not distinct from b.state and a.id + 5 = b.id

-- join: guarded with open
select g.id, p.name from lab.guarded g join lab.people p on g.id = p.id

-- join: guarded left
select p.id, g.name, g.amount from lab.people p left join lab.guarded g on g.id = p.id

--- ---- WITH ----

-- cte: one
with c as (select id, dept from lab.people where active) select count(*), max(dept) from c

-- cte: columns named
with c(a, b) as (select id, dept from lab.people) select a, b from c where b = 3

-- cte: two, the second uses the first
with c as (select id, amount from lab.orders), d as (select * from c where amount > 50) select count(*) from d

-- cte: used twice
with c as (select dept, count(*) as n from lab.people group by dept) select a.dept, b.n from c a join c b on a.dept = b.dept + 1

-- cte: materialized
with c as materialized (select id from lab.orders where qty = 3) select count(*) from c a join c b using (id)

-- cte: not materialized
with c as not materialized (select id from lab.orders where qty = 3) select count(*) from c a join c b using (id)

-- cte: hides a table of the same name
with people as (select 7 as id) select people.id from people

-- cte: hides a table inside, the table shows outside
select (with people as (select 7 as id) select id from people) as x, count(*) from lab.people

-- cte: a table of the same name with its domain shows
with people as (select id from lab.people where id < 5) select p.id, people.id from people join lab.people p on p.id = people.id

-- cte: a CTE and a table of the same name at once, which DuckDB itself finds ambiguous
--plain with orders as (select id, qty from lab.orders where qty = 1) select o.id, s.total from orders o, stats.orders s where o.id = s.id
with orders as (select id, qty from lab.orders where qty = 1) select orders.id, stats.orders.total from orders, stats.orders where orders.id = stats.orders.id

-- cte: alias of a CTE
with c as (select 1 as x) select d.x from c as d

-- cte: alias with columns
with c as (select 1 as x, 2 as y) select d.p, d.q from c as d(p, q)

-- cte: in a subquery
select * from (with c as (select dept from lab.depts) select dept + 1 as d from c) order by d

-- cte: nested with the same name
with c as (select 1 as x), d as (with c as (select 2 as x) select x from c) select c.x, d.x from c, d

-- cte: in one arm of a union
select 1 as a union all (with c as (select 2 as b) select b from c) order by 1

-- cte: over a union
with c as (select 1 as a) select a from c union all select a + 1 from c order by 1

-- cte: unused
with unused as (select id from lab.orders) select 1 as one

-- cte: values
with v(a, b) as (values (1, 'x'), (2, 'y')) select * from v order by a

-- cte: odd name
with "my cte" as (select 1 as x), "a""b" as (select 2 as y) select "my cte".x, "a""b".y from "my cte", "a""b"

-- cte: case of names
with MyCte as (select 1 as x) select MYCTE.x from mycte

-- cte: in a correlated subquery
select p.id, (with o as (select amount from lab.orders where person_id = p.id) select sum(amount) from o) as s from lab.people p

-- cte: star of a CTE
with c as (select id, name from lab.people) select c.* from c

-- cte: row of a CTE
with c as (select dept, name from lab.depts) select c from c

-- cte: recursive counter
with recursive r(n) as (select 1 union all select n + 1 from r where n < 20) select n from r

-- cte: recursive over a table
with recursive up as (select id, boss, 0 as depth from lab.people where id = 50 union all select p.id, p.boss, depth + 1 from lab.people p join up on p.id = up.boss) select * from up order by depth

-- cte: recursive down with a path
with recursive down(id, path) as (select id, [id] from lab.people where boss is null union all select p.id, list_append(path, p.id) from lab.people p, down where p.boss = down.id) select id, path from down

-- cte: recursive with union stops at a cycle
with recursive reach(n) as (select 2 union select b from lab.edges e join reach r on e.a = r.n) select n from reach order by n

-- cte: recursive twice
with recursive a(n) as (select 1 union all select n + 1 from a where n < 3), b(m) as (select n from a union all select m + 10 from b where m < 20) select * from b

-- cte: recursive keyword without recursion
with recursive c as (select dept from lab.depts) select dept from c

-- cte: recursive fibonacci
with recursive fib(i, a, b) as (select 1, 0::bigint, 1::bigint union all select i + 1, b, a + b from fib where i < 30) select i, a from fib order by i

-- cte: recursive with a using key
with recursive cc(id, c) using key (id) as (select id, dept as c from lab.people union select p.id, cc.c from cc join lab.people p on p.id = cc.id where cc.c > p.dept) select id, c from cc

-- cte: recursive inside a subquery
select sum(n) from (with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n from r)

-- cte: recursive with an outer CTE
with recursive start as (select min(id) as id from lab.edges), walk(n, steps) as (select e.b, 1 from lab.edges e, start where e.a = start.id union all select e.b, steps + 1 from lab.edges e, walk where e.a = walk.n and steps < 5) select n, steps from walk

-- cte: from first
with c as (from lab.depts) from c select dept

--- ---- windows ----

-- window: row_number
select id, row_number() over (partition by state order by amount desc, id) as rn from lab.orders

-- window: rank functions
select id, rank() over w, dense_rank() over w, percent_rank() over w, cume_dist() over w from lab.orders window w as (partition by state order by qty)

-- window: ntile
select id, ntile(5) over (order by id) from lab.orders

-- window: lag and lead
select id, lag(amount) over w, lag(amount, 2) over w, lag(amount, 1, 0) over w, lead(amount, 3) over w from lab.orders window w as (partition by person_id order by day, id)

-- window: first, last, nth
select id, first_value(amount) over w, last_value(amount) over w, nth_value(amount, 2) over w from lab.orders window w as (partition by qty order by id rows between unbounded preceding and unbounded following)

-- window: rows frame
select id, sum(amount) over (order by id rows between 3 preceding and 1 following) from lab.orders

-- window: range frame
select id, count(*) over (order by qty range between 1 preceding and 1 following) from lab.orders

-- window: range frame of days
select id, avg(amount) over (order by day range between interval 7 days preceding and current row) from lab.orders

-- window: groups frame
select id, sum(qty) over (order by day groups between 1 preceding and 2 following) from lab.orders

-- window: frame from an expression
select id, sum(qty) over (order by id rows between qty preceding and current row) from lab.orders

-- window: exclude current row
select id, sum(qty) over (order by id rows between 2 preceding and 2 following exclude current row) from lab.orders

-- window: exclude group
select id, count(*) over (order by qty groups between 1 preceding and 1 following exclude group) from lab.orders

-- window: exclude ties
select id, count(*) over (order by qty groups between 1 preceding and 1 following exclude ties) from lab.orders

-- window: exclude no others
select id, count(*) over (order by id rows between 5 preceding and current row exclude no others) from lab.orders

-- window: ignore nulls
select id, last_value(note ignore nulls) over (order by id), lag(note, 1 ignore nulls) over (order by id) from lab.orders

-- window: respect nulls
select id, first_value(note respect nulls) over (order by id) from lab.orders

-- window: filter
select id, count(*) filter (where state = 'QC') over (order by id) from lab.orders

-- window: distinct
select id, count(distinct state) over (order by id rows between 10 preceding and current row) from lab.orders

-- window: order in the arguments
select id, first_value(id order by amount desc, id) over (partition by state) from lab.orders

-- window: list
select id, list(qty) over (order by id rows between 2 preceding and current row) from lab.orders

-- window: qualify
select id, state, amount from lab.orders qualify row_number() over (partition by state order by amount desc, id) <= 2

-- window: qualify by alias
select id, rank() over (partition by state order by qty) as r from lab.orders qualify r = 1

-- window: qualify with a named window
select id from lab.orders window w as (partition by state order by id) qualify row_number() over w = 3

-- window: qualify with a subquery
select id from lab.people qualify row_number() over (partition by dept order by id) <= (select min(dept) from lab.depts)

-- window: named windows that build on another
select id, sum(qty) over w2, count(*) over (w1 rows between 1 preceding and current row) from lab.orders window w1 as (partition by state order by id), w2 as (partition by qty)

-- window: over aggregates
select state, sum(amount) as s, rank() over (order by sum(amount) desc) as r from lab.orders group by state

-- window: share of the total
select state, qty, count(*) / sum(count(*)) over (partition by state) as share from lab.orders group by state, qty

-- window: seven-day mean
select fips, day, avg(cases) over (partition by fips order by day rows between 6 preceding and current row) as mean7 from reports

-- window: new cases from cumulative ones
select fips, day, cases - lag(cases, 1, 0) over (partition by fips order by day, id) as added from reports

-- window: in an expression
select id, amount - avg(amount) over (partition by state) as off, case when row_number() over (order by id) = 1 then 'first' else 'later' end from lab.orders

-- window: fill
select id, fill(salary) over (order by id) from lab.people

-- window: order with nulls
select id, row_number() over (order by state nulls first, id), row_number() over (order by state desc nulls last, id) from lab.orders

-- window: partition by an expression
select id, count(*) over (partition by month(day), qty > 4) from lab.orders

-- window: over guarded rows
select id, sum(amount) over (order by id), lag(name) over (order by id) from lab.guarded

--- ---- groups ----

-- group: by column
select state, count(*), sum(amount), min(day), max(day), avg(qty) from lab.orders group by state

-- group: by position
select qty, state, count(*) from lab.orders group by 1, 2

-- group: by expression
select month(day), count(*) from lab.orders group by month(day)

-- group: by all
select state, qty, sum(amount) from lab.orders group by all

-- group: by all with an expression
select state || '-' || qty as k, count(*) + 1 from lab.orders group by all

-- group: by all with order by all
select state, qty, count(*) from lab.orders group by all order by all

-- group: order by all descending
select state, qty, count(*) from lab.orders group by all order by all desc nulls last

-- group: grouping sets
select state, qty, count(*), grouping(state), grouping(qty), grouping(state, qty) from lab.orders group by grouping sets ((state, qty), (state), (qty), ())

-- group: rollup
select state, qty, sum(amount) from lab.orders group by rollup (state, qty)

-- group: cube
select state, qty, count(*) from lab.orders group by cube (state, qty)

-- group: grouping sets beside columns
select qty, state, count(*) from lab.orders group by qty, grouping sets ((state), ())

-- group: rollup of expressions
select year(day) as y, month(day) as m, count(*) from lab.orders group by rollup (y, m)

-- group: rollup of qualified columns
select lab.orders.state, count(*) from lab.orders group by rollup (lab.orders.state)

-- group: grouping_id
select grouping_id(state, qty), count(*) from lab.orders group by cube (state, qty)

-- group: having
select person_id, count(*) as n from lab.orders group by person_id having count(*) > 5 and sum(amount) > 100

-- group: having without group by
select count(*) from lab.orders having count(*) > 3

-- group: having with a subquery
select state, sum(amount) from lab.orders group by state having sum(amount) > (select avg(budget) / 2 from lab.depts)

-- group: no rows
select count(*), sum(id), min(label), list(id) from lab.empty

-- group: no rows with group by
select label, count(*) from lab.empty group by label

-- aggregate: filter
select count(*) filter (where state = 'QC'), sum(amount) filter (where qty > 4 and note is not null) from lab.orders

-- aggregate: distinct
select count(distinct state), sum(distinct qty), list(distinct state order by state) from lab.orders

-- aggregate: order by in arguments
select state, list(id order by amount desc, id), string_agg(note, '|' order by note desc nulls last, id), first(id order by id desc) from lab.orders where id < 60 group by state

-- aggregate: string_agg
select string_agg(name, ', ' order by dept) from lab.depts

-- aggregate: group_concat and listagg
select group_concat(name, ';' order by dept), listagg(name, '/' order by dept) from lab.depts

-- aggregate: within group
select percentile_cont(0.5) within group (order by amount), percentile_disc(0.25) within group (order by qty), mode() within group (order by state) from lab.orders

-- aggregate: quantiles
select quantile_cont(amount, [0.25, 0.5, 0.75]), quantile_disc(qty, 0.9), median(amount), mad(amount) from lab.orders

-- aggregate: statistics
select stddev_samp(amount), stddev_pop(amount), var_samp(amount), var_pop(amount), skewness(amount), kurtosis(amount) from lab.orders

-- aggregate: pairs
select corr(amount, qty), covar_pop(amount, qty), covar_samp(amount, qty), regr_slope(amount, qty), regr_intercept(amount, qty), regr_r2(amount, qty) from lab.orders

-- aggregate: arg_min and arg_max
select state, arg_min(id, amount), arg_max(id, amount), max_by(id, amount), arg_max(id, amount, 3) from lab.orders group by state

-- aggregate: several values
select max(qty, 3), min(id, 2) from lab.orders

-- aggregate: bits and booleans
select bit_and(qty), bit_or(qty), bit_xor(qty), bool_and(qty >= 0), bool_or(qty > 8), count_if(qty = 2) from lab.orders

-- aggregate: histogram
select histogram(qty), histogram(state) from lab.orders

-- aggregate: products and sums
select product(qty + 1), fsum(amount), favg(amount), geomean(qty + 1), entropy(state) from lab.orders where id < 10

-- aggregate: any_value, first, last
select any_value(note order by id), first(id order by id), last(id order by id) from lab.orders

-- aggregate: of lists and structs
select list({'id': id, 'q': qty} order by id), map_from_entries(list((id, qty) order by id)) from lab.orders where id < 4

-- aggregate: count of several
select count(distinct (state, qty)), count((state, qty)) from lab.orders

-- aggregate: sum of decimals keeps its type
select sum(amount), avg(amount), max(amount), typeof(sum(amount)), typeof(sum(qty)) from lab.orders

-- aggregate: count without star
select count() from lab.orders

-- aggregate: approximate
select approx_count_distinct(state), approx_quantile(qty, 0.5), reservoir_quantile(qty, 1.0) from lab.orders

-- aggregate: bitstring and top k
select bitstring_agg(qty, 0, 9), approx_top_k(state, 2) from lab.orders where state is not null

-- aggregate: nested in expressions
select round(100.0 * count(*) filter (where active) / count(*), 1) as pct, max(id) - min(id) + 1 from lab.people

--- ---- order, limit, distinct ----

-- order: by several
select id, state, qty from lab.orders order by state desc nulls last, qty asc, id desc

-- order: by position
select state, id from lab.orders order by 1, 2 desc

-- order: by expression
select id from lab.orders order by qty * -1, id

-- order: by a column that is not shown
select name from lab.people order by born, id

-- order: by a qualified column
select id from lab.orders order by lab.orders.amount, orders.id

-- order: by an aggregate
select state from lab.orders group by state order by sum(amount) desc

-- order: by a window
select id from lab.orders order by rank() over (order by qty), id

-- order: by a subquery
select id from lab.people p order by (select count(*) from lab.orders o where o.person_id = p.id) desc, id

-- order: by all
select state, qty, id from lab.orders order by all

-- order: with a collation
select name from lab.people where name is not null order by name collate nocase desc

-- limit: with offset
select id from lab.orders order by id limit 7 offset 13

-- limit: percent
select id from lab.orders order by id limit 5%

-- limit: percent as a word
select id from lab.orders order by id limit 5 percent

-- limit: expression
select id from lab.orders order by id limit 2 + 3 offset 10 - 4

-- limit: subquery
select id from lab.orders order by id limit (select count(*) from lab.depts) offset (select min(dept) from lab.depts)

-- limit: none
select id from lab.orders order by id offset 395

-- limit: zero
select * from lab.orders limit 0

-- limit: in a subquery
select sum(id) from (select id from lab.orders order by amount, id limit 50)

-- distinct: columns
select distinct state, qty from lab.orders

-- distinct: on
select distinct on (state) state, id, amount from lab.orders order by state, amount desc, id

-- distinct: on several
select distinct on (state, qty % 2) state, qty, id from lab.orders order by state, qty % 2, id desc

-- distinct: on an expression of a qualified column
select distinct on (lab.orders.qty) lab.orders.qty, lab.orders.id from lab.orders order by lab.orders.qty, lab.orders.id

-- distinct: with order
select distinct qty from lab.orders order by qty desc limit 3

-- sample: rows with a seed
select count(*) from (select id from lab.orders using sample reservoir(20 rows) repeatable (5))

-- sample: percent with a seed
select id from lab.orders using sample 10 percent (bernoulli, 42)

-- sample: of a table with a seed
select id from lab.orders tablesample reservoir(11 rows) repeatable (7)

-- sample: of an aliased table
select o.id from lab.orders as o tablesample reservoir(11 rows) repeatable (7)

-- sample: of a subquery
select x.id from (select id from lab.orders where qty = 1) x tablesample reservoir(5 rows) repeatable (1)

--- ---- set operations ----

-- set: union
select dept from lab.people union select dept from lab.depts

-- set: union all
select dept, name from lab.people union all select dept, name from lab.depts

-- set: union all by name
select id, name from lab.people union all by name select name, budget from lab.depts

-- set: union by name
select dept as d, 'x' as k from lab.people union by name select 'x' as k, dept as d from lab.depts

-- set: intersect
select dept from lab.people intersect select dept from lab.depts

-- set: intersect all
select qty from lab.orders intersect all select dept from lab.people

-- set: except
select dept from lab.depts except select dept from lab.people

-- set: except all
select qty from lab.orders except all select dept from lab.people

-- set: three with brackets
(select 1 as a union all select 2) except (select 2 intersect select 2)

-- set: precedence
select 1 as a union all select 2 intersect select 2 union select 3

-- set: order and limit over all
select id from lab.people union all select id from lab.orders order by id desc limit 5

-- set: order and limit inside
(select id from lab.people order by id limit 3) union all (select id from lab.orders order by id desc limit 2)

-- set: types that widen
select 1 as a union all select 2.5 union all select 3::double

-- set: in a subquery
select count(*), sum(a) from (select id as a from lab.people union all select qty from lab.orders)

-- set: in an in
select id from lab.people where dept in (select dept from lab.depts union select 0)

-- set: names come from the first
select id as first, name as second from lab.people union all select dept, name from lab.depts order by first, second

-- set: many
select 1 as n union all select 2 union all select 3 union all select 4 union all select 5 order by n

-- set: of guarded
select id, name from lab.guarded union all select id, name from lab.masked

-- set: union of stars
select * from lab.depts union all select * from lab.depts where dept > 5

--- ---- subqueries ----

-- subquery: scalar
select id, (select max(amount) from lab.orders) as m from lab.people

-- subquery: scalar, correlated
select p.id, (select sum(o.amount) from lab.orders o where o.person_id = p.id) as s from lab.people p

-- subquery: correlated through a domain name
select id, (select count(*) from lab.orders where lab.orders.person_id = lab.people.id) as n from lab.people

-- subquery: correlated two levels
select p.id from lab.people p where exists (select 1 from lab.depts d where d.dept = p.dept and exists (select 1 from lab.orders o where o.person_id = p.id and o.qty = d.dept))

-- subquery: exists
select id from lab.people p where exists (from lab.orders o where o.person_id = p.id and o.amount > 90)

-- subquery: not exists
select id from lab.people p where not exists (select * from lab.orders o where o.person_id = p.id)

-- subquery: in
select id from lab.people where dept in (select dept from lab.depts where budget > 3000)

-- subquery: not in
select id from lab.people where id not in (select person_id from lab.orders)

-- subquery: not in with nulls
select id from lab.people where id not in (select boss from lab.people)

-- subquery: in with rows
select id from lab.orders where (qty, state) in (select dept, 'QC' from lab.people)

-- subquery: any
select id from lab.orders where amount > any (select budget / 100 from lab.depts)

-- subquery: all
select id from lab.orders where amount >= all (select amount from lab.orders)

-- subquery: = any
select id from lab.people where dept = any (select dept from lab.depts)

-- subquery: <> all
select id from lab.people where dept <> all (select dept from lab.depts)

-- subquery: any of a list
select id from lab.people where 'x' = any (tags)

-- subquery: array
select array(select dept from lab.depts order by dept) as depts

-- subquery: array, correlated
select p.id, array(select o.id from lab.orders o where o.person_id = p.id order by o.id) as orders from lab.people p

-- subquery: in from
select t.k, t.n from (select dept as k, count(*) as n from lab.people group by dept) t where t.n > 9

-- subquery: in from, with columns
select a, b from (select id, name from lab.people) t(a, b)

-- subquery: in from without alias
select n from (select count(*) as n from lab.orders)

-- subquery: in case
select id, case when dept in (select dept from lab.depts) then 'known' else 'unknown' end from lab.people

-- subquery: in a function
select coalesce((select name from lab.depts d where d.dept = p.dept), 'none') from lab.people p

-- subquery: in a struct
select {'n': (select count(*) from lab.orders o where o.person_id = p.id), 'id': p.id} from lab.people p

-- subquery: in the order of an aggregate
select list(id order by (select budget from lab.depts d where d.dept = p.dept), id) from lab.people p

-- subquery: in limit of a subquery
select id from (select id from lab.orders order by id limit (select max(dept) from lab.depts))

-- subquery: a row
select (select d from lab.depts d order by d.dept limit 1)

-- subquery: several columns as a row
select (select {'a': min(id), 'b': max(id)} from lab.orders)

-- subquery: over an alias of the select list
select dept * 10 as k, (select count(*) from lab.people p where p.dept * 10 = k) from lab.depts

-- subquery: column of the outer query wins only where the inner has none
select id from lab.people where exists (select 1 from lab.depts where depts.dept = dept and budget > id * 100)

-- subquery: inner name hides the outer
select id, (select max(id) from lab.orders) from lab.people

-- subquery: star inside of exists
select count(*) from lab.depts d where exists (select p.* from lab.people p where p.dept = d.dept)

--- ---- stars ----

-- star: exclude one
select * exclude salary from lab.people

-- star: exclude several
select * exclude (salary, tags, address) from lab.people

-- star: exclude qualified
select p.* exclude (name), d.* exclude (dept) from lab.people p join lab.depts d on p.dept = d.dept

-- star: exclude of a joined column
select * exclude (d.dept) from lab.people p join lab.depts d on p.dept = d.dept

-- star: exclude an odd name
select * exclude ("a""b", "x.y", "it's", "select") from lab.odd

-- star: replace
select * replace (upper(name) as name, salary * 2 as salary) from lab.people

-- star: replace qualified
select p.* replace (p.id + 1 as id) from lab.people p

-- star: replace with a subquery
select * replace ((select count(*) from lab.orders o where o.person_id = people.id) as dept) from lab.people

-- star: rename
select * rename (budget as money) from lab.depts

-- star: exclude, replace and rename
select * exclude (name) replace (dept + 1 as dept) rename (budget as b) from lab.depts

-- star: of one table
select o.*, 1 as one from lab.depts o

-- star: of a table by its name
select depts.* from lab.depts, lab.people

-- star: like
select * like '%a%' from lab.people

-- star: not like
select * not like '%a%' from lab.people

-- star: ilike
select * ilike 'B%' from lab.people

-- star: similar to
select * similar to '.*e.*' from lab.people

-- star: columns by pattern
select columns('^(id|name)$') from lab.people

-- star: columns by lambda
select columns(c -> c like '%e%') from lab.people

-- star: columns by lambda of the new form
select columns(lambda c: length(c) < 5) from lab.people

-- star: columns by list
select columns(['id', 'dept']) from lab.people

-- star: columns in an expression
select columns('id|dept') + 1 from lab.people

-- star: columns in an aggregate
select min(columns(*)), max(columns(*)) from lab.depts

-- star: columns of a table
select columns(p.* exclude (tags)) from lab.people p

-- star: columns twice
select max(columns('id|qty')) - min(columns('id|qty')) from lab.orders

-- star: columns exclude
select sum(columns(* exclude (note, state, day))) from lab.orders

-- star: columns replace
select columns(* replace (dept + 1 as dept)) from lab.depts

-- star: columns with a new name
select columns('(id|dept)') as 'col_\1' from lab.people

-- star: columns in where
select id, qty from lab.orders where columns('id|qty') > 5

-- star: unpacked columns
select coalesce(*columns('state|note')) as c from lab.orders

-- star: unpacked star in a list
select [*columns('id|qty|person_id')] as l from lab.orders

-- star: in a struct
select struct_pack(*columns('dept|name')) as s from lab.depts

-- star: count of a table's star
select count(depts.*) from lab.depts

--- ---- pivot and unpivot ----

-- pivot: grouped by columns that nobody names
select count(*) as n from lab.orders pivot (sum(amount) for state in ('QC', 'ON'))

-- pivot: statement
pivot lab.orders on state in ('QC', 'ON') using sum(amount) group by qty

-- pivot: statement with several aggregates
pivot lab.orders on state in ('QC', 'ON') using sum(amount) as s, count(*) as n group by qty

-- pivot: on numbers
pivot lab.orders on qty in (1, 2, 3) using count(*) group by state

-- pivot: without group by
pivot (select state, qty, amount from lab.orders) on state in ('QC', 'ON') using sum(amount)

-- pivot: without using
pivot (select state, qty from lab.orders) on state in ('QC', 'BC')

-- pivot: with order
pivot lab.orders on state in ('QC', 'ON', 'BC') using max(amount) group by qty order by qty desc

-- pivot: renamed values
pivot lab.orders on state in ('QC' as quebec, 'ON' as ontario) using count(*) group by qty

-- pivot: two columns
pivot lab.orders on state in ('QC', 'ON'), qty in (1, 2) using count(*) group by person_id

-- pivot: an expression
pivot lab.orders on month(day) in (1, 2, 3) using sum(qty) group by state

-- pivot: of the standard
select * from lab.orders pivot (sum(amount) as total for state in ('QC', 'ON') qty in (1, 2) group by person_id)

-- pivot: of the standard with alias
select p.qty, p."QC" from (select qty, state, amount from lab.orders) pivot (count(*) for state in ('QC', 'ON') group by qty) as p

-- pivot: of a CTE
with c as (select qty, state from lab.orders) pivot c on state in ('QC', 'ON') using count(*)

-- pivot: in a subquery
select avg("QC") from (pivot lab.orders on state in ('QC', 'ON') using sum(amount) group by qty)

-- pivot: joined
select p.qty, p."QC", d.name from (pivot lab.orders on state in ('QC', 'ON') using count(*) group by qty) p join lab.depts d on d.dept = p.qty

-- pivot: of guarded
pivot lab.guarded on state in ('QC', 'ON') using count(*), sum(amount)

-- pivot_wider
pivot_wider lab.orders on state in ('QC', 'ON') using count(*) group by qty

-- unpivot: statement
unpivot lab.months on jan, feb, mar into name month value cases

-- unpivot: columns by pattern
unpivot lab.months on columns('jan|feb|mar') into name month value v

-- unpivot: all but some
unpivot lab.months on columns(* exclude (id, region)) into name month value v

-- unpivot: include nulls
from lab.months unpivot include nulls (v for month in (jan, feb, mar))

-- unpivot: of the standard
select id, month, v from lab.months unpivot (v for month in (jan, feb, mar)) where v > 20

-- unpivot: groups of columns
unpivot lab.months on (jan, feb) as first, (feb, mar) as second into name half value a, b

-- unpivot: renamed
select * from lab.months unpivot (v for month in (jan as 'January', feb as 'February'))

-- unpivot: of a subquery
unpivot (select id, jan::double as jan, mar::double as mar from lab.months) on jan, mar

-- unpivot: expressions
unpivot (select region, (jan * 2) as twice, feb as half from lab.months) on twice, half into name n value v

-- unpivot: in a CTE
with l as (unpivot lab.months on jan, feb, mar into name month value v) select month, sum(v) from l group by month

-- pivot_longer
pivot_longer lab.months on jan, feb, mar into name m value v

--- ---- lists, structs, maps, lambdas ----

-- list: literal and access
select [id, dept], [id, dept][1], [1, 2, 3][-1], [1, 2, 3][2:3], [1, 2, 3][:2], [1, 2, 3, 4][1:4:2], [1, 2, 3, 4][:-:2] from lab.people

-- list: of a column
select tags[1], tags[-1], tags[2:], len(tags), tags is null from lab.people

-- list: functions
select list_contains(tags, 'x'), list_position(tags, 'x'), list_sort(tags), list_distinct(tags), list_reverse(tags), array_to_string(tags, '-') from lab.people

-- list: concatenation
select tags || ['end'], list_concat(tags, tags), list_append(tags, name), list_prepend('p', tags) from lab.people

-- list: aggregates
select list_sum([1, 2, 3]), list_avg([id, dept]), list_max(tags), list_aggregate(tags, 'string_agg', '+'), list_unique(tags) from lab.people

-- list: zip, flatten, slice
select list_zip(tags, [1, 2]), flatten([tags, ['z']]), list_slice(tags, 1, 2) from lab.people

-- list: sorting
select list_sort([3, null, 1], 'DESC', 'NULLS LAST'), list_reverse_sort([1, 3, 2]), list_grade_up([3, 1, 2])

-- list: set operations
select list_intersect(tags, ['x', 't0']), list_has_any(tags, ['t1']), list_has_all(tags, ['x']), tags && ['t2'], tags @> ['x'] from lab.people

-- list: comprehension
select [t || '!' for t in tags if t <> 'x'] from lab.people

-- list: comprehension with an index
select [t || i::varchar for t, i in tags] from lab.people

-- list: comprehension with outer columns
select [x * id + dept for x in [1, 2, 3]] from lab.people

-- list: nested comprehension
select [[y * 2 for y in x] for x in matrix] from lab.nested

-- list: of lists
select matrix[1][2], matrix[3], flatten(matrix) from lab.nested

-- list: unnest
select id, unnest(tags) as tag from lab.people

-- list: unnest two at once
select id, unnest(tags), unnest([1, 2]) from lab.people

-- list: unnest recursive
select id, unnest(items, recursive := true) from lab.nested

-- list: unnest of structs
select id, i.k, i.v from lab.nested, unnest(items) as u(i)

-- list: unnest with ordinality
select p.id, u.tag, u.n from lab.people p, unnest(p.tags) with ordinality as u(tag, n)

-- list: unnest in a subquery
select t, count(*) from (select unnest(tags) as t from lab.people) group by t

-- list: generate_subscripts
select id, generate_subscripts(tags, 1) as i from lab.people

-- list: array type
select [1, 2, 3]::int[3], array_value(1, 2), array_cross_product([1, 2, 3]::double[3], [3, 2, 1]::double[3]), list_cosine_similarity([1, 2], [2, 1])

-- list: in where
select id from lab.people where list_contains(tags, 't1') and len(tags) = 3

-- list: range in lists
select range(id), generate_series(1, dept) from lab.people where id < 5

-- lambda: transform
select list_transform(tags, x -> upper(x)), list_transform(tags, (x, i) -> x || i) from lab.people

-- lambda: new form
select list_transform(tags, lambda x: upper(x)), list_transform(tags, lambda x, i: x || i) from lab.people

-- lambda: filter
select list_filter(tags, x -> x <> 'x'), list_filter([1, 2, 3], lambda x: x > dept) from lab.people

-- lambda: reduce
select list_reduce([1, 2, 3, id], (a, b) -> a + b), list_reduce([id, dept], lambda a, b: a * 10 + b, 5) from lab.people

-- lambda: parameter hides a column
select list_transform([1, 2], id -> id * 100), id from lab.people

-- lambda: parameter hides a table
select list_transform([1, 2], people -> people + id) from lab.people

-- lambda: outer columns, qualified
select list_transform([1, 2], x -> x + lab.people.id), list_transform([1], y -> people.dept + y) from lab.people

-- lambda: in a lambda
select list_transform(matrix, r -> list_transform(r, v -> v + len(r) + id)) from lab.nested

-- lambda: over structs
select list_transform(items, i -> i.k || len(i.v)), list_filter(items, i -> i.v[1] > 0) from lab.nested

-- lambda: with case
select list_transform(tags, t -> case when t = 'x' then name else t end) from lab.people

-- lambda: in where and group by
select len(list_filter(tags, t -> t like 't%')) as n, count(*) from lab.people where list_transform(tags, t -> t) is not null group by n

-- lambda: map
select map_from_entries(list_transform(['a', 'b'], x -> {'k': x, 'v': id})) from lab.people

-- struct: field
select address.city, people.address.zip, lab.people.address.city, address['zip'] from lab.people

-- struct: alias and field
select p.address.city, p.address from lab.people p where p.address.zip > 100

-- struct: nested
select deep.a.b, deep.a.c[2], nested.deep.d, (deep).a.c from lab.nested

-- struct: literals
select {'a': id, 'b': {'c': name}}, struct_pack(x := id, y := dept), row(id, name), (id, name) from lab.people

-- struct: odd field names
select {'a b': id, 'x.y': 2}['a b'], struct_extract({'it''s': 1}, 'it''s') from lab.people

-- struct: functions
select struct_insert(address, country := 'CA'), struct_keys(address), struct_extract(address, 'city') from lab.people

-- struct: star
select address.* from lab.people

-- struct: star of a struct of a table with an alias
select p.id, address.* from lab.people p

-- struct: unnest
select unnest(address), id from lab.people

-- struct: comparison
select id from lab.people where address = {'city': 'c1', 'zip': 10::bigint} or address > {'city': 'c3', 'zip': 0}

-- struct: order
select address from lab.people order by address

-- struct: group by field
select address.city, count(*) from lab.people group by address.city

-- struct: cast
select address::struct(city varchar, zip varchar) from lab.people

-- map: literal
select map {'a': 1, 'b': id}, map(['x', 'y'], [1, 2])['x'] from lab.people

-- map: access
select props['a'], props['zz'], map_extract(props, 'b'), map_keys(props), map_values(props), cardinality(props) from lab.people

-- map: entries
select map_entries(props), map_contains(props, 'a'), element_at(props, 'b') from lab.people

-- map: of structs
select m['k3'].n, map_keys(m)[1], m from lab.nested

-- map: concatenation
select map_concat(props, map {'z': 9::bigint}) from lab.people

-- union type
select union_value(num := id), union_value(num := id).num, union_tag(union_value(num := id)) from lab.people

--- ---- JSON ----

-- json: arrows
select j -> 'a', j ->> 'd', j -> 'b' -> 'c' ->> 0, j -> '$.b.c[1]' from lab.nested

-- json: functions
select json_extract(j, '$.a'), json_extract_string(j, '$.d'), json_type(j, '$.b'), json_array_length(j, '$.b.c'), json_keys(j) from lab.nested

-- json: cast
select (j::json).a, (j::json ->> 'a')::int + 1 from lab.nested

-- json: build
select to_json(address), json_object('id', id, 'n', name), json_array(id, dept), row_to_json(address) from lab.people

-- json: group
select json_group_array(dept), json_group_object(name, dept) from lab.depts

-- json: transform
select from_json(j, '{"a": "INTEGER", "d": "VARCHAR"}') from lab.nested

-- json: each
select n.id, e.key, e.value, e.type from lab.nested n, json_each(n.j) e

-- json: tree
select n.id, t.fullkey, t.atom from lab.nested n, json_tree(n.j, '$.b') t where t.atom is not null

-- json: an arrow whose left side is also a lambda's name
select x -> 'a' from (select j::json as x from lab.nested)

-- json: merge and valid
select json_merge_patch(j, '{"a": null}'), json_valid(j), json_contains(j, '1') from lab.nested

--- ---- texts, numbers, times ----

-- text: functions
select upper(name), lower(name), length(name), reverse(name), trim('  x '), ltrim('xxa', 'x'), lpad(name, 8, '*'), repeat(name, 2) from lab.people

-- text: parts
select substring(name, 2, 2), substring(name from 2 for 1), left(name, 2), right(name, 2), name[1], name[2:3], position('n' in name), strpos(name, 'n') from lab.people

-- text: split and join
select split(name, 'n'), split_part(name, 'n', 2), string_split_regex(name, '[0-9]'), concat(name, id, null), concat_ws('-', name, id, null) from lab.people

-- text: replace and translate
select replace(name, 'A', 'a'), translate(name, 'abc', 'xyz'), ascii('a'), chr(65), unicode('ü') from lab.people

-- text: patterns
select id from lab.people where name like 'A%' or name ilike '%B_' or name not like '%e%' or name like '10\%' escape '\'

-- text: regular expressions
select regexp_matches(name, '^[A-C]'), regexp_extract(name, '([a-z]+)([0-9]+)', 2), regexp_replace(name, '[0-9]', '#', 'g'), regexp_extract_all(name, '.'), name ~ 'n+', name !~ 'n+', name similar to '[AB].*' from lab.people

-- text: named groups
select regexp_extract(name, '([A-Z])([a-z]+)', ['first', 'rest']) from lab.people

-- text: format
select format('{} is {:05d}', name, id), printf('%s-%d-%.2f', name, id, ratio) from lab.people

-- text: comparison and collation
select id from lab.people where name collate nocase = 'ANN5' or name < 'C' collate nocase

-- text: hashes
select md5(name), sha1(name), sha256(name), hash(name, id), base64(name::blob), hex(id), to_base(id, 36) from lab.people

-- text: distances
select levenshtein(name, 'Ann1'), jaccard('abc', 'abd'), jaro_similarity('abc', 'abd'), damerau_levenshtein('ab', 'ba') from lab.people where name is not null

-- text: escapes
select 'it''s', E'a\nb\t\\', $$dollar 'x'$$, $tag$inner $$ text$tag$, chr(10) || 'x'

-- text: unicode
select 'çà é 漢字 🦆', length('🦆é'), upper('straße'), strip_accents('çé'), 'é' = 'é'

-- text: starts, ends, contains
select starts_with(name, 'A'), ends_with(name, '0'), contains(name, 'n'), prefix(name, 'B'), suffix(name, '1'), name ^@ 'A' from lab.people

-- number: operators
select id + 1, id - 1, id * 2, id / 3, id // 3, id % 3, id ** 2, id ^ 2, -id, +id, id & 3, id | 8, xor(id, 5), ~id, id << 2, id >> 1, dept! from lab.people where id < 15

-- number: functions
select abs(-id), round(ratio, 2), floor(ratio), ceil(ratio), trunc(ratio), sqrt(id), cbrt(id), ln(id + 1), log10(id + 1), exp(1), pow(2, dept), sign(id - 3), gcd(id, 12), lcm(id, 4), greatest(id, 5, null), least(id, 5) from lab.people

-- number: trigonometry
select sin(ratio), cos(ratio), tan(ratio), asin(0.5), acos(0.5), atan(ratio), atan2(ratio, 2), radians(180), degrees(pi()), cot(1) from lab.people

-- number: haversine
select 2 * 6371 * asin(sqrt(pow(sin(radians(a.ratio - b.ratio) / 2), 2) + cos(radians(b.ratio)) * cos(radians(a.ratio)) * pow(sin(radians(a.id - b.id) / 2), 2))) as km from lab.people a, lab.people b where a.id < 5 and b.id < 5

-- number: floats of every kind
select id, dbl, dbl + 1, dbl > 0, isnan(dbl), isinf(dbl), isfinite(dbl), fl, fl * 1.5 from lab.kinds

-- number: floating constants
select 1e3, 1.5e300, 1e-300, 1e0, 123456789e-3, 0.1::double + 0.2::double, 1.0, 1.10, 'nan'::double, 'inf'::float

-- number: floating constants in expressions
select ratio * 1e3, ratio < 1e0, case when ratio > 2.5e0 then 1e1 else 2e1 end as c, [1e1, 2.5e0], {'x': 1e3} from lab.people

-- number: floating constants everywhere
select id, ntile(3) over (order by ratio * 1e2) from lab.people where ratio between 1e0 and 3e0 order by ratio + 1e-3 limit 1e1

-- number: decimals
select amount, amount * 2, amount / 3, amount + 0.125, round(amount, 1), amount::decimal(18, 1), cast(amount as integer), 1.005::decimal(10, 2) from lab.orders

-- number: large
select big, big + 1, 170141183460469231731687303715884105727, -9223372036854775808, 18446744073709551615::ubigint, 99999999999999999999.5 from lab.kinds

-- number: casts
select '12'::int, try_cast('x' as int), cast(3.7 as int), 5::varchar, true::int, 1::boolean, '0x1F'::int, '1e2'::double, 255::utinyint, 'a'::char(1)

-- number: of other bases
select bin(id), to_hex(id), from_base64('QQ=='), 0b101, 0o17, bit_count(id), '1010'::bit, '1010'::bit & '0110'::bit from lab.people

-- number: random with a fixed answer
select random() is not null as r, uuid() is not null as u, gen_random_uuid() <> uuid() as d

-- time: parts
select year(day), month(day), day(day), dayofweek(day), isodow(day), week(day), quarter(day), dayname(day), monthname(day), extract(epoch from day), date_part(['year', 'month'], day) from lab.orders

-- time: arithmetic
select day + 1, day - 1, day + interval 1 month, day - interval '2 weeks', day - date '2020-01-01', seen + interval (qty) minute, age(seen, timestamp '2019-06-01') from lab.orders, lab.people where orders.id = people.id

-- time: truncation and difference
select date_trunc('week', seen), date_trunc('hour', seen), date_diff('day', day, date '2021-06-01'), datediff('month', day, date '2021-06-01'), date_sub('month', day, date '2021-06-01'), time_bucket(interval '10 days', day) from lab.orders o join lab.people p on o.id = p.id

-- time: format and parse
select strftime(seen, '%Y-%m-%d %H:%M'), strptime('2020-02-03', '%Y-%m-%d'), try_strptime('x', '%Y'), make_date(2020, 2, 29), make_timestamp(2020, 1, 2, 3, 4, 5.5), epoch(seen), to_timestamp(1e9), epoch_ms(1000) from lab.people

-- time: literals
select date '2020-02-29', time '12:34:56.789', timestamp '2020-01-01 01:02:03.123456', timestamptz '2020-01-01 00:00:00+02', interval 3 days, interval '1 year 2 months', interval (5) hour

-- time: types
select ti, tz, tz::date, tz at time zone 'America/Toronto', timezone('UTC', tz), tz - interval 1 day, extract(hour from ti) from lab.kinds

-- time: ranges
select * from range(date '2020-01-01', date '2020-03-01', interval 1 week) t(d)

-- time: series
select d::date from generate_series(timestamp '2020-01-01', timestamp '2020-01-05', interval '1 day') s(d)

-- time: calendar joined
select d::date as day, count(o.id) from range(date '2020-01-01', date '2020-01-20', interval 1 day) c(d) left join lab.orders o on o.day = d::date group by d

-- time: last day and overlaps
select last_day(day), day between date '2020-02-01' and date '2020-02-29', century(day), julian(day), isoyear(day), yearweek(day) from lab.orders

-- time: intervals
select interval 90 minutes, to_days(3), interval '1 day' * 2, extract(minute from interval 90 minutes), interval 1 day > interval 23 hours, datepart('hour', interval '26 hours')

--- ---- conditions ----

-- condition: three-valued logic
select active and null, active or null, not null, null = null, null is null, 1 is distinct from null from lab.people

-- condition: between and in
select id from lab.orders where qty between 2 and 4 and qty not between 3 and 3 and state in ('QC', 'ON') and state not in ('AB')

-- condition: case
select case when qty < 3 then 'low' when qty < 6 then 'mid' else 'high' end, case state when 'QC' then 1 when 'ON' then 2 end, if(qty > 4, 'a', 'b') from lab.orders

-- condition: nulls
select coalesce(note, state, 'none'), nullif(state, 'QC'), ifnull(note, ''), note is null, note notnull, note isnull from lab.orders

-- condition: booleans
select id from lab.people where active is true or active is not false or active is unknown

-- condition: rows
select id from lab.orders where (qty, id) > (3, 100) and (qty, id) <> (4, 101)

-- condition: chains of and and or
select id from lab.orders where qty = 1 or qty = 2 and state = 'QC' or not (qty = 3 and state = 'ON')

-- condition: ternary chains
select id from lab.people where id > 3 and (dept < 4 or dept = 5) and not active

-- condition: in a list
select id from lab.people where dept in [1, 2] and id in (dept, 3, 40)

-- condition: try
select try(cast(name as int)), try(1 / 0) from lab.people

--- ---- table functions, values ----

-- function: range
select * from range(3)

-- function: range with a step
select r.i from range(1, 20, 4) r(i)

-- function: range without alias, qualified
select range.range, generate_series.generate_series from range(2), generate_series(1, 2)

-- function: series of a column
select p.id, g.n from lab.people p, generate_series(1, p.dept) g(n)

-- function: unnest of a constant
select * from unnest([10, 20, 30])

-- function: unnest of structs
select * from unnest([{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]) t(s)

-- values: alone
values (1, 'a'), (2, 'b'), (3, null)

-- values: in from
select v.a, v.b + 1 from (values (1, 10), (2, 20)) v(a, b) where v.a > 1

-- values: joined
select p.id, v.label from lab.people p join (values (0, 'zero'), (1, 'one')) v(dept, label) using (dept)

-- values: with expressions
select * from (values (1 + 1, upper('a')), ((select max(dept) from lab.depts), 'z')) v

-- from first
from lab.people

-- from first with select
from lab.people select id, name where active order by id

-- from first with group
from lab.orders select state, count(*) group by state

-- from first in a subquery
select count(*) from (from lab.orders where qty = 2)

-- table statement
table lab.depts

-- select without from
select 1 + 1 as two, 'x' as x, [1, 2] as l

-- describe
describe select id, amount, day from lab.orders

-- summarize
select column_name, column_type, min, max, count from (summarize select id, qty, state from lab.orders)

--- ---- parameters ----

-- parameter: positional
--$ 3
--$ QC
select id from lab.orders where qty = $1 and state = $2

-- parameter: question marks
--$ 3
--$ QC
select id from lab.orders where qty = ? and state = ?

-- parameter: named
--$ low = 2
--$ high = 4
select id from lab.orders where qty between $low and $high

-- parameter: used twice
--$ 5
select id, $1::int * 2 from lab.orders where qty < $1 and id < $1

-- parameter: in limit
--$ 4
--$ 2
select id from lab.orders order by id limit $1 offset $2

-- parameter: null
--$ NULL
select id from lab.people where boss is not distinct from $1::int

-- parameter: in the list
--$ 7
select $1::int as a, $1::varchar || 'x' as b

-- parameter: as text
--$ x
select id from lab.people where list_contains(tags, $1)

-- parameter: in a subquery and a CTE
--$ d = 3
with c as (select id from lab.people where dept = $d) select id from c where id in (select id from lab.orders where qty > $d)

-- parameter: as a date
--$ 2020-03-01
select id from lab.orders where day < $1::date

-- parameter: hostile text
--$ '; select * from hr.secret --
select $1 as x, count(*) from lab.people where name = $1

--- ---- policies ----

-- policy: rows and treatments
select * from lab.guarded

-- policy: hidden state
select count(*), count(*) filter (where state = 'QC') from lab.guarded

-- policy: treatment in where
select id from lab.guarded where amount = 1300

-- policy: treatment in groups
select amount, count(*) from lab.guarded group by amount

-- policy: masks
select id, name, amount from lab.masked

-- policy: masks in where
select id from lab.masked where name = 'a***'

-- policy: masks in a window
select id, count(*) over (partition by name) from lab.masked

-- policy: alias of the table is that of the policy's column
select state.id, state.state from lab.guarded as state

-- policy: alias renames the policy's column
select g.a, g.b from lab.guarded as g(a, b)

-- policy: in a CTE
with g as (select * from lab.guarded where id < 20) select count(*), sum(amount) from g

-- policy: in exists
select id from lab.people p where exists (from lab.guarded g where g.id = p.id)

-- policy: empty answers
select id from lab.guarded where state = 'QC'

--- ---- snapshots ----

-- at: version
--plain select count(*), min(id), max(id) from lab.orders where id % 3 = 0
select count(*), min(id), max(id) from lab.orders at (version => 1)

-- at: timestamp
--plain select id from lab.orders where id % 3 = 0
select id from lab.orders at (timestamp => '2019-05-01 00:00:00')

-- at: with alias and join
--plain select a.id, b.id from (select * from lab.orders where id % 3 = 0) a right join lab.orders b on a.id = b.id
select a.id, b.id from lab.orders as a at (version => 1) right join lab.orders b on a.id = b.id

--- ---- comments, odd layout ----

-- layout: comments
select id /* inner ; comment */ , name -- to the end of the line
from lab.people -- "quoted" 'text'
where /* nested 'x' */ dept = 1

-- layout: ends with a semicolon
select id from lab.people;

-- layout: brackets
((select id from lab.people where ((dept = 1))))

-- layout: many lines
select
    id,
    case
        when dept = 1 then 'one'
    end as k
from
    lab.people

-- layout: texts that look like tables
select 'from hr.secret' as a, '"hr".secret' as b, 'read_parquet(''x'')' as c from lab.depts

-- layout: names like the resolver's own
with __c1 as (select 1 as a), __c2 as (select a + 1 as a from __c1) select __c1.a, __c2.a as __w0_x from __c1, __c2

-- layout: aliases like the resolver's own
select __t1.id, __r_1.id from lab.people as __t1, lab.people as __r_1 where __t1.id = __r_1.id

-- method: calls
select name.upper(), name.upper().lower(), people.name.length(), id.sqrt() from lab.people

-- method: on a list
select tags.list_sort(), tags.len() from lab.people

-- cast: forms
select id::varchar, cast(id as varchar), varchar '5', try_cast(name as int), '2020-01-01'::date, id::decimal(10, 2), [id]::varchar[] from lab.people

-- cast: to enum
select 'a'::enum('a', 'b'), enum_range(null::enum('a', 'b'))

-- operator: postfix, prefix, chains
select 3!, @(-5), - -3, not not true, 2 ** 3 ** 2, 7 // 2 * 2, (1 < 2) = true, (1, 2) < (1, 3)

-- operator: by functions
select add(1, 2), subtract(5, 3), multiply(2, 3), divide(7, 2), mod(7, 3), list_value(1, 2), struct_pack(a := 1)

-- typeof
select typeof(id), typeof(amount), typeof(day), typeof([id]), typeof({'a': id}), typeof(null), typeof(1e3), typeof(1.5), typeof(interval 1 day) from lab.orders

-- alias by equals before
select total: sum(amount), n: count(*) from lab.orders

-- alias before the table
select p.id from p: lab.people

-- trailing comma
select id, name, from lab.people

-- group by alias of an aggregate
select qty as q, sum(amount) as s from lab.orders group by q order by s desc, q limit 3

--- ---- names of three parts, wherever they stand ----

-- three parts: in on
select p.id from lab.people join lab.depts on lab.people.dept = lab.depts.dept, lab.people p where p.id = lab.people.id

-- three parts: two tables of one name, columns that only one has
select qty, total from lab.orders, stats.orders where lab.orders.id = stats.orders.id

-- three parts: two tables of one name in on, where, group, order
select lab.orders.qty, sum(stats.orders.total) from lab.orders join stats.orders on lab.orders.id = stats.orders.id where stats.orders.total > 3 group by lab.orders.qty having max(stats.orders.id) > 4 order by lab.orders.qty

-- three parts: two tables of one name with using
select id, lab.orders.state, stats.orders.state from lab.orders join stats.orders using (id)

-- three parts: two tables of one name, star
select * from lab.orders join stats.orders using (id) order by id

-- three parts: in a window
select id, sum(lab.orders.amount) over (partition by lab.orders.state order by lab.orders.day, lab.orders.id rows between lab.orders.qty preceding and current row) from lab.orders

-- three parts: in filter and in the order of arguments
select list(lab.orders.id order by lab.orders.amount, lab.orders.id) filter (where lab.orders.qty > 6) from lab.orders

-- three parts: in qualify
select lab.orders.id from lab.orders qualify rank() over (order by lab.orders.qty) = 1

-- three parts: in case, in, between, casts
select case when lab.orders.qty in (1, lab.orders.id) then lab.orders.note else lab.orders.day::varchar end from lab.orders where lab.orders.id between lab.orders.qty and 50

-- three parts: in a lambda
select list_transform(lab.people.tags, t -> t || lab.people.id) from lab.people

-- three parts: method
select people.name.upper() from lab.people

-- three parts: struct in a struct
select lab.nested.deep.a.b, lab.nested.deep.a.c[1] from lab.nested where lab.nested.deep.a.b > 3 order by lab.nested.deep.a.b desc

-- three parts: json arrow
select lab.nested.j -> 'a', lab.nested.j ->> '$.d' from lab.nested

-- three parts: grouping sets
select lab.orders.state, lab.orders.qty, grouping(lab.orders.state), count(*) from lab.orders group by grouping sets ((lab.orders.state), (lab.orders.qty))

-- three parts: distinct
select distinct lab.orders.state, lab.orders.qty from lab.orders

-- three parts: limit in a correlated subquery
select id, (select max(o.amount) from lab.orders o where o.person_id = lab.people.id and o.qty > lab.people.dept) from lab.people

-- three parts: as arguments of a table function
select lab.people.id, g.n from lab.people, range(lab.people.dept) g(n)

-- three parts: unnest
select lab.people.id, u.t from lab.people, unnest(lab.people.tags) u(t)

-- three parts: pivot
select * from lab.orders pivot (sum(amount) for state in ('QC') group by qty) order by qty

-- three parts: of a table of one part
select reports.fips from reports where reports.cases = 6

-- three parts: a CTE beside
with people as (select id from lab.people where id < 4) select lab.depts.dept, people.id from lab.depts, people

-- three parts: in exists, both sides
select lab.people.id from lab.people where exists (select 1 from lab.orders where lab.orders.person_id = lab.people.id and lab.orders.qty = lab.people.dept)

-- three parts: from an inner query of another table of the same name
select lab.people.id from lab.people where exists (select 1 from stats.people where stats.people.id = lab.people.id)

-- three parts: inner table of the same name hides the short name
select id from lab.people where exists (select 1 from stats.people where people.id > 5 and people.id = lab.people.id)

-- three parts: in a union
select lab.people.id as i from lab.people union all select lab.orders.id from lab.orders order by i limit 9

-- three parts: in an aggregate's name
select max(lab.people.id), min(lab.people.address.zip), count(distinct lab.people.dept) from lab.people

-- three parts: replace in a star
select * replace (lab.depts.dept + 1 as dept) from lab.depts

-- two parts: a struct's field that has the name of a column
select people.address.city, address.city as name from lab.people where address.city = 'c1'

-- two parts: alias of a struct column is that of a table
select depts.dept, depts.x from (select {'x': 1} as depts, 5 as dept) as depts

-- struct: of an expression
select (address).city, ({'a': {'b': id}}).a.b, [address][1].city from lab.people

-- struct: column.field in every clause
select address.city as c, count(*) from lab.people where address.zip > 20 group by address.city having max(address.zip) > 30 order by address.city

--- ---- more forms ----

-- form: fetch first
select id from lab.orders order by id fetch first 3 rows only

-- form: limit all
select dept from lab.depts order by dept limit all

-- form: select all
select all dept from lab.depts

-- form: group by nothing
select count(*) from lab.orders group by ()

-- form: nested grouping sets
select state, qty, person_id % 2 as p, count(*) from lab.orders group by grouping sets (rollup (state, qty), cube (p))

-- form: filter without where
select count(*) filter (state = 'QC') from lab.orders

-- form: values without alias
select * from (values (1, 'a'), (2, 'b'))

-- form: values as a list of rows in in
select id from lab.orders where (qty, state) in (values (1, 'QC'), (2, 'ON'))

-- form: unnest with a depth
select unnest([[1, 2], [3]], max_depth := 2) as x

-- form: named arguments
select struct_pack(a := 1, b := name), unnest([{'a': 1}], recursive := true) from lab.depts

-- form: default order of nulls
select state from lab.orders order by state

-- form: order by collated and cast
select name from lab.people order by name::varchar collate nocase, id

-- form: asof right and with an expression
select t.id, p.id from lab.prices p asof right join lab.trades t on t.sym = p.sym and p.ts <= t.ts

-- form: semi join with a condition
select o.id from lab.orders o semi join lab.people p on o.person_id = p.id and p.active

-- form: comma list in lateral order
select a.dept, b.x, c.y from lab.depts a, lateral (select a.dept * 2) b(x), lateral (select b.x + a.dept) c(y)

-- form: scalar subquery over several levels
select (select (select max(dept) from lab.depts where dept < p.id) from lab.people p where p.id = 5) as d

-- form: correlated in having
select p.dept from lab.people p group by p.dept having count(*) > (select count(*) from lab.depts d where d.dept = p.dept)

-- form: correlated in the list of an aggregate query
select p.dept, (select d.name from lab.depts d where d.dept = p.dept) as n, count(*) from lab.people p group by p.dept

-- form: correlated in order by of a subquery with limit
select p.id, (select o.id from lab.orders o where o.person_id = p.id order by abs(o.qty - p.dept), o.id limit 1) from lab.people p

-- form: correlated CTE in lateral
select p.id, x.n from lab.people p, lateral (with c as (select count(*) as n from lab.orders where person_id = p.id) select n from c) x

-- form: exists over a union
select id from lab.people p where exists (select 1 from lab.depts d where d.dept = p.dept union all select 1 from stats.people s where s.id = p.id)

-- form: in over a recursive CTE
select id from lab.people where id in (with recursive r(n) as (select 3 union all select n * 2 from r where n < 30) select n from r)

-- form: window over a window
select id, avg(rn) over (order by id rows 2 preceding) from (select id, row_number() over (order by qty, id) as rn from lab.orders)

-- form: aggregate of a window in a subquery
select max(d) from (select amount - lag(amount) over (order by id) as d from lab.orders)

-- form: distinct aggregate with filter and order
select string_agg(distinct state, ',' order by state) filter (where qty > 2) from lab.orders

-- form: count over an empty frame
select id, count(*) over (order by id rows between 3 following and 5 following) from lab.people

-- form: nulls in unions of structs
select {'a': 1, 'b': null} as s union all select {'a': null, 'b': 'x'}

-- form: struct by name in unions
select s.a, s.b from (select {'a': 1, 'b': 2} as s union all select {'a': 3, 'b': 4})

-- form: all kinds of columns at once
select * from lab.kinds

-- form: all kinds of columns, grouped
select bo, count(*), min(ti), max(tz), min(uu), max(bin), sum(big), sum(fl) from lab.kinds group by bo

-- form: nested columns as they are
select * from lab.nested

-- form: nested columns, distinct and ordered
select distinct deep, items from lab.nested order by all

-- form: people as they are
select * from lab.people

-- form: in with many constants
select id from lab.orders where id in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, -1, 0, 1000, 2000, 3000)

-- form: many brackets
select ((((((((((((((((((((id)))))))))))))))))))) + (1 - ((2))) from lab.depts d(id)

-- form: many columns from arithmetic
select id, id + 1 as a, id + 2 as b, a + b as c, c * 2 as d, d - a as e, e // 2 as f, f % 7 as g from lab.people

-- form: like with a column
select p.id, d.name from lab.people p join lab.depts d on p.name like '%' || d.dept

-- form: coalesce of subqueries
select coalesce((select name from lab.depts where dept = 99), (select max(name) from lab.depts))

-- form: not in lists and between of texts
select id from lab.orders where state not in ('QC', 'ON') and note between 'note 1' and 'note 5'

-- form: aggregate over a join with using
select dept, count(*), sum(budget) from lab.people join lab.depts using (dept) group by dept

-- form: natural join of CTEs
with a as (select dept, name from lab.depts), b as (select dept, budget from lab.depts) select * from a natural join b

-- form: cte with columns and a star
with a(x, y, z) as (select * from lab.depts) select * exclude (y), y as w from a

-- form: from first with everything
from lab.orders o select state, count(*) as n where qty > 2 group by state having n > 5 order by n desc, state limit 2

-- form: from first with a join
from lab.people p join lab.depts d using (dept) select dept, p.id, d.name

-- form: subquery from first
select (from lab.depts select max(budget)) as b, exists (from lab.empty) as e

-- form: in from first
select id from lab.people where dept in (from lab.depts select dept)

-- form: describe of a join
describe select p.id, d.budget, o.* from lab.people p join lab.depts d using (dept) join stats.orders o on o.id = p.id

-- form: summarize of a table
summarize lab.depts

-- form: describe of a table
describe lab.people

-- form: show of a table
show lab.people

-- form: describe in from
select column_name, column_type from (describe lab.people) where column_type = 'BIGINT'

-- form: range in select
select id, range(3), [x for x in range(id) if x % 2 = 0] from lab.depts d(id)

-- form: list of a subquery's rows
select list(x) from (select {'d': dept, 'n': name} as x from lab.depts order by dept)

-- form: positions
select #2, #1 from lab.depts order by #1

-- form: conditional sums
select sum(case when state = 'QC' then amount else 0 end) as qc, sum(if(state = 'ON', amount, 0)) as ontario from lab.orders

-- form: ratio to the day before
select day, n, n / lag(n) over (order by day) as r from (select day, count(*) as n from lab.orders group by day)

-- form: gaps and islands
with m as (select distinct day from lab.orders), g as (select day, day - (row_number() over (order by day))::int as grp from m) select min(day) as first, max(day) as last, count(*) as days from g group by grp

-- form: top n by group with lateral
select s.state, t.id, t.amount from (select distinct state from lab.orders where state is not null) s, lateral (select id, amount from lab.orders o where o.state = s.state order by amount desc, id limit 3) t

-- form: running share
select state, amount, sum(amount) over w / sum(amount) over (partition by state) as share from lab.orders window w as (partition by state order by amount, id)

-- form: sessions
select person_id, count(*) as sessions from (select person_id, day, day - lag(day) over (partition by person_id order by day, id) as gap from lab.orders) where gap is null or gap > 30 group by person_id

-- form: pairs each once
select a.dept as a, b.dept as b from lab.depts a join lab.depts b on a.dept < b.dept order by a, b

-- form: root mean square of differences
select a.fips as a, b.fips as b, sqrt(avg(pow(a.cases - b.cases, 2))) as distance from reports a join reports b on a.day = b.day and a.fips < b.fips group by all

-- form: join of reports with counties
select r.day, r.fips, c.county, c.state, r.cases from reports r join counties c using (fips)

-- form: state sums with a mean over seven days
select state, day, sum(cases) as cases, avg(sum(cases)) over (partition by state order by day rows between 6 preceding and current row) as mean from reports join counties using (fips) group by state, day

-- form: pivot_wider of reports by county
pivot reports on fips in ('01001', '06037') using sum(cases) group by day order by day

-- form: latest row of each
select distinct on (fips) fips, day, cases from reports order by fips, day desc, id desc

-- form: arg_max instead
select fips, max(day) as day, arg_max(cases, (day, id)) as cases from reports group by fips

-- form: cumulative to new cases, guarded against falls
select fips, day, greatest(cases - coalesce(lag(cases) over (partition by fips order by day, id), 0), 0) as new from reports

-- form: text in dollar quotes and comments with semicolons
select $$a;b$$ as x /* ; */ from lab.depts -- ;

-- form: unicode names
select "Ünï çode" as "größe", length("Ünï çode") as l from lab.odd as "tâble" where "tâble".id < 3

-- form: a hundred arms
--plain select i::int as a from range(1, 41) t(i)
select 1 as a union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9 union all select 10 union all select 11 union all select 12 union all select 13 union all select 14 union all select 15 union all select 16 union all select 17 union all select 18 union all select 19 union all select 20 union all select 21 union all select 22 union all select 23 union all select 24 union all select 25 union all select 26 union all select 27 union all select 28 union all select 29 union all select 30 union all select 31 union all select 32 union all select 33 union all select 34 union all select 35 union all select 36 union all select 37 union all select 38 union all select 39 union all select 40

-- parameter: in a list, case, between and lambda
--$ 3
select id, case when qty = $1::int then 'is' end, list_transform([1, 2], x -> x + $1::int), qty in ($1::int, 4) from lab.orders where qty between $1::int and $1::int + 1

-- parameter: a list
--$ [1, 2, 3]
select id from lab.orders where list_contains($1::int[], qty)

-- parameter: in a window frame and a sample of dates
--$ n = 2
select id, sum(qty) over (order by id rows between $n::int preceding and current row) from lab.orders

--- ---- names that another table, column or parameter within would take ----

-- capture: by a table of another domain
select lab.people.id, (select count(*) from stats.people where stats.people.dept = lab.people.dept) as n from lab.people

-- capture: by an alias
select lab.people.id from lab.people where exists (select 1 from stats.orders as people where people.id = lab.people.id)

-- capture: by a CTE
select lab.people.id from lab.people where exists (with people as (select 3 as id) select 1 from people where people.id = lab.people.id)

-- capture: by a column
select lab.people.id, (select max(people.id) from (select {'id': 77} as people) x where lab.people.id < 3) as m from lab.people

-- capture: by a lambda's parameter
select list_transform([{'id': 1}], people -> people.id + lab.people.id) from lab.people

-- capture: in a lateral
select lab.people.id, l.d from lab.people, lateral (select people.dept as d from stats.people where people.id = lab.people.id) l

-- capture: two levels
select lab.people.id from lab.people where lab.people.id in (select stats.people.id from stats.people where exists (select 1 from lab.orders as people where people.person_id = lab.people.id and people.qty > stats.people.dept))

-- capture: short names keep their meaning, and unnamed columns their names
select people.id + 1, people.name, sum(people.dept) over (), lab.people.address.city from lab.people where exists (select people.id + 2 from stats.people where lab.people.id = people.id)

-- capture: rows of tables keep their names
select people, (select people from stats.people where stats.people.id = lab.people.id) from lab.people where id < 12

-- capture: stars keep their table
select people.*, (select count(people.*) from stats.people where stats.people.id = lab.people.id) as n from lab.people

-- capture: exclude and rename in stars
select people.* exclude (people.tags) rename (people.name as nm) from lab.people where exists (select people.* exclude (people.dept) from stats.people where stats.people.id = lab.people.id)

-- capture: beside a table of the same name
select lab.orders.id, stats.orders.total from lab.orders, stats.orders where lab.orders.id = stats.orders.id and exists (select 1 from lab.orders where lab.orders.id = stats.orders.id)

-- capture: in a CTE's body
with c as (select lab.people.id as i from lab.people where exists (select 1 from stats.people where stats.people.id = lab.people.id)) select i from c

-- three parts: exclude in a star
select * exclude (lab.depts.dept) from lab.depts join stats.people on stats.people.dept = lab.depts.dept

-- three parts: rename in a star
select * rename (lab.depts.dept as d) from lab.depts

-- capture: a method of a column
select people.name.upper(), people.id.sqrt() from lab.people where exists (select 1 from stats.people where stats.people.id = lab.people.id and people.name.length() > 2)

--- ---- what the request answers ----

-- request: current_date
--plain select date '2025-10-09' as current_date, date '2025-10-09' as d, date '2025-10-09' as t
select current_date, current_date as d, today() as t

-- request: now
--plain select timestamptz '2025-10-09 08:53:20.123456+00' as n, timestamptz '2025-10-09 08:53:20.123456+00' as current_timestamp, timestamptz '2025-10-09 08:53:20.123456+00' as g
select now() as n, current_timestamp, get_current_timestamp() as g

-- request: local
--plain select timestamp '2025-10-09 08:53:20.123456' as localtimestamp, time '08:53:20.123456' as l, timetz '08:53:20.123456+00' as c
select localtimestamp, localtime as l, current_time as c

-- request: user
--plain select 'user:ann' as current_user, 'user:ann' as s, 'user:ann' as r, 'user:ann' as "user", 'user:ann' as u
select current_user, session_user as s, current_role as r, user, user() as u

-- request: age and ago
--plain select age(date '2025-10-09', timestamp '2020-01-02') as a, timestamptz '2025-10-09 08:53:20.123456+00' - interval 3 days as b
select age(timestamp '2020-01-02') as a, ago(interval 3 days) as b

-- request: in conditions, over columns
--plain select id, day - date '2025-10-09' as d from lab.orders where day < date '2025-10-09' - 2000
select id, day - current_date as d from lab.orders where day < today() - 2000

-- request: a parameter of a lambda
select list_transform([1, 2], user -> user + 1), list_transform([1], current_date -> current_date * 2)

-- request: an alias
select id as user, user + 1 as next from lab.depts d(id)

--- ---- columns that decide though they do not show ----

-- used: where of a subquery
select 1 as one from (select id from lab.people where active and salary > 300)

-- used: distinct of a subquery
select state from (select distinct state, qty from lab.orders)

-- used: distinct on of a subquery
select id from (select distinct on (state) id, amount from lab.orders order by state, amount, id)

-- used: union of a subquery
select a from (select id as a, name as b from lab.people union select dept, name from lab.depts)

-- used: except of a subquery
select a from (select dept as a, name as b from lab.depts except select dept, 'd3' from lab.depts)

-- used: second arm of a union all
select a from (select id as a, name as b from lab.people union all select dept, name from lab.depts)

-- used: third arm of a union all
select b from (select id as a, name as b from lab.people union all select dept, name from lab.depts union all select id, label from lab.empty)

-- used: alias columns
select p.b from lab.people p(a, b)

-- used: CTE columns
with c(x, y, z) as (select id, name, dept from lab.people) select y from c where z > 2

-- used: order and limit of a subquery
select id from (select id, amount from lab.orders order by amount desc, id limit 5)

-- used: group of a subquery
select n from (select state, qty, count(*) as n from lab.orders group by state, qty having max(amount) > 20)

-- used: qualify of a subquery
select id from (select id from lab.orders qualify row_number() over (partition by state order by amount, id) = 1)

-- used: join condition of a subquery
select n from (select p.id as n from lab.people p join lab.orders o on o.person_id = p.dept and o.qty = 3)

-- used: using of a subquery
select n from (select p.id as n from lab.people p join lab.depts using (dept))

-- used: natural of a subquery
select n from (select a.id as n from (select id, dept from lab.people) a natural join (select dept, budget from lab.depts) b)

-- used: star of a subquery
select name from (select * exclude (salary) from lab.people)

-- used: renamed and replaced star of a subquery
select nm, dept from (select * replace (boss as dept) rename (name as nm) from lab.people)

-- used: window of a subquery
select id, r from (select id, rank() over (partition by dept order by salary, id) as r from lab.people)

-- used: exists
select 1 as one from lab.depts d where exists (select 1 from lab.people p where p.dept = d.dept and p.salary > 800)

-- used: recursive
with recursive r(id, b) as (select id, boss from lab.people where id = 40 union all select p.id, p.boss from lab.people p join r on r.b = p.id) select count(*) from r

-- used: lateral
select l.n from lab.people p, lateral (select count(*) as n from lab.orders o where o.person_id = p.id and o.state = 'QC') l

-- used: pivot
select "QC" from (pivot lab.orders on state in ('QC') using sum(amount) group by qty)

-- used: unpivot
select v from (unpivot lab.months on jan, feb into name m value v)

-- used: row of a table
select (p).name from (select people as p from lab.people)

-- used: lambda with a table's column of its parameter's name
select list_transform([{'id': 1}], people -> people.id) from lab.people

-- used: method
select name.upper() from lab.people where tags.len() > 1

-- used: two tables of one name
select lab.orders.qty from lab.orders join stats.orders on lab.orders.id = stats.orders.id where stats.orders.state = 's1'

-- capture: a lambda's parameter of the table's name stays as it is
select list_transform([1, 2], people -> people + 1), list_transform([1], lambda people: people + lab.people.id) from lab.people where exists (select 1 from stats.people where stats.people.id = lab.people.id)
