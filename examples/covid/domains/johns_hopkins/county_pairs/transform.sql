select distinct
    least(here.fips, there.fips) as fips_a,
    greatest(here.fips, there.fips) as fips_b
from reference.routes r
join johns_hopkins.air_links here on here.iata = r.origin
join johns_hopkins.air_links there on there.iata = r.dest
where here.fips <> there.fips
