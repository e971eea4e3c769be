with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

customers_by_email as (
    {{ sole_customers('email') }}
),

exchange_rates as (
    select
        currency,
        valid_from,
        lead(valid_from) over (partition by currency order by valid_from) as valid_to,
        rate
    from {{ ref('exchange_rates') }}
),

unioned as (
    {{ union_sources('transactions') }}
),

dated as (
    select
        *,
        {{ reporting_date('occurred_at') }} as occurred_on
    from unioned
),

final as (
    select
        dated.source,
        dated.transaction_id,
        coalesce(customer_ids.customer_id, customers_by_email.customer_id) as customer_id,
        dated.parent_transaction_id,
        dated.type,
        dated.record_id,
        dated.email,
        dated.phone,
        dated.occurred_at,
        dated.source_updated_at,
        dated.is_deleted,
        dated.amount,
        dated.currency,
        case
            when dated.currency = '{{ var("reporting_currency") }}' then dated.amount
            else {{ scaled_amount('dated.amount', 'own_rate.rate', 'reporting_rate.rate') }}
        end as amount_reporting,
        dated.status,
        dated.channel,
        dated._load_id,
        dated._source_row
    from dated
    left join customer_ids
        on dated.source = customer_ids.source and dated.record_id = customer_ids.record_id
    left join customers_by_email on dated.email = customers_by_email.value
    left join exchange_rates as own_rate
        on
            dated.currency = own_rate.currency
            and dated.occurred_on >= own_rate.valid_from
            and dated.occurred_on < coalesce(own_rate.valid_to, date '9999-12-31')
    left join exchange_rates as reporting_rate
        on
            reporting_rate.currency = '{{ var("reporting_currency") }}'
            and dated.occurred_on >= reporting_rate.valid_from
            and dated.occurred_on < coalesce(reporting_rate.valid_to, date '9999-12-31')
)

select * from final
