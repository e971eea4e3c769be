-- The ids that the former members of some audiences who are in them no longer were merged into, one after another: one
-- row an audience, a former member and a step. The first two CTEs are put in by moves.py.
with recursive

gone as (
    select
        cast(null as text) as audience,
        cast(null as text) as customer_id,
        cast(null as timestamptz) as entered_at
),

merges as (
    select cast(null as text) as customer_id, cast(null as text) as other_customer_id
),

-- An id is merged once, so there is one chain an id; the bound ends what history gone wrong could make a circle.
successors as (
    select g.audience, g.customer_id as former_id, g.entered_at, m.other_customer_id as successor_id, 1 as steps
    from gone as g
    inner join merges as m on g.customer_id = m.customer_id
    union all
    select s.audience, s.former_id, s.entered_at, m.other_customer_id as successor_id, s.steps + 1 as steps
    from successors as s
    inner join merges as m on s.successor_id = m.customer_id
    where s.steps < 100
)

select audience, former_id, entered_at, successor_id
from successors
