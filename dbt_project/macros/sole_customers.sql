{# The identifiers of a type that only one customer has, and that customer. #}
{% macro sole_customers(type) -%}
    select
        value,
        min(customer_id) as customer_id
    from {{ ref('identifiers') }}
    where type = '{{ type }}'
    group by value
    having count(*) = 1
{%- endmacro %}
