-- Territories have codes from 57000 on, "Out of" a state and "Unassigned" from 80000.
with wide as (
    select lpad(cast(cast(FIPS as int) as varchar), 5, '0') as fips, columns('\d+/\d+/\d+')
    from confirmed
    where FIPS < 57000 and Admin2 is not null
),
long as (
    unpivot wide on columns('\d+/\d+/\d+') into name day value cases
)
select fips, cast(strptime(day, '%m/%d/%y') as date) as date, cases
from long
where cases > 0 and strptime(day, '%m/%d/%y') <= date '2020-11-19'
