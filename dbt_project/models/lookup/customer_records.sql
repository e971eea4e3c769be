with unioned as (
    {{ union_sources('customers') }}
)

select * from unioned
