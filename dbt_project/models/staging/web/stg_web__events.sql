with source as (
    select * from {{ source('raw', 'web__events') }}
    where type in ('track', 'page')
),

latest as (
    {{ latest_rows('source', key='messageId', updated_at=parse_timestamp('receivedAt')) }}
),

renamed as (
    select
        'web' as source,
        messageId as event_id,
        {{ clean_text('userId') }} as record_id,
        {{ clean_text('anonymousId') }} as anonymous_id,
        {{ clean_text('userId') }} as user_id,
        {{ json_text('context', 'sessionId') }} as session_id,
        case type when 'page' then 'Page Viewed' else {{ clean_text('event') }} end as event_name,
        coalesce(
            {{ parse_timestamp('timestamp') }},
            {{ parse_timestamp('originalTimestamp') }},
            {{ parse_timestamp('receivedAt') }}
        ) as occurred_at,
        {{ parse_timestamp('receivedAt') }} as received_at,
        {{ parse_timestamp('receivedAt') }} as source_updated_at,
        false as is_deleted,
        properties,
        _load_id,
        _source_row
    from latest
)

select * from renamed
