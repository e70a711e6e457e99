with daily as (
    select date, count(*) as states, sum(cases) as cases, sum(deaths) as deaths
    from cdc.state_daily
    group by date
),
changes as (
    select *, cases - lag(cases, 1, 0) over (order by date) as new_cases
    from daily
)
select
    date, states, cases, deaths, new_cases,
    avg(new_cases) over (
        order by date range between interval 6 days preceding and current row
    ) as new_cases_7_days
from changes
