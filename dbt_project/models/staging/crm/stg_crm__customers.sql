with source as (
    select * from {{ source('raw', 'crm__contacts') }}
),

latest as (
    {{ latest_rows('source', key='Id', updated_at=parse_timestamp('LastModifiedDate')) }}
),

accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

countries as (
    select * from {{ ref('country_names') }}
),

renamed as (
    select
        'crm' as source,
        latest.Id as record_id,
        coalesce({{ parse_timestamp('latest.LastModifiedDate') }}, {{ parse_timestamp('latest.CreatedDate') }})
            as source_updated_at,
        coalesce({{ parse_boolean('latest.IsDeleted') }}, false) as is_deleted,
        {{ clean_email('latest.Email') }} as email,
        -- A mobile belongs to one person, a landline to a household.
        coalesce({{ clean_text('latest.MobilePhone') }}, {{ clean_text('latest.Phone') }}) as phone,
        {{ clean_text('latest.FirstName') }} as first_name,
        {{ clean_text('latest.LastName') }} as last_name,
        {{ clean_text('latest.MailingStreet') }} as street,
        {{ clean_text('latest.MailingCity') }} as city,
        {{ clean_text('latest.MailingState') }} as region,
        {{ clean_text('latest.MailingPostalCode') }} as postal_code,
        coalesce(countries.code, {{ country_code('latest.MailingCountry') }}) as country,
        {{ parse_date('latest.Birthdate') }} as date_of_birth,
        accounts.name as company,
        {{ clean_text('latest.AccountId') }} as account_id,
        {{ typed_null('text') }} as user_id,
        {{ typed_null('text') }} as anonymous_id,
        {{ typed_null('text') }} as external_ids,
        latest._load_id,
        latest._source_row
    from latest
    left join accounts on {{ clean_text('latest.AccountId') }} = accounts.account_id
    left join countries on {{ lower_case(trimmed('latest.MailingCountry')) }} = countries.name
)

select * from renamed
