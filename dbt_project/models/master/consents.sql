with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

records as (
    select * from {{ ref('customer_records') }}
),

identifiers as (
    select * from {{ ref('identifiers') }}
),

decisions as (
    {{ union_sources('consents') }}
),

resolved as (
    select
        customer_ids.customer_id,
        decisions.*
    from decisions
    inner join customer_ids
        on decisions.source = customer_ids.source and decisions.record_id = customer_ids.record_id
    left join records
        on decisions.source = records.source and decisions.record_id = records.record_id
    -- A grant ends with its record, a denial does not.
    where decisions.state = 'denied' or not coalesce(records.is_deleted, false)
    union all
    -- The denial of a record that belongs to no customer any more holds for everyone with its e-mail, or else phone.
    select
        identifiers.customer_id,
        decisions.*
    from decisions
    inner join records
        on decisions.source = records.source and decisions.record_id = records.record_id
    inner join identifiers
        on
            coalesce(records.email, records.phone) = identifiers.value
            and identifiers.type = case when records.email is not null then 'email' else 'phone' end
    left join customer_ids
        on decisions.source = customer_ids.source and decisions.record_id = customer_ids.record_id
    where decisions.state = 'denied' and customer_ids.customer_id is null
),

latest_by_source as (
    select
        *,
        row_number() over (
            partition by customer_id, purpose, source
            order by
                decided_at desc nulls last,
                case state when 'denied' then 0 else 1 end,
                {{ byte_order('record_id') }},
                {{ byte_order('evidence') }} nulls last
        ) as recency
    from resolved
),

most_restrictive as (
    select
        *,
        row_number() over (
            partition by customer_id, purpose
            order by
                case state when 'denied' then 0 else 1 end,
                decided_at desc nulls last,
                precedence
        ) as restriction
    from latest_by_source
    where recency = 1
),

final as (
    select
        customer_id,
        purpose,
        state,
        decided_at,
        source,
        record_id,
        channel,
        evidence
    from most_restrictive
    where restriction = 1
)

select * from final
