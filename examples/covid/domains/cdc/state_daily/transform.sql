-- Counties that report late or not at all on a day are missing in that day's sum.
with daily as (
    select date, state, sum(cases) as cases, sum(deaths) as deaths
    from county_health.daily_reports
    group by date, state
),
changes as (
    select *, cases - lag(cases, 1, 0) over (partition by state order by date) as new_cases
    from daily
)
select
    date, state, cases, deaths, new_cases,
    avg(new_cases) over (
        partition by state order by date
        range between interval 6 days preceding and current row
    ) as new_cases_7_days
from changes
