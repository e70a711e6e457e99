with came as (
  select sku, sum(quantity) as delivered from inventory.deliveries group by sku
), went as (
  select sku, sum(sold) as sold from orders.sales_daily group by sku
)
select sku, delivered, sold, delivered - sold as on_hand
from came left join went using (sku)
