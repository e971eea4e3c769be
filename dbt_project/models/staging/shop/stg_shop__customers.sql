with source as (
    select * from {{ source('raw', 'shop__customers') }}
),

latest as (
    {{ latest_rows('source', key='id', updated_at=parse_timestamp('updated_at')) }}
),

renamed as (
    select
        'shop' as source,
        id as record_id,
        coalesce({{ parse_timestamp('updated_at') }}, {{ parse_timestamp('created_at') }}) as source_updated_at,
        false as is_deleted,
        {{ clean_email('email') }} as email,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ clean_text(json_text('default_address', 'address1')) }} as street,
        {{ clean_text(json_text('default_address', 'city')) }} as city,
        {{ clean_text(json_text('default_address', 'province')) }} as region,
        {{ clean_text(json_text('default_address', 'zip')) }} as postal_code,
        {{ upper_case(clean_text(json_text('default_address', 'country_code'))) }} as country,
        {{ typed_null('date') }} as date_of_birth,
        {{ typed_null('text') }} as company,
        {{ typed_null('text') }} as account_id,
        id as user_id,
        {{ typed_null('text') }} as anonymous_id,
        {{ typed_null('text') }} as external_ids,
        _load_id,
        _source_row
    from latest
)

select * from renamed
