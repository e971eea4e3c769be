-- One row a cut-off and a customer who ordered before it. Every fact is from before the cut-off; only `churned`
-- looks past it. The first two CTEs declare the parameters and their types; features.py fills them.
with

cut_offs as (
    select
        cast(null as timestamptz) as as_of,
        cast(null as timestamptz) as since_30d,
        cast(null as timestamptz) as since_90d,
        cast(null as timestamptz) as since_180d,
        cast(null as timestamptz) as since_365d,
        cast(null as timestamptz) as labelled_until
),

support_sources as (
    select cast(null as text) as source
),

transactions as (
    select customer_id, type, occurred_at, amount_reporting
    from master.transactions
    where customer_id is not null and not coalesce(is_deleted, false)
),

events as (
    select
        customer_id,
        occurred_at,
        case when source in (select source from support_sources) then 'ticket' else 'web' end as kind
    from master.events
    where customer_id is not null and not coalesce(is_deleted, false)
),

ordering as (
    select
        c.as_of,
        t.customer_id,
        min(t.occurred_at) as first_order_at,
        max(t.occurred_at) as last_order_at,
        count(*) as order_count,
        sum(case when t.occurred_at >= c.since_90d then 1 else 0 end) as orders_90d,
        sum(case when t.occurred_at >= c.since_180d and t.occurred_at < c.since_90d then 1 else 0 end)
            as orders_prior_90d,
        sum(t.amount_reporting) as spent_total,
        sum(case when t.occurred_at >= c.since_365d then t.amount_reporting else 0 end) as spent_365d
    from transactions as t
    inner join cut_offs as c on t.occurred_at < c.as_of
    where t.type = 'order'
    group by c.as_of, t.customer_id
),

refunds as (
    select
        c.as_of,
        t.customer_id,
        count(*) as refund_count,
        sum(case when t.occurred_at >= c.since_90d then 1 else 0 end) as refunds_90d,
        -sum(t.amount_reporting) as refunded_total
    from transactions as t
    inner join cut_offs as c on t.occurred_at < c.as_of
    where t.type in ('refund', 'cancellation')
    group by c.as_of, t.customer_id
),

activity as (
    select
        c.as_of,
        e.customer_id,
        max(case when e.kind = 'web' then e.occurred_at end) as last_event_at,
        sum(case when e.kind = 'web' and e.occurred_at >= c.since_30d then 1 else 0 end) as events_30d,
        sum(case when e.kind = 'web' and e.occurred_at >= c.since_90d then 1 else 0 end) as events_90d,
        sum(
            case
                when e.kind = 'web' and e.occurred_at >= c.since_180d and e.occurred_at < c.since_90d then 1
                else 0
            end
        ) as events_prior_90d,
        sum(case when e.kind = 'ticket' then 1 else 0 end) as ticket_count,
        sum(case when e.kind = 'ticket' and e.occurred_at >= c.since_90d then 1 else 0 end) as tickets_90d
    from events as e
    inner join cut_offs as c on e.occurred_at < c.as_of
    group by c.as_of, e.customer_id
),

ordering_again as (
    select distinct c.as_of, t.customer_id
    from transactions as t
    inner join cut_offs as c on t.occurred_at >= c.as_of and t.occurred_at < c.labelled_until
    where t.type = 'order'
)

select
    o.customer_id,
    o.as_of,
    o.first_order_at,
    o.last_order_at,
    cast(o.order_count as bigint) as order_count,
    cast(o.orders_90d as bigint) as orders_90d,
    cast(o.orders_prior_90d as bigint) as orders_prior_90d,
    cast(coalesce(o.spent_total, 0) as decimal(18, 4)) as spent_total,
    cast(coalesce(o.spent_365d, 0) as decimal(18, 4)) as spent_365d,
    cast(coalesce(r.refund_count, 0) as bigint) as refund_count,
    cast(coalesce(r.refunds_90d, 0) as bigint) as refunds_90d,
    cast(coalesce(r.refunded_total, 0) as decimal(18, 4)) as refunded_total,
    a.last_event_at,
    cast(coalesce(a.events_30d, 0) as bigint) as events_30d,
    cast(coalesce(a.events_90d, 0) as bigint) as events_90d,
    cast(coalesce(a.events_prior_90d, 0) as bigint) as events_prior_90d,
    cast(coalesce(a.ticket_count, 0) as bigint) as ticket_count,
    cast(coalesce(a.tickets_90d, 0) as bigint) as tickets_90d,
    case
        when c.labelled_until is null then cast(null as boolean)
        else n.customer_id is null
    end as churned
from ordering as o
inner join cut_offs as c on o.as_of = c.as_of
left join refunds as r on o.as_of = r.as_of and o.customer_id = r.customer_id
left join activity as a on o.as_of = a.as_of and o.customer_id = a.customer_id
left join ordering_again as n on o.as_of = n.as_of and o.customer_id = n.customer_id
