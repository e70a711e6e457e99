-- What each product published last, how long it took, and what its checks found.
select
    r.product,
    published as rows,
    quarantined,
    coalesce(warned, 0) as warned,
    round(seconds, 2) as seconds
from mesh.runs r
left join (
    select run_id, cast(sum(failing) as bigint) as warned
    from mesh.checks
    where on_fail = 'warn' and not passed
    group by run_id
) using (run_id)
where state = 'published'
order by r.started_at
