with source as (
    select
        *,
        coalesce({{ parse_timestamp('timestamp') }}, {{ parse_timestamp('receivedAt') }}) as occurred_at
    from {{ source('raw', 'web__events') }}
    where type = 'identify' and nullif(userId, '') is not null
),

latest as (
    {{ latest_rows('source', key='messageId', updated_at=parse_timestamp('receivedAt')) }}
),

identified as (
    select
        userId as user_id,
        occurred_at,
        {{ clean_text('anonymousId') }} as anonymous_id,
        {{ clean_email(json_text('traits', 'email')) }} as email,
        {{ clean_text(json_text('traits', 'phone')) }} as phone,
        {{ clean_text(json_text('traits', 'firstName')) }} as first_name,
        {{ clean_text(json_text('traits', 'lastName')) }} as last_name,
        _load_id,
        _source_row,
        row_number() over (
            partition by userId
            order by occurred_at desc nulls last, {{ byte_order('messageId') }} desc
        ) as recency
    from latest
),

renamed as (
    select
        'web' as source,
        user_id as record_id,
        max(occurred_at) as source_updated_at,
        false as is_deleted,
        {{ first_known('email', 'recency') }} as email,
        {{ first_known('phone', 'recency') }} as phone,
        {{ first_known('first_name', 'recency') }} as first_name,
        {{ first_known('last_name', 'recency') }} as last_name,
        {{ typed_null('text') }} as street,
        {{ typed_null('text') }} as city,
        {{ typed_null('text') }} as region,
        {{ typed_null('text') }} as postal_code,
        {{ typed_null('text') }} as country,
        {{ typed_null('date') }} as date_of_birth,
        {{ typed_null('text') }} as company,
        {{ typed_null('text') }} as account_id,
        user_id,
        {{ first_known('anonymous_id', 'recency') }} as anonymous_id,
        {{ typed_null('text') }} as external_ids,
        {{ first_known('_load_id', 'recency') }} as _load_id,
        {{ first_known('_source_row', 'recency') }} as _source_row
    from identified
    group by user_id
)

select * from renamed
