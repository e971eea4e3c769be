{# Text to numeric(18, 4); what is no number, or too large for it, is null. #}
{% macro parse_number(column) -%}
    {{ return(adapter.dispatch('parse_number')(column)) }}
{%- endmacro %}

{% macro duckdb__parse_number(column) -%}
    case when {{ is_number(column) }} then try_cast({{ column }} as numeric(18, 4)) end
{%- endmacro %}

{% macro postgres__parse_number(column) -%}
    case when {{ is_number(column) }} then {{ amount('cast(' ~ column ~ ' as numeric)') }} end
{%- endmacro %}

{% macro snowflake__parse_number(column) -%}
    case when {{ is_number(column) }} then try_to_decimal(trim({{ column }}), 18, 4) end
{%- endmacro %}

{# NUMERIC would round to its nine decimals first, then to four. #}
{% macro bigquery__parse_number(column) -%}
    case when {{ is_number(column) }} then {{ amount('safe_cast(trim(' ~ column ~ ') as bignumeric(38, 24))') }} end
{%- endmacro %}

{# Some warehouses read more than these as a number: digits in groups, hexadecimal ones, "infinity". #}
{% macro is_number(column) -%}
    {{ matches(column, ' *[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})? *') }}
{%- endmacro %}
