{# Aggregate: the distinct values of a group in order, separated by commas. #}
{% macro joined(column) -%}
    {{ return(adapter.dispatch('joined')(column)) }}
{%- endmacro %}

{% macro default__joined(column) -%}
    string_agg(distinct {{ column }}, ',' order by {{ column }})
{%- endmacro %}

{% macro snowflake__joined(column) -%}
    listagg(distinct {{ column }}, ',') within group (order by {{ column }})
{%- endmacro %}
