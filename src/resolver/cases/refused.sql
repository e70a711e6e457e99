--- Statements that are refused: before each "-- code line:column message -- hint", and "--plain
--- product" where it is the SQL of a product.

-- sql_refused 1:8 there is no function getenv here, or it is not allowed
select getenv('x')

-- sql_refused 1:16 there is no function current_setting here, or it is not allowed
select 1 where current_setting('threads') = '1'

-- sql_refused 1:8 there is no function current_query here, or it is not allowed -- did you mean current_user?
select current_query()

-- sql_refused 1:8 there is no function nextval here, or it is not allowed
select nextval('s')

-- sql_refused 1:8 there is no function stats here, or it is not allowed
select stats(id) from lab.people

-- sql_refused 1:8 there is no function setseed here, or it is not allowed
select setseed(0.5)

-- sql_refused 1:8 there is no function error here, or it is not allowed
select error('x') from lab.people

-- sql_refused 1:8 there is no function getenv here, or it is not allowed
select main.getenv('x')

-- sql_refused 1:8 there is no function getenv here, or it is not allowed
select name.getenv() from lab.people

-- sql_refused 1:15 the table function read_csv is not allowed -- range, generate_series, unnest, json_each and json_tree are
select * from read_csv('x.csv')

-- sql_refused 1:15 the table function read_parquet is not allowed -- range, generate_series, unnest, json_each and json_tree are
select * from read_parquet(['a.parquet'])

-- sql_refused 1:15 the table function glob is not allowed -- range, generate_series, unnest, json_each and json_tree are
select * from glob('/*')

-- sql_refused 1:15 the table function duckdb_tables is not allowed -- range, generate_series, unnest, json_each and json_tree are
select * from duckdb_tables()

-- sql_refused 3:3 the table function query_table is not allowed -- range, generate_series, unnest, json_each and json_tree are
select p.id, t.*
from lab.people p,
  query_table('lab.people') t

-- not_found 1:15 there is no data product data.csv, or no access to it -- files are read by the inputs of a product
select * from 'data.csv'

-- not_found 1:15 there is no data product /etc/passwd, or no access to it -- files are read by the inputs of a product
select * from "/etc/passwd"

-- not_found 1:15 there is no data product lab.peple, or no access to it -- did you mean lab.people?
select * from lab.peple

-- not_found 1:15 there is no data product people, or no access to it -- what there is: select product from mesh.products
select * from people

-- not_found 3:6 there is no data product lab.order, or no access to it -- did you mean lab.orders?
select *
from lab.people p
join lab.order o on true

-- not_found 1:15 there is no data product hr.secret, or no access to it -- what there is: select product from mesh.products
select * from hr.secret

-- not_found 1:15 there is no data product a.b.c, or no access to it -- what there is: select product from mesh.products
select * from a.b.c

-- not_found 1:54 there is no data product lab.nothing, or no access to it -- what there is: select product from mesh.products
select * from lab.people where id in (select id from lab.nothing)

-- not_found 1:26 there is no data product d, or no access to it -- what there is: select product from mesh.products
with c as (select * from d), d as (select 1 as a) select * from c

-- not_found 1:26 there is no data product c, or no access to it -- what there is: select product from mesh.products
with c as (select * from c) select * from c

-- not_found 1:36 there is no data product c, or no access to it -- what there is: select product from mesh.products
with recursive c as (select a from c union all select a from c) select * from c

-- not_found 1:15 there is no data product information_schema.tables, or no access to it -- what there is: select product from mesh.products
select * from information_schema.tables

-- not_found 1:15 there is no data product duckdb_settings, or no access to it -- what there is: select product from mesh.products
select * from duckdb_settings

-- sql_refused 1:1 this form of SHOW or DESCRIBE is not allowed -- what there is: select * from mesh.products; its columns: describe domain.product
show tables

-- sql_refused 1:1 this form of SHOW or DESCRIBE is not allowed -- what there is: select * from mesh.products; its columns: describe domain.product
show databases

-- sql_refused 1:1 this form of SHOW or DESCRIBE is not allowed -- what there is: select * from mesh.products; its columns: describe domain.product
describe

-- sql_refused 1:1 this form of SHOW or DESCRIBE is not allowed -- what there is: select * from mesh.products; its columns: describe domain.product
show all tables

-- sql_refused 1:1 EXPLAIN cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
explain select 1

-- sql_refused 1:1 INSERT cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
insert into lab.people select 1

-- sql_refused 1:1 UPDATE cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
update lab.people set id = 1

-- sql_refused 1:1 DELETE cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
delete from lab.people

-- sql_refused 1:1 CREATE cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
create table x as select 1

-- sql_refused 1:1 DROP cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
drop table lab.people

-- sql_refused 1:1 COPY cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
copy lab.people to 'x.csv'

-- sql_refused 1:1 ATTACH cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
attach 'x.db'

-- sql_refused 1:1 PRAGMA cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
pragma version

-- sql_refused 1:1 SET cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
set threads = 1

-- sql_refused 1:1 CALL cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
call range(3)

-- sql_refused 1:1 BEGIN cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
begin

-- sql_refused 1:1 INSTALL cannot be run here: only a SELECT can -- data is changed by `weft run` and `weft load`
install httpfs

-- sql_refused 1:9 only one statement can be run at a time -- steps before the SELECT stand in WITH
select 1; select 2

-- sql 1:1 there is no statement
/* only a comment */

-- sql 1:1 SELECT clause without selection list
select

-- sql 1:12 syntax error at end of input -- the statement is not complete: something follows here
select from

-- sql 1:11 syntax error at end of input -- the statement is not complete: something follows here
select 1 +

-- sql 1:1 syntax error at or near "selec"
selec 1

-- sql 3:11 syntax error at end of input -- the statement is not complete: something follows here
select *
from lab.people
where id =

-- sql 1:8 unterminated quoted string at or near "'open" -- a text ends with ', a name in quotes with "; a ' within a text is written twice: 'it''s'
select 'open

-- sql 1:8 unterminated quoted identifier at or near ""open from lab.people" -- a text ends with ', a name in quotes with "; a ' within a text is written twice: 'it''s'
select "open from lab.people

-- sql 1:10 syntax error at end of input -- a `(` has no `)`
select (1

-- sql 1:31 syntax error at end of input -- the statement is not complete: something follows here
select 1 from lab.people limit

-- sql 1:15 syntax error at or near "lab" -- is a comma or an operator missing before it?
select id frm lab.people

-- sql 3:3 syntax error at or near "," -- a comma stands before it
select
  lab.people.id,
  ,
  name from lab.people

-- sql_refused 1:1 PIVOT needs its values: not yet without them -- write PIVOT ... ON column IN (value, ...)
pivot lab.orders on state using count(*)

-- sql_refused 1:1 PIVOT needs its values: not yet without them -- write PIVOT ... ON column IN (value, ...)
pivot lab.orders on state in (select 'QC') using count(*)

-- sql_refused 1:16 PIVOT needs its values: not yet without them -- write PIVOT ... ON column IN (value, ...)
select * from (pivot lab.orders on state using count(*))

-- sql 1:8 there is no column "nme" here -- did you mean name?
select nme from lab.people

-- sql 1:8 there is no column "nme" here -- did you mean name?
select p.nme from lab.people p

-- sql 1:8 there is no column "nme" here
select lab.people.nme from lab.people

-- sql 3:3 there is no column "slary" here -- did you mean salary?
select
  id,
  slary
from lab.people

-- sql 1:8 there is no table "x" in this FROM
select x.id from lab.people p

-- sql 1:65 the column "name" could be of several tables -- put the table's name or alias before it
select id from lab.people p join lab.depts d using (dept) where name = 'x'

-- sql 1:8 orders could be several tables -- give each an alias, or write the domain too
select orders.id from lab.orders, stats.orders

-- sql 1:8 column "id" must appear in the GROUP BY clause or must be part of an aggregate function -- add it to `group by`, or say which of its values you mean: max(x), any_value(x)
select id from lab.people group by dept

-- sql 1:17 column "name" must appear in the GROUP BY clause or must be part of an aggregate function -- add it to `group by`, or say which of its values you mean: max(x), any_value(x)
select sum(id), name from lab.people

-- sql 1:8 no function matches the given name and argument types 'upper(BIGINT, INTEGER_LITERAL)' -- cast what has another type: cast(x as integer), x::varchar
select upper(id, 2) from lab.people

-- sql 1:11 no function matches the given name and argument types '+(BIGINT, DATE)' -- cast what has another type: cast(x as integer), x::varchar
select id + name::date from lab.people where id = 1

-- sql_refused 1:8 there is no function nofunction here, or it is not allowed
select nofunction(id) from lab.people

-- sql 1:33 WHERE clause cannot contain aggregates
select id from lab.people where sum(id) > 3

-- sql 1:15 AT takes a constant time or snapshot -- AT (TIMESTAMP => '2026-11-21 04:05:06') or AT (VERSION => 123)
select * from lab.people at (version => id)

-- sql 1:15 AT takes a constant time or snapshot -- AT (TIMESTAMP => '2026-11-21 04:05:06') or AT (VERSION => 123)
select * from lab.people at (timestamp => 'soon')

-- sql 1:36 c is a part of this statement: it has no AT
with c as (select 1) select * from c at (version => 1)

-- sql_refused 1:8 a parameter's name may hold letters, digits and _ only
select $"a b"

-- sql 1:1 the statement has 1 parameters, 0 were given
select $1

-- sql 1:12 could not convert string 'Cid2' to INT32 when casting from source column name
select name::int from lab.people

-- sql 1:12 could not convert string 'x' to DOUBLE
select 1 / 'x'

-- sql 1:1 date field value out of range: "2020-13-01"
select date '2020-13-01'

-- sql 1:8 could not convert string 'abc' to INT32
select cast('abc' as integer)

-- sql 1:1 overflow in addition of INT64 (9223372036854775807 + 2)
select 9223372036854775807 + id from lab.people

-- sql 1:1 more than one row returned by a subquery used as an expression - scalar subqueries can only return a single row
select (select id from lab.people)

-- sql 1:36 there is no column "nothing" here
select id from lab.people order by nothing

-- sql 1:1 set operations can only apply to expressions with the same number of result columns
select id from lab.people union select id, name from lab.people

-- sql 1:34 there is no column "nothing" here
select * from lab.people, unnest(nothing)

-- sql 1:34 there is no column "y" here
select list_transform(tags, x -> y) from lab.people

-- sql 1:8 there is no column "rowid" here
select rowid from lab.people

-- sql 1:8 there is no column "filename" here
select filename from lab.people

-- sql 1:36 there is no column "secret" here
select name from lab.guarded where secret = 1

-- sql 1:12 a value cannot be converted to the type that is asked for
select name::int from lab.guarded

-- sql 1:8 scalar Function with name row_number does not exist
select row_number() from lab.people

-- sql 1:1 positional reference 9 out of range (total 3 columns)
select #9 from lab.depts

-- sql 1:33 LIMIT/OFFSET cannot be negative
select id from lab.people limit -1

-- sql 1:1 at least one window function must appear in the SELECT column or QUALIFY clause
select id from lab.people qualify id > 3

-- sql_refused 1:8 there is no function between_ here, or it is not allowed
select between_(1) from lab.people

-- sql 1:1 this form of SQL is not supported
select id from lab.orders where qty between symmetric 4 and 2

-- sql 1:19 there is no column "nothing" here
select * exclude (nothing) from lab.people

-- sql 1:24 there is no column "nothing" here
select * replace (1 as nothing) from lab.people

-- sql 1:8 no matching columns found that match regex "zz"
select columns('zz') from lab.people

-- sql 1:48 column "nothing" does not exist on left side of join
select * from lab.people join lab.depts using (nothing)

-- sql 1:8 the column "a" could be of several tables -- put the table's name or alias before it
select a.id from lab.people a, lab.people a

-- sql 1:1 VALUES lists must all be the same length
values (1), (2, 3)

-- sql 1:8 UNNEST() can only be applied to lists, structs and NULL, not BIGINT
select unnest(id) from lab.people

-- sql 1:17 could not find key "b" in struct
select {'a': 1}.b

-- sql 1:1 SELECT locking clause is not supported
select id from lab.people for update

-- sql_refused 1:8 random() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select random()

-- sql_refused 1:12 uuid() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select id, uuid()
from lab.people

-- sql_refused 1:8 gen_random_uuid() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select gen_random_uuid()

-- sql_refused 1:33 a sample in a product's SQL needs REPEATABLE (seed)
--plain product
select id from lab.people using sample 10 rows

-- sql_refused 1:16 a sample in a product's SQL needs REPEATABLE (seed)
--plain product
select id from lab.people tablesample 5 percent

-- sql_refused 1:8 a product's SQL may not depend on who runs it
--plain product
select current_user

-- sql_refused 1:8 a product's SQL may not depend on who runs it
--plain product
select session_user

-- sql_refused 1:8 a product's SQL may not depend on who runs it
--plain product
select user

-- sql_refused 1:8 a product's SQL has no parameters: nobody gives $1 a value
--plain product
select $1

-- sql_refused 1:38 a product's SQL has no parameters: nobody gives $x a value
--plain product
select id from lab.people where id = $x

-- sql_refused 1:8 there is no function nextval here, or it is not allowed
--plain product
select nextval('s')

-- sql_refused 1:24 random() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select lab.people.id + random() from lab.people

-- sql_refused 1:36 random() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select id from lab.people order by random()

-- not_found 1:15 there is no data product lab.orders, or no access to it -- did you mean lab.orders?
select * from lab.orders at (version => 99)

-- sql 3:3 no function matches the given name and argument types 'upper(VARCHAR, INTEGER_LITERAL)' -- cast what has another type: cast(x as integer), x::varchar
select
  p.id,
  upper(p.name, 3) as n
from lab.people p

-- sql 4:14 there is no column "nothing" here
with c as (
  select id, name from lab.people
)
select c.id, d.nothing
from c join lab.depts d on true

-- sql 4:7 the column "state" could be of several tables -- put the table's name or alias before it
select id
from lab.orders o
join stats.orders s using (id)
where state = 'QC'

-- sql 1:15 there is no column "nme" here -- did you mean name?
select 'é漢字', nme from lab.people

-- sql_refused 1:21 there is no function current_setting here, or it is not allowed
select "Ünï çode" + current_setting('x') from lab.odd

-- sql 1:47 no function matches the given name and argument types '/(BIGINT, DATE)' -- cast what has another type: cast(x as integer), x::varchar
select id from lab.people where id = 1 and id / date '2020-01-01' > 3

-- sql 1:1 column name must appear in the GROUP BY clause or be used in an aggregate function -- add it to `group by`, or say which of its values you mean: max(x), any_value(x)
select id from lab.people where name = 'a' group by id, dept having name > 'b'

-- sql 1:90 there is no column "idd" here -- did you mean id?
select id from lab.people p where exists (select 1 from lab.orders o where o.person_id = p.idd)

-- sql 1:36 no function matches the given name and argument types '+(VARCHAR, DATE)' -- cast what has another type: cast(x as integer), x::varchar
select list_transform(tags, t -> t + 1::date) from lab.people

-- sql 1:12 type with name nosuchtype does not exist
select id::nosuchtype from lab.people

-- sql 4:16 could not convert string "abc" to DECIMAL(10,2)
select id
from lab.people
where active
  and salary > 'abc'

-- sql 1:36 ORDER term out of range - should be between 1 and 1
select id from lab.people order by 9

-- sql 1:31 there is no column "nme" here -- did you mean name?
select max(id) over (order by nme) from lab.people

-- sql 1:49 there is no column "idd" here -- did you mean id?
select * from lab.people p join lab.orders o on p.idd = o.id

-- sql 1:32 there is no column "nme" here -- did you mean name?
select * from lab.people limit nme

-- sql 1:12 aggregate function calls cannot be nested
select sum(sum(id)) from lab.people

-- sql 1:1 GROUP BY term out of range - should be between 1 and 2
select dept, count(*) from lab.people group by 3

-- sql 1:8 subquery returns 2 columns - expected 1
select (select dept, name from lab.depts)

-- sql 1:35 subquery returns 2 columns - expected 1
select * from lab.people where id in (select dept, name from lab.depts)

-- sql 1:1 could not find key "country" in struct
select struct_extract(address, 'country') from lab.people

-- sql 1:16 could not find key "country" in struct
select address.country from lab.people

-- not_found 1:89 there is no data product nothing, or no access to it -- what there is: select product from mesh.products
with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r, nothing

-- sql 1:17 could not convert string 'x' to DOUBLE
select interval 'x' day

-- sql 1:1 could not parse string "Cid2" according to format specifier "%Y"
select strptime(name, '%Y') from lab.people

-- sql 1:1 interval cannot be 0
select * from range(1, 2, 0)

-- sql 1:1 no function matches the given name and argument types 'array_extract(INTEGER[], VARCHAR)' -- cast what has another type: cast(x as integer), x::varchar
select [1, 2][name] from lab.people

-- sql_refused 1:30 there is no function getenv here, or it is not allowed
--plain product
select lab.orders.id, now(), getenv('HOME') from lab.orders

-- sql_refused 1:43 a sample in a product's SQL needs REPEATABLE (seed)
--plain product
with s as (select * from lab.people using sample 5)
select * from s

-- sql_refused 5:23 uuid() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select *
from lab.people
where id in (select id
             from lab.orders
             order by uuid())

-- sql_refused 1:8 this window function is not allowed
select "row_number() over (), x"() over () from lab.people

-- sql_refused 1:8 this window function is not allowed
select x.row_number() over () from lab.people

-- limit 1:180 lambdas stand more than 6 deep within one another
select list_transform([1], a -> list_transform([1], b -> list_transform([1], c -> list_transform([1], d -> list_transform([1], e -> list_transform([1], f -> list_transform([1], g -> g)))))))

-- sql 1:1 there is no table "x.* from hr.secret as x --" in this FROM
select "x.* from hr.secret as x --".* from lab.people

-- not_found 1:79 there is no data product secret, or no access to it -- what there is: select product from mesh.products
select * from lab.people where id in (with recursive secret as (select * from secret union all select 1) select * from secret)

-- not_found 1:62 there is no data product a, or no access to it -- what there is: select product from mesh.products
select (with a as (select 1 as x) select x from a), b.x from a as b

-- not_found 1:99 there is no data product q, or no access to it -- what there is: select product from mesh.products
select * from lab.people union all (with q as (select 1) select * from q) union all select * from q

-- not_found 1:81 there is no data product q, or no access to it -- what there is: select product from mesh.products
select count(*) from lab.people, (with q as (select 1 as x) select * from q) t, q

-- not_found 1:58 there is no data product É, or no access to it -- what there is: select product from mesh.products
select É.x from (with é as (select 1 as x) select * from É)

-- sql_refused 1:8 reservoir_quantile() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select reservoir_quantile(amount, 0.5) from lab.orders

-- sql_refused 1:20 uuidv7() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select id, md5(''||uuidv7()) from lab.orders

-- sql_refused 1:45 random() is not allowed in a product's SQL: it gives another answer each time -- let it follow from the row: hash(id) % 10, md5(id)
--plain product
select list_transform([1], x -> x + (select random()))

-- sql_refused 1:33 a product's SQL may not depend on who runs it
--plain product
select id from lab.people where user() = name

-- sql_refused 1:53 a product's SQL has no parameters: nobody gives $1 a value
--plain product
select '$1', "--", id /* $2 ? */ from lab.odd limit ?

-- sql_refused 1:29 there is no function getenv here, or it is not allowed
select * from range((select getenv('x')))

-- not_found 1:43 there is no data product hr.secret, or no access to it -- what there is: select product from mesh.products
select * from unnest((select list(v) from hr.secret))
