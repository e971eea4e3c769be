with source as (
    select * from {{ source('raw', 'support__tickets') }}
),

latest as (
    {{ latest_rows('source', key='ticket_id', updated_at=parse_timestamp('updated_at')) }}
),

renamed as (
    select
        'support' as source,
        ticket_id as record_id,
        coalesce({{ parse_timestamp('updated_at') }}, {{ parse_timestamp('created_at') }}) as source_updated_at,
        false as is_deleted,
        {{ clean_email('requester_email') }} as email,
        {{ clean_text('requester_phone') }} as phone,
        {{ first_name_of('requester_name') }} as first_name,
        {{ last_name_of('requester_name') }} as last_name,
        {{ typed_null('text') }} as street,
        {{ typed_null('text') }} as city,
        {{ typed_null('text') }} as region,
        {{ typed_null('text') }} as postal_code,
        {{ typed_null('text') }} as country,
        {{ typed_null('date') }} as date_of_birth,
        {{ typed_null('text') }} as company,
        {{ typed_null('text') }} as account_id,
        {{ typed_null('text') }} as user_id,
        {{ typed_null('text') }} as anonymous_id,
        {{ typed_null('text') }} as external_ids,
        _load_id,
        _source_row
    from latest
)

select * from renamed
