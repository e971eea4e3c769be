with source as (
    select * from {{ source('raw', 'crm__contacts') }}
),

latest as (
    {{ latest_rows('source', key='Id', updated_at=parse_timestamp('LastModifiedDate')) }}
),

phones as (
    select
        *,
        {{ clean_text('Phone') }} as phone_number
    from latest
    union all
    select
        *,
        {{ clean_text('MobilePhone') }} as phone_number
    from latest
    where {{ clean_text('Phone') }} is distinct from {{ clean_text('MobilePhone') }}
),

renamed as (
    select
        'crm' as source,
        Id as record_id,
        'phone' as type,
        phone_number as value,
        {{ parse_timestamp('CreatedDate') }} as first_seen_at,
        {{ parse_timestamp('LastModifiedDate') }} as last_seen_at,
        {{ typed_null('boolean') }} as is_verified,
        _load_id,
        _source_row
    from phones
    where phone_number is not null
)

select * from renamed
