with source as (
    select * from {{ source('raw', 'support__tickets') }}
),

latest as (
    {{ latest_rows('source', key='ticket_id', updated_at=parse_timestamp('updated_at')) }}
),

happened as (
    select
        *,
        ticket_id || ':opened' as event_id,
        'Ticket Opened' as event_name,
        {{ parse_timestamp('created_at') }} as occurred_at
    from latest
    union all
    select
        *,
        ticket_id || ':closed' as event_id,
        'Ticket Closed' as event_name,
        -- The export has the state a ticket is in, not when it came into it.
        {{ parse_timestamp('updated_at') }} as occurred_at
    from latest
    where lower({{ trimmed('status') }}) in ('closed', 'solved')
),

renamed as (
    select
        'support' as source,
        event_id,
        ticket_id as record_id,
        {{ typed_null('text') }} as anonymous_id,
        {{ typed_null('text') }} as user_id,
        {{ typed_null('text') }} as session_id,
        event_name,
        occurred_at,
        occurred_at as received_at,
        {{ parse_timestamp('updated_at') }} as source_updated_at,
        false as is_deleted,
        {{ json_object({'channel': 'channel', 'status': 'status', 'subject': 'subject', 'ticket_id': 'ticket_id'}) }}
            as properties,
        _load_id,
        _source_row
    from happened
)

select * from renamed
