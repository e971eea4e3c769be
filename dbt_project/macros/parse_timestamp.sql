{#
    Text to an instant, to the microsecond: ISO 8601 in its usual spellings, without an offset taken as UTC; anything
    else is null.
#}
{% macro parse_timestamp(column) -%}
    {%- set time = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    {%- set offset = '(Z| UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' -%}
    {%- set pattern = iso_date() ~ '([T ]' ~ time ~ '(' ~ offset ~ ')?)?' -%}
    case when {{ matches(column, pattern) }} then {{ adapter.dispatch('safe_timestamp')(column) }} end
{%- endmacro %}

{% macro duckdb__safe_timestamp(text) -%}
    try_cast({{ text }} as timestamptz)
{%- endmacro %}

{% macro postgres__safe_timestamp(text) -%}
    cast({{ full_timestamp(text) }} as timestamptz)
{%- endmacro %}

{% macro snowflake__safe_timestamp(text) -%}
    try_cast({{ full_timestamp(text) }} as timestamptz)
{%- endmacro %}

{% macro bigquery__safe_timestamp(text) -%}
    safe_cast({{ full_timestamp(text) }} as timestamp)
{%- endmacro %}

{# The one spelling all warehouses read, whatever the session's time zone: 2026-01-31T12:00:00.123456+00:00. #}
{% macro full_timestamp(text) -%}
    {%- set time = "coalesce(" ~ first_match("substr(" ~ text ~ ", 12)", "^[0-9:]{5,8}[.]?[0-9]{0,6}") ~ ", '')" -%}
    {%- set offset = first_match("substr(" ~ text ~ ", 12)", "[+-][0-9]{2}:?[0-9]{0,2}$") -%}
    {%- set digits = "rpad(replace(coalesce(" ~ offset ~ ", '+00'), ':', ''), 5, '0')" -%}
    left({{ text }}, 10) || 'T' || {{ time }} || substr('00:00:00', length({{ time }}) + 1)
    || left({{ digits }}, 3) || ':' || right({{ digits }}, 2)
{%- endmacro %}
