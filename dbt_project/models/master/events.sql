with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

customers_by_user_id as (
    {{ sole_customers('user_id') }}
),

customers_by_anonymous_id as (
    {{ sole_customers('anonymous_id') }}
),

unioned as (
    {{ union_sources('events') }}
),

final as (
    select
        unioned.source,
        unioned.event_id,
        coalesce(
            customer_ids.customer_id,
            customers_by_user_id.customer_id,
            -- A device that somebody logged in on says whose it is, except when they logged in as someone else.
            case when unioned.user_id is null then customers_by_anonymous_id.customer_id end
        ) as customer_id,
        unioned.record_id,
        unioned.anonymous_id,
        unioned.user_id,
        unioned.session_id,
        unioned.event_name,
        unioned.occurred_at,
        unioned.received_at,
        unioned.source_updated_at,
        unioned.is_deleted,
        unioned.properties,
        unioned._load_id,
        unioned._source_row
    from unioned
    left join customer_ids
        on unioned.source = customer_ids.source and unioned.record_id = customer_ids.record_id
    left join customers_by_user_id on unioned.user_id = customers_by_user_id.value
    left join customers_by_anonymous_id on unioned.anonymous_id = customers_by_anonymous_id.value
)

select * from final
