-- An audience may be any SELECT of customer_id: here, who bought both coffee and tea.
select customer_id
from {{ ref('transaction_lines') }}
where customer_id is not null and category in ('Coffee', 'Tea')
group by customer_id
having count(distinct category) = 2
