with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

records as (
    select * from {{ ref('customer_records') }}
),

further as (
    select * from {{ ref('lookup_identifiers') }}
),

match_keys as (
    select * from {{ source('identity', 'records') }}
),

-- A value is junk when it left a record, whose main one it is, without a match key.
junk as (
    {%- for type in ['email', 'phone'] %}
    select distinct
        '{{ type }}' as type,
        records.{{ type }} as value
    from records
    inner join match_keys
        on records.source = match_keys.source and records.record_id = match_keys.record_id
    where records.{{ type }} is not null and match_keys.{{ type }} is null
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

seen as (
    {%- for type in ['email', 'phone', 'user_id', 'anonymous_id'] %}
    select
        source,
        record_id,
        '{{ type }}' as type,
        {{ type }} as value,
        source_updated_at as first_seen_at,
        source_updated_at as last_seen_at,
        {{ typed_null('boolean') }} as is_verified
    from records
    where {{ type }} is not null
    union all
    {%- endfor %}
    select
        source,
        record_id,
        type,
        value,
        first_seen_at,
        last_seen_at,
        is_verified
    from further
),

final as (
    select
        customer_ids.customer_id,
        seen.type,
        seen.value,
        min(seen.first_seen_at) as first_seen_at,
        max(seen.last_seen_at) as last_seen_at,
        {{ any_true('seen.is_verified') }} as is_verified,
        {{ joined_sources('seen.source') }} as sources
    from seen
    inner join customer_ids
        on seen.source = customer_ids.source and seen.record_id = customer_ids.record_id
    left join junk on seen.type = junk.type and seen.value = junk.value
    where junk.value is null
    group by customer_ids.customer_id, seen.type, seen.value
)

select * from final
