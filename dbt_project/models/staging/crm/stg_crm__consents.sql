with source as (
    select * from {{ source('raw', 'crm__consents') }}
),

latest as (
    {{ latest_rows('source', key='Id', updated_at=parse_timestamp('LastModifiedDate')) }}
),

contacts as (
    select * from {{ source('raw', 'crm__contacts') }}
),

latest_contacts as (
    {{ latest_rows('contacts', key='Id', updated_at=parse_timestamp('LastModifiedDate')) }}
),

decisions as (
    select
        'crm' as source,
        {{ clean_text('PartyId') }} as record_id,
        {{ clean_text('DataUsePurpose') }} as purpose,
        -- Not seen, or seen and not answered: no decision. A status not known here counts as a denial.
        case lower({{ trimmed('PrivacyConsentStatus') }})
            when 'optin' then 'granted'
            when 'notseen' then null
            when 'seen' then null
            when '' then null
            else case when PrivacyConsentStatus is not null then 'denied' end
        end as state,
        coalesce({{ parse_timestamp('CaptureDate') }}, {{ parse_timestamp('LastModifiedDate') }}) as decided_at,
        {{ lower_case(clean_text('CaptureContactPointType')) }} as channel,
        'consent ' || Id || coalesce(': ' || {{ clean_text('CaptureSource') }}, '') as evidence,
        _load_id,
        _source_row
    from latest
),

opt_outs as (
    select
        'crm' as source,
        Id as record_id,
        'email_marketing' as purpose,
        'denied' as state,
        coalesce({{ parse_timestamp('LastModifiedDate') }}, {{ parse_timestamp('CreatedDate') }}) as decided_at,
        'email' as channel,
        'HasOptedOutOfEmail' as evidence,
        _load_id,
        _source_row
    from latest_contacts
    where {{ parse_boolean('HasOptedOutOfEmail') }}
),

renamed as (
    select decisions.*
    from decisions
    left join opt_outs
        on decisions.record_id = opt_outs.record_id and decisions.purpose = opt_outs.purpose
    -- The flag is how the contact stands now: while it is set, no consent recorded later overrules it.
    where
        decisions.record_id is not null
        and decisions.purpose is not null
        and decisions.state is not null
        and not (decisions.state = 'granted' and opt_outs.record_id is not null)
    union all
    select * from opt_outs
)

select * from renamed
