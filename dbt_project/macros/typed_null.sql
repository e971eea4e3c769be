{# Fills a contract column that a source does not have. #}
{% macro typed_null(type) -%}
    cast(null as {{ type }})
{%- endmacro %}
