{%- set fields = ['email', 'phone', 'first_name', 'last_name', 'date_of_birth', 'company', 'account_id', 'user_id'] -%}
{%- set address_fields = ['street', 'city', 'region', 'postal_code', 'country'] -%}

with customer_ids as (
    select * from {{ source('identity', 'customer_ids') }}
),

records as (
    select * from {{ ref('customer_records') }}
),

match_keys as (
    select * from {{ source('identity', 'records') }}
),

emails as (
    select * from {{ ref('identifiers') }}
    where type = 'email'
),

transactions as (
    select * from {{ ref('transactions') }}
    where customer_id is not null and not is_deleted
),

events as (
    select * from {{ ref('events') }}
    where customer_id is not null and not is_deleted
),

ranked as (
    select
        customer_ids.customer_id,
        records.source,
        records.source_updated_at,
        -- Only what is an identifier, which junk is not, and the phone in E.164.
        emails.value as email,
        match_keys.phone,
        {%- for field in fields + address_fields if field not in ['email', 'phone'] %}
        records.{{ field }},
        {%- endfor %}
        row_number() over (
            partition by customer_ids.customer_id
            order by
                records.is_deleted,
                records.precedence,
                records.source_updated_at desc nulls last,
                {{ byte_order('records.record_id') }}
        ) as rank,
        -- An address is taken whole from one record, the best that has a street.
        row_number() over (
            partition by customer_ids.customer_id
            order by
                records.is_deleted,
                case
                    when records.street is not null then 0
                    when coalesce(records.postal_code, records.city) is not null then 1
                    else 2
                end,
                records.precedence,
                records.source_updated_at desc nulls last,
                {{ byte_order('records.record_id') }}
        ) as address_rank
    from customer_ids
    inner join records
        on customer_ids.source = records.source and customer_ids.record_id = records.record_id
    left join match_keys
        on customer_ids.source = match_keys.source and customer_ids.record_id = match_keys.record_id
    left join emails
        on customer_ids.customer_id = emails.customer_id and records.email = emails.value
),

golden as (
    select
        customer_id,
        {%- for field in fields %}
        {{ first_known(field, 'rank') }} as {{ field }},
        {{ first_known('case when ' ~ field ~ ' is not null then source end', 'rank') }} as {{ field }}_source,
        {%- endfor %}
        {%- for field in address_fields %}
        max(case when address_rank = 1 then {{ field }} end) as {{ field }},
        max(case when address_rank = 1 and {{ field }} is not null then source end) as {{ field }}_source,
        {%- endfor %}
        min(source_updated_at) as first_updated_at,
        max(source_updated_at) as last_updated_at,
        cast(count(source) as bigint) as record_count,
        {{ joined_sources('source') }} as sources
    from ranked
    group by customer_id
),

seen as (
    select
        customer_id,
        occurred_at
    from transactions
    union all
    select
        customer_id,
        occurred_at
    from events
),

activity as (
    select
        customer_id,
        min(occurred_at) as first_active_at,
        max(occurred_at) as last_active_at
    from seen
    group by customer_id
),

cancellations as (
    select
        source,
        parent_transaction_id
    from transactions
    where type = 'cancellation'
),

kept_orders as (
    select
        transactions.customer_id,
        count(transactions.transaction_id) as order_count,
        min(transactions.occurred_at) as first_order_at,
        max(transactions.occurred_at) as last_order_at
    from transactions
    left join cancellations
        on
            transactions.source = cancellations.source
            and transactions.transaction_id = cancellations.parent_transaction_id
    where transactions.type = 'order' and cancellations.parent_transaction_id is null
    group by transactions.customer_id
),

spending as (
    select
        customer_id,
        sum(amount_reporting) as total_spent
    from transactions
    group by customer_id
),

final as (
    select
        golden.customer_id,
        {%- for field in fields + address_fields %}
        golden.{{ field }},
        golden.{{ field }}_source,
        {%- endfor %}
        coalesce(
            least(golden.first_updated_at, activity.first_active_at),
            golden.first_updated_at,
            activity.first_active_at
        ) as first_seen_at,
        coalesce(activity.last_active_at, golden.last_updated_at) as last_seen_at,
        golden.record_count,
        golden.sources,
        cast(coalesce(kept_orders.order_count, 0) as bigint) as order_count,
        {{ amount('coalesce(spending.total_spent, 0)') }} as total_spent,
        {{ scaled_amount('spending.total_spent', '1', 'kept_orders.order_count') }} as average_order_amount,
        kept_orders.first_order_at,
        kept_orders.last_order_at
    from golden
    left join activity on golden.customer_id = activity.customer_id
    left join kept_orders on golden.customer_id = kept_orders.customer_id
    left join spending on golden.customer_id = spending.customer_id
)

select * from final
