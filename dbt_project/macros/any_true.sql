{# Aggregate: whether a condition holds for any row of a group; null when it is null for all. #}
{% macro any_true(condition) -%}
    max(case when {{ condition }} then 1 when not {{ condition }} then 0 end) = 1
{%- endmacro %}
