-- The largest groups of counties whose surges travel together.
select
    community,
    count(*) as counties,
    count(distinct state) as states,
    sum(population) as people,
    array_to_string(list(county order by population desc)[:3], ', ') as largest
from johns_hopkins.communities
join reference.counties on fips = node
group by community
order by community
limit 3
