-- What becomes of each member of some audiences, and where each customer who is in one now comes from: one row an
-- audience and a pair of a former and a current member, with a null for nobody. The first three CTEs are put in by
-- membership.py.
with recursive

former as (
    select
        cast(null as text) as audience,
        cast(null as text) as customer_id,
        cast(null as timestamptz) as entered_at,
        cast(null as text) as split
),

current_members as (
    select cast(null as text) as audience, cast(null as text) as customer_id
),

merges as (
    select cast(null as text) as customer_id, cast(null as text) as other_customer_id
),

-- An id is merged once, so there is one chain an id; the bound ends what history gone wrong could make a circle.
successors as (
    select f.audience, f.customer_id, f.customer_id as successor_id, 0 as steps
    from former as f
    left join current_members as c on f.audience = c.audience and f.customer_id = c.customer_id
    where c.customer_id is null
    union all
    select s.audience, s.customer_id, m.other_customer_id as successor_id, s.steps + 1 as steps
    from successors as s
    inner join merges as m on s.successor_id = m.customer_id
    where s.steps < 100
),

merged as (
    select s.audience, s.customer_id, min(s.successor_id) as successor_id
    from successors as s
    inner join current_members as c on s.audience = c.audience and s.successor_id = c.customer_id
    group by s.audience, s.customer_id
),

traced as (
    select
        f.audience,
        f.customer_id,
        f.entered_at,
        f.split,
        coalesce(m.successor_id, f.customer_id) as successor_id,
        m.successor_id is not null as is_merged
    from former as f
    left join merged as m on f.audience = m.audience and f.customer_id = m.customer_id
)

select
    coalesce(t.audience, c.audience) as audience,
    t.customer_id as former_id,
    t.entered_at,
    t.split as former_split,
    c.customer_id as current_id,
    coalesce(t.is_merged, false) as is_merged
from traced as t
full join current_members as c on t.audience = c.audience and t.successor_id = c.customer_id
