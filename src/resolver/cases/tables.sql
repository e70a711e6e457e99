-- The tables of the differential test. Each begins with a line
--   "- - table schema.name; files=N; quebec; treat=KIND:COLUMN:BY_HAND; plain; empty; sql"
-- (without the blank): how many files its rows are spread over (by id), the policy on it, whether
-- the files are read without the map of field ids, without rows, or as a text of weft's own.

-- table lab.people; files=2
SELECT i AS id,
    CASE WHEN i % 11 = 0 THEN NULL ELSE ['Ann', 'Bob', 'Cid', 'Dia', 'Eve'][i % 5 + 1] || i END AS name,
    CASE WHEN i = 0 THEN NULL ELSE (i - 1) // 3 END AS boss,
    DATE '1960-01-01' + (i * 97 % 15000)::INTEGER AS born,
    CASE WHEN i % 7 = 3 THEN NULL ELSE (i * 137 % 9000 / 10)::DECIMAL(10, 2) END AS salary,
    CASE WHEN i % 9 = 4 THEN NULL WHEN i % 5 = 0 THEN [] ELSE ['t' || i % 3, 't' || i % 4, 'x'] END AS tags,
    {'city': 'c' || i % 4, 'zip': i * 10} AS address,
    MAP {'a': i, 'b': i * 2} AS props,
    i % 3 = 0 AS active,
    TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (i * 3701) SECOND AS seen,
    i / 7.0 AS ratio,
    (i % 6)::INTEGER AS dept
FROM range(60) t(i)

-- table lab.orders; files=3; plain
SELECT i AS id, i * 7 % 70 AS person_id, DATE '2020-01-01' + (i * 13 % 400)::INTEGER AS day,
    (i * 7919 % 100000 / 1000)::DECIMAL(12, 3) AS amount, (i % 9)::INTEGER AS qty,
    ['ON', 'QC', 'BC', 'AB', NULL][i % 5 + 1] AS state,
    CASE WHEN i % 4 = 0 THEN NULL ELSE 'note ' || i % 13 END AS note
FROM range(400) t(i)

-- table lab.depts
SELECT i::INTEGER AS dept, 'd' || i AS name, (i * 1000)::DECIMAL(12, 2) AS budget FROM range(2, 9) t(i)

-- table lab.trades; plain
SELECT i AS id, ['AA', 'BB', 'CC'][i % 3 + 1] AS sym,
    TIMESTAMP '2021-03-01 09:00:00' + INTERVAL (i * 37) SECOND AS ts, (i % 10 + 1)::INTEGER AS size
FROM range(90) t(i)

-- table lab.prices
SELECT i AS id, ['AA', 'BB', 'DD'][i % 3 + 1] AS sym,
    TIMESTAMP '2021-03-01 09:00:10' + INTERVAL (i * 61) SECOND AS ts, 100 + (i * 31 % 17) / 4.0 AS price
FROM range(50) t(i)

-- table lab.edges
SELECT i AS id, i AS a, i + 1 + i % 3 AS b, (i % 5 + 1) / 2.0 AS weight FROM range(20) t(i)
UNION ALL SELECT 100, 5, 2, 9.5

-- table lab.months
SELECT i AS id, 'r' || i AS region, i * 10 AS jan, CASE WHEN i % 3 = 1 THEN NULL ELSE i * 11 END AS feb,
    i * 12 AS mar FROM range(8) t(i)

-- table lab.odd
SELECT i AS id, i * 2 AS "FIPS code", 'v' || i AS "select", i % 3 AS "from", i + 0.5 AS "a""b",
    'u' || i AS "Ünï çode", i % 2 = 0 AS "x.y", i AS "it's", i * 3 AS "semi;colon", 'q' || i AS "--",
    i % 4 AS "order", 's' || i % 2 AS "user", i AS "current_date", 'c' || i AS "CamelCase",
    i AS "1st", 'e' || i AS " lead"
FROM range(12) t(i)

-- table lab.nested
SELECT i AS id,
    [{'k': 'k' || j, 'v': [j, j + 1]} FOR j IN range(i % 4)] AS items,
    {'a': {'b': i, 'c': ['x', 'y' || i]}, 'd': CASE WHEN i % 2 = 0 THEN NULL ELSE i END} AS deep,
    MAP {'k' || i: {'n': i}} AS m,
    [[i, i + 1], [], [i * 2]] AS matrix,
    ('{"a": ' || i || ', "b": {"c": [1, ' || i || ']}, "d": "t' || i || '"}') AS j
FROM range(15) t(i)

-- table lab.kinds
SELECT i AS id, i % 2 = 0 AS bo, (i * 1000)::INTEGER AS ii, (i - 5)::FLOAT AS fl,
    CASE i WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN 'inf'::DOUBLE WHEN 3 THEN -0.0 ELSE i / 3.0 END AS dbl,
    (i * 12345678901)::DECIMAL(38, 6) AS big, ('a' || i)::BLOB AS bin,
    TIME '00:00:01' + INTERVAL (i * 59) MINUTE AS ti,
    TIMESTAMPTZ '2020-02-28 23:00:00+00' + INTERVAL (i * 7) HOUR AS tz,
    ('00000000-0000-4000-8000-0000000000' || lpad(i::VARCHAR, 2, '0'))::UUID AS uu
FROM range(12) t(i)

-- table lab.empty; empty
SELECT 1::BIGINT AS id, 'x' AS label, [1.5] AS list WHERE false

-- table lab.guarded; quebec; treat=round:amount:round(amount / 100.0) * 100
SELECT i AS id, CASE WHEN i % 3 = 0 THEN 'QC' ELSE 'ON' END AS state, 'n' || i AS name, i * 13 AS amount
FROM range(300) t(i)

-- table lab.masked; treat=mask:name:left(name, 1) || '***'
SELECT i AS id, ['ann', 'bob', 'cid'][i % 3 + 1] || i AS name, i * 1.5 AS amount FROM range(30) t(i)

-- table stats.orders
SELECT i AS id, i * i AS total, 's' || i % 4 AS state FROM range(25) t(i)

-- table stats.people; plain
SELECT i AS id, 'stat' || i AS name, i % 5 AS dept FROM range(10) t(i)

-- table reports; files=2
SELECT i AS id, DATE '2020-03-01' + (i // 4)::INTEGER AS day, ['01001', '01003', '06037', '06001'][i % 4 + 1] AS fips,
    i * 3 % 50 AS cases FROM range(80) t(i)

-- table counties; sql
SELECT * FROM (VALUES (1, '01001', 'Autauga', 'Alabama'), (2, '06037', 'Los Angeles', 'California'),
    (3, '06001', 'Alameda', 'California'), (4, '48201', 'Harris', 'Texas')) v(id, fips, county, state)
