{# Text to order by: by its bytes, whatever the database's locale. #}
{% macro byte_order(column) -%}
    {{ return(adapter.dispatch('byte_order')(column)) }}
{%- endmacro %}

{% macro default__byte_order(column) -%}
    {{ column }}
{%- endmacro %}

{% macro postgres__byte_order(column) -%}
    {{ column }} collate "C"
{%- endmacro %}
