select province, year(admitted) as year, quarter(admitted) as quarter, diagnosis,
       count(*) as encounters, count(distinct patient_id) as patients
from ontario.encounters
group by all
union all
select province, year(admitted) as year, quarter(admitted) as quarter, diagnosis,
       count(*) as encounters, count(distinct patient_id) as patients
from quebec.encounters
group by all
union all
select province, year(admitted) as year, quarter(admitted) as quarter, diagnosis,
       count(*) as encounters, count(distinct patient_id) as patients
from alberta.encounters
group by all
