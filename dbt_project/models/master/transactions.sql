with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

customers_by_email as (
    {{ sole_customers('email') }}
),

unioned as (
    {{ union_sources('transactions') }}
),

reported as (
    {{ with_amount_reporting('unioned') }}
),

final as (
    select
        reported.source,
        reported.transaction_id,
        coalesce(customer_ids.customer_id, customers_by_email.customer_id) as customer_id,
        reported.parent_transaction_id,
        reported.type,
        reported.record_id,
        reported.email,
        reported.phone,
        reported.occurred_at,
        reported.source_updated_at,
        reported.is_deleted,
        reported.amount,
        reported.currency,
        reported.amount_reporting,
        reported.status,
        reported.channel,
        reported._load_id,
        reported._source_row
    from reported
    left join customer_ids
        on reported.source = customer_ids.source and reported.record_id = customer_ids.record_id
    left join customers_by_email on reported.email = customers_by_email.value
)

select * from final
