-- What each domain published last, three products in a row: rows, seconds, and what checks found.
with found as (
    select run_id, cast(sum(failing) as bigint) as warned
    from mesh.checks
    where on_fail = 'warn' and not passed
    group by run_id
),
numbered as (
    select
        *, split_part(product, '.', 1) as domain,
        row_number() over (partition by split_part(product, '.', 1) order by started_at) as n
    from mesh.runs
    where state = 'published'
)
select
    domain,
    string_agg(
        format('{} {} in {:.1f} s', split_part(product, '.', 2), published, seconds)
            || case when quarantined > 0 then ', ' || quarantined || ' quarantined' else '' end
            || case when warned > 0 then ', ' || warned || ' warned' else '' end, '; '
        order by n
    ) as published
from numbered
left join found using (run_id)
group by domain, (n - 1) // 3
order by min(min(started_at)) over (partition by domain), (n - 1) // 3
