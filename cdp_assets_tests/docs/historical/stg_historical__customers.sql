with source as (
    select * from {{ source('raw', 'historical__persons') }}
),

latest as (
    {{ latest_rows('source', key='unique_id', updated_at='_loaded_at') }}
),

renamed as (
    select
        'historical' as source,
        unique_id as record_id,
        {{ typed_null('timestamptz') }} as source_updated_at,
        false as is_deleted,
        {{ typed_null('text') }} as email,
        {{ typed_null('text') }} as phone,
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('surname') }} as last_name,
        {{ typed_null('text') }} as street,
        {{ clean_text('birth_place') }} as city,
        {{ typed_null('text') }} as region,
        {{ clean_text('postcode_fake') }} as postal_code,
        {{ typed_null('text') }} as country,
        {{ parse_date('dob') }} as date_of_birth,
        {{ typed_null('text') }} as company,
        {{ typed_null('text') }} as account_id,
        {{ typed_null('text') }} as user_id,
        {{ typed_null('text') }} as anonymous_id,
        {{ json_object({'full_name': 'full_name', 'occupation': 'occupation'}) }} as external_ids,
        _load_id,
        _source_row
    from latest
)

select * from renamed
