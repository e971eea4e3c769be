{# Aggregate: the value in the row of the lowest rank where it is not null. The rank is unique in a group. #}
{% macro first_known(value, rank) -%}
    {{ return(adapter.dispatch('first_known')(value, rank)) }}
{%- endmacro %}

{% macro default__first_known(value, rank) -%}
    min_by({{ value }}, case when {{ value }} is not null then {{ rank }} end)
{%- endmacro %}

{% macro duckdb__first_known(value, rank) -%}
    arg_min({{ value }}, {{ rank }})
{%- endmacro %}

{% macro postgres__first_known(value, rank) -%}
    (array_agg({{ value }} order by {{ rank }}) filter (where {{ value }} is not null))[1]
{%- endmacro %}
