with source as (
    select * from {{ source('raw', 'crm__accounts') }}
),

latest as (
    {{ latest_rows('source', key='Id', updated_at=parse_timestamp('LastModifiedDate')) }}
),

countries as (
    select * from {{ ref('country_names') }}
),

renamed as (
    select
        'crm' as source,
        latest.Id as account_id,
        {{ clean_text('latest.ParentId') }} as parent_account_id,
        {{ clean_text('latest.Name') }} as name,
        {{ url_host('latest.Website') }} as domain,
        coalesce(countries.code, {{ country_code('latest.BillingCountry') }}) as country,
        coalesce({{ parse_timestamp('latest.LastModifiedDate') }}, {{ parse_timestamp('latest.CreatedDate') }})
            as source_updated_at,
        coalesce({{ parse_boolean('latest.IsDeleted') }}, false) as is_deleted,
        latest._load_id,
        latest._source_row
    from latest
    left join countries on {{ lower_case(trimmed('latest.BillingCountry')) }} = countries.name
)

select * from renamed
