-- The largest groups of counties whose surges travel together, each by its three largest counties.
with groups as (
    select
        community, count(*) as counties, count(distinct state) as states,
        sum(population) / 1e6 as millions,
        array_to_string(list(county order by population desc)[:3], ', ') as largest
    from johns_hopkins.communities
    join reference.counties on fips = node
    group by community
)
select format('{} counties in {} states, {:.1f} M people: {}, ...', counties, states, millions, largest)
    as surges_that_travel_together
from groups
order by community
limit 2
