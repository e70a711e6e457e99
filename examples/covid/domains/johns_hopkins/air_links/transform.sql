-- Great circles by the haversine formula, on a sphere of 6,371 km.
with served as (
    select iata, radians(lat) as lat, radians(lng) as lng
    from reference.airports
    where iata in (select origin from reference.routes union select dest from reference.routes)
),
centres as (
    select fips, radians(lat) as lat, radians(lng) as lng from reference.counties
),
distances as (
    select
        c.fips, a.iata,
        2 * 6371 * asin(sqrt(
            sin((a.lat - c.lat) / 2) ** 2
            + cos(c.lat) * cos(a.lat) * sin((a.lng - c.lng) / 2) ** 2
        )) as distance_km
    from centres c
    join served a on abs(a.lat - c.lat) < 60.0 / 6370 -- no farther north or south: saves most of the work
)
select * from distances where distance_km <= 60
