-- The ten counties whose surge was most like that of California's largest county (Los Angeles),
-- among those joined to it by a direct route. Curves: new cases in two weeks per person, one scale.
with chosen as (
    select fips from reference.counties where state = 'California' order by population desc limit 1
),
nearest as (
    select if(fips_a = fips, fips_b, fips_a) as fips, distance
    from johns_hopkins.surge_distance
    join chosen on fips in (fips_a, fips_b)
    order by distance, 1
    limit 10
),
shown as (
    select * from nearest union all select fips, 0 from chosen
),
fortnights as ( -- counted back from the last day
    select fips, (last - date) // 14 as back, max(cases) as cases
    from county_health.daily_reports
    cross join (select max(date) as last from county_health.daily_reports)
    where fips in (select fips from shown)
    group by all
),
rates as (
    select
        fips, back,
        greatest(0, cases - lag(cases, 1, 0) over (partition by fips order by back desc))
            / population as rate
    from fortnights
    join reference.counties using (fips)
),
curves as (
    select
        fips,
        string_agg(
            '▁▂▃▄▅▆▇█'[1 + cast(floor(coalesce(rate, 0) * 7.999 / highest) as int)], ''
            order by back desc
        ) as new_cases
    from shown
    cross join (select distinct back from rates)
    cross join (select max(rate) as highest from rates)
    left join rates using (fips, back)
    group by fips
)
select county, state, fips, round(distance, 3) as distance, new_cases
from shown
join curves using (fips)
join reference.counties using (fips)
order by distance
