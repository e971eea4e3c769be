with customers as (
    select * from {{ source('raw', 'shop__customers') }}
),

latest_customers as (
    {{ latest_rows('customers', key='id', updated_at=parse_timestamp('updated_at')) }}
),

orders as (
    select
        *,
        {{ clean_text(json_text('customer', 'id')) }} as record_id,
        coalesce({{ parse_timestamp('processed_at') }}, {{ parse_timestamp('created_at') }}) as seen_at
    from {{ source('raw', 'shop__orders') }}
),

seen as (
    select
        id as record_id,
        'email' as type,
        {{ clean_email('email') }} as value,
        {{ parse_timestamp('created_at') }} as seen_at,
        {{ parse_boolean('verified_email') }} as is_verified,
        _load_id,
        _source_row
    from latest_customers
    union all
    select
        record_id,
        'email' as type,
        {{ clean_email('email') }} as value,
        seen_at,
        {{ typed_null('boolean') }} as is_verified,
        _load_id,
        _source_row
    from orders
    union all
    select
        record_id,
        'phone' as type,
        {{ clean_text('phone') }} as value,
        seen_at,
        {{ typed_null('boolean') }} as is_verified,
        _load_id,
        _source_row
    from orders
),

ranked as (
    select
        *,
        row_number() over (
            partition by record_id, type, value
            order by
                seen_at desc nulls last,
                {{ byte_order('_load_id') }} desc nulls last,
                {{ byte_order('_source_row') }} desc nulls last
        ) as recency
    from seen
    where record_id is not null and value is not null
),

renamed as (
    select
        'shop' as source,
        record_id,
        type,
        value,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        {{ any_true('is_verified') }} as is_verified,
        {{ first_known('_load_id', 'recency') }} as _load_id,
        {{ first_known('_source_row', 'recency') }} as _source_row
    from ranked
    group by record_id, type, value
)

select * from renamed
