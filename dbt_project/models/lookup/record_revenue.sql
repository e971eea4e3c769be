with unioned as (
    {{ union_sources('transactions') }}
),

reported as (
    {{ with_amount_reporting('unioned') }}
),

final as (
    select
        source,
        record_id,
        cast(count(transaction_id) as bigint) as transaction_count,
        {{ amount('sum(amount_reporting)') }} as amount
    from reported
    where record_id is not null and not is_deleted
    group by source, record_id
)

select * from final
