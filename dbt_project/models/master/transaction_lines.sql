with transactions as (
    select * from {{ ref('transactions') }}
),

lines as (
    {{ union_sources('transaction_lines') }}
),

final as (
    select
        lines.source,
        lines.transaction_id,
        lines.line_id,
        transactions.customer_id,
        transactions.type,
        transactions.occurred_at,
        lines.product_id,
        lines.product_name,
        lines.category,
        lines.quantity,
        lines.amount,
        lines._load_id,
        lines._source_row
    from lines
    left join transactions
        on lines.source = transactions.source and lines.transaction_id = transactions.transaction_id
)

select * from final
