with source as (
    select * from {{ source('raw', 'shop__customers') }}
),

latest as (
    {{ latest_rows('source', key='id', updated_at=parse_timestamp('updated_at')) }}
),

decisions as (
    {%- for channel in ['email', 'sms'] %}
    {%- set consent = channel ~ '_marketing_consent' %}
    select
        id,
        updated_at,
        '{{ channel }}_marketing' as purpose,
        '{{ channel }}' as channel,
        {{ lower_case(trimmed(json_text(consent, 'state'))) }} as consent_state,
        {{ json_text(consent, 'consent_updated_at') }} as consent_updated_at,
        {{ json_text(consent, 'opt_in_level') }} as opt_in_level,
        _load_id,
        _source_row
    from latest
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

renamed as (
    select
        'shop' as source,
        id as record_id,
        purpose,
        case consent_state when 'subscribed' then 'granted' else 'denied' end as state,
        coalesce({{ parse_timestamp('consent_updated_at') }}, {{ parse_timestamp('updated_at') }}) as decided_at,
        channel,
        consent_state || coalesce(', ' || opt_in_level, '') as evidence,
        _load_id,
        _source_row
    from decisions
    -- Nobody asked, or nobody answered yet: no decision. A state not known here counts as a denial, never as nothing.
    where consent_state not in ('', 'not_subscribed', 'pending')
)

select * from renamed
