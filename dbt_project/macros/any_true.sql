{# Aggregate: whether a condition holds for any row of a group; null when it is null for all. #}
{% macro any_true(condition) -%}
    {{ return(adapter.dispatch('any_true')(condition)) }}
{%- endmacro %}

{% macro default__any_true(condition) -%}
    bool_or({{ condition }})
{%- endmacro %}

{% macro snowflake__any_true(condition) -%}
    boolor_agg({{ condition }})
{%- endmacro %}

{% macro bigquery__any_true(condition) -%}
    logical_or({{ condition }})
{%- endmacro %}
