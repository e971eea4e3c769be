{{ config(alias='identifiers') }}

with unioned as (
    {{ union_sources('identifiers') }}
)

select * from unioned
