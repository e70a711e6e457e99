with wide as (
    select
        lpad(cast(cast(FIPS as int) as varchar), 5, '0') as fips,
        Admin2 as county, Province_State as state, Lat as lat, Long_ as lng, Population as population,
        columns('\d+/\d+/\d+')
    from deaths
    where FIPS < 57000 and Admin2 is not null and Population > 0
),
long as (
    unpivot wide on columns('\d+/\d+/\d+') into name day value deaths
)
select * exclude (day, deaths), cast(strptime(day, '%m/%d/%y') as date) as date, deaths
from long
where strptime(day, '%m/%d/%y') <= date '2020-11-19'
