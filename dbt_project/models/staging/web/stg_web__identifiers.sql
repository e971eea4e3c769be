with source as (
    select
        *,
        coalesce({{ parse_timestamp('timestamp') }}, {{ parse_timestamp('receivedAt') }}) as seen_at
    from {{ source('raw', 'web__events') }}
    where nullif(userId, '') is not null
),

seen as (
    select
        userId as record_id,
        'anonymous_id' as type,
        {{ clean_text('anonymousId') }} as value,
        seen_at,
        _load_id,
        _source_row
    from source
    union all
    select
        userId as record_id,
        'email' as type,
        {{ clean_email(json_text('traits', 'email')) }} as value,
        seen_at,
        _load_id,
        _source_row
    from source
    where type = 'identify'
    union all
    select
        userId as record_id,
        'phone' as type,
        {{ clean_text(json_text('traits', 'phone')) }} as value,
        seen_at,
        _load_id,
        _source_row
    from source
    where type = 'identify'
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
    where value is not null
),

renamed as (
    select
        'web' as source,
        record_id,
        type,
        value,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        {{ typed_null('boolean') }} as is_verified,
        {{ first_known('_load_id', 'recency') }} as _load_id,
        {{ first_known('_source_row', 'recency') }} as _source_row
    from ranked
    group by record_id, type, value
)

select * from renamed
