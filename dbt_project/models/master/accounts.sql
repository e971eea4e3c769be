with unioned as (
    {{ union_sources('accounts') }}
)

select * from unioned
