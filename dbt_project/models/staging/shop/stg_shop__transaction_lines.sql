with source_orders as (
    select * from {{ source('raw', 'shop__orders') }}
),

source_refunds as (
    select * from {{ source('raw', 'shop__refunds') }}
),

orders as (
    {{ latest_rows('source_orders', key='id', updated_at=parse_timestamp('updated_at')) }}
),

refunds as (
    {{ latest_rows('source_refunds', key='id', updated_at=parse_timestamp('created_at')) }}
),

sold_lines as (
    select
        orders.id as order_id,
        {{ parse_timestamp('orders.cancelled_at') }} as cancelled_at,
        {{ element_text('line', 'id') }} as line_id,
        {{ element_text('line', 'product_id') }} as product_id,
        {{ clean_text(element_text('line', 'title')) }} as product_name,
        {{ clean_text(element_text('line', 'product_type')) }} as category,
        {{ parse_number(element_text('line', 'quantity')) }} as quantity,
        {{ parse_number(element_text('line', 'price')) }} as price,
        orders._load_id,
        orders._source_row
    from orders
    {{ unnest_json('orders.line_items', 'line') }}
),

order_lines as (
    select
        *,
        {{ product('quantity', 'price') }} as amount
    from sold_lines
),

refund_lines as (
    select
        refunds.id as refund_id,
        refunds.order_id,
        {{ element_text('line', 'id') }} as line_id,
        {{ element_text('line', 'line_item_id') }} as order_line_id,
        {{ parse_number(element_text('line', 'quantity')) }} as quantity,
        {{ parse_number(element_text('line', 'subtotal')) }} as amount,
        refunds._load_id,
        refunds._source_row
    from refunds
    {{ unnest_json('refunds.refund_line_items', 'line') }}
),

refunded as (
    select
        order_id,
        order_line_id,
        {{ amount('sum(quantity)') }} as quantity,
        {{ amount('sum(amount)') }} as amount
    from refund_lines
    group by order_id, order_line_id
),

unioned as (
    select
        order_id as transaction_id,
        line_id,
        product_id,
        product_name,
        category,
        quantity,
        amount,
        _load_id,
        _source_row
    from order_lines
    union all
    select
        'refund:' || refund_lines.refund_id as transaction_id,
        refund_lines.line_id,
        order_lines.product_id,
        order_lines.product_name,
        order_lines.category,
        -refund_lines.quantity as quantity,
        -refund_lines.amount as amount,
        refund_lines._load_id,
        refund_lines._source_row
    from refund_lines
    left join order_lines
        on refund_lines.order_id = order_lines.order_id and refund_lines.order_line_id = order_lines.line_id
    union all
    select
        'cancellation:' || order_lines.order_id as transaction_id,
        order_lines.line_id,
        order_lines.product_id,
        order_lines.product_name,
        order_lines.category,
        -- What was refunded is reversed already.
        coalesce(least(coalesce(refunded.quantity, 0) - order_lines.quantity, 0), 0) as quantity,
        coalesce(least(coalesce(refunded.amount, 0) - order_lines.amount, 0), 0) as amount,
        order_lines._load_id,
        order_lines._source_row
    from order_lines
    left join refunded
        on order_lines.order_id = refunded.order_id and order_lines.line_id = refunded.order_line_id
    where order_lines.cancelled_at is not null
),

renamed as (
    select
        'shop' as source,
        transaction_id,
        line_id,
        product_id,
        product_name,
        category,
        {{ amount('quantity') }} as quantity,
        {{ amount('amount') }} as amount,
        _load_id,
        _source_row
    from unioned
    where line_id is not null
)

select * from renamed
