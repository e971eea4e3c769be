with source as (
    select * from {{ source('raw', 'crm__consents') }}
),

latest as (
    {{ latest_rows('source', key='"Id"', updated_at=parse_timestamp('"LastModifiedDate"')) }}
),

contacts as (
    select * from {{ source('raw', 'crm__contacts') }}
),

latest_contacts as (
    {{ latest_rows('contacts', key='"Id"', updated_at=parse_timestamp('"LastModifiedDate"')) }}
),

decisions as (
    select
        'crm' as source,
        {{ clean_text('"PartyId"') }} as record_id,
        {{ clean_text('"DataUsePurpose"') }} as purpose,
        case lower(trim("PrivacyConsentStatus")) when 'optin' then 'granted' when 'optout' then 'denied' end as state,
        coalesce({{ parse_timestamp('"CaptureDate"') }}, {{ parse_timestamp('"LastModifiedDate"') }}) as decided_at,
        lower({{ clean_text('"CaptureContactPointType"') }}) as channel,
        'consent ' || "Id" || coalesce(': ' || {{ clean_text('"CaptureSource"') }}, '') as evidence,
        _load_id,
        _source_row
    from latest
),

opt_outs as (
    select
        'crm' as source,
        "Id" as record_id,
        'email_marketing' as purpose,
        'denied' as state,
        coalesce({{ parse_timestamp('"LastModifiedDate"') }}, {{ parse_timestamp('"CreatedDate"') }}) as decided_at,
        'email' as channel,
        'HasOptedOutOfEmail' as evidence,
        _load_id,
        _source_row
    from latest_contacts
    where {{ parse_boolean('"HasOptedOutOfEmail"') }}
),

renamed as (
    select *
    from decisions
    where record_id is not null and purpose is not null and state is not null
    union all
    select * from opt_outs
)

select * from renamed
