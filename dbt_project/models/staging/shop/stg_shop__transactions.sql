with source_orders as (
    select * from {{ source('raw', 'shop__orders') }}
),

source_refunds as (
    select * from {{ source('raw', 'shop__refunds') }}
),

latest_orders as (
    {{ latest_rows('source_orders', key='id', updated_at=parse_timestamp('updated_at')) }}
),

latest_refunds as (
    {{ latest_rows('source_refunds', key='id', updated_at=parse_timestamp('created_at')) }}
),

orders as (
    select
        id as order_id,
        {{ clean_text(json_text('customer', 'id')) }} as record_id,
        {{ clean_email('email') }} as email,
        {{ clean_text('phone') }} as phone,
        coalesce({{ parse_timestamp('processed_at') }}, {{ parse_timestamp('created_at') }}) as ordered_at,
        {{ parse_timestamp('cancelled_at') }} as cancelled_at,
        {{ parse_timestamp('updated_at') }} as source_updated_at,
        {{ parse_number('total_price') }} as amount,
        {{ upper_case(clean_text('currency')) }} as currency,
        {{ clean_text('financial_status') }} as status,
        {{ clean_text('source_name') }} as channel,
        _load_id,
        _source_row
    from latest_orders
),

refund_amounts as (
    select
        latest_refunds.id as refund_id,
        {{ amount('sum(' ~ parse_number(element_text('payment', 'amount')) ~ ')') }} as amount,
        max({{ byte_order(upper_case(element_text('payment', 'currency'))) }}) as currency
    from latest_refunds
    {{ unnest_json('latest_refunds.transactions', 'payment') }}
    where {{ element_text('payment', 'kind') }} = 'refund'
    group by latest_refunds.id
),

refunds as (
    select
        latest_refunds.id as refund_id,
        {{ clean_text('latest_refunds.order_id') }} as order_id,
        coalesce(
            {{ parse_timestamp('latest_refunds.processed_at') }},
            {{ parse_timestamp('latest_refunds.created_at') }}
        ) as refunded_at,
        {{ parse_timestamp('latest_refunds.created_at') }} as source_updated_at,
        refund_amounts.amount,
        refund_amounts.currency,
        latest_refunds._load_id,
        latest_refunds._source_row
    from latest_refunds
    left join refund_amounts on latest_refunds.id = refund_amounts.refund_id
),

refunded as (
    select
        order_id,
        {{ amount('sum(amount)') }} as amount
    from refunds
    group by order_id
),

unioned as (
    select
        order_id as transaction_id,
        {{ typed_null('text') }} as parent_transaction_id,
        'order' as type,
        record_id,
        email,
        phone,
        ordered_at as occurred_at,
        source_updated_at,
        amount,
        currency,
        status,
        channel,
        _load_id,
        _source_row
    from orders
    union all
    select
        'refund:' || refunds.refund_id as transaction_id,
        refunds.order_id as parent_transaction_id,
        'refund' as type,
        orders.record_id,
        orders.email,
        orders.phone,
        refunds.refunded_at as occurred_at,
        refunds.source_updated_at,
        -refunds.amount as amount,
        coalesce(refunds.currency, orders.currency) as currency,
        orders.status,
        orders.channel,
        refunds._load_id,
        refunds._source_row
    from refunds
    left join orders on refunds.order_id = orders.order_id
    union all
    select
        'cancellation:' || orders.order_id as transaction_id,
        orders.order_id as parent_transaction_id,
        'cancellation' as type,
        orders.record_id,
        orders.email,
        orders.phone,
        orders.cancelled_at as occurred_at,
        orders.source_updated_at,
        -- What was refunded is reversed already.
        coalesce(least(coalesce(refunded.amount, 0) - orders.amount, 0), 0) as amount,
        orders.currency,
        orders.status,
        orders.channel,
        orders._load_id,
        orders._source_row
    from orders
    left join refunded on orders.order_id = refunded.order_id
    where orders.cancelled_at is not null
),

renamed as (
    select
        'shop' as source,
        transaction_id,
        parent_transaction_id,
        type,
        record_id,
        email,
        phone,
        occurred_at,
        source_updated_at,
        false as is_deleted,
        {{ amount('amount') }} as amount,
        currency,
        status,
        channel,
        _load_id,
        _source_row
    from unioned
)

select * from renamed
