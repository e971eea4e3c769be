{#
    The rows of transactions with `amount_reporting`: `amount` in the reporting currency, at the rate of the day it
    happened on in the reporting time zone; null when there is no rate.
#}
{% macro with_amount_reporting(relation) -%}
    select
        dated.*,
        case
            when dated.currency = '{{ var("reporting_currency") }}' then dated.amount
            else {{ scaled_amount('dated.amount', 'own_rate.rate', 'reporting_rate.rate') }}
        end as amount_reporting
    from (
        select
            *,
            {{ reporting_date('occurred_at') }} as occurred_on
        from {{ relation }}
    ) as dated
    left join ({{ exchange_rate_periods() }}) as own_rate
        on
            dated.currency = own_rate.currency
            and dated.occurred_on >= own_rate.valid_from
            and dated.occurred_on < own_rate.valid_to
    left join ({{ exchange_rate_periods() }}) as reporting_rate
        on
            reporting_rate.currency = '{{ var("reporting_currency") }}'
            and dated.occurred_on >= reporting_rate.valid_from
            and dated.occurred_on < reporting_rate.valid_to
{%- endmacro %}

{# Each rate with the day from which, and the day before which, it holds. #}
{% macro exchange_rate_periods() -%}
        select
            currency,
            valid_from,
            coalesce(
                lead(valid_from) over (partition by currency order by valid_from), date '9999-12-31'
            ) as valid_to,
            rate
        from {{ ref('exchange_rates') }}
{%- endmacro %}
