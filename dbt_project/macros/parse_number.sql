{# Text to decimal(18, 4); what is no number, or too large for it, is null. #}
{% macro parse_number(column) -%}
    {{ return(adapter.dispatch('parse_number')(column)) }}
{%- endmacro %}

{% macro duckdb__parse_number(column) -%}
    try_cast({{ column }} as numeric(18, 4))
{%- endmacro %}

{% macro postgres__parse_number(column) -%}
    case
        when trim({{ column }}) ~ '^[+-]?\d{1,13}(\.\d*)?$' then cast(trim({{ column }}) as numeric(18, 4))
    end
{%- endmacro %}
